// Compressed instructions (the C extension of RV32): each 16-bit instruction stands for a 32-bit one.
//
// A pure function maps one to the other, so that the decoder and rv32_slow handle only the long form.
// Encodings that are reserved, or belong to floating point, map to 0, which is not an instruction. A hint
// maps to an instruction without effect.
//
// The manual's rd', rs1' and rs2' are the registers x8 to x15, in three bits: `low` and `high` here.
import {
  EBREAK,
  OP,
  OP_BRANCH,
  OP_IMM,
  OP_JAL,
  OP_JALR,
  OP_LOAD,
  OP_LUI,
  OP_STORE,
} from "./rv32_opcode";

/** Funct7 of sub and of the arithmetic shift, in position. */
const ALTERNATE: u32 = 0x40000000;

/** True if the instruction that begins with these 16 bits ends with them. */
export function rv_is_compressed(half: u32): bool {
  return (half & 3) != 3;
}

/** The 32-bit form of a compressed instruction; 0 if it is not an instruction. */
export function rv_expand(half: u32): u32 {
  switch (half & 3) {
    case 0:
      return expand_memory(half);
    case 1:
      return expand_arithmetic(half);
    case 2:
      return expand_stack(half);
    default:
      return 0;
  }
}

// ---- Fields ----

/** `count` bits of an instruction from bit `at`, moved to bit `to`. */
function bits(half: u32, at: u32, count: u32, to: u32): u32 {
  return ((half >> at) & ((1 << count) - 1)) << to;
}

/** rs1' or rd' in bits 9 to 7. */
function high(half: u32): u32 {
  return 8 + bits(half, 7, 3, 0);
}

/** rs2' or rd' in bits 4 to 2. */
function low(half: u32): u32 {
  return 8 + bits(half, 2, 3, 0);
}

/** The signed six-bit immediate of arithmetic instructions. */
function imm6(half: u32): i32 {
  return ((<i32>(half << 19) >> 31) << 5) | bits(half, 2, 5, 0);
}

function funct3(half: u32): u32 {
  return half >> 13;
}

// ---- Long forms ----

function i_type(opcode: u32, funct: u32, rd: u32, rs1: u32, imm: i32): u32 {
  return (imm << 20) | (rs1 << 15) | (funct << 12) | (rd << 7) | opcode;
}

function r_type(funct: u32, rd: u32, rs1: u32, rs2: u32): u32 {
  return (rs2 << 20) | (rs1 << 15) | (funct << 12) | (rd << 7) | OP;
}

