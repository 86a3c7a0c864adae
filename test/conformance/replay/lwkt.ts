// Replays recorded cases of the LWKT scheduler (format: "LWKT scheduler vectors") on the kernel itself.
//
// Every thread of a case, the boot thread and the idle thread have host bodies: generators that translate operations
// into kernel calls, which enter the kernel like the calls of any user's threads. What the kernel did is read from its
// trace, its state from its structures.

import { KernelPanic } from "../../../src/core/errors.js";
import type { KernelSource } from "../../../src/core/instantiate.js";
import { Kernel, type TraceRecord } from "../../../src/core/kernel.js";
import * as Layout from "../../../src/generated/layout.js";
import { type Difference, firstDifference, InputError } from "./difference.js";
import { flagNames, lwktState } from "./lwkt-state.js";

const { Ktr, Sys, Thread: T } = Layout;

/** An operation of a script: its name and arguments. */
export type LwktOperation = readonly [string, ...(string | number)[]];

/** A wait structure or a token of a case. */
export interface LwktObject {
  readonly name: string;
  /** Initial generation; wait structures only. */
  readonly gen?: number;
  readonly t_cpu: number;
  readonly t_reqcpu: number;
}

/** A thread of a case. */
export interface LwktThread {
  readonly name: string;
  readonly pri: number | null;
  readonly create: "lwkt_create" | "kthread_create";
  readonly start: "boot" | "manual";
  readonly template: boolean;
  readonly tdflags: readonly string[];
  readonly repeat: number;
  readonly proc: { readonly pid: number; readonly stat: string | number } | null;
  readonly body: readonly LwktOperation[];
}

/** A recorded case. */
export interface LwktCase {
  readonly name: string;
  readonly about: string;
  readonly sysctl: { readonly untimely_switch: number };
  readonly max_steps: number;
  readonly waits: readonly LwktObject[];
  readonly tokens: readonly LwktObject[];
  readonly threads: readonly LwktThread[];
  readonly boot: readonly LwktOperation[];
  readonly idle: readonly LwktOperation[];
  readonly log: readonly unknown[];
  readonly final: unknown;
}

/** A step of a script: a kernel call with its arguments. The generator gets the call's a0 and a1. */
interface Call {
  readonly nr: number;
  readonly args: readonly number[];
}

type Result = readonly [number, number];
type Script = Generator<Call, void, Result>;

/** Consecutive switches of the boot thread without effect, after which it is known to repeat itself for ever. */
const TURNS_MAX = 1000;

/** Threads that a case may create, however many steps it has: a machine has 99,999 processes at most. */
const MOST_CREATIONS = 90_000;

/** Thrown by a script when the case ends: `idle` or `limit` is in the log. */
class EndOfCase extends Error {}

/** Variables of a thread: `g`, `g1`, ..., each 0 at first. */
type Variables = Map<string, number>;

const processStates: Readonly<Record<string, number>> = {
  SIDL: Layout.SIDL,
  SRUN: Layout.SRUN,
  SSLEEP: Layout.SSLEEP,
  SSTOP: Layout.SSTOP,
  SZOMB: Layout.SZOMB,
};

/** Operations that are one kernel call on nothing, a number, a thread, a wait structure or a token. */
const plainCalls: Readonly<
  Record<string, readonly [nr: number, argument?: "T" | "n" | "w" | "k"]>
