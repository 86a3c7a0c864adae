// Chaos: seeded runs in which things happen at other moments, each within its bound.

import { describe, expect, it } from "vitest";
import {
  type Handle,
  Machine,
  parseWorkload,
  program,
  runWorkload,
  sweepWorkload,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

/** Threads on two CPUs that sleep, wake each other and compute. */
function bustle(machine: Machine): void {
  for (let i = 0; i < 4; i++) {
    machine.createThread({
      name: `t${i}`,
      cpu: i % 2,
      *body() {
        for (let turn = 0; turn < 20; turn++) {
          yield* sys.compute(700n);
          yield* sys.wakeup(`c${(i + 1) % 4}`);
          yield* sys.tsleep(`c${i}`, 0, "turn", 3);
        }
      },
    });
  }
}

function hashOf(seed: number, chaos: boolean, rounds = 0, scheduler: "lwkt" | "4bsd" = "lwkt") {
  const machine = new Machine(
    { cpus: 2, seed, chaos, scheduler, maxthread: 1_000 },
    buildUnderTest,
  );
  bustle(machine);
  if (rounds > 0) while (machine.run({ rounds }).reason !== "idle");
  else machine.run();
  return machine.hash;
}

describe("a run with chaos", () => {
  it("is a function of its seed, however it is cut", () => {
    for (const scheduler of ["lwkt", "4bsd"] as const) {
      const seeds = [0, 1, 2, 3, 4];
      const hashes = seeds.map((seed) => hashOf(seed, true, 0, scheduler));
      expect(seeds.map((seed) => hashOf(seed, true, 7, scheduler))).toEqual(hashes);
      expect(new Set(hashes).size).toBe(seeds.length);
    }
  });

  it("differs from a run without, which is the same for all seeds", () => {
    expect(new Set([0, 1, 2].map((seed) => hashOf(seed, false))).size).toBe(1);
  });

  it("continues from a snapshot as it would have without", () => {
    const machine = new Machine({ cpus: 2, seed: 5, chaos: true, snapshots: true }, buildUnderTest);
    bustle(machine);
    machine.run({ rounds: 9 });
    const fork = machine.fork();
    machine.run();
    fork.run();
    expect(fork.hash).toBe(machine.hash);
  });

  it("draws the same random numbers as one without", () => {
    const drawn = [true, false].map((chaos) => {
      const machine = new Machine({ seed: 3, chaos }, buildUnderTest);
      const numbers: number[] = [];
      machine.createThread({
        name: "draws",
        *body() {
          for (let i = 0; i < 5; i++) {
            numbers.push(yield* sys.random());
            yield* sys.pause("p", 2);
          }
        },
      });
      machine.run();
      return numbers;
    });
    expect(drawn[0]).toEqual(drawn[1]);
  });

  it("fires timeouts late, within two ticks and a sixteenth, and never early", () => {
    const late = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const machine = new Machine({ seed, chaos: true, hz: 100 }, buildUnderTest);
      const ticks = () => machine.kernel.machine("ticks");
      machine.createThread({
        name: "sleeps",
        *body() {
          for (const timo of [1, 10, 64]) {
            const before = ticks();
            yield* sys.pause("p", timo);
            const by = ticks() - before - timo;
            expect(by).toBeGreaterThanOrEqual(0);
            expect(by).toBeLessThanOrEqual(2 + Math.floor(timo / 16));
            if (timo === 64) late.add(by);
          }
        },
      });
      machine.run();
    }
    expect([...late].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it("delays messages by at most three rounds", () => {
    const quantum = 1000;
    const late = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const machine = new Machine({ cpus: 2, seed, chaos: true, quantum }, buildUnderTest);
      const rounds = () => Number(machine.kernel.machine64("rounds"));
      let asked = 0;
      machine.createThread({
        name: "sleeper",
        cpu: 1,
        *body() {
          yield* sys.tsleep("door", 0, "door", 0);
          late.add(rounds() - asked - 1);
        },
      });
      machine.createThread({
        name: "waker",
        cpu: 0,
        *body() {
          yield* sys.compute(5_000n);
          asked = rounds();
          yield* sys.wakeup("door");
          yield* sys.compute(20_000n);
        },
      });
      machine.run();
    }
    expect([...late].sort()).toEqual([0, 1, 2, 3]);
  });

  it("preempts at jumps: an addition with one between its load and its store loses some", () => {
    const count = (seed: number, chaos: boolean) => {
      const machine = new Machine({ seed, chaos, quantum: 500 }, buildUnderTest);
      const { dataBase } = machine.load(
        program("d")
          .data("n", { words: [0] })
          .ret()
          .build(),
      );
      const counter = program("counter")
        .li("s1", dataBase)
        .li("s2", 500)
        .label("again")
        .lw("a0", "s1", 0)
        .addi("a0", "a0", 1)
        .jump("on")
        .label("on")
        .sw("a0", "s1", 0)
        .addi("s2", "s2", -1)
        .bnez("s2", "again")
        .ret();
      const body = machine.load(counter.build());
      for (const name of ["one", "two"]) machine.createThread({ name, body });
      machine.run();
      return new DataView(machine.guestMemory.buffer, machine.guestMemory.byteOffset).getInt32(
        dataBase,
        true,
      );
    };
    expect(count(0, false)).toBe(1000);
    const counts = [...Array(20).keys()].map((seed) => count(seed, true));
    expect(counts.some((value) => value < 1000)).toBe(true);
    expect(counts.every((value) => value >= 500 && value <= 1000)).toBe(true);
  });

  it("keeps a mutex a mutex", () => {
    for (let seed = 0; seed < 20; seed++) {
      const machine = new Machine({ cpus: 2, seed, chaos: true }, buildUnderTest);
      const mutex: Handle = { address: machine.call(sys.mtx_create("m"))[1] >>> 0 };
      let inside = 0;
      let turns = 0;
      for (let i = 0; i < 4; i++) {
        machine.createThread({
          name: `t${i}`,
          cpu: i % 2,
          *body() {
            for (let turn = 0; turn < 20; turn++) {
              yield* sys.mtx_lock(mutex);
              expect(++inside).toBe(1);
              yield* sys.compute(1_500n);
              inside--;
              turns++;
              yield* sys.mtx_unlock(mutex);
            }
          },
        });
      }
      expect(machine.run().reason).toBe("idle");
      expect(turns).toBe(80);
    }
  });
});

/** Two tasks that take two mutexes in opposite orders, which goes well unless one is cut between. */
const ABBA = `{ "tasks": {
  "ab": { "loop": 20, "lock0": "a", "run0": 5, "lock1": "b", "unlock1": "b", "unlock0": "a", "sleep": 47 },
  "ba": { "loop": 20, "run": 7, "lock0": "b", "run0": 5, "lock1": "a", "unlock1": "a", "unlock0": "b", "sleep": 61 }
} }`;

describe("a sweep", () => {
  const workload = parseWorkload(ABBA, "abba.json");
  const options = { cpus: 1, build: buildUnderTest } as const;

  it("reports how results vary, and the seeds with which a workload fails", () => {
    const all = sweepWorkload(workload, { ...options, chaos: true, from: 0, to: 299 });
    expect(all.runs).toBe(300);
    expect(all.different).toBeGreaterThan(10);
    expect(all.failures.length).toBeGreaterThan(0);
    expect(all.failures.length).toBeLessThan(300);
    const [{ seed, kind, message }] = all.failures as [(typeof all.failures)[0]];
    expect([kind, message]).toEqual(["deadlock", "ab, ba wait for ever"]);
    expect(runWorkload(workload, { ...options, chaos: true, seed }).outcome).toBe("deadlock");
    const { min, median, max } = all.threads[0]?.endedAtNs ?? { min: 0, median: 0, max: 0 };
    expect(min).toBeLessThan(median);
    expect(median).toBeLessThan(max);
  });

  it("without chaos varies nothing", () => {
    const all = sweepWorkload(workload, { ...options, from: 3, to: 6 });
    expect(all).toMatchObject({ runs: 4, different: 1, failures: [] });
    expect(all.timeNs?.min).toBe(all.timeNs?.max);
  });

  it("ends on request, and reports errors in its seeds", () => {
    const onRun = (runs: number) => runs < 2;
    expect(sweepWorkload(workload, { ...options, from: 0, to: 9, onRun }).runs).toBe(2);
    expect(() => sweepWorkload(workload, { ...options, from: 2, to: 1 })).toThrow(
      "to is 1; it must be",
    );
    expect(() => sweepWorkload(workload, { ...options, from: -1, to: 1 })).toThrow("from is -1");
  });
});
