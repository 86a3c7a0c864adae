// The codec of snapshots (assembly/codec) at work on a memory.

import { instantiateCodec } from "../core/instantiate.js";
import type { WasmMemory } from "../core/wasm-types.js";
import type { Range } from "./arenas.js";

interface CodecExports {
  encode(from: number, end: number, out: number): number;
  decode(at: number, to: number, end: number): number;
  clear(from: number, end: number): void;
}

/** Bytes that are encoded at once. */
const BLOCK_SIZE = 65_536;
const LINE_SIZE = 64;
const PAGE_SIZE = 65_536;
/** Bytes of the longest code of a block: no word of any line is as expected. */
const CODE_SIZE_MAX = (BLOCK_SIZE / LINE_SIZE) * (LINE_SIZE + 4) + 4;
/** The code of a block of zeros: all of its lines are as expected. */
const ZEROS_CODE_SIZE = 4;
const FIRST_CAPACITY = 65_536;

/** Encoded ranges of memory, block by block. */
export interface Code {
  /** The codes of all blocks of all ranges. */
  readonly bytes: Uint8Array;
  /** Bytes of each block's code. */
  readonly sizes: Uint32Array;
  /** Where the codes are: may have room for more. */
  readonly room: Uint8Array;
}

/** The blocks of a range: where each is, and where it ends in whole lines. */
function* blocks({ at, size }: Range): Generator<{ at: number; end: number }> {
  for (let offset = 0; offset < size; offset += BLOCK_SIZE) {
    const length = Math.min(BLOCK_SIZE, size - offset);
    yield { at: at + offset, end: at + offset + Math.ceil(length / LINE_SIZE) * LINE_SIZE };
  }
}

/** How many blocks ranges have. */
export function countBlocks(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { size }) => sum + Math.ceil(size / BLOCK_SIZE), 0);
}

/** Encodes and decodes ranges of one memory, in part of which it works. */
export class Codec {
  private readonly exports: CodecExports;
  private readonly u8: Uint8Array;

  /** @param scratch bytes of the memory that nobody needs meanwhile; they are cleared afterwards */
  constructor(
    memory: WasmMemory,
    private readonly scratch: Range,
  ) {
    if (scratch.size < CODE_SIZE_MAX)
      throw new RangeError("the codec has too little room to work in");
    this.exports = instantiateCodec<CodecExports>(memory);
    this.u8 = new Uint8Array(memory.buffer);
  }

  /**
   * Encodes ranges, of which the last line may reach beyond the end.
   *
   * @param room bytes for the code; others are taken if they are too few
   */
  encode(ranges: readonly Range[], room: Uint8Array = new Uint8Array(FIRST_CAPACITY)): Code {
    const { u8, scratch } = this;
    const sizes = new Uint32Array(countBlocks(ranges));
    let bytes = room;
    let length = 0;
    let index = 0;
    for (const range of ranges) {
      for (const { at, end } of blocks(range)) {
        const size = (this.exports.encode(at, end, scratch.at) >>> 0) - scratch.at;
        if (length + size > bytes.length) bytes = grown(bytes, length + size);
        bytes.set(u8.subarray(scratch.at, scratch.at + size), length);
        sizes[index++] = size;
        length += size;
      }
    }
    this.cleanUp();
    return { bytes: bytes.subarray(0, length), sizes, room: bytes };
  }

  /**
   * Decodes ranges to where they came from.
   *
   * @throws Error when it is no code of these ranges.
   */
  decode(ranges: readonly Range[], { bytes, sizes }: Code): void {
    let from = 0;
    let index = 0;
    for (const range of ranges) {
      for (const { at, end } of blocks(range)) {
        const size = sizes[index++] ?? 0;
        this.decodeBlock(bytes.subarray(from, from + size), at, end);
        from += size;
      }
    }
    this.cleanUp();
    if (from !== bytes.length) throw new Error("the code has a wrong length");
  }

  private decodeBlock(code: Uint8Array, at: number, end: number): void {
    if (code.length === ZEROS_CODE_SIZE) {
      this.exports.clear(at, end);
      return;
    }
    const to = this.scratch.at;
    this.u8.set(code, to);
    if (this.exports.decode(to, at, end) >>> 0 !== to + code.length) {
      throw new Error(`the code of the block at ${at} is damaged`);
    }
  }

  private cleanUp(): void {
    this.u8.fill(0, this.scratch.at, this.scratch.at + CODE_SIZE_MAX);
  }
}

/** A codec with a memory of its own, for bytes that are in none. */
export function encodeBytes(pieces: readonly Uint8Array[]): Code {
  const memory = new WebAssembly.Memory({
    initial: (BLOCK_SIZE + CODE_SIZE_MAX) / PAGE_SIZE + 1,
    maximum: 65_536,
  });
  const codec = new Codec(memory, { at: BLOCK_SIZE, size: CODE_SIZE_MAX });
  const u8 = new Uint8Array(memory.buffer);
  const codes: Code[] = [];
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += BLOCK_SIZE) {
      const block = piece.subarray(from, from + BLOCK_SIZE);
      u8.fill(0, block.length, BLOCK_SIZE);
      u8.set(block);
      const room = new Uint8Array(2 * block.length + LINE_SIZE);
      codes.push(codec.encode([{ at: 0, size: block.length }], room));
    }
  }
  return joined(codes);
}

function joined(codes: readonly Code[]): Code {
  const bytes = new Uint8Array(codes.reduce((sum, code) => sum + code.bytes.length, 0));
  const sizes = new Uint32Array(codes.length);
  let length = 0;
  for (const [index, code] of codes.entries()) {
    bytes.set(code.bytes, length);
    sizes[index] = code.bytes.length;
    length += code.bytes.length;
  }
  return { bytes, sizes, room: bytes };
}

function grown(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(2 * bytes.length, least));
  larger.set(bytes);
  return larger;
}
