// The machine of several CPUs beside its reference model (test/support/cpus): storms of threads and of processes, and
// a sample of the planted faults, so that the suites cannot lose sight of them. Long runs, and all faults:
// `npm run -s storms`.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { buildUnderTest as build } from "../support/build.js";
import { type Suite, suitesFor } from "../support/cpus/suites.js";
import { SCHEDULERS } from "../support/schedulers.js";

/** Storms of each number of CPUs in a test run. */
const storms = [
  { cpus: 1, seeds: 100 },
  { cpus: 2, seeds: 300 },
  { cpus: 3, seeds: 200 },
  { cpus: 8, seeds: 100 },
  { cpus: 64, seeds: 30 },
];

/** Seeds of long runs that found faults of the kernel, or of the model. */
const once = [5784, 8402, 18881, 21772, 62678, 400139478];

function failures(suite: Suite, from: number, count: number): string[] {
  const found: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const failure = suite.run(seed);
    if (failure !== null) found.push(`${suite.name}, seed ${seed}: ${failure}`);
  }
  return found;
}

function suite(name: Suite["name"], conditions: Parameters<typeof suitesFor>[0]): Suite {
  return suitesFor(conditions).find((one) => one.name === name) as Suite;
}

describe("storms of threads on several CPUs", () => {
  for (const { cpus, seeds } of storms) {
    it(`leave the kernel in the state of the model, ${seeds} times on ${cpus} CPUs`, () => {
      expect(failures(suite("threads", { build, cpus }), 1, seeds)).toEqual([]);
    });
  }

  it("of all sizes do", () => {
    expect(failures(suite("threads", { build }), 1000, 500)).toEqual([]);
  });

  it.each(once)("do, of seed %i, which did not once", (seed) => {
    expect(suite("threads", { build }).run(seed)).toBeNull();
  });
});

describe("storms of FreeBSD's calls on several CPUs", () => {
  for (const scheduler of ["lwkt", "4bsd"] as const) {
    for (const { cpus, seeds } of [
      { cpus: 2, seeds: 150 },
      { cpus: 4, seeds: 150 },
      { cpus: 16, seeds: 60 },
    ]) {
      it(`leave the kernel in the state of the model, ${seeds} times on ${cpus} CPUs, under ${scheduler}`, () => {
        expect(failures(suite("calls", { build, cpus, scheduler }), 1, seeds)).toEqual([]);
      });
    }
  }

  it("of all sizes do", () => {
    expect(failures(suite("calls", { build }), 1000, 300)).toEqual([]);
  });
});

describe("storms of processes on several CPUs", () => {
  it.each(SCHEDULERS)("see every thread obey in time, and continue, under %s", (scheduler) => {
    expect(failures(suite("processes", { build, scheduler }), 1, 40)).toEqual([]);
  });

  it("continue under lwkt-modern when a thread yields that has lost its slot", () => {
    const storms = suite("processes", { build, scheduler: "lwkt-modern" });
    expect(storms.run(950_049)).toBeNull();
  });
});

describe("storms of user threads under lwkt", () => {
  it("find the scheduler of user threads in the state of its law", () => {
    expect(failures(suite("users", { build }), 1, 30)).toEqual([]);
  });

  it.each([8_002_227, 8_002_242])(
    "do, of seed %i, whose idle CPUs pull thread after thread",
    (seed) => {
      expect(suite("users", { build }).run(seed)).toBeNull();
    },
  );

  it("do, where a batch thread is pulled that stood in front of one that takes the slot", () => {
    expect(suite("users", { build }).run(78_202_008)).toBeNull();
  });
});

describe("storms of waits", () => {
  it.each(SCHEDULERS)("see no thread sleep on for what is available, under %s", (scheduler) => {
    expect(failures(suite("waits", { build, scheduler }), 1, 40)).toEqual([]);
  });

  it("of all sizes do", () => {
    expect(failures(suite("waits", { build }), 1000, 100)).toEqual([]);
  });

  it.each([619, 30428])("do, of seed %i, which did not once", (seed) => {
    expect(suite("waits", { build }).run(seed)).toBeNull();
  });
});

describe("storms of rounds", () => {
  it.each(SCHEDULERS)(
    "leave the same memory by short ways and by long ones, under %s",
    (scheduler) => {
      expect(failures(suite("rounds", { build, scheduler }), 1, 40)).toEqual([]);
    },
  );
});

describe("storms of crowds", () => {
  it.each(SCHEDULERS)("leave no thread or object behind, under %s", (scheduler) => {
    expect(failures(suite("crowds", { build, scheduler }), 1, 30)).toEqual([]);
  });

  it("do not on 64 CPUs", () => {
    expect(failures(suite("crowds", { build, cpus: 64 }), 1000, 30)).toEqual([]);
  });
});

