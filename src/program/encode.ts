/**
 * Machine words of RV32I, M, A, Zicsr and Zifencei, and of the kernel call.
 *
 * One table says for every instruction which bits are fixed (`mask`, `match`) and how its operands
 * are laid out (`format`). Encoding and decoding both read it, so they cannot disagree. Decoding is
 * strict: a word that no instruction of the table would produce decodes to nothing.
 */

import { checkArgument, shaped, shown, text, word as wordRule } from "../core/arguments.js";
import { KERNEL_CALL_MAX } from "../core/call-table.js";
import { ConfigError } from "../core/errors.js";
import { type Register, registerNumber } from "./registers.js";

/** The opcode of a kernel call: RISC-V's custom-0 space. */
const KERNEL_CALL_OPCODE = 0x0b;

interface Spec<F extends string> {
  readonly format: F;
  readonly match: number;
  readonly mask: number;
}

function spec<const F extends string>(format: F, match: number, mask: number): Spec<F> {
  return { format, match: match >>> 0, mask: mask >>> 0 };
}

const r = (opcode: number, funct3: number, funct7: number) =>
  spec("R", (funct7 << 25) | (funct3 << 12) | opcode, 0xfe00707f);
const shift = (funct3: number, funct7: number) =>
  spec("Shift", (funct7 << 25) | (funct3 << 12) | 0x13, 0xfe00707f);
const i = (funct3: number) => spec("I", (funct3 << 12) | 0x13, 0x707f);
const load = (opcode: number, funct3: number) => spec("Load", (funct3 << 12) | opcode, 0x707f);
const store = (funct3: number) => spec("S", (funct3 << 12) | 0x23, 0x707f);
const branch = (funct3: number) => spec("B", (funct3 << 12) | 0x63, 0x707f);
const amo = (funct5: number) => spec("Amo", (funct5 << 27) | 0x202f, 0xf800707f);
const csr = (funct3: number) => spec("Csr", (funct3 << 12) | 0x73, 0x707f);
const csrI = (funct3: number) => spec("CsrI", (funct3 << 12) | 0x73, 0x707f);

const specs = {
  lui: spec("U", 0x37, 0x7f),
  auipc: spec("U", 0x17, 0x7f),
  jal: spec("J", 0x6f, 0x7f),
  jalr: load(0x67, 0),
  beq: branch(0),
  bne: branch(1),
  blt: branch(4),
  bge: branch(5),
  bltu: branch(6),
  bgeu: branch(7),
  lb: load(0x03, 0),
  lh: load(0x03, 1),
  lw: load(0x03, 2),
  lbu: load(0x03, 4),
  lhu: load(0x03, 5),
  sb: store(0),
  sh: store(1),
  sw: store(2),
  addi: i(0),
  slti: i(2),
  sltiu: i(3),
  xori: i(4),
  ori: i(6),
  andi: i(7),
  slli: shift(1, 0),
  srli: shift(5, 0),
  srai: shift(5, 0x20),
  add: r(0x33, 0, 0),
  sub: r(0x33, 0, 0x20),
  sll: r(0x33, 1, 0),
  slt: r(0x33, 2, 0),
  sltu: r(0x33, 3, 0),
  xor: r(0x33, 4, 0),
  srl: r(0x33, 5, 0),
  sra: r(0x33, 5, 0x20),
  or: r(0x33, 6, 0),
  and: r(0x33, 7, 0),
  fence: spec("Fence", 0x0f, 0x707f),
  ecall: spec("System", 0x00000073, 0xffffffff),
  ebreak: spec("System", 0x00100073, 0xffffffff),
  mret: spec("System", 0x30200073, 0xffffffff),
  wfi: spec("System", 0x10500073, 0xffffffff),
  "fence.i": spec("System", 0x0000100f, 0xffffffff),
  csrrw: csr(1),
  csrrs: csr(2),
  csrrc: csr(3),
  csrrwi: csrI(5),
  csrrsi: csrI(6),
  csrrci: csrI(7),
  mul: r(0x33, 0, 1),
  mulh: r(0x33, 1, 1),
  mulhsu: r(0x33, 2, 1),
  mulhu: r(0x33, 3, 1),
  div: r(0x33, 4, 1),
  divu: r(0x33, 5, 1),
  rem: r(0x33, 6, 1),
  remu: r(0x33, 7, 1),
  "lr.w": spec("Lr", 0x1000202f, 0xf9f0707f),
  "sc.w": amo(0x03),
  "amoswap.w": amo(0x01),
  "amoadd.w": amo(0x00),
  "amoxor.w": amo(0x04),
  "amoand.w": amo(0x0c),
  "amoor.w": amo(0x08),
  "amomin.w": amo(0x10),
  "amomax.w": amo(0x14),
  "amominu.w": amo(0x18),
  "amomaxu.w": amo(0x1c),
  kcall: spec("Call", KERNEL_CALL_OPCODE, 0x000fffff),
} as const;

