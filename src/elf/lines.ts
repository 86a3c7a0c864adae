// Source lines of addresses, from a program's .debug_line (DWARF 2 to 5, 32-bit; chapter 6.2).
//
// The section holds programs for a small machine whose rows say which line the code at an address comes
// from. They are run from the start for each question: questions are rare, and nothing has to be
// kept. What cannot be read is left out: a report without lines is better than none.

import { callback, checkArgument, type Rule, shaped, unsigned } from "../core/arguments.js";
import type { ElfSections } from "./sections.js";

/** A place in a source file. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

const sectionsRule = shaped("the sections of a program that parseElf has read", {
  find: callback,
  symbols: { allowed: "", accepts: Array.isArray },
});
const addressesRule: Rule = {
  allowed: "an array or a set of addresses",
  accepts: (value) =>
    (Array.isArray(value) || value instanceof Set) && [...value].every(unsigned.accepts),
};

/** The source lines of addresses (as in the file, not relocated), where the program knows them. */
export function sourceLines(
  sections: ElfSections,
  addresses: Iterable<number>,
): ReadonlyMap<number, SourceLine> {
  checkArgument("sourceLines", "sections", sections, sectionsRule);
  checkArgument("sourceLines", "addresses", addresses, addressesRule);
  const found = new Map<number, SourceLine>();
  const section = sections.find(".debug_line");
  if (!(section instanceof Uint8Array)) return found;
  const strings = { line: sections.find(".debug_line_str"), other: sections.find(".debug_str") };
  const wanted = [...new Set(addresses)];
  const cursor = new Cursor(section, 0, section.length);
  while (cursor.at + 4 <= section.length && wanted.length > found.size) {
    const length = cursor.u32();
    if (length === 0 || cursor.at + length > section.length) break;
    const unit = new Cursor(section, cursor.at, cursor.at + length);
    try {
      runUnit(unit, strings, wanted, found);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // the next unit may be one that can be read
    }
    cursor.at += length;
  }
  return found;
}

interface Strings {
  readonly line: Uint8Array | undefined;
  readonly other: Uint8Array | undefined;
}

const decoder = new TextDecoder();

/** Reads numbers as DWARF writes them; a RangeError at the end. */
class Cursor {
  at: number;
  readonly end: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  private take(size: number): number {
    if (this.at + size > this.end) throw new RangeError("the end of the debug information");
    this.at += size;
    return this.at - size;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  i8(): number {
    return this.view.getInt8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  skip(size: number): void {
    this.take(size);
  }

  /** LEB128, of which 32 bits count. */
  uleb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  sleb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      return shift < 25 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value;
    }
  }

  text(): string {
    const zero = this.bytes.subarray(this.at, this.end).indexOf(0);
    if (zero < 0) throw new RangeError("a text without an end");
    return decoder.decode(this.bytes.subarray(this.take(zero + 1), this.at - 1));
  }
}

/** What the head of a unit says. */
interface Header {
  readonly minimumLength: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands of each standard opcode. */
  readonly operands: readonly number[];
  /** Paths by number. */
  readonly files: readonly string[];
}

function runUnit(
  unit: Cursor,
  strings: Strings,
  wanted: readonly number[],
  found: Map<number, SourceLine>,
): void {
  const version = unit.u16();
  if (version < 2 || version > 5) return;
  if (version === 5) unit.skip(2);
  const headerEnd = unit.u32() + unit.at;
  const header = readHeader(unit, version, strings);
  if (header.lineRange === 0) return;
  unit.at = headerEnd;
  new LineProgram(unit, header, wanted, found).run();
}

function readHeader(unit: Cursor, version: number, strings: Strings): Header {
  const minimumLength = unit.u8();
  if (version >= 4) unit.skip(1);
  const defaultIsStatement = unit.u8() !== 0;
  const lineBase = unit.i8();
  const lineRange = unit.u8();
  const opcodeBase = unit.u8();
  const operands = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operands.push(unit.u8());
  const files = version === 5 ? readFiles5(unit, strings) : readFiles(unit);
  return { minimumLength, defaultIsStatement, lineBase, lineRange, opcodeBase, operands, files };
}

function pathOf(folder: string | undefined, name: string): string {
  return folder === undefined || folder === "" || name.startsWith("/") ? name : `${folder}/${name}`;
}

/** The files of DWARF 2 to 4; their numbers start at 1, and folder 0 is where the compiler ran. */
function readFiles(unit: Cursor): string[] {
  const folders = [""];
  for (let name = unit.text(); name !== ""; name = unit.text()) folders.push(name);
  const files = [""];
  for (let name = unit.text(); name !== ""; name = unit.text()) {
    files.push(pathOf(folders[unit.uleb()], name));
    unit.uleb();
    unit.uleb();
  }
  return files;
}

const Content = Object.freeze({ PATH: 1, FOLDER: 2 });
const Form = Object.freeze({
  DATA2: 0x05,
  DATA4: 0x06,
  DATA8: 0x07,
  STRING: 0x08,
  BLOCK: 0x09,
  DATA1: 0x0b,
  STRP: 0x0e,
  UDATA: 0x0f,
  DATA16: 0x1e,
  LINE_STRP: 0x1f,
});

