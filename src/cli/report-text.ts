// A run's report as text.

import { visible, visibleLine } from "../core/visible.js";
import type { StalemateWait } from "../workload/run-deadlock.js";
import { describeWait } from "../workload/run-deadlock.js";
import type {
  CpuReport,
  DurationSource,
  RunReport,
  SyncReport,
  ThreadReport,
} from "../workload/run-report.js";
import { lockSection } from "./lock-text.js";
import { type Column, formatTable, left, right } from "./table.js";
import { formatCount, formatShare, formatTime, formatVirtualTime, plural } from "./units.js";

/** With more threads than this only the busiest are shown. */
const THREADS_SHOWN_MAX = 50;
/** The busiest threads that are shown of many. */
const BUSIEST_SHOWN = 20;
/** Synchronisation objects and waiting threads that are shown. */
const OBJECTS_SHOWN_MAX = 20;
const WAITS_SHOWN_MAX = 20;
/** Characters of a bar; less on a terminal that is as narrow as they used to be. */
const BAR_WIDTH = 20;
const NARROW_COLUMNS = 90;
const NARROW_BAR_WIDTH = 10;

/** How to print a report. */
export interface TextOptions {
  /** Show all threads, objects and waits, however many they are. */
  readonly all: boolean;
  /** Draw with block characters. */
  readonly unicode: boolean;
  /** Width of the terminal; undefined: tables may be as wide as they like. */
  readonly columns?: number | undefined;
}

/** Formats a report. */
export function formatReport(report: RunReport, options: TextOptions): string {
  const sections = [
    headline(report),
    threadSection(report, options),
    cpuSection(report, options),
    objectSection(report, options),
    lockProfileSection(report, options),
    stalemateSection(report, options),
    notesSection(report),
    `hash ${report.hash}\n`,
  ];
  return visible(sections.filter((section) => section !== "").join("\n"));
}

// ---- What ran, and how it ended ----

function headline(report: RunReport): string {
  const { file, threadCount, cpuCount, scheduler, seed } = report;
  const where = `${plural(threadCount, "thread")} on ${plural(cpuCount, "CPU")}`;
  const machine = `scheduler ${scheduler}, seed ${seed}`;
  return `${visibleLine(file)}: ${where}, ${machine}\n${outcomeText(report)}\n`;
}

const durationTexts: Readonly<Record<DurationSource, string>> = {
  option: "as asked",
  file: "as the file says",
  default: "for neither the file nor --for says how long",
};

function outcomeText({ outcome, timeNs, durationFrom }: RunReport): string {
  const time = formatVirtualTime(timeNs);
  switch (outcome) {
    case "finished":
      return `finished: all threads had ended after ${time}`;
    case "time":
      return `stopped after ${time}, ${durationTexts[durationFrom]}`;
    case "rest":
      return `at rest after ${time}: those who are left wait for work`;
    case "deadlock":
      return `DEADLOCK after ${time}: nothing can happen any more`;
    case "interrupted":
      return `INTERRUPTED after ${time}: the report so far`;
  }
}

// ---- Threads ----

const threadColumns: readonly Column[] = [
  left("THREAD"),
  right("TID"),
  left("STATE"),
  right("CPU TIME"),
  right("%"),
  right("VOLUNTARY"),
  right("INVOLUNTARY"),
  right("WAKEUPS"),
  right("LATENCY MEAN"),
  right("P99"),
  right("MAX"),
];

function threadSection(report: RunReport, { all, columns }: TextOptions): string {
  const { threads, timeNs } = report;
  if (threads.length === 0) return "no threads\n";
  const isCut = !all && threads.length > THREADS_SHOWN_MAX;
  const shown = isCut ? busiest(threads) : threads;
  const table = formatTable(
    threadColumns,
    shown.map((thread) => threadRow(thread, timeNs)),
    columns,
  );
  const shownTids = new Set(shown);
  const hidden = threads.filter((thread) => !shownTids.has(thread));
  return `${table}${hiddenLine(report, hidden, isCut)}`;
}

function busiest(threads: readonly ThreadReport[]): ThreadReport[] {
  const byTime = [...threads].sort((a, b) => b.cpuTimeNs - a.cpuTimeNs || a.tid - b.tid);
  return byTime.slice(0, BUSIEST_SHOWN);
}

function threadRow(thread: ThreadReport, timeNs: number): string[] {
  const { latency } = thread;
  return [
    thread.name,
    String(thread.tid),
    stateText(thread),
    formatTime(thread.cpuTimeNs),
    formatShare(thread.cpuTimeNs, timeNs),
    formatCount(thread.voluntarySwitches),
    formatCount(thread.involuntarySwitches),
    formatCount(thread.wakeups),
    latency === null ? "-" : formatTime(latency.meanNs),
    latency === null ? "-" : formatTime(latency.p99Ns),
    latency === null ? "-" : formatTime(latency.maxNs),
  ];
}

/** "sleeping: cache", "running: CPU 2". */
function stateText({ state, waitMessage, cpu }: ThreadReport): string {
  if (state === "running") return `running: CPU ${cpu}`;
  return waitMessage === null ? state : `${state}: ${waitMessage}`;
}

