/**
 * The 16-bit instructions of RV32C: each stands for one of 32 bits, and this says for which (RISC-V
 * unprivileged specification, chapter "C"). Those with floating-point registers, and reserved ones,
 * stand for none.
 */

import { checkArgument, word as wordRule } from "../core/arguments.js";
import { encode, type Mnemonic } from "./encode.js";

const SP = 2;
const RA = 1;

/** True for the first half of an instruction that has only this one. */
export function isCompressed(half: number): boolean {
  checkArgument("isCompressed", "half", half, wordRule);
  return (half & 3) !== 3;
}

/** `count` bits of the half from bit `from` on, to be placed at bit `to`. */
function bits(half: number, from: number, count: number, to: number): number {
  return ((half >>> from) & ((1 << count) - 1)) << to;
}

/** `value` as a signed number of `width` bits. */
function signed(value: number, width: number): number {
  return (value << (32 - width)) >> (32 - width);
}

function word(op: Mnemonic, rd: number, rs1: number, rs2: number, imm: number): number {
  return encode({ op, rd, rs1, rs2, imm });
}

/** The instruction of 32 bits that one of 16 bits stands for, or undefined where it stands for none. */
export function expandCompressed(half: number): number | undefined {
  checkArgument("expandCompressed", "half", half, wordRule);
  const funct3 = half >>> 13;
  switch (half & 3) {
    case 0:
      return quadrant0(half, funct3);
    case 1:
      return quadrant1(half, funct3);
    case 2:
      return quadrant2(half, funct3);
    default:
      return undefined;
  }
}

/** One of the registers x8 to x15, in the three bits from `from` on. */
function register3(half: number, from: number): number {
  return 8 + ((half >>> from) & 7);
}

function quadrant0(half: number, funct3: number): number | undefined {
  const rd = register3(half, 2);
  const rs1 = register3(half, 7);
  const offset = bits(half, 10, 3, 3) | bits(half, 6, 1, 2) | bits(half, 5, 1, 6);
  if (funct3 === 2) return word("lw", rd, rs1, 0, offset);
  if (funct3 === 6) return word("sw", 0, rs1, rd, offset);
  if (funct3 !== 0) return undefined;
  const imm =
    bits(half, 11, 2, 4) | bits(half, 7, 4, 6) | bits(half, 6, 1, 2) | bits(half, 5, 1, 3);
  return imm === 0 ? undefined : word("addi", rd, SP, 0, imm);
}

function quadrant1(half: number, funct3: number): number | undefined {
  const rd = (half >>> 7) & 31;
  const imm = signed(bits(half, 12, 1, 5) | bits(half, 2, 5, 0), 6);
  switch (funct3) {
    case 0:
      return word("addi", rd, rd, 0, imm);
    case 1:
      return word("jal", RA, 0, 0, jumpOffset(half));
    case 2:
      return word("addi", rd, 0, 0, imm);
    case 3:
      return rd === SP ? addToStackPointer(half) : upperImmediate(rd, imm);
    case 4:
      return arithmetic(half, imm);
    case 5:
      return word("jal", 0, 0, 0, jumpOffset(half));
    default:
      return word(funct3 === 6 ? "beq" : "bne", 0, register3(half, 7), 0, branchOffset(half));
  }
}

function addToStackPointer(half: number): number | undefined {
  const imm = signed(
    bits(half, 12, 1, 9) |
      bits(half, 6, 1, 4) |
      bits(half, 5, 1, 6) |
      bits(half, 3, 2, 7) |
      bits(half, 2, 1, 5),
    10,
  );
  return imm === 0 ? undefined : word("addi", SP, SP, 0, imm);
}

function upperImmediate(rd: number, imm: number): number | undefined {
  return imm === 0 ? undefined : word("lui", rd, 0, 0, imm & 0xfffff);
}

function jumpOffset(half: number): number {
  return signed(
    bits(half, 12, 1, 11) |
      bits(half, 11, 1, 4) |
      bits(half, 9, 2, 8) |
      bits(half, 8, 1, 10) |
      bits(half, 7, 1, 6) |
      bits(half, 6, 1, 7) |
      bits(half, 3, 3, 1) |
      bits(half, 2, 1, 5),
    12,
  );
}

function branchOffset(half: number): number {
  return signed(
    bits(half, 12, 1, 8) |
      bits(half, 10, 2, 3) |
      bits(half, 5, 2, 6) |
      bits(half, 3, 2, 1) |
      bits(half, 2, 1, 5),
    9,
  );
}

const registerOps = ["sub", "xor", "or", "and"] as const;

function arithmetic(half: number, imm: number): number | undefined {
  const rd = register3(half, 7);
  const isWide = (half & 0x1000) !== 0;
  switch ((half >>> 10) & 3) {
    case 0:
      return isWide ? undefined : word("srli", rd, rd, 0, imm);
    case 1:
      return isWide ? undefined : word("srai", rd, rd, 0, imm);
    case 2:
      return word("andi", rd, rd, 0, imm);
    default: {
      const op = registerOps[(half >>> 5) & 3];
      return isWide || op === undefined ? undefined : word(op, rd, rd, register3(half, 2), 0);
    }
  }
}

function quadrant2(half: number, funct3: number): number | undefined {
  const rd = (half >>> 7) & 31;
  const rs2 = (half >>> 2) & 31;
  const isHigh = (half & 0x1000) !== 0;
  if (funct3 === 0) return isHigh ? undefined : word("slli", rd, rd, 0, rs2);
  if (funct3 === 2) {
    const offset = bits(half, 12, 1, 5) | bits(half, 4, 3, 2) | bits(half, 2, 2, 6);
    return rd === 0 ? undefined : word("lw", rd, SP, 0, offset);
  }
  if (funct3 === 6) return word("sw", 0, SP, rs2, bits(half, 9, 4, 2) | bits(half, 7, 2, 6));
  if (funct3 !== 4) return undefined;
  if (rs2 !== 0) return word("add", rd, isHigh ? rd : 0, rs2, 0);
  if (rd !== 0) return word("jalr", isHigh ? RA : 0, rd, 0, 0);
  return isHigh ? word("ebreak", 0, 0, 0, 0) : undefined;
}
