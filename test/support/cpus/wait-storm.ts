// Storms of waits: threads of several CPUs that wait for each other with condition variables, semaphores, barriers,
// lockmgr's locks and mutexes that are released while they sleep, with and without a time, while others change their
// priorities, policies, deadlines and sets of CPUs, wake their channels for no reason, and stop their process.
//
// There is no model of the order in which threads run. What is checked holds whatever the timing: no thread sleeps
// while what it waits for is available and no other thread is about to take it; the signalled thread is the best
// waiter, the first among equals; results of calls agree with what happened; locks have valid holders; and no thread
// runs on a CPU that it must not run on.

import * as Layout from "../../../src/generated/layout.js";
import {
  type Body,
  type KernelCall,
  type KernelSource,
  Machine,
  type SchedulerName,
  sys,
} from "../../../src/index.js";
import { Random } from "../random.js";
import { schedulerOf } from "../schedulers.js";
import { Mismatch } from "./storm.js";

const { EBUSY, ENOLCK, ERESTART, EWOULDBLOCK, PCATCH, Policy } = Layout;
const { LockMgr: LK, SyncObject: SO, Thread: T, ThreadCold: C, ThreadLocks: TL } = Layout;
const { ThreadSched: TS } = Layout;

/** Steps of each thread. */
const STEPS = 45;
/** Steps at which a party of the barrier goes there. */
const MEETINGS = [9, 20, 31, 40];
/** Rounds within which all threads have ended. */
const ROUNDS_MAX = 60_000;
/** Rounds within which a thread has left a CPU that its set excludes. */
const OBEYED = 12;
const OBJECTS = 2;
/** The channel of threads that wait for tickets. */
const TICKETS = "tickets";
/** Ticks of lockmgr's timeouts. */
const LOCK_TICKS = 3;

/** A thread of the storm. */
interface Member {
  td: number;
  /** The CPUs that it may run on, and the round since when. */
  allowed: bigint;
  since: number;
  /** True if it has slept for tickets, and has not checked again yet. */
  isInside: boolean;
  gone: boolean;
}

/** A wait for a condition. */
interface Wait {
  readonly me: Member;
  /** True once it has been signalled. */
  isChosen: boolean;
}

/** A lock of the lock manager, as its holders see it. */
interface Lock {
  readonly address: number;
  alone: Member | null;
  readonly sharers: Set<Member>;
}

/** Conditions other than the seed. */
export interface WaitConditions {
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /** The scheduler; by default the seed decides. */
  readonly scheduler?: SchedulerName | undefined;
  /** The fault that is planted: check build only. */
  readonly plant?: number | undefined;
}

/** A storm of one seed. */
export class WaitStorm {
  private readonly machine: Machine;
  private readonly random: Random;
  private readonly members: Member[] = [];
  private readonly count: number;
  private readonly parties: number;
  private readonly isUser: boolean;
  private readonly semas: number[];
  private readonly cvs: number[];
  /** Waits for each condition, in the order in which they began. */
  private readonly waits: Wait[][] = [];
  private readonly locks: Lock[];
  private readonly mutex: number;
  private readonly interlock: number;
  private readonly barrier: number;
  private arrivals = 0;
  private tickets = 0;
  private rounds = 0;
  private ended = 0;
  /** The first violation that a thread noticed: bodies must not throw. */
  private fault: string | null = null;
  steps = 0;

