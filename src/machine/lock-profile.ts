// What a machine with `lockProfile: true` has counted of its locks.

import * as Layout from "../generated/layout.js";
import type { Machine } from "./machine.js";
import { type SyncKind, syncObjects } from "./sync-views.js";
import { percentileOf } from "./views.js";

const { LockPair: P } = Layout;

/** Times in virtual nanoseconds. */
export interface LockTimesReport {
  readonly count: number;
  readonly totalNs: number;
  readonly maxNs: number;
  readonly p99Ns: number;
}

/** One thread waited for a lock that another one had. */
export interface LockWaitReport {
  readonly waiterTid: number;
  /** 0: the lock was shared, by nobody knows whom. */
  readonly holderTid: number;
  readonly count: number;
  readonly waitedNs: number;
}

/** The profile of a lock. */
export interface LockReport {
  readonly kind: SyncKind;
  readonly name: string;
  /** How often it was taken, handed over or shared. */
  readonly acquisitions: number;
  /** How often a thread had to wait for it. */
  readonly contested: number;
  /** Waits that have ended. */
  readonly wait: LockTimesReport;
  /** Times that it was held; for a lock that is shared, from the first that shares it until nobody does. */
  readonly hold: LockTimesReport;
  /**
   * Which threads waited for which, the longest first: for all locks together 3,072 pairs. Waits of further pairs
   * are in `wait` only.
   */
  readonly waits: readonly LockWaitReport[];
}

const LOCKS: ReadonlySet<SyncKind> = new Set(["mutex", "rwlock", "sx", "rmlock", "lockmgr"]);

/** The profiles of a machine's locks in the order in which they were made; null without the option. */
export function lockReports(machine: Machine): LockReport[] | null {
  const { kernel } = machine;
  if (!machine.config.lockProfile) return null;
  const toNs = (cycles: number) => (cycles * 1e9) / machine.config.cyclesPerSecond;
  const pairs = readPairs(machine, toNs);
  const base = kernel.machine("lockprof_base");
  return syncObjects(machine)
    .filter(({ kind }) => LOCKS.has(kind))
    .map((lock) => {
      const index = (lock.address - kernel.machine("kobj_base")) / Layout.KOBJ_SIZE;
      const at = base + index * Layout.LOCK_PROFILE_STRIDE + Layout.LockProfile.size;
      return {
        kind: lock.kind,
        name: lock.name,
        acquisitions: lock.uses,
        contested: lock.contended,
        wait: readTimes(machine, at, toNs),
        hold: readTimes(machine, at + Layout.LOCK_TIMES_STRIDE, toNs),
        waits: pairs.get(lock.address) ?? [],
      };
    });
}

function readTimes(
  { kernel }: Machine,
  at: number,
  toNs: (cycles: number) => number,
): LockTimesReport {
  const { LockTimes: T } = Layout;
  const count = kernel.readNumber(at + T.lt_count);
  const max = kernel.readNumber(at + T.lt_max);
  return {
    count,
    totalNs: toNs(kernel.readNumber(at + T.lt_sum)),
    maxNs: toNs(max),
    p99Ns: count === 0 ? 0 : toNs(percentileOf(kernel, at + T.size, { count, max, share: 0.99 })),
  };
}

/** Who waited for whom, by the address of the lock. */
function readPairs({ kernel }: Machine, toNs: (cycles: number) => number) {
  const found = new Map<number, LockWaitReport[]>();
  const table =
    kernel.machine("lockprof_base") + kernel.machine("kobj_count") * Layout.LOCK_PROFILE_STRIDE;
  for (let i = 0; i < Layout.LOCK_PAIRS; i++) {
    const at = table + i * P.size;
    const lock = kernel.read(at + P.pr_lock);
    if (lock === 0) continue;
    const pairs = found.get(lock) ?? [];
    pairs.push({
      waiterTid: kernel.readSigned(at + P.pr_waiter),
      holderTid: kernel.readSigned(at + P.pr_owner),
      count: kernel.read(at + P.pr_count),
      waitedNs: toNs(kernel.readNumber(at + P.pr_cycles)),
    });
    found.set(lock, pairs);
  }
  for (const pairs of found.values()) {
    pairs.sort((a, b) => b.waitedNs - a.waitedNs || a.waiterTid - b.waiterTid);
  }
  return found;
}
