// Threads with a deadline (kern/sched_deadline.ts): their parameters, budgets and jobs, and how much of each
// CPU is reserved for them.
//
// The arena holds a DlCpu per CPU, then DL_MAX Deadlines. A thread finds its own by a 16-bit number in an
// array beside the thread arrays; a machine without deadlines never touches that array.
//
// Locking: (o) the CPU that owns the thread, (s) sched_lock: free, as all locks of the original (sys/proc.ts).
import { machine } from "./machine";
import { DL_MAX, PRI_MIN_REALTIME } from "./param";
import { TDF_DEADLINE, Thread } from "./proc";
import { ThreadLocks, td_locks } from "./sync";
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

/** The deadline of a thread without one: behind all others. */
const NO_DEADLINE: u64 = u64.MAX_VALUE;
/** tl_lent of a thread that borrows from one with a deadline. */
export const LENT_DEADLINE: u32 = 255 - PRI_MIN_REALTIME;

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

/** The deadline of a structure, by its number. */
export function until_of(number: u32): u64 {
  return number == 0 ? NO_DEADLINE : dl_at(number).dl_until;
}

/**
 * The number of the structure with the deadline by which a thread is ordered: the earliest of its own and those
 * that are lent to it; 0 if there is none.
 */
export function td_until_number(td: Thread): u32 {
  const own: u32 = load<u16>(dl_index(td));
  const l = td_locks(td);
  return <u32>l.tl_lent == LENT_DEADLINE ? earliest_lent(l, own) : own;
}

/** The earliest of a deadline and those that a thread's locks lend it. */
function earliest_lent(l: ThreadLocks, own: u32): u32 {
  let best = own;
  for (let o = l.tl_contested; changetype<usize>(o) != 0; o = o.so_contested) {
    if (until_of(o.so_due) < until_of(best)) best = o.so_due;
  }
  return best;
}

/** That deadline. */
export function td_until(td: Thread): u64 {
  return until_of(td_until_number(td));
}

/** True for a thread with a deadline. */
export function has_deadline(td: Thread): bool {
  return (td.td_flags & TDF_DEADLINE) != 0;
}

/** True for a thread that sleeps only because its budget is used up. */
export function is_throttled(td: Thread): bool {
  return has_deadline(td) && (td_deadline(td).dl_flags & DLF_THROTTLED) != 0;
}
