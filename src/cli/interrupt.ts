// Signals that end a run early but in good order, and pieces of a run that are short enough to hear them.

import { setImmediate } from "node:timers/promises";
import { ExitCode } from "./exit.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const exitCodes: Readonly<Record<(typeof SIGNALS)[number], number>> = {
  SIGINT: ExitCode.INTERRUPTED,
  SIGTERM: ExitCode.TERMINATED,
  SIGHUP: ExitCode.HUNG_UP,
};

/** Whether somebody wants the command to end. */
export interface Interrupt {
  /** The exit code that says which signal has come; null before one has. */
  readonly exitCode: number | null;
  /** Stops listening: a later signal ends the process as ever. */
  stop(): void;
}

/** Notes the first signal, and says so; a second one ends the process as ever. */
export function listenForSignals(onSignal: () => void = () => {}): Interrupt {
  let exitCode: number | null = null;
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, listener);
  };
  const listener = (signal: NodeJS.Signals) => {
    exitCode = exitCodes[signal as (typeof SIGNALS)[number]];
    stop();
    onSignal();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    get exitCode() {
      return exitCode;
    },
    stop,
  };
}

/** Host time of a piece, in milliseconds: a signal is heard after one piece at the latest. */
const PIECE_MS_MIN = 10;
const PIECE_MS_MAX = 25;
const ROUNDS_MIN = 256;
const ROUNDS_MAX = 200_000;

/**
 * Performs pieces of one run, or of several, until the last one, whose result it returns, or until a signal has come:
 * then null. It listens no longer than that. `pieces` asks for the rounds of each. They are sized by the time that the last one took; how a run is cut
 * does not change it: that is why the host's clock may have a say here.
 */
export async function performPieces<T>(
  pieces: (size: () => number) => Generator<void, T>,
  interrupt: Interrupt,
): Promise<T | null> {
  let rounds = ROUNDS_MIN;
  let startedAt = 0;
  const all = pieces(() => {
    startedAt = performance.now();
    return rounds;
  });
  try {
    for (;;) {
      const { done, value } = all.next();
      if (done === true) return value;
      const milliseconds = performance.now() - startedAt;
      if (milliseconds > PIECE_MS_MAX) {
        rounds = Math.max(1, Math.floor((rounds * PIECE_MS_MIN) / milliseconds));
      } else if (milliseconds < PIECE_MS_MIN) {
        rounds = Math.min(ROUNDS_MAX, rounds * 2);
      }
      await setImmediate();
      if (interrupt.exitCode !== null) return null;
    }
  } finally {
    interrupt.stop();
  }
}
