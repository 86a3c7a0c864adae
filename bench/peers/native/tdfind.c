/*
 * tdfind: nanoseconds to find one of a million threads by its id, in a chained hash of
 * `maxproc` / 2 buckets. `ids` is "random" (any thread) or "hot" (the same eight over and over).
 */
#include "kern.h"

#define	THREADS	1000000
#define	HOT	8
#define	WANTED	(1 << 16)	/* ids drawn beforehand */

static void
body(void *arg)
{
}

int
main(int argc, char **argv)
{
	long ops;
	int hot = arg_is(argc, argv, "ids", "hot");
	unsigned *order = make_order(THREADS, 1);
	unsigned *wanted = malloc(WANTED * sizeof(*wanted));
	unsigned at = 0;

	kern_init(THREADS, arg_number(argc, argv, "maxproc", 1000));
	for (long i = 0; i < THREADS; i++)
		kthread_create(body, NULL);
	for (int i = 0; i < WANTED; i++)
		wanted[i] = NO_PID + order[hot ? i % HOT : i];
	ready();
	while (next_round(&ops)) {
		double start = now_ns();
		unsigned long sum = 0;

		for (long i = 0; i < ops; i++) {
			struct thread *td = tdfind(wanted[at++ % WANTED]);

			if (td == NULL)
				fail("A thread was not found.");
			sum += (unsigned long)td;
		}
		printf("{\"value\":%.4f,\"sum\":%lu}\n", (now_ns() - start) / ops, sum);
	}
	return (0);
}
