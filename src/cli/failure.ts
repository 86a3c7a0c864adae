// What a command says about an error that ends it, and its exit code.

import { ConfigError, KernelError, KernelPanic } from "../core/errors.js";
import { ElfError } from "../elf/index.js";
import { TraceError } from "../trace/file.js";
import { formatProblem, WorkloadError } from "../workload/diagnostics.js";
import { ExitCode } from "./exit.js";
import { formatVirtualTime } from "./units.js";

/** What is to be said of a failure, and how the command ends. Plain data, which a thread can tell another one. */
export interface Verdict {
  /** Each is told by itself. */
  readonly texts: readonly string[];
  readonly exitCode: number;
}

/** A failure whose verdict is known. */
export class CommandFailure extends Error {
  constructor(readonly verdict: Verdict) {
    super(verdict.texts.join("\n"));
  }
}

/** The verdict on an error: a sentence and {@link ExitCode.USAGE} for what the user can put right. */
export function verdictOn(error: unknown): Verdict {
  if (error instanceof CommandFailure) return error.verdict;
  if (error instanceof WorkloadError) {
    return { texts: error.errors.map(formatProblem), exitCode: ExitCode.USAGE };
  }
  if (isAboutInput(error)) return { texts: [error.message], exitCode: ExitCode.USAGE };
  const text = error instanceof KernelPanic ? panicText(error) : unexpectedText(error);
  return { texts: [text], exitCode: ExitCode.FAILURE };
}

function isAboutInput(error: unknown): error is Error {
  return error instanceof ConfigError || error instanceof ElfError || error instanceof TraceError;
}

function panicText(panic: KernelPanic): string {
  const { postMortem } = panic;
  if (postMortem === null) return panic.message;
  const { cpu, thread, cycles, ps } = postMortem;
  const where = `on CPU ${cpu}, thread ${thread ?? "none"}`;
  return `${panic.message}\n${where}, after ${formatVirtualTime(Number(cycles))}\n\n${ps.trimEnd()}`;
}

function unexpectedText(error: unknown): string {
  if (error instanceof KernelError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
