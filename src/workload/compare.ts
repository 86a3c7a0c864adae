/** The same workload under several schedulers, side by side. */

import {
  anything,
  arrayOf,
  callback,
  checkArgument,
  checkOptions,
  notEmpty,
  optional,
  type Rules,
  shaped,
  whole,
  wide,
} from "../core/arguments.js";
import type { SchedulerName, Topology } from "../core/config.js";
import { KernelPanic } from "../core/errors.js";
import type { KernelBuild } from "../core/instantiate.js";
import { type PieceSize, runInPieces, toEnd, wholeRun } from "./api.js";
import type { Workload } from "./model.js";
import { workloadRule } from "./parse.js";
import { DEFAULT_CPUS } from "./run.js";
import type { Outcome, RunReport } from "./run-report.js";

/** A scheduler to compare. */
export interface ComparedScheduler {
  readonly scheduler: SchedulerName;
  /** Of 4bsd and ule. Default 256. */
  readonly runQueues?: 64 | 256;
}

/** What to compare. */
export interface CompareOptions {
  readonly schedulers: readonly ComparedScheduler[];
  /** CPUs of each machine. Default 4. */
  readonly cpus?: number;
  /** What the CPUs are made of, for ule. Default: all share one cache. */
  readonly topology?: Topology;
  /** Seeds 0, 1, ... below this are run. Default 1. */
  readonly seeds?: number;
  /** Virtual time of each run, in nanoseconds. Default: as of a single run. */
  readonly forNs?: number;
  readonly build?: KernelBuild;
  /** Is called after each run, with how many there have been, and how many there will be. */
  readonly onRun?: (runs: number, all: number) => void;
}

/** A number over all seeds. */
export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** What the threads of a task did, over all seeds. */
export interface ComparedTask {
  readonly task: string;
  readonly threads: number;
  /** CPU time of a thread, in parts of the run's time. */
  readonly share: Spread;
  /** When the last of its threads ended, over the seeds; null if some have not. */
  readonly endedNs: Spread | null;
}

/** A workload under one scheduler. Latencies are from being woken to running. */
export interface ComparedRuns {
  readonly scheduler: string;
  readonly hashes: readonly string[];
  readonly outcomes: readonly Outcome[];
  /** Jain's index of the threads' CPU times: 1 when all are equal, 1/n when one has everything. */
  readonly fairness: Spread;
  /** The threads' medians: the one in the middle. Null if none was woken. */
  readonly latencyP50Ns: Spread | null;
  /** The worst thread's 99th percentile, and the longest of all. */
  readonly latencyP99Ns: Spread | null;
  readonly latencyMaxNs: Spread | null;
  readonly switches: Spread;
  readonly involuntarySwitches: Spread;
  /** How often threads came to another CPU. */
  readonly migrations: Spread;
  /** Part of the machine that was idle although threads waited for a CPU. */
  readonly idleWhileRunnable: Spread;
  /** Jobs that were late, of those that were done; null if no thread has a deadline. */
  readonly deadlineMisses: Spread | null;
  readonly deadlineJobs: Spread | null;
  /** Part of the machine that was idle. */
  readonly idle: Spread;
  readonly tasks: readonly ComparedTask[];
}

/** A comparison. */
export interface Comparison {
  readonly version: 1;
  readonly file: string;
  readonly cpuCount: number;
  /** Seeds that were run under all schedulers; 0 if the comparison was ended before the first of them was. */
  readonly seeds: number;
  /** In the order of the schedulers; without those that have not run yet. */
  readonly runs: readonly ComparedRuns[];
  /** What is done otherwise than the file asks, each once, with those schedulers in front that do so unless all do. */
  readonly notes: readonly string[];
}

/** How a scheduler is called in a comparison: `ule`, or `ule:64` with 64 run queues. */
function comparedName({ scheduler, runQueues }: ComparedScheduler): string {
  return runQueues === undefined ? scheduler : `${scheduler}:${runQueues}`;
}

const SEEDS_MAX = 1_000_000;

/** What a run checks is left to that. */
const optionRules: Rules = {
  schedulers: notEmpty(
    arrayOf(
      shaped("", { scheduler: anything }),
      "an array of one { scheduler } or more, with runQueues where they are not the usual ones",
    ),
  ),
  seeds: optional(whole(1, SEEDS_MAX)),
  cpus: optional(anything),
  topology: optional(anything),
  forNs: optional(wide),
  build: optional(anything),
  onRun: optional(callback),
};

