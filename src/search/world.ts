// One machine under search: it performs schedules, one after the other, each from the same start.
//
// The unit of a schedule is a step: one visible operation of one thread, which is a kernel call, an access to a
// shared word, or the rest of a call that had blocked. Before each step a strategy chooses among the threads
// that can run, of all priorities and CPUs. What a body does between two operations belongs to the earlier one.
// Time moves when no thread can run, so that timeouts come last.

import type { MachineConfig } from "../core/config.js";
import { ConfigError, KernelPanic } from "../core/errors.js";
import type { KernelSource } from "../core/instantiate.js";
import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import { type Body, callSpecs, type KernelCall, resultHigh } from "../machine/calls.js";
import { Machine } from "../machine/machine.js";
import { ThreadView } from "../machine/views.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { Choice, createTools, Operation, type SearchTools } from "./operations.js";
import type { Strategy } from "./strategies.js";
import { findLostWakeup, tellWaits } from "./stuck.js";

const { Thread: T, GlobalData: G, Frame: F } = Layout;

/** Judges a schedule at its end: throws if the end is wrong. */
export type Judge = () => void;

/**
 * Creates the threads of a test; it is called anew for each schedule, on a machine without any other. Returns
 * the {@link Judge} of the end, or nothing.
 */
export type Setup = (machine: Machine, tools: SearchTools) => unknown;

/** What can go wrong in a schedule. */
export type FailureKind =
  | "deadlock"
  | "assertion"
  | "panic"
  | "fault"
  | "lost-wakeup"
  | "livelock"
  | "race";

/** A step of a schedule, for its story. */
export interface Step {
  readonly thread: string;
  readonly what: string;
}

/** What came of a schedule. */
export interface Outcome {
  readonly failure: { readonly kind: FailureKind; readonly message: string } | null;
  /** The choices, wherever there was more than one possibility. */
  readonly choices: readonly number[];
  /** How often a thread lost its turn though it could have gone on. */
  readonly preemptions: number;
  readonly steps: number;
  /** The machine's hash at the end. */
  readonly hash: string;
}

/** Limits of a schedule. */
export interface Limits {
  /** Preemptions; further ones are not tried. */
  readonly preemptions: number;
  /** Steps, after which the schedule is a livelock. */
  readonly steps: number;
}

/** Small, so that going back to the start is quick; code takes no time. */
const DEFAULTS: MachineConfig = {
  maxthread: 64,
  maxproc: 16,
  guestMemory: 16_384,
  textMemory: 8_192,
  objects: 256,
  stringMemory: 16_384,
  time: "idle",
  preemption: false,
  jit: false,
};
/** Steps of one thread while others could run, after which one of these is next. */
const STEPS_IN_A_ROW_MAX = 100;
/** What a thread's next step is, where it is no operation. */
const RESUME = "resume";
const RETURN = "return";

type Pending = KernelCall<unknown> | Operation | Choice | typeof RESUME | typeof RETURN;

/** A thread of the test. */
export interface Actor {
  readonly td: number;
  /** Its place in the order of creation. */
  readonly number: number;
  readonly body: Body;
  pending: Pending;
  /** The call that it is blocked in, as a story tells it. */
  call: string;
  /** The first of its last looks at shared words, or its last step if that was none. */
  lookedSince: number;
  isLooking: boolean;
  /** When it went to sleep last. */
  blockedAt: number;
  /** What it has done since another thread had a step. */
  turn: Turn;
}

/** What a thread has done since another one had a step. */
enum Turn {
  /** Anything; its last step was no yield. */
  GOES_ON,
  /** It has just yielded: going on with another thread is no preemption. */
  YIELDED,
  /** It has looked at something after a yield. */
  LOOKED,
  /** It yields again after it looked, and nothing has changed: others are next. */
  SPINS,
}

/** Ends a schedule. */
class Failed extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}

