// Our own machine once more, as a contestant beside itself: with other settings, in the same rounds.

import { fileURLToPath } from "node:url";
import { serveCommand } from "../lib/serve.js";
import { type Params, type Peer, VARIANT } from "../lib/types.js";

// This file runs from dist/bench.js.
const PROGRAM = fileURLToPath(new URL("../dist/bench.js", import.meta.url));

/** The benchmark's `ours` with one more entry in its case: "variant". */
export function variant(benchmark: string, name: string, sitsOut?: Peer["sitsOut"]): Peer {
  return {
    missing: () => undefined,
    sitsOut,
    build: async () => {},
    command: (_, params: Params) =>
      serveCommand(PROGRAM, benchmark, { ...params, [VARIANT]: name }),
  };
}
