// The chunked list: first in, first out, with removal from the middle. It knows nothing about its items: an
// item is an address, and stores the address of its slot in a field whose offset the caller passes.
//
// A list is two slot addresses, head and tail. Slots lie in chunks of 512 aligned bytes from a pool:
//
//   0        4              8                                        512
//  | next   | prev  | dead | slot | slot | ... 126 slots ... | slot |
//
// `dead` is the low nine bits of the second word: how many slots of the chunk are tombstones (0). A slot
// address that is a multiple of 512 means "at the end of the chunk before it".
//
// Rejected: a doubly linked list, because a switch walks memory in order here instead of chasing pointers (9
// against 26 ns at a million threads); and one growable ring per list, because compacting it pauses for
// milliseconds. The pool holds twice the chunks that dense lists need. When removals from the middle have
// thinned the chunks so far that the pool runs dry, all lists are compacted once, in place; to make that
// possible, every list whose items stay is in an array that is registered with the pool (ChunkLists).
//
// Locking: a list belongs to the owner of its array. The pool (chunk_* of Machine) belongs to all CPUs, and
// will need a lock once CPUs run on several host threads.
import { panic } from "../env";
import { machine } from "./machine";
import { CACHE_LINE_SIZE } from "./param";

export const CHUNK_SIZE: usize = 512;
/** The bits of a slot's address that give its place in the chunk. */
export const CHUNK_MASK: usize = CHUNK_SIZE - 1;

/** Head of a chunk. */
@unmanaged
export class Chunk {
  next: usize;
  prev_dead: usize; // address of the chunk before it; in the low bits, the number of tombstones
}

/** Bytes of a slot. */
export const SLOT_SIZE: usize = 4;
/** Offset of the first slot in a chunk, and how many there are. */
export const CHUNK_SLOT0: usize = offsetof<Chunk>();
export const CHUNK_SLOTS: u32 = <u32>((CHUNK_SIZE - CHUNK_SLOT0) / SLOT_SIZE);

if (sizeof<usize>() != SLOT_SIZE) ERROR("a slot holds an address");
if ((CHUNK_SIZE & CHUNK_MASK) != 0) ERROR("CHUNK_SIZE must be a power of two");
if (<usize>CHUNK_SLOTS > CHUNK_MASK) ERROR("Chunk.prev_dead counts tombstones in its low bits");

/** One first-in-first-out list. */
@unmanaged
export class ChunkList {
  head: usize; // first slot that may hold an item; 0 = never used
  tail: usize; // slot that the next append writes
}

/** Head of an array of lists, whose items are all of one kind. */
@unmanaged
export class ChunkLists {
  cl_next: ChunkLists; // next registered array
  cl_count: u32; //       lists in it
  cl_field: usize; //     offset of the field in which an item stores its slot's address
  cl_pad: u32; //         keeps each of the lists behind it within one cache line
}

if (CACHE_LINE_SIZE % offsetof<ChunkList>() != 0) ERROR("struct chunklist divides a cache line");
if (offsetof<ChunkLists>() % offsetof<ChunkList>() != 0) ERROR("no list crosses a cache line");

/** Bytes of an array of `count` lists. */
export function lists_bytes(count: u32): usize {
  return offsetof<ChunkLists>() + <usize>count * offsetof<ChunkList>();
}

/** Registers an array of empty lists with the pool. */
export function lists_init(lists: ChunkLists, count: u32, field: usize): void {
  const m = machine();
  lists.cl_count = count;
  lists.cl_field = field;
  lists.cl_next = m.chunk_lists;
  m.chunk_lists = lists;
}

/** List `i` of an array. */
export function list_at(lists: ChunkLists, i: u32): ChunkList {
  return changetype<ChunkList>(
    changetype<usize>(lists) + offsetof<ChunkLists>() + <usize>i * offsetof<ChunkList>(),
  );
}

