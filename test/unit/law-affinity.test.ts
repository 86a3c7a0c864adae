// The law between CPUs (docs/law-between-cpus.md, section 9): the CPUs that a thread may run on, under each scheduler.

import { describe, expect, it } from "vitest";
import type { KernelBuild } from "../../src/core/instantiate.js";
import * as Layout from "../../src/generated/layout.js";
import {
  type Body,
  kernel,
  Machine,
  type MachineConfig,
  type SchedulerName,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";

const { Policy, Thread: T, TDS } = Layout;

/** Rounds after which everything has happened. */
const LONG_ENOUGH = { rounds: 2000 };

function boot(config: MachineConfig = {}, build: KernelBuild = buildUnderTest): Machine {
  const usual = { cpus: 2, quantum: 1000, roundRobin: 0, maxthread: 1000, maxproc: 100 };
  return new Machine({ ...usual, ...config }, build);
}

/** Computes in small pieces for so many cycles. */
function* busy(cycles: number): Body {
  for (let i = 0; i < cycles; i += 100) yield kernel.compute(100);
}

function stateOf(machine: Machine, td: number): number {
  return machine.kernel.u8[td + T.td_state] as number;
}

describe("affinity", () => {
  it("is inherited by threads and processes, and not by kernel threads", () => {
    const machine = boot({ cpus: 4 });
    const seen: Record<string, Set<number>> = {};
    const note = (what: string, cpu: number) => {
      seen[what] ??= new Set();
      seen[what]?.add(cpu);
    };
    machine.createThread({
      name: "forker",
      *body() {
        yield* kernel.fork(
          function* () {
            yield* kernel.cpuset_setaffinity(1);
            for (let i = 0; i < 8; i++) {
              yield* kernel.thr_create(function* () {
                note("threads", yield* kernel.curcpu());
                yield kernel.thr_exit();
              }, 0);
              yield* kernel.fork(
                function* () {
                  note("processes", yield* kernel.curcpu());
                },
                0,
                0,
                0,
                -1,
              );
              yield* kernel.kthread_add(
                function* () {
                  note("kernel threads", yield* kernel.curcpu());
                  yield kernel.kthread_exit();
                },
                0,
                0,
                0,
                0,
                "k",
                0,
              );
            }
          },
          0,
          0,
          0,
          -1,
        );
      },
    });
    machine.run(LONG_ENOUGH);
    expect([...(seen.threads ?? [])]).toEqual([0]);
    expect([...(seen.processes ?? [])]).toEqual([0]);
    expect([...(seen["kernel threads"] ?? [])]).not.toEqual([0]);
  });

  it("of proc0's thread is not that of the kernel processes that it makes", () => {
    const machine = boot();
    machine.call(kernel.cpuset_setthread(machine.kernel.machine("thread0"), 1));
    const cpus: number[] = [];
    for (let i = 0; i < 4; i++) {
      const proc = machine.createProcess({ name: `kproc${i}`, *body() {} });
      const td = machine.kernel.read(proc.address + Layout.Proc.p_threads);
      cpus.push(machine.kernel.u8[td + T.td_cpu] as number);
    }
    expect(new Set(cpus)).toEqual(new Set([0, 1]));
  });

  for (const scheduler of SCHEDULERS) {
    it(`holds at once for a thread that waits for a CPU, under ${scheduler}`, () => {
      const machine = boot({ scheduler, roundRobin: 1000 });
      const ranOn: number[] = [];
      let waiting = 0;
      for (let i = 0; i < 4; i++) {
        machine.createThread({ name: `hog${i}`, body: () => busy(200_000) });
      }
      machine.createThread({
        name: "bound",
        *body() {
          waiting = yield* kernel.curthread();
          for (let i = 0; i < 50; i++) {
            yield kernel.compute(1000);
            yield kernel.sched_relinquish();
            ranOn.push(machine.kernel.u8[waiting + T.td_cpu] as number);
          }
        },
      });
      while (waiting === 0 || stateOf(machine, waiting) !== TDS.RUNQ) machine.run({ rounds: 1 });
      const to = 1 - (machine.kernel.u8[waiting + T.td_cpu] as number);
      const before = ranOn.length;
      expect(machine.call(kernel.cpuset_setthread(waiting, 1 << to))[0]).toBe(0);
      machine.run({ until: 2_000_000 });
      expect(ranOn.length).toBe(50);
      expect(new Set(ranOn.slice(before))).toEqual(new Set([to]));
    });
  }

  for (const scheduler of SCHEDULERS) {
    it(`holds against a move that an earlier set asked for, under ${scheduler}`, () => {
      const machine = boot({ scheduler });
      const places: number[] = [];
      let bound = 0;
      const computing = function* (): Body {
        yield* kernel.cpuset_setaffinity(2);
        bound = yield* kernel.curthread();
        while (true) yield kernel.compute(700);
      };
      machine.createThread({
        name: "binder",
        cpu: 0,
        *body() {
          yield* kernel.cpuset_setaffinity(1);
          const { address: process } = yield* kernel.fork(computing, 0, 0, 0, -1);
          while (bound === 0) yield kernel.sched_relinquish();
          for (let i = 0; i < 20; i++) {
            yield* kernel.cpuset_setthread(bound, 1); // it is running, and leaves at its next safe point,
            yield kernel.compute(700 + 31 * i);
            yield* kernel.cpuset_setthread(bound, 2);
            yield kernel.proc_stop(process); // where it is suspended instead
            for (let round = 0; round < 4; round++) yield kernel.compute(1000);
            places.push(machine.kernel.u8[bound + T.td_cpu] as number);
            yield kernel.proc_cont(process);
            for (let round = 0; round < 4; round++) yield kernel.compute(1000);
          }
        },
      });
      machine.run({ rounds: 500 });
      expect(places).toEqual(Array(20).fill(1));
    });
  }

  // 4bsd does not look which CPU of a set is idle, as its original does not.
  const placing = SCHEDULERS.filter((scheduler) => scheduler !== "4bsd");
  const WHEN = ["asleep", "waiting", "running", "calling"] as const;

  /** Makes user threads of a machine with their CPUs and policies; returns their addresses. */
  const binderOf =
    (machine: Machine) => (name: string, body: () => Body, cpus: bigint, policy: number) => {
      const [created] = machine.createProcess({ name, body }).threads();
      const { address } = created as { address: number };
      machine.call(kernel.cpuset_setthread(address, cpus));
      machine.call(kernel.sched_setscheduler(address, policy, policy === Policy.FIFO ? 90 : 0));
      return address;
    };

  /**
   * A thread whose set is changed to three CPUs again and again while it is `when`, so that each of them is the one that it
   * goes to first; one of them is taken for good. Returns how often it computed after each change.
   */
  function looksInNewSet(
    scheduler: SchedulerName,
    when: (typeof WHEN)[number],
    taken: number,
    plant = 0,
  ): number[] {
    const machine = boot(
      { scheduler, cpus: 64, quantum: 10_000, roundRobin: 100_000 },
      plant === 0 ? buildUnderTest : "check",
    );
    if (plant !== 0) machine.kernel.setMachine("plant", plant);
    const thread = binderOf(machine);
    const hog = function* (): Body {
      while (true) yield kernel.compute(10_000);
    };
    const set = (1n << 0n) | (1n << 1n) | (1n << 62n);
    thread("hog", hog, 1n << BigInt(taken), Policy.FIFO);
    if (when === "waiting") thread("before", hog, 1n << 63n, Policy.FIFO);
    let looks = 0;
    const body = function* (): Body {
      if (when === "asleep") yield* kernel.tsleep("go", 0, "go", 0);
      if (when === "calling") yield* kernel.cpuset_setaffinity(set);
      for (; ; looks++) yield kernel.compute(1000);
    };
    const td = thread("bound", body, 1n << 63n, Policy.OTHER);
    machine.run({ rounds: 50 });
    const each: number[] = [];
    for (let i = 0; i < (when === "calling" ? 1 : 4); i++) {
      if (when !== "calling") machine.call(kernel.cpuset_setthread(td, set));
      machine.run({ rounds: 50 });
      machine.call(kernel.wakeup("go"));
      machine.run({ rounds: 50 });
      const before = looks;
      machine.run({ rounds: 200 });
      each.push(looks - before);
      machine.call(kernel.cpuset_setthread(td, 1n << 63n));
      machine.run({ rounds: 50 });
    }
    return each;
  }

  describe.each(placing)(
    "leads a thread to the CPU of its new set that is idle: %s",
    (scheduler) => {
      it.each(WHEN)("%s", (when) => {
        for (const taken of [0, 1, 62]) {
          expect(
            Math.min(...looksInNewSet(scheduler, when, taken)),
            `CPU ${taken}`,
          ).toBeGreaterThan(1500);
        }
      });
    },
  );

  it.each(placing)(
    "leaves a thread where it is moved to with the planted fault of that: %s",
    (scheduler) => {
      const looks = [0, 1, 62].flatMap((taken) =>
        looksInNewSet(scheduler, "waiting", taken, Layout.Plant.SET_PINS),
      );
      expect(Math.min(...looks)).toBe(0);
    },
  );

  /** How often a thread computes that was bound to a busy CPU, and may run on an idle one since before it ran there. */
  function looksWhenFreed(scheduler: SchedulerName, plant = 0): number {
    const machine = boot({ scheduler, cpus: 3 }, plant === 0 ? buildUnderTest : "check");
    if (plant !== 0) machine.kernel.setMachine("plant", plant);
    let looks = 0;
    const thread = binderOf(machine);
    const hog = function* (): Body {
      while (true) yield kernel.compute(1000);
    };
    thread("first", hog, 1n, Policy.FIFO);
    thread("second", hog, 2n, Policy.FIFO);
    const counts = function* (): Body {
      for (; ; looks++) yield kernel.compute(1000);
    };
    const td = thread("counts", counts, 1n, Policy.OTHER);
    machine.run({ rounds: 50 });
    machine.call(kernel.cpuset_setthread(td, 2n));
    machine.run({ rounds: 50 });
    expect(looks).toBe(0);
    machine.call(kernel.cpuset_setthread(td, 7n));
    machine.run({ rounds: 1000 });
    return looks;
  }

  it.each(placing)(
    "frees a thread that was bound to one CPU and has not run there: %s",
    (scheduler) => {
      expect(looksWhenFreed(scheduler)).toBeGreaterThan(500);
      expect(looksWhenFreed(scheduler, Layout.Plant.SET_PINS)).toBe(0);
    },
  );

  it("costs a thread its turn under 4bsd while the machine's queue has equals, and no longer", () => {
    const machine = boot({ scheduler: "4bsd" });
    const turns = { bound: 0, free: 0 };
    const freely = function* (): Body {
      while (turns.free < 1000) {
        turns.free++;
        yield kernel.compute(1000);
        yield kernel.sched_relinquish();
      }
    };
    for (let i = 0; i < 8; i++) machine.createThread({ name: `free${i}`, body: freely });
    machine.createThread({
      name: "bound",
      *body() {
        yield* kernel.cpuset_setaffinity(1);
        while (turns.bound < 100) {
          turns.bound++;
          yield kernel.sched_relinquish();
        }
      },
    });
    machine.run({ until: 50_000 });
    const before = turns.bound;
    machine.run({ until: 400_000 });
    expect(turns.free).toBeGreaterThan(600);
    expect(turns.bound).toBe(before);
    expect(before).toBeLessThan(100);
    machine.run(LONG_ENOUGH);
    expect(turns.bound).toBe(100);
  });
});