/**
 * Runs a workload under each of several schedulers, with each of several seeds.
 *
 * @throws ArgumentError when there is no scheduler, or no seed.
 * @throws WorkloadError, ConfigError and KernelPanic as {@link runWorkload}.
 */
export function compareWorkload(workload: Workload, options: CompareOptions): Comparison {
  checkArgument("compareWorkload", "workload", workload, workloadRule);
  checkOptions("compareWorkload", options, optionRules);
  const comparing = new Comparing(workload, options);
  toEnd(comparing.perform(wholeRun));
  return comparing.comparison;
}

/** A comparison that can be performed piece by piece. */
export class Comparing {
  /** Of each scheduler, in their order. */
  private readonly runs: readonly Figures[][];

  constructor(
    private readonly workload: Workload,
    private readonly options: CompareOptions,
  ) {
    this.runs = options.schedulers.map(() => []);
  }

  /**
   * Makes the runs, in pieces of this size: each seed under all schedulers before the next one, so that a comparison that
   * is given up has as many seeds of each.
   */
  *perform(size: PieceSize): Generator<void, void> {
    const { schedulers, seeds = 1, cpus, topology, forNs, build, onRun } = this.options;
    const options = { cpus, topology, forNs, build };
    let done = 0;
    for (let seed = 0; seed < seeds; seed++) {
      for (const [i, choice] of schedulers.entries()) {
        const run = runInPieces(this.workload, { ...choice, ...options, seed }, size);
        const report = yield* told(`under ${comparedName(choice)}, seed ${seed}`, run);
        this.runs[i]?.push(figuresOf(report));
        onRun?.(++done, schedulers.length * seeds);
        yield;
      }
    }
  }

  /** What the runs so far have come to: those of the seeds that all schedulers have run, or of the first seed. */
  get comparison(): Comparison {
    const { schedulers } = this.options;
    const seeds = Math.min(...this.runs.map(({ length }) => length));
    const notes = new Map<string, string[]>();
    const runs: ComparedRuns[] = [];
    for (const [i, choice] of schedulers.entries()) {
      const own = this.runs[i]?.slice(0, Math.max(seeds, 1)) ?? [];
      const [first] = own;
      if (first === undefined) continue;
      const name = comparedName(choice);
      for (const note of first.notes) notes.set(note, [...(notes.get(note) ?? []), name]);
      runs.push(summary(name, own));
    }
    return {
      version: 1,
      file: this.workload.fileName,
      cpuCount: this.options.cpus ?? DEFAULT_CPUS,
      seeds,
      runs,
      notes: [...notes].map(([note, names]) => noteOf(note, names, runs.length)),
    };
  }
}

/** A panic says in which of all these runs it happened. */
function* told<T>(where: string, run: Generator<void, T>): Generator<void, T> {
  try {
    return yield* run;
  } catch (error) {
    if (error instanceof KernelPanic) error.message += `, ${where}`;
    throw error;
  }
}

/** A note with those that it is of in front, unless it is of all. */
function noteOf(note: string, names: readonly string[], runs: number): string {
  return names.length === runs ? note : `${names.join(", ")}: ${note}`;
}

/** What a comparison takes from the report of a run, which is far larger. */
interface Figures {
  readonly hash: string;
  readonly outcome: Outcome;
  readonly notes: readonly string[];
  readonly fairness: number;
  /** Null where no thread was woken. */
  readonly latencyP50Ns: number | null;
  readonly latencyP99Ns: number | null;
  readonly latencyMaxNs: number | null;
  readonly switches: number;
  readonly involuntarySwitches: number;
  readonly migrations: number;
  readonly idleWhileRunnable: number;
  /** Null where no thread has a deadline. */
  readonly deadlineMisses: number | null;
  readonly deadlineJobs: number | null;
  readonly idle: number;
  readonly tasks: ReadonlyMap<string, TaskFigures>;
}

/** The CPU time of each thread of a task in parts of the run's time, and when the last one ended; null if one has not. */
interface TaskFigures {
  readonly shares: readonly number[];
  readonly endedNs: number | null;
}

