// Rounds in which nothing happens are taken as one (run/quiet.ts): the run is the same as round by round.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { reportRun } from "../../src/workload/run-report.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { bootText } from "../support/workload-run.js";

const END = 600_000_000n;
const text = readFileSync(new URL("../../examples/webserver.json", import.meta.url), "utf8");

describe.each(SCHEDULERS)("where a run stops within a quiet stretch, under %s", (scheduler) => {
  const QUANTUM = 100;
  const TICK = 1000;

  /** The tick that the host sees where it stops in the middle of a computation, and the run's hash. */
  function stopped(rounds: number | undefined): unknown {
    const config = { scheduler, cpus: 2, quantum: QUANTUM, cyclesPerSecond: 1000 * TICK };
    const machine = new Machine(config, buildUnderTest);
    machine.createThread({
      name: "computes",
      *body() {
        yield* sys.compute(500_000n);
      },
    });
    while (machine.run({ until: 60_250, ...(rounds && { rounds }) }).reason !== "time");
    return { ticks: machine.ticks, cycles: machine.cycles, hash: machine.hash };
  }

  it("the tick is that of the last round, as it is when rounds are taken one by one", () => {
    const whole = stopped(undefined);
    expect(whole).toEqual(stopped(1));
    expect(whole).toMatchObject({ ticks: 60 });
  });
});

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
