// Our own machine as a contestant: this process answers rounds by the protocol of contestant.ts.

import { createInterface } from "node:readline";
import type { Benchmark, Params } from "./types.js";

/** Sets our machine up for one case and answers rounds until the input ends. */
export async function serve(benchmark: Benchmark, params: Params): Promise<void> {
  if (benchmark.ours === undefined) throw new Error(`${benchmark.name} has no run of our own.`);
  const round = await benchmark.ours(params);
  console.log(JSON.stringify({ ready: 1 }));
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await round(Number(line))));
  }
}
