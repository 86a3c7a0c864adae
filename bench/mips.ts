// How fast is the emulated CPU? The native peer does the same work on the host's own processor: it
// says what emulation costs, and is not something to beat.

import { plainC } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runMips } from "./ours/mips.js";

export const benchmark: Benchmark = {
  name: "mips",
  title: "programs on one emulated CPU, for orientation beside the host's own",
  measures: [
    { name: "time", unit: "ms" },
    { name: "speed", unit: "million instructions/s", better: "higher" },
  ],
  cases: ["fib", "sieve", "crc32", "count"].map((work) => ({ work })),
  leastOps: () => 1,
  ours: runMips,
  peers: { native: plainC("native", "mips") },
};
