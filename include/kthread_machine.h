/*
 * Kernel calls for C programs that run as kernel threads of a kthread-machine: the signatures of the
 * manual pages kthread(9), kproc(9), sleep(9), mutex(9), condvar(9), sema(9), and of DragonFly's
 * LWKT. What a call does to the word is in docs/kernel-calls.md.
 *
 * Every call is one instruction, an inline function sys_NAME in <kthread_machine/syscalls.h>; those below
 * give it the types of the manual page. Functions with a format for a name are in the library.
 */
#ifndef KTHREAD_MACHINE_H
#define KTHREAD_MACHINE_H

#include <errno.h>
#include <kthread_machine/syscalls.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KTM_FORMAT_OF(f, a) __attribute__((format(printf, f, a)))

/* ---- The program ---- */

/* Prints `length` bytes. */
static inline void cnputsn(const char *text, size_t length) { sys_cnputsn(text, length); }

/* Guest memory that nobody uses, for good, aligned to 16 bytes; NULL where so much is not left. */
static inline void *kmem_malloc(size_t size) { return (void *)sys_kmem_malloc(size); }

/* Ends the run with a status; exit() of <stdlib.h> does what there is to do before. */
static inline _Noreturn void kern_exit(int status) { sys_kern_exit(status); }

/* The calling thread, the number of its CPU, and its CPU's clock in cycles. */
#define curthread (sys_curthread())
#define curcpu (sys_curcpu())
static inline uint64_t cpu_ticks(void) { return sys_cycles(); }

/* ---- kthread(9), kproc(9) ---- */

#define RFSTOPPED (1 << 17) /* flag: the thread waits for sched_add() */

/*
 * Creates a thread in a process, the kernel's own if `procp` is NULL, that runs func(arg) on a stack of
 * `pages` pages (0: the default). 0, or ENOMEM.
 */
int kthread_add(void (*func)(void *), void *arg, struct proc *procp, struct thread **newtdpp,
                int flags, int pages, const char *fmt, ...) KTM_FORMAT_OF(7, 8);
static inline _Noreturn void kthread_exit(void) { sys_kthread_exit(); }
static inline int kthread_suspend(struct thread *td, int timo) {
  return sys_kthread_suspend(td, timo);
}
static inline int kthread_resume(struct thread *td) { return sys_kthread_resume(td); }
static inline void kthread_suspend_check(void) { sys_kthread_suspend_check(); }

struct kthread_desc {
  const char *arg0;                /* name */
  void (*func)(void);              /* what it runs */
  struct thread **global_threadpp; /* gets the thread, unless NULL */
};
void kthread_start(const void *udata);

int kproc_create(void (*func)(void *), void *arg, struct proc **newpp, int flags, int pages,
                 const char *fmt, ...) KTM_FORMAT_OF(6, 7);
static inline _Noreturn void kproc_exit(int ecode) { sys_kproc_exit(ecode); }
static inline int kproc_suspend(struct proc *p, int timo) { return sys_kproc_suspend(p, timo); }
static inline int kproc_resume(struct proc *p) { return sys_kproc_resume(p); }
static inline void kproc_suspend_check(struct proc *p) { sys_kproc_suspend_check(p); }

struct kproc_desc {
  const char *arg0;
  void (*func)(void);
  struct proc **global_procpp;
};
void kproc_start(const void *udata);

int kproc_kthread_add(void (*func)(void *), void *arg, struct proc **procptr,
                      struct thread **tdptr, int flags, int pages, const char *procname,
                      const char *fmt, ...) KTM_FORMAT_OF(8, 9);

/* ---- sleep(9), scheduling ---- */

#define PCATCH 0x100 /* a sleep that stops and ends of the process interrupt */

/* Without a lock: a wakeup between the last look and this call is missed. msleep() is below. */
static inline int tsleep(const volatile void *chan, int priority, const char *wmesg, int timo) {
  return sys_tsleep(chan, priority, wmesg, timo);
}

static inline int pause(const char *wmesg, int timo) { return sys_pause(wmesg, timo); }
static inline void wakeup(const volatile void *chan) { sys_wakeup(chan); }
static inline void wakeup_one(const volatile void *chan) { sys_wakeup_one(chan); }

