// The recorded cases of this project: where they are, and how many each file must hold. The numbers are written
// down here rather than read from the files, so that an emptied or forgotten file fails a test.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Difference } from "./replay/difference.js";

const CASES = fileURLToPath(new URL("cases/", import.meta.url));

/** Cases in each file, by kind. */
const recorded = {
  lwkt: {
    "hand-block.json": 9,
    "hand-create.json": 9,
    "hand-crit.json": 5,
    "hand-panic.json": 22,
    "hand-preempt.json": 15,
    "hand-priority.json": 4,
    "hand-round-robin.json": 4,
    "hand-runqmask.json": 2,
    "hand-schedule.json": 4,
    "hand-setpri.json": 5,
    "hand-token.json": 2,
    "hand-untimely.json": 8,
    "random-blocking.json": 50,
    "random-lifecycle.json": 50,
    "random-mixed.json": 50,
    "random-preempt.json": 50,
    "random-priority.json": 50,
    "random-untimely.json": 50,
  },
  freebsd: {
    "cow.json": 3,
    "kproc.json": 15,
    "kthread.json": 31,
    "limit.json": 6,
    "panic.json": 3,
    "random-kproc.json": 40,
    "random-kthread.json": 90,
    "random-limit.json": 20,
    "random-reap.json": 35,
    "random-single.json": 80,
    "random-single2.json": 70,
    "reap.json": 10,
    "single.json": 26,
    "stop.json": 7,
    "tdfind.json": 3,
    "unit-tid.json": 35,
    "unit-tidhash.json": 23,
  },
  "further/lwkt": { "changed.json": 120 },
  "further/freebsd": { "changed-unit.json": 25, "changed.json": 120, "hand.json": 26 },
} as const;

/** Registers the tests that replay every recorded case of a kind, of which there are `total`. */
export function describeRecorded<C extends { readonly name: string }>(
  kind: keyof typeof recorded,
  total: number,
  replay: (one: C) => Difference | null,
): void {
  const files: Readonly<Record<string, number>> = recorded[kind];
  const folder = join(CASES, kind);

  describe(`the cases of ${kind}`, () => {
    it(`are ${total}, in the files that are listed`, () => {
      const counts = Object.values(files);
      expect(counts.reduce((sum, count) => sum + count)).toBe(total);
      const found = readdirSync(folder).filter((name) => name.endsWith(".json"));
      expect(found.sort()).toEqual(Object.keys(files).sort());
    });

    it.each(Object.entries(files))(
      "of %s, %i, are replayed without a difference",
      (file, count) => {
        const cases = JSON.parse(readFileSync(join(folder, file), "utf8")) as C[];
        const names = new Set<string>();
        const failed: unknown[] = [];
        for (const one of cases) {
          names.add(one.name);
          const difference = replay(one);
          if (difference !== null) failed.push({ name: one.name, ...difference });
        }
        expect(names.size).toBe(count);
        expect(failed).toEqual([]);
      },
    );
  });
}
