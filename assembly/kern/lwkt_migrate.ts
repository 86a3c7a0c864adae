// Moving threads between CPUs. The original has one CPU; DragonFly's later sources give the meaning.

import { EBUSY } from "../sys/errno";
import { GlobalData, mycpu } from "../sys/globaldata";
import {
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
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
import { ipi_migrate, ipi_schedule } from "./lwkt_ipiq";
import { _lwkt_dequeue, lwkt_switch } from "./lwkt_thread";
import { token_forgo } from "./lwkt_token";

/**
 * Moves a thread that is not running to `cpu`; its place in a wait queue it keeps. The owner of the
 * thread does it, so it has happened when this returns only if that is this CPU. A thread that runs on
 * another CPU is moved when it is between two instructions; for one that runs here the result is EBUSY.
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
  lwkt_migrate_here(td, cpu);
  return DONE;
}

/** A thread that runs, or that is at either end of a preemption, stays where it is. */
export function lwkt_cannot_migrate(gd: GlobalData, td: Thread): bool {
  return (
    td == gd.gd_curthread ||
    td.td_state == TDS.RUNNING || // the host makes a call in its place
    (td.td_lwflags & TDL_PREEMPT_LOCK) != 0 ||
    is_td(td.td_preempted)
  );
}

/** Moves a thread of this CPU that can be moved, on its run queue if it is on ours. */
export function lwkt_migrate_here(td: Thread, cpu: u32): void {
  const flags = td.td_lwflags;
  if (td.td_cpu == cpu || (flags & (TDL_EXITED | TDL_EXITING)) != 0) return;
  token_forgo(td);
  _lwkt_dequeue(td);
  td.td_cpu = <u8>cpu;
  if ((flags & TDL_RUNQ) != 0) ipi_schedule(cpu, td);
}

/** Moves the current thread to `cpu`: it goes on there. EBUSY in a critical section or a preemption. */
export function lwkt_setcpu_self(cpu: u32): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  set_retval(0);
  if (cpu == gd.gd_cpuid) return DONE;
  if (is_td(td.td_preempted) || td.td_pri >= TDPRI_CRIT) {
    set_retval(EBUSY);
    return DONE;
  }
  return move_self(td, cpu);
}

/** The current thread leaves for another CPU; it is on the run queue there if it is on this one's. */
function move_self(td: Thread, cpu: u32): u32 {
  if ((td.td_lwflags & TDL_RUNQ) == 0) {
    td.td_lwflags &= ~TDL_WANTED;
    cont_push(K.INVOL_1);
  }
  _lwkt_dequeue(td);
  td.td_cpu = <u8>cpu;
  ipi_schedule(cpu, td);
  lwkt_switch();
  return PENDING;
}

/**
 * The current thread is between two instructions, in no critical section: if another CPU has asked for
 * it to be moved, it leaves.
 */
export function lwkt_move_asked(td: Thread): bool {
  const c = cold(td);
  if (c.td_migrate == 0 || is_td(td.td_preempted)) return false;
  const cpu: u32 = <u32>c.td_migrate - 1;
  c.td_migrate = 0;
  if (cpu == <u32>td.td_cpu) return false;
  move_self(td, cpu);
  return true;
}