/** A machine under search. */
export class World {
  private machine!: Machine;
  private kernel!: Kernel;
  private start!: Snapshot;
  private readonly config: MachineConfig;
  private actors: Actor[] = [];
  private created = 0;
  private choices: number[] = [];
  private preemptions = 0;
  private steps = 0;
  private last: Actor | null = null;
  private inARow = 0;
  /** Wakeups that nobody slept for: when, and on which channel. */
  private readonly unheard: { step: number; channel: number }[] = [];
  private idleThreads = new Set<number>();

  constructor(
    private readonly setup: Setup,
    config: MachineConfig = {},
    private readonly build: KernelSource = "release",
  ) {
    this.config = { ...DEFAULTS, ...config };
    this.boot();
    this.rememberTexts();
  }

  private boot(): void {
    this.machine = new Machine(this.config, this.build);
    this.kernel = this.machine.kernel;
    this.machine.run();
    this.kernel.setBudget({});
    this.start = this.machine.snapshot();
    const { cpus } = this.machine.config;
    this.idleThreads = new Set(
      Array.from({ length: cpus }, (_, cpu) =>
        this.kernel.read(this.kernel.globaldata(cpu) + G.gd_idletd),
      ),
    );
    this.idleThreads.add(this.kernel.machine("host_td")); // makes calls, but has no turn
  }

  /** Makes the texts of the test part of the start: encoding them takes as long as a short schedule. */
  private rememberTexts(): void {
    const { machine, kernel } = this;
    const before = kernel.texts.mark().count;
    this.prepare();
    const { list, count } = kernel.texts.mark();
    const texts = list.slice(before, count).map(({ text }) => text);
    machine.restore(this.start);
    for (const text of texts) kernel.intern(text);
    this.start = machine.snapshot();
  }

  /** Performs a schedule from the start. `onStep` is told of its steps. */
  perform(
    strategy: Strategy,
    schedule: number,
    limits: Limits,
    onStep: ((step: Step) => void) | null = null,
  ): Outcome {
    if (this.kernel.panic !== null) this.boot();
    else this.machine.restore(this.start);
    this.reset();
    strategy.begin(schedule);
    let failure: Outcome["failure"] = null;
    try {
      const judge = this.prepare();
      this.run(strategy, limits, onStep);
      this.judge(judge);
    } catch (error) {
      failure = this.failureOf(error);
    }
    const { choices, preemptions, steps } = this;
    return { failure, choices, preemptions, steps, hash: this.machine.hash };
  }

  private prepare(): unknown {
    try {
      return this.setup(this.machine, createTools());
    } catch (error) {
      if (error instanceof KernelPanic || error instanceof ConfigError) throw error;
      throw new ConfigError(`setup has thrown: ${textOf(error)}`);
    }
  }

  private reset(): void {
    this.actors = [];
    this.created = 0;
    this.choices = [];
    this.preemptions = 0;
    this.steps = 0;
    this.last = null;
    this.inARow = 0;
    this.unheard.length = 0;
  }

  private judge(judge: unknown): void {
    if (typeof judge !== "function") return;
    try {
      (judge as Judge)();
    } catch (error) {
      throw new Failed("assertion", textOf(error));
    }
  }

  private failureOf(error: unknown): Outcome["failure"] {
    if (error instanceof Failed) return { kind: error.kind, message: error.message };
    if (error instanceof KernelPanic) return { kind: "panic", message: error.message.trimEnd() };
    throw error;
  }

  // ---- A schedule ----

