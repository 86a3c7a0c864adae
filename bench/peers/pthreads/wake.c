/*
 * wake: nanoseconds per wakeup when two POSIX threads wake each other in turn, with a futex (for
 * block/signal) or a condition variable (for msleep/wakeup), on one processor or on two.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "../round.h"

static atomic_int turn;		/* whose turn it is: side 0 is the main thread */
static int with_condvar;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond[2] = { PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER };

static void
give_turn(int to)
{
	if (with_condvar) {
		pthread_mutex_lock(&lock);
		turn = to;
		pthread_cond_signal(&cond[to]);
		pthread_mutex_unlock(&lock);
		return;
	}
	atomic_store(&turn, to);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
await_turn(int side)
{
	if (with_condvar) {
		pthread_mutex_lock(&lock);
		while (turn != side)
			pthread_cond_wait(&cond[side], &lock);
		pthread_mutex_unlock(&lock);
		return;
	}
	while (atomic_load(&turn) != side)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !side, NULL, NULL, 0);
}

/* The n'th of the processors that this process may use. */
static void
pin(int n)
{
	static cpu_set_t all;
	cpu_set_t one;

	if (CPU_COUNT(&all) == 0)
		sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && n-- == 0)
			CPU_SET(cpu, &one);
	if (CPU_COUNT(&one) == 1)
		pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *
other_side(void *arg)
{
	pin(*(int *)arg);
	for (;;) {
		await_turn(1);
		give_turn(0);
	}
	return (NULL);
}

int
main(int argc, char **argv)
{
	int other_cpu = arg_is(argc, argv, "cpus", "across") ? 1 : 0;
	pthread_t thread;
	long ops;

	with_condvar = arg_is(argc, argv, "with", "msleep/wakeup");
	pin(0);
	pthread_create(&thread, NULL, other_side, &other_cpu);
	ready();
	while (next_round(&ops)) {
		double start = now_ns();

		for (long i = 0; i < ops / 2; i++) {
			give_turn(1);
			await_turn(0);
		}
		printf("{\"value\":%.4f}\n", (now_ns() - start) / (ops / 2 * 2));
	}
	return (0);
}
