// The path of a file that a command writes: it replaces the file that has its name.

import { statSync } from "node:fs";
import { ConfigError } from "../core/errors.js";

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
