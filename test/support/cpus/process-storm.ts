// Storms of processes on several CPUs: user threads that compute, sleep and make short calls, while they are stopped,
// resumed, single-threaded, bound to CPUs, given priorities and ended. The law (docs/law-between-cpus.md, sections 1,
// 8 and 9) says what must hold: threads obey within a bounded number of rounds, resumed ones continue, and settings
// take effect.

import * as Layout from "../../../src/generated/layout.js";
import {
  type Body,
  type KernelSource,
  kernel,
  Machine,
  type SchedulerName,
} from "../../../src/index.js";
import { fbsdFaults, Reader } from "../fbsd-invariants.js";
import { Random } from "../random.js";
import { isLwkt, schedulerOf } from "../schedulers.js";
import { Mismatch } from "./storm.js";

const { PCATCH, TDS } = Layout;

/** Rounds within which all threads have obeyed: two after the last safe point, plus the time to get there. */
const OBEYED = 12;
/** Boundaries at which a thread that was asked may still be found running: that of the round in which it was told. */
const TOLD = 2;
/** Rounds by which chaos lets a message be late (CHAOS_LATE in assembly/sys/param.ts). */
const LATE = 3;
/** Rounds within which what was asked for has happened. */
const TURNS = 2000;

/** A user thread as the model knows it. */
interface Member {
  td: number;
  /** Steps of its body so far. */
  steps: number;
  /** The CPUs that it may run on. */
  allowed: readonly number[];
  /** True if it has had no turn since it was no longer bound: it waits where it waited. */
  kept: boolean;
  /** The priority that it was given last, or null. */
  priority: number | null;
  /** Boundaries at which it ran although it had been asked to stop. */
  late: number;
  gone: boolean;
}

/** The shape of a storm. */
interface Shape {
  readonly cpus: number;
  readonly scheduler: SchedulerName;
  readonly members: number;
  /** Cycles after which equals take turns; 0: never. */
  readonly roundRobin: number;
}

function shapeOf(seed: number, { cpus, scheduler }: ProcessConditions): Shape {
  const random = new Random(seed ^ 0x7777);
  const ownCpus = random.pick([2, 2, 3, 4, 4, 8]);
  const ownScheduler = schedulerOf(random, seed, ["4bsd", "lwkt", "ule"]);
  return {
    cpus: cpus ?? ownCpus,
    scheduler: scheduler ?? ownScheduler,
    members: 2 + random.below(6),
    roundRobin: random.once(3) ? 0 : 300 + random.below(700),
  };
}

/** Conditions other than the seed. */
export interface ProcessConditions {
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /** The scheduler; by default the seed decides. */
  readonly scheduler?: SchedulerName | undefined;
  /** Default false. */
  readonly chaos?: boolean | undefined;
  /** The fault that is planted: check build only. */
  readonly plant?: number | undefined;
}

/** A storm of one seed. */
export class ProcessStorm {
  private readonly machine: Machine;
  private readonly told: number;
  private readonly reader: Reader;
  private readonly random: Random;
  private readonly shape: Shape;
  private readonly members: Member[] = [];
  private process = 0;
  /** The current order to the members: one at a time. */
  private order: "live" | "single" | "exit" | "end" = "live";
  private mode = 0;
  private sections = 0;
  /** The member exempt from the current request to all; null if there is no request. */
  private asked: { readonly but: Member | null } | null = null;
  /** Members that have had their turn, and sleep so that others get theirs. */
  private readonly resting = new Set<Member>();
  /** True while the scheduler makes priorities, by what threads do. */
  private shares = false;

  constructor(
    readonly seed: number,
    source: KernelSource,
    options: ProcessConditions = {},
  ) {
    this.random = new Random(seed);
    this.told = options.chaos === true ? TOLD + LATE : TOLD;
    this.shape = shapeOf(seed, options);
    const { cpus, scheduler, roundRobin } = this.shape;
    this.machine = new Machine(
      {
        cpus,
        scheduler,
        seed,
        chaos: options.chaos ?? false,
        maxthread: 60,
        maxproc: 20,
        objects: 4,
        guestMemory: 4096,
        textMemory: 1024,
        stringMemory: 8192,
        cyclesPerSecond: 1_000_000,
        quantum: 100 + this.random.below(300),
        roundRobin,
        preemption: this.random.once(2),
      },
      source,
    );
    this.reader = new Reader(this.machine.kernel);
    if (options.plant !== undefined) this.machine.kernel.setMachine("plant", options.plant);
  }

