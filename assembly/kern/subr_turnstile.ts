// Turnstiles: the queues of threads that wait for a lock, and the priorities that these lend to its owner.
//
// The rule, at any moment: what is lent to a thread is the best priority of those that wait for locks that it
// holds, each with what is lent to it; so lending goes through chains of owners. A thread's priority is the better
// one of its own (td_base_pri) and what is lent to it (tl_lent). Both are known at once; the priority by which
// the thread is queued follows at once on its own CPU, and on another one by a letter (LEND) at the next boundary.
//
// Waiting threads stand in the order of their priorities, first come, first served among equals, and change
// places when these change. A lock has its queue in itself: no thread lends its turnstile, as the original's do,
// since an object's memory is a cell anyhow. It has two: of those that want it alone, and of those that would share it.
// Who shares a lock is not known, and borrows nothing. A thread has a list of the locks it holds that others wait for.
//
// Threads in a circle of locks wait for ever; what they lend each other then can stay better than it was.
//
// Rejected: a sleep queue (kern_synch.ts) for the waiting threads. Anybody can wake a channel, and then
// a thread that wants the lock would for a moment lend nothing.
import { machine, Sched } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { TDI_SLEEPING, TDP_LENT, TDPRI_MASK, Thread } from "../sys/proc";
import {
  holds_nothing,
  KOBJ_MTX,
  MTX_NOLEND,
  SyncObject,
  ThreadLocks,
  TS_LEFT,
  TS_SHARED,
  TurnstileQueue,
  td_locks,
  td_slocks,
  ts_queue,
} from "../sys/sync";
import { cold, is_td, no_td } from "../sys/thread";
import { sleepq_ranked, td_clear_inhib, td_set_inhib } from "./kern_synch";
import { lock_released, lock_taken } from "./lock_watch";
import { is_mine } from "./lwkt_ipiq";
import { lwkt_level_of, sched_add, sched_lend } from "./sched";

/** The worst priority. */
const WORST: u32 = 255;
/** The owner's id of a lock whose owner has ended. */
const TID_GONE: i32 = -2;

function no_lock(): SyncObject {
  return changetype<SyncObject>(0);
}

function is_lock(o: SyncObject): bool {
  return changetype<usize>(o) != 0;
}

// ---- Priorities ----

/** True for a thread of LWKT, which has a level of its own and no FreeBSD priority. */
export function has_own_level(td: Thread): bool {
  return changetype<usize>(td.td_proc) == 0 && machine().sched == Sched.LWKT;
}

/** A priority of the level. */
function priority_of_level(level: i32): u32 {
  return (31 - level) << 3;
}

/** The priority of a thread itself. What a thread of LWKT has is kept in td_base_pri while it borrows. */
function own_priority(td: Thread): u32 {
  if (has_own_level(td) && (cold(td).td_pflags & TDP_LENT) == 0) {
    return priority_of_level(td.td_pri & TDPRI_MASK);
  }
  return cold(td).td_base_pri;
}

/** The priority of a thread with what is lent to it. */
export function turnstile_priority(td: Thread): u32 {
  return min<u32>(own_priority(td), WORST - <u32>td_locks(td).tl_lent);
}

/** Somebody sets the level of a thread of LWKT: it keeps a better one that is lent to it. */
export function turnstile_level(td: Thread, pri: i32): i32 {
  const l = td_locks(td);
  const level = pri & TDPRI_MASK;
  if ((cold(td).td_pflags & TDP_LENT) != 0) {
    cold(td).td_base_pri = <u8>priority_of_level(level);
  }
  return l.tl_lent == 0 ? pri : pri - level + max(level, lwkt_level_of(WORST - <u32>l.tl_lent));
}

/** The owner of a thread of LWKT gives it the level that its own and what is lent to it say. */
export function turnstile_level_now(td: Thread): i32 {
  const level = lwkt_level_of(turnstile_priority(td));
  if (td_locks(td).tl_lent == 0) cold(td).td_pflags &= ~TDP_LENT;
  return level;
}

/** The owner of a lock; null without one, or if it has ended. */
export function lock_owner(o: SyncObject): Thread {
  const td = o.so_owner;
  if (!is_td(td) || o.so_owner_tid != cold(td).td_tid) return no_td();
  return td;
}

/** Sets what is lent to a thread, which `l` belongs to; false if that is what it was. */
function set_lent(td: Thread, l: ThreadLocks, lent: u32): bool {
  if (<u32>l.tl_lent == lent) return false;
  if (planted(Plant.LEND_ONLY_BETTER) && lent < <u32>l.tl_lent && lent != 0) return false;
  const c = cold(td);
  const has_level = has_own_level(td);
  if (has_level && (c.td_pflags & TDP_LENT) == 0) {
    c.td_base_pri = <u8>own_priority(td);
    c.td_pflags |= TDP_LENT;
  }
  l.tl_lent = <u8>lent;
  // Most loans are from equals, and change nothing but what is known of them.
  const stays = <u32>c.td_priority == min<u32>(c.td_base_pri, WORST - lent);
  if (!stays || has_level || !is_mine(td)) sched_lend(td);
  if (td.td_wchan != 0 && l.tl_blocked == 0) sleepq_ranked(td);
  return true;
}

