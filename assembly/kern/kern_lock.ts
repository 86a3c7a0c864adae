// lockmgr(9), after kern_lock.c: locks whose every operation is one call with flags. One thread owns a lock
// exclusively, or several share it. Waiters are on sleep queues, so that a wait can time out and be
// interrupted, and lend no priority.
//
// A release wakes all exclusive waiters, or else all sharers; the first of them to run takes the lock. These
// are the only locks here that are not handed over. A thread that wants to share waits behind exclusive
// waiters, unless it already shares another lockmgr lock. The waiter flags (lk_waiters) are the original's:
// they stay set when a wait ends early, and are cleared when the queue is woken.
//
// A request that sleeps continues with its remaining flags; LK_SLEPT says that it has waited.

import { panic } from "../env";
import { EBUSY, EDEADLK, ENOLCK } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { LOCK_PROFILE, LOCK_WITNESS } from "../sys/machine";
import { PCATCH, SLOCKS_MAX } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { Thread } from "../sys/proc";
import {
  KOBJ_LOCKMGR,
  LK_CANRECURSE,
  LK_DOWNGRADE,
  LK_DRAIN,
  LK_EXCLOTHER,
  LK_EXCLUSIVE,
  LK_EXCLUSIVE_WAITERS,
  LK_INIT_MASK,
  LK_INTERLOCK,
  LK_NODDLKTREAT,
  LK_NOPROFILE,
  LK_NOSHARE,
  LK_NOWAIT,
  LK_NOWITNESS,
  LK_RELEASE,
  LK_SHARED,
  LK_SHARED_WAITERS,
  LK_SLEEPFAIL,
  LK_SLEPT,
  LK_TIMELOCK,
  LK_TOTAL_MASK,
  LK_TRYUPGRADE,
  LK_TYPE_MASK,
  LK_UPGRADE,
  LockMgr,
  SyncObject,
  td_locks,
} from "../sys/sync";
import { cold, is_td, no_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING } from "./cont";
import { mtx_assert_once, mtx_release } from "./kern_mutex";
import { sync_awake, sync_create, sync_queued, sync_requeued } from "./kern_sync";
import { sleepq_enter, sleepq_lookup, sleepq_wait, tsleep, wakeup } from "./kern_synch";
import { lock_awake, lock_blocked, lock_released, lock_taken, lock_wanted } from "./lock_watch";

/** True if all bits are flags of lockinit. */
export function lk_init_flags_valid(flags: u32): bool {
  return (flags & ~LK_INIT_MASK) == 0;
}

/** True if all bits are flags of lockmgr. */
export function lk_flags_valid(flags: u32): bool {
  return (flags & ~LK_TOTAL_MASK) == 0;
}

/** Creates a lock; null if the kernel object arena is full. */
export function lockinit(pri: u32, name: u32, timo: i32, flags: u32): SyncObject {
  const lk = changetype<LockMgr>(sync_create(KOBJ_LOCKMGR, name));
  if (changetype<usize>(lk) == 0) return lk;
  lk.lk_pri = pri;
  lk.lk_timo = timo;
  lk.lk_flags = flags;
  if ((flags & LK_NOWITNESS) != 0) lk.so_unwatched |= LOCK_WITNESS;
  if ((flags & LK_NOPROFILE) != 0) lk.so_unwatched |= LOCK_PROFILE;
  return lk;
}

// ---- Ownership ----

/** True if `td` owns the lock exclusively. */
function xlocked(lk: LockMgr, td: Thread): bool {
  return lk.so_owner == td && lk.so_owner_tid == cold(td).td_tid;
}

/** True if `td` counts as the exclusive owner: it is, or the lock was disowned. */
export function lk_held_alone(lk: LockMgr, td: Thread): bool {
  return lk.lk_kernproc != 0 || xlocked(lk, td);
}

/** True if it is held exclusively, by a thread or by none (lockmgr_disown). */
function is_exclusive(lk: LockMgr): bool {
  return is_td(lk.so_owner) || lk.lk_kernproc != 0;
}

