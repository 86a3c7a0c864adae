/* switch: nanoseconds per yield among `threads` threads of one level, queued in memory's order or shuffled. */
#include "kern.h"

static long remaining;

static void
body(void *arg)
{
	for (;;) {
		thread_yield();
		if (--remaining == 0)
			stop_threads();
	}
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, "threads", 2), ops;
	unsigned *order = make_order(n, arg_is(argc, argv, "queue", "shuffled"));
	struct thread **td = malloc(n * sizeof(*td));

	kern_init(n, n);
	for (long i = 0; i < n; i++)
		td[i] = kthread_create(body, NULL);
	for (long i = 0; i < n; i++)
		sched_add(td[order[i]]);
	free(td);
	free(order);
	ready();
	while (next_round(&ops)) {
		double start = now_ns();

		remaining = ops;
		run_threads();
		printf("{\"value\":%.4f,\"memory\":%.1f,\"hash\":\"%016lx\"}\n",
		    (now_ns() - start) / ops, resident_mb(), (long)cpu_data[0].gd_hash);
	}
	return (0);
}
