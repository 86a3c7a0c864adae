// The last instruction of a thread before a moment of the past.
//
// From a snapshot the machine runs round by round, and those rounds are noted in which the thread had a
// CPU. The last of these is run once more, thread by thread, to see which instructions were the thread's.

import { KernelPanic } from "../core/errors.js";
import type { ThreadView } from "../machine/views.js";
import type { Engine } from "./engine.js";
import type { Subject } from "./subject.js";

/** A round, counted from the snapshot, and the moment of its end. */
interface Round {
  readonly index: number;
  readonly end: number;
}

/** What happened behind a snapshot. */
export class PastSteps {
  /**
   * @param rewind puts the snapshot back; the engine is disarmed then
   */
  constructor(
    private readonly engine: Engine,
    private readonly rewind: () => void,
  ) {}

  /**
   * Goes to where the thread is about to execute its last instruction before the moment `end`. False if it
   * executed none: the machine may be anywhere then.
   */
  goToLast(subject: Subject, end: number): boolean {
    for (const round of this.roundsOf(subject, end).reverse()) {
      const last = this.lastIn(subject, round, Math.min(end, round.end));
      if (last !== null) {
        this.goTo(round, last);
        return true;
      }
    }
    return false;
  }

  /** The rounds in which the thread may have run. */
  private roundsOf({ thread }: Subject, end: number): Round[] {
    const { engine } = this;
    const rounds: Round[] = [];
    this.rewind();
    for (let index = 0; engine.position < end; index++) {
      const before = this.traces(thread);
      const isOver = this.isOver(() => engine.run(1));
      const after = this.traces(thread);
      const may = before.isCurrent || after.isCurrent || before.switches !== after.switches;
      if (may || before.tid !== after.tid) rounds.push({ index, end: engine.position });
      if (isOver) break;
    }
    return rounds;
  }

  private traces(thread: ThreadView) {
    return {
      isCurrent: this.engine.isCurrent(thread),
      switches: thread.voluntarySwitches + thread.involuntarySwitches,
      tid: thread.tid,
    };
  }

  /** True if the machine does not get any further. */
  private isOver(run: () => string): boolean {
    try {
      const reason = run();
      return reason !== "rounds" && reason !== "break" && reason !== "switches";
    } catch (error) {
      if (error instanceof KernelPanic) return true;
      throw error;
    }
  }

  private toRound({ index }: Round): void {
    this.rewind();
    if (index > 0) this.engine.run(index);
  }

  /** The moment of the thread's last instruction in a round, before `end`; null if it executed none. */
  private lastIn({ thread, tid }: Subject, round: Round, end: number): number | null {
    const { engine } = this;
    let last: number | null = null;
    this.toRound(round);
    while (this.toInstruction(end)) {
      const from = engine.position;
      const isIts = engine.currentThread === thread.address && thread.tid === tid;
      if (this.isOver(() => engine.step(end - from)) && engine.position === from) break;
      if (isIts && engine.position > from) last = engine.position - 1;
    }
    return last;
  }

  /** Goes to a moment at which an instruction of a round begins. */
  private goTo(round: Round, moment: number): void {
    const { engine } = this;
    this.toRound(round);
    while (this.toInstruction(moment + 1) && engine.position < moment) {
      engine.step(moment - engine.position);
    }
  }

  /** Runs on to where somebody is about to execute an instruction. False if that is not before `end`. */
  private toInstruction(end: number): boolean {
    const { engine } = this;
    while (!engine.isStopped) {
      if (engine.position >= end || this.isOver(() => engine.runToNext(1))) return false;
    }
    return engine.position < end;
  }
}
