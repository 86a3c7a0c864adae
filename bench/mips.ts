// How fast is the emulated CPU, with what is hot compiled and without? A dozen programs of different kinds,
// none of which interpreter and compiler were written beside: whoever makes them faster measures here, and
// looks for what to do elsewhere. The native peer does the same work on the host's own processor: it says
// what emulation costs, and is not something to beat.

import { plainC, qemu } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runMips } from "./ours/mips.js";
import { variant } from "./ours/variant.js";

const WORKS = [
  ...["queens", "matmul", "heapsort", "list", "hashtable", "cipher"],
  ...["gcd", "collatz", "mandelbrot", "life", "distance", "vm"],
];

export const benchmark: Benchmark = {
  name: "mips",
  title: "programs on one emulated CPU, for orientation beside the host's own",
  measures: [
    { name: "time", unit: "ms" },
    { name: "speed", unit: "million instructions/s", better: "higher" },
  ],
  cases: WORKS.map((work) => ({ work })),
  mean: { work: "geometric mean" },
  leastOps: () => 1,
  ours: runMips,
  peers: {
    interpreted: variant("mips", "interpreted"),
    native: plainC("native", "mips"),
    qemu: qemu("mips"),
  },
};
