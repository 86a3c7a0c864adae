// What went wrong in a program, told so that its author can find it: the report of a fault.

import {
  arrayOf,
  checkArgument,
  integer,
  nullable,
  shaped,
  text,
  unsigned,
} from "../core/arguments.js";
import { nameOfCall } from "../core/calls.js";
import { hex } from "../core/hex.js";
import type { Kernel } from "../core/kernel.js";
import { registerAt } from "../core/rv32-frame.js";
import { type SourceLine, sourceLines } from "../elf/index.js";
import * as Layout from "../generated/layout.js";
import { registerName } from "../program/index.js";
import { backtrace, type GuestReader, instructionAt, instructionText } from "./backtrace.js";
import type { Programs } from "./programs.js";

/** A place in a program. */
export interface CodePlace {
  /** The guest address. */
  readonly address: number;
  /** The address as `symbol+0x1c`, or in hexadecimal where no symbol is known. */
  readonly where: string;
  /** The line of the source, if the program knows it. */
  readonly line: SourceLine | null;
}

/** A fault of a thread. */
export interface FaultReport {
  /** The thread's name. */
  readonly thread: string;
  /** The thread's address, which is another thread's once this one is reaped. */
  readonly td: number;
  /** Its thread id; -1 for a thread of LWKT alone. */
  readonly tid: number;
  /** The CPU that it ran on. */
  readonly cpu: number;
  /** What happened, such as "load from 0x0, where there is no memory". */
  readonly cause: string;
  /** The address that the fault is about: of memory, of a jump's target, or of the instruction. */
  readonly address: number;
  /** The instruction that could not be executed, disassembled. */
  readonly instruction: string;
  /** Where that is, then where each caller goes on. */
  readonly backtrace: readonly CodePlace[];
  /** pc and x1 to x31 by their names. */
  readonly registers: Readonly<Record<string, number>>;
}

const causes: Readonly<Record<number, (address: string) => string>> = {
  [Layout.RV_FAULT_ILLEGAL]: () => "illegal instruction",
  [Layout.RV_FAULT_FETCH]: (address) => `jump to ${address}, where there is no text`,
  [Layout.RV_FAULT_LOAD]: (address) => `load from ${address}, where there is no memory`,
  [Layout.RV_FAULT_STORE]: (address) => `store to ${address}, where nothing can be stored`,
  [Layout.RV_FAULT_MISALIGNED_ATOMIC]: (address) =>
    `atomic operation on ${address}, which is misaligned`,
  [Layout.RV_FAULT_BREAKPOINT]: () => "breakpoint",
  [Layout.RV_FAULT_STACK]: (address) => `stack overflow: the stack pointer would be ${address}`,
};

/** Reads guest memory, for {@link instructionAt} and backtraces. */
export function guestReader(kernel: Kernel): GuestReader {
  const base = kernel.machine("guest_base");
  const low = kernel.machine("guest_low");
  const size = kernel.config.guestMemory;
  const has = (address: number, bytes: number) => address >= low && address + bytes <= size;
  return {
    half: (address) =>
      has(address, 2) && address % 2 === 0
        ? kernel.view.getUint16(base + address, true)
        : undefined,
    word: (address) => (has(address, 4) ? kernel.view.getUint32(base + address, true) : undefined),
  };
}

/** The registers of a thread of RV32 code, by name. */
function registersOf(kernel: Kernel, td: number, pc: number): Record<string, number> {
  const registers: Record<string, number> = { pc };
  for (let number = 1; number < kernel.config.registers; number++) {
    registers[registerName(number)] = kernel.read(registerAt(kernel, td, number));
  }
  return registers;
}

/** Tells of a fault that has just happened: the thread's registers are as they were. */
export function reportFault(
  kernel: Kernel,
  programs: Programs,
  { td, kind, pc, address }: { td: number; kind: number; pc: number; address: number },
): FaultReport {
  const registers = registersOf(kernel, td, pc);
  const guest = guestReader(kernel);
  const found = instructionAt(guest, pc);
  return Object.freeze({
    thread: kernel.nameAt(td),
    td,
    tid: kernel.readSigned(kernel.cold(td) + Layout.ThreadCold.td_tid),
    cpu: kernel.read(kernel.machine("curcpu") + Layout.GlobalData.gd_cpuid),
    cause: (causes[kind] ?? (() => `fault ${kind}`))(describeAddress(programs, address)),
    address,
    instruction: found === undefined ? "" : instructionText(found, nameOfCall),
    backtrace: places(programs, trace(programs, guest, registers)),
    registers,
  });
}