function figuresOf(report: RunReport): Figures {
  const { hash, outcome, notes, switches, threads, cpus, timeNs, idleWhileRunnableNs } = report;
  const machineNs = timeNs * cpus.length || 1;
  const latencies = threads.flatMap(({ latency }) => (latency === null ? [] : [latency]));
  const deadlines = threads.flatMap(({ deadline }) => (deadline === null ? [] : [deadline]));
  return {
    hash,
    outcome,
    notes,
    fairness: jain(threads.map(({ cpuTimeNs }) => cpuTimeNs)),
    latencyP50Ns: ofAny(latencies, ({ p50Ns }) => p50Ns, middle),
    latencyP99Ns: ofAny(latencies, ({ p99Ns }) => p99Ns, highest),
    latencyMaxNs: ofAny(latencies, ({ maxNs }) => maxNs, highest),
    switches,
    involuntarySwitches: sum(threads.map((thread) => thread.involuntarySwitches)),
    migrations: sum(threads.map((thread) => thread.migrations)),
    idleWhileRunnable: idleWhileRunnableNs / machineNs,
    deadlineMisses: ofAny(deadlines, ({ misses }) => misses, sum),
    deadlineJobs: ofAny(deadlines, ({ jobs }) => jobs, sum),
    idle: sum(cpus.map(({ idleNs }) => idleNs)) / machineNs,
    tasks: new Map(
      [...new Set(threads.map(({ task }) => task))].map((name) => {
        const own = threads.filter(({ task }) => task === name);
        return [name, taskFigures(own, timeNs)];
      }),
    ),
  };
}

/** One number of what threads have of a kind; null if none has it. */
function ofAny<T>(
  all: readonly T[],
  value: (one: T) => number,
  pick: (values: readonly number[]) => number,
): number | null {
  return all.length === 0 ? null : pick(all.map(value));
}

function taskFigures(threads: RunReport["threads"], timeNs: number): TaskFigures {
  const ends = threads.map(({ endedAtNs }) => endedAtNs);
  return {
    shares: threads.map(({ cpuTimeNs }) => cpuTimeNs / (timeNs || 1)),
    endedNs: ends.includes(null) ? null : highest(ends.map((end) => end ?? 0)),
  };
}

function summary(scheduler: string, runs: readonly Figures[]): ComparedRuns {
  const over = (value: (run: Figures) => number) => spread(runs.map(value));
  const overAny = (value: (run: Figures) => number | null) => {
    const values = runs.map(value).filter((one) => one !== null);
    return values.length === 0 ? null : spread(values);
  };
  return {
    scheduler,
    hashes: runs.map(({ hash }) => hash),
    outcomes: runs.map(({ outcome }) => outcome),
    fairness: over((run) => run.fairness),
    latencyP50Ns: overAny((run) => run.latencyP50Ns),
    latencyP99Ns: overAny((run) => run.latencyP99Ns),
    latencyMaxNs: overAny((run) => run.latencyMaxNs),
    switches: over((run) => run.switches),
    involuntarySwitches: over((run) => run.involuntarySwitches),
    migrations: over((run) => run.migrations),
    idleWhileRunnable: over((run) => run.idleWhileRunnable),
    deadlineMisses: overAny((run) => run.deadlineMisses),
    deadlineJobs: overAny((run) => run.deadlineJobs),
    idle: over((run) => run.idle),
    tasks: tasksOf(runs),
  };
}

function tasksOf(runs: readonly Figures[]): ComparedTask[] {
  const names = new Set(runs.flatMap(({ tasks }) => [...tasks.keys()]));
  return [...names].map((task) => {
    const own = runs.map(({ tasks }) => tasks.get(task));
    const ends = own.flatMap((figures) => figures?.endedNs ?? []);
    return {
      task,
      threads: highest(own.map((figures) => figures?.shares.length ?? 0)),
      share: spread(own.flatMap((figures) => figures?.shares ?? [])),
      endedNs: ends.length === runs.length ? spread(ends) : null,
    };
  });
}

/** Jain's index of fairness. */
export function jain(values: readonly number[]): number {
  const squares = sum(values.map((value) => value * value));
  return squares === 0 ? 1 : sum(values) ** 2 / (values.length * squares);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function spread(values: readonly number[]): Spread {
  return {
    mean: sum(values) / (values.length || 1),
    min: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    max: highest(values),
  };
}
