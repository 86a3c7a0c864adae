// Executes one instruction from its word: everything that has no operation of its own, and every fault.
//
// The inner loop comes here for atomics, for rare combinations with x0, and whenever an instruction cannot be
// executed; the reason is found out here. A faulting instruction changes nothing and is not counted; the pc
// stays on it. A jump or taken branch to an invalid target is a fault of the jump itself, so that the pc
// shows where the wild jump was.

import {
  RV_BREAK,
  RV_FAULT_BREAKPOINT,
  RV_FAULT_FETCH,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_STACK,
  RV_FAULT_STORE,
} from "../sys/fault";
import { GlobalData } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { WATCH_LOADS, WATCH_STORES } from "../sys/watch";
import { cpu_state } from "./cpu_state";
import { rv_can_load, rv_can_store, rv_fault, rv_get, rv_set } from "./rv32_access";
import { rv_atomic } from "./rv32_atomic";
import { is_marked, is_watched } from "./rv32_break";
import { rv_csr } from "./rv32_csr";
import {
  rv_fetch,
  rv_funct3,
  rv_has_register,
  rv_host_address,
  rv_imm_b,
  rv_imm_i,
  rv_imm_j,
  rv_imm_s,
  rv_length,
  rv_rd,
  rv_rs1,
  rv_rs2,
  rv_text_behind,
  rv32_guest_pc,
} from "./rv32_decode";
import { mm_decode, mm_fence_i, mm_system } from "./rv32_machine_mode";
import {
  EBREAK,
  OP,
  OP_AMO,
  OP_BRANCH,
  OP_IMM,
  OP_JAL,
  OP_JALR,
  OP_LOAD,
  OP_MISC_MEM,
  OP_STORE,
  OP_SYSTEM,
  OPCODE_MASK,
} from "./rv32_opcode";
import { stack_end } from "./rv32_operands";
import { reservation_break } from "./rv32_reserve";
import { rv32_note_fence, rv32_stops, rv32_stops_at_call } from "./rv32_search";

/** The instruction was not executed; it now has a record, which the loop executes. */
export const RV_AGAIN: u32 = 0xff;
/** Event: the instruction was not executed; the search must choose before it (rv32_search.ts). */
export const RV_POINT: u32 = 6;

/** The stack pointer, and a bound on the size of any thread's stack. */
const SP: u32 = 2;
const STACK_MAX: u32 = 1 << 22;

/**
 * Executes the instruction of a record, other than a kernel call, for the thread at this address: 0, the
 * event of its fault, or RV_AGAIN. Jumps and branches come here only when they are not taken, or fault.
 */
export function rv32_slow(gd: GlobalData, td: usize, record: usize): u32 {
  const pc = rv32_guest_pc(record);
  if (is_marked(record)) return RV_BREAK;
  const searches = machine().search != 0;
  if (searches && rv32_stops_at_call(td, record)) return RV_POINT;
  const behind = rv_text_behind(pc);
  if (behind == 0 || behind < rv_length(pc)) return rv_fault(gd, RV_FAULT_FETCH, pc + behind);
  if (machine().metal != 0 && mm_decode(record, pc)) return RV_AGAIN;
  const word = rv_fetch(pc);
  if (!names_registers(word)) return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  if (searches && rv32_stops(td, record, word)) return RV_POINT;
  switch (word & OPCODE_MASK) {
    case OP_JAL:
      return rv_fault(gd, RV_FAULT_FETCH, pc + rv_imm_j(word));
    case OP_JALR:
      if (rv_funct3(word) != 0) return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
      return rv_fault(gd, RV_FAULT_FETCH, (rv_get(td, rv_rs1(word)) + rv_imm_i(word)) & ~1);
    case OP_BRANCH:
      return slow_branch(gd, td, pc, word);
    case OP_LOAD:
      return slow_load(gd, td, pc, word);
    case OP_STORE:
      return slow_store(gd, td, pc, word);
    case OP:
      return slow_operation(gd, td, pc, word);
    case OP_IMM:
      if (rv_funct3(word) != 0 || rv_rd(word) != SP || rv_rs1(word) != SP) break;
      return slow_stack(gd, td, pc, rv_get(td, SP) + rv_imm_i(word));
    case OP_AMO:
      return rv_atomic(gd, td, pc, word);
    case OP_MISC_MEM:
      if (rv_funct3(word) > 1) return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
      if (rv_funct3(word) == 0) {
        rv32_note_fence(td, word);
        return 0;
      }
      if (machine().metal != 0) mm_fence_i(); // elsewhere text cannot be stored to
      return 0;
    case OP_SYSTEM:
      if (word == EBREAK) return rv_fault(gd, RV_FAULT_BREAKPOINT, pc);
      if (machine().metal != 0) return mm_system(gd, td, pc, word);
      return rv_csr(gd, td, word) ? 0 : rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  }
  return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
}

