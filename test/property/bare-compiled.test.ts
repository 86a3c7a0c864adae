// Compiled code on bare metal beside the interpreter: random programs whose stores hit their own text, with and
// without a fence.i behind, and traps. Both leave the same registers, memory, cycles and end, wherever they are cut.

import { describe, expect, it } from "vitest";
import { Compiler } from "../../src/compiler/index.js";
import type { Kernel } from "../../src/core/kernel.js";
import { BareMetal } from "../../src/machine/bare-metal.js";
import { encode, type Instruction, type Mnemonic } from "../../src/program/encode.js";
import { buildUnderTest } from "../support/build.js";
import { Random } from "../support/random.js";
import { randomProgram } from "../support/rv32-programs.js";

const MEMORY = 0x2000;
/** Where random instructions begin and end, from the beginning of memory on. */
const FROM = 0x100;
const MTVEC = 0x305;
const MCYCLE = 0xb00;
const MEPC = 0x341;
const SCRATCH = 31;
const CUTS = [1_000n, 3_000n, 5_000n, 20_000n];
const PROGRAMS = 60;
/** Places of which compiled code is made before each piece of a run, beside those that are hot. */
const PLACES = 8;

function word(op: Mnemonic, fields: Partial<Instruction> = {}): number {
  return encode({ op, rd: 0, rs1: 0, rs2: 0, imm: 0, ...fields });
}

/** A start, a handler that goes on half an instruction behind a trap, and random instructions in a ring. */
function programAt(origin: number, random: Random): Uint8Array {
  const handler = origin + 0x40;
  const [rd, rs1] = [SCRATCH, SCRATCH];
  const start = [
    word("auipc", { rd }),
    word("addi", { rd, rs1, imm: handler - origin }),
    word("csrrw", { rs1, imm: MTVEC }),
    ...[2, 8, 9].map((pointer) => word("lui", { rd: pointer, imm: (origin >>> 12) + 1 })),
  ];
  start.push(word("jal", { imm: FROM - 4 * start.length }));
  const behindTrap = [
    word("csrrs", { rd, imm: MEPC }),
    word("addi", { rd, rs1, imm: 2 }),
    word("csrrw", { rs1, imm: MEPC }),
    word("mret"),
  ];
  // Stores go to 0x800 and behind: they hit a little of the text, or more, or none.
  const to = random.pick([0x400, 0x840, 0x900, 0xc00]);
  const place = { from: origin + FROM, to: origin + to, middle: (origin >>> 12) + 1 };
  const words = new Uint32Array(to / 4 + 1);
  words.set(start);
  words.set(behindTrap, (handler - origin) / 4);
  words.set(randomProgram(random, place), FROM / 4);
  words[to / 4] = word("jal", { imm: FROM - to });
  return new Uint8Array(words.buffer);
}

const POOL = [10, 11, 12, 13, 14, 15];
const [TEXT, WORDS, WORD, COUNT] = [8, 9, 20, 21];
/** Where the words are that a program stores to its text. */
const TABLE = 0x1000;
const TABLE_WORDS = 64;

/** An operation on the registers of the pool. */
function operation(random: Random): number {
  const [rd, rs1, rs2] = [random.pick(POOL), random.pick(POOL), random.pick(POOL)];
  if (random.once(2)) return word("addi", { rd, rs1, imm: random.below(200) - 100 });
  return word(random.pick(["add", "sub", "xor", "mul", "sltu", "srl"] as const), { rd, rs1, rs2 });
}

