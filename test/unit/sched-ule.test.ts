// The ULE scheduler: shares, scores, placing and policies, as rt-app workloads show them.

import { describe, expect, it } from "vitest";
import { Machine, sys } from "../../src/index.js";
import { reportRun } from "../../src/workload/run-report.js";
import { buildUnderTest } from "../support/build.js";
import {
  bootText,
  busy,
  endUs,
  runText,
  shares,
  type TestRunOptions,
  tasks,
} from "../support/workload-run.js";

const SECOND_US = 1_000_000;
const MILLISECOND = 1_000_000n;

function run(text: string, options: TestRunOptions = {}) {
  return runText(tasks(text), { scheduler: "ule", ...options });
}

describe("threads of one kind under ule", () => {
  it.each([2, 3, 5])("%d on one CPU have equal shares, within 5 %%", (count) => {
    const report = run(`"hog": { "instance": ${count}, "loop": -1, "run": 500 }`, {
      forUs: 20 * SECOND_US,
    });
    for (const share of shares(report)) expect(Math.abs(share * count - 1)).toBeLessThan(0.05);
  });

  it.each([
    [2, 3],
    [4, 5],
    [4, 8],
  ])(
    "use all of %d CPUs when there are %d, and none has less than half its share",
    (cpus, count) => {
      const report = run(`"hog": { "instance": ${count}, "loop": -1, "run": 500 }`, {
        cpus,
        forUs: 20 * SECOND_US,
      });
      expect(busy(report)).toBeGreaterThan(0.95);
      for (const share of shares(report)) expect(share).toBeGreaterThan(cpus / count / 2);
    },
  );

  it("share unevenly over a second when there is one more than CPUs: two of them have one", () => {
    const report = run(`"hog": { "instance": 5, "loop": -1, "run": 500 }`, {
      cpus: 4,
      forUs: SECOND_US / 2,
    });
    const sorted = shares(report).sort((a, b) => a - b);
    expect(sorted[0]).toBeLessThan(0.6);
    expect(sorted[4]).toBeGreaterThan(0.95);
  });

  it("are stolen by idle CPUs", () => {
    const report = run(
      `"hog": { "instance": 2, "loop": -1, "run": 500 }, "brief": { "loop": 1, "run": 1000 }`,
      { cpus: 2, forUs: SECOND_US },
    );
    for (const share of shares(report).slice(0, 2)) expect(share).toBeGreaterThan(0.95);
  });
});

describe("a score under ule", () => {
  it("lets a thread that sleeps most of the time run as soon as it wakes", () => {
    const report = run(
      `"hog": { "instance": 3, "loop": -1, "run": 500 },
       "editor": { "loop": -1, "sleep": 20000, "run": 200 }`,
      { forUs: 5 * SECOND_US },
    );
    const editor = report.threads.find(({ name }) => name === "editor");
    expect(editor?.latency?.p50Ns).toBeLessThan(50_000);
    expect(editor?.wakeups).toBeGreaterThan(200);
  });

  it("does so for no thread of SCHED_BATCH", () => {
    const report = run(
      `"hog": { "instance": 3, "loop": -1, "run": 500 },
       "batch": { "policy": "SCHED_BATCH", "loop": -1, "sleep": 20000, "run": 200 }`,
      { forUs: 5 * SECOND_US },
    );
    const batch = report.threads.find(({ name }) => name === "batch");
    expect(batch?.latency?.maxNs).toBeGreaterThan(1_000_000);
  });
});

describe("policies under ule", () => {
  it("order shares by nice values and starve no thread; SCHED_IDLE gets what is left", () => {
    const text = [-5, 0, 5, 19].map(
      (n, i) => `"t${i}": { "priority": ${n}, "loop": -1, "run": 500 }`,
    );
    const idle = `"idle": { "policy": "SCHED_IDLE", "loop": -1, "run": 500 }`;
    const got = shares(run([...text, idle].join(), { forUs: 20 * SECOND_US }));
    for (let i = 1; i < 4; i++) expect(got[i]).toBeLessThan(got[i - 1] as number);
    expect(got[3]).toBeGreaterThan(0.03);
    expect(got[4]).toBe(0);
  });

  it("have 99 real-time priorities", () => {
    const order = Array.from({ length: 99 }, (_, i) => 1 + ((i * 37) % 99));
    const text = order.map(
      (p) =>
        `"p${p}": { "policy": "SCHED_FIFO", "priority": ${p}, "delay": 100, "loop": 1, "run": 100 }`,
    );
    const report = run(`"hog": { "priority": -20, "loop": -1, "run": 500 }, ${text.join()}`, {
      forUs: SECOND_US,
    });
    const ends = Array.from({ length: 99 }, (_, i) => endUs(report, `p${99 - i}`));
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });

  it("depend on sleep alone where code takes no time", () => {
    const machine = new Machine({ scheduler: "ule", time: "idle", cpus: 2 }, buildUnderTest);
    const seen: string[] = [];
    const napper = (name: string, ticks: number) =>
      machine.createProcess({
        name,
        *body() {
          yield* sys.sched_setscheduler_self(0, 0);
          for (let i = 0; i < 3; i++) {
            yield* sys.pause("nap", ticks);
            seen.push(`${name} ${yield* sys.ticks()}`);
          }
        },
      });
    const [early] = napper("early", 10).threads();
    napper("late", 25);
    machine.run({ until: 65_000_000n });
    expect(seen).toEqual(["early 10", "early 20", "late 25", "early 30", "late 50"]);
    expect(early?.priority).toBeLessThan(136);
  });

  it("go where they go however the run is cut, while idle CPUs find nothing to steal", () => {
    const bound = `"bound": { "instance": 2, "cpus": [0], "loop": -1, "run": 9000 }`;
    const late = Array.from(
      { length: 8 },
      (_, i) => `"late${i}": { "delay": ${40 + 37 * i}, "loop": 1, "run": 20 }`,
    );
    const reports = [1_000, 1].map((rounds) => {
      const run = bootText(tasks([bound, ...late].join()), { scheduler: "ule", cpus: 4 });
      while (run.advance(MILLISECOND, rounds) === "rounds");
      return reportRun(run, "time");
    });
    expect(reports[1]).toEqual(reports[0]);
  });
});
