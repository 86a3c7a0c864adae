/**
 * What a program can be given besides numbers and registers: values that are known only when the
 * program is loaded (addresses, channels, texts, amounts of time), and values in data or registers.
 */

import {
  checkArgument,
  count,
  integer,
  long,
  type Rule,
  text as textRule,
  whole,
} from "../core/arguments.js";
import { type ArgumentKind, registersOf } from "../core/call-table.js";
import { ArgumentError } from "../core/errors.js";
import { mistakeInName } from "../core/format.js";
import { isRegister, type Register } from "./registers.js";

/** An amount of virtual time. How many cycles or ticks it is depends on the machine that runs it. */
export interface Duration {
  readonly kind: "duration";
  readonly nanoseconds: bigint;
}

/** A number of clock ticks: a count, or a duration rounded up. */
export interface Ticks {
  readonly kind: "ticks";
  readonly amount: number | Duration;
}

/** A 64-bit number of cycles: a count, or a duration rounded up. */
export interface Cycles {
  readonly kind: "cycles";
  readonly amount: bigint | Duration;
}

/** A wait channel known by a name. */
export interface Channel {
  readonly kind: "channel";
  readonly name: string;
}

/** A text that the kernel is given, such as a wait message. */
export interface Text {
  readonly kind: "string";
  readonly text: string;
}

/** The address of a data block or label, plus `offset` bytes. */
export interface SymbolAddress {
  readonly kind: "symbol";
  readonly name: string;
  readonly offset: number;
}

/** The address of a label: the function of a thread. */
export interface LabelAddress {
  readonly kind: "label";
  readonly name: string;
}

/** A 32-bit value that whoever loads the program supplies by name. */
export interface External {
  readonly kind: "external";
  readonly name: string;
}

/** The word that a data block holds when the instruction runs. */
export interface WordAt {
  readonly kind: "word-at";
  readonly name: string;
  readonly offset: number;
}

/** A 64-bit value in two registers. */
export interface RegisterPair {
  readonly kind: "pair";
  readonly lo: Register;
  readonly hi: Register;
}

/** An operand that is neither a number nor a register. */
export type Symbolic =
  | Duration
  | Ticks
  | Cycles
  | Channel
  | Text
  | SymbolAddress
  | LabelAddress
  | External
  | WordAt
  | RegisterPair;

/** Anything that can be handed to a kernel call. */
export type Operand = number | bigint | Register | Symbolic;

/** A symbolic operand of 32 bits that becomes a constant when the program is loaded. */
export type Constant32 = Ticks | Channel | Text | SymbolAddress | LabelAddress | External;

const nanosecondsPer = { ns: 1, us: 1_000, ms: 1_000_000, seconds: 1_000_000_000 } as const;

function duration(unit: keyof typeof nanosecondsPer, count: number | bigint): Duration {
  const scale = nanosecondsPer[unit];
  const nanoseconds =
    typeof count === "bigint" ? count * BigInt(scale) : exactly(unit, count, scale);
  if (nanoseconds < 0n) {
    throw new ArgumentError(unit, "count", `count is ${count}; a duration cannot be negative`);
  }
  return Object.freeze({ kind: "duration", nanoseconds });
}

/** The exact product of a count and a scale; a count such as 2.3 is meant as the decimal it shows. */
function exactly(unit: string, count: number, scale: number): bigint {
  checkArgument(unit, "count", count, amountRule);
  if (Number.isSafeInteger(count)) return BigInt(count) * BigInt(scale);
  const product = Math.round(count * scale);
  if (!Number.isSafeInteger(product) || product / scale !== count) {
    throw new ArgumentError(
      unit,
      "count",
      `count is ${count}; a duration is a whole number of nanoseconds`,
    );
  }
  return BigInt(product);
}

