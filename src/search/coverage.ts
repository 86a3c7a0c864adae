// How much of all schedules a search has seen: how many of the random ones were different, how far an
// exhaustive search has come, whether its bound left anything out, and what PCT promises.

import * as Layout from "../generated/layout.js";
import { MEASURED, type SearchState } from "./strategies.js";

const { Search: S, SearchDecision: D } = Layout;

/** Schedules that are told apart at most; 8 bytes each, twice. */
const DIFFERENT_MAX = 1 << 22;
const SLOTS_MIN = 1 << 12;
/** Digests are below 2^53: divided by this, they fit a word. */
const DIGEST_LOW = 2 ** 22;

/** What a part of a search has seen, as plain data. */
export interface Seen {
  /** Most threads of a schedule, and how many kinds of events a decision may choose beside them. */
  readonly threads: number;
  readonly events: number;
  /** Most decisions of the first schedules, among which those of PCT are that change priorities. */
  readonly decisions: number;
  /** Of random schedules: one number for each that is different from the others. */
  readonly digests: Iterable<number>;
  /** True if schedules with more preemptions were left out. */
  readonly isCut: boolean;
  /** Of an exhaustive search that has been stopped: the part of all, each choice weighing the same; null if unknown. */
  readonly share: number | null;
}

/** What a search has seen. */
export interface Coverage extends Omit<Seen, "digests"> {
  /** Random schedules that were different; null if there were too many to be told apart. */
  readonly different: number | null;
}

/** A set of numbers above 0. */
class Digests {
  private slots = new Float64Array(SLOTS_MIN);
  size = 0;

  add(digest: number): void {
    if (this.size === DIFFERENT_MAX) return;
    const at = this.find(digest);
    if (this.slots[at] === digest) return;
    this.slots[at] = digest;
    this.size++;
    if (2 * this.size > this.slots.length) this.grow();
  }

  get values(): Float64Array {
    return this.slots.filter((digest) => digest !== 0);
  }

  /** Where a number is, or has its place. */
  private find(digest: number): number {
    const { slots } = this;
    const last = slots.length - 1; // of a power of 2
    let at = ((digest / DIGEST_LOW) | 0) & last;
    while (slots[at] !== 0 && slots[at] !== digest) at = (at + 1) & last;
    return at;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Float64Array(2 * old.length);
    for (const digest of old) if (digest !== 0) this.slots[this.find(digest)] = digest;
  }
}

/** Looks at schedules that have been performed, and puts together what others have seen. */
export class Survey {
  private readonly different = new Digests();
  private threads = 0;
  private events = 0;
  private decisions = 0;
  private isCut = false;
  private share: number | null = null;

  /** The first schedule is about to begin. */
  begin(state: SearchState): void {
    state.set(S.s_cut, 0);
  }

  /** Schedule `number` is over; `isRandom` if the same one may come again. */
  note(state: SearchState, number: number, isRandom: boolean): void {
    this.threads = Math.max(this.threads, state.get(S.s_begun));
    this.events = eventsOf(state);
    if (number < MEASURED) this.decisions = Math.max(this.decisions, state.get(S.s_decisions));
    this.isCut ||= state.get(S.s_cut) !== 0;
    if (isRandom) this.different.add(state.kernel.exports.search_digest());
  }

  /** An exhaustive search ends before its end: the tape is the next schedule's. */
  stop(state: SearchState): void {
    this.share = shareBefore(state, state.get(S.s_prefix));
  }

  /** Puts what another one has seen to it, which comes next. The first that was stopped says how far all have come. */
  add({ threads, events, decisions, digests, isCut, share }: Seen): void {
    this.share ??= share;
    this.threads = Math.max(this.threads, threads);
    this.events = Math.max(this.events, events);
    this.decisions = Math.max(this.decisions, decisions);
    this.isCut ||= isCut;
    for (const digest of digests) this.different.add(digest);
  }

  get seen(): Seen {
    const { threads, events, decisions, isCut, share } = this;
    return { threads, events, decisions, isCut, share, digests: this.different.values };
  }

  get coverage(): Coverage {
    const { threads, events, decisions, isCut, share } = this;
    const { size } = this.different;
    const different = size < DIFFERENT_MAX ? size : null;
    return { threads, events, decisions, isCut, share, different };
  }
}

/**
 * The part of all schedules that comes before those with the first `length` choices of the tape in depth-first
 * order.
 */
export function shareBefore(state: SearchState, length: number): number {
  const { kernel } = state;
  let share = 0;
  let weight = 1;
  for (let i = 0; i < length; i++) {
    const at = state.get(S.s_tape) + i * D.size;
    const skip = kernel.view.getBigUint64(at + D.sd_skip, true);
    const choice = kernel.read(at + D.sd_choice);
    const isTried = (option: number) => option >= 64 || ((skip >> BigInt(option)) & 1n) === 0n;
    let before = 0;
    let all = 0;
    for (let option = 0; option < kernel.read(at + D.sd_count); option++) {
      if (!isTried(option)) continue;
      all++;
      if (option < choice) before++;
    }
    if (all === 0) continue;
    share += (weight * before) / all;
    weight /= all;
  }
  return share;
}

/** Kinds of events that have priorities of their own as threads have: time, and messages for each CPU. */
function eventsOf(state: SearchState): number {
  const choices = state.get(S.s_choices);
  const cpus = state.kernel.machine("ncpus");
  const times = (choices & Layout.SEARCH_TIMEOUTS) !== 0 ? 1 : 0;
  return (choices & Layout.SEARCH_DELIVERY) !== 0 && cpus > 1 ? times + cpus : times;
}

/**
 * What PCT promises of each schedule behind the first {@link MEASURED}: the least probability with which it shows a
 * failure that takes `depth` orderings (S. Burckhardt and others, "A randomized scheduler with probabilistic
 * guarantees of finding bugs").
 */
export function pctChance(
  { threads, events, decisions }: Pick<Coverage, "threads" | "events" | "decisions">,
  depth: number,
): number {
  return 1 / (Math.max(threads + events, 1) * Math.max(decisions, 1) ** (depth - 1));
}
