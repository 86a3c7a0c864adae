// The short way that a yield of one host body to another takes (host_yield in kern_switch.ts), and the
// short way back to the host (machine_step). While a trace or statistics are on neither is taken, so each
// scenario is run both ways: threads and CPUs must be alike to the last byte.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import {
  BodyError,
  type BodyFunction,
  type KernelCall,
  KernelPanic,
  Machine,
  program,
  string,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

type Config = ConstructorParameters<typeof Machine>[0];

/** What a scenario does to a machine that was booted for it. */
type Scenario = (machine: Machine) => unknown;

const SCHED_RECORDS = 0xffff_ffff;

const yielding = program("yielding")
  .forever((b) => b.call("lwkt_yield"))
  .build();

/** A body that yields so many times, and for ever without a number. */
function yielder(times = Number.POSITIVE_INFINITY): BodyFunction {
  return function* () {
    for (let i = 0; i < times; i++) yield sys.lwkt_yield();
  };
}

/** Everything that a switch touches: the hot lines of all threads, and the CPUs, but for notes of run.ts and cpu/. */
function state(machine: Machine): readonly Uint8Array[] {
  const { u8 } = machine.kernel;
  const threads = machine.kernel.threadAt(0);
  const end = machine.kernel.threadAt(machine.kernel.machine("td_count"));
  const cpus = Array.from({ length: machine.config.cpus }, (_, cpu) => {
    const from = machine.kernel.globaldata(cpu);
    const gd = u8.slice(from, from + Layout.GD_CPU_OFFSET);
    return gd.fill(0, Layout.GlobalData.gd_slice_td, Layout.GlobalData.gd_slice_reason + 4);
  });
  return [u8.slice(threads, end), ...cpus];
}

/** Runs a scenario by the short way and by the long one. */
function bothWays(scenario: Scenario, config: Config = {}): Machine {
  const [short, long] = [false, true].map((isTraced) => {
    const machine = new Machine({ maxthread: 200, ...config }, buildUnderTest);
    if (isTraced) {
      machine.kernel.onTrace = () => {};
      machine.kernel.setMachine("ktr_mask", SCHED_RECORDS);
    }
    return { machine, result: scenario(machine) };
  }) as [{ machine: Machine; result: unknown }, { machine: Machine; result: unknown }];
  expect(short.result).toEqual(long.result);
  expect(short.machine.counters).toEqual(long.machine.counters);
  expect(short.machine.hash).toBe(long.machine.hash);
  expect(state(short.machine)).toEqual(state(long.machine));
  return short.machine;
}

/** The text of the panic that a run ends with. */
function panicOf(machine: Machine): string {
  try {
    machine.run();
  } catch (error) {
    if (error instanceof KernelPanic) return error.text;
    throw error;
  }
  throw new Error("the machine did not panic");
}

function createYielders(machine: Machine, threads: number, times?: number): void {
  for (let i = 0; i < threads; i++) machine.createThread({ name: "yielder", body: yielder(times) });
}

