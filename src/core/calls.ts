// The table of kernel calls, which the program builder and the bodies of JavaScript threads go by. What is
// in it says assembly/syscalls.master, and docs/kernel-calls.md for readers.

import { calls as made } from "../generated/calls.js";
import { MTX_NOLEND, MTX_RECURSE, MTX_SPIN } from "../generated/layout.js";
import type { CallTable } from "./call-table.js";

/** The kernel calls by name. */
export const calls = made satisfies CallTable;

/** Name of a kernel call. */
export type CallName = keyof typeof calls;

/** Modes of timer_wait and timer_next: what happens after a timer has been missed. */
export const TimerMode = Object.freeze({
  /** It goes on from now. */
  RELATIVE: 0,
  /** Its grid never moves: a thread that is late catches up. */
  ABSOLUTE: 1,
});

/** Options of mtx_init, to be added up. 0 is a mutex that lends priorities and does not recurse. */
export const MutexOption = Object.freeze({
  /** Its owner may take it again, and releases it as often. */
  RECURSE: MTX_RECURSE,
  /** Who finds it taken looks again and again; it is held in a critical section. */
  SPIN: MTX_SPIN,
  /** Lends no priority; those that wait get it in the order of arrival. */
  NOLEND: MTX_NOLEND,
});
