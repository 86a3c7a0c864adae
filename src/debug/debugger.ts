// A debugger: runs a machine forward and backward to where its user wants to look.
//
// Forward, it runs with marks at the breakpoints. A thread that is stepped runs with all others around it, as
// ever, up to its next instruction: nobody is held back for it, since that would be another run. Backward, it
// puts a snapshot back and runs forward from there, twice: to find the last event before the present, and to
// stop at it.

import {
  bytes as bytesRule,
  callback,
  checkArgument,
  checkOptions,
  count,
  instance,
  long,
  oneOf,
  optional,
  shaped,
  unsigned,
  whole,
  word,
} from "../core/arguments.js";
import { KernelPanic } from "../core/errors.js";
import { WATCHES_MAX } from "../generated/layout.js";
import { Machine } from "../machine/machine.js";
import type { RunReason } from "../machine/options.js";
import { ThreadView } from "../machine/views.js";
import { Engine, PC } from "./engine.js";
import { type Entry, History } from "./history.js";
import { PastSteps } from "./past-steps.js";
import type { WatchKind, Watchpoint } from "./stops.js";
import { isAlive, type Subject, subjectOf } from "./subject.js";

/** Why the machine has stopped. */
export type Stop =
  /** A thread is at a breakpoint, or has executed its step. */
  | { readonly why: "break" | "step" }
  /** Watched memory was accessed; backward: is about to be. */
  | { readonly why: "watch"; readonly watchpoint: Watchpoint }
  /** An instruction cannot be executed: RV_FAULT_*. What comes of it comes when the machine runs on. */
  | { readonly why: "fault"; readonly kind: number }
  /** The kernel has panicked. */
  | { readonly why: "panic"; readonly panic: KernelPanic }
  /** The user has interrupted it. */
  | { readonly why: "interrupted" }
  /** The program has ended the run: see {@link Machine.exitStatus}. */
  | { readonly why: "exit" }
  /** Nothing can happen any more. */
  | { readonly why: "idle" }
  /** The time that it was to run is over. */
  | { readonly why: "time" }
  /** Backward: here begins what is kept of the past. */
  | { readonly why: "start" }
  /** On bare metal: a trap of this cause, and nothing handles it. */
  | { readonly why: "trap"; readonly cause: number };

/** How a machine is debugged. */
export interface DebuggerOptions {
  /** Virtual time at which the run ends, in cycles. */
  readonly until?: bigint;
  /** Bytes that snapshots of the past may take. Default 256 MiB. */
  readonly history?: number;
  /** Asked between two pieces of a run: whether to stop. It may let the host do other things. */
  readonly isInterrupted?: () => Promise<boolean> | boolean;
}

/** Rounds between two looks at what the user wants: some milliseconds. */
const ROUNDS_AT_ONCE = 2_000;

const machineRule = instance(Machine, "a machine");
const optionRules = {
  until: optional(long),
  history: optional(count),
  isInterrupted: optional(callback),
};
const threadRule = instance(ThreadView, "a thread of the machine");
const kindRule = oneOf(["write", "read", "access"]);
const registerRule = whole(0, PC);
const watchpointRule = shaped("{ kind, address, size }, of kind write, read or access", {
  kind: kindRule,
  address: unsigned,
  size: unsigned,
});

/** A debugger of one machine, which has no compiler (`jit: false`). */
export class Debugger {
  private readonly engine: Engine;
  private readonly history: History;
  private readonly breakpoints = new Set<number>();
  private readonly watchpoints: Watchpoint[] = [];
  /** The thread that the last stop was about. */
  private subject: Subject | null = null;
  /** Of the marks that are armed, that of a thread that is stepped: only it stops there. */
  private goal: { readonly pc: number; readonly td: number } | null = null;

