// Our own machine as a contestant: a process of the benchmarks' program that answers rounds by the protocol
// of contestant.ts. `PROGRAM --serve NAME PARAMS` starts one, in this checkout and in every other.

import { createInterface } from "node:readline";
import { type Benchmark, type Command, type Params, VARIANT } from "./types.js";

export const SERVE = "--serve";

/** How a contestant of our own is started; `program` is some checkout's dist/bench.js. */
export function serveCommand(program: string, name: string, params: Params): Command {
  const args = [...process.execArgv, program, SERVE, name, JSON.stringify(params)];
  return { file: process.execPath, args };
}

/** Sets our machine up for one case and answers rounds until the input ends. */
export async function serve(benchmark: Benchmark, params: Params): Promise<void> {
  checkCase(benchmark, params);
  if (benchmark.ours === undefined) throw new Error(`${benchmark.name} has no run of our own.`);
  const round = await benchmark.ours(params);
  console.log(JSON.stringify({ ready: 1 }));
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await round(Number(line))));
  }
}

/** Another checkout may ask for a case that this one does not have, and must not get another instead. */
function checkCase(benchmark: Benchmark, params: Params): void {
  const { [VARIANT]: _, ...asked } = params;
  const key = JSON.stringify(asked);
  if (benchmark.cases.some((known) => JSON.stringify(known) === key)) return;
  throw new Error(`${benchmark.name} has no case ${key}.`);
}
