// Kernel synchronisation objects: locks of all kinds, condition variables, semaphores, barriers and timers.
// Each is a cell of the kernel object arena (sys/kobj.ts), and the channel that its waiters sleep on.
//
// Locking: as the original's sleep queue and turnstile chains: free today (sys/proc.ts). ThreadLocks: (k) its thread for
// the counts of shared locks; its queue, and what is lent, are under the turnstile's lock.
import { KOBJ_SIZE } from "./kobj";
import { machine } from "./machine";
import { Thread, ThreadCold } from "./proc";
import { cold } from "./thread";

/** Kinds of object: the first word of each cell. */
export const KOBJ_MTX: u32 = 0x4d545821;
export const KOBJ_CV: u32 = 0x43562121;
export const KOBJ_RW: u32 = 0x52574c4b;
export const KOBJ_SX: u32 = 0x53584c4b;
export const KOBJ_RM: u32 = 0x524d4c4b;
/** The mutex inside an rmlock, and one of its readers: known to that lock only. */
export const KOBJ_RM_LOCK: u32 = 0x524d4d58;
export const KOBJ_RM_READER: u32 = 0x524d5244;
export const KOBJ_LOCKMGR: u32 = 0x4c4b4d47;
export const KOBJ_SEMA: u32 = 0x53454d41;
export const KOBJ_BARRIER: u32 = 0x42415252;
export const KOBJ_TIMER: u32 = 0x54494d45;

/** What the host is told of a thread that is about to end (thread_report), in the place of an event's list. */
export const HOST_EVENT_REPORT: u32 = 100;

// so_flags: options of mtx_init (mutex(9)), and one of this kernel's own.
export const MTX_DEF: u32 = 0x0;
export const MTX_SPIN: u32 = 0x1;
export const MTX_RECURSE: u32 = 0x4;
/** Does not lend priority, and is handed over in order of arrival. */
export const MTX_NOLEND: u32 = 0x100;
export const MTX_OPTIONS: u32 = MTX_SPIN | MTX_RECURSE | MTX_NOLEND;

// so_flags of an rmlock: options of rm_init (rmlock(9)).
/** A reader may enter again while a writer waits. */
export const RM_RECURSE: u32 = 0x2;
/** A writer may sleep, and those that wait for it lend no priority. */
export const RM_SLEEPABLE: u32 = 0x4;
export const RM_OPTIONS: u32 = RM_RECURSE | RM_SLEEPABLE;

// lk_flags: flags of lockinit (lockmgr(9)).
export const LK_CANRECURSE: u32 = 0x1;
export const LK_NODUP: u32 = 0x2;
export const LK_NOPROFILE: u32 = 0x4;
/** Requests to share it are granted exclusively. */
export const LK_NOSHARE: u32 = 0x8;
export const LK_NOWITNESS: u32 = 0x10;
export const LK_INIT_MASK: u32 =
  LK_CANRECURSE | LK_NODUP | LK_NOPROFILE | LK_NOSHARE | LK_NOWITNESS;
// Flags of lockmgr: LK_CANRECURSE, LK_NOWITNESS, these,
/** Releases a mutex that the caller holds. */
export const LK_INTERLOCK: u32 = 0x100;
export const LK_NOWAIT: u32 = 0x200;
/** The request fails once it has slept. */
export const LK_SLEEPFAIL: u32 = 0x800;
/** Sleeps no longer than the time given to lockinit. */
export const LK_TIMELOCK: u32 = 0x1000;
/** Always waits behind those that want exclusive ownership. */
export const LK_NODDLKTREAT: u32 = 0x2000;
/** The kernel's own: the request has slept. */
export const LK_SLEPT: u32 = 0x8000;
// and one of these; LK_EXCLOTHER is a result of lockstatus.
export const LK_TYPE_MASK: u32 = 0xff0000;
export const LK_DOWNGRADE: u32 = 0x10000;
export const LK_DRAIN: u32 = 0x20000;
export const LK_EXCLOTHER: u32 = 0x40000;
export const LK_EXCLUSIVE: u32 = 0x80000;
export const LK_RELEASE: u32 = 0x100000;
export const LK_SHARED: u32 = 0x200000;
export const LK_UPGRADE: u32 = 0x400000;
export const LK_TRYUPGRADE: u32 = 0x800000;
export const LK_TOTAL_MASK: u32 =
  LK_TYPE_MASK |
  LK_INIT_MASK |
  LK_INTERLOCK |
  LK_NOWAIT |
  LK_SLEEPFAIL |
  LK_TIMELOCK |
  LK_NODDLKTREAT;
