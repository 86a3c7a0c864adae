// What 4bsd and ule remember of threads that wait for locks or make processes, by the formulas of the originals; and
// the faults of the check build that this finds.

import { describe, expect, it } from "vitest";
import { Plant, RFPROC, RFSTOPPED, ThreadSched as TS } from "../../src/generated/layout.js";
import {
  type Body,
  type KernelSource,
  Machine,
  type SchedulerName,
  sys,
  type ThreadView,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

/** Cycles of a tick of the statistics clock, of which a second has 127; and of a round. */
const TICK = 1_000;
const SECOND = 127 * TICK;
const ROUND = 250;

type Wait = "mutex" | "sx" | "sleep";

/** A machine, and the time that two hogs leave to a thread that computes, waits from second 60.5 to 67.5, and goes on. */
class Waiting {
  readonly machine: Machine;
  private readonly thread: ThreadView;

  constructor(wait: Wait, scheduler: SchedulerName, source: KernelSource, plant = 0) {
    const config = { scheduler, hz: 127, cyclesPerSecond: SECOND, quantum: ROUND } as const;
    const machine = new Machine(config, source);
    machine.kernel.setMachine("plant", plant);
    this.machine = machine;
    const isSx = wait === "sx";
    const init = isSx ? sys.sx_init("lock", 0) : sys.mtx_init("lock", 0);
    const lock = machine.call(init)[1] >>> 0;
    const take = (isSx ? sys.sx_xlock : sys.mtx_lock)(lock);
    const leave = (isSx ? sys.sx_xunlock : sys.mtx_unlock)(lock);
    machine.createThread({
      name: "holder",
      *body() {
        yield* take;
        yield* sys.pause("hold", Math.round(67.5 * 127));
        yield* leave;
        yield* sys.wakeup("end");
      },
    });
    function* hog(until: number): Body {
      yield* sys.sched_setscheduler_self(0, 0);
      while (machine.kernel.machine64("now") < BigInt(until)) yield* sys.compute(BigInt(TICK));
    }
    for (const name of ["hog", "other hog"]) {
      machine.createProcess({ name, body: () => hog(100 * SECOND) });
    }
    const user = machine.createProcess({
      name: "user",
      *body() {
        yield* hog(60.5 * SECOND);
        yield* wait === "sleep" ? sys.tsleep("end", 0, "end", 0) : take;
        yield* hog(100 * SECOND);
      },
    });
    this.thread = [...user.threads()][0] as ThreadView;
  }

  /** Its account in a round before, or after, the end of a second. */
  at(second: number, rounds: number) {
    const { kernel } = this.machine;
    this.machine.run({ until: BigInt(second * SECOND + rounds * ROUND) });
    const ts = this.thread.address + kernel.machine("sched_delta");
    const [estcpu, slept, slice] = [TS.ts_estcpu, TS.ts_slept, TS.ts_slice].map((at) =>
      kernel.read(ts + at),
    ) as [number, number, number];
    const [runtime, slptime] = [TS.ts_runtime, TS.ts_slptime].map((at) => kernel.read(ts + at));
    return { estcpu, slept, slice, runtime, slptime, priority: this.thread.priority };
  }

  get load(): number {
    return this.machine.kernel.machine("sched_ldavg");
  }
}

/** estcpu after the second in which a thread got a mutex, and what it must be: updatepri and a second's decay. */
function afterMutex(source: KernelSource, plant: number): { is: number; expected: number } {
  const test = new Waiting("mutex", "4bsd", source, plant);
  const { estcpu, slept } = test.at(68, -1);
  expect(slept).toBe(6); // ends of seconds 62 to 67; at that of 61 it had run
  const { estcpu: is } = test.at(68, 1);
  let expected = estcpu;
  for (let i = 0; i < slept - 2 + 1; i++) {
    expected = Math.floor((2 * test.load * expected) / (2 * test.load + 2048));
  }
  return { is, expected };
}

describe("a thread that has waited for a lock", () => {
  it("has used less of the CPU by then under 4bsd, from the end of the second on, if it was a mutex", () => {
    const { is, expected } = afterMutex(buildUnderTest, 0);
    expect(expected).toBeGreaterThan(10);
    expect([expected, expected + 1]).toContain(is); // with the tick at the end of the second, if it ran then
    const planted = afterMutex("check", Plant.SCORE_LOCK_SLEPT);
    expect(planted.is).toBeGreaterThan(planted.expected + 1);
  });

  it.each(["4bsd", "ule"] as const)("has slept if it was an sx, under %s", (scheduler) => {
    const behind = (wait: Wait, source: KernelSource = buildUnderTest, plant = 0) =>
      new Waiting(wait, scheduler, source, plant).at(69, 1);
    const slept = behind("sleep");
    expect(behind("sx")).toEqual(slept);
    expect(behind("mutex")).not.toEqual(slept);
    expect(behind("sx", "check", Plant.SCORE_SX_AWAKE)).not.toEqual(slept);
  });
});

/** An interactive thread makes processes under ule, in one tick: its priority after each, and its times. */
function makerOfProcesses(source: KernelSource, plant = 0) {
  const config = { scheduler: "ule", hz: 127, cyclesPerSecond: SECOND, quantum: ROUND } as const;
  const machine = new Machine(config, source);
  machine.kernel.setMachine("plant", plant);
  function* child(): Body {
    yield* sys.compute(1n);
  }
  const seen: { priority: number; runtime: number; slptime: number }[] = [];
  const process = machine.createProcess({
    name: "maker",
    *body() {
      yield* sys.sched_setscheduler_self(0, 0);
      yield* sys.pause("nap", 20);
      for (let i = 0; i < 6; i++) {
        yield* sys.fork(child, 0, RFPROC | RFSTOPPED, 0, -1);
        const { kernel } = machine;
        const ts = maker.address + kernel.machine("sched_delta");
        const times = [TS.ts_runtime, TS.ts_slptime].map((at) => kernel.read(ts + at));
        const [runtime, slptime] = times as [number, number];
        seen.push({ priority: maker.priority, runtime, slptime });
      }
    },
  });
  const maker = [...process.threads()][0] as ThreadView;
  machine.run({ for: 30 * TICK });
  return seen;
}

/** sched_priority of an interactive thread. */
function interactive({ runtime, slptime }: { runtime: number; slptime: number }): number {
  const score = Math.floor(runtime / Math.floor(slptime / 50));
  expect(score).toBeLessThan(30);
  return 88 + Math.floor((48 * score) / 30);
}

describe("a thread that makes processes under ule", () => {
  it("pays for each with a tick, and at once with its priority", () => {
    const seen = makerOfProcesses(buildUnderTest);
    const tick = Math.floor((1000 << 10) / 127);
    const first = seen[0]?.runtime as number;
    expect(seen.map(({ runtime }) => runtime)).toEqual(seen.map((_, i) => first + i * tick));
    expect(seen.map(({ priority }) => priority)).toEqual(seen.map(interactive));
    const planted = makerOfProcesses("check", Plant.SCORE_FORK_STALE);
    expect(planted.map(({ priority }) => priority)).not.toEqual(planted.map(interactive));
  });
});
