// Storms of user threads under lwkt: threads of every policy that come and go between the kernel's side and the
// scheduler of user threads, are moved, bound, woken, lent to and given tokens, while the structures of the
// scheduler are compared with what its law says (the head of assembly/kern/lwkt_usched.ts) between rounds.

import { levelThreads, lwktLevel } from "../../../src/core/runq-view.js";
import * as Layout from "../../../src/generated/layout.js";
import { type Body, type Handle, type KernelSource, Machine, sys } from "../../../src/index.js";
import { Random } from "../random.js";
import { Mismatch } from "./storm.js";

const {
  ChunkList,
  ChunkLists,
  GlobalData: G,
  Policy,
  SchedCpu,
  Thread: T,
  ThreadCold: C,
  ThreadSched: S,
} = Layout;

/** Continuations of a thread on its way to a token (`K` in assembly/kern/cont.ts, to which layout.test.ts compares them). */
export const TOKEN_CONTINUATIONS = { GETTOKEN_1: 23, REGETTOKEN_1: 24 };
/** Rounds within which all threads have ended. */
const ROUNDS_MAX = 60_000;
/** Boundaries by which a thread that can run has left a CPU that its set excludes. */
const OBEYED = 12;
const NICE_MIN = -20;
const USER_LEVEL = 6;
const IDLE_LEVEL = 3;
/** The first priorities of time-sharing and of idle threads, and the last one of the kernel's. */
const TIMESHARE = 88;
const IDLE = 224;
const KERNEL_LAST = 87;
/** The priority, and the level, of threads with deadlines; and the best priority of SCHED_FIFO under lwkt. */
const DEADLINES = 16;
const RT_BEST = 24;

/** A thread as its fields show it. */
interface Seen {
  readonly td: number;
  readonly cpu: number;
  readonly queue: number;
  readonly level: number;
  readonly isRunning: boolean;
}

/** An idle CPU: its number of switches, and the threads that it could have. */
interface Idle {
  readonly switches: bigint;
  readonly waits: ReadonlySet<string>;
}

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Mismatch(what);
}

/** A storm of one seed. */
export class UserStorm {
  private readonly machine: Machine;
  private readonly random: Random;
  private readonly threads: Handle[] = [];
  private readonly allowed: bigint[] = [];
  private mutex = 0;
  private ended = 0;
  private isClosing = false;
  /** Each CPU as it was when the round before was over. */
  private readonly idle: Idle[];
  /** Boundaries in a row at which each thread could run and was on a CPU that its set excludes. */
  private readonly astray: number[] = [];
  steps = 0;

  constructor(
    readonly seed: number,
    source: KernelSource,
    options: { readonly cpus?: number | undefined; readonly plant?: number | undefined } = {},
  ) {
    this.random = new Random(seed);
    const cpus = options.cpus ?? this.random.pick([1, 2, 3, 4, 8]);
    this.machine = new Machine(
      {
        ...{ cpus, seed, maxthread: 80, maxproc: 20, objects: 8 },
        ...{ guestMemory: 4096, textMemory: 1024, stringMemory: 8192 },
        cyclesPerSecond: 200_000,
        quantum: 100 + this.random.below(900),
        preemption: !this.random.once(4),
      },
      source,
    );
    if (options.plant !== undefined) this.machine.kernel.setMachine("plant", options.plant);
    this.idle = Array.from({ length: cpus }, () => ({ switches: 0n, waits: new Set() }));
  }

  /** Runs the storm; throws a {@link Mismatch} where something is not as the law says. */
  run(): void {
    const { machine, random } = this;
    const { cpus } = machine.config;
    const token = { address: machine.call(sys.lwkt_token_create(0))[1] >>> 0 };
    this.mutex = machine.call(sys.mtx_init("door", 0))[1] >>> 0;
    const count = 3 + random.below(3 * cpus);
    for (let i = 0; i < count; i++) {
      const body = () => this.life(i, token, new Random(this.seed * 131 + i));
      const thread = machine.createThread({ name: `t${i}`, cpu: i % cpus, body });
      this.threads.push(thread);
      this.allowed.push((1n << BigInt(cpus)) - 1n);
    }
    for (let rounds = 0; this.ended < count; rounds++) {
      const { reason } = machine.run({ rounds: 1 });
      if (this.ended === count) break;
      check(reason !== "idle" && rounds < ROUNDS_MAX, `${count - this.ended} threads never end`);
      this.compare();
    }
  }

