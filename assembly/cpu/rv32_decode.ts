// Decoding of RV32IMAC text into records that the inner loop (rv32.ts) executes.
//
// An instruction may begin at any even guest address. So there is a record of 16 bytes for the instruction
// that begins there, at decoded_base + 8 * the guest address:
//
//   0        4        8        12
//  | op     | a      | b      | c      |
//
// A 4-byte instruction advances execution by 32 bytes of records, a compressed one, which has an operation of its own
// (C_LW) with the same operands, by 16. Both instruction streams that a halfword can belong to are decoded, so that a
// jump into the middle of an instruction behaves as on a real CPU.
//
// Operands, where an operation has them:
//   a  result; a store's value; a branch's left side
//   b  first source; the base of a load or store; a branch's right side; JAL: the return address
//   c  second source, immediate or offset; the distance of a branch or jump; CALL, YIELD: the event
//
// A register is an offset from the thread, ready to be added. A distance is in bytes of records, from the end of a
// 4-byte record, whatever the instruction's length. x0 has no slot in a frame (retval is there), so it is decoded
// away: a result in x0 gives a no-operation, a source x0 gives a constant, a move, or a comparison with zero. What is
// too rare for an operation of its own is RvOp.SLOW, which executes the word itself (rv32_slow.ts).
//
// Behind the last record there is one that faults, so that running off the end of the text needs no check: the arena
// holds rv32_decoded_size() bytes.
//
// Rejected: records only where instructions begin, next to each other. They take half of the memory, but a jump to a
// register must look up its record, overlapping streams need jumps between them, and a change moves what is behind it.

import { text_changed } from "../env";
import { machine, Sched } from "../sys/machine";
import { search } from "../sys/search";
import { Sys } from "../sys/syscall";
import { rv_expand, rv_is_compressed } from "./rv32_compressed";
import { RvOp } from "./rv32_op";
import {
  CALL_SHIFT,
  ECALL,
  OP,
  OP_AUIPC,
  OP_BRANCH,
  OP_CUSTOM_0,
  OP_IMM,
  OP_JAL,
  OP_JALR,
  OP_LOAD,
  OP_LUI,
  OP_MISC_MEM,
  OP_STORE,
  OP_SYSTEM,
  OPCODE_MASK,
} from "./rv32_opcode";

/** Distance from the record of a 4-byte instruction to the next one, and from that of a compressed one. */
export const RECORD_SIZE: usize = 32;
export const RECORD_HALF: usize = 16;
/** Shift from bytes of guest addresses to bytes of records. */
export const RECORD_SHIFT: usize = 3;
/** Shift from cycles to bytes of records: an instruction takes a cycle, and RECORD_SIZE (rv32.ts). */
export const CLOCK_SHIFT: u64 = 5;

/** One decoded instruction. */
@unmanaged
export class Record {
  op: u32;
  a: u32;
  b: u32;
  c: u32;
}

if (offsetof<Record>() != RECORD_HALF) ERROR("RECORD_HALF: there is a record for every two bytes");
if (RECORD_SIZE != 2 * RECORD_HALF) ERROR("RECORD_SIZE: an instruction of 4 bytes has two records");
if (RECORD_HALF != (<usize>2) << RECORD_SHIFT) ERROR("RECORD_SHIFT: not a record for two bytes");
if (<u64>RECORD_SIZE != (<u64>1) << CLOCK_SHIFT) ERROR("CLOCK_SHIFT: a cycle is not RECORD_SIZE");

/** Bytes of the decoded text: a record per halfword, and the one behind the last. */
export function rv32_decoded_size(text_size: u32): u64 {
  return ((<u64>text_size) << RECORD_SHIFT) + RECORD_HALF;
}

/** The record of a guest address in the text. */
export function rv32_record(guest: u32): usize {
  const m = machine();
  return m.decoded_base + ((<usize>(guest - m.guest_origin)) << RECORD_SHIFT);
}

/** The guest address of a record. */
export function rv32_guest_pc(record: usize): u32 {
  const m = machine();
  return <u32>((record - m.decoded_base) >> RECORD_SHIFT) + m.guest_origin;
}

