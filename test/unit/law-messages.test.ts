// The law between CPUs (docs/law-between-cpus.md) for threads of LWKT: one fault that it rules out each.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { type Body, LwktMachine } from "../support/lwkt-machine.js";

const { Run, Sys, LwktToken, Thread: T } = Layout;

/** Rounds after which everything has happened; without the law some threads go on for ever. */
const LONG_ENOUGH = { rounds: 2000 };

function cpus(count: number, more = {}): LwktMachine {
  return new LwktMachine({ cpus: count, quantum: 1000, roundRobin: 0, ...more });
}

function cpuOf(machine: LwktMachine, td: number): number {
  return machine.kernel.u8[td + T.td_cpu] as number;
}

function isQueued(machine: LwktMachine, td: number): boolean {
  return (machine.flags(td) & Layout.TDL_RUNQ) !== 0;
}

/** Sleeps until it is scheduled, then notes on what CPU it runs. */
function* sleeper(seen: number[]): Body {
  yield [Sys.lwkt_deschedule_self];
  yield [Sys.lwkt_switch];
  seen.push(yield [Sys.curcpu]);
}

/** Sleeps for ever, but for wakeups, which it counts. */
function* dozer(seen: number[]): Body {
  for (;;) {
    yield [Sys.lwkt_deschedule_self];
    yield [Sys.lwkt_switch];
    seen.push(yield [Sys.curcpu]);
  }
}

/** Computes in small pieces for so many cycles. */
function* busy(cycles: number): Body {
  for (let i = 0; i < cycles; i += 100) yield [Sys.compute, 100, 0];
}

describe("any number of messages in one round", () => {
  /** Both CPUs wake all sleepers of the other in one round, while each has asked for a token of the other. */
  function flood(counts: readonly [number, number], blocked: number): number {
    const machine = cpus(2, { quantum: 100_000, maxthread: 3000 });
    const wait = machine.kernel.newObject("wait", 1);
    const tokens = [0, 1].map((cpu) => machine.kernel.newObject("token", cpu));
    const woken: number[] = [];
    const sleepers = counts.map((count, cpu) =>
      Array.from({ length: count }, (_, i) =>
        machine.spawn(`s${cpu}.${i}`, 3, () => sleeper(woken), cpu),
      ),
    );
    const block = function* (): Body {
      yield [Sys.lwkt_block, wait, 0, 0];
      woken.push(-1);
    };
    const blockers = Array.from({ length: blocked }, (_, i) =>
      machine.spawn(`b${i}`, 3, block, i % 2),
    );
    machine.run(LONG_ENOUGH);
    for (const cpu of [0, 1]) {
      const others = sleepers[1 - cpu] as number[];
      const wake = function* (): Body {
        for (const td of others) yield [Sys.lwkt_schedule, td];
        if (cpu === 0) for (const td of blockers) yield [Sys.lwkt_schedule, td];
      };
      const take = function* (): Body {
        for (let i = 0; i < 40; i++) {
          yield [Sys.lwkt_gettoken, tokens[1 - cpu] as number];
          yield [Sys.lwkt_reltoken, tokens[1 - cpu] as number];
        }
      };
      machine.spawn(`waker${cpu}`, 5, wake, cpu);
      machine.spawn(`taker${cpu}`, 6, take, cpu);
    }
    machine.run(LONG_ENOUGH);
    return woken.length;
  }

  it("are all carried out, while tokens go back and forth, too", () => {
    for (const count of [254, 255, 256, 400]) expect(flood([400, count], 0)).toBe(400 + count);
    expect(flood([300, 300], 300)).toBe(900);
  });

  it("are all carried out, though all threads end in that round and others get their structures", () => {
    const count = 50;
    const machine = cpus(3, { quantum: 100_000, maxthread: 60 });
    const { kernel } = machine;
    let isOver = false;
    const first = Array.from({ length: count }, (_, i) =>
      machine.spawn(
        `first ${i}`,
        5,
        function* () {
          while (!isOver) yield [Sys.lwkt_yield];
          yield [Sys.lwkt_exit];
        },
        1,
      ),
    );
    machine.run({ rounds: 3 });
    const ask = function* (threads: readonly number[]): Body {
      for (const td of threads) {
        yield [Sys.lwkt_setpri, td, 7];
        yield [Sys.lwkt_schedule, td]; // which gives it a second place in the list
      }
    };
    const asked: number[] = [];
    const requester = machine.spawn("asks", 5, function* () {
      yield* ask(first);
      isOver = true;
      asked.push(kernel.machine("rounds"));
    });
    const woken: number[] = [];
    const creator = machine.spawn(
      "creates",
      3,
      function* () {
        const made: number[] = [];
        for (let i = 0; i < count; i++) {
          const body = () => sleeper(woken);
          yield [Sys.lwkt_create, ...machine.createArguments(`n${i}`, body, Layout.TDL_STOPREQ)];
          const td = machine.a1(creator);
          yield [Sys.lwkt_migrate, td, 2];
          made.push(td);
        }
        yield* ask(made);
        asked.push(kernel.machine("rounds"));
        expect(made.filter((td) => first.includes(td)).length).toBe(count);
      },
      1,
    );
    expect([requester, creator].some((td) => first.includes(td))).toBe(false);
    machine.run(LONG_ENOUGH);
    expect(asked[0]).toBe(asked[1]);
    expect(kernel.machine("letters_new_most")).toBe(2 * kernel.machine("td_count"));
    for (const td of first) machine.call(Sys.lwkt_schedule, td);
    machine.run(LONG_ENOUGH);
    expect(woken).toEqual(Array.from({ length: count }, () => 2));
    expect(first.map((td) => machine.pri(td) & 31)).toEqual(first.map(() => 7));
  });

  it("set the last priority that was requested", () => {
    const machine = cpus(2, { quantum: 100_000 });
    const target = machine.spawn("target", 0, () => sleeper([]), 1);
    machine.run(LONG_ENOUGH);
    machine.spawn("sender", 5, function* () {
      for (let i = 0; i < 2000; i++) yield [Sys.lwkt_setpri, target, i % 32];
    });
    machine.run(LONG_ENOUGH);
    expect(machine.pri(target) & 31).toBe(1999 % 32);
  });
});

