// Ranges of guest memory that a debugger watches. They lie behind the machine structure. The host changes
// them between runs, through debug_watch (cpu/rv32_break.ts), which also turns on the emulated CPUs' checks.
import { Machine } from "./machine";
import { GLOBALDATA_ADDRESS, MACHINE_ADDRESS, WATCHES_MAX } from "./param";

/** Bits of w_access. */
export const WATCH_STORES: u32 = 0x1;
export const WATCH_LOADS: u32 = 0x2;

/** A range; without access bits it is unused. */
@unmanaged
export class Watch {
  w_from: u32; //   guest address of its first byte
  w_size: u32; //   bytes
  w_access: u32; // WATCH_*
}

const WATCH_ADDRESS: usize = (MACHINE_ADDRESS + offsetof<Machine>() + 7) & ~7;

if (WATCH_ADDRESS + <usize>WATCHES_MAX * offsetof<Watch>() > GLOBALDATA_ADDRESS) {
  ERROR("GLOBALDATA_ADDRESS: what a debugger watches reaches into it");
}

export function watch_at(index: u32): Watch {
  return changetype<Watch>(WATCH_ADDRESS + <usize>index * offsetof<Watch>());
}
