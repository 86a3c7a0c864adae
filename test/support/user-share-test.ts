// The user scheduler of lwkt and lwkt-modern compared with a plain model (user-share-model.ts), including time-sharing:
// on 1 to 16 CPUs threads compute for ever, and are put to sleep, woken, and given policies, nice values and sets of
// CPUs. After each round, which is a tick on every CPU, the kernel must agree with the model: the running threads, the
// holder of each slot and the order of the waiting ones, loads, and the account and priority of each thread.

import { levelThreads } from "../../src/core/runq-view.js";
import * as Layout from "../../src/generated/layout.js";
import { type Body, Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";
import { type UserCpu, UserShareModel, type UserThread } from "./user-share-model.js";

const { ChunkList, ChunkLists, GlobalData: G, Policy, SchedCpu: SC } = Layout;
const { Thread: T, ThreadCold: C, ThreadSched: TS } = Layout;

const HZ = 127;
const ROUND = 1_000;
/** The tick's part of a quantum after which a thread looks whether it is to sleep. */
const STRETCH = 50n;

export class UserShareTest {
  /** Ticks of threads, and what was asked for. */
  operations = 0;
  /** What took place: threads that went elsewhere, and slots that were lost to better ones. */
  readonly seen = { moves: 0, asked: 0 };
  private readonly random: Random;
  private readonly machine: Machine;
  private readonly threads: UserThread[] = [];
  private readonly addresses: number[] = [];
  private readonly model: UserShareModel;
  private second: number;

  constructor(seed: number, plant = 0) {
    this.random = new Random(seed);
    const { random } = this;
    const cpus = random.pick([1, 2, 3, 4, 8, 16]);
    const preemption = !random.once(5);
    const slice = random.pick([12, 12, 3]);
    this.machine = new Machine(
      {
        ...{ scheduler: random.once(3) ? "lwkt-modern" : "lwkt", cpus, preemption },
        ...{ cyclesPerSecond: HZ * ROUND, hz: HZ, quantum: ROUND, roundRobin: slice * ROUND },
        maxthread: 200,
      },
      plant === 0 ? buildUnderTest : "check",
    );
    this.machine.kernel.setMachine("plant", plant);
    const count = 2 + cpus + random.below(3 * cpus);
    for (let id = 0; id < count; id++) this.make(id);
    this.machine.run(); // all sleep
    this.model = new UserShareModel(cpus, this.threads, slice, preemption);
    for (const td of this.threads) {
      td.cpu = this.machine.kernel.u8[this.address(td) + T.td_cpu] as number;
      const [policy, value] = this.policy();
      this.machine.call(sys.sched_setscheduler(this.address(td), policy, value));
      this.model.rank(td, policy, value);
    }
    this.machine.run();
    this.second = Number(this.machine.kernel.machine64("sched_second"));
    this.wake(this.threads[0] as UserThread);
  }

  /** A thread that sleeps at once, and computes whenever it is awake. */
  private make(id: number): void {
    const name = `t${id}`;
    const td: UserThread = {
      ...{ id, policy: 0, rt: 0, nice: 0, estcpu: 0, batch: 15 * HZ, ticks: 0, since: 0, slice: 0 },
      ...{ priority: 0, load: 0, cpu: 0, isAwake: false, isTired: true, hasEnded: false },
      cpus: (1n << BigInt(this.machine.config.cpus)) - 1n,
    };
    let isTired = true;
    const body = function* (): Body {
      for (;;) {
        if (isTired) {
          isTired = false;
          yield* sys.tsleep(name, 0, "nap", 0);
        } else {
          yield* sys.compute(STRETCH);
          isTired = td.isTired;
        }
      }
    };
    td.isTired = false;
    this.threads.push(td);
    const [thread] = this.machine.createProcess({ name, body }).threads();
    this.addresses.push(thread?.address ?? 0);
  }

  private address({ id }: UserThread): number {
    return this.addresses[id] as number;
  }

  private policy(): [number, number] {
    const { random } = this;
    const policy = random.pick([
      ...[Policy.OTHER, Policy.OTHER, Policy.OTHER, Policy.OTHER, Policy.BATCH],
      ...[Policy.IDLE, random.pick([Policy.RR, Policy.FIFO, Policy.OTHER])],
    ]);
    const isReal = policy === Policy.RR || policy === Policy.FIFO;
    return [policy, isReal ? 1 + random.below(99) : random.below(40) - 20];
  }

  /** Does about `size` operations; throws when something is not as the model says. */
  run(size: number): void {
    while (this.operations < size) {
      this.ask();
      for (let i = this.random.below(this.random.pick([1, 3, 40])); i >= 0; i--) this.round(null);
    }
  }

  // ---- What is asked for ----

  private ask(): void {
    const { random } = this;
    const td = random.pick(this.threads);
    const awake = this.threads.filter(({ isAwake, isTired }) => isAwake && !isTired);
    const runs = this.model.cpus.some(({ current }) => current === td);
    this.operations++;
    this.seen.asked++;
    if (!td.isAwake) {
      const what = random.below(8);
      if (what < 2) this.rank(td);
      else if (what < 4) this.bind(td);
      else this.wake(td);
    } else if (runs && awake.length > 1) {
      td.isTired = true;
      this.round(null);
    } else if (!runs && random.once(3)) this.rank(td);
  }

  /** Asks the thread's CPU: at once if that is CPU 0, on which the host calls, else by a message. */
  private request(td: UserThread, call: Parameters<Machine["call"]>[0], change: () => void): void {
    const isHere = td.cpu === 0;
    this.machine.call(call);
    if (isHere) change();
    this.round(isHere ? null : change);
  }

  private wake(td: UserThread): void {
    this.request(td, sys.wakeup(`t${td.id}`), () => this.model.wake(td));
  }

  private rank(td: UserThread): void {
    const [policy, value] = this.policy();
    const call = sys.sched_setscheduler(this.address(td), policy, value);
    this.request(td, call, () => this.model.rank(td, policy, value));
  }

  /** A set of CPUs with the one where it sleeps. */
  private bind(td: UserThread): void {
    const { cpus } = this.machine.config;
    const others = this.random.pick([2 ** cpus - 1, this.random.below(2 ** cpus)]);
    td.cpus = BigInt(others) | (1n << BigInt(td.cpu));
    this.machine.call(sys.cpuset_setthread(this.address(td), td.cpus));
    this.round(null);
  }

  // ---- Rounds ----

  private round(asked: (() => void) | null): void {
    const { machine, model } = this;
    const isSecond = Number(machine.cycles) >= this.second;
    if (isSecond) this.second += HZ * ROUND;
    const before = this.threads.map(({ cpu }) => cpu);
    machine.run({ rounds: 1 });
    model.round(isSecond, asked);
    this.operations += model.cpus.filter(({ current }) => current !== null).length;
    this.threads.forEach(({ cpu }, i) => {
      if (cpu !== before[i]) this.seen.moves++;
    });
    this.compare();
  }

  private compare(): void {
    for (const [number, cpu] of this.model.cpus.entries()) this.compareCpu(number, cpu);
    for (const td of this.threads) this.compareThread(td);
  }

  private compareCpu(number: number, cpu: UserCpu): void {
    const { kernel } = this.machine;
    const at = kernel.machine("sched_cpus") + number * SC.size;
    const gd = kernel.globaldata(number);
    const current = kernel.read(gd + G.gd_curthread);
    const idle = kernel.read(gd + G.gd_idletd);
    const told = {
      holder: this.name(kernel.read(at + SC.sc_holder)),
      current: current === idle ? "none" : this.name(current),
      load: kernel.read(at + SC.sc_load),
      waiting: this.waiting(number),
    };
    const expected = {
      holder: String(cpu.holder?.id ?? "none"),
      current: String(cpu.current?.id ?? "none"),
      load: cpu.load,
      waiting: cpu.waiting.map(({ id }) => id).join(),
    };
    this.same(`CPU ${number}`, told, expected);
  }

  private name(address: number): string {
    const id = this.addresses.indexOf(address);
    return id < 0 ? "none" : String(id);
  }

  /** The threads that wait for a CPU, in order, by the levels that they are on. */
  private waiting(cpu: number): string {
    const { kernel } = this.machine;
    const lists = kernel.machine("sched_base") + ChunkLists.size;
    const delta = kernel.machine("sched_delta");
    const levels = new Set<number>();
    for (const address of this.addresses) {
      const part = (address + delta) >>> 0;
      if (kernel.u8[part + TS.ts_queue] === cpu + 1) {
        levels.add(kernel.view.getUint16(part + TS.ts_level, true));
      }
    }
    const sorted = [...levels].sort((a, b) => a - b);
    const list = (level: number) => lists + (cpu * Layout.RQ_LEVELS + level) * ChunkList.size;
    return sorted
      .flatMap((level) => levelThreads(kernel, list(level)))
      .map((address) => this.name(address))
      .join();
  }

  private compareThread(td: UserThread): void {
    const { kernel } = this.machine;
    const address = this.address(td);
    const part = (address + kernel.machine("sched_delta")) >>> 0;
    const told = {
      cpu: kernel.u8[address + T.td_cpu],
      priority: kernel.u8[kernel.cold(address) + C.td_base_pri],
      estcpu: kernel.read(part + TS.ts_estcpu),
      batch: kernel.view.getUint16(part + TS.ts_batch, true),
      ticks: kernel.read(part + TS.ts_ticks),
      slice: kernel.read(part + TS.ts_slice),
    };
    const { cpu, priority, estcpu, batch, ticks, slice } = td;
    this.same(`thread ${td.id}`, told, { cpu, priority, estcpu, batch, ticks, slice });
  }

  private same<Told extends object>(what: string, told: Told, expected: Told): void {
    for (const field of Object.keys(expected) as (keyof Told & string)[]) {
      if (told[field] === expected[field]) continue;
      const { cpus, scheduler } = this.machine.config;
      const all = `${JSON.stringify(told)}, and not ${JSON.stringify(expected)}`;
      throw new Error(
        `${scheduler}, ${cpus} CPUs, at ${this.machine.cycles}: ${field} of ${what}: ${all}`,
      );
    }
  }
}
