// Quiet stretches: consecutive rounds in which only time can pass, taken as one.
//
// While every CPU that is not halted is in the middle of a `compute`, with no message, callout, interrupt or
// end of a round-robin quantum due, a round only advances the clocks by a quantum. A machine with a quantum
// of a microsecond would spend most of its time on such rounds. The end of the stretch is one that a single
// round would have had, and the rounds are counted, so the run is the same to the last bit.

import { K } from "../kern/cont";
import {
  is_modern,
  modern_clock_next,
  modern_clock_pass,
  modern_ticks_idly,
} from "../kern/lwkt_modern";
import { sched_clock_next, sched_next } from "../kern/sched_clock";
import { dl_left } from "../kern/sched_deadline";
import { GDF_RESCHED, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, Sched } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { TDF_USER, Thread } from "../sys/proc";
import { gives_shares } from "../sys/sched";
import { cold } from "../sys/thread";

const NEVER: u64 = u64.MAX_VALUE;

/**
 * The end of the round that begins now: `end`, or later if nothing can happen until then. `callout` is the
 * cycle of the earliest callout of any CPU; none is due.
 */
export function quiet_until(m: Machine, end: u64, callout: u64): u64 {
  const q = m.quantum;
  let most = (u64.MAX_VALUE >> 1) / q;
  if (m.run_rounds != 0) most = min<u64>(most, m.run_rounds);
  most = min<u64>(most, (callout - m.now) / q);
  most = min<u64>(most, rounds_to(m, m.run_until));
  for (let busy = m.busy; busy != 0 && most > 1; busy &= busy - 1) {
    most = min<u64>(most, quiet_rounds(m, globaldata(<u32>ctz<u64>(busy))));
  }
  if (gives_shares(m)) most = min<u64>(most, rounds_to(m, sched_next(m)));
  if (most <= 1) return end;
  if (m.lwkt_modern != 0 && m.rr_cycles != 0) {
    clocks_pass(m, m.now + (most - (planted(Plant.TICKS_SHORT) ? 2 : 1)) * q);
  }
  m.rounds += most - 1;
  if (m.run_rounds != 0) m.run_rounds -= <u32>(most - 1);
  return m.now + most * q;
}

/**
 * lwkt-modern: sets the clocks of computing CPUs to where they would be at the start of the last of these rounds.
 */
function clocks_pass(m: Machine, last: u64): void {
  for (let busy = m.busy; busy != 0; busy &= busy - 1) {
    modern_clock_pass(m, globaldata(<u32>ctz<u64>(busy)), last);
  }
}

/**
 * Rounds from now to the first end of a round that is not before `cycle`; 0 if `cycle` is past, and its work
 * not yet done.
 */
function rounds_to(m: Machine, cycle: u64): u64 {
  if (cycle <= m.now) return 0;
  const distance = cycle - m.now;
  return distance / m.quantum + (distance % m.quantum != 0 ? 1 : 0);
}

/** Number of rounds in which a CPU only computes. */
function quiet_rounds(m: Machine, gd: GlobalData): u64 {
  const td = gd.gd_curthread;
  if (td.td_kfn != K.COMPUTE || td == gd.gd_idletd) return 0;
  if ((gd.gd_flags & GDF_RESCHED) != 0 || td.td_pri < gd.gd_reqpri) return 0;
  const left = compute_left(td);
  const done = gd.gd_cycles + left;
  if (done < left) return 0; // beyond the end of time
  let rounds = (done - m.now) / m.quantum;
  const budget = dl_left(gd, td);
  if (budget == 0) return 0;
  if (budget != NEVER && !planted(Plant.QUIET_BUDGET))
    rounds = min<u64>(rounds, rounds_to(m, gd.gd_cycles + budget));
  const next = ticks_idly(m, gd) ? shares_next(m, gd) : clock_next(m, gd);
  return next <= gd.gd_cycles ? 0 : min<u64>(rounds, rounds_to(m, next));
}

/**
 * The first cycle at which a slice of the CPU begins with a scheduler clock tick, or with the end of its
 * thread's turn.
 */
export function clock_next(m: Machine, gd: GlobalData): u64 {
  const next = shares_next(m, gd);
  if (m.sched != Sched.LWKT || m.rr_cycles == 0) return next;
  if (is_modern(gd)) return min<u64>(next, modern_clock_next(m, gd));
  const takes_turns = (gd.gd_curthread.td_flags & TDF_USER) == 0; // a user thread has slices
  return takes_turns ? min<u64>(next, gd.gd_switchtime + m.rr_cycles) : next;
}

function shares_next(m: Machine, gd: GlobalData): u64 {
  return gives_shares(m) ? sched_clock_next(gd) : NEVER;
}

/** True if ticks of lwkt-modern do not affect the running thread. */
function ticks_idly(m: Machine, gd: GlobalData): bool {
  return is_modern(gd) && m.rr_cycles != 0 && modern_ticks_idly(gd);
}

// ---- Remaining cycles of a `compute` ----

export function compute_left(td: Thread): u64 {
  return ((<u64>cold(td).td_kb) << 32) | <u64>td.td_ka;
}

export function set_compute_left(td: Thread, left: u64): void {
  td.td_ka = <u32>left;
  cold(td).td_kb = <u32>(left >> 32);
}
