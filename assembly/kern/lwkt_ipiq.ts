// Messages between CPUs: the only way in which a CPU acts on what another one owns. The rules are in
// docs/law-between-cpus.md; this is how they are carried out.
//
// Each thread has a letter (sys/ipiq.ts): a bit for each kind of request, and the arguments of three kinds.
// Two lists hold the threads with pending requests: those requested in this round, in the order in which
// their letters were begun, and those that are due. A thread's place in the first list is that of its first
// RUN request, or else that of its first request of any kind: on RUN it is appended again, and its old place
// is void because lt_slot no longer points to it. Nothing is allocated, and nothing can overflow.
//
// Between two rounds (ipi_boundary) requests become due and are carried out by the CPU that owns the thread
// by then, a whole letter at a time. If that CPU is in a critical section, or the CPU that owns the token of
// the wait structure on which a thread to be woken is blocked, the letter stays due: it is carried out when
// the section ends (splz), or between later rounds.
//
// Rejected: a FIFO ring per pair of CPUs. Rings overflow; a message for a thread that has moved must be
// forwarded and then comes after a later one; and it reaches the next user of the structure when the thread
// is gone.
import { panic } from "../env";
import { cpu_bit } from "../sys/cpuset";
import { GDF_HALTED, GDF_RESCHED, GlobalData, globaldata } from "../sys/globaldata";
import {
  ASK_ARRIVE,
  ASK_AST,
  ASK_GRANT,
  ASK_INTR,
  ASK_KINDS,
  ASK_LEND,
  ASK_MOVE,
  ASK_PRIO,
  ASK_RETRY,
  ASK_RUN,
  ASK_RUN_LAST,
  ASK_SETPRI,
  ASK_SETPRI_LAST,
  ASK_STOP,
  Letter,
  letter,
  letter_at,
} from "../sys/ipiq";
import { LwktToken } from "../sys/kobj";
import { Machine, machine, Sched } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import {
  TDF_TRANSIT,
  TDL_EXITED,
  TDL_EXITING,
  TDL_RUNQ,
  TDPRI_CRIT,
  TDPRI_MASK,
  TDS,
  Thread,
} from "../sys/proc";
import { ast_told } from "./kern_ast";
import { interrupt_post } from "./lwkt_intr";
import { lwkt_arrive, lwkt_move_here, lwkt_move_retry } from "./lwkt_migrate";
import {
  lwkt_deschedule_here,
  lwkt_schedule_here,
  lwkt_setpri_here,
  lwkt_unwait_of,
} from "./lwkt_thread";
import { token_grant, token_lines } from "./lwkt_token";
import {
  sched_check_preempt,
  sched_enqueue_here,
  sched_interrupt,
  sched_lend_here,
  sched_prio_asked,
  sched_runnable,
} from "./sched";
import { dl_wakeup } from "./sched_deadline";

/** For a plant: a round of fewer cycles counts as short. */
const SHORT: u64 = 8;

/** True if the machine has this CPU. */
export function cpu_exists(cpu: i32): bool {
  return <u32>cpu < machine().ncpus;
}

/** True while this CPU is closed: its current thread, other than the idle thread, is in a critical section. */
export function cpu_critical(gd: GlobalData): bool {
  return gd.gd_curthread.td_pri >= TDPRI_CRIT && gd.gd_curthread != gd.gd_idletd;
}

/** Takes a CPU out of its halt: it gets a slice in the next round, or still in this one. */
export function cpu_wake(m: Machine, gd: GlobalData): void {
  m.busy |= cpu_bit(gd.gd_cpuid);
  cpu_unhalt(m, gd);
}

/** A CPU that gets a slice is no longer halted: advances its clock, which has stood still. */
export function cpu_unhalt(m: Machine, gd: GlobalData): void {
  if ((gd.gd_flags & GDF_HALTED) == 0) return;
  gd.gd_flags &= ~GDF_HALTED;
  if (gd.gd_cycles < m.now) gd.gd_cycles = m.now;
}

/** True for a thread that this CPU may act on at once: it is the owner, and the thread is not in transit. */
export function is_mine(td: Thread): bool {
  return (
    td.td_cpu == <u8>machine().curcpu.gd_cpuid &&
    ((td.td_flags & TDF_TRANSIT) == 0 || planted(Plant.TRANSIT_MINE))
  );
}

