// What lock profiling counts (kern/kern_lockprof.ts). Allocated only on machines with that option.
//
// Locking: as the locks that are profiled; the host reads it between slices.
import { KOBJ_SIZE } from "./kobj";
import { machine } from "./machine";
import { LOCK_PAIRS, STATS_BUCKETS } from "./param";
import { Thread } from "./proc";
import { SyncObject } from "./sync";
import { td_index } from "./thread";

/** A number of measured times in cycles; STATS_BUCKETS 32-bit counts follow. */
@unmanaged
export class LockTimes {
  lt_sum: u64;
  lt_max: u64;
  lt_count: u64;
}

/** Bytes of a LockTimes with its histogram. */
export const LOCK_TIMES_STRIDE: usize =
  offsetof<LockTimes>() + <usize>STATS_BUCKETS * sizeof<u32>();

/** A lock's profile; two LockTimes follow: how long threads waited for it, and how long it was held. */
@unmanaged
export class LockProfile {
  lp_since: u64; // 1 + cycles at which it was acquired, or first shared; 0 = it is free
}

/** Bytes of a lock's profile. */
export const LOCK_PROFILE_STRIDE: usize = offsetof<LockProfile>() + 2 * LOCK_TIMES_STRIDE;

/** A thread that waits for a lock. */
@unmanaged
export class LockWait {
  lw_since: u64; // 1 + cycles at which it began to wait, 0 = it is not waiting
  lw_owner: i32; // id of the lock's owner at that time, 0 = it was shared
}

/** Bytes of a LockWait, rounded up so that the next one is aligned, too. */
const LOCK_WAIT_STRIDE: usize = (offsetof<LockWait>() + sizeof<u64>() - 1) & ~(sizeof<u64>() - 1);

/** Who waited for whom: an entry of a hash table with open addressing. */
@unmanaged
export class LockPair {
  pr_lock: u32; //   the lock's address, 0 = free entry
  pr_waiter: i32; // thread ids
  pr_owner: i32;
  pr_count: u32;
  pr_cycles: u64;
}

/** Bytes of the arena for `n` thread structures. */
export function lockprof_bytes(n: u64): u64 {
  const locks = <u64>machine().kobj_count * LOCK_PROFILE_STRIDE;
  return locks + LOCK_PAIRS * offsetof<LockPair>() + n * LOCK_WAIT_STRIDE;
}

export function lock_profile(o: SyncObject): LockProfile {
  const m = machine();
  const index = (changetype<usize>(o) - m.kobj_base) / KOBJ_SIZE;
  return changetype<LockProfile>(m.lockprof_base + index * LOCK_PROFILE_STRIDE);
}

/** How long threads have waited for a lock. */
export function lock_wait_times(p: LockProfile): LockTimes {
  return changetype<LockTimes>(changetype<usize>(p) + offsetof<LockProfile>());
}

/** How long a lock was held. */
export function lock_hold_times(p: LockProfile): LockTimes {
  return changetype<LockTimes>(changetype<usize>(lock_wait_times(p)) + LOCK_TIMES_STRIDE);
}

export function lock_pair_at(index: u32): LockPair {
  const m = machine();
  const at = m.lockprof_base + <usize>m.kobj_count * LOCK_PROFILE_STRIDE;
  return changetype<LockPair>(at + <usize>index * offsetof<LockPair>());
}

export function lock_wait(td: Thread): LockWait {
  const at = changetype<usize>(lock_pair_at(LOCK_PAIRS));
  return changetype<LockWait>(at + <usize>td_index(td) * LOCK_WAIT_STRIDE);
}
