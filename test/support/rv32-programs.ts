// Random RV32IMAC programs that run for long: instructions of both lengths, branches and jumps to anywhere, even into
// the middle of instructions, and accesses that mostly, but not always, hit memory.

import { encode, type Instruction, type Mnemonic } from "../../src/program/encode.js";
import type { Random } from "./random.js";
import { expandCompressed } from "./rv32c-reference.js";

/** Registers that mostly hold addresses; programs set them again and again. */
const POINTERS = [2, 8, 9];
/** Their value, where nothing else is said: far enough from both ends of memory for all offsets. */
const POINTER_UPPER = 1;

const ofRegisters: Mnemonic[] = [
  ...(["add", "sub", "and", "or", "xor", "sll", "srl", "sra", "slt", "sltu"] as const),
  ...(["mul", "mulh", "mulhu", "mulhsu", "div", "divu", "rem", "remu"] as const),
];
const ofImmediate: Mnemonic[] = ["addi", "andi", "ori", "xori", "slti", "sltiu"];
const ofShift: Mnemonic[] = ["slli", "srli", "srai"];
const loads: Mnemonic[] = ["lw", "lh", "lhu", "lb", "lbu"];
const stores: Mnemonic[] = ["sw", "sh", "sb"];
const branches: Mnemonic[] = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];
const atomics: Mnemonic[] = [
  ...(["lr.w", "sc.w", "amoswap.w", "amoadd.w", "amoxor.w", "amoand.w"] as const),
  ...(["amoor.w", "amomin.w", "amomax.w", "amominu.w", "amomaxu.w"] as const),
];
const COUNTERS = [0xc00, 0xc01, 0xc02, 0xc80, 0xc82, 0xf14];
const YIELD = 1;

/** The place of a program, in bytes. */
export interface Place {
  readonly from: number;
  readonly to: number;
  /** The upper 20 bits of the address in the middle of what it loads and stores. Default 1. */
  readonly middle?: number;
}

class Generator {
  private readonly random: Random;
  private readonly place: Place;
  private readonly halves: number[] = [];

  constructor(random: Random, place: Place) {
    this.random = random;
    this.place = place;
  }

  /** The program, which fills its place. */
  words(): number[] {
    const count = (this.place.to - this.place.from) / 2;
    while (this.halves.length < count - 1) this.instruction();
    while (this.halves.length < count) this.halves.push(0x0001);
    return Array.from(
      { length: count / 2 },
      (_, k) => (this.halves[2 * k]! | (this.halves[2 * k + 1]! << 16)) >>> 0,
    );
  }

  private get pc(): number {
    return this.place.from + 2 * this.halves.length;
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  /** Any register to read; for a result, hardly ever a pointer. */
  private source(): number {
    return this.random.once(8) ? this.random.below(32) : 8 + this.random.below(8);
  }

  private result(): number {
    for (;;) {
      const register = this.source();
      if (!POINTERS.includes(register) || this.random.once(200)) return register;
    }
  }

  private base(): number {
    return this.random.once(400) ? this.random.below(32) : this.pick(POINTERS);
  }

  /** An even distance to somewhere in the program, most often near. */
  private near(reach: number): number {
    for (;;) {
      const far = 2 * (this.random.below(reach) - (reach >> 1));
      const target = this.pc + far;
      if (target >= this.place.from && target < this.place.to) return far;
    }
  }

  private put(op: Mnemonic, fields: Partial<Instruction>): void {
    const word = encode({ op, rd: 0, rs1: 0, rs2: 0, imm: 0, ...fields });
    this.halves.push(word & 0xffff, word >>> 16);
  }

  private instruction(): void {
    const kind = this.random.below(100);
    if (kind < 45) this.compressed();
    else if (kind < 62) this.arithmetic();
    else if (kind < 76) this.memory();
    else if (kind < 86) this.transfer();
    else if (kind < 91) this.atomic();
    else if (kind < 97)
      this.put("lui", { rd: this.pick(POINTERS), imm: this.place.middle ?? POINTER_UPPER });
    else if (kind < 99) this.system();
    else this.put("jal", { rd: this.result(), imm: this.near(40) });
  }

  private compressed(): void {
    for (;;) {
      const half = this.random.below(1 << 16);
      if ((half & 3) === 3 || !this.isHarmless(half)) continue;
      this.halves.push(half);
      return;
    }
  }

  /** True unless a compressed instruction would very likely end the program soon. */
  private isHarmless(half: number): boolean {
    const word = expandCompressed(half);
    if (word === undefined) return this.random.once(2000);
    const [rd, rs1] = [(word >>> 7) & 31, (word >>> 15) & 31];
    switch (word & 0x7f) {
      case 0x03:
        return POINTERS.includes(rs1) && !POINTERS.includes(rd);
      case 0x23:
        return POINTERS.includes(rs1);
      case 0x63:
        return true;
      case 0x67:
      case 0x73:
        return this.random.once(500);
      case 0x6f:
        return this.isInside(half);
      default:
        return !POINTERS.includes(rd) || this.random.once(200);
    }
  }

  /** True when a compressed jump goes to somewhere in the program. */
  private isInside(half: number): boolean {
    const word = expandCompressed(half)!;
    const far =
      ((word >> 31) << 20) | (word & 0xff000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe);
    const target = this.pc + far;
    return Math.abs(far) < 80 && target >= this.place.from && target < this.place.to;
  }

  private arithmetic(): void {
    const [rd, rs1, rs2] = [this.result(), this.source(), this.source()];
    const kind = this.random.below(5);
    if (kind < 2) this.put(this.pick(ofRegisters), { rd, rs1, rs2 });
    else if (kind < 4) {
      const imm = this.random.below(4096) - 2048;
      this.put(this.pick(ofImmediate), { rd, rs1, imm });
    } else this.put(this.pick(ofShift), { rd, rs1, imm: this.random.below(32) });
  }

  private memory(): void {
    const imm = this.random.below(4096) - 2048;
    if (this.random.below(5) < 3) {
      this.put(this.pick(loads), { rd: this.result(), rs1: this.base(), imm });
    } else this.put(this.pick(stores), { rs1: this.base(), rs2: this.source(), imm });
  }

  private transfer(): void {
    if (this.random.below(5) < 4) {
      const fields = { rs1: this.source(), rs2: this.source(), imm: this.near(60) };
      this.put(this.pick(branches), fields);
      return;
    }
    const imm = this.near(200);
    this.put("auipc", { rd: 5 });
    this.put("jalr", { rd: this.result(), rs1: 5, imm: imm | this.random.below(2) });
  }

  private atomic(): void {
    const op = this.pick(atomics);
    const rs2 = op === "lr.w" ? 0 : this.source();
    this.put(op, { rd: this.result(), rs1: this.base(), rs2, imm: this.random.below(4) });
  }

  private system(): void {
    const kind = this.random.below(8);
    if (kind < 5) this.put("csrrs", { rd: this.result(), imm: this.pick(COUNTERS) });
    else if (kind < 6) this.put("fence.i", {});
    else if (kind < 7) this.put("fence", { imm: 0xff });
    else this.put("kcall", { imm: YIELD });
  }
}

/** A random program for a place. */
export function randomProgram(random: Random, place: Place): number[] {
  return new Generator(random, place).words();
}
