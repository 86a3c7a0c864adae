// The fuzzer itself: it finds a planted fault, shrinks it, and every target runs.

import { describe, expect, it } from "vitest";
import { fuzz } from "../fuzz/fuzz.js";
import type { Target } from "../fuzz/target.js";
import { targets } from "../fuzz/targets.js";

describe("the fuzzer", () => {
  it("finds the seed that fails, and the fewest operations that do", async () => {
    const target: Target = {
      about: "a fault in the 37th operation of seed 5",
      size: 1_000,
      run: (seed, size) => {
        if (seed === 5 && size >= 37) throw new Error("planted");
        return size;
      },
    };
    const { seeds, operations, failure } = await fuzz(target, 1, 1_000, () => true);
    expect(failure).toEqual({ seed: 5, size: 37, message: "planted" });
    expect({ seeds, operations }).toEqual({ seeds: 5, operations: 4_000 });
  });

  it.each(Object.entries(targets))("drives %s without a failure", async (_name, target) => {
    let tries = 0;
    const { failure } = await fuzz(target, 1_000, Math.ceil(target.size / 4), () => ++tries < 3);
    expect(failure).toBeNull();
  });
});
