// Locks that one thread holds alone or several share: rwlock(9) and sx(9), which differ in two things.
//
//                          rwlock                                 sx
//   who holds it alone     borrows from all that wait             borrows nothing: its waiters sleep
//   who wants to share it  comes in by priority                   comes in in the order of arrival
//
// Who wants to share one waits behind a thread that wants it alone, unless it shares another one of the kind; who only
// tries waits for nobody. Released, a lock goes to the best that wants it alone, the first among equals, or else to all that want to share it. As
// mutexes are, they are handed over at the release: a waiting thread that runs again has the lock.
import { panic } from "../env";
import { curthread } from "../sys/globaldata";
import { PDROP, SLOCKS_MAX } from "../sys/param";
import { Thread } from "../sys/proc";
import { KOBJ_RW, MTX_RECURSE, SyncObject, TS_EXCLUSIVE, TS_SHARED, td_slocks } from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING } from "./cont";
import { sync_awake, sync_queued } from "./kern_sync";
import { sleep_checked, sleepq_enter, sleepq_wait } from "./kern_synch";
import { lock_awake, lock_blocked, lock_released, lock_taken, lock_wanted } from "./lock_watch";
import { mi_switch } from "./sched";
import { spins_for } from "./subr_adaptive";
import {
  turnstile_block,
  turnstile_disown,
  turnstile_hand_over,
  turnstile_own,
  turnstile_share,
} from "./subr_turnstile";

/** True for the options of such a lock that exist. */
export function rw_options_valid(options: u32): bool {
  return (options & ~MTX_RECURSE) == 0;
}

/** True if `td` holds the lock alone. */
export function rw_wowned(l: SyncObject, td: Thread): bool {
  return l.so_owner == td && l.so_owner_tid == cold(td).td_tid;
}

function is_rw(l: SyncObject): bool {
  return l.so_kind == KOBJ_RW;
}

/** Whether somebody holds the lock alone. */
function is_owned(l: SyncObject): bool {
  return is_td(l.so_owner);
}

/** Waits for the lock; who is awake again has it. */
function wait(l: SyncObject, td: Thread, queue: u32): u32 {
  lock_blocked(l, td);
  sync_queued(l);
  return wait_in(l, td, queue);
}

/** Waits in a queue of the lock, unless its owner runs. */
function wait_in(l: SyncObject, td: Thread, queue: u32): u32 {
  if (spins_for(l, queue == TS_SHARED ? K.RW_ADAPTIVE_R : K.RW_ADAPTIVE_W)) return PENDING;
  turnstile_block(l, td, queue);
  cont_push(K.RW_LOCK_1, changetype<u32>(l));
  mi_switch();
  return PENDING;
}

export function rw_lock_1(l: SyncObject): u32 {
  sync_awake(l);
  lock_awake(l, curthread());
  return done(0);
}

// ---- Sharing ----

/** Whether a thread that would wait for it may share the lock at once (RW_CAN_READ). */
function may_share(l: SyncObject, td: Thread): bool {
  if (is_owned(l)) return false;
  return !is_td(l.so_first) || load<u8>(td_slocks(td, l.so_kind)) != 0;
}

/** Shares the lock, which nobody has alone. */
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

/** Shares the lock. Who has it alone waits for itself, or panics if it is an rwlock. */
export function rw_rlock(l: SyncObject): u32 {
  const td = curthread();
  if (is_rw(l) && rw_wowned(l, td)) panic("rw_rlock: wlock already held for %s", l.so_name);
  lock_wanted(l, td, false);
  if (!may_share(l, td)) return wait(l, td, TS_SHARED);
  share(l, td);
  return done(0);
}

/** Shares the lock, whoever waits for it, unless a thread has it alone: 1, or 0. */
export function rw_try_rlock(l: SyncObject): u32 {
  if (is_owned(l)) return 0;
  share(l, curthread());
  return 1;
}

