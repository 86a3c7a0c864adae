// Host bodies: which generator belongs to which thread, and how the machine's steps and theirs alternate.

import { ARGUMENT_REGISTERS_MAX, type ArgumentKind, type CallSpec } from "../core/call-table.js";
import { KernelError } from "../core/errors.js";
import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import {
  type Body,
  type BodyFunction,
  type CallArgument,
  callSpecs,
  type KernelCall,
  noArguments,
  resultHigh,
} from "./calls.js";

const { Thread: T, Frame: F, FUNC_HOST } = Layout;

/** The body of a thread has thrown. The machine stays as it was when the body was asked for its step. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  /** Name of the thread. */
  readonly thread: string;
  /** Its address. */
  readonly address: number;

  constructor(thread: string, address: number, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(`the body of thread "${thread}" has thrown: ${what}`, { cause });
    this.thread = thread;
    this.address = address;
  }
}

/** The host bodies of a machine. */
export class Bodies {
  private readonly kernel: Kernel;
  private readonly running: (Body | undefined)[] = [];
  private readonly waiting = new Map<number, { body: BodyFunction; arg: number }>();
  private readonly tdBase: number;
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
      if (this.creating.size !== 0) this.created(index, i32[a0] as number);
      const body = running[index] as Body;
      let call: KernelCall<unknown> | undefined;
      try {
        const step = body.next(i32[a0] as number);
        if (!step.done) call = step.value;
      } catch (error) {
        if (error === kernel.panic) throw error;
        throw new BodyError(kernel.nameAt(td), td, error);
      }
      if (call === undefined) {
        running[index] = undefined;
        result = machine_step(Layout.Sys.body_return);
      } else {
        const args = call.args;
        if (args !== none && args.length !== 0) {
          kernel.writeArguments(td, this.registers, this.convert(call));
          if (this.announced !== 0) this.creating.set(index, this.announced);
        }
        result = machine_step(call.nr);
      }
    }
    return result;
  }

  /** The call converted last has failed: nobody will run the body that it announced, if it did. */
  failed(): void {
    if (this.announced !== 0) this.withdraw(this.announced);
  }

  /** A thread is back from a call, which may have been to create another one: has it? */
  private created(index: number, error: number): void {
    const cookie = this.creating.get(index);
    if (cookie === undefined) return;
    this.creating.delete(index);
    if (error !== 0) this.withdraw(cookie);
  }

  private start(td: number, index: number): void {
    this.creating.delete(index);
    const cookie = this.kernel.read(this.kernel.frame(td) + F.a0);
    const waiting = this.waiting.get(cookie);
    if (waiting === undefined) throw new Error(`thread at 0x${td.toString(16)} has no body`);
    this.waiting.delete(cookie);
    this.kernel.u8[td + T.td_body] = Layout.TDB.HOST;
    // Without holes, whatever the order in which threads begin: V8 has slower kinds of arrays.
    while (this.running.length <= index) this.running.push(undefined);
    this.running[index] = waiting.body(waiting.arg);
  }

  /** Turns a call's arguments into register values, in `registers`; returns how many. */
  convert(call: KernelCall<unknown>): number {
    const kinds = (callSpecs[call.nr] as CallSpec).args;
    const { registers } = this;
    const { args } = call;
    let count = 0;
    this.announced = 0;
    for (let i = 0; i < kinds.length; i++) {
      const value = args[i] ?? 0;
      const kind = kinds[i] as ArgumentKind;
      if (typeof value === "function") {
        const arg = args[i + 1];
        registers[count++] = FUNC_HOST;
        this.announced = this.announce(value, typeof arg === "number" ? arg : 0);
        registers[count++] = this.announced;
        i++;
      } else if (kind === "u64" || kind === "cycles") {
        this.convertWide(value as number | bigint, count);
        count += 2;
      } else {
        registers[count++] = this.convertWord(call, kind, value);
      }
    }
    return count;
  }

  private convertWide(value: number | bigint, at: number): void {
    if (typeof value === "number" && value >>> 0 === value) {
      this.registers[at] = value;
      this.registers[at + 1] = 0;
    } else {
      this.wide.setBigUint64(4 * at, BigInt(value), true);
    }
  }

  private convertWord(
    call: KernelCall<unknown>,
    kind: ArgumentKind,
    value: Exclude<CallArgument, BodyFunction>,
  ): number {
    if (typeof value === "string") return this.kernel.intern(value);
    if (typeof value === "object") return value.address;
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw new KernelError(
      call.call,
      Layout.EINVAL,
      `${call.call}: ${String(value)} is not a ${kind}`,
    );
  }
}
