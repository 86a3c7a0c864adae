/** Rules of real-time policies under every scheduler that has priorities for them. */

import { expect, it } from "vitest";
import type { SchedulerName } from "../../src/core/config.js";
import type { RunReport } from "../../src/workload/run-report.js";
import { endUs, runText, shares, type TestRunOptions, tasks, threadOf } from "./workload-run.js";

const SECOND_US = 1_000_000;

/** Tests that the 99 priorities differ, that equals share only under RR, and that a preempted thread keeps its turn. */
export function itHasRealTimePolicies(scheduler: SchedulerName): void {
  const run = (text: string, options: TestRunOptions = {}): RunReport =>
    runText(tasks(text), { scheduler, ...options });

  it("have 99 priorities, all above time-sharing threads", () => {
    const order = Array.from({ length: 99 }, (_, i) => 1 + ((i * 37) % 99));
    const text = order.map((p, i) => {
      const policy = i % 2 === 0 ? "SCHED_FIFO" : "SCHED_RR";
      return `"p${p}": { "policy": "${policy}", "priority": ${p}, "delay": 100, "loop": 1, "run": 100 }`;
    });
    const report = run(`"hog": { "priority": -20, "loop": -1, "run": 500 }, ${text.join()}`, {
      forUs: SECOND_US,
    });
    const ends = Array.from({ length: 99 }, (_, i) => endUs(report, `p${99 - i}`));
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    expect(ends[98]).toBeLessThan(11_000);
  });

  it("share a CPU by turns, or not at all", () => {
    const equals = (policy: string) =>
      run(`"t": { "instance": 2, "policy": "${policy}", "priority": 5, "loop": -1, "run": 500 }`, {
        forUs: 10 * SECOND_US,
      });
    const [a, b] = shares(equals("SCHED_RR")) as [number, number];
    expect(Math.abs(a - b)).toBeLessThan(0.05);
    expect(shares(equals("SCHED_FIFO"))).toEqual([expect.closeTo(1, 3), 0]);
  });

  it("let a thread that is preempted within its slice go on before its equals", () => {
    const report = run(
      `"first": { "policy": "SCHED_RR", "priority": 5, "loop": 1, "run": 1000 },
       "equal": { "policy": "SCHED_RR", "priority": 5, "loop": 1, "run": 1000 },
       "better": { "policy": "SCHED_FIFO", "priority": 6, "delay": 300, "loop": 1, "run": 100 }`,
    );
    expect(endUs(report, "better")).toBe(401);
    expect(endUs(report, "first")).toBe(1100);
    expect(endUs(report, "equal")).toBe(2100);
    expect(threadOf(report, "first").involuntarySwitches).toBe(1);
  });
}
