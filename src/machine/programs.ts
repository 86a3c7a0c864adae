// Programs in guest memory: those of the builder, which go wherever there is room, and those of ELF
// files, which go where their linker has put them.
//
// Guest memory has two parts. Text is at the start, up to `textMemory`: it can be executed, and nobody
// can write it. Data is behind it. The builder's programs fill both from below. When the first ELF
// is loaded, what is left becomes the memory of C programs: kmem_malloc hands it out from below, and the
// stacks of threads come from the end downwards.

import {
  arrayOf,
  bytes as bytesRule,
  checkArgument,
  checkOptions,
  optional,
  type Rules,
  text,
  unsigned,
} from "../core/arguments.js";
import type { CompleteConfig } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import { hex } from "../core/hex.js";
import type { Kernel } from "../core/kernel.js";
import {
  type ElfImage,
  type ElfSegment,
  parseElf,
  SymbolTable,
  segmentBytes,
} from "../elf/index.js";
import { type LinkedProgram, link, type Program } from "../program/index.js";
import { SnapshotError } from "../snapshot/errors.js";
import type { SnapshotPart } from "../snapshot/part.js";
import type { HostState } from "./host-state.js";

/** A program of the builder in guest memory. */
export interface LoadedProgram extends LinkedProgram {
  readonly name: string;
  readonly textBase: number;
  readonly dataBase: number;
}

/** A program of an ELF file in guest memory. */
export interface LoadedElf {
  /** The file, as the caller named it. */
  readonly name: string;
  /** The guest address where execution starts. */
  readonly entry: number;
  /** The guest address of its arguments, which its start file expects in a0. */
  readonly argument: number;
  /** What was added to the file's addresses: 0 unless it is position-independent. */
  readonly base: number;
  readonly image: ElfImage;
  readonly symbols: SymbolTable;
  /**
   * The guest address of a function or variable.
   *
   * @throws ElfError where there is none of that name.
   */
  addressOf(symbol: string): number;
}

/** How to load an ELF file. */
export interface LoadElfOptions {
  /** Name of the file, for errors and reports. Default "program". */
  readonly name?: string;
  /** What main gets in argv, the program's name first. Default: the name alone. */
  readonly args?: readonly string[];
}

const loadElfRules: Rules = {
  name: optional(text),
  args: optional(arrayOf(text, "an array of texts")),
};

/** A part of guest memory that is in use. */
interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The symbols of a program of the builder, by their addresses. */
interface Built {
  readonly textBase: number;
  readonly textEnd: number;
  readonly dataBase: number;
  readonly dataEnd: number;
  readonly symbols: readonly (readonly [address: number, name: string])[];
}

const PAGE = 4096;
const ARGUMENT_ALIGN = 16;
/** The kernel keeps the number of a stack's pages in the low bits of its address. */
const STACK_ALIGN = 64;

/** What a snapshot has to have of the programs. */
interface Saved {
  readonly elfs: readonly LoadedElf[];
  readonly regions: readonly Region[];
  readonly sharedFrom: number;
  readonly built: readonly Built[];
}

/** The programs of a machine. */
export class Programs implements SnapshotPart<Saved> {
  readonly name = "C programs";
  /** Those of ELF files, in the order in which they were loaded. */
  readonly elfs: LoadedElf[] = [];
  private readonly kernel: Kernel;
  private readonly config: CompleteConfig;
  private readonly regions: Region[] = [];
  private readonly built: Built[] = [];
  private readonly host: HostState;

  constructor(kernel: Kernel, host: HostState) {
    this.kernel = kernel;
    this.config = kernel.config;
    this.host = host;
  }

  // ---- Snapshots ----

  save(): Saved {
    const { elfs, regions, sharedFrom, built } = this;
    return { elfs: [...elfs], regions: [...regions], sharedFrom, built: [...built] };
  }

