// The program builder: what its methods put together, and what it refuses.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { programBuilder } from "../../src/program/builder.js";
import { decode, encodeI, encodeLoad } from "../../src/program/encode.js";
import { ProgramError } from "../../src/program/errors.js";
import {
  channel,
  cycles,
  external,
  label,
  ms,
  ns,
  type OperandOf,
  pair,
  string,
  symbol,
  ticks,
  us,
  wordAt,
} from "../../src/program/operands.js";
import type { Register } from "../../src/program/registers.js";
import { run, testCalls } from "../support/program-run.js";

const program = programBuilder(testCalls);
const word = fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 });

describe("a built program", () => {
  it("computes and yields for ever", () => {
    const yielder = program("yielder")
      .label("again")
      .compute(us(100))
      .call("lwkt_yield")
      .jump("again")
      .build();
    const { calls, stop } = run(yielder, { budget: 14 });
    expect(stop.reason).toBe("budget");
    expect(calls.map(({ nr, args }) => [nr, args[0], args[1]])).toEqual([
      [3, 10_000, 0],
      [1, 10_000, 0],
      [3, 10_000, 0],
      [1, 10_000, 0],
    ]);
  });

  it("sums the numbers below its argument", () => {
    const sum = program("sum")
      .mv("t0", "a0")
      .li("a0", 0)
      .while(["t0", ">", 0], (p) => p.addi("t0", "t0", -1).add("a0", "a0", "t0"))
      .build();
    const { stop, register } = run(sum, { registers: { a0: 100 } });
    expect(stop.reason).toBe("returned");
    expect(register("a0")).toBe(4950);
  });

  it("copies memory", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        const copy = program("memcpy")
          .data("from", { bytes })
          .data("to", { zero: bytes.length, align: 1 })
          .la("a0", "from")
          .la("a1", "to")
          .loop(bytes.length, (p) =>
            p.lbu("t0", "a0").sb("t0", "a1").addi("a0", "a0", 1).addi("a1", "a1", 1),
          )
          .build();
        const { memory, linked } = run(copy);
        const copied = new Uint8Array(memory.buffer, linked.addressOf("to"), bytes.length);
        expect([...copied]).toEqual([...bytes]);
      }),
      { numRuns: 30 },
    );
  });

  it("starts at its entry", () => {
    const two = program().label("a").li("a0", 1).ret().label("b").li("a0", 2).entry("b").build();
    expect(two.entry).toBe(8);
    expect(run(two).register("a0")).toBe(2);
  });

  it("returns where it runs off its end, and gets no return that it does not need", () => {
    expect(run(program().li("a0", 5).build()).stop.reason).toBe("returned");
    const last = (build: (p: ReturnType<typeof program>) => unknown) => {
      const builder = program();
      build(builder);
      return builder.build().words.length;
    };
    expect(last((p) => p.nop())).toBe(2);
    expect(last((p) => p.ret())).toBe(1);
    expect(last((p) => p.label("x").jump("x"))).toBe(1);
    expect(last((p) => p.call("kthread_exit"))).toBe(1);
    expect(last((p) => p.call("lwkt_yield"))).toBe(2);
    expect(last((p) => p.beqz("a0", "end").ret().label("end"))).toBe(3);
    expect(last((p) => p.raw(encodeLoad("jalr", "zero", "ra", 0)))).toBe(1);
  });

  it("does not change when its builder is used further", () => {
    const builder = program().nop();
    const first = builder.build();
    builder.nop().nop();
    expect(first.words.length).toBe(2);
    expect(builder.build().words.length).toBe(4);
    expect(Object.isFrozen(first)).toBe(true);
    expect(first.listing()).toContain("2 words of text");
  });

  it("runs every instruction method as the instruction of its name", () => {
    const built = program()
      .lui("a0", 1)
      .auipc("a0", 1)
      .jalr("ra", "a0", 4)
      .lb("a0", "a1")
      .lh("a0", "a1")
      .lw("a0", "a1")
      .lbu("a0", "a1")
      .lhu("a0", "a1")
      .sb("a0", "a1")
      .sh("a0", "a1")
      .sw("a0", "a1")
      .addi("a0", "a1", 1)
      .slti("a0", "a1", 1)
      .sltiu("a0", "a1", 1)
      .xori("a0", "a1", 1)
      .ori("a0", "a1", 1)
      .andi("a0", "a1", 1)
      .slli("a0", "a1", 1)
      .srli("a0", "a1", 1)
      .srai("a0", "a1", 1)
      .add("a0", "a1", "a2")
      .sub("a0", "a1", "a2")
      .sll("a0", "a1", "a2")
      .slt("a0", "a1", "a2")
      .sltu("a0", "a1", "a2")
      .xor("a0", "a1", "a2")
      .srl("a0", "a1", "a2")
      .sra("a0", "a1", "a2")
      .or("a0", "a1", "a2")
      .and("a0", "a1", "a2")
      .fence()
      .ecall()
      .ebreak()
      .mul("a0", "a1", "a2")
      .mulh("a0", "a1", "a2")
      .mulhsu("a0", "a1", "a2")
      .mulhu("a0", "a1", "a2")
      .div("a0", "a1", "a2")
      .divu("a0", "a1", "a2")
      .rem("a0", "a1", "a2")
      .remu("a0", "a1", "a2")
      .lrW("a0", "a1")
      .scW("a0", "a1", "a2")
      .amoswapW("a0", "a1", "a2")
      .amoaddW("a0", "a1", "a2")
      .amoxorW("a0", "a1", "a2")
      .amoandW("a0", "a1", "a2")
      .amoorW("a0", "a1", "a2")
      .amominW("a0", "a1", "a2")
      .amomaxW("a0", "a1", "a2")
      .amominuW("a0", "a1", "a2")
      .amomaxuW("a0", "a1", "a2")
      .label("here")
      .beq("a0", "a1", "here")
      .bne("a0", "a1", "here")
      .blt("a0", "a1", "here")
      .bge("a0", "a1", "here")
      .bltu("a0", "a1", "here")
      .bgeu("a0", "a1", "here")
      .jal("ra", "here")
      .ret()
      .build();
    const expected =
      "lui auipc jalr lb lh lw lbu lhu sb sh sw addi slti sltiu xori ori andi slli srli srai " +
      "add sub sll slt sltu xor srl sra or and fence ecall ebreak mul mulh mulhsu mulhu div divu " +
      "rem remu lr.w sc.w amoswap.w amoadd.w amoxor.w amoand.w amoor.w amomin.w amomax.w " +
      "amominu.w amomaxu.w beq bne blt bge bltu bgeu jal jalr";
    expect([...built.words].map((w) => decode(w)?.op).join(" ")).toBe(expected);
  });

  it("has the short forms not, neg, seqz, snez, bnez, mv, nop and jr", () => {
    const built = program()
      .not("a1", "a0")
      .neg("a2", "a0")
      .seqz("a3", "a0")
      .snez("a4", "a0")
      .nop()
      .la("t0", "there")
      .jr("t0")
      .li("a3", 99)
      .label("there")
      .bnez("a4", "end")
      .li("a4", 99)
      .label("end")
      .mv("a5", "a0")
      .build();
    const { register } = run(built, { registers: { a0: 5 } });
    expect((["a1", "a2", "a3", "a4", "a5"] as const).map(register)).toEqual([
      0xfffffffa, 0xfffffffb, 0, 1, 5,
    ]);
  });
});

