// The command `compare`: a workload under several schedulers, side by side.

import { type Command, InvalidArgumentError, Option } from "commander";
import { SCHEDULER_NAMES, type SchedulerName } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import { visible, visibleLine } from "../core/visible.js";
import { reasonOf, WholeFile, writeWhole } from "../core/whole-file.js";
import {
  type ComparedRuns,
  type ComparedScheduler,
  Comparing,
  type Comparison,
  type Spread,
} from "../workload/compare.js";
import { readWorkload } from "../workload/parse.js";
import { DEFAULT_CPUS } from "../workload/run.js";
import { drawComparison } from "./compare-svg.js";
import { checkOutputPath } from "./files.js";
import { listenForSignals, performPieces } from "./interrupt.js";
import { type CpuFlags, cpuOptions } from "./machine-options.js";
import { terminalColumns } from "./output.js";
import { formatTable, left, right } from "./table.js";
import { formatCount, formatTime, parseDuration, plural, wholeNumber } from "./units.js";

interface CompareFlags extends CpuFlags {
  readonly schedulers: readonly ComparedScheduler[];
  readonly seeds: number;
  readonly for?: number;
  readonly svg?: string;
  readonly json?: true;
}

/** What is compared unless one says otherwise: those that give all threads shares, each in its own way. */
const COMPARED: readonly SchedulerName[] = ["lwkt", "4bsd", "ule"];

/** Most seeds of one comparison. */
const SEEDS_MAX = 10_000;

const HELP = `
Fairness is Jain's index of the threads' CPU times: 1 when all are equal. Latencies are from being woken to
running: the thread's in the middle, and the worst thread's. With several seeds they are means, with the
lowest and the highest in brackets.

Exit codes:
  0    the runs are compared, those among them that ended in a deadlock
  1    the kernel panicked in one of them
  2    wrong options, a file that is no workload, or a picture that cannot be written: the message says
       where and why
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM: the seeds that all schedulers have run are compared

Examples:
  kthread-machine compare examples/webserver.json --schedulers lwkt,4bsd,ule
  kthread-machine compare examples/ule-n-plus-one.json --schedulers 4bsd,ule --for 1s --seeds 100
  kthread-machine compare examples/webserver.json --svg webserver.svg
  kthread-machine compare examples/webserver.json --schedulers 4bsd,ule --topology packages=2,cores=2,threads=2
  kthread-machine compare examples/ule-nice-hogs.json --schedulers 4bsd,ule:64,ule:256 --cpus 1
`;

/** Adds the command `compare` to a program. */
export function registerCompare(program: Command): void {
  const command = program
    .command("compare")
    .summary("run a workload under several schedulers and compare what its threads got")
    .description("Runs an rt-app workload under each of several schedulers, on the same machine.")
    .argument("<file>", "workload in rt-app's JSON; - reads the standard input")
    .addOption(
      new Option(
        "--schedulers <names>",
        `schedulers out of ${SCHEDULER_NAMES.join(", ")}, with commas between them; 4bsd:64 and ule:64 have 64 run queues`,
      )
        .argParser(parseSchedulers)
        .default(
          COMPARED.map((scheduler) => ({ scheduler })),
          COMPARED.join(),
        ),
    )
    .option("--seeds <n>", "seeds of each, from 0 on", wholeNumber(1, SEEDS_MAX), 1);
  cpuOptions(command, DEFAULT_CPUS)
    .addOption(
      new Option("--for <time>", "virtual time of each run, such as 2s").argParser(parseDuration),
    )
    .addOption(new Option("--svg <file>", "also draw the comparison into a file"))
    .option("--json", "print the comparison as JSON")
    .addHelpText("after", HELP)
    .action(compare);
}

