// The parts of a search: numbers of random schedules, or subtrees of all schedules. They are in an order, and
// the first one that fails counts, so that it does not matter who performs them, and when.

import * as Layout from "../generated/layout.js";
import { type Coverage, type Seen, Survey } from "./coverage.js";
import type { ExploreOptions, SearchChoice } from "./options.js";
import {
  ExhaustiveStrategy,
  MEASURED,
  PctStrategy,
  RandomStrategy,
  ReplayStrategy,
  type Strategy,
} from "./strategies.js";
import { decodeTape, modeOfTape, type TapeMode } from "./tape.js";
import type { Limits, Outcome, Words, World } from "./world.js";

/** A part of a search. */
export type Task =
  /** The schedules from a number up to another one. */
  | { readonly from: number; readonly to: number }
  /** All schedules that begin with these choices. */
  | { readonly prefix: readonly number[] };

/** What a part of a search has found. */
export interface TaskResult {
  readonly schedules: number;
  readonly found: Outcome | null;
  /** True if there are no other schedules. */
  readonly complete: boolean;
  /**
   * Not null: threads have been seen to share words of guest memory that they were not known to share, and the search
   * has to begin again with these.
   */
  readonly words: Words | null;
  readonly seen: Seen;
}

/** What all of a search has found. */
export interface SearchResult extends Omit<TaskResult, "seen"> {
  readonly coverage: Coverage;
}

/** Performs one task after the other, with decisions before accesses to these words. */
export type TaskRunner = (task: Task, words: Words) => Promise<TaskResult>;

const SCHEDULES_DEFAULT = 10_000;
const STEPS_DEFAULT = 2_000;
export const DEPTH_DEFAULT = 3;
const PROGRESS_MS = 250;
/** Schedules between two looks at the clock. */
const CLOCK_INTERVAL = 64;
/**
 * Random schedules of a task, and decisions that a subtree begins with: a task takes far longer than handing it out,
 * and there are far more tasks than workers.
 */
const TASK_SCHEDULES = 2_000;
const TASK_DECISIONS = 8;

/** The host's time: when a search is over, and when it tells how far it is. It decides nothing else. */
export class Clock {
  private readonly began = performance.now();
  private told = this.began;

  constructor(private readonly options: ExploreOptions) {}

  perSecond(schedules: number): number {
    return Math.round((1000 * schedules) / Math.max(performance.now() - this.began, 1e-3));
  }

  /** False when the time is over. */
  goesOn(schedules: number): boolean {
    const now = performance.now();
    if (this.options.for !== undefined && now - this.began >= this.options.for) return false;
    if (now - this.told < PROGRESS_MS) return true;
    this.told = now;
    this.options.onProgress?.(schedules, this.perSecond(schedules));
    return true;
  }
}

/** What is chosen and looked for; a tape knows by itself. */
export function modeOf({ choose = [], races = false, replay }: ExploreOptions): TapeMode {
  return replay === undefined ? { choose, races } : modeOfTape(replay);
}

const CHOICES: Readonly<Record<SearchChoice, number>> = {
  timeouts: Layout.SEARCH_TIMEOUTS,
  delivery: Layout.SEARCH_DELIVERY,
  failures: Layout.SEARCH_FAILURES,
  random: Layout.SEARCH_RANDOM,
};

/** The bounds of a search's schedules; a replay has none but that of steps. */
export function limitsOf(options: ExploreOptions): Limits {
  const { preemptions, steps, replay, reduce } = options;
  const isReplay = replay !== undefined;
  const { choose, races } = modeOf(options);
  return {
    preemptions: isReplay || preemptions === undefined ? Number.POSITIVE_INFINITY : preemptions,
    steps: isReplay ? Math.max(steps ?? 0, STEPS_DEFAULT) : (steps ?? STEPS_DEFAULT),
    reduce: reduce === true && !isReplay,
    choices: choose.reduce((bits, name) => bits | CHOICES[name], 0),
    races,
  };
}

function mostSchedules({ strategy, schedules, replay }: ExploreOptions): number {
  if (replay !== undefined) return 1;
  return schedules ?? (strategy === "exhaustive" ? Number.POSITIVE_INFINITY : SCHEDULES_DEFAULT);
}

/** All of a search. */
function wholeTask(options: ExploreOptions): Task {
  return options.strategy === "exhaustive" && options.replay === undefined
    ? { prefix: [] }
    : { from: 0, to: mostSchedules(options) };
}

function strategyOf(options: ExploreOptions, task: Task): Strategy {
  const { strategy = "random", seed = 0, depth = DEPTH_DEFAULT, replay } = options;
  if (replay !== undefined) return new ReplayStrategy(decodeTape(replay));
  if ("prefix" in task) return new ExhaustiveStrategy(task.prefix);
  return strategy === "pct" ? new PctStrategy(seed, depth) : new RandomStrategy(seed);
}

