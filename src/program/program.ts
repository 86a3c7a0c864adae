/** What the builder makes: a program that can be loaded at any address, in any machine. */

import {
  arrayOf,
  bytes,
  callback,
  count,
  oneOf,
  shaped,
  text,
  unsigned,
} from "../core/arguments.js";
import type { Channel, External, Text } from "./operands.js";

/** The two parts of a program that have addresses. */
export type Section = "text" | "data";

/** Where a label or data block lies: bytes from the start of its section. */
export interface ProgramSymbol {
  readonly section: Section;
  readonly offset: number;
}

/** The address of a place in the program itself. */
export interface AddressValue extends ProgramSymbol {
  readonly kind: "address";
  readonly name: string;
}

/** A duration in clock ticks, rounded up. */
export interface TicksValue {
  readonly kind: "ticks";
  readonly nanoseconds: bigint;
}

/** One word of a duration in cycles, a 64-bit number, rounded up. */
export interface CyclesValue {
  readonly kind: "cycles";
  readonly nanoseconds: bigint;
  readonly part: "lo" | "hi";
}

/** A 32-bit value that is known only when the program is loaded. */
export type LinkValue = AddressValue | TicksValue | CyclesValue | Channel | Text | External;

/**
 * A place that loading fills in. `word`: the word at `at`. `hi-lo`: the `lui` at `at` gets the upper
 * 20 bits and the instruction after it (an addition, a load or a store) the lower 12. A pair always
 * takes two instructions, whatever the value, so that filling it in moves nothing.
 */
export interface Relocation {
  readonly section: Section;
  /** Bytes from the start of the section; a multiple of 4. */
  readonly at: number;
  readonly form: "hi-lo" | "word";
  readonly value: LinkValue;
}

/** A program's data: `bytes` are its first bytes, and the rest, up to `size`, are zero. */
export interface ProgramData {
  readonly size: number;
  /** What the address of the data must be a multiple of. */
  readonly align: number;
  readonly bytes: Uint8Array;
}

/** A program that has been built. It can be loaded any number of times; nothing changes it. */
export interface Program {
  readonly name: string;
  /** The instructions; the fields that loading fills in are 0. Not to be written. */
  readonly words: Uint32Array;
  /** Where execution starts: bytes from the start of the text. */
  readonly entry: number;
  /** The program's own labels and data blocks by name. */
  readonly symbols: ReadonlyMap<string, ProgramSymbol>;
  readonly data: ProgramData;
  readonly relocations: readonly Relocation[];
  /** What the program's source says of an instruction, by the instruction's offset in the text. */
  readonly source: ReadonlyMap<number, string>;
  /** The program as text: offsets, words, instructions, labels, comments. */
  listing(): string;
}

const isMap = { allowed: "", accepts: (value: unknown) => value instanceof Map };
const places = oneOf(["text", "data"]);
const valueRule = shaped("", { kind: text });

/** A program as the builder makes it. */
export const programRule = shaped("a program that the program builder has built", {
  name: text,
  words: { allowed: "", accepts: (value) => value instanceof Uint32Array },
  entry: unsigned,
  symbols: isMap,
  data: shaped("", { size: count, align: count, bytes }),
  relocations: arrayOf(shaped("", { section: places, at: unsigned, value: valueRule }), ""),
  source: isMap,
  listing: callback,
});
