// Random operations on run queues beside plain lists: after each, the level it touched must hold the same
// threads in the same order, in chunks that are sound.

import * as Layout from "../../src/generated/layout.js";
import { Random } from "./random.js";

/** Exports of test/support/assembly/runq-entry.ts. */
interface RunqExports {
  readonly memory: WebAssembly.Memory;
  setup(ncpus: number, threads: number, chunks: number): number;
  append(level: number, thread: number): void;
  prepend(level: number, thread: number): void;
  remove(level: number, thread: number): void;
  take(level: number): number;
  rotate(level: number): number;
  compact(level: number): void;
  order(level: number, list: number): number;
  sound(level: number): number;
  free_chunks(): number;
}

const CPUS = 2;
const LEVELS = 32 * CPUS;
const THREADS = 2000;
/** Threads that a chunk holds. */
const SLOTS = (Layout.CHUNK_SIZE - Layout.CHUNK_SLOT0) / 4;
/** Just more than dense queues need, so that thinned ones run the pool dry. */
const CHUNKS = Math.ceil(THREADS / SLOTS) + 2 * LEVELS + 4;
/** Operations until the mix of operations changes. */
const PHASE = 500;

/** Counts of a run, to show that it has reached the interesting cases. */
export interface RunqCounts {
  operations: number;
  /** Removals from between other threads. */
  middle: number;
  /** Times that the pool ran dry and all queues were compacted. */
  compactions: number;
  longest: number;
}

/** One run of random operations. */
export class RunqModel {
  readonly counts: RunqCounts = { operations: 0, middle: 0, compactions: 0, longest: 0 };
  private readonly kernel: RunqExports;
  private readonly random: Random;
  private readonly list: number;
  private readonly levels: number[][] = Array.from({ length: LEVELS }, () => []);
  private readonly idle: number[] = Array.from({ length: THREADS }, (_, i) => i);
  private free = CHUNKS;

  constructor(
    wasm: WebAssembly.Module,
    readonly seed: number,
  ) {
    const panic = () => {
      throw new Error("the kernel panicked");
    };
    const nothing = () => {};
    const env = { panic, printf: nothing, ktr_flush: nothing, event: nothing };
    this.kernel = new WebAssembly.Instance(wasm, { env }).exports as unknown as RunqExports;
    this.random = new Random(seed);
    this.list = this.kernel.setup(CPUS, THREADS, CHUNKS) >>> 0;
  }

  /** Performs operations; throws at the first that does something other than the lists. */
  run(operations: number): RunqCounts {
    while (this.counts.operations < operations) this.phase();
    for (let level = 0; level < LEVELS; level++) this.check(level, "the end");
    return this.counts;
  }

  /** A mix of operations: on how many levels, how long the queues may get, and what is likely. */
  private phase(): void {
    const { random } = this;
    const few = random.once(3) ? LEVELS : 1 + random.below(4);
    const first = random.below(LEVELS - few + 1);
    const level = () => first + random.below(few);
    const longest = random.pick([4, 30, 30, 80, 80, 200, 700]);
    const weights = [random.below(8), random.below(8), random.below(8), 1 + random.below(4)];
    if (random.once(50)) this.thin(first);
    for (let i = 0; i < PHASE; i++) this.step(level(), longest, weights);
  }

  private step(level: number, longest: number, weights: readonly number[]): void {
    const queue = this.levels[level] as number[];
    const [removals = 0, rotations = 0, moves = 0, adds = 0] = weights;
    let choice = this.random.below(removals + rotations + moves + adds + 1);
    if (queue.length < 3 || (queue.length < longest && choice === 0)) {
      this.add(level);
      return;
    }
    choice--;
    if (queue.length >= longest || choice < removals) this.dequeue(level);
    else if (choice < removals + rotations) this.rotate(level);
    else if (choice < removals + rotations + moves) this.move(level);
    else this.add(level);
  }

  // ---- Operations ----

  private add(level: number): void {
    const thread = this.idle.pop();
    if (thread === undefined) {
      this.dequeue(level);
      return;
    }
    const queue = this.levels[level] as number[];
    if (this.random.once(6)) {
      this.kernel.prepend(level, thread);
      queue.unshift(thread);
      this.check(level, `prepend ${thread}`);
    } else {
      this.kernel.append(level, thread);
      queue.push(thread);
      this.check(level, `append ${thread}`);
    }
  }

