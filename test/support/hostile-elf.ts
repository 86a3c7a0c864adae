// Hostile programs: damaged ELF files and random code. Their allowed results are a clear error, or a contained fault.

import { ConfigError, ElfError, KernelPanic, Machine } from "../../src/index.js";
import { encode, mnemonics } from "../../src/program/encode.js";
import { buildUnderTest } from "./build.js";
import { exampleElf, makeElf, mutate, R, text, W } from "./elf.js";
import { Random } from "./random.js";

const CUSTOM0 = 0x0b;
const C_CALL = 2048;
const FILES = ["work", "pool", "bufdaemon"].map(exampleElf);

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
      if (!/^seed \d+: [^\n]{20,300}$/.test(error.message)) throw error;
      return "refused";
    }
    if (error instanceof KernelPanic) {
      if (!/^panic: \S/.test(error.message)) throw error;
      return "panic";
    }
    throw error;
  }
}

/** Random code: instructions, kernel calls with likely and unlikely arguments, and invalid words. */
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
      const number = random.once(4) ? random.below(256) : random.pick(numbers);
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

/** A damaged file is refused before anything has changed, or runs within its bounds; returns the result. */
export function tryDamagedElf(seed: number): string {
  const machine = new Machine({ ...small, faults: "thread" }, buildUnderTest);
  const outcome = attempt(machine, mutate(FILES[seed % FILES.length] as Uint8Array, seed), seed);
  if (outcome === "refused" && machine.kernel.machine("stack_low") !== 0) {
    throw new Error(`seed ${seed}: a file that is refused has left a stack`);
  }
  return outcome;
}

/** Random instructions and kernel calls are contained: the machine can still be inspected; returns the result. */
export function tryRandomCode(seed: number): string {
  const random = new Random(seed);
  const config = { ...small, cpus: 1 + random.below(2), faults: "thread" } as const;
  const machine = new Machine(config, buildUnderTest);
  const elf = makeElf({
    segments: [
      { address: 0x1100, bytes: text(...randomCode(random)) },
      { address: 0x10000, bytes: text(0x25207825, 0x73), size: 4096, flags: R | W },
    ],
  });
  const outcome = attempt(machine, elf, seed);
  if (!machine.ps().includes("swapper")) throw new Error(`seed ${seed}: ps is ${machine.ps()}`);
  return outcome;
}