describe("a CPU's request for a thread", () => {
  /** CPU 0 asks twice, a round apart; in the first of the two the thread moves from CPU 1 to 2. */
  function chase(first: (td: number) => Body, second: (td: number) => Body, seen: number[] = []) {
    const machine = cpus(3);
    const target = machine.spawn(
      "target",
      5,
      function* () {
        yield* busy(2500);
        yield [Sys.lwkt_setcpu_self, 2];
        yield* busy(3000);
        yield [Sys.lwkt_deschedule_self];
        for (;;) {
          yield [Sys.lwkt_switch];
          seen.push(yield [Sys.curcpu]);
          yield [Sys.lwkt_deschedule_self];
        }
      },
      1,
    );
    machine.run({ rounds: 1 });
    let asked = 0;
    machine.spawn("sender", 5, function* () {
      while (cpuOf(machine, target) !== 1) yield [Sys.compute, 100, 0];
      for (let round = 0; round < 12; round++) {
        // Once in each round: one of them is that in which the thread moves.
        yield* round % 2 === 0 ? first(target) : second(target);
        asked++;
        yield [Sys.compute, 1000 - 20, 0];
      }
    });
    machine.run(LONG_ENOUGH);
    expect(asked).toBe(12);
    return { machine, target };
  }

  it("is carried out in the order made while the thread moves: priorities", () => {
    for (let shift = 0; shift < 12; shift++) {
      const machine = cpus(3);
      const target = machine.spawn(
        "target",
        5,
        function* () {
          yield* busy(500 + 200 * shift);
          yield [Sys.lwkt_setcpu_self, 2];
          yield* busy(5000);
        },
        1,
      );
      machine.spawn("sender", 5, function* () {
        yield* busy(1900);
        yield [Sys.lwkt_setpri, target, 3];
        yield [Sys.compute, 1000, 0];
        yield [Sys.lwkt_setpri, target, 9];
      });
      machine.run({ rounds: 6 });
      expect(machine.pri(target) & 31, `moves at ${500 + 200 * shift}`).toBe(9);
    }
  });

  it("is carried out in the order made while the thread moves: deschedule, schedule", () => {
    for (let shift = 0; shift < 12; shift++) {
      const machine = cpus(3);
      let finished = false;
      const target = machine.spawn(
        "target",
        5,
        function* () {
          yield* busy(500 + 200 * shift);
          yield [Sys.lwkt_setcpu_self, 2];
          yield* busy(5000);
          yield [Sys.lwkt_switch];
          finished = true;
        },
        1,
      );
      machine.spawn("sender", 5, function* () {
        yield* busy(1900);
        yield [Sys.lwkt_deschedule, target];
        yield [Sys.compute, 1000, 0];
        yield [Sys.lwkt_schedule, target];
      });
      machine.run(LONG_ENOUGH);
      expect(finished, `moves at ${500 + 200 * shift}`).toBe(true);
    }
  });

  it("takes effect last if it was made last, even while the thread keeps moving", () => {
    const seen: number[] = [];
    const { machine, target } = chase(
      function* (td) {
        yield [Sys.lwkt_setpri, td, 3];
      },
      function* (td) {
        yield [Sys.lwkt_setpri, td, 9];
      },
      seen,
    );
    expect(machine.pri(target) & 31).toBe(9);
  });

  it("comes in the place of the request to run, and not of one of another kind before it", () => {
    const machine = cpus(2);
    const ran: string[] = [];
    const [first, second] = ["first", "second"].map((name) =>
      machine.spawn(
        name,
        5,
        function* () {
          yield [Sys.lwkt_deschedule_self];
          yield [Sys.lwkt_switch];
          ran.push(name);
        },
        1,
      ),
    ) as [number, number];
    machine.run(LONG_ENOUGH);
    machine.spawn("sender", 5, function* () {
      yield [Sys.lwkt_setpri, second, 5];
      yield [Sys.lwkt_schedule, first];
      yield [Sys.lwkt_schedule, second];
    });
    machine.run(LONG_ENOUGH);
    expect(ran).toEqual(["first", "second"]);
  });

  it("adds critical sections to those of an earlier one that still waits for a closed CPU", () => {
    const machine = cpus(2);
    const target = machine.spawn("target", 5, () => sleeper([]), 1);
    machine.run(LONG_ENOUGH);
    const before = machine.pri(target) >> 5;
    let closed = 0;
    machine.spawn(
      "closed",
      5,
      function* () {
        yield [Sys.crit_enter];
        yield* busy(6000);
        closed = machine.pri(target);
        yield [Sys.crit_exit];
      },
      1,
    );
    machine.spawn("sender", 5, function* () {
      yield [Sys.compute, 1500, 0]; // in later rounds
      yield [Sys.lwkt_setpri, target, 32 + 3];
      yield [Sys.compute, 1500, 0];
      yield [Sys.lwkt_setpri, target, 64 + 9];
    });
    machine.run({ rounds: 20 });
    expect([closed >> 5, closed & 31]).toEqual([before, 5]);
    expect([machine.pri(target) >> 5, machine.pri(target) & 31]).toEqual([before + 3, 9]);
  });

  it.each([2047, 2048])("adds critical sections up to 2,047, and panics with more: %i", (count) => {
    for (const step of [1, count]) {
      const machine = cpus(2, { quantum: 100_000 });
      const target = machine.spawn("target", 5, () => sleeper([]), 1);
      machine.run(LONG_ENOUGH);
      const before = machine.pri(target) >> 5;
      machine.spawn("sender", 5, function* () {
        for (let i = 0; i < count; i += step) yield [Sys.lwkt_setpri, target, 32 * step + 7];
      });
      const run = () => machine.run(LONG_ENOUGH);
      if (count > 2047) expect(run).toThrow(/lwkt_setpri: 2048 critical sections are requested/);
      else run();
      if (count > 2047) continue;
      expect([machine.pri(target) >> 5, machine.pri(target) & 31]).toEqual([before + count, 7]);
    }
  });

  it("moves with the thread to its new CPU, if its own was closed", () => {
    const machine = cpus(3);
    const { kernel } = machine;
    const target = machine.spawn("target", 5, () => sleeper([]), 1);
    machine.run(LONG_ENOUGH);
    let moved = -1;
    const queued = new Map<number, boolean>();
    machine.spawn("asker", 5, function* () {
      yield [Sys.lwkt_schedule, target];
    });
    machine.spawn(
      "closed",
      5,
      function* () {
        yield [Sys.crit_enter];
        yield [Sys.compute, 3300, 0];
        yield [Sys.lwkt_migrate, target, 2];
        moved = kernel.machine("rounds");
        yield [Sys.crit_exit];
      },
      1,
    );
    machine.spawn(
      "opens",
      9,
      function* () {
        for (let i = 0; i < 50; i++) {
          yield [Sys.compute, 100, 0];
          yield [Sys.crit_enter];
          yield [Sys.crit_exit];
          queued.set(kernel.machine("rounds"), isQueued(machine, target));
        }
      },
      2,
    );
    machine.run(LONG_ENOUGH);
    expect(queued.get(moved - 1)).toBe(false);
    expect(queued.get(moved)).toBe(true);
  });

  it("reaches a thread in transit: a deschedule is not lost", () => {
    const machine = cpus(3);
    let ran = false;
    const target = machine.spawn(
      "target",
      5,
      function* () {
        yield [Sys.curcpu];
        ran = true;
      },
      1,
    );
    machine.spawn(
      "mover",
      9,
      function* () {
        yield* busy(5000);
        yield [Sys.lwkt_migrate, target, 2];
        yield* busy(20_000);
      },
      1,
    );
    machine.spawn(
      "stopper",
      9,
      function* () {
        while (cpuOf(machine, target) !== 2) yield [Sys.compute, 100, 0];
        yield [Sys.lwkt_deschedule, target]; // in the round in which it leaves
      },
      2,
    );
    machine.run(LONG_ENOUGH);
    expect([ran, isQueued(machine, target)]).toEqual([false, false]);
    // And one that the CPU asks which has moved it.
    const other = cpus(3);
    let ranThere = false;
    const moved = other.spawn("moved", 5, function* () {
      yield [Sys.curcpu];
      ranThere = true;
    });
    other.call(Sys.lwkt_migrate, moved, 1);
    other.call(Sys.lwkt_deschedule, moved);
    other.run(LONG_ENOUGH);
    expect([ranThere, isQueued(other, moved)]).toEqual([false, false]);
    other.call(Sys.lwkt_schedule, moved);
    other.run(LONG_ENOUGH);
    expect(ranThere).toBe(true);
  });
});

