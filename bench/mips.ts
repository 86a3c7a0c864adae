// How fast is the emulated CPU, with what is hot compiled and without? C programs of different kinds, none of which
// interpreter and compiler were written beside: whoever makes them faster measures here, and
// looks for what to do elsewhere. The peers do the same work from the same sources: the host's own processor says what
// emulation costs, qemu's user mode what others make of it.

import { plainC, qemu } from "./lib/peers.js";
import type { Benchmark } from "./lib/types.js";
import { runMips } from "./ours/mips.js";
import { variant } from "./ours/variant.js";

const WORKS = [
  ...["queens", "matmul", "heapsort", "list", "hashtable", "cipher", "gcd", "collatz"],
  ...["mandelbrot", "life", "distance", "vm", "sha256", "closures", "objects"],
  ...["tree", "sorting", "records", "parsing", "packing"],
];
const FILES = ["host.c", "works.c", "numbers.c", "arrays.c", "interpreters.c", "library.c"];

export const benchmark: Benchmark = {
  name: "mips",
  title: "C programs on one emulated CPU",
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
    native: plainC("programs", FILES),
    qemu: qemu("programs", FILES),
  },
};
