// What the runs of our own machine share: a machine that just fits, a program with a driver thread that
// does a round whenever the host wakes it, and stamps of the host's clock from inside the program.

import { calls } from "../../src/core/calls.js";
import type { MachineConfig } from "../../src/core/config.js";
import type { KernelSource } from "../../src/core/instantiate.js";
import { HOST_EVENT_REPORT } from "../../src/generated/layout.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import type { LoadedProgram } from "../../src/machine/programs.js";
import { encodeKernelCall } from "../../src/program/encode.js";
import {
  channel,
  label,
  type MachineProgramBuilder,
  type Program,
  string,
} from "../../src/program/index.js";

/**
 * Room for threads besides those that are measured: their driver and the kernel's own, and the last 100
 * below the limit, whose creation takes a look at the creator's privileges.
 */
const SLACK_THREADS = 128;
/** Rounds of the machine between two looks at it. */
const ROUNDS_PER_LOOK = 50;

const GO = "go";

/**
 * The settings of a machine for so many threads: no thread loses the CPU but by its own will, so that
 * what is measured is what the programs ask for, as in the peers.
 */
export function configFor(threads: number, config: MachineConfig = {}): MachineConfig {
  return {
    maxthread: threads + SLACK_THREADS,
    maxproc: 64,
    kstackDepth: 2,
    kstackPages: 1,
    roundRobin: 0,
    textMemory: 4096,
    guestMemory: 64 << 10,
    objects: 16,
    stringMemory: 4096,
    ...config,
  };
}

/** A machine with one program loaded. */
export class Workbench {
  readonly machine: Machine;
  readonly program: LoadedProgram;
  /** Milliseconds of the host's clock at each `stamp` that the program has passed in this round. */
  readonly stamps_ms: number[] = [];
  private readonly words: Int32Array;

  constructor(config: MachineConfig, program: Program, build: KernelSource = "release") {
    this.machine = new Machine(config, build);
    this.program = this.machine.load(program);
    const { buffer, byteOffset, byteLength } = this.machine.guestMemory;
    this.words = new Int32Array(buffer, byteOffset, byteLength >>> 2);
    this.machine.kernel.onEvent = (list, mustStop) => {
      if (list !== HOST_EVENT_REPORT) return;
      this.stamps_ms.push(performance.now());
      if (mustStop === 1) this.machine.stop();
    };
  }

  /** Creates the driver (see `placeDriver`) and lets it get to where it waits for a round. */
  startDriver(entry = "driver"): void {
    const body = this.program.addressOf(entry);
    this.machine.createThread({ name: entry, body, cpu: 0 });
    this.machine.run();
  }

  /** Has the driver do one round; returns when nothing is left to do, or at a `stamp` that stops. */
  round(): void {
    this.stamps_ms.length = 0;
    this.machine.call(sys.wakeup(GO));
    this.resume();
  }

  /** Goes on after a stamp that stopped. */
  resume(): void {
    const { reason } = this.machine.run();
    if (reason !== "idle" && reason !== "stopped") throw new Error(`The run ended by ${reason}.`);
  }

  /** Runs until `isDone`; for programs that never end by themselves. */
  runUntil(isDone: () => boolean, rounds = ROUNDS_PER_LOOK): void {
    while (!isDone()) {
      const { reason } = this.machine.run({ rounds });
      if (reason === "idle") throw new Error("The machine has nothing to do any more.");
    }
  }

  /** The word of a data block of the program. */
  word(name: string, index = 0): number {
    return this.words[(this.program.addressOf(name) >>> 2) + index] as number;
  }

  setWord(name: string, value: number, index = 0): void {
    this.words[(this.program.addressOf(name) >>> 2) + index] = value;
  }
}

/** Places a thread that does `round` each time when the host asks for one; its label is "driver". */
export function placeDriver(
  b: MachineProgramBuilder,
  round: (b: MachineProgramBuilder) => unknown,
): void {
  b.label("driver").forever(() => {
    b.call("tsleep", channel(GO), 0, string(GO), 0);
    round(b);
  });
}

/** Tells the host's clock that the program has come here. */
export function stamp(b: MachineProgramBuilder): void {
  b.call("thread_report", 0);
}

/** The same, and ends the host's `round` or `resume` soon after. */
export function stampAndStop(b: MachineProgramBuilder): void {
  b.call("thread_report", 1);
}

/**
 * Creates that many threads, at a label, with the loop's counter in s1. The arguments that are the same
 * for all stay in their registers: a kernel call leaves them alone.
 */
export function placeCreations(b: MachineProgramBuilder, threads: number, body: string): void {
  b.li("a2", 0).li("a3", 0).li("a4", 0).li("a5", string(body)).li("a6", 0).li("s2", label(body));
  const create = () => b.mv("a0", "s2").mv("a1", "s1").raw(encodeKernelCall(calls.kthread_add.nr));
  b.loop(threads, create, { counter: "s1" });
}

/** Adds 1 to a word: on one CPU, where nobody interrupts, three plain instructions will do. */
export function increment(b: MachineProgramBuilder, name: string): void {
  b.la("t0", name).lw("t1", "t0", 0).addi("t1", "t1", 1).sw("t1", "t0", 0);
}

/** Yields until a word is what a register says. */
export function yieldUntil(
  b: MachineProgramBuilder,
  name: string,
  register: "s0" | "s2" | "s3",
): void {
  const again = b.newLabel("again");
  b.label(again).call("lwkt_yield").la("t0", name).lw("t0", "t0", 0).bne("t0", register, again);
}

/** Milliseconds that an action takes. */
export function time_ms(action: () => void): number {
  const start_ms = performance.now();
  action();
  return performance.now() - start_ms;
}

/** Resident memory of this process, in MB. */
export function resident_mb(): number {
  return process.memoryUsage.rss() / 1e6;
}

export function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** 0 to n - 1 in order, or shuffled as the peers shuffle (peers/round.h). */
export function makeOrder(n: number, isShuffled: boolean): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let x = 2463534242;
  for (let i = n - 1; isShuffled && i > 0; i--) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const j = (x >>> 0) % (i + 1);
    const other = order[j] as number;
    order[j] = order[i] as number;
    order[i] = other;
  }
  return order;
}