/** A ring of loops, branches and calls whose instructions the program replaces now and then. */
function changingProgramAt(origin: number, random: Random): Uint8Array {
  const upper = origin >>> 12;
  const words = [
    word("lui", { rd: TEXT, imm: upper }),
    word("lui", { rd: WORDS, imm: upper + TABLE / 0x1000 }),
  ];
  const ring = words.length;
  /** The operations that may be replaced, by what is another one. */
  const places: number[] = [];
  const operations = (count: number) => {
    for (let k = 0; k < count; k++) {
      places.push(4 * words.length);
      words.push(operation(random));
    }
  };
  const loop = () => {
    words.push(word("addi", { rd: COUNT, imm: 1 + random.below(40) }));
    const count = 1 + random.below(6);
    operations(count);
    words.push(word("addi", { rd: COUNT, rs1: COUNT, imm: -1 }));
    words.push(word("bne", { rs1: COUNT, imm: -4 * (count + 1) }));
  };
  const change = () => {
    words.push(word("lw", { rd: WORD, rs1: WORDS, imm: 4 * random.below(TABLE_WORDS) }));
    words.push(word("sw", { rs1: TEXT, rs2: WORD, imm: random.pick(places) }));
    if (random.once(8)) words.push(word("fence.i"));
  };
  // Compiled code leaves there, so that it is short enough for its mark to be taken off.
  const counter = () => words.push(word("csrrs", { rd: random.pick(POOL), imm: MCYCLE }));
  const branch = () => {
    words.push(word("blt", { rs1: random.pick(POOL), rs2: random.pick(POOL), imm: 12 }));
    operations(2);
  };
  operations(8);
  for (let k = 0; k < 40; k++) random.pick([loop, change, branch, counter])();
  words.push(word("jal", { imm: 4 * (ring - words.length) }));
  const image = new Uint32Array(TABLE / 4 + TABLE_WORDS);
  image.set(words);
  for (let k = 0; k < TABLE_WORDS; k++) image[TABLE / 4 + k] = operation(random);
  return new Uint8Array(image.buffer);
}

/** A machine with a program; with a compiler that hardly waits. */
function machineAt(origin: number, bytes: Uint8Array, compiled: boolean, most = 1200) {
  const segment = { address: origin, size: bytes.length, bytes };
  const tohost = origin + MEMORY - 8;
  const machine = new BareMetal(
    { entry: origin, segments: [segment], tohost },
    { memory: MEMORY, jit: false, build: buildUnderTest },
  );
  const { kernel } = machine as unknown as { kernel: Kernel };
  const compiler = compiled
    ? new Compiler(kernel, { period: 64, samples: 1, patience: 0, longest: 64, worth: 255, most })
    : null;
  const memory = () => {
    const at = kernel.machine("guest_base");
    return Buffer.from(kernel.u8.subarray(at, at + MEMORY));
  };
  return { machine, compiler, memory };
}

/** Runs a program with and without compiled code; returns how many instructions were compiled. */
function expectSame(origin: number, bytes: Uint8Array, random: Random, title: string): number {
  const compiled = machineAt(origin, bytes, true, random.pick([10, 30, 1200]));
  const plain = machineAt(origin, bytes, false);
  for (const cut of CUTS) {
    const all = ({ machine }: typeof plain) => ({
      end: machine.run(cut),
      registers: machine.registers,
      pc: machine.pc,
      cycles: machine.cycles,
      instructions: machine.instructions,
    });
    for (let k = 0; k < PLACES; k++) {
      compiled.compiler?.compile(origin + 2 * random.below(bytes.length / 2));
    }
    expect(all(compiled), title).toEqual(all(plain));
    expect(Buffer.compare(compiled.memory(), plain.memory()), `memory, ${title}`).toBe(0);
  }
  return compiled.compiler?.counters.instructions ?? 0;
}

const originOf = (random: Random) => random.pick([0, 0x8000_0000, 0xffff_e000]);

describe("compiled code on bare metal", () => {
  it("does what the interpreter does, traps and all", () => {
    let instructions = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const random = new Random(seed);
      const origin = originOf(random);
      instructions += expectSame(origin, programAt(origin, random), random, `seed ${seed}`);
    }
    expect(instructions, "compiled instructions").toBeGreaterThan(20 * PROGRAMS);
  });

  it("executes text that has changed from the next fence.i on, no sooner", () => {
    let instructions = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const random = new Random(seed);
      const origin = originOf(random);
      instructions += expectSame(origin, changingProgramAt(origin, random), random, `seed ${seed}`);
    }
    expect(instructions, "compiled instructions").toBeGreaterThan(20 * PROGRAMS);
  });
});
