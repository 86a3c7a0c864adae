// Timestamps of the trace: microseconds with three decimals, from cycles at any rate.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Clock } from "../../src/trace/events.js";

describe("the clock of a trace", () => {
  it("shows nanoseconds as three decimals when a cycle is a nanosecond", () => {
    const clock = new Clock(1e9);
    expect(clock.format(0)).toBe("0.000");
    expect(clock.format(7)).toBe("0.007");
    expect(clock.format(1_234_567)).toBe("1234.567");
    expect(clock.format(Number.MAX_SAFE_INTEGER)).toBe("9007199254740.991");
  });

  it("rounds down to whole nanoseconds when a cycle is shorter, and scales when it is longer", () => {
    expect(new Clock(4e9).format(7)).toBe("0.001");
    expect(new Clock(1_000).format(3)).toBe("3000.000");
    expect(new Clock(3).format(1)).toBe("333333.333");
  });

  it("never goes back while the cycles do not", () => {
    const rates = fc.integer({ min: 1_000, max: 1e12 });
    const times = fc.integer({ min: 0, max: 2 ** 52 });
    fc.assert(
      fc.property(rates, times, fc.nat(5_000), (rate, time, later) => {
        const clock = new Clock(rate);
        expect(Number(clock.format(time + later))).toBeGreaterThanOrEqual(
          Number(clock.format(time)),
        );
      }),
    );
  });
});
