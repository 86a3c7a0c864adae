// Signals that end a run early but in good order, and pieces of a run that are short enough to hear them.

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

/** Notes the first signal; a second one ends the process as ever. */
export function listenForSignals(): Interrupt {
  let exitCode: number | null = null;
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, listener);
  };
  const listener = (signal: NodeJS.Signals) => {
    exitCode = exitCodes[signal as (typeof SIGNALS)[number]];
    stop();
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
const ROUNDS_MAX = 200_000;

/**
 * Sizes the pieces of a run by the time that the last one took. How a run is cut does not change it: that
 * is why the host's clock may have a say here.
 */
export class Pacer {
  /** Rounds of the next piece. */
  rounds = 256;
  private startedAt = performance.now();

  /** A piece begins. */
  begin(): void {
    this.startedAt = performance.now();
  }

  /** A piece has ended. */
  end(): void {
    const milliseconds = performance.now() - this.startedAt;
    if (milliseconds > PIECE_MS_MAX) {
      this.rounds = Math.max(1, Math.floor((this.rounds * PIECE_MS_MIN) / milliseconds));
    } else if (milliseconds < PIECE_MS_MIN) {
      this.rounds = Math.min(ROUNDS_MAX, this.rounds * 2);
    }
  }
}