  // ---- Lives ----

  private *life(me: number, token: Handle, random: Random): Body {
    for (let turn = 0; turn < 40; turn++) {
      this.steps++;
      const what = random.below(12);
      if (what < 4)
        yield* sys.compute(BigInt(50 + random.below(random.pick([300, 9_000, 50_000]))));
      else if (what === 4) yield* this.rank(random);
      else if (what === 5) yield* this.changeOther(random);
      else if (what === 6) yield* this.section(token, random);
      else if (what === 7) yield* this.locked(random);
      else if (what === 8) yield* sys.pause("nap", 1 + random.below(random.pick([5, 400])));
      else if (what === 9) yield* random.once(2) ? sys.lwkt_yield() : sys.sched_relinquish();
      else if (what === 10 && me !== 0 && !this.isClosing) yield* this.wait();
      else yield* this.hand(random);
    }
    // No thread may starve the others, or wait, for ever.
    yield* sys.sched_setscheduler_self(Policy.OTHER, 0);
    this.isClosing = true;
    for (const thread of this.threads) {
      if (this.isAlive(thread)) yield* sys.lwkt_schedule(thread);
    }
    this.ended++;
  }

  private isAlive({ address }: Handle): boolean {
    return this.machine.thread(address).state !== "exited";
  }

  /** A thread that has not ended yet, or itself. */
  private other(random: Random): Handle {
    return random.pick(this.threads.filter((thread) => this.isAlive(thread)));
  }

  private *rank(random: Random): Body {
    const kind = random.below(8);
    if (kind === 0) yield* sys.sched_prio_self(60 + random.below(100));
    else if (kind === 1) yield* sys.lwkt_setpri_self(5 + random.below(20));
    else if (kind === 2) yield* sys.sched_setdeadline_self(300, 8_000, 16_000);
    else yield* sys.sched_setscheduler_self(...policyOf(random));
  }

  private *changeOther(random: Random): Body {
    const thread = this.other(random);
    const index = this.threads.indexOf(thread);
    const { cpus } = this.machine.config;
    switch (random.below(5)) {
      case 0:
        yield* sys.sched_setscheduler(thread, ...policyOf(random));
        return;
      case 1:
        yield* sys.sched_prio(thread, 60 + random.below(100));
        return;
      case 2:
        yield* sys.lwkt_migrate(thread, random.below(cpus));
        return;
      case 3: {
        const mask = 1n + BigInt(random.below(2 ** cpus - 1));
        const before = this.allowed[index] as bigint;
        this.allowed[index] = mask; // now: who moves itself away returns from the call when it runs there
        const error = yield* sys.cpuset_setthread(thread, mask);
        if (error !== 0) this.allowed[index] = before; // a deadline stood in the way
        return;
      }
      default:
        yield* sys.lwkt_setpri(thread, 5 + random.below(20));
    }
  }

  private *section(token: Handle, random: Random): Body {
    yield* sys.lwkt_gettoken(token);
    yield* sys.compute(BigInt(10 + random.below(600)));
    yield* sys.lwkt_reltoken(token);
  }

  private *locked(random: Random): Body {
    yield* sys.mtx_lock(this.mutex);
    yield* sys.compute(BigInt(10 + random.below(8_000)));
    yield* sys.mtx_unlock(this.mutex);
  }

  /** Waits, off the run queue, until it is scheduled. */
  private *wait(): Body {
    yield* sys.lwkt_deschedule_self();
    if (this.isClosing) yield* sys.lwkt_schedule_self();
    else yield* sys.lwkt_switch();
  }

  private *hand(random: Random): Body {
    yield* sys.lwkt_schedule(this.other(random));
  }

  // ---- The law ----

