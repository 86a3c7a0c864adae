/*
 * growth: nanoseconds to create one of `threads` threads, and nanoseconds per yield when all of
 * them take turns. The create is timed until at least CREATES have been done.
 */
#include "kern.h"

#define	CREATES	200000

static long remaining;
static int leaving;

static void
body(void *arg)
{
	while (!leaving) {
		if (--remaining == 0)
			stop_threads();
		thread_yield();
	}
}

static double
create_all(long n)
{
	double start = now_ns();

	for (long i = 0; i < n; i++)
		sched_add(kthread_create(body, NULL));
	return (now_ns() - start);
}

static void
end_all(void)
{
	leaving = 1;
	run_threads();
	leaving = 0;
	thread_reap();
}

static double
time_yields(long ops)
{
	double start = now_ns();

	remaining = ops;
	run_threads();
	return ((now_ns() - start) / ops);
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, "threads", 100), ops;
	long repeats = n < CREATES ? CREATES / n : 1;

	kern_init(n, n);
	ready();
	while (next_round(&ops)) {
		double create = create_all(n);
		double yield;

		for (long i = 1; i < repeats; i++) {
			end_all();
			create += create_all(n);
		}
		time_yields(n);		/* every thread has begun */
		yield = time_yields(ops);
		printf("{\"switch\":%.4f,\"create\":%.4f,\"memory\":%.1f}\n", yield,
		    create / repeats / n, resident_mb());
		end_all();
	}
	return (0);
}
