// Callouts: what a CPU's callout wheel (kern/kern_timeout.ts) holds.
//
// The wheel's lists (sys/chunklist.ts) hold CalloutLinks. One is embedded in each thread's ThreadCold, for
// its sleep timeout; a kernel callout begins with one. The address of a link tells which of the two it is.
//
// Locking: a wheel belongs to its CPU; the link inside a thread follows the key of its fields in sys/proc.ts.
import { ChunkList, ChunkLists } from "./chunklist";
import { machine } from "./machine";
import {
  CACHE_LINE_MASK,
  WHEEL_LEVELS,
  WHEEL_SHIFT,
  WHEEL0_SLOTS,
  WHEEL1_SLOTS,
  WHEEL2_SLOTS,
} from "./param";
import { ThreadCold } from "./proc";

/** What the wheel needs of a callout. In a thread, these fields are td_c_time and td_c_slot. */
@unmanaged
export class CalloutLink {
  c_time: u64; //  tick at which it is due
  c_slot: usize; // address of its slot in the list
}

/** Functions that a kernel callout may run. */
export enum CalloutFn {
  NONE = 0,
  THREAD_REAP = 1, // kern_thread.c 724
}

/** A kernel callout: runs `c_fn(c_arg)`. */
@unmanaged
export class Callout extends CalloutLink {
  c_fn: u32; //    CalloutFn
  c_arg: u32;
  c_cpu: u32; //   the CPU whose wheel it is in
  c_armed: u32; // 1 = it is in the wheel
}

/** The link inside a thread's cold part. */
export function thread_callout(c: ThreadCold): CalloutLink {
  return changetype<CalloutLink>(changetype<usize>(c) + offsetof<ThreadCold>("td_c_time"));
}

/** The cold part around a link, or null if the link belongs to a kernel callout. */
export function callout_cold(link: CalloutLink): ThreadCold {
  const m = machine();
  const at = changetype<usize>(link);
  const start = m.td_base + m.cold_delta;
  if (at - start >= <usize>m.td_count * offsetof<ThreadCold>()) return changetype<ThreadCold>(0);
  return changetype<ThreadCold>(at - offsetof<ThreadCold>("td_c_time"));
}

if (offsetof<CalloutLink>("c_slot") != sizeof<u64>()) ERROR("a thread has c_time, then c_slot");
if (offsetof<ThreadCold>("td_c_time") % sizeof<u64>() != 0) ERROR("td_c_time is not aligned");
if (offsetof<ThreadCold>("td_c_slot") != offsetof<ThreadCold>("td_c_time") + sizeof<u64>()) {
  ERROR("td_c_time and td_c_slot are a CalloutLink");
}

/**
 * A CPU's wheel: this head, with a summary word per level; then 64 bitmap words per level (a bit is set while
 * its slot has a list); then the slots of all levels. Only its own CPU touches it.
 */
@unmanaged
export class CalloutWheel {
  cw_ticks: u64; //  current tick of the wheel: every callout in it is due later
  cw_exact: u32; //  1 = gd_next_callout is the earliest callout's tick, 0 = it may be too early
  cw_count: u32; //  callouts in the wheel
  cw_sum0: u64; //   bit n: bitmap word n of level 0 is not 0
  cw_sum1: u64; //   the same for level 1
  cw_sum2: u64; //   the same for level 2
  cw_deal_head: usize; // list being distributed to lower levels: head and tail
  cw_deal_tail: usize;
}

/** Bitmap words per level: a summary word has a bit for each. */
const WHEEL_WORDS: usize = 64;
/** Behind the head: the bitmaps, then the lists. */
export const WHEEL_BITS_OFFSET: usize =
  (offsetof<CalloutWheel>() + CACHE_LINE_MASK) & ~CACHE_LINE_MASK;
/** Bytes of one level's bitmap. */
export const WHEEL_BITS_SIZE: usize = WHEEL_WORDS * sizeof<u64>();
export const WHEEL_LISTS_OFFSET: usize = WHEEL_BITS_OFFSET + WHEEL_LEVELS * WHEEL_BITS_SIZE;
/** Lists of a wheel; level 0 comes first. */
export const WHEEL_SLOTS: u32 = WHEEL0_SLOTS + WHEEL1_SLOTS + WHEEL2_SLOTS;
/** Bytes of a wheel, in whole cache lines. */
export const WHEEL_SIZE: usize =
  (WHEEL_LISTS_OFFSET +
    offsetof<ChunkLists>() +
    WHEEL_SLOTS * offsetof<ChunkList>() +
    CACHE_LINE_MASK) &
  ~CACHE_LINE_MASK;

if (<usize>WHEEL0_SLOTS > WHEEL_WORDS * 64) ERROR("WHEEL0_SLOTS: more slots than bits");
if (<usize>WHEEL1_SLOTS > WHEEL_WORDS * 64) ERROR("WHEEL1_SLOTS: more slots than bits");
if (<usize>WHEEL2_SLOTS > WHEEL_WORDS * 64) ERROR("WHEEL2_SLOTS: more slots than bits");
if (<u64>WHEEL0_SLOTS != (<u64>1) << WHEEL_SHIFT) ERROR("a slot of level 1 is a turn of level 0");
if (WHEEL1_SLOTS != WHEEL0_SLOTS) ERROR("a slot of level 2 is a turn of level 1");
if (offsetof<CalloutWheel>("cw_sum2") != offsetof<CalloutWheel>("cw_sum0") + 2 * sizeof<u64>()) {
  ERROR("the summary words lie one behind the other");
}
if (
  offsetof<CalloutWheel>("cw_deal_tail") !=
  offsetof<CalloutWheel>("cw_deal_head") + sizeof<usize>()
) {
  ERROR("cw_deal_head and cw_deal_tail are a ChunkList");
}

/** The lists of a wheel. */
export function wheel_lists(w: CalloutWheel): ChunkLists {
  return changetype<ChunkLists>(changetype<usize>(w) + WHEEL_LISTS_OFFSET);
}

/** The list that is being distributed while the wheel enters a block. */
export function wheel_dealt(w: CalloutWheel): ChunkList {
  return changetype<ChunkList>(changetype<usize>(w) + offsetof<CalloutWheel>("cw_deal_head"));
}
