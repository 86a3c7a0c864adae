// What does a lock cost: taken and released by a thread that nobody competes with, and handed over between two
// threads of one CPU that both want it all the time?

import type { Benchmark } from "./lib/types.js";
import { runLocks } from "./ours/locks.js";

const KINDS = ["mtx", "mtx spin", "rw shared", "rw alone", "sx shared", "sx alone"];
const CONTESTED = ["mtx", "rw alone", "sx alone"];

export const benchmark: Benchmark = {
  name: "locks",
  title:
    "a lock taken and released by RV32 code; where it is contested, a hand-over with its switch",
  measures: [{ name: "value", unit: "ns/pair" }],
  cases: [
    ...KINDS.map((kind) => ({ kind, contested: "no" })),
    ...CONTESTED.map((kind) => ({ kind, contested: "yes" })),
  ],
  leastOps: () => 10_000,
  ours: runLocks,
  peers: {},
};