describe("moving", () => {
  it("does not wake a thread that is about to block", () => {
    const machine = cpus(2);
    const seen: number[] = [];
    const td = machine.spawn("mover", 5, function* () {
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_setcpu_self, 1];
      seen.push(yield [Sys.curcpu]);
      yield [Sys.lwkt_switch];
      seen.push(-1);
    });
    machine.run(LONG_ENOUGH);
    expect(seen).toEqual([1]);
    machine.call(Sys.lwkt_schedule, td);
    machine.run(LONG_ENOUGH);
    expect(seen).toEqual([1, -1]);
  });

  it("keeps a wakeup that comes on the way", () => {
    const machine = cpus(3);
    const seen: number[] = [];
    const td = machine.spawn(
      "mover",
      5,
      function* () {
        yield [Sys.lwkt_deschedule_self];
        yield [Sys.lwkt_setcpu_self, 2];
        yield [Sys.lwkt_switch];
        seen.push(yield [Sys.curcpu]);
      },
      1,
    );
    machine.spawn("waker", 5, function* () {
      while (cpuOf(machine, td) !== 2) yield [Sys.compute, 100, 0];
      yield [Sys.lwkt_schedule, td];
    });
    machine.run(LONG_ENOUGH);
    expect(seen).toEqual([2]);
  });
});

