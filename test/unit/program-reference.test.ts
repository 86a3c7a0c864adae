// The reference interpreter itself, where programs of the builder would not show a mistake.

import { describe, expect, it } from "vitest";
import {
  encodeAmo,
  encodeCsrRead,
  encodeJ,
  encodeKernelCall,
  encodeLoad,
  encodeLr,
  encodeR,
  encodeS,
  encodeSystem,
  encodeU,
} from "../../src/program/encode.js";
import { type Register, registerNumber } from "../../src/program/registers.js";
import { RETURN_ADDRESS, ReferenceCpu } from "../support/rv32-reference.js";

type Registers = Partial<Record<Register, number>>;

const TEXT = 0x100;
const MEMORY = 0x1000;

/** A CPU with some words as its text. */
function cpuWith(words: readonly number[], registers: Registers = {}) {
  const memory = new Uint8Array(MEMORY);
  const view = new DataView(memory.buffer);
  words.forEach((word, index) => {
    view.setUint32(TEXT + index * 4, word, true);
  });
  const cpu = new ReferenceCpu({ memory, text: { base: TEXT, size: words.length * 4 } });
  for (const [name, value] of Object.entries(registers)) {
    cpu.x[registerNumber(name as Register)] = value;
  }
  return { cpu, view };
}

const binary = (op: Parameters<typeof encodeR>[0], a0: number, a1: number): number => {
  const { cpu } = cpuWith([encodeR(op, "a0", "a0", "a1")], { a0, a1 });
  cpu.run(1);
  return cpu.x[10]!;
};

const MIN = -(2 ** 31);

