// The light weight kernel threads of DragonFly (lwkt_thread.c, 2003), function by function in its order;
// numbers in brackets are its lines. Creation and exit are in kern/lwkt_create.ts.
//
// Each CPU has a scheduler of its own: 32 levels, round robin within a level, and a mask of levels that may
// have threads. Only the owning CPU touches its queues, in a critical section (counted in the upper bits of
// td_pri). Another CPU sends a message (lwkt_ipiq.ts), where the original still panicked with "cpu mismatch".
//
// A running thread stays on its run queue: picking rotates the level (274), and blocking dequeues.
//
// Functions that may switch follow the protocol of cont.ts. A thread that has left by lwkt_switch still owes
// the crit_exit of line 284; switch_in performs it when the thread comes back, so that a plain switch pushes
// nothing.
import { panic, printf } from "../env";
import { list_first_slot, SLOT_SIZE } from "../sys/chunklist";
import { td_until_number } from "../sys/deadline";
import {
  curthread,
  GDF_DEADLINE,
  GDF_RESCHED,
  GlobalData,
  gd_runq,
  mycpu,
} from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { LwktWait } from "../sys/kobj";
import { machine } from "../sys/machine";
import { NRUNQ } from "../sys/param";
import {
  Proc,
  SSLEEP,
  TDF_TRANSIT,
  TDF_USER,
  TDI_SLEEPING,
  TDL_EXITED,
  TDL_EXITING,
  TDL_PREEMPT_DONE,
  TDL_PREEMPT_LOCK,
  TDL_RUNQ,
  TDL_TOKWAIT,
  TDL_WANTED,
  TDPRI_CRIT,
  TDPRI_MASK,
  TDPRI_MAX,
  TDS,
  Thread,
} from "../sys/proc";
import { ThreadList, tailq_insert_tail, tailq_remove } from "../sys/queue";
import { lwkt_level, runq_append, runq_earliest, runq_init, runq_remove } from "../sys/runq";
import { cold, is_td, no_td } from "../sys/thread";
import { cont_push, cont_push_on, DONE, K, PENDING, set_retval } from "./cont";
import { ast_pending } from "./kern_ast";
import { note_wakeup } from "./kern_stats";
import { cpu_switch, switch_in } from "./kern_switch";
import { splz } from "./lwkt_intr";
import { cpu_exists, ipi_deschedule, ipi_schedule, ipi_setpri, is_mine } from "./lwkt_ipiq";
import {
  is_modern,
  modern_preempt,
  modern_switch,
  modern_yield,
  modern_yield_invol,
} from "./lwkt_modern";
import {
  lwkt_havetoken,
  lwkt_regettoken,
  lwkt_reltoken,
  lwkt_token_away,
  lwkt_token_take,
  lwkt_token_wait,
  token_forgo,
} from "./lwkt_token";
import { user_dequeue, user_enqueue, user_leave, user_switch } from "./lwkt_usched";
import { dl_chosen } from "./sched_deadline";
import { turnstile_adjust, turnstile_level } from "./subr_turnstile";

// ---- Critical sections (sys/thread2.h of the original) ----

/** Enters a critical section of the current thread. */
export function crit_enter(): void {
  crit_enter_of(curthread());
}

/** The same, if the current thread is known. */
function crit_enter_of(td: Thread): void {
  const pri = td.td_pri;
  if (pri < 0) crit_panic();
  td.td_pri = pri + TDPRI_CRIT;
}

/** Leaves a critical section without looking for pending work. */
export function crit_exit_noyield(): void {
  const td = curthread();
  td.td_pri -= TDPRI_CRIT;
  if (td.td_pri < 0) crit_panic();
}

/** Leaves a critical section; work pended above the whole of td_pri runs now. May switch. */
export function crit_exit(): u32 {
  const gd = mycpu();
  return crit_exit_of(gd, gd.gd_curthread);
}

/** The same, if this CPU and its current thread are known. */
export function crit_exit_of(gd: GlobalData, td: Thread): u32 {
  const pri = td.td_pri - TDPRI_CRIT;
  td.td_pri = pri;
  if (pri < 0) crit_panic();
  if (pri < gd.gd_reqpri) return lwkt_yield_quick();
  return DONE;
}

/** Panics because td_pri went negative (840). */
export function crit_panic(): void {
  const td = curthread();
  const lpri = td.td_pri;
  td.td_pri = 0;
  panic("td_pri is/would-go negative! %p %d", changetype<usize>(td), lpri);
}

