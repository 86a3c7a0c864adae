// The story of a schedule that fails: who waits for whom, and the same as a trace file.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type BodyFunction, type Handle, type Machine, type Setup, sys } from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { buildUnderTest as build } from "../support/build.js";
import { type CheckedTrace, checkTrace } from "../support/chrome-trace.js";
import { scratchFolder } from "../support/scratch.js";
import { broken } from "../support/search-tests.js";

const LK_EXCLUSIVE = 0x80000;
const LK_RELEASE = 0x100000;
const LK_SHARED = 0x200000;
const none = { address: 0 };

const made = (machine: Machine, call: Parameters<Machine["call"]>[0]): Handle => ({
  address: (machine.call(call)[1] ?? 0) >>> 0,
});

/** Threads with these bodies, by their names; one that ends in an apostrophe has the name without it. */
function bodies(machine: Machine, named: Record<string, () => Generator>): void {
  for (const [name, body] of Object.entries(named)) {
    machine.createThread({ name: name.replace("'", ""), body: body as BodyFunction });
  }
}

const messageOf = (setup: Setup, replay?: string) =>
  exploreNow(setup, { build, ...(replay === undefined ? {} : { replay }) }).result.failure?.message;

const folder = scratchFolder();

describe("a deadlock says", () => {
  it("which threads share an rwlock or sx, and which is first in line", () => {
    const setup: Setup = (machine) => {
      const rw = made(machine, sys.rw_init("table", 0));
      const sx = made(machine, sys.sx_init("tree", 0));
      bodies(machine, {
        *one() {
          yield* sys.rw_rlock(rw);
          yield* sys.sx_xlock(sx);
        },
        *two() {
          yield* sys.sx_slock(sx);
          yield* sys.rw_wlock(rw);
        },
        *third() {
          yield* sys.rw_rlock(rw);
          yield* sys.rw_runlock(rw);
        },
      });
    };
    // one has the rwlock, two the sx, two waits, third comes behind it, and one waits last.
    const message = messageOf(setup, "ktm1:0110");
    expect(message).toContain("one waits for sx tree, shared by two");
    expect(message).toContain("two waits for rwlock table, shared by one");
    expect(message).toContain("third waits for rwlock table, shared by one, behind two");
  });

  it("which thread got an rwlock from which", () => {
    const setup: Setup = (machine) => {
      const rw = made(machine, sys.rw_init("table", 0));
      bodies(machine, {
        *writer() {
          yield* sys.rw_wlock(rw);
          yield* sys.sched_relinquish();
          yield* sys.rw_wunlock(rw);
          yield* sys.rw_wlock(rw);
        },
        *reader() {
          yield* sys.rw_rlock(rw);
          yield* sys.tsleep("never", 0, "never", 0);
        },
        *"reader'"() {
          yield* sys.rw_rlock(rw);
          yield* sys.tsleep("never", 0, "never", 0);
        },
      });
    };
    const { result, story } = exploreNow(setup, { replay: "ktm1:011", build });
    const waits = story?.steps.filter(({ what }) => what === "rw_rlock(table) ... waits");
    expect(waits?.map(({ thread }) => thread)).toEqual(["reader", "reader (2)"]);
    expect(result.failure?.message).toContain(
      "writer waits for rwlock table, shared by reader and reader (2);",
    );
  });

  it("which threads read an rmlock, and which one the others wait for", () => {
    const setup: Setup = (machine) => {
      const rm = made(machine, sys.rm_init("routes", 0));
      bodies(machine, {
        *reader() {
          yield* sys.rm_rlock(rm);
          yield* sys.tsleep("never", 0, "never", 0);
        },
        *writer() {
          yield* sys.rm_wlock(rm);
        },
        *late() {
          yield* sys.rm_rlock(rm);
        },
      });
    };
    const message = messageOf(setup, "ktm1:01");
    expect(message).toContain("writer waits for rmlock routes, shared by reader");
    expect(message).toContain("late waits for rmlock routes, behind writer");
  });

  it("which thread holds a lock of lockmgr, or that none does", () => {
    const setup: Setup = (machine) => {
      const [shared, alone, disowned, kept] = ["shared", "alone", "disowned", "kept"].map((name) =>
        made(machine, sys.lockinit(0, name, 0, 0)),
      ) as [Handle, Handle, Handle, Handle];
      const wants = (lock: Handle) =>
        function* () {
          yield* sys.lockmgr(lock, LK_EXCLUSIVE, none);
          yield* sys.lockmgr(lock, LK_RELEASE, none);
        };
      bodies(machine, {
        *holder() {
          yield* sys.lockmgr(shared, LK_SHARED, none);
          yield* sys.lockmgr(alone, LK_EXCLUSIVE, none);
          yield* sys.lockmgr(disowned, LK_EXCLUSIVE, none);
          yield* sys.lockmgr_disown(disowned);
          yield* sys.tsleep("never", 0, "never", 0);
        },
        *ends() {
          yield* sys.lockmgr(kept, LK_EXCLUSIVE, none);
        },
        a: wants(shared),
        b: wants(alone),
        c: wants(disowned),
        d: wants(kept),
      });
    };
    const { result, story } = exploreNow(setup, { replay: "ktm1:0", build });
    for (const text of [
      "a waits for lockmgr shared, shared by holder;",
      "b waits for lockmgr alone, held by holder;",
      "c waits for lockmgr disowned, which whoever held it has disowned;",
      "d waits for lockmgr kept, whose holder has ended;",
    ]) {
      expect(result.failure?.message).toContain(text);
    }
    expect(story?.steps[0]).toEqual({ thread: "holder", what: "lockmgr(shared, LK_SHARED, 0)" });
  });
});

