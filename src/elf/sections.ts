// What a report wants to know of a program: its symbols, and the sections with debug information.

import {
  SectionType,
  SHDR_SIZE,
  SHF_COMPRESSED,
  SHN_UNDEF,
  SYM_SIZE,
  SymbolType,
} from "./format.js";
import type { Reader } from "./reader.js";

/** A function or variable. */
export interface ElfSymbol {
  readonly name: string;
  /** Where it is; for a position-independent program relative to where that is loaded. */
  readonly address: number;
  /** Its bytes; 0 where the file does not say. */
  readonly size: number;
  readonly isFunction: boolean;
}

/** What the file holds besides the program. */
export interface ElfSections {
  /** Functions and variables in the order of addresses. */
  readonly symbols: readonly ElfSymbol[];
  /** The bytes of a section, such as ".debug_line", or undefined where there is none. */
  find(name: string): Uint8Array | undefined;
}

const SYMBOLS_MAX = 1_000_000;
const SECTIONS_MAX = 10_000;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Reads the section table; a file without one has no symbols. */
export function readSections(reader: Reader): ElfSections {
  const sections = sectionTable(reader);
  const table = sections.find(({ type }) => type === SectionType.SYMTAB);
  const symbols = table === undefined ? [] : readSymbols(reader, sections, table);
  return {
    symbols,
    find(name) {
      const section = sections.find((candidate) => candidate.name === name);
      if (section === undefined || section.type === SectionType.NOBITS) return undefined;
      if ((section.flags & SHF_COMPRESSED) !== 0) return undefined;
      return reader.bytes.subarray(section.offset, section.offset + section.size);
    },
  };
}

function sectionTable(reader: Reader): Section[] {
  const offset = reader.u32(32);
  const entrySize = reader.u16(46);
  const count = reader.u16(48);
  if (offset === 0 || count === 0) return [];
  if (entrySize !== SHDR_SIZE) {
    reader.fail(
      `its section headers have ${entrySize} bytes each, not ${SHDR_SIZE}; it is damaged`,
    );
  }
  if (count > SECTIONS_MAX) {
    reader.fail(`it has ${count} sections; at most ${SECTIONS_MAX} are allowed: strip it`);
  }
  reader.checkRange("its table of sections", offset, count * SHDR_SIZE);
  const names = namesSection(reader, offset, count);
  return Array.from({ length: count }, (_, index) => {
    const at = offset + index * SHDR_SIZE;
    const section = {
      name: sectionName(reader, names, reader.u32(at)),
      type: reader.u32(at + 4),
      flags: reader.u32(at + 8),
      offset: reader.u32(at + 16),
      size: reader.u32(at + 20),
      link: reader.u32(at + 24),
    };
    if (section.type !== SectionType.NOBITS && section.type !== 0) {
      reader.checkRange(`section ${index}`, section.offset, section.size);
    }
    return section;
  });
}

interface Names {
  readonly offset: number;
  readonly size: number;
}

/** Where the sections' names are. */
function namesSection(reader: Reader, table: number, count: number): Names {
  const index = reader.u16(50);
  if (index === 0) return { offset: 0, size: 0 };
  if (index >= count) {
    reader.fail(
      `section ${index}, which holds the sections' names, is none of its ${count} sections`,
    );
  }
  const at = table + index * SHDR_SIZE;
  const names = { offset: reader.u32(at + 16), size: reader.u32(at + 20) };
  reader.checkRange("the names of its sections", names.offset, names.size);
  return names;
}

function sectionName(reader: Reader, { offset, size }: Names, at: number): string {
  return at < size ? reader.text(offset + at, offset + size) : "";
}

// ---- Symbols ----

function readSymbols(reader: Reader, sections: readonly Section[], table: Section): ElfSymbol[] {
  const names = sections[table.link];
  if (names === undefined || names.type !== SectionType.STRTAB) {
    reader.fail(
      `its symbols have their names in section ${table.link}, which holds none; strip it`,
    );
  }
  const count = Math.floor(table.size / SYM_SIZE);
  if (count > SYMBOLS_MAX) {
    reader.fail(`it has ${count} symbols; at most ${SYMBOLS_MAX} are allowed: strip it`);
  }
  const symbols: ElfSymbol[] = [];
  for (let index = 0; index < count; index++) {
    const symbol = readSymbol(reader, table.offset + index * SYM_SIZE, names);
    if (symbol !== undefined) symbols.push(symbol);
  }
  return symbols.sort(
    (a, b) => a.address - b.address || b.size - a.size || compare(a.name, b.name),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A symbol that a person would know; not labels of the compiler, and nothing that is defined elsewhere. */
function readSymbol(reader: Reader, at: number, names: Section): ElfSymbol | undefined {
  const type = reader.u8(at + 12) & 0xf;
  if (type > SymbolType.FUNC || reader.u16(at + 14) === SHN_UNDEF) return undefined;
  const name = sectionName(reader, names, reader.u32(at));
  if (name === "" || name.startsWith("$") || name.startsWith(".L")) return undefined;
  return {
    name,
    address: reader.u32(at + 4),
    size: reader.u32(at + 8),
    isFunction: type === SymbolType.FUNC,
  };
}
