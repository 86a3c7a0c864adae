// `kthread-machine stress`: as many threads as asked for, all at once, and what they cost.

import { SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { SchedulerName } from "../core/config.js";
import { errnoName } from "../core/errors.js";
import { MAXCPU } from "../generated/layout.js";
import { runStress, type StressProgress, type StressReport } from "./stress-run.js";

const DEFAULT_THREADS = 1_000_000;
const DEFAULT_CPUS = 4;
/** No 32-bit memory holds more. */
const THREADS_MAX = 40_000_000;
const ROUNDS_MAX = 1_000_000;
const EXIT_INCOMPLETE = 1;
const EXIT_INTERRUPTED = 130;

interface Flags {
  readonly threads: number;
  readonly cpus: number;
  readonly rounds: number;
  readonly scheduler: SchedulerName;
  readonly seed: bigint;
  readonly json?: true;
}

/** A parser of whole numbers from `min` to `max`; underscores and commas may group the digits. */
function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d[\d_,]*$/.test(text) ? Number(text.replaceAll(/[_,]/g, "")) : Number.NaN;
    if (value >= min && value <= max) return value;
    const range = `${min} to ${max.toLocaleString("en")}`;
    throw new InvalidArgumentError(`It must be a whole number from ${range}.`);
  };
}

function seed(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return BigInt(text);
}

/** Adds the command `stress` to a program. */
export function registerStress(program: Command): void {
  program
    .command("stress")
    .summary("create a million threads and run them all")
    .description(
      "Creates threads until all exist at once; then each yields, wakes another, sleeps and exits.\n" +
        "Reports the speed, the memory, and the hash by which two runs are compared.",
    )
    .option("--threads <n>", "threads", wholeNumber(1, THREADS_MAX), DEFAULT_THREADS)
    .option("--cpus <n>", "emulated CPUs", wholeNumber(1, MAXCPU), DEFAULT_CPUS)
    .option("--rounds <n>", "yields, wakeups and sleeps of each", wholeNumber(1, ROUNDS_MAX), 1)
    .addOption(
      new Option("--scheduler <name>", "scheduler").choices(["lwkt", "4bsd"]).default("lwkt"),
    )
    .addOption(
      new Option("--seed <n>", "seed of the machine's choices").argParser(seed).default(0n, "0"),
    )
    .option("--json", "print the report as JSON")
    .action(stress);
}

async function stress(flags: Flags): Promise<void> {
  const bar = process.stderr.isTTY ? new ProgressBar(flags.threads) : null;
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.once("SIGINT", interrupt);
  try {
    const report = await runStress({
      ...flags,
      onProgress: (progress) => {
        bar?.show(progress);
        return !interrupted;
      },
    });
    bar?.stop();
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
    if (!report.complete) process.exitCode = interrupted ? EXIT_INTERRUPTED : EXIT_INCOMPLETE;
  } finally {
    bar?.stop();
    process.removeListener("SIGINT", interrupt);
  }
}

/** Shows on a terminal how many threads have been created, and then how many have exited. */
class ProgressBar {
  private readonly bar: SingleBar;
  private readonly threads: number;
  private isShown = false;

  constructor(threads: number) {
    this.threads = threads;
    this.bar = new SingleBar({
      format: " {phase} [{bar}] {percentage}%  {value} of {total} threads",
      hideCursor: true,
      clearOnComplete: true,
    });
  }

  show({ created, exited }: StressProgress): void {
    const isCreating = created < this.threads && exited === 0;
    const payload = { phase: isCreating ? "creating" : "running " };
    if (!this.isShown) this.bar.start(this.threads, 0, payload);
    this.isShown = true;
    this.bar.update(isCreating ? created : exited, payload);
  }

  stop(): void {
    if (this.isShown) this.bar.stop();
    this.isShown = false;
  }
}

const count = (value: number) => Math.round(value).toLocaleString("en");
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function headline(report: StressReport): string {
  const { threads, cpus, scheduler, created, exited, errno } = report;
  const where = `on ${cpus} ${cpus === 1 ? "CPU" : "CPUs"} under ${scheduler}`;
  if (report.complete) return `${count(threads)} threads ${where}: all created, run and reaped`;
  const why = errno === 0 ? "" : `, then kthread_add failed with ${errnoName(errno)}`;
  return `INCOMPLETE: of ${count(threads)} threads ${where} ${count(created)} were created${why}, and ${count(exited)} have exited`;
}

/** The report as text. */
export function describe(report: StressReport): string {
  const sleeps = report.exited * report.rounds;
  const lines: [string, string][] = [
    [
      "threads/s",
      `${count(report.threadsPerSecond)} (created: ${count(report.creationsPerSecond)}/s)`,
    ],
    ["switches/s", `${count(report.switchesPerSecond)} (${count(report.switches)} in all)`],
    ["bytes a thread", count(report.bytesPerThread)],
    ["resident memory", `${mebibytes(report.residentBytes)} of the whole process`],
    ["machine's memory", `${mebibytes(report.machineBytes)} of addresses`],
    ["sleeps", `${count(sleeps)}, of which another thread ended ${count(report.woken)}`],
    ["messages", `${count(report.messages)} between CPUs`],
    ["instructions", count(report.instructions)],
    [
      "time",
      `${report.seconds.toFixed(2)} s here, ${report.virtualSeconds.toFixed(6)} s in the machine`,
    ],
    ["hash", report.hash],
  ];
  const rows = lines.map(([name, value]) => `  ${name.padEnd(18)}${value}`);
  return `${headline(report)}\n${rows.join("\n")}\n`;
}
