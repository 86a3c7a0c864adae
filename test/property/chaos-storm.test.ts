// The kernel itself under other timings: storms of threads and processes on several CPUs, with the order of CPUs, the
// length of slices and the delivery of messages chosen by the seed; and the faults of the check build that they
// find, some of which no storm of the usual rounds does.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { buildUnderTest } from "../support/build.js";
import { type Conditions, suitesFor } from "../support/cpus/suites.js";

const SEEDS = 60;
/** Seeds of which one finds a fault. */
const SEEDS_OF_FAULT = 80;
/** Seeds in which the usual rounds find none. */
const SEEDS_WITHOUT = 40;

const faults = [
  ...(["DUE_LOST", "MOVE_WORD", "SHIFT_LOST", "NO_WAKE", "PRIO_NO_BASE", "PRIO_NO_LEVEL"] as const),
  ...(["PRIO_AT_ONCE", "TOKEN_CLOSED", "MOVE_LOSES_RUN", "AFFINITY_FORGOTTEN"] as const),
  ...(["UNSUSPEND_COUNT", "ADD_RUNNING"] as const),
];

/** Faults that need another order of CPUs, late messages, or slices that the usual rounds hardly ever have. */
const missedOtherwise = ["RUN_AHEAD", "LINE_AHEAD", "LATE_FORGOTTEN", "SHORT_FORGOTTEN"] as const;

const chaos = (conditions: Conditions) =>
  suitesFor(conditions).find(({ name }) => name === "chaos") as ReturnType<typeof suitesFor>[0];

describe("storms under chaos", () => {
  it("find nothing wrong with the kernel", () => {
    const suite = chaos({ build: buildUnderTest });
    for (let seed = 0; seed < SEEDS; seed++) expect([seed, suite.run(seed)]).toEqual([seed, null]);
    expect(suite.steps).toBeGreaterThan(5_000);
  });

  it.each([...faults, ...missedOtherwise])("find the planted fault %s", (name) => {
    const suite = chaos({ build: "check", plant: Plant[name] });
    const seeds = [...Array(SEEDS_OF_FAULT).keys()];
    expect(seeds.some((seed) => suite.run(seed) !== null)).toBe(true);
  });

  it.each(missedOtherwise)("alone find %s", (name) => {
    for (const suite of suitesFor({ build: "check", plant: Plant[name] })) {
      if (suite.name !== "threads" && suite.name !== "processes") continue;
      for (let seed = 0; seed < SEEDS_WITHOUT; seed++) {
        expect([suite.name, seed, suite.run(seed)]).toEqual([suite.name, seed, null]);
      }
    }
  });
});
