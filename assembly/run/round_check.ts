// Invariants at the start of a round, checked in the check build only. Rounds cost time only for CPUs that
// have something to do, because bounds and sets say which these are. A wrong one loses a timeout or a wakeup,
// or keeps a CPU asleep, long before the run itself shows it. Here each is recomputed the long way.
import { ipi_waiting } from "../kern/lwkt_ipiq";
import { GDF_HALTED, GDF_INTR, GlobalData, globaldata } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { Machine } from "../sys/machine";
import { gives_shares, sched_cpu } from "../sys/sched";
import { is_td } from "../sys/thread";

/** Panics if a bound or a set that rounds rely on is wrong. */
export function round_check(m: Machine): void {
  check_ticks(m);
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    const gd = globaldata(cpu);
    KASSERT(
      m.callout_bound <= gd.gd_next_callout,
      "round_begin: a callout of CPU %d is due before the bound",
      cpu,
    );
    if (((m.busy >> cpu) & 1) == 0) check_halted(m, gd);
    if (m.sched_cpus != 0 && gives_shares(m)) check_placed(m, cpu);
  }
}

/**
 * The current tick agrees with the time, or with the last round of a quiet stretch, and so does the start of
 * the next one.
 */
function check_ticks(m: Machine): void {
  const tick = m.ticks64 - m.tick_epoch;
  const first = m.now / m.cycles_per_tick;
  const last = m.round_end / m.cycles_per_tick;
  KASSERT(first <= tick && tick <= last, "round_begin: it is not tick %d", <u32>m.ticks64);
  KASSERT(m.tick_end == (tick + 1) * m.cycles_per_tick, "round_begin: the tick ends elsewhere");
}

/** A CPU without a turn needs none: it is halted, and has no callout, message, interrupt or thread to look at. */
function check_halted(m: Machine, gd: GlobalData): void {
  const cpu = gd.gd_cpuid;
  const idle = gd.gd_curthread == gd.gd_idletd && (gd.gd_flags & GDF_HALTED) != 0;
  KASSERT(idle, "round_begin: CPU %d has no turn, and is not halted", cpu);
  KASSERT(gd.gd_next_callout > m.ticks64, "round_begin: CPU %d sleeps through a callout", cpu);
  KASSERT(!ipi_waiting(gd), "round_begin: CPU %d sleeps through a message", cpu);
  const pended = gd.gd_nintr != 0 || (gd.gd_flags & GDF_INTR) != 0;
  KASSERT(!pended, "round_begin: CPU %d sleeps through an interrupt", cpu);
  KASSERT(gd.gd_nrunnable == 0, "round_begin: CPU %d sleeps beside a thread", cpu);
}

/** Every thread that was made runnable in the last round has been placed. */
function check_placed(m: Machine, cpu: u32): void {
  const waits = is_td(sched_cpu(cpu).sc_first);
  KASSERT(!waits, "round_begin: a thread of CPU %d waits to be placed", cpu);
  KASSERT(((m.sched_arrivals >> cpu) & 1) == 0, "round_begin: nobody waits on CPU %d", cpu);
}
