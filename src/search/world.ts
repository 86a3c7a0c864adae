// One machine under search: it performs schedules, one after the other, each from the same start.
//
// The kernel performs them (assembly/run/search.ts): what a step is, and where a choice is made, stands there. Here
// the machine goes back to the start, JavaScript bodies do their steps, and the end is judged.

import { isThenable } from "../core/arguments.js";
import type { MachineConfig } from "../core/config.js";
import { ConfigError, KernelPanic } from "../core/errors.js";
import type { KernelSource } from "../core/instantiate.js";
import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import type { FaultReport } from "../machine/faults.js";
import { Machine } from "../machine/machine.js";
import { type ThreadState, ThreadView } from "../machine/views.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { SearchBodies } from "./bodies.js";
import { Failed, type FailureKind, textOf } from "./failure.js";
import { createTools, type SearchTools } from "./operations.js";
import { describeProgramStep } from "./program-step.js";
import { RandomStrategy, SearchState, type Strategy } from "./strategies.js";
import { findLostWakeup, type Stuck, tellWaits } from "./stuck.js";
import { type Scene, Teller } from "./teller.js";

const CAN_RUN: ReadonlySet<ThreadState> = new Set(["running", "runnable"]);
const { Pending, Search: S, SearchStop, SearchThread: N, SearchUnheard: U } = Layout;

/** Judges a schedule at its end: throws if the end is wrong. */
export type Judge = () => void;

/** Judges a schedule while it goes on: each throws if something is wrong. */
export interface Watch {
  /** Called after each step. */
  readonly always?: Judge;
  /** Called at the end. */
  readonly end?: Judge;
  /**
   * Called where threads are left that nothing will ever wake: true if that is as it should be, and no failure.
   * Default: it never is.
   */
  readonly atRest?: () => boolean;
  /** True if a schedule need not end: the limit of steps is its end then, and no failure. Default false. */
  readonly endless?: boolean;
}

/**
 * Creates the threads of a test; it is called anew for each schedule, on a machine without any other, unless all
 * threads run RISC-V code: then once. Returns the {@link Judge} of the end, a {@link Watch}, or nothing.
 */
export type Setup = (machine: Machine, tools: SearchTools) => unknown;

/** A schedule that failed. */
export interface Outcome {
  readonly failure: { readonly kind: FailureKind; readonly message: string };
  /** The choices, wherever there was more than one possibility. */
  readonly choices: readonly number[];
  /** How often a thread lost its turn though it could have gone on. */
  readonly preemptions: number;
  readonly steps: number;
  /** The machine's hash at the end. */
  readonly hash: string;
}

/** Guest addresses of words of memory, in ascending order. */
export type Words = readonly number[];

/** Limits of a schedule. */
export interface Limits {
  /** Preemptions; further ones are not tried. */
  readonly preemptions: number;
  /** Steps, after which the schedule is a livelock. */
  readonly steps: number;
  /** Leave out schedules that differ from others in the order of independent steps only. */
  readonly reduce: boolean;
  /** What is chosen besides who runs next: SEARCH_TIMEOUTS and so on. */
  readonly choices: number;
  /** Look for races. */
  readonly races: boolean;
}

/** Steps that a schedule can have at most. */
export const STEPS_MAX = 200_000;

/** Small, so that going back to the start is quick. */
const DEFAULTS: MachineConfig = {
  maxthread: 64,
  maxproc: 16,
  guestMemory: 16_384,
  textMemory: 8_192,
  objects: 256,
  stringMemory: 16_384,
  preemption: false,
};
/** Code takes no time, and stops before each visible operation. */
const FORCED: MachineConfig = { time: "idle", jit: false, search: true };
/** The start is put back all the time, however large it is. */
const UNPACKED = { packed: false };
const U32_MAX = 2 ** 32 - 1;
/** Where a C program faults when an assertion does not hold (lib/c/src/stdlib.c). */
const ASSERT_FAILED = "ktm_assert_failed";
/** Schedules by which a search of RISC-V code learns which words threads share. */
const WARM_UP = 64;
const WARM_UP_LIMITS: Limits = {
  preemptions: U32_MAX,
  steps: 2_000,
  reduce: false,
  choices: 0,
  races: false,
};

