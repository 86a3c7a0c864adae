// What does it cost to keep a machine and to bring it back? Ten threads of a machine that is made for them,
// as a search for failing schedules does many thousand times a second, and a million.

import type { Benchmark } from "./lib/types.js";
import { runSnapshot } from "./ours/snapshot.js";

export const benchmark: Benchmark = {
  name: "snapshot",
  title: "to take a snapshot, to put it back, to make a file's bytes of it and read them",
  measures: [
    { name: "take", unit: "us/snapshot" },
    { name: "restore", unit: "us/restore" },
    { name: "encode", unit: "us/file" },
    { name: "decode", unit: "us/file" },
    { name: "file", unit: "MB" },
  ],
  cases: [10, 1_000_000].map((threads) => ({ threads })),
  leastOps: ({ threads }) => (Number(threads) > 1_000 ? 1 : 1_000),
  ours: runSnapshot,
  peers: {},
};
