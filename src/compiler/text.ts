// Guest text as the compiler reads it: an instruction at a time, by what it does to the flow of control.

import type { Kernel } from "../core/kernel.js";
import { recordAt } from "../core/rv32-frame.js";
import { MachineMode } from "../generated/layout.js";
import { expandCompressed, isCompressed } from "../program/compressed.js";
import { decode, type Format, formatOf, type Instruction } from "../program/encode.js";
import type { Marks } from "./marks.js";
import { type Code, Op } from "./wasm.js";

/**
 * What an instruction does to the flow of control: `next`, nothing; `branch`, `jump` and `call` (a jump
 * that links) go to `target`; `register` is a jalr; `stop` is what the interpreter does.
 */
export type Flow = "next" | "branch" | "jump" | "call" | "register" | "stop";

/** An instruction in its place. */
export interface Step {
  readonly pc: number;
  readonly next: number;
  readonly flow: Flow;
  readonly insn: Instruction;
  /** Where a branch, jump or call goes. */
  readonly target: number;
}

const NOTHING: Instruction = { op: "ebreak", rd: 0, rs1: 0, rs2: 0, imm: 0 };

/** Formats of instructions that only compute, load and store. */
const plain: ReadonlySet<Format> = new Set([
  "R",
  "I",
  "Shift",
  "Load",
  "S",
  "U",
  "Fence",
  "Amo",
  "Lr",
]);
/** Registers of a machine for RV32E. */
const FEW_REGISTERS = 16;

/** RvOp.SLOW: what a record holds of an instruction that is executed from its word, or was never decoded. */
const SLOW = 0;

/** True for a jump, or a branch that is always taken, which may be decoded to a jump to a yield. */
export function isAlwaysTaken({ flow, insn }: Step): boolean {
  if (flow === "jump") return true;
  if (flow !== "branch" || insn.rs2 !== 0) return false;
  return insn.op === "bgeu" || (insn.rs1 === 0 && (insn.op === "beq" || insn.op === "bge"));
}

/** True for the beginning of jal, jalr and c.jal. */
function mayCall(half: number): boolean {
  const isJump = (half & 0x7f) === 0x6f || (half & 0x7f) === 0x67;
  return isJump || (half & 0xe003) === 0x2001;
}

/** Bytes of text in which calls are looked for until it is known how much there is. */
const TEXT_AT_FIRST = 1 << 20;
/** On bare metal the range of text is told in whole pieces of so many bytes, so that it seldom changes. */
const PIECE = 1 << 16;

/** A range of guest addresses. */
export interface TextRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The text of a machine. On bare metal it is all of memory, and decoded when execution comes to it: there only what
 * has been executed is known, and as it was then.
 */
export class Text {
  /** The lowest guest address that programs may touch. */
  private readonly low: number;
  /** The guest address where memory begins, and bytes of text from there on. */
  readonly origin: number;
  readonly size: number;
  /** The lowest guest address that may be stored to. */
  readonly storeLow: number;
  /** Where the byte of guest address 0 is, or would be. */
  readonly guest: number;
  /** Address of the first record. */
  readonly decoded: number;
  readonly isMetal: boolean;
  private readonly hasAllRegisters: boolean;
  /** No text is known behind this guest address. */
  private end: number;
  /** The instructions that were read, but on bare metal, where they may change. */
  private readonly steps = new Map<number, Step>();

  constructor(
    private readonly kernel: Kernel,
    private readonly marks: Marks,
  ) {
    this.low = kernel.machine("guest_low");
    this.origin = kernel.machine("guest_origin");
    this.size = kernel.machine("text_size");
    this.isMetal = kernel.machine("metal") !== 0;
    this.storeLow = this.isMetal ? this.origin : this.size;
    this.hasAllRegisters = kernel.machine("frame_high") !== 0;
    this.guest = kernel.machine("guest_base") - this.origin;
    this.decoded = kernel.machine("decoded_base");
    this.end = Math.min(this.size, TEXT_AT_FIRST);
  }

  /** Text was loaded up to a guest address. */
  extend(to: number): void {
    this.end = Math.max(this.end, to);
  }

  /** Where functions are looked for. */
  get range(): TextRange {
    if (!this.isMetal) return { from: 0, to: this.end };
    const { kernel, origin, size } = this;
    const at = kernel.machine("mmode_base");
    const low = kernel.read(at + MachineMode.decoded_low);
    const high = kernel.read(at + MachineMode.decoded_high);
    if (low > high) return { from: origin, to: origin };
    const from = Math.max(low - (low % PIECE), origin);
    const to = high - (high % PIECE) + PIECE;
    return { from, to: Math.min(to, from + TEXT_AT_FIRST, origin + size) };
  }

  /** True where execution can go on. */
  isTarget(pc: number): boolean {
    return pc >= this.low && pc < this.origin + this.size && pc % 2 === 0;
  }

