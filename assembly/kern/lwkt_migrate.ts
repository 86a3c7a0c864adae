// Moving threads between CPUs. The original has one CPU; DragonFly's later sources give the meaning.
//
// A thread that moves stays runnable, or not, as it was (docs/law-between-cpus.md, section 6). A runnable one
// leaves its run queue and is in transit (TDF_TRANSIT) until its new CPU carries out ARRIVE; TDL_WANTED says
// whether it goes on the run queue then. A thread that moves itself while it is on no run queue has K.INVOL_1
// to take it off again, as after any involuntary switch.
import { cpu_bit } from "../sys/cpuset";
import { EBUSY, EINVAL } from "../sys/errno";
import { GDF_RESCHED, GlobalData, mycpu } from "../sys/globaldata";
import { excluded_cpus } from "../sys/ipiq";
import { machine, Sched } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import {
  TDF_TRANSIT,
  TDL_EXITED,
  TDL_EXITING,
  TDL_PREEMPT_LOCK,
  TDL_RUNQ,
  TDL_WANTED,
  TDPRI_CRIT,
  TDS,
  Thread,
} from "../sys/proc";
import { cold, is_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING, set_retval } from "./cont";
import { stats_due } from "./kern_stats";
import { ipi_arrive, ipi_follow, ipi_migrate, ipi_retry, ipi_schedule, is_mine } from "./lwkt_ipiq";
import { _lwkt_dequeue, _lwkt_enqueue, lwkt_switch } from "./lwkt_thread";
import { token_forgo, waits_for_token } from "./lwkt_token";
import { mi_switch, sched_check_preempt, sched_leaves, sched_rem } from "./sched";
import { dl_allows } from "./sched_deadline";

/** True if a thread's affinity lets it run on a CPU. */
function cpu_allowed(td: Thread, cpu: u32): bool {
  if (planted(Plant.AFFINITY_IGNORED)) return true;
  if (machine().ncpus == 1) return true;
  return dl_allows(td, cpu_bit(cpu)) && (load<u64>(excluded_cpus(td)) & cpu_bit(cpu)) == 0;
}

/**
 * Moves a thread that is not running to `cpu`; it keeps its place in a wait queue. The thread's owner does
 * it, so it has happened on return only if that is this CPU. A thread running on another CPU is moved at its
 * next safe point. EBUSY for one that is running here, EINVAL for a CPU that its affinity excludes.
 */
export function lwkt_migrate(td: Thread, cpu: u32): u32 {
  const gd = mycpu();
  set_retval(0);
  if (!cpu_allowed(td, cpu)) return done(EINVAL);
  if (!is_mine(td)) {
    ipi_migrate(td, cpu);
    return DONE;
  }
  if (lwkt_cannot_migrate(gd, td)) return done(EBUSY);
  cold(td).td_migrate = 0;
  migrate(gd, td, cpu);
  return DONE;
}

/** A thread that is running, or at either end of a preemption, cannot be moved. */
function lwkt_cannot_migrate(gd: GlobalData, td: Thread): bool {
  return (
    td == gd.gd_curthread ||
    td.td_state == TDS.RUNNING || // the host makes a call in its place
    (td.td_lwflags & TDL_PREEMPT_LOCK) != 0 ||
    is_td(td.td_preempted)
  );
}

/**
 * True for a thread that is on the run queue only to finish an involuntary switch or to check for its token:
 * TDL_WANTED says whether it is to stay there, and a move does not change that.
 */
function is_passing(td: Thread): bool {
  return td.td_kfn == K.INVOL_1 || waits_for_token(td);
}

/** Moves a thread of this CPU that can be moved; it stays runnable if it was. */
function migrate(gd: GlobalData, td: Thread, cpu: u32): void {
  const flags = td.td_lwflags;
  if (td.td_cpu == <u8>cpu || (flags & (TDL_EXITED | TDL_EXITING)) != 0) return;
  if (machine().sched != Sched.LWKT) {
    const queued = td.td_slot != 0;
    if (queued) sched_rem(td);
    sched_leaves(td);
    td.td_cpu = <u8>cpu;
    ipi_follow(td);
    if (queued) ipi_schedule(td);
    return;
  }
  token_forgo(td);
  _lwkt_dequeue(td);
  sched_leaves(td);
  td.td_cpu = <u8>cpu;
  stats_due(td);
  ipi_follow(td);
  if ((flags & TDL_RUNQ) == 0 || planted(Plant.MOVE_LOSES_RUN)) return;
  if (!is_passing(td)) td.td_lwflags |= TDL_WANTED;
  ipi_arrive(td);
}

