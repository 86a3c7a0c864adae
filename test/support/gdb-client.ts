// A client of gdb's remote protocol, for tests: sends packets and waits for answers.

import { PacketReader, packet } from "../../src/debug/gdb-packets.js";

/** A connection to the target's side. */
export class GdbClient {
  private readonly reader = new PacketReader();
  private readonly arrived: string[] = [];
  private waiting: ((data: string) => void) | null = null;
  /** Acknowledgements that came, in order. */
  signs = "";

  constructor(readonly send: (bytes: Uint8Array) => void) {}

  /** Takes bytes from the other side. */
  receive(bytes: Uint8Array): void {
    const data: number[] = [];
    let isInPacket = false;
    for (const byte of bytes) {
      const sign = String.fromCharCode(byte);
      if (sign === "$") isInPacket = true;
      if (!isInPacket && (sign === "+" || sign === "-")) this.signs += sign;
      else data.push(byte);
    }
    for (const arrival of this.reader.add(Uint8Array.from(data))) {
      if (arrival.kind !== "packet") throw new Error(`the target has sent: ${arrival.kind}`);
      const { waiting } = this;
      this.waiting = null;
      if (waiting === null) this.arrived.push(arrival.data);
      else waiting(arrival.data);
    }
  }

  /** The next packet. */
  next(): Promise<string> {
    const data = this.arrived.shift();
    if (data !== undefined) return Promise.resolve(data);
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  /** Asks, and returns the answer. */
  ask(data: string): Promise<string> {
    this.send(packet(data));
    return this.next();
  }
}
