// What schedulers know of a thread with a policy, and of a CPU for these: struct td_sched and the like. A machine
// under lwkt has it if it has a scheduler of user threads (kern/lwkt_usched.ts).
//
// Locking: (o) the CPU that owns the thread, (s) sched_lock: free, as all locks of the original (sys/proc.ts).
import { Machine, machine, Sched } from "./machine";
import { Thread } from "./proc";

/** Policies of threads, with the numbers of POSIX systems. */
export enum Policy {
  OTHER = 0, //    time-sharing, with a nice value
  FIFO = 1, //     real-time, 1 to 99, until it blocks or yields
  RR = 2, //       real-time, 1 to 99, by turns
  BATCH = 3, //    time-sharing, never taken for interactive
  IDLE = 5, //     when nobody else wants the CPU
  DEADLINE = 6, // a budget within a deadline, each period (kern/sched_deadline.ts)
}

export const NICE_MIN: i32 = -20;
export const NICE_MAX: i32 = 19;
export const RT_PRIO_MAX: i32 = 99;

/** A thread's part: one cache line. */
@unmanaged
export class ThreadSched {
  ts_level: u16; //    (s) level that it is queued at
  ts_queue: u8; //     (s) 1 + the run queue that it is on, 0 = none
  ts_flags: u8; //     (s) TSF_*
  ts_policy: u8; //    (o) Policy
  ts_rt: u8; //        (o) real-time priority, 1 to 99, 0 = none
  ts_nice: i8; //      (o) -20 to 19
  ts_waker: u8; //     (s) ule: 1 + the CPU that made it runnable, if that is another one, until it is placed
  ts_next: Thread; //  (s) the next one that was made runnable on its CPU in this round,
  ts_prev: Thread; //  (s) and the one before
  ts_slice: u32; //    (o) ticks of the scheduler's clock: left of its slice (4bsd), used of it (others)
  ts_estcpu: u32; //   (o) recent use of CPUs, decaying: ticks of the statistics clock (4bsd), 0 to 16384 (lwkt)
  ts_slept: u32; //    (o) 4bsd: ts_slptime + 1, ends of seconds at which it slept
  ts_slptick: i32; //  (o) ule: td_slptick, tick at which it went to sleep, 0 = it has not
  ts_runtime: u32; //  (o) ule: how long it ran and slept of its own will, decaying, ticks << 10
  ts_slptime: u32; //  (o)
  ts_ltick: i32; //    (o) last tick (ule) and first tick of what ts_ticks counts; the second from which on it does (lwkt)
  ts_ftick: i32; //    (o)
  ts_ticks: u32; //    (o) how long it ran then: ticks << 10 (ule), ticks of the statistics clock (lwkt)
  ts_rltick: i32; //   (o) ule: last tick on its CPU: how warm that CPU's cache is
  ts_new_policy: u8; //(s) policy that another CPU asks for (TSF_POLICY),
  ts_new_value: i8; // (s) with its priority or nice value
  ts_load: u16; //     (s) lwkt: what it adds to its CPU's load while it is runnable
  ts_batch: u16; //    (o) lwkt: ticks by which it uses more than half of a CPU
  ts_boost: u8; //     (o) ule: priority that it sleeps at, and has until it runs, if that is better; 0 = its own
  ts_noted: u8; //     (s) CPU on whose list of threads to be placed it is (TSF_ARRIVED)
}

if (offsetof<ThreadSched>() != 64) ERROR("struct td_sched is one cache line");

// ts_flags.
/** It is on its CPU's list of threads to be placed at the end of the round. */
export const TSF_ARRIVED: u8 = 0x1;
/** 4bsd: it was put in front of its equals, since it had lost its CPU within its slice. ule: it runs next of its calendar. */
export const TSF_HEAD: u8 = 0x2;
/** Somebody moved it to its CPU: it runs there next. */
export const TSF_MOVED: u8 = 0x4;
/** It has slept, and its priority does not know yet. */
export const TSF_SLEPT: u8 = 0x8;
/** It has a policy: unlike a thread of the kernel's, whose priority is the one that it was given. */
export const TSF_USER: u8 = 0x20;
/** lwkt: its slice is over: it may go elsewhere. */
export const TSF_ENDED: u8 = 0x40;
/** Its letter's PRIO sets its policy, too. */
export const TSF_POLICY: u8 = 0x10;
/** ule, on one CPU: its priority got worse while it waited, and it keeps its place until it runs. */
export const TSF_KEPT: u8 = 0x80;

/** A CPU's part. */
@unmanaged
export class SchedCpu {
  sc_clock: u64; //        cycle of the next tick of the scheduler's clock
  sc_stat: u32; //         ticks of it until the next one of the statistics clock
  sc_first: Thread; //     threads that were made runnable here in this round, in that order
  sc_last: Thread;
  sc_idx: u32; //          ule: tdq_idx, where threads are put into the calendar, and
  sc_ridx: u32; //         tdq_ridx, where they are taken from it
  sc_holder: Thread; //    lwkt: uschedcp, the user thread that is on LWKT's run queue
  sc_load: u32; //         lwkt: uload, the sum of what its runnable user threads add
  sc_lowpri: u32; //       ule: tdq_lowpri, the best priority of its threads, 255 when it is idle (several CPUs only)
  sc_preempt: u32; //      ule: tdq_owepreempt, 1 = the thread that runs is preempted
  sc_kept: i32; //         ule: threads that wait at another level than their own (TSF_KEPT)
}

/** True if threads have shares of time: always, but under lwkt, where only user threads have. */
export function gives_shares(m: Machine): bool {
  return m.sched != Sched.LWKT || m.users != 0;
}

/** A thread's part. */
export function td_sched(td: Thread): ThreadSched {
  return changetype<ThreadSched>(changetype<usize>(td) + machine().sched_delta);
}

/** CPU `cpu`'s part. */
export function sched_cpu(cpu: u32): SchedCpu {
  return changetype<SchedCpu>(machine().sched_cpus + <usize>cpu * offsetof<SchedCpu>());
}
