// The emulated CPU beside the reference interpreter: random instructions and programs, faults, slices.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import {
  decode,
  encode,
  formatOf,
  type Instruction,
  type Mnemonic,
  mnemonics,
} from "../../src/program/encode.js";
import {
  ENTRY,
  expectAsReference,
  MEMORY_SIZE,
  type Setup,
  Subject,
  TEXT_SIZE,
  word,
} from "../support/rv32-machine.js";

const WORDS = 60;

const register = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: 5, max: 9 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 31 }) },
);

const registerValue = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: TEXT_SIZE, max: MEMORY_SIZE - 1 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: TEXT_SIZE / 4 }).map((at) => 4 * at) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff) },
  { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) },
);

/** Immediates of a format: mostly small ones; branches mostly stay in the program. */
function immediate(op: Mnemonic): fc.Arbitrary<number> {
  const near = fc.integer({ min: -12, max: 20 }).map((words) => 4 * words);
  switch (formatOf(op)) {
    case "B":
      return fc.oneof(
        { weight: 9, arbitrary: near },
        fc.integer({ min: -2048, max: 2047 }).map((n) => 2 * n),
      );
    case "J":
      return fc.oneof(
        { weight: 9, arbitrary: near },
        fc.integer({ min: -600, max: 600 }).map((n) => 2 * n),
      );
    case "Shift":
      return fc.nat(31);
    case "U":
      return fc.oneof(fc.nat(3), fc.nat(0xfffff));
    case "I":
    case "S":
    case "Load":
      return fc.oneof(fc.integer({ min: -32, max: 31 }), fc.integer({ min: -2048, max: 2047 }));
    case "Amo":
    case "Lr":
      return fc.nat(3);
    case "Fence":
      return fc.nat(0xfff);
    case "Call":
      return fc.constantFrom(1, 1, 1, 4095);
    case "Csr":
    case "CsrI":
      return fc.constantFrom(0xc02, 0xc82, 0xf14, 0x300);
    default:
      return fc.constant(0);
  }
}

const uses = (op: Mnemonic, field: "rd" | "rs1" | "rs2"): boolean => {
  const probe = decode(encode({ op, rd: 0, rs1: 0, rs2: 0, imm: 0, [field]: 1 }));
  return probe?.op === op && probe[field] === 1;
};

/** The fields of each instruction that its word has room for. */
const fields = new Map(
  mnemonics.map((op) => [op, (["rd", "rs1", "rs2"] as const).filter((field) => uses(op, field))]),
);

function instructionOf(op: Mnemonic): fc.Arbitrary<number> {
  const zero = fc.constant(0);
  const field = (name: "rd" | "rs1" | "rs2") => (fields.get(op)!.includes(name) ? register : zero);
  return fc
    .record({ rd: field("rd"), rs1: field("rs1"), rs2: field("rs2"), imm: immediate(op) })
    .map((operands) => encode({ op, ...operands } as Instruction));
}

const ending: Mnemonic[] = ["ecall", "ebreak", "mret", "wfi"];
const plain = mnemonics.filter((op) => ![...ending, "lr.w", "sc.w"].includes(op));
const instruction = fc.constantFrom(...plain).chain(instructionOf);
const anyWord = fc.oneof(
  { weight: 40, arbitrary: instruction },
  { weight: 2, arbitrary: instructionOf("ebreak") },
  { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) },
);

function setups(words: fc.Arbitrary<number>, quantum: number, until: number): fc.Arbitrary<Setup> {
  return fc.record({
    words: fc.array(words, { minLength: WORDS, maxLength: WORDS }),
    registers: fc.array(registerValue, { minLength: 31, maxLength: 31 }),
    fill: fc.nat(1000),
    quantum: fc.constant(quantum),
    until: fc.constant(until),
  });
}

const options = { numRuns: 250 };

describe("random instructions", () => {
  it("give the same registers, memory and counts as the reference in one slice", () => {
    const reserving = fc.constantFrom<Mnemonic>("lr.w", "sc.w").chain(instructionOf);
    const words = fc.oneof({ weight: 8, arbitrary: anyWord }, { weight: 1, arbitrary: reserving });
    fc.assert(
      fc.property(setups(words, 1000, 1000), (setup) => {
        expectAsReference(setup);
      }),
      options,
    );
  });

  it("give the same in many slices", () => {
    fc.assert(
      fc.property(setups(anyWord, 100, 2000), (setup) => {
        expectAsReference(setup);
      }),
      options,
    );
  });

  it("give the same one at a time, with every operand that is a special case", () => {
    for (const op of plain.filter((name) => !["kcall", "jal", "jalr"].includes(name))) {
      for (const [rd, rs1, rs2] of [
        [0, 5, 6],
        [5, 0, 6],
        [5, 6, 0],
        [5, 0, 0],
        [0, 0, 0],
        [5, 5, 5],
      ]) {
        const used = { rd: rd!, rs1: rs1!, rs2: rs2! };
        const present = fields.get(op)!.map((field) => [field, used[field]]);
        const imm = formatOf(op) === "B" ? 8 : formatOf(op) === "U" ? 0x12345 : 0;
        const words = [
          word(op, { ...Object.fromEntries(present), imm }),
          word("ebreak"),
          word("ebreak"),
        ];
        for (const values of [
          [2048, 4096],
          [4096, 0],
          [0xffffffff, 0x80000000],
          [0x80000000, 0xffffffff],
        ]) {
          const registers = Array.from({ length: 31 }, (_, k) => values[k % 2]!);
          expectAsReference({ words, registers, fill: 1, quantum: 100, until: 100 });
        }
      }
    }
  });
});

