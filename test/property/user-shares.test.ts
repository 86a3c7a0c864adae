// Time-sharing under lwkt and lwkt-modern beside a plain model; `npm run -s fuzz -- user-shares` does as many
// operations as one likes.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { UserShareTest } from "../support/user-share-test.js";

const SIZE = 6_000;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe("user threads under lwkt and lwkt-modern", () => {
  it.each(SEEDS)("share CPUs as the model says (seed %d)", (seed) => {
    const test = new UserShareTest(seed);
    test.run(SIZE);
    expect(test.operations).toBeGreaterThanOrEqual(SIZE);
    expect(test.seen.asked).toBeGreaterThan(5);
  });

  it.each([
    ...[Plant.USER_STAYS, Plant.USER_LOAD_STAYS, Plant.USER_LEVEL_STALE, Plant.USER_NO_ACCOUNT],
    ...[Plant.USER_SET_IGNORED, Plant.USER_LOSES_TURN, Plant.USER_PULL_ANY],
    ...[Plant.USER_SHUT_OUT, Plant.USER_SHUT_IN, Plant.USER_REAL_LOAD],
  ])("without which a fault is found: %d", (plant) => {
    const found = SEEDS.some((seed) => {
      try {
        new UserShareTest(seed, plant).run(SIZE);
        return false;
      } catch {
        return true;
      }
    });
    expect(found).toBe(true);
  });
});
