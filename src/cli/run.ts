// `kthread-machine run FILE` and `kthread-machine ps FILE`: a workload on a machine.

import { setImmediate } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { SchedulerName } from "../core/config.js";
import { MAXCPU } from "../generated/layout.js";
import { type ChromeTrace, createChromeTrace } from "../trace/chrome.js";
import { readWorkload } from "../workload/parse.js";
import { DEFAULT_CPUS, WorkloadRun, workloadDurationUs } from "../workload/run.js";
import { reportRun } from "../workload/run-report.js";
import { ExitCode } from "./exit.js";
import { createProgress, type Progress } from "./progress.js";
import { formatReport } from "./report-text.js";
import { formatTime, parseDuration, parseSeed, wholeNumber } from "./units.js";

/** Rounds between two looks at what the user wants: some tens of milliseconds. */
const ROUNDS_AT_ONCE = 20_000;

interface MachineFlags {
  readonly cpus: number;
  readonly scheduler: SchedulerName;
  readonly seed: bigint;
}

interface RunFlags extends MachineFlags {
  readonly for?: number;
  readonly all?: true;
  readonly json?: true;
  readonly progress?: true;
  readonly trace?: string;
}

interface PsFlags extends MachineFlags {
  readonly at: readonly number[];
}

function machineOptions(command: Command): Command {
  return command
    .option("--cpus <n>", "emulated CPUs, 1 to 64", wholeNumber(1, MAXCPU), DEFAULT_CPUS)
    .addOption(
      new Option("--scheduler <name>", "scheduler of the machine")
        .choices(["lwkt", "4bsd"])
        .default("lwkt"),
    )
    .addOption(
      new Option("--seed <n>", "seed of the machine's random numbers")
        .argParser(parseSeed)
        .default(0n, "0"),
    );
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
    .argument("<file>", "workload in rt-app's JSON");
  machineOptions(command)
    .addOption(
      new Option(
        "--for <time>",
        "virtual time to run, such as 2s or 500ms (default: the file's duration; 10s if it has none and threads that never end)",
      ).argParser(parseDuration),
    )
    .option("--trace <path>", "write the schedule as a Chrome trace, for ui.perfetto.dev")
    .option("--json", "print the report as JSON")
    .option("--all", "show all threads, however many there are")
    .option("--progress", "show how far the run is, on the standard error")
    .addHelpText("after", RUN_HELP)
    .action(run);
}

const RUN_HELP = `
Exit codes:
  0    the threads have ended, or their time was over
  1    the kernel panicked, for example because a thread unlocked a mutex that it did not hold
  2    wrong options, or a file that is no workload: the message says where and why
  3    deadlock: threads wait for ever, and the report says who for whom
  130  interrupted by Ctrl-C: the report shows the run so far

Examples:
  kthread-machine run examples/webserver.json
  kthread-machine run examples/webserver.json --cpus 2 --scheduler 4bsd --for 500ms
  kthread-machine run examples/webserver.json --trace webserver.trace.json
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
    .argument("<file>", "workload in rt-app's JSON");
  machineOptions(command)
    .addOption(
      new Option("--at <time>", "the moment, such as 250ms; may be given several times")
        .argParser(parseMoments)
        .makeOptionMandatory(),
    )
    .addHelpText(
      "after",
      "\nExample:\n  kthread-machine ps examples/webserver.json --at 250ms --at 300ms\n",
    )
    .action(ps);
}

async function run(file: string, flags: RunFlags): Promise<void> {
  const workload = readWorkload(file);
  const workloadRun = new WorkloadRun(workload, flags);
  const durationUs = workloadDurationUs(workload);
  const durationNs = flags.for ?? (durationUs === null ? null : durationUs * 1_000);
  const trace =
    flags.trace === undefined ? null : createChromeTrace(workloadRun.machine, flags.trace);
  const progress = flags.progress ? createProgress(durationNs, process.stderr) : null;
  const stopped = await runToEnd(workloadRun, durationNs, { trace, progress });
  const report = reportRun(workloadRun, stopped);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : formatReport(report, { all: flags.all === true, unicode: isUnicode() }),
  );
  if (report.outcome === "deadlock") process.exitCode = ExitCode.DEADLOCK;
  if (report.outcome === "interrupted") process.exitCode = ExitCode.INTERRUPTED;
}

/** Runs piece by piece, so that Ctrl-C is heard, and closes the trace, also after a panic. */
async function runToEnd(
  workloadRun: WorkloadRun,
  durationNs: number | null,
  { trace, progress }: { trace: ChromeTrace | null; progress: Progress | null },
): Promise<"idle" | "time" | "interrupted"> {
  const interrupt = listenForInterrupt();
  try {
    return await advance(workloadRun, durationNs, interrupt, progress);
  } finally {
    interrupt.stop();
    progress?.stop();
    trace?.close();
  }
}

async function advance(
  workloadRun: WorkloadRun,
  durationNs: number | null,
  interrupt: Interrupt,
  progress: Progress | null,
): Promise<"idle" | "time" | "interrupted"> {
  const until = durationNs === null ? null : BigInt(durationNs);
  for (;;) {
    const reason = workloadRun.advance(until, ROUNDS_AT_ONCE);
    if (reason === "idle" || reason === "time") return reason;
    const { cycles, counters } = workloadRun.machine;
    progress?.show({ timeNs: Number(cycles), switches: counters.switches });
    await setImmediate();
    if (interrupt.isPending) return "interrupted";
  }
}

interface Interrupt {
  readonly isPending: boolean;
  stop(): void;
}

/** Notes the first Ctrl-C; a second one ends the process as ever. */
function listenForInterrupt(): Interrupt {
  let isPending = false;
  const listener = () => {
    isPending = true;
  };
  process.once("SIGINT", listener);
  return {
    get isPending() {
      return isPending;
    },
    stop: () => process.removeListener("SIGINT", listener),
  };
}

async function ps(file: string, flags: PsFlags): Promise<void> {
  const workloadRun = new WorkloadRun(readWorkload(file), flags);
  const moments = [...new Set(flags.at)].sort((a, b) => a - b);
  for (const [index, moment] of moments.entries()) {
    const stopped = await runToEnd(workloadRun, moment, { trace: null, progress: null });
    if (moments.length > 1) {
      process.stdout.write(`${index === 0 ? "" : "\n"}at ${formatTime(moment)}:\n`);
    }
    process.stdout.write(workloadRun.machine.ps());
    if (stopped !== "interrupted") continue;
    process.exitCode = ExitCode.INTERRUPTED;
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
