// Run queues of the time-sharing schedulers: an array of levels, the best first, each first in first out.
// There is a bit for each level that may have threads, and a bit for each word of such bits. A stale bit is
// cleared by the next search for a thread.
//
// Levels are finer than FreeBSD's 256 priorities, so that the 99 real-time priorities of POSIX are distinct:
//
//   0..15    interrupt threads, priorities 0 to 15
//   16       deadlines, priority 16
//   17..115  real-time, 99 to 1; the priorities 17 to 47 lie among them
//   116..    priorities 48 to 255
//
// A thread that borrows a priority has only that: its level is at least as good as the lender's. One that
// borrows from a thread with a deadline is at the deadlines' level, where it has that deadline, too.
//
// Locking: under sched_lock, free like all locks of the original. A CPU adds threads to its own queues only;
// what it may take from others' queues, and when, is up to the schedulers (kern/sched_place.ts).
import {
  ChunkList,
  ChunkLists,
  list_at,
  list_first_slot,
  list_next_slot,
  lists_bytes,
} from "./chunklist";
import { KASSERT } from "./kassert";
import { machine, Sched } from "./machine";
import { PRI_MIN_KERN, PRI_MIN_REALTIME, RQ_LEVELS } from "./param";
import { Thread } from "./proc";
import {
  runq_append,
  runq_earliest,
  runq_init,
  runq_prepend,
  runq_remove,
  runq_take,
} from "./runq";
import { RT_PRIO_MAX, td_sched } from "./sched";
import { is_td, no_td } from "./thread";

/** Head of a queue beside its levels; WORDS words follow, with a bit for each level that may have threads. */
@unmanaged
class PrioqHead {
  pq_words: u64; // a bit for each of these words
  pq_count: u32; // threads
  pq_pad: u32; //   aligns the words
}

const WORDS: u32 = (RQ_LEVELS + 63) / 64;
const BITS_OFFSET: usize = offsetof<PrioqHead>();
const QUEUE_BYTES: usize = BITS_OFFSET + <usize>WORDS * sizeof<u64>();

if (BITS_OFFSET % sizeof<u64>() != 0) ERROR("the bits of a queue are aligned");
if (WORDS > 64) ERROR("pq_words: more words than bits");

/** The level of threads with deadlines, and of those that borrow from them. */
export const LEVEL_DEADLINE: u32 = 16;
/** The level of the best real-time priority, and the first level behind the real-time ones. */
const LEVEL_RT: u32 = 17;
const LEVEL_KERN: u32 = 116;

if (LEVEL_DEADLINE != <u32>PRI_MIN_REALTIME) ERROR("the priority of deadlines is their level");

/** No level: the queue is empty. */
export const NO_LEVEL: u32 = 0xffff;

/** Bytes of `queues` queues. */
export function prioq_bytes(queues: u32): usize {
  return lists_bytes(queues * RQ_LEVELS) + <usize>queues * QUEUE_BYTES;
}

/** Registers the arrays of queues, which must be empty. */
export function prioq_init(queues: u32): void {
  runq_init(levels(), queues * RQ_LEVELS);
}

function levels(): ChunkLists {
  return changetype<ChunkLists>(machine().sched_base);
}

function level_at(queue: u32, level: u32): ChunkList {
  return list_at(levels(), queue * RQ_LEVELS + level);
}

function head_of(queue: u32): PrioqHead {
  const m = machine();
  const heads = m.sched_base + lists_bytes(m.sched_queues * RQ_LEVELS);
  return changetype<PrioqHead>(heads + <usize>queue * QUEUE_BYTES);
}

/** Address of word `i` of a queue's bits, less BITS_OFFSET. */
function word_of(head: PrioqHead, i: u32): usize {
  return changetype<usize>(head) + <usize>i * sizeof<u64>();
}

/**
 * The best FreeBSD priority of a real-time policy: behind that of threads with deadlines, which under lwkt
 * have a level of LWKT to themselves.
 */
export function rt_best(): u32 {
  return <u32>PRI_MIN_REALTIME + (machine().sched == Sched.LWKT ? 8 : 1);
}

/** The level of real-time priority `rt`, 1 to 99, or, if that is 0, of a FreeBSD priority. */
export function prio_level(rt: u32, priority: u32): u32 {
  if (rt != 0) return LEVEL_KERN - rt;
  if (priority >= <u32>PRI_MIN_KERN) return LEVEL_KERN + priority - <u32>PRI_MIN_KERN;
  if (priority <= LEVEL_DEADLINE) return priority;
  const best = rt_best();
  return LEVEL_RT + ((max(priority, best) - best) * RT_PRIO_MAX) / (<u32>PRI_MIN_KERN - best);
}

/** The list of one level of a queue. */
export function prioq_level(queue: u32, level: u32): ChunkList {
  return level_at(queue, level);
}

/** Threads on a queue. */
export function prioq_count(queue: u32): u32 {
  return head_of(queue).pq_count;
}

