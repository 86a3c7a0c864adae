package main

import (
	"sync"
	"time"
)

// spawn: nanoseconds to create a goroutine, run it to its end and wait for that, with `alive` of
// them at a time. On one processor none runs before the creator waits.
func spawnQuestion(params map[string]string) func(int) map[string]float64 {
	alive := number(params, "alive", 1)
	return func(ops int) map[string]float64 {
		batches := ops / alive
		if batches == 0 {
			batches = 1
		}
		ran := 0
		var group sync.WaitGroup
		start := time.Now()
		for b := 0; b < batches; b++ {
			group.Add(alive)
			for i := 0; i < alive; i++ {
				go func() {
					ran++
					group.Done()
				}()
			}
			group.Wait()
		}
		elapsed := time.Since(start)
		if ran != batches*alive {
			fail("A goroutine did not run.")
		}
		return value(elapsed, ran)
	}
}
