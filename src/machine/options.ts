// What the methods of a machine take and return.

import type { BodyFunction, Handle } from "./calls.js";
import type { LoadedElf, LoadedProgram } from "./programs.js";

/** Why a run ended. */
export type RunReason =
  /** Nothing can happen any more: no thread is runnable, no timeout is armed. */
  | "idle"
  /** The time of `until` is reached. */
  | "time"
  /** The number of switches is reached. */
  | "switches"
  /** {@link Machine.stop} was called, or `onProgress` returned false. */
  | "stopped"
  /** The number of rounds is reached. */
  | "rounds"
  /** A {@link Debugger} of the machine has stopped it. */
  | "break"
  /** A C program has ended the run (exit): see {@link Machine.exitStatus}. */
  | "exit";

/** What a run did. */
export interface RunResult {
  readonly reason: RunReason;
  /** Virtual time in cycles since boot. */
  readonly cycles: bigint;
}

/** How to create a thread. */
export interface ThreadOptions {
  /** Name, cut to 19 characters. */
  readonly name: string;
  /** What it runs: a generator function, a loaded program's entry, or a guest address. */
  readonly body: BodyFunction | LoadedProgram | LoadedElf | number;
  /** Argument of the body. Default 0. */
  readonly arg?: number;
  /** Process that it belongs to. Default: the kernel's own. */
  readonly process?: Handle;
  /** FreeBSD priority 0 to 255, smaller runs first. Default: that of the process's first thread. */
  readonly priority?: number;
  /** CPU that owns it. Default: the next in turn. */
  readonly cpu?: number;
  /** Do not put it on the run queue. Default false. */
  readonly stopped?: boolean;
  /** Pages of kernel stack, 1 to 32. Default: the machine's. */
  readonly stackPages?: number;
}

/** How to create a kernel process: its first thread. */
export type ProcessOptions = Omit<ThreadOptions, "process">;

/** How to create an LWKT thread: no process, no thread id. */
export interface LwktOptions {
  /** Name, cut to 16 characters. */
  readonly name: string;
  /** What it runs: a generator function, a loaded program's entry, or a guest address. */
  readonly body: BodyFunction | LoadedProgram | LoadedElf | number;
  /** Argument of the body. Default 0. */
  readonly arg?: number;
  /** LWKT priority 0 to 31, larger runs first. Default 0. */
  readonly priority?: number;
  /** Do not put it on the run queue. Default false. */
  readonly stopped?: boolean;
  /** CPU that owns it. Default 0. */
  readonly cpu?: number;
}

/** Counters of the whole machine. */
export interface Counters {
  /** Switches from one thread to another. */
  readonly switches: number;
  /** RV32 instructions. */
  readonly instructions: number;
  /** Threads that exist, those that wait to be reaped included. */
  readonly threads: number;
  /** Processes, zombies included. */
  readonly processes: number;
  /** Messages between CPUs. */
  readonly messages: number;
  /** Rounds of a quantum. */
  readonly rounds: bigint;
}

/** Something to be done when a machine starts; `sysinit` makes it. */
export interface SysInitOf<M> {
  readonly name: string;
  /** SI_SUB_*, smaller ones first. */
  readonly subsystem: number;
  /** SI_ORDER_*, smaller ones first within a subsystem. */
  readonly order: number;
  readonly start: (machine: M) => void;
}

/** How long to run. What is left out does not bound the run. */
export interface RunOptionsOf<M> {
  /** Until this virtual time, in cycles since boot; reached to within a quantum. With `for`, the earlier one counts. */
  readonly until?: bigint | number;
  /** For this much virtual time, in cycles. */
  readonly for?: bigint | number;
  /** For this number of switches, exactly. */
  readonly switches?: number;
  /** For this number of rounds (of a quantum each). */
  readonly rounds?: number;
  /**
   * Called about every 2,000 rounds, and every million steps of code that takes no time; the run ends when it returns
   * false.
   */
  readonly onProgress?: (machine: M) => boolean | undefined;
}
