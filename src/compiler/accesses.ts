// Loads and stores of a block that are checked together.
//
// Accesses relative to one register, which does not change between them, are checked by the first of them
// for all: the whole stretch from the lowest to the highest byte must be in memory, and behind the text if
// one is a store. Where it is not, compiled code leaves in front of the first, and the interpreter finds
// out which of them faults, if any.

import type { Step } from "./text.js";

/** Accesses that are checked together: from which offset to which, relative to their register. */
export interface Access {
  low: number;
  high: number;
  stores: boolean;
  /** The local that holds the checked address of `low`; -1 before the check is written. */
  local: number;
}

/** Accesses whose offsets are further apart are checked by themselves: STORE_ROOM_MIN of the kernel. */
const STRETCH_MAX = 2048;

const sizes: Readonly<Record<string, number>> = {
  lb: 1,
  lbu: 1,
  sb: 1,
  lh: 2,
  lhu: 2,
  sh: 2,
  lw: 4,
  sw: 4,
};

/** The accesses of a block by the indices of their instructions. */
export function accessesOf(steps: readonly Step[]): Map<number, Access> {
  const accesses = new Map<number, Access>();
  const open = new Map<number, Access>();
  for (const [index, { insn }] of steps.entries()) {
    const size = sizes[insn.op];
    if (size !== undefined) {
      const stores = insn.op.startsWith("s");
      const access = joined(open.get(insn.rs1), insn.imm, insn.imm + size, stores);
      open.set(insn.rs1, access);
      accesses.set(index, access);
    }
    open.delete(insn.rd);
  }
  return accesses;
}

function joined(access: Access | undefined, from: number, to: number, stores: boolean): Access {
  if (access !== undefined) {
    const low = Math.min(access.low, from);
    const high = Math.max(access.high, to);
    if (high - low <= STRETCH_MAX) {
      access.low = low;
      access.high = high;
      access.stores ||= stores;
      return access;
    }
  }
  return { low: from, high: to, stores, local: -1 };
}
