/**
 * Runs a workload on a machine: boots it to measure, loads the programs, creates the threads, and goes
 * on for as long as its caller wants.
 *
 * A cycle of the machine is a nanosecond, its clock ticks a million times a second, and a quantum is a
 * tick: what threads do is exact to the microsecond, also between CPUs.
 */
import { MutexOption } from "../core/call-options.js";
import {
  type MachineConfig,
  PAGE_ZERO,
  type SchedulerName,
  type Topology,
} from "../core/config.js";
import { ConfigError, KernelError } from "../core/errors.js";
import type { KernelBuild } from "../core/instantiate.js";
import { DL_MAX, EBUSY, HOST_EVENT_REPORT, RFSTOPPED } from "../generated/layout.js";
import { type KernelCall, sys } from "../machine/calls.js";
import { Machine } from "../machine/machine.js";
import type { RunReason } from "../machine/options.js";
import type { LoadedProgram } from "../machine/programs.js";
import { type ProcessView, ThreadView } from "../machine/views.js";
import type { SnapshotPart } from "../snapshot/part.js";
import {
  type CompiledTask,
  type CompiledWorkload,
  compileWorkload,
  deadlineTimes,
  FORK_ENTRY,
  FORK_TABLE,
  type ObjectSpec,
  objectExternal,
  suspendChannel,
} from "./compile.js";
import { quote, WorkloadError } from "./diagnostics.js";
import { type DeadlineParameters, LOOP_FOREVER, type Task, type Workload } from "./model.js";
import { accountOf, type ThreadAccount } from "./run-account.js";

/** The machine that a workload runs on. */
export interface WorkloadOptions {
  /** CPUs, 1 to 64. Default 4. */
  readonly cpus?: number;
  /** What the CPUs are made of, for ule ({@link MachineConfig.topology}). Default: all share one cache. */
  readonly topology?: Topology;
  /** Scheduler. Default "lwkt". */
  readonly scheduler?: SchedulerName;
  /** Run queues of 4bsd and ule. Default 256. */
  readonly runQueues?: 64 | 256;
  /** Seed of the machine's random numbers. Default 0. */
  readonly seed?: bigint | number;
  /** WITNESS: reports locks that are taken in different orders, on the console. Default false. */
  readonly witness?: boolean;
  /** Preempt threads at random, and let messages and timeouts be late within bounds. Default false. */
  readonly chaos?: boolean;
  /** Lock profiling: the report's `locks`. Default false. */
  readonly lockProfile?: boolean;
  /** Who finds a lock taken spins while the thread that has it runs on another CPU. Default false. */
  readonly adaptiveLocks?: boolean;
  /** Build of the kernel. Default "release". */
  readonly build?: KernelBuild;
}

/** CPUs of a workload's machine, unless it is told otherwise. */
export const DEFAULT_CPUS = 4;
/** Cycles in a microsecond of a workload's machine. */
export const CYCLES_PER_US = 1_000;
/** How long a workload runs that neither ends nor says how long, in microseconds. */
const DEFAULT_DURATION_US = 10_000_000;
/** Ended threads of which everything is kept; of more only sums. */
const ENDED_KEPT_MAX = 20_000;

/** Threads with closed accounts that are remembered before those that have exited are forgotten. */
const CLOSED_MAX = 1_000;
const HZ = 1_000_000;
const CYCLES_PER_SECOND = CYCLES_PER_US * HZ;
/** Statistics take 712 bytes per thread; with more threads than this there are none. */
const STATISTICS_THREADS_MAX = 200_000;
/** Threads of the kernel's own and those that the kernel keeps for privileged callers. */
const SPARE_THREADS = 200;
/** Room for forked threads at a time. */
const FORKED_THREADS_MAX = 20_000;
const PROCESSES_MAX = 99_999;
const SPARE_PROCESSES = 16;
/** Bytes of a kernel text apart from its letters, and how many texts a name can become. */
const TEXT_OVERHEAD = 16;
const TEXTS_PER_NAME = 4;
/** The kernel's own objects: its lists of event handlers. */
const SPARE_OBJECTS = 16;