  restore({ elfs, regions, sharedFrom, built }: Saved): void {
    if (built.length !== this.built.length) this.built.splice(0, this.built.length, ...built);
    if (this.elfs.length > 0 || elfs.length > 0) {
      this.elfs.splice(0, this.elfs.length, ...elfs);
      this.regions.splice(0, this.regions.length, ...regions);
    }
    this.sharedFrom = sharedFrom;
  }

  /** Files of snapshots have no symbols: a machine with C programs stays in memory. */
  encode(saved: Saved): Saved {
    if (saved.elfs.length === 0) return saved;
    const names = saved.elfs.map(({ name }) => name).join(", ");
    throw new SnapshotError(
      `a snapshot of a machine with C programs (${names}) cannot be written to a file`,
    );
  }

  decode(json: unknown): Saved {
    return json as Saved;
  }

  /** Where functions of C programs begin, in no particular order. */
  get functions(): number[] {
    return this.elfs.flatMap(({ symbols }) => symbols.functions.map(({ address }) => address));
  }

  // ---- Programs of the builder ----

  load(program: Program, externals: Readonly<Record<string, number>>): LoadedProgram {
    const textBase = this.host.textNext;
    const align = Math.max(program.data.align, 4);
    const dataBase = Math.ceil(this.dataEnd / align) * align;
    const textEnd = textBase + program.words.byteLength;
    const dataEnd = dataBase + program.data.size;
    if (textEnd > this.config.textMemory) {
      throw new ConfigError(
        `no room for the text of program "${program.name}"; textMemory (${this.config.textMemory} bytes) must be at least ${textEnd}`,
      );
    }
    if (dataEnd > this.dataLimit) {
      throw new ConfigError(
        `no room for the data of program "${program.name}"; guestMemory (${this.config.guestMemory} bytes) must be at least ${dataEnd + this.config.guestMemory - this.dataLimit}`,
      );
    }
    const linked = link(program, { textBase, dataBase, resolve: this.resolver(externals) });
    this.write(textBase, new Uint8Array(linked.text.buffer));
    this.write(dataBase, linked.data);
    this.kernel.exports.rv32_decode_text(textBase, textEnd);
    this.host.textNext = textEnd;
    this.dataEnd = dataEnd;
    const symbols = [...program.symbols.keys()].map(
      (name) => [linked.addressOf(name), name] as const,
    );
    this.built.push({ textBase, textEnd, dataBase, dataEnd, symbols });
    return Object.freeze({ ...linked, name: program.name, textBase, dataBase });
  }

  private resolver(externals: Readonly<Record<string, number>>) {
    return {
      channel: (name: string) => this.kernel.intern(name),
      string: (text: string) => this.kernel.intern(text),
      external: (name: string) => externals[name],
      cyclesPerSecond: this.config.cyclesPerSecond,
      hz: this.config.hz,
    };
  }

  private write(address: number, bytes: Uint8Array): void {
    this.kernel.u8.set(bytes, this.kernel.machine("guest_base") + address);
  }

  // ---- What is handed out ----

  /** True once C programs have the rest of guest memory. */
  private get isShared(): boolean {
    return this.kernel.machine("stack_low") !== 0;
  }

  /** The end of the data that is in use from below. */
  private get dataEnd(): number {
    return this.isShared ? this.kernel.machine("brk") : this.host.dataNext;
  }

  private set dataEnd(value: number) {
    this.host.dataNext = value;
    if (this.isShared) this.kernel.setMachine("brk", value);
  }

  private get dataLimit(): number {
    return this.isShared ? this.kernel.machine("stack_low") : this.config.guestMemory;
  }

  // ---- ELF files ----

