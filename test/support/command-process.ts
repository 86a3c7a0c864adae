// Runs the command as a separate process, as a user's shell does.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";

/** The folder of the project, where commands run. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The command, as the build makes it. */
export const CLI = join(ROOT, "dist/cli.js");

/** How a command ended, and what it wrote. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const running = new Set<ChildProcess>();

// A test that fails, or takes too long, leaves its commands behind: some run for hours.
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the command; it ends with the test at the latest. */
export function start(
  args: readonly string[],
  stdout: "pipe" | number = "pipe",
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const stdio: StdioOptions = ["pipe", stdout, "pipe"];
  const child = spawn(process.execPath, [CLI, ...args], { cwd: ROOT, stdio, env });
  running.add(child);
  child.on("exit", () => running.delete(child));
  return child;
}

/** Waits for its end. */
export function finish(child: ChildProcess): Promise<ProcessEnd> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (data) => {
    out += data;
  });
  child.stderr?.on("data", (data) => {
    err += data;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

/** Waits until the command hears signals, by the list of those that its process catches (Linux only). */
export async function untilHearing({ pid }: ChildProcess): Promise<void> {
  const hangUp = 1n; // Node.js catches the others for itself
  const caught = () =>
    /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  while ((BigInt(`0x${caught()}`) & hangUp) === 0n) await sleep(20);
}

/** Starts the command and waits for its end. */
export function cli(...args: readonly string[]): Promise<ProcessEnd> {
  return finish(start(args));
}
