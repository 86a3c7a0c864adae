// The Go peer: one program for all questions; its first argument names the question. How it talks
// to the harness is told in ../../README.md.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A question sets itself up and returns what answers one round of ops operations.
type question func(params map[string]string) func(ops int) map[string]float64

var questions = map[string]question{
	"skynet":   skynetQuestion,
	"sleepers": sleepersQuestion,
	"spawn":    spawnQuestion,
	"switch":   switchQuestion,
	"timers":   timersQuestion,
	"wake":     wakeQuestion,
}

const shuffleSeed uint32 = 2463534242

func main() {
	params := map[string]string{}
	for _, arg := range os.Args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		params[name] = value
	}
	round := questions[os.Args[1]](params)
	fmt.Println(`{"ready":1}`)
	for {
		ops, ok := nextRound()
		if !ok {
			return
		}
		report(round(ops))
	}
}

func report(values map[string]float64) {
	parts := []string{}
	for name, value := range values {
		parts = append(parts, fmt.Sprintf("%q:%.4f", name, value))
	}
	fmt.Println("{" + strings.Join(parts, ",") + "}")
}

// nextRound waits for the next number of operations. The raw system call keeps the runtime's
// processor, so that no goroutine runs while the harness times somebody else.
func nextRound() (int, bool) {
	line := []byte{}
	buffer := make([]byte, 1)
	for {
		n, _, _ := syscall.RawSyscall(syscall.SYS_READ, 0, pointerTo(buffer), 1)
		if n != 1 {
			return 0, false
		}
		if buffer[0] == '\n' {
			ops, err := strconv.Atoi(string(line))
			return ops, err == nil
		}
		line = append(line, buffer[0])
	}
}

func number(params map[string]string, name string, fallback int) int {
	if value, err := strconv.Atoi(params[name]); err == nil {
		return value
	}
	return fallback
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}

func value(elapsed time.Duration, ops int) map[string]float64 {
	return map[string]float64{"value": float64(elapsed.Nanoseconds()) / float64(ops)}
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Nanoseconds()) / 1e6
}

// residentMB is the whole process's resident memory, in megabytes of 10^6 bytes.
func residentMB() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		fail("/proc/self/statm cannot be read.")
	}
	pages, _ := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	return pages * float64(os.Getpagesize()) / 1e6
}

func xorshift32(state *uint32) uint32 {
	x := *state
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	*state = x
	return x
}

// makeOrder is 0..n-1, shuffled by Fisher and Yates' method if so told.
func makeOrder(n int, shuffled bool) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	state := shuffleSeed
	for i := n - 1; shuffled && i > 0; i-- {
		j := int(xorshift32(&state) % uint32(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}
