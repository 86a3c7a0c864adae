// The past of a machine: snapshots that are taken as it runs, and the way back to any moment between them.
//
// A machine is brought back to a moment by the nearest snapshot before it and a run from there. A run does
// not repeat what the host did between two runs (a call, a program loaded, a thread created), so that there
// is a snapshot, an anchor, behind everything that the host did: no way back leads across an anchor.

import { ConfigError } from "../core/errors.js";
import { SnapshotError } from "./errors.js";
import type { Snapshot } from "./snapshot.js";

/** How a machine's past is kept. */
export interface RecordOptions {
  /** Bytes that the snapshots may take together. Default 256 MiB. */
  readonly budget?: number;
  /**
   * Virtual time between two snapshots in cycles, to within some rounds; doubled whenever the budget is used
   * up. Default 20,000,000.
   */
  readonly every?: bigint | number;
}

/** A moment of a machine's past: a virtual time, or a number of switches, both since boot. */
export type Moment = { readonly cycles: bigint | number } | { readonly switches: number };

/** Where a machine is. */
export interface Position {
  /** The end of the round that it is in, or before, in cycles since boot. */
  readonly cycles: bigint;
  readonly switches: number;
  readonly rounds: bigint;
  /** True in the middle of a round. */
  readonly isInRound: boolean;
  /** The start of the round that it is in, in cycles. */
  readonly roundStart: bigint;
}

/** What a recording needs of its machine. */
export interface Recordable {
  position(): Position;
  take(): Snapshot;
  put(snapshot: Snapshot): void;
  /** Runs on from where it is, and records nothing. */
  runOn(to: { readonly until: bigint } | { readonly switches: number }): void;
}

interface Entry {
  readonly snapshot: Snapshot;
  readonly position: Position;
  /** True if the host did something just before. */
  readonly isAnchor: boolean;
}

const BUDGET_DEFAULT = 256 * 2 ** 20;
const EVERY_DEFAULT = 20_000_000n;

/** The past of a machine, from the moment at which {@link Machine.record} was called. */
export class Recording {
  private entries: Entry[] = [];
  private every: bigint;
  private readonly budget: number;
  private isTouched = true;
  private furthest: Position;

  /** @internal */
  constructor(
    private readonly machine: Recordable,
    { budget = BUDGET_DEFAULT, every = EVERY_DEFAULT }: RecordOptions,
  ) {
    if (!(budget > 0)) {
      throw new ConfigError(`budget is ${budget}; it must be a number of bytes above 0`);
    }
    if (!(every > 0)) {
      throw new ConfigError(`every is ${every}; it must be a number of cycles above 0`);
    }
    this.budget = budget;
    this.every = BigInt(typeof every === "number" ? Math.ceil(every) : every);
    this.furthest = machine.position();
    this.reset();
  }

  /** How many snapshots there are. */
  get count(): number {
    return this.entries.length;
  }

  /** Bytes that they take. */
  get size(): number {
    return this.entries.reduce((sum, { snapshot }) => sum + snapshot.size, 0);
  }

  /** The earliest moment that can be gone back to. */
  get oldest(): { readonly cycles: bigint; readonly switches: number } {
    const { position } = this.entries[0] as Entry;
    return { cycles: position.cycles, switches: position.switches };
  }

  /** Cycles between two snapshots, as it is by now. */
  get interval(): bigint {
    return this.every;
  }

  /** @internal The host has done something to the machine. */
  touch(): void {
    this.isTouched = true;
  }

  /** @internal The machine is another one now: its past begins here. */
  reset(): void {
    this.entries = [];
    this.isTouched = true;
    this.furthest = this.machine.position();
    this.beforeRun();
  }

  /** @internal Makes the present a part of the past before a run leaves it. */
  beforeRun(): void {
    const here = this.machine.position();
    const next = this.entries.findIndex(
      ({ position, isAnchor }) => isLater(position, here) && (isAnchor || this.isTouched),
    );
    if (next >= 0) {
      // What was to come is another machine's future.
      this.entries.length = next;
      this.furthest = here;
    }
    if (this.isTouched) this.add(here, true);
    this.isTouched = false;
  }

  /** @internal Takes a snapshot if it is time for one. */
  onRounds(): void {
    const here = this.machine.position();
    if (isLater(here, this.furthest)) this.furthest = here;
    const last = this.entries.at(-1);
    if (last === undefined || here.cycles >= last.position.cycles + this.every)
      this.add(here, false);
  }

  private add(position: Position, isAnchor: boolean): void {
    this.entries.push({ snapshot: this.machine.take(), position, isAnchor });
    while (this.size > this.budget && this.entries.length > 1) this.thin();
  }

  /** Gives up every other snapshot that is no anchor; where all are, the oldest one. */
  private thin(): void {
    const { entries } = this;
    let isKept = false;
    const kept = entries.filter((entry, index) => {
      if (entry.isAnchor || index === entries.length - 1) return true;
      isKept = !isKept;
      return !isKept;
    });
    if (kept.length < entries.length) this.every *= 2n;
    else kept.shift();
    this.entries = kept;
  }

  /**
   * Goes back to a moment.
   *
   * @throws SnapshotError when it is before the oldest snapshot, or has not come yet.
   */
  rewind(moment: Moment): void {
    this.checkMoment(moment);
    const entry = this.entries.findLast(({ position, isAnchor }) =>
      "cycles" in moment
        ? isBefore(position, BigInt(moment.cycles))
        : position.switches < moment.switches ||
          (isAnchor && position.switches === moment.switches),
    );
    if (entry === undefined) throw new SnapshotError(this.tooEarly(moment));
    const here = this.machine.position();
    if (isLater(here, this.furthest)) this.furthest = here;
    const { machine } = this;
    machine.put(entry.snapshot);
    this.isTouched = false;
    if ("cycles" in moment) machine.runOn({ until: BigInt(moment.cycles) });
    else if (moment.switches > entry.position.switches) {
      machine.runOn({ switches: moment.switches - entry.position.switches });
    }
  }

  private checkMoment(moment: Moment): void {
    const value = "cycles" in moment ? moment.cycles : moment.switches;
    const unit = "cycles" in moment ? "cycles" : "switches";
    const isWhole = typeof value === "bigint" || Number.isSafeInteger(value);
    if (!isWhole || value < 0) {
      throw new ConfigError(`${unit} is ${value}; it must be a whole number, 0 or more`);
    }
    const here = this.machine.position();
    const last = isLater(here, this.furthest) ? here : this.furthest;
    if (value <= last[unit]) return;
    throw new SnapshotError(
      `the machine has not been at ${value} ${unit} yet, but at ${last[unit]}: run it to there`,
    );
  }

  private tooEarly(moment: Moment): string {
    const { cycles, switches } = this.oldest;
    const [asked, oldest] =
      "cycles" in moment
        ? [`${moment.cycles} cycles`, `${cycles} cycles`]
        : [`${moment.switches} switches`, `${switches} switches`];
    return `what is kept of the machine's past begins at ${oldest}, after ${asked}: record from earlier on, or with a larger budget`;
  }
}

/** True if a run until `cycles` leads to its end from a position. */
function isBefore(position: Position, cycles: bigint): boolean {
  return position.isInRound ? position.roundStart < cycles : position.cycles <= cycles;
}

function isLater(a: Position, b: Position): boolean {
  if (a.rounds !== b.rounds) return a.rounds > b.rounds;
  return a.switches !== b.switches ? a.switches > b.switches : a.cycles > b.cycles;
}
