/** The same workload under several schedulers, side by side. */

import {
  anything,
  arrayOf,
  callback,
  checkArgument,
  checkOptions,
  optional,
  type Rules,
  shaped,
  whole,
} from "../core/arguments.js";
import type { SchedulerName, Topology } from "../core/config.js";
import { KernelPanic } from "../core/errors.js";
import type { KernelBuild } from "../core/instantiate.js";
import { runWorkload } from "./api.js";
import type { Workload } from "./model.js";
import { workloadRule } from "./parse.js";
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
  readonly seeds: number;
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
  schedulers: arrayOf(
    shaped("", { scheduler: anything }),
    "an array of { scheduler }, with runQueues where they are not the usual ones",
  ),
  seeds: optional(whole(1, SEEDS_MAX)),
  cpus: optional(anything),
  topology: optional(anything),
  forNs: optional(anything),
  build: optional(anything),
  onRun: optional(callback),
};

/**
 * Runs a workload under each of several schedulers, with each of several seeds.
 *
 * @throws WorkloadError, ConfigError and KernelPanic as {@link runWorkload}.
 */
export function compareWorkload(workload: Workload, options: CompareOptions): Comparison {
  checkArgument("compareWorkload", "workload", workload, workloadRule);
  checkOptions("compareWorkload", options, optionRules);
  const { schedulers, seeds = 1, cpus, topology, forNs, build, onRun } = options;
  const notes = new Map<string, string[]>();
  let cpuCount = 0;
  let done = 0;
  const runs = schedulers.map((choice) => {
    const name = comparedName(choice);
    const reports: RunReport[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const report = told(`under ${name}, seed ${seed}`, () =>
        runWorkload(workload, {
          ...choice,
          seed,
          ...(cpus === undefined ? {} : { cpus }),
          ...(topology === undefined ? {} : { topology }),
          ...(forNs === undefined ? {} : { forNs }),
          ...(build === undefined ? {} : { build }),
        }),
      );
      cpuCount = report.cpuCount;
      for (const note of seed === 0 ? report.notes : []) {
        notes.set(note, [...(notes.get(note) ?? []), name]);
      }
      reports.push(report);
      onRun?.(++done, schedulers.length * seeds);
    }
    return summary(name, reports);
  });
  const said = [...notes].map(([note, names]) => noteOf(note, names, schedulers.length));
  return { version: 1, file: workload.fileName, cpuCount, seeds, runs, notes: said };
}

/** A panic says in which of all these runs it happened. */
function told<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof KernelPanic) error.message += `, ${where}`;
    throw error;
  }
}

/** A note with those that it is of in front, unless it is of all. */
function noteOf(note: string, names: readonly string[], runs: number): string {
  return names.length === runs ? note : `${names.join(", ")}: ${note}`;
}

function summary(scheduler: string, reports: readonly RunReport[]): ComparedRuns {
  const over = (value: (report: RunReport) => number) => spread(reports.map(value));
  return {
    scheduler,
    hashes: reports.map(({ hash }) => hash),
    outcomes: reports.map(({ outcome }) => outcome),
    fairness: over(({ threads }) => jain(threads.map(({ cpuTimeNs }) => cpuTimeNs))),
    latencyP50Ns: latency(reports, ({ p50Ns }) => p50Ns, middle),
    latencyP99Ns: latency(reports, ({ p99Ns }) => p99Ns, highest),
    latencyMaxNs: latency(reports, ({ maxNs }) => maxNs, highest),
    switches: over(({ switches }) => switches),
    involuntarySwitches: over(({ threads }) => sum(threads.map((t) => t.involuntarySwitches))),
    migrations: over(({ threads }) => sum(threads.map((t) => t.migrations))),
    idleWhileRunnable: over(
      ({ idleWhileRunnableNs, cpus, timeNs }) => idleWhileRunnableNs / (timeNs * cpus.length || 1),
    ),
    deadlineMisses: deadlines(reports, ({ misses }) => misses),
    deadlineJobs: deadlines(reports, ({ jobs }) => jobs),
    idle: over(
      ({ cpus, timeNs }) => sum(cpus.map(({ idleNs }) => idleNs)) / (timeNs * cpus.length || 1),
    ),
    tasks: tasksOf(reports),
  };
}

type LatencyOf = NonNullable<RunReport["threads"][number]["latency"]>;

function latency(
  reports: readonly RunReport[],
  value: (latency: LatencyOf) => number,
  pick: (values: number[]) => number,
): Spread | null {
  const picked = reports.flatMap(({ threads }) => {
    const values = threads.flatMap((thread) =>
      thread.latency === null ? [] : [value(thread.latency)],
    );
    return values.length === 0 ? [] : [pick(values)];
  });
  return picked.length === 0 ? null : spread(picked);
}

type DeadlineOf = NonNullable<RunReport["threads"][number]["deadline"]>;

function deadlines(
  reports: readonly RunReport[],
  value: (deadline: DeadlineOf) => number,
): Spread | null {
  const sums = reports.flatMap(({ threads }) => {
    const values = threads.flatMap(({ deadline }) => (deadline === null ? [] : [value(deadline)]));
    return values.length === 0 ? [] : [sum(values)];
  });
  return sums.length === 0 ? null : spread(sums);
}

function tasksOf(reports: readonly RunReport[]): ComparedTask[] {
  const names = [...new Set(reports.flatMap(({ threads }) => threads.map(({ task }) => task)))];
  return names.map((task) => {
    const shares: number[] = [];
    const ends: number[] = [];
    let threads = 0;
    let isEnded = true;
    for (const report of reports) {
      const own = report.threads.filter((thread) => thread.task === task);
      threads = Math.max(threads, own.length);
      for (const { cpuTimeNs } of own) shares.push(cpuTimeNs / (report.timeNs || 1));
      if (own.length === 0 || own.some(({ endedAtNs }) => endedAtNs === null)) isEnded = false;
      else ends.push(highest(own.map(({ endedAtNs }) => endedAtNs ?? 0)));
    }
    return { task, threads, share: spread(shares), endedNs: isEnded ? spread(ends) : null };
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