/** Number of chunks that `items` items take in dense lists. */
export function chunks_for(items: u32): u32 {
  return items / CHUNK_SLOTS + 1;
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
function chunk_free(c: usize): void {
  const m = machine();
  changetype<Chunk>(c).next = m.chunk_free;
  m.chunk_free = c;
}

/** Links a fresh chunk behind the list's last one and returns its first slot. */
export function list_grow(list: ChunkList): usize {
  let c = chunk_alloc();
  if (c == 0) {
    lists_compact();
    if ((list.tail & CHUNK_MASK) != 0) return list.tail; // compaction made room in the last chunk
    c = chunk_alloc();
    if (c == 0) panic("list_grow: out of chunks");
  }
  const tail = list.tail;
  const chunk = changetype<Chunk>(c);
  chunk.next = 0;
  if (tail == 0) {
    chunk.prev_dead = 0;
    list.head = c + CHUNK_SLOT0;
  } else {
    const last = tail - CHUNK_SIZE;
    chunk.prev_dead = last;
    changetype<Chunk>(last).next = c;
  }
  return c + CHUNK_SLOT0;
}

/** Appends an item and stores its slot's address in the field at `field`. */
export function list_append(list: ChunkList, item: usize, field: usize): void {
  let slot = list.tail;
  if ((slot & CHUNK_MASK) == 0) slot = list_grow(list);
  store<usize>(slot, item);
  store<usize>(item + field, slot);
  list.tail = slot + SLOT_SIZE;
}

/** Inserts an item in front of all others. */
export function list_prepend(list: ChunkList, item: usize, field: usize): void {
  if (list.head == 0 || list_first_slot(list) == 0) {
    list_append(list, item, field);
    return;
  }
  let slot = list.head - SLOT_SIZE;
  // The slots in front of the head were picked or died, so the one before it is free. A reused tombstone no
  // longer counts as dead.
  if ((slot & CHUNK_MASK) < CHUNK_SLOT0) slot = list_grow_front(list);
  store<usize>(slot, item);
  store<usize>(item + field, slot);
  list.head = slot;
}

/** Links a fresh chunk in front of the list's first one and returns its last slot. */
function list_grow_front(list: ChunkList): usize {
  let c = chunk_alloc();
  if (c == 0) {
    lists_compact();
    c = chunk_alloc();
    if (c == 0) panic("list_prepend: out of chunks");
  }
  const first = chunk_of(list.head);
  const chunk = changetype<Chunk>(c);
  chunk.next = first;
  chunk.prev_dead = 0;
  changetype<Chunk>(first).prev_dead = c | (changetype<Chunk>(first).prev_dead & CHUNK_MASK);
  return c + CHUNK_SIZE - SLOT_SIZE;
}

/** The slot behind `slot`, or 0 at the end of the list. */
export function list_next_slot(list: ChunkList, slot: usize): usize {
  let at = slot + SLOT_SIZE;
  while (at != list.tail) {
    if ((at & CHUNK_MASK) == 0) at = changetype<Chunk>(at - CHUNK_SIZE).next + CHUNK_SLOT0;
    else if (load<usize>(at) != 0) return at;
    else at += SLOT_SIZE;
  }
  return 0;
}

/**
 * The slot of the first item, or 0 when the list is empty. Drops tombstones and used-up chunks in front of
 * it. An empty list keeps its last chunk and starts again at that chunk's first slot.
 */
export function list_first_slot(list: ChunkList): usize {
  let slot = list.head;
  while (true) {
    if (slot == list.tail) {
      if (slot == 0) return 0;
      const c = chunk_of(slot);
      changetype<Chunk>(c).prev_dead = 0;
      list.head = c + CHUNK_SLOT0;
      list.tail = c + CHUNK_SLOT0;
      return 0;
    }
    if ((slot & CHUNK_MASK) == 0) {
      slot = list_next_chunk(slot - CHUNK_SIZE);
      list.head = slot;
      continue;
    }
    if (load<usize>(slot) != 0) return slot;
    const chunk = changetype<Chunk>(chunk_of(slot));
    chunk.prev_dead = chunk.prev_dead - 1;
    slot += SLOT_SIZE;
    list.head = slot;
  }
}

/** Frees a used-up head chunk and returns the first slot of its successor, the new head chunk. */
function list_next_chunk(c: usize): usize {
  const next = changetype<Chunk>(c).next;
  chunk_free(c);
  const chunk = changetype<Chunk>(next);
  chunk.prev_dead = chunk.prev_dead & CHUNK_MASK;
  return next + CHUNK_SLOT0;
}

/** Empties the slot of an item that is on this list. */
export function list_remove(list: ChunkList, slot: usize): void {
  if (slot + SLOT_SIZE == list.tail) {
    list.tail = slot; // block then wake leaves no tombstone
    return;
  }
  if (slot == list.head) {
    list.head = slot + SLOT_SIZE;
    return;
  }
  store<usize>(slot, 0);
  const c = chunk_of(slot);
  const chunk = changetype<Chunk>(c);
  const dead = (chunk.prev_dead & CHUNK_MASK) + 1;
  chunk.prev_dead = (chunk.prev_dead & ~CHUNK_MASK) | dead;
  if (dead == CHUNK_SLOTS && chunk_of(list.head) != c) list_unlink_chunk(list, c);
}

/** Unlinks and frees a middle chunk that holds only tombstones. The last chunk is never all dead. */
function list_unlink_chunk(list: ChunkList, c: usize): void {
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
 * Walks a list without changing it: the first occupied slot at or behind `slot`, or 0. Start with
 * `list.head`, continue with the result + SLOT_SIZE.
 */
export function list_walk(list: ChunkList, slot: usize): usize {
  while (true) {
    if (slot == list.tail || slot == 0) return 0;
    if ((slot & CHUNK_MASK) == 0) {
      slot = changetype<Chunk>(slot - CHUNK_SIZE).next + CHUNK_SLOT0;
      continue;
    }
    if (load<usize>(slot) != 0) return slot;
    slot += SLOT_SIZE;
  }
}

/** Returns the last chunk of an empty list to the pool. */
export function list_free(list: ChunkList): void {
  if (list.head != 0) chunk_free(chunk_of(list.head));
  list.head = 0;
  list.tail = 0;
}

/** Rewrites a list without tombstones within its own chunks, and frees the chunks left over. */
export function list_compact(list: ChunkList, field: usize): void {
  let read = list.head;
  if (read == 0) return;
  let c = chunk_of(read);
  const end = list.tail;
  changetype<Chunk>(c).prev_dead = 0;
  let write = c + CHUNK_SLOT0;
  list.head = write;
  while (read != end) {
    if ((read & CHUNK_MASK) == 0) {
      read = changetype<Chunk>(read - CHUNK_SIZE).next + CHUNK_SLOT0;
      continue;
    }
    const item = load<usize>(read);
    read += SLOT_SIZE;
    if (item == 0) continue;
    if ((write & CHUNK_MASK) == 0) {
      const next = changetype<Chunk>(c).next;
      changetype<Chunk>(next).prev_dead = c;
      c = next;
      write = c + CHUNK_SLOT0;
    }
    store<usize>(write, item);
    store<usize>(item + field, write);
    write += SLOT_SIZE;
  }
  list.tail = write;
  let spare = changetype<Chunk>(c).next;
  changetype<Chunk>(c).next = 0;
  while (spare != 0) {
    const next = changetype<Chunk>(spare).next;
    chunk_free(spare);
    spare = next;
  }
}

/** Compacts every registered list. */
function lists_compact(): void {
  let lists = machine().chunk_lists;
  while (changetype<usize>(lists) != 0) {
    for (let i: u32 = 0; i < lists.cl_count; i++) list_compact(list_at(lists, i), lists.cl_field);
    lists = lists.cl_next;
  }
}
