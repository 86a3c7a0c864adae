/*
 * How a peer talks to the harness (see ../README.md): it sets up, prints one line, and then
 * answers every line that it reads, a number of operations, with one line of results.
 */
#ifndef ROUND_H
#define ROUND_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The number after "name=" among the arguments, or the fallback. */
static inline long
arg_number(int argc, char **argv, const char *name, long fallback)
{
	size_t length = strlen(name);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
			return (atol(argv[i] + length + 1));
	return (fallback);
}

/* True when "name=value" is among the arguments. */
static inline int
arg_is(int argc, char **argv, const char *name, const char *value)
{
	size_t length = strlen(name);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
			return (strcmp(argv[i] + length + 1, value) == 0);
	return (0);
}

static inline double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * 1e9 + t.tv_nsec);
}

static inline void
fail(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

/* Tells the harness that the set-up is done. */
static inline void
ready(void)
{
	puts("{\"ready\":1}");
	fflush(stdout);
}

/* Waits for the next round; false at the end of the input. */
static inline int
next_round(long *ops)
{
	char line[64];

	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return (0);
	*ops = atol(line);
	return (1);
}

/* The whole process's resident memory, in megabytes of 10^6 bytes. */
static inline double
resident_mb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
		fail("/proc/self/statm cannot be read.");
	fclose(f);
	return (pages * (double)sysconf(_SC_PAGESIZE) / 1e6);
}

/* The generator that every peer shuffles with: xorshift32, so that all see the same order. */
static inline unsigned
xorshift32(unsigned *state)
{
	unsigned x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return (*state = x);
}

#define	SHUFFLE_SEED	2463534242u

/* 0..n-1 in order, or shuffled by Fisher and Yates' method. */
static inline unsigned *
make_order(long n, int shuffled)
{
	unsigned *order = malloc(n * sizeof(*order));
	unsigned state = SHUFFLE_SEED;

	for (long i = 0; i < n; i++)
		order[i] = i;
	for (long i = n - 1; shuffled && i > 0; i--) {
		long j = xorshift32(&state) % (i + 1);
		unsigned t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	return (order);
}

#endif
