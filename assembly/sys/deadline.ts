// Threads with a deadline (kern/sched_deadline.ts): their parameters, budgets and jobs, and what is promised of each CPU.
//
// An arena has a DlCpu per CPU and then DL_MAX structures; a thread finds its own by a number of 16 bits
// beside the thread arrays, of which a machine without deadlines never touches one.
//
// Locking: (o) the CPU that owns the thread, (s) sched_lock: free, as all locks of the original (sys/proc.ts).
import { machine } from "./machine";
import { DL_MAX } from "./param";
import { TDF_DEADLINE, Thread } from "./proc";
import { td_index } from "./thread";

/** A thread's deadline. Times are cycles. */
@unmanaged
export class Deadline {
  dl_runtime: u64; //  (s) it may run that long
  dl_relative: u64; // (s) within this from the moment that it becomes ready,
  dl_period: u64; //   (s) and again after this
  dl_until: u64; //    (o) deadline of its budget, by which it is queued
  dl_limit: u64; //    (o) td_runtime at which the budget is used up
  dl_job: u64; //      (o) deadline of its job
  dl_jobs: u32; //     (o) jobs that are done,
  dl_misses: u32; //   (o) and how many of these were late
  dl_share: u32; //    (s) what of its CPU is promised to it: DL_UNIT is all
  dl_next: u32; //     (s) next structure that is free
  dl_cpu: u32; //      (s) the CPU that it is promised by
  dl_flags: u32; //     (s) DLF_*
}

// dl_flags.
/** It does not want the CPU: when it does again, its budget is looked at. */
export const DLF_OFF: u32 = 0x1;
/** Its budget is used up: it waits for the next period. */
export const DLF_THROTTLED: u32 = 0x2;
/** The deadline of its next job is known already. */
export const DLF_NEXT: u32 = 0x4;
/** Its letter's PRIO gives it the class's priority. */
export const DLF_ASKED: u32 = 0x8;

/** A CPU's part. */
@unmanaged
export class DlCpu {
  dc_share: u32; //   (s) what of it is promised
  dc_threads: u32; // (s) threads that have it
}

/** The whole of a CPU. */
export const DL_UNIT: u32 = 1 << 20;

/** Bytes of the arena, and of the numbers of `td_count` threads. */
export function deadline_bytes(ncpus: u32): u64 {
  return <u64>ncpus * offsetof<DlCpu>() + <u64>(DL_MAX + 1) * offsetof<Deadline>();
}

export function deadline_index_bytes(td_count: u64): u64 {
  return td_count * sizeof<u16>();
}

/** CPU `cpu`'s part. */
export function dl_cpu(cpu: u32): DlCpu {
  return changetype<DlCpu>(machine().dl_base + <usize>cpu * offsetof<DlCpu>());
}

/** Structure `i`, 1 to DL_MAX. */
export function dl_at(i: u32): Deadline {
  const m = machine();
  const base = m.dl_base + <usize>m.ncpus * offsetof<DlCpu>();
  return changetype<Deadline>(base + <usize>i * offsetof<Deadline>());
}

/** Address of the number of a thread's structure, 0 = it has none. */
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