/** The files of DWARF 5: two tables that say themselves what is in their entries. */
function readFiles5(unit: Cursor, strings: Strings): string[] {
  const folders = readTable5(unit, strings).map(({ name }) => name);
  // Folder 0 is where the compiler ran.
  if (folders.length > 0) folders[0] = "";
  return readTable5(unit, strings).map(({ name, folder }) => pathOf(folders[folder], name));
}

function readTable5(unit: Cursor, strings: Strings): { name: string; folder: number }[] {
  const format: [content: number, form: number][] = [];
  for (let left = unit.u8(); left > 0; left--) format.push([unit.uleb(), unit.uleb()]);
  const entries: { name: string; folder: number }[] = [];
  const count = unit.uleb();
  for (let index = 0; index < count && !unit.isAtEnd && format.length > 0; index++) {
    const entry = { name: "", folder: 0 };
    for (const [content, form] of format) {
      const value = readForm(unit, form, strings);
      if (content === Content.PATH) entry.name = String(value);
      else if (content === Content.FOLDER) entry.folder = Number(value);
    }
    entries.push(entry);
  }
  return entries;
}

function readForm(unit: Cursor, form: number, strings: Strings): string | number {
  switch (form) {
    case Form.STRING:
      return unit.text();
    case Form.LINE_STRP:
      return textAt(strings.line, unit.u32());
    case Form.STRP:
      return textAt(strings.other, unit.u32());
    case Form.UDATA:
      return unit.uleb();
    case Form.DATA1:
      return unit.u8();
    case Form.DATA2:
      return unit.u16();
    case Form.DATA4:
      return unit.u32();
    case Form.DATA8:
      unit.skip(8);
      return 0;
    case Form.DATA16:
      unit.skip(16);
      return 0;
    case Form.BLOCK:
      unit.skip(unit.uleb());
      return 0;
    default:
      throw new RangeError(`form ${form}`);
  }
}

function textAt(section: Uint8Array | undefined, offset: number): string {
  return section === undefined || offset >= section.length
    ? ""
    : new Cursor(section, offset, section.length).text();
}

/** The machine that makes rows, and looks for the wanted addresses between them. */
class LineProgram {
  private address = 0;
  private file = 1;
  private line = 1;
  /** The sequence is of code that the linker has left out: it has put it at 0. */
  private isLeftOut = false;
  /** The row before, or null at the start of a sequence. */
  private row: { address: number; file: number; line: number } | null = null;

  constructor(
    private readonly unit: Cursor,
    private readonly header: Header,
    private readonly wanted: readonly number[],
    private readonly found: Map<number, SourceLine>,
  ) {}

  run(): void {
    while (!this.unit.isAtEnd) this.step(this.unit.u8());
  }

  private step(opcode: number): void {
    const { opcodeBase, lineBase, lineRange, minimumLength } = this.header;
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      this.advance(Math.floor(adjusted / lineRange) * minimumLength);
      this.line += lineBase + (adjusted % lineRange);
      this.emit();
    } else if (opcode === 0) {
      this.extended();
    } else {
      this.standard(opcode);
    }
  }

  private advance(bytes: number): void {
    this.address = (this.address + bytes) >>> 0;
  }

  private standard(opcode: number): void {
    const { unit, header } = this;
    switch (opcode) {
      case 1: // copy
        this.emit();
        break;
      case 2: // advance_pc
        this.advance(unit.uleb() * header.minimumLength);
        break;
      case 3: // advance_line
        this.line += unit.sleb();
        break;
      case 4: // set_file
        this.file = unit.uleb();
        break;
      case 8: // const_add_pc
        this.advance(
          Math.floor((255 - header.opcodeBase) / header.lineRange) * header.minimumLength,
        );
        break;
      case 9: // fixed_advance_pc
        this.advance(unit.u16());
        break;
      default:
        for (let left = header.operands[opcode] ?? 0; left > 0; left--) unit.uleb();
    }
  }

  private extended(): void {
    const { unit } = this;
    const length = unit.uleb();
    const next = unit.at + length;
    const opcode = length === 0 ? 0 : unit.u8();
    if (opcode === 1) {
      this.emit();
      this.address = 0;
      this.file = 1;
      this.line = 1;
      this.row = null;
    } else if (opcode === 2 && length === 5) {
      this.address = unit.u32();
      this.isLeftOut = this.address === 0;
    }
    if (next > unit.end) throw new RangeError("an operation beyond the end");
    unit.at = next;
  }

  /**
   * A row: what lies between the row before and this one belongs to the line of the row before. Line 0 is code that
   * the compiler has added, of no line.
   */
  private emit(): void {
    const { row, address, file, line } = this;
    if (row !== null && row.line !== 0 && !this.isLeftOut) {
      for (const wanted of this.wanted) {
        if (wanted < row.address || wanted >= address) continue;
        const path = this.header.files[row.file];
        if (path !== undefined && path !== "")
          this.found.set(wanted, { file: path, line: row.line });
      }
    }
    this.row = { address, file, line };
  }
}
