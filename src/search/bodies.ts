// JavaScript bodies under search: the kernel says whose turn it is, and what the body yields is performed here.

import { ConfigError, KernelPanic } from "../core/errors.js";
import * as Layout from "../generated/layout.js";
import { BodyError } from "../machine/bodies.js";
import {
  type Body,
  isKernelCall,
  type KernelCall,
  noArguments,
  resultHigh,
} from "../machine/calls.js";
import type { Machine } from "../machine/machine.js";
import { Failed, textOf } from "./failure.js";
import { lockRequest, nameOfAddress } from "./names.js";
import { Choice, Operation, type SharedWord } from "./operations.js";
import type { SearchState } from "./strategies.js";

const { Frame: F, Pending, Search: S, Thread: T } = Layout;

/** What search_call returns when the call has a result. */
const GOES_ON = 0;
/** Numbers of what bodies share, which are no guest addresses. */
const SHARED_FIRST = 0x8000_0000;

/** What search_about says: the first argument is a channel; and the place of the second object. */
const ABOUT_CHANNEL = 1;
const ABOUT_SECOND_SHIFT = 1;

/** What a body yields. */
type Yielded = KernelCall<unknown> | Operation | Choice;

interface Actor {
  readonly body: Body;
  /** What it does next; null when it is blocked in a call, or has returned. */
  next: Yielded | null;
  /** The call that it made last. */
  call: KernelCall<unknown> | null;
}

/** The bodies of a schedule. */
export class SearchBodies {
  /** By the address of the thread. */
  private readonly actors = new Map<number, Actor>();
  private readonly words = new Map<SharedWord, number>();

  constructor(
    private readonly machine: Machine,
    private readonly state: SearchState,
  ) {}

  reset(): void {
    if (this.actors.size === 0) return; // clearing an empty map is no small matter
    this.actors.clear();
    this.words.clear();
  }

  /** Begins the body of the thread whose turn it is. */
  begin(): void {
    const td = this.state.get(S.s_td);
    const actor: Actor = { body: this.bodyOf(td), next: null, call: null };
    this.actors.set(td, actor);
    this.advance(td, actor, 0, 0);
  }

  /** The body of a thread; a function that makes none is a mistake of the test, in whatever schedule. */
  private bodyOf(td: number): Body {
    try {
      return this.machine.bodies.begin(td);
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      throw error.cause === undefined
        ? new ConfigError(error.message)
        : this.failureOf(td, error.cause);
    }
  }

  /** Performs the step of the thread whose turn it is. */
  step(): void {
    const td = this.state.get(S.s_td);
    const actor = this.actors.get(td) as Actor;
    const { next } = actor;
    const { kernel } = this.machine;
    if (next === null) {
      const a0 = (kernel.frame(td) + F.a0) >>> 2;
      this.advance(td, actor, kernel.i32[a0] as number, kernel.i32[a0 + 1] as number);
    } else if (next instanceof Operation) {
      const seen = next.perform();
      const isSame = next.isWrite && next.isAtomic && next.word.value === seen;
      if (isSame) kernel.exports.search_unchanged();
      this.advance(td, actor, seen, 0);
    } else if (next instanceof Choice) {
      this.advance(td, actor, kernel.exports.search_pick(next.count), 0);
    } else {
      this.call(td, actor, next);
    }
  }

  private call(td: number, actor: Actor, call: KernelCall<unknown>): void {
    const { kernel, bodies } = this.machine;
    if (call.args !== noArguments) {
      let count: number;
      try {
        count = bodies.convert(call);
      } catch (error) {
        throw this.failureOf(td, error);
      }
      kernel.writeArguments(td, bodies.registers, count);
    }
    actor.next = null;
    actor.call = call;
    if (kernel.exports.search_call(call.nr) !== GOES_ON) return;
    const frame = kernel.frame(td);
    const isInCall = ((kernel.u8[td + T.td_body] as number) & Layout.TDB_INCALL) !== 0;
    const low = kernel.readSigned(frame + (isInCall ? F.retval : F.a0));
    this.advance(td, actor, low, kernel.readSigned(frame + F.a0 + 4));
  }

