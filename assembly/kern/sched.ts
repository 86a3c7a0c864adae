// The scheduler seam: FreeBSD's sched_* interface over the scheduler that was chosen at boot. FreeBSD-side
// kernel code (kern_thread, kern_synch, kern_fork ...) reaches a run queue only through this file.
//
// None of these functions switches, except mi_switch, sched_relinquish and sched_throw, which follow the
// protocol of cont.ts.
import { panic } from "../env";
import { cpu_bit } from "../sys/cpuset";
import { has_deadline } from "../sys/deadline";
import { EINVAL } from "../sys/errno";
import { GDF_DEADLINE, GDF_RESCHED, GDF_SLICEEND, GlobalData, mycpu } from "../sys/globaldata";
import { excluded_cpus, letter_written } from "../sys/ipiq";
import { KTR_PROC, Ktr, ktr } from "../sys/ktr";
import { Machine, machine, Sched } from "../sys/machine";
import { PRI_MIN_REALTIME } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { NO_LEVEL, prio_level } from "../sys/prioq";
import {
  TDF_TRANSIT,
  TDF_USER,
  TDL_EXITING,
  TDL_RUNQ,
  TDL_STARTED,
  TDL_TOKWAIT,
  TDPRI_CRIT,
  TDPRI_MASK,
  TDS,
  Thread,
  ThreadCold,
} from "../sys/proc";
import {
  gives_shares,
  Policy,
  sched_cpu,
  ThreadSched,
  TSF_ARRIVED,
  TSF_MOVED,
  TSF_POLICY,
  TSF_SLEPT,
  TSF_USER,
  td_sched,
} from "../sys/sched";
import { td_locks } from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { DONE, is_spinning, PENDING } from "./cont";
import { ast_pending } from "./kern_ast";
import { note_wakeup } from "./kern_stats";
import { cpu_switch, switch_in } from "./kern_switch";
import { ipi_lend, ipi_prio, ipi_schedule, is_mine, priority_changed } from "./lwkt_ipiq";
import { is_modern, modern_relinquish } from "./lwkt_modern";
import {
  _lwkt_dequeue,
  _lwkt_dequeue_of,
  _lwkt_enqueue_of,
  DEADLINE_LEVEL,
  lwkt_schedule_here,
  lwkt_setpri_locked,
  lwkt_switch_of,
  lwkt_yield,
} from "./lwkt_thread";
import {
  user_asks,
  user_better,
  user_boundary,
  user_fork,
  user_holds,
  user_leave,
  user_place,
  user_policy,
  user_possible,
  user_requeue,
  user_until_changed,
  users_begin,
} from "./lwkt_usched";
import {
  bsd4_add,
  bsd4_boundary,
  bsd4_choose,
  bsd4_exit,
  bsd4_fork,
  bsd4_interrupt,
  bsd4_place,
  bsd4_queues,
  bsd4_rem,
  bsd4_requeue,
  bsd4_resetpriority,
  bsd4_runnable,
  bsd4_shares,
} from "./sched_4bsd";
import { ule_boundary } from "./sched_balance";
import {
  dl_asked,
  dl_before,
  dl_chosen,
  dl_leave,
  dl_sleep,
  dl_wakeup,
  dl_yield,
} from "./sched_deadline";
import {
  hs_add,
  hs_better,
  hs_boundary,
  hs_choose,
  hs_interrupt,
  hs_place,
  hs_rem,
  hs_requeue,
} from "./sched_host";
import { allowed_cpus, idle_cpus, sched_arrived, ule_woken_by } from "./sched_place";
import {
  level_of,
  policy_clear,
  policy_priority,
  policy_set,
  policy_valid,
  rank_of,
  sched_better,
} from "./sched_policy";
import {
  ule_add,
  ule_better,
  ule_choose,
  ule_exit,
  ule_fork,
  ule_interrupt,
  ule_place,
  ule_prio_changed,
  ule_priority,
  ule_queues,
  ule_rem,
  ule_requeue,
  ule_setpreempt,
  ule_sleep,
  ule_unplaced,
} from "./sched_ule";
import {
  has_own_level,
  turnstile_adjust,
  turnstile_level_now,
  turnstile_new_deadline,
  turnstile_priority,
} from "./subr_turnstile";

