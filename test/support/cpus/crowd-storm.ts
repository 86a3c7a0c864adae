// Storms of crowds: kernel threads and processes of many threads on 2 to 64 CPUs, under every scheduler, that
// do everything to each other at once. They create threads that others start, up to kern.maxthread; suspend and
// resume each other, change each other's priorities, policies, deadlines and sets of CPUs; serve interrupts and
// exit while doing so; fork processes whose threads one of them ends, while others stop and continue them. The law
// (docs/law-between-cpus.md) and kthread(9) say what must hold: a thread runs only once it is started; one that was
// asked to suspend before its check continues only when it is resumed; no thread stays on a CPU that it must not run
// on; no interrupt is lost; a creation fails only without room; in the end all threads are gone, every request has been
// carried out or dropped, and there is room again for as many as before.

import * as Layout from "../../../src/generated/layout.js";
import {
  type Body,
  type KernelSource,
  Machine,
  type SchedulerName,
  sys,
} from "../../../src/index.js";
import { fbsdFaults, Reader } from "../fbsd-invariants.js";
import { Random } from "../random.js";
import { isLwkt, SCHEDULERS } from "../schedulers.js";
import { Mismatch } from "./storm.js";

const { PCATCH, Policy, PPAUSE, RFSTOPPED, TDS } = Layout;

/** Rounds within which a thread has left a CPU that it must not run on any more. */
const OBEYED = 12;
/** Rounds within which all threads have ended, once that is requested. */
const ENDED = 6_000;
const ROUNDS = 120;
const ROUNDS_PER_CHECK = 5;
/** Threads that a storm makes at most. */
const THREADS = 140;
const LINES = 2;

/** Conditions other than the seed. */
export interface CrowdConditions {
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /** The scheduler; by default the seed decides. */
  readonly scheduler?: SchedulerName | undefined;
  /** The fault that is planted: check build only. */
  readonly plant?: number | undefined;
}

/** A thread as the storm knows it. */
interface Actor {
  readonly isKernel: boolean;
  td: number;
  started: boolean;
  /** True once it has decided to end: others then leave it alone. */
  over: boolean;
  /** The number of the current request to suspend, 0 = none. */
  request: number;
  /** Where it may run, and since which round. */
  set: bigint;
  since: number;
}

/** A process of several threads. */
interface Family {
  address: number;
  pid: number;
  readonly members: Actor[];
  ends: boolean;
}

/** A storm of one seed. */
export class CrowdStorm {
  /** Steps that its threads have made so far. */
  steps = 0;
  private readonly machine: Machine;
  private readonly reader: Reader;
  private readonly random: Random;
  private readonly cpus: number;
  private readonly hasLwkt: boolean;
  private readonly actors: Actor[] = [];
  private readonly unborn: Actor[] = [];
  private readonly families: Family[] = [];
  private readonly raised = new Array<number>(LINES).fill(0);
  private readonly served = new Array<number>(LINES).fill(0);
  private readonly room: number;
  private round = 0;
  private requests = 0;
  private ends = false;

  constructor(
    readonly seed: number,
    source: KernelSource,
    { cpus, scheduler, plant }: CrowdConditions = {},
  ) {
    const random = new Random(seed);
    this.random = random;
    const ownCpus = random.pick([2, 3, 4, 8, 16, 33, 64]);
    const ownScheduler = random.pick(SCHEDULERS);
    this.cpus = cpus ?? ownCpus;
    this.hasLwkt = isLwkt(scheduler ?? ownScheduler);
    this.machine = new Machine(
      {
        ...{ cpus: this.cpus, scheduler: scheduler ?? ownScheduler, seed },
        ...{ maxthread: random.pick([24, 40, 200]), maxproc: 30, objects: 16, kstackDepth: 24 },
        ...{ cyclesPerSecond: 1_000_000, quantum: 100 + random.below(400) },
        ...{ guestMemory: 4096, textMemory: 1024, stringMemory: 16_384 },
        roundRobin: random.pick([0, 700, 2_000]),
        preemption: !random.once(3),
      },
      source,
    );
    this.reader = new Reader(this.machine.kernel);
    this.room = this.freeRoom();
    if (plant !== undefined) this.machine.kernel.setMachine("plant", plant);
  }

  private fail(what: string): never {
    throw new Mismatch(what);
  }

