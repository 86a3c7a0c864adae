package main

import (
	"runtime"
	"time"
)

// switch: nanoseconds per runtime.Gosched() among `threads` goroutines on one processor. Each waits
// at a gate of its own, and the gates are opened in memory's order or shuffled, so that the run queue is, too.
func switchQuestion(params map[string]string) func(int) map[string]float64 {
	n := number(params, "threads", 2)
	remaining := 0
	done := make(chan time.Time)
	gates := make([]chan struct{}, n)
	for i := range gates {
		gate := make(chan struct{})
		gates[i] = gate
		go func() {
			<-gate
			for {
				runtime.Gosched()
				if remaining--; remaining == 0 {
					done <- time.Now()
				}
			}
		}()
	}
	runtime.Gosched()
	for _, i := range makeOrder(n, params["queue"] == "shuffled") {
		close(gates[i])
	}
	gates = nil
	return func(ops int) map[string]float64 {
		remaining = ops
		start := time.Now()
		return value((<-done).Sub(start), ops)
	}
}
