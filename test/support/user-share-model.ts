// The scheduler of user threads of lwkt as plain rules, time-sharing included: written from docs/schedulers.md
// and the law at the head of assembly/kern/lwkt_usched.ts. Queues are sorted arrays; a round is what the law
// does at its beginning, then each CPU.
//
// A round is a tick of the statistics clock on each CPU. Threads compute for ever, and go to sleep when they
// are told to.

/** What a thread has. */
export interface UserThread {
  readonly id: number;
  policy: number;
  /** Real-time priority 1 to 99, 0 of others. */
  rt: number;
  nice: number;
  estcpu: number;
  /** Ticks of more than half a fair share. */
  batch: number;
  /** Ticks that it ran since second `since`. */
  ticks: number;
  since: number;
  slice: number;
  priority: number;
  load: number;
  cpu: number;
  isAwake: boolean;
  /** It sleeps as soon as it runs. */
  isTired: boolean;
  /** Its slice has ended, and it waits to be placed. */
  hasEnded: boolean;
  /** CPUs that it may be given. */
  cpus: bigint;
}

export interface UserCpu {
  /** The holder of the slot, the waiting threads in order, and those to be placed. */
  holder: UserThread | null;
  waiting: UserThread[];
  arrived: UserThread[];
  current: UserThread | null;
  load: number;
  mustLook: boolean;
  isSliceOver: boolean;
}

const FIFO = 1;
const RR = 2;
const BATCH = 3;
const IDLE = 5;
const TIMESHARE = 88;
const IDLE_BEST = 224;
/** Ticks in a second, and in the half minute that makes a batch thread. */
const HZ = 127;
const BATCH_MAX = 30 * HZ;
const ESTCPU_MAX = 16_384;
/** Priorities of a queue. */
const PPQ = 4;

const isTimeshare = ({ policy }: UserThread) => policy !== FIFO && policy !== RR && policy !== IDLE;

/** Where a thread stands: the smaller runs first. */
function queueOf({ rt, priority }: UserThread): number {
  return rt !== 0 ? 116 - rt : 68 + priority - (priority % PPQ);
}

/** The best priority of its class. */
function classOf({ priority }: UserThread): number {
  return priority >= IDLE_BEST ? IDLE_BEST : priority >= TIMESHARE ? TIMESHARE : 0;
}

function loadOf(td: UserThread): number {
  const { priority } = td;
  const best = classOf(td);
  return PPQ + priority - best - ((priority - best) % PPQ);
}

export class UserShareModel {
  readonly cpus: UserCpu[];
  /** Seconds so far. */
  private seconds = 0;

  constructor(
    count: number,
    private readonly threads: readonly UserThread[],
    /** Ticks of a slice. */
    private readonly slice: number,
    private readonly preemption: boolean,
  ) {
    this.cpus = Array.from({ length: count }, () => ({
      ...{ holder: null, waiting: [], arrived: [], current: null },
      ...{ load: 0, mustLook: false, isSliceOver: false },
    }));
  }

  private cpuOf({ cpu }: UserThread): UserCpu {
    return this.cpus[cpu] as UserCpu;
  }

  // ---- Slot and queue ----

  private takesSlot(td: UserThread, holder: UserThread): boolean {
    if (queueOf(td) >= queueOf(holder)) return false;
    return td.policy !== BATCH || !isTimeshare(holder);
  }

  private wait(cpu: UserCpu, td: UserThread, isFirst: boolean): void {
    const queue = queueOf(td);
    const at = cpu.waiting.findIndex((other) =>
      isFirst ? queueOf(other) >= queue : queueOf(other) > queue,
    );
    cpu.waiting.splice(at < 0 ? cpu.waiting.length : at, 0, td);
  }

  /** The holder gives the slot to the first that waits. */
  private pass(cpu: UserCpu, isFirst: boolean): void {
    const td = cpu.holder as UserThread;
    cpu.holder = cpu.waiting.shift() ?? null;
    this.wait(cpu, td, isFirst);
  }

  /** The best that waits has the slot if it is better, at once or as soon as the holder can give it. */
  private settle(cpu: UserCpu): void {
    const { holder, waiting } = cpu;
    const [first] = waiting;
    if (holder === null || first === undefined || !this.takesSlot(first, holder)) return;
    if (cpu.current !== holder) this.pass(cpu, true);
    else if (this.preemption) cpu.mustLook = true;
  }

  private weigh(td: UserThread, load: number): void {
    this.cpuOf(td).load += load - td.load;
    td.load = load;
  }

  private enter(td: UserThread): void {
    const cpu = this.cpuOf(td);
    this.weigh(td, loadOf(td));
    const { holder } = cpu;
    if (holder === null) {
      cpu.holder = td;
      return;
    }
    this.wait(cpu, td, false);
    if (cpu.current !== holder && this.takesSlot(td, holder)) this.pass(cpu, true);
  }