describe("a wakeup", () => {
  it("is carried out after the one that caused it, even if its sender is a lower CPU", () => {
    const machine = cpus(3, { preemption: false });
    const order: string[] = [];
    const target = (name: string) =>
      machine.spawn(
        name,
        5,
        function* () {
          yield [Sys.lwkt_deschedule_self];
          yield [Sys.lwkt_switch];
          order.push(name);
        },
        2,
      );
    const first = target("first");
    const second = target("second");
    machine.run(LONG_ENOUGH);
    // CPU 2 is in a section for three rounds: CPU 1 asks in the first, then CPU 0 in the next.
    machine.spawn(
      "closed",
      9,
      function* () {
        yield [Sys.crit_enter];
        yield [Sys.compute, 20_000, 0];
        yield [Sys.crit_exit];
      },
      2,
    );
    machine.run({ rounds: 3 });
    let asked = false;
    machine.spawn("a", 5, function* () {
      while (!asked) yield [Sys.compute, 100, 0];
      yield [Sys.lwkt_schedule, second];
    });
    machine.spawn(
      "b",
      5,
      function* () {
        yield [Sys.lwkt_schedule, first];
        yield [Sys.compute, 1000, 0];
        asked = true;
      },
      1,
    );
    machine.run(LONG_ENOUGH);
    expect(order).toEqual(["first", "second"]);
  });
});