  loadElf(bytes: Uint8Array, options: LoadElfOptions): LoadedElf {
    checkArgument("loadElf", "bytes", bytes, bytesRule);
    checkOptions("loadElf", options, loadElfRules);
    const { name = "program", args = [name] } = options;
    if (this.config.registers !== 32) {
      throw new ConfigError(
        `${name} needs 32 registers and this machine has 16; set registers: 32`,
      );
    }
    const image = parseElf(bytes, name);
    const base = image.isRelocatable ? this.chooseBase(image) : 0;
    const placed = image.segments.map((segment) => this.place(image, segment, base));
    const end = Math.max(this.dataEnd, ...placed.map((region) => region.end));
    const argument = align(end, ARGUMENT_ALIGN);
    const block = argumentBlock(argument, args);
    this.checkRoom(image, argument + block.length);
    // Nothing is refused from here on.
    for (const segment of image.segments) this.fill(image, segment, base);
    this.write(argument, block);
    this.regions.push(...placed);
    this.host.textNext = Math.max(this.host.textNext, ...this.textEnds(placed));
    this.share(argument + block.length);
    const symbols = new SymbolTable(name, image.sections.symbols, base);
    const loaded: LoadedElf = Object.freeze({
      name,
      entry: image.entry + base,
      argument,
      base,
      image,
      symbols,
      addressOf: (symbol: string) => symbols.addressOf(symbol),
    });
    this.elfs.push(loaded);
    return loaded;
  }

  private textEnds(placed: readonly Region[]): number[] {
    const { textMemory } = this.config;
    return placed.filter(({ end }) => end <= textMemory).map(({ end }) => align(end, 4));
  }

  /** Where a position-independent program goes: its text to the text, what it writes behind that. */
  private chooseBase(image: ElfImage): number {
    const writable = image.segments.filter((segment) => segment.writable);
    if (writable.length === 0) return align(this.host.textNext, PAGE);
    const first = Math.min(...writable.map(({ address }) => address));
    const lowest = image.segments[0]?.address ?? 0;
    const least = Math.max(this.config.textMemory - first, this.host.textNext - lowest);
    return align(Math.max(least, 0), PAGE);
  }

  /** Where a segment goes, if it may go there. */
  private place(image: ElfImage, segment: ElfSegment, base: number): Region {
    const { textMemory, guestMemory } = this.config;
    const start = segment.address + base;
    const end = start + segment.size;
    const what = `${image.file}: its segment at ${hex(start)}, ${segment.size} bytes long,`;
    const low = this.kernel.machine("guest_low") + 4;
    if (start < low) {
      throw new ConfigError(
        `${what} begins below ${hex(low)}, where the machine's own text is; link it higher`,
      );
    }
    if (end > guestMemory) {
      throw new ConfigError(
        `${what} ends beyond guest memory; guestMemory (${guestMemory} bytes) must be at least ${end}`,
      );
    }
    if (segment.executable && segment.writable) {
      throw new ConfigError(
        `${what} is text that can be written, and text cannot be; link text and data as segments of their own, without -N or --omagic`,
      );
    }
    if (segment.executable && end > textMemory) {
      throw new ConfigError(
        `${what} is text and ends beyond the text; textMemory (${textMemory} bytes) must be at least ${end}`,
      );
    }
    if (segment.writable && start < textMemory) {
      throw new ConfigError(
        `${what} can be written and begins within the text, which cannot; textMemory (${textMemory} bytes) must be at most ${start}`,
      );
    }
    const other = this.occupied().find((region) => start < region.end && region.start < end);
    if (other !== undefined) {
      throw new ConfigError(
        `${what} overlaps ${other.name} at ${hex(other.start)}; link one of them elsewhere`,
      );
    }
    return { name: `a segment of ${image.file}`, start, end };
  }

  private occupied(): Region[] {
    const { kernel, config } = this;
    const low = kernel.machine("guest_low");
    const own: Region[] = [];
    if (this.elfs.length === 0) {
      own.push({ name: "programs that are loaded already", start: low, end: this.host.textNext });
      own.push({
        name: "data that is loaded already",
        start: config.textMemory,
        end: this.host.dataNext,
      });
    } else {
      own.push({ name: "memory that programs use", start: this.sharedFrom, end: this.dataEnd });
      own.push({ name: "stacks of threads", start: this.dataLimit, end: config.guestMemory });
    }
    return [...this.regions, ...own];
  }

  private checkRoom({ file }: ElfImage, end: number): void {
    if (end + PAGE <= this.dataLimit) return;
    const { guestMemory } = this.config;
    throw new ConfigError(
      `${file}: no room is left for its arguments and a stack; guestMemory (${guestMemory} bytes) must be larger`,
    );
  }

