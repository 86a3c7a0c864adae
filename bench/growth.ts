// How do the costs grow with the number of threads, from a hundred to ten million? One create and
// one switch at each size: a curve that stays flat is what the machine is for.

import { freemem } from "node:os";
import { native } from "./lib/peers.js";
import type { Benchmark, Params } from "./lib/types.js";
import { runGrowth } from "./ours/growth.js";

/** A native thread's slot, and its part of the tables. */
const NATIVE_BYTES = 600;

function tooLarge({ threads }: Params): string | undefined {
  return Number(threads) * NATIVE_BYTES > freemem() ? "not enough free memory" : undefined;
}

export const benchmark: Benchmark = {
  name: "growth",
  title: "the cost of one create and of one switch as the threads become many",
  measures: [
    { name: "create", unit: "ns/create" },
    { name: "switch", unit: "ns/switch" },
    { name: "memory", unit: "MB resident" },
  ],
  cases: [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000].map((threads) => ({ threads })),
  curve: true,
  leastOps: ({ threads }) => Math.max(Number(threads), 10_000),
  ours: runGrowth,
  peers: { native: native("growth", { sitsOut: tooLarge }) },
};
