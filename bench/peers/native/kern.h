/*
 * The native twin: what kthread-machine's kernel does, as a C program would do it by hand on the
 * host's own processor. Per-CPU run queues of 32 levels (doubly linked circular lists), a mask of
 * the levels in use, rotation when a thread is picked, an assembly context switch (swap.S), a tid
 * bitmap searched next-fit, a chained tid hash, hashed sleep queues and a callout wheel.
 *
 * It is written to be hard to beat:
 *  - A list is a pointer to its first thread, so rotation is one load and one store.
 *  - A thread is one slot of memory: cold line, stack, hot line. What a switch reads, the hot line
 *    and the saved registers just below it, are neighbours, and are fetched one switch ahead.
 *  - Slots are small and lie in huge pages, so that a million threads stay within reach of the TLB.
 *
 * With ACCOUNTING=1 a switch keeps the books that the machine keeps; with 0 it only switches.
 */
#ifndef KERN_H
#define KERN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../round.h"

#ifndef ACCOUNTING
#define	ACCOUNTING	1
#endif

#ifndef SLOT_SIZE
#define	SLOT_SIZE	512	/* a thread's whole memory, its stack included */
#endif

#define	STACK_OFFSET	6	/* words: what a yielding body saves then lies in one cache line */

#define	NRUNQ		32
#define	TDPRI_MASK	31
#define	TDPRI_CRIT	32	/* one critical section, counted above the priority's bits */
#define	TDPRI_KERN	20

#define	TDF_RUNQ	0x01
#define	TDF_SLEEPQ	0x02
#define	TDF_TIMEOUT	0x04

enum td_state { TDS_INACTIVE, TDS_INHIBITED, TDS_CAN_RUN, TDS_RUNQ, TDS_RUNNING };

#define	RQF_TICK	1
#define	RQF_MESSAGE	2
#define	TICK_CYCLES	10000000
#define	SWITCH_CYCLES	1

#define	NO_PID		100000	/* the first tid */
#define	SLEEPQ_HASH	256
#define	CALLWHEEL	(1 << 18)

struct thread {			/* the hot line: all that a switch touches */
	struct thread *td_next;	/* in the run queue, or in a wait queue */
	struct thread *td_prev;
	void *td_sp;
	uint32_t td_pri;	/* priority, and the depth of critical sections above it */
	uint32_t td_tid;
	uint8_t td_state;
	uint8_t td_flags;
	uint8_t td_cpu;
	uint64_t td_cycles;
	struct thread *td_hash;	/* next in the tid hash chain */
	void *td_wchan;
} __attribute__((aligned(64)));

struct callout {
	struct callout *c_next;
	struct callout *c_prev;
	uint64_t c_time;	/* due, in ticks */
	void (*c_func)(void *);
	void *c_arg;
};

struct slot {
	struct callout sl_callout;	/* the cold line */
	char sl_stack[SLOT_SIZE - sizeof(struct callout) - sizeof(struct thread)];
	struct thread sl_thread;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct thread) == 64, "a thread's hot part is one cache line");
_Static_assert(sizeof(struct slot) == SLOT_SIZE, "a slot has the size it says");

struct globaldata {
	struct thread *gd_curthread;
	uint32_t gd_runqmask;
	uint32_t gd_reqflags;		/* a tick or a message is waiting */
	uint32_t gd_cpuid;
	uint64_t gd_cycles;
	uint64_t gd_switchtime;
	uint64_t gd_switches;
	uint64_t gd_hash;		/* of the trace so far */
	uint64_t gd_next_tick;
	uint64_t gd_ticks;
	struct thread *gd_tdrunq[NRUNQ];
	struct thread gd_idlethread;	/* what the host's own stack runs */
} __attribute__((aligned(64)));

#ifdef CPUS
static struct globaldata cpu_data[CPUS];
#define	PERCPU	__thread	/* each CPU is a POSIX thread */
static PERCPU struct globaldata *mycpu;
#else
#define	PERCPU
static struct globaldata cpu_data[1];
#define	mycpu	(&cpu_data[0])
#endif
#define	curthread	(mycpu->gd_curthread)

