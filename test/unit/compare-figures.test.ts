// The figures of a comparison: each is what a plain model makes of the run's trace
// (test/support/figures-model.ts), and, in workloads that are small enough, what one works out by hand.

import { describe, expect, it } from "vitest";
import type { SchedulerName } from "../../src/core/config.js";
import {
  type ComparedRuns,
  Comparing,
  compareWorkload,
  type Spread,
} from "../../src/workload/compare.js";
import { parseWorkload } from "../../src/workload/parse.js";
import { buildUnderTest as build } from "../support/build.js";
import { type Figures, FiguresModel } from "../support/figures-model.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { tasks } from "../support/workload-run.js";

const MS = 1_000_000;

const parsed = (text: string) => parseWorkload(text, "test.json");

/**
 * Hogs that share too few CPUs, threads that sleep and are woken by each other, by timers and by timeouts, and
 * forks.
 */
const mixed = tasks(
  `"hog": { "instance": 3, "loop": -1, "run": 700 },
   "nice": { "instance": 2, "priority": 5, "loop": -1, "run": 2000 },
   "clock": { "policy": "SCHED_FIFO", "priority": 40, "loop": -1, "run": 90,
     "timer": { "ref": "unique", "period": 1700 } },
   "reader": { "instance": 2, "loop": -1, "lock": "m", "run": 300, "unlock": "m", "sleep": 450 },
   "short": { "instance": 2, "loop": 40, "run": 30, "sleep": 200 },
   "wanderer": { "loop": -1, "phases": {
     "here": { "cpus": [0], "run": 400 }, "there": { "cpus": [1], "run": 400, "sleep": 100 } } },
   "maker": { "loop": 12, "fork": "child", "sleep": 2500 },
   "child": { "instance": 0, "loop": 3, "run": 500, "sleep": 300 }`,
);
/** CPU 1 has nothing to do, since all are bound to CPU 0. */
const bound = tasks(
  `"hog": { "instance": 2, "loop": -1, "run": 900, "cpus": [0] },
   "nap": { "loop": -1, "run": 200, "sleep": 3000, "cpus": [0] }`,
);

describe("a comparison", () => {
  const schedulers = [{ scheduler: "lwkt" }, { scheduler: "ule" }] as const;
  const options = { schedulers, build, seeds: 3, forNs: 20 * MS };

  it("needs a scheduler and a seed", () => {
    const refused = (more: object) => () => compareWorkload(parsed(mixed), { ...options, ...more });
    expect(refused({ schedulers: [] })).toThrow(
      "compareWorkload: schedulers is an array; it must be an array of one { scheduler } or more",
    );
    expect(refused({ seeds: 0 })).toThrow("compareWorkload: seeds is 0; it must be");
    expect(refused({ forNs: -1 })).toThrow("compareWorkload: forNs is -1; it must be");
  });

  it("says of run queues that a scheduler does not look at", () => {
    const odd = [{ scheduler: "lwkt", runQueues: 64 }, { scheduler: "ule" }] as const;
    const { notes } = compareWorkload(parsed(mixed), { ...options, schedulers: odd, seeds: 1 });
    expect(notes).toEqual([
      "lwkt:64: runQueues changes nothing under lwkt: only 4bsd and ule look at it",
    ]);
  });

  it("is the same in pieces, and has the seeds that all have run when it is given up", () => {
    const whole = compareWorkload(parsed(mixed), options);
    const pieces = new Comparing(parsed(mixed), options);
    const hashes = () => pieces.comparison.runs.map((runs) => runs.hashes);
    const seen = new Set<string>();
    for (const _ of pieces.perform(() => 7)) seen.add(JSON.stringify(hashes()));
    expect(pieces.comparison).toEqual(whole);
    const [lwkt = [], ule = []] = whole.runs.map((runs) => runs.hashes);
    const first = [[], [lwkt.slice(0, 1)]];
    const later = [1, 2, 3].map((seeds) => [lwkt.slice(0, seeds), ule.slice(0, seeds)]);
    expect([...seen].map((text) => JSON.parse(text))).toEqual([...first, ...later]);
  });
});

