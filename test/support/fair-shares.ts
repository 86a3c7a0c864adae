/** Rules for CPU-bound threads under every time-sharing scheduler. */

import { expect, it } from "vitest";
import type { SchedulerName } from "../../src/core/config.js";
import { busy, runText, shares, tasks } from "./workload-run.js";

const SECOND_US = 1_000_000;

/** Tests that equals get equal shares, that no CPU is left idle, and that no thread gets less than half a share. */
export function itSharesFairly(scheduler: SchedulerName): void {
  it.each([2, 3, 5])("%d on one CPU have equal shares, within 5 %%", (count) => {
    const report = runText(tasks(`"hog": { "instance": ${count}, "loop": -1, "run": 500 }`), {
      scheduler,
      forUs: 40 * SECOND_US,
    });
    for (const share of shares(report)) expect(Math.abs(share * count - 1)).toBeLessThan(0.05);
  });

  it.each([
    [2, 3],
    [4, 5],
    [8, 9],
    [4, 8],
    [3, 6],
  ])(
    "use all of %d CPUs when there are %d, and none has less than half its share",
    (cpus, count) => {
      const report = runText(tasks(`"hog": { "instance": ${count}, "loop": -1, "run": 500 }`), {
        scheduler,
        cpus,
        forUs: 10 * SECOND_US,
      });
      expect(busy(report)).toBeGreaterThan(0.95);
      for (const share of shares(report)) expect(share).toBeGreaterThan(cpus / count / 2);
      // No thread has had more time than there was.
      for (const share of shares(report)) expect(share).toBeLessThanOrEqual(1);
    },
  );

  it("share CPUs that a file names one by one as if it named none", () => {
    const report = runText(
      tasks(`"hog": { "instance": 3, "cpus": [0, 1], "loop": -1, "run": 500 }`),
      { scheduler, cpus: 2, forUs: 10 * SECOND_US },
    );
    for (const share of shares(report)) expect(Math.abs((share * 3) / 2 - 1)).toBeLessThan(0.2);
  });

  it("leave a CPU that they were bound to, once they may, for one that has nothing better to do", () => {
    const report = runText(
      tasks(
        `"hog": { "instance": 2, "loop": -1, "phases": {
           "bound": { "cpus": [0], "loop": 1, "run": 100000 },
           "free": { "cpus": [0, 1], "loop": -1, "run": 500 } } },
         "idle": { "cpus": [1], "policy": "SCHED_IDLE", "loop": -1, "run": 500 }`,
      ),
      { scheduler, cpus: 2, forUs: 5 * SECOND_US },
    );
    const [first, second] = shares(report);
    for (const share of [first, second]) expect(share).toBeGreaterThan(0.85);
  });

  it("spread over idle CPUs, wherever they were made runnable", () => {
    const report = runText(
      tasks(
        `"hogs": { "instance": 3, "loop": -1, "run": 500, "sleep": 1 },
       "late": { "delay": 5000, "loop": -1, "run": 500 }`,
      ),
      { scheduler, cpus: 4, forUs: SECOND_US },
    );
    for (const share of shares(report)) expect(share).toBeGreaterThan(0.9);
  });
}