/** The name of an instruction; `kcall` is the kernel call. */
export type Mnemonic = keyof typeof specs;

/** How an instruction's operands are laid out. `Load` also holds `jalr`: both are offset(base). */
export type Format = (typeof specs)[Mnemonic]["format"];

/** The instructions of one format. */
export type MnemonicOf<F extends Format> = {
  [M in Mnemonic]: (typeof specs)[M]["format"] extends F ? M : never;
}[Mnemonic];

/** Every instruction's name. */
export const mnemonics = Object.keys(specs) as readonly Mnemonic[];

/** The memory ordering of an atomic instruction. */
export type Ordering = "" | "aq" | "rl" | "aqrl";

/** The orderings, at the value of their two bits in the word. */
export const orderings: readonly Ordering[] = ["", "rl", "aq", "aqrl"];

/**
 * A decoded instruction. Registers are numbers; a field that the format lacks is 0. `imm` is the
 * signed immediate or byte offset; for `lui` and `auipc` the 20 bits as an unsigned number; for a
 * shift the amount; for an atomic the index into {@link orderings}; for `fence` the fm, pred and
 * succ bits; for a kernel call its number; for Zicsr the register's number, where the forms with a
 * constant have that in `rs1`.
 */
export interface Instruction {
  readonly op: Mnemonic;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly imm: number;
}

/** An operand that an instruction has no room for. */
class EncodeError extends ConfigError {
  override readonly name = "EncodeError";
}

/** The format of an instruction. */
export function formatOf(op: Mnemonic): Format {
  return specs[op].format;
}

function check(op: Mnemonic, what: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new EncodeError(
      `${op}: ${what} ${shown(value)} is not a whole number from ${min} to ${max}`,
    );
  }
  return value;
}

function checkOffset(op: Mnemonic, offset: number, reach: number): number {
  check(op, "offset", offset, -reach, reach - 2);
  if (offset % 2 !== 0) throw new EncodeError(`${op}: offset ${offset} is odd`);
  return offset;
}

function immI(op: Mnemonic, imm: number): number {
  return check(op, "immediate", imm, -2048, 2047) << 20;
}

function immS(op: Mnemonic, imm: number): number {
  check(op, "immediate", imm, -2048, 2047);
  return ((imm & 0xfe0) << 20) | ((imm & 0x1f) << 7);
}

function immB(op: Mnemonic, imm: number): number {
  checkOffset(op, imm, 4096);
  const high = ((imm & 0x1000) << 19) | ((imm & 0x7e0) << 20);
  return high | ((imm & 0x1e) << 7) | ((imm & 0x800) >>> 4);
}

function immJ(op: Mnemonic, imm: number): number {
  checkOffset(op, imm, 0x100000);
  const high = ((imm & 0x100000) << 11) | ((imm & 0x7fe) << 20);
  return high | ((imm & 0x800) << 9) | (imm & 0xff000);
}

function registerFields(insn: Instruction): number {
  check(insn.op, "register number", insn.rd, 0, 31);
  check(insn.op, "register number", insn.rs1, 0, 31);
  check(insn.op, "register number", insn.rs2, 0, 31);
  return (insn.rs2 << 20) | (insn.rs1 << 15) | (insn.rd << 7);
}

function immediateField({ op, imm }: Instruction): number {
  switch (formatOf(op)) {
    case "I":
    case "Load":
      return immI(op, imm);
    case "Shift":
      return check(op, "shift amount", imm, 0, 31) << 20;
    case "S":
      return immS(op, imm);
    case "B":
      return immB(op, imm);
    case "U":
      return check(op, "immediate", imm, 0, 0xfffff) << 12;
    case "J":
      return immJ(op, imm);
    case "Amo":
    case "Lr":
      return check(op, "ordering", imm, 0, 3) << 25;
    case "Fence":
      return check(op, "fence bits", imm, 0, 0xfff) << 20;
    case "Call":
      return check(op, "call number", imm, 0, KERNEL_CALL_MAX) << 20;
    case "Csr":
    case "CsrI":
      return check(op, "register", imm, 0, 0xfff) << 20;
    default:
      return 0;
  }
}