/** Puts a thread on a queue, at the tail of a level or at its head. */
export function prioq_add(queue: u32, level: u32, td: Thread, head: bool): void {
  const list = level_at(queue, level);
  if (head) runq_prepend(list, td);
  else runq_append(list, td);
  const ts = td_sched(td);
  ts.ts_level = <u16>level;
  ts.ts_queue = <u8>(queue + 1);
  const q = head_of(queue);
  const word = word_of(q, level >> 6);
  store<u64>(word, load<u64>(word, BITS_OFFSET) | ((<u64>1) << (level & 63)), BITS_OFFSET);
  q.pq_words |= (<u64>1) << (level >> 6);
  q.pq_count++;
}

/** Takes a thread off the queue that it is on. */
export function prioq_remove(td: Thread): void {
  const ts = td_sched(td);
  if (INVARIANTS) KASSERT(ts.ts_queue != 0 && td.td_slot != 0, "prioq_remove: thread on no queue");
  const queue: u32 = <u32>ts.ts_queue - 1;
  ts.ts_queue = 0;
  runq_remove(level_at(queue, ts.ts_level), td);
  head_of(queue).pq_count--;
}

/** The first level of a queue that has a thread, NO_LEVEL if none has. */
export function prioq_first(queue: u32): u32 {
  const q = head_of(queue);
  let words = q.pq_words;
  while (words != 0) {
    const i = <u32>ctz<u64>(words);
    const level = first_of_word(queue, i, u64.MAX_VALUE);
    if (level != NO_LEVEL) return level;
    words &= words - 1;
    if (load<u64>(word_of(q, i), BITS_OFFSET) == 0) q.pq_words &= ~((<u64>1) << i);
  }
  return NO_LEVEL;
}

/** The first level in [from, end) that has a thread, NO_LEVEL if none has. */
export function prioq_first_from(queue: u32, from: u32, end: u32): u32 {
  let mask = ~(<u64>0) << (from & 63);
  for (let i = from >> 6; i <= (end - 1) >> 6; i++) {
    const level = first_of_word(queue, i, mask);
    if (level != NO_LEVEL) return level < end ? level : NO_LEVEL;
    mask = u64.MAX_VALUE;
  }
  return NO_LEVEL;
}

/** True if a level has no thread. */
export function prioq_empty(queue: u32, level: u32): bool {
  return !has_thread(level_at(queue, level));
}

/**
 * The thread behind `td` in its queue, in the order of levels from `from` on, wrapping; without `td` the
 * first; null at the end.
 */
export function prioq_next(queue: u32, from: u32, td: Thread): Thread {
  if (!is_td(td)) return first_or(queue, from, RQ_LEVELS, from);
  const level: u32 = td_sched(td).ts_level;
  const slot = list_next_slot(level_at(queue, level), td.td_slot);
  if (slot != 0) return changetype<Thread>(load<usize>(slot));
  if (level < from) return first_or(queue, level + 1, from, 0);
  return first_or(queue, level + 1, RQ_LEVELS, from);
}

/** The first thread of the levels in [from, end), or else of those below `rest`. */
function first_or(queue: u32, from: u32, end: u32, rest: u32): Thread {
  let level = from < end ? prioq_first_from(queue, from, end) : NO_LEVEL;
  if (level == NO_LEVEL && rest != 0) level = prioq_first_from(queue, 0, rest);
  return level == NO_LEVEL ? no_td() : prioq_peek(queue, level);
}

/** The first level of bit word `i` that has a thread; clears stale bits on the way. */
function first_of_word(queue: u32, i: u32, mask: u64): u32 {
  const word = word_of(head_of(queue), i);
  let bits = load<u64>(word, BITS_OFFSET) & mask;
  while (bits != 0) {
    const level = (i << 6) + <u32>ctz<u64>(bits);
    if (has_thread(level_at(queue, level))) return level;
    store<u64>(word, load<u64>(word, BITS_OFFSET) & ~((<u64>1) << (level & 63)), BITS_OFFSET);
    bits &= bits - 1;
  }
  return NO_LEVEL;
}

function has_thread(list: ChunkList): bool {
  return list_first_slot(list) != 0;
}

/** The first thread of a level that is not empty. */
export function prioq_peek(queue: u32, level: u32): Thread {
  return changetype<Thread>(load<usize>(list_first_slot(level_at(queue, level))));
}

/**
 * The thread that comes next of a level that is not empty: the first one or, at the deadlines' level, the one
 * with the earliest deadline. That is a linear scan: few threads have deadlines, since a CPU admits only so
 * many.
 */
export function prioq_best(queue: u32, level: u32): Thread {
  return level == LEVEL_DEADLINE ? runq_earliest(level_at(queue, level)) : prioq_peek(queue, level);
}

/** Takes the thread that comes next of a level that is not empty (prioq_best). */
export function prioq_take(queue: u32, level: u32): Thread {
  if (level == LEVEL_DEADLINE) return take_earliest(queue);
  const td = changetype<Thread>(runq_take(level_at(queue, level)));
  td_sched(td).ts_queue = 0;
  head_of(queue).pq_count--;
  return td;
}

function take_earliest(queue: u32): Thread {
  const td = prioq_best(queue, LEVEL_DEADLINE);
  prioq_remove(td);
  return td;
}