  /** Compares the scheduler's structures with what follows from the threads' fields. */
  private compare(): void {
    const { cpus } = this.machine.config;
    const placed = new Map<number, Seen>();
    for (let cpu = 0; cpu < cpus; cpu++) this.compareCpu(cpu, placed);
    for (const { address } of this.threads) this.compareThread(address, placed);
    this.compareSets(placed);
    this.comparePulls(placed);
  }

  private u8(address: number): number {
    return this.machine.kernel.u8[address >>> 0] as number;
  }

  private user(td: number): boolean {
    return (this.machine.kernel.read(td + T.td_flags) & Layout.TDF_USER) !== 0;
  }

  private part(td: number): number {
    return (td + this.machine.kernel.machine("sched_delta")) >>> 0;
  }

  private seen(td: number): Seen {
    const part = this.part(td);
    return {
      td,
      cpu: this.u8(td + T.td_cpu),
      queue: this.u8(part + S.ts_queue),
      level: this.machine.kernel.view.getUint16(part + S.ts_level, true),
      isRunning: this.u8(td + T.td_state) === Layout.TDS.RUNNING,
    };
  }

  /** One thread of a CPU is in the slot, the others wait in order, and the CPU counts them and what they weigh. */
  private compareCpu(cpu: number, placed: Map<number, Seen>): void {
    const { kernel } = this.machine;
    const gd = kernel.globaldata(cpu);
    const sc = kernel.machine("sched_cpus") + cpu * SchedCpu.size;
    const holder = this.holder(cpu);
    let count = 0;
    for (let nq = 0; nq < Layout.NRUNQ; nq++) {
      const level = levelThreads(kernel, lwktLevel(kernel, cpu, nq));
      count += level.length;
      for (const td of level.filter((one) => this.user(one))) {
        check(td === holder, `CPU ${cpu}: LWKT sees a user thread that does not hold the slot`);
        check(nq === this.lwktLevelOf(td), `CPU ${cpu}: the slot's holder is on level ${nq}`);
        placed.set(td, this.seen(td));
      }
    }
    check(
      holder === 0 || placed.has(holder),
      `CPU ${cpu}: the slot's holder is not on LWKT's queue`,
    );
    const waiting = this.waiting(cpu);
    let best = Layout.RQ_LEVELS;
    for (const seen of waiting) {
      check(!placed.has(seen.td), `CPU ${cpu}: a thread is in two places`);
      check(seen.queue === cpu + 1 && seen.cpu === cpu, `CPU ${cpu} has another one's thread`);
      placed.set(seen.td, seen);
      best = Math.min(best, seen.level);
    }
    check(
      waiting.length === 0 || holder !== 0,
      `CPU ${cpu}: threads wait, and nobody has the slot`,
    );
    const flag = (kernel.read(gd + G.gd_flags) & Layout.GDF_USERS) !== 0;
    check(flag === waiting.length > 0, `CPU ${cpu}: GDF_USERS is ${flag}`);
    count += waiting.length;
    check(kernel.readSigned(gd + G.gd_nrunnable) === count, `CPU ${cpu}: gd_nrunnable is wrong`);
    const ours = [...placed.values()].filter((seen) => seen.cpu === cpu);
    const load = ours.reduce((sum, { td }) => sum + this.loadOf(td), 0);
    check(kernel.read(sc + SchedCpu.sc_load) === load, `CPU ${cpu}: the load is wrong`);
    if (holder !== 0) this.compareHolder(cpu, holder, waiting);
  }

  /** The thread that has a CPU's slot, 0 for none. */
  private holder(cpu: number): number {
    const { kernel } = this.machine;
    return kernel.read(kernel.machine("sched_cpus") + cpu * SchedCpu.size + SchedCpu.sc_holder);
  }

  /** The threads that wait for a CPU, each on the level of its rank. */
  private waiting(cpu: number): Seen[] {
    const { kernel } = this.machine;
    const lists = kernel.machine("sched_base") + ChunkLists.size;
    const found: Seen[] = [];
    for (let level = 0; level < Layout.RQ_LEVELS; level++) {
      const list = lists + (cpu * Layout.RQ_LEVELS + level) * ChunkList.size;
      for (const td of levelThreads(kernel, list)) {
        check(this.user(td), `CPU ${cpu}: a thread of the kernel's waits for the slot`);
        const seen = this.seen(td);
        check(seen.level === level, `CPU ${cpu}: a thread is on level ${level} wrongly`);
        if (!this.waitsForToken(td)) {
          check(
            level === this.rankOf(td),
            `CPU ${cpu}: a thread of rank ${this.rankOf(td)} waits at ${level}`,
          );
        }
        found.push(seen);
      }
    }
    return found;
  }

