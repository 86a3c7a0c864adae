// What a search chooses besides the next thread, and what counts as a failure besides: races, judges of each step.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import {
  type ExploreOptions,
  type ExploreResult,
  explore,
  type Handle,
  type Machine,
  type SearchTools,
  type Setup,
  type SharedWord,
  sys,
} from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { encodeTape, modeOfTape } from "../../src/search/tape.js";
import { buildUnderTest } from "../support/build.js";
import { type Part, threads } from "../support/search-threads.js";

const run = (setup: Setup, options: ExploreOptions): Promise<ExploreResult> =>
  explore(setup, { build: buildUnderTest, ...options });

const made = (machine: Machine, call: Parameters<Machine["call"]>[0]): Handle => ({
  address: (machine.call(call)[1] ?? 0) >>> 0,
});

const { Plant } = Layout;

/** Fails under `options`, again from its tape without them, and not without them. */
async function failsOnlyWith(setup: Setup, options: ExploreOptions, message: RegExp) {
  for (const strategy of ["random", "pct", "exhaustive"] as const) {
    const { failure } = await run(setup, { ...options, strategy });
    expect(failure?.message).toMatch(message);
    const again = exploreNow(setup, { replay: failure?.tape ?? "", build: buildUnderTest });
    expect(again.result.failure).toMatchObject({ kind: failure?.kind, message: failure?.message });
    expect(again.story?.steps.length).toBeGreaterThan(0);
  }
  const without = await run(setup, { strategy: "exhaustive", schedules: 20_000 });
  expect(without.failure).toBeNull();
}

