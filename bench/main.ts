// The benchmarks' command line:
//
//   npm run -s bench -- [NAME...] [--peers] [--json] [--rounds N]

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { benchmark as cpus } from "./cpus.js";
import { benchmark as growth } from "./growth.js";
import { type Options, runBenchmark } from "./lib/bench.js";
import { serve } from "./lib/serve.js";
import type { Benchmark, Params } from "./lib/types.js";
import { benchmark as mips } from "./mips.js";
import { benchmark as skynet } from "./skynet.js";
import { benchmark as sleepers } from "./sleepers.js";
import { benchmark as spawn } from "./spawn.js";
import { benchmark as switchBenchmark } from "./switch.js";
import { benchmark as switchJs } from "./switch-js.js";
import { benchmark as tdfind } from "./tdfind.js";
import { benchmark as tid } from "./tid.js";
import { benchmark as timers } from "./timers.js";
import { benchmark as wake } from "./wake.js";

const BENCHMARKS: readonly Benchmark[] = [
  ...[switchBenchmark, switchJs, wake, spawn, tid, tdfind, skynet, sleepers],
  ...[mips, cpus, timers, growth],
];

const ROUNDS_MIN = 5;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** How this same program is started to run our own machine: --serve NAME PARAMS. */
const SERVE = "--serve";

/** The folder above this file, be it bench/main.ts or dist/bench.js. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));

class UsageError extends Error {}

function findBenchmark(name: string): Benchmark {
  const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
  if (found !== undefined) return found;
  const names = BENCHMARKS.map((benchmark) => benchmark.name).join(", ");
  throw new UsageError(`There is no benchmark "${name}"; the benchmarks are ${names}.`);
}

/** A process that cannot go on must not wait for more input: whoever asked would wait, too. */
function endServing(error: Error): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(EXIT_FAILED);
}

function parseRounds(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= ROUNDS_MIN) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number of at least ${ROUNDS_MIN}.`);
}

function makeProgram(): Command {
  return new Command("bench")
    .description("Times the machine, and others that do the same work.")
    .argument("[name...]", `which benchmarks: ${BENCHMARKS.map(({ name }) => name).join(", ")}`)
    .option("--peers", "run the peers beside the machine, each in the same rounds")
    .option("--json", "print one JSON object a line instead of tables")
    .option("--rounds <n>", "how many rounds count", parseRounds, ROUNDS_MIN)
    .exitOverride();
}

async function main(args: string[]): Promise<void> {
  if (args[0] === SERVE) {
    const [, name = "", params = "{}"] = args;
    return serve(findBenchmark(name), JSON.parse(params) as Params).catch(endServing);
  }
  const program = makeProgram().parse(args, { from: "user" });
  const names: readonly string[] = program.args;
  const chosen = names.length > 0 ? [...new Set(names)].map(findBenchmark) : BENCHMARKS;
  const { peers = false, json = false, rounds } = program.opts();
  const options: Options = { peers, json, rounds, workshop, serveCommand };
  let failures = 0;
  for (const benchmark of chosen) failures += await runBenchmark(benchmark, options);
  if (failures > 0) process.exitCode = EXIT_FAILED;
}

const workshop = { sources: join(ROOT, "bench/peers"), output: join(ROOT, "build/peers") };

function serveCommand(benchmark: Benchmark, params: Params) {
  const self = [...process.execArgv, process.argv[1] ?? ""];
  return {
    file: process.execPath,
    args: [...self, SERVE, benchmark.name, JSON.stringify(params)],
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE; // commander has said why
    return;
  }
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
});