describe("constants", () => {
  it("load any 32-bit number in at most two instructions", () => {
    fc.assert(
      fc.property(word, (value) => {
        const built = program().li("s3", value).build();
        expect(built.words.length).toBeLessThanOrEqual(3);
        expect(run(built).register("s3")).toBe(value >>> 0);
      }),
    );
  });

  it.each([
    [0, 1],
    [2047, 1],
    [-2048, 1],
    [2048, 2],
    [4096, 1],
    [0x80000000, 1],
    [0xffffffff, 1],
    [0x7fffffff, 2],
    [0xfffff7ff, 2],
  ])("load %i in %i instructions", (value, count) => {
    const built = program().li("a0", value).build();
    expect(built.words.length - 1).toBe(count);
    expect(run(built).register("a0")).toBe(value >>> 0);
  });

  it("can be operands that are known at load time", () => {
    const built = program()
      .data("block", { zero: 16 })
      .li("a0", ticks(3))
      .li("a1", ticks(ms(25)))
      .li("a2", channel("x"))
      .li("a3", string("x"))
      .li("a4", external("workers"))
      .li("a5", symbol("block", 12))
      .li("a6", label("end"))
      .label("end")
      .ret()
      .build();
    const { register, linked } = run(built);
    expect((["a0", "a1", "a4"] as const).map(register)).toEqual([3, 3, 7]);
    expect(register("a2")).not.toBe(register("a3"));
    expect(register("a5")).toBe(linked.addressOf("block") + 12);
    expect(register("a6")).toBe(linked.addressOf("end"));
  });
});

