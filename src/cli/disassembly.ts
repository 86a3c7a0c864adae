// A program's instructions as text: addresses, bits, mnemonics, and the names of its functions.

import { calls } from "../core/calls.js";
import { type ElfImage, type ElfSegment, SymbolTable } from "../elf/index.js";
import { type GuestReader, instructionAt, instructionText } from "../machine/backtrace.js";
import { callNames, type Instruction } from "../program/index.js";

const nameOfCall = callNames(calls);

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** Reads a segment's bytes by their addresses. */
function readerOf({ address: start, bytes }: ElfSegment): GuestReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (address: number, size: number) =>
    address >= start && address + size <= start + bytes.length;
  return {
    half: (address) => (has(address, 2) ? view.getUint16(address - start, true) : undefined),
    word: (address) => (has(address, 4) ? view.getUint32(address - start, true) : undefined),
  };
}

/** Where a jump or branch leads, or undefined for another instruction. */
function targetOf(instruction: Instruction | undefined, address: number): number | undefined {
  if (instruction === undefined) return undefined;
  const { op, imm } = instruction;
  return op === "jal" || /^b(eq|ne|ltu?|geu?)$/.test(op) ? (address + imm) >>> 0 : undefined;
}

function* lines(segment: ElfSegment, symbols: SymbolTable): Generator<string> {
  const reader = readerOf(segment);
  const end = segment.address + segment.bytes.length;
  let at = segment.address + (segment.address % 2);
  let current = "";
  while (at < end) {
    const place = symbols.at(at);
    if (place !== undefined && place.offset === 0 && place.symbol.name !== current) {
      current = place.symbol.name;
      yield `\n${hex(at, 8)} <${current}>:\n`;
    }
    const found = instructionAt(reader, at);
    if (found === undefined) break;
    const target = targetOf(found.instruction, at);
    const where = target === undefined ? "" : `  # ${hex(target, 0)} <${symbols.describe(target)}>`;
    const bits = hex(found.word, 2 * found.size).padEnd(8);
    yield `${hex(at, 8)}:  ${bits}  ${instructionText(found, nameOfCall)}${where}\n`;
    at += found.size;
  }
}

/** All instructions of a program, as text. */
export function disassembleElf(image: ElfImage): string {
  const symbols = new SymbolTable(image.file, image.sections.symbols, 0);
  const parts: string[] = [];
  for (const segment of image.segments) {
    if (!segment.executable) continue;
    for (const line of lines(segment, symbols)) parts.push(line);
  }
  return parts.join("").replace(/^\n/, "");
}
