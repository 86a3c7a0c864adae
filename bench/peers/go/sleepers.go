package main

import "time"

// sleepers: `threads` goroutines that wait for a channel with a timeout of an hour: the time until
// all are asleep, the memory of the process then, and the time to wake all of them to their end.
func sleepersQuestion(params map[string]string) func(int) map[string]float64 {
	n := number(params, "threads", 1000000)
	return func(int) map[string]float64 {
		asleep, woken := 0, 0
		channel := make(chan struct{})
		allAsleep, allWoken := make(chan struct{}), make(chan struct{})
		sleeper := func() {
			timeout := time.NewTimer(time.Hour)
			if asleep++; asleep == n {
				close(allAsleep)
			}
			select {
			case <-channel:
				timeout.Stop()
			case <-timeout.C:
				fail("A goroutine timed out.")
			}
			if woken++; woken == n {
				close(allWoken)
			}
		}
		start := time.Now()
		for i := 0; i < n; i++ {
			go sleeper()
		}
		<-allAsleep
		create := time.Since(start)
		memory := residentMB()
		start = time.Now()
		close(channel)
		<-allWoken
		wake := time.Since(start)
		return map[string]float64{
			"create": milliseconds(create), "wake": milliseconds(wake), "memory": memory,
		}
	}
}
