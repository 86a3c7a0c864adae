// `kthread-machine run FILE` and `kthread-machine ps FILE`: a workload on a machine.

import { type Command, Option } from "commander";
import { type ChromeTrace, createChromeTrace } from "../trace/chrome.js";
import { readWorkload } from "../workload/parse.js";
import { DEFAULT_CPUS, WorkloadRun, workloadDurationUs } from "../workload/run.js";
import { type DurationSource, reportRun } from "../workload/run-report.js";
import { ExitCode } from "./exit.js";
import { checkOutputPath, closeTrace } from "./files.js";
import { type Interrupt, listenForSignals, performPieces } from "./interrupt.js";
import { lockOptions } from "./lock-text.js";
import { type MachineFlags, machineOptions } from "./machine-options.js";
import { terminalColumns } from "./output.js";
import { createProgress, type Progress } from "./progress.js";
import { formatReport } from "./report-text.js";
import { parseSeeds, type Seeds, sweep } from "./sweep.js";
import { formatTime, parseDuration } from "./units.js";

/** After this much host time a run on a terminal shows how far it is. */
const PROGRESS_AFTER_MS = 2_000;
/** Of more threads than this only sums are reported, unless all are asked for. */
const REPORTED_THREADS_MAX = 20_000;

interface RunFlags extends MachineFlags {
  readonly for?: number;
  readonly witness?: true;
  readonly lockProfile?: true;
  readonly adaptiveLocks?: true;
  readonly all?: true;
  readonly chaos?: true;
  readonly seeds?: Seeds;
  readonly json?: true;
  readonly progress?: true;
  readonly trace?: string;
}

interface PsFlags extends MachineFlags {
  readonly at: readonly number[];
}

/** Adds the command `run` to a program. */
export function registerRun(program: Command): void {
  const command = program
    .command("run")
    .summary("run a workload and report what its threads did")
    .description(
      "Runs the threads that an rt-app workload file describes, on a machine of emulated CPUs with a " +
        "virtual clock, and reports what every thread, CPU and lock did. The same file on the same " +
        "machine always gives the same run: its hash tells.",
    )
    .argument("<file>", "workload in rt-app's JSON; - reads the standard input");
  machineOptions(command, DEFAULT_CPUS)
    .addOption(
      new Option(
        "--for <time>",
        "virtual time to run, such as 2s or 500ms (default: the file's duration; 10s if it has none and threads that never end)",
      ).argParser(parseDuration),
    )
    .option(
      "--chaos",
      "preempt threads at random, and let messages and timeouts be late within bounds, as the seed says",
    )
    .addOption(
      new Option(
        "--seeds <range>",
        "run with each seed, such as 1..1000, and tell how results vary",
      )
        .argParser(parseSeeds)
        .conflicts(["seed", "trace", "all", "progress", "witness", "lockProfile"]),
    )
    .option("--trace <path>", "write the schedule as a Chrome trace, for ui.perfetto.dev")
    .option("--json", "print the report as JSON")
    .option("--all", "show all threads, however many there are")
    .option("--progress", "show how far the run is, on the standard error")
    .addHelpText("after", RUN_HELP)
    .action(run);
  lockOptions(command);
}

const RUN_HELP = `
Exit codes:
  0    the threads have ended, or their time was over
  1    the kernel panicked, for example because a thread unlocked a mutex that it did not hold
  2    wrong options, or a file that is no workload: the message says where and why
  3    deadlock: threads wait for ever, and the report says who for whom
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM: the report shows the run so far

Examples:
  kthread-machine run examples/webserver.json
  kthread-machine run examples/webserver.json --cpus 2 --scheduler 4bsd --for 500ms
  kthread-machine run examples/webserver.json --scheduler ule --topology packages=2,cores=4
  kthread-machine run examples/webserver.json --trace webserver.trace.json
  kthread-machine run examples/webserver.json --chaos --seeds 1..1000 --for 20ms
  kthread-machine run examples/deadlock.json --json | jq .stalemate
`;

/** Adds the command `ps` to a program. */
export function registerPs(program: Command): void {
  const command = program
    .command("ps")
    .summary("list a workload's threads at a moment, as ps -H does")
    .description(
      "Runs a workload up to a moment of virtual time, or one after the other up to several, and lists all " +
        "threads of the machine.",
    )
    .argument("<file>", "workload in rt-app's JSON; - reads the standard input");
  machineOptions(command, DEFAULT_CPUS)
    .addOption(
      new Option("--at <time>", "the moment, such as 250ms; may be given several times")
        .argParser(parseMoments)
        .makeOptionMandatory(),
    )
    .addHelpText("after", PS_HELP)
    .action(ps);
}

