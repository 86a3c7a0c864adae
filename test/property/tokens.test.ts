// Storms of lwkt-modern's tokens; `npm run -s fuzz -- tokens` runs as many as one likes.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { TokenStorm } from "../support/token-storm.js";

const SEEDS = 150;
const STEPS = 60;

describe("a storm of tokens", () => {
  it(`leaves tokens and threads in agreement, ${SEEDS} times`, () => {
    let shared = 0;
    let collisions = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const storm = new TokenStorm(seed, STEPS);
      storm.run();
      shared = Math.max(shared, storm.shared);
      collisions += storm.collisions;
    }
    expect(shared).toBeGreaterThan(2);
    expect(collisions).toBeGreaterThan(SEEDS);
  });

  it.each([
    ["TOKEN_KEPT", Plant.TOKEN_KEPT],
    ["TOKEN_NOT_HAD", Plant.TOKEN_NOT_HAD],
    ["TOKEN_PARTLY", Plant.TOKEN_PARTLY],
    ["TOKEN_PREEMPTS", Plant.TOKEN_PREEMPTS],
    ["TOKEN_OUTLIVES", Plant.TOKEN_OUTLIVES],
    ["TOKEN_SHARED_ALONE", Plant.TOKEN_SHARED_ALONE],
    ["TOKEN_TRY_MARKS", Plant.TOKEN_TRY_MARKS],
    ["POOL_ONE", Plant.POOL_ONE],
  ])("finds %s", (_, plant) => {
    expect(() => {
      for (let seed = 1; seed <= 20; seed++) new TokenStorm(seed, STEPS, "check", plant).run();
    }).toThrow(/^tokens, seed|assertion: /);
  });
});