const amountRule: Rule = {
  allowed: "a number or a bigint",
  accepts: (value) => typeof value === "number" || typeof value === "bigint",
};
const ticksRule: Rule = {
  allowed: "a whole number from 0 to 2147483647, or a duration",
  accepts: (value) => whole32.accepts(value) || isDuration(value),
};
const cyclesRule: Rule = {
  allowed: "a whole number, 0 or more, of at most 64 bits (a bigint beyond 2^53), or a duration",
  accepts: (value) => count.accepts(value) || long.accepts(value) || isDuration(value),
};
const whole32 = whole(0, 2 ** 31 - 1);
const registerRule: Rule = { allowed: "a register's name, such as a0", accepts: isRegister };

function isDuration(value: unknown): value is Duration {
  if (typeof value !== "object" || value === null) return false;
  const { kind, nanoseconds } = value as Record<string, unknown>;
  return kind === "duration" && typeof nanoseconds === "bigint";
}

/** A duration in nanoseconds. */
export const ns = (count: number | bigint): Duration => duration("ns", count);
/** A duration in microseconds; fractions down to a nanosecond are allowed. */
export const us = (count: number | bigint): Duration => duration("us", count);
/** A duration in milliseconds; fractions down to a nanosecond are allowed. */
export const ms = (count: number | bigint): Duration => duration("ms", count);
/** A duration in seconds; fractions down to a nanosecond are allowed. */
export const seconds = (count: number | bigint): Duration => duration("seconds", count);

/** A number of clock ticks (0 to 2,147,483,647), or a duration rounded up to whole ticks. */
export function ticks(amount: number | Duration): Ticks {
  checkArgument("ticks", "amount", amount, ticksRule);
  return Object.freeze({ kind: "ticks", amount });
}

/** A number of cycles (below 2^64), or a duration rounded up to whole cycles. */
export function cycles(amount: number | bigint | Duration): Cycles {
  checkArgument("cycles", "amount", amount, cyclesRule);
  return Object.freeze({
    kind: "cycles",
    amount: typeof amount === "object" ? amount : BigInt(amount),
  });
}

/** An operand that has a name; another value would be taken for one when the program is loaded. */
function named<K extends string>(kind: K, method: string, name: string) {
  checkArgument(method, "name", name, textRule);
  return Object.freeze({ kind, name });
}

/** The same for a place in the program. */
function placed<K extends string>(kind: K, method: string, name: string, offset: number) {
  checkArgument(method, "offset", offset, integer);
  return Object.freeze({ ...named(kind, method, name), offset });
}

/** The wait channel called `name`; the same name is the same channel in the whole machine. */
export const channel = (name: string): Channel => named("channel", "channel", name);

/** A text for the kernel, such as a wait message or a thread's name. */
export function string(text: string): Text {
  checkArgument("string", "text", text, textRule);
  return Object.freeze({ kind: "string", text });
}

/** The address of the data block or label `name`, plus `offset` bytes. */
export const symbol = (name: string, offset = 0): SymbolAddress =>
  placed("symbol", "symbol", name, offset);

/** The address of the label `name`, as the function of a thread. */
export const label = (name: string): LabelAddress => named("label", "label", name);

/** The 32-bit value that whoever loads the program supplies under `name`. */
export const external = (name: string): External => named("external", "external", name);

/** The word that the data block `name` holds, at `offset` bytes, when the instruction runs. */
export const wordAt = (name: string, offset = 0): WordAt =>
  placed("word-at", "wordAt", name, offset);

/** The 64-bit value whose low word is in `lo` and whose high word is in `hi`. */
export function pair(lo: Register, hi: Register): RegisterPair {
  checkArgument("pair", "lo", lo, registerRule);
  checkArgument("pair", "hi", hi, registerRule);
  return Object.freeze({ kind: "pair", lo, hi });
}

/** Which symbolic operands an argument takes besides numbers, registers, `wordAt`, `external`. */
const accepted = {
  i32: [],
  u32: ["symbol", "label"],
  pri: [],
  ticks: ["ticks", "duration"],
  u64: ["cycles", "duration", "pair"],
  cycles: ["cycles", "duration", "pair"],
  thread: [],
  proc: [],
  channel: ["channel", "symbol", "label"],
  wait: ["symbol"],
  token: ["symbol"],
  object: [],
  string: ["string"],
  format: ["string"],
  format_arg: ["string", "symbol", "label"],
  address: ["symbol", "label"],
} as const satisfies Record<ArgumentKind, readonly Symbolic["kind"][]>;

