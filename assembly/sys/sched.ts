// What a scheduler keeps for each thread with a policy (struct td_sched) and for each CPU. Under lwkt it is
// allocated only if there is a scheduler of user threads (kern/lwkt_usched.ts).
//
// Locking: (o) the CPU that owns the thread, (s) sched_lock: free, as all locks of the original (sys/proc.ts).
import { Machine, machine, Sched } from "./machine";
import { CACHE_LINE_SIZE } from "./param";
import { Thread } from "./proc";

/** Policies of threads, with the numbers of POSIX systems. */
export enum Policy {
  OTHER = 0, //    time-sharing, with a nice value
  FIFO = 1, //     real-time, 1 to 99, until it blocks or yields
  RR = 2, //       real-time, 1 to 99, round robin
  BATCH = 3, //    time-sharing, never counted as interactive
  IDLE = 5, //     only when no other thread wants the CPU
  DEADLINE = 6, // a budget within a deadline in each period (kern/sched_deadline.ts)
}

export const NICE_MIN: i32 = -20;
export const NICE_MAX: i32 = 19;
export const RT_PRIO_MAX: i32 = 99;

/** A thread's scheduling state: one cache line. */
@unmanaged
export class ThreadSched {
  ts_level: u16; //    (s) level that it is queued at
  ts_queue: u8; //     (s) 1 + the run queue that it is on, 0 = none
  ts_flags: u8; //     (s) TSF_*
  ts_policy: u8; //    (o) Policy
  ts_rt: u8; //        (o) real-time priority, 1 to 99, 0 = none
  ts_nice: i8; //      (o) -20 to 19
  ts_waker: u8; //     (s) ule: 1 + the CPU that made it runnable, if not its own, until it is placed
  ts_next: Thread; //  (s) next thread made runnable on its CPU in this round
  ts_prev: Thread; //  (s) the previous one
  ts_slice: u32; //    (o) ticks of the scheduler's clock: left in its slice (4bsd), used of it (others)
  ts_estcpu: u32; //   (o) recent CPU use, decaying: ticks of the statistics clock (4bsd), 0 to 16384 (lwkt)
  ts_slept: u32; //    (o) 4bsd: ts_slptime, ends of seconds at which it slept and had not run since the one before
  ts_slptick: i32; //  (o) ule: td_slptick, tick at which it went to sleep, 0 = not asleep; 4bsd: td_nvcsw at the
  //                       last end of a second, for TDF_DIDRUN
  ts_runtime: u32; //  (o) ule: how long it ran, and below, slept voluntarily: decaying, ticks << 10
  ts_slptime: u32; //  (o)
  ts_ltick: i32; //    (o) last (ule) and first tick of the window of ts_ticks; lwkt: second at which its window begins
  ts_ftick: i32; //    (o)
  ts_ticks: u32; //    (o) run time in that window: ticks << 10 (ule), statistics clock ticks (lwkt)
  ts_rltick: i32; //   (o) ule: last tick on its CPU: tells how warm that CPU's cache is
  ts_new_policy: u8; //(s) policy that another CPU asks for (TSF_POLICY),
  ts_new_value: i8; // (s) together with its priority or nice value
  ts_load: u16; //     (s) lwkt: its part of its CPU's load while it is runnable
  ts_batch: u16; //    (o) lwkt: ticks by which its use exceeds half a CPU
  ts_boost: u8; //     (o) ule: priority at which it sleeps, and until it runs, if better than its own; 0 = its own
  ts_noted: u8; //     (s) CPU on whose list of threads to be placed it is (TSF_ARRIVED)
}

if (offsetof<ThreadSched>() != CACHE_LINE_SIZE) ERROR("struct td_sched is one cache line");

// ts_flags.
/** It is on its CPU's list of threads to be placed at the end of the round. */
export const TSF_ARRIVED: u8 = 0x1;
/**
 * 4bsd: it goes in front of its equals, because it lost its CPU within its slice. ule: it is next in its
 * calendar queue.
 */
export const TSF_HEAD: u8 = 0x2;
/** It was moved to its CPU explicitly: it runs there next. */
export const TSF_MOVED: u8 = 0x4;
/** It has slept since its priority was last computed. */
export const TSF_SLEPT: u8 = 0x8;
/** It has a policy. Threads without are the kernel's own, and keep the priority that they were given. */
export const TSF_USER: u8 = 0x20;
/** lwkt: its slice has ended, so it may be moved. */
export const TSF_ENDED: u8 = 0x40;
/** The PRIO request in its letter sets its policy, too. */
export const TSF_POLICY: u8 = 0x10;
/** ule on one CPU: its priority got worse while it was queued, and it keeps its place until it runs. */
export const TSF_KEPT: u8 = 0x80;

/** A CPU's scheduling state. */
@unmanaged
export class SchedCpu {
  sc_clock: u64; //        cycle of the next tick of the scheduler's clock
  sc_first: Thread; //     threads made runnable here in this round, in that order
  sc_last: Thread;
  sc_idx: u32; //          ule: tdq_idx, where threads enter the calendar queue
  sc_ridx: u32; //         ule: tdq_ridx, where they leave it
  sc_holder: Thread; //    lwkt: uschedcp, the user thread that holds the slot on LWKT's run queue
  sc_load: u32; //         lwkt: uload, the sum of the loads of its runnable user threads
  sc_lowpri: u32; //       ule: tdq_lowpri, best priority of its threads, 255 when idle (several CPUs only)
  sc_preempt: u32; //      ule: tdq_owepreempt, 1 = the running thread is to be preempted
  sc_kept: i32; //         ule: threads queued at a level other than their own (TSF_KEPT)
  sc_pad: u32; //          aligns the clock of the next CPU
}

/** True if threads share time by slices: always, except that under lwkt only user threads do. */
export function gives_shares(m: Machine): bool {
  return m.sched != Sched.LWKT || m.users != 0;
}

/** The scheduling state of a thread. */
export function td_sched(td: Thread): ThreadSched {
  return changetype<ThreadSched>(changetype<usize>(td) + machine().sched_delta);
}

/** The scheduling state of CPU `cpu`. */
export function sched_cpu(cpu: u32): SchedCpu {
  return changetype<SchedCpu>(machine().sched_cpus + <usize>cpu * offsetof<SchedCpu>());
}