/** Bits for the 99 real-time priorities. */
const RT_SHIFT: u32 = 7;
const RT_MASK: u32 = (1 << RT_SHIFT) - 1;

/** The LWKT level (0 to 31, larger is better) of a FreeBSD priority (0 to 255, smaller is better). */
export function lwkt_level_of(priority: u32): i32 {
  return 31 - <i32>(priority >> 3);
}

/**
 * Makes a thread runnable: state RUNQ, at the tail of the queue of its priority, on its own CPU. If it is
 * better than the running thread there it requests the CPU, which takes effect at that CPU's next safe point.
 */
export function sched_add(td: Thread): void {
  if (td.td_inhib != 0) panic("sched_add: trying to run inhibited thread");
  const state = <i32>td.td_state;
  if (state != TDS.CAN_RUN && state != TDS.RUNNING) panic("sched_add: bad thread state");
  const m = machine();
  const gd = m.curcpu;
  const yields = td == gd.gd_curthread;
  const busy = state == TDS.RUNNING || (td.td_lwflags & TDL_TOKWAIT) != 0;
  if (!yields && busy && !planted(Plant.ADD_RUNNING)) {
    sched_add_busy(td);
    return;
  }
  td.td_state = <u8>TDS.RUNQ;
  if ((m.ktr_mask | m.stats) != 0) note_runnable(m, gd, td, yields);
  sched_enqueue(gd, td);
}

/** Tells the trace and the figures of a thread that was made runnable. */
function note_runnable(m: Machine, gd: GlobalData, td: Thread, yields: bool): void {
  ktr(KTR_PROC, Ktr.RUNNABLE, changetype<u32>(td));
  if (!yields) note_wakeup(m, gd, td);
}

/**
 * For a thread that sched_add need not, or cannot, make runnable now: one that is running, which its owner
 * puts back on the run queue if it has taken itself off; and one that waits for a token.
 */
function sched_add_busy(td: Thread): void {
  if (!is_mine(td)) ipi_schedule(td);
  else if (machine().sched == Sched.LWKT) lwkt_schedule_here(td);
}

/** Puts a runnable thread on its CPU's queue, by message if that is another CPU. */
function sched_enqueue(gd: GlobalData, td: Thread): void {
  if (!is_mine(td)) {
    if (machine().sched == Sched.ULE) ule_woken_by(gd, td);
    ipi_schedule(td);
    return;
  }
  dl_wakeup(gd, td);
  if (machine().sched == Sched.LWKT) _lwkt_enqueue_of(gd, td);
  else enqueue(gd, td);
  sched_check_preempt(gd, td);
}

/** 4bsd, ule: puts a thread that was made runnable elsewhere on the queue of its CPU, this one. */
export function sched_enqueue_here(gd: GlobalData, td: Thread): void {
  if (td.td_state != <u8>TDS.RUNQ || td.td_slot != 0) return;
  enqueue(gd, td); // what it interrupts is decided when it is placed
}

/** Requests this CPU for `td`, which is on its run queue, if that is better than the running thread. */
export function sched_check_preempt(gd: GlobalData, td: Thread): void {
  const cur = gd.gd_curthread;
  if (machine().preemption == 0 || cur == td) return;
  const better =
    machine().sched == Sched.LWKT
      ? lwkt_better(td, cur)
      : machine().sched_idle == 0 && takes_cpu(td, cur); // an idle CPU will take it
  if (better && machine().sched == Sched.ULE) ule_setpreempt(gd, td, cur);
  if (better || cur == gd.gd_idletd) gd.gd_flags |= GDF_RESCHED;
}

