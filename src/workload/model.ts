/**
 * A workload, read and checked: what an rt-app file describes, with every default filled in, so
 * that a compiler needs no knowledge of the file's syntax. Everything in it is frozen.
 *
 * Two names are the same thing only if their kind is the same: a mutex "a", a condition "a" and a
 * semaphore "a" are three things.
 */
import type { Position } from "./diagnostics.js";

/** The scheduling policies that a workload file can name. */
export const POLICIES = [
  "SCHED_OTHER",
  "SCHED_BATCH",
  "SCHED_IDLE",
  "SCHED_RR",
  "SCHED_FIFO",
  "SCHED_DEADLINE",
] as const;

export type Policy = (typeof POLICIES)[number];

/** The longest time of one event, a delay or a period, in microseconds: it fits a guest word. */
export const EVENT_US_MAX = 0xffff_ffff;
/** The most bytes or repetitions that one memory or I/O event can ask for. */
export const EVENT_COUNT_MAX = 0xffff_ffff;
/** The largest finite `loop`. */
export const LOOP_MAX = 0x7fff_ffff;
/** `loop`: for ever. */
export const LOOP_FOREVER = -1;
/** The most threads that a file can start, over all of its tasks. */
export const THREADS_MAX = 1 << 24;
/** The highest CPU number of an affinity list. */
export const CPU_MAX = 63;
/** The longest `duration`, in seconds. */
export const DURATION_SECONDS_MAX = 1_000_000;
/** The longest name of a task, a mutex and so on, in UTF-16 units. */
export const NAME_LENGTH_MAX = 255;