  /** Runs the storm; throws a {@link Mismatch} where something is not as it must be. */
  run(): void {
    this.start();
    for (let phase = 3 + this.random.below(5); phase > 0; phase--) {
      this.rounds(this.random.below(8));
      this.phase();
      this.check();
    }
    this.finish();
  }

  /** Steps that the threads have made so far. */
  get steps(): number {
    return this.members.reduce((sum, { steps }) => sum + steps, 0);
  }

  private fail(what: string): never {
    throw new Mismatch(what);
  }

  private rounds(count: number): void {
    for (let i = 0; i < count; i++) this.round();
  }

  private round(): void {
    this.machine.run({ rounds: 1 });
    if (this.asked === null) return;
    for (const [index, member] of this.members.entries()) {
      if (member === this.asked.but || this.state(member.td) !== TDS.RUNNING) continue;
      if (++member.late > this.told)
        this.fail(`thread ${index} runs on after it was asked to stop`);
    }
  }

  /** From now on all but one are asked to stop or to die: running threads are told, and obey. */
  private ask(but: Member | null): void {
    for (const member of this.members) member.late = 0;
    this.asked = { but };
  }

  /** Runs until a condition holds, for a limited number of rounds. */
  private until(what: string, limit: number, isSo: () => boolean): void {
    for (let i = 0; i < limit && !isSo(); i++) this.round();
    if (!isSo()) this.fail(`${what} has not happened within ${limit} rounds`);
  }

  /**
   * Runs until something is so that needs a turn of some threads. Those that the scheduler's rule may keep waiting
   * for as long as others want to run get it when these sleep: a thread that has none even then is lost.
   */
  private untilTurn(what: string, waiting: () => Member[], isSo: () => boolean): void {
    for (let i = 0; i < TURNS && !isSo(); i++) this.round();
    if (isSo()) return;
    if (!waiting().every((member) => this.mayStarve(member))) {
      this.fail(`${what} has not happened within ${TURNS} rounds`);
    }
    for (let i = 0; i < TURNS && !isSo(); i++) {
      const late = waiting();
      for (const member of this.members) if (!late.includes(member)) this.resting.add(member);
      this.round();
    }
    this.resting.clear();
    if (!isSo()) this.fail(`${what} has not happened, although nobody else runs`);
  }

  /**
   * True for a thread that may wait for ever by rule: one that the scheduler has found to use more than others, and
   * under 4bsd one on a CPU's own queue, as long as the machine's has equals of it.
   */
  private mayStarve(member: Member): boolean {
    return (
      this.shares || (this.shape.scheduler === "4bsd" && (member.kept || this.isBound(member)))
    );
  }

  private isBound({ allowed }: Member): boolean {
    return allowed.length < this.shape.cpus;
  }

  // ---- Bodies ----

  private everybody(): readonly number[] {
    return Array.from({ length: this.shape.cpus }, (_, cpu) => cpu);
  }

  private start(): void {
    const first: Member = this.member(this.everybody());
    let made = { error: -1, address: 0 };
    const life = () => this.life(first, true);
    this.machine.createThread({
      name: "forker",
      body: function* (): Body {
        made = yield* kernel.fork(life, 0, 0, 0, -1);
      },
    });
    this.until("the fork", TURNS, () => made.error !== -1);
    if (made.error !== 0) this.fail(`fork returned ${made.error}`);
    this.process = made.address;
    first.td = this.reader.proc(made.address, "p_threads");
    const complete = () => this.members.length === this.shape.members;
    const waiting = () => {
      return this.members.filter(
        (member) => member.steps === 0 || (member === first && !complete()),
      );
    };
    this.untilTurn("the start of all threads", waiting, () => waiting().length === 0);
  }

  private member(allowed: readonly number[]): Member {
    const member = { td: 0, steps: 0, allowed, kept: false, priority: null, late: 0, gone: false };
    this.members.push(member);
    return member;
  }

