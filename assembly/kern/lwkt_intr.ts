// Interrupts: a line has an interrupt thread. A request preempts the current thread if that is in no
// critical section, otherwise it is pended, gd_reqpri says so, and splz makes up for it when the section
// is left.
import { panic } from "../env";
import { GDF_INTR, GlobalData, GD_INTRQ_OFFSET, mycpu } from "../sys/globaldata";
import { Ktr, KTR_LWKT, ktr } from "../sys/ktr";
import { TDPRI_CRIT, Thread } from "../sys/proc";
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
import { ipi_waiting, lwkt_process_ipiq } from "./lwkt_ipiq";
import { sched_enqueue } from "./sched";
import { lwkt_preempt, lwkt_schedule } from "./lwkt_thread";

/** Most interrupt threads that a CPU can have pended: the room behind GD_INTRQ_OFFSET. */
export const MAXPENDING: u32 = 64;

function pended(gd: GlobalData, i: u32): usize {
  return changetype<usize>(gd) + GD_INTRQ_OFFSET + (<usize>i << 2);
}

/** Pends an interrupt thread, unless it is already. */
function pend(gd: GlobalData, td: Thread): void {
  for (let i: u32 = 0; i < gd.gd_nintr; i++) {
    if (load<usize>(pended(gd, i)) == changetype<usize>(td)) return;
  }
  if (gd.gd_nintr == MAXPENDING) panic("interrupt: more than %d threads pended", MAXPENDING);
  store<usize>(pended(gd, gd.gd_nintr), changetype<usize>(td));
  gd.gd_nintr++;
}

/** Takes the oldest pended interrupt thread. */
function unpend(gd: GlobalData): Thread {
  const td = changetype<Thread>(load<usize>(pended(gd, 0)));
  gd.gd_nintr--;
  memory.copy(pended(gd, 0), pended(gd, 1), <usize>gd.gd_nintr << 2);
  return td;
}

/**
 * An interrupt request for `td`'s line on this CPU. td_retval: 0 = pended, 1 = done, that is, the
 * interrupt thread was scheduled and has had its chance to preempt.
 */
export function interrupt_request(td: Thread): u32 {
  const gd = mycpu();
  const cur = gd.gd_curthread;
  if (cur.td_pri >= TDPRI_CRIT) {
    pend(gd, td);
    gd.gd_reqpri = TDPRI_CRIT;
    set_retval(0);
    return DONE;
  }
  cont_push(K.INTERRUPT_1);
  interrupt_run(td);
  return PENDING;
}

/** The request is done. */
export function interrupt_1(): u32 {
  set_retval(1);
  return DONE;
}

/** Schedules the interrupt thread and lets it preempt the current one, within a section of its own. */
export function interrupt_run(td: Thread): u32 {
  mycpu().gd_curthread.td_pri += TDPRI_CRIT;
  cont_push(K.INTR_1, changetype<u32>(td));
  lwkt_schedule(td);
  return PENDING;
}

/** Scheduled: preempt, then drop the section without a yield. */
export function interrupt_run_1(td: Thread): u32 {
  cont_push(K.CRIT_DROP);
  lwkt_preempt(td, 0);
  return PENDING;
}

/** An interrupt of another CPU's making: pended, for the next safe point of the thread that runs here. */
export function interrupt_post(gd: GlobalData, td: Thread): void {
  pend(gd, td);
  gd.gd_reqpri = TDPRI_CRIT;
  gd.gd_flags |= GDF_INTR;
}

/** The idle thread has nothing to preempt: what is pended becomes runnable. */
export function idle_interrupts(gd: GlobalData): void {
  while (gd.gd_nintr != 0) sched_enqueue(gd, unpend(gd));
  gd.gd_reqpri = 0;
  gd.gd_flags &= ~GDF_INTR;
}

/** Runs what was pended while the thread was in a critical section: messages, then interrupts. */
export function splz(): u32 {
  ktr(KTR_LWKT, Ktr.SPLZ, changetype<u32>(mycpu().gd_curthread));
  if (ipi_waiting(mycpu())) lwkt_process_ipiq(mycpu());
  return splz_1();
}

/** The next pended interrupt. */
export function splz_1(): u32 {
  const gd = mycpu();
  if (gd.gd_nintr == 0) return DONE;
  const td = unpend(gd);
  ktr(KTR_LWKT, Ktr.INTR, changetype<u32>(gd.gd_curthread), changetype<u32>(td));
  cont_push(K.SPLZ);
  interrupt_run(td);
  return PENDING;
}
