// What thread exit leaves for the reaper, and its callout and tasks (kern/kern_thread.ts).
import { Callout } from "./callout";
import { machine } from "./machine";
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

/** Thread ids that a reaper frees at once (kern_thread.c 294). */
export const TIDBATCH: u32 = 16;
/** Threads that it takes off the thread count at once (kern_thread.c 363). */
export const TDCOUNTBATCH: u32 = 32;

/** A memory domain's dead threads, followed by room for TIDBATCH thread ids. */
@unmanaged
export class ThreadDomain {
  tdd_zombies: Thread; //   newest first, through td_qnext
  tdd_reapticks: i32; //    ticks when they were reaped last
  tdd_nzombies: i32;
}

export const THREAD_DOMAIN_STRIDE: usize = 128;
export const TIDBATCH_OFFSET: usize = 64;

/** The reaper's callout, its task, and the task of a barrier. */
@unmanaged
export class Reaper extends Callout {
  reap_task_next: Task;
  reap_task_pending: u32;
  reap_task_fn: u32;
  reap_task_arg: u32;
  barrier_task_next: Task;
  barrier_task_pending: u32;
  barrier_task_fn: u32;
  barrier_task_arg: u32;
}

/** Bytes of the reaper and the domains behind it. */
export function reap_bytes(ndomains: u32): usize {
  return (<usize>ndomains + 1) * THREAD_DOMAIN_STRIDE;
}

export function reaper(): Reaper {
  return changetype<Reaper>(machine().reap_base);
}

export function reap_task(): Task {
  return changetype<Task>(machine().reap_base + offsetof<Reaper>("reap_task_next"));
}

export function barrier_task(): Task {
  return changetype<Task>(machine().reap_base + offsetof<Reaper>("barrier_task_next"));
}

export function thread_domain(domain: u32): ThreadDomain {
  return changetype<ThreadDomain>(machine().reap_base + (<usize>domain + 1) * THREAD_DOMAIN_STRIDE);
}
