// The parts of a search: numbers of random schedules, or subtrees of all schedules. They are in an order, and
// the first one that fails counts, so that it does not matter who performs them, and when.

import * as Layout from "../generated/layout.js";
import { type Coverage, type Seen, Survey, shareBefore } from "./coverage.js";
import type { ExploreOptions, SearchChoice } from "./options.js";
import {
  ExhaustiveStrategy,
  MEASURED,
  PctStrategy,
  RandomStrategy,
  ReplayStrategy,
  type Strategy,
} from "./strategies.js";
import { decodeTape, modeOfTape, stepsOfTape, type TapeMode } from "./tape.js";
import type { Limits, Outcome, Words, World } from "./world.js";

/** A part of a search. */
export type Task =
  /** The schedules from a number up to another one. */
  | { readonly from: number; readonly to: number }
  /** All schedules that begin with these choices, or the first ones of them. */
  | { readonly prefix: readonly number[]; readonly most?: number };

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

/**
 * The place of a task in the order of all, from 0 on, and the last place whose task still matters, in memory
 * that threads share: what a task behind it finds is not asked for any more.
 */
export interface Turn {
  readonly at: number;
  readonly last: Int32Array;
}

/**
 * Performs one task after the other, with decisions before accesses to these words. Null: it has not performed the task,
 * since nobody asks for it any more.
 */
export type TaskRunner = (task: Task, words: Words, turn: Turn) => Promise<TaskResult | null>;

/** Says whether a search goes on, and is told of the schedules so far. */
export interface Stopwatch {
  goesOn(schedules: number): boolean;
}

/** The stopwatch of a task that goes on as long as it matters. */
export function whileAsked({ at, last }: Turn): Stopwatch {
  return { goesOn: () => Atomics.load(last, 0) >= at };
}

const SCHEDULES_DEFAULT = 10_000;
export const STEPS_DEFAULT = 2_000;
export const DEPTH_DEFAULT = 3;
/** How often a caller is told how far a search is, and asked whether it has had enough. */
const PROGRESS_MS = 250;
/** How often a search in parallel looks at the clock. */
const LOOK_MS = 50;
/** A place behind those of all tasks. */
const NEVER = 2 ** 31 - 1;
/**
 * Random schedules of a task, and decisions that a subtree begins with: a task takes far longer than handing it out,
 * and there are far more tasks than workers.
 */
const TASK_SCHEDULES = 1_000;
/** Schedules after which an exhaustive search looks ahead, with up to so many preemptions, and so many of each number. */
const BEGINNING = 1_000;
const AHEAD_PREEMPTIONS = 2;
const AHEAD_SCHEDULES = 1_000;
const TASK_DECISIONS = 8;

/** The host's time: when a search is over, and when it tells how far it is. It decides nothing else. */
export class Clock implements Stopwatch {
  private began = performance.now();
  private told = this.began;
  private asked = this.began;
  private hasEnded = false;

  /** How long what has begun may take. */
  private most: number;

  constructor(private readonly options: ExploreOptions) {
    this.most = options.for ?? Number.POSITIVE_INFINITY;
  }

  perSecond(schedules: number): number {
    return Math.round((1000 * schedules) / Math.max(performance.now() - this.began, 1e-3));
  }

  /** True once the caller has had enough. */
  isInterrupted(now = performance.now()): boolean {
    const { isInterrupted } = this.options;
    if (this.hasEnded || isInterrupted === undefined) return this.hasEnded;
    if (now - this.asked < PROGRESS_MS) return false;
    this.asked = now;
    this.hasEnded = isInterrupted() === true;
    return this.hasEnded;
  }

  /** One of the two ways to make a failing schedule shorter begins: together they may take as long as the search. */
  beginShortening(): void {
    this.began = performance.now();
    this.most = (this.options.for ?? Number.POSITIVE_INFINITY) / 2;
  }

  /** True when the time for that is over, or the caller has had enough. */
  endsShortening(): boolean {
    const now = performance.now();
    return this.isInterrupted(now) || this.isLate(now);
  }