// lk_waiters.
export const LK_SHARED_WAITERS: u32 = 0x2;
export const LK_EXCLUSIVE_WAITERS: u32 = 0x4;

/**
 * A synchronisation object. The meaning of a field depends on the kind:
 *
 *  0      4      8       12          16      20      24        28
 * | kind | name | owner | owner_tid | value | limit | waiters | contended |
 *  32     36            40           48              56
 * | uses | waiters_max | waited     | since         | expiry |
 *  64      68          72      76     80             84
 * | flags | contested | first | last | shared_first | shared_last | witness |
 *  92          96
 * | unwatched | due |
 */
@unmanaged
export class SyncObject {
  so_kind: u32; //        KOBJ_*
  so_name: u32; //        a string: also the wait message of its sleepers
  so_owner: Thread; //    mutex: the owner, null = free
  so_owner_tid: i32; //   mutex: the owner's id, which tells whether the structure is still that thread's
  so_value: i32; //       semaphore: its value; barrier: how many have arrived; lock: recursion count of its owner,
  //                      or number of sharers
  so_limit: i32; //       barrier: number of threads that meet
  so_waiters: i32; //     threads that sleep on it, or were woken and have not yet run
  so_contended: u32; //   how often a thread had to wait
  so_uses: u32; //        locks taken, waits and posts made, or barrier openings
  so_waiters_max: i32; // most waiters at any time
  so_waited: u64; //      cycles that all threads together have waited, up to so_since
  so_since: u64;
  so_expiry: u64; //      timer: its last expiry in cycles, 0 = not started
  // The turnstile of a lock (kern/subr_turnstile.ts).
  so_flags: u32; //       MTX_*
  so_contested: SyncObject; // the owner's next lock with waiters
  so_first: Thread; //    first and last thread that wait for exclusive ownership, the best first
  so_last: Thread;
  so_shared_first: Thread; // first and last thread that wait to share it
  so_shared_last: Thread;
  so_witness: u32; //     WITNESS: 1 + the index of its type, 0 = none yet
  so_unwatched: u32; //   LOCK_* bits of Machine.lock_watch that do not apply to it
  so_due: u32; //         lock: number of the earliest Deadline that its waiters lend, 0 = none (sys/deadline.ts)
}

/**
 * A read-mostly lock (kern/kern_rmlock.ts). Its own turnstile is for the writer that waits for readers:
 * so_owner is the reader that it is currently waiting for.
 */
@unmanaged
export class RmLock extends SyncObject {
  rm_lock: SyncObject; // the writers' mutex; readers that find a writer wait for it, too
  rm_first: RmReader; //  its readers, in order of arrival
  rm_last: RmReader;
}

/** A reader of an rmlock: struct rm_priotracker, kept by the kernel. */
@unmanaged
export class RmReader {
  rmp_kind: u32; // KOBJ_RM_READER
  rmp_thread: Thread;
  rmp_tid: i32; //  tells whether the structure is still that thread's
  rmp_next: RmReader;
  rmp_prev: RmReader;
}

/**
 * A lock of lockmgr(9) (kern/kern_lock.ts): so_owner holds it exclusively, or so_value threads share it. It
 * has two channels: its address, for threads that want it exclusively, and the next word, for those that want
 * to share it.
 */
