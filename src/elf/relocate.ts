// Puts a program's bytes where they belong: copies, zeros, and the addresses that only loading knows.

import {
  arrayOf,
  bytes as bytesRule,
  checkArgument,
  integer,
  shaped,
  unsigned,
} from "../core/arguments.js";
import type { ElfImage } from "./parse.js";
import type { ElfSegment } from "./segments.js";

const ADDRESSES = 2 ** 32;

const imageRule = shaped("a program that parseElf has read", {
  relocations: arrayOf(shaped("", { at: unsigned, value: integer }), ""),
});
const segmentRule = shaped("a segment of the program", {
  address: unsigned,
  size: unsigned,
  bytes: bytesRule,
});

/**
 * A segment's contents when the program is loaded at `base` (0 unless it is position-independent): only
 * the bytes of the file; those behind them are zero.
 */
export function segmentBytes(image: ElfImage, segment: ElfSegment, base: number): Uint8Array {
  checkArgument("segmentBytes", "image", image, imageRule);
  checkArgument("segmentBytes", "segment", segment, segmentRule);
  checkArgument("segmentBytes", "base", base, unsigned);
  const inside = image.relocations.filter(
    ({ at }) => at >= segment.address && at + 4 <= segment.address + segment.size,
  );
  const end = inside.reduce(
    (most, { at }) => Math.max(most, at + 4 - segment.address),
    segment.bytes.length,
  );
  if (inside.length === 0) return segment.bytes;
  const bytes = new Uint8Array(end);
  bytes.set(segment.bytes);
  const view = new DataView(bytes.buffer);
  for (const { at, value, isRelative } of inside) {
    view.setUint32(at - segment.address, (isRelative ? value + base : value) % ADDRESSES, true);
  }
  return bytes;
}