const workloads = [
  ["a mixed one", mixed, 3],
  ["one that is bound", bound, 2],
] as const;
const SEEDS = 2;
const FOR_NS = 60 * MS;

/** A number over all seeds, as the model has it. */
function over(runs: readonly Figures[], value: (figures: Figures) => number | null): Spread | null {
  const values = runs.map(value).filter((one) => one !== null);
  if (values.length === 0) return null;
  const mean = values.reduce((total, one) => total + one, 0) / values.length;
  return { mean, min: Math.min(...values), max: Math.max(...values) };
}

const US = 1_000;

/** What a comparison says of these tasks under a scheduler. */
function compared(
  scheduler: SchedulerName,
  text: string,
  { forMs, cpus = 1 }: { forMs: number; cpus?: number },
): ComparedRuns {
  const options = { schedulers: [{ scheduler }], build, cpus, forNs: Math.round(forMs * MS) };
  const [runs] = compareWorkload(parsed(tasks(text)), options).runs;
  return runs as ComparedRuns;
}

/**
 * A task that runs for so many microseconds every so many, from the first of these on: all start their clocks
 * at once.
 */
function beat(name: string, priority: number, [run, period]: readonly [number, number]): string {
  return `"${name}": { "policy": "SCHED_FIFO", "priority": ${priority}, "loop": -1,
    "timer": { "ref": "unique", "period": ${period} }, "run": ${run} }`;
}

function close(spread: Spread | null): unknown {
  if (spread === null) return null;
  const { mean, min, max } = spread;
  const about = (value: number) => expect.closeTo(value, 9);
  return { mean: about(mean), min: about(min), max: about(max) };
}

