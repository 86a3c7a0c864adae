// `kthread-machine explore FILE`: searches for the schedule in which a test fails.

import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import stringWidth from "string-width";
import { SCHEDULER_NAMES, type SchedulerName, type Topology } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import { readPlain } from "../core/file-system.js";
import { MAXCPU } from "../generated/layout.js";
import {
  type Coverage,
  choiceNames,
  DEPTH_DEFAULT,
  type Explored,
  type ExploreFailure,
  type ExploreOptions,
  type ExploreResult,
  type ExploreStory,
  exploreNow,
  exploreWith,
  pctChance,
  type SearchChoice,
  type Setup,
  STEPS_MAX,
  type Step,
  type StrategyName,
} from "../search/index.js";
import { ExitCode } from "./exit.js";
import { loadTest, type MachineSettings } from "./explore-module.js";
import { type Crew, startWorkers } from "./explore-workers.js";
import { checkOutputPath } from "./files.js";
import { complain, terminalColumns } from "./output.js";
import { openQueue } from "./queue.js";
import { type Column, formatTable } from "./table.js";
import { topologyOption, topologyText } from "./topology.js";

import { formatCount, parseDuration, plural, wholeNumber } from "./units.js";
import { parseQueue } from "./worker.js";

const NS_PER_MS = 1e6;
const WORKERS_MAX = 256;
/** Steps of a story that are shown: its end, where it is longer. */
const STORY_MAX = 200;

/** A tape says nothing about the test: this one may have been changed. */
const NO_FAILURE =
  "the schedule did not fail; if it once did, the test or the machine's options (--cpus, --scheduler, --topology) are others now";

const HELP = `
FILE is a C program (.elf), which fails by assert(), a fault, or a status other than 0; a workload (.json), which
fails by a deadlock; or a module, which exports what a test would:

  export const config = { cpus: 2 };                       (optional)
  export default function setup(machine, { shared }) {
    const full = shared(0);                                a word that bodies share: get, set, add
    machine.createThread({ name: "producer", *body() { yield* full.set(1); } });
    return () => { if (full.value !== 1) throw new Error("nothing was produced"); };
  }

setup is called anew for each schedule, unless all threads run RISC-V code: then once. A body or a judge that
throws is a failed assertion.

Exit codes:
  0    no schedule failed
  1    a schedule failed: its kind, its story and its tape, for --replay, are printed
  2    wrong options, or a file that is none of these: the message says why
  130  ended by Ctrl-C, without a report; the same seed begins with the same schedules

Examples:
  kthread-machine explore test.mjs --strategy exhaustive
  kthread-machine explore test.mjs --schedules 1000000 --seed 7 --json
  kthread-machine explore test.mjs --replay ktm1:01 --trace failure.json
`;

interface Flags {
  readonly strategy: StrategyName;
  readonly schedules?: number;
  readonly preemptions?: number;
  readonly seed: number;
  readonly for?: number;
  readonly depth?: number;
  readonly steps?: number;
  readonly reduce?: true;
  readonly choose?: readonly SearchChoice[];
  readonly races?: true;
  readonly cpus?: number;
  readonly topology?: Topology;
  readonly scheduler?: SchedulerName;
  readonly replay?: string;
  readonly trace?: string;
  readonly workers: number;
  readonly queue?: string;
  readonly json?: true;
}

/** Adds the command `explore` to a program. */
export function registerExplore(program: Command): void {
  const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  const command = program
    .command("explore")
    .summary("search for the schedule in which a test fails")
    .description(
      "Runs a test in many orders of its threads' steps: random ones, those of probabilistic concurrency " +
        "testing, or all. The first schedule that fails is made short and told as a story.",
    )
    .argument(
      "<file>",
      "module with the test (.mjs, .js, .ts), C program (.elf), or workload (.json)",
    )
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
    .option(
      "--steps <n>",
      "steps of a schedule, after which it is a livelock (default: 2000)",
      wholeNumber(1, STEPS_MAX),
    )
    .option(
      "--reduce",
      "leave out schedules that differ in the order of independent steps only, when exhaustive",
    )
    .option(
      "--choose <names>",
      `what is chosen besides who runs next, with commas: ${choiceNames.join(", ")}`,
      parseChoices,
    )
    .option("--races", "two accesses to plain memory that nothing orders are a failure");
  machineOptions(command)
    .option("--replay <tape>", "perform one schedule: a tape, or a file with one", parseTape)
    .option(
      "--trace <path>",
      "write the failing schedule, or the one of --replay, as a Chrome trace, for ui.perfetto.dev",
    )
    .option(
      "--workers <n>",
      "worker threads; the result is the same",
      wholeNumber(1, WORKERS_MAX),
      1,
    )
    .addOption(
      new Option(
        "--queue <address>",
        "Redis or Valkey server by which `worker` processes get parts of the search; the result is the same",
      )
        .argParser(parseQueue)
        .conflicts(["replay", "workers"]),
    )
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .action(run);
}

