// How a story calls what a kernel address stands for: it is another one on each build of the kernel.

import { hex } from "../core/hex.js";
import * as Layout from "../generated/layout.js";
import type { Machine } from "../machine/machine.js";
import { syncObjectAt } from "../machine/sync-views.js";

/** Objects that have no name: they are numbered. */
const nameless: Readonly<Record<number, string>> = {
  [Layout.KOBJ_TOKEN]: "token",
  [Layout.KOBJ_WAIT]: "wait",
};

/** A lock's name, the number of a token, or a thread's name in quotes; 0 for none, other addresses as they are. */
export function nameOfAddress(machine: Machine, address: number): string {
  if (address === 0) return "0";
  return objectName(machine, address) ?? threadName(machine, address) ?? hex(address);
}

/** As {@link nameOfAddress} with the kind of a lock, for objects; null for everything else. */
export function objectName(machine: Machine, address: number, withKind = false): string | null {
  const object = syncObjectAt(machine, address);
  if (object === null) return namelessObject(machine, address);
  if (object.name === "") return `${object.kind} ${hex(address)}`;
  return withKind ? `${object.kind} ${object.name}` : object.name;
}

/** Requests and flags of lockmgr, as a call has them. */
const lockFlags: Readonly<Record<string, number>> = {
  LK_SHARED: Layout.LK_SHARED,
  LK_EXCLUSIVE: Layout.LK_EXCLUSIVE,
  LK_UPGRADE: Layout.LK_UPGRADE,
  LK_TRYUPGRADE: Layout.LK_TRYUPGRADE,
  LK_DOWNGRADE: Layout.LK_DOWNGRADE,
  LK_RELEASE: Layout.LK_RELEASE,
  LK_DRAIN: Layout.LK_DRAIN,
  LK_INTERLOCK: Layout.LK_INTERLOCK,
  LK_NOWAIT: Layout.LK_NOWAIT,
  LK_SLEEPFAIL: Layout.LK_SLEEPFAIL,
  LK_TIMELOCK: Layout.LK_TIMELOCK,
  LK_NODDLKTREAT: Layout.LK_NODDLKTREAT,
  LK_CANRECURSE: Layout.LK_CANRECURSE,
  LK_NOWITNESS: Layout.LK_NOWITNESS,
};

/** What a call of lockmgr asks for: LK_SHARED | LK_NOWAIT; the number if it has anything else. */
export function lockRequest(flags: number): string {
  const known = Object.entries(lockFlags).filter(([, flag]) => (flags & flag) !== 0);
  const bits = known.reduce((all, [, flag]) => all | flag, 0);
  return bits !== 0 && bits === flags ? known.map(([name]) => name).join(" | ") : String(flags);
}

function namelessObject({ kernel }: Machine, address: number): string | null {
  const base = kernel.machine("kobj_base");
  if (address < base || address >= kernel.machine("kobj_next")) return null;
  if ((address - base) % Layout.KOBJ_SIZE !== 0) return null;
  const kind = nameless[kernel.read(address)];
  if (kind === undefined) return null;
  let number = 1;
  for (let at = base; at < address; at += Layout.KOBJ_SIZE) {
    if (kernel.read(at) === kernel.read(address)) number++;
  }
  return `${kind} ${number}`;
}

function threadName({ kernel }: Machine, address: number): string | null {
  const index = kernel.threadIndex(address);
  const isThread = Number.isInteger(index) && index >= 0 && index < kernel.machine("zone_next");
  return isThread ? JSON.stringify(kernel.nameAt(address)) : null;
}