// ---- Requests ----

/** Writes a request into a thread's letter. Not for a thread that has exited: it would never be carried out. */
function ask(td: Thread, what: u32): Letter {
  const m = machine();
  const l = letter(td);
  const before = <u32>l.lt_new;
  if (planted(Plant.ASK_RUN_LOST) && what == ASK_RUN && before != 0) return l;
  if (before == 0 || (what & ~before & ASK_RUN) != 0) list_append(m, td, l);
  if ((before & what) == 0 && (what & ASK_KINDS) != 0) m.curcpu.gd_ipi_sent++;
  l.lt_new = <u16>(before | what);
  const bit = cpu_bit(td.td_cpu);
  m.ipi_cpus |= bit;
  if (!planted(Plant.NO_WAKE)) m.busy |= bit;
  return l;
}

/** Appends a thread to the list of new letters; its old place becomes void. */
function list_append(m: Machine, td: Thread, l: Letter): void {
  if (m.letters_new_count == m.td_count * 2) list_compact(m);
  l.lt_slot = m.letters_new_count;
  store<u32>(letter_at(m.letters_new, m.letters_new_count), changetype<u32>(td));
  m.letters_new_count++;
  if (m.letters_new_count > m.letters_new_most) m.letters_new_most = m.letters_new_count;
}

/** Removes void places from the list of new letters. */
function list_compact(m: Machine): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < m.letters_new_count; i++) {
    const td = changetype<Thread>(load<u32>(letter_at(m.letters_new, i)));
    const l = letter(td);
    if (l.lt_new == 0 || l.lt_slot != i) continue;
    l.lt_slot = kept;
    store<u32>(letter_at(m.letters_new, kept), changetype<u32>(td));
    kept++;
  }
  m.letters_new_count = kept;
}

/** True for a thread that has exited or is exiting: requests for it are dropped. */
function is_gone(td: Thread): bool {
  return (td.td_lwflags & (TDL_EXITED | TDL_EXITING)) != 0;
}

/** Requests that a thread be made runnable. */
export function ipi_schedule(td: Thread): void {
  if (is_gone(td) || (planted(Plant.RUN_AHEAD) && is_ahead(td.td_cpu))) return;
  const l = ask(td, ASK_RUN);
  if (!planted(Plant.RUN_NEVER_LAST)) l.lt_new |= <u16>ASK_RUN_LAST;
}

/** For plants: true if a CPU has a higher number than this one and has already had its slice of this round. */
export function is_ahead(cpu: u32): bool {
  const m = machine();
  if (cpu <= m.curcpu.gd_cpuid || m.curcpu.gd_in_slice == 0) return false;
  return globaldata(cpu).gd_cycles >= m.round_end;
}

/** Requests that a thread be descheduled. */
export function ipi_deschedule(td: Thread): void {
  if (is_gone(td)) return;
  const l = ask(td, ASK_STOP);
  if (!planted(Plant.STOP_NEVER_LAST)) l.lt_new &= <u16>~ASK_RUN_LAST;
}

/** Requests a thread's LWKT priority: 32 n + p, for n additional critical sections and level p. */
export function ipi_setpri(td: Thread, pri: u32): void {
  if (is_gone(td)) return;
  const l = ask(td, ASK_SETPRI);
  const sections = sections_sum(td, l.lt_pri_new, pri);
  l.lt_pri_new = <u16>(sections + (pri & TDPRI_MASK));
  if (!planted(Plant.SETPRI_NEVER_LAST)) l.lt_new |= <u16>ASK_SETPRI_LAST;
}

/** The critical sections of two SETPRI requests. A letter has 16 bits for them: too many are refused, not lost. */
function sections_sum(td: Thread, one: u32, other: u32): u32 {
  const sum = (one & ~TDPRI_MASK) + (other & ~TDPRI_MASK);
  if (sum > <u32>u16.MAX_VALUE) {
    panic(
      "lwkt_setpri: %d critical sections are requested of %p at once",
      sum / TDPRI_CRIT,
      changetype<usize>(td),
    );
  }
  return sum;
}

