// The per-CPU structure: its fields, then LWKT's run queue and the pended interrupt threads, and at the end
// the state of the emulated CPU (cpu/).
//
// Locking: only its own CPU touches it, in a critical section. Other CPUs write to letters instead
// (kern/lwkt_ipiq.ts). The host reads it between slices.
import { ChunkList, ChunkLists } from "./chunklist";
import { PendCell } from "./intr";
import { Machine, machine } from "./machine";
import {
  CACHE_LINE_MASK,
  GLOBALDATA_ADDRESS,
  GLOBALDATA_STRIDE,
  MACHINE_ADDRESS,
  MAXCPU,
  MAXPENDING,
  NRUNQ,
  STATICS_ADDRESS,
} from "./param";
import { Thread } from "./proc";

@unmanaged
export class GlobalData {
  gd_curthread: Thread;
  gd_idletd: Thread; //        this CPU's idle thread: on no queue, always in a critical section
  gd_runqmask: u32; //         bit n: level n may have threads; stale bits are cleared by the switcher
  gd_reqpri: i32; //           a request arrived in a critical section: look when td_pri falls below it
  gd_intr_nesting_level: i32;
  gd_cpuid: u32;
  gd_flags: u32; //            GDF_*
  gd_tdfreecount: i32; //      exited structures kept for reuse
  gd_tdfreeq: Thread; //       first and last of these structures
  gd_tdfreeq_last: Thread;
  gd_deadthread: Thread; //    PCPU deadthread: exited, its zombie not yet filed (kern_thread.c 991)
  gd_nintr: u32; //            interrupt lines pended in a critical section (gd_intrq)
  gd_nrunnable: i32; //        threads on this CPU's run queue
  gd_cycles: u64; //           this CPU's clock, in cycles since boot
  gd_switchtime: u64; //       gd_cycles when the current thread was switched to
  gd_slice_end: u64; //        gd_cycles at which the current slice ends
  gd_idle: u64; //             cycles spent in the idle thread
  gd_switch_count: u64; //     lwkt.switch_count of this CPU
  gd_switches: u64; //         switches from one thread to another, of any kind
  gd_preempt_hit: u64;
  gd_preempt_miss: u64;
  gd_preempt_weird: u64;
  gd_instructions: u64; //     RV32 instructions
  gd_hash: u64; //             running hash of the scheduling events
  gd_ipi_sent: u64;
  gd_ipi_received: u64;
  gd_wheel: usize; //          this CPU's callout wheel (kern/kern_timeout.ts)
  gd_softticks: u64; //        ticks up to which its callouts have run
  gd_next_callout: u64; //     tick of its earliest callout, or an earlier one; ~0 = none
  gd_pend_first: PendCell; //  pended interrupt threads that gd_intrq has no room for, first and last
  gd_pend_last: PendCell;
  gd_pend_current: Thread; //  one that was pended while it ran and there was no room, behind these
  gd_slice_td: Thread; //      the thread that was current when the slice's last step began
  gd_slice_reason: u32; //     why the interpreter left its loop
  gd_late: u32; //             rounds by which its messages are delayed (kern/kern_chaos.ts)
  gd_in_slice: u32; //         1 = it is in the middle of its slice
  gd_broken: u32; //           event at which a debugger has stopped it inside RV32 code, or 0
  gd_schedclock: u64; //       lwkt-modern: last tick of its round-robin clock
  gd_switch_why: u32; //       kr_why of the records being written: SW_* or WHY_CALLOUT
  gd_touched: u32; //          sum of words that were loaded only to bring in their cache lines
}

// Bits of gd_flags.
/** A thread that should run in place of the current one became runnable. */
export const GDF_RESCHED: u32 = 0x1;
/** The switch in progress is involuntary. */
export const GDF_INVOL: u32 = 0x8;
/** An outside interrupt arrived: pended interrupt threads run at the next safe point. */
export const GDF_INTR: u32 = 0x10;
/** The running thread has used up the slice that a time-sharing scheduler gave it. */
export const GDF_SLICEEND: u32 = 0x20;
/** Threads with deadlines may run here, so no fast path may take the next thread of a level. */
export const GDF_DEADLINE: u32 = 0x40;
/** lwkt: user threads wait for their turn, so no fast path may take the next thread of a level. */
export const GDF_USERS: u32 = 0x80;
/** lwkt-modern, always set: there is no fast path for lwkt_yield. */
export const GDF_MODERN: u32 = 0x100;
/** The CPU runs its idle thread and has nothing to do. */
export const GDF_HALTED: u32 = 0x4;

/** Behind the fields: the levels of LWKT's run queue, in cache lines of their own. */
export const GD_RUNQ_OFFSET: usize = (offsetof<GlobalData>() + CACHE_LINE_MASK) & ~CACHE_LINE_MASK;
/** Behind those: the pended interrupt threads, oldest first. */
export const GD_INTRQ_OFFSET: usize =
  GD_RUNQ_OFFSET + offsetof<ChunkLists>() + <usize>NRUNQ * offsetof<ChunkList>();
/** Behind those, up to the next CPU's structure: the state of the emulated CPU. */
export const GD_CPU_OFFSET: usize =
  (GD_INTRQ_OFFSET + <usize>MAXPENDING * sizeof<usize>() + CACHE_LINE_MASK) & ~CACHE_LINE_MASK;

if (GD_CPU_OFFSET >= GLOBALDATA_STRIDE) ERROR("GLOBALDATA_STRIDE: struct globaldata is larger");
if (MACHINE_ADDRESS < 1024) ERROR("MACHINE_ADDRESS: the first 1,024 bytes are to stay unused");
if (MACHINE_ADDRESS + offsetof<Machine>() > GLOBALDATA_ADDRESS) {
  ERROR("GLOBALDATA_ADDRESS: struct machine reaches into it");
}
if (GLOBALDATA_ADDRESS + <usize>MAXCPU * GLOBALDATA_STRIDE > STATICS_ADDRESS) {
  ERROR("STATICS_ADDRESS: the structures of MAXCPU CPUs reach into it");
}

/** LWKT's run queue: one list per level. */
export function gd_runq(gd: GlobalData): ChunkLists {
  return changetype<ChunkLists>(changetype<usize>(gd) + GD_RUNQ_OFFSET);
}

/** Address of the `i`th pended interrupt thread. */
export function gd_intrq(gd: GlobalData, i: u32): usize {
  return changetype<usize>(gd) + GD_INTRQ_OFFSET + <usize>i * sizeof<usize>();
}

/** The structure of CPU `cpu`. */
export function globaldata(cpu: u32): GlobalData {
  return changetype<GlobalData>(GLOBALDATA_ADDRESS + <usize>cpu * GLOBALDATA_STRIDE);
}

/** The CPU that is running. */
export function mycpu(): GlobalData {
  return machine().curcpu;
}

/** The thread that is running. */
export function curthread(): Thread {
  return machine().curcpu.gd_curthread;
}
