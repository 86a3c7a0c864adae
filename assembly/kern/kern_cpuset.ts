// The CPUs that threads may run on (cpuset(2)), and what a thread asks of the scheduler for itself.
//
// A set is kept as the CPUs that it excludes, so that a thread for which none was ever set has all of them. Every
// way of moving looks at it (kern/lwkt_migrate.ts), and so does the placing of new threads (kern/sched.ts).
import { EBUSY, EINVAL } from "../sys/errno";
import { curthread, GDF_RESCHED, mycpu } from "../sys/globaldata";
import { excluded_cpus } from "../sys/ipiq";
import { machine, Sched } from "../sys/machine";
import { TDPRI_CRIT, Thread } from "../sys/proc";
import { cold, is_td } from "../sys/thread";
import { DONE, set_retval } from "./cont";
import { cpu_bit, ipi_migrate, is_mine } from "./lwkt_ipiq";
import { lwkt_move_here, lwkt_setcpu_self } from "./lwkt_migrate";
import {
  is_unborn,
  sched_affinity,
  sched_place_within,
  sched_prio,
  sched_setscheduler,
} from "./sched";

function result(value: i32): u32 {
  set_retval(value);
  return DONE;
}

/** The CPUs of a set that the machine has. */
function existing(mask: u64): u64 {
  return mask & (~(<u64>0) >> (64 - machine().ncpus));
}

/**
 * Restricts the current thread to a set of CPUs: it moves if it runs on another one, and goes on there.
 * EINVAL if the machine has none of the CPUs, EBUSY in a critical section.
 */
export function cpuset_setaffinity(mask: u64): u32 {
  const m = machine();
  const gd = mycpu();
  const td = gd.gd_curthread;
  const allowed = existing(mask);
  if (allowed == 0) return result(EINVAL);
  if (m.ncpus == 1) return result(0);
  const stays = (allowed & cpu_bit(gd.gd_cpuid)) != 0;
  const pinned = m.sched == Sched.LWKT && (is_td(td.td_preempted) || td.td_pri >= TDPRI_CRIT);
  if (!stays && pinned) return result(EBUSY);
  store<u64>(excluded_cpus(td), ~allowed);
  return stays ? result(0) : lwkt_setcpu_self(sched_place_within(allowed));
}

/**
 * Restricts a thread to a set of CPUs: if it is on another one it is moved, when it next can be. EINVAL if the
 * machine has none of the CPUs.
 */
export function cpuset_setthread(td: Thread, mask: u64): u32 {
  if (td == curthread()) return cpuset_setaffinity(mask);
  const allowed = existing(mask);
  if (allowed == 0) return result(EINVAL);
  if (machine().ncpus == 1) return result(0);
  store<u64>(excluded_cpus(td), ~allowed);
  if ((allowed & cpu_bit(td.td_cpu)) != 0) {
    sched_affinity(td);
    return result(0);
  }
  const cpu = sched_place_within(allowed);
  if (is_unborn(td)) td.td_cpu = <u8>cpu;
  else if (is_mine(td)) lwkt_move_here(mycpu(), td, cpu);
  else ipi_migrate(td, cpu);
  return result(0);
}

/** Gives the current thread a policy. */
export function sched_setscheduler_self(policy: i32, value: i32): i32 {
  const gd = mycpu();
  gd.gd_flags |= GDF_RESCHED;
  return sched_setscheduler(gd.gd_curthread, policy, value);
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
