// Host bodies: which generator belongs to which thread, and how the machine's steps and theirs alternate.

import { isHandle, shown } from "../core/arguments.js";
import { ARGUMENT_REGISTERS_MAX, type ArgumentKind, type CallSpec } from "../core/call-table.js";
import { KernelError } from "../core/errors.js";
import { mistakeInName } from "../core/format.js";
import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import { SnapshotError } from "../snapshot/errors.js";
import type { SnapshotPart } from "../snapshot/part.js";
import { BodyLog, endedBody, type LogJson, type LogMark, type MadeBodies } from "./body-log.js";
import {
  type Body,
  type BodyFunction,
  type CallArgument,
  callSpecs,
  KernelCall,
  noArguments,
  resultHigh,
} from "./calls.js";
import { FunctionNames, functionOf, type MachineFunctions } from "./resources.js";
import { ThreadView } from "./views.js";

const { Thread: T, Frame: F, FUNC_HOST } = Layout;

/**
 * The body of a thread has thrown, or does something that no body can. The machine stays as it was when
 * the body was asked for its step; in a later run the thread ends, as if its body had returned.
 */
export class BodyError extends Error {
  override readonly name = "BodyError";
  /** Name of the thread. */
  readonly thread: string;
  /** Its address. */
  readonly address: number;

  constructor(thread: string, address: number, what: string, options?: ErrorOptions) {
    super(`the body of thread "${thread}" ${what}`, options);
    this.thread = thread;
    this.address = address;
  }
}

const YIELDS = "a body yields kernel calls, such as sys.lwkt_yield()";

/** What a body did wrong; becomes a {@link BodyError}. */
class Misstep extends Error {}

/** What was wrong with a step that was no kernel call, or null. */
function misstepOf(step: IteratorResult<unknown, void> | undefined): Misstep | null {
  if (step === undefined || step.done === true || step.value instanceof KernelCall) return null;
  return new Misstep(`has yielded ${shown(step.value)}`);
}

/** What a body's function returned, if it is a generator. */
function checkedBody(body: unknown): Body {
  if (typeof body !== "object" || body === null)
    throw new Misstep(`is ${shown(body)}, no generator`);
  if (Symbol.asyncIterator in body)
    throw new Misstep("is an async generator, which no body can be");
  const { next } = body as { next?: unknown };
  if (typeof next !== "function") throw new Misstep(`is ${shown(body)}, no generator`);
  return body as Body;
}

/** A body that a thread runs, or will run. */
interface Origin {
  readonly cookie: number;
  readonly body: BodyFunction;
  readonly arg: number;
}

/** A body that a thread runs, and what it was given since it began. */
interface Logged extends Origin {
  readonly log: BodyLog;
}

/** A running body in a snapshot. */
interface SavedBody extends Origin {
  /** Index of its thread. */
  readonly index: number;
  readonly thread: string;
  readonly generator: Body | null;
  readonly mark: LogMark;
}

interface Saved {
  readonly nextCookie: number;
  readonly waiting: readonly Origin[];
  readonly running: readonly SavedBody[];
}

interface OriginJson {
  readonly cookie: number;
  readonly body: string;
  readonly arg: number;
}

/** The same in a file. */
interface SavedJson {
  readonly nextCookie: number;
  readonly waiting: readonly OriginJson[];
  readonly running: readonly (OriginJson & { index: number; thread: string; log: LogJson })[];
}

/** A body that was brought back, for the thread with an index. */
interface Revived {
  readonly index: number;
  readonly generator: Body;
  readonly logged: Logged;
}

