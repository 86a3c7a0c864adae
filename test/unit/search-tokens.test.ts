// Searches of threads that guard what they share by tokens of lwkt-modern.

import { describe, expect, it } from "vitest";
import { type ExploreOptions, explore, type Setup, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

/**
 * Two threads count to two; each takes the token, if it takes it: one of its own, or one of the pool for an
 * address; or tries for it until it has it. It sleeps in between, if it does.
 */
function counter({ takes, sleeps }: { takes: boolean | "pool" | "tries"; sleeps: boolean }): Setup {
  return (machine, { shared }) => {
    const count = shared(0, "count");
    const token = { address: machine.call(sys.lwkt_token_create(0))[1] >>> 0 };
    for (const name of ["one", "two"]) {
      machine.createThread({
        name,
        *body() {
          if (takes === "tries") {
            while (!(yield* sys.lwkt_trytoken(token))) yield* sys.lwkt_yield();
          } else if (takes === "pool") yield* sys.lwkt_getpooltoken(4096);
          else if (takes) yield* sys.lwkt_gettoken(token);
          const old = yield* count.get();
          if (sleeps) yield* sys.pause("counts", 1);
          yield* count.set(old + 1);
          if (takes === "pool") yield* sys.lwkt_relpooltoken(4096);
          else if (takes) yield* sys.lwkt_reltoken(token);
        },
      });
    }
    return () => {
      if (count.value !== 2) throw new Error(`count is ${count.value}`);
    };
  };
}

describe.each([1, 2])("a search under lwkt-modern on %i CPUs", (cpus) => {
  const run = (setup: Setup, options: ExploreOptions = {}) =>
    explore(setup, {
      build: buildUnderTest,
      strategy: "exhaustive",
      config: { cpus, scheduler: "lwkt-modern" },
      ...options,
    });

  it("finds the fault of a test without a token", async () => {
    const { failure } = await run(counter({ takes: false, sleeps: false }));
    expect(failure?.message).toMatch(/count is 1/);
  });

  it.each([true, "pool"] as const)(
    "finds nothing where a token guards it (%s), however it is reduced, and no race",
    async (takes) => {
      for (const races of [false, true]) {
        const all = await run(counter({ takes, sleeps: false }), { races });
        expect(all).toMatchObject({ complete: true, failure: null });
      }
    },
  );

  it("finds nothing where threads try for the token until they have it", async () => {
    const some = await run(counter({ takes: "tries", sleeps: false }), {
      strategy: "random",
      schedules: 300,
      races: true,
    });
    expect(some.failure).toBe(null);
  });

  it("orders what is done under a token, even by a thread that sleeps in between, and nothing else", async () => {
    const guards =
      (takes: boolean): Setup =>
      (machine, { shared }) => {
        const count = shared(0, "count");
        const token = { address: machine.call(sys.lwkt_token_create(0))[1] >>> 0 };
        for (const name of ["one", "two"]) {
          machine.createThread({
            name,
            *body() {
              if (takes) yield* sys.lwkt_gettoken(token);
              yield* count.set((yield* count.get()) + 1);
              yield* sys.pause("counts", 1);
              yield* count.set((yield* count.get()) + 1);
              if (takes) yield* sys.lwkt_reltoken(token);
            },
          });
        }
        return () => {};
      };
    const options = { races: true } as const;
    expect(await run(guards(true), options)).toMatchObject({ complete: true, failure: null });
    expect((await run(guards(false), options)).failure?.kind).toBe("race");
  });

  it("tries readers both before and after a writer of the token, on whatever CPUs they are", async () => {
    const setup: Setup = (machine, { shared }) => {
      const count = shared(0, "count");
      const token = { address: machine.call(sys.lwkt_token_create(0))[1] >>> 0 };
      const body = (shares: boolean) =>
        function* () {
          yield* shares ? sys.lwkt_gettoken_shared(token) : sys.lwkt_gettoken(token);
          const old = yield* count.get();
          if (!shares) yield* count.set(old + 1);
          else if ((yield* count.get()) !== old) throw new Error("it changes");
          yield* sys.lwkt_reltoken(token);
        };
      machine.createThread({ name: "one", body: body(false), cpu: 0 });
      machine.createThread({ name: "two", body: body(false), cpu: cpus - 1 });
      machine.createThread({ name: "reader", body: body(true), cpu: 0 });
      return () => {
        if (count.value !== 2) throw new Error(`count is ${count.value}`);
      };
    };
    for (const races of [false, true]) {
      expect(await run(setup, { races })).toMatchObject({ complete: true, failure: null });
    }
  });

  it("finds that a sleeping thread gives up its token", async () => {
    const { failure } = await run(counter({ takes: true, sleeps: true }));
    expect(failure?.message).toMatch(/count is 1/);
  });
});
