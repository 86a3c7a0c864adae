// The machine's time: rounds, slices, ticks, and the jump over idle time.
//
// CPUs run in rounds. In a round each CPU that is not halted runs its slice, to the same end on its own
// clock: a quantum after the round's start, or earlier if a callout is due then. If nothing can happen in a
// slice, because the CPU waits for messages or computes throughout, only its clock advances. Messages sent in
// one round are delivered at the start of the next. When every CPU is halted, time jumps to the earliest
// callout. A run call may stop between any two steps, and the next one resumes exactly there: the way a run
// is divided changes nothing.
//
// With cycle_cost 0 a slice ends when its CPU halts, and time advances by jumps only. A run call then returns now and
// again in the middle of a slice (Run.BUDGET).

import { RV_FAULT, RV_LEFT, RV_POINT, RV_SLICE, rv32_fault_address, rv32_run } from "../cpu/rv32";
import { arrive_at_mark } from "../cpu/rv32_break";
import { rv32_guest_pc } from "../cpu/rv32_decode";
import { mm_trap } from "../cpu/rv32_machine_mode";
import { cont_pop, is_spinning, K } from "../kern/cont";
import { ast_after_result, ast_pending } from "../kern/kern_ast";
import { chaos_late, chaos_round, chaos_slice } from "../kern/kern_chaos";
import { ast } from "../kern/kern_single";
import { stats_round } from "../kern/kern_stats";
import { charge_runtime, host_yield } from "../kern/kern_switch";
import { callout_earliest, softclock } from "../kern/kern_timeout";
import { idle_interrupts } from "../kern/lwkt_intr";
import { cpu_unhalt, ipi_boundary, ipi_waiting } from "../kern/lwkt_ipiq";
import { lwkt_move_asked } from "../kern/lwkt_migrate";
import { is_modern, modern_schedulerclock, modern_turn_over } from "../kern/lwkt_modern";
import { lwkt_switch, lwkt_yield_invol, lwkt_yield_quick } from "../kern/lwkt_thread";
import { has_tokens } from "../kern/lwkt_tokref";
import { mi_switch, mi_switch_out, sched_boundary, sched_runnable } from "../kern/sched";
import { sched_clock, sched_seconds, sched_time } from "../kern/sched_clock";
import { dl_clock, dl_throttle } from "../kern/sched_deadline";
import { sched_turned, sched_turns_begin, sched_turns_end } from "../kern/sched_turn";
import { ChunkList } from "../sys/chunklist";
import { cpu_bit } from "../sys/cpuset";
import { RV_BREAK } from "../sys/fault";
import {
  GDF_DEADLINE,
  GDF_HALTED,
  GDF_INTR,
  GDF_INVOL,
  GDF_MODERN,
  GDF_RESCHED,
  GDF_USERS,
  GlobalData,
  globaldata,
} from "../sys/globaldata";
import { KTR_PROC, Ktr, ktr, ktr_drain, WHY_CALLOUT } from "../sys/ktr";
import { DEBUG_FAULTS, DEBUG_NEXT, Machine, machine, RUN_FRESH, Run, Sched } from "../sys/machine";
import { RUN_STEPS_MAX } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDB, TDB_FRESH, TDB_INCALL, TDB_KIND, TDF_USER, TDPRI_CRIT, Thread } from "../sys/proc";
import { gives_shares } from "../sys/sched";
import { Sys } from "../sys/syscall";
import { no_td, td_frame } from "../sys/thread";
import { cont_run } from "./cont_table";
import { quick_call } from "./quick_calls";
import { clock_next, compute_left, quiet_until, set_compute_left } from "./quiet";
import { round_check } from "./round_check";
import { body_return, fault, trap } from "./trap";

const NEVER: u64 = u64.MAX_VALUE;

/**
 * Runs the machine until one of Run happens. Machine.run_until (cycles), run_rounds (0 = no limit),
 * run_limited with run_switches, and stop_request bound it. Returns RUN_REASON and what belongs to it.
 */
export function machine_run(): u32 {
  const m = machine();
  return run_result(m, run_rounds(m));
}

/**
 * Performs kernel call `nr` for the thread whose next step the host was asked for, and runs on. If the next
 * step is again a host body's, in the same slice, rounds and slices are not touched.
 */
