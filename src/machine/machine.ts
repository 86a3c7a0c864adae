// The machine: boot, create processes and threads, run, look.

import { CompiledPart, Compiler, type CompilerCounters } from "../compiler/index.js";
import { callback, checkArgument, checkOptions, oneOf, text, word } from "../core/arguments.js";
import { type CallName, calls } from "../core/calls.js";
import type { CompleteConfig, MachineConfig } from "../core/config.js";
import { KernelError, KernelPanic } from "../core/errors.js";
import type { Printed } from "../core/format.js";
import { showAs } from "../core/inspected.js";
import { type KernelBuild, type KernelSource, loadBuild } from "../core/instantiate.js";
import { type Fault, Kernel } from "../core/kernel.js";
import { readSysctl, type SysctlName, type SysctlValue, writeSysctl } from "../core/sysctl.js";
import * as Layout from "../generated/layout.js";
import type { Program } from "../program/index.js";
import { programRule } from "../program/program.js";
import type { SnapshotPart } from "../snapshot/part.js";
import type { Moment, Recording, RecordOptions } from "../snapshot/recording.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import {
  callRule,
  checkRange,
  checkStart,
  externalsRule,
  lineRule,
  type MachineRules,
  machineRules,
  runRules,
  sysinitsRule,
  threadRule,
} from "./arguments.js";
import { Bodies } from "./bodies.js";
import { type Handle, type KernelCall, sys } from "./calls.js";
import { creationError, creationFlags, refusal } from "./creation.js";
import { type EventListName, eventLists } from "./event-lists.js";
import { type FaultReport, reportFault } from "./faults.js";
import { HostState } from "./host-state.js";
import type {
  Counters,
  LwktOptions,
  ProcessOptions,
  RunOptionsOf,
  RunReason,
  RunResult,
  SysInitOf,
  ThreadOptions,
} from "./options.js";
import { postMortemOf } from "./post-mortem.js";
import { type LoadElfOptions, type LoadedElf, type LoadedProgram, Programs } from "./programs.js";
import { formatPs } from "./ps.js";
import type { MachineFunctions } from "./resources.js";
import type { SnapshotOptions, TwinOptions } from "./snapshots.js";
import { buildOf, configOf, forkOptions, MachineSnapshots } from "./snapshots.js";
import { attachScheduler } from "./user-scheduler.js";
import { CpuView, ProcessView, ThreadView } from "./views.js";

// Values of Machine.exited: in this run, or in one before.
const EXITED_NOW = 1;
const EXITED_BEFORE = 2;
/** How long to run. What is left out does not bound the run. */
export type RunOptions = RunOptionsOf<Machine>;
/** Something to be done when a machine starts; `sysinit` makes it. */
export type SysInit = SysInitOf<Machine>;

const ROUNDS_PER_CALL = 2_000;
const CYCLES_MAX = 2n ** 64n - 1n;
const KEPT_TRACE_RECORDS = 32;
const reasons: Readonly<Record<number, RunReason>> = {
  [Layout.Run.IDLE]: "idle",
  [Layout.Run.TIME]: "time",
  [Layout.Run.SWITCHES]: "switches",
  [Layout.Run.STOPPED]: "stopped",
  [Layout.Run.BUDGET]: "rounds",
  [Layout.Run.BREAK]: "break",
};

/**
 * A machine of emulated CPUs with a kernel and its threads.
 *
 * @example
 * const machine = new Machine({ cpus: 2 });
 * machine.createThread({ name: "hello", *body() {
 *   yield* sys.compute(1_000n);
 *   yield sys.lwkt_yield();
 * }});
 * machine.run();
 */
export class Machine {
  /** The kernel underneath: for tools that read its structures. */
  readonly kernel: Kernel;
  /** The configuration with its defaults. */
  readonly config: CompleteConfig;
  /** @internal */
  readonly bodies: Bodies;
  /** @internal */
  readonly programs: Programs;
  private readonly rules: MachineRules;
  private readonly compiler: Compiler | null;
  private readonly host: HostState;
  private readonly snapshots: MachineSnapshots;
  /** True while something is created in several steps: what a handler throws waits for the last of them. */
  private isCreating = false;

