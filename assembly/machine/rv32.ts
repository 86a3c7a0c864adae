// The emulated CPU: runs RV32 threads, and switches between those that only yield.
//
// rv32_run's inner loop executes one record (rv32_decode.ts) per turn, with the pc, the frame and the
// scheduler's state in locals. Whatever is unusual leaves it by `break`, is dealt with behind the
// switch, and either goes back in or returns to kern/kern_run.ts. Nothing is called inside the loop:
// a call there costs every instruction the registers that it may destroy.
//
// Time. No instruction is counted. `end` is the record address at which the slice would end if
// execution went straight on; a jump moves it by as much as the pc. So `end - pc` is always what is left
// of the slice, 16 a cycle, and the executed instructions are exact in any place. It is looked at where
// the straight line ends: at taken branches, jumps and kernel calls.
//
// The switch. The kernel call lwkt_yield, when nothing unusual is on, does here what lwkt_yield,
// lwkt_switch, cpu_switch and switch_in do in kern/: the same counts, states, hash and queue. Where a
// thread or the kernel is in any other state the call goes the long way round, which decides
// everything afresh; so the short way may give up at any point before its first store.
import { GlobalData } from "../sys/globaldata";
import { machine, Machine, Sched } from "../sys/machine";
import {
  Frame,
  TDB,
  TDF_EXITING,
  TDF_PREEMPT_LOCK,
  TDF_RUNQ,
  TDF_STARTED,
  TDPRI_CRIT,
  TDS,
  Thread,
} from "../sys/proc";
import { CHUNK_SLOT0, Level, lwkt_level, runq_first_slot, runq_grow } from "../sys/runq";
import { is_td } from "../sys/thread";
import { switch_hash } from "../sys/trace_hash";
import { cpu_state, NO_RESERVATION } from "./cpu_state";
import { Record, RECORD_SIZE, RV_CALL, RvOp } from "./rv32_decode";
import { rv32_slow } from "./rv32_slow";

export { RV_CALL } from "./rv32_decode";
export {
  RV_FAULT,
  RV_FAULT_BREAKPOINT,
  RV_FAULT_FETCH,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_MISALIGNED_ATOMIC,
  RV_FAULT_MISALIGNED_JUMP,
  RV_FAULT_STORE,
} from "./rv32_slow";

/** Event: the slice is over; with cycle_cost 0, RUN_INSTRUCTIONS_MAX instructions were executed. */
export const RV_SLICE: u32 = 3;
/** Event: Machine.run_switches is used up. */
export const RV_SWITCHES: u32 = 4;

/** Instructions that `end` looks ahead: within half of the address space of records. */
const RUN_INSTRUCTIONS_MAX: u64 = 1 << 26;

/** Threads from which on a chunk's threads are touched ahead: more than the caches hold. */
const TOUCH_AHEAD_THREADS: i32 = 300000;

const CHUNK_MASK: usize = 255;

// Reasons to leave the inner loop.
const EXIT_SLOW: u32 = 0; //  execute the instruction, or its fault, by rv32_slow
const EXIT_SLICE: u32 = 1; // look whether the slice or the budget of switches is over
const EXIT_CALL: u32 = 2; //  return a kernel call
const EXIT_QUEUE: u32 = 3; // the run queue needs more than a slot; then yield again
const EXIT_SELF: u32 = 4; //  a yield picked the same thread again

// What a switch tests with one load each: td_lwflags with td_state, and td_kfn to td_body.
const FLAGS_MASK: u32 = TDF_RUNQ | TDF_STARTED | TDF_PREEMPT_LOCK | TDF_EXITING;
const FLAGS_READY: u32 = TDF_RUNQ | TDF_STARTED;
const BODY_MASK: u32 = 0xff0000ff;
const BODY_READY: u32 = <u32>TDB.RV32 << 24;

// ---- Operands of the record at `pc`, for the thread with the frame at `fp` ----

function reg_a(fp: usize, pc: usize): i32 {
  return load<i32>(fp + load<usize>(pc, offsetof<Record>("a")));
}

function reg_b(fp: usize, pc: usize): i32 {
  return load<i32>(fp + load<usize>(pc, offsetof<Record>("b")));
}

function reg_c(fp: usize, pc: usize): i32 {
  return load<i32>(fp + load<usize>(pc, offsetof<Record>("c")));
}

// The same unsigned, for products of 64 bits: Binaryen turns <u64><u32>load<i32>() into a load that
// extends the sign.
function word_b(fp: usize, pc: usize): u32 {
  return load<u32>(fp + load<usize>(pc, offsetof<Record>("b")));
}

