// How a workload is put on a machine: names, priorities, CPUs, ends, deadlocks, reports.

import { describe, expect, it } from "vitest";
import { compileWorkload, nameFormat } from "../../src/workload/compile.js";
import { parseWorkload } from "../../src/workload/parse.js";
import { workloadDurationUs } from "../../src/workload/run.js";
import { describeWait } from "../../src/workload/run-deadlock.js";
import { reportRun } from "../../src/workload/run-report.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { bootText, cpuUs, endUs, runText, tasks, threadOf } from "../support/workload-run.js";

describe("priorities", () => {
  it.each(SCHEDULERS)(
    "let the better of two threads run first and interrupt the other (%s)",
    (scheduler) => {
      const report = runText(
        tasks(`"low": { "loop": 1, "run": 1000 },
             "high": { "loop": 1, "policy": "SCHED_FIFO", "delay": 100, "run": 500 }`),
        { scheduler },
      );
      expect(endUs(report, "high")).toBe(601);
      expect(endUs(report, "low")).toBe(1500);
      expect(threadOf(report, "low").involuntarySwitches).toBe(1);
    },
  );

  it.each(SCHEDULERS)("change from phase to phase (%s)", (scheduler) => {
    const report = runText(
      tasks(`"a": { "loop": 1, "phases": { "high": { "priority": -10, "run": 100 },
               "low": { "priority": 10, "run": 100 } } },
             "b": { "loop": 1, "run": 100 }`),
      { scheduler },
    );
    // a runs its first phase, falls behind b, and runs the rest after b.
    expect(endUs(report, "b")).toBe(200);
    expect(endUs(report, "a")).toBe(300);
  });
});

describe("CPUs", () => {
  it.each(SCHEDULERS)(
    "are those that a task names, dealt out to its instances (%s)",
    (scheduler) => {
      const report = runText(
        tasks(`"a": { "loop": 1, "instance": 4, "cpus": [1, 3], "run": 100 }`),
        {
          cpus: 4,
          scheduler,
        },
      );
      expect(report.threads.map(({ cpu }) => cpu)).toEqual([1, 3, 1, 3]);
      expect(report.cpus.map(({ busyNs }) => Math.floor(busyNs / 1000))).toEqual([0, 200, 0, 200]);
    },
  );

  it.each(SCHEDULERS)("can be others in each phase: the thread moves (%s)", (scheduler) => {
    const report = runText(
      tasks(`"a": { "loop": 2, "phases": { "x": { "cpus": [0], "run": 100 },
               "y": { "cpus": [1], "run": 50 }, "z": { "run": 10 } } }`),
      { cpus: 2, scheduler },
    );
    expect(report.cpus.map(({ busyNs }) => Math.floor(busyNs / 1000))).toEqual([200, 120]);
    expect(cpuUs(report, "a")).toBe(320);
  });

  it("that the machine does not have are taken modulo, with a note", () => {
    const report = runText(tasks(`"a": { "loop": 1, "cpus": [5], "run": 1 }`), { cpus: 2 });
    expect(threadOf(report, "a").cpu).toBe(1);
    expect(report.notes).toContain('this machine has 2 CPUs; task "a" asks for 5 (now 1)');
  });
});

