// One instruction from its word: everything that has no record of its own, and every fault.
//
// The inner loop comes here for atomics, for the rare combinations with x0, and whenever an instruction
// cannot be executed: it does not find out why, this does. A faulting instruction changes nothing and is
// not counted; the pc stays on it. A jump or taken branch to where execution cannot go on is a fault of
// the jump itself, so that the pc shows where the wild jump was.
import {
  RV_FAULT_BREAKPOINT,
  RV_FAULT_FETCH,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_MISALIGNED_ATOMIC,
  RV_FAULT_MISALIGNED_JUMP,
  RV_FAULT_STORE,
} from "../sys/fault";
import { GlobalData } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { Thread } from "../sys/proc";
import { rare } from "../sys/thread";
import { cpu_state, NO_RESERVATION } from "./cpu_state";
import {
  rv_funct3,
  rv_has_register,
  rv_imm_b,
  rv_imm_i,
  rv_imm_j,
  rv_imm_s,
  rv_rd,
  rv_register_offset,
  rv_rs1,
  rv_rs2,
  rv32_guest_pc,
} from "./rv32_decode";

/** Event of the inner loop, low byte of what rv32_run returns: a fault, its kind (RV_FAULT_*) above. */
export const RV_FAULT: u32 = 2;

/** The address that the last fault of this CPU was about. */
export function rv32_fault_address(gd: GlobalData): u32 {
  return cpu_state(gd).fault_address;
}

function fault(gd: GlobalData, kind: u32, address: u32): u32 {
  cpu_state(gd).fault_address = address;
  return RV_FAULT | (kind << 8);
}

function get(td: usize, r: u32): u32 {
  return r == 0 ? 0 : load<u32>(td + rv_register_offset(r));
}

function set(td: usize, r: u32, value: u32): void {
  if (r != 0) store<u32>(td + rv_register_offset(r), value);
}

/**
 * Executes the instruction of a record, other than a kernel call, for the thread at this address: 0, or
 * the event of its fault. Control transfers come here only when they are not taken or fault.
 */
export function rv32_slow(gd: GlobalData, td: usize, record: usize): u32 {
  const m = machine();
  const pc = rv32_guest_pc(record);
  if (pc >= m.text_size) return fault(gd, RV_FAULT_FETCH, pc);
  const word = load<u32>(m.guest_base + <usize>pc);
  if (!names_registers(word)) return fault(gd, RV_FAULT_ILLEGAL, pc);
  switch (word & 0x7f) {
    case 0x6f:
      return jump_fault(gd, pc + rv_imm_j(word));
    case 0x67:
      if (rv_funct3(word) != 0) return fault(gd, RV_FAULT_ILLEGAL, pc);
      return jump_fault(gd, (get(td, rv_rs1(word)) + rv_imm_i(word)) & ~1);
    case 0x63:
      return slow_branch(gd, td, pc, word);
    case 0x03:
      return slow_load(gd, td, pc, word);
    case 0x23:
      return slow_store(gd, td, pc, word);
    case 0x33:
      return slow_divide(gd, td, pc, word);
    case 0x2f:
      return atomic(gd, td, pc, word);
    case 0x73:
      return fault(gd, word == 0x100073 ? RV_FAULT_BREAKPOINT : RV_FAULT_ILLEGAL, pc);
    default:
      return fault(gd, RV_FAULT_ILLEGAL, pc);
  }
}

/** True unless a word of the formats that come here names a register which the machine has not. */
function names_registers(word: u32): bool {
  if (machine().frame_high != 0) return true;
  const opcode = word & 0x7f;
  if (opcode == 0x73) return true;
  let registers: u32 = 0;
  if (opcode != 0x63 && opcode != 0x23) registers |= rv_rd(word);
  if (opcode != 0x6f) registers |= rv_rs1(word);
  if (opcode == 0x63 || opcode == 0x23 || opcode == 0x33 || opcode == 0x2f) {
    registers |= rv_rs2(word);
  }
  return rv_has_register(registers);
}

function jump_fault(gd: GlobalData, target: u32): u32 {
  return fault(gd, (target & 3) != 0 ? RV_FAULT_MISALIGNED_JUMP : RV_FAULT_FETCH, target);
}

function slow_branch(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const a = get(td, rv_rs1(word));
  const b = get(td, rv_rs2(word));
  let taken: bool;
  switch (rv_funct3(word)) {
    case 0:
      taken = a == b;
      break;
    case 1:
      taken = a != b;
      break;
    case 4:
      taken = <i32>a < <i32>b;
      break;
    case 5:
      taken = <i32>a >= <i32>b;
      break;
    case 6:
      taken = a < b;
      break;
    case 7:
      taken = a >= b;
      break;
    default:
      return fault(gd, RV_FAULT_ILLEGAL, pc);
  }
  return taken ? jump_fault(gd, pc + rv_imm_b(word)) : 0;
}

