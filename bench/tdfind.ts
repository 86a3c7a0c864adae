// What does finding a thread by its id cost among a million? The size of the original's hash comes
// from maxproc, so its chains are long when that is small; "hot" looks up the same eight ids.

import { native } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runTdfind } from "./ours/tables.js";

export const benchmark: Benchmark = {
  name: "tdfind",
  title: "find one of a million threads by its id",
  measures: [{ name: "value", unit: "ns/lookup" }],
  cases: [1_000, 1_000_000].flatMap((maxproc) =>
    ["random", "hot"].map((ids) => ({ maxproc, ids })),
  ),
  leastOps: () => 200,
  ours: runTdfind,
  peers: { native: native("tdfind") },
};