describe("data", () => {
  it("holds words, bytes, addresses and zeros, each at its alignment", () => {
    const built = program()
      .data("odd", { bytes: [1, 2, 3], align: 1 })
      .data("zeros", { zero: 100, align: 64 })
      .data("words", { words: [-1, 0xdeadbeef, symbol("odd", 2), label("code"), ticks(ms(15))] })
      .label("code")
      .ret()
      .build();
    const { word: at, linked } = run(built);
    expect(linked.addressOf("odd")).toBe(0x8000);
    expect(linked.addressOf("words") % 4).toBe(0);
    expect(linked.addressOf("zeros") % 64).toBe(0);
    expect([0, 4, 8, 12, 16].map((offset) => at("words", offset))).toEqual([
      0xffffffff,
      0xdeadbeef,
      linked.addressOf("odd") + 2,
      linked.addressOf("code"),
      2,
    ]);
    expect(built.data.align).toBe(64);
    expect(built.data.bytes.length).toBe(24);
    expect(built.data.size).toBe(64 + 100);
  });

  it("is loaded and stored by name", () => {
    const built = program()
      .data("counter", { words: [10, 20] })
      .load("a0", "counter", 4)
      .addi("a0", "a0", 1)
      .store("a0", "counter")
      .build();
    expect(run(built).word("counter")).toBe(21);
  });

  it("is reached wherever its address falls, with the low part of either sign", () => {
    for (const size of [0, 0x7f0, 0x7fc, 0x800, 0x804, 0xffc, 0x1000]) {
      const built = program()
        .data("before", { bytes: new Uint8Array(size) })
        .data("counter", { words: [41] })
        .load("a0", "counter")
        .addi("a0", "a0", 1)
        .store("a0", "counter")
        .build();
      expect(run(built).word("counter")).toBe(42);
    }
  });
});

