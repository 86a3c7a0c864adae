/**
 * Parallel moves: several registers get the values that other registers had *before* any of the
 * moves. Argument passing needs this, as in `call("f", "a1", "a0")`.
 *
 * A cycle is broken by exchanging two registers in place (three exclusive-ors), not through a
 * scratch register: a kernel call's arguments must disturb no register that the program may use.
 */

import type { Register } from "./registers.js";

/** One register to be given the earlier value of another. */
export interface Move {
  readonly to: Register;
  readonly from: Register;
}

/** A step that does a part of the moves: `to` becomes `from`, or the two exchange their values. */
export interface MoveStep extends Move {
  readonly op: "mv" | "swap";
}

/** The steps, in order, that do all moves as if at the same time. No register may be the target of two moves. */
export function orderMoves(moves: readonly Move[]): MoveStep[] {
  const steps: MoveStep[] = [];
  const sources = new Map<Register, Register>();
  for (const { to, from } of moves) if (to !== from) sources.set(to, from);
  while (sources.size > 0) steps.push(takeFree(sources) ?? takeCycle(sources));
  return steps;
}

/** Takes a move whose target nobody still has to read. */
function takeFree(sources: Map<Register, Register>): MoveStep | undefined {
  const needed = new Set(sources.values());
  for (const [to, from] of sources) {
    if (needed.has(to)) continue;
    sources.delete(to);
    return { op: "mv", to, from };
  }
  return undefined;
}

/** With no free move left the moves are a permutation: an exchange settles one of them. */
function takeCycle(sources: Map<Register, Register>): MoveStep {
  for (const [to, from] of sources) {
    sources.delete(to);
    for (const [otherTo, otherFrom] of sources) {
      if (otherFrom !== to) continue;
      if (otherTo === from) sources.delete(otherTo);
      else sources.set(otherTo, from);
    }
    return { op: "swap", to, from };
  }
  throw new RangeError("there is no move to take");
}
