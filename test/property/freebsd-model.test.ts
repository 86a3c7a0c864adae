// FreeBSD's calls on one CPU beside a model: sleeps, wakeups, timeouts, priorities and kthread(9) under three
// schedulers.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { FbsdCallTest } from "../support/fbsd-model-test.js";

const SEEDS = 12;
const OPERATIONS = 2_000;

describe.each(["lwkt", "4bsd", "lwkt-modern"] as const)("FreeBSD's calls under %s", (scheduler) => {
  it(`agree with the model, ${SEEDS} times ${OPERATIONS} of them`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const test = new FbsdCallTest(seed, scheduler);
      expect(() => test.run(OPERATIONS), `seed ${seed}`).not.toThrow();
      expect(test.operations).toBeGreaterThanOrEqual(OPERATIONS);
    }
  });
});

it.each([
  ["lwkt", Plant.PRIO_NO_LEVEL],
  ["lwkt-modern", Plant.MODERN_NO_TAIL],
] as const)("the model of %s finds a fault that is planted in the kernel", (scheduler, plant) => {
  const test = new FbsdCallTest(1, scheduler, "check", plant);
  expect(() => test.run(OPERATIONS)).toThrow("not");
});
