// What a creating call is given, and why it, or another request of the host's, has failed.

import type { CompleteConfig } from "../core/config.js";
import { errnoName, KernelError } from "../core/errors.js";
import * as Layout from "../generated/layout.js";
import type { ProcessOptions } from "./options.js";

/** A thread that is to have a CPU or priority of its own is created stopped. */
export function creationFlags({ stopped, cpu, priority }: ProcessOptions): number {
  return stopped === true || cpu !== undefined || priority !== undefined ? Layout.RFSTOPPED : 0;
}

/** The error of a creating call, with the setting that bounds what there is none left of. */
export function creationError(call: string, error: number, config: CompleteConfig): KernelError {
  if (error === Layout.ENOMEM) {
    const why = `no more threads (kern.maxthread is ${config.maxthread}), or no memory for a stack`;
    return new KernelError(call, error, `${call}: ENOMEM: ${why}`);
  }
  if (error === Layout.EAGAIN) {
    const why = `no more processes (kern.maxproc is ${config.maxproc})`;
    return new KernelError(call, error, `${call}: EAGAIN: ${why}`);
  }
  if (error === Layout.EINVAL) {
    return new KernelError(
      call,
      error,
      `${call}: EINVAL: its process is no kernel process of this machine`,
    );
  }
  return new KernelError(call, error);
}

const NO_THREAD = "it is no thread of this machine";
const ONLY_LWKT = "only lwkt and lwkt-modern have interrupt threads";
/** Why the kernel does not do what a method of the machine asks for. */
const refusals: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  place: {
    [Layout.ESRCH]: NO_THREAD,
    [Layout.EBUSY]: "the thread has run or is runnable already; create it with { stopped: true }",
  },
  interrupt: { [Layout.ESRCH]: NO_THREAD, [Layout.EOPNOTSUPP]: ONLY_LWKT },
  raise: {
    [Layout.ESRCH]: "no thread serves this line (intr_register)",
    [Layout.EINVAL]: `there is no such line; they are 0 to ${Layout.NINTR - 1}`,
    [Layout.EOPNOTSUPP]: ONLY_LWKT,
  },
};

/** The error of a request that the kernel has refused. */
export function refusal(method: "place" | "interrupt" | "raise", error: number): KernelError {
  const why = refusals[method]?.[error];
  const message = why === undefined ? undefined : `${method}: ${errnoName(error)}: ${why}`;
  return new KernelError(method, error, message);
}
