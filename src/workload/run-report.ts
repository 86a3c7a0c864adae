// What happened in a run: everything that the command prints, as one value that JSON can hold.

import { schedulerName } from "../core/config.js";
import { type LockReport, lockReports } from "../machine/lock-profile.js";
import { type SyncKind, syncObjects } from "../machine/sync-views.js";
import type { ThreadState } from "../machine/views.js";
import { CYCLES_PER_US, type EndedSums, type WorkloadRun } from "./run.js";
import { accountOf, type ThreadAccount } from "./run-account.js";
import { findStalemate, type Stalemate } from "./run-deadlock.js";

/** How a run ended. */
export type Outcome =
  /** All threads have ended. */
  | "finished"
  /** The time that it was given is over. */
  | "time"
  /** Nothing can happen any more, and those who wait are servants without clients. */
  | "rest"
  /** Threads wait for ever for something that they can never get. */
  | "deadlock"
  /** Somebody stopped it. */
  | "interrupted";

/** What says how long a run may take: an option, the workload file, or nobody, so that a default holds. */
export type DurationSource = "option" | "file" | "default";

/** Wakeup latencies, in nanoseconds. */
export interface LatencyReport {
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** What a thread did. */
export interface ThreadReport {
  readonly name: string;
  readonly tid: number;
  readonly pid: number;
  readonly task: string;
  readonly state: ThreadState | "ended";
  /** What it sleeps on; null while it does not sleep. */
  readonly waitMessage: string | null;
  readonly cpu: number;
  readonly priority: number;
  readonly cpuTimeNs: number;
  /** When it ended; null while it exists. */
  readonly endedAtNs: number | null;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  readonly wakeups: number;
  /** How often it came to another CPU than the one it ran on before. */
  readonly migrations: number;
  /** Null when it was never woken, or no statistics were kept. */
  readonly latency: LatencyReport | null;
  /** Of a thread with a deadline (SCHED_DEADLINE): jobs that are done, and how many were late. Null of others. */
  readonly deadline: { readonly jobs: number; readonly misses: number } | null;
}

/** What a CPU did. */
export interface CpuReport {
  readonly cpu: number;
  readonly busyNs: number;
  readonly idleNs: number;
  readonly switches: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
}

/** How a synchronisation object was used. */
export interface SyncReport {
  readonly kind: SyncKind;
  readonly name: string;
  readonly uses: number;
  readonly contended: number;
  readonly waitersMax: number;
  readonly waitedNs: number;
}

/** A run's report. Times are virtual. */
export interface RunReport {
  /** Version of this form: grows when a field goes or changes its meaning. docs/report.md has the form. */
  readonly version: 1;
  readonly file: string;
  readonly outcome: Outcome;
  readonly durationFrom: DurationSource;
  readonly timeNs: number;
  readonly cpuCount: number;
  readonly scheduler: string;
  readonly seed: string;
  /** Identifies the run: the same for every run of the same file on the same machine. */
  readonly hash: string;
  readonly switches: number;
  /** Time that CPUs were idle although threads waited for one, of all CPUs together. */
  readonly idleWhileRunnableNs: number;
  readonly instructions: number;
  /** Threads that were started, forked ones included. */
  readonly threadCount: number;
  readonly threads: readonly ThreadReport[];
  /** Threads that have ended and are not among `threads`, for there were too many. */
  readonly others: EndedSums | null;
  readonly cpus: readonly CpuReport[];
  readonly objects: readonly SyncReport[];
  /** What lock profiling has counted; null without it. */
  readonly locks: readonly LockReport[] | null;
  readonly stalemate: Stalemate | null;
  readonly notes: readonly string[];
  /** What the kernel printed. */
  readonly console: string;
}

const NS_PER_CYCLE = 1_000 / CYCLES_PER_US;

const toNs = (cycles: number): number => cycles * NS_PER_CYCLE;

/** What to report. */
export interface ReportOptions {
  readonly durationFrom?: DurationSource;
  /** Of more threads than this, those with the lowest ids are reported one by one, and sums of the others. */
  readonly threadsMax?: number;
}

/**
 * Reports on a run as it stands.
 * @param stopped why it stopped: nothing could happen any more, its time was over, or it was interrupted
 */
export function reportRun(
  run: WorkloadRun,
  stopped: "idle" | "time" | "interrupted",
  { durationFrom = "default", threadsMax = Number.POSITIVE_INFINITY }: ReportOptions = {},
): RunReport {
  const { machine, workload } = run;
  const stalemate = stopped === "idle" ? findStalemate(run) : null;
  const { threads, others } = threadReports(run, threadsMax);
  const { counters, config } = machine;
  return {
    version: 1,
    file: workload.fileName,
    outcome: outcomeOf(stopped, stalemate),
    durationFrom,
    timeNs: toNs(Number(machine.cycles)),
    cpuCount: config.cpus,
    scheduler: schedulerName(config),
    seed: config.seed.toString(),
    hash: machine.hash,
    switches: counters.switches,
    idleWhileRunnableNs: toNs(Number(machine.kernel.machine64("stats_wasted"))),
    instructions: counters.instructions,
    threadCount: threads.length + others.threads,
    threads,
    others: others.threads > 0 ? others : null,
    cpus: cpuReports(run),
    objects: syncReports(run),
    locks: lockReports(machine),
    stalemate,
    notes: [...run.notes, ...forkNotes(run), ...deadlineNotes(run)],
    console: machine.console,
  };
}

function outcomeOf(stopped: "idle" | "time" | "interrupted", stalemate: Stalemate | null): Outcome {
  if (stopped !== "idle") return stopped;
  if (stalemate === null) return "finished";
  return stalemate.isDeadlock ? "deadlock" : "rest";
}

/** Threads in the order of their ids, as they were created; sums of those that are too many. */
function threadReports(
  run: WorkloadRun,
  most: number,
): { threads: ThreadReport[]; others: EndedSums } {
  const accounts = run.ended.slice(0, most);
  const others = { ...run.endedSums };
  for (const account of run.ended.slice(most)) addThread(others, account.cpuCycles, account);
  for (const thread of run.threads()) {
    if (accounts.length >= most) {
      addThread(others, thread.runtime, thread);
      continue;
    }
    const task = run.taskOf(thread)?.task.name ?? thread.process?.name ?? "";
    accounts.push(accountOf(run.machine, thread, { task, isEnded: false }));
  }
  return { threads: accounts.map(threadReport).sort((a, b) => a.tid - b.tid), others };
}

function addThread(
  sums: EndedSums,
  cpuCycles: number,
  thread: Pick<EndedSums, "voluntarySwitches" | "involuntarySwitches" | "wakeups">,
): void {
  sums.threads += 1;
  sums.cpuCycles += cpuCycles;
  sums.voluntarySwitches += thread.voluntarySwitches;
  sums.involuntarySwitches += thread.involuntarySwitches;
  sums.wakeups += thread.wakeups;
}

function threadReport(account: ThreadAccount): ThreadReport {
  const { cpuCycles, endedAtCycles, latency, ...rest } = account;
  return {
    ...rest,
    cpuTimeNs: toNs(cpuCycles),
    endedAtNs: endedAtCycles === null ? null : toNs(endedAtCycles),
    latency:
      latency === null || latency.count === 0
        ? null
        : {
            meanNs: toNs(latency.mean),
            p50Ns: toNs(latency.p50),
            p99Ns: toNs(latency.p99),
            maxNs: toNs(latency.max),
          },
  };
}

function cpuReports({ machine }: WorkloadRun): CpuReport[] {
  return machine.cpus.map((cpu) => ({
    cpu: cpu.id,
    busyNs: toNs(cpu.busyCycles),
    idleNs: toNs(cpu.idleCycles),
    switches: cpu.switches,
    messagesSent: cpu.messagesSent,
    messagesReceived: cpu.messagesReceived,
  }));
}

function syncReports({ machine }: WorkloadRun): SyncReport[] {
  return syncObjects(machine).map((object) => ({
    kind: object.kind,
    name: object.name,
    uses: object.uses,
    contended: object.contended,
    waitersMax: object.waitersMax,
    waitedNs: toNs(object.waitedCycles),
  }));
}

function forkNotes(run: WorkloadRun): string[] {
  return run.compiled.tasks.flatMap((task) => {
    const failed = run.failedForks(task);
    const name = JSON.stringify(task.task.name);
    return failed === 0 ? [] : [`${failed} forks of task ${name} failed: too many threads exist`];
  });
}

/** Threads that ask for a deadline in a later phase, or are forked, are refused while they run. */
function deadlineNotes({ machine }: WorkloadRun): string[] {
  const refused = machine.kernel.machine("dl_refused");
  if (refused === 0) return [];
  return [
    `${refused} requests for a deadline were refused, since no CPU had so much to promise: those threads went on as they were`,
  ];
}
