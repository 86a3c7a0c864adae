// `kthread-machine stress`: as many threads as asked for, all at once, and what they cost.

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { errnoName } from "../core/errors.js";
import { ExitCode } from "./exit.js";
import { listenForSignals } from "./interrupt.js";
import { packageFile } from "./libc.js";
import { type MachineFlags, machineOptions } from "./machine-options.js";
import { TerminalBar } from "./progress.js";
import { runStress, type StressProgress, type StressReport } from "./stress-run.js";
import { formatCount, formatTime, plural, wholeNumber } from "./units.js";

const DEFAULT_THREADS = 1_000_000;
const DEFAULT_CPUS = 4;
/** No 32-bit memory holds more. */
const THREADS_MAX = 30_000_000;
const ROUNDS_MAX = 1_000_000;

const HELP = `
Exit codes:
  0    all threads were created, have run and were reaped
  1    some were not: the report says how many
  2    wrong options, or that many threads do not fit into memory: the message says how many do
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM: the report shows how far it came

Examples:
  kthread-machine stress --threads 10000000 --cpus 8
  kthread-machine stress --threads 100000 --rounds 10 --json
`;

interface Flags extends MachineFlags {
  readonly threads: number;
  readonly rounds: number;
  readonly chaos?: true;
  readonly elf?: true;
  readonly json?: true;
}

/** Adds the command `stress` to a program. */
export function registerStress(program: Command): void {
  const command = program
    .command("stress")
    .summary("create a million threads and run them all")
    .description(
      "Creates threads until all exist at once; then each yields, wakes another, sleeps and exits. " +
        "Reports the speed, the memory, and the hash by which two runs are compared.",
    )
    .option("--threads <n>", "threads", wholeNumber(1, THREADS_MAX), DEFAULT_THREADS)
    .option("--rounds <n>", "yields, wakeups and sleeps of each", wholeNumber(1, ROUNDS_MAX), 1);
  machineOptions(command, DEFAULT_CPUS)
    .option(
      "--chaos",
      "preempt threads at random, and let messages and timeouts be late within bounds",
    )
    .option("--elf", "threads of C code, each with a stack of its own (examples/c/stress.c)")
    .option("--json", "print the report as JSON")
    .addHelpText("after", HELP)
    .action(stress);
}

async function stress(flags: Flags): Promise<void> {
  const bar = process.stderr.isTTY ? await ProgressBar.open(flags.threads) : null;
  const interrupt = listenForSignals();
  try {
    const { elf: isElf, ...others } = flags;
    const report = await runStress({
      ...others,
      ...(isElf === true ? { elf: readFileSync(packageFile("examples/c/stress.elf")) } : {}),
      onProgress: (progress) => {
        bar?.show(progress);
        return interrupt.exitCode === null;
      },
    });
    bar?.stop();
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
    if (!report.complete) process.exitCode = interrupt.exitCode ?? ExitCode.FAILURE;
  } finally {
    bar?.stop();
    interrupt.stop();
  }
}

/** Shows on a terminal how many threads have been created, and then how many have exited. */
class ProgressBar {
  private readonly bar: TerminalBar;
  private readonly threads: number;

  private constructor(bar: TerminalBar, threads: number) {
    this.bar = bar;
    this.threads = threads;
  }

  static async open(threads: number): Promise<ProgressBar> {
    const format = " {phase} [{bar}] {percentage}%  {value} of {total} threads";
    return new ProgressBar(await TerminalBar.open(format, threads), threads);
  }

  show({ created, exited }: StressProgress): void {
    const isCreating = created < this.threads && exited === 0;
    this.bar.show(isCreating ? created : exited, { phase: isCreating ? "creating" : "running " });
  }

  stop(): void {
    this.bar.stop();
  }
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function headline(report: StressReport): string {
  const { threads, cpus, scheduler, created, exited, errno } = report;
  const where = `on ${plural(cpus, "CPU")} under ${scheduler}`;
  if (report.complete) return `${plural(threads, "thread")} ${where}: all created, run and reaped`;
  const why = errno === 0 ? "" : `, then kthread_add failed with ${errnoName(errno)}`;
  return `INCOMPLETE: of ${plural(threads, "thread")} ${where} ${formatCount(created)} were created${why}, and ${formatCount(exited)} have exited`;
}

/** The report as text. */
export function describe(report: StressReport): string {
  const sleeps = report.exited * report.rounds;
  const lines: [string, string][] = [
    [
      "threads/s",
      `${formatCount(report.threadsPerSecond)} (created: ${formatCount(report.creationsPerSecond)}/s)`,
    ],
    [
      "switches/s",
      `${formatCount(report.switchesPerSecond)} (${formatCount(report.switches)} in all)`,
    ],
    ["bytes per thread", formatCount(report.bytesPerThread)],
    ["resident memory", `${mebibytes(report.residentBytes)} of the whole process`],
    ["machine's memory", `${mebibytes(report.machineBytes)} of addresses`],
    [
      "sleeps",
      `${formatCount(sleeps)}, of which another thread ended ${formatCount(report.woken)}`,
    ],
    ["messages", `${formatCount(report.messages)} between CPUs`],
    ["instructions", formatCount(report.instructions)],
    [
      "time",
      `${formatTime(report.seconds * 1e9)} here, ${formatTime(report.virtualSeconds * 1e9)} in the machine`,
    ],
    ["hash", report.hash],
  ];
  const rows = lines.map(([name, value]) => `  ${name.padEnd(18)}${value}`);
  return `${headline(report)}\n${rows.join("\n")}\n`;
}
