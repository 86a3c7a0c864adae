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

/** Cuts a stream of bytes into packets. A string has a character for each byte. */
export class PacketReader {
  private rest: number[] = [];

  /** Adds bytes, and returns what is complete by now. */
  add(bytes: Uint8Array): Arrival[] {
    this.rest.push(...bytes);
    const arrivals: Arrival[] = [];
    for (let one = this.next(); one !== null; one = this.next()) arrivals.push(one);
    return arrivals;
  }

  private next(): Arrival | null {
    const { rest } = this;
    let start = 0;
    while (start < rest.length && rest[start] !== DOLLAR && rest[start] !== INTERRUPT) start++;
    if (rest[start] === INTERRUPT) {
      this.rest = rest.slice(start + 1);
      return { kind: "interrupt" };
    }
    const end = rest.indexOf(HASH, start);
    if (end < 0 || end + 2 >= rest.length) {
      this.rest = rest.slice(start);
      return null;
    }
    const data = rest.slice(start + 1, end);
    const sum = Number.parseInt(String.fromCharCode(...rest.slice(end + 1, end + 3)), 16);
    this.rest = rest.slice(end + 3);
    const isWhole = data.reduce((total, byte) => total + byte, 0) % 256 === sum;
    return isWhole ? { kind: "packet", data: unescaped(data) } : { kind: "damaged" };
  }
}

function unescaped(data: readonly number[]): string {
  let text = "";
  for (let at = 0; at < data.length; at++) {
    const byte = data[at] as number;
    text += String.fromCharCode(byte === ESCAPE ? (data[++at] as number) ^ ESCAPE_XOR : byte);
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