/** The address of the byte at a guest address. */
export function rv_host_address(guest: u32): usize {
  const m = machine();
  return m.guest_base + <usize>(guest - m.guest_origin);
}

/**
 * Decodes the guest's text from `from` to `to`, even guest addresses. The host calls it after loading a
 * program. An instruction that begins before `from` and reaches into the range is decoded again, too.
 */
export function rv32_decode_text(from: u32, to: u32): void {
  store<u32>(rv32_record(machine().text_size), RvOp.SLOW); // running off the end is a fault
  if (machine().jit_period != 0) text_changed(from, to);
  if (machine().search != 0) search().s_decodings++;
  const first = from >= 2 ? from - 2 : 0;
  for (let pc = first; pc < to; pc += 2) rv32_decode_at(pc);
  for (let pc = first; pc < to; pc += 2) mark_jump_to_yield(pc);
}

/** Gives a jump to a yield its own operation, if the yield has been decoded already. */
function mark_jump_to_yield(pc: u32): void {
  const at = rv32_record(pc);
  const record = changetype<Record>(at);
  if (record.op != RvOp.J) return;
  const target = at + RECORD_SIZE + <usize>record.c;
  if (load<u32>(target) == RvOp.YIELD) record.op = RvOp.J_YIELD;
}

/**
 * The instruction at an even address of the text, in its 32-bit form; 0, which is not an instruction, if it
 * reaches beyond the text. rv_length gives its actual length.
 */
export function rv_fetch(pc: u32): u32 {
  const at = rv_host_address(pc);
  const half = <u32>load<u16>(at);
  if (rv_is_compressed(half)) return rv_expand(half);
  return rv_text_behind(pc) >= 4 ? load<u32>(at) : 0;
}

/** Bytes from the record at an address to the one behind its instruction. */
export function rv32_record_length(record: usize): usize {
  return (<usize>rv_length(rv32_guest_pc(record))) << RECORD_SHIFT;
}

/** Bytes of text from an address on; 0 if there is none. */
export function rv_text_behind(pc: u32): u32 {
  const m = machine();
  if (pc < m.guest_low) return 0;
  return m.text_size - min<u32>(m.text_size, pc - m.guest_origin);
}

/** Bytes of the instruction that begins at an even address of the text: 2 or 4. */
export function rv_length(pc: u32): u32 {
  return rv_is_compressed(load<u16>(rv_host_address(pc))) ? 2 : 4;
}

// ---- Fields of an instruction ----

export function rv_rd(word: u32): u32 {
  return (word >> 7) & 31;
}

export function rv_rs1(word: u32): u32 {
  return (word >> 15) & 31;
}

export function rv_rs2(word: u32): u32 {
  return (word >> 20) & 31;
}

export function rv_funct3(word: u32): u32 {
  return (word >> 12) & 7;
}

export function rv_imm_i(word: u32): i32 {
  return <i32>word >> 20;
}

export function rv_imm_s(word: u32): i32 {
  return ((<i32>word >> 25) << 5) | ((word >> 7) & 31);
}

export function rv_imm_b(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 12) |
    ((word << 4) & 0x800) |
    ((word >> 20) & 0x7e0) |
    ((word >> 7) & 0x1e)
  );
}

export function rv_imm_j(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 20) | (word & 0xff000) | ((word >> 9) & 0x800) | ((word >> 20) & 0x7fe)
  );
}

/** True if the machine's threads have register `r`: without FrameHigh they end at x15 (RV32E). */
export function rv_has_register(r: u32): bool {
  return r < 16 || machine().frame_high != 0;
}

/** Offset of register `r`, not x0, from its thread. */
export function rv_register_offset(r: u32): u32 {
  const m = machine();
  if (r < 16) return <u32>m.frame_delta + r * <u32>sizeof<u32>();
  return <u32>m.high_delta + (r - 16) * <u32>sizeof<u32>();
}

// ---- Records ----