  private run(strategy: Strategy, limits: Limits, onStep: ((step: Step) => void) | null): void {
    for (;;) {
      this.endBodies();
      const actor = this.choose(strategy, limits);
      if (actor === null) {
        if (this.kernel.exports.search_settle(1) === Layout.Run.IDLE) break;
      } else {
        const what = onStep === null ? "" : describePending(actor);
        const name = onStep === null ? "" : this.kernel.nameAt(actor.td);
        this.step(actor, strategy);
        onStep?.({ thread: name, what: what + (this.hasBlocked(actor) ? " ... waits" : "") });
      }
      if (++this.steps >= limits.steps) {
        const names = this.actors.map(({ td }) => this.kernel.nameAt(td)).join(", ");
        throw new Failed("livelock", `no end after ${limits.steps} steps: ${names} go on for ever`);
      }
    }
    this.assertAllEnded();
  }

  private hasBlocked(actor: Actor): boolean {
    return actor.pending === RESUME;
  }

  private assertAllEnded(): void {
    const stuck = this.actors.filter(({ td }) => !this.hasExited(td));
    if (stuck.length === 0) return;
    const lost = findLostWakeup(this.machine, stuck, this.unheard);
    if (lost !== null) throw new Failed("lost-wakeup", lost);
    throw new Failed("deadlock", tellWaits(this.machine, stuck));
  }

  /** Ends the bodies that have returned, and those threads of the kernel's own that can run. */
  private endBodies(): void {
    const { kernel } = this;
    for (let isAgain = true; isAgain; ) {
      isAgain = false;
      if (kernel.machine("ipi_cpus") !== 0) kernel.exports.search_settle(0);
      for (const td of this.runnable()) {
        const actor = this.actorAt(td);
        if (actor !== null && actor.pending !== RETURN) continue;
        isAgain = true;
        const why = kernel.exports.search_turn(td) & Layout.RUN_REASON;
        if (actor === null || why !== Layout.Run.HOST || kernel.curthread() !== td) continue;
        kernel.exports.search_call(Layout.Sys.body_return);
        this.forget(actor);
      }
    }
  }

  /** Threads that can run, by their place in memory. */
  private runnable(): number[] {
    const { kernel } = this;
    const found: number[] = [];
    const end = kernel.machine("zone_next");
    for (let td = kernel.threadAt(0), i = 0; i < end; i++, td += T.size) {
      const state = kernel.u8[td + T.td_state];
      if (state === Layout.TDS.RUNQ) {
        if (kernel.read(td + T.td_slot) === 0) continue;
      } else if (state !== Layout.TDS.RUNNING || this.idleThreads.has(td)) continue;
      if (this.mayRun(td)) found.push(td);
    }
    return found;
  }

  /** False if its CPU's thread must not lose the CPU: in a critical section, or while it preempts. */
  private mayRun(td: number): boolean {
    const { kernel } = this;
    const cpu = kernel.u8[td + T.td_cpu] as number;
    const current = kernel.read(kernel.globaldata(cpu) + G.gd_curthread);
    if (current === td || this.idleThreads.has(current)) return true;
    if (kernel.u8[current + T.td_state] !== Layout.TDS.RUNNING) return true;
    if (kernel.read(current + T.td_preempted) !== 0) return false;
    return kernel.u8[current + T.td_kfn] !== 0 || kernel.readSigned(current + T.td_pri) >> 5 <= 0;
  }

  private hasExited(td: number): boolean {
    return new ThreadView(this.kernel, td).state === "exited";
  }

  /** The actor of a thread that can run, which begins if it is new; null for the kernel's own. */
  private actorAt(td: number): Actor | null {
    const { kernel } = this;
    const kind = kernel.u8[td + T.td_body] as number;
    const known = this.actors.find((actor) => actor.td === td);
    if (known !== undefined && (kind & Layout.TDB_FRESH) === 0) return known;
    if (known !== undefined) this.forget(known);
    switch (kind & Layout.TDB_KIND) {
      case Layout.TDB.HOST:
        return this.begin(td);
      case Layout.TDB.RV32:
        throw new ConfigError(
          `thread "${kernel.nameAt(td)}" runs RISC-V code; explore takes threads with JavaScript bodies only so far`,
        );
      default:
        return null;
    }
  }

