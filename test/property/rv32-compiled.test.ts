// Compiled code beside the interpreter and the plain stepper: random programs with random control flow, in
// slices that end anywhere. All three leave the same registers, memory, time, counts, hash and fault.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import type { Mnemonic } from "../../src/program/encode.js";
import { Random } from "../support/random.js";
import {
  ENTRY,
  expectAsReference,
  MEMORY_SIZE,
  type Setup,
  Subject,
  TEXT_SIZE,
  word,
} from "../support/rv32-machine.js";
import { randomProgram } from "../support/rv32-programs.js";

const RA = 1;
const SP = 2;
const POOL = [5, 6, 7, 8, 9, 28, 29];
/** Addresses in the middle of memory, at its edges, and in the text. */
const BASES = [SP, 10, 11];
const EDGES = [12, 13];
const CODE = [14, 15];

const ofImmediate: Mnemonic[] = ["addi", "andi", "ori", "xori", "slti", "sltiu"];
const ofShift: Mnemonic[] = ["slli", "srli", "srai"];
const ofRegisters: Mnemonic[] = [
  ...(["add", "sub", "and", "or", "xor", "sll", "srl", "sra", "slt", "sltu"] as const),
  ...(["mul", "mulh", "mulhu", "mulhsu", "div", "divu", "rem", "remu"] as const),
];
const loads: Mnemonic[] = ["lw", "lh", "lhu", "lb", "lbu"];
const stores: Mnemonic[] = ["sw", "sh", "sb"];
const branches: Mnemonic[] = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];
const atomics: Mnemonic[] = [
  ...(["amoadd.w", "amoswap.w", "amoxor.w", "amoor.w", "amoand.w", "lr.w", "sc.w"] as const),
  ...(["amomin.w", "amomax.w", "amominu.w", "amomaxu.w"] as const),
];

const pick = (...values: number[]) => fc.constantFrom(...values);
const source = fc.oneof({ weight: 9, arbitrary: pick(...POOL) }, pick(0, RA, 16, 31));
const result = fc.oneof({ weight: 19, arbitrary: pick(...POOL) }, pick(0, 16, 31));
const base = fc.oneof({ weight: 30, arbitrary: pick(...BASES) }, pick(...EDGES, ...POOL, 0));
const small = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -64, max: 64 }) },
  fc.integer({ min: -2048, max: 2047 }),
);
const mnemonic = (ops: readonly Mnemonic[]) => fc.constantFrom(...ops);

/** How far a branch or jump goes, in instructions: now and then out of the program. */
const far = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -24, max: 24 }) },
  fc.integer({ min: -200, max: 200 }),
);

const arithmetic = fc.oneof(
  fc
    .tuple(mnemonic(ofImmediate), result, source, small)
    .map(([op, rd, rs1, imm]) => word(op, { rd, rs1, imm })),
  fc
    .tuple(mnemonic(ofShift), result, source, fc.nat(31))
    .map(([op, rd, rs1, imm]) => word(op, { rd, rs1, imm })),
  fc
    .tuple(mnemonic(ofRegisters), result, source, source)
    .map(([op, rd, rs1, rs2]) => word(op, { rd, rs1, rs2 })),
  fc.tuple(result, fc.nat(0xfffff)).map(([rd, imm]) => word("lui", { rd, imm })),
  fc.tuple(result, fc.nat(3)).map(([rd, imm]) => word("auipc", { rd, imm })),
);

const access = fc.oneof(
  fc
    .tuple(mnemonic(loads), result, base, small)
    .map(([op, rd, rs1, imm]) => word(op, { rd, rs1, imm })),
  fc
    .tuple(mnemonic(stores), source, base, small)
    .map(([op, rs2, rs1, imm]) => word(op, { rs1, rs2, imm })),
);

const branch = fc
  .tuple(mnemonic(branches), source, source, far)
  .map(([op, rs1, rs2, imm]) => word(op, { rs1, rs2, imm: 4 * imm }));
const jump = fc
  .tuple(pick(0, RA, RA, 5), far)
  .map(([rd, imm]) => word("jal", { rd, imm: 4 * imm }));
const ret = fc.constant(word("jalr", { rs1: RA }));
const registerJump = fc
  .tuple(pick(0, RA), pick(...CODE), fc.oneof(pick(0, 4, -4, 8), small))
  .map(([rd, rs1, imm]) => word("jalr", { rd, rs1, imm }));
/** A new address of text in one of the registers that hold some. */
const codePointer = fc
  .tuple(pick(...CODE), fc.integer({ min: -100, max: 100 }))
  .map(([rd, offset]) => [word("auipc", { rd }), word("addi", { rd, rs1: rd, imm: 4 * offset })]);

/** What divisions and comparisons care about, in one of the registers. */
const corner = fc
  .tuple(pick(...POOL), pick(-2, -1, 0, 1))
  .map(([rd, imm]) => word("addi", { rd, imm }));
const lowest = pick(...POOL).map((rd) => word("lui", { rd, imm: 0x80000 }));
/** A base that moves between accesses, by more than one check of them covers. */
const moved = fc
  .tuple(pick(...BASES), fc.integer({ min: -1000, max: 1000 }))
  .map(([rd, imm]) => word("addi", { rd, rs1: rd, imm }));

const rare = fc.oneof(
  { weight: 4, arbitrary: fc.constant(word("kcall", { imm: Layout.Sys.lwkt_yield })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(mnemonic(atomics), result, pick(10, 10, 11, 11, 12), pick(...POOL))
      .map(([op, rd, rs1, rs2]) => word(op, { rd, rs1, rs2: op === "lr.w" ? 0 : rs2 })),
  },
  { weight: 2, arbitrary: fc.constant(word("fence", { imm: 0xff })) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0x100f, 0xffffffff, word("ebreak")) },
);

