// Searches of threads that guard what they share by tokens of lwkt-modern.

import { describe, expect, it } from "vitest";
import { type ExploreOptions, explore, type Setup, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

/** Two threads count to two; each takes the token, if it takes it, and sleeps in between, if it does. */
function counter({ takes, sleeps }: { takes: boolean; sleeps: boolean }): Setup {
  return (machine, { shared }) => {
    const count = shared(0, "count");
    const token = { address: machine.call(sys.lwkt_token_create(0))[1] >>> 0 };
    for (const name of ["one", "two"]) {
      machine.createThread({
        name,
        *body() {
          if (takes) yield* sys.lwkt_gettoken(token);
          const old = yield* count.get();
          if (sleeps) yield* sys.pause("counts", 1);
          yield* count.set(old + 1);
          if (takes) yield* sys.lwkt_reltoken(token);
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

  it("finds what goes wrong without a token", async () => {
    const { failure } = await run(counter({ takes: false, sleeps: false }));
    expect(failure?.message).toMatch(/count is 1/);
  });

  it("finds nothing where a token guards it, however it is reduced", async () => {
    const all = await run(counter({ takes: true, sleeps: false }));
    expect(all).toMatchObject({ complete: true, failure: null });
  });

  it("finds that a token is given up by who sleeps", async () => {
    const { failure } = await run(counter({ takes: true, sleeps: true }));
    expect(failure?.message).toMatch(/count is 1/);
  });
});