@unmanaged
export class LockMgr extends SyncObject {
  lk_flags: u32; //     LK_* of lockinit
  lk_pri: u32; //       priority argument of tsleep for its waiters
  lk_timo: i32; //      and its timeout in ticks, with LK_TIMELOCK
  lk_recurse: i32; //   recursion count of its owner
  lk_waiters: u32; //   LK_*_WAITERS
  lk_exslpfail: u32; // upper bound of the exclusive waiters that give up when woken
  lk_kernproc: u32; //  1 = it is held exclusively, by no thread (lockmgr_disown)
}

// What is asserted of a lock (lock.h): one of these four,
export const LA_UNLOCKED: u32 = 0x0;
export const LA_LOCKED: u32 = 0x1;
export const LA_SLOCKED: u32 = 0x2;
export const LA_XLOCKED: u32 = 0x4;
// and, if it is held, possibly one of these.
export const LA_RECURSED: u32 = 0x8;
export const LA_NOTRECURSED: u32 = 0x10;

/** The two queues of a turnstile. */
export const TS_EXCLUSIVE: u32 = 1;
export const TS_SHARED: u32 = 2;

/** td_intrval of a thread that has left the queue since it was stopped. */
export const TS_LEFT: i8 = -2;

/** The head of such a queue, as laid out in the object. */
@unmanaged
export class TurnstileQueue {
  tq_first: Thread;
  tq_last: Thread;
}

if (offsetof<SyncObject>("so_last") != offsetof<SyncObject>("so_first") + sizeof<usize>())
  ERROR("a queue of a turnstile is its ends");
if (offsetof<SyncObject>("so_shared_last") != offsetof<SyncObject>("so_last") + 2 * sizeof<usize>())
  ERROR("the queues of a turnstile lie side by side");

/** One queue of a lock's turnstile. */
export function ts_queue(o: SyncObject, queue: u32): TurnstileQueue {
  const at = changetype<usize>(o) + offsetof<SyncObject>("so_first");
  return changetype<TurnstileQueue>(
    at + <usize>(queue - TS_EXCLUSIVE) * offsetof<TurnstileQueue>(),
  );
}

/** A thread's state with respect to locks: an array of 8-byte entries. */
@unmanaged
export class ThreadLocks {
  tl_contested: SyncObject; // first lock that it owns and others wait for
  tl_lent: u8; //             255 minus the priority that their waiters lend it; 0 = none
  tl_blocked: u8; //          the queue that it waits in, of the lock in td_wchan: TS_*, or 0
  tl_rw_rlocks: u8; //        rwlocks that it shares
  tl_lk_slocks: u8; //        locks of lockmgr(9) that it shares
}

if (offsetof<ThreadLocks>() * 8 != offsetof<Thread>())
  ERROR("a thread's locks are an eighth of it");
if (
  offsetof<ThreadLocks>("tl_lent") % 4 != 0 ||
  offsetof<ThreadLocks>() != offsetof<ThreadLocks>("tl_lent") + 4
)
  ERROR("holds_nothing looks at the last four bytes as one word");

/** True for a thread that shares no lock, waits for none and borrows no priority. */
export function holds_nothing(l: ThreadLocks): bool {
  return load<u32>(changetype<usize>(l), offsetof<ThreadLocks>("tl_lent")) == 0;
}

/** The lock state of a thread. */
export function td_locks(td: Thread): ThreadLocks {
  return changetype<ThreadLocks>((changetype<usize>(td) >> 3) + machine().locks_delta);
}

/** Address of the byte that counts the rwlocks, or the sx locks, that a thread shares. */
export function td_slocks(td: Thread, kind: u32): usize {
  return kind == KOBJ_RW
    ? changetype<usize>(td_locks(td)) + offsetof<ThreadLocks>("tl_rw_rlocks")
    : changetype<usize>(cold(td)) + offsetof<ThreadCold>("td_sx_slocks");
}

if (offsetof<LockMgr>() > KOBJ_SIZE || offsetof<RmLock>() > KOBJ_SIZE)
  ERROR("KOBJ_SIZE: a synchronisation object is larger");
