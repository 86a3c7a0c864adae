// Deadlines compared with plain rules: threads that keep to their budgets, that compute for ever, or ask again all the
// time as well, and that sleep shortly before their budget is used up, under a scheduler, on one CPU or several.
// Admission, and its CPU, follow from a plain sum; after each round the running thread of each CPU is the one with the
// earliest deadline; no thread gets more of a CPU than was reserved, or less.

import * as Layout from "../../src/generated/layout.js";
import { Machine, type SchedulerName, sys, type ThreadView } from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";

const { Deadline: D, DlCpu } = Layout;

/** A cycle is a microsecond. */
const SECOND = 1_000_000;
const QUANTUM = 100;
const EBUSY = 16;
const UNIT = 2 ** 20;
const LIMIT = Math.floor((UNIT * 95) / 100);

type Kind = "honest" | "endless" | "restless" | "asking";

interface Task {
  readonly name: string;
  readonly kind: Kind;
  readonly thread: ThreadView;
  readonly runtime: number;
  readonly deadline: number;
  readonly period: number;
  /** When it was admitted, and what it had run until then; null when it was not. */
  admitted: { readonly at: number; readonly ran: number } | null;
}

/** A CPU's threads after a round. */
interface Look {
  readonly current: string | null;
  readonly until: ReadonlyMap<string, number>;
  readonly waiting: ReadonlySet<string>;
}

export class DeadlineTest {
  operations = 0;
  private readonly random: Random;
  private readonly machine: Machine;
  private readonly tasks: Task[] = [];
  private readonly promised: number[];
  private before: Look[] = [];

  constructor(
    seed: number,
    private readonly scheduler: SchedulerName,
    plant = 0,
  ) {
    this.random = new Random(seed);
    const cpus = this.random.pick([1, 1, 2, 4]);
    this.machine = new Machine(
      { scheduler, cpus, cyclesPerSecond: SECOND, quantum: QUANTUM, maxthread: 1_000 },
      plant === 0 ? buildUnderTest : "check",
    );
    if (plant !== 0) this.machine.kernel.setMachine("plant", plant);
    this.promised = new Array<number>(cpus).fill(0);
    for (let cpu = 0; cpu < cpus; cpu++) this.hog(cpu);
    const count = 2 + 2 * cpus + this.random.below(3);
    for (let i = 0; i < count; i++) this.tasks.push(this.task(i));
  }

  /** A computing thread of the best real-time priority, which gets the rest of the CPU. */
  private hog(cpu: number): void {
    const [thread] = this.machine
      .createProcess({
        name: `hog${cpu}`,
        *body() {
          while (true) yield* sys.compute(5_000n);
        },
      })
      .threads();
    this.machine.call(sys.sched_setscheduler(thread?.address ?? 0, 1, 99));
  }

  private task(number: number): Task {
    const { random } = this;
    const kind = random.pick(["honest", "endless", "restless", "asking"] as const);
    const period = 1_000 * (6 + random.below(15));
    const deadline = Math.max(4_000, period - 1_000 * random.below(4));
    const runtime = 600 + random.below(Math.floor(deadline / 3));
    const name = `${kind}${number}`;
    const isAdmitted = () => (this.tasks[number]?.admitted ?? null) !== null;
    const [thread] = this.machine
      .createProcess({
        name,
        *body() {
          while (true) {
            if (kind === "asking" && isAdmitted())
              yield* sys.sched_setdeadline_self(runtime, deadline, period);
            if (kind === "endless" || kind === "asking") yield* sys.compute(1_000n);
            else if (kind === "honest") {
              yield* sys.compute(BigInt(Math.floor(runtime * 0.8)));
              yield* sys.pause("next", period / 1_000);
            } else {
              yield* sys.compute(BigInt(Math.floor(runtime * 0.9)));
              yield* sys.pause("rest", 1);
            }
          }
        },
      })
      .threads();
    if (thread === undefined) throw new Error("no thread");
    return { name, kind, thread, runtime, deadline, period, admitted: null };
  }

  /** Asks for deadlines, and runs: about `size` rounds. */
  run(size: number): void {
    for (const task of this.tasks) {
      this.ask(task);
      this.rounds(this.random.below(20));
    }
    this.rounds(size);
    this.shares();
  }

  // ---- Admission ----

