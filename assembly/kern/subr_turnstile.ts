// Turnstiles: the queues of a lock's waiters, and the priorities that waiters lend to its owner.
//
// Invariant: what is lent to a thread is the best priority of the waiters for locks that it owns, each
// including what is lent to that waiter; so lending propagates along chains of owners. A thread's priority is
// the better of its own (td_base_pri) and the one lent to it (tl_lent). Both are updated at once. The
// priority by which the thread is queued follows at once on its own CPU, and on another one by a letter
// (LEND) at the next boundary.
//
// A waiter at the priority of deadlines lends its deadline, too: that of a thread is the earliest of its own
// and of those of such waiters, through the same chains. A lock keeps the number of the one that it lends
// (so_due), so that threads have nothing more to keep: 16 million are to fit.
//
// Waiters are ordered by priority, those with deadlines by these, and first come, first served among equals.
// They are requeued when their priorities or deadlines change. A lock contains its queues: threads do not
// donate turnstiles as in the original, because an object takes a whole cell anyway. There are two queues, of
// exclusive and of sharing waiters. The sharers of a lock are not known and borrow nothing. A thread has a
// list of the locks it owns that have waiters.
//
// Threads that deadlock in a circle of locks wait for ever; what they lend each other may then stay better
// than it should be.
//
// Rejected: a sleep queue (kern_synch.ts) for the waiters. Any thread can wake a channel, and a woken waiter
// would for a moment lend nothing.
import {
  dl_index,
  is_throttled,
  LENT_DEADLINE,
  td_until,
  td_until_number,
  until_of,
} from "../sys/deadline";
import { machine, Sched } from "../sys/machine";
import { PRI_MIN_REALTIME } from "../sys/param";
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
import { setrunnable, sleepq_ranked, td_clear_inhib, td_set_inhib } from "./kern_synch";
import { lock_released, lock_taken } from "./lock_watch";
import { is_mine } from "./lwkt_ipiq";
import { lwkt_level_of, sched_lend, sched_relend } from "./sched";
import { dl_lend, dl_resume } from "./sched_deadline";

/** The worst priority. */
const WORST: u32 = 255;
/** so_owner_tid of a lock whose owner has ended. */
const TID_GONE: i32 = -2;

function no_lock(): SyncObject {
  return changetype<SyncObject>(0);
}

function is_lock(o: SyncObject): bool {
  return changetype<usize>(o) != 0;
}

// ---- Priorities ----

/** True for an LWKT thread, which has a level of its own and no FreeBSD priority. */
export function has_own_level(td: Thread): bool {
  return changetype<usize>(td.td_proc) == 0 && machine().sched == Sched.LWKT;
}

/** A FreeBSD priority that maps to an LWKT level. */
function priority_of_level(level: i32): u32 {
  return (31 - level) << 3;
}

/** A thread's own priority. For an LWKT thread that borrows it is kept in td_base_pri. */
function own_priority(td: Thread): u32 {
  if (has_own_level(td) && (cold(td).td_pflags & TDP_LENT) == 0) {
    return priority_of_level(td.td_pri & TDPRI_MASK);
  }
  return cold(td).td_base_pri;
}

/** A thread's priority, including what is lent to it. */
export function turnstile_priority(td: Thread): u32 {
  return min<u32>(own_priority(td), WORST - <u32>td_locks(td).tl_lent);
}

/** The level of an LWKT thread is set to `pri`: returns the level to use, a lent one if that is better. */
export function turnstile_level(td: Thread, pri: i32): i32 {
  const l = td_locks(td);
  const level = pri & TDPRI_MASK;
  if ((cold(td).td_pflags & TDP_LENT) != 0) {
    cold(td).td_base_pri = <u8>priority_of_level(level);
  }
  return l.tl_lent == 0 ? pri : pri - level + max(level, lwkt_level_of(WORST - <u32>l.tl_lent));
}

/** The level that an LWKT thread's owner must give it, from its own and the lent one. */
export function turnstile_level_now(td: Thread): i32 {
  const level = lwkt_level_of(turnstile_priority(td));
  if (td_locks(td).tl_lent == 0) cold(td).td_pflags &= ~TDP_LENT;
  return level;
}

/** The owner of a lock; null if it has none, or the owner has ended. */
export function lock_owner(o: SyncObject): Thread {
  const td = o.so_owner;
  if (!is_td(td) || o.so_owner_tid != cold(td).td_tid) return no_td();
  return td;
}

