// Continuations: how a kernel function goes on after a context switch.
//
// WebAssembly cannot switch stacks, so a kernel function that may switch follows this protocol:
//
//  1. It returns DONE when it finished without a switch, or PENDING when the trampoline
//     (slice_step in run/run.ts) has to go on, with whatever thread is current by then.
//  2. Before it calls a function that may return PENDING it pushes what is left of itself onto the
//     current thread's continuation stack: `cont_push(K.X, a, b); f(); return PENDING;`. The trampoline
//     then runs K.X, at once if f() returned DONE, or when the thread runs again. A tail call,
//     `return f();`, pushes nothing.
//  3. The result of a kernel function that may switch is left in td_retval of the thread that called it
//     (set_retval), where its continuation, and at the end the body, finds it.
//  4. Continuations run innermost first, and all of them before the thread's own code goes on. They may
//     push and switch like any other kernel function.
//
// The innermost continuation lies in the thread's hot line, the rest in a small array. Rejected: frames
// linked in allocated blocks (a malloc on a path that a million threads take), and returning a chain
// of results by unwinding (the frames would be pushed in the wrong order).
import { panic } from "../env";
import { curthread } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { Thread } from "../sys/proc";
import { cold, td_frame, td_index } from "../sys/thread";

/** The function has finished. */
export const DONE: u32 = 0;
/** The trampoline has to go on: the caller returns PENDING at once. */
export const PENDING: u32 = 1;

/**
 * Every continuation; `a` and `b` are its words. Each part of the kernel has a range of numbers, with room to grow: a
 * number is a byte, and appears in nothing that is recorded but snapshots, which belong to one build.
 */
export enum K {
  NONE = 0,
  // run/run.ts
  COMPUTE = 1, //            a, b: cycles left, low and high word
  // kern/lwkt_thread.ts
  YIELD_QUICK_1 = 10, //     after splz
  YIELD_QUICK_2 = 11, //     after lwkt_schedule_self
  YIELD_QUICK_3 = 12, //     after lwkt_switch, not on the queue before: deschedule
  CRIT_EXIT_NOYIELD = 13, // leave a section without a yield
  LWKT_SWITCH = 14, //       call lwkt_switch
  PREEMPT_1 = 15, //         a: thread that preempted us
  SPLZ = 16, //              resume with the pended interrupts
  INTR_1 = 17, //            a: interrupt thread, now scheduled: preempt
  CRIT_DROP = 18, //         subtract a section directly, no check
  BLOCK_1 = 19, //           a: wait, b: generation; token held
  BLOCK_2 = 20, //           a: wait: awake again
  SIGNAL_1 = 21, //          a: wait, token held
  SIGNAL_2 = 22, //          a: wait, b: count left
  GETTOKEN_1 = 23, //        a: token: look
  REGETTOKEN_1 = 24, //      a: token: look, returns 1
  LWKT_EXIT_1 = 25, //       descheduled: put on the free list and leave
  CREATE_1 = 26, //          a: thread: allocated
  CREATE_2 = 27, //          a: thread: scheduled
  FREE_1 = 28, //            a: thread
  ALLOC_1 = 29, //           a: template or 0
  THREAD_EXIT_1 = 32, //     cpu_thread_exit after lwkt_deschedule_self
  INTERRUPT_1 = 33, //       interrupt request done: section dropped, returns 1
  INVOL_1 = 34, //           back from an involuntary switch: deschedule
  INTR_WAIT_1 = 35, //       a: line: look again
  // kern/kern_synch.ts, kern_single.ts, kern_kthread.ts, kern_exit.ts ...: 64 and up
  TSLEEP_1 = 64, //          a: priority, b: timeout: the suspension check is done
  TSLEEP_2 = 65, //          a: priority, b: timeout: awake
  SUSPEND_CHECK = 66, //     a: return_instead: look again
  SINGLE_1 = 67, //          a: process, b: pid and mode: another single-threading has ended
  SINGLE_2 = 68, //          a: process, b: mode: unsuspended
  SINGLE_3 = 69, //          a: process: wait for exited threads
  AST = 70, //               look again
  EXIT1_1 = 71, //           a: code: nothing stops it any more
  EXIT1_2 = 72, //           a: code: back from thread_single
  EXIT1_3 = 73, //           a: code: another thread was first
  WAIT_1 = 74, //            a: child, b: its pid
  INIT_LOOP = 75, //         look for zombies
  SWAPPER_LOOP = 76,
  KTHREAD_SUSPEND_CHECK = 77,
  KPROC_SUSPEND_CHECK = 78, // a: process
  REBOOT_1 = 79, //          a: next handler, b: how
  SHUTDOWN_1 = 80, //        back from kthread_suspend or kproc_suspend
  INIT_1 = 81, //            init is awake
  TEAPOT = 83, //            a thread picked again after it ended
  MODERN_YIELD_1 = 82, //    back from the pended interrupts
  // kern/kern_sync.ts: 200 and up
  MTX_LOCK_1 = 200, //       a: mutex: awake
  CV_WAIT_1 = 201, //        a: condition variable, b: lock, and how it was held: awake, take it again
  SEMA_WAIT_1 = 202, //      a: semaphore: awake, look again
  BARRIER_WAIT_1 = 203, //   a: barrier, b: how often it had opened: awake
  NANOSLEEP_1 = 204, //      a, b: cycle until which to sleep
  RETURN_VALUE = 205, //     a: result of a function that does something else before it returns
  MSLEEP_1 = 206, //         a: mutex: awake, take it again
  MTX_SPIN_1 = 207, //       a: mutex, b: attempts so far: try again
  RW_LOCK_1 = 208, //        a: read/write or shared/exclusive lock: awake
  RW_SLEEP_W = 209, //       a: lock that was held exclusively: awake, take it again
  RW_SLEEP_R = 210, //       a: lock that was shared: awake, take it again
  SEMA_TIMED_1 = 211, //     a, b: semaphore, ticks: awake, or too late
  RM_RLOCK_1 = 212, //       a: read-mostly lock: has its mutex
  RM_WLOCK_1 = 213, //       a: read-mostly lock: has its mutex, or a reader has left
  RM_SLEEP_W = 214, //       a: lock that was held exclusively: awake, take it again
  RM_SLEEP_R = 215, //       a: lock that was shared: awake, take it again
  LK_SHARED_1 = 216, //      a: lock of lockmgr, b: what is left of the flags: awake, look again
  LK_EXCLUSIVE_1 = 217, //   the same
  LK_DRAIN_1 = 218, //       the same
  MTX_ADAPTIVE = 219, //     a: mutex for which the thread spins: try again
  RW_ADAPTIVE_W = 220, //    a: rwlock or sx for which the thread spins, exclusively: try again
  RW_ADAPTIVE_R = 221, //    a: rwlock or sx for which the thread spins, to share it: try again
  MSLEEP_SPIN_1 = 222, //    a: spin mutex: awake, take it again
  SX_SIG_R = 223, //         a: sx to be shared, b: 1 after the suspension check, 0 after spinning: try again
  SX_SIG_W = 224, //         a: sx to be held exclusively: the same
  SX_SIG_1 = 225, //         a: sx, b: queue: awake, with the lock or interrupted
  THROTTLE_1 = 226, //       a: result of the call: back from a period without a budget
  EVENT_DRAIN = 227, //      a: list of event handlers: wait until no thread runs it
}

