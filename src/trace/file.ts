// The file that a trace is written to: through a buffer of fixed size, under a name that says that it is
// not complete, until it is closed.

import { fileSystem } from "../core/file-system.js";

type FileSystem = ReturnType<typeof fileSystem>;

/** Characters that are collected before they are written. */
const BUFFER_CHARACTERS = 64 * 1024;

/** A trace cannot be written. */
export class TraceError extends Error {
  override readonly name = "TraceError";

  constructor(path: string, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(`cannot write the trace to "${path}": ${what}`, { cause });
  }
}

/** A text file that has its name only once it is whole; until then it is `path`.partial. */
export class TraceFile {
  readonly path: string;
  private readonly fs: FileSystem;
  private readonly descriptor: number;
  private buffer = "";
  private written = 0;

  /** @throws TraceError when there can be no such file. */
  constructor(path: string) {
    this.path = path;
    this.fs = this.attempt(fileSystem);
    this.descriptor = this.attempt(() => this.fs.openSync(this.partialPath, "w"));
  }

  /** Where the text is until {@link close}. */
  get partialPath(): string {
    return `${this.path}.partial`;
  }

  /** Characters so far. */
  get length(): number {
    return this.written + this.buffer.length;
  }

  /** @throws TraceError when the file cannot be written. */
  write(text: string): void {
    this.buffer += text;
    if (this.buffer.length >= BUFFER_CHARACTERS) this.flush();
  }

  /** Writes the rest and gives the file its name. */
  close(): void {
    this.flush();
    this.attempt(() => {
      this.fs.closeSync(this.descriptor);
      this.fs.renameSync(this.partialPath, this.path);
    });
  }

  /** Gives up: what was written stays where it is. */
  abandon(): void {
    this.buffer = "";
    this.attempt(() => this.fs.closeSync(this.descriptor));
  }

  private flush(): void {
    const bytes = Buffer.from(this.buffer, "utf8");
    this.written += this.buffer.length;
    this.buffer = "";
    this.attempt(() => {
      for (let at = 0; at < bytes.length; ) at += this.fs.writeSync(this.descriptor, bytes, at);
    });
  }

  private attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new TraceError(this.path, error);
    }
  }
}