describe("threads", () => {
  it("of a task are one process with its name, and numbered", () => {
    const report = runText(
      tasks(`"web": { "loop": 1, "instance": 2, "run": 1 }, "single": { "loop": 1, "run": 1 }`),
    );
    const [a, b, c] = report.threads;
    expect([a?.name, b?.name, c?.name]).toEqual(["web-0", "web-1", "single"]);
    expect(a?.pid).toBe(b?.pid);
    expect(c?.pid).not.toBe(a?.pid);
  });

  it("keep their numbers when a name is long, and their percent signs", () => {
    const [long, percent] = parseWorkload(
      tasks(`"a task with quite a long name": { "instance": 1000, "loop": 1, "run": 1 },
             "50%d": { "instance": 2, "loop": 1, "run": 1 }`),
      "test.json",
    ).tasks;
    expect(nameFormat(long!, false)).toBe("a task with qui-%d");
    const report = runText(tasks(`"50%d": { "instance": 2, "loop": 1, "run": 1 }`));
    expect(percent?.name).toBe("50%d");
    expect(report.threads.map(({ name }) => name)).toEqual(["50%d-0", "50%d-1"]);
  });

  it("can be ten thousand, and cost no JavaScript for an event", () => {
    const run = bootText(
      tasks(
        `"a": { "loop": 10, "instance": 10000, "run": 1, "lock": "m", "unlock": "m", "yield" }`,
      ),
      { cpus: 4 },
    );
    expect(run.advance(null)).toBe("idle");
    expect(reportRun(run, "idle")).toMatchObject({ outcome: "finished", threadCount: 10_000 });
  });

  it("that a fork finds no room for are counted in a note, and the forking task continues", () => {
    const report = runText(tasks(`"bomb": { "loop": -1, "fork": "bomb", "sleep": 100 }`), {
      forUs: 3_000,
    });
    expect(report.threadCount).toBeGreaterThan(1_000);
    expect(report.notes.join()).toMatch(/forks of task "bomb" failed: too many threads exist/);
    expect(report.console).toMatch(/maxproc limit exceeded/);
  });
});