/** True unless an instruction that comes here names a register that the machine does not have. */
function names_registers(word: u32): bool {
  if (machine().frame_high != 0) return true;
  const opcode = word & OPCODE_MASK;
  if (opcode == OP_MISC_MEM) return true;
  let registers: u32 = 0;
  if (opcode != OP_BRANCH && opcode != OP_STORE) registers |= rv_rd(word);
  if (opcode != OP_JAL && !takes_constant(word)) registers |= rv_rs1(word);
  if (opcode == OP_BRANCH || opcode == OP_STORE || opcode == OP || opcode == OP_AMO) {
    registers |= rv_rs2(word);
  }
  return rv_has_register(registers);
}

/** True for a csr instruction with a constant in place of rs1. */
function takes_constant(word: u32): bool {
  return (word & OPCODE_MASK) == OP_SYSTEM && (rv_funct3(word) & 4) != 0;
}

function slow_branch(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  if ((rv_funct3(word) & 6) == 2) return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  return rv_is_taken(td, word) ? rv_fault(gd, RV_FAULT_FETCH, pc + rv_imm_b(word)) : 0;
}

/** True if a branch is taken by the thread at this address. */
export function rv_is_taken(td: usize, word: u32): bool {
  const a = rv_get(td, rv_rs1(word));
  const b = rv_get(td, rv_rs2(word));
  switch (rv_funct3(word)) {
    case 0:
      return a == b;
    case 1:
      return a != b;
    case 4:
      return <i32>a < <i32>b;
    case 5:
      return <i32>a >= <i32>b;
    case 6:
      return a < b;
    default:
      return a >= b;
  }
}

function slow_load(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const address = rv_get(td, rv_rs1(word)) + rv_imm_i(word);
  const width = rv_funct3(word);
  if (width == 3 || width > 5) return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  if (!rv_can_load(address, 1 << (width & 3))) return rv_fault(gd, RV_FAULT_LOAD, address);
  if (is_watched(WATCH_LOADS, address, 1 << (width & 3))) return RV_BREAK;
  const at = rv_host_address(address);
  let value: u32;
  if (width == 0) value = <u32>(<i32>load<i8>(at));
  else if (width == 1) value = <u32>(<i32>load<i16>(at));
  else if (width == 2) value = load<u32>(at);
  else if (width == 4) value = load<u8>(at);
  else value = load<u16>(at);
  rv_set(td, rv_rd(word), value);
  return 0;
}

function slow_store(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const address = rv_get(td, rv_rs1(word)) + rv_imm_s(word);
  const value = rv_get(td, rv_rs2(word));
  const width = rv_funct3(word);
  if (width > 2) return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  if (!rv_can_store(address, 1 << width)) return rv_fault(gd, RV_FAULT_STORE, address);
  if (is_watched(WATCH_STORES, address, 1 << width)) return RV_BREAK;
  const at = rv_host_address(address);
  if (width == 0) store<u8>(at, value);
  else if (width == 1) store<u16>(at, value);
  else store<u32>(at, value);
  reservation_break(address, 1 << width);
  return 0;
}

/** Register operations without an operation of their own: divisions of x0, and moves of the stack pointer. */
function slow_operation(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const funct3 = rv_funct3(word);
  const a = rv_get(td, rv_rs1(word));
  const b = rv_get(td, rv_rs2(word));
  const funct7 = word >> 25;
  if (funct3 == 0 && rv_rd(word) == SP && (funct7 == 0 || funct7 == 0x20)) {
    return slow_stack(gd, td, pc, funct7 == 0 ? a + b : a - b);
  }
  if (funct7 != 1 || (funct3 != 4 && funct3 != 5)) return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  rv_set(td, rv_rd(word), b == 0 ? -1 : 0);
  return 0;
}

/**
 * Sets the stack pointer of a thread. On its own stack it must not go below that; a thread that has switched
 * to a stack elsewhere is responsible for that one.
 */
function slow_stack(gd: GlobalData, td: usize, pc: u32, sp: u32): u32 {
  const word = stack_end(cpu_state(gd), td);
  const old = rv_get(td, SP);
  if (sp < word && old >= word && old - word < STACK_MAX) return rv_fault(gd, RV_FAULT_STACK, sp);
  rv_set(td, SP, sp);
  return 0;
}