  static {
    showAs(Machine, ({ config, cycles, counters, hash }) => {
      const { cpus, scheduler } = config;
      return { cpus, scheduler, cycles, ...counters, hash };
    });
  }

  /**
   * Boots a machine.
   *
   * @param sysinits what is to be done when the system starts: see {@link sysinit}
   * @throws ConfigError when a setting is out of range, or when everything together does not fit into memory:
   *   the message says what fits.
   */
  constructor(
    config: MachineConfig = {},
    build: KernelSource = "release",
    sysinits: readonly SysInit[] = [],
  ) {
    checkArgument("Machine", "sysinits", sysinits, sysinitsRule);
    this.kernel = new Kernel(config, build, "later");
    this.kernel.holdsFailures = true;
    const scheduler = attachScheduler(this.kernel);
    this.config = this.kernel.config;
    this.rules = machineRules(this.kernel);
    this.bodies = new Bodies(this.kernel);
    this.compiler = this.config.jit && Compiler.isPossible ? new Compiler(this.kernel) : null;
    this.host = new HostState(this.kernel.machine("guest_low") + 4, this.config.textMemory);
    const { kernel, host, bodies } = this;
    this.snapshots = new MachineSnapshots({
      kernel,
      host,
      bodies,
      runOn: (to) => this.runTo(to).reason === "exit",
    });
    this.snapshots.attach(new CompiledPart(this.kernel, this.compiler) as SnapshotPart);
    if (scheduler !== null) this.snapshots.attach(scheduler as SnapshotPart);
    this.programs = new Programs(this.kernel, this.host);
    if (this.compiler !== null) this.compiler.functions = () => this.programs.functions;
    this.snapshots.attach(this.programs);
    this.kernel.onOutput = (bytes) => this.onOutput?.(bytes);
    this.kernel.onFault = (fault) => this.fault(fault);
    this.kernel.onPrint = (text) => this.print(text);
    this.kernel.onEvent = (_list, cookie, arg) => this.host.handler(cookie)?.(arg);
    this.startup(sysinits);
  }

  /**
   * Boots a machine wherever the library runs: loads and compiles the kernel first, by `fetch` in a browser.
   * `new Machine()` does the same where there are files to read.
   */
  static async create(
    config: MachineConfig = {},
    build: KernelSource = "release",
    sysinits: readonly SysInit[] = [],
  ): Promise<Machine> {
    if (typeof build === "string") await loadBuild(build as KernelBuild);
    return new Machine(config, build, sysinits);
  }

  // ---- Start and end ----

  /** Starts the system: the kernel's own steps among those of the caller, in subsystem order. */
  private startup(sysinits: readonly SysInit[]): void {
    const own = (subsystem: number): SysInit => ({
      name: "kernel",
      subsystem,
      order: Layout.SI_ORDER_FIRST,
      start: () => this.kernel.startup(subsystem),
    });
    const steps = [own(Layout.SI_SUB_INTRINSIC), own(Layout.SI_SUB_CREATE_INIT), ...sysinits];
    steps.sort((a, b) => a.subsystem - b.subsystem || a.order - b.order);
    for (const { start } of steps) this.guarded(() => start(this));
  }

  /** Makes a kthread_start or kproc_start call; returns the address of what it created. */
  startFrom(
    call: "kthread_start" | "kproc_start",
    name: string,
    body: ThreadOptions["body"],
  ): number {
    checkStart(this.rules, call, name, body);
    const [func, arg] = this.bodyArguments(body);
    return this.invoke(call, [this.kernel.intern(name), func, arg])[1] >>> 0;
  }

