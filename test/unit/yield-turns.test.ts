// sched_relinquish of RV32 threads: the short way inside the emulated CPU's loop leaves what the long way leaves.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type MachineConfig, SCHEDULER_NAMES, type SchedulerName } from "../../src/core/config.js";
import { ThreadSched } from "../../src/generated/layout.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { program, string } from "../../src/program/index.js";
import { buildUnderTest } from "../support/build.js";
import { isLwkt } from "../support/schedulers.js";

const ALL_CLASSES = 0xffff_ffff;
const FIFO = 1;
/** Of those that do not sleep: the kernel's fixed priority, time-sharing, and when nobody else wants the CPU. */
const policies = [null, 0, 3, 5];

/** Threads that yield; some count how often that returns 0, sleep now and then, or change their priorities. */
function yielders(call: "sched_relinquish" | "lwkt_yield") {
  const b = program("yielders");
  b.label("plain").forever(() => b.call(call));
  b.label("counting").forever(() => {
    const other = b.newLabel("other");
    b.li("a0", 7).call(call).bnez("a0", other);
    b.la("t0", "zeros").lw("t1", "t0", 0).addi("t1", "t1", 1).sw("t1", "t0", 0).label(other);
  });
  b.label("sleeping").forever(() => {
    b.loop(5, () => b.call(call), { counter: "s1" });
    b.call("pause", string("nap"), 1);
  });
  b.label("ending").loop(300, () => b.call(call), { counter: "s1" });
  b.call("kthread_exit");
  b.data("zeros", { zero: 4 });
  return b.build();
}

const bodies = ["plain", "counting", "plain", "sleeping", "ending", "counting"] as const;

function boot(
  scheduler: SchedulerName,
  cpus: number,
  policy: number | null,
  isLong: boolean,
  call: "sched_relinquish" | "lwkt_yield" = "sched_relinquish",
  { threads = 90, ...more }: MachineConfig & { threads?: number } = {},
) {
  const config = { scheduler, cpus, maxthread: 200, roundRobin: 20_000_000, ...more };
  const machine = new Machine(config, buildUnderTest);
  if (isLong) {
    machine.kernel.onTrace = () => {};
    machine.kernel.setMachine("ktr_mask", ALL_CLASSES);
  }
  const loaded = machine.load(yielders(call));
  for (let i = 0; i < threads; i++) {
    const name = `y${i}`;
    const thread = machine.createThread({ name, body: loaded.addressOf(bodies[i % 6] as string) });
    if (bodies[i % 6] === "sleeping") {
      machine.call(sys.sched_setscheduler(thread.address, FIFO, 1 + (i % 4)));
    } else if (policy !== null) {
      machine.call(sys.sched_setscheduler(thread.address, policy, i % 3));
    }
  }
  machine.createThread({
    name: "host",
    *body() {
      for (;;) {
        yield* sys.pause("host", 3);
        yield* sys.sched_relinquish();
      }
    },
  });
  return machine;
}

/** What schedulers know of a thread, in whole words. */
const scores = [
  "ts_level",
  "ts_slice",
  "ts_ltick",
  "ts_ftick",
  "ts_ticks",
  "ts_rltick",
  "ts_batch",
] as const;

/** All that can be told from outside, and what the scheduler knows of each thread. */
function state(machine: Machine) {
  const { kernel } = machine;
  const memory = createHash("sha1").update(machine.guestMemory).digest("hex");
  const delta = kernel.machine("sched_delta");
  const known = [...machine.threads()].map(({ address }) =>
    delta === 0 ? [] : scores.map((field) => kernel.read(address + delta + ThreadSched[field])),
  );
  return { hash: machine.hash, counters: machine.counters, ps: machine.ps(), memory, known };
}

describe.each(SCHEDULER_NAMES)("sched_relinquish under %s", (scheduler) => {
  it.each([
    ["1 CPU", {}, policies],
    ["2 CPUs", { cpus: 2 }, [0]],
    // Several turns at once, and a tick of ule's accounts in each round.
    ["1 CPU with seven threads", { threads: 7, cyclesPerSecond: 100_000, quantum: 100 }, policies],
  ])("leaves on %s what the long way leaves, however it is cut", (_, settings, tried) => {
    for (const policy of tried) {
      const begin = (isLong: boolean) =>
        boot(scheduler, 1, policy, isLong, "sched_relinquish", settings);
      const short = begin(false);
      const long = begin(true);
      const cut = begin(false);
      for (const cycles of [777, 54_321, 300_000, 1_100_000]) {
        short.run({ for: cycles });
        long.run({ for: cycles });
        const end = short.cycles;
        while (cut.run({ until: end, switches: 9_973 }).reason === "switches");
        expect(state(short)).toEqual(state(long));
        expect(state(cut)).toEqual(state(long));
      }
      expect(short.counters.switches).toBeGreaterThan(10_000);
    }
  });
});

describe("lwkt_yield", () => {
  it.each(SCHEDULER_NAMES.filter((name) => !isLwkt(name)))("is no call under %s", (scheduler) => {
    const machine = boot(scheduler, 1, 0, false, "lwkt_yield");
    expect(() => machine.run({ for: 100_000 })).toThrow(/exists under the lwkt scheduler only/);
  });
});

describe("lwkt_yield of user threads", () => {
  it.each([1, 2, 4])(
    "leaves the same state on %i CPUs as the slow path, however the run is divided",
    (cpus) => {
      for (const policy of policies) {
        const short = boot("lwkt", cpus, policy, false, "lwkt_yield");
        const long = boot("lwkt", cpus, policy, true, "lwkt_yield");
        const cut = boot("lwkt", cpus, policy, false, "lwkt_yield");
        for (const cycles of [777, 54_321, 300_000, 1_100_000]) {
          short.run({ for: cycles });
          long.run({ for: cycles });
          const end = short.cycles;
          while (cut.run({ until: end, switches: 9_973 }).reason === "switches");
          expect(state(short)).toEqual(state(long));
          expect(state(cut)).toEqual(state(long));
        }
      }
    },
  );
});
