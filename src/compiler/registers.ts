// The registers of a compiled function: locals of WebAssembly while it runs, the thread's frame otherwise.

import { formatOf } from "../program/encode.js";
import type { Cluster } from "./cluster.js";

/** The registers that a cluster reads or writes, and those that it writes; x0 is none. */
export interface RegisterUse {
  readonly used: readonly number[];
  readonly written: readonly number[];
}

/** What a cluster does to registers. */
export function registersOf({ blocks }: Cluster): RegisterUse {
  const used = new Set<number>();
  const written = new Set<number>();
  for (const { steps, skipped } of blocks.values()) {
    for (const { flow, insn } of [...steps, ...skipped]) {
      if (flow === "stop" || formatOf(insn.op) === "Fence") continue;
      for (const register of [insn.rs1, insn.rs2, insn.rd]) used.add(register);
      written.add(insn.rd);
    }
  }
  used.delete(0);
  written.delete(0);
  const ascending = (set: Set<number>) => [...set].sort((a, b) => a - b);
  return { used: ascending(used), written: ascending(written) };
}