/** Performs a part of a search, up to the first schedule that fails. */
export function performTask(
  world: World,
  options: ExploreOptions,
  task: Task,
  clock: Clock | null,
): TaskResult {
  const survey = new Survey();
  return { ...perform(world, options, task, clock, survey), seen: survey.seen };
}

function perform(
  world: World,
  options: ExploreOptions,
  task: Task,
  clock: Clock | null,
  survey: Survey,
): Omit<TaskResult, "seen"> {
  const strategy = strategyOf(options, task);
  const limits = limitsOf(options);
  const isReplay = options.replay !== undefined;
  const { from, to } = "prefix" in task ? { from: 0, to: mostSchedules(options) } : task;
  if (from > 0 && options.strategy === "pct") measure(world, strategy, limits);
  let schedules = 0;
  const result = (complete: boolean, found: Outcome | null = null) => {
    return { found, schedules, complete, words: null };
  };
  const isRandom = !("prefix" in task);
  survey.begin(world.state);
  for (let number = from; schedules < to - from; ) {
    const found = world.perform(strategy, number++, limits);
    if (!world.isKnown) {
      schedules++;
      survey.note(world.state, isRandom);
    }
    if (found !== null) return result(false, found);
    if (world.hasLearned && !isReplay) return { ...result(false), words: world.shared };
    if (!strategy.end(world.state)) return result(!isReplay);
    if (number % CLOCK_INTERVAL === 0 && clock?.goesOn(schedules) === false) break;
  }
  if (!isRandom) survey.stop(world.state);
  return result(false);
}

/** All of a search, performed here. */
export function performWhole(world: World, options: ExploreOptions, clock: Clock): SearchResult {
  for (;;) {
    const survey = new Survey();
    const result = perform(world, options, wholeTask(options), clock, survey);
    if (result.words === null) return { ...result, coverage: survey.coverage };
    world.words = result.words;
  }
}

/** Performs the schedules by which a PCT search measures the others, which are another task's. */
function measure(world: World, strategy: Strategy, limits: Limits): void {
  for (let number = 0; number < MEASURED; number++) {
    world.perform(strategy, number, limits);
    strategy.end(world.state);
  }
}

// ---- In parallel ----

function* tasksOf(world: World, options: ExploreOptions): Generator<Task> {
  const whole = wholeTask(options);
  if (!("prefix" in whole)) {
    for (let from = 0; from < whole.to; from += TASK_SCHEDULES) {
      yield { from, to: Math.min(from + TASK_SCHEDULES, whole.to) };
    }
    return;
  }
  const strategy = new ExhaustiveStrategy([], TASK_DECISIONS);
  const limits = limitsOf(options);
  let isMore = true;
  while (isMore) {
    world.perform(strategy, 0, limits);
    if (!world.isKnown) yield { prefix: world.state.tape.slice(0, TASK_DECISIONS) };
    isMore = strategy.end(world.state);
  }
}

/** Performs all of a search by others, and puts together what they find, in the order of the tasks. */
export async function performAll(
  runners: readonly TaskRunner[],
  world: World,
  options: ExploreOptions,
  clock: Clock,
): Promise<SearchResult> {
  for (;;) {
    const result = await performOnce(runners, world, options, clock);
    if (result.words === null) return result;
    world.words = result.words;
  }
}

async function performOnce(
  runners: readonly TaskRunner[],
  world: World,
  options: ExploreOptions,
  clock: Clock,
): Promise<SearchResult> {
  const tasks = tasksOf(world, options);
  const results: (TaskResult | undefined)[] = [];
  let next = 0;
  let isOver = false;
  let done = 0;
  const work = async (runner: TaskRunner) => {
    while (!isOver) {
      const task = tasks.next();
      if (task.done === true) return;
      const at = next++;
      const result = await runner(task.value, world.words);
      results[at] = result;
      done += result.schedules;
      if (result.found !== null || result.words !== null || !clock.goesOn(done)) isOver = true;
    }
  };
  await Promise.all(runners.map(work));
  return merge(results, options, tasks.next().done === true);
}

function merge(
  results: readonly (TaskResult | undefined)[],
  options: ExploreOptions,
  isAll: boolean,
): SearchResult {
  const most = mostSchedules(options);
  const survey = new Survey();
  let schedules = 0;
  let complete = isAll && wholeIsTree(options);
  const none = { found: null, words: null, complete: false };
  for (const result of results) {
    if (result === undefined) break;
    const { found, words } = result;
    survey.add(result.seen);
    const { coverage } = survey;
    if (schedules + result.schedules > most) return { ...none, coverage, schedules: most };
    schedules += result.schedules;
    if (found !== null || words !== null) return { ...none, found, words, coverage, schedules };
    complete &&= result.complete;
  }
  return { ...none, schedules, complete, coverage: survey.coverage };
}

function wholeIsTree(options: ExploreOptions): boolean {
  return "prefix" in wholeTask(options);
}
