/*
 * sleepers: `threads` threads that sleep on one channel with a timeout of an hour: the time until
 * all are asleep, the memory of the process then, and the time to wake all of them to their end.
 */
#include "kern.h"

#define	HZ		100
#define	TIMEOUT_TICKS	(3600 * HZ)

static char channel[64];
static long asleep, woken;

static void
body(void *arg)
{
	asleep++;
	msleep(channel, TIMEOUT_TICKS);
	woken++;
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, "threads", 1000000), ops;

	kern_init(n, n);
	callout_init_wheel();
	ready();
	while (next_round(&ops)) {
		double start = now_ns(), all_asleep, all_woken;
		double memory;

		asleep = woken = 0;
		for (long i = 0; i < n; i++)
			sched_add(kthread_create(body, NULL));
		run_threads();
		all_asleep = now_ns();
		memory = resident_mb();
		if (asleep != n || woken != 0)
			fail("A thread is not asleep.");
		all_woken = now_ns();
		wakeup(channel);
		run_threads();
		if (thread_reap() != n || woken != n)
			fail("A thread was not woken.");
		printf("{\"create\":%.4f,\"wake\":%.4f,\"memory\":%.1f}\n",
		    (all_asleep - start) / 1e6, (now_ns() - all_woken) / 1e6, memory);
	}
	return (0);
}