  private leave(td: UserThread): void {
    const cpu = this.cpuOf(td);
    cpu.arrived = cpu.arrived.filter((other) => other !== td);
    td.hasEnded = false;
    this.weigh(td, 0);
    if (cpu.holder === td) cpu.holder = cpu.waiting.shift() ?? null;
    else cpu.waiting = cpu.waiting.filter((other) => other !== td);
  }

  // ---- Accounts ----

  /** How many want a CPU, in CPUs. */
  private crowd({ waiting }: UserCpu): number {
    return this.cpus.length + waiting.length;
  }

  /** A time-sharing thread's priority is made anew, by its use of CPUs and its nice value. */
  reset(td: UserThread): void {
    if (!isTimeshare(td)) return;
    const weight = td.policy === BATCH ? BATCH_MAX : td.batch;
    const used = Math.floor((td.estcpu * (weight + BATCH_MAX)) / (2 * BATCH_MAX));
    const before = queueOf(td);
    td.priority =
      TIMESHARE + Math.floor(((2 * (td.nice + 20) + Math.floor(used / 128)) * 128) / 208);
    if (!td.isAwake || td.load === 0) return;
    const cpu = this.cpuOf(td);
    this.weigh(td, loadOf(td));
    if (cpu.holder !== td && queueOf(td) !== before) {
      cpu.waiting = cpu.waiting.filter((other) => other !== td);
      this.wait(cpu, td, false);
    }
    this.settle(cpu);
  }

  private reckon(td: UserThread): void {
    const seconds = this.seconds - td.since;
    if (seconds === 0) return;
    td.since = this.seconds;
    const limited = Math.min(seconds, 30) * HZ;
    const isMore = 2 * td.ticks * this.crowd(this.cpuOf(td)) > limited * this.cpus.length;
    td.batch = isMore ? Math.min(td.batch + limited, BATCH_MAX) : Math.max(td.batch - limited, 0);
    td.ticks = 0;
    for (let i = 0; i < seconds && td.estcpu > 0; i++) td.estcpu = Math.floor((2 * td.estcpu) / 3);
    this.reset(td);
  }

  private tick(td: UserThread): void {
    const cpu = this.cpuOf(td);
    td.ticks++;
    const used = Math.floor((39 * this.crowd(cpu)) / this.cpus.length);
    td.estcpu = Math.min(td.estcpu + used, ESTCPU_MAX);
    this.reset(td);
    if (td.policy === FIFO || ++td.slice < this.slice) return;
    td.slice = 0;
    cpu.mustLook = true;
    cpu.isSliceOver = true;
  }

  // ---- What is asked for ----

  /** A thread that sleeps becomes runnable, where it was. */
  wake(td: UserThread): void {
    td.isAwake = true;
    this.reckon(td);
    this.arrive(td);
  }

  private arrive(td: UserThread): void {
    const cpu = this.cpuOf(td);
    this.enter(td);
    if (this.cpus.length > 1) cpu.arrived.push(td);
    else this.settle(cpu);
  }

  /** A thread that does not run has another policy. */
  rank(td: UserThread, policy: number, value: number): void {
    if (td.isAwake) this.leave(td);
    const isReal = policy === FIFO || policy === RR;
    Object.assign(td, { policy, rt: isReal ? value : 0, nice: isReal ? 0 : value });
    if (isReal) td.priority = 24 + Math.floor(((99 - value) * 24) / 99);
    else if (policy === IDLE) td.priority = IDLE_BEST + Math.floor(((value + 20) * 32) / 40);
    this.reset(td);
    if (td.isAwake) this.arrive(td);
  }

  // ---- A round ----

  /** @param asked what is asked by a message, and so done where the round begins */
  round(isSecond: boolean, asked: (() => void) | null): void {
    if (isSecond) {
      this.seconds++;
      for (const td of this.threads) if (td.isAwake) this.reckon(td);
      for (const td of this.threads) if (td.isAwake) this.releaseShutOut(td);
    }
    this.boundary();
    if (asked !== null) {
      asked();
      this.boundary();
    }
    for (const cpu of this.cpus) this.go(cpu);
  }

  /** Places threads that became runnable, or whose slice is over; then idle CPUs pull. */
  private boundary(): void {
    if (this.cpus.length === 1) return;
    const idle = new Set(this.cpus.filter(({ current }) => current === null));
    for (const cpu of this.cpus) {
      for (let td = cpu.arrived.shift(); td !== undefined; td = cpu.arrived.shift()) {
        this.place(td, idle);
      }
    }
    for (const cpu of this.cpus) if (idle.has(cpu) && cpu.holder === null) this.pull(cpu, idle);
  }