/** A machine under search. */
export class World {
  private readonly machine: Machine;
  private readonly kernel: Kernel;
  private readonly bodies: SearchBodies;
  /** Of the kernel's search. */
  readonly state: SearchState;
  private start: Snapshot;
  /** Where schedules start that nobody listens to: before the first choice. Null: at {@link start}. */
  private prepared: {
    readonly at: Snapshot | null;
    readonly words: Words;
    readonly choices: number;
  } | null = null;
  /** The judges, if the test is set up already at the start. */
  private readonly judges: Watch;
  private readonly isSetUp: boolean;
  /** True if the last schedule was given up, because others have shown what could follow. */
  isKnown = false;
  private known: Words = [];
  /** The kernel's entries of words that the warm-up has found, which tell bytes that atomics access. */
  private readonly found = new Map<number, number>();
  /** Tells the schedule, if somebody listens. */
  private teller: Teller | null = null;
  /** Those that the kernel knows. */
  private setLimits: Limits | null = null;
  /** What a C program has printed last in this schedule. */
  private output: Uint8Array | null = null;
  /** Those that the warm-up has found: the same for each world of a test. */
  readonly warm: Words;

  constructor(
    private readonly setup: Setup,
    config: MachineConfig = {},
    build: KernelSource = "release",
  ) {
    this.machine = new Machine({ ...DEFAULTS, ...config, ...FORCED }, build);
    this.kernel = this.machine.kernel;
    this.state = new SearchState(this.kernel);
    this.bodies = new SearchBodies(this.machine, this.state);
    this.machine.onOutput = (bytes) => {
      this.output = bytes.slice();
    };
    this.machine.run();
    this.kernel.setBudget({});
    this.start = this.machine.snapshot(UNPACKED);
    const before = this.kernel.texts.mark().count;
    const { threads } = this.machine.counters;
    this.judges = this.prepare();
    // That nothing fails would be true, and would be taken for a test that passes.
    if (this.machine.counters.threads === threads) {
      throw new ConfigError(
        "the test has no thread, so there is nothing to search: setup must create some, with machine.createThread() for example",
      );
    }
    this.isSetUp = !this.machine.bodies.isWaiting;
    if (this.isSetUp) {
      this.start = this.machine.snapshot(UNPACKED);
      this.warmUp();
    } else this.rememberTexts(before);
    this.warm = this.known;
  }

  /** Makes the texts of the test part of the start: encoding them takes as long as a short schedule. */
  private rememberTexts(before: number): void {
    const { machine, kernel } = this;
    const { list, count } = kernel.texts.mark();
    const texts = list.slice(before, count).map(({ text }) => text);
    machine.restore(this.start);
    for (const text of texts) kernel.intern(text);
    this.start = machine.snapshot(UNPACKED);
  }

  /**
   * Learns which words of guest memory threads share, since decisions lie before accesses to them, and which bytes of
   * these atomics access.
   */
  private warmUp(): void {
    const { state } = this;
    const strategy = new RandomStrategy(0);
    state.set(S.s_warms, 1);
    for (let schedule = 0; schedule < WARM_UP; schedule++) {
      this.perform(strategy, schedule, WARM_UP_LIMITS);
      const words = this.hasLearned ? this.shared : this.known;
      const base = state.get(S.s_shared);
      for (const word of words) this.found.set(word, this.kernel.u8[base + word / 4] as number);
      this.words = words;
    }
    state.set(S.s_warms, 0);
  }

  /** Bytes of guest memory. */
  get guestMemory(): number {
    return this.machine.config.guestMemory;
  }

  /** Steps of the last schedule. */
  get steps(): number {
    return this.state.get(S.s_steps);
  }

  // ---- What threads share ----

  /** The words of guest memory that threads are known to share at the start of a schedule. */
  get words(): Words {
    return this.known;
  }

  set words(words: Words) {
    if (words === this.known) return;
    this.known = words;
    this.shared = words;
  }