/** Sums over ended threads that are not kept one by one. */
export interface EndedSums {
  threads: number;
  cpuCycles: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
  wakeups: number;
}

/** What a thread was that has closed its account. */
interface ClosedAccount {
  readonly tid: number;
  readonly runtime: number;
}

/** What a snapshot of a workload's machine has to have of the run. */
interface Accounts {
  readonly ended: readonly ThreadAccount[];
  readonly endedSums: EndedSums;
  readonly closed: readonly (readonly [address: number, account: ClosedAccount])[];
}

/** How long a workload wants to run, in microseconds; null: until its threads have ended. */
export function workloadDurationUs(workload: Workload): number | null {
  if (workload.global.durationUs !== null) return workload.global.durationUs;
  return workload.tasks.some(isEndless) ? DEFAULT_DURATION_US : null;
}

/** True for a task that has threads, or may get some, which never end by themselves. */
export function isEndless(task: Workload["tasks"][number]): boolean {
  return task.loop === LOOP_FOREVER || task.phases.some((phase) => phase.loop === LOOP_FOREVER);
}

/** A workload on its machine. */
export class WorkloadRun {
  readonly workload: Workload;
  readonly compiled: CompiledWorkload;
  readonly machine: Machine;
  /** Threads that have ended, in that order. */
  readonly ended: ThreadAccount[] = [];
  /** Those that have ended after ENDED_KEPT_MAX others. */
  readonly endedSums: EndedSums = {
    threads: 0,
    cpuCycles: 0,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
    wakeups: 0,
  };
  /** What the reader, the compiler and the machine's size have to say. */
  readonly notes: readonly string[];
  private readonly programs: LoadedProgram[] = [];
  private readonly tasksByPid = new Map<number, CompiledTask>();
  private readonly tasksByName = new Map<string, CompiledTask>();
  /** Threads that have closed their accounts and may not have exited yet, by address. */
  private readonly closed = new Map<number, ClosedAccount>();
  /** How many of them there may be before those that have exited are looked for. */
  private closedMax = CLOSED_MAX;
  private forkTable = 0;

  /**
   * @param machine to run on, one that has room for it; by default it gets one of its own
   * @throws WorkloadError when the workload cannot be compiled.
   * @throws ConfigError when no machine can hold it.
   */
  constructor(workload: Workload, options: WorkloadOptions = {}, machine?: Machine) {
    const { cpus = DEFAULT_CPUS, scheduler = "lwkt" } = options;
    this.workload = workload;
    this.compiled = compileWorkload(workload, { cpus, scheduler });
    const config = machineConfig(this.compiled, { ...options, cpus, scheduler });
    this.machine = machine ?? new Machine(config, options.build ?? "release");
    this.notes = [
      ...workload.notes,
      ...this.compiled.notes,
      ...sizeNotes(config),
      ...seedNotes(config),
      ...topologyNotes(config),
      ...runQueueNotes(options),
    ];
    this.watchEnds();
    this.machine.attach(this.accounts());
    this.load();
    for (const task of this.compiled.tasks) this.createThreads(task);
  }

  /**
   * Runs on, until a time in cycles since boot (none: until nothing can happen any more) or for a
   * number of rounds.
   */
  advance(until: bigint | null, rounds?: number): RunReason {
    return this.machine.run({ until: until ?? undefined, rounds }).reason;
  }

  /** The threads that exist, but for those that have closed their accounts. */
  *threads(): Generator<ThreadView> {
    for (const process of this.machine.processes()) {
      if (process.pid <= 1) continue;
      for (const thread of process.threads()) if (!this.isEnding(thread)) yield thread;
    }
  }

  /** True for a thread on its last steps, which is among the ended ones already. */
  private isEnding(thread: ThreadView): boolean {
    const closed = this.closed.get(thread.address);
    return closed?.tid === thread.tid && thread.runtime >= closed.runtime;
  }

  /** The task of a thread: that of its process, which for a forked thread is known by its name. */
  taskOf(thread: ThreadView): CompiledTask | null {
    const { process } = thread;
    if (process === null) return null;
    return this.tasksByPid.get(process.pid) ?? this.tasksByName.get(process.name) ?? null;
  }