  /**
   * Registers an event handler of the host (EVENTHANDLER(9)). Handlers of a list are called in order of priority, the
   * smallest first. A handler is called in the middle of a step: it may look at the machine and stop it; anything else
   * that it asks of the machine is refused with EBUSY.
   *
   * @param handler gets the address of the thread, or what `reboot` was called with
   * @returns a function that takes the handler off its list, which no handler can do
   * @throws ArgumentError when there is no such list, or the handler is no function.
   * @throws KernelError ENOMEM when there is no room for another kernel object.
   */
  onEvent(
    list: EventListName,
    handler: (argument: number) => void,
    priority: number = Layout.EVENTHANDLER_PRI_ANY,
  ): () => void {
    checkArgument("onEvent", "list", list, oneOf(Object.keys(eventLists)));
    checkArgument("onEvent", "handler", handler, callback);
    checkArgument("onEvent", "priority", priority, word);
    const cookie = this.host.nextHandler++;
    const args = [eventLists[list], Layout.EventFn.HOST, cookie, priority];
    const handle = this.invoke("eventhandler_register", args)[0];
    if (handle === 0) throw new KernelError("eventhandler_register", Layout.ENOMEM);
    this.host.setHandler(cookie, handler);
    return () => {
      this.invoke("eventhandler_deregister", [handle]);
      this.host.deleteHandler(cookie);
    };
  }

  /**
   * Shuts the system down: a kernel thread runs the shutdown handlers, which wait for those that are
   * registered to suspend, up to a minute of virtual time each. Returns when all have run.
   *
   * @param howto is passed on to the handlers
   */
  shutdown(howto = 0): void {
    checkArgument("shutdown", "howto", howto, word);
    this.kernel.refuseInside("shutdown");
    const machine = this;
    let done = false;
    this.createThread({
      name: "shutdown",
      *body() {
        yield* sys.reboot(howto);
        done = true;
        machine.stop();
        yield sys.kthread_exit();
      },
    });
    while (!done && this.run().reason === "stopped");
  }

  // ---- Creating ----

  /**
   * Creates a kernel thread (kthread_add(9)) in the kernel's own process or another one.
   *
   * @throws ArgumentError when an option is not what it may be.
   * @throws KernelError ENOMEM when maxthread is reached or there is no memory for a kernel stack.
   */
  createThread(options: ThreadOptions): ThreadView {
    checkOptions("createThread", options, this.rules.thread);
    const { process, stackPages = 0 } = options;
    const rest = [process?.address ?? 0, creationFlags(options), stackPages];
    return this.creating("createThread", options, (name, format) =>
      this.startThread(this.create("kthread_add", options, [...rest, format, name]), options),
    );
  }

  /**
   * Creates a kernel process with one thread (kproc_create(9)).
   *
   * @throws ArgumentError when an option is not what it may be.
   * @throws KernelError EAGAIN when maxproc is reached, ENOMEM when maxthread is.
   */
  createProcess(options: ProcessOptions): ProcessView {
    checkOptions("createProcess", options, this.rules.process);
    const { stackPages = 0 } = options;
    const rest = [creationFlags(options), stackPages];
    return this.creating("createProcess", options, (name, format) => {
      const address = this.create("kproc_create", options, [...rest, format, name]);
      const process = new ProcessView(this.kernel, address);
      const [first] = process.threads();
      if (first !== undefined) this.startThread(first.address, options);
      return process;
    });
  }

  /**
   * Creates a thread of LWKT only (lwkt_create): no process, no thread id.
   *
   * @throws ArgumentError when an option is not what it may be.
   * @throws KernelError ENOMEM when maxthread is reached.
   */
  createLwkt(options: LwktOptions): ThreadView {
    checkOptions("createLwkt", options, this.rules.lwkt);
    const { priority = 0, stopped = false, cpu = 0 } = options;
    return this.creating("createLwkt", options, (name, format) => {
      const address = this.create("lwkt_create", options, [0, Layout.TDL_STOPREQ, format, name]);
      this.setGlobalPointer(address, options);
      if (priority !== 0) this.invoke("lwkt_setpri", [address, priority]);
      if (cpu !== 0) this.invoke("lwkt_migrate", [address, cpu]);
      if (!stopped) this.invoke("lwkt_schedule", [address]);
      return new ThreadView(this.kernel, address);
    });
  }

