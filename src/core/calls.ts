// The table of kernel calls, which the program builder and the bodies of JavaScript threads go by. What is
// in it says assembly/syscalls.master, and docs/kernel-calls.md for readers.

import { calls as made } from "../generated/calls.js";
import { type CallTable, callNames } from "./call-table.js";

/** The kernel calls by name. */
export const calls = made satisfies CallTable;

/** The names of the kernel calls by their numbers. */
export const nameOfCall = callNames(calls);

/** Name of a kernel call. */
export type CallName = keyof typeof calls;