/** Sums up the threads that are not shown. */
function hiddenLine(report: RunReport, hidden: readonly ThreadReport[], isCut: boolean): string {
  const others = report.others;
  const count = hidden.length + (others?.threads ?? 0);
  if (count === 0) return "";
  const sum = (of: (thread: ThreadReport) => number, more: number | undefined) =>
    hidden.reduce((total, thread) => total + of(thread), more ?? 0);
  const time = formatTime(sum((thread) => thread.cpuTimeNs, others?.cpuCycles));
  const voluntary = formatCount(sum((t) => t.voluntarySwitches, others?.voluntarySwitches));
  const involuntary = formatCount(sum((t) => t.involuntarySwitches, others?.involuntarySwitches));
  const wakeups = formatCount(sum((thread) => thread.wakeups, others?.wakeups));
  const hint = isCut ? " (--all shows them)" : "";
  return `... and ${plural(count, "more thread")}: ${time} CPU time, ${voluntary} voluntary and ${involuntary} involuntary switches, ${wakeups} wakeups${hint}\n`;
}

// ---- CPUs ----

const cpuColumns: readonly Column[] = [
  left("CPU"),
  right("BUSY"),
  right("IDLE"),
  left("USE"),
  right(""),
  right("SWITCHES"),
  right("MESSAGES SENT"),
  right("RECEIVED"),
];

function cpuSection({ cpus }: RunReport, { unicode, columns }: TextOptions): string {
  return formatTable(
    cpuColumns,
    cpus.map((cpu) => cpuRow(cpu, unicode, columns)),
    columns,
  );
}

function cpuRow(cpu: CpuReport, unicode: boolean, columns?: number): string[] {
  const width = columns !== undefined && columns < NARROW_COLUMNS ? NARROW_BAR_WIDTH : BAR_WIDTH;
  const total = cpu.busyNs + cpu.idleNs;
  return [
    String(cpu.cpu),
    formatTime(cpu.busyNs),
    formatTime(cpu.idleNs),
    bar(total === 0 ? 0 : cpu.busyNs / total, width, unicode),
    formatShare(cpu.busyNs, total),
    formatCount(cpu.switches),
    formatCount(cpu.messagesSent),
    formatCount(cpu.messagesReceived),
  ];
}

function bar(share: number, width: number, unicode: boolean): string {
  const full = Math.round(share * width);
  const [on, off] = unicode ? ["█", "░"] : ["#", "."];
  return `${on.repeat(full)}${off.repeat(width - full)}`;
}

// ---- Synchronisation objects ----

const objectColumns: readonly Column[] = [
  left("SYNCHRONISATION"),
  right("USES"),
  right("WAITED FOR"),
  right("%"),
  right("MOST WAITING"),
  right("TIME WAITED"),
];

function objectSection({ objects }: RunReport, { all, columns }: TextOptions): string {
  const waitable = objects.filter(({ kind }) => kind !== "timer");
  if (waitable.length === 0) return "";
  const sorted = [...waitable].sort((a, b) => b.waitedNs - a.waitedNs);
  const shown = all ? sorted : sorted.slice(0, OBJECTS_SHOWN_MAX);
  const table = formatTable(objectColumns, shown.map(objectRow), columns);
  const hidden = sorted.length - shown.length;
  return hidden === 0 ? table : `${table}... and ${formatCount(hidden)} more (--all shows them)\n`;
}

function objectRow(object: SyncReport): string[] {
  return [
    `${object.kind} ${object.name}`,
    formatCount(object.uses),
    formatCount(object.contended),
    object.kind === "mutex" ? formatShare(object.contended, object.uses) : "",
    formatCount(object.waitersMax),
    formatTime(object.waitedNs),
  ];
}

function lockProfileSection({ locks, threads }: RunReport, { columns }: TextOptions): string {
  const names = new Map(threads.map(({ tid, name }) => [tid, name]));
  return lockSection(locks, (tid) => names.get(tid) ?? `tid ${tid}`, columns);
}

// ---- Deadlocks, notes ----

function stalemateSection({ stalemate, outcome }: RunReport, { all }: TextOptions): string {
  if (stalemate === null) return "";
  const { waits, cycle } = stalemate;
  const shown = all ? waits : firstWaits(waits, cycle);
  const rows = shown.map((wait) => [wait.thread, describeWait(wait)]);
  const lines = formatTable([left(""), left("")], rows)
    .split("\n")
    .slice(1, -1)
    .map((line) => `  ${line}`);
  if (shown.length < waits.length) {
    lines.push(
      `  ... and ${plural(waits.length - shown.length, "more thread")} (--all shows them)`,
    );
  }
  if (cycle !== null) lines.push(`  ${cycleText(cycle)}`);
  const title =
    outcome === "deadlock"
      ? `deadlock: ${plural(waits.length, "thread")} will wait for ever`
      : `waiting for work: ${plural(waits.length, "thread")}`;
  return `${title}\n${lines.join("\n")}\n`;
}

/** Those of the circle first, for they are the reason. */
function firstWaits(
  waits: readonly StalemateWait[],
  cycle: readonly StalemateWait[] | null,
): StalemateWait[] {
  const inCycle = new Set(cycle ?? []);
  const others = waits.filter((wait) => !inCycle.has(wait));
  return [...inCycle, ...others].slice(0, WAITS_SHOWN_MAX);
}

function cycleText(cycle: readonly StalemateWait[]): string {
  const names = cycle.map(({ thread }) => thread);
  return visibleLine(`in a circle: ${[...names, names[0]].join(" -> ")}`);
}

function notesSection({ notes, console: printed }: RunReport): string {
  const lines = notes.map((note) => visibleLine(`note: ${note}`));
  for (const line of printed.split("\n")) if (line !== "") lines.push(`kernel: ${line}`);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
