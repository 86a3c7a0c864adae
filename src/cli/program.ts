// The command `kthread-machine`: its commands, and what it says when one fails.

import { Command, CommanderError } from "commander";
import { visible } from "../core/visible.js";
import { registerCc } from "./cc.js";
import { registerCompare } from "./compare.js";
import { registerCompletion } from "./completion.js";
import { registerExec } from "./exec.js";
import { ExitCode } from "./exit.js";
import { registerExplore } from "./explore.js";
import { verdictOn } from "./failure.js";
import { complain, NAME } from "./output.js";
import { registerPs, registerRun } from "./run.js";
import { registerStress } from "./stress.js";
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
  ${NAME} run examples/deadlock.json         which thread waits for which in a deadlock
  ${NAME} stress --threads 1000000 --cpus 4  a million threads

${NAME} <command> --help tells more about a command: its options, exit codes and examples.
`;

/** Says what went wrong, in a sentence where possible, and sets the exit code. */
function reportError(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : ExitCode.USAGE;
    return;
  }
  const { texts, exitCode } = verdictOn(error);
  for (const text of texts) complain(text);
  process.exitCode = exitCode;
}

/** Runs the command with these arguments; the exit code is the process's. */
export async function runCommand(args: readonly string[], version: string): Promise<void> {
  try {
    await buildProgram(version).parseAsync(args, { from: "user" });
  } catch (error) {
    reportError(error);
  }
}
