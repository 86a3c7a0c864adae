// Our own machine once more, as a contestant beside itself: with other settings, in the same rounds.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Params, Peer } from "../lib/types.js";

// This file runs from dist/bench.js.
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The benchmark's `ours` with one more entry in its case: "variant". */
export function variant(benchmark: string, name: string, sitsOut?: Peer["sitsOut"]): Peer {
  return {
    missing: () => undefined,
    sitsOut,
    build: async () => {},
    command: (_, params: Params) => ({
      file: process.execPath,
      args: [
        join(ROOT, "dist/bench.js"),
        "--serve",
        benchmark,
        JSON.stringify({ ...params, variant: name }),
      ],
    }),
  };
}
