// Lock profiling (LOCK_PROFILING(9)), an option: how long locks were waited for and held, and who waited for whom.
//
// A wait lasts from the call until the thread runs again with the lock. An exclusively owned lock is held
// from its acquisition or hand-over to its release; a shared one from the first sharer to the last. Times are
// taken from the clock of the CPU on which they end.

import { mycpu } from "../sys/globaldata";
import {
  LOCK_PROFILE_STRIDE,
  LockPair,
  LockTimes,
  lock_hold_times,
  lock_pair_at,
  lock_profile,
  lock_wait,
  lock_wait_times,
} from "../sys/lockprof";
import { machine } from "../sys/machine";
import { LOCK_PAIRS, LOCK_PAIRS_MAX } from "../sys/param";
import { Thread } from "../sys/proc";
import { SyncObject } from "../sys/sync";
import { cold } from "../sys/thread";
import { stats_bucket } from "./kern_stats";

/** The last place of the table of pairs: all bits of a place's number. */
const LAST_PAIR: u32 = LOCK_PAIRS - 1;

/** Adds the time since a moment; the clock of the CPU that recorded it may have been ahead of ours. */
function add_time(times: LockTimes, since: u64): u64 {
  const now = mycpu().gd_cycles + 1;
  const time = now > since ? now - since : 0;
  times.lt_count++;
  times.lt_sum += time;
  if (time > times.lt_max) times.lt_max = time;
  const bucket =
    changetype<usize>(times) + offsetof<LockTimes>() + <usize>stats_bucket(time) * sizeof<u32>();
  store<u32>(bucket, load<u32>(bucket) + 1);
  return time;
}

/** `td` has acquired the lock, which was free or is shared. */
export function lockprof_taken(o: SyncObject): void {
  const p = lock_profile(o);
  if (p.lp_since == 0) p.lp_since = mycpu().gd_cycles + 1;
}

/** A thread has released it: ends its hold time, unless others share it. */
export function lockprof_released(o: SyncObject): void {
  const p = lock_profile(o);
  if (p.lp_since == 0 || o.so_value != 0) return;
  add_time(lock_hold_times(p), p.lp_since);
  p.lp_since = 0;
}

/** `td` begins to wait for a lock. */
export function lockprof_blocked(o: SyncObject, td: Thread): void {
  const w = lock_wait(td);
  w.lw_since = mycpu().gd_cycles + 1;
  w.lw_owner = o.so_owner_tid;
}

/** `td` has waited, and runs with the lock. */
export function lockprof_awake(o: SyncObject, td: Thread): void {
  const w = lock_wait(td);
  if (w.lw_since == 0) return;
  const time = add_time(lock_wait_times(lock_profile(o)), w.lw_since);
  w.lw_since = 0;
  count_pair(o, cold(td).td_tid, w.lw_owner, time);
}

/** The place in the table at which the search for a pair begins. */
function pair_home(lock: u32, waiter: i32, owner: i32): u32 {
  const hash = (lock >> 7) ^ (<u32>waiter * 0x9e3779b1) ^ (<u32>owner * 0x85ebca6b);
  return (hash >> 3) & LAST_PAIR;
}

function count_pair(o: SyncObject, waiter: i32, owner: i32, time: u64): void {
  const lock = changetype<u32>(o);
  let at = pair_home(lock, waiter, owner);
  for (;;) {
    const pair = lock_pair_at(at);
    if (pair.pr_lock == lock && pair.pr_waiter == waiter && pair.pr_owner == owner) {
      pair.pr_count++;
      pair.pr_cycles += time;
      return;
    }
    if (pair.pr_lock == 0) {
      new_pair(pair, lock, waiter, owner, time);
      return;
    }
    at = (at + 1) & LAST_PAIR;
  }
}

function new_pair(pair: LockPair, lock: u32, waiter: i32, owner: i32, time: u64): void {
  const m = machine();
  if (m.lock_pairs == LOCK_PAIRS_MAX) return; // only the lock's totals contain it
  m.lock_pairs++;
  pair.pr_lock = lock;
  pair.pr_waiter = waiter;
  pair.pr_owner = owner;
  pair.pr_count = 1;
  pair.pr_cycles = time;
}

/** Frees an entry, and moves up each entry behind it whose search would now end there. */
function free_pair(free: u32): void {
  let hole = free;
  let at = free;
  for (;;) {
    at = (at + 1) & LAST_PAIR;
    const pair = lock_pair_at(at);
    if (pair.pr_lock == 0) break;
    const home = pair_home(pair.pr_lock, pair.pr_waiter, pair.pr_owner);
    if (((at - home) & LAST_PAIR) < ((at - hole) & LAST_PAIR)) continue;
    const to = changetype<usize>(lock_pair_at(hole));
    memory.copy(to, changetype<usize>(pair), offsetof<LockPair>());
    hole = at;
  }
  lock_pair_at(hole).pr_lock = 0;
  machine().lock_pairs--;
}

/** An object is freed: its cell's next user starts with an empty profile. */
export function lockprof_forget(o: SyncObject): void {
  memory.fill(changetype<usize>(lock_profile(o)), 0, LOCK_PROFILE_STRIDE);
  for (let at: u32 = 0; at < LOCK_PAIRS; at++) {
    while (lock_pair_at(at).pr_lock == changetype<u32>(o)) free_pair(at);
  }
}