async function compare(file: string, flags: CompareFlags): Promise<void> {
  const { schedulers, cpus, topology, seeds, svg } = flags;
  const workload = readWorkload(file);
  if (svg !== undefined) {
    checkOutputPath("--svg", svg, file, "workload");
    // Before the runs, which may take long: a picture that cannot be made costs no time.
    forPicture(svg, () => new WholeFile(svg).abandon());
  }
  const isShown = process.stderr.isTTY;
  const comparing = new Comparing(workload, {
    ...{ schedulers, cpus, topology, seeds, forNs: flags.for },
    onRun: (runs, all) => {
      if (isShown) process.stderr.write(`\r${formatCount(runs)} of ${plural(all, "run")} `);
    },
  });
  const interrupt = listenForSignals();
  await performPieces((size) => comparing.perform(size), interrupt);
  if (isShown) process.stderr.write("\r\x1b[K");
  const found = comparing.comparison;
  const isEarly = found.seeds < seeds;
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(found, null, 2)}\n`
      : formatComparison(found, isEarly, terminalColumns()),
  );
  if (interrupt.exitCode !== null) process.exitCode = interrupt.exitCode;
  if (svg === undefined || found.runs.length === 0) return;
  const picture = new TextEncoder().encode(await drawComparison(found));
  forPicture(svg, () => writeWhole(svg, picture));
}

/** A picture that cannot be written is an error of whoever named its file. */
function forPicture(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const why = visibleLine(reasonOf(error));
    throw new ConfigError(`cannot write the picture to ${JSON.stringify(path)}: ${why}`);
  }
}

function parseSchedulers(text: string): ComparedScheduler[] {
  return text.split(",").map((word) => {
    const [name = "", queues, ...rest] = word.trim().split(":");
    const known = SCHEDULER_NAMES.includes(name as SchedulerName);
    const fits = queues === undefined || (/^(4bsd|ule)$/.test(name) && /^(64|256)$/.test(queues));
    if (!known || !fits || rest.length > 0) {
      const names = SCHEDULER_NAMES.join(", ");
      throw new InvalidArgumentError(
        `"${visibleLine(word)}" is none of ${names}, or of 4bsd and ule with :64 or :256.`,
      );
    }
    const scheduler = name as SchedulerName;
    return queues === undefined
      ? { scheduler }
      : { scheduler, runQueues: queues === "64" ? 64 : 256 };
  });
}

/** Formats a comparison: what is of the whole machine, then what each task had. */
function formatComparison(comparison: Comparison, isEarly: boolean, columns?: number): string {
  const { file, cpuCount, seeds, runs, notes } = comparison;
  const early = isEarly ? "INTERRUPTED: the comparison so far\n" : "";
  const head = `${visibleLine(file)} on ${plural(cpuCount, "CPU")}, ${plural(seeds, "seed")}\n${early}`;
  if (runs.length === 0) return visible(head);
  const names = runs.map(({ scheduler }) => right(scheduler));
  const row = (title: string, cell: (run: ComparedRuns) => string) => [title, ...runs.map(cell)];
  const machine = [
    row("fairness", (run) => told(run.fairness, (value) => value.toFixed(3))),
    row("latency p50", (run) => told(run.latencyP50Ns, formatTime)),
    row("latency p99, worst", (run) => told(run.latencyP99Ns, formatTime)),
    row("latency max", (run) => told(run.latencyMaxNs, formatTime)),
    row("switches", (run) => told(run.switches, formatCount)),
    row("involuntary", (run) => told(run.involuntarySwitches, formatCount)),
    row("migrations", (run) => told(run.migrations, formatCount)),
    ...missRows(runs),
    ...deadlockRows(runs),
    row("idle, work waiting", (run) => told(run.idleWhileRunnable, percent)),
    row("idle", (run) => told(run.idle, percent)),
  ];
  const sections = [
    head,
    formatTable([left("MACHINE"), ...names], machine, columns),
    formatTable([left("TASK"), left(""), ...names], taskRows(runs), columns, 2),
    notes.map((note) => `note: ${note}\n`).join(""),
  ];
  return visible(sections.filter((section) => section !== "").join("\n"));
}

/** How many of the seeds ended in a deadlock. */
function deadlockRows(runs: readonly ComparedRuns[]): string[][] {
  const counts = runs.map(({ outcomes }) => outcomes.filter((one) => one === "deadlock").length);
  if (counts.every((count) => count === 0)) return [];
  return [["deadlocks", ...counts.map(formatCount)]];
}

function missRows(runs: readonly ComparedRuns[]): string[][] {
  if (runs.every(({ deadlineMisses }) => deadlineMisses === null)) return [];
  return [
    ["deadline jobs", ...runs.map((run) => told(run.deadlineJobs, formatCount))],
    ["deadline misses", ...runs.map((run) => told(run.deadlineMisses, formatCount))],
  ];
}

function taskRows(runs: readonly ComparedRuns[]): string[][] {
  const names = [...new Set(runs.flatMap(({ tasks }) => tasks.map(({ task }) => task)))];
  return names.flatMap((name) => {
    const own = runs.map(({ tasks }) => tasks.find(({ task }) => task === name));
    const shares = own.map((task) => told(task?.share ?? null, percent));
    const rows = [[name, "CPU", ...shares]];
    if (own.some((task) => task?.endedNs)) {
      rows.push(["", "ended", ...own.map((task) => told(task?.endedNs ?? null, formatTime))]);
    }
    return rows;
  });
}

function told(value: Spread | null, format: (value: number) => string): string {
  if (value === null) return "-";
  const [mean, min, max] = [value.mean, value.min, value.max].map(format) as [
    string,
    string,
    string,
  ];
  return min === max ? mean : `${mean} [${min}, ${max}]`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)}%`;
}
