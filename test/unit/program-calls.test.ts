// Kernel calls in programs: each with operands of every kind that its arguments take.

import { describe, expect, it } from "vitest";
import type { CallTable } from "../../src/core/call-table.js";
import { calls } from "../../src/core/calls.js";
import { program, programBuilder, symbol, us } from "../../src/program/index.js";
import { run } from "../support/program-run.js";

describe("the machine's own program builder", () => {
  it("makes the machine's kernel calls by name", () => {
    const built = program("yielder")
      .data("wait", { zero: 16 })
      .label("again")
      .compute(us(100))
      .call("lwkt_yield")
      .call("lwkt_signal", symbol("wait"))
      .jump("again")
      .build();
    expect(run(built, { budget: 20 }).calls.map(({ nr }) => nr)).toEqual(
      [
        calls.compute,
        calls.lwkt_yield,
        calls.lwkt_signal,
        calls.compute,
        calls.lwkt_yield,
        calls.lwkt_signal,
      ].map(({ nr }) => nr),
    );
    expect(built.listing()).toContain("kcall lwkt_yield");
  });

  it("knows how to make every call of the table", () => {
    for (const [name, { args }] of Object.entries(calls)) {
      const builder = programBuilder<CallTable>(calls)(name);
      const built = builder.call(name, ...args.map((_, index) => index)).build();
      expect(built.listing()).toContain(`kcall ${name}`);
    }
  });
});
