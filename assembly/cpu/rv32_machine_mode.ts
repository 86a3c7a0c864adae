// Bare metal: RISC-V's machine mode beyond the instructions common to all programs. The program is the only
// thread of its machine; it handles its own traps, and all of its memory is text that it may change.
//
// There is only machine mode, and no device: MPP of mstatus is always machine mode, no interrupt is ever
// pending, and wfi does nothing. Misaligned accesses are allowed.
//
// Text is decoded when execution reaches it: a record that has not been made is RvOp.SLOW, which is 0. A
// store to text that has been decoded takes effect at the next fence.i, which discards all records.

import { text_changed } from "../env";
import {
  RV_FAULT_BREAKPOINT,
  RV_FAULT_ECALL,
  RV_FAULT_FETCH,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_MRET,
  RV_FAULT_STORE,
} from "../sys/fault";
import { GlobalData, globaldata } from "../sys/globaldata";
import { DEBUG_MARKS, machine } from "../sys/machine";
import { MachineMode, machine_mode, PMP_CONFIGS } from "../sys/machine_mode";
import { Thread } from "../sys/proc";
import { cpu_state } from "./cpu_state";
import { rv_fault, rv_get, rv_set } from "./rv32_access";
import { is_marked, mark_record } from "./rv32_break";
import {
  RECORD_HALF,
  Record,
  rv_fetch,
  rv_funct3,
  rv_host_address,
  rv_is_target,
  rv_length,
  rv_rd,
  rv_rs1,
  rv_text_behind,
  rv32_decode_at,
  rv32_guest_pc,
  rv32_record,
} from "./rv32_decode";
import { RvOp } from "./rv32_op";
import { ECALL, OP_BRANCH, OPCODE_MASK } from "./rv32_opcode";

// ---- Decoding ----

/** Makes the record at this address, of the instruction at `pc`; false if it remains SLOW, or was made before. */
export function mm_decode(record: usize, pc: u32): bool {
  if (changetype<Record>(record).op != RvOp.SLOW) return false;
  const mm = machine_mode();
  rv32_decode_at(pc);
  mm.decoded_low = min<u32>(mm.decoded_low, pc);
  mm.decoded_high = max<u32>(mm.decoded_high, pc);
  return changetype<Record>(record).op != RvOp.SLOW;
}

/** Discards all decoded records, so that stores to the text take effect. */
export function mm_fence_i(): void {
  const mm = machine_mode();
  if (mm.decoded_high < mm.decoded_low) return;
  if (machine().jit_period != 0) text_changed(mm.decoded_low, mm.decoded_high);
  const from = rv32_record(mm.decoded_low);
  const to = rv32_record(mm.decoded_high) + RECORD_HALF;
  if ((machine().debug & DEBUG_MARKS) == 0) memory.fill(from, 0, to - from);
  else forget_unmarked(from, to);
  mm.decoded_low = u32.MAX_VALUE;
  mm.decoded_high = 0;
}

/** Discards the records in a range, except for a debugger's marks. */
function forget_unmarked(from: usize, to: usize): void {
  for (let at = from; at < to; at += RECORD_HALF) {
    const kind = is_marked(at) ? changetype<Record>(at).a : 0;
    memory.fill(at, 0, RECORD_HALF);
    if (kind != 0) mark_record(at, kind);
  }
}

/** The state after a reset. */
export function mm_reset(): void {
  const mm = machine_mode();
  mm.decoded_low = u32.MAX_VALUE;
}

// ---- Instructions ----

const MRET: u32 = 0x30200073;
const WFI: u32 = 0x10500073;

/** Executes a system instruction other than ebreak: 0, or the event of its trap. */
export function mm_system(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  if (word == ECALL) return rv_fault(gd, RV_FAULT_ECALL, 0);
  if (word == MRET) return rv_fault(gd, RV_FAULT_MRET, 0);
  if (word == WFI) return 0;
  const funct3 = rv_funct3(word);
  const csr = word >> 20;
  const writes = (funct3 & 3) == 1 || rv_rs1(word) != 0;
  if ((funct3 & 3) == 0 || !csr_exists(csr) || (writes && is_read_only(csr))) {
    return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  }
  const operand = (funct3 & 4) != 0 ? rv_rs1(word) : rv_get(td, rv_rs1(word));
  const old = csr_read(gd, csr);
  if (writes) csr_write(gd, csr, modified(funct3 & 3, old, operand));
  rv_set(td, rv_rd(word), old);
  return 0;
}

