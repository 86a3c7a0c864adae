/** Gives a built program its addresses and the machine's settings: what loading it needs. */

import {
  anything,
  callback,
  checkArgument,
  checkOptions,
  count,
  optional,
  type Rule,
  type Rules,
  shaped,
  shown,
} from "../core/arguments.js";
import { ProgramError } from "./errors.js";
import { type LinkValue, type Program, programRule, type Relocation } from "./program.js";

/** What a machine tells a program that is being loaded into it. */
export interface LinkResolver {
  /** The number of the wait channel with a name. */
  channel(name: string): number;
  /** The number under which the kernel knows a text. */
  string(text: string): number;
  /** The value of an `external` operand, or undefined where there is none of that name. */
  external?(name: string): number | undefined;
  /** Cycles in a second of virtual time. */
  readonly cyclesPerSecond: number;
  /** Clock ticks in a second of virtual time. */
  readonly hz: number;
}

/** Where a program goes, and what the machine tells it. */
export interface LinkOptions {
  /** The guest address of the text, a multiple of 4. */
  readonly textBase: number;
  /** The guest address of the data, a multiple of the data's alignment. */
  readonly dataBase: number;
  readonly resolve: LinkResolver;
}

/** A program with all its values filled in, to be copied to the addresses it was linked for. */
export interface LinkedProgram {
  readonly text: Uint32Array;
  readonly data: Uint8Array;
  /** The guest address where execution starts. */
  readonly entry: number;
  /** The guest address of a label or data block; throws where there is none of that name. */
  addressOf(symbol: string): number;
}

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const ADDRESS_SPACE = 2 ** 32;

const bigintRule: Rule = {
  allowed: "a bigint",
  accepts: (value) => typeof value === "bigint",
};

/** What the linker checks itself is left to it. */
const optionRules: Rules = {
  textBase: anything,
  dataBase: anything,
  resolve: shaped("an object with the functions channel and string, cyclesPerSecond and hz", {
    channel: callback,
    string: callback,
    external: optional(callback),
  }),
};

/** `nanoseconds` in units of which there are `perSecond` in a second, rounded up. */
export function unitsOf(nanoseconds: bigint, perSecond: number): bigint {
  checkArgument("unitsOf", "nanoseconds", nanoseconds, bigintRule);
  checkArgument("unitsOf", "perSecond", perSecond, count);
  const scaled = nanoseconds * BigInt(perSecond);
  return (scaled + NANOSECONDS_PER_SECOND - 1n) / NANOSECONDS_PER_SECOND;
}

/** The word of an instruction with the low 12 bits of `value` in its immediate. */
function patchLower(word: number, value: number): number {
  const isStore = (word & 0x7f) === 0x23;
  if (!isStore) return (word & 0x000fffff) | ((value & 0xfff) << 20);
  return (word & 0x01fff07f) | ((value & 0xfe0) << 20) | ((value & 0x1f) << 7);
}

/** The upper 20 bits that a `lui` needs so that adding the signed low 12 bits gives `value`. */
function upperBits(value: number): number {
  return ((value + 0x800) & 0xfffff000) >>> 0;
}

class Linker {
  private readonly program: Program;
  private readonly options: LinkOptions;

  constructor(program: Program, options: LinkOptions) {
    this.program = program;
    this.options = options;
  }

  link(): LinkedProgram {
    const { program, options } = this;
    this.checkBases();
    const text = program.words.slice();
    const data = new Uint8Array(program.data.size);
    data.set(program.data.bytes);
    const dataView = new DataView(data.buffer);
    for (const relocation of program.relocations) {
      const value = this.valueOf(relocation.value);
      if (relocation.form === "word") this.patchWord(text, dataView, relocation, value);
      else patchPair(text, relocation.at / 4, value);
    }
    return Object.freeze({
      text,
      data,
      entry: options.textBase + program.entry,
      addressOf: (symbol: string) => this.addressOf(symbol),
    });
  }

