// What a host body was given and what it did then: enough to bring a fresh generator to where it is. Only
// machines with `snapshots` keep it.

import { SnapshotError } from "../snapshot/errors.js";
import type { Body, BodyFunction, CallArgument } from "./calls.js";
import { KernelCall, resultHigh } from "./calls.js";

/** What came of a step: a call, or one of these. */
const THREW = -1;
const ENDED = -2;

/** Words of an entry: the result's two words, a fingerprint of what the body did, how often in a row. */
const LOW = 0;
const HIGH = 1;
const DID = 2;
const TIMES = 3;
const ENTRY_WORDS = 4;
const FIRST_ENTRIES = 4;

/** A body that has nothing left to do: that of a thread whose own one has failed. */
export const endedBody: Body = (function* (): Body {})();

/** A body that a step of another one has announced for a thread to come. */
interface Announced {
  readonly step: number;
  readonly cookie: number;
}

/** A log up to a step; the log itself may have gone on since. */
export interface LogMark {
  readonly log: BodyLog;
  readonly steps: number;
  readonly entries: number;
  /** How often the last entry counted. */
  readonly lastTimes: number;
  readonly isWide: boolean;
}

/** A log in a file. */
export interface LogJson {
  readonly words: readonly number[];
  readonly isWide: boolean;
  readonly announced: readonly Announced[];
}

/** The bodies that bodies have made while they were replayed, by the number that they were announced with. */
export type MadeBodies = Map<number, BodyFunction>;

/** The log of one body. Equal steps in a row are one entry. */
export class BodyLog {
  private words = new Int32Array(FIRST_ENTRIES * ENTRY_WORDS);
  private entries = 0;
  /** Steps so far. */
  private steps = 0;
  /** True if the next step gets the high word of a result, too. */
  private isWide = false;
  private announced: Announced[] = [];

  /** Adds a step: what the body was given, and what it did. */
  add(low: number, high: number, did: KernelCall<unknown>): void {
    this.addStep(low, high, fingerprint(did));
    this.isWide = did.isWide;
  }

  /** Adds a step in which the body has thrown. */
  addThrow(low: number, high: number): void {
    this.addStep(low, high, THREW);
    this.isWide = false;
  }

  private addStep(low: number, high: number, what: number): void {
    const second = this.isWide ? high : 0;
    this.steps++;
    const { words } = this;
    const last = (this.entries - 1) * ENTRY_WORDS;
    const isSame =
      last >= 0 &&
      words[last + LOW] === low &&
      words[last + HIGH] === second &&
      words[last + DID] === what;
    if (isSame) words[last + TIMES] = (words[last + TIMES] as number) + 1;
    else this.push(low, second, what);
  }