  constructor(
    readonly seed: number,
    source: KernelSource,
    options: WaitConditions = {},
  ) {
    this.random = new Random(seed ^ 0x3a17);
    const { random } = this;
    const ownCpus = random.pick([1, 2, 2, 3, 4, 4, 8, 16]);
    const ownScheduler = schedulerOf(random, seed, ["4bsd", "lwkt", "ule"]);
    const cpus = options.cpus ?? ownCpus;
    this.machine = new Machine(
      {
        ...{ cpus, scheduler: options.scheduler ?? ownScheduler, seed, chaos: random.once(4) },
        ...{ maxthread: 120, maxproc: 20, objects: 64 },
        ...{ guestMemory: 4096, textMemory: 1024, stringMemory: 16_384 },
        cyclesPerSecond: 500_000,
        quantum: 100 + random.below(900),
        preemption: random.once(2),
        adaptiveLocks: random.once(3),
      },
      source,
    );
    if (options.plant !== undefined) this.machine.kernel.setMachine("plant", options.plant);
    this.count = 3 + random.below(Math.min(6 + 2 * cpus, 24));
    this.parties = 2 + random.below(this.count - 1);
    this.isUser = random.once(3);
    const several = (make: (name: string) => KernelCall<unknown>) =>
      Array.from({ length: OBJECTS }, (_, i) => this.made(make(`o${i}`)));
    this.semas = several((name) => sys.sema_create(name, random.below(2)));
    this.cvs = several((name) => sys.cv_create(name));
    this.waits = this.cvs.map(() => []);
    const pri = random.pick([0, PCATCH]);
    const flags = random.pick([0, 0, Layout.LK_CANRECURSE, Layout.LK_NOSHARE]);
    this.locks = several((name) => sys.lockinit(pri, name, LOCK_TICKS, flags)).map((address) => ({
      ...{ address, alone: null, sharers: new Set<Member>() },
    }));
    this.mutex = this.made(sys.mtx_create("mutex"));
    this.interlock = this.made(sys.mtx_create("interlock"));
    this.barrier = this.made(sys.barrier_create("barrier", this.parties));
  }

  private made(call: KernelCall<unknown>): number {
    const [error, address] = this.machine.call(call);
    if (error !== 0) throw new Error(`making an object: error ${error}`);
    return address >>> 0;
  }

  private fail(what: string): void {
    this.fault ??= what;
  }

  private check(holds: boolean, what: string): void {
    if (!holds) this.fail(what);
  }

  // ---- The run ----

  /** Runs the storm; throws a {@link Mismatch} where something is not as it must be. */
  run(): void {
    this.start();
    while (this.ended < this.count) {
      const { reason } = this.machine.run({ rounds: 1 });
      this.rounds++;
      this.judge();
      if (this.fault !== null) throw new Mismatch(this.fault);
      if (this.rounds > ROUNDS_MAX) throw new Mismatch(`${this.count - this.ended} never end`);
      if (reason === "idle" && this.ended < this.count) this.help();
    }
    this.finish();
  }

  private start(): void {
    const { machine, count, isUser } = this;
    const all = (1n << BigInt(machine.config.cpus)) - 1n;
    for (let i = 0; i < count; i++) {
      this.members.push({ td: 0, allowed: all, since: 0, isInside: false, gone: false });
    }
    const life = (i: number) => () => this.life(i);
    if (!isUser) {
      for (const [i, member] of this.members.entries()) {
        const cpu = i % machine.config.cpus;
        member.td = machine.createThread({ name: `t${i}`, cpu, body: life(i) }).address;
      }
      return;
    }
    let process = 0;
    const { members } = this;
    const first = function* (): Body {
      (members[0] as Member).td = yield* sys.curthread();
      for (let i = 1; i < count; i++) {
        const made = yield* sys.thr_create(life(i), 0);
        (members[i] as Member).td = made.address;
      }
      yield* life(0)();
    };
    machine.createThread({
      name: "forker",
      *body() {
        process = (yield* sys.fork(first, 0, 0, 0, -1)).address;
      },
    });
    machine.createThread({
      name: "stopper",
      priority: 90,
      body: () => this.stopper(() => process),
    });
  }

  /** Stops and continues the process. */
  private *stopper(process: () => number): Body {
    for (let i = 0; i < 12 && this.ended === 0; i++) {
      yield* sys.pause("stopper", 1 + this.random.below(9));
      if (this.ended > 0 || process() === 0) continue;
      yield sys.proc_stop(process());
      yield* sys.pause("stopped", 1 + this.random.below(3));
      yield sys.proc_cont(process());
    }
  }

