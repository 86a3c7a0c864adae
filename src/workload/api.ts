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
  const run = new WorkloadRun(workload, options);
  const durationUs = workloadDurationUs(workload);
  const until = options.forNs ?? (durationUs === null ? null : durationUs * 1_000);
  const reason: RunReason = run.advance(until === null ? null : BigInt(until));
  const inFile = workload.global.durationUs === null ? "default" : "file";
  const durationFrom = options.forNs === undefined ? inFile : "option";
  return reportRun(run, reason === "idle" ? "idle" : "time", { durationFrom });
}
