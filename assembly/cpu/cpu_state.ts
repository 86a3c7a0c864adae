// What the emulated CPU itself remembers between instructions, apart from the thread's registers. It
// lies at the end of the CPU's GlobalData, which gives it a place of its own per CPU.
import { GD_CPU_OFFSET, GlobalData } from "../sys/globaldata";
import { GLOBALDATA_STRIDE } from "../sys/param";

@unmanaged
export class CpuState {
  /** The address that lr.w reserved, or NO_RESERVATION; a kernel call or a new slice ends it, too. */
  reservation: u32;
  /** Its thread, and how often that had been switched away from: a switch ends a reservation. */
  reserved_td: usize;
  reserved_switches: u32;
  /** The address that the last fault was about: memory, a jump's target, or the instruction. */
  fault_address: u32;
  /** Sum of the words that were loaded only to have their cache lines. */
  touched: u32;
}

/** No word's address. */
export const NO_RESERVATION: u32 = 1;

if (GD_CPU_OFFSET + offsetof<CpuState>() > GLOBALDATA_STRIDE)
  ERROR("CpuState: GLOBALDATA_STRIDE has no room");

/** The state of the CPU that `gd` belongs to. */
export function cpu_state(gd: GlobalData): CpuState {
  return changetype<CpuState>(changetype<usize>(gd) + GD_CPU_OFFSET);
}
