/*
 * spawn: nanoseconds to create a POSIX thread, run it to its end and join it, with `alive` threads
 * at a time: they are all created and wait for a start signal, then all run and are joined.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "../round.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t started = PTHREAD_COND_INITIALIZER;
static int go;
static long ran;

static void *
body(void *together)
{
	pthread_mutex_lock(&lock);
	while (together != NULL && !go)
		pthread_cond_wait(&started, &lock);
	ran++;
	pthread_mutex_unlock(&lock);
	return (NULL);
}

static void
run_batch(pthread_t *threads, long alive, pthread_attr_t *attr)
{
	go = 0;
	for (long i = 0; i < alive; i++)
		if (pthread_create(&threads[i], attr, body, alive > 1 ? &go : NULL) != 0)
			fail("The system gives no more threads.");
	if (alive > 1) {
		pthread_mutex_lock(&lock);
		go = 1;
		pthread_cond_broadcast(&started);
		pthread_mutex_unlock(&lock);
	}
	for (long i = 0; i < alive; i++)
		pthread_join(threads[i], NULL);
}

int
main(int argc, char **argv)
{
	long alive = arg_number(argc, argv, "alive", 1), ops;
	pthread_t *threads = malloc(alive * sizeof(*threads));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	ready();
	while (next_round(&ops)) {
		double start = now_ns();
		long batches = ops < alive ? 1 : ops / alive;

		ran = 0;
		for (long b = 0; b < batches; b++)
			run_batch(threads, alive, &attr);
		if (ran != batches * alive)
			fail("A thread did not run.");
		printf("{\"value\":%.4f}\n", (now_ns() - start) / ran);
	}
	return (0);
}
