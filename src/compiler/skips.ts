// Branches over an instruction or two that only compute: compiled code executes these always, and keeps what they
// change only if the branch is not taken. A host guesses a branch that depends on data wrong half of the time,
// which costs it more than some instructions; compilers for RV32 have no other way to say "the smaller of
// both".

import type { Block } from "./block.js";
import { isPlain } from "./operations.js";
import type { Text } from "./text.js";

/** Most instructions that a branch may lead over. */
const SKIPPED_MAX = 2;

/** Makes blocks that are branched over part of those that branch; `entries` are where execution may begin. */
export function joinSkipped(
  text: Text,
  blocks: Map<number, Block>,
  entries: ReadonlySet<number>,
): void {
  const waysTo = new Map<number, number>();
  for (const { successors } of blocks.values()) {
    for (const pc of successors) waysTo.set(pc, (waysTo.get(pc) ?? 0) + 1);
  }
  for (const block of [...blocks.values()]) {
    const last = block.steps.at(-1);
    if (last?.flow !== "branch" || !blocks.has(block.pc) || text.isJumpToYield(last.pc)) continue;
    const over = blocks.get(last.next);
    if (over === undefined || waysTo.get(over.pc) !== 1 || entries.has(over.pc)) continue;
    if (over.steps.length > SKIPPED_MAX || !over.steps.every(isPlain)) continue;
    if (over.steps.at(-1)?.next !== last.target || !blocks.has(last.target)) continue;
    block.skipped = over.steps;
    block.successors = [last.target];
    blocks.delete(over.pc);
  }
}
