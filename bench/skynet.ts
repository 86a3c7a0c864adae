// How long do 1,111,111 threads take that create each other, ten by ten, and send their sums back?

import { erlang, go, native, node } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runSkynet } from "./ours/skynet.js";

export const benchmark: Benchmark = {
  name: "skynet",
  title: "1,111,111 threads: each spawns ten, the leaves' numbers are summed up (499,999,500,000)",
  measures: [
    { name: "time", unit: "ms" },
    { name: "memory", unit: "MB resident at the end" },
  ],
  cases: [{}],
  ours: runSkynet,
  peers: {
    native: native("skynet"),
    go: go("skynet"),
    erlang: erlang("skynet"),
    node: node("skynet"),
  },
};
