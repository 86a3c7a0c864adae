// Storms of FreeBSD's calls on one to sixteen CPUs, under both schedulers: after every few rounds the
// counters agree with the lists, and at the end everything is gone.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { fbsdFaults } from "../support/fbsd-invariants.js";
import { FbsdStorm, type StormOptions, type Tally } from "../support/fbsd-storm.js";
import { SCHEDULERS } from "../support/schedulers.js";

function storm(options: StormOptions): FbsdStorm {
  const made = new FbsdStorm(options);
  made.run();
  const left = made.leftovers();
  const wanted = { ...left, threads: 2 + left.harvested, tids: 2 + left.harvested, processes: 2 };
  expect(left, `seed ${options.seed}`).toEqual(wanted);
  return made;
}

describe.each(SCHEDULERS)("a storm under %s", (scheduler) => {
  it.each([1, 2, 3, 4, 8, 16])("on %d CPUs leaves nothing behind", (cpus) => {
    for (let seed = 1; seed <= 4; seed++) {
      storm({ seed: seed * 100 + cpus, cpus, scheduler, threads: 120, steps: 30 });
    }
  });

  it("near the limit of threads, over three memory domains, never exceeds it", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const options = { cpus: 4, scheduler, threads: 300, steps: 20, domains: 3, maxthread: 125 };
      storm({ seed, ...options });
    }
  });

  it("without preemption is no different", () => {
    storm({ seed: 9, cpus: 2, scheduler, threads: 100, steps: 30, preemption: false });
  });
});

describe("a storm", () => {
  it("is the same run when it is run again", () => {
    const options: StormOptions = {
      seed: 77,
      cpus: 4,
      scheduler: "lwkt",
      threads: 60,
      steps: 20,
    };
    expect(storm(options).machine.hash).toBe(storm(options).machine.hash);
  });

  it("comes by the results that the calls can give", () => {
    const all: Tally = new Map();
    for (let seed = 1; seed <= 6; seed++) {
      const { tally } = storm({ seed, cpus: 4, scheduler: "4bsd", threads: 150, steps: 40 });
      for (const [key, n] of tally) all.set(key, (all.get(key) ?? 0) + n);
    }
    const { EWOULDBLOCK, EINVAL, EINTR, ERESTART } = Layout;
    for (const key of [
      "kthread_add 0",
      "kproc_create 0",
      "fork 0",
      "thr_create 0",
      "tsleep 0",
      `tsleep ${EWOULDBLOCK}`,
      `tsleep ${EINTR}`,
      `tsleep ${ERESTART}`,
      "kthread_suspend 0",
      `kthread_suspend ${EWOULDBLOCK}`,
      `kthread_suspend ${EINVAL}`,
      "kproc_suspend 0",
      "thread_single 0 0",
      "thread_single 2 0",
      "thread_single allproc 0",
      "wait 0",
      "tdfind found",
      "tdfind none",
    ]) {
      expect(all.has(key), `${key} among ${[...all.keys()].sort().join(", ")}`).toBe(true);
    }
  });
});

describe("the checker of a storm", () => {
  const machineWithThreads = () => {
    const machine = new Machine({ maxthread: 300 }, buildUnderTest);
    for (let i = 0; i < 20; i++) {
      machine.createThread({
        name: `t${i}`,
        *body() {
          yield* sys.tsleep(`c${i % 3}`, 84, "test", 1 + i);
        },
      });
    }
    machine.run({ rounds: 3 });
    return machine;
  };
  const poke = (machine: Machine, address: number, add: number) => {
    machine.kernel.u32[address >>> 2] = machine.kernel.read(address) + add;
  };

  it("finds nothing wrong with a machine in order", () => {
    expect(fbsdFaults(machineWithThreads().kernel)).toEqual([]);
  });

  it.each<[string, (machine: Machine) => number]>([
    ["numthreads", (machine) => machine.kernel.machine("proc0") + Layout.Proc.p_numthreads],
    ["suspcount", (machine) => machine.kernel.machine("proc0") + Layout.Proc.p_suspcount],
    ["boundary_count", (machine) => machine.kernel.machine("proc0") + Layout.Proc.p_boundary_count],
    ["exitthreads", (machine) => machine.kernel.machine("proc0") + Layout.Proc.p_exitthreads],
    ["nthreads", () => Layout.MACHINE_ADDRESS + Layout.Machine.nthreads],
    ["nprocs", () => Layout.MACHINE_ADDRESS + Layout.Machine.nprocs],
    ["ids in use without a thread", (machine) => machine.kernel.machine("tid_bitmap") + 16],
    [
      "callouts",
      (machine) =>
        machine.kernel.read(machine.kernel.globaldata(0) + Layout.GlobalData.gd_wheel) +
        Layout.CalloutWheel.cw_count,
    ],
  ])("finds a planted fault in %s", (what, address) => {
    const machine = machineWithThreads();
    poke(machine, address(machine), 1);
    expect(fbsdFaults(machine.kernel).join("; ")).toContain(what);
  });
});
