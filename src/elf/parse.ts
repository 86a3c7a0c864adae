// Reads an ELF file of a 32-bit RISC-V program: what to put where, and what a report can say about it.
//
// A file may come from anywhere, so that nothing in it is believed: every offset and size is checked
// against the file, every address against the 32 bits that there are, and the work is bounded by
// the size of the file. What is wrong is told in one sentence, and nothing has happened then.

import { bytes as bytesRule, checkArgument, text } from "../core/arguments.js";
import { hex } from "../core/hex.js";
import { dynamicRelocations, type ElfRelocation } from "./dynamic.js";
import {
  EF_RISCV_FLOAT_ABI,
  EF_RISCV_RVC,
  EF_RISCV_RVE,
  EHDR_SIZE,
  EM_RISCV,
  FileType,
  machineNames,
  PF_R,
  PF_W,
  PF_X,
  PHDR_SIZE,
  SegmentType,
} from "./format.js";
import { Reader } from "./reader.js";
import { type ElfSections, readSections } from "./sections.js";
import type { ElfSegment, ProgramHeader } from "./segments.js";

/** A program as its file describes it. */
export interface ElfImage {
  /** The file, as the caller names it. */
  readonly file: string;
  /** Where execution starts. */
  readonly entry: number;
  /** It can be loaded anywhere (PIE): its addresses are relative. */
  readonly isRelocatable: boolean;
  /** It has 16-bit instructions. */
  readonly isCompressed: boolean;
  /** What is loaded, in the order of addresses; no two overlap. */
  readonly segments: readonly ElfSegment[];
  /** What loading has to fill in. */
  readonly relocations: readonly ElfRelocation[];
  /** Symbols and debug information. */
  readonly sections: ElfSections;
}

const SEGMENTS_MAX = 64;
const ADDRESSES = 2 ** 32;
const COMPILE_FOR = "compile it with -march=rv32imac -mabi=ilp32";

/**
 * Reads a program.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 * @throws ElfError when it is not a static program for 32-bit RISC-V, or is damaged.
 */
export function parseElf(bytes: Uint8Array, file = "program"): ElfImage {
  checkArgument("parseElf", "bytes", bytes, bytesRule);
  checkArgument("parseElf", "file", file, text);
  const reader = new Reader(file, bytes);
  checkIdentity(reader);
  const type = checkHeader(reader);
  const flags = checkFlags(reader);
  const headers = programHeaders(reader);
  const segments = loadSegments(reader, headers);
  const entry = reader.u32(24);
  const isCompressed = (flags & EF_RISCV_RVC) !== 0;
  checkEntry(reader, entry, segments, isCompressed ? 2 : 4);
  const isRelocatable = type === FileType.DYN;
  return Object.freeze({
    file,
    entry,
    isRelocatable,
    isCompressed,
    segments,
    relocations: isRelocatable ? dynamicRelocations(reader, headers, segments) : [],
    sections: readSections(reader),
  });
}

// ---- The file's header ----

function checkIdentity(reader: Reader): void {
  const { bytes, size } = reader;
  const start = bytes.subarray(0, 4);
  if (
    size < 4 ||
    start[0] !== 0x7f ||
    start[1] !== 0x45 ||
    start[2] !== 0x4c ||
    start[3] !== 0x46
  ) {
    reader.fail("this is not an ELF file; kthread-machine cc makes one from C");
  }
  if (size < EHDR_SIZE) {
    reader.fail(
      `the file has ${size} bytes, and an ELF header alone has ${EHDR_SIZE}; it was cut off`,
    );
  }
  if (bytes[4] === 2)
    reader.fail(`this is a 64-bit program and the machine has 32 bits; ${COMPILE_FOR}`);
  if (bytes[4] !== 1)
    reader.fail(`its class is ${bytes[4]}, neither 32 nor 64 bits; it is damaged`);
  if (bytes[5] === 2) reader.fail("this is a big-endian program; RISC-V code is little-endian");
  if (bytes[5] !== 1)
    reader.fail(`its byte order is ${bytes[5]}, which does not exist; it is damaged`);
  if (bytes[6] !== 1) reader.fail(`its ELF version is ${bytes[6]}, not 1; it is damaged`);
}

function checkHeader(reader: Reader): number {
  const type = reader.u16(16);
  const machine = reader.u16(18);
  if (machine !== EM_RISCV) {
    const name = machineNames[machine] ?? `machine ${machine}`;
    reader.fail(`this is a program for ${name}, not for RISC-V; ${COMPILE_FOR}`);
  }
  if (type === FileType.REL) {
    reader.fail(
      "this is an object file that has not been linked; kthread-machine cc FILE.o -o OUT.elf links it",
    );
  }
  if (type !== FileType.EXEC && type !== FileType.DYN) {
    reader.fail(`its type is ${type}, not a program (2 or 3); give the linked program`);
  }
  return type;
}

