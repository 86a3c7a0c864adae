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

/** Errors of the language itself: mistakes of the test, of which the message alone does not say where they are. */
const MISTAKES = ["ReferenceError", "TypeError", "RangeError", "SyntaxError"];
/** File, without its folder so that the text is the same everywhere, and line of a frame of a stack. */
const FRAME = /([^/\\\s()]+:\d+):\d+\)?$/;

/** What an error says, and for a mistake where it is. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = MISTAKES.includes(error.name) ? placeOf(error.stack ?? "") : null;
  return place === null ? error.message : `${error.message} (${place})`;
}

/** The innermost frame of a stack. */
function placeOf(stack: string): string | null {
  for (const line of stack.split("\n")) {
    const place = FRAME.exec(line)?.[1];
    if (place !== undefined && /^\s+at /.test(line)) return place;
  }
  return null;
}
