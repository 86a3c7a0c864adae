// More than a million random instructions of both lengths, with random control flow, beside the reference
// interpreter: registers, memory, pc, counts and faults, in slices of 100 to 10,000 cycles.

import { expect, it } from "vitest";
import { Random } from "../support/random.js";
import { ENTRY, expectAsReference, MEMORY_SIZE, TEXT_SIZE } from "../support/rv32-machine.js";
import { randomProgram } from "../support/rv32-programs.js";

const PROGRAMS = 400;
const CYCLES = 12_000;
const LEAST_INSTRUCTIONS = 1_000_000;

/** A register's value: an address, a small number, or anything. */
function registerValue(random: Random): number {
  if (random.once(3)) return random.below(MEMORY_SIZE);
  if (random.once(3)) return random.below(64);
  return random.below(2 ** 32);
}

it("a million random instructions do what they do in the reference", () => {
  let instructions = 0;
  let faults = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = new Random(seed);
    const registers = Array.from({ length: 31 }, () => registerValue(random));
    for (const pointer of [2, 8, 9]) registers[pointer - 1] = 4096;
    const setup = {
      words: randomProgram(random, { from: ENTRY, to: TEXT_SIZE }),
      registers,
      fill: random.below(1000),
      quantum: 100 + random.below(random.once(2) ? 9900 : 400),
      until: CYCLES,
    };
    try {
      const subject = expectAsReference(setup);
      instructions += subject.instructions;
      if (subject.panic !== null) faults++;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(instructions).toBeGreaterThan(LEAST_INSTRUCTIONS);
  expect(faults).toBeGreaterThan(PROGRAMS / 10);
  expect(faults).toBeLessThan(PROGRAMS);
}, 120_000);
