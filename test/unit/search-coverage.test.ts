// What a search says of the schedules that it has seen, and of those that it has not.

import { describe, expect, it } from "vitest";
import { ConfigError, type ExploreOptions, type Setup } from "../../src/index.js";
import {
  exploreNow,
  exploreWith,
  pctChance,
  performTask,
  type TaskRunner,
  World,
  whileAsked,
} from "../../src/search/index.js";
import { buildUnderTest as build } from "../support/build.js";

/** Two threads that look at a word, so many times each. */
const lookers =
  (counts: readonly number[]): Setup =>
  (machine, { shared }) => {
    const word = shared(0);
    for (const [i, count] of counts.entries()) {
      machine.createThread({
        name: `looker ${i}`,
        *body() {
          for (let left = count; left > 0; left--) yield* word.get();
        },
      });
    }
  };

const seen = (counts: readonly number[], options: ExploreOptions) =>
  exploreNow(lookers(counts), { build, ...options });

describe("a search knows", () => {
  it("how many of its random schedules were different", () => {
    expect(seen([2, 2], { schedules: 500 }).coverage.different).toBe(6);
    expect(seen([3, 3], { schedules: 2_000 }).coverage.different).toBe(20);
    const few = seen([6, 6], { schedules: 600 }).coverage.different ?? 0;
    expect(few).toBeGreaterThan(300); // of 924
    expect(few).toBeLessThan(600);
  });

  it("how far an exhaustive search has come", () => {
    const strategy = "exhaustive";
    // Half of the schedules begin with the first thread.
    expect(seen([3, 3], { strategy, schedules: 10 }).coverage.share).toBe(0.5);
    expect(seen([3, 3], { strategy, schedules: 1 }).coverage.share).toBe(0.125);
    expect(seen([3, 3], { strategy }).coverage.share).toBeNull();
    let last = 0;
    for (const schedules of [1, 5, 30, 200, 900]) {
      const { share } = seen([6, 6], { strategy, schedules }).coverage;
      expect(share).toBeGreaterThan(last);
      last = share ?? 0;
    }
    expect(last).toBeLessThan(1);
  });

  it("whether a bound on preemptions has left anything out", () => {
    const strategy = "exhaustive";
    expect(seen([2, 2], { strategy, preemptions: 1 }).coverage.isCut).toBe(true);
    expect(seen([2, 2], { strategy, preemptions: 2 }).coverage.isCut).toBe(false);
    expect(seen([2, 2], { strategy }).coverage.isCut).toBe(false);
  });

  it("the guarantee of pct", () => {
    const { coverage } = seen([2, 2], { strategy: "pct", schedules: 100 });
    // A choice before each step but those that only one thread has left.
    expect(coverage).toMatchObject({ threads: 2, events: 0, decisions: 3 });
    expect(pctChance(coverage, 1)).toBeCloseTo(1 / 2);
    expect(pctChance(coverage, 3)).toBeCloseTo(1 / (2 * 9));
  });

  it("that events have priorities of their own beside threads", () => {
    const events = (choose: ExploreOptions["choose"], cpus: number) => {
      const options = { strategy: "pct", schedules: 50, choose, config: { cpus } } as const;
      return seen([2, 2], options).coverage.events;
    };
    expect(events(["timeouts"], 1)).toBe(1);
    expect(events(["delivery"], 1)).toBe(0);
    expect(events(["timeouts", "delivery"], 4)).toBe(5);
    expect(pctChance({ threads: 2, events: 5, decisions: 3 }, 2)).toBeCloseTo(1 / (7 * 3));
  });

  it("of how many decisions pct's guarantee speaks: those of the first schedules", () => {
    let schedule = 0;
    const setup: Setup = (machine, tools) => {
      schedule++;
      // Later ones are longer.
      lookers(schedule < 60 ? [2, 2] : [9, 9])(machine, tools);
    };
    const { coverage } = exploreNow(setup, { build, strategy: "pct", schedules: 100 });
    expect(coverage.decisions).toBe(3);
  });

  it("the chance of each order under pct: changes drop threads whichever comes first", () => {
    // The first thread is interrupted by the second, which is interrupted by the third: with priorities in this order,
    // and with the first change at the later step.
    const orders: Record<string, number> = {};
    const setup: Setup = (machine, { shared }) => {
      const word = shared(0);
      let order = "";
      for (const [name, steps] of Object.entries({ c: 2, b: 2, a: 1 })) {
        machine.createThread({
          name,
          *body() {
            for (let left = steps; left > 0; left--) {
              yield* word.add(1);
              order += name;
            }
          },
        });
      }
      return () => {
        orders[order] = (orders[order] ?? 0) + 1;
      };
    };
    const schedules = 12_000;
    const { coverage } = exploreNow(setup, {
      build,
      strategy: "pct",
      depth: 3,
      schedules,
      seed: 5,
    });
    const expected = schedules / (6 * coverage.decisions ** 2);
    expect(Math.abs((orders.cbabc ?? 0) - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  /** The search with its parts handed out to two. */
  const together = (setup: Setup, options: ExploreOptions) => {
    const runner = (): TaskRunner => {
      const world = new World(setup, {}, build);
      return async (task, words, turn) => {
        world.words = words;
        return performTask(world, options, task, whileAsked(turn));
      };
    };
    return exploreWith({ runners: [runner(), runner()], joins: false }, setup, options);
  };

  it("the same whichever worker performs its parts", async () => {
    for (const strategy of ["random", "pct"] as const) {
      const options = { build, strategy, schedules: 6_000 };
      const setup = lookers([6, 6]);
      const alone = exploreNow(setup, options).coverage;
      expect((await together(setup, options)).coverage).toEqual(alone);
    }
  });

  it("how far an exhaustive search has come, whichever worker performs its parts", async () => {
    const setup = lookers([6, 6]);
    for (const schedules of [1, 5, 300, 461, 462, 463, 800, 923, 924, 925]) {
      const options = { build, strategy: "exhaustive", schedules } as const;
      const { coverage, result } = exploreNow(setup, options);
      const found = await together(setup, options);
      expect(found.coverage).toEqual(coverage);
      const [one, two] = [result, found.result].map(({ schedules, complete }) => [
        schedules,
        complete,
      ]);
      expect(two).toEqual(one);
    }
  });

  it("the same failure, whichever worker performs its parts, and however few schedules are left", async () => {
    const setup: Setup = (machine, { shared }) => {
      const word = shared(0, "word");
      const order: string[] = [];
      for (const name of ["a", "b"]) {
        machine.createThread({
          name,
          *body() {
            for (let i = 0; i < 6; i++) {
              yield* word.add(1);
              order.push(name);
            }
          },
        });
      }
      return () => {
        if (order.join("") === "aabbaaabbbba") throw new Error("the order that fails");
      };
    };
    const strategy = "exhaustive";
    const first = exploreNow(setup, { build, strategy }).result.schedules;
    for (const more of [-1, 0, 1, 2, 5, 50]) {
      const options = { build, strategy, schedules: first + more } as const;
      const { per_second: _, ...alone } = exploreNow(setup, options).result;
      expect(alone.failure === null).toBe(more < 0);
      expect((await together(setup, options)).result).toMatchObject(alone);
    }
  });

  it("what a test does wrong, only if no part before it ends the search", async () => {
    const setup = lookers([3, 3]);
    const options = { build, schedules: 5_000 } as const;
    const world = new World(setup, {}, build);
    const search = (failing: number) => {
      const runner: TaskRunner = async (task, _words, turn) => {
        if (turn.at >= 2) throw new ConfigError(`wrong in part ${turn.at}`);
        await new Promise((resolve) => setTimeout(resolve, 20)); // the others have thrown by then
        const few = turn.at === failing ? { ...options, steps: 3 } : options; // a livelock
        return performTask(world, few, task, whileAsked(turn));
      };
      const runners = [runner, runner, runner, runner];
      return exploreWith({ runners, joins: false }, setup, options);
    };
    const { result } = await search(1);
    expect(result).toMatchObject({ schedules: 1_001, failure: { kind: "livelock" } });
    await expect(search(5)).rejects.toThrow("wrong in part 2");
  });

  it("nothing of parts after the one that ends a search", async () => {
    const setup = lookers([8, 8]);
    const options = { build, strategy: "exhaustive", schedules: 2_000 } as const;
    const performed: number[] = [];
    const world = new World(setup, {}, build);
    const runner: TaskRunner = async (task, _words, turn) => {
      const result = performTask(world, options, task, whileAsked(turn));
      performed.push(result.schedules);
      return result;
    };
    await exploreWith({ runners: [runner, runner, runner], joins: false }, setup, options);
    expect(performed.reduce((sum, count) => sum + count)).toBeLessThan(6_000); // of 12,870
  });
});
