// The search itself: schedules one after the other until one fails, and the failing one made short.

import {
  anything,
  arrayOf,
  callback,
  checkArgument,
  checkOptions,
  count,
  flag,
  oneOf,
  optional,
  type Rule,
  text,
  whole,
} from "../core/arguments.js";
import { ConfigError } from "../core/errors.js";
import { TraceError, targetRule } from "../trace/file.js";
import type { Coverage } from "./coverage.js";
import type { FailureKind } from "./failure.js";
import { type ExploreOptions, strategyNames } from "./options.js";
import { StoryFile } from "./story-trace.js";
import { DEPTH_MAX, ExhaustiveStrategy, ReplayStrategy } from "./strategies.js";
import { choiceNames, decodeTape, encodeTape, trimTape, wordsOfTape } from "./tape.js";
import {
  Clock,
  type Hands,
  limitsOf,
  modeOf,
  performAll,
  performWhole,
  type SearchResult,
  STEPS_DEFAULT,
} from "./tasks.js";
import type { Scene, Step } from "./teller.js";
import { type Limits, type Outcome, type Setup, STEPS_MAX, World } from "./world.js";

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
  /** The same, with what came of each step. */
  readonly scenes: readonly Scene[];
  /** The machine's hash at the end. */
  readonly hash: string;
}

/** A schedule has failed, and the search was to throw. */
export class ExploreError extends Error {
  override readonly name = "ExploreError";

  constructor(
    readonly result: ExploreResult,
    failure: ExploreFailure,
    /** The steps of the failing schedule. */
    readonly steps: readonly Step[],
  ) {
    super(`${failure.kind}: ${failure.message} (replay: ${failure.tape})${listOf(steps)}`);
  }
}

/** Steps that an error lists: the last ones. */
const LISTED_MAX = 30;

function listOf(steps: readonly Step[]): string {
  const first = Math.max(0, steps.length - LISTED_MAX);
  const lines = steps.slice(first).map(({ thread, what, line }, i) => {
    return `${first + i + 1} ${thread}: ${what}${line === undefined ? "" : ` (${line})`}`;
  });
  return ["", ...lines].join("\n  ");
}

/** Schedules that making a failing one shorter may take, for each number of preemptions, and steps in all. */
const SHORTER_MAX = 20_000;
const SHORTER_STEPS_MAX = 4_000_000;

/**
 * Searches for a schedule in which a test fails.
 *
 * @param setup creates the threads of the test and returns its judge
 * @throws ConfigError when an option is impossible, or the test has no thread, or some that a search cannot drive.
 * @throws ExploreError with `throws`, if a schedule failed.
 * @throws TraceError when the trace cannot be written.
 */
export async function explore(setup: Setup, options: ExploreOptions = {}): Promise<ExploreResult> {
  const { result, story, traceError } = exploreNow(setup, options);
  if (options.throws === true && result.failure !== null) {
    throw new ExploreError(result, result.failure, story?.steps ?? []);
  }
  if (traceError !== null) throw traceError;
  return result;
}

/** Searches as {@link explore} does, and tells the story of the failing schedule. */
export function exploreNow(setup: Setup, options: ExploreOptions): Explored {
  check(setup, options);
  const trace = openStory(options);
  const world = createWorld(setup, options);
  const clock = new Clock(options);
  return conclude(world, options, performWhole(world, options, clock), clock, trace);
}

/**
 * The same search with its schedules handed out to others, each with a world of its own. What it finds is what
 * {@link exploreNow} finds, whatever their number.
 */
export async function exploreWith(
  hands: Hands,
  setup: Setup,
  options: ExploreOptions,
): Promise<Explored> {
  check(setup, options);
  const trace = openStory(options);
  const world = createWorld(setup, options);
  const clock = new Clock(options);
  const done = await performAll(hands, world, options, clock);
  return conclude(world, options, done, clock, trace);
}