  /** The suspend point whose sleepers use a wait channel, or null. */
  suspendPointAt(waitChannel: number): string | null {
    const isAt = (point: string) => this.machine.channel(suspendChannel(point)) === waitChannel;
    return this.workload.suspendPoints.find(isAt) ?? null;
  }

  /** How many forks of a task have found no room for another thread. */
  failedForks(task: CompiledTask): number {
    return task.forkIndex === null ? 0 : this.forkWord(task.forkIndex, FORK_ENTRY.failed).get();
  }

  // ---- Loading ----

  private load(): void {
    const { machine, compiled } = this;
    const externals: Record<string, number> = {};
    for (const object of compiled.objects) {
      externals[objectExternal(object.kind, object.name)] = this.createObject(object);
    }
    if (compiled.forkTable !== null) {
      this.forkTable = machine.load(compiled.forkTable).addressOf(FORK_TABLE);
      externals[FORK_TABLE] = this.forkTable;
    }
    for (const task of compiled.tasks) this.programs.push(machine.load(task.program, externals));
    compiled.forkTargets.forEach((taskIndex, forkIndex) => {
      const entry = this.programOf(taskIndex).addressOf("forked");
      this.forkWord(forkIndex, FORK_ENTRY.entry).set(entry);
      const task = compiled.tasks[taskIndex] as CompiledTask;
      this.tasksByName.set(this.processName(task), task);
    });
  }

  private programOf(taskIndex: number): LoadedProgram {
    return this.programs[taskIndex] as LoadedProgram;
  }

  private forkWord(forkIndex: number, offset: number) {
    const at = this.forkTable + forkIndex * FORK_ENTRY.size + offset;
    const { buffer, byteOffset } = this.machine.guestMemory;
    const view = new DataView(buffer, byteOffset + at, 4);
    return {
      get: () => view.getUint32(0, true),
      set: (value: number) => view.setUint32(0, value, true),
    };
  }

  /** Without "pi_enabled" a mutex lends nothing and goes to who came first. */
  private get mutexOptions(): number {
    return this.workload.global.priorityLending ? 0 : MutexOption.NOLEND;
  }

  private createObject({ kind, name, parties }: ObjectSpec): number {
    switch (kind) {
      case "mutex":
        return this.create(sys.mtx_init(name, this.mutexOptions));
      case "condition":
        return this.create(sys.cv_create(name));
      case "semaphore":
        return this.create(sys.sema_create(name, 0));
      case "barrier":
        return this.create(sys.barrier_create(name, parties));
      case "timer":
        return this.create(sys.timer_create(name));
    }
  }

  /** Makes a creating call and returns the address of what it created. */
  private create(call: KernelCall<unknown>): number {
    const [error, address] = this.machine.call(call);
    if (error !== 0) throw new KernelError(call.call, error);
    return address >>> 0;
  }

  /** The name of a task's processes as the kernel cuts it. */
  private processName({ task }: CompiledTask): string {
    const { kernel: machineKernel } = this.machine;
    return machineKernel.formatName(machineKernel.intern("%s"), machineKernel.intern(task.name));
  }

  // ---- Threads ----

  /** A process for the task; its threads are the task's instances. */
  private createThreads(compiled: CompiledTask): void {
    const { task, nameFormat } = compiled;
    const { entry } = this.programOf(task.index);
    let process = 0;
    for (let instance = 0; instance < task.instances; instance++) {
      const thread = this.create(
        sys.kproc_kthread_add(entry, 0, process, RFSTOPPED, 0, task.name, nameFormat, instance),
      );
      if (instance === 0) process = this.newProcess(compiled, thread);
      this.start(compiled, thread, instance);
    }
  }

  /** The process that was created with a task's first thread. */
  private newProcess(compiled: CompiledTask, thread: number): number {
    const process = this.machine.thread(thread).process as ProcessView;
    this.tasksByPid.set(process.pid, compiled);
    return process.address;
  }

