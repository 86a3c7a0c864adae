// A plain model of rwlock(9) and sx(9) (assembly/kern/kern_rwlock.ts), and threads that make one call at a time: after
// each, the waiters, the owner or sharers and the result must be the model's.

import { MTX_RECURSE } from "../../src/generated/layout.js";
import { type KernelCall, Machine, sys } from "../../src/index.js";
import { type SyncObjectView, syncObjects } from "../../src/machine/sync-views.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";
import { SCHEDULERS, withOwnPriorities } from "./schedulers.js";

/** What a wrong model may get wrong, to see that this is found. */
export type Mistake =
  | "readers pass writers"
  | "readers never pass writers"
  | "tries wait"
  | "readers first"
  | "downgrades let readers in"
  | "downgrades let nobody in"
  | "any order";

type Kind = "rwlock" | "sx";

const THREADS = 6;
const LOCKS = 2;

interface ModelLock {
  owner: number | null;
  /** How often its owner has taken it again. */
  recursed: number;
  /** How often each thread shares it. */
  readonly shares: number[];
  /** Those that wait to have it alone, and to share it: the next one first. */
  alone: number[];
  shared: number[];
}

const calls = {
  rwlock: {
    share: sys.rw_rlock,
    tryShare: sys.rw_try_rlock,
    unshare: sys.rw_runlock,
    own: sys.rw_wlock,
    tryOwn: sys.rw_try_wlock,
    release: sys.rw_wunlock,
    upgrade: sys.rw_try_upgrade,
    downgrade: sys.rw_downgrade,
  },
  sx: {
    share: sys.sx_slock,
    tryShare: sys.sx_try_slock,
    unshare: sys.sx_sunlock,
    own: sys.sx_xlock,
    tryOwn: sys.sx_try_xlock,
    release: sys.sx_xunlock,
    upgrade: sys.sx_try_upgrade,
    downgrade: sys.sx_downgrade,
  },
} as const;

type Operation = keyof (typeof calls)["sx"];

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

/** The rules. Each operation gives the call's result, or null if its thread waits now. */
class Model {
  readonly locks: readonly ModelLock[] = Array.from({ length: LOCKS }, () => ({
    ...{ owner: null, recursed: 0, shares: new Array(THREADS).fill(0), alone: [], shared: [] },
  }));

  constructor(
    private readonly kind: Kind,
    /** Smaller is better. */
    private readonly priorities: readonly number[],
    private readonly mistake: Mistake | null,
  ) {}

  waits(p: number): boolean {
    return this.locks.some(({ alone, shared }) => alone.includes(p) || shared.includes(p));
  }

  /** True if `p` shares any lock. */
  private sharesOne(p: number): boolean {
    if (this.mistake === "readers never pass writers") return false;
    return this.mistake === "readers pass writers" || this.locks.some(({ shares }) => shares[p]);
  }

  /** True if the operation makes sense, and no thread that lends could be lent to by it. */
  allows(operation: Operation, p: number, lock: ModelLock): boolean {
    const isOwner = lock.owner === p;
    const hasAlone = this.locks.some(({ owner }) => owner === p);
    switch (operation) {
      case "release":
        return isOwner;
      case "downgrade":
        return isOwner && lock.recursed === 0;
      case "unshare":
      case "upgrade":
        return lock.owner === null && (lock.shares[p] as number) > 0;
      case "share":
        return !isOwner && !(this.kind === "rwlock" && hasAlone);
      case "own":
        return isOwner || (lock.shares[p] === 0 && !(this.kind === "rwlock" && hasAlone));
      default:
        return true;
    }
  }

  apply(operation: Operation, p: number, lock: ModelLock): boolean | undefined | null {
    switch (operation) {
      case "share":
        return this.share(p, lock);
      case "tryShare":
        if (lock.owner !== null || (this.mistake === "tries wait" && lock.alone.length > 0)) {
          return false;
        }
        lock.shares[p] = (lock.shares[p] as number) + 1;
        return true;
      case "own":
        if (this.own(p, lock)) return undefined;
        this.queue(lock.alone, p);
        return null;
      case "tryOwn":
        return this.own(p, lock);
      case "upgrade":
        if (sum(lock.shares) !== 1) return false;
        lock.shares[p] = 0;
        lock.owner = p;
        return true;
      case "downgrade":
        this.downgrade(p, lock);
        return undefined;
      default:
        this.release(operation, p, lock);
        return undefined;
    }
  }

  private share(p: number, lock: ModelLock): undefined | null {
    if (lock.owner === null && (lock.alone.length === 0 || this.sharesOne(p))) {
      lock.shares[p] = (lock.shares[p] as number) + 1;
      return undefined;
    }
    this.queue(lock.shared, p, this.kind === "sx");
    return null;
  }

  private own(p: number, lock: ModelLock): boolean {
    if (lock.owner === p) lock.recursed++;
    else if (lock.owner !== null || sum(lock.shares) > 0) return false;
    else lock.owner = p;
    return true;
  }

  private release(operation: "release" | "unshare", p: number, lock: ModelLock): void {
    if (operation === "unshare") lock.shares[p] = (lock.shares[p] as number) - 1;
    else if (lock.recursed > 0) lock.recursed--;
    else lock.owner = null;
    if (lock.owner !== null || sum(lock.shares) > 0) return;
    const readersFirst = this.mistake === "readers first" && lock.shared.length > 0;
    const heir = readersFirst ? undefined : lock.alone.shift();
    if (heir === undefined) this.letIn(lock, () => true);
    else lock.owner = heir;
  }

