// How many schedules does a search perform in a second? A schedule is all of it: going back to the start, each step
// with its choice, and the judgement of the end. No test here fails.

import type { Benchmark } from "./lib/types.js";
import { EXPLORE_TESTS, runExplore } from "./ours/explore.js";

export const benchmark: Benchmark = {
  name: "explore",
  title: "schedules of a test a second, on one core",
  measures: [{ name: "value", unit: "schedules/s", better: "higher" }],
  cases: ["random", "pct", "exhaustive"].flatMap((strategy) =>
    EXPLORE_TESTS.map((test) => ({ ...test, strategy })),
  ),
  leastOps: () => 1_000,
  ours: runExplore,
  peers: {},
};
