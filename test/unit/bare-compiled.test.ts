// Compiled code on bare metal: that there is some, and what it knows of text that changes.

import { describe, expect, it } from "vitest";
import { Compiler } from "../../src/compiler/index.js";
import type { Kernel } from "../../src/core/kernel.js";
import { recordAt } from "../../src/core/rv32-frame.js";
import type { BareMetal } from "../../src/machine/bare-metal.js";
import { type Builder, bareMachine, ORIGIN, PASSED } from "../support/bare-program.js";
import { word } from "../support/rv32-machine.js";

const ROUNDS = 600_000;
const LIMIT = 10_000_000n;

/** Sums up in a0, and does `behind` before it passes. */
function sum(behind: (b: Builder) => unknown, jit: boolean): BareMetal {
  return bareMachine(
    (b) => {
      b.li("a0", 0).li("a1", ROUNDS).label("loop");
      b.add("a0", "a0", "a1").addi("a1", "a1", -1).bnez("a1", "loop");
      behind(b);
      b.jump("pass");
    },
    { jit },
  );
}

const A0 = 10;
const nothing = () => undefined;
const total = (ROUNDS * (ROUNDS + 1)) / 2;

describe("compiled code on bare metal", () => {
  it("is made from hot code, and does not change the run", () => {
    const [compiled, plain] = [sum(nothing, true), sum(nothing, false)];
    for (const machine of [compiled, plain]) {
      expect(machine.run(LIMIT)).toEqual(PASSED);
      expect(machine.registers[A0]).toBe(total % 2 ** 32);
    }
    expect(compiled.compiled?.functions).toBe(1);
    expect(plain.compiled).toBeNull();
    expect(compiled.cycles).toBe(plain.cycles);
  });

  it("is gone behind a fence.i", () => {
    const machine = sum((b) => b.fenceI(), true);
    expect(machine.run(LIMIT)).toEqual(PASSED);
    expect(machine.compiled).toMatchObject({ functions: 0 });
    expect(machine.compiled?.instructions, "before").toBeGreaterThan(0);
  });

  it("leaves what was decoded first behind when its mark is taken off", () => {
    const rounds = 4000;
    const changed = rounds - 100;
    const machine = bareMachine((b) => {
      b.li("a0", 0).li("a1", rounds).li("a2", changed).la("s0", "place");
      b.li("s1", word("addi", { rd: A0, rs1: A0, imm: 100 }));
      b.label("loop").bne("a1", "a2", "go on").sw("s1", "s0");
      // Between the two reads of a counter, which end compiled code, it is not worth its way in and out.
      b.label("go on").csrr("a3", "mcycle").label("place").addi("a0", "a0", 1);
      b.csrr("a3", "mcycle").addi("a1", "a1", -1).bnez("a1", "loop").jump("pass");
    });
    machine.run(200n);
    const place = machine.registers[8]!;
    expect(place).toBeGreaterThan(ORIGIN);
    const { kernel } = machine as unknown as { kernel: Kernel };
    const compiler = new Compiler(kernel, { period: 1 << 30, samples: 1, patience: 0 });
    compiler.compile(place);
    expect(compiler.marked).toContain(place);
    expect(machine.run(LIMIT)).toEqual(PASSED);
    expect(machine.registers[A0]).toBe(rounds);
    const operation = kernel.read(recordAt(kernel, place));
    expect(operation, "its mark is off").not.toBe(kernel.exports.rv32_compiled_op());
  });
});
