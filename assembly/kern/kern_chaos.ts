// Chaos: a seeded run in which things happen at other moments than they usually would, each within a bound, so that a
// workload meets interleavings that it would wait long for. Machine.chaos asks for it. What may happen is what could
// happen on a machine that is busy with something else: nothing is lost, nothing comes too early, and the law between
// CPUs (docs/law-between-cpus.md) holds.
//
// - A round takes from 1 cycle to the quantum, and begins with any CPU, so that slices end at any jump or kernel call.
// - One slice in CHAOS_PREEMPT begins with the thread that runs giving way to its equals, as if its share were over.
// - A CPU gets what others ask of its threads up to CHAOS_LATE rounds later.
// - A timeout fires up to CHAOS_TICKS ticks and a CHAOS_PART-th of its time later.
//
// The random numbers are a sequence of their own, of the seed: random() gives the same as without.

import { GDF_RESCHED, GDF_SLICEEND, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { CHAOS_LATE, CHAOS_PART, CHAOS_PREEMPT, CHAOS_TICKS } from "../sys/param";
import { TDF_USER } from "../sys/proc";
import { GAMMA, mix64 } from "./kern_random";

/** Sets the sequence apart from that of random(). */
const OTHER: u64 = 0xd1342543de82ef95;

export function chaos_init(m: Machine): void {
  m.chaos_rng = m.seed * OTHER + GAMMA;
}

/** A number below `count`, which is not 0 (splitmix64). */
function below(m: Machine, count: u64): u64 {
  m.chaos_rng += GAMMA;
  return mix64(m.chaos_rng) % count;
}

/** Cycles of the round that begins, and the CPU that is its first. */
export function chaos_round(m: Machine): u64 {
  if (m.ncpus != 1) m.round_first = <u32>below(m, m.ncpus);
  return 1 + below(m, m.quantum);
}

/** Chooses the CPUs that do not get their messages between these rounds, though they have some. */
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
  if ((td.td_flags & TDF_USER) != 0) gd.gd_flags |= GDF_SLICEEND; // its equals are next, as those of the kernel's threads are
  return true;
}

/** When a timeout fires that was asked for in `ticks` ticks. */
export function chaos_timeout(ticks: u64): u64 {
  const m = machine();
  return m.chaos == 0 ? ticks : ticks + below(m, CHAOS_TICKS + ticks / CHAOS_PART + 1);
}
