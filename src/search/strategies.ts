// How a search chooses: each strategy sets the kernel up for a schedule, which then makes the choices.

import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";

const { Search: S, SearchBy, SearchDecision: D } = Layout;

/** What of a kernel's memory belongs to its search. */
export class SearchState {
  /** Where the structure is. */
  private readonly at: number;

  constructor(readonly kernel: Kernel) {
    this.at = kernel.machine("search_base");
  }

  /** The field at an offset, which is one of {@link Layout.Search}'s: looking a name up takes longer than a step. */
  get(field: number): number {
    return this.kernel.read(this.at + field);
  }

  set(field: number, value: number): void {
    this.kernel.u32[(this.at + field) >>> 2] = value;
  }

  /** The choices of the schedule so far. */
  get tape(): number[] {
    const base = this.get(S.s_tape);
    return Array.from({ length: this.get(S.s_decisions) }, (_, i) =>
      this.kernel.read(base + i * D.size + D.sd_choice),
    );
  }

  set tape(choices: readonly number[]) {
    const base = this.get(S.s_tape);
    for (const [i, choice] of choices.entries()) {
      this.kernel.u32[(base + i * D.size + D.sd_choice) >>> 2] = choice;
    }
  }
}

/** Makes the choices of a search, in the kernel (assembly/run/search_choose.ts). */
export interface Strategy {
  /** The schedule with this number, from 0 on, begins. */
  begin(search: SearchState, schedule: number): void;
  /** It has ended; false if it was the last one that there is. */
  end(search: SearchState): boolean;
}

/** The tape of a kernel has room for so many decisions. */
const DECISIONS_MAX = Layout.SEARCH_DECISIONS_MAX;

/** Random numbers (mulberry32): a schedule's depend on the seed and the schedule's number alone. */
class Random {
  /** The kernel's random choices go on from here. */
  state: number;

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
  constructor(private readonly seed: number) {}

  begin({ kernel }: SearchState, schedule: number): void {
    kernel.exports.search_begin(SearchBy.RANDOM, 0, new Random(this.seed, schedule).state);
  }

  end(): boolean {
    return true;
  }
}

/** Schedules of a PCT search by which it measures how long they are. */
export const MEASURED = 32;
/** Orderings that a bug of a PCT search may need at most. */
export const DEPTH_MAX = Layout.SEARCH_CHANGES_MAX;

/**
 * Probabilistic concurrency testing: threads have random priorities, the best one runs, and at `depth` - 1
 * random decisions it becomes the worst. A bug that needs `depth` orderings among n threads and k decisions
 * is found by a schedule with a probability of at least 1 / (n k^(depth - 1)).
 */
export class PctStrategy implements Strategy {
  /** Most decisions of the first schedules: the measure of the others. */
  length = 0;
  private schedule = 0;

  constructor(
    private readonly seed: number,
    private readonly depth: number,
  ) {}

  begin(search: SearchState, schedule: number): void {
    this.schedule = schedule;
    const random = new Random(this.seed, schedule);
    const changes = this.length === 0 ? 0 : this.depth - 1;
    const at = search.get(S.s_changes) >>> 2;
    for (let i = 0; i < changes; i++) search.kernel.u32[at + i] = random.below(this.length);
    search.set(S.s_changes_count, changes);
    search.kernel.exports.search_begin(SearchBy.PCT, 0, random.state);
  }

  end(search: SearchState): boolean {
    if (this.schedule < MEASURED) this.length = Math.max(this.length, search.get(S.s_decisions));
    return true;
  }
}

/** All schedules, depth first: those that begin with `prefix`. Nobody else may use the kernel's tape meanwhile. */
export class ExhaustiveStrategy implements Strategy {
  private hasBegun = false;

  /** Behind `depth` decisions, only the first possibility is tried. */
  constructor(
    private readonly prefix: readonly number[] = [],
    private readonly depth: number = DECISIONS_MAX,
  ) {}

  begin(search: SearchState): void {
    if (!this.hasBegun) {
      this.hasBegun = true;
      search.tape = this.prefix;
      search.set(S.s_prefix, this.prefix.length);
    }
    search.kernel.exports.search_begin(SearchBy.FIRST, search.get(S.s_prefix), 0);
  }

  end({ kernel }: SearchState): boolean {
    return kernel.exports.search_backtrack(this.prefix.length, this.depth) !== 0;
  }
}

/** One schedule again. Behind the end of the tape the thread that runs goes on. */
export class ReplayStrategy implements Strategy {
  constructor(private readonly choices: readonly number[]) {}

  begin(search: SearchState): void {
    const choices = this.choices.slice(0, DECISIONS_MAX);
    search.tape = choices;
    search.kernel.exports.search_begin(SearchBy.FIRST, choices.length, 0);
  }

  end(): boolean {
    return false;
  }
}
