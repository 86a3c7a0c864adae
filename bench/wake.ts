// What does waking a thread cost: two threads wake each other in turn, on one CPU or on two?

import { erlang, go, native, node, pthreads } from "./lib/peers.js";
import { pickCores } from "./lib/tools.js";
import type { Benchmark, Params } from "./lib/types.js";
import { runWake } from "./ours/wake.js";

const across = (params: Params) => params.cpus === "across";

/** Peers with real processors need two of them. */
const oneCore = (params: Params) =>
  across(params) && pickCores(2).length < 2 ? "needs two cores" : undefined;

export const benchmark: Benchmark = {
  name: "wake",
  title: "one wakeup when two threads wake each other in turn",
  measures: [{ name: "value", unit: "ns/wakeup" }],
  cases: ["same", "across"].flatMap((cpus) =>
    ["block/signal", "msleep/wakeup"].map((how) => ({ cpus, with: how })),
  ),
  leastOps: () => 2_000,
  cores: (params) => (across(params) ? 2 : 1),
  ours: runWake,
  peers: {
    native: native("wake", { sitsOut: oneCore }),
    go: go("wake", oneCore),
    erlang: erlang("wake", oneCore),
    node: node("wake", oneCore),
    pthreads: pthreads("wake", oneCore),
  },
};
