// `kthread-machine explore FILE`: searches for the schedule in which a test fails.

import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { MachineConfig } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import {
  type ExploreFailure,
  type ExploreResult,
  type ExploreStory,
  exploreNow,
  type Setup,
  type StrategyName,
} from "../search/index.js";
import { ExitCode } from "./exit.js";
import { type Column, formatTable } from "./table.js";
import { formatCount, parseDuration, plural, wholeNumber } from "./units.js";

const NS_PER_MS = 1e6;
/** Steps of a story that are shown: its end, where it is longer. */
const STORY_MAX = 200;

const HELP = `
FILE is a module whose threads have JavaScript bodies; C programs and workloads are not searched yet.
It exports what a test would:

  export const config = { cpus: 2 };                       (optional)
  export default function setup(machine, { shared }) {
    const full = shared(0);                                a word that bodies share: get, set, add
    machine.createThread({ name: "producer", *body() { yield* full.set(1); } });
    return () => { if (full.value !== 1) throw new Error("nothing was produced"); };
  }

setup is called anew for each schedule. A body or a judge that throws is a failed assertion.

Exit codes:
  0    no schedule failed
  1    a schedule failed: its kind, its story and its tape, for --replay, are printed
  2    wrong options, or a file that is no such module: the message says why

Examples:
  kthread-machine explore test.mjs --strategy exhaustive
  kthread-machine explore test.mjs --schedules 1000000 --seed 7 --json
  kthread-machine explore test.mjs --replay ktm1:01
`;

interface Flags {
  readonly strategy: StrategyName;
  readonly schedules?: number;
  readonly preemptions?: number;
  readonly seed: number;
  readonly for?: number;
  readonly depth?: number;
  readonly replay?: string;
  readonly json?: true;
}

/** Adds the command `explore` to a program. */
export function registerExplore(program: Command): void {
  const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  program
    .command("explore")
    .summary("search for the schedule in which a test fails")
    .description(
      "Runs a test in many orders of its threads' steps: random ones, those of probabilistic concurrency " +
        "testing, or all. The first schedule that fails is made short and told as a story.",
    )
    .argument("<file>", "module with the test (.mjs, .js)")
    .addOption(
      new Option("--strategy <name>", "how to choose")
        .choices(["random", "pct", "exhaustive"])
        .default("random"),
    )
    .option(
      "--schedules <n>",
      "schedules at most (default: 10000; all there are when exhaustive)",
      count,
    )
    .option(
      "--preemptions <n>",
      "preemptions in a schedule at most (default: any number)",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option("--seed <n>", "seed of the random choices", wholeNumber(0, 2 ** 32 - 1), 0)
    .option("--for <time>", "host time to search at most, such as 10s", parseDuration)
    .option("--depth <n>", "orderings that a bug needs, for pct (default: 3)", count)
    .option("--replay <tape>", "perform one schedule: a tape, or a file with one", parseTape)
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .action(run);
}

/** The tape itself, or what a file has. */
function parseTape(text: string): string {
  if (text.startsWith("ktm1:")) return text;
  if (!existsSync(text)) {
    throw new InvalidArgumentError("It must be a tape, such as ktm1:01, or a file with one.");
  }
  return readFileSync(text, "utf8").trim();
}

interface Loaded {
  readonly setup: Setup;
  readonly config: MachineConfig;
}

async function load(file: string): Promise<Loaded> {
  if (!existsSync(file)) throw new ConfigError(`${file}: there is no such file`);
  if ([".elf", ".json", ".jsonc"].includes(extname(file))) {
    throw new ConfigError(
      `${file}: explore takes modules whose threads have JavaScript bodies (.mjs) only so far`,
    );
  }
  let module: { default?: unknown; config?: unknown };
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw new ConfigError(`${file}: cannot be loaded: ${firstLine(error)}`);
  }
  if (typeof module.default !== "function") {
    throw new ConfigError(`${file}: exports no function setup(machine, { shared }) as its default`);
  }
  const config = module.config ?? {};
  if (typeof config !== "object") {
    throw new ConfigError(`${file}: its config is no object with settings of the machine`);
  }
  return { setup: module.default as Setup, config };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? text;
}

async function run(file: string, flags: Flags): Promise<void> {
  const { setup, config } = await load(file);
  const isShown = process.stderr.isTTY && flags.json !== true;
  const { for: time, json, ...options } = flags;
  const { result, story } = exploreNow(setup, {
    ...options,
    config,
    ...(time === undefined ? {} : { for: time / NS_PER_MS }),
    onProgress: (schedules, perSecond) => {
      if (isShown) {
        process.stderr.write(
          `\r${formatCount(schedules)} schedules, ${formatCount(perSecond)} a second `,
        );
      }
    },
  });
  if (isShown) process.stderr.write("\r\x1b[K");
  process.stdout.write(
    json === true ? `${JSON.stringify(result)}\n` : describe(result, story, flags),
  );
  process.exitCode = result.failure === null ? 0 : ExitCode.FAILURE;
}

// ---- The report as text ----

function describe(result: ExploreResult, story: ExploreStory | null, flags: Flags): string {
  const { schedules, complete, per_second, failure } = result;
  const speed = `${formatCount(per_second)} a second`;
  if (failure !== null && story !== null) {
    const after = flags.replay === undefined ? ` after ${plural(schedules, "schedule")}` : "";
    return `${tell(failure, story)}\nfailed${after} (${speed}); to see it again: --replay '${failure.tape}'\n`;
  }
  if (flags.replay !== undefined) return "the schedule did not fail\n";
  const bound =
    flags.preemptions === undefined
      ? ""
      : ` with at most ${plural(flags.preemptions, "preemption")}`;
  return complete
    ? `no failure in all ${plural(schedules, "schedule")}${bound} (${speed})\n`
    : `no failure in ${plural(schedules, "schedule")}${bound} (${speed}); there may be more\n`;
}

/** The failing schedule: a column for each thread, a line for each step. */
function tell(failure: ExploreFailure, { steps, hash }: ExploreStory): string {
  const names = [...new Set(steps.map(({ thread }) => thread))];
  const columns: readonly Column[] = [
    { title: "STEP", align: "right" },
    ...names.map((title) => ({ title, align: "left" }) as const),
  ];
  const first = Math.max(0, steps.length - STORY_MAX);
  const rows = steps
    .slice(first)
    .map(({ thread, what }, i) => [
      String(first + i + 1),
      ...names.map((name) => (name === thread ? what : "")),
    ]);
  const left = first === 0 ? "" : `(the first ${plural(first, "step")} left out)\n`;
  const counts = `${plural(failure.preemptions, "preemption")}, ${plural(failure.steps, "step")}`;
  return `${failure.kind}: ${failure.message}\n\n${left}${formatTable(columns, rows)}\n${counts}, hash ${hash}`;
}
