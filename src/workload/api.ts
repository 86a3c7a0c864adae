// Workloads for callers of the library: read one, run it, have the report.

import {
  anything,
  checkArgument,
  checkOptions,
  optional,
  type Rules,
  wide,
} from "../core/arguments.js";
import type { RunReason } from "../machine/options.js";
import type { Workload } from "./model.js";
import { workloadRule } from "./parse.js";
import { type WorkloadOptions, WorkloadRun, workloadDurationUs } from "./run.js";
import { type RunReport, reportRun } from "./run-report.js";

/** How to run a workload. */
export interface RunWorkloadOptions extends WorkloadOptions {
  /** Virtual time to run, in nanoseconds. Default: the file's; 10 s if it has none and threads that never end. */
  readonly forNs?: number;
}

/** Names of runWorkload's options. What the machine's configuration is checked for is left to that. */
export const runWorkloadRules: Rules = {
  forNs: optional(wide),
  cpus: optional(anything),
  topology: optional(anything),
  scheduler: optional(anything),
  runQueues: optional(anything),
  seed: optional(anything),
  witness: optional(anything),
  chaos: optional(anything),
  lockProfile: optional(anything),
  adaptiveLocks: optional(anything),
  build: optional(anything),
};

/**
 * Runs a workload and reports what its threads, CPUs and locks did.
 *
 * @throws WorkloadError when it cannot be compiled.
 * @throws ConfigError when no machine can hold it.
 * @throws KernelPanic when the kernel panics.
 */
export function runWorkload(workload: Workload, options: RunWorkloadOptions = {}): RunReport {
  checkArgument("runWorkload", "workload", workload, workloadRule);
  checkOptions("runWorkload", options, runWorkloadRules);
  return toEnd(runInPieces(workload, options));
}

/** Rounds that the next piece of a run has; undefined for all that are left. */
export type PieceSize = () => number | undefined;

/** One piece, which is all. */
export const wholeRun: PieceSize = () => undefined;

/**
 * The same run in pieces, between which its caller may do something else, or give it up. How it is cut does not change it.
 */
export function* runInPieces(
  workload: Workload,
  options: RunWorkloadOptions,
  size: PieceSize = wholeRun,
): Generator<void, RunReport> {
  const run = new WorkloadRun(workload, options);
  const durationUs = workloadDurationUs(workload);
  const untilNs = options.forNs ?? (durationUs === null ? null : durationUs * 1_000);
  const until = untilNs === null ? null : BigInt(untilNs);
  let reason: RunReason = run.advance(until, size());
  while (reason === "rounds") {
    yield;
    reason = run.advance(until, size());
  }
  const inFile = workload.global.durationUs === null ? "default" : "file";
  const durationFrom = options.forNs === undefined ? inFile : "option";
  return reportRun(run, reason === "idle" ? "idle" : "time", { durationFrom });
}

/** Performs all pieces of something. */
export function toEnd<T>(pieces: Generator<void, T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}
