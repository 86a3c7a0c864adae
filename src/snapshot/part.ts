// What a machine's snapshots are made of besides the kernel's memory.

/**
 * Something outside the kernel's memory that belongs to the state of a machine: what it keeps goes into
 * every snapshot, and comes back with it.
 */
export interface SnapshotPart<Saved = unknown, Resources = unknown> {
  /** Its name, one of a kind in a machine. */
  readonly name: string;
  /** What it has to be told again; nothing of it may change afterwards. Throws a SnapshotError if it cannot. */
  save(): Saved;
  /** Gets ready to go back to what was saved, as far as that may fail, and changes nothing. */
  prepare?(saved: Saved): void;
  /** Goes back to what was saved. */
  restore(saved: Saved): void;
  /** What was saved, as values for JSON; a snapshot with a part that lacks this stays in memory. */
  encode?(saved: Saved): unknown;
  /** What was saved, of what `encode` made. */
  decode?(json: unknown, resources: Resources): Saved;
}
