// Host bodies: which generator belongs to which thread, and how the machine's steps and theirs alternate.

import type { ArgumentKind } from "../core/call-table.js";
import { calls } from "../core/calls.js";
import { KernelError } from "../core/errors.js";
import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import {
  type Body,
  type BodyFunction,
  type CallArgument,
  type KernelCall,
  resultHigh,
} from "./calls.js";

/** `func` of a thread whose body is a generator (kern_switch.ts FUNC_HOST). */
export const FUNC_HOST = 0xffffffff;

const { Thread: T, Frame: F, Machine: M, MACHINE_ADDRESS, GlobalData: G } = Layout;
const CURCPU = (MACHINE_ADDRESS + M.curcpu) >>> 2;

/** A body of a thread has thrown. The machine stays as it was when the body was asked for its step. */
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
  private readonly frameDelta: number;
  private nextCookie = 1;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.tdBase = kernel.machine("td_base");
    this.frameDelta = kernel.machine("frame_delta");
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
   * Does steps of host bodies while the machine asks for them: `reason` is what it returned, the result
   * is the first reason that is not a request for a step.
   */
  drive(reason: number): number {
    const { kernel, tdBase, frameDelta } = this;
    const { u8, u32, i32, exports } = kernel;
    while (reason === Layout.Run.HOST) {
      const td = u32[((u32[CURCPU] as number) + G.gd_curthread) >>> 2] as number;
      const index = (td - tdBase) >>> 6;
      if (((u8[td + T.td_body] as number) & Layout.TDB_FRESH) !== 0) this.start(td, index);
      const a0 = (td + frameDelta + F.a0) >>> 2;
      resultHigh.word = i32[a0 + 1] as number;
      const body = this.running[index] as Body;
      let call: KernelCall<unknown> | undefined;
      try {
        const step = body.next(i32[a0] as number);
        if (!step.done) call = step.value;
      } catch (error) {
        if (error === kernel.panic) throw error;
        throw new BodyError(kernel.nameAt(td), td, error);
      }
      if (call === undefined) {
        this.running[index] = undefined;
        reason = exports.machine_step(Layout.Sys.body_return);
      } else {
        if (call.args.length !== 0) kernel.writeArguments(td, this.convert(call));
        reason = exports.machine_step(call.nr);
      }
    }
    return reason;
  }

  private start(td: number, index: number): void {
    const cookie = this.kernel.read(this.kernel.frame(td) + F.a0);
    const waiting = this.waiting.get(cookie);
    if (waiting === undefined) throw new Error(`thread at 0x${td.toString(16)} has no body`);
    this.waiting.delete(cookie);
    this.kernel.u8[td + T.td_body] = Layout.TDB.HOST;
    this.running[index] = waiting.body(waiting.arg);
  }

  /** Turns a call's arguments into register values. */
  convert(call: KernelCall<unknown>): number[] {
    const kinds = calls[call.call].args as readonly ArgumentKind[];
    const registers: number[] = [];
    for (let i = 0; i < kinds.length; i++) {
      const value = call.args[i] ?? 0;
      if (typeof value === "function") {
        const arg = call.args[i + 1];
        registers.push(FUNC_HOST, this.announce(value, typeof arg === "number" ? arg : 0));
        i++;
      } else {
        this.convertOne(call, kinds[i] as ArgumentKind, value, registers);
      }
    }
    return registers;
  }

  private convertOne(
    call: KernelCall<unknown>,
    kind: ArgumentKind,
    value: Exclude<CallArgument, BodyFunction>,
    registers: number[],
  ): void {
    if (kind === "u64" || kind === "cycles") {
      const wide = BigInt.asUintN(64, BigInt(value as number | bigint));
      registers.push(Number(wide & 0xffffffffn), Number(wide >> 32n));
    } else if (typeof value === "string") {
      registers.push(this.kernel.intern(value));
    } else if (typeof value === "object") {
      registers.push(value.address);
    } else if (typeof value === "number" && Number.isInteger(value)) {
      registers.push(value);
    } else {
      throw new KernelError(
        call.call,
        Layout.EINVAL,
        `${call.call}: ${String(value)} is not a ${kind}`,
      );
    }
  }
}
