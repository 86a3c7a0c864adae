/** A snapshot cannot be taken, put back, read or written: the message says why. Nothing has changed then. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}