  /** All threads wait: the host does what one of them should. */
  private help(): void {
    const { machine } = this;
    const isWaiting = (address: number) => this.asleep(address).length > 0;
    for (const sema of this.semas) if (isWaiting(sema)) machine.call(sys.sema_post(sema));
    for (const [i, cv] of this.cvs.entries()) {
      if (!isWaiting(cv)) continue;
      this.choose(i, true);
      machine.call(sys.cv_broadcast(cv));
    }
    if (this.members.some(({ isInside }) => isInside)) {
      this.tickets++;
      machine.call(sys.wakeup_one(TICKETS));
    }
    const { reason } = machine.run({ rounds: 1 });
    if (reason === "idle" && this.ended < this.count) throw new Mismatch("nobody can go on");
  }

  /** Nothing is left: objects can be destroyed, and counters are as they began. */
  private finish(): void {
    const { machine } = this;
    machine.run({ rounds: 50 });
    const errors = [
      ...this.semas.map((one) => machine.call(sys.sema_destroy(one))[0]),
      ...this.cvs.map((one) => machine.call(sys.cv_destroy(one))[0]),
      ...this.locks.map(({ address }) => machine.call(sys.lockdestroy(address))[0]),
      machine.call(sys.barrier_destroy(this.barrier))[0],
      machine.call(sys.mtx_destroy(this.mutex))[0],
      machine.call(sys.mtx_destroy(this.interlock))[0],
    ];
    if (errors.some((error) => error !== 0)) throw new Mismatch("an object is in use at the end");
  }

  // ---- What must hold between rounds ----

  private word(address: number): number {
    return this.machine.kernel.readSigned(address);
  }

  private channelOf({ td, gone }: Member): number {
    return gone || td === 0 ? 0 : this.machine.kernel.read(td + T.td_wchan);
  }

  private asleep(channel: number): Member[] {
    return this.members.filter((member) => this.channelOf(member) === channel);
  }

  /** Threads that count as waiting but are no longer asleep: they check when they run. */
  private awake(object: number, ...channels: readonly number[]): number {
    const sleeping = channels.reduce((sum, channel) => sum + this.asleep(channel).length, 0);
    return this.word(object + SO.so_waiters) - sleeping;
  }

  private judge(): void {
    for (const sema of this.semas) {
      const value = this.word(sema + SO.so_value);
      const waiters = this.word(sema + SO.so_waiters);
      const isLost = this.awake(sema, sema) < Math.min(value, waiters);
      this.check(!isLost, "a thread sleeps on although the semaphore has a unit for it");
    }
    for (const [which, cv] of this.cvs.entries()) {
      const all = this.waits[which] as Wait[];
      const isLeft = all.some(({ me, isChosen }) => isChosen && this.channelOf(me) === cv);
      this.check(!isLeft, "a thread that was signalled sleeps on");
    }
    const inside = this.members.filter(({ isInside }) => isInside);
    const sleeping = this.asleep(this.machine.channel(TICKETS)).length;
    const isMissed = inside.length - sleeping < Math.min(this.tickets, inside.length);
    this.check(!isMissed, "a thread sleeps on although there is a ticket for it");
    for (const { address } of this.locks) this.judgeLock(address);
    for (const [i, member] of this.members.entries()) this.judgePlace(i, member);
  }

  private judgeLock(lock: number): void {
    const isFree =
      this.word(lock + SO.so_value) === 0 &&
      this.word(lock + SO.so_owner) === 0 &&
      this.word(lock + LK.lk_kernproc) === 0;
    const wants = this.asleep(lock).length + this.asleep(lock + 4).length;
    const looks = this.awake(lock, lock, lock + 4); // those that drain it look every tick
    this.check(!isFree || wants === 0 || looks > 0, "threads sleep for a lock that nobody has");
  }

  private judgePlace(i: number, { td, allowed, since, gone }: Member): void {
    if (gone || td === 0 || this.rounds - since < OBEYED) return;
    const cpu = this.machine.kernel.u8[td + T.td_cpu] as number;
    this.check(((allowed >> BigInt(cpu)) & 1n) === 1n, `thread ${i} is on CPU ${cpu}`);
  }

  // ---- Lives ----

  private *life(i: number): Body {
    const random = new Random(this.seed * 257 + i);
    const me = this.members[i] as Member;
    for (let step = 0; step < STEPS; step++) {
      this.steps++;
      yield* this.step(me, random);
      if (i < this.parties && MEETINGS.includes(step)) yield* this.meet();
    }
    me.gone = true;
    this.ended++;
  }