  private start({ task, scheduling, cpus }: CompiledTask, thread: number, instance: number): void {
    const { machine } = this;
    if (cpus !== null) {
      machine.place({ address: thread }, cpus[instance % cpus.length] as number);
      if (machine.config.cpus > 1) {
        const mask = cpus.reduce((set, cpu) => set | (1n << BigInt(cpu)), 0n);
        machine.call(sys.cpuset_setthread(thread, mask));
      }
    }
    if (scheduling.deadline !== null) this.promise(task, thread, scheduling.deadline);
    else machine.call(sys.sched_setscheduler(thread, scheduling.policy, scheduling.value));
    machine.call(sys.sched_add(thread));
  }

  /** Gives a thread its deadline, or says why it cannot have it. */
  private promise(task: Task, thread: number, deadline: DeadlineParameters): void {
    const [error] = this.machine.call(sys.sched_setdeadline(thread, ...deadlineTimes(deadline)));
    if (error === 0) return;
    const { fileName } = this.workload;
    const { name, line, column } = task;
    const share = ((deadline.runtimeUs / deadline.deadlineUs) * 100).toFixed(1);
    const message =
      error === EBUSY
        ? `a thread of ${quote(name)} asks for ${share} % of a CPU by its deadline (dl-runtime ${deadline.runtimeUs} of dl-deadline ${deadline.deadlineUs}), and no CPU that it may have has so much left: 95 % of each can be promised; give it less, or the machine more CPUs`
        : `a thread of ${quote(name)} cannot have a deadline: ${DL_MAX} threads have one`;
    throw new WorkloadError({ fileName, line, column, key: name, message });
  }

  /** Keeps the accounts of threads that end, whose structures are used again. */
  private watchEnds(): void {
    const { kernel: machineKernel } = this.machine;
    const before = machineKernel.onEvent;
    machineKernel.onEvent = (list, cookie, arg) => {
      if (list === HOST_EVENT_REPORT) this.threadEnds(cookie, arg >>> 0);
      else before?.(list, cookie, arg);
    };
  }

  /** What is kept of the threads that have ended goes back with the machine. */
  private accounts(): SnapshotPart<Accounts> {
    const { ended, endedSums, closed } = this;
    return {
      name: "workload's accounts",
      save: () => ({
        ended: [...ended],
        endedSums: { ...endedSums },
        closed: [...closed],
      }),
      restore: (saved) => {
        ended.length = 0;
        for (const account of saved.ended) ended.push(account);
        Object.assign(endedSums, saved.endedSums);
        closed.clear();
        for (const [address, account] of saved.closed) closed.set(address, account);
      },
    };
  }

  private threadEnds(taskIndex: number, address: number): void {
    const thread = new ThreadView(this.machine.kernel, address);
    this.closed.set(address, { tid: thread.tid, runtime: thread.runtime });
    if (this.closed.size > this.closedMax) this.forgetExited();
    if (this.ended.length >= ENDED_KEPT_MAX) {
      this.addToSums(thread);
      return;
    }
    const task = this.compiled.tasks[taskIndex]?.task.name ?? "";
    this.ended.push(accountOf(this.machine, thread, { task, isEnded: true }));
  }

  private addToSums(thread: ThreadView): void {
    const sums = this.endedSums;
    sums.threads += 1;
    sums.cpuCycles += thread.runtime;
    sums.voluntarySwitches += thread.voluntarySwitches + 1;
    sums.involuntarySwitches += thread.involuntarySwitches;
    sums.wakeups += thread.wakeups;
  }

  /** Most threads that have closed their accounts are gone soon after. */
  private forgetExited(): void {
    for (const [address, { tid }] of this.closed) {
      const thread = new ThreadView(this.machine.kernel, address);
      if (thread.tid !== tid || thread.state === "exited") this.closed.delete(address);
    }
    // Those that are left are looked at again when they have doubled: a constant number of looks per thread.
    this.closedMax = Math.max(CLOSED_MAX, 2 * this.closed.size);
  }
}

// ---- The machine's size ----

