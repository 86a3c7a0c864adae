/** One method for each machine instruction, and for the usual short forms of one instruction. */

import {
  type CsrName,
  encodeAmo,
  encodeCsr,
  encodeCsrI,
  encodeCsrRead,
  encodeFence,
  encodeI,
  encodeLoad,
  encodeLr,
  encodeR,
  encodeS,
  encodeSystem,
  encodeU,
  type MnemonicOf,
  type Ordering,
} from "./encode.js";
import type { Register } from "./registers.js";

/** The instructions; where they go is up to the class that extends this one. */
export abstract class Instructions {
  /** Places the word that `make` encodes. */
  protected abstract place(make: () => number): this;
  /** Places a branch to a label, near or far. */
  protected abstract placeBranch(
    op: MnemonicOf<"B">,
    rs1: Register,
    rs2: Register,
    target: string,
  ): this;
  /** Places a jump to a label. */
  protected abstract placeJump(rd: Register, target: string): this;

  /** rd = rs1 + rs2. */
  add(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("add", rd, rs1, rs2));
  }

  /** rd = rs1 - rs2. */
  sub(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("sub", rd, rs1, rs2));
  }

  /** rd = rs1 << (rs2 & 31). */
  sll(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("sll", rd, rs1, rs2));
  }

  /** rd = 1 if rs1 < rs2 as signed numbers, else 0. */
  slt(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("slt", rd, rs1, rs2));
  }

  /** rd = 1 if rs1 < rs2 as unsigned numbers, else 0. */
  sltu(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("sltu", rd, rs1, rs2));
  }

  /** rd = rs1 ^ rs2. */
  xor(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("xor", rd, rs1, rs2));
  }

  /** rd = rs1 >>> (rs2 & 31), filled with zeros. */
  srl(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("srl", rd, rs1, rs2));
  }

  /** rd = rs1 >> (rs2 & 31), filled with the sign. */
  sra(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("sra", rd, rs1, rs2));
  }

  /** rd = rs1 | rs2. */
  or(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("or", rd, rs1, rs2));
  }

  /** rd = rs1 & rs2. */
  and(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("and", rd, rs1, rs2));
  }

  /** rd = the low word of rs1 * rs2. */
  mul(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("mul", rd, rs1, rs2));
  }

  /** rd = the high word of the signed product rs1 * rs2. */
  mulh(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("mulh", rd, rs1, rs2));
  }

  /** rd = the high word of the product of signed rs1 and unsigned rs2. */
  mulhsu(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("mulhsu", rd, rs1, rs2));
  }

  /** rd = the high word of the unsigned product rs1 * rs2. */
  mulhu(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("mulhu", rd, rs1, rs2));
  }

  /** rd = rs1 / rs2, signed, towards zero; by zero it is -1. */
  div(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("div", rd, rs1, rs2));
  }

  /** rd = rs1 / rs2, unsigned; by zero it is 2^32 - 1. */
  divu(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("divu", rd, rs1, rs2));
  }

  /** rd = the remainder of rs1 / rs2, with the sign of rs1; by zero it is rs1. */
  rem(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("rem", rd, rs1, rs2));
  }

  /** rd = the remainder of rs1 / rs2, unsigned; by zero it is rs1. */
  remu(rd: Register, rs1: Register, rs2: Register): this {
    return this.place(() => encodeR("remu", rd, rs1, rs2));
  }

  /** rd = rs1 + imm; `imm` is -2048 to 2047, as in all immediate forms. */
  addi(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("addi", rd, rs1, imm));
  }

  /** rd = 1 if rs1 < imm as signed numbers, else 0. */
  slti(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("slti", rd, rs1, imm));
  }

  /** rd = 1 if rs1 < imm as unsigned numbers (imm is sign-extended first), else 0. */
  sltiu(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("sltiu", rd, rs1, imm));
  }

  /** rd = rs1 ^ imm. */
  xori(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("xori", rd, rs1, imm));
  }

  /** rd = rs1 | imm. */
  ori(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("ori", rd, rs1, imm));
  }

  /** rd = rs1 & imm. */
  andi(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("andi", rd, rs1, imm));
  }

  /** rd = rs1 << imm; `imm` is 0 to 31. */
  slli(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("slli", rd, rs1, imm));
  }

  /** rd = rs1 >>> imm, filled with zeros; `imm` is 0 to 31. */
  srli(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("srli", rd, rs1, imm));
  }

  /** rd = rs1 >> imm, filled with the sign; `imm` is 0 to 31. */
  srai(rd: Register, rs1: Register, imm: number): this {
    return this.place(() => encodeI("srai", rd, rs1, imm));
  }

  /** rd = the signed byte at base + offset. */
  lb(rd: Register, base: Register, offset = 0): this {
    return this.place(() => encodeLoad("lb", rd, base, offset));
  }

  /** rd = the signed halfword at base + offset. */
  lh(rd: Register, base: Register, offset = 0): this {
    return this.place(() => encodeLoad("lh", rd, base, offset));
  }

  /** rd = the word at base + offset; `offset` is -2048 to 2047. */
  lw(rd: Register, base: Register, offset = 0): this {
    return this.place(() => encodeLoad("lw", rd, base, offset));
  }

  /** rd = the unsigned byte at base + offset. */
  lbu(rd: Register, base: Register, offset = 0): this {
    return this.place(() => encodeLoad("lbu", rd, base, offset));
  }

  /** rd = the unsigned halfword at base + offset. */
  lhu(rd: Register, base: Register, offset = 0): this {
    return this.place(() => encodeLoad("lhu", rd, base, offset));
  }

  /** Jumps to base + offset; rd = the address after this instruction. */
  jalr(rd: Register, base: Register, offset = 0): this {
    return this.place(() => encodeLoad("jalr", rd, base, offset));
  }

  /** Stores the low byte of `value` at base + offset. */
  sb(value: Register, base: Register, offset = 0): this {
    return this.place(() => encodeS("sb", value, base, offset));
  }

  /** Stores the low halfword of `value` at base + offset. */
  sh(value: Register, base: Register, offset = 0): this {
    return this.place(() => encodeS("sh", value, base, offset));
  }

  /** Stores `value` at base + offset; `offset` is -2048 to 2047. */
  sw(value: Register, base: Register, offset = 0): this {
    return this.place(() => encodeS("sw", value, base, offset));
  }

  /** rd = upper << 12; `upper` is 0 to 0xfffff. */
  lui(rd: Register, upper: number): this {
    return this.place(() => encodeU("lui", rd, upper));
  }

  /** rd = this instruction's address + (upper << 12); `upper` is 0 to 0xfffff. */
  auipc(rd: Register, upper: number): this {
    return this.place(() => encodeU("auipc", rd, upper));
  }

  /** Goes to `label` if rs1 == rs2. */
  beq(rs1: Register, rs2: Register, label: string): this {
    return this.placeBranch("beq", rs1, rs2, label);
  }

  /** Goes to `label` if rs1 != rs2. */
  bne(rs1: Register, rs2: Register, label: string): this {
    return this.placeBranch("bne", rs1, rs2, label);
  }

  /** Goes to `label` if rs1 < rs2, signed. */
  blt(rs1: Register, rs2: Register, label: string): this {
    return this.placeBranch("blt", rs1, rs2, label);
  }

  /** Goes to `label` if rs1 >= rs2, signed. */
  bge(rs1: Register, rs2: Register, label: string): this {
    return this.placeBranch("bge", rs1, rs2, label);
  }

  /** Goes to `label` if rs1 < rs2, unsigned. */
  bltu(rs1: Register, rs2: Register, label: string): this {
    return this.placeBranch("bltu", rs1, rs2, label);
  }

  /** Goes to `label` if rs1 >= rs2, unsigned. */
  bgeu(rs1: Register, rs2: Register, label: string): this {
    return this.placeBranch("bgeu", rs1, rs2, label);
  }

  /** Goes to `label` if rs is zero. */
  beqz(rs: Register, label: string): this {
    return this.placeBranch("beq", rs, "zero", label);
  }

  /** Goes to `label` if rs is not zero. */
  bnez(rs: Register, label: string): this {
    return this.placeBranch("bne", rs, "zero", label);
  }

  /** Jumps to `label`; rd = the address after this instruction. */
  jal(rd: Register, label: string): this {
    return this.placeJump(rd, label);
  }

  /** Jumps to `label`. */
  jump(label: string): this {
    return this.placeJump("zero", label);
  }

  /** Jumps to the address in rs. */
  jr(rs: Register): this {
    return this.jalr("zero", rs);
  }

  /** Returns to the address in ra: from a subroutine, or from the thread's body, which ends the thread. */
  ret(): this {
    return this.jr("ra");
  }

  /** rd = rs. */
  mv(rd: Register, rs: Register): this {
    return this.addi(rd, rs, 0);
  }

  /** rd = ~rs. */
  not(rd: Register, rs: Register): this {
    return this.xori(rd, rs, -1);
  }

  /** rd = -rs. */
  neg(rd: Register, rs: Register): this {
    return this.sub(rd, "zero", rs);
  }

  /** rd = 1 if rs is zero, else 0. */
  seqz(rd: Register, rs: Register): this {
    return this.sltiu(rd, rs, 1);
  }

  /** rd = 1 if rs is not zero, else 0. */
  snez(rd: Register, rs: Register): this {
    return this.sltu(rd, "zero", rs);
  }

  /** Does nothing for one instruction. */
  nop(): this {
    return this.addi("zero", "zero", 0);
  }

  /** Orders memory accesses. On this machine they are in order anyway. */
  fence(): this {
    return this.place(() => encodeFence());
  }

  /** Makes what was stored to the text known to the CPU. Here programs cannot store there. */
  fenceI(): this {
    return this.place(() => encodeSystem("fence.i"));
  }

  /**
   * rd = a counter of the CPU, or its number: `cycle` and `time` are its virtual time in cycles,
   * `instret` is the instructions that it has executed; with an h, the upper 32 bits.
   */
  csrr(rd: Register, csr: CsrName): this {
    return this.place(() => encodeCsrRead(rd, csr));
  }

  /** rd = csr, which becomes rs1. Only programs on bare metal have registers to write. */
  csrrw(rd: Register, csr: CsrName, rs1: Register): this {
    return this.place(() => encodeCsr("csrrw", rd, csr, rs1));
  }

  /** rd = csr, whose bits of rs1 are set. */
  csrrs(rd: Register, csr: CsrName, rs1: Register): this {
    return this.place(() => encodeCsr("csrrs", rd, csr, rs1));
  }

  /** rd = csr, whose bits of rs1 are cleared. */
  csrrc(rd: Register, csr: CsrName, rs1: Register): this {
    return this.place(() => encodeCsr("csrrc", rd, csr, rs1));
  }

  /** rd = csr, which becomes a constant from 0 to 31. */
  csrrwi(rd: Register, csr: CsrName, constant: number): this {
    return this.place(() => encodeCsrI("csrrwi", rd, csr, constant));
  }

  /** rd = csr, whose bits of a constant from 0 to 31 are set. */
  csrrsi(rd: Register, csr: CsrName, constant: number): this {
    return this.place(() => encodeCsrI("csrrsi", rd, csr, constant));
  }

  /** rd = csr, whose bits of a constant from 0 to 31 are cleared. */
  csrrci(rd: Register, csr: CsrName, constant: number): this {
    return this.place(() => encodeCsrI("csrrci", rd, csr, constant));
  }

  /** Returns from the handler of a trap, on bare metal. */
  mret(): this {
    return this.place(() => encodeSystem("mret"));
  }

  /** Waits for an interrupt, on bare metal; there it may go on at once, and does. */
  wfi(): this {
    return this.place(() => encodeSystem("wfi"));
  }

  /** The environment call: a kernel call whose number is in a7. */
  ecall(): this {
    return this.place(() => encodeSystem("ecall"));
  }

  /** The breakpoint. */
  ebreak(): this {
    return this.place(() => encodeSystem("ebreak"));
  }

  /** rd = the word at `address`, which stays reserved for an `scW`. */
  lrW(rd: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeLr(rd, address, ordering));
  }

  /** Stores `value` at `address` if that is still reserved; rd = 0 if it did, else 1. */
  scW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("sc.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes `value`; as all atomics in one step. */
  amoswapW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amoswap.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, to which `value` is added. */
  amoaddW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amoadd.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes its exclusive-or with `value`. */
  amoxorW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amoxor.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes its and with `value`. */
  amoandW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amoand.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes its or with `value`. */
  amoorW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amoor.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes the lesser of it and `value`, signed. */
  amominW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amomin.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes the greater of it and `value`, signed. */
  amomaxW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amomax.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes the lesser of it and `value`, unsigned. */
  amominuW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amominu.w", rd, value, address, ordering));
  }

  /** rd = the word at `address`, which becomes the greater of it and `value`, unsigned. */
  amomaxuW(rd: Register, value: Register, address: Register, ordering: Ordering = ""): this {
    return this.place(() => encodeAmo("amomaxu.w", rd, value, address, ordering));
  }
}
