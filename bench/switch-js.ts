// What does a switch cost when the threads' bodies are JavaScript generators? The peers show what
// the same JavaScript costs without a kernel.

import { node } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runSwitchJs } from "./ours/switch.js";

export const benchmark: Benchmark = {
  name: "switch-js",
  title: "one yield among threads whose bodies are generators",
  measures: [{ name: "value", unit: "ns/switch" }],
  cases: [2, 1_000, 100_000, 1_000_000].map((threads) => ({ threads, queue: "in order" })),
  leastOps: ({ threads }) => Math.max(Number(threads), 10_000),
  ours: runSwitchJs,
  peers: {
    "node-generators": node("switch-generator"),
    "node-async": node("switch-async"),
  },
};