/** What those lend to a thread that wait for its locks. */
function lent_to(l: ThreadLocks): u32 {
  let lent: u32 = 0;
  for (let o = l.tl_contested; is_lock(o); o = o.so_contested) {
    if (is_td(o.so_first)) lent = max(lent, WORST - turnstile_priority(o.so_first));
    if (!is_td(o.so_shared_first) || planted(Plant.LEND_NOT_SHARED)) continue;
    lent = max(lent, WORST - turnstile_priority(o.so_shared_first));
  }
  return lent;
}

/**
 * The first of those that wait for a lock of `owner` may be another one, or have another priority: tells all owners
 * behind it.
 */
function propagate(lock: SyncObject, owner: Thread): void {
  let o = lock;
  let td = owner;
  while ((o.so_flags & MTX_NOLEND) == 0) {
    if (!is_td(td)) return;
    const l = td_locks(td);
    if (!set_lent(td, l, lent_to(l)) || l.tl_blocked == 0) return; // the chain's end
    if (planted(Plant.LEND_ONE_STEP)) return;
    o = changetype<SyncObject>(td.td_wchan);
    if (!planted(Plant.LEND_KEEPS_PLACE)) requeue(o, td);
    td = lock_owner(o);
  }
}

/**
 * The priority of a thread has changed, for whatever reason: if it waits for a lock it changes places; if it sleeps, ranks
 * may differ.
 */
export function turnstile_adjust(td: Thread): void {
  if (td.td_wchan == 0) return;
  if (td_locks(td).tl_blocked == 0) {
    sleepq_ranked(td);
    return;
  }
  const o = changetype<SyncObject>(td.td_wchan);
  requeue(o, td);
  propagate(o, lock_owner(o));
}

/**
 * A scheduler has made a thread's own priority from what the thread did; true if the thread's priority is another
 * one now, which it is not if a better one is lent.
 */
export function sched_own_priority(td: Thread, pri: u32): bool {
  const c = cold(td);
  c.td_base_pri = <u8>pri;
  const now = turnstile_priority(td);
  if (c.td_priority == now) return false;
  c.td_priority = <u8>now;
  turnstile_adjust(td);
  return true;
}

// ---- The queue ----

/** True while threads wait for a lock. */
function turnstile_waiters(o: SyncObject): bool {
  return is_td(o.so_first) || is_td(o.so_shared_first);
}

/**
 * True for a queue in which threads stand in the order in which they came. An sx, which lends nothing either, wakes all that
 * want it alone, of which the best runs first.
 */
function is_fifo(o: SyncObject, queue: u32): bool {
  return (o.so_flags & MTX_NOLEND) != 0 && (o.so_kind == KOBJ_MTX || queue == TS_SHARED);
}

/** Queues a thread, in `q`, a queue of the lock, behind all that are not worse. */
function enqueue(o: SyncObject, queue: u32, q: TurnstileQueue, td: Thread): void {
  let before = q.tq_last;
  if (is_td(before) && !is_fifo(o, queue)) {
    const pri = turnstile_priority(td);
    while (is_td(before) && turnstile_priority(before) > pri) {
      before = changetype<Thread>(before.td_qprev);
    }
  }
  const after = is_td(before) ? changetype<Thread>(before.td_qnext) : q.tq_first;
  td.td_qprev = changetype<u32>(before);
  td.td_qnext = changetype<u32>(after);
  if (is_td(before)) before.td_qnext = changetype<u32>(td);
  else q.tq_first = td;
  if (is_td(after)) after.td_qprev = changetype<u32>(td);
  else q.tq_last = td;
}

function dequeue(q: TurnstileQueue, td: Thread): void {
  const before = changetype<Thread>(td.td_qprev);
  const after = changetype<Thread>(td.td_qnext);
  if (is_td(before)) before.td_qnext = changetype<u32>(after);
  else q.tq_first = after;
  if (is_td(after)) after.td_qprev = changetype<u32>(before);
  else q.tq_last = before;
  td.td_qnext = 0;
  td.td_qprev = 0;
}

function requeue(o: SyncObject, td: Thread): void {
  const queue: u32 = td_locks(td).tl_blocked;
  if (is_fifo(o, queue)) return;
  const q = ts_queue(o, queue);
  dequeue(q, td);
  enqueue(o, queue, q, td);
}

// ---- Who holds and who waits ----

/** Threads wait for a lock, and may lend to who holds it, whose `l` is. */
function contest(o: SyncObject, l: ThreadLocks): void {
  if ((o.so_flags & MTX_NOLEND) != 0) return;
  o.so_contested = l.tl_contested;
  l.tl_contested = o;
}

/** Nobody waits any more for a lock of the thread that `l` belongs to, or it is not its lock any more. */
function uncontest(o: SyncObject, l: ThreadLocks): void {
  let at = l.tl_contested;
  if (at == o) l.tl_contested = o.so_contested;
  else {
    while (is_lock(at) && at.so_contested != o) at = at.so_contested;
    if (is_lock(at)) at.so_contested = o.so_contested;
  }
  o.so_contested = no_lock();
}

