// Chaos: a seeded run in which events happen at unusual moments, within bounds, so that a workload meets
// interleavings that would otherwise be rare. Enabled by Machine.chaos. Only delays that are possible on a
// busy machine occur: nothing is lost, nothing comes early, and the law between CPUs
// (docs/law-between-cpus.md) holds.
//
// - A round takes from 1 cycle to the quantum and begins with any CPU, so that slices end at any jump or
//   kernel call.
// - One slice in CHAOS_PREEMPT begins with the running thread yielding to its equals, as if its slice were over.
// - A CPU receives its messages up to CHAOS_LATE rounds late.
// - A timeout fires up to CHAOS_TICKS ticks plus one CHAOS_PART-th of its length late.
//
// The random numbers are a sequence of their own, derived from the seed: random() gives the same results as
// without chaos.

import { GDF_RESCHED, GDF_SLICEEND, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { CHAOS_LATE, CHAOS_PART, CHAOS_PREEMPT, CHAOS_TICKS } from "../sys/param";
import { TDF_USER } from "../sys/proc";
import { GAMMA, mix64 } from "./kern_random";

/** Separates the sequence from that of random(). */
const OTHER: u64 = 0xd1342543de82ef95;

export function chaos_init(m: Machine): void {
  m.chaos_rng = m.seed * OTHER + GAMMA;
}

/** A random number below `count`, which must not be 0 (splitmix64). */
function below(m: Machine, count: u64): u64 {
  m.chaos_rng += GAMMA;
  return mix64(m.chaos_rng) % count;
}

/** Length in cycles of the round that begins, and its first CPU. */
export function chaos_round(m: Machine): u64 {
  if (m.ncpus != 1) m.round_first = <u32>below(m, m.ncpus);
  return 1 + below(m, m.quantum);
}

/** Chooses the CPUs with messages that do not receive them before this round. */
export function chaos_late(m: Machine): u64 {
  let late: u64 = 0;
  for (let cpus = m.ipi_cpus; cpus != 0; cpus &= cpus - 1) {
    const cpu = <u32>ctz<u64>(cpus);
    const gd = globaldata(cpu);
    if (gd.gd_late < CHAOS_LATE && below(m, 2) != 0) {
      gd.gd_late++;
      late |= cpus & -cpus;
    } else gd.gd_late = 0;
  }
  return late;
}

/** A slice begins; true if the running thread's turn is over. */
export function chaos_slice(m: Machine, gd: GlobalData): bool {
  const td = gd.gd_curthread;
  if (td == gd.gd_idletd || below(m, CHAOS_PREEMPT) != 0) return false;
  gd.gd_flags |= GDF_RESCHED;
  // A user thread must end its slice, too, to go behind its equals as kernel threads do.
  if ((td.td_flags & TDF_USER) != 0) gd.gd_flags |= GDF_SLICEEND;
  return true;
}

/** The delay after which a timeout of `ticks` ticks fires. */
export function chaos_timeout(ticks: u64): u64 {
  const m = machine();
  return m.chaos == 0 ? ticks : ticks + below(m, CHAOS_TICKS + ticks / CHAOS_PART + 1);
}