  /**
   * Creates something in several steps, of which a handler that throws breaks off none. `make` gets the texts of the
   * name and its format, which are there before a body is announced: there may be no room for them.
   */
  private creating<T>(
    method: string,
    { name }: LwktOptions | ProcessOptions,
    make: (name: number, format: number) => T,
  ): T {
    this.beforeChange(method);
    const format = this.kernel.intern("%s");
    const text = this.kernel.intern(name);
    this.isCreating = true;
    try {
      return make(text, format);
    } finally {
      this.isCreating = false;
      this.kernel.throwFailure();
    }
  }

  private bodyArguments(body: ThreadOptions["body"], arg?: number): [number, number] {
    if (typeof body === "function") return [Layout.FUNC_HOST, this.bodies.announce(body, arg ?? 0)];
    if (typeof body === "number") return [body, arg ?? 0];
    return [body.entry, arg ?? ("argument" in body ? body.argument : 0)];
  }

  /** Makes a creating call, whose first two arguments are a function and its own argument. */
  private create(call: CallName, { body, arg }: LwktOptions, rest: readonly number[]): number {
    const [func, argument] = this.bodyArguments(body, arg);
    const [error, address] = this.invoke(call, [func, argument, ...rest]);
    if (error === 0) return address >>> 0;
    if (func === Layout.FUNC_HOST) this.bodies.withdraw(argument);
    throw creationError(call, error, this.config);
  }

  /** Sets gp for a function of an ELF program; its start file sets it itself. */
  private setGlobalPointer(td: number, { body }: ThreadOptions | LwktOptions): void {
    if (typeof body !== "number") return;
    const pointer = this.programs.elfAt(body)?.symbols.find("__global_pointer$");
    if (pointer === undefined) return;
    this.kernel.u32[(this.kernel.frame(td) + Layout.Frame.gp) >>> 2] = pointer;
  }

  /** Gives a new thread its priority and CPU, and starts it if it was created stopped for that. */
  private startThread(address: number, options: ProcessOptions): ThreadView {
    this.setGlobalPointer(address, options);
    if (options.cpu !== undefined) this.place({ address }, options.cpu);
    if (options.priority !== undefined) this.invoke("sched_prio", [address, options.priority]);
    if (creationFlags(options) !== 0 && options.stopped !== true) {
      this.invoke("sched_add", [address]);
    }
    return new ThreadView(this.kernel, address);
  }

  /**
   * Gives a thread that was created stopped, and has not been made runnable yet, to a CPU.
   *
   * @throws ArgumentError when there is no such CPU.
   * @throws KernelError EBUSY when the thread has run or is runnable, ESRCH when it is no thread.
   */
  place(thread: Handle, cpu: number): void {
    checkArgument("place", "thread", thread, threadRule);
    checkArgument("place", "cpu", cpu, this.rules.cpu);
    this.beforeChange("place");
    const error = this.guarded(() => this.kernel.exports.host_place(thread.address, cpu));
    if (error !== 0) throw refusal("place", error);
  }

  /** Makes a wait structure for lwkt_block and lwkt_signal; its token belongs to `cpu`. */
  createWait(cpu = 0): Handle {
    checkArgument("createWait", "cpu", cpu, this.rules.cpu);
    this.beforeChange("createWait");
    return Object.freeze({ address: this.kernel.newObject("wait", cpu) });
  }

  /** Makes a token that belongs to `cpu`. */
  createToken(cpu = 0): Handle {
    checkArgument("createToken", "cpu", cpu, this.rules.cpu);
    this.beforeChange("createToken");
    return Object.freeze({ address: this.kernel.newObject("token", cpu) });
  }

