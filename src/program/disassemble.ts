/** Words as assembler text, in the notation of the RISC-V assemblers without aliases. */

import { callback, checkArgument, word as wordRule } from "../core/arguments.js";
import type { CallNames } from "../core/call-table.js";
import { csrNumbers, decode, formatOf, type Instruction, orderings } from "./encode.js";
import { registerName } from "./registers.js";

function accesses(bits: number): string {
  if (bits === 0) return "0";
  return [..."iorw"].filter((_, index) => (bits & (8 >> index)) !== 0).join("");
}

function fence(imm: number): string {
  if (imm === 0x833) return "fence.tso";
  return `fence ${accesses((imm >>> 4) & 15)}, ${accesses(imm & 15)}`;
}

const csrNames = new Map<number, string>(
  Object.entries(csrNumbers).map(([name, number]) => [number, name]),
);

function csrName(csr: number): string {
  return csrNames.get(csr) ?? `0x${csr.toString(16)}`;
}

function atomicName({ op, imm }: Instruction): string {
  const ordering = orderings[imm];
  return ordering ? `${op}.${ordering}` : op;
}

function operands(insn: Instruction, callName: CallNames): string {
  const { op, imm } = insn;
  const rd = registerName(insn.rd);
  const rs1 = registerName(insn.rs1);
  const rs2 = registerName(insn.rs2);
  switch (formatOf(op)) {
    case "R":
      return `${op} ${rd}, ${rs1}, ${rs2}`;
    case "I":
    case "Shift":
      return `${op} ${rd}, ${rs1}, ${imm}`;
    case "Load":
      return `${op} ${rd}, ${imm}(${rs1})`;
    case "S":
      return `${op} ${rs2}, ${imm}(${rs1})`;
    case "B":
      return `${op} ${rs1}, ${rs2}, ${imm}`;
    case "U":
    case "J":
      return `${op} ${rd}, ${imm}`;
    case "Amo":
      return `${atomicName(insn)} ${rd}, ${rs2}, (${rs1})`;
    case "Lr":
      return `${atomicName(insn)} ${rd}, (${rs1})`;
    case "Fence":
      return fence(imm);
    case "Csr":
      return `${op} ${rd}, ${csrName(imm)}, ${rs1}`;
    case "CsrI":
      return `${op} ${rd}, ${csrName(imm)}, ${insn.rs1}`;
    case "Call":
      return `${op} ${callName(imm) ?? imm}`;
    default:
      return op;
  }
}

/**
 * A word as text. Jumps and branches show their byte offset; a kernel call shows its name if
 * `callName` knows it; a word that is no instruction shows as `.word`.
 */
export function disassemble(word: number, callName: CallNames = () => undefined): string {
  checkArgument("disassemble", "word", word, wordRule);
  checkArgument("disassemble", "callName", callName, callback);
  const insn = decode(word);
  if (insn === undefined) return `.word 0x${(word >>> 0).toString(16).padStart(8, "0")}`;
  return operands(insn, callName);
}