function openStory({ trace }: ExploreOptions): StoryFile | null {
  return trace === undefined ? null : new StoryFile(trace);
}

function createWorld(setup: Setup, { config, build, replay }: ExploreOptions): World {
  const world = new World(setup, config, build);
  if (replay !== undefined) {
    const words = new Set([...world.warm, ...wordsIn(world, replay)]);
    world.words = [...words].sort((a, b) => a - b);
  }
  return world;
}

/** The words that a schedule names, all of which must be there. */
function wordsIn({ guestMemory }: World, tape: string): number[] {
  const words = wordsOfTape(tape);
  const wild = words.find((word) => word >= guestMemory);
  if (wild === undefined) return words;
  throw new ConfigError(
    `the schedule names a word at 0x${wild.toString(16)}, and guest memory ends at 0x${guestMemory.toString(16)}: replay it with the test and the settings that it is of`,
  );
}

/** What a search has found, and the story of the schedule that failed. */
export interface Explored {
  readonly result: ExploreResult;
  readonly coverage: Coverage;
  readonly story: ExploreStory | null;
  /** Why its trace could not be written: what a search has found is not lost with it. */
  readonly traceError: TraceError | null;
}

function conclude(
  world: World,
  options: ExploreOptions,
  done: SearchResult,
  clock: Clock,
  trace: StoryFile | null,
): Explored {
  const { found, schedules, complete, coverage } = done;
  const per_second = clock.perSecond(schedules);
  const limits = limitsOf(options);
  const shortest =
    found === null || options.replay !== undefined ? found : shorten(world, found, limits, clock);
  if (shortest === null) {
    const scenes =
      trace === null || options.replay === undefined
        ? null
        : tell(world, decodeTape(options.replay), options).scenes;
    const traceError = scenes === null ? null : attempt(() => trace?.write(scenes, null));
    const result = { schedules, complete, per_second, failure: null };
    return { result, coverage, story: null, traceError };
  }
  const { failure, story } = tellOf(world, shortest, options);
  const traceError = attempt(() => trace?.write(story.scenes, { ...failure, hash: story.hash }));
  return { result: { schedules, complete, per_second, failure }, coverage, story, traceError };
}

