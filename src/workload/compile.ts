/**
 * From a workload to programs: each task becomes one RV32 program, whose text all of its threads share,
 * so that a thread's events run inside the machine, without JavaScript.
 *
 * What a thread has of its own lies in its registers: s0 counts the task's loop, s1 the phase's, and
 * each timer of its own takes two registers for its last expiry (TIMER_REGISTERS). Rejected: a slot in
 * guest memory for each thread. Forked threads come and go without end, so somebody would have to
 * manage those slots.
 *
 * What threads share are kernel objects, which exist before the programs are loaded: a program names
 * them by externals (`objectExternal`). The table of tasks that can be forked is guest memory.
 *
 * A program has two entries. "start": the host has put the thread on its CPU already. "forked": the
 * thread was created by another one, and begins by moving to a CPU that it may run on.
 */

import { TimerMode } from "../core/call-options.js";
import type { SchedulerName } from "../core/config.js";
import { MAXCOMLEN, RFSTOPPED } from "../generated/layout.js";
import {
  channel,
  type External,
  external,
  type MachineProgramBuilder,
  ns,
  type Program,
  pair,
  program,
  type Register,
  string,
  us,
} from "../program/index.js";
import { transferCostNs } from "./compile-cost.js";
import { type StartScheduling, startScheduling } from "./compile-priority.js";
import { quote, WorkloadError } from "./diagnostics.js";
import {
  type DeadlineParameters,
  forEachEvent,
  LOOP_FOREVER,
  type Phase,
  suspendPoint,
  type Task,
  type TimerEvent,
  type Workload,
  type WorkloadEvent,
} from "./model.js";

/** Kinds of synchronisation objects, as they are named in externals and reports. */
export type ObjectKind = "mutex" | "condition" | "semaphore" | "barrier" | "timer";

/** A kernel object that the programs need. */
export interface ObjectSpec {
  readonly kind: ObjectKind;
  readonly name: string;
  /** Barriers: how many threads meet. */
  readonly parties: number;
}

/** The machine that a workload is compiled for. */
export interface CompileTarget {
  readonly cpus: number;
  readonly scheduler: SchedulerName;
}

/** A task with its program. */
export interface CompiledTask {
  readonly task: Task;
  readonly program: Program;
  /** How its threads are scheduled when they start. */
  readonly scheduling: StartScheduling;
  /** CPUs of this machine that its threads may start on; null: all. */
  readonly cpus: readonly number[] | null;
  /** Format of its threads' names, with the instance's number as `%d`. */
  readonly nameFormat: string;
  /** Place in the table of tasks that can be forked; null: nobody forks it. */
  readonly forkIndex: number | null;
}

/** A workload that is ready to be loaded. */
export interface CompiledWorkload {
  readonly workload: Workload;
  readonly tasks: readonly CompiledTask[];
  readonly objects: readonly ObjectSpec[];
  /** Tasks that can be forked: indices into `tasks`. */
  readonly forkTargets: readonly number[];
  /** The program whose data is the table of tasks that can be forked; null: there is none. */
  readonly forkTable: Program | null;
  /** What the machine does otherwise than the file asks: one sentence each. */
  readonly notes: readonly string[];
}

/** Bytes of an entry in the fork table: function, next instance, forks that failed. */
export const FORK_ENTRY = { size: 12, entry: 0, next: 4, failed: 8 } as const;
/** The fork table's name in its program, and as an external in others. */
export const FORK_TABLE = "forks";

/** This many events and phases are always shorter than a jump reaches: none takes 100 bytes. */
const EVENTS_WITHIN_REACH = 10_000;

/** Where a thread keeps its own timers: the low and the high word of each one's last expiry. */
const TIMER_REGISTERS: readonly (readonly [Register, Register])[] = [
  ["s2", "s3"],
  ["s4", "s5"],
  ["s6", "s7"],
  ["s8", "s9"],
  ["s10", "s11"],
  ["t0", "t1"],
  ["t2", "t3"],
  ["t4", "t5"],
  ["a6", "a7"],
  ["sp", "gp"],
  ["tp", "ra"],
];

