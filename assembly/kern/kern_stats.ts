// Wakeup latencies: from the moment a thread becomes runnable to the moment it runs. Kept only when
// Machine.stats is on, in an array of its own, so that machines without it pay one test per wakeup.
//
// TDB_STATS marks a thread for which something is to be recorded when it runs next: it was woken, moved, or
// has not run yet. A yield to any other thread can take the fast path (cpu/rv32_yield.ts), which records
// nothing.
import { GlobalData, globaldata } from "../sys/globaldata";
import { KTR_SCHED, Ktr, ktr } from "../sys/ktr";
import { Machine, machine, Sched } from "../sys/machine";
import { STATS_BUCKETS } from "../sys/param";
import { prioq_count } from "../sys/prioq";
import { TDB_STATS, TDL_RUNQ, TDS, Thread } from "../sys/proc";
import { ThreadStats } from "../sys/stats";
import { td_index } from "../sys/thread";

/** Statistics of a thread. */
export function thread_stats(td: Thread): ThreadStats {
  return changetype<ThreadStats>(machine().stats_base + <usize>td_index(td) * stats_stride());
}

/** Bytes of one thread's statistics with its histogram. */
export function stats_stride(): usize {
  return offsetof<ThreadStats>() + <usize>STATS_BUCKETS * sizeof<u32>();
}

/** The thread is new or has moved to another CPU, which is to be recorded when it runs next. */
export function stats_due(td: Thread): void {
  if (machine().stats != 0) td.td_body |= TDB_STATS;
}

/** The running thread of a CPU made `td` runnable: for the trace and the figures, if there are any of these. */
export function note_wakeup(m: Machine, gd: GlobalData, td: Thread): void {
  ktr(KTR_SCHED, Ktr.WAKEUP, changetype<u32>(td), changetype<u32>(gd.gd_curthread));
  if (m.stats == 0) return;
  const s = thread_stats(td);
  s.ts_wakeups++;
  s.ts_runnable_at = gd.gd_cycles + 1;
  td.td_body |= TDB_STATS;
}

/** The thread got the CPU: if it had been woken, record how long that took. */
export function stats_running(gd: GlobalData, td: Thread): void {
  td.td_body &= ~TDB_STATS;
  const s = thread_stats(td);
  const here = gd.gd_cpuid + 1;
  if (s.ts_last_cpu != here) {
    if (s.ts_last_cpu != 0) s.ts_migrations++;
    s.ts_last_cpu = here;
  }
  const at = s.ts_runnable_at;
  if (at == 0) return;
  s.ts_runnable_at = 0;
  // The clock of the CPU that woke it may be ahead of ours by up to a quantum.
  const latency = gd.gd_cycles + 1 > at ? gd.gd_cycles + 1 - at : 0;
  s.ts_latency_count++;
  s.ts_latency_sum += latency;
  if (latency > s.ts_latency_max) s.ts_latency_max = latency;
  const bucket =
    changetype<usize>(s) + offsetof<ThreadStats>() + <usize>stats_bucket(latency) * sizeof<u32>();
  store<u32>(bucket, load<u32>(bucket) + 1);
}

/** Four buckets per octave: 0 to 3 exactly, then by the three highest bits. */
export function stats_bucket(value: u64): u32 {
  if (value < 4) return <u32>value;
  const octave: u32 = 63 - <u32>clz<u64>(value);
  const bucket: u32 = ((octave - 1) << 2) + (<u32>(value >> (octave - 2)) & 3);
  return min<u32>(bucket, STATS_BUCKETS - 1);
}

/**
 * A round to `end` begins: adds the time of idle CPUs, as many as there are threads waiting for one, whether
 * or not these may run there. The swapper, which needs a CPU only once before it sleeps for ever, does not
 * count.
 */
export function stats_round(m: Machine, end: u64): void {
  let idle: i32 = 0;
  let waiting: i32 = m.sched == Sched.BSD4 && m.ncpus != 1 ? <i32>prioq_count(0) : 0;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    const gd = globaldata(cpu);
    const td = gd.gd_curthread;
    if (td == gd.gd_idletd) idle++;
    waiting += gd.gd_nrunnable;
    if ((td.td_lwflags & TDL_RUNQ) != 0) waiting--; // under lwkt it is on the queue while it runs
  }
  if (m.thread0.td_state == <u8>TDS.RUNQ) waiting--;
  const wasted = min<i32>(idle, waiting);
  if (wasted > 0) m.stats_wasted += <u64>wasted * (end - m.now);
}