  /** The number of the wait channel with a name, as tsleep and wakeup take it. */
  channel(name: string): number {
    checkArgument("channel", "name", name, text);
    return this.kernel.intern(name);
  }

  /**
   * Loads a program into guest memory. Threads that run it share its text and data.
   *
   * @param externals values of the program's external operands
   * @throws ConfigError when guest memory has no room for it.
   */
  load(program: Program, externals: Readonly<Record<string, number>> = {}): LoadedProgram {
    checkArgument("load", "program", program, programRule);
    checkArgument("load", "externals", externals, externalsRule);
    this.beforeChange("load");
    return this.programs.load(program, externals);
  }

  /**
   * Loads the program of an ELF file (32-bit RISC-V, static) to the addresses in the file; its start file runs when a
   * thread is created with it as its body. A machine can hold several programs that are linked for different addresses.
   *
   * @param bytes the whole file
   * @throws ElfError when the file is no program for the machine, or is damaged.
   * @throws ConfigError when there is no room at its addresses, saying what would help; nothing has changed then.
   */
  loadElf(bytes: Uint8Array, options: LoadElfOptions = {}): LoadedElf {
    this.beforeChange("loadElf");
    return this.programs.loadElf(bytes, options);
  }

  /** Guest memory, as RV32 programs see it. */
  get guestMemory(): Uint8Array {
    this.snapshots.openGuest();
    const base = this.kernel.machine("guest_base");
    return this.kernel.u8.subarray(base, base + this.config.guestMemory);
  }

  // ---- Calls ----

  /**
   * Makes a kernel call from outside, as a thread of the host's own; for calls that do not wait.
   *
   * @example machine.call(sys.wakeup("disk"));
   * @returns the two result words of the call
   * @throws KernelError EINVAL when an argument of the call is not of its kind, EBUSY from an event handler.
   * @throws KernelPanic when the kernel panics, because the call would wait for example.
   */
  call(call: KernelCall<unknown>): readonly [number, number] {
    checkArgument("call", "call", call, callRule);
    this.beforeChange("call");
    return this.guarded(() => {
      const count = this.bodies.convert(call);
      return this.bodies.settled(this.kernel.hostCall(call.nr, this.bodies.registers, count));
    });
  }

  private invoke(name: CallName, args: readonly number[]): readonly [number, number] {
    this.snapshots.touch();
    return this.guarded(() => this.kernel.hostCall(calls[name].nr, args));
  }

  /**
   * Raises the interrupt of an interrupt thread: it preempts at the next safe point of its CPU.
   *
   * @throws KernelError ESRCH if it is no thread, EOPNOTSUPP under a scheduler other than lwkt.
   */
  interrupt(thread: Handle): void {
    checkArgument("interrupt", "thread", thread, threadRule);
    this.beforeChange("interrupt");
    const error = this.guarded(() => this.kernel.exports.host_interrupt(thread.address));
    if (error !== 0) throw refusal("interrupt", error);
  }

  /**
   * Raises an interrupt line, 0 to 31, for the thread that serves it (intr_register, intr_wait).
   *
   * @throws KernelError ESRCH if no thread serves it, EINVAL if there is no such line, EOPNOTSUPP unless under lwkt.
   */
  raise(line: number): void {
    checkArgument("raise", "line", line, lineRule);
    this.beforeChange("raise");
    const error = this.guarded(() => this.kernel.exports.host_raise(line));
    if (error !== 0) throw refusal("raise", error);
  }

  // ---- Variables ----

  /** The value of a kernel variable, such as "lwkt.switch_count". */
  sysctl<Name extends SysctlName>(name: Name): SysctlValue<Name> {
    return readSysctl(this.kernel, name);
  }

  /** Sets a kernel variable, such as "lwkt.untimely_switch". */
  setSysctl(name: SysctlName, value: number): void {
    this.beforeChange("setSysctl");
    writeSysctl(this.kernel, name, value);
  }

  // ---- Running ----