/** The value that csrrw, csrrs or csrrc writes. */
function modified(operation: u32, old: u32, operand: u32): u32 {
  if (operation == 1) return operand;
  return operation == 2 ? old | operand : old & ~operand;
}

// ---- Control and status registers ----

enum Csr {
  MSTATUS = 0x300,
  MISA = 0x301,
  MIE = 0x304,
  MTVEC = 0x305,
  MSTATUSH = 0x310,
  MCOUNTINHIBIT = 0x320,
  MHPMEVENT3 = 0x323,
  MHPMEVENT31 = 0x33f,
  MSCRATCH = 0x340,
  MEPC = 0x341,
  MCAUSE = 0x342,
  MTVAL = 0x343,
  MIP = 0x344,
  PMPCFG0 = 0x3a0,
  PMPCFG3 = 0x3a3,
  PMPADDR0 = 0x3b0,
  PMPADDR15 = 0x3bf,
  TSELECT = 0x7a0,
  TDATA3 = 0x7a3,
  MCYCLE = 0xb00,
  MINSTRET = 0xb02,
  MHPMCOUNTER31 = 0xb1f,
  MCYCLEH = 0xb80,
  MINSTRETH = 0xb82,
  MHPMCOUNTER31H = 0xb9f,
  CYCLE = 0xc00,
  TIME = 0xc01,
  INSTRET = 0xc02,
  HPMCOUNTER31 = 0xc1f,
  CYCLEH = 0xc80,
  TIMEH = 0xc81,
  INSTRETH = 0xc82,
  HPMCOUNTER31H = 0xc9f,
  MVENDORID = 0xf11,
  MCONFIGPTR = 0xf15,
}

const MSTATUS_MIE: u32 = 1 << 3;
const MSTATUS_MPIE: u32 = 1 << 7;
const MSTATUS_MPP_MACHINE: u32 = 3 << 11;
/** 32 bits, with A, C, I and M. */
const MISA: u32 = 0x40001105;
/** Software, timer and external interrupts of machine mode. */
const MIE_BITS: u32 = 0x888;
/** The mode bit that exists: vectored. */
const MTVEC_BITS: u32 = ~2;

function within(csr: u32, first: Csr, last: Csr): bool {
  return csr >= <u32>first && csr <= <u32>last;
}

/** Encoded in the number: the highest two bits are 3 for read-only registers. */
function is_read_only(csr: u32): bool {
  return csr >> 10 == 3;
}

function csr_exists(csr: u32): bool {
  switch (csr) {
    case Csr.MSTATUS:
    case Csr.MISA:
    case Csr.MIE:
    case Csr.MTVEC:
    case Csr.MSTATUSH:
    case Csr.MCOUNTINHIBIT:
    case Csr.MCYCLE:
    case Csr.MCYCLEH:
      return true;
    default:
      return (
        within(csr, Csr.MHPMEVENT3, Csr.MHPMEVENT31) ||
        within(csr, Csr.MSCRATCH, Csr.MIP) ||
        within(csr, Csr.PMPCFG0, Csr.PMPCFG3) ||
        within(csr, Csr.PMPADDR0, Csr.PMPADDR15) ||
        within(csr, Csr.TSELECT, Csr.TDATA3) ||
        within(csr, Csr.MINSTRET, Csr.MHPMCOUNTER31) ||
        within(csr, Csr.MINSTRETH, Csr.MHPMCOUNTER31H) ||
        within(csr, Csr.CYCLE, Csr.HPMCOUNTER31) ||
        within(csr, Csr.CYCLEH, Csr.HPMCOUNTER31H) ||
        within(csr, Csr.MVENDORID, Csr.MCONFIGPTR)
      );
  }
}

/** The CPU's cycles at the current instruction, with the program's own offset. */
function cycles(gd: GlobalData): u64 {
  return gd.gd_cycles + cpu_state(gd).elapsed + machine_mode().cycle_offset;
}

/** The instructions executed before it, with the program's own offset. */
function instructions(gd: GlobalData): u64 {
  return gd.gd_instructions + cpu_state(gd).elapsed + machine_mode().instret_offset;
}

