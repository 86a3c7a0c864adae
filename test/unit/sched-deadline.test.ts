// SCHED_DEADLINE under every scheduler: the earliest first, budgets, admission, and deadlines that are met.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { type Body, Machine, MutexOption, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { runText, tasks, threadOf } from "../support/workload-run.js";

const { Ktr, SW } = Layout;

/** A task with a deadline that computes `run` of each period; times in microseconds. */
function periodic(name: string, [runtime, deadline, period]: number[], run: number, more = "") {
  return `"${name}": { "policy": "SCHED_DEADLINE", "dl-runtime": ${runtime}, "dl-deadline": ${deadline},
    "dl-period": ${period}, "loop": -1, "run": ${run}, ${more}
    "timer": { "ref": "unique", "period": ${period}, "mode": "absolute" } }`;
}

const HOG = `"hog": { "policy": "SCHED_FIFO", "priority": 99, "loop": -1, "run": 1000 }`;

describe.each(SCHEDULERS)("deadlines under %s", (scheduler) => {
  it("are met by all that were admitted, beside the best real-time threads", () => {
    const text = tasks(
      [
        periodic("a", [2_100, 10_000, 10_000], 2_000),
        periodic("b", [3_100, 8_000, 16_000], 3_000),
        periodic("c", [9_100, 35_000, 35_000], 9_000),
        HOG,
      ].join(),
    );
    const report = runText(text, { scheduler, forUs: 2_000_000 });
    const jobs = ["a", "b", "c"].map((name) => threadOf(report, name).deadline);
    expect(jobs.map((account) => account?.misses)).toEqual([0, 0, 0]);
    expect(jobs.map((account) => account?.jobs)).toEqual([200, 125, 57]);
    expect(threadOf(report, "hog").cpuTimeNs).toBeGreaterThan(0.3e9);
    expect(threadOf(report, "hog").deadline).toBeNull();
  });

  it("are met on several CPUs, each with as much reserved as it can take", () => {
    const heavy = Array.from({ length: 4 }, (_, i) =>
      periodic(`t${i}`, [6_100, 10_000, 10_000], 6_000, `"delay": ${i * 700},`),
    );
    const light = Array.from({ length: 4 }, (_, i) =>
      periodic(`u${i}`, [1_550, 5_000, 5_000], 1_500, `"delay": ${i * 900},`),
    );
    const report = runText(tasks([...heavy, ...light, HOG].join()), {
      scheduler,
      cpus: 4,
      forUs: 1_000_000,
    });
    for (const { name, deadline } of report.threads.filter((t) => t.deadline !== null)) {
      expect([name, deadline?.misses]).toEqual([name, 0]);
      expect(deadline?.jobs).toBeGreaterThan(98);
    }
  });

  it("run the earliest first, whatever the order of arrival", () => {
    const text = tasks(
      `"late": { "policy": "SCHED_DEADLINE", "dl-runtime": 30000, "dl-deadline": 90000, "dl-period": 90000,
         "loop": 1, "run": 20000 },
       "soon": { "policy": "SCHED_DEADLINE", "dl-runtime": 4000, "dl-deadline": 20000, "dl-period": 20000,
         "loop": 1, "delay": 5000, "run": 3000 }`,
    );
    const report = runText(text, { scheduler });
    expect(threadOf(report, "soon").endedAtNs).toBeLessThan(8_100_000);
    expect(threadOf(report, "late").endedAtNs).toBeGreaterThan(23_000_000);
    expect(threadOf(report, "late").involuntarySwitches).toBe(1);
  });

  it("have budgets: a thread that wants more than was reserved waits for the next period", () => {
    const text = tasks(
      `"greedy": { "policy": "SCHED_DEADLINE", "dl-runtime": 2000, "dl-period": 10000, "loop": -1, "run": 50000 },
       "other": { "loop": -1, "run": 1000 }`,
    );
    const report = runText(text, { scheduler, forUs: 1_000_000 });
    const greedy = threadOf(report, "greedy");
    expect(greedy.cpuTimeNs / 1e9).toBeGreaterThan(0.199);
    expect(greedy.cpuTimeNs / 1e9).toBeLessThan(0.203);
    expect(threadOf(report, "other").cpuTimeNs / 1e9).toBeGreaterThan(0.79);
  });

  it("have budgets that do not begin anew when the thread asks again, but change", () => {
    const m = new Machine({ scheduler }, buildUnderTest);
    const thread = (name: string, body: () => Body) =>
      [...m.createProcess({ name, body }).threads()][0]?.address ?? 0;
    let budget = 1_000;
    const asks = thread("asks", function* () {
      while (true) {
        expect(yield* sys.sched_setdeadline_self(budget, 10_000, 10_000)).toBe(0);
        yield* sys.compute(400_000n);
      }
    });
    thread("rest", function* () {
      yield* sys.sched_setscheduler_self(1, 99);
      while (true) yield* sys.compute(100_000n);
    });
    const ranMs = () => m.thread(asks).runtime / 1e6; // it sleeps at the end of each period
    m.run({ until: 199_500_000 });
    expect(ranMs()).toBeGreaterThan(19.5);
    expect(ranMs()).toBeLessThan(20.5);
    budget = 5_000;
    m.run({ until: 399_500_000 });
    expect(ranMs()).toBeGreaterThan(119);
    expect(ranMs()).toBeLessThan(121);
    budget = 2_000;
    m.run({ until: 599_500_000 });
    expect(ranMs()).toBeGreaterThan(159);
    expect(ranMs()).toBeLessThan(161);
  });

  it("have what a critical section took too much paid back, however long that was", () => {
    const config = { scheduler, hz: 1, quantum: 1e9, cyclesPerSecond: 1e6 };
    const machine = new Machine(config, buildUnderTest);
    const spin = machine.call(sys.mtx_init("spin", MutexOption.SPIN))[1] >>> 0;
    const times: bigint[] = [];
    machine.createThread({
      name: "greedy",
      *body() {
        expect(yield* sys.sched_setdeadline_self(1, 10, 10)).toBe(0); // a cycle in ten
        yield* sys.mtx_lock_spin(spin);
        yield* sys.compute(10_000_000_000_000n);
        yield* sys.mtx_unlock_spin(spin);
        times.push(yield* sys.cycles());
        yield* sys.compute(2_000_000_000n); // longer than what is left of a slice
        times.push(yield* sys.cycles());
      },
    });
    machine.run();
    expect(Number(times[0]) / 1e13).toBeCloseTo(1, 3);
    expect(Number(times[1]) / 1e14).toBeCloseTo(1, 2);
  });

  it("are refused in a sentence when no CPU has enough left", () => {
    const text = tasks(
      `"big": { "instance": 3, "policy": "SCHED_DEADLINE", "dl-runtime": 600, "dl-period": 1000,
        "loop": 1, "run": 100 }`,
    );
    expect(() => runText(text, { scheduler, cpus: 2 })).toThrow(
      /a thread of "big" asks for 60\.0 % of a CPU by its deadline .* no CPU that it may have has so much left/,
    );
    expect(runText(text, { scheduler, cpus: 3 }).outcome).toBe("finished");
  });

  it("take 95 % of a CPU exactly, however that is divided", () => {
    for (const [count, runtime] of [
      [1, 950],
      [2, 475],
      [19, 50],
      [95, 10],
    ] as const) {
      const m = new Machine({ scheduler }, buildUnderTest);
      const errors: number[] = [];
      const thread = (budget: number) =>
        m.createProcess({
          name: "p",
          *body() {
            errors.push(yield* sys.sched_setdeadline_self(budget, 1_000, 1_000));
            yield* sys.tsleep("over", 0, "over", 0);
          },
        });
      for (let i = 0; i < count; i++) thread(runtime);
      thread(1);
      m.run();
      expect(errors).toEqual([...Array<number>(count).fill(0), 16]);
    }
  });

  it("end with the thread, or with a change of policy, and free their reservations", () => {
    const m = new Machine({ scheduler, cpus: 2 }, buildUnderTest);
    const results: number[] = [];
    m.createProcess({
      name: "p",
      body: function* () {
        for (let i = 0; i < 5; i++) {
          results.push(yield* sys.sched_setdeadline_self(900, 1000, 1000));
          results.push(yield* sys.sched_setdeadline_self(960, 1000, 1000)); // more than 95 %
          yield* sys.sched_prio_self(120);
        }
      },
    });
    m.run();
    expect(results).toEqual([0, 16, 0, 16, 0, 16, 0, 16, 0, 16]);
  });

  it("are missed by jobs that end later, but not by one that ends exactly then", () => {
    const config = { scheduler, cyclesPerSecond: 1_000_000, hz: 1_000_000, quantum: 100 };
    const m = new Machine(config, buildUnderTest);
    const thread = (name: string, body: () => Body) =>
      [...m.createProcess({ name, body }).threads()][0]?.address ?? 0;
    // One of the kernel's wakes the other, and keeps the CPU for the first 300 cycles of its 1,000.
    const waker = thread("waker", function* () {
      for (;;) {
        yield* sys.pause("wait", 5_000);
        yield* sys.wakeup("job");
        yield* sys.compute(300n);
      }
    });
    let length = 660;
    const worker = thread("worker", function* () {
      yield* sys.sched_setdeadline_self(900, 1_000, 1_000);
      for (;;) {
        yield* sys.tsleep("job", 0, "job", 0);
        yield* sys.compute(BigInt(length++));
      }
    });
    m.call(sys.sched_prio(waker, 4));
    let begun: number | null = null;
    let jobs = 0;
    const lateness: number[] = [];
    m.kernel.listenToTrace(Layout.KTR_SCHED, (from, to) => {
      for (const { type, time, why, a } of m.kernel.records(from, to)) {
        if (a !== worker) continue;
        if (type === Ktr.WAKEUP) begun = Number(time);
        if (type !== Ktr.SWITCH || why !== SW.SLEEP) continue;
        jobs++;
        if (begun !== null && jobs > 1) lateness.push(Number(time) - begun - 1_000);
      }
    });
    while (length < 740) m.run({ rounds: 100 });
    const { deadline } = m.thread(worker);
    for (const just of [-1, 0, 1]) expect(lateness).toContain(just);
    expect(deadline?.jobs).toBe(jobs);
    expect(deadline?.misses).toBe(lateness.filter((cycles) => cycles > 0).length);
  });

  it("are for times in their order only", () => {
    const m = new Machine({ scheduler }, buildUnderTest);
    const results: number[] = [];
    m.createProcess({
      name: "p",
      body: function* () {
        for (const [runtime, deadline, period] of [
          [0, 10, 10],
          [11, 10, 20],
          [5, 20, 10],
          [5, 10, 20],
        ] as const) {
          results.push(yield* sys.sched_setdeadline_self(runtime, deadline, period));
        }
      },
    });
    m.run();
    expect(results).toEqual([22, 22, 22, 0]);
  });

  it("can be given by a phase, with a note when that is refused", () => {
    const text = tasks(
      `"first": { "policy": "SCHED_DEADLINE", "dl-runtime": 800, "dl-period": 1000, "loop": 1, "run": 5000 },
       "then": { "loop": 1, "phases": {
         "a": { "run": 100 },
         "b": { "policy": "SCHED_DEADLINE", "dl-runtime": 500, "dl-period": 1000, "run": 100 } } }`,
    );
    const notes = (cpus: number) => runText(text, { scheduler, cpus }).notes.join("\n");
    expect(notes(1)).toMatch(/1 requests for a deadline were refused/);
    expect(notes(2)).not.toMatch(/refused/);
  });
});

describe.each(SCHEDULERS)("a timer under %s", (scheduler) => {
  it.each(["unique", "shared"])("has its grid from where the thread starts (%s)", (name) => {
    const timer = (count: number) =>
      tasks(
        `"t": { "loop": ${count}, "delay": 3000, "run": 20000, "timer": { "ref": "${name}", "period": 100000 } }`,
      );
    for (const count of [1, 3]) {
      const ended = threadOf(runText(timer(count), { scheduler }), "t").endedAtNs ?? 0;
      expect(Math.floor(ended / 1000)).toBe(3000 + count * 100_000 + 1); // a sleep ends at the next whole microsecond;
    }
  });
});
