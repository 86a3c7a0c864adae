// Self-checking programs on bare metal: each instruction computes what the architecture says, and the program
// itself compares and tells the number of the first test that fails.

import { describe, expect, it } from "vitest";
import { type Builder, PASSED, runBare } from "../support/bare-program.js";

const MIN = 0x8000_0000;
const MAX = 0x7fff_ffff;
const ONES = 0xffff_ffff;

type Binary = [op: string, a: number, b: number, result: number];

/** Tests numbered from 1: `compute` leaves its result in a0, and a1 and a2 are free for it. */
class Checks {
  private count = 0;
  constructor(readonly builder: Builder) {}

  expect(compute: (builder: Builder) => unknown, result: number): void {
    this.count++;
    this.builder.li("gp", this.count);
    compute(this.builder);
    const far = `next${this.count}`;
    this.builder
      .li("t6", result | 0)
      .beq("a0", "t6", far)
      .jump("fail")
      .label(far);
  }
}

const checked = (write: (checks: Checks) => void) =>
  runBare((builder) => {
    write(new Checks(builder));
    builder.jump("pass");
  });

const method = (builder: Builder, op: string, ...operands: unknown[]): unknown =>
  (builder as unknown as Record<string, (...operands: unknown[]) => unknown>)[op]!(...operands);

const registerCases: Binary[] = [
  ["add", MAX, 1, MIN],
  ["add", ONES, ONES, 0xffff_fffe],
  ["sub", MIN, 1, MAX],
  ["sub", 0, MIN, MIN],
  ["sll", 1, 31, MIN],
  ["sll", 0x21212121, 0xffff_ffc7, 0x90909080],
  ["slt", MIN, MAX, 1],
  ["slt", MAX, MIN, 0],
  ["slt", 5, 5, 0],
  ["sltu", MIN, MAX, 0],
  ["sltu", 0, ONES, 1],
  ["xor", 0xff00ff00, 0x0f0f0f0f, 0xf00ff00f],
  ["srl", MIN, 31, 1],
  ["srl", 0x21212121, 0xffff_ffce, 0x8484],
  ["sra", MIN, 31, ONES],
  ["sra", 0x81818181, 0xffff_ffc7, 0xff030303],
  ["or", 0xff00ff00, 0x0f0f0f0f, 0xff0fff0f],
  ["and", 0xff00ff00, 0x0f0f0f0f, 0x0f000f00],
  ["mul", 0x7e00, 0x6db6db6d, 0xffff_a600],
  ["mul", MIN, ONES, MIN],
  ["mulh", MIN, MIN, 0x4000_0000],
  ["mulh", ONES, ONES, 0],
  ["mulh", MAX, MIN, 0xc000_0000],
  ["mulhsu", ONES, ONES, ONES],
  ["mulhsu", MIN, ONES, MIN],
  ["mulhsu", 2, MIN, 1],
  ["mulhu", ONES, ONES, 0xffff_fffe],
  ["mulhu", MIN, 2, 1],
  ["div", 0xffff_ffec, 6, 0xffff_fffd],
  ["div", 20, 0xffff_fffa, 0xffff_fffd],
  ["div", MIN, ONES, MIN],
  ["div", MIN, 0, ONES],
  ["divu", 0xffff_ffec, 6, 0x2aaa_aaa7],
  ["divu", MIN, ONES, 0],
  ["divu", 1, 0, ONES],
  ["rem", 0xffff_ffec, 6, 0xffff_fffe],
  ["rem", 20, 0xffff_fffa, 2],
  ["rem", MIN, ONES, 0],
  ["rem", MIN, 0, MIN],
  ["remu", 0xffff_ffec, 6, 2],
  ["remu", MIN, ONES, MIN],
  ["remu", 7, 0, 7],
];

const immediateCases: Binary[] = [
  ["addi", MAX, 2047, 0x8000_07fe],
  ["addi", 0, -2048, 0xffff_f800],
  ["slti", MIN, -1, 1],
  ["slti", 0, -1, 0],
  ["sltiu", 0, -1, 1],
  ["sltiu", ONES, -1, 0],
  ["xori", 0x00ff0f00, -241, 0xff00f00f],
  ["ori", 0xff00ff00, -241, 0xffff_ff0f],
  ["andi", 0xff00ff00, 0x70f, 0x700],
  ["slli", 0x21212121, 14, 0x48484000],
  ["srli", 0x81818181, 7, 0x01030303],
  ["srai", 0x81818181, 31, ONES],
];

