/*
 * timers: nanoseconds per callout to arm `timers` of them (due in one to two hours, in
 * whole seconds), to cancel them all, and, when as many are armed again for the next 100 ticks, to
 * let them fire.
 */
#include "kern.h"

#define	HZ	100

static long fired;

static void
fire(void *arg)
{
	fired++;
}

/* Arms all for `least` to `least + spread` units of so many ticks. */
static double
arm_all(struct callout *c, long n, unsigned least, unsigned spread, unsigned unit)
{
	unsigned state = SHUFFLE_SEED;
	double start = now_ns();

	for (long i = 0; i < n; i++)
		callout_reset(&c[i], (least + xorshift32(&state) % spread) * unit,
		    fire, NULL);
	return ((now_ns() - start) / n);
}

int
main(int argc, char **argv)
{
	long n = arg_number(argc, argv, "timers", 1000000), ops;
	struct callout *c = map_memory(n * sizeof(*c));

	callout_init_wheel();
	ready();
	while (next_round(&ops)) {
		double arm = arm_all(c, n, 3600, 3600, HZ), cancel, start = now_ns();

		for (long i = 0; i < n; i++)
			callout_stop(&c[i]);
		cancel = (now_ns() - start) / n;
		fired = 0;
		arm_all(c, n, 1, 100, 1);
		start = now_ns();
		for (int tick = 0; tick < 100; tick++)
			softclock();
		if (fired != n)
			fail("A callout did not fire.");
		printf("{\"arm\":%.4f,\"cancel\":%.4f,\"fire\":%.4f}\n", arm, cancel,
		    (now_ns() - start) / n);
	}
	return (0);
}
