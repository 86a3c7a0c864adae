// The user scheduler of lwkt compared with a plain model, on 1 to 16 CPUs: the holder of each CPU's slot, the order of
// the waiting threads, the load of each CPU, and where woken threads go. A kernel thread keeps each CPU busy while
// threads of fixed ranks are woken and given other ranks, one at a time; then each CPU runs its threads, in the order
// that the model says.
//
// The rules are those of docs/schedulers.md: a slot per CPU; behind it 99 real-time priorities, then SCHED_IDLE
// by four of its priorities; a better thread takes the slot, and the one that loses it goes before its equals; a
// thread that becomes runnable goes to the CPU with the least load, its own if that is no more than a queue
// worse; a real-time one, of the CPUs on which the slot's holder is the worst.

import * as Layout from "../../src/generated/layout.js";
import { Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";

const { SchedCpu: SC, Thread: T } = Layout;

interface Actor {
  readonly id: number;
  readonly thread: number;
  /** Where it stands among user threads: the smaller runs first; and what it weighs. */
  queue: number;
  load: number;
  cpu: number;
  isAwake: boolean;
}

interface Cpu {
  holder: Actor | null;
  /** Those that wait, in order. */
  waiting: Actor[];
}

/** Rounds after which what was asked has been done on every CPU. */
const ROUNDS = 4;
/** Priorities of a queue. */
const PPQ = 4;
/** The queue of the best SCHED_IDLE threads. */
const IDLE_QUEUE = 1_000;
const EVERYWHERE = 2n ** 64n - 1n;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export class UserQueueTest {
  operations = 0;
  private readonly random: Random;
  private readonly machine: Machine;
  private readonly actors: Actor[] = [];
  private readonly cpus: Cpu[];
  private readonly order: number[][];
  private isOpen = false;

  constructor(seed: number, plant = 0) {
    this.random = new Random(seed);
    const cpus = this.random.pick([1, 2, 3, 4, 8, 16]);
    const build = plant === 0 ? buildUnderTest : "check";
    const config = { scheduler: "lwkt", cpus, quantum: 1_000, maxthread: 1_000 } as const;
    this.machine = new Machine(config, build);
    if (plant !== 0) this.machine.kernel.setMachine("plant", plant);
    this.cpus = Array.from({ length: cpus }, () => ({ holder: null, waiting: [] }));
    this.order = this.cpus.map(() => []);
    for (let cpu = 0; cpu < cpus; cpu++) this.gate(cpu);
    for (let id = 0; id < 6 + 4 * cpus; id++) this.actors.push(this.actor(id));
    this.rounds(40); // they sleep
    for (const actor of this.actors) actor.cpu = this.cpuOf(actor);
  }

  /** A thread of the kernel's that keeps a CPU busy while the gates are closed. */
  private gate(cpu: number): void {
    const test = this;
    const [thread] = this.machine
      .createProcess({
        name: `gate${cpu}`,
        *body() {
          while (true) {
            while (!test.isOpen) yield* sys.compute(100n);
            yield* sys.tsleep("gates", 0, "gates", 0);
          }
        },
      })
      .threads();
    const address = thread?.address ?? 0;
    this.machine.call(sys.cpuset_setthread(address, 1n << BigInt(cpu)));
    this.machine.call(sys.sched_prio(address, 8));
  }

  private actor(id: number): Actor {
    const { order, machine } = this;
    const name = `a${id}`;
    let thread = 0;
    const process = machine.createProcess({
      name,
      *body() {
        while (true) {
          yield* sys.tsleep(name, 0, "wait", 0);
          order[machine.kernel.u8[thread + T.td_cpu] as number]?.push(id);
          yield* sys.compute(20n);
        }
      },
    });
    thread = [...process.threads()][0]?.address ?? 0;
    machine.call(sys.sched_prio(thread, 0)); // so that it comes to its first sleep beside the gates
    this.isOpen = true;
    this.rounds(2);
    this.isOpen = false;
    machine.call(sys.wakeup("gates"));
    this.rounds(2);
    const actor = { id, thread, queue: 0, load: 0, cpu: 0, isAwake: false };
    this.rank(actor);
    return actor;
  }

  private rounds(count: number): void {
    this.machine.run({ rounds: count });
  }

  private cpuOf({ thread }: Actor): number {
    return this.machine.kernel.u8[thread + T.td_cpu] as number;
  }

  /** Does about `size` operations; throws when something is not as the model says. */
  run(size: number): void {
    while (this.operations < size) {
      for (let i = this.random.below(30) + 1; i > 0; i--) {
        this.step();
        this.compare();
      }
      this.drain();
    }
  }

  private step(): void {
    this.operations++;
    const actor = this.random.pick(this.actors);
    if (actor.isAwake) {
      const { holder, waiting } = this.cpus[actor.cpu] as Cpu;
      if (holder !== actor && !waiting.includes(actor)) throw new Error("the model lost a thread");
      this.leave(actor);
      this.rank(actor);
      this.arrive(actor);
    } else if (this.random.below(3) === 0) this.rank(actor);
    else {
      this.machine.call(sys.wakeup(`a${actor.id}`));
      actor.isAwake = true;
      this.arrive(actor);
    }
    this.rounds(ROUNDS);
  }

  /** Gives a thread a policy with a fixed rank. */
  private rank(actor: Actor): void {
    const { random, machine } = this;
    if (random.below(3) !== 0) {
      const rt = 1 + random.below(99);
      machine.call(sys.sched_setscheduler(actor.thread, random.pick([1, 2]), rt));
      const priority = 24 + Math.floor(((99 - rt) * 24) / 99);
      actor.queue = 116 - rt;
      actor.load = PPQ + (priority & ~(PPQ - 1));
    } else {
      const nice = random.below(40) - 20;
      machine.call(sys.sched_setscheduler(actor.thread, 5, nice));
      const worse = Math.floor(((nice + 20) * 32) / 40) & ~(PPQ - 1);
      actor.queue = IDLE_QUEUE + worse;
      actor.load = PPQ + worse;
    }
  }

  // ---- The model ----

  private loadOf(cpu: Cpu): number {
    return sum([...cpu.waiting, ...(cpu.holder === null ? [] : [cpu.holder])].map((a) => a.load));
  }

  private wait(cpu: Cpu, actor: Actor, isFirst: boolean): void {
    const at = cpu.waiting.findIndex(({ queue }) =>
      isFirst ? queue >= actor.queue : queue > actor.queue,
    );
    cpu.waiting.splice(at < 0 ? cpu.waiting.length : at, 0, actor);
  }

  private enter(cpu: Cpu, actor: Actor): void {
    const { holder } = cpu;
    if (holder === null) cpu.holder = actor;
    else if (actor.queue < holder.queue) {
      cpu.holder = actor;
      this.wait(cpu, holder, true);
    } else this.wait(cpu, actor, false);
  }

  private leave(actor: Actor): void {
    const cpu = this.cpus[actor.cpu] as Cpu;
    if (cpu.holder === actor) cpu.holder = cpu.waiting.shift() ?? null;
    else cpu.waiting.splice(cpu.waiting.indexOf(actor), 1);
  }

  /**
   * How good a CPU is for a thread, by the holder of its slot or, if that is the thread, the one behind it: 0 behind a
   * better class or real-time priority; for a real-time thread the better, the worse the holder is.
   */
  private chanceOn({ holder, waiting }: Cpu, actor: Actor): number {
    const isIdle = ({ queue }: Actor) => queue >= IDLE_QUEUE;
    const before = holder === actor ? (waiting[0] ?? null) : holder;
    if (isIdle(actor)) return holder === null || isIdle(holder) ? 1 : 0;
    if (before === null) return Number.POSITIVE_INFINITY;
    if (isIdle(before)) return IDLE_QUEUE;
    return before.queue < actor.queue ? 0 : before.queue;
  }

  /** Becomes runnable on its CPU, and goes to the best one, of equals to that with the least load, from the next one on. */
  private arrive(actor: Actor): void {
    const own = actor.cpu;
    this.enter(this.cpus[own] as Cpu, actor);
    let best = own;
    let least = Number.POSITIVE_INFINITY;
    const chances = this.cpus.map((cpu) => this.chanceOn(cpu, actor));
    const most = Math.max(...chances);
    for (let i = 0; i < this.cpus.length; i++) {
      const other = (own + i) % this.cpus.length;
      const cpu = this.cpus[other] as Cpu;
      if (chances[other] !== most) continue;
      const load = this.loadOf(cpu) - (i === 0 ? actor.load + PPQ : 0);
      if (load >= least) continue;
      best = other;
      least = load;
    }
    if (best === own) return;
    this.leave(actor);
    actor.cpu = best;
    this.enter(this.cpus[best] as Cpu, actor);
  }

  // ---- The kernel ----

  private compare(): void {
    const { kernel } = this.machine;
    this.cpus.forEach((cpu, number) => {
      const at = kernel.machine("sched_cpus") + number * SC.size;
      const holder = kernel.view.getUint32(at + SC.sc_holder, true);
      const load = kernel.view.getUint32(at + SC.sc_load, true);
      const isSame = holder === (cpu.holder?.thread ?? 0) && load === this.loadOf(cpu);
      if (isSame) return;
      const held = this.actors.find(({ thread }) => thread === holder)?.id;
      throw this.fault(
        `CPU ${number} has holder ${held} and load ${load}, and not ${cpu.holder?.id} and ${this.loadOf(cpu)}`,
      );
    });
    for (const actor of this.actors) {
      if (actor.isAwake && this.cpuOf(actor) !== actor.cpu)
        throw this.fault(`${actor.id} is on CPU ${this.cpuOf(actor)}, and not on ${actor.cpu}`);
    }
  }

  /** Lets all run that are awake, each where it is. */
  private drain(): void {
    const { machine } = this;
    for (const { thread, cpu, isAwake } of this.actors) {
      if (isAwake) machine.call(sys.cpuset_setthread(thread, 1n << BigInt(cpu)));
    }
    this.rounds(ROUNDS);
    const expected = this.cpus.map(({ holder, waiting }) =>
      [...(holder === null ? [] : [holder]), ...waiting].map(({ id }) => id),
    );
    for (const list of this.order) list.length = 0;
    this.isOpen = true;
    this.rounds(ROUNDS + this.actors.length);
    expected.forEach((ids, cpu) => {
      const ran = this.order[cpu]?.join();
      if (ran !== ids.join()) throw this.fault(`CPU ${cpu} ran ${ran}, and not ${ids.join()}`);
    });
    for (const cpu of this.cpus) Object.assign(cpu, { holder: null, waiting: [] });
    this.isOpen = false;
    machine.call(sys.wakeup("gates"));
    for (const actor of this.actors) {
      actor.isAwake = false;
      machine.call(sys.cpuset_setthread(actor.thread, EVERYWHERE));
    }
    this.rounds(ROUNDS);
  }

  private fault(what: string): Error {
    return new Error(`${this.cpus.length} CPUs, operation ${this.operations}: ${what}`);
  }
}
