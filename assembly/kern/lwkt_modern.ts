// lwkt-modern: the switcher of present-day DragonFly (lwkt_thread.c) in place of that of 2003. The rest of
// LWKT is the same: critical sections, messages between CPUs, interrupts, wait structures, and the scheduler
// of user threads on top.
//
// Each CPU has one list of runnable threads, ordered by priority and, among equals, by arrival. The running
// thread keeps its place in it. The list consists of 32 pieces, one per priority (sys/runq.ts), with a bit
// for each that may have threads; so a thread's place is found at once, where the original walks past all
// threads that are no worse.
//
// - The switcher takes the first thread that can have all its tokens (lwkt_tokref.ts), and leaves the list
//   unchanged. While a better thread waits for tokens, threads below LEVEL_LPSCHED, which are user threads,
//   do not run in its place. A CPU that finds no thread spins in its idle thread to the end of its slice, and
//   looks again.
// - lwkt_yield switches if the running thread is not the first of the list: a better one has come, or the
//   clock has moved it. So it can be called at any rate, and equals alternate once per tick. Where code takes
//   no time there are no ticks, and a yield goes behind its equals, as sched_relinquish always does.
// - At each tick of the clock, or after kern.sched.quantum if that is shorter, the running thread goes behind
//   its equals (lwkt_schedulerclock). A thread preempted by a better one keeps its place and its turn.
// - A thread with tokens is never switched out involuntarily: requests for its CPU wait until it releases the
//   last one, blocks or yields. Only an interrupt thread may preempt it, and leaves it its tokens.
// - An interrupt thread preempts the running thread (lwkt_preempt) if it is better, belongs to this CPU and
//   has no tokens, and if the running thread is in no critical section but the caller's.
//
// Left out: the flag that requests a switch (need_lwkt_resched), since it would only repeat that the first
// thread is not the running one; td_upri, by which the original meant equals to follow the user scheduler's
// order, but which an earlier condition in _lwkt_enqueue already covers; and fairq, which is off in the
// original.
import { ChunkList, list_first_slot, list_next_slot } from "../sys/chunklist";
import { td_until_number } from "../sys/deadline";
import { GDF_DEADLINE, GDF_MODERN, GDF_RESCHED, GlobalData } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { Machine, machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import {
  TDF_USER,
  TDL_EXITED,
  TDL_EXITING,
  TDL_PREEMPT_DONE,
  TDL_PREEMPT_LOCK,
  TDL_RUNQ,
  TDL_WANTED,
  TDPRI_CRIT,
  TDPRI_MASK,
  Thread,
} from "../sys/proc";
import { lwkt_level, runq_append, runq_earliest, runq_prepend, runq_remove } from "../sys/runq";
import { is_td, no_td } from "../sys/thread";
import { cont_push, DONE, K, PENDING } from "./cont";
import { cpu_switch, switch_in } from "./kern_switch";
import {
  _lwkt_enqueue,
  crit_enter,
  crit_exit,
  DEADLINE_LEVEL,
  lwkt_switch,
  lwkt_yield_quick,
  switch_panic,
} from "./lwkt_thread";
import { has_tokens, lwkt_getalltokens, lwkt_relalltokens } from "./lwkt_tokref";
import { user_holds, user_switch } from "./lwkt_usched";
import { dl_chosen } from "./sched_deadline";

/** TDPRI_KERN_LPSCHED: threads below this level are about to return to user code. */
const LEVEL_LPSCHED: i32 = 9;

/** True if lwkt-modern is the scheduler of this CPU. */
export function is_modern(gd: GlobalData): bool {
  return (gd.gd_flags & GDF_MODERN) != 0;
}

// ---- The list ----

/** The piece of the list for a thread's priority. */
function piece(gd: GlobalData, td: Thread): ChunkList {
  return lwkt_level(gd, td.td_pri & TDPRI_MASK);
}

function is_queued(td: Thread): bool {
  return (td.td_lwflags & TDL_RUNQ) != 0;
}

/**
 * True for a thread in the list. A user thread is there only while it holds its CPU's slot, even while it runs.
 */
function in_list(gd: GlobalData, td: Thread): bool {
  return is_queued(td) && ((td.td_flags & TDF_USER) == 0 || user_holds(gd, td));
}

/** The first thread of the list, null if it is empty. Clears stale bits. */
function first(gd: GlobalData): Thread {
  while (gd.gd_runqmask != 0) {
    const nq = 31 - clz<u32>(gd.gd_runqmask);
    const slot = list_first_slot(lwkt_level(gd, nq));
    if (slot != 0) return changetype<Thread>(load<usize>(slot));
    gd.gd_runqmask &= ~(1 << nq);
  }
  return no_td();
}

/** Moves a thread of the list behind its equals. */
function to_tail(gd: GlobalData, td: Thread): void {
  const list = piece(gd, td);
  runq_remove(list, td);
  runq_append(list, td);
}

/** True if there is an equal behind a thread of the list. */
function has_equal(gd: GlobalData, td: Thread): bool {
  return list_next_slot(piece(gd, td), td.td_slot) != 0;
}

/** True if a thread can run now: it has no tokens, or takes them all. */
function can_run(td: Thread): bool {
  return !has_tokens(td) || lwkt_getalltokens(td);
}

/** The first thread of a piece that can run, null if none can. */
function choose_from(gd: GlobalData, nq: i32): Thread {
  const list = lwkt_level(gd, nq);
  let slot = list_first_slot(list);
  if (slot == 0) {
    gd.gd_runqmask &= ~(1 << nq);
    return no_td();
  }
  if (nq == <i32>DEADLINE_LEVEL && (gd.gd_flags & GDF_DEADLINE) != 0) {
    const td = runq_earliest(list);
    dl_chosen(gd, td);
    if (td_until_number(td) != 0 && can_run(td)) return td;
  }
  for (; slot != 0; slot = list_next_slot(list, slot)) {
    const td = changetype<Thread>(load<usize>(slot));
    if (can_run(td)) return td;
    if (nq < LEVEL_LPSCHED) return no_td();
  }
  return no_td();
}

/** The thread to run: the first that can, else the idle thread. */
function modern_choose(gd: GlobalData): Thread {
  let waits = false;
  for (let mask = gd.gd_runqmask; mask != 0; ) {
    const nq = 31 - <i32>clz<u32>(mask);
    if (waits && nq < LEVEL_LPSCHED) break;
    const td = choose_from(gd, nq);
    if (is_td(td)) return td;
    mask &= ~(1 << nq);
    if ((gd.gd_runqmask & (1 << nq)) != 0) waits = true;
  }
  return gd.gd_idletd;
}

// ---- The switch ----

/** lwkt_switch: to the thread that this one has preempted, or to the first that can run. */
export function modern_switch(gd: GlobalData, td: Thread): u32 {
  crit_enter();
  gd.gd_switch_count++;
  if (has_tokens(td)) lwkt_relalltokens(td);
  let ntd = td.td_preempted;
  if (is_td(ntd)) {
    KASSERT(
      (ntd.td_lwflags & TDL_PREEMPT_LOCK) != 0,
      "assertion: ntd->td_flags & TDF_PREEMPT_LOCK in lwkt_switch",
    );
    ntd.td_lwflags |= TDL_PREEMPT_DONE;
    if (machine().preemption != 0 && first(gd) != ntd) gd.gd_flags |= GDF_RESCHED;
  } else {
    if ((td.td_flags & TDF_USER) != 0) user_switch(gd, td);
    ntd = modern_choose(gd);
  }
  if (ntd.td_pri < TDPRI_CRIT) switch_panic(td, ntd);
  if (td == ntd) return crit_exit();
  cpu_switch(gd, td, ntd);
  switch_in(gd, ntd);
  return PENDING;
}

/**
 * lwkt_yield, and lwkt_yield_quick as a call: runs pended interrupts, then threads in front of this one in
 * the list.
 */
export function modern_yield(gd: GlobalData, td: Thread): u32 {
  if (td.td_pri < gd.gd_reqpri) {
    cont_push(K.MODERN_YIELD_1);
    lwkt_yield_quick();
    return PENDING;
  }
  return modern_yield_1(gd, td);
}

export function modern_yield_1(gd: GlobalData, td: Thread): u32 {
  const timeless = machine().cycle_cost == 0;
  if (timeless && in_list(gd, td)) to_tail(gd, td);
  const head = first(gd);
  if (head == td || !is_td(head)) return DONE;
  _lwkt_enqueue(td);
  return lwkt_switch();
}

/** mi_switch of a thread that stays runnable: it goes behind its equals. */
export function modern_relinquish(gd: GlobalData, td: Thread): u32 {
  if (!is_queued(td)) _lwkt_enqueue(td);
  else if (in_list(gd, td) && !planted(Plant.MODERN_NO_TAIL)) to_tail(gd, td);
  if (td.td_pri >= gd.gd_reqpri) return lwkt_switch();
  cont_push(K.LWKT_SWITCH);
  lwkt_yield_quick();
  return PENDING;
}

/**
 * An involuntary switch, between two instructions of the thread. One that is not in the list because it is
 * about to block is put in front of its equals until it runs again.
 */
export function modern_yield_invol(gd: GlobalData, td: Thread): u32 {
  if (is_queued(td)) {
    if (in_list(gd, td) && planted(Plant.MODERN_LOSES_TURN)) to_tail(gd, td);
    return lwkt_switch();
  }
  td.td_lwflags &= ~TDL_WANTED;
  cont_push(K.INVOL_1);
  _lwkt_enqueue(td);
  if ((td.td_flags & TDF_USER) == 0) {
    const list = piece(gd, td);
    runq_remove(list, td);
    runq_prepend(list, td);
  }
  return lwkt_switch();
}

// ---- Preemption ----

/** True for a thread that an interrupt cannot make run: it has exited, or sleeps. */
function cannot_run(ntd: Thread): bool {
  return (ntd.td_lwflags & (TDL_EXITED | TDL_EXITING)) != 0 || ntd.td_inhib != 0;
}

/** True if `ntd` must wait for its turn (preempt_miss). */
function misses(gd: GlobalData, td: Thread, ntd: Thread): bool {
  if ((ntd.td_pri & TDPRI_MASK) <= (td.td_pri & TDPRI_MASK)) return true;
  if (td.td_pri >= 2 * TDPRI_CRIT || <u32>ntd.td_cpu != gd.gd_cpuid) return true;
  return has_tokens(ntd) && !planted(Plant.TOKEN_PREEMPTS);
}

/** lwkt_preempt: lets the interrupt thread `ntd` run; the caller is in a critical section of its own. */
export function modern_preempt(gd: GlobalData, td: Thread, ntd: Thread): u32 {
  KASSERT(ntd.td_pri >= TDPRI_CRIT, "BADCRIT0 %d", ntd.td_pri);
  if (misses(gd, td, ntd)) {
    gd.gd_preempt_miss++;
    return DONE;
  }
  const locked = ((td.td_lwflags | ntd.td_lwflags) & TDL_PREEMPT_LOCK) != 0;
  if (td == ntd || locked || cannot_run(ntd)) {
    gd.gd_preempt_weird++;
    return DONE;
  }
  gd.gd_preempt_hit++;
  if (is_td(ntd.td_preempted)) return DONE;
  ntd.td_preempted = td;
  td.td_lwflags |= TDL_PREEMPT_LOCK;
  cont_push(K.PREEMPT_1, changetype<u32>(ntd));
  cpu_switch(gd, td, ntd);
  switch_in(gd, ntd);
  return PENDING;
}

// ---- The clock ----

/** Cycles per tick. */
function period(m: Machine): u64 {
  return min<u64>(m.cycles_per_tick, m.rr_cycles);
}

/** The cycle of a CPU's next tick. */
export function modern_clock_next(m: Machine, gd: GlobalData): u64 {
  return (gd.gd_schedclock + 1) * period(m);
}

/** True if, until something else happens, ticks change nothing: the running thread is first and has no equal. */
export function modern_ticks_idly(gd: GlobalData): bool {
  const td = gd.gd_curthread;
  return first(gd) == td && !has_equal(gd, td);
}

/** A CPU has passed ticks that change nothing, up to that of `cycle`. */
export function modern_clock_pass(m: Machine, gd: GlobalData, cycle: u64): void {
  gd.gd_schedclock = cycle / period(m);
}

/** lwkt_schedulerclock, at the start of a CPU's slice. On a tick the running thread's turn is over. */
export function modern_schedulerclock(m: Machine, gd: GlobalData): void {
  const tick = gd.gd_cycles / period(m);
  if (tick <= gd.gd_schedclock) return;
  gd.gd_schedclock = tick;
  if (gd.gd_curthread != gd.gd_idletd) modern_turn_over(gd, gd.gd_curthread);
}

/** Moves the running thread behind its equals; the thread that is then first requests the CPU. */
export function modern_turn_over(gd: GlobalData, td: Thread): void {
  if (first(gd) == td) {
    if (!has_equal(gd, td) || planted(Plant.MODERN_NO_TICK)) return;
    to_tail(gd, td);
  }
  const head = first(gd);
  if (head != td && is_td(head)) gd.gd_flags |= GDF_RESCHED;
}

// ---- Yields in the interpreter's loop (kern/sched_turn.ts) ----

/** Puts the running thread at the tail of its piece of the list, if the next thread comes from there. */
export function modern_turns_begin(gd: GlobalData, td: Thread): ChunkList | null {
  if ((td.td_flags & TDF_USER) != 0 || first(gd) != td) return null;
  to_tail(gd, td);
  return piece(gd, td);
}

/** Ends such yields: `td` is running, and first again. */
export function modern_turns_end(list: ChunkList, td: Thread): void {
  runq_remove(list, td);
  runq_prepend(list, td);
}