function store_word(rs1: u32, rs2: u32, imm: u32): u32 {
  return ((imm >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (2 << 12) | ((imm & 31) << 7) | OP_STORE;
}

function jump_and_link(rd: u32, half: u32): u32 {
  const imm =
    ((<i32>(half << 19) >> 31) << 11) |
    bits(half, 11, 1, 4) |
    bits(half, 9, 2, 8) |
    bits(half, 8, 1, 10) |
    bits(half, 7, 1, 6) |
    bits(half, 6, 1, 7) |
    bits(half, 3, 3, 1) |
    bits(half, 2, 1, 5);
  const far = <u32>imm;
  return (
    ((far & 0x100000) << 11) |
    ((far & 0x7fe) << 20) |
    ((far & 0x800) << 9) |
    (far & 0xff000) |
    (rd << 7) |
    OP_JAL
  );
}

/** A branch that compares rs1' with x0. */
function branch_on_zero(funct: u32, half: u32): u32 {
  const imm =
    ((<i32>(half << 19) >> 31) << 8) |
    bits(half, 10, 2, 3) |
    bits(half, 5, 2, 6) |
    bits(half, 3, 2, 1) |
    bits(half, 2, 1, 5);
  const far = <u32>imm;
  return (
    ((far & 0x1000) << 19) |
    ((far & 0x7e0) << 20) |
    (high(half) << 15) |
    (funct << 12) |
    ((far & 0x1e) << 7) |
    ((far & 0x800) >> 4) |
    OP_BRANCH
  );
}

// ---- The three quadrants ----

/** Loads and stores of words, and stack addresses. */
function expand_memory(half: u32): u32 {
  const word_offset = bits(half, 10, 3, 3) | bits(half, 6, 1, 2) | bits(half, 5, 1, 6);
  switch (funct3(half)) {
    case 0: {
      const imm =
        bits(half, 11, 2, 4) | bits(half, 7, 4, 6) | bits(half, 6, 1, 2) | bits(half, 5, 1, 3);
      return imm == 0 ? 0 : i_type(OP_IMM, 0, low(half), 2, imm);
    }
    case 2:
      return i_type(OP_LOAD, 2, low(half), high(half), word_offset);
    case 6:
      return store_word(high(half), low(half), word_offset);
    default:
      return 0;
  }
}

/** Constants, arithmetic, jumps and branches. */
function expand_arithmetic(half: u32): u32 {
  const rd = bits(half, 7, 5, 0);
  switch (funct3(half)) {
    case 0:
      return i_type(OP_IMM, 0, rd, rd, imm6(half));
    case 1:
      return jump_and_link(1, half);
    case 2:
      return i_type(OP_IMM, 0, rd, 0, imm6(half));
    case 3:
      return rd == 2 ? add_to_sp(half) : load_upper(rd, imm6(half));
    case 4:
      return expand_operation(half);
    case 5:
      return jump_and_link(0, half);
    case 6:
      return branch_on_zero(0, half);
    default:
      return branch_on_zero(1, half);
  }
}

function load_upper(rd: u32, imm: i32): u32 {
  return imm == 0 ? 0 : (imm << 12) | (rd << 7) | OP_LUI;
}

function add_to_sp(half: u32): u32 {
  const imm =
    ((<i32>(half << 19) >> 31) << 9) |
    bits(half, 6, 1, 4) |
    bits(half, 5, 1, 6) |
    bits(half, 3, 2, 7) |
    bits(half, 2, 1, 5);
  return imm == 0 ? 0 : i_type(OP_IMM, 0, 2, 2, imm);
}

/** Right shifts, andi, and the two-register operations. */
function expand_operation(half: u32): u32 {
  const rd = high(half);
  const wide = bits(half, 12, 1, 0);
  switch (bits(half, 10, 2, 0)) {
    case 0:
      return wide != 0 ? 0 : i_type(OP_IMM, 5, rd, rd, bits(half, 2, 5, 0));
    case 1:
      return wide != 0 ? 0 : ALTERNATE | i_type(OP_IMM, 5, rd, rd, bits(half, 2, 5, 0));
    case 2:
      return i_type(OP_IMM, 7, rd, rd, imm6(half));
  }
  if (wide != 0) return 0;
  switch (bits(half, 5, 2, 0)) {
    case 0:
      return ALTERNATE | r_type(0, rd, rd, low(half));
    case 1:
      return r_type(4, rd, rd, low(half));
    case 2:
      return r_type(6, rd, rd, low(half));
    default:
      return r_type(7, rd, rd, low(half));
  }
}

/** Loads and stores relative to sp, moves, and jumps to registers. */
function expand_stack(half: u32): u32 {
  const rd = bits(half, 7, 5, 0);
  const wide = bits(half, 12, 1, 0);
  switch (funct3(half)) {
    case 0:
      return wide != 0 ? 0 : i_type(OP_IMM, 1, rd, rd, bits(half, 2, 5, 0));
    case 2: {
      const imm = bits(half, 12, 1, 5) | bits(half, 4, 3, 2) | bits(half, 2, 2, 6);
      return rd == 0 ? 0 : i_type(OP_LOAD, 2, rd, 2, imm);
    }
    case 4:
      return expand_register_move(wide, rd, bits(half, 2, 5, 0));
    case 6:
      return store_word(2, bits(half, 2, 5, 0), bits(half, 9, 4, 2) | bits(half, 7, 2, 6));
    default:
      return 0;
  }
}

function expand_register_move(add: u32, rd: u32, rs2: u32): u32 {
  if (rs2 != 0) return r_type(0, rd, add != 0 ? rd : 0, rs2);
  if (rd == 0) return add != 0 ? EBREAK : 0;
  return i_type(OP_JALR, 0, add, rd, 0);
}
