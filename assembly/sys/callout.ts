// Callouts: what a CPU's callout wheel (kern/kern_timeout.ts) holds.
//
// The lists of the wheel (sys/chunklist.ts) are of CalloutLinks, which a thread's sleep timeout has inside
// ThreadCold and a callout of the kernel at its start. Which of the two a link is follows from its
// address.
//
// Locking: a wheel is its CPU's; the link inside a thread follows the key of its fields in sys/proc.ts.
import { ChunkList, ChunkLists } from "./chunklist";
import { machine } from "./machine";
import { WHEEL_LEVELS, WHEEL_SHIFT, WHEEL0_SLOTS, WHEEL1_SLOTS, WHEEL2_SLOTS } from "./param";
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

if (offsetof<CalloutLink>("c_slot") != sizeof<u64>()) ERROR("a thread has c_time, then c_slot");
if (offsetof<ThreadCold>("td_c_time") % sizeof<u64>() != 0) ERROR("td_c_time is not aligned");
if (offsetof<ThreadCold>("td_c_slot") != offsetof<ThreadCold>("td_c_time") + sizeof<u64>()) {
  ERROR("td_c_time and td_c_slot are a CalloutLink");
}

/**
 * A CPU's wheel: this head, which has a summary word per level; then per level 64 words of bits (a bit is
 * set while its slot has a list), and the slots of all levels. Its own CPU's alone.
 */
@unmanaged
export class CalloutWheel {
  cw_ticks: u64; //  where the wheel stands: every callout in it is due later
  cw_exact: u32; //  1 = gd_next_callout is the earliest callout's tick, 0 = it may be earlier than that
  cw_count: u32; //  callouts in the wheel
  cw_sum0: u64; //   bit n: word n of the bits of level 0 is not 0
  cw_sum1: u64; //   the same for level 1
  cw_sum2: u64; //   and level 2
  cw_deal_head: usize; // the list that is being dealt out: head and tail
  cw_deal_tail: usize;
}

/** Words of bits per level: a summary word has a bit for each. */
const WHEEL_WORDS: usize = 64;
/** Behind the head: the bits, then the lists. */
export const WHEEL_BITS_OFFSET: usize = (offsetof<CalloutWheel>() + 63) & ~63;
/** Bytes of the bits of a level. */
export const WHEEL_BITS_SIZE: usize = WHEEL_WORDS * sizeof<u64>();
export const WHEEL_LISTS_OFFSET: usize = WHEEL_BITS_OFFSET + WHEEL_LEVELS * WHEEL_BITS_SIZE;
/** Lists of a wheel, those of level 0 first. */
export const WHEEL_SLOTS: u32 = WHEEL0_SLOTS + WHEEL1_SLOTS + WHEEL2_SLOTS;
/** Bytes of a wheel, in whole cache lines. */
export const WHEEL_SIZE: usize =
  (WHEEL_LISTS_OFFSET + offsetof<ChunkLists>() + WHEEL_SLOTS * offsetof<ChunkList>() + 63) & ~63;

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

/** The list that is being dealt out, while the wheel enters a block. */
export function wheel_dealt(w: CalloutWheel): ChunkList {
  return changetype<ChunkList>(changetype<usize>(w) + offsetof<CalloutWheel>("cw_deal_head"));
}
