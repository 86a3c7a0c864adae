/**
 * What compressed instructions stand for, read from the manual's own tables: a row says for an
 * instruction which bits it has, and where the bits of its immediate go, in the manual's notation.
 */

type Row = readonly [pattern: string, expand: (half: number) => number | undefined];

const field = (half: number, high: number, low: number): number =>
  (half >>> low) & (2 ** (high - low + 1) - 1);

/**
 * Collects an immediate from some parts of an instruction: `["12", "5", "6:2", "4:0"]` puts bit 12
 * to bit 5 and bits 6 to 2 to bits 4 to 0. `a|b` lists single places, from the part's high bit down.
 */
function immediate(half: number, parts: readonly [from: string, to: string][]): number {
  let value = 0;
  for (const [from, to] of parts) {
    const places = to.split("|").flatMap(range);
    range(from).forEach((bit, index) => {
      value |= field(half, bit, bit) << places[index]!;
    });
  }
  return value;
}

function range(text: string): number[] {
  const [high = 0, low = high] = text.split(":").map(Number);
  return Array.from({ length: high - low + 1 }, (_, index) => high - index);
}

const signExtend = (value: number, width: number): number =>
  (value << (32 - width)) >> (32 - width);

// Long forms.
const iType = (opcode: number, funct3: number, rd: number, rs1: number, imm: number): number =>
  (imm << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode;
const rType = (funct7: number, funct3: number, rd: number, rs1: number, rs2: number): number =>
  (funct7 << 25) | (rs2 << 20) | iType(0x33, funct3, rd, rs1, 0);
const sType = (rs1: number, rs2: number, imm: number): number =>
  (field(imm, 11, 5) << 25) | (rs2 << 20) | iType(0x23, 2, field(imm, 4, 0), rs1, 0);
const bType = (funct3: number, rs1: number, imm: number): number =>
  (field(imm, 12, 12) << 31) |
  (field(imm, 10, 5) << 25) |
  iType(0x63, funct3, (field(imm, 4, 1) << 1) | field(imm, 11, 11), rs1, 0);
const jType = (rd: number, imm: number): number =>
  (field(imm, 20, 20) << 31) |
  (field(imm, 10, 1) << 21) |
  (field(imm, 11, 11) << 20) |
  (field(imm, 19, 12) << 12) |
  (rd << 7) |
  0x6f;

// Fields of the short forms.
const rd = (half: number): number => field(half, 11, 7);
const rs2 = (half: number): number => field(half, 6, 2);
const rdShort = (half: number): number => 8 + field(half, 4, 2);
const rs1Short = (half: number): number => 8 + field(half, 9, 7);
const imm6 = (half: number): number =>
  signExtend(
    immediate(half, [
      ["12", "5"],
      ["6:2", "4:0"],
    ]),
    6,
  );
const shamt = (half: number): number | undefined =>
  field(half, 12, 12) === 0 ? field(half, 6, 2) : undefined;
const offsetWord = (half: number): number =>
  immediate(half, [
    ["12:10", "5:3"],
    ["6:5", "2|6"],
  ]);
const offsetJump = (half: number): number =>
  signExtend(immediate(half, [["12:2", "11|4|9:8|10|6|7|3:1|5"]]), 12);
const offsetBranch = (half: number): number =>
  signExtend(
    immediate(half, [
      ["12:10", "8|4:3"],
      ["6:2", "7:6|2:1|5"],
    ]),
    9,
  );

const unless = (zero: number, word: number): number | undefined => (zero === 0 ? undefined : word);

function shift(half: number, funct7: number, funct3: number, register: number) {
  const amount = shamt(half);
  if (amount === undefined) return undefined;
  return (funct7 << 25) | iType(0x13, funct3, register, register, amount);
}

const short = (funct7: number, funct3: number) => (half: number) =>
  rType(funct7, funct3, rs1Short(half), rs1Short(half), rdShort(half));

/** `-` is any bit. The first row that fits counts. */
const rows: readonly Row[] = [
  [
    "000-----------00", // c.addi4spn
    (h) => {
      const imm = immediate(h, [["12:5", "5:4|9:6|2|3"]]);
      return unless(imm, iType(0x13, 0, rdShort(h), 2, imm));
    },
  ],
  ["010-----------00", (h) => iType(0x03, 2, rdShort(h), rs1Short(h), offsetWord(h))], // c.lw
  ["110-----------00", (h) => sType(rs1Short(h), rdShort(h), offsetWord(h))], // c.sw
  ["000-----------01", (h) => iType(0x13, 0, rd(h), rd(h), imm6(h))], // c.addi, c.nop
  ["001-----------01", (h) => jType(1, offsetJump(h))], // c.jal
  ["010-----------01", (h) => iType(0x13, 0, rd(h), 0, imm6(h))], // c.li
  [
    "011-00010-----01", // c.addi16sp
    (h) => {
      const places: [string, string][] = [
        ["12", "9"],
        ["6:2", "4|6|8:7|5"],
      ];
      const imm = signExtend(immediate(h, places), 10);
      return unless(imm, iType(0x13, 0, 2, 2, imm));
    },
  ],
  ["011-----------01", (h) => unless(imm6(h), (imm6(h) << 12) | (rd(h) << 7) | 0x37)], // c.lui
  ["100-00--------01", (h) => shift(h, 0x00, 5, rs1Short(h))], // c.srli
  ["100-01--------01", (h) => shift(h, 0x20, 5, rs1Short(h))], // c.srai
  ["100-10--------01", (h) => iType(0x13, 7, rs1Short(h), rs1Short(h), imm6(h))], // c.andi
  ["100011---00---01", short(0x20, 0)], // c.sub
  ["100011---01---01", short(0x00, 4)], // c.xor
  ["100011---10---01", short(0x00, 6)], // c.or
  ["100011---11---01", short(0x00, 7)], // c.and
  ["101-----------01", (h) => jType(0, offsetJump(h))], // c.j
  ["110-----------01", (h) => bType(0, rs1Short(h), offsetBranch(h))], // c.beqz
  ["111-----------01", (h) => bType(1, rs1Short(h), offsetBranch(h))], // c.bnez
  ["000-----------10", (h) => shift(h, 0x00, 1, rd(h))], // c.slli
  [
    "010-----------10", // c.lwsp
    (h) => {
      const places: [string, string][] = [
        ["12", "5"],
        ["6:2", "4:2|7:6"],
      ];
      return unless(rd(h), iType(0x03, 2, rd(h), 2, immediate(h, places)));
    },
  ],
  ["1000-----0000010", (h) => unless(rd(h), iType(0x67, 0, 0, rd(h), 0))], // c.jr
  ["1000----------10", (h) => rType(0, 0, rd(h), 0, rs2(h))], // c.mv
  ["1001000000000010", () => 0x00100073], // c.ebreak
  ["1001-----0000010", (h) => iType(0x67, 0, 1, rd(h), 0)], // c.jalr
  ["1001----------10", (h) => rType(0, 0, rd(h), rd(h), rs2(h))], // c.add
  ["110-----------10", (h) => sType(2, rs2(h), immediate(h, [["12:7", "5:2|7:6"]]))], // c.swsp
];

const fits = (half: number, pattern: string): boolean =>
  [...pattern].every(
    (bit, index) => bit === "-" || Number(bit) === field(half, 15 - index, 15 - index),
  );

/** The 32-bit form of each 16-bit instruction. */
const expansions: readonly (number | undefined)[] = Array.from({ length: 1 << 16 }, (_, half) =>
  rows.find(([pattern]) => fits(half, pattern))?.[1](half),
);

/** The instruction of 32 bits that one of 16 bits is short for, or undefined if it is none. */
export function expandCompressed(half: number): number | undefined {
  return expansions[half];
}