/** A branch over one to three instructions that mostly only compute. */
const skip = fc
  .tuple(
    mnemonic(branches),
    source,
    source,
    fc.array(fc.oneof({ weight: 12, arbitrary: arithmetic }, access), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([op, rs1, rs2, words]) => [word(op, { rs1, rs2, imm: 4 + 4 * words.length }), ...words]);

const one = (arbitrary: fc.Arbitrary<number>) => arbitrary.map((value) => [value]);
const piece = fc.oneof(
  { weight: 60, arbitrary: one(arithmetic) },
  { weight: 30, arbitrary: one(access) },
  { weight: 6, arbitrary: one(corner) },
  { weight: 2, arbitrary: one(lowest) },
  { weight: 6, arbitrary: one(moved) },
  { weight: 24, arbitrary: one(branch) },
  { weight: 10, arbitrary: skip },
  { weight: 8, arbitrary: one(jump) },
  { weight: 5, arbitrary: one(ret) },
  { weight: 4, arbitrary: one(registerJump) },
  { weight: 3, arbitrary: codePointer },
  { weight: 3, arbitrary: one(rare) },
);

const anyWord = fc.nat(2 ** 32 - 1);
const middle = fc.integer({ min: TEXT_SIZE + 2048, max: MEMORY_SIZE - 2049 }).map((at) => at & ~3);
const edge = fc.oneof(
  fc.integer({ min: MEMORY_SIZE - 72, max: MEMORY_SIZE + 8 }),
  fc.integer({ min: TEXT_SIZE - 8, max: TEXT_SIZE + 72 }),
  pick(0, 4, 2 ** 32 - 4),
);
const inText = fc.integer({ min: ENTRY / 4, max: ENTRY / 4 + 100 }).map((at) => 4 * at);

function valueIn(register: number): fc.Arbitrary<number> {
  if (BASES.includes(register)) return middle;
  if (EDGES.includes(register)) return edge;
  if (CODE.includes(register) || register === RA) return inText;
  return anyWord;
}

const registers = fc.tuple(...Array.from({ length: 31 }, (_, index) => valueIn(index + 1)));

function setups(time: fc.Arbitrary<{ quantum: number; until: number }>): fc.Arbitrary<Setup> {
  return fc
    .record({
      pieces: fc.array(piece, { minLength: 4, maxLength: 120, size: "max" }),
      registers,
      fill: fc.nat(1000),
      time,
    })
    .map(({ pieces, registers, fill, time }) => {
      const words = pieces.flat().slice(0, (TEXT_SIZE - ENTRY) / 4 - 1);
      words.push(word("jal", { imm: -4 * words.length }));
      return { words, registers, fill, ...time };
    });
}

/** The same program in the interpreter, which must come to the same in all that there is. */
function expectAsInterpreted(setup: Setup, compiled: Subject): void {
  const plain = new Subject(setup);
  plain.run(setup.until);
  const all = (subject: Subject) => {
    const { kernel } = subject.machine;
    return {
      panic: subject.panic,
      instructions: subject.instructions,
      slice: subject.sliceInstructions,
      pc: subject.pc,
      hash: kernel.hash(),
      now: kernel.machine64("now"),
      registers: Array.from({ length: 31 }, (_, index) => subject.register(index + 1)),
      switches: kernel.read64(kernel.globaldata(0) + Layout.GlobalData.gd_switch_count),
    };
  };
  expect(all(compiled)).toEqual(all(plain));
  expect(Buffer.compare(compiled.guest, plain.guest), "memory").toBe(0);
}

const RUNS = 600;
const PROGRAMS = 250;

describe("compiled code", () => {
  it("does what the interpreter and the stepper do, wherever slices end", () => {
    let instructions = 0;
    let functions = 0;
    let joined = 0;
    const time = fc.record({
      quantum: fc.integer({ min: 100, max: 10_000 }),
      until: fc.integer({ min: 100, max: 12_000 }),
    });
    fc.assert(
      fc.property(setups(time), (setup) => {
        const subject = expectAsReference(setup, true);
        expectAsInterpreted(setup, subject);
        instructions += subject.instructions;
        functions += subject.compiler?.counters.functions ?? 0;
        joined += subject.compiler?.counters.joined ?? 0;
      }),
      { numRuns: RUNS },
    );
    expect(instructions, "instructions").toBeGreaterThan(1_000_000);
    expect(functions, "functions").toBeGreaterThan(RUNS / 2);
    expect(joined, "functions with those that they call by a register").toBeGreaterThan(0);
  });

  it("does so with compressed instructions, counters and jumps into instructions, too", () => {
    let instructions = 0;
    let functions = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const random = new Random(seed + 10_000);
      const values = Array.from({ length: 31 }, (_, index) => 2 ** random.below(32) - index);
      for (const pointer of [2, 8, 9]) values[pointer - 1] = MEMORY_SIZE / 2;
      const setup = {
        words: randomProgram(random, { from: ENTRY, to: TEXT_SIZE }),
        registers: values.map((value) => value >>> 0),
        fill: seed,
        quantum: 100 + random.below(9900),
        until: 10_000,
      };
      const subject = expectAsReference(setup, true);
      expectAsInterpreted(setup, subject);
      instructions += subject.instructions;
      functions += subject.compiler?.counters.functions ?? 0;
    }
    expect(instructions, "instructions").toBeGreaterThan(500_000);
    expect(functions, "functions").toBeGreaterThan(PROGRAMS / 2);
  });
});