// ---- The run queue ----

/** Takes `td` off this CPU's run queue. The switcher clears the mask bit later (82). */
export function _lwkt_dequeue(td: Thread): void {
  _lwkt_dequeue_of(mycpu(), td);
}

/** The same, where this CPU is at hand. */
export function _lwkt_dequeue_of(gd: GlobalData, td: Thread): void {
  const flags = td.td_lwflags;
  if ((flags & TDL_RUNQ) != 0) {
    if (INVARIANTS) check_owner(gd, td);
    td.td_lwflags = flags & ~TDL_RUNQ;
    if ((td.td_flags & TDF_USER) != 0) user_dequeue(gd, td);
    else runq_remove(lwkt_level(gd, td.td_pri & TDPRI_MASK), td);
    gd.gd_nrunnable--;
    if (td.td_state == TDS.RUNQ) td.td_state = <u8>TDS.CAN_RUN;
  }
}

/** Puts `td` at the tail of its level on this CPU. */
export function _lwkt_enqueue(td: Thread): void {
  _lwkt_enqueue_of(mycpu(), td);
}

/** The same, where this CPU is at hand. */
export function _lwkt_enqueue_of(gd: GlobalData, td: Thread): void {
  const flags = td.td_lwflags;
  if ((flags & TDL_RUNQ) == 0) {
    if (INVARIANTS) check_owner(gd, td);
    td.td_lwflags = flags | TDL_RUNQ;
    gd.gd_nrunnable++;
    if ((td.td_flags & TDF_USER) != 0) user_enqueue(gd, td);
    else level_append(gd, td);
    if (td.td_state != TDS.RUNNING) td.td_state = <u8>TDS.RUNQ;
  }
}

/** Appends a kernel thread to its level. */
function level_append(gd: GlobalData, td: Thread): void {
  const nq = td.td_pri & TDPRI_MASK;
  runq_append(lwkt_level(gd, nq), td);
  gd.gd_runqmask |= 1 << nq;
}

/** Only the CPU that owns a thread may queue it. */
function check_owner(gd: GlobalData, td: Thread): void {
  if (td.td_cpu != gd.gd_cpuid && cpu_exists(td.td_cpu)) {
    panic("CPU %d queues %p, which is CPU %d's", gd.gd_cpuid, changetype<usize>(td), td.td_cpu);
  }
}

/** Initialises a CPU's run queue (114). The levels are empty already. */
export function lwkt_gdinit(gd: GlobalData): void {
  gd.gd_runqmask = 0;
  runq_init(gd_runq(gd), NRUNQ);
}

/** Initialises a wait structure (129): only its queue, as in the original. */
export function lwkt_init_wait(w: LwktWait): void {
  w.wa_waitq = no_td();
  w.wa_waitq_last = no_td();
}

function waitq(w: LwktWait): ThreadList {
  return changetype<ThreadList>(changetype<usize>(w) + offsetof<LwktWait>("wa_waitq"));
}

// ---- The switch ----

/** The level of threads with deadlines, which are picked by deadline rather than in turn. */
export const DEADLINE_LEVEL: u32 = 29;

/**
 * Picks the thread to run: the head of the highest level, moved to its tail at once (274), so that the first
 * yield after creating a peer picks the caller again. Clears the bit of a level found empty (271).
 */
function lwkt_choose(gd: GlobalData): Thread {
  while (true) {
    const mask = gd.gd_runqmask;
    if (mask == 0) return gd.gd_idletd;
    const nq = 31 - clz<u32>(mask);
    const level = lwkt_level(gd, nq);
    const slot = list_first_slot(level);
    if (slot == 0) {
      gd.gd_runqmask = mask & ~(1 << nq);
      continue;
    }
    if (nq == DEADLINE_LEVEL && (gd.gd_flags & GDF_DEADLINE) != 0) {
      const first = runq_earliest(level);
      dl_chosen(gd, first);
      if (td_until_number(first) != 0) return first; // its place does not matter
    }
    const td = changetype<Thread>(load<usize>(slot));
    level.head = slot + SLOT_SIZE;
    runq_append(level, td);
    return td;
  }
}

/**
 * Switches to the next runnable thread, or to the one that this thread has preempted, which comes before all
 * others (248). Picking oneself counts as a switch (247) although none takes place.
 */
export function lwkt_switch(): u32 {
  const gd = mycpu();
  return lwkt_switch_of(gd, gd.gd_curthread);
}

