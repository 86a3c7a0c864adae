// Storms of medleys: kernel threads and threads of processes that make calls of all kinds, one inside the other, under
// every scheduler. They wait for locks of every kind, with and without a time, interruptibly, spinning or not; sleep
// while they hold them; and are stopped, continued, made single and ended meanwhile, bound to other CPUs, and given other
// policies and deadlines. No call that was made in order may panic, and none may go on inside the kernel for ever, which
// would hang the host; a lock that a call says it has got must be its caller's; and counters must agree with lists.
//
// What this is for: the other storms each know a part of the kernel, and compare it with a model. Faults where two
// parts meet, such as a request to stop and a lock that is spun for, escape them.

import * as Layout from "../../../src/generated/layout.js";
import {
  type Body,
  type Handle,
  type KernelSource,
  LockManager as LK,
  Machine,
  MutexOption,
  type SchedulerName,
  sys,
} from "../../../src/index.js";
import { fbsdFaults } from "../fbsd-invariants.js";
import { Random } from "../random.js";
import { isLwkt, SCHEDULERS } from "../schedulers.js";
import { Mismatch } from "./storm.js";

const { PCATCH, Policy, Proc: P, Thread: T } = Layout;

const ROUNDS = 1_500;
const ROUNDS_PER_CHECK = 5;
/** Threads that a storm makes beside its first ones. */
const CHILDREN = 40;
const STEPS = 40;
/** How deep calls are made one inside the other. */
const DEPTH = 2;
const CHANNELS = ["a", "b", "c", "d"];

/** Conditions other than the seed. */
export interface MedleyConditions {
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /** The scheduler; by default the seed decides. */
  readonly scheduler?: SchedulerName | undefined;
  /** The fault that is planted: check build only. */
  readonly plant?: number | undefined;
}

/** A thread of the storm. */
interface Actor {
  readonly random: Random;
  readonly isUser: boolean;
  /** The locks that it has or waits for: it does not ask for one twice. */
  readonly locks: Set<number>;
  depth: number;
}

/** A storm of one seed. */
export class MedleyStorm {
  /** Steps that its threads have made so far. */
  steps = 0;
  private readonly machine: Machine;
  private readonly random: Random;
  private readonly cpus: number;
  /**
   * Whether processes are stopped and continued, or become single-threaded. Not both: as in the original, a single
   * thread that is stopped and continued at the boundary leaves a count behind.
   */
  private readonly stops: boolean;
  private readonly sx: number[];
  private readonly mutexes: number[];
  private readonly spin: number;
  private readonly rw: number;
  private readonly rm: number;
  private readonly lockmgr: number[];
  private readonly condition: number;
  private readonly semaphore: number;
  private children = 0;
  private ends = false;

  constructor(
    readonly seed: number,
    source: KernelSource,
    { cpus, scheduler, plant }: MedleyConditions = {},
  ) {
    const random = new Random(seed);
    this.random = random;
    const ownCpus = random.pick([1, 1, 2, 3, 4]);
    const ownScheduler = random.pick(SCHEDULERS);
    this.cpus = cpus ?? ownCpus;
    this.stops = random.once(2);
    this.machine = new Machine(
      {
        ...{ cpus: this.cpus, scheduler: scheduler ?? ownScheduler, seed },
        ...{ maxthread: 200, maxproc: 30, objects: 64, kstackDepth: 16 },
        ...{ guestMemory: 4096, textMemory: 1024, stringMemory: 16_384 },
        cyclesPerSecond: random.pick([100_000, 1_000_000]),
        quantum: random.pick([100, 300, 1_000, 5_000]),
        roundRobin: random.pick([0, 2_000, 50_000]),
        preemption: !random.once(5),
        adaptiveLocks: random.once(2),
        chaos: random.once(5),
      },
      source,
    );
    const made = (call: Parameters<Machine["call"]>[0]) => this.machine.call(call)[1] >>> 0;
    this.mutexes = [made(sys.mtx_create("m0")), made(sys.mtx_create("m1"))];
    this.spin = made(sys.mtx_init("spin", MutexOption.SPIN));
    this.sx = [made(sys.sx_init("s0", 0)), made(sys.sx_init("s1", 0))];
    this.rw = made(sys.rw_init("rw", 0));
    this.rm = made(sys.rm_init("rm", 0));
    this.lockmgr = [
      made(sys.lockinit(80, "l0", 2, 0)),
      made(sys.lockinit(80 | PCATCH, "l1", 1, 0)),
    ];
    this.condition = made(sys.cv_create("cv"));
    this.semaphore = made(sys.sema_create("sema", 1));
    if (plant !== undefined) this.machine.kernel.setMachine("plant", plant);
  }