const insnRule = shaped("a decoded instruction: op, rd, rs1, rs2 and imm", {
  op: {
    allowed: "",
    accepts: (value) => text.accepts(value) && Object.hasOwn(specs, String(value)),
  },
});

/** The word of a decoded instruction; throws an {@link EncodeError} where an operand does not fit. */
export function encode(insn: Instruction): number {
  checkArgument("encode", "insn", insn, insnRule);
  return (specs[insn.op].match | registerFields(insn) | immediateField(insn)) >>> 0;
}

function word(op: Mnemonic, rd: number, rs1: number, rs2: number, imm: number): number {
  return encode({ op, rd, rs1, rs2, imm });
}

/** The word of `op rd, rs1, rs2`. */
export function encodeR(op: MnemonicOf<"R">, rd: Register, rs1: Register, rs2: Register): number {
  return word(op, registerNumber(rd), registerNumber(rs1), registerNumber(rs2), 0);
}

/** The word of `op rd, rs1, imm`; `imm` is -2048 to 2047, for a shift 0 to 31. */
export function encodeI(
  op: MnemonicOf<"I" | "Shift">,
  rd: Register,
  rs1: Register,
  imm: number,
): number {
  return word(op, registerNumber(rd), registerNumber(rs1), 0, imm);
}

/** The word of `op rd, offset(base)`: a load, or `jalr`. */
export function encodeLoad(
  op: MnemonicOf<"Load">,
  rd: Register,
  base: Register,
  offset: number,
): number {
  return word(op, registerNumber(rd), registerNumber(base), 0, offset);
}

/** The word of `op value, offset(base)`: a store. */
export function encodeS(
  op: MnemonicOf<"S">,
  value: Register,
  base: Register,
  offset: number,
): number {
  return word(op, 0, registerNumber(base), registerNumber(value), offset);
}

/** The word of a branch by `offset` bytes (even, -4096 to 4094) from its own address. */
export function encodeB(op: MnemonicOf<"B">, rs1: Register, rs2: Register, offset: number): number {
  return word(op, 0, registerNumber(rs1), registerNumber(rs2), offset);
}

/** The word of `lui` or `auipc`; `upper` is the upper 20 bits, 0 to 0xfffff. */
export function encodeU(op: MnemonicOf<"U">, rd: Register, upper: number): number {
  return word(op, registerNumber(rd), 0, 0, upper);
}

/** The word of `jal rd, offset` (even, -1,048,576 to 1,048,574). */
export function encodeJ(op: MnemonicOf<"J">, rd: Register, offset: number): number {
  return word(op, registerNumber(rd), 0, 0, offset);
}

/** The word of `op rd, rs2, (address)`: a read-modify-write of memory, or `sc.w`. */
export function encodeAmo(
  op: MnemonicOf<"Amo">,
  rd: Register,
  rs2: Register,
  address: Register,
  ordering: Ordering = "",
): number {
  const bits = orderings.indexOf(ordering);
  return word(op, registerNumber(rd), registerNumber(address), registerNumber(rs2), bits);
}

/** The word of `lr.w rd, (address)`. */
export function encodeLr(rd: Register, address: Register, ordering: Ordering = ""): number {
  const bits = orderings.indexOf(ordering);
  return word("lr.w", registerNumber(rd), registerNumber(address), 0, bits);
}

/** The word of `fence`; `bits` are fm (4 bits), predecessors (4) and successors (4), each iorw. */
export function encodeFence(bits = 0x0ff): number {
  return word("fence", 0, 0, 0, bits);
}

/**
 * Control and status registers by name: the counters and mhartid, which every program can read, and
 * those of machine mode, which programs on bare metal have.
 */
export const csrNumbers = {
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  cycleh: 0xc80,
  timeh: 0xc81,
  instreth: 0xc82,
  mhartid: 0xf14,
  mstatus: 0x300,
  misa: 0x301,
  mie: 0x304,
  mtvec: 0x305,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  pmpcfg0: 0x3a0,
  pmpaddr0: 0x3b0,
  tselect: 0x7a0,
  mcycle: 0xb00,
  minstret: 0xb02,
  mcycleh: 0xb80,
  minstreth: 0xb82,
  mvendorid: 0xf11,
  marchid: 0xf12,
  mimpid: 0xf13,
} as const;

