// Storms of FreeBSD's calls: kernel threads, kernel processes and user processes that create, suspend,
// resume, stop, single-thread, look up and end each other at random, on any number of CPUs.

import * as Layout from "../../src/generated/layout.js";
import {
  type Body,
  Machine,
  type MachineConfig,
  type SchedulerName,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { fbsdFaults, Reader } from "./fbsd-invariants.js";
import { Random } from "./random.js";

/** Parameters of a storm. */
export interface StormOptions {
  readonly seed: number;
  readonly cpus: number;
  readonly scheduler: SchedulerName;
  /** Threads that the storm may create in all. */
  readonly threads: number;
  /** Operations of each thread. */
  readonly steps: number;
  readonly domains?: number;
  readonly preemption?: boolean;
  readonly maxthread?: number;
}

/** How often each call gave each result. */
export type Tally = Map<string, number>;

const { PPAUSE, PCATCH, RFSTOPPED } = Layout;

/** A storm on its machine. */
export class FbsdStorm {
  readonly machine: Machine;
  readonly tally: Tally = new Map();
  readonly reader: Reader;
  private readonly random: Random;
  /** Threads by id, as they were when they were created. */
  private readonly byTid = new Map<number, number>();
  private readonly tds: number[] = [];
  private readonly kprocs: number[] = [];
  private readonly users: number[] = [];
  private created = 0;
  private version = 0;

  constructor(private readonly options: StormOptions) {
    const config: MachineConfig = {
      cpus: options.cpus,
      scheduler: options.scheduler,
      seed: options.seed,
      domains: options.domains ?? 1,
      maxthread: options.maxthread ?? 400,
      maxproc: 60,
      preemption: options.preemption ?? true,
      hz: 1000,
      cyclesPerSecond: 1_000_000,
      quantum: 200,
      roundRobin: 2_000,
    };
    this.machine = new Machine(config, buildUnderTest);
    this.reader = new Reader(this.machine.kernel);
    this.random = new Random(options.seed);
    for (let i = 0; i < 4; i++) {
      this.spawn(this.machine.createThread({ name: `k${i}`, body: this.body("kernel") }).address);
    }
    this.machine.createThread({ name: "janitor", priority: 40, body: () => this.janitor() });
    this.machine.createThread({ name: "harvester", body: () => this.harvester() });
  }

  /** Runs to the end, checking after each few rounds; throws with the seed where something is wrong. */
  run(roundsPerCheck = 5): void {
    for (let round = 0; ; round += roundsPerCheck) {
      const { reason } = this.machine.run({ rounds: roundsPerCheck });
      const faults = fbsdFaults(this.machine.kernel);
      if (faults.length > 0) {
        throw new Error(`seed ${this.options.seed}, round ${round}: ${faults.join("; ")}`);
      }
      if (reason === "idle") break;
      if (round > 5_000)
        throw new Error(`seed ${this.options.seed}: no end in sight\n${this.machine.ps()}`);
    }
    this.machine.call(sys.thread_reap_barrier());
  }

  /** Threads left at the end: thread0, init, and those of harvested processes. */
  leftovers(): { threads: number; harvested: number; tids: number; processes: number } {
    const { reader, machine } = this;
    const free = reader.list(machine.kernel.machine("proc_free"), (p) =>
      reader.proc(p, "p_list_next"),
    );
    return {
      threads: machine.kernel.machine("nthreads"),
      harvested: free.length,
      tids: reader.tids().size,
      processes: reader.processes().length,
    };
  }

  private count(call: string, result: unknown): void {
    const key = `${call} ${String(result)}`;
    this.tally.set(key, (this.tally.get(key) ?? 0) + 1);
  }

  private spawn(td: number): void {
    this.created++;
    this.version++;
    this.tds.push(td);
    this.byTid.set(this.reader.tid(td), td);
  }

  private get isFull(): boolean {
    return this.created >= this.options.threads;
  }

  // ---- Bodies ----

  private body(kind: "kernel" | "kproc" | "user"): () => Body {
    return () => this.life(kind);
  }

  private *life(kind: "kernel" | "kproc" | "user"): Body {
    const { steps } = this.options;
    const length = 1 + this.random.below(steps);
    for (let i = 0; i < length; i++) {
      yield* this.common();
      if (kind === "user") yield* this.userStep();
      else yield* this.kernelStep(kind);
    }
    this.version++;
    if (this.random.once(2)) yield kind === "user" ? sys.thr_exit() : sys.kthread_exit();
  }

  // ---- Threads that make the storm end ----

  /** Threads of the storm that have not ended. */
  private others(): number {
    const { reader } = this;
    const alive = reader
      .processes()
      .filter((p) => reader.proc(p, "p_state") !== Layout.PRS.ZOMBIE)
      .reduce((sum, p) => sum + reader.proc(p, "p_numthreads"), 0);
    return alive - 4; // thread0, init, and the two that look after the others
  }

  /** Resumes all threads that wait to be resumed. */
  private *janitor(): Body {
    while (this.others() > 0) {
      yield* sys.pause("janitor", 3);
      for (const td of this.tds) yield sys.kthread_resume(td);
      for (const p of this.kprocs) yield sys.kproc_resume(p);
      for (const p of this.users) {
        if (!this.isUser(p)) continue;
        yield sys.proc_cont(p);
        yield sys.wakeup(p + Layout.Proc.p_flag);
      }
      yield* this.startForgotten();
    }
  }

  /** Starts threads that were created stopped, and whose creators ended before they could start them. */
  private *startForgotten(): Body {
    const { reader } = this;
    const { kernel } = this.machine;
    const forgotten = reader
      .processes()
      .flatMap((p) => reader.threadsOf(p))
      .filter((td) => reader.hot8(td, "td_state") === Layout.TDS.CAN_RUN)
      .filter(
        (td) =>
          (kernel.view.getUint16(td + Layout.Thread.td_lwflags, true) & Layout.TDL_STARTED) === 0,
      );
    if (forgotten.length !== this.others()) return;
    for (const td of forgotten) yield sys.sched_add(td);
  }

  /** Waits for the processes that kernel threads have forked. */
  private *harvester(): Body {
    const { reader } = this;
    const proc0 = this.machine.kernel.machine("proc0");
    const mine = () =>
      reader
        .list(reader.proc(proc0, "p_children"), (p) => reader.proc(p, "p_sibling_next"))
        .filter((p) => (reader.proc(p, "p_flag") & Layout.P_KPROC) === 0)
        .filter((p) => (reader.proc(p, "p_pid") | 0) > 1);
    while (this.others() > 0 || mine().length > 0) {
      const zombie = mine().find((p) => reader.proc(p, "p_state") === Layout.PRS.ZOMBIE);
      if (zombie !== undefined) this.count("wait", yield* sys.wait(zombie));
      else if (mine().length > 0 && this.random.once(4)) {
        this.count("wait", yield* sys.wait(this.random.pick(mine())));
      } else yield* sys.pause("harvest", 2);
    }
  }

  /** What any thread may do. */
  private *common(): Body {
    const { random } = this;
    switch (random.below(8)) {
      case 0:
        yield* sys.compute(BigInt(random.below(700)));
        break;
      case 1:
        yield sys.sched_relinquish();
        break;
      case 2: {
        const channel = `c${random.below(4)}`;
        const pri = PPAUSE | (random.once(2) ? PCATCH : 0);
        const ticks = 1 + random.below(6);
        this.count("tsleep", yield* sys.tsleep(channel, pri, "storm", ticks));
        break;
      }
      case 3:
        yield sys.wakeup(`c${random.below(4)}`);
        break;
      case 4:
        yield sys.wakeup_one(`c${random.below(4)}`);
        break;
      case 5:
        yield* this.find();
        break;
      case 6:
        if (random.once(4)) yield sys.thread_reap_barrier();
        else yield sys.thread_reap();
        break;
      default:
        if (!this.isFull) yield* this.create();
    }
  }

  /** A thread that is found by its id is the one that had it, or has it now. */
  private *find(): Body {
    if (this.byTid.size === 0) return;
    const tid = this.random.pick([...this.byTid.keys()]);
    const { version } = this;
    const td = yield* sys.tdfind(tid, -1);
    if (this.version !== version) return; // a thread came or went meanwhile
    this.count("tdfind", td === 0 ? "none" : "found");
    if (td !== 0 && td !== this.byTid.get(tid) && this.reader.tid(td) !== tid) {
      throw new Error(`seed ${this.options.seed}: tdfind(${tid}) is not the thread that has it`);
    }
  }

  private *create(): Body {
    const { random } = this;
    const kind = random.below(4);
    if (kind < 2) {
      const p = random.once(2) ? 0 : this.kproc();
      const stopped = random.once(4);
      const flags = stopped ? RFSTOPPED : 0;
      this.created++;
      const made = yield* sys.kthread_add(this.body("kernel"), 0, p, flags, 0, "k%d", this.created);
      this.count("kthread_add", made.error);
      this.created--;
      if (made.error !== 0) return;
      this.spawn(made.address);
      if (stopped) yield sys.sched_add(made.address);
    } else if (kind === 2) {
      this.created++;
      const made = yield* sys.kproc_create(this.body("kproc"), 0, 0, 0, "kp%d", this.created);
      this.created--;
      this.count("kproc_create", made.error);
      if (made.error !== 0) return;
      this.kprocs.push(made.address);
      this.spawn(this.reader.proc(made.address, "p_threads"));
    } else {
      this.created++;
      const uid = random.once(2) ? 5 : -1;
      const made = yield* sys.fork(this.body("user"), 0, 0, 0, uid);
      this.created--;
      this.count("fork", made.error);
      if (made.error !== 0) return;
      this.users.push(made.address);
      this.spawn(this.reader.proc(made.address, "p_threads"));
    }
  }

  /** A kernel process, or 0: addresses of those that are gone may be a user process's now. */
  private kproc(): number {
    if (this.kprocs.length === 0) return 0;
    const p = this.random.pick(this.kprocs);
    return (this.reader.proc(p, "p_flag") & Layout.P_KPROC) === 0 ? 0 : p;
  }

  private *kernelStep(kind: "kernel" | "kproc"): Body {
    const { random } = this;
    yield sys.kthread_suspend_check();
    switch (random.below(6)) {
      case 0:
        if (this.tds.length === 0) break;
        this.count(
          "kthread_suspend",
          yield* sys.kthread_suspend(random.pick(this.tds), 1 + random.below(5)),
        );
        break;
      case 1:
        if (this.tds.length === 0) break;
        this.count("kthread_resume", yield* sys.kthread_resume(random.pick(this.tds)));
        break;
      case 2:
        if (this.kprocs.length === 0) break;
        this.count(
          "kproc_suspend",
          yield* sys.kproc_suspend(random.pick(this.kprocs), 1 + random.below(5)),
        );
        break;
      case 3:
        if (kind === "kproc" && this.kprocs.length > 0) {
          const td = yield* sys.curthread();
          yield sys.kproc_suspend_check(this.reader.hot(td, "td_proc"));
        }
        break;
      case 4:
        yield* this.stopTheWorld();
        break;
      default:
        yield* this.stopOrContinue();
    }
  }

  /**
   * Stops a user process, or lets it go on. One that is being single-threaded is not stopped: the
   * original's assertion on the boundary count, and its wakeup of a thread that stops another process,
   * do not reckon with a stop that comes in between.
   */
  private *stopOrContinue(): Body {
    if (this.users.length === 0) return;
    const p = this.random.pick(this.users);
    if (!this.isUser(p)) return;
    const isSingle = (this.reader.proc(p, "p_flag") & Layout.P_STOPPED_SINGLE) !== 0;
    if (!isSingle && this.random.once(2)) yield sys.proc_stop(p);
    else yield sys.proc_cont(p);
  }

  /**
   * Stops another process as a whole and lets it go again. Only user processes are stopped, and only
   * threads of kernel processes stop them: two that stopped each other's process would wait for ever.
   */
  private *stopTheWorld(): Body {
    if (this.users.length === 0) return;
    const p = this.random.pick(this.users);
    const me = yield* sys.curthread();
    if (this.isUser(this.reader.hot(me, "td_proc"))) return;
    if (!this.isUser(p)) return;
    const result = yield* sys.thread_single(p, Layout.SINGLE_ALLPROC);
    this.count("thread_single allproc", result);
    if (result !== 0) return;
    if (this.reader.proc(p, "p_singlethread") !== me) return;
    yield* sys.tsleep("world", PPAUSE, "world", 1);
    yield sys.thread_single_end(p, Layout.SINGLE_ALLPROC);
  }

  private isUser(p: number): boolean {
    return (
      (this.reader.proc(p, "p_pid") | 0) > 0 &&
      this.reader.proc(p, "p_state") === Layout.PRS.NORMAL &&
      (this.reader.proc(p, "p_flag") & Layout.P_KPROC) === 0
    );
  }

  private *userStep(): Body {
    const { random } = this;
    const me = yield* sys.curthread();
    const p = this.reader.hot(me, "td_proc");
    yield sys.ast();
    switch (random.below(8)) {
      case 0:
      case 1: {
        if (this.isFull) break;
        this.created++;
        const made = yield* sys.thr_create(this.body("user"), 0);
        this.created--;
        this.count("thr_create", made.error);
        if (made.error === 0) this.spawn(made.address);
        break;
      }
      case 2:
        yield* this.section(me, p, random.once(2) ? Layout.SINGLE_NO_EXIT : Layout.SINGLE_BOUNDARY);
        break;
      case 3:
        this.count("thread_suspend_check", yield* sys.thread_suspend_check(1));
        break;
      case 4:
        this.count("thread_check_susp", yield* sys.thread_check_susp(random.below(2)));
        break;
      case 5:
        if (random.once(6)) yield sys.exit(random.below(100));
        break;
      case 6:
        yield sys.proc_setcred(p, random.below(9));
        yield sys.thread_cow_update();
        break;
      default:
        yield sys.ast();
    }
    yield sys.ast();
  }

  private *section(me: number, p: number, mode: number): Body {
    const result = yield* sys.thread_single(p, mode);
    this.count(`thread_single ${mode}`, result);
    if (result !== 0 || this.reader.proc(p, "p_singlethread") !== me) return;
    const others = this.reader.threadsOf(p).filter((td) => td !== me);
    for (const td of others) {
      if (this.reader.hot8(td, "td_state") === Layout.TDS.RUNNING) {
        throw new Error(`seed ${this.options.seed}: a thread runs beside the single one`);
      }
    }
    yield* sys.pause("section", 1);
    yield sys.thread_single_end(p, mode);
  }
}