/** What a policy's `priority` may be. */
export interface PriorityRange {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

const NICE: PriorityRange = Object.freeze({ min: -20, max: 19, default: 0 });
const REAL_TIME: PriorityRange = Object.freeze({ min: 1, max: 99, default: 10 });

/**
 * The range and default of `priority` under a policy: real-time priorities (higher is more urgent)
 * for RR and FIFO, otherwise nice values (lower is more urgent; no effect under DEADLINE).
 */
export function priorityRange(policy: Policy): PriorityRange {
  return policy === "SCHED_RR" || policy === "SCHED_FIFO" ? REAL_TIME : NICE;
}

/** The deadline class's parameters: 0 < runtime <= deadline <= period, in microseconds. */
export interface DeadlineParameters {
  readonly runtimeUs: number;
  readonly deadlineUs: number;
  readonly periodUs: number;
}

/** How a thread is scheduled. `deadline` is set exactly when the policy is SCHED_DEADLINE. */
export interface Scheduling {
  readonly policy: Policy;
  readonly priority: number;
  readonly deadline: DeadlineParameters | null;
}

/** What every event has: the key as the file spells it ("run0"), and where that key stands. */
export interface EventSource extends Position {
  readonly key: string;
}

/** `run`: a fixed amount of work, given as its time at full speed. `runtime`: the same by time. */
export interface ComputeEvent extends EventSource {
  readonly type: "run" | "runtime";
  readonly durationUs: number;
}

/** Sleep from now. */
export interface SleepEvent extends EventSource {
  readonly type: "sleep";
  readonly durationUs: number;
}

/**
 * Sleep until one period after the timer's last expiry; its first use starts it. When that moment
 * has passed, a relative timer restarts from now, an absolute one keeps its grid.
 */
export interface TimerEvent extends EventSource {
  readonly type: "timer";
  readonly timer: string;
  /** True for a name that begins with "unique": each thread has its own timer of that name. */
  readonly perThread: boolean;
  readonly periodUs: number;
  readonly mode: "relative" | "absolute";
}

export interface MutexEvent extends EventSource {
  readonly type: "lock" | "unlock";
  readonly mutex: string;
}

/** `wait`: condition wait. `sync`: lock, signal, wait, unlock. */
export interface WaitEvent extends EventSource {
  readonly type: "wait" | "sync";
  readonly condition: string;
  readonly mutex: string;
}

/** `signal` wakes the first waiter, `broad` all; with nobody waiting it is forgotten. */
export interface SignalEvent extends EventSource {
  readonly type: "signal" | "broad";
  readonly condition: string;
}

/** Meet everybody who names this barrier; `Workload.barriers` says how many that are. */
export interface BarrierEvent extends EventSource {
  readonly type: "barrier";
  readonly barrier: string;
}

/**
 * Block until somebody resumes this thread.
 *
 * A value names the suspend point at which the thread waits, which threads of several tasks can
 * share; a bare `suspend` (point null) waits at the point with its own task's name. So `resume X`
 * wakes every thread suspended at point X, among them those of a task X that suspended bare. A
 * resume is not remembered: with nobody suspended it does nothing. See `suspendPoint`.
 */
export interface SuspendEvent extends EventSource {
  readonly type: "suspend";
  readonly point: string | null;
}

/** Wake all threads that are suspended at this point; see `SuspendEvent`. */
export interface ResumeEvent extends EventSource {
  readonly type: "resume";
  readonly point: string;
}

/** Counting semaphores start at 0; a post is remembered. */
export interface SemaphoreEvent extends EventSource {
  readonly type: "sem_post" | "sem_wait";
  readonly semaphore: string;
}

export interface YieldEvent extends EventSource {
  readonly type: "yield";
}

/** Start one more thread of a task now. */
export interface ForkEvent extends EventSource {
  readonly type: "fork";
  readonly task: string;
  /** The (first) task of that name: an index into `Workload.tasks`. */
  readonly taskIndex: number;
}

/** `mem`: write this many bytes of memory. `iorun`: write this many bytes to a device. */
export interface TransferEvent extends EventSource {
  readonly type: "mem" | "iorun";
  readonly bytes: number;
}

/** Walk over `sizeBytes` of memory `count` times, in steps of `strideBytes` (null: densely). */
export interface MemoryRunEvent extends EventSource {
  readonly type: "memrun";
  readonly sizeBytes: number;
  readonly count: number;
  readonly strideBytes: number | null;
  /** The file's `type`: the kind of access. */
  readonly access: string | null;
  readonly pattern: string | null;
  /** The file's `ref`: the buffer's name. */
  readonly buffer: string | null;
}

/** One step of a thread. */
export type WorkloadEvent =
  | ComputeEvent
  | SleepEvent
  | TimerEvent
  | MutexEvent
  | WaitEvent
  | SignalEvent
  | BarrierEvent
  | SuspendEvent
  | ResumeEvent
  | SemaphoreEvent
  | YieldEvent
  | ForkEvent
  | TransferEvent
  | MemoryRunEvent;

export type EventType = WorkloadEvent["type"];

/** Every event's name. A key is an event if it begins with one of these. */
export const EVENT_TYPES: readonly EventType[] = Object.freeze([
  "run",
  "runtime",
  "sleep",
  "timer",
  "lock",
  "unlock",
  "wait",
  "signal",
  "broad",
  "sync",
  "barrier",
  "suspend",
  "resume",
  "sem_post",
  "sem_wait",
  "yield",
  "fork",
  "mem",
  "memrun",
  "iorun",
] as const);

/**
 * Which event a key of the file means, or null: `run` and `run0` are both "run". The longest name
 * wins, so that `runtime` is not a `run` and `memrun` not a `mem`.
 */
export function eventTypeOf(key: string): EventType | null {
  let found: EventType | null = null;
  for (const type of EVENT_TYPES) {
    if (key.startsWith(type) && type.length > (found?.length ?? 0)) {
      found = type;
    }
  }
  return found;
}

/** A list of events that runs `loop` times before the next phase begins. */
export interface Phase extends Position {
  /** Not unique: a file may repeat a phase's name. */
  readonly name: string;
  /** -1: for ever (so that no later phase is reached). */
  readonly loop: number;
  /**
   * What the thread switches to when the phase begins; null: it stays as it is. As in rt-app this
   * works like an event: a later phase without it keeps what an earlier one has set.
   */
  readonly scheduling: Scheduling | null;
  /** The CPUs during this phase, its own or else the task's: ascending; null: all. */
  readonly cpus: readonly number[] | null;
  readonly events: readonly WorkloadEvent[];
}

/** The description of `instances` threads that all do the same. */
export interface Task extends Position {
  /** Not unique: a file may repeat a task's name. */
  readonly name: string;
  /** The task's place in `Workload.tasks`. */
  readonly index: number;
  /** How many threads start with the workload; 0: the task is only a target for `fork`. */
  readonly instances: number;
  /** How long each thread waits before its first event. */
  readonly delayUs: number;
  /** How often the list of phases runs; -1: for ever. */
  readonly loop: number;
  readonly scheduling: Scheduling;
  /** Ascending; null: all. */
  readonly cpus: readonly number[] | null;
  /** At least one; a task whose events stand in it directly has one phase of its own name. */
  readonly phases: readonly Phase[];
  /** The per-thread timers that the task's events name, in order of first use. */
  readonly ownTimers: readonly string[];
}

/** A barrier and how many threads meet there. */
export interface Barrier {
  readonly name: string;
  /**
   * The threads of all tasks that name the barrier, each counted once however often it names it.
   * Forked threads are not among them, since how many there will be is not known beforehand.
   */
  readonly parties: number;
}

/** What the file says about the run as a whole. */
export interface WorkloadGlobal {
  /** When the run is stopped; null: it goes on until all threads have ended. */
  readonly durationUs: number | null;
  readonly defaultPolicy: Policy;
  /** Report a phase's slack as the sum over its timers, not as the last timer's. */
  readonly cumulativeSlack: boolean;
  /** Mutexes lend the priorities of those that wait to who holds them ("pi_enabled"). */
  readonly priorityLending: boolean;
}

/** A workload file's whole content. The lists of names are in order of first appearance. */
export interface Workload {
  readonly fileName: string;
  readonly global: WorkloadGlobal;
  readonly tasks: readonly Task[];
  /** The threads that start with the workload: the sum of `instances`. */
  readonly threadCount: number;
  readonly mutexes: readonly string[];
  readonly conditions: readonly string[];
  readonly semaphores: readonly string[];
  readonly barriers: readonly Barrier[];
  /** The timers that threads share. */
  readonly timers: readonly string[];
  /** The points at which some thread suspends itself. */
  readonly suspendPoints: readonly string[];
  /** What the reader ignored or thought odd: one sentence each. */
  readonly notes: readonly string[];
}

/** The point at which a `suspend` of this task waits: its own name unless the event gives one. */
export function suspendPoint(task: Pick<Task, "name">, event: SuspendEvent): string {
  return event.point ?? task.name;
}

/** Calls back for each event of a task, in the order of the file. */
export function forEachEvent(task: Task, visit: (event: WorkloadEvent) => void): void {
  for (const phase of task.phases) {
    for (const event of phase.events) {
      visit(event);
    }
  }
}