function put(pc: u32, op: RvOp, a: u32, b: u32, c: u32): void {
  const record = changetype<Record>(rv32_record(pc));
  record.op = op;
  record.a = a;
  record.b = b;
  record.c = c;
}

function slow(pc: u32): void {
  put(pc, RvOp.SLOW, 0, 0, 0);
}

function put_li(pc: u32, rd: u32, value: i32): void {
  put(pc, RvOp.LI, rv_register_offset(rd), 0, value);
}

function put_mv(pc: u32, rd: u32, rs: u32): void {
  put(pc, RvOp.MV, rv_register_offset(rd), rv_register_offset(rs), 0);
}

function put_unary(pc: u32, op: RvOp, rd: u32, rs: u32): void {
  put(pc, op, rv_register_offset(rd), rv_register_offset(rs), 0);
}

/** True when the record at a guest address is a jump to a yield, at which no slice ends. */
export function rv32_is_jump_to_yield(pc: u32): bool {
  return changetype<Record>(rv32_record(pc)).op == RvOp.J_YIELD;
}

/**
 * Makes the record of the instruction at `pc`; a jump to a yield becomes a J_YIELD.
 */
export function rv32_decode_at(pc: u32): void {
  decode_word(pc, rv_fetch(pc));
  const record = changetype<Record>(rv32_record(pc));
  if (machine().search != 0) search_record(record);
  if (rv_length(pc) == 2) shorten(record);
}

/**
 * True if `op` and its operands are what the instruction at an even address of the text decodes to now, and
 * the loop executes it. Leaves the record as it is.
 */
export function rv32_decodes_to(pc: u32, op: u32, a: u32, b: u32, c: u32): bool {
  if (op == RvOp.SLOW) return false;
  const at = rv32_record(pc);
  const low = load<u64>(at);
  const high = load<u64>(at, sizeof<u64>());
  rv32_decode_at(pc);
  const record = changetype<Record>(at);
  const same = record.op == op && record.a == a && record.b == b && record.c == c;
  store<u64>(at, low);
  store<u64>(at, high, sizeof<u64>());
  return same;
}

/** In a search, kernel calls, loads and stores are examined before they are executed (rv32_search.ts). */
function search_record(record: Record): void {
  switch (record.op) {
    case RvOp.CALL:
    case RvOp.QUICK:
    case RvOp.YIELD:
    case RvOp.ECALL:
      record.b = record.op;
      record.op = RvOp.SLOW;
      break;
    case RvOp.LB:
    case RvOp.LH:
    case RvOp.LW:
    case RvOp.LBU:
    case RvOp.LHU:
    case RvOp.SB:
    case RvOp.SH:
    case RvOp.SW:
    case RvOp.SB0:
    case RvOp.SH0:
    case RvOp.SW0:
      record.b = RvOp.SLOW;
      record.op = RvOp.SLOW;
      break;
    default:
      break;
  }
}

/** Changes a record to that of a compressed instruction, which advances the pc by 2 bytes. */
function shorten(record: Record): void {
  switch (record.op) {
    case RvOp.LI:
      record.op = RvOp.C_LI;
      break;
    case RvOp.MV:
      record.op = RvOp.C_MV;
      break;
    case RvOp.ADDI:
      record.op = RvOp.C_ADDI;
      break;
    case RvOp.ADDSP:
      record.op = RvOp.C_ADDSP;
      break;
    case RvOp.ANDI:
      record.op = RvOp.C_ANDI;
      break;
    case RvOp.SLLI:
      record.op = RvOp.C_SLLI;
      break;
    case RvOp.SRLI:
      record.op = RvOp.C_SRLI;
      break;
    case RvOp.SRAI:
      record.op = RvOp.C_SRAI;
      break;
    case RvOp.ADD:
      record.op = RvOp.C_ADD;
      break;
    case RvOp.SUB:
      record.op = RvOp.C_SUB;
      break;
    case RvOp.XOR:
      record.op = RvOp.C_XOR;
      break;
    case RvOp.OR:
      record.op = RvOp.C_OR;
      break;
    case RvOp.AND:
      record.op = RvOp.C_AND;
      break;
    case RvOp.NOP:
      record.op = RvOp.C_NOP;
      break;
    case RvOp.LW:
      record.op = RvOp.C_LW;
      break;
    case RvOp.SW:
      record.op = RvOp.C_SW;
      break;
    case RvOp.SW0:
      record.op = RvOp.C_SW0;
      break;
    case RvOp.BEQZ:
      record.op = RvOp.C_BEQZ;
      break;
    case RvOp.BNEZ:
      record.op = RvOp.C_BNEZ;
      break;
    case RvOp.JALR:
      record.op = RvOp.C_JALR;
      break;
    default: // jumps contain their target, and SLOW works it out
      break;
  }
}

