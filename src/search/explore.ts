// The search itself: schedules one after the other until one fails, and the failing one made short.

import type { MachineConfig } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import type { KernelSource } from "../core/instantiate.js";
import type { Strategy } from "./strategies.js";
import { ExhaustiveStrategy, PctStrategy, RandomStrategy, ReplayStrategy } from "./strategies.js";
import { decodeTape, encodeTape, trimTape } from "./tape.js";
import {
  type FailureKind,
  type Limits,
  type Outcome,
  type Setup,
  type Step,
  World,
} from "./world.js";

/** How a search chooses. */
export type StrategyName = "random" | "pct" | "exhaustive";

/** How to search. */
export interface ExploreOptions {
  /** Default "random". */
  readonly strategy?: StrategyName;
  /** Schedules at most. Default 10,000; all there are for an exhaustive search. */
  readonly schedules?: number;
  /** Preemptions in a schedule at most. Default: any number. */
  readonly preemptions?: number;
  /** Of the random choices, a whole number. Default 0. */
  readonly seed?: number;
  /** Host time to search at most, in milliseconds. */
  readonly for?: number;
  /** Orderings that a bug needs, for "pct". Default 3. */
  readonly depth?: number;
  /** Steps of a schedule, after which it is a livelock. Default 2,000. */
  readonly steps?: number;
  /** Perform this schedule only. */
  readonly replay?: string;
  /** Throw an {@link ExploreError} if a schedule fails. Default false. */
  readonly throws?: boolean;
  /** Of the machine. */
  readonly config?: MachineConfig;
  /** Build of the kernel. Default "release". */
  readonly build?: KernelSource;
  /** Called about four times a second. */
  readonly onProgress?: (schedules: number, perSecond: number) => void;
}

/** A schedule that failed. */
export interface ExploreFailure {
  readonly kind: FailureKind;
  readonly message: string;
  /** The schedule as a text, for `replay`. */
  readonly tape: string;
  readonly preemptions: number;
  readonly steps: number;
  readonly seed: number;
}

/** What a search has found. */
export interface ExploreResult {
  /** Schedules performed, without those that made the failing one shorter. */
  readonly schedules: number;
  /** True if these were all that there are, within the bound on preemptions. */
  readonly complete: boolean;
  readonly per_second: number;
  readonly failure: ExploreFailure | null;
}

/** What is told of a failing schedule besides. */
export interface ExploreStory {
  readonly steps: readonly Step[];
  /** The machine's hash at the end. */
  readonly hash: string;
}

/** A schedule has failed, and the search was to throw. */
export class ExploreError extends Error {
  override readonly name = "ExploreError";

  constructor(
    readonly result: ExploreResult,
    failure: ExploreFailure,
  ) {
    super(`${failure.kind}: ${failure.message} (replay: ${failure.tape})`);
  }
}

const SCHEDULES_DEFAULT = 10_000;
const STEPS_DEFAULT = 2_000;
const DEPTH_DEFAULT = 3;
const PROGRESS_MS = 250;
/** Schedules between two looks at the clock. */
const CLOCK_INTERVAL = 64;
/** Schedules that making a failing one shorter may take, for each number of preemptions. */
const SHORTER_MAX = 20_000;

/**
 * Searches for a schedule in which a test fails.
 *
 * @param setup creates the threads of the test, with JavaScript bodies, and returns its judge
 * @throws ConfigError when an option is impossible, or the test has threads that a search cannot drive.
 * @throws ExploreError with `throws`, if a schedule failed.
 */
export async function explore(setup: Setup, options: ExploreOptions = {}): Promise<ExploreResult> {
  const { result } = exploreNow(setup, options);
  if (options.throws === true && result.failure !== null) {
    throw new ExploreError(result, result.failure);
  }
  return result;
}

/** Searches as {@link explore} does, and tells the story of the failing schedule. */
export function exploreNow(
  setup: Setup,
  options: ExploreOptions,
): { readonly result: ExploreResult; readonly story: ExploreStory | null } {
  checkOptions(options);
  const world = new World(setup, options.config, options.build);
  const { found, schedules, complete, seconds } = search(world, options);
  const limits = limitsOf(options);
  const shortest =
    found === null || options.replay !== undefined ? found : shorten(world, found, limits);
  return {
    result: {
      schedules,
      complete,
      per_second: Math.round(schedules / Math.max(seconds, 1e-6)),
      failure: shortest === null ? null : failureOf(shortest, options.seed ?? 0),
    },
    story: shortest === null ? null : storyOf(world, shortest, limits),
  };
}

function checkOptions({ strategy, schedules, preemptions, seed, depth, steps }: ExploreOptions) {
  if (strategy !== undefined && !["random", "pct", "exhaustive"].includes(strategy)) {
    throw new ConfigError(
      `strategy is "${String(strategy)}"; it must be random, pct or exhaustive`,
    );
  }
  const numbers = { schedules, preemptions, seed, depth, steps };
  for (const [name, value] of Object.entries(numbers)) {
    const least = name === "preemptions" || name === "seed" ? 0 : 1;
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) continue;
    throw new ConfigError(
      `${name} is ${String(value)}; it must be a whole number from ${least} up`,
    );
  }
}