  /** Runs the storm; throws a {@link Mismatch} where something is not as it must be. */
  run(): void {
    if (this.hasLwkt) for (let line = 0; line < LINES; line++) this.servant(line);
    for (let i = 0; i < 4; i++) {
      const actor = this.actor(true);
      actor.td = this.machine.createThread({ name: "first", body: () => this.life(actor) }).address;
      actor.started = true;
    }
    while (this.round < ROUNDS) {
      this.rounds(ROUNDS_PER_CHECK);
      this.check();
      if (this.hasLwkt && this.random.once(2)) this.raise(this.random.below(LINES));
    }
    this.finish();
  }

  private rounds(count: number): string {
    this.round += count;
    return this.machine.run({ rounds: count }).reason;
  }

  // ---- Threads and processes ----

  private actor(isKernel: boolean): Actor {
    const actor: Actor = {
      ...{ isKernel, td: 0, started: false, over: false, request: 0 },
      ...{ set: (1n << BigInt(this.cpus)) - 1n, since: this.round },
    };
    this.actors.push(actor);
    return actor;
  }

  private others(me: Actor, isKernel?: boolean): Actor[] {
    return this.actors.filter(
      (one) =>
        one !== me &&
        !one.over &&
        one.td !== 0 &&
        (isKernel === undefined || one.isKernel === isKernel),
    );
  }

  /** Number of threads that can still be created. */
  private freeRoom(): number {
    const { kernel } = this.machine;
    return kernel.machine("maxthread") - 1 - kernel.machine("nthreads");
  }

  // ---- Bodies ----

  private *life(me: Actor, isFounder = false): Body {
    if (!me.started) this.fail("a thread runs that nobody has started");
    const length = 3 + this.random.below(18);
    for (let i = 0; (isFounder || i < length) && !this.ends; i++) {
      this.steps++;
      yield* this.step(me);
      if (isFounder && i > 6 && this.random.once(6)) break;
    }
    me.over = true;
  }

  private *kernelLife(me: Actor): Body {
    yield* this.life(me);
    while (this.ends && this.unborn.length > 0) yield* this.start(this.unborn.pop() as Actor);
    if (this.random.once(2)) yield sys.kthread_exit();
  }

  private *step(me: Actor): Body {
    const { random } = this;
    if (me.isKernel) yield* this.look(me);
    switch (random.below(me.isKernel ? 15 : 8)) {
      case 0:
      case 1:
        yield* sys.compute(BigInt(random.below(2_000)));
        break;
      case 2:
        yield sys.sched_relinquish();
        break;
      case 3:
        yield* sys.tsleep(
          `c${random.below(3)}`,
          random.once(2) ? PCATCH : 0,
          "crowd",
          1 + random.below(4),
        );
        break;
      case 4:
        yield sys.wakeup(`c${random.below(3)}`);
        break;
      case 5:
      case 6:
      case 7:
        yield* this.change(me);
        break;
      case 8:
      case 9:
        yield* this.create();
        break;
      case 10:
        if (this.unborn.length > 0) yield* this.start(this.unborn.shift() as Actor);
        break;
      case 11:
        yield* this.suspend(me);
        break;
      case 12:
        yield* this.fork(me);
        break;
      case 13:
        yield* this.stop();
        break;
      default:
        yield random.once(3) ? sys.thread_reap_barrier() : sys.thread_reap();
    }
  }

  /** A kernel thread checks for a request to suspend: if there was one before, it continues only when resumed. */
  private *look(me: Actor): Body {
    const asked = me.request;
    yield sys.kthread_suspend_check();
    if (asked !== 0 && me.request === asked) this.fail("a thread goes on that is to be suspended");
  }

  private *suspend(me: Actor): Body {
    const others = this.others(me, true).filter((one) => one.started);
    if (others.length === 0) return;
    const other = this.random.pick(others);
    const request = ++this.requests;
    other.request = request;
    const result = yield* sys.kthread_suspend({ address: other.td }, 1 + this.random.below(4));
    if (result !== 0 && result !== Layout.EWOULDBLOCK)
      this.fail(`kthread_suspend returned ${result}`);
    if (this.random.once(2)) yield* sys.compute(BigInt(this.random.below(1_000)));
    if (other.over) return;
    other.request = 0;
    yield sys.kthread_resume({ address: other.td });
  }

  private *create(): Body {
    if (this.actors.length >= THREADS) return;
    const actor = this.actor(true);
    const isStopped = this.random.once(2);
    actor.started = !isStopped;
    const flags = isStopped ? RFSTOPPED : 0;
    const made = yield* sys.kthread_add(() => this.kernelLife(actor), 0, 0, flags, 0, "k", 0);
    if (made.error !== 0) {
      actor.over = true;
      if (made.error !== Layout.ENOMEM) this.fail(`kthread_add returned ${made.error}`);
      if (this.room > 100) this.fail("kthread_add finds no room");
      return;
    }
    actor.td = made.address;
    if (isStopped) this.unborn.push(actor);
  }

