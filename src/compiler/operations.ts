// What an instruction computes, as WebAssembly: arithmetic, loads and stores, and operations on memory. The
// interpreter's loop (assembly/cpu/rv32.ts) and rv32_atomic.ts say the same.

import { formatOf, type Mnemonic } from "../program/encode.js";
import type { Access } from "./accesses.js";
import type { Step, Text } from "./text.js";
import { type Code, Op } from "./wasm.js";

/** What an operation needs of the function that it becomes part of. */
export interface BlockCode {
  readonly code: Code;
  readonly target: {
    readonly text: Text;
    readonly guestLow: number;
    readonly guestEnd: number;
    readonly stacks: number | null;
  };
  /** Puts a register's value on the stack. */
  read(register: number): void;
  /** Gives a register, not x0, the value on the stack. */
  write(register: number): void;
  /** Puts on the stack how far behind Text.storeLow so many bytes may be stored: the address must be below. */
  emitStoreRoom(bytes: number): void;
  /** Puts on the stack the end of the thread's stack: below it there is none. */
  emitStackEnd(stacks: number): void;
  /** A local for a number that the block needs. */
  temporary(): number;
  /** Leaves for the interpreter if the condition on the stack is true, `executed` instructions into the block. */
  exitIf(pc: number, executed: number): void;
}

/** Operations of two numbers that WebAssembly has, too. */
const simple: Readonly<Partial<Record<Mnemonic, number>>> = {
  add: Op.i32_add,
  sub: Op.i32_sub,
  sll: Op.i32_shl,
  slt: Op.i32_lt_s,
  sltu: Op.i32_lt_u,
  xor: Op.i32_xor,
  srl: Op.i32_shr_u,
  sra: Op.i32_shr_s,
  or: Op.i32_or,
  and: Op.i32_and,
  mul: Op.i32_mul,
  addi: Op.i32_add,
  slli: Op.i32_shl,
  slti: Op.i32_lt_s,
  sltiu: Op.i32_lt_u,
  xori: Op.i32_xor,
  srli: Op.i32_shr_u,
  srai: Op.i32_shr_s,
  ori: Op.i32_or,
  andi: Op.i32_and,
};

const loads: Readonly<Partial<Record<Mnemonic, number>>> = {
  lb: Op.i32_load8_s,
  lbu: Op.i32_load8_u,
  lh: Op.i32_load16_s,
  lhu: Op.i32_load16_u,
  lw: Op.i32_load,
};

const stores: Readonly<Partial<Record<Mnemonic, number>>> = {
  sb: Op.i32_store8,
  sh: Op.i32_store16,
  sw: Op.i32_store,
};

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

/** True for what does nothing but give a register another value, whatever its operands are. */
export function isPlain({ flow, insn: { op, rd } }: Step): boolean {
  return flow === "next" && rd !== SP && (op in simple || op === "lui" || op === "auipc");
}

/** Writes an instruction that goes on at the next one, `before` instructions into its block. */
export function emitOperation(
  block: BlockCode,
  step: Step,
  before: number,
  access: Access | undefined,
): void {
  const { insn, pc } = step;
  const { code } = block;
  if (access !== undefined) {
    emitAccess(block, step, before, access);
    return;
  }
  const inMemory = atomics[insn.op];
  if (inMemory !== undefined) {
    emitAtomic(block, step, before, inMemory);
    return;
  }
  if (insn.op === "fence" || insn.rd === 0) return;
  if (insn.rd === SP && block.target.stacks !== null && movesStack(step)) {
    emitStackMove(block, step, before, block.target.stacks);
    return;
  }
  const op = simple[insn.op];
  if (insn.op === "lui") code.const(insn.imm << 12);
  else if (insn.op === "auipc") code.const(pc + (insn.imm << 12));
  else if (op === undefined) emitMultiplication(block, step);
  else if (formatOf(insn.op) !== "R") {
    block.read(insn.rs1);
    if (insn.imm !== 0 || insn.op !== "addi") code.const(insn.imm).put(op);
  } else {
    block.read(insn.rs1);
    block.read(insn.rs2);
    code.put(op);
  }
  block.write(insn.rd);
}

const SP = 2;

/** True for what may make room on the stack: the interpreter compares it with the stack's end (ADDSP). */
function movesStack({ insn: { op, rs1, imm } }: Step): boolean {
  return op === "add" || op === "sub" || (op === "addi" && rs1 === SP && imm < 0);
}