> = {
  lwkt_yield: [Sys.lwkt_yield],
  lwkt_yield_quick: [Sys.lwkt_yield_quick],
  lwkt_switch: [Sys.lwkt_switch],
  lwkt_schedule_self: [Sys.lwkt_schedule_self],
  lwkt_deschedule_self: [Sys.lwkt_deschedule_self],
  lwkt_schedule: [Sys.lwkt_schedule, "T"],
  lwkt_deschedule: [Sys.lwkt_deschedule, "T"],
  lwkt_setpri_self: [Sys.lwkt_setpri_self, "n"],
  lwkt_signal: [Sys.lwkt_signal, "w"],
  lwkt_init_wait: [Sys.lwkt_init_wait, "w"],
  lwkt_gettoken: [Sys.lwkt_gettoken, "k"],
  lwkt_reltoken: [Sys.lwkt_reltoken, "k"],
  crit_enter: [Sys.crit_enter],
  crit_exit: [Sys.crit_exit],
  crit_exit_noyield: [Sys.crit_exit_noyield],
  crit_panic: [Sys.crit_panic],
  lwkt_exit: [Sys.lwkt_exit],
  kthread_exit: [Sys.lwkt_kthread_exit],
  proc_exit: [Sys.lwkt_proc_exit],
  lwkt_free_thread: [Sys.lwkt_free_thread, "T"],
  intr_enter: [Sys.intr_enter],
  intr_exit: [Sys.intr_exit],
  set_reqpri: [Sys.set_reqpri, "n"],
  set_untimely_switch: [Sys.set_untimely_switch, "n"],
};

/** The replay of one case. */
class Replay {
  readonly log: unknown[] = [];
  private readonly kernel: Kernel;
  private readonly scripts = new Map<number, Script>();
  /** The name of a structure's last owner, by address. */
  private readonly names = new Map<number, string>();
  private readonly addresses = new Map<string, number>();
  private readonly objects = new Map<string, number>();
  private readonly templates = new Map<string, number>();
  private readonly threads: ReadonlyMap<string, LwktThread>;
  /** The name of the thread that each thread is about to create, by the creator's address. */
  private readonly creating = new Map<number, string>();
  /** The running thread, as far as the trace has been read. */
  private current: number;
  private steps = 0;

  constructor(
    private readonly test: LwktCase,
    build: KernelSource,
  ) {
    this.threads = new Map(test.threads.map((thread) => [thread.name, thread]));
    const creations = Math.min(test.threads.length + test.max_steps, MOST_CREATIONS);
    this.kernel = new Kernel(
      {
        bare: true,
        time: "idle",
        preemption: false,
        roundRobin: 0,
        scheduler: "lwkt",
        maxthread: creations + 2,
        maxproc: creations + 2,
        kstackDepth: 64,
        guestMemory: 4096,
        textMemory: 1024,
        stringMemory: 65_536,
        objects: test.waits.length + test.tokens.length + 1,
      },
      build,
    );
    this.current = this.kernel.curthread();
    this.connect();
    this.makeObjects();
    this.start("boot", this.current, this.bootScript());
    const idle = this.kernel.read(this.kernel.globaldata(0) + Layout.GlobalData.gd_idletd);
    this.start("idle", idle, this.idleScript());
  }

  /** Runs the case to its end and returns the state then. */
  run(): unknown {
    try {
      let reason = this.kernel.exports.machine_run();
      while ((reason & Layout.RUN_REASON) === Layout.Run.HOST) reason = this.step();
      this.write(["stopped", reason]);
    } catch (error) {
      if (error instanceof KernelPanic) this.write(["panic", error.text]);
      else if (!(error instanceof EndOfCase)) throw error;
    }
    return this.state();
  }

  /** Asks the running thread's script for its next call and makes it. */
  private step(): number {
    this.drain();
    const td = this.kernel.curthread();
    const registers = (this.kernel.frame(td) + Layout.Frame.a0) >>> 2;
    const result: Result = [
      this.kernel.i32[registers] as number,
      this.kernel.i32[registers + 1] as number,
    ];
    const { value, done } = this.scriptOf(td, result[0]).next(result);
    if (done === true) return this.kernel.exports.machine_step(Sys.body_return);
    this.kernel.writeArguments(td, value.args);
    return this.kernel.exports.machine_step(value.nr);
  }

  /** A new thread finds the number of its script in its first argument register. */
  private scriptOf(td: number, cookie: number): Script {
    let script = this.scripts.get(td);
    if (script === undefined) {
      script = this.threadScript(this.test.threads[cookie] as LwktThread, td);
      this.scripts.set(td, script);
    }
    return script;
  }

  // ---- The machine ----

