// The shape of a table of kernel calls: what the program builder needs to know of each call.

import { arrayOf, checkArgument, integer, type Rule, shaped, shown, text } from "./arguments.js";
import { ConfigError } from "./errors.js";

/** The largest number of a kernel call: the immediate of its instruction has 12 bits, unsigned. */
export const KERNEL_CALL_MAX = 0xfff;

/**
 * What an argument stands for. A `u64` and a `cycles` take two registers, the low word first; every
 * other kind takes one.
 *
 * - `i32`, `u32`, `pri`: a number
 * - `ticks`: a number of clock ticks; a duration is rounded up to whole ticks
 * - `u64`, `cycles`: a 64-bit number of cycles, or a duration, rounded up to whole cycles
 * - `thread`, `proc`: a reference that an earlier call returned
 * - `channel`: a wait channel, by name or by address
 * - `wait`, `token`: a kernel object, by address or by the number that an earlier call returned
 * - `object`: a mutex, condition variable, semaphore, barrier or timer, by the address that the call
 *   which made it returned
 * - `string`: a text, such as a wait message
 * - `format`: the name of a thread or process, in which one directive of printf's stands for the next argument
 * - `format_arg`: what that directive prints: a number, or for `%s` a text
 * - `address`: a guest address, or the function of a thread
 */
export type ArgumentKind =
  | "i32"
  | "u32"
  | "pri"
  | "ticks"
  | "u64"
  | "cycles"
  | "thread"
  | "proc"
  | "channel"
  | "wait"
  | "token"
  | "object"
  | "string"
  | "format"
  | "format_arg"
  | "address";

/**
 * What a call leaves in a0 (for `u64` in a0 and a1, the low word first). `void` leaves nothing
 * useful there; a `never` call does not return; a `created` call leaves an error number in a0 and, if
 * that is 0, the address of the new thread or process in a1.
 */
export type ResultKind =
  | "void"
  | "never"
  | "bool"
  | "created"
  | Exclude<ArgumentKind, "string" | "format" | "format_arg">;

/** One kernel call. */
export interface CallSpec {
  /** The number in the call's instruction, 0 to 4095. */
  readonly nr: number;
  /** The arguments, in the order of their registers from a0 on. */
  readonly args: readonly ArgumentKind[];
  readonly returns: ResultKind;
  /** One sentence on what the call does. */
  readonly doc: string;
}

/** Kernel calls by name. */
export type CallTable = Readonly<Record<string, CallSpec>>;

/** The most argument registers that a call can use: a0 to a7. */
export const ARGUMENT_REGISTERS_MAX = 8;

/** How many registers an argument of a kind takes. */
export function registersOf(kind: ArgumentKind): 1 | 2 {
  return kind === "u64" || kind === "cycles" ? 2 : 1;
}

const callRule = shaped("", { args: arrayOf(text, ""), nr: integer });

/** A table of kernel calls; whether their numbers make sense {@link checkCallTable} says. */
const tableRule: Rule = {
  allowed:
    "an object with a description of each kernel call: its number and the kinds of its arguments",
  accepts: (value) =>
    typeof value === "object" && value !== null && Object.values(value).every(callRule.accepts),
};

/** Gives a kernel call's name by its number. */
export type CallNames = (nr: number) => string | undefined;

/** What a C program adds to a call's number when the call has strings or channels. */
const C_CALL = 2048;

/** The names of a table's calls by their numbers, those of C programs included. */
export function callNames(table: CallTable): CallNames {
  checkArgument("callNames", "table", table, tableRule);
  const names = new Map(Object.entries(table).map(([name, call]) => [call.nr, name]));
  return (nr) => names.get(nr % C_CALL);
}

/** Throws a ConfigError if a table's numbers clash or a call has too many arguments. */
export function checkCallTable(table: CallTable): void {
  checkArgument("programBuilder", "table", table, tableRule);
  const seen = new Map<number, string>();
  for (const [name, call] of Object.entries(table)) {
    const other = seen.get(call.nr);
    if (other !== undefined) {
      throw new ConfigError(`kernel calls ${other} and ${name} have the same number ${call.nr}`);
    }
    seen.set(call.nr, name);
    checkCall(name, call);
  }
}

function checkCall(name: string, call: CallSpec): void {
  if (!Number.isInteger(call.nr) || call.nr < 0 || call.nr > KERNEL_CALL_MAX) {
    throw new ConfigError(`kernel call ${name}: number ${shown(call.nr)} is not from 0 to 4095`);
  }
  const registers = call.args.reduce((sum, kind) => sum + registersOf(kind), 0);
  if (registers > ARGUMENT_REGISTERS_MAX) {
    throw new ConfigError(`kernel call ${name} needs ${registers} argument registers, more than 8`);
  }
}
