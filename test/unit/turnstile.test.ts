// Priority inversion, with and without lending, and the options of mutexes (mutex(9)).

import { describe, expect, it } from "vitest";
import { EINVAL } from "../../src/generated/layout.js";
import { type Body, Machine, MutexOption, program, sys, type ThreadView } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { runText } from "../support/workload-run.js";

const [HIGH, MIDDLE, LOW] = [100, 130, 160];
const US = 1_000n;

describe.each(SCHEDULERS)("a mutex under %s", (scheduler) => {
  const boot = (options = {}) =>
    new Machine(
      { scheduler, maxthread: 1_000, objects: 16, hz: 100_000, quantum: 1_000, ...options },
      buildUnderTest,
    );

  const mutexOf = (machine: Machine, options = 0): number => {
    const [error, address] = machine.call(sys.mtx_init("door", options));
    expect(error).toBe(0);
    return address >>> 0;
  };

  /**
   * The classic three: the low one holds the mutex for `section` cycles, the high one wants it from the middle of that
   * on, and then the middle one has `work` cycles to do. Cycles that the high one waits beyond the section's rest.
   */
  function inversion(options: number, section: bigint, work: bigint): bigint {
    const machine = boot();
    const mutex = mutexOf(machine, options);
    let end = 0n;
    let asked = 0n;
    let got = 0n;
    const bodies: readonly (readonly [string, () => Body])[] = [
      [
        "low",
        function* () {
          yield* sys.sched_prio_self(LOW);
          yield* sys.mtx_lock(mutex);
          end = (yield* sys.cycles()) + section;
          yield* sys.wakeup("high");
          yield* sys.compute(section);
          yield* sys.mtx_unlock(mutex);
        },
      ],
      [
        "high",
        function* () {
          yield* sys.sched_prio_self(HIGH);
          yield* sys.tsleep("high", 0, "high", 0);
          yield* sys.wakeup("middle");
          asked = yield* sys.cycles();
          yield* sys.mtx_lock(mutex);
          got = yield* sys.cycles();
          yield* sys.mtx_unlock(mutex);
        },
      ],
      [
        "middle",
        function* () {
          yield* sys.sched_prio_self(MIDDLE);
          yield* sys.tsleep("middle", 0, "middle", 0);
          yield* sys.compute(work);
        },
      ],
    ];
    // The low one begins when the others sleep.
    for (const [name, body] of [...bodies].reverse()) machine.createThread({ name, body });
    machine.run();
    expect(asked).toBeGreaterThan(0n);
    return got - asked - (end - asked);
  }

  it("bounds the wait of the high thread by the critical section when it lends, to the cycle", () => {
    const overhead = inversion(0, 10_000n, 0n);
    expect(overhead).toBeLessThan(30n);
    for (const section of [1n, 999n, 25_000n, 300_001n]) {
      for (const work of [0n, 50_000n, 2_000_000n]) {
        expect([section, work, inversion(0, section, work)]).toEqual([section, work, overhead]);
      }
    }
  });

  it("makes the high thread wait for the middle one's work, too, when it does not lend", () => {
    const overhead = inversion(MutexOption.NOLEND, 10_000n, 0n);
    for (const work of [50_000n, 2_000_000n]) {
      expect(inversion(MutexOption.NOLEND, 10_000n, work) - overhead).toBe(work);
    }
  });

  it("goes to the best waiter, and to the first among equals", () => {
    const machine = boot();
    const mutex = mutexOf(machine);
    const order: string[] = [];
    machine.createThread({
      name: "owner",
      *body() {
        yield* sys.mtx_lock(mutex);
        yield* sys.sleep(900n * US);
        yield* sys.mtx_unlock(mutex);
      },
    });
    const waiters = { a: 150, b: 120, c: 150, d: 90, e: 120 };
    Object.entries(waiters).forEach(([name, priority], i) => {
      machine.createThread({
        name,
        *body() {
          yield* sys.sched_prio_self(priority);
          yield* sys.sleep(BigInt(i + 2) * 50n * US);
          yield* sys.mtx_lock(mutex);
          order.push(name);
          yield* sys.mtx_unlock(mutex);
        },
      });
    });
    machine.run();
    expect(order).toEqual(["d", "b", "e", "a", "c"]);
  });

  it("preempts no thread when a loan does not improve a priority", () => {
    const machine = boot();
    const mutex = mutexOf(machine);
    const order: string[] = [];
    let lost = -1;
    const body = (name: string, work: () => Body) => () => {
      function* all(): Body {
        yield* sys.sched_prio_self(MIDDLE);
        yield* work();
        order.push(name);
      }
      return all();
    };
    const owner: ThreadView = machine.createThread({
      name: "owner",
      body: body("owner", function* () {
        yield* sys.mtx_lock(mutex);
        for (let i = 0; i < 5; i++) yield* sys.sched_relinquish(); // both wait then
        const before = owner.involuntarySwitches;
        yield* sys.mtx_unlock(mutex);
        yield* sys.compute(100n);
        lost = owner.involuntarySwitches - before;
      }),
    });
    for (const name of ["waiter", "second waiter"]) {
      machine.createThread({
        name,
        body: body(name, function* () {
          yield* sys.mtx_lock(mutex);
          yield* sys.mtx_unlock(mutex);
        }),
      });
    }
    machine.createThread({
      name: "other",
      body: body("other", function* () {
        for (let i = 0; i < 20; i++) yield* sys.sched_relinquish(); // runnable all the time
      }),
    });
    machine.run({ for: 1_000_000 });
    expect(order).toHaveLength(4);
    expect(lost).toBe(0);
  });

  it("may be taken again by its owner if it recurses, even by a try", () => {
    const machine = boot({ cpus: 2 });
    const mutex = mutexOf(machine, MutexOption.RECURSE);
    const plain = mutexOf(machine);
    const seen: boolean[] = [];
    machine.createThread({
      name: "owner",
      *body() {
        yield* sys.mtx_lock(mutex);
        yield* sys.mtx_lock(mutex);
        seen.push(yield* sys.mtx_trylock(mutex), yield* sys.mtx_recursed(mutex));
        for (let i = 0; i < 2; i++) yield* sys.mtx_unlock(mutex);
        seen.push(yield* sys.mtx_owned(mutex), yield* sys.mtx_recursed(mutex));
        yield* sys.mtx_unlock(mutex);
        seen.push(yield* sys.mtx_owned(mutex));
        seen.push(yield* sys.mtx_trylock(plain), yield* sys.mtx_trylock(plain));
      },
    });
    machine.run();
    expect(seen).toEqual([true, true, true, false, false, true, false]);
  });

  it("spins, if it is a spin mutex, until the owner on another CPU releases it", () => {
    const machine = boot({ cpus: 4, statistics: false });
    const mutex = mutexOf(machine, MutexOption.SPIN);
    const spinner = program("spinner")
      .data("count", { words: [0] })
      .loop(200, (b) =>
        b
          .call("mtx_lock_spin", mutex)
          .load("t0", "count")
          .compute(70)
          .addi("t0", "t0", 1)
          .store("t0", "count")
          .call("mtx_unlock_spin", mutex),
      )
      .call("kthread_exit")
      .build();
    const body = machine.load(spinner);
    for (let i = 0; i < 8; i++) machine.createThread({ name: `s${i}`, body });
    expect(machine.run().reason).toBe("idle");
    expect(machine.kernel.read(machine.kernel.machine("guest_base") + body.dataBase)).toBe(1_600);
  });

  it("panics when the kinds are mixed up, or a spin mutex stays taken", () => {
    const attempt = (options: number, calls: (mutex: number) => Body, cpus = 1) => {
      const machine = boot({ cpus });
      const mutex = mutexOf(machine, options);
      machine.createThread({ name: "careless", body: () => calls(mutex) });
      return () => machine.run();
    };
    const { SPIN } = MutexOption;
    expect(
      attempt(SPIN, function* (m) {
        yield* sys.mtx_lock(m);
      }),
    ).toThrow("mtx_lock() of spin mutex door");
    expect(
      attempt(0, function* (m) {
        yield* sys.mtx_lock_spin(m);
      }),
    ).toThrow("mtx_lock_spin() of sleep mutex door");
    expect(
      attempt(SPIN, function* (m) {
        yield* sys.mtx_lock_spin(m);
        yield* sys.msleep("x", m, 0, "x", 0);
      }),
    ).toThrow("spin locks can only use msleep_spin");
    expect(
      attempt(SPIN, function* (m) {
        yield* sys.mtx_lock_spin(m);
        yield* sys.mtx_lock_spin(m);
      }),
    ).toThrow("recursed on non-recursive mutex door");
    expect(
      attempt(MutexOption.RECURSE, function* (m) {
        yield* sys.mtx_lock(m);
        yield* sys.mtx_lock(m);
        yield* sys.msleep("x", m, 0, "x", 0);
      }),
    ).toThrow("mutex door recursed");
    const machine = boot();
    for (const bad of [2, MutexOption.SPIN | MutexOption.NOLEND, 0x10000]) {
      expect(machine.call(sys.mtx_init("m", bad))[0]).toBe(EINVAL);
    }
  });
});

