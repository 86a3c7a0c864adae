// Compiled code: the interface between the interpreter (rv32.ts) and the host's compiler (src/compiler).
//
// The compiler makes a WebAssembly function from some guest functions, puts it into the kernel's table, and
// marks the records at which it may be entered with RvOp.COMPILED, which replaces the decoded instruction:
// `a` is the index in the table, `b` the number of the entry, `c` the entry's account. All of this is a
// cache: without a mark the interpreter continues, and everything that a run computes is the same.
//
// A compiled function is called with the thread, the number of instructions left in the slice, the entry's
// number, and the size of the memory behind the text that it may store to (rv32_reserve.ts). It keeps
// registers in locals, and stores those that it has changed before it returns. It returns, in the high half,
// the guest address at which the interpreter continues, plus COMPILED_JUMPED if it got there by a jump or a
// taken branch, where the slice may end; in the low half, the instructions left. It may return anywhere:
// before a fault, a kernel call, a jump to somewhere else. If it has executed nothing, its first instruction
// is one for rv32_slow.
//
// Hot code is found by sampling. When a slice ends, or JIT_PERIOD instructions after the last sample, the
// host is told where the CPU is, unless that is compiled code already. So the inner loop has nothing to
// count.
import { text_hot } from "../env";
import { machine } from "../sys/machine";
import { CpuState } from "./cpu_state";
import { CLOCK_SHIFT, Record, rv32_decode_at, rv32_guest_pc, rv32_record } from "./rv32_decode";
import { RvOp } from "./rv32_op";

/** Added to the address that compiled code returns: the interpreter gets there by a jump. */
export const COMPILED_JUMPED: u32 = 1;

/**
 * Maximum number of instructions that compiled code executes in one call. V8 can replace a function by better
 * code only at its next call, so long slices leave it and come back.
 */
const STRETCH_MAX: u64 = 1 << 17;

/** Position of the credit in an entry's account; below it is the minimum of instructions that pays for a call. */
const CREDIT_SHIFT: u32 = 8;
/**
 * Added to an entry's address that is reported to the host: its mark was removed, because its code is too short.
 */
const ENTRY_DROPPED: u32 = 1;
/** Number of instructions by which an entry may fall short in total before its mark is removed. */
const CREDIT: i32 = 4096;

/** Compiled code checks that many bytes of stores at once, and may run only where it may store to as many. */
const STORE_ROOM_MIN: u32 = 2048;

/** The number of RvOp.COMPILED, which compiled code looks for in records. */
export function rv32_compiled_op(): u32 {
  return RvOp.COMPILED;
}

/**
 * Marks the record of a guest address as entry `entry` of the function at `place` in the table, which is to
 * execute at least `worth` instructions per call, below 256, on average.
 */
export function rv32_mark(pc: u32, place: u32, entry: u32, worth: u32): void {
  const record = changetype<Record>(rv32_record(pc));
  record.op = RvOp.COMPILED;
  record.a = place;
  record.b = entry;
  record.c = ((<u32>CREDIT) << CREDIT_SHIFT) | worth;
}

/** Removes the mark of an entry. */
export function rv32_unmark(pc: u32): void {
  if (changetype<Record>(rv32_record(pc)).op == RvOp.COMPILED) rv32_decode_at(pc);
}

/**
 * False, with the mark at a record removed, if the CPU may store to less memory than compiled code assumes:
 * another CPU has reserved a word right behind the text.
 */
export function rv32_can_run_compiled(cpu: CpuState, at: usize): bool {
  if (cpu.store1_end >= STORE_ROOM_MIN) return true;
  rv32_unmark(rv32_guest_pc(at));
  return false;
}

/**
 * Runs the compiled code at a record for the thread at this address. `left` is the rest of the slice in
 * cycles. Returns the compiled function's result, with the number of instructions executed in the low half.
 */
export function rv32_run_compiled(cpu: CpuState, td: usize, at: usize, left: u64): u64 {
  const record = changetype<Record>(at);
  const most = <i32>min<u64>(left, STRETCH_MAX);
  const result = call_indirect<u64>(record.a, <u32>td, most, record.b, cpu.store1_end);
  const executed = most - <i32>result;
  const worth = record.c & ((1 << CREDIT_SHIFT) - 1);
  const credit = <i32>(record.c >> CREDIT_SHIFT) + executed - <i32>worth;
  record.c = ((<u32>min<i32>(credit, CREDIT)) << CREDIT_SHIFT) | worth;
  if (credit < 0) {
    const pc = rv32_guest_pc(at);
    rv32_unmark(pc);
    text_hot(<u32>(result >> 32) & ~COMPILED_JUMPED, pc | ENTRY_DROPPED);
  }
  return (result & 0xffffffff00000000) | <u64>(<u32>executed);
}

/** Reports to the host that a CPU is at this record, at `time` in 32nds of a cycle, if a sample is due. */
export function rv32_sample(cpu: CpuState, at: usize, time: u64): void {
  const period = (<i64>machine().jit_period) << CLOCK_SHIFT;
  const since = <i64>(time - cpu.sampled);
  if (since >= 0 && since < period) return; // below 0 the machine has been put back to an earlier time
  cpu.sampled = time;
  const op = changetype<Record>(at).op;
  if (op == RvOp.COMPILED || op == RvOp.YIELD || op == RvOp.J_YIELD) return;
  text_hot(rv32_guest_pc(at), 0);
}