  private fill(image: ElfImage, segment: ElfSegment, base: number): void {
    const start = segment.address + base;
    const guest = this.kernel.machine("guest_base");
    this.kernel.u8.fill(0, guest + start, guest + start + segment.size);
    this.write(start, segmentBytes(image, segment, base));
    if (!segment.executable) return;
    this.kernel.exports.rv32_decode_text(start & ~3, align(start + segment.size, 4));
  }

  private sharedFrom = 0;

  /** Gives C programs what is left from `from` on. */
  private share(from: number): void {
    if (!this.isShared) {
      this.sharedFrom = from;
      this.kernel.setMachine("stack_low", this.config.guestMemory & ~(STACK_ALIGN - 1));
    }
    this.kernel.setMachine("brk", from);
    this.host.dataNext = from;
  }

  // ---- Looking ----

  /** The program that an address belongs to. */
  elfAt(address: number): LoadedElf | undefined {
    return this.elfs.find(({ image, base }) =>
      image.segments.some((segment) => {
        const start = segment.address + base;
        return address >= start && address < start + segment.size;
      }),
    );
  }

  /** As {@link describe}, with the labels and data blocks of the builder's programs. */
  nameOf(address: number): string {
    const program = this.built.find(
      ({ textBase, textEnd, dataBase, dataEnd }) =>
        (address >= textBase && address < textEnd) || (address >= dataBase && address < dataEnd),
    );
    const nearest = program?.symbols
      .filter(([at]) => at <= address && at >= program.textBase)
      .reduce<readonly [number, string] | null>(
        (best, symbol) => (best === null || symbol[0] > best[0] ? symbol : best),
        null,
      );
    if (nearest === undefined || nearest === null) return this.describe(address);
    const offset = address - nearest[0];
    return offset === 0 ? nearest[1] : `${nearest[1]}+${hex(offset)}`;
  }

  /** An address as `symbol+0x1c` where a program has a symbol for it. */
  describe(address: number): string {
    checkArgument("describe", "address", address, unsigned);
    return this.elfAt(address)?.symbols.describe(address) ?? hex(address);
  }
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** The number of arguments, their addresses, 0, and their texts, as they lie at `address`. */
function argumentBlock(address: number, args: readonly string[]): Uint8Array {
  const texts = args.map((text) => new TextEncoder().encode(`${text}\0`));
  const head = 4 * (args.length + 2);
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + text.length, head));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, args.length, true);
  let at = head;
  for (const [index, text] of texts.entries()) {
    view.setUint32(4 * (index + 1), address + at, true);
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}

/** The most guest memory that a machine may have. */
const GUEST_MEMORY_MAX = 2 ** 31;

/**
 * The text and guest memory that programs at fixed addresses need at least.
 *
 * @throws ConfigError where that is more than there can be.
 */
export function memoryOf(images: readonly ElfImage[]): { textMemory: number; end: number } {
  const fixed = images
    .filter(({ isRelocatable }) => !isRelocatable)
    .flatMap(({ segments }) => segments);
  const ends = (segments: readonly ElfSegment[]) =>
    segments.map(({ address, size }) => address + size);
  for (const { file, segments } of images) {
    const beyond = segments.find(({ address, size }) => address + size > GUEST_MEMORY_MAX);
    if (beyond === undefined) continue;
    throw new ConfigError(
      `${file}: its segment at ${hex(beyond.address)} ends beyond ${hex(GUEST_MEMORY_MAX)}, behind which no machine has memory; link it lower, or run it by exec --bare if it is for bare metal`,
    );
  }
  const writable = fixed.filter((segment) => segment.writable).map(({ address }) => address);
  const text = Math.max(0, ...ends(fixed.filter((segment) => segment.executable)));
  const textMemory = Math.max(text, Math.min(...writable, 1 << 16));
  return { textMemory: align(textMemory, 4), end: Math.max(textMemory, ...ends(fixed)) };
}
