// The operands of a record (rv32_decode.ts): registers by their offsets in the thread, and immediates.
//
// Small functions that Binaryen inlines into the loop of rv32.ts: `td` is the thread's address, `pc` that of
// the record.
import { CpuState } from "./cpu_state";
import { RECORD_SHIFT, Record } from "./rv32_decode";

export function src1(td: usize, pc: usize): i32 {
  return load<i32>(td + <usize>changetype<Record>(pc).b);
}

export function src2(td: usize, pc: usize): i32 {
  return load<i32>(td + <usize>changetype<Record>(pc).c);
}

// As unsigned loads: Binaryen would turn <u64><u32>load<i32>() into a load with sign extension.
export function usrc1(td: usize, pc: usize): u32 {
  return load<u32>(td + <usize>changetype<Record>(pc).b);
}

export function usrc2(td: usize, pc: usize): u32 {
  return load<u32>(td + <usize>changetype<Record>(pc).c);
}

export function imm(pc: usize): i32 {
  return <i32>changetype<Record>(pc).c;
}

/** Writes the result. */
export function set(td: usize, pc: usize, value: i32): void {
  store<i32>(td + <usize>changetype<Record>(pc).a, value);
}

/** What a store writes. */
export function value(td: usize, pc: usize): i32 {
  return load<i32>(td + <usize>changetype<Record>(pc).a);
}

/** Left and right side of a branch. */
export function left(td: usize, pc: usize): i32 {
  return load<i32>(td + <usize>changetype<Record>(pc).a);
}

export function right(td: usize, pc: usize): i32 {
  return load<i32>(td + <usize>changetype<Record>(pc).b);
}

/** Distance of a jump or branch, in bytes of records from RECORD_SIZE behind its own. */
export function distance(pc: usize): usize {
  return <usize>changetype<Record>(pc).c;
}

/** The lowest stack address of a thread; below it there is other memory (kern/vm_glue.ts). */
export function stack_end(cpu: CpuState, td: usize): u32 {
  return load<u32>((td >> 4) + cpu.stacks);
}

/** The guest address of the record at `pc`, as the value of a register. */
export function link(cpu: CpuState, pc: usize): i32 {
  return <i32>(((pc - cpu.decoded) >> RECORD_SHIFT) + cpu.origin);
}
