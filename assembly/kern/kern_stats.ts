// Wakeup latencies: from the moment a thread becomes runnable to the moment it runs. Kept only when
// Machine.stats is on, in an array of its own, so that machines without it pay one test per wakeup.
import { GlobalData, mycpu } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { STATS_BUCKETS } from "../sys/param";
import { Thread } from "../sys/proc";
import { ThreadStats } from "../sys/stats";
import { td_index } from "../sys/thread";

/** Statistics of a thread. */
export function thread_stats(td: Thread): ThreadStats {
  return changetype<ThreadStats>(machine().stats_base + <usize>td_index(td) * stats_stride());
}

/** Bytes of one thread's statistics with its histogram. */
export function stats_stride(): usize {
  return offsetof<ThreadStats>() + ((<usize>STATS_BUCKETS) << 2);
}

/** The thread became runnable now. */
export function stats_runnable(td: Thread): void {
  const s = thread_stats(td);
  s.ts_wakeups++;
  s.ts_runnable_at = mycpu().gd_cycles + 1;
}

/** The thread got the CPU: if it had been woken, record how long that took. */
export function stats_running(gd: GlobalData, td: Thread): void {
  const s = thread_stats(td);
  const at = s.ts_runnable_at;
  if (at == 0) return;
  s.ts_runnable_at = 0;
  // The clock of the CPU that woke it may be ahead of ours by up to a quantum.
  const latency = gd.gd_cycles + 1 > at ? gd.gd_cycles + 1 - at : 0;
  s.ts_latency_count++;
  s.ts_latency_sum += latency;
  if (latency > s.ts_latency_max) s.ts_latency_max = latency;
  const bucket =
    changetype<usize>(s) + offsetof<ThreadStats>() + ((<usize>stats_bucket(latency)) << 2);
  store<u32>(bucket, load<u32>(bucket) + 1);
}

/** Four buckets an octave: 0..3 exactly, then by the three highest bits. */
export function stats_bucket(value: u64): u32 {
  if (value < 4) return <u32>value;
  const octave: u32 = 63 - <u32>clz<u64>(value);
  const bucket: u32 = ((octave - 1) << 2) + (<u32>(value >> (octave - 2)) & 3);
  return min<u32>(bucket, STATS_BUCKETS - 1);
}