/** A thread in transit has arrived: puts it on the run queue, unless it was descheduled on the way. */
export function lwkt_arrive(gd: GlobalData, td: Thread): void {
  td.td_flags &= ~TDF_TRANSIT;
  const passing = is_passing(td) && !planted(Plant.ARRIVE_LOSES_TURN);
  if ((td.td_lwflags & TDL_WANTED) == 0 && !passing) return;
  _lwkt_enqueue(td);
  sched_check_preempt(gd, td);
}

/**
 * Another CPU requests that a thread of this one be moved. If it cannot be moved now, the target is remembered.
 */
export function lwkt_move_here(gd: GlobalData, td: Thread, cpu: u32): void {
  if (!cpu_allowed(td, cpu)) return;
  cold(td).td_migrate = <u8>(cpu + 1);
  lwkt_move_retry(gd, td);
}

/** Moves a thread whose move was put off, or tries again between the next two rounds. */
export function lwkt_move_retry(gd: GlobalData, td: Thread): void {
  const c = cold(td);
  if (c.td_migrate == 0 || (td.td_lwflags & (TDL_EXITED | TDL_EXITING)) != 0) return;
  const cpu: u32 = <u32>c.td_migrate - 1;
  if (!cpu_allowed(td, cpu) && !planted(Plant.RETRY_EXCLUDED)) {
    c.td_migrate = 0; // its affinity was changed meanwhile
    return;
  }
  if (lwkt_cannot_migrate(gd, td)) {
    if (td == gd.gd_curthread) gd.gd_flags |= GDF_RESCHED;
    ipi_retry(td);
    return;
  }
  c.td_migrate = 0;
  migrate(gd, td, cpu);
}

/**
 * Moves the current thread to `cpu`, where it continues. EBUSY in a critical section or a preemption, EINVAL
 * for a CPU that its affinity excludes.
 */
export function lwkt_setcpu_self(cpu: u32): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  set_retval(0);
  if (!cpu_allowed(td, cpu)) return done(EINVAL);
  if (cpu == gd.gd_cpuid) return DONE;
  if (is_td(td.td_preempted) || td.td_pri >= TDPRI_CRIT) return done(EBUSY);
  return move_self(td, cpu);
}

/** The current thread leaves for another CPU; it will be on the run queue there if it is on this one's. */
function move_self(td: Thread, cpu: u32): u32 {
  cold(td).td_migrate = 0;
  if (machine().sched != Sched.LWKT) {
    sched_leaves(td);
    td.td_cpu = <u8>cpu;
    return mi_switch();
  }
  if ((td.td_lwflags & TDL_RUNQ) == 0) {
    td.td_lwflags &= ~TDL_WANTED;
    if (planted(Plant.MOVE_WAKES)) td.td_lwflags |= TDL_WANTED;
    cont_push(K.INVOL_1);
  } else {
    td.td_lwflags |= TDL_WANTED;
    _lwkt_dequeue(td);
  }
  sched_leaves(td);
  td.td_cpu = <u8>cpu;
  stats_due(td);
  ipi_arrive(td);
  lwkt_switch();
  return PENDING;
}

/**
 * At a safe point of the current thread: if a move was requested, it leaves.
 */
export function lwkt_move_asked(td: Thread): bool {
  const c = cold(td);
  if (c.td_migrate == 0 || is_td(td.td_preempted)) return false;
  const cpu: u32 = <u32>c.td_migrate - 1;
  c.td_migrate = 0;
  if (cpu == <u32>td.td_cpu || !cpu_allowed(td, cpu)) return false;
  move_self(td, cpu);
  return true;
}
