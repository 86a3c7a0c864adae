// What a program on bare metal has in place of a kernel: the control and status registers of machine mode, the
// only mode that there is. They are (c) of the one CPU, and cpu/rv32_machine_mode.ts is their only user.
import { machine } from "./machine";

@unmanaged
export class MachineMode {
  /** What mcycle and minstret show more than the CPU's cycles and instructions. */
  cycle_offset: u64;
  instret_offset: u64;
  mstatus: u32; // MIE and MPIE; the others are constant
  mie: u32;
  mtvec: u32;
  mscratch: u32;
  mepc: u32;
  mcause: u32;
  mtval: u32;
  /** Guest addresses between which there are records of decoded text. */
  decoded_low: u32;
  decoded_high: u32;
}

/** pmpcfg0 to 3 and pmpaddr0 to 15 lie behind it. They do nothing: without locks they never bind machine mode. */
export const PMP_CONFIGS: u32 = 4;
const PMP_ADDRESSES: u32 = 16;

/** Bytes of all. */
export function machine_mode_bytes(): usize {
  return offsetof<MachineMode>() + <usize>(PMP_CONFIGS + PMP_ADDRESSES) * sizeof<u32>();
}

/** The registers of the machine's program on bare metal. */
export function machine_mode(): MachineMode {
  return changetype<MachineMode>(machine().mmode_base);
}