  /** True if threads have shared further words in the last schedule. */
  get hasLearned(): boolean {
    return this.state.get(S.s_learned) !== this.known.length;
  }

  /** Entries of the kernel's array of shared words: the last one, of no word, stands for the CPUs of threads. */
  private get entries(): number {
    return this.guestMemory / 4 + 2;
  }

  /** These and the others. */
  get shared(): Words {
    const base = this.state.get(S.s_shared);
    const found: number[] = [];
    for (let word = 0; word < this.entries; word++) {
      if (this.kernel.u8[base + word] !== 0) found.push(4 * word);
    }
    return found;
  }

  private set limits(limits: Limits) {
    if (limits === this.setLimits) return;
    this.setLimits = limits;
    const { state } = this;
    state.set(S.s_preemptions_max, Math.min(limits.preemptions, U32_MAX));
    state.set(S.s_steps_max, Math.min(limits.steps, STEPS_MAX));
    state.set(S.s_reduces, limits.reduce ? 1 : 0);
    state.set(S.s_choices, limits.choices);
    state.set(S.s_races, limits.races ? 1 : 0);
  }

  private set shared(words: Words) {
    const base = this.state.get(S.s_shared);
    this.kernel.u8.fill(0, base, base + this.entries);
    for (const word of words) this.kernel.u8[base + word / 4] = this.found.get(word) ?? 1;
    this.state.set(S.s_learned, words.length);
  }

  // ---- A schedule ----

  /** Performs a schedule from the start; null if it does not fail. `onStep` is told of its steps. */
  perform(
    strategy: Strategy,
    schedule: number,
    limits: Limits,
    onStep: ((scene: Scene) => void) | null = null,
  ): Outcome | null {
    const { state } = this;
    const start = onStep === null ? this.startFor(limits) : this.start;
    this.goBack(start);
    this.isKnown = false;
    this.limits = limits;
    state.set(S.s_tells, onStep === null ? 0 : 1);
    state.set(S.s_prepared, start === this.start ? 0 : 1);
    strategy.begin(state, schedule);
    try {
      const watch = this.isSetUp ? this.judges : this.prepare();
      const { always, end } = watch;
      if (always !== undefined && limits.reduce) {
        throw new ConfigError("a test with a judge of each step cannot be searched with reduction");
      }
      state.set(S.s_watches, always === undefined ? 0 : 1);
      const isOver = this.run(onStep, watch);
      if (isOver) judgeBy(end);
      return null;
    } catch (error) {
      return this.outcomeOf(this.failureOf(error));
    }
  }

  private goBack(start: Snapshot): void {
    this.machine.restore(start);
    this.machine.faults.length = 0;
    this.output = null;
    this.bodies.reset();
    if (this.hasLearned) this.shared = this.known;
  }

  /**
   * Where a schedule with these limits can start: before the first choice, if what comes before that is always
   * the same.
   */
  private startFor(limits: Limits): Snapshot {
    const { prepared, start, known } = this;
    if (!this.isSetUp) return start;
    if (limits.races) return start;
    const isFit = prepared?.words === known && prepared.choices === limits.choices;
    if (isFit) return prepared.at ?? start;
    this.limits = limits;
    const at = this.firstChoice();
    this.prepared = { at, words: known, choices: limits.choices };
    return at ?? start;
  }

  /** The machine where threads have come to their first visible operations, or null if that is no place to start. */
  private firstChoice(): Snapshot | null {
    const { machine, kernel, state } = this;
    this.goBack(this.start);
    state.set(S.s_prepared, 0);
    kernel.exports.search_begin(Layout.SearchBy.FIRST, 0, 0);
    try {
      if (kernel.exports.search_prepare() === 0 || machine.faults.length > 0) return null;
    } catch (error) {
      if (error instanceof KernelPanic) return null;
      throw error;
    }
    return machine.snapshot(UNPACKED);
  }

  private prepare(): Watch {
    try {
      return judgesOf(this.setup(this.machine, createTools()));
    } catch (error) {
      if (error instanceof KernelPanic || error instanceof ConfigError) throw error;
      throw new ConfigError(`setup has thrown: ${textOf(error)}`);
    }
  }