describe("storms of medleys", () => {
  it.each(SCHEDULERS)("see each call end, with what it says that it got, under %s", (scheduler) => {
    expect(failures(suite("medleys", { build, scheduler }), 1, 30)).toEqual([]);
  });

  it("do so of seed 52, in which the host hung", () => {
    expect(suite("medleys", { build }).run(52)).toBeNull();
  });
});

describe("a planted fault", () => {
  const { Plant } = Layout;
  /** One of each path, and the suite and seeds that find it. */
  const sample = [
    { plant: Plant.RUN_NEVER_LAST, name: "threads", seeds: 200 },
    { plant: Plant.CLOSED_OWNER, name: "threads", seeds: 100 },
    { plant: Plant.NEW_OUTLIVES, name: "threads", seeds: 100 },
    { plant: Plant.PRIO_AT_ONCE, name: "threads", seeds: 100 },
    { plant: Plant.TOKEN_LATE, name: "threads", seeds: 300 },
    { plant: Plant.MOVE_WAKES, name: "threads", seeds: 200 },
    { plant: Plant.PEND_OUTLIVES, name: "threads", seeds: 300 },
    { plant: Plant.ASK_RUN_LOST, name: "calls", seeds: 20 },
    { plant: Plant.PRIO_NO_LEVEL, name: "calls", seeds: 20 },
    { plant: Plant.MOVE_WORD, name: "calls", seeds: 20 },
    { plant: Plant.AFFINITY_IGNORED, name: "calls", seeds: 60 },
    { plant: Plant.AST_UNTOLD, name: "processes", seeds: 20 },
    { plant: Plant.AFFINITY_FORGOTTEN, name: "processes", seeds: 20 },
    { plant: Plant.UNSUSPEND_COUNT, name: "processes", seeds: 20 },
    { plant: Plant.USER_STAYS, name: "users", seeds: 10 },
    { plant: Plant.USER_SET_IGNORED, name: "users", seeds: 10 },
    { plant: Plant.USER_LOAD_STAYS, name: "users", seeds: 10 },
    { plant: Plant.USER_LEVEL_STALE, name: "users", seeds: 60 },
    { plant: Plant.USER_SLOT_KEPT, name: "users", seeds: 10 },
    { plant: Plant.USER_NO_ACCOUNT, name: "users", seeds: 10 },
    { plant: Plant.SEMA_ONE_WAKE, name: "waits", seeds: 40 },
    { plant: Plant.SEMA_SHORT, name: "waits", seeds: 40 },
    { plant: Plant.CV_BROADCAST_ONE, name: "waits", seeds: 40 },
    { plant: Plant.BARRIER_EARLY, name: "waits", seeds: 40 },
    { plant: Plant.LK_NO_REWAKE, name: "waits", seeds: 250 },
    { plant: Plant.LK_FAIL_COUNTS, name: "waits", seeds: 150 },
    { plant: Plant.SET_ASLEEP, name: "waits", seeds: 40 },
    { plant: Plant.NEW_OUTLIVES, name: "crowds", seeds: 40 },
    { plant: Plant.UNSUSPEND_COUNT, name: "crowds", seeds: 40 },
    { plant: Plant.SPIN_RETURNS, name: "medleys", seeds: 160 },
    { plant: Plant.CALLOUT_UNBOUND, name: "rounds", seeds: 20 },
    { plant: Plant.ARRIVAL_LOST, name: "rounds", seeds: 20 },
    { plant: Plant.ENOUGH_MORE, name: "rounds", seeds: 20 },
    { plant: Plant.COMPUTE_TOLD, name: "rounds", seeds: 20 },
    { plant: Plant.COMPUTE_TICKS, name: "rounds", seeds: 20 },
    { plant: Plant.PASS_MESSAGE, name: "rounds", seeds: 200 },
    { plant: Plant.TICKS_SHORT, name: "rounds", seeds: 200 },
    { plant: Plant.QUIET_BUDGET, name: "rounds", seeds: 100 },
    { plant: Plant.TURN_LOST, name: "rounds", seeds: 40 },
  ] as const;

  it.each(sample)("is found: $plant, by storms of $name", ({ plant, name, seeds }) => {
    const planted = suite(name, { build: "check", plant });
    const found = () => {
      for (let seed = 1; seed <= seeds; seed++) if (planted.run(seed) !== null) return seed;
      return null;
    };
    expect(found()).not.toBeNull();
  });

  it("changes nothing in the release build", () => {
    expect(
      failures(suite("threads", { build: "release", plant: Plant.CLOSED_OWNER }), 1, 50),
    ).toEqual([]);
  });
});