/** 4bsd, ule, host: true if `td` takes the CPU from `cur`, which is not an idle thread. */
function takes_cpu(td: Thread, cur: Thread): bool {
  if (machine().sched == Sched.ULE) return ule_better(td, cur);
  if (machine().sched != Sched.HOST) return sched_better(td, cur);
  if (cur == machine().host_td) return true; // the host makes a call in place of the running thread: the host decides
  return cur != mycpu().gd_idletd && hs_better(td, cur);
}

/** lwkt: true if `td` takes the CPU from `cur`. */
function lwkt_better(td: Thread, cur: Thread): bool {
  if ((td.td_flags & TDF_USER) != 0) {
    if ((cur.td_flags & TDF_USER) != 0) return user_better(td, cur);
    if (!user_holds(mycpu(), td)) return cur == machine().host_td && user_asks(mycpu(), td);
  }
  const level = td.td_pri & TDPRI_MASK;
  const other = cur.td_pri & TDPRI_MASK;
  return level > other || (level == other && level == DEADLINE_LEVEL && dl_before(td, cur));
}

/**
 * Sets a thread's base priority and, with it, its priority; requeues it if it is queued. Done by the owner
 * or, before the thread is first made runnable, by its creator.
 */
export function sched_prio(td: Thread, pri: u32): void {
  if (is_mine(td) || is_unborn(td)) {
    const before = queued_rank(td);
    sched_prio_here(td, pri);
    rank_changed(td, before);
    return;
  }
  dl_asked(td, false);
  if (planted(Plant.PRIO_AT_ONCE)) cold(td).td_priority = <u8>pri;
  if (gives_shares(machine())) td_sched(td).ts_flags &= ~TSF_POLICY;
  ipi_prio(td, pri);
}

/** The rank by which a waiting thread was queued; NO_LEVEL under lwkt, and for a thread that is not queued. */
function queued_rank(td: Thread): u32 {
  const m = machine();
  if (m.sched == Sched.LWKT || td_sched(td).ts_queue == 0) return NO_LEVEL;
  return m.sched == Sched.BSD4 ? level_of(td) : rank_of(td);
}

/**
 * A queued thread of this CPU, whose rank was `before`, preempts a worse one as if it had just been made
 * runnable: sched_priority (4bsd) and sched_thread_priority (ule) take it off its queue and add it again, ule
 * only if it has improved. Except for the thread that boots its CPU and has never switched.
 */
function rank_changed(td: Thread, before: u32): void {
  const rank = before == NO_LEVEL ? before : queued_rank(td);
  const gd = mycpu();
  if (rank == before || gd.gd_switches == 0 || planted(Plant.RANK_WAITS)) return;
  if (machine().sched != Sched.ULE || rank < before) sched_check_preempt(gd, td);
}

/**
 * True for a thread that has never run, is not about to, and has no pending requests: no order needs to be kept.
 */
export function is_unborn(td: Thread): bool {
  if ((td.td_lwflags & (TDL_RUNQ | TDL_STARTED)) != 0 || (td.td_flags & TDF_TRANSIT) != 0)
    return false;
  if (td.td_state == <u8>TDS.RUNQ || td.td_state == <u8>TDS.RUNNING) return false;
  return machine().ncpus == 1 || !letter_written(td);
}

/** The same for a thread of this CPU. */
function sched_prio_here(td: Thread, pri: u32): void {
  const c = cold(td);
  const shares = machine().sched != Sched.LWKT;
  const before = shares ? rank_of(td) : 0;
  const had_rank = shares && (has_deadline(td) || before != prio_level(0, c.td_priority));
  const had_nice = machine().sched == Sched.HOST && td_sched(td).ts_nice != 0;
  dl_leave(td);
  if (shares) policy_clear(td);
  else if ((td.td_flags & TDF_USER) != 0) user_leave(td);
  if (!planted(Plant.PRIO_NO_BASE)) c.td_base_pri = <u8>pri;
  const lent = 255 - <u32>td_locks(td).tl_lent;
  const changes = c.td_priority != <u8>min<u32>(pri, lent);
  sched_priority(td, min<u32>(pri, lent));
  if (shares && (!changes || had_rank) && rank_of(td) != before) sched_level_changed(td);
  else if (had_nice && !changes && !planted(Plant.HOST_NICE_STALE)) sched_level_changed(td);
  turnstile_adjust(td);
}