  private *step(me: Member, random: Random): Body {
    const what = random.below(13);
    if (what < 2) yield* this.unit(random);
    else if (what < 4) yield* this.condition(me, random);
    else if (what === 4) yield* this.signal(random);
    else if (what < 7) yield* this.lock(me, random);
    else if (what === 7) yield* this.ticket(me, random);
    else if (what < 10) yield* this.changeOther(random);
    else if (what === 10) yield* sys.compute(BigInt(20 + random.below(700)));
    else if (what === 11) yield* sys.pause("nap", 1 + random.below(3));
    else yield* this.disturb(random);
  }

  /** A unit of a semaphore is taken, or given. */
  private *unit(random: Random): Body {
    const sema = random.pick(this.semas);
    const kind = random.below(6);
    if (kind < 3) yield sys.sema_post(sema);
    else if (kind === 3) yield* sys.sema_trywait(sema);
    else if (kind === 4) yield* sys.sema_wait(sema);
    else {
      const timo = 1 + random.below(4);
      const from = this.machine.ticks;
      const error = yield* sys.sema_timedwait(sema, timo);
      const isRight = error === 0 || error === EWOULDBLOCK;
      this.check(isRight, `sema_timedwait returned ${error}`);
      if (error !== 0) this.checkTime("sema_timedwait", from, timo);
    }
  }

  private checkTime(what: string, from: number, timo: number): void {
    const passed = this.machine.ticks - from;
    this.check(passed >= timo - 1, `${what} of ${timo} ticks was over after ${passed}`);
  }

  private *condition(me: Member, random: Random): Body {
    const which = random.below(OBJECTS);
    const cv = this.cvs[which] as number;
    const kind = random.below(4);
    const timo = 1 + random.below(5);
    yield* sys.mtx_lock(this.mutex);
    const wait: Wait = { me, isChosen: false };
    const list = this.waits[which] as Wait[];
    list.push(wait);
    const from = this.machine.ticks;
    let error = 0;
    if (kind === 0) yield* sys.cv_wait(cv, this.mutex);
    else if (kind === 1) error = yield* sys.cv_timedwait(cv, this.mutex, timo);
    else if (kind === 2) error = yield* sys.cv_wait_sig(cv, this.mutex);
    else error = yield* sys.cv_timedwait_sig(cv, this.mutex, timo);
    list.splice(list.indexOf(wait), 1);
    // A thread that is signalled after its timeout, but before it runs, has still timed out (sleepq_check_timeout).
    this.check(error !== 0 || wait.isChosen, "a wait was over, and nobody had signalled it");
    this.check(error !== ERESTART || !wait.isChosen, "a wait that was signalled was interrupted");
    const isTimed = kind === 1 || kind === 3;
    if (error === EWOULDBLOCK && isTimed) this.checkTime("a timed wait", from, timo);
    else if (error === ERESTART) this.check(this.isUser && kind > 1, "a wait was interrupted");
    else this.check(error === 0, `a wait returned ${error}`);
    const owner = this.word(this.mutex + SO.so_owner);
    this.check(owner === me.td, "a wait returned without the mutex");
    yield* sys.mtx_unlock(this.mutex);
  }

  /**
   * What a sleeper is woken by: its priority, with what is lent to it and what it sleeps at, then the 99 of
   * real time.
   */
  private rank({ td }: Member): number {
    const { kernel, config } = this.machine;
    const byte = (address: number) => kernel.u8[address >>> 0] as number;
    const base = byte(kernel.cold(td) + C.td_base_pri);
    const lent = 255 - byte((td >>> 3) + kernel.machine("locks_delta") + TL.tl_lent);
    const priority = Math.min(base, lent);
    const part = td + kernel.machine("sched_delta");
    const boost = config.scheduler === "ule" ? byte(part + TS.ts_boost) : 0;
    const at = boost === 0 ? priority : Math.min(priority, boost);
    const first = byte(part + TS.ts_policy) === Policy.DEADLINE ? 100 : byte(part + TS.ts_rt);
    return 128 * at - (priority === base ? first : 0);
  }