  /** Runs the storm; throws a {@link Mismatch} where something is not as it must be. */
  run(): void {
    const { machine, cpus } = this;
    for (let i = 0; i < 3; i++) {
      machine.createThread({ name: `k${i}`, cpu: i % cpus, body: () => this.life(false) });
    }
    machine.createProcess({ name: "p", body: () => this.life(false) });
    const fork = () => this.forkTwo();
    machine.createThread({
      name: "forker",
      *body() {
        for (let i = 0; i < 3; i++) yield* fork();
      },
    });
    let reason = "";
    for (let round = 0; round < ROUNDS && reason !== "idle"; round += ROUNDS_PER_CHECK) {
      reason = machine.run({ rounds: ROUNDS_PER_CHECK }).reason;
      this.check();
    }
    this.finish();
  }

  private check(): void {
    const faults = fbsdFaults(this.machine.kernel);
    if (faults.length > 0) throw new Mismatch(faults.join("; "));
  }

  /** Those that still wait may go on. */
  private finish(): void {
    const { machine } = this;
    this.ends = true;
    for (let i = 0; i < 20; i++) {
      for (const process of this.families()) machine.call(sys.proc_cont(process));
      for (const channel of CHANNELS) machine.call(sys.wakeup(channel));
      machine.call(sys.cv_broadcast(this.condition));
      machine.run({ rounds: 30 });
    }
    this.check();
  }

  // ---- Lives ----

  private *life(isUser: boolean): Body {
    const random = new Random(this.random.below(2 ** 31));
    const actor = { random, isUser, locks: new Set<number>(), depth: 0 };
    for (let i = 0; i < STEPS && !this.ends; i++) yield* this.step(actor);
    if (!isUser) return;
    if (random.once(2)) yield* sys.thr_exit();
    yield sys.exit(0);
  }

  private *forkTwo(): Body {
    const life = () => this.life(true);
    yield* sys.fork(
      function* () {
        yield* sys.thr_create(life, 0);
        yield* life();
      },
      ...([0, 0, 0, -1] as const),
    );
  }

  private *step(actor: Actor): Body {
    this.steps++;
    const { random } = actor;
    const what = random.below(10);
    if (what < 3) yield* this.locked(actor);
    else if (what === 3) yield* this.rest(random);
    else if (what === 4) yield* this.wake(random);
    else if (what === 5) yield* this.change(random);
    else if (what === 6) yield* this.hold(actor);
    else if (what <= 8) yield* this.suspend(actor);
    else yield* this.make(actor);
  }

  /** What a thread does while it has a lock. */
  private *inside(actor: Actor): Body {
    if (actor.depth === DEPTH) return;
    actor.depth++;
    for (let left = actor.random.below(3); left > 0; left--) yield* this.step(actor);
    actor.depth--;
  }

  // ---- Locks ----

  private *locked(actor: Actor): Body {
    const { random, locks } = actor;
    const kind = random.below(7);
    const pick = (of: readonly number[]) => random.pick(of);
    const lock = [
      ...[pick(this.mutexes), pick(this.sx), pick(this.sx), this.rw, this.rm, pick(this.lockmgr)],
      this.spin,
    ][kind] as number;
    if (locks.has(lock) || (lock === this.spin && locks.size > 0)) return;
    locks.add(lock);
    if (kind === 0) yield* this.mutex(actor, lock);
    else if (kind <= 2) yield* this.sharedLock(actor, lock);
    else if (kind === 3) yield* this.readWrite(actor, lock);
    else if (kind === 4) yield* this.readMostly(actor, lock);
    else if (kind === 5) yield* this.lockManager(actor, lock);
    else yield* this.spinning(random, lock);
    locks.delete(lock);
  }

  private *mutex(actor: Actor, lock: number): Body {
    const { random } = actor;
    yield* sys.mtx_lock(lock);
    yield* this.inside(actor);
    const { condition } = this;
    const ticks = 1 + this.ticks(random);
    const how = random.below(6);
    if (how === 0)
      yield* sys.msleep(this.channel(random), lock, this.priority(random), "ms", ticks);
    else if (how === 1) yield* sys.cv_timedwait(condition, lock, ticks);
    else if (how === 2) yield* sys.cv_timedwait_sig(condition, lock, ticks);
    else if (how === 3) yield* sys.cv_wait_sig(condition, lock);
    this.expectOwner(lock, yield* sys.curthread());
    yield* sys.mtx_unlock(lock);
  }

