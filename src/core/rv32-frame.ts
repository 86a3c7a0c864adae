// Where the kernel keeps the registers and the pc of a thread that runs RV32 code. The pc is the address of a record:
// text is executed as it was decoded (assembly/sys/proc.ts, assembly/cpu/rv32_decode.ts).

import * as Layout from "../generated/layout.js";
import type { Kernel } from "./kernel.js";

/** Registers in a thread's frame, from x0 on; the others are in a line of their own. */
const FRAME_REGISTERS = 16;
/** How far a distance of guest addresses is shifted to be one of records. */
export const RECORD_SHIFT = 3;
/** Bytes of records for a byte of text. */
export const RECORD_RATIO = 1 << RECORD_SHIFT;

/** From a thread's address to that of its register with a number, 1 to 31. */
export function registerDelta(kernel: Kernel, register: number): number {
  return register < FRAME_REGISTERS
    ? (kernel.frameDelta + 4 * register) >>> 0
    : (kernel.machine("high_delta") + 4 * (register - FRAME_REGISTERS)) >>> 0;
}

/** The address of a thread's register with a number, 1 to 31; one of RV32E has 1 to 15. */
export function registerAt(kernel: Kernel, td: number, register: number): number {
  return (td + registerDelta(kernel, register)) >>> 0;
}

/** The guest address of the instruction that a thread executes next. */
export function pcOf(kernel: Kernel, td: number): number {
  const record = kernel.read(td + Layout.Thread.td_pc) - kernel.machine("decoded_base");
  return (kernel.machine("guest_origin") + (record >>> RECORD_SHIFT)) >>> 0;
}

/** The address of the record of a guest address, which must be one of text or its end. */
export function recordAt(kernel: Kernel, pc: number): number {
  // A product: memory on bare metal is so large that a shift would not do.
  return kernel.machine("decoded_base") + (pc - kernel.machine("guest_origin")) * RECORD_RATIO;
}

/** Has a thread go on at a guest address of text. */
export function setPc(kernel: Kernel, td: number, pc: number): void {
  kernel.u32[(td + Layout.Thread.td_pc) >>> 2] = recordAt(kernel, pc);
}