/** Sets the priority lent to a thread, with lock state `l`; false if that does not change it. */
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
  // Most loans come from equals, and do not change the borrower's priority.
  const stays = <u32>c.td_priority == min<u32>(c.td_base_pri, WORST - lent);
  if (!stays || has_level || !is_mine(td)) sched_lend(td);
  if (td.td_wchan != 0 && l.tl_blocked == 0) {
    sleepq_ranked(td);
    if (is_throttled(td) && lent != 0 && !planted(Plant.LENT_SLEEPS)) dl_resume(td);
  }
  return true;
}

/** Updates what is lent to the owner of a lock, with lock state `l`; false if that changes nothing. */
function lend(o: SyncObject, td: Thread, l: ThreadLocks): bool {
  const lent = lent_to(l);
  if (lent < LENT_DEADLINE && <u32>l.tl_lent < LENT_DEADLINE) return set_lent(td, l, lent);
  const due = dl_lend(o, deadline_lent(o));
  const better = set_lent(td, l, lent);
  if (due) relend(td);
  return better || due;
}

/** A thread may have another deadline now. */
function relend(td: Thread): void {
  if (!planted(Plant.LENT_UNTOLD)) sched_relend(td);
}

/** The number of the earliest Deadline that the waiters for a lock lend; 0 for none. */
function deadline_lent(o: SyncObject): u32 {
  if (planted(Plant.LEND_NO_DEADLINE)) return 0;
  return earlier_of(earlier_of(0, o.so_first), o.so_shared_first);
}

/** The earlier of a Deadline and that of the first thread of a queue, which is that queue's earliest. */
function earlier_of(best: u32, first: Thread): u32 {
  if (!is_td(first) || turnstile_priority(first) != PRI_MIN_REALTIME) return best;
  return until_of(best) <= td_until(first) ? best : td_until_number(first);
}

/** The priority lent by all waiters for a thread's locks. */
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
 * The best waiter for a lock of `owner`, or its priority, may have changed: updates all owners along the chain.
 */
function propagate(lock: SyncObject, owner: Thread): void {
  let o = lock;
  let td = owner;
  while ((o.so_flags & MTX_NOLEND) == 0) {
    if (!is_td(td)) return;
    const l = td_locks(td);
    if (!lend(o, td, l) || l.tl_blocked == 0) return; // the chain's end
    if (planted(Plant.LEND_ONE_STEP)) return;
    o = changetype<SyncObject>(td.td_wchan);
    if (!planted(Plant.LEND_KEEPS_PLACE)) requeue(o, td);
    td = lock_owner(o);
  }
}

/**
 * A thread's priority has changed, for whatever reason: if it waits for a lock it is requeued; if it sleeps,
 * its channel may now have unequal ranks.
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
 * A thread that waits for a lock has another deadline, under the same number: takes it off the threads to
 * which it was lent, and lends it anew.
 */
export function turnstile_new_deadline(td: Thread): void {
  const number = load<u16>(dl_index(td));
  store<u16>(dl_index(td), 0);
  turnstile_adjust(td);
  store<u16>(dl_index(td), number);
  turnstile_adjust(td);
}

/**
 * A scheduler has recomputed a thread's own priority; true if that changes the thread's priority, which it
 * does not while a better one is lent.
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

/** True if a lock has waiters. */
function turnstile_waiters(o: SyncObject): bool {
  return is_td(o.so_first) || is_td(o.so_shared_first);
}

/**
 * True for a queue in order of arrival. In an sx, which lends nothing either, the exclusive waiters are still
 * ordered: the original wakes them all, and the best runs first.
 */
function is_fifo(o: SyncObject, queue: u32): bool {
  return (o.so_flags & MTX_NOLEND) != 0 && (o.so_kind == KOBJ_MTX || queue == TS_SHARED);
}

/** The thread behind which one with a deadline belongs: `before`, the last of its equals, or one ahead of it. */
function place_by_deadline(before: Thread, td: Thread): Thread {
  const until = td_until(td);
  let at = before;
  if (planted(Plant.LEND_DEADLINE_ARRIVAL)) return at;
  while (is_td(at) && turnstile_priority(at) == PRI_MIN_REALTIME && td_until(at) > until) {
    at = changetype<Thread>(at.td_qprev);
  }
  return at;
}

