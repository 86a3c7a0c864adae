// What do CPUs cost that have nothing to do? Two threads of two CPUs wake each other in turn, and the other CPUs
// are idle. Nobody else emulates any, so there are no peers.

import type { Benchmark } from "./lib/types.js";
import { runIdle } from "./ours/wake.js";

export const benchmark: Benchmark = {
  name: "idle",
  title: "one wakeup between two CPUs while the machine's others are idle",
  measures: [{ name: "value", unit: "ns/wakeup" }],
  cases: ["lwkt", "4bsd", "ule"].flatMap((scheduler) =>
    [2, 16, 64].map((cpus) => ({ scheduler, cpus })),
  ),
  leastOps: () => 2_000,
  ours: runIdle,
  peers: {},
};
