// Locks with one exclusive owner or several sharers: rwlock(9) and sx(9), which differ in three things.
//
//                          rwlock                                 sx
//   exclusive owner        borrows from all waiters               borrows nothing: its waiters sleep
//   waiting sharers        by priority                            in order of arrival
//   waiting                is no sleep                            is sleep to the scheduler
//
// A thread that wants to share waits behind one that wants exclusive ownership, unless it already shares
// another lock of the kind; a try ignores waiters. A released lock goes to the best exclusive waiter, the
// first among equals, or else to all waiting sharers. Like mutexes these locks are handed over at the
// release: a waiter that runs again has the lock.
import { panic } from "../env";
import { curthread } from "../sys/globaldata";
import { PDROP, SLOCKS_MAX } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDA_SUSPEND, TDF_SINTR, TDF_TIMEOUT, Thread } from "../sys/proc";
import {
  KOBJ_RW,
  MTX_RECURSE,
  SyncObject,
  TS_EXCLUSIVE,
  TS_LEFT,
  TS_SHARED,
  td_slocks,
} from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING, set_retval } from "./cont";
import { thread_suspend_check } from "./kern_single";
import { sync_awake, sync_queued } from "./kern_sync";
import { sleep_checked, sleepq_enter, sleepq_wait } from "./kern_synch";
import { lock_awake, lock_blocked, lock_released, lock_taken, lock_wanted } from "./lock_watch";
import { mi_switch_out, sched_asleep } from "./sched";
import { spins_for } from "./subr_adaptive";
import {
  turnstile_block,
  turnstile_disown,
  turnstile_hand_over,
  turnstile_own,
  turnstile_share,
} from "./subr_turnstile";

/** True for valid options of such a lock. */
export function rw_options_valid(options: u32): bool {
  return (options & ~MTX_RECURSE) == 0;
}

/** True if `td` owns the lock exclusively. */
export function rw_wowned(l: SyncObject, td: Thread): bool {
  return l.so_owner == td && l.so_owner_tid == cold(td).td_tid;
}

function is_rw(l: SyncObject): bool {
  return l.so_kind == KOBJ_RW;
}

/** True if the lock has an exclusive owner. */
function is_owned(l: SyncObject): bool {
  return is_td(l.so_owner);
}

/** Waits for the lock; when the thread runs again, it has it. */
function wait(l: SyncObject, td: Thread, queue: u32): u32 {
  lock_blocked(l, td);
  sync_queued(l);
  return wait_in(l, td, queue);
}

/** Queues the current thread for the lock. Who waits for an sx sleeps, and the scheduler counts it as sleep. */
function block(l: SyncObject, td: Thread, queue: u32): void {
  if (!is_rw(l) && !planted(Plant.SCORE_SX_AWAKE)) sched_asleep(td, 0);
  turnstile_block(l, td, queue);
}

/** Waits in a queue of the lock, unless its owner is running. */
function wait_in(l: SyncObject, td: Thread, queue: u32): u32 {
  if (spins_for(l, queue == TS_SHARED ? K.RW_ADAPTIVE_R : K.RW_ADAPTIVE_W)) return PENDING;
  block(l, td, queue);
  cont_push(K.RW_LOCK_1, changetype<u32>(l));
  mi_switch_out();
  return PENDING;
}

export function rw_lock_1(l: SyncObject): u32 {
  sync_awake(l);
  lock_awake(l, curthread());
  return done(0);
}

// ---- Sharing ----

/** True if a thread that would wait may share the lock at once (RW_CAN_READ). */
function may_share(l: SyncObject, td: Thread): bool {
  if (is_owned(l)) return false;
  return !is_td(l.so_first) || load<u8>(td_slocks(td, l.so_kind)) != 0;
}

/** Shares the lock, which must have no exclusive owner. */
function share(l: SyncObject, td: Thread): void {
  const count = td_slocks(td, l.so_kind);
  if (load<u8>(count) == SLOCKS_MAX) {
    panic(
      is_rw(l) ? "rw_rlock: too many read locks: %s" : "sx_slock: too many share locks: %s",
      l.so_name,
    );
  }
  store<u8>(count, load<u8>(count) + 1);
  l.so_value++;
  l.so_uses++;
  lock_taken(l, td, false);
}

/** Shares the lock. Its exclusive owner deadlocks on an sx, and panics on an rwlock. */
export function rw_rlock(l: SyncObject): u32 {
  const td = curthread();
  if (is_rw(l) && rw_wowned(l, td)) panic("rw_rlock: wlock already held for %s", l.so_name);
  lock_wanted(l, td, false);
  if (!may_share(l, td)) return wait(l, td, TS_SHARED);
  share(l, td);
  return done(0);
}

