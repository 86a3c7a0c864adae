package main

import (
	"syscall"
	"time"
)

// timers: nanoseconds per time.AfterFunc to arm `timers` of them (due in one to two hours, in
// whole seconds), to stop them all, and, when as many are armed again for the near future, processor
// time to let them fire.
func timersQuestion(params map[string]string) func(int) map[string]float64 {
	n := number(params, "timers", 1000000)
	timers := make([]*time.Timer, n)
	return func(int) map[string]float64 {
		fired := 0
		all := make(chan struct{})
		fire := func() {
			if fired++; fired == n {
				close(all)
			}
		}
		armAll := func(least time.Duration, spread uint32, unit time.Duration) time.Duration {
			state := shuffleSeed
			start := time.Now()
			for i := range timers {
				wait := least + time.Duration(xorshift32(&state)%spread)*unit
				timers[i] = time.AfterFunc(wait, fire)
			}
			return time.Since(start)
		}
		arm := armAll(time.Hour, 3600, time.Second)
		start := time.Now()
		for _, timer := range timers {
			timer.Stop()
		}
		cancel := time.Since(start)
		armAll(arm*2, 100, time.Millisecond)
		used := processorTime()
		<-all
		used = processorTime() - used
		per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n) }
		return map[string]float64{"arm": per(arm), "cancel": per(cancel), "fire": per(used)}
	}
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail("The processor time cannot be read.")
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