  private isLate(now: number): boolean {
    return now - this.began >= this.most;
  }

  /** False when the time is over, or the caller has had enough. */
  goesOn(schedules: number): boolean {
    const now = performance.now();
    if (this.isInterrupted(now) || this.isLate(now)) return false;
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

/**
 * The bounds of a search's schedules; a replay has none but that of steps, which is as many as its schedule takes or
 * more.
 */
export function limitsOf(options: ExploreOptions): Limits {
  const { preemptions, steps, replay, reduce } = options;
  const isReplay = replay !== undefined;
  const { choose, races } = modeOf(options);
  return {
    preemptions: isReplay || preemptions === undefined ? Number.POSITIVE_INFINITY : preemptions,
    steps: isReplay
      ? Math.max(steps ?? 0, stepsOfTape(replay) ?? STEPS_DEFAULT)
      : (steps ?? STEPS_DEFAULT),
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
  clock: Stopwatch | null,
): TaskResult {
  const survey = new Survey();
  return { ...perform(world, options, task, clock, survey), seen: survey.seen };
}

function perform(
  world: World,
  options: ExploreOptions,
  task: Task,
  clock: Stopwatch | null,
  survey: Survey,
): Omit<TaskResult, "seen"> {
  const strategy = strategyOf(options, task);
  const limits = limitsOf(options);
  const isReplay = options.replay !== undefined;
  const { from, to } =
    "prefix" in task ? { from: 0, to: task.most ?? mostSchedules(options) } : task;
  if (from > 0 && strategy instanceof PctStrategy) measure(world, strategy, options);
  let schedules = 0;
  const result = (complete: boolean, found: Outcome | null = null) => {
    return { found, schedules, complete, words: null };
  };
  const isRandom = !("prefix" in task);
  survey.begin(world.state);
  for (let number = from; schedules < to - from; ) {
    const found = world.perform(strategy, number, limits);
    if (!world.isKnown) {
      schedules++;
      survey.note(world.state, number, isRandom);
    }
    number++;
    if (found !== null) return result(false, found);
    if (world.hasLearned && !isReplay) return { ...result(false), words: world.shared };
    if (!strategy.end(world.state)) return result(!isReplay);
    if (clock?.goesOn(schedules) === false) break;
  }
  if (!isRandom) survey.stop(world.state);
  return result(false);
}

/**
 * Begins an exhaustive search. Depth first, schedules that differ in their last choices come first, and a mistake in the
 * middle of long threads comes late, however few preemptions it takes: most take one or two. So a search that is not
 * over after its first schedules looks at those with few preemptions before it goes on. They count if one of them fails,
 * and otherwise it is as if they had not been: all schedules are performed again in their order.
 *
 * @returns what the search has found, or null if it has to be performed
 */
function beginTree(world: World, options: ExploreOptions, clock: Clock): SearchResult | null {
  if (!wholeIsTree(options)) return null;
  const schedules = Math.min(mostSchedules(options), BEGINNING);
  const beginning = performInOrder(world, { ...options, schedules }, clock);
  const isOver = beginning.found !== null || beginning.complete || !clock.goesOn(schedules);
  if (isOver || beginning.schedules < BEGINNING) return beginning;
  const { words } = world;
  const ahead = lookAhead(world, options, clock);
  if (ahead.found !== null) {
    return { ...beginning, found: ahead.found, schedules: schedules + ahead.schedules };
  }
  world.words = words;
  return clock.goesOn(schedules) ? null : beginning;
}

/** Performs schedules with few preemptions, up to the first that fails. */
function lookAhead(
  world: World,
  options: ExploreOptions,
  clock: Clock,
): Pick<SearchResult, "found" | "schedules"> {
  const limits = { ...limitsOf(options), reduce: false };
  const most = mostSchedules(options) - BEGINNING;
  let schedules = 0;
  const bound = Math.min(limits.preemptions, AHEAD_PREEMPTIONS + 1);
  for (let preemptions = 0; preemptions < bound; preemptions++) {
    let strategy = new ExhaustiveStrategy();
    for (let i = 0; i < AHEAD_SCHEDULES && schedules < most; i++) {
      const found = world.perform(strategy, i, { ...limits, preemptions });
      schedules++;
      if (found !== null) return { found, schedules };
      if (!clock.goesOn(BEGINNING + schedules)) return { found, schedules };
      if (world.hasLearned) {
        world.words = world.shared;
        strategy = new ExhaustiveStrategy();
      } else if (!strategy.end(world.state)) break;
    }
  }
  return { found: null, schedules };
}

/** All of a search, performed here. */
export function performWhole(world: World, options: ExploreOptions, clock: Clock): SearchResult {
  return beginTree(world, options, clock) ?? performInOrder(world, options, clock);
}

function performInOrder(world: World, options: ExploreOptions, clock: Clock): SearchResult {
  for (;;) {
    const survey = new Survey();
    const result = perform(world, options, wholeTask(options), clock, survey);
    if (result.words === null) return { ...result, coverage: survey.coverage };
    world.words = result.words;
  }
}

/** How long schedules were that a world has measured for a PCT search: its tasks begin with the same ones. */
const measured = new WeakMap<World, { options: ExploreOptions; words: Words; length: number }>();

/** Performs the schedules by which a PCT search measures the others, which are another task's. */
function measure(world: World, strategy: PctStrategy, options: ExploreOptions): void {
  const known = measured.get(world);
  if (known?.options === options && known.words === world.words) {
    strategy.length = known.length;
    return;
  }
  const { words } = world;
  for (let number = 0; number < MEASURED; number++) {
    world.perform(strategy, number, limitsOf(options));
    strategy.end(world.state);
  }
  measured.set(world, { options, words, length: strategy.length });
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

/** Those who perform the parts of a search. */
export interface Hands {
  readonly runners: readonly TaskRunner[];
  /** True if this thread performs parts, too: those of random schedules, none of which takes longer than the others. */
  readonly joins: boolean;
}

/** Performs all of a search by others, and puts together what they find, in the order of the tasks. */
export async function performAll(
  hands: Hands,
  world: World,
  options: ExploreOptions,
  clock: Clock,
): Promise<SearchResult> {
  const early = beginTree(world, options, clock);
  if (early !== null) return early;
  for (;;) {
    const result = await performOnce(hands, world, options, clock);
    if (result.words === null) return result;
    world.words = result.words;
  }
}

/** What of a search was handed out. */
interface Handed {
  readonly tasks: Task[];
  /** The parts of all schedules that come before those of each task. */
  readonly before: number[];
}

async function performOnce(
  { runners, joins }: Hands,
  world: World,
  options: ExploreOptions,
  clock: Clock,
): Promise<SearchResult> {
  const handed: Handed = { tasks: [], before: [] };
  const more = tasksOf(world, options);
  const hand = (): number | null => {
    const task = more.next();
    if (task.done === true) return null;
    const { value } = task;
    handed.before.push("prefix" in value ? shareBefore(world.state, value.prefix.length) : 0);
    return handed.tasks.push(value) - 1;
  };
  const last = new Int32Array(new SharedArrayBuffer(4)).fill(NEVER);
  const endAt = (at: number) => {
    if (at < Atomics.load(last, 0)) Atomics.store(last, 0, at);
  };
  const merger = new Merger(mostSchedules(options));
  const look = () => {
    if (!clock.goesOn(merger.performed)) endAt(-1);
  };
  const perform = async (runner: TaskRunner): Promise<boolean> => {
    const at = hand();
    if (at === null) return false;
    const result = await runner(handed.tasks[at] as Task, world.words, { at, last });
    if (result === null) return false;
    merger.add(at, result);
    if (result.found !== null || result.words !== null) endAt(at);
    if (merger.isOver) endAt(merger.tasks - 1);
    look();
    return true;
  };
  const work = async (runner: TaskRunner) => {
    let at = 0;
    try {
      do at = handed.tasks.length;
      while (Atomics.load(last, 0) === NEVER && (await perform(runner)));
    } catch (error) {
      merger.refuse(at, error);
      endAt(at);
    }
  };
  const isTree = wholeIsTree(options);
  const here = joins && !isTree ? [runnerHere(world, options, look)] : [];
  const timer = setInterval(look, LOOK_MS);
  try {
    await Promise.all([...here, ...runners].map(work)); // this thread can begin at once
  } finally {
    clearInterval(timer);
  }
  merger.throwRefusal();
  if (merger.most !== null && !clock.isInterrupted()) {
    Atomics.store(last, 0, NEVER);
    const part: Task = { ...(handed.tasks[merger.tasks] as Task), most: merger.most };
    const result = await (runners[0] as TaskRunner)(part, world.words, { at: 0, last });
    if (result !== null) merger.take(result);
  }
  return resultOf(merger, handed, isTree, hand() === null);
}

/** Performs tasks in this thread; between two of them, it attends to the others. */
function runnerHere(world: World, options: ExploreOptions, look: () => void): TaskRunner {
  return async (task, _words, turn) => {
    await new Promise((resolve) => setImmediate(resolve));
    const asked = whileAsked(turn);
    const goesOn = (schedules: number) => {
      look();
      return asked.goesOn(schedules);
    };
    return performTask(world, options, task, { goesOn });
  };
}

/** Puts together what tasks have found, in their order, as far as each from the first one on has an answer. */
class Merger {
  private readonly waiting = new Map<number, TaskResult>();
  private readonly survey = new Survey();
  /** Schedules that were performed, and those of the tasks that are put together; these are `tasks`. */
  performed = 0;
  schedules = 0;
  tasks = 0;
  /** True if all of these have seen all of their part. */
  isComplete = true;
  /** What the last of them has found, which ends the search. */
  found: Outcome | null = null;
  words: Words | null = null;
  /** The first task that could not be performed, and why. */
  private refused: { readonly at: number; readonly error: unknown } | null = null;

  constructor(private readonly schedulesMax: number) {}

  add(at: number, result: TaskResult): void {
    this.performed += result.schedules;
    this.waiting.set(at, result);
    while (!this.isOver) {
      const next = this.waiting.get(this.tasks);
      if (next === undefined) return;
      this.waiting.delete(this.tasks);
      this.take(next);
    }
  }

  take(result: TaskResult): void {
    this.survey.add(result.seen);
    this.schedules += result.schedules;
    this.tasks++;
    this.isComplete &&= result.complete;
    this.found = result.found;
    this.words = result.words;
  }

  refuse(at: number, error: unknown): void {
    if (this.refused === null || at < this.refused.at) this.refused = { at, error };
  }

  /** What has kept a task from being performed counts unless a task before it ends the search. */
  throwRefusal(): void {
    if (this.refused !== null && !this.isOver) throw this.refused.error;
  }

  /** True if no other task matters. */
  get isOver(): boolean {
    const { found, words, schedules, schedulesMax } = this;
    return found !== null || words !== null || schedules >= schedulesMax || this.most !== null;
  }

  /**
   * So many schedules, the first ones, are to be counted of the task that comes next, which has performed more;
   * or null.
   */
  get most(): number | null {
    if (this.found !== null || this.words !== null) return null;
    const next = this.waiting.get(this.tasks);
    const left = this.schedulesMax - this.schedules;
    return next !== undefined && left > 0 && next.schedules > left ? left : null;
  }

  get coverage(): Coverage {
    return this.survey.coverage;
  }
}

function resultOf(
  { found, words, schedules, tasks, isComplete, coverage }: Merger,
  handed: Handed,
  isTree: boolean,
  isAll: boolean,
): SearchResult {
  if (found !== null || words !== null) {
    return { found, words, schedules, complete: false, coverage };
  }
  const complete = isAll && isTree && isComplete && tasks === handed.tasks.length;
  const share = !isTree || complete ? null : (coverage.share ?? handed.before[tasks] ?? null);
  return { found, words, schedules, complete, coverage: { ...coverage, share } };
}

function wholeIsTree(options: ExploreOptions): boolean {
  return "prefix" in wholeTask(options);
}
