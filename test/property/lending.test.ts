// Random lock graphs on 1 to 16 CPUs: at each step what is lent is what the plain model says, and nothing is lent
// at the end; and the faults of the check build that this finds.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { buildUnderTest as build } from "../support/build.js";
import { LendingStorm } from "../support/cpus/lending-storm.js";
import { type Conditions, suitesFor } from "../support/cpus/suites.js";
import { SCHEDULERS } from "../support/schedulers.js";

const SEEDS = 20;

const lending = (conditions: Conditions) =>
  suitesFor(conditions).find(({ name }) => name === "lending") as ReturnType<typeof suitesFor>[0];

describe.each(SCHEDULERS)("priority lending under %s", (scheduler) => {
  it("is the best priority of all waiters, through all chains, after each step", () => {
    let chains = 0;
    let lent = 0;
    let due = 0;
    const suite = lending({ build, scheduler });
    for (let seed = 1; seed <= SEEDS; seed++) {
      expect([seed, suite.run(seed)]).toEqual([seed, null]);
    }
    for (let seed = SEEDS + 1; seed <= SEEDS + 3; seed++) {
      const storm = new LendingStorm(seed, build, { scheduler });
      storm.run();
      chains += storm.chains;
      lent += storm.lent;
      due += storm.due;
    }
    expect(lent).toBeGreaterThan(300);
    expect(chains).toBeGreaterThan(30);
    expect(due).toBeGreaterThan(30);
  });
});

describe("a fault planted in lending", () => {
  const faults = Object.entries(Plant).filter(([name]) => name.startsWith("LEND_"));

  it.each(faults)("is found: %s", (_name, plant) => {
    const suite = lending({ build: "check", plant });
    const seeds = [...Array(SEEDS).keys()];
    expect(seeds.some((seed) => suite.run(seed) !== null)).toBe(true);
  });
});
