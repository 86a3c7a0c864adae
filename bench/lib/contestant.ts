// One process that answers rounds. The protocol is the same for our machine and for every peer: the
// process sets itself up and prints a line; then, for each line that it reads, a number of
// operations, it does one round and prints its values as a JSON object. It ends when its input does.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { findProgram } from "./tools.js";
import type { Command, Values } from "./types.js";

/** The longest that a set-up or a round may take before the contestant is given up. */
const PATIENCE_MS = 300_000;
/** The longest that it may take to end when its input has. */
const EXIT_PATIENCE_MS = 10_000;

/** A started contestant. Whatever goes wrong with it is an Error with one sentence. */
export class Contestant {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  /** Comes true when the process has ended and all that it said has been read. */
  private readonly ended: Promise<unknown>;
  private complaints = "";

  /** Starts the process on these cores, if this host has taskset and there are any. */
  constructor(command: Command, cores: readonly number[]) {
    const { file, args } = pinned(command, cores);
    this.child = spawn(file, args, { env: { ...process.env, ...command.env } });
    this.child.stderr.on("data", (chunk) => {
      this.complaints += chunk;
    });
    this.child.on("error", (error) => {
      this.complaints += error.message;
    });
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin.on("error", () => {}); // a dead process shows in what it does not answer
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until the set-up is done. */
  async ready(): Promise<void> {
    await this.answer();
  }

  async round(ops: number): Promise<Values> {
    this.child.stdin.write(`${ops}\n`);
    return JSON.parse(await this.answer()) as Values;
  }

  /** Lets the process end, and waits for that: its memory is then free for the next one. */
  async stop(): Promise<void> {
    if (this.child.pid === undefined) return;
    this.child.stdin.end();
    const killer = setTimeout(() => this.child.kill("SIGKILL"), EXIT_PATIENCE_MS);
    await this.ended;
    clearTimeout(killer);
  }

  private async answer(): Promise<string> {
    const line = await Promise.race([this.lines.next(), this.giveUp()]);
    clearTimeout(this.patience);
    if (line.done !== true) return line.value;
    await this.stop();
    const [reason] = this.complaints.trim().split("\n");
    throw new Error(reason || `It ended without an answer${this.howItEnded()}.`);
  }

  /** A process that the system killed, for want of memory perhaps, says nothing by itself. */
  private howItEnded(): string {
    const { exitCode, signalCode } = this.child;
    return signalCode === null ? `, with exit code ${exitCode}` : `, by signal ${signalCode}`;
  }

  private patience: NodeJS.Timeout | undefined;

  private giveUp(): Promise<never> {
    return new Promise((_, reject) => {
      this.patience = setTimeout(() => {
        this.child.kill("SIGKILL");
        reject(new Error(`It did not answer within ${PATIENCE_MS / 1000} seconds.`));
      }, PATIENCE_MS);
    });
  }
}

function pinned(command: Command, cores: readonly number[]): Command {
  const taskset = findProgram("taskset");
  if (taskset === undefined || cores.length === 0) return command;
  return { file: taskset, args: ["-c", cores.join(","), command.file, ...command.args] };
}