  /** Chooses the threads to signal: the best sleeper, the first among equals, or all. */
  private choose(which: number, isAll: boolean): void {
    const cv = this.cvs[which] as number;
    const sleeping = (this.waits[which] as Wait[]).filter(
      (wait) => !wait.isChosen && this.channelOf(wait.me) === cv,
    );
    const best = Math.min(...sleeping.map(({ me }) => this.rank(me)));
    const one = sleeping.filter(({ me }) => this.rank(me) === best).slice(0, 1);
    for (const wait of isAll ? sleeping : one) wait.isChosen = true;
  }

  private *signal(random: Random): Body {
    const which = random.below(OBJECTS);
    const cv = this.cvs[which] as number;
    const isAll = random.once(4);
    const isHolding = random.once(2);
    if (isHolding) yield* sys.mtx_lock(this.mutex);
    this.choose(which, isAll);
    yield isAll ? sys.cv_broadcast(cv) : sys.cv_signal(cv);
    if (isHolding) yield* sys.mtx_unlock(this.mutex);
  }

  /** All members meet at the barrier, and none leaves before. */
  private *meet(): Body {
    const turn = Math.floor(this.arrivals / this.parties);
    const isLast = ++this.arrivals === (turn + 1) * this.parties;
    const result = yield* sys.barrier_wait(this.barrier);
    const isOpen = this.arrivals >= (turn + 1) * this.parties;
    this.check(isOpen, "a barrier has let somebody go before all were there");
    this.check(
      result === isLast,
      `barrier_wait returned ${result} to ${isLast ? "the last" : "another"}`,
    );
  }

  /** Waits for a ticket on a channel, with a mutex that is released meanwhile; or makes one. */
  private *ticket(me: Member, random: Random): Body {
    yield* sys.mtx_lock(this.mutex);
    if (random.once(2)) {
      this.tickets++;
      yield random.once(3) ? sys.wakeup(TICKETS) : sys.wakeup_one(TICKETS);
    } else {
      const timo = random.pick([0, 0, 2]);
      while (this.tickets === 0) {
        me.isInside = true;
        const error = yield* sys.msleep(TICKETS, this.mutex, 0, TICKETS, timo);
        me.isInside = false;
        const isRight = error === 0 || (error === EWOULDBLOCK && timo > 0);
        this.check(isRight, `msleep returned ${error}`);
        if (error !== 0) break;
      }
      if (this.tickets > 0) this.tickets--;
    }
    yield* sys.mtx_unlock(this.mutex);
  }

  // ---- Locks of the lock manager ----

  private *lock(me: Member, random: Random): Body {
    const lock = random.pick(this.locks);
    const drains = random.once(8);
    const kind = random.once(2) ? Layout.LK_SHARED : Layout.LK_EXCLUSIVE;
    const more = random.pick([
      ...[0, 0, Layout.LK_NOWAIT, Layout.LK_TIMELOCK, Layout.LK_SLEEPFAIL],
      Layout.LK_SLEEPFAIL | Layout.LK_TIMELOCK,
    ]);
    const flags = drains ? Layout.LK_DRAIN : kind | more;
    if (!(yield* this.request(me, lock, flags, random.once(4)))) return;
    yield* sys.compute(BigInt(10 + random.below(600)));
    if (random.once(3)) yield* sys.pause("with lock", 1);
    if (random.once(3)) yield* this.turn(me, lock, random);
    if (lock.alone === me && random.once(5)) yield sys.lockmgr_disown(lock.address);
    if (lock.alone === me) lock.alone = null;
    else if (!lock.sharers.delete(me)) return;
    yield* sys.lockmgr(lock.address, Layout.LK_RELEASE, 0);
  }

  /** Takes a lock, perhaps with an interlock: true if it has it. */
  private *request(
    me: Member,
    lock: Lock,
    flags: number,
    hasInterlock: boolean,
  ): Generator<KernelCall<unknown>, boolean, number> {
    if (hasInterlock) yield* sys.mtx_lock(this.interlock);
    const all = hasInterlock ? flags | Layout.LK_INTERLOCK : flags;
    const from = this.machine.ticks;
    const error = yield* sys.lockmgr(lock.address, all, hasInterlock ? this.interlock : 0);
    if (hasInterlock) {
      const owner = this.word(this.interlock + SO.so_owner);
      this.check(owner !== me.td, "a request has kept its interlock");
    }
    this.checkRequest(flags, error, from);
    if (error === 0) this.take(me, lock);
    return error === 0;
  }