  private failureOf(error: unknown): Outcome["failure"] {
    if (error instanceof Failed) return { kind: error.kind, message: error.message };
    if (!(error instanceof KernelPanic)) throw error;
    return this.faultOrNull() ?? { kind: "panic", message: error.message.trimEnd() };
  }

  private faultOrNull(): Outcome["failure"] | null {
    const [fault] = this.machine.faults;
    if (fault === undefined) return null;
    const assertion = this.failedAssertion(fault);
    if (assertion !== null) return { kind: "assertion", message: assertion };
    const [place] = fault.backtrace;
    const line = place?.line ?? null;
    const source = line === null ? "" : `, ${line.file}:${line.line}`;
    const where = place === undefined ? "" : ` at ${place.where}${source}`;
    return { kind: "fault", message: `thread "${fault.thread}": ${fault.cause}${where}` };
  }

  /** What a C program says when an assertion of its does not hold, before it faults; else null. */
  private failedAssertion({ backtrace }: FaultReport): string | null {
    const isIn = backtrace.some(({ where }) => where.startsWith(ASSERT_FAILED));
    if (!isIn || this.output === null) return null;
    return new TextDecoder().decode(this.output).trim();
  }

  private outcomeOf(failure: Outcome["failure"]): Outcome {
    const { state } = this;
    return {
      failure,
      choices: state.tape,
      preemptions: state.get(S.s_preemptions),
      steps: this.steps,
      hash: this.machine.hash,
    };
  }

  /** Performs the steps; false if there is no end to be judged. */
  private run(onStep: ((scene: Scene) => void) | null, watch: Watch): boolean {
    const { kernel, bodies, machine, state } = this;
    const story = onStep === null ? null : new Teller(machine, state, bodies, onStep);
    this.teller = story;
    try {
      for (;;) {
        const stop = kernel.exports.search_run();
        this.hearHandlers();
        if (stop === SearchStop.HOST) {
          bodies.step();
          this.hearHandlers();
        } else if (stop === SearchStop.BEGIN) bodies.begin();
        else if (stop === SearchStop.TELL) story?.begin();
        else if (stop === SearchStop.STEP) judgeBy(watch.always);
        else {
          story?.finish();
          return this.end(stop, watch);
        }
      }
    } finally {
      story?.finish();
    }
  }

  /** What an event handler of the test has thrown in a step is what a judge throws. */
  private hearHandlers(): void {
    try {
      this.kernel.throwFailure();
    } catch (error) {
      throw new Failed("assertion", textOf(error));
    }
  }

  private end(stop: number, { atRest, endless }: Watch): boolean {
    if (stop === SearchStop.KNOWN) {
      this.isKnown = true;
      return false;
    }
    if (stop === SearchStop.RACE) throw new Failed("race", this.tellRace());
    if (stop === SearchStop.LOOPS) {
      if (endless === true) return false;
      throw new Failed("livelock", this.tellLoops());
    }
    if (stop === SearchStop.STEPS) {
      if (endless === true) return false;
      const names = this.threads().map(({ td }) => this.nameOf(td));
      throw new Failed(
        "livelock",
        `no end after ${this.steps} steps of ${names.join(", ")}; if a run is that long, allow more`,
      );
    }
    const fault = this.faultOrNull();
    if (fault !== null) throw new Failed(fault.kind, fault.message);
    if (stop === SearchStop.EXIT) this.assertStatus();
    else if (judgeBy(atRest) !== true) this.assertAllEnded();
    return true;
  }

  private assertStatus(): void {
    const status = this.machine.exitStatus ?? 0;
    if (status === 0) return;
    throw new Failed("assertion", `the program has ended with status ${status}`);
  }

  private assertAllEnded(): void {
    if (this.state.get(S.s_living) === 0) return;
    const stuck = this.threads();
    const lost = findLostWakeup(this.machine, stuck, this.unheard());
    if (lost !== null) throw new Failed("lost-wakeup", lost);
    throw new Failed("deadlock", tellWaits(this.machine, stuck, this.teller));
  }