  private place(td: UserThread, idle: Set<UserCpu>): void {
    const { cpus } = this;
    const runs = this.cpuOf(td).current === td; // it has the slot again, since its holder went to sleep
    let best = td.cpu;
    let least = Number.POSITIVE_INFINITY;
    const own = td.load * (td.hasEnded ? 0 : 1) + PPQ;
    td.hasEnded = false;
    const chances = this.chances(td);
    const most = Math.max(...chances);
    for (let i = 0; i < cpus.length; i++) {
      const cpu = (td.cpu + i) % cpus.length;
      const load = (cpus[cpu] as UserCpu).load - (i === 0 ? own : 0);
      if (chances[cpu] !== most || load >= least || runs) continue;
      best = cpu;
      least = load;
    }
    if (best === td.cpu) this.notify(this.cpuOf(td), idle);
    else this.move(td, best, idle);
  }

  /**
   * How good each CPU is for a thread: -1 if it must not run there, 0 if it would wait for as long as the holder of the
   * slot computes. All others are equals, but for real-time threads the ones with the worst holder are the best.
   */
  private chances(td: UserThread): number[] {
    return this.cpus.map(({ holder: first, waiting }, cpu) => {
      if (!isAllowed(td, cpu)) return -1;
      const holder = first === td && td.rt !== 0 ? (waiting[0] ?? null) : first;
      if (holder === null) return td.rt === 0 ? 1 : Number.POSITIVE_INFINITY;
      if (classOf(holder) < classOf(td) || holder.rt > td.rt) return 0;
      return td.rt === 0 ? 1 : 100 - holder.rt + classOf(holder);
    });
  }

  /**
   * A thread that waits behind a better class, or a better real-time priority, is placed anew if it would not elsewhere;
   * and so is a real-time thread that would run elsewhere at once.
   */
  private releaseShutOut(td: UserThread): void {
    const cpu = this.cpuOf(td);
    if (this.cpus.length === 1 || cpu.current === td || cpu.arrived.includes(td)) return;
    const chances = this.chances(td);
    const most = Math.max(...chances);
    const waitsForGood = chances[td.cpu] === 0 && most > 0;
    const wouldRun = td.rt !== 0 && most > 100 - td.rt && most > (chances[td.cpu] ?? 0);
    if (waitsForGood || wouldRun) cpu.arrived.push(td);
  }

  private move(td: UserThread, to: number, idle: Set<UserCpu>): void {
    this.leave(td);
    td.cpu = to;
    this.enter(td);
    this.notify(this.cpuOf(td), idle);
  }

  private notify(cpu: UserCpu, idle: Set<UserCpu>): void {
    if (cpu.current !== null) this.settle(cpu);
    else idle.delete(cpu);
  }

  /** An idle CPU takes the best that waits on the CPU with the highest load, of those that it may have. */
  private pull(cpu: UserCpu, idle: Set<UserCpu>): void {
    const to = this.cpus.indexOf(cpu);
    let found: UserThread | undefined;
    let most = 0;
    for (let i = 1; i < this.cpus.length; i++) {
      const other = this.cpus[(to + i) % this.cpus.length] as UserCpu;
      const best = other.waiting.find((td) => isAllowed(td, to));
      if (best === undefined || other.load <= most) continue;
      found = best;
      most = other.load;
    }
    if (found !== undefined) this.move(found, to, idle);
  }

  /** A CPU's part of a round. */
  private go(cpu: UserCpu): void {
    if (cpu.current !== null) {
      this.tick(cpu.current);
      if (cpu.mustLook) this.look(cpu);
    }
    cpu.mustLook = false;
    cpu.isSliceOver = false;
    cpu.current = cpu.holder;
    for (let td = cpu.current; td?.isTired; td = cpu.current) {
      td.isTired = false;
      td.isAwake = false;
      this.leave(td);
      cpu.current = cpu.holder;
    }
  }

  /** The thread that runs may have to give up the slot. */
  private look(cpu: UserCpu): void {
    const { holder: td, isSliceOver } = cpu;
    const [next] = cpu.waiting;
    if (td === null || next === undefined) return;
    const gives = isSliceOver ? queueOf(next) <= queueOf(td) : this.takesSlot(next, td);
    if (!gives) return;
    this.pass(cpu, !isSliceOver);
    if (!isSliceOver || this.cpus.length === 1) return;
    td.hasEnded = true;
    cpu.arrived.push(td);
  }
}

function isAllowed({ cpus }: UserThread, cpu: number): boolean {
  return ((cpus >> BigInt(cpu)) & 1n) !== 0n;
}
