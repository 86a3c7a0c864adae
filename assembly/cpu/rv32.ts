// The emulated CPU: runs RV32 threads, and switches between those that only yield.
//
// rv32_run's inner loop executes one record (rv32_decode.ts) per turn, with the pc, the frame and the
// scheduler's state in locals. Whatever is unusual leaves it by `break`, is dealt with behind it, and
// either goes back in or returns to run/run.ts. Nothing is called inside the loop: a call there
// costs every instruction the registers that it may destroy.
//
// Time. No instruction is counted. Where execution goes straight on, the pc is a clock of 16 units an
// instruction. `clock` is what must be
// added to it for the time in sixteenths of a cycle; a jump subtracts from `clock` what it adds to the
// pc. So the time, and with it the number of instructions, is exact in any place. It is compared with
// the slice's end where the straight line ends: at taken branches, jumps and kernel calls.
//
// The switch. The kernel call lwkt_yield, when nothing unusual is on, does here what lwkt_yield,
// lwkt_switch, cpu_switch and switch_in do in kern/: the same counts, states, hash and queue. Where a
// thread or the kernel is in any other state the call goes the long way round, which decides
// everything afresh; so the short way may give up at any point before its first store. Three things
// are put off to the end of the run, where they come to the same:
//  - A thread that is left gets 32 added to td_pri and becomes RUNQ, one that is switched to has 32
//    subtracted and becomes RUNNING: of all that the run comes through only the first and the last
//    are changed in the end. (The assertion of lwkt_switch that td_pri is 32 or more cannot fail: a
//    queued thread that has run before left its CPU by a switch, which added 32 to what was not
//    negative, and nobody subtracts from a thread that does not run.)
//  - Switches are counted by how far the queue's head has moved.
//  - The queue's level is written back.
import { CHUNK_MASK, CHUNK_SIZE, CHUNK_SLOTS, ChunkList } from "../sys/chunklist";
import { GlobalData } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { TDB, TDPRI_CRIT, TDS, Thread } from "../sys/proc";
import { runq_append, runq_take } from "../sys/runq";
import { HASH_MULTIPLIER } from "../sys/trace_hash";
import { cpu_state, NO_RESERVATION } from "./cpu_state";
import {
  DATA,
  DECODED,
  GAP,
  GUEST,
  LIMIT,
  LOAD1,
  LOAD2,
  LOAD4,
  MULTIPLIER,
  PLAIN,
  STOP,
  STORE1,
  STORE2,
  STORE4,
  TD_BASES,
  TEXT,
  WORDS,
} from "./rv32_cell";
import { RECORD_SIZE, Record } from "./rv32_decode";
import { RvOp } from "./rv32_op";
import { rv32_slow } from "./rv32_slow";
import { rv32_yield_level, rv32_yield_start } from "./rv32_yield";

export { RV_FAULT, rv32_fault_address } from "./rv32_slow";

/** Event: after a kernel call, something else than RV32 code goes on. */
export const RV_LEFT: u32 = 1;
/** Event: the slice is over; with cycle_cost 0, RUN_INSTRUCTIONS_MAX instructions were executed. */
export const RV_SLICE: u32 = 3;
/** Event: Machine.run_switches is used up. */
export const RV_SWITCHES: u32 = 4;

/** Most instructions of a run where time does not pass. */
const RUN_INSTRUCTIONS_MAX: u64 = 1 << 26;
/** Latest end of a slice, so that it has a place in 64 bits in sixteenths. */
const SLICE_END_MAX: u64 = 1 << 59;

/** Distance of a jump back to the yield in front of it. */
const YIELD_LOOP: i32 = -2 * <i32>RECORD_SIZE;

// Reasons to leave the inner loop.
const EXIT_SLOW: u32 = 0; //  execute the instruction, or its fault, by rv32_slow
const EXIT_SLICE: u32 = 1; // look whether the slice or the budget of switches is over
const EXIT_CALL: u32 = 2; //  return a kernel call
const EXIT_NONE: u32 = 3; //  of a loop inside an operation: go on behind it
const EXIT_YIELD: u32 = 4; // a yield: there is no next thread yet, or not one of plain RV32 code

/** Fills in what the inner loop reads and never changes: at boot, when the arenas are laid out. */
export function rv32_init(): void {
  const m = machine();
  const text = m.text_size;
  const size = m.guest_size;
  const room = size - text;
  store<usize>(GUEST, m.guest_base);
  store<usize>(DATA, m.guest_base + text);
  store<u32>(TEXT, text);
  store<u32>(WORDS, text >> 2);
  store<usize>(DECODED, m.decoded_base);
  store<u32>(LOAD1, size);
  store<u32>(LOAD2, max<u32>(size, 1) - 1);
  store<u32>(LOAD4, max<u32>(size, 3) - 3);
  store<u32>(STORE1, room);
  store<u32>(STORE2, max<u32>(room, 1) - 1);
  store<u32>(STORE4, max<u32>(room, 3) - 3);
  store<u64>(TD_BASES, ((<u64>m.td_base) << 32) + <u64>m.td_base);
  store<u64>(MULTIPLIER, HASH_MULTIPLIER);
}

/** Fills in what holds for one run of the inner loop; returns the time in sixteenths of a cycle. */
function run_begin(m: Machine, gd: GlobalData): u64 {
  store<usize>(STOP, 0);
  store<u32>(PLAIN, ((<u32>TDB.RV32) << 24) | (gd.gd_cpuid << 16));
  cpu_state(gd).reservation = NO_RESERVATION;
  if (m.cycle_cost == 0) {
    store<u64>(LIMIT, RUN_INSTRUCTIONS_MAX << 4);
    return 0;
  }
  store<u64>(LIMIT, min<u64>(gd.gd_slice_end, SLICE_END_MAX) << 4);
  return gd.gd_cycles << 4;
}

/** How many switches the run call still allows. */
function switch_budget(m: Machine): u32 {
  return m.run_limited != 0 ? <u32>min<u64>(m.run_switches, u32.MAX_VALUE) : u32.MAX_VALUE;
}

/**
 * The level that the next thread is taken from, or null if the yield must take the long way. Gives
 * `level` back first, and says how far the loop may move the new one's head.
 */
function next_level(
  gd: GlobalData,
  level: ChunkList | null,
  head: usize,
  budget: u32,
): ChunkList | null {
  give_level(level, head);
  const next = rv32_yield_level(gd, level);
  if (next === null) return null;
  const tail = next.tail;
  const slots = CHUNK_SIZE - max(next.head & CHUNK_MASK, tail & CHUNK_MASK);
  store<usize>(GAP, tail - next.head);
  store<usize>(STOP, next.head + min<usize>(slots, min<u32>(budget, CHUNK_SLOTS) << 2));
  return next;
}

/** Gives a level back to the queue. */
function give_level(level: ChunkList | null, head: usize): void {
  if (level === null) return;
  level.head = head;
  level.tail = head + load<usize>(GAP);
}

/** A yield came back to the same thread: it moves to its level's tail, and that is all. */
function yield_to_self(gd: GlobalData, level: ChunkList): void {
  const td = runq_take(level);
  if (td !== null) runq_append(level, td);
  gd.gd_switch_count++;
  cpu_state(gd).reservation = NO_RESERVATION;
}

/** The number of the kernel call at a record. */
function call_number(td: usize, at: usize): u32 {
  const record = changetype<Record>(at);
  return record.op == RvOp.ECALL ? load<u32>(td + record.a) : record.c;
}

/** Accounts for what the run has put off: it has come from `first` to `td` in `switches` switches. */
function run_switched(gd: GlobalData, first: Thread, td: Thread, switches: u32): void {
  const m = machine();
  first.td_pri += TDPRI_CRIT;
  first.td_state = <u8>TDS.RUNQ;
  td.td_pri -= TDPRI_CRIT;
  td.td_state = <u8>TDS.RUNNING;
  gd.gd_curthread = td;
  m.last_thread = td;
  gd.gd_switches += switches;
  gd.gd_switch_count += switches;
  if (m.run_limited != 0) m.run_switches -= switches;
}

/** Ends a run that began at time `from` and ends at `time`, both in sixteenths of a cycle. */
function run_end(gd: GlobalData, from: u64, time: u64): void {
  const instructions = (time - from) >> 4;
  gd.gd_instructions += instructions;
  if (machine().cycle_cost != 0) gd.gd_cycles += instructions;
}

/**
 * Runs the CPU's current thread, an RV32 body without a pending continuation, and those that it switches
 * to by plain yields and by kernel calls, until an event: RV_LEFT, RV_FAULT with its RV_FAULT_* above the
 * low byte (the pc is on it), RV_SLICE, or RV_SWITCHES. Cycles, instructions, registers and the
 * scheduler's state are up to date then.
 *
 * `Kernel` is a class whose method `call(gd, nr)` performs a kernel call of the current thread, with the pc
 * behind it, and is true if RV32 code of this CPU goes on next.
 */
