/** Threads of machine code that a search runs, and what they share. */

import type { Machine, Setup } from "../../src/index.js";
import { program } from "../../src/program/index.js";

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