describe("a search chooses", () => {
  it("whether a timeout fires while threads can run", async () => {
    // The sleeper takes the timeout for a sign that nobody came.
    const setup: Setup = (machine, { shared }) => {
      const came = shared(0, "came");
      machine.createThread({
        name: "sleeper",
        *body() {
          if ((yield* came.get()) === 1) return;
          const error = yield* sys.tsleep("door", 0, "door", 5);
          if (error !== 0 && (yield* came.get()) === 0) throw new Error("nobody came");
        },
      });
      machine.createThread({
        name: "visitor",
        *body() {
          yield* sys.sched_relinquish();
          yield* came.set(1);
          yield* sys.wakeup("door");
        },
      });
    };
    await failsOnlyWith(setup, { choose: ["timeouts"] }, /nobody came/);
  });

  it("when a CPU gets its messages", async () => {
    // A thread that wakes one of another CPU continues before that CPU knows.
    const setup: Setup = (machine, { shared }) => {
      const sent = shared(0, "sent");
      machine.createThread({
        name: "sleeper",
        cpu: 1,
        *body() {
          yield* sys.tsleep("door", 0, "door", 5);
        },
      });
      machine.createThread({
        name: "waker",
        cpu: 0,
        *body() {
          yield* sent.set(machine.cpus[0]?.messagesSent ?? 0);
          yield* sys.wakeup("door");
          yield* sent.set(-1);
        },
      });
      const before = machine.cpus[1]?.messagesReceived ?? 0;
      return {
        always: () => {
          const { messagesSent = 0 } = machine.cpus[0] ?? {};
          const { messagesReceived = 0 } = machine.cpus[1] ?? {};
          if (sent.value !== -1 || messagesSent === 0) return;
          if (messagesReceived === before) throw new Error("it does not know yet");
        },
      };
    };
    const config = { cpus: 2 };
    for (const strategy of ["random", "pct", "exhaustive"] as const) {
      const { failure } = await run(setup, { strategy, config, choose: ["delivery"] });
      expect(failure?.message).toBe("it does not know yet");
      const again = await run(setup, { replay: failure?.tape ?? "", config });
      expect(again.failure?.message).toBe("it does not know yet");
    }
    const without = await run(setup, { strategy: "exhaustive", config });
    expect(without).toMatchObject({ complete: true, failure: null });
  });

  it("whether a call fails for lack of memory or threads", async () => {
    const setup: Setup = (machine) => {
      machine.createThread({
        name: "maker",
        *body() {
          const mutex = yield* sys.mtx_create("m");
          if (mutex.error !== 0) throw new Error(`no mutex: ${mutex.error}`);
          const none = yield* sys.mtx_create("n");
          if (none.error !== 0) throw new Error(`no mutex: ${none.error}`);
        },
      });
    };
    await failsOnlyWith(setup, { choose: ["failures"] }, /no mutex: 12/);
    const forks: Setup = (machine) => {
      machine.createThread({
        name: "maker",
        *body() {
          const { error } = yield* sys.kproc_create(function* () {}, 0, 0, 0, "p", 0);
          if (error === 35) throw new Error("EAGAIN");
        },
      });
    };
    await failsOnlyWith(forks, { choose: ["failures"] }, /EAGAIN/);
  });

  it("whether locks of every kind can be made", async () => {
    const makers = [
      sys.mtx_init("m", 0),
      sys.rw_init("r", 0),
      sys.sx_init("x", 0),
      sys.rm_init("rm", 0),
      sys.lockinit(0, "lk", 0, 0),
    ];
    for (const make of makers) {
      const setup: Setup = (machine) => {
        machine.createThread({
          name: "maker",
          *body() {
            const { error } = yield* make;
            if (error !== 0) throw new Error(`no lock: ${error}`);
          },
        });
      };
      await failsOnlyWith(setup, { choose: ["failures"] }, /no lock: 12/);
    }
  });

  describe("whether a call fails that makes", () => {
    const none = function* () {};
    const { ENOMEM } = Layout;
    /** A call that creates something, and what it gives where there is no room for it. */
    type Maker = readonly [make: () => Generator, fails: unknown];
    const error = (call: () => Generator): Maker => [
      function* () {
        return ((yield* call()) as { error: number }).error;
      },
      ENOMEM,
    ];
    const calls = (call: () => unknown) => call as () => Generator;
    const handle = (given: unknown) => (given as Handle | null)?.address ?? given;
    const makers: Readonly<Record<string, Maker>> = {
      "a thread of LWKT": error(calls(() => sys.lwkt_create(none, 0, 0, 0, "l", 0))),
      "a kernel thread of LWKT": error(calls(() => sys.lwkt_kthread_create(none, 0, "l", 0))),
      "a token of the pool": error(calls(() => sys.lwkt_token_pool_lookup(64))),
      "a token of the pool and takes it": error(calls(() => sys.lwkt_getpooltoken(64))),
      "a thread structure": [
        function* () {
          return handle(yield* sys.thread_alloc(1));
        },
        0,
      ],
      "a stack of another size": [
        function* () {
          const td = yield* sys.thread_alloc(1);
          if (handle(td) === 0) return 0;
          return yield* sys.thread_recycle(td, 3);
        },
        ENOMEM,
      ],
      "a credential": [
        function* () {
          const failed = yield* sys.td_setucred(7);
          if (failed === 0) yield* sys.td_restoreucred();
          return failed;
        },
        ENOMEM,
      ],
      "the credential of a process": [
        function* () {
          return yield* sys.proc_setcred(yield* sys.pfind(0), 7);
        },
        ENOMEM,
      ],
      "the limits of a process": [
        function* () {
          return yield* sys.proc_setlimit(yield* sys.pfind(0), 7);
        },
        ENOMEM,
      ],
      "a handler": [calls(() => sys.eventhandler_register(0, 0, 7, 10)), 0],
    };
    for (const [name, [make, fails]] of Object.entries(makers)) {
      it(name, async () => {
        const setup: Setup = (machine) => {
          machine.createThread({
            name: "maker",
            *body() {
              const given = yield* make() as Generator<never>;
              if (given === fails) throw new Error("no room");
            },
          });
          return { atRest: () => true };
        };
        await failsOnlyWith(setup, { choose: ["failures"] }, /no room/);
      });
    }

    it("what is there already: such a call does not fail", async () => {
      const setup: Setup = (machine) => {
        machine.createThread({
          name: "maker",
          *body() {
            if ((yield* sys.lwkt_getpooltoken(64)).error !== 0) return;
            yield* sys.lwkt_relpooltoken(64);
            yield* sys.lwkt_getpooltoken(64);
            yield* sys.lwkt_relpooltoken(64);
          },
        });
      };
      const all = await run(setup, { choose: ["failures"], strategy: "exhaustive" });
      expect(all).toMatchObject({ schedules: 2, complete: true, failure: null });
    });

    it("a thread of LWKT, and leaves the structures that are kept as they were", async () => {
      let made = 0;
      const setup: Setup = (machine) => {
        machine.createThread({
          name: "maker",
          *body() {
            for (let i = 0; i < 3; i++) {
              const { error } = yield* sys.lwkt_create(none, 0, 0, 0, "l", 0);
              if (error === 0) made++;
              yield* sys.pause("child", 1); // it ends, and its CPU keeps its structure
            }
          },
        });
        made = 0;
        return () => {
          const named = [...machine.threads()].filter((thread) => thread.name === "l");
          if (named.some(({ state }) => state !== "exited")) throw new Error("a thread is left");
        };
      };
      const seen = new Set<number>();
      const counted: Setup = (machine, tools) => {
        const judge = setup(machine, tools) as () => void;
        return () => {
          judge();
          seen.add(made);
        };
      };
      const all = await run(counted, { choose: ["failures"], strategy: "exhaustive" });
      expect(all).toMatchObject({ complete: true, failure: null });
      expect([...seen].sort()).toEqual([0, 1, 2, 3]);
    });
  });

  it("what random() gives", async () => {
    const setup: Setup = (machine) => {
      machine.createThread({
        name: "gambler",
        *body() {
          if ((yield* sys.random()) >>> 0 === 3) throw new Error("a three");
        },
      });
    };
    await failsOnlyWith(setup, { choose: ["random"] }, /a three/);
    const all = await run(
      (machine) => {
        machine.createThread({
          name: "twice",
          *body() {
            yield* sys.random();
            yield* sys.random();
          },
        });
      },
      { choose: ["random"], strategy: "exhaustive" },
    );
    expect(all).toMatchObject({ schedules: 81, complete: true });
  });

  it("no unknown kind of choice", async () => {
    const choose = ["weather"] as never;
    await expect(run(() => {}, { choose })).rejects.toThrow('choose has "weather"');
  });
});

