// What the compiler divides guest text into.

import type { Step } from "./text.js";

/** Instructions that execution runs through, the last of which may send it elsewhere. */
export interface Block {
  readonly pc: number;
  readonly steps: readonly Step[];
  /** Where it can go on, as guest addresses; without those that are not in the cluster. */
  successors: number[];
  /** Instructions behind the branch that it ends in, which are executed if that is not taken. */
  skipped: readonly Step[];
  /** A return: the places behind calls that it can come back to. Another register jump: null. */
  returns: readonly number[] | null;
  /** A jump or call by a register that auipc has just set: where it goes. */
  readonly far: number | undefined;
  /** A call by a register: functions that it was seen to lead to, or that others of the cluster lead to. */
  readonly targets: readonly number[];
}