/**
 * The priority lent to a thread has changed (kern/subr_turnstile.ts): updates its priority, by message if
 * necessary.
 */
export function sched_lend(td: Thread): void {
  if (is_mine(td)) sched_lend_here(mycpu(), td);
  else if (!planted(Plant.LEND_UNTOLD)) ipi_lend(td);
}

/**
 * The same for a thread of this CPU. If its priority does not change, it keeps its place, and nothing else
 * happens, except that at the priority of deadlines its deadline may have changed.
 */
export function sched_lend_here(gd: GlobalData, td: Thread): void {
  if (has_own_level(td)) {
    const level = turnstile_level_now(td);
    if (level != (td.td_pri & TDPRI_MASK)) lwkt_setpri_locked(td, level);
    else if (!is_by_deadline(td)) return;
  } else {
    const pri = turnstile_priority(td);
    if (cold(td).td_priority != <u8>pri) sched_priority(td, pri);
    else if (!is_by_deadline(td)) return;
  }
  until_changed(gd, td);
}

/** The deadline lent to a thread has changed: it may preempt now, or be preempted; by message if necessary. */
export function sched_relend(td: Thread): void {
  if (is_mine(td)) until_changed(mycpu(), td);
  else ipi_lend(td);
}

/** True if deadlines decide when a thread runs: its own, or one that is lent to it. */
function is_by_deadline(td: Thread): bool {
  return machine().dl_used != 0 && turnstile_priority(td) == <u32>PRI_MIN_REALTIME;
}

/** A thread of this CPU, which is queued by its priority, may have another deadline. */
function until_changed(gd: GlobalData, td: Thread): void {
  if ((td.td_flags & TDF_USER) != 0) user_until_changed(gd, td);
  priority_changed(gd, td);
}

/** Sets the priority by which a thread of this CPU is queued. */
function sched_priority(td: Thread, pri: u32): void {
  const c = cold(td);
  if (c.td_priority == <u8>pri) return;
  if (machine().sched == Sched.LWKT) {
    c.td_priority = <u8>pri;
    if (planted(Plant.PRIO_NO_LEVEL)) return;
    if ((td.td_flags & TDF_USER) != 0) user_requeue(mycpu(), td);
    else lwkt_setpri_locked(td, lwkt_level_of(pri));
    return;
  }
  const better = pri < <u32>c.td_priority;
  c.td_priority = <u8>pri;
  if (machine().sched == Sched.ULE) ule_prio_changed(td, better);
  else sched_level_changed(td);
}

/** 4bsd, ule: a thread's rank may have changed: if it is queued it goes to the tail of its level. */
function sched_level_changed(td: Thread): void {
  const ts = td_sched(td);
  if (ts.ts_queue == 0) return;
  if (machine().sched == Sched.ULE) ule_requeue(td);
  else if (machine().sched == Sched.HOST) hs_requeue(td);
  else if (<u32>ts.ts_level != level_of(td)) bsd4_requeue(td);
}

/** 4bsd, ule: puts a thread on this CPU's queue. */
function enqueue(gd: GlobalData, td: Thread): void {
  if (machine().sched == Sched.ULE) ule_add(gd, td);
  else if (machine().sched == Sched.HOST) hs_add(gd, td);
  else bsd4_add(gd, td);
}

/**
 * Gives a thread a policy with its real-time priority or nice value: EINVAL for an unknown policy or a value
 * out of range. Done by the thread's owner. Under lwkt, a thread without a process, or on a machine without a
 * scheduler of user threads, gets a fixed priority.
 */
