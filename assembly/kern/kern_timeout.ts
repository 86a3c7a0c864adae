// Callouts: a hierarchical wheel for each CPU, with constant-time arm, cancel and fire.
//
// A callout is placed by block, not by distance: level 0 has a slot for each tick of the current block of
// 4096, level 1 for each such block of the current 2^24 ticks, level 2 for each block of 2^24 ticks beyond.
// When the wheel enters a block, the block's list is distributed to the level below. Nothing can have been
// placed there before, so callouts of the same tick always run in the order in which they were armed.
//
// Rejected: the classic wheel of FreeBSD, which scans a slot for those of this revolution, and a heap,
// which costs log n and does not keep the order of arming.
//
// gd_next_callout is never later than the CPU's earliest callout. It is earlier only while level 0 is empty
// and the earliest callout was cancelled: finding the next one then means walking a list. That is put off
// until time has to jump there (callout_earliest), when the list is distributed anyway.
import { panic } from "../env";
import {
  Callout,
  CalloutFn,
  CalloutLink,
  CalloutWheel,
  callout_cold,
  thread_callout,
  WHEEL_BITS_OFFSET,
  WHEEL_BITS_SIZE,
  WHEEL_SIZE,
  WHEEL_SLOTS,
  wheel_dealt,
  wheel_lists,
} from "../sys/callout";
import {
  CHUNK_MASK,
  CHUNK_SIZE,
  CHUNK_SLOT0,
  ChunkList,
  list_append,
  list_at,
  list_first_slot,
  list_free,
  list_remove,
  list_walk,
  lists_init,
  SLOT_SIZE,
} from "../sys/chunklist";
import { GlobalData, globaldata, mycpu } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { machine } from "../sys/machine";
import { WHEEL_SHIFT, WHEEL0_SLOTS, WHEEL1_SLOTS, WHEEL2_SLOTS } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDC_ARMED, TDC_CPU_SHIFT, TDC_DEADLINE, Thread, ThreadCold } from "../sys/proc";
import { cold, cold_thread } from "../sys/thread";
import { chaos_timeout } from "./kern_chaos";
import { sleepq_timeout } from "./kern_synch";
import { taskqueue_run } from "./kern_taskqueue";
import { thread_reap_callout } from "./kern_thread";

const NEVER: u64 = u64.MAX_VALUE;

/** Bytes of the wheels of `ncpus` CPUs. */
export function callwheel_bytes(ncpus: u32): usize {
  return <usize>ncpus * WHEEL_SIZE;
}

/** Gives a CPU its wheel, set to the current tick. */
export function callwheel_init(gd: GlobalData): void {
  const m = machine();
  gd.gd_wheel = m.callwheel_base + <usize>gd.gd_cpuid * WHEEL_SIZE;
  gd.gd_softticks = m.ticks64;
  gd.gd_next_callout = NEVER;
  const w = wheel(gd);
  w.cw_ticks = m.ticks64;
  w.cw_exact = 1;
  lists_init(wheel_lists(w), WHEEL_SLOTS, SLOT_FIELD);
}

function wheel(gd: GlobalData): CalloutWheel {
  return changetype<CalloutWheel>(gd.gd_wheel);
}

// ---- Slots ----

/** The level of a callout due at tick `time`, at the wheel's current position. */
function level_of(w: CalloutWheel, time: u64): u32 {
  const differ = time ^ w.cw_ticks;
  if (differ < <u64>WHEEL0_SLOTS) return 0;
  return differ < (<u64>WHEEL0_SLOTS) << WHEEL_SHIFT ? 1 : 2;
}

/** Slot number of tick `time` in a level. */
function slot_of(level: u32, time: u64): u32 {
  const block = <u32>(time >> (WHEEL_SHIFT * <u64>level));
  return block & (level == 2 ? WHEEL2_SLOTS - 1 : WHEEL0_SLOTS - 1);
}

function slot_at(w: CalloutWheel, level: u32, slot: u32): ChunkList {
  const before = level == 0 ? 0 : level == 1 ? WHEEL0_SLOTS : WHEEL0_SLOTS + WHEEL1_SLOTS;
  return list_at(wheel_lists(w), before + slot);
}

function summary_at(w: CalloutWheel, level: u32): usize {
  return changetype<usize>(w) + offsetof<CalloutWheel>("cw_sum0") + <usize>level * sizeof<u64>();
}