/** Shares the lock, regardless of waiters, unless it has an exclusive owner: 1, or 0. */
export function rw_try_rlock(l: SyncObject): u32 {
  if (is_owned(l)) return 0;
  share(l, curthread());
  return 1;
}

/** Panics unless the lock is shared. */
function assert_shared(l: SyncObject): void {
  if (is_owned(l) || l.so_value == 0) not_shared(l);
}

function not_shared(l: SyncObject): void {
  panic(is_rw(l) ? "Lock %s not read locked" : "Lock %s not share locked", l.so_name);
}

/** Undoes share. */
function unshare(l: SyncObject, td: Thread): void {
  assert_shared(l);
  const count = td_slocks(td, l.so_kind);
  if (load<u8>(count) == 0) not_shared(l);
  store<u8>(count, load<u8>(count) - 1);
  l.so_value--;
  lock_released(l, td);
}

/** Hands the lock, which is free, to the next in turn. */
function pass_on(l: SyncObject): void {
  if (!turnstile_hand_over(l)) turnstile_share(l, true);
}

/**
 * Stops sharing the lock; the last sharer hands it to the best exclusive waiter, or else to the waiting sharers.
 */
export function rw_runlock(l: SyncObject): u32 {
  unshare(l, curthread());
  if (l.so_value == 0) pass_on(l);
  return done(0);
}

// ---- Exclusive ownership ----

/** Takes the lock exclusively if that needs no waiting. */
function own(l: SyncObject, td: Thread): bool {
  if (is_owned(l)) {
    if ((l.so_flags & MTX_RECURSE) == 0 || !rw_wowned(l, td)) return false;
    l.so_value++;
    return true;
  }
  if (l.so_value != 0) return false;
  turnstile_own(l, td);
  return true;
}

/** Takes the lock exclusively. Panics if the caller already owns it and it may not recurse. */
export function rw_wlock(l: SyncObject): u32 {
  const td = curthread();
  lock_wanted(l, td, true);
  if (own(l, td)) return done(0);
  if (rw_wowned(l, td)) recursed(l);
  return wait(l, td, TS_EXCLUSIVE);
}

function recursed(l: SyncObject): void {
  panic(
    is_rw(l)
      ? "__rw_wlock_hard: recursing but non-recursive rw %s"
      : "_sx_xlock_hard: recursed on non-recursive sx %s",
    l.so_name,
  );
}

/** Takes the lock exclusively if that needs no waiting: 1, or 0. */
export function rw_try_wlock(l: SyncObject): u32 {
  return own(l, curthread()) ? 1 : 0;
}

function assert_wowned(l: SyncObject, td: Thread): void {
  if (!rw_wowned(l, td)) panic("Lock %s not exclusively locked", l.so_name);
}

/** Releases a lock that `td` owns exclusively, without recursion. */
export function rw_release(l: SyncObject, td: Thread): void {
  turnstile_disown(l, td);
  pass_on(l);
}

/** Releases the lock. Panics if the caller is not its exclusive owner. */
export function rw_wunlock(l: SyncObject): u32 {
  const td = curthread();
  assert_wowned(l, td);
  if (l.so_value != 0) l.so_value--;
  else rw_release(l, td);
  return done(0);
}

/** Spinning: tries again. */
export function rw_adaptive(l: SyncObject, queue: u32): u32 {
  const td = curthread();
  return take(l, td, queue) ? rw_lock_1(l) : wait_in(l, td, queue);
}

// ---- Interruptible acquisition ----

/** Shares an sx as rw_rlock does, interrupted when the process stops or ends: 0, EINTR or ERESTART. */
export function sx_slock_sig(l: SyncObject): u32 {
  lock_wanted(l, curthread(), false);
  return look_sig(l, TS_SHARED, false, 0);
}

/** The same for exclusive ownership, as rw_wlock. */
export function sx_xlock_sig(l: SyncObject): u32 {
  const td = curthread();
  lock_wanted(l, td, true);
  if (rw_wowned(l, td) && (l.so_flags & MTX_RECURSE) == 0) recursed(l);
  return look_sig(l, TS_EXCLUSIVE, false, 0);
}

/** Takes the lock if that needs no waiting: true if the thread has it. */
function take(l: SyncObject, td: Thread, queue: u32): bool {
  if (queue != TS_SHARED) return own(l, td);
  if (!may_share(l, td)) return false;
  share(l, td);
  return true;
}

/** Second word of K.SX_SIG_R and K.SX_SIG_W: the thread has just made its suspension check. */
const CHECKED: u32 = 1;

