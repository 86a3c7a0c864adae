// The system's start, as FreeBSD's drivers see them: SYSINIT(9), and descriptors of kernel threads
// and processes.

import { checkArgument, type Rule, text } from "../core/arguments.js";
import type { BodyFunction, Handle } from "./calls.js";
import type { Machine, SysInit } from "./machine.js";
import type { LoadedProgram } from "./programs.js";

export {
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

const machineRule: Rule = {
  allowed: "a machine",
  accepts: (value) => typeof value === "object" && value !== null && "startFrom" in value,
};
const descriptorRule: Rule = {
  allowed: "an object with a name, arg0, and a function, func",
  accepts: (value) =>
    typeof value === "object" &&
    value !== null &&
    text.accepts((value as Partial<KthreadDesc>).arg0) &&
    "func" in value,
};

function checkStart(method: string, machine: Machine, descriptor: unknown): void {
  checkArgument(method, "machine", machine, machineRule);
  checkArgument(method, "descriptor", descriptor, descriptorRule);
}

/**
 * Starts a kernel thread from a descriptor (kthread_start(9)), in the kernel's own process.
 *
 * @throws KernelPanic when it cannot: `kthread_start: NAME: error N`.
 */
export function kthreadStart(machine: Machine, descriptor: KthreadDesc): void {
  checkStart("kthreadStart", machine, descriptor);
  const thread = machine.startFrom("kthread_start", descriptor.arg0, descriptor.func);
  if (descriptor.globalThread) descriptor.globalThread.value = machine.thread(thread);
}

/**
 * Starts a kernel process from a descriptor (kproc_start(9)).
 *
 * @throws KernelPanic when it cannot: `kproc_start: NAME: error N`.
 */
export function kprocStart(machine: Machine, descriptor: KprocDesc): void {
  checkStart("kprocStart", machine, descriptor);
  const process = machine.startFrom("kproc_start", descriptor.arg0, descriptor.func);
  if (descriptor.globalProc) descriptor.globalProc.value = machine.process(process);
}
