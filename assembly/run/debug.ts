// Single-stepping RV32 threads, for a debugger.
//
// A machine that was stopped by a breakpoint, a step or a fault is in the middle of a slice, perhaps in
// straight-line code past the slice's end. gd_broken holds the event, and slice_run resumes from exactly
// there, so that a run that was inspected is the same as one that was not.
//
// An instruction is executed by the interpreter's loop, up to a breakpoint on the next one. A jump or a taken
// branch is executed here, because the loop would go on at its target.

import { rv_get, rv_set } from "../cpu/rv32_access";
import {
  is_jump_to_yield,
  is_marked,
  jump_by_hand,
  mark_record,
  unmark_record,
} from "../cpu/rv32_break";
import {
  rv_fetch,
  rv_funct3,
  rv_has_register,
  rv_imm_b,
  rv_imm_i,
  rv_imm_j,
  rv_is_target,
  rv_length,
  rv_rd,
  rv_rs1,
  rv_rs2,
  rv_text_behind,
  rv32_guest_pc,
  rv32_record,
} from "../cpu/rv32_decode";
import { OP_BRANCH, OP_JAL, OP_JALR, OPCODE_MASK } from "../cpu/rv32_opcode";
import { rv_is_taken } from "../cpu/rv32_slow";
import { RV_BREAK } from "../sys/fault";
import { GlobalData } from "../sys/globaldata";
import { Machine, machine, Run } from "../sys/machine";
import { run_result, slice_run } from "./run";

/** Not the address of any instruction. */
const NOWHERE: u32 = 1;

/**
 * Executes up to `count` instructions of the thread that the machine is stopped in. Returns what machine_run
 * does: BREAK when they are done, the thread is at a breakpoint, or the slice is over (gd_broken is then 0);
 * SWITCHES when the thread has lost its CPU. A breakpoint at the first instruction is ignored, and accesses
 * to watched memory are only recorded.
 */
export function debug_step(count: u32): u32 {
  const m = machine();
  const gd = m.curcpu;
  const limited = m.run_limited;
  const switches = m.run_switches;
  m.watch_pass = 1;
  let reason: u32 = Run.BREAK;
  while (count != 0 && gd.gd_broken == RV_BREAK && reason == Run.BREAK) {
    m.run_limited = 1;
    m.run_switches = 1;
    reason = step(m, gd);
    count--;
    if (m.watch_hit != 0 || is_at_mark(gd)) break;
  }
  m.watch_pass = 0;
  m.run_limited = limited;
  m.run_switches = switches;
  return run_result(m, reason);
}

function is_at_mark(gd: GlobalData): bool {
  return gd.gd_broken == RV_BREAK && is_marked(<usize>gd.gd_curthread.td_pc);
}

/** Executes the instruction that the machine is stopped at. */
function step(m: Machine, gd: GlobalData): u32 {
  const at = <usize>gd.gd_curthread.td_pc;
  const target = transfer_target(gd, rv32_guest_pc(at));
  if (target != NOWHERE) return transfer(m, gd, at, target);
  if (!is_marked(at)) return run_to_next(m, gd, at);
  const kind = unmark_record(at);
  const reason = run_to_next(m, gd, at);
  mark_record(at, kind);
  return reason;
}

/** The target of the jump or branch at `pc`; NOWHERE for anything else, including a fault. */
function transfer_target(gd: GlobalData, pc: u32): u32 {
  const behind = rv_text_behind(pc);
  if (behind == 0 || behind < rv_length(pc)) return NOWHERE;
  const td = changetype<usize>(gd.gd_curthread);
  const word = rv_fetch(pc);
  let target = NOWHERE;
  switch (word & OPCODE_MASK) {
    case OP_JAL:
      if (rv_has_register(rv_rd(word))) target = pc + rv_imm_j(word);
      break;
    case OP_JALR:
      if (rv_funct3(word) == 0 && rv_has_register(rv_rd(word) | rv_rs1(word))) {
        target = (rv_get(td, rv_rs1(word)) + rv_imm_i(word)) & ~1;
      }
      break;
    case OP_BRANCH:
      if ((rv_funct3(word) & 6) != 2 && rv_has_register(rv_rs1(word) | rv_rs2(word))) {
        if (rv_is_taken(td, word)) target = pc + rv_imm_b(word);
      }
      break;
  }
  return rv_is_target(target) ? target : NOWHERE;
}

/** The current thread takes the jump or branch of a record. */
function transfer(m: Machine, gd: GlobalData, at: usize, target: u32): u32 {
  const pc = rv32_guest_pc(at);
  const word = rv_fetch(pc);
  const links = (word & OPCODE_MASK) != OP_BRANCH;
  if (links) rv_set(changetype<usize>(gd.gd_curthread), rv_rd(word), pc + rv_length(pc));
  jump_by_hand(gd, target);
  const may_end = m.cycle_cost != 0 && !is_jump_to_yield(at);
  if (!may_end || gd.gd_cycles < gd.gd_slice_end) return Run.BREAK;
  gd.gd_broken = 0;
  return slice_done(m, gd);
}

/** Runs to the record behind the one at `at`; a kernel call may lead elsewhere, and a fault nowhere. */
function run_to_next(m: Machine, gd: GlobalData, at: usize): u32 {
  const pc = rv32_guest_pc(at);
  const behind = rv_text_behind(pc);
  const next = behind > 2 && behind > rv_length(pc) ? pc + rv_length(pc) : NOWHERE;
  const marks = next != NOWHERE && !is_marked(rv32_record(next));
  if (marks) mark_record(rv32_record(next));
  const reason = slice_run(m, gd);
  if (marks) unmark_record(rv32_record(next));
  return reason == 0 ? slice_done(m, gd) : reason;
}

/** The CPU's slice is over. */
function slice_done(m: Machine, gd: GlobalData): u32 {
  gd.gd_in_slice = 0;
  m.round_cpu++;
  return Run.BREAK;
}
