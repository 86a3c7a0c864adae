// LWKT's run queues on one CPU beside a plain list model: real kernel calls, made by the thread that runs
// or by the host, and after each the order of the levels, the mask and the running thread.

import { Kernel } from "../../src/core/kernel.js";
import { levelThreads, linkedThreads, lwktLevel } from "../../src/core/runq-view.js";
import * as Layout from "../../src/generated/layout.js";
import { buildUnderTest as build } from "./build.js";
import { Random } from "./random.js";

const { GlobalData: G, Run, RUN_REASON, Sys, Thread: T } = Layout;

/** The model: lwkt_thread.c's TAILQs as arrays. */
class Model {
  readonly levels: number[][] = Array.from({ length: 32 }, () => []);
  readonly priority = new Map<number, number>();
  readonly queued = new Set<number>();
  readonly free: number[] = [];
  mask = 0;

  constructor(protected readonly idle: number) {}

  enqueue(td: number): void {
    if (this.queued.has(td)) return;
    const level = this.priority.get(td) ?? 0;
    this.queued.add(td);
    this.levels[level]?.push(td);
    this.mask = (this.mask | (1 << level)) >>> 0;
  }

  /** The mask keeps its bit (82). */
  dequeue(td: number): void {
    if (!this.queued.delete(td)) return;
    const level = this.levels[this.priority.get(td) ?? 0] as number[];
    level.splice(level.indexOf(td), 1);
  }

  setpri(td: number, pri: number): void {
    const queued = this.queued.has(td);
    if (queued) this.dequeue(td);
    this.priority.set(td, pri);
    if (queued) this.enqueue(td);
  }

  /** The running thread calls lwkt_yield; returns the next one. */
  yields(td: number): number {
    this.enqueue(td);
    return this.pick();
  }

  /** The head of the highest level, moved to its tail; bits of empty levels fall (267-278). */
  pick(): number {
    while (this.mask !== 0) {
      const nq = 31 - Math.clz32(this.mask);
      const level = this.levels[nq] as number[];
      const td = level.shift();
      if (td !== undefined) {
        level.push(td);
        return td;
      }
      this.mask = (this.mask & ~(1 << nq)) >>> 0;
    }
    return this.idle;
  }
}

/** lwkt-modern: the running thread keeps its place, and goes to the tail of its level when it yields. */
class ModernModel extends Model {
  override setpri(td: number, pri: number): void {
    if (this.priority.get(td) !== pri) super.setpri(td, pri);
  }

  override yields(td: number): number {
    if (this.queued.has(td)) {
      this.dequeue(td);
      this.enqueue(td);
    }
    const head = this.pick();
    if (head === td || head === this.idle) return td;
    this.enqueue(td);
    return this.pick();
  }

  override pick(): number {
    while (this.mask !== 0) {
      const nq = 31 - Math.clz32(this.mask);
      const first = this.levels[nq]?.[0];
      if (first !== undefined) return first;
      this.mask = (this.mask & ~(1 << nq)) >>> 0;
    }
    return this.idle;
  }
}

/** Threads on a level that is compared after each operation; longer ones are after every 64th. */
const SHORT = 16;

/** Random operations on a machine and on the model. */
export class LwktQueueTest {
  operations = 0;
  switches = 0;
  private readonly kernel: Kernel;
  private readonly random: Random;
  private readonly idle: number;
  private readonly model: Model;
  private readonly threads: number[] = [];
  private current: number;

  constructor(
    readonly seed: number,
    threads: number,
    scheduler: "lwkt" | "lwkt-modern" = "lwkt",
  ) {
    const small = { guestMemory: 4096, textMemory: 1024, objects: 1, maxthread: threads + 8 };
    this.kernel = new Kernel(
      { bare: true, time: "idle", roundRobin: 0, scheduler, ...small },
      build,
    );
    this.random = new Random(seed);
    this.idle = this.kernel.read(this.kernel.globaldata(0) + G.gd_idletd);
    this.model = scheduler === "lwkt" ? new Model(this.idle) : new ModernModel(this.idle);
    this.current = this.kernel.curthread();
    for (const td of [this.current, this.idle]) this.kernel.u8[td + T.td_body] = Layout.TDB.HOST;
    this.kernel.exports.machine_run();
    for (let i = 0; i < threads; i++) this.create();
    this.step(Sys.crit_exit, []);
    this.pickAfter(Sys.lwkt_switch);
  }

