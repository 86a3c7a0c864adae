// Hostile programs: damaged ELF files, and code that is random. Each gives a clear error or a fault that is
// contained; the host goes on, and so does the machine, unless the kernel has panicked with a text.

import { describe, expect, it } from "vitest";
import { tryDamagedElf, tryRandomCode } from "../support/hostile-elf.js";

const FILES = 1_000;
const PROGRAMS = 1_000;

/** How often each outcome came of seeds from 0 on. */
function outcomesOf(attempt: (seed: number) => string, seeds: number): Map<string, number> {
  const outcomes = new Map<string, number>();
  for (let seed = 0; seed < seeds; seed++) {
    const outcome = attempt(seed);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return outcomes;
}

describe("a damaged ELF file", () => {
  it(`is refused or runs in its bounds: ${FILES} of them`, () => {
    const refused = outcomesOf(tryDamagedElf, FILES).get("refused") ?? 0;
    expect(refused).toBeGreaterThan(FILES / 4);
    expect(FILES - refused).toBeGreaterThan(FILES / 4);
  }, 120_000);
});

describe("a program of random instructions and kernel calls", () => {
  it(`is contained: ${PROGRAMS} of them`, () => {
    const outcomes = outcomesOf(tryRandomCode, PROGRAMS);
    expect([...outcomes.keys()]).toContain("idle");
    expect(outcomes.get("refused")).toBeUndefined();
  }, 120_000);
});