function decode_word(pc: u32, word: u32): void {
  switch (word & OPCODE_MASK) {
    case OP_LUI:
      decode_constant(pc, word, word & 0xfffff000);
      return;
    case OP_AUIPC:
      decode_constant(pc, word, pc + (word & 0xfffff000));
      return;
    case OP_JAL:
      decode_jal(pc, rv_rd(word), pc + rv_imm_j(word));
      return;
    case OP_JALR:
      decode_jalr(pc, word);
      return;
    case OP_BRANCH:
      decode_branch(pc, word);
      return;
    case OP_LOAD:
      decode_load(pc, word);
      return;
    case OP_STORE:
      decode_store(pc, word);
      return;
    case OP_IMM:
      decode_op_imm(pc, word);
      return;
    case OP:
      decode_op(pc, word);
      return;
    case OP_MISC_MEM:
      if (rv_funct3(word) == 0 && machine().search == 0) put(pc, RvOp.NOP, 0, 0, 0);
      else slow(pc); // fence.i, and in a search fence, too
      return;
    case OP_CUSTOM_0:
      decode_kernel_call(pc, word);
      return;
    case OP_SYSTEM:
      if (word == ECALL && machine().metal == 0)
        put(pc, RvOp.ECALL, rv_register_offset(ecall_register()), 0, 0);
      else slow(pc);
      return;
    default:
      slow(pc); // atomics, counters, and what is not an instruction
  }
}

/** The register with the number of an `ecall`: a7, or t0 if there is no a7 (the RV32E convention). */
function ecall_register(): u32 {
  return machine().frame_high != 0 ? 17 : 5;
}

/** The register that a call's result is in. */
const A0: u32 = 10;

function decode_kernel_call(pc: u32, word: u32): void {
  if (((word >> 7) & 0x1fff) != 0 || machine().metal != 0) {
    slow(pc);
    return;
  }
  const nr = word >> CALL_SHIFT;
  const op = call_op(nr);
  put(pc, op, op == RvOp.RELINQUISH ? rv_register_offset(A0) : 0, 0, nr);
}

/**
 * The operation of a kernel call. Yields, under schedulers that have them, and quick calls
 * (run/quick_calls.ts) are recognised here, once per instruction.
 */
function call_op(nr: u32): RvOp {
  const m = machine();
  const modern = m.lwkt_modern != 0;
  const turns = m.ncpus == 1 && m.sched != Sched.HOST;
  switch (nr) {
    case Sys.lwkt_yield:
      return m.sched == Sched.LWKT && !modern ? RvOp.YIELD : RvOp.CALL;
    case Sys.sched_relinquish:
      return turns && m.search == 0 ? RvOp.RELINQUISH : RvOp.CALL;
    case Sys.mtx_lock:
    case Sys.mtx_unlock:
    case Sys.rw_rlock:
    case Sys.rw_runlock:
    case Sys.rw_wlock:
    case Sys.rw_wunlock:
    case Sys.sx_slock:
    case Sys.sx_sunlock:
    case Sys.sx_xlock:
    case Sys.sx_xunlock:
      return RvOp.QUICK;
    default:
      return RvOp.CALL;
  }
}

