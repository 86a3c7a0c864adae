/* switch: nanoseconds per sched_yield() among `threads` POSIX threads that share one processor. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "../round.h"

static pthread_barrier_t edge;
static _Atomic long remaining;
static double end;

static void *
body(void *arg)
{
	for (;;) {
		long left;

		pthread_barrier_wait(&edge);
		while ((left = atomic_fetch_sub(&remaining, 1)) > 1)
			sched_yield();
		if (left == 1)
			end = now_ns();
		pthread_barrier_wait(&edge);
	}
	return (NULL);
}

static long
context_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_nvcsw + usage.ru_nivcsw);
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, "threads", 2), ops;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_barrier_init(&edge, NULL, n + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (long i = 0; i < n; i++)
		if (pthread_create(&thread, &attr, body, NULL) != 0)
			fail("The system gives no more threads.");
	ready();
	while (next_round(&ops)) {
		long switches = context_switches();
		double start = now_ns();

		remaining = ops;
		pthread_barrier_wait(&edge);
		pthread_barrier_wait(&edge);
		printf("{\"value\":%.4f,\"switches\":%ld}\n", (end - start) / ops,
		    context_switches() - switches);
	}
	return (0);
}
