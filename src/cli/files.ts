// Files that a command reads and writes: none that it writes replaces one that it reads, and a trace that fails
// costs no report.

import { statSync } from "node:fs";
import { ConfigError } from "../core/errors.js";
import { readPlain } from "../core/file-system.js";
import type { ChromeTrace } from "../trace/chrome.js";
import { TraceError } from "../trace/file.js";
import { ExitCode } from "./exit.js";
import { complain } from "./output.js";

/**
 * The bytes of a file that the user has named.
 *
 * @throws ConfigError when it cannot be read.
 */
export function readInput(file: string): Uint8Array {
  try {
    return readPlain(file);
  } catch (error) {
    throw new ConfigError(`${file}: ${(error as Error).message}`);
  }
}

/**
 * Sees to it that what an option writes does not replace the file that the command reads, `what`, whatever name that
 * goes by.
 *
 * @throws ConfigError if it would.
 */
export function checkOutputPath(option: string, path: string, file: string, what: string): void {
  const input = statSync(file, { throwIfNoEntry: false });
  const output = statSync(path, { throwIfNoEntry: false });
  if (input === undefined || output === undefined) return;
  if (input.dev === output.dev && input.ino === output.ino) {
    throw new ConfigError(`${option} would write over the ${what} file; give it another name`);
  }
}

/** Closes a trace. One that fails does not cost the report: the exit code says so, unless the run has a worse one. */
export function closeTrace(trace: ChromeTrace): void {
  try {
    trace.close();
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    complain(error.message);
    process.exitCode = ExitCode.FAILURE;
  }
}