function decode_constant(pc: u32, word: u32, value: u32): void {
  const rd = rv_rd(word);
  if (!rv_has_register(rd)) slow(pc);
  else if (rd == 0) put(pc, RvOp.NOP, 0, 0, 0);
  else put_li(pc, rd, value);
}

/** The stack pointer. */
const SP: u32 = 2;

/** True if execution can continue at `target`. */
export function rv_is_target(target: u32): bool {
  return (target & 1) == 0 && rv_text_behind(target) != 0;
}

/** Bytes of records from RECORD_SIZE behind that of `pc` to that of `target`. */
function distance(pc: u32, target: u32): u32 {
  return (target - (pc + 4)) << (<u32>RECORD_SHIFT);
}

function decode_jal(pc: u32, rd: u32, target: u32): void {
  if (!rv_has_register(rd) || !rv_is_target(target)) slow(pc);
  else if (rd == 0) put(pc, RvOp.J, 0, 0, distance(pc, target));
  else put(pc, RvOp.JAL, rv_register_offset(rd), pc + rv_length(pc), distance(pc, target));
}

function decode_jalr(pc: u32, word: u32): void {
  const rd = rv_rd(word);
  const rs1 = rv_rs1(word);
  const imm = rv_imm_i(word);
  if (rv_funct3(word) != 0 || !rv_has_register(rd) || !rv_has_register(rs1)) slow(pc);
  else if (rs1 == 0) decode_jal(pc, rd, imm & ~1);
  else if (rd != 0) put(pc, RvOp.JALR, rv_register_offset(rd), rv_register_offset(rs1), imm);
  else put(pc, RvOp.JR, 0, rv_register_offset(rs1), imm);
}

// ---- Branches ----

function decode_branch(pc: u32, word: u32): void {
  const rs1 = rv_rs1(word);
  const rs2 = rv_rs2(word);
  const target = pc + rv_imm_b(word);
  const op = branch_op(rv_funct3(word));
  // A branch to an invalid target faults only if it is taken.
  if (op == RvOp.SLOW || !rv_has_register(rs1) || !rv_has_register(rs2) || !rv_is_target(target)) {
    slow(pc);
    return;
  }
  const far = distance(pc, target);
  if (rs1 != 0 && rs2 != 0) {
    put(pc, op, rv_register_offset(rs1), rv_register_offset(rs2), far);
    return;
  }
  const zero = rs1 != 0 ? branch_with_zero(op) : rs2 != 0 ? zero_with_branch(op) : both_zero(op);
  const rs = rs1 | rs2;
  if (zero == RvOp.NOP) put(pc, RvOp.NOP, 0, 0, 0);
  else put(pc, zero, rs == 0 ? 0 : rv_register_offset(rs), 0, far);
}

function branch_op(funct3: u32): RvOp {
  switch (funct3) {
    case 0:
      return RvOp.BEQ;
    case 1:
      return RvOp.BNE;
    case 4:
      return RvOp.BLT;
    case 5:
      return RvOp.BGE;
    case 6:
      return RvOp.BLTU;
    case 7:
      return RvOp.BGEU;
    default:
      return RvOp.SLOW;
  }
}

/** `op rs, x0` as a comparison with zero: J if it is always taken, NOP if never. */
function branch_with_zero(op: RvOp): RvOp {
  switch (op) {
    case RvOp.BEQ:
      return RvOp.BEQZ;
    case RvOp.BNE:
      return RvOp.BNEZ;
    case RvOp.BLT:
      return RvOp.BLTZ;
    case RvOp.BGE:
      return RvOp.BGEZ;
    case RvOp.BLTU:
      return RvOp.NOP;
    default:
      return RvOp.J;
  }
}

/** `op x0, rs`. */
function zero_with_branch(op: RvOp): RvOp {
  switch (op) {
    case RvOp.BEQ:
    case RvOp.BGEU:
      return RvOp.BEQZ;
    case RvOp.BNE:
    case RvOp.BLTU:
      return RvOp.BNEZ;
    case RvOp.BLT:
      return RvOp.BGTZ;
    default:
      return RvOp.BLEZ;
  }
}

