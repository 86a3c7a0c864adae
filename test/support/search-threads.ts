/** Threads of machine code that a search runs, and what they share. */

import type { Machine, Setup } from "../../src/index.js";
import { program } from "../../src/program/index.js";
import type { Telling } from "./search-ends.js";

/** The instructions of a thread. */
export type Part = (b: ReturnType<typeof program>) => unknown;

/** A word of a program's data, for the judge. */
export function reader(machine: Machine, base: number): (word: number) => number {
  const memory = machine.guestMemory;
  const view = new DataView(memory.buffer, memory.byteOffset);
  return (word) => view.getInt32(base + 4 * word, true);
}

/** Threads that share the words of one block, whose address is in s1. */
export function threads(
  parts: readonly Part[],
  judge?: (word: (at: number) => number) => void,
): Setup {
  return (machine) => {
    const data = machine.load(
      program("data")
        .data("words", { words: Array(8).fill(0) })
        .ret()
        .build(),
    ).dataBase;
    for (const [i, part] of parts.entries()) {
      const body = machine.load(program(`p${i}`).li("s1", data).apply(part).ret().build());
      machine.createThread({ name: `t${i}`, body });
    }
    const word = reader(machine, data);
    return () => judge?.(word);
  };
}

const A0 = 10;
const A1 = 11;
/** Registers with the addresses of three words, and their numbers. */
export const WORDS = [
  { name: "s1", number: 9 },
  { name: "s3", number: 19 },
  { name: "s4", number: 20 },
] as const;
export type Word = (typeof WORDS)[number];

const amo = (funct5: number, rd: number, { number }: Word, rs2: number) =>
  0x2f | (rd << 7) | (2 << 12) | (number << 15) | (rs2 << 20) | (funct5 << 27);
export const amoadd = (word: Word) => amo(0, 0, word, A0);
export const lr = (word: Word) => amo(2, A0, word, 0);
export const sc = (word: Word) => amo(3, A1, word, A0);
/** With 0 it leaves what is there. */
export const amoor = (word: Word) => amo(8, A0, word, A0);
export const amoswap = (word: Word) => amo(1, A0, word, A0);

/** Stores a number by lr.w and sc.w; a0 says whether that has failed. */
export const stores =
  (word: Word, value: number): Part =>
  (b) =>
    b.raw(lr(word)).li("a0", value).raw(sc(word)).mv("a0", "a1");

/** Threads of machine code that have the addresses of three words; what they leave in all words is told. */
export const machineCode =
  (parts: readonly Part[]): Telling =>
  (end) => {
    const all = parts.map(
      (part): Part =>
        (b) =>
          b.addi("s3", "s1", 4).addi("s4", "s1", 8).apply(part),
    );
    return threads(all, (word) => end(Array.from({ length: 8 }, (_, at) => word(at)).join()));
  };
