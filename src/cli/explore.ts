// `kthread-machine explore FILE`: searches for the schedule in which a test fails.

import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import stringWidth from "fast-string-width";
import { readPlain } from "../core/file-system.js";
import {
  type Coverage,
  choiceNames,
  DEPTH_DEFAULT,
  DEPTH_MAX,
  type ExploreFailure,
  type ExploreResult,
  MEASURED,
  pctChance,
  type SearchChoice,
  STEPS_MAX,
  type Step,
  type StrategyName,
  strategyNames,
} from "../search/index.js";
import { ExitCode } from "./exit.js";
import { checkTest } from "./explore-module.js";
import type { Found, SearchFlags } from "./explore-search.js";
import { searchInThread } from "./explore-thread.js";
import { checkOutputPath } from "./files.js";
import { openMachineOptions } from "./machine-options.js";
import { complain, terminalColumns } from "./output.js";
import { formatTable, left, right } from "./table.js";
import { topologyText } from "./topology.js";
import { formatCount, parseDuration, plural, wholeNumber } from "./units.js";
import { parseQueue } from "./worker.js";

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
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM: the report shows the search so far; the same seed begins with
       the same schedules

Examples:
  kthread-machine explore test.mjs --strategy exhaustive
  kthread-machine explore test.mjs --schedules 1000000 --seed 7 --json
  kthread-machine explore test.mjs --replay ktm1:01 --trace failure.json
`;

/** Adds the command `explore` to a program. */
export function registerExplore(program: Command): void {
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
    );
  howOptions(openMachineOptions(searchOptions(command)))
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .hook("preAction", checkStrategy)
    .action(run);
}

/** Adds what says which schedules are performed. */
function searchOptions(command: Command): Command {
  const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  return command
    .addOption(
      new Option("--strategy <name>", "how to choose").choices(strategyNames).default("random"),
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
    .option(
      "--depth <n>",
      `orderings that a bug needs, for pct (default: ${DEPTH_DEFAULT})`,
      wholeNumber(1, DEPTH_MAX),
    )
    .option(
      "--steps <n>",
      "steps of a schedule, after which it is a livelock (default: 2000)",
      wholeNumber(1, STEPS_MAX),
    )
    .addOption(
      new Option(
        "--reduce",
        "leave out schedules that differ in the order of independent steps only, when exhaustive",
      ).conflicts("preemptions"),
    )
    .option(
      "--choose <names>",
      `what is chosen besides who runs next, with commas: ${choiceNames.join(", ")}`,
      parseChoices,
    )
    .option("--races", "two accesses to plain memory that nothing orders are a failure");
}

/** Adds what says by whom, and what is written besides. */
function howOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--replay <tape>", "perform one schedule: a tape, or a file with one")
        .argParser(parseTape)
        .conflicts([
          ...["strategy", "schedules", "preemptions", "seed", "for", "depth", "reduce", "choose"],
          ...["races", "workers", "queue"],
        ]),
    )
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
        .conflicts("workers"),
    );
}

/** Options that mean something to one strategy only. */
const optionsOf: Readonly<Partial<Record<StrategyName, readonly string[]>>> = {
  pct: ["depth"],
  exhaustive: ["reduce"],
};

/** Refuses an option of another strategy than the one that is asked for: it would mean nothing. */
function checkStrategy(command: Command): void {
  const strategy: StrategyName = command.getOptionValue("strategy");
  for (const [owner, names] of Object.entries(optionsOf)) {
    const given = names.find((name) => command.getOptionValue(name) !== undefined);
    if (given === undefined || owner === strategy) continue;
    const text = `--${given} is for --strategy ${owner}; leave it out, or add that`;
    command.error(`error: ${text}`, { exitCode: ExitCode.USAGE });
  }
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

async function run(file: string, flags: SearchFlags): Promise<void> {
  checkTest(file);
  if (flags.trace !== undefined) checkOutputPath("--trace", flags.trace, file, "test's");
  const isShown = process.stderr.isTTY && flags.json !== true;
  const { found, signalled } = await searchInThread(file, flags, (schedules, perSecond) => {
    if (!isShown) return;
    const speed = `${formatCount(perSecond)} a second`;
    process.stderr.write(`\r${formatCount(schedules)} schedules, ${speed} `);
  });
  if (isShown) process.stderr.write("\r\x1b[K");
  const { result, traceError } = found;
  const early = signalled === null ? "" : "INTERRUPTED: the search so far\n";
  process.stdout.write(
    flags.json === true ? `${JSON.stringify(result)}\n` : `${early}${describe(found, flags)}`,
  );
  process.exitCode = result.failure === null ? 0 : ExitCode.FAILURE;
  if (traceError !== null) {
    complain(traceError);
    process.exitCode = ExitCode.FAILURE;
  }
  if (signalled !== null) process.exitCode = signalled;
}

// ---- The report as text ----

function describe({ result, story, coverage }: Found, flags: SearchFlags): string {
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
function different({ different: count }: Coverage, { strategy }: SearchFlags): string {
  if (strategy === "exhaustive") return "";
  return count === null ? "" : `, ${formatCount(count)} of them different`;
}

/** What has not been seen. */
function rest(
  { complete, schedules }: ExploreResult,
  coverage: Coverage,
  flags: SearchFlags,
): string {
  const { share, isCut, threads, events, decisions } = coverage;
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
  const measured = Math.min(schedules, MEASURED);
  const all = 1 - (1 - chance) ** (schedules - measured);
  const together = percent(chance < 1 ? Math.min(all, 1 - Number.EPSILON) : all);
  const others = events === 0 ? "" : ` and ${plural(events, "event")}`;
  const among = `${plural(threads, "thread")}${others} within ${plural(decisions, "decision")}`;
  return (
    `${more}\nA failure that takes ${plural(depth, "ordering")} among ${among} is seen with a probability ` +
    `of at least ${one} by each schedule after the first ${measured}, ${together} by all.`
  );
}

/** A part of 1 in percent, with two digits that say something; less than all of it is less than 100 %. */
function percent(part: number): string {
  const percents = 100 * part;
  if (percents > 99 && part < 1) return `${Math.min(Math.floor(10 * percents) / 10, 99.9)} %`;
  return `${Number(percents.toPrecision(2))} %`;
}

/** The options with which the schedule is performed again. */
function replayOf({ tape }: ExploreFailure, { cpus, topology, scheduler }: SearchFlags): string {
  const settings = [
    cpus === undefined ? "" : `--cpus ${cpus} `,
    topology === undefined ? "" : `--topology ${topologyText(topology)} `,
    scheduler === undefined ? "" : `--scheduler ${scheduler} `,
  ];
  return `${settings.join("")}--replay '${tape}'`;
}

/** The failing schedule: a column for each thread, a line for each step. */
function tell(failure: ExploreFailure, { steps, hash }: NonNullable<Found["story"]>): string {
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
    const columns = [right("STEP"), ...[...(hasLines ? ["LINE"] : []), ...titles].map(left)];
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
