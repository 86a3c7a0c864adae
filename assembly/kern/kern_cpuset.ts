// What a thread asks of the scheduler for itself: the CPUs that it may run on (cpuset(2)), its priority.
import { EINVAL } from "../sys/errno";
import { GDF_RESCHED, mycpu } from "../sys/globaldata";
import { machine, Sched } from "../sys/machine";
import { cold } from "../sys/thread";
import { DONE, set_retval } from "./cont";
import { lwkt_setcpu_self } from "./lwkt_migrate";
import { mi_switch, sched_prio } from "./sched";

/**
 * Restricts the current thread to a set of CPUs: it moves if it runs on another one, and goes on there.
 * No scheduler here moves threads on its own, so the set need not be remembered. EINVAL if the machine
 * has none of the CPUs, EBUSY in a critical section.
 */
export function cpuset_setaffinity(mask: u64): u32 {
  const m = machine();
  const gd = mycpu();
  const allowed = mask & (~(<u64>0) >> (64 - m.ncpus));
  set_retval(allowed == 0 ? EINVAL : 0);
  if (allowed == 0 || (allowed & ((<u64>1) << gd.gd_cpuid)) != 0) return DONE;
  const cpu = place_within(allowed);
  if (m.sched == Sched.LWKT) return lwkt_setcpu_self(cpu);
  gd.gd_curthread.td_cpu = <u8>cpu;
  return mi_switch();
}

/** The CPU of a set that is next in turn: threads that move spread evenly, as new ones do. */
function place_within(allowed: u64): u32 {
  const m = machine();
  const later = allowed & (~(<u64>0) << m.next_cpu);
  const cpu = <u32>ctz<u64>(later != 0 ? later : allowed);
  m.next_cpu = cpu + 1 == m.ncpus ? 0 : cpu + 1;
  return cpu;
}

/** Sets the current thread's priority; with a worse one it gives the CPU to a better thread at once. */
export function sched_prio_self(pri: u32): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  const before = <u32>cold(td).td_priority;
  sched_prio(td, pri);
  if (pri > before) gd.gd_flags |= GDF_RESCHED;
  set_retval(0);
  return DONE;
}