export function machine_step(nr: u32): u32 {
  const m = machine();
  const gd = m.curcpu;
  const now = gd.gd_cycles + m.cycle_cost;
  gd.gd_cycles = now;
  if (nr == Sys.lwkt_yield && host_yield(m, gd, now)) {
    if (now < gd.gd_slice_end && may_switch(m)) {
      return Run.HOST | changetype<u32>(gd.gd_curthread);
    }
  } else {
    gd.gd_slice_td = gd.gd_curthread;
    trap(gd.gd_curthread, nr);
    const td = gd.gd_curthread;
    if (goes_on(gd, td, TDB.HOST) && may_switch(m) && m.ktr_mask == 0) {
      return Run.HOST | changetype<u32>(td);
    }
  }
  const reason = slice_step(m, gd);
  if (reason != 0 && reason != READY) return run_result(m, reason);
  if (reason == 0) {
    gd.gd_in_slice = 0;
    m.round_cpu++;
  }
  return machine_run();
}

/** What a run call returns, for the host. */
export function run_result(m: Machine, reason: u32): u32 {
  if (m.ktr_mask != 0) ktr_drain();
  if (reason != Run.HOST) return reason;
  const td = m.curcpu.gd_curthread;
  const fresh = (td.td_body & TDB_FRESH) != 0 ? RUN_FRESH : 0;
  return reason | fresh | changetype<u32>(td);
}

function run_rounds(m: Machine): u32 {
  while (true) {
    if (m.round_cpu == m.ncpus) {
      const reason = round_begin(m);
      if (reason != 0) return reason;
    }
    let turn = next_turn(m, m.round_cpu);
    while (turn < m.ncpus) {
      const gd = globaldata(cpu_of_turn(m, turn));
      m.curcpu = gd;
      if (gd.gd_in_slice != 0 || !passes_turn(m, gd)) {
        m.round_cpu = turn;
        if (gd.gd_in_slice == 0) slice_begin(m, gd);
        const reason = slice_run(m, gd);
        if (reason != 0) return reason;
        gd.gd_in_slice = 0;
      }
      turn = next_turn(m, turn + 1);
    }
    m.round_cpu = m.ncpus;
  }
}

/** The CPU of a turn in this round; the first is CPU `round_first`. */
function cpu_of_turn(m: Machine, turn: u32): u32 {
  const cpu = turn + m.round_first;
  return cpu < m.ncpus ? cpu : cpu - m.ncpus;
}

/** The first turn from `turn` on whose CPU is not halted, or the number of CPUs. */
function next_turn(m: Machine, turn: u32): u32 {
  if (turn >= m.ncpus) return m.ncpus;
  if (m.round_first == 0) {
    const rest = m.busy >> turn;
    return rest == 0 ? m.ncpus : turn + <u32>ctz<u64>(rest);
  }
  while (turn < m.ncpus && (m.busy & cpu_bit(cpu_of_turn(m, turn))) == 0) turn++;
  return turn;
}

/** True for a CPU that needs no slice in this round, because nothing could happen in it. */
function passes_turn(m: Machine, gd: GlobalData): bool {
  const td = gd.gd_curthread;
  return td == gd.gd_idletd ? only_waits(m, gd) : only_computes(m, gd, td);
}

/**
 * True for a CPU that has nothing to run, and no pended interrupt threads, which its idle thread would make
 * runnable. It halts, or, if it has messages to receive at the end of this round, only advances its clock.
 * (`idle` does the same when a slice finds that out.)
 */
function only_waits(m: Machine, gd: GlobalData): bool {
  if (gd.gd_nrunnable != 0 || (gd.gd_nintr != 0 && !planted(Plant.PASS_PENDED))) return false;
  if ((gd.gd_flags & ~(GDF_HALTED | GDF_RESCHED)) != 0 || m.sched != Sched.LWKT) return false;
  if (gd.gd_next_callout <= m.ticks64 || (m.chaos | m.run_limited) != 0) return false;
  cpu_unhalt(m, gd);
  if (gd.gd_cycles >= m.round_end || gd.gd_cycles >= clock_next(m, gd)) return false;
  gd.gd_slice_end = m.round_end;
  gd.gd_slice_td = gd.gd_idletd;
  gd.gd_reqpri = 0;
  if (ipi_waiting(gd) && !planted(Plant.PASS_MESSAGE)) {
    gd.gd_flags = 0;
    gd.gd_cycles = m.round_end;
  } else {
    gd.gd_flags = GDF_HALTED;
    m.busy &= ~cpu_bit(gd.gd_cpuid);
  }
  return true;
}

