// The system's start and end, as FreeBSD's drivers see them: SYSINIT(9), descriptors of kernel threads and
// processes, and event handlers.

import { EventFn, EventList } from "../generated/layout.js";
import type { BodyFunction, Handle } from "./calls.js";
import type { LoadedProgram, Machine } from "./machine.js";

export {
  EVENTHANDLER_PRI_ANY,
  EVENTHANDLER_PRI_FIRST,
  EVENTHANDLER_PRI_LAST,
  SI_ORDER_ANY,
  SI_ORDER_FIRST,
  SI_ORDER_FOURTH,
  SI_ORDER_MIDDLE,
  SI_ORDER_SECOND,
  SI_ORDER_THIRD,
  SI_SUB_CREATE_INIT,
  SI_SUB_DRIVERS,
  SI_SUB_EVENTHANDLER,
  SI_SUB_INTRINSIC,
  SI_SUB_KMEM,
  SI_SUB_KTHREAD_BUF,
  SI_SUB_KTHREAD_IDLE,
  SI_SUB_KTHREAD_INIT,
  SI_SUB_KTHREAD_PAGE,
  SI_SUB_KTHREAD_UPDATE,
  SI_SUB_KTHREAD_VM,
  SI_SUB_LAST,
  SI_SUB_SMP,
  SI_SUB_TUNABLES,
  SI_SUB_VM,
} from "../generated/layout.js";

/** Lists of event handlers, by FreeBSD's names. */
export const eventLists = Object.freeze({
  shutdown_pre_sync: EventList.SHUTDOWN_PRE_SYNC,
  shutdown_post_sync: EventList.SHUTDOWN_POST_SYNC,
  shutdown_final: EventList.SHUTDOWN_FINAL,
  /** A thread was allocated. */
  thread_ctor: EventList.THREAD_CTOR,
  /** A thread will be freed. */
  thread_dtor: EventList.THREAD_DTOR,
  /** A thread structure was made. */
  thread_init: EventList.THREAD_INIT,
  /** A thread structure is given up: never, for they are kept for reuse. */
  thread_fini: EventList.THREAD_FINI,
});

/** Name of a list of event handlers. */
export type EventListName = keyof typeof eventLists;

/** Suspends a kernel thread at shutdown: the function to register with `eventhandler_register`. */
export const kthread_shutdown = EventFn.KTHREAD_SHUTDOWN;
/** Suspends a kernel process at shutdown. */
export const kproc_shutdown = EventFn.KPROC_SHUTDOWN;

/** A variable that others set: what `struct thread **` is in C. */
export interface Global<T> {
  value: T | null;
}

/** What a kernel thread or process runs. */
export type StartBody = BodyFunction | LoadedProgram | number;

/** A kernel thread to be started with the system (`struct kthread_desc`). */
export interface KthreadDesc {
  /** Name of the thread. */
  readonly arg0: string;
  /** What it runs. */
  readonly func: StartBody;
  /** Is set to the thread. */
  readonly globalThread?: Global<Handle>;
}

/** A kernel process to be started with the system (`struct kproc_desc`). */
export interface KprocDesc {
  /** Name of the process. */
  readonly arg0: string;
  /** What its thread runs. */
  readonly func: StartBody;
  /** Is set to the process. */
  readonly globalProc?: Global<Handle>;
}

/** Something to be done when a machine starts. */
export interface SysInit {
  readonly name: string;
  readonly subsystem: number;
  readonly order: number;
  readonly start: (machine: Machine) => void;
}

/**
 * Something to be done when a machine starts, for {@link Machine}'s constructor. Entries are done in the
 * order of their subsystems (`SI_SUB_*`), within one in that of `order` (`SI_ORDER_*`), and otherwise as
 * they are given.
 *
 * @param start {@link kthreadStart}, {@link kprocStart} or a function of your own
 * @param data what `start` gets
 * @example sysinit("bufdaemon", SI_SUB_KTHREAD_BUF, SI_ORDER_FIRST, kthreadStart, buf_kp)
 */
export function sysinit<D>(
  name: string,
  subsystem: number,
  order: number,
  start: (machine: Machine, data: D) => void,
  data: D,
): SysInit {
  return Object.freeze({
    name,
    subsystem,
    order,
    start: (machine: Machine) => start(machine, data),
  });
}

/**
 * Starts a kernel thread from a descriptor (kthread_start(9)), in the kernel's own process.
 *
 * @throws KernelPanic when it cannot: `kthread_start: NAME: error N`.
 */
export function kthreadStart(machine: Machine, descriptor: KthreadDesc): void {
  const thread = machine.startFrom("kthread_start", descriptor.arg0, descriptor.func);
  if (descriptor.globalThread) descriptor.globalThread.value = machine.thread(thread);
}

/**
 * Starts a kernel process from a descriptor (kproc_start(9)).
 *
 * @throws KernelPanic when it cannot: `kproc_start: NAME: error N`.
 */
export function kprocStart(machine: Machine, descriptor: KprocDesc): void {
  const process = machine.startFrom("kproc_start", descriptor.arg0, descriptor.func);
  if (descriptor.globalProc) descriptor.globalProc.value = machine.process(process);
}

/** Entries in the order in which they are done. */
export function inOrder(entries: readonly SysInit[]): SysInit[] {
  return [...entries].sort(compare);
}

function compare(a: SysInit, b: SysInit): number {
  return a.subsystem - b.subsystem || a.order - b.order;
}
