/*
 * skynet: 1,111,111 threads. Each spawns ten until there are a million leaves; a leaf returns its
 * number, and a parent sums up what its children send it. The result is 499999500000.
 */
#include "kern.h"

#define	LEAVES	1000000
#define	THREADS	1111111
#define	RESULT	499999500000l
#define	CHILDREN 10

/* A thread's node lies on its own stack; the thread stays until all its children have answered. */
struct node {
	struct node *parent;
	long number;	/* of its first leaf */
	long size;	/* leaves below it */
	long sum;
	int started;	/* children that have begun, in the order of their creation */
	int arrived;	/* children that have answered */
	struct lwkt_wait wait;
};

static long threads;

static void
send(struct node *to, long value)
{
	to->sum += value;
	to->arrived++;
	lwkt_signal(&to->wait);
}

static void
skynet(void *arg)
{
	struct node *parent = arg;
	struct node self = { .parent = parent, .size = parent->size / CHILDREN };
	int gen;

	threads++;
	self.number = parent->number + parent->started++ * self.size;
	if (self.size <= 1) {
		send(parent, self.number);
		return;
	}
	for (int i = 0; i < CHILDREN; i++)
		sched_add(kthread_create(skynet, &self));
	while (self.arrived < CHILDREN) {
		gen = self.wait.wa_gen;
		lwkt_block(&self.wait, &gen);
	}
	send(parent, self.sum);
}

int
main(void)
{
	long ops;

	kern_init(THREADS, THREADS);
	ready();
	while (next_round(&ops)) {
		double start = now_ns();
		struct node root = { .size = LEAVES * CHILDREN };

		threads = 0;
		sched_add(kthread_create(skynet, &root));
		run_threads();
		thread_reap();
		if (root.sum != RESULT || threads != THREADS)
			fail("The sum is wrong.");
		printf("{\"time\":%.4f,\"memory\":%.1f}\n", (now_ns() - start) / 1e6,
		    resident_mb());
	}
	return (0);
}
