// The scheduler of user threads under lwkt: shares, queues, slices and policies, as rt-app workloads and bodies
// show them.

import { describe, expect, it } from "vitest";
import {
  type KernelCall,
  Machine,
  type MachineConfig,
  sys,
  type ThreadView,
} from "../../src/index.js";
import type { RunReport } from "../../src/workload/run-report.js";
import { buildUnderTest } from "../support/build.js";
import { itSharesFairly } from "../support/fair-shares.js";
import { itHasRealTimePolicies } from "../support/real-time.js";
import {
  busy,
  endUs,
  runText,
  shares,
  type TestRunOptions,
  tasks,
  threadOf,
} from "../support/workload-run.js";

const SECOND_US = 1_000_000;

// lwkt-modern has the same scheduler of user threads on top.
describe.each(["lwkt", "lwkt-modern"] as const)("under %s", (scheduler) => {
  const run = (text: string, options: TestRunOptions = {}): RunReport =>
    runText(tasks(text), { scheduler, ...options });

  describe("user threads of one kind", () => {
    itSharesFairly(scheduler);

    it("are pulled by an idle CPU", () => {
      // Once the two that end have left CPUs 0 and 1, there is one for each of the others.
      const report = run(
        `"short": { "instance": 2, "loop": 1, "run": 1000 }, "long": { "instance": 4, "loop": 1, "run": 100000 }`,
        { cpus: 4 },
      );
      for (let i = 0; i < 4; i++) expect(endUs(report, `long-${i}`)).toBeLessThan(110_000);
    });

    it("stay on the CPUs that they are bound to", () => {
      const report = run(
        `"bound": { "instance": 3, "cpus": [1], "loop": -1, "run": 500 },
       "free": { "instance": 2, "loop": -1, "run": 500 }`,
        { cpus: 2, forUs: 3 * SECOND_US },
      );
      for (const { task, cpu, migrations } of report.threads) {
        if (task === "bound") expect([cpu, migrations]).toEqual([1, 0]);
      }
      expect(busy(report)).toBeGreaterThan(0.95);
    });
  });

  describe("beside real-time threads that compute", () => {
    const hog = (count: number, policy: string) =>
      `{ "instance": ${count}, "loop": -1, "policy": "${policy}", "run": 3000 }`;

    it.each([
      [2, 1, 2],
      [4, 3, 5],
      [4, 2, 4],
    ])(
      "threads share the CPUs that are left: of %d with %d taken, %d threads",
      (cpus, real, count) => {
        const text = `"real": ${hog(real, "SCHED_FIFO")}, "other": ${hog(count, "SCHED_OTHER")}`;
        const report = run(text, { cpus, forUs: 60 * SECOND_US });
        const part = (cpus - real) / count;
        for (const { task, cpuTimeNs } of report.threads) {
          const share = cpuTimeNs / report.timeNs;
          if (task === "real") expect(share).toBeGreaterThan(0.99);
          else expect(Math.abs(share / part - 1)).toBeLessThan(0.05);
        }
      },
    );

    // Each shows what a thread got of a CPU in ten seconds, but for the first of them, in which it may change its CPU.
    const hogs = (policies: Readonly<Record<string, string>>, cpus: number) => {
      const text = Object.entries(policies).map(
        ([name, policy]) => `"${name}": { "loop": -1, ${policy}, "run": 3000 }`,
      );
      const report = run(text.join(","), { cpus, forUs: 20 * SECOND_US });
      return (name: string) => threadOf(report, name).cpuTimeNs / report.timeNs;
    };
    const real = (policy: string, priority: number) =>
      `"policy": "SCHED_${policy}", "priority": ${priority}`;

    it("equals of SCHED_RR share the CPUs that no better one takes", () => {
      const share = hogs(
        { best: real("FIFO", 60), a: real("RR", 50), b: real("RR", 50), c: real("RR", 50) },
        3,
      );
      expect(share("best")).toBeGreaterThan(0.99);
      for (const name of ["a", "b", "c"]) expect(Math.abs(share(name) * 1.5 - 1)).toBeLessThan(0.1);
    });

    it("the better real-time thread runs, wherever it waits", () => {
      const share = hogs(
        {
          worse: real("RR", 40),
          better: real("RR", 50),
          best: `"cpus": [0], ${real("FIFO", 60)}`,
        },
        2,
      );
      expect(share("best")).toBeGreaterThan(0.99);
      expect(share("better")).toBeGreaterThan(0.9);
      expect(share("worse")).toBeLessThan(0.1);
    });

    it("a real-time thread that wakes takes the CPU of a time-sharing thread, not its turn behind an equal", () => {
      const share = hogs(
        {
          first: real("FIFO", 50),
          other: '"policy": "SCHED_OTHER", "priority": 19',
          late: `"delay": 1000000, ${real("FIFO", 50)}`,
        },
        2,
      );
      for (const name of ["first", "late"]) expect(share(name)).toBeGreaterThan(0.94);
    });

    it("threads leave the CPU that one of them takes, but for those that are bound to it", () => {
      const report = run(
        `"real": { "cpus": [0], "phases": { "first": { "run": 1000000 },
                   "then": { "loop": -1, "policy": "SCHED_RR", "run": 3000 } } },
         "bound": { "cpus": [0], "loop": -1, "run": 3000 },
         "free": ${hog(2, "SCHED_BATCH")}`,
        { cpus: 2, forUs: 8 * SECOND_US },
      );
      const seconds = (name: string) => threadOf(report, name).cpuTimeNs / 1e9;
      expect(seconds("bound")).toBeLessThan(2);
      for (const name of ["free-0", "free-1"]) expect(seconds(name)).toBeGreaterThan(2.7);
    });
  });

  describe("a nice value", () => {
    it("orders the shares, and starves no thread", () => {
      const nice = [-5, 0, 5, 19];
      const text = nice.map((n, i) => `"t${i}": { "priority": ${n}, "loop": -1, "run": 500 }`);
      const got = shares(run(text.join(), { forUs: 60 * SECOND_US }));
      for (let i = 1; i < got.length; i++) expect(got[i]).toBeLessThan(got[i - 1] as number);
      expect(got.at(-1)).toBeGreaterThan(0.05);
    });

    it("of 19 gets its share beside ten threads of nice -20", () => {
      const got = shares(
        run(
          `"good": { "instance": 10, "priority": -20, "loop": -1, "run": 500 },
         "bad": { "priority": 19, "loop": -1, "run": 500 }`,
          { forUs: 60 * SECOND_US },
        ),
      );
      expect(got.at(-1)).toBeGreaterThan(0.01);
      expect(got.at(-1)).toBeLessThan(0.05);
    });

    it("counts under SCHED_BATCH, and SCHED_IDLE gets what is left", () => {
      const report = run(
        `"other": { "loop": -1, "run": 500 }, "batch": { "policy": "SCHED_BATCH", "loop": -1, "run": 500 },
       "idle": { "policy": "SCHED_IDLE", "loop": -1, "run": 500 }`,
        { forUs: 60 * SECOND_US },
      );
      const [other, batch, idle] = shares(report) as [number, number, number];
      expect(batch).toBeGreaterThan(0.3);
      expect(other).toBeGreaterThan(batch - 0.02);
      expect(idle).toBe(0);
    });

    it("runs a thread promptly that sleeps most of the time", () => {
      const report = run(
        `"hog": { "instance": 3, "loop": -1, "run": 500 },
       "editor": { "loop": -1, "sleep": 20000, "run": 500 }`,
        { forUs: 20 * SECOND_US },
      );
      expect(threadOf(report, "editor").latency?.p50Ns).toBeLessThan(100_000);
    });
  });

  describe("real-time policies", () => {
    itHasRealTimePolicies(scheduler);
  });
});

