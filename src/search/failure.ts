// How a schedule can fail.

/** What can go wrong in a schedule. */
export type FailureKind =
  | "deadlock"
  | "assertion"
  | "panic"
  | "fault"
  | "lost-wakeup"
  | "livelock"
  | "race";

/** Ends a schedule. */
export class Failed extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}

/** What an error says. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