/** The name under which programs refer to a kernel object. */
export function objectExternal(kind: ObjectKind, name: string): string {
  return `${kind} ${name}`;
}

/** The wait channel of those who are suspended at a point. */
export function suspendChannel(point: string): string {
  return `suspend ${point}`;
}

/**
 * Compiles a workload.
 *
 * @throws WorkloadError when a task has more timers of its own than a thread can keep.
 */
export function compileWorkload(workload: Workload, target: CompileTarget): CompiledWorkload {
  const notes = new Set<string>();
  const forkTargets = forkTargetsOf(workload);
  const tasks = workload.tasks.map((task) =>
    new TaskCompiler(task, { workload, target, notes, forkTargets }).compile(),
  );
  return {
    workload,
    tasks,
    objects: objectsOf(workload),
    forkTargets,
    forkTable: forkTargets.length === 0 ? null : forkTable(workload, forkTargets),
    notes: [...notes],
  };
}

function objectsOf(workload: Workload): ObjectSpec[] {
  const of = (kind: ObjectKind, names: readonly string[]) =>
    names.map((name) => ({ kind, name, parties: 0 }));
  return [
    ...of("mutex", workload.mutexes),
    ...of("condition", workload.conditions),
    ...of("semaphore", workload.semaphores),
    ...workload.barriers.map(({ name, parties }) => ({
      kind: "barrier" as const,
      name,
      parties: Math.max(parties, 1),
    })),
    ...of("timer", workload.timers),
  ];
}

function forkTargetsOf(workload: Workload): number[] {
  const targets = new Set<number>();
  for (const task of workload.tasks) {
    forEachEvent(task, (event) => {
      if (event.type === "fork") targets.add(event.taskIndex);
    });
  }
  return [...targets].sort((a, b) => a - b);
}

/** Instances that forks create are numbered on from those that the file starts. */
function forkTable(workload: Workload, targets: readonly number[]): Program {
  const words = targets.flatMap((index) => [0, workload.tasks[index]?.instances ?? 0, 0]);
  return program("fork table").data(FORK_TABLE, { words }).ret().build();
}

/** The format of a task's thread names, short enough to keep the numbers. */
export function nameFormat(task: Task, isForked: boolean): string {
  const escaped = (text: string) => text.replaceAll("%", "%%");
  if (task.instances <= 1 && !isForked) return escaped(task.name);
  const digits = isForked ? 6 : String(task.instances - 1).length;
  return `${escaped(cutToBytes(task.name, MAXCOMLEN - 1 - digits))}-%d`;
}

/** The beginning of a text that takes at most this many bytes. */
function cutToBytes(text: string, bytesMax: number): string {
  const encoder = new TextEncoder();
  let cut = "";
  let bytes = 0;
  for (const letter of text) {
    bytes += encoder.encode(letter).length;
    if (bytes > bytesMax) break;
    cut += letter;
  }
  return cut;
}

/** What the compilation of a task needs to know of the rest. */
interface Context {
  readonly workload: Workload;
  readonly target: CompileTarget;
  readonly notes: Set<string>;
  readonly forkTargets: readonly number[];
}

class TaskCompiler {
  private readonly task: Task;
  private readonly context: Context;
  private readonly builder: MachineProgramBuilder;
  private readonly timers: ReadonlyMap<string, readonly [Register, Register]>;
  /** Where a thread that uses shared timers keeps when it started. */
  private readonly start: readonly [Register, Register] | null;
  private readonly phasesMove: boolean;
  private readonly isLong: boolean;

