// What 4bsd and ule remember of a thread, as plain rules: written from what sched_4bsd.c and sched_ule.c do,
// and not from the kernel's code. Times are ticks of 127 per second (4bsd) and milliseconds (ule).

/** What a thread has: the fields of both schedulers. */
export interface Account {
  policy: number;
  nice: number;
  priority: number;
  /** Ticks left of a slice, 0 for a whole one (4bsd), or used of it (ule). */
  slice: number;
  /** 4bsd: use of CPUs; seconds at whose ends it slept, and whether it has run since the last of them. */
  estcpu: number;
  slept: number;
  didRun: boolean;
  /** ule: when it went to sleep, 0 when it did not; run and sleep times, << 10. */
  slptick: number;
  runtime: number;
  slptime: number;
  /** ule: its use of CPUs within ten seconds, << 10, counted from `ftick` to `ltick`. */
  ticks: number;
  ltick: number;
  ftick: number;
}

const OTHER = 0;
const BATCH = 3;
const MIN_TIMESHARE = 88;
const MAX_TIMESHARE = 223;

export const isTimeshare = ({ policy }: Account) => policy === OTHER || policy === BATCH;

/** What a machine's scheduler is set to. */
export interface Settings {
  readonly cpus: number;
  readonly runQueues: 64 | 256;
  /** Ticks of a whole slice. */
  readonly slice: number;
  /** ule: kern.sched.interact. */
  readonly interact: number;
}

/** 4BSD. */
export class Bsd4Rules {
  /** Load average of a minute, in 2048ths. */
  load = 0;
  private seconds = 0;
  private readonly weight: number;
  private readonly limit: number;

  constructor(private readonly settings: Settings) {
    this.weight = 8 * settings.cpus;
    const perQueue = settings.runQueues === 64 ? 4 : 1;
    this.limit = this.weight * (40 - perQueue) + this.weight - 1;
  }

  /** Goes on from a load average, and seconds since it was last worked out. */
  begin(load: number, seconds: number): void {
    this.load = load;
    this.seconds = seconds;
  }

  /** Runs for a tick; true when its slice is over. */
  tick(td: Account): boolean {
    td.estcpu = Math.min(td.estcpu + 1, this.limit);
    if (td.estcpu % this.weight === 0) this.prioritize(td);
    if (td.slice === 0) td.slice = this.settings.slice;
    td.slice--;
    return td.slice === 0;
  }

  prioritize(td: Account): void {
    if (!isTimeshare(td)) return;
    const pri = MIN_TIMESHARE + Math.floor(td.estcpu / this.weight) + td.nice + 20;
    td.priority = Math.min(pri, MAX_TIMESHARE);
  }

  private decayed(estcpu: number): number {
    const factor = 2 * this.load;
    return Math.floor((factor * estcpu) / (factor + 2048));
  }

  /** A second is over, with so many threads that run or could. */
  second(running: number): void {
    this.seconds++;
    if (this.seconds % 5 !== 0) return;
    const decay = Math.floor(Math.exp(-1 / 12) * 2048);
    this.load = Math.floor((decay * this.load + running * 2048 * (2048 - decay)) / 2048);
  }

  /**
   * schedcpu for a thread. At the end of the second in which it went to sleep it counts as awake, since it ran;
   * the next one makes its use decay once more, and then no more until it wakes.
   */
  secondOf(td: Account, isAwake: boolean): void {
    if (isAwake || td.didRun) this.catchUp(td);
    else td.slept++;
    td.didRun = false;
    if (td.slept > 1) return;
    td.estcpu = this.decayed(td.estcpu);
    this.prioritize(td);
  }

  /** What its use would have decayed to while it slept. */
  private catchUp(td: Account): void {
    const { slept } = td;
    td.slept = 0;
    if (slept <= 1) return;
    if (slept > 5 * 2 * this.load) td.estcpu = 0;
    for (let i = slept - 2; i > 0; i--) td.estcpu = this.decayed(td.estcpu);
    this.prioritize(td);
  }

  sleep(td: Account): void {
    td.slept = 0;
    td.didRun = true;
  }

  wake(td: Account): void {
    td.slice = 0;
    this.catchUp(td);
  }

  /** Makes a thread, which gets one tick before its equals have their turns. */
  fork(maker: Account): Account {
    return { ...maker, slice: 1, slept: 0, didRun: true };
  }

  exit(heir: Account, td: Account): void {
    heir.estcpu = Math.min(heir.estcpu + td.estcpu, this.limit);
  }
}

const HZ = 1000;
const RUN_MAX = (5 * HZ) << 10;
const RUN_FORK = (HZ / 2) << 10;
const WINDOW = 10 * HZ;
const INTERACTIVE = 48;
const MIN_BATCH = MIN_TIMESHARE + INTERACTIVE;
const BATCH_STEPS = MAX_TIMESHARE - MIN_BATCH + 1 - 40;