  /**
   * Runs until nothing can happen any more, or to the end of what the options allow. A later run goes on
   * exactly where this one stopped; how a run is cut does not change it.
   *
   * @throws ArgumentError when an option is not what it may be.
   * @throws KernelError EBUSY when a body or a handler of this machine calls it.
   * @throws BodyError when a host body throws, or yields something other than kernel calls; a later run goes on without.
   * @throws KernelPanic when the kernel panics; the machine is dead, and can be inspected.
   */
  run(options: RunOptions = {}): RunResult {
    checkOptions("run", options, runRules);
    this.kernel.refuseInside("run");
    this.kernel.assertAlive();
    this.snapshots.beginRun();
    try {
      return this.runTo(options);
    } finally {
      this.snapshots.endRun();
    }
  }

  private runTo(options: RunOptions): RunResult {
    const until = this.runUntil(options);
    const lastSwitch =
      options.switches === undefined ? undefined : this.counters.switches + options.switches;
    let rounds = options.rounds ?? Number.POSITIVE_INFINITY;
    if (this.kernel.machine("exited") !== 0) this.kernel.setMachine("exited", EXITED_BEFORE);
    for (;;) {
      const batch = Math.min(rounds, this.snapshots.roundsAtOnce(ROUNDS_PER_CALL));
      const switches =
        lastSwitch === undefined ? undefined : Math.max(0, lastSwitch - this.counters.switches);
      this.kernel.setBudget({ until, switches, rounds: batch });
      const reason = this.guarded(() =>
        this.kernel.alone(() => this.bodies.drive(this.kernel.advance())),
      );
      // Not 0: code that takes no time has gone on for long, in the middle of a round; all but one of these are to come.
      const left = this.kernel.machine("run_rounds");
      rounds -= left === 0 ? batch : batch + 1 - left;
      this.snapshots.onRounds();
      if (reason !== Layout.Run.BUDGET || (rounds <= 0 && left === 0)) return this.result(reason);
      if (options.onProgress?.(this) === false) return this.result(Layout.Run.STOPPED);
    }
  }

  private result(reason: number): RunResult {
    const isExit = this.kernel.machine("exited") === EXITED_NOW;
    return { reason: isExit ? "exit" : (reasons[reason] ?? "rounds"), cycles: this.cycles };
  }

  /** The first of the times that bound a run. */
  private runUntil(options: RunOptions): bigint | undefined {
    const until = options.until === undefined ? undefined : BigInt(options.until);
    if (options.for === undefined) return until;
    const end = this.cycles + BigInt(options.for);
    const last = until ?? CYCLES_MAX;
    return end > last ? last : end;
  }

  /** Ends the run at the end of the current round: for a body, or for `onProgress`. */
  stop(): void {
    if (this.bodies.isReplaying) return;
    this.kernel.setMachine("stop_request", 1);
  }

  // ---- Snapshots ----

  /**
   * The whole state of the machine: its memory, and the host's share of it. Allowed in `onProgress`, but not from a body
   * or an event handler. JavaScript bodies that have begun need `snapshots: true` in the configuration.
   *
   * @throws SnapshotError when it cannot be taken: the message says why.
   */
  snapshot(options: SnapshotOptions = {}): Snapshot {
    return this.snapshots.snapshot(options);
  }

  /**
   * Makes the machine what it was, or what another one with the same build and configuration was. JavaScript
   * bodies are brought back by doing again what they did, in fresh generators.
   *
   * @param functions what a snapshot from a file refers to
   * @throws SnapshotError when it does not fit, or when a body does something other than it did; nothing has
   *   changed then.
   */
  restore(snapshot: Snapshot, functions?: MachineFunctions): void {
    this.snapshots.restore(snapshot, functions);
  }

