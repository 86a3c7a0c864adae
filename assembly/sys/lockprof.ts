// What lock profiling counts (kern/kern_lockprof.ts). None of it exists in a machine without the option.
//
// Locking: as the locks it is about; the host reads it between slices.
import { KOBJ_SIZE } from "./kobj";
import { machine } from "./machine";
import { LOCK_PAIRS, STATS_BUCKETS } from "./param";
import { Thread } from "./proc";
import { SyncObject } from "./sync";
import { td_index } from "./thread";

/** Times in cycles, of which there are so many; followed by STATS_BUCKETS counts of 32 bits. */
@unmanaged
export class LockTimes {
  lt_sum: u64;
  lt_max: u64;
  lt_count: u64;
}

/** Bytes of times with their histogram. */
export const LOCK_TIMES_STRIDE: usize =
  offsetof<LockTimes>() + <usize>STATS_BUCKETS * sizeof<u32>();

/** What belongs to a lock: followed by the times that threads waited for it, and those that it was held. */
@unmanaged
export class LockProfile {
  lp_since: u64; // 1 + cycles at which it was taken, or began to be shared; 0 = it is free
}

/** Bytes of a lock's profile. */
export const LOCK_PROFILE_STRIDE: usize = offsetof<LockProfile>() + 2 * LOCK_TIMES_STRIDE;

/** A thread that waits for a lock. */
@unmanaged
export class LockWait {
  lw_since: u64; // 1 + cycles at which it began, 0 = it waits for none
  lw_owner: i32; // id of who had the lock then, 0 = it was shared
}

/** Bytes of it, so that the next one is aligned, too. */
const LOCK_WAIT_STRIDE: usize = (offsetof<LockWait>() + sizeof<u64>() - 1) & ~(sizeof<u64>() - 1);

/** Who waited for whom: an entry of a hash with open addressing. */
@unmanaged
export class LockPair {
  pr_lock: u32; //   the lock's address, 0 = nothing is here, 1 = what was here is forgotten
  pr_waiter: i32; // thread ids
  pr_owner: i32;
  pr_count: u32;
  pr_cycles: u64;
}

/** Bytes of all this for `n` thread structures. */
export function lockprof_bytes(n: u64): u64 {
  const locks = <u64>machine().kobj_count * LOCK_PROFILE_STRIDE;
  return locks + LOCK_PAIRS * offsetof<LockPair>() + n * LOCK_WAIT_STRIDE;
}

export function lock_profile(o: SyncObject): LockProfile {
  const m = machine();
  const index = (changetype<usize>(o) - m.kobj_base) / KOBJ_SIZE;
  return changetype<LockProfile>(m.lockprof_base + index * LOCK_PROFILE_STRIDE);
}

/** The times that threads have waited for a lock. */
export function lock_wait_times(p: LockProfile): LockTimes {
  return changetype<LockTimes>(changetype<usize>(p) + offsetof<LockProfile>());
}

/** The times that it was held. */
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