/** A control and status register by its name. */
export type CsrName = keyof typeof csrNumbers;

/** The word of `csrr rd, csr`, which reads a control and status register. */
export function encodeCsrRead(rd: Register, csr: CsrName): number {
  return encodeCsr("csrrs", rd, csr, "zero");
}

/** The word of `op rd, csr, rs1`. */
export function encodeCsr(
  op: MnemonicOf<"Csr">,
  rd: Register,
  csr: CsrName,
  rs1: Register,
): number {
  return word(op, registerNumber(rd), registerNumber(rs1), 0, csrNumbers[csr]);
}

/** The word of `op rd, csr, constant`; the constant is 0 to 31. */
export function encodeCsrI(
  op: MnemonicOf<"CsrI">,
  rd: Register,
  csr: CsrName,
  constant: number,
): number {
  return word(op, registerNumber(rd), constant, 0, csrNumbers[csr]);
}

/** The word of an instruction without operands, such as `ecall`. */
export function encodeSystem(op: MnemonicOf<"System">): number {
  return word(op, 0, 0, 0, 0);
}

/** The word of the kernel call with number `nr` (0 to 4095). */
export function encodeKernelCall(nr: number): number {
  return word("kcall", 0, 0, 0, nr);
}

const byOpcode: readonly Mnemonic[][] = groupByOpcode();

function groupByOpcode(): Mnemonic[][] {
  const groups: Mnemonic[][] = Array.from({ length: 128 }, () => []);
  for (const op of mnemonics) groups[specs[op].match & 0x7f]?.push(op);
  return groups;
}

function decodeB(w: number): number {
  const low = ((w >>> 7) & 0x1e) | ((w >>> 20) & 0x7e0);
  return ((w >> 31) << 12) | ((w << 4) & 0x800) | low;
}

function decodeJ(w: number): number {
  const low = ((w >>> 20) & 0x7fe) | ((w >>> 9) & 0x800);
  return ((w >> 31) << 20) | (w & 0xff000) | low;
}

function decodeImmediate(format: Format, w: number): number {
  switch (format) {
    case "I":
    case "Load":
      return w >> 20;
    case "Shift":
      return (w >>> 20) & 31;
    case "S":
      return ((w >> 25) << 5) | ((w >>> 7) & 31);
    case "B":
      return decodeB(w);
    case "U":
      return w >>> 12;
    case "J":
      return decodeJ(w);
    case "Amo":
    case "Lr":
      return (w >>> 25) & 3;
    case "Fence":
    case "Call":
    case "Csr":
    case "CsrI":
      return w >>> 20;
    default:
      return 0;
  }
}

const withoutRd: ReadonlySet<Format> = new Set<Format>(["S", "B", "System", "Call"]);
const withoutRs1: ReadonlySet<Format> = new Set<Format>(["U", "J", "System", "Call"]);
const withRs2: ReadonlySet<Format> = new Set<Format>(["R", "S", "B", "Amo"]);

/** The instruction that a word stands for, or undefined if it is none of the table. */
export function decode(wordValue: number): Instruction | undefined {
  checkArgument("decode", "wordValue", wordValue, wordRule);
  const w = wordValue >>> 0;
  const op = byOpcode[w & 0x7f]?.find((name) => (w & specs[name].mask) >>> 0 === specs[name].match);
  if (op === undefined) return undefined;
  const format = formatOf(op);
  return {
    op,
    rd: withoutRd.has(format) ? 0 : (w >>> 7) & 31,
    rs1: withoutRs1.has(format) ? 0 : (w >>> 15) & 31,
    rs2: withRs2.has(format) ? (w >>> 20) & 31 : 0,
    imm: decodeImmediate(format, w),
  };
}

/** The branch that is taken exactly where `op` is not. */
export function invertBranch(op: MnemonicOf<"B">): MnemonicOf<"B"> {
  const inverses = {
    beq: "bne",
    bne: "beq",
    blt: "bge",
    bge: "blt",
    bltu: "bgeu",
    bgeu: "bltu",
  } as const;
  return inverses[op];
}
