/** Runs small workloads on the build under test, to their end or for a time. */

import type { SchedulerName } from "../../src/core/config.js";
import { parseWorkload } from "../../src/workload/parse.js";
import { WorkloadRun } from "../../src/workload/run.js";
import { type RunReport, reportRun, type ThreadReport } from "../../src/workload/run-report.js";
import { buildUnderTest } from "./build.js";

export interface TestRunOptions {
  readonly cpus?: number;
  readonly scheduler?: SchedulerName;
  readonly forUs?: number;
  readonly adaptiveLocks?: boolean;
}

/** A workload of these tasks, written as the inside of "tasks". */
export function tasks(text: string): string {
  return `{ "tasks": { ${text} } }`;
}

/** Boots a workload. */
export function bootText(
  text: string,
  { cpus = 1, scheduler = "lwkt", adaptiveLocks = false }: TestRunOptions = {},
) {
  return new WorkloadRun(parseWorkload(text, "test.json"), {
    cpus,
    scheduler,
    adaptiveLocks,
    build: buildUnderTest,
  });
}

/** Runs a workload and reports. */
export function runText(text: string, options: TestRunOptions = {}): RunReport {
  const run = bootText(text, options);
  const until = options.forUs === undefined ? null : BigInt(options.forUs) * 1_000n;
  const reason = run.advance(until);
  if (reason !== "idle" && reason !== "time") throw new Error(`the run ended with "${reason}"`);
  return reportRun(run, reason);
}

/** The thread of a report with a name. */
export function threadOf(report: RunReport, name: string): ThreadReport {
  const thread = report.threads.find((candidate) => candidate.name === name);
  if (thread === undefined) {
    const names = report.threads.map((candidate) => candidate.name).join(", ");
    throw new Error(`no thread ${name} among ${names}`);
  }
  return thread;
}

/**
 * The microsecond in which a thread ended. The few instructions between events, a nanosecond each, do not
 * show; a sleep ends at the next whole microsecond, so each one adds one.
 */
export function endUs(report: RunReport, name: string): number {
  const { endedAtNs, state } = threadOf(report, name);
  if (endedAtNs === null) throw new Error(`${name} has not ended: it is ${state}`);
  return Math.floor(endedAtNs / 1_000);
}

/** Whole microseconds of CPU time of a thread. */
export function cpuUs(report: RunReport, name: string): number {
  return Math.floor(threadOf(report, name).cpuTimeNs / 1_000);
}

/** Shares of one CPU that the threads of a report had, in their order. */
export function shares(report: RunReport): number[] {
  return report.threads.map(({ cpuTimeNs }) => cpuTimeNs / report.timeNs);
}

/** Part of the machine that was busy. */
export function busy(report: RunReport): number {
  const sum = report.cpus.reduce((total, { busyNs }) => total + busyNs, 0);
  return sum / (report.timeNs * report.cpuCount);
}