/** The host bodies of a machine. */
export class Bodies implements SnapshotPart<Saved, MachineFunctions> {
  readonly name = "bodies of threads";
  private readonly kernel: Kernel;
  private readonly running: (Body | undefined)[] = [];
  /** What the running ones were given, where that is kept. */
  private readonly logged: (Logged | undefined)[] | null;
  private readonly waiting = new Map<number, Origin>();
  private readonly tdBase: number;
  /** True while bodies are brought back: they must not touch the machine. */
  isReplaying = false;
  /** What {@link prepare} has got ready for {@link restore}. */
  private revived: readonly Revived[] = [];
  private made: MadeBodies = new Map();
  private nextCookie = 1;
  /** The body that the call converted last has announced, 0 for none. */
  private announced = 0;
  /** Bodies announced by calls that are under way, by the index of the calling thread. */
  private readonly creating = new Map<number, number>();
  /** The register values of the call that was converted last. */
  readonly registers = new Uint32Array(ARGUMENT_REGISTERS_MAX);
  private readonly wide = new DataView(this.registers.buffer);

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.logged = kernel.config.snapshots ? [] : null;
    this.tdBase = kernel.machine("td_base");
  }

  /** Announces a body; the number goes to the new thread as its argument. */
  announce(body: BodyFunction, arg: number): number {
    const cookie = this.nextCookie++ >>> 0;
    this.waiting.set(cookie, { cookie, body, arg });
    return cookie;
  }

  /** True while there are bodies that have not begun. */
  get isWaiting(): boolean {
    return this.waiting.size > 0;
  }

  /** Withdraws a body whose thread was not created. */
  withdraw(cookie: number): void {
    this.waiting.delete(cookie);
  }

  /**
   * Does steps of host bodies while the machine asks for them: `result` is what it returned. Returns the
   * first reason that is not a request for a step.
   */
  drive(result: number): number {
    // Constants of a module are loaded and checked wherever they are used: hence the locals.
    const { kernel, running, logged, tdBase } = this;
    const { i32 } = kernel;
    const { machine_step } = kernel.exports;
    const high = resultHigh;
    const none = noArguments;
    const { HOST } = Layout.Run;
    const why = Layout.RUN_REASON;
    const fresh = Layout.RUN_FRESH;
    const address = ~(why | fresh);
    const a0Delta = kernel.frameDelta + F.a0;
    while ((result & why) === HOST) {
      const td = (result & address) >>> 0;
      const index = (td - tdBase) >>> 6;
      if ((result & fresh) !== 0) this.start(td, index);
      const a0 = (td + a0Delta) >>> 2;
      high.word = i32[a0 + 1] as number;
      if (this.creating.size !== 0) this.created(index, i32[a0] as number);
      const body = running[index] as Body;
      let step: IteratorResult<KernelCall<unknown>, void> | undefined;
      let call: KernelCall<unknown> | undefined;
      let words = 0;
      try {
        step = body.next(i32[a0] as number);
        if (step.done !== true) {
          call = step.value;
          // What is no call has other arguments than these, or none to read.
          if (call.args !== none) words = this.convertChecked(call);
        }
      } catch (error) {
        if (error !== kernel.panic)
          logged?.[index]?.log.addThrow(i32[a0] as number, i32[a0 + 1] as number);
        this.fail(td, index, misstepOf(step) ?? error);
      }
      if (logged !== null && call !== undefined) {
        logged[index]?.log.add(i32[a0] as number, i32[a0 + 1] as number, call);
        if (words !== 0 && this.announced !== 0) logged[index]?.log.announce(this.announced);
      }
      if (call === undefined) {
        running[index] = undefined;
        result = machine_step(Layout.Sys.body_return);
      } else {
        if (words !== 0) {
          kernel.writeArguments(td, this.registers, words);
          if (this.announced !== 0) this.creating.set(index, this.announced);
        }
        result = machine_step(call.nr);
      }
    }
    return result;
  }

  /** The call converted last has these results: if it failed, nobody will run a body that it announced. */
  settled(results: readonly [number, number]): readonly [number, number] {
    if (results[0] !== 0 && this.announced !== 0) this.withdraw(this.announced);
    return results;
  }

  /** A thread is back from a call, which may have been to create another one: has it? */
  private created(index: number, error: number): void {
    const cookie = this.creating.get(index);
    if (cookie === undefined) return;
    this.creating.delete(index);
    if (error !== 0) this.withdraw(cookie);
  }

  /** Begins the body of a thread that has not run yet, for a search: it drives the body itself. */
  begin(td: number): Body {
    const index = (td - this.tdBase) >>> 6;
    this.start(td, index);
    return this.running[index] as Body;
  }

  private start(td: number, index: number): void {
    this.creating.delete(index);
    const cookie = this.kernel.read(this.kernel.frame(td) + F.a0);
    const waiting = this.waiting.get(cookie);
    this.waiting.delete(cookie);
    this.kernel.u8[td + T.td_body] = Layout.TDB.HOST;
    // Without holes, whatever the order in which threads begin: V8 has slower kinds of arrays.
    while (this.running.length <= index) this.running.push(undefined);
    const log = new BodyLog();
    if (this.logged !== null && waiting !== undefined) {
      while (this.logged.length <= index) this.logged.push(undefined);
      this.logged[index] = { ...waiting, log };
    }
    try {
      if (waiting === undefined) throw new Misstep("is missing: none was announced for it");
      this.running[index] = checkedBody(waiting.body(waiting.arg));
    } catch (error) {
      log.addThrow(0, 0);
      this.fail(td, index, error);
    }
  }

  /** Ends a body that cannot go on: the thread returns from it when the machine runs on. */
  private fail(td: number, index: number, error: unknown): never {
    if (error === this.kernel.panic) throw error;
    this.running[index] = endedBody;
    const thread = this.kernel.nameAt(td);
    if (error instanceof Misstep) throw new BodyError(thread, td, `${error.message}; ${YIELDS}`);
    const what = error instanceof Error ? error.message : shown(error);
    throw new BodyError(thread, td, `has thrown: ${what}`, { cause: error });
  }

  /** As {@link convert}, for what a body has yielded. */
  private convertChecked(call: KernelCall<unknown>): number {
    if (!(call instanceof KernelCall)) throw new TypeError("no kernel call");
    return this.convert(call);
  }

  /** Turns a call's arguments into register values, in `registers`; returns how many. */
  convert(call: KernelCall<unknown>): number {
    const kinds = (callSpecs[call.nr] as CallSpec).args;
    const { registers } = this;
    const { args } = call;
    let count = 0;
    /** The body of a thread to come, its argument, and the register for the number that it is announced with. */
    let body: BodyFunction | null = null;
    let bodyArg = 0;
    let bodyAt = 0;
    this.announced = 0;
    for (let i = 0; i < kinds.length; i++) {
      const value = args[i] ?? 0;
      const kind = kinds[i] as ArgumentKind;
      if (typeof value === "function") {
        if (kind !== "address") refuse(call, kind, value);
        body = value;
        registers[count++] = FUNC_HOST;
        bodyArg = this.argumentOfBody(call, args[++i]);
        bodyAt = count++;
      } else if (kind === "u64" || kind === "cycles") {
        this.convertWide(call, kind, value, count);
        count += 2;
      } else {
        registers[count++] = this.convertWord(call, kind, value);
      }
    }
    // Behind all that may be refused.
    if (body !== null) {
      this.announced = this.announce(body, bodyArg);
      registers[bodyAt] = this.announced;
    }
    return count;
  }

  /** The argument of a thread's body, which the body gets as it is. */
  private argumentOfBody(call: KernelCall<unknown>, value: CallArgument = 0): number {
    return typeof value === "function"
      ? refuse(call, NUMBER, value)
      : this.convertWord(call, "u32", value);
  }

  private convertWide(
    call: KernelCall<unknown>,
    kind: "u64" | "cycles",
    value: CallArgument,
    at: number,
  ): void {
    if (typeof value === "number" && value >>> 0 === value) {
      this.registers[at] = value;
      this.registers[at + 1] = 0;
    } else if (isWide(value) && (kind === "u64" || value >= 0)) {
      this.wide.setBigUint64(4 * at, BigInt(value), true);
    } else {
      refuse(call, kind === "u64" ? WIDE : `${WIDE}, 0 or more`, value);
    }
  }

  private convertWord(
    call: KernelCall<unknown>,
    kind: ArgumentKind,
    value: Exclude<CallArgument, BodyFunction>,
  ): number {
    if (typeof value === "number" && ((value | 0) === value || value >>> 0 === value)) return value;
    if (typeof value === "string" && TEXT_KINDS.has(kind)) {
      if (kind === "format") checkName(call, value);
      return this.kernel.intern(value);
    }
    if (isHandle(value)) return value.address;
    return refuse(call, NUMBER_KINDS.has(kind) ? NUMBER : kind, value);
  }

  // ---- Snapshots ----

  save(): Saved {
    const running: SavedBody[] = [];
    for (const [index, generator] of this.running.entries()) {
      if (generator === undefined || !this.isLive(index)) continue;
      const thread = this.kernel.nameAt(this.kernel.threadAt(index));
      const logged = this.logged?.[index];
      if (logged === undefined) {
        throw new SnapshotError(
          `thread "${thread}" runs a JavaScript body, and what it was given was not kept: create the machine with { snapshots: true }`,
        );
      }
      const { cookie, body, arg, log } = logged;
      running.push({ index, thread, cookie, body, arg, generator, mark: log.mark() });
    }
    running.sort((a, b) => a.cookie - b.cookie);
    return { nextCookie: this.nextCookie, waiting: [...this.waiting.values()], running };
  }

  /** False for the body of a thread that has exited in it. */
  private isLive(index: number): boolean {
    const { kernel } = this;
    const td = kernel.threadAt(index);
    const body = kernel.u8[td + T.td_body] as number;
    if ((body & Layout.TDB_KIND) !== Layout.TDB.HOST || (body & Layout.TDB_FRESH) !== 0)
      return false;
    return new ThreadView(kernel, td).state !== "exited";
  }

  /** Brings the bodies back, beside those that run: whose makers come first. */
  prepare(saved: Saved): void {
    if (saved.running.length === 0 && this.revived.length === 0) return;
    const made: MadeBodies = new Map();
    const revived: Revived[] = [];
    this.isReplaying = true;
    try {
      for (const body of saved.running) revived.push(this.revive(body, made));
    } finally {
      this.isReplaying = false;
    }
    this.revived = revived;
    this.made = made;
  }

  private revive(saved: SavedBody, made: MadeBodies): Revived {
    const { index, cookie, arg, generator, mark, thread } = saved;
    const known = this.logged?.[index];
    const body = made.get(cookie) ?? saved.body;
    if (
      known !== undefined &&
      generator !== null &&
      this.running[index] === generator &&
      known.log.isAt(mark) &&
      body === saved.body
    ) {
      return { index, generator, logged: known };
    }
    const log = BodyLog.upTo(mark);
    return {
      index,
      generator: log.replay(thread, body, arg, made),
      logged: { cookie, body, arg, log },
    };
  }

  restore(saved: Saved): void {
    const { running, logged, revived, made, waiting } = this;
    this.nextCookie = saved.nextCookie;
    if (this.creating.size > 0) this.creating.clear(); // of an empty one it makes a new table each time
    if (waiting.size > 0) waiting.clear();
    for (const origin of saved.waiting) {
      const body = made.get(origin.cookie);
      waiting.set(origin.cookie, body === undefined ? origin : { ...origin, body });
    }
    if (running.length === 0 && revived.length === 0) return;
    running.fill(undefined);
    logged?.fill(undefined);
    for (const { index, generator, logged: log } of revived) {
      while (running.length <= index) running.push(undefined);
      running[index] = generator;
      if (logged === null) continue;
      while (logged.length <= index) logged.push(undefined);
      logged[index] = log;
    }
    this.revived = [];
    this.made = new Map();
  }

  encode(saved: Saved): SavedJson {
    const names = new FunctionNames("bodies");
    const made = new Set(saved.running.flatMap(({ mark }) => BodyLog.upTo(mark).cookies));
    const origin = ({ cookie, body, arg }: Origin): OriginJson => ({
      cookie,
      body: made.has(cookie) ? "" : names.nameOf(body),
      arg,
    });
    return {
      nextCookie: saved.nextCookie,
      waiting: saved.waiting.map(origin),
      running: saved.running.map((it) => {
        const log = BodyLog.upTo(it.mark).encode();
        return { ...origin(it), index: it.index, thread: it.thread, log };
      }),
    };
  }

  decode(json: unknown, functions: MachineFunctions): Saved {
    const saved = json as SavedJson;
    const origin = ({ cookie, body, arg }: OriginJson): Origin => ({
      cookie,
      body: body === "" ? neverCalled : functionOf("bodies", body, functions),
      arg,
    });
    const running = saved.running.map((it) => {
      const mark = BodyLog.decode(it.log).mark();
      return { ...origin(it), index: it.index, thread: it.thread, generator: null, mark };
    });
    return { nextCookie: saved.nextCookie, waiting: saved.waiting.map(origin), running };
  }
}