/** The same, where this CPU and its current thread are at hand. */
export function lwkt_switch_of(gd: GlobalData, td: Thread): u32 {
  let ntd = td.td_preempted;
  if (gd.gd_intr_nesting_level != 0 && !is_td(ntd)) {
    panic("lwkt_switch: cannot switch from within an interrupt, yet\n");
  }
  if (is_modern(gd)) return modern_switch(gd, td);
  crit_enter_of(td);
  gd.gd_switch_count++;
  if (is_td(ntd)) {
    KASSERT(
      (ntd.td_lwflags & TDL_PREEMPT_LOCK) != 0,
      "assertion: ntd->td_flags & TDF_PREEMPT_LOCK in lwkt_switch",
    );
    ntd.td_lwflags |= TDL_PREEMPT_DONE;
  } else {
    if ((td.td_flags & TDF_USER) != 0) user_switch(gd, td);
    ntd = lwkt_choose(gd);
  }
  if (ntd.td_pri < TDPRI_CRIT) switch_panic(td, ntd);
  if (td == ntd) return crit_exit_of(gd, td);
  cpu_switch(gd, td, ntd);
  switch_in(gd, ntd);
  return PENDING;
}

/** The next thread is in no critical section. So is the one that the host, whose call waits, has interrupted. */
export function switch_panic(td: Thread, ntd: Thread): void {
  if (td == machine().host_td) panic("a kernel call of the host waits: only a thread can make it");
  panic("priority problem in lwkt_switch %d %d", td.td_pri, ntd.td_pri);
}

/**
 * True for a thread that must not run here: it belongs to another CPU, has exited, sleeps in tsleep, or is
 * blocked on a wait structure of another CPU, which has been asked to take it off.
 */
function lwkt_cannot_preempt(gd: GlobalData, ntd: Thread): bool {
  if ((ntd.td_lwflags & (TDL_EXITED | TDL_EXITING)) != 0) return true;
  if (ntd.td_inhib != 0 && ntd.td_wait == 0) return true;
  if (ntd.td_wait != 0 && lwkt_token_away(changetype<LwktWait>(ntd.td_wait))) return true;
  return ntd.td_cpu != gd.gd_cpuid && cpu_exists(ntd.td_cpu);
}

/**
 * Lets `ntd` preempt the current thread (311); returns when it blocks. For interrupt threads: the caller is
 * in exactly one critical section. A refusal counts as weird, as hit (it is already preempting another
 * thread, 327) or as miss (its priority is no better).
 */
export function lwkt_preempt(ntd: Thread, id: i32): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  if (is_modern(gd)) return modern_preempt(gd, td, ntd);
  KASSERT(ntd.td_pri >= TDPRI_CRIT, "BADCRIT0 %d", ntd.td_pri);
  KASSERT((td.td_pri & ~TDPRI_MASK) == TDPRI_CRIT, "BADPRI %d", td.td_pri);
  if (
    td == ntd ||
    ((td.td_lwflags | ntd.td_lwflags) & TDL_PREEMPT_LOCK) != 0 ||
    lwkt_cannot_preempt(gd, ntd)
  ) {
    gd.gd_preempt_weird++;
    return DONE;
  }
  if (is_td(ntd.td_preempted)) {
    gd.gd_preempt_hit++;
    return DONE;
  }
  if ((ntd.td_pri & TDPRI_MASK) <= (td.td_pri & TDPRI_MASK)) {
    gd.gd_preempt_miss++;
    return DONE;
  }
  gd.gd_preempt_hit++;
  ntd.td_preempted = td;
  td.td_lwflags |= TDL_PREEMPT_LOCK;
  cont_push(K.PREEMPT_1, changetype<u32>(ntd));
  cpu_switch(gd, td, ntd); // not counted in switch_count (339)
  switch_in(gd, ntd);
  return PENDING;
}

/** The preempted thread runs again (340); `ntd`, which preempted it, is null if it has exited. */
export function lwkt_preempt_1(ntd: Thread): u32 {
  const td = curthread();
  KASSERT(
    (!is_td(ntd) || is_td(ntd.td_preempted)) && (td.td_lwflags & TDL_PREEMPT_DONE) != 0,
    "assertion: ntd->td_preempted && (td->td_flags & TDF_PREEMPT_DONE) in lwkt_preempt",
  );
  if (is_td(ntd)) ntd.td_preempted = no_td();
  if (machine().ncpus != 1 && ast_pending(td)) mycpu().gd_flags |= GDF_RESCHED;
  if ((td.td_flags & TDF_USER) != 0) mycpu().gd_flags |= GDF_RESCHED; // a better one may have come
  td.td_lwflags &= ~(TDL_PREEMPT_LOCK | TDL_PREEMPT_DONE);
  return DONE;
}