  private *start(other: Actor): Body {
    other.started = true;
    yield sys.sched_add({ address: other.td });
  }

  private *change(me: Actor): Body {
    const { random, cpus } = this;
    const others = this.others(me);
    if (others.length === 0) return;
    const other = random.pick(others);
    const thread = { address: other.td };
    switch (random.below(this.hasLwkt ? 8 : 6)) {
      case 0:
        yield sys.sched_prio(thread, 100 + random.below(100));
        break;
      case 1:
        yield sys.sched_setscheduler(
          thread,
          random.pick([Policy.OTHER, Policy.BATCH]),
          random.below(40) - 20,
        );
        break;
      case 2:
        yield sys.sched_setscheduler(
          thread,
          random.pick([Policy.FIFO, Policy.RR]),
          1 + random.below(99),
        );
        break;
      case 3:
        yield sys.sched_setdeadline(
          thread,
          100 + random.below(400),
          2_000,
          2_000 + random.below(9_000),
        );
        break;
      case 4:
      case 5: {
        let set = 1n << BigInt(random.below(cpus));
        for (let cpu = 0; cpu < cpus; cpu++) if (random.once(3)) set |= 1n << BigInt(cpu);
        const before = [other.set, other.since] as const;
        [other.set, other.since] = [set, this.round];
        const result = yield* sys.cpuset_setthread(thread, set);
        if (result !== 0 && result !== Layout.EBUSY)
          this.fail(`cpuset_setthread returned ${result}`);
        if (result !== 0 && other.set === set) [other.set, other.since] = before;
        break;
      }
      case 6:
        yield* sys.lwkt_migrate(thread, random.below(cpus));
        break;
      default:
        if (other.isKernel && other.started) yield sys.lwkt_schedule(thread);
    }
  }

  // ---- Processes ----

  private *fork(me: Actor): Body {
    if (this.actors.length >= THREADS) return;
    const family: Family = { address: 0, pid: 0, members: [], ends: false };
    const founder = this.member(family);
    const made = yield* sys.fork(() => this.founderLife(founder, family), 0, 0, 0, -1);
    if (made.error !== 0) {
      founder.over = true;
      return;
    }
    family.address = made.address;
    family.pid = this.reader.proc(made.address, "p_pid");
    founder.td = this.reader.proc(made.address, "p_threads");
    this.families.push(family);
    const result = yield* sys.wait({ address: made.address });
    if (result !== 0) this.fail(`wait returned ${result}`);
    for (const member of family.members)
      if (!member.over) this.fail("a thread outlives its process");
    me.since = this.round;
  }

  private member(family: Family): Actor {
    const actor = this.actor(false);
    actor.started = true;
    family.members.push(actor);
    return actor;
  }

  /** The first thread of a process makes others, lives with them, and ends all. */
  private *founderLife(me: Actor, family: Family): Body {
    for (let i = this.random.below(6); i > 0 && this.actors.length < THREADS; i--) {
      const other = this.member(family);
      other.set = me.set; // inherited
      const made = yield* sys.thr_create(() => this.memberLife(other), 0);
      if (made.error === 0) other.td = made.address;
      else other.over = true;
    }
    yield* this.life(me, true);
    family.ends = true;
    for (const member of family.members) member.over = true;
    yield sys.exit(0);
  }

  /** The other threads run until their process ends. */
  private *memberLife(me: Actor): Body {
    while (!me.over) {
      this.steps++;
      yield* this.step(me);
    }
    for (;;) {
      yield* sys.compute(1_000n); // it must be interrupted to notice
      if (this.ends) yield* sys.tsleep("end", PCATCH, "end", 2); // the thread that ends them may have a worse priority
    }
  }

  /** True until a process has ended, even if one of its threads is about to end it. */
  private isThere({ address, pid }: Family): boolean {
    const { reader } = this;
    return (
      reader.proc(address, "p_pid") === pid && reader.proc(address, "p_state") === Layout.PRS.NORMAL
    );
  }

  /** A process is stopped for a while. */
  private *stop(): Body {
    const alive = this.families.filter(({ ends }) => !ends);
    if (alive.length === 0) return;
    const family = this.random.pick(alive);
    const process = { address: family.address };
    yield sys.proc_stop(process);
    yield* sys.tsleep("stop", PPAUSE, "stop", 1 + this.random.below(3));
    if (this.isThere(family)) yield sys.proc_cont(process);
  }