const nothing = Array<number>(31).fill(0);

function subjectOf(words: number[], registers: number[] = nothing, more: Partial<Setup> = {}) {
  const subject = new Subject({ words, registers, fill: 0, quantum: 100, until: 100, ...more });
  subject.run(more.until ?? 100);
  return subject;
}

describe("a slice", () => {
  it("ends at the first taken branch at or behind its end, so that CPUs stay together", () => {
    const nops = Array.from({ length: 30 }, () => word("addi", { rd: 5, rs1: 5, imm: 1 }));
    const subject = subjectOf([...nops, word("jal", { imm: -120 })], nothing);
    expect(subject.instructions).toBe(124);
    expect(subject.pc).toBe(ENTRY);
  });

  it("runs code that does not branch to its end, however long it is", () => {
    const nops = Array.from({ length: 150 }, () => word("addi", { rd: 5, rs1: 5, imm: 1 }));
    const subject = subjectOf([...nops, word("ebreak")]);
    expect(subject.register(5)).toBe(150);
    expect(subject.panic).toMatch(/^breakpoint: pc 0x358,/);
  });

  it("can end inside a loop, which continues in the next", () => {
    const loop = [
      word("addi", { rd: 5, rs1: 5, imm: -1 }),
      word("bne", { rs1: 5, imm: -4 }),
      word("ebreak"),
    ];
    const subject = subjectOf(loop, [0, 0, 0, 0, 1000, ...nothing.slice(5)], { until: 300 });
    const turns = subject.instructions / 2;
    expect(turns).toBeGreaterThan(140); // the boot thread has had some of the 300 cycles
    expect(turns).toBeLessThan(151);
    expect(subject.register(5)).toBe(1000 - turns);
    subject.run(10_000);
    expect(subject.panic).toMatch(/^breakpoint/);
    expect(subject.instructions).toBe(2000);
  });

  it("does not end a reservation", () => {
    const spin = [word("addi", { rd: 6, rs1: 6, imm: -1 }), word("bne", { rs1: 6, imm: -4 })];
    const words = [
      word("lr.w", { rd: 7, rs1: 5 }),
      ...spin,
      word("sc.w", { rd: 8, rs1: 5, rs2: 7 }),
      word("ebreak"),
    ];
    const registers = (turns: number) =>
      nothing.map((_, k) => (k === 4 ? 4096 : k === 5 ? turns : k === 7 ? 9 : 0));
    expect(subjectOf(words, registers(10)).register(8)).toBe(0);
    expect(subjectOf(words, registers(1000), { until: 3000 }).register(8)).toBe(0);
  });
});

describe("a fault", () => {
  const cases: [string, number[], RegExp][] = [
    [
      "going to the text's last word, which is no instruction,",
      [word("jal", { imm: TEXT_SIZE - 4 - ENTRY })],
      /^illegal instruction: pc 0x3fc,/,
    ],
    ["a word that is no instruction", [0xffffffff], /^illegal instruction: pc 0x100,/],
    ["a compressed instruction that is none", [0x20000001], /^illegal instruction: pc 0x102,/],
    ["writing a counter", [word("csrrw", { imm: 0xc00 })], /^illegal instruction: pc 0x100,/],
    ["setting bits of a counter", [word("csrrsi", { rs1: 1, imm: 0xc02 })], /^illegal instruction/],
    ["a register of machine mode", [word("csrrs", { rd: 5, imm: 0x300 })], /^illegal instruction/],
    ["mret", [word("mret")], /^illegal instruction: pc 0x100,/],
    [
      "an instruction of which the text has the first half only",
      [
        word("jal", { imm: TEXT_SIZE - 2 - ENTRY }),
        ...Array(TEXT_SIZE / 4 - 66).fill(0),
        0x00130000,
      ],
      /^jump out of the text: pc 0x3fe,/,
    ],
    [
      "a store into the text",
      [word("sw", { rs1: 1, imm: 16 })],
      /^store out of guest data: pc 0x100,/,
    ],
    ["a load behind memory's end", [word("lw", { rd: 5, rs1: 2 })], /^load out of guest memory/],
    ["a jump out of the text", [word("jalr", { rs1: 3 })], /^jump out of the text: pc 0x100,/],
  ];
  const registers = nothing.map((_, k) => [ENTRY, MEMORY_SIZE - 3, TEXT_SIZE][k] ?? 0);

  it.each(cases)("%s panics with the place", (_, words, text) => {
    const subject = subjectOf(words, registers);
    expect(subject.panic).toMatch(text);
  });

  it("leaves the instructions before it done, and itself not", () => {
    const words = [
      word("slli", { rd: 5, rs1: 5, imm: 2 }),
      word("add", { rd: 5, rs1: 5, rs2: 6 }),
      word("lw", { rd: 5, rs1: 5 }),
    ];
    const subject = subjectOf(
      words,
      nothing.map((_, k) => (k === 4 ? 5 : k === 5 ? 0x40000000 : 0)),
    );
    expect(subject.panic).toMatch(/^load out of guest memory: pc 0x108,/);
    expect(subject.register(5)).toBe(0x40000014);
    expect(subject.instructions).toBe(2);
  });
});