/** Requests a thread's FreeBSD priority. */
export function ipi_prio(td: Thread, pri: u32): void {
  if (is_gone(td)) return;
  const l = ask(td, ASK_PRIO);
  l.lt_prio_new = <u8>pri;
  l.lt_new &= <u16>~ASK_SETPRI_LAST;
}

/** Requests that a thread's priority be recomputed from its own and the one lent to it. */
export function ipi_lend(td: Thread): void {
  if (!is_gone(td)) ask(td, ASK_LEND);
}

/** Tells the owner of a thread that the token that it waits for has been granted. */
export function ipi_token_grant(td: Thread): void {
  ask(td, ASK_GRANT);
}

/** Requests that a thread be moved to CPU `to`. */
export function ipi_migrate(td: Thread, to: u32): void {
  if (is_gone(td)) return;
  ask(td, ASK_MOVE).lt_cpu_new = <u8>to;
}

/** A runnable thread has left for its new CPU: it is in transit until that CPU carries this out. */
export function ipi_arrive(td: Thread): void {
  td.td_flags |= TDF_TRANSIT;
  ask(td, ASK_ARRIVE);
}

/** Makes this CPU try again, between the next rounds, to move a thread that it could not move. */
export function ipi_retry(td: Thread): void {
  ask(td, ASK_RETRY);
}

/** Forwards an interrupt to the CPU that owns its thread. */
export function ipi_interrupt(td: Thread): void {
  if (!is_gone(td)) ask(td, ASK_INTR);
}

/** Makes a thread of another CPU handle its ASTs at its next safe point. */
export function ipi_ast(td: Thread): void {
  if (!is_gone(td)) ask(td, ASK_AST);
}

/** A thread is gone: drops its pending requests. */
export function ipi_forget(td: Thread): void {
  const m = machine();
  if (m.ncpus == 1) return;
  const l = letter(td);
  td.td_flags &= ~TDF_TRANSIT;
  const both = <u32>l.lt_new | ((<u32>l.lt_due) << 16);
  if (both == 0) return;
  m.ipi_dropped += <u64>popcnt<u32>(both & (ASK_KINDS | (ASK_KINDS << 16)));
  if (!planted(Plant.NEW_OUTLIVES)) l.lt_new = 0;
  if (!planted(Plant.DUE_OUTLIVES)) l.lt_due = 0;
  l.lt_pri_new = 0;
  l.lt_pri_due = 0;
}

// ---- Delivery ----

/** True while this CPU has messages to carry out. */
export function ipi_waiting(gd: GlobalData): bool {
  return (machine().ipi_cpus & cpu_bit(gd.gd_cpuid)) != 0;
}

/** A closed CPU has messages to carry out: it looks when its section ends. */
export function ipi_hold(m: Machine, gd: GlobalData): void {
  m.ipi_cpus |= cpu_bit(gd.gd_cpuid);
  m.busy |= cpu_bit(gd.gd_cpuid);
  if (gd.gd_reqpri < TDPRI_CRIT) gd.gd_reqpri = TDPRI_CRIT;
}

/** A thread has moved: requests due for it are now its new CPU's. */
export function ipi_follow(td: Thread): void {
  const m = machine();
  if (m.ncpus != 1 && letter(td).lt_due != 0) ipi_hold(m, globaldata(td.td_cpu));
}

/** Between two rounds: grants tokens to the first in line, and carries out all requests made so far. */
export function ipi_boundary(m: Machine): void {
  m.ipi_cpus = 0;
  token_lines(m);
  const count = m.letters_new_count;
  letters_due(m);
  letters_new(m, count);
}

/** Carries out letters that had to wait, including requests added meanwhile. */
function letters_due(m: Machine): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < m.letters_due_count; i++) {
    const td = changetype<Thread>(load<u32>(letter_at(m.letters_due, i)));
    const l = letter(td);
    if (l.lt_due == 0) continue;
    become_due(td, l);
    if (deliver(m, td, l) || planted(Plant.DUE_LOST)) continue;
    if (planted(Plant.LATE_FORGOTTEN) && (m.ipi_late & cpu_bit(td.td_cpu)) != 0) continue;
    store<u32>(letter_at(m.letters_due, kept), changetype<u32>(td));
    kept++;
  }
  m.letters_due_count = kept;
}

