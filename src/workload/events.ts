/** From one `key: value` of a task or phase to the event that it describes. */
import { didYouMean, quote } from "./diagnostics.js";
import {
  EVENT_COUNT_MAX,
  EVENT_US_MAX,
  type EventSource,
  type EventType,
  type WorkloadEvent,
} from "./model.js";
import type { Report } from "./report.js";
import type { Member } from "./syntax.js";
import {
  type Fields,
  fieldsOf,
  type IntegerRange,
  integerOf,
  nameOf,
  reject,
  required,
  wordOf,
} from "./values.js";

/** A time of an event, a delay or a period. */
export const MICROSECONDS: IntegerRange = { min: 0, max: EVENT_US_MAX, unit: "microseconds" };

const BYTES: IntegerRange = { min: 0, max: EVENT_COUNT_MAX, unit: "bytes" };
const TIMES: IntegerRange = { min: 0, max: EVENT_COUNT_MAX, unit: "times" };

const TIMER_FIELDS = ["ref", "period", "mode"] as const;
const TIMER_MODES = ["relative", "absolute"] as const;
const WAIT_FIELDS = ["ref", "mutex"] as const;
const MEMRUN_FIELDS = ["type", "size", "count", "stride", "pattern", "ref"] as const;

/** A timer whose name begins so belongs to one thread; any other is shared. */
const OWN_TIMER_PREFIX = "unique";

/** The first index of each task's name. */
export type TaskIndex = ReadonlyMap<string, number>;

/**
 * Reads one event.
 * @param type what the member's key means
 * @param tasks the tasks of the whole file, for `fork`
 * @returns null when something is wrong with it, which has then been reported
 */
export function readEvent(
  report: Report,
  member: Member,
  type: EventType,
  tasks: TaskIndex,
): WorkloadEvent | null {
  const source = { key: member.key, line: member.line, column: member.column };
  switch (type) {
    case "run":
    case "runtime":
    case "sleep":
      return readDuration(report, member, type, source);
    case "timer":
      return readTimer(report, member, source);
    case "wait":
    case "sync":
      return readWait(report, member, type, source);
    case "suspend":
      return readSuspend(report, member, source);
    case "yield":
      return readYield(report, member, source);
    case "fork":
      return readFork(report, member, tasks, source);
    case "mem":
    case "iorun":
      return readTransfer(report, member, type, source);
    case "memrun":
      return readMemoryRun(report, member, source);
    default:
      return readNamed(report, member, type, source);
  }
}

/** The events whose value is the name of one thing. */
type NamedType =
  | "lock"
  | "unlock"
  | "signal"
  | "broad"
  | "barrier"
  | "resume"
  | "sem_post"
  | "sem_wait";

function readNamed(
  report: Report,
  member: Member,
  type: NamedType,
  source: EventSource,
): WorkloadEvent | null {
  const name = nameOf(report, member, NAMED_THINGS[type]);
  if (name === null) {
    return null;
  }
  switch (type) {
    case "lock":
    case "unlock":
      return { type, mutex: name, ...source };
    case "signal":
    case "broad":
      return { type, condition: name, ...source };
    case "barrier":
      return { type, barrier: name, ...source };
    case "resume":
      return { type, point: name, ...source };
    default:
      return { type, semaphore: name, ...source };
  }
}

const NAMED_THINGS: Readonly<Record<NamedType, string>> = {
  lock: "a mutex",
  unlock: "a mutex",
  signal: "a condition",
  broad: "a condition",
  barrier: "a barrier",
  resume: "a task or suspend point",
  sem_post: "a semaphore",
  sem_wait: "a semaphore",
};

function readDuration(
  report: Report,
  member: Member,
  type: "run" | "runtime" | "sleep",
  source: EventSource,
): WorkloadEvent | null {
  const durationUs = integerOf(report, member, MICROSECONDS);
  return durationUs === null ? null : { type, durationUs, ...source };
}

function readTransfer(
  report: Report,
  member: Member,
  type: "mem" | "iorun",
  source: EventSource,
): WorkloadEvent | null {
  const bytes = integerOf(report, member, BYTES);
  return bytes === null ? null : { type, bytes, ...source };
}

function readTimer(report: Report, member: Member, source: EventSource): WorkloadEvent | null {
  const fields = fieldsOf(report, member, TIMER_FIELDS);
  if (fields === null) {
    return null;
  }
  const timer = requiredName(report, member, fields, "ref", "a timer");
  const period = required(report, member, fields, "period");
  const periodUs = period && integerOf(report, period, MICROSECONDS);
  const modeField = fields.get("mode");
  const mode = modeField === undefined ? "relative" : wordOf(report, modeField, TIMER_MODES);
  if (timer === null || periodUs === null || mode === null) {
    return null;
  }
  const perThread = timer.startsWith(OWN_TIMER_PREFIX);
  return { type: "timer", timer, perThread, periodUs, mode, ...source };
}

