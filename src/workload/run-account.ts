/** What a thread has done so far, taken down: it outlives the thread. */
import type { Machine } from "../machine/machine.js";
import type { Latency, ThreadState, ThreadView } from "../machine/views.js";

/** A thread's accounts. Times are in cycles: nanoseconds on a workload's machine. */
export interface ThreadAccount {
  readonly name: string;
  readonly tid: number;
  readonly pid: number;
  /** The task that the thread belongs to. */
  readonly task: string;
  readonly state: ThreadState | "ended";
  /** What it sleeps on, in a word; null while it does not sleep. */
  readonly waitMessage: string | null;
  readonly cpu: number;
  /** FreeBSD priority. */
  readonly priority: number;
  readonly cpuCycles: number;
  /** Its CPU's clock when it ended; null while it exists. */
  readonly endedAtCycles: number | null;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  readonly wakeups: number;
  /** How often it came to another CPU; 0 when the machine keeps no statistics. */
  readonly migrations: number;
  /** From being woken to running; null when the machine keeps no statistics. */
  readonly latency: Latency | null;
  /** Of a thread with a deadline: its jobs, and how many were late. */
  readonly deadline: { readonly jobs: number; readonly misses: number } | null;
}

/** Takes down the accounts of a thread; the last switch of one that ends now is counted already. */
export function accountOf(
  machine: Machine,
  thread: ThreadView,
  { task, isEnded }: { task: string; isEnded: boolean },
): ThreadAccount {
  const { state } = thread;
  const open = state === "running" && !isEnded ? uncharged(machine, thread) : 0;
  return {
    name: thread.name,
    tid: thread.tid,
    pid: thread.process?.pid ?? -1,
    task,
    state: isEnded ? "ended" : state,
    waitMessage: isEnded ? null : thread.waitMessage,
    cpu: thread.cpu,
    priority: thread.priority,
    cpuCycles: thread.runtime + open,
    endedAtCycles: isEnded ? (machine.cpus[thread.cpu]?.cycles ?? 0) : null,
    voluntarySwitches: thread.voluntarySwitches + (isEnded ? 1 : 0),
    involuntarySwitches: thread.involuntarySwitches,
    wakeups: thread.wakeups,
    migrations: thread.migrations,
    latency: thread.latency,
    deadline: deadlineOf(thread),
  };
}

function deadlineOf({ deadline }: ThreadView): ThreadAccount["deadline"] {
  return deadline === null ? null : { jobs: deadline.jobs, misses: deadline.misses };
}

/** What a running thread has used of its CPU since it was switched to. */
function uncharged(machine: Machine, thread: ThreadView): number {
  const cpu = machine.cpus[thread.cpu];
  return cpu !== undefined && cpu.thread.address === thread.address ? cpu.uncharged : 0;
}
