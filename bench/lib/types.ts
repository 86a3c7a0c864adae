// What a benchmark is: one question, asked of our machine and of its peers in the same words.

/** One case of a question. The peers get every entry as an argument `name=value`. */
export type Params = Readonly<Record<string, string | number>>;

/**
 * What one round measured, by the measure's name. A contestant may leave a measure out. Where there is a
 * "checksum", all who take part must have the same: it is the result of the work that they say they do.
 */
export type Values = Readonly<Record<string, number>>;

/** Does one round of about `ops` operations (1 where a round is a fixed amount of work). */
export type RoundFn = (ops: number) => Values | Promise<Values>;

/** One number that a round yields. */
export interface Measure {
  /** The key in a round's values; "value" when the question has only this one. */
  readonly name: string;
  readonly unit: string;
  /** Which way is good. Default: lower. */
  readonly better?: "lower" | "higher";
}

/** One question. Each file in bench/ exports one. */
export interface Benchmark {
  readonly name: string;
  /** The question in a few words, for the table's head. */
  readonly title: string;
  readonly measures: readonly Measure[];
  readonly cases: readonly Params[];
  /** Asks for one more line for each measure, the geometric mean of all cases, under this name. */
  readonly mean?: Params;
  /**
   * The least number of operations that makes a sensible round; the runner raises it until a round
   * takes long enough to be timed well. Absent: a round is a fixed amount of work.
   */
  readonly leastOps?: (params: Params) => number;
  /** How many cores everybody gets. Default: one. */
  readonly cores?: (params: Params) => number;
  /** True when the cases form a curve: their bars then have one scale. */
  readonly curve?: boolean;
  /** True when every round needs a process of its own, for its memory or its first touch of it. */
  readonly isolated?: boolean;
  /** Sets our machine up for a case and returns what does one round. Runs in a pinned process. */
  readonly ours?: (params: Params) => Promise<RoundFn>;
  /** Our machine with other settings, in the same rounds and in every run, by the name that the results show. */
  readonly beside?: Readonly<Record<string, Peer>>;
  /** The others, by the name that the results show. */
  readonly peers: Readonly<Record<string, Peer>>;
}

/** How to start a process. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that does the same work as our machine. */
export interface Peer {
  /** Why it cannot take part here at all, in a few words, or undefined. */
  readonly missing: () => string | undefined;
  /** Why it sits out one case, in a few words, or undefined. */
  readonly sitsOut?: (params: Params) => string | undefined;
  /** Compiles what is not up to date. */
  readonly build: (workshop: Workshop) => Promise<void>;
  readonly command: (workshop: Workshop, params: Params, cores: number) => Command;
}

/** Where the peers' sources are and where their programs go. */
export interface Workshop {
  readonly sources: string;
  readonly output: string;
}

/** One line of results. */
export interface Result {
  readonly name: string;
  readonly params: Params;
  readonly who: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** The entry of a case's params that asks for our machine with other settings. */
export const VARIANT = "variant";

/** The name under which our own machine appears in the results. */
export const OURS = "kthread-machine";
