/** The same workload with many seeds: how its results vary, and the seeds with which it fails. */
import { callback, checkArgument, checkOptions, count, optional } from "../core/arguments.js";
import { ConfigError, KernelPanic } from "../core/errors.js";
import {
  type PieceSize,
  type RunWorkloadOptions,
  runInPieces,
  runWorkloadRules,
  toEnd,
  wholeRun,
} from "./api.js";
import type { Workload } from "./model.js";
import { workloadRule } from "./parse.js";
import { DEFAULT_CPUS } from "./run.js";
import type { RunReport, ThreadReport } from "./run-report.js";

/** Which runs to make. The seeds are `from` to `to`, both included. */
export interface SweepOptions extends Omit<RunWorkloadOptions, "seed"> {
  readonly from: number;
  readonly to: number;
  /** Called after each run; the sweep ends when it returns false. */
  readonly onRun?: (runs: number) => boolean;
}

/** A figure over all runs that have it. The median is the lower one of the two in the middle. */
export interface Variation {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** A run that failed. */
export interface SweepFailure {
  readonly seed: number;
  readonly kind: "panic" | "deadlock";
  readonly message: string;
}

/** The figures of a thread that a run's report has; null where no run has it. */
export interface SweptThread {
  readonly name: string;
  readonly cpuTimeNs: Variation;
  readonly endedAtNs: Variation | null;
  readonly voluntarySwitches: Variation;
  readonly involuntarySwitches: Variation;
  readonly wakeups: Variation;
  readonly latencyMeanNs: Variation | null;
  readonly latencyP99Ns: Variation | null;
  readonly latencyMaxNs: Variation | null;
}

/** What a sweep has found. */
export interface SweepReport {
  readonly version: 1;
  readonly file: string;
  readonly cpuCount: number;
  readonly scheduler: string;
  readonly chaos: boolean;
  readonly from: number;
  readonly to: number;
  /** Runs so far: fewer than there are seeds if the sweep was stopped. */
  readonly runs: number;
  /** Runs that differ, by their hashes. */
  readonly different: number;
  readonly failures: readonly SweepFailure[];
  readonly timeNs: Variation | null;
  readonly switches: Variation | null;
  readonly idleNs: Variation | null;
  readonly messages: Variation | null;
  readonly threads: readonly SweptThread[];
}

const sweepRules = { ...runWorkloadRules, from: count, to: count, onRun: optional(callback) };

/** Most runs of a sweep. */
export const SWEEP_RUNS_MAX = 1_000_000;
/** Threads whose figures are kept, those with the lowest ids. */
const THREADS_MAX = 200;

/** Collects the values of a figure. */
class Figure {
  private readonly values: number[] = [];

  add(value: number | null | undefined): void {
    if (value !== null && value !== undefined) this.values.push(value);
  }

