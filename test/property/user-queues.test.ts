// The user scheduler of lwkt beside a plain model; `npm run -s fuzz -- user-queues` does as many operations as
// one likes.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { UserQueueTest } from "../support/user-queue-test.js";

const SIZE = 300;

describe("user threads under lwkt", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("are on the queues that the model says (seed %d)", (seed) => {
    const test = new UserQueueTest(seed);
    test.run(SIZE);
    expect(test.operations).toBeGreaterThanOrEqual(SIZE);
  });

  it.each([Plant.USER_LOAD_STAYS, Plant.USER_SLOT_KEPT, Plant.USER_SHUT_OUT])(
    "without which a fault is found: %d",
    (plant) => {
      const found = [1, 2, 3, 4].some((seed) => {
        try {
          new UserQueueTest(seed, plant).run(SIZE);
          return false;
        } catch {
          return true;
        }
      });
      expect(found).toBe(true);
    },
  );
});
