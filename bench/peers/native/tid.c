/*
 * tid: nanoseconds to allocate a thread id and free it again, with a flat bitmap of LIMIT ids that
 * is searched next-fit. `fill` tells how much is taken already: 0, 90% or 99.9% at random, or all
 * but one.
 */
#include "kern.h"

#define	LIMIT	1000000

static void
take(long id)
{
	tid_bitmap[id >> 6] |= 1ul << (id & 63);
}

/* Takes the first `count` ids of a shuffled list, so that the free ones lie anywhere. */
static void
fill_bitmap(long count)
{
	unsigned *order = make_order(LIMIT, 1);

	for (long i = 0; i < count; i++)
		take(order[i]);
	free(order);
}

int
main(int argc, char **argv)
{
	long ops, sum = 0;

	kern_init(LIMIT, 1000);
	if (arg_is(argc, argv, "fill", "90%"))
		fill_bitmap(LIMIT / 10 * 9);
	else if (arg_is(argc, argv, "fill", "99.9%"))
		fill_bitmap(LIMIT / 1000 * 999);
	else if (arg_is(argc, argv, "fill", "all but one"))
		fill_bitmap(LIMIT - 1);
	ready();
	while (next_round(&ops)) {
		double start = now_ns();

		for (long i = 0; i < ops; i++) {
			long tid = tid_alloc();

			sum += tid;
			tid_free(tid);
		}
		printf("{\"value\":%.4f,\"sum\":%ld}\n", (now_ns() - start) / ops, sum);
	}
	return (0);
}
