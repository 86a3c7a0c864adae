// Locks that one thread holds alone or several share: rwlock(9) and sx(9), which differ in four things.
//
//                          rwlock                                 sx
//   who holds it alone     borrows from all that wait             borrows nothing: its waiters sleep
//   who wants to share     waits behind a thread that wants it    shares while others do, whoever waits
//     while it is shared     alone, unless it shares another one
//   freed by its owner,    goes to the best that wants it alone   goes to all that want to share it
//     with both waiting
//   who waits              stands by priority                     stands in the order of arrival
//
// When the last that shares it leaves, both go to the first that wants it alone. As mutexes are, they are handed over at
// the release. A waiting thread that runs again has the lock.
import { panic } from "../env";
import { curthread } from "../sys/globaldata";
import { PDROP } from "../sys/param";
import { Thread } from "../sys/proc";
import { KOBJ_RW, MTX_RECURSE, SyncObject, TS_EXCLUSIVE, TS_SHARED, td_locks } from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
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

/** Read/write locks that a thread can share at a time. */
const RLOCKS_MAX: u8 = 255;

/** True for the options of such a lock that exist. */
export function rw_options_valid(options: u32): bool {
  return (options & ~MTX_RECURSE) == 0;
}

/** True if `td` holds the lock alone. */
export function rw_wowned(l: SyncObject, td: Thread): bool {
  return l.so_owner == td && l.so_owner_tid == cold(td).td_tid;
}

/** Whether somebody holds the lock alone. */
function is_owned(l: SyncObject): bool {
  return is_td(l.so_owner);
}

function done(result: i32): u32 {
  set_retval(result);
  return DONE;
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

/** Shares the lock if that takes no waiting. */
function share(l: SyncObject, td: Thread): bool {
  if (is_owned(l)) return false;
  const t = td_locks(td);
  const is_rw = l.so_kind == KOBJ_RW;
  if (is_rw && is_td(l.so_first) && t.tl_rw_rlocks == 0) return false;
  if (is_rw) {
    if (t.tl_rw_rlocks == RLOCKS_MAX) panic("rw_rlock: too many read locks: %s", l.so_name);
    t.tl_rw_rlocks++;
  }
  l.so_value++;
  l.so_uses++;
  lock_taken(l, td, false);
  return true;
}

/** Shares the lock. Panics if the caller holds it alone. */
export function rw_rlock(l: SyncObject): u32 {
  const td = curthread();
  if (rw_wowned(l, td)) panic("rw_rlock: wlock already held for %s", l.so_name);
  lock_wanted(l, td, false);
  return share(l, td) ? done(0) : wait(l, td, TS_SHARED);
}

/** Shares the lock if that takes no waiting: 1, or 0. */
export function rw_try_rlock(l: SyncObject): u32 {
  return share(l, curthread()) ? 1 : 0;
}

/** Takes back what sharing did. */
function unshare(l: SyncObject, td: Thread): void {
  if (is_owned(l) || l.so_value == 0) panic("Lock %s not read locked", l.so_name);
  l.so_value--;
  lock_released(l, td);
  if (l.so_kind != KOBJ_RW) return;
  const t = td_locks(td);
  if (t.tl_rw_rlocks == 0) panic("Lock %s not read locked", l.so_name);
  t.tl_rw_rlocks--;
}

/** Shares the lock no more; the last one hands it to the first that wants it alone, or else to those that would share it. */
export function rw_runlock(l: SyncObject): u32 {
  unshare(l, curthread());
  if (l.so_value == 0 && !turnstile_hand_over(l)) turnstile_share(l);
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
  if (rw_wowned(l, td)) panic("rw_wlock: recursing but non-recursive lock %s", l.so_name);
  return wait(l, td, TS_EXCLUSIVE);
}

/** Takes the lock alone if that takes no waiting: 1, or 0. */
export function rw_try_wlock(l: SyncObject): u32 {
  return own(l, curthread()) ? 1 : 0;
}

function assert_wowned(l: SyncObject, td: Thread): void {
  if (!rw_wowned(l, td)) panic("Lock %s not exclusively locked", l.so_name);
}

/** Hands a lock that the current thread holds alone, once, to whom it is due. */
function release(l: SyncObject, td: Thread): void {
  turnstile_disown(l, td);
  if (l.so_kind == KOBJ_RW) {
    if (!turnstile_hand_over(l)) turnstile_share(l);
  } else if (turnstile_share(l) == 0) turnstile_hand_over(l);
}

/** Releases the lock. Panics if the caller does not hold it alone. */
export function rw_wunlock(l: SyncObject): u32 {
  const td = curthread();
  assert_wowned(l, td);
  if (l.so_value != 0) l.so_value--;
  else release(l, td);
  return done(0);
}

/** Spins: is it free? */
export function rw_adaptive(l: SyncObject, queue: u32): u32 {
  const td = curthread();
  const has = queue == TS_SHARED ? share(l, td) : own(l, td);
  return has ? rw_lock_1(l) : wait_in(l, td, queue);
}

// ---- From one to the other ----

/** The only one that shares the lock has it alone from now on: 1, or 0 if there are others. */
export function rw_try_upgrade(l: SyncObject): u32 {
  const td = curthread();
  if (is_owned(l) || l.so_value == 0) panic("Lock %s not read locked", l.so_name);
  if (l.so_value != 1) return 0;
  unshare(l, td);
  turnstile_own(l, td);
  return 1;
}

/** Who has the lock alone shares it from now on, with all that wait for that. */
export function rw_downgrade(l: SyncObject): u32 {
  const td = curthread();
  assert_wowned(l, td);
  if (l.so_value != 0) panic("downgrade of a recursed lock: %s", l.so_name);
  turnstile_disown(l, td);
  l.so_value = 1;
  l.so_uses++;
  lock_taken(l, td, false);
  if (l.so_kind == KOBJ_RW) td_locks(td).tl_rw_rlocks++;
  turnstile_share(l);
  return done(0);
}

// ---- sleep(9) ----

/** As msleep does, with a lock that the current thread shares or has alone, and has again in the same way afterwards. */
export function rw_sleep(wchan: u32, l: SyncObject, pri: u32, wmesg: u32, timo: i32): u32 {
  const td = curthread();
  const is_alone = rw_wowned(l, td);
  if (is_alone && l.so_value != 0) panic("lock %s recursed", l.so_name);
  if (!is_alone && (is_owned(l) || l.so_value == 0)) panic("Lock %s not locked", l.so_name);
  sleep_checked(l, wmesg);
  sleepq_enter(wchan, pri, wmesg, timo);
  if (is_alone) release(l, td);
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