describe("a yield of host bodies", () => {
  for (const threads of [1, 2, 3, 61, 62, 63, 150]) {
    it(`is that of lwkt_yield among ${threads} threads`, () => {
      const machine = bothWays((it) => {
        createYielders(it, threads);
        return it.run({ switches: 1_000, rounds: 10 });
      });
      expect(machine.sysctl("lwkt.switch_count")).toBeGreaterThan(999);
    });
  }

  it("is one among RV32 threads, which yield in their own way", () => {
    bothWays((it) => {
      const { entry } = it.load(yielding);
      for (let i = 0; i < 12; i++) {
        it.createThread({ name: "thread", body: i % 3 === 0 ? entry : yielder(50 * i) });
      }
      return it.run({ switches: 5_000 });
    });
  });

  it("leaves threads of lower levels alone until the level is empty", () => {
    bothWays((it) => {
      for (const priority of [100, 100, 120, 120, 140]) {
        it.createThread({ name: "yielder", priority, body: yielder(40) });
      }
      return it.run();
    });
  });

  it("ends slices at the same cycle on several CPUs, and takes messages there", () => {
    bothWays(
      (it) => {
        for (let cpu = 0; cpu < 3; cpu++) {
          it.createThread({ name: "yielder", cpu, body: yielder(3_000) });
          it.createThread({ name: "yielder", cpu, body: yielder(2_000) });
          it.createThread({
            name: "pair",
            cpu,
            *body() {
              for (let i = 0; i < 60; i++) {
                yield* sys.tsleep(`pair${cpu}`, 84, "pair", 2);
                yield sys.wakeup(`pair${(cpu + 1) % 3}`);
                yield sys.lwkt_yield();
              }
            },
          });
        }
        return it.run();
      },
      { cpus: 3, quantum: 100 },
    );
  });

  it("yields to a better thread that wakes up, and to equals after the round-robin quantum", () => {
    bothWays(
      (it) => {
        createYielders(it, 4);
        it.createThread({
          name: "better",
          priority: 20,
          *body() {
            for (let i = 0; i < 30; i++) yield* sys.pause("nap", 1);
          },
        });
        return it.run({ for: 2_000_000n });
      },
      { hz: 1_000, roundRobin: 1 },
    );
  });

  it("is the same where code takes no time, and under 4bsd, where it is a panic", () => {
    const idle = (it: Machine) => {
      createYielders(it, 5, 30);
      return it.run();
    };
    bothWays(idle, { time: "idle" });
    const panics = (it: Machine) => {
      createYielders(it, 2, 30);
      return panicOf(it);
    };
    bothWays(panics, { scheduler: "4bsd" });
  });
});

