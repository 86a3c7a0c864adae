// The command `kthread-machine`: its commands, and what it says when one fails.

import { Command, CommanderError } from "commander";
import { ConfigError, KernelError, KernelPanic } from "../core/errors.js";
import { visible } from "../core/visible.js";
import { ElfError } from "../elf/index.js";
import { TraceError } from "../trace/file.js";
import { formatProblem, WorkloadError } from "../workload/diagnostics.js";
import { registerCc } from "./cc.js";
import { registerCompare } from "./compare.js";
import { registerCompletion } from "./completion.js";
import { registerExec } from "./exec.js";
import { ExitCode } from "./exit.js";
import { registerExplore } from "./explore.js";
import { complain, NAME } from "./output.js";
import { registerPs, registerRun } from "./run.js";
import { registerStress } from "./stress.js";
import { formatTime } from "./units.js";
import { registerWorker } from "./worker.js";

function buildProgram(version: string): Command {
  const program = new Command(NAME)
    .description(
      "A deterministic machine of emulated CPUs that runs BSD kernel threads: workloads with their " +
        "locks, timers and priorities, or a million threads at once.",
    )
    .version(version, "--version", "print the version")
    .helpOption("--help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError(`(${NAME} --help tells more)`)
    .configureOutput({
      outputError: (text, write) => write(visible(text.replace(/^error: /, `${NAME}: `))),
    })
    .addHelpText("after", HELP);
  registerRun(program);
  registerPs(program);
  registerCompare(program);
  registerCc(program);
  registerExec(program);
  registerStress(program);
  registerExplore(program);
  registerWorker(program);
  registerCompletion(program);
  for (const command of program.commands) {
    command.showHelpAfterError(`(${NAME} ${command.name()} --help tells more)`);
  }
  return program;
}

const HELP = `
Start here:
  ${NAME} run examples/webserver.json        what a busy web server's threads do
  ${NAME} run examples/deadlock.json         who waits for whom in a deadlock
  ${NAME} stress --threads 1000000 --cpus 4  a million threads

${NAME} <command> --help tells more about a command: its options, exit codes and examples.
`;

/** Says what went wrong, in a sentence where possible, and sets the exit code. */
function reportError(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : ExitCode.USAGE;
    return;
  }
  if (error instanceof WorkloadError) {
    for (const problem of error.errors) complain(formatProblem(problem));
    process.exitCode = ExitCode.USAGE;
  } else if (isAboutInput(error)) {
    complain(error.message);
    process.exitCode = ExitCode.USAGE;
  } else {
    complain(error instanceof KernelPanic ? panicText(error) : unexpectedText(error));
    process.exitCode = ExitCode.FAILURE;
  }
}

/** True for what the user can put right: one sentence says how. */
function isAboutInput(error: unknown): error is Error {
  return error instanceof ConfigError || error instanceof ElfError || error instanceof TraceError;
}

function panicText(panic: KernelPanic): string {
  const { postMortem } = panic;
  if (postMortem === null) return panic.message;
  const { cpu, thread, cycles, ps } = postMortem;
  const where = `on CPU ${cpu}, thread ${thread ?? "none"}`;
  return `${panic.message}\n${where}, after ${formatTime(Number(cycles))} of virtual time\n\n${ps.trimEnd()}`;
}

function unexpectedText(error: unknown): string {
  if (error instanceof KernelError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs the command with these arguments; the exit code is the process's. */
export async function runCommand(args: readonly string[], version: string): Promise<void> {
  try {
    await buildProgram(version).parseAsync(args, { from: "user" });
  } catch (error) {
    reportError(error);
  }
}