it("a story has a row for each step, including those in which time advances", () => {
  const setup: Setup = (machine) => {
    bodies(machine, {
      *sleeper() {
        yield* sys.tsleep("bed", 0, "bed", 3);
        throw new Error("it is late");
      },
    });
  };
  const { result, story } = exploreNow(setup, { build });
  expect(story?.steps).toEqual([
    { thread: "sleeper", what: 'tsleep("bed", 0, "bed", 3) ... waits' },
    { thread: "(time)", what: "goes on to the next timeout" },
    { thread: "sleeper", what: 'tsleep("bed", 0, "bed", 3) goes on' },
  ]);
  expect(story?.scenes[1]?.wakes).toEqual(["sleeper"]);
  expect(result.failure?.steps).toBe(2); // the third is where it fails
});

describe("the trace of a story", () => {
  const { setup: lost } = broken["a handover without a lock"] as (typeof broken)[string];

  function traceOf(setup: Setup, name: string, replay?: string): CheckedTrace & { about: object } {
    const trace = join(folder, `${name}.json`);
    exploreNow(setup, { trace, build, ...(replay === undefined ? {} : { replay }) });
    const { otherData: about } = JSON.parse(readFileSync(trace, "utf8"));
    return { ...checkTrace(trace), about };
  }

  /** The slices of a track: name, and where it begins and ends. */
  function track(
    { slices, trackNames, processNames }: CheckedTrace,
    process: string,
    name: string,
  ) {
    return slices
      .filter(({ pid, tid }) => trackNames.get(`${pid}/${tid}`) === name)
      .filter(({ pid }) => processNames.get(pid) === process)
      .map(({ name: what, from, to }) => [what, from, to]);
  }

  it("has a track for each thread, the values of shared words, and the failure", () => {
    const trace = traceOf(lost, "lost");
    expect(track(trace, "threads", "consumer")).toEqual([
      ["full.get()", 1, 2],
      ['tsleep("filled", 0, "empty", 0)', 4, 5],
      ['waits: tsleep("filled", 0, "empty", 0)', 5, 6],
    ]);
    expect(track(trace, "threads", "producer")).toEqual([
      ["full.set(1)", 2, 3],
      ['wakeup("filled")', 3, 4],
    ]);
    const values = trace.events.filter(({ ph }) => ph === "C");
    expect(values.map(({ ts, name, args }) => [ts, name, args?.value])).toEqual([
      [0, "full", 0],
      [2, "full", 1],
    ]);
    const { failure } = exploreNow(lost, { build }).result;
    const [end] = trace.events.filter(({ ph }) => ph === "i");
    expect(end).toMatchObject({ ts: 5, name: `lost-wakeup: ${failure?.message}` });
    expect(trace.about).toMatchObject({ kind: "lost-wakeup", tape: failure?.tape, seed: 0 });
  });

  it("shows the owner and the waiters of each lock, and which thread wakes which", () => {
    const setup: Setup = (machine) => {
      const lock = made(machine, sys.mtx_create("lock"));
      const rw = made(machine, sys.rw_init("table", 0));
      bodies(machine, {
        *first() {
          yield* sys.mtx_lock(lock);
          yield* sys.rw_rlock(rw);
          yield* sys.mtx_unlock(lock);
          yield* sys.rw_runlock(rw);
          throw new Error("enough");
        },
        *second() {
          yield* sys.mtx_lock(lock);
        },
      });
    };
    const trace = traceOf(setup, "locks", "ktm1:011");
    expect(track(trace, "threads", "second")).toEqual([
      ["mtx_lock(lock)", 2, 3],
      ["waits: mtx_lock(lock)", 3, 5],
      ["mtx_lock(lock) goes on", 5, 6],
    ]);
    expect(track(trace, "locks", "mutex lock")).toEqual([
      ["held by first", 1, 4],
      ["held by second", 4, 8],
    ]);
    expect(track(trace, "locks", "rwlock table")).toEqual([["shared by first", 3, 6]]);
    expect(trace.arrows.map(({ from, to }) => [from.ts, to.ts])).toEqual([[4, 5]]);
  });

  it("is there for a replay that does not fail, too, and for no other search that finds nothing", () => {
    const path = join(folder, "none.json");
    const before = "an older trace";
    writeFileSync(path, before);
    const { result } = exploreNow(lost, { build, trace: path, preemptions: 0, schedules: 20 });
    expect(result.failure).toBeNull();
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(exploreNow(lost, { build, trace: path, replay: "ktm1:0" }).result.failure).toBeNull();
    expect(checkTrace(path).slices.length).toBeGreaterThan(2);
  });

  it("goes to a function, and says where it cannot go before the search", () => {
    let text = "";
    const trace = (piece: string) => {
      text += piece;
    };
    exploreNow(lost, { build, trace });
    expect(JSON.parse(text).traceEvents.length).toBeGreaterThan(5);
    const path = join(folder, "there is none", "x.json");
    const never: Setup = () => {
      throw new Error("the search has begun");
    };
    expect(() => exploreNow(never, { build, trace: path })).toThrow("cannot write the trace to");
  });
});