/** Address of a register that is only storage, or 0. */
function plain_register(csr: u32): usize {
  const mm = changetype<usize>(machine_mode());
  if (csr == Csr.MSCRATCH) return mm + offsetof<MachineMode>("mscratch");
  if (csr == Csr.MCAUSE) return mm + offsetof<MachineMode>("mcause");
  if (csr == Csr.MTVAL) return mm + offsetof<MachineMode>("mtval");
  if (within(csr, Csr.PMPCFG0, Csr.PMPCFG3)) {
    return mm + offsetof<MachineMode>() + <usize>(csr - Csr.PMPCFG0) * sizeof<u32>();
  }
  if (within(csr, Csr.PMPADDR0, Csr.PMPADDR15)) {
    return mm + offsetof<MachineMode>() + <usize>(PMP_CONFIGS + csr - Csr.PMPADDR0) * sizeof<u32>();
  }
  return 0;
}

/** The value of an existing register; those without a function hold 0. */
function csr_read(gd: GlobalData, csr: u32): u32 {
  const at = plain_register(csr);
  if (at != 0) return load<u32>(at);
  const mm = machine_mode();
  switch (csr) {
    case Csr.MSTATUS:
      return mm.mstatus | MSTATUS_MPP_MACHINE;
    case Csr.MISA:
      return MISA;
    case Csr.MIE:
      return mm.mie;
    case Csr.MTVEC:
      return mm.mtvec;
    case Csr.MEPC:
      return mm.mepc;
    case Csr.MCYCLE:
    case Csr.CYCLE:
    case Csr.TIME:
      return <u32>cycles(gd);
    case Csr.MCYCLEH:
    case Csr.CYCLEH:
    case Csr.TIMEH:
      return <u32>(cycles(gd) >> 32);
    case Csr.MINSTRET:
    case Csr.INSTRET:
      return <u32>instructions(gd);
    case Csr.MINSTRETH:
    case Csr.INSTRETH:
      return <u32>(instructions(gd) >> 32);
    default:
      return 0;
  }
}

/**
 * The offset after one half of a counter was written, less what it counts by itself until the next instruction.
 */
function counter_offset(old: u64, offset: u64, value: u32, is_high: bool): u64 {
  const set = is_high
    ? (old & 0xffffffff) | ((<u64>value) << 32)
    : (old & 0xffffffff00000000) | <u64>value;
  return offset + set - old - 1;
}

/** Writes a writable register; bits that do not exist are unchanged. */
function csr_write(gd: GlobalData, csr: u32, value: u32): void {
  const at = plain_register(csr);
  if (at != 0) {
    // Locked entries would bind machine mode, so the lock bit cannot be set.
    const is_config = within(csr, Csr.PMPCFG0, Csr.PMPCFG3);
    store<u32>(at, is_config ? value & 0x1f1f1f1f : value);
    return;
  }
  const mm = machine_mode();
  switch (csr) {
    case Csr.MSTATUS:
      mm.mstatus = value & (MSTATUS_MIE | MSTATUS_MPIE);
      break;
    case Csr.MIE:
      mm.mie = value & MIE_BITS;
      break;
    case Csr.MTVEC:
      mm.mtvec = value & MTVEC_BITS;
      break;
    case Csr.MEPC:
      mm.mepc = value & ~1;
      break;
    case Csr.MCYCLE:
    case Csr.MCYCLEH:
      mm.cycle_offset = counter_offset(cycles(gd), mm.cycle_offset, value, csr == Csr.MCYCLEH);
      break;
    case Csr.MINSTRET:
    case Csr.MINSTRETH:
      mm.instret_offset = counter_offset(
        instructions(gd),
        mm.instret_offset,
        value,
        csr == Csr.MINSTRETH,
      );
      break;
    default: // misa, and those without a function
      break;
  }
}

// ---- Debugger access, between two instructions ----

/** A control and status register; 0 if there is none of this number. */
export function debug_csr(csr: u32): u32 {
  const gd = globaldata(0);
  cpu_state(gd).elapsed = 0;
  return csr_exists(csr) ? csr_read(gd, csr) : 0;
}

/** Sets a control and status register; false if it cannot be set. */
export function debug_set_csr(csr: u32, value: u32): bool {
  if (!csr_exists(csr) || is_read_only(csr)) return false;
  const gd = globaldata(0);
  cpu_state(gd).elapsed = 0;
  csr_write(gd, csr, value);
  // A program's csrrw counts itself as an instruction; this does not.
  const mm = machine_mode();
  if (csr == Csr.MCYCLE || csr == Csr.MCYCLEH) mm.cycle_offset++;
  if (csr == Csr.MINSTRET || csr == Csr.MINSTRETH) mm.instret_offset++;
  return true;
}