/** Bodies on a machine under lwkt, each of which does `first` and computes; `order` has who is done, in that order. */
class Bodies {
  readonly machine: Machine;
  readonly order: string[] = [];
  /** What each was when it was done. */
  readonly seen = new Map<string, { nice: number; level: number }>();

  constructor(config: MachineConfig = {}) {
    this.machine = new Machine(config, buildUnderTest);
  }

  add(name: string, us: number, ...first: KernelCall<unknown>[]): ThreadView {
    const { order, seen } = this;
    const view = this.machine.createThread({
      name,
      *body() {
        for (const call of first) yield call;
        if (us > 0) yield sys.compute(BigInt(us) * 1_000n);
        order.push(name);
        seen.set(name, { nice: view.nice, level: view.lwktPriority });
      },
    });
    return view;
  }

  /** Who is done, and in which order, after a run to the end. */
  run(): string[] {
    this.machine.run();
    return this.order;
  }
}

const user = (nice = 0) => sys.sched_setscheduler_self(0, nice);

describe("kernel threads under lwkt", () => {
  it("run before all user threads, and keep their level", () => {
    const bodies = new Bodies();
    bodies.add("hog", 300_000, user(-20));
    bodies.add("kernel", 1_000, sys.sched_prio_self(150), sys.sleep(10_000));
    expect(bodies.run()).toEqual(["kernel", "hog"]);
    expect(bodies.seen.get("kernel")?.level).toBe(31 - (150 >> 3));
  });

  it("include those whose priority was set: that ends being a user thread", () => {
    const bodies = new Bodies();
    bodies.add("a", 1, user(7));
    bodies.add("b", 1, user(7), sys.lwkt_setpri_self(9));
    bodies.add("c", 1, user(7), sys.sched_prio_self(120));
    bodies.run();
    expect(Object.fromEntries(bodies.seen)).toEqual({
      a: { nice: 7, level: 6 },
      b: { nice: 0, level: 9 },
      c: { nice: 0, level: 16 },
    });
  });

  it("without a process have fixed priorities whatever their policy, and so have all threads without a user scheduler", () => {
    const bodies = new Bodies({ userThreads: false });
    const fixed = bodies.add("fixed", 10, user());
    bodies.machine.run({ for: 2_000 });
    expect([fixed.priority, fixed.nice]).toEqual([152, 0]);
    bodies.machine.run();
  });
});