/** Why a trace could not be written, or null. */
function attempt(write: () => void): TraceError | null {
  try {
    write();
    return null;
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
}

/** What is of the machine is left to that. */
const optionRules: Readonly<Record<keyof ExploreOptions, Rule>> = {
  strategy: optional(oneOf(strategyNames)),
  schedules: optional(whole(1, Number.MAX_SAFE_INTEGER)),
  preemptions: optional(count),
  seed: optional(count),
  for: optional({
    allowed: "a number of milliseconds, 0 or more",
    accepts: (value) => typeof value === "number" && value >= 0,
  }),
  depth: optional(whole(1, DEPTH_MAX)),
  steps: optional(whole(1, STEPS_MAX)),
  reduce: optional(flag),
  choose: optional(arrayOf(text, `an array of ${choiceNames.join(", ")}`)),
  races: optional(flag),
  replay: optional(text),
  trace: optional(targetRule),
  throws: optional(flag),
  config: optional(anything),
  build: optional(anything),
  onProgress: optional(callback),
  isInterrupted: optional(callback),
};

function check(setup: Setup, options: ExploreOptions): void {
  checkArgument("explore", "setup", setup, callback);
  checkOptions("explore", options, optionRules);
  const { strategy, preemptions, reduce, choose = [] } = options;
  const unknown = choose.find((name) => !choiceNames.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(`choose has "${unknown}"; it may have ${choiceNames.join(", ")}`);
  }
  if (reduce === true && (strategy !== "exhaustive" || preemptions !== undefined)) {
    throw new ConfigError(
      "reduce is for an exhaustive search without a bound on preemptions: leave one of them out",
    );
  }
}

/** A schedule that failed, and its story, which knows more of who waits for whom. */
function tellOf(
  world: World,
  outcome: Outcome,
  options: ExploreOptions,
): { readonly failure: ExploreFailure; readonly story: ExploreStory } {
  const { choices, preemptions, steps, hash } = outcome;
  const isWord = (word: number) => word < world.guestMemory && !world.warm.includes(word);
  const words = world.words.filter(isWord);
  const tape = encodeTape(choices, words, modeOf(options), stepsFor(outcome, options));
  const { scenes, told } = tell(world, choices, options);
  const { kind, message } = told?.failure ?? outcome.failure;
  return {
    failure: { kind, message, tape, preemptions, steps, seed: options.seed ?? 0 },
    story: { steps: scenes.map(({ step }) => step), scenes, hash },
  };
}

/**
 * The limit of steps with which a schedule fails in the same way, if the default is none. One that has come to its limit
 * stops there again; another one needs a step more than it takes, so as not to be taken for that.
 */
function stepsFor({ failure, steps }: Outcome, options: ExploreOptions): number | undefined {
  const isAtLimit = failure.kind === "livelock" && steps === limitsOf(options).steps;
  const limit = isAtLimit ? steps : Math.max(steps + 1, STEPS_DEFAULT);
  return limit === STEPS_DEFAULT ? undefined : limit;
}

/** Performs a schedule once more, and tells it. */
function tell(
  world: World,
  choices: readonly number[],
  options: ExploreOptions,
): { readonly scenes: readonly Scene[]; readonly told: Outcome | null } {
  const scenes: Scene[] = [];
  const limits = unbound(limitsOf(options));
  const told = world.perform(new ReplayStrategy(choices), 0, limits, (scene) => {
    scenes.push(scene);
  });
  return { scenes, told };
}

function unbound(limits: Limits): Limits {
  return { ...limits, preemptions: Number.POSITIVE_INFINITY, reduce: false };
}

// ---- Making a failing schedule shorter ----

/** A schedule that fails in the same way with fewer preemptions, and then with fewer choices and steps. */
function shorten(world: World, found: Outcome, limits: Limits, clock: Clock): Outcome {
  clock.beginShortening();
  const fewest = withFewestPreemptions(world, found, limits, clock);
  clock.beginShortening();
  return withFewerChoices(world, fewest, limits, clock);
}

function isSame(outcome: Outcome | null, found: Outcome): outcome is Outcome {
  return outcome !== null && outcome.failure.kind === found.failure.kind;
}

/** Tries all schedules with 0 preemptions, then with 1, and so on, as far as there is time for it. */
function withFewestPreemptions(
  world: World,
  found: Outcome,
  limits: Limits,
  clock: Clock,
): Outcome {
  let left = SHORTER_STEPS_MAX;
  for (let preemptions = 0; preemptions < found.preemptions; preemptions++) {
    const strategy = new ExhaustiveStrategy();
    for (let i = 0; i < SHORTER_MAX && left > 0; i++) {
      const outcome = world.perform(strategy, i, { ...limits, preemptions, reduce: false });
      if (isSame(outcome, found)) return outcome;
      if (clock.endsShortening()) return found;
      left -= world.steps;
      if (!strategy.end(world.state)) break;
    }
  }
  return found;
}

/** Takes choices back one by one, as long as the schedule fails and gets no worse. */
function withFewerChoices(world: World, found: Outcome, limits: Limits, clock: Clock): Outcome {
  let best = found;
  let left = SHORTER_STEPS_MAX;
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    const choices = trimTape(best.choices);
    for (let at = choices.length - 1; at >= 0 && !isBetter && left > 0; at--) {
      const candidates = [choices.toSpliced(at, 1), choices.with(at, 0)];
      for (const candidate of candidates) {
        const outcome = world.perform(new ReplayStrategy(candidate), 0, unbound(limits));
        left -= world.steps;
        if (clock.endsShortening()) return best;
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
