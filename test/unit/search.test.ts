// The search for the schedule that fails: its counts against combinatorics, what it finds, and its tapes.

import { describe, expect, it, vi } from "vitest";
import {
  type ExploreOptions,
  type ExploreResult,
  explore,
  type FailureKind,
  type KernelCall,
  type Setup,
  type SharedWord,
  sys,
} from "../../src/index.js";
import { program } from "../../src/program/index.js";
import { exploreNow } from "../../src/search/index.js";
import { decodeTape, encodeTape, stepsOfTape, wordsOfTape } from "../../src/search/tape.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { broken, right } from "../support/search-tests.js";

const run = (setup: Setup, options: ExploreOptions): Promise<ExploreResult> =>
  explore(setup, { build: buildUnderTest, ...options });

/** Threads that look at a word, so many times each. */
function lookers(counts: readonly number[]): Setup {
  return (machine, { shared }) => {
    const word = shared(0);
    for (const [i, count] of counts.entries()) {
      machine.createThread({
        name: `looker ${i}`,
        *body() {
          for (let left = count; left > 0; left--) {
            yield* word.get();
          }
        },
      });
    }
  };
}

function multinomial(counts: readonly number[]): number {
  let result = 1;
  let total = 0;
  for (const count of counts) {
    for (let i = 1; i <= count; i++) result = (result * ++total) / i;
  }
  return result;
}

describe("an exhaustive search", () => {
  const tests = [
    [1, 1, 1, 1, 1],
    [2, 2],
    [3, 3],
    [3, 3, 3],
    [5, 4, 1],
    [6, 6],
    [2, 2, 2, 2],
  ];
  for (const counts of tests) {
    it(`visits each interleaving of ${counts.join(", ")} operations once`, async () => {
      for (const cpus of [1, 2]) {
        const result = await run(lookers(counts), { strategy: "exhaustive", config: { cpus } });
        expect(result).toMatchObject({
          schedules: multinomial(counts),
          complete: true,
          failure: null,
        });
      }
    });
  }

  it("does the same for kernel calls", async () => {
    const yields: Setup = (machine) => {
      for (const name of ["a", "b", "c"]) {
        machine.createThread({
          name,
          *body() {
            for (let left = 3; left > 0; left--) yield sys.sched_relinquish();
          },
        });
      }
    };
    for (const scheduler of SCHEDULERS) {
      const result = await run(yields, { strategy: "exhaustive", config: { scheduler } });
      expect(result).toMatchObject({ schedules: 1680, complete: true, failure: null });
    }
  });

  describe("knows that threads spin for a lock by", () => {
    const attempts = {
      compareAndSet: (lock: SharedWord) => lock.compareAndSet(0, 1),
      store: (lock: SharedWord) => lock.store(1),
    };
    const spinners =
      (attempt: (lock: SharedWord) => KernelCall<number>, isReleased: boolean): Setup =>
      (machine, { shared }) => {
        const [lock, count] = [shared(0, "lock"), shared(0, "count")];
        for (const name of ["one", "two"]) {
          machine.createThread({
            name,
            *body() {
              while ((yield* attempt(lock)) !== 0) yield* sys.sched_relinquish();
              yield* count.set((yield* count.get()) + 1);
              if (isReleased) yield* lock.store(0);
            },
          });
        }
        return () => expect(count.value).toBe(2);
      };

    it.each(Object.entries(attempts))(
      "%s: it ends, with reduction and without",
      async (_, attempt) => {
        const setup = spinners(attempt, true);
        const options = { strategy: "exhaustive", schedules: 1_000 } as const;
        for (const reduce of [false, true]) {
          const result = await run(setup, { ...options, reduce });
          expect(result).toMatchObject({ complete: true, failure: null });
        }
        const { failure } = await run(spinners(attempt, false), options);
        expect(failure).toMatchObject({ kind: "livelock", preemptions: 0 });
      },
    );
  });

  it("lets the others work while a thread waits without a yield, whatever its priority", async () => {
    const setup: Setup = (machine, { shared }) => {
      const [flag, word] = [shared(0, "flag"), shared(0, "word")];
      machine.createThread({
        name: "waits",
        *body() {
          while ((yield* flag.get()) === 0);
        },
      });
      for (const name of ["works", "works, too"]) {
        machine.createThread({
          name,
          *body() {
            for (let i = 0; i < 30; i++) yield* word.add(1);
            if (word.value === 60) yield* flag.set(1);
          },
        });
      }
    };
    for (const strategy of ["random", "pct"] as const) {
      const { failure } = await run(setup, { strategy, schedules: 200 });
      expect(failure).toBeNull();
    }
  });

  it("makes a schedule shorter for no longer than it has searched, where its time is bounded", async () => {
    let schedules = 0;
    const setup: Setup = (machine, { shared }) => {
      const word = shared(0);
      const order: string[] = [];
      schedules++;
      for (const name of ["a", "b", "c"]) {
        machine.createThread({
          name,
          *body() {
            for (let i = 0; i < 8; i++) {
              yield* word.add(1);
              order.push(name);
            }
          },
        });
      }
      return () => expect(order.filter((name, i) => name !== order[i + 1]).length).toBeLessThan(15);
    };
    let time = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => time++); // a schedule takes a millisecond
    try {
      const { failure } = await run(setup, { for: 100 });
      expect(failure?.kind).toBe("assertion");
    } finally {
      clock.mockRestore();
    }
    expect(schedules).toBeLessThan(210);
  });

  it("keeps to a bound on preemptions", async () => {
    // Without preemptions: which thread is first.
    const none = await run(lookers([4, 4]), { strategy: "exhaustive", preemptions: 0 });
    expect(none).toMatchObject({ schedules: 2, complete: true });
    // A thread is cut once, in one of 3 places, and ends later or after the other one's 4 operations.
    const one = await run(lookers([4, 4]), { strategy: "exhaustive", preemptions: 1 });
    expect(one).toMatchObject({ schedules: 2 + 2 * 3, complete: true });
  });

  it("takes the choices of the test, too", async () => {
    const seen = new Set<string>();
    const setup: Setup = (machine, { choice }) => {
      const drawn: number[] = [];
      machine.createThread({
        name: "draws",
        *body() {
          drawn.push(yield* choice(3), yield* choice(4));
        },
      });
      return () => seen.add(drawn.join());
    };
    const result = await run(setup, { strategy: "exhaustive" });
    expect(result).toMatchObject({ schedules: 12, complete: true });
    expect(seen.size).toBe(12);
  });
});

