// What does a callout cost: armed, cancelled, fired, with a million of them pending? For peers that
// must wait for real time to pass, firing is their processor time.

import { erlang, go, native, node } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runTimers } from "./ours/tables.js";

export const benchmark: Benchmark = {
  name: "timers",
  title: "a million callouts: armed and cancelled, armed again and fired",
  measures: [
    { name: "arm", unit: "ns/callout" },
    { name: "cancel", unit: "ns/callout" },
    { name: "fire", unit: "ns/callout" },
  ],
  cases: [{ timers: 1_000_000 }],
  ours: runTimers,
  peers: {
    native: native("timers"),
    go: go("timers"),
    erlang: erlang("timers"),
    node: node("timers"),
  },
};
