// Scores, priorities and slices of 4bsd and ule compared with plain rules (sched-score-model.ts). Threads compute,
// sleep, change their nice values and policies, create others and end. After each round the machine says which threads
// ran, slept, woke, were created and ended; the rules say what each thread's account must be then. Placement is checked,
// too: no CPU is idle for long while another one has a thread to give, and loads converge.

import * as Layout from "../../src/generated/layout.js";
import { type Body, Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";
import {
  type Account,
  Bsd4Rules,
  isTimeshare,
  type Settings,
  UleRules,
} from "./sched-score-model.js";

const { GlobalData: G, SchedCpu: SC, Thread: T, ThreadCold: C, ThreadSched: TS } = Layout;
/** Cycles of a tick, and of a round: a woken thread computes for longer than that. */
const TICK = 1_000;
const ROUND = 250;
const PROCESSES = 7;
const CHILDREN = 3;
/** Nice values that are not chosen again. */
const RECENT = 30;
/** Rounds for which a CPU may be idle while another one has a thread to give. */
const IDLE_ROUNDS = 3;
/** Rounds within which loads have to come together: more than the balancer's longest interval for each CPU. */
const BALANCE_ROUNDS = (3 * 127 * TICK) / ROUND;

/** What the machine says of a thread. */
interface Seen extends Account {
  readonly tid: number;
  readonly td: number;
  readonly process: number;
  readonly state: number;
  readonly isMarked: boolean;
  readonly isQueued: boolean;
  /** CPU time, up to its last switch. */
  readonly ran: number;
  readonly cpu: number;
  readonly isCurrent: boolean;
}

interface Cpu {
  readonly current: number;
  readonly isIdle: boolean;
  /** Threads that wait for it, and the cycles of its clock and of its next tick. */
  readonly waiting: number;
  readonly clock: number;
  readonly tick: number;
}

interface View {
  readonly now: number;
  readonly threads: Map<number, Seen>;
  readonly cpus: readonly Cpu[];
}

type Scheduler = "4bsd" | "ule";

export class SchedScoreTest {
  operations = 0;
  /** Slices that ended, threads that were made, and moves between CPUs: that these take place is looked at, too. */
  readonly seen = { slices: 0, made: 0, ended: 0, woken: 0, moves: 0 };
  private readonly machine: Machine;
  private readonly random: Random;
  private readonly settings: Settings;
  private readonly bsd4: Bsd4Rules;
  private readonly ule: UleRules;
  private readonly accounts = new Map<number, Account>();
  private readonly main = new Map<number, number>();
  private view: View;
  private second: number;
  /** Every process has begun: their threads may make others. */
  private isReady = false;
  private idleFor = 0;
  private unevenFor = 0;

  constructor(
    seed: number,
    private readonly scheduler: Scheduler,
    plant = 0,
  ) {
    this.random = new Random(seed);
    const { random } = this;
    const cpus = random.pick([1, 1, 2, 4]);
    const runQueues = random.pick([64, 256] as const);
    const interact = scheduler === "ule" ? random.pick([30, 30, 10, 70]) : 30;
    const config = { scheduler, cpus, runQueues, hz: 127, quantum: ROUND, seed };
    this.machine = new Machine(
      { ...config, cyclesPerSecond: 127 * TICK, maxthread: 400, preemption: !random.once(4) },
      plant === 0 ? buildUnderTest : "check",
    );
    this.machine.kernel.setMachine("plant", plant);
    this.settings = { cpus, runQueues, interact, slice: 12 };
    if (scheduler === "ule") this.machine.setSysctl("kern.sched.interact", interact);
    this.bsd4 = new Bsd4Rules(this.settings);
    this.ule = new UleRules(this.settings);
    for (let i = 0; i < PROCESSES; i++) this.start(i);
    do this.machine.run({ rounds: 1 });
    while (this.look().threads.size < PROCESSES);
    this.view = this.look();
    this.isReady = true;
    const { kernel } = this.machine;
    this.second = Number(kernel.machine64("sched_second"));
    this.bsd4.begin(kernel.machine("sched_ldavg"), kernel.machine("sched_seconds"));
    for (const seen of this.view.threads.values()) {
      this.main.set(seen.process, seen.tid);
      this.accounts.set(seen.tid, { ...seen });
    }
  }

  /** A process whose threads do as random numbers say; the first one never sleeps. */
  private start(number: number): void {
    const test = this;
    const { random } = this;
    /** Nice values that threads of the process have had last, and may have still. */
    const recent = [0];
    const stretch = () => BigInt(ROUND + 60 + random.below(random.pick([500, 8_000, 60_000])));
    function* other(): Body {
      // A value that it has not, so that it is a change: a new thread has its maker's.
      const others = Array.from({ length: 40 }, (_, i) => i - 20).filter(
        (n) => !recent.includes(n),
      );
      const nice = random.pick(others);
      recent.push(nice);
      if (recent.length > RECENT) recent.shift();
      const policy = random.pick([0, 0, 0, 3, 5]);
      if (random.once(8)) yield* sys.sched_setscheduler_self(2, 1 + random.below(99));
      else yield* sys.sched_setscheduler_self(policy, nice);
    }
    function* act(isMain: boolean, steps: number): Body {
      let children = 0;
      for (let i = 0; i < steps; i++) {
        yield* sys.compute(stretch());
        const what = random.below(40);
        if (what < 20 && number !== 0) {
          yield* sys.pause("nap", 1 + random.below(random.pick([4, 60, 700])));
        } else if (what < 23) yield* other();
        else if (what < 25 && isMain && test.isReady && children++ < CHILDREN) {
          yield* sys.thr_create(child, 0);
        }
      }
    }
    function* child(): Body {
      yield* act(false, 5 + random.below(30));
      yield* sys.compute(stretch());
      yield* sys.thr_exit();
    }
    this.machine.createProcess({
      name: `p${number}`,
      *body() {
        yield* sys.sched_setscheduler_self(0, 0);
        yield* act(true, Number.POSITIVE_INFINITY);
      },
    });
  }

  /** Does about `size` operations, which are ticks and what threads do; throws when a rule is broken. */
  run(size: number): void {
    while (this.operations < size) {
      const before = this.view;
      this.machine.run({ rounds: 1 });
      this.view = this.look();
      this.follow(before, this.view);
    }
  }

  // ---- What the machine says ----

  private look(): View {
    const { kernel } = this.machine;
    const { u8, view } = kernel;
    const u32 = (at: number) => view.getUint32(at, true);
    const u64 = (at: number) => Number(view.getBigUint64(at, true));
    const scheds = kernel.machine("sched_cpus");
    const cpus: Cpu[] = [];
    const current = new Map<number, number>();
    for (let cpu = 0; cpu < this.settings.cpus; cpu++) {
      const gd = Layout.GLOBALDATA_ADDRESS + cpu * Layout.GLOBALDATA_STRIDE;
      const td = u32(gd + G.gd_curthread);
      current.set(td, cpu);
      cpus.push({
        current: td,
        isIdle: td === u32(gd + G.gd_idletd),
        waiting: u32(gd + G.gd_nrunnable),
        clock: u64(gd + G.gd_cycles),
        tick: u64(scheds + cpu * SC.size + SC.sc_clock),
      });
    }
    const threads = new Map<number, Seen>();
    const delta = kernel.machine("sched_delta");
    for (let i = 1, end = kernel.machine("zone_next"); i < end; i++) {
      const td = kernel.machine("td_base") + i * T.size;
      const ts = (td + delta) >>> 0;
      const flags = u8[ts + TS.ts_flags] as number;
      const state = u8[td + T.td_state] as number;
      if (state === Layout.TDS.INACTIVE || (flags & Layout.TSF_USER) === 0) continue;
      const cold = kernel.cold(td);
      threads.set(u32(cold + C.td_tid), {
        tid: u32(cold + C.td_tid),
        td,
        process: u32(td + T.td_proc),
        state,
        isMarked: (flags & Layout.TSF_SLEPT) !== 0,
        isQueued: u8[ts + TS.ts_queue] !== 0,
        ran: u64(td + T.td_runtime),
        cpu: u8[td + T.td_cpu] as number,
        isCurrent: current.has(td),
        policy: u8[ts + TS.ts_policy] as number,
        nice: view.getInt8(ts + TS.ts_nice),
        priority: u8[cold + C.td_priority] as number,
        slice: u32(ts + TS.ts_slice),
        estcpu: u32(ts + TS.ts_estcpu),
        slept: u32(ts + TS.ts_slept),
        didRun: u32(ts + TS.ts_slptick) !== u32(td + T.td_nvcsw),
        slptick: u32(ts + TS.ts_slptick),
        runtime: u32(ts + TS.ts_runtime),
        slptime: u32(ts + TS.ts_slptime),
        ticks: u32(ts + TS.ts_ticks),
        ltick: view.getInt32(ts + TS.ts_ltick, true),
        ftick: view.getInt32(ts + TS.ts_ftick, true),
      });
    }
    return { now: Number(kernel.machine64("now")), threads, cpus };
  }

  // ---- What follows from a round ----

  private follow(before: View, after: View): void {
    const ms = Math.floor(before.now / TICK_MS) + 1;
    if (this.scheduler === "4bsd") this.seconds(before);
    const woken: number[] = [];
    for (const [tid, was] of before.threads) {
      const is = after.threads.get(tid);
      if (is !== undefined && was.isMarked && !is.isMarked) woken.push(tid);
    }
    for (const tid of woken) this.wakes(tid, ms);
    for (let cpu = 0; cpu < this.settings.cpus; cpu++) {
      this.ticks(cpu, before, after, woken, ms);
      for (const [tid, was] of before.threads) {
        if (!after.threads.has(tid) && this.lastCpu(was) === cpu) this.ends(was);
      }
      for (const [tid, is] of after.threads) {
        const isNew = !before.threads.has(tid);
        if (isNew && after.threads.get(this.mainOf(is))?.cpu === cpu) this.born(is, before, ms);
      }
    }
    for (const [tid, is] of after.threads) {
      const was = before.threads.get(tid);
      if (was !== undefined) this.changes(was, is, ms);
    }
    this.takeUnclear(before, after, woken);
    for (const is of after.threads.values()) this.compare(is);
    this.placing(before, after);
  }

  private mainOf({ process }: Seen): number {
    return this.main.get(process) as number;
  }

  /** Where a thread ran that is gone. */
  private lastCpu({ td }: Seen): number {
    return this.machine.kernel.u8[td + T.td_cpu] as number;
  }

  /**
   * What a main thread and a new one have is taken as it is where the machine does not say in which order things took
   * place: the end of a thread in a round in which another one ended, or the main one made one, woke, or
   * changed its policy or nice value.
   */
  private takeUnclear(before: View, after: View, woken: readonly number[]): void {
    const ended = [...before.threads.values()].filter(({ tid }) => !after.threads.has(tid));
    for (const was of ended) {
      const main = this.mainOf(was);
      const others = ended.filter(({ process }) => process === was.process).length - 1;
      const born = [...after.threads.values()].filter(
        (is) => is.process === was.process && !before.threads.has(is.tid),
      );
      const isSame = !hasOtherPolicy(before.threads.get(main), after.threads.get(main));
      if (born.length === 0 && others === 0 && !woken.includes(main) && isSame) continue;
      for (const tid of [main, ...born.map((is) => is.tid)]) {
        Object.assign(this.account(tid), after.threads.get(tid));
      }
    }
  }

  private account(tid: number): Account {
    const account = this.accounts.get(tid);
    if (account === undefined) throw new Error(`thread ${tid} came from nowhere`);
    return account;
  }

  /** schedcpu, and the load average. */
  private seconds({ now, threads, cpus }: View): void {
    if (now < this.second) return;
    this.second += 127 * TICK;
    const queued = this.machine.kernel.machine("sched_base") === 0 ? 0 : this.runnable(threads);
    this.bsd4.second(queued + cpus.filter(({ isIdle }) => !isIdle).length);
    for (const [tid, { state }] of threads) {
      const isAwake = state === Layout.TDS.RUNQ || state === Layout.TDS.RUNNING;
      this.bsd4.secondOf(this.account(tid), isAwake);
    }
  }

  private runnable(threads: View["threads"]): number {
    return [...threads.values()].filter(({ isQueued }) => isQueued).length;
  }

  private wakes(tid: number, ms: number): void {
    this.operations++;
    this.seen.woken++;
    const account = this.account(tid);
    if (this.scheduler === "ule") this.ule.wake(account, ms);
    else this.bsd4.wake(account);
  }

  /** A CPU begins its part of the round: its thread is charged for the ticks that are due. */
  private ticks(cpu: number, before: View, after: View, woken: readonly number[], ms: number) {
    const { current, isIdle, clock, tick, waiting } = before.cpus[cpu] as Cpu;
    if (isIdle || clock < tick) return;
    const td = [...before.threads.values()].find((seen) => seen.td === current);
    if (td === undefined) return; // one of the kernel's
    const account = this.account(td.tid);
    const arrived = woken.filter((tid) => after.threads.get(tid)?.cpu === cpu).length;
    for (let at = tick; at <= clock; at += TICK) {
      this.operations++;
      const isOver =
        this.scheduler === "ule"
          ? this.ule.tick(account, ms, this.settings.cpus === 1 ? waiting + arrived : 0)
          : this.bsd4.tick(account);
      if (isOver) this.seen.slices++;
    }
  }

  /** What a thread has done in the round, as far as it shows. */
  private changes(was: Seen, is: Seen, ms: number): void {
    const account = this.account(is.tid);
    const sleeps = is.isMarked && !was.isMarked;
    if (is.cpu !== was.cpu) this.seen.moves++;
    const left = is.ran !== was.ran;
    const waited = was.ran === 0 && !was.isQueued && !was.isCurrent; // for the letter that puts it on a queue
    if (this.scheduler === "ule" && waited && (left || is.isQueued || is.isCurrent)) {
      this.ule.prioritize(account);
    }
    const isChosen = !was.isCurrent && (left || is.isCurrent);
    if (this.scheduler === "ule" && isChosen) this.ule.account(account, ms, false);
    if (hasOtherPolicy(was, is)) {
      this.operations++;
      Object.assign(account, { policy: is.policy, nice: is.nice });
      if (this.scheduler === "ule") this.ule.prioritize(account);
      else this.bsd4.prioritize(account);
    }
    // The target `queues` looks at fixed priorities.
    if (!isTimeshare(account)) account.priority = is.priority;
    if (this.scheduler === "4bsd") {
      if (sleeps) this.bsd4.sleep(account);
      return;
    }
    // A thread that yields to itself does not show in its time.
    const gave = was.isCurrent && is.ltick === ms;
    if (sleeps) this.ule.sleep(account, ms);
    else if (left || gave) this.ule.account(account, ms, true);
    if (sleeps) this.operations++;
  }

  private born(is: Seen, before: View, ms: number): void {
    this.operations++;
    this.seen.made++;
    const maker = this.account(this.mainOf(is));
    if (this.scheduler === "4bsd") {
      this.accounts.set(is.tid, this.bsd4.fork(maker));
      return;
    }
    if (is.isCurrent || is.ran !== 0) {
      this.accounts.set(is.tid, { ...is }); // it has run: whether its maker was looked at before is not to be seen
      return;
    }
    const was = before.threads.get(this.mainOf(is));
    if (is.ltick === ms) this.ule.account(maker, ms, was?.isCurrent ?? false);
    // How many others the CPU had just then is not to be seen to one or two.
    const waiting = before.cpus[0]?.waiting ?? 0;
    const slices = [-2, -1, 0, 1, 2].map((more) => this.ule.fork(maker, waiting + more).slice);
    const account = this.ule.fork(maker, waiting);
    if (this.settings.cpus !== 1 || slices.includes(is.slice)) account.slice = is.slice;
    if (is.isQueued) this.ule.prioritize(account);
    this.accounts.set(is.tid, account);
  }

  private ends(was: Seen): void {
    this.operations++;
    this.seen.ended++;
    const heir = this.account(this.mainOf(was));
    const account = this.account(was.tid);
    this.accounts.delete(was.tid);
    if (this.scheduler === "ule") this.ule.exit(heir, account);
    else this.bsd4.exit(heir, account);
  }

  private compare(is: Seen): void {
    const account = this.account(is.tid);
    // How many others a CPU has at its tick is known on one CPU only.
    if (this.scheduler === "ule" && this.settings.cpus !== 1) account.slice = is.slice;
    const fields: readonly (keyof Account)[] =
      this.scheduler === "4bsd"
        ? ["priority", "slice", "estcpu", "slept"]
        : ["priority", "slice", "slptick", "runtime", "slptime", "ticks", "ltick", "ftick"];
    for (const field of fields) {
      if (account[field] === is[field]) continue;
      const { cpus, runQueues } = this.settings;
      throw new Error(
        `${this.scheduler}, ${cpus} CPUs, ${runQueues} queues, at ${this.view.now}: ${field} of thread ${is.tid} is ${is[field]}, and not ${account[field]}; ${JSON.stringify(is)}; ${JSON.stringify(account)}`,
      );
    }
  }

  // ---- Placing ----

  /** Idle CPUs take what waits; ule's loads come together. */
  private placing(before: View, after: View): void {
    if (this.settings.cpus === 1) return;
    const loads = after.cpus.map(({ isIdle, waiting }) => waiting + (isIdle ? 0 : 1));
    const queued = this.runnable(after.threads);
    const idle = before.cpus.filter(({ isIdle }, i) => isIdle && after.cpus[i]?.isIdle).length;
    this.idleFor = idle > 0 && queued > 0 ? this.idleFor + 1 : 0;
    if (this.idleFor > IDLE_ROUNDS) {
      throw new Error(`${this.scheduler}: a CPU is idle and ${queued} threads wait, ${loads}`);
    }
    if (this.scheduler !== "ule") return;
    const isUneven = Math.max(...loads) - Math.min(...loads) > 1;
    this.unevenFor = isUneven ? this.unevenFor + 1 : 0;
    if (this.unevenFor > BALANCE_ROUNDS * this.settings.cpus) {
      throw new Error(`ule: loads stay apart: ${loads}`);
    }
  }
}

function hasOtherPolicy(was: Account | undefined, is: Account | undefined): boolean {
  return was?.policy !== is?.policy || was?.nice !== is?.nice;
}

/** Cycles of a millisecond, as the kernel rounds them. */
const TICK_MS = Math.floor((127 * TICK) / 1_000);
