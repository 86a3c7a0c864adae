// Interrupts: a line has an interrupt thread. A request preempts the current thread if that is in no critical
// section; otherwise it is pended, gd_reqpri records that, and splz catches up when the section is left.
//
// A request from outside, by the host or by another CPU, is always pended first; GDF_INTR makes the pended
// ones run at the current thread's next safe point.
//
// The thread of a line waits with intr_wait, which checks the line's count and leaves the CPU within one
// critical section: an interrupt in between stays pended until the thread is off the run queue.
import { EBUSY, EINVAL } from "../sys/errno";
import { GDF_INTR, GDF_RESCHED, GlobalData, gd_intrq, globaldata, mycpu } from "../sys/globaldata";
import { intr_line, PendCell } from "../sys/intr";
import { KOBJ_PEND } from "../sys/kobj";
import { KTR_LWKT, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { MAXPENDING, NINTR } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDF_PENDED, TDL_EXITED, TDL_EXITING, TDL_INTR, TDPRI_CRIT, Thread } from "../sys/proc";
import { is_td, no_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING, set_retval } from "./cont";
import { kobj_alloc, kobj_free } from "./kern_kobj";
import { cpu_exists, ipi_interrupt, is_mine, lwkt_process_ipiq } from "./lwkt_ipiq";
import {
  _lwkt_dequeue,
  crit_enter,
  crit_exit,
  lwkt_preempt,
  lwkt_schedule,
  lwkt_schedule_other,
  lwkt_switch,
} from "./lwkt_thread";

/**
 * Pends an interrupt thread on this CPU unless it is pended already, here or on another CPU, which then
 * passes it on. If there is no room it becomes runnable at once: it then preempts nobody and runs when its
 * turn comes. The current thread, which may be about to leave its CPU and would miss that, has a place of its own.
 */
function pend(gd: GlobalData, td: Thread): void {
  if ((td.td_flags & TDF_PENDED) != 0 || (td.td_lwflags & (TDL_EXITED | TDL_EXITING)) != 0) return;
  if (gd.gd_nintr < MAXPENDING) {
    td.td_flags |= TDF_PENDED;
    store<usize>(gd_intrq(gd, gd.gd_nintr), changetype<usize>(td));
    gd.gd_nintr++;
    return;
  }
  const cell = changetype<PendCell>(kobj_alloc());
  if (!is_cell(cell)) {
    if (td == gd.gd_curthread) pend_current(gd, td);
    else lwkt_schedule_other(td);
    return;
  }
  td.td_flags |= TDF_PENDED;
  cell.pc_kind = KOBJ_PEND;
  cell.pc_td = td;
  if (is_cell(gd.gd_pend_last)) gd.gd_pend_last.pc_next = cell;
  else gd.gd_pend_first = cell;
  gd.gd_pend_last = cell;
}

/**
 * Pends the running thread in the CPU's reserved place. A thread that is there already has left the CPU since, and can
 * be made runnable now.
 */
function pend_current(gd: GlobalData, td: Thread): void {
  const before = gd.gd_pend_current;
  gd.gd_pend_current = td;
  td.td_flags |= TDF_PENDED;
  if (!is_td(before)) return;
  before.td_flags &= ~TDF_PENDED;
  lwkt_schedule_other(before);
}

function is_cell(cell: PendCell): bool {
  return changetype<usize>(cell) != 0;
}

/** Removes an interrupt thread from the pended ones. */
function pend_remove(gd: GlobalData, td: Thread): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < gd.gd_nintr; i++) {
    const other = load<usize>(gd_intrq(gd, i));
    if (other != changetype<usize>(td)) store<usize>(gd_intrq(gd, kept++), other);
  }
  gd.gd_nintr = kept;
  if (gd.gd_pend_current == td) gd.gd_pend_current = no_td();
  let before = changetype<PendCell>(0);
  for (let cell = gd.gd_pend_first; is_cell(cell); ) {
    const next = cell.pc_next;
    if (cell.pc_td == td) {
      if (is_cell(before)) before.pc_next = next;
      else gd.gd_pend_first = next;
      if (!is_cell(next)) gd.gd_pend_last = before;
      kobj_free(changetype<usize>(cell));
    } else before = cell;
    cell = next;
  }
  pend_refill(gd);
}

/** Takes the oldest pended interrupt thread. */
function unpend(gd: GlobalData): Thread {
  const td = changetype<Thread>(load<usize>(gd_intrq(gd, 0)));
  td.td_flags &= ~TDF_PENDED;
  gd.gd_nintr--;
  memory.copy(gd_intrq(gd, 0), gd_intrq(gd, 1), <usize>gd.gd_nintr * sizeof<usize>());
  pend_refill(gd);
  return td;
}

