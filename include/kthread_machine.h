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
KTM_INLINE void cnputsn(const char *text, size_t length) { sys_cnputsn(text, length); }

/* Guest memory that nobody uses, for good, aligned to 16 bytes; NULL where so much is not left. */
KTM_INLINE void *kmem_malloc(size_t size) { return (void *)sys_kmem_malloc(size); }

/* Ends the run with a status; exit() of <stdlib.h> does what there is to do before. */
KTM_INLINE _Noreturn void kern_exit(int status) { sys_kern_exit(status); }

/* The calling thread, the number of its CPU, and its CPU's clock in cycles. */
#define curthread (sys_curthread())
#define curcpu (sys_curcpu())
KTM_INLINE uint64_t cpu_ticks(void) { return sys_cycles(); }

/* ---- kthread(9), kproc(9) ---- */

#define RFSTOPPED (1 << 17) /* flag: the thread waits for sched_add() */

/*
 * Creates a thread in a process, the kernel's own if `procp` is NULL, that runs func(arg) on a stack of
 * `pages` pages (0: the default). 0, or ENOMEM.
 */
int kthread_add(void (*func)(void *), void *arg, struct proc *procp, struct thread **newtdpp,
                int flags, int pages, const char *fmt, ...) KTM_FORMAT_OF(7, 8);
KTM_INLINE _Noreturn void kthread_exit(void) { sys_kthread_exit(); }
KTM_INLINE int kthread_suspend(struct thread *td, int timo) {
  return sys_kthread_suspend(td, timo);
}
KTM_INLINE int kthread_resume(struct thread *td) { return sys_kthread_resume(td); }
KTM_INLINE void kthread_suspend_check(void) { sys_kthread_suspend_check(); }

struct kthread_desc {
  const char *arg0;                /* name */
  void (*func)(void);              /* what it runs */
  struct thread **global_threadpp; /* gets the thread, unless NULL */
};
void kthread_start(const void *udata);

int kproc_create(void (*func)(void *), void *arg, struct proc **newpp, int flags, int pages,
                 const char *fmt, ...) KTM_FORMAT_OF(6, 7);
KTM_INLINE _Noreturn void kproc_exit(int ecode) { sys_kproc_exit(ecode); }
KTM_INLINE int kproc_suspend(struct proc *p, int timo) { return sys_kproc_suspend(p, timo); }
KTM_INLINE int kproc_resume(struct proc *p) { return sys_kproc_resume(p); }
KTM_INLINE void kproc_suspend_check(struct proc *p) { sys_kproc_suspend_check(p); }

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
KTM_INLINE int tsleep(const volatile void *chan, int priority, const char *wmesg, int timo) {
  return sys_tsleep(chan, priority, wmesg, timo);
}

/* 0 is one tick, as in the original. */
KTM_INLINE int pause(const char *wmesg, int timo) { return sys_pause(wmesg, timo == 0 ? 1 : timo); }
KTM_INLINE void wakeup(const volatile void *chan) { sys_wakeup(chan); }
KTM_INLINE void wakeup_one(const volatile void *chan) { sys_wakeup_one(chan); }
KTM_INLINE void wakeup_any(const volatile void *chan) { sys_wakeup_any(chan); }

/* Lets threads of the same priority run; under every scheduler. */
KTM_INLINE void sched_relinquish(void) { sys_sched_relinquish(); }
KTM_INLINE void sched_add(struct thread *td) { sys_sched_add(td); }
KTM_INLINE void sched_prio(struct thread *td, int priority) { sys_sched_prio(td, priority); }

/* ---- mutex(9), condvar(9), sema(9) ---- */

#define MTX_DEF 0
#define MTX_SPIN 0x1
#define MTX_RECURSE 0x4
#define MTX_NOLEND 0x100 /* lends no priority */

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

