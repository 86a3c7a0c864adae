// Storms of locks: threads on 1 to 16 CPUs take mutexes, read/write, shared/exclusive and read-mostly locks in
// any nesting, sleep with them, and change priorities all the time. Every third storm has locks of lockmgr
// among them, whose waiters lend nothing, and a spin mutex. In every other storm threads get deadlines, too,
// and in half of those policies. At each step what is lent is what the model of the rule says
// (lending-model.ts), and nothing is lent at the end.
//
// Locks have an order in which all take them, so that nobody waits in a circle.

import { MTX_NOLEND, MTX_SPIN, RmLock } from "../../../src/generated/layout.js";
import {
  type Body,
  type KernelCall,
  type KernelSource,
  LockManager as LK,
  Machine,
  type SchedulerName,
  sys,
} from "../../../src/index.js";
import { Random } from "../random.js";
import { isLwkt, schedulerOf } from "../schedulers.js";
import { Lending } from "./lending-model.js";
import { Mismatch } from "./storm.js";

const LOCKS = 7;
/** Steps of each thread. */
const STEPS = 60;
/** The threads of LWKT among those of a machine with that scheduler, one in so many. */
const LWKTS = 3;

/** Conditions other than the seed. */
export interface LendingConditions {
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /** The scheduler; by default the seed decides. */
  readonly scheduler?: SchedulerName | undefined;
  /** The fault that is planted: check build only. */
  readonly plant?: number | undefined;
}

interface Lock {
  readonly address: number;
  readonly kind: "mtx" | "rw" | "sx" | "rm" | "lk";
}

interface Held {
  readonly index: number;
  isShared: boolean;
}

/** The calls of each kind of lock. */
const calls = {
  rm: {
    ...{ own: sys.rm_wlock, disown: sys.rm_wunlock, tryOwn: null, destroy: sys.rm_destroy },
  },
  mtx: {
    ...{ own: sys.mtx_lock, disown: sys.mtx_unlock },
    ...{ tryOwn: sys.mtx_trylock, destroy: sys.mtx_destroy },
  },
  rw: {
    ...{ own: sys.rw_wlock, disown: sys.rw_wunlock },
    ...{ tryOwn: sys.rw_try_wlock, destroy: sys.rw_destroy },
  },
  sx: {
    ...{ own: sys.sx_xlock, disown: sys.sx_xunlock },
    ...{ tryOwn: sys.sx_try_xlock, destroy: sys.sx_destroy },
  },
};
const sharing = {
  rw: {
    ...{ share: sys.rw_rlock, unshare: sys.rw_runlock, tryShare: sys.rw_try_rlock },
    ...{ upgrade: sys.rw_try_upgrade, downgrade: sys.rw_downgrade, sleep: sys.rw_sleep },
  },
  sx: {
    ...{ share: sys.sx_slock, unshare: sys.sx_sunlock, tryShare: sys.sx_try_slock },
    ...{ upgrade: sys.sx_try_upgrade, downgrade: sys.sx_downgrade, sleep: sys.sx_sleep },
  },
  rm: {
    ...{ share: sys.rm_rlock, unshare: sys.rm_runlock, tryShare: sys.rm_try_rlock },
    ...{ upgrade: null, downgrade: null, sleep: sys.rm_sleep },
  },
};

/** A storm of one seed. */
export class LendingStorm {
  private readonly machine: Machine;
  private readonly random: Random;
  private readonly locks: Lock[] = [];
  private readonly threads: number[] = [];
  /** Whether threads get deadlines, and policies. */
  private readonly hasDeadlines: boolean;
  private readonly hasPolicies: boolean;
  /** A spin mutex, 0 without one. */
  private spin = 0;
  /** The own level of each thread of LWKT. */
  private readonly levels = new Map<number, number>();
  private readonly lending: Lending;
  /** The first violation that a thread noticed: bodies must not throw. */
  private fault: string | null = null;
  /** Steps of all threads, */
  steps = 0;
  /** threads seen with a priority that is lent, at all looks together, */
  lent = 0;
  /** those of them with a deadline that is lent, */
  due = 0;
  /** and looks that saw more than one. */
  chains = 0;

