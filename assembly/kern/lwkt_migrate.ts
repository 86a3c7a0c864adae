// Moving threads between CPUs. The original has one CPU; DragonFly's later sources give the meaning.
import { mycpu } from "../sys/globaldata";
import { EBUSY } from "../sys/errno";
import { TDPRI_CRIT, Thread } from "../sys/proc";
import { is_td } from "../sys/thread";
import { DONE, PENDING, set_retval } from "./cont";
import { ipi_migrate, ipi_schedule, lwkt_cannot_migrate, lwkt_migrate_local } from "./lwkt_ipiq";
import { _lwkt_dequeue, lwkt_switch } from "./lwkt_thread";

/**
 * Moves a thread that is not running to `cpu`; its place in a wait queue it keeps. The owner of the
 * thread does it, so it has happened when this returns only if that is this CPU. A thread that runs is
 * moved when it no longer does; for one that runs here the result is EBUSY.
 */
export function lwkt_migrate(td: Thread, cpu: u32): u32 {
  const gd = mycpu();
  set_retval(0);
  if (td.td_cpu != gd.gd_cpuid) {
    ipi_migrate(td.td_cpu, td, cpu);
    return DONE;
  }
  if (lwkt_cannot_migrate(gd, td)) {
    set_retval(EBUSY);
    return DONE;
  }
  if (td.td_cpu != cpu) lwkt_migrate_local(td, cpu);
  return DONE;
}

/** Moves the current thread to `cpu`: it goes on there. EBUSY while it has preempted another. */
export function lwkt_setcpu_self(cpu: u32): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  set_retval(0);
  if (cpu == gd.gd_cpuid) return DONE;
  if (is_td(td.td_preempted) || td.td_pri >= TDPRI_CRIT) {
    set_retval(EBUSY);
    return DONE;
  }
  _lwkt_dequeue(td);
  td.td_cpu = <u8>cpu;
  ipi_schedule(cpu, td);
  lwkt_switch();
  return PENDING;
}
