// Storms on several CPUs from the command line, for long runs:
//
//   npm run -s storms -- [--seeds A..B] [--cpus N] [--build NAME] [--suite NAME] [--scheduler NAME]
//                            [--plant N]
//   npm run -s storms -- --plants [--seeds A..B] [--plant N] [--suite NAME]
//
// Runs the storms of the seeds and prints how many there were and how many went wrong. The first that does is made as
// small as it gets and printed. --plant runs them with one of the check build's planted faults in; --plants shows for
// each of these, or for one, which suite finds it, in how many seeds, and where first. Exit code 0 when nothing went
// wrong (with --plants: when every fault is found), 1 when something did, 2 for bad options.

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { KernelBuild } from "../../../src/core/instantiate.js";
import * as Layout from "../../../src/generated/layout.js";
import type { SchedulerName } from "../../../src/index.js";
import { SCHEDULERS } from "../schedulers.js";
import { SUITES, type Suite, suitesFor } from "./suites.js";

interface Options {
  readonly seeds: readonly [number, number];
  readonly cpus?: number;
  readonly build: KernelBuild;
  readonly suite?: string;
  readonly scheduler?: SchedulerName;
  readonly plant?: number;
  readonly plants?: boolean;
}

/** Beginnings of the names of faults that other tests look for, which docs/reliability.md names. */
const ELSEWHERE =
  /^(?:SCORE|MODERN|DL|GROUP|REACH|RANK|RM|TRY|POOL)_|^IDLE_LEFT$|^TOKEN_(?!LATE$|CLOSED$)|^LK_(?!NO_REWAKE$|FAIL_COUNTS$)/;
/** The planted faults that storms are to find. */
const plants: readonly (readonly [string, number])[] = Object.entries(Layout.Plant).filter(
  ([name]) => name !== "NONE" && !ELSEWHERE.test(name),
);

function seedsOf(text: string): [number, number] {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || from > to || to > 2 ** 31) {
    throw new InvalidArgumentError("It must be two whole numbers, such as 1..500.");
  }
  return [from, to];
}

function numberIn(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}

function plantOf(text: string): number {
  const value = Number(text);
  const all = Object.values(Layout.Plant).filter((number) => number !== Layout.Plant.NONE);
  if (all.some((number) => number === value)) return value;
  throw new InvalidArgumentError(
    "It must be the number of a fault in assembly/sys/plant.ts, such as 7.",
  );
}

function parse(args: readonly string[]): Options {
  const command = new Command("storms")
    .description("Runs storms on several CPUs beside the reference model.")
    .exitOverride()
    .allowExcessArguments(false)
    .option("--seeds <A..B>", "seeds, one storm of each suite each", seedsOf, [1, 500])
    .option("--cpus <N>", "number of CPUs instead of the seed's", numberIn(1, Layout.MAXCPU))
    .addOption(
      new Option("--build <name>", "build of the kernel")
        .choices(["release", "check", "debug"])
        .default("release"),
    )
    .addOption(new Option("--suite <name>", "one suite only").choices(SUITES))
    .addOption(
      new Option(
        "--scheduler <name>",
        "scheduler of storms of calls, processes, locks, waits and rounds",
      ).choices(SCHEDULERS),
    )
    .option("--plant <N>", "plant a fault, in the check build", plantOf)
    .option("--plants", "look for every planted fault");
  command.parse(args, { from: "user" });
  return command.opts<Options>();
}

function suites({ build, cpus, suite, scheduler }: Options, plant?: number): readonly Suite[] {
  const conditions = {
    build: plant === undefined ? build : "check",
    cpus,
    plant,
    scheduler,
  } as const;
  return suitesFor(conditions).filter(({ name }) => suite === undefined || name === suite);
}

interface Tally {
  readonly failed: number;
  readonly first: number | null;
  readonly text: string | null;
}

function runSeeds(suite: Suite, [from, to]: readonly [number, number]): Tally {
  let failed = 0;
  let first: number | null = null;
  let text: string | null = null;
  for (let seed = from; seed <= to; seed++) {
    const failure = suite.run(seed);
    if (failure === null) continue;
    failed++;
    if (first === null) {
      first = seed;
      text = failure;
    }
  }
  return { failed, first, text };
}

function runStorms(options: Options): number {
  const [from, to] = options.seeds;
  let failed = 0;
  for (const suite of suites(options, options.plant)) {
    const tally = runSeeds(suite, options.seeds);
    failed += tally.failed;
    process.stdout.write(`${suite.name}: ${to - from + 1} storms, ${tally.failed} went wrong\n`);
    if (tally.first === null) continue;
    process.stdout.write(`seed ${tally.first}: ${tally.text}\n${suite.replay(tally.first)}\n`);
  }
  return failed === 0 ? 0 : 1;
}

function lookForPlants(options: Options): number {
  const total = options.seeds[1] - options.seeds[0] + 1;
  let missed = 0;
  const wanted =
    options.plant === undefined
      ? plants
      : Object.entries(Layout.Plant).filter(([, number]) => number === options.plant);
  for (const [name, number] of wanted) {
    const found = suites(options, number).map((suite) => {
      const { failed, first } = runSeeds(suite, options.seeds);
      return { failed, text: first === null ? "-" : `${failed} of ${total}, first ${first}` };
    });
    if (found.every(({ failed }) => failed === 0)) missed++;
    const columns = found.map(({ text }) => text.padEnd(26)).join("");
    process.stdout.write(`${String(number).padStart(2)} ${name.padEnd(20)} ${columns}\n`);
  }
  process.stdout.write(`not found: ${missed} of ${wanted.length}\n`);
  return missed === 0 ? 0 : 1;
}

try {
  const options = parse(process.argv.slice(2));
  process.exitCode = options.plants === true ? lookForPlants(options) : runStorms(options);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
