// What does a switch cost when the threads also work? Between two yields each does a few to a few dozen
// instructions of its own, so that different threads stand at different places, branches depend on data,
// and each touches memory of its own. Neither the interpreter nor the native peer can foresee any of it.

import { native } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runSwitchWork } from "./ours/switch-work.js";
import { variant } from "./ours/variant.js";

export const benchmark: Benchmark = {
  name: "switch-work",
  title: "one yield, and a little varied work, among threads that take turns",
  measures: [{ name: "value", unit: "ns/switch" }],
  cases: [
    { threads: 2, queue: "in order" },
    ...[1_000, 100_000, 1_000_000].flatMap((threads) => [
      { threads, queue: "in order" },
      { threads, queue: "shuffled" },
    ]),
  ],
  leastOps: ({ threads }) => Math.max(Number(threads), 10_000),
  ours: runSwitchWork,
  peers: {
    "with INVARIANTS": variant("switch-work", "check"),
    native: native("turns"),
    "native-bare": native("turns", { variant: "bare", defines: ["ACCOUNTING=0"] }),
  },
};