function bits_at(w: CalloutWheel, level: u32, word: u32): usize {
  return (
    changetype<usize>(w) +
    WHEEL_BITS_OFFSET +
    <usize>level * WHEEL_BITS_SIZE +
    <usize>word * sizeof<u64>()
  );
}

function slot_mark(w: CalloutWheel, level: u32, slot: u32): void {
  const bits = bits_at(w, level, slot >> 6);
  store<u64>(bits, load<u64>(bits) | ((<u64>1) << (slot & 63)));
  const sum = summary_at(w, level);
  store<u64>(sum, load<u64>(sum) | ((<u64>1) << (slot >> 6)));
}

function slot_unmark(w: CalloutWheel, level: u32, slot: u32): void {
  const bits = bits_at(w, level, slot >> 6);
  const word = load<u64>(bits) & ~((<u64>1) << (slot & 63));
  store<u64>(bits, word);
  if (word != 0) return;
  const sum = summary_at(w, level);
  store<u64>(sum, load<u64>(sum) & ~((<u64>1) << (slot >> 6)));
}

/** The first slot of a level at or after `slot` that has a list, or -1. */
function slot_next(w: CalloutWheel, level: u32, slot: u32): i32 {
  const first = slot >> 6;
  if (first >= 64) return -1;
  const here = load<u64>(bits_at(w, level, first)) & (~(<u64>0) << (slot & 63));
  if (here != 0) return <i32>((first << 6) + <u32>ctz<u64>(here));
  if (first == 63) return -1;
  const sum = load<u64>(summary_at(w, level)) & (~(<u64>0) << (first + 1));
  if (sum == 0) return -1;
  const word = <u32>ctz<u64>(sum);
  return <i32>((word << 6) + <u32>ctz<u64>(load<u64>(bits_at(w, level, word))));
}

/** The first slot of level 2, a ring, that has a list and comes after the current one, or -1. */
function ring_next(w: CalloutWheel): i32 {
  const at = slot_of(2, w.cw_ticks);
  const later = slot_next(w, 2, at + 1);
  return later >= 0 ? later : slot_next(w, 2, 0);
}

/** Field in which a callout stores its slot's address. */
const SLOT_FIELD: usize = offsetof<CalloutLink>("c_slot");

function wheel_insert(w: CalloutWheel, link: CalloutLink): void {
  const level = level_of(w, link.c_time);
  const slot = slot_of(level, link.c_time);
  const list = slot_at(w, level, slot);
  if (list.head == 0) slot_mark(w, level, slot);
  list_append(list, changetype<usize>(link), SLOT_FIELD);
}

function wheel_remove(w: CalloutWheel, link: CalloutLink): void {
  const level = level_of(w, link.c_time);
  const slot = slot_of(level, link.c_time);
  const list = slot_at(w, level, slot);
  const head = list.head;
  const tail = list.tail;
  list_remove(list, link.c_slot);
  // The list can have become empty only if one of its ends has moved.
  if (list.head != head || list.tail != tail) slot_settle(w, level, slot);
}

/** If a list is empty, frees it and clears its bit. */
function slot_settle(w: CalloutWheel, level: u32, slot: u32): void {
  const list = slot_at(w, level, slot);
  if (list_first_slot(list) != 0) return;
  list_free(list);
  slot_unmark(w, level, slot);
}

/** The first callout of a list. */
function list_first(list: ChunkList): CalloutLink {
  return changetype<CalloutLink>(load<usize>(list_first_slot(list)));
}

// ---- Arm and cancel ----

/** Puts a link into the wheel of `gd`, due at tick `time`, or at the next one if that is past. */
function wheel_arm(gd: GlobalData, link: CalloutLink, time: u64): void {
  const w = wheel(gd);
  if (time <= w.cw_ticks) time = w.cw_ticks + 1;
  link.c_time = time;
  wheel_insert(w, link);
  w.cw_count++;
  if (time <= gd.gd_next_callout) {
    next_is(gd, time);
    w.cw_exact = 1;
  }
}

function wheel_cancel(gd: GlobalData, link: CalloutLink): void {
  const w = wheel(gd);
  wheel_remove(w, link);
  w.cw_count--;
  if (link.c_time == gd.gd_next_callout) callout_bound(gd);
}

