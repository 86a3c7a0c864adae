// Relocations of a position-independent program that is linked statically (-static-pie): the words that
// hold addresses, which only loading knows.

import { hex } from "../core/hex.js";
import {
  DYN_SIZE,
  Dynamic,
  RELA_SIZE,
  RELR_SIZE,
  Relocation,
  SegmentType,
  SHN_UNDEF,
  STB_WEAK,
  SYM_SIZE,
} from "./format.js";
import type { Reader } from "./reader.js";
import type { ElfSegment, ProgramHeader } from "./segments.js";

/** A word that gets an address. */
export interface ElfRelocation {
  /** The word's address, relative to where the program is loaded. */
  readonly at: number;
  /** What it gets. */
  readonly value: number;
  /** `value` is relative to where the program is loaded, too. */
  readonly isRelative: boolean;
}

/** The relocations of a position-independent program. */
export function dynamicRelocations(
  reader: Reader,
  headers: readonly ProgramHeader[],
  segments: readonly ElfSegment[],
): readonly ElfRelocation[] {
  const header = headers.find(({ type }) => type === SegmentType.DYNAMIC);
  if (header === undefined) return [];
  const tags = dynamicTags(reader, header);
  if (tags.has(Dynamic.NEEDED)) {
    reader.fail("it wants shared libraries, and there are none; link it with -static-pie");
  }
  if (tags.has(Dynamic.REL)) {
    reader.fail("it has relocations without addends, which RISC-V does not use; it is damaged");
  }
  const tables: readonly (readonly [number, number])[] = [
    [Dynamic.RELA, Dynamic.RELASZ],
    [Dynamic.JMPREL, Dynamic.PLTRELSZ],
  ];
  const found: ElfRelocation[] = [];
  for (const [where, howLong] of tables) {
    const address = tags.get(where);
    if (address === undefined) continue;
    const size = tags.get(howLong) ?? 0;
    readTable(reader, segments, { address, size, symbols: tags.get(Dynamic.SYMTAB) }, found);
  }
  const packed = tags.get(Dynamic.RELR);
  if (packed !== undefined) {
    readPacked(reader, segments, packed, tags.get(Dynamic.RELRSZ) ?? 0, found);
  }
  return found;
}

/**
 * The packed table of words that hold their addends (RELR): an even entry is the place of one, an odd one says by its
 * other bits which of the next 31 words are more of them.
 */
function readPacked(
  reader: Reader,
  segments: readonly ElfSegment[],
  address: number,
  size: number,
  found: ElfRelocation[],
): void {
  const view = viewAt(reader, segments, "its packed table of relocations", address, size);
  const add = (at: number) => {
    checkPlace(reader, segments, at);
    found.push({ at, value: wordAt(segments, at), isRelative: true });
  };
  let next = 0;
  for (let at = 0; at + RELR_SIZE <= size; at += RELR_SIZE) {
    const entry = view.getUint32(at, true);
    if (entry % 2 === 0) {
      add(entry);
      next = entry + RELR_SIZE;
      continue;
    }
    for (let bit = 1; bit < 32; bit++) {
      if (((entry >>> bit) & 1) !== 0) add(next + (bit - 1) * RELR_SIZE);
    }
    next += 31 * RELR_SIZE;
  }
}

/** The word that is loaded at a place in a segment; it is 0 behind the bytes of the file. */
function wordAt(segments: readonly ElfSegment[], place: number): number {
  const home = segments.find(({ address, size }) => place >= address && place < address + size);
  const bytes = new Uint8Array(4);
  if (home !== undefined) {
    const from = place - home.address;
    bytes.set(home.bytes.subarray(from, from + 4));
  }
  return new DataView(bytes.buffer).getUint32(0, true);
}

function dynamicTags(reader: Reader, { offset, fileSize }: ProgramHeader): Map<number, number> {
  reader.checkRange("its dynamic section", offset, fileSize);
  const tags = new Map<number, number>();
  for (let at = offset; at + DYN_SIZE <= offset + fileSize; at += DYN_SIZE) {
    const tag = reader.u32(at);
    if (tag === Dynamic.NULL) break;
    tags.set(tag, reader.u32(at + 4));
  }
  return tags;
}

interface Table {
  readonly address: number;
  readonly size: number;
  /** Address of the dynamic symbols. */
  readonly symbols: number | undefined;
}

function readTable(
  reader: Reader,
  segments: readonly ElfSegment[],
  { address, size, symbols }: Table,
  found: ElfRelocation[],
): void {
  const view = viewAt(reader, segments, "its table of relocations", address, size);
  for (let at = 0; at + RELA_SIZE <= size; at += RELA_SIZE) {
    const place = view.getUint32(at, true);
    const info = view.getUint32(at + 4, true);
    const addend = view.getUint32(at + 8, true);
    const type = info & 0xff;
    if (type === Relocation.NONE) continue;
    checkPlace(reader, segments, place);
    if (type === Relocation.RELATIVE) {
      found.push({ at: place, value: addend, isRelative: true });
    } else if (type === Relocation.ABS32 || type === Relocation.JUMP_SLOT) {
      const symbol = symbolValue(reader, segments, symbols, info >>> 8);
      found.push({
        at: place,
        value: (symbol.value + addend) >>> 0,
        isRelative: symbol.isRelative,
      });
    } else {
      reader.fail(
        `the relocation at ${hex(place)} has type ${type}, which a static program does not need; link it with -static-pie`,
      );
    }
  }
}

/** The bytes of the file that are loaded at an address. */
function viewAt(
  reader: Reader,
  segments: readonly ElfSegment[],
  what: string,
  address: number,
  size: number,
): DataView {
  const home = segments.find(
    (segment) =>
      address >= segment.address && address + size <= segment.address + segment.bytes.length,
  );
  if (home === undefined) {
    reader.fail(
      `${what} at ${hex(address)}, ${size} bytes long, is not in the file; it is damaged`,
    );
  }
  const { buffer, byteOffset } = home.bytes;
  return new DataView(buffer, byteOffset + address - home.address, size);
}

function checkPlace(reader: Reader, segments: readonly ElfSegment[], place: number): void {
  const isInside = segments.some(
    ({ address, size }) => place >= address && place + 4 <= address + size,
  );
  if (!isInside) reader.fail(`a relocation is for ${hex(place)}, which is in none of its segments`);
}

function symbolValue(
  reader: Reader,
  segments: readonly ElfSegment[],
  symbols: number | undefined,
  index: number,
): { value: number; isRelative: boolean } {
  if (symbols === undefined) reader.fail("it has relocations for symbols, but no dynamic symbols");
  const view = viewAt(reader, segments, "a dynamic symbol", symbols + index * SYM_SIZE, SYM_SIZE);
  if (view.getUint16(14, true) !== SHN_UNDEF) {
    return { value: view.getUint32(4, true), isRelative: true };
  }
  if (view.getUint8(12) >>> 4 !== STB_WEAK && index !== 0) {
    reader.fail(`symbol ${index} is used but not defined; link the file that defines it`);
  }
  return { value: 0, isRelative: false };
}
