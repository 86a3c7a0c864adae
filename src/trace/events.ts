// Events of the Chrome trace-event format, one JSON text each. Timestamps are in microseconds, with the
// nanoseconds as three decimals.
//
// Slices are written as pairs of begin and end: both ends then carry the same text where one slice
// follows another, so that no viewer's rounding makes them overlap, as it may with a start and a
// duration.

import type { TraceFile } from "./file.js";

/** Turns the machine's cycles into timestamps. Never decreases where the cycles do not. */
export class Clock {
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
}

/** A track: a row of slices in the viewer. */
export interface Place {
  readonly pid: number;
  readonly tid: number;
}

/** Writes events to a file. */
export class EventWriter {
  private readonly file: TraceFile;
  private readonly clock: Clock;
  private separator = "\n";

  constructor(file: TraceFile, clock: Clock) {
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

  /** Begins a slice; `name` and `args` are JSON. */
  begin(place: Place, cycles: number, name: string, args: string): void {
    this.put(`{"ph":"B",${this.at(place, cycles)},"name":${name},"args":${args}}`);
  }

  /** Ends the slice that was begun last on the track. */
  end(place: Place, cycles: number, args: string): void {
    this.put(`{"ph":"E",${this.at(place, cycles)},"args":${args}}`);
  }

  /** Writes a whole slice of a track on which nothing is open. */
  slice(place: Place, from: number, to: number, name: string): void {
    this.put(`{"ph":"B",${this.at(place, from)},"name":${name}}`);
    this.put(`{"ph":"E",${this.at(place, to)}}`);
  }

  /** Begins an arrow inside the slice that is open on the track. */
  arrowFrom(place: Place, cycles: number, id: number): void {
    this.put(`{"ph":"s","id":${id},"cat":"wakeup","name":"wakeup",${this.at(place, cycles)}}`);
  }

  /** Ends an arrow at the slice that is open on the track. */
  arrowTo(place: Place, cycles: number, id: number): void {
    this.put(
      `{"ph":"f","bp":"e","id":${id},"cat":"wakeup","name":"wakeup",${this.at(place, cycles)}}`,
    );
  }
}
