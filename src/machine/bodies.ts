// Host bodies: which generator belongs to which thread, and how the machine's steps and theirs alternate.

import { isHandle, shown } from "../core/arguments.js";
import { ARGUMENT_REGISTERS_MAX, type ArgumentKind, type CallSpec } from "../core/call-table.js";
import { KernelError } from "../core/errors.js";
import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import {
  type Body,
  type BodyFunction,
  type CallArgument,
  callSpecs,
  KernelCall,
  noArguments,
  resultHigh,
} from "./calls.js";

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

/** A body that has nothing left to do. */
const ended: Body = Object.freeze((function* (): Body {})());

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

/** The host bodies of a machine. */
export class Bodies {
  private readonly kernel: Kernel;
  private readonly running: (Body | undefined)[] = [];
  private readonly waiting = new Map<number, { body: BodyFunction; arg: number }>();
  private readonly tdBase: number;
  private nextCookie = 1;
  /** The register values of the call that was converted last. */
  readonly registers = new Uint32Array(ARGUMENT_REGISTERS_MAX);
  private readonly wide = new DataView(this.registers.buffer);

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.tdBase = kernel.machine("td_base");
  }

  /** Announces a body; the number goes to the new thread as its argument. */
  announce(body: BodyFunction, arg: number): number {
    const cookie = this.nextCookie++ >>> 0;
    this.waiting.set(cookie, { body, arg });
    return cookie;
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
    const { kernel, running, tdBase } = this;
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
      const body = running[index] as Body;
      let call: KernelCall<unknown> | undefined;
      try {
        const step = body.next(i32[a0] as number);
        if (step.done !== true) {
          call = step.value;
          if (!(call instanceof KernelCall)) throw new Misstep(`has yielded ${shown(call)}`);
          const args = call.args;
          if (args !== none && args.length !== 0) {
            kernel.writeArguments(td, this.registers, this.convert(call));
          }
        }
      } catch (error) {
        this.fail(td, index, error);
      }
      if (call === undefined) {
        running[index] = undefined;
        result = machine_step(Layout.Sys.body_return);
      } else {
        result = machine_step(call.nr);
      }
    }
    return result;
  }

  private start(td: number, index: number): void {
    const cookie = this.kernel.read(this.kernel.frame(td) + F.a0);
    const waiting = this.waiting.get(cookie);
    this.waiting.delete(cookie);
    this.kernel.u8[td + T.td_body] = Layout.TDB.HOST;
    // Without holes, whatever the order in which threads begin: V8 has slower kinds of arrays.
    while (this.running.length <= index) this.running.push(undefined);
    try {
      if (waiting === undefined) throw new Misstep("is missing: none was announced for it");
      this.running[index] = checkedBody(waiting.body(waiting.arg));
    } catch (error) {
      this.fail(td, index, error);
    }
  }

  /** Ends a body that cannot go on: the thread returns from it when the machine runs on. */
  private fail(td: number, index: number, error: unknown): never {
    if (error === this.kernel.panic) throw error;
    this.running[index] = ended;
    const thread = this.kernel.nameAt(td);
    if (error instanceof Misstep) throw new BodyError(thread, td, `${error.message}; ${YIELDS}`);
    const what = error instanceof Error ? error.message : shown(error);
    throw new BodyError(thread, td, `has thrown: ${what}`, { cause: error });
  }

  /** Turns a call's arguments into register values, in `registers`; returns how many. */
  convert(call: KernelCall<unknown>): number {
    const kinds = (callSpecs[call.nr] as CallSpec).args;
    const { registers } = this;
    const { args } = call;
    let count = 0;
    for (let i = 0; i < kinds.length; i++) {
      const value = args[i] ?? 0;
      const kind = kinds[i] as ArgumentKind;
      if (typeof value === "function") {
        const arg = args[i + 1];
        registers[count++] = FUNC_HOST;
        registers[count++] = this.announce(value, typeof arg === "number" ? arg : 0);
        i++;
      } else if (kind === "u64" || kind === "cycles") {
        this.convertWide(call, value, count);
        count += 2;
      } else {
        registers[count++] = this.convertWord(call, kind, value);
      }
    }
    return count;
  }

  private convertWide(call: KernelCall<unknown>, value: CallArgument, at: number): void {
    if (typeof value === "number" && value >>> 0 === value) {
      this.registers[at] = value;
      this.registers[at + 1] = 0;
    } else if (
      typeof value === "bigint" ||
      (typeof value === "number" && Number.isInteger(value))
    ) {
      this.wide.setBigUint64(4 * at, BigInt(value), true);
    } else {
      refuse(call, "whole number of 64 bits", value);
    }
  }

  private convertWord(
    call: KernelCall<unknown>,
    kind: ArgumentKind,
    value: Exclude<CallArgument, BodyFunction>,
  ): number {
    if (typeof value === "number" && Number.isInteger(value)) return value;
    if (typeof value === "string" && isTextKind(kind)) return this.kernel.intern(value);
    return isHandle(value) ? value.address : refuse(call, kind, value);
  }
}

/** Kinds of arguments for which a text stands for its address in the kernel. */
function isTextKind(kind: ArgumentKind): boolean {
  return kind === "string" || kind === "channel" || kind === "u32";
}

function refuse(call: KernelCall<unknown>, kind: string, value: unknown): never {
  const message = `${call.call}: ${shown(value)} is not a ${kind}`;
  throw new KernelError(call.call, Layout.EINVAL, message);
}
