// Deadlines under every scheduler beside plain rules: order, budgets, their renewal, and admission.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { DeadlineTest } from "../support/deadline-test.js";
import { SCHEDULERS } from "../support/schedulers.js";

const ROUNDS = 1_500;

describe.each(SCHEDULERS)("deadlines under %s", (scheduler) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "are kept, and no more is given than that (seed %d)",
    (seed) => {
      const test = new DeadlineTest(seed, scheduler);
      test.run(ROUNDS);
      expect(test.operations).toBeGreaterThanOrEqual(ROUNDS);
    },
  );

  it.each(Object.entries(Plant).filter(([name]) => name.startsWith("DL_")))(
    "without which a fault is found: %s",
    (_, plant) => {
      const found = [1, 2, 3, 4, 5, 6, 7, 8].some((seed) => {
        try {
          new DeadlineTest(seed, scheduler, plant).run(ROUNDS);
          return false;
        } catch {
          return true;
        }
      });
      expect(found).toBe(true);
    },
  );
});
