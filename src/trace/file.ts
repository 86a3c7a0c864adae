// Where a trace is written to: a function or stream of the caller's, or a file. A file is written through
// a buffer of fixed size, under a name that says that it is not complete, until it is closed.

import { callback, type Rule } from "../core/arguments.js";
import { reasonOf, WholeFile } from "../core/whole-file.js";

/** Characters that are collected before they are written. */
const BUFFER_CHARACTERS = 64 * 1024;
/** With less room than this on the disk a trace is not begun. */
const FREE_BYTES_MIN = 1 << 20;

/** A trace cannot be written. */
export class TraceError extends Error {
  override readonly name = "TraceError";

  constructor(path: string, cause: unknown) {
    super(`cannot write the trace to ${JSON.stringify(path)}: ${reasonOf(cause)}`, { cause });
  }
}

/** What takes a trace's text, piece by piece, in order. */
export interface TraceSink {
  /** Characters so far. */
  readonly length: number;
  write(text: string): void;
  /** The trace is complete. */
  close(): void;
  /** The trace will never be complete. */
  abandon(): void;
}

/** Something that texts can be written to, such as a stream of Node's. It is not ended. */
export interface TraceStream {
  write(text: string): unknown;
}

/** Where a trace may go: the path of a file, a stream, or a function that gets the text in pieces. */
export type TraceTarget = string | TraceStream | ((text: string) => void);

export const targetRule: Rule = {
  allowed: "a path, a stream with a method `write`, or a function",
  accepts: (value) =>
    typeof value === "string" ||
    typeof value === "function" ||
    (typeof value === "object" &&
      value !== null &&
      "write" in value &&
      callback.accepts(value.write)),
};

/** @throws TraceError when a file cannot be made. */
export function openTrace(target: TraceTarget): TraceSink {
  if (typeof target === "string") return new TraceFile(target);
  return new TraceCall(typeof target === "function" ? target : (text) => target.write(text));
}

/** Hands a trace over to the caller in pieces of some size. */
class TraceCall implements TraceSink {
  private readonly call: (text: string) => unknown;
  private buffer = "";
  length = 0;

  constructor(call: (text: string) => unknown) {
    this.call = call;
  }

  write(text: string): void {
    this.length += text.length;
    this.buffer += text;
    if (this.buffer.length >= BUFFER_CHARACTERS) this.close();
  }

  close(): void {
    const text = this.buffer;
    this.buffer = "";
    this.call(text);
  }

  abandon(): void {
    this.buffer = "";
  }
}

/** A text file that has its name only once it is whole. */
class TraceFile implements TraceSink {
  private readonly path: string;
  private readonly file: WholeFile;
  private buffer = "";
  private written = 0;

  constructor(path: string) {
    this.path = path;
    this.file = this.attempt(() => new WholeFile(path, FREE_BYTES_MIN));
  }

  get length(): number {
    return this.written + this.buffer.length;
  }

  write(text: string): void {
    this.buffer += text;
    if (this.buffer.length >= BUFFER_CHARACTERS) this.flush();
  }

  close(): void {
    try {
      this.flush();
      this.attempt(() => this.file.close());
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  abandon(): void {
    this.buffer = "";
    this.file.abandon();
  }

  private flush(): void {
    const bytes = new TextEncoder().encode(this.buffer);
    this.written += this.buffer.length;
    this.buffer = "";
    this.attempt(() => this.file.write(bytes));
  }

  private attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new TraceError(this.path, error);
    }
  }
}