describe("pi_enabled of a workload", () => {
  const text = (isEnabled: boolean) => `{
    "global": { "pi_enabled": ${isEnabled}, "default_policy": "SCHED_FIFO" },
    "tasks": {
      "low": { "priority": 5, "loop": 1, "lock": "m", "run": 10000, "unlock": "m" },
      "high": { "priority": 95, "loop": 1, "sleep": 2000, "lock": "m", "unlock": "m" },
      "middle": { "priority": 50, "loop": 1, "sleep": 4000, "run": 50000 } } }`;

  it.each(SCHEDULERS)(
    "decides whether the thread that holds a mutex borrows, under %s",
    (scheduler) => {
      const endOf = (isEnabled: boolean) => {
        const report = runText(text(isEnabled), { scheduler });
        return report.threads.find(({ name }) => name.startsWith("high"))?.endedAtNs ?? Number.NaN;
      };
      expect(endOf(true)).toBeLessThan(11_000_000);
      expect(endOf(false)).toBeGreaterThan(55_000_000);
    },
  );
});

/** A policy in words, such as "fifo 99": the call with which a thread gives it to itself. */
function policyOf(words: string) {
  const [name, value] = words.split(" ") as [string, string];
  if (name === "deadline") {
    const deadline = Number(value ?? 20_000);
    return sys.sched_setdeadline_self(5_000, deadline, deadline);
  }
  const policies: Record<string, number> = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5 };
  return sys.sched_setscheduler_self(policies[name] as number, Number(value));
}

