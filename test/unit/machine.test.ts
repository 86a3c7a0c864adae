// The library's machine: what it is made with, runs, calls from outside, views, counters, and what it refuses.

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  type Body,
  BodyError,
  ConfigError,
  KernelError,
  KernelPanic,
  Machine,
  ms,
  program,
  string,
  sys,
  us,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";

function boot(config: ConstructorParameters<typeof Machine>[0] = {}): Machine {
  return new Machine(config, buildUnderTest);
}

/** Two threads on each CPU that compute, yield, sleep and wake each other. */
function busyMachine(cpus: number): Machine {
  const machine = boot({ cpus, seed: 7, statistics: true });
  const spin = machine.load(
    program("spin")
      .loop(40, (b) => b.compute(us(30)).call("sched_relinquish").call("pause", string("nap"), 1))
      .build(),
  );
  for (let i = 0; i < cpus * 2; i++) {
    machine.createThread({ name: `rv${i}`, body: spin });
    machine.createThread({
      name: `js${i}`,
      *body() {
        for (let round = 0; round < 20; round++) {
          yield* sys.compute(10_000n * BigInt(1 + (i % 3)));
          yield* sys.tsleep(`channel${i % 2}`, 84, "round", 3);
          yield sys.wakeup(`channel${(i + 1) % 2}`);
        }
      },
    });
  }
  return machine;
}

