// Snapshots of random machines at random points: whatever is brought back goes on as if nothing had happened,
// to the last byte of memory.

import { describe, expect, it } from "vitest";
import { decodeSnapshot, encodeSnapshot, Machine } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { Fickle } from "../support/own-scheduler.js";
import { Random } from "../support/random.js";
import { createWorld, type Kinds, memoryOf, randomConfig } from "../support/snapshot-world.js";

const SEEDS = 6;
const both: Kinds = { isRv32: true, isHost: true };
/** Bodies, and whether the scheduler is one in JavaScript. */
const KINDS: readonly (readonly [string, Kinds, boolean])[] = [
  ["RV32 bodies", { isRv32: true, isHost: false }, false],
  ["JavaScript bodies", { isRv32: false, isHost: true }, false],
  ["both kinds of bodies", both, false],
  ["a scheduler of one's own", both, true],
];

/** A stretch of a run. */
type Stretch = { readonly switches: number } | { readonly rounds: number };

interface Plan {
  readonly config: ReturnType<typeof randomConfig>;
  readonly before: Stretch;
  readonly between: Stretch;
  readonly after: Stretch;
}

function stretch(random: Random): Stretch {
  return random.once(3) ? { rounds: 1 + random.below(60) } : { switches: 1 + random.below(400) };
}

function planOf(seed: number, cpus: number, kinds: Kinds): Plan {
  const random = new Random(seed);
  return {
    config: randomConfig(random, cpus, kinds),
    before: stretch(random),
    between: stretch(random),
    after: stretch(random),
  };
}

/** What a machine was like at a moment that it can go back to. */
interface Moment {
  readonly to: { readonly cycles: bigint } | { readonly switches: number };
  readonly hash: string;
  readonly cycles: bigint;
  readonly switches: number;
}

/** Machines have the same hash, time and memory. */
function expectAlike(machine: Machine, other: Machine, what: string): void {
  expect(machine.hash, what).toBe(other.hash);
  expect(machine.cycles, what).toBe(other.cycles);
  const [mine, others] = [memoryOf(machine), memoryOf(other)];
  if (!mine.equals(others)) {
    const at = mine.findIndex((byte, i) => byte !== others[i]);
    expect.fail(`${what}: memory differs at 0x${(at + 0x400).toString(16)}`);
  }
}

for (const [name, kinds, isOwn] of KINDS) {
  /** What a machine has that no other may have: its scheduler, if that is one's own. */
  const own = () => (isOwn ? { scheduler: new Fickle() } : {});

  describe(`a machine with ${name}`, () => {
    for (const cpus of [1, 2, 4, 16]) {
      it(`continues as if nothing had happened on ${cpus} CPUs`, () => {
        for (let i = 0; i < SEEDS; i++) {
          const seed = 1000 * cpus + i;
          const plan = planOf(seed, cpus, kinds);
          const what = `seed ${seed}`;
          const create = () =>
            createWorld(seed, { ...plan.config, ...own() }, buildUnderTest, kinds);
          const reference = create();
          reference.machine.run(plan.before);
          reference.machine.run(plan.after);

          const subject = create();
          const { machine } = subject;
          machine.run(plan.before);
          const isPacked = i % 2 === 1;
          const snapshot = machine.snapshot({ packed: isPacked });
          machine.run(plan.between);
          machine.restore(snapshot);
          machine.run(plan.after);
          expectAlike(machine, reference.machine, `${what}, restored`);

          machine.restore(snapshot);
          const fork = machine.fork(own());
          fork.run(plan.after);
          expectAlike(fork, reference.machine, `${what}, forked`);
          machine.run(plan.after);
          expectAlike(machine, reference.machine, `${what}, restored again`);

          const bytes = encodeSnapshot(snapshot);
          const { bodies } = subject;
          const read = Machine.fromSnapshot(decodeSnapshot(bytes), { bodies, ...own() });
          read.run(plan.after);
          expectAlike(read, reference.machine, `${what}, read from a file`);
        }
      });

      it(`goes back to any moment that is kept on ${cpus} CPUs`, () => {
        let snapshots = 0;
        for (let i = 0; i < SEEDS; i++) {
          const seed = 2000 * cpus + i;
          const random = new Random(seed);
          const config = { ...randomConfig(random, cpus, kinds), ...own() };
          const { machine } = createWorld(seed, config, buildUnderTest, kinds);
          machine.run({ switches: random.below(50) });
          const recording = machine.record({ every: 20_000 });
          const seen: Moment[] = [];
          for (let step = 0; step < 12; step++) {
            const isTimed = random.once(3);
            const until = machine.cycles + BigInt(random.below(60_000));
            const { reason } = machine.run(
              isTimed ? { until } : { switches: 1 + random.below(200) },
            );
            const { hash, cycles } = machine;
            const { switches } = machine.counters;
            // A machine in which nothing can happen any more stands still before that time. What happened then may have
            // been many rounds of one time, of which its own names the first.
            const reached = until < cycles ? until : cycles;
            const to = isTimed && reason !== "idle" ? { cycles: reached } : { switches };
            seen.push({ hash, cycles, switches, to });
          }
          snapshots += recording.count;
          for (let step = 0; step < 12; step++) {
            const moment = random.pick(seen);
            machine.rewind(moment.to);
            expect(machine.hash, `seed ${seed}`).toBe(moment.hash);
            expect(machine.cycles, `seed ${seed}`).toBe(moment.cycles);
          }
          const last = seen.at(-1) as Moment;
          machine.run({ switches: last.switches - machine.counters.switches });
          expect(machine.hash, `seed ${seed}`).toBe(last.hash);
        }
        expect(snapshots).toBeGreaterThan(SEEDS);
      });
    }
  });
}
