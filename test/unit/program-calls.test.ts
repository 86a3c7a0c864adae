// Kernel calls in programs: each with operands of every kind that its arguments take.

import { describe, expect, it } from "vitest";
import type { CallTable } from "../../src/core/call-table.js";
import { calls } from "../../src/core/calls.js";
import { Machine } from "../../src/index.js";
import { label, program, programBuilder, string, symbol, us } from "../../src/program/index.js";
import { buildUnderTest } from "../support/build.js";
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

  it("names a thread by a format and one argument, and refuses a format with more", () => {
    const parent = (format: string) =>
      program("parent")
        .call("kthread_add", label("child"), 0, 0, 0, 0, string(format), string("sda"))
        .call("kthread_exit")
        .label("child")
        .call("kthread_suspend_check")
        .call("pause", string("rest"), 10);
    const machine = new Machine({}, buildUnderTest);
    machine.createThread({ name: "parent", body: machine.load(parent("disk %s").build()) });
    machine.run({ for: 1_000_000 });
    expect([...machine.threads()].map(({ name }) => name)).toContain("disk sda");
    expect(() => parent("disk %s of %d")).toThrow(
      'argument 6 of kthread_add (format) is wrong: the name "disk %s of %d" prints 2 arguments, and a call gives it one',
    );
  });

  it("knows how to make every call of the table", () => {
    for (const [name, { args }] of Object.entries(calls)) {
      const builder = programBuilder<CallTable>(calls)(name);
      const built = builder.call(name, ...args.map((_, index) => index)).build();
      expect(built.listing()).toContain(`kcall ${name}`);
    }
  });
});