void kt_swap(void **save_sp, void *load_sp);
void kt_start(void);
void kthread_exit(void) __attribute__((noreturn));
void kthread_main(void *arg, void (*func)(void *)) __attribute__((noreturn));

/* --- circular lists ------------------------------------------------------------------------ */

static inline void
queue_append(struct thread **head, struct thread *td)
{
	struct thread *first = *head;

	if (first == NULL) {
		td->td_next = td->td_prev = td;
		*head = td;
		return;
	}
	td->td_next = first;
	td->td_prev = first->td_prev;
	first->td_prev->td_next = td;
	first->td_prev = td;
}

static inline void
queue_remove(struct thread **head, struct thread *td)
{
	if (td->td_next == td) {
		*head = NULL;
		return;
	}
	td->td_prev->td_next = td->td_next;
	td->td_next->td_prev = td->td_prev;
	if (*head == td)
		*head = td->td_next;
}

/* --- run queues ---------------------------------------------------------------------------- */

static inline void
sched_add(struct thread *td)
{
	struct globaldata *gd = mycpu;
	int level = td->td_pri & TDPRI_MASK;

	if (td->td_flags & TDF_RUNQ)
		return;
	td->td_flags |= TDF_RUNQ;
	td->td_state = TDS_RUNQ;
	queue_append(&gd->gd_tdrunq[level], td);
	gd->gd_runqmask |= 1u << level;
}

/* The level's mask bit stays; the next switch that finds the level empty clears it. */
static inline void
sched_rem(struct thread *td)
{
	if ((td->td_flags & TDF_RUNQ) == 0)
		return;
	td->td_flags &= ~TDF_RUNQ;
	td->td_state = TDS_INHIBITED;
	queue_remove(&mycpu->gd_tdrunq[td->td_pri & TDPRI_MASK], td);
}

static inline struct thread *
sched_choose(struct globaldata *gd)
{
	while (gd->gd_runqmask != 0) {
		int level = 31 - __builtin_clz(gd->gd_runqmask);
		struct thread *td = gd->gd_tdrunq[level];

		if (td != NULL) {
			struct thread *next = td->td_next;

			gd->gd_tdrunq[level] = next;
			__builtin_prefetch(next);
			__builtin_prefetch((char *)next - 128);
			__builtin_prefetch((char *)next - 192);
			return (td);
		}
		gd->gd_runqmask &= ~(1u << level);
	}
	return (&gd->gd_idlethread);
}

/* --- the switch ---------------------------------------------------------------------------- */

static void __attribute__((noinline, unused))
hardclock(struct globaldata *gd)
{
	gd->gd_reqflags &= ~RQF_TICK;
	gd->gd_next_tick = gd->gd_cycles + TICK_CYCLES;
	gd->gd_ticks++;
}

static inline void
crit_enter(struct thread *td)
{
#if ACCOUNTING
	td->td_pri += TDPRI_CRIT;
#endif
}

static inline void
crit_exit(struct thread *td)
{
#if ACCOUNTING
	td->td_pri -= TDPRI_CRIT;
	if (td->td_pri < TDPRI_CRIT && __builtin_expect(mycpu->gd_reqflags != 0, 0))
		hardclock(mycpu);
#endif
}

static inline void
account_switch(struct globaldata *gd, struct thread *from, struct thread *to)
{
#if ACCOUNTING
	uint64_t now = gd->gd_cycles += SWITCH_CYCLES;
	uint64_t word = from->td_tid * 0x9e3779b97f4a7c15u + to->td_tid * 0xc2b2ae3d27d4eb4fu +
	    (now << 6 | gd->gd_cpuid) * 0x165667b19e3779f9u;
	uint64_t hash = (gd->gd_hash ^ word) * 0x9fb21c651e98df25u;

	gd->gd_switches++;
	gd->gd_hash = hash << 29 | hash >> 35;
	from->td_cycles += now - gd->gd_switchtime;
	gd->gd_switchtime = now;
	if (from->td_state == TDS_RUNNING)
		from->td_state = TDS_RUNQ;
	to->td_state = TDS_RUNNING;
	if (__builtin_expect(now >= gd->gd_next_tick, 0))
		gd->gd_reqflags |= RQF_TICK;
#endif
}

