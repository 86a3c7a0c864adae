// Linking programs: where symbols and values end up, and what cannot be linked.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { programBuilder } from "../../src/program/builder.js";
import { ProgramError } from "../../src/program/errors.js";
import { type LinkOptions, link, unitsOf } from "../../src/program/link.js";
import { channel, external, ns, string, ticks } from "../../src/program/operands.js";
import type { Program } from "../../src/program/program.js";
import { testCalls, testResolver } from "../support/program-run.js";
import { ReferenceCpu } from "../support/rv32-reference.js";

const program = programBuilder(testCalls);

interface Settings extends Partial<Omit<LinkOptions, "resolve">> {
  resolve?: Partial<LinkOptions["resolve"]>;
}

function linkAt(built: Program, { resolve = {}, ...bases }: Settings = {}) {
  const options = { textBase: 0x1000, dataBase: 0x8000, ...bases };
  return link(built, { ...options, resolve: { ...testResolver(), ...resolve } });
}

/** The value that a linked program leaves in a0 and a1, run at its text base. */
function resultOf(text: Uint32Array): [number, number] {
  const memory = new Uint8Array(text.byteLength);
  memory.set(new Uint8Array(text.buffer));
  const cpu = new ReferenceCpu({ memory, text: { base: 0, size: memory.length } });
  cpu.run(100);
  return [cpu.x[10]! >>> 0, cpu.x[11]! >>> 0];
}

describe("linking", () => {
  it("places the entry and symbols at the bases", () => {
    const built = program()
      .nop()
      .label("main")
      .ret()
      .entry("main")
      .data("a", { words: [1] })
      .data("b", { zero: 8 })
      .build();
    const linked = linkAt(built, { textBase: 0x4000, dataBase: 0x100 });
    expect(linked.entry).toBe(0x4004);
    expect(linked.addressOf("main")).toBe(0x4004);
    expect(linked.addressOf("b")).toBe(0x104);
    expect([...linked.data]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(() => linked.addressOf("c")).toThrow('nothing called "c" is defined');
  });

  it("leaves the program as it is, so that it can be linked again elsewhere", () => {
    const built = program()
      .data("a", { words: [1] })
      .la("a0", "a")
      .build();
    const before = [...built.words];
    const first = linkAt(built, { dataBase: 0x12345ffc });
    const second = linkAt(built, { dataBase: 0x800 });
    expect([...built.words]).toEqual(before);
    expect(resultOf(first.text)[0]).toBe(0x12345ffc);
    expect(resultOf(second.text)[0]).toBe(0x800);
  });

  it("fills in any 32-bit value", () => {
    const built = program().li("a0", channel("x")).li("a1", string("x")).build();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        const linked = linkAt(built, {
          resolve: { channel: () => value, string: () => value | 0 },
        });
        expect(resultOf(linked.text)).toEqual([value, value]);
      }),
    );
  });

  it("takes the same number of instructions whatever the values", () => {
    const built = program()
      .compute(ns(1))
      .li("a2", ticks(ns(1)))
      .build();
    for (const cyclesPerSecond of [1, 1000, 10 ** 9, 2 ** 52]) {
      expect(linkAt(built, { resolve: { cyclesPerSecond } }).text.length).toBe(built.words.length);
    }
    expect(built.words.length).toBe(4 + 1 + 2 + 1);
  });

  it("turns durations into cycles and ticks, rounded up, in 64 and 31 bits", () => {
    const rates = fc.integer({ min: 1, max: 10_000_000_000 });
    const durations = fc.bigInt({ min: 0n, max: 10n ** 15n });
    fc.assert(
      fc.property(durations, rates, (nanoseconds, cyclesPerSecond) => {
        const built = program().compute(ns(nanoseconds)).build();
        const [lo, hi] = resultOf(linkAt(built, { resolve: { cyclesPerSecond } }).text);
        const cycles = (BigInt(hi) << 32n) | BigInt(lo);
        const exact = nanoseconds * BigInt(cyclesPerSecond);
        expect(cycles * 10n ** 9n >= exact).toBe(true);
        expect((cycles - 1n) * 10n ** 9n < exact).toBe(true);
      }),
    );
    expect(unitsOf(0n, 100)).toBe(0n);
    expect(unitsOf(1n, 100)).toBe(1n);
    expect(unitsOf(10_000_000n, 100)).toBe(1n);
    expect(unitsOf(10_000_001n, 100)).toBe(2n);
  });

  it("lists every relocation with a place and a value", () => {
    const built = program()
      .compute(ns(5))
      .li("a0", external("workers"))
      .data("d", { words: [7, ticks(ns(9))] })
      .build();
    expect(built.relocations).toEqual([
      { section: "data", at: 4, form: "word", value: { kind: "ticks", nanoseconds: 9n } },
      {
        section: "text",
        at: 0,
        form: "hi-lo",
        value: { kind: "cycles", nanoseconds: 5n, part: "lo" },
      },
      {
        section: "text",
        at: 8,
        form: "hi-lo",
        value: { kind: "cycles", nanoseconds: 5n, part: "hi" },
      },
      { section: "text", at: 20, form: "hi-lo", value: { kind: "external", name: "workers" } },
    ]);
  });
});

describe("a program that cannot be linked", () => {
  const built = program("p")
    .data("d", { zero: 64, align: 64 })
    .li("a0", channel("x"))
    .li("a1", external("workers"))
    .li("a2", ticks(ns(10n ** 10n)))
    .build();

  it.each<[string, Settings]>([
    ['program "p": the address 2 of its text is not a multiple of 4', { textBase: 2 }],
    ['program "p": the address -4 of its text is not a multiple of 4', { textBase: -4 }],
    ['program "p": the address 32 of its data is not a multiple of 64', { dataBase: 32 }],
    ['program "p": its text of 28 bytes at 4294967292 ends beyond', { textBase: 2 ** 32 - 4 }],
    ['program "p": hz is 0, not a positive whole number', { resolve: { hz: 0 } }],
    ['program "p": cyclesPerSecond is 0.5, not a', { resolve: { cyclesPerSecond: 0.5 } }],
    [
      'program "p": the channel "x" has the value 4294967296, which is not a 32-bit number',
      { resolve: { channel: () => 2 ** 32 } },
    ],
    [
      'program "p": the external "workers" has no value',
      { resolve: { external: () => undefined } },
    ],
    ['program "p": the external "workers" has no value', { resolve: { external: undefined } }],
    ["10000000000 ns are 10000000000000 ticks, too many to count", { resolve: { hz: 10 ** 12 } }],
  ])("is told in one sentence: %s", (message, settings) => {
    expect(() => linkAt(built, settings)).toThrow(message);
    expect(() => linkAt(built, settings)).toThrow(ProgramError);
  });

  it("has cycles beyond 64 bits", () => {
    const long = program("p")
      .compute(ns(10n ** 22n))
      .build();
    expect(() => linkAt(long, { resolve: { cyclesPerSecond: 10 ** 10 } })).toThrow("too many");
  });
});
