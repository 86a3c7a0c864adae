// The run queue alone, for test/property/runq.test.ts: levels of CPUs in a machine that never boots.
import {
  CHUNK_MASK,
  CHUNK_SIZE,
  CHUNK_SLOT0,
  CHUNK_SLOTS,
  Chunk,
  ChunkList,
  list_compact,
  list_first_slot,
  list_walk,
} from "../../../assembly/sys/chunklist";
import { gd_runq, globaldata } from "../../../assembly/sys/globaldata";
import { machine } from "../../../assembly/sys/machine";
import { NRUNQ } from "../../../assembly/sys/param";
import { Thread } from "../../../assembly/sys/proc";
import {
  lwkt_level,
  runq_append,
  runq_init,
  runq_prepend,
  runq_remove,
  runq_take,
} from "../../../assembly/sys/runq";

/** Lays out `threads` threads, a pool of `chunks` chunks, and room for a list; returns where that is. */
export function setup(ncpus: u32, threads: u32, chunks: u32): usize {
  const m = machine();
  m.ncpus = ncpus;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) runq_init(gd_runq(globaldata(cpu)), NRUNQ);
  m.td_base = (__heap_base + CHUNK_MASK) & ~CHUNK_MASK;
  m.td_count = threads;
  m.chunk_base = (m.td_base + <usize>threads * offsetof<Thread>() + CHUNK_MASK) & ~CHUNK_MASK;
  m.chunk_next = m.chunk_base;
  m.chunk_end = m.chunk_base + <usize>chunks * CHUNK_SIZE;
  const list = m.chunk_end;
  const pages = <i32>((list + <usize>threads * 4 + 65535) >> 16);
  if (pages > memory.size()) memory.grow(pages - memory.size());
  return list;
}

function thread(i: u32): Thread {
  return changetype<Thread>(machine().td_base + <usize>i * offsetof<Thread>());
}

function index(td: Thread): i32 {
  return <i32>((changetype<usize>(td) - machine().td_base) / offsetof<Thread>());
}

function level(n: u32): ChunkList {
  return lwkt_level(globaldata(n >> 5), n & 31);
}

export function append(n: u32, i: u32): void {
  runq_append(level(n), thread(i));
}

export function prepend(n: u32, i: u32): void {
  runq_prepend(level(n), thread(i));
}

export function remove(n: u32, i: u32): void {
  runq_remove(level(n), thread(i));
}

/** Removes the first thread; -1 if there is none. */
export function take(n: u32): i32 {
  const td = runq_take(level(n));
  return td === null ? -1 : index(td);
}

/** Moves the first thread to the tail, as the switcher does; -1 if there is none. */
export function rotate(n: u32): i32 {
  const l = level(n);
  const slot = list_first_slot(l);
  if (slot == 0) return -1;
  const td = changetype<Thread>(load<usize>(slot));
  l.head = slot + 4;
  runq_append(l, td);
  return index(td);
}

export function compact(n: u32): void {
  list_compact(level(n), offsetof<Thread>("td_slot"));
}

/** Writes the level's threads to the list, first to last; returns how many there are. */
export function order(n: u32, list: usize): i32 {
  const l = level(n);
  let count = 0;
  for (let slot = list_walk(l, l.head); slot != 0; slot = list_walk(l, slot + 4)) {
    store<i32>(list + <usize>count * 4, index(changetype<Thread>(load<usize>(slot))));
    count++;
  }
  return count;
}

/** 0 if the level's chunks are what they say, or the number of what is wrong with them. */
export function sound(n: u32): i32 {
  const l = level(n);
  if (l.head == 0) return l.tail == 0 ? 0 : 1;
  let c = (l.head - 1) & ~CHUNK_MASK;
  const last = (l.tail - 1) & ~CHUNK_MASK;
  let prev: usize = 0;
  let slot = l.head;
  while (true) {
    const chunk = changetype<Chunk>(c);
    if (prev != 0 && (chunk.prev_dead & ~CHUNK_MASK) != prev) return 2;
    const end = c == last ? l.tail : c + CHUNK_SIZE;
    let dead: usize = 0;
    for (; slot < end; slot += 4) {
      const td = load<usize>(slot);
      if (td == 0) dead++;
      else if (changetype<Thread>(td).td_slot != slot) return 3;
    }
    if ((chunk.prev_dead & CHUNK_MASK) != dead) return 4;
    if (c == last) return chunk.next == 0 ? 0 : 5;
    if (prev != 0 && dead == CHUNK_SLOTS) return 6;
    prev = c;
    c = chunk.next;
    slot = c + CHUNK_SLOT0;
  }
}

/** Chunks that are on no level. */
export function free_chunks(): u32 {
  const m = machine();
  let count = <u32>((m.chunk_end - m.chunk_next) / CHUNK_SIZE);
  for (let c = m.chunk_free; c != 0; c = changetype<Chunk>(c).next) count++;
  return count;
}
