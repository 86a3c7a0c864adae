/**
 * What a run that came to a stop is waiting for: who waits for whom, and whether that is a deadlock.
 *
 * Nothing can happen any more, so every thread that is left waits for ever. It is a deadlock if
 *
 * - a thread waits for a mutex or at a barrier, or
 * - a thread waits that the file lets end some time, or
 * - no thread at all has ended.
 *
 * Otherwise those who wait are servants, in endless loops, whose clients have all ended: the workload is
 * at rest, as it should be.
 */
import { type SyncKind, type SyncObjectView, waitsFor } from "../machine/sync-views.js";
import type { ThreadView } from "../machine/views.js";
import { isEndless, type WorkloadRun } from "./run.js";

/** A thread that waits for something that will not come. */
export interface StalemateWait {
  readonly thread: string;
  readonly tid: number;
  /** What it waits for; "resume": it is suspended. */
  readonly kind: SyncKind | "resume" | "other";
  /** The name of the mutex, condition and so on; for "other" the wait message. */
  readonly name: string;
  /** Mutexes: who holds it; null if the holder has ended. */
  readonly holder: { readonly thread: string; readonly tid: number } | null;
  /** Barriers: how many have arrived, and how many should. */
  readonly arrived: number;
  readonly parties: number;
}

/** Why nothing happens any more. */
export interface Stalemate {
  readonly isDeadlock: boolean;
  readonly waits: readonly StalemateWait[];
  /** Threads that wait for each other's mutexes in a circle, each for the next one's; or null. */
  readonly cycle: readonly StalemateWait[] | null;
}

/** Looks at a machine that has become idle; null if no thread is left. */
export function findStalemate(run: WorkloadRun): Stalemate | null {
  const threads = [...run.threads()];
  if (threads.length === 0) return null;
  const waits = threads.map((thread) => waitOf(run, thread));
  const hasEnded = run.ended.length > 0;
  const isStuck = (wait: StalemateWait, index: number) =>
    wait.kind === "mutex" ||
    wait.kind === "barrier" ||
    !mayWaitForEver(run, threads[index] as ThreadView);
  return { isDeadlock: !hasEnded || waits.some(isStuck), waits, cycle: findCycle(waits) };
}

function mayWaitForEver(run: WorkloadRun, thread: ThreadView): boolean {
  const compiled = run.taskOf(thread);
  return compiled !== null && isEndless(compiled.task);
}

function waitOf(run: WorkloadRun, thread: ThreadView): StalemateWait {
  const object = waitsFor(run.machine, thread);
  const { name, tid } = thread;
  if (object !== null) return { thread: name, tid, ...waitForObject(object) };
  const point = run.suspendPointAt(thread.waitChannel);
  const kind = point === null ? "other" : "resume";
  const what = point ?? thread.waitMessage ?? thread.state;
  return { thread: name, tid, kind, name: what, holder: null, arrived: 0, parties: 0 };
}

function waitForObject(object: SyncObjectView): Omit<StalemateWait, "thread" | "tid"> {
  const { kind, name, owner } = object;
  const isBarrier = kind === "barrier";
  return {
    kind,
    name,
    holder: kind === "mutex" && owner !== null ? { thread: owner.name, tid: owner.tid } : null,
    arrived: isBarrier ? object.value : 0,
    parties: isBarrier ? object.limit : 0,
  };
}

/** Follows the mutexes from holder to holder until somebody turns up again. */
function findCycle(waits: readonly StalemateWait[]): StalemateWait[] | null {
  const byTid = new Map(waits.map((wait) => [wait.tid, wait]));
  const done = new Set<number>();
  for (const start of waits) {
    const path: StalemateWait[] = [];
    let wait: StalemateWait | undefined = start;
    while (wait !== undefined && wait.holder !== null && !done.has(wait.tid)) {
      done.add(wait.tid);
      path.push(wait);
      wait = byTid.get(wait.holder.tid);
    }
    const first = wait === undefined ? -1 : path.indexOf(wait);
    if (first >= 0) return path.slice(first);
  }
  return null;
}

/** Says what a thread waits for, as the rest of a sentence that begins with its name. */
export function describeWait(wait: StalemateWait): string {
  const name = JSON.stringify(wait.name);
  switch (wait.kind) {
    case "mutex":
      return wait.holder === null
        ? `waits for mutex ${name}, whose holder has ended without unlocking it`
        : `waits for mutex ${name}, held by ${wait.holder.thread}`;
    case "condition":
      return `waits for a signal on condition ${name}`;
    case "semaphore":
      return `waits for a post of semaphore ${name}`;
    case "barrier":
      return `waits at barrier ${name}, where ${wait.arrived} of ${wait.parties} have arrived`;
    case "resume":
      return `is suspended at ${name}`;
    default:
      return `waits (${wait.name})`;
  }
}