/** Arms a thread's sleep timeout on this CPU, `timo` ticks from now. */
export function callout_arm_thread(td: Thread, timo: i32): void {
  const gd = mycpu();
  const c = cold(td);
  if (INVARIANTS) KASSERT((c.td_cflags & TDC_ARMED) == 0, "callout_arm_thread: armed");
  c.td_cflags |= TDC_ARMED | <u8>(gd.gd_cpuid << TDC_CPU_SHIFT);
  machine().timeouts++;
  wheel_arm(gd, thread_callout(c), machine().ticks64 + chaos_timeout(<u64>(timo > 0 ? timo : 1)));
}

/** Disarms a thread's sleep timeout, if it is armed. */
export function callout_cancel_thread(td: Thread): void {
  const c = cold(td);
  if ((c.td_cflags & TDC_ARMED) != 0) callout_cancel_armed(c);
}

function callout_cancel_armed(c: ThreadCold): void {
  wheel_cancel(globaldata(<u32>c.td_cflags >> TDC_CPU_SHIFT), thread_callout(c));
  callout_disarmed(c);
}

function callout_disarmed(c: ThreadCold): void {
  c.td_cflags &= TDC_DEADLINE; // and no CPU
  machine().timeouts--;
}

/** Arms a kernel callout on this CPU, `timo` ticks from now; if it is armed, it starts anew. */
export function callout_reset(callout: Callout, timo: u32, fn: CalloutFn, arg: u32): void {
  if (callout.c_armed != 0) wheel_cancel(globaldata(callout.c_cpu), callout);
  const gd = mycpu();
  callout.c_fn = fn;
  callout.c_arg = arg;
  callout.c_cpu = gd.gd_cpuid;
  callout.c_armed = 1;
  wheel_arm(gd, callout, machine().ticks64 + chaos_timeout(<u64>timo));
}

// ---- The earliest callout ----

/** Notes that the CPU's earliest callout is due at tick `time`, or later. */
function next_is(gd: GlobalData, time: u64): void {
  const m = machine();
  gd.gd_next_callout = time;
  if (time < m.callout_bound && !planted(Plant.CALLOUT_UNBOUND)) m.callout_bound = time;
}

/**
 * Sets gd_next_callout from the bitmaps alone: exactly if level 0 has a callout, else to the start of a block.
 */
function callout_bound(gd: GlobalData): void {
  const w = wheel(gd);
  w.cw_exact = 0;
  const now = w.cw_ticks;
  const slot0 = slot_next(w, 0, slot_of(0, now));
  if (slot0 >= 0) {
    next_is(gd, (now & ~(<u64>(WHEEL0_SLOTS - 1))) + <u64>slot0);
    w.cw_exact = 1;
    return;
  }
  const list = first_block(w);
  if (list === null) w.cw_exact = 1;
  next_is(gd, list === null ? NEVER : block_start(w, list_first(list).c_time));
}

/** The list of the earliest block beyond level 0, or null. */
function first_block(w: CalloutWheel): ChunkList | null {
  const slot1 = slot_next(w, 1, slot_of(1, w.cw_ticks));
  if (slot1 >= 0) return slot_at(w, 1, slot1);
  const slot2 = ring_next(w);
  return slot2 >= 0 ? slot_at(w, 2, slot2) : null;
}

/** First tick of the block of `time`, which is beyond level 0. */
function block_start(w: CalloutWheel, time: u64): u64 {
  return time & ~(((<u64>1) << (WHEEL_SHIFT * <u64>level_of(w, time))) - 1);
}

/** Exact tick of this CPU's earliest callout, or ~0. */
function callout_next(gd: GlobalData): u64 {
  const w = wheel(gd);
  if (w.cw_exact != 0) return gd.gd_next_callout;
  let next = NEVER;
  const list = first_block(w);
  if (list !== null) {
    for (let at = list_walk(list, list.head); at != 0; at = list_walk(list, at + SLOT_SIZE)) {
      const time = changetype<CalloutLink>(load<usize>(at)).c_time;
      if (time < next) next = time;
    }
  }
  gd.gd_next_callout = next;
  w.cw_exact = 1;
  return next;
}