function is_free(lk: LockMgr): bool {
  return lk.so_value == 0 && !is_exclusive(lk);
}

function set_owner(lk: LockMgr, td: Thread): void {
  lk.so_owner = td;
  lk.so_owner_tid = cold(td).td_tid;
}

function clear_owner(lk: LockMgr): void {
  lk.so_owner = no_td();
  lk.so_owner_tid = 0;
  lk.lk_kernproc = 0;
}

/** Makes the current thread its exclusive owner (lockmgr_note_exclusive_acquire). */
function own(lk: LockMgr, td: Thread, flags: u32): void {
  set_owner(lk, td);
  lk.so_uses++;
  lock_taken(lk, td, true);
  if ((flags & LK_SLEPT) != 0) lock_awake(lk, td);
}

/** Makes the current thread one of its sharers. */
function share(lk: LockMgr, td: Thread): void {
  const l = td_locks(td);
  if (l.tl_lk_slocks == SLOCKS_MAX) panic("lockmgr: too many share locks: %s", lk.so_name);
  l.tl_lk_slocks++;
  lk.so_value++;
}

/** Undoes share. */
function unshare(lk: LockMgr, td: Thread): void {
  const l = td_locks(td);
  if (l.tl_lk_slocks == 0) panic("Lock %s not sharelocked", lk.so_name);
  l.tl_lk_slocks--;
  lk.so_value--;
}

// ---- Ending a request, and waiting ----

/** Ends a request: releases the interlock, if it is still held (lockmgr_exit). */
function finish(flags: u32, ilk: SyncObject, error: i32): u32 {
  if ((flags & LK_INTERLOCK) != 0) mtx_release(ilk);
  return done(error);
}

/** Has WITNESS check a request that may wait, before it does. */
function wanted(lk: LockMgr, td: Thread, flags: u32, ilk: SyncObject, exclusive: bool): void {
  if ((flags & (LK_NOWITNESS | LK_NOWAIT)) != 0) return;
  lock_wanted(lk, td, exclusive, (flags & LK_INTERLOCK) != 0 ? ilk : no_interlock());
}

/** Stands for the interlock once that is released. */
function no_interlock(): SyncObject {
  return changetype<SyncObject>(0);
}

/** The channel of threads that want to share a lock. */
function shared_channel(lk: LockMgr): u32 {
  return changetype<u32>(lk) + <u32>sizeof<u32>();
}

/** A request is about to sleep: counts it among the contested ones, once. */
function queued(lk: LockMgr, flags: u32): void {
  if ((flags & LK_SLEPT) != 0) {
    sync_requeued(lk);
    return;
  }
  lock_blocked(lk, curthread());
  sync_queued(lk);
}

/**
 * Sleeps in one of a lock's queues, releasing the interlock (sleeplk); continues with `fn` and the remaining
 * flags.
 */
function sleep(lk: LockMgr, flags: u32, ilk: SyncObject, is_shared: bool, fn: K): u32 {
  queued(lk, flags);
  if (!is_shared && (flags & LK_SLEEPFAIL) != 0) lk.lk_exslpfail++;
  const timo = (flags & LK_TIMELOCK) != 0 ? lk.lk_timo : 0;
  const wchan = is_shared ? shared_channel(lk) : changetype<u32>(lk);
  // A drain does not give up, so that nothing may interrupt its sleep either.
  const pri = fn == K.LK_DRAIN_1 ? lk.lk_pri & ~PCATCH : lk.lk_pri;
  sleepq_enter(wchan, pri, lk.so_name, timo);
  if ((flags & LK_INTERLOCK) != 0) mtx_release(ilk);
  cont_push(fn, changetype<u32>(lk), (flags & ~LK_INTERLOCK) | LK_SLEPT);
  sleepq_wait(pri, timo);
  return PENDING;
}

/** Awake: the error that the request returns now, or 0 to try again. */
function awake(lk: LockMgr, flags: u32, error: i32): i32 {
  sync_awake(lk);
  return error == 0 && (flags & LK_SLEEPFAIL) != 0 ? ENOLCK : error;
}