/**
 * True for a CPU that computes throughout this round, with nothing due: its clock advances. A slice would
 * take five times as many steps to find that out, and with many CPUs most of them are in this state in most
 * rounds.
 */
function only_computes(m: Machine, gd: GlobalData, td: Thread): bool {
  if (td.td_kfn != <u8>K.COMPUTE || (td.td_body & TDB_INCALL) != 0) return false;
  const told = (gd.gd_flags & ~(GDF_USERS | GDF_MODERN)) != 0 || td.td_pri < gd.gd_reqpri;
  if (told && !planted(Plant.COMPUTE_TOLD)) return false;
  if (gd.gd_next_callout <= m.ticks64 || (m.chaos | m.run_limited) != 0) return false;
  const now = gd.gd_cycles;
  if (now >= m.round_end) return false;
  if (now >= clock_next(m, gd) && !planted(Plant.COMPUTE_TICKS)) return false;
  const left = compute_left(td);
  const slice = m.round_end - now;
  if (left <= slice) return false;
  gd.gd_slice_end = m.round_end;
  gd.gd_slice_td = td;
  gd.gd_cycles = m.round_end;
  set_compute_left(td, left - slice);
  return true;
}

// ---- Rounds ----

/** Starts the next round, or returns why it does not. */
export function round_begin(m: Machine): u32 {
  if (m.stop_request != 0) {
    m.stop_request = 0;
    return Run.STOPPED;
  }
  m.now = m.round_end;
  if (m.now >= m.run_until) return Run.TIME;
  if (m.run_rounds != 0) {
    m.run_rounds--;
    if (m.run_rounds == 0) return Run.BUDGET;
  }
  const reason = m.busy == 0 ? jump_to_callout(m) : 0;
  if (reason != 0) return reason;
  const shares = gives_shares(m);
  time_is(m, m.now, shares);
  if (shares) sched_seconds(m);
  if (shares && m.ncpus != 1) sched_boundary(m);
  const chaos = m.chaos != 0;
  let end = wake_due(m, m.now + (chaos ? chaos_round(m) : m.quantum));
  if (!chaos && m.cycle_cost != 0 && m.ipi_cpus == 0 && end == m.now + m.quantum) {
    const next = m.callout_bound;
    if (next > m.ticks64) {
      end = quiet_until(m, end, next == NEVER ? NEVER : cycle_of_tick(m, next));
      const last = end - m.quantum;
      if (last != m.now) time_is(m, last, shares);
    }
  }
  m.round_end = m.cycle_cost == 0 ? m.now : end;
  if (m.ipi_cpus != 0) {
    if (chaos) m.ipi_late = chaos_late(m);
    ipi_boundary(m);
    if (chaos) m.ipi_late = 0;
    if (shares) sched_boundary(m);
  }
  if (m.stats != 0) stats_round(m, m.round_end);
  m.rounds++;
  m.round_cpu = 0;
  if (INVARIANTS && m.search == 0) round_check(m);
  return 0;
}

/** The cycle at which a tick begins. */
function cycle_of_tick(m: Machine, tick: u64): u64 {
  return (tick - m.tick_epoch) * m.cycles_per_tick;
}

/**
 * A round begins at a cycle, perhaps the last of a quiet stretch: sets the clocks that stand still during a
 * round.
 */
function time_is(m: Machine, cycle: u64, shares: bool): void {
  ticks_update(m, cycle);
  if (shares) sched_time(m, cycle);
}

/** Sets the kernel's ticks from the time. */
function ticks_update(m: Machine, cycle: u64): void {
  if (cycle < m.tick_end) return;
  m.tick_end = (cycle / m.cycles_per_tick + 1) * m.cycles_per_tick;
  m.ticks64 = m.tick_epoch + cycle / m.cycles_per_tick;
  m.ticks = <i32>m.ticks64;
}

/** All CPUs are halted: moves time to the earliest callout. */
function jump_to_callout(m: Machine): u32 {
  const tick = callout_earliest();
  if (tick == NEVER || m.timeouts == 0) {
    m.round_end = m.now;
    return Run.IDLE;
  }
  const at = cycle_of_tick(m, tick);
  if (at > m.run_until) {
    m.now = m.run_until;
    m.round_end = m.now;
    return Run.TIME;
  }
  if (at > m.now) {
    m.now = at;
    m.round_end = at;
  }
  ticks_update(m, m.now);
  ktr(KTR_PROC, Ktr.TICK, <u32>m.ticks64, <u32>(m.ticks64 >> 32));
  return 0;
}