/** Carries out the first `count` new letters, or adds them to the due ones. */
function letters_new(m: Machine, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const td = changetype<Thread>(load<u32>(letter_at(m.letters_new, i)));
    const l = letter(td);
    if (l.lt_new == 0 || l.lt_slot != i) continue;
    become_due(td, l);
    if (deliver(m, td, l)) continue;
    store<u32>(letter_at(m.letters_due, m.letters_due_count), changetype<u32>(td));
    m.letters_due_count++;
  }
  if (m.letters_due_count > m.letters_due_most) m.letters_due_most = m.letters_due_count;
  letters_shift(m, count);
}

/** Removes the first `count` entries of the list of new letters; those behind them were added just now. */
function letters_shift(m: Machine, count: u32): void {
  let left = m.letters_new_count - count;
  if (planted(Plant.SHIFT_LOST) && left != 0) left--;
  for (let i: u32 = 0; i < left; i++) {
    const td = changetype<Thread>(load<u32>(letter_at(m.letters_new, count + i)));
    store<u32>(letter_at(m.letters_new, i), changetype<u32>(td));
    const l = letter(td);
    if (l.lt_slot == count + i) l.lt_slot = i;
  }
  m.letters_new_count = left;
}

/** Requests of the round that is over become due, in addition to earlier ones. */
function become_due(td: Thread, l: Letter): void {
  const asks = <u32>l.lt_new;
  if (asks == 0) return;
  let due = <u32>l.lt_due;
  l.lt_new = 0;
  if ((asks & (ASK_RUN | ASK_STOP)) != 0) due &= ~ASK_RUN_LAST;
  if ((asks & (ASK_SETPRI | ASK_PRIO)) != 0) due &= ~ASK_SETPRI_LAST;
  if ((asks & ASK_SETPRI) != 0) {
    const sections = sections_sum(td, l.lt_pri_due, l.lt_pri_new);
    l.lt_pri_due = <u16>(sections + (<u32>l.lt_pri_new & TDPRI_MASK));
    l.lt_pri_new = 0;
  }
  if ((asks & ASK_PRIO) != 0) l.lt_prio_due = l.lt_prio_new;
  if ((asks & ASK_MOVE) != 0) l.lt_cpu_due = planted(Plant.MOVE_WORD) ? 0 : l.lt_cpu_new;
  if ((due & asks & ASK_KINDS) != 0) {
    // Requested twice, it is carried out once: the first request counts as received now.
    machine().curcpu.gd_ipi_received += <u64>popcnt<u32>(due & asks & ASK_KINDS);
  }
  l.lt_due = <u16>(due | asks);
}

/** Carries out a due letter, unless a CPU that it concerns is closed. */
function deliver(m: Machine, td: Thread, l: Letter): bool {
  const gd = globaldata(td.td_cpu);
  if ((m.ipi_late & cpu_bit(gd.gd_cpuid)) != 0) {
    m.ipi_cpus |= cpu_bit(gd.gd_cpuid);
    m.busy |= cpu_bit(gd.gd_cpuid);
    return false;
  }
  if (cpu_critical(gd) && !planted(Plant.CLOSED_OWNER)) {
    ipi_hold(m, gd);
    return false;
  }
  if ((<u32>l.lt_due & ASK_RUN) != 0 && td.td_wait != 0) {
    const w = changetype<LwktToken>(td.td_wait);
    const closed = cpu_exists(w.t_cpu) && cpu_critical(globaldata(w.t_cpu));
    if (closed && !planted(Plant.CLOSED_WAIT)) {
      ipi_hold(m, globaldata(w.t_cpu));
      return false;
    }
  }
  m.curcpu = gd;
  cpu_wake(m, gd);
  carry_out(m, gd, td, l);
  return true;
}

/** This CPU's section has ended: carries out the letters that wait only for that. */
export function lwkt_process_ipiq(gd: GlobalData): void {
  const m = machine();
  for (let i: u32 = 0; i < m.letters_due_count; i++) {
    const td = changetype<Thread>(load<u32>(letter_at(m.letters_due, i)));
    const l = letter(td);
    if (l.lt_due == 0 || td.td_cpu != <u8>gd.gd_cpuid) continue;
    if ((<u32>l.lt_due & ASK_RUN) != 0 && td.td_wait != 0) {
      const cpu = changetype<LwktToken>(td.td_wait).t_cpu;
      if (cpu_exists(cpu) && <u32>cpu != gd.gd_cpuid) continue;
    }
    carry_out(m, gd, td, l);
  }
}

