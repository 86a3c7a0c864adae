// The benchmarks' command line:
//
//   npm run -s bench -- [NAME...] [--peers] [--json] [--rounds N]
//   npm run -s bench -- compare CHECKOUT [NAME...] [--within PERCENT] [--json] [--rounds N]

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { benchmark as cpus } from "./cpus.js";
import { benchmark as explore } from "./explore.js";
import { benchmark as growth } from "./growth.js";
import { benchmark as idle } from "./idle.js";
import { runBenchmark } from "./lib/bench.js";
import { compareBenchmark, findCheckout } from "./lib/compare.js";
import { SERVE, serve } from "./lib/serve.js";
import type { Benchmark, Params } from "./lib/types.js";
import { benchmark as locks } from "./locks.js";
import { benchmark as mips } from "./mips.js";
import { benchmark as skynet } from "./skynet.js";
import { benchmark as sleepers } from "./sleepers.js";
import { benchmark as snapshot } from "./snapshot.js";
import { benchmark as spawn } from "./spawn.js";
import { benchmark as switchBenchmark } from "./switch.js";
import { benchmark as switchJs } from "./switch-js.js";
import { benchmark as switchWork } from "./switch-work.js";
import { benchmark as tdfind } from "./tdfind.js";
import { benchmark as tid } from "./tid.js";
import { benchmark as timers } from "./timers.js";
import { benchmark as wake } from "./wake.js";

const BENCHMARKS: readonly Benchmark[] = [
  ...[switchBenchmark, switchWork, switchJs, wake, locks, spawn, tid, tdfind, skynet, sleepers],
  ...[mips, cpus, idle, timers, growth, snapshot, explore],
];

const ROUNDS_MIN = 5;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** The folder above this file, be it bench/main.ts or dist/bench.js. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const WORKSHOP = { sources: join(ROOT, "bench/peers"), output: join(ROOT, "build/peers") };
const PROGRAM = process.argv[1] ?? "";

class UsageError extends Error {}

function findBenchmark(name: string): Benchmark {
  const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
  if (found !== undefined) return found;
  const names = BENCHMARKS.map((benchmark) => benchmark.name).join(", ");
  throw new UsageError(`There is no benchmark "${name}"; the benchmarks are ${names}.`);
}

/** The named benchmarks, each once; all of them when none is named. */
function chosen(names: readonly string[]): readonly Benchmark[] {
  return names.length > 0 ? [...new Set(names)].map(findBenchmark) : BENCHMARKS;
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

function parsePercent(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number of percent, such as 5.");
}

/** Runs an action for each benchmark; the exit code says whether anything failed. */
async function forEach(
  benchmarks: readonly Benchmark[],
  action: (benchmark: Benchmark) => Promise<number>,
): Promise<void> {
  let failures = 0;
  for (const benchmark of benchmarks) failures += await action(benchmark);
  if (failures > 0) process.exitCode = EXIT_FAILED;
}

interface RunFlags {
  readonly peers?: boolean;
  readonly json?: boolean;
  readonly rounds: number;
}

async function run(names: string[], { peers = false, json = false, rounds }: RunFlags) {
  const options = { peers, json, rounds, workshop: WORKSHOP, program: PROGRAM };
  await forEach(chosen(names), (benchmark) => runBenchmark(benchmark, options));
}

interface CompareFlags {
  readonly within?: number;
  readonly json?: boolean;
  readonly rounds: number;
}

async function compare(checkout: string, names: string[], flags: CompareFlags) {
  const { within, json = false, rounds } = flags;
  const benchmarks = chosen(names);
  const otherProgram = otherCheckout(checkout);
  const options = { program: PROGRAM, otherProgram, rounds, json, within };
  await forEach(benchmarks, (benchmark) => compareBenchmark(benchmark, options));
}

function otherCheckout(folder: string): string {
  try {
    return findCheckout(folder);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function makeProgram(): Command {
  const names = `which benchmarks: ${BENCHMARKS.map(({ name }) => name).join(", ")}`;
  const json = ["--json", "print one JSON object a line instead of tables"] as const;
  const rounds = ["--rounds <n>", "how many rounds count", parseRounds, ROUNDS_MIN] as const;
  const program = new Command("bench")
    .description("Times the machine, and others that do the same work.")
    .enablePositionalOptions()
    .exitOverride()
    .argument("[name...]", names)
    .option("--peers", "run the peers beside the machine, each in the same rounds")
    .option(...json)
    .option(...rounds)
    .action(run);
  program
    .command("compare")
    .description("Times this checkout and another one, in turns.")
    .argument("<checkout>", "the other's folder; it must be built")
    .argument("[name...]", names)
    .option("--within <percent>", "fail when a case costs so many percent more here", parsePercent)
    .option(...json)
    .option(...rounds)
    .action(compare);
  return program;
}

async function main(args: string[]): Promise<void> {
  if (args[0] === SERVE) {
    const [, name = "", params = "{}"] = args;
    return serve(findBenchmark(name), JSON.parse(params) as Params).catch(endServing);
  }
  await makeProgram().parseAsync(args, { from: "user" });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE; // commander has said why
    return;
  }
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
});