/** True if more than `n` threads sleep on a channel. */
function sleep_more_than(wchan: u32, n: u32): bool {
  let td = sleepq_lookup(wchan);
  for (let i: u32 = 0; i < n && is_td(td); i++) td = changetype<Thread>(td.td_qnext);
  return is_td(td);
}

/** The lock is free: wakes the exclusive waiters; if there are none, or all will give up, the sharing ones. */
function wake_waiters(lk: LockMgr): void {
  const alone = changetype<u32>(lk);
  const waits = (lk.lk_waiters & LK_EXCLUSIVE_WAITERS) != 0;
  const fail = lk.lk_exslpfail;
  lk.lk_exslpfail = 0;
  if (waits && (sleep_more_than(alone, fail) || planted(Plant.LK_FAIL_COUNTS))) {
    lk.lk_waiters &= LK_SHARED_WAITERS;
    wakeup(alone);
    return;
  }
  lk.lk_waiters = 0;
  if (waits) wakeup(alone);
  wakeup(shared_channel(lk));
}

// ---- Sharing ----

/** LK_CAN_SHARE */
function can_share(lk: LockMgr, td: Thread, flags: u32): bool {
  if (is_exclusive(lk)) return false;
  if ((lk.lk_waiters & LK_EXCLUSIVE_WAITERS) == 0 || planted(Plant.LK_SHARER_PASSES)) return true;
  return td_locks(td).tl_lk_slocks != 0 && (flags & LK_NODDLKTREAT) == 0;
}

/** Shares the lock, or sleeps until it may be available. */
function slock(lk: LockMgr, flags: u32, ilk: SyncObject): u32 {
  const td = curthread();
  if (can_share(lk, td, flags)) {
    share(lk, td);
    lk.so_uses++;
    lock_taken(lk, td, false);
    if ((flags & LK_SLEPT) != 0) lock_awake(lk, td);
    return finish(flags, ilk, 0);
  }
  if (xlocked(lk, td)) return finish(flags, ilk, EDEADLK);
  if ((flags & LK_NOWAIT) != 0) return finish(flags, ilk, EBUSY);
  lk.lk_waiters |= LK_SHARED_WAITERS;
  return sleep(lk, flags, ilk, true, K.LK_SHARED_1);
}

export function lk_shared_1(lk: LockMgr, flags: u32, error: i32): u32 {
  const result = awake(lk, flags, error);
  return result != 0 ? finish(flags, no_interlock(), result) : slock(lk, flags, no_interlock());
}

/** Stops sharing the lock (wakeupshlk). */
function sunlock(lk: LockMgr, td: Thread): void {
  unshare(lk, td);
  lock_released(lk, td);
  if (lk.so_value == 0 && lk.lk_waiters != 0) wake_waiters(lk);
}

// ---- Exclusive ownership ----

/** Takes the lock exclusively, recursing if allowed, or sleeps until it may be available. */
function xlock(lk: LockMgr, flags: u32, ilk: SyncObject): u32 {
  if (xlocked(lk, curthread())) return recurse(lk, flags, ilk);
  return xlock_look(lk, flags, ilk);
}

function recurse(lk: LockMgr, flags: u32, ilk: SyncObject): u32 {
  if (((flags | lk.lk_flags) & LK_CANRECURSE) == 0) {
    if ((flags & LK_NOWAIT) != 0) return finish(flags, ilk, EBUSY);
    panic("lockmgr_xlock_hard: recursing on non recursive lockmgr %s", lk.so_name);
  }
  lk.lk_recurse++;
  return finish(flags, ilk, 0);
}

function xlock_look(lk: LockMgr, flags: u32, ilk: SyncObject): u32 {
  if (is_free(lk)) {
    own(lk, curthread(), flags);
    return finish(flags, ilk, 0);
  }
  if ((flags & LK_NOWAIT) != 0) return finish(flags, ilk, EBUSY);
  lk.lk_waiters |= LK_EXCLUSIVE_WAITERS;
  return sleep(lk, flags, ilk, false, K.LK_EXCLUSIVE_1);
}