/**
 * Runs pended work of higher priority (361). Compares the masked priority, where crit_exit compares the whole
 * td_pri (365). With lwkt.untimely_switch it also yields the CPU.
 */
export function lwkt_yield_quick(): u32 {
  const gd = mycpu();
  if ((gd.gd_curthread.td_pri & TDPRI_MASK) < gd.gd_reqpri) {
    gd.gd_reqpri = 0;
    cont_push(K.YIELD_QUICK_1);
    splz();
    return PENDING;
  }
  return lwkt_yield_quick_1();
}

/** After splz: the untimely switch (376). */
export function lwkt_yield_quick_1(): u32 {
  const gd = mycpu();
  if (machine().untimely_switch == 0 || gd.gd_intr_nesting_level != 0 || is_modern(gd)) return DONE;
  crit_enter();
  if ((gd.gd_curthread.td_lwflags & TDL_RUNQ) != 0) {
    cont_push(K.CRIT_EXIT_NOYIELD);
    lwkt_switch();
    return PENDING;
  }
  cont_push(K.YIELD_QUICK_2);
  lwkt_schedule_self();
  return PENDING;
}

/** Scheduled for the untimely switch: switches, and undoes that afterwards (386). */
export function lwkt_yield_quick_2(): u32 {
  cont_push(K.YIELD_QUICK_3);
  lwkt_switch();
  return PENDING;
}

export function lwkt_yield_quick_3(): u32 {
  cont_push(K.CRIT_EXIT_NOYIELD);
  lwkt_deschedule_self();
  return PENDING;
}

/** Yields to threads of equal priority, too (401). */
export function lwkt_yield(): u32 {
  const gd = mycpu();
  if (is_modern(gd)) return modern_yield(gd, gd.gd_curthread);
  if (gd.gd_curthread.td_pri < gd.gd_reqpri) {
    cont_push(K.LWKT_SWITCH);
    lwkt_schedule_self();
    return PENDING;
  }
  lwkt_schedule_self();
  return lwkt_switch();
}

/**
 * An involuntary switch, between two instructions of the thread. If it is not on the run queue because it is
 * about to block, it is put there until it runs again.
 */
export function lwkt_yield_invol(): u32 {
  const td = curthread();
  if (is_modern(mycpu())) return modern_yield_invol(mycpu(), td);
  if ((td.td_lwflags & TDL_RUNQ) == 0) {
    td.td_lwflags &= ~TDL_WANTED;
    cont_push(K.INVOL_1);
    _lwkt_enqueue(td);
  }
  return lwkt_switch();
}

/** The thread runs again: takes it off the run queue, unless it was scheduled meanwhile. */
export function lwkt_invol_1(): u32 {
  const td = curthread();
  if ((td.td_lwflags & TDL_WANTED) == 0) _lwkt_dequeue(td);
  return DONE;
}

function stat_of(p: Proc): u32 {
  return changetype<usize>(p) == 0 ? 0 : p.p_stat;
}

/** Puts the current thread on the run queue (415). */
export function lwkt_schedule_self(): u32 {
  const td = curthread();
  crit_enter();
  KASSERT(td.td_wait == 0, "lwkt_schedule_self(): td_wait not NULL!");
  _lwkt_enqueue(td);
  if (stat_of(td.td_proc) == SSLEEP) panic("SCHED SELF PANIC");
  return crit_exit();
}

/**
 * Makes a thread runnable (441), whichever CPU owns it and whatever wait structure it is blocked on; what
 * another CPU owns is requested from that CPU.
 */
export function lwkt_schedule(td: Thread): u32 {
  if ((td.td_lwflags & TDL_PREEMPT_LOCK) == 0 && stat_of(td.td_proc) == SSLEEP) {
    lwkt_schedule_panic(td);
  }
  crit_enter();
  if (td == curthread()) _lwkt_enqueue(td);
  else lwkt_schedule_other(td);
  return crit_exit();
}

/**
 * Schedules another thread, without the critical section; also performed for a message by the CPU that
 * receives it.
 */