const branchCases: [op: string, a: number, b: number, taken: boolean][] = [
  ["beq", 1, 1, true],
  ["beq", 1, 0, false],
  ["bne", 1, 0, true],
  ["bne", ONES, ONES, false],
  ["blt", MIN, 0, true],
  ["blt", 0, MIN, false],
  ["blt", 3, 3, false],
  ["bge", 0, MIN, true],
  ["bge", 3, 3, true],
  ["bge", MIN, 0, false],
  ["bltu", 0, MIN, true],
  ["bltu", MIN, 0, false],
  ["bgeu", MIN, 0, true],
  ["bgeu", 3, 3, true],
  ["bgeu", 0, ONES, false],
];

const atomicCases: [op: string, memory: number, value: number, stored: number][] = [
  ["amoswapW", 7, MIN, MIN],
  ["amoaddW", MIN, 0xffff_f800, 0x7fff_f800],
  ["amoxorW", 0xff00, 0x0ff0, 0xf0f0],
  ["amoandW", 0xff00, 0x0ff0, 0x0f00],
  ["amoorW", 0xff00, 0x0ff0, 0xfff0],
  ["amominW", MIN, 1, MIN],
  ["amomaxW", MIN, 1, 1],
  ["amominuW", MIN, 1, 1],
  ["amomaxuW", MIN, 1, MIN],
];

