// What a snapshot keeps of a kernel's memory: a plain copy where the machine is small, so that putting it
// back is a few copies of memory, and the codec's code where it is large.

import type { Kernel } from "../core/kernel.js";
import { Arenas, type Range, type TextMark } from "./arenas.js";
import { type Code, Codec, encodeBytes } from "./codec.js";
import { makeResident } from "./resident.js";

/** Larger images are encoded, unless the caller decides. */
const PLAIN_MAX = 4 << 20;
/** Bytes between two ranges that are rather copied, too, than copied around. */
const MERGE_GAP = 512;

/** The memory of a kernel at a moment. */
export interface MemoryImage {
  readonly ranges: readonly Range[];
  /** Bytes in use of each partial arena ({@link Arenas.watermarks}). */
  readonly watermarks: Float64Array;
  /** Trace records that the host had not got: those of a panic. */
  readonly records: Uint8Array;
  /** The bytes of each range, or null if there is code. */
  readonly plain: readonly Uint8Array[] | null;
  readonly code: Code | null;
  /** The bytes of either. */
  readonly room: Uint8Array;
  /** Stands for the text and what it was decoded to; null if that is not known. */
  readonly text: object | null;
  /** Bytes that the image takes. */
  readonly size: number;
}

/** Bytes that small images share. */
const SLAB_SIZE = 1 << 20;

/** What is in use of a memory. */
interface Layout {
  readonly watermarks: Float64Array;
  readonly ranges: readonly Range[];
  /** The ranges in memory. */
  readonly sources: readonly Uint8Array[];
  readonly size: number;
}

const NO_RECORDS = new Uint8Array();

/** Takes and puts back images of one kernel's memory. */
export class Memory {
  private readonly arenas: Arenas;
  private readonly u8: Uint8Array;
  private layout: Layout | null = null;
  private slab = new Uint8Array();
  private slabUsed = 0;
  private codecOrNull: Codec | null = null;
  /** Stands for what text was decoded to when so many decodings had been. */
  private text: object | null = null;
  private decodings = 0;
  private readonly texts: readonly number[];
  /** The image that was put back last, and the one that the kernel has a copy of. */
  private last: MemoryImage | null = null;
  private resident: MemoryImage | null = null;
  private readonly clear: (from: number, to: number) => void;

  constructor(
    private readonly kernel: Kernel,
    mark: TextMark,
  ) {
    this.arenas = new Arenas(kernel, mark);
    this.u8 = kernel.u8;
    this.texts = this.arenas.texts;
    this.clear = (from, to) => this.u8.fill(0, from, to);
  }

  /** Bytes that are in use. */
  get used(): number {
    return this.measure().size;
  }

  /**
   * @param packed whether to encode; by default what is larger than some megabytes is
   * @param reuse an image that nobody needs any more: its bytes become those of the new one
   */
  take(packed?: boolean, reuse?: MemoryImage): MemoryImage {
    const { at, size } = this.arenas.records;
    const records = size === 0 ? NO_RECORDS : this.u8.slice(at, at + size);
    const layout = this.measure();
    const isPacked = packed ?? layout.size > PLAIN_MAX;
    return isPacked
      ? this.takeCode(layout, records, reuse)
      : this.takePlain(layout, records, reuse);
  }

  /** What is in use now. The same object as before while that has not changed. */
  private measure(): Layout {
    const { arenas } = this;
    arenas.measure();
    const { watermarks } = arenas;
    const known = this.layout;
    if (known !== null && watermarks.every((used, i) => used === known.watermarks[i])) return known;
    const ranges = arenas.ranges(watermarks, MERGE_GAP);
    const sources = ranges.map(({ at, size }) => this.u8.subarray(at, at + size));
    this.layout = { watermarks: watermarks.slice(), ranges, sources, size: sizeOf(ranges) };
    return this.layout;
  }

  private takeCode(
    { watermarks, ranges }: Layout,
    records: Uint8Array,
    reuse: MemoryImage | undefined,
  ): MemoryImage {
    const { at } = this.arenas.records;
    this.u8.fill(0, at, at + records.length);
    const code = this.codec.encode(ranges, reuse?.room);
    this.u8.set(records, at);
    const size = code.bytes.length + code.sizes.byteLength + records.length;
    return { ranges, watermarks, records, plain: null, code, room: code.room, text: null, size };
  }

