// Makes ELF files for tests, valid or with chosen errors.

import { readFileSync } from "node:fs";
import { type CallName, calls } from "../../src/core/calls.js";
import { segmentBytes } from "../../src/elf/index.js";
import type { LoadedElf } from "../../src/index.js";
import { Random } from "./random.js";

/** A program header, as in the file. */
export interface SegmentSpec {
  readonly type?: number;
  readonly address: number;
  readonly bytes?: Uint8Array;
  readonly size?: number;
  readonly flags?: number;
  /** Overrides of what follows from the bytes. */
  readonly offset?: number;
  readonly fileSize?: number;
}

/** Overrides of a file's header fields. */
export interface ElfSpec {
  readonly type?: number;
  readonly machine?: number;
  readonly flags?: number;
  readonly entry?: number;
  readonly class?: number;
  readonly data?: number;
  readonly version?: number;
  readonly segments: readonly SegmentSpec[];
}

export const R = 4;
export const W = 2;
const X = 1;

/** An ELF file without sections. */
export function makeElf(spec: ElfSpec): Uint8Array {
  const { segments } = spec;
  const headers = 52 + 32 * segments.length;
  const total = segments.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), headers);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, spec.class ?? 1, spec.data ?? 1, spec.version ?? 1]);
  view.setUint16(16, spec.type ?? 2, true);
  view.setUint16(18, spec.machine ?? 243, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, spec.entry ?? segments[0]?.address ?? 0, true);
  view.setUint32(28, 52, true);
  view.setUint32(36, spec.flags ?? 0, true);
  view.setUint16(40, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, segments.length, true);
  let offset = headers;
  for (const [index, segment] of segments.entries()) {
    const bytes = segment.bytes ?? new Uint8Array(0);
    file.set(bytes, offset);
    const words = [
      segment.type ?? 1,
      segment.offset ?? offset,
      segment.address,
      segment.address,
      segment.fileSize ?? bytes.length,
      segment.size ?? bytes.length,
      segment.flags ?? R | X,
      4,
    ];
    for (const [word, value] of words.entries())
      view.setUint32(52 + 32 * index + 4 * word, value, true);
    offset += bytes.length;
  }
  return file;
}

/** Instructions as the bytes of a segment. */
export function text(...words: readonly number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(words).buffer);
}

/** The ELF of an example; the current folder is the project's. */
export function exampleElf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`examples/c/${name}.elf`));
}

/** The guest addresses at which a program makes a kernel call, with its pointers as C programs have them. */
export function kernelCallsIn({ image }: LoadedElf, name: CallName): number[] {
  const word = (((calls[name].nr + 2048) << 20) | 0x0b) >>> 0;
  const found: number[] = [];
  for (const segment of image.segments.filter(({ executable }) => executable)) {
    const bytes = segmentBytes(image, segment, 0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 4 <= bytes.length; at += 2) {
      if (view.getUint32(at, true) === word) found.push(segment.address + at);
    }
  }
  return found;
}

/** A file with a few of its bytes or words changed, moved or cut off: mostly where the headers are. */
export function mutate(file: Uint8Array, seed: number): Uint8Array {
  const random = new Random(seed);
  const copy = file.slice();
  const view = new DataView(copy.buffer);
  const extremes = [0, 1, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff, file.length, 4096];
  for (let count = 1 + random.below(4); count > 0; count--) {
    const inHeaders = random.below(4) !== 0;
    const at = random.below(inHeaders ? Math.min(52 + 32 * 6, file.length - 4) : file.length - 4);
    const kind = random.below(4);
    if (kind === 0) copy[at] = random.below(256);
    else if (kind === 1) view.setUint32(at & ~3, random.below(2 ** 32), true);
    else if (kind === 2)
      view.setUint32(at & ~3, extremes[random.below(extremes.length)] ?? 0, true);
    else view.setUint16(at & ~1, extremes[random.below(extremes.length)] ?? 0, true);
  }
  return random.below(8) === 0 ? copy.subarray(0, random.below(copy.length)) : copy;
}