/** What of the machine can be said whatever the file says. */
function machineOptions(command: Command): Command {
  return topologyOption(
    command.option(
      "--cpus <n>",
      "emulated CPUs (default: as the file says, or 1)",
      wholeNumber(1, MAXCPU),
    ),
  ).addOption(
    new Option("--scheduler <name>", "scheduler (default: as the file says, or lwkt)").choices(
      SCHEDULER_NAMES,
    ),
  );
}

function parseChoices(text: string): SearchChoice[] {
  return text.split(",").map((name) => {
    const known = choiceNames.find((choice) => choice === name.trim());
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`"${name}" is none of ${choiceNames.join(", ")}.`);
  });
}

/** The tape itself, or what a file has. */
function parseTape(text: string): string {
  if (text.startsWith("ktm1:")) return text;
  if (!existsSync(text)) {
    throw new InvalidArgumentError("It must be a tape, such as ktm1:01, or a file with one.");
  }
  try {
    return new TextDecoder().decode(readPlain(text)).trim();
  } catch (error) {
    throw new InvalidArgumentError(`${text}: ${(error as Error).message}.`);
  }
}

async function run(file: string, flags: Flags): Promise<void> {
  if (flags.depth !== undefined && flags.strategy !== "pct") {
    throw new ConfigError("--depth is for --strategy pct; leave one of them out, or add the other");
  }
  const isParallel = flags.workers > 1 && flags.queue === undefined && flags.replay === undefined;
  // This thread is one of them, unless it hands out subtrees. The others load the test while it is loaded here.
  const count = flags.workers - (flags.strategy === "exhaustive" ? 0 : 1);
  const workers = isParallel ? startWorkers(count, file, plainOptionsOf(flags)) : null;
  try {
    await report(file, flags, workers);
  } finally {
    await workers?.end();
  }
}

async function report(file: string, flags: Flags, workers: Crew | null): Promise<void> {
  const { setup, config } = await loadTest(file, settingsOf(flags));
  if (flags.trace !== undefined) checkOutputPath("--trace", flags.trace, file, "test's");
  const isShown = process.stderr.isTTY && flags.json !== true;
  const options: ExploreOptions = {
    ...optionsOf(flags),
    config,
    onProgress: (schedules, perSecond) => {
      if (!isShown) return;
      const speed = `${formatCount(perSecond)} a second`;
      process.stderr.write(`\r${formatCount(schedules)} schedules, ${speed} `);
    },
  };
  const explored =
    workers === null
      ? await search(file, setup, flags, options)
      : await exploreWith({ ...workers, joins: true }, setup, options);
  if (isShown) process.stderr.write("\r\x1b[K");
  const { result } = explored;
  process.stdout.write(
    flags.json === true ? `${JSON.stringify(result)}\n` : describe(explored, flags),
  );
  process.exitCode = result.failure === null ? 0 : ExitCode.FAILURE;
  if (explored.traceError !== null) {
    complain(explored.traceError.message);
    process.exitCode = ExitCode.FAILURE;
  }
}

/** What the command line says about the machine. */
function settingsOf({ cpus, topology, scheduler }: Flags): MachineSettings {
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(topology === undefined ? {} : { topology }),
    ...(scheduler === undefined ? {} : { scheduler }),
  };
}

/** The options of the search that are plain data. */
function optionsOf(flags: Flags): ExploreOptions {
  const { for: time, json: _json, workers: _workers, queue: _queue, ...rest } = flags;
  const { cpus: _cpus, topology: _topology, scheduler: _scheduler, ...options } = rest;
  return { ...options, ...(time === undefined ? {} : { for: time / NS_PER_MS }) };
}

/** The same for others, who load the file themselves: its config may have functions. */
function plainOptionsOf(flags: Flags): ExploreOptions {
  const { trace: _trace, ...options } = optionsOf(flags);
  return { ...options, config: settingsOf(flags) };
}

/** Searches here, or by a queue. */
async function search(
  file: string,
  setup: Setup,
  flags: Flags,
  options: ExploreOptions,
): Promise<Explored> {
  if (flags.queue === undefined) return exploreNow(setup, options);
  const crew = await openQueue(flags.queue, file, plainOptionsOf(flags));
  try {
    return await exploreWith({ ...crew, joins: false }, setup, options);
  } finally {
    await crew.end();
  }
}