/** The current thread waits in a queue of a lock. It is inhibited; the caller switches. */
export function turnstile_block(o: SyncObject, td: Thread, queue: u32): void {
  const owner = lock_owner(o);
  if (is_td(owner) && !turnstile_waiters(o)) contest(o, td_locks(owner));
  td.td_wchan = changetype<u32>(o);
  cold(td).td_wmesg = o.so_name;
  td_locks(td).tl_blocked = <u8>queue;
  const q = ts_queue(o, queue);
  enqueue(o, queue, q, td);
  if (q.tq_first == td) propagate(o, owner);
  td_set_inhib(td, TDI_SLEEPING);
}

/** Those that wait for a lock do not wait for `td` any more, which has its own priority back. */
export function turnstile_unclaim(o: SyncObject, td: Thread): void {
  o.so_owner = no_td();
  o.so_owner_tid = 0;
  if (!turnstile_waiters(o)) return;
  const l = td_locks(td);
  uncontest(o, l);
  if (l.tl_lent == 0 || planted(Plant.LEND_OUTLIVES)) return;
  set_lent(td, l, planted(Plant.LEND_ALL_UNDONE) ? 0 : lent_to(l));
}

/** The current thread, which held a lock alone, does so no more. Nobody holds the lock. */
export function turnstile_disown(o: SyncObject, td: Thread): void {
  turnstile_unclaim(o, td);
  lock_released(o, td);
}

/** A thread that waits for no lock holds this one alone; those that wait for it lend to it. */
export function turnstile_own(o: SyncObject, td: Thread): void {
  o.so_uses++;
  lock_taken(o, td, true);
  turnstile_claim(o, td);
}

/** Those that wait for a lock wait for `td`, and lend to it. */
export function turnstile_claim(o: SyncObject, td: Thread): void {
  o.so_owner = td;
  o.so_owner_tid = cold(td).td_tid;
  if (!turnstile_waiters(o)) return;
  contest(o, td_locks(td));
  if (!planted(Plant.LEND_NOT_HEIR)) propagate(o, td);
}

/** Takes a thread off the queue that it waits in. turnstile_wake is next, when it has what it waited for. */
function turnstile_take(o: SyncObject, td: Thread): void {
  const l = td_locks(td);
  dequeue(ts_queue(o, l.tl_blocked), td);
  l.tl_blocked = 0;
  td.td_wchan = 0;
  cold(td).td_wmesg = 0;
}

/** Wakes the first of those that wait to have a lock alone. What that one finds is its own affair. */
export function turnstile_signal(o: SyncObject): void {
  const td = o.so_first;
  turnstile_take(o, td);
  turnstile_wake(td);
}

/** Makes a thread runnable that waited for a lock, unless it is suspended as well. */
function turnstile_wake(td: Thread): void {
  td_clear_inhib(td, TDI_SLEEPING);
  if (td.td_inhib == 0) sched_add(td);
}

/** Ends a wait for a lock that lends nothing: the thread runs without it. */
export function turnstile_abort(td: Thread): void {
  turnstile_take(changetype<SyncObject>(td.td_wchan), td);
  turnstile_wake(td);
}

/** Takes a thread that is about to be suspended off the queue of such a lock: it looks at that again when it runs. */
export function turnstile_leave(td: Thread): void {
  turnstile_take(changetype<SyncObject>(td.td_wchan), td);
  td_clear_inhib(td, TDI_SLEEPING);
  cold(td).td_intrval = TS_LEFT;
}

/** Hands a lock that nobody holds to the best of those that wait to have it alone; false without any. */
export function turnstile_hand_over(o: SyncObject): bool {
  const next = o.so_first;
  if (!is_td(next)) return false;
  turnstile_take(o, next);
  turnstile_own(o, next);
  turnstile_wake(next);
  return true;
}

/**
 * Hands a lock that nobody holds alone to all that wait to share it, the best first; without `all` only to those that
 * share another one of its kind.
 */
export function turnstile_share(o: SyncObject, all: bool): void {
  let td = o.so_shared_first;
  while (is_td(td)) {
    const next = changetype<Thread>(td.td_qnext);
    const count = td_slocks(td, o.so_kind);
    if (all || load<u8>(count) != 0) {
      turnstile_take(o, td);
      o.so_uses++;
      o.so_value++;
      lock_taken(o, td, false);
      store<u8>(count, load<u8>(count) + 1);
      turnstile_wake(td);
    }
    td = next;
  }
}

/** A thread is gone: what it holds stays locked for ever, and lends to nobody. */
export function turnstile_forget(td: Thread): void {
  const l = td_locks(td);
  while (is_lock(l.tl_contested)) {
    const o = l.tl_contested;
    o.so_owner_tid = TID_GONE;
    uncontest(o, l);
  }
  cold(td).td_sx_slocks = 0;
  if (holds_nothing(l)) return;
  if (l.tl_lent != 0) cold(td).td_pflags &= ~TDP_LENT;
  l.tl_lent = 0;
  l.tl_rw_rlocks = 0;
  l.tl_lk_slocks = 0;
}
