// What does a switch cost: threads of one level yield in turn? The cost of many threads is that of
// memory, so there are four sizes, and run queues whose order is that of memory or a random one.

import { erlang, go, native, node, pthreads } from "./lib/peers.js";
import type { Benchmark, Params } from "./lib/types.js";
import { runSwitch, schedulerVariants } from "./ours/switch.js";
import { variant } from "./ours/variant.js";

const shuffled = (params: Params) => params.queue === "shuffled";

export const benchmark: Benchmark = {
  name: "switch",
  title: "one yield among threads that take turns",
  measures: [{ name: "value", unit: "ns/switch" }],
  cases: [
    { threads: 2, queue: "in order" },
    ...[1_000, 100_000, 1_000_000].flatMap((threads) => [
      { threads, queue: "in order" },
      { threads, queue: "shuffled" },
    ]),
  ],
  leastOps: ({ threads }) => Math.max(Number(threads), 10_000),
  ours: runSwitch,
  beside: Object.fromEntries(schedulerVariants.map((name) => [name, variant("switch", name)])),
  peers: {
    "with INVARIANTS": variant("switch", "check"),
    "with tracing": variant("switch", "tracing"),
    native: native("switch"),
    "native-bare": native("switch", { variant: "bare", defines: ["ACCOUNTING=0"] }),
    go: go("switch"),
    erlang: erlang("switch"),
    "node-generators": node("switch-generator"),
    "node-async": node("switch-async", (params) =>
      shuffled(params) ? "a promise's place in the queue is not ours to choose" : undefined,
    ),
    pthreads: pthreads("switch", (params) => {
      if (shuffled(params)) return "the system's queue is not ours to order";
      return Number(params.threads) > 1_000 ? "more threads than a system allows" : undefined;
    }),
  },
};
