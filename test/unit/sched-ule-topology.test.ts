// ULE on machines with packages, caches and cores, and the tunables kern.sched.*.

import { describe, expect, it } from "vitest";
import { Machine, type MachineConfig, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

function boot(config: MachineConfig) {
  return new Machine({ scheduler: "ule", ...config }, buildUnderTest);
}

/** Threads that compute for 3 ms of each period, and one that wakes them, so that each wakeup asks for a CPU. */
function workers(machine: Machine, count: number, period = 4): void {
  for (let i = 0; i < count; i++) {
    machine.createProcess({
      name: `p${i}`,
      *body() {
        yield* sys.sched_setscheduler_self(0, 0);
        while (true) {
          yield* sys.compute(3_000_000n);
          yield* sys.tsleep("go", 0, "nap", 0);
        }
      },
    });
  }
  machine.createProcess({
    name: "waker",
    *body() {
      while (true) {
        yield* sys.pause("wait", period);
        yield* sys.wakeup("go");
      }
    },
  });
}

/** Cycles in which both of two neighbouring CPUs were busy, at least, in parts of the run. */
function shared(machine: Machine, first: number): number {
  const now = Number(machine.cycles);
  const busy = [first, first + 1].map((cpu) => machine.cpus[cpu]?.busyCycles ?? 0);
  return (busy.reduce((sum, cycles) => sum + cycles, 0) - now) / now;
}

describe("ule and the topology of CPUs", () => {
  it("gives threads cores of their own while there are idle ones", () => {
    const spread = (topology: MachineConfig["topology"]) => {
      const machine = boot({ cpus: 8, ...(topology && { topology }), seed: 3 });
      workers(machine, 4);
      machine.run({ until: 2_000_000_000n });
      return [0, 2, 4, 6].map((cpu) => shared(machine, cpu));
    };
    // One per core, or here and there two.
    const alone = spread({ cores: 4, threads: 2 });
    for (const both of alone) expect(both).toBeLessThan(-0.2);
    const busy = alone.map((both) => both + 1);
    for (const part of busy) expect(part).toBeGreaterThan(0.5);
    expect(Math.max(...spread(undefined))).toBeGreaterThan(Math.max(...alone));
  });

  it("spreads threads over packages when they have slept for so long that no cache is warm", () => {
    const machine = boot({ cpus: 8, topology: { packages: 2, cores: 4 } });
    workers(machine, 4, 10);
    machine.run({ until: 2_000_000_000n });
    const busy = machine.cpus.map(({ busyCycles }) => busyCycles);
    const [one, other] = [busy.slice(0, 4), busy.slice(4)].map((part) =>
      part.reduce((sum, cycles) => sum + cycles, 0),
    ) as [number, number];
    expect(one / (one + other)).toBeGreaterThan(0.4);
    expect(one / (one + other)).toBeLessThan(0.6);
  });

  it.each([
    { packages: 2, cores: 2, threads: 2 },
    { packages: 2, caches: 2, cores: 2 },
    { caches: 4, threads: 2 },
  ])("uses all CPUs of %j, with hogs, and the same way each time", (topology) => {
    const run = () => {
      const machine = boot({ cpus: 8, topology, seed: 9 });
      for (let i = 0; i < 17; i++) {
        machine.createProcess({
          name: `h${i}`,
          *body() {
            yield* sys.sched_setscheduler_self(0, 0);
            while (true) yield* sys.compute(500_000n);
          },
        });
      }
      machine.run({ until: 3_000_000_000n });
      for (const { busyCycles } of machine.cpus) expect(busyCycles).toBeGreaterThan(2_850_000_000);
      return machine.hash;
    };
    expect(run()).toBe(run());
  });

  it("is unchanged where all CPUs share one cache", () => {
    const hash = (config: MachineConfig) => {
      const machine = boot({ cpus: 4, ...config });
      workers(machine, 7);
      machine.run({ until: 500_000_000n });
      return machine.hash;
    };
    expect(hash({ topology: { cores: 4 } })).toBe(hash({}));
    expect(hash({ topology: { packages: 2, cores: 2 } })).not.toBe(hash({}));
  });

  it("is refused when it does not come to the number of CPUs", () => {
    expect(() => boot({ cpus: 8, topology: { packages: 2, cores: 2 } })).toThrow(
      /topology has 2 packages of 1 cache of 2 cores of 1 thread, 4 CPUs, and cpus is 8; set cpus to 4, or change the topology/,
    );
    expect(() => boot({ topology: { sockets: 1 } as never })).toThrow(/sockets/);
    expect(() => boot({ topology: { cores: 0 } })).toThrow(/cores/);
  });
});

describe("kern.sched", () => {
  it("has the defaults of FreeBSD, and can be set", () => {
    const machine = boot({ cpus: 2 });
    const names = [
      "interact",
      "affinity",
      "steal_thresh",
      "steal_idle",
      "balance",
      "balance_interval",
    ];
    const values = names.map((name) => machine.sysctl(`kern.sched.${name}` as never));
    expect(values).toEqual([30, 1, 2, 1, 1, 127]);
    machine.setSysctl("kern.sched.interact", 60);
    expect(machine.sysctl("kern.sched.interact")).toBe(60);
    expect(() => machine.setSysctl("kern.sched.interact", 101)).toThrow(/it is 100 at most/);
    expect(() => new Machine({}, buildUnderTest).sysctl("kern.sched.interact")).toThrow(
      /belongs to the scheduler ule/,
    );
  });

  it("keeps threads where they are without stealing and a balancer", () => {
    const idle = (isOn: number) => {
      const machine = boot({ cpus: 4 });
      machine.setSysctl("kern.sched.steal_idle", isOn);
      machine.setSysctl("kern.sched.balance", isOn);
      for (let i = 0; i < 8; i++) {
        machine.createProcess({
          name: `h${i}`,
          *body() {
            yield* sys.sched_setscheduler_self(0, 0);
            // Half of them, wherever they are, end at once.
            yield* sys.compute(i % 4 < 2 ? 1_000n : 2_000_000_000n);
          },
        });
      }
      machine.run({ until: 1_000_000_000n });
      return machine.cpus.filter(({ busyCycles }) => busyCycles < 500_000_000).length;
    };
    expect(idle(1)).toBe(0);
    expect(idle(0)).toBeGreaterThan(0);
  });
});