  constructor(
    readonly machine: Machine,
    private readonly options: DebuggerOptions = {},
  ) {
    checkArgument("Debugger", "machine", machine, machineRule);
    checkOptions("Debugger", options, optionRules);
    this.engine = new Engine(machine);
    this.history = new History(this.engine, options.history);
  }

  private checkThread(method: string, thread: ThreadView): void {
    checkArgument(method, "thread", thread, threadRule);
  }

  // ---- What to stop at ----

  /** Stops before the instruction at an address. Marks may lie anywhere; those outside the text do nothing. */
  addBreakpoint(address: number): void {
    checkArgument("addBreakpoint", "address", address, unsigned);
    this.breakpoints.add(address);
  }

  removeBreakpoint(address: number): void {
    checkArgument("removeBreakpoint", "address", address, unsigned);
    this.breakpoints.delete(address);
  }

  /** Stops at accesses to memory. False if there is no room for another watchpoint. */
  addWatchpoint(watchpoint: Watchpoint): boolean {
    checkArgument("addWatchpoint", "watchpoint", watchpoint, watchpointRule);
    if (this.watchpoints.length === WATCHES_MAX) return false;
    this.watchpoints.push(watchpoint);
    return true;
  }

  removeWatchpoint(kind: WatchKind, address: number, size: number): void {
    checkArgument("removeWatchpoint", "kind", kind, kindRule);
    checkArgument("removeWatchpoint", "address", address, unsigned);
    checkArgument("removeWatchpoint", "size", size, unsigned);
    const index = this.watchpoints.findIndex(
      (one) => one.kind === kind && one.address === address && one.size === size,
    );
    if (index >= 0) this.watchpoints.splice(index, 1);
  }

  // ---- Looking ----

  /** The threads that run RV32 code and can be looked at. */
  threads(): readonly ThreadView[] {
    return this.machine.programThreads().filter(({ state }) => state !== "exited");
  }

  /** The thread that the last stop was about, or one that runs, or any; null when there is none. */
  get thread(): ThreadView | null {
    const { subject } = this;
    if (subject !== null && isAlive(subject)) return subject.thread;
    const threads = this.threads();
    return threads.find((thread) => this.engine.isCurrent(thread)) ?? threads[0] ?? null;
  }

  /** A register of a thread, x0 to x31 and then pc. */
  register(thread: ThreadView, number: number): number {
    this.checkThread("register", thread);
    checkArgument("register", "number", number, registerRule);
    return this.engine.register(thread.address, number);
  }

  /** Sets a register: another run from here on. False if it cannot be that. */
  setRegister(thread: ThreadView, number: number, value: number): boolean {
    this.checkThread("setRegister", thread);
    checkArgument("setRegister", "number", number, registerRule);
    checkArgument("setRegister", "value", value, word);
    this.history.change();
    return this.engine.setRegister(thread.address, number, value);
  }

  /** Bytes of guest memory; fewer, or none, where it ends. */
  readMemory(address: number, size: number): Uint8Array {
    checkArgument("readMemory", "address", address, unsigned);
    checkArgument("readMemory", "size", size, unsigned);
    return this.engine.read(address, size);
  }

  /** Writes guest memory: another run from here on. False if that is not all a program's. */
  writeMemory(address: number, bytes: Uint8Array): boolean {
    checkArgument("writeMemory", "address", address, unsigned);
    checkArgument("writeMemory", "bytes", bytes, bytesRule);
    this.history.change();
    return this.engine.write(address, bytes);
  }

  // ---- Forward ----

  /** Runs on to the next stop. */
  resume(): Promise<Stop> {
    return this.travel(async () => (await this.go()) ?? { why: "step" });
  }

  /**
   * Runs on until a thread has executed one instruction, or something else has happened. All others run
   * meanwhile if it does not have its CPU.
   */
  step(thread: ThreadView): Promise<Stop> {
    this.checkThread("step", thread);
    const subject = subjectOf(thread);
    return this.travel(async () => {
      const early = this.isAt(subject) ? null : await this.goTo(subject);
      if (early !== null) return early;
      const stop = this.stepOnce();
      if (stop !== null) return stop;
      return (this.isAt(subject) ? null : await this.goTo(subject)) ?? this.stopOf(thread, "step");
    });
  }