KTM_INLINE void mtx_lock(struct mtx *m) { sys_mtx_lock(m->object); }
KTM_INLINE void mtx_unlock(struct mtx *m) { sys_mtx_unlock(m->object); }
KTM_INLINE int mtx_trylock(struct mtx *m) { return sys_mtx_trylock(m->object); }
KTM_INLINE int mtx_recursed(const struct mtx *m) { return sys_mtx_recursed(m->object); }
KTM_INLINE void mtx_lock_spin(struct mtx *m) { sys_mtx_lock_spin(m->object); }
KTM_INLINE int mtx_trylock_spin(struct mtx *m) { return sys_mtx_trylock_spin(m->object); }
KTM_INLINE void mtx_unlock_spin(struct mtx *m) { sys_mtx_unlock_spin(m->object); }
KTM_INLINE void mtx_destroy(struct mtx *m) { sys_mtx_destroy(m->object); }
KTM_INLINE int mtx_owned(const struct mtx *m) { return sys_mtx_owned(m->object); }

/* mtx_assert(), rw_assert(), sx_assert(), rm_assert(), lockmgr_assert(): one of these, */
#define MA_NOTOWNED 0
#define MA_OWNED 0x4
#define RA_UNLOCKED 0
#define RA_LOCKED 0x1
#define RA_RLOCKED 0x2
#define RA_WLOCKED 0x4
#define SA_UNLOCKED 0
#define SA_LOCKED 0x1
#define SA_SLOCKED 0x2
#define SA_XLOCKED 0x4
#define KA_UNLOCKED 0
#define KA_LOCKED 0x1
#define KA_SLOCKED 0x2
#define KA_XLOCKED 0x4
/* and of a lock that is held perhaps one of these. */
#define MA_RECURSED 0x8
#define MA_NOTRECURSED 0x10
#define RA_RECURSED MA_RECURSED
#define RA_NOTRECURSED MA_NOTRECURSED
#define SA_RECURSED MA_RECURSED
#define SA_NOTRECURSED MA_NOTRECURSED
#define KA_RECURSED MA_RECURSED
#define KA_NOTRECURSED MA_NOTRECURSED
KTM_INLINE void mtx_assert(const struct mtx *m, int what) { sys_mtx_assert(m->object, what); }

#define PDROP 0x200 /* msleep() does not take the mutex again */

/*
 * Goes to sleep and releases the mutex in one step, so that no wakeup under the mutex is missed, and takes it again.
 * Look at what you wait for again when it returns. With NULL it is tsleep().
 */
KTM_INLINE int msleep(const volatile void *chan, struct mtx *mtx, int priority, const char *wmesg, int timo) {
  return sys_msleep(chan, mtx == NULL ? NULL : mtx->object, priority, wmesg, timo);
}
#define mtx_sleep msleep
/* The same with a spin mutex. */
KTM_INLINE int msleep_spin(const volatile void *chan, struct mtx *mtx, const char *wmesg, int timo) {
  return sys_msleep_spin(chan, mtx->object, wmesg, timo);
}

/* The lock is a mutex, a rwlock, an sx or an rmlock. */
#define cv_wait(cv, lock) ((void)sys_cv_wait((cv)->object, (lock)->object))
#define cv_wait_unlock(cv, lock) ((void)sys_cv_wait_unlock((cv)->object, (lock)->object))
#define cv_timedwait(cv, lock, timo) sys_cv_timedwait((cv)->object, (lock)->object, timo)
#define cv_wait_sig(cv, lock) sys_cv_wait_sig((cv)->object, (lock)->object)
#define cv_timedwait_sig(cv, lock, timo) sys_cv_timedwait_sig((cv)->object, (lock)->object, timo)
KTM_INLINE void cv_destroy(struct cv *cv) { sys_cv_destroy(cv->object); }
KTM_INLINE void cv_signal(struct cv *cv) { sys_cv_signal(cv->object); }
KTM_INLINE void cv_broadcast(struct cv *cv) { sys_cv_broadcast(cv->object); }
KTM_INLINE void sema_wait(struct sema *sema) { sys_sema_wait(sema->object); }
KTM_INLINE void sema_post(struct sema *sema) { sys_sema_post(sema->object); }

