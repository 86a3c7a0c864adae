// The clock of the time-sharing schedulers: slices, the statistics clock, and what is done once a second.
//
// It ticks STATHZ times per second, or more often if a slice is shorter; on every CPU that is not idle, each
// tick is charged to the running thread. As in FreeBSD, kern.sched.quantum is a whole number of ticks. Where
// code takes no time there are no ticks.
import { GlobalData } from "../sys/globaldata";
import { Machine, Sched } from "../sys/machine";
import { STATHZ } from "../sys/param";
import { TDF_USER, Thread } from "../sys/proc";
import { sched_cpu } from "../sys/sched";
import { user_clock, user_second } from "./lwkt_usched";
import { bsd4_clock, bsd4_init, bsd4_second } from "./sched_4bsd";
import { hs_clock } from "./sched_host";
import { ule_clock, ule_init, ule_round } from "./sched_ule";

/** Cycles from one tick of the statistics clock to the next. */
function stat_period(m: Machine): u64 {
  return max<u64>(1, m.cycles_per_second / STATHZ);
}

/** Sets the clocks, from the configuration. */
export function sched_clock_init(m: Machine): void {
  const period = stat_period(m);
  const quantum = m.rr_cycles;
  m.sched_tick = quantum != 0 && quantum < period ? quantum : period;
  m.sched_slice = <u32>min<u64>(quantum / m.sched_tick, 1 << 30);
  m.sched_second = m.cycles_per_second;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) sched_cpu(cpu).sc_clock = m.sched_tick;
  bsd4_init(m);
  ule_init(m);
}

/** The cycle of a CPU's next tick. */
export function sched_clock_next(gd: GlobalData): u64 {
  return sched_cpu(gd.gd_cpuid).sc_clock;
}

/** The cycle at which something is to be done between two rounds next. */
export function sched_next(m: Machine): u64 {
  const balances = m.sched == Sched.ULE && m.ncpus != 1;
  return balances ? min<u64>(m.sched_second, m.sched_balance) : m.sched_second;
}

/** At the start of a CPU's slice: charges its thread for the ticks that are due. */
export function sched_clock(m: Machine, gd: GlobalData): void {
  const sc = sched_cpu(gd.gd_cpuid);
  if (gd.gd_cycles < sc.sc_clock) return;
  const ticks = (gd.gd_cycles - sc.sc_clock) / m.sched_tick + 1;
  sc.sc_clock += ticks * m.sched_tick;
  const td = gd.gd_curthread;
  if (td == gd.gd_idletd || m.cycle_cost == 0) return;
  const n = <u32>min<u64>(ticks, 1 << 30);
  const stats = stats_between(m, sc.sc_clock - ticks * m.sched_tick, sc.sc_clock);
  if (m.sched == Sched.HOST) hs_clock(gd, td, n);
  else if (m.sched == Sched.ULE) ule_clock(gd, td, n, stats);
  else if (m.sched == Sched.LWKT) lwkt_clock(gd, td, n, stats);
  else bsd4_clock(gd, td, n, stats);
}

/**
 * Ticks of the statistics clock up to the last of those that were due from cycle `first` on; the next one is due at
 * `next`. Slices that are no divisors of its period change nothing about how often it ticks.
 */
function stats_between(m: Machine, first: u64, next: u64): u32 {
  const period = stat_period(m);
  const tick = m.sched_tick;
  return <u32>min<u64>((next - tick) / period - (first - tick) / period, 1 << 30);
}

/** lwkt: kernel threads are not charged. */
function lwkt_clock(gd: GlobalData, td: Thread, ticks: u32, stats: u32): void {
  if ((td.td_flags & TDF_USER) != 0) user_clock(gd, td, ticks, stats);
}

/** Sets the tick when a round begins at `cycle`, or when a quiet stretch ends with it. */
export function sched_time(m: Machine, cycle: u64): void {
  if (m.sched == Sched.ULE) ule_round(m, cycle);
}

/** Between two rounds: what is done once a second. */
export function sched_seconds(m: Machine): void {
  if (m.now < m.sched_second || m.cycle_cost == 0) return;
  const seconds = (m.now - m.sched_second) / m.cycles_per_second + 1;
  m.sched_second += seconds * m.cycles_per_second;
  if (m.sched == Sched.BSD4) bsd4_second(m, <u32>min<u64>(seconds, 1 << 30));
  else if (m.sched == Sched.LWKT) user_second(m, <u32>min<u64>(seconds, 1 << 30));
}
