/**
 * What the workload reader says when a file is wrong: one clear sentence with its place, and the
 * error that carries up to ten of them.
 */
import { shownFile } from "../core/file-system.js";
import { nearestName } from "../core/nearest.js";

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

/** The ` (did you mean "x"?)` part of a message, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === null ? "" : ` (did you mean ${quote(near)}?)`;
}
