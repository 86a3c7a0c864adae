// The process listing: a line a thread, as `ps -H` of FreeBSD shows kernel threads.

import type { Machine } from "./machine.js";
import type { ThreadView } from "./views.js";

/** Most threads that a listing shows; the rest is counted in a last line. */
export const PS_THREADS_MAX = 1_000;

const stateLetters: Readonly<Record<ThreadView["state"], string>> = {
  running: "R",
  runnable: "R",
  sleeping: "D",
  blocked: "L",
  suspended: "T",
  stopped: "T",
  exited: "Z",
};

/** Formats a CPU time as minutes, seconds and hundredths. */
export function formatCpuTime(cycles: number, cyclesPerSecond: number): string {
  const hundredths = Math.round((cycles / cyclesPerSecond) * 100);
  const minutes = Math.floor(hundredths / 6_000);
  const rest = (hundredths % 6_000) / 100;
  return `${minutes}:${rest.toFixed(2).padStart(5, "0")}`;
}

function psLine(machine: Machine, pid: number, command: string, thread: ThreadView): string {
  const where = thread.state === "running" ? `CPU${thread.cpu}` : (thread.waitMessage ?? "-");
  const state = `${stateLetters[thread.state]}${thread.state === "running" ? "+" : ""}`;
  return [
    String(pid).padStart(5),
    String(thread.tid).padStart(8),
    String(thread.cpu).padStart(3),
    String(thread.priority).padStart(4),
    state.padEnd(4),
    where.slice(0, 10).padEnd(10),
    formatCpuTime(thread.runtime, machine.config.cyclesPerSecond).padStart(9),
    thread.name === command ? command : `${command}/${thread.name}`,
  ].join(" ");
}

/** The listing of a machine's threads, process by process. */
export function formatPs(machine: Machine): string {
  const lines = ["  PID      TID CPU  PRI STAT WCHAN           TIME COMMAND"];
  let shown = 0;
  let hidden = 0;
  for (const process of machine.processes()) {
    const command = process.name;
    for (const thread of process.threads()) {
      if (shown === PS_THREADS_MAX) {
        hidden += 1;
        continue;
      }
      shown += 1;
      lines.push(psLine(machine, process.pid, command, thread));
    }
  }
  if (hidden > 0) lines.push(`... and ${hidden} more threads`);
  return `${lines.join("\n")}\n`;
}