function readWait(
  report: Report,
  member: Member,
  type: "wait" | "sync",
  source: EventSource,
): WorkloadEvent | null {
  const fields = fieldsOf(report, member, WAIT_FIELDS);
  if (fields === null) {
    return null;
  }
  const condition = requiredName(report, member, fields, "ref", "a condition");
  const mutex = requiredName(report, member, fields, "mutex", "a mutex");
  return condition === null || mutex === null ? null : { type, condition, mutex, ...source };
}

function requiredName(
  report: Report,
  member: Member,
  fields: Fields,
  field: string,
  what: string,
): string | null {
  const found = required(report, member, fields, field);
  return found && nameOf(report, found, what);
}

/** Whether an event that needs no value has none: a bare key, null or an empty string. */
function isBare(member: Member): boolean {
  const { value } = member;
  return value === null || value.kind === "null" || (value.kind === "string" && value.value === "");
}

function readSuspend(report: Report, member: Member, source: EventSource): WorkloadEvent | null {
  if (isBare(member)) {
    return { type: "suspend", point: null, ...source };
  }
  const point = nameOf(report, member, "a suspend point (or nothing)");
  return point === null ? null : { type: "suspend", point, ...source };
}

/** The value of `yield` means nothing; any scalar passes, since files write "" or true or 0. */
function readYield(report: Report, member: Member, source: EventSource): WorkloadEvent | null {
  const kind = member.value?.kind;
  if (kind === "object" || kind === "array") {
    return reject(report, member, 'nothing or ""');
  }
  return { type: "yield", ...source };
}

function readFork(
  report: Report,
  member: Member,
  tasks: TaskIndex,
  source: EventSource,
): WorkloadEvent | null {
  const task = nameOf(report, member, "a task");
  if (task === null) {
    return null;
  }
  const taskIndex = tasks.get(task);
  if (taskIndex === undefined) {
    const guess = didYouMean(task, [...tasks.keys()]);
    const message = `${quote(member.key)} names ${quote(task)}, which is no task of this file`;
    report.error(member.value ?? member, member.key, message + guess);
    return null;
  }
  return { type: "fork", task, taskIndex, ...source };
}

/** `memrun` is an object; a plain number of bytes is taken for its size. */
function readMemoryRun(report: Report, member: Member, source: EventSource): WorkloadEvent | null {
  if (member.value?.kind === "number") {
    const sizeBytes = integerOf(report, member, BYTES);
    return sizeBytes === null ? null : memoryRun(source, { sizeBytes });
  }
  const fields = fieldsOf(report, member, MEMRUN_FIELDS);
  if (fields === null) {
    return null;
  }
  const size = required(report, member, fields, "size");
  const sizeBytes = size && integerOf(report, size, BYTES);
  const count = optionalInteger(report, fields, "count", TIMES, 1);
  const strideBytes = optionalInteger(report, fields, "stride", { ...BYTES, min: 1 }, undefined);
  const access = optionalName(report, fields, "type", "a kind of access");
  const pattern = optionalName(report, fields, "pattern", "a pattern");
  const buffer = optionalName(report, fields, "ref", "a buffer");
  if (sizeBytes === null || count === null || count === undefined) {
    return null;
  }
  return memoryRun(source, {
    sizeBytes,
    count,
    strideBytes: strideBytes ?? null,
    access,
    pattern,
    buffer,
  });
}

type MemoryRun = Extract<WorkloadEvent, { type: "memrun" }>;

function memoryRun(
  source: EventSource,
  given: Pick<MemoryRun, "sizeBytes"> & Partial<MemoryRun>,
): WorkloadEvent {
  const defaults = { count: 1, strideBytes: null, access: null, pattern: null, buffer: null };
  return { type: "memrun", ...defaults, ...given, ...source };
}

function optionalInteger<D>(
  report: Report,
  fields: Fields,
  name: string,
  range: IntegerRange,
  absent: D,
): number | null | D {
  const field = fields.get(name);
  return field === undefined ? absent : integerOf(report, field, range);
}

function optionalName(report: Report, fields: Fields, name: string, what: string): string | null {
  const field = fields.get(name);
  return field === undefined ? null : nameOf(report, field, what);
}