  /** A thread of the process; the first one makes the others, some of them while it is bound to few CPUs. */
  private *life(me: Member, isFirst = false): Body {
    const random = new Random(this.seed * 131 + this.members.indexOf(me));
    if (isFirst) yield* this.makeOthers(me, random);
    const kind = random.below(4);
    while (this.order !== "end") {
      me.steps++;
      me.kept = false;
      yield* this.obey(me);
      while (this.resting.has(me)) yield* kernel.tsleep("rest", PCATCH, "rest", 1);
      const what = kind < 3 ? kind : random.below(3);
      if (what === 0) {
        yield* kernel.compute(BigInt(100 + random.below(3000)));
        yield kernel.sched_relinquish(); // whatever the scheduler, its equals get their turn
      } else if (what === 1)
        for (let i = 1 + random.below(9); i > 0; i--) yield kernel.sched_relinquish();
      if (what === 2) yield* kernel.tsleep("storm", PCATCH, "storm", 1 + random.below(2));
    }
    me.gone = true;
  }

  private *makeOthers(me: Member, random: Random): Body {
    while (this.members.length < this.shape.members) {
      if (random.once(2)) {
        me.allowed = this.someCpus(random);
        const error = yield* kernel.cpuset_setaffinity(bitsOf(me.allowed));
        if (error !== 0) this.fail(`cpuset_setaffinity returned ${error}`);
      }
      const other = this.member(me.allowed);
      const made = yield* kernel.thr_create(() => this.life(other), 0);
      if (made.error !== 0) this.fail(`thr_create returned ${made.error}`);
      other.td = made.address;
    }
  }

  private someCpus(random: Random): readonly number[] {
    const some = this.everybody().filter(() => random.once(2));
    return some.length > 0 ? some : [random.below(this.shape.cpus)];
  }

  /** Does what the storm has ordered, if this is the thread that is to do it. */
  private *obey(me: Member): Body {
    if (me !== this.members[0] || this.order === "live") return;
    if (this.order === "exit") {
      this.ask(me);
      yield kernel.exit(3);
    } else if (this.order === "single") {
      this.ask(me);
      const result = yield* kernel.thread_single(this.process, this.mode);
      if (result !== 0) this.fail(`thread_single returned ${result}`);
      const before = this.others().map(({ steps }) => steps);
      yield* kernel.compute(1500n);
      const after = this.others().map(({ steps }) => steps);
      if (String(before) !== String(after)) this.fail("a thread runs beside the single one");
      this.sections++;
      this.order = "live";
      this.asked = null;
      yield kernel.thread_single_end(this.process, this.mode);
    }
  }

  private others(): Member[] {
    return this.members.slice(1);
  }

  // ---- Phases ----

  private phase(): void {
    switch (this.random.below(7)) {
      case 0:
      case 1:
        this.stopAndGo();
        break;
      case 2:
        this.single();
        break;
      case 3:
        this.bind();
        break;
      case 4:
        this.prioritize();
        break;
      case 5:
        this.share();
        break;
      default:
        this.addRunning();
    }
  }

  private state(td: number): number {
    return this.reader.hot8(td, "td_state");
  }

  private stillness(): string {
    return this.members.map(({ steps }) => steps).join();
  }

  /** A stopped process stands still, and goes on when it is let go. */
  private stopAndGo(): void {
    const { machine, process } = this;
    machine.call(kernel.proc_stop(process));
    this.ask(null);
    this.rounds(OBEYED);
    const before = this.stillness();
    this.until("the stop of every thread", TURNS, () =>
      this.members.every(({ td }) => {
        const suspended = (this.reader.hot8(td, "td_inhib") & Layout.TDI_SUSPENDED) !== 0;
        return suspended && this.state(td) === TDS.INHIBITED;
      }),
    );
    if (this.stillness() !== before) this.fail("a thread of a stopped process goes on");
    this.asked = null;
    machine.call(kernel.proc_cont(process));
    this.everybodyGoesOn("after proc_cont");
  }

  private everybodyGoesOn(when: string): void {
    const before = new Map(this.members.map((member) => [member, member.steps]));
    const waiting = () => {
      return this.members.filter(
        (member) => !member.gone && member.steps === (before.get(member) as number),
      );
    };
    this.untilTurn(`a turn of every thread ${when}`, waiting, () => waiting().length === 0);
  }