  /** Performs operations; throws at the first difference, with the seed. */
  run(operations: number): void {
    while (this.operations < operations) {
      this.operation();
      this.operations++;
      if (this.operations % 64 === 0) this.checkAll();
    }
  }

  private operation(): void {
    const { random, model } = this;
    const td = random.pick(this.threads);
    switch (random.below(8)) {
      case 0:
      case 1:
        this.host(Sys.lwkt_schedule, td);
        model.enqueue(td);
        this.check(td);
        break;
      case 2:
        this.host(Sys.lwkt_deschedule, td);
        model.dequeue(td);
        this.check(td);
        break;
      case 3:
        this.setpri(td);
        break;
      case 4:
        this.exit();
        break;
      case 5:
        if (this.current === this.idle) this.pickAfter(Sys.lwkt_switch);
        else this.runsAfter(Sys.lwkt_yield, model.yields(this.current));
        break;
      default:
        this.pickAfter(Sys.lwkt_switch);
    }
  }

  private setpri(td: number): void {
    const before = this.model.priority.get(td) ?? 0;
    const pri = this.random.below(this.random.once(4) ? 32 : 3);
    this.host(Sys.lwkt_setpri, td, pri);
    this.model.setpri(td, pri);
    this.checkShortLevel(before);
    this.check(td);
  }

  /** The running thread ends, now and then, and another one takes over its structure. */
  private exit(): void {
    const td = this.current;
    if (td === this.idle || this.random.below(4) !== 0) return;
    this.model.dequeue(td);
    this.model.free.push(td);
    this.threads.splice(this.threads.indexOf(td), 1);
    this.pickAfter(Sys.lwkt_exit);
    if (this.random.once(2)) this.create();
    while (this.model.free.length > 3) this.create();
  }

  private create(): void {
    const [error, address] = this.kernel.hostCall(Sys.lwkt_create, [Layout.FUNC_HOST, 0, 0, 0]);
    const td = address >>> 0;
    const reused = this.model.free.shift();
    if (error !== 0 || (reused ?? td) !== td) this.fail(`created ${td}, not ${reused}`);
    this.model.priority.set(td, 0);
    this.model.enqueue(td);
    this.threads.push(td);
    this.check(td);
  }

  private host(nr: number, ...args: number[]): void {
    this.kernel.writeArguments(this.kernel.machine("host_td"), args);
    this.kernel.exports.host_call(nr);
  }

  private step(nr: number, args: readonly number[]): void {
    this.kernel.writeArguments(this.current, args);
    const reason = this.kernel.exports.machine_step(nr) & RUN_REASON;
    if (reason !== Run.HOST) this.fail("the machine stopped");
  }

  /** A call of the running thread that ends in a switch. */
  private pickAfter(nr: number): void {
    this.step(nr, []);
    this.went(this.model.pick());
  }

  private runsAfter(nr: number, expected: number): void {
    this.step(nr, []);
    this.went(expected);
  }

  private went(expected: number): void {
    const got = this.kernel.curthread();
    if (got !== expected) this.fail(`${got} runs, not ${expected}`);
    if (got !== this.current) this.switches++;
    this.current = got;
    this.check(got);
  }

  // ---- Checks ----

  private check(td: number): void {
    const mask = this.kernel.read(this.kernel.globaldata(0) + G.gd_runqmask);
    if (mask !== this.model.mask) this.fail(`mask ${mask}, not ${this.model.mask}`);
    this.checkShortLevel(this.model.priority.get(td) ?? 0);
  }

  /** Checking long levels would take most of the time: `checkAll` checks those. */
  private checkShortLevel(nq: number): void {
    if ((this.model.levels[nq] as number[]).length <= SHORT) this.checkLevel(nq);
  }

  private checkLevel(nq: number): void {
    const got = levelThreads(this.kernel, lwktLevel(this.kernel, 0, nq));
    const expected = this.model.levels[nq] as number[];
    if (got.length === expected.length && got.every((td, i) => td === expected[i])) return;
    this.fail(`level ${nq} holds ${got}, not ${expected}`);
  }

  private checkAll(): void {
    for (let nq = 0; nq < 32; nq++) this.checkLevel(nq);
    const free = this.kernel.read(this.kernel.globaldata(0) + G.gd_tdfreeq);
    const got = linkedThreads(this.kernel, free);
    if (String(got) !== String(this.model.free)) this.fail(`free ${got}, not ${this.model.free}`);
  }

  private fail(what: string): never {
    throw new Error(`LWKT queues, seed ${this.seed}, operation ${this.operations}: ${what}`);
  }
}
