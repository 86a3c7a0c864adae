// Sleep queues: tsleep and wakeup; msleep consists of the same two halves (kern/kern_mutex.ts).
//
// A channel is any number: the address of something in the kernel, or of an interned string. The hash of
// channels has one entry per channel, its first sleeper, which also holds the channel's last sleeper and its
// neighbours in the hash chain; the sleepers are linked in the order in which they came. Nothing is
// allocated, and a wakeup touches the sleepers of its own channel only.
//
// wakeup_one wakes the best sleeper, the first among equals. If all have the same rank, as is usual, that is
// the first, and the others need not be looked at: SQ_RANKS, beside the last sleeper, says that two
// neighbours may differ.
//
// A thread is on a sleep queue while td_wchan is not 0, and sleeps while it has TDI_SLEEPING as well:
// between the two it may already be woken, or be suspended (thread_suspend_check).
import { panic } from "../env";
import { EWOULDBLOCK } from "../sys/errno";
import { curthread, mycpu } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { LOCK_WITNESS, machine, Sched } from "../sys/machine";
import { PCATCH, PRIMASK, SLEEPQ_BUCKETS_MAX, SLEEPQ_BUCKETS_MIN } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import {
  PRS,
  SQ_RANKS,
  TDA_SUSPEND,
  TDC_DEADLINE,
  TDF_SINTR,
  TDF_TIMEOUT,
  TDI_SLEEPING,
  TDI_SUSPENDED,
  TDS,
  Thread,
  ThreadRare,
} from "../sys/proc";
import { SyncObject, td_locks } from "../sys/sync";
import { cold, is_td, no_td, rare } from "../sys/thread";
import { cont_push, cont_push_on, done, K, PENDING } from "./cont";
import { thread_suspend_check } from "./kern_single";
import { callout_arm_thread, callout_cancel_thread } from "./kern_timeout";
import { mi_switch_out, sched_add, sched_sleep, sleep_rank } from "./sched";
import { turnstile_abort } from "./subr_turnstile";
import { witness_sleep } from "./subr_witness";

// ---- Channels ----

/** Buckets of the hash of channels: a power of two, about one per two threads. */
function sleepq_buckets(maxthread: u32): u32 {
  let buckets = SLEEPQ_BUCKETS_MIN;
  while (buckets < SLEEPQ_BUCKETS_MAX && buckets << 1 < maxthread) buckets <<= 1;
  return buckets;
}

/** Bytes of the hash of channels. */
export function sleepq_bytes(maxthread: u32): usize {
  return <usize>sleepq_buckets(maxthread) * sizeof<usize>();
}

/** Sets the size of the hash, whose arena is zero. */
export function sleepq_init(): void {
  const m = machine();
  m.sleepq_mask = sleepq_buckets(m.maxthread) - 1;
}

/**
 * Address of the bucket of a channel. Channels that are adjacent in memory, such as threads that exit one
 * after the other, have adjacent buckets, so that a million of them share cache lines: the bucket is the
 * number of the channel's 64-byte line, folded, plus its offset in the line spread by Fibonacci hashing over
 * 20 bits, or as many as number the buckets.
 */
function sleepq_bucket(wchan: u32): usize {
  const m = machine();
  const line = wchan >> 6;
  const hash =
    line ^ (line >> 14) ^ (((wchan & 63) * 0x9e3779b1) >> min<u32>(12, clz<u32>(m.sleepq_mask)));
  return m.sleepq_base + <usize>(hash & m.sleepq_mask) * sizeof<usize>();
}

/** First sleeper of a channel, or null. */
export function sleepq_lookup(wchan: u32): Thread {
  let head = changetype<Thread>(load<u32>(sleepq_bucket(wchan)));
  while (is_td(head) && head.td_wchan != wchan) head = rare(head).td_sq_next;
  return head;
}

function sleepq_add(td: Thread, wchan: u32): void {
  td.td_wchan = wchan;
  const bucket = sleepq_bucket(wchan);
  const first = changetype<Thread>(load<u32>(bucket));
  let head = first;
  while (is_td(head) && head.td_wchan != wchan) head = rare(head).td_sq_next;
  td.td_qnext = 0;
  if (is_td(head)) {
    const last = changetype<Thread>(rare(head).td_sq_tail & ~SQ_RANKS);
    td.td_qprev = changetype<u32>(last);
    last.td_qnext = changetype<u32>(td);
    set_tail(rare(head), td);
    return;
  }
  const r = rare(td);
  td.td_qprev = 0;
  r.td_sq_tail = changetype<u32>(td);
  r.td_sq_next = first;
  r.td_sq_prev = no_td();
  if (is_td(first)) rare(first).td_sq_prev = td;
  store<u32>(bucket, changetype<u32>(td));
}

