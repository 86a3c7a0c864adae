// What one emulated CPU needs while it runs, apart from the registers of its thread. It is the last part of
// the CPU's GlobalData, so that CPUs share nothing of it. rv32_init fills in what never changes, and
// rv32_run what holds for one run.
//
// Rejected: locals of the inner loop for what does not change in it. They would compete for the processor's
// registers with what does change; as a field each is an operand in memory of the one instruction
// that needs it.
import { GD_CPU_OFFSET, GlobalData } from "../sys/globaldata";
import { GLOBALDATA_STRIDE } from "../sys/param";

@unmanaged
export class CpuState {
  // What never changes after boot.
  /** td_base of the machine in both halves, see pair_hash. */
  td_bases: u64;
  /** Guest addresses where the text and what can be stored to begin. */
  origin: u32;
  store_low: u32;
  /** Addresses of the first bytes that can be loaded and stored to. */
  guest: usize;
  data: usize;
  /** Bytes of text, and the address of its first record. */
  text_size: u32;
  decoded: usize;
  /** Where the word of a thread's stack would be if the thread's address, divided by 16, were 0. */
  stacks: usize;
  /** Loads of 1, 2 and 4 bytes may begin below these addresses, counted from the lowest of a program's. */
  load1_end: u32;
  load2_end: u32;
  load4_end: u32;
  /** The same for stores, behind store_low; lower while another CPU has a reservation. */
  store1_end: u32;
  store2_end: u32;
  store4_end: u32;
  /** PLAIN_FIELD of a thread of this CPU that runs RV32 code and has nothing else to do. */
  plain: u32;

  // What holds for one run of the inner loop.
  /** The end of the slice, in 32nds of a cycle, and where the inner loop is left to look for it. */
  end: u64;
  limit: u64;
  /** Distance from the head of the level that yields take threads from to its tail. */
  gap: usize;
  /** Where that head needs attention: at the end of a chunk, or of the budget of switches. */
  stop: usize;
  /** Where that head was when the level was taken, or its turns were last told of. */
  turned: usize;
  /** 1 = the scheduler is one under which a running thread is on no queue, see kern/sched_turn.ts. */
  shares: u32;
  /** 1 = the level is one on which threads take turns, see kern/sched_turn.ts. */
  turns: u32;
  /** 1 = kernel calls may be performed in the inner loop, see run/quick_calls.ts. */
  quick: u32;
  /** The hash after rv32_yield_turns. */
  turns_hash: u64;

  /** For rv32_slow: instructions that this run has completed and not accounted for yet (run_end). */
  elapsed: u64;

  // What stays from one instruction to a later one.
  /** The address that lr.w reserved, or NO_RESERVATION; a kernel call ends it, too (rv32_reserve.ts). */
  reservation: u32;
  /** Its thread, and how often that had been switched away from: a switch ends a reservation. */
  reserved_td: usize;
  reserved_switches: u32;
  /** CPUs whose reservations the window of stores leaves out. */
  watches: u64;
  /** The address that the last fault was about: memory, a jump's target, or the instruction. */
  fault_address: u32;
  /** When a sample was taken last (rv32_compiled.ts), in sixteenths of a cycle. */
  sampled: u64;
  /** Sum of the words that were loaded only to have their cache lines. */
  touched: u32;
  /** 1 = of the threads that were looked at last, ahead of their turns, some touch their registers. */
  touch_registers: u32;
}

/** No word's address. */
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
if ((GD_CPU_OFFSET & 63) != 0) ERROR("CpuState must begin a cache line");
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