describe("a run of host bodies", () => {
  const cuts: Record<string, (machine: Machine) => void> = {
    "at each switch": (machine) => {
      for (let i = 0; i < 900; i++) {
        expect(machine.run({ switches: 1 }).reason).toBe("switches");
      }
    },
    "at each round": (machine) => {
      while (machine.counters.switches < 880) machine.run({ rounds: 1, switches: 20 });
      machine.run({ switches: 900 - machine.counters.switches });
    },
  };
  for (const [where, cut] of Object.entries(cuts)) {
    it(`may be cut ${where}`, () => {
      const machines = [cut, (it: Machine) => it.run({ switches: 900 })].map((run) =>
        bothWays(
          (it) => {
            createYielders(it, 10);
            run(it);
          },
          { cpus: 2, quantum: 100 },
        ),
      ) as [Machine, Machine];
      expect(machines[0].hash).toBe(machines[1].hash);
      expect(machines[0].counters.switches).toBe(900);
    });
  }

  it("reaches its time to within a quantum", () => {
    const machine = bothWays(
      (it) => {
        createYielders(it, 3);
        return it.run({ until: 10_000n });
      },
      { quantum: 128 },
    );
    expect(machine.cycles).toBeLessThan(10_128n);
  });

  it("runs to the end of the round when a body stops the machine", () => {
    const machine = bothWays(
      (it) => {
        createYielders(it, 2);
        it.createThread({
          name: "stopper",
          *body() {
            for (let i = 0; i < 5; i++) yield sys.lwkt_yield();
            it.stop();
            yield* yielder()(0);
          },
        });
        const first = it.run();
        return [first, it.run({ rounds: 2 })];
      },
      { quantum: 100 },
    );
    expect(machine.counters.rounds).toBe(3n);
  });

  it("ends where a body throws, and continues without that thread", () => {
    const machine = bothWays((it) => {
      createYielders(it, 2, 50);
      it.createThread({
        name: "thrower",
        *body() {
          for (let i = 0; i < 20; i++) yield sys.lwkt_yield();
          throw new Error("enough");
        },
      });
      let text = "";
      try {
        it.run();
      } catch (error) {
        expect(error).toBeInstanceOf(BodyError);
        text = (error as BodyError).message;
      }
      expect(text).toBe('the body of thread "thrower" has thrown: enough');
      const { switches } = it.counters;
      return [switches, it.run()];
    });
    expect([...machine.threads()].length).toBe(2);
  });

  it("ends where a call panics, between two yields", () => {
    bothWays((it) => {
      createYielders(it, 2);
      it.createThread({
        name: "mistaken",
        *body() {
          for (let i = 0; i < 20; i++) yield sys.lwkt_yield();
          yield sys.crit_exit();
        },
      });
      return panicOf(it);
    });
  });

  it("runs the next thread in the structure of one that has ended", () => {
    const seen: string[] = [];
    const machine = bothWays((it) => {
      createYielders(it, 2, 200);
      for (let life = 0; life < 5; life++) {
        it.createThread({
          name: "mortal",
          *body() {
            seen.push(`life ${life}`);
            yield sys.lwkt_yield();
            if (life % 2 === 0) yield sys.kthread_exit();
          },
        });
        it.run({ switches: 20 });
      }
      return it.run();
    });
    expect(seen.length).toBe(10);
    expect([...machine.threads()].length).toBe(2);
  });

  it("lets a body make calls as the host between two of its own", () => {
    bothWays((it) => {
      createYielders(it, 3, 100);
      it.createThread({
        name: "sleeper",
        *body() {
          for (let i = 0; i < 20; i++) yield* sys.tsleep("door", 84, "door", 0);
        },
      });
      it.createThread({
        name: "host",
        *body() {
          for (let i = 0; i < 40; i++) {
            if (i % 2 === 0) it.call(sys.wakeup("door"));
            yield sys.lwkt_yield();
          }
        },
      });
      return it.run();
    });
  });

  it.each([
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [Promise.resolve(), "a promise"],
    [{ call: "lwkt_yield", nr: 1, args: [] }, "an object"],
  ])(
    "says so when a body yields %s, which is no kernel call, and goes on without it",
    (value, text) => {
      const machine = new Machine({}, buildUnderTest);
      let others = 0;
      machine.createThread({
        name: "odd",
        *body() {
          yield sys.lwkt_yield();
          yield value as never;
          others = -1;
        },
      });
      machine.createThread({
        name: "other",
        *body() {
          for (; others < 3; others++) yield sys.lwkt_yield();
        },
      });
      const run = () => machine.run();
      const sentence = `the body of thread "odd" has yielded ${text}; a body yields kernel calls, such as sys.lwkt_yield()`;
      expect(run).toThrow(BodyError);
      expect(others).toBeLessThan(3);
      expect(run).not.toThrow();
      expect(others).toBe(3);
      const again = new Machine({}, buildUnderTest);
      again.createThread({
        name: "odd",
        body: function* () {
          yield value as never;
        } as never,
      });
      expect(() => again.run()).toThrow(sentence);
    },
  );

  it.each([
    ["an async generator", async function* () {}, "is an async generator, which no body can be"],
    ["a plain function", () => {}, "is undefined, no generator"],
    ["a function that returns a number", () => 7, "is 7, no generator"],
    ["an async function", async () => {}, "is a promise, no generator"],
    [
      "a function that throws",
      () => {
        throw new Error("no body");
      },
      "has thrown: no body",
    ],
  ])("refuses %s as a body, with the thread's name", (_what, body, text) => {
    const machine = new Machine({}, buildUnderTest);
    machine.createThread({ name: "odd", body: body as never });
    expect(() => machine.run()).toThrow(`the body of thread "odd" ${text}`);
    expect(machine.run().reason).toBe("idle");
  });

  it("refuses to be run by one of its own bodies, and continues", () => {
    const machine = new Machine({}, buildUnderTest);
    const refusals: string[] = [];
    machine.createThread({
      name: "nested",
      *body() {
        for (const nested of [() => machine.run(), () => machine.shutdown()]) {
          try {
            nested();
          } catch (error) {
            refusals.push((error as Error).message.slice(0, 32));
          }
        }
        yield sys.lwkt_yield();
      },
    });
    expect(machine.run().reason).toBe("idle");
    expect(refusals).toEqual([
      "run: EBUSY: the machine runs alr",
      "shutdown: EBUSY: the machine run",
    ]);
    expect(machine.counters.threads).toBe(3);
  });

  it("counts a run's switches from its own start, even after an aborted run", () => {
    const machine = new Machine({ quantum: 100 }, buildUnderTest);
    const yields = function* () {
      for (;;) yield sys.lwkt_yield();
    };
    for (const name of ["a", "b"]) machine.createThread({ name, body: yields });
    const onProgress = () => {
      throw new Error("enough");
    };
    expect(() => machine.run({ switches: 1_000_000_000, onProgress })).toThrow("enough");
    const before = machine.counters.switches;
    expect(before).toBeGreaterThan(100);
    expect(machine.run({ switches: 100 }).reason).toBe("switches");
    expect(machine.counters.switches - before).toBe(100);
  });

  it("does not let machine code take over a body that waits for its thread", () => {
    const machine = new Machine({}, buildUnderTest);
    const thief = program("thief")
      .call("kthread_add", 0xffff_ffff, 1, 0, 0, 0, string("stolen"), 0)
      .call("kthread_exit")
      .build();
    let ran = 0;
    machine.createThread({ name: "thief", body: machine.load(thief) });
    machine.createThread({
      name: "owner",
      *body() {
        ran++;
        yield sys.lwkt_yield();
      },
    });
    machine.run();
    expect(ran).toBe(1);
  });

  it("finishes the kernel's step before a handler's exception is thrown", () => {
    const machine = new Machine({}, buildUnderTest);
    machine.createThread({
      name: "parent",
      *body() {
        yield* sys.kthread_add(function* () {}, 0, 0, 0, 0, "child", 0);
      },
    });
    const off = machine.onEvent("thread_ctor", () => {
      throw new Error("a handler's own");
    });
    expect(() => machine.run()).toThrow("a handler's own");
    off();
    expect(machine.run().reason).toBe("idle");
  });

  it("refuses a kernel call from a handler that the kernel has called", () => {
    const machine = new Machine({}, buildUnderTest);
    machine.onPrint = () => machine.call(sys.wakeup("x"));
    machine.onEvent("thread_ctor", () => machine.call(sys.wakeup("x")));
    expect(() => machine.createThread({ name: "t", body: function* () {} })).toThrow(/call: EBUSY/);
  });

  it("keeps a handler that wants to be taken off in a step, and takes it off behind that", () => {
    const machine = new Machine({}, buildUnderTest);
    let heard = 0;
    const off = machine.onEvent("thread_ctor", () => {
      heard++;
      if (heard === 1) off();
    });
    const create = () => machine.createThread({ name: "t", stopped: true, body: function* () {} });
    expect(create).toThrow(/EBUSY/);
    create();
    expect(heard).toBe(2);
    off();
    create();
    expect(heard).toBe(2);
  });

  it("finishes creating a thread before a handler's exception is thrown", () => {
    const machine = new Machine({}, buildUnderTest);
    const off = machine.onEvent("thread_ctor", () => {
      throw new Error("a handler's own");
    });
    let hasRun = false;
    const options = {
      name: "t",
      priority: 40,
      *body() {
        hasRun = true;
        yield sys.kthread_exit();
      },
    };
    expect(() => machine.createThread(options)).toThrow("a handler's own");
    off();
    const [thread] = [...machine.threads()].filter(({ name }) => name === "t");
    expect(thread).toMatchObject({ priority: 40, state: "runnable" });
    expect(machine.run().reason).toBe("idle");
    expect(hasRun).toBe(true);
  });
});