export function lk_exclusive_1(lk: LockMgr, flags: u32, error: i32): u32 {
  const result = awake(lk, flags, error);
  if (result == 0) return xlock_look(lk, flags, no_interlock());
  // It was woken to take the lock, and may have been the only one to be woken.
  if (is_free(lk) && lk.lk_waiters != 0 && !planted(Plant.LK_NO_REWAKE)) wake_waiters(lk);
  return finish(flags, no_interlock(), result);
}

/** Releases exclusive ownership, or one level of recursion. */
function xunlock(lk: LockMgr, td: Thread): void {
  if (lk.lk_recurse != 0) {
    lk.lk_recurse--;
    return;
  }
  const watched = lk.lk_kernproc == 0;
  clear_owner(lk);
  if (watched) lock_released(lk, td);
  if (lk.lk_waiters != 0) wake_waiters(lk);
}

// ---- Upgrade and downgrade ----

/**
 * The only sharer becomes the exclusive owner; otherwise it stops sharing and waits for exclusive ownership,
 * if allowed.
 */
function upgrade(lk: LockMgr, flags: u32, ilk: SyncObject): u32 {
  const td = curthread();
  if (lk.so_value == 0) panic("Lock %s not sharelocked", lk.so_name);
  if (lk.so_value == 1) {
    unshare(lk, td);
    lock_released(lk, td);
    own(lk, td, 0);
    return finish(flags, ilk, 0);
  }
  if ((flags & LK_TYPE_MASK) == LK_TRYUPGRADE) return finish(flags, ilk, EBUSY);
  sunlock(lk, td);
  wanted(lk, td, flags, ilk, true);
  return xlock(lk, flags, ilk);
}

/** The exclusive owner becomes a sharer. Wakes nobody: waiters stay until the lock is released. */
function downgrade(lk: LockMgr, td: Thread): void {
  if (!xlocked(lk, td)) panic("Lock %s not exclusively locked", lk.so_name);
  if (lk.lk_recurse != 0) panic("__lockmgr_args: downgrade a recursed lockmgr %s", lk.so_name);
  clear_owner(lk);
  if (planted(Plant.LK_DOWNGRADE_WAKES) && lk.lk_waiters != 0) wake_waiters(lk);
  lock_released(lk, td);
  share(lk, td);
  lock_taken(lk, td, false);
}

// ---- Draining ----

/** Takes the lock exclusively once no thread holds it or waits for it. */
function drain(lk: LockMgr, flags: u32, ilk: SyncObject): u32 {
  const free = is_free(lk);
  if (free && (lk.lk_waiters == 0 || planted(Plant.LK_DRAIN_FIRST))) {
    own(lk, curthread(), flags);
    return finish(flags, ilk, 0);
  }
  if ((flags & LK_NOWAIT) != 0) return finish(flags, ilk, EBUSY);
  if (free) return drain_later(lk, flags, ilk);
  lk.lk_waiters |= LK_EXCLUSIVE_WAITERS;
  return sleep(lk, flags & ~(LK_SLEEPFAIL | LK_TIMELOCK), ilk, false, K.LK_DRAIN_1);
}

/** Waiters come first: tries again a tick later, where the original spins until one of them has the lock. */
function drain_later(lk: LockMgr, flags: u32, ilk: SyncObject): u32 {
  queued(lk, flags);
  wake_waiters(lk);
  if ((flags & LK_INTERLOCK) != 0) mtx_release(ilk);
  cont_push(K.LK_DRAIN_1, changetype<u32>(lk), (flags & ~LK_INTERLOCK) | LK_SLEPT);
  tsleep(shared_channel(lk) + <u32>sizeof<u32>(), 0, lk.so_name, 1);
  return PENDING;
}

/** Awake: tries again. */
export function lk_drain_1(lk: LockMgr, flags: u32): u32 {
  sync_awake(lk);
  return drain(lk, flags, no_interlock());
}