/** Wakes the CPUs whose callouts are due; the round ends at `end`, or at the next callout if that is earlier. */
function wake_due(m: Machine, end: u64): u64 {
  const bound = m.callout_bound;
  if (bound == NEVER || (bound > m.ticks64 && cycle_of_tick(m, bound) >= end)) return end;
  let earliest = NEVER;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    const next = globaldata(cpu).gd_next_callout;
    if (next == NEVER) continue;
    if (next < earliest) earliest = next;
    if (next <= m.ticks64) {
      m.busy |= cpu_bit(cpu);
      continue;
    }
    const at = cycle_of_tick(m, next);
    if (at < end) end = at;
  }
  m.callout_bound = earliest;
  return end;
}

// ---- Slices ----

export function slice_begin(m: Machine, gd: GlobalData): void {
  cpu_unhalt(m, gd);
  gd.gd_in_slice = 1;
  gd.gd_slice_end = m.round_end;
  if (gd.gd_next_callout <= m.ticks64) {
    gd.gd_switch_why = WHY_CALLOUT;
    softclock(gd, m.ticks64);
    gd.gd_switch_why = 0;
  }
  if ((gd.gd_flags & GDF_DEADLINE) != 0) dl_clock(gd);
  if (gives_shares(m)) sched_clock(m, gd);
  if (m.sched == Sched.LWKT && m.rr_cycles != 0) {
    if (is_modern(gd)) modern_schedulerclock(m, gd);
    else if (gd.gd_cycles - gd.gd_switchtime >= m.rr_cycles) lwkt_clock(gd);
  }
  if (m.chaos != 0 && chaos_slice(m, gd) && is_modern(gd)) modern_turn_over(gd, gd.gd_curthread);
}

/** lwkt: if the running thread has used up its round-robin quantum, its equals are next. */
function lwkt_clock(gd: GlobalData): void {
  const td = gd.gd_curthread;
  if ((td.td_flags & TDF_USER) != 0) return; // user threads have slices
  charge_runtime(gd);
  if (td != gd.gd_idletd && gd.gd_nrunnable != 0) gd.gd_flags |= GDF_RESCHED;
}

/** Result of `slice_step` when RV32 code is to run; its other results are Run's, and 0. */
export const READY: u32 = 0xff;
/**
 * Result of `slice_run` before a visible operation, on a machine made for a search: the run has stopped there.
 */
export const POINT: u32 = 0xf8 | Run.STOPPED;

/** Runs one CPU to the end of its slice; 0, or why the run has to stop earlier. */
export function slice_run(m: Machine, gd: GlobalData): u32 {
  let event = gd.gd_broken;
  if (event == 0) gd.gd_slice_td = no_td();
  else gd.gd_broken = 0;
  while (true) {
    if (event == 0) {
      const reason = slice_step(m, gd);
      if (reason != READY) return reason;
      if ((m.debug & DEBUG_NEXT) != 0) return slice_break(gd, RV_BREAK);
    }
    if (event == 0 || event == RV_BREAK) {
      event = rv32_run<Kernel>(gd);
      if (event == RV_LEFT) return gd.gd_slice_reason;
      if (event == RV_BREAK || is_fault_stop(m, event)) return slice_break(gd, event);
    }
    if ((event & 0xff) == RV_FAULT) {
      const td = gd.gd_curthread;
      if (m.metal == 0) {
        fault(td, event >> 8, rv32_guest_pc(<usize>td.td_pc), rv32_fault_address(gd));
      } else if (!mm_trap(gd, event >> 8)) return Run.STOPPED;
    } else if (event == RV_SLICE && m.cycle_cost == 0) return Run.BUDGET;
    else if (event == RV_POINT) return POINT;
    event = 0;
  }
}

/** The same for a thread known to continue with RV32 code (READY), with no debugger attached. */
export function slice_go(m: Machine, gd: GlobalData): u32 {
  const event = rv32_run<Kernel>(gd);
  if (event == RV_POINT) return POINT;
  if (event == RV_LEFT) return gd.gd_slice_reason;
  gd.gd_broken = event;
  return slice_run(m, gd);
}

