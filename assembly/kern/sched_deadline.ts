// SCHED_DEADLINE: the class above real-time threads and below interrupts, the same under each scheduler.
//
// A thread declares how long it runs at most (runtime), how soon after it becomes ready (deadline), and how
// often (period), with runtime <= deadline <= period. It is admitted to a CPU, which reserves runtime /
// deadline for it; up to DL_LIMIT of each CPU can be reserved, so that admitted threads meet their deadlines,
// and other threads still run. It stays on this CPU.
//
// Each CPU runs the thread with the earliest deadline first. Budgets follow the constant bandwidth server: a
// thread that becomes ready after its old deadline, or with more budget left than its share of the time until
// then, gets a whole budget and a new deadline; otherwise it continues with what it had. If its deadline is
// nearer than its period, it gets one budget a period all the same: one that comes after its deadline has the
// next period's, with the deadline of that, and one that has more left than its share loses the rest. A
// thread that has used up its budget sleeps until the next period, when both are renewed, unless it borrows a
// priority as the owner of a lock: then it goes on, or is woken, and sleeps when it borrows no longer. Budgets
// are checked at the start of a slice, so one can be exceeded by a quantum, which is paid back later.
//
// The owner of a lock that lends has the earliest of its own deadline and those of the threads that wait for
// the lock, through any chain (kern/subr_turnstile.ts), on the CPU on which it is. What it runs meanwhile is
// charged to its own budget, if it has one, and never to a waiter's: a waiter that is blocked has not run, and
// the CPU that has promised it its share may be another one.
//
// A job is what a thread does from becoming ready to going to sleep, or to the next expiry of its timer; a
// job that ends after its deadline is a miss.
//
// Rejected: one deadline queue for the machine, as Linux's class effectively has. It admits more, but
// guarantees less: threads that are admitted there may be late.

import {
  Deadline,
  DL_UNIT,
  DLF_ASKED,
  DLF_NEXT,
  DLF_OFF,
  DLF_THROTTLED,
  dl_at,
  dl_cpu,
  dl_index,
  has_deadline,
  td_deadline,
  td_until,
} from "../sys/deadline";
import { EAGAIN, EBUSY, EINVAL, EOPNOTSUPP } from "../sys/errno";
import {
  curthread,
  GDF_DEADLINE,
  GDF_RESCHED,
  GlobalData,
  globaldata,
  mycpu,
} from "../sys/globaldata";
import { excluded_cpus } from "../sys/ipiq";
import { Machine, machine, Sched } from "../sys/machine";
import { DL_MAX, DL_PERCENT } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDF_DEADLINE, TDS, Thread } from "../sys/proc";
import { SyncObject, td_locks } from "../sys/sync";
import { td_frame } from "../sys/thread";
import { cont_push, done, K } from "./cont";
import { ast_pending } from "./kern_ast";
import { str } from "./kern_subr";
import { sleepq_enter, tsleep_1, wakeup } from "./kern_synch";
import { own_channel, ticks_until } from "./kern_time";

/** The part of a CPU that can be reserved. */
const DL_LIMIT: u32 = <u32>((<u64>DL_UNIT * DL_PERCENT) / 100);
const US_PER_SECOND: u64 = 1000000;

// ---- Admission ----

function cycles_of(m: Machine, us: u32): u64 {
  return (<u64>us * m.cycles_per_second) / US_PER_SECOND;
}

/**
 * The CPU that admits `share`: the thread's own if possible, or else the one with the least reserved; -1 if
 * none can.
 */
function admit(m: Machine, td: Thread, share: u32): i32 {
  const excluded: u64 = m.ncpus == 1 ? 0 : load<u64>(excluded_cpus(td));
  let best: i32 = -1;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    if (((excluded >> cpu) & 1) != 0) continue;
    const promised = dl_cpu(cpu).dc_share;
    if (promised + share > DL_LIMIT && !planted(Plant.DL_ADMISSION)) continue;
    if (cpu == td.td_cpu) return cpu;
    if (best < 0 || promised < dl_cpu(best).dc_share) best = cpu;
  }
  return best;
}

/**
 * Reserves `runtime_us` of a CPU for a thread within `deadline_us` of its becoming ready, every `period_us`.
 * EINVAL unless these are in that order and at least a cycle, EBUSY if no CPU in its set can admit it, EAGAIN
 * if DL_MAX threads have deadlines. The caller sets the thread's policy.
 */