describe("a machine", () => {
  it("boots with thread0 of the kernel and init, and has nothing to do", () => {
    const machine = boot();
    expect([...machine.threads()].map((thread) => [thread.tid, thread.name])).toEqual([
      [100000, "swapper"],
      [100001, "init"],
    ]);
    expect(machine.run().reason).toBe("idle");
    expect(machine.counters.threads).toBe(2);
  });

  it("runs a generator body, which gets the results of its calls", () => {
    const machine = boot({ hz: 1000 });
    const seen: unknown[] = [];
    machine.createThread({
      name: "worker",
      arg: 42,
      *body(arg) {
        seen.push(arg, yield* sys.curcpu());
        seen.push(yield* sys.tsleep("never", 84, "test", 5), yield* sys.ticks());
        yield* sys.compute(2_500n);
        seen.push((yield* sys.cycles()) > 5_002_500n);
      },
    });
    expect(machine.run().reason).toBe("idle");
    expect(seen).toEqual([42, 0, 35, 5, true]);
  });

  it("runs a program of machine code, which shares guest memory with others", () => {
    const machine = boot({ cpus: 2 });
    const adder = machine.load(
      program("adder")
        .data("sum", { words: [0] })
        .la("t0", "sum")
        .amoaddW("t1", "a0", "t0")
        .build(),
    );
    for (let i = 1; i <= 10; i++) machine.createThread({ name: `add${i}`, body: adder, arg: i });
    machine.run();
    const sum = new DataView(machine.guestMemory.buffer, machine.guestMemory.byteOffset);
    expect(sum.getUint32(adder.addressOf("sum"), true)).toBe(55);
    expect(machine.counters.instructions).toBeGreaterThan(30);
  });

  it("accounts every cycle of a CPU as busy or idle, and the busy ones to threads", () => {
    const machine = busyMachine(4);
    machine.run({ for: 20_000_000 });
    const exited = machine.processes().reduce((sum, process) => sum + process.exitedRuntime, 0);
    const live = [...machine.threads()].reduce((sum, thread) => sum + thread.runtime, 0);
    const busy = machine.cpus.reduce((sum, cpu) => sum + cpu.busyCycles, 0);
    const onCpu = machine.cpus.reduce((sum, cpu) => sum + cpu.uncharged, 0);
    expect(live + exited + onCpu).toBe(busy);
    for (const cpu of machine.cpus) expect(cpu.busyCycles + cpu.idleCycles).toBe(cpu.cycles);
  });

  it("takes a seed of 64 bits, with a sign or without, and refuses one with more", () => {
    const seedOf = (seed: bigint | number) => boot({ seed }).config.seed;
    expect(seedOf(-1)).toBe(seedOf(2n ** 64n - 1n));
    expect(seedOf(-(2n ** 63n))).toBe(2n ** 63n);
    for (const seed of [2n ** 64n, -(2n ** 63n) - 1n, 1.5, 2 ** 53, Number.NaN]) {
      expect(() => seedOf(seed)).toThrow(/^seed is .*; it must be a whole number of 64 bits/);
    }
  });

  it("makes the same run from the same seed, however the run is cut", () => {
    for (const cpus of [1, 2, 4]) {
      const whole = busyMachine(cpus);
      whole.run();
      const byTime = busyMachine(cpus);
      while (byTime.run({ for: 777_777 }).reason !== "idle");
      const bySwitches = busyMachine(cpus);
      while (bySwitches.run({ switches: 7 }).reason !== "idle");
      const byRounds = busyMachine(cpus);
      while (byRounds.run({ rounds: 3 }).reason !== "idle");
      expect(byTime.hash).toBe(whole.hash);
      expect(bySwitches.hash).toBe(whole.hash);
      expect(byRounds.hash).toBe(whole.hash);
      expect(byRounds.cycles).toBe(whole.cycles);
    }
  });

  it("stops after exactly the number of switches that it was asked for", () => {
    const machine = busyMachine(2);
    for (const switches of [1, 5, 100]) {
      const before = machine.counters.switches;
      expect(machine.run({ switches }).reason).toBe("switches");
      expect(machine.counters.switches - before).toBe(switches);
    }
  });

  it("gives the host the chance to stop a program that loops for ever", () => {
    const machine = boot();
    machine.createThread({
      name: "loop",
      body: machine.load(
        program("loop")
          .forever((b) => b.addi("t0", "t0", 1))
          .build(),
      ),
    });
    expect(machine.run({ onProgress: () => false }).reason).toBe("stopped");
    expect(machine.run({ for: 1_000_000 }).reason).toBe("time");
  });

  it("gives it that chance where code takes no time, too, and counts rounds as ever", () => {
    const calls = program("calls").label("again").call("curcpu").jump("again").build();
    const endless: ((machine: Machine) => void)[] = [
      (machine) => machine.createThread({ name: "calls", body: machine.load(calls) }),
      (machine) =>
        machine.createThread({
          name: "body",
          *body() {
            for (;;) yield* sys.sched_relinquish();
          },
        }),
      (machine) => {
        // Two threads of a process that is asked to suspend wake each other, as in the original.
        let address = 0;
        const check = function* (): Body {
          yield* sys.pause("until then", 1);
          yield* sys.kproc_suspend_check(address);
        };
        address = machine.createProcess({ name: "k", body: check }).address;
        machine.call(sys.kthread_add(check, 0, address, 0, 0, "t", 0));
        machine.createThread({
          name: "asks",
          *body() {
            yield* sys.kproc_suspend(address, 0);
          },
        });
      },
    ];
    for (const begin of endless) {
      const machine = boot({ time: "idle" });
      begin(machine);
      let asked = 0;
      const { reason } = machine.run({ rounds: 5, onProgress: () => ++asked < 3 });
      expect([reason, asked]).toEqual(["stopped", 3]);
    }
    const machine = boot({ time: "idle" });
    let naps = 0;
    const long = program("long")
      .loop(1_200_000, (b) => b.call("curcpu"))
      .call("pause", string("nap"), 1)
      .build();
    machine.createThread({ name: "long", body: machine.load(long) });
    machine.createThread({
      name: "naps",
      *body() {
        for (; naps < 10; naps++) yield* sys.pause("nap", 1);
      },
    });
    machine.run({ rounds: 5 }); // the first is longer than what is done without asking
    expect(naps).toBe(4);
  });

  it("names a thread whose format asks for its own name", () => {
    const machine = boot();
    const rest = program("rest").label("start").call("pause", string("rest"), 5);
    const start = machine.load(rest.call("kthread_exit").build()).addressOf("start");
    const add = (fmt: string, arg: number) =>
      machine.call(sys.kthread_add(start, 0, 0, 0, 0, fmt, arg));
    const [, first] = add("first", 0);
    const [, second] = add("again %N", first + 64); // the next structure is its own
    expect(second).toBe(first + 64);
    machine.run({ for: 1_000 });
    expect(machine.ps()).toContain("kernel/again again %N");
    expect(() => machine.call(sys.kthread_add({} as never, 0, 0, 0, 0, "x", 0))).toThrow(
      "kthread_add: an object is not an address",
    );
  });

  it("says ENOMEM, as kthread_add does, when maxthread is reached", () => {
    const machine = boot({ maxthread: 6 });
    const create = () => machine.createThread({ name: "one", *body() {} });
    for (let i = 0; i < 3; i++) create();
    expect(create).toThrow(KernelError);
    expect(create).toThrow(/kthread_add: ENOMEM: no more threads \(kern.maxthread is 6\)/);
    expect(machine.console).toContain("maxthread limit exceeded by uid 0 (pid 0)");
    machine.run();
    expect(create).not.toThrow();
  });

  it("says EAGAIN, as kproc_create does, when maxproc is reached", () => {
    const machine = boot({ maxproc: 4 });
    const create = () => machine.createProcess({ name: "daemon", *body() {} });
    create();
    expect(create).toThrow(/kproc_create: EAGAIN: no more processes \(kern.maxproc is 4\)/);
  });

  it("names the thread whose body throws, and can be inspected and run on", () => {
    const machine = boot();
    machine.createThread({
      name: "bad",
      *body() {
        yield sys.sched_relinquish();
        throw new Error("out of luck");
      },
    });
    machine.createThread({
      name: "good",
      *body() {
        yield* sys.pause("nap", 10);
      },
    });
    expect(() => machine.run()).toThrow(BodyError);
    expect([...machine.threads()].some((thread) => thread.name === "bad")).toBe(true);
    expect(machine.run().reason).toBe("idle");
    expect(machine.counters.threads).toBeLessThanOrEqual(4);
  });

  it("turns a kernel panic into an error with a post-mortem, and stays dead", () => {
    const machine = boot();
    machine.createThread({
      name: "culprit",
      *body() {
        yield* sys.compute(500n);
        yield sys.crit_panic();
      },
    });
    let panic: unknown;
    try {
      machine.run();
    } catch (error) {
      panic = error;
    }
    expect(panic).toBeInstanceOf(KernelPanic);
    expect((panic as KernelPanic).text).toMatch(/^td_pri is\/would-go negative!/);
    expect((panic as KernelPanic).postMortem?.thread).toMatch(/^culprit/);
    expect((panic as KernelPanic).postMortem?.ps).toContain("culprit");
    expect(() => machine.run()).toThrow(KernelPanic);
    expect(machine.ps()).toContain("culprit");
  });

  it("keeps on its console what was printed by threads whose structures have been reused", () => {
    const machine = new Machine({}, buildUnderTest);
    const names = ["first", "second", "a name that is far too long for a thread"];
    for (const name of names) {
      machine.createThread({ name, *body() {} });
      machine.run();
    }
    const snapshot = machine.snapshot();
    machine.createThread({ name: "fourth", *body() {} });
    machine.run();
    machine.restore(snapshot);
    const printed = names.map((name) => {
      return `Kernel thread "${name.slice(0, 19)}" (pid 0) exited prematurely.\n`;
    });
    expect(machine.console).toBe(printed.join(""));
  });

  it("panics with the place when a program leaves its memory", () => {
    const machine = boot();
    const body = machine.load(program("wild").li("t0", 0x7fff_0000).sw("t0", "t0").build());
    machine.createThread({ name: "wild", body });
    expect(() => machine.run()).toThrow(/store out of guest data: pc 0x[0-9a-f]+, thread .* wild/);
  });

  it("refuses an impossible configuration and says what fits", () => {
    expect(() => boot({ cpus: 65 })).toThrow(ConfigError);
    expect(() => boot({ cpus: 65 })).toThrow("cpus is 65; it must be a whole number from 1 to 64");
    expect(() => boot({ maxthread: 40_000_000 })).toThrow(
      /needs \d+ MiB of memory and a machine has at most 4096 MiB; maxthread up to \d+ fits/,
    );
    expect(() => boot({ colour: 1 } as object)).toThrow(
      'there is no setting "colour" of a machine',
    );
  });

  it("spreads threads over its CPUs, unless a CPU is asked for", () => {
    const machine = boot({ cpus: 3 });
    const cpus = [0, 1, 2, 3].map((i) => machine.createThread({ name: `t${i}`, *body() {} }).cpu);
    expect(cpus).toEqual([1, 2, 0, 1]);
    expect(machine.createThread({ name: "pinned", cpu: 2, *body() {} }).cpu).toBe(2);
  });

  it.each(SCHEDULERS)("moves a thread only before it is runnable (%s)", (scheduler) => {
    const machine = boot({ cpus: 3, scheduler });
    function* sleeper(): Body {
      yield* sys.tsleep("never", 84, "nap", 0);
    }
    const thread = machine.createThread({ name: "movable", stopped: true, body: sleeper });
    machine.place(thread, 2);
    expect(thread.cpu).toBe(2);
    const refusal = (place: () => void) => {
      try {
        place();
      } catch (error) {
        return error instanceof KernelError ? error.code : error;
      }
      return null;
    };
    expect(refusal(() => machine.place({ address: thread.address + 4 }, 1))).toBe("ESRCH");
    expect(() => machine.place(thread, 3)).toThrow(
      "place: cpu is 3; it must be a CPU of this machine, 0 to 2",
    );
    machine.call(sys.sched_add(thread));
    expect(refusal(() => machine.place(thread, 1))).toBe("EBUSY");
    machine.run();
    expect(refusal(() => machine.place(thread, 1))).toBe("EBUSY");
    expect(thread.cpu).toBe(2);
  });

  it("says why the kernel refuses what it asks for", () => {
    const machine = boot();
    const thread = machine.createThread({ name: "t", *body() {} });
    const none = { address: thread.address + 64 * 1000 };
    const bsd = boot({ scheduler: "4bsd" });
    for (const [request, sentence] of [
      [
        () => machine.place(thread, 0),
        "place: EBUSY: the thread has run or is runnable already; cr",
      ],
      [() => machine.place(none, 0), "place: ESRCH: it is no thread of this machine"],
      [() => machine.interrupt(none), "interrupt: ESRCH: it is no thread of this machine"],
      [() => bsd.interrupt(thread), "interrupt: EOPNOTSUPP: only lwkt and lwkt-modern have inte"],
      [() => machine.raise(32), "raise: EINVAL: there is no such line; they are 0 to 31"],
      [() => machine.raise(3), "raise: ESRCH: no thread serves this line"],
      [
        () => machine.createThread({ name: "u", process: thread, *body() {} }),
        "kthread_add: EINVAL: its process is no kernel process of this machine",
      ],
    ] as const) {
      expect(request).toThrow(sentence);
    }
    const misspelt = () => new Machine({ cpu: 4 } as never, buildUnderTest);
    expect(misspelt).toThrow('there is no setting "cpu" of a machine; did you mean cpus?');
  });

  it("is printed with a few facts, and so are its threads, processes and CPUs", () => {
    const machine = boot();
    const thread = machine.createThread({
      name: "sleeper",
      *body() {
        yield* sys.pause("nap", 100);
      },
    });
    machine.run({ for: 1_000_000 });
    const { cpu, process, tid } = thread;
    expect(inspect(thread)).toBe(
      `ThreadView {\n  tid: ${tid},\n  name: 'sleeper',\n  state: 'sleeping',\n  waitMessage: 'nap',\n  cpu: ${cpu}\n}`,
    );
    expect(inspect(process)).toBe("ProcessView { pid: 0, name: 'kernel', state: 'normal' }");
    expect(inspect(machine.cpus[0])).toMatch(/^CpuView \{ id: 0, isIdle: true, cycles: \d+ \}$/);
    expect(inspect(machine)).toMatch(
      /^Machine \{[^{}]*switches: \d+[^{}]*hash: '[0-9a-f]{16}'\n\}$/,
    );
    expect(inspect({ a: { b: { thread } } })).toContain("thread: [ThreadView]");
  });

  it("lets equals share a CPU by round robin, and a better thread take it at once", () => {
    const machine = boot({ roundRobin: 1_000_000, statistics: true });
    const burn = machine.load(program("burn").compute(ms(5)).build());
    const a = machine.createThread({ name: "a", body: burn });
    machine.createThread({ name: "b", body: burn });
    const better = machine.createThread({
      name: "better",
      priority: 10,
      *body() {
        yield* sys.pause("nap", 2);
      },
    });
    machine.run({ for: 4_000_000 });
    expect(a.involuntarySwitches).toBeGreaterThan(0);
    expect(better.latency?.max).toBeLessThanOrEqual(machine.config.quantum * 2);
  });
});