export function sched_setscheduler(td: Thread, policy: i32, value: i32): i32 {
  if (!policy_valid(policy, value)) return EINVAL;
  const pri = policy_priority(policy, value);
  if (machine().sched == Sched.LWKT) {
    if (!user_possible(td)) {
      sched_prio(td, pri);
      return 0;
    }
    users_begin(machine());
  }
  if (is_mine(td) || is_unborn(td)) {
    const before = queued_rank(td);
    sched_policy_here(td, policy, value);
    rank_changed(td, before);
    return 0;
  }
  dl_asked(td, false);
  const ts = td_sched(td);
  ts.ts_new_policy = <u8>policy;
  ts.ts_new_value = <i8>value;
  ipi_prio(td, pri);
  ts.ts_flags |= TSF_POLICY;
  return 0;
}

/** The same for a thread of this CPU. */
function sched_policy_here(td: Thread, policy: i32, value: i32): void {
  const c = cold(td);
  if (policy != Policy.DEADLINE) dl_leave(td);
  if (machine().sched == Sched.LWKT) {
    user_policy(td, policy, value);
    return;
  }
  const before = rank_of(td);
  policy_set(td, policy, value);
  const pri = policy_priority(policy, value);
  c.td_base_pri = <u8>pri;
  sched_priority(td, turnstile_priority(td));
  if (machine().sched == Sched.ULE) ule_priority(td);
  else if (machine().sched == Sched.BSD4) bsd4_resetpriority(td);
  sched_level_changed(td);
  if (rank_of(td) < before) sched_improved(td);
  turnstile_adjust(td);
}

/**
 * 4bsd, ule: a waiting thread's policy has improved: it is placed anew at the end of the round, since other
 * CPUs may take it.
 */
function sched_improved(td: Thread): void {
  const ts = td_sched(td);
  if (ts.ts_queue == 0 || (ts.ts_flags & TSF_ARRIVED) != 0) return;
  if (machine().sched != Sched.HOST) sched_arrived(mycpu(), td);
}

/**
 * A thread has got a deadline (dl_enter): gives it the priority of its class. Done by the owner or, before
 * the thread is first made runnable, by its creator.
 */
export function sched_deadline(td: Thread): void {
  if (td_locks(td).tl_blocked != 0) turnstile_new_deadline(td);
  if (is_mine(td) || is_unborn(td)) {
    const before = queued_rank(td);
    sched_deadline_here(td);
    rank_changed(td, before);
    return;
  }
  if (gives_shares(machine())) td_sched(td).ts_flags &= ~TSF_POLICY;
  ipi_prio(td, policy_priority(Policy.DEADLINE, 0));
  dl_asked(td, true);
}

/** The same for a thread of this CPU. */
function sched_deadline_here(td: Thread): void {
  const pri = policy_priority(Policy.DEADLINE, 0);
  if (machine().sched == Sched.LWKT) {
    if ((td.td_flags & TDF_USER) != 0) user_leave(td);
    cold(td).td_base_pri = <u8>pri;
    sched_priority(td, turnstile_priority(td));
    turnstile_adjust(td);
    return;
  }
  sched_policy_here(td, Policy.DEADLINE, 0);
  sched_affinity(td);
}

/** A letter sets a thread's priority and, if requested, its policy. */
export function sched_prio_asked(td: Thread, pri: u32): void {
  if (dl_asked(td, false)) {
    sched_deadline_here(td);
    return;
  }
  if (gives_shares(machine())) {
    const ts = td_sched(td);
    if ((ts.ts_flags & TSF_POLICY) != 0) {
      sched_policy_here(td, ts.ts_new_policy, ts.ts_new_value);
      return;
    }
  }
  sched_prio_here(td, pri);
}

/** A thread goes to sleep, at priority `pri` if that is not 0. */
export function sched_sleep(td: Thread, pri: u32): void {
  if (has_deadline(td)) {
    dl_sleep(mycpu(), td);
    pri = 0; // it keeps its own priority
  }
  sched_asleep(td, pri);
}

