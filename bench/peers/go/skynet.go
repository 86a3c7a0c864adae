package main

import "time"

const leaves = 1000000
const children = 10
const skynetSum = 499999500000

// skynet: 1,111,111 goroutines. Each starts ten until there are a million leaves; a leaf sends its
// number, and a parent sends the sum of what it received.
func skynetQuestion(params map[string]string) func(int) map[string]float64 {
	return func(int) map[string]float64 {
		start := time.Now()
		result := make(chan int)
		go skynet(result, 0, leaves)
		sum := <-result
		elapsed := time.Since(start)
		if sum != skynetSum {
			fail("The sum is wrong.")
		}
		return map[string]float64{"time": milliseconds(elapsed), "memory": residentMB()}
	}
}

func skynet(parent chan<- int, number, size int) {
	if size == 1 {
		parent <- number
		return
	}
	answers := make(chan int)
	for i := 0; i < children; i++ {
		go skynet(answers, number+i*size/children, size/children)
	}
	sum := 0
	for i := 0; i < children; i++ {
		sum += <-answers
	}
	parent <- sum
}