  private takePlain(layout: Layout, records: Uint8Array, reuse?: MemoryImage): MemoryImage {
    const { watermarks, ranges, sources, size } = layout;
    const text = this.textNow();
    let room = reuse?.room;
    let plain = reuse?.plain ?? null;
    if (room === undefined || plain === null || reuse?.ranges !== ranges) {
      if (room === undefined || room.length < size) room = this.room(size);
      plain = pieces(room, ranges);
    }
    for (let i = 0; i < plain.length; i++) {
      (plain[i] as Uint8Array).set(sources[i] as Uint8Array);
    }
    const code = null;
    return { ranges, watermarks, records, plain, code, room, text, size: size + records.length };
  }

  /** Bytes for an image: small ones share an allocation, which takes far longer than the copy. */
  private room(size: number): Uint8Array {
    if (size > SLAB_SIZE / 4) return new Uint8Array(size);
    if (this.slabUsed + size > this.slab.length) {
      this.slab = new Uint8Array(SLAB_SIZE);
      this.slabUsed = 0;
    }
    this.slabUsed += size;
    return this.slab.subarray(this.slabUsed - size, this.slabUsed);
  }

  /** Makes the memory what it was. Allocates nothing where the image is plain. */
  put(image: MemoryImage): void {
    const { arenas, u8 } = this;
    const { plain, code, ranges, records } = image;
    const before = arenas.records;
    const sameText = image.text !== null && image.text === this.textNow();
    if (sameText && before.size === 0 && records.length === 0 && this.isResident(image)) {
      this.kernel.exports.search_restart();
      return;
    }
    if (before.size > records.length) u8.fill(0, before.at, before.at + before.size);
    arenas.clearBeyond(image.watermarks, this.clear);
    if (plain !== null) {
      for (let i = 0; i < plain.length; i++) {
        const { at } = ranges[i] as Range;
        if (!sameText || !this.texts.includes(at)) u8.set(plain[i] as Uint8Array, at);
      }
    } else if (code !== null) {
      this.codec.decode(ranges, code);
    }
    if (records.length > 0) u8.set(records, before.at);
    this.text = image.text;
  }

  /**
   * True if the kernel itself can put an image back, whose text is that of now. It gets a copy of one that is put back
   * a second time in a row: most of them are put back once.
   */
  private isResident(image: MemoryImage): boolean {
    if (image !== this.resident && image === this.last && this.makeResident(image)) {
      this.resident = image;
    }
    this.last = image;
    return image === this.resident;
  }

  private makeResident({ plain, ranges, watermarks }: MemoryImage): boolean {
    if (plain === null) return false;
    const { arenas, texts } = this;
    const isKept = (_: unknown, i: number) => !texts.includes((ranges[i] as Range).at);
    const isCounted = (_: unknown, i: number) => arenas.isCounted(i);
    return makeResident(this.kernel, {
      ranges: ranges.filter(isKept),
      plain: plain.filter(isKept),
      arenas: arenas.partial.filter(isCounted),
      watermarks: [...watermarks.filter(isCounted)],
    });
  }

  /** Stands for what text is decoded to now; null where nobody counts decodings. */
  private textNow(): object | null {
    const { decodings } = this.arenas;
    if (decodings === 0) return null;
    if (this.text === null || this.decodings !== decodings) this.text = {};
    this.decodings = decodings;
    return this.text;
  }

  private get codec(): Codec {
    this.codecOrNull ??= new Codec(this.kernel.exports.memory, this.arenas.scratch);
    return this.codecOrNull;
  }
}

/** Where the bytes of each range are in `room`. */
function pieces(room: Uint8Array, ranges: readonly Range[]): Uint8Array[] {
  let end = 0;
  return ranges.map(({ size }) => {
    end += size;
    return room.subarray(end - size, end);
  });
}

/** An image with code, for a file. */
export function encoded(image: MemoryImage): Code {
  return image.code ?? encodeBytes(image.plain ?? []);
}

function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { size }) => sum + size, 0);
}
