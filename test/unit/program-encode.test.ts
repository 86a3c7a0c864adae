// Instructions that the builder encodes: all forms, against their disassembly.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callNames } from "../../src/core/call-table.js";
import { disassemble } from "../../src/program/disassemble.js";
import {
  decode,
  encode,
  encodeAmo,
  encodeB,
  encodeCsrRead,
  encodeFence,
  encodeI,
  encodeJ,
  encodeKernelCall,
  encodeLoad,
  encodeLr,
  encodeR,
  encodeS,
  encodeSystem,
  encodeU,
  formatOf,
  type Instruction,
  invertBranch,
  mnemonics,
} from "../../src/program/encode.js";
import { registerName, registerNames, registerNumber } from "../../src/program/registers.js";
import { testCalls } from "../support/program-run.js";

/** Words that a RISC-V assembler makes of these texts. */
const known: readonly (readonly [string, number])[] = [
  ["lui a0, 74565", 0x12345537],
  ["auipc s1, 1048575", 0xfffff497],
  ["jal ra, 2048", 0x001000ef],
  ["jal zero, -4", 0xffdff06f],
  ["jalr zero, 0(ra)", 0x00008067],
  ["jalr ra, -8(t0)", 0xff8280e7],
  ["beq a0, a1, 16", 0x00b50863],
  ["bne s0, zero, -8", 0xfe041ce3],
  ["blt t0, t1, 4094", 0x7e62cfe3],
  ["bge a2, a3, -4096", 0x80d65063],
  ["bltu s11, t6, 2048", 0x01fde0e3],
  ["bgeu tp, gp, 2", 0x00327163],
  ["lb a0, -1(sp)", 0xfff10503],
  ["lh a1, 2(s0)", 0x00241583],
  ["lw a2, 2047(t6)", 0x7fffa603],
  ["lbu a3, -2048(zero)", 0x80004683],
  ["lhu a4, 6(a5)", 0x0067d703],
  ["sb t0, -1(sp)", 0xfe510fa3],
  ["sh t1, 34(s2)", 0x02691123],
  ["sw ra, 12(sp)", 0x00112623],
  ["sw a7, -2048(s11)", 0x811da023],
  ["addi zero, zero, 0", 0x00000013],
  ["addi a0, a0, -1", 0xfff50513],
  ["slti t3, t4, -2048", 0x800eae13],
  ["sltiu t5, t6, 1", 0x001fbf13],
  ["xori s3, s4, -1", 0xfffa4993],
  ["ori s5, s6, 2047", 0x7ffb6a93],
  ["andi s7, s8, 255", 0x0ffc7b93],
  ["slli a0, a1, 31", 0x01f59513],
  ["srli a2, a3, 1", 0x0016d613],
  ["srai a4, a5, 16", 0x4107d713],
  ["add a0, a1, a2", 0x00c58533],
  ["sub s0, zero, s1", 0x40900433],
  ["sll t0, t1, t2", 0x007312b3],
  ["slt a6, a7, s2", 0x0128a833],
  ["sltu a0, zero, a0", 0x00a03533],
  ["xor s9, s10, s11", 0x01bd4cb3],
  ["srl t3, t4, t5", 0x01eede33],
  ["sra t6, ra, sp", 0x4020dfb3],
  ["or gp, tp, t0", 0x005261b3],
  ["and a1, a2, a3", 0x00d675b3],
  ["fence iorw, iorw", 0x0ff0000f],
  ["fence rw, w", 0x0310000f],
  ["ecall", 0x00000073],
  ["ebreak", 0x00100073],
  ["mret", 0x30200073],
  ["wfi", 0x10500073],
  ["fence.i", 0x0000100f],
  ["csrrw a0, cycle, a1", 0xc0059573],
  ["csrrs a0, time, a1", 0xc015a573],
  ["csrrc a0, instret, a1", 0xc025b573],
  ["csrrwi a0, mhartid, 9", 0xf144d573],
  ["csrrsi t0, mtvec, 31", 0x305fe2f3],
  ["csrrw zero, 0x7c0, a0", 0x7c051073],
  ["csrrci zero, instreth, 0", 0xc8207073],
  ["csrrs s3, cycleh, zero", 0xc80029f3],
  ["mul a0, a1, a2", 0x02c58533],
  ["mulh a3, a4, a5", 0x02f716b3],
  ["mulhsu s0, s1, s2", 0x0324a433],
  ["mulhu s3, s4, s5", 0x035a39b3],
  ["div t0, t1, t2", 0x027342b3],
  ["divu t3, t4, t5", 0x03eede33],
  ["rem a6, a7, a0", 0x02a8e833],
  ["remu ra, sp, gp", 0x023170b3],
  ["lr.w a0, (a1)", 0x1005a52f],
  ["lr.w.aq t0, (s0)", 0x140422af],
  ["sc.w a0, a2, (a1)", 0x18c5a52f],
  ["sc.w.rl t0, t1, (s0)", 0x1a6422af],
  ["amoswap.w.aq a0, a1, (a2)", 0x0cb6252f],
  ["amoadd.w a0, a1, (a2)", 0x00b6252f],
  ["amoxor.w t0, t1, (t2)", 0x2063a2af],
  ["amoand.w.aqrl s0, s1, (s2)", 0x6699242f],
  ["amoor.w a3, a4, (a5)", 0x40e7a6af],
  ["amomin.w t3, t4, (t5)", 0x81df2e2f],
  ["amomax.w zero, a0, (sp)", 0xa0a1202f],
  ["amominu.w s3, s4, (s5)", 0xc14aa9af],
  ["amomaxu.w.rl s11, s10, (s9)", 0xe3acadaf],
  ["kcall 291", 0x1230000b],
];