  /** Does a journey with what the engine needs before it and leaves nothing behind. */
  private async travel(journey: () => Promise<Stop>): Promise<Stop> {
    this.history.look();
    try {
      return await journey();
    } catch (error) {
      if (!(error instanceof KernelPanic)) throw error;
      this.noteCurrent();
      return { why: "panic", panic: error };
    } finally {
      this.goal = null;
      this.engine.disarm();
    }
  }

  /** True if the machine is stopped with a thread about to execute its next instruction. */
  private isAt({ thread, tid }: Subject): boolean {
    const { engine } = this;
    return engine.isStopped && engine.currentThread === thread.address && thread.tid === tid;
  }

  /** Runs on until a thread is about to execute its next instruction: null. Or another stop. */
  private goTo({ thread }: Subject): Promise<Stop | null> {
    this.goal = { pc: this.register(thread, PC), td: thread.address };
    return this.go();
  }

  private arm(): void {
    const { breakpoints, goal, watchpoints } = this;
    const marks = goal === null ? breakpoints : [...breakpoints, goal.pc];
    this.engine.arm({ marks, watches: [...watchpoints] });
  }

  /** Runs on from a place that the user knows to the next stop; null at the goal. */
  private async go(): Promise<Stop | null> {
    this.arm();
    if (this.engine.isStopped) {
      const stop = this.stepOnce();
      if (stop !== null) return stop;
    }
    for (;;) {
      const place = this.here();
      if (place !== "on") return place;
      if (this.isMarked) {
        const stop = this.stepOnce(); // another thread is at the goal
        if (stop !== null) return stop;
        continue;
      }
      const { reason, stop } = this.run();
      if (stop !== null) return stop;
      if (reason === "rounds" && (await this.isInterrupted())) return this.interrupted();
    }
  }

  private async isInterrupted(): Promise<boolean> {
    this.engine.disarm();
    this.history.look();
    const is = (await this.options.isInterrupted?.()) ?? false;
    this.arm();
    return is;
  }

  private interrupted(): Stop {
    this.subject = null;
    return { why: "interrupted" };
  }

  /** True if the current thread is about to execute an instruction with a mark. */
  private get isMarked(): boolean {
    if (!this.engine.isStopped) return false;
    const pc = this.engine.register(this.engine.currentThread, PC);
    return this.breakpoints.has(pc) || this.goal?.pc === pc;
  }

  /** What the place means where the machine has come to: null for the goal, "on" for nothing. */
  private here(): Stop | null | "on" {
    const { engine, goal } = this;
    if (!engine.isStopped) return "on";
    const td = engine.currentThread;
    const pc = engine.register(td, PC);
    if (goal?.pc === pc && goal.td === td) return null;
    return this.breakpoints.has(pc) ? this.stopOf(this.machine.thread(td), "break") : "on";
  }

  /** Runs on for a while; what it has come to, or null. */
  private run(): { readonly reason: RunReason; readonly stop: Stop | null } {
    const { engine } = this;
    const reason = engine.run(ROUNDS_AT_ONCE, this.options.until);
    const { watchHit } = engine;
    if (watchHit === null) return { reason, stop: this.endOf(reason) };
    // It has stopped before the access, and the user is told behind it.
    this.noteCurrent();
    const end = this.endOf(engine.step(1));
    return { reason, stop: end ?? { why: "watch", watchpoint: watchHit } };
  }

  /** Executes the current thread's instruction; what came of it apart from that, or null. */
  private stepOnce(): Stop | null {
    const subject = subjectOf(this.machine.thread(this.engine.currentThread));
    const end = this.endOf(this.engine.step(1));
    const { watchHit } = this.engine;
    if (end !== null || watchHit === null) return end;
    this.subject = subject;
    return { why: "watch", watchpoint: watchHit };
  }