describe.each(SCHEDULERS)("under %s a thread that lends, whatever its policy", (scheduler) => {
  const CRITICAL_MS = 4;

  /** For how many milliseconds a thread waits for the mutex of `low`, while `middle` computes for 30. */
  function waitOf(low: string, middle: string, high: string, options: object): number {
    const machine = new Machine(
      { scheduler, maxthread: 1_000, objects: 4, ...options },
      buildUnderTest,
    );
    const [, lock] = machine.call(sys.mtx_create("door"));
    let waited = Number.NaN;
    machine.createThread({
      name: "low",
      *body() {
        yield* policyOf(low);
        yield* sys.mtx_lock(lock);
        for (let i = 0; i < 40; i++) yield* sys.compute(100_000n);
        yield* sys.mtx_unlock(lock);
      },
    });
    machine.createThread({
      name: "high",
      *body() {
        expect(yield* policyOf(high)).toBe(0);
        yield* sys.sleep(2_000_000n);
        const from = yield* sys.cycles();
        yield* sys.mtx_lock(lock);
        waited = Number((yield* sys.cycles()) - from) / 1e6;
        yield* sys.mtx_unlock(lock);
      },
    });
    machine.createThread({
      name: "middle",
      *body() {
        yield* sys.sleep(1_000_000n);
        yield* policyOf(middle);
        for (let i = 0; i < 300; i++) yield* sys.compute(100_000n);
      },
    });
    machine.run();
    return waited;
  }

  it.each([
    ["other 0", "fifo 50", "fifo 51"],
    ["other 0", "fifo 98", "fifo 99"],
    ["other 0", "fifo 1", "fifo 2"],
    ["other 0", "fifo 99", "deadline"],
    ["fifo 10", "rr 99", "deadline"],
    ["other 0", "deadline 40000", "deadline 20000"],
    ["deadline 90000", "deadline 40000", "deadline 20000"],
    ["batch 19", "other 0", "rr 10"],
    ["idle 0", "other -20", "other -20"],
  ])("waits for the rest of the critical section at most: %s, %s, %s", (low, middle, high) => {
    for (const options of [{}, ...(scheduler.startsWith("lwkt") ? [] : [{ runQueues: 64 }])]) {
      expect(waitOf(low, middle, high, options)).toBeLessThanOrEqual(CRITICAL_MS);
    }
  });
});