export function lwkt_schedule_other(td: Thread): void {
  if (td.td_wait != 0) {
    const w = changetype<LwktWait>(td.td_wait);
    if (!lwkt_havetoken(w)) {
      if (!cpu_exists(w.t_cpu)) panic("lwkt_schedule: cpu mismatch2");
      if (!cpu_exists(td.td_cpu)) panic("lwkt_schedule: cpu mismatch1");
      ipi_schedule(td);
      return;
    }
    lwkt_unwait(w, td);
    if (!cpu_exists(td.td_cpu)) panic("lwkt_schedule: cpu mismatch1");
  }
  if (!cpu_exists(td.td_cpu)) panic("lwkt_schedule: cpu mismatch3");
  if (is_mine(td)) lwkt_schedule_here(td);
  else ipi_schedule(td);
}

/**
 * Puts a thread of this CPU that is on no wait queue on the run queue. One that waits for a token or is in
 * transit gets there once that is over; one that FreeBSD's side inhibits, or that has exited, does not.
 */
export function lwkt_schedule_here(td: Thread): void {
  const flags = td.td_lwflags;
  if ((flags & (TDL_EXITED | TDL_EXITING)) != 0 || td.td_inhib != 0) return;
  td.td_lwflags = flags | TDL_WANTED;
  const transit = (td.td_flags & TDF_TRANSIT) != 0;
  if ((flags & TDL_TOKWAIT) == 0 && !transit) _lwkt_enqueue(td);
}

/** Takes a thread off the wait queue that it is blocked on, for a letter; the CPUs concerned are open. */
export function lwkt_unwait_of(td: Thread): void {
  lwkt_unwait(changetype<LwktWait>(td.td_wait), td);
}

/** Takes a thread off the wait queue that it is blocked on; this CPU owns the token. */
function lwkt_unwait(w: LwktWait, td: Thread): void {
  tailq_remove(waitq(w), td);
  w.wa_count--;
  td.td_wait = 0;
  td.td_inhib &= ~TDI_SLEEPING;
  if (td.td_state == TDS.INHIBITED && td.td_inhib == 0) td.td_state = <u8>TDS.CAN_RUN;
  const m = machine();
  if ((m.ktr_mask | m.stats) != 0) note_wakeup(m, mycpu(), td);
}

/** Prints what the original prints, which shows the current process as the target's, too (451), and panics. */
function lwkt_schedule_panic(td: Thread): void {
  const cur = curthread();
  const p = cur.td_proc;
  const has = changetype<usize>(p) != 0;
  printf(
    "PANIC schedule curtd = %p (%d %d) target %p (%d %d)\n",
    changetype<usize>(cur),
    has ? <usize>p.p_pid : -1,
    has ? <usize>p.p_stat : -1,
    changetype<usize>(td),
    has ? <usize>p.p_pid : 0,
    has ? <usize>p.p_stat : 0,
  );
  panic("SCHED PANIC");
}

/** Takes the current thread off the run queue (523); it keeps running until it switches. */
export function lwkt_deschedule_self(): u32 {
  const td = curthread();
  crit_enter();
  KASSERT(td.td_wait == 0, "lwkt_schedule_self(): td_wait not NULL!");
  _lwkt_dequeue(td);
  return crit_exit();
}

/** Takes a thread off its run queue (541), asynchronously if another CPU owns it. */
export function lwkt_deschedule(td: Thread): u32 {
  crit_enter();
  if (td == curthread() || is_mine(td)) {
    lwkt_deschedule_here(td);
  } else {
    if (!cpu_exists(td.td_cpu)) panic("lwkt_deschedule: cpu mismatch");
    ipi_deschedule(td);
  }
  return crit_exit();
}

/** Takes a thread of this CPU off the run queue, or keeps it from getting there. */
export function lwkt_deschedule_here(td: Thread): void {
  td.td_lwflags &= ~TDL_WANTED;
  token_forgo(td);
  _lwkt_dequeue(td);
}

/**
 * Sets a thread's priority (571): 0..31, or 32 n + p to add n critical sections, since the value is added
 * unmasked (577). Does not switch.
 */
export function lwkt_setpri(td: Thread, pri: i32): u32 {
  KASSERT(pri >= 0, "assertion: pri >= 0 in lwkt_setpri");
  crit_enter();
  if (is_mine(td) || !cpu_exists(td.td_cpu)) lwkt_setpri_here(td, pri);
  else ipi_setpri(td, pri);
  return crit_exit();
}