const WIDE_MIN = -(2n ** 63n);
const WIDE_END = 2n ** 64n;

/** True for a whole number of 64 bits, signed or not. */
function isWide(value: CallArgument): value is number | bigint {
  if (typeof value !== "bigint" && !(typeof value === "number" && Number.isInteger(value)))
    return false;
  return value >= WIDE_MIN && value < WIDE_END;
}

const NUMBER = "whole number of 32 bits";
const WIDE = "whole number of 64 bits";
const NUMBER_KINDS: ReadonlySet<ArgumentKind> = new Set([
  "i32",
  "u32",
  "pri",
  "ticks",
  "format_arg",
]);

/** Kinds of arguments for which a text stands for its address in the kernel. */
const TEXT_KINDS: ReadonlySet<ArgumentKind> = new Set([
  "string",
  "format",
  "format_arg",
  "channel",
]);

function checkName(call: KernelCall<unknown>, format: string): void {
  const mistake = mistakeInName(format);
  if (mistake === null) return;
  throw new KernelError(call.call, Layout.EINVAL, `${call.call}: ${mistake}`);
}

function refuse(call: KernelCall<unknown>, kind: string, value: unknown): never {
  const message = `${call.call}: ${shown(value)} is not ${/^[aeio]/.test(kind) ? "an" : "a"} ${kind}`;
  throw new KernelError(call.call, Layout.EINVAL, message);
}

/** Stands for a body that is made by another one when that is replayed. */
const neverCalled: BodyFunction = () => {
  throw new SnapshotError("the body of a thread was not made again by the body that had made it");
};
