// How a search chooses: each strategy is asked wherever a schedule can go on in more than one way.

/** A decision: `count` possibilities, of which 0 goes on with the thread that ran if `isThreads`. */
export interface Decision {
  readonly count: number;
  /** The threads that can go next, by number; null: a choice of the test itself. */
  readonly threads: readonly number[] | null;
}

/** Makes the choices of a search. */
export interface Strategy {
  /** The schedule with this number, from 0 on, begins. */
  begin(schedule: number): void;
  choose(decision: Decision): number;
  /** A schedule of so many decisions has ended; false if it was the last one that there is. */
  end(decisions: number): boolean;
}

/** Random numbers (mulberry32): a schedule's depend on the seed and the schedule's number alone. */
class Random {
  private state: number;

  constructor(seed: number, schedule: number) {
    this.state =
      (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(schedule + 1, 0xc2b2ae35)) | 0;
    for (let i = 0; i < 3; i++) this.below(2);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let z = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * count);
  }
}

/** Each possibility as likely as the others. */
export class RandomStrategy implements Strategy {
  private random: Random;

  constructor(private readonly seed: number) {
    this.random = new Random(seed, 0);
  }

  begin(schedule: number): void {
    this.random = new Random(this.seed, schedule);
  }

  choose({ count }: Decision): number {
    return this.random.below(count);
  }

  end(): boolean {
    return true;
  }
}

/**
 * Probabilistic concurrency testing: threads have random priorities, the best one runs, and at `depth` - 1
 * random decisions it becomes the worst. A bug that needs `depth` orderings among n threads and k decisions
 * is found by a schedule with a probability of at least 1 / (n k^(depth - 1)).
 */
export class PctStrategy implements Strategy {
  private random: Random;
  private readonly priorities = new Map<number, number>();
  private changes = new Set<number>();
  private decision = 0;
  private lowest = 0;
  /** Decisions of the first schedule: it is the measure of the others. */
  private length = 0;
  private threads = 1;

  constructor(
    private readonly seed: number,
    private readonly depth: number,
  ) {
    this.random = new Random(seed, 0);
  }

  begin(schedule: number): void {
    this.random = new Random(this.seed, schedule);
    this.priorities.clear();
    this.decision = 0;
    this.lowest = 0;
    this.changes = new Set();
    for (let i = 1; i < this.depth && this.length > 0; i++) {
      this.changes.add(this.random.below(this.length));
    }
  }

  choose({ count, threads }: Decision): number {
    const at = this.decision++;
    if (threads === null) return this.random.below(count);
    if (this.changes.has(at)) this.priorities.set(this.best(threads), --this.lowest);
    return threads.indexOf(this.best(threads));
  }

  private best(threads: readonly number[]): number {
    let best = threads[0] as number;
    for (const thread of threads) {
      if (this.priorityOf(thread) > this.priorityOf(best)) best = thread;
    }
    return best;
  }

  private priorityOf(thread: number): number {
    let priority = this.priorities.get(thread);
    if (priority === undefined) {
      priority = 1 + this.random.below(2 ** 30);
      this.priorities.set(thread, priority);
    }
    return priority;
  }

  end(decisions: number): boolean {
    if (this.length === 0) this.length = Math.max(1, decisions);
    this.threads = Math.max(this.threads, this.priorities.size);
    return true;
  }

  /** The least probability with which a schedule finds a bug of this depth. */
  get bound(): number {
    return 1 / (this.threads * Math.max(1, this.length) ** (this.depth - 1));
  }
}

/** All schedules, depth first. */
export class ExhaustiveStrategy implements Strategy {
  private readonly choices: number[] = [];
  private readonly counts: number[] = [];
  private at = 0;

  begin(_schedule?: number): void {
    this.at = 0;
  }

  choose({ count }: Decision): number {
    const at = this.at++;
    if (at === this.choices.length) {
      this.choices.push(0);
      this.counts.push(count);
    }
    return this.choices[at] as number;
  }

  end(_decisions?: number): boolean {
    while (this.choices.length > 0) {
      const last = this.choices.length - 1;
      const next = (this.choices[last] as number) + 1;
      if (next < (this.counts[last] as number)) {
        this.choices[last] = next;
        return true;
      }
      this.choices.pop();
      this.counts.pop();
    }
    return false;
  }
}

/** One schedule again. Behind the end of the tape the thread that runs goes on. */
export class ReplayStrategy implements Strategy {
  private at = 0;

  constructor(private readonly tape: readonly number[]) {}

  begin(_schedule?: number): void {
    this.at = 0;
  }

  choose({ count }: Decision): number {
    const choice = this.tape[this.at++] ?? 0;
    return choice < count ? choice : 0;
  }

  end(): boolean {
    return false;
  }
}