  private downgrade(p: number, lock: ModelLock): void {
    lock.owner = null;
    const open = lock.alone.length === 0 || this.mistake === "downgrades let readers in";
    const isClosed = this.kind === "rwlock" || this.mistake === "downgrades let nobody in";
    if (open) this.letIn(lock, () => true);
    else if (!isClosed) this.letIn(lock, (reader) => this.sharesOne(reader));
    lock.shares[p] = (lock.shares[p] as number) + 1;
  }

  private letIn(lock: ModelLock, may: (reader: number) => boolean): void {
    const readers = lock.shared.filter(may);
    lock.shared = lock.shared.filter((reader) => !readers.includes(reader));
    for (const reader of readers) lock.shares[reader] = (lock.shares[reader] as number) + 1;
  }

  /** Waiters by priority and, among equals, by arrival; sharing waiters of an sx by arrival only. */
  private queue(queue: number[], p: number, byArrival = false): void {
    const own = this.priorities[p] as number;
    const place = queue.findIndex((other) => (this.priorities[other] as number) > own);
    if (place < 0 || byArrival || this.mistake === "any order") queue.push(p);
    else queue.splice(place, 0, p);
  }
}

/** A thread that makes the calls that it is told to make. */
class Puppet {
  command: KernelCall<boolean | undefined> | null = null;
  result: boolean | undefined | null = undefined;

  constructor(machine: Machine, index: number, priority: number) {
    const channel = `puppet ${index}`;
    const self = this;
    machine.createThread({
      name: channel,
      *body() {
        yield* sys.sched_prio_self(priority);
        for (;;) {
          while (self.command === null) yield* sys.tsleep(channel, 0, "idle", 0);
          const { command } = self;
          self.command = null;
          self.result = null;
          self.result = yield* command;
        }
      },
    });
  }
}

/** Random calls, held against the model. Throws a sentence at the first difference. */
export class SharedLockStorm {
  /** Calls that were made, and those that had to wait. */
  made = 0;
  waited = 0;
  private readonly random: Random;
  private readonly machine: Machine;
  private readonly puppets: readonly Puppet[];
  private readonly locks: readonly SyncObjectView[];
  private readonly model: Model;

  constructor(
    private readonly kind: Kind,
    private readonly seed: number,
    mistake: Mistake | null = null,
  ) {
    const random = new Random(seed);
    this.random = random;
    const cpus = random.pick([1, 1, 2, 4]);
    const config = {
      scheduler: random.pick(SCHEDULERS),
      cpus,
      maxthread: 1_000,
      objects: 16,
      quantum: 1_000,
    };
    this.machine = withOwnPriorities(new Machine(config, buildUnderTest));
    const init = kind === "rwlock" ? sys.rw_init : sys.sx_init;
    for (let i = 0; i < LOCKS; i++) this.machine.call(init(`lock ${i}`, MTX_RECURSE));
    this.locks = [...syncObjects(this.machine)];
    const priorities = Array.from({ length: THREADS }, () => 100 + 4 * random.below(4));
    this.puppets = priorities.map((priority, i) => new Puppet(this.machine, i, priority));
    this.model = new Model(kind, priorities, mistake);
    this.machine.run();
  }

  /** Makes so many calls, or as many as there are before all threads wait. */
  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const free = this.puppets.map((_, p) => p).filter((p) => !this.model.waits(p));
      if (free.length === 0) return;
      this.step(this.random.pick(free));
    }
  }

  private step(p: number): void {
    const at = this.random.below(LOCKS);
    const lock = this.model.locks[at] as ModelLock;
    const all = Object.keys(calls.sx) as Operation[];
    const operation = this.random.pick(all.filter((one) => this.model.allows(one, p, lock)));
    const puppet = this.puppets[p] as Puppet;
    const address = (this.locks[at] as SyncObjectView).address;
    puppet.command = calls[this.kind][operation](address) as KernelCall<boolean | undefined>;
    this.machine.call(sys.wakeup(`puppet ${p}`));
    this.machine.run();
    const expected = this.model.apply(operation, p, lock);
    this.made++;
    if (expected === null) this.waited++;
    this.compare(`thread ${p}, ${operation} of lock ${at}`, puppet.result, expected);
    this.compareAll();
  }

  private compareAll(): void {
    this.puppets.forEach(({ result }, p) => {
      this.compare(`thread ${p} waits`, result === null, this.model.waits(p));
    });
    this.locks.forEach((view, at) => {
      const { owner, recursed, shares, alone, shared } = this.model.locks[at] as ModelLock;
      this.compare(`lock ${at} is owned`, view.isOwned, owner !== null);
      this.compare(`value of lock ${at}`, view.value, owner === null ? sum(shares) : recursed);
      this.compare(`waiters of lock ${at}`, view.waiters, alone.length + shared.length);
    });
  }

  private compare(what: string, is: unknown, expected: unknown): void {
    if (is === expected) return;
    const head = `${this.kind}, seed ${this.seed}, call ${this.made}`;
    throw new Error(`${head}: ${what}: ${String(is)}, not ${String(expected)}`);
  }
}