describe("a report", () => {
  it.each(SCHEDULERS)("agrees with itself: CPUs are as busy as their threads (%s)", (scheduler) => {
    const report = runText(
      tasks(`"a": { "loop": 20, "instance": 5, "run": 70, "sleep": 30, "lock": "m", "run": 3,
                    "unlock": "m" }`),
      { cpus: 3, scheduler },
    );
    const threads = report.threads.reduce((sum, thread) => sum + thread.cpuTimeNs, 0);
    const cpus = report.cpus.reduce((sum, cpu) => sum + cpu.busyNs, 0);
    expect(cpus - threads).toBeGreaterThanOrEqual(0);
    expect(cpus - threads).toBeLessThan(500); // the kernel's own threads
    for (const cpu of report.cpus) expect(cpu.busyNs + cpu.idleNs).toBe(report.timeNs);
  });

  it("of a cut run is that of the whole run", () => {
    const text = tasks(`"a": { "loop": -1, "instance": 5, "run": 70, "sleep": 30, "yield" }`);
    const whole = runText(text, { cpus: 2, forUs: 20_000 });
    const run = bootText(text, { cpus: 2 });
    while (run.advance(20_000_000n, 7) === "rounds");
    expect(reportRun(run, "time")).toEqual(whole);
  });

  it("gives wakeups and their latencies", () => {
    const report = runText(
      tasks(`"a": { "loop": 10, "sleep": 100 },
             "b": { "loop": 1, "policy": "SCHED_FIFO", "run": 5000 }`),
    );
    const { wakeups, latency } = threadOf(report, "a");
    expect(wakeups).toBe(11);
    expect(latency?.maxNs).toBeGreaterThan(4_800_000);
    expect(latency?.p50Ns).toBe(0);
  });

  it("is plain data that JSON can hold", () => {
    const report = runText(tasks(`"a": { "loop": 1, "lock": "m", "run": 5, "unlock": "m" }`));
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe("the end", () => {
  it("is the file's duration, or ten seconds if some thread never ends, or when all have ended", () => {
    const duration = (text: string) => workloadDurationUs(parseWorkload(text, "test.json"));
    expect(duration(`{ "tasks": { "a": { "run": 1 } }, "global": { "duration": 3 } }`)).toBe(3e6);
    expect(duration(tasks(`"a": { "run": 1 }`))).toBe(10e6);
    expect(duration(tasks(`"a": { "loop": 1, "run": 1 }`))).toBeNull();
  });

  it("is a deadlock when two threads wait for each other's mutex, and the report says so", () => {
    const report = runText(
      tasks(`"left": { "loop": 1, "lock": "a", "barrier": "x", "lock": "b" },
             "right": { "loop": 1, "lock": "b", "barrier": "x", "lock": "a" }`),
    );
    expect(report.outcome).toBe("deadlock");
    expect(report.stalemate?.waits.map(describeWait)).toEqual([
      'waits for mutex "b", held by right',
      'waits for mutex "a", held by left',
    ]);
    expect(report.stalemate?.cycle?.map(({ thread }) => thread)).toEqual(["left", "right"]);
  });

  it("is a deadlock when a mutex's holder has ended", () => {
    const report = runText(
      tasks(`"gone": { "loop": 1, "lock": "m" }, "left": { "loop": 1, "delay": 10, "lock": "m" }`),
    );
    expect(report.outcome).toBe("deadlock");
    expect(report.stalemate?.cycle).toBeNull();
    expect(report.stalemate?.waits.map(describeWait)).toEqual([
      'waits for mutex "m", whose holder has ended without unlocking it',
    ]);
  });

  it("is a deadlock when threads wait for ever that should have ended, or none has ended", () => {
    const starved = runText(
      tasks(`"a": { "loop": 1, "run": 1 }, "b": { "loop": 1, "sem_wait": "s" }`),
    );
    expect(starved.outcome).toBe("deadlock");
    const alone = runText(tasks(`"a": { "sem_wait": "s" }`));
    expect(alone.outcome).toBe("deadlock");
    expect(alone.stalemate?.waits.map(describeWait)).toEqual(['waits for a post of semaphore "s"']);
  });

  it("is rest when servants in endless loops are left without clients", () => {
    const report = runText(
      tasks(`"client": { "loop": 3, "sem_post": "work", "sleep": 10 },
             "server": { "loop": -1, "sem_wait": "work", "run": 5 }`),
    );
    expect(report.outcome).toBe("rest");
    expect(report.stalemate?.isDeadlock).toBe(false);
  });
});

describe("the compiler", () => {
  it("rejects a task with more private timers than a thread can keep", () => {
    const timers = Array.from(
      { length: 12 },
      (_, i) => `"timer": { "ref": "unique${i}", "period": 1 }`,
    );
    const workload = parseWorkload(tasks(`"a": { ${timers.join(", ")} }`), "test.json");
    expect(() => compileWorkload(workload, { cpus: 1, scheduler: "lwkt" })).toThrow(
      /test\.json:1:14: the task "a" has 12 timers of its own, and a thread can keep 11/,
    );
  });

  it("compiles a task that is longer than a jump reaches", () => {
    const events = Array.from({ length: 60_000 }, () => `"run": 1`).join(", ");
    const report = runText(tasks(`"a": { "loop": 2, ${events} }`));
    expect(cpuUs(report, "a")).toBeGreaterThanOrEqual(120_000);
    expect(report.outcome).toBe("finished");
  });
});

describe("a snapshot of a workload's machine", () => {
  it("includes the accounts of threads that have ended, so that the report is the same", () => {
    const run = bootText(
      tasks(
        '"a": { "instance": 5, "loop": 3, "run": 100 }, "b": { "loop": 60, "run": 50, "sleep": 20 }',
      ),
    );
    run.advance(700_000n);
    const early = run.machine.snapshot();
    const { length } = run.ended;
    expect(length).toBeGreaterThan(0);
    run.advance(null);
    const report = reportRun(run, "idle");
    const late = run.machine.snapshot();
    run.machine.restore(early);
    expect(run.ended).toHaveLength(length);
    run.machine.restore(late);
    expect(reportRun(run, "idle")).toEqual(report);
    run.machine.restore(early);
    run.advance(null);
    expect(reportRun(run, "idle")).toEqual(report);
  });
});
