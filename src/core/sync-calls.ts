// The kernel calls on synchronisation objects, on time, and on the caller's own scheduling: a part of the
// table in calls.ts.

import { Sys } from "../generated/layout.js";
import type { CallTable } from "./call-table.js";

/** Modes of timer_wait and timer_next: what happens after a timer has been missed. */
export const TimerMode = Object.freeze({
  /** It goes on from now. */
  RELATIVE: 0,
  /** Its grid never moves: a thread that is late catches up. */
  ABSOLUTE: 1,
});

/** The kernel calls by name. */
export const syncCalls = {
  // ---- Mutexes: mtx(9) ----
  mtx_create: {
    nr: Sys.mtx_create,
    args: ["string"],
    returns: "created",
    doc: "Makes a mutex with a name. ENOMEM when the kernel has no room for another object.",
  },
  mtx_lock: {
    nr: Sys.mtx_lock,
    args: ["object"],
    returns: "void",
    doc: "Takes a mutex, sleeping until it is the caller's turn: first come, first served. Panics if the caller holds it already.",
  },
  mtx_unlock: {
    nr: Sys.mtx_unlock,
    args: ["object"],
    returns: "void",
    doc: "Hands a mutex to the thread that has waited longest, or frees it. Panics if the caller does not hold it.",
  },
  mtx_owned: {
    nr: Sys.mtx_owned,
    args: ["object"],
    returns: "bool",
    doc: "True if the caller holds a mutex.",
  },
  // ---- Condition variables: condvar(9) ----
  cv_create: {
    nr: Sys.cv_create,
    args: ["string"],
    returns: "created",
    doc: "Makes a condition variable with a name. ENOMEM when there is no room for another object.",
  },
  cv_wait: {
    nr: Sys.cv_wait,
    args: ["object", "object"],
    returns: "void",
    doc: "Releases a mutex (the second argument), waits until the condition is signalled, and takes the mutex again. Panics if the caller does not hold it.",
  },
  cv_signal: {
    nr: Sys.cv_signal,
    args: ["object"],
    returns: "void",
    doc: "Wakes the thread that has waited longest; with nobody waiting it is forgotten.",
  },
  cv_broadcast: {
    nr: Sys.cv_broadcast,
    args: ["object"],
    returns: "void",
    doc: "Wakes all threads that wait; with nobody waiting it is forgotten.",
  },
  // ---- Semaphores: sema(9); barriers ----
  sema_create: {
    nr: Sys.sema_create,
    args: ["string", "i32"],
    returns: "created",
    doc: "Makes a counting semaphore: name, value. ENOMEM when there is no room, EINVAL for a value below 0.",
  },
  sema_wait: {
    nr: Sys.sema_wait,
    args: ["object"],
    returns: "void",
    doc: "Takes one unit of a semaphore, sleeping while it has none.",
  },
  sema_post: {
    nr: Sys.sema_post,
    args: ["object"],
    returns: "void",
    doc: "Adds one unit to a semaphore and wakes the thread that has waited longest.",
  },
  barrier_create: {
    nr: Sys.barrier_create,
    args: ["string", "i32"],
    returns: "created",
    doc: "Makes a barrier: name, number of threads that meet. ENOMEM when there is no room, EINVAL for less than 1.",
  },
  barrier_wait: {
    nr: Sys.barrier_wait,
    args: ["object"],
    returns: "bool",
    doc: "Waits until as many threads have arrived as the barrier is for, which starts anew then. True for the last one, who does not wait.",
  },
  // ---- Time ----
  timer_create: {
    nr: Sys.timer_create,
    args: ["string"],
    returns: "created",
    doc: "Makes a periodic timer that threads can share. ENOMEM when there is no room.",
  },
  timer_wait: {
    nr: Sys.timer_wait,
    args: ["object", "cycles", "i32"],
    returns: "void",
    doc: "Sleeps until one period after a timer's last expiry; the first call starts it. Mode 0: a miss restarts it from now; 1: its grid never moves.",
  },
  timer_next: {
    nr: Sys.timer_next,
    args: ["u64", "cycles", "i32"],
    returns: "u64",
    doc: "timer_wait for a timer that the caller keeps itself: its last expiry (0 = none yet), period, mode. Returns the new expiry, for the next call.",
  },
  sleep_until: {
    nr: Sys.sleep_until,
    args: ["cycles"],
    returns: "void",
    doc: "Sleeps until the CPU's clock has reached a number of cycles since boot, to the tick.",
  },
  sleep: {
    nr: Sys.sleep,
    args: ["cycles"],
    returns: "void",
    doc: "Sleeps for an amount of time by the CPU's clock, rounded up to the tick.",
  },
  // ---- The caller's own scheduling ----
  cpuset_setaffinity: {
    nr: Sys.cpuset_setaffinity,
    args: ["u64"],
    returns: "i32",
    doc: "Restricts the caller to a mask of CPUs; it goes on on one of them. 0, EINVAL if there is none, EBUSY in a critical section.",
  },
  sched_prio_self: {
    nr: Sys.sched_prio_self,
    args: ["pri"],
    returns: "i32",
    doc: "Sets the caller's FreeBSD priority, 0 to 255; smaller runs first. 0, or EINVAL.",
  },
  thread_report: {
    nr: Sys.thread_report,
    args: ["u32"],
    returns: "void",
    doc: "Tells the host, with a number, that the caller is about to end, and clears its statistics: its structure may soon be another thread's.",
  },
} as const satisfies CallTable;
