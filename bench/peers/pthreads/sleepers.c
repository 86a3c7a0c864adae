/*
 * sleepers: `threads` POSIX threads that wait for a condition variable with a timeout of an hour:
 * the time until all are asleep, the memory of the process then, and the time to wake all of them
 * to their end.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "../round.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t channel = PTHREAD_COND_INITIALIZER;
static pthread_cond_t all_asleep = PTHREAD_COND_INITIALIZER;
static long asleep, woken, total;
static int awake;

static void *
body(void *arg)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 3600;
	pthread_mutex_lock(&lock);
	if (++asleep == total)
		pthread_cond_signal(&all_asleep);
	while (!awake)
		pthread_cond_timedwait(&channel, &lock, &until);
	woken++;
	pthread_mutex_unlock(&lock);
	return (NULL);
}

int
main(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t *threads;
	long ops;

	total = arg_number(argc, argv, "threads", 10000);
	threads = malloc(total * sizeof(*threads));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	ready();
	while (next_round(&ops)) {
		double start = now_ns(), slept, memory, wake;

		asleep = woken = awake = 0;
		for (long i = 0; i < total; i++)
			if (pthread_create(&threads[i], &attr, body, NULL) != 0)
				fail("The system gives no more threads.");
		pthread_mutex_lock(&lock);
		while (asleep < total)
			pthread_cond_wait(&all_asleep, &lock);
		slept = now_ns();
		memory = resident_mb();
		wake = now_ns();
		awake = 1;
		pthread_cond_broadcast(&channel);
		pthread_mutex_unlock(&lock);
		for (long i = 0; i < total; i++)
			pthread_join(threads[i], NULL);
		if (woken != total)
			fail("A thread was not woken.");
		printf("{\"create\":%.4f,\"wake\":%.4f,\"memory\":%.1f}\n", (slept - start) / 1e6,
		    (now_ns() - wake) / 1e6, memory);
	}
	return (0);
}
