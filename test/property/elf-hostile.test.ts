// Hostile programs: damaged ELF files, and code that is random. Each gives a clear error or a fault that is
// contained; the host goes on, and so does the machine, unless the kernel has panicked with a text.

import { describe, expect, it } from "vitest";
import { ConfigError, ElfError, KernelPanic, Machine } from "../../src/index.js";
import { encode, mnemonics } from "../../src/program/encode.js";
import { buildUnderTest } from "../support/build.js";
import { exampleElf, makeElf, mutate, R, text, W } from "../support/elf.js";
import { Random } from "../support/random.js";

const FILES = 1_000;
const PROGRAMS = 1_000;
const CUSTOM0 = 0x0b;
const C_CALL = 2048;

const small = {
  ...{ maxthread: 64, maxproc: 16, objects: 32, stringMemory: 16_384, kstackDepth: 10 },
  ...{ guestMemory: 1 << 18, kstackPages: 1 },
} as const;

/** Loads a file and runs what was loaded for a while. What is thrown must be one of our errors. */
function attempt(machine: Machine, elf: Uint8Array, seed: number): string {
  try {
    const program = machine.loadElf(elf, { name: `seed ${seed}` });
    machine.createThread({ name: "main", body: program });
    return machine.run({ rounds: 8 }).reason;
  } catch (error) {
    if (error instanceof ElfError || error instanceof ConfigError) {
      expect(error.message).toMatch(/^seed \d+: [^\n]{20,300}$/);
      return "refused";
    }
    if (error instanceof KernelPanic) {
      expect(error.message).toMatch(/^panic: \S/);
      return "panic";
    }
    throw error;
  }
}

describe("a damaged ELF file", () => {
  it(`is refused or runs in its bounds: ${FILES} of them`, () => {
    const files = ["work", "pool", "bufdaemon"].map(exampleElf);
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < FILES; seed++) {
      const machine = new Machine({ ...small, faults: "thread" }, buildUnderTest);
      const outcome = attempt(
        machine,
        mutate(files[seed % files.length] as Uint8Array, seed),
        seed,
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === "refused") expect(machine.kernel.machine("stack_low")).toBe(0);
    }
    expect(outcomes.get("refused")).toBeGreaterThan(FILES / 4);
    expect(FILES - (outcomes.get("refused") ?? 0)).toBeGreaterThan(FILES / 4);
  }, 120_000);
});

/** Random code: instructions, kernel calls with likely and unlikely arguments, and words that are none. */
function randomCode(random: Random): number[] {
  const numbers = [
    5, 19, 20, 39, 40, 48, 49, 50, 53, 54, 64, 65, 67, 70, 77, 78, 85, 86, 87, 88, 89,
  ];
  const words: number[] = [];
  for (let count = 40 + random.below(60); count > 0; count--) {
    const kind = random.below(10);
    const rd = random.below(32);
    if (kind === 0) words.push(random.below(2 ** 32));
    else if (kind <= 2) {
      const number = random.once(4) ? random.below(200) : random.pick(numbers);
      words.push((((random.once(2) ? number + C_CALL : number) << 20) | CUSTOM0) >>> 0);
    } else if (kind <= 4) {
      const argument = encode({
        op: "addi",
        rd: 10 + random.below(8),
        rs1: 0,
        rs2: 0,
        imm: random.below(8) - 2,
      });
      const address = encode({
        op: "lui",
        rd: 10 + random.below(8),
        rs1: 0,
        rs2: 0,
        imm: random.below(24),
      });
      words.push(random.once(2) ? argument : address);
    } else {
      const op = random.pick(mnemonics);
      const imm = (random.below(64) - 32) & ~3;
      try {
        words.push(encode({ op, rd, rs1: random.below(32), rs2: random.below(32), imm }));
      } catch {
        words.push(encode({ op: "addi", rd, rs1: rd, rs2: 0, imm }));
      }
    }
  }
  return words;
}

describe("a program of random instructions and kernel calls", () => {
  it(`is contained: ${PROGRAMS} of them`, () => {
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < PROGRAMS; seed++) {
      const random = new Random(seed);
      const machine = new Machine(
        { ...small, cpus: 1 + random.below(2), faults: "thread" },
        buildUnderTest,
      );
      const elf = makeElf({
        segments: [
          { address: 0x1100, bytes: text(...randomCode(random)) },
          { address: 0x10000, bytes: text(0x25207825, 0x73), size: 4096, flags: R | W },
        ],
      });
      const outcome = attempt(machine, elf, seed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      // Whatever it did, whoever looks sees a machine.
      expect(machine.ps()).toContain("swapper");
    }
    expect([...outcomes.keys()]).toContain("idle");
    expect(outcomes.get("refused")).toBeUndefined();
  }, 120_000);
});
