// Threads with a deadline (kern/sched_deadline.ts): their parameters, budgets and jobs, and how much of each
// CPU is reserved for them.
//
// The arena holds a DlCpu per CPU, then DL_MAX Deadlines. A thread finds its own by a 16-bit number in an
// array beside the thread arrays; a machine without deadlines never touches that array.
//
// Locking: (o) the CPU that owns the thread, (s) sched_lock: free, as all locks of the original (sys/proc.ts).
import { machine } from "./machine";
import { DL_MAX } from "./param";
import { TDF_DEADLINE, Thread } from "./proc";
import { td_index } from "./thread";

/** A thread's deadline parameters and state. Times are in cycles. */
@unmanaged
export class Deadline {
  dl_runtime: u64; //  budget: CPU time per period
  dl_relative: u64; // relative deadline: the budget is due this long after the thread becomes ready
  dl_period: u64; //   period: the budget is replenished this often
  dl_until: u64; //    deadline of its current budget; it is queued by this
  dl_limit: u64; //    value of td_runtime at which the budget is used up
  dl_job: u64; //      deadline of its current job
  dl_jobs: u32; //     jobs completed
  dl_misses: u32; //   jobs completed after their deadline
  dl_share: u32; //    share of its CPU that it has reserved, of DL_UNIT
  dl_next: u32; //     next free structure
  dl_cpu: u32; //      the CPU on which the share is reserved
  dl_flags: u32; //     (s) DLF_*
}

// dl_flags.
/** It does not want the CPU; its budget is checked when it does again. */
export const DLF_OFF: u32 = 0x1;
/** Its budget is used up: it waits for the next period. */
export const DLF_THROTTLED: u32 = 0x2;
/** The deadline of its next job is already set. */
export const DLF_NEXT: u32 = 0x4;
/** The PRIO request in its letter gives it the deadline class's priority. */
export const DLF_ASKED: u32 = 0x8;

/** What is reserved on one CPU. */
@unmanaged
export class DlCpu {
  dc_share: u32; //   sum of the shares reserved
  dc_threads: u32; // number of threads that hold them
}

/** A whole CPU. */
export const DL_UNIT: u32 = 1 << 20;

/** Bytes of the arena. */
export function deadline_bytes(ncpus: u32): u64 {
  return <u64>ncpus * offsetof<DlCpu>() + <u64>(DL_MAX + 1) * offsetof<Deadline>();
}

export function deadline_index_bytes(td_count: u64): u64 {
  return td_count * sizeof<u16>();
}

/** The DlCpu of CPU `cpu`. */
export function dl_cpu(cpu: u32): DlCpu {
  return changetype<DlCpu>(machine().dl_base + <usize>cpu * offsetof<DlCpu>());
}

/** Deadline structure `i`, 1 to DL_MAX. */
export function dl_at(i: u32): Deadline {
  const m = machine();
  const base = m.dl_base + <usize>m.ncpus * offsetof<DlCpu>();
  return changetype<Deadline>(base + <usize>i * offsetof<Deadline>());
}

/** Address of the number of a thread's structure; the number is 0 if it has none. */
export function dl_index(td: Thread): usize {
  return machine().dl_index + <usize>td_index(td) * sizeof<u16>();
}

/** The structure of a thread that has one. */
export function td_deadline(td: Thread): Deadline {
  return dl_at(load<u16>(dl_index(td)));
}

/** True for a thread with a deadline. */
export function has_deadline(td: Thread): bool {
  return (td.td_flags & TDF_DEADLINE) != 0;
}

/** True for a thread that sleeps only because its budget is used up. */
export function is_throttled(td: Thread): bool {
  return has_deadline(td) && (td_deadline(td).dl_flags & DLF_THROTTLED) != 0;
}