// ---- Requests ----

/** Panics for requests that make no sense. */
function check_request(lk: LockMgr, flags: u32, ilk: SyncObject): void {
  const op = flags & LK_TYPE_MASK;
  if ((op & (op - 1)) != 0) panic("__lockmgr_args: Invalid requested operation");
  if ((flags & (LK_NOWAIT | LK_SLEEPFAIL)) != 0 && (op == LK_DOWNGRADE || op == LK_RELEASE)) {
    panic("__lockmgr_args: Invalid flags in regard of the operation desired");
  }
  if ((flags & LK_INTERLOCK) == 0) return;
  if (changetype<usize>(ilk) == 0) {
    panic("__lockmgr_args: LK_INTERLOCK passed without valid interlock");
  }
  mtx_assert_once("lockmgr: mutex %s is not owned by thread %N (tid %d)", ilk);
}

/** Performs the operation that the flags specify: 0, EBUSY, EDEADLK, ENOLCK, EWOULDBLOCK, EINTR or ERESTART. */
export function lockmgr(o: SyncObject, flags: u32, ilk: SyncObject): u32 {
  const lk = changetype<LockMgr>(o);
  check_request(lk, flags, ilk);
  let op = flags & LK_TYPE_MASK;
  const td = curthread();
  if ((lk.lk_flags & LK_NOSHARE) != 0) {
    if (op == LK_SHARED) op = LK_EXCLUSIVE;
    else if (op == LK_UPGRADE || op == LK_TRYUPGRADE || op == LK_DOWNGRADE) {
      if (!xlocked(lk, td)) panic("Lock %s not exclusively locked", lk.so_name);
      if (lk.lk_recurse != 0) panic("Lock %s recursed", lk.so_name);
      return finish(flags, ilk, 0);
    }
  }
  switch (op) {
    case LK_SHARED:
      wanted(lk, td, flags, ilk, false);
      return slock(lk, flags, ilk);
    case LK_EXCLUSIVE:
      wanted(lk, td, flags, ilk, true);
      return xlock(lk, flags, ilk);
    case LK_UPGRADE:
    case LK_TRYUPGRADE:
      return upgrade(lk, flags, ilk);
    case LK_DOWNGRADE:
      downgrade(lk, td);
      return finish(flags, ilk, 0);
    case LK_RELEASE:
      release(lk, td);
      return finish(flags, ilk, 0);
    case LK_DRAIN:
      wanted(lk, td, flags, ilk, true);
      if (xlocked(lk, td)) {
        panic("__lockmgr_args: draining %s with the lock held", lk.so_name);
      }
      return drain(lk, flags, ilk);
    default:
      panic("__lockmgr_args: unknown lockmgr request 0x%x", op);
      return DONE;
  }
}

function release(lk: LockMgr, td: Thread): void {
  if (lk.so_value != 0) sunlock(lk, td);
  else if (lk_held_alone(lk, td)) xunlock(lk, td);
  else panic("Lock %s not locked", lk.so_name);
}

/** How the caller sees the lock: LK_EXCLUSIVE, LK_EXCLOTHER, LK_SHARED, or 0 if it is free. */
export function lockstatus(o: SyncObject): i32 {
  const lk = changetype<LockMgr>(o);
  if (is_exclusive(lk)) {
    return lk_held_alone(lk, curthread()) ? LK_EXCLUSIVE : LK_EXCLOTHER;
  }
  return lk.so_value != 0 ? LK_SHARED : 0;
}

/** Gives up ownership without releasing the lock: any thread may release it. */
export function lockmgr_disown(o: SyncObject): void {
  const lk = changetype<LockMgr>(o);
  const td = curthread();
  if (lk.lk_kernproc != 0) return;
  if (!xlocked(lk, td)) panic("Lock %s not exclusively locked", lk.so_name);
  if (lk.lk_recurse != 0) panic("_lockmgr_disown: disown a recursed lockmgr");
  clear_owner(lk);
  lk.lk_kernproc = 1;
  lock_released(lk, td);
}