/** The same without the end of a job: a thread waits for a lock that threads sleep for. */
export function sched_asleep(td: Thread, pri: u32): void {
  if (machine().sched != Sched.LWKT) {
    const ts = td_sched(td);
    ts.ts_flags |= TSF_SLEPT;
    ts.ts_slept = 0;
    if (machine().sched == Sched.ULE) pri = ule_sleep(mycpu(), td, pri);
    if ((ts.ts_flags & TSF_USER) != 0) return; // it keeps its own priority
  }
  if ((td.td_flags & TDF_USER) != 0) return; // so does a user thread under lwkt
  if (pri != 0) sched_prio(td, pri);
}

/**
 * The order in which sleepers are woken: the smaller first. It is td_priority while asleep, where a borrowed
 * priority counts at once, on whatever CPU. Within a priority, threads with deadlines come first, then the
 * better of the 99.
 */
export function sleep_rank(td: Thread): u32 {
  const m = machine();
  let pri = turnstile_priority(td);
  let better: u32 = 0;
  if (gives_shares(m)) {
    const ts = td_sched(td);
    const borrows = pri != <u32>cold(td).td_base_pri;
    if (!borrows) better = ts.ts_policy == <u8>Policy.DEADLINE ? RT_MASK : <u32>ts.ts_rt;
    if (m.sched == Sched.ULE && ts.ts_boost != 0) pri = min<u32>(pri, ts.ts_boost);
  }
  return (pri << RT_SHIFT) + RT_MASK - better;
}

/** A new thread starts with its base priority, on the next CPU in turn that it may run on. */
export function sched_fork_thread(child: Thread, c: ThreadCold): void {
  c.td_priority = c.td_base_pri;
  child.td_pri = TDPRI_CRIT + (machine().sched == Sched.LWKT ? lwkt_level_of(c.td_priority) : 0);
  if (machine().ncpus == 1) return;
  const excluded = load<u64>(excluded_cpus(child));
  child.td_cpu = <u8>(excluded == 0 ? sched_place() : sched_place_within(~excluded));
}

/**
 * A new thread inherits from its creator, whether or not it belongs to a new process: the CPU set
 * (cpuset(2)), the policy and the scheduler's history.
 */
export function sched_inherit(child: Thread, maker: Thread, forks: bool): void {
  if (inherits_policy(maker)) {
    const ts = td_sched(child);
    const from = td_sched(maker);
    ts.ts_policy = has_deadline(maker) ? <u8>Policy.OTHER : from.ts_policy;
    ts.ts_rt = from.ts_rt;
    ts.ts_nice = from.ts_nice;
    ts.ts_flags |= from.ts_flags & TSF_USER;
    if (machine().sched == Sched.LWKT) user_fork(child, maker);
    else if (machine().sched == Sched.ULE) ule_fork(mycpu(), child, maker, forks);
    else if (machine().sched == Sched.BSD4) bsd4_fork(child, maker);
  }
  if (machine().ncpus == 1 || planted(Plant.AFFINITY_FORGOTTEN)) return;
  store<u64>(excluded_cpus(child), load<u64>(excluded_cpus(maker)));
}

/**
 * True if a new thread gets its creator's policy: under lwkt only a user thread's; instead of a deadline it
 * gets SCHED_OTHER.
 */
function inherits_policy(maker: Thread): bool {
  if (machine().sched != Sched.LWKT) return true;
  return (maker.td_flags & TDF_USER) != 0 || (has_deadline(maker) && user_possible(maker));
}

/**
 * A new kernel thread may run on all CPUs, whatever its creator's set; it goes to CPU `turn`, whose turn it was.
 */
export function cpuset_kernthread(td: Thread, turn: u32): void {
  const m = machine();
  if (m.ncpus == 1 || load<u64>(excluded_cpus(td)) == 0) return;
  store<u64>(excluded_cpus(td), 0);
  m.next_cpu = turn;
  td.td_cpu = <u8>sched_place();
}