export function dl_enter(td: Thread, runtime_us: u32, deadline_us: u32, period_us: u32): i32 {
  const m = machine();
  if (m.sched == Sched.HOST) return EOPNOTSUPP;
  const runtime = cycles_of(m, runtime_us);
  if (runtime == 0 || runtime_us > deadline_us || deadline_us > period_us) return EINVAL;
  const relative = cycles_of(m, deadline_us);
  // Rounded down, as the limit is: rounded up, 950 of 1,000 were more than 95 %.
  const share = max<u32>(1, <u32>((<u64>runtime_us * DL_UNIT) / deadline_us));
  const asks_again = has_deadline(td);
  const before = asks_again ? withdraw(td) : 0;
  const cpu = admit(m, td, share);
  if (cpu < 0 || (!asks_again && !dl_alloc(m, td))) {
    m.dl_refused++;
    if (asks_again) promise(td_deadline(td).dl_cpu, before);
    return cpu < 0 ? EBUSY : EAGAIN;
  }
  const dl = td_deadline(td);
  if (asks_again && !planted(Plant.DL_ASKS_AGAIN)) dl_change(dl, runtime, relative);
  dl.dl_runtime = runtime;
  dl.dl_relative = relative;
  dl.dl_period = cycles_of(m, period_us);
  dl.dl_share = share;
  dl.dl_cpu = cpu;
  promise(cpu, share);
  if (asks_again && !planted(Plant.DL_ASKS_AGAIN)) return 0;
  td.td_flags |= TDF_DEADLINE;
  dl_renew(dl, td, globaldata(td.td_cpu).gd_cycles);
  dl.dl_job = dl.dl_until;
  const busy = td.td_state == <u8>TDS.RUNNING || td.td_state == <u8>TDS.RUNQ;
  dl.dl_flags = busy ? 0 : DLF_OFF;
  return 0;
}

/**
 * A thread that has a deadline asks for another one: its budget goes on, with more time or less and with a
 * nearer or farther deadline, as if it had begun like that. So a thread gets no new budget by asking.
 */
function dl_change(dl: Deadline, runtime: u64, relative: u64): void {
  dl.dl_until += relative - dl.dl_relative;
  dl.dl_job += relative - dl.dl_relative;
  if (runtime >= dl.dl_runtime) dl.dl_limit += runtime - dl.dl_runtime;
  else dl.dl_limit -= min<u64>(dl.dl_limit, dl.dl_runtime - runtime);
}

/** Gives a thread a Deadline structure; false if none is free. */
function dl_alloc(m: Machine, td: Thread): bool {
  let i = m.dl_free;
  if (i != 0) m.dl_free = dl_at(i).dl_next;
  else if (m.dl_used == DL_MAX) return false;
  else i = ++m.dl_used;
  memory.fill(changetype<usize>(dl_at(i)), 0, offsetof<Deadline>());
  store<u16>(dl_index(td), <u16>i);
  return true;
}

/** Reserves a share of a CPU. */
function promise(cpu: u32, share: u32): void {
  const dc = dl_cpu(cpu);
  dc.dc_share += share;
  dc.dc_threads++;
  globaldata(cpu).gd_flags |= GDF_DEADLINE;
}

/** Cancels a thread's reservation and returns its share. */
function withdraw(td: Thread): u32 {
  const dl = td_deadline(td);
  const dc = dl_cpu(dl.dl_cpu);
  dc.dc_share -= dl.dl_share;
  dc.dc_threads--;
  if (machine().dl_lends == 0) dl_unneeded(dl.dl_cpu);
  return dl.dl_share;
}

/** Clears GDF_DEADLINE of a CPU that has promised nothing. */
function dl_unneeded(cpu: u32): void {
  if (dl_cpu(cpu).dc_threads == 0) globaldata(cpu).gd_flags &= ~GDF_DEADLINE;
}

/** A thread no longer has a deadline: frees its structure and its share. */
export function dl_leave(td: Thread): void {
  if (!has_deadline(td)) return;
  const m = machine();
  withdraw(td);
  const i: u32 = load<u16>(dl_index(td));
  td.td_flags &= ~TDF_DEADLINE;
  store<u16>(dl_index(td), 0);
  dl_at(i).dl_next = m.dl_free;
  m.dl_free = i;
}

