// Programs of the builder for bare metal, and what they say by tohost.

import { type BareEnd, BareMetal, type BareOptions } from "../../src/machine/bare-metal.js";
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
 * A machine whose program starts with what `write` puts first. It has 4 KiB of data called `data`, and calls
 * `pass` and `fail` jump there; the number of the test is in gp.
 */
export function bareMachine(
  write: (builder: Builder) => unknown,
  options: BareOptions = {},
): BareMetal {
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
  const bare = {
    entry: ORIGIN,
    segments: [
      { address: ORIGIN, size: textBytes.length, bytes: textBytes },
      { address: ORIGIN + TEXT_ROOM, size: data.length, bytes: data },
    ],
    tohost: addressOf("tohost"),
    fromhost: addressOf("fromhost"),
  };
  return new BareMetal(bare, { build: buildUnderTest, ...options });
}

/** Runs a program to its end. */
export function runBare(write: (builder: Builder) => unknown, options?: BareOptions): BareEnd {
  return bareMachine(write, options).run(LIMIT);
}

/** What a program that has passed ends with. */
export const PASSED: BareEnd = { reason: "exit", code: 0 };
