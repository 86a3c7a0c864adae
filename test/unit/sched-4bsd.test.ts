// The 4BSD scheduler: shares, queues, slices and policies, as rt-app workloads show them.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { type Body, type KernelSource, Machine, sys, type ThreadView } from "../../src/index.js";
import type { RunReport } from "../../src/workload/run-report.js";
import { buildUnderTest } from "../support/build.js";
import { itSharesFairly } from "../support/fair-shares.js";
import { itHasRealTimePolicies } from "../support/real-time.js";
import { busy, runText, shares, type TestRunOptions, tasks } from "../support/workload-run.js";

const SECOND_US = 1_000_000;

function run(text: string, options: TestRunOptions = {}): RunReport {
  return runText(tasks(text), { scheduler: "4bsd", ...options });
}

/**
 * Two threads that sleep and were on CPU 1 last: one wakes by its timer, the other one waits for a wakeup; CPU
 * 2 is idle.
 */
function sleepersOfOneCpu(build: KernelSource, plant: number) {
  const config = { scheduler: "4bsd", cpus: 3, hz: 1_000, cyclesPerSecond: 1_000_000 } as const;
  const machine = new Machine({ ...config, quantum: 100 }, build);
  machine.kernel.setMachine("plant", plant);
  const start = (name: string, cpus: bigint, body: () => Body) => {
    const thread = [...machine.createProcess({ name, body }).threads()][0] as ThreadView;
    machine.call(sys.cpuset_setthread(thread.address, cpus));
    return thread;
  };
  start("hog", 1n, function* () {
    yield* sys.sched_setscheduler_self(0, 0);
    yield* sys.compute(1_000_000n);
  });
  const good = start("good", 2n, function* () {
    yield* sys.sched_setscheduler_self(0, -20);
    yield* sys.pause("nap", 5);
    yield* sys.compute(3_000n);
  });
  const bad = start("bad", 2n, function* () {
    yield* sys.sched_setscheduler_self(0, 19);
    yield* sys.tsleep("bad", 0, "bad", 0);
    yield* sys.compute(100_000n);
  });
  machine.run({ rounds: 5 });
  for (const { address } of [good, bad]) machine.call(sys.cpuset_setthread(address, 7n));
  return { machine, good, bad };
}

/**
 * In each of some moments the bad one is woken, and CPU 1, which is idle, is to take it: how often the good one
 * woke there in the same round, and how often the bad one was left waiting beside CPU 2.
 */
function phases(build: KernelSource, plant: number): { met: number; left: number } {
  let met = 0;
  let left = 0;
  for (let phase = 0; phase < 24; phase++) {
    const { machine, good, bad } = sleepersOfOneCpu(build, plant);
    machine.run({ rounds: 40 + phase });
    machine.call(sys.wakeup("bad"));
    machine.run({ rounds: 1 });
    if (good.state === "running" && bad.state === "runnable") met++;
    machine.run({ rounds: 2 });
    if (bad.state === "runnable") left++;
  }
  return { met, left };
}

describe("threads of one kind under 4bsd", () => {
  itSharesFairly("4bsd");

  it("are taken by an idle CPU when the interrupted one has got a better thread", () => {
    const { met, left } = phases(buildUnderTest, 0);
    expect(met).toBeGreaterThan(0);
    expect(left).toBe(0);
    expect(phases("check", Plant.IDLE_LEFT).left).toBe(met);
  });

  it("that may not run on all CPUs have queues of their own", () => {
    const report = run(
      `"bound": { "instance": 3, "cpus": [1], "loop": -1, "phases": {
         "a": { "loop": 5, "run": 500 }, "b": { "loop": 5, "cpus": [1], "run": 500 } } },
       "free": { "instance": 2, "loop": -1, "run": 500 }`,
      { cpus: 2, forUs: 3 * SECOND_US },
    );
    for (const { task, cpu } of report.threads) if (task === "bound") expect(cpu).toBe(1);
    expect(busy(report)).toBeGreaterThan(0.95);
  });
});

describe("a nice value under 4bsd", () => {
  it("orders the shares, and starves no thread", () => {
    const nice = [-5, 0, 5, 19];
    const text = nice.map((n, i) => `"t${i}": { "priority": ${n}, "loop": -1, "run": 500 }`);
    const got = shares(run(text.join(), { forUs: 120 * SECOND_US }));
    for (let i = 1; i < got.length; i++) expect(got[i]).toBeLessThan(got[i - 1] as number);
    expect(got.at(-1)).toBeGreaterThan(0.01);
  });

  it("counts the same under SCHED_BATCH as under SCHED_OTHER; SCHED_IDLE gets what is left", () => {
    const report = run(
      `"other": { "loop": -1, "run": 500 }, "batch": { "policy": "SCHED_BATCH", "loop": -1, "run": 500 },
       "idle": { "policy": "SCHED_IDLE", "loop": -1, "run": 500 }`,
      { forUs: 10 * SECOND_US },
    );
    const [other, batch, idle] = shares(report) as [number, number, number];
    expect(Math.abs(other - batch)).toBeLessThan(0.05);
    expect(idle).toBe(0);
  });
});

describe("real-time policies under 4bsd", () => {
  itHasRealTimePolicies("4bsd");
});

describe("the kernel call sched_setscheduler", () => {
  const { EINVAL } = { EINVAL: 22 };

  it("refuses unknown policies and values out of range, and sets valid ones", () => {
    const machine = new Machine({ scheduler: "4bsd" }, buildUnderTest);
    const results: number[] = [];
    machine.createThread({
      name: "asks",
      *body() {
        for (const [policy, value] of [
          [4, 0],
          [6, 0],
          [-1, 0],
          [1, 0],
          [1, 100],
          [2, 0],
          [0, 20],
          [0, -21],
          [3, 20],
          [5, -21],
          [1, 1],
          [1, 99],
          [0, -20],
          [3, 19],
          [5, 19],
        ] as const) {
          results.push(yield sys.sched_setscheduler_self(policy, value));
        }
      },
    });
    machine.run();
    expect(results).toEqual([...Array(10).fill(EINVAL), ...Array(5).fill(0)]);
  });

  it("reaches a thread of another CPU", () => {
    const machine = new Machine({ scheduler: "4bsd", cpus: 2 }, buildUnderTest);
    const other = machine.createThread({
      name: "other",
      cpu: 1,
      *body() {
        yield sys.compute(50_000n);
      },
    });
    machine.createThread({
      name: "asks",
      cpu: 0,
      *body() {
        yield sys.compute(15_000n);
        yield sys.sched_setscheduler(other.address, 1, 99);
        yield sys.compute(15_000n);
      },
    });
    machine.run({ rounds: 4 });
    expect(other.priority).toBe(17);
  });
});

describe("run queues under 4bsd", () => {
  it("are 256, or 64, for which four priorities are one", () => {
    const winner = (runQueues: 64 | 256) => {
      const machine = new Machine({ scheduler: "4bsd", runQueues }, buildUnderTest);
      const order: string[] = [];
      for (const [name, priority] of [
        ["worse", 55],
        ["better", 52],
      ] as const) {
        machine.createThread({
          name,
          priority,
          *body() {
            yield sys.curcpu();
            order.push(name);
          },
        });
      }
      machine.run();
      return order[0];
    };
    expect(winner(256)).toBe("better");
    expect(winner(64)).toBe("worse");
    expect(() => new Machine({ scheduler: "4bsd", runQueues: 128 as 64 })).toThrow(/64 or 256/);
  });
});
