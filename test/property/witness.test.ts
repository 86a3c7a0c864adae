// Threads that take locks of a few names and classes in any order, beside a plain model of witness(4)'s rules: what
// the kernel prints is what the model writes, line by line.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { type Body, Machine, MutexOption, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { Random } from "../support/random.js";
import { type LockClass, type ModelLock, WitnessModel } from "../support/witness-model.js";

const CALLS = {
  mutex: {
    make: (name: string) => sys.mtx_init(name, 0),
    take: sys.mtx_lock,
    leave: sys.mtx_unlock,
  },
  user: {
    make: (name: string) => sys.mtx_init(name, MutexOption.NOLEND),
    take: sys.mtx_lock,
    leave: sys.mtx_unlock,
  },
  rw: { make: (name: string) => sys.rw_init(name, 0), take: sys.rw_wlock, leave: sys.rw_wunlock },
  sx: { make: (name: string) => sys.sx_init(name, 0), take: sys.sx_xlock, leave: sys.sx_xunlock },
  spin: {
    make: (name: string) => sys.mtx_init(name, MutexOption.SPIN),
    take: sys.mtx_lock_spin,
    leave: sys.mtx_unlock_spin,
  },
} as const;

/** Takes locks at random, one thread after the other; the lines that were printed, and the model's. */
function lines(seed: number, plant = 0): { printed: string[]; expected: string[]; taken: number } {
  const random = new Random(seed);
  const machine = new Machine(
    { witness: true, maxthread: 1_000, objects: 64, cpus: random.pick([1, 2]) },
    plant === 0 ? buildUnderTest : "check",
  );
  if (plant !== 0) machine.kernel.setMachine("plant", plant);
  const names = ["a", "b", "c", "d", "e"].slice(0, 2 + random.below(4));
  const classes = random.pick<readonly LockClass[]>([
    ["mutex"],
    ["mutex", "sx"],
    ["mutex", "spin"],
    ["mutex", "user", "rw", "sx", "spin"],
  ]);
  const locks = Array.from({ length: 4 + random.below(8) }, (): ModelLock => {
    const [name, kind] = [random.pick(names), random.pick(classes)];
    return { name, kind, address: machine.call(CALLS[kind].make(name))[1] >>> 0 };
  });
  const model = new WitnessModel();
  let taken = 0;
  for (let i = 0; i < 30; i++) {
    const name = `t${i}`;
    let words = name;
    const held: ModelLock[] = [];
    const usesSpin = random.once(2);
    const thread = machine.createThread({
      name,
      *body(): Body {
        for (let step = 0; step < 8; step++) {
          const lock = random.pick(locks);
          const hasSpin = held.some(({ kind }) => kind === "spin");
          if (held.includes(lock) || (hasSpin && lock.kind !== "spin")) continue;
          if (lock.kind === "spin" && !usesSpin) continue;
          const tries = lock.kind === "mutex" && random.once(5);
          if (!tries) model.wants(words, held, lock);
          if (tries) yield* sys.mtx_trylock(lock.address);
          else yield* CALLS[lock.kind].take(lock.address);
          held.push(lock);
          taken++;
          // In any order, but for spin mutexes, which are critical sections.
          if (random.once(2) && !hasSpin && lock.kind !== "spin") {
            const [one] = held.splice(random.below(held.length), 1);
            if (one !== undefined) yield* CALLS[one.kind].leave(one.address);
          }
        }
        for (const lock of held.reverse()) yield* CALLS[lock.kind].leave(lock.address);
        yield sys.kthread_exit();
      },
    });
    words = `${name} (tid ${thread.tid})`;
    machine.run();
  }
  return { printed: machine.console.split("\n").slice(0, -1), expected: model.lines, taken };
}

describe("the orders of locks", () => {
  it("are told as witness(4) tells them, through any chain", () => {
    let [taken, chains, thirds] = [0, 0, 0];
    for (let seed = 1; seed <= 120; seed++) {
      const { printed, expected, taken: more } = lines(seed);
      expect([seed, printed]).toEqual([seed, expected]);
      taken += more;
      chains += printed.filter((line) => line.includes("established")).length;
      thirds += printed.filter((line) => line.startsWith(" 3rd")).length;
    }
    expect(taken).toBeGreaterThan(10_000);
    expect(chains).toBeGreaterThan(300);
    expect(thirds).toBeGreaterThan(20);
  });

  it.each(Object.entries(Plant).filter(([name]) => name.startsWith("WITNESS_")))(
    "would be told wrongly with a fault: %s",
    (_, plant) => {
      const isFound = Array.from({ length: 30 }, (__, i) => lines(i + 1, plant)).some(
        ({ printed, expected }) => printed.join() !== expected.join(),
      );
      expect(isFound).toBe(true);
    },
  );
});