  /**
   * A machine that is what a snapshot is of.
   *
   * @param options.bodies functions that a snapshot from a file refers to; so are `handlers`
   * @param options.build the kernel's build (default: that of the snapshot); `scheduler`: one's own, if it was one;
   *   `parts`: what is attached to it
   * @throws SnapshotError when the build is another one, or a function, the scheduler or a part is missing.
   */
  static fromSnapshot(
    snapshot: Snapshot,
    options: MachineFunctions & TwinOptions & { readonly build?: KernelSource } = {},
  ): Machine {
    const machine = new Machine(configOf(snapshot, options), options.build ?? buildOf(snapshot));
    const { scheduler: _, parts = [], ...functions } = options;
    for (const part of parts) machine.attach(part);
    machine.restore(snapshot, functions);
    return machine;
  }

  /**
   * Another machine that is as this one is, and goes its own way; options as for {@link fromSnapshot}. It has no callbacks
   * (`onPrint`, `onOutput`, `onFault`), and keeps no past.
   */
  fork(options: TwinOptions = {}): Machine {
    return Machine.fromSnapshot(this.snapshot(), forkOptions(this.config, options));
  }

  /**
   * Keeps the past from now on, for {@link rewind}: snapshots as the machine runs, within a budget of memory.
   * What is kept already is given up.
   *
   * @throws ConfigError when an option is out of range.
   */
  record(options: RecordOptions = {}): Recording {
    return this.snapshots.record(options);
  }

  /** Keeps no past any more. */
  stopRecording(): void {
    this.snapshots.stopRecording();
  }

  /**
   * Goes to a moment of the past that is kept: a virtual time (what `run({ until })` had led to) or a number
   * of switches, since boot. Running forward from there is the same run again, without what the host did
   * between its runs.
   *
   * @throws SnapshotError when the moment is not in the past that is kept.
   */
  rewind(moment: Moment): void {
    this.snapshots.rewind(moment);
  }

  /**
   * Adds something to the machine's state that lives outside the kernel: every snapshot has it from now on.
   *
   * @throws SnapshotError when there is a part of this name already.
   */
  attach<Saved>(part: SnapshotPart<Saved, MachineFunctions>): void {
    this.snapshots.attach(part as SnapshotPart);
  }

  // ---- Troubles ----

  /** The host is about to change something that no run repeats: the machine lives, and is between two steps. */
  private beforeChange(method: string): void {
    this.kernel.assertIdle(method);
    this.snapshots.touch();
  }

  /**
   * Runs `action`, and completes the post-mortem if the kernel panics in it. What a handler threw that
   * the kernel called comes out here, when the kernel has done its step, or all that {@link creating} does.
   */
  private guarded<T>(action: () => T): T {
    this.snapshots.enter();
    try {
      const result = action();
      if (!this.isCreating) this.kernel.throwFailure();
      return result;
    } catch (error) {
      if (error instanceof KernelPanic && error.postMortem === null) this.autopsy(error);
      throw error;
    } finally {
      this.snapshots.leave();
    }
  }

  private autopsy(panic: KernelPanic): void {
    const { kernel } = this;
    this.rememberRecords(kernel.machine("ktr_base"), kernel.machine("ktr_next"));
    panic.postMortem = postMortemOf(kernel, this.ps(), this.host.lastRecords);
  }

  private print(text: Printed): void {
    this.host.printed.push(text);
    this.onPrint?.(String(text));
  }

  /** Receives what C programs print, as it comes: bytes that are valid during the call. */
  onOutput: ((bytes: Uint8Array) => void) | null = null;

  private fault(fault: Fault): void {
    const report = reportFault(this.kernel, this.programs, fault);
    this.faults.push(report);
    this.onFault?.(report);
  }

  /** Is told of each fault of RV32 code as it happens. */
  onFault: ((report: FaultReport) => void) | null = null;

  /** The faults so far. A machine with `faults: "panic"` has at most one: it died of it. */
  readonly faults: FaultReport[] = [];

  /** The status with which a C program has ended a run (exit, or the end of main); null before. */
  get exitStatus(): number | null {
    return this.kernel.machine("exited") === 0 ? null : this.kernel.machine("exit_status") | 0;
  }