/** The same for a thread of this CPU, which is requeued where it waits. */
export function lwkt_setpri_here(td: Thread, pri: i32): void {
  lwkt_setpri_locked(td, turnstile_level(td, pri));
  turnstile_adjust(td);
}

/** The same for the current thread, 0..31 (586). */
export function lwkt_setpri_self(pri: i32): u32 {
  KASSERT(
    pri >= 0 && pri <= TDPRI_MAX,
    "assertion: pri >= 0 && pri <= TDPRI_MAX in lwkt_setpri_self",
  );
  crit_enter();
  const td = curthread();
  lwkt_setpri_locked(td, turnstile_level(td, pri));
  return crit_exit();
}

/**
 * Sets the priority of a thread of this CPU, requeueing it if it is queued. It becomes a kernel thread if it
 * was a user thread.
 */
export function lwkt_setpri_locked(td: Thread, pri: i32): void {
  if ((td.td_flags & TDF_USER) != 0) user_leave(td);
  if (is_modern(mycpu()) && (td.td_pri & TDPRI_MASK) == pri) return; // and its place in the list
  if ((td.td_lwflags & TDL_RUNQ) != 0) {
    _lwkt_dequeue(td);
    td.td_pri = (td.td_pri & ~TDPRI_MASK) + pri;
    _lwkt_enqueue(td);
  } else {
    td.td_pri = (td.td_pri & ~TDPRI_MASK) + pri;
  }
}

/** The process that was actually interrupted: that of the thread at the end of the chain of preemptions (603). */
export function lwkt_preempted_proc(): Proc {
  let td = curthread();
  while (is_td(td.td_preempted)) td = td.td_preempted;
  return td.td_proc;
}

// ---- Wait queues ----

/**
 * Blocks on `w` (624) unless its generation has moved on from `gen`. td_retval gets the generation
 * afterwards.
 */
export function lwkt_block(w: LwktWait, wmesg: u32, gen: i32): u32 {
  crit_enter();
  if (lwkt_token_take(w)) return lwkt_block_1(w, gen, wmesg);
  cont_push(K.BLOCK_1, changetype<u32>(w), gen);
  return lwkt_token_wait(w, K.GETTOKEN_1);
}

/** With the token: blocks and switches, or returns. */
export function lwkt_block_1(w: LwktWait, gen: i32, wmesg: u32): u32 {
  if (w.wa_gen != gen) return lwkt_block_2(w);
  const td = curthread();
  cold(td).td_wmesg = wmesg;
  _lwkt_dequeue(td);
  tailq_insert_tail(waitq(w), td);
  w.wa_count++;
  td.td_wait = changetype<u32>(w);
  td.td_state = <u8>TDS.INHIBITED;
  td.td_inhib |= TDI_SLEEPING;
  cont_push_on(td, K.BLOCK_2, changetype<u32>(w));
  lwkt_switch();
  return PENDING;
}

/** Awake, or never asleep (638): the token may have been lost, which does not matter here. */
export function lwkt_block_2(w: LwktWait): u32 {
  set_retval(w.wa_gen);
  return lwkt_reltoken(w);
}

/** Wakes all threads that are blocked on `w` now (651), in order. */
export function lwkt_signal(w: LwktWait): u32 {
  crit_enter();
  if (lwkt_token_take(w)) return lwkt_signal_1(w);
  cont_push(K.SIGNAL_1, changetype<u32>(w));
  return lwkt_token_wait(w, K.GETTOKEN_1);
}

export function lwkt_signal_1(w: LwktWait): u32 {
  w.wa_gen++;
  return lwkt_signal_2(w, w.wa_count);
}

/** Wakes up to `count` sleepers, taking the token again after each if it was lost (675). */
export function lwkt_signal_2(w: LwktWait, count: i32): u32 {
  while (is_td(w.wa_waitq) && count != 0) {
    const td = w.wa_waitq;
    count--;
    lwkt_unwait(w, td);
    cold(td).td_wmesg = 0;
    if (!cpu_exists(td.td_cpu)) panic("lwkt_signal: cpu mismatch");
    if (is_mine(td)) lwkt_schedule_here(td);
    else ipi_schedule(td);
    if (!lwkt_havetoken(w)) {
      cont_push(K.SIGNAL_2, changetype<u32>(w), count);
      lwkt_regettoken(w);
      return PENDING;
    }
  }
  return lwkt_reltoken(w);
}
