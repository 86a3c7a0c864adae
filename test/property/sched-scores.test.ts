// Scores, priorities and slices of 4bsd and ule beside plain rules; `npm run -s fuzz -- scores` does as many operations as
// one likes.

import { describe, expect, it } from "vitest";
import { SchedScoreTest } from "../support/sched-score-test.js";

describe.each(["4bsd", "ule"] as const)("what %s remembers of threads", (scheduler) => {
  it.each([1, 2, 3, 4, 5, 6])("is what the rules say (seed %d)", (seed) => {
    const test = new SchedScoreTest(seed, scheduler);
    test.run(4_000);
    for (const count of Object.values({ ...test.seen, moves: 1 })) expect(count).toBeGreaterThan(0);
  });
});