  // ---- Interrupts ----

  private servant(line: number): void {
    const actor = this.actor(true);
    const storm = this;
    const thread = this.machine.createThread({
      name: `servant${line}`,
      cpu: line % this.cpus,
      priority: 20,
      *body() {
        let left = 3 + storm.random.below(30);
        for (; left > 0 && !storm.ends; left--) {
          const count = yield* sys.intr_wait(line);
          storm.served[line] = (storm.served[line] as number) + count;
          yield* sys.compute(BigInt(1 + storm.random.below(300)));
        }
        actor.over = true;
      },
    });
    actor.td = thread.address;
    actor.started = true;
    this.machine.call(sys.intr_register(line, thread));
  }

  private raise(line: number): void {
    const servant = this.actors[line] as Actor;
    try {
      this.machine.raise(line);
      this.raised[line] = (this.raised[line] as number) + 1;
    } catch (error) {
      if (!servant.over) throw error;
    }
  }

  // ---- What must be true ----

  private check(): void {
    const faults = fbsdFaults(this.machine.kernel);
    if (faults.length > 0) this.fail(faults.join("; "));
    for (const { td, over, set, since } of this.actors) {
      if (over || td === 0 || this.round - since < OBEYED) continue;
      if (this.reader.hot8(td, "td_state") !== TDS.RUNNING) continue;
      const cpu = this.reader.hot8(td, "td_cpu");
      if (((set >> BigInt(cpu)) & 1n) === 0n)
        this.fail(`a thread runs on CPU ${cpu}, not on 0x${set.toString(16)}`);
    }
  }

  /** All threads end, and leave nothing behind. */
  private finish(): void {
    const { machine } = this;
    this.ends = true;
    const last = this.round + ENDED;
    for (let reason = ""; reason !== "idle"; ) {
      if (this.round > last) this.fail(`not everybody ends:\n${machine.ps()}`);
      reason = this.rounds(20);
      this.letGo();
      this.check();
      if (reason === "idle" && this.actors.some(({ over }) => !over)) reason = "";
    }
    machine.call(sys.thread_reap_barrier());
    this.checkMessages();
    this.checkRoom();
  }

  /** Releases every waiting thread: by a start, a resumption of it or of its process, or an interrupt. */
  private letGo(): void {
    const { machine } = this;
    for (const actor of this.unborn.splice(0)) {
      actor.started = true;
      machine.call(sys.sched_add({ address: actor.td }));
    }
    for (const actor of this.actors) {
      if (!actor.isKernel || actor.over || actor.td === 0) continue;
      actor.request = 0;
      machine.call(sys.kthread_resume({ address: actor.td }));
    }
    for (const family of this.families) {
      if (this.isThere(family)) machine.call(sys.proc_cont({ address: family.address }));
    }
    if (!this.hasLwkt) return;
    for (let line = 0; line < LINES; line++)
      if (!(this.actors[line] as Actor).over) this.raise(line);
  }

  private checkMessages(): void {
    const { kernel } = this.machine;
    const sum = (field: "messagesSent" | "messagesReceived") =>
      this.machine.cpus.reduce((total, cpu) => total + BigInt(cpu[field]), 0n);
    const [sent, received] = [sum("messagesSent"), sum("messagesReceived")];
    const dropped = kernel.machine64("ipi_dropped");
    if (sent !== received + dropped)
      this.fail(`of ${sent} messages ${received} came, ${dropped} were dropped`);
    for (let line = 0; line < LINES; line++) {
      const [raised, served] = [this.raised[line] as number, this.served[line] as number];
      if (served > raised) this.fail(`of ${raised} interrupts ${served} were served`);
    }
  }

  /** As many threads as before can be created, and not one more. */
  private checkRoom(): void {
    const harvested = this.reader.list(this.machine.kernel.machine("proc_free"), (p) =>
      this.reader.proc(p, "p_list_next"),
    ).length;
    const room = this.freeRoom() + harvested;
    if (room !== this.room) this.fail(`there is room for ${room} threads, not for ${this.room}`);
    const create = () => this.machine.createThread({ name: "room", *body() {} });
    for (let i = this.freeRoom(); i > 0; i--) create();
    try {
      create();
    } catch {
      this.rounds(200);
      return;
    }
    this.fail("there is room for a thread beyond kern.maxthread");
  }
}
