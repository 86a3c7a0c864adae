// What run and exec have to do with locks: their options, and the profile as text.

import type { Command } from "commander";
import type { LockReport } from "../machine/lock-profile.js";
import { formatTable, left, right } from "./table.js";
import { formatCount, formatTime } from "./units.js";

/** Locks, and pairs of threads, that are shown. */
const LOCKS_SHOWN_MAX = 20;
const WAITS_SHOWN_MAX = 10;

const lockColumns = [
  left("LOCK"),
  ...["TAKEN", "CONTESTED", "WAITED", "MAX", "P99", "HELD", "MAX", "P99"].map(right),
];

const waitColumns = [...["WAITED", "FOR", "WHO HAD"].map(left), right("TIMES"), right("TIME")];

/** Adds what has a command look at locks. */
export function lockOptions(command: Command): Command {
  return command
    .option("--witness", "report locks that are taken in different orders, and other wrong uses")
    .option("--adaptive-locks", "spin for a lock while the thread that has it runs")
    .option("--lock-profile", "report how long locks were waited for and held, and who for whom");
}

/** The locks that were waited for longest, and who waited for whom. */
export function lockSection(
  locks: readonly LockReport[] | null,
  nameOf: (tid: number) => string,
  columns?: number,
): string {
  if (locks === null || locks.length === 0) return "";
  const sorted = [...locks].sort((a, b) => b.wait.totalNs - a.wait.totalNs);
  const table = formatTable(lockColumns, sorted.slice(0, LOCKS_SHOWN_MAX).map(lockRow), columns);
  const hidden = sorted.length - LOCKS_SHOWN_MAX;
  const more = hidden > 0 ? `... and ${formatCount(hidden)} more (--json has them)\n` : "";
  const waits = sorted
    .flatMap(({ kind, name, waits: pairs }) => pairs.map((pair) => ({ ...pair, kind, name })))
    .sort((a, b) => b.waitedNs - a.waitedNs)
    .slice(0, WAITS_SHOWN_MAX);
  if (waits.length === 0) return `${table}${more}`;
  const rows = waits.map(({ waiterTid, holderTid, kind, name, count, waitedNs }) => [
    nameOf(waiterTid),
    `${kind} ${name}`,
    holderTid === 0 ? "those that shared it" : nameOf(holderTid),
    formatCount(count),
    formatTime(waitedNs),
  ]);
  return `${table}${more}\n${formatTable(waitColumns, rows, columns)}`;
}

function lockRow({ kind, name, acquisitions, contested, wait, hold }: LockReport): string[] {
  return [
    `${kind} ${name}`,
    formatCount(acquisitions),
    formatCount(contested),
    ...[wait, hold].flatMap(({ totalNs, maxNs, p99Ns }) => [totalNs, maxNs, p99Ns].map(formatTime)),
  ];
}