  /** What a run or a step has ended with, if that is a stop wherever the machine may be. */
  private endOf(reason: RunReason): Stop | null {
    const { fault } = this.engine;
    if (reason === "exit" || reason === "idle" || reason === "time") return { why: reason };
    if (reason === "stopped") return this.interrupted();
    if (fault === null) return null;
    this.noteCurrent();
    return { why: "fault", kind: fault };
  }

  // ---- Backward ----

  /** Runs backward to the last stop before the present. */
  reverse(): Promise<Stop> {
    return this.travel(async () => {
      let end = this.engine.position;
      for (const entry of this.history.before(end)) {
        this.restore(entry);
        const count = await this.countEvents(end);
        if (count === null) return this.interrupted();
        if (count > 0) return await this.toEvent(entry, count);
        end = entry.position;
      }
      return this.toStart();
    });
  }

  /** Runs backward to where a thread is about to execute its last instruction before the present. */
  reverseStep(thread: ThreadView): Promise<Stop> {
    this.checkThread("reverseStep", thread);
    const subject = subjectOf(thread);
    return this.travel(async () => {
      let end = this.engine.position;
      for (const entry of this.history.before(end)) {
        const past = new PastSteps(this.engine, () => this.restore(entry));
        if (past.goToLast(subject, end)) return this.stopOf(thread, "step");
        end = entry.position;
      }
      return this.toStart();
    });
  }

  private restore({ snapshot }: Entry): void {
    this.engine.disarm();
    this.machine.restore(snapshot);
  }

  private toStart(): Stop {
    const { first } = this.history;
    if (first !== undefined) this.restore(first);
    this.subject = null;
    return { why: "start" };
  }

  /** Runs through the events from here to a moment; their number, or null if the user has interrupted it. */
  private async countEvents(end: number): Promise<number | null> {
    let count = 0;
    for (let event = await this.nextEvent(end, true); ; event = await this.nextEvent(end, false)) {
      if (event === null) return count;
      if (event.why === "interrupted") return null;
      count++;
    }
  }

  private async toEvent(entry: Entry, count: number): Promise<Stop> {
    this.restore(entry);
    let event = await this.nextEvent(Number.POSITIVE_INFINITY, true);
    for (let index = 1; index < count; index++) {
      event = await this.nextEvent(Number.POSITIVE_INFINITY, false);
    }
    return event ?? this.toStart();
  }

  /**
   * Runs on to what a run backward stops at, which may be here at first: a breakpoint, an access before it
   * takes place, a fault. Null if there is none before the moment `end`.
   */
  private async nextEvent(end: number, isFirst: boolean): Promise<Stop | null> {
    const { engine } = this;
    this.arm();
    try {
      if (!isFirst && engine.isStopped) engine.step(1);
      for (;;) {
        if (engine.position >= end) return null;
        const place = this.here();
        if (place !== "on" && place !== null) return place;
        const reason = engine.run(ROUNDS_AT_ONCE, this.options.until);
        if (engine.position >= end) return null;
        const { watchHit, fault } = engine;
        this.noteCurrent();
        if (watchHit !== null) return { why: "watch", watchpoint: watchHit };
        if (fault !== null) return { why: "fault", kind: fault };
        if (reason === "rounds" && (await this.isInterrupted())) return this.interrupted();
        if (reason !== "rounds" && reason !== "break") return null;
      }
    } catch (error) {
      if (error instanceof KernelPanic) return null;
      throw error;
    }
  }

  private noteCurrent(): void {
    this.subject = subjectOf(this.machine.thread(this.engine.currentThread));
  }

  private stopOf(thread: ThreadView, why: "break" | "step"): Stop {
    this.subject = subjectOf(thread);
    return { why };
  }
}