function word_c(fp: usize, pc: usize): u32 {
  return load<u32>(fp + load<usize>(pc, offsetof<Record>("c")));
}

function imm_c(pc: usize): i32 {
  return load<i32>(pc, offsetof<Record>("c"));
}

/** How far a jump goes, from the record behind it. */
function distance(pc: usize): usize {
  return load<usize>(pc, offsetof<Record>("c"));
}

function set_a(fp: usize, pc: usize, value: i32): void {
  store<i32>(fp + load<usize>(pc, offsetof<Record>("a")), value);
}

/** Where execution goes on after a jump to a guest address, or 0 if it cannot. */
function record_of(m: Machine, target: u32): usize {
  // One comparison for both: a rotation moves misalignment into the highest bits.
  if (rotr<u32>(target, 2) >= m.text_size >> 2) return 0;
  return m.decoded_base + (<usize>target << 2);
}

function div_i32(a: i32, b: i32): i32 {
  if (b == 0) return -1;
  return b == -1 ? -a : a / b;
}

function rem_i32(a: i32, b: i32): i32 {
  if (b == 0) return a;
  return b == -1 ? 0 : a % b;
}

function div_u32(a: u32, b: u32): u32 {
  return b == 0 ? -1 : a / b;
}

function rem_u32(a: u32, b: u32): u32 {
  return b == 0 ? a : a % b;
}

function mulh(a: i32, b: i32): i32 {
  return <i32>((<i64>a * <i64>b) >> 32);
}

function mulhsu(a: i32, b: u32): i32 {
  return <i32>((<i64>a * <i64>b) >> 32);
}

function mulhu(a: u32, b: u32): i32 {
  return <i32>((<u64>a * <u64>b) >> 32);
}

// ---- Around the inner loop ----

/** True when lwkt_yield of the current thread may take the short way. */
function can_switch_here(m: Machine, gd: GlobalData): bool {
  const td = gd.gd_curthread;
  return (
    m.sched == Sched.LWKT &&
    gd.gd_reqpri == 0 &&
    gd.gd_flags == 0 &&
    gd.gd_intr_nesting_level == 0 &&
    m.untimely_switch == 0 &&
    m.ktr_mask == 0 &&
    m.stats == 0 &&
    m.sleep_procs == 0 &&
    !is_td(gd.gd_deadthread) &&
    !is_td(td.td_preempted) &&
    td.td_pri >= 0 &&
    td.td_state == TDS.RUNNING &&
    (flags_of(changetype<usize>(td)) & FLAGS_MASK) == FLAGS_READY
  );
}

function flags_of(td: usize): u32 {
  return load<u32>(td, offsetof<Thread>("td_lwflags"));
}

/**
 * The level that the next thread comes from, with a thread in its first slot and room at its tail, as
 * lwkt_choose finds it; null if there is none.
 */
function ready_level(gd: GlobalData): Level | null {
  for (;;) {
    const mask = gd.gd_runqmask;
    if (mask == 0) return null;
    const nq = 31 - clz<u32>(mask);
    const level = lwkt_level(gd, nq);
    if (runq_first_slot(level) == 0) {
      gd.gd_runqmask = mask & ~(1 << nq);
      continue;
    }
    if ((level.tail & CHUNK_MASK) == 0) level.tail = runq_grow(level);
    const head = level.head;
    if ((head & CHUNK_MASK) == CHUNK_SLOT0 && gd.gd_nrunnable > TOUCH_AHEAD_THREADS) {
      touch_ahead(gd, head, level.tail);
    }
    return level;
  }
}

/** Loads a word of each line that switching to the threads of a chunk will need. */
function touch_ahead(gd: GlobalData, slot: usize, tail: usize): void {
  const delta = machine().frame_delta;
  const end = (slot | CHUNK_MASK) + 1;
  let sum: u32 = 0;
  for (; slot != end && slot != tail; slot += 4) {
    const td = load<usize>(slot);
    if (td != 0) sum += load<u32>(td) + load<u32>(td + delta);
  }
  cpu_state(gd).touched = sum;
}

/** Places where `width` bytes fit into `size` bytes. */
function room(size: u32, width: u32): u32 {
  return size < width ? 0 : size - width + 1;
}

/** Instructions until the slice should be looked at again. */
function window(m: Machine, gd: GlobalData, now: u64): u64 {
  if (m.cycle_cost == 0) return RUN_INSTRUCTIONS_MAX;
  return min<u64>(gd.gd_slice_end - now, RUN_INSTRUCTIONS_MAX);
}