  constructor(task: Task, context: Context) {
    this.task = task;
    this.context = context;
    this.builder = program(task.name);
    this.start = usesSharedTimers(task)
      ? (TIMER_REGISTERS[0] as (typeof TIMER_REGISTERS)[0])
      : null;
    this.timers = this.assignTimers();
    const events = task.phases.reduce((count, phase) => count + phase.events.length, 0);
    this.isLong = events + task.phases.length > EVENTS_WITHIN_REACH;
    const [first, ...others] = task.phases;
    this.phasesMove = others.some((phase) => !sameCpus(phase.cpus, first?.cpus ?? null));
  }

  compile(): CompiledTask {
    const { task, builder, context } = this;
    const forkIndex = context.forkTargets.indexOf(task.index);
    const scheduling = startScheduling(task.scheduling);
    const cpus = this.cpusOf(task.phases[0]?.cpus ?? task.cpus);
    if (forkIndex >= 0) this.placeForkedEntry(cpus);
    builder.label("start").entry("start");
    this.placeStart();
    this.repeat(task.loop, "s0", () => this.placePhases());
    builder.comment("end").call("thread_report", task.index).call("kthread_exit");
    return {
      task,
      program: builder.build(),
      scheduling,
      cpus,
      nameFormat: nameFormat(task, forkIndex >= 0),
      forkIndex: forkIndex < 0 ? null : forkIndex,
    };
  }

  private assignTimers(): Map<string, readonly [Register, Register]> {
    const { ownTimers, name, line, column } = this.task;
    const timers = new Map<string, readonly [Register, Register]>();
    const registersLeft = TIMER_REGISTERS.slice(this.start === null ? 0 : 1);
    ownTimers.forEach((timer, index) => {
      const registers = registersLeft[index];
      if (registers !== undefined) timers.set(timer, registers);
    });
    if (timers.size < ownTimers.length) {
      const { fileName } = this.context.workload;
      const most = registersLeft.length;
      const message = `the task ${quote(name)} has ${ownTimers.length} timers of its own, and a thread can keep ${most}; share some, by names that do not begin with "unique"`;
      throw new WorkloadError({ fileName, line, column, key: name, message });
    }
    return timers;
  }

  /** Timers have their grid from where the thread starts, as rt-app's do: behind its delay. */
  private placeStart(): void {
    const { builder, task, timers, start } = this;
    const pairs = [...timers.values(), ...(start === null ? [] : [start])];
    if (pairs.length > 0) builder.call("clock_after", us(task.delayUs));
    for (const [low, high] of pairs) builder.mv(low, "a0").mv(high, "a1");
    if (task.delayUs === 0) return;
    builder.comment("delay");
    const [first] = pairs;
    if (first === undefined) builder.call("sleep", us(task.delayUs));
    else builder.call("sleep_until", pair(...first));
  }

  private note(sentence: string): void {
    this.context.notes.add(sentence);
  }

  /** A list of CPUs as this machine has them. */
  private cpusOf(cpus: readonly number[] | null): readonly number[] | null {
    if (cpus === null) return null;
    const count = this.context.target.cpus;
    const missing = cpus.filter((cpu) => cpu >= count);
    if (missing.length > 0) {
      const became = missing.map((cpu) => `${cpu} (now ${cpu % count})`).join(", ");
      this.note(
        `this machine has ${count === 1 ? "one CPU" : `${count} CPUs`}; task ${quote(this.task.name)} asks for ${became}`,
      );
    }
    return [...new Set(cpus.map((cpu) => cpu % count))].sort((a, b) => a - b);
  }

  // Structure

  private placeForkedEntry(cpus: readonly number[] | null): void {
    this.builder.label("forked");
    this.placeAffinity(cpus);
  }

  /** Places a body that runs `count` times (-1: for ever). */
  private repeat(count: number, counter: Register, body: () => void): void {
    if (count === 1) body();
    else if (count === LOOP_FOREVER) this.forever(body);
    else if (count > 0) this.loop(count, counter, body);
  }

  private forever(body: () => void): void {
    const { builder } = this;
    const again = builder.newLabel("forever");
    builder.label(again);
    body();
    this.jumpBack(again);
  }