static inline void
mi_switch(void)
{
	struct globaldata *gd = mycpu;
	struct thread *td = gd->gd_curthread;
	struct thread *ntd;

	crit_enter(td);
	ntd = sched_choose(gd);
	account_switch(gd, td, ntd);
	gd->gd_curthread = ntd;
	if (td != ntd)
		kt_swap(&td->td_sp, ntd->td_sp);
	crit_exit(td);
}

static inline void
thread_yield(void)
{
	struct thread *td = curthread;

	crit_enter(td);
	sched_add(td);
	crit_exit(td);
	mi_switch();
}

/*
 * Runs threads from the host's own stack until none is left, or until one of them calls
 * stop_threads(). The host's stack is the idle thread's.
 */
static inline void __attribute__((unused))
run_threads(void)
{
	mi_switch();
}

static inline void __attribute__((unused))
stop_threads(void)
{
	struct globaldata *gd = mycpu;
	struct thread *td = gd->gd_curthread;

	gd->gd_curthread = &gd->gd_idlethread;
	kt_swap(&td->td_sp, gd->gd_idlethread.td_sp);
}

/* --- thread ids ---------------------------------------------------------------------------- */

static uint64_t *tid_bitmap;
static long tid_limit;
static long tid_try;

/* The first clear bit at or after start, or -1: a scan by words, as bit_ffc_at() does it. */
static inline long
bit_ffc_at(const uint64_t *bits, long start, long nbits)
{
	long word = start >> 6;
	long last = (nbits - 1) >> 6;
	uint64_t clear;

	if (start >= nbits)
		return (-1);
	clear = ~bits[word] & (~0ul << (start & 63));
	while (clear == 0) {
		if (++word > last)
			return (-1);
		clear = ~bits[word];
	}
	start = word * 64 + __builtin_ctzl(clear);
	return (start < nbits ? start : -1);
}

static inline long
tid_alloc(void)
{
	long id;

	if (tid_try >= tid_limit)
		tid_try = 0;
	id = bit_ffc_at(tid_bitmap, tid_try, tid_limit);
	if (id == -1)
		id = bit_ffc_at(tid_bitmap, 0, tid_limit);
	if (id == -1)
		fail("There are no thread ids left.");
	tid_bitmap[id >> 6] |= 1ul << (id & 63);
	tid_try = id + 1;
	return (id + NO_PID);
}

static inline void
tid_free(long tid)
{
	long id = tid - NO_PID;

	tid_bitmap[id >> 6] &= ~(1ul << (id & 63));
}

/* --- finding a thread by its id ------------------------------------------------------------ */

#define	RUN_THRESH	16	/* a thread found farther down its chain than this moves up */

static struct thread **tid_hashtbl;
static unsigned long tid_hashmask;

static inline void
tidhash_add(struct thread *td)
{
	struct thread **head = &tid_hashtbl[td->td_tid & tid_hashmask];

	td->td_hash = *head;
	*head = td;
}

static inline void
tidhash_remove(struct thread *td)
{
	struct thread **link = &tid_hashtbl[td->td_tid & tid_hashmask];

	while (*link != td)
		link = &(*link)->td_hash;
	*link = td->td_hash;
}

static inline struct thread *
tdfind(unsigned tid)
{
	struct thread **head = &tid_hashtbl[tid & tid_hashmask];
	struct thread **link = head;
	struct thread *td;
	int run = 0;

	if (curthread->td_tid == tid)
		return (curthread);
	while ((td = *link) != NULL && td->td_tid != tid) {
		link = &td->td_hash;
		run++;
	}
	if (td != NULL && run > RUN_THRESH) {
		*link = td->td_hash;
		td->td_hash = *head;
		*head = td;
	}
	return (td);
}

/* --- memory of threads --------------------------------------------------------------------- */

static struct slot *slots;
static long slots_used;
static struct thread *free_threads;	/* linked through td_next */
static struct thread *zombie_threads;

