// What the compiler divides guest text into, and what makes code of it.

import type { Step, Text } from "./text.js";
import type { Code } from "./wasm.js";

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

/** Where compiled code finds what lr.w has reserved (assembly/cpu/rv32_reserve.ts). */
export interface Reservations {
  /** The address of CPU 0's: the guest address, the thread, how often that had been switched away from. */
  readonly base: number;
  /** The address of a thread's ThreadRare minus a quarter of the thread's. */
  readonly rareDelta: number;
}

/** What an operation needs of the function that it becomes part of. */
export interface BlockCode {
  readonly code: Code;
  readonly target: {
    readonly text: Text;
    readonly guestLow: number;
    readonly guestEnd: number;
    readonly stacks: number | null;
    readonly reservations: Reservations;
  };
  /** Puts a register's value on the stack. */
  read(register: number): void;
  /** Gives a register, not x0, the value on the stack. */
  write(register: number): void;
  /** Puts on the stack how far behind Text.storeLow so many bytes may be stored: the address must be below. */
  emitStoreRoom(bytes: number): void;
  /** Puts on the stack the end of the thread's stack: below it there is none. */
  emitStackEnd(stacks: number): void;
  /** Puts the address of the thread on the stack. */
  emitThread(): void;
  /** A local for a number that the block needs. */
  temporary(): number;
  /** Leaves for the interpreter if the condition on the stack is true, `executed` instructions into the block. */
  exitIf(pc: number, executed: number): void;
}
