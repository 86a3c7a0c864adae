// Tells a schedule, step by step. A step is told when the next one is due: whether its thread waits, whom it has woken
// and which locks have other holders then belongs to it.

import * as Layout from "../generated/layout.js";
import type { Machine } from "../machine/machine.js";
import type { SearchBodies } from "./bodies.js";
import { Holders, type LockState } from "./holders.js";
import { describeProgramStep, lineOfProgram, wordAt } from "./program-step.js";
import type { SearchState } from "./strategies.js";

const { Pending, Search: S, SearchThread: N, TDS, Thread: T } = Layout;

/** A word that threads share, and what is in it. */
export interface WordValue {
  readonly name: string;
  readonly value: number;
}

/** A step of a schedule, for its story. */
export interface Step {
  /** The name of the thread; with a number if another one had it before. */
  readonly thread: string;
  readonly what: string;
  /** The line of the source, such as "pool.c:14", where a program knows it. */
  readonly line?: string;
}

/** A step, and what came of it. */
export interface Scene {
  readonly step: Step;
  /** What the step says, without that the thread waits. */
  readonly deed: string;
  /** The CPU of the thread; null for what happens without one. */
  readonly cpu: number | null;
  /** True if the thread waits from then on. */
  readonly waits: boolean;
  /** Threads that waited and can go on. */
  readonly wakes: readonly string[];
  /** The shared word of the step, before and after it; null if it is about none. */
  readonly word: { readonly before: WordValue; readonly after: WordValue } | null;
  /** Locks that have other holders now. */
  readonly locks: readonly LockState[];
}

/** What is known of a step when it begins. */
interface Begun {
  readonly step: Step;
  readonly cpu: number | null;
  /** Its thread, 0 for none. */
  readonly td: number;
  /** The number of its shared word, and what was in it. */
  readonly access: { readonly number: number; readonly before: WordValue } | null;
}

/** What happens without a thread. */
function event(thread: string, what: string): Begun {
  return { step: { thread, what }, cpu: null, td: 0, access: null };
}

const TIME = event("(time)", "goes on to the next timeout");

/** Tells the steps of one schedule. */
export class Teller {
  private begun: Begun | null = null;
  private told = 0;
  /** The threads that wait, before the step. */
  private waiting: readonly number[] = [];
  /** What threads are called: by their numbers, in the order in which they began. */
  private readonly names = new Map<number, string>();
  private readonly holders: Holders;

  constructor(
    private readonly machine: Machine,
    private readonly state: SearchState,
    private readonly bodies: SearchBodies,
    private readonly onStep: (scene: Scene) => void,
  ) {
    this.holders = new Holders(machine, (td) => this.nameOf(td));
  }

  /** The thread whose turn it is begins a step, or something happens without one. */
  begin(): void {
    this.finish();
    const happens = this.state.get(S.s_event);
    if (happens === 0) this.begun = this.describe(this.state.get(S.s_td));
    else if (happens === Layout.EVENT_TIME) this.begun = TIME;
    else this.begun = event(`(CPU ${happens - 1})`, "gets its messages");
  }

  /** The step is over, and what happened by itself behind it: time goes on when no thread can run. */
  finish(): void {
    const idle = this.state.get(S.s_steps) - this.told - (this.begun === null ? 0 : 1);
    for (let left = Math.max(0, idle); left >= 0; left--) {
      if (this.begun !== null) this.tell(this.begun, left === 0);
      this.begun = left > 0 ? TIME : null;
    }
    if (this.told === 0) this.look(0, "");
  }

  /** The name of a thread: with a number if another one had it before. */
  nameOf(td: number): string {
    const number = this.numberOf(td);
    const plain = this.machine.kernel.nameAt(td);
    const known = number === 0 ? plain : this.names.get(number);
    if (known !== undefined) return known;
    const used = [...this.names.values()];
    let name = plain;
    for (let i = 2; used.includes(name); i++) name = `${plain} (${i})`;
    this.names.set(number, name);
    return name;
  }

  /** Those that share the lock at an address. */
  sharersOf(address: number): readonly string[] {
    return this.holders.sharersOf(address);
  }

  private at(td: number): number {
    return this.state.get(S.s_threads) + this.state.kernel.threadIndex(td) * N.size;
  }

  private numberOf(td: number): number {
    return this.state.kernel.read(this.at(td) + N.sn_number);
  }

  private describe(td: number): Begun {
    const { machine, state, bodies } = this;
    const pending = state.kernel.read(this.at(td) + N.sn_pending);
    const number = state.kernel.read(this.at(td) + N.sn_op);
    const accesses = pending === Pending.LOOK || pending === Pending.CHANGE;
    const what = bodies.describe(td) ?? describeProgramStep(machine, state, td);
    const line = bodies.describe(td) === null ? lineOfProgram(machine, td) : null;
    const step = { thread: this.nameOf(td), what };
    return {
      step: line === null ? step : { ...step, line },
      cpu: state.kernel.u8[td + T.td_cpu] as number,
      td,
      access: accesses ? { number, before: this.word(number) } : null,
    };
  }

  /** What is in a word now. */
  private word(number: number): WordValue {
    const shared = this.bodies.wordOf(number);
    if (shared !== null) return { name: shared.name, value: shared.value };
    return {
      name: this.machine.programs.nameOf(number & ~3),
      value: wordAt(this.machine, number),
    };
  }

  /** Tells a step; of several, the last one has led to what is there now. */
  private tell({ step, cpu, td, access }: Begun, isLast: boolean): void {
    const waits = td !== 0 && this.isBlocked(td);
    if (waits && !isLast) this.waiting = [...this.waiting, td];
    const seen = isLast ? this.look(td, step.thread) : { wakes: [], locks: [] };
    const word =
      access === null ? null : { before: access.before, after: this.word(access.number) };
    this.told++;
    const told = waits ? { ...step, what: `${step.what} ... waits` } : step;
    this.onStep({ step: told, deed: step.what, cpu, waits, word, ...seen });
  }

  /** True if a thread is in a call that it has not come out of. */
  private isBlocked(td: number): boolean {
    const { kernel } = this.state;
    const isInCall = kernel.read(this.at(td) + N.sn_pending) === Pending.RESUME;
    return this.numberOf(td) !== 0 && isInCall && kernel.u8[td + T.td_kfn] !== 0;
  }

  /** What a step of a thread, which is called `name`, has changed. */
  private look(td: number, name: string): Pick<Scene, "wakes" | "locks"> {
    const before = this.waiting;
    this.waiting = [...this.machine.threads()]
      .map(({ address }) => address)
      .filter((address) => this.numberOf(address) !== 0 && this.waits(address));
    const wakes = before.filter((address) => {
      return address !== td && this.numberOf(address) !== 0 && !this.waiting.includes(address);
    });
    return { wakes: wakes.map((address) => this.nameOf(address)), locks: this.holders.look(name) };
  }

  private waits(td: number): boolean {
    const state = this.state.kernel.u8[td + T.td_state];
    return this.isBlocked(td) && state !== TDS.RUNNING && state !== TDS.RUNQ;
  }
}