  private begin(td: number): Actor {
    const actor: Actor = {
      td,
      number: this.created++,
      body: this.machine.bodies.begin(td),
      pending: RESUME,
      call: "",
      lookedSince: 0,
      isLooking: false,
      blockedAt: 0,
      turn: Turn.GOES_ON,
    };
    this.actors.push(actor);
    this.advance(actor, 0, 0);
    return actor;
  }

  private forget(actor: Actor): void {
    this.actors.splice(this.actors.indexOf(actor), 1);
    if (this.last === actor) this.last = null;
  }

  // ---- Choices ----

  /** The thread of the next step: chosen where several can run; null if none can. */
  private choose(strategy: Strategy, limits: Limits): Actor | null {
    const able: Actor[] = [];
    for (const td of this.runnable()) {
      const actor = this.actorAt(td);
      if (actor !== null) able.push(actor);
    }
    if (able.length === 0) return null;
    const { last } = this;
    able.sort((a, b) => a.number - b.number);
    const isLastAble = last !== null && able.includes(last);
    let options = able;
    if (isLastAble) {
      const others = able.filter((actor) => actor !== last);
      const mustYield = last.turn === Turn.SPINS || this.inARow >= STEPS_IN_A_ROW_MAX;
      if (mustYield && others.length > 0) options = others;
      else options = last.turn === Turn.YIELDED ? [...others, last] : [last, ...others];
    }
    const isPreemptible = isLastAble && options[0] === last;
    const choice = this.decide(strategy, limits, options, isPreemptible);
    if (isPreemptible && choice !== 0) this.preemptions++;
    const next = options[choice] as Actor;
    if (next === last) this.inARow++;
    else {
      this.inARow = 0;
      if (last !== null) last.turn = Turn.GOES_ON;
    }
    this.last = next;
    return next;
  }

  private decide(
    strategy: Strategy,
    limits: Limits,
    options: readonly Actor[],
    isPreemptible: boolean,
  ): number {
    const count = options.length;
    if (count === 1) return 0;
    const isBound = isPreemptible && this.preemptions >= limits.preemptions;
    const threads = options.map(({ number }) => number);
    const choice = isBound ? 0 : strategy.choose({ count, threads });
    this.choices.push(choice);
    return choice;
  }

  // ---- Steps ----

  private step(actor: Actor, strategy: Strategy): void {
    const { kernel } = this;
    const { td, pending } = actor;
    const why = kernel.exports.search_turn(td) & Layout.RUN_REASON;
    if (why !== Layout.Run.HOST || kernel.curthread() !== td) return;
    if (pending === RESUME) {
      this.noteStep(actor, false, true);
      const a0 = (kernel.frame(td) + F.a0) >>> 2;
      this.advance(actor, kernel.i32[a0] as number, kernel.i32[a0 + 1] as number);
    } else if (pending instanceof Operation) {
      this.noteStep(actor, !pending.isWrite, pending.isWrite);
      this.advance(actor, pending.perform(), 0);
    } else if (pending instanceof Choice) {
      this.advance(actor, this.chooseValue(strategy, pending.count), 0);
    } else if (pending !== RETURN) {
      this.call(actor, pending);
    }
  }

  /** Keeps account of what a thread has looked at, and whether it only spins. */
  private noteStep(actor: Actor, isLook: boolean, isWrite: boolean): void {
    if (!isLook || !actor.isLooking) actor.lookedSince = this.steps;
    actor.isLooking = isLook;
    if (isWrite) actor.turn = Turn.GOES_ON;
    else if (actor.turn === Turn.YIELDED) actor.turn = Turn.LOOKED;
  }

  private chooseValue(strategy: Strategy, count: number): number {
    if (count < 2) return 0;
    const choice = strategy.choose({ count, threads: null });
    this.choices.push(choice);
    return choice;
  }