/** The same words from the typed functions, one or more for each format. */
const typed: readonly (readonly [string, number])[] = [
  ["lui a0, 74565", encodeU("lui", "a0", 0x12345)],
  ["auipc s1, 1048575", encodeU("auipc", "s1", 0xfffff)],
  ["jal ra, 2048", encodeJ("jal", "ra", 2048)],
  ["jal zero, -4", encodeJ("jal", "zero", -4)],
  ["jalr ra, -8(t0)", encodeLoad("jalr", "ra", "t0", -8)],
  ["beq a0, a1, 16", encodeB("beq", "a0", "a1", 16)],
  ["bge a2, a3, -4096", encodeB("bge", "a2", "a3", -4096)],
  ["lw a2, 2047(t6)", encodeLoad("lw", "a2", "t6", 2047)],
  ["sw a7, -2048(s11)", encodeS("sw", "a7", "s11", -2048)],
  ["addi a0, a0, -1", encodeI("addi", "a0", "a0", -1)],
  ["srai a4, a5, 16", encodeI("srai", "a4", "a5", 16)],
  ["sub s0, zero, s1", encodeR("sub", "s0", "zero", "s1")],
  ["mulhsu s0, s1, s2", encodeR("mulhsu", "s0", "s1", "s2")],
  ["fence iorw, iorw", encodeFence()],
  ["ecall", encodeSystem("ecall")],
  ["ebreak", encodeSystem("ebreak")],
  ["fence.i", encodeSystem("fence.i")],
  ["csrrs s3, cycleh, zero", encodeCsrRead("s3", "cycleh")],
  ["lr.w.aq t0, (s0)", encodeLr("t0", "s0", "aq")],
  ["sc.w.rl t0, t1, (s0)", encodeAmo("sc.w", "t0", "t1", "s0", "rl")],
  ["amoand.w.aqrl s0, s1, (s2)", encodeAmo("amoand.w", "s0", "s1", "s2", "aqrl")],
  ["kcall 291", encodeKernelCall(291)],
];

const register = fc.integer({ min: 0, max: 31 });

/** The immediates that an instruction's format has room for. */
function immediates(op: Instruction["op"]): fc.Arbitrary<number> {
  switch (formatOf(op)) {
    case "I":
    case "Load":
    case "S":
      return fc.integer({ min: -2048, max: 2047 });
    case "Shift":
      return fc.integer({ min: 0, max: 31 });
    case "B":
      return fc.integer({ min: -2048, max: 2047 }).map((half) => half * 2);
    case "J":
      return fc.integer({ min: -524_288, max: 524_287 }).map((half) => half * 2);
    case "U":
      return fc.integer({ min: 0, max: 0xfffff });
    case "Amo":
    case "Lr":
      return fc.integer({ min: 0, max: 3 });
    case "Fence":
    case "Call":
    case "Csr":
    case "CsrI":
      return fc.integer({ min: 0, max: 0xfff });
    default:
      return fc.constant(0);
  }
}

const instructions: fc.Arbitrary<Instruction> = fc.constantFrom(...mnemonics).chain((op) => {
  const format = formatOf(op);
  const field = (formats: string[]) => (formats.includes(format) ? fc.constant(0) : register);
  return fc.record({
    op: fc.constant(op),
    rd: field(["S", "B", "System", "Call"]),
    rs1: field(["U", "J", "System", "Call"]),
    rs2: field(["I", "Load", "Shift", "U", "J", "Lr", "Fence", "System", "Call", "Csr", "CsrI"]),
    imm: immediates(op),
  });
});