  private *sharedLock(actor: Actor, lock: number): Body {
    const { random } = actor;
    const shares = random.once(2);
    if (random.once(3)) yield* shares ? sys.sx_slock(lock) : sys.sx_xlock(lock);
    else {
      const error = yield* shares ? sys.sx_slock_sig(lock) : sys.sx_xlock_sig(lock);
      if (error !== 0) return;
    }
    if (!shares) this.expectOwner(lock, yield* sys.curthread());
    if (random.once(2)) yield* sys.compute(BigInt(random.below(2_000))); // others spin
    yield* this.inside(actor);
    const ticks = 1 + this.ticks(random);
    if (random.once(3)) {
      yield* sys.sx_sleep(this.channel(random), lock, this.priority(random), "sx", ticks);
    }
    yield* shares ? sys.sx_sunlock(lock) : sys.sx_xunlock(lock);
  }

  private *readWrite(actor: Actor, lock: number): Body {
    const { random } = actor;
    const shares = random.once(2);
    yield* shares ? sys.rw_rlock(lock) : sys.rw_wlock(lock);
    yield* this.inside(actor);
    const ticks = 1 + this.ticks(random);
    if (random.once(3)) {
      yield* sys.rw_sleep(this.channel(random), lock, this.priority(random), "rw", ticks);
    }
    yield* shares ? sys.rw_runlock(lock) : sys.rw_wunlock(lock);
  }

  private *readMostly(actor: Actor, lock: number): Body {
    const { random } = actor;
    const shares = !random.once(3);
    yield* shares ? sys.rm_rlock(lock) : sys.rm_wlock(lock);
    yield* this.inside(actor);
    const ticks = 1 + this.ticks(random);
    if (random.once(3)) {
      yield* sys.rm_sleep(this.channel(random), lock, this.priority(random), "rm", ticks);
    }
    yield* shares ? sys.rm_runlock(lock) : sys.rm_wunlock(lock);
  }

  private *lockManager(actor: Actor, lock: number): Body {
    const { random } = actor;
    const kind = random.pick([LK.SHARED, LK.SHARED, LK.EXCLUSIVE, LK.DRAIN]);
    let flags = kind;
    for (const flag of [LK.NOWAIT, LK.SLEEPFAIL, LK.TIMELOCK, LK.NODDLKTREAT]) {
      if (random.once(3)) flags |= flag;
    }
    if ((yield* sys.lockmgr(lock, flags, 0)) !== 0) return;
    yield* this.inside(actor);
    if (kind === LK.SHARED && random.once(3)) {
      const more = random.pick([LK.SLEEPFAIL, LK.TIMELOCK, 0]);
      if ((yield* sys.lockmgr(lock, LK.UPGRADE | more, 0)) !== 0) return; // and it shares no more
    }
    yield* sys.lockmgr(lock, LK.RELEASE, 0);
  }

  private *spinning(random: Random, lock: number): Body {
    yield* sys.mtx_lock_spin(lock);
    yield* sys.compute(BigInt(random.below(300)));
    const ticks = 1 + this.ticks(random);
    if (random.once(3)) yield* sys.msleep_spin(this.channel(random), lock, "spin", ticks);
    this.expectOwner(lock, yield* sys.curthread());
    yield* sys.mtx_unlock_spin(lock);
  }

  private expectOwner(lock: number, td: number): void {
    const owner = this.machine.kernel.read(lock + Layout.SyncObject.so_owner);
    if (owner !== td >>> 0) throw new Mismatch("a call has returned without its lock");
  }

  // ---- Sleep, and others ----

  private channel(random: Random): string {
    return random.pick(CHANNELS);
  }

  private priority(random: Random): number {
    return random.pick([0, 76, 84, 120]) | (random.once(2) ? PCATCH : 0);
  }

  private ticks(random: Random): number {
    return random.pick([0, 1, 1, 2, 5]);
  }

