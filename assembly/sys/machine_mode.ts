// What a bare-metal program has in place of a kernel: the control and status registers of machine mode, the
// only mode there is. They belong to the one CPU (c), and only cpu/rv32_machine_mode.ts uses them.
import { machine } from "./machine";

@unmanaged
export class MachineMode {
  /** What mcycle and minstret add to the CPU's own counts of cycles and instructions. */
  cycle_offset: u64;
  instret_offset: u64;
  mstatus: u32; // MIE and MPIE; the other bits are constant
  mie: u32;
  mtvec: u32;
  mscratch: u32;
  mepc: u32;
  mcause: u32;
  mtval: u32;
  /** Range of guest addresses with decoded instructions. */
  decoded_low: u32;
  decoded_high: u32;
}

/**
 * pmpcfg0-3 and pmpaddr0-15 follow. They have no effect: an entry that is not locked does not bind machine mode.
 */
export const PMP_CONFIGS: u32 = 4;
const PMP_ADDRESSES: u32 = 16;

/** Bytes of the structure and these. */
export function machine_mode_bytes(): usize {
  return offsetof<MachineMode>() + <usize>(PMP_CONFIGS + PMP_ADDRESSES) * sizeof<u32>();
}

/** The machine-mode registers of the machine's bare-metal program. */
export function machine_mode(): MachineMode {
  return changetype<MachineMode>(machine().mmode_base);
}