describe("encoding", () => {
  it.each(known)("disassembles the word of %s", (text, word) => {
    expect(disassemble(word)).toBe(text);
    expect(encode(decode(word)!)).toBe(word);
  });

  it("knows a word for every instruction", () => {
    const covered = new Set(known.map(([, word]) => decode(word)?.op));
    expect([...mnemonics].filter((op) => !covered.has(op))).toEqual([]);
  });

  it.each(typed)("encodes %s by the function of its format", (text, word) => {
    expect(new Map(known).get(text)).toBe(word);
  });

  it("decodes instructions as it encoded them", () => {
    fc.assert(
      fc.property(instructions, (insn) => {
        expect(decode(encode(insn))).toEqual(insn);
      }),
    );
  });

  it("decodes only words that it would encode", () => {
    const opcodes = mnemonics.map((op) => known.find(([, word]) => decode(word)?.op === op)![1]);
    const words = fc
      .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(...opcodes))
      .map(([noise, word]) => ((noise & ~0x707f) | (word & 0x707f)) >>> 0);
    let decoded = 0;
    fc.assert(
      fc.property(words, (word) => {
        const insn = decode(word);
        if (insn === undefined || insn.op === "fence") return;
        expect(encode(insn)).toBe(word);
        decoded++;
      }),
    );
    expect(decoded).toBeGreaterThan(10);
  });

  it.each([0, 0xffffffff, 0x00000057, 0x02a5950b, 0x0000100b, 0x0000008b, 0x40001033, 0x00200073])(
    "takes %i for no instruction",
    (word) => {
      expect(decode(word)).toBeUndefined();
      expect(disassemble(word)).toBe(`.word 0x${word.toString(16).padStart(8, "0")}`);
    },
  );

  it("shows a kernel call by its name where it knows it", () => {
    expect(disassemble(encodeKernelCall(1), callNames(testCalls))).toBe("kcall lwkt_yield");
    expect(disassemble(encodeKernelCall(99), callNames(testCalls))).toBe("kcall 99");
  });

  it("inverts every branch to its opposite and back", () => {
    for (const op of ["beq", "bne", "blt", "bge", "bltu", "bgeu"] as const) {
      expect(invertBranch(op)).not.toBe(op);
      expect(invertBranch(invertBranch(op))).toBe(op);
    }
  });
});

describe("an operand that does not fit", () => {
  it.each<[string, () => number]>([
    [
      "addi: immediate 2048 is not a whole number from -2048 to 2047",
      () => encodeI("addi", "a0", "a0", 2048),
    ],
    [
      "addi: immediate 0.5 is not a whole number from -2048 to 2047",
      () => encodeI("addi", "a0", "a0", 0.5),
    ],
    [
      "slli: shift amount 32 is not a whole number from 0 to 31",
      () => encodeI("slli", "a0", "a0", 32),
    ],
    [
      "lw: immediate -2049 is not a whole number from -2048 to 2047",
      () => encodeLoad("lw", "a0", "a0", -2049),
    ],
    [
      "sw: immediate 4096 is not a whole number from -2048 to 2047",
      () => encodeS("sw", "a0", "a0", 4096),
    ],
    [
      "beq: offset 4096 is not a whole number from -4096 to 4094",
      () => encodeB("beq", "a0", "a0", 4096),
    ],
    ["beq: offset 3 is odd", () => encodeB("beq", "a0", "a0", 3)],
    [
      "jal: offset 1048576 is not a whole number from -1048576 to 1048574",
      () => encodeJ("jal", "ra", 1 << 20),
    ],
    [
      "lui: immediate 1048576 is not a whole number from 0 to 1048575",
      () => encodeU("lui", "a0", 1 << 20),
    ],
    ["kcall: call number 4096 is not a whole number from 0 to 4095", () => encodeKernelCall(4096)],
    [
      '"x5" is not a register (use ABI names such as a0, s1, t2)',
      () => encodeI("addi", "x5" as "a0", "a0", 1),
    ],
  ])("is refused: %s", (message, make) => {
    expect(make).toThrow(message);
  });
});

describe("registers", () => {
  it("have their ABI names and numbers", () => {
    expect(registerNames).toHaveLength(32);
    expect([0, 1, 2, 5, 8, 9, 10, 17, 18, 27, 28, 31].map(registerName)).toEqual([
      "zero",
      "ra",
      "sp",
      "t0",
      "s0",
      "s1",
      "a0",
      "a7",
      "s2",
      "s11",
      "t3",
      "t6",
    ]);
    registerNames.forEach((name, nr) => {
      expect(registerNumber(name)).toBe(nr);
    });
    expect(() => registerName(32)).toThrow("there is no register 32");
  });
});
