// Debugger support of the emulated CPU: breakpoints at which the inner loop stops, and watched memory.
// Neither costs anything in a program that is not debugged; in a machine that is, nothing is compiled.
//
// A breakpoint ("mark") replaces the operation of a decoded record by RvOp.SLOW, with something in `a`, so
// that the loop goes to rv32_slow, which stops before the instruction has any effect. `b` keeps the
// operation. On bare metal a marked record whose mark is removed counts as not decoded, and fence.i keeps
// marks. The loop may go straight from a jump to a yield without looking at the yield's record. So a marked
// yield also has marks, of a separate kind, at all jumps to it; for a thread that is stopped at one, the jump
// is executed by hand.
//
// Watched memory lies outside the windows of addresses that the loop loads from and stores to, as if memory
// ended below it: accesses above go through rv32_slow, which checks them, and stop before the access.
import { GlobalData, globaldata } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { WATCHES_MAX } from "../sys/param";
import { WATCH_LOADS, WATCH_STORES, watch_at } from "../sys/watch";
import { cpu_state } from "./cpu_state";
import {
  RECORD_HALF,
  Record,
  rv_fetch,
  rv_imm_j,
  rv_text_behind,
  rv32_decode_at,
  rv32_guest_pc,
  rv32_record,
} from "./rv32_decode";
import { RvOp } from "./rv32_op";
import { set_load_room, set_store_end } from "./rv32_reserve";

/** `a` of a marked record, and of a marked jump to a marked yield. */
const MARK: u32 = 1;
const MARK_JUMP: u32 = 2;

// ---- Marks ----

/** True if a text record is marked. A search has no marks, and uses SLOW records of its own. */
export function is_marked(at: usize): bool {
  const record = changetype<Record>(at);
  return record.op == RvOp.SLOW && record.a != 0 && machine().search == 0;
}

/** Marks a record that has no mark. */
export function mark_record(at: usize, kind: u32 = MARK): void {
  const record = changetype<Record>(at);
  record.b = record.op;
  record.op = RvOp.SLOW;
  record.a = kind;
}

/** Removes a record's mark, and returns its kind. */
export function unmark_record(at: usize): u32 {
  const record = changetype<Record>(at);
  const kind = record.a;
  const op = record.b;
  if (machine().metal != 0) {
    memory.fill(at, 0, RECORD_HALF); // decoded when execution reaches it
    return kind;
  }
  rv32_decode_at(rv32_guest_pc(at));
  if (op == RvOp.J_YIELD) record.op = op; // decoding depends on what was decoded before it
  return kind;
}

/** True if the record is a jump to a yield, at which no slice ends, whether or not it is marked. */
export function is_jump_to_yield(at: usize): bool {
  const record = changetype<Record>(at);
  return (is_marked(at) ? record.b : record.op) == RvOp.J_YIELD;
}

/**
 * Sets a breakpoint at an even guest address; false if there is no text. A caller that removes one removes
 * all, so that no mark at a jump to a yield is missed.
 */
export function debug_mark(pc: u32): bool {
  if ((pc & 1) != 0 || rv_text_behind(pc) == 0) return false;
  const at = rv32_record(pc);
  if (is_marked(at)) {
    changetype<Record>(at).a = MARK;
    return true;
  }
  const yields = changetype<Record>(at).op == RvOp.YIELD;
  mark_record(at);
  if (yields) mark_jumps(pc);
  return true;
}

/** Marks the jumps to a yield. */
function mark_jumps(target: u32): void {
  const m = machine();
  const end = m.guest_origin + m.text_size;
  for (let pc = m.guest_low; pc < end; pc += 2) {
    const at = rv32_record(pc);
    if (changetype<Record>(at).op != RvOp.J_YIELD || jump_target(pc) != target) continue;
    mark_record(at, MARK_JUMP);
  }
}

function jump_target(pc: u32): u32 {
  return pc + rv_imm_j(rv_fetch(pc));
}

/** Removes the breakpoint at an address, and the marks at jumps to it. */
export function debug_unmark(pc: u32): void {
  if ((pc & 1) != 0 || rv_text_behind(pc) == 0 || !is_marked(rv32_record(pc))) return;
  unmark_record(rv32_record(pc));
  if (changetype<Record>(rv32_record(pc)).op == RvOp.YIELD) unmark_jumps(pc);
}

function unmark_jumps(target: u32): void {
  const m = machine();
  const end = m.guest_origin + m.text_size;
  for (let pc = m.guest_low; pc < end; pc += 2) {
    const at = rv32_record(pc);
    if (!is_marked(at) || changetype<Record>(at).a != MARK_JUMP) continue;
    if (jump_target(pc) == target) unmark_record(at);
  }
}

/** Executes a jump, or a taken branch, of the CPU's current thread, except for the link register. */
export function jump_by_hand(gd: GlobalData, target: u32): void {
  gd.gd_curthread.td_pc = <u32>rv32_record(target);
  gd.gd_instructions++;
  if (machine().cycle_cost != 0) gd.gd_cycles++;
}

/** The CPU's current thread is at a mark: if that marks a jump to a yield, moves the thread to the yield. */
export function arrive_at_mark(gd: GlobalData): void {
  const at = <usize>gd.gd_curthread.td_pc;
  if (!is_marked(at) || changetype<Record>(at).a != MARK_JUMP) return;
  jump_by_hand(gd, jump_target(rv32_guest_pc(at)));
}

// ---- Watched memory ----

/**
 * Watches `size` bytes at a guest address for accesses (WATCH_*), as range `index`; size 0 frees the range.
 * Machine.watch_hit and watch_address tell which range was hit, and at what address.
 */
export function debug_watch(index: u32, from: u32, size: u32, access: u32): void {
  const watch = watch_at(index);
  watch.w_from = from;
  watch.w_size = size;
  watch.w_access = access;
  const m = machine();
  m.store_end = min<u32>(m.guest_origin + m.guest_size, lowest(WATCH_STORES));
  const loads = min<u32>(m.guest_origin + m.guest_size, lowest(WATCH_LOADS));
  for (let cpuid: u32 = 0; cpuid < m.ncpus; cpuid++) {
    const cpu = cpu_state(globaldata(cpuid));
    set_store_end(cpu, m.store_end);
    set_load_room(cpu, loads - min<u32>(loads, m.guest_low));
    cpu.watches = u64.MAX_VALUE; // reservations of others count again from the next run on
  }
}

/** The lowest address watched for a kind of access. */
function lowest(access: u32): u32 {
  let address = u32.MAX_VALUE;
  for (let index: u32 = 0; index < WATCHES_MAX; index++) {
    const watch = watch_at(index);
    if ((watch.w_access & access) != 0) address = min<u32>(address, watch.w_from);
  }
  return address;
}

/** True if the machine is to stop for an access to `size` bytes at a guest address. */
export function is_watched(access: u32, address: u32, size: u32): bool {
  const m = machine();
  for (let index: u32 = 0; index < WATCHES_MAX; index++) {
    const watch = watch_at(index);
    if ((watch.w_access & access) == 0) continue;
    const isIn = address - watch.w_from < watch.w_size || watch.w_from - address < size;
    if (!isIn) continue;
    m.watch_hit = index + 1;
    m.watch_address = address;
    return m.watch_pass == 0;
  }
  return false;
}
