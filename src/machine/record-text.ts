// Trace records as lines of text, for people: the last of them go into the post-mortem of a panic.

import { checkArgument, instance, integer, long, shaped, unsigned } from "../core/arguments.js";
import { Kernel, type TraceRecord } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";

const { Ktr, SW } = Layout;

/** What a word of a record stands for. */
type Word = "thread" | "process" | "number" | "text";

/** How a record of a type is told: a phrase in which $a to $e stand for its words. */
const phrases: Readonly<Record<number, string>> = {
  [Ktr.SWITCH]: "$a:thread -> $b:thread",
  [Ktr.XSWITCH]: "$a:thread -> $b:thread",
  [Ktr.START]: "$a:thread runs for the first time",
  [Ktr.ALLOC]: "$a:thread is allocated",
  [Ktr.SPLZ]: "$a:thread makes up for what was pended",
  [Ktr.INTR]: "$a:thread is interrupted by $b:thread",
  [Ktr.RETURN]: "the body of $a:thread returns",
  [Ktr.KFREE]: "the stack of $a:thread is freed",
  [Ktr.ZFREE]: "$a:thread is freed",
  [Ktr.RUNNABLE]: "$a:thread is put on the run queue",
  [Ktr.FBSWITCH]: "$a:thread -> $b:thread",
  [Ktr.TICK]: "tick $a:number",
  [Ktr.ZOMBIE]: "$a:process becomes a zombie",
  [Ktr.HARVEST]: "process $b:number is harvested, exit code $c:number",
  [Ktr.STOPPED]: "$a:process has stopped",
  [Ktr.CTOR]: "thread $a:number is constructed",
  [Ktr.DTOR]: "thread $a:number is destroyed",
  [Ktr.INIT]: "a thread structure is made in domain $a:number",
  [Ktr.FINI]: "a thread structure of domain $a:number is unmade",
  [Ktr.TIDSET]: "id $a:number is taken",
  [Ktr.TIDCLEAR]: "id $a:number is given back",
  [Ktr.COUNT]: "the count of threads changes by $a:number",
  [Ktr.WAKEUP]: "$a:thread is woken by $b:thread",
  [Ktr.CREATE]: "$a:thread is created, thread $c:number of process $d:number",
  [Ktr.EXIT]: "$a:thread exits",
  [Ktr.NAME]: "$a:thread is named $b:text",
  [Ktr.SLEEP]: "$a:thread goes to sleep: $b:text",
  [Ktr.SUSPEND]: "$a:thread is suspended in its sleep",
};

const typeNames = new Map<number, string>(Object.entries(Ktr).map(([name, type]) => [type, name]));

/** Why a thread leaves its CPU, by SW. */
export const switchReasons: Readonly<Record<number, string>> = {
  [SW.YIELD]: "yields",
  [SW.PREEMPTED]: "is preempted",
  [SW.SLEEP]: "sleeps",
  [SW.SUSPENDED]: "is suspended",
  [SW.DESCHEDULED]: "leaves the run queue",
  [SW.EXIT]: "exits",
};

function isIdle(kernel: Kernel, cpu: number, td: number): boolean {
  return kernel.read(kernel.globaldata(cpu) + Layout.GlobalData.gd_idletd) === td;
}

function threadText(kernel: Kernel, cpu: number, td: number): string {
  if (td === 0) return "nobody";
  if (isIdle(kernel, cpu, td)) return "idle";
  return kernel.nameAt(td) || `thread ${kernel.threadIndex(td)}`;
}

function wordText(kernel: Kernel, record: TraceRecord, letter: string, kind: Word): string {
  const value = record[letter as "a" | "b" | "c" | "d" | "e"];
  switch (kind) {
    case "thread":
      return threadText(kernel, record.cpu, value);
    case "process":
      return kernel.nameAt(value);
    case "text":
      if (value === 0) return "(none)";
      return record.type === Ktr.NAME
        ? kernel.formatName(value, record.c)
        : JSON.stringify(kernel.text(value));
    default:
      return String(value | 0);
  }
}

/** Why a thread leaves, or that a callout did it and not the thread that ran. */
function reasonText(kernel: Kernel, { type, why, cpu, a }: TraceRecord): string {
  if (type === Ktr.SWITCH || type === Ktr.XSWITCH) {
    return isIdle(kernel, cpu, a) ? "" : ` (${switchReasons[why] ?? why})`;
  }
  return type === Ktr.WAKEUP && why === Layout.WHY_CALLOUT ? " (timeout)" : "";
}

const kernelRule = instance(Kernel, "the kernel of a machine");
const recordRule = shaped("a record of a trace", {
  ...{ time: long, type: integer, cpu: integer, why: integer },
  ...{ a: unsigned, b: unsigned, c: unsigned, d: unsigned, e: unsigned },
});

/**
 * A trace record as one line: time in seconds, CPU, type, and what happened. Names are those of
 * the threads that have the structures now.
 */
export function formatRecord(kernel: Kernel, record: TraceRecord): string {
  checkArgument("formatRecord", "kernel", kernel, kernelRule);
  checkArgument("formatRecord", "record", record, recordRule);
  const { cyclesPerSecond } = kernel.config;
  const time = (Number(record.time) / cyclesPerSecond).toFixed(9).padStart(14);
  const type = (typeNames.get(record.type) ?? String(record.type)).padEnd(8);
  const phrase = (phrases[record.type] ?? "").replace(
    /\$([a-e]):(\w+)/g,
    (_, letter: string, kind: Word) => wordText(kernel, record, letter, kind),
  );
  return `${time} CPU ${record.cpu} ${type} ${phrase}${reasonText(kernel, record)}`;
}
