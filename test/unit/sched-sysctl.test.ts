// kern.sched under 4bsd and ule: the names of the originals, their defaults and ranges, and what they change.

import { describe, expect, it } from "vitest";
import { Plant, ThreadSched } from "../../src/generated/layout.js";
import {
  type BodyFunction,
  type KernelSource,
  Machine,
  type MachineConfig,
  type SchedulerName,
  type SysctlName,
  sys,
  sysctlNames,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

function boot(scheduler: SchedulerName, config: MachineConfig = {}) {
  return new Machine({ scheduler, ...config }, buildUnderTest);
}

/** Makes a thread of SCHED_RR. */
function roundRobin(machine: Machine, name: string, body: BodyFunction): void {
  const [thread] = machine.createProcess({ name, body }).threads();
  machine.call(sys.sched_setscheduler(thread?.address ?? 0, 2, 10));
}

const short = (name: string) => name.slice("kern.sched.".length);
const all = sysctlNames.filter((name) => name.startsWith("kern.sched."));

/** Names that a machine has, with their values. */
function values(machine: Machine): Record<string, string | number> {
  const has = all.filter((name) => {
    try {
      machine.sysctl(name);
      return true;
    } catch {
      return false;
    }
  });
  return Object.fromEntries(has.map((name) => [short(name), machine.sysctl(name)]));
}

describe("kern.sched", () => {
  it("has under ule what sched_ule.c has, with its defaults", () => {
    const { topology_spec: _, ...numbers } = values(boot("ule", { cpus: 2 }));
    expect(numbers).toEqual({
      ...{ name: "ULE", quantum: 94_488, slice: 12, interact: 30, preempt_thresh: 48 },
      ...{ static_boost: 136, affinity: 1, balance: 1, balance_interval: 127, steal_idle: 1 },
      ...{ steal_thresh: 2, preemption: 1 },
    });
  });

  it("has under 4bsd what sched_4bsd.c has", () => {
    expect(values(boot("4bsd", { cpus: 2, preemption: false }))).toEqual({
      ...{ name: "4BSD", quantum: 94_488, slice: 12, runq_fuzz: 1, preemption: 0 },
      "ipiwakeup.enabled": 1,
      "ipiwakeup.requested": 0,
      "ipiwakeup.delivered": 0,
    });
  });

  it("does not exist under lwkt, whose error names the schedulers that have it", () => {
    expect(values(boot("lwkt"))).toEqual({});
    expect(() => boot("lwkt").sysctl("kern.sched.name")).toThrow(
      "kern.sched.name belongs to the schedulers 4bsd and ule, which this machine does not have",
    );
  });

  it.each([
    ["kern.sched.quantum", 0, "cannot be 0; it is a whole number from 1 to"],
    ["kern.sched.slice", 0, "cannot be 0; it is a whole number from 1 to 1000000"],
    ["kern.sched.preempt_thresh", 256, "cannot be 256; it is 255 at most"],
    ["kern.sched.static_boost", 256, "cannot be 256; it is 255 at most"],
    ["kern.sched.preemption", 1, "can only be read"],
    ["kern.sched.topology_spec", 1, "can only be read"],
    ["kern.sched.interact", 0.5, "it must be a whole number"],
  ] as const)("refuses %s = %d", (name, value, message) => {
    const machine = boot("ule");
    const before = machine.sysctl(name);
    expect(() => machine.setSysctl(name, value)).toThrow(message);
    expect(machine.sysctl(name)).toBe(before);
  });

  it.each([
    ["kern.sched.ipiwakeup.requested", 5],
    ["kern.sched.name", 1],
  ] as const)("refuses %s = %d under 4bsd", (name: SysctlName, value) => {
    expect(() => boot("4bsd").setSysctl(name, value)).toThrow("can only be read");
  });
});

describe("kern.sched.quantum and kern.sched.slice", () => {
  it.each(["4bsd", "ule"] as const)("are two views of a slice under %s", (scheduler) => {
    const machine = boot(scheduler);
    machine.setSysctl("kern.sched.quantum", 20_000);
    expect(machine.sysctl("kern.sched.slice")).toBe(3); // the nearest number of ticks
    expect(machine.sysctl("kern.sched.quantum")).toBe(3 * 7_874);
    machine.setSysctl("kern.sched.slice", 6);
    expect(machine.sysctl("kern.sched.quantum")).toBe(6 * 7_874);
    machine.setSysctl("kern.sched.quantum", 1);
    expect(machine.sysctl("kern.sched.slice")).toBe(1);
  });

  it.each(["4bsd", "ule"] as const)("make threads take turns as often under %s", (scheduler) => {
    const machine = boot(scheduler, { cyclesPerSecond: 1_000_000, quantum: 1_000 });
    machine.setSysctl("kern.sched.slice", 3);
    const ends: number[] = [];
    let last = 0;
    for (let i = 0; i < 2; i++) {
      roundRobin(machine, `hog${i}`, function* () {
        while (true) {
          if (last !== i) ends.push(Number(machine.cycles));
          last = i;
          yield* sys.compute(500n);
        }
      });
    }
    machine.run({ until: 500_000n });
    const turns = ends.slice(3, -1).map((at, i) => at - (ends[i + 2] as number));
    for (const turn of turns) expect(Math.abs(turn - (3 * 1e6) / 127)).toBeLessThan(3_000);
    expect(turns.length).toBeGreaterThan(10);
  });

  it.each([1_000, 3_000, 5_000, 7_000])(
    "are of the statistics clock where a slice takes %d us",
    (us) => {
      for (const scheduler of ["4bsd", "ule"] as const) {
        const machine = boot(scheduler, { cyclesPerSecond: 1_000_000, roundRobin: us });
        expect(machine.sysctl("kern.sched.slice")).toBe(Math.max(1, Math.round(us / 7_874)));
        for (const ticks of [1, 12, 100]) {
          machine.setSysctl("kern.sched.slice", ticks);
          expect(machine.sysctl("kern.sched.slice")).toBe(ticks);
          const slice = machine.kernel.machine("sched_slice") * us;
          expect(Math.abs(slice - ticks * 7_874)).toBeLessThanOrEqual(us / 2);
        }
      }
    },
  );

  it.each(["4bsd", "ule", "lwkt"] as const)(
    "say nothing about how much CPU time a thread is charged for: %s",
    (scheduler) => {
      const charged = (roundRobin: number) => {
        const machine = boot(scheduler, { cyclesPerSecond: 1_000_000, quantum: 500, roundRobin });
        const [thread] = machine
          .createProcess({
            name: "hog",
            *body() {
              yield* sys.sched_setscheduler_self(0, 0);
              while (true) yield* sys.compute(500n);
            },
          })
          .threads();
        machine.run({ until: 990_000n }); // nothing has decayed yet
        const at = (thread?.address ?? 0) + machine.kernel.machine("sched_delta");
        const field = scheduler === "ule" ? ThreadSched.ts_runtime : ThreadSched.ts_estcpu;
        return machine.kernel.read((at + field) >>> 0);
      };
      const usual = charged(100_000);
      expect(usual).toBeGreaterThan(100);
      for (const slice of [500, 1_000, 3_000, 5_000, 7_000]) expect(charged(slice)).toBe(usual);
    },
  );

  it("know ule's least slice from the quantum alone, as the original's does", () => {
    const least = (set: (machine: Machine) => void) => {
      const machine = boot("ule");
      set(machine);
      return machine.kernel.machine("ule_slice_min");
    };
    expect(least(() => {})).toBe(2);
    expect(least((machine) => machine.setSysctl("kern.sched.quantum", 472_440))).toBe(10);
    expect(least((machine) => machine.setSysctl("kern.sched.slice", 60))).toBe(2);
  });
});

describe("kern.sched of 4bsd", () => {
  /** Where a thread of CPU 2 runs on that CPU 0 wakes, CPUs 1 and 2 being idle, the machine made as `set` says. */
  function sleeper(set: (machine: Machine) => void, build: KernelSource = buildUnderTest) {
    const machine = new Machine({ scheduler: "4bsd", cpus: 3 }, build);
    set(machine);
    const seen: number[] = [];
    const make = (name: string, cpus: bigint, body: BodyFunction) => {
      const [thread] = machine.createProcess({ name, body }).threads();
      const address = thread?.address ?? 0;
      machine.call(sys.cpuset_setthread(address, cpus));
      return address;
    };
    const thread = make("sleeper", 4n, function* () {
      while (true) {
        yield* sys.tsleep("go", 0, "go", 0);
        seen.push(yield* sys.curcpu());
      }
    });
    make("waker", 1n, function* () {
      for (let i = 0; i < 20; i++) {
        yield* sys.compute(100_000n);
        yield* sys.wakeup("go");
      }
    });
    machine.run({ until: 550_000n }); // it has run there now
    machine.call(sys.cpuset_setthread(thread, 7n));
    machine.run({ until: 10_000_000n });
    expect(seen.length).toBe(20);
    return { machine, seen };
  }

  it("interrupts an idle CPU for a thread, its last one if that is idle, and counts that", () => {
    const { machine, seen } = sleeper(() => {});
    expect(new Set(seen)).toEqual(new Set([2]));
    const told = machine.sysctl("kern.sched.ipiwakeup.delivered");
    expect(told).toBeGreaterThanOrEqual(15);
    expect(machine.sysctl("kern.sched.ipiwakeup.requested")).toBe(told);
  });

  it("is missed when no CPU is interrupted", () => {
    const { seen } = sleeper((m) => m.kernel.setMachine("plant", Plant.SCORE_IDLE_UNTOLD), "check");
    expect(seen).toContain(1);
  });

  it("interrupts no CPU when ipiwakeup is off: the first idle CPU that looks gets the thread", () => {
    const { machine, seen } = sleeper((m) => m.setSysctl("kern.sched.ipiwakeup.enabled", 0));
    expect(machine.sysctl("kern.sched.ipiwakeup.delivered")).toBe(0);
    expect(new Set(seen.slice(6, -1))).toEqual(new Set([1]));
  });

  it("lets a CPU prefer a thread that ran there among that many equals", () => {
    const migrations = (fuzz: number) => {
      const machine = boot("4bsd", { cpus: 2, quantum: 1_000 });
      machine.setSysctl("kern.sched.runq_fuzz", fuzz);
      let moves = 0;
      for (let i = 0; i < 5; i++) {
        roundRobin(machine, `t${i}`, function* () {
          for (let last = -1; ; ) {
            yield* sys.compute(1_500n);
            yield* sys.sched_relinquish();
            const cpu: number = yield* sys.curcpu();
            if (last >= 0 && cpu !== last) moves++;
            last = cpu;
          }
        });
      }
      machine.run({ until: 20_000_000n });
      return moves;
    };
    expect(migrations(4)).toBeLessThan(migrations(1) / 2);
  });
});

describe("kern.sched of ule", () => {
  /** The thread that has the CPU after one of priority `pri` was woken on a CPU with a computing thread. */
  function afterWakeup(pri: number, threshold: number) {
    const machine = boot("ule", { quantum: 1_000 });
    machine.setSysctl("kern.sched.preempt_thresh", threshold);
    const order: string[] = [];
    const work = function* (name: string) {
      for (let i = 0; i < 40; i++) {
        order.push(name);
        yield* sys.compute(1_000n);
      }
    };
    const [kernel] = machine
      .createProcess({
        name: "kernel",
        *body() {
          yield* sys.tsleep("go", 0, "go", 0);
          yield* work("k");
        },
      })
      .threads();
    machine.call(sys.sched_prio(kernel?.address ?? 0, pri));
    for (const name of ["a", "b"]) {
      machine.createProcess({
        name,
        *body() {
          yield* sys.sched_setscheduler_self(3, 0); // SCHED_BATCH: in the calendar
          yield* sys.compute(300_000_000n);
          yield* sys.wakeup("go");
          yield* work(name);
        },
      });
    }
    machine.run({ until: 2_000_000_000n });
    return order.join("");
  }

  it("preempt_thresh puts a preempted thread, and no other, in front of its equals", () => {
    // The one that woke the kernel's thread goes on behind it, and so does the other where it was not preempted.
    expect(afterWakeup(40, 48)).toMatch(/^(k{40})(a{40}b{40}|b{40}a{40})$/);
    const first = afterWakeup(40, 48).at(40);
    const second = afterWakeup(60, 48).at(40);
    expect(first).not.toBe(second);
    expect(afterWakeup(60, 87)).toBe(afterWakeup(40, 48));
  });

  it("static_boost runs a woken thread before those of the calendar that did not sleep", () => {
    const waits = (boost: number) => {
      const machine = boot("ule", { runQueues: 64 });
      machine.setSysctl("kern.sched.static_boost", boost);
      machine.setSysctl("kern.sched.interact", 0); // no thread is interactive
      let ran = 0;
      for (let i = 0; i < 6; i++) {
        machine.createProcess({
          name: `hog${i}`,
          *body() {
            yield* sys.sched_setscheduler_self(0, -10);
            while (true) yield* sys.compute(1_000_000n);
          },
        });
      }
      machine.createProcess({
        name: "sleeper",
        *body() {
          yield* sys.sched_setscheduler_self(0, 10);
          while (true) {
            yield* sys.pause("nap", 10);
            yield* sys.compute(1_000_000n);
            ran++;
          }
        },
      });
      machine.run({ until: 20_000_000_000n });
      return ran;
    };
    expect(waits(136)).toBeGreaterThan(waits(0) * 1.2);
  });

  /** Hogs on two CPUs, where a thread of SCHED_FIFO sleeps on CPU 1 for seven tenths of the time if it `sleeps`. */
  function hogs(set: Partial<Record<SysctlName, number>>, count: number, sleeps: boolean) {
    const [cyclesPerSecond, seconds] = [1_000_000, 20];
    const machine = boot("ule", { cpus: 2, cyclesPerSecond, quantum: 500, statistics: true });
    for (const [name, value] of Object.entries(set)) machine.setSysctl(name as SysctlName, value);
    const made = Array.from({ length: count }, (_, i) => {
      const body: BodyFunction = function* () {
        yield* sys.sched_setscheduler_self(0, 0);
        while (true) yield* sys.compute(5_000n);
      };
      const [thread] = machine.createProcess({ name: `hog${i}`, body }).threads();
      return thread as NonNullable<typeof thread>;
    });
    if (sleeps) {
      const body: BodyFunction = function* () {
        yield* sys.sched_setscheduler_self(1, 5);
        while (true) {
          yield* sys.compute(30_000n);
          yield* sys.pause("nap", 70);
        }
      };
      const [thread] = machine.createProcess({ name: "sleeper", body }).threads();
      machine.call(sys.cpuset_setthread(thread?.address ?? 0, 2n));
    }
    machine.run({ until: BigInt(seconds * cyclesPerSecond) });
    const idle = machine.cpus.map((cpu) => cpu.idleCycles / (seconds * cyclesPerSecond));
    return {
      idle: idle.reduce((sum, one) => sum + one, 0),
      moves: made.reduce((sum, thread) => sum + thread.migrations, 0),
    };
  }

  it("balance and balance_interval say whether and how often threads are moved between busy CPUs", () => {
    expect(hogs({ "kern.sched.balance": 0 }, 3, false).moves).toBe(0);
    const often = hogs({ "kern.sched.balance_interval": 13 }, 3, false).moves;
    const usual = hogs({}, 3, false).moves;
    const rare = hogs({ "kern.sched.balance_interval": 1270 }, 3, false).moves;
    expect(often).toBeGreaterThan(usual * 3);
    expect(usual).toBeGreaterThan(rare * 3);
    expect(rare).toBeGreaterThan(0);
  });

  it("steal_idle and steal_thresh say whether an idle CPU takes a thread of one with so many", () => {
    const alone = { "kern.sched.balance": 0 } as const;
    expect(hogs(alone, 2, true).idle).toBeLessThan(0.01);
    expect(hogs({ ...alone, "kern.sched.steal_idle": 0 }, 2, true).idle).toBeGreaterThan(0.6);
    // No CPU ever has so many.
    expect(hogs({ ...alone, "kern.sched.steal_thresh": 4 }, 2, true).idle).toBeGreaterThan(0.6);
    expect(hogs({ ...alone, "kern.sched.steal_thresh": 2 }, 2, true).idle).toBeLessThan(0.01);
  });

  it("topology_spec is FreeBSD's description of the groups", () => {
    expect(boot("ule", { cpus: 2 }).sysctl("kern.sched.topology_spec")).toBe(
      `<groups>
 <group level="1" cache-level="3">
  <cpu count="2" mask="3">0, 1</cpu>
 </group>
</groups>
`,
    );
    const topology = { packages: 2, cores: 1, threads: 2 };
    expect(boot("ule", { cpus: 4, topology }).sysctl("kern.sched.topology_spec")).toBe(
      `<groups>
 <group level="1" cache-level="0">
  <cpu count="4" mask="f">0, 1, 2, 3</cpu>
  <children>
   <group level="2" cache-level="2">
    <cpu count="2" mask="3">0, 1</cpu>
    <flags><flag name="THREAD">THREAD group</flag></flags>
   </group>
   <group level="2" cache-level="2">
    <cpu count="2" mask="c">2, 3</cpu>
    <flags><flag name="THREAD">THREAD group</flag></flags>
   </group>
  </children>
 </group>
</groups>
`,
    );
  });
});
