// Scores, priorities and slices of 4bsd and ule beside plain rules; `npm run -s fuzz -- scores` does as many
// operations as one likes.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { type KernelSource, Machine, sys, type ThreadView } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { SchedScoreTest } from "../support/sched-score-test.js";

describe.each(["4bsd", "ule"] as const)("what %s remembers of threads", (scheduler) => {
  it.each([1, 2, 3, 4, 5, 6])("is what the rules say (seed %d)", (seed) => {
    const test = new SchedScoreTest(seed, scheduler);
    test.run(4_000);
    for (const count of Object.values({ ...test.seen, moves: 1 })) expect(count).toBeGreaterThan(0);
  });
});

/** The first seed that finds a fault, or null. */
function foundBy(plant: number): number | null {
  for (let seed = 1; seed <= SEEDS; seed++) {
    for (const scheduler of ["4bsd", "ule"] as const) {
      try {
        new SchedScoreTest(seed, scheduler, plant).run(4_000);
      } catch {
        return seed;
      }
    }
  }
  return null;
}

const SEEDS = 24;
/** Found below, by test/unit/sched-sysctl.test.ts, and by test/unit/sched-accounts.test.ts. */
const ELSEWHERE: ReadonlySet<number> = new Set([
  Plant.SCORE_NO_BALANCE,
  Plant.SCORE_IDLE_UNTOLD,
  Plant.SCORE_LOCK_SLEPT,
  Plant.SCORE_SX_AWAKE,
  Plant.SCORE_FORK_STALE,
]);
const plants = Object.entries(Plant).filter(
  ([name, plant]) => name.startsWith("SCORE_") && !ELSEWHERE.has(plant),
);

describe("a planted fault", () => {
  it.each(plants)("is found: %s", (_, plant) => {
    expect(foundBy(plant)).not.toBeNull();
  });
});

/** CPU time in the last of `seconds` of four endless threads that were bound to CPU 0 of two and then let go. */
function lastShares(build: KernelSource, plant: number, seconds: number): number[] {
  const config = { scheduler: "ule", cpus: 2, cyclesPerSecond: 1_000_000 } as const;
  const machine = new Machine(config, build);
  machine.kernel.setMachine("plant", plant);
  const threads = [0, 1, 2, 3].map((i) => {
    const process = machine.createProcess({
      name: `hog${i}`,
      *body() {
        yield* sys.sched_setscheduler_self(0, 0);
        while (true) yield* sys.compute(10_000n);
      },
    });
    return [...process.threads()][0] as ThreadView;
  });
  for (const { address } of threads) machine.call(sys.cpuset_setthread(address, 1n));
  machine.run({ for: 500_000 });
  for (const { address } of threads) machine.call(sys.cpuset_setthread(address, 3n));
  machine.run({ for: (seconds - 1) * 1_000_000 });
  const before = threads.map(({ runtime }) => runtime);
  machine.run({ for: 1_000_000 });
  return threads.map(({ runtime }, i) => (runtime - (before[i] as number)) / 1_000_000);
}

describe("ule's balancer", () => {
  it("makes loads of 3 and 1 loads of 2", () => {
    for (const share of lastShares(buildUnderTest, 0, 4)) expect(share).toBeCloseTo(0.5, 1);
  });

  it("is missed when it moves nothing", () => {
    expect(Math.min(...lastShares("check", Plant.SCORE_NO_BALANCE, 4))).toBeLessThan(0.4);
  });
});