/** Queues a thread in queue `q` of a lock, behind all that are not worse. */
function enqueue(o: SyncObject, queue: u32, q: TurnstileQueue, td: Thread): void {
  let before = q.tq_last;
  if (is_td(before) && !is_fifo(o, queue)) {
    const pri = turnstile_priority(td);
    while (is_td(before) && turnstile_priority(before) > pri) {
      before = changetype<Thread>(before.td_qprev);
    }
    if (pri == PRI_MIN_REALTIME) before = place_by_deadline(before, td);
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

// ---- Owners and waiters ----

/** The lock has waiters: enters it in the list of its owner, with lock state `l`, to whom they may lend. */
function contest(o: SyncObject, l: ThreadLocks): void {
  if ((o.so_flags & MTX_NOLEND) != 0) return;
  o.so_contested = l.tl_contested;
  l.tl_contested = o;
}

/** The lock has no waiters any more, or another owner: removes it from the list of `l`. */
function uncontest(o: SyncObject, l: ThreadLocks): void {
  let at = l.tl_contested;
  if (at == o) l.tl_contested = o.so_contested;
  else {
    while (is_lock(at) && at.so_contested != o) at = at.so_contested;
    if (is_lock(at)) at.so_contested = o.so_contested;
  }
  o.so_contested = no_lock();
}

/** Puts the current thread into a queue of a lock. It is inhibited; the caller switches. */
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

/** The waiters for a lock no longer wait for `td`, which gets its own priority back. */
export function turnstile_unclaim(o: SyncObject, td: Thread): void {
  o.so_owner = no_td();
  o.so_owner_tid = 0;
  if (!turnstile_waiters(o)) return;
  const l = td_locks(td);
  uncontest(o, l);
  if (l.tl_lent == 0 || planted(Plant.LEND_OUTLIVES)) return;
  const had_deadline = <u32>l.tl_lent >= LENT_DEADLINE && dl_lend(o, 0);
  set_lent(td, l, planted(Plant.LEND_ALL_UNDONE) ? 0 : lent_to(l));
  if (had_deadline) relend(td);
}

/** `td` gives up exclusive ownership: the lock is free. */
export function turnstile_disown(o: SyncObject, td: Thread): void {
  turnstile_unclaim(o, td);
  lock_released(o, td);
}

/** Makes a thread that waits for no lock the exclusive owner; the waiters lend to it. */
export function turnstile_own(o: SyncObject, td: Thread): void {
  o.so_uses++;
  lock_taken(o, td, true);
  turnstile_claim(o, td);
}

/** Makes the waiters for a lock wait for `td`, and lend to it. */
export function turnstile_claim(o: SyncObject, td: Thread): void {
  o.so_owner = td;
  o.so_owner_tid = cold(td).td_tid;
  if (!turnstile_waiters(o)) return;
  contest(o, td_locks(td));
  if (!planted(Plant.LEND_NOT_HEIR)) propagate(o, td);
}

/** Takes a thread off the queue that it waits in; turnstile_wake follows, when it has what it waited for. */
function turnstile_take(o: SyncObject, td: Thread): void {
  const l = td_locks(td);
  dequeue(ts_queue(o, l.tl_blocked), td);
  l.tl_blocked = 0;
  td.td_wchan = 0;
  cold(td).td_wmesg = 0;
}

/** Wakes the first exclusive waiter, without handing it the lock. */
export function turnstile_signal(o: SyncObject): void {
  const td = o.so_first;
  turnstile_take(o, td);
  turnstile_wake(td);
}

/** Makes a thread runnable that waited for a lock, unless it is suspended as well. */
function turnstile_wake(td: Thread): void {
  td_clear_inhib(td, TDI_SLEEPING);
  setrunnable(td);
}

/** Ends a wait for a lock that lends nothing: the thread runs without the lock. */
export function turnstile_abort(td: Thread): void {
  turnstile_take(changetype<SyncObject>(td.td_wchan), td);
  turnstile_wake(td);
}

/** Takes a thread that is about to be suspended off the queue of such a lock: it tries again when it runs. */
export function turnstile_leave(td: Thread): void {
  turnstile_take(changetype<SyncObject>(td.td_wchan), td);
  td_clear_inhib(td, TDI_SLEEPING);
  cold(td).td_intrval = TS_LEFT;
}

/** Hands a free lock to the best exclusive waiter; false if there is none. */
export function turnstile_hand_over(o: SyncObject): bool {
  const next = o.so_first;
  if (!is_td(next)) return false;
  turnstile_take(o, next);
  turnstile_own(o, next);
  turnstile_wake(next);
  return true;
}

/**
 * Hands a lock without an exclusive owner to all waiting sharers, the best first; without `all` only to those
 * that share another lock of its kind.
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

/** A thread is gone: the locks it owns stay locked for ever, and their waiters lend to nobody. */
export function turnstile_forget(td: Thread): void {
  const l = td_locks(td);
  while (is_lock(l.tl_contested)) {
    const o = l.tl_contested;
    o.so_owner_tid = TID_GONE;
    dl_lend(o, 0);
    uncontest(o, l);
  }
  cold(td).td_sx_slocks = 0;
  if (holds_nothing(l)) return;
  if (l.tl_lent != 0) cold(td).td_pflags &= ~TDP_LENT;
  l.tl_lent = 0;
  l.tl_rw_rlocks = 0;
  l.tl_lk_slocks = 0;
}
