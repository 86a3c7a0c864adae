// What does a thread's life cost: create it, run it to its end, let it exit and reap it? One at a
// time, and ten thousand at a time.

import { erlang, go, native, node, pthreads } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runSpawn } from "./ours/spawn.js";

export const benchmark: Benchmark = {
  name: "spawn",
  title: "create, run, exit and reap a thread, with so many alive at a time",
  measures: [{ name: "value", unit: "ns/thread" }],
  cases: [{ alive: 1 }, { alive: 10_000 }],
  leastOps: ({ alive }) => Math.max(Number(alive), 1_000),
  ours: runSpawn,
  peers: {
    native: native("spawn"),
    go: go("spawn"),
    erlang: erlang("spawn"),
    node: node("spawn"),
    pthreads: pthreads("spawn"),
  },
};
