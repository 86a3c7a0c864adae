// The temporary folder of a run of the suite, for the tests, the commands that they start, and the compilers that those
// start. It goes when the run ends, also when that fails or is interrupted; and a run fails in which something other
// than a test's own folder is left there, for a user would have it left, too.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { SCRATCH } from "./scratch.js";

/** The names by which programs find the temporary folder. */
const VARIABLES = ["TMPDIR", "TMP", "TEMP"];

/** Vitest calls this before a run, and what it returns after it. */
export default function beginRun({ tmpDir: vitestFolder }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "kthread-machine-tests-"));
  for (const name of VARIABLES) process.env[name] = folder;
  process.once("exit", () => {
    const folders = [folder, vitestFolder]; // the latter stays where vitest is interrupted
    for (const one of folders) rmSync(one, { recursive: true, force: true });
  });
  process.once("SIGHUP", () => process.exit(129)); // vitest hears the other signals
  return () => {
    const left = readdirSync(folder).filter((name) => !name.startsWith(SCRATCH));
    if (left.length === 0) return;
    process.exitCode = 1;
    throw new Error(
      `tests, or commands that they start, leave these files in the temporary folder: ${left.join(", ")}`,
    );
  };
}
