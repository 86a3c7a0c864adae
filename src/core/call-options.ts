// Numbers that kernel calls take, by name: modes, and flags to be added up. C programs have them from
// include/kthread_machine.h, by the names of the originals.

import * as Layout from "../generated/layout.js";

/** Flags of kthread_add, kproc_create, kproc_kthread_add and fork, to be added up. */
export const CreateFlag = Object.freeze({
  /** The thread waits for sched_add. */
  STOPPED: Layout.RFSTOPPED,
});

/** Flags of lwkt_create. */
export const LwktFlag = Object.freeze({
  /** The thread waits for lwkt_schedule. */
  STOPREQ: Layout.TDL_STOPREQ,
});

/** What is added to the priority of tsleep, msleep and the sleeps with other locks. */
export const SleepFlag = Object.freeze({
  /** A stop or the end of the process interrupts the sleep: EINTR or ERESTART. */
  CATCH: Layout.PCATCH,
  /** The lock is not taken again. */
  DROP: Layout.PDROP,
});

/** Modes of thread_single: what becomes of the other threads of the process. */
export const SingleMode = Object.freeze({
  /** They are suspended. */
  NO_EXIT: Layout.SINGLE_NO_EXIT,
  /** They exit. */
  EXIT: Layout.SINGLE_EXIT,
  /** They are suspended where they would return to user mode. */
  BOUNDARY: Layout.SINGLE_BOUNDARY,
  /** They are suspended by a caller of another process. */
  ALLPROC: Layout.SINGLE_ALLPROC,
});

/** Policies of sched_setscheduler. */
export const SchedulingPolicy = Object.freeze({
  /** Shares by nice value. */
  OTHER: Layout.Policy.OTHER,
  /** Real time, 1 to 99: runs until it blocks. */
  FIFO: Layout.Policy.FIFO,
  /** Real time, 1 to 99, in turns with its equals. */
  RR: Layout.Policy.RR,
  /** The same share, and interrupts no time-sharing thread. */
  BATCH: Layout.Policy.BATCH,
  /** Runs when nothing else does. */
  IDLE: Layout.Policy.IDLE,
});

/** Modes of timer_wait and timer_next: what happens after a timer has been missed. */
export const TimerMode = Object.freeze({
  /** It goes on from now. */
  RELATIVE: 0,
  /** Its grid never moves: a thread that is late catches up. */
  ABSOLUTE: 1,
});

/** Options of mtx_init, to be added up. 0 is a mutex that lends priorities and does not recurse. */
export const MutexOption = Object.freeze({
  /** Its owner may take it again, and releases it as often. */
  RECURSE: Layout.MTX_RECURSE,
  /** Who finds it taken looks again and again; it is held in a critical section. */
  SPIN: Layout.MTX_SPIN,
  /** Lends no priority; those that wait get it in the order of arrival. */
  NOLEND: Layout.MTX_NOLEND,
});

/** Options of rm_init, to be added up. */
export const ReadMostlyOption = Object.freeze({
  /** Who shares it may share it again, also while another thread waits to have it alone. */
  RECURSE: Layout.RM_RECURSE,
  /** Who has it alone may sleep, and borrows nothing. */
  SLEEPABLE: Layout.RM_SLEEPABLE,
});

/**
 * What mtx_assert, rw_assert, sx_assert, rm_assert and lockmgr_assert say of a lock: one of the first four, and
 * of one that is held perhaps more.
 */
export const LockAssertion = Object.freeze({
  /** The caller does not hold it. */
  UNLOCKED: Layout.LA_UNLOCKED,
  /** It is held by the caller alone, or shared. */
  LOCKED: Layout.LA_LOCKED,
  /** It is shared. */
  SHARED: Layout.LA_SLOCKED,
  /** The caller holds it alone; of a mutex, that it holds it. */
  EXCLUSIVE: Layout.LA_XLOCKED,
  /** It was taken more than once. */
  RECURSED: Layout.LA_RECURSED,
  /** It was taken once. */
  NOTRECURSED: Layout.LA_NOTRECURSED,
});

/** Flags of lockinit and lockmgr (lockmgr(9)), to be added up, and results of lockstatus. */
export const LockManager = Object.freeze({
  // What lockmgr does, one of these.
  /** Shares the lock. */
  SHARED: Layout.LK_SHARED,
  /** Takes it alone. */
  EXCLUSIVE: Layout.LK_EXCLUSIVE,
  /** From shared to alone; gives it up and waits if others share it. */
  UPGRADE: Layout.LK_UPGRADE,
  /** From shared to alone, or EBUSY. */
  TRYUPGRADE: Layout.LK_TRYUPGRADE,
  /** From alone to shared. */
  DOWNGRADE: Layout.LK_DOWNGRADE,
  /** Releases it. */
  RELEASE: Layout.LK_RELEASE,
  /** Takes it alone when nobody holds it and nobody waits for it. */
  DRAIN: Layout.LK_DRAIN,
  // How it does so.
  /** EBUSY rather than waiting. */
  NOWAIT: Layout.LK_NOWAIT,
  /** ENOLCK after waiting. */
  SLEEPFAIL: Layout.LK_SLEEPFAIL,
  /** Waits for as long as lockinit was told, at most. */
  TIMELOCK: Layout.LK_TIMELOCK,
  /** Releases a mutex that the caller holds. */
  INTERLOCK: Layout.LK_INTERLOCK,
  /** Waits behind those that want it alone, also with another lock shared. */
  NODDLKTREAT: Layout.LK_NODDLKTREAT,
  // Of lockinit; the first and the fourth also of lockmgr.
  /** Its owner may take it again. */
  CANRECURSE: Layout.LK_CANRECURSE,
  /** Whoever wants to share it has it alone. */
  NOSHARE: Layout.LK_NOSHARE,
  /** WITNESS reports two of one name that are held at once. */
  NODUP: Layout.LK_NODUP,
  /** WITNESS does not look at it, */
  NOWITNESS: Layout.LK_NOWITNESS,
  /** nor does lock profiling. */
  NOPROFILE: Layout.LK_NOPROFILE,
  /** Result of lockstatus: another thread has it alone. */
  EXCLOTHER: Layout.LK_EXCLOTHER,
});
