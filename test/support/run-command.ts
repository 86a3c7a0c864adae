// Runs the command in this process, captures its output, and checks how it ends.

import { runCommand } from "../../src/cli/program.js";
import { cpuMs } from "./cpu-time.js";

/** A command that takes more processor time hangs. */
const MS_MAX = 2_000;

/** How a command ended. */
export interface CommandEnd {
  readonly code: number;
  readonly err: string;
  /** Processor time. */
  readonly ms: number;
}

/** Captures what is written to a stream; returns a function that undoes that. */
function capture(stream: NodeJS.WriteStream, keep: (text: string) => void): () => void {
  const { write } = stream;
  stream.write = (text: string | Uint8Array) => {
    keep(String(text));
    return true;
  };
  return () => {
    stream.write = write;
  };
}

/** Runs the command. */
export async function commandEnd(args: readonly string[]): Promise<CommandEnd> {
  let err = "";
  const codeBefore = process.exitCode;
  const releases = [
    capture(process.stdout, () => {}),
    capture(process.stderr, (text) => {
      err += text;
    }),
  ];
  process.exitCode = undefined;
  const before = cpuMs();
  try {
    await runCommand(args, "0.0.0");
    return { code: Number(process.exitCode ?? 0), err, ms: cpuMs() - before };
  } finally {
    for (const release of releases) release();
    process.exitCode = codeBefore;
  }
}

/** What is wrong with a command's end, or null. */
export function faultOfCommand({ code, err, ms }: CommandEnd): string | null {
  if (/^\s+at .*:\d+:\d+/m.test(err)) return `a stack trace: ${err}`;
  if (ms > MS_MAX) return `${ms} ms`;
  if (code !== 0 && err === "" && code !== 3) return `code ${code} and not a word`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  if (/[\u0000-\u0008\u000b-\u001f]/.test(err)) return `control characters: ${JSON.stringify(err)}`;
  return [0, 1, 2, 3].includes(code) ? null : `code ${code}`;
}
