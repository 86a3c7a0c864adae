// Storms of event handlers under every scheduler, beside a model of their rules; `npm run -s fuzz -- events` runs as many
// as one likes.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { buildUnderTest } from "../support/build.js";
import { EventStorm } from "../support/event-storm.js";

const SEEDS = 60;
const STEPS = 40;
/** Seeds within which each fault is found. */
const FAULT_SEEDS = 10;

describe("a storm of event handlers", () => {
  it(`runs each of them when it is its turn, ${SEEDS} times`, () => {
    let [ran, waits, crowd] = [0, 0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const storm = new EventStorm(seed, STEPS, buildUnderTest);
      storm.run();
      ran += storm.ran;
      waits += storm.waits;
      crowd = Math.max(crowd, storm.crowd);
    }
    expect(ran).toBeGreaterThan(100 * SEEDS);
    expect(waits).toBeGreaterThan(SEEDS);
    expect(crowd).toBeGreaterThan(2);
  });

  it.each([
    ["EVENT_DEAD_GONE", Plant.EVENT_DEAD_GONE],
    ["EVENT_NO_DRAIN", Plant.EVENT_NO_DRAIN],
    ["EVENT_DEAD_RANKS", Plant.EVENT_DEAD_RANKS],
  ])("finds %s", (_, plant) => {
    expect(() => {
      for (let seed = 1; seed <= FAULT_SEEDS; seed++) {
        new EventStorm(seed, STEPS, "check", plant).run();
      }
    }).toThrow(/events, seed|assertion: /);
  });
});