/** The next CPU in turn within a set, which must not be empty: moved threads spread evenly, as new ones do. */
export function sched_place_within(allowed: u64): u32 {
  const m = machine();
  const later = allowed & (~(<u64>0) << m.next_cpu);
  const cpu = <u32>ctz<u64>(later != 0 ? later : allowed);
  m.next_cpu = cpu + 1 == m.ncpus ? 0 : cpu + 1;
  return cpu;
}

/** The CPU of the next new thread: in turn, so that threads spread evenly. */
function sched_place(): u32 {
  const m = machine();
  const cpu = m.next_cpu;
  m.next_cpu = cpu + 1 == m.ncpus ? 0 : cpu + 1;
  return cpu;
}

/** A thread of a process with others exits: one of these, or the process's parent, is charged for its time. */
export function sched_exit_thread(other: Thread, td: Thread): void {
  if (machine().sched == Sched.LWKT || other == td) return;
  if (machine().sched == Sched.ULE) ule_exit(other, td);
  else if (machine().sched == Sched.BSD4) bsd4_exit(other, td);
}

/** A thread is gone: clears its scheduling state for the next user of its structure. */
export function sched_gone(td: Thread): void {
  dl_leave(td);
  if (gives_shares(machine())) share_gone(td);
}

/** The same for the state that a time-sharing scheduler keeps. */
function share_gone(td: Thread): void {
  if ((td.td_flags & TDF_USER) != 0) {
    _lwkt_dequeue(td);
    td.td_flags &= ~TDF_USER;
  }
  memory.fill(changetype<usize>(td_sched(td)), 0, offsetof<ThreadSched>());
}

/** A thread's CPU was chosen explicitly: it runs there next. */
export function sched_moved(td: Thread): void {
  if (machine().sched_delta != 0) td_sched(td).ts_flags |= TSF_MOVED;
}

/**
 * A thread leaves its CPU for one that was chosen. If its set excludes the CPU that it leaves, that is
 * just one of the set: lwkt and ule then place it like one that becomes runnable, as sched_affinity does in
 * the originals. That is so of a set of one CPU, too: the set may have others by the time it has arrived.
 */
export function sched_leaves(td: Thread): void {
  const m = machine();
  if (m.sched_delta == 0) return;
  const places = m.sched == Sched.LWKT || m.sched == Sched.ULE;
  if (places && !planted(Plant.SET_PINS) && (allowed_cpus(m, td) & cpu_bit(td.td_cpu)) == 0) {
    td_sched(td).ts_flags &= ~TSF_MOVED; // an earlier choice counts no more
  } else sched_moved(td);
}

/** A thread's CPU set has changed: moves it from the machine's queue to that of a CPU in the set. */
export function sched_affinity(td: Thread): void {
  if (machine().sched == Sched.LWKT || !bsd4_shares(td)) return;
  bsd4_rem(td);
  ipi_schedule(td);
}

/** 4bsd, ule: a queued thread has improved: makes a CPU that may take it look. */
export function sched_interrupt(td: Thread): void {
  if (machine().sched == Sched.ULE) ule_interrupt(machine(), td);
  else if (machine().sched == Sched.HOST) hs_interrupt(machine(), td);
  else bsd4_interrupt(machine(), td);
}

/** Takes a thread off its queue, under 4bsd and ule. */
export function sched_rem(td: Thread): void {
  if (machine().sched == Sched.ULE) ule_rem(td);
  else if (machine().sched == Sched.HOST) hs_rem(td);
  else bsd4_rem(td);
}

/** True if this CPU has a thread to run, under 4bsd and ule. */
export function sched_runnable(gd: GlobalData): bool {
  return machine().sched == Sched.BSD4 ? bsd4_runnable(gd) : gd.gd_nrunnable != 0;
}