  /** The instruction at a guest address in the text, as it is executed there. */
  step(pc: number): Step {
    if (!this.isMetal) return this.known(pc);
    const step = this.read(pc);
    if (step.flow === "stop" || this.marks.isExecutedAs(pc)) return step;
    return { ...step, flow: "stop", insn: NOTHING, target: -1 };
  }

  private known(pc: number): Step {
    let step = this.steps.get(pc);
    if (step === undefined) {
      step = this.read(pc);
      this.steps.set(pc, step);
    }
    return step;
  }

  /** Forgets what was read: the text is another one. */
  forget(): void {
    this.steps.clear();
  }

  /** The instruction in the bytes at a guest address. */
  private read(pc: number): Step {
    const { view } = this.kernel;
    const half = view.getUint16(this.guest + pc, true);
    const next = pc + (isCompressed(half) ? 2 : 4);
    const stop: Step = { pc, next, flow: "stop", insn: NOTHING, target: -1 };
    const word = isCompressed(half)
      ? expandCompressed(half)
      : view.getUint32(this.guest + pc, true);
    const insn = word === undefined ? undefined : decode(word);
    if (insn === undefined) return stop;
    const isSlow = !this.isMetal && this.kernel.read(recordAt(this.kernel, pc)) === SLOW;
    if (isSlow && !this.isOperationOnMemory(insn)) return stop;
    return { pc, next, insn, ...this.flowOf(pc, insn) };
  }

  /** An atomic, of registers that there are: it has no record. */
  private isOperationOnMemory({ op, rd, rs1, rs2 }: Instruction): boolean {
    if (formatOf(op) !== "Amo" && formatOf(op) !== "Lr") return false;
    return this.hasAllRegisters || Math.max(rd, rs1, rs2) < FEW_REGISTERS;
  }

  private flowOf(pc: number, insn: Instruction): { flow: Flow; target: number } {
    const to = (flow: Flow, target: number) =>
      this.isTarget(target) ? { flow, target } : { flow: "stop" as const, target: -1 };
    switch (insn.op) {
      case "jal":
        return to(insn.rd === 0 ? "jump" : "call", pc + insn.imm);
      case "jalr":
        if (insn.rs1 === 0) return to(insn.rd === 0 ? "jump" : "call", insn.imm & ~1);
        return { flow: "register", target: -1 };
      case "beq":
      case "bne":
      case "blt":
      case "bge":
      case "bltu":
      case "bgeu":
        return to("branch", pc + insn.imm);
      default:
        return { flow: plain.has(formatOf(insn.op)) ? "next" : "stop", target: -1 };
    }
  }

  /**
   * Where a jalr goes if the instruction before it sets its register by auipc: so calls are written that are too far
   * for jal, or by linkers that leave them so.
   */
  farTarget(before: Step | undefined, { flow, insn, pc }: Step): number | undefined {
    if (flow !== "register" || before?.insn.op !== "auipc" || before.insn.rd !== insn.rs1) return;
    const target = ((before.pc + (before.insn.imm << 12) + insn.imm) & ~1) >>> 0;
    return before.next === pc && this.isTarget(target) ? target : undefined;
  }

  /** True for a place that a call comes back to. */
  isBehindCall(pc: number): boolean {
    return [4, 2].some((length) => {
      if (!this.isTarget(pc - length)) return false;
      const { flow, insn, next } = this.step(pc - length);
      return next === pc && insn.rd !== 0 && (flow === "call" || flow === "register");
    });
  }

  /** True when the jump at a guest address goes to a yield: no slice ends at it. */
  isJumpToYield(pc: number): boolean {
    return this.kernel.exports.rv32_is_jump_to_yield(pc) !== 0;
  }

  /** Replaces the even address on the stack by whether execution cannot go on there. */
  emitIsNoTarget(code: Code): void {
    this.emitDistance(code);
    code.const(this.size).put(Op.i32_ge_u);
  }

  /** Replaces the address on the stack by how far it is from where memory begins. */
  emitDistance(code: Code): void {
    if (this.origin !== 0) code.const(-this.origin).put(Op.i32_add);
  }

  /** The targets of all calls in a range, in ascending order. */
  callTargets({ from, to }: TextRange): number[] {
    const targets = new Set<number>();
    const { view } = this.kernel;
    for (let pc = from; pc < to; ) {
      const half = view.getUint16(this.guest + pc, true);
      const next = pc + (isCompressed(half) ? 2 : 4);
      if (mayCall(half)) {
        const step = this.read(pc);
        const before = step.flow === "register" && pc >= from + 4 ? this.read(pc - 4) : undefined;
        const target = step.flow === "call" ? step.target : this.farTarget(before, step);
        if (target !== undefined && step.insn.rd !== 0) targets.add(target);
      }
      pc = next;
    }
    return [...targets].sort((a, b) => a - b);
  }
}