/** An address, and the symbol that it belongs to. */
function describeAddress(programs: Programs, address: number): string {
  const where = programs.describe(address);
  return where === hex(address) ? where : `${hex(address)} (${where})`;
}

function trace(
  programs: Programs,
  guest: GuestReader,
  { pc = 0, sp = 0, ra = 0 }: Readonly<Record<string, number>>,
): number[] {
  return backtrace(guest, { pc, sp, ra }, (address) => {
    const place = programs.elfAt(address)?.symbols.at(address);
    return place?.symbol.isFunction === true ? address - place.offset : undefined;
  });
}

/** Places with their symbols and lines; a caller's line, all but the first, is that of its call. */
function places(programs: Programs, addresses: readonly number[]): readonly CodePlace[] {
  return addresses.map((address, index) => {
    const elf = programs.elfAt(address);
    if (elf === undefined) return { address, where: hex(address), line: null };
    const asked = address - elf.base - (index === 0 ? 0 : 1);
    const line = sourceLines(elf.image.sections, [asked]).get(asked) ?? null;
    return { address, where: elf.symbols.describe(address), line };
  });
}

/** Files that come with this package, as `cc` names them. */
const OURS = /^(?:lib\/c\/|include\/kthread_machine[./])/;

/**
 * The line of a program's own source that a thread of RV32 code has come to: in the C library and its headers, the one
 * that has called them. Null where the program knows none.
 */
export function ownLine(
  kernel: Kernel,
  programs: Programs,
  td: number,
  pc: number,
): SourceLine | null {
  const frames = trace(programs, guestReader(kernel), registersOf(kernel, td, pc));
  for (const [index, frame] of frames.entries()) {
    const line = ownLineAt(programs, index === 0 ? frame : frame - 1);
    if (line !== null) return line;
  }
  return null;
}

/** The line at an address, or the last one before it in its function that is the program's own. */
function ownLineAt(programs: Programs, address: number): SourceLine | null {
  const elf = programs.elfAt(address);
  if (elf === undefined) return null;
  const { sections } = elf.image;
  const asked = address - elf.base;
  const line = sourceLines(sections, [asked]).get(asked) ?? null;
  if (line === null || !OURS.test(line.file)) return line;
  // Compilers give what they have inlined the lines of where it stands.
  const before: number[] = [];
  for (let at = asked - 2; at >= asked - (elf.symbols.at(address)?.offset ?? 0); at -= 2) {
    before.push(at);
  }
  const lines = sourceLines(sections, before);
  for (const at of before) {
    const found = lines.get(at);
    if (found !== undefined && !OURS.test(found.file)) return found;
  }
  return null;
}

const REGISTERS_IN_ROW = 4;

const place = shaped("", {
  address: unsigned,
  where: text,
  line: nullable(shaped("", { file: text, line: integer })),
});
const reportRule = shaped("a report of a fault, such as an element of machine.faults", {
  thread: text,
  cpu: integer,
  cause: text,
  instruction: text,
  backtrace: arrayOf(place, ""),
  registers: {
    allowed: "",
    accepts: (value) =>
      typeof value === "object" && value !== null && Object.values(value).every(integer.accepts),
  },
});

/** A report as text, several lines. */
export function formatFault(report: FaultReport): string {
  checkArgument("formatFault", "report", report, reportRule);
  const { thread, cpu, cause, instruction, registers } = report;
  const frames = report.backtrace.map(({ address, where, line }, index) => {
    const source = line === null ? "" : `, ${line.file}:${line.line}`;
    return `  #${index} ${hex(address)} ${where}${source}`;
  });
  const cells = Object.entries(registers).map(([name, value]) => {
    return `${name.padStart(4)} ${value.toString(16).padStart(8, "0")}`;
  });
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += REGISTERS_IN_ROW) {
    rows.push(` ${cells.slice(at, at + REGISTERS_IN_ROW).join(" ")}`);
  }
  return [
    `thread "${thread}" on CPU ${cpu}: ${cause}`,
    `  instruction: ${instruction === "" ? "none" : instruction}`,
    ...frames,
    ...rows,
  ].join("\n");
}