describe("a program on bare metal passes its own tests of", () => {
  it("operations of registers, also with the same register for all", () => {
    const end = checked((checks) => {
      for (const [op, a, b, result] of registerCases) {
        checks.expect(
          (c) => method(c.li("a1", a | 0).li("a2", b | 0), op, "a0", "a1", "a2"),
          result,
        );
        checks.expect(
          (c) => method(c.li("a0", a | 0).li("a2", b | 0), op, "a0", "a0", "a2"),
          result,
        );
        checks.expect(
          (c) => method(c.li("a1", a | 0).li("a0", b | 0), op, "a0", "a1", "a0"),
          result,
        );
        if (a === b) checks.expect((c) => method(c.li("a0", a | 0), op, "a0", "a0", "a0"), result);
      }
    });
    expect(end).toEqual(PASSED);
  });

  it("operations with constants, lui and auipc", () => {
    const end = checked((checks) => {
      for (const [op, a, imm, result] of immediateCases) {
        checks.expect((c) => method(c.li("a1", a | 0), op, "a0", "a1", imm), result);
      }
      checks.expect((c) => c.lui("a0", 0xfffff), 0xffff_f000);
      checks.expect((c) => c.auipc("a1", 0).auipc("a2", 1).sub("a0", "a2", "a1"), 0x1004);
    });
    expect(end).toEqual(PASSED);
  });

  it("loads and stores, aligned and not", () => {
    const end = checked((checks) => {
      const bytes = (c: Builder) =>
        c
          .la("a1", "data")
          .li("a2", 0x8182_f384 | 0)
          .sw("a2", "a1", 8);
      checks.expect((c) => bytes(c).lw("a0", "a1", 8), 0x8182_f384);
      checks.expect((c) => bytes(c).lb("a0", "a1", 8), 0xffff_ff84);
      checks.expect((c) => bytes(c).lbu("a0", "a1", 9), 0xf3);
      checks.expect((c) => bytes(c).lh("a0", "a1", 8), 0xffff_f384);
      checks.expect((c) => bytes(c).lhu("a0", "a1", 9), 0x82f3);
      checks.expect((c) => bytes(c).lw("a0", "a1", 7), 0x82f3_8400);
      checks.expect((c) => bytes(c).sb("zero", "a1", 9).lw("a0", "a1", 8), 0x8182_0084);
      checks.expect(
        (c) => bytes(c).sh("a1", "a1", 9).sh("zero", "a1", 9).lw("a0", "a1", 8),
        0x8100_0084,
      );
      checks.expect((c) => bytes(c).sw("zero", "a1", 10).lw("a0", "a1", 8), 0xf384);
      checks.expect((c) => bytes(c).lw("zero", "a1", 8).mv("a0", "zero"), 0);
    });
    expect(end).toEqual(PASSED);
  });

  it("branches and jumps", () => {
    const end = checked((checks) => {
      for (const [index, [op, a, b, taken]] of branchCases.entries()) {
        const target = `taken${index}`;
        const done = `done${index}`;
        checks.expect(
          (c) => {
            method(
              c
                .li("a1", a | 0)
                .li("a2", b | 0)
                .li("a0", 0),
              op,
              "a1",
              "a2",
              target,
            );
            c.jump(done).label(target).li("a0", 1).label(done);
          },
          taken ? 1 : 0,
        );
      }
      checks.expect((c) => {
        c.li("a0", 0).jal("a1", "call").addi("a0", "a0", 1).jump("called");
        c.label("call").addi("a0", "a0", 2).jalr("a2", "a1", 1).label("called");
      }, 3);
    });
    expect(end).toEqual(PASSED);
  });

  it("atomics", () => {
    const end = checked((checks) => {
      for (const [op, memory, value, stored] of atomicCases) {
        const prepared = (c: Builder) =>
          c
            .la("a1", "data")
            .li("a2", memory | 0)
            .sw("a2", "a1")
            .li("a2", value | 0);
        checks.expect((c) => method(prepared(c), op, "a0", "a2", "a1"), memory);
        checks.expect((c) => {
          method(prepared(c), op, "zero", "a2", "a1");
          c.lw("a0", "a1");
        }, stored);
      }
      checks.expect((c) => c.la("a1", "data").lrW("a2", "a1").scW("a0", "a1", "a1"), 0);
      checks.expect((c) => c.scW("a0", "a1", "a1"), 1);
      checks.expect((c) => c.addi("a2", "a1", 64).lrW("a0", "a1").scW("a0", "a1", "a2"), 1);
    });
    expect(end).toEqual(PASSED);
  });

  it("registers of machine mode", () => {
    const end = checked((checks) => {
      checks.expect((c) => c.csrrwi("zero", "mscratch", 3).csrr("a0", "mscratch"), 3);
      checks.expect((c) => c.csrrci("a0", "mscratch", 1), 3);
      checks.expect((c) => c.csrrsi("a0", "mscratch", 4), 2);
      checks.expect((c) => c.li("a1", 0xbad1dea).csrrw("a0", "mscratch", "a1"), 6);
      checks.expect((c) => c.li("a1", 0x1dea).csrrc("a0", "mscratch", "a1"), 0xbad1dea);
      checks.expect((c) => c.li("a1", 0xbeef).csrrs("a0", "mscratch", "a1"), 0xbad0000);
      checks.expect((c) => c.csrr("a0", "mscratch"), 0xbadbeef);
      checks.expect((c) => c.csrr("a0", "misa"), 0x40001105);
      checks.expect((c) => c.csrr("a0", "mhartid"), 0);
      checks.expect(
        (c) => c.li("a1", -1).csrrw("zero", "mstatus", "a1").csrr("a0", "mstatus"),
        0x1888,
      );
      checks.expect((c) => c.csrrw("zero", "mstatus", "zero").csrr("a0", "mstatus"), 0x1800);
      checks.expect((c) => c.csrrw("zero", "mie", "a1").csrr("a0", "mie"), 0x888);
      checks.expect((c) => c.csrrw("zero", "mip", "a1").csrr("a0", "mip"), 0);
      checks.expect((c) => c.csrrw("zero", "mepc", "a1").csrr("a0", "mepc"), 0xffff_fffe);
      checks.expect((c) => c.csrrw("zero", "mtvec", "a1").csrr("a0", "mtvec"), 0xffff_fffd);
      checks.expect((c) => c.csrrw("zero", "tselect", "a1").csrr("a0", "tselect"), 0);
      checks.expect((c) => c.csrrw("zero", "pmpaddr0", "a1").csrr("a0", "pmpaddr0"), ONES);
      checks.expect((c) => c.csrrw("zero", "pmpcfg0", "a1").csrr("a0", "pmpcfg0"), 0x1f1f_1f1f);
      for (const id of ["mvendorid", "marchid", "mimpid"] as const) {
        checks.expect((c) => c.csrr("a0", id), 0);
      }
    });
    expect(end).toEqual(PASSED);
  });

  it("counters, which count on from the value written", () => {
    const end = checked((checks) => {
      checks.expect((c) => c.csrrwi("zero", "minstret", 0).csrr("a0", "minstret"), 0);
      checks.expect((c) => c.csrrwi("zero", "mcycle", 9).nop().csrr("a0", "cycle"), 10);
      checks.expect(
        (c) =>
          c
            .li("a1", -1)
            .csrrw("zero", "minstret", "a1")
            .csrrw("zero", "minstreth", "a1")
            .nop()
            .csrr("a0", "minstret"),
        0,
      );
      checks.expect((c) => c.csrr("a0", "minstreth"), 0);
      checks.expect(
        (c) => c.csrr("a1", "instret").nop().csrr("a2", "instret").sub("a0", "a2", "a1"),
        2,
      );
      checks.expect((c) => c.csrr("a1", "time").csrr("a2", "time").sub("a0", "a2", "a1"), 1);
    });
    expect(end).toEqual(PASSED);
  });

  it("fences and wfi", () => {
    const end = checked((checks) => {
      checks.expect((c) => c.li("a0", 5).fence().fenceI().wfi(), 5);
    });
    expect(end).toEqual(PASSED);
  });

  it("itself: a failing test is reported by its number", () => {
    const end = checked((checks) => {
      checks.expect((c) => c.li("a0", 1), 1);
      checks.expect((c) => c.li("a0", 1), 2);
    });
    expect(end).toEqual({ reason: "exit", code: 2 });
  });
});
