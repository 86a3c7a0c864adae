// The chunked list: first in, first out, with removal from the middle. Run queues are lists of threads
// (runq_*), the slots of callout wheels lists of callouts (kern/kern_timeout.ts).
//
// A level is two slot addresses, head and tail. Slots lie in chunks of 256 aligned bytes from a pool:
//
//   0        4              8                                        256
//  | next   | prev  | dead | slot | slot | ... 62 slots ...  | slot |
//
// `dead` is the low byte of the second word: how many slots of the chunk are tombstones (0). A slot
// address that is a multiple of 256 means "at the end of the chunk before it". A queued thread keeps its
// slot's address in td_slot.
//
// Against the obvious doubly linked list: a switch walks memory in order instead of chasing threads,
// which at a million threads is 9 against 26 ns. Against one growable ring a level: it pauses for
// milliseconds when it compacts. The pool holds twice what dense queues need; when removals from the
// middle have thinned the chunks so far that it runs dry, all queues are compacted once, in place.
import { panic } from "../env";
import { CalloutLink, WHEEL_SLOTS, WHEEL_SLOTS_OFFSET } from "./callout";
import { GD_RUNQ_OFFSET, GlobalData, globaldata } from "./globaldata";
import { machine } from "./machine";
import { NRUNQ, RQ_NQS } from "./param";
import { Thread } from "./proc";

export const CHUNK_SIZE: usize = 256;
/** Offset of the first slot in a chunk. */
export const CHUNK_SLOT0: usize = 8;
export const CHUNK_SLOTS: u32 = 62;
const CHUNK_MASK: usize = 255;

/** One first-in-first-out list. */
@unmanaged
export class Level {
  head: usize; // first slot that may hold a thread; 0 = never used
  tail: usize; // slot that the next append writes
}

/** First word of a chunk, and the second without its low byte. */
@unmanaged
export class Chunk {
  next: usize;
  prev_dead: usize;
}

/** Level `nq` of the LWKT run queues of a CPU. */
export function lwkt_level(gd: GlobalData, nq: u32): Level {
  return changetype<Level>(changetype<usize>(gd) + GD_RUNQ_OFFSET + ((<usize>nq) << 3));
}

/** Level `pri` of the 4bsd run queue of a CPU. */
export function bsd4_level(cpu: u32, pri: u32): Level {
  return changetype<Level>(machine().bsd4_base + ((<usize>cpu * RQ_NQS + pri) << 3));
}

/**
 * Chunks that a machine of this size needs: dense lists twice over, once for the run queues and once for
 * the callouts, and what is not full, two a level and one a slot of the wheels.
 */
export function runq_pool_chunks(threads: u32, ncpus: u32, bsd4: bool): u32 {
  const levels = 2 * ncpus * (bsd4 ? RQ_NQS : NRUNQ);
  return 4 * (threads / CHUNK_SLOTS + 1) + levels + min<u32>(threads, ncpus * WHEEL_SLOTS) + 64;
}

/** The chunk of a slot; for an address at a chunk's end, the chunk that ends there. */
function chunk_of(slot: usize): usize {
  return (slot - 1) & ~CHUNK_MASK;
}

function chunk_alloc(): usize {
  const m = machine();
  const c = m.chunk_free;
  if (c != 0) {
    m.chunk_free = changetype<Chunk>(c).next;
    return c;
  }
  const fresh = m.chunk_next;
  if (fresh == m.chunk_end) return 0;
  m.chunk_next = fresh + CHUNK_SIZE;
  return fresh;
}

/** Returns a chunk to the pool. */
export function chunk_free(c: usize): void {
  const m = machine();
  changetype<Chunk>(c).next = m.chunk_free;
  m.chunk_free = c;
}

/** Links a fresh chunk behind the level's last one and returns its first slot. */
export function runq_grow(level: Level): usize {
  let c = chunk_alloc();
  if (c == 0) {
    runq_compact_all();
    if ((level.tail & CHUNK_MASK) != 0) return level.tail; // compaction made room in the last chunk
    c = chunk_alloc();
    if (c == 0) panic("runq_grow: out of run queue chunks");
  }
  const tail = level.tail;
  const chunk = changetype<Chunk>(c);
  chunk.next = 0;
  if (tail == 0) {
    chunk.prev_dead = 0;
    level.head = c + CHUNK_SLOT0;
  } else {
    const last = tail - CHUNK_SIZE;
    chunk.prev_dead = last;
    changetype<Chunk>(last).next = c;
  }
  return c + CHUNK_SLOT0;
}