/** Replaces a channel's head in the hash chain by `to`, or removes it if that is null. */
function sleepq_replace_head(head: Thread, to: Thread): void {
  const r = rare(head);
  const next = r.td_sq_next;
  const prev = r.td_sq_prev;
  let after = next;
  let before = prev;
  if (is_td(to)) {
    const t = rare(to);
    t.td_sq_tail = r.td_sq_tail;
    t.td_sq_next = next;
    t.td_sq_prev = prev;
    after = to;
    before = to;
  }
  if (is_td(next)) rare(next).td_sq_prev = before;
  if (is_td(prev)) rare(prev).td_sq_next = after;
  else store<u32>(sleepq_bucket(head.td_wchan), changetype<u32>(after));
  r.td_sq_tail = 0;
  r.td_sq_next = no_td();
  r.td_sq_prev = no_td();
}

/** Makes a thread the last sleeper of the channel whose head has this part. */
function set_tail(r: ThreadRare, td: Thread): void {
  r.td_sq_tail = changetype<u32>(td) | (r.td_sq_tail & SQ_RANKS);
}

/** Takes a thread off its sleep queue and clears its channel, wait message and TDF_SINTR. */
export function sleepq_remove(td: Thread): void {
  const next = changetype<Thread>(td.td_qnext);
  const prev = changetype<Thread>(td.td_qprev);
  if (is_td(prev)) {
    prev.td_qnext = changetype<u32>(next);
    if (is_td(next)) next.td_qprev = changetype<u32>(prev);
    else set_tail(rare(sleepq_lookup(td.td_wchan)), prev);
  } else {
    sleepq_replace_head(td, next);
    if (is_td(next)) next.td_qprev = 0;
  }
  sleepq_forget(td);
}

/** The thread is on no queue any more. */
function sleepq_forget(td: Thread): void {
  td.td_qnext = 0;
  td.td_qprev = 0;
  td.td_wchan = 0;
  td.td_flags &= ~TDF_SINTR;
  cold(td).td_wmesg = 0;
}

/** A thread has joined a sleep queue, or its rank there has changed. */
export function sleepq_ranked(td: Thread): void {
  const prev = changetype<Thread>(td.td_qprev);
  const next = changetype<Thread>(td.td_qnext);
  if ((!is_td(prev) && !is_td(next)) || planted(Plant.WAKE_RANK_UNSEEN)) return;
  const rank = sleep_rank(td);
  const differs =
    (is_td(prev) && sleep_rank(prev) != rank) || (is_td(next) && sleep_rank(next) != rank);
  if (differs) rare(sleepq_lookup(td.td_wchan)).td_sq_tail |= SQ_RANKS;
}

// ---- States ----

/** Gives a thread an inhibitor. */
export function td_set_inhib(td: Thread, inhibitor: u8): void {
  td.td_state = <u8>TDS.INHIBITED;
  td.td_inhib |= inhibitor;
}

/** Removes an inhibitor; once none is left the thread can run. */
export function td_clear_inhib(td: Thread, inhibitor: u8): void {
  const left = td.td_inhib & ~inhibitor;
  td.td_inhib = left;
  if (left == 0) td.td_state = <u8>TDS.CAN_RUN;
}

export function td_is_sleeping(td: Thread): bool {
  return (td.td_inhib & TDI_SLEEPING) != 0;
}

export function td_is_suspended(td: Thread): bool {
  return (td.td_inhib & TDI_SUSPENDED) != 0;
}

/** True for a thread on a sleep queue that a signal may take off it (TD_CAN_ABORT). */
export function td_can_abort(td: Thread): bool {
  return td.td_wchan != 0 && (td.td_flags & TDF_SINTR) != 0;
}

