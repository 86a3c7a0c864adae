// The CPUs that threads may run on (cpuset(2)), and scheduling requests that a thread makes for itself.
//
// A set is stored as the CPUs that it excludes, so that a thread whose set was never changed has all of them.
// Every migration (kern/lwkt_migrate.ts) and the placement of new threads (kern/sched.ts) obey it.
import { all_cpus, cpu_bit } from "../sys/cpuset";
import { EBUSY, EINVAL } from "../sys/errno";
import { curthread, GDF_RESCHED, mycpu } from "../sys/globaldata";
import { excluded_cpus, MOVE_INTO_SET } from "../sys/ipiq";
import { machine, Sched } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { TDF_USER, TDPRI_CRIT, Thread } from "../sys/proc";
import { cold, is_td } from "../sys/thread";
import { done } from "./cont";
import { td_is_sleeping } from "./kern_synch";
import { ipi_migrate, is_mine, priority_changed } from "./lwkt_ipiq";
import { lwkt_move_here, lwkt_setcpu_self } from "./lwkt_migrate";
import {
  is_unborn,
  sched_affinity,
  sched_deadline,
  sched_place_within,
  sched_prio,
  sched_setscheduler,
} from "./sched";
import { dl_allows, dl_enter, dl_place } from "./sched_deadline";
import { allowed_cpus } from "./sched_place";

/** The CPUs of a set that the machine has. */
function existing(mask: u64): u64 {
  return mask & all_cpus(machine());
}

/**
 * Restricts the current thread to a set of CPUs; it moves at once if it runs on another one. EINVAL if the
 * machine has none of the CPUs; EBUSY in a critical section, or if another CPU has admitted its deadline.
 */
export function cpuset_setaffinity(mask: u64): u32 {
  const m = machine();
  const gd = mycpu();
  const td = gd.gd_curthread;
  const allowed = existing(mask);
  if (allowed == 0) return done(EINVAL);
  if (!dl_allows(td, allowed)) return done(EBUSY);
  if (m.ncpus == 1) return done(0);
  const stays = (allowed & cpu_bit(gd.gd_cpuid)) != 0;
  const pinned = m.sched == Sched.LWKT && (is_td(td.td_preempted) || td.td_pri >= TDPRI_CRIT);
  if (!stays && pinned) return done(EBUSY);
  store<u64>(excluded_cpus(td), ~allowed);
  return stays ? done(0) : lwkt_setcpu_self(sched_place_within(allowed_cpus(m, td)));
}

/**
 * Restricts a thread to a set of CPUs; if it is on another one it is moved as soon as it can be. EINVAL if
 * the machine has none of the CPUs, EBUSY if another CPU has admitted its deadline.
 */
export function cpuset_setthread(td: Thread, mask: u64): u32 {
  if (td == curthread()) return cpuset_setaffinity(mask);
  const allowed = existing(mask);
  if (allowed == 0) return done(EINVAL);
  if (!dl_allows(td, allowed)) return done(EBUSY);
  if (machine().ncpus == 1) return done(0);
  store<u64>(excluded_cpus(td), ~allowed);
  if ((allowed & cpu_bit(td.td_cpu)) != 0) {
    sched_affinity(td);
    return done(0);
  }
  const cpu = sched_place_within(allowed_cpus(machine(), td));
  const to = cpu | (is_placed(td) ? MOVE_INTO_SET : 0);
  if (is_unborn(td)) td.td_cpu = <u8>cpu;
  else if (is_mine(td)) lwkt_move_here(mycpu(), td, to);
  else if (!planted(Plant.SET_ASLEEP) || !td_is_sleeping(td)) ipi_migrate(td, to);
  return done(0);
}

/** True for a thread that its scheduler places, and may have given a CPU of its set before it hears of the set. */
function is_placed(td: Thread): bool {
  const m = machine();
  return m.sched == Sched.ULE || (m.sched == Sched.LWKT && (td.td_flags & TDF_USER) != 0);
}

/** Gives the current thread a policy. */
export function sched_setscheduler_self(policy: i32, value: i32): i32 {
  const gd = mycpu();
  gd.gd_flags |= GDF_RESCHED;
  return sched_setscheduler(gd.gd_curthread, policy, value);
}

/**
 * Sets the current thread's priority; if it gets worse than another runnable thread's, that thread runs at once.
 */
export function sched_prio_self(pri: u32): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  const before = <u32>cold(td).td_priority;
  sched_prio(td, pri);
  if (pri > before) gd.gd_flags |= GDF_RESCHED;
  return done(0);
}

/**
 * Gives a thread a deadline (kern/sched_deadline.ts), with times in microseconds, and moves it to the CPU
 * that admits it. EINVAL for times that are out of order or shorter than a cycle, or a thread without a
 * process; EBUSY if no CPU of its set can admit it; EAGAIN when too many threads have deadlines.
 */
export function sched_setdeadline(td: Thread, runtime: u32, deadline: u32, period: u32): u32 {
  if (changetype<usize>(td.td_proc) == 0) return done(EINVAL);
  const error = dl_enter(td, runtime, deadline, period);
  if (error != 0) return done(error);
  sched_deadline(td);
  const cpu = dl_place(td);
  if (td == curthread()) {
    mycpu().gd_flags |= GDF_RESCHED;
    return lwkt_setcpu_self(cpu);
  }
  if (cpu == td.td_cpu) {
    sched_affinity(td); // no other CPU is to take it from the machine's queue
    if (is_mine(td)) priority_changed(mycpu(), td); // it may be waiting, and its time runs
    return done(0);
  }
  if (is_unborn(td)) td.td_cpu = <u8>cpu;
  else if (is_mine(td)) lwkt_move_here(mycpu(), td, cpu);
  else ipi_migrate(td, cpu);
  return done(0);
}

/** The same for the current thread. */
export function sched_setdeadline_self(runtime: u32, deadline: u32, period: u32): u32 {
  return sched_setdeadline(curthread(), runtime, deadline, period);
}
