// Programs on bare metal: traps, text that changes, the host's side, memory.

import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/core/errors.js";
import { BareMetal, type BareProgram } from "../../src/machine/bare-metal.js";
import { encodeI } from "../../src/program/encode.js";
import {
  type Builder,
  bareMachine,
  LIMIT,
  ORIGIN,
  PASSED,
  runBare,
} from "../support/bare-program.js";
import { buildUnderTest } from "../support/build.js";

const MEMORY = 1 << 20;
const END = ORIGIN + MEMORY;
/** Words that stand for others until the program is in memory: `addi zero, zero, n` with n from 1 on. */
const PLACEHOLDER = 0x0010_0013;

/** Where the first placeholder is. */
function placeOf(machine: BareMetal): number {
  let at = ORIGIN;
  while (machine.read(at) !== PLACEHOLDER) at += 4;
  return at;
}

const placeholder = (b: Builder) => b.addi("zero", "zero", 1);

/** A program that traps at its label "place"; `word`, if it is given, is what stands there. */
function trap(trapping: (builder: Builder) => unknown, word?: number) {
  const machine = bareMachine(
    (b) => {
      b.la("t0", "handler").csrrw("zero", "mtvec", "t0").csrrsi("zero", "mstatus", 8);
      b.la("s0", "place")
        .la("s1", "data")
        .li("s2", 0)
        .li("s3", END | 0)
        .label("place");
      trapping(b);
      b.li("s2", 1).jump("pass").label("handler");
      b.csrr("a0", "mcause").csrr("a1", "mepc").csrr("a2", "mtval").csrr("a3", "mstatus");
      b.sub("a4", "a1", "s0").jump("pass");
    },
    { memory: MEMORY },
  );
  if (word !== undefined) machine.write(placeOf(machine), word);
  expect(machine.run(LIMIT)).toEqual(PASSED);
  const { registers } = machine;
  const [cause, epc, value, status, offset] = registers.slice(10, 15);
  expect([registers[18], status], "the instruction behind, and mstatus").toEqual([0, 0x1880]);
  return { cause, epc: epc!, value: value!, offset: offset!, place: registers[8]!, registers };
}

describe("a trap on bare metal", () => {
  it.each<[string, (b: Builder) => unknown, number, (place: number, data: number) => number]>([
    ["ecall", (b) => b.ecall(), 11, () => 0],
    ["ebreak", (b) => b.ebreak(), 3, (place) => place],
    ["a kernel call", (b) => b.call("lwkt_yield"), 2, () => 0x0010_000b],
    [
      "writing a register that is read-only",
      (b) => b.csrrwi("zero", "cycle", 1),
      2,
      () => 0xc000_d073,
    ],
    ["a load behind memory", (b) => b.lw("a0", "s3", -3), 5, () => END - 3],
    ["a load from in front of it", (b) => b.lui("s0", 0).lb("a0", "s0", 16), 5, () => 16],
    ["a store behind memory", (b) => b.sh("a0", "s3", -1), 7, () => END - 1],
    ["a misaligned lr.w", (b) => b.addi("s1", "s1", 2).lrW("a0", "s1"), 4, (_, data) => data + 2],
    [
      "a misaligned amo",
      (b) => b.addi("s1", "s1", 1).amoaddW("a0", "a0", "s1"),
      6,
      (_, data) => data + 1,
    ],
  ])("tells of %s", (_, trapping, cause, value) => {
    const found = trap(trapping);
    expect(found.cause).toBe(cause);
    const { registers, place } = found;
    expect(found.value).toBe(value(place, (registers[9]! & ~3) >>> 0) >>> 0);
  });

  it.each([
    [0x0000_0000, 0],
    [0xffff_ffff, 0xffff_ffff],
    [0x0205_1513, 0x0205_1513], // slli by 32
    [0x0000_9c01, 0x9c01], // c.subw, which is of RV64
  ])("tells of word 0x%x, which is no instruction", (word, value) => {
    const found = trap(placeholder, word);
    expect([found.cause, found.value, found.offset]).toEqual([2, value, 0]);
  });

  it("of a jump out of memory is at its target, and the jump is done", () => {
    const found = trap((b) => b.jalr("ra", "s3", 4));
    expect([found.cause, found.epc, found.value]).toEqual([1, END + 4, END + 4]);
    expect(found.registers[1]).toBe(found.place + 4);
  });

  it("returns behind the instruction by mret, and interrupts are as before", () => {
    const machine = bareMachine((b) => {
      b.la("t0", "handler").csrrw("zero", "mtvec", "t0").csrrsi("zero", "mstatus", 8);
      b.li("s2", 0).ecall().addi("s2", "s2", 1).csrr("a0", "mstatus").jump("pass");
      b.label("handler").csrr("t1", "mepc").addi("t1", "t1", 4).csrrw("zero", "mepc", "t1");
      b.addi("s2", "s2", 10).mret();
    });
    expect(machine.run(LIMIT)).toEqual(PASSED);
    expect([machine.registers[18], machine.registers[10]]).toEqual([11, 0x1888]);
  });

  it("without a handler in memory ends the program", () => {
    const end = runBare((b) => b.csrrwi("zero", "mtvec", 0).ebreak());
    expect(end).toEqual({ reason: "trap", cause: 3, epc: ORIGIN + 4, value: ORIGIN + 4 });
  });

  it("whose handler traps for ever ends the run at the limit", () => {
    const machine = bareMachine((b) =>
      b.la("t0", "h").csrrw("zero", "mtvec", "t0").label("h").ecall(),
    );
    expect(machine.run(5000n)).toEqual({ reason: "limit" });
    expect(machine.cycles).toBeGreaterThanOrEqual(5000n);
  });
});