KTM_INLINE void sema_destroy(struct sema *sema) { sys_sema_destroy(sema->object); }
KTM_INLINE int sema_trywait(struct sema *sema) { return sys_sema_trywait(sema->object); }
KTM_INLINE int sema_timedwait(struct sema *sema, int timo) {
  return sys_sema_timedwait(sema->object, timo);
}
KTM_INLINE int sema_value(struct sema *sema) { return sys_sema_value(sema->object); }

/* ---- rwlock(9), sx(9) ---- */

#define RW_RECURSE 0x4
#define SX_RECURSE 0x4

struct rwlock {
  void *object;
};
struct sx {
  void *object;
};

void rw_init_flags(struct rwlock *rw, const char *name, int opts);
void sx_init_flags(struct sx *sx, const char *name, int opts);
#define rw_init(rw, name) rw_init_flags(rw, name, 0)
#define sx_init(sx, name) sx_init_flags(sx, name, 0)

KTM_INLINE void rw_rlock(struct rwlock *rw) { sys_rw_rlock(rw->object); }
KTM_INLINE void rw_runlock(struct rwlock *rw) { sys_rw_runlock(rw->object); }
KTM_INLINE void rw_wlock(struct rwlock *rw) { sys_rw_wlock(rw->object); }
KTM_INLINE void rw_wunlock(struct rwlock *rw) { sys_rw_wunlock(rw->object); }
/* However the caller holds it. */
KTM_INLINE void rw_unlock(struct rwlock *rw) {
  if (sys_rw_wowned(rw->object)) sys_rw_wunlock(rw->object);
  else sys_rw_runlock(rw->object);
}
KTM_INLINE int rw_try_rlock(struct rwlock *rw) { return sys_rw_try_rlock(rw->object); }
KTM_INLINE int rw_try_wlock(struct rwlock *rw) { return sys_rw_try_wlock(rw->object); }
KTM_INLINE int rw_try_upgrade(struct rwlock *rw) { return sys_rw_try_upgrade(rw->object); }
KTM_INLINE void rw_downgrade(struct rwlock *rw) { sys_rw_downgrade(rw->object); }
KTM_INLINE int rw_wowned(struct rwlock *rw) { return sys_rw_wowned(rw->object); }
KTM_INLINE void rw_assert(const struct rwlock *rw, int what) { sys_rw_assert(rw->object, what); }
KTM_INLINE void rw_destroy(struct rwlock *rw) { sys_rw_destroy(rw->object); }
KTM_INLINE int rw_sleep(const volatile void *chan, struct rwlock *rw, int priority, const char *wmesg, int timo) {
  return sys_rw_sleep(chan, rw->object, priority, wmesg, timo);
}
KTM_INLINE void sx_slock(struct sx *sx) { sys_sx_slock(sx->object); }
KTM_INLINE void sx_sunlock(struct sx *sx) { sys_sx_sunlock(sx->object); }
KTM_INLINE void sx_xlock(struct sx *sx) { sys_sx_xlock(sx->object); }
/* 0, or EINTR or ERESTART. */
KTM_INLINE int sx_slock_sig(struct sx *sx) { return sys_sx_slock_sig(sx->object); }
KTM_INLINE int sx_xlock_sig(struct sx *sx) { return sys_sx_xlock_sig(sx->object); }
KTM_INLINE void sx_xunlock(struct sx *sx) { sys_sx_xunlock(sx->object); }
KTM_INLINE void sx_unlock(struct sx *sx) {
  if (sys_sx_xlocked(sx->object)) sys_sx_xunlock(sx->object);
  else sys_sx_sunlock(sx->object);
}
KTM_INLINE int sx_try_slock(struct sx *sx) { return sys_sx_try_slock(sx->object); }
KTM_INLINE int sx_try_xlock(struct sx *sx) { return sys_sx_try_xlock(sx->object); }
KTM_INLINE int sx_try_upgrade(struct sx *sx) { return sys_sx_try_upgrade(sx->object); }
KTM_INLINE void sx_downgrade(struct sx *sx) { sys_sx_downgrade(sx->object); }
KTM_INLINE int sx_xlocked(struct sx *sx) { return sys_sx_xlocked(sx->object); }
KTM_INLINE void sx_assert(const struct sx *sx, int what) { sys_sx_assert(sx->object, what); }
KTM_INLINE void sx_destroy(struct sx *sx) { sys_sx_destroy(sx->object); }
KTM_INLINE int sx_sleep(const volatile void *chan, struct sx *sx, int priority, const char *wmesg, int timo) {
  return sys_sx_sleep(chan, sx->object, priority, wmesg, timo);
}

