// Wakeup statistics of a thread, see kern/kern_stats.ts.

/** STATS_BUCKETS 32-bit counts follow. The thread's CPU writes it; the host reads it between slices. */
@unmanaged
export class ThreadStats {
  ts_runnable_at: u64; //   1 + cycles at which it became runnable, 0 = it is running or asleep
  ts_latency_sum: u64; //   cycles
  ts_latency_max: u64;
  ts_wakeups: u32;
  ts_latency_count: u32;
  ts_last_cpu: u32; //      1 + the CPU that it last ran on, 0 = none
  ts_migrations: u32; //    how often it ran on a CPU other than its last one
}