/** Appends `td`, which must be on no queue. */
export function runq_append(level: Level, td: Thread): void {
  list_append(level, changetype<usize>(td), offsetof<Thread>("td_slot"));
}

/** Appends an item, which keeps its slot's address in the field at `field`. */
export function list_append(level: Level, item: usize, field: usize): void {
  let slot = level.tail;
  if ((slot & CHUNK_MASK) == 0) slot = runq_grow(level);
  store<usize>(slot, item);
  store<usize>(item + field, slot);
  level.tail = slot + 4;
}

/** Inserts `td` in front of all others: for a thread that was preempted and keeps its turn. */
export function runq_prepend(level: Level, td: Thread): void {
  const head = level.head;
  if (head == 0 || runq_first_slot(level) == 0) {
    runq_append(level, td);
    return;
  }
  const slot = level.head - 4;
  if ((slot & CHUNK_MASK) >= CHUNK_SLOT0) {
    // The slots in front of the head were picked or died: the one next to it is free. A tombstone that
    // is written again no longer counts as dead.
    store<usize>(slot, changetype<usize>(td));
    td.td_slot = slot;
    level.head = slot;
    return;
  }
  runq_prepend_chunk(level, td);
}

function runq_prepend_chunk(level: Level, td: Thread): void {
  let c = chunk_alloc();
  if (c == 0) {
    runq_compact_all();
    c = chunk_alloc();
    if (c == 0) panic("runq_prepend: out of run queue chunks");
  }
  const first = chunk_of(level.head);
  const chunk = changetype<Chunk>(c);
  chunk.next = first;
  chunk.prev_dead = 0;
  changetype<Chunk>(first).prev_dead = c | (changetype<Chunk>(first).prev_dead & CHUNK_MASK);
  const slot = c + CHUNK_SIZE - 4;
  store<usize>(slot, changetype<usize>(td));
  td.td_slot = slot;
  level.head = slot;
}

/**
 * The slot of the first thread, or 0 when the level is empty; tombstones and used-up chunks in front of
 * it are dropped. An empty level keeps its last chunk and starts again at its first slot.
 */
export function runq_first_slot(level: Level): usize {
  let slot = level.head;
  while (true) {
    if (slot == level.tail) {
      if (slot == 0) return 0;
      const c = chunk_of(slot);
      changetype<Chunk>(c).prev_dead = 0;
      level.head = c + CHUNK_SLOT0;
      level.tail = c + CHUNK_SLOT0;
      return 0;
    }
    if ((slot & CHUNK_MASK) == 0) {
      slot = runq_next_chunk(slot - CHUNK_SIZE);
      level.head = slot;
      continue;
    }
    if (load<usize>(slot) != 0) return slot;
    const chunk = changetype<Chunk>(chunk_of(slot));
    chunk.prev_dead = chunk.prev_dead - 1;
    slot += 4;
    level.head = slot;
  }
}

/** Frees a used-up head chunk and returns the first slot of its successor, the new head chunk. */
export function runq_next_chunk(c: usize): usize {
  const next = changetype<Chunk>(c).next;
  chunk_free(c);
  const chunk = changetype<Chunk>(next);
  chunk.prev_dead = chunk.prev_dead & CHUNK_MASK;
  return next + CHUNK_SLOT0;
}

/** The first thread without removing it, or null. */
export function runq_first(level: Level): Thread | null {
  const slot = runq_first_slot(level);
  return slot == 0 ? null : changetype<Thread>(load<usize>(slot));
}

/** Removes the first thread and returns it, or null. */
export function runq_take(level: Level): Thread | null {
  const slot = runq_first_slot(level);
  if (slot == 0) return null;
  const td = changetype<Thread>(load<usize>(slot));
  level.head = slot + 4;
  td.td_slot = 0;
  return td;
}

/** Removes `td`, which must be on this level, wherever it stands. */
export function runq_remove(level: Level, td: Thread): void {
  const slot = td.td_slot;
  td.td_slot = 0;
  list_remove(level, slot);
}

