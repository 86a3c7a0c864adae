// Where ule puts threads on machines with packages, caches and cores, by the rules of sched_ule.c: each where
// another rule would put them elsewhere, and with the fault planted that leaves that rule out.

import { describe, expect, it } from "vitest";
import { Plant, Thread as T } from "../../src/generated/layout.js";
import { type BodyFunction, Machine, type MachineConfig, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

/** Seeds of each case: random numbers decide between equals only. */
const SEEDS = [1, 2, 3, 4, 5, 6];
const MS = 1_000_000n;
const cyclesOf = (ms: number) => BigInt(Math.round(ms * 1000)) * (MS / 1000n);

class World {
  readonly machine: Machine;

  constructor(topology: MachineConfig["topology"], seed: number, plant: number) {
    const { packages = 1, caches = 1, cores = 1, threads = 1 } = topology ?? {};
    const cpus = packages * caches * cores * threads;
    const build = plant === 0 ? buildUnderTest : "check";
    this.machine = new Machine({ scheduler: "ule", topology, cpus, seed, maxthread: 1_000 }, build);
    if (plant !== 0) this.machine.kernel.setMachine("plant", plant);
    this.machine.setSysctl("kern.sched.balance", 0);
    this.machine.setSysctl("kern.sched.steal_idle", 0);
  }

  /** Makes a time-sharing thread that may run on one CPU, until it is let go: its address. */
  bound(name: string, cpu: number, body: BodyFunction): number {
    const [thread] = this.machine.createProcess({ name, body }).threads();
    const address = thread?.address ?? 0;
    this.machine.call(sys.sched_setscheduler(address, 0, 0));
    this.machine.call(sys.cpuset_setthread(address, 1n << BigInt(cpu)));
    return address;
  }

  hog(cpu: number, until = 3_600_000n * MS): number {
    return this.bound(`hog${cpu}`, cpu, function* () {
      yield* sys.compute(until);
    });
  }

  /** A thread that sleeps until `channel` is woken, and then computes. */
  sleeper(cpu: number, channel: string): number {
    return this.bound("sleeper", cpu, function* () {
      while (true) {
        yield* sys.compute(50_000n);
        yield* sys.tsleep(channel, 0, "nap", 0);
      }
    });
  }

  /** A thread that computes, and wakes `channel` at times. */
  waker(cpu: number, channel: string, ...ms: readonly number[]): void {
    const { machine } = this;
    this.bound(`waker${cpu}`, cpu, function* () {
      for (const at of ms) {
        while (machine.cycles < cyclesOf(at)) yield* sys.compute(5_000n);
        yield* sys.wakeup(channel);
      }
      yield* sys.compute(3_600_000n * MS);
    });
  }

  free(...threads: number[]): void {
    for (const thread of threads) this.machine.call(sys.cpuset_setthread(thread, 2n ** 64n - 1n));
  }

  runTo(ms: number): void {
    this.machine.run({ until: cyclesOf(ms) });
  }

  cpuOf(address: number): number {
    return this.machine.kernel.u8[address + T.td_cpu] as number;
  }
}

/** What a case finds with each seed. */
type Case = (seed: number, plant: number) => number;

/** sched_pickcpu: of a thread whose caches are cold the least loaded CPU of the least loaded package. */
const leastPath: Case = (seed, plant) => {
  const world = new World({ packages: 2, cores: 2 }, seed, plant);
  const thread = world.sleeper(1, "go");
  world.waker(3, "go", 40);
  world.runTo(5);
  for (const cpu of [0, 0, 0, 2]) world.hog(cpu); // CPU 1 is idle, and its package has more to do
  world.runTo(35);
  world.free(thread);
  world.runTo(40.05);
  return world.cpuOf(thread);
};

/** sched_pickcpu: an idle CPU that shares a warm cache, although another package has nothing at all to do. */
const warmCache: Case = (seed, plant) => {
  const world = new World({ packages: 2, cores: 2 }, seed, plant);
  const thread = world.sleeper(0, "go");
  world.waker(0, "go", 5, 6.5);
  world.runTo(6); // it has run, and sleeps
  world.free(thread);
  world.runTo(6.55);
  return world.cpuOf(thread);
};

/** sched_pickcpu: not back to a CPU, idle as it is, of a core on which another thread runs. */
const ownCore: Case = (seed, plant) => {
  const world = new World({ cores: 2, threads: 2 }, seed, plant);
  const thread = world.sleeper(0, "go");
  world.waker(1, "go", 5, 6.5);
  world.runTo(6);
  world.free(thread);
  world.runTo(6.55);
  return world.cpuOf(thread);
};

/** tdq_idled: from the nearest CPU that has two threads, although another package has more. Where it stole from. */
const nearest: Case = (seed, plant) => {
  const world = new World({ packages: 2, cores: 2 }, seed, plant);
  world.machine.setSysctl("kern.sched.steal_idle", 1);
  const near = [world.hog(0), world.hog(0)];
  const far = [world.hog(2), world.hog(2), world.hog(2)];
  world.hog(3);
  world.hog(1, 20n * MS);
  world.runTo(10);
  world.free(...near, ...far);
  world.runTo(45);
  return near.some((thread) => world.cpuOf(thread) === 1) ? 0 : 2;
};

/** sched_balance_group: with a thread per CPU at most, the one of the busiest core looks for a better place. */
const alone: Case = (seed, plant) => {
  const world = new World({ cores: 2, threads: 2 }, seed, plant);
  world.machine.setSysctl("kern.sched.balance", 1);
  const threads = [world.hog(0), world.hog(1)];
  world.runTo(10);
  world.free(...threads);
  world.runTo(6_000);
  const cores = threads.map((thread) => Math.floor(world.cpuOf(thread) / 2));
  return cores[0] === cores[1] ? 1 : 2;
};

describe.each([
  ["the least loaded CPU of the least loaded package", leastPath, [2, 3], Plant.GROUP_FLAT],
  ["a CPU that shares a warm cache", warmCache, [1], Plant.GROUP_COLD],
  ["an idle core rather than half of one", ownCore, [2, 3], Plant.GROUP_CORE],
  ["the nearest CPU to steal from", nearest, [0], Plant.GROUP_FAR],
  ["a core each, by the balancer", alone, [2], Plant.GROUP_BALANCE],
] as const)("ule chooses %s", (_, test, expected, plant) => {
  it("with every seed", () => {
    for (const seed of SEEDS) expect(expected).toContain(test(seed, 0));
  });

  it("or the fault is found", () => {
    expect(SEEDS.some((seed) => !(expected as readonly number[]).includes(test(seed, plant)))).toBe(
      true,
    );
  });
});
