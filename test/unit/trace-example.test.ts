// The trace of each example workload: valid, the same run, and in agreement with the threads' accounts.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createChromeTrace } from "../../src/trace/chrome.js";
import { readWorkload } from "../../src/workload/parse.js";
import { WorkloadRun } from "../../src/workload/run.js";
import { buildUnderTest as build } from "../support/build.js";
import { checkTrace, lengthOf, runsOf, type Slice } from "../support/chrome-trace.js";
import { scratchFolder } from "../support/scratch.js";

const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));
const HALF_A_SECOND = 500_000_000n;

function run(file: string, cpus: number, tracePath?: string): WorkloadRun {
  const workload = new WorkloadRun(readWorkload(join(EXAMPLES, file)), { cpus, build });
  const trace = tracePath === undefined ? null : createChromeTrace(workload.machine, tracePath);
  workload.advance(HALF_A_SECOND);
  trace?.close();
  return workload;
}

/** Checks what the threads that still exist have done against their runs in the trace. */
function compareThreads(workload: WorkloadRun, runs: readonly Slice[]): void {
  for (const thread of workload.threads()) {
    // A thread id has had other owners before, where threads are forked and end.
    const own = runs.filter((one) => one.args.tid === thread.tid && one.name === thread.name);
    const over = own.filter((one) => one.leaves !== "still runs");
    const switches = thread.voluntarySwitches + thread.involuntarySwitches;
    expect(lengthOf(over), thread.name).toBeLessThanOrEqual(thread.runtime);
    expect(lengthOf(own), thread.name).toBeGreaterThanOrEqual(thread.runtime);
    expect(over.length, thread.name).toBe(switches);
  }
}

const examples = readdirSync(EXAMPLES).filter((name) => name.endsWith(".json"));

it("there are five example traces", () => expect(examples).toHaveLength(5));

describe.each(examples)("the trace of %s", (file) => {
  it.each([1, 4])("agrees with its run on %i CPUs, and does not change it", (cpus) => {
    const folder = scratchFolder();
    const path = join(folder, "trace.json");
    const workload = run(file, cpus, path);
    const runs = runsOf(checkTrace(path));
    expect(runs.length).toBeGreaterThan(3);
    compareThreads(workload, runs);
    for (const cpu of workload.machine.cpus) {
      expect(lengthOf(runs.filter((one) => one.tid === cpu.id))).toBe(cpu.busyCycles);
    }
    expect(workload.machine.hash).toBe(run(file, cpus).machine.hash);
  });
});
