// How far a run has come, on the standard error: a bar on a terminal, otherwise a line now and then. What draws bars is
// loaded only where there is a terminal, as every command would begin later otherwise.

import type { SingleBar } from "cli-progress";
import { formatCount, formatTime, formatVirtualTime } from "./units.js";

const LINE_EVERY_PERCENT = 10;
const LINE_EVERY_NS = 1e9;
const BAR_STEPS = 1_000;

/** Where a run is. */
export interface Position {
  readonly timeNs: number;
  readonly switches: number;
}

/** Shows the progress of a run. */
export interface Progress {
  /** Asks for the position only when it is to be shown. */
  show(position: () => Position): void;
  /** Clears what is on the terminal. */
  stop(): void;
}

/**
 * Progress towards a virtual time; null: a run that ends when it ends.
 *
 * @param afterMs host time before which nothing is shown; what nobody has asked for is for terminals only
 */
export async function createProgress(
  durationNs: number | null,
  stream: NodeJS.WriteStream,
  afterMs: number,
): Promise<Progress> {
  if (!stream.isTTY && afterMs > 0) return { show() {}, stop() {} };
  const progress =
    stream.isTTY && durationNs !== null
      ? await BarProgress.open(durationNs)
      : new LineProgress(durationNs, stream);
  const startedAt = performance.now();
  return {
    show: (position) => {
      if (performance.now() - startedAt >= afterMs) progress.show(position());
    },
    stop: () => progress.stop(),
  };
}

/** A bar on the terminal, from when there is something to show until it is stopped. */
export class TerminalBar {
  private readonly bar: SingleBar;
  private readonly total: number;
  private isShown = false;

  private constructor(bar: SingleBar, total: number) {
    this.bar = bar;
    this.total = total;
  }

  /** `format` is that of cli-progress. */
  static async open(format: string, total: number): Promise<TerminalBar> {
    const { SingleBar } = await import("cli-progress");
    return new TerminalBar(
      new SingleBar({ format, hideCursor: true, clearOnComplete: true }),
      total,
    );
  }

  show(value: number, payload: Readonly<Record<string, string>>): void {
    if (!this.isShown) this.bar.start(this.total, 0, payload);
    this.isShown = true;
    this.bar.update(value, payload);
  }

  /** Clears it. */
  stop(): void {
    if (this.isShown) this.bar.stop();
    this.isShown = false;
  }
}

class BarProgress {
  private readonly bar: TerminalBar;
  private readonly durationNs: number;

  private constructor(bar: TerminalBar, durationNs: number) {
    this.bar = bar;
    this.durationNs = durationNs;
  }

  static async open(durationNs: number): Promise<BarProgress> {
    const format = " [{bar}] {percentage}%  {time} of {total_time}  {switches} switches";
    return new BarProgress(await TerminalBar.open(format, BAR_STEPS), durationNs);
  }

  show({ timeNs, switches }: Position): void {
    this.bar.show(Math.floor((BAR_STEPS * timeNs) / Math.max(1, this.durationNs)), {
      time: formatTime(timeNs),
      total_time: formatTime(this.durationNs),
      switches: formatCount(switches),
    });
  }

  stop(): void {
    this.bar.stop();
  }
}

class LineProgress {
  private readonly durationNs: number | null;
  private readonly stream: NodeJS.WriteStream;
  private step = 0;

  constructor(durationNs: number | null, stream: NodeJS.WriteStream) {
    this.durationNs = durationNs;
    this.stream = stream;
  }

  show({ timeNs, switches }: Position): void {
    const step = this.stepOf(timeNs);
    if (step <= this.step) return;
    this.step = step;
    const share = this.durationNs === null ? "" : `${step * LINE_EVERY_PERCENT}%, `;
    this.stream.write(
      `progress: ${share}${formatVirtualTime(timeNs)}, ${formatCount(switches)} switches\n`,
    );
  }

  private stepOf(timeNs: number): number {
    if (this.durationNs === null) return Math.floor(timeNs / LINE_EVERY_NS);
    const percent = (100 * timeNs) / Math.max(1, this.durationNs);
    return Math.floor(Math.min(100, percent) / LINE_EVERY_PERCENT);
  }

  stop(): void {}
}