  private patchWord(text: Uint32Array, data: DataView, { section, at }: Relocation, value: number) {
    if (section === "data") data.setUint32(at, value, true);
    else text[at / 4] = value;
  }

  private fail(message: string): never {
    throw new ProgramError(this.program.name, `program "${this.program.name}": ${message}`);
  }

  private checkBases(): void {
    const { textBase, dataBase, resolve } = this.options;
    const { words, data } = this.program;
    this.checkBase("text", textBase, words.byteLength, 4);
    this.checkBase("data", dataBase, data.size, data.align);
    for (const rate of ["cyclesPerSecond", "hz"] as const) {
      if (!Number.isSafeInteger(resolve[rate]) || resolve[rate] <= 0) {
        this.fail(`${rate} is ${shown(resolve[rate])}, not a positive whole number`);
      }
    }
  }

  private checkBase(section: string, base: number, size: number, align: number): void {
    if (!Number.isInteger(base) || base < 0 || base % align !== 0) {
      this.fail(`the address ${shown(base)} of its ${section} is not a multiple of ${align}`);
    }
    if (base + size > ADDRESS_SPACE) {
      this.fail(`its ${section} of ${size} bytes at ${base} ends beyond 32-bit addresses`);
    }
  }

  private addressOf(symbol: string): number {
    const place = this.program.symbols.get(symbol);
    if (place === undefined) this.fail(`nothing called ${shown(symbol)} is defined`);
    return this.baseOf(place.section) + place.offset;
  }

  private baseOf(section: Relocation["section"]): number {
    return section === "text" ? this.options.textBase : this.options.dataBase;
  }

  private valueOf(value: LinkValue): number {
    const { resolve } = this.options;
    switch (value.kind) {
      case "address":
        return (this.baseOf(value.section) + value.offset) >>> 0;
      case "channel":
        return this.checked(resolve.channel(value.name), `the channel "${value.name}"`);
      case "string":
        return this.checked(resolve.string(value.text), `the text ${JSON.stringify(value.text)}`);
      case "external":
        return this.checked(resolve.external?.(value.name), `the external "${value.name}"`);
      case "ticks":
        return Number(this.units(value.nanoseconds, resolve.hz, "ticks", 31n));
      case "cycles":
        return this.cyclesPart(value.nanoseconds, value.part);
    }
  }

  private cyclesPart(nanoseconds: bigint, part: "lo" | "hi"): number {
    const { cyclesPerSecond } = this.options.resolve;
    const cycles = this.units(nanoseconds, cyclesPerSecond, "cycles", 64n);
    return Number(part === "lo" ? cycles & 0xffffffffn : cycles >> 32n);
  }

  private units(nanoseconds: bigint, perSecond: number, unit: string, bits: bigint): bigint {
    const units = unitsOf(nanoseconds, perSecond);
    if (units >= 1n << bits) this.fail(`${nanoseconds} ns are ${units} ${unit}, too many to count`);
    return units;
  }

  private checked(value: number | undefined, what: string): number {
    if (value === undefined) this.fail(`${what} has no value`);
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= ADDRESS_SPACE) {
      this.fail(`${what} has the value ${shown(value)}, which is not a 32-bit number`);
    }
    return value >>> 0;
  }
}

function patchPair(text: Uint32Array, index: number, value: number): void {
  const [upper = 0, lower = 0] = text.subarray(index, index + 2);
  text[index] = (upper & 0xfff) | upperBits(value);
  text[index + 1] = patchLower(lower, value);
}

/**
 * Links a program: fills in addresses, channels, texts, externals and amounts of time. The program
 * itself stays as it is. Throws a {@link ProgramError} where an address is misaligned or a value
 * is missing or too great.
 */
export function link(program: Program, options: LinkOptions): LinkedProgram {
  checkArgument("link", "program", program, programRule);
  checkOptions("link", options, optionRules);
  return new Linker(program, options).link();
}
