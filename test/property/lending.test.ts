// Random lock graphs on 1 to 16 CPUs: at each step what is lent is what the plain model says, and nothing is lent
// at the end.

import { describe, expect, it } from "vitest";
import { MTX_NOLEND } from "../../src/generated/layout.js";
import { type Body, Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { Lending } from "../support/lending-model.js";
import { Random } from "../support/random.js";
import { SCHEDULERS } from "../support/workload-run.js";

const LOCKS = 6;
const STEPS = 60;

/** One storm: threads take locks in a fixed order, in any nesting, and change priorities all the time. */
class LockStorm {
  private readonly machine: Machine;
  private readonly random: Random;
  private readonly locks: number[] = [];
  private readonly threads: number[] = [];
  private readonly lending: Lending;
  chains = 0;
  lent = 0;

  constructor(seed: number, scheduler: (typeof SCHEDULERS)[number]) {
    this.random = new Random(seed);
    const cpus = this.random.pick([1, 1, 2, 3, 4, 8, 16]);
    const quantum = 100 + this.random.below(400);
    this.machine = new Machine({ cpus, scheduler, quantum, objects: 16, seed }, buildUnderTest);
    for (let i = 0; i < LOCKS; i++) {
      const [error, lock] = this.machine.call(sys.mtx_init(`l${i}`, i === 3 ? MTX_NOLEND : 0));
      expect(error).toBe(0);
      this.locks.push(lock >>> 0);
    }
    const count = 3 + this.random.below(14);
    for (let i = 0; i < count; i++) {
      const td = this.machine.createThread({ name: `t${i}`, body: () => this.body(i) });
      this.threads.push(td.address);
    }
    this.lending = new Lending(this.machine, this.threads, this.locks);
  }

  private check(): void {
    const faults = this.lending.faults();
    if (faults.length > 0) throw new Error(faults.join("; "));
    const own = this.threads.filter((td) => this.lending.lent(td) < this.lending.base(td));
    this.lent += own.length;
    if (own.length > 1) this.chains++;
  }

  private *body(self: number): Body {
    const { random, locks } = this;
    const held: number[] = [];
    yield* sys.sched_prio_self(100 + random.below(100));
    for (let step = 0; step < STEPS; step++) {
      this.check();
      const above = held.length === 0 ? 0 : (held.at(-1) as number) + 1;
      const what = random.below(8);
      if (what < 3 && above < LOCKS) {
        const next = above + random.below(LOCKS - above);
        yield* sys.mtx_lock(locks[next] as number);
        held.push(next);
      } else if (what < 5 && held.length > 0) {
        const at = random.below(held.length);
        yield* sys.mtx_unlock(locks[held.splice(at, 1)[0] as number] as number);
      } else if (what === 5) yield* sys.sched_prio_self(100 + random.below(100));
      else if (what === 6) {
        const other = random.pick(this.threads);
        if (other !== this.threads[self]) yield* sys.sched_prio(other, 100 + random.below(100));
      } else if (random.once(3)) yield* sys.tsleep("nap", 0, "nap", 1);
      else yield* sys.compute(BigInt(random.below(700)));
    }
    while (held.length > 0) yield* sys.mtx_unlock(locks[held.pop() as number] as number);
    this.check();
    // All stay until the last is through: a structure that is used again would be another thread.
    yield* sys.tsleep("end", 0, "end", 0);
  }

  run(): void {
    const { machine, lending } = this;
    while (machine.run({ switches: 1 }).reason === "switches") this.check();
    this.check();
    for (const td of this.threads) {
      expect([lending.lent(td), lending.priority(td)]).toEqual([255, lending.base(td)]);
    }
    for (const lock of this.locks) expect(this.machine.kernel.read(lock + 8)).toBe(0);
  }
}

describe.each(SCHEDULERS)("priority lending under %s", (scheduler) => {
  it("is the best priority of those that wait, through all chains, after each step", () => {
    let chains = 0;
    let lent = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const storm = new LockStorm(seed, scheduler);
      try {
        storm.run();
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
      }
      chains += storm.chains;
      lent += storm.lent;
    }
    expect(lent).toBeGreaterThan(3_000);
    expect(chains).toBeGreaterThan(300);
  });
});
