// What a program on bare metal has in place of a kernel: the control and status registers of machine mode, the
// only mode that there is. They are (c) of the one CPU, and cpu/rv32_machine_mode.ts is their only user.

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
  /** pmpcfg0 to 3 and pmpaddr0 to 15, which do nothing: they never bind machine mode, without locks. */
  pmp0: u32;
  pmp1: u32;
  pmp2: u32;
  pmp3: u32;
  pmpaddr0: u32;
  pmpaddr1: u32;
  pmpaddr2: u32;
  pmpaddr3: u32;
  pmpaddr4: u32;
  pmpaddr5: u32;
  pmpaddr6: u32;
  pmpaddr7: u32;
  pmpaddr8: u32;
  pmpaddr9: u32;
  pmpaddr10: u32;
  pmpaddr11: u32;
  pmpaddr12: u32;
  pmpaddr13: u32;
  pmpaddr14: u32;
  pmpaddr15: u32;
}
