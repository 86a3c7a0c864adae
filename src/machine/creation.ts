// What a creating call is given, and why it has failed.

import type { CompleteConfig } from "../core/config.js";
import { KernelError } from "../core/errors.js";
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
  return new KernelError(call, error);
}
