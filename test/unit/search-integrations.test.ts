// Searches in the tests of others: `it.explore` of vitest, and schedules as arbitrary values of fast-check.

import fc from "fast-check";
import { describe, expect, it as plain } from "vitest";
import { Schedule, schedules } from "../../src/fast-check.js";
import { ExploreError, type Setup } from "../../src/index.js";
import { it } from "../../src/vitest.js";
import { buildUnderTest as build } from "../support/build.js";
import { broken, right } from "../support/search-tests.js";

const counter = broken["a counter without a lock"]?.setup as Setup;

describe("it.explore", () => {
  it.explore("passes where no schedule fails", right["a counter with a lock"] as Setup, { build });

  it.explore("passes where one fails as it should", counter, {
    build,
    strategy: "exhaustive",
    finds: "assertion",
  });

  it.explore.fails("fails where a schedule does", counter, { build });

  it.explore.fails("fails where none fails as it should", counter, { build, finds: "deadlock" });

  it("is vitest's own besides", ({ task }) => {
    expect(task.name).toBe("is vitest's own besides");
  });
});

describe("schedules", () => {
  plain("find a bug, and shrink to its shortest schedule", async () => {
    const property = fc.asyncProperty(schedules(), async (schedule) => {
      await schedule.run(counter, { build });
    });
    const { failed, counterexample, errorInstance } = await fc.check(property, { seed: 1 });
    expect(failed).toBe(true);
    expect(counterexample?.[0].choices.filter((choice) => choice !== 0)).toEqual([1]);
    expect(errorInstance).toBeInstanceOf(ExploreError);
    expect((errorInstance as Error).message).toMatch(
      /^assertion: count is 1 \(replay: ktm1:0?1\)\n {2}1 /,
    );
  });

  plain("find none where there is none, with values beside them", async () => {
    const setup = right["a counter with a lock"] as Setup;
    const property = fc.asyncProperty(
      schedules({ possibilities: 2 }),
      fc.nat(),
      async (schedule, _seed) => {
        expect((await schedule.run(setup, { build })).failure).toBeNull();
      },
    );
    await fc.assert(property, { numRuns: 20, seed: 1 });
  });

  plain("can be read, and checks what it is asked for", () => {
    expect(fc.stringify(new Schedule([0, 1]))).toBe("Schedule(ktm1:01)");
    expect(() => schedules({ choices: 0 })).toThrow("choices is 0; it must be");
  });
});