  /** Removes a thread: the first, the last, or one in between. */
  private dequeue(level: number): void {
    const queue = this.levels[level] as number[];
    if (queue.length === 0) return;
    if (this.random.once(8)) {
      this.take(level);
      return;
    }
    const last = queue.length - 1;
    const at = this.random.pick([
      0,
      last,
      this.random.below(last + 1),
      this.random.below(last + 1),
    ]);
    this.removeAt(level, at);
  }

  private removeAt(level: number, at: number): void {
    const queue = this.levels[level] as number[];
    const thread = queue[at] as number;
    if (at > 0 && at < queue.length - 1) this.counts.middle++;
    this.kernel.remove(level, thread);
    queue.splice(at, 1);
    this.idle.push(thread);
    this.check(level, `remove ${thread}`);
  }

  private take(level: number): void {
    const thread = this.kernel.take(level);
    const expected = (this.levels[level] as number[]).shift() ?? -1;
    if (thread !== expected) this.fail(level, `take gave ${thread}, not ${expected}`);
    if (thread !== -1) this.idle.push(thread);
    this.check(level, "take");
  }

  private rotate(level: number): void {
    const queue = this.levels[level] as number[];
    const thread = this.kernel.rotate(level);
    const expected = queue.shift() ?? -1;
    if (thread !== expected) this.fail(level, `rotate gave ${thread}, not ${expected}`);
    if (expected !== -1) queue.push(expected);
    this.check(level, "rotate");
  }

  /** Another priority: off one level, to the tail of another. */
  private move(level: number): void {
    const from = this.levels[level] as number[];
    if (from.length === 0) return;
    const at = this.random.below(from.length);
    const thread = from[at] as number;
    const target = this.random.below(LEVELS);
    this.kernel.remove(level, thread);
    from.splice(at, 1);
    this.check(level, `remove ${thread} for a move`);
    this.kernel.append(target, thread);
    (this.levels[target] as number[]).push(thread);
    this.check(target, `append ${thread} for a move`);
  }

  /** Fills a level and leaves one thread of a chunk: chunks of tombstones, until the pool runs dry. */
  private thin(level: number): void {
    const queue = this.levels[level] as number[];
    for (let i = 0; i < 16; i++) {
      const start = queue.length;
      for (let n = Math.min(12 * SLOTS, this.idle.length); n > 0; n--) this.addTail(level);
      for (let at = queue.length - 1; at >= start; at--) {
        if ((at - start) % SLOTS !== SLOTS >> 1) this.removeQuietly(level, at);
      }
      this.check(level, "thinning");
    }
  }

  private addTail(level: number): void {
    const thread = this.idle.pop() as number;
    this.kernel.append(level, thread);
    (this.levels[level] as number[]).push(thread);
    this.count();
  }

  private removeQuietly(level: number, at: number): void {
    const queue = this.levels[level] as number[];
    const thread = queue[at] as number;
    this.kernel.remove(level, thread);
    queue.splice(at, 1);
    this.idle.push(thread);
    this.counts.middle++;
    this.count();
  }

  // ---- Checks ----

  private count(): void {
    this.counts.operations++;
    const free = this.kernel.free_chunks();
    if (free > this.free + 5) this.counts.compactions++;
    this.free = free;
  }

  private check(level: number, what: string): void {
    this.count();
    const queue = this.levels[level] as number[];
    this.counts.longest = Math.max(this.counts.longest, queue.length);
    const wrong = this.kernel.sound(level);
    if (wrong !== 0) this.fail(level, `${what}: the chunks are unsound (${wrong})`);
    const length = this.kernel.order(level, this.list);
    if (length !== queue.length)
      this.fail(level, `${what}: ${length} threads, not ${queue.length}`);
    const got = new Int32Array(this.kernel.memory.buffer, this.list, length);
    for (let i = 0; i < length; i++) {
      if (got[i] !== queue[i])
        this.fail(level, `${what}: ${got[i]} stands where ${queue[i]} should`);
    }
  }

  private fail(level: number, what: string): never {
    const { seed, counts } = this;
    throw new Error(
      `run queue, seed ${seed}, operation ${counts.operations}, level ${level}: ${what}`,
    );
  }
}
