// The fuzzer itself: it finds a planted fault, shrinks it, and every target runs.

import { describe, expect, it } from "vitest";
import { corpus } from "../fuzz/corpus.js";
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

  it("keeps seeds of every target, and of no other", () => {
    expect(Object.keys(corpus).sort()).toEqual(Object.keys(targets).sort());
    for (const kept of Object.values(corpus)) expect(kept.length).toBeGreaterThan(0);
  });

  const kept = Object.entries(corpus).flatMap(([name, all]) =>
    all.map(({ why, seeds, size }) => ({ name, why, seeds, size })),
  );

  it.each(kept)("passes the seeds of $name that are kept: $why", async ({ name, seeds, size }) => {
    const target = targets[name] as Target;
    for (const seed of seeds) {
      const { failure } = await fuzz(target, seed, size ?? target.size, () => false);
      expect(failure).toBeNull();
    }
  });

  it.each(Object.entries(targets))("drives %s without a failure", async (_name, target) => {
    let tries = 0;
    const { failure } = await fuzz(target, 1_000, Math.ceil(target.size / 4), () => ++tries < 3);
    expect(failure).toBeNull();
  });
});
