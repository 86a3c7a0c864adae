// `kthread-machine run FILE --seeds 1..1000`: how the results of a workload vary, and the seeds with which it fails.

import { InvalidArgumentError } from "commander";
import { visible, visibleLine } from "../core/visible.js";
import type { Workload } from "../workload/model.js";
import {
  SWEEP_RUNS_MAX,
  Sweep,
  type SweepOptions,
  type SweepReport,
  type SweptThread,
  type Variation,
} from "../workload/sweep.js";
import { ExitCode } from "./exit.js";
import { listenForSignals, performPieces } from "./interrupt.js";
import { terminalColumns } from "./output.js";
import { formatTable, left, right } from "./table.js";
import { formatCount, formatTime, plural } from "./units.js";

/** Seeds, both included. */
export interface Seeds {
  readonly from: number;
  readonly to: number;
}

/** Failures that are told one by one. */
const FAILURES_MAX = 20;

/** Reads seeds: `1..1000`, or one number. */
export function parseSeeds(text: string): Seeds {
  const match = /^(\d{1,15})(?:\.\.(\d{1,15}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = match?.[2] === undefined ? from : Number(match[2]);
  if (match !== null && from <= to && to - from < SWEEP_RUNS_MAX) return { from, to };
  throw new InvalidArgumentError(
    `It must be two whole numbers, such as 1..1000, the smaller one first, and at most ${formatCount(SWEEP_RUNS_MAX)} seeds.`,
  );
}

/** Runs a workload with each seed, and prints what has come of it, also when a signal ends it early. */
export async function sweep(
  workload: Workload,
  options: SweepOptions,
  isJson: boolean,
): Promise<void> {
  const isShown = process.stderr.isTTY && !isJson;
  const performed = new Sweep(workload, {
    ...options,
    onRun: (runs) => {
      if (isShown) process.stderr.write(`\r${plural(runs, "run")} `);
      return true;
    },
  });
  const interrupt = listenForSignals();
  await performPieces((size) => performed.perform(size), interrupt);
  if (isShown) process.stderr.write("\r\x1b[K");
  const { report } = performed;
  process.stdout.write(
    isJson ? `${JSON.stringify(report, null, 2)}\n` : formatSweep(report, terminalColumns()),
  );
  if (report.failures.some(({ kind }) => kind === "panic")) process.exitCode = ExitCode.FAILURE;
  else if (report.failures.length > 0) process.exitCode = ExitCode.DEADLOCK;
  if (interrupt.exitCode !== null) process.exitCode = interrupt.exitCode;
}

const SPREAD = [right("MIN"), right("MEDIAN"), right("MAX")];

/** What has come of a sweep, for a terminal of this width. */
export function formatSweep(report: SweepReport, columns?: number): string {
  const { file, cpuCount, scheduler, chaos, from, to, runs, different, threads } = report;
  const how = `${plural(cpuCount, "CPU")}, scheduler ${scheduler}${chaos ? ", chaos" : ""}`;
  const isAll = runs === to - from + 1;
  const early = isAll ? "" : `INTERRUPTED after ${plural(runs, "run")}: the report so far\n`;
  const head = `${visibleLine(file)}: ${plural(runs, "run")} on ${how}, seeds ${from} to ${to}\n${early}`;
  const differing = `${formatCount(different)} different\n`;
  const machine = [
    ["time", ...cells(report.timeNs, formatTime)],
    ["switches", ...cells(report.switches, formatCount)],
    ["idle", ...cells(report.idleNs, formatTime)],
    ["messages", ...cells(report.messages, formatCount)],
  ];
  const sections = [
    head + differing,
    formatTable([left("MACHINE"), ...SPREAD], machine, columns),
    threads.length === 0
      ? ""
      : formatTable([left("THREAD"), left(""), ...SPREAD], threads.flatMap(threadRows), columns, 2),
    formatFailures(report),
  ];
  return visible(sections.filter((section) => section !== "").join("\n"));
}

function threadRows(thread: SweptThread): string[][] {
  const rows: [string, Variation | null, (value: number) => string][] = [
    ["CPU time", thread.cpuTimeNs, formatTime],
    ["ended", thread.endedAtNs, formatTime],
    ["voluntary", thread.voluntarySwitches, formatCount],
    ["involuntary", thread.involuntarySwitches, formatCount],
    ["wakeups", thread.wakeups, formatCount],
    ["latency mean", thread.latencyMeanNs, formatTime],
    ["latency p99", thread.latencyP99Ns, formatTime],
    ["latency max", thread.latencyMaxNs, formatTime],
  ];
  return rows
    .filter(([, value]) => value !== null)
    .map(([title, value, format], i) => [
      i === 0 ? thread.name : "",
      title,
      ...cells(value, format),
    ]);
}

function cells(value: Variation | null, format: (value: number) => string): string[] {
  if (value === null) return ["-", "-", "-"];
  return [value.min, value.median, value.max].map(format);
}

function formatFailures({ failures, runs }: SweepReport): string {
  if (failures.length === 0) return "no run failed\n";
  const shown = failures.slice(0, FAILURES_MAX);
  const lines = shown.map(
    ({ seed, kind, message }) => `  --seed ${seed}: ${kind}: ${visibleLine(message)}\n`,
  );
  const rest = failures.length - shown.length;
  const more = rest === 0 ? "" : `  and ${plural(rest, "other")}\n`;
  return `${failures.length} of ${plural(runs, "run")} failed\n${lines.join("")}${more}`;
}
