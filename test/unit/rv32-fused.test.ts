// Each fused operation does what the instructions do that it stands for. The list of operations is read
// from the generated source: their names say what they execute and how the parts are linked.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, type Instruction, type Mnemonic } from "../../src/program/encode.js";
import {
  ENTRY,
  expectAsReference,
  expectSliceEnd,
  MEMORY_SIZE,
  type Setup,
  TEXT_SIZE,
  word,
} from "../support/rv32-machine.js";

const source = readFileSync(new URL("../../assembly/cpu/rv32_op.ts", import.meta.url), "utf8");
const operations = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]*),$/gm)].map(([, name]) => name!);

interface Part {
  readonly op: string;
  /** "into": the result replaces the first source. */
  readonly link: "none" | "to" | "into";
  /** The parts whose results are the sources, where the name says it. */
  readonly first: number | undefined;
  readonly second: number | undefined;
}

interface Fused {
  readonly name: string;
  readonly number: number;
  readonly parts: readonly Part[];
  readonly loops: boolean;
}

function parse(name: string, number: number): Fused {
  const loops = name.endsWith("_LOOP");
  const marked = name
    .replace(/_LOOP$/, "")
    .replaceAll("_INTO_", "~")
    .replaceAll("_TO_", ">")
    .replaceAll("SELF_", "+")
    .replaceAll("_AT", "@")
    .replaceAll("_IS", "=");
  const tokens = [...marked.matchAll(/([_>~]?)(\+?)([A-Z0-9]+)(?:@(\d))?(?:=(\d))?/g)];
  const parts = tokens.map(([, link, self, op, at, is], k) => ({
    op: op!,
    link: link === ">" ? ("to" as const) : link === "~" ? ("into" as const) : ("none" as const),
    first:
      self === "+" ? k : at !== undefined ? Number(at) : /[>~]/.test(link!) ? k - 1 : undefined,
    second: is === undefined ? undefined : Number(is),
  }));
  return { name, number, parts, loops };
}

const fused = operations
  .map((name, number) => parse(name, number))
  .filter(({ name, parts }) => parts.length > 1 && name !== "J_YIELD");

const loops = fused.filter((sequence) => sequence.loops);
const straight = fused.filter((sequence) => !sequence.loops);

/** Random numbers that a case draws in order. */
type Draw = (below: number) => number;

const POOL = [5, 6, 7, 8, 9, 28, 29];
/** In loops, where many registers must be distinct. */
const LOOP_POOL = Array.from({ length: 27 }, (_, k) => k + 5);
const hasResult = (op: string) => !/^(S[BHW]0?|B[A-Z]+|J|RET)$/.test(op);
const commutes = (op: string) => ["ADD", "AND", "OR", "XOR", "MUL", "BEQ", "BNE"].includes(op);

const withZero: Record<string, [Mnemonic, "rs1" | "rs2"]> = {
  BEQZ: ["beq", "rs1"],
  BNEZ: ["bne", "rs1"],
  BLTZ: ["blt", "rs1"],
  BGEZ: ["bge", "rs1"],
  BGTZ: ["blt", "rs2"],
  BLEZ: ["bge", "rs2"],
};

/** An instruction that decodes to a part, with these registers. */
function instruction(op: string, rd: number, first: number, second: number, draw: Draw) {
  const imm = draw(3) === 0 ? draw(4096) - 2048 : draw(64) - 32;
  const make = (name: Mnemonic, fields: Partial<Instruction>): Instruction => ({
    op: name,
    rd: 0,
    rs1: 0,
    rs2: 0,
    imm: 0,
    ...fields,
  });
  if (op === "LI") {
    return draw(2) === 0
      ? make("addi", { rd, imm })
      : make("lui", { rd, imm: draw(4) === 0 ? draw(0x100000) : 1 });
  }
  if (op === "MV") return make("addi", { rd, rs1: first });
  if (op === "NEG") return make("sub", { rd, rs2: first });
  if (op === "J") return make("jal", { imm: 64 });
  if (op === "JAL") return make("jal", { rd, imm: 64 });
  if (op === "RET") return make("jalr", { rs1: 1 });
  if (op in withZero) {
    const [name, side] = withZero[op]!;
    return make(name, { [side]: first, imm: 64 });
  }
  const name = op.replace(/0$/, "").toLowerCase() as Mnemonic;
  if (/^B/.test(op)) return make(name, { rs1: first, rs2: second, imm: 64 });
  if (/^S[BHW]0?$/.test(op)) {
    return make(name, { rs1: first, rs2: op.endsWith("0") ? 0 : second, imm });
  }
  if (/^(SLLI|SRLI|SRAI)$/.test(op))
    return make(name, { rd, rs1: first, imm: draw(draw(2) === 0 ? 4 : 32) });
  if (/I$|^L/.test(op)) return make(name, { rd, rs1: first, imm: imm === 0 ? 1 : imm });
  return make(name, { rd, rs1: first, rs2: second });
}

