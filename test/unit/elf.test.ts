// ELF files: what is read from good ones, and the one sentence that refuses each bad one.

import { describe, expect, it } from "vitest";
import { ElfError, parseElf, SymbolTable, segmentBytes, sourceLines } from "../../src/elf/index.js";
import { type ElfSpec, exampleElf, makeElf, R, text, W } from "../support/elf.js";

const code = { address: 0x1100, bytes: text(0x00000013, 0x00008067) };
const data = { address: 0x10000, bytes: text(1, 2), size: 64, flags: R | W };
const good: ElfSpec = { segments: [code, data] };

function refusal(bytes: Uint8Array): string {
  try {
    parseElf(bytes, "f.elf");
  } catch (error) {
    expect(error).toBeInstanceOf(ElfError);
    return (error as ElfError).message;
  }
  return "";
}

describe("a good ELF file", () => {
  it("gives segments with their addresses, bytes, sizes and rights", () => {
    const image = parseElf(makeElf(good));
    expect(image.entry).toBe(0x1100);
    expect(image.segments.map(({ address, size, bytes }) => [address, size, bytes.length])).toEqual(
      [
        [0x1100, 8, 8],
        [0x10000, 64, 8],
      ],
    );
    expect(image.segments.map(({ executable, writable }) => [executable, writable])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it("may have a segment without bytes behind its end, as linkers place zeros", () => {
    const zeros = { address: 0x20000, offset: 0x7fff_f000, size: 64, flags: R | W };
    const [, , segment] = parseElf(makeElf({ segments: [code, data, zeros] })).segments;
    expect(segment).toMatchObject({ address: 0x20000, size: 64, bytes: new Uint8Array(0) });
  });

  it("gives the symbols of what a compiler has made, in the order of addresses", () => {
    const image = parseElf(exampleElf("work"), "work.elf");
    const symbols = new SymbolTable("work.elf", image.sections.symbols, 0);
    const main = symbols.addressOf("main");
    expect(symbols.describe(main)).toBe("main");
    expect(symbols.describe(main + 4)).toBe("main+0x4");
    expect(symbols.describe(0)).toBe("0x0");
    const label = { name: "label", address: 0x1000, size: 0, isFunction: false };
    const moved = new SymbolTable("work.elf", [label], 0x4000);
    expect(moved.describe(0x5004)).toBe("label+0x4");
    expect(moved.describe(0x3ffc)).toBe("0x3ffc");
    expect(() => symbols.addressOf("mein")).toThrow('work.elf: nothing called "mein" is defined');
    const addresses = image.sections.symbols.map(({ address }) => address);
    expect(addresses).toEqual([...addresses].sort((a, b) => a - b));
  });

  it("gets its addresses filled in where it is position-independent", () => {
    // .dynamic: RELA at 0x2000, 24 bytes; a RELATIVE word at 0x1004 and nothing (NONE) elsewhere.
    const dynamic = text(7, 0x2000, 8, 24, 9, 12, 0, 0);
    const rela = text(0x1004, 3, 0x1008, 0x1000, 0, 0);
    const spec: ElfSpec = {
      type: 3,
      entry: 0x1000,
      segments: [
        { address: 0x1000, bytes: text(1, 2, 3) },
        { address: 0x2000, bytes: rela, flags: R },
        { type: 2, address: 0x3000, bytes: dynamic, flags: R },
      ],
    };
    const image = parseElf(makeElf(spec));
    const [segment] = image.segments;
    if (segment === undefined) throw new Error("no segment");
    const bytes = segmentBytes(image, segment, 0x40000);
    expect([...new Uint32Array(bytes.buffer)]).toEqual([1, 0x41008, 3]);
    expect([...new Uint32Array(segment.bytes.slice().buffer)]).toEqual([1, 2, 3]);
  });

  it("gets them where the linker has packed the places, too", () => {
    // .dynamic: RELR at 0x2000, 12 bytes; the words 0, 1, 3 and 32 of the first segment, and word 33, of its BSS.
    const words = Array.from({ length: 33 }, (_, index) => index + 1);
    const spec = (...relr: number[]): Uint8Array =>
      makeElf({
        type: 3,
        entry: 0x1000,
        segments: [
          { address: 0x1000, bytes: text(...words), size: 34 * 4 },
          { address: 0x2000, bytes: text(...relr), flags: R },
          { type: 2, address: 0x3000, bytes: text(36, 0x2000, 35, 4 * relr.length, 0, 0) },
        ],
      });
    const image = parseElf(spec(0x1000, 0b1011, 0b111));
    const [segment] = image.segments;
    if (segment === undefined) throw new Error("no segment");
    const loaded = [...new Uint32Array(segmentBytes(image, segment, 0x40000).buffer)];
    const moved = new Set([0, 1, 3, 32, 33]);
    const expected = [...words, 0].map((word, index) => (moved.has(index) ? 0x40000 + word : word));
    expect(loaded).toEqual(expected);
    expect(refusal(spec(0x1000, 0b1011, 0b1111))).toContain("a relocation is for 0x1088");
    expect(refusal(spec(0b11))).toContain("a relocation is for 0x0");
  });
});

describe("a bad ELF file", () => {
  const segment = (changes: object) => makeElf({ segments: [{ ...code, ...changes }, data] });
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["no ELF", new TextEncoder().encode("int main() {}"), "this is not an ELF file"],
    ["nothing", new Uint8Array(0), "this is not an ELF file"],
    ["a header cut off", makeElf(good).subarray(0, 40), "the file has 40 bytes, and an ELF header"],
    ["64 bits", makeElf({ ...good, class: 2 }), "this is a 64-bit program"],
    ["no class", makeElf({ ...good, class: 7 }), "its class is 7"],
    ["big-endian", makeElf({ ...good, data: 2 }), "this is a big-endian program"],
    ["no byte order", makeElf({ ...good, data: 0 }), "its byte order is 0"],
    ["a version", makeElf({ ...good, version: 3 }), "its ELF version is 3"],
    ["another machine", makeElf({ ...good, machine: 62 }), "a program for x86-64, not for RISC-V"],
    ["an unknown machine", makeElf({ ...good, machine: 9999 }), "a program for machine 9999"],
    ["an object file", makeElf({ ...good, type: 1 }), "an object file that has not been linked"],
    ["a core", makeElf({ ...good, type: 4 }), "its type is 4, not a program"],
    ["hard float", makeElf({ ...good, flags: 4 }), "numbers in floating-point registers"],
    ["RV32E", makeElf({ ...good, flags: 8 }), "compiled for RV32E"],
    ["no segments", makeElf({ segments: [] }), "it has no program headers"],
    ["nothing to load", makeElf({ segments: [{ ...code, type: 4 }] }), "none of its segments"],
    [
      "a dynamic loader",
      makeElf({ segments: [{ ...code, type: 3 }] }),
      "it wants a dynamic loader",
    ],
    ["TLS", makeElf({ segments: [{ ...code, type: 7 }] }), "it has thread-local variables"],
    ["an offset past the end", segment({ offset: 0x7fffffff }), "segment 0 would be at offset"],
    [
      "a size past the end",
      segment({ fileSize: 0xffffffff, size: 0xffffffff }),
      "segment 0 would be",
    ],
    [
      "more bytes than memory",
      segment({ size: 4 }),
      "segment 0 has 8 bytes in the file and only 4",
    ],
    ["bytes and no memory", segment({ size: 0 }), "segment 0 has 8 bytes in the file and none"],
    [
      "an end beyond 32 bits",
      makeElf({ segments: [code, { ...data, address: 0xfffffff0 }] }),
      "segment 1 of 64 bytes at 0xfffffff0 ends beyond 32-bit addresses",
    ],
    [
      "an overlap",
      makeElf({ segments: [code, { ...data, address: 0x1104 }] }),
      "two of its segments overlap at 0x1104",
    ],
    ["an entry nowhere", makeElf({ ...good, entry: 0x5000 }), "by -Wl,-e,NAME"],
    [
      "an entry in data",
      makeElf({ ...good, entry: 0x10000 }),
      "a segment that must not be executed",
    ],
    ["an odd entry", makeElf({ ...good, entry: 0x1101 }), "its entry point 0x1101 is no multiple"],
    ["half an instruction", makeElf({ ...good, entry: 0x1102 }), "0x1102 is no multiple of 4"],
    [
      "too many headers",
      makeElf({ segments: Array.from({ length: 65 }, () => code) }),
      "it has 65 program headers; at most 64",
    ],
  ];

  it.each(cases)("is refused: %s", (_, bytes, message) => {
    const said = refusal(bytes);
    expect(said).toContain(message);
    expect(said).toMatch(/^f\.elf: [^\n]{20,300}$/);
  });

  it("is refused when its table of sections lies", () => {
    const bytes = exampleElf("work").slice();
    new DataView(bytes.buffer).setUint32(32, bytes.length - 8, true);
    expect(refusal(bytes)).toContain("its table of sections would be at offset");
  });

  it("is refused if it needs shared libraries, or a relocation that a static program cannot have", () => {
    const spec = (dynamic: Uint8Array, rela = text(0x1000, 3, 0)): Uint8Array =>
      makeElf({
        type: 3,
        segments: [
          { address: 0x1000, bytes: text(1, 2) },
          { address: 0x2000, bytes: rela, flags: R },
          { type: 2, address: 0x3000, bytes: dynamic, flags: R },
        ],
      });
    expect(refusal(spec(text(1, 1, 0, 0)))).toContain("it wants shared libraries");
    expect(refusal(spec(text(7, 0x9000, 8, 12, 0, 0)))).toContain(
      "at 0x9000, 12 bytes long, is not",
    );
    const table = text(7, 0x2000, 8, 12, 0, 0);
    expect(refusal(spec(table, text(0x7000, 3, 0)))).toContain("a relocation is for 0x7000");
    expect(refusal(spec(table, text(0x1000, 58, 0)))).toContain("has type 58");
    expect(refusal(spec(table, text(0x1000, 1, 0)))).toContain("but no dynamic symbols");
  });
});

describe("source lines", () => {
  /** A unit of DWARF 4: at 0x100 line 10 of a.c, at 0x104 line 12, the end at 0x108. */
  const header = [
    1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0x61, 0x2e, 0x63, 0, 0, 0, 0, 0,
  ];
  const program = [0, 5, 2, 0x00, 0x01, 0, 0, 3, 9, 1, 2, 4, 3, 2, 1, 2, 4, 0, 1, 1];
  const u32 = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)];
  const body = [4, 0, ...u32(header.length), ...header, ...program];
  const unit = new Uint8Array([...u32(body.length), ...body]);
  const sections = (bytes: Uint8Array) => ({
    symbols: [],
    find: (name: string) => (name === ".debug_line" ? bytes : undefined),
  });

  it("are found for addresses between two rows", () => {
    const lines = sourceLines(sections(unit), [0x100, 0x102, 0x104, 0x107, 0x108, 0xff]);
    expect(Object.fromEntries(lines)).toEqual({
      256: { file: "a.c", line: 10 },
      258: { file: "a.c", line: 10 },
      260: { file: "a.c", line: 12 },
      263: { file: "a.c", line: 12 },
    });
  });

  it("do not come from code that the linker has left out", () => {
    const dead = unit.slice();
    dead.set([0, 0], unit.length - program.length + 3); // its address becomes 0
    expect(sourceLines(sections(dead), [0, 2, 4]).size).toBe(0);
  });

  it("are found behind a unit that cannot be read", () => {
    const unknown = unit.slice();
    unknown.fill(0x80, 10); // numbers without an end
    const lines = sourceLines(sections(new Uint8Array([...unknown, ...unit])), [0x100]);
    expect(lines.get(0x100)).toEqual({ file: "a.c", line: 10 });
  });

  it("are none for code that the compiler has added, which is of line 0", () => {
    const added = unit.slice();
    added[unit.length - program.length + 8] = 0x7f; // one line back rather than nine forward
    expect([...sourceLines(sections(added), [0x100, 0x104]).keys()]).toEqual([0x104]);
  });

  it("are left out where the section is damaged, wherever it ends", () => {
    for (let length = 0; length < unit.length; length++) {
      expect(() => sourceLines(sections(unit.subarray(0, length)), [0x100])).not.toThrow();
    }
    for (let at = 0; at < unit.length; at++) {
      const bytes = unit.slice();
      bytes[at] = 0xff;
      expect(() => sourceLines(sections(bytes), [0x100])).not.toThrow();
    }
  });
});
