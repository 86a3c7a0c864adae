// A C program on a machine of its own: loads it, runs it to its end, and keeps account of its threads.

import { setImmediate } from "node:timers/promises";
import type { MachineConfig, SchedulerName, Topology } from "../core/config.js";
import { KernelPanic } from "../core/errors.js";
import { Debugger, type Stop } from "../debug/index.js";
import { parseElf } from "../elf/index.js";
import type { FaultReport } from "../machine/faults.js";
import { type LockReport, lockReports } from "../machine/lock-profile.js";
import { Machine } from "../machine/machine.js";
import type { LoadedElf } from "../machine/programs.js";
import { memoryOf } from "../machine/programs.js";
import type { ThreadState, ThreadView } from "../machine/views.js";
import type { SnapshotPart } from "../snapshot/part.js";
import { createChromeTrace } from "../trace/chrome.js";
import { ExitCode } from "./exit.js";
import { closeTrace } from "./files.js";
import { debugWithGdb } from "./gdb.js";

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
  readonly topology?: Topology;
  readonly scheduler: SchedulerName;
  readonly seed: bigint;
  readonly faults: "panic" | "thread";
  /** Guest memory in MiB. */
  readonly memory: number;
  /** Threads that can exist at a time. */
  readonly threads: number;
  /** Virtual time to run, in nanoseconds; null for as long as it takes. */
  readonly for: number | null;
  /** Look at the order of locks. */
  readonly witness?: true;
  /** Lock profiling. */
  readonly lockProfile?: true;
  /** Spin for a lock while its owner runs. */
  readonly adaptiveLocks?: true;
  /** Compile what is hot. */
  readonly jit: boolean;
  /** Where to write a Chrome trace, or null. */
  readonly trace: string | null;
  /** Port at which gdb may debug the program, 0 for any; null for none. */
  readonly gdb: number | null;
  /** Is told the port when gdb may connect. */
  readonly onListening: (port: number) => void;
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
  /** What lock profiling has counted; null without it. */
  readonly locks: readonly LockReport[] | null;
  readonly faults: readonly FaultReport[];
  /** The panic that ended the run, or null. */
  readonly panic: KernelPanic | null;
}

/** The configuration of a machine for a program. */
function machineFor(options: ExecOptions): MachineConfig {
  const { cpus, topology, scheduler, seed, faults, memory, threads, file, bytes } = options;
  const jit = options.jit && options.gdb === null;
  const { textMemory, end } = memoryOf([parseElf(bytes, file)]);
  return {
    cpus,
    topology,
    scheduler,
    seed,
    faults,
    witness: options.witness ?? false,
    lockProfile: options.lockProfile ?? false,
    adaptiveLocks: options.adaptiveLocks ?? false,
    jit,
    textMemory,
    guestMemory: Math.max(memory * MIB, end),
    maxthread: threads,
  };
}

/** What a snapshot has of the account of a program. */
interface Past {
  readonly ended: number;
  readonly faults: number;
  readonly printed: number;
}

/** A program that runs. */
class Exec {
  private readonly options: ExecOptions;
  private readonly machine: Machine;
  private readonly elf: LoadedElf;
  private readonly ended: ExecThread[] = [];
  /** Bytes that the program has printed, and that the user has seen. */
  private printed = 0;
  private shown = 0;
  private readonly startedAt = performance.now();

  constructor(options: ExecOptions) {
    this.options = options;
    this.machine = new Machine(machineFor(options));
    this.machine.onOutput = (output) => this.print(output);
    this.machine.onPrint = options.onPrint;
    const { file: name, args, bytes } = options;
    this.elf = this.machine.loadElf(bytes, { name, args: [name, ...args] });
    this.machine.onEvent("thread_dtor", (td) => {
      const thread = this.machine.thread(td);
      if (thread.isProgram) this.ended.push(this.account(thread));
    });
    this.machine.attach(this.past());
  }

  /** What a debugger that goes back takes back. */
  private past(): SnapshotPart<Past> {
    const { ended, machine } = this;
    const { faults } = machine;
    return {
      name: "account of the program",
      save: () => ({ ended: ended.length, faults: faults.length, printed: this.printed }),
      restore: (past) => {
        ended.length = past.ended;
        faults.length = past.faults;
        this.printed = past.printed;
      },
    };
  }

  /** Passes on what the program prints, but what it has printed before a debugger went back only once. */
  private print(output: Uint8Array): void {
    const known = Math.max(0, this.shown - this.printed);
    this.printed += output.length;
    if (known >= output.length) return;
    this.shown = this.printed;
    this.options.onOutput(output.subarray(known));
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
    const until = duration === null ? {} : { until: this.cyclesOf(duration) };
    try {
      this.machine.createThread({ name: "main", body: this.elf });
      const end = this.options.gdb === null ? null : await this.debug(this.options.gdb, until);
      if (end !== null) return end;
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
      if (trace !== null) closeTrace(trace);
    }
  }

  /** Has gdb debug the program; null when it has let go and the program is to run on. */
  private async debug(port: number, until: { until?: bigint }): Promise<ExecReport | null> {
    const { machine, elf } = this;
    const { onListening, isInterrupted } = this.options;
    const exitCode = (stop: Stop) => exitCodeOf(this.reportOf(stop));
    const end = await debugWithGdb({
      debug: (isInterrupted) => new Debugger(machine, { ...until, isInterrupted }),
      ...{ base: elf.base, port, exitCode, onListening, isInterrupted },
    });
    if (end.how === "stopped") return this.reportOf(end.stop);
    return end.how === "detached" ? null : this.report("interrupted");
  }

  private reportOf(stop: Stop): ExecReport {
    switch (stop.why) {
      case "exit":
      case "time":
        return this.report(stop.why);
      case "idle":
        return this.report(this.atRest());
      case "panic":
        return this.report(this.machine.faults.length > 0 ? "fault" : "panic", stop.panic);
      default:
        return this.report("interrupted");
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
      locks: lockReports(machine),
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

/** The exit code that tells how a run has ended. */
export function exitCodeOf({ reason, status }: ExecReport): number {
  switch (reason) {
    case "exit":
      return (status ?? 0) & 0xff;
    case "deadlock":
      return ExitCode.DEADLOCK;
    case "fault":
    case "panic":
      return ExitCode.FAULT;
    case "interrupted":
      return ExitCode.INTERRUPTED;
    default:
      return 0;
  }
}