/** True when `size` bytes at `address` lie in guest memory. */
function can_load(address: u32, size: u32): bool {
  const limit = machine().guest_size;
  return size <= limit && address <= limit - size;
}

/** True when they may be written, too. */
function can_store(address: u32, size: u32): bool {
  return can_load(address, size) && address >= machine().text_size;
}

function slow_load(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const address = get(td, rv_rs1(word)) + rv_imm_i(word);
  const width = rv_funct3(word);
  if (width == 3 || width > 5) return fault(gd, RV_FAULT_ILLEGAL, pc);
  if (!can_load(address, 1 << (width & 3))) return fault(gd, RV_FAULT_LOAD, address);
  const at = machine().guest_base + <usize>address;
  let value: u32;
  if (width == 0) value = <u32>(<i32>load<i8>(at));
  else if (width == 1) value = <u32>(<i32>load<i16>(at));
  else if (width == 2) value = load<u32>(at);
  else if (width == 4) value = load<u8>(at);
  else value = load<u16>(at);
  set(td, rv_rd(word), value);
  return 0;
}

function slow_store(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const address = get(td, rv_rs1(word)) + rv_imm_s(word);
  const value = get(td, rv_rs2(word));
  const width = rv_funct3(word);
  if (width > 2) return fault(gd, RV_FAULT_ILLEGAL, pc);
  if (!can_store(address, 1 << width)) return fault(gd, RV_FAULT_STORE, address);
  const at = machine().guest_base + <usize>address;
  if (width == 0) store<u8>(at, value);
  else if (width == 1) store<u16>(at, value);
  else store<u32>(at, value);
  return 0;
}

/** A division of x0; every other register operation has a record. */
function slow_divide(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const funct3 = rv_funct3(word);
  if (word >> 25 != 1 || (funct3 != 4 && funct3 != 5)) return fault(gd, RV_FAULT_ILLEGAL, pc);
  set(td, rv_rd(word), get(td, rv_rs2(word)) == 0 ? -1 : 0);
  return 0;
}

// ---- Atomics ----

const LR: u32 = 0x02;
const SC: u32 = 0x03;

function atomic(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const operation = word >> 27;
  if (rv_funct3(word) != 2 || !is_atomic(operation, rv_rs2(word))) {
    return fault(gd, RV_FAULT_ILLEGAL, pc);
  }
  const address = get(td, rv_rs1(word));
  if ((address & 3) != 0) return fault(gd, RV_FAULT_MISALIGNED_ATOMIC, address);
  const rd = rv_rd(word);
  const at = machine().guest_base + <usize>address;
  if (operation == LR) {
    if (!can_load(address, 4)) return fault(gd, RV_FAULT_LOAD, address);
    reserve(gd, td, address);
    set(td, rd, load<u32>(at));
    return 0;
  }
  if (!can_store(address, 4)) return fault(gd, RV_FAULT_STORE, address);
  const value = get(td, rv_rs2(word));
  if (operation == SC) {
    const succeeds = is_reserved(gd, td, address);
    cpu_state(gd).reservation = NO_RESERVATION;
    if (succeeds) store<u32>(at, value);
    set(td, rd, succeeds ? 0 : 1);
    return 0;
  }
  const old = load<u32>(at);
  store<u32>(at, combine(operation, old, value));
  set(td, rd, old);
  return 0;
}

function reserve(gd: GlobalData, td: usize, address: u32): void {
  const state = cpu_state(gd);
  state.reservation = address;
  state.reserved_td = td;
  state.reserved_switches = switches_of(td);
}

function is_reserved(gd: GlobalData, td: usize, address: u32): bool {
  const state = cpu_state(gd);
  return (
    state.reservation == address &&
    state.reserved_td == td &&
    state.reserved_switches == switches_of(td)
  );
}

/** How often a thread was switched away from. */
function switches_of(at: usize): u32 {
  const td = changetype<Thread>(at);
  return td.td_nvcsw + rare(td).td_nivcsw;
}

function is_atomic(operation: u32, rs2: u32): bool {
  if (operation == LR) return rs2 == 0;
  return operation < 4 || ((operation & 3) == 0 && operation <= 0x1c);
}

/** What an amo stores. */
function combine(operation: u32, old: u32, value: u32): u32 {
  switch (operation >> 2) {
    case 0:
      return operation == 1 ? value : old + value;
    case 1:
      return old ^ value;
    case 2:
      return old | value;
    case 3:
      return old & value;
    case 4:
      return <u32>min<i32>(old, value);
    case 5:
      return <u32>max<i32>(old, value);
    case 6:
      return min<u32>(old, value);
    default:
      return max<u32>(old, value);
  }
}
