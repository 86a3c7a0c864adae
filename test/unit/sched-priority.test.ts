// A thread that waits gets a better priority: under 4bsd and ule it takes the CPU from a worse one at once, as the
// originals' sched_priority and sched_thread_priority add it to its queue anew; under LWKT it is first at the
// next switch.

import { describe, expect, it } from "vitest";
import { type MachineConfig, SCHEDULER_NAMES, type SchedulerName } from "../../src/core/config.js";
import { Plant } from "../../src/generated/layout.js";
import { type KernelCall, sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import type { ThreadView } from "../../src/machine/views.js";
import { buildUnderTest } from "../support/build.js";
import { isLwkt } from "../support/schedulers.js";

const FIFO = 1;
const RUNNING = 40;
/** Between that and the priority with which threads begin. */
const WORSE_STILL = 46;
const BETTER = 30;
const BUSY = 20;

interface Case {
  readonly scheduler: SchedulerName;
  readonly config?: MachineConfig;
  readonly plant?: number;
  /** What the running thread does to the one that waits. */
  readonly raise: (other: ThreadView) => KernelCall<unknown>;
}

/** The order in which a thread that runs, and one that waits and is raised by it, do their work. */
function order({ scheduler, config, plant, raise }: Case): string[] {
  const machine = new Machine(
    { scheduler, roundRobin: 0, ...config },
    plant === undefined ? buildUnderTest : "check",
  );
  if (plant !== undefined) machine.kernel.setMachine("plant", plant);
  const seen: string[] = [];
  const { cpus } = machine.config;
  for (let cpu = 1; cpu < cpus; cpu++) {
    // Nobody is idle.
    const busy = machine.createThread({
      name: "busy",
      cpu,
      *body() {
        yield* sys.compute(10_000_000);
      },
    });
    machine.call(sys.sched_prio(busy.address, BUSY));
  }
  const waits = machine.createThread({
    name: "waits",
    cpu: 0,
    *body() {
      seen.push("waits");
      yield* sys.compute(10);
    },
  });
  expect(waits.priority).toBeGreaterThan(WORSE_STILL);
  const runs = machine.createThread({
    name: "runs",
    cpu: 0,
    *body() {
      yield* sys.compute(100);
      seen.push("raises");
      yield* raise(waits);
      seen.push("goes on");
      yield* sys.compute(1_000_000);
      seen.push("is done");
    },
  });
  machine.call(sys.sched_prio(runs.address, RUNNING));
  machine.run();
  return seen;
}

const at_once = ["raises", "waits", "goes on", "is done"];
const later = ["raises", "goes on", "is done", "waits"];
const better = (other: ThreadView) => sys.sched_prio(other.address, BETTER);

describe.each(SCHEDULER_NAMES)(
  "a thread that waits and gets a better priority under %s",
  (scheduler) => {
    const interrupts = isLwkt(scheduler) ? later : at_once;

    it.each([1, 2])("preempts a worse one, on %i CPUs", (cpus) => {
      expect(order({ scheduler, config: { cpus }, raise: better })).toEqual(interrupts);
    });

    it("does not preempt a better one", () => {
      const raise = (other: ThreadView) => sys.sched_prio(other.address, WORSE_STILL);
      expect(order({ scheduler, raise })).toEqual(later);
    });

    it("waits on a machine without preemption", () => {
      expect(order({ scheduler, config: { preemption: false }, raise: better })).toEqual(later);
    });
  },
);

describe.each(["4bsd", "ule"] as const)("a thread that waits under %s", (scheduler) => {
  /** The host gives threads of a machine, which has run or has not, priorities; then they run. */
  function raisedByHost(hasRun: boolean): string[] {
    const machine = new Machine({ scheduler, roundRobin: 0 }, buildUnderTest);
    if (hasRun) machine.run();
    const [swapper] = machine.threads();
    const names: string[] = [];
    const thread = machine.createThread({
      name: "t",
      *body() {
        names.push(swapper?.waitMessage ?? "boots");
        yield* sys.compute(1);
      },
    });
    machine.call(sys.sched_prio(thread.address, BETTER));
    machine.run();
    return names;
  }

  it("does not preempt the thread that boots the CPU", () => {
    expect(raisedByHost(false)).toEqual(raisedByHost(true));
  });

  it("preempts a worse one when its policy improves", () => {
    const raise = (other: ThreadView) => sys.sched_setscheduler(other.address, FIFO, 50);
    expect(order({ scheduler, raise })).toEqual(at_once);
  });

  it("does not with the planted fault", () => {
    expect(order({ scheduler, plant: Plant.RANK_WAITS, raise: better })).toEqual(later);
  });
});
