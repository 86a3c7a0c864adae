// Atomics: operations on a word of memory, lr.w and sc.w. assembly/cpu/rv32_atomic.ts and rv32_reserve.ts say the same.
//
// Where one faults, or could end what another CPU has reserved, the interpreter does it. What lr.w reserves is kept in
// memory, where the interpreter finds it, and ends it.

import { GLOBALDATA_STRIDE, Thread, ThreadRare } from "../generated/layout.js";
import type { Mnemonic } from "../program/encode.js";
import type { BlockCode } from "./block.js";
import type { Step } from "./text.js";
import { Op } from "./wasm.js";

/**
 * What an atomic stores: the result of `op` of the old word and a register; or the smaller of them by the
 * comparison `less`, or the larger; or just the register.
 */
interface Atomic {
  readonly op?: number;
  readonly less?: number;
  readonly takesLess?: boolean;
}

const WORD = 4;

const atomics: Readonly<Partial<Record<Mnemonic, Atomic>>> = {
  "amoswap.w": {},
  "amoadd.w": { op: Op.i32_add },
  "amoxor.w": { op: Op.i32_xor },
  "amoor.w": { op: Op.i32_or },
  "amoand.w": { op: Op.i32_and },
  "amomin.w": { less: Op.i32_lt_s, takesLess: true },
  "amomax.w": { less: Op.i32_lt_s },
  "amominu.w": { less: Op.i32_lt_u, takesLess: true },
  "amomaxu.w": { less: Op.i32_lt_u },
};

/** No word's address (assembly/cpu/cpu_state.ts). */
const NO_RESERVATION = 1;
const CPU_SHIFT = Math.log2(GLOBALDATA_STRIDE);

/** True for an atomic. */
export function isAtomic({ insn: { op } }: Step): boolean {
  return op === "lr.w" || op === "sc.w" || op in atomics;
}

/** Writes an atomic, `before` instructions into its block. */
export function emitAtomic(block: BlockCode, step: Step, before: number): void {
  if (step.insn.op === "lr.w") emitLoadReserved(block, step, before);
  else if (step.insn.op === "sc.w") emitStoreConditional(block, step, before);
  else emitOperation(block, step, before, atomics[step.insn.op] as Atomic);
}

/** A local that holds how far behind Text.storeLow the word is, which may be stored to. */
function emitPlace(block: BlockCode, { insn, pc }: Step, before: number): number {
  const { code, target } = block;
  const at = block.temporary();
  block.read(insn.rs1);
  code.const(3).put(Op.i32_and);
  block.read(insn.rs1);
  code.const(-target.text.storeLow).put(Op.i32_add).tee(at);
  block.emitStoreRoom(WORD);
  code.put(Op.i32_ge_u, Op.i32_or);
  block.exitIf(pc, before);
  return at;
}

/** An operation on a word. */
function emitOperation(
  block: BlockCode,
  step: Step,
  before: number,
  { op, less, takesLess }: Atomic,
): void {
  const { insn } = step;
  const { code, target } = block;
  const old = block.temporary();
  const memory = target.text.guest + target.text.storeLow;
  const at = emitPlace(block, step, before);
  code.get(at).memory(Op.i32_load, memory).set(old).get(at);
  if (op !== undefined || less !== undefined) code.get(old);
  block.read(insn.rs2);
  if (op !== undefined) code.put(op);
  if (less !== undefined) {
    code.get(old);
    block.read(insn.rs2);
    code.put(less);
    if (takesLess !== true) code.put(Op.i32_eqz);
    code.put(Op.select);
  }
  code.memory(Op.i32_store, memory);
  if (insn.rd === 0) return;
  code.get(old);
  block.write(insn.rd);
}

function emitLoadReserved(block: BlockCode, { insn, pc }: Step, before: number): void {
  const { code, target } = block;
  const { base } = target.reservations;
  block.read(insn.rs1);
  code.const(3).put(Op.i32_and);
  block.read(insn.rs1);
  code.const(-target.guestLow).put(Op.i32_add);
  code.const(Math.max(target.guestEnd - target.guestLow - WORD + 1, 0));
  code.put(Op.i32_ge_u, Op.i32_or);
  block.exitIf(pc, before);
  const cpu = emitCpu(block);
  code.get(cpu);
  block.read(insn.rs1);
  code.memory(Op.i32_store, base).get(cpu);
  block.emitThread();
  code.memory(Op.i32_store, base + WORD).get(cpu);
  emitSwitches(block);
  code.memory(Op.i32_store, base + 2 * WORD);
  if (insn.rd === 0) return;
  block.read(insn.rs1);
  code.memory(Op.i32_load, target.text.guest);
  block.write(insn.rd);
}

function emitStoreConditional(block: BlockCode, step: Step, before: number): void {
  const { insn } = step;
  const { code, target } = block;
  const { base } = target.reservations;
  const at = emitPlace(block, step, before);
  const cpu = emitCpu(block);
  const succeeds = block.temporary();
  code.get(cpu).memory(Op.i32_load, base);
  block.read(insn.rs1);
  code
    .put(Op.i32_eq)
    .get(cpu)
    .memory(Op.i32_load, base + WORD);
  block.emitThread();
  code
    .put(Op.i32_eq, Op.i32_and)
    .get(cpu)
    .memory(Op.i32_load, base + 2 * WORD);
  emitSwitches(block);
  code.put(Op.i32_eq, Op.i32_and).set(succeeds);
  code.get(cpu).const(NO_RESERVATION).memory(Op.i32_store, base);
  code.get(succeeds).open(Op.if).get(at);
  block.read(insn.rs2);
  code.memory(Op.i32_store, target.text.guest + target.text.storeLow).put(Op.end);
  if (insn.rd === 0) return;
  code.get(succeeds).put(Op.i32_eqz);
  block.write(insn.rd);
}

/** A local that holds how far the CPU's structures are behind those of CPU 0. */
function emitCpu(block: BlockCode): number {
  const cpu = block.temporary();
  block.emitThread();
  block.code.memory(Op.i32_load8_u, Thread.td_cpu).const(CPU_SHIFT).put(Op.i32_shl).set(cpu);
  return cpu;
}

/** Puts on the stack how often the thread was switched away from. */
function emitSwitches(block: BlockCode): void {
  const { code, target } = block;
  block.emitThread();
  code.memory(Op.i32_load, Thread.td_nvcsw);
  block.emitThread();
  code.const(2).put(Op.i32_shr_u);
  code.memory(Op.i32_load, target.reservations.rareDelta + ThreadRare.td_nivcsw);
  code.put(Op.i32_add);
}
