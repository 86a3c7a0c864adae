// What do a million sleeping threads cost: memory of the whole process, the time to create them and
// put them to sleep with a timeout, and the time to wake all of them to their end?

import { erlang, go, native, node, pthreads } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runSleepers } from "./ours/sleepers.js";

export const benchmark: Benchmark = {
  name: "sleepers",
  title: "threads asleep with a timeout, each round in a new process",
  measures: [
    { name: "memory", unit: "MB resident" },
    { name: "create", unit: "ms for all" },
    { name: "wake", unit: "ms for all" },
  ],
  cases: [{ threads: 10_000 }, { threads: 1_000_000 }],
  isolated: true,
  ours: runSleepers,
  peers: {
    native: native("sleepers"),
    go: go("sleepers"),
    erlang: erlang("sleepers"),
    node: node("sleepers"),
    pthreads: pthreads("sleepers", ({ threads }) =>
      Number(threads) > 10_000 ? "more threads than a system allows" : undefined,
    ),
  },
};
