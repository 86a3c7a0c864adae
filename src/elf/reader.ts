// Reads numbers and texts out of a file, every access checked: a file may lie about everything.

import { ElfError } from "./errors.js";

const NAME_MAX = 1024;
const decoder = new TextDecoder();

/** A file's bytes, little-endian. */
export class Reader {
  readonly file: string;
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(file: string, bytes: Uint8Array) {
    this.file = file;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.bytes.length;
  }

  fail(message: string): never {
    throw new ElfError(this.file, message);
  }

  /** Refuses a part of the file that is not there; where one of no bytes would be does not matter. */
  checkRange(what: string, offset: number, size: number): void {
    if (size === 0 || offset + size <= this.size) return;
    this.fail(
      `${what} would be at offset ${offset}, ${size} bytes long, but the file has only ${this.size} bytes; it is damaged or was cut off`,
    );
  }

  u8(offset: number): number {
    return this.view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.view.getUint16(offset, true);
  }

  u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  /** The text at `offset` that ends with a zero byte before `end`: at most its first 1,024 bytes. */
  text(offset: number, end: number): string {
    const limit = Math.min(end, offset + NAME_MAX, this.size);
    const zero = this.bytes.subarray(offset, limit).indexOf(0);
    return decoder.decode(this.bytes.subarray(offset, zero < 0 ? limit : offset + zero));
  }
}