const PS_HELP = `
Exit codes:
  0    the threads are listed, as they were at each moment
  1    the kernel panicked before
  2    wrong options, or a file that is no workload: the message says where and why
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM

Examples:
  kthread-machine ps examples/webserver.json --at 250ms
  kthread-machine ps examples/webserver.json --at 250ms --at 300ms
`;

async function run(file: string, flags: RunFlags): Promise<void> {
  const workload = readWorkload(file);
  if (flags.seeds !== undefined) {
    const { cpus, topology, scheduler, chaos = false, adaptiveLocks = false } = flags;
    const settings = {
      adaptiveLocks,
      ...(flags.for === undefined ? {} : { forNs: flags.for }),
      ...(topology === undefined ? {} : { topology }),
    };
    await sweep(
      workload,
      { ...flags.seeds, cpus, scheduler, chaos, ...settings },
      flags.json === true,
    );
    return;
  }
  if (flags.trace !== undefined) checkOutputPath("--trace", flags.trace, file, "workload");
  const workloadRun = new WorkloadRun(workload, flags);
  const durationUs = workloadDurationUs(workload);
  const durationNs = flags.for ?? (durationUs === null ? null : durationUs * 1_000);
  const trace =
    flags.trace === undefined ? null : createChromeTrace(workloadRun.machine, flags.trace);
  const progress = await createProgress(
    durationNs,
    process.stderr,
    flags.progress ? 0 : PROGRESS_AFTER_MS,
  );
  const interrupt = listenForSignals();
  const stopped = await runToEnd(workloadRun, durationNs, { trace, progress, interrupt });
  const durationFrom = durationSource(flags, workload.global.durationUs);
  const report = reportRun(workloadRun, stopped, {
    durationFrom,
    threadsMax: flags.all ? Number.POSITIVE_INFINITY : REPORTED_THREADS_MAX,
  });
  const columns = terminalColumns();
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : formatReport(report, { all: flags.all === true, unicode: isUnicode(), columns }),
  );
  if (report.outcome === "deadlock") process.exitCode = ExitCode.DEADLOCK;
  if (interrupt.exitCode !== null) process.exitCode = interrupt.exitCode;
}

function durationSource(flags: RunFlags, inFile: number | null): DurationSource {
  if (flags.for !== undefined) return "option";
  return inFile === null ? "default" : "file";
}

interface Attendants {
  readonly trace: ChromeTrace | null;
  readonly progress: Progress;
  readonly interrupt: Interrupt;
}

/** Runs piece by piece, so that signals are heard, and closes the trace, also after a panic. */
async function runToEnd(
  workloadRun: WorkloadRun,
  durationNs: number | null,
  attendants: Attendants,
): Promise<"idle" | "time" | "interrupted"> {
  const { trace, progress, interrupt } = attendants;
  try {
    const pieces = (size: () => number) => advance(workloadRun, durationNs, size, progress);
    return (await performPieces(pieces, interrupt)) ?? "interrupted";
  } finally {
    progress.stop();
    if (trace !== null) closeTrace(trace);
  }
}

function* advance(
  workloadRun: WorkloadRun,
  durationNs: number | null,
  size: () => number,
  progress: Progress,
): Generator<void, "idle" | "time"> {
  const until = durationNs === null ? null : BigInt(durationNs);
  for (;;) {
    const reason = workloadRun.advance(until, size());
    if (reason === "idle" || reason === "time") return reason;
    progress.show(() => {
      const { cycles, counters } = workloadRun.machine;
      return { timeNs: Number(cycles), switches: counters.switches };
    });
    yield;
  }
}

async function ps(file: string, flags: PsFlags): Promise<void> {
  const workloadRun = new WorkloadRun(readWorkload(file), flags);
  const moments = [...new Set(flags.at)].sort((a, b) => a - b);
  for (const [index, moment] of moments.entries()) {
    const progress = await createProgress(moment, process.stderr, PROGRESS_AFTER_MS);
    const interrupt = listenForSignals();
    await runToEnd(workloadRun, moment, { trace: null, progress, interrupt });
    if (moments.length > 1) {
      process.stdout.write(`${index === 0 ? "" : "\n"}at ${formatTime(moment)}:\n`);
    }
    process.stdout.write(workloadRun.machine.ps());
    if (interrupt.exitCode === null) continue;
    process.exitCode = interrupt.exitCode;
    return;
  }
}

/** Collects the values of an option that may be given several times. */
function parseMoments(text: string, before: readonly number[] | undefined): readonly number[] {
  return [...(before ?? []), parseDuration(text)];
}

/** True if the user's terminal shows block characters. */
function isUnicode(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}
