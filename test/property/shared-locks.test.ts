// rwlock(9) and sx(9) against a plain model of their rules, call by call.

import { describe, expect, it } from "vitest";
import { type Mistake, SharedLockStorm } from "../support/shared-lock-model.js";

const SEEDS = 120;
const STEPS = 300;

describe.each(["rwlock", "sx"] as const)("random calls on two locks of kind %s", (kind) => {
  it(`do what the model says, with ${SEEDS} seeds`, () => {
    let made = 0;
    let waited = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const storm = new SharedLockStorm(kind, seed);
      storm.run(STEPS);
      made += storm.made;
      waited += storm.waited;
    }
    expect(made).toBeGreaterThan(5_000);
    expect(waited).toBeGreaterThan(500);
  });

  const mistakes: readonly Mistake[] = [
    "readers pass writers",
    "readers never pass writers",
    "tries wait",
    "readers first",
    "downgrades let readers in",
    "any order",
    ...(kind === "rwlock" ? [] : (["downgrades let nobody in"] as const)),
  ];
  it.each(mistakes)("are not what a model says by which %s", (mistake) => {
    expect(() => {
      for (let seed = 1; seed <= SEEDS; seed++) new SharedLockStorm(kind, seed, mistake).run(STEPS);
    }).toThrow(new RegExp(`^${kind}, seed \\d+, call \\d+: `));
  });
});