describe("the arguments and results of a host body's calls", () => {
  /** The time at which a thread is done that computes for that long. */
  function timeOf(cycles: bigint | number): bigint {
    const machine = new Machine({ quantum: 1_000_000_000, roundRobin: 0 }, buildUnderTest);
    let done = 0n;
    machine.createThread({
      name: "worker",
      *body() {
        yield sys.compute(cycles);
        done = yield* sys.cycles();
      },
    });
    machine.run();
    return done;
  }

  it("takes 64-bit numbers as numbers or as big ones", () => {
    const none = timeOf(0);
    for (const cycles of [1, 0xffff_ffff, 2 ** 32, 2 ** 32 + 7, 2 ** 35]) {
      expect(timeOf(cycles) - none).toBe(BigInt(cycles));
      expect(timeOf(BigInt(cycles))).toBe(timeOf(cycles));
    }
    expect(() => timeOf(1.5)).toThrow("compute: 1.5 is not a whole number of 64 bits");
  });

  it("refuses a number that has more bits than the argument", () => {
    const outcome = (call: KernelCall<unknown>) => {
      const machine = new Machine({}, buildUnderTest);
      machine.createThread({
        name: "t",
        *body() {
          yield call;
        },
      });
      return () => machine.run({ for: 1_000_000 });
    };
    const of64 = "is not a whole number of 64 bits";
    const of32 = "is not a whole number of 32 bits";
    for (const [call, sentence] of [
      [sys.compute(2n ** 64n), `compute: ${2n ** 64n}n ${of64}`],
      [sys.cpuset_setaffinity(-(2n ** 63n) - 1n), of64],
      [sys.compute(-1n), `compute: -1n ${of64}, 0 or more`],
      [sys.sleep(-5), `sleep: -5 ${of64}, 0 or more`],
      [sys.compute(2 ** 64), of64],
      [sys.pause("x", 2 ** 32), `pause: 4294967296 ${of32}`],
      [sys.pause("x", -(2 ** 31) - 1), of32],
      [sys.wakeup(2 ** 33), "wakeup: 8589934592 is not a channel"],
    ] as const) {
      expect(outcome(call)).toThrow(sentence);
    }
    for (const call of [
      ...[sys.compute(2n ** 64n - 1n), sys.cpuset_setaffinity(-1n), sys.wakeup(2 ** 32 - 1)],
    ]) {
      expect(outcome(call)).not.toThrow();
    }
  });

  it("announces the body of a thread to come only when all of the call is right", () => {
    const machine = new Machine({ snapshots: true }, buildUnderTest);
    const body: BodyFunction = function* () {};
    const wrong = 0.5;
    expect(() => machine.call(sys.kthread_add(body, 0, 0, 0, wrong, "x", 0))).toThrow("0.5 is not");
    const onWakeup = body as unknown as number;
    expect(() => machine.call(sys.wakeup(onWakeup))).toThrow("a function is not a channel");
    const noNumber = body as unknown as number;
    expect(() => machine.call(sys.kthread_add(body, noNumber, 0, 0, 0, "x", 0))).toThrow(
      "a function is not a whole number of 32 bits",
    );
    const name = "n".repeat(2 * machine.config.stringMemory);
    expect(() => machine.createThread({ name, body })).toThrow("no room for another text");
    expect(machine.bodies.isWaiting).toBe(false);
  });

  it("takes names, handles and functions, and refuses anything else", () => {
    const machine = new Machine({}, buildUnderTest);
    const seen: number[] = [];
    const token = machine.createToken();
    machine.createThread({
      name: "parent",
      *body() {
        yield sys.lwkt_gettoken(token);
        seen.push((yield* sys.lwkt_havetoken(token)) ? 1 : 0);
        yield sys.lwkt_reltoken(token.address);
        const child: BodyFunction = function* (arg) {
          seen.push(arg);
          yield sys.wakeup("born");
        };
        const { error } = yield* sys.kthread_add(child, 42, 0, 0, 0, "child", 0);
        seen.push(error, yield* sys.tsleep("born", 84, "born", 0));
        yield sys.wakeup(0.5);
      },
    });
    expect(() => machine.run()).toThrow("wakeup: 0.5 is not a channel");
    expect(seen).toEqual([1, 42, 0, 0]);
  });

  it("names a thread by a format and one argument, and refuses a format with more", () => {
    const machine = new Machine({}, buildUnderTest);
    const add = (format: string, arg: number | string) =>
      machine.call(sys.kthread_add(function* () {}, 0, 0, 0, 0, format, arg));
    for (const [format, arg] of [
      ["disk %d", 7],
      ["on %s", "sda"],
      ["100%% of %x", 255],
      ["alone", 0],
    ] as const) {
      add(format, arg);
    }
    const names = [...machine.threads()].map(({ name }) => name);
    expect(names).toEqual(["swapper", "disk 7", "on sda", "100% of ff", "alone", "init"]);
    expect(() => add("disk %d of %d", 7)).toThrow(
      'kthread_add: the name "disk %d of %d" prints 2 arguments, and a call gives it one',
    );
    expect(machine.call(sys.mtx_init("%d of %d", 0))[0]).toBe(0); // no format
  });

  it("performs a call step by step as yield* does, and can be given up in between", () => {
    const call = sys.curcpu();
    const performance = call[Symbol.iterator]();
    expect(performance.next(0)).toEqual({ value: call, done: false });
    expect(performance.next(3)).toEqual({ value: 3, done: true });
    const given: string[] = [];
    const body = (function* () {
      try {
        yield* sys.curcpu();
      } catch (error) {
        given.push((error as Error).message);
        yield* sys.curcpu();
      } finally {
        given.push("finally");
      }
    })();
    body.next();
    body.throw(new Error("thrown in"));
    expect(body.return()).toEqual({ value: undefined, done: true });
    expect(given).toEqual(["thrown in", "finally"]);
  });
});