/** What can be given for an argument of a kind. */
export type OperandOf<K extends ArgumentKind> =
  | number
  | Register
  | External
  | WordAt
  | Extract<Symbolic, { kind: (typeof accepted)[K][number] }>
  | (K extends "u64" | "cycles" ? bigint : never);

/** What can be given for the arguments of a call. */
export type OperandsOf<A extends readonly ArgumentKind[]> = {
  [I in keyof A]: OperandOf<A[I]>;
};

/** Why an operand cannot be an argument of a kind, or null. */
export function mistakeIn(kind: ArgumentKind, operand: Operand): string | null {
  const isSymbolic = typeof operand === "object" && operand !== null;
  if (isSymbolic && kind === "format" && operand.kind === "string") {
    const mistake = mistakeInName(operand.text);
    return mistake === null ? null : `is wrong: ${mistake}`;
  }
  const isNumber = typeof operand === "number" || typeof operand === "bigint";
  if (kind === "cycles" && isNumber && operand < 0) return `cannot be negative: ${operand}`;
  const isFine = isSymbolic
    ? accepts(kind, operand)
    : typeof operand === "number" ||
      isRegister(operand) ||
      (typeof operand === "bigint" && registersOf(kind) === 2);
  if (isFine) return null;
  return `cannot be ${typeof operand === "object" ? operand?.kind : JSON.stringify(String(operand))}`;
}

/** Whether an argument of a kind takes a symbolic operand. */
function accepts(kind: ArgumentKind, operand: Symbolic): boolean {
  if (operand.kind === "word-at" || operand.kind === "external") return true;
  return (accepted[kind] as readonly string[]).includes(operand.kind);
}

/** A number of nanoseconds as text, in the greatest unit that keeps it whole. */
export function formatNanoseconds(nanoseconds: bigint): string {
  const units: [string, bigint][] = [
    ["s", 1_000_000_000n],
    ["ms", 1_000_000n],
    ["us", 1_000n],
  ];
  for (const [unit, scale] of units) {
    if (nanoseconds !== 0n && nanoseconds % scale === 0n) return `${nanoseconds / scale} ${unit}`;
  }
  return `${nanoseconds} ns`;
}

/** An operand as it is shown in a listing. */
export function formatOperand(operand: Operand): string {
  if (typeof operand !== "object" || operand === null) return String(operand);
  switch (operand.kind) {
    case "duration":
      return formatNanoseconds(operand.nanoseconds);
    case "ticks":
    case "cycles":
      return `${operand.kind}(${formatOperand(operand.amount)})`;
    case "string":
      return JSON.stringify(operand.text);
    case "pair":
      return `${operand.hi}:${operand.lo}`;
    case "symbol":
      return `&${operand.name}${formatOffset(operand.offset)}`;
    case "label":
      return `&${operand.name}`;
    case "word-at":
      return `[${operand.name}${formatOffset(operand.offset)}]`;
    default:
      return `${operand.kind}(${operand.name})`;
  }
}

function formatOffset(offset: number): string {
  if (offset === 0) return "";
  return offset > 0 ? `+${offset}` : String(offset);
}

/** What fills a block of data. */
export const contentRule: Rule = {
  allowed: "{ words } (an array), { bytes } or { zero } (a number of bytes)",
  accepts: (value) => {
    if (typeof value !== "object" || value === null) return false;
    const { words, bytes } = value as Record<string, unknown>;
    if ("zero" in value) return true;
    return words === undefined ? isIterable(bytes) : Array.isArray(words) && words.every(isWord);
  },
};

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function isWord(value: unknown): boolean {
  return (
    typeof value === "number" || (typeof value === "object" && value !== null && "kind" in value)
  );
}
