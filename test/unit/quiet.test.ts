// Rounds in which nothing happens are taken as one (run/quiet.ts): the run is the same as round by round.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reportRun } from "../../src/workload/run-report.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { bootText } from "../support/workload-run.js";

const END = 600_000_000n;
const text = readFileSync(new URL("../../examples/webserver.json", import.meta.url), "utf8");

describe.each(SCHEDULERS)("quiet rounds under %s", (scheduler) => {
  it("hide no tick of the schedulers' clock, which does not fall on their ends", () => {
    const [whole, cut] = [1_000_000_000, 37].map((rounds) => {
      const run = bootText(text, { scheduler, cpus: 4 });
      expect(run.machine.config.cyclesPerSecond % (128 * run.machine.config.quantum)).not.toBe(0);
      while (run.advance(END, rounds) === "rounds");
      return reportRun(run, "time");
    });
    expect(cut).toEqual(whole);
  });
});
