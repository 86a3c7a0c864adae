// The kernel with a few more exports, for benchmarks of kernel functions: loops that call them as the
// kernel itself does, without the machine around them. Compiled by bench/ours/kernel.ts.
export * from "../../../assembly/index";

import { tdfind, tid_alloc, tid_free } from "../../../assembly/kern/kern_tid";
import {
  callout_arm_thread,
  callout_cancel_thread,
  softclock,
} from "../../../assembly/kern/kern_timeout";
import { mycpu } from "../../../assembly/sys/globaldata";
import { machine } from "../../../assembly/sys/machine";
import { Thread } from "../../../assembly/sys/proc";
import { is_td } from "../../../assembly/sys/thread";

/** Allocates `n` thread ids and keeps them. */
export function bench_tid_take(n: u32): void {
  for (let i: u32 = 0; i < n; i++) tid_alloc();
}

/** Gives one id back. */
export function bench_tid_free(tid: i32): void {
  tid_free(tid);
}

/** Allocates an id and frees it again, `ops` times; returns the sum of the ids. */
export function bench_tid(ops: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < ops; i++) {
    const tid = tid_alloc();
    sum += tid;
    tid_free(tid);
  }
  return sum;
}

/**
 * Finds threads by the ids in an array of a power of two of words, from word `at` on, and adds up their
 * addresses; 0xffffffff when there is none.
 */
export function bench_tdfind(ids: usize, mask: u32, at: u32, ops: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < ops; i++) {
    const td = tdfind(load<i32>(ids + ((<usize>((at + i) & mask)) << 2)), -1);
    if (!is_td(td)) return u32.MAX_VALUE;
    sum += changetype<u32>(td);
  }
  return sum;
}

/** Arms the sleep timeouts of the threads whose addresses are in an array, for the ticks in another. */
export function bench_callout_arm(threads: usize, ticks: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const td = changetype<Thread>(load<usize>(threads + ((<usize>i) << 2)));
    callout_arm_thread(td, load<i32>(ticks + ((<usize>i) << 2)));
  }
}

/** Cancels them. */
export function bench_callout_cancel(threads: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    callout_cancel_thread(changetype<Thread>(load<usize>(threads + ((<usize>i) << 2))));
  }
}

/** Lets `n` ticks pass, and everything fire that is due by then; returns what is still armed. */
export function bench_ticks(n: u32): u32 {
  const m = machine();
  for (let i: u32 = 0; i < n; i++) {
    m.ticks64++;
    softclock(mycpu(), m.ticks64);
  }
  return m.timeouts;
}
