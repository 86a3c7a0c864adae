// Lock profiling: how long locks are waited for and held, and who waits for whom.

import { describe, expect, it } from "vitest";
import { Machine, parseWorkload, runWorkload, sys } from "../../src/index.js";
import { lockReports } from "../../src/machine/lock-profile.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { tasks } from "../support/workload-run.js";

const HELD_NS = 500_000;
/** Calls, switches, and the clock of another CPU. */
const SLACK_NS = 20_000;

const boot = (config = {}) =>
  new Machine({ lockProfile: true, objects: 32, quantum: 1_000, ...config }, buildUnderTest);

describe.each(SCHEDULERS)("the profile of a lock under %s", (scheduler) => {
  /** Two threads on two CPUs that each take a mutex once, the second while the first holds it. */
  function contest() {
    const machine = boot({ scheduler, cpus: 2 });
    const [, lock] = machine.call(sys.mtx_create("door"));
    const threads = [0, 1].map((cpu) =>
      machine.createThread({
        name: `user ${cpu}`,
        cpu,
        *body() {
          yield* sys.compute(BigInt(cpu * 100_000));
          yield* sys.mtx_lock(lock);
          yield* sys.compute(BigInt(HELD_NS));
          yield* sys.mtx_unlock(lock);
          yield sys.kthread_exit();
        },
      }),
    );
    const tids = threads.map(({ tid }) => tid);
    machine.run();
    return { machine, tids };
  }

  it("contains how long it was waited for and held, and which threads waited for which", () => {
    const { machine, tids } = contest();
    const [door] = lockReports(machine) ?? [];
    if (door === undefined) throw new Error("there is no profile");
    expect(door).toMatchObject({ kind: "mutex", name: "door", acquisitions: 2, contested: 1 });
    expect(door.wait.count).toBe(1);
    expect(door.wait.maxNs).toBeGreaterThan(HELD_NS - 100_000 - SLACK_NS);
    expect(door.wait.maxNs).toBeLessThan(HELD_NS - 100_000 + SLACK_NS);
    expect(door.wait.totalNs).toBe(door.wait.maxNs);
    expect(door.hold.count).toBe(2);
    expect(door.hold.totalNs).toBeGreaterThanOrEqual(2 * HELD_NS);
    expect(door.hold.totalNs).toBeLessThan(2 * HELD_NS + SLACK_NS);
    expect(door.hold.p99Ns).toBeLessThanOrEqual(door.hold.maxNs);
    expect(door.waits).toEqual([
      { waiterTid: tids[1], holderTid: tids[0], count: 1, waitedNs: door.wait.totalNs },
    ]);
  });
});

it("counts a shared lock as held from its first sharer to its last", () => {
  const machine = boot();
  const [, table] = machine.call(sys.rw_init("table", 0));
  for (let i = 0; i < 2; i++) {
    machine.createThread({
      name: `reader ${i}`,
      *body() {
        yield* sys.rw_rlock(table);
        yield* sys.pause("read", 2 + i);
        yield* sys.rw_runlock(table);
        yield sys.kthread_exit();
      },
    });
  }
  machine.run();
  const [profile] = lockReports(machine) ?? [];
  expect(profile).toMatchObject({ acquisitions: 2, contested: 0, waits: [] });
  expect(profile?.hold.count).toBe(1);
  expect(profile?.hold.maxNs).toBeGreaterThan(2_000_000);
});

it("begins with nothing in the place of a lock that was destroyed", () => {
  const machine = boot();
  const [, first] = machine.call(sys.mtx_create("first"));
  const use = (lock: number) => {
    machine.createThread({
      name: "user",
      *body() {
        yield* sys.mtx_lock(lock);
        yield* sys.compute(1_000n);
        yield* sys.mtx_unlock(lock);
        yield sys.kthread_exit();
      },
    });
    machine.run();
  };
  use(first);
  expect(lockReports(machine)?.[0]?.hold.count).toBe(1);
  expect(machine.call(sys.mtx_destroy(first))[0]).toBe(0);
  const [, second] = machine.call(sys.mtx_create("second"));
  expect(second).toBe(first);
  expect(lockReports(machine)?.[0]).toMatchObject({ name: "second", hold: { count: 0, maxNs: 0 } });
});

it("knows which threads waited for which, however many locks with waits were destroyed before", () => {
  const machine = boot({ maxthread: 20, objects: 16 });
  const kept = [1, 2].map((i) => machine.call(sys.mtx_create(`kept ${i}`))[1]);
  const pairs = (name: string) => lockReports(machine)?.find((lock) => lock.name === name)?.waits;
  /** Two threads that each take the lock once, the second while the first has it. */
  const contest = (lock: number) => {
    for (const holds of [true, false]) {
      machine.createThread({
        name: `holds: ${holds}`,
        *body() {
          yield* sys.mtx_lock(lock);
          if (holds) yield* sys.pause("hold", 1);
          yield* sys.mtx_unlock(lock);
          yield sys.kthread_exit();
        },
      });
    }
    machine.run();
  };
  for (const lock of kept) contest(lock);
  const before = ["kept 1", "kept 2"].map(pairs);
  for (let i = 0; i < 3_200; i++) {
    const [, lock] = machine.call(sys.mtx_create("short"));
    contest(lock);
    if (i % 100 === 0 || i > 3_060) expect([i, pairs("short")?.length]).toEqual([i, 1]);
    machine.call(sys.mtx_destroy(lock));
  }
  expect(machine.kernel.machine("lock_pairs")).toBe(2);
  expect(["kept 1", "kept 2"].map(pairs)).toEqual(before);
});

it("is in the report of a workload, and does not change its run", () => {
  const text = tasks(`
    "a": { "instance": 3, "loop": 20, "lock": "door", "run": 30, "unlock": "door", "run1": 20 }`);
  const [plain, profiled] = [false, true].map((lockProfile) =>
    runWorkload(parseWorkload(text, "w.json"), { build: buildUnderTest, lockProfile }),
  );
  expect(plain?.locks).toBeNull();
  expect(profiled?.hash).toBe(plain?.hash);
  const door = profiled?.locks?.[0];
  expect(door?.acquisitions).toBe(60);
  expect(door?.contested).toBeGreaterThan(10);
  const waited = door?.waits.reduce((sum, { waitedNs }) => sum + waitedNs, 0);
  expect(waited).toBe(door?.wait.totalNs);
});