  /** A holder that neither runs nor was preempted is as good as all that wait, but for batch threads. */
  private compareHolder(cpu: number, holder: number, waiting: readonly Seen[]): void {
    const { kernel } = this.machine;
    const flags = kernel.view.getUint16(holder + T.td_lwflags, true);
    const isStill = !this.seen(holder).isRunning && (flags & Layout.TDL_PREEMPT_LOCK) === 0;
    if (!isStill || this.waitsForToken(holder)) return;
    const rank = this.rankOf(holder);
    const better = waiting.find(
      ({ td, level }) =>
        level < rank && this.policy(td) !== Policy.BATCH && !this.waitsForToken(td),
    );
    const first = waiting[0];
    if (better === undefined || better !== first) return;
    throw new Mismatch(
      `CPU ${cpu}: rank ${better.level} waits for one of ${rank} that does not run`,
    );
  }

  /** A user thread that is on the run queue is in one place, and its priority is what its account says. */
  private compareThread(td: number, placed: ReadonlyMap<number, Seen>): void {
    const { kernel } = this.machine;
    if (!this.user(td)) {
      check(!placed.has(td), "a thread of the kernel's has a place among user threads");
      return;
    }
    const isQueued = (kernel.view.getUint16(td + T.td_lwflags, true) & Layout.TDL_RUNQ) !== 0;
    check(
      isQueued === placed.has(td),
      `a user thread is ${isQueued ? "" : "not "}on the run queue`,
    );
    const part = this.part(td);
    const policy = this.policy(td);
    if (policy !== Policy.OTHER && policy !== Policy.BATCH) return;
    const base = this.u8(kernel.cold(td) + C.td_base_pri);
    check(
      base === this.timeshare(part, policy),
      `a priority is ${base}, not ${this.timeshare(part, policy)}`,
    );
    if (!isQueued) return;
    const since = kernel.read(part + S.ts_ltick);
    check(since === kernel.machine("users_seconds"), "an account is behind the clock");
  }

  /** No thread stays long on a CPU that its set excludes. */
  private compareSets(placed: ReadonlyMap<number, Seen>): void {
    for (const [index, { address }] of this.threads.entries()) {
      const seen = placed.get(address);
      const isAstray =
        seen !== undefined && (((this.allowed[index] ?? 0n) >> BigInt(seen.cpu)) & 1n) === 0n;
      const count = isAstray ? (this.astray[index] ?? 0) + 1 : 0;
      this.astray[index] = count;
      check(count <= OBEYED, `a thread stays on CPU ${seen?.cpu}, which its set excludes`);
    }
  }

  /**
   * An idle CPU pulls a thread at each boundary: one that stays idle for a round leaves none waiting that it could have
   * had before. A CPU is often idle again at the next boundary, since what it pulled has blocked meanwhile, and other
   * threads may wait then; so it is the same thread that must not wait on, behind the same holder of its CPU's slot:
   * if that has gone elsewhere, the thread may have had the slot for a while.
   */
  private comparePulls(placed: ReadonlyMap<number, Seen>): void {
    const { kernel } = this.machine;
    for (const [cpu, before] of this.idle.entries()) {
      const gd = kernel.globaldata(cpu);
      const isIdle = kernel.read(gd + G.gd_curthread) === kernel.read(gd + G.gd_idletd);
      const switches = kernel.read64(gd + G.gd_switches);
      const waits = isIdle ? this.waitsFor(cpu, placed) : new Set<string>();
      const left = switches === before.switches && [...waits].some((one) => before.waits.has(one));
      check(!left, `CPU ${cpu} is idle, and threads wait`);
      this.idle[cpu] = { switches, waits };
    }
  }