/** Empties the slot of an item that is on this list. */
export function list_remove(level: Level, slot: usize): void {
  if (slot + 4 == level.tail) {
    level.tail = slot; // block then wake leaves no tombstone
    return;
  }
  if (slot == level.head) {
    level.head = slot + 4;
    return;
  }
  store<usize>(slot, 0);
  const c = chunk_of(slot);
  const chunk = changetype<Chunk>(c);
  const dead = (chunk.prev_dead & CHUNK_MASK) + 1;
  chunk.prev_dead = (chunk.prev_dead & ~CHUNK_MASK) | dead;
  if (dead == CHUNK_SLOTS && chunk_of(level.head) != c) runq_unlink_chunk(level, c);
}

/** Unlinks and frees a chunk of tombstones from the middle. The last chunk is never all dead. */
function runq_unlink_chunk(level: Level, c: usize): void {
  const chunk = changetype<Chunk>(c);
  const prev = chunk.prev_dead & ~CHUNK_MASK;
  const next = chunk.next;
  if (prev == 0 || next == 0) return;
  changetype<Chunk>(prev).next = next;
  const follower = changetype<Chunk>(next);
  follower.prev_dead = prev | (follower.prev_dead & CHUNK_MASK);
  chunk_free(c);
}

/**
 * Walks a level: the first occupied slot at or behind `slot`, or 0. Start with `level.head`, go on with
 * the result + 4. Changes nothing.
 */
export function runq_walk(level: Level, slot: usize): usize {
  while (true) {
    if (slot == level.tail || slot == 0) return 0;
    if ((slot & CHUNK_MASK) == 0) {
      slot = changetype<Chunk>(slot - CHUNK_SIZE).next + CHUNK_SLOT0;
      continue;
    }
    if (load<usize>(slot) != 0) return slot;
    slot += 4;
  }
}

/** Gives the last chunk of an empty list back to the pool. */
export function list_free(level: Level): void {
  if (level.head != 0) chunk_free(chunk_of(level.head));
  level.head = 0;
  level.tail = 0;
}

export function runq_compact(level: Level): void {
  list_compact(level, offsetof<Thread>("td_slot"));
}

/** Rewrites a list without tombstones, within its own chunks, and frees those left over. */
export function list_compact(level: Level, field: usize): void {
  let read = level.head;
  if (read == 0) return;
  let c = chunk_of(read);
  const end = level.tail;
  changetype<Chunk>(c).prev_dead = 0;
  let write = c + CHUNK_SLOT0;
  level.head = write;
  while (read != end) {
    if ((read & CHUNK_MASK) == 0) {
      read = changetype<Chunk>(read - CHUNK_SIZE).next + CHUNK_SLOT0;
      continue;
    }
    const item = load<usize>(read);
    read += 4;
    if (item == 0) continue;
    if ((write & CHUNK_MASK) == 0) {
      const next = changetype<Chunk>(c).next;
      changetype<Chunk>(next).prev_dead = c;
      c = next;
      write = c + CHUNK_SLOT0;
    }
    store<usize>(write, item);
    store<usize>(item + field, write);
    write += 4;
  }
  level.tail = write;
  let spare = changetype<Chunk>(c).next;
  changetype<Chunk>(c).next = 0;
  while (spare != 0) {
    const next = changetype<Chunk>(spare).next;
    chunk_free(spare);
    spare = next;
  }
}

function runq_compact_all(): void {
  const m = machine();
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    const gd = globaldata(cpu);
    for (let nq: u32 = 0; nq < <u32>NRUNQ; nq++) runq_compact(lwkt_level(gd, nq));
    if (m.bsd4_base != 0) {
      for (let pri: u32 = 0; pri < <u32>RQ_NQS; pri++) runq_compact(bsd4_level(cpu, pri));
    }
    if (gd.gd_wheel != 0) {
      const slots = gd.gd_wheel + WHEEL_SLOTS_OFFSET;
      for (let slot: usize = 0; slot < WHEEL_SLOTS; slot++) {
        list_compact(changetype<Level>(slots + (slot << 3)), offsetof<CalloutLink>("c_slot"));
      }
    }
  }
}