function checkFlags(reader: Reader): number {
  const flags = reader.u32(36);
  if ((flags & EF_RISCV_FLOAT_ABI) !== 0) {
    reader.fail(
      `it passes numbers in floating-point registers, which do not exist here; ${COMPILE_FOR}`,
    );
  }
  if ((flags & EF_RISCV_RVE) !== 0) {
    reader.fail(`it was compiled for RV32E with 16 registers; ${COMPILE_FOR}`);
  }
  return flags;
}

// ---- Segments ----

function programHeaders(reader: Reader): ProgramHeader[] {
  const offset = reader.u32(28);
  const entrySize = reader.u16(42);
  const count = reader.u16(44);
  if (count === 0) reader.fail("it has no program headers, so that nothing says what to load");
  if (count > SEGMENTS_MAX) {
    reader.fail(`it has ${count} program headers; at most ${SEGMENTS_MAX} are allowed`);
  }
  if (entrySize !== PHDR_SIZE) {
    reader.fail(
      `its program headers have ${entrySize} bytes each, not ${PHDR_SIZE}; it is damaged`,
    );
  }
  reader.checkRange("its table of program headers", offset, count * PHDR_SIZE);
  return Array.from({ length: count }, (_, index) =>
    programHeader(reader, offset + index * PHDR_SIZE),
  );
}

function programHeader(reader: Reader, at: number): ProgramHeader {
  return {
    type: reader.u32(at),
    offset: reader.u32(at + 4),
    address: reader.u32(at + 8),
    fileSize: reader.u32(at + 16),
    size: reader.u32(at + 20),
    flags: reader.u32(at + 24),
  };
}

function loadSegments(reader: Reader, headers: readonly ProgramHeader[]): readonly ElfSegment[] {
  const segments: ElfSegment[] = [];
  for (const [index, header] of headers.entries()) {
    if (header.type === SegmentType.INTERP) {
      reader.fail("it wants a dynamic loader, and there is none; link it with -static");
    }
    if (header.type === SegmentType.TLS && header.size !== 0) {
      reader.fail(
        "it has thread-local variables, which nobody makes here; kthread-machine cc --libc picolibc does, on threads' stacks",
      );
    }
    if (header.type === SegmentType.LOAD && header.size !== 0) {
      segments.push(segmentOf(reader, header, index));
    } else if (header.type === SegmentType.LOAD && header.fileSize !== 0) {
      reader.fail(`segment ${index} has ${header.fileSize} bytes in the file and none in memory`);
    }
  }
  if (segments.length === 0) reader.fail("none of its segments is to be loaded");
  segments.sort((a, b) => a.address - b.address);
  checkOverlaps(reader, segments);
  return segments;
}

function segmentOf(reader: Reader, header: ProgramHeader, index: number): ElfSegment {
  const { offset, address, fileSize, size, flags } = header;
  reader.checkRange(`segment ${index}`, offset, fileSize);
  if (fileSize > size) {
    reader.fail(`segment ${index} has ${fileSize} bytes in the file and only ${size} in memory`);
  }
  if (address + size > ADDRESSES) {
    reader.fail(
      `segment ${index} of ${size} bytes at ${hex(address)} ends beyond 32-bit addresses`,
    );
  }
  return Object.freeze({
    address,
    size,
    bytes: reader.bytes.subarray(offset, offset + fileSize),
    readable: (flags & PF_R) !== 0,
    writable: (flags & PF_W) !== 0,
    executable: (flags & PF_X) !== 0,
  });
}

function checkOverlaps(reader: Reader, segments: readonly ElfSegment[]): void {
  let end = 0;
  for (const { address, size } of segments) {
    if (address < end) {
      reader.fail(`two of its segments overlap at ${hex(address)}; it is damaged`);
    }
    end = address + size;
  }
}

function checkEntry(
  reader: Reader,
  entry: number,
  segments: readonly ElfSegment[],
  align: number,
): void {
  const home = segments.find(({ address, size }) => entry >= address && entry < address + size);
  if (home === undefined) {
    reader.fail(
      `its entry point ${hex(entry)} is in none of its segments; name the function that it begins with by -Wl,-e,NAME`,
    );
  }
  if (!home.executable) {
    reader.fail(
      `its entry point ${hex(entry)} is in a segment that must not be executed; name a function by -Wl,-e,NAME`,
    );
  }
  if (entry % align !== 0) {
    reader.fail(
      `its entry point ${hex(entry)} is no multiple of ${align}; no instruction is there`,
    );
  }
}
