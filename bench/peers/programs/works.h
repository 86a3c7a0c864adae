/*
 * Programs of different kinds, with one C source for all who run them: our machine, qemu's user mode, and the host's own
 * processor. They are ordinary C with the usual library. None was written with the compiler of this
 * project in view, nor may it be changed for one of them.
 */
#ifndef WORKS_H
#define WORKS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define	LENGTH(array)	(sizeof(array) / sizeof((array)[0]))
#define	RANDOM_SEED	2463534242u

/* xorshift32 */
static inline uint32_t
next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return (*state = x);
}

/* A program: does its work once and returns a number that depends on all of it. */
struct work {
	const char *name;
	uint32_t (*run)(void);
};

/* The program of this name; NULL if there is none. */
const struct work *find_work(const char *name);

uint32_t queens(void), cipher(void), gcd(void), collatz(void), mandelbrot(void), sha256(void);
uint32_t matmul(void), heapsort_words(void), list(void), hashtable(void), life(void), distance(void);
uint32_t vm(void), closures(void), objects(void), tree(void);
uint32_t sorting(void), records(void), parsing(void), packing(void);

#endif