static void *
map_memory(size_t bytes)
{
	size_t huge = 2 << 20;
	char *p = mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		fail("There is not enough address space for the threads.");
	p = (char *)(((uintptr_t)p + huge - 1) & ~(huge - 1));
#ifndef SMALL_PAGES	/* a build with -DSMALL_PAGES shows what huge pages are worth */
	madvise(p, bytes, MADV_HUGEPAGE);
#endif
	return (p);
}

/* The largest power of two that is not above n: what hashinit() gives. */
static inline unsigned long
hash_size(unsigned long n)
{
	return (1ul << (63 - __builtin_clzl(n)));
}

static void
cpu_init(struct globaldata *gd, int id)
{
	gd->gd_cpuid = id;
	gd->gd_curthread = &gd->gd_idlethread;
	gd->gd_idlethread.td_state = TDS_RUNNING;
	gd->gd_next_tick = TICK_CYCLES;
}

/* Makes room for maxthread threads and a tid hash for maxproc processes. */
static void __attribute__((unused))
kern_init(long maxthread, long maxproc)
{
	tid_limit = maxthread;
	tid_bitmap = calloc((maxthread + 63) / 64, 8);
	tid_hashmask = hash_size(maxproc < 4 ? 2 : maxproc / 2) - 1;
	tid_hashtbl = calloc(tid_hashmask + 1, sizeof(*tid_hashtbl));
	slots = map_memory(maxthread * sizeof(struct slot));
#ifndef CPUS
	cpu_init(&cpu_data[0], 0);
#endif
}

static inline struct thread *
thread_alloc(void)
{
	struct thread *td = free_threads;

	if (td != NULL) {
		free_threads = td->td_next;
		return (td);
	}
	if (slots_used >= tid_limit)
		fail("There is no room for another thread.");
	return (&slots[slots_used++].sl_thread);
}

static inline struct slot *
slot_of(struct thread *td)
{
	return ((struct slot *)((char *)td - offsetof(struct slot, sl_thread)));
}

/* Creates a thread that is not yet runnable; sched_add() makes it so. */
static inline struct thread *
kthread_create(void (*func)(void *), void *arg)
{
	struct thread *td = thread_alloc();
	void **sp = (void **)td - STACK_OFFSET;

	*--sp = (void *)kt_start;
	*--sp = 0;		/* rbp */
	*--sp = (void *)func;	/* rbx */
	*--sp = arg;		/* r12 */
	sp -= 3;		/* r13, r14, r15: of no meaning yet */
	td->td_sp = sp;
	td->td_pri = TDPRI_KERN + TDPRI_CRIT;	/* a new thread comes out of a switch */
	td->td_state = TDS_CAN_RUN;
	td->td_flags = 0;
	td->td_cpu = mycpu->gd_cpuid;
	td->td_cycles = 0;
	td->td_wchan = NULL;
	td->td_tid = tid_alloc();
	tidhash_add(td);
	return (td);
}

/* Ends the running thread; it stays a zombie until thread_reap(). */
void
kthread_exit(void)
{
	struct thread *td = curthread;

	crit_enter(td);
	tidhash_remove(td);
	tid_free(td->td_tid);
	sched_rem(td);
	td->td_state = TDS_INACTIVE;
	td->td_next = zombie_threads;
	zombie_threads = td;
	mi_switch();
	__builtin_unreachable();
}

/* What a new thread runs first: it leaves the critical section of the switch that started it. */
void
kthread_main(void *arg, void (*func)(void *))
{
	crit_exit(curthread);
	func(arg);
	kthread_exit();
}

/* Frees the memory of every thread that has exited; returns how many there were. */
static inline long
thread_reap(void)
{
	struct thread *td;
	long n = 0;

	while ((td = zombie_threads) != NULL) {
		zombie_threads = td->td_next;
		td->td_next = free_threads;
		free_threads = td;
		n++;
	}
	return (n);
}

/* --- callouts ------------------------------------------------------------------------------ */

static struct callout *callwheel;	/* list heads, circular */
static uint64_t callticks;

static void __attribute__((unused))
callout_init_wheel(void)
{
	callwheel = map_memory(CALLWHEEL * sizeof(*callwheel));
	for (long i = 0; i < CALLWHEEL; i++)
		callwheel[i].c_next = callwheel[i].c_prev = &callwheel[i];
}

