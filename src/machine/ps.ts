// The process listing: one line per thread, as `ps -H` of FreeBSD shows kernel threads.

import { visibleLine } from "../core/visible.js";
import type { ProcessView, ThreadView } from "./views.js";

/** Most threads that a listing shows; the rest is counted in a last line. */
const PS_THREADS_MAX = 1_000;

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
function formatCpuTime(cycles: number, cyclesPerSecond: number): string {
  const hundredths = Math.round((cycles / cyclesPerSecond) * 100);
  const minutes = Math.floor(hundredths / 6_000);
  const rest = (hundredths % 6_000) / 100;
  return `${minutes}:${rest.toFixed(2).padStart(5, "0")}`;
}

function psLine(process: ProcessView, thread: ThreadView, cyclesPerSecond: number): string {
  const command = visibleLine(process.name);
  const name = visibleLine(thread.name);
  const where =
    thread.state === "running" ? `CPU${thread.cpu}` : visibleLine(thread.waitMessage ?? "-");
  const state = `${stateLetters[thread.state]}${thread.state === "running" ? "+" : ""}`;
  return [
    String(process.pid).padStart(5),
    String(thread.tid).padStart(8),
    String(thread.cpu).padStart(3),
    String(thread.priority).padStart(4),
    state.padEnd(4),
    [...where].slice(0, 10).join("").padEnd(10),
    formatCpuTime(thread.runtime, cyclesPerSecond).padStart(9),
    name === command ? command : `${command}/${name}`,
  ].join(" ");
}

/** The listing of some processes' threads, process by process. */
export function formatPs(processes: readonly ProcessView[], cyclesPerSecond: number): string {
  const lines = ["  PID      TID CPU  PRI STAT WCHAN           TIME COMMAND"];
  let shown = 0;
  let hidden = 0;
  for (const process of processes) {
    for (const thread of process.threads()) {
      if (shown === PS_THREADS_MAX) {
        hidden += 1;
        continue;
      }
      shown += 1;
      lines.push(psLine(process, thread, cyclesPerSecond));
    }
  }
  if (hidden > 0) lines.push(`... and ${hidden} more threads`);
  return `${lines.join("\n")}\n`;
}