  /** Which threads go round in loops for ever, and which ones sleep meanwhile. */
  private tellLoops(): string {
    const looping = this.threads().filter(({ td }) =>
      CAN_RUN.has(new ThreadView(this.kernel, td).state),
    );
    const names = looping.map(({ td }) => this.nameOf(td)).join(", ");
    const verb = looping.length === 1 ? "goes" : "go";
    return `${names} ${verb} round in a loop for ever: no thread is left that changes what is read there`;
  }

  /** Who races for what. */
  private tellRace(): string {
    const { state, bodies, machine } = this;
    const word = state.get(S.s_race_word);
    const name = bodies.wordOf(word)?.name ?? machine.programs.nameOf(word);
    const how = (field: number) => (state.get(field) !== 0 ? "writes" : "reads");
    const first = `${this.nameOf(state.get(S.s_race_first))} ${how(S.s_race_wrote)} ${name}`;
    const second = `${this.nameOf(state.get(S.s_race_second))} ${how(S.s_race_writes)} it`;
    const step = state.get(S.s_race_step) + 1;
    return `${first} in step ${step}, ${second} in step ${this.steps}, and nothing orders the two`;
  }

  // ---- What the kernel knows ----

  /** The threads of the test that have not exited, in the order in which they began. */
  private threads(): Stuck[] {
    const { kernel, state } = this;
    const found: (Stuck & { readonly number: number })[] = [];
    const base = state.get(S.s_threads);
    const count = kernel.machine("zone_next");
    for (let index = 0; index < count; index++) {
      const at = base + index * N.size;
      const number = kernel.read(at + N.sn_number);
      if (number === 0) continue;
      const td = kernel.threadAt(index);
      found.push({
        td,
        number,
        call: this.lastCall(td),
        lookedSince: kernel.read(at + N.sn_since),
        blockedAt: kernel.read(at + N.sn_blocked),
      });
    }
    return found.sort((a, b) => a.number - b.number);
  }

  private unheard() {
    const { kernel, state } = this;
    const base = state.get(S.s_unheard);
    const count = Math.min(state.get(S.s_unheard_count), Layout.SEARCH_UNHEARD_MAX);
    return Array.from({ length: count }, (_, i) => ({
      step: kernel.read(base + i * U.size + U.su_step),
      channel: kernel.read(base + i * U.size + U.su_channel),
    }));
  }

  private lastCall(td: number): string {
    return (
      this.bodies.lastCall(td) ?? describeProgramStep(this.machine, this.state, td, Pending.CALL)
    );
  }

  /** What a thread is called; in a story several of one name are told apart. */
  private nameOf(td: number): string {
    return this.teller?.nameOf(td) ?? this.kernel.nameAt(td);
  }
}

/** The judges of what a test has returned. */
function judgesOf(value: unknown): Watch {
  refusePromise("setup", value);
  if (typeof value === "function") return { end: value as Judge };
  if (typeof value !== "object" || value === null) return {};
  const { always, end, atRest } = value as Record<string, unknown>;
  for (const [name, judge] of Object.entries({ always, end, atRest })) {
    if (judge === undefined || typeof judge === "function") continue;
    throw new ConfigError(`setup has returned an object whose ${name} is no function`);
  }
  return value;
}

/** What a check says; one that throws fails the schedule. */
function judgeBy(judge: (() => unknown) | undefined): unknown {
  let verdict: unknown;
  try {
    verdict = judge?.();
  } catch (error) {
    throw new Failed("assertion", textOf(error));
  }
  refusePromise("a check of the test", verdict);
  return verdict;
}

/** A schedule is over before a promise is kept: what comes later would not be part of the test, and no failure of it. */
function refusePromise(whose: string, value: unknown): void {
  if (!isThenable(value)) return;
  value.then(undefined, () => {}); // what it fails of is no longer of interest
  throw new ConfigError(
    `${whose} has returned a promise; it must do its work at once, without async and await`,
  );
}
