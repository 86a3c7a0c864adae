// Why the threads that are left at the end of a schedule will never go on.

import type { Machine } from "../machine/machine.js";
import { waitsFor } from "../machine/sync-views.js";
import { ThreadView } from "../machine/views.js";

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

/** Who waits for whom, in a line. */
export function tellWaits(machine: Machine, stuck: readonly Stuck[]): string {
  const waits = stuck.map(({ td, call }) => {
    const name = machine.kernel.nameAt(td);
    const thread = new ThreadView(machine.kernel, td);
    const object = waitsFor(machine, thread);
    const owner = object?.owner ?? null;
    if (object !== null && owner !== null) {
      const holder = owner.address === td ? "itself" : owner.name;
      return `${name} waits for ${object.kind} ${object.name}, held by ${holder}`;
    }
    if (object !== null) return `${name} waits for ${object.kind} ${object.name}`;
    return thread.state === "suspended" ? `${name} is suspended` : `${name} waits in ${call}`;
  });
  return `${waits.join("; ")}; nothing will ever wake ${stuck.length === 1 ? "it" : "them"}`;
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
