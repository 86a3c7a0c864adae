// LWKT on several CPUs under storms of random calls: invariants after every round, and one run for one
// seed. A failure names its seed.

import { describe, expect, it } from "vitest";
import type { Budget } from "../support/lwkt-machine.js";
import { Storm, type StormOptions } from "../support/lwkt-storm.js";
import { Random } from "../support/random.js";

/** Threads and operations of each by CPUs: about the same work for each size. */
const sizes = [
  { cpus: 1, threads: 12, steps: 300, seeds: 10 },
  { cpus: 2, threads: 16, steps: 250, seeds: 10 },
  { cpus: 4, threads: 24, steps: 200, seeds: 6 },
  { cpus: 16, threads: 64, steps: 80, seeds: 3 },
  { cpus: 64, threads: 160, steps: 40, seeds: 1 },
];

/** Runs a storm to its end; whatever fails names the seed. */
function weather(options: StormOptions, cut?: (storm: Storm) => Budget): [Storm, bigint] {
  try {
    const storm = new Storm(options);
    return [storm, storm.run(cut === undefined ? undefined : () => cut(storm))];
  } catch (error) {
    const { cpus, seed } = options;
    throw new Error(`${cpus} CPUs, seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}

describe("a storm of schedules, blocks, signals, tokens, migrations and priorities", () => {
  for (const { cpus, threads, steps, seeds } of sizes) {
    it(`keeps every invariant and ends on ${cpus} CPUs`, () => {
      for (let seed = 1; seed <= seeds; seed++) {
        const [storm] = weather({ seed, cpus, threads, steps, lines: 0 });
        expect(storm.actors.filter(({ done }) => done)).toHaveLength(threads);
      }
    });
  }
});

describe("a storm of interrupts", () => {
  for (const { cpus, threads, steps, seeds } of sizes.slice(0, 4)) {
    it(`serves each one and resumes the preempted threads, on ${cpus} CPUs`, () => {
      for (let seed = 101; seed < 101 + seeds; seed++) {
        const random = new Random(seed);
        const options = { seed, cpus, threads, steps, lines: 8 };
        const [storm] = weather(options, (running) => {
          for (let i = random.below(4); i > 0; i--) running.raise();
          return { rounds: 1 };
        });
        expect(storm.raised.reduce((sum, count) => sum + count)).toBeGreaterThan(50);
      }
    });
  }
});

describe("a run", () => {
  const options = { seed: 7, cpus: 4, threads: 24, steps: 100, lines: 4 };

  it("is the same for the same seed", () => {
    expect(weather(options)[1]).toBe(weather(options)[1]);
  });

  it("is another one for another seed", () => {
    expect(weather({ ...options, seed: 8 })[1]).not.toBe(weather(options)[1]);
  });

  it("is the same however it is cut", () => {
    const [, whole] = weather(options, () => ({}));
    for (let seed = 1; seed <= 5; seed++) {
      const random = new Random(seed);
      const [, cut] = weather(options, (storm) =>
        random.once(2)
          ? { switches: 1 + random.below(20) }
          : random.once(2)
            ? { rounds: 1 + random.below(5) }
            : { until: storm.machine.kernel.machine64("now") + BigInt(1 + random.below(5000)) },
      );
      expect(cut).toBe(whole);
    }
  });
});
