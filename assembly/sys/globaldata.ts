// The per-CPU structure. Only its own CPU touches it, in a critical section; other CPUs send messages
// (kern/lwkt_ipiq.ts). The host reads it between slices.

import { machine } from "./machine";
import { GLOBALDATA_ADDRESS } from "./param";
import { Thread } from "./proc";

@unmanaged
export class GlobalData {
  gd_curthread: Thread;
  gd_idletd: Thread; //        this CPU's idle thread: on no queue, always in a critical section
  gd_runqmask: u32; //         bit n: level n may have threads; stale bits are cleared by the switcher
  gd_reqpri: i32; //           something happened in a critical section: look when td_pri falls below
  gd_intr_nesting_level: i32;
  gd_cpuid: u32;
  gd_flags: u32; //            GDF_*
  gd_tdfreecount: i32; //      exited structures kept for reuse
  gd_tdfreeq: Thread; //       first and last of them
  gd_tdfreeq_last: Thread;
  gd_deadthread: Thread; //    PCPU deadthread: exited, its zombie not yet filed (kern_thread.c 991)
  gd_nintr: u32; //            interrupt lines pended in a critical section, see GD_INTRQ_OFFSET
  gd_nrunnable: i32; //        threads on this CPU's run queue
  gd_switchticks: i32;
  gd_cycles: u64; //           this CPU's clock, in cycles since boot
  gd_switchtime: u64; //       its value when the current thread was switched to
  gd_slice_end: u64; //        the current slice ends here
  gd_idle: u64; //             cycles spent in the idle thread
  gd_switch_count: u64; //     lwkt.switch_count, of this CPU
  gd_switches: u64; //         machine switches: from one thread to another
  gd_preempt_hit: u64;
  gd_preempt_miss: u64;
  gd_preempt_weird: u64;
  gd_instructions: u64; //     RV32 instructions
  gd_hash: u64; //             running hash of the scheduling events
  gd_ipi_sent: u64;
  gd_ipi_received: u64;
  gd_last: Thread; //          last thread that ran (4bsd logs a switch between different threads)
  gd_wheel: usize; //          this CPU's callout wheel (kern/kern_timeout.ts)
  gd_softticks: u64; //        ticks up to which its callouts have run
  gd_next_callout: u64; //     tick of its earliest callout, ~0 = none
  gd_halted_at: u64; //        cycles at which it was halted
  gd_tokreq: Thread; //        first and last thread whose request for a token waits here
  gd_tokreq_last: Thread;
  gd_ipi_from: u64; //         CPUs that have sent messages in this round
  gd_ipi_seen: u64; //         CPUs whose messages of earlier rounds wait to be delivered
}

// Bits of gd_flags.
/** A thread that should run instead of the current one became runnable. */
export const GDF_RESCHED: u32 = 0x1;
/** The switch under way is not the thread's own will. */
export const GDF_INVOL: u32 = 0x8;
/** An interrupt came from outside: the pended ones run when the thread is next between instructions. */
export const GDF_INTR: u32 = 0x10;
/** The CPU runs its idle thread and has nothing to do. */
export const GDF_HALTED: u32 = 0x4;

/** Bytes from one CPU's structure to the next. */
export const GLOBALDATA_STRIDE: usize = 1024;
/** Behind the fields: the 32 LWKT levels (sys/runq.ts), then the pended interrupt lines, oldest first. */
export const GD_RUNQ_OFFSET: usize = 320;
export const GD_INTRQ_OFFSET: usize = 576;
/** And at the end, what the emulated CPU keeps for itself (cpu/cpu_state.ts). */
export const GD_CPU_STATE_OFFSET: usize = 896;

/** The structure of CPU `cpu`. */
export function globaldata(cpu: u32): GlobalData {
  return changetype<GlobalData>(GLOBALDATA_ADDRESS + <usize>cpu * GLOBALDATA_STRIDE);
}

/** The structure of the CPU that runs. */
export function mycpu(): GlobalData {
  return machine().curcpu;
}

/** The thread that runs. */
export function curthread(): Thread {
  return machine().curcpu.gd_curthread;
}
