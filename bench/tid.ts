// What does a thread id cost when few are left: allocate one and free it again, in a bitmap of a
// million that is empty, 90 % or 99.9 % full at random, or full but for one?

import { native } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runTid } from "./ours/tables.js";

export const benchmark: Benchmark = {
  name: "tid",
  title: "allocate and free a thread id, one million in all",
  measures: [{ name: "value", unit: "ns/id" }],
  cases: ["0", "90%", "99.9%", "all but one"].map((fill) => ({ fill })),
  leastOps: () => 1_000,
  ours: runTid,
  peers: { native: native("tid") },
};
