/**
 * What the workload reader says when a file is wrong: one clear sentence with its place, and the
 * error that carries up to ten of them.
 */
import { shownFile } from "../core/file-system.js";

/** A place in a text; both numbers count from 1, columns in UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The place of a problem that concerns the file as a whole (missing, too large, not text). */
export const WHOLE_FILE: Position = Object.freeze({ line: 0, column: 0 });

/** One thing that is wrong with a workload file. */
export interface WorkloadProblem extends Position {
  readonly fileName: string;
  /** The key that the problem is about, or null when it concerns no key. */
  readonly key: string | null;
  /** The sentence, without the place. */
  readonly message: string;
}

/** After this many problems the reader stops: more would bury the first. */
export const PROBLEMS_MAX = 10;

const QUOTE_LENGTH_MAX = 40;
const SUGGESTION_LENGTH_MAX = 40;
/** Of how many names the nearest is looked for: a file can have very many tasks. */
const SUGGESTIONS_MAX = 1000;
/** Control characters and line separators that JSON leaves as they are. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029]/g;

/** Quotes a text of the user's for a message: escaped, so one line, and of bounded length. */
export function quote(text: string): string {
  const short = text.length > QUOTE_LENGTH_MAX ? `${text.slice(0, QUOTE_LENGTH_MAX)}...` : text;
  return JSON.stringify(short).replace(UNPRINTABLE, "\ufffd");
}

/** Renders a problem as `file:line:column: sentence`, or `file: sentence` for the whole file. */
export function formatProblem(problem: WorkloadProblem): string {
  const place = problem.line > 0 ? `:${problem.line}:${problem.column}` : "";
  return `${shownFile(problem.fileName)}${place}: ${problem.message}`;
}

/**
 * The only error that the workload reader throws. Its own fields are those of the first problem;
 * `errors` has all that were found, at most `PROBLEMS_MAX`.
 */
export class WorkloadError extends Error {
  readonly fileName: string;
  readonly line: number;
  readonly column: number;
  readonly key: string | null;
  readonly errors: readonly WorkloadProblem[];

  /**
   * @param first the problem that the message shows
   * @param others those found after it
   */
  constructor(first: WorkloadProblem, others: readonly WorkloadProblem[] = []) {
    super(formatProblem(first) + countOthers(others.length));
    this.name = "WorkloadError";
    this.fileName = first.fileName;
    this.line = first.line;
    this.column = first.column;
    this.key = first.key;
    this.errors = Object.freeze([first, ...others]);
  }
}

function countOthers(count: number): string {
  if (count === 0) {
    return "";
  }
  const atLeast = count + 1 >= PROBLEMS_MAX ? "at least " : "";
  return ` (and ${atLeast}${count} more ${count === 1 ? "error" : "errors"})`;
}

/**
 * The known name that a mistyped one most likely stands for.
 * @returns null when nothing is near enough to be worth a guess
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > SUGGESTION_LENGTH_MAX) {
    return null;
  }
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known.slice(0, SUGGESTIONS_MAX)) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The ` (did you mean "x"?)` part of a message, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === null ? "" : ` (did you mean ${quote(near)}?)`;
}