describe("text on bare metal", () => {
  it("that is stored to is executed as it is behind fence.i", () => {
    const machine = bareMachine((b) => {
      b.li("a0", 0)
        .li("a1", encodeI("addi", "a0", "a0", 100) | 0)
        .li("s2", 2);
      b.label("again").la("a2", "changing").label("changing").addi("a0", "a0", 1);
      b.sw("a1", "a2").fenceI().addi("s2", "s2", -1).bnez("s2", "again").jump("pass");
    });
    expect(machine.run(LIMIT)).toEqual(PASSED);
    expect(machine.registers[10]).toBe(101);
  });

  it("can be data, and reach to the last bytes of memory", () => {
    const machine = bareMachine(
      (b) => {
        b.la("t0", "handler").csrrw("zero", "mtvec", "t0");
        b.li("a1", 0x0001)
          .li("s3", (END - 2) | 0)
          .sh("a1", "s3")
          .jr("s3");
        b.label("handler").csrr("a0", "mepc").csrr("a2", "mcause").jump("pass");
      },
      { memory: MEMORY },
    );
    expect(machine.run(LIMIT)).toEqual(PASSED);
    expect([machine.registers[10], machine.registers[12]]).toEqual([END, 1]); // behind c.nop
  });
});

describe("the host's side of a program on bare metal", () => {
  it("writes, and exits with a status", () => {
    const printed: string[] = [];
    const end = runBare(
      (b) => {
        b.data("text", { bytes: new TextEncoder().encode("hello\n") });
        b.la("s0", "data").la("s1", "tohost").la("s2", "fromhost").la("a2", "text");
        b.li("a0", 64).sw("a0", "s0").li("a0", 1).sw("a0", "s0", 8).sw("a2", "s0", 16);
        b.li("a0", 6).sw("a0", "s0", 24).sw("s0", "s1").sw("zero", "s1", 4);
        b.label("wait").lw("a0", "s2").beqz("a0", "wait").sw("zero", "s2");
        b.li("a0", 93).sw("a0", "s0").li("a0", 7).sw("a0", "s0", 8).sw("s0", "s1");
        b.label("stay").jump("stay");
      },
      { onOutput: (bytes) => printed.push(new TextDecoder().decode(bytes)) },
    );
    expect(end).toEqual({ reason: "exit", code: 7 });
    expect(printed).toEqual(["hello\n"]);
  });

  it("stops an endless program at the limit, and resumes it from there", () => {
    const machine = bareMachine((b) =>
      b.li("a0", 20_000).label("l").addi("a0", "a0", -1).bnez("a0", "l"),
    );
    expect(machine.run(10_000n)).toEqual({ reason: "limit" });
    expect(machine.run(LIMIT)).toEqual(PASSED);
    expect(machine.run(LIMIT)).toEqual(PASSED);
  });

  it("runs the same however it is cut", () => {
    const body = (b: Builder) =>
      b.li("a0", 3000).label("l").csrr("a1", "cycle").addi("a0", "a0", -1).bnez("a0", "l");
    const whole = bareMachine(body);
    whole.run(LIMIT);
    const cut = bareMachine(body);
    for (let limit = 500n; cut.run(limit).reason === "limit"; limit += 777n);
    expect([...cut.registers]).toEqual([...whole.registers]);
  });
});

describe("memory on bare metal", () => {
  const segment = (address: number, size: number) => ({
    address,
    size,
    bytes: new Uint8Array(size),
  });
  const make = (addresses: number[], memory?: number) =>
    new BareMetal(
      {
        entry: addresses[0]!,
        segments: addresses.map((address) => segment(address, 8)),
        tohost: addresses[0]!,
      },
      { build: buildUnderTest, ...(memory === undefined ? {} : { memory }) },
    );

  it("begins at the program's first page, also at address 0 and at the end of all addresses", () => {
    for (const address of [0, 0x1234, 0x2000_0000, 0x8000_0000, 0xffff_f000]) {
      expect(make([address]).pc).toBe(address);
    }
  });

  it("has the words of tohost and fromhost, and room for what the segments bring", () => {
    const bytes = new Uint8Array(8);
    const whole = {
      entry: 0x1000,
      segments: [{ address: 0x1000, size: 8, bytes }],
      tohost: 0x1000,
    };
    const refused = (part: Partial<BareProgram>) => () =>
      new BareMetal({ ...whole, ...part }, { build: buildUnderTest });
    expect(refused({ tohost: 0xffc })).toThrow(
      "tohost is 0xffc; it must be the address of 8 bytes",
    );
    expect(refused({ fromhost: 0x2001000 })).toThrow("fromhost is 0x2001000; it must be the");
    expect(refused({ segments: [{ address: 0x1000, size: 4, bytes }] })).toThrow(
      "the segment at 0x1000 has 8 bytes, and its size is 4; make that as large",
    );
    expect(new BareMetal(whole, { build: buildUnderTest }).run(0n)).toEqual({ reason: "limit" });
  });

  it("is refused when the program is too far apart, or does not fit", () => {
    expect(() => make([0, 0x8000_0000])).toThrow(ConfigError);
    expect(() => make([0, 0x10_0000], 4096)).toThrow(/must be a multiple of 4096 from 1052672 to/);
    expect(() => make([0], 4097)).toThrow(/must be a multiple of 4096/);
  });
});
