// `kthread-machine worker --queue redis://...`: performs parts of searches that `explore --queue` hands out.

import { type Command, InvalidArgumentError, Option } from "commander";
import { listenForSignals } from "./interrupt.js";
import { isQueueUrl, serveQueue, withoutPassword } from "./queue.js";
import { plural, wholeNumber } from "./units.js";

const THREADS_MAX = 256;

const HELP = `
Start it on any number of machines, in a folder where the test has the path by which explore names it. A worker may be
stopped or killed at any time: what it was at is done by another one.

Exit codes:
  0    it was stopped, by Ctrl-C, SIGTERM or SIGHUP
  2    wrong options, or no server answers: the message says which

Example:
  kthread-machine worker --queue redis://localhost:6379 --threads 4
`;

/** Reads the address of a queue. */
export function parseQueue(text: string): string {
  if (isQueueUrl(text)) return text;
  throw new InvalidArgumentError("It must be the address of a server, such as redis://host:6379.");
}

/** Adds the command `worker` to a program. */
export function registerWorker(program: Command): void {
  program
    .command("worker")
    .summary("perform parts of searches that `explore --queue` hands out")
    .description("Performs parts of searches, one after the other, until it is stopped.")
    .addOption(
      new Option("--queue <address>", "Redis or Valkey server with the queue")
        .argParser(parseQueue)
        .makeOptionMandatory(),
    )
    .option("--threads <n>", "parts at a time", wholeNumber(1, THREADS_MAX), 1)
    .addHelpText("after", HELP)
    .action(async ({ queue, threads }: { queue: string; threads: number }) => {
      const service = await serveQueue(queue, threads);
      process.stderr.write(`serving ${withoutPassword(queue)} with ${plural(threads, "thread")}\n`);
      listenForSignals(() => {
        service.end().then(() => process.exit(0));
      });
    });
}