describe("a search for races", () => {
  type Body = (word: SharedWord, lock: Handle) => never;
  const two =
    (one: Body, other: Body): Setup =>
    (machine: Machine, { shared }: SearchTools) => {
      const word = shared(0, "word");
      const lock = made(machine, sys.mtx_create("lock"));
      for (const [name, body] of Object.entries({ one, other })) {
        machine.createThread({ name, body: () => body(word, lock) });
      }
    };
  const body = (make: (word: SharedWord, lock: Handle) => Generator) => make as unknown as Body;
  const reads = body(function* (word) {
    yield* word.get();
  });
  const writes = body(function* (word) {
    yield* word.set(1);
  });
  const locked = (inner: Body) =>
    body(function* (word, lock) {
      yield* sys.mtx_lock(lock);
      yield* inner(word, lock) as Generator;
      yield* sys.mtx_unlock(lock);
    });
  const adds = body(function* (word) {
    yield* word.add(1);
  });

  it.each([
    ["a look beside a store", reads, writes],
    ["two stores", writes, writes],
    ["a store under a lock and one under none", locked(writes), writes],
  ])("finds %s", async (_name, one, other) => {
    await failsOnlyWith(
      two(one, other),
      { races: true },
      /^(one|other) (reads|writes) word in step/,
    );
    const { failure } = await run(two(one, other), { races: true });
    expect(failure?.kind).toBe("race");
  });

  it.each([
    ["two looks", reads, reads],
    ["two stores under one lock", locked(writes), locked(writes)],
    ["atomic additions", adds, adds],
  ])("finds none in %s", async (_name, one, other) => {
    const result = await run(two(one, other), { races: true, strategy: "exhaustive" });
    expect(result).toMatchObject({ complete: true, failure: null });
  });

  it("knows the order that wakeups, semaphores, atomic flags and the creation of threads establish", async () => {
    const setups: Setup[] = [
      two(
        body(function* (word) {
          yield* word.set(1);
          yield* sys.wakeup("done");
        }),
        body(function* (word) {
          const error = yield* sys.tsleep("done", 0, "done", 3);
          if (error === 0) yield* word.get();
        }),
      ),
      (machine, { shared }) => {
        const word = shared(0, "word");
        const sema = made(machine, sys.sema_create("full", 0));
        const flag = shared(0, "flag");
        machine.createThread({
          name: "producer",
          *body() {
            yield* word.set(1);
            yield* sys.sema_post(sema);
            yield* word.get();
            yield* flag.store(1);
          },
        });
        machine.createThread({
          name: "consumer",
          *body() {
            yield* sys.sema_wait(sema);
            yield* word.get();
            if ((yield* flag.load()) === 1) yield* word.set(2);
          },
        });
      },
      (machine, { shared }) => {
        const word = shared(0, "word");
        machine.createThread({
          name: "mother",
          *body() {
            yield* word.set(1);
            yield* sys.kthread_add(
              function* () {
                yield* word.set(2);
              },
              0,
              undefined as never,
              0,
              0,
              "child",
              0,
            );
          },
        });
      },
    ];
    for (const setup of setups) {
      const result = await run(setup, { races: true, strategy: "exhaustive" });
      expect(result).toMatchObject({ complete: true, failure: null });
    }
  });

  it("knows what a lock of any kind orders although it went to others meanwhile", async () => {
    const [EXCLUSIVE, SHARED, RELEASE] = [0x80000, 0x200000, 0x100000];
    type Lock = (lock: Handle) => ReturnType<typeof sys.sema_wait>;
    const locks: Record<string, [ReturnType<typeof sys.rw_init>, Lock, Lock, Lock, Lock]> = {
      sema: [sys.sema_create("s", 1), sys.sema_wait, sys.sema_post, sys.sema_wait, sys.sema_post],
      rwlock: [sys.rw_init("r", 0), sys.rw_wlock, sys.rw_wunlock, sys.rw_rlock, sys.rw_runlock],
      sx: [sys.sx_init("s", 0), sys.sx_xlock, sys.sx_xunlock, sys.sx_slock, sys.sx_sunlock],
      rmlock: [sys.rm_init("r", 0), sys.rm_wlock, sys.rm_wunlock, sys.rm_rlock, sys.rm_runlock],
      lockmgr: [
        sys.lockinit(0, "l", 0, 0),
        (lock) => sys.lockmgr(lock, EXCLUSIVE, 0) as never,
        (lock) => sys.lockmgr(lock, RELEASE, 0) as never,
        (lock) => sys.lockmgr(lock, SHARED, 0) as never,
        (lock) => sys.lockmgr(lock, RELEASE, 0) as never,
      ],
    };
    for (const [create, takes, leaves, shares, leavesShared] of Object.values(locks)) {
      const setup =
        (looksBehind: boolean): Setup =>
        (machine, { shared }) => {
          const lock = made(machine, create);
          const word = shared(0, "word");
          for (const name of ["one", "two"]) {
            machine.createThread({
              name,
              *body() {
                yield* takes(lock);
                yield* word.set((yield* word.get()) + 1);
                yield* leaves(lock);
                if (looksBehind && name === "two") yield* word.get();
              },
            });
          }
          machine.createThread({
            name: "reader",
            *body() {
              yield* shares(lock);
              yield* word.get();
              yield* leavesShared(lock);
            },
          });
        };
      const options = { races: true, strategy: "exhaustive" } as const;
      expect(await run(setup(false), options)).toMatchObject({ complete: true, failure: null });
      expect((await run(setup(true), options)).failure?.kind).toBe("race");
    }
  });

  it("knows that what a process did comes before a wait for it, though that ended at once", async () => {
    const setup =
      (waits: boolean): Setup =>
      (machine, { shared }) => {
        const word = shared(0, "word");
        const child = function* () {
          yield* word.set(1);
          yield* sys.exit(0);
        };
        const parent = function* () {
          const its = yield* sys.fork(child, 0, 0, 0, -1);
          if (waits) yield* sys.wait(its);
          yield* word.get();
          yield* sys.exit(0);
        };
        machine.createThread({
          name: "init",
          *body() {
            yield* sys.fork(parent, 0, 0, 0, -1);
          },
        });
        return { atRest: () => true };
      };
    const options = { races: true, strategy: "exhaustive" } as const;
    expect(await run(setup(true), options)).toMatchObject({ complete: true, failure: null });
    expect((await run(setup(false), options)).failure?.kind).toBe("race");
  });

  it("knows that the critical sections of one CPU come one after the other", async () => {
    type Step = () => ReturnType<typeof sys.compute>;
    const none: Step = () => sys.compute(0) as never;
    const enter: Step = () => sys.crit_enter() as never;
    const exit: Step = () => sys.crit_exit() as never;
    /** Each thread enters, changes the word twice, with a step in between, and leaves. */
    const setup =
      (cpu: number, entries: readonly Step[], between: Step, plant = 0): Setup =>
      (machine, { shared }) => {
        machine.kernel.setMachine("plant", plant);
        const word = shared(0, "word");
        for (const [i, enters] of entries.entries()) {
          machine.createThread({
            name: `t${i}`,
            cpu: i === 0 ? 0 : cpu,
            *body() {
              yield* enters();
              yield* word.set((yield* word.get()) + 1);
              yield* between();
              yield* word.set((yield* word.get()) + 1);
              if (enters === enter) yield* exit();
            },
          });
        }
      };
    const sleeps: Step = () => sys.tsleep("nothing", 0, "sleeps", 2) as never;
    const kind = async (test: Setup, options: ExploreOptions = {}) => {
      const { failure } = await run(test, { races: true, strategy: "exhaustive", ...options });
      return failure?.kind ?? null;
    };
    for (const scheduler of ["lwkt", "lwkt-modern"] as const) {
      for (const between of [none, sleeps]) {
        const both = setup(0, [enter, enter], between);
        const config = { scheduler };
        expect(await kind(both, { config })).toBeNull();
        expect(await kind(setup(0, [enter, none], between), { config })).toBe("race");
      }
    }
    const apart = { config: { cpus: 2 } };
    expect(await kind(setup(1, [enter, enter], none), apart)).toBe("race");
    const planted = setup(0, [enter, enter], none, Plant.RACE_NO_CRITICAL);
    expect(await kind(planted, { build: "check" })).toBe("race");
  });

  it("knows the loads, stores and atomics of machine code", async () => {
    const FENCE = 0x0ff0_000f;
    const [RELEASE, ACQUIRE] = [0x0310_000f, 0x0230_000f]; // fence rw,w and fence r,rw
    const AMOADD = 0x2f | (2 << 12) | (9 << 15) | (10 << 20); // amoadd.w x0, a0, (s1)
    const failure = async (...parts: Part[]) =>
      (await run(threads(parts), { races: true, strategy: "exhaustive" })).failure?.message ?? null;
    const store: Part = (b) => b.sw("a0", "s1", 0);
    const load: Part = (b) => b.lw("a0", "s1", 0);
    expect(await failure(store, load)).toMatch(/^t\d (reads|writes) .* nothing orders the two$/);
    expect(await failure(load, load)).toBeNull();
    const add: Part = (b) => b.raw(AMOADD);
    expect(await failure(add, add)).toBeNull();
    // Different bytes of a word.
    expect(
      await failure(
        (b) => b.sb("a0", "s1", 0),
        (b) => b.sb("a0", "s1", 1),
      ),
    ).toBeNull();
    // A word that is handed over by a flag, with C's fences and without.
    const gives: Part = (b) => b.sw("a0", "s1", 0).raw(FENCE).sw("s1", "s1", 4);
    const takes: Part = (b) =>
      b.lw("a1", "s1", 4).raw(FENCE).beqz("a1", "none").lw("a0", "s1", 0).label("none");
    expect(await failure(gives, takes)).toBeNull();
    // A compiler may make the address, or another value, between the fence and the access.
    const givesLater: Part = (b) =>
      b.sw("a0", "s1", 0).raw(RELEASE).mv("s2", "s1").addi("s2", "s2", 4).sw("s1", "s2", 0);
    const takesLater: Part = (b) =>
      b
        .lw("a1", "s1", 4)
        .addi("a2", "s1", 0)
        .raw(ACQUIRE)
        .beqz("a1", "none")
        .lw("a0", "a2", 0)
        .label("none");
    expect(await failure(givesLater, takesLater)).toBeNull();
    // Each the wrong fence, which has nothing wait that matters.
    const givesWrongly: Part = (b) => b.sw("a0", "s1", 0).raw(ACQUIRE).sw("s1", "s1", 4);
    const takesWrongly: Part = (b) =>
      b.lw("a1", "s1", 4).raw(RELEASE).beqz("a1", "none").lw("a0", "s1", 0).label("none");
    expect(await failure(givesWrongly, takesLater)).not.toBeNull();
    expect(await failure(givesLater, takesWrongly)).not.toBeNull();
    const carelessly: Part = (b) =>
      b.lw("a1", "s1", 4).beqz("a1", "none").lw("a0", "s1", 0).label("none");
    expect(await failure(gives, carelessly)).not.toBeNull();
  });
});

