// Placement of runnable threads on a machine with several CPUs, under the time-sharing schedulers.
//
// A CPU puts a thread that it makes runnable on its own queue, from which it may run it at once, and records
// it (sched_arrived). Between two rounds, when all CPUs stand still, the threads that are still waiting are
// placed: the scheduler picks the queue and the CPU to interrupt. So no CPU looks at another one in the
// middle of a round, when their clocks differ, and no thread runs on two CPUs at one time. The outcome does
// not depend on the order of the CPUs in a round, except that the lowest one takes the next thread off the
// machine's queue first.
import { all_cpus, cpu_bit } from "../sys/cpuset";
import { has_deadline } from "../sys/deadline";
import { GDF_RESCHED, GlobalData, globaldata } from "../sys/globaldata";
import { excluded_cpus } from "../sys/ipiq";
import { Machine, machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { prioq_remove } from "../sys/prioq";
import { Thread } from "../sys/proc";
import { sched_cpu, ThreadSched, TSF_ARRIVED, TSF_KEPT, td_sched } from "../sys/sched";
import { is_td, no_td } from "../sys/thread";
import { dl_place } from "./sched_deadline";

/** Records a thread that was put on this CPU's queue: it is placed when the round is over. */
export function sched_arrived(gd: GlobalData, td: Thread): void {
  const m = machine();
  if (m.ncpus == 1) return;
  if (!planted(Plant.ARRIVAL_LOST)) m.sched_arrivals |= cpu_bit(gd.gd_cpuid);
  const sc = sched_cpu(gd.gd_cpuid);
  const ts = td_sched(td);
  ts.ts_flags |= TSF_ARRIVED;
  ts.ts_noted = <u8>gd.gd_cpuid;
  ts.ts_next = no_td();
  ts.ts_prev = sc.sc_last;
  if (is_td(sc.sc_last)) td_sched(sc.sc_last).ts_next = td;
  else sc.sc_first = td;
  sc.sc_last = td;
}

/** A thread that may be waiting to be placed, or has kept its place, has left its queue. */
export function sched_departed(td: Thread): void {
  const ts = td_sched(td);
  sched_kept(ts, false);
  if ((ts.ts_flags & TSF_ARRIVED) == 0) return;
  ts.ts_flags &= ~TSF_ARRIVED;
  const cpu: u32 = ts.ts_noted;
  const sc = sched_cpu(cpu);
  if (is_td(ts.ts_prev)) td_sched(ts.ts_prev).ts_next = ts.ts_next;
  else sc.sc_first = ts.ts_next;
  if (is_td(ts.ts_next)) td_sched(ts.ts_next).ts_prev = ts.ts_prev;
  else sc.sc_last = ts.ts_prev;
  if (!is_td(sc.sc_first)) machine().sched_arrivals &= ~cpu_bit(cpu);
}

/**
 * Another CPU makes a thread runnable: of several in a round the lowest counts, whatever the order of their
 * slices.
 */
export function ule_woken_by(gd: GlobalData, td: Thread): void {
  const ts = td_sched(td);
  const waker = gd.gd_cpuid + 1;
  if (ts.ts_waker == 0 || waker < <u32>ts.ts_waker) ts.ts_waker = <u8>waker;
}

/**
 * Records whether a waiting thread keeps its place although its priority got worse (sched_thread_priority of
 * ule). It is then at a level other than its own, and meanwhile yields do not take turns on the list
 * (kern/sched_turn.ts).
 */
export function sched_kept(ts: ThreadSched, keeps: bool): void {
  if (((ts.ts_flags & TSF_KEPT) != 0) == keeps || machine().ncpus != 1) return;
  ts.ts_flags ^= TSF_KEPT;
  sched_cpu(0).sc_kept += keeps ? 1 : -1;
}

/** Takes a thread off the queue that it is on. */
export function sched_dequeue(td: Thread): void {
  prioq_remove(td);
  sched_departed(td);
}

/** The CPUs that a thread may run on. */
export function allowed_cpus(m: Machine, td: Thread): u64 {
  if (has_deadline(td)) return cpu_bit(dl_place(td));
  return ~load<u64>(excluded_cpus(td)) & all_cpus(m);
}

/** The CPUs that run their idle threads, including all halted ones. */
export function idle_cpus(m: Machine): u64 {
  let idle = ~m.busy & all_cpus(m);
  for (let left = m.busy; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    const gd = globaldata(cpu);
    if (gd.gd_curthread == gd.gd_idletd) idle |= cpu_bit(cpu);
  }
  return idle;
}

/** Makes a CPU look at its queues: wakes it if it is halted, and its thread looks at its next safe point. */
export function kick_cpu(m: Machine, cpu: u32): void {
  if (!planted(Plant.TURN_LOST)) m.busy |= cpu_bit(cpu);
  globaldata(cpu).gd_flags |= GDF_RESCHED;
  m.sched_idle &= ~cpu_bit(cpu);
}
