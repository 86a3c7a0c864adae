/*
 * switch-work: nanoseconds per yield among `threads` threads that do a little work of their own in
 * between, as bench/peers/rv32/turns.S does it: four kinds of work, chosen by the thread's random
 * numbers, five places that yield, one of them in a function. The checksum is of all threads' sums after
 * TURNS turns.
 */
#include "kern.h"

#define	TURNS		4

struct own {
	uint32_t x;
	uint32_t sum;
	uint32_t left;
	uint32_t check;
	uint32_t words[4];
};

static long remaining;

static inline void
yield(void)
{
	thread_yield();
	if (--remaining == 0)
		stop_threads();
}

static uint32_t __attribute__((noinline))
mix(struct own *own, uint32_t x)
{
	uint32_t y = own->words[x >> 8 & 3] ^ x;

	yield();
	own->words[x >> 10 & 3] = y;
	return (y * 2654435769u);
}

static void
walk(struct own *own, uint32_t n)
{
	uint32_t sum = own->sum;

	do {
		sum = 31 * sum + own->words[n & 3];
		own->words[n >> 1 & 3] += sum;
	} while (n-- != 0);
	own->sum = sum;
	yield();
}

static void
compare(struct own *own, uint32_t x)
{
	if (own->sum < x)
		own->sum = x - own->sum;
	else {
		own->sum ^= x >> 3;
		own->words[x & 3]++;
	}
	yield();
}

static void
body(void *arg)
{
	struct own *own = arg;

	for (;;) {
		uint32_t x = xorshift32(&own->x);

		switch (x >> 30) {
		case 0:
			own->sum += x;
			yield();
			break;
		case 1:
			walk(own, x & 7);
			break;
		case 2:
			compare(own, x);
			break;
		case 3: {
			uint32_t mixed = mix(own, x);

			own->sum ^= mixed;
			yield();
			break;
		}
		}
		if (--own->left == 0)
			own->check = own->sum;
	}
}

static uint32_t
checksum(const struct own *owns, long n)
{
	uint32_t sum = 0;

	for (long i = 0; i < n; i++)
		sum += owns[i].check * (2 * i + 1);
	return (sum);
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, "threads", 2), ops;
	unsigned *order = make_order(n, arg_is(argc, argv, "queue", "shuffled"));
	struct thread **td = malloc(n * sizeof(*td));
	struct own *owns = map_memory(n * sizeof(*owns));
	uint32_t sum;

	kern_init(n, n);
	for (long i = 0; i < n; i++) {
		owns[i] = (struct own){ .x = (uint32_t)i * 2654435769u | 1, .left = TURNS };
		td[i] = kthread_create(body, &owns[i]);
	}
	for (long i = 0; i < n; i++)
		sched_add(td[order[i]]);
	free(td);
	free(order);
	remaining = 2 * (TURNS + 1) * n;	/* a turn is two yields at most */
	run_threads();
	sum = checksum(owns, n);
	ready();
	while (next_round(&ops)) {
		double start = now_ns();

		remaining = ops;
		run_threads();
		printf("{\"value\":%.4f,\"checksum\":%u}\n", (now_ns() - start) / ops, sum);
	}
	return (0);
}