export function rv32_run<Kernel>(gd: GlobalData): u32 {
  const m = machine();
  if (m.cycle_cost != 0 && gd.gd_cycles >= gd.gd_slice_end) return RV_SLICE;
  if (m.run_limited != 0 && m.run_switches == 0) return RV_SWITCHES;
  let budget = switch_budget(m);
  let first = gd.gd_curthread;
  let from = run_begin(m, gd);
  let td = changetype<usize>(first);
  let pc = load<usize>(td, offsetof<Thread>("td_pc"));
  let clock = from - <u64>pc;
  let hash = gd.gd_hash;
  let switchtime = gd.gd_switchtime;
  /** The level that yields take threads from, its head, and the head when switches were counted. */
  let level: ChunkList | null = null;
  let head: usize = 0;
  let mark: usize = 0;
  let switches: u32 = 0;
  let event: u32 = 0;
  // Locals of the generated code
  let a0: i32 = 0;
  let at: u32 = 0;
  let b: i32 = 0;
  let b0: i32 = 0;
  let b1: i32 = 0;
  let b2: i32 = 0;
  let b3: i32 = 0;
  let b4: i32 = 0;
  let c: i32 = 0;
  let c1: i32 = 0;
  let far: i64 = 0;
  let i0: i32 = 0;
  let i1: i32 = 0;
  let i2: i32 = 0;
  let i3: i32 = 0;
  let i4: i32 = 0;
  let r0: i32 = 0;
  let r1: i32 = 0;
  let r2: i32 = 0;
  let r3: i32 = 0;
  let r4: i32 = 0;
  let to: usize = 0;
  let v0: i32 = 0;
  let v1: i32 = 0;
  let v2: i32 = 0;
  let v3: i32 = 0;
  let v4: i32 = 0;
  // End of locals.

  for (;;) {
    let exit: u32 = EXIT_SLOW;
    for (;;) {
      const record = pc;
      const op = load<i32>(record);
      // Generated by scripts/rv32-loop.mjs from here
      if (op < RvOp.SW_SW) {
        if (op < RvOp.ADDI_LW) {
          if (op < RvOp.AND) {
            if (op < RvOp.NEG) {
              if (op < RvOp.SB_AT1_SELF_ADDI_TO_BNE_LOOP) {
                if (op < RvOp.SLT) {
                  if (op < RvOp.SLTIU) {
                    if (op < RvOp.REM) {
                      if (op < RvOp.SLTI) {
                        if (op < RvOp.MULH) {
                          if (op < RvOp.NOP) {
                            if (op < RvOp.MULHSU) {
                              // SLOW
                              break;
                            } else {
                              // MULHSU
                              store<i32>(
                                td + load<usize>(record, 4),
                                <i32>(
                                  ((<i64>load<i32>(td + load<usize>(record, 8)) *
                                    <i64>load<u32>(td + load<usize>(record, 12))) >>
                                    32)
                                ),
                              );
                              pc = record + 16;
                              continue;
                            }
                          } else {
                            if (op < RvOp.SGTZ) {
                              // NOP
                              pc = record + 16;
                              continue;
                            } else {
                              // SGTZ
                              store<i32>(
                                td + load<usize>(record, 4),
                                i32(load<i32>(td + load<usize>(record, 8)) > 0),
                              );
                              pc = record + 16;
                              continue;
                            }
                          }
                        } else {
                          if (op < RvOp.SH0) {
                            // MULH
                            store<i32>(
                              td + load<usize>(record, 4),
                              <i32>(
                                ((<i64>load<i32>(td + load<usize>(record, 8)) *
                                  <i64>load<i32>(td + load<usize>(record, 12))) >>
                                  32)
                              ),
                            );
                            pc = record + 16;
                            continue;
                          } else {
                            // SH0
                            at =
                              <u32>(
                                (load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12))
                              ) - load<u32>(TEXT);
                            if (at >= load<u32>(STORE2)) {
                              break;
                            }
                            store<u16>(load<usize>(DATA) + at, 0);
                            pc = record + 16;
                            continue;
                          }
                        }
                      } else {
                        if (op < RvOp.DIV) {
                          if (op < RvOp.ECALL) {
                            // SLTI
                            store<i32>(
                              td + load<usize>(record, 4),
                              i32(load<i32>(td + load<usize>(record, 8)) < load<i32>(record, 12)),
                            );
                            pc = record + 16;
                            continue;
                          } else {
                            // ECALL
                            exit = EXIT_CALL;
                            break;
                          }
                        } else {
                          // DIV
                          b = load<i32>(td + load<usize>(record, 8));
                          c = load<i32>(td + load<usize>(record, 12));
                          store<i32>(
                            td + load<usize>(record, 4),
                            c == 0 ? -1 : c == -1 ? -b : b / c,
                          );
                          pc = record + 16;
                          continue;
                        }
                      }
                    } else {
                      if (op < RvOp.DIVU) {
                        if (op < RvOp.MULHU) {
                          // REM
                          b = load<i32>(td + load<usize>(record, 8));
                          c = load<i32>(td + load<usize>(record, 12));
                          store<i32>(td + load<usize>(record, 4), c == 0 ? b : c == -1 ? 0 : b % c);
                          pc = record + 16;
                          continue;
                        } else {
                          // MULHU
                          store<i32>(
                            td + load<usize>(record, 4),
                            <i32>(
                              ((<u64>load<u32>(td + load<usize>(record, 8)) *
                                <u64>load<u32>(td + load<usize>(record, 12))) >>
                                32)
                            ),
                          );
                          pc = record + 16;
                          continue;
                        }
                      } else {
                        if (op < RvOp.REMU) {
                          // DIVU
                          b = load<i32>(td + load<usize>(record, 8));
                          c = load<i32>(td + load<usize>(record, 12));
                          store<i32>(
                            td + load<usize>(record, 4),
                            c == 0 ? -1 : <i32>(<u32>b / <u32>c),
                          );
                          pc = record + 16;
                          continue;
                        } else {
                          // REMU
                          b = load<i32>(td + load<usize>(record, 8));
                          c = load<i32>(td + load<usize>(record, 12));
                          store<i32>(
                            td + load<usize>(record, 4),
                            c == 0 ? b : <i32>(<u32>b % <u32>c),
                          );
                          pc = record + 16;
                          continue;
                        }
                      }
                    }
                  } else {
                    if (op < RvOp.ORI) {
                      if (op < RvOp.XORI) {
                        // SLTIU
                        store<i32>(
                          td + load<usize>(record, 4),
                          i32(
                            <u32>load<i32>(td + load<usize>(record, 8)) <
                              <u32>load<i32>(record, 12),
                          ),
                        );
                        pc = record + 16;
                        continue;
                      } else {
                        // XORI
                        store<i32>(
                          td + load<usize>(record, 4),
                          load<i32>(td + load<usize>(record, 8)) ^ load<i32>(record, 12),
                        );
                        pc = record + 16;
                        continue;
                      }
                    } else {
                      if (op < RvOp.SRAI) {
                        // ORI
                        store<i32>(
                          td + load<usize>(record, 4),
                          load<i32>(td + load<usize>(record, 8)) | load<i32>(record, 12),
                        );
                        pc = record + 16;
                        continue;
                      } else {
                        if (op < RvOp.SLL) {
                          // SRAI
                          store<i32>(
                            td + load<usize>(record, 4),
                            load<i32>(td + load<usize>(record, 8)) >> load<i32>(record, 12),
                          );
                          pc = record + 16;
                          continue;
                        } else {
                          // SLL
                          store<i32>(
                            td + load<usize>(record, 4),
                            load<i32>(td + load<usize>(record, 8)) <<
                              load<i32>(td + load<usize>(record, 12)),
                          );
                          pc = record + 16;
                          continue;
                        }
                      }
                    }
                  }
                } else {
                  if (op < RvOp.LH) {
                    if (op < RvOp.SRL) {
                      if (op < RvOp.SLTU) {
                        // SLT
                        store<i32>(
                          td + load<usize>(record, 4),
                          i32(
                            load<i32>(td + load<usize>(record, 8)) <
                              load<i32>(td + load<usize>(record, 12)),
                          ),
                        );
                        pc = record + 16;
                        continue;
                      } else {
                        // SLTU
                        store<i32>(
                          td + load<usize>(record, 4),
                          i32(
                            <u32>load<i32>(td + load<usize>(record, 8)) <
                              <u32>load<i32>(td + load<usize>(record, 12)),
                          ),
                        );
                        pc = record + 16;
                        continue;
                      }
                    } else {
                      if (op < RvOp.SRA) {
                        // SRL
                        store<i32>(
                          td + load<usize>(record, 4),
                          <i32>(
                            (<u32>load<i32>(td + load<usize>(record, 8)) >>
                              load<i32>(td + load<usize>(record, 12)))
                          ),
                        );
                        pc = record + 16;
                        continue;
                      } else {
                        if (op < RvOp.SNEZ) {
                          // SRA
                          store<i32>(
                            td + load<usize>(record, 4),
                            load<i32>(td + load<usize>(record, 8)) >>
                              load<i32>(td + load<usize>(record, 12)),
                          );
                          pc = record + 16;
                          continue;
                        } else {
                          // SNEZ
                          store<i32>(
                            td + load<usize>(record, 4),
                            i32(load<i32>(td + load<usize>(record, 8)) != 0),
                          );
                          pc = record + 16;
                          continue;
                        }
                      }
                    }
                  } else {
                    if (op < RvOp.SELF_ADDI_TO_BNE_LOOP) {
                      if (op < RvOp.SH) {
                        // LH
                        at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                        if (at >= load<u32>(LOAD2)) {
                          break;
                        }
                        store<i32>(td + load<usize>(record, 4), load<i16>(load<usize>(GUEST) + at));
                        pc = record + 16;
                        continue;
                      } else {
                        if (op < RvOp.SELF_ADDI_TO_BNEZ_LOOP) {
                          // SH
                          at =
                            <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                            load<u32>(TEXT);
                          if (at >= load<u32>(STORE2)) {
                            break;
                          }
                          store<u16>(
                            load<usize>(DATA) + at,
                            load<i32>(td + load<usize>(record, 4)),
                          );
                          pc = record + 16;
                          continue;
                        } else {
                          // SELF_ADDI_TO_BNEZ_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          i0 = load<i32>(record, 12);
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            r0 = r0 + i0;
                            if (!(r0 != 0)) {
                              pc = record + 32;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 32;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    } else {
                      if (op < RvOp.SELF_ADDI_TO_BLT_LOOP) {
                        // SELF_ADDI_TO_BNE_LOOP
                        r0 = load<i32>(td + load<usize>(record, 4));
                        i0 = load<i32>(record, 12);
                        b1 = load<i32>(td + load<usize>(record, 24));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          r0 = r0 + i0;
                          if (!(r0 != b1)) {
                            pc = record + 32;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 32;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 4), r0);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        if (op < RvOp.SELF_ADDI_TO_BLTU_LOOP) {
                          // SELF_ADDI_TO_BLT_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          i0 = load<i32>(record, 12);
                          b1 = load<i32>(td + load<usize>(record, 24));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            r0 = r0 + i0;
                            if (!(r0 < b1)) {
                              pc = record + 32;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 32;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        } else {
                          // SELF_ADDI_TO_BLTU_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          i0 = load<i32>(record, 12);
                          b1 = load<i32>(td + load<usize>(record, 24));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            r0 = r0 + i0;
                            if (!(<u32>r0 < <u32>b1)) {
                              pc = record + 32;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 32;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    }
                  }
                }
              } else {
                if (op < RvOp.SB_AT1_SELF_ADD_TO_BLTU_LOOP) {
                  if (op < RvOp.SB0_AT1_SELF_ADDI_TO_BLTU_LOOP) {
                    if (op < RvOp.SW_AT1_SELF_ADDI_TO_BNE_LOOP) {
                      if (op < RvOp.SB_AT1_SELF_ADDI_TO_BLTU_LOOP) {
                        // SB_AT1_SELF_ADDI_TO_BNE_LOOP
                        r1 = load<i32>(td + load<usize>(record, 20));
                        i0 = load<i32>(record, 12) - load<i32>(TEXT);
                        a0 = load<i32>(td + load<usize>(record, 4));
                        i1 = load<i32>(record, 28);
                        b2 = load<i32>(td + load<usize>(record, 40));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(STORE1)) {
                            break;
                          }
                          store<u8>(load<usize>(DATA) + at, a0);
                          r1 = r1 + i1;
                          if (!(r1 != b2)) {
                            pc = record + 48;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 48;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 20), r1);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        // SB_AT1_SELF_ADDI_TO_BLTU_LOOP
                        r1 = load<i32>(td + load<usize>(record, 20));
                        i0 = load<i32>(record, 12) - load<i32>(TEXT);
                        a0 = load<i32>(td + load<usize>(record, 4));
                        i1 = load<i32>(record, 28);
                        b2 = load<i32>(td + load<usize>(record, 40));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(STORE1)) {
                            break;
                          }
                          store<u8>(load<usize>(DATA) + at, a0);
                          r1 = r1 + i1;
                          if (!(<u32>r1 < <u32>b2)) {
                            pc = record + 48;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 48;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 20), r1);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      }
                    } else {
                      if (op < RvOp.SW_AT1_SELF_ADDI_TO_BLTU_LOOP) {
                        // SW_AT1_SELF_ADDI_TO_BNE_LOOP
                        r1 = load<i32>(td + load<usize>(record, 20));
                        i0 = load<i32>(record, 12) - load<i32>(TEXT);
                        a0 = load<i32>(td + load<usize>(record, 4));
                        i1 = load<i32>(record, 28);
                        b2 = load<i32>(td + load<usize>(record, 40));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(STORE4)) {
                            break;
                          }
                          store<i32>(load<usize>(DATA) + at, a0);
                          r1 = r1 + i1;
                          if (!(r1 != b2)) {
                            pc = record + 48;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 48;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 20), r1);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        if (op < RvOp.SB0_AT1_SELF_ADDI_TO_BNE_LOOP) {
                          // SW_AT1_SELF_ADDI_TO_BLTU_LOOP
                          r1 = load<i32>(td + load<usize>(record, 20));
                          i0 = load<i32>(record, 12) - load<i32>(TEXT);
                          a0 = load<i32>(td + load<usize>(record, 4));
                          i1 = load<i32>(record, 28);
                          b2 = load<i32>(td + load<usize>(record, 40));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(STORE4)) {
                              break;
                            }
                            store<i32>(load<usize>(DATA) + at, a0);
                            r1 = r1 + i1;
                            if (!(<u32>r1 < <u32>b2)) {
                              pc = record + 48;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 48;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 20), r1);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        } else {
                          // SB0_AT1_SELF_ADDI_TO_BNE_LOOP
                          r1 = load<i32>(td + load<usize>(record, 20));
                          i0 = load<i32>(record, 12) - load<i32>(TEXT);
                          i1 = load<i32>(record, 28);
                          b2 = load<i32>(td + load<usize>(record, 40));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(STORE1)) {
                              break;
                            }
                            store<u8>(load<usize>(DATA) + at, 0);
                            r1 = r1 + i1;
                            if (!(r1 != b2)) {
                              pc = record + 48;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 48;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 20), r1);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    }
                  } else {
                    if (op < RvOp.SB_AT1_IS2_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP) {
                      if (op < RvOp.SW0_AT1_SELF_ADDI_TO_BNE_LOOP) {
                        // SB0_AT1_SELF_ADDI_TO_BLTU_LOOP
                        r1 = load<i32>(td + load<usize>(record, 20));
                        i0 = load<i32>(record, 12) - load<i32>(TEXT);
                        i1 = load<i32>(record, 28);
                        b2 = load<i32>(td + load<usize>(record, 40));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(STORE1)) {
                            break;
                          }
                          store<u8>(load<usize>(DATA) + at, 0);
                          r1 = r1 + i1;
                          if (!(<u32>r1 < <u32>b2)) {
                            pc = record + 48;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 48;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 20), r1);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        if (op < RvOp.SW0_AT1_SELF_ADDI_TO_BLTU_LOOP) {
                          // SW0_AT1_SELF_ADDI_TO_BNE_LOOP
                          r1 = load<i32>(td + load<usize>(record, 20));
                          i0 = load<i32>(record, 12) - load<i32>(TEXT);
                          i1 = load<i32>(record, 28);
                          b2 = load<i32>(td + load<usize>(record, 40));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(STORE4)) {
                              break;
                            }
                            store<i32>(load<usize>(DATA) + at, 0);
                            r1 = r1 + i1;
                            if (!(r1 != b2)) {
                              pc = record + 48;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 48;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 20), r1);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        } else {
                          // SW0_AT1_SELF_ADDI_TO_BLTU_LOOP
                          r1 = load<i32>(td + load<usize>(record, 20));
                          i0 = load<i32>(record, 12) - load<i32>(TEXT);
                          i1 = load<i32>(record, 28);
                          b2 = load<i32>(td + load<usize>(record, 40));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(STORE4)) {
                              break;
                            }
                            store<i32>(load<usize>(DATA) + at, 0);
                            r1 = r1 + i1;
                            if (!(<u32>r1 < <u32>b2)) {
                              pc = record + 48;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 48;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 20), r1);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    } else {
                      if (op < RvOp.SB_AT1_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP) {
                        // SB_AT1_IS2_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP
                        r1 = load<i32>(td + load<usize>(record, 20));
                        r2 = load<i32>(td + load<usize>(record, 36));
                        i0 = load<i32>(record, 12) - load<i32>(TEXT);
                        i1 = load<i32>(record, 28);
                        i2 = load<i32>(record, 44);
                        b3 = load<i32>(td + load<usize>(record, 56));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(STORE1)) {
                            break;
                          }
                          store<u8>(load<usize>(DATA) + at, r2);
                          r1 = r1 + i1;
                          r2 = r2 + i2;
                          if (!(r2 != b3)) {
                            pc = record + 64;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 64;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 20), r1);
                        store<i32>(td + load<usize>(record, 36), r2);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        if (op < RvOp.SB_AT1_SELF_ADD_TO_BLT_LOOP) {
                          // SB_AT1_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP
                          r1 = load<i32>(td + load<usize>(record, 20));
                          r2 = load<i32>(td + load<usize>(record, 36));
                          i0 = load<i32>(record, 12) - load<i32>(TEXT);
                          a0 = load<i32>(td + load<usize>(record, 4));
                          i1 = load<i32>(record, 28);
                          i2 = load<i32>(record, 44);
                          b3 = load<i32>(td + load<usize>(record, 56));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(STORE1)) {
                              break;
                            }
                            store<u8>(load<usize>(DATA) + at, a0);
                            r1 = r1 + i1;
                            r2 = r2 + i2;
                            if (!(r2 != b3)) {
                              pc = record + 64;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 64;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 20), r1);
                          store<i32>(td + load<usize>(record, 36), r2);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        } else {
                          // SB_AT1_SELF_ADD_TO_BLT_LOOP
                          r1 = load<i32>(td + load<usize>(record, 20));
                          i0 = load<i32>(record, 12) - load<i32>(TEXT);
                          a0 = load<i32>(td + load<usize>(record, 4));
                          c1 = load<i32>(td + load<usize>(record, 28));
                          b2 = load<i32>(td + load<usize>(record, 40));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(STORE1)) {
                              break;
                            }
                            store<u8>(load<usize>(DATA) + at, a0);
                            r1 = r1 + c1;
                            if (!(r1 < b2)) {
                              pc = record + 48;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 48;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 20), r1);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    }
                  }
                } else {
                  if (op < RvOp.LBU_AT1_SELF_ADDI_SELF_ADDI_SB_AT2_IS0_BNE_AT2_LOOP) {
                    if (op < RvOp.LBU_AT2_SB_AT3_IS0_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP) {
                      if (op < RvOp.LW_AT2_SW_AT3_IS0_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP) {
                        // SB_AT1_SELF_ADD_TO_BLTU_LOOP
                        r1 = load<i32>(td + load<usize>(record, 20));
                        i0 = load<i32>(record, 12) - load<i32>(TEXT);
                        a0 = load<i32>(td + load<usize>(record, 4));
                        c1 = load<i32>(td + load<usize>(record, 28));
                        b2 = load<i32>(td + load<usize>(record, 40));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(STORE1)) {
                            break;
                          }
                          store<u8>(load<usize>(DATA) + at, a0);
                          r1 = r1 + c1;
                          if (!(<u32>r1 < <u32>b2)) {
                            pc = record + 48;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 48;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 20), r1);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        // LW_AT2_SW_AT3_IS0_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP
                        r0 = load<i32>(td + load<usize>(record, 4));
                        r2 = load<i32>(td + load<usize>(record, 36));
                        r3 = load<i32>(td + load<usize>(record, 52));
                        i0 = load<i32>(record, 12);
                        i1 = load<i32>(record, 28) - load<i32>(TEXT);
                        i2 = load<i32>(record, 44);
                        i3 = load<i32>(record, 60);
                        b4 = load<i32>(td + load<usize>(record, 72));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r2 + i0);
                          if (at >= load<u32>(LOAD4)) {
                            break;
                          }
                          r0 = load<i32>(load<usize>(GUEST) + at);
                          at = <u32>(r3 + i1);
                          if (at >= load<u32>(STORE4)) {
                            pc = record + 16;
                            break;
                          }
                          store<i32>(load<usize>(DATA) + at, r0);
                          r2 = r2 + i2;
                          r3 = r3 + i3;
                          if (!(r3 != b4)) {
                            pc = record + 80;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 80;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 4), r0);
                        store<i32>(td + load<usize>(record, 36), r2);
                        store<i32>(td + load<usize>(record, 52), r3);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      }
                    } else {
                      if (
                        op < RvOp.LBU_AT4_SB_AT3_IS0_SELF_ADDI_SELF_ADDI_SELF_ADDI_BNEZ_AT2_LOOP
                      ) {
                        // LBU_AT2_SB_AT3_IS0_SELF_ADDI_SELF_ADDI_TO_BNE_LOOP
                        r0 = load<i32>(td + load<usize>(record, 4));
                        r2 = load<i32>(td + load<usize>(record, 36));
                        r3 = load<i32>(td + load<usize>(record, 52));
                        i0 = load<i32>(record, 12);
                        i1 = load<i32>(record, 28) - load<i32>(TEXT);
                        i2 = load<i32>(record, 44);
                        i3 = load<i32>(record, 60);
                        b4 = load<i32>(td + load<usize>(record, 72));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r2 + i0);
                          if (at >= load<u32>(LOAD1)) {
                            break;
                          }
                          r0 = load<u8>(load<usize>(GUEST) + at);
                          at = <u32>(r3 + i1);
                          if (at >= load<u32>(STORE1)) {
                            pc = record + 16;
                            break;
                          }
                          store<u8>(load<usize>(DATA) + at, r0);
                          r2 = r2 + i2;
                          r3 = r3 + i3;
                          if (!(r3 != b4)) {
                            pc = record + 80;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 80;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 4), r0);
                        store<i32>(td + load<usize>(record, 36), r2);
                        store<i32>(td + load<usize>(record, 52), r3);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        if (op < RvOp.LBU_AT1_SELF_ADDI_SELF_ADDI_SB_AT2_IS0_BNE_AT1_LOOP) {
                          // LBU_AT4_SB_AT3_IS0_SELF_ADDI_SELF_ADDI_SELF_ADDI_BNEZ_AT2_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          r2 = load<i32>(td + load<usize>(record, 36));
                          r3 = load<i32>(td + load<usize>(record, 52));
                          r4 = load<i32>(td + load<usize>(record, 68));
                          i0 = load<i32>(record, 12);
                          i1 = load<i32>(record, 28) - load<i32>(TEXT);
                          i2 = load<i32>(record, 44);
                          i3 = load<i32>(record, 60);
                          i4 = load<i32>(record, 76);
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r4 + i0);
                            if (at >= load<u32>(LOAD1)) {
                              break;
                            }
                            r0 = load<u8>(load<usize>(GUEST) + at);
                            at = <u32>(r3 + i1);
                            if (at >= load<u32>(STORE1)) {
                              pc = record + 16;
                              break;
                            }
                            store<u8>(load<usize>(DATA) + at, r0);
                            r2 = r2 + i2;
                            r3 = r3 + i3;
                            r4 = r4 + i4;
                            if (!(r2 != 0)) {
                              pc = record + 96;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 96;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          store<i32>(td + load<usize>(record, 36), r2);
                          store<i32>(td + load<usize>(record, 52), r3);
                          store<i32>(td + load<usize>(record, 68), r4);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        } else {
                          // LBU_AT1_SELF_ADDI_SELF_ADDI_SB_AT2_IS0_BNE_AT1_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          r1 = load<i32>(td + load<usize>(record, 20));
                          r2 = load<i32>(td + load<usize>(record, 36));
                          i0 = load<i32>(record, 12);
                          i1 = load<i32>(record, 28);
                          i2 = load<i32>(record, 44);
                          i3 = load<i32>(record, 60) - load<i32>(TEXT);
                          b4 = load<i32>(td + load<usize>(record, 72));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(LOAD1)) {
                              break;
                            }
                            r0 = load<u8>(load<usize>(GUEST) + at);
                            r1 = r1 + i1;
                            r2 = r2 + i2;
                            at = <u32>(r2 + i3);
                            if (at >= load<u32>(STORE1)) {
                              pc = record + 48;
                              break;
                            }
                            store<u8>(load<usize>(DATA) + at, r0);
                            if (!(r1 != b4)) {
                              pc = record + 80;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 80;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          store<i32>(td + load<usize>(record, 20), r1);
                          store<i32>(td + load<usize>(record, 36), r2);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    }
                  } else {
                    if (op < RvOp.LBU_AT1_SELF_ADDI_BNEZ_AT0_LOOP) {
                      if (op < RvOp.LW_AT1_SELF_ADDI_SELF_ADD_IS0_BNE_AT1_LOOP) {
                        // LBU_AT1_SELF_ADDI_SELF_ADDI_SB_AT2_IS0_BNE_AT2_LOOP
                        r0 = load<i32>(td + load<usize>(record, 4));
                        r1 = load<i32>(td + load<usize>(record, 20));
                        r2 = load<i32>(td + load<usize>(record, 36));
                        i0 = load<i32>(record, 12);
                        i1 = load<i32>(record, 28);
                        i2 = load<i32>(record, 44);
                        i3 = load<i32>(record, 60) - load<i32>(TEXT);
                        b4 = load<i32>(td + load<usize>(record, 72));
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(LOAD1)) {
                            break;
                          }
                          r0 = load<u8>(load<usize>(GUEST) + at);
                          r1 = r1 + i1;
                          r2 = r2 + i2;
                          at = <u32>(r2 + i3);
                          if (at >= load<u32>(STORE1)) {
                            pc = record + 48;
                            break;
                          }
                          store<u8>(load<usize>(DATA) + at, r0);
                          if (!(r2 != b4)) {
                            pc = record + 80;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 80;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 4), r0);
                        store<i32>(td + load<usize>(record, 20), r1);
                        store<i32>(td + load<usize>(record, 36), r2);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        if (op < RvOp.LBU_AT1_SELF_ADDI_SELF_ADD_IS0_BNE_AT1_LOOP) {
                          // LW_AT1_SELF_ADDI_SELF_ADD_IS0_BNE_AT1_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          r1 = load<i32>(td + load<usize>(record, 20));
                          r2 = load<i32>(td + load<usize>(record, 36));
                          i0 = load<i32>(record, 12);
                          i1 = load<i32>(record, 28);
                          b3 = load<i32>(td + load<usize>(record, 56));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(LOAD4)) {
                              break;
                            }
                            r0 = load<i32>(load<usize>(GUEST) + at);
                            r1 = r1 + i1;
                            r2 = r2 + r0;
                            if (!(r1 != b3)) {
                              pc = record + 64;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 64;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          store<i32>(td + load<usize>(record, 20), r1);
                          store<i32>(td + load<usize>(record, 36), r2);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        } else {
                          // LBU_AT1_SELF_ADDI_SELF_ADD_IS0_BNE_AT1_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          r1 = load<i32>(td + load<usize>(record, 20));
                          r2 = load<i32>(td + load<usize>(record, 36));
                          i0 = load<i32>(record, 12);
                          i1 = load<i32>(record, 28);
                          b3 = load<i32>(td + load<usize>(record, 56));
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(r1 + i0);
                            if (at >= load<u32>(LOAD1)) {
                              break;
                            }
                            r0 = load<u8>(load<usize>(GUEST) + at);
                            r1 = r1 + i1;
                            r2 = r2 + r0;
                            if (!(r1 != b3)) {
                              pc = record + 64;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 64;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          store<i32>(td + load<usize>(record, 20), r1);
                          store<i32>(td + load<usize>(record, 36), r2);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    } else {
                      if (op < RvOp.LW_TO_BEQZ_LOOP) {
                        // LBU_AT1_SELF_ADDI_BNEZ_AT0_LOOP
                        r0 = load<i32>(td + load<usize>(record, 4));
                        r1 = load<i32>(td + load<usize>(record, 20));
                        i0 = load<i32>(record, 12);
                        i1 = load<i32>(record, 28);
                        clock += <u64>record;
                        clock -= load<u64>(LIMIT);
                        for (;;) {
                          at = <u32>(r1 + i0);
                          if (at >= load<u32>(LOAD1)) {
                            break;
                          }
                          r0 = load<u8>(load<usize>(GUEST) + at);
                          r1 = r1 + i1;
                          if (!(r0 != 0)) {
                            pc = record + 48;
                            exit = EXIT_NONE;
                            break;
                          }
                          clock += 48;
                          if (<i64>clock < 0) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        clock += load<u64>(LIMIT);
                        clock -= <u64>record;
                        store<i32>(td + load<usize>(record, 4), r0);
                        store<i32>(td + load<usize>(record, 20), r1);
                        if (exit != EXIT_NONE) break;
                        exit = EXIT_SLOW;
                        continue;
                      } else {
                        if (op < RvOp.LW_TO_BNEZ_LOOP) {
                          // LW_TO_BEQZ_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          b0 = load<i32>(td + load<usize>(record, 8));
                          i0 = load<i32>(record, 12);
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(b0 + i0);
                            if (at >= load<u32>(LOAD4)) {
                              break;
                            }
                            r0 = load<i32>(load<usize>(GUEST) + at);
                            if (!(r0 == 0)) {
                              pc = record + 32;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 32;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        } else {
                          // LW_TO_BNEZ_LOOP
                          r0 = load<i32>(td + load<usize>(record, 4));
                          b0 = load<i32>(td + load<usize>(record, 8));
                          i0 = load<i32>(record, 12);
                          clock += <u64>record;
                          clock -= load<u64>(LIMIT);
                          for (;;) {
                            at = <u32>(b0 + i0);
                            if (at >= load<u32>(LOAD4)) {
                              break;
                            }
                            r0 = load<i32>(load<usize>(GUEST) + at);
                            if (!(r0 != 0)) {
                              pc = record + 32;
                              exit = EXIT_NONE;
                              break;
                            }
                            clock += 32;
                            if (<i64>clock < 0) continue;
                            exit = EXIT_SLICE;
                            break;
                          }
                          clock += load<u64>(LIMIT);
                          clock -= <u64>record;
                          store<i32>(td + load<usize>(record, 4), r0);
                          if (exit != EXIT_NONE) break;
                          exit = EXIT_SLOW;
                          continue;
                        }
                      }
                    }
                  }
                }
              }
            } else {
              if (op < RvOp.XOR_BNE) {
                if (op < RvOp.BLTZ) {
                  if (op < RvOp.LHU) {
                    if (op < RvOp.LB) {
                      // NEG
                      store<i32>(
                        td + load<usize>(record, 4),
                        -load<i32>(td + load<usize>(record, 8)),
                      );
                      pc = record + 16;
                      continue;
                    } else {
                      // LB
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD1)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<i8>(load<usize>(GUEST) + at));
                      pc = record + 16;
                      continue;
                    }
                  } else {
                    if (op < RvOp.SB0) {
                      // LHU
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD2)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<u16>(load<usize>(GUEST) + at));
                      pc = record + 16;
                      continue;
                    } else {
                      if (op < RvOp.SW0) {
                        // SB0
                        at =
                          <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                          load<u32>(TEXT);
                        if (at >= load<u32>(STORE1)) {
                          break;
                        }
                        store<u8>(load<usize>(DATA) + at, 0);
                        pc = record + 16;
                        continue;
                      } else {
                        // SW0
                        at =
                          <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                          load<u32>(TEXT);
                        if (at >= load<u32>(STORE4)) {
                          break;
                        }
                        store<i32>(load<usize>(DATA) + at, 0);
                        pc = record + 16;
                        continue;
                      }
                    }
                  }
                } else {
                  if (op < RvOp.BLEZ) {
                    if (op < RvOp.BGEZ) {
                      // BLTZ
                      if (load<i32>(td + load<usize>(record, 4)) < 0) {
                        far = load<i32>(record, 12);
                        clock -= far;
                        pc = record + <usize>far + 16;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 16;
                      continue;
                    } else {
                      if (op < RvOp.BGTZ) {
                        // BGEZ
                        if (load<i32>(td + load<usize>(record, 4)) >= 0) {
                          far = load<i32>(record, 12);
                          clock -= far;
                          pc = record + <usize>far + 16;
                          if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        pc = record + 16;
                        continue;
                      } else {
                        // BGTZ
                        if (load<i32>(td + load<usize>(record, 4)) > 0) {
                          far = load<i32>(record, 12);
                          clock -= far;
                          pc = record + <usize>far + 16;
                          if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        pc = record + 16;
                        continue;
                      }
                    }
                  } else {
                    if (op < RvOp.ANDI_SRLI_BEQZ) {
                      // BLEZ
                      if (load<i32>(td + load<usize>(record, 4)) <= 0) {
                        far = load<i32>(record, 12);
                        clock -= far;
                        pc = record + <usize>far + 16;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 16;
                      continue;
                    } else {
                      if (op < RvOp.ANDI_SRLI_BNEZ) {
                        // ANDI_SRLI_BEQZ
                        store<i32>(
                          td + load<usize>(record, 4),
                          load<i32>(td + load<usize>(record, 8)) & load<i32>(record, 12),
                        );
                        store<i32>(
                          td + load<usize>(record, 20),
                          <i32>(
                            (<u32>load<i32>(td + load<usize>(record, 24)) >> load<i32>(record, 28))
                          ),
                        );
                        if (load<i32>(td + load<usize>(record, 36)) == 0) {
                          far = load<i32>(record, 44);
                          clock -= far;
                          pc = record + <usize>far + 48;
                          if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        pc = record + 48;
                        continue;
                      } else {
                        // ANDI_SRLI_BNEZ
                        store<i32>(
                          td + load<usize>(record, 4),
                          load<i32>(td + load<usize>(record, 8)) & load<i32>(record, 12),
                        );
                        store<i32>(
                          td + load<usize>(record, 20),
                          <i32>(
                            (<u32>load<i32>(td + load<usize>(record, 24)) >> load<i32>(record, 28))
                          ),
                        );
                        if (load<i32>(td + load<usize>(record, 36)) != 0) {
                          far = load<i32>(record, 44);
                          clock -= far;
                          pc = record + <usize>far + 48;
                          if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                          exit = EXIT_SLICE;
                          break;
                        }
                        pc = record + 48;
                        continue;
                      }
                    }
                  }
                }
              } else {
                if (op < RvOp.XOR_INTO_ANDI_INTO_SLLI_INTO_ADD_INTO_LW) {
                  if (op < RvOp.MV_RET) {
                    if (op < RvOp.XOR_ADDI_TO_BNEZ) {
                      // XOR_BNE
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) ^
                          load<i32>(td + load<usize>(record, 12)),
                      );
                      if (
                        load<i32>(td + load<usize>(record, 20)) !=
                        load<i32>(td + load<usize>(record, 24))
                      ) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    } else {
                      // XOR_ADDI_TO_BNEZ
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) ^
                          load<i32>(td + load<usize>(record, 12)),
                      );
                      v1 = load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28);
                      store<i32>(td + load<usize>(record, 20), v1);
                      if (v1 != 0) {
                        far = load<i32>(record, 44);
                        clock -= far;
                        pc = record + <usize>far + 48;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 48;
                      continue;
                    }
                  } else {
                    if (op < RvOp.MUL_INTO_ADD) {
                      // MV_RET
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)),
                      );
                      to = load<u32>(td + load<usize>(record, 24)) & ~1;
                      if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                        pc = record + 16;
                        break;
                      }
                      to = load<usize>(DECODED) + (to << 2);
                      clock += <u64>(record + 32);
                      clock -= <u64>to;
                      pc = to;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    } else {
                      if (op < RvOp.LBU_INTO_XOR_INTO_ANDI_INTO_SLLI_INTO_ADD_INTO_LW) {
                        // MUL_INTO_ADD
                        v0 =
                          load<i32>(td + load<usize>(record, 8)) *
                          load<i32>(td + load<usize>(record, 12));
                        store<i32>(
                          td + load<usize>(record, 20),
                          v0 + load<i32>(td + load<usize>(record, 28)),
                        );
                        pc = record + 32;
                        continue;
                      } else {
                        // LBU_INTO_XOR_INTO_ANDI_INTO_SLLI_INTO_ADD_INTO_LW
                        at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                        if (at >= load<u32>(LOAD1)) {
                          break;
                        }
                        v0 = load<u8>(load<usize>(GUEST) + at);
                        v1 = v0 ^ load<i32>(td + load<usize>(record, 28));
                        v2 = v1 & load<i32>(record, 44);
                        v3 = v2 << load<i32>(record, 60);
                        v4 = v3 + load<i32>(td + load<usize>(record, 76));
                        at = <u32>(v4 + load<i32>(record, 92));
                        if (at >= load<u32>(LOAD4)) {
                          store<i32>(td + load<usize>(record, 68), v4);
                          pc = record + 80;
                          break;
                        }
                        store<i32>(
                          td + load<usize>(record, 84),
                          load<i32>(load<usize>(GUEST) + at),
                        );
                        pc = record + 96;
                        continue;
                      }
                    }
                  }
                } else {
                  if (op < RvOp.SLLI_SRLI_OR) {
                    if (op < RvOp.ANDI_INTO_SLLI_INTO_ADD_INTO_LW) {
                      // XOR_INTO_ANDI_INTO_SLLI_INTO_ADD_INTO_LW
                      v0 =
                        load<i32>(td + load<usize>(record, 8)) ^
                        load<i32>(td + load<usize>(record, 12));
                      v1 = v0 & load<i32>(record, 28);
                      v2 = v1 << load<i32>(record, 44);
                      v3 = v2 + load<i32>(td + load<usize>(record, 60));
                      at = <u32>(v3 + load<i32>(record, 76));
                      if (at >= load<u32>(LOAD4)) {
                        store<i32>(td + load<usize>(record, 52), v3);
                        pc = record + 64;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 68), load<i32>(load<usize>(GUEST) + at));
                      pc = record + 80;
                      continue;
                    } else {
                      if (op < RvOp.ANDI_INTO_NEG_INTO_AND) {
                        // ANDI_INTO_SLLI_INTO_ADD_INTO_LW
                        v0 = load<i32>(td + load<usize>(record, 8)) & load<i32>(record, 12);
                        v1 = v0 << load<i32>(record, 28);
                        v2 = v1 + load<i32>(td + load<usize>(record, 44));
                        at = <u32>(v2 + load<i32>(record, 60));
                        if (at >= load<u32>(LOAD4)) {
                          store<i32>(td + load<usize>(record, 36), v2);
                          pc = record + 48;
                          break;
                        }
                        store<i32>(
                          td + load<usize>(record, 52),
                          load<i32>(load<usize>(GUEST) + at),
                        );
                        pc = record + 64;
                        continue;
                      } else {
                        // ANDI_INTO_NEG_INTO_AND
                        v0 = load<i32>(td + load<usize>(record, 8)) & load<i32>(record, 12);
                        v1 = -v0;
                        store<i32>(
                          td + load<usize>(record, 36),
                          v1 & load<i32>(td + load<usize>(record, 44)),
                        );
                        pc = record + 48;
                        continue;
                      }
                    }
                  } else {
                    if (op < RvOp.OR) {
                      // SLLI_SRLI_OR
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) << load<i32>(record, 12),
                      );
                      store<i32>(
                        td + load<usize>(record, 20),
                        <i32>(
                          (<u32>load<i32>(td + load<usize>(record, 24)) >> load<i32>(record, 28))
                        ),
                      );
                      store<i32>(
                        td + load<usize>(record, 36),
                        load<i32>(td + load<usize>(record, 40)) |
                          load<i32>(td + load<usize>(record, 44)),
                      );
                      pc = record + 48;
                      continue;
                    } else {
                      // OR
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) |
                          load<i32>(td + load<usize>(record, 12)),
                      );
                      pc = record + 16;
                      continue;
                    }
                  }
                }
              }
            }
          } else {
            if (op < RvOp.LI_LI) {
              if (op < RvOp.ADD_TO_LBU_TO_BEQZ) {
                if (op < RvOp.JALR) {
                  if (op < RvOp.MUL) {
                    // AND
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) &
                        load<i32>(td + load<usize>(record, 12)),
                    );
                    pc = record + 16;
                    continue;
                  } else {
                    if (op < RvOp.JR) {
                      // MUL
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) *
                          load<i32>(td + load<usize>(record, 12)),
                      );
                      pc = record + 16;
                      continue;
                    } else {
                      // JR
                      to = (load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) & ~1;
                      if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                        break;
                      }
                      to = load<usize>(DECODED) + (to << 2);
                      clock += <u64>(record + 16);
                      clock -= <u64>to;
                      pc = to;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                  }
                } else {
                  if (op < RvOp.LBU_BNE) {
                    if (op < RvOp.ADDI_BNE) {
                      // JALR
                      to = (load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) & ~1;
                      if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                        break;
                      }
                      store<usize>(
                        td + load<usize>(record, 4),
                        (record + 16 - load<usize>(DECODED)) >> 2,
                      );
                      to = load<usize>(DECODED) + (to << 2);
                      clock += <u64>(record + 16);
                      clock -= <u64>to;
                      pc = to;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    } else {
                      // ADDI_BNE
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                      );
                      if (
                        load<i32>(td + load<usize>(record, 20)) !=
                        load<i32>(td + load<usize>(record, 24))
                      ) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    }
                  } else {
                    if (op < RvOp.LW_BNE) {
                      // LBU_BNE
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD1)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<u8>(load<usize>(GUEST) + at));
                      if (
                        load<i32>(td + load<usize>(record, 20)) !=
                        load<i32>(td + load<usize>(record, 24))
                      ) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    } else {
                      // LW_BNE
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                      if (
                        load<i32>(td + load<usize>(record, 20)) !=
                        load<i32>(td + load<usize>(record, 24))
                      ) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    }
                  }
                }
              } else {
                if (op < RvOp.ANDI_TO_BNEZ) {
                  if (op < RvOp.ADD_TO_LBU_TO_BNEZ) {
                    // ADD_TO_LBU_TO_BEQZ
                    v0 =
                      load<i32>(td + load<usize>(record, 8)) +
                      load<i32>(td + load<usize>(record, 12));
                    store<i32>(td + load<usize>(record, 4), v0);
                    at = <u32>(v0 + load<i32>(record, 28));
                    if (at >= load<u32>(LOAD1)) {
                      pc = record + 16;
                      break;
                    }
                    v1 = load<u8>(load<usize>(GUEST) + at);
                    store<i32>(td + load<usize>(record, 20), v1);
                    if (v1 == 0) {
                      far = load<i32>(record, 44);
                      clock -= far;
                      pc = record + <usize>far + 48;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 48;
                    continue;
                  } else {
                    if (op < RvOp.ANDI_TO_BEQZ) {
                      // ADD_TO_LBU_TO_BNEZ
                      v0 =
                        load<i32>(td + load<usize>(record, 8)) +
                        load<i32>(td + load<usize>(record, 12));
                      store<i32>(td + load<usize>(record, 4), v0);
                      at = <u32>(v0 + load<i32>(record, 28));
                      if (at >= load<u32>(LOAD1)) {
                        pc = record + 16;
                        break;
                      }
                      v1 = load<u8>(load<usize>(GUEST) + at);
                      store<i32>(td + load<usize>(record, 20), v1);
                      if (v1 != 0) {
                        far = load<i32>(record, 44);
                        clock -= far;
                        pc = record + <usize>far + 48;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 48;
                      continue;
                    } else {
                      // ANDI_TO_BEQZ
                      v0 = load<i32>(td + load<usize>(record, 8)) & load<i32>(record, 12);
                      store<i32>(td + load<usize>(record, 4), v0);
                      if (v0 == 0) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    }
                  }
                } else {
                  if (op < RvOp.SRLI_INTO_XOR_BNE) {
                    if (op < RvOp.ADDI_J) {
                      // ANDI_TO_BNEZ
                      v0 = load<i32>(td + load<usize>(record, 8)) & load<i32>(record, 12);
                      store<i32>(td + load<usize>(record, 4), v0);
                      if (v0 != 0) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    } else {
                      // ADDI_J
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                      );
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                  } else {
                    if (op < RvOp.LW_TO_ADD_LW_LW_ADDI_RET) {
                      // SRLI_INTO_XOR_BNE
                      v0 = <i32>(
                        (<u32>load<i32>(td + load<usize>(record, 8)) >> load<i32>(record, 12))
                      );
                      store<i32>(
                        td + load<usize>(record, 20),
                        v0 ^ load<i32>(td + load<usize>(record, 28)),
                      );
                      if (
                        load<i32>(td + load<usize>(record, 36)) !=
                        load<i32>(td + load<usize>(record, 40))
                      ) {
                        far = load<i32>(record, 44);
                        clock -= far;
                        pc = record + <usize>far + 48;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 48;
                      continue;
                    } else {
                      // LW_TO_ADD_LW_LW_ADDI_RET
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      v0 = load<i32>(load<usize>(GUEST) + at);
                      store<i32>(td + load<usize>(record, 4), v0);
                      store<i32>(
                        td + load<usize>(record, 20),
                        v0 + load<i32>(td + load<usize>(record, 28)),
                      );
                      at = <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44));
                      if (at >= load<u32>(LOAD4)) {
                        pc = record + 32;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 36), load<i32>(load<usize>(GUEST) + at));
                      at = <u32>(load<i32>(td + load<usize>(record, 56)) + load<i32>(record, 60));
                      if (at >= load<u32>(LOAD4)) {
                        pc = record + 48;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 52), load<i32>(load<usize>(GUEST) + at));
                      store<i32>(
                        td + load<usize>(record, 68),
                        load<i32>(td + load<usize>(record, 72)) + load<i32>(record, 76),
                      );
                      to = load<u32>(td + load<usize>(record, 88)) & ~1;
                      if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                        pc = record + 80;
                        break;
                      }
                      to = load<usize>(DECODED) + (to << 2);
                      clock += <u64>(record + 96);
                      clock -= <u64>to;
                      pc = to;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                  }
                }
              }
            } else {
              if (op < RvOp.ADD_TO_SB) {
                if (op < RvOp.ADD_INTO_LW) {
                  if (op < RvOp.LI_LI_LI) {
                    // LI_LI
                    store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                    store<i32>(td + load<usize>(record, 20), load<i32>(record, 28));
                    pc = record + 32;
                    continue;
                  } else {
                    if (op < RvOp.SLLI_INTO_ADD_TO_LW) {
                      // LI_LI_LI
                      store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                      store<i32>(td + load<usize>(record, 20), load<i32>(record, 28));
                      store<i32>(td + load<usize>(record, 36), load<i32>(record, 44));
                      pc = record + 48;
                      continue;
                    } else {
                      // SLLI_INTO_ADD_TO_LW
                      v0 = load<i32>(td + load<usize>(record, 8)) << load<i32>(record, 12);
                      v1 = v0 + load<i32>(td + load<usize>(record, 28));
                      store<i32>(td + load<usize>(record, 20), v1);
                      at = <u32>(v1 + load<i32>(record, 44));
                      if (at >= load<u32>(LOAD4)) {
                        pc = record + 32;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 36), load<i32>(load<usize>(GUEST) + at));
                      pc = record + 48;
                      continue;
                    }
                  }
                } else {
                  if (op < RvOp.ADD_TO_LBU) {
                    if (op < RvOp.ADD_TO_LW) {
                      // ADD_INTO_LW
                      v0 =
                        load<i32>(td + load<usize>(record, 8)) +
                        load<i32>(td + load<usize>(record, 12));
                      at = <u32>(v0 + load<i32>(record, 28));
                      if (at >= load<u32>(LOAD4)) {
                        store<i32>(td + load<usize>(record, 4), v0);
                        pc = record + 16;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 20), load<i32>(load<usize>(GUEST) + at));
                      pc = record + 32;
                      continue;
                    } else {
                      // ADD_TO_LW
                      v0 =
                        load<i32>(td + load<usize>(record, 8)) +
                        load<i32>(td + load<usize>(record, 12));
                      store<i32>(td + load<usize>(record, 4), v0);
                      at = <u32>(v0 + load<i32>(record, 28));
                      if (at >= load<u32>(LOAD4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 20), load<i32>(load<usize>(GUEST) + at));
                      pc = record + 32;
                      continue;
                    }
                  } else {
                    if (op < RvOp.ADD_TO_SW) {
                      // ADD_TO_LBU
                      v0 =
                        load<i32>(td + load<usize>(record, 8)) +
                        load<i32>(td + load<usize>(record, 12));
                      store<i32>(td + load<usize>(record, 4), v0);
                      at = <u32>(v0 + load<i32>(record, 28));
                      if (at >= load<u32>(LOAD1)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 20), load<u8>(load<usize>(GUEST) + at));
                      pc = record + 32;
                      continue;
                    } else {
                      // ADD_TO_SW
                      v0 =
                        load<i32>(td + load<usize>(record, 8)) +
                        load<i32>(td + load<usize>(record, 12));
                      store<i32>(td + load<usize>(record, 4), v0);
                      at = <u32>(v0 + load<i32>(record, 28)) - load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                      pc = record + 32;
                      continue;
                    }
                  }
                }
              } else {
                if (op < RvOp.XOR_INTO_ANDI) {
                  if (op < RvOp.LW_TO_ADD) {
                    // ADD_TO_SB
                    v0 =
                      load<i32>(td + load<usize>(record, 8)) +
                      load<i32>(td + load<usize>(record, 12));
                    store<i32>(td + load<usize>(record, 4), v0);
                    at = <u32>(v0 + load<i32>(record, 28)) - load<u32>(TEXT);
                    if (at >= load<u32>(STORE1)) {
                      pc = record + 16;
                      break;
                    }
                    store<u8>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                    pc = record + 32;
                    continue;
                  } else {
                    if (op < RvOp.LW_TO_ADDI) {
                      // LW_TO_ADD
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      v0 = load<i32>(load<usize>(GUEST) + at);
                      store<i32>(td + load<usize>(record, 4), v0);
                      store<i32>(
                        td + load<usize>(record, 20),
                        v0 + load<i32>(td + load<usize>(record, 28)),
                      );
                      pc = record + 32;
                      continue;
                    } else {
                      // LW_TO_ADDI
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      v0 = load<i32>(load<usize>(GUEST) + at);
                      store<i32>(td + load<usize>(record, 4), v0);
                      store<i32>(td + load<usize>(record, 20), v0 + load<i32>(record, 28));
                      pc = record + 32;
                      continue;
                    }
                  }
                } else {
                  if (op < RvOp.SRLI_TO_XOR) {
                    if (op < RvOp.SRLI_INTO_XOR) {
                      // XOR_INTO_ANDI
                      v0 =
                        load<i32>(td + load<usize>(record, 8)) ^
                        load<i32>(td + load<usize>(record, 12));
                      store<i32>(td + load<usize>(record, 20), v0 & load<i32>(record, 28));
                      pc = record + 32;
                      continue;
                    } else {
                      // SRLI_INTO_XOR
                      v0 = <i32>(
                        (<u32>load<i32>(td + load<usize>(record, 8)) >> load<i32>(record, 12))
                      );
                      store<i32>(
                        td + load<usize>(record, 20),
                        v0 ^ load<i32>(td + load<usize>(record, 28)),
                      );
                      pc = record + 32;
                      continue;
                    }
                  } else {
                    if (op < RvOp.SRLI_INTO_ANDI) {
                      // SRLI_TO_XOR
                      v0 = <i32>(
                        (<u32>load<i32>(td + load<usize>(record, 8)) >> load<i32>(record, 12))
                      );
                      store<i32>(td + load<usize>(record, 4), v0);
                      store<i32>(
                        td + load<usize>(record, 20),
                        v0 ^ load<i32>(td + load<usize>(record, 28)),
                      );
                      pc = record + 32;
                      continue;
                    } else {
                      // SRLI_INTO_ANDI
                      v0 = <i32>(
                        (<u32>load<i32>(td + load<usize>(record, 8)) >> load<i32>(record, 12))
                      );
                      store<i32>(td + load<usize>(record, 20), v0 & load<i32>(record, 28));
                      pc = record + 32;
                      continue;
                    }
                  }
                }
              }
            }
          }
        } else {
          if (op < RvOp.LW_ADDI_RET) {
            if (op < RvOp.LI_BGE) {
              if (op < RvOp.ADDI_TO_BLT) {
                if (op < RvOp.SLLI) {
                  if (op < RvOp.LW_SW) {
                    // ADDI_LW
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                    );
                    at = <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28));
                    if (at >= load<u32>(LOAD4)) {
                      pc = record + 16;
                      break;
                    }
                    store<i32>(td + load<usize>(record, 20), load<i32>(load<usize>(GUEST) + at));
                    pc = record + 32;
                    continue;
                  } else {
                    if (op < RvOp.LI_SW) {
                      // LW_SW
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                      at =
                        <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                        load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                      pc = record + 32;
                      continue;
                    } else {
                      // LI_SW
                      store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                      at =
                        <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                        load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                      pc = record + 32;
                      continue;
                    }
                  }
                } else {
                  if (op < RvOp.SRLI) {
                    // SLLI
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) << load<i32>(record, 12),
                    );
                    pc = record + 16;
                    continue;
                  } else {
                    if (op < RvOp.SUB) {
                      // SRLI
                      store<i32>(
                        td + load<usize>(record, 4),
                        <i32>(<u32>load<i32>(td + load<usize>(record, 8)) >> load<i32>(record, 12)),
                      );
                      pc = record + 16;
                      continue;
                    } else {
                      // SUB
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) -
                          load<i32>(td + load<usize>(record, 12)),
                      );
                      pc = record + 16;
                      continue;
                    }
                  }
                }
              } else {
                if (op < RvOp.LI_BNE) {
                  if (op < RvOp.ADDI_TO_BLTU) {
                    // ADDI_TO_BLT
                    v0 = load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12);
                    store<i32>(td + load<usize>(record, 4), v0);
                    if (v0 < load<i32>(td + load<usize>(record, 24))) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  } else {
                    // ADDI_TO_BLTU
                    v0 = load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12);
                    store<i32>(td + load<usize>(record, 4), v0);
                    if (<u32>v0 < <u32>load<i32>(td + load<usize>(record, 24))) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  }
                } else {
                  if (op < RvOp.LI_BEQ) {
                    // LI_BNE
                    store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                    if (
                      load<i32>(td + load<usize>(record, 20)) !=
                      load<i32>(td + load<usize>(record, 24))
                    ) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  } else {
                    if (op < RvOp.LI_BLT) {
                      // LI_BEQ
                      store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                      if (
                        load<i32>(td + load<usize>(record, 20)) ==
                        load<i32>(td + load<usize>(record, 24))
                      ) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    } else {
                      // LI_BLT
                      store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                      if (
                        load<i32>(td + load<usize>(record, 20)) <
                        load<i32>(td + load<usize>(record, 24))
                      ) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    }
                  }
                }
              }
            } else {
              if (op < RvOp.LW_TO_BNEZ) {
                if (op < RvOp.LBU_TO_BEQZ) {
                  if (op < RvOp.LI_BLTU) {
                    // LI_BGE
                    store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                    if (
                      load<i32>(td + load<usize>(record, 20)) >=
                      load<i32>(td + load<usize>(record, 24))
                    ) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  } else {
                    // LI_BLTU
                    store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                    if (
                      <u32>load<i32>(td + load<usize>(record, 20)) <
                      <u32>load<i32>(td + load<usize>(record, 24))
                    ) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  }
                } else {
                  if (op < RvOp.LBU_TO_BNEZ) {
                    // LBU_TO_BEQZ
                    at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                    if (at >= load<u32>(LOAD1)) {
                      break;
                    }
                    v0 = load<u8>(load<usize>(GUEST) + at);
                    store<i32>(td + load<usize>(record, 4), v0);
                    if (v0 == 0) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  } else {
                    if (op < RvOp.LW_TO_BEQZ) {
                      // LBU_TO_BNEZ
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD1)) {
                        break;
                      }
                      v0 = load<u8>(load<usize>(GUEST) + at);
                      store<i32>(td + load<usize>(record, 4), v0);
                      if (v0 != 0) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    } else {
                      // LW_TO_BEQZ
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      v0 = load<i32>(load<usize>(GUEST) + at);
                      store<i32>(td + load<usize>(record, 4), v0);
                      if (v0 == 0) {
                        far = load<i32>(record, 28);
                        clock -= far;
                        pc = record + <usize>far + 32;
                        if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                        exit = EXIT_SLICE;
                        break;
                      }
                      pc = record + 32;
                      continue;
                    }
                  }
                }
              } else {
                if (op < RvOp.SW_SW_SW) {
                  if (op < RvOp.ADDI_SW_SW_MV_ADDI_JAL) {
                    // LW_TO_BNEZ
                    at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                    if (at >= load<u32>(LOAD4)) {
                      break;
                    }
                    v0 = load<i32>(load<usize>(GUEST) + at);
                    store<i32>(td + load<usize>(record, 4), v0);
                    if (v0 != 0) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  } else {
                    if (op < RvOp.ADDI_SW_SW) {
                      // ADDI_SW_SW_MV_ADDI_JAL
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                      );
                      at =
                        <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                        load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                      at =
                        <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44)) -
                        load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        pc = record + 32;
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 36)));
                      store<i32>(
                        td + load<usize>(record, 52),
                        load<i32>(td + load<usize>(record, 56)),
                      );
                      store<i32>(
                        td + load<usize>(record, 68),
                        load<i32>(td + load<usize>(record, 72)) + load<i32>(record, 76),
                      );
                      store<u32>(td + load<usize>(record, 84), load<u32>(record, 88));
                      far = load<i32>(record, 92);
                      clock -= far;
                      pc = record + <usize>far + 96;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    } else {
                      // ADDI_SW_SW
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                      );
                      at =
                        <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                        load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                      at =
                        <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44)) -
                        load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        pc = record + 32;
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 36)));
                      pc = record + 48;
                      continue;
                    }
                  }
                } else {
                  if (op < RvOp.LW_LW_LW_ADDI_RET) {
                    // SW_SW_SW
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 4)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 16;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 32;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 36)));
                    pc = record + 48;
                    continue;
                  } else {
                    if (op < RvOp.LW_LW_ADDI_RET) {
                      // LW_LW_LW_ADDI_RET
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                      at = <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28));
                      if (at >= load<u32>(LOAD4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 20), load<i32>(load<usize>(GUEST) + at));
                      at = <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44));
                      if (at >= load<u32>(LOAD4)) {
                        pc = record + 32;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 36), load<i32>(load<usize>(GUEST) + at));
                      store<i32>(
                        td + load<usize>(record, 52),
                        load<i32>(td + load<usize>(record, 56)) + load<i32>(record, 60),
                      );
                      to = load<u32>(td + load<usize>(record, 72)) & ~1;
                      if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                        pc = record + 64;
                        break;
                      }
                      to = load<usize>(DECODED) + (to << 2);
                      clock += <u64>(record + 80);
                      clock -= <u64>to;
                      pc = to;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    } else {
                      // LW_LW_ADDI_RET
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                      at = <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28));
                      if (at >= load<u32>(LOAD4)) {
                        pc = record + 16;
                        break;
                      }
                      store<i32>(td + load<usize>(record, 20), load<i32>(load<usize>(GUEST) + at));
                      store<i32>(
                        td + load<usize>(record, 36),
                        load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44),
                      );
                      to = load<u32>(td + load<usize>(record, 56)) & ~1;
                      if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                        pc = record + 48;
                        break;
                      }
                      to = load<usize>(DECODED) + (to << 2);
                      clock += <u64>(record + 64);
                      clock -= <u64>to;
                      pc = to;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                  }
                }
              }
            }
          } else {
            if (op < RvOp.LBU_ADDI) {
              if (op < RvOp.MV_ADDI_JAL) {
                if (op < RvOp.MV_JAL) {
                  if (op < RvOp.ADDI_RET) {
                    // LW_ADDI_RET
                    at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                    if (at >= load<u32>(LOAD4)) {
                      break;
                    }
                    store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                    store<i32>(
                      td + load<usize>(record, 20),
                      load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28),
                    );
                    to = load<u32>(td + load<usize>(record, 40)) & ~1;
                    if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                      pc = record + 32;
                      break;
                    }
                    to = load<usize>(DECODED) + (to << 2);
                    clock += <u64>(record + 48);
                    clock -= <u64>to;
                    pc = to;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  } else {
                    // ADDI_RET
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                    );
                    to = load<u32>(td + load<usize>(record, 24)) & ~1;
                    if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                      pc = record + 16;
                      break;
                    }
                    to = load<usize>(DECODED) + (to << 2);
                    clock += <u64>(record + 32);
                    clock -= <u64>to;
                    pc = to;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                } else {
                  if (op < RvOp.ADDI_JAL) {
                    // MV_JAL
                    store<i32>(td + load<usize>(record, 4), load<i32>(td + load<usize>(record, 8)));
                    store<u32>(td + load<usize>(record, 20), load<u32>(record, 24));
                    far = load<i32>(record, 28);
                    clock -= far;
                    pc = record + <usize>far + 32;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  } else {
                    if (op < RvOp.LI_JAL) {
                      // ADDI_JAL
                      store<i32>(
                        td + load<usize>(record, 4),
                        load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                      );
                      store<u32>(td + load<usize>(record, 20), load<u32>(record, 24));
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    } else {
                      // LI_JAL
                      store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                      store<u32>(td + load<usize>(record, 20), load<u32>(record, 24));
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                  }
                }
              } else {
                if (op < RvOp.SLLI_INTO_ADD_INTO_LW) {
                  if (op < RvOp.SW_ADDI_JAL) {
                    // MV_ADDI_JAL
                    store<i32>(td + load<usize>(record, 4), load<i32>(td + load<usize>(record, 8)));
                    store<i32>(
                      td + load<usize>(record, 20),
                      load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28),
                    );
                    store<u32>(td + load<usize>(record, 36), load<u32>(record, 40));
                    far = load<i32>(record, 44);
                    clock -= far;
                    pc = record + <usize>far + 48;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  } else {
                    // SW_ADDI_JAL
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 4)));
                    store<i32>(
                      td + load<usize>(record, 20),
                      load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28),
                    );
                    store<u32>(td + load<usize>(record, 36), load<u32>(record, 40));
                    far = load<i32>(record, 44);
                    clock -= far;
                    pc = record + <usize>far + 48;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                } else {
                  if (op < RvOp.SLLI_INTO_ADD) {
                    // SLLI_INTO_ADD_INTO_LW
                    v0 = load<i32>(td + load<usize>(record, 8)) << load<i32>(record, 12);
                    v1 = v0 + load<i32>(td + load<usize>(record, 28));
                    at = <u32>(v1 + load<i32>(record, 44));
                    if (at >= load<u32>(LOAD4)) {
                      store<i32>(td + load<usize>(record, 20), v1);
                      pc = record + 32;
                      break;
                    }
                    store<i32>(td + load<usize>(record, 36), load<i32>(load<usize>(GUEST) + at));
                    pc = record + 48;
                    continue;
                  } else {
                    if (op < RvOp.LW_ADDI) {
                      // SLLI_INTO_ADD
                      v0 = load<i32>(td + load<usize>(record, 8)) << load<i32>(record, 12);
                      store<i32>(
                        td + load<usize>(record, 20),
                        v0 + load<i32>(td + load<usize>(record, 28)),
                      );
                      pc = record + 32;
                      continue;
                    } else {
                      // LW_ADDI
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD4)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                      store<i32>(
                        td + load<usize>(record, 20),
                        load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28),
                      );
                      pc = record + 32;
                      continue;
                    }
                  }
                }
              }
            } else {
              if (op < RvOp.J_YIELD) {
                if (op < RvOp.XOR) {
                  if (op < RvOp.ANDI) {
                    if (op < RvOp.SW_ADDI) {
                      // LBU_ADDI
                      at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                      if (at >= load<u32>(LOAD1)) {
                        break;
                      }
                      store<i32>(td + load<usize>(record, 4), load<u8>(load<usize>(GUEST) + at));
                      store<i32>(
                        td + load<usize>(record, 20),
                        load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28),
                      );
                      pc = record + 32;
                      continue;
                    } else {
                      // SW_ADDI
                      at =
                        <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                        load<u32>(TEXT);
                      if (at >= load<u32>(STORE4)) {
                        break;
                      }
                      store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 4)));
                      store<i32>(
                        td + load<usize>(record, 20),
                        load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28),
                      );
                      pc = record + 32;
                      continue;
                    }
                  } else {
                    // ANDI
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) & load<i32>(record, 12),
                    );
                    pc = record + 16;
                    continue;
                  }
                } else {
                  if (op < RvOp.SB) {
                    // XOR
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) ^
                        load<i32>(td + load<usize>(record, 12)),
                    );
                    pc = record + 16;
                    continue;
                  } else {
                    // SB
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE1)) {
                      break;
                    }
                    store<u8>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 4)));
                    pc = record + 16;
                    continue;
                  }
                }
              } else {
                if (op < RvOp.ADDI_SW_SW_SW) {
                  if (op < RvOp.ADDI_SW_SW_SW_MV) {
                    // J_YIELD
                    far = load<i32>(record, 12);
                    clock -= far;
                    pc = record + <usize>far + 16;
                    continue;
                  } else {
                    // ADDI_SW_SW_SW_MV
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                    );
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 16;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 32;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 36)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 56)) + load<i32>(record, 60)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 48;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 52)));
                    store<i32>(
                      td + load<usize>(record, 68),
                      load<i32>(td + load<usize>(record, 72)),
                    );
                    pc = record + 80;
                    continue;
                  }
                } else {
                  if (op < RvOp.ADDI_SW_SW_MV) {
                    // ADDI_SW_SW_SW
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                    );
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 16;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 32;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 36)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 56)) + load<i32>(record, 60)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 48;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 52)));
                    pc = record + 64;
                    continue;
                  } else {
                    // ADDI_SW_SW_MV
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                    );
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 16;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 32;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 36)));
                    store<i32>(
                      td + load<usize>(record, 52),
                      load<i32>(td + load<usize>(record, 56)),
                    );
                    pc = record + 64;
                    continue;
                  }
                }
              }
            }
          }
        }
      } else {
        if (op < RvOp.SW) {
          if (op < RvOp.BNE) {
            if (op < RvOp.ADDI_TO_BNEZ) {
              if (op < RvOp.BGE) {
                if (op < RvOp.LBU) {
                  if (op < RvOp.MV_LI) {
                    // SW_SW
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 4)));
                    at =
                      <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28)) -
                      load<u32>(TEXT);
                    if (at >= load<u32>(STORE4)) {
                      pc = record + 16;
                      break;
                    }
                    store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 20)));
                    pc = record + 32;
                    continue;
                  } else {
                    // MV_LI
                    store<i32>(td + load<usize>(record, 4), load<i32>(td + load<usize>(record, 8)));
                    store<i32>(td + load<usize>(record, 20), load<i32>(record, 28));
                    pc = record + 32;
                    continue;
                  }
                } else {
                  if (op < RvOp.BLT) {
                    // LBU
                    at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                    if (at >= load<u32>(LOAD1)) {
                      break;
                    }
                    store<i32>(td + load<usize>(record, 4), load<u8>(load<usize>(GUEST) + at));
                    pc = record + 16;
                    continue;
                  } else {
                    // BLT
                    if (
                      load<i32>(td + load<usize>(record, 4)) <
                      load<i32>(td + load<usize>(record, 8))
                    ) {
                      far = load<i32>(record, 12);
                      clock -= far;
                      pc = record + <usize>far + 16;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 16;
                    continue;
                  }
                }
              } else {
                if (op < RvOp.BLTU) {
                  // BGE
                  if (
                    load<i32>(td + load<usize>(record, 4)) >= load<i32>(td + load<usize>(record, 8))
                  ) {
                    far = load<i32>(record, 12);
                    clock -= far;
                    pc = record + <usize>far + 16;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                  pc = record + 16;
                  continue;
                } else {
                  if (op < RvOp.BGEU) {
                    // BLTU
                    if (
                      <u32>load<i32>(td + load<usize>(record, 4)) <
                      <u32>load<i32>(td + load<usize>(record, 8))
                    ) {
                      far = load<i32>(record, 12);
                      clock -= far;
                      pc = record + <usize>far + 16;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 16;
                    continue;
                  } else {
                    // BGEU
                    if (
                      <u32>load<i32>(td + load<usize>(record, 4)) >=
                      <u32>load<i32>(td + load<usize>(record, 8))
                    ) {
                      far = load<i32>(record, 12);
                      clock -= far;
                      pc = record + <usize>far + 16;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 16;
                    continue;
                  }
                }
              }
            } else {
              if (op < RvOp.MV_MV) {
                if (op < RvOp.ADDI_TO_BNE) {
                  // ADDI_TO_BNEZ
                  v0 = load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12);
                  store<i32>(td + load<usize>(record, 4), v0);
                  if (v0 != 0) {
                    far = load<i32>(record, 28);
                    clock -= far;
                    pc = record + <usize>far + 32;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                  pc = record + 32;
                  continue;
                } else {
                  if (op < RvOp.LW_LW) {
                    // ADDI_TO_BNE
                    v0 = load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12);
                    store<i32>(td + load<usize>(record, 4), v0);
                    if (v0 != load<i32>(td + load<usize>(record, 24))) {
                      far = load<i32>(record, 28);
                      clock -= far;
                      pc = record + <usize>far + 32;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 32;
                    continue;
                  } else {
                    // LW_LW
                    at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                    if (at >= load<u32>(LOAD4)) {
                      break;
                    }
                    store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                    at = <u32>(load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28));
                    if (at >= load<u32>(LOAD4)) {
                      pc = record + 16;
                      break;
                    }
                    store<i32>(td + load<usize>(record, 20), load<i32>(load<usize>(GUEST) + at));
                    pc = record + 32;
                    continue;
                  }
                }
              } else {
                if (op < RvOp.BEQ) {
                  if (op < RvOp.ADDI_ADDI) {
                    // MV_MV
                    store<i32>(td + load<usize>(record, 4), load<i32>(td + load<usize>(record, 8)));
                    store<i32>(
                      td + load<usize>(record, 20),
                      load<i32>(td + load<usize>(record, 24)),
                    );
                    pc = record + 32;
                    continue;
                  } else {
                    // ADDI_ADDI
                    store<i32>(
                      td + load<usize>(record, 4),
                      load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                    );
                    store<i32>(
                      td + load<usize>(record, 20),
                      load<i32>(td + load<usize>(record, 24)) + load<i32>(record, 28),
                    );
                    pc = record + 32;
                    continue;
                  }
                } else {
                  // BEQ
                  if (
                    load<i32>(td + load<usize>(record, 4)) == load<i32>(td + load<usize>(record, 8))
                  ) {
                    far = load<i32>(record, 12);
                    clock -= far;
                    pc = record + <usize>far + 16;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                  pc = record + 16;
                  continue;
                }
              }
            }
          } else {
            if (op < RvOp.BEQZ) {
              if (op < RvOp.MV) {
                if (op < RvOp.LI) {
                  if (op < RvOp.RET) {
                    // BNE
                    if (
                      load<i32>(td + load<usize>(record, 4)) !=
                      load<i32>(td + load<usize>(record, 8))
                    ) {
                      far = load<i32>(record, 12);
                      clock -= far;
                      pc = record + <usize>far + 16;
                      if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                      exit = EXIT_SLICE;
                      break;
                    }
                    pc = record + 16;
                    continue;
                  } else {
                    // RET
                    to = load<u32>(td + load<usize>(record, 8)) & ~1;
                    if (rotr<u32>(<u32>to, 2) >= load<u32>(WORDS)) {
                      break;
                    }
                    to = load<usize>(DECODED) + (to << 2);
                    clock += <u64>(record + 16);
                    clock -= <u64>to;
                    pc = to;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                } else {
                  // LI
                  store<i32>(td + load<usize>(record, 4), load<i32>(record, 12));
                  pc = record + 16;
                  continue;
                }
              } else {
                if (op < RvOp.ADD) {
                  // MV
                  store<i32>(td + load<usize>(record, 4), load<i32>(td + load<usize>(record, 8)));
                  pc = record + 16;
                  continue;
                } else {
                  // ADD
                  store<i32>(
                    td + load<usize>(record, 4),
                    load<i32>(td + load<usize>(record, 8)) +
                      load<i32>(td + load<usize>(record, 12)),
                  );
                  pc = record + 16;
                  continue;
                }
              }
            } else {
              if (op < RvOp.JAL) {
                if (op < RvOp.BNEZ) {
                  // BEQZ
                  if (load<i32>(td + load<usize>(record, 4)) == 0) {
                    far = load<i32>(record, 12);
                    clock -= far;
                    pc = record + <usize>far + 16;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                  pc = record + 16;
                  continue;
                } else {
                  // BNEZ
                  if (load<i32>(td + load<usize>(record, 4)) != 0) {
                    far = load<i32>(record, 12);
                    clock -= far;
                    pc = record + <usize>far + 16;
                    if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                    exit = EXIT_SLICE;
                    break;
                  }
                  pc = record + 16;
                  continue;
                }
              } else {
                if (op < RvOp.LW_INTO_ADDI_SW) {
                  // JAL
                  store<u32>(td + load<usize>(record, 4), load<u32>(record, 8));
                  far = load<i32>(record, 12);
                  clock -= far;
                  pc = record + <usize>far + 16;
                  if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                  exit = EXIT_SLICE;
                  break;
                } else {
                  // LW_INTO_ADDI_SW
                  at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                  if (at >= load<u32>(LOAD4)) {
                    break;
                  }
                  v0 = load<i32>(load<usize>(GUEST) + at);
                  store<i32>(td + load<usize>(record, 20), v0 + load<i32>(record, 28));
                  at =
                    <u32>(load<i32>(td + load<usize>(record, 40)) + load<i32>(record, 44)) -
                    load<u32>(TEXT);
                  if (at >= load<u32>(STORE4)) {
                    pc = record + 32;
                    break;
                  }
                  store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 36)));
                  pc = record + 48;
                  continue;
                }
              }
            }
          }
        } else {
          if (op < RvOp.CALL) {
            if (op < RvOp.LW) {
              if (op < RvOp.ADDI) {
                if (op < RvOp.J) {
                  // SW
                  at =
                    <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12)) -
                    load<u32>(TEXT);
                  if (at >= load<u32>(STORE4)) {
                    break;
                  }
                  store<i32>(load<usize>(DATA) + at, load<i32>(td + load<usize>(record, 4)));
                  pc = record + 16;
                  continue;
                } else {
                  // J
                  far = load<i32>(record, 12);
                  clock -= far;
                  pc = record + <usize>far + 16;
                  if (clock + <u64>pc < load<u64>(LIMIT)) continue;
                  exit = EXIT_SLICE;
                  break;
                }
              } else {
                // ADDI
                store<i32>(
                  td + load<usize>(record, 4),
                  load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12),
                );
                pc = record + 16;
                continue;
              }
            } else {
              if (op < RvOp.LI_INTO_ADDI) {
                // LW
                at = <u32>(load<i32>(td + load<usize>(record, 8)) + load<i32>(record, 12));
                if (at >= load<u32>(LOAD4)) {
                  break;
                }
                store<i32>(td + load<usize>(record, 4), load<i32>(load<usize>(GUEST) + at));
                pc = record + 16;
                continue;
              } else {
                // LI_INTO_ADDI
                v0 = load<i32>(record, 12);
                store<i32>(td + load<usize>(record, 20), v0 + load<i32>(record, 28));
                pc = record + 32;
                continue;
              }
            }
          } else {
            if (op < RvOp.YIELD) {
              // CALL
              exit = EXIT_CALL;
              break;
            } else {
              // YIELD
              // below
            }
          }
        }
      }
      // to here.

      // YIELD. Threads that stand in the same endless loop of a yield take turns here: each has the CPU for
      // two cycles, and no pc changes.
      to = pc + RECORD_SIZE;
      const same = ((<u64>load<u32>(PLAIN)) << 32) | <u64>to;
      if (
        load<u64>(load<usize>(head), offsetof<Thread>("td_pc")) == same &&
        load<i32>(to) == RvOp.J_YIELD &&
        load<i32>(to, offsetof<Record>("c")) == YIELD_LOOP
      ) {
        let now = (clock + <u64>to) >> 4;
        const runtime = load<u64>(td, offsetof<Thread>("td_runtime")) + (now - switchtime - 2);
        store<u64>(td, runtime, offsetof<Thread>("td_runtime"));
        store<usize>(td, to, offsetof<Thread>("td_pc"));
        const slice = load<u64>(LIMIT) >> 4;
        const turns = now < slice ? ((slice - now + 1) >> 1) + 1 : 1;
        const stop = head + <usize>min<u64>(load<usize>(STOP) - head, turns << 2);
        for (;;) {
          const ntd = load<usize>(head);
          if (load<u64>(ntd, offsetof<Thread>("td_pc")) != same) break;
          const tail = head + load<usize>(GAP);
          store<usize>(tail, ntd);
          store<usize>(ntd, tail, offsetof<Thread>("td_slot"));
          const pair = (((<u64>td) << 32) | <u64>ntd) - load<u64>(TD_BASES);
          hash = rotl<u64>(hash ^ pair, 29) * load<u64>(MULTIPLIER) + now;
          const ran = load<u64>(td, offsetof<Thread>("td_runtime"));
          store<u64>(td, ran + 2, offsetof<Thread>("td_runtime"));
          const nvcsw = load<u32>(td, offsetof<Thread>("td_nvcsw"));
          store<u32>(td, nvcsw + 1, offsetof<Thread>("td_nvcsw"));
          td = ntd;
          head += 4;
          now += 2;
          if (head == stop) break;
        }
        switchtime = now - 2;
        if (head == stop) {
          pc = to;
          clock = (switchtime << 4) - <u64>to;
          exit = EXIT_SLICE;
          break;
        }
        clock = (now << 4) - <u64>to; // at its yield, as it was in the beginning
      }

      // And again as long as the next thread yields at once, after a jump, or in a loop that counts or polls
      for (;;) {
        const ntd = load<usize>(head); // at first head is 0, and there is no thread at 0
        exit = EXIT_YIELD;
        if (load<u32>(ntd, offsetof<Thread>("td_kfn")) != load<u32>(PLAIN)) break;
        const tail = head + load<usize>(GAP);
        store<usize>(tail, ntd);
        store<usize>(ntd, tail, offsetof<Thread>("td_slot"));
        head += 4;
        pc += RECORD_SIZE;
        store<usize>(td, pc, offsetof<Thread>("td_pc"));
        const time = clock + <u64>pc;
        const now = time >> 4;
        // switch_hash of sys/trace_hash.ts
        const pair = (((<u64>td) << 32) | <u64>ntd) - load<u64>(TD_BASES);
        hash = rotl<u64>(hash ^ pair, 29) * load<u64>(MULTIPLIER) + now;
        const runtime = load<u64>(td, offsetof<Thread>("td_runtime")) + now - switchtime;
        store<u64>(td, runtime, offsetof<Thread>("td_runtime"));
        switchtime = now;
        const nvcsw = load<u32>(td, offsetof<Thread>("td_nvcsw"));
        store<u32>(td, nvcsw + 1, offsetof<Thread>("td_nvcsw"));
        td = ntd;
        to = load<usize>(td, offsetof<Thread>("td_pc"));
        clock = time - <u64>to;
        pc = to;
        exit = EXIT_SLICE;
        if (time >= load<u64>(LIMIT)) break;
        if (head == load<usize>(STOP)) break;
        const next = load<i32>(pc);
        if (next == RvOp.J_YIELD) {
          far = load<i32>(pc, offsetof<Record>("c"));
          clock -= far;
          pc += <usize>far + RECORD_SIZE;
          continue;
        }
        if (next == RvOp.YIELD) continue;
        exit = EXIT_NONE;
        if (next == RvOp.ADDI_TO_BNEZ) {
          v0 = load<i32>(td + load<usize>(pc, 8)) + load<i32>(pc, 12);
        } else if (next == RvOp.LW_TO_BEQZ) {
          at = <u32>(load<i32>(td + load<usize>(pc, 8)) + load<i32>(pc, 12));
          if (at >= load<u32>(LOAD4)) break;
          v0 = load<i32>(load<usize>(GUEST) + at);
        } else {
          break;
        }
        store<i32>(td + load<usize>(pc, 4), v0);
        if ((v0 != 0) == (next == RvOp.LW_TO_BEQZ)) {
          pc += 2 * RECORD_SIZE;
          break;
        }
        far = load<i32>(pc, 28);
        clock -= far;
        pc += <usize>far + 2 * RECORD_SIZE;
        exit = EXIT_SLICE;
        if (clock + <u64>pc >= load<u64>(LIMIT)) break;
        if (load<i32>(pc) == RvOp.YIELD) continue;
        exit = EXIT_NONE;
        break;
      }
      if (exit != EXIT_NONE) break;
      exit = EXIT_SLOW;
    }

    if (exit == EXIT_SLOW) {
      event = rv32_slow(gd, td, pc);
      if (event != 0) break;
      pc += RECORD_SIZE;
      continue;
    }
    switches += <u32>(head - mark) >> 2;
    mark = head;
    // A yield. Without a level, and behind a tombstone, the next thread is yet to be found.
    if (exit == EXIT_YIELD) {
      if (level === null || load<usize>(head) == 0) {
        level = next_level(gd, level, head, budget - switches);
        if (level !== null) {
          head = level.head;
          mark = head;
          if (load<usize>(head) != td) continue;
          yield_to_self(gd, level);
          level = null;
          head = 0;
          mark = 0;
          pc += RECORD_SIZE;
          if (clock + <u64>pc < load<u64>(LIMIT)) continue;
          event = RV_SLICE;
          break;
        }
      } else if (rv32_yield_start(gd, changetype<Thread>(load<usize>(head)))) {
        continue;
      }
    }
    if (exit != EXIT_SLICE) {
      // A kernel call: what it may look at is written back, and what it may change is read again.
      const call = call_number(td, pc);
      pc += RECORD_SIZE;
      run_end(gd, from, clock + <u64>pc);
      store<usize>(td, pc, offsetof<Thread>("td_pc"));
      give_level(level, head);
      level = null;
      head = 0;
      mark = 0;
      if (switches != 0) {
        run_switched(gd, first, changetype<Thread>(td), switches);
        gd.gd_hash = hash;
        gd.gd_switchtime = switchtime;
        switches = 0;
      }
      cpu_state(gd).reservation = NO_RESERVATION;
      if (!changetype<Kernel>(0).call(gd, call)) return RV_LEFT;
      if (m.run_limited != 0) budget = switch_budget(m);
      from = m.cycle_cost == 0 ? 0 : gd.gd_cycles << 4;
      first = gd.gd_curthread;
      td = changetype<usize>(first);
      pc = load<usize>(td, offsetof<Thread>("td_pc"));
      clock = from - <u64>pc;
      hash = gd.gd_hash;
      switchtime = gd.gd_switchtime;
      continue;
    }
    if (switches == budget) {
      event = RV_SWITCHES;
      break;
    }
    if (clock + <u64>pc >= load<u64>(LIMIT)) {
      event = RV_SLICE;
      break;
    }
    level = next_level(gd, level, head, budget - switches);
    if (level !== null) head = level.head; // it is the same, because the running thread is on it
    mark = head;
  }

  run_end(gd, from, clock + <u64>pc);
  gd.gd_hash = hash;
  gd.gd_switchtime = switchtime;
  store<usize>(td, pc, offsetof<Thread>("td_pc"));
  give_level(level, head);
  switches += <u32>(head - mark) >> 2;
  if (switches != 0) run_switched(gd, first, changetype<Thread>(td), switches);
  return event;
}