describe("a policy under lwkt", () => {
  it("reaches a thread of another CPU", () => {
    const machine = new Machine({ cpus: 2 }, buildUnderTest);
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
        yield sys.sched_setscheduler(other.address, 0, 11);
        yield sys.compute(15_000n);
      },
    });
    machine.run({ rounds: 4 });
    expect(other.nice).toBe(11);
    machine.run();
  });

  it("is inherited by a new thread, which begins a little worse than its creator", () => {
    const machine = new Machine({}, buildUnderTest);
    const nice: number[] = [];
    const ranks: number[][] = [];
    const maker = machine.createProcess({
      name: "user",
      *body() {
        yield* sys.sched_setscheduler_self(0, 3);
        const { error, address } = yield* sys.thr_create(function* () {
          yield* sys.compute(1_000);
        }, 0);
        expect(error).toBe(0);
        const child = machine.thread(address);
        nice.push(child.nice);
        ranks.push([[...maker.threads()][0]!.priority, child.priority]);
        yield* sys.compute(1_000);
      },
    });
    machine.run();
    expect(nice).toEqual([3]);
    const [before, after] = ranks[0] as [number, number];
    expect(after).toBeGreaterThan(before);
  });
});

describe("a user thread under lwkt that owns a lock", () => {
  it("runs before other user threads while a kernel thread waits for the lock, and returns the priority", () => {
    const machine = new Machine({}, buildUnderTest);
    const [, lock] = machine.call(sys.mtx_init("lock", 0));
    const order: string[] = [];
    const owner = machine.createThread({
      name: "owner",
      *body() {
        yield sys.sched_setscheduler_self(5, 0);
        yield sys.mtx_lock(lock);
        yield sys.compute(3_000_000n);
        order.push("unlocks");
        yield sys.mtx_unlock(lock);
        yield sys.compute(1_000_000n);
        order.push("owner");
      },
    });
    machine.createThread({
      name: "hog",
      *body() {
        yield sys.sched_setscheduler_self(0, -20);
        yield sys.sleep(1_000);
        yield sys.compute(20_000_000n);
        order.push("hog");
      },
    });
    machine.createThread({
      name: "kernel",
      *body() {
        yield sys.sched_prio_self(100);
        yield sys.sleep(2_000);
        yield sys.mtx_lock(lock);
        order.push("kernel");
        yield sys.mtx_unlock(lock);
      },
    });
    machine.run();
    expect(order).toEqual(["unlocks", "kernel", "hog", "owner"]);
    expect(owner.state).toBe("exited");
  });
});