/** A continuation below the innermost, in its thread's array. Key: the thread, while it runs. */
@unmanaged
export class Continuation {
  ct_fn: u32; // K
  ct_a: u32;
  ct_b: u32;
}

/** Pushes a continuation of the current thread. */
export function cont_push(fn: K, a: u32 = 0, b: u32 = 0): void {
  cont_push_on(curthread(), fn, a, b);
}

/** Pushes a continuation of `td`: the current thread, or one of this CPU that does not run. */
export function cont_push_on(td: Thread, fn: K, a: u32 = 0, b: u32 = 0): void {
  if (td.td_kfn != 0) cont_spill(td);
  td.td_kfn = <u8>fn;
  td.td_ka = a;
  cold(td).td_kb = b;
}

/** Moves the innermost continuation of `td` to the array, to make room for another. */
function cont_spill(td: Thread): void {
  const m = machine();
  const depth = <u32>td.td_kdepth;
  if (depth == m.kstack_depth) panic("continuation stack overflow: %p", changetype<usize>(td));
  const at = cont_slot(td, depth);
  at.ct_fn = td.td_kfn;
  at.ct_a = td.td_ka;
  at.ct_b = cold(td).td_kb;
  td.td_kdepth = <u8>(depth + 1);
}

/** Pops the innermost continuation; its words must have been read before. */
export function cont_pop(td: Thread): void {
  const depth = <u32>td.td_kdepth;
  if (depth == 0) {
    td.td_kfn = 0;
    return;
  }
  const at = cont_slot(td, depth - 1);
  td.td_kfn = <u8>at.ct_fn;
  td.td_ka = at.ct_a;
  cold(td).td_kb = at.ct_b;
  td.td_kdepth = <u8>(depth - 1);
}

/**
 * True for a thread that burns cycles inside a kernel function, between two attempts at a lock, rather than in a
 * `compute` of its own: its call has not returned.
 */
export function is_spinning(td: Thread): bool {
  return td.td_kfn == <u8>K.COMPUTE && td.td_kdepth != 0 && !planted(Plant.SPIN_RETURNS);
}

/** Slot of the continuation that has `depth` others of its thread below it. */
function cont_slot(td: Thread, depth: u32): Continuation {
  const m = machine();
  const index = <usize>td_index(td) * m.kstack_depth + depth;
  return changetype<Continuation>(m.kstack_base + index * offsetof<Continuation>());
}

/** Sets the result of the kernel function that the current thread is in. */
export function set_retval(value: i32): void {
  td_frame(curthread()).retval = value;
}

/** Ends the kernel function that the current thread is in, with a result: `return done(result);`. */
export function done(result: i32): u32 {
  return done_of(curthread(), result);
}

/** The same, where the current thread is at hand. */
export function done_of(td: Thread, result: i32): u32 {
  td_frame(td).retval = result;
  return DONE;
}
