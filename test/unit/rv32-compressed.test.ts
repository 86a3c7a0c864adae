// Every compressed instruction: the kernel's expansion beside the manual's tables.

import { describe, expect, it } from "vitest";
import { disassemble } from "../../src/program/disassemble.js";
import { compile, type Fault } from "../support/compile.js";
import { expandCompressed } from "../support/rv32c-reference.js";

const ENTRY = "assembly/cpu/rv32_compressed.ts";

async function expansion(fault?: Fault): Promise<(half: number) => number> {
  const binary = await compile(ENTRY, fault);
  const { instance } = await WebAssembly.instantiate(binary as BufferSource, {});
  return (instance.exports as unknown as { rv_expand(half: number): number }).rv_expand;
}

/** The halves of 16 bits that two expansions differ about. */
function differences(expand: (half: number) => number): number[] {
  const halves = Array.from({ length: 1 << 16 }, (_, half) => half);
  return halves.filter((half) => (expand(half) ^ (expandCompressed(half) ?? 0)) !== 0);
}

describe("the expansion of compressed instructions", () => {
  it("is that of the manual, for all 65,536", async () => {
    expect(differences(await expansion())).toEqual([]);
  });

  it("differs from it when it has a fault", async () => {
    const fault = { file: ENTRY, text: "bits(half, 7, 1, 6) |", instead: "bits(half, 7, 1, 7) |" };
    expect(differences(await expansion(fault)).length).toBeGreaterThan(0);
  });

  // What riscv64-unknown-elf-as makes of the short forms.
  it.each([
    [0x1840, "addi s0, sp, 52"],
    [0x40c8, "lw a0, 4(s1)"],
    [0xc0c8, "sw a0, 4(s1)"],
    [0x1571, "addi a0, a0, -4"],
    [0x6541, "lui a0, 16"],
    [0x7139, "addi sp, sp, -64"],
    [0x8d0d, "sub a0, a0, a1"],
    [0x4502, "lw a0, 0(sp)"],
    [0xc02a, "sw a0, 0(sp)"],
    [0x852e, "add a0, zero, a1"],
    [0x8082, "jalr zero, 0(ra)"],
    [0x9502, "jalr ra, 0(a0)"],
    [0x9002, "ebreak"],
  ])("makes 0x%x %s", (half, text) => {
    expect(disassemble((expandCompressed(half) ?? 0) >>> 0)).toBe(text);
  });
});
