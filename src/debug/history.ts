// The past of a machine that is debugged: snapshots at moments of its run, from which it runs again.
//
// A moment is a number of instructions (Engine.position). Running again from a snapshot repeats everything but
// what the user changed; so a change is followed by a snapshot, and what was to come before it is dropped.

import type { Snapshot } from "../snapshot/snapshot.js";
import type { Engine } from "./engine.js";

/** Bytes that the snapshots may take together. */
const BUDGET_DEFAULT = 256 * 2 ** 20;
/** Instructions between two snapshots, at first: about a second of interpretation. */
const INTERVAL_FIRST = 500_000_000;

/** A snapshot, and when it was taken. */
export interface Entry {
  readonly position: number;
  readonly snapshot: Snapshot;
  /** True if the user had changed something: a run from before it would not lead here. */
  readonly isAnchor: boolean;
}

/** Snapshots of a machine, oldest first. */
export class History {
  private entries: Entry[] = [];
  private interval = INTERVAL_FIRST;
  private isChanged = true;

  constructor(
    private readonly engine: Engine,
    private readonly budget: number = BUDGET_DEFAULT,
  ) {}

  /** Those from before a moment, newest first. */
  before(position: number): Entry[] {
    return this.entries.filter((entry) => entry.position < position).reverse();
  }

  /** The oldest one. */
  get first(): Entry | undefined {
    return this.entries[0];
  }

  /** The user changes memory or a register. */
  change(): void {
    this.isChanged = true;
  }

  /** Takes a snapshot if it is time for one. The engine must be disarmed. */
  look(): void {
    const { position, machine } = this.engine;
    if (this.isChanged) {
      this.entries = this.entries.filter((entry) => entry.position < position);
    } else {
      const last = this.entries.at(-1);
      if (last !== undefined && position < last.position + this.interval) return;
    }
    this.entries.push({ position, snapshot: machine.snapshot(), isAnchor: this.isChanged });
    this.isChanged = false;
    while (this.size > this.budget && this.entries.length > 2) this.thin();
  }

  private get size(): number {
    return this.entries.reduce((sum, { snapshot }) => sum + snapshot.size, 0);
  }

  /** Gives up every other snapshot that is no anchor; where all are, the oldest one. */
  private thin(): void {
    const last = this.entries.length - 1;
    const kept = this.entries.filter(
      ({ isAnchor }, index) => isAnchor || index % 2 === 0 || index === last,
    );
    if (kept.length < this.entries.length) this.interval *= 2;
    else kept.shift();
    this.entries = kept;
  }
}