describe("a token", () => {
  it("that was granted to a thread which does not get its CPU remains available to others", () => {
    // The better thread takes the CPU at some moment between asking for the token and looking at it.
    for (let shift = 0; shift < 30; shift++) {
      const machine = cpus(3);
      const token = machine.kernel.newObject("token", 2);
      const got = new Map<string, number>();
      const taker = (name: string, after: number): (() => Body) =>
        function* () {
          yield* busy(after);
          yield [Sys.lwkt_gettoken, token];
          got.set(name, Number(machine.kernel.machine64("now")));
          yield [Sys.lwkt_reltoken, token];
        };
      machine.spawn("low", 3, taker("low", 2500), 1);
      const high = machine.spawn(
        "high",
        20,
        function* () {
          yield [Sys.lwkt_deschedule_self];
          yield [Sys.lwkt_switch];
          yield* busy(300_000);
        },
        1,
      );
      machine.spawn("waker", 20, function* () {
        yield* busy(1500 + 200 * shift);
        yield [Sys.lwkt_schedule, high];
      });
      machine.spawn("other", 5, taker("other", 15_000));
      machine.run(LONG_ENOUGH);
      expect([...got.keys()].sort()).toEqual(["low", "other"]);
      expect(got.get("other")).toBeLessThan(40_000);
      expect(machine.kernel.readSigned(token + LwktToken.t_granted)).toBe(0);
    }
  });
});

describe("structures of threads", () => {
  it("are reused, whichever CPU they were freed on", () => {
    const machine = cpus(2, { maxthread: 100 });
    const errors: number[] = [];
    let ended = 0;
    machine.spawn("maker", 0, function* () {
      for (let i = 0; i < 500; i++) {
        const body = function* (): Body {
          yield [Sys.lwkt_setcpu_self, 1];
          ended++;
          yield [Sys.lwkt_exit];
        };
        const error = yield [Sys.lwkt_create, ...machine.createArguments(`t${i}`, body)];
        if (error !== 0) errors.push(i);
        while (ended + errors.length <= i) yield [Sys.lwkt_yield];
      }
    });
    machine.run(LONG_ENOUGH);
    expect([errors.length, ended]).toEqual([0, 500]);
  });
});

