// Thread ids against the simplest models of what the original does: a flat bitmap that is searched from
// where the last search ended, and plain lists.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { Reader } from "../support/fbsd-invariants.js";
import { Random } from "../support/random.js";

const NO_PID = 100_000;

/** The allocator of kern_thread.c 229, with a byte for a bit. */
class FlatBitmap {
  readonly used: Uint8Array;
  private next = 0;

  constructor(size: number) {
    this.used = new Uint8Array(size);
  }

  alloc(): number {
    if (this.next >= this.used.length) this.next = 0;
    let id = this.used.indexOf(0, this.next);
    if (id < 0) id = this.used.indexOf(0);
    this.used[id] = 1;
    this.next = id + 1;
    return id + NO_PID;
  }
}

/** Allocates and frees at random, drifting between empty and full; returns operations done. */
function tidStorm(maxthread: number, operations: number, seed: number): number {
  const machine = new Machine({ maxthread, maxproc: 4 }, buildUnderTest);
  const random = new Random(seed);
  const model = new FlatBitmap(maxthread);
  for (let i = 0; i < 2; i++) model.alloc(); // thread0 and init
  const mine: number[] = [];
  let goal = maxthread - 2;
  for (let i = 0; i < operations; i++) {
    if (mine.length === goal || random.once(4 * maxthread)) goal = random.below(maxthread - 1);
    const grow = mine.length < goal ? !random.once(8) : random.once(8);
    if (mine.length === 0 || (grow && mine.length < maxthread - 2)) {
      const [tid] = machine.call(sys.tid_alloc());
      const wanted = model.alloc();
      if (tid !== wanted) {
        throw new Error(`seed ${seed}, operation ${i}: id ${tid}, should be ${wanted}`);
      }
      mine.push(tid);
    } else {
      const place = random.below(mine.length);
      const tid = mine[place] as number;
      mine[place] = mine.at(-1) as number;
      mine.pop();
      machine.call(sys.tid_free(tid));
      model.used[tid - NO_PID] = 0;
    }
  }
  const left = new Reader(machine.kernel).tids();
  expect(left.size).toBe(mine.length + 2);
  return operations;
}

describe("thread ids", () => {
  it.each([
    [3, 20_000],
    [64, 100_000],
    [65, 100_000],
    [130, 150_000],
    [4_096, 200_000],
    [4_097, 200_000],
    [20_000, 150_000],
    [300_000, 150_000],
  ])("are those of a flat next-fit bitmap of %d ids in %d operations", (maxthread, operations) => {
    expect(tidStorm(maxthread, operations, maxthread)).toBe(operations);
  });

  it("are those of a flat bitmap when only the last of a million is free", () => {
    const maxthread = 1_000_000;
    const machine = new Machine({ maxthread, maxproc: 4 }, buildUnderTest);
    for (let id = 2; id < maxthread - 1; id++) machine.call(sys.tid_alloc());
    expect(machine.call(sys.tid_alloc())[0]).toBe(NO_PID + maxthread - 1);
    machine.call(sys.tid_free(NO_PID + 500_000));
    expect(machine.call(sys.tid_alloc())[0]).toBe(NO_PID + 500_000);
    machine.call(sys.tid_free(NO_PID + 499_999));
    machine.call(sys.tid_free(NO_PID + 500_000));
    expect(machine.call(sys.tid_alloc())[0]).toBe(NO_PID + 499_999);
  });
});

/** Adds, removes and looks up at random; the model is a list per bucket, head first. */
class HashStorm {
  private readonly machine: Machine;
  private readonly reader: Reader;
  private readonly random: Random;
  private readonly mask: number;
  private readonly model: number[][];
  private readonly all: number[];
  private operation = 0;

  constructor(
    maxproc: number,
    threads: number,
    private readonly seed: number,
  ) {
    this.machine = new Machine({ maxthread: threads + 120, maxproc }, buildUnderTest);
    this.reader = new Reader(this.machine.kernel);
    this.random = new Random(seed);
    this.mask = this.reader.buckets() - 1;
    this.model = Array.from({ length: this.mask + 1 }, (_, i) => this.reader.chain(i));
    const alloc = () => this.machine.call(sys.thread_alloc(0))[0] >>> 0;
    this.all = Array.from({ length: threads }, alloc);
  }

