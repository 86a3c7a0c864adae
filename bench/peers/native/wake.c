/*
 * wake: nanoseconds per wakeup when two threads wake each other in turn, with lwkt_block and
 * lwkt_signal or with msleep and wakeup, on one CPU or on two. Two CPUs are two POSIX threads, each
 * with its own run queues; as in the machine, only a CPU itself touches them, and the other one
 * sends it messages, which it polls for when it has nothing to run.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define	CPUS	2
#include "kern.h"

#define	RING	64	/* messages under way between two CPUs, at most */

enum message_kind { MSG_SIGNAL, MSG_WAKEUP };

struct message {
	enum message_kind kind;
	void *target;
};

/* One writer, one reader; each index has a line of its own. */
struct ring {
	_Alignas(64) atomic_uint head;
	_Alignas(64) atomic_uint tail;
	_Alignas(64) struct message messages[RING];
};

static struct ring inbox[CPUS];
static struct lwkt_wait waits[CPUS];	/* what the thread of each side blocks on */
static _Alignas(64) char channels[CPUS][64];
static struct {
	_Alignas(64) long remaining;	/* wakes that this side has yet to do */
} sides[CPUS];
static _Alignas(64) atomic_int stopped;
static int across, sleeping;
static pthread_barrier_t round_edge;

static void
send(int cpu, enum message_kind kind, void *target)
{
	struct ring *r = &inbox[cpu];
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	r->messages[tail % RING] = (struct message){ kind, target };
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
}

/* Handles what has arrived from the other CPU. */
static void
poll_messages(void)
{
	struct ring *r = &inbox[mycpu->gd_cpuid];
	unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);

	while (head != atomic_load_explicit(&r->tail, memory_order_acquire)) {
		struct message *m = &r->messages[head++ % RING];

		if (m->kind == MSG_SIGNAL)
			lwkt_signal(m->target);
		else
			wakeup(m->target);
		atomic_store_explicit(&r->head, head, memory_order_release);
	}
}

static void
wake_side(int side)
{
	if (across)
		send(side, sleeping ? MSG_WAKEUP : MSG_SIGNAL,
		    sleeping ? (void *)channels[side] : (void *)&waits[side]);
	else if (sleeping)
		wakeup(channels[side]);
	else
		lwkt_signal(&waits[side]);
}

static void
wait_side(int side, int *gen)
{
	if (sleeping)
		msleep(channels[side], 0);
	else
		lwkt_block(&waits[side], gen);
}

/* Waits to be woken, wakes the other side, and so on; side 1 is woken from outside at first. */
static void
body(void *arg)
{
	int side = (int)(intptr_t)arg;
	int gen = 0;

	for (;;) {
		wait_side(side, &gen);
		if (sides[side].remaining-- == 0) {
			atomic_store(&stopped, 1);
			continue;
		}
		wake_side(!side);
	}
}

/* One CPU: runs its threads when there are any, polls for messages when there are none. */
static void
cpu_loop(void)
{
	for (;;) {
		run_threads();
		if (!across)
			return;
		while (mycpu->gd_runqmask == 0) {
			if (atomic_load_explicit(&stopped, memory_order_relaxed))
				return;
			poll_messages();
		}
	}
}

static void
start_cpu(int cpu)
{
	mycpu = &cpu_data[cpu];
	cpu_init(mycpu, cpu);
}

static void
start_thread(int side)
{
	sched_add(kthread_create(body, (void *)(intptr_t)side));
}

/* The n'th of the host CPUs that this process may use. */
static void
pin(int n)
{
	cpu_set_t all, one;

	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && n-- == 0)
			CPU_SET(cpu, &one);
	if (CPU_COUNT(&one) == 1)
		pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *
second_cpu(void *arg)
{
	pin(1);
	start_cpu(1);
	start_thread(1);
	run_threads();
	for (;;) {
		pthread_barrier_wait(&round_edge);
		cpu_loop();
		pthread_barrier_wait(&round_edge);
	}
	return (NULL);
}

/* One round: a first wake from here, and then until one side has done its share. */
static void
run_round(long ops)
{
	sides[0].remaining = sides[1].remaining = ops / 2;
	stopped = 0;
	if (across)
		pthread_barrier_wait(&round_edge);
	wake_side(1);
	cpu_loop();
	if (across)
		pthread_barrier_wait(&round_edge);
}

int
main(int argc, char **argv)
{
	pthread_t second;
	long ops;

	across = arg_is(argc, argv, "cpus", "across");
	sleeping = arg_is(argc, argv, "with", "msleep/wakeup");
	kern_init(64, 64);
	start_cpu(0);
	start_thread(0);
	if (!across)
		start_thread(1);
	run_threads();
	if (across) {
		pthread_barrier_init(&round_edge, NULL, 2);
		pthread_create(&second, NULL, second_cpu, NULL);
		pin(0);
	}
	ready();
	while (next_round(&ops)) {
		double start = now_ns();

		run_round(ops);
		printf("{\"value\":%.4f}\n", (now_ns() - start) / ops);
	}
	return (0);
}
