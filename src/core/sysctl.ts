// The kernel's variables that can be read and set by name, as sysctl(8) does.

import * as Layout from "../generated/layout.js";
import { shown } from "./arguments.js";
import { ConfigError } from "./errors.js";
import type { Kernel } from "./kernel.js";

const { GlobalData: G } = Layout;

/** Counters that each CPU keeps: the variable is their sum. */
const counters = {
  "lwkt.switch_count": G.gd_switch_count,
  "lwkt.preempt_hit": G.gd_preempt_hit,
  "lwkt.preempt_miss": G.gd_preempt_miss,
  "lwkt.preempt_weird": G.gd_preempt_weird,
} as const;

/** What the boot decides for good: a tunable that can only be read (CTLFLAG_RDTUN, kern_thread.c 158). */
const tunables = { "kern.maxthread": "maxthread" } as const;

/** What can be set of ule, with the highest value (sched_ule.c). */
const ule = {
  "kern.sched.affinity": { field: "ule_affinity", max: 1_000_000 },
  "kern.sched.balance": { field: "ule_balance", max: 1 },
  "kern.sched.balance_interval": { field: "ule_interval", max: 1_000_000 },
  "kern.sched.interact": { field: "ule_interact", max: 100 },
  "kern.sched.steal_idle": { field: "ule_steal", max: 1 },
  "kern.sched.steal_thresh": { field: "ule_steal_least", max: 1_000_000 },
} as const;

/** Names of the variables. */
export type SysctlName =
  | keyof typeof counters
  | keyof typeof tunables
  | keyof typeof ule
  | "lwkt.untimely_switch";

/** All names, in alphabetical order. */
export const sysctlNames: readonly SysctlName[] = Object.freeze(
  [
    ...(Object.keys(counters) as SysctlName[]),
    ...(Object.keys(tunables) as SysctlName[]),
    ...(Object.keys(ule) as SysctlName[]),
    "lwkt.untimely_switch" as const,
  ].sort(),
);

function isTunable(name: SysctlName): name is keyof typeof tunables {
  return Object.hasOwn(tunables, name);
}

function isOfUle(name: SysctlName): name is keyof typeof ule {
  return Object.hasOwn(ule, name);
}

/** A field of ule's, on a machine that has it. */
function ofUle(kernel: Kernel, name: keyof typeof ule): (typeof ule)[keyof typeof ule] {
  if (kernel.config.scheduler === "ule") return ule[name];
  throw new ConfigError(`${name} belongs to the scheduler ule, which this machine does not have`);
}

function checkName(name: string): asserts name is SysctlName {
  if (sysctlNames.includes(name as SysctlName)) return;
  throw new ConfigError(`there is no variable ${shown(name)}; there are ${sysctlNames.join(", ")}`);
}

/** The value of a variable. Throws a {@link ConfigError} if there is none of this name. */
export function readSysctl(kernel: Kernel, name: SysctlName): number {
  checkName(name);
  if (name === "lwkt.untimely_switch") return kernel.machine("untimely_switch") | 0;
  if (isTunable(name)) return kernel.machine(tunables[name]) | 0;
  if (isOfUle(name)) return kernel.machine(ofUle(kernel, name).field);
  let sum = 0;
  for (let cpu = 0; cpu < kernel.config.cpus; cpu++) {
    sum += kernel.readNumber(kernel.globaldata(cpu) + counters[name]);
  }
  return sum;
}

/**
 * Sets a variable to a whole number; a counter goes on from there. Throws a {@link ConfigError} for
 * another name or value, and for a variable that can only be read.
 */
export function writeSysctl(kernel: Kernel, name: SysctlName, value: number): void {
  checkName(name);
  if (isTunable(name)) {
    throw new ConfigError(
      `${name} cannot be set: it can only be read; give the machine the option ${tunables[name]} when it boots`,
    );
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ConfigError(
      `${name} cannot be ${shown(value)}; it must be a whole number, 0 or more`,
    );
  }
  if (isOfUle(name)) {
    const { field, max } = ofUle(kernel, name);
    if (value > max) throw new ConfigError(`${name} cannot be ${value}; it is ${max} at most`);
    kernel.setMachine(field, value);
    return;
  }
  if (name === "lwkt.untimely_switch") {
    kernel.setMachine("untimely_switch", Math.min(value, 2 ** 31 - 1));
    return;
  }
  for (let cpu = 0; cpu < kernel.config.cpus; cpu++) {
    const at = kernel.globaldata(cpu) + counters[name];
    kernel.view.setBigUint64(at, cpu === 0 ? BigInt(value) : 0n, true);
  }
}
