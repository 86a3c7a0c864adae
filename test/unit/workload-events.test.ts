// What each event of a workload means, by the exact microsecond at which threads end.

import { describe, expect, it } from "vitest";
import { KernelPanic } from "../../src/core/errors.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { cpuUs, endUs, runText, tasks, threadOf } from "../support/workload-run.js";

describe.each(SCHEDULERS)("events under %s", (scheduler) => {
  const run = (text: string, cpus = 1) => runText(tasks(text), { scheduler, cpus });

  it("uses up the time of a run and a runtime", () => {
    const report = run(`"a": { "loop": 1, "run": 100, "runtime": 50, "run0": 7 }`);
    expect(endUs(report, "a")).toBe(157);
    expect(cpuUs(report, "a")).toBe(157);
    expect(report.outcome).toBe("finished");
  });

  it("lets two threads on one CPU share the time that they compute", () => {
    const report = run(`"a": { "loop": 1, "instance": 2, "run": 1000 }`);
    expect([endUs(report, "a-0"), endUs(report, "a-1")]).toEqual([1000, 2000]);
  });

  it("sleeps from now, rounded up to the tick, without using the CPU", () => {
    const report = run(`"a": { "loop": 3, "sleep": 100 }`);
    expect(endUs(report, "a")).toBe(303);
    expect(cpuUs(report, "a")).toBe(0);
  });

  it("does not sleep for no time", () => {
    const report = run(`"a": { "loop": 100, "sleep": 0 }`);
    expect(endUs(report, "a")).toBe(0);
    expect(threadOf(report, "a").wakeups).toBe(1);
  });

  it("sleeps for longer than a timeout of the kernel can be", () => {
    const report = run(`"a": { "loop": 1, "sleep": 4294967295 }`);
    expect(endUs(report, "a")).toBe(4_294_967_296);
  });

  it("waits for a delay before the first event", () => {
    expect(endUs(run(`"a": { "loop": 2, "delay": 500, "run": 10 }`), "a")).toBe(521);
  });

  it("runs phases in order, each as often as it says, and all as often as the task says", () => {
    const report = run(
      `"a": { "loop": 2, "phases": { "x": { "loop": 3, "run": 10 }, "y": { "run": 100 } } }`,
    );
    expect(endUs(report, "a")).toBe(260);
  });

  it("runs nothing of a loop of zero", () => {
    const report = run(
      `"a": { "loop": 1, "phases": { "x": { "loop": 0, "run": 10 }, "y": { "run": 1 } } }`,
    );
    expect(endUs(report, "a")).toBe(1);
  });

  it("starts a timer where the thread starts and then keeps its period whatever the work in between", () => {
    const report = run(
      `"a": { "loop": 4, "run": 30, "timer": { "ref": "unique", "period": 100 } }`,
    );
    // Expiries at 100, 200, 300, 400, seen at the tick after.
    expect(endUs(report, "a")).toBe(401);
  });

  it("restarts a relative timer from now after a miss", () => {
    const report = run(
      `"a": { "loop": 1, "phases": {
        "start": { "timer": { "ref": "unique", "period": 100 } },
        "late": { "run": 250, "timer": { "ref": "unique", "period": 100 } },
        "then": { "run": 10, "timer": { "ref": "unique", "period": 100 } } } }`,
    );
    // Expiry 100; at 351 the next, 200, is missed: no sleep, restart; next expiry 451.
    expect(endUs(report, "a")).toBe(452);
  });

  it("never moves the grid of an absolute timer", () => {
    const timer = `"timer": { "ref": "unique", "period": 100, "mode": "absolute" }`;
    const report = run(
      `"a": { "loop": 1, "phases": { "start": { ${timer} }, "late": { "run": 250, ${timer} },
        "then": { "loop": 2, "run": 10, ${timer} } } }`,
    );
    // Expiry 100; at 351: 200 and (at 361) 300 are missed; 400 is met.
    expect(endUs(report, "a")).toBe(401);
  });

  it("gives each thread its own timer if its name begins with unique", () => {
    const report = run(
      `"a": { "loop": 1, "instance": 2, "timer": { "ref": "unique1", "period": 100 } }`,
      2,
    );
    expect([endUs(report, "a-0"), endUs(report, "a-1")]).toEqual([101, 101]);
  });

  it("shares a timer of any other name: each use is the next period", () => {
    const report = run(
      `"a": { "loop": 1, "timer": { "ref": "tick", "period": 100 } },
       "b": { "loop": 1, "delay": 10, "timer": { "ref": "tick", "period": 100 } }`,
    );
    expect(endUs(report, "a")).toBe(101);
    expect(endUs(report, "b")).toBe(201);
  });

  it("keeps eleven timers of a thread apart", () => {
    const timers = Array.from(
      { length: 11 },
      (_, i) => `"timer${i}": { "ref": "unique${i}", "period": ${(i + 1) * 100} }`,
    );
    const report = run(`"a": { "loop": 1, ${timers.join(", ")} }`);
    // All start with the thread.
    expect(endUs(report, "a")).toBe(1101);
  });

  it("lets one thread at a time hold a mutex, in the order in which they asked", () => {
    const report = run(
      `"a": { "loop": 1, "lock": "m", "run": 100, "unlock": "m" },
       "b": { "loop": 1, "delay": 20, "lock": "m", "run": 100, "unlock": "m" },
       "c": { "loop": 1, "delay": 10, "priority": -5, "lock": "m", "run": 100, "unlock": "m" }`,
      3,
    );
    expect(endUs(report, "a")).toBe(100);
    expect(endUs(report, "c")).toBeGreaterThanOrEqual(200);
    expect(endUs(report, "c")).toBeLessThan(203);
    expect(endUs(report, "b")).toBeGreaterThanOrEqual(300);
    expect(endUs(report, "b")).toBeLessThan(306);
    const [mutex] = report.objects;
    expect(mutex).toMatchObject({ kind: "mutex", name: "m", uses: 3, contended: 2, waitersMax: 2 });
  });

  it("hands a mutex to the waiter, not to the thread that asks again first", () => {
    const report = run(
      `"greedy": { "loop": 1, "phases": {
         "x": { "loop": 3, "lock": "m", "run": 100, "unlock": "m" } } },
       "polite": { "loop": 1, "delay": 50, "lock": "m", "run": 1, "unlock": "m" }`,
      2,
    );
    expect(endUs(report, "polite")).toBeLessThan(105);
    expect(endUs(report, "greedy")).toBeGreaterThan(300);
  });

  it("releases the mutex while it waits for a condition, and has it again afterwards", () => {
    const report = run(
      `"waiter": { "loop": 1, "lock": "m", "wait": { "ref": "c", "mutex": "m" }, "run": 10,
                   "unlock": "m" },
       "signaller": { "loop": 1, "delay": 100, "lock": "m", "signal": "c", "run": 50,
                      "unlock": "m" }`,
      2,
    );
    expect(endUs(report, "signaller")).toBe(151);
    expect(endUs(report, "waiter")).toBeGreaterThanOrEqual(161);
    expect(endUs(report, "waiter")).toBeLessThan(165);
  });

  it("wakes the first waiter by a signal and all by a broadcast, and forgets both otherwise", () => {
    const wait = `"lock": "m", "wait": { "ref": "c", "mutex": "m" }, "unlock": "m"`;
    const report = run(
      `"early": { "loop": 1, "signal": "c", "broad": "c" },
       "w1": { "loop": 1, "delay": 10, ${wait} },
       "w2": { "loop": 1, "delay": 20, ${wait} },
       "w3": { "loop": 1, "delay": 30, ${wait} },
       "waker": { "loop": 1, "delay": 100, "signal": "c", "sleep": 100, "broad": "c" }`,
    );
    expect(endUs(report, "w1")).toBe(101);
    expect([endUs(report, "w2"), endUs(report, "w3")]).toEqual([202, 202]);
  });

  it("synchronises two threads by sync, with or without the mutex held around it", () => {
    const sync = `"sync": { "ref": "c", "mutex": "m" }`;
    const report = run(
      `"first": { "loop": 1, ${sync} },
       "second": { "loop": 1, "delay": 100, "lock": "m", "signal": "c", ${sync}, "unlock": "m" },
       "third": { "loop": 1, "delay": 200, "lock": "m", "signal": "c", "unlock": "m" }`,
    );
    expect(endUs(report, "first")).toBe(101);
    expect(endUs(report, "second")).toBe(201);
    expect(report.outcome).toBe("finished");
  });

  it("lets all tasks that name a barrier meet there, each instance once", () => {
    const report = run(
      `"a": { "loop": 1, "instance": 2, "barrier": "b" },
       "c": { "loop": 1, "run": 300, "barrier": "b", "barrier": "b" },
       "d": { "loop": 1, "instance": 2, "delay": 10, "barrier": "b" }`,
      4,
    );
    // Five meet once; c alone is there for the second time.
    expect(endUs(report, "a-0")).toBeGreaterThanOrEqual(300);
    expect(endUs(report, "d-1")).toBeGreaterThanOrEqual(300);
    expect(report.outcome).toBe("deadlock");
    expect(report.stalemate?.waits).toMatchObject([
      { thread: "c", kind: "barrier", name: "b", arrived: 1, parties: 5 },
    ]);
  });

  it("blocks by suspend until a resume of its task or of the point that it names", () => {
    const report = run(
      `"sleeper": { "loop": 1, "suspend", "run": 5 },
       "other": { "loop": 1, "suspend": "sleeper", "run": 5 },
       "third": { "loop": 1, "suspend": "elsewhere", "run": 5 },
       "waker": { "loop": 1, "resume": "third", "delay": 100, "resume": "sleeper", "sleep": 100,
                  "resume": "elsewhere" }`,
    );
    expect(endUs(report, "sleeper")).toBe(106);
    expect(endUs(report, "other")).toBe(111);
    // Under ule those that the waker wakes are better than it, and have the CPU before it sleeps.
    expect(endUs(report, "third")).toBe(scheduler === "ule" ? 217 : 207);
  });

  it("does not remember a resume", () => {
    const report = run(
      `"waker": { "loop": 1, "resume": "late" }, "late": { "loop": 1, "run": 10, "suspend" }`,
    );
    expect(report.outcome).toBe("deadlock");
    expect(report.stalemate?.waits).toMatchObject([
      { thread: "late", kind: "resume", name: "late" },
    ]);
  });

  it("counts posts to a semaphore, even before a thread waits", () => {
    const report = run(
      `"poster": { "loop": 1, "phases": { "now": { "loop": 2, "sem_post": "s" },
         "later": { "sleep": 100, "sem_post": "s" } } },
       "taker": { "loop": 3, "run": 10, "sem_wait": "s" }`,
    );
    expect(endUs(report, "taker")).toBe(101);
    expect(report.objects[0]).toMatchObject({ kind: "semaphore", uses: 3, contended: 1 });
  });

  it("gives up the CPU by yield to a thread of the same priority", () => {
    const report = run(
      `"a": { "loop": 1, "run": 10, "yield", "run": 10 }, "b": { "loop": 1, "run": 100 }`,
    );
    expect(endUs(report, "b")).toBe(110);
    expect(endUs(report, "a")).toBe(120);
  });

  it("takes time for memory and devices, by their documented rates", () => {
    const report = run(
      `"mem": { "loop": 1, "mem": 81920 },
       "io": { "loop": 1, "iorun": 20480 },
       "walk": { "loop": 1, "memrun": { "type": "write", "size": 40960, "count": 10 } },
       "hop": { "loop": 1, "memrun": { "size": 40960, "count": 10, "stride": 128 } }`,
    );
    expect([cpuUs(report, "mem"), cpuUs(report, "io")]).toEqual([10, 20]);
    expect([cpuUs(report, "walk"), cpuUs(report, "hop")]).toEqual([50, 25]);
  });

  it("starts a thread of a task by fork, numbered on from its instances", () => {
    const report = run(
      `"parent": { "loop": 2, "run": 100, "fork": "child", "sleep": 100 },
       "child": { "instance": 0, "loop": 1, "run": 30 }`,
    );
    expect(report.threads.map(({ name }) => name).sort()).toEqual(["child-0", "child-1", "parent"]);
    expect(cpuUs(report, "child-0")).toBe(30);
    expect(endUs(report, "child-0")).toBe(130);
    expect(threadOf(report, "child-1").task).toBe("child");
  });

  /** What nice 5 is of a thread that has run for a moment. */
  const FORKED = { lwkt: 118, "4bsd": 113, ule: 161, "lwkt-modern": 118 } as const;

  it("starts forked threads with the priority and on the CPUs of their task", () => {
    const report = run(
      `"parent": { "loop": 1, "cpus": [0], "fork": "child", "fork": "child", "run": 1000 },
       "child": { "instance": 1, "loop": 1, "priority": 5, "cpus": [1], "run": 30, "sleep": 10 }`,
      2,
    );
    for (const name of ["child-0", "child-1", "child-2"]) {
      expect(threadOf(report, name)).toMatchObject({ cpu: 1, priority: FORKED[scheduler] });
    }
  });
});

describe("wrong use of a mutex", () => {
  it("is a panic that names the thread when it unlocks a mutex that it does not hold", () => {
    const text = tasks(`"bad": { "loop": 1, "run": 1, "unlock": "m" }`);
    expect(() => runText(text)).toThrow(KernelPanic);
    expect(() => runText(text)).toThrow(
      "panic: mtx_unlock: mutex m is not owned by thread bad (tid 100002)",
    );
  });

  it("is a panic when a thread locks a mutex that it holds", () => {
    expect(() => runText(tasks(`"bad": { "loop": 1, "lock": "m", "lock": "m" }`))).toThrow(
      /recursed on non-recursive mutex m/,
    );
  });

  it("is a panic when a thread waits for a condition without the mutex", () => {
    const text = tasks(`"bad": { "loop": 1, "wait": { "ref": "c", "mutex": "m" } }`);
    expect(() => runText(text)).toThrow(/cv_wait: mutex m is not owned by thread bad/);
  });
});