/** Sets whether the thread's letter requests its class's priority, and returns what it was before. */
export function dl_asked(td: Thread, is_asked: bool): bool {
  if (!has_deadline(td)) return false;
  const dl = td_deadline(td);
  const before = (dl.dl_flags & DLF_ASKED) != 0;
  dl.dl_flags = (dl.dl_flags & ~DLF_ASKED) | (is_asked ? DLF_ASKED : 0);
  return before;
}

/** The CPU that a thread with a deadline must be on. */
export function dl_place(td: Thread): u32 {
  return td_deadline(td).dl_cpu;
}

/** True if a set of CPUs contains the one that has admitted a thread's deadline, or it has none. */
export function dl_allows(td: Thread, cpus: u64): bool {
  return !has_deadline(td) || ((cpus >> dl_place(td)) & 1) != 0;
}

// ---- Order ----

/** True if `td` has an earlier deadline, its own or lent, than `cur`, which is at the same level. */
export function dl_before(td: Thread, cur: Thread): bool {
  if (has_deadline(cur) && planted(Plant.DL_ORDER)) return false;
  return td_until(td) < td_until(cur);
}

/**
 * Sets the number of the Deadline that the waiters for a lock lend its owner, 0 for none; false if that changes
 * nothing. While there are such locks, every CPU looks for deadlines.
 */
export function dl_lend(o: SyncObject, number: u32): bool {
  if (o.so_due == number) return false;
  const m = machine();
  if (o.so_due == 0 && m.dl_lends++ == 0) {
    for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) globaldata(cpu).gd_flags |= GDF_DEADLINE;
  }
  o.so_due = number;
  if (number == 0 && --m.dl_lends == 0) {
    for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) dl_unneeded(cpu);
  }
  return true;
}

/** A thread was picked: if it has no budget left it gets no further than its next safe point. */
export function dl_chosen(gd: GlobalData, td: Thread): void {
  if (has_deadline(td) && is_used_up(gd, td)) gd.gd_flags |= GDF_RESCHED;
}

// ---- Budgets ----

/** The CPU time that a thread of a CPU has used so far. */
function used(gd: GlobalData, td: Thread): u64 {
  return td.td_runtime + (td == gd.gd_curthread ? gd.gd_cycles - gd.gd_switchtime : 0);
}

/** Cycles left in the running thread's budget, 0 if it is used up; unlimited for a thread without a deadline. */
export function dl_left(gd: GlobalData, td: Thread): u64 {
  if (!has_deadline(td)) return u64.MAX_VALUE;
  const limit = td_deadline(td).dl_limit;
  const ran = used(gd, td);
  return ran >= limit ? 0 : limit - ran;
}

function is_used_up(gd: GlobalData, td: Thread): bool {
  if (planted(Plant.DL_BUDGET)) return false;
  return machine().cycle_cost != 0 && td_locks(td).tl_lent == 0 && dl_left(gd, td) == 0;
}

/** Gives a thread a whole budget from a given time on. */
function dl_renew(dl: Deadline, td: Thread, from: u64): void {
  dl.dl_until = from + dl.dl_relative;
  dl.dl_limit = used(globaldata(td.td_cpu), td) + dl.dl_runtime;
}

/** A thread of this CPU is made runnable. */
export function dl_wakeup(gd: GlobalData, td: Thread): void {
  if (!has_deadline(td)) return;
  const dl = td_deadline(td);
  const flags = dl.dl_flags;
  dl.dl_flags = flags & DLF_ASKED;
  if ((flags & DLF_THROTTLED) != 0) replenish(gd, dl, td);
  else if ((flags & DLF_OFF) != 0) ready(gd, dl, td, (flags & DLF_NEXT) != 0);
}

/** A job begins. */
function ready(gd: GlobalData, dl: Deadline, td: Thread, known: bool): void {
  let now = gd.gd_cycles;
  if (!known) dl.dl_job = now + dl.dl_relative;
  else if (dl.dl_job - dl.dl_relative < now) now = dl.dl_job - dl.dl_relative; // its timer's time, not the CPU's
  const next = dl.dl_until - dl.dl_relative + dl.dl_period;
  const early = now < next && !planted(Plant.DL_EARLY); // its period is not over, though its deadline may be
  if (planted(Plant.DL_WAKE)) dl_renew(dl, td, now);
  else if (dl.dl_until <= now) dl_renew(dl, td, early ? next : now);
  else if (exceeds(dl, dl_left(gd, td), dl.dl_until - now)) {
    if (early && dl.dl_relative != dl.dl_period) dl_shorten(gd, dl, td, dl.dl_until - now);
    else dl_renew(dl, td, now);
  }
}

