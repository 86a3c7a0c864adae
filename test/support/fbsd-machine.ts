// A small machine for tests of FreeBSD's calls, whose time advances by sleeps alone.

import { type Body, KernelPanic, Machine, type MachineConfig, sys } from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { Reader } from "./fbsd-invariants.js";

/** A machine with access to kernel memory for tests. */
export class FbsdMachine {
  readonly machine: Machine;
  readonly reader: Reader;
  /** What bodies have noted, in order. */
  readonly notes: unknown[] = [];

  constructor(config: MachineConfig = {}) {
    this.machine = new Machine(
      { scheduler: "4bsd", maxthread: 1000, maxproc: 100, ticks: 1000, ...config },
      buildUnderTest,
    );
    this.reader = new Reader(this.machine.kernel);
  }

  /** Creates a kernel thread with this body. */
  thread(name: string, body: () => Body, priority?: number): number {
    return this.machine.createThread({
      name,
      body,
      ...(priority === undefined ? {} : { priority }),
    }).address;
  }

  /** Creates a user process with this body, from the host: proc0 is its parent. */
  user(body: () => Body): { p: number; td: number } {
    let made = { error: -1, address: 0 };
    this.thread("forker", function* () {
      made = yield* sys.fork(body, 0, 0, 0, -1);
    });
    this.step(() => made.error !== -1);
    const p = made.address;
    return { p, td: this.reader.proc(p, "p_threads") };
  }

  /** Runs until `isDone` is true, looking after every round. */
  step(isDone: () => boolean): void {
    while (!isDone()) {
      if (this.machine.run({ rounds: 1 }).reason === "idle" && !isDone()) {
        throw new Error("the machine is idle, and what was waited for has not happened");
      }
    }
  }

  /** Runs until the machine is idle for good, and returns the notes. */
  run(): unknown[] {
    this.machine.run();
    return this.notes;
  }

  /** Runs `body` in a kernel thread, to the end, and returns what it noted. */
  do(body: (note: (value: unknown) => void) => Body): unknown[] {
    const notes: unknown[] = [];
    this.thread("test", () => body((value) => notes.push(value)));
    this.machine.run();
    return notes;
  }

  /** The text of the panic that `action`, or the run after it, ends with. */
  panicOf(action: () => void): string {
    try {
      action();
      this.machine.run();
    } catch (error) {
      if (error instanceof KernelPanic) return error.text;
      throw error;
    }
    return "no panic";
  }

  /** Sets a word of kernel memory. */
  poke(address: number, value: number): void {
    this.machine.kernel.u32[address >>> 2] = value;
  }

  /** Sets a byte of kernel memory. */
  poke8(address: number, value: number): void {
    this.machine.kernel.u8[address] = value;
  }

  /** Address of a thread's cold part. */
  cold(td: number): number {
    return this.machine.kernel.cold(td);
  }
}
