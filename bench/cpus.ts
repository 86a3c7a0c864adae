// How does the machine's throughput change with the number of emulated CPUs? Nobody else emulates
// any, so there are no peers.

import type { Benchmark } from "./lib/types.js";
import { runCpus } from "./ours/cpus.js";

export const benchmark: Benchmark = {
  name: "cpus",
  title: "throughput of all emulated CPUs together",
  measures: [
    { name: "instructions", unit: "million instructions/s", better: "higher" },
    { name: "switches", unit: "million switches/s", better: "higher" },
  ],
  cases: [1, 2, 4, 8, 16, 32, 64].map((cpus) => ({ cpus })),
  curve: true,
  leastOps: () => 1_000,
  ours: runCpus,
  peers: {},
};