describe("calls from the host", () => {
  it("wake a thread that is blocked on another CPU", () => {
    const machine = cpus(2);
    const wait = machine.kernel.newObject("wait", 0);
    const seen: number[] = [];
    machine.spawn(
      "sleeper",
      5,
      function* () {
        yield [Sys.lwkt_block, wait, 0, 0];
        seen.push(yield [Sys.curcpu]);
      },
      1,
    );
    machine.run(LONG_ENOUGH);
    machine.call(Sys.lwkt_signal, wait);
    machine.run(LONG_ENOUGH);
    expect(seen).toEqual([1]);
  });

  it("never put the host's own thread on a queue", () => {
    for (const nr of [Sys.lwkt_yield, Sys.lwkt_schedule_self, Sys.lwkt_deschedule_self]) {
      const machine = cpus(2);
      const host = machine.kernel.machine("host_td");
      machine.call(nr);
      expect(machine.cpu("gd_nrunnable")).toBe(
        isQueued(machine, machine.kernel.machine("thread0")) ? 1 : 0,
      );
      expect(isQueued(machine, host)).toBe(false);
      expect(machine.run(LONG_ENOUGH)).toBe(Run.IDLE);
    }
  });
});

describe("an interrupt thread", () => {
  it("is removed from the pended ones of any CPU when it exits", () => {
    const machine = cpus(2);
    const served: string[] = [];
    const intr = machine.spawn(
      "intr",
      31,
      function* () {
        yield [Sys.lwkt_deschedule_self];
        yield [Sys.lwkt_switch];
        served.push("intr");
      },
      1,
    );
    machine.run(LONG_ENOUGH);
    machine.spawn(
      "closed",
      5,
      function* () {
        yield [Sys.crit_enter];
        yield [Sys.compute, 20_000, 0];
        yield [Sys.crit_exit];
        served.push("open");
      },
      1,
    );
    machine.run({ rounds: 3 });
    machine.kernel.exports.host_interrupt(intr); // pended on CPU 1
    // Meanwhile it moves to CPU 0, runs to its end there, and its structure becomes another thread's.
    machine.spawn("mover", 9, function* () {
      yield [Sys.compute, 100, 0];
    });
    machine.kernel.u8[intr + T.td_cpu] = 0;
    machine.call(Sys.lwkt_schedule, intr);
    machine.run({ rounds: 3 });
    expect(served).toEqual(["intr"]);
    const reused = machine.spawn("reused", 3, function* () {
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_switch];
      served.push("woken by a dead thread's interrupt");
    });
    expect(reused).toBe(intr);
    machine.run(LONG_ENOUGH);
    expect(served).toEqual(["intr", "open"]);
  });

  it("does not run while it is blocked on a wait structure of another CPU", () => {
    const machine = cpus(2, { quantum: 100_000 });
    const wait = machine.kernel.newObject("wait", 1, 1);
    const seen: string[] = [];
    const intr = machine.spawn("intr", 31, function* () {
      yield [Sys.lwkt_block, wait, 0, 0];
      seen.push(`woken, blocked on ${machine.kernel.read(intr + T.td_wait)}`);
    });
    machine.run(LONG_ENOUGH);
    machine.spawn("interrupts", 5, function* () {
      yield [Sys.compute, 300_000, 0];
      yield [Sys.interrupt, intr];
      seen.push("goes on");
    });
    const takes = function* (): Body {
      yield [Sys.lwkt_block, wait, 0, 9]; // another generation: it comes back with the token
    };
    machine.spawn("takes", 5, takes, 1);
    machine.run(LONG_ENOUGH);
    expect(seen).toEqual(["goes on", "woken, blocked on 0"]);
    expect(machine.cpu("gd_preempt_weird")).toBe(1);
  });

  it("may be one of more than 64 that are pended", () => {
    const machine = cpus(1, { kstackDepth: 64 });
    const served: number[] = [];
    const tds = Array.from({ length: 100 }, (_, i) =>
      machine.spawn(`intr${i}`, 31, function* () {
        yield [Sys.lwkt_deschedule_self];
        yield [Sys.lwkt_switch];
        served.push(i);
      }),
    );
    machine.run(LONG_ENOUGH);
    machine.spawn("closed", 5, function* () {
      yield [Sys.crit_enter];
      for (const td of tds) yield [Sys.interrupt, td];
      yield [Sys.crit_exit];
    });
    machine.run(LONG_ENOUGH);
    expect(served).toEqual(tds.map((_, i) => i));
  });
});

