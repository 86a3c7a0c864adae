// Callouts: what a CPU's callout wheel (kern/kern_timeout.ts) holds.
//
// The lists of the wheel (sys/runq.ts) are of CalloutLinks, which a thread's sleep timeout has inside
// ThreadCold and a callout of the kernel at its start. Which of the two a link is follows from its
// address.
import { machine } from "./machine";
import { ThreadCold } from "./proc";

/** What the wheel knows of a callout. The fields of a thread are td_c_time and td_c_slot. */
@unmanaged
export class CalloutLink {
  c_time: u64; //  tick at which it is due
  c_slot: usize; // where it stands in its list
}

/** Functions that a callout of the kernel may run. */
export enum CalloutFn {
  NONE = 0,
  THREAD_REAP = 1, // kern_thread.c 724
}

/** A callout of the kernel: runs `c_fn(c_arg)`. */
@unmanaged
export class Callout extends CalloutLink {
  c_fn: u32; //    CalloutFn
  c_arg: u32;
  c_cpu: u32; //   whose wheel it is in
  c_armed: u32; // 1 = it is in the wheel
}

/** The link inside a thread's cold part. */
export function thread_callout(c: ThreadCold): CalloutLink {
  return changetype<CalloutLink>(changetype<usize>(c) + offsetof<ThreadCold>("td_c_time"));
}

/** The cold part around a link, or null if the link belongs to a callout of the kernel. */
export function callout_cold(link: CalloutLink): ThreadCold {
  const m = machine();
  const at = changetype<usize>(link);
  const start = m.td_base + m.cold_delta;
  if (at - start >= <usize>m.td_count * offsetof<ThreadCold>()) return changetype<ThreadCold>(0);
  return changetype<ThreadCold>(at - offsetof<ThreadCold>("td_c_time"));
}

// Slots of the three levels: ticks of the block of 4096 that the wheel stands in, such blocks of the
// 2^24 ticks that it stands in, and blocks of 2^24 ticks beyond. A timeout is below 2^31 ticks.
export const WHEEL0_SLOTS: u32 = 4096;
export const WHEEL1_SLOTS: u32 = 4096;
export const WHEEL2_SLOTS: u32 = 512;
export const WHEEL_SHIFT: u64 = 12;

/**
 * A CPU's wheel: this head, one summary word and 64 words of bits a level (a bit is set while its slot
 * has a list), then the slots of all levels.
 */
@unmanaged
export class CalloutWheel {
  cw_ticks: u64; //  where the wheel stands: every callout in it is due later
  cw_exact: u32; //  1 = gd_next_callout is the earliest callout's tick, 0 = it may be earlier than that
  cw_count: u32; //  callouts in the wheel
  cw_sum0: u64;
  cw_sum1: u64;
  cw_sum2: u64;
  cw_deal_head: usize; // the list that is being dealt out: head and tail
  cw_deal_tail: usize;
}

export const WHEEL_BITS_OFFSET: usize = 64;
export const WHEEL_SLOTS_OFFSET: usize = 64 + 3 * 512;
/** Lists of a wheel: head and tail of each. */
export const WHEEL_SLOTS: u32 = WHEEL0_SLOTS + WHEEL1_SLOTS + WHEEL2_SLOTS;
export const WHEEL_SIZE: usize = WHEEL_SLOTS_OFFSET + WHEEL_SLOTS * 8;
