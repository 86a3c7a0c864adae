// The kernel's variables that can be read and set by name, as sysctl(8) does.

import * as Layout from "../generated/layout.js";
import { shown } from "./arguments.js";
import type { SchedulerName } from "./config.js";
import { ConfigError } from "./errors.js";
import type { Kernel } from "./kernel.js";
import { topologySpec } from "./topology-spec.js";

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

interface Tunable {
  readonly field: keyof typeof Layout.Machine;
  readonly of: readonly SchedulerName[];
  /** The highest value; null for one that can only be read. */
  readonly max: number | null;
}

const MANY = 1_000_000;
const ofUle = (field: Tunable["field"], max: number): Tunable => ({ field, max, of: ["ule"] });
const of4bsd = (field: Tunable["field"], max: number | null): Tunable => ({
  field,
  max,
  of: ["4bsd"],
});

/** What the schedulers have of kern.sched, as numbers of the machine (sched_ule.c, sched_4bsd.c, kern_switch.c). */
const scheduling = {
  "kern.sched.affinity": ofUle("ule_affinity", MANY),
  "kern.sched.balance": ofUle("ule_balance", 1),
  "kern.sched.balance_interval": ofUle("ule_interval", MANY),
  "kern.sched.interact": ofUle("ule_interact", 100),
  "kern.sched.ipiwakeup.delivered": of4bsd("bsd4_delivered", null),
  "kern.sched.ipiwakeup.enabled": of4bsd("bsd4_forward", 1),
  "kern.sched.ipiwakeup.requested": of4bsd("bsd4_requested", null),
  "kern.sched.preempt_thresh": ofUle("ule_preempt", Layout.PRI_MAX),
  "kern.sched.preemption": { field: "preemption", of: ["4bsd", "ule"], max: null },
  "kern.sched.runq_fuzz": of4bsd("bsd4_fuzz", MANY),
  "kern.sched.static_boost": ofUle("ule_boost", Layout.PRI_MAX),
  "kern.sched.steal_idle": ofUle("ule_steal", 1),
  "kern.sched.steal_thresh": ofUle("ule_steal_least", MANY),
} as const satisfies Record<string, Tunable>;

/** A slice, in microseconds and in ticks of the statistics clock: two views of one number. */
const slices = ["kern.sched.quantum", "kern.sched.slice"] as const;

/** Variables that are texts, and can only be read. */
const texts = ["kern.sched.name", "kern.sched.topology_spec"] as const;

/** Names of the variables that are texts. */
export type SysctlTextName = (typeof texts)[number];

/** Names of the variables. */
export type SysctlName =
  | keyof typeof counters
  | keyof typeof tunables
  | keyof typeof scheduling
  | (typeof slices)[number]
  | SysctlTextName
  | "lwkt.untimely_switch";

/** What a variable is: a text, or a number. */
export type SysctlValue<Name extends SysctlName> = Name extends SysctlTextName ? string : number;

/** All names, in alphabetical order. */
export const sysctlNames: readonly SysctlName[] = Object.freeze(
  [
    ...(Object.keys(counters) as SysctlName[]),
    ...(Object.keys(tunables) as SysctlName[]),
    ...(Object.keys(scheduling) as SysctlName[]),
    ...slices,
    ...texts,
    "lwkt.untimely_switch" as const,
  ].sort(),
);

function isTunable(name: SysctlName): name is keyof typeof tunables {
  return Object.hasOwn(tunables, name);
}

function isScheduling(name: SysctlName): name is keyof typeof scheduling {
  return Object.hasOwn(scheduling, name);
}

function isSlice(name: SysctlName): name is (typeof slices)[number] {
  return slices.includes(name as (typeof slices)[number]);
}

function isText(name: SysctlName): name is SysctlTextName {
  return texts.includes(name as SysctlTextName);
}

/** Throws unless a machine has one of the schedulers that a variable belongs to. */
function checkScheduler(kernel: Kernel, name: SysctlName, of: readonly SchedulerName[]): void {
  const { scheduler } = kernel.config;
  if (of.some((known) => known === scheduler)) return;
  const whose = of.length === 1 ? `the scheduler ${of[0]}` : `the schedulers ${of.join(" and ")}`;
  throw new ConfigError(`${name} belongs to ${whose}, which this machine does not have`);
}

