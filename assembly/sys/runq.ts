// The run queues: chunked lists (sys/chunklist.ts) of threads, which store their slot's address in td_slot.
// Each CPU has 32 levels for LWKT in its GlobalData; those of 4bsd and ule are in sys/prioq.ts.
//
// Locking: only the CPU that owns a run queue touches it, in a critical section.
import { WHEEL_SLOTS } from "./callout";
import {
  ChunkList,
  ChunkLists,
  chunks_for,
  list_append,
  list_at,
  list_first_slot,
  list_next_slot,
  list_prepend,
  list_remove,
  lists_init,
  SLOT_SIZE,
} from "./chunklist";
import { td_until } from "./deadline";
import { GlobalData, gd_runq } from "./globaldata";
import { CHUNKS_SPARE, NRUNQ } from "./param";
import { Thread } from "./proc";

/** Registers an array of lists as run queue levels. */
export function runq_init(levels: ChunkLists, count: u32): void {
  lists_init(levels, count, offsetof<Thread>("td_slot"));
}

/** Level `nq` of a CPU's LWKT run queue. */
export function lwkt_level(gd: GlobalData, nq: u32): ChunkList {
  return list_at(gd_runq(gd), nq);
}

/**
 * Chunks that a machine of this size needs: twice those of dense lists, once for the run queues and once for
 * the callouts, plus partly filled ones: two per level and one per slot of the wheels.
 */
export function runq_pool_chunks(threads: u32, ncpus: u32, levels_more: u32): u32 {
  const levels = 2 * (ncpus * NRUNQ + levels_more);
  return 4 * chunks_for(threads) + levels + min<u32>(threads, ncpus * WHEEL_SLOTS) + CHUNKS_SPARE;
}

/** Appends `td`, which must be on no queue. */
export function runq_append(level: ChunkList, td: Thread): void {
  list_append(level, changetype<usize>(td), offsetof<Thread>("td_slot"));
}

/** Inserts `td` in front of all others: for a preempted thread that keeps its turn. */
export function runq_prepend(level: ChunkList, td: Thread): void {
  list_prepend(level, changetype<usize>(td), offsetof<Thread>("td_slot"));
}

/** Removes the first thread and returns it, or null. */
export function runq_take(level: ChunkList): Thread | null {
  const slot = list_first_slot(level);
  if (slot == 0) return null;
  const td = changetype<Thread>(load<usize>(slot));
  level.head = slot + SLOT_SIZE;
  td.td_slot = 0;
  return td;
}

/** Removes `td`, which must be on this level, from any place in it. */
export function runq_remove(level: ChunkList, td: Thread): void {
  const slot = td.td_slot;
  td.td_slot = 0;
  list_remove(level, slot);
}

/**
 * The thread of a level with the earliest deadline, its own or lent; the first one if none has a deadline;
 * null if the level is empty.
 */
export function runq_earliest(level: ChunkList): Thread {
  let slot = list_first_slot(level);
  if (slot == 0) return changetype<Thread>(0);
  let best = changetype<Thread>(load<usize>(slot));
  let until = td_until(best);
  while ((slot = list_next_slot(level, slot)) != 0) {
    const td = changetype<Thread>(load<usize>(slot));
    const other = td_until(td);
    if (other >= until) continue;
    best = td;
    until = other;
  }
  return best;
}