  /** The guest address as `symbol+0x1c`, where an ELF program has a symbol for it. */
  describe(address: number): string {
    return this.programs.describe(address);
  }

  /** Receives what the kernel prints; without it, {@link console} keeps it. */
  onPrint: ((text: string) => void) | null = null;

  /** What the kernel has printed so far. */
  get console(): string {
    return this.host.printed.join("");
  }

  /**
   * Keeps the last of the records in an address range for the post-mortem of a panic: for whoever
   * receives a trace from the kernel.
   */
  rememberRecords(from: number, to: number): void {
    checkRange("rememberRecords", this.kernel, from, to);
    const first = Math.max(from, to - KEPT_TRACE_RECORDS * Layout.KtrRecord.size);
    const records = [...this.host.lastRecords, ...this.kernel.records(first, to)];
    this.host.lastRecords = records.slice(-KEPT_TRACE_RECORDS);
  }

  // ---- Looking ----

  /** Virtual time in cycles since boot: the start of the next round. */
  get cycles(): bigint {
    return this.kernel.machine64("round_end");
  }

  /** Virtual time in seconds. */
  get seconds(): number {
    return Number(this.cycles) / this.config.cyclesPerSecond;
  }

  /** The kernel's tick count, 32 bits. */
  get ticks(): number {
    return this.kernel.machine("ticks") | 0;
  }

  /** Identifies the run so far: two runs are the same when their hashes are. 16 hexadecimal digits. */
  get hash(): string {
    return this.kernel.hash().toString(16).padStart(16, "0");
  }

  /** The CPUs. */
  get cpus(): readonly CpuView[] {
    return Array.from({ length: this.config.cpus }, (_, id) => new CpuView(this.kernel, id));
  }

  /** All processes, oldest first. */
  processes(): readonly ProcessView[] {
    const found: ProcessView[] = [];
    let address = this.kernel.machine("allproc");
    while (address !== 0) {
      found.push(new ProcessView(this.kernel, address));
      address = this.kernel.read(address + Layout.Proc.p_list_next);
    }
    return found.reverse();
  }

  /** All threads of all processes. */
  *threads(): Generator<ThreadView> {
    for (const process of this.processes()) yield* process.threads();
  }

  /** All threads that run RISC-V code and have not been reaped, those of LWKT alone included. */
  programThreads(): readonly ThreadView[] {
    const end = this.kernel.machine("zone_next");
    return Array.from({ length: end }, (_, index) =>
      this.thread(this.kernel.threadAt(index)),
    ).filter((thread) => thread.isProgram && (thread.tid !== -1 || thread.state !== "exited"));
  }

  /** The thread at an address, such as a kernel call returned. */
  thread(address: number): ThreadView {
    checkArgument("thread", "address", address, this.rules.threadAddress);
    return new ThreadView(this.kernel, address);
  }

  /** The process at an address. */
  process(address: number): ProcessView {
    checkArgument("process", "address", address, this.rules.processAddress);
    return new ProcessView(this.kernel, address);
  }

  /** Counters of the whole machine. */
  get counters(): Counters {
    const { cpus } = this;
    const sum = (of: (cpu: CpuView) => number) => cpus.reduce((total, cpu) => total + of(cpu), 0);
    return {
      switches: sum((cpu) => cpu.switches),
      instructions: sum((cpu) => cpu.instructions),
      threads: this.kernel.machine("nthreads"),
      processes: this.kernel.machine("nprocs"),
      messages: sum((cpu) => cpu.messagesSent),
      rounds: this.kernel.machine64("rounds"),
    };
  }

  /** What of the RV32 code has been compiled; null when nothing is. It does not belong to what a run computes. */
  get compiled(): CompilerCounters | null {
    return this.compiler?.counters ?? null;
  }

  /** A listing of all threads, as `ps -H` shows them. */
  ps(): string {
    return formatPs(this.processes(), this.config.cyclesPerSecond);
  }
}
