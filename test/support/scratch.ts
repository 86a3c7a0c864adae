// Where tests write files: in folders of the temporary folder that a run of the suite has for itself (suite.ts).

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the tests' own folders are called: they are left to the run. */
export const SCRATCH = "scratch-";

/** A new folder for files of a test. Nobody has to remove it. */
export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), SCRATCH));
}
