// More than a million random instructions of both lengths, with random control flow, beside the reference
// interpreter: registers, memory, pc, counts and faults, in slices of 100 to 10,000 cycles.

import { expect, it } from "vitest";
import { expectAsReference, randomSetup } from "../support/rv32-machine.js";

const PROGRAMS = 400;
const CYCLES = 12_000;
const LEAST_INSTRUCTIONS = 1_000_000;

it("a million random instructions do what they do in the reference", () => {
  let instructions = 0;
  let faults = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    try {
      const subject = expectAsReference(randomSetup(seed, CYCLES));
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
