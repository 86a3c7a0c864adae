// Kernel calls as values: what the generator body of a thread yields. `sys.tsleep("disk", ...)` makes
// a call; `const error = yield* sys.tsleep(...)` performs it and has its result, typed. Where speed
// counts and the result does not, `yield sys.lwkt_yield()` saves the delegation.

import type { CallSpec, ResultKind } from "../core/call-table.js";
import { type CallName, calls } from "../core/calls.js";
import type { KernelCalls } from "./generated/sys.js";

/** Something that stands for a kernel structure by its address: a thread, process, wait or token. */
export interface Handle {
  readonly address: number;
}

/** The body of a thread: a generator that yields kernel calls and gets their results. */
export type Body = Generator<KernelCall<unknown>, void, number>;

/** A function that makes a thread's body; it gets the thread's argument. */
export type BodyFunction = (arg: number) => Body;

/** What a creating call returns: an error number, or 0 and the address of what it created. */
export interface Created {
  readonly error: number;
  readonly address: number;
}

/** An argument of a call as a body gives it. */
export type CallArgument = string | number | bigint | Handle | BodyFunction;

/** A kernel call with its arguments. */
export class KernelCall<Result> {
  /** Its name. */
  readonly call: CallName;
  /** Its number. */
  readonly nr: number;
  /** Its arguments as given. */
  readonly args: readonly CallArgument[];
  /** True if its result takes two registers. */
  readonly isWide: boolean;

  /** `spec` is what the table of calls says of `call`, for those who have it at hand. */
  constructor(call: CallName, args: readonly CallArgument[], spec: CallSpec = calls[call]) {
    this.call = call;
    this.nr = spec.nr;
    this.args = args;
    const { returns } = spec;
    this.isWide = returns === "u64" || returns === "cycles" || returns === "created";
  }

  /** Performs the call: for `yield*` in a body. */
  [Symbol.iterator](): Generator<KernelCall<unknown>, Result, number> {
    return new Performance<Result>(this);
  }
}

/** Yields a call once and returns its result. A generator would do, in twice the time. */
class Performance<Result> implements Generator<KernelCall<unknown>, Result, number> {
  private readonly call: KernelCall<Result>;
  private hasBegun = false;

  constructor(call: KernelCall<Result>) {
    this.call = call;
  }

  next(low: number): IteratorResult<KernelCall<unknown>, Result> {
    if (!this.hasBegun) {
      this.hasBegun = true;
      return { value: this.call as KernelCall<unknown>, done: false };
    }
    const { returns } = callSpecs[this.call.nr] as CallSpec;
    return { value: convertResult(returns, low) as Result, done: true };
  }

  return(value: Result): IteratorResult<KernelCall<unknown>, Result> {
    return { value, done: true };
  }

  throw(error: unknown): never {
    throw error;
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** The calls by number: found faster than by name. */
export const callSpecs: readonly (CallSpec | undefined)[] = specsByNumber();

/** True for a kernel call, also one that another copy of this library has made. */
export function isKernelCall(value: unknown): value is KernelCall<unknown> {
  const { nr, args } = (value ?? {}) as Partial<KernelCall<unknown>>;
  return typeof nr === "number" && callSpecs[nr] !== undefined && Array.isArray(args);
}

function specsByNumber(): (CallSpec | undefined)[] {
  const specs: (CallSpec | undefined)[] = [];
  for (const spec of Object.values<CallSpec>(calls)) {
    while (specs.length <= spec.nr) specs.push(undefined);
    specs[spec.nr] = spec;
  }
  return specs;
}

/** The high word of a 64-bit result, which the machine leaves here just before it resumes a body. */
export const resultHigh = sharedResultHigh();

/**
 * One for all copies of this library in the process: the command has one of its own, and the module that it
 * searches another one, whose calls read the results.
 */
function sharedResultHigh(): { word: number } {
  const key = Symbol.for("kthread-machine.resultHigh");
  const global = globalThis as { [key: symbol]: { word: number } | undefined };
  global[key] ??= { word: 0 };
  return global[key];
}

function convertResult(kind: ResultKind, low: number): unknown {
  switch (kind) {
    case "void":
    case "never":
      return undefined;
    case "bool":
      return low !== 0;
    case "u64":
    case "cycles":
      return (BigInt(resultHigh.word >>> 0) << 32n) | BigInt(low >>> 0);
    case "created":
      return { error: low, address: low === 0 ? resultHigh.word >>> 0 : 0 } satisfies Created;
    case "i32":
    case "pri":
    case "ticks":
      return low;
    default:
      return low >>> 0;
  }
}

/** The arguments of all calls without any. */
export const noArguments: readonly CallArgument[] = Object.freeze([]);

function callFactory(name: CallName): (...args: CallArgument[]) => KernelCall<unknown> {
  const spec: CallSpec = calls[name];
  if (spec.args.length === 0) {
    const only = Object.freeze(new KernelCall<unknown>(name, noArguments));
    return () => only;
  }
  return (...args) => new KernelCall<unknown>(name, args, spec);
}

/** The kernel calls, for bodies and for {@link Machine.call}. */
export const sys = Object.freeze(
  Object.fromEntries((Object.keys(calls) as CallName[]).map((name) => [name, callFactory(name)])),
) as unknown as KernelCalls;

/**
 * The kernel calls under their former name.
 * @deprecated Use {@link sys}; this name goes with the next release.
 */
export const kernel = sys;