  /** One thread stops the others, works alone, and lets them go. */
  private single(): void {
    this.mode = this.random.once(2) ? Layout.SINGLE_NO_EXIT : Layout.SINGLE_BOUNDARY;
    const before = this.sections;
    this.order = "single";
    const isSo = () => this.sections > before;
    this.untilTurn("the single section", () => this.members.slice(0, 1), isSo);
    this.everybodyGoesOn("after thread_single_end");
    if (this.reader.proc(this.process, "p_boundary_count") !== 0) {
      this.fail("a thread that goes on is still counted at the boundary");
    }
  }

  /** Sets the CPUs that another thread may run on. */
  private bind(): void {
    const member = this.random.pick(this.members);
    member.kept = this.isBound(member);
    member.allowed = this.someCpus(this.random);
    const [error] = this.machine.call(kernel.cpuset_setthread(member.td, bitsOf(member.allowed)));
    if (error !== 0) this.fail(`cpuset_setthread returned ${error}`);
    this.everybodyGoesOn("after cpuset_setthread");
  }

  private prioritize(): void {
    // The same for all: with different ones the worse might never get a turn.
    const priority = 60 + this.random.below(60);
    for (const member of this.members) {
      if (this.random.once(3)) this.machine.call(kernel.sched_prio(member.td, priority + 1));
      this.machine.call(kernel.sched_prio(member.td, priority));
      member.priority = priority;
    }
    this.rounds(OBEYED);
    this.shares = false;
  }

  /** The scheduler makes the priorities from now on, by what the threads do; nice values are the same for all. */
  private share(): void {
    const nice = this.random.below(40) - 20;
    for (const member of this.members) {
      const [error] = this.machine.call(
        kernel.sched_setscheduler(member.td, Layout.Policy.OTHER, nice),
      );
      if (error !== 0) this.fail(`sched_setscheduler returned ${error}`);
      member.priority = null;
    }
    this.shares = true;
    this.everybodyGoesOn("after sched_setscheduler");
  }

  /** sched_add of a thread that runs elsewhere at this moment changes nothing. */
  private addRunning(): void {
    const running = this.members.find(({ td }) => {
      return this.state(td) === TDS.RUNNING && this.reader.hot8(td, "td_cpu") !== 0;
    });
    if (running === undefined) return;
    this.machine.call(kernel.sched_add(running.td));
    this.everybodyGoesOn("after sched_add");
  }

  // ---- Checks ----

  private check(): void {
    const faults = fbsdFaults(this.machine.kernel);
    if (faults.length > 0) this.fail(faults.join("; "));
    this.rounds(OBEYED);
    const lwkt = isLwkt(this.shape.scheduler);
    for (const [index, { td, allowed, priority }] of this.members.entries()) {
      const cpu = this.reader.hot8(td, "td_cpu");
      if (!allowed.includes(cpu)) this.fail(`thread ${index} is on CPU ${cpu}, not on ${allowed}`);
      if (priority === null) continue;
      const base = this.reader.cold8(td, "td_base_pri");
      const now = this.reader.cold8(td, "td_priority");
      if (now !== priority) this.fail(`priority of ${index} is ${now}, not ${priority}`);
      if (base !== priority) this.fail(`base priority of ${index} is ${base}, not ${priority}`);
      const level = this.reader.hot(td, "td_pri") & 31;
      if (lwkt && level !== 31 - (now >> 3))
        this.fail(`level of ${index} is ${level} at priority ${now}`);
    }
  }

  /** The process ends: by exit of one thread, or by the ends of all. */
  private finish(): void {
    this.order = this.random.once(2) ? "exit" : "end";
    const needed = () => {
      return this.order === "exit"
        ? this.members.slice(0, 1)
        : this.members.filter(({ gone }) => !gone);
    };
    this.untilTurn("the end of the process", needed, () => {
      return this.reader.proc(this.process, "p_state") === Layout.PRS.ZOMBIE;
    });
    const { machine } = this;
    this.rounds(OBEYED);
    const faults = fbsdFaults(machine.kernel);
    if (faults.length > 0) this.fail(faults.join("; "));
  }
}

function bitsOf(cpus: readonly number[]): bigint {
  return cpus.reduce((bits, cpu) => bits | (1n << BigInt(cpu)), 0n);
}