/** Leaves a thread its share of the time until its deadline. */
function dl_shorten(gd: GlobalData, dl: Deadline, td: Thread, time: u64): void {
  const left = (<f64>time * <f64>dl.dl_runtime) / <f64>dl.dl_relative;
  dl.dl_limit = used(gd, td) + <u64>left;
}

/** True if `left` is more than a thread's share of `time`. */
function exceeds(dl: Deadline, left: u64, time: u64): bool {
  return <f64>left * <f64>dl.dl_relative > <f64>time * <f64>dl.dl_runtime;
}

/**
 * The next period of a throttled thread has come. What it has used too much is subtracted first, from as many periods as
 * that takes: a critical section or a loan can last any time, so they are not counted one by one.
 */
function replenish(gd: GlobalData, dl: Deadline, td: Thread): void {
  const ran = used(gd, td);
  const periods = ran < dl.dl_limit ? 1 : (ran - dl.dl_limit) / dl.dl_runtime + 1;
  dl.dl_until += periods * dl.dl_period;
  dl.dl_limit += periods * dl.dl_runtime;
  if (dl.dl_until < gd.gd_cycles) dl_renew(dl, td, gd.gd_cycles);
}

/** A slice begins: checks the running thread's budget. */
export function dl_clock(gd: GlobalData): void {
  if (is_used_up(gd, gd.gd_curthread)) gd.gd_flags |= GDF_RESCHED;
}

/** At a safe point of the current thread: if its budget is used up it sleeps until the next period. */
export function dl_throttle(gd: GlobalData, td: Thread): bool {
  if (!has_deadline(td) || !is_used_up(gd, td)) return false;
  const dl = td_deadline(td);
  const at = dl.dl_until - dl.dl_relative + dl.dl_period;
  if (at <= gd.gd_cycles || planted(Plant.DL_REPLENISH)) {
    replenish(gd, dl, td);
    return false;
  }
  dl.dl_flags |= DLF_THROTTLED;
  const ticks = ticks_until(at);
  cont_push(K.THROTTLE_1, td_frame(td).retval);
  sleepq_enter(own_channel(td), 0, str("dlwait"), ticks);
  tsleep_1(0, ticks, 0);
  return true;
}

/**
 * A thread that waits for its next period borrows a priority: it goes on with the budget used up, and waits
 * again when it borrows no longer.
 */
export function dl_resume(td: Thread): void {
  td_deadline(td).dl_flags &= ~DLF_THROTTLED;
  wakeup(own_channel(td));
}

/**
 * The next period has come, or the thread borrows a priority. It slept between two of its instructions, where it
 * could not be told of ASTs.
 */
export function dl_throttle_1(retval: u32): u32 {
  if (machine().ncpus != 1 && ast_pending(curthread())) mycpu().gd_flags |= GDF_RESCHED;
  return done(retval);
}

// ---- Jobs ----

/** The current thread goes to sleep. */
export function dl_sleep(gd: GlobalData, td: Thread): void {
  if (!has_deadline(td)) return;
  const dl = td_deadline(td);
  if ((dl.dl_flags & DLF_THROTTLED) != 0) return;
  if ((dl.dl_flags & DLF_NEXT) == 0) job_done(gd, dl);
  dl.dl_flags |= DLF_OFF;
}

function job_done(gd: GlobalData, dl: Deadline): void {
  dl.dl_jobs++;
  if (gd.gd_cycles > dl.dl_job) dl.dl_misses++;
}

/** The current thread waits for its timer, which expires, or expired, at `at`: its next job begins then. */
export function dl_timer(gd: GlobalData, td: Thread, at: u64): void {
  if (!has_deadline(td)) return;
  const dl = td_deadline(td);
  job_done(gd, dl);
  dl.dl_job = at + dl.dl_relative;
  if (at > gd.gd_cycles) dl.dl_flags |= DLF_NEXT;
}

/** The current thread is finished for this period: it gives up the rest of its budget. */
export function dl_yield(gd: GlobalData, td: Thread): void {
  const dl = td_deadline(td);
  job_done(gd, dl);
  dl.dl_job = dl.dl_until + dl.dl_period;
  dl.dl_limit = used(gd, td);
  gd.gd_flags |= GDF_RESCHED;
}
