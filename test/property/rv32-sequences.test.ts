// What compilers make, beside the reference interpreter: short loops that count, copy, sum and search, with
// random instructions and branches in them, in slices that end anywhere.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instruction, Mnemonic } from "../../src/program/encode.js";
import {
  expectAsReference,
  expectSliceEnd,
  MEMORY_SIZE,
  type Setup,
  TEXT_SIZE,
  word,
} from "../support/rv32-machine.js";

/** The registers of a loop's body, and those that count its turns: a body may change these, too. */
const POOL = [5, 6, 7, 8, 9, 28, 29];
const COUNTERS = [18, 19];
const TURNS_MAX = 40;

const any = fc.constantFrom(...POOL);
const source = fc.oneof({ weight: 9, arbitrary: any }, fc.constantFrom(0, ...COUNTERS));
const result = fc.oneof({ weight: 19, arbitrary: any }, fc.constantFrom(0, ...COUNTERS));
const small = fc.oneof(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -2048, max: 2047 }));

const ofImmediate: Mnemonic[] = ["addi", "andi", "ori", "xori", "slti", "sltiu"];
const ofShift: Mnemonic[] = ["slli", "srli", "srai"];
const ofRegisters: Mnemonic[] = [
  ...(["add", "sub", "and", "or", "xor", "sll", "srl", "sra", "slt", "sltu"] as const),
  ...(["mul", "mulh", "mulhu", "mulhsu", "div", "divu", "rem", "remu"] as const),
];
const loads: Mnemonic[] = ["lw", "lh", "lhu", "lb", "lbu"];
const stores: Mnemonic[] = ["sw", "sh", "sb"];
const branches: Mnemonic[] = ["beq", "bne", "blt", "bge", "bltu", "bgeu"];

function instruction(
  ops: readonly Mnemonic[],
  fields: { [name in "rd" | "rs1" | "rs2" | "imm"]?: fc.Arbitrary<number> },
): fc.Arbitrary<number> {
  const operands = fc.record(fields) as fc.Arbitrary<Partial<Instruction>>;
  return fc.tuple(fc.constantFrom(...ops), operands).map(([op, given]) => word(op, given));
}

/** One instruction of a body; branches skip one or two others, also beyond the body's end. */
const inBody = fc.oneof(
  { weight: 6, arbitrary: instruction(ofImmediate, { rd: result, rs1: source, imm: small }) },
  { weight: 2, arbitrary: instruction(ofShift, { rd: result, rs1: source, imm: fc.nat(31) }) },
  { weight: 5, arbitrary: instruction(ofRegisters, { rd: result, rs1: source, rs2: source }) },
  { weight: 4, arbitrary: instruction(loads, { rd: result, rs1: any, imm: small }) },
  { weight: 3, arbitrary: instruction(stores, { rs1: any, rs2: source, imm: small }) },
  {
    weight: 2,
    arbitrary: instruction(branches, {
      rs1: source,
      rs2: source,
      imm: fc.constantFrom(8, 12),
    }),
  },
);

interface Loop {
  readonly body: readonly number[];
  readonly counter: number;
  /** The turns, and what the counter changes by in each. */
  readonly turns: number;
  readonly step: number;
}

const loop: fc.Arbitrary<Loop> = fc.record({
  body: fc.array(inBody, { maxLength: 6 }),
  counter: fc.constantFrom(...COUNTERS),
  turns: fc.integer({ min: 1, max: TURNS_MAX }),
  step: fc.constantFrom(-1, 1, -4),
});

/** The counter's start, the body, the step, the branch back while the counter is not zero. */
function wordsOf({ body, counter, turns, step }: Loop): number[] {
  return [
    word("addi", { rd: counter, imm: -step * turns }),
    ...body,
    word("addi", { rd: counter, rs1: counter, imm: step }),
    word("bne", { rs1: counter, imm: -4 * (body.length + 1) }),
  ];
}

const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: TEXT_SIZE + 2048, max: MEMORY_SIZE - 2049 }) },
  { weight: 1, arbitrary: fc.nat(16) },
  { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) },
);

function setups(time: fc.Arbitrary<{ quantum: number; until: number }>): fc.Arbitrary<Setup> {
  return fc
    .record({
      loops: fc.array(loop, { minLength: 1, maxLength: 5 }),
      again: fc.boolean(),
      registers: fc.array(value, { minLength: 31, maxLength: 31 }),
      fill: fc.nat(1000),
      time,
    })
    .map(({ loops, again, registers, fill, time }) => {
      const words = loops.flatMap(wordsOf);
      words.push(again ? word("jal", { imm: -4 * words.length }) : word("ebreak"));
      return { words, registers, fill, ...time };
    });
}

const options = { numRuns: 300 };

describe("loops such as compilers make", () => {
  it("leave registers, memory, counts and faults as the reference does, wherever slices end", () => {
    let ended = 0;
    const time = fc.record({
      quantum: fc.integer({ min: 100, max: 400 }),
      until: fc.integer({ min: 100, max: 4000 }),
    });
    fc.assert(
      fc.property(setups(time), (setup) => {
        if (expectAsReference(setup).panic === null) ended++;
      }),
      options,
    );
    expect(ended, "runs that the time ended").toBeGreaterThan(options.numRuns / 10);
  });

  it("end a slice at the first taken branch or jump at or behind its end", () => {
    const time = fc.integer({ min: 100, max: 400 }).map((end) => ({ quantum: end, until: end }));
    fc.assert(
      fc.property(setups(time), (setup) => {
        expectSliceEnd(setup, expectAsReference(setup));
      }),
      options,
    );
  });
});
