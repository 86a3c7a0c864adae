/** The program builder's public face. */

import { calls } from "../core/calls.js";
import { type ProgramBuilder, programBuilder } from "./builder.js";

export {
  type ArgumentKind,
  type CallNames,
  type CallSpec,
  type CallTable,
  callNames,
  type ResultKind,
} from "../core/call-table.js";
export {
  type Comparison,
  type Condition,
  type DataContent,
  type LoopCount,
  ProgramBuilder,
  programBuilder,
} from "./builder.js";
export { expandCompressed, isCompressed } from "./compressed.js";
export { disassemble } from "./disassemble.js";
export { decode, encode, type Instruction, type Mnemonic, type Ordering } from "./encode.js";
export { ProgramError } from "./errors.js";
export { type LinkedProgram, type LinkOptions, type LinkResolver, link, unitsOf } from "./link.js";
export {
  type Channel,
  type Constant32,
  type Cycles,
  channel,
  cycles,
  type Duration,
  type External,
  external,
  type LabelAddress,
  label,
  ms,
  ns,
  type Operand,
  type OperandOf,
  pair,
  type RegisterPair,
  type SymbolAddress,
  type Symbolic,
  seconds,
  string,
  symbol,
  type Text,
  type Ticks,
  ticks,
  us,
  type WordAt,
  wordAt,
} from "./operands.js";
export type {
  LinkValue,
  Program,
  ProgramData,
  ProgramSymbol,
  Relocation,
  Section,
} from "./program.js";
export { type Register, registerName, registerNames, registerNumber } from "./registers.js";

/** A builder of programs that can make every kernel call of the machine. */
export type MachineProgramBuilder = ProgramBuilder<typeof calls>;

/**
 * Starts a program for a thread. The name is shown in listings and errors.
 *
 *     program("yielder").label("again").compute(us(100)).call("lwkt_yield").jump("again").build();
 */
export const program: (name?: string) => MachineProgramBuilder = programBuilder(calls);
