// The callout wheel against the simplest model: the earliest timeout wakes first and, of equal ones, the thread that
// went to sleep first; at the exact tick, across all of the wheel's blocks.

import { describe, expect, it } from "vitest";
import { Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { fbsdFaults } from "../support/fbsd-invariants.js";
import { Random } from "../support/random.js";

/** Timeouts of all magnitudes: within a block of 4096 ticks, of 2^24, and beyond. */
function timeout(random: Random): number {
  const bits = random.pick([1, 3, 6, 11, 12, 13, 14, 18, 23, 24, 25, 27]);
  const magnitude = random.once(3) ? 4096 * random.below(8) : 0;
  return 1 + magnitude + random.below(2 ** bits);
}

interface Sleep {
  readonly deadline: number;
  readonly order: number;
}

/** Threads that sleep for random times, and now and then wake another before its time. */
function storm(seed: number, cpus: number, ticks: number): void {
  const machine = new Machine(
    { scheduler: "4bsd", maxthread: 1_000, time: "idle", cpus, hz: 1_000_000, ticks, seed },
    buildUnderTest,
  );
  const random = new Random(seed);
  const last: Sleep[] = Array.from({ length: cpus }, () => ({ deadline: -1, order: -1 }));
  let order = 0;
  let timeouts = 0;
  const now = () => Number(machine.kernel.machine64("ticks64"));
  const fail = (what: string) => {
    throw new Error(`seed ${seed}: ${what}`);
  };
  for (let i = 0; i < 60; i++) {
    machine.createThread({
      name: `t${i}`,
      cpu: i % cpus,
      *body() {
        for (let round = 0; round < 25; round++) {
          const timo = timeout(random);
          const sleep = { deadline: now() + timo, order: order++ };
          const error = yield* sys.tsleep(`c${i}`, 84, "storm", timo);
          if (error === 0) {
            if (now() >= sleep.deadline) fail(`woken at ${now()}, after ${sleep.deadline}`);
          } else {
            if (now() !== sleep.deadline) fail(`timed out at ${now()}, not ${sleep.deadline}`);
            const before = last[i % cpus] as Sleep;
            if (before.deadline === sleep.deadline && before.order > sleep.order) {
              fail(`tick ${sleep.deadline}: ${sleep.order} after ${before.order}`);
            }
            last[i % cpus] = sleep;
            timeouts++;
          }
          if (random.once(3)) yield sys.wakeup(`c${random.below(60)}`);
        }
        yield sys.kthread_exit();
      },
    });
  }
  expect(machine.run().reason).toBe("idle");
  expect(machine.counters.threads - 2).toBeLessThanOrEqual(60);
  expect(timeouts).toBeGreaterThan(500);
  expect(fbsdFaults(machine.kernel)).toEqual([]);
}

describe("the callout wheel", () => {
  it.each([0, 1, 4_000, 2 ** 24 - 200, 2 ** 31 - 3_000, -5_000])(
    "fires at the tick and in the order of arming, starting at tick %d",
    (ticks) => {
      for (let seed = 1; seed <= 6; seed++) storm(seed, 1, ticks);
    },
  );

  it.each([2, 5])("does so for each of %d CPUs", (cpus) => {
    for (let seed = 1; seed <= 5; seed++) storm(seed, cpus, 1000);
  });
});
