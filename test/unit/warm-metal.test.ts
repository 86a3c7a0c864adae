// How riscv-tests are run with all compiled (test/riscv-tests): twice, the second time as the first.

import { describe, expect, it } from "vitest";
import { WarmMetal } from "../riscv-tests/warm-metal.js";
import { type Builder, bareProgram, PASSED } from "../support/bare-program.js";
import { buildUnderTest } from "../support/build.js";

const LIMIT = 100_000n;

/** Counts in memory, so that a second run over what the first has left would fail. */
const counting = (b: Builder) =>
  b
    .li("gp", 2)
    .la("a0", "data")
    .lw("a1", "a0")
    .bnez("a1", "fail")
    .li("a2", 50)
    .label("loop")
    .lw("a1", "a0")
    .addi("a1", "a1", 3)
    .sw("a1", "a0")
    .addi("a2", "a2", -1)
    .bnez("a2", "loop")
    .li("a3", 150)
    .bne("a1", "a3", "fail")
    .jump("pass");

describe("a program on bare metal that is run twice", () => {
  it("ends the second time as the first, and is compiled", () => {
    const warm = new WarmMetal(bareProgram(counting), buildUnderTest);
    expect(warm.run(LIMIT)).toEqual(PASSED);
    expect(warm.rewind()).toBe(true);
    expect(warm.run(LIMIT)).toEqual(PASSED);
    expect(warm.compiled).toBeGreaterThan(5);
  });

  it("is not run again when it has changed the code that it has executed", () => {
    const changing = (b: Builder) =>
      b.auipc("a0", 0).lw("a1", "a0").addi("a1", "a1", 0).sw("zero", "a0").jump("pass");
    const warm = new WarmMetal(bareProgram(changing), buildUnderTest);
    expect(warm.run(LIMIT)).toEqual(PASSED);
    expect(warm.rewind()).toBe(false);
  });
});