// ---- Traps ----

const CAUSE_FETCH: u32 = 1;
const CAUSE_ILLEGAL: u32 = 2;
const CAUSE_BREAKPOINT: u32 = 3;
const CAUSE_MISALIGNED_LOAD: u32 = 4;
const CAUSE_LOAD: u32 = 5;
const CAUSE_MISALIGNED_STORE: u32 = 6;
const CAUSE_STORE: u32 = 7;
const CAUSE_ECALL: u32 = 11;

/**
 * The current thread has stopped with a fault of this kind (sys/fault.ts), or at mret: it continues in its
 * trap handler. False if the handler is not in memory: the program is over, and mcause, mepc and mtval say
 * why.
 */
export function mm_trap(gd: GlobalData, kind: u32): bool {
  const td = gd.gd_curthread;
  const pc = rv32_guest_pc(td.td_pc);
  const address = cpu_state(gd).fault_address;
  switch (kind) {
    case RV_FAULT_MRET:
      return trap_return(gd, td);
    case RV_FAULT_FETCH:
      return enter(gd, td, CAUSE_FETCH, finish_jump(gd, td, pc, address), address);
    case RV_FAULT_ILLEGAL:
      return enter(gd, td, CAUSE_ILLEGAL, pc, instruction_bits(pc));
    case RV_FAULT_BREAKPOINT:
      return enter(gd, td, CAUSE_BREAKPOINT, pc, pc);
    case RV_FAULT_LOAD:
      return enter(gd, td, CAUSE_LOAD, pc, address);
    case RV_FAULT_STORE:
      return enter(gd, td, CAUSE_STORE, pc, address);
    case RV_FAULT_ECALL:
      return enter(gd, td, CAUSE_ECALL, pc, 0);
    default: {
      const is_load = rv_fetch(pc) >> 27 == 2; // lr.w
      return enter(gd, td, is_load ? CAUSE_MISALIGNED_LOAD : CAUSE_MISALIGNED_STORE, pc, address);
    }
  }
}

/** Enters the trap handler. This takes a cycle, so that a handler that traps at once comes to an end, too. */
function enter(gd: GlobalData, td: Thread, cause: u32, epc: u32, value: u32): bool {
  const mm = machine_mode();
  mm.mcause = cause;
  mm.mepc = epc;
  mm.mtval = value;
  mm.mstatus = (mm.mstatus & MSTATUS_MIE) != 0 ? MSTATUS_MPIE : 0;
  gd.gd_cycles++;
  const handler = mm.mtvec & ~3;
  if (!rv_is_target(handler)) return false;
  td.td_pc = <u32>rv32_record(handler);
  return true;
}

function trap_return(gd: GlobalData, td: Thread): bool {
  const mm = machine_mode();
  mm.mstatus = ((mm.mstatus & MSTATUS_MPIE) != 0 ? MSTATUS_MIE : 0) | MSTATUS_MPIE;
  gd.gd_instructions++;
  if (!rv_is_target(mm.mepc)) return enter(gd, td, CAUSE_FETCH, mm.mepc, mm.mepc);
  gd.gd_cycles++;
  td.td_pc = <u32>rv32_record(mm.mepc);
  return true;
}

/**
 * The interpreter stops at a jump that leaves the text, so that the jump can be reported. A real CPU executes
 * it, and the trap is at its target. Returns the address of the trap.
 */
function finish_jump(gd: GlobalData, td: Thread, pc: u32, target: u32): u32 {
  const behind = rv_text_behind(pc);
  if (behind == 0 || behind < rv_length(pc)) return pc; // not a jump: an instruction beyond the text
  const word = rv_fetch(pc);
  const is_branch = (word & OPCODE_MASK) == OP_BRANCH;
  if (!is_branch) rv_set(changetype<usize>(td), rv_rd(word), pc + rv_length(pc));
  gd.gd_instructions++;
  return target;
}

/** The bits of the instruction at `pc`. */
function instruction_bits(pc: u32): u32 {
  const at = rv_host_address(pc);
  return rv_length(pc) == 2 ? <u32>load<u16>(at) : load<u32>(at);
}