// ---- The report as text ----

function describe({ result, story, coverage }: Explored, flags: Flags): string {
  const { schedules, per_second, failure } = result;
  const speed = `${formatCount(per_second)} a second`;
  if (failure !== null && story !== null) {
    const after = flags.replay === undefined ? ` after ${plural(schedules, "schedule")}` : "";
    return `${tell(failure, story)}\nfailed${after} (${speed}); to see it again: ${replayOf(failure, flags)}\n`;
  }
  if (flags.replay !== undefined) return `${NO_FAILURE}\n`;
  const all = result.complete ? "all " : "";
  const { preemptions } = flags;
  const most =
    preemptions === undefined ? "" : ` with at most ${plural(preemptions, "preemption")}`;
  const found = `no failure in ${all}${plural(schedules, "schedule")}${most}`;
  return `${found}${different(coverage, flags)} (${speed})${rest(result, coverage, flags)}\n`;
}

/** How many of random schedules were different. */
function different({ different: count }: Coverage, { strategy }: Flags): string {
  if (strategy === "exhaustive") return "";
  return count === null ? "" : `, ${formatCount(count)} of them different`;
}

/** What has not been seen. */
function rest({ complete, schedules }: ExploreResult, coverage: Coverage, flags: Flags): string {
  const { share, isCut, threads, decisions } = coverage;
  if (complete) {
    if (flags.preemptions === undefined) return "";
    return isCut ? "; others have more" : "; none has more";
  }
  if (share !== null) return `; about ${percent(share)} of all, each choice weighing the same`;
  const more = "; there may be more";
  if (flags.strategy !== "pct") return more;
  const depth = flags.depth ?? DEPTH_DEFAULT;
  const chance = pctChance(coverage, depth);
  const one = `1 in ${formatCount(Math.ceil(1 / chance))}`;
  const together = percent(1 - (1 - chance) ** schedules);
  const among = `${plural(threads, "thread")} and ${plural(decisions, "decision")}`;
  return (
    `${more}\nA failure that takes ${plural(depth, "ordering")} among ${among} is seen with a probability ` +
    `of at least ${one} by each schedule, ${together} by all.`
  );
}

/** A part of 1 in percent, with two digits that say something. */
function percent(part: number): string {
  return `${Number((100 * part).toPrecision(2))} %`;
}

/** The options with which the schedule is performed again. */
function replayOf({ tape }: ExploreFailure, { cpus, topology, scheduler }: Flags): string {
  const settings = [
    cpus === undefined ? "" : `--cpus ${cpus} `,
    topology === undefined ? "" : `--topology ${topologyText(topology)} `,
    scheduler === undefined ? "" : `--scheduler ${scheduler} `,
  ];
  return `${settings.join("")}--replay '${tape}'`;
}

/** The failing schedule: a column for each thread, a line for each step. */
function tell(failure: ExploreFailure, { steps, hash }: ExploreStory): string {
  const first = Math.max(0, steps.length - STORY_MAX);
  const left = first === 0 ? "" : `(the first ${plural(first, "step")} left out)\n`;
  const counts = `${plural(failure.preemptions, "preemption")}, ${plural(failure.steps, "step")}`;
  return `${failure.kind}: ${failure.message}\n\n${left}${tableOf(steps, first)}\n${counts}, hash ${hash}`;
}

/** The steps from a number on; with a column for all threads where a terminal has no room for one each. */
function tableOf(steps: readonly Step[], first: number): string {
  const shown = steps.slice(first);
  const names = [...new Set(shown.map(({ thread }) => thread))];
  const hasLines = shown.some(({ line }) => line !== undefined);
  const table = (titles: readonly string[], cells: (step: Step) => string[]): string => {
    const columns: readonly Column[] = [
      { title: "STEP", align: "right" },
      ...[...(hasLines ? ["LINE"] : []), ...titles].map(leftColumn),
    ];
    const rows = shown.map((step, i) => {
      const line = hasLines ? [step.line ?? ""] : [];
      return [String(first + i + 1), ...line, ...cells(step)];
    });
    return formatTable(columns, rows);
  };
  const wide = table(names, ({ thread, what }) =>
    names.map((name) => (name === thread ? what : "")),
  );
  const width = terminalColumns() ?? Number.POSITIVE_INFINITY;
  const isRoom = wide.split("\n").every((line) => stringWidth(line) <= width);
  return isRoom ? wide : table(["THREAD", "DOES"], ({ thread, what }) => [thread, what]);
}

function leftColumn(title: string): Column {
  return { title, align: "left" };
}