  constructor(
    readonly seed: number,
    source: KernelSource,
    options: LendingConditions = {},
  ) {
    this.random = new Random(seed);
    const ownCpus = this.random.pick([1, 1, 2, 3, 4, 8, 16]);
    const ownScheduler = schedulerOf(this.random, seed);
    const scheduler = options.scheduler ?? ownScheduler;
    const cpus = options.cpus ?? ownCpus;
    const quantum = 100 + this.random.below(400);
    const adaptiveLocks = this.random.once(4);
    const config = { cpus, scheduler, quantum, adaptiveLocks, maxthread: 100, objects: 200, seed };
    this.machine = new Machine(config, source);
    if (options.plant !== undefined) this.machine.kernel.setMachine("plant", options.plant);
    const hasAll = seed % 3 === 0;
    this.hasDeadlines = seed % 2 === 0;
    this.hasPolicies = seed % 4 === 0;
    for (let i = 0; i < LOCKS; i++) this.locks.push(this.makeLock(i, hasAll));
    if (hasAll) this.spin = this.machine.call(sys.mtx_init("spin", MTX_SPIN))[1] >>> 0;
    const count = 3 + this.random.below(14);
    for (let i = 0; i < count; i++) this.makeThread(i, isLwkt(scheduler) && i % LWKTS === 0);
    // Waiters for a read-mostly lock queue for the mutex inside.
    const addresses = this.locks.flatMap(({ address, kind }) =>
      kind === "rm" ? [address, this.machine.kernel.read(address + RmLock.rm_lock)] : [address],
    );
    this.lending = new Lending(this.machine, this.threads, addresses, this.levels);
  }

  private makeLock(i: number, hasAll: boolean): Lock {
    const usual = ["mtx", "mtx", "rw", "rw", "sx", "rm"] as const;
    const kind = this.random.pick(hasAll ? ([...usual, "lk", "lk"] as const) : usual);
    const name = `${kind}${i}`;
    const create = {
      mtx: () => sys.mtx_init(name, this.random.once(5) ? MTX_NOLEND : 0),
      rw: () => sys.rw_init(name, 0),
      sx: () => sys.sx_init(name, 0),
      rm: () => sys.rm_init(name, 0),
      lk: () => sys.lockinit(0, name, 0, 0),
    };
    const [error, address] = this.machine.call(create[kind]());
    if (error !== 0) throw new Error(`making a lock: error ${error}`);
    return { address: address >>> 0, kind };
  }

  private makeThread(i: number, isLwkt: boolean): void {
    const self = () => this.threads[i] as number;
    const body = () => this.body(self());
    const { machine } = this;
    const name = `t${i}`;
    const thread = isLwkt
      ? machine.createLwkt({ name, body, cpu: i % machine.config.cpus, priority: 8 })
      : machine.createThread({ name, body });
    this.threads.push(thread.address);
    if (isLwkt) this.levels.set(thread.address, 8);
  }

  /** Checks all priorities. */
  private look(): void {
    this.fault ??= this.lending.faults().join("; ") || null;
    const borrowers = this.threads.filter((td) => this.lending.lent(td) < this.lending.base(td));
    this.lent += borrowers.length;
    this.due += borrowers.filter((td) => Number.isFinite(this.lending.lentUntil(td))).length;
    if (borrowers.length > 1) this.chains++;
  }

  private *body(self: number): Body {
    const { random } = this;
    const held: Held[] = [];
    yield* this.setOwn(self);
    for (let step = 0; step < STEPS; step++) {
      this.look();
      this.steps++;
      const what = random.below(10);
      if (what < 4) yield* this.take(held);
      else if (what < 6) yield* this.leave(held, random.below(held.length + 1));
      else if (what === 6) yield* this.setOwn(self);
      else if (what === 7) yield* this.setOther(self);
      else if (what === 8) yield* this.sleep(held);
      else if (this.spin !== 0 && random.once(2)) yield* this.spinning();
      else yield* sys.compute(BigInt(random.below(700)));
    }
    while (held.length > 0) yield* this.leave(held, held.length - 1);
    this.look();
    // All stay until the last is done: a reused structure would be another thread.
    yield* sys.tsleep("end", 0, "end", 0);
  }

  /** Holds the spin mutex for a moment; threads of other CPUs spin for it, whatever they hold. */
  private *spinning(): Body {
    yield* sys.mtx_lock_spin(this.spin);
    yield* sys.compute(BigInt(this.random.below(150)));
    yield* sys.mtx_unlock_spin(this.spin);
  }

  /** Takes a lock later in the order, exclusively or shared, waiting or trying; or upgrades or downgrades one. */
  private *take(held: Held[]): Body {
    const { random } = this;
    const above = (held.at(-1)?.index ?? -1) + 1;
    if (above === LOCKS) {
      yield* this.turn(held.at(-1) as Held);
      return;
    }
    const index = above + random.below(Math.min(3, LOCKS - above));
    const { address, kind } = this.locks[index] as Lock;
    const isShared = kind !== "mtx" && random.once(2);
    const tries = random.once(6);
    if (kind === "lk") {
      const request = (isShared ? LK.SHARED : LK.EXCLUSIVE) | (tries ? LK.NOWAIT : 0);
      if ((yield* sys.lockmgr(address, request, 0)) !== 0) return;
    } else if (isShared) {
      const { share, tryShare } = sharing[kind];
      if (!tries) yield* share(address);
      else if (!(yield* tryShare(address))) return;
    } else {
      const { own, tryOwn } = calls[kind];
      if (!tries || tryOwn === null) yield* own(address);
      else if (!(yield* tryOwn(address))) return;
    }
    held.push({ index, isShared });
  }