describe.each(SCHEDULERS)("the figures of a comparison under %s", (scheduler) => {
  it.each(workloads)("match the trace of %s", (_name, text, cpus) => {
    const workload = parsed(text);
    const options = { cpus, build, forNs: FOR_NS, seeds: SEEDS };
    const { runs } = compareWorkload(workload, { ...options, schedulers: [{ scheduler }] });
    const [told] = runs as [ComparedRuns];
    const expected: Figures[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      const model = new FiguresModel(workload, { cpus, scheduler, seed, build }, FOR_NS);
      expected.push(model.figures());
    }
    expect(expected.every((of) => of.idleWhileRunnable > 0 || of.migrations > 0)).toBe(true);
    expect(told.hashes).toEqual(expected.map(({ hash }) => hash));
    const { fairness, switches, involuntarySwitches, migrations, idleWhileRunnable, idle } = told;
    const { latencyP50Ns, latencyP99Ns, latencyMaxNs } = told;
    expect({
      ...{ fairness, switches, involuntarySwitches, migrations, idleWhileRunnable, idle },
      ...{ latencyP50Ns, latencyP99Ns, latencyMaxNs },
    }).toEqual({
      fairness: close(over(expected, (of) => of.fairness)),
      switches: close(over(expected, (of) => of.switches)),
      involuntarySwitches: close(over(expected, (of) => of.involuntarySwitches)),
      migrations: close(over(expected, (of) => of.migrations)),
      idleWhileRunnable: close(over(expected, (of) => of.idleWhileRunnable)),
      idle: close(over(expected, (of) => of.idle)),
      latencyP50Ns: close(over(expected, (of) => of.latencyP50)),
      latencyP99Ns: close(over(expected, (of) => of.latencyP99)),
      latencyMaxNs: close(over(expected, (of) => of.latencyMax)),
    });
  });

  it("match a computation by hand: fairness over all threads, even those that never ran", () => {
    const once = (name: string, ms: number) =>
      `"${name}": { "policy": "SCHED_FIFO", "priority": 50, "loop": 1, "run": ${1_000 * ms} }`;
    const late = `"late": { "delay": 200000, "loop": 1, "run": 1000 }`;
    const text = [once("a", 10), once("b", 20), once("c", 30), late].join();
    const { fairness } = compared(scheduler, text, { forMs: 100 });
    expect(fairness.mean).toBeCloseTo(60 ** 2 / (4 * (10 ** 2 + 20 ** 2 + 30 ** 2)), 4);
  });

  it("match for latencies: of three threads that wait for none, one and two others, the median is the second's", () => {
    const text = [beat("a", 50, [1_000, 10_000]), beat("b", 49, [2_000, 10_000])];
    const three = [...text, beat("c", 48, [500, 10_000])].join();
    const run = compared(scheduler, three, { forMs: 99 });
    const waits = (spread: Spread | null) => Math.floor((spread?.mean ?? 0) / US);
    expect([run.latencyP50Ns, run.latencyP99Ns, run.latencyMaxNs].map(waits)).toEqual([
      ...[1_000, 3_000, 3_000],
    ]);
    // Of two the greater one.
    expect(waits(compared(scheduler, text.join(), { forMs: 99 }).latencyP50Ns)).toBe(1_000);
  });

  it("and the 99th percentile: the 297th of 300, the 298th of 301", () => {
    // Whenever both are due the second waits for half a millisecond: 3 times of 300, then 4 of 301.
    const text = [beat("rare", 60, [500, 75_000]), beat("often", 50, [10, 1_000])].join();
    const few = compared(scheduler, text, { forMs: 299.4 });
    expect(few.latencyP99Ns?.mean).toBeLessThan(US);
    expect(few.latencyMaxNs?.mean).toBeGreaterThanOrEqual(500 * US);
    expect(few.latencyMaxNs?.mean).toBeLessThan(502 * US);
    const more = compared(scheduler, text, { forMs: 300.9 });
    expect(more.latencyP99Ns?.mean).toBeGreaterThanOrEqual(500 * US);
    expect(more.latencyP50Ns?.mean).toBeLessThan(US);
  });

  it("match for migrations: ten times to and fro count 19, since the first CPU does not count", () => {
    const walker = `"walker": { "cpus": [0], "loop": 10, "phases": {
      "here": { "cpus": [0], "run": 1000 }, "there": { "cpus": [1], "run": 1000 } } }`;
    const stays = `"stays": { "cpus": [1], "loop": -1, "run": 500, "sleep": 500 }`;
    const { migrations } = compared(scheduler, `${walker}, ${stays}`, { cpus: 2, forMs: 60 });
    expect(migrations.mean).toBe(19);
  });

  it("and time that CPUs are idle while threads wait, one CPU for each that waits", () => {
    // Of three on CPU 0, each for 20 ms, two wait, then one, then none; CPUs 1 and 2 are idle.
    const three = `"three": { "instance": 3, "cpus": [0], "policy": "SCHED_FIFO", "priority": 9, "loop": 1, "run": 20000 }`;
    const until = `"until": { "cpus": [1], "loop": 1, "sleep": 100000 }`;
    const { idleWhileRunnable } = compared(scheduler, `${three}, ${until}`, { cpus: 3, forMs: 99 });
    expect(idleWhileRunnable.mean).toBeCloseTo((2 * 20 + 20) / (3 * 99), 3);
  });

  it("match for deadlines: a thread that wants 4 ms of every 10 and gets 3 is late each time", () => {
    const task = (name: string, cpu: number, run: number) =>
      `"${name}": { "policy": "SCHED_DEADLINE", "dl-runtime": 3000, "dl-period": 10000, "cpus": [${cpu}],
        "loop": -1, "run": ${run}, "timer": { "ref": "unique", "period": 10000 } }`;
    // Work of 4 k ms is done at 10 (4 k / 3) ms: 75 times in 1,005 ms. The other one ends 2.9 ms after each 10,
    // from 0 on.
    const text = `${task("late", 0, 4_000)}, ${task("kept", 1, 2_900)}`;
    const run = compared(scheduler, text, { cpus: 2, forMs: 1_005 });
    expect([run.deadlineMisses?.mean, run.deadlineJobs?.mean]).toEqual([75, 75 + 101]);
  });
});
