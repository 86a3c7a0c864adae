package main

import (
	"runtime"
	"sync"
	"time"
)

// wake: nanoseconds per wakeup when two goroutines wake each other in turn, through channels (for
// block/signal) or a condition variable (for msleep/wakeup). Across CPUs each goroutine has an
// operating system thread of its own, for otherwise Go keeps both on one processor.
func wakeQuestion(params map[string]string) func(int) map[string]float64 {
	across := params["cpus"] == "across"
	if across {
		runtime.LockOSThread()
	}
	play := channelPlay
	if params["with"] == "msleep/wakeup" {
		play = conditionPlay
	}
	return func(ops int) map[string]float64 {
		start := time.Now()
		play(ops/2, across)
		return value(time.Since(start), ops/2*2)
	}
}

func channelPlay(turns int, across bool) {
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		if across {
			runtime.LockOSThread()
		}
		for range there {
			back <- struct{}{}
		}
	}()
	for i := 0; i < turns; i++ {
		there <- struct{}{}
		<-back
	}
	close(there)
}

func conditionPlay(turns int, across bool) {
	var lock sync.Mutex
	side := [2]*sync.Cond{sync.NewCond(&lock), sync.NewCond(&lock)}
	turn := 0
	play := func(me int) {
		lock.Lock()
		for i := 0; i < turns; i++ {
			for turn != me {
				side[me].Wait()
			}
			turn = 1 - me
			side[1-me].Signal()
		}
		lock.Unlock()
	}
	go func() {
		if across {
			runtime.LockOSThread()
		}
		play(1)
	}()
	play(0)
	lock.Lock()
	for turn != 0 {
		side[0].Wait()
	}
	lock.Unlock()
}