  private push(low: number, high: number, what: number): void {
    const at = this.entries * ENTRY_WORDS;
    if (at === this.words.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.words);
      this.words = larger;
    }
    this.words[at + LOW] = low;
    this.words[at + HIGH] = high;
    this.words[at + DID] = what;
    this.words[at + TIMES] = 1;
    this.entries++;
  }

  /** The last step has announced the body of a thread to come. */
  announce(cookie: number): void {
    this.announced.push({ step: this.steps, cookie });
  }

  /** The numbers of the bodies that it has announced. */
  get cookies(): number[] {
    return this.announced.map(({ cookie }) => cookie);
  }

  mark(): LogMark {
    const { steps, entries, isWide } = this;
    const lastTimes = entries === 0 ? 0 : (this.words[(entries - 1) * ENTRY_WORDS + TIMES] ?? 0);
    return { log: this, steps, entries, lastTimes, isWide };
  }

  /** True if nothing has been added since a mark of this log. */
  isAt(mark: LogMark): boolean {
    return mark.log === this && mark.steps === this.steps;
  }

  /** The log as it was at a mark, which goes on by itself. */
  static upTo({ log, steps, entries, lastTimes, isWide }: LogMark): BodyLog {
    const copy = new BodyLog();
    if (entries === 0) return copy;
    copy.words = log.words.slice(0, entries * ENTRY_WORDS);
    copy.words[(entries - 1) * ENTRY_WORDS + TIMES] = lastTimes;
    copy.entries = entries;
    copy.steps = steps;
    copy.isWide = isWide;
    copy.announced = log.announced.filter(({ step }) => step <= steps);
    return copy;
  }

  /**
   * Brings a fresh generator to where the logged one was.
   *
   * @param made gets the bodies that it makes for other threads
   * @throws SnapshotError when it does not do what that one did.
   */
  replay(thread: string, body: BodyFunction, arg: number, made: MadeBodies): Body {
    const fresh = this.lastDid === THREW ? firstOf(body, arg) : body(arg);
    const { words, announced } = this;
    let step = 0;
    let next = 0;
    for (let at = 0; at < this.entries * ENTRY_WORDS; at += ENTRY_WORDS) {
      const times = words[at + TIMES] as number;
      for (let i = 0; i < times; i++) {
        resultHigh.word = words[at + HIGH] as number;
        const call = stepOf(fresh, words[at + LOW] as number);
        step++;
        if (words[at + DID] === THREW) continue;
        if ((typeof call === "number" ? call : fingerprint(call)) !== words[at + DID]) {
          throw new SnapshotError(unfaithful(thread, step, call));
        }
        if (announced[next]?.step !== step || typeof call === "number") continue;
        for (const child of functionsOf(call)) {
          const { cookie } = announced[next++] as Announced;
          made.set(cookie, child);
        }
      }
    }
    return this.lastDid === THREW ? endedBody : fresh;
  }

  /** What the last step did. */
  private get lastDid(): number | undefined {
    return this.entries === 0 ? undefined : this.words[(this.entries - 1) * ENTRY_WORDS + DID];
  }

  encode(): LogJson {
    const words = [...this.words.subarray(0, this.entries * ENTRY_WORDS)];
    return { words, isWide: this.isWide, announced: this.announced };
  }

  static decode({ words, isWide, announced }: LogJson): BodyLog {
    const log = new BodyLog();
    if (words.length === 0) return log;
    log.words = Int32Array.from(words);
    log.entries = words.length / ENTRY_WORDS;
    for (let at = TIMES; at < words.length; at += ENTRY_WORDS) log.steps += words[at] ?? 0;
    log.isWide = isWide;
    log.announced = [...announced];
    return log;
  }
}

function stepOf(body: Body, low: number): KernelCall<unknown> | typeof THREW | typeof ENDED {
  try {
    const step = body.next(low);
    if (step.done) return ENDED;
    return step.value instanceof KernelCall ? step.value : THREW;
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
    return THREW;
  }
}

/** The generator of a body that has failed later, perhaps before it made one. */
function firstOf(body: BodyFunction, arg: number): Body {
  try {
    return body(arg);
  } catch {
    return endedBody;
  }
}

function functionsOf(call: KernelCall<unknown>): BodyFunction[] {
  return call.args.filter((arg) => typeof arg === "function");
}

function unfaithful(thread: string, step: number, did: KernelCall<unknown> | number): string {
  const what =
    did === THREW
      ? "threw"
      : did === ENDED
        ? "ended"
        : `made the call ${(did as KernelCall<unknown>).call}`;
  return (
    `the body of thread "${thread}" cannot be brought back: at its step ${step} it ${what}, which is not what it ` +
    "did before; what a body does may depend on its argument and the results of its calls only"
  );
}

/** A number for a call with its arguments, 0 or more: equal for equal ones, and different for most others. */
function fingerprint(call: KernelCall<unknown>): number {
  let hash = call.nr;
  for (const arg of call.args) hash = (Math.imul(hash, 0x01000193) ^ fingerprintOf(arg)) | 0;
  return (hash ^ (hash >>> 31)) & 0x7fff_ffff; // the lowest bit is all that tells some arguments apart
}

function fingerprintOf(arg: CallArgument): number {
  switch (typeof arg) {
    case "number":
      return arg | 0;
    case "bigint":
      return Number(BigInt.asIntN(32, arg ^ (arg >> 32n)));
    case "string": {
      let hash = arg.length;
      for (let i = 0; i < arg.length; i++) hash = Math.imul(hash, 31) + arg.charCodeAt(i);
      return hash | 0;
    }
    case "function":
      return 1;
    default:
      return arg.address;
  }
}
