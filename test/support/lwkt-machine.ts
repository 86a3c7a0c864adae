// A machine of LWKT threads for tests: bodies are generators that yield kernel calls by number.

import type { MachineConfig } from "../../src/core/config.js";
import type { KernelSource } from "../../src/core/instantiate.js";
import { Kernel, type TraceRecord } from "../../src/core/kernel.js";
import * as Layout from "../../src/generated/layout.js";
import { buildUnderTest } from "./build.js";

const { Sys, Thread: T } = Layout;

/** A kernel call: its number and arguments. */
export type Step = readonly [nr: number, ...args: number[]];

/** A thread's body: yields calls and gets the first result word of each. */
export type Body = Generator<Step, void, number>;

/** Limits of a run. */
export interface Budget {
  readonly rounds?: number;
  readonly switches?: number;
  readonly until?: bigint;
}

/** A bare machine; its boot thread waits for ever. */
export class LwktMachine {
  readonly kernel: Kernel;
  /** Everything that the kernel printed. */
  readonly printed: string[] = [];
  /** Records of the trace, while `ktr_mask` is set. */
  readonly trace: TraceRecord[] = [];
  private readonly announced: (() => Body)[] = [];
  private readonly bodies = new Map<number, Body>();

  constructor(config: MachineConfig = {}, source: KernelSource = buildUnderTest) {
    const small = { guestMemory: 4096, textMemory: 1024, maxthread: 2000, objects: 256 };
    this.kernel = new Kernel({ bare: true, ...small, ...config }, source);
    this.kernel.onPrint = (text) => this.printed.push(String(text));
    this.kernel.onTrace = (from, to) => this.trace.push(...this.kernel.records(from, to));
    this.adopt(this.kernel.machine("thread0"), bootBody());
  }

  /** Gives a thread without code a body, such as the boot thread or an idle thread. */
  adopt(td: number, body: Body): void {
    this.kernel.u8[td + T.td_body] = Layout.TDB.HOST;
    this.bodies.set(td, body);
  }

  /** Arguments of lwkt_create for a thread with this body, name and flags. */
  createArguments(name: string, body: () => Body, flags = 0, template = 0): number[] {
    const text = [this.kernel.intern("%s"), this.kernel.intern(name)];
    return [Layout.FUNC_HOST, this.announced.push(body) - 1, template, flags, ...text];
  }

  /** Creates a thread, sets its priority and moves it to a CPU; it has not run yet. */
  spawn(name: string, pri: number, body: () => Body, cpu = 0): number {
    const [error, td] = this.call(Sys.lwkt_create, ...this.createArguments(name, body));
    if (error !== 0) throw new Error(`lwkt_create: error ${error}`);
    if (pri !== 0) this.call(Sys.lwkt_setpri, td >>> 0, pri);
    if (cpu !== 0) this.call(Sys.lwkt_migrate, td >>> 0, cpu);
    return td >>> 0;
  }

  /** Makes a kernel call from outside the run. */
  call(nr: number, ...args: number[]): readonly [number, number] {
    return this.kernel.hostCall(nr, args);
  }

  /** Runs until the machine is idle or the budget is used up; returns why it stopped. */
  run(budget: Budget = {}): number {
    this.kernel.setBudget(budget);
    let reason = this.kernel.exports.machine_run();
    while ((reason & Layout.RUN_REASON) === Layout.Run.HOST) {
      const td = this.kernel.curthread();
      const { value, done } = this.bodyOf(td).next(this.a0(td));
      if (done === true) {
        this.bodies.delete(td);
        reason = this.kernel.exports.machine_step(Sys.body_return);
        continue;
      }
      const [nr, ...args] = value;
      this.kernel.writeArguments(td, args);
      reason = this.kernel.exports.machine_step(nr);
    }
    return reason;
  }

  private a0(td: number): number {
    return this.kernel.readSigned(this.kernel.frame(td) + Layout.Frame.a0);
  }

  /** The second result word of the last call of a thread. */
  a1(td: number): number {
    return this.kernel.read(this.kernel.frame(td) + Layout.Frame.a1);
  }

  private bodyOf(td: number): Body {
    const { u8 } = this.kernel;
    const kind = u8[td + T.td_body] as number;
    if ((kind & Layout.TDB_FRESH) !== 0) {
      u8[td + T.td_body] = kind & ~Layout.TDB_FRESH;
      const make = this.announced[this.a0(td)] as () => Body;
      this.bodies.set(td, make());
    }
    return this.bodies.get(td) as Body;
  }

  // ---- State ----

  /** A counter or another field of a CPU's structure. */
  cpu(field: keyof typeof Layout.GlobalData, cpu = 0): number {
    return this.kernel.read(this.kernel.globaldata(cpu) + Layout.GlobalData[field]);
  }

  /** A thread's td_pri: the priority and the critical sections. */
  pri(td: number): number {
    return this.kernel.readSigned(td + T.td_pri);
  }

  /** A thread's LWKT flags. */
  flags(td: number): number {
    return this.kernel.view.getUint16(td + T.td_lwflags, true);
  }
}

function* bootBody(): Body {
  yield [Sys.crit_exit_noyield];
  for (;;) yield [Sys.lwkt_switch];
}