/** `op x0, x0`. */
function both_zero(op: RvOp): RvOp {
  return op == RvOp.BEQ || op == RvOp.BGE || op == RvOp.BGEU ? RvOp.J : RvOp.NOP;
}

// ---- Loads and stores ----

function decode_load(pc: u32, word: u32): void {
  const rd = rv_rd(word);
  const rs1 = rv_rs1(word);
  const op = load_op(rv_funct3(word));
  if (op == RvOp.SLOW || rd == 0 || rs1 == 0 || !rv_has_register(rd) || !rv_has_register(rs1)) {
    slow(pc);
    return;
  }
  const offset = rv_imm_i(word) - machine().guest_low; // the loop's offsets are relative to guest_low
  put(pc, op, rv_register_offset(rd), rv_register_offset(rs1), offset);
}

function load_op(funct3: u32): RvOp {
  switch (funct3) {
    case 0:
      return RvOp.LB;
    case 1:
      return RvOp.LH;
    case 2:
      return RvOp.LW;
    case 4:
      return RvOp.LBU;
    case 5:
      return RvOp.LHU;
    default:
      return RvOp.SLOW;
  }
}

function decode_store(pc: u32, word: u32): void {
  const rs1 = rv_rs1(word);
  const rs2 = rv_rs2(word);
  const op = store_op(rv_funct3(word), rs2 == 0);
  if (op == RvOp.SLOW || rs1 == 0 || !rv_has_register(rs1 | rs2)) {
    slow(pc);
    return;
  }
  const value = rs2 == 0 ? 0 : rv_register_offset(rs2);
  put(pc, op, value, rv_register_offset(rs1), rv_imm_s(word));
}

function store_op(width: u32, zero: bool): RvOp {
  switch (width) {
    case 0:
      return zero ? RvOp.SB0 : RvOp.SB;
    case 1:
      return zero ? RvOp.SH0 : RvOp.SH;
    case 2:
      return zero ? RvOp.SW0 : RvOp.SW;
    default:
      return RvOp.SLOW;
  }
}

// ---- Arithmetic ----

function decode_op_imm(pc: u32, word: u32): void {
  const rd = rv_rd(word);
  const rs1 = rv_rs1(word);
  const op = op_imm(word);
  if (op == RvOp.SLOW || !rv_has_register(rd) || !rv_has_register(rs1)) {
    slow(pc);
    return;
  }
  const is_shift = (rv_funct3(word) & 3) == 1;
  const imm = is_shift ? <i32>rv_rs2(word) : rv_imm_i(word);
  if (rd == 0) put(pc, RvOp.NOP, 0, 0, 0);
  else if (rs1 == 0) put_li(pc, rd, immediate_of_zero(op, imm));
  else if (op == RvOp.ADDI && imm == 0) put_mv(pc, rd, rs1);
  else if (op == RvOp.ADDI && rd == SP && rs1 == SP && imm < 0 && machine().stack_base != 0) {
    put(pc, RvOp.ADDSP, rv_register_offset(rd), rv_register_offset(rs1), imm);
  } else put(pc, op, rv_register_offset(rd), rv_register_offset(rs1), imm);
}

function op_imm(word: u32): RvOp {
  const funct7 = word >> 25;
  switch (rv_funct3(word)) {
    case 0:
      return RvOp.ADDI;
    case 1:
      return funct7 == 0 ? RvOp.SLLI : RvOp.SLOW;
    case 2:
      return RvOp.SLTI;
    case 3:
      return RvOp.SLTIU;
    case 4:
      return RvOp.XORI;
    case 5:
      return funct7 == 0 ? RvOp.SRLI : funct7 == 0x20 ? RvOp.SRAI : RvOp.SLOW;
    case 6:
      return RvOp.ORI;
    default:
      return RvOp.ANDI;
  }
}

/** The result of `op rd, x0, imm`. */
function immediate_of_zero(op: RvOp, imm: i32): i32 {
  switch (op) {
    case RvOp.ADDI:
    case RvOp.XORI:
    case RvOp.ORI:
      return imm;
    case RvOp.SLTI:
      return i32(0 < imm);
    case RvOp.SLTIU:
      return i32(imm != 0);
    default:
      return 0;
  }
}