  /** The threads that wait on other CPUs and may run on this one: where, behind whom, and how long each has run. */
  private waitsFor(cpu: number, placed: ReadonlyMap<number, Seen>): Set<string> {
    const found = new Set<string>();
    for (const seen of placed.values()) {
      // One whose slot another has got still runs until its slice is over: it stands in a queue, and waits for nothing.
      if (seen.queue === 0 || seen.isRunning || seen.cpu === cpu || !this.mayHave(seen.td, cpu)) {
        continue;
      }
      const ran = this.machine.kernel.read64(seen.td + T.td_runtime);
      found.add(`${seen.td} ${seen.cpu} ${this.holder(seen.cpu)} ${ran}`);
    }
    return found;
  }

  /** True for a thread that may run on a CPU. */
  private mayHave(td: number, cpu: number): boolean {
    const { kernel } = this.machine;
    const index = this.threads.findIndex(({ address }) => address === td);
    if ((((this.allowed[index] ?? 0n) >> BigInt(cpu)) & 1n) === 0n) return false;
    if ((this.u8(this.part(td) + S.ts_flags) & Layout.TSF_MOVED) !== 0) return false;
    if (this.u8(kernel.cold(td) + C.td_migrate) !== 0 || this.waitsForToken(td)) return false;
    return kernel.readSigned(td + T.td_pri) < 2 * Layout.TDPRI_CRIT;
  }

  // ---- The rules, written from the law ----

  private policy(td: number): number {
    return this.u8(this.part(td) + S.ts_policy);
  }

  private waitsForToken(td: number): boolean {
    return Object.values(TOKEN_CONTINUATIONS).includes(this.u8(td + T.td_kfn));
  }

  private priorities(td: number): { own: number; now: number } {
    const cold = this.machine.kernel.cold(td);
    return { own: this.u8(cold + C.td_base_pri), now: this.u8(cold + C.td_priority) };
  }

  /**
   * Real-time priorities 99 to 1 are ranks 17 to 115, the kernel's priorities 48 and up 116 and up; four are a
   * queue.
   */
  private rankOf(td: number): number {
    const { own, now } = this.priorities(td);
    if (now < own) return kernelRank(Math.min(now, KERNEL_LAST));
    const rt = this.u8(this.part(td) + S.ts_rt);
    const first = now - (now % 4);
    return rt !== 0 ? 116 - rt : kernelRank(first === DEADLINES ? now : first);
  }

  private lwktLevelOf(td: number): number {
    const { own, now } = this.priorities(td);
    if (now < own || now < TIMESHARE) return Math.max(USER_LEVEL, 31 - Math.floor(now / 8));
    return now >= IDLE ? IDLE_LEVEL : USER_LEVEL;
  }

  private loadOf(td: number): number {
    const { own } = this.priorities(td);
    const within = own >= IDLE ? own - IDLE : own >= TIMESHARE ? own - TIMESHARE : own;
    return 4 + within - (within % 4);
  }

  private timeshare(part: number, policy: number): number {
    const { kernel } = this.machine;
    const nice = kernel.view.getInt8(part + S.ts_nice) - NICE_MIN;
    const most = 30 * Layout.STATHZ;
    const batch = policy === Policy.BATCH ? most : kernel.view.getUint16(part + S.ts_batch, true);
    const used = Math.floor((kernel.read(part + S.ts_estcpu) * (batch + most)) / (2 * most));
    return TIMESHARE + Math.floor(((2 * nice + Math.floor(used / 128)) * 128) / 208);
  }
}

function kernelRank(priority: number): number {
  if (priority >= 48) return 116 + priority - 48;
  if (priority <= DEADLINES) return priority;
  return 17 + Math.floor((Math.max(priority - RT_BEST, 0) * 99) / (48 - RT_BEST));
}

/** A policy and a value of it. */
function policyOf(random: Random): [number, number] {
  const policy = random.pick([
    ...[Policy.OTHER, Policy.OTHER, Policy.OTHER, Policy.BATCH],
    ...[Policy.IDLE, Policy.RR, Policy.FIFO],
  ]);
  const isRealTime = policy === Policy.RR || policy === Policy.FIFO;
  return [policy, isRealTime ? 1 + random.below(99) : random.below(40) + NICE_MIN];
}
