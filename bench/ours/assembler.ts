// The benchmarks' programs: assembler text, bench/peers/rv32/NAME.S, goes to the program
// builder line by line. The syntax is the part of GNU's that these programs need: labels, instructions,
// `.text`, `.data`, `.word` and `.zero`, and comments from # to the end of the line; `kcall NAME` makes a
// kernel call without arguments.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { label, type MachineProgramBuilder, type Register } from "../../src/program/index.js";

// This file runs from dist/bench.js.
const PROGRAMS = fileURLToPath(new URL("../bench/peers/rv32", import.meta.url));

type Operand = string | number;

/** Places the program of this name; its first instruction is at the label "work". */
export function placeProgram(b: MachineProgramBuilder, name: string): void {
  const file = join(PROGRAMS, `${name}.S`);
  const lines = readFileSync(file, "utf8").split("\n");
  const block = new DataBlock(b);
  for (const [i, line] of lines.entries()) {
    try {
      placeLine(b, block, line.replace(/#.*/, "").trim());
    } catch (error) {
      throw new Error(`${file}:${i + 1}: ${(error as Error).message}`);
    }
  }
  block.end();
}

/** The block of data that is being collected; none while instructions come. */
class DataBlock {
  isOpen = false;
  private name: string | undefined;
  private words: (number | ReturnType<typeof label>)[] = [];
  private readonly b: MachineProgramBuilder;

  constructor(b: MachineProgramBuilder) {
    this.b = b;
  }

  begin(name: string): void {
    this.end();
    this.name = name;
  }

  add(words: readonly string[]): void {
    this.words.push(...words.map((word) => (isNumber(word) ? Number(word) : label(word))));
  }

  zero(bytes: number): void {
    if (this.name === undefined || this.words.length > 0) throw new Error(".zero needs a label");
    this.b.data(this.name, { zero: bytes });
    this.name = undefined;
  }

  end(): void {
    if (this.name !== undefined) this.b.data(this.name, { words: this.words });
    this.name = undefined;
    this.words = [];
  }
}

function placeLine(b: MachineProgramBuilder, block: DataBlock, line: string): void {
  const [, name, rest = ""] = /^(?:(\w+):)?\s*(.*)$/.exec(line) ?? [];
  if (name !== undefined) {
    if (block.isOpen) block.begin(name);
    else b.label(name);
  }
  if (rest === "") return;
  const [op = "", ...operands] = rest.split(/[\s,]+/);
  switch (op) {
    case ".text":
    case ".data":
      block.end();
      block.isOpen = op === ".data";
      return;
    case ".word":
      block.add(operands);
      return;
    case ".zero":
      block.zero(Number(operands[0]));
      return;
    default:
      placeInstruction(b, op, operands.flatMap(operandOf));
  }
}

const isNumber = (text: string): boolean => /^-?(0x[0-9a-f]+|\d+)$/.test(text);

/** A number, a name, or both of "offset(base)" in the builder's order. */
function operandOf(text: string): Operand[] {
  const [, offset, base] = /^(-?\d+)\((\w+)\)$/.exec(text) ?? [];
  if (base !== undefined) return [base, Number(offset)];
  return [isNumber(text) ? Number(text) : text];
}

/** The builder's method of the instruction's name, but for what it calls otherwise. */
function placeInstruction(b: MachineProgramBuilder, op: string, operands: Operand[]): void {
  const [first, second] = operands;
  if (op === "j") b.jump(first as string);
  else if (op === "call") b.callSub(first as string);
  else if (op === "kcall") b.call(first as "lwkt_yield");
  else if (op === "li") b.li(first as Register, second as number);
  else {
    const methods = b as unknown as Record<
      string,
      ((...operands: Operand[]) => unknown) | undefined
    >;
    const place = methods[op];
    if (typeof place !== "function") throw new Error(`There is no instruction "${op}".`);
    place.apply(b, operands);
  }
}