/** The number that an ecall's register holds, as an event: numbers that do not fit are no call's. */
function ecall_event(nr: u32): u32 {
  return RV_CALL | (min<u32>(nr, 0xffffff) << 8);
}

/**
 * Runs the CPU's current thread, an RV32 body without a pending continuation, and those that it switches
 * to by plain yields, until an event: RV_CALL with the number of the call above the low byte (the pc
 * is behind it), RV_FAULT with its RV_FAULT_* above the low byte (the pc is on it, see rv32_fault_address), RV_SLICE, or
 * RV_SWITCHES. Cycles, instructions, registers and the scheduler's state are up to date then.
 */
export function rv32_run(gd: GlobalData): u32 {
  const m = machine();
  if (m.cycle_cost != 0 && gd.gd_cycles >= gd.gd_slice_end) return RV_SLICE;
  const cost: i32 = m.cycle_cost != 0 ? -1 : 0;
  const frame_delta = m.frame_delta;
  const guest = m.guest_base;
  const text = m.text_size;
  // Below these may a load, and a store that far behind the text, of 1, 2 and 4 bytes begin.
  const load1 = room(m.guest_size, 1);
  const load2 = room(m.guest_size, 2);
  const load4 = room(m.guest_size, 4);
  const store1 = room(m.guest_size - text, 1);
  const store2 = room(m.guest_size - text, 2);
  const store4 = room(m.guest_size - text, 4);
  const budget: u32 = m.run_limited != 0 ? <u32>min<u64>(m.run_switches, u32.MAX_VALUE) : u32.MAX_VALUE;
  const short = can_switch_here(m, gd);
  let switches: u32 = 0;
  let hash = gd.gd_hash;
  let switchtime = gd.gd_switchtime;
  let level: Level | null = null;
  let head: usize = 0;
  let tail: usize = 0;

  let fp = changetype<usize>(gd.gd_curthread) + frame_delta;
  let pc = load<usize>(fp);
  let armed = window(m, gd, gd.gd_cycles);
  /** The time when `end` is reached. */
  let deadline = gd.gd_cycles + (cost != 0 ? armed : 0);
  let end = pc + (<usize>armed << 4);
  let event: u32 = 0;
  cpu_state(gd).reservation = NO_RESERVATION;

  for (;;) {
    let exit: u32 = EXIT_SLOW;
    for (;;) {
      switch (load<u32>(pc)) {
        case RvOp.SLOW:
          break;
        case RvOp.NOP:
          pc += RECORD_SIZE;
          continue;
        case RvOp.LI:
          set_a(fp, pc, imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.MV:
          set_a(fp, pc, reg_b(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.ADDI:
          set_a(fp, pc, reg_b(fp, pc) + imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SLTI:
          set_a(fp, pc, i32(reg_b(fp, pc) < imm_c(pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SLTIU:
          set_a(fp, pc, i32(<u32>reg_b(fp, pc) < <u32>imm_c(pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.XORI:
          set_a(fp, pc, reg_b(fp, pc) ^ imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.ORI:
          set_a(fp, pc, reg_b(fp, pc) | imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.ANDI:
          set_a(fp, pc, reg_b(fp, pc) & imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SLLI:
          set_a(fp, pc, reg_b(fp, pc) << imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SRLI:
          set_a(fp, pc, <u32>reg_b(fp, pc) >> imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SRAI:
          set_a(fp, pc, reg_b(fp, pc) >> imm_c(pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.ADD:
          set_a(fp, pc, reg_b(fp, pc) + reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SUB:
          set_a(fp, pc, reg_b(fp, pc) - reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SLL:
          set_a(fp, pc, reg_b(fp, pc) << reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SLT:
          set_a(fp, pc, i32(reg_b(fp, pc) < reg_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SLTU:
          set_a(fp, pc, i32(<u32>reg_b(fp, pc) < <u32>reg_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.XOR:
          set_a(fp, pc, reg_b(fp, pc) ^ reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SRL:
          set_a(fp, pc, <u32>reg_b(fp, pc) >> reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SRA:
          set_a(fp, pc, reg_b(fp, pc) >> reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.OR:
          set_a(fp, pc, reg_b(fp, pc) | reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.AND:
          set_a(fp, pc, reg_b(fp, pc) & reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.MUL:
          set_a(fp, pc, reg_b(fp, pc) * reg_c(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.MULH:
          set_a(fp, pc, mulh(reg_b(fp, pc), reg_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.MULHSU:
          set_a(fp, pc, mulhsu(reg_b(fp, pc), word_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.MULHU:
          set_a(fp, pc, mulhu(word_b(fp, pc), word_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.DIV:
          set_a(fp, pc, div_i32(reg_b(fp, pc), reg_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.DIVU:
          set_a(fp, pc, div_u32(reg_b(fp, pc), reg_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.REM:
          set_a(fp, pc, rem_i32(reg_b(fp, pc), reg_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.REMU:
          set_a(fp, pc, rem_u32(reg_b(fp, pc), reg_c(fp, pc)));
          pc += RECORD_SIZE;
          continue;
        case RvOp.NEG:
          set_a(fp, pc, -reg_b(fp, pc));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SNEZ:
          set_a(fp, pc, i32(reg_b(fp, pc) != 0));
          pc += RECORD_SIZE;
          continue;
        case RvOp.SGTZ:
          set_a(fp, pc, i32(reg_b(fp, pc) > 0));
          pc += RECORD_SIZE;
          continue;
        case RvOp.LB: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at >= load1) break;
          set_a(fp, pc, load<i8>(guest + at));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.LH: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at >= load2) break;
          set_a(fp, pc, load<i16>(guest + at));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.LW: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at >= load4) break;
          set_a(fp, pc, load<i32>(guest + at));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.LBU: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at >= load1) break;
          set_a(fp, pc, load<u8>(guest + at));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.LHU: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at >= load2) break;
          set_a(fp, pc, load<u16>(guest + at));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.SB: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at - text >= store1) break;
          store<u8>(guest + at, reg_a(fp, pc));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.SH: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at - text >= store2) break;
          store<u16>(guest + at, reg_a(fp, pc));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.SW: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at - text >= store4) break;
          store<i32>(guest + at, reg_a(fp, pc));
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.SB0: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at - text >= store1) break;
          store<u8>(guest + at, 0);
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.SH0: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at - text >= store2) break;
          store<u16>(guest + at, 0);
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.SW0: {
          const at = <u32>(reg_b(fp, pc) + imm_c(pc));
          if (at - text >= store4) break;
          store<i32>(guest + at, 0);
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BEQ: {
          if (reg_a(fp, pc) == reg_b(fp, pc)) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BNE: {
          if (reg_a(fp, pc) != reg_b(fp, pc)) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BLT: {
          if (reg_a(fp, pc) < reg_b(fp, pc)) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BGE: {
          if (reg_a(fp, pc) >= reg_b(fp, pc)) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BLTU: {
          if (<u32>reg_a(fp, pc) < <u32>reg_b(fp, pc)) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BGEU: {
          if (<u32>reg_a(fp, pc) >= <u32>reg_b(fp, pc)) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BEQZ: {
          if (reg_a(fp, pc) == 0) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BNEZ: {
          if (reg_a(fp, pc) != 0) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BLTZ: {
          if (reg_a(fp, pc) < 0) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BGEZ: {
          if (reg_a(fp, pc) >= 0) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BGTZ: {
          if (reg_a(fp, pc) > 0) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.BLEZ: {
          if (reg_a(fp, pc) <= 0) {
            const far = distance(pc);
            end += far;
            pc += far + RECORD_SIZE;
            if (<i32>(end - pc) > 0) continue;
            exit = EXIT_SLICE;
            break;
          }
          pc += RECORD_SIZE;
          continue;
        }
        case RvOp.J: {
          const far = distance(pc);
          end += far;
          pc += far + RECORD_SIZE;
          if (<i32>(end - pc) > 0) continue;
          exit = EXIT_SLICE;
          break;
        }
        case RvOp.JAL: {
          const far = distance(pc);
          set_a(fp, pc, load<i32>(pc, offsetof<Record>("b")));
          end += far;
          pc += far + RECORD_SIZE;
          if (<i32>(end - pc) > 0) continue;
          exit = EXIT_SLICE;
          break;
        }
        case RvOp.JR: {
          const to = record_of(m, (reg_b(fp, pc) + imm_c(pc)) & ~1);
          if (to == 0) break;
          end += to - (pc + RECORD_SIZE);
          pc = to;
          if (<i32>(end - pc) > 0) continue;
          exit = EXIT_SLICE;
          break;
        }
        case RvOp.JALR: {
          const to = record_of(m, (reg_b(fp, pc) + imm_c(pc)) & ~1);
          if (to == 0) break;
          set_a(fp, pc, <i32>((pc + RECORD_SIZE - m.decoded_base) >> 2));
          end += to - (pc + RECORD_SIZE);
          pc = to;
          if (<i32>(end - pc) > 0) continue;
          exit = EXIT_SLICE;
          break;
        }
        case RvOp.RET: {
          const to = record_of(m, load<u32>(fp, offsetof<Frame>("ra")) & ~1);
          if (to == 0) break;
          end += to - (pc + RECORD_SIZE);
          pc = to;
          if (<i32>(end - pc) > 0) continue;
          exit = EXIT_SLICE;
          break;
        }
        case RvOp.CALL:
        case RvOp.ECALL:
          exit = EXIT_CALL;
          break;
        case RvOp.YIELD: {
          if ((head & CHUNK_MASK) == 0 || (tail & CHUNK_MASK) == 0) {
            exit = EXIT_QUEUE;
            break;
          }
          const ntd = load<usize>(head);
          if (ntd == 0) {
            exit = EXIT_QUEUE;
            break;
          }
          const td = fp - frame_delta;
          if (ntd == td) {
            exit = EXIT_SELF;
            break;
          }
          if (
            (load<u32>(ntd, offsetof<Thread>("td_kfn")) & BODY_MASK) != BODY_READY ||
            (flags_of(ntd) & FLAGS_MASK) != FLAGS_READY ||
            load<i32>(ntd) < TDPRI_CRIT
          ) {
            exit = EXIT_CALL;
            break;
          }
          store<usize>(tail, ntd);
          store<usize>(ntd, tail, offsetof<Thread>("td_slot"));
          head += 4;
          tail += 4;
          pc += RECORD_SIZE;
          store<usize>(fp, pc);
          const now = deadline - <u64>(<i64>((<i32>(end - pc) >> 4) & cost));
          const from = changetype<Thread>(td);
          const to = changetype<Thread>(ntd);
          hash = switch_hash(hash, from, to, now);
          from.td_pri += TDPRI_CRIT;
          from.td_runtime += now - switchtime;
          from.td_nvcsw++;
          from.td_state = <u8>TDS.RUNQ;
          switchtime = now;
          to.td_pri -= TDPRI_CRIT;
          to.td_state = <u8>TDS.RUNNING;
          cpu_state(gd).reservation = NO_RESERVATION;
          fp = ntd + frame_delta;
          const next = load<usize>(fp);
          end += next - pc;
          pc = next;
          switches++;
          if (<i32>(end - pc) > 0 && switches != budget) continue;
          exit = EXIT_SLICE;
          break;
        }
      }
      break;
    }

    if (exit == EXIT_SLOW) {
      event = rv32_slow(gd, fp, pc);
      if (event != 0) break;
      pc += RECORD_SIZE;
      continue;
    }
    if (exit == EXIT_QUEUE) {
      if (level !== null) {
        level.head = head;
        level.tail = tail;
      }
      if (short) {
        level = ready_level(gd);
        if (level !== null) {
          head = level.head;
          tail = level.tail;
          continue;
        }
      }
      exit = EXIT_CALL;
    }
    if (exit == EXIT_CALL) {
      event = load<u32>(pc) == RvOp.ECALL ? ecall_event(reg_a(fp, pc)) : imm_c(pc);
      pc += RECORD_SIZE;
      break;
    }
    if (exit == EXIT_SELF) {
      store<usize>(tail, fp - frame_delta);
      store<usize>(fp - frame_delta, tail, offsetof<Thread>("td_slot"));
      head += 4;
      tail += 4;
      pc += RECORD_SIZE;
      gd.gd_switch_count++;
      cpu_state(gd).reservation = NO_RESERVATION;
      if (<i32>(end - pc) > 0) continue;
    }
    if (switches == budget) {
      event = RV_SWITCHES;
      break;
    }
    const left = <i64>(<i32>(end - pc) >> 4);
    const now = deadline - <u64>(left & <i64>cost);
    if (cost == 0 || now >= gd.gd_slice_end) {
      event = RV_SLICE;
      break;
    }
    gd.gd_instructions += armed - <u64>left;
    armed = window(m, gd, now);
    deadline = now + armed;
    end = pc + (<usize>armed << 4);
  }

  const left = <i64>(<i32>(end - pc) >> 4);
  gd.gd_instructions += armed - <u64>left;
  gd.gd_cycles = deadline - <u64>(left & <i64>cost);
  store<usize>(fp, pc);
  if (level !== null) {
    level.head = head;
    level.tail = tail;
  }
  if (switches != 0) {
    const td = changetype<Thread>(fp - frame_delta);
    gd.gd_curthread = td;
    m.last_thread = td;
    gd.gd_hash = hash;
    gd.gd_switchtime = switchtime;
    gd.gd_switches += switches;
    gd.gd_switch_count += switches;
    if (m.run_limited != 0) m.run_switches -= switches;
  }
  return event;
}