  run(operations: number): void {
    for (; this.operation < operations; this.operation++) {
      this.step(this.random.pick(this.all));
      const index = this.random.below(this.mask + 1);
      if (this.random.once(400)) this.removeNewest(index, this.random.below(40));
      if (this.random.once(1_000)) this.ageStamps(index);
      if (this.operation % 64 === 0) this.compare(index);
    }
    for (let index = 0; index <= this.mask; index++) this.compare(index);
  }

  private list(td: number): number[] {
    return this.model[this.reader.tid(td) & this.mask] as number[];
  }

  private step(td: number): void {
    const list = this.list(td);
    const place = list.indexOf(td);
    if (place < 0) {
      this.machine.call(sys.tidhash_add(td));
      list.unshift(td);
    } else if (this.random.once(8)) {
      this.remove(td);
    } else {
      expect(this.machine.call(sys.tdfind(this.reader.tid(td), -1))[0] >>> 0).toBe(td);
      if (place > 16) list.unshift(...list.splice(place, 1));
    }
  }

  private remove(td: number): void {
    this.machine.call(sys.tidhash_remove(td));
    const list = this.list(td);
    list.splice(list.indexOf(td), 1);
  }

  /** Many that the bucket knows leave, so that it must look for those that come next. */
  private removeNewest(index: number, n: number): void {
    const list = this.model[index] as number[];
    for (const td of list.slice(0, n)) if (this.all.includes(td)) this.remove(td);
  }

  /** As if thousands of millions of insertions had been: a few later all get new stamps. */
  private ageStamps(index: number): void {
    const at = this.reader.bucket(index) + Layout.TidBucket.thb_stamp;
    const { u32 } = this.machine.kernel;
    u32[at >>> 2] = Math.max(u32[at >>> 2] as number, 0xffff_fff0);
  }

  private compare(index: number): void {
    const { seed, operation, reader } = this;
    const chain = reader.chain(index);
    const wanted = this.model[index] as number[];
    const what = `seed ${seed}, operation ${operation}: bucket ${index}`;
    if (chain.join() !== wanted.join()) throw new Error(`${what} differs`);
    const known = reader.knownStamps(index).join();
    const newest = chain.slice(0, reader.knownStamps(index).length).map((td) => reader.stamp(td));
    if (known !== newest.join()) throw new Error(`${what} knows ${known}, should know ${newest}`);
  }
}

describe("the hash of thread ids", () => {
  it.each([
    [2, 10, 4_000],
    [2, 40, 20_000],
    [4, 300, 40_000],
    [100, 2_000, 40_000],
  ])("with maxproc %d and %d threads has the chains of plain lists", (maxproc, threads, n) => {
    for (const seed of [1, 2, 3]) {
      new HashStorm(maxproc, threads, seed * 1000 + maxproc).run(n);
    }
  });

  it("finds a thread in a bucket with 100,000 others as fast as in one with ten", () => {
    const time = (threads: number) => {
      const machine = new Machine({ maxthread: threads + 200, maxproc: 2 }, buildUnderTest);
      const reader = new Reader(machine.kernel);
      const tids: number[] = [];
      for (let i = 0; i < threads; i++) {
        const td = machine.call(sys.thread_alloc(0))[0];
        machine.call(sys.tidhash_add(td));
        tids.push(reader.tid(td));
      }
      const start = process.hrtime.bigint();
      for (let i = 0; i < 100_000; i++) {
        machine.call(sys.tdfind(tids[(i * 7919) % threads] as number, -1));
      }
      return Number(process.hrtime.bigint() - start);
    };
    time(10);
    const few = time(10);
    const many = time(100_000);
    expect(many / few).toBeLessThan(20); // walking would be 5,000 times slower
  });
});
