// Files that commands write: none replaces the one that the command reads, and a trace that fails costs no report.

import { statSync } from "node:fs";
import { ConfigError } from "../core/errors.js";
import type { ChromeTrace } from "../trace/chrome.js";
import { TraceError } from "../trace/file.js";
import { ExitCode } from "./exit.js";
import { complain } from "./output.js";

/**
 * Sees to it that what an option has written does not replace the file that the command reads, whatever name that goes by.
 *
 * @param what whose file it is, such as "workload"
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
