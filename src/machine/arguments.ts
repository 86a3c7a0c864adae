// What each public method of a machine takes, in one place: a table of rules per method.

import {
  callback,
  checkArgument,
  count,
  flag,
  handle,
  oneOf,
  optional,
  type Rule,
  type Rules,
  text,
  unsigned,
  whole,
  wide,
  word,
} from "../core/arguments.js";
import type { CompleteConfig } from "../core/config.js";
import type { Kernel } from "../core/kernel.js";
import { KSTACK_MAX_PAGES, PRI_MAX, Proc, TDPRI_MAX, Thread } from "../generated/layout.js";
import { isKernelCall } from "./calls.js";

/** Options of `run`. */
export const runRules: Rules = {
  until: optional(wide),
  for: optional(wide),
  switches: optional(count),
  rounds: optional(count),
  onProgress: optional(callback),
};

/** The rules of one machine: what it allows depends on its configuration. */
export interface MachineRules {
  readonly cpu: Rule;
  readonly thread: Rules;
  readonly process: Rules;
  readonly lwkt: Rules;
  readonly threadAddress: Rule;
  readonly processAddress: Rule;
}

function bodyRule({ textMemory }: CompleteConfig): Rule {
  const isEntry = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < textMemory;
  return {
    allowed: `a generator function, a loaded program, or an address of program text, below ${textMemory}`,
    accepts: (value) => {
      if (typeof value === "function") return true;
      const isProgram = typeof value === "object" && value !== null && "entry" in value;
      const entry = isProgram ? value.entry : value;
      return isEntry(entry) && (entry as number) % 2 === 0;
    },
  };
}

/** The address of a structure in an array: a base, how many there are, and the size of one. */
function addressIn(what: string, size: number, base: () => number, used: () => number): Rule {
  return {
    allowed: `the address of a ${what} of this machine`,
    accepts: (value) => {
      const offset = Number.isInteger(value) ? (value as number) - base() : -1;
      return offset >= 0 && offset % size === 0 && offset / size < used();
    },
  };
}

/** The rules of the machine that runs `kernel`. */
export function machineRules(kernel: Kernel): MachineRules {
  const { config } = kernel;
  const cpu: Rule = {
    ...whole(0, config.cpus - 1),
    allowed: `a CPU of this machine, 0 to ${config.cpus - 1}`,
  };
  const common: Rules = {
    name: text,
    body: bodyRule(config),
    arg: optional(word),
    cpu: optional(cpu),
    stopped: optional(flag),
  };
  const process: Rules = {
    ...common,
    priority: optional(whole(0, PRI_MAX)),
    stackPages: optional(whole(1, KSTACK_MAX_PAGES)),
  };
  const machine = (field: Parameters<Kernel["machine"]>[0]) => () => kernel.machine(field);
  return {
    cpu,
    process,
    thread: { ...process, process: optional(handle("a process")) },
    lwkt: { ...common, priority: optional(whole(0, TDPRI_MAX)) },
    threadAddress: addressIn("thread", Thread.size, machine("td_base"), machine("zone_next")),
    processAddress: addressIn("process", Proc.size, machine("proc_base"), machine("proc_next")),
  };
}

/** A thread that the kernel looks at itself. */
export const threadRule: Rule = handle("a thread");
/** The number of an interrupt line; which there are knows the kernel. */
export const lineRule: Rule = unsigned;
/** A kernel call with its arguments. */
export const callRule: Rule = {
  allowed: 'a kernel call, such as sys.wakeup("disk")',
  accepts: isKernelCall,
};

/** Values of a program's external operands. */
export const externalsRule: Rule = {
  allowed: "an object with a whole number for each external operand",
  accepts: (value) =>
    typeof value === "object" && value !== null && Object.values(value).every(word.accepts),
};

/** Entries of a machine's start. */
export const sysinitsRule: Rule = {
  allowed: "an array of what sysinit returns",
  accepts: (value) => Array.isArray(value) && value.every(isSysinit),
};

function isSysinit(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { subsystem, order, start } = value as Record<string, unknown>;
  return unsigned.accepts(subsystem) && unsigned.accepts(order) && callback.accepts(start);
}

/** Checks a range of addresses in the kernel's memory. */
export function checkRange(method: string, kernel: Kernel, from: number, to: number): void {
  const address = whole(0, kernel.u8.length);
  checkArgument(method, "from", from, address);
  checkArgument(method, "to", to, address);
}

const startRule = oneOf(["kthread_start", "kproc_start"]);

/** Checks what a thread or a process of the kernel is started with at boot. */
export function checkStart(rules: MachineRules, call: string, name: string, body: unknown): void {
  checkArgument("startFrom", "call", call, startRule);
  checkArgument(call, "arg0", name, text);
  checkArgument(call, "func", body, rules.thread.body as Rule);
}