/** True if a debugger wants to see a fault before it has any effect. */
function is_fault_stop(m: Machine, event: u32): bool {
  return (event & 0xff) == RV_FAULT && (m.debug & DEBUG_FAULTS) != 0;
}

/** Stops the CPU for a debugger inside RV32 code; `event` is handled when it resumes. */
function slice_break(gd: GlobalData, event: u32): u32 {
  if (event == RV_BREAK) arrive_at_mark(gd);
  gd.gd_broken = event;
  return Run.BREAK;
}

/**
 * True if nothing keeps `td`, the current thread, from the next step of its body, which must be of this kind.
 * This is `is_plain`, field by field: td_body has often just been stored, and a host has to wait for the store of a
 * byte before it can load the word around it.
 */
function goes_on(gd: GlobalData, td: Thread, kind: TDB): bool {
  return (
    td.td_body == <u8>kind &&
    td.td_kfn == 0 &&
    td.td_cpu == <u8>gd.gd_cpuid &&
    (gd.gd_flags & (GDF_RESCHED | GDF_INTR)) == 0 &&
    gd.gd_cycles < gd.gd_slice_end
  );
}

/** False when the run call's budget of switches is used up. */
function may_switch(m: Machine): bool {
  return m.run_limited == 0 || m.run_switches != 0;
}

/**
 * Where code takes no time a slice has no end: threads that wake each other inside the kernel for ever, or a body
 * that never sleeps, would not let the host have its say. True once in RUN_STEPS_MAX steps.
 */
function goes_on_for_long(m: Machine): bool {
  if (m.search != 0) return false; // a search counts its own steps
  if (m.run_steps < RUN_STEPS_MAX) {
    m.run_steps++;
    return false;
  }
  m.run_steps = 0;
  return true;
}

/** The kernel as the emulated CPU sees it. */
@unmanaged
class Kernel {
  /** Performs a kernel call of the running thread `td` inside the loop, if possible. */
  @inline quick(gd: GlobalData, td: Thread, nr: u32): bool {
    return quick_call(gd, td, nr);
  }

  /**
   * Makes yields of the running thread `td` turns on a list of threads (kern/sched_turn.ts): that list, or null.
   */
  @inline turns_begin(gd: GlobalData, td: Thread): ChunkList | null {
    return sched_turns_begin(gd, td);
  }

  /** The threads in these slots have had their turns. */
  @inline turned(from: usize, to: usize): void {
    sched_turned(from, to);
  }

  /** Ends such turns: `td` is running. */
  @inline turns_end(gd: GlobalData, list: ChunkList, td: Thread): void {
    sched_turns_end(gd, list, td);
  }

  /** Performs a kernel call of the current thread; false if something other than RV32 code is to run then. */
  @inline call(gd: GlobalData, nr: u32): bool {
    const m = machine();
    const caller = gd.gd_curthread;
    gd.gd_slice_td = caller; // the slice does not end within its call, even if the loop yielded to it
    trap(caller, nr);
    const td = gd.gd_curthread;
    if (goes_on(gd, td, TDB.RV32) && m.run_limited == 0) {
      gd.gd_slice_td = td;
      return true;
    }
    const reason = slice_step(m, gd);
    gd.gd_slice_reason = reason;
    return reason == READY;
  }
}

/**
 * Runs steps until the CPU is to run RV32 code (READY), its slice is over (0), or the run has to stop.
 *
 * A slice ends between two instructions of a body or just after a switch, never between the steps of a kernel
 * function: other CPUs see what a kernel function does between two switches as one action. A step costs a
 * cycle, so that threads that only wake each other use up their time like all others.
 */
