// What the host may do to a machine between two steps: kernel calls from outside a run, made by a thread of
// its own, and interrupts.
import { panic } from "../env";
import { K } from "../kern/cont";
import { interrupt_post } from "../kern/lwkt_intr";
import { cpu_critical, cpu_exists, cpu_wake } from "../kern/lwkt_ipiq";
import { lwkt_token_pool_lookup } from "../kern/lwkt_pool";
import { sched_moved } from "../kern/sched";
import { EBUSY, EINVAL, EOPNOTSUPP, ESRCH } from "../sys/errno";
import { GDF_INTR, globaldata } from "../sys/globaldata";
import { intr_line } from "../sys/intr";
import { LwktToken } from "../sys/kobj";
import { ktr_drain } from "../sys/ktr";
import { machine, Sched } from "../sys/machine";
import { NINTR } from "../sys/param";
import {
  PRS,
  Proc,
  SSLEEP,
  TDB_INCALL,
  TDL_RUNQ,
  TDL_STARTED,
  TDPRI_CRIT,
  TDS,
  Thread,
} from "../sys/proc";
import { Sys } from "../sys/syscall";
import { cold, is_td, td_frame, td_valid } from "../sys/thread";
import { kobj_valid } from "./arg";
import { cont_run } from "./cont_table";
import { trap } from "./trap";

/**
 * Performs kernel call `nr` as the host's thread, with the arguments in its frame; the results are left in
 * its a0 and a1. For calls that do not block: one that does panics.
 */
export function host_call(nr: u32): void {
  const m = machine();
  const cpu = m.curcpu;
  const td = m.host_td;
  if (is_about_caller(nr) || (m.lwkt_modern != 0 && is_about_token(nr))) {
    td_frame(td).a0 = 0;
    return;
  }
  const gd = globaldata(host_cpu(nr, td_frame(td).a0));
  cpu_wake(m, gd);
  const current = gd.gd_curthread;
  const critical = cpu_critical(gd);
  td.td_cpu = <u8>gd.gd_cpuid;
  if (m.sched != Sched.LWKT) cold(td).td_priority = cold(current).td_priority;
  m.curcpu = gd;
  gd.gd_curthread = td;
  // Pended work does not take the CPU from the host. lwkt_token_uninit asks whether the CPU was in a critical section.
  td.td_pri = critical ? 2 * TDPRI_CRIT : TDPRI_CRIT;
  td.td_state = <u8>TDS.RUNNING;
  trap(td, nr);
  while (td.td_kfn != 0 && td.td_kfn != K.COMPUTE && gd.gd_curthread == td) cont_run(td);
  if (gd.gd_curthread != td || td.td_kfn != 0) {
    panic("kernel call %d waits: only a thread can make it", nr);
  }
  if ((td.td_body & TDB_INCALL) != 0) {
    td.td_body &= ~TDB_INCALL;
    td_frame(td).a0 = td_frame(td).retval;
  }
  if (gd.gd_nintr != 0) gd.gd_flags |= GDF_INTR;
  gd.gd_curthread = current;
  m.curcpu = cpu;
  if (m.ktr_mask != 0) ktr_drain();
}

/** True for calls about the calling thread's own turn, which the host's thread does not have. */
function is_about_caller(nr: u32): bool {
  return (
    nr == Sys.lwkt_yield ||
    nr == Sys.lwkt_yield_quick ||
    nr == Sys.lwkt_schedule_self ||
    nr == Sys.lwkt_deschedule_self ||
    nr == Sys.sched_relinquish ||
    nr == Sys.cpuset_setaffinity
  );
}

/** The same for lwkt-modern tokens, which only a running thread can hold. */
function is_about_token(nr: u32): bool {
  return (
    nr == Sys.lwkt_gettoken ||
    nr == Sys.lwkt_gettoken_shared ||
    nr == Sys.lwkt_reltoken ||
    nr == Sys.lwkt_regettoken ||
    nr == Sys.lwkt_havetoken ||
    nr == Sys.lwkt_trytoken ||
    is_about_pool(nr)
  );
}

/** True for calls that acquire or release a pool token. */
function is_about_pool(nr: u32): bool {
  return nr == Sys.lwkt_getpooltoken || nr == Sys.lwkt_relpooltoken;
}

/** The CPU on which the host's call is made: the owner of the token concerned, so that the call need not wait. */
function host_cpu(nr: u32, a0: u32): u32 {
  const about_token =
    nr == Sys.lwkt_signal ||
    nr == Sys.lwkt_gettoken_shared ||
    nr == Sys.lwkt_gettoken ||
    nr == Sys.lwkt_regettoken ||
    nr == Sys.lwkt_trytoken ||
    nr == Sys.lwkt_reltoken;
  let token = about_token && kobj_valid(a0) ? a0 : 0;
  if (is_about_pool(nr)) token = changetype<u32>(lwkt_token_pool_lookup(a0));
  if (token == 0) return 0;
  const cpu = changetype<LwktToken>(token).t_cpu;
  return cpu_exists(cpu) ? cpu : 0;
}

/** Raises the interrupt of `td`, an interrupt thread, on the CPU that owns it. 0, EOPNOTSUPP or ESRCH. */
export function host_interrupt(td: Thread): i32 {
  const m = machine();
  if (m.sched != Sched.LWKT) return EOPNOTSUPP;
  if (!td_valid(changetype<u32>(td))) return ESRCH;
  const gd = globaldata(td.td_cpu);
  cpu_wake(m, gd);
  interrupt_post(gd, td);
  return 0;
}

/** Raises an interrupt line. 0, EINVAL if there is no such line, ESRCH if no thread serves it. */
export function host_raise(line: u32): i32 {
  if (line >= <u32>NINTR) return EINVAL;
  const il = intr_line(line);
  if (!is_td(il.il_thread)) return ESRCH;
  il.il_count++;
  return host_interrupt(il.il_thread);
}

/**
 * Places a thread that has neither run nor been made runnable on a CPU. 0; EINVAL if there is no such CPU,
 * ESRCH if it is not a thread, EBUSY if queues or clocks of its CPU may refer to it already.
 */
export function host_place(td: Thread, cpu: u32): i32 {
  if (cpu >= machine().ncpus) return EINVAL;
  if (!td_valid(changetype<u32>(td))) return ESRCH;
  const isKnown = (td.td_lwflags & (TDL_RUNQ | TDL_STARTED)) != 0 || td.td_state == <u8>TDS.RUNQ;
  if (isKnown) return EBUSY;
  td.td_cpu = <u8>cpu;
  sched_moved(td);
  return 0;
}

/** Gives a thread of a bare machine a process, of which LWKT looks at the state only. */
export function bare_proc(td: Thread, pid: i32, stat: u32): void {
  const m = machine();
  const p = changetype<Proc>(m.proc_base + <usize>m.proc_next * offsetof<Proc>());
  if (m.proc_next == <u32>m.maxproc) panic("bare_proc: more than %d processes", m.maxproc);
  m.proc_next++;
  p.p_pid = pid;
  p.p_state = PRS.NORMAL;
  td.td_proc = p;
  proc_set_stat(p, stat);
}

/** Sets the state of a process as LWKT sees it. */
export function proc_set_stat(p: Proc, stat: u32): void {
  const m = machine();
  if (p.p_stat == SSLEEP) m.sleep_procs--;
  if (stat == SSLEEP) m.sleep_procs++;
  p.p_stat = stat;
}