  /** Gives a body its result, and tells the kernel what it does next. */
  private advance(td: number, actor: Actor, low: number, high: number): void {
    resultHigh.word = high;
    let yielded: unknown;
    try {
      const step = actor.body.next(low);
      yielded = step.done ? null : step.value;
    } catch (error) {
      throw this.failureOf(td, error);
    }
    actor.next = yielded as Yielded | null;
    const { exports } = this.machine.kernel;
    if (yielded === null) {
      exports.search_next(Pending.RETURN, 0, 0, 0, 0);
    } else if (yielded instanceof Operation) {
      const pending = yielded.isWrite ? Pending.CHANGE : Pending.LOOK;
      const word = this.numberOf(yielded.word);
      exports.search_next(pending, word, word, 0, yielded.isAtomic ? 1 : 0);
    } else if (yielded instanceof Choice) {
      exports.search_next(Pending.CHOICE, yielded.count, 0, 0, 0);
    } else if (isKernelCall(yielded)) {
      const [object, second] = this.objectsOf(yielded);
      exports.search_next(Pending.CALL, yielded.nr, object, second, 0);
    } else {
      throw new ConfigError(
        `thread "${this.nameOf(td)}" has yielded something that is no kernel call, access to a shared word or choice`,
      );
    }
  }

  /** What a body throws, or calls with arguments that there cannot be, is a failed assertion. */
  private failureOf(td: number, error: unknown): unknown {
    if (error instanceof KernelPanic) return error;
    return new Failed("assertion", `thread "${this.nameOf(td)}": ${textOf(error)}`);
  }

  private nameOf(td: number): string {
    return this.machine.kernel.nameAt(td);
  }

  /** What a call is about, as far as its arguments name it: see search_about in the kernel. */
  private objectsOf({ nr, args }: KernelCall<unknown>): [number, number] {
    const about = this.machine.kernel.exports.search_about(nr);
    const object = (value: unknown): number => {
      if (typeof value === "number") return value;
      if (typeof value === "string") return this.machine.kernel.intern(value);
      return (value as { address?: number } | undefined)?.address ?? 0;
    };
    const [first] = args;
    const isName = typeof first === "string" && (about & ABOUT_CHANNEL) === 0;
    const second = about >>> ABOUT_SECOND_SHIFT;
    return [isName ? 0 : object(first), second === 0 ? 0 : object(args[second])];
  }

  private numberOf(word: SharedWord): number {
    let number = this.words.get(word);
    if (number === undefined) {
      number = SHARED_FIRST + 4 * this.words.size;
      this.words.set(word, number);
    }
    return number;
  }

  // ---- For the story ----

  /** The shared word with a number, or null. */
  wordOf(number: number): SharedWord | null {
    for (const [word, its] of this.words) if (its === number) return word;
    return null;
  }

  /** What a body does next, or null if the thread has none. */
  describe(td: number): string | null {
    const actor = this.actors.get(td);
    if (actor === undefined) return null;
    const { next } = actor;
    if (next === null) return `${this.lastCall(td)} goes on`;
    if (next instanceof Operation) return next.name;
    if (next instanceof Choice) return `choice(${next.count})`;
    return this.describeCall(next);
  }

  /** The call that a thread has made last, or null if it has no body of JavaScript. */
  lastCall(td: number): string | null {
    const actor = this.actors.get(td);
    if (actor === undefined) return null;
    return actor.call === null ? "" : this.describeCall(actor.call);
  }

  private describeCall(call: KernelCall<unknown>): string {
    const args = call.args.map((arg, i) => {
      if (call.nr === Layout.Sys.lockmgr && i === 1) return lockRequest(Number(arg));
      if (typeof arg === "string") return JSON.stringify(arg);
      if (typeof arg === "function") return arg.name === "" ? "function" : arg.name;
      // What a test in JavaScript passes may be anything: the call itself refuses what is wrong.
      const address = (arg as { address?: unknown } | null | undefined)?.address;
      return typeof address === "number" ? nameOfAddress(this.machine, address) : String(arg);
    });
    return `${call.call}(${args.join(", ")})`;
  }
}