/** ULE. */
export class UleRules {
  constructor(private readonly settings: Settings) {}

  /** sched_interact_update. */
  private decay(td: Account): void {
    const sum = td.runtime + td.slptime;
    const scale = (f: (time: number) => number) => {
      td.runtime = f(td.runtime);
      td.slptime = f(td.slptime);
    };
    if (sum < RUN_MAX) return;
    if (sum > 2 * RUN_MAX) {
      const ran = td.runtime > td.slptime;
      td.runtime = ran ? RUN_MAX : 1;
      td.slptime = ran ? 1 : RUN_MAX;
    } else if (sum > Math.floor(RUN_MAX / 5) * 6) scale((time) => Math.floor(time / 2));
    else scale((time) => Math.floor(time / 5) * 4);
  }

  /** sched_interact_score. */
  score({ runtime, slptime }: Account): number {
    if (this.settings.interact <= 50 && runtime >= slptime) return 50;
    if (runtime > slptime) return 100 - Math.floor(slptime / Math.max(1, Math.floor(runtime / 50)));
    if (slptime > runtime) return Math.floor(runtime / Math.max(1, Math.floor(slptime / 50)));
    return runtime > 0 ? 50 : 0;
  }

  /** sched_priority. */
  prioritize(td: Account): void {
    if (!isTimeshare(td)) return;
    const score = Math.max(0, this.score(td) + td.nice);
    if (score < this.settings.interact && td.policy !== BATCH) {
      td.priority = MIN_TIMESHARE + Math.floor((INTERACTIVE * score) / this.settings.interact);
      return;
    }
    const total = Math.max(td.ltick - td.ftick, HZ);
    const used = Math.floor(Math.floor(td.ticks / 1024) / Math.ceil(total / BATCH_STEPS));
    td.priority = MIN_BATCH + 20 + Math.min(used, BATCH_STEPS - 1) + td.nice;
  }

  /** sched_pctcpu_update. */
  account(td: Account, now: number, runs: boolean): void {
    if (now - td.ltick >= WINDOW) {
      td.ticks = 0;
      td.ftick = now - WINDOW;
    } else if (now - td.ftick >= WINDOW + HZ) {
      td.ticks = Math.floor(td.ticks / (td.ltick - td.ftick)) * (td.ltick - (now - WINDOW));
      td.ftick = now - WINDOW;
    }
    if (runs) td.ticks += (now - td.ltick) << 10;
    td.ltick = now;
  }

  /** Runs for a tick, one of `others` + 1 threads of its CPU; true when its slice is over. */
  tick(td: Account, now: number, others: number): boolean {
    this.account(td, now, true);
    if (isTimeshare(td)) {
      td.runtime += Math.floor((HZ << 10) / 127);
      this.decay(td);
      this.prioritize(td);
    }
    td.slice++;
    if (td.slice < this.sliceOf(others)) return false;
    td.slice = 0;
    return true;
  }

  /** tdq_slice, of a CPU with so many other threads. */
  sliceOf(others: number): number {
    const { slice } = this.settings;
    const least = Math.max(1, Math.floor(slice / 6));
    if (others >= 6) return least;
    return others <= 1 ? slice : Math.max(1, Math.floor(slice / others));
  }

  sleep(td: Account, now: number): void {
    this.account(td, now, true);
    td.slptick = now;
  }

  wake(td: Account, now: number): void {
    td.slice = 0;
    const since = td.slptick;
    td.slptick = 0;
    if (since !== 0 && since < now) {
      td.slptime += Math.min(now - since, 2 * 5 * HZ) << 10;
      this.decay(td);
      this.account(td, now, false);
    }
    this.prioritize(td);
  }

  /** Makes a thread of the same process: it has its maker's times, and little of its first slice left. */
  fork(maker: Account, others: number): Account {
    const used = this.sliceOf(others) - Math.max(1, Math.floor(this.settings.slice / 6));
    return { ...maker, slice: used, slptick: 0 };
  }

  /** What a new process has of its maker's times, and what the maker pays. */
  forkProcess(maker: Account, child: Account, now: number): void {
    this.account(maker, now, true);
    Object.assign(child, { ticks: maker.ticks, ltick: maker.ltick, ftick: maker.ftick });
    const ratio = Math.floor((child.runtime + child.slptime) / RUN_FORK);
    if (child.runtime + child.slptime > RUN_FORK) {
      child.runtime = Math.floor(child.runtime / ratio);
      child.slptime = Math.floor(child.slptime / ratio);
    }
    maker.runtime += Math.floor((HZ << 10) / 127);
    this.decay(maker);
  }

  exit(heir: Account, td: Account): void {
    heir.runtime += td.runtime;
    this.decay(heir);
  }
}