describe("branches", () => {
  const distances = [1022, 1023, 1024, 5000];

  it.each(distances)("go forward over %i instructions", (count) => {
    const builder = program().li("a0", 1).bnez("a0", "far");
    for (let i = 0; i < count; i++) builder.addi("a0", "a0", 1);
    const built = builder.label("far").ret().build();
    expect(run(built).register("a0")).toBe(1);
    expect(built.words.length).toBe(count + (count >= 1023 ? 4 : 3));
  });

  it.each(distances)("go back over %i instructions, and fall through", (count) => {
    const builder = program().li("a0", 3).label("again").addi("a0", "a0", -1);
    for (let i = 1; i < count; i++) builder.addi("a1", "a1", 1);
    const built = builder.bne("a0", "zero", "again").ret().build();
    const { register } = run(built);
    expect(register("a0")).toBe(0);
    expect(register("a1")).toBe((count - 1) * 3);
    expect(built.words.length).toBe(count + (count > 1024 ? 4 : 3));
  });

  it("are widened when widening another pushes their target out of reach", () => {
    const builder = program().beqz("a0", "first").beqz("zero", "second");
    for (let i = 0; i < 1021; i++) builder.nop();
    const built = builder.label("first").nop().nop().nop().label("second").ret().build();
    expect(run(built).cpu.instructions).toBe(2 + 3 + 1);
    expect(built.words.length).toBe(2 + 2 + 1021 + 3 + 1);
  });

  it("decide every comparison as JavaScript does, with registers and numbers", () => {
    const compare = {
      "==": (a: number, b: number) => a === b,
      "!=": (a: number, b: number) => a !== b,
      "<": (a: number, b: number) => a < b,
      "<=": (a: number, b: number) => a <= b,
      ">": (a: number, b: number) => a > b,
      ">=": (a: number, b: number) => a >= b,
      "<u": (a: number, b: number) => a >>> 0 < b >>> 0,
      "<=u": (a: number, b: number) => a >>> 0 <= b >>> 0,
      ">u": (a: number, b: number) => a >>> 0 > b >>> 0,
      ">=u": (a: number, b: number) => a >>> 0 >= b >>> 0,
    };
    const comparisons = Object.keys(compare) as (keyof typeof compare)[];
    const near = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer());
    fc.assert(
      fc.property(near, near, fc.constantFrom(...comparisons), (a, b, comparison) => {
        const built = program()
          .if(
            ["s0", comparison, "s1"],
            (p) => p.li("a0", 1),
            (p) => p.li("a0", 0),
          )
          .if(["s0", comparison, b], (p) => p.li("a1", 1))
          .branchIf(["s0", comparison, b], "taken")
          .li("a2", 0)
          .label("taken")
          .build();
        const { register } = run(built, { registers: { s0: a, s1: b, a1: 0, a2: 1 } });
        const holds = compare[comparison](a, b) ? 1 : 0;
        expect([register("a0"), register("a1"), register("a2")]).toEqual([holds, holds, holds]);
      }),
    );
  });
});

describe("loops", () => {
  it("run their body the given number of times, even nested", () => {
    const built = program()
      .loop(7, (outer, i) => outer.add("a1", "a1", i).loop(5, (p) => p.addi("a0", "a0", 1)))
      .loop(0, (p) => p.addi("a0", "a0", 100))
      .build();
    const { register } = run(built);
    expect(register("a0")).toBe(35);
    expect(register("a1")).toBe(28);
  });

  it("take their count from a register, from data, or from the loader of the program", () => {
    const built = program()
      .data("count", { words: [3] })
      .loop("a3", (p) => p.addi("a0", "a0", 1))
      .loop(wordAt("count"), (p) => p.addi("a1", "a1", 1))
      .loop(external("workers"), (p) => p.addi("a2", "a2", 1))
      .loop("zero", (p) => p.addi("a0", "a0", 50))
      .build();
    const { register } = run(built, { registers: { a3: 4 } });
    expect([register("a0"), register("a1"), register("a2")]).toEqual([4, 3, 7]);
  });

  it("count in the register that they are given, or in an s-register that is not in use", () => {
    const counters: Register[] = [];
    program()
      .li("s11", 1)
      .loop(2, (_, i) => counters.push(i))
      .loop(2, (p, i) => {
        counters.push(i);
        p.loop(2, (_, j) => counters.push(j), { counter: "t0" });
      })
      .build();
    expect(counters).toEqual(["s10", "s9", "t0"]);
  });

  it("share counters only when no s-register is left", () => {
    const builder = program();
    const counters = new Set<Register>();
    for (let i = 0; i < 20; i++)
      builder.loop(3, (p, c) => counters.add(c) && p.addi("a0", "a0", 1));
    expect(counters.size).toBe(12);
    expect(run(builder.build()).register("a0")).toBe(60);
  });

  it("refuse a body that writes to the counter", () => {
    const writes = /program "p", instruction 3: the loop's body writes to s11, which counts/;
    expect(() => program("p").loop(2, (p, i) => p.addi(i, i, 1))).toThrow(writes);
    const call = () => program("p").loop(2, (p) => p.call("lwkt_yield"), { counter: "a0" });
    expect(call).toThrow("writes to a0, which counts the loop");
    expect(() => program("p").loop(2, (p) => p.ecall(), { counter: "a1" })).toThrow("writes to a1");
    expect(() => program("p").loop(2, () => {}, { counter: "zero" })).toThrow(
      "the register zero cannot count a loop",
    );
  });

  it("refuse a program that writes to a register that a loop was given", () => {
    const built = program("p")
      .loop(2, (p) => p.nop())
      .li("s11", 4);
    expect(() => built.build()).toThrow(
      'program "p", instruction 5 (addi) writes to s11, but a loop was given that register as ' +
        "its counter; name the loop's counter",
    );
  });

  it("refuse to share a counter when a subroutine could use it too", () => {
    const builder = program();
    for (let i = 0; i < 12; i++) builder.loop(3, (p) => p.nop());
    expect(() => builder.loop(2, (p) => p.callSub("f"))).toThrow("needs a counter of its own");
  });
});