describe("the counters", () => {
  it("count cycles and instructions of the CPU, and give its number", () => {
    const read = (rd: number, imm: number) => word("csrrs", { rd, imm });
    const words = [
      ...[read(5, 0xc00), read(6, 0xc00), read(7, 0xc01), read(8, 0xc02), read(9, 0xc02)],
      ...[read(28, 0xc80), read(29, 0xc81), read(30, 0xc82), read(31, 0xf14), word("ebreak")],
    ];
    const subject = subjectOf(words);
    const [first = 0, second, time, instret, next] = [5, 6, 7, 8, 9].map((r) =>
      subject.register(r),
    );
    expect(first).toBeGreaterThan(0); // the boot thread has had some cycles
    expect([second, time, instret, next]).toEqual([first + 1, first + 2, 3, 4]);
    expect([28, 29, 30, 31].map((r) => subject.register(r))).toEqual([0, 0, 0, 0]);
    expect(
      subject.machine.kernel.read64(
        subject.machine.kernel.globaldata(0) + Layout.GlobalData.gd_cycles,
      ),
    ).toBe(BigInt(first + 9));
  });
});

describe("text", () => {
  it("decoded in pieces runs as text decoded at once", () => {
    fc.assert(
      fc.property(
        setups(anyWord, 100, 1000),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (setup, cuts) => {
          const whole = subjectOf([...setup.words], [...setup.registers], setup);
          const pieces = new Subject(setup);
          let from = ENTRY;
          const end = ENTRY + 4 * setup.words.length;
          for (let k = 0; from < end; k++) {
            const to = Math.min(end, from + 4 * (cuts[k] ?? 5));
            pieces.machine.kernel.exports.rv32_decode_text(from, to);
            from = to;
          }
          pieces.run(setup.until);
          expect(pieces.panic).toBe(whole.panic);
          expect(pieces.instructions).toBe(whole.instructions);
          for (let r = 1; r < 32; r++) expect(pieces.register(r)).toBe(whole.register(r));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("can be replaced in part", () => {
    const subject = new Subject({
      words: [
        word("addi", { rd: 5, rs1: 5, imm: 1 }),
        word("addi", { rd: 6, rs1: 6, imm: 1 }),
        word("ebreak"),
      ],
      registers: nothing,
      fill: 0,
      quantum: 100,
      until: 100,
    });
    const view = new DataView(subject.guest.buffer, subject.guest.byteOffset);
    view.setUint32(ENTRY + 4, word("sub", { rd: 7, rs1: 5, rs2: 6 }), true);
    subject.machine.kernel.exports.rv32_decode_text(ENTRY + 4, ENTRY + 8);
    subject.run(100);
    expect([5, 6, 7].map((r) => subject.register(r))).toEqual([1, 0, 1]);
  });
});

describe("a machine with 16 registers", () => {
  const small = (words: number[]) => {
    const subject = new Subject(
      { words, registers: nothing, fill: 0, quantum: 100, until: 100 },
      16,
    );
    subject.run(100);
    return subject;
  };

  it("runs code that uses x1 to x15", () => {
    const subject = small([word("addi", { rd: 15, rs1: 0, imm: 7 }), word("ebreak")]);
    expect(subject.register(15)).toBe(7);
    expect(subject.panic).toMatch(/^breakpoint/);
  });

  it.each([
    ["a result", word("addi", { rd: 16, rs1: 0, imm: 7 })],
    ["a first source", word("addi", { rd: 5, rs1: 31, imm: 7 })],
    ["a second source", word("add", { rd: 5, rs1: 5, rs2: 17 })],
    ["a store's value", word("sw", { rs1: 5, rs2: 20, imm: 0 })],
    ["an atomic's address", word("amoadd.w", { rd: 5, rs1: 18, rs2: 5 })],
    ["a branch's side", word("beq", { rs1: 5, rs2: 19, imm: 8 })],
    ["a link", word("jal", { rd: 21, imm: 8 })],
    ["a counter's place", word("csrrs", { rd: 22, imm: 0xc00 })],
    ["a compressed move's source", 0x87c2],
  ])("takes x16 to x31 as %s for an illegal instruction", (_, illegal) => {
    expect(small([illegal]).panic).toMatch(/^illegal instruction: pc 0x100,/);
  });
});
