/*
 * spawn: nanoseconds to create a thread, run it to its end and reap it, with `alive` threads at a
 * time: they are all created, then all run and exit, then all are reaped.
 */
#include "kern.h"

static long ran;

static void
body(void *arg)
{
	ran++;
}

int
main(int argc, char **argv)
{
	long alive = arg_number(argc, argv, "alive", 1), ops;

	kern_init(alive, alive);
	ready();
	while (next_round(&ops)) {
		double start = now_ns();
		long batches = ops < alive ? 1 : ops / alive;

		ran = 0;
		for (long b = 0; b < batches; b++) {
			for (long i = 0; i < alive; i++)
				sched_add(kthread_create(body, NULL));
			run_threads();
			if (thread_reap() != alive)
				fail("A thread did not exit.");
		}
		if (ran != batches * alive)
			fail("A thread did not run.");
		printf("{\"value\":%.4f}\n", (now_ns() - start) / ran);
	}
	return (0);
}
