// Bare-metal programs made with the program builder, and their results by tohost.

import {
  type BareEnd,
  BareMetal,
  type BareOptions,
  type BareProgram,
} from "../../src/machine/bare-metal.js";
import { program } from "../../src/program/index.js";
import { link } from "../../src/program/link.js";
import { buildUnderTest } from "./build.js";

/** The builder that writes a program. */
export type Builder = ReturnType<typeof program>;

/** Where memory begins, as for most RISC-V boards. */
export const ORIGIN = 0x8000_0000;
const TEXT_ROOM = 0x1_0000;
export const LIMIT = 1_000_000n;

/**
 * A program that starts with what `write` puts first. It has 4 KiB of data called `data`, and calls
 * `pass` and `fail` jump there; the number of the test is in gp.
 */
export function bareProgram(write: (builder: Builder) => unknown): Required<BareProgram> {
  const builder = program("bare");
  builder.data("tohost", { words: [0, 0] }).data("fromhost", { words: [0, 0] });
  builder.data("data", { words: Array<number>(1024).fill(0) });
  write(builder);
  builder.label("pass").li("gp", 0).label("fail");
  builder
    .slli("gp", "gp", 1)
    .ori("gp", "gp", 1)
    .la("t6", "tohost")
    .sw("gp", "t6")
    .sw("zero", "t6", 4);
  builder.label("end").jump("end");
  const { text, data, addressOf } = link(builder.build(), {
    textBase: ORIGIN,
    dataBase: ORIGIN + TEXT_ROOM,
    resolve: { channel: () => 0, string: () => 0, cyclesPerSecond: 1e9, hz: 1000 },
  });
  const textBytes = new Uint8Array(text.buffer, text.byteOffset, text.byteLength);
  return {
    entry: ORIGIN,
    segments: [
      { address: ORIGIN, size: textBytes.length, bytes: textBytes },
      { address: ORIGIN + TEXT_ROOM, size: data.length, bytes: data },
    ],
    tohost: addressOf("tohost"),
    fromhost: addressOf("fromhost"),
  };
}

/** A machine with such a program. */
export function bareMachine(
  write: (builder: Builder) => unknown,
  options: BareOptions = {},
): BareMetal {
  return new BareMetal(bareProgram(write), { build: buildUnderTest, ...options });
}

/** The ELF file of a program: two segments, and its symbols. */
export function bareElf({ entry, segments, tohost, fromhost }: Required<BareProgram>): Uint8Array {
  const names = "\0tohost\0fromhost\0";
  const headers = 52 + 32 * segments.length;
  const contents = segments.map(({ bytes }) => bytes);
  const offsets: number[] = [];
  let end = headers;
  for (const bytes of contents) {
    offsets.push(end);
    end += Math.ceil(bytes.length / 4) * 4;
  }
  const symbols = end;
  const strings = symbols + 3 * 16;
  const sections = strings + Math.ceil(names.length / 4) * 4;
  const file = new Uint8Array(sections + 3 * 40);
  const view = new DataView(file.buffer);
  const words = (at: number, ...values: number[]) => {
    for (const [k, value] of values.entries()) view.setUint32(at + 4 * k, value, true);
  };
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  words(16, 2 | (243 << 16), 1, entry, 52, sections, 1, 52 | (32 << 16));
  words(44, segments.length | (40 << 16), 3);
  for (const [k, { address, bytes, size }] of segments.entries()) {
    words(52 + 32 * k, 1, offsets[k]!, address, address, bytes.length, size, 7, 4);
    file.set(bytes, offsets[k]);
  }
  words(symbols + 16, 1, tohost, 8, 1 | (0xfff1 << 16));
  words(symbols + 32, 8, fromhost, 8, 1 | (0xfff1 << 16));
  file.set(new TextEncoder().encode(names), strings);
  words(sections + 40, 0, 2, 0, 0, symbols, 48, 2, 1, 4, 16);
  words(sections + 80, 0, 3, 0, 0, strings, names.length, 0, 0, 1, 0);
  return file;
}

/** Runs a program to its end. */
export function runBare(write: (builder: Builder) => unknown, options?: BareOptions): BareEnd {
  return bareMachine(write, options).run(LIMIT);
}

/** The end of a program that has passed. */
export const PASSED: BareEnd = { reason: "exit", code: 0 };
