// What an exiting thread leaves to the reaper, and the reaper's callout and tasks (kern/kern_thread.ts).
//
// The arena: the reaper's callout, its task and the barrier's task, then a ThreadDomain per memory domain.
//
// Locking: a domain is under its own lock, a task under the task queue's; the callout is as in sys/callout.ts.
import { Callout } from "./callout";
import { machine } from "./machine";
import { CACHE_LINE_MASK, TIDBATCH } from "./param";
import { Thread } from "./proc";

/** Functions that a task may run. */
export enum TaskFn {
  NONE = 0,
  THREAD_REAP = 1, // kern_thread.c 717
}

/** A task of taskqueue_thread. */
@unmanaged
export class Task {
  ta_next: Task; //    next pending task
  ta_pending: u32; //  times it was enqueued since it last ran
  ta_fn: u32; //       TaskFn
  ta_arg: u32;
}

/** A memory domain's dead threads; room for TIDBATCH thread ids follows. */
@unmanaged
export class ThreadDomain {
  tdd_zombies: Thread; //   newest first, through td_qnext
  tdd_reapticks: i32; //    ticks at their last reaping
  tdd_nzombies: i32;
}

const REAP_TASK_OFFSET: usize = offsetof<Callout>();
const BARRIER_TASK_OFFSET: usize = REAP_TASK_OFFSET + offsetof<Task>();
/** Offset of the first domain, and bytes from one to the next: whole cache lines. */
export const THREAD_DOMAIN_OFFSET: usize =
  (BARRIER_TASK_OFFSET + offsetof<Task>() + CACHE_LINE_MASK) & ~CACHE_LINE_MASK;
export const THREAD_DOMAIN_STRIDE: usize =
  (offsetof<ThreadDomain>() + <usize>TIDBATCH * sizeof<i32>() + CACHE_LINE_MASK) & ~CACHE_LINE_MASK;

/** Bytes of the arena. */
export function reap_bytes(ndomains: u32): usize {
  return THREAD_DOMAIN_OFFSET + <usize>ndomains * THREAD_DOMAIN_STRIDE;
}

/** The callout of the reaper. */
export function reap_callout(): Callout {
  return changetype<Callout>(machine().reap_base);
}

/** The reaper's task, which its callout enqueues. */
export function reap_task(): Task {
  return changetype<Task>(machine().reap_base + REAP_TASK_OFFSET);
}

/** The barrier's task. */
export function barrier_task(): Task {
  return changetype<Task>(machine().reap_base + BARRIER_TASK_OFFSET);
}

export function thread_domain(domain: u32): ThreadDomain {
  return changetype<ThreadDomain>(
    machine().reap_base + THREAD_DOMAIN_OFFSET + <usize>domain * THREAD_DOMAIN_STRIDE,
  );
}

/** Where a domain's reaper collects a batch of ids to free. */
export function tid_batch(tdd: ThreadDomain): usize {
  return changetype<usize>(tdd) + offsetof<ThreadDomain>();
}
