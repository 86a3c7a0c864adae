/** The program builder's public face. */

export {
  type Comparison,
  type Condition,
  type DataContent,
  type LoopCount,
  ProgramBuilder,
  programBuilder,
} from "./builder.js";
export type { ArgumentKind, CallSpec, CallTable, ResultKind } from "./call-table.js";
export { type CallNames, callNames, disassemble } from "./disassemble.js";
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