/** Carries out a whole letter, in the order that the law prescribes. */
function carry_out(m: Machine, gd: GlobalData, td: Thread, l: Letter): void {
  const asks = <u32>l.lt_due;
  l.lt_due = 0;
  gd.gd_ipi_received += <u64>popcnt<u32>(asks & ASK_KINDS);
  if ((asks & (ASK_KINDS | ASK_RETRY)) == ASK_RUN) {
    receive_run(m, gd, td);
    return;
  }
  carry_out_all(m, gd, td, l, asks);
}

/** The same for a letter with more than a request to run. */
function carry_out_all(m: Machine, gd: GlobalData, td: Thread, l: Letter, asks: u32): void {
  if ((asks & ASK_ARRIVE) != 0) lwkt_arrive(gd, td);
  if ((asks & (ASK_SETPRI | ASK_PRIO)) != 0) receive_priorities(gd, td, l, asks);
  if ((asks & ASK_LEND) != 0) sched_lend_here(gd, td);
  if ((asks & ASK_GRANT) != 0) token_grant(td);
  if ((asks & ASK_RUN_LAST) != 0) {
    if ((asks & ASK_STOP) != 0) lwkt_deschedule_here(td);
    receive_run(m, gd, td);
  } else {
    if ((asks & ASK_RUN) != 0) receive_run(m, gd, td);
    if ((asks & ASK_STOP) != 0) lwkt_deschedule_here(td);
  }
  if ((asks & ASK_INTR) != 0) interrupt_post(gd, td);
  if ((asks & ASK_AST) != 0) ast_told(gd, td);
  if ((asks & ASK_MOVE) != 0) lwkt_move_here(gd, td, l.lt_cpu_due);
  else if ((asks & ASK_RETRY) != 0) lwkt_move_retry(gd, td);
}

/** SETPRI and PRIO, the later request last. */
function receive_priorities(gd: GlobalData, td: Thread, l: Letter, asks: u32): void {
  const pri = <u32>l.lt_pri_due;
  l.lt_pri_due = 0;
  if ((asks & ASK_PRIO) != 0 && (asks & ASK_SETPRI_LAST) != 0) sched_prio_asked(td, l.lt_prio_due);
  if ((asks & ASK_SETPRI) != 0) lwkt_setpri_here(td, pri);
  if ((asks & ASK_PRIO) != 0 && (asks & ASK_SETPRI_LAST) == 0) sched_prio_asked(td, l.lt_prio_due);
  priority_changed(gd, td);
}

/**
 * The owner has changed a thread's priority: another thread may be the best now. While the host makes a call
 * on this CPU, the thread that it has interrupted counts as running.
 */
export function priority_changed(gd: GlobalData, td: Thread): void {
  const runs = gd.gd_curthread == machine().host_td && td.td_state == <u8>TDS.RUNNING;
  if (td == gd.gd_curthread || runs) {
    if (machine().sched != Sched.LWKT) {
      if (sched_runnable(gd)) gd.gd_flags |= GDF_RESCHED;
      return;
    }
    const own = (td.td_lwflags & TDL_RUNQ) != 0 ? 1 : 0; // under lwkt it is on the queue while it runs
    if (gd.gd_nrunnable > own) gd.gd_flags |= GDF_RESCHED;
    return;
  }
  if (machine().sched == Sched.LWKT) {
    if ((td.td_lwflags & TDL_RUNQ) != 0) sched_check_preempt(gd, td);
  } else if (td.td_state == <u8>TDS.RUNQ && td.td_slot != 0) sched_interrupt(td);
}

/** Makes a thread of this CPU runnable. */
function receive_run(m: Machine, gd: GlobalData, td: Thread): void {
  if (planted(Plant.SHORT_FORGOTTEN) && m.round_end - m.now < SHORT) return;
  if (td.td_wait != 0) lwkt_unwait_of(td);
  dl_wakeup(gd, td);
  if (m.sched != Sched.LWKT) {
    sched_enqueue_here(gd, td);
    return;
  }
  lwkt_schedule_here(td);
  if ((td.td_lwflags & TDL_RUNQ) != 0) sched_check_preempt(gd, td);
}