describe("a broken test", () => {
  for (const [name, { setup, kind, preemptions }] of Object.entries(broken)) {
    for (const strategy of ["random", "pct", "exhaustive"] as const) {
      it(`${name} fails in the shortest way (${strategy})`, async () => {
        const { failure } = await run(setup, { strategy, seed: 3 });
        expect(failure).toMatchObject({ kind, preemptions });
        if (preemptions > 0) {
          const fewer = { strategy: "exhaustive", preemptions: preemptions - 1 } as const;
          expect(await run(setup, fewer)).toMatchObject({ complete: true, failure: null });
        }
      });
    }

    it(`${name} fails in the same way from its tape, on both builds`, async () => {
      const { failure } = await run(setup, { seed: 1 });
      const tape = failure?.tape ?? "";
      const hashes = new Set<string | undefined>();
      for (const build of ["release", buildUnderTest] as const) {
        const again = exploreNow(setup, { replay: tape, build });
        expect(again.result.failure).toMatchObject({ kind, tape, steps: failure?.steps });
        hashes.add(again.story?.hash);
      }
      expect(hashes.size).toBe(1);
    });
  }
});

describe("a right test", () => {
  for (const [name, setup] of Object.entries(right)) {
    it(`${name} fails in no schedule`, async () => {
      const all = await run(setup, { strategy: "exhaustive", schedules: 3_000 });
      expect(all.failure).toBeNull();
      expect((await run(setup, { schedules: 1_000 })).failure).toBeNull();
      expect((await run(setup, { strategy: "pct", schedules: 1_000 })).failure).toBeNull();
    });
  }
});

