// Snapshots of random machines: what is brought back, from memory or from a file, goes on as if nothing had
// happened, to the last byte of memory; a damaged file is refused.

import {
  decodeSnapshot,
  encodeSnapshot,
  Machine,
  type Snapshot,
  SnapshotError,
} from "../../src/index.js";
import { buildUnderTest as build } from "../support/build.js";
import { mustBe } from "../support/must-be.js";
import { Random } from "../support/random.js";
import { createWorld, memoryOf, randomConfig } from "../support/snapshot-world.js";

const DAMAGED = 4;

function mustBeAlike(machine: Machine, other: Machine, what: string): void {
  mustBe(machine.hash, other.hash, `${what}: hash`);
  mustBe(machine.cycles, other.cycles, `${what}: time`);
  mustBe(memoryOf(machine).compare(memoryOf(other)), 0, `${what}: difference of memory`);
}

/** A file with some bytes changed is refused, whatever they are. */
function refuseDamaged(bytes: Uint8Array, random: Random): void {
  for (let i = 0; i < DAMAGED; i++) {
    const copy = bytes.slice(0, random.once(4) ? random.below(bytes.length) : undefined);
    if (copy.length === bytes.length) {
      const at = random.below(copy.length);
      copy[at] = (copy[at] as number) ^ (1 + random.below(255));
    }
    let taken: Snapshot | null = null;
    try {
      taken = decodeSnapshot(copy);
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
    }
    if (taken !== null) throw new Error("a damaged file is taken");
  }
}

/** Runs a machine, restores it in every way, and continues; operations are switches. */
export function snapshots(seed: number, size: number): number {
  const random = new Random(seed);
  const kinds = random.pick([
    { isRv32: true, isHost: false },
    { isRv32: false, isHost: true },
    { isRv32: true, isHost: true },
  ]);
  const config = randomConfig(random, random.pick([1, 2, 4, 16]), kinds);
  const before = { switches: 1 + random.below(size) };
  const after = { switches: 1 + random.below(size) };
  const reference = createWorld(seed, config, build, kinds).machine;
  reference.run(before);
  const { machine, bodies } = createWorld(seed, config, build, kinds);
  machine.run(before);
  const snapshot = machine.snapshot({ packed: random.once(2) });
  machine.run({ switches: 1 + random.below(size) });
  reference.run(after);

  machine.restore(snapshot);
  const fork = machine.fork();
  machine.run(after);
  mustBeAlike(machine, reference, "restored");
  fork.run(after);
  mustBeAlike(fork, reference, "forked");
  const bytes = encodeSnapshot(snapshot);
  const read = Machine.fromSnapshot(decodeSnapshot(bytes), { bodies });
  read.run(after);
  mustBeAlike(read, reference, "read from a file");
  refuseDamaged(bytes, random);
  return 4 * reference.counters.switches;
}