/** Puts a thread on the run queue if nothing inhibits it any more. */
export function setrunnable(td: Thread): void {
  const p = td.td_proc;
  if (changetype<usize>(p) != 0 && p.p_state == PRS.ZOMBIE) {
    panic("setrunnable: pid %d is a zombie", p.p_pid);
  }
  const state = <i32>td.td_state;
  if (state == TDS.CAN_RUN) sched_add(td);
  else if (state == TDS.INACTIVE || state > TDS.RUNNING) panic("setrunnable: state 0x%x", state);
}

/** A thread has left its queue: wakes it if it was asleep. */
function sleepq_wake(td: Thread): void {
  if (!td_is_sleeping(td)) return;
  td_clear_inhib(td, TDI_SLEEPING);
  setrunnable(td);
}

function sleepq_resume(td: Thread): void {
  sleepq_remove(td);
  sleepq_wake(td);
}

// ---- Waking ----

/** Wakes every sleeper of a channel, in order of arrival. */
export function wakeup(wchan: u32): void {
  const first = sleepq_lookup(wchan);
  if (is_td(first)) sleepq_wake_all(first);
}

/** Wakes a channel's first sleeper and all behind it. */
function sleepq_wake_all(first: Thread): void {
  let td = first;
  sleepq_replace_head(td, no_td());
  while (is_td(td)) {
    const next = changetype<Thread>(td.td_qnext);
    sleepq_forget(td);
    sleepq_wake(td);
    td = next;
  }
}

/** Wakes the best sleeper of a channel, the first among equals. */
export function wakeup_one(wchan: u32): void {
  const head = sleepq_lookup(wchan);
  if (!is_td(head)) return;
  const equal = (rare(head).td_sq_tail & SQ_RANKS) == 0 || planted(Plant.WAKE_FIRST);
  sleepq_resume(equal ? head : sleepq_best(head));
}

/** The best sleeper of the channel whose first sleeper is `head`. */
function sleepq_best(head: Thread): Thread {
  const first = sleep_rank(head);
  let best = head;
  let rank = first;
  let equal = true;
  let td = changetype<Thread>(head.td_qnext);
  while (is_td(td)) {
    const other = sleep_rank(td);
    if (other != first) equal = false;
    if (other < rank) {
      best = td;
      rank = other;
    }
    td = changetype<Thread>(td.td_qnext);
  }
  if (equal) rare(head).td_sq_tail &= ~SQ_RANKS;
  return best;
}

/**
 * Wakes the sleeper that came last; those that are not asleep yet only if there are no others (SLEEPQ_UNFAIR).
 */
export function wakeup_any(wchan: u32): void {
  const head = sleepq_lookup(wchan);
  if (!is_td(head)) return;
  const last = changetype<Thread>(rare(head).td_sq_tail & ~SQ_RANKS);
  let td = last;
  while (is_td(td) && !td_is_sleeping(td)) td = changetype<Thread>(td.td_qprev);
  sleepq_resume(is_td(td) ? td : last);
}

/** Ends an interruptible sleep, or a wait for an sx, with result `error`, unless its timeout was first. */
export function sleepq_abort(td: Thread, error: i32): void {
  if ((td.td_flags & TDF_TIMEOUT) != 0) return;
  cold(td).td_intrval = <i8>error;
  if (!td_is_sleeping(td) || td.td_wchan == 0) return;
  if (td_locks(td).tl_blocked != 0) turnstile_abort(td);
  else sleepq_resume(td);
}

/** A thread's sleep timeout is due. */
export function sleepq_timeout(td: Thread): void {
  const c = cold(td);
  if ((c.td_cflags & TDC_DEADLINE) == 0 || c.td_c_time > machine().ticks64) return;
  if (td.td_wchan == 0) return;
  td.td_flags |= TDF_TIMEOUT;
  if (td_is_sleeping(td)) sleepq_resume(td);
}

// ---- Sleeping ----

// WITNESS's report of a thread that sleeps on a channel, and of one that waits for a condition.
const SLEEPING: string =
  'Sleeping on "%s" with the following non-sleepable locks held, thread %N (tid %d):\n';
export const WAITING: string =
  'Waiting on "%s" with the following non-sleepable locks held, thread %N (tid %d):\n';

/**
 * Puts the current thread to sleep on `wchan` at priority `pri` (0: its own) until it is woken, or for `timo`
 * ticks (0: for ever). td_retval gets 0; EWOULDBLOCK if the timeout has passed, even if the thread was woken;
 * with PCATCH in `pri` also EINTR or ERESTART.
 */
