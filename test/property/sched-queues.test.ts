// The run queues of 4bsd and ule beside a model; `npm run -s fuzz -- queues` does as many operations as one likes.

import { describe, expect, it } from "vitest";
import { SchedQueueTest } from "../support/sched-queue-test.js";

describe.each(["4bsd", "ule"] as const)("the run queues of %s", (scheduler) => {
  it.each([1, 2, 3, 4])("order threads as the model does (seed %d)", (seed) => {
    const test = new SchedQueueTest(seed, scheduler);
    test.run(5_000);
    expect(test.operations).toBeGreaterThanOrEqual(5_000);
  });
});
