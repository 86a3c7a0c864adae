// What a job of the training is: threads of one program, which do the same over and over, and what they share.

import type { SchedulerName } from "../../src/core/config.js";
import type { Machine } from "../../src/machine/machine.js";
import { external, type MachineProgramBuilder, string } from "../../src/program/index.js";

export type HostCall = Parameters<Machine["call"]>[0];
/** The calls of locks that the jobs have. */
export type LockCall =
  | `mtx_${"" | "un"}lock${"" | "_spin"}`
  | `rw_${"r" | "w"}${"" | "un"}lock`
  | `sx_${"s" | "x"}${"" | "un"}lock`
  | `rm_r${"" | "un"}lock`
  | `sema_${"wait" | "post"}`;
export type Code = (b: MachineProgramBuilder) => unknown;

/** Threads that do the same over and over, at labels of one program; and the objects that they share. */
export interface Job {
  readonly threads: readonly Code[];
  /** What the threads do that these create, at the label "child". */
  readonly child?: Code;
  readonly objects?: (machine: Machine) => Readonly<Record<string, number>>;
  /** So many more threads, which only do this. */
  readonly crowd?: { readonly threads: number; readonly code: Code };
  /** The most threads that the machine has; and how often as long as others the job goes on. */
  readonly maxthread?: number;
  readonly times?: number;
  /** Under which schedulers only it is of use. */
  readonly only?: readonly SchedulerName[];
}

/** An object that a call of the host makes. */
export function made(machine: Machine, call: HostCall): number {
  const [error, address] = machine.call(call);
  if (error !== 0 || address === undefined) throw new Error(`training: error ${error}`);
  return address;
}

export const add = (b: MachineProgramBuilder, name: string) =>
  b.load("t0", name).addi("t0", "t0", 1).store("t0", name);

export const lock = external("lock");
export const pause: Code = (b) => b.call("pause", string("held"), 1);