/** Exact tick of the earliest callout of all CPUs, or ~0: where idle time jumps to. */
export function callout_earliest(): u64 {
  const ncpus = machine().ncpus;
  let earliest = NEVER;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) {
    const gd = globaldata(cpu);
    if (gd.gd_next_callout >= earliest) continue;
    const next = callout_next(gd);
    if (next < earliest) earliest = next;
  }
  return earliest;
}

// ---- Time passes ----

/** Moves the wheel to `time`, before which nothing is due, and distributes the blocks that it enters. */
function wheel_advance(w: CalloutWheel, time: u64): void {
  const level = level_of(w, time);
  w.cw_ticks = time;
  if (level == 2) wheel_deal(w, 2, time);
  if (level != 0) wheel_deal(w, 1, time);
}

/** Distributes the list of the block of `level` that the wheel has entered to the levels below. */
function wheel_deal(w: CalloutWheel, level: u32, time: u64): void {
  const slot = slot_of(level, time);
  const list = slot_at(w, level, slot);
  if (list.head == 0) return;
  // Take it off the wheel first: appending to the other lists may have to compact all lists.
  const dealt = wheel_dealt(w);
  dealt.head = list.head;
  dealt.tail = list.tail;
  list.head = 0;
  list.tail = 0;
  slot_unmark(w, level, slot);
  for (let at = list_next(dealt); at != 0; at = list_next(dealt)) {
    wheel_insert(w, changetype<CalloutLink>(load<usize>(at)));
  }
  list_free(dealt);
}

/** Takes the first callout off a list: its slot's address, or 0. Entering a chunk prefetches all its callouts. */
function list_next(list: ChunkList): usize {
  const at = list_first_slot(list);
  if (at == 0) return 0;
  list.head = at + SLOT_SIZE;
  if ((at & CHUNK_MASK) == CHUNK_SLOT0) callouts_touch(at, list.tail);
  return at;
}

/**
 * Loads a word of each cache line that holds a callout of the chunk, and of the hot lines of those threads
 * that are asleep, so that the misses overlap.
 */
function callouts_touch(first: usize, tail: usize): void {
  const end = first + CHUNK_SIZE - CHUNK_SLOT0;
  const stop = tail > first && tail < end ? tail : end;
  let sum: u32 = 0;
  for (let at = first; at != stop; at += SLOT_SIZE) sum += load<u32>(load<usize>(at));
  for (let at = first; at != stop; at += SLOT_SIZE) {
    const c = callout_cold(changetype<CalloutLink>(load<usize>(at)));
    if (changetype<usize>(c) == 0 || (c.td_cflags & TDC_DEADLINE) == 0) continue;
    sum += load<u32>(changetype<usize>(cold_thread(c)));
  }
  mycpu().gd_touched = sum;
}

/**
 * Runs every callout of a CPU that is due by `ticks64`, in order of time and then of arming, and then the
 * pending tasks. The current thread is whatever runs on that CPU.
 */
export function softclock(gd: GlobalData, ticks64: u64): void {
  const w = wheel(gd);
  for (;;) {
    const next = gd.gd_next_callout; // or the start of a block to distribute
    if (next > ticks64) break;
    wheel_advance(w, next);
    wheel_expire(gd, w, next);
    callout_bound(gd);
  }
  if (ticks64 > w.cw_ticks) wheel_advance(w, ticks64);
  gd.gd_softticks = ticks64;
  taskqueue_run();
}

/** Runs the callouts of tick `time`, the wheel's current position. */
function wheel_expire(gd: GlobalData, w: CalloutWheel, time: u64): void {
  const slot = slot_of(0, time);
  const list = slot_at(w, 0, slot);
  for (let at = list_next(list); at != 0; at = list_next(list)) {
    w.cw_count--;
    callout_fire(changetype<CalloutLink>(load<usize>(at)));
  }
  slot_settle(w, 0, slot);
}

function callout_fire(link: CalloutLink): void {
  const c = callout_cold(link);
  if (changetype<usize>(c) != 0) {
    callout_disarmed(c);
    sleepq_timeout(cold_thread(c));
    return;
  }
  const callout = changetype<Callout>(link);
  callout.c_armed = 0;
  switch (callout.c_fn) {
    case CalloutFn.THREAD_REAP:
      thread_reap_callout();
      break;
    default:
      panic("softclock: callout %p has no function", changetype<usize>(callout));
  }
}