static inline void
callout_reset(struct callout *c, uint64_t ticks, void (*func)(void *), void *arg)
{
	struct callout *head;

	c->c_time = callticks + ticks;
	c->c_func = func;
	c->c_arg = arg;
	head = &callwheel[c->c_time & (CALLWHEEL - 1)];
	c->c_next = head;
	c->c_prev = head->c_prev;
	head->c_prev->c_next = c;
	head->c_prev = c;
}

static inline void
callout_stop(struct callout *c)
{
	c->c_prev->c_next = c->c_next;
	c->c_next->c_prev = c->c_prev;
	c->c_func = NULL;
}

/* One tick: calls what is due now, and leaves what is due a turn of the wheel later. */
static inline void
softclock(void)
{
	struct callout *head = &callwheel[++callticks & (CALLWHEEL - 1)];
	struct callout *c = head->c_next;

	while (c != head) {
		struct callout *next = c->c_next;

		if (c->c_time == callticks) {
			void (*func)(void *) = c->c_func;

			callout_stop(c);
			func(c->c_arg);
		}
		c = next;
	}
}

/* --- waiting ------------------------------------------------------------------------------- */

struct lwkt_wait {
	struct thread *wa_waitq;
	int wa_count;
	int wa_gen;
};

/* Waits for a signal on w, unless one has come since *gen was read. */
static inline void
lwkt_block(struct lwkt_wait *w, int *gen)
{
	if (w->wa_gen == *gen) {
		struct thread *td = curthread;

		sched_rem(td);
		queue_append(&w->wa_waitq, td);
		w->wa_count++;
		td->td_wchan = w;
		mi_switch();
	}
	*gen = w->wa_gen;
}

static inline void
lwkt_signal(struct lwkt_wait *w)
{
	int count = w->wa_count;
	struct thread *td;

	w->wa_gen++;
	while ((td = w->wa_waitq) != NULL && count-- > 0) {
		w->wa_count--;
		queue_remove(&w->wa_waitq, td);
		td->td_wchan = NULL;
		sched_add(td);
	}
}

static PERCPU struct thread *sleepq[SLEEPQ_HASH];

static inline struct thread **
sleepq_of(const void *wchan)
{
	uintptr_t a = (uintptr_t)wchan;

	return (&sleepq[(a >> 6 ^ a >> 14) & (SLEEPQ_HASH - 1)]);
}

static void
sleepq_remove(struct thread *td)
{
	queue_remove(sleepq_of(td->td_wchan), td);
	td->td_wchan = NULL;
	td->td_flags &= ~TDF_SLEEPQ;
	if (td->td_flags & TDF_TIMEOUT) {
		td->td_flags &= ~TDF_TIMEOUT;
		callout_stop(&slot_of(td)->sl_callout);
	}
	sched_add(td);
}

static void __attribute__((unused))
sleepq_timeout(void *arg)
{
	struct thread *td = arg;

	td->td_flags &= ~TDF_TIMEOUT;
	sleepq_remove(td);
}

/* Sleeps on wchan until a wakeup, or until the timeout, in ticks, if it is not 0. */
static inline void
msleep(void *wchan, uint64_t timeout)
{
	struct thread *td = curthread;

	crit_enter(td);
	sched_rem(td);
	td->td_wchan = wchan;
	td->td_flags |= TDF_SLEEPQ;
	queue_append(sleepq_of(wchan), td);
	if (timeout != 0) {
		td->td_flags |= TDF_TIMEOUT;
		callout_reset(&slot_of(td)->sl_callout, timeout, sleepq_timeout, td);
	}
	mi_switch();
	crit_exit(td);
}

/* Wakes every thread that sleeps on wchan; other channels may share the queue. */
static inline void
wakeup(void *wchan)
{
	struct thread **queue = sleepq_of(wchan);
	struct thread *td = *queue;
	struct thread *last = td == NULL ? NULL : td->td_prev;

	while (td != NULL) {
		struct thread *next = td == last ? NULL : td->td_next;

		if (td->td_wchan == wchan)
			sleepq_remove(td);
		td = next;
	}
}

#endif