  /** Downgrades, or upgrades if there is no other sharer. */
  private *turn(last: Held): Body {
    const { address, kind } = this.locks[last.index] as Lock;
    if (kind === "mtx") return;
    if (kind === "lk") {
      const request = last.isShared ? LK.TRYUPGRADE : LK.DOWNGRADE;
      if ((yield* sys.lockmgr(address, request, 0)) === 0) last.isShared = !last.isShared;
      return;
    }
    const { upgrade, downgrade } = sharing[kind];
    if (upgrade === null) return;
    if (last.isShared) last.isShared = !(yield* upgrade(address));
    else {
      yield* downgrade(address);
      last.isShared = true;
    }
  }

  /** Releases a lock that is held, in any order. */
  private *leave(held: Held[], at: number): Body {
    const [one] = held.splice(at, 1);
    if (one === undefined) return;
    const { address, kind } = this.locks[one.index] as Lock;
    if (kind === "lk") yield* sys.lockmgr(address, LK.RELEASE, 0);
    else if (kind !== "mtx" && one.isShared) yield* sharing[kind].unshare(address);
    else yield* calls[kind].disown(address);
  }

  /** Sleeps with all locks, or without the last one, which it takes again. */
  private *sleep(held: readonly Held[]): Body {
    const last = held.at(-1);
    const lock = this.locks[last?.index ?? -1];
    if (lock === undefined || this.random.once(2) || lock.kind === "lk") {
      yield* sys.tsleep("nap", 0, "nap", 1);
    } else {
      const { address, kind } = lock;
      const sleep: (
        ...args: readonly [string, number, number, string, number]
      ) => KernelCall<unknown> = kind === "mtx" ? sys.msleep : sharing[kind].sleep;
      yield* sleep("nap", address, 0, "nap", 1);
    }
  }

  /** Gives the caller another priority of its own, or another level. */
  private *setOwn(self: number): Body {
    if (!this.levels.has(self)) {
      if (this.hasDeadlines && this.random.once(2))
        yield* sys.sched_setdeadline_self(...this.times());
      else if (this.hasPolicies && this.random.once(2))
        yield* sys.sched_setscheduler_self(...this.policy());
      else yield* sys.sched_prio_self(100 + this.random.below(100));
      return;
    }
    const level = this.random.below(24);
    this.levels.set(self, level);
    yield* sys.lwkt_setpri_self(level);
  }

  /** Sets the priority of another thread, which may run, wait, or belong to another CPU. */
  private *setOther(self: number): Body {
    const other = this.random.pick(this.threads);
    if (other === self || this.levels.has(other)) return;
    if (this.hasDeadlines && this.random.once(2))
      yield* sys.sched_setdeadline(other, ...this.times());
    else if (this.hasPolicies && this.random.once(2))
      yield* sys.sched_setscheduler(other, ...this.policy());
    else yield* sys.sched_prio(other, 100 + this.random.below(100));
  }

  /** A policy and its value. */
  private policy(): [number, number] {
    const policy = this.random.pick([0, 0, 1, 2, 3, 5]);
    return [
      policy,
      policy === 1 || policy === 2 ? 1 + this.random.below(99) : this.random.below(40) - 20,
    ];
  }

  /** Runtime, deadline and period in microseconds: budgets that threads use up now and then. */
  private times(): [number, number, number] {
    const deadline = 20 + this.random.below(200);
    return [1 + this.random.below(4), deadline, deadline + this.random.below(50)];
  }

  private judge(): void {
    this.look();
    if (this.fault !== null) throw new Mismatch(this.fault);
  }

  /** Runs the storm; throws a {@link Mismatch} where something is not as the rule says. */
  run(): void {
    const { machine, lending } = this;
    while (machine.run({ switches: 1 }).reason === "switches") this.judge();
    this.judge();
    const isThrough = this.steps === STEPS * this.threads.length;
    if (!isThrough) throw new Mismatch("not all threads come to their end");
    for (const td of this.threads) {
      if (lending.lent(td) !== 255)
        throw new Mismatch(`${td}: lent ${lending.lent(td)} at the end`);
    }
    if (machine.kernel.machine("dl_lends") !== 0)
      throw new Mismatch("a lock lends a deadline at the end");
    for (const { address, kind } of this.locks) {
      const destroy = kind === "lk" ? sys.lockdestroy : calls[kind].destroy;
      if (machine.call(destroy(address))[0] !== 0) {
        throw new Mismatch("a lock is held at the end");
      }
    }
  }
}