/** 4bsd, ule, between two rounds: places the threads that were made runnable in the last one. */
export function sched_boundary(m: Machine): void {
  m.sched_idle = idle_cpus(m);
  if (m.sched == Sched.ULE) ule_unplaced(m);
  for (let left = m.sched_arrivals; left != 0; left &= left - 1) {
    const sc = sched_cpu(<u32>ctz<u64>(left));
    while (is_td(sc.sc_first)) {
      if (m.sched == Sched.ULE) ule_place(m, sc.sc_first);
      else if (m.sched == Sched.LWKT) user_place(m, sc.sc_first);
      else if (m.sched == Sched.HOST) hs_place(m, sc.sc_first);
      else bsd4_place(m, sc.sc_first);
    }
  }
  if (m.sched == Sched.ULE) ule_boundary(m);
  else if (m.sched == Sched.LWKT) user_boundary(m);
  else if (m.sched == Sched.HOST) hs_boundary(m);
  else bsd4_boundary(m);
}

/** Number of run queues of the machine's scheduler. */
export function sched_queues(ncpus: u32): u32 {
  const m = machine();
  if (m.sched == Sched.HOST) return 0;
  if (m.sched == Sched.LWKT) return m.user_threads != 0 ? ncpus : 0;
  return m.sched == Sched.ULE ? ule_queues(ncpus) : bsd4_queues(ncpus);
}

/**
 * Gives up the CPU: a RUNNING thread stays runnable, behind its equals; one that has made itself INHIBITED
 * before does not. Returns DONE if the thread picked itself.
 */
export function mi_switch(): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  if (td.td_state != TDS.RUNNING) return mi_switch_out();
  if (machine().sched == Sched.LWKT) {
    ktr(KTR_PROC, Ktr.RUNNABLE, changetype<u32>(td));
    return is_modern(gd) ? modern_relinquish(gd, td) : lwkt_yield();
  }
  if (td != gd.gd_idletd) sched_add(td);
  return share_switch(gd, td);
}

/** The same for a thread that is known not to stay runnable: it is INHIBITED, or the idle thread. */
export function mi_switch_out(): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  if (machine().sched != Sched.LWKT) return share_switch(gd, td);
  _lwkt_dequeue_of(gd, td);
  return lwkt_switch_of(gd, td);
}

/** Takes the next thread of this CPU off its queue. */
function choose(gd: GlobalData): Thread {
  const sched = machine().sched;
  if (sched == Sched.BSD4) return bsd4_choose(gd);
  return sched == Sched.ULE ? ule_choose(gd) : hs_choose(gd);
}

function share_switch(gd: GlobalData, td: Thread): u32 {
  gd.gd_switch_count++;
  gd.gd_flags &= ~(GDF_RESCHED | GDF_SLICEEND);
  const ntd = choose(gd);
  if ((gd.gd_flags & GDF_DEADLINE) != 0) dl_chosen(gd, ntd);
  if (ntd == td) {
    td.td_state = <u8>TDS.RUNNING;
    // It has not handled it yet; one that spins for a lock does when its call is over.
    if (machine().ncpus != 1 && ast_pending(td) && !is_spinning(td)) gd.gd_flags |= GDF_RESCHED;
    return DONE;
  }
  cpu_switch(gd, td, ntd);
  switch_in(gd, ntd);
  return PENDING;
}

/** Yields the CPU of the current thread; one with a deadline is finished until its next period. */
export function sched_relinquish(td: Thread): u32 {
  if (has_deadline(td)) {
    dl_yield(mycpu(), td);
    return DONE;
  }
  return mi_switch();
}

/** The current thread is dead: switches to another one. Does not return. */
export function sched_throw(td: Thread): u32 {
  const gd = mycpu();
  td.td_lwflags |= TDL_EXITING;
  if (machine().sched == Sched.LWKT) {
    _lwkt_dequeue_of(gd, td);
    return lwkt_switch_of(gd, td);
  }
  return share_switch(gd, td);
}
