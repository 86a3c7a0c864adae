// Each fused operation does what the instructions do that it stands for. The list of operations is read
// from the generated source: their names say what they execute and how the parts are linked.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, type Instruction, type Mnemonic } from "../../src/program/encode.js";
import { ENTRY, expectAsReference, MEMORY_SIZE, TEXT_SIZE, word } from "../support/rv32-machine.js";

const source = readFileSync(new URL("../../assembly/machine/rv32_op.ts", import.meta.url), "utf8");
const operations = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]*),$/gm)].map(([, name]) => name!);

interface Part {
  readonly op: string;
  /** "to": the first source is the result before; "into": and the result replaces it. */
  readonly link: "none" | "to" | "into";
  /** Adds to its own source. */
  readonly self: boolean;
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
    .replaceAll("SELF_", "+");
  const parts = [...marked.matchAll(/([_>~]?)(\+?)([A-Z0-9]+)/g)].map(([, link, self, op]) => ({
    op: op!,
    link: link === ">" ? ("to" as const) : link === "~" ? ("into" as const) : ("none" as const),
    self: self === "+",
  }));
  return { name, number, parts, loops };
}

const fused = operations
  .map((name, number) => parse(name, number))
  .filter(({ name, parts }) => parts.length > 1 && name !== "J_YIELD");

/** Random numbers that a case draws in order. */
type Draw = (below: number) => number;

const POOL = [5, 6, 7, 8, 9, 28, 29];
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
  if (/^(SLLI|SRLI|SRAI)$/.test(op)) return make(name, { rd, rs1: first, imm: draw(32) });
  if (/I$|^L/.test(op)) return make(name, { rd, rs1: first, imm: imm === 0 ? 1 : imm });
  return make(name, { rd, rs1: first, rs2: second });
}

/** A part's registers: the links are kept, and everything else is drawn. */
function registersOf(part: Part, before: number, own: number, draw: Draw) {
  let rd = part.link === "into" ? before : POOL[draw(POOL.length)]!;
  if (own !== 0 && !part.self) while (rd === own) rd = POOL[draw(POOL.length)]!;
  if (part.self) rd = own;
  let first = part.link === "none" ? POOL[draw(POOL.length)]! : before;
  if (part.self) first = rd;
  let second = POOL[draw(POOL.length)]!;
  if (part.link === "into") while (second === before) second = POOL[draw(POOL.length)]!;
  if (part.link !== "none" && commutes(part.op) && draw(2) === 0) [first, second] = [second, first];
  return { rd, first, second };
}

/** The words of a sequence that must be fused. */
function wordsOf({ parts, loops }: Fused, draw: Draw): number[] {
  const selves = parts.map(({ self }, k) => (self ? POOL[(draw(2) + 2 * k) % POOL.length]! : 0));
  const own = selves.find((register) => register !== 0) ?? 0;
  let before = 0;
  return parts.map((part, k) => {
    const { rd, first, second } = registersOf(part, before, part.self ? selves[k]! : own, draw);
    if (hasResult(part.op)) before = rd;
    const made = instruction(part.op, rd, first, second, draw);
    return encode(loops && k === parts.length - 1 ? { ...made, imm: -4 * k } : made);
  });
}

/** Mostly addresses of data, some of text, and numbers. */
function registerValue(draw: Draw): number {
  const kind = draw(8);
  if (kind < 5) return TEXT_SIZE + draw(MEMORY_SIZE - TEXT_SIZE);
  if (kind === 5) return draw(TEXT_SIZE);
  return kind === 6 ? draw(16) : draw(2 ** 32);
}

describe("a fused operation", () => {
  it.each(fused)("$name does what its instructions do", (sequence) => {
    let matched = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 1), { minLength: 160, maxLength: 160 }), (numbers) => {
        let next = 0;
        const draw = (below: number) => numbers[next++ % numbers.length]! % below;
        const registers = Array.from({ length: 31 }, () => registerValue(draw));
        registers[0] = ENTRY + 4 * (10 + draw(3));
        const words = wordsOf(sequence, draw);
        while (words.length < 40) words.push(word("ebreak"));
        const setup = { words, registers, fill: draw(1000), quantum: 400, until: 400 };
        const subject = expectAsReference(setup);
        if (subject.operation(ENTRY) === sequence.number) matched++;
      }),
      { numRuns: 25, endOnFailure: true },
    );
    expect(matched).toBeGreaterThan(5);
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
