// A C program on a machine of its own: loads it, runs it to its end, and keeps account of its threads.

import { setImmediate } from "node:timers/promises";
import type { MachineConfig, SchedulerName } from "../core/config.js";
import { KernelPanic } from "../core/errors.js";
import { parseElf } from "../elf/index.js";
import { type FaultReport, type LoadedElf, Machine } from "../machine/machine.js";
import { memoryOf } from "../machine/programs.js";
import type { ThreadState, ThreadView } from "../machine/views.js";
import { createChromeTrace } from "../trace/chrome.js";

/** Rounds between two looks at what the user wants: some tens of milliseconds. */
const ROUNDS_AT_ONCE = 20_000;
const MIB = 2 ** 20;

/** What to run, and how. */
export interface ExecOptions {
  /** The file's name, and what is in it. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Arguments of main behind the program's name. */
  readonly args: readonly string[];
  readonly cpus: number;
  readonly scheduler: SchedulerName;
  readonly seed: bigint;
  readonly faults: "panic" | "thread";
  /** Guest memory in MiB. */
  readonly memory: number;
  /** Threads that can exist at a time. */
  readonly threads: number;
  /** Virtual time to run, in nanoseconds; null for as long as it takes. */
  readonly for: number | null;
  /** Compile what is hot. */
  readonly jit: boolean;
  /** Where to write a Chrome trace, or null. */
  readonly trace: string | null;
  /** Receives what the program prints. */
  readonly onOutput: (bytes: Uint8Array) => void;
  /** Receives what the kernel prints. */
  readonly onPrint: (text: string) => void;
  /** True once the user has had enough. */
  readonly isInterrupted: () => boolean;
}

/** Why a run of a program ended. */
export type ExecReason =
  /** exit() was called, or main has returned. */
  | "exit"
  /** All its threads have ended. */
  | "idle"
  /** Threads of it wait, and nothing will ever wake them. */
  | "deadlock"
  /** The time is over. */
  | "time"
  /** A fault, with the machine or of a thread only. */
  | "fault"
  /** The kernel panicked for another reason. */
  | "panic"
  | "interrupted";

/** What a thread of the program did. */
export interface ExecThread {
  readonly name: string;
  /** Thread id; -1 for a thread of LWKT alone. */
  readonly tid: number;
  readonly state: ThreadState | "faulted";
  /** Why it sleeps; null when it does not. */
  readonly waitMessage: string | null;
  /** CPU time in cycles. */
  readonly cycles: number;
  /** Switches away from it. */
  readonly switches: number;
}

/** What a run of a program did. */
export interface ExecReport {
  /** What main returned or exit() was called with; null when the run ended otherwise. */
  readonly status: number | null;
  readonly reason: ExecReason;
  readonly instructions: number;
  readonly switches: number;
  /** Virtual time in cycles. */
  readonly cycles: number;
  readonly host_seconds: number;
  readonly hash: string;
  readonly threads: readonly ExecThread[];
  readonly faults: readonly FaultReport[];
  /** The panic that ended the run, or null. */
  readonly panic: KernelPanic | null;
}

/** The configuration of a machine for a program. */
function machineFor(options: ExecOptions): MachineConfig {
  const { cpus, scheduler, seed, faults, memory, threads, jit, file, bytes } = options;
  const { textMemory, end } = memoryOf([parseElf(bytes, file)]);
  return {
    cpus,
    scheduler,
    seed,
    faults,
    jit,
    textMemory,
    guestMemory: Math.max(memory * MIB, end),
    maxthread: threads,
  };
}

/** A program that runs. */
class Exec {
  private readonly options: ExecOptions;
  private readonly machine: Machine;
  private readonly elf: LoadedElf;
  private readonly ended: ExecThread[] = [];
  private readonly startedAt = performance.now();

  constructor(options: ExecOptions) {
    this.options = options;
    this.machine = new Machine(machineFor(options));
    this.machine.onOutput = options.onOutput;
    this.machine.onPrint = options.onPrint;
    const { file: name, args, bytes } = options;
    this.elf = this.machine.loadElf(bytes, { name, args: [name, ...args] });
    this.machine.onEvent("thread_dtor", (td) => {
      const thread = this.machine.thread(td);
      if (thread.isProgram) this.ended.push(this.account(thread));
    });
  }

  private account(thread: ThreadView): ExecThread {
    const isFaulted = this.machine.faults.some(
      ({ td, tid }) => td === thread.address && tid === thread.tid,
    );
    return {
      name: thread.name,
      tid: thread.tid,
      state: isFaulted ? "faulted" : thread.state,
      waitMessage: thread.waitMessage,
      cycles: Number(thread.runtime),
      switches: thread.voluntarySwitches + thread.involuntarySwitches,
    };
  }

  async run(): Promise<ExecReport> {
    const { trace: path, for: duration } = this.options;
    const trace = path === null ? null : createChromeTrace(this.machine, path);
    this.machine.createThread({ name: "main", body: this.elf });
    const until = duration === null ? {} : { until: this.cyclesOf(duration) };
    try {
      for (;;) {
        const { reason } = this.machine.run({ ...until, rounds: ROUNDS_AT_ONCE });
        if (reason === "exit") return this.report("exit");
        if (reason === "time") return this.report("time");
        if (reason === "idle") return this.report(this.atRest());
        await setImmediate();
        if (this.options.isInterrupted()) return this.report("interrupted");
      }
    } catch (error) {
      if (!(error instanceof KernelPanic)) throw error;
      return this.report(this.machine.faults.length > 0 ? "fault" : "panic", error);
    } finally {
      trace?.close();
    }
  }

  private cyclesOf(nanoseconds: number): bigint {
    return (BigInt(nanoseconds) * BigInt(this.machine.config.cyclesPerSecond)) / 1_000_000_000n;
  }

  private alive(): ExecThread[] {
    return this.machine.programThreads().map((thread) => this.account(thread));
  }

  /** Nothing can happen any more: because all have ended, or because some wait for ever. */
  private atRest(): ExecReason {
    if (this.machine.faults.length > 0) return "fault";
    return this.alive().some(({ state }) => state !== "exited") ? "deadlock" : "idle";
  }

  private report(reason: ExecReason, panic: KernelPanic | null = null): ExecReport {
    const { machine } = this;
    const { instructions, switches } = machine.counters;
    return {
      status: reason === "exit" ? machine.exitStatus : null,
      reason: reason === "exit" && machine.faults.length > 0 ? "fault" : reason,
      instructions,
      switches,
      cycles: Number(machine.cycles),
      host_seconds: (performance.now() - this.startedAt) / 1_000,
      hash: machine.hash,
      threads: [...this.ended, ...this.alive()],
      faults: machine.faults,
      panic,
    };
  }
}

/**
 * Runs a program to its end, or as far as the options allow.
 *
 * @throws ElfError when the file is no program for the machine; ConfigError when it does not fit.
 */
export function runProgram(options: ExecOptions): Promise<ExecReport> {
  return new Exec(options).run();
}