/** Makes room on the stack; where there is none, or by a distance in a register, the interpreter does it. */
function emitStackMove(block: BlockCode, { insn, pc }: Step, before: number, stacks: number): void {
  const { code } = block;
  if (insn.op !== "addi") {
    code.const(1);
    block.exitIf(pc, before);
    return;
  }
  const sp = block.temporary();
  block.read(SP);
  code.const(insn.imm).put(Op.i32_add).tee(sp);
  block.emitStackEnd(stacks);
  code.put(Op.i32_lt_u);
  block.exitIf(pc, before);
  code.get(sp);
  block.write(SP);
}

/** mulh and its relatives, division and remainder. */
function emitMultiplication(block: BlockCode, { insn }: Step): void {
  switch (insn.op) {
    case "mulh":
      highWord(block, insn, Op.i64_extend_i32_s, Op.i64_extend_i32_s);
      return;
    case "mulhsu":
      highWord(block, insn, Op.i64_extend_i32_s, Op.i64_extend_i32_u);
      return;
    case "mulhu":
      highWord(block, insn, Op.i64_extend_i32_u, Op.i64_extend_i32_u);
      return;
    case "div":
      divide(block, insn, Op.i32_div_s, true);
      return;
    case "divu":
      divide(block, insn, Op.i32_div_u, true);
      return;
    case "rem":
      divide(block, insn, Op.i32_rem_s, false);
      return;
    case "remu":
      divide(block, insn, Op.i32_rem_u, false);
      return;
    default:
      throw new Error(`The compiler does not know ${insn.op}.`);
  }
}

interface Sources {
  readonly rs1: number;
  readonly rs2: number;
}

function highWord(block: BlockCode, { rs1, rs2 }: Sources, first: number, second: number): void {
  block.read(rs1);
  block.code.put(first);
  block.read(rs2);
  block.code.put(second, Op.i64_mul, Op.i64_const).signed(32).put(Op.i64_shr_s, Op.i32_wrap_i64);
}

/** A division by 0 has a result, and the one that overflows, by -1, too. */
function divide(block: BlockCode, { rs1, rs2 }: Sources, op: number, quotient: boolean): void {
  const { code } = block;
  const isSigned = op === Op.i32_div_s || op === Op.i32_rem_s;
  block.read(rs2);
  code.put(Op.i32_eqz).ifValue();
  if (quotient) code.const(-1);
  else block.read(rs1);
  code.put(Op.else);
  if (isSigned) {
    block.read(rs2);
    code.const(-1).put(Op.i32_eq).ifValue().const(0);
    if (quotient) {
      block.read(rs1);
      code.put(Op.i32_sub);
    }
    code.put(Op.else);
  }
  block.read(rs1);
  block.read(rs2);
  code.put(op, Op.end);
  if (isSigned) code.put(Op.end);
}

/** An atomic; where it faults, or could end what another CPU has reserved, the interpreter does it. */
function emitAtomic(
  block: BlockCode,
  { insn, pc }: Step,
  before: number,
  { op, less, takesLess }: Atomic,
): void {
  const { code, target } = block;
  const [at, old] = [block.temporary(), block.temporary()];
  const memory = target.text.guest + target.text.storeLow;
  block.read(insn.rs1);
  code.const(3).put(Op.i32_and);
  block.read(insn.rs1);
  code.const(-target.text.storeLow).put(Op.i32_add).tee(at);
  block.emitStoreRoom(WORD);
  code.put(Op.i32_ge_u, Op.i32_or);
  block.exitIf(pc, before);
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

function emitAccess(block: BlockCode, step: Step, before: number, access: Access): void {
  const { insn, pc } = step;
  const { code, target } = block;
  const lowest = access.stores ? target.text.storeLow : target.guestLow;
  if (access.local < 0) {
    access.local = block.temporary();
    const bytes = access.high - access.low;
    block.read(insn.rs1);
    code
      .const(access.low - lowest)
      .put(Op.i32_add)
      .tee(access.local);
    if (access.stores) block.emitStoreRoom(bytes);
    else code.const(Math.max(target.guestEnd - lowest - bytes + 1, 0));
    code.put(Op.i32_ge_u);
    block.exitIf(pc, before);
  }
  const offset = target.text.guest + lowest + insn.imm - access.low;
  const store = stores[insn.op];
  code.get(access.local);
  if (store !== undefined) {
    block.read(insn.rs2);
    code.memory(store, offset);
    return;
  }
  code.memory(loads[insn.op] as number, offset);
  block.write(insn.rd);
}