  private connect(): void {
    const { kernel } = this;
    kernel.setMachine("ktr_mask", Layout.KTR_SCHED | Layout.KTR_LWKT);
    kernel.setMachine("untimely_switch", this.test.sysctl.untimely_switch);
    kernel.namePointer = (address) => `<${this.names.get(address)}>`;
    kernel.onTrace = (from, to) => this.readTrace(from, to);
    kernel.onPrint = (text) => this.write(["print", String(text)]);
  }

  private makeObjects(): void {
    for (const { name, gen, t_cpu, t_reqcpu } of this.test.waits) {
      const at = this.kernel.newObject("wait", t_cpu, t_reqcpu);
      this.kernel.i32[(at + Layout.LwktWait.wa_gen) >>> 2] = gen ?? 0;
      this.objects.set(name, at);
    }
    for (const { name, t_cpu, t_reqcpu } of this.test.tokens) {
      this.objects.set(name, this.kernel.newObject("token", t_cpu, t_reqcpu));
    }
  }

  /** Gives a script to a thread that has existed since boot. */
  private start(name: string, td: number, script: Script): void {
    this.kernel.u8[td + T.td_body] = Layout.TDB.HOST;
    this.names.set(td, name);
    this.addresses.set(name, td);
    this.scripts.set(td, script);
    script.next(); // to its first call, which `bootScript` and `idleScript` make at once
  }

  /** The caller-owned structure of a template thread: zero-filled, one per thread. */
  private template(name: string): number {
    let at = this.templates.get(name);
    if (at === undefined) {
      const index = this.kernel.machine("zone_next");
      this.kernel.setMachine("zone_next", index + 1);
      at = this.kernel.threadAt(index);
      this.templates.set(name, at);
    }
    return at;
  }

  private state(): unknown {
    return lwktState(this.kernel, {
      names: this.names,
      threads: this.addresses,
      waits: this.test.waits.map(({ name }) => [name, this.object(name)]),
      tokens: this.test.tokens.map(({ name }) => [name, this.object(name)]),
    });
  }

  // ---- The log ----

  private write(entry: readonly unknown[]): void {
    this.drain();
    this.log.push(entry);
  }

  /** Reads the trace records that the kernel has not handed over yet. */
  private drain(): void {
    const base = this.kernel.machine("ktr_base");
    const next = this.kernel.machine("ktr_next");
    this.kernel.setMachine("ktr_next", base);
    this.readTrace(base, next);
  }

  private readTrace(from: number, to: number): void {
    for (const record of this.kernel.records(from, to)) {
      const entry = this.entryOf(record);
      if (entry !== null) this.log.push(entry);
    }
  }

  private entryOf(record: TraceRecord): readonly unknown[] | null {
    const name = this.names.get(record.a);
    switch (record.type) {
      case Ktr.SWITCH:
      case Ktr.XSWITCH:
        return this.switchEntry(record);
      case Ktr.START:
        return ["start", name];
      case Ktr.ALLOC:
        return this.allocEntry(record);
      case Ktr.SPLZ:
        return ["splz", name];
      case Ktr.INTR:
        return ["intr", name, this.names.get(record.b)];
      case Ktr.RETURN:
        return ["return", name];
      case Ktr.KFREE:
        return ["kfree", name];
      case Ktr.ZFREE:
        this.names.delete(record.a);
        return ["zfree", name];
      default:
        return null;
    }
  }

  private switchEntry({ type, a, b, c, d, e }: TraceRecord): readonly unknown[] {
    this.current = b;
    const mask = `0x${c.toString(16).padStart(8, "0")}`;
    const kind = type === Ktr.SWITCH ? "switch" : "xswitch";
    return [kind, this.names.get(a), this.names.get(b), mask, d | 0, e | 0];
  }

  /** Records a structure's new owner. */
  private allocEntry({ a, b }: TraceRecord): readonly unknown[] {
    const name = this.creating.get(this.current) as string;
    const from = [null, "template", this.names.get(a)][b];
    this.names.set(a, name);
    this.addresses.set(name, a);
    this.scripts.delete(a);
    return ["alloc", name, from];
  }

  // ---- Scripts ----