export function tsleep(wchan: u32, pri: u32, wmesg: u32, timo: i32): u32 {
  sleep_checked(changetype<SyncObject>(0), wmesg);
  sleepq_enter(wchan, pri, wmesg, timo);
  return sleepq_wait(pri, timo);
}

/** Has WITNESS check the locks of the current thread, which is about to sleep and releases `but`. */
export function sleep_checked(but: SyncObject, wmesg: u32, text: string = SLEEPING): void {
  if ((machine().lock_watch & LOCK_WITNESS) == 0) return;
  witness_sleep(curthread(), but, text, wmesg);
}

/**
 * First half of a sleep: puts the current thread, which is still running, on the queue, so that no wakeup is
 * missed from now on. A lock that guards the condition is released between this and sleepq_wait.
 */
export function sleepq_enter(wchan: u32, pri: u32, wmesg: u32, timo: i32): void {
  const td = curthread();
  const c = cold(td);
  if (td.td_wchan != 0) panic("recursive sleep");
  if (INVARIANTS)
    KASSERT(wchan != 0 && td != mycpu().gd_idletd, "tsleep: channel 0 or idle thread");
  sleepq_add(td, wchan);
  c.td_wmesg = wmesg;
  c.td_intrval = 0;
  td.td_flags &= ~TDF_TIMEOUT;
  if (timo != 0) {
    callout_arm_thread(td, timo);
    c.td_cflags |= TDC_DEADLINE;
  }
  if ((pri & PCATCH) != 0) td.td_flags |= TDF_SINTR;
}

/** Second half: sleeps, unless the thread's process asks it to stop or to end. */
export function sleepq_wait(pri: u32, timo: i32): u32 {
  if ((pri & PCATCH) != 0 && (cold(curthread()).td_ast & TDA_SUSPEND) != 0) {
    sleepq_ranked(curthread());
    cont_push(K.TSLEEP_1, pri, timo);
    thread_suspend_check(1);
    return PENDING;
  }
  return tsleep_1(pri, timo, 0);
}

/** With the result of the suspension check: sleeps, unless it has been woken already. */
export function tsleep_1(pri: u32, timo: i32, error: i32): u32 {
  const td = curthread();
  if (td.td_wchan != 0) {
    if (error == 0 && (td.td_flags & TDF_TIMEOUT) == 0) {
      sleep_priority(td, pri & PRIMASK);
      sleepq_ranked(td);
      td_set_inhib(td, TDI_SLEEPING);
      cont_push_on(td, K.TSLEEP_2, pri, timo);
      mi_switch_out();
      return PENDING;
    }
    sleepq_remove(td);
  }
  return tsleep_2(pri, timo, error);
}

/** Puts a thread that has never run to sleep, interruptibly; its continuation resumes from this sleep. */
export function sleepq_park(td: Thread, wchan: u32, wmesg: u32): void {
  sleepq_add(td, wchan);
  cold(td).td_wmesg = wmesg;
  td.td_flags |= TDF_SINTR;
  sleepq_ranked(td);
  td_set_inhib(td, TDI_SLEEPING);
}

/**
 * Applies a sleep priority. An LWKT thread has a level of its own, which FreeBSD's sleep priorities do not
 * change.
 */
function sleep_priority(td: Thread, pri: u32): void {
  if (machine().sched == Sched.LWKT && changetype<usize>(td.td_proc) == 0) return;
  sched_sleep(td, pri);
}

/** Awake: works out the result of the sleep. */
export function tsleep_2(pri: u32, timo: i32, error: i32): u32 {
  const td = curthread();
  const c = cold(td);
  let result = error;
  if ((pri & PCATCH) != 0) {
    td.td_flags &= ~TDF_SINTR;
    if (result == 0) result = c.td_intrval;
  }
  if (timo != 0) {
    const due = c.td_c_time <= machine().ticks64;
    c.td_cflags &= ~TDC_DEADLINE;
    if ((td.td_flags & TDF_TIMEOUT) != 0) td.td_flags &= ~TDF_TIMEOUT;
    else callout_cancel_thread(td);
    if (result == 0 && due) result = EWOULDBLOCK;
  }
  return done(result);
}