  private *rest(random: Random): Body {
    const kind = random.below(6);
    const channel = this.channel(random);
    if (kind === 0) yield* sys.compute(BigInt(random.below(random.pick([50, 3_000]))));
    else if (kind === 1) yield* sys.sched_relinquish();
    else if (kind === 2) yield* sys.pause("nap", 1 + random.below(4));
    else if (kind === 3) yield* sys.sleep(BigInt(random.below(5_000)));
    else if (kind === 4) yield* sys.sema_timedwait(this.semaphore, 1 + this.ticks(random));
    else yield* sys.tsleep(channel, this.priority(random), "rest", this.ticks(random));
  }

  private *wake(random: Random): Body {
    const kind = random.below(6);
    if (kind === 0) yield* sys.sema_post(this.semaphore);
    else if (kind === 1) yield* sys.cv_broadcast(this.condition);
    else yield* random.pick([sys.wakeup, sys.wakeup_one, sys.wakeup_any])(this.channel(random));
  }

  /** A thread that has not ended; its processes, but for the kernel's and init. */
  private other(random: Random): Handle {
    return random.pick([...this.machine.threads()]);
  }

  private families(): readonly Handle[] {
    return this.machine.processes().slice(2);
  }

  private *change(random: Random): Body {
    const thread = this.other(random);
    const kind = random.below(5);
    const set = BigInt(1 + random.below(2 ** this.cpus - 1));
    const policy = random.pick([Policy.OTHER, Policy.OTHER, Policy.BATCH, Policy.IDLE, Policy.RR]);
    if (kind === 0) yield* sys.sched_setscheduler(thread, policy, 1 + random.below(19));
    else if (kind === 1) yield* sys.sched_prio(thread, 60 + random.below(150));
    else if (kind === 2) yield* sys.cpuset_setthread(thread, set);
    else if (kind === 3) yield* sys.cpuset_setaffinity(set);
    else yield* sys.sched_setdeadline(thread, 1 + random.below(3_000), 6_000, 12_000);
  }

  /** Kernel threads and processes are asked to suspend; lwkt: a section, an interrupt, a move. */
  private *hold(actor: Actor): Body {
    const { random } = actor;
    const thread = this.other(random);
    const process = random.pick([undefined, ...this.families()]);
    if (random.once(3)) {
      yield* sys.kthread_suspend(thread, 1 + this.ticks(random));
      yield* sys.kthread_resume(thread);
    } else if (random.once(2) && process !== undefined) {
      yield* sys.kproc_suspend(process, 1 + this.ticks(random));
      yield* sys.kproc_resume(process);
    } else if (!actor.isUser) yield* sys.kthread_suspend_check();
    if (!isLwkt(this.machine.config.scheduler as SchedulerName) || actor.locks.size > 0) return;
    yield* sys.crit_enter();
    yield* sys.compute(BigInt(random.below(700)));
    if (random.once(2)) yield* sys.interrupt(thread);
    yield* sys.crit_exit();
    yield* sys.lwkt_setcpu_self(random.below(this.cpus));
  }

  private *suspend(actor: Actor): Body {
    const { random, isUser, locks } = actor;
    const process = random.pick([undefined, ...this.families()]);
    if (process === undefined) return;
    if (this.stops) {
      if (random.once(3)) yield sys.proc_stop(process);
      if (random.once(2)) yield* sys.compute(BigInt(random.below(500)));
      yield sys.proc_cont(process);
      return;
    }
    const { kernel } = this.machine;
    const own = kernel.read(((yield* sys.curthread()) >>> 0) + T.td_proc);
    const hadThreads = (kernel.read(own + P.p_flag) & Layout.P_HADTHREADS) !== 0;
    if (!isUser || locks.size > 0 || !hadThreads) return;
    const mode = random.pick([Layout.SINGLE_NO_EXIT, Layout.SINGLE_BOUNDARY]);
    if ((yield* sys.thread_single({ address: own }, mode)) !== 0) return;
    yield* sys.compute(BigInt(random.below(500)));
    yield sys.thread_single_end({ address: own }, mode);
  }

  private *make(actor: Actor): Body {
    if (this.children === CHILDREN) return;
    this.children++;
    const { random, isUser } = actor;
    if (!isUser) {
      const life = () => this.life(false);
      yield* sys.kthread_add(life, ...([0, 0, 0, 0, "child", 0] as const));
    } else if (random.once(2)) yield* sys.thr_create(() => this.life(true), 0);
    else {
      const child = yield* sys.fork(() => this.life(true), ...([0, 0, 0, -1] as const));
      if (child.error === 0 && random.once(2)) yield* sys.wait(child);
    }
  }
}