function limitsOf({ preemptions, steps, replay }: ExploreOptions): Limits {
  return {
    preemptions: replay === undefined ? (preemptions ?? Number.POSITIVE_INFINITY) : Infinity,
    steps: replay === undefined ? (steps ?? STEPS_DEFAULT) : Math.max(steps ?? 0, STEPS_DEFAULT),
  };
}

function strategyOf({ strategy = "random", seed = 0, depth, replay }: ExploreOptions): Strategy {
  if (replay !== undefined) return new ReplayStrategy(decodeTape(replay));
  if (strategy === "exhaustive") return new ExhaustiveStrategy();
  if (strategy === "pct") return new PctStrategy(seed, depth ?? DEPTH_DEFAULT);
  return new RandomStrategy(seed);
}

function schedulesOf({ strategy, schedules, replay }: ExploreOptions): number {
  if (replay !== undefined) return 1;
  return schedules ?? (strategy === "exhaustive" ? Number.POSITIVE_INFINITY : SCHEDULES_DEFAULT);
}

interface Found {
  readonly found: Outcome | null;
  readonly schedules: number;
  readonly complete: boolean;
  readonly seconds: number;
}

function search(world: World, options: ExploreOptions): Found {
  const strategy = strategyOf(options);
  const limits = limitsOf(options);
  const most = schedulesOf(options);
  const began = performance.now();
  let told = began;
  const seconds = () => (performance.now() - began) / 1000;
  let schedules = 0;
  while (schedules < most) {
    const outcome = world.perform(strategy, schedules, limits);
    schedules++;
    if (outcome.failure !== null) {
      return { found: outcome, schedules, complete: false, seconds: seconds() };
    }
    if (!strategy.end(outcome.choices.length)) {
      const complete = options.replay === undefined;
      return { found: null, schedules, complete, seconds: seconds() };
    }
    if (schedules % CLOCK_INTERVAL !== 0) continue;
    const now = performance.now();
    if (options.for !== undefined && now - began >= options.for) break;
    if (now - told < PROGRESS_MS) continue;
    told = now;
    options.onProgress?.(schedules, Math.round(schedules / seconds()));
  }
  return { found: null, schedules, complete: false, seconds: seconds() };
}

function failureOf({ failure, choices, preemptions, steps }: Outcome, seed: number) {
  const { kind, message } = failure as NonNullable<Outcome["failure"]>;
  return { kind, message, tape: encodeTape(choices), preemptions, steps, seed };
}

function storyOf(world: World, outcome: Outcome, limits: Limits): ExploreStory {
  const steps: Step[] = [];
  const strategy = new ReplayStrategy(outcome.choices);
  const { hash } = world.perform(strategy, 0, unbound(limits), (step) => steps.push(step));
  return { steps, hash };
}

function unbound({ steps }: Limits): Limits {
  return { preemptions: Number.POSITIVE_INFINITY, steps };
}

// ---- Making a failing schedule shorter ----

/** A schedule that fails in the same way with fewer preemptions, and then with fewer choices and steps. */
function shorten(world: World, found: Outcome, limits: Limits): Outcome {
  return withFewerChoices(world, withFewestPreemptions(world, found, limits), limits);
}

function isSame(outcome: Outcome, found: Outcome): boolean {
  return outcome.failure !== null && outcome.failure.kind === found.failure?.kind;
}

/** Tries all schedules with 0 preemptions, then with 1, and so on, as far as there is time for it. */
function withFewestPreemptions(world: World, found: Outcome, limits: Limits): Outcome {
  for (let preemptions = 0; preemptions < found.preemptions; preemptions++) {
    const strategy = new ExhaustiveStrategy();
    for (let i = 0; i < SHORTER_MAX; i++) {
      const outcome = world.perform(strategy, i, { ...limits, preemptions });
      if (isSame(outcome, found)) return outcome;
      if (!strategy.end(outcome.choices.length)) break;
    }
  }
  return found;
}

/** Takes choices back one by one, as long as the schedule fails and gets no worse. */
function withFewerChoices(world: World, found: Outcome, limits: Limits): Outcome {
  let best = found;
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    const choices = trimTape(best.choices);
    for (let at = choices.length - 1; at >= 0 && !isBetter; at--) {
      const candidates = [choices.toSpliced(at, 1), choices.with(at, 0)];
      for (const candidate of candidates) {
        const outcome = world.perform(new ReplayStrategy(candidate), 0, unbound(limits));
        if (!isSame(outcome, found) || compare(outcome, best) >= 0) continue;
        best = outcome;
        isBetter = true;
        break;
      }
    }
  }
  return best;
}

/** Below 0 if `a` is simpler than `b`. */
function compare(a: Outcome, b: Outcome): number {
  const nonzero = ({ choices }: Outcome) => choices.filter((choice) => choice !== 0).length;
  return (
    a.preemptions - b.preemptions ||
    a.steps - b.steps ||
    nonzero(a) - nonzero(b) ||
    trimTape(a.choices).length - trimTape(b.choices).length
  );
}