/** Panics unless somebody shares the lock. */
function assert_shared(l: SyncObject): void {
  if (is_owned(l) || l.so_value == 0) not_shared(l);
}

function not_shared(l: SyncObject): void {
  panic(is_rw(l) ? "Lock %s not read locked" : "Lock %s not share locked", l.so_name);
}

/** Takes back what sharing did. */
function unshare(l: SyncObject, td: Thread): void {
  assert_shared(l);
  const count = td_slocks(td, l.so_kind);
  if (load<u8>(count) == 0) not_shared(l);
  store<u8>(count, load<u8>(count) - 1);
  l.so_value--;
  lock_released(l, td);
}

/** Hands the lock, which nobody holds, to whom it is due. */
function pass_on(l: SyncObject): void {
  if (!turnstile_hand_over(l)) turnstile_share(l, true);
}

/** Shares the lock no more; the last one hands it to the first that wants it alone, or else to those that would share it. */
export function rw_runlock(l: SyncObject): u32 {
  unshare(l, curthread());
  if (l.so_value == 0) pass_on(l);
  return done(0);
}

// ---- Having it alone ----

/** Takes the lock alone if that takes no waiting. */
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

/** Takes the lock alone. Panics if the caller does so already and it may not recurse. */
export function rw_wlock(l: SyncObject): u32 {
  const td = curthread();
  lock_wanted(l, td, true);
  if (own(l, td)) return done(0);
  if (rw_wowned(l, td)) {
    panic(
      is_rw(l)
        ? "__rw_wlock_hard: recursing but non-recursive rw %s"
        : "_sx_xlock_hard: recursed on non-recursive sx %s",
      l.so_name,
    );
  }
  return wait(l, td, TS_EXCLUSIVE);
}

/** Takes the lock alone if that takes no waiting: 1, or 0. */
export function rw_try_wlock(l: SyncObject): u32 {
  return own(l, curthread()) ? 1 : 0;
}

function assert_wowned(l: SyncObject, td: Thread): void {
  if (!rw_wowned(l, td)) panic("Lock %s not exclusively locked", l.so_name);
}

/** Releases a lock that the current thread holds alone, once. */
export function rw_release(l: SyncObject, td: Thread): void {
  turnstile_disown(l, td);
  pass_on(l);
}

/** Releases the lock. Panics if the caller does not hold it alone. */
export function rw_wunlock(l: SyncObject): u32 {
  const td = curthread();
  assert_wowned(l, td);
  if (l.so_value != 0) l.so_value--;
  else rw_release(l, td);
  return done(0);
}

/** Spins: is it free? */
export function rw_adaptive(l: SyncObject, queue: u32): u32 {
  const td = curthread();
  if (queue == TS_SHARED) {
    if (!may_share(l, td)) return wait_in(l, td, queue);
    share(l, td);
  } else if (!own(l, td)) return wait_in(l, td, queue);
  return rw_lock_1(l);
}

// ---- From one to the other ----

/** The only one that shares the lock has it alone from now on: 1, or 0 if there are others. */
export function rw_try_upgrade(l: SyncObject): u32 {
  const td = curthread();
  assert_shared(l);
  if (l.so_value != 1) return 0;
  unshare(l, td);
  turnstile_own(l, td);
  return 1;
}

/**
 * Who has the lock alone shares it from now on, with all that wait for that; while a thread wants it alone, with those only
 * that share another sx, if it is one.
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

/** True if the current thread has the lock alone. Panics if it does not share it either, or has recursed. */
export function rw_held(l: SyncObject): bool {
  const is_alone = rw_wowned(l, curthread());
  if (is_alone && l.so_value != 0) panic("Lock %s recursed", l.so_name);
  if (!is_alone && (is_owned(l) || l.so_value == 0)) panic("Lock %s not locked", l.so_name);
  return is_alone;
}

/** As msleep does, with a lock that the current thread shares or has alone, and has again in the same way afterwards. */
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