  get variation(): Variation | null {
    const sorted = this.values.sort((a, b) => a - b);
    const { length } = sorted;
    if (length === 0) return null;
    const [min, median, max] = [0, (length - 1) >> 1, length - 1].map((at) => sorted[at] ?? 0);
    return { min: min ?? 0, median: median ?? 0, max: max ?? 0 };
  }
}

const NONE: Variation = { min: 0, median: 0, max: 0 };

const threadFigures: Readonly<
  Record<Exclude<keyof SweptThread, "name">, (thread: ThreadReport) => number | null | undefined>
> = {
  cpuTimeNs: (thread) => thread.cpuTimeNs,
  endedAtNs: (thread) => thread.endedAtNs,
  voluntarySwitches: (thread) => thread.voluntarySwitches,
  involuntarySwitches: (thread) => thread.involuntarySwitches,
  wakeups: (thread) => thread.wakeups,
  latencyMeanNs: (thread) => thread.latency?.meanNs,
  latencyP99Ns: (thread) => thread.latency?.p99Ns,
  latencyMaxNs: (thread) => thread.latency?.maxNs,
};
type ThreadFigures = Readonly<Record<keyof typeof threadFigures, Figure>>;

function createThreadFigures(): ThreadFigures {
  const figures = Object.keys(threadFigures).map((name) => [name, new Figure()]);
  return Object.fromEntries(figures) as ThreadFigures;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * Runs a workload with each of many seeds. Without `chaos` most workloads do the same whatever the seed.
 *
 * @throws ConfigError when `from` is above `to`, or no machine can hold the workload.
 * @throws WorkloadError when it cannot be compiled.
 */
export function sweepWorkload(workload: Workload, options: SweepOptions): SweepReport {
  checkArgument("sweepWorkload", "workload", workload, workloadRule);
  checkOptions("sweepWorkload", options, sweepRules);
  const sweep = new Sweep(workload, options);
  toEnd(sweep.perform(wholeRun));
  return sweep.report;
}

function checkSeeds(from: number, to: number): void {
  if (to >= from && to - from < SWEEP_RUNS_MAX) return;
  throw new ConfigError(`to is ${to}; it must be from ${from} to ${from + SWEEP_RUNS_MAX - 1}`);
}

/** A sweep that can be performed piece by piece. */
export class Sweep {
  private runs = 0;
  private readonly hashes = new Set<string>();
  private readonly failures: SweepFailure[] = [];
  private readonly time = new Figure();
  private readonly switches = new Figure();
  private readonly idle = new Figure();
  private readonly messages = new Figure();
  private readonly threads = new Map<string, ThreadFigures>();

  constructor(
    private readonly workload: Workload,
    private readonly options: SweepOptions,
  ) {
    checkSeeds(options.from, options.to);
  }

  /** Makes the runs, in pieces of this size. One that is not at its end when the caller gives up does not count. */
  *perform(size: PieceSize): Generator<void, void> {
    const { from, to, onRun, ...options } = this.options;
    for (let seed = from; seed <= to; seed++) {
      yield* this.run(seed, options, size);
      if (onRun?.(seed - from + 1) === false) return;
      yield;
    }
  }

  private *run(seed: number, options: RunWorkloadOptions, size: PieceSize): Generator<void, void> {
    try {
      this.add(seed, yield* runInPieces(this.workload, { ...options, seed }, size));
    } catch (error) {
      if (!(error instanceof KernelPanic)) throw error;
      const [message = ""] = error.message.split("\n");
      this.failures.push({ seed, kind: "panic", message });
    }
    this.runs++;
  }

  private add(seed: number, report: RunReport): void {
    this.hashes.add(report.hash);
    if (report.outcome === "deadlock") {
      const names = report.stalemate?.waits.map(({ thread }) => thread) ?? [];
      const message = `${names.join(", ")} wait for ever`;
      this.failures.push({ seed, kind: "deadlock", message });
    }
    this.time.add(report.timeNs);
    this.switches.add(report.switches);
    this.idle.add(sum(report.cpus.map(({ idleNs }) => idleNs)));
    this.messages.add(sum(report.cpus.map(({ messagesSent }) => messagesSent)));
    for (const thread of report.threads.slice(0, THREADS_MAX)) this.addThread(thread);
  }

  private addThread(thread: ThreadReport): void {
    const figures = this.threads.get(thread.name) ?? createThreadFigures();
    this.threads.set(thread.name, figures);
    for (const [name, value] of Object.entries(threadFigures)) {
      figures[name as keyof ThreadFigures].add(value(thread));
    }
  }

  /** What the runs so far have come to. */
  get report(): SweepReport {
    const { cpus = DEFAULT_CPUS, scheduler = "lwkt", chaos = false, from, to } = this.options;
    return {
      version: 1,
      file: this.workload.fileName,
      cpuCount: cpus,
      scheduler,
      chaos,
      from,
      to,
      runs: this.runs,
      different: this.hashes.size,
      failures: this.failures,
      timeNs: this.time.variation,
      switches: this.switches.variation,
      idleNs: this.idle.variation,
      messages: this.messages.variation,
      threads: [...this.threads].map(([name, figures]) => ({
        name,
        cpuTimeNs: figures.cpuTimeNs.variation ?? NONE,
        endedAtNs: figures.endedAtNs.variation,
        voluntarySwitches: figures.voluntarySwitches.variation ?? NONE,
        involuntarySwitches: figures.involuntarySwitches.variation ?? NONE,
        wakeups: figures.wakeups.variation ?? NONE,
        latencyMeanNs: figures.latencyMeanNs.variation,
        latencyP99Ns: figures.latencyP99Ns.variation,
        latencyMaxNs: figures.latencyMaxNs.variation,
      })),
    };
  }
}