describe("a search", () => {
  const { setup } = broken["a counter without a lock"] as (typeof broken)[string];

  it("is the same one for the same seed", async () => {
    const told = async (seed: number) => {
      const { per_second, ...rest } = await run(setup, { seed });
      return { ...rest, isFast: per_second > 0 };
    };
    expect(await told(5)).toEqual(await told(5));
  });

  it("throws if that was requested", async () => {
    await expect(run(setup, { throws: true })).rejects.toThrow(/^assertion: .* \(replay: ktm1:/);
  });

  it("says what is wrong with its options", async () => {
    await expect(run(setup, { schedules: 0 })).rejects.toThrow("schedules is 0");
    await expect(run(setup, { replay: "abc" })).rejects.toThrow('"abc" is no schedule');
    await expect(run(setup, { strategy: "best" as never })).rejects.toThrow('strategy is "best"');
  });

  it("refuses what would go on behind a schedule: promises of the setup, the checks and the bodies", async () => {
    const body = function* () {
      yield sys.tsleep("for ever", 0, "ever", 0);
    };
    const late = async () => {
      throw new Error("too late");
    };
    for (const [watch, sentence] of [
      [late, "a check of the test has returned a promise"],
      [{ always: late }, "a check of the test has returned a promise"],
      [{ atRest: late }, "a check of the test has returned a promise"],
      [late(), "setup has returned a promise; it must do its work at once"],
    ] as const) {
      const test: Setup = (machine) => {
        machine.createThread({ name: "sleeper", body });
        return typeof watch === "function" ? { atRest: () => true, end: watch } : watch;
      };
      await expect(run(test, {})).rejects.toThrow(sentence);
    }
    const none = async function* () {} as unknown as typeof body;
    const test: Setup = (machine) => void machine.createThread({ name: "a", body: none });
    await expect(run(test, {})).rejects.toThrow('the body of thread "a" is an async generator');
  });

  it("refuses a test without threads, of which any search would say that nothing fails", async () => {
    for (const judge of [undefined, () => {}, { end: () => {} }]) {
      await expect(run(() => judge, {})).rejects.toThrow("the test has no thread, so there is");
      await expect(run(() => judge, { replay: "ktm1:" })).rejects.toThrow("has no thread");
    }
  });

  it("finds what a body or a check at rest throws before anything runs", async () => {
    const sad = (): never => {
      throw new Error("no");
    };
    const early = await run((machine) => void machine.createThread({ name: "a", body: sad }), {});
    expect(early.failure).toMatchObject({ kind: "assertion", message: 'thread "a": no', steps: 0 });
    const rest = await run((machine) => {
      machine.createThread({
        name: "a",
        *body() {
          yield sys.tsleep("for ever", 0, "ever", 0);
        },
      });
      return { atRest: sad };
    }, {});
    expect(rest.failure).toMatchObject({ kind: "assertion", message: "no" });
  });

  it("ends with what it has found when its caller has had enough", async () => {
    const endless = right["three locks in one order"] as Setup;
    let asked = 0;
    const options = { schedules: 1e9, isInterrupted: () => ++asked === 2 };
    const { schedules, complete, failure } = await run(endless, options);
    expect(asked).toBe(2);
    expect(schedules).toBeGreaterThan(0);
    expect([complete, failure]).toEqual([false, null]);
    await expect(run(setup, { isInterrupted: 1 as never })).rejects.toThrow("isInterrupted is 1");
  });

  it("reports a panic, and continues the search", async () => {
    const panics: Setup = (machine, { choice }) => {
      machine.createThread({
        name: "unlocks",
        *body() {
          const { address } = yield* sys.mtx_create("m");
          if ((yield* choice(2)) === 1) yield* sys.mtx_unlock({ address });
        },
      });
    };
    const { schedules, failure } = await run(panics, { strategy: "exhaustive" });
    expect(schedules).toBe(2);
    expect(failure?.kind).toBe("panic");
    const expected: FailureKind = "panic";
    expect((await run(panics, { replay: failure?.tape ?? "" })).failure?.kind).toBe(expected);
  });
});

describe("a tape", () => {
  it("reads as it was written", () => {
    for (const choices of [
      [],
      [1],
      [0, 1],
      [0, 0, 0, 0, 0, 3],
      [12, 0, 1],
      [...Array(70).fill(0), 100],
    ]) {
      expect(decodeTape(encodeTape(choices))).toEqual(choices);
    }
    expect(encodeTape([0, 0, 0, 0, 0, 1, 11, 0])).toBe("ktm1:[5]1(11)");
    expect(encodeTape([0, 1], [0x2000], undefined, 5000)).toBe("ktm1:01@2000/5000");
    expect(stepsOfTape("ktm1:01@2000/5000")).toBe(5000);
    expect(stepsOfTape("ktm1:01")).toBeNull();
    expect(encodeTape([0, 1], [0x2000, 0x2010])).toBe("ktm1:01@2000,2010");
    expect(wordsOfTape("ktm1:01@2000,2010")).toEqual([0x2000, 0x2010]);
    expect(decodeTape("ktm1:01@2000,2010")).toEqual([0, 1]);
  });

  it("fails in the same way whatever limit of steps it was found with", async () => {
    const long: Setup = (machine, { shared }) => {
      const [word, seen] = [shared(0), shared(0)];
      for (const name of ["one", "two"]) {
        machine.createThread({
          name,
          *body() {
            for (let i = 0; i < 1_100; i++) yield* word.add(1);
            if ((yield* seen.add(1)) === 1) throw new Error(`${name} is late`);
          },
        });
      }
    };
    const endless: Setup = (machine) => {
      const body = program("runs").label("on").addi("a0", "a0", 1).call("curthread").jump("on");
      machine.createThread({ name: "runs", body: machine.load(body.build()) });
    };
    const never: Setup = (machine) => {
      const body = program("runs").label("on").addi("a0", "a0", 1).jump("on");
      machine.createThread({ name: "runs", body: machine.load(body.build()) });
    };
    const cases = [
      [long, 5_000, "assertion", "/2202"],
      [endless, 5_000, "livelock", "/5000"],
      [endless, 2_000, "livelock", ""],
      [endless, 70, "livelock", "/70"],
      [never, 5_000, "livelock", ""],
    ] as const;
    for (const [setup, steps, kind, end] of cases) {
      const found = exploreNow(setup, { steps, schedules: 20, build: buildUnderTest });
      expect(found.result.failure?.kind).toBe(kind);
      const tape = found.result.failure?.tape ?? "";
      expect(/(\/\d+)?$/.exec(tape)?.[0]).toBe(end);
      const again = exploreNow(setup, { replay: tape, build: buildUnderTest });
      expect(again.result.failure).toEqual(found.result.failure);
      expect(again.story?.hash).toBe(found.story?.hash);
    }
  });
});

describe("an event handler of a test", () => {
  it("that throws in a step fails that schedule, and no other", async () => {
    const setup: Setup = (machine, { shared }) => {
      const word = shared(0);
      machine.createThread({
        name: "writer",
        *body() {
          yield* word.set(1);
        },
      });
      machine.createThread({
        name: "parent",
        *body() {
          yield* sys.kthread_add(function* () {}, 0, 0, 0, 0, "child", 0);
        },
      });
      machine.onEvent("thread_ctor", () => {
        if (word.value === 1) throw new Error("the writer came first");
      });
    };
    const { failure, schedules } = await run(setup, { strategy: "exhaustive" });
    expect(failure).toMatchObject({ kind: "assertion", message: "the writer came first" });
    expect(schedules).toBeGreaterThan(0);
    const again = await run(setup, { replay: failure?.tape ?? "" });
    expect(again.failure?.message).toBe("the writer came first");
  });
});

describe("a body", () => {
  it("that leaves out a call's argument calls with 0, whatever the call before was given", async () => {
    const setup: Setup = (machine) => {
      machine.createThread({
        name: "terse",
        *body() {
          const create = sys.sema_create as (
            ...args: unknown[]
          ) => ReturnType<typeof sys.sema_create>;
          yield* create("first", 5);
          const { address } = yield* create();
          const value = yield* sys.sema_value({ address });
          if (value !== 0) throw new Error(`the value is ${value}`);
        },
      });
    };
    expect((await run(setup, { schedules: 1 })).failure).toBe(null);
  });

  it("that makes a call with wrong arguments is a failed assertion, with a tape", async () => {
    const setup: Setup = (machine, { shared }) => {
      const word = shared(0);
      machine.createThread({
        name: "careless",
        *body() {
          if ((yield* word.get()) === 1) yield sys.wakeup(0.5);
        },
      });
      machine.createThread({
        name: "other",
        *body() {
          yield* word.set(1);
        },
      });
    };
    const { failure } = await run(setup, { strategy: "exhaustive" });
    const message = 'thread "careless": wakeup: 0.5 is not a channel';
    expect(failure).toMatchObject({ kind: "assertion", message });
  });

  it.each([
    [[0, 4096], "assertion", / is not /],
    [{}, "assertion", / is not /],
    [{ address: "4" }, "assertion", / is not /],
    [null, "panic", /kernel call mtx_lock: 0x0 is not an/],
  ])(
    "that passes %j for a lock, as a test in JavaScript may, is told of as a failure: %s",
    async (wrong, kind, message) => {
      const setup: Setup = (machine) => {
        machine.createThread({
          name: "careless",
          *body() {
            yield* sys.mtx_lock(wrong as never);
          },
        });
      };
      const { failure } = await run(setup, { schedules: 2 });
      expect(failure?.kind).toBe(kind);
      expect(failure?.message).toMatch(message);
    },
  );
});
