// Storms under chaos: threads of several CPUs that use tokens, sleep and wake each other while messages are delayed,
// slices are cut short and CPUs run in any order. What must hold whatever the timing is checked: no two threads are in
// a section at once, no request is lost, and all threads end.

import { type Body, type Handle, type KernelSource, Machine, sys } from "../../../src/index.js";
import { Random } from "../random.js";
import { Mismatch } from "./storm.js";

/** Rounds within which all threads have ended. */
const ROUNDS_MAX = 40_000;

/** A storm of one seed. */
export class ChaosStorm {
  private readonly machine: Machine;
  private readonly random: Random;
  private readonly threads: number;
  /** Turns given to each thread that it has not taken yet. */
  private readonly turns: number[];
  private readonly tds: { address: number }[] = [];
  private inside = 0;
  /** True if two threads have been in a section at once. */
  private isBroken = false;
  private ended = 0;
  /** True when the first thread, which never waits, is ending: turns no longer matter. */
  private isClosing = false;
  steps = 0;

  constructor(
    readonly seed: number,
    source: KernelSource,
    options: { readonly cpus?: number; readonly plant?: number } = {},
  ) {
    this.random = new Random(seed);
    const cpus = options.cpus ?? this.random.pick([2, 3, 4]);
    this.machine = new Machine(
      {
        ...{ cpus, seed, chaos: true, maxthread: 60, maxproc: 20, objects: 8 },
        ...{ guestMemory: 4096, textMemory: 1024, stringMemory: 8192 },
        quantum: 100 + this.random.below(300),
        roundRobin: 300 + this.random.below(700),
        preemption: this.random.once(2),
      },
      source,
    );
    if (options.plant !== undefined) this.machine.kernel.setMachine("plant", options.plant);
    this.threads = 2 + this.random.below(5);
    this.turns = Array<number>(this.threads).fill(0);
  }

  /** Runs the storm; throws a {@link Mismatch} where something is not as it must be. */
  run(): void {
    const { machine } = this;
    const cpus = machine.config.cpus;
    const token = { address: machine.call(sys.lwkt_token_create(0))[1] >>> 0 };
    for (let i = 0; i < this.threads; i++) {
      const body = () => this.life(i, token, new Random(this.seed * 131 + i));
      this.tds.push(machine.createThread({ name: `t${i}`, cpu: i % cpus, body }));
    }
    for (let rounds = 0; this.ended < this.threads; rounds++) {
      if (machine.run({ rounds: 1 }).reason === "idle" || rounds > ROUNDS_MAX) {
        throw new Mismatch(`${this.threads - this.ended} of ${this.threads} threads never end`);
      }
      if (this.isBroken) throw new Mismatch("two threads hold a token");
    }
  }

  private *life(me: number, token: Handle, random: Random): Body {
    for (let turn = 0; turn < 25; turn++) {
      this.steps++;
      const what = random.below(6);
      if (what === 0) yield* sys.compute(BigInt(50 + random.below(900)));
      else if (what === 1) yield* this.section(token, random);
      else if (what === 2)
        yield* this.hand((me + 1 + random.below(this.threads - 1)) % this.threads);
      else if (what === 3 && me !== 0) yield* this.wait(me);
      else if (what === 4) yield* sys.lwkt_setpri_self(6 + random.below(20));
      else yield* sys.lwkt_yield();
    }
    if (me === 0) {
      this.isClosing = true;
      for (let i = 1; i < this.threads; i++) yield* this.hand(i);
    }
    this.ended++;
  }

  /** A section that no other thread may be in. */
  private *section(token: Handle, random: Random): Body {
    yield* sys.lwkt_gettoken(token);
    if (++this.inside !== 1) this.isBroken = true;
    yield* sys.compute(BigInt(10 + random.below(600)));
    this.inside--;
    yield* sys.lwkt_reltoken(token);
  }

  /** Gives a thread a turn, which it may be waiting for. */
  private *hand(to: number): Body {
    this.turns[to] = (this.turns[to] ?? 0) + 1;
    const td = this.tds[to] as Handle;
    yield* sys.lwkt_schedule(td);
  }

  /** Waits for a turn off the run queue; the giver makes the thread runnable again. */
  private *wait(me: number): Body {
    yield* sys.lwkt_deschedule_self();
    if (this.turns[me] === 0 && !this.isClosing) yield* sys.lwkt_switch();
    else yield* sys.lwkt_schedule_self();
    this.turns[me] = 0;
  }
}