  private loop(count: number, counter: Register, body: () => void): void {
    const { builder } = this;
    const again = builder.newLabel("again");
    const done = builder.newLabel("done");
    builder.li(counter, count).label(again);
    body();
    builder.addi(counter, counter, -1).beqz(counter, done);
    this.jumpBack(again);
    builder.label(done);
  }

  /** A task of very many events is longer than the mebibyte that a jump reaches. */
  private jumpBack(label: string): void {
    if (this.isLong) this.builder.la("t6", label).jr("t6");
    else this.builder.jump(label);
  }

  /** Places all phases up to the first that never ends. */
  private placePhases(): void {
    for (const phase of this.task.phases) {
      this.builder.comment(`phase ${quote(phase.name)}`);
      this.placePhaseStart(phase);
      this.repeat(phase.loop, "s1", () => {
        for (const event of phase.events) this.placeEvent(event);
      });
      if (phase.loop === LOOP_FOREVER) return;
    }
  }

  private placePhaseStart(phase: Phase): void {
    if (phase.scheduling !== null) {
      const start = startScheduling(phase.scheduling);
      if (start.deadline !== null) {
        this.builder.call("sched_setdeadline_self", ...deadlineTimes(start.deadline));
      } else this.builder.call("sched_setscheduler_self", start.policy, start.value);
    }
    if (this.phasesMove) this.placeAffinity(this.cpusOf(phase.cpus));
  }

  /** A thread that may run anywhere stays where it is. */
  private placeAffinity(cpus: readonly number[] | null): void {
    if (cpus === null) return;
    const mask = cpus.reduce((bits, cpu) => bits | (1n << BigInt(cpu)), 0n);
    this.builder.call("cpuset_setaffinity", mask);
  }

  // Events

  private placeEvent(event: WorkloadEvent): void {
    const { builder } = this;
    switch (event.type) {
      case "run":
      case "runtime":
        builder.compute(us(event.durationUs));
        break;
      case "mem":
      case "memrun":
      case "iorun":
        builder.comment(event.type).compute(ns(transferCostNs(event)));
        break;
      case "sleep":
        builder.call("sleep", us(event.durationUs));
        break;
      case "timer":
        this.placeTimer(event);
        break;
      case "yield":
        this.placeYield();
        break;
      case "suspend":
        this.placeSuspend(suspendPoint(this.task, event));
        break;
      case "resume":
        builder.call("wakeup", channel(suspendChannel(event.point)));
        break;
      case "fork":
        this.placeFork(event.taskIndex);
        break;
      default:
        this.placeObjectEvent(event);
    }
  }

  private placeObjectEvent(
    event: Exclude<
      WorkloadEvent,
      {
        type:
          | "run"
          | "runtime"
          | "mem"
          | "memrun"
          | "iorun"
          | "sleep"
          | "timer"
          | "yield"
          | "suspend"
          | "resume"
          | "fork";
      }
    >,
  ): void {
    const { builder } = this;
    const mutex = (name: string) => external(objectExternal("mutex", name));
    const condition = (name: string) => external(objectExternal("condition", name));
    const semaphore = (name: string) => external(objectExternal("semaphore", name));
    switch (event.type) {
      case "lock":
        builder.call("mtx_lock", mutex(event.mutex));
        break;
      case "unlock":
        builder.call("mtx_unlock", mutex(event.mutex));
        break;
      case "wait":
        builder.call("cv_wait", condition(event.condition), mutex(event.mutex));
        break;
      case "signal":
        builder.call("cv_signal", condition(event.condition));
        break;
      case "broad":
        builder.call("cv_broadcast", condition(event.condition));
        break;
      case "sync":
        this.placeSync(mutex(event.mutex), condition(event.condition));
        break;
      case "sem_post":
        builder.call("sema_post", semaphore(event.semaphore));
        break;
      case "sem_wait":
        builder.call("sema_wait", semaphore(event.semaphore));
        break;
      case "barrier":
        builder.call("barrier_wait", external(objectExternal("barrier", event.barrier)));
        break;
    }
  }

