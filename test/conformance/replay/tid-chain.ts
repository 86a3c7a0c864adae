// The lists of the thread id hash: their order is compared, although the kernel keeps only stamps.

import type { Kernel } from "../../../src/core/kernel.js";
import * as Layout from "../../../src/generated/layout.js";

/** The threads of a bucket, head first. */
export function tidChain(kernel: Kernel, index: number): number[] {
  const mask = kernel.machine("tidhash_mask");
  const base = kernel.machine("tid_index");
  const maxthread = kernel.machine("maxthread");
  const found: { td: number; stamp: number }[] = [];
  for (let id = (index - Layout.NO_PID) & mask; id < maxthread; id += mask + 1) {
    const entry = base + id * Layout.TidEntry.size;
    const td = kernel.read(entry + Layout.TidEntry.te_thread);
    if (td !== 0) found.push({ td, stamp: kernel.read(entry + Layout.TidEntry.te_stamp) });
  }
  return found.sort((a, b) => b.stamp - a.stamp).map(({ td }) => td);
}
