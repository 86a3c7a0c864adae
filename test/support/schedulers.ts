/** The schedulers that tests run under. */

import { type MachineConfig, SCHEDULER_NAMES, type SchedulerName } from "../../src/core/config.js";
import type { Machine } from "../../src/machine/machine.js";
import type { Random } from "./random.js";

/** Every scheduler of the kernel's. */
export const SCHEDULERS: readonly SchedulerName[] = SCHEDULER_NAMES;

/** Those that are LWKT, which has calls of its own. */
export function isLwkt(scheduler: MachineConfig["scheduler"]): boolean {
  return scheduler === "lwkt" || scheduler === "lwkt-modern";
}

/** A scheduler of a storm's own. Of the seeds, every fifth has lwkt-modern where it would have lwkt. */
export function schedulerOf(
  random: Random,
  seed: number,
  others: readonly SchedulerName[] = ["lwkt", "4bsd", "ule"],
): SchedulerName {
  const own = random.pick(others);
  return own === "lwkt" && seed % 5 === 4 ? "lwkt-modern" : own;
}

/** A machine whose threads sleep at their own priorities under ule, too, where tests look at priorities. */
export function withOwnPriorities(machine: Machine): Machine {
  if (machine.config.scheduler === "ule") machine.setSysctl("kern.sched.static_boost", 0);
  return machine;
}
