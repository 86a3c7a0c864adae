// Programs: RV32 code behaves as in the reference interpreter, and no file and no code escapes its bounds.

import { tryDamagedElf, tryRandomCode } from "../support/hostile-elf.js";
import { expectAsReference, randomSetup } from "../support/rv32-machine.js";

/** A random program for `size` cycles, compared with the reference; operations are instructions. */
export function rv32(seed: number, size: number): number {
  return expectAsReference(randomSetup(seed, size)).instructions;
}

/** The same, with everything compiled that can be. */
export function compiledRv32(seed: number, size: number): number {
  return expectAsReference(randomSetup(seed, size), true).instructions;
}

/** Damaged ELF files and files of random code, in turn. */
export function elf(seed: number, size: number): number {
  for (let i = 0; i < size; i++) {
    const own = (Math.imul(seed, 65_537) + i) >>> 1;
    if (i % 2 === 0) tryDamagedElf(own);
    else tryRandomCode(own);
  }
  return size;
}
