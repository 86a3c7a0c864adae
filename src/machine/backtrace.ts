// Who called whom, from a thread's registers and stack.
//
// Compilers leave no frame pointers by default, and what they write about frames is stripped from most
// programs. But a function's own first instructions say how large its frame is and where in it the
// return address lies: they are read from the function's start up to the place in question.

import {
  type CallNames,
  decode,
  disassemble,
  expandCompressed,
  type Instruction,
  isCompressed,
} from "../program/index.js";

/** Reads guest memory; undefined where there is none. */
export interface GuestReader {
  half(address: number): number | undefined;
  word(address: number): number | undefined;
}

/** Where to begin. */
export interface FrameRegisters {
  readonly pc: number;
  readonly sp: number;
  readonly ra: number;
}

const FRAMES_MAX = 64;
const INSTRUCTIONS_MAX = 20_000;
const RA = 1;
const SP = 2;

/** An instruction in guest memory. */
export interface FoundInstruction {
  /** Its bits as they are there. */
  readonly word: number;
  readonly size: 2 | 4;
  /** Its 32 bits, or those that its 16 bits stand for; undefined where they stand for none. */
  readonly full: number | undefined;
  /** Decoded; undefined where it is no instruction. */
  readonly instruction: Instruction | undefined;
}

/** The instruction at an address; undefined where there is no memory. */
export function instructionAt(guest: GuestReader, address: number): FoundInstruction | undefined {
  const low = guest.half(address);
  if (low === undefined) return undefined;
  if (isCompressed(low)) {
    const full = expandCompressed(low);
    return { word: low, size: 2, full, instruction: full === undefined ? undefined : decode(full) };
  }
  const high = guest.half(address + 2);
  if (high === undefined) return undefined;
  const word = ((high << 16) | low) >>> 0;
  return { word, size: 4, full: word, instruction: decode(word) };
}

/** An instruction as text. */
export function instructionText({ word, size, full }: FoundInstruction, names: CallNames): string {
  if (full !== undefined) return disassemble(full, names);
  return `${size === 2 ? ".half" : ".word"} 0x${word.toString(16).padStart(2 * size, "0")}`;
}

/** What a function has done to the stack when it has come to a place. */
interface Frame {
  /** Bytes between sp and the caller's sp. */
  readonly size: number;
  /** Where the return address lies, from the caller's sp downwards; undefined while it is in ra. */
  readonly returnAddress: number | undefined;
}

/** Follows what instructions do to the stack pointer. */
class FrameScan {
  size = 0;
  returnAddress: number | undefined;
  /** Registers that hold known numbers: large frames are made with one. */
  private readonly known = new Map<number, number>();

  step({ op, rd, rs1, rs2, imm }: Instruction): void {
    if (op === "sw" && rs1 === SP && rs2 === RA) this.returnAddress ??= this.size - imm;
    else if (op === "addi" && rd === SP && rs1 === SP && imm < 0) this.size -= imm;
    else if ((op === "add" || op === "sub") && rd === SP) this.move(op, rs1 === SP ? rs2 : rs1);
    else if (op === "lui") this.known.set(rd, imm << 12);
    else if (op === "addi" && (rs1 === 0 || this.known.has(rs1))) {
      this.known.set(rd, ((rs1 === 0 ? 0 : (this.known.get(rs1) ?? 0)) + imm) | 0);
    }
  }

  private move(op: "add" | "sub", register: number): void {
    const amount = this.known.get(register) ?? 0;
    const grown = op === "sub" ? amount : -amount;
    if (grown > 0) this.size += grown;
  }
}

/** The frame of the function that starts at `start` when it is about to execute `pc`. */
function frameAt(guest: GuestReader, start: number, pc: number): Frame {
  const scan = new FrameScan();
  let at = start;
  for (let count = 0; at < pc && count < INSTRUCTIONS_MAX; count++) {
    const found = instructionAt(guest, at);
    if (found === undefined) break;
    const { instruction, size } = found;
    if (instruction !== undefined) {
      if (givesBack(instruction) && pc <= epilogueEnd(guest, at)) {
        return { size: 0, returnAddress: undefined };
      }
      scan.step(instruction);
    }
    at += size;
  }
  return { size: scan.size, returnAddress: scan.returnAddress };
}

function givesBack({ op, rd, rs1, imm }: Instruction): boolean {
  return op === "addi" && rd === SP && rs1 === SP && imm > 0;
}

/** The address of the jump that ends an epilogue: it comes soon after the frame has been given back. */
function epilogueEnd(guest: GuestReader, from: number): number {
  let at = from;
  for (let count = 0; count < 4; count++) {
    const found = instructionAt(guest, at);
    if (found?.instruction === undefined) break;
    if (found.instruction.op === "jalr" || found.instruction.op === "jal") return at;
    at += found.size;
  }
  return from;
}

/**
 * The addresses of a backtrace: the place in question first, then where each caller goes on.
 *
 * @param functionStart the start of the function that an address belongs to, if it is known
 */
export function backtrace(
  guest: GuestReader,
  registers: FrameRegisters,
  functionStart: (address: number) => number | undefined,
): number[] {
  const places = [registers.pc];
  let { pc, sp } = registers;
  let ra: number | undefined = registers.ra;
  while (places.length < FRAMES_MAX) {
    const start = functionStart(places.length === 1 ? pc : pc - 1);
    if (start === undefined && places.length > 1) break;
    const frame =
      start === undefined ? { size: 0, returnAddress: undefined } : frameAt(guest, start, pc);
    const caller = sp + frame.size;
    const next = frame.returnAddress === undefined ? ra : guest.word(caller - frame.returnAddress);
    ra = undefined; // only the innermost function may still have it in its register
    if (next === undefined || functionStart(next - 1) === undefined) break;
    if (next === pc && caller === sp) break;
    places.push(next);
    pc = next;
    sp = caller;
  }
  return places;
}