/** The settings of a machine that has room for a workload. */
export function workloadConfig(workload: Workload, options: WorkloadOptions): MachineConfig {
  const { cpus = DEFAULT_CPUS, scheduler = "lwkt" } = options;
  const compiled = compileWorkload(workload, { cpus, scheduler });
  return machineConfig(compiled, { ...options, cpus, scheduler });
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

function machineConfig(
  compiled: CompiledWorkload,
  options: WorkloadOptions & { cpus: number; scheduler: SchedulerName },
): MachineConfig {
  const { workload, forkTargets } = compiled;
  const forked = forkTargets.length > 0 ? FORKED_THREADS_MAX : 0;
  const processes = compiled.tasks.filter(({ task }) => task.instances > 0).length;
  if (processes > PROCESSES_MAX - SPARE_PROCESSES) {
    throw new ConfigError(
      `${workload.fileName} has ${processes} tasks with threads; a machine has room for ${PROCESSES_MAX - SPARE_PROCESSES} of them`,
    );
  }
  const memory = guestMemory(compiled);
  return {
    cpus: options.cpus,
    topology: options.topology,
    scheduler: options.scheduler,
    userThreads: true,
    runQueues: options.runQueues ?? 256,
    seed: options.seed ?? 0,
    witness: options.witness ?? false,
    chaos: options.chaos ?? false,
    lockProfile: options.lockProfile ?? false,
    adaptiveLocks: options.adaptiveLocks ?? false,
    hz: HZ,
    cyclesPerSecond: CYCLES_PER_SECOND,
    quantum: CYCLES_PER_US,
    statistics: workload.threadCount <= STATISTICS_THREADS_MAX,
    maxthread: Math.max(1_000, workload.threadCount + forked + SPARE_THREADS),
    maxproc: Math.min(PROCESSES_MAX, Math.max(1_000, processes + forked + SPARE_PROCESSES)),
    objects: compiled.objects.length + SPARE_OBJECTS,
    stringMemory: stringMemory(compiled),
    textMemory: memory.text,
    guestMemory: memory.text + memory.data,
  };
}

/** Bytes of the programs' text and data. Page zero is none of it, and the first word behind is the kernel's. */
function guestMemory({ tasks, forkTable }: CompiledWorkload): { text: number; data: number } {
  const programs = tasks.map(({ program }) => program);
  if (forkTable !== null) programs.push(forkTable);
  const text = programs.reduce((sum, { words }) => sum + words.byteLength, PAGE_ZERO + 4);
  const data = programs.reduce((sum, program) => sum + program.data.size + program.data.align, 0);
  return { text: roundUp(Math.max(text, 1024), 4096), data: roundUp(Math.max(data, 4), 4096) };
}

function stringMemory({ tasks, objects, workload }: CompiledWorkload): number {
  const names = [
    ...tasks.map(({ task }) => task.name),
    ...objects.map(({ name }) => name),
    ...workload.suspendPoints,
  ];
  const bytes = names.reduce((sum, name) => sum + name.length * 3 + TEXT_OVERHEAD, 0);
  return roundUp(bytes * TEXTS_PER_NAME + 65_536, 4096);
}

/** The seed has no say where nobody draws random numbers: better said than wondered about. */
function seedNotes({ seed = 0, scheduler, chaos }: MachineConfig): string[] {
  if (BigInt(seed) === 0n || chaos || scheduler === "ule") return []; // whose balancer draws some
  return [`seed ${seed} changes nothing: no thread of a workload draws random numbers`];
}

/** Nor has the topology, where the scheduler does not look at it. */
function topologyNotes({ topology = {}, scheduler = "lwkt" }: MachineConfig): string[] {
  if (scheduler === "ule" || Object.keys(topology).length === 0) return [];
  return [`the topology changes nothing under ${String(scheduler)}: only ule looks at it`];
}

/** Nor have run queues, where the scheduler has its own number of them. */
function runQueueNotes({ runQueues, scheduler = "lwkt" }: WorkloadOptions): string[] {
  if (runQueues === undefined || scheduler === "4bsd" || scheduler === "ule") return [];
  return [`runQueues changes nothing under ${scheduler}: only 4bsd and ule look at it`];
}

function sizeNotes(config: MachineConfig): string[] {
  if (config.statistics !== false) return [];
  const most = STATISTICS_THREADS_MAX.toLocaleString("en-US");
  return [`with more than ${most} threads no wakeups and latencies are recorded`];
}