/** The words of a sequence that must be fused, which does not loop: the links are kept, the rest is drawn. */
function straightWords({ parts }: Fused, draw: Draw): number[] {
  let before = 0;
  return parts.map((part) => {
    const any = () => POOL[draw(POOL.length)]!;
    const rd = part.link === "into" ? before : any();
    let first = part.link === "none" ? any() : before;
    let second = any();
    if (part.link === "into") while (second === before) second = any();
    if (part.link !== "none" && commutes(part.op) && draw(2) === 0) {
      [first, second] = [second, first];
    }
    if (hasResult(part.op)) before = rd;
    return encode(instruction(part.op, rd, first, second, draw));
  });
}

/**
 * The instructions of a loop. It must be fused if it is not `wild`: those registers are distinct that
 * change, and the others do not. In a wild one a register may stand for any number of them.
 */
function loopOf({ parts }: Fused, wild: boolean, draw: Draw): Instruction[] {
  const shuffled = LOOP_POOL.map((register) => ({ register, key: draw(1000) }))
    .sort((one, other) => one.key - other.key)
    .map(({ register }) => register);
  const writerOf = (k: number): number =>
    parts[k]!.link === "into" ? writerOf(parts[k]!.first!) : k;
  const changing = parts.map((_, k) => shuffled[wild ? draw(4) : k]!);
  const constant = shuffled.slice(wild ? 2 : parts.length, wild ? 6 : undefined);
  const pick = (k: number | undefined): number => {
    if (wild && draw(10) === 0) return shuffled[draw(4)]!;
    return k === undefined ? constant[draw(constant.length)]! : changing[writerOf(k)]!;
  };
  return parts.map((part, k) => {
    let [first, second] = [pick(part.first), pick(part.second)];
    if (part.first !== undefined && commutes(part.op) && draw(2) === 0) {
      [first, second] = [second, first];
    }
    const made = instruction(part.op, pick(k), first, second, draw);
    return k === parts.length - 1 ? { ...made, imm: -4 * k } : made;
  });
}

/** Changes registers so that the branch at the end of a loop ends it after some turns, if it counts. */
function limitTurns(
  { parts }: Fused,
  loop: readonly Instruction[],
  registers: number[],
  draw: Draw,
) {
  const branch = loop.at(-1)!;
  const first = parts.at(-1)!.first!;
  const counter = loop[first]!;
  if (parts[first]!.op === "ADD") registers[counter.rs2 - 1] = draw(64);
  if (parts[first]!.op !== "ADDI") return;
  const from = branch.rs2 === 0 ? 0 : registers[counter.rd - 1]!;
  const step = branch.rs2 === 0 ? -counter.imm : counter.imm;
  registers[(branch.rs2 || counter.rd) - 1] = (from + draw(40) * step) >>> 0;
}

/** Mostly addresses of data, some of text, and numbers. */
function registerValue(draw: Draw): number {
  const kind = draw(8);
  if (kind < 5) return TEXT_SIZE + draw(MEMORY_SIZE - TEXT_SIZE);
  if (kind === 5) return draw(TEXT_SIZE);
  return kind === 6 ? draw(16) : draw(2 ** 32);
}

/** A loop that runs until its branch, a fault or its slice ends it. */
function loopSetup(sequence: Fused, wild: boolean, draw: Draw): Setup {
  const registers = Array.from({ length: 31 }, () => registerValue(draw));
  const loop = loopOf(sequence, wild, draw);
  if (draw(3) !== 0) limitTurns(sequence, loop, registers, draw);
  const words = loop.map(encode);
  while (words.length < 20) words.push(word("ebreak"));
  const quantum = 100 + draw(32);
  return { words, registers, fill: draw(1000), quantum, until: quantum };
}

/** Compares random runs with the reference; returns in how many the sequence was one operation. */
function countMatches(sequence: Fused, numRuns: number, setupOf: (draw: Draw) => Setup): number {
  let matched = 0;
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 32 - 1), { minLength: 160, maxLength: 160 }), (numbers) => {
      let next = 0;
      const setup = setupOf((below) => numbers[next++ % numbers.length]! % below);
      const subject = expectAsReference(setup);
      expectSliceEnd(setup, subject);
      if (subject.operation(ENTRY) === sequence.number) matched++;
    }),
    { numRuns, endOnFailure: true },
  );
  return matched;
}

describe("a fused operation", () => {
  it.each(straight)("$name does what its instructions do", (sequence) => {
    const matched = countMatches(sequence, 25, (draw) => {
      const registers = Array.from({ length: 31 }, () => registerValue(draw));
      registers[0] = ENTRY + 4 * (10 + draw(3));
      const words = straightWords(sequence, draw);
      while (words.length < 40) words.push(word("ebreak"));
      return { words, registers, fill: draw(1000), quantum: 400, until: 400 };
    });
    expect(matched).toBeGreaterThan(5);
  });

  it.each(loops)("$name does what its instructions do, however far it comes", (sequence) => {
    const matched = countMatches(sequence, 60, (draw) => loopSetup(sequence, false, draw));
    expect(matched).toBeGreaterThan(50);
  });

  it.each(loops)("$name is not taken for a loop that uses a register twice", (sequence) => {
    countMatches(sequence, 60, (draw) => loopSetup(sequence, true, draw));
  });

  it("exists in good number", () => {
    expect(fused.length).toBeGreaterThan(60);
  });
});

it("the inner loop and its operations are what the generator writes", () => {
  const script = new URL("../../scripts/rv32-loop.mjs", import.meta.url).pathname;
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
