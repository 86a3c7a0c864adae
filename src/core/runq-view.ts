// The run queues as the host sees them: walks the chunks of a list (assembly/sys/chunklist.ts), changing
// nothing.

import * as Layout from "../generated/layout.js";
import type { Kernel } from "./kernel.js";

const { CHUNK_SIZE, CHUNK_SLOT0 } = Layout;

/** The addresses of the threads on a level, first to last. `level` is the address of its head and tail. */
export function levelThreads(kernel: Kernel, level: number): number[] {
  const threads: number[] = [];
  let slot = kernel.read(level + Layout.ChunkList.head);
  const tail = kernel.read(level + Layout.ChunkList.tail);
  while (slot !== tail && slot !== 0) {
    if (slot % CHUNK_SIZE === 0) {
      slot = kernel.read(slot - CHUNK_SIZE + Layout.Chunk.next) + CHUNK_SLOT0;
      continue;
    }
    const td = kernel.read(slot);
    if (td !== 0) threads.push(td);
    slot += 4;
  }
  return threads;
}

/** The address of one of the 32 levels of a CPU's LWKT run queue. */
export function lwktLevel(kernel: Kernel, cpu: number, nq: number): number {
  const levels = kernel.globaldata(cpu) + Layout.GD_RUNQ_OFFSET + Layout.ChunkLists.size;
  return levels + nq * Layout.ChunkList.size;
}

/** The threads on a CPU's LWKT run queue by level; levels without threads are left out. */
export function lwktRunq(kernel: Kernel, cpu: number): Map<number, number[]> {
  const levels = new Map<number, number[]>();
  for (let nq = 0; nq < Layout.NRUNQ; nq++) {
    const threads = levelThreads(kernel, lwktLevel(kernel, cpu, nq));
    if (threads.length > 0) levels.set(nq, threads);
  }
  return levels;
}

/** The addresses of the threads of a doubly linked list, from its first one on. */
export function linkedThreads(kernel: Kernel, first: number): number[] {
  const threads: number[] = [];
  for (let td = first; td !== 0; td = kernel.read(td + Layout.Thread.td_qnext)) threads.push(td);
  return threads;
}
