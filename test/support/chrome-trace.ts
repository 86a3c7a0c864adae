// Reads a Chrome trace-event file and checks it by the format's rules.

import { readFileSync } from "node:fs";
import { CPUS_PID } from "../../src/trace/chrome.js";

/** An event as the file has it. */
export interface TraceEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  /** Length of a complete event, in microseconds. */
  readonly dur?: number;
  readonly name?: string;
  readonly id?: number;
  readonly bp?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** A slice: from its begin to its end, in microseconds. */
export interface Slice {
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly args: Readonly<Record<string, unknown>>;
  readonly leaves: unknown;
}

/** A valid trace. */
export interface CheckedTrace {
  readonly events: readonly TraceEvent[];
  readonly slices: readonly Slice[];
  /** From a track, `pid/tid`, to its name. */
  readonly trackNames: ReadonlyMap<string, string>;
  readonly processNames: ReadonlyMap<number, string>;
  readonly arrows: readonly { readonly from: TraceEvent; readonly to: TraceEvent }[];
}

const key = ({ pid, tid }: { pid: number; tid: number }) => `${pid}/${tid}`;

/** Microseconds with three decimals as a whole number of nanoseconds. */
export const nanoseconds = (micros: number) => Math.round(micros * 1_000);

function fail(event: TraceEvent, why: string): never {
  throw new Error(`${why}: ${JSON.stringify(event)}`);
}

function timeOf(event: TraceEvent): number {
  if (typeof event.ts !== "number" || !(event.ts >= 0)) fail(event, "no time");
  return event.ts;
}

/** Complete events: those of a track are in order and do not overlap. */
function slicesOf(events: readonly TraceEvent[]): Slice[] {
  const last = new Map<string, number>();
  const slices: Slice[] = [];
  for (const event of events) {
    if (event.ph === "B" || event.ph === "E") fail(event, "is half a slice");
    if (event.ph !== "X") continue;
    const track = key(event);
    const from = nanoseconds(timeOf(event));
    if (typeof event.name !== "string") fail(event, "has no name");
    if (typeof event.dur !== "number" || !(event.dur >= 0)) fail(event, "has no length");
    if (from < (last.get(track) ?? 0)) fail(event, "overlaps the slice before it");
    const to = from + nanoseconds(event.dur);
    last.set(track, to);
    const { pid, tid, name, args = {} } = event;
    slices.push({ pid, tid, name, from: from / 1_000, to: to / 1_000, args, leaves: args.leaves });
  }
  return slices;
}

function metadataOf(events: readonly TraceEvent[], what: string): TraceEvent[] {
  return events.filter(({ ph, name }) => ph === "M" && name === what);
}

/** Pairs the two ends of arrows, each of which lies in a slice of its track. */
function arrowsOf(events: readonly TraceEvent[], slices: readonly Slice[]) {
  const starts = new Map<number, TraceEvent>();
  const arrows: { from: TraceEvent; to: TraceEvent }[] = [];
  const byTrack = groupBy(slices);
  for (const event of events.filter(({ ph }) => ph === "s" || ph === "f")) {
    const time = timeOf(event);
    const around = (byTrack.get(key(event)) ?? []).some((s) => s.from <= time && time <= s.to);
    if (!around) fail(event, "is in no slice");
    if (event.id === undefined) fail(event, "has no id");
    if (event.ph === "f") continue;
    if (starts.has(event.id)) fail(event, "begins twice");
    starts.set(event.id, event);
  }
  // The file has the events of a track in order; those of two CPUs are in the order in which slices end.
  for (const event of events.filter(({ ph }) => ph === "f")) {
    const from = starts.get(event.id as number);
    if (from === undefined || timeOf(from) > timeOf(event)) fail(event, "points back");
    if (event.bp !== "e") fail(event, "is not bound to the slice around it");
    arrows.push({ from, to: event });
  }
  return arrows;
}

function groupBy(slices: readonly Slice[]): Map<string, Slice[]> {
  const groups = new Map<string, Slice[]>();
  for (const slice of slices) {
    const group = groups.get(key(slice));
    if (group === undefined) groups.set(key(slice), [slice]);
    else group.push(slice);
  }
  return groups;
}

/** Reads a trace and checks it; throws at the first event that breaks a rule. */
export function checkTrace(path: string): CheckedTrace {
  const { traceEvents: events } = JSON.parse(readFileSync(path, "utf8")) as {
    traceEvents: TraceEvent[];
  };
  const slices = slicesOf(events);
  const name = (event: TraceEvent) => String(event.args?.name);
  const trackNames = new Map(
    metadataOf(events, "thread_name").map((event) => [key(event), name(event)]),
  );
  const processNames = new Map(
    metadataOf(events, "process_name").map((event) => [event.pid, name(event)]),
  );
  for (const slice of slices) {
    if (!trackNames.has(key(slice))) throw new Error(`track ${key(slice)} has no name`);
    if (!processNames.has(slice.pid)) throw new Error(`process ${slice.pid} has no name`);
  }
  return { events, slices, trackNames, processNames, arrows: arrowsOf(events, slices) };
}

/** The slices of the CPUs' tracks: the runs of threads. */
export function runsOf({ slices }: CheckedTrace): Slice[] {
  return slices.filter(({ pid }) => pid === CPUS_PID);
}

/** Total length of slices in nanoseconds. */
export function lengthOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, { from, to }) => sum + nanoseconds(to) - nanoseconds(from), 0);
}
