// The table of kernel calls, which the program builder and the bodies of JavaScript threads go by. What is
// in it says assembly/syscalls.master, and docs/kernel-calls.md for readers.

import { calls as made } from "../generated/calls.js";
import type { CallTable } from "./call-table.js";

/** The kernel calls by name. */
export const calls = made satisfies CallTable;

/** Name of a kernel call. */
export type CallName = keyof typeof calls;