/** There is room in the CPU's own structure: moves up the first of the linked ones. */
function pend_refill(gd: GlobalData): void {
  while (gd.gd_nintr < MAXPENDING && is_cell(gd.gd_pend_first)) {
    const cell = gd.gd_pend_first;
    gd.gd_pend_first = cell.pc_next;
    if (!is_cell(cell.pc_next)) gd.gd_pend_last = changetype<PendCell>(0);
    store<usize>(gd_intrq(gd, gd.gd_nintr), changetype<usize>(cell.pc_td));
    gd.gd_nintr++;
    kobj_free(changetype<usize>(cell));
  }
  if (gd.gd_nintr == MAXPENDING || !is_td(gd.gd_pend_current)) return;
  store<usize>(gd_intrq(gd, gd.gd_nintr), changetype<usize>(gd.gd_pend_current));
  gd.gd_nintr++;
  gd.gd_pend_current = no_td();
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
    return done(0);
  }
  cont_push(K.INTERRUPT_1);
  interrupt_run(td);
  return PENDING;
}

/** The request is done. */
export function interrupt_1(): u32 {
  return done(1);
}

/**
 * Schedules the interrupt thread and lets it preempt the current one, within a critical section of its own.
 * One that has moved to another CPU is interrupted there.
 */
function interrupt_run(td: Thread): u32 {
  const gd = mycpu();
  if (!is_mine(td) && cpu_exists(td.td_cpu)) {
    ipi_interrupt(td);
    return DONE;
  }
  gd.gd_curthread.td_pri += TDPRI_CRIT;
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

/** An interrupt sent by another CPU: pended until the current thread's next safe point. */
export function interrupt_post(gd: GlobalData, td: Thread): void {
  pend(gd, td);
  gd.gd_reqpri = TDPRI_CRIT;
  gd.gd_flags |= GDF_INTR;
}

/** The idle thread has nothing to preempt: makes all pended interrupt threads runnable. */
export function idle_interrupts(gd: GlobalData): void {
  while (gd.gd_nintr != 0) lwkt_schedule_other(unpend(gd));
  gd.gd_reqpri = 0;
  gd.gd_flags &= ~(GDF_INTR | GDF_RESCHED);
}

/** Runs what was pended while the thread was in a critical section: first messages, then interrupts. */
export function splz(): u32 {
  ktr(KTR_LWKT, Ktr.SPLZ, changetype<u32>(mycpu().gd_curthread));
  lwkt_process_ipiq(mycpu());
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

// ---- Lines ----

/** Makes `td` the thread of a line, or frees the line if it is null. 0, EBUSY or EINVAL. */
export function intr_register(line: u32, td: Thread): i32 {
  if (line >= <u32>NINTR) return EINVAL;
  const il = intr_line(line);
  if (is_td(td) && is_td(il.il_thread) && il.il_thread != td) return EBUSY;
  il.il_thread = td;
  il.il_count = 0;
  if (is_td(td)) td.td_lwflags |= TDL_INTR;
  return 0;
}

/** `td` is gone: releases its lines, and removes it from the pended ones. */
export function intr_forget(td: Thread): void {
  if ((td.td_flags & TDF_PENDED) != 0 && !planted(Plant.PEND_OUTLIVES)) {
    td.td_flags &= ~TDF_PENDED;
    for (let cpu: u32 = 0; cpu < machine().ncpus; cpu++) pend_remove(globaldata(cpu), td);
  }
  if ((td.td_lwflags & TDL_INTR) == 0 || planted(Plant.LINE_OUTLIVES)) return;
  for (let line: u32 = 0; line < <u32>NINTR; line++) {
    const il = intr_line(line);
    if (il.il_thread == td) il.il_thread = no_td();
  }
}

/**
 * The current thread waits until its line is raised. td_retval: how often that has happened since the last
 * call, 0 if the line is another thread's.
 */
export function intr_wait(line: u32): u32 {
  crit_enter();
  return intr_wait_1(line);
}

/** In the section: checks, and waits if there is nothing yet. */
export function intr_wait_1(line: u32): u32 {
  const td = mycpu().gd_curthread;
  const il = intr_line(line < <u32>NINTR ? line : 0);
  if (line >= <u32>NINTR || il.il_thread != td) {
    set_retval(0);
    return crit_exit();
  }
  if (il.il_count != 0) {
    set_retval(il.il_count);
    il.il_count = 0;
    return crit_exit();
  }
  _lwkt_dequeue(td);
  cont_push(K.INTR_WAIT_1, line);
  lwkt_switch();
  return PENDING;
}
