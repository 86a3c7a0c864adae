// Events of the Chrome trace-event format, one JSON text each. Timestamps are in microseconds, with the
// nanoseconds as three decimals.
//
// Slices are complete events (`X`): a start and a duration, both in whole nanoseconds, so that one slice
// ends exactly where the next one begins. Arrows are bound to the slice around them, and viewers look for it
// among the events before: so a slice's arrows are written after it.

import type { TraceSink } from "./file.js";

/** Turns moments into timestamps. */
export interface TraceClock {
  /** The timestamp of a moment, as JSON. */
  format(moment: number): string;
  /** The time from one moment to a later one, as JSON. */
  formatLength(from: number, to: number): string;
}

/** A step is a microsecond. */
export class StepClock implements TraceClock {
  format(step: number): string {
    return String(step);
  }

  formatLength(from: number, to: number): string {
    return String(to - from);
  }
}

/** Turns the machine's cycles into timestamps. Never decreases where the cycles do not. */
export class Clock implements TraceClock {
  private readonly cyclesPerSecond: number;

  constructor(cyclesPerSecond: number) {
    this.cyclesPerSecond = cyclesPerSecond;
  }

  /** The timestamp of a time in cycles, as JSON. */
  format(cycles: number): string {
    const second = Math.floor(cycles / this.cyclesPerSecond);
    const rest = cycles - second * this.cyclesPerSecond;
    const nanoseconds = Math.floor((rest * 1e9) / this.cyclesPerSecond);
    const micros = Math.floor(nanoseconds / 1_000);
    const decimals = String(nanoseconds - micros * 1_000).padStart(3, "0");
    return `${second * 1_000_000 + micros}.${decimals}`;
  }

  /** The time from one moment to a later one, as JSON: the difference of their timestamps. */
  formatLength(from: number, to: number): string {
    const nanoseconds = this.nanoseconds(to) - this.nanoseconds(from);
    const micros = Math.floor(nanoseconds / 1_000);
    return `${micros}.${String(nanoseconds - micros * 1_000).padStart(3, "0")}`;
  }

  private nanoseconds(cycles: number): number {
    const second = Math.floor(cycles / this.cyclesPerSecond);
    const rest = cycles - second * this.cyclesPerSecond;
    return second * 1e9 + Math.floor((rest * 1e9) / this.cyclesPerSecond);
  }
}

/** A track: a row of slices in the viewer. */
export interface Place {
  readonly pid: number;
  readonly tid: number;
}

/** Writes events to a file. */
export class EventWriter {
  private readonly file: TraceSink;
  private readonly clock: TraceClock;
  private separator = "\n";

  constructor(file: TraceSink, clock: TraceClock) {
    this.file = file;
    this.clock = clock;
  }

  private put(event: string): void {
    this.file.write(this.separator + event);
    this.separator = ",\n";
  }

  private at({ pid, tid }: Place, cycles: number): string {
    return `"pid":${pid},"tid":${tid},"ts":${this.clock.format(cycles)}`;
  }

  /** Names a process or thread, or says where it stands among the others. */
  metadata(what: string, { pid, tid }: Place, args: Readonly<Record<string, unknown>>): void {
    const json = JSON.stringify(args);
    this.put(`{"ph":"M","name":"${what}","pid":${pid},"tid":${tid},"args":${json}}`);
  }

  /** Writes a slice of a track; `name` and `args` are JSON, and "" is no arguments. */
  slice(place: Place, from: number, to: number, name: string, args = ""): void {
    const length = this.clock.formatLength(from, to);
    const more = args === "" ? "" : `,"args":${args}`;
    this.put(`{"ph":"X",${this.at(place, from)},"dur":${length},"name":${name}${more}}`);
  }

  /** Begins an arrow inside a slice of the track that has been written. */
  arrowFrom(place: Place, cycles: number, id: number): void {
    this.put(`{"ph":"s","id":${id},"cat":"wakeup","name":"wakeup",${this.at(place, cycles)}}`);
  }

  /** Ends an arrow at a slice of the track that has been written. */
  arrowTo(place: Place, cycles: number, id: number): void {
    this.put(
      `{"ph":"f","bp":"e","id":${id},"cat":"wakeup","name":"wakeup",${this.at(place, cycles)}}`,
    );
  }

  /** Writes the value that a counter has from a moment on. */
  counter(place: Place, cycles: number, name: string, value: number): void {
    const args = `"args":${JSON.stringify({ value })}`;
    this.put(`{"ph":"C",${this.at(place, cycles)},"name":${JSON.stringify(name)},${args}}`);
  }

  /** Writes an event of the whole trace. */
  instant(cycles: number, name: string): void {
    const place = this.at({ pid: 0, tid: 0 }, cycles);
    this.put(`{"ph":"i","s":"g",${place},"name":${JSON.stringify(name)}}`);
  }
}