describe("the reference interpreter", () => {
  it.each<[Parameters<typeof encodeR>[0], number, number, number]>(
    [
      ["add", 2 ** 31 - 1, 1, MIN],
      ["sub", MIN, 1, 2 ** 31 - 1],
      ["sll", 1, 33, 2],
      ["srl", -1, 31, 1],
      ["sra", MIN, 31, -1],
      ["slt", MIN, 0, 1],
      ["sltu", MIN, 0, 0],
      ["mul", 0x12345678, 0x1234567, 0x12345678n * 0x1234567n],
      ["mulh", MIN, MIN, 0x40000000],
      ["mulh", -1, -1, 0],
      ["mulhu", -1, -1, -2],
      ["mulhsu", -1, -1, -1],
      ["mulhsu", 1, -1, 0],
      ["div", -7, 2, -3],
      ["div", 7, 0, -1],
      ["div", MIN, -1, MIN],
      ["divu", -1, 2, 0x7fffffff],
      ["divu", 7, 0, -1],
      ["rem", -7, 2, -1],
      ["rem", 7, -2, 1],
      ["rem", MIN, -1, 0],
      ["rem", 7, 0, 7],
      ["remu", -1, 10, 5],
      ["remu", -7, 0, -7],
    ].map(([op, a, b, r]) => [op, a, b, Number(BigInt.asIntN(32, BigInt(r!)))] as never),
  )("computes %s of %i and %i as %i", (op, a, b, result) => {
    expect(binary(op, a, b)).toBe(result);
  });

  it.each<[Parameters<typeof encodeAmo>[0], number]>([
    ["amoswap.w", -5],
    ["amoadd.w", 2],
    ["amoxor.w", 7 ^ -5],
    ["amoand.w", 7 & -5],
    ["amoor.w", 7 | -5],
    ["amomin.w", -5],
    ["amomax.w", 7],
    ["amominu.w", 7],
    ["amomaxu.w", -5],
  ])("does %s on 7 and -5, and hands out the old value", (op, result) => {
    const { cpu, view } = cpuWith([encodeAmo(op, "a0", "a1", "a2")], { a1: -5, a2: 64 });
    view.setInt32(64, 7, true);
    cpu.run(1);
    expect([view.getInt32(64, true), cpu.x[10]]).toEqual([result, 7]);
  });

  it("stores conditionally once after a reservation of the same word", () => {
    const sc = encodeAmo("sc.w", "a0", "a1", "a2");
    const { cpu, view } = cpuWith([encodeLr("a3", "a2"), sc, sc], { a1: 9, a2: 64 });
    cpu.run(2);
    expect([cpu.x[10], view.getInt32(64, true)]).toEqual([0, 9]);
    cpu.run(1);
    expect(cpu.x[10]).toBe(1);
  });

  it("sign-extends bytes and halfwords, and not their unsigned forms", () => {
    const ops = ["lb", "lbu", "lh", "lhu", "lw"] as const;
    const targets = ["a0", "a1", "a2", "a3", "a4"] as const;
    const words = ops.map((op, index) => encodeLoad(op, targets[index]!, "s0", 1));
    const { cpu, view } = cpuWith(words, { s0: 63 });
    view.setUint32(64, 0x8001fff0, true);
    cpu.run(5);
    expect([...cpu.x.subarray(10, 15)]).toEqual([-16, 0xf0, -16, 0xfff0, 0x8001fff0 | 0]);
  });

  it("never changes x0", () => {
    const { cpu } = cpuWith([encodeU("lui", "zero", 5), encodeJ("jal", "zero", 4)]);
    cpu.run(2);
    expect(cpu.x[0]).toBe(0);
  });

  it("hands kernel calls and environment calls to its hook, and stops where the hook says so", () => {
    const seen: number[] = [];
    const memory = new Uint8Array(16);
    new DataView(memory.buffer).setUint32(0, encodeKernelCall(77), true);
    new DataView(memory.buffer).setUint32(4, encodeSystem("ecall"), true);
    new DataView(memory.buffer).setUint32(8, encodeSystem("ebreak"), true);
    const onCall = (cpu: ReferenceCpu, nr: number) => {
      seen.push(nr, cpu.pc);
      return nr === 78 ? "stop" : undefined;
    };
    const cpu = new ReferenceCpu({ memory, text: { base: 0, size: 12 }, onCall });
    cpu.x[17] = 78;
    expect(cpu.run(10)).toEqual({ reason: "call" });
    expect(seen).toEqual([77, 4, 78, 8]);
    expect(cpu.run(10)).toEqual({ reason: "break" });
    expect(cpu.instructions).toBe(3);
  });

  it("stops where the body returns, and where its budget ends", () => {
    const { cpu } = cpuWith([encodeU("lui", "a0", 1), encodeLoad("jalr", "zero", "ra", 0)]);
    expect(cpu.run(1)).toEqual({ reason: "budget" });
    expect(cpu.run(1)).toEqual({ reason: "returned" });
    expect(cpu.run(1)).toEqual({ reason: "returned" });
    expect([cpu.instructions, cpu.pc]).toEqual([2, RETURN_ADDRESS]);
  });

  it.each<[string, number, Registers, number]>([
    ["illegal-instruction", 0, {}, TEXT],
    ["illegal-instruction", encodeKernelCall(1) | 0x80, {}, TEXT],
    ["illegal-instruction", 0x02a5950b, {}, TEXT],
    ["illegal-instruction", 0x40001033, {}, TEXT],
    ["illegal-instruction", 0x04000033, {}, TEXT],
    ["illegal-instruction", 0x02001013, {}, TEXT],
    ["illegal-instruction", 0x04005013, {}, TEXT],
    ["illegal-instruction", 0x00003003, {}, TEXT],
    ["illegal-instruction", 0x00003023, {}, TEXT],
    ["illegal-instruction", 0x00002063, {}, TEXT],
    ["illegal-instruction", 0x00001067, {}, TEXT],
    ["illegal-instruction", 0x0000200f, {}, TEXT],
    ["illegal-instruction", 0x0000302f, {}, TEXT],
    ["illegal-instruction", 0x2800202f, {}, TEXT],
    ["illegal-instruction", 0x1010202f, {}, TEXT],
    ["illegal-instruction", 0x30200073, {}, TEXT],
    ["illegal-instruction", 0xc0001073, {}, TEXT],
    ["illegal-instruction", 0xc000a073, {}, TEXT],
    ["illegal-instruction", 0xc000f073, {}, TEXT],
    ["illegal-instruction", 0x30002573, {}, TEXT],
    ["illegal-instruction", 0x00002000, {}, TEXT],
    ["illegal-instruction", 0x00006101, {}, TEXT],
    ["illegal-instruction", 0x00008002, {}, TEXT],
    ["illegal-instruction", 0x00004002, {}, TEXT],
    ["illegal-instruction", 0x00009005, {}, TEXT],
    ["load", encodeLoad("lw", "a0", "a1", 0), { a1: MEMORY - 3 }, MEMORY - 3],
    ["load", encodeLoad("lb", "a0", "zero", -1), {}, 0xffffffff],
    ["store", encodeS("sb", "a0", "a1", 0), { a1: MEMORY }, MEMORY],
    ["store", encodeS("sw", "a0", "a1", 0), { a1: TEXT - 3 }, TEXT - 3],
    ["store", encodeAmo("amoadd.w", "a0", "a0", "a1"), { a1: TEXT }, TEXT],
    ["misaligned-atomic", encodeLr("a0", "a1"), { a1: 2 }, 2],
  ])("stops at a fault, %s, and changes nothing", (fault, word, registers, address) => {
    const { cpu } = cpuWith([word >>> 0], registers);
    const before = [...cpu.x];
    expect(cpu.run(1)).toEqual({ reason: "fault", fault, address });
    expect([...cpu.x]).toEqual(before);
    expect([cpu.pc, cpu.instructions]).toEqual([TEXT, 0]);
  });

  it("executes compressed instructions, also in the middle of others", () => {
    // c.li a0, 5; c.addi a0, -2; jal ra, 8 over c.li a0, 1 and c.nop; c.mv a1, a0
    const { cpu } = cpuWith([0x15794515, 0x008000ef, 0x00014505, 0x000185aa]);
    cpu.run(4);
    expect([cpu.x[10], cpu.x[11], cpu.x[1], cpu.pc]).toEqual([3, 3, TEXT + 8, TEXT + 14]);
    // lui a0, 0x45150 has c.li a0, 5 in its upper half
    const middle = cpuWith([0x4515_0537]).cpu;
    middle.pc = TEXT + 2;
    middle.run(1);
    expect([middle.x[10], middle.pc]).toEqual([5, TEXT + 4]);
  });

  it("reads the counters and its hart number", () => {
    const nop = encodeCsrRead("zero", "cycle");
    const words = [nop, nop, encodeCsrRead("a0", "instret"), encodeCsrRead("a1", "mhartid")];
    const { cpu } = cpuWith(words, { a1: 7 });
    cpu.run(4);
    expect([cpu.x[10], cpu.x[11]]).toEqual([2, 0]);
  });

  it("faults at the end of a text that ends in the middle of an instruction", () => {
    const { cpu } = cpuWith([0x00130001]);
    expect(cpu.run(2)).toEqual({ reason: "fault", fault: "fetch", address: TEXT + 4 });
  });

  it("faults at the target of a jump out of the text", () => {
    const { cpu } = cpuWith([encodeJ("jal", "zero", 4)]);
    expect(cpu.run(5)).toEqual({ reason: "fault", fault: "fetch", address: TEXT + 4 });
    expect(cpu.instructions).toBe(1);
  });
});
