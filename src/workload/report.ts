/** Collects what one reading of a workload file has to say: problems, ignored keys and notes. */
import {
  type Position,
  PROBLEMS_MAX,
  quote,
  WorkloadError,
  type WorkloadProblem,
} from "./diagnostics.js";

/** After this many notes on single places, only their number is kept. */
const NOTES_MAX = 20;

export class Report {
  #unsaid = 0;
  readonly #fileName: string;
  readonly #problems: WorkloadProblem[] = [];
  readonly #ignored = new Map<string, Set<string>>();
  readonly #notes: string[] = [];

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  /**
   * Records a problem; reading goes on, to find more.
   * @throws WorkloadError when this is one problem too many
   */
  error(at: Position, key: string | null, message: string): void {
    const { line, column } = at;
    this.#problems.push({ fileName: this.#fileName, line, column, key, message });
    if (this.#problems.length >= PROBLEMS_MAX) {
      this.throwIfAny();
    }
  }

  /** Records a key that has no counterpart here; each is named once however often it occurs. */
  ignore(place: string, key: string): void {
    const keys = this.#ignored.get(place) ?? new Set();
    this.#ignored.set(place, keys.add(key));
  }

  /** Records something odd that is no error. */
  note(at: Position, sentence: string): void {
    if (this.#notes.length < NOTES_MAX) {
      this.#notes.push(`line ${at.line}: ${sentence}`);
    } else {
      this.#unsaid += 1;
    }
  }

  /** All notes, the ignored keys of one kind of object in one sentence. */
  notes(): string[] {
    const ignored = [...this.#ignored].map(([place, keys]) => {
      const list = [...keys].map(quote).join(", ");
      return `ignored in ${place}, without a counterpart in this machine: ${list}`;
    });
    const rest = this.#unsaid === 0 ? [] : [`${this.#unsaid} more notes of these kinds`];
    return [...ignored, ...this.#notes, ...rest];
  }

  /** @throws WorkloadError with the problems in the order of the text, if there are any */
  throwIfAny(): void {
    const [first, ...others] = this.#problems.sort(
      (a, b) => a.line - b.line || a.column - b.column,
    );
    if (first !== undefined) {
      throw new WorkloadError(first, others);
    }
  }
}
