// What a new policy does at once, under each scheduler: to a thread that waits, and to the one that runs.

import { describe, expect, it } from "vitest";
import { Policy } from "../../src/generated/layout.js";
import { type Body, Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";

const MS = 1_000_000n;

describe.each(SCHEDULERS)("under %s on one CPU or two", (scheduler) => {
  /** Threads of SCHED_FIFO that compute on CPU 0; what each does first, and how many milliseconds it has run. */
  const boot = (cpus: number, firsts: Readonly<Record<string, () => Body>>) => {
    const machine = new Machine(
      { scheduler, cpus, cyclesPerSecond: 1_000_000_000 },
      buildUnderTest,
    );
    const threads = Object.entries(firsts).map(([name, first]) => {
      const body = function* (): Body {
        yield* first();
        for (;;) yield* sys.compute(MS / 2n);
      };
      const [thread] = machine.createProcess({ name, body }).threads();
      if (thread === undefined) throw new Error("no thread");
      if (cpus > 1) machine.call(sys.cpuset_setthread(thread, 1n));
      return thread;
    });
    const run = (ms: number) => machine.run({ until: machine.cycles + BigInt(ms) * MS });
    const ran = (index: number) => {
      const { cpu, address, runtime } = machine.thread(threads[index]?.address ?? 0);
      const at = machine.cpus[cpu];
      return Math.round((runtime + (at?.thread.address === address ? at.uncharged : 0)) / 1e6);
    };
    return { machine, threads, run, ran };
  };
  const nothing = function* (): Body {};

  it.each([1, 2])("a waiting thread gets the CPU when its policy improves (%d)", (cpus) => {
    const { machine, threads, run, ran } = boot(cpus, { hog: nothing, waits: nothing });
    const [hog, waits] = threads as [(typeof threads)[0], (typeof threads)[0]];
    machine.call(sys.sched_setscheduler(hog, Policy.FIFO, 50));
    machine.call(sys.sched_setscheduler(waits, Policy.FIFO, 40));
    run(20);
    expect(ran(1)).toBe(0);
    machine.call(sys.sched_setscheduler(waits, Policy.FIFO, 60));
    run(20);
    expect(ran(1)).toBeGreaterThan(18);
  });

  it.each([1, 2])("the running thread loses it when it lowers its priority (%d)", (cpus) => {
    const worse = function* (): Body {
      yield* sys.compute(10n * MS);
      yield* sys.sched_setscheduler_self(Policy.FIFO, 20);
    };
    const { machine, threads, run, ran } = boot(cpus, { hog: worse, waits: nothing });
    const [hog, waits] = threads as [(typeof threads)[0], (typeof threads)[0]];
    machine.call(sys.sched_setscheduler(hog, Policy.FIFO, 50));
    machine.call(sys.sched_setscheduler(waits, Policy.FIFO, 40));
    run(30);
    expect(ran(0)).toBe(10);
    expect(ran(1)).toBeGreaterThan(18);
  });
});