describe("affinity", () => {
  const mask = (...set: number[]) => [set.reduce((bits, cpu) => bits | (1 << cpu), 0) >>> 0, 0];

  it("is kept by every way of moving", () => {
    const machine = cpus(3);
    const results: number[] = [];
    const bound = machine.spawn("bound", 5, function* () {
      yield [Sys.cpuset_setaffinity, ...mask(0, 1)];
      results.push(yield [Sys.lwkt_setcpu_self, 2]);
      results.push(yield [Sys.lwkt_setcpu_self, 1], yield [Sys.curcpu]);
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_switch];
      results.push(yield [Sys.curcpu]);
    });
    machine.run(LONG_ENOUGH);
    expect(results).toEqual([Layout.EINVAL, 0, 1]);
    expect(machine.call(Sys.lwkt_migrate, bound, 2)[0]).toBe(Layout.EINVAL);
    machine.run(LONG_ENOUGH);
    machine.call(Sys.lwkt_schedule, bound);
    machine.run(LONG_ENOUGH);
    expect(results).toEqual([Layout.EINVAL, 0, 1, 1]);
  });
});

describe("lwkt_create", () => {
  it("refuses a template that is a living thread", () => {
    const machine = cpus(1);
    const seen: number[] = [];
    const living = machine.spawn("living", 5, () => dozer(seen));
    machine.run(LONG_ENOUGH);
    const args = machine.createArguments("other", () => dozer([]), 0, living);
    expect(machine.call(Sys.lwkt_create, ...args)[0]).toBe(Layout.EBUSY);
    machine.call(Sys.lwkt_schedule, living);
    machine.run(LONG_ENOUGH);
    expect(seen).toEqual([0]);
  });

  /** Eleven threads that have ended: four in caches of CPUs, six and one that were freed by lwkt_free_thread. */
  function ended(scheduler: "lwkt" | "lwkt-modern") {
    const machine = cpus(2, { scheduler });
    const spawn = (name: string, call: number, cpu: number) =>
      machine.spawn(name, 5, () => ending(call), cpu);
    const cached = [0, 1, 1, 0].map((cpu, i) => spawn(`c${i}`, Sys.lwkt_exit, cpu));
    const own = [0, 1, 2, 3, 4, 5, 6].map((i) => spawn(`o${i}`, Sys.lwkt_proc_exit, 0));
    machine.run(LONG_ENOUGH);
    for (const td of own) machine.call(Sys.lwkt_free_thread, td);
    return { machine, all: [...cached, ...own] };
  }

  it.each(["lwkt", "lwkt-modern"] as const)(
    "refuses a template that is free, and lwkt_free_thread one that is free already, under %s",
    (scheduler) => {
      const { machine, all } = ended(scheduler);
      for (const td of all) {
        const args = machine.createArguments("other", () => dozer([]), 0, td);
        expect(machine.call(Sys.lwkt_create, ...args)[0]).toBe(Layout.EBUSY);
      }
      const made = new Set(all.map((_, i) => machine.spawn(`n${i}`, 5, () => dozer([]))));
      expect(made.size).toBe(all.length);
      for (let i = 0; i < all.length; i++) {
        const again = ended(scheduler);
        const free = () => again.machine.call(Sys.lwkt_free_thread, again.all[i] as number);
        expect(free).toThrow(/is free already/);
      }
    },
  );
});

function* ending(call: number): Body {
  yield [call];
}
