// The marks of compiled code on the records of guest text, and what they hide.
//
// A mark is taken off by decoding the instruction again. On bare metal the program may have stored to it since then
// without a fence.i, and goes on executing what was decoded first: there what a mark hides is kept.

import type { Kernel } from "../core/kernel.js";
import { recordAt } from "../core/rv32-frame.js";

type Words = readonly number[];

/** Words of a decoded record (assembly/cpu/rv32_decode.ts). */
const RECORD_WORDS = 4;

/** The marks of a kernel's text. */
export class Marks {
  private readonly isMetal: boolean;
  /** What marks hide on bare metal, by guest addresses. */
  private readonly hidden = new Map<number, Words>();

  constructor(private readonly kernel: Kernel) {
    this.isMetal = kernel.machine("metal") !== 0;
  }

  /** Marks a guest address as the entry `entry` of the function at `place` in the kernel's table (rv32_mark). */
  put(pc: number, place: number, entry: number, worth: number): void {
    if (this.isMetal) this.hidden.set(pc, this.recordOf(pc));
    this.kernel.exports.rv32_mark(pc, place, entry, worth);
  }

  /** Takes the mark of a guest address off, if it has one. */
  takeOff(pc: number): void {
    const words = this.hidden.get(pc);
    this.hidden.delete(pc);
    if (words === undefined) this.kernel.exports.rv32_unmark(pc);
    else this.kernel.u32.set(words, this.indexOf(pc));
  }

  /** True on bare metal for an instruction that has been executed, and does what its bytes say now. */
  isExecutedAs(pc: number): boolean {
    const [op = 0, a = 0, b = 0, c = 0] = this.recordOf(pc);
    return this.kernel.exports.rv32_decodes_to(pc, op, a, b, c) !== 0;
  }

  /** Forgets all marks: they are off, or the text has changed. */
  forget(): void {
    this.hidden.clear();
  }

  /** The record at a guest address, without its mark. */
  private recordOf(pc: number): Words {
    const at = this.indexOf(pc);
    return this.hidden.get(pc) ?? [...this.kernel.u32.subarray(at, at + RECORD_WORDS)];
  }

  private indexOf(pc: number): number {
    return recordAt(this.kernel, pc) >>> 2;
  }
}