describe("a judge of each step", () => {
  const setup: Setup = (machine, { shared }) => {
    const inside = shared(0, "inside");
    for (const name of ["one", "two"]) {
      machine.createThread({
        name,
        *body() {
          yield* inside.add(1);
          yield* inside.add(-1);
        },
      });
    }
    return {
      always: () => {
        if (inside.value > 1) throw new Error("two are inside");
      },
    };
  };

  it("sees a state that is right again at the end", async () => {
    for (const strategy of ["random", "pct", "exhaustive"] as const) {
      const { failure } = await run(setup, { strategy });
      expect(failure).toMatchObject({ kind: "assertion", message: "two are inside", steps: 2 });
      const again = await run(setup, { replay: failure?.tape ?? "" });
      expect(again.failure).toMatchObject({ message: "two are inside", steps: 2 });
    }
  });

  it("is refused where steps are left out", async () => {
    const options = { strategy: "exhaustive", reduce: true } as const;
    await expect(run(setup, options)).rejects.toThrow("cannot be searched with reduction");
    await expect(run(() => ({ always: 3 }), {})).rejects.toThrow("whose always is no function");
  });
});

it("a tape knows what was chosen and looked for", () => {
  const mode = { choose: ["timeouts", "failures"], races: true } as const;
  const tape = encodeTape([0, 2], [16], mode);
  expect(tape).toBe("ktm1:tfx02@10");
  expect(modeOfTape(tape)).toEqual(mode);
  expect(modeOfTape("ktm1:01")).toEqual({ choose: [], races: false });
});
