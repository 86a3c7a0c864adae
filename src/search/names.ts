// How a story calls what a kernel address stands for: it is another one on each build of the kernel.

import * as Layout from "../generated/layout.js";
import type { Machine } from "../machine/machine.js";
import { syncObjectAt } from "../machine/sync-views.js";

/** Objects that have no name: they are numbered. */
const nameless: Readonly<Record<number, string>> = {
  [Layout.KOBJ_TOKEN]: "token",
  [Layout.KOBJ_WAIT]: "wait",
};

/** A lock's name, the number of a token, or a thread's name in quotes; other addresses as they are. */
export function nameOfAddress(machine: Machine, address: number): string {
  return objectName(machine, address) ?? threadName(machine, address) ?? hex(address);
}

/** As {@link nameOfAddress} with the kind of a lock, for objects; null for everything else. */
export function objectName(machine: Machine, address: number, withKind = false): string | null {
  const object = syncObjectAt(machine, address);
  if (object === null) return namelessObject(machine, address);
  if (object.name === "") return `${object.kind} ${hex(address)}`;
  return withKind ? `${object.kind} ${object.name}` : object.name;
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

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
