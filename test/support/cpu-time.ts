// Processor time, by which tests notice a hang: on a busy computer the clock advances without the test.

import { readFileSync } from "node:fs";

/** Milliseconds of a tick, in which Linux counts the processor time of a process. */
const TICK_MS = 10;

/** Milliseconds of processor time that another process has used so far, with all its threads (Linux only). */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // a name may have spaces
  return TICK_MS * (Number(fields[11]) + Number(fields[12]));
}

/** Milliseconds of processor time that this process has used so far. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
