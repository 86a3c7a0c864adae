// Wakeup statistics of a thread, see kern/kern_stats.ts.

/** Followed by STATS_BUCKETS counts of 32 bits. Its thread's CPU writes it; the host reads it between slices. */
@unmanaged
export class ThreadStats {
  ts_runnable_at: u64; //   1 + cycles at which it became runnable, 0 = it runs or sleeps
  ts_latency_sum: u64; //   cycles
  ts_latency_max: u64;
  ts_wakeups: u32;
  ts_latency_count: u32;
  ts_last_cpu: u32; //      1 + the CPU that it ran on last, 0 = none
  ts_migrations: u32; //    how often it came to another one
}