  private checkRequest(flags: number, error: number, from: number): void {
    const has = (flag: number) => (flags & flag) !== 0;
    if (error === EWOULDBLOCK) this.checkTime("a request", from, LOCK_TICKS);
    const isRight =
      error === 0 ||
      (error === EBUSY && has(Layout.LK_NOWAIT)) ||
      (error === EWOULDBLOCK && has(Layout.LK_TIMELOCK)) ||
      (error === ENOLCK && has(Layout.LK_SLEEPFAIL)) ||
      (error === ERESTART && this.isUser && !has(Layout.LK_DRAIN));
    this.check(isRight, `lockmgr(0x${flags.toString(16)}) returned ${error}`);
  }

  /** A thread has taken a lock; reads from the kernel whether exclusively or shared. */
  private take(me: Member, lock: Lock): void {
    const isAlone = this.word(lock.address + SO.so_owner) === me.td;
    const others = [...lock.sharers].filter((one) => one !== me);
    this.check(
      lock.alone === null,
      "two threads have a lock alone, or one does, and one shares it",
    );
    this.check(!isAlone || others.length === 0, "a thread has a lock alone that others share");
    lock.sharers.delete(me);
    if (isAlone) lock.alone = me;
    else lock.sharers.add(me);
  }

  private *turn(me: Member, lock: Lock, random: Random): Body {
    const { address } = lock;
    if (lock.alone === me) {
      const before = this.word(address + SO.so_owner);
      lock.alone = null;
      lock.sharers.add(me);
      yield* sys.lockmgr(address, Layout.LK_DOWNGRADE, 0);
      if (this.word(address + SO.so_owner) !== before) return;
      lock.sharers.delete(me); // an unshared lock stays as it is
      lock.alone = me;
    } else if (lock.sharers.has(me)) {
      const tries = random.once(2);
      if (!tries) lock.sharers.delete(me);
      const kind = tries ? Layout.LK_TRYUPGRADE : Layout.LK_UPGRADE;
      const error = yield* sys.lockmgr(address, kind, 0);
      if (error === 0) this.take(me, lock);
      else if (error !== ERESTART || !this.isUser)
        this.check(tries && error === EBUSY, `an upgrade returned ${error}`);
    }
  }

  // ---- Interference with other threads ----

  /** Wakes a channel for no reason: its sleepers check, and sleep again. */
  private *disturb(random: Random): Body {
    const [lock] = this.locks as [Lock];
    yield sys.wakeup(random.pick([this.barrier, ...this.semas, lock.address, lock.address + 4]));
  }

  private *changeOther(random: Random): Body {
    const other = random.pick(this.members);
    if (other.gone || other.td === 0) return;
    const handle = { address: other.td };
    switch (random.below(6)) {
      case 0:
        yield sys.sched_prio(handle, 100 + random.below(100));
        return;
      case 1:
        yield* sys.sched_setscheduler(handle, Policy.OTHER, random.below(40) - 20);
        return;
      case 2:
        yield* sys.sched_setscheduler(handle, Policy.RR, 1 + random.below(99));
        return;
      case 3:
        yield* sys.sched_setdeadline(handle, 2_000, 8_000 + random.below(9_000), 20_000);
        return;
      default:
        yield* this.bind(other, random);
    }
  }

  /** Sets the CPUs of another thread, which may be asleep, queued, or running elsewhere. */
  private *bind(other: Member, random: Random): Body {
    const { cpus } = this.machine.config;
    const mask = 1n + BigInt(random.below(2 ** cpus - 1));
    const before = { allowed: other.allowed, since: other.since };
    other.allowed = mask;
    other.since = this.rounds;
    const error = yield* sys.cpuset_setthread({ address: other.td }, mask);
    if (error === 0 || other.allowed !== mask) return;
    this.check(error === EBUSY, `cpuset_setthread returned ${error}`);
    Object.assign(other, before);
  }
}