  /** Lock, signal, wait, unlock; files in the wild also use it with the mutex held, which it stays. */
  private placeSync(mutex: External, condition: External): void {
    const { builder } = this;
    const held = builder.newLabel("held");
    const done = builder.newLabel("done");
    const signalAndWait = () =>
      builder.call("cv_signal", condition).call("cv_wait", condition, mutex);
    builder.comment("sync").call("mtx_owned", mutex).bnez("a0", held).call("mtx_lock", mutex);
    signalAndWait().call("mtx_unlock", mutex).jump(done).label(held);
    signalAndWait().label(done);
  }

  private placeTimer(event: TimerEvent): void {
    const { builder } = this;
    const mode = event.mode === "absolute" ? TimerMode.ABSOLUTE : TimerMode.RELATIVE;
    const period = us(event.periodUs);
    const registers = event.perThread ? this.timers.get(event.timer) : undefined;
    if (registers === undefined) {
      const timer = external(objectExternal("timer", event.timer));
      const start = this.start as readonly [Register, Register];
      builder.call("timer_wait_from", timer, period, mode, pair(...start));
      return;
    }
    const [low, high] = registers;
    builder.call("timer_next", pair(low, high), period, mode).mv(low, "a0").mv(high, "a1");
  }

  private placeYield(): void {
    if (this.context.target.scheduler === "lwkt") this.builder.call("lwkt_yield");
    else this.builder.call("sched_relinquish");
  }

  private placeSuspend(point: string): void {
    this.builder.call("tsleep", channel(suspendChannel(point)), 0, string("suspend"), 0);
  }

  /** Starts a thread in a process of its own; one that cannot be had is counted. */
  private placeFork(taskIndex: number): void {
    const { builder, context } = this;
    const target = context.workload.tasks[taskIndex] as Task;
    const failed = builder.newLabel("failed");
    const done = builder.newLabel("forked");
    const at = context.forkTargets.indexOf(taskIndex) * FORK_ENTRY.size;
    builder.comment(`fork ${quote(target.name)}`).li("a5", external(FORK_TABLE));
    this.addOffset(at);
    builder
      .addi("a4", "a5", FORK_ENTRY.next)
      .li("a3", 1)
      .amoaddW("a4", "a3", "a4")
      .lw("a0", "a5", FORK_ENTRY.entry)
      .call("kproc_create", "a0", 0, RFSTOPPED, 0, string(nameFormat(target, true)), "a4")
      .bnez("a0", failed)
      .comment("a2 is the thread: it starts with its own priority")
      .mv("a3", "a2"); // where the arguments of the next calls do not come
    const start = startScheduling(target.scheduling);
    let thread: Register = "a3";
    if (start.deadline === null) {
      builder.call("sched_setscheduler", thread, start.policy, start.value);
    } else {
      thread = "t6"; // a deadline's arguments overwrite a3
      builder.mv(thread, "a3").call("sched_setdeadline", thread, ...deadlineTimes(start.deadline));
    }
    builder.call("sched_add", thread).jump(done).label(failed).li("a5", external(FORK_TABLE));
    this.addOffset(at);
    builder.addi("a4", "a5", FORK_ENTRY.failed).li("a3", 1).amoaddW("zero", "a3", "a4").label(done);
  }

  private addOffset(bytes: number): void {
    if (bytes > 0) this.builder.li("a4", bytes).add("a5", "a5", "a4");
  }
}

/** A deadline's times as the kernel's calls take them, in microseconds. */
export function deadlineTimes({
  runtimeUs,
  deadlineUs,
  periodUs,
}: DeadlineParameters): [number, number, number] {
  return [runtimeUs, deadlineUs, periodUs];
}

function usesSharedTimers(task: Task): boolean {
  return task.phases.some(({ events }) =>
    events.some((event) => event.type === "timer" && !event.perThread),
  );
}

function sameCpus(a: readonly number[] | null, b: readonly number[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((cpu, index) => cpu === b[index]);
}