/* ---- rmlock(9), lockmgr(9) ---- */

#define RM_RECURSE 0x2
#define RM_SLEEPABLE 0x4

struct rmlock {
  void *object;
};
/* The kernel keeps one for each thread that shares the lock. */
struct rm_priotracker {
  char unused;
};

void rm_init_flags(struct rmlock *rm, const char *name, int opts);
#define rm_init(rm, name) rm_init_flags(rm, name, 0)

KTM_INLINE void rm_rlock(struct rmlock *rm, struct rm_priotracker *tracker) {
  (void)tracker;
  sys_rm_rlock(rm->object);
}
KTM_INLINE int rm_try_rlock(struct rmlock *rm, struct rm_priotracker *tracker) {
  (void)tracker;
  return sys_rm_try_rlock(rm->object);
}
KTM_INLINE void rm_runlock(struct rmlock *rm, struct rm_priotracker *tracker) {
  (void)tracker;
  sys_rm_runlock(rm->object);
}
KTM_INLINE void rm_wlock(struct rmlock *rm) { sys_rm_wlock(rm->object); }
KTM_INLINE void rm_wunlock(struct rmlock *rm) { sys_rm_wunlock(rm->object); }
KTM_INLINE int rm_wowned(const struct rmlock *rm) { return sys_rm_wowned(rm->object); }
KTM_INLINE void rm_assert(const struct rmlock *rm, int what) { sys_rm_assert(rm->object, what); }
KTM_INLINE void rm_destroy(struct rmlock *rm) { sys_rm_destroy(rm->object); }
KTM_INLINE int rm_sleep(const volatile void *chan, struct rmlock *rm, int priority, const char *wmesg, int timo) {
  return sys_rm_sleep(chan, rm->object, priority, wmesg, timo);
}

/* lockinit(), and some also lockmgr() */
#define LK_CANRECURSE 0x1
#define LK_NODUP 0x2
#define LK_NOPROFILE 0x4
#define LK_NOSHARE 0x8
#define LK_NOWITNESS 0x10
/* lockmgr() */
#define LK_INTERLOCK 0x100
#define LK_NOWAIT 0x200
#define LK_SLEEPFAIL 0x800
#define LK_TIMELOCK 0x1000
#define LK_NODDLKTREAT 0x2000
#define LK_DOWNGRADE 0x10000
#define LK_DRAIN 0x20000
#define LK_EXCLOTHER 0x40000 /* lockstatus() */
#define LK_EXCLUSIVE 0x80000
#define LK_RELEASE 0x100000
#define LK_SHARED 0x200000
#define LK_UPGRADE 0x400000
#define LK_TRYUPGRADE 0x800000

struct lock {
  void *object;
};

void lockinit(struct lock *lk, int priority, const char *wmesg, int timo, int flags);