  private call(actor: Actor, call: KernelCall<unknown>): void {
    const { kernel } = this;
    const { td } = actor;
    const { bodies } = this.machine;
    if (call.args.length > 0) {
      kernel.writeArguments(td, bodies.registers, bodies.convert(call));
    }
    this.noteWakeup(call);
    actor.call = describeCall(call);
    const wasTurn = actor.turn;
    const yields = call.nr === Layout.Sys.lwkt_yield || call.nr === Layout.Sys.sched_relinquish;
    kernel.exports.search_call(call.nr);
    if (this.hasExited(td)) {
      this.forget(actor);
      return;
    }
    const state = kernel.u8[td + T.td_state];
    const isAble = state === Layout.TDS.RUNNING || state === Layout.TDS.RUNQ;
    if (!isAble || kernel.u8[td + T.td_kfn] !== 0) {
      actor.pending = RESUME;
      actor.blockedAt = this.steps;
      return;
    }
    this.noteStep(actor, false, false);
    if (yields) actor.turn = wasTurn === Turn.LOOKED ? Turn.SPINS : Turn.YIELDED;
    const frame = kernel.frame(td);
    const isInCall = ((kernel.u8[td + T.td_body] as number) & Layout.TDB_INCALL) !== 0;
    const low = kernel.readSigned(frame + (isInCall ? F.retval : F.a0));
    this.advance(actor, low, kernel.readSigned(frame + F.a0 + 4));
  }

  /** Remembers a wakeup on a channel that nobody sleeps on. */
  private noteWakeup(call: KernelCall<unknown>): void {
    const { kernel } = this;
    const isWakeup =
      call.nr === Layout.Sys.wakeup ||
      call.nr === Layout.Sys.wakeup_one ||
      call.nr === Layout.Sys.cv_signal ||
      call.nr === Layout.Sys.cv_broadcast;
    if (!isWakeup) return;
    const channel = this.machine.bodies.registers[0] as number;
    const isHeard = this.actors.some(({ td }) => kernel.read(td + T.td_wchan) === channel);
    if (!isHeard) this.unheard.push({ step: this.steps, channel });
  }

  /** Gives a body its result, and sees what it does next. */
  private advance(actor: Actor, low: number, high: number): void {
    resultHigh.word = high;
    try {
      const step = actor.body.next(low);
      actor.pending = step.done ? RETURN : step.value;
    } catch (error) {
      if (error instanceof KernelPanic) throw error;
      throw new Failed("assertion", `thread "${this.kernel.nameAt(actor.td)}": ${textOf(error)}`);
    }
    const pending: unknown = actor.pending;
    const isKnown =
      pending === RETURN ||
      isKernelCall(pending) ||
      pending instanceof Operation ||
      pending instanceof Choice;
    if (!isKnown) {
      throw new ConfigError(
        `thread "${this.kernel.nameAt(actor.td)}" has yielded something that is no kernel call, access to a shared word or choice`,
      );
    }
  }
}

/** True for a kernel call, also one that another copy of this library has made. */
function isKernelCall(value: unknown): value is KernelCall<unknown> {
  const { nr, args } = (value ?? {}) as Partial<KernelCall<unknown>>;
  return typeof nr === "number" && callSpecs[nr] !== undefined && Array.isArray(args);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describePending({ pending, call }: Actor): string {
  if (pending === RESUME) return `${call} goes on`;
  if (pending === RETURN) return "returns";
  if (pending instanceof Operation) return pending.name;
  if (pending instanceof Choice) return `choice(${pending.count})`;
  return describeCall(pending);
}

function describeCall(call: KernelCall<unknown>): string {
  const args = call.args.map((arg) => {
    if (typeof arg === "string") return JSON.stringify(arg);
    if (typeof arg === "function") return arg.name === "" ? "function" : arg.name;
    return typeof arg === "object" ? `0x${arg.address.toString(16)}` : String(arg);
  });
  return `${call.call}(${args.join(", ")})`;
}