function decode_op(pc: u32, word: u32): void {
  const rd = rv_rd(word);
  const rs1 = rv_rs1(word);
  const rs2 = rv_rs2(word);
  const op = register_op(word);
  if (op == RvOp.SLOW || !rv_has_register(rd | rs1 | rs2)) slow(pc);
  else if (rd == 0) put(pc, RvOp.NOP, 0, 0, 0);
  else if (rd == SP && (op == RvOp.ADD || op == RvOp.SUB) && machine().stack_base != 0) slow(pc);
  else if (rs1 != 0 && rs2 != 0) {
    put(pc, op, rv_register_offset(rd), rv_register_offset(rs1), rv_register_offset(rs2));
  } else if (rs1 != 0) decode_op_with_zero(pc, op, rd, rs1);
  else if (rs2 != 0) decode_zero_with_op(pc, op, rd, rs2);
  else put_li(pc, rd, op == RvOp.DIV || op == RvOp.DIVU ? -1 : 0);
}

function register_op(word: u32): RvOp {
  const funct3 = rv_funct3(word);
  switch (word >> 25) {
    case 0:
      return base_op(funct3);
    case 1:
      return multiply_op(funct3);
    case 0x20:
      return funct3 == 0 ? RvOp.SUB : funct3 == 5 ? RvOp.SRA : RvOp.SLOW;
    default:
      return RvOp.SLOW;
  }
}

function base_op(funct3: u32): RvOp {
  switch (funct3) {
    case 0:
      return RvOp.ADD;
    case 1:
      return RvOp.SLL;
    case 2:
      return RvOp.SLT;
    case 3:
      return RvOp.SLTU;
    case 4:
      return RvOp.XOR;
    case 5:
      return RvOp.SRL;
    case 6:
      return RvOp.OR;
    default:
      return RvOp.AND;
  }
}

function multiply_op(funct3: u32): RvOp {
  switch (funct3) {
    case 0:
      return RvOp.MUL;
    case 1:
      return RvOp.MULH;
    case 2:
      return RvOp.MULHSU;
    case 3:
      return RvOp.MULHU;
    case 4:
      return RvOp.DIV;
    case 5:
      return RvOp.DIVU;
    case 6:
      return RvOp.REM;
    default:
      return RvOp.REMU;
  }
}

/** `op rd, rs, x0`. */
function decode_op_with_zero(pc: u32, op: RvOp, rd: u32, rs: u32): void {
  switch (op) {
    case RvOp.SLT:
      put(pc, RvOp.SLTI, rv_register_offset(rd), rv_register_offset(rs), 0);
      return;
    case RvOp.SLTU:
    case RvOp.AND:
    case RvOp.MUL:
    case RvOp.MULH:
    case RvOp.MULHSU:
    case RvOp.MULHU:
      put_li(pc, rd, 0);
      return;
    case RvOp.DIV:
    case RvOp.DIVU:
      put_li(pc, rd, -1);
      return;
    default:
      put_mv(pc, rd, rs); // add, sub, or, xor, the shifts, rem and remu yield rs
  }
}

/** `op rd, x0, rs`. */
function decode_zero_with_op(pc: u32, op: RvOp, rd: u32, rs: u32): void {
  switch (op) {
    case RvOp.ADD:
    case RvOp.XOR:
    case RvOp.OR:
      put_mv(pc, rd, rs);
      return;
    case RvOp.SUB:
      put_unary(pc, RvOp.NEG, rd, rs);
      return;
    case RvOp.SLT:
      put_unary(pc, RvOp.SGTZ, rd, rs);
      return;
    case RvOp.SLTU:
      put_unary(pc, RvOp.SNEZ, rd, rs);
      return;
    case RvOp.DIV:
    case RvOp.DIVU:
      slow(pc); // 0, or -1 if rs is zero
      return;
    default:
      put_li(pc, rd, 0);
  }
}