  private *bootScript(): Script {
    yield* this.first();
    yield* this.call(Sys.crit_exit);
    const threads = this.test.threads.filter(({ start }) => start === "boot");
    for (const thread of threads) yield* this.createOne(thread);
    for (const { name, pri } of threads) {
      if (pri !== null) yield* this.call(Sys.lwkt_setpri, this.thread(name), pri);
    }
    yield* this.body("boot", this.test.boot, new Map());
    this.checkLimit();
    yield* this.switchForEver();
  }

  /** Nothing else schedules the boot thread; one that has scheduled itself may be the only runnable thread. */
  private *switchForEver(): Script {
    let entries = -1;
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      yield* this.call(Sys.lwkt_switch);
      this.drain();
      if (this.log.length !== entries) turns = 0;
      entries = this.log.length;
    }
    throw new InputError("the case has no end: its boot thread switches to itself for ever");
  }

  private *idleScript(): Script {
    yield* this.first();
    const variables: Variables = new Map();
    for (const [pc, operation] of this.test.idle.entries()) {
      this.checkLimit();
      yield* this.perform("idle", pc, operation, variables);
      yield* this.call(Sys.lwkt_switch);
    }
    this.checkLimit();
    this.write(["idle"]);
    throw new EndOfCase();
  }

  private *threadScript(thread: LwktThread, td: number): Script {
    const variables: Variables = new Map();
    for (let i = 0; i < thread.repeat; i++) yield* this.body(thread.name, thread.body, variables);
    this.checkLimit();
    this.creating.delete(td);
  }

  private *body(name: string, operations: readonly LwktOperation[], variables: Variables): Script {
    for (const [pc, operation] of operations.entries()) {
      this.checkLimit();
      yield* this.perform(name, pc, operation, variables);
    }
  }

  /** The case ends when a thread would fetch its next operation after `max_steps` of them. */
  private checkLimit(): void {
    if (this.steps < this.test.max_steps) return;
    this.write(["limit"]);
    throw new EndOfCase();
  }

  private *perform(name: string, pc: number, operation: LwktOperation, v: Variables): Script {
    this.steps++;
    this.write(["call", name, pc, operation[0]]);
    const value = yield* this.operate(name, operation, v);
    this.write(value === undefined ? ["ret", name, pc] : ["ret", name, pc, value]);
  }

  /** Performs an operation; the result is what its `ret` entry shows. */
  private *operate(
    self: string,
    [op, ...args]: LwktOperation,
    variables: Variables,
  ): Generator<Call, unknown, Result> {
    const [a, b, c] = args;
    const plain = plainCalls[op];
    if (plain !== undefined) {
      yield* this.call(plain[0], ...(plain[1] === undefined ? [] : [this.argument(plain[1], a)]));
      return undefined;
    }
    switch (op) {
      case "lwkt_setpri":
      case "lwkt_preempt":
        yield* this.call(Sys[op], this.thread(a), Number(b));
        return undefined;
      case "lwkt_preempted_proc":
        return this.pid((yield* this.call(Sys.lwkt_preempted_proc))[0]);
      case "lwkt_regettoken":
      case "lwkt_havetoken":
        return (yield* this.call(Sys[op], this.object(a)))[0];
      case "interrupt":
        return (yield* this.call(Sys.interrupt, this.thread(a)))[0];
      case "read_gen":
        return this.set(variables, b, (yield* this.call(Sys.lwkt_wait_gen, this.object(a)))[0]);
      case "lwkt_block": {
        const message = this.kernel.intern(String(b));
        const gen = variables.get(String(c)) ?? 0;
        const [now] = yield* this.call(Sys.lwkt_block, this.object(a), message, gen);
        return this.set(variables, c, now);
      }
      case "create":
        yield* this.createAndSet(this.threads.get(String(a)) as LwktThread);
        return undefined;
      case "probe":
        this.drain();
        this.write(["probe", self, this.state()]);
        return undefined;
      default:
        this.overwrite(op, args);
        return undefined;
    }
  }

  /** Operations that write to kernel memory directly. */
  private overwrite(op: string, [a, b, c]: readonly (string | number)[]): void {
    const { kernel } = this;
    if (op === "set_p_stat") {
      kernel.exports.proc_set_stat(kernel.read(this.thread(a) + T.td_proc), processState(b));
    } else if (op === "poke" && b === "td_pri") {
      kernel.i32[(this.thread(a) + T.td_pri) >>> 2] = Number(c);
    } else if (op === "poke" && b === "td_cpu") {
      kernel.u8[this.thread(a) + T.td_cpu] = Number(c);
    } else if (op === "poke_token" && (b === "t_cpu" || b === "t_reqcpu")) {
      kernel.i32[(this.object(a) + Layout.LwktToken[b]) >>> 2] = Number(c);
    } else {
      throw new InputError(`there is no operation "${op}"`);
    }
  }

  private *createAndSet(thread: LwktThread): Script {
    yield* this.createOne(thread);
    if (thread.pri !== null)
      yield* this.call(Sys.lwkt_setpri, this.thread(thread.name), thread.pri);
  }

  /** Creates a thread and attaches its process. */
  private *createOne(thread: LwktThread): Script {
    const { name } = thread;
    const creator = this.kernel.curthread();
    const cookie = this.test.threads.indexOf(thread);
    this.creating.set(creator, name);
    const text = [this.kernel.intern("%s"), this.kernel.intern(name)];
    const template = thread.template ? this.template(name) : 0;
    const [error, td] =
      thread.create === "kthread_create"
        ? yield* this.call(Sys.lwkt_kthread_create, Layout.FUNC_HOST, cookie, ...text)
        : yield* this.call(
            Sys.lwkt_create,
            Layout.FUNC_HOST,
            cookie,
            template,
            flagsOf(thread),
            ...text,
          );
    if (error !== 0) throw new InputError(`thread ${name} cannot be created: error ${error}`);
    const { proc } = thread;
    if (proc === null) return;
    this.kernel.exports.bare_proc(td >>> 0, proc.pid, processState(proc.stat));
  }

  /** A placeholder step, because the first `next` of a generator passes no value. */
  private *first(): Script {
    yield { nr: 0, args: [] };
  }

  private *call(nr: number, ...args: number[]): Generator<Call, Result, Result> {
    return yield { nr, args };
  }

  // ---- Names ----

  private thread(name: unknown): number {
    const address = this.addresses.get(String(name));
    if (address === undefined) throw new InputError(`there is no thread "${String(name)}"`);
    return address;
  }

  private object(name: unknown): number {
    const address = this.objects.get(String(name));
    if (address === undefined)
      throw new InputError(`there is no wait structure or token "${String(name)}"`);
    return address;
  }

  private argument(kind: "T" | "n" | "w" | "k", value: unknown): number {
    if (kind === "n") return Number(value);
    return kind === "T" ? this.thread(value) : this.object(value);
  }

  private pid(proc: number): number | null {
    return proc === 0 ? null : this.kernel.readSigned((proc >>> 0) + Layout.Proc.p_pid);
  }

  private set(variables: Variables, name: unknown, value: number): number {
    variables.set(String(name), value);
    return value;
  }
}

/** A process state, given by name or number. */
function processState(state: unknown): number {
  const number = processStates[String(state)] ?? state;
  if (typeof number === "number") return number;
  throw new InputError(`there is no process state "${String(state)}"`);
}

function flagsOf({ tdflags }: LwktThread): number {
  let flags = 0;
  for (const name of tdflags) {
    const flag = threadFlags.get(name);
    if (flag === undefined) throw new InputError(`there is no thread flag "${name}"`);
    flags |= flag;
  }
  return flags;
}

const threadFlags: ReadonlyMap<string, number> = new Map(flagNames);

/** Replays a case; the first difference between what happened and what was recorded, or null. */
export function replayLwkt(test: LwktCase, build: KernelSource): Difference | null {
  const replay = new Replay(test, build);
  const final = replay.run();
  return (
    firstDifference("log", test.log, replay.log) ?? firstDifference("final", test.final, final)
  );
}
