// Files that a command reads and writes: none that it writes replaces one that it reads, and a trace that fails
// costs no report.

import { accessSync, constants, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "../core/errors.js";
import { readPlain, shownFile } from "../core/file-system.js";
import { reasonOf } from "../core/whole-file.js";
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
    throw new ConfigError(`${shownFile(file)}: ${(error as Error).message}`);
  }
}

/** What there is under a name, if anything: whoever opens it says why it cannot be reached. */
function statIfAny(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Sees to it that what an option writes does not replace the file that the command reads, `what`, whatever name that
 * goes by.
 *
 * @throws ConfigError if it would, or if it names the standard output, where the report goes.
 */
export function checkOutputPath(option: string, path: string, file: string, what: string): void {
  if (path === "-") {
    throw new ConfigError(`${option} takes the name of a file; ./- if that is to be called -`);
  }
  const [input, output] = [statIfAny(file), statIfAny(path)];
  if (input === undefined || output === undefined) return;
  if (input.dev === output.dev && input.ino === output.ino) {
    throw new ConfigError(`${option} would write over the ${what} file; give it another name`);
  }
}

/**
 * Sees to it that another program can write a file for the command: that program's own words would be all that is said.
 *
 * @throws ConfigError if it cannot.
 */
export function checkWritable(path: string): void {
  try {
    if (path === "") throw new Error("the name is empty");
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new Error("it is a directory");
    accessSync(there === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw new ConfigError(`cannot write to ${JSON.stringify(path)}: ${reasonOf(error)}`);
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