const both: readonly SchedulerName[] = ["4bsd", "ule"];

function tunableOf(kernel: Kernel, name: keyof typeof scheduling): Tunable {
  const tunable: Tunable = scheduling[name];
  checkScheduler(kernel, name, tunable.of);
  return tunable;
}

function checkName(name: string): asserts name is SysctlName {
  if (sysctlNames.includes(name as SysctlName)) return;
  throw new ConfigError(`there is no variable ${shown(name)}; there are ${sysctlNames.join(", ")}`);
}

/** The value of a variable. Throws a {@link ConfigError} if there is none of this name. */
export function readSysctl<Name extends SysctlName>(kernel: Kernel, name: Name): SysctlValue<Name> {
  checkName(name);
  return (isText(name) ? readText(kernel, name) : readNumber(kernel, name)) as SysctlValue<Name>;
}

function readText(kernel: Kernel, name: SysctlTextName): string {
  if (name === "kern.sched.topology_spec") {
    checkScheduler(kernel, name, ["ule"]);
    return topologySpec(kernel.config);
  }
  checkScheduler(kernel, name, both);
  return kernel.config.scheduler === "ule" ? "ULE" : "4BSD";
}

function readNumber(kernel: Kernel, name: SysctlName): number {
  if (name === "lwkt.untimely_switch") return kernel.machine("untimely_switch") | 0;
  if (isTunable(name)) return kernel.machine(tunables[name]) | 0;
  if (isScheduling(name)) return kernel.machine(tunableOf(kernel, name).field);
  if (isSlice(name)) {
    checkScheduler(kernel, name, both);
    return readSlice(kernel, name);
  }
  let sum = 0;
  for (let cpu = 0; cpu < kernel.config.cpus; cpu++) {
    sum += kernel.readNumber(kernel.globaldata(cpu) + counters[name as keyof typeof counters]);
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
  if (isText(name)) throw new ConfigError(`${name} cannot be set: it can only be read`);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ConfigError(
      `${name} cannot be ${shown(value)}; it must be a whole number, 0 or more`,
    );
  }
  if (isScheduling(name)) {
    const { field, max } = tunableOf(kernel, name);
    if (max === null) throw new ConfigError(`${name} cannot be set: it can only be read`);
    if (value > max) throw new ConfigError(`${name} cannot be ${value}; it is ${max} at most`);
    kernel.setMachine(field, value);
    return;
  }
  if (isSlice(name)) {
    writeSlice(kernel, name, value);
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

/** Ticks of the statistics clock: a microsecond is lost for each, as in the originals. */
const TICK_US = Math.floor(1_000_000 / Layout.STATHZ);

/** Ticks of the scheduler's clock, which may be faster, in one of the statistics clock. */
function clockTicks(kernel: Kernel): number {
  const period = Math.max(1, Math.floor(kernel.config.cyclesPerSecond / Layout.STATHZ));
  return period / Number(kernel.machine64("sched_tick"));
}

/** The nearest number of ticks, or as many microseconds; what is less than a tick is one as in the originals. */
function readSlice(kernel: Kernel, name: (typeof slices)[number]): number {
  const slice = kernel.machine("sched_slice");
  const ticks = slice === 0 ? 0 : Math.max(1, Math.round(slice / clockTicks(kernel)));
  return name === "kern.sched.slice" ? ticks : ticks * TICK_US;
}

/** A slice is a whole number of ticks; of ule's least one only kern.sched.quantum knows. */
function writeSlice(kernel: Kernel, name: (typeof slices)[number], value: number): void {
  checkScheduler(kernel, name, both);
  const isTicks = name === "kern.sched.slice";
  const max = isTicks ? MANY : MANY * TICK_US;
  if (value < 1 || value > max) {
    throw new ConfigError(`${name} cannot be ${value}; it is a whole number from 1 to ${max}`);
  }
  const ticks = isTicks ? value : Math.max(1, Math.floor((value + (TICK_US >> 1)) / TICK_US));
  const slice = Math.round(ticks * clockTicks(kernel));
  kernel.setMachine("sched_slice", slice);
  if (!isTicks) kernel.setMachine("ule_slice_min", Math.floor(slice / Layout.SLICE_MIN_DIVISOR));
}