export function slice_step(m: Machine, gd: GlobalData): u32 {
  const cost = m.cycle_cost;
  while (true) {
    const td = gd.gd_curthread;
    const fn = <u32>td.td_kfn;
    const in_kernel = fn != 0 && fn != K.COMPUTE;
    if (!in_kernel || td != gd.gd_slice_td) {
      if (gd.gd_cycles >= gd.gd_slice_end) {
        if (cost != 0) return 0;
        if (goes_on_for_long(m)) return Run.BUDGET;
      }
      if (!may_switch(m)) return Run.SWITCHES;
      gd.gd_slice_td = td;
    }
    if (in_kernel) {
      gd.gd_cycles += cost;
      cont_run(td);
      continue;
    }
    const body = <u32>td.td_body;
    let told = false;
    if ((body & TDB_INCALL) != 0 && (fn == 0 || !is_spinning(td))) {
      td.td_body = <u8>(body & ~TDB_INCALL);
      const f = td_frame(td);
      const retval = f.retval;
      f.a0 = retval;
      if (m.ncpus != 1 && !planted(Plant.AST_FORGOTTEN) && ast_pending(td)) {
        // In a critical section, such as that of a spin mutex that it has just got, it goes on until it leaves that.
        told = td.td_pri >= TDPRI_CRIT || ast_after_result(td, retval);
        if (!told) {
          ast();
          continue;
        }
        gd.gd_flags |= GDF_RESCHED; // at its next safe point, when it has seen the result
      }
    }
    if (!told && (gd.gd_flags & (GDF_RESCHED | GDF_INTR)) != 0) {
      if (safe_point(m, gd, td)) continue;
    }
    if (fn != 0) {
      compute_run(gd, td);
      continue;
    }
    const kind = body & TDB_KIND;
    if (kind == TDB.RV32) return READY;
    if (kind == TDB.HOST) return Run.HOST;
    if (td == gd.gd_idletd) {
      if (idle(m, gd)) continue;
      return 0;
    }
    body_return();
  }
}

/**
 * A safe point: the thread is between two instructions of its own, or spins for a lock. Runs pended interrupts,
 * handles its ASTs (not while it spins: its call has not returned), moves it to another CPU, or yields the CPU to a
 * better thread that has requested it. False if the thread continues, as it always does in a critical section or
 * an interrupt.
 */
function safe_point(m: Machine, gd: GlobalData, td: Thread): bool {
  if (td == gd.gd_idletd) {
    gd.gd_flags &= ~GDF_RESCHED;
    return false;
  }
  if (td.td_pri >= TDPRI_CRIT || gd.gd_intr_nesting_level != 0) return false;
  if ((gd.gd_flags & GDF_INTR) != 0) {
    gd.gd_flags &= ~GDF_INTR;
    lwkt_yield_quick();
    return true;
  }
  if (m.ncpus != 1 && ast_pending(td) && !is_spinning(td)) {
    ast();
    return true;
  }
  if (has_tokens(td)) return false; // it is checked again when it releases the last one
  gd.gd_flags &= ~GDF_RESCHED;
  if (lwkt_move_asked(td)) return true;
  if ((gd.gd_flags & GDF_DEADLINE) != 0 && dl_throttle(gd, td)) return true;
  gd.gd_flags |= GDF_INVOL;
  if (m.sched == Sched.LWKT) lwkt_yield_invol();
  else reschedule();
  gd.gd_flags &= ~GDF_INVOL;
  return true;
}

/** Lets another thread have the CPU, if the scheduler has one: a call, since few slices end before their threads do. */
function reschedule(): void {
  mi_switch();
}

/** The idle thread: switches if there is a thread to run, otherwise halts its CPU and returns false. */
function idle(m: Machine, gd: GlobalData): bool {
  idle_interrupts(gd);
  if (m.sched == Sched.LWKT ? gd.gd_nrunnable != 0 : sched_runnable(gd)) {
    if (m.sched == Sched.LWKT) lwkt_switch();
    else mi_switch_out();
    if (gd.gd_curthread != gd.gd_idletd || !is_modern(gd)) return true;
    if (gd.gd_cycles < gd.gd_slice_end) gd.gd_cycles = gd.gd_slice_end; // all wait for tokens: it spins
    return false;
  }
  if (ipi_waiting(gd)) {
    // The CPU waits for the next round, and advances its clock: a thread that the messages wake runs no earlier.
    if (gd.gd_cycles < gd.gd_slice_end) gd.gd_cycles = gd.gd_slice_end;
    return false;
  }
  gd.gd_flags |= GDF_HALTED;
  m.busy &= ~cpu_bit(gd.gd_cpuid);
  return false;
}

/** Burns cycles of a `compute` call, as many as the slice has. */
function compute_run(gd: GlobalData, td: Thread): void {
  const left = compute_left(td);
  const slice = gd.gd_slice_end - gd.gd_cycles;
  if (left <= slice || machine().cycle_cost == 0) {
    if (machine().cycle_cost != 0) gd.gd_cycles += left;
    cont_pop(td);
    return;
  }
  gd.gd_cycles += slice;
  set_compute_left(td, left - slice);
}