  private ask(task: Task): void {
    const { thread, runtime, deadline, period } = task;
    const share = Math.max(1, Math.floor((runtime * UNIT) / deadline));
    const fits = (cpu: number) => (this.promised[cpu] as number) + share <= LIMIT;
    const all = this.promised.map((_, cpu) => cpu).filter(fits);
    const least = Math.min(...all.map((cpu) => this.promised[cpu] as number));
    const expected = all.includes(thread.cpu)
      ? thread.cpu
      : all.find((cpu) => this.promised[cpu] === least);
    const [error] = this.machine.call(
      sys.sched_setdeadline(thread.address, runtime, deadline, period),
    );
    if (error !== (expected === undefined ? EBUSY : 0)) {
      throw this.fault(`${task.name} asks for ${share}: ${error}, of ${this.promised.join()}`);
    }
    if (expected === undefined) return;
    this.promised[expected] = (this.promised[expected] as number) + share;
    task.admitted = { at: Number(this.machine.cycles), ran: this.ran(thread) };
    const { kernel } = this.machine;
    const shares = this.promised.map((_, cpu) =>
      kernel.view.getUint32(kernel.machine("dl_base") + cpu * DlCpu.size + DlCpu.dc_share, true),
    );
    if (shares.join() !== this.promised.join()) {
      throw this.fault(`${shares.join()} are promised, and not ${this.promised.join()}`);
    }
  }

  /** What a thread has run so far, the turn that it is in included. */
  private ran(thread: ThreadView): number {
    if (thread.state !== "running") return thread.runtime;
    const { kernel } = this.machine;
    const gd = kernel.globaldata(thread.cpu);
    const { gd_cycles, gd_switchtime } = Layout.GlobalData;
    return (
      thread.runtime + kernel.readNumber(gd + gd_cycles) - kernel.readNumber(gd + gd_switchtime)
    );
  }

  // ---- Order ----

  private rounds(count: number): void {
    for (let i = 0; i < count; i++) {
      this.operations++;
      this.machine.run({ rounds: 1 });
      const now = this.look();
      now.forEach((look, cpu) => {
        const before = this.before[cpu];
        if (before !== undefined) this.order(cpu, before, look);
      });
      this.before = now;
    }
  }

  private look(): Look[] {
    const { kernel } = this.machine;
    const cpus = this.promised.map(() => ({
      current: null as string | null,
      until: new Map<string, number>(),
      waiting: new Set<string>(),
    }));
    const base = kernel.machine("dl_base") + this.promised.length * DlCpu.size;
    for (const { name, thread, admitted } of this.tasks) {
      const cpu = cpus[thread.cpu];
      if (admitted === null || cpu === undefined) continue;
      const index = kernel.view.getUint16(kernel.machine("dl_index") + 2 * thread.index, true);
      cpu.until.set(name, kernel.readNumber(base + index * D.size + D.dl_until));
      if (thread.state === "running") cpu.current = name;
      else if (thread.state === "runnable") cpu.waiting.add(name);
    }
    return cpus;
  }

  /** A thread that has waited since the last round has no earlier deadline than the running one. */
  private order(cpu: number, before: Look, now: Look): void {
    const { current } = now;
    if (current !== before.current) return; // it has come in this round
    const own = current === null ? Number.POSITIVE_INFINITY : (now.until.get(current) as number);
    for (const name of now.waiting) {
      if (!before.waiting.has(name) || (now.until.get(name) as number) >= own) continue;
      throw this.fault(`CPU ${cpu} runs ${current ?? "none"}, and ${name} waits`);
    }
  }

  // ---- Budgets ----

  /** Checks each thread's CPU time since its admission, and how many of its jobs were late. */
  private shares(): void {
    const now = Number(this.machine.cycles);
    for (const { name, kind, thread, runtime, deadline, period, admitted } of this.tasks) {
      if (admitted === null) continue;
      const time = now - admitted.at;
      const ran = this.ran(thread) - admitted.ran;
      // A budget is looked at once a round; a deadline that is nearer than the period may be renewed as soon as
      // it is over.
      const isEndless = kind === "endless" || kind === "asking";
      const per = isEndless ? period : deadline;
      const most = (time * runtime) / per + 2 * runtime + 2 * QUANTUM;
      if (ran > most) throw this.fault(`${name} ran ${ran} of ${time}, ${most} at most`);
      const least = isEndless ? (Math.floor(time / period) - 2) * runtime - QUANTUM : 0;
      if (ran < least) throw this.fault(`${name} ran ${ran} of ${time}, ${least} at least`);
      const misses = thread.deadline?.misses ?? 0;
      if (kind === "honest" && misses > 0) throw this.fault(`${name} missed ${misses} deadlines`);
    }
  }

  private fault(what: string): Error {
    return new Error(
      `${this.scheduler}, ${this.promised.length} CPUs, at ${this.machine.cycles}: ${what}`,
    );
  }
}