/* Lets threads of the same priority run; under every scheduler. */
static inline void sched_relinquish(void) { sys_sched_relinquish(); }
static inline void sched_add(struct thread *td) { sys_sched_add(td); }
static inline void sched_prio(struct thread *td, int priority) { sys_sched_prio(td, priority); }

/* ---- mutex(9), condvar(9), sema(9) ---- */

#define MTX_DEF 0

struct mtx {
  void *object;
};
struct cv {
  void *object;
};
struct sema {
  void *object;
};

/* Panics, as the originals do, when there is no room for another one. */
void mtx_init(struct mtx *m, const char *name, const char *type, int opts);
void cv_init(struct cv *cv, const char *desc);
void sema_init(struct sema *sema, int value, const char *desc);

static inline void mtx_lock(struct mtx *m) { sys_mtx_lock(m->object); }
static inline void mtx_unlock(struct mtx *m) { sys_mtx_unlock(m->object); }
static inline int mtx_owned(const struct mtx *m) { return sys_mtx_owned(m->object); }

#define PDROP 0x200 /* msleep() does not take the mutex again */

/*
 * Goes to sleep and releases the mutex in one step, so that no wakeup under the mutex is missed, and takes it again.
 * Look at what you wait for again when it returns. With NULL it is tsleep().
 */
static inline int msleep(const volatile void *chan, struct mtx *mtx, int priority, const char *wmesg, int timo) {
  return sys_msleep(chan, mtx == NULL ? NULL : mtx->object, priority, wmesg, timo);
}
#define mtx_sleep msleep

static inline void cv_wait(struct cv *cv, struct mtx *m) { sys_cv_wait(cv->object, m->object); }
static inline void cv_signal(struct cv *cv) { sys_cv_signal(cv->object); }
static inline void cv_broadcast(struct cv *cv) { sys_cv_broadcast(cv->object); }
static inline void sema_wait(struct sema *sema) { sys_sema_wait(sema->object); }
static inline void sema_post(struct sema *sema) { sys_sema_post(sema->object); }

/* ---- LWKT (DragonFly); under the scheduler lwkt only ---- */

typedef struct thread *thread_t;
typedef struct lwkt_token *lwkt_token_t;
typedef struct lwkt_wait *lwkt_wait_t;

/* A token, or a wait structure, that belongs to a CPU at first; NULL where there is no room. */
static inline lwkt_token_t lwkt_token_create(int cpu) {
  lwkt_token_t token;
  return sys_lwkt_token_create(cpu, &token) == 0 ? token : NULL;
}
static inline lwkt_wait_t lwkt_wait_create(int cpu) {
  lwkt_wait_t wait;
  return sys_lwkt_wait_create(cpu, &wait) == 0 ? wait : NULL;
}
static inline void lwkt_gettoken(lwkt_token_t token) { sys_lwkt_gettoken(token); }
static inline void lwkt_reltoken(lwkt_token_t token) { sys_lwkt_reltoken(token); }
static inline int lwkt_regettoken(lwkt_token_t token) { return sys_lwkt_regettoken(token); }
static inline int lwkt_havetoken(lwkt_token_t token) { return sys_lwkt_havetoken(token); }
static inline int lwkt_block(lwkt_wait_t wait, const char *wmesg, int gen) {
  return sys_lwkt_block(wait, wmesg, gen);
}
static inline void lwkt_signal(lwkt_wait_t wait) { sys_lwkt_signal(wait); }
static inline int lwkt_wait_gen(lwkt_wait_t wait) { return sys_lwkt_wait_gen(wait); }

int lwkt_create(void (*func)(void *), void *arg, thread_t *tdp, thread_t template, int flags,
                int cpu, const char *fmt, ...) KTM_FORMAT_OF(7, 8);
static inline _Noreturn void lwkt_exit(void) { sys_lwkt_exit(); }
static inline void lwkt_yield(void) { sys_lwkt_yield(); }
static inline void lwkt_switch(void) { sys_lwkt_switch(); }
static inline void lwkt_schedule(thread_t td) { sys_lwkt_schedule(td); }
static inline void lwkt_deschedule(thread_t td) { sys_lwkt_deschedule(td); }
static inline void lwkt_setpri(thread_t td, int priority) { sys_lwkt_setpri(td, priority); }
static inline void crit_enter(void) { sys_crit_enter(); }
static inline void crit_exit(void) { sys_crit_exit(); }

#ifdef __cplusplus
}
#endif

#endif