/* 0, or an error: EBUSY, ENOLCK, EDEADLK, EWOULDBLOCK, EINTR, ERESTART. */
KTM_INLINE int lockmgr(struct lock *lk, unsigned flags, struct mtx *interlock) {
  return sys_lockmgr(lk->object, flags, interlock == NULL ? NULL : interlock->object);
}
KTM_INLINE int lockstatus(const struct lock *lk) { return sys_lockstatus(lk->object); }
KTM_INLINE void lockmgr_disown(struct lock *lk) { sys_lockmgr_disown(lk->object); }
KTM_INLINE void lockmgr_assert(const struct lock *lk, int what) { sys_lockmgr_assert(lk->object, what); }
KTM_INLINE void lockdestroy(struct lock *lk) { sys_lockdestroy(lk->object); }

/* ---- LWKT (DragonFly); under the scheduler lwkt only ---- */

typedef struct thread *thread_t;
typedef struct lwkt_token *lwkt_token_t;
typedef struct lwkt_wait *lwkt_wait_t;

/* A token, or a wait structure, that belongs to a CPU at first; NULL where there is no room. */
KTM_INLINE lwkt_token_t lwkt_token_create(int cpu) {
  lwkt_token_t token;
  return sys_lwkt_token_create(cpu, &token) == 0 ? token : NULL;
}
KTM_INLINE lwkt_wait_t lwkt_wait_create(int cpu) {
  lwkt_wait_t wait;
  return sys_lwkt_wait_create(cpu, &wait) == 0 ? wait : NULL;
}
KTM_INLINE void lwkt_gettoken(lwkt_token_t token) { sys_lwkt_gettoken(token); }
KTM_INLINE void lwkt_reltoken(lwkt_token_t token) { sys_lwkt_reltoken(token); }
KTM_INLINE int lwkt_regettoken(lwkt_token_t token) { return sys_lwkt_regettoken(token); }
KTM_INLINE int lwkt_havetoken(lwkt_token_t token) { return sys_lwkt_havetoken(token); }
KTM_INLINE int lwkt_trytoken(lwkt_token_t token) { return sys_lwkt_trytoken(token); }
/* The token of the pool that stands for an address; NULL where there is no room for it, and then none is taken. */
KTM_INLINE lwkt_token_t lwkt_token_pool_lookup(const volatile void *ptr) {
  lwkt_token_t token;
  return sys_lwkt_token_pool_lookup(ptr, &token) == 0 ? token : NULL;
}
KTM_INLINE lwkt_token_t lwkt_getpooltoken(const volatile void *ptr) {
  lwkt_token_t token;
  return sys_lwkt_getpooltoken(ptr, &token) == 0 ? token : NULL;
}
KTM_INLINE void lwkt_relpooltoken(const volatile void *ptr) { sys_lwkt_relpooltoken(ptr); }
KTM_INLINE int lwkt_block(lwkt_wait_t wait, const char *wmesg, int gen) {
  return sys_lwkt_block(wait, wmesg, gen);
}
KTM_INLINE void lwkt_signal(lwkt_wait_t wait) { sys_lwkt_signal(wait); }
KTM_INLINE int lwkt_wait_gen(lwkt_wait_t wait) { return sys_lwkt_wait_gen(wait); }

int lwkt_create(void (*func)(void *), void *arg, thread_t *tdp, thread_t template, int flags,
                int cpu, const char *fmt, ...) KTM_FORMAT_OF(7, 8);
KTM_INLINE _Noreturn void lwkt_exit(void) { sys_lwkt_exit(); }
KTM_INLINE void lwkt_yield(void) { sys_lwkt_yield(); }
KTM_INLINE void lwkt_switch(void) { sys_lwkt_switch(); }
KTM_INLINE void lwkt_schedule(thread_t td) { sys_lwkt_schedule(td); }
KTM_INLINE void lwkt_deschedule(thread_t td) { sys_lwkt_deschedule(td); }
KTM_INLINE void lwkt_setpri(thread_t td, int priority) { sys_lwkt_setpri(td, priority); }
KTM_INLINE void crit_enter(void) { sys_crit_enter(); }
KTM_INLINE void crit_exit(void) { sys_crit_exit(); }

#ifdef __cplusplus
}
#endif

#endif
