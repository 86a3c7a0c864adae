/** Runs built programs in the reference interpreter, with a small table of kernel calls. */

import type { CallTable } from "../../src/core/call-table.js";
import { type LinkedProgram, link } from "../../src/program/link.js";
import type { Program } from "../../src/program/program.js";
import { type Register, registerNumber } from "../../src/program/registers.js";
import { type CallHook, ReferenceCpu, type Stop } from "./rv32-reference.js";

/** A table with a call of every shape. */
export const testCalls = {
  lwkt_yield: { nr: 1, args: [], returns: "void", doc: "Yields the CPU." },
  tsleep: {
    nr: 2,
    args: ["channel", "pri", "string", "ticks"],
    returns: "i32",
    doc: "Sleeps on a channel.",
  },
  compute: { nr: 3, args: ["cycles"], returns: "void", doc: "Uses up cycles." },
  kthread_add: {
    nr: 4,
    args: ["address", "address", "string"],
    returns: "thread",
    doc: "Makes a thread.",
  },
  kthread_exit: { nr: 5, args: [], returns: "never", doc: "Ends the thread." },
  record: {
    nr: 6,
    args: ["u32", "u32", "u32", "u32", "u32", "u32", "u32", "u32"],
    returns: "void",
    doc: "Records eight numbers.",
  },
  mixed: { nr: 0xfff, args: ["i32", "u64", "thread"], returns: "u64", doc: "Takes a u64." },
} as const satisfies CallTable;

const TEXT_BASE = 0x1000;
const DATA_BASE = 0x8000;
const MEMORY_SIZE = 0x10000;

/** A machine's settings for linking: channels and texts get numbers in order of first use. */
export function testResolver(cyclesPerSecond = 100_000_000, hz = 100) {
  const names: string[] = [];
  const number = (name: string) => {
    if (!names.includes(name)) names.push(name);
    return 0x40000800 + names.indexOf(name) * 0x1000;
  };
  return {
    names,
    cyclesPerSecond,
    hz,
    channel: (name: string) => number(`channel ${name}`),
    string: (text: string) => number(`string ${text}`),
    external: (name: string) => (name === "workers" ? 7 : undefined),
  };
}

/** One kernel call that a program made: its number and a0 to a7. */
export interface MadeCall {
  readonly nr: number;
  readonly args: readonly number[];
}

export interface Run {
  readonly stop: Stop;
  readonly cpu: ReferenceCpu;
  readonly calls: readonly MadeCall[];
  readonly memory: DataView;
  readonly linked: LinkedProgram;
  /** The value of a register, unsigned. */
  register(name: Register): number;
  /** The word at a symbol plus an offset. */
  word(symbol: string, offset?: number): number;
}

export interface RunOptions {
  readonly budget?: number;
  readonly registers?: Partial<Record<Register, number>>;
  readonly onCall?: CallHook;
}

/** Loads a program and runs it from its entry until it stops. */
export function run(program: Program, options: RunOptions = {}): Run {
  const { budget = 100_000, registers = {}, onCall } = options;
  const resolve = testResolver();
  const linked = link(program, { textBase: TEXT_BASE, dataBase: DATA_BASE, resolve });
  const memory = new Uint8Array(Math.max(MEMORY_SIZE, DATA_BASE + linked.data.length));
  const size = linked.text.byteLength;
  memory.set(new Uint8Array(linked.text.buffer), TEXT_BASE);
  memory.set(linked.data, DATA_BASE);
  const calls: MadeCall[] = [];
  const text = { base: TEXT_BASE, size };
  const cpu = new ReferenceCpu({
    memory,
    text,
    onCall: (caller, nr) => {
      calls.push({ nr, args: [...caller.x.subarray(10, 18)].map((value) => value >>> 0) });
      return onCall?.(caller, nr);
    },
  });
  cpu.pc = linked.entry;
  for (const [name, value] of Object.entries(registers)) {
    cpu.x[registerNumber(name as Register)] = value;
  }
  const stop = cpu.run(budget);
  const view = new DataView(memory.buffer);
  return {
    stop,
    cpu,
    calls,
    memory: view,
    linked,
    register: (name) => cpu.x[registerNumber(name)]! >>> 0,
    word: (symbol, offset = 0) => view.getUint32(linked.addressOf(symbol) + offset, true),
  };
}
