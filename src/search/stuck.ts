// Why the threads that are left at the end of a schedule will never go on.

import * as Layout from "../generated/layout.js";
import type { Machine } from "../machine/machine.js";
import { type SyncObjectView, waitsFor } from "../machine/sync-views.js";
import { ThreadView } from "../machine/views.js";
import { waitsToShare } from "./holders.js";

/** A thread that is left. */
export interface Stuck {
  readonly td: number;
  readonly call: string;
  readonly lookedSince: number;
  readonly blockedAt: number;
}

/** A wakeup that nobody slept for. */
export interface Unheard {
  readonly step: number;
  readonly channel: number;
}

/** What a story knows besides: what threads are called, and who shares a lock. */
export interface Witness {
  nameOf(td: number): string;
  sharersOf(address: number): readonly string[];
}

/** Who waits for whom, in a line. */
export function tellWaits(
  machine: Machine,
  stuck: readonly Stuck[],
  witness: Witness | null,
): string {
  const nameOf = (td: number) => witness?.nameOf(td) ?? machine.kernel.nameAt(td);
  const waits = stuck.map(({ td, call }) => {
    const thread = new ThreadView(machine.kernel, td);
    const object = waitsFor(machine, thread);
    if (object !== null) {
      const first = firstInLine(machine, stuck, td, object).map(nameOf);
      const behind = first.length === 0 ? [] : [`behind ${listOf(first)}`];
      const why = [...holdersOf(machine, object, td, nameOf, witness), ...behind];
      return [`${nameOf(td)} waits for ${object.kind} ${object.name}`, ...why].join(", ");
    }
    return `${nameOf(td)} ${thread.state === "suspended" ? "is suspended" : `waits in ${call}`}`;
  });
  return `${waits.join("; ")}; nothing will ever wake ${stuck.length === 1 ? "it" : "them"}`;
}

/** Who has what a thread waits for, as far as that is known. */
function holdersOf(
  machine: Machine,
  object: SyncObjectView,
  td: number,
  nameOf: (td: number) => string,
  witness: Witness | null,
): string[] {
  const { owner, isOwned, isDisowned, address } = object;
  const sharers = witness?.sharersOf(address) ?? [];
  if (sharers.length > 0) return [`shared by ${listOf(new Set(sharers))}`];
  if (owner !== null) {
    const name = owner.address === td ? "itself" : nameOf(owner.address);
    return [waitsForReaders(machine, owner, object) ? `behind ${name}` : `held by ${name}`];
  }
  if (isDisowned) return ["which whoever held it has disowned"];
  return isOwned ? ["whose holder has ended"] : [];
}

/** True if a thread that is to have an rmlock alone, and keeps others off it, waits for its readers to leave. */
function waitsForReaders(machine: Machine, td: ThreadView, object: SyncObjectView): boolean {
  const own = waitsFor(machine, td);
  if (own === null || own.kind !== "rmlock") return false;
  return machine.kernel.read(own.address + Layout.RmLock.rm_lock) === object.address;
}

/** Those for whom a thread waits that would share a lock as others do: they want it alone, and were there first. */
function firstInLine(
  machine: Machine,
  stuck: readonly Stuck[],
  td: number,
  object: SyncObjectView,
): number[] {
  if (object.isOwned || !waitsToShare(machine, td, object)) return [];
  return stuck
    .filter((other) => {
      const theirs = waitsFor(machine, new ThreadView(machine.kernel, other.td));
      return theirs?.address === object.address && !waitsToShare(machine, other.td, object);
    })
    .map((other) => other.td);
}

function listOf(names: Iterable<string>): string {
  const all = [...names];
  const last = all.pop() ?? "";
  return all.length === 0 ? last : `${all.join(", ")} and ${last}`;
}

/**
 * A thread that had looked, and was to sleep, when the wakeup that it was to get came: after its last look
 * and before it slept. Null if there is none.
 */
export function findLostWakeup(
  machine: Machine,
  stuck: readonly Stuck[],
  unheard: readonly Unheard[],
): string | null {
  for (const { td, call, lookedSince, blockedAt } of stuck) {
    const channel = new ThreadView(machine.kernel, td).waitChannel;
    if (channel === 0) continue;
    const lost = unheard.some(
      (wakeup) =>
        wakeup.channel === channel && wakeup.step > lookedSince && wakeup.step < blockedAt,
    );
    if (lost) {
      return `${machine.kernel.nameAt(td)} sleeps for ever in ${call}: its wakeup came after its last look and before it slept`;
    }
  }
  return null;
}
