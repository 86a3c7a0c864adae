// The state of an emulated CPU apart from the registers of its thread. It is the last part of the CPU's
// GlobalData, so that CPUs share none of it. rv32_init sets what is constant, and rv32_run what is constant
// during one run.
//
// Rejected: locals of the inner loop for these constants. They would compete with what does change for the
// processor's registers; a field is a memory operand of the one instruction that needs it.
import { GD_CPU_OFFSET, GlobalData } from "../sys/globaldata";
import { CACHE_LINE_MASK, GLOBALDATA_STRIDE } from "../sys/param";

@unmanaged
export class CpuState {
  // Constant after boot.
  /** td_base of the machine in both halves, see pair_hash. */
  td_bases: u64;
  /** Guest addresses at which the text and the storable memory begin. */
  origin: u32;
  store_low: u32;
  /** Addresses of the first byte that can be loaded, and of the first that can be stored to. */
  guest: usize;
  data: usize;
  /** Bytes of text, and the address of its first record. */
  text_size: u32;
  decoded: usize;
  /** Address of a thread's stack word minus a sixteenth of the thread's address. */
  stacks: usize;
  /** Loads of 1, 2 and 4 bytes may begin below these offsets from the lowest guest address of programs. */
  load1_end: u32;
  load2_end: u32;
  load4_end: u32;
  /** The same for stores, behind store_low; lower while another CPU has a reservation. */
  store1_end: u32;
  store2_end: u32;
  store4_end: u32;
  /** Value of PLAIN_FIELD for a thread of this CPU that runs RV32 code and is in no call. */
  plain: u32;

  // Constant during one run of the inner loop.
  /** The end of the slice in 32nds of a cycle, and the time at which the inner loop is left to check for it. */
  end: u64;
  limit: u64;
  /** Distance from the head of the level from which yields take threads to its tail. */
  gap: usize;
  /** Value of that head at which the loop must stop: at the end of a chunk, or of the budget of switches. */
  stop: usize;
  /** Value of that head when the level was taken, or when its turns were last reported. */
  turned: usize;
  /** 1 = under this scheduler a running thread is on no queue, see kern/sched_turn.ts. */
  shares: u32;
  /** 1 = threads take turns on the level, see kern/sched_turn.ts. */
  turns: u32;
  /** 1 = kernel calls may be performed in the inner loop, see run/quick_calls.ts. */
  quick: u32;
  /** The hash after rv32_yield_turns. */
  turns_hash: u64;

  /** For rv32_slow: instructions of this run that are completed and not yet accounted for (run_end). */
  elapsed: u64;

  // Kept from one instruction to a later one.
  /** The address reserved by lr.w, or NO_RESERVATION; a kernel call ends a reservation, too (rv32_reserve.ts). */
  reservation: u32;
  /** The thread that reserved it, and its count of switches then: a switch ends a reservation. */
  reserved_td: usize;
  reserved_switches: u32;
  /** CPUs whose reservations limit the window of stores. */
  watches: u64;
  /** Address of the last fault: of memory, of a jump's target, or of the instruction. */
  fault_address: u32;
  /** Time of the last sample (rv32_compiled.ts), in 32nds of a cycle; negative where time has begun again since. */
  sampled: u64;
  /** Sum of words that were loaded only to bring in their cache lines. */
  touched: u32;
  /** 1 = of the threads last examined ahead of their turns, some use their registers. */
  touch_registers: u32;
}

/** Not the address of any word. */
export const NO_RESERVATION: u32 = 1;

if (GD_CPU_OFFSET + offsetof<CpuState>() > GLOBALDATA_STRIDE) {
  ERROR("CpuState is too large for its place at the end of GlobalData");
}
if (
  offsetof<CpuState>("reserved_td") != offsetof<CpuState>("reservation") + sizeof<usize>() ||
  offsetof<CpuState>("reserved_switches") != offsetof<CpuState>("reservation") + 2 * sizeof<usize>()
) {
  ERROR("compiled code wants the three words of a reservation in this order");
}
if ((GD_CPU_OFFSET & CACHE_LINE_MASK) != 0) ERROR("CpuState must begin a cache line");
if (
  ((offsetof<CpuState>("limit") | offsetof<CpuState>("watches") | offsetof<CpuState>("sampled")) &
    7) !=
  0
) {
  ERROR("the u64 of CpuState must be aligned");
}

/** The state of the CPU that `gd` belongs to. */
export function cpu_state(gd: GlobalData): CpuState {
  return changetype<CpuState>(changetype<usize>(gd) + GD_CPU_OFFSET);
}