describe("subroutines", () => {
  it("are called and return", () => {
    const built = program("sub")
      .mv("s0", "ra")
      .loop(3, (p) => p.callSub("twice"))
      .jr("s0")
      .subroutine("twice", (p) => p.slli("a0", "a0", 1))
      .build();
    const { stop, register } = run(built, { registers: { a0: 5 } });
    expect(stop.reason).toBe("returned");
    expect(register("a0")).toBe(40);
  });

  it("take the return address, so that the body must not run off its end after one", () => {
    const builder = program("sub").label("f").callSub("f").nop();
    expect(() => builder.build()).toThrow('program "sub" runs off its end');
    expect(builder.call("kthread_exit").build().words.length).toBe(3);
  });
});

describe("kernel calls", () => {
  const sources = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s5", "zero"] as const;
  const values = Object.fromEntries(
    sources.map((name, index) => [name, name === "zero" ? 0 : 1000 + index]),
  ) as Record<Register, number>;
  const argument = fc.oneof(
    fc.constantFrom<Register>(...sources).map((r) => [r, values[r]!] as const),
    word.map((n) => [n, n >>> 0] as const),
    fc.constant([wordAt("stored"), 77] as const),
  );
  const eight = fc.tuple(
    ...([argument, argument, argument, argument, argument, argument, argument, argument] as const),
  );

  it("get all arguments at once, in whatever registers these are", () => {
    fc.assert(
      fc.property(eight, (args) => {
        const operands = args.map(([operand]) => operand);
        const built = program()
          .data("stored", { words: [77] })
          .call("record", ...(operands as unknown as Eight))
          .build();
        const { calls, register } = run(built, { registers: values });
        expect(calls[0]!.args).toEqual(args.map(([, value]) => value));
        expect(register("s5")).toBe(values.s5);
        expect(register("t6")).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("get channels, texts, ticks and addresses", () => {
    const built = program("sleeper")
      .call("tsleep", channel("disk"), 12, string("biowait"), us(10_001))
      .call("tsleep", symbol("buffer"), "s0", string("biowait"), ticks(5))
      .call("kthread_add", label("worker"), symbol("buffer", 4), string("worker"))
      .ret()
      .subroutine("worker", (p) => p.nop())
      .data("buffer", { zero: 8 })
      .build();
    const { calls, linked } = run(built, { registers: { s0: 9 } });
    const [first, second, third] = calls.map(({ args }) => args);
    expect(first!.slice(0, 4)).toEqual([0x40000800, 12, 0x40001800, 2]);
    expect(second!.slice(0, 4)).toEqual([linked.addressOf("buffer"), 9, 0x40001800, 5]);
    expect(third!.slice(0, 3)).toEqual([
      linked.addressOf("worker"),
      linked.addressOf("buffer") + 4,
      0x40002800,
    ]);
  });

  it("get 64-bit numbers in two registers, the low word first", () => {
    const built = program()
      .data("low", { words: [6] })
      .call("mixed", 1, 0x123456789abcdef0n, "s0")
      .call("mixed", 1, -1, "s0")
      .call("mixed", 1, pair("s0", "s1"), "s2")
      .call("mixed", "s1", "s0", 3)
      .call("mixed", 1, cycles(2 ** 40), 3)
      .call("mixed", 1, ms(100_000), 3)
      .call("mixed", "a2", pair("a1", "a0"), 3)
      .call("mixed", 1, wordAt("low"), "a1")
      .build();
    const onCall = () => undefined;
    const { calls } = run(built, { registers: { s0: 10, s1: 11, s2: 12 }, onCall });
    expect(calls.map(({ args }) => args.slice(0, 4))).toEqual([
      [1, 0x9abcdef0, 0x12345678, 10],
      [1, 0xffffffff, 0xffffffff, 10],
      [1, 10, 11, 12],
      [11, 10, 0, 3],
      [1, 0, 256, 3],
      [1, 10_000_000_000 % 2 ** 32, 2, 3],
      [2, 10_000_000_000 % 2 ** 32, 1, 3],
      [1, 6, 0, 10_000_000_000 % 2 ** 32],
    ]);
  });

  it("compute for durations, cycles and numbers", () => {
    const built = program()
      .compute(ns(1))
      .compute(cycles(5))
      .compute(6)
      .compute(7n << 32n)
      .compute(us(2.5))
      .build();
    const { calls } = run(built);
    expect(calls.map(({ args }) => args[1]! * 2 ** 32 + args[0]!)).toEqual([
      1,
      5,
      6,
      7 * 2 ** 32,
      250,
    ]);
  });

  it("are checked by the compiler and at run time", () => {
    // @ts-expect-error: there is no such call
    expect(() => program("p").call("nonsense")).toThrow('there is no kernel call "nonsense"');
    // @ts-expect-error: one argument too many
    expect(() => program("p").call("lwkt_yield", 1)).toThrow(
      'program "p", instruction 1: lwkt_yield takes 0 arguments, not 1',
    );
    // @ts-expect-error: a text is no number
    expect(() => program("p").call("record", string("x"), 0, 0, 0, 0, 0, 0, 0)).toThrow(
      "argument 1 of record (u32) cannot be string",
    );
    // @ts-expect-error: a plain text is no register
    expect(() => program("p").call("tsleep", "disk", 0, string("x"), 0)).toThrow(
      'argument 1 of tsleep (channel) cannot be "disk"',
    );
    // @ts-expect-error: an i32 has no room for a BigInt
    expect(() => program("p").call("mixed", 1n, 0, 0)).toThrow("argument 1 of mixed (i32) cannot");
    // @ts-expect-error: too few arguments
    expect(() => program("p").call("mixed", 1)).toThrow("mixed takes 3 arguments, not 1");
    expect(() => program("p").call("mixed", 1, 1n << 64n, 0)).toThrow("is not a 64-bit number");
    expect(() => program("p").call("mixed", 2 ** 32, 0, 0)).toThrow("is not a 32-bit number");
    expect(() => program("p").compute(0.5)).toThrow("0.5 is not a whole number");
  });

  it("come from a table without clashes", () => {
    const call = { nr: 1, args: [], returns: "void", doc: "" } as const;
    expect(() => programBuilder({ a: call, b: call })).toThrow(
      "kernel calls a and b have the same number 1",
    );
    expect(() => programBuilder({ a: { ...call, nr: 4096 } })).toThrow("is not from 0 to 4095");
    const args = ["u64", "u64", "u64", "u64", "i32"] as const;
    expect(() => programBuilder({ a: { ...call, args } })).toThrow("needs 9 argument registers");
  });
});

type U32 = OperandOf<"u32">;
type Eight = readonly [U32, U32, U32, U32, U32, U32, U32, U32];

describe("a mistake in a program", () => {
  it.each<[string, () => unknown]>([
    ['program "p" is empty: no instruction', () => program("p").label("x").build()],
    [
      'program "p", instruction 2 (jal): the label "nowhere" is not defined',
      () => program("p").nop().jump("nowhere").build(),
    ],
    [
      'program "p", instruction 1 (bne): the label "nowhere" is not defined',
      () => program("p").bnez("a0", "nowhere").build(),
    ],
    [
      'program "p", instruction 1 (lui): nothing called "nothing" is defined',
      () => program("p").la("a0", "nothing").build(),
    ],
    [
      'program "p", data "d": nothing called "nothing" is defined',
      () =>
        program("p")
          .data("d", { words: [symbol("nothing")] })
          .nop()
          .build(),
    ],
    [
      'program "p", instruction 1 (lui): "d" is data, not a label',
      () => program("p").data("d", { zero: 4 }).li("a0", label("d")).build(),
    ],
    [
      'program "p", the entry: the label "main" is not defined',
      () => program("p").nop().entry("main").build(),
    ],
    [
      'program "p", instruction 2: "a" is defined twice',
      () => program("p").label("a").nop().label("a"),
    ],
    [
      'program "p", instruction 1: "a" is defined twice',
      () => program("p").data("a", { zero: 4 }).label("a"),
    ],
    [
      'program "p", instruction 1: ".x" cannot be a name: it is empty or begins with a dot',
      () => program("p").label(".x"),
    ],
    [
      'program "p", instruction 2: addi: immediate 5000 is not a whole number from -2048 to 2047',
      () => program("p").nop().addi("a0", "a0", 5000),
    ],
    [
      'program "p", instruction 1: 4294967296 is not a 32-bit',
      () => program("p").li("a0", 2 ** 32),
    ],
    ['program "p", instruction 1: -1.5 is not a 32-bit', () => program("p").raw(-1.5)],
    ['program "p", instruction 1: "x9" is not a reg', () => program("p").mv("x9" as "a0", "a1")],
    [
      'program "p", instruction 1: "x9" is not a reg',
      () => program("p").beqz("x9" as "a0", "there"),
    ],
    ['program "p", instruction 1: "x9" is not a reg', () => program("p").la("x9" as "a0", "there")],
    [
      'program "p", instruction 1: data "d": alignment 3 is not a power of two',
      () => program("p").data("d", { zero: 4, align: 3 }),
    ],
    [
      'program "p", instruction 1: data "d": words need an alignment of 4 or more',
      () => program("p").data("d", { words: [1], align: 2 }),
    ],
    [
      'program "p", instruction 1: data "d": -1 is not a number of bytes',
      () => program("p").data("d", { zero: -1 }),
    ],
    [
      'program "p", instruction 1: store needs t6 for the address',
      () => program("p").store("t6", "d"),
    ],
    [
      'program "p", instruction 1: comparing with 5 needs t6',
      () => program("p").if(["t6", "==", 5], (p) => p.nop()),
    ],
    [
      'program "p", instruction 1: "=" is not a comparison',
      () => program("p").branchIf(["a0", "=" as "==", "a1"], "x"),
    ],
    [
      'program "p", instruction 1: a loop cannot run -1 times',
      () => program("p").loop(-1, () => {}),
    ],
  ])("is told in one sentence: %s", (message, make) => {
    expect(make).toThrow(message);
    expect(make).toThrow(ProgramError);
  });

  it("names a jump that reaches too far", () => {
    const builder = program("p").jump("far");
    for (let i = 0; i < 262_144; i++) builder.raw(0);
    expect(() => builder.label("far").build()).toThrow(
      'program "p", instruction 1 (jal): the label "far" is 1048580 bytes away, beyond the 1 MiB',
    );
  });

  it("in a duration or count is reported where it is written", () => {
    expect(() => us(-1)).toThrow("us: count is -1; a duration cannot be negative");
    expect(() => ns(0.5)).toThrow("ns: count is 0.5; a duration is a whole number of nanoseconds");
    expect(() => ms(Number.NaN)).toThrow("ms: count is NaN; a duration is a whole number");
    expect(() => ticks(-1)).toThrow(
      "ticks: amount is -1; it must be a whole number from 0 to 2147483647, or a duration",
    );
    expect(() => cycles(2 ** 60)).toThrow("a bigint beyond 2^53");
    expect(() => cycles(-1n)).toThrow(
      "cycles: amount is -1n; it must be a whole number, 0 or more",
    );
    expect(() => program("p").compute(-1)).toThrow(
      'program "p", instruction 1: argument 1 of compute (cycles) cannot be negative: -1',
    );
    expect(us(2.3).nanoseconds).toBe(2300n);
    expect(us(10n ** 20n).nanoseconds).toBe(10n ** 23n);
  });
});

describe("a listing", () => {
  const built = program("lister")
    .comment("go round")
    .label("again")
    .compute(us(100))
    .call("lwkt_yield")
    .load("t0", "counter", 4)
    .bnez("t0", "again")
    .if(["t0", "==", 0], (p) => p.nop())
    .data("counter", { words: [1, 2] })
    .data("space", { zero: 12 })
    .ret()
    .build();

  it("shows offsets, words, instructions, calls by name, labels, comments and data", () => {
    expect(built.listing()).toMatchInlineSnapshot(`
      "program lister: 12 words of text, 20 bytes of data

      text:
      again:
        ; go round
        0000  00000537  lui a0, 0                  ; compute(100 us); cycles(100 us).lo
        0004  00050513  addi a0, a0, 0
        0008  000005b7  lui a1, 0                  ; cycles(100 us).hi
        000c  00058593  addi a1, a1, 0
        0010  0030000b  kcall compute
        0014  0010000b  kcall lwkt_yield
        0018  000002b7  lui t0, 0                  ; &counter+4
        001c  0002a283  lw t0, 0(t0)
        0020  fe0290e3  bne t0, zero, -32          ; -> again
        0024  00029463  bne t0, zero, 8            ; -> .else1
        0028  00000013  addi zero, zero, 0
      .else1:
        002c  00008067  jalr zero, 0(ra)

      data:
        0000  counter: 8 bytes, initialised
        0008  space: 12 bytes, zero
      "
    `);
  });

  it("agrees with the map from instructions to their source", () => {
    expect([...built.source]).toEqual([[0, "go round; compute(100 us)"]]);
  });

  it("leaves the labels of the builder itself out of the symbols", () => {
    expect([...built.symbols]).toEqual([
      ["again", { section: "text", offset: 0 }],
      ["counter", { section: "data", offset: 0 }],
      ["space", { section: "data", offset: 8 }],
    ]);
  });
});

describe("parts that several programs share", () => {
  it("are functions with labels of their own", () => {
    const twice = (p: ReturnType<typeof program>) => {
      const skip = p.newLabel("skip");
      p.bnez("a0", skip).li("a0", 1).label(skip).add("a0", "a0", "a0");
    };
    const { register } = run(program().apply(twice).apply(twice).build(), { registers: { a0: 0 } });
    expect(register("a0")).toBe(4);
  });

  it("may repeat for ever and be left by a jump", () => {
    const built = program()
      .forever((p) => p.addi("a0", "a0", 1).branchIf(["a0", "==", 5000], "out"))
      .label("out")
      .ret()
      .build();
    expect(run(built).register("a0")).toBe(5000);
  });

  it("may hold words as they are", () => {
    const built = program()
      .raw(encodeI("addi", "a0", "zero", 9))
      .build();
    expect(run(built).register("a0")).toBe(9);
  });
});
