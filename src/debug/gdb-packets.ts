// Packets of gdb's remote protocol: `$` data `#` two hexadecimal digits of the sum of its bytes, each of which is
// acknowledged by `+`, until both sides agree to leave that out. Bytes above 127 occur in binary data only.

const ESCAPE = 0x7d;
const ESCAPE_XOR = 0x20;
const DOLLAR = 0x24;
const HASH = 0x23;
const STAR = 0x2a;
const INTERRUPT = 0x03;

/** What has arrived: a packet, one whose sum is wrong, or the byte that interrupts a run. */
export type Arrival =
  | { readonly kind: "packet"; readonly data: string }
  | { readonly kind: "damaged" }
  | { readonly kind: "interrupt" };

/** Bytes of a packet that gdb is told to be the most; what is longer is not kept, and counts as damaged. */
export const PACKET_MAX = 0x10000;

/** Cuts a stream of bytes into packets. A string has a character for each byte. */
export class PacketReader {
  /** What has come of a packet's data; null between two packets. */
  private body: number[] | null = null;
  private sum = 0;
  /** What has come of its sum's digits; null before the `#`. */
  private digits: string | null = null;

  /** Adds bytes, and returns what is complete by now. */
  add(bytes: Uint8Array): Arrival[] {
    const arrivals: Arrival[] = [];
    for (const byte of bytes) {
      const arrival = this.take(byte);
      if (arrival !== null) arrivals.push(arrival);
    }
    return arrivals;
  }

  private take(byte: number): Arrival | null {
    if (this.body === null) {
      if (byte === INTERRUPT) return { kind: "interrupt" };
      if (byte === DOLLAR) this.body = [];
      return null;
    }
    if (this.digits !== null) {
      this.digits += String.fromCharCode(byte);
      return this.digits.length < 2 ? null : this.arrival(this.body, this.digits);
    }
    if (byte === HASH) this.digits = "";
    else {
      this.sum = (this.sum + byte) % 256;
      if (this.body.length <= PACKET_MAX) this.body.push(byte);
    }
    return null;
  }

  /** A packet has come to its end. */
  private arrival(body: readonly number[], digits: string): Arrival {
    const isWhole = fromHex(digits)?.[0] === this.sum && body.length <= PACKET_MAX;
    this.body = null;
    this.digits = null;
    this.sum = 0;
    return isWhole ? { kind: "packet", data: unescaped(body) } : { kind: "damaged" };
  }
}

function unescaped(data: readonly number[]): string {
  let text = "";
  let flip = 0;
  for (const byte of data) {
    if (byte === ESCAPE && flip === 0) flip = ESCAPE_XOR;
    else {
      text += String.fromCharCode(byte ^ flip);
      flip = 0;
    }
  }
  return text;
}

/** A packet with this data, a character for each byte. */
export function packet(data: string): Uint8Array {
  const body: number[] = [];
  for (let at = 0; at < data.length; at++) {
    const byte = data.charCodeAt(at);
    if (byte === ESCAPE || byte === DOLLAR || byte === HASH || byte === STAR) {
      body.push(ESCAPE, byte ^ ESCAPE_XOR);
    } else body.push(byte);
  }
  const sum = body.reduce((total, byte) => total + byte, 0) % 256;
  const digits = [...sum.toString(16).padStart(2, "0")].map((digit) => digit.charCodeAt(0));
  return Uint8Array.from([DOLLAR, ...body, HASH, ...digits]);
}

/** Bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of hexadecimal digits; null if they are none. */
export function fromHex(digits: string): Uint8Array | null {
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return null;
  const pairs = digits.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

/** A word as the eight digits of its bytes, the lowest first. */
export function wordToHex(word: number): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return toHex(bytes);
}

/** The word of eight digits, or null. */
export function wordFromHex(digits: string): number | null {
  const bytes = fromHex(digits);
  return bytes?.length === 4 ? new DataView(bytes.buffer).getUint32(0, true) : null;
}