/**
 * Takes the lock or waits for it, after a suspension check if the thread is asked to stop or end. `waits`: it is waiting
 * already. `checked`: it has made that check just now, and waits whether or not TDA_SUSPEND is still set: a request that
 * has been taken back leaves the flag behind, and the check would be made again and again.
 */
function look_sig(l: SyncObject, queue: u32, waits: bool, checked: u32): u32 {
  const td = curthread();
  if (take(l, td, queue)) {
    if (!waits) return done(0);
    sync_awake(l);
    lock_awake(l, td);
    return done(0);
  }
  const again = queue == TS_SHARED ? K.SX_SIG_R : K.SX_SIG_W;
  if (!waits) {
    lock_blocked(l, td);
    sync_queued(l);
  }
  if (checked != CHECKED && (cold(td).td_ast & TDA_SUSPEND) != 0) {
    cont_push(again, changetype<u32>(l), CHECKED);
    thread_suspend_check(1);
    return PENDING;
  }
  set_retval(0);
  if (spins_for(l, again)) return PENDING;
  cold(td).td_intrval = 0;
  td.td_flags = (td.td_flags & ~TDF_TIMEOUT) | TDF_SINTR;
  block(l, td, queue);
  cont_push(K.SX_SIG_1, changetype<u32>(l), queue);
  mi_switch_out();
  return PENDING;
}

/** After the suspension check, which gave `error`; also, with 0, after spinning: then nothing is checked. */
export function sx_sig_again(l: SyncObject, queue: u32, checked: u32, error: i32): u32 {
  if (error == 0) return look_sig(l, queue, true, checked);
  sync_awake(l);
  return done(error);
}

/** Awake: with the lock, interrupted, or to try again after a stop. */
export function sx_sig_1(l: SyncObject, queue: u32): u32 {
  const td = curthread();
  td.td_flags &= ~TDF_SINTR;
  const error = <i32>cold(td).td_intrval;
  if (error == TS_LEFT) return look_sig(l, queue, true, 0);
  sync_awake(l);
  if (error == 0) lock_awake(l, td);
  return done(error);
}

// ---- Upgrade and downgrade ----

/** The only sharer becomes the exclusive owner: 1, or 0 if there are other sharers. */
export function rw_try_upgrade(l: SyncObject): u32 {
  const td = curthread();
  assert_shared(l);
  if (l.so_value != 1) return 0;
  unshare(l, td);
  turnstile_own(l, td);
  return 1;
}

/**
 * The exclusive owner becomes a sharer, together with all waiting sharers; while there is an exclusive
 * waiter, only with those that share another sx, if it is an sx.
 */
export function rw_downgrade(l: SyncObject): u32 {
  const td = curthread();
  assert_wowned(l, td);
  if (l.so_value != 0) panic("Lock %s recursed", l.so_name);
  turnstile_disown(l, td);
  const wanted = is_td(l.so_first);
  if (!wanted || !is_rw(l)) turnstile_share(l, !wanted);
  share(l, td);
  return done(0);
}

// ---- sleep(9) ----

/**
 * True if the current thread is the exclusive owner. Panics if it has recursed, or neither owns nor shares
 * the lock.
 */
export function rw_held(l: SyncObject): bool {
  const is_alone = rw_wowned(l, curthread());
  if (is_alone && l.so_value != 0) panic("Lock %s recursed", l.so_name);
  if (!is_alone && (is_owned(l) || l.so_value == 0)) panic("Lock %s not locked", l.so_name);
  return is_alone;
}

/** As msleep, with a lock that the current thread shares or owns, and takes again in the same way afterwards. */
export function rw_sleep(wchan: u32, l: SyncObject, pri: u32, wmesg: u32, timo: i32): u32 {
  const is_alone = rw_held(l);
  sleep_checked(l, wmesg);
  sleepq_enter(wchan, pri, wmesg, timo);
  if (is_alone) rw_release(l, curthread());
  else rw_runlock(l);
  if ((pri & PDROP) == 0) cont_push(is_alone ? K.RW_SLEEP_W : K.RW_SLEEP_R, changetype<u32>(l));
  return sleepq_wait(pri, timo) == DONE && (pri & PDROP) != 0 ? DONE : PENDING;
}

/** Awake, with the result of the sleep: takes the lock again. */
export function rw_sleep_1(l: SyncObject, is_alone: bool, error: i32): u32 {
  cont_push(K.RETURN_VALUE, error);
  if (is_alone) rw_wlock(l);
  else rw_rlock(l);
  return PENDING;
}
