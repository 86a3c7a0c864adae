// LWKT between CPUs: messages, tokens, migration and interrupts, one behaviour each.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { messages } from "../support/lwkt-invariants.js";
import { type Body, LwktMachine } from "../support/lwkt-machine.js";

const { GlobalData: G, Run, Sys, LwktToken, Thread: T } = Layout;

function cpus(count: number, more = {}): LwktMachine {
  return new LwktMachine({ cpus: count, quantum: 1000, roundRobin: 0, ...more });
}

function cpuOf(machine: LwktMachine, td: number): number {
  return machine.kernel.u8[td + T.td_cpu] as number;
}

/** Sleeps until it is scheduled, `times` times, and says each time what CPU it is on. */
function* sleeper(seen: number[], times = 1): Body {
  for (let i = 0; i < times; i++) {
    yield [Sys.lwkt_deschedule_self];
    yield [Sys.lwkt_switch];
    seen.push(yield [Sys.curcpu]);
  }
}

function* busyFor(cycles: number): Body {
  yield [Sys.compute, cycles, 0];
}

describe("a message", () => {
  it("is delivered in the round after it was sent, on the CPU that owns the thread", () => {
    const machine = cpus(2);
    const seen: number[] = [];
    const target = machine.spawn("target", 5, () => sleeper(seen), 1);
    machine.run();
    machine.call(Sys.lwkt_schedule, target);
    const asked = Layout.ASK_RUN | Layout.ASK_RUN_LAST;
    expect(messages(machine.kernel)).toEqual([{ td: target, asked, due: 0 }]);
    machine.run();
    expect(seen).toEqual([1]);
  });

  it("chases a thread that has moved on (466)", () => {
    const machine = cpus(4);
    const seen: number[] = [];
    const target = machine.spawn("target", 5, () => sleeper(seen), 1);
    machine.run();
    machine.call(Sys.lwkt_migrate, target, 2);
    machine.call(Sys.lwkt_schedule, target);
    machine.run({ rounds: 1 });
    expect(cpuOf(machine, target)).toBe(2);
    machine.run();
    expect(seen).toEqual([2]);
  });

  it("finds a thread that is blocked on a wait structure of a third CPU (472)", () => {
    const machine = cpus(3);
    const wait = machine.kernel.newObject("wait", 1);
    const seen: number[] = [];
    const target = machine.spawn(
      "target",
      5,
      function* () {
        yield [Sys.lwkt_block, wait, 0, 0];
        seen.push(yield [Sys.curcpu]);
      },
      1,
    );
    machine.run();
    machine.call(Sys.lwkt_migrate, target, 2);
    machine.run();
    machine.call(Sys.lwkt_schedule, target);
    expect(messages(machine.kernel).map(({ td }) => td)).toEqual([target]);
    machine.run();
    expect(seen).toEqual([2]);
  });

  it("waits while its target is in a critical section, and is delivered when that ends", () => {
    const machine = cpus(2, { preemption: false });
    const order: string[] = [];
    const target = machine.spawn(
      "target",
      20,
      function* () {
        yield [Sys.lwkt_deschedule_self];
        yield [Sys.lwkt_switch];
        order.push("target");
      },
      1,
    );
    machine.run();
    machine.spawn(
      "holder",
      5,
      function* () {
        yield [Sys.crit_enter];
        for (let i = 0; i < 10; i++) yield [Sys.compute, 1000, 0];
        order.push(machine.flags(target) & Layout.TDL_RUNQ ? "scheduled" : "held back");
        yield [Sys.crit_exit];
        order.push(machine.flags(target) & Layout.TDL_RUNQ ? "scheduled" : "held back");
      },
      1,
    );
    machine.run({ rounds: 4 });
    machine.call(Sys.lwkt_schedule, target);
    machine.run();
    expect(order).toEqual(["held back", "scheduled", "target"]);
  });

  it("replaces an older one of its kind, however many are sent in a round", () => {
    const machine = cpus(2, { quantum: 100_000 });
    const target = machine.spawn("target", 0, () => sleeper([]), 1);
    machine.run();
    const before = machine.kernel.readNumber(machine.kernel.globaldata(0) + G.gd_ipi_sent);
    machine.spawn("sender", 5, function* () {
      for (let i = 0; i < 775; i++) yield [Sys.lwkt_setpri, target, i % 32];
      yield [Sys.lwkt_schedule, target];
    });
    machine.run({ rounds: 1 });
    expect(machine.pri(target) & 31).toBe(0);
    machine.run();
    expect(machine.pri(target) & 31).toBe(774 % 32);
    const after = machine.kernel.readNumber(machine.kernel.globaldata(0) + G.gd_ipi_sent);
    expect(after - before).toBe(2);
  });

  it("comes before what the thread's next CPU asks later, while the thread is on its way there", () => {
    const machine = cpus(3, { quantum: 20_000 });
    const { kernel } = machine;
    const rounds: number[] = [];
    const now = () => rounds.push(kernel.machine("rounds"));
    const target = machine.spawn("target", 5, () => busyFor(100_000), 1);
    machine.spawn("first", 9, function* () {
      yield [Sys.lwkt_setpri, target, 8];
      now();
    });
    machine.spawn(
      "mover",
      9,
      function* () {
        while (rounds.length < 1) yield [Sys.compute, 100, 0];
        yield [Sys.lwkt_migrate, target, 2];
        now();
      },
      1,
    );
    machine.spawn(
      "second",
      9,
      function* () {
        while (rounds.length < 2) yield [Sys.compute, 100, 0];
        yield [Sys.lwkt_setpri, target, 3];
        now();
      },
      2,
    );
    machine.run({ rounds: 10 });
    expect(new Set(rounds).size).toBe(1);
    expect(machine.pri(target) & 31).toBe(3);
  });

  it("about a thread that has exited meanwhile does nothing", () => {
    const machine = cpus(2);
    const target = machine.spawn("target", 5, () => sleeper([]), 1);
    machine.run();
    machine.call(Sys.lwkt_schedule, target);
    machine.run();
    expect(machine.flags(target) & Layout.TDL_EXITED).not.toBe(0);
    machine.call(Sys.lwkt_schedule, target);
    machine.call(Sys.lwkt_deschedule, target);
    machine.call(Sys.lwkt_migrate, target, 0);
    expect(machine.run()).toBe(Run.IDLE);
    expect(cpuOf(machine, target)).toBe(1);
  });
});

describe("a token", () => {
  it("is granted to the CPU that asks for it, and goes to its return CPU when it is released", () => {
    const machine = cpus(3);
    const token = machine.kernel.newObject("token", 1, 2);
    const owner = () => machine.kernel.readSigned(token + LwktToken.t_cpu);
    const owners = [owner()];
    machine.spawn("a", 5, function* () {
      yield [Sys.lwkt_gettoken, token];
      owners.push(owner());
      yield [Sys.lwkt_reltoken, token];
      owners.push(owner());
    });
    machine.run();
    expect(owners).toEqual([1, 0, 2]);
  });

  it("is kept while its holder computes, and lost when its holder blocks, as regettoken reports", () => {
    const machine = cpus(2, { preemption: false });
    const token = machine.kernel.newObject("token", 0);
    const results: number[] = [];
    machine.spawn("holder", 5, function* () {
      yield [Sys.lwkt_gettoken, token];
      yield [Sys.compute, 20_000, 0];
      results.push(yield [Sys.lwkt_havetoken, token], yield [Sys.lwkt_regettoken, token]);
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_switch];
      results.push(yield [Sys.lwkt_havetoken, token], yield [Sys.lwkt_regettoken, token]);
      results.push(yield [Sys.lwkt_havetoken, token]);
      yield [Sys.lwkt_reltoken, token];
    });
    const holder = machine.kernel.threadAt(machine.kernel.machine("zone_next") - 1);
    machine.spawn(
      "other",
      5,
      function* () {
        yield [Sys.lwkt_gettoken, token];
        yield [Sys.lwkt_schedule, holder];
        yield [Sys.compute, 3000, 0];
        yield [Sys.lwkt_reltoken, token];
      },
      1,
    );
    machine.run();
    // It kept it while it computed; then the other one had it; then it got it back.
    expect(results).toEqual([1, 0, 0, 1, 1]);
  });

  /** Has the token of its CPU, in a critical section of 5,000 cycles. */
  const holder = (token: number, then: () => void = () => {}) =>
    function* (): Body {
      yield [Sys.lwkt_gettoken, token];
      yield [Sys.compute, 5000, 0];
      then();
      yield [Sys.lwkt_reltoken, token];
    };

  it("can be acquired by a try where it is free, and leaves a critical section", () => {
    const tried = (cpu: number, held: boolean, plant = 0) => {
      const machine =
        plant === 0 ? cpus(2) : new LwktMachine({ cpus: 2, quantum: 1000, roundRobin: 0 }, "check");
      if (plant !== 0) machine.kernel.setMachine("plant", plant);
      const token = machine.kernel.newObject("token", 0);
      if (held) machine.spawn("holder", 5, holder(token), 0);
      machine.run({ rounds: 2 });
      const results: unknown[] = [];
      const td: number = machine.spawn(
        "tries",
        5,
        function* () {
          results.push(yield [Sys.lwkt_trytoken, token], machine.pri(td) >= Layout.TDPRI_CRIT);
          if (results[0] === 1) yield [Sys.lwkt_reltoken, token];
          results.push(machine.pri(td) >= Layout.TDPRI_CRIT);
        },
        cpu,
      );
      machine.run();
      return results;
    };
    expect(tried(0, false)).toEqual([1, true, false]);
    expect(tried(1, false)).toEqual([1, true, false]);
    expect(tried(1, true)).toEqual([0, false, false]);
    expect(tried(1, true, Layout.Plant.TRY_AWAY)).toEqual([1, true, false]);
  });

  it("is taken at once from a CPU that idles or computes, and goes back there", () => {
    for (const computes of [false, true]) {
      const machine = cpus(2);
      const token = machine.kernel.newObject("token", 1);
      const owner = () => machine.kernel.readSigned(token + LwktToken.t_cpu);
      if (computes) machine.spawn("busy", 5, () => busyFor(50_000), 1);
      machine.run({ rounds: 3 });
      const seen: number[] = [];
      machine.spawn("taker", 5, function* () {
        const round = machine.kernel.machine("rounds");
        yield [Sys.lwkt_gettoken, token];
        seen.push(owner(), machine.kernel.machine("rounds") - round);
        yield [Sys.lwkt_reltoken, token];
        seen.push(owner());
      });
      machine.run({ rounds: 3 });
      expect(seen).toEqual([0, 0, 1]);
    }
  });

  it("is not taken from its holder, past those in its line, nor from the thread that it is granted to", () => {
    /** Who has it in which order, if the holder releases it after 5,000 cycles and the others ask for it then. */
    const order = (first: number, second: number, plant: number) => {
      const config = { cpus: 4, quantum: 1000, roundRobin: 0 };
      const machine = plant === 0 ? cpus(4) : new LwktMachine(config, "check");
      if (plant !== 0) machine.kernel.setMachine("plant", plant);
      const token = machine.kernel.newObject("token", 2);
      const had: string[] = [];
      const wants = (name: string, after_cycles: number) =>
        function* (): Body {
          yield [Sys.compute, after_cycles, 0];
          yield [Sys.lwkt_gettoken, token];
          had.push(name);
          yield [Sys.lwkt_reltoken, token];
        };
      machine.spawn(
        "holder",
        5,
        holder(token, () => had.push("holder")),
        2,
      );
      machine.spawn("first", 5, wants("first", first), 0);
      machine.spawn("second", 5, wants("second", second), 3);
      machine.run();
      return had.join();
    };
    const late = Array.from({ length: 40 }, (_, k) => 2600 + 100 * k);
    /** The first is in line when the holder releases it, so that it is granted, or joins it in that very round. */
    const orders = (plant = 0) => [
      ...new Set(late.map((second) => order(1500, second, plant))),
      ...new Set(late.slice(25).map((second) => order(5300, second, plant))),
    ];
    const right = ["holder,first,second", "holder,first,second"];
    expect(orders()).toEqual(right);
    const { TAKE_CLOSED, TAKE_LINE, TAKE_GRANTED } = Layout.Plant;
    for (const plant of [TAKE_CLOSED, TAKE_LINE, TAKE_GRANTED])
      expect(orders(plant)).not.toEqual(right);
  });

  it("of the pool begins on the first CPU and goes back there", () => {
    const machine = cpus(2);
    const owners: number[] = [];
    const results: number[] = [];
    const token = machine.call(Sys.lwkt_token_pool_lookup, 0x1234)[1] >>> 0;
    const owner = () => owners.push(machine.kernel.readSigned(token + LwktToken.t_cpu));
    owner();
    machine.spawn(
      "a",
      5,
      function* () {
        results.push(yield [Sys.lwkt_getpooltoken, 0x1234]);
        owner();
        yield [Sys.lwkt_relpooltoken, 0x1234];
        owner();
      },
      1,
    );
    machine.run();
    expect(results).toEqual([0]);
    expect(owners).toEqual([0, 1, 0]);
  });

  it("passes between CPUs that all want it, and none starves", () => {
    const machine = cpus(8);
    const token = machine.kernel.newObject("token", 0);
    const had = new Array<number>(8).fill(0);
    let inside = 0;
    for (let cpu = 0; cpu < 8; cpu++) {
      const body = function* (): Body {
        for (let i = 0; i < 50; i++) {
          yield [Sys.lwkt_gettoken, token];
          expect(++inside).toBe(1);
          yield [Sys.compute, 30, 0];
          inside--;
          had[cpu] = (had[cpu] as number) + 1;
          yield [Sys.lwkt_reltoken, token];
        }
      };
      machine.spawn(`t${cpu}`, 5, body, cpu);
    }
    machine.run({ rounds: 150 });
    const [, ...away] = had; // the token's own CPU has it whenever nobody has asked
    expect(Math.min(...away)).toBeGreaterThan(0);
    expect(Math.max(...away) - Math.min(...away)).toBeLessThan(5);
    machine.run();
    expect(had).toEqual(new Array(8).fill(50));
  });

  it("is not taken from a critical section, whatever is sent", () => {
    const machine = cpus(2, { quantum: 100_000, preemption: false });
    const token = machine.kernel.newObject("token", 1);
    const target = machine.spawn("target", 0, () => sleeper([]), 1);
    machine.run();
    let lost = 0;
    machine.spawn(
      "holder",
      5,
      function* () {
        yield [Sys.lwkt_gettoken, token];
        for (let i = 0; i < 2000; i++) {
          yield [Sys.compute, 500, 0];
          if ((yield [Sys.lwkt_havetoken, token]) === 0) lost++;
        }
        yield [Sys.lwkt_reltoken, token];
      },
      1,
    );
    machine.run({ rounds: 2 });
    let got = false;
    machine.spawn("asker", 9, function* () {
      yield [Sys.lwkt_gettoken, token];
      got = true;
      yield [Sys.lwkt_reltoken, token];
    });
    machine.spawn("flood", 5, function* () {
      for (let i = 0; i < 1000; i++) yield [Sys.lwkt_setpri, target, i % 32];
    });
    machine.run();
    expect([lost, got]).toEqual([0, true]);
  });

  it("lets a thread that waits for it keep a wakeup that comes meanwhile", () => {
    const machine = cpus(2);
    const token = machine.kernel.newObject("token", 1);
    machine.spawn("holder", 5, holder(token), 1);
    machine.run({ rounds: 2 });
    const order: string[] = [];
    const sleeping = machine.spawn("sleeper", 5, function* () {
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_gettoken, token];
      order.push("token");
      yield [Sys.lwkt_reltoken, token];
      yield [Sys.lwkt_switch];
      order.push("woken");
    });
    machine.spawn("waker", 3, function* () {
      yield [Sys.lwkt_schedule, sleeping];
      order.push("waker");
    });
    machine.run();
    expect(order).toEqual(["waker", "token", "woken"]);
  });

  it("lets a thread that is descheduled while it is in the line have it, and then block", () => {
    const machine = cpus(2);
    const token = machine.kernel.newObject("token", 1);
    machine.spawn("holder", 5, holder(token), 1);
    machine.run({ rounds: 2 });
    const order: string[] = [];
    const waiting = machine.spawn("waiting", 5, function* () {
      yield [Sys.lwkt_gettoken, token];
      order.push("token");
      yield [Sys.lwkt_reltoken, token];
      yield [Sys.lwkt_switch];
      order.push("woken");
    });
    machine.spawn("stopper", 3, function* () {
      yield [Sys.lwkt_deschedule, waiting];
      order.push("descheduled");
    });
    machine.run();
    expect(order).toEqual(["descheduled", "token"]);
    machine.call(Sys.lwkt_schedule, waiting);
    machine.run();
    expect(order).toEqual(["descheduled", "token", "woken"]);
  });
});

describe("migration", () => {
  it("keeps a queued thread queued", () => {
    const machine = cpus(2);
    const seen: number[] = [];
    const td = machine.spawn("a", 5, function* () {
      seen.push(yield [Sys.curcpu]);
    });
    machine.call(Sys.lwkt_migrate, td, 1);
    machine.run();
    expect(seen).toEqual([1]);
  });

  it("of the caller continues on the new CPU, and is refused in a critical section", () => {
    const machine = cpus(2);
    const seen: number[] = [];
    machine.spawn("a", 5, function* () {
      yield [Sys.crit_enter];
      seen.push(yield [Sys.lwkt_setcpu_self, 1]);
      yield [Sys.crit_exit];
      seen.push(yield [Sys.lwkt_setcpu_self, 1], yield [Sys.curcpu]);
      seen.push(yield [Sys.lwkt_setcpu_self, 2]);
    });
    machine.run();
    expect(seen).toEqual([Layout.EBUSY, 0, 1, Layout.EINVAL]);
  });

  it("of a thread that runs on another CPU takes place between two of its instructions", () => {
    const machine = cpus(3);
    const seen: number[] = [];
    const runner = machine.spawn(
      "runner",
      5,
      function* () {
        for (let i = 0; i < 50; i++) yield [Sys.compute, 1000, 0];
        seen.push(yield [Sys.curcpu]);
      },
      1,
    );
    machine.run({ rounds: 5 });
    machine.call(Sys.lwkt_migrate, runner, 2);
    machine.run();
    expect(seen).toEqual([2]);
  });
});

describe("an interrupt line", () => {
  /** A thread that serves a line and counts. */
  function* serve(line: number, counts: number[]): Body {
    for (;;) counts.push(yield [Sys.intr_wait, line]);
  }

  it("preempts the running thread of its thread's CPU, which then continues", () => {
    const machine = cpus(2);
    const counts: number[] = [];
    const td = machine.spawn("intr", 31, () => serve(3, counts), 1);
    expect(machine.call(Sys.intr_register, 3, td)[0]).toBe(0);
    let finished = false;
    machine.spawn(
      "worker",
      5,
      function* () {
        yield [Sys.compute, 100_000, 0];
        finished = true;
      },
      1,
    );
    machine.run({ rounds: 10 });
    expect(machine.kernel.exports.host_raise(3)).toBe(0);
    machine.run({ rounds: 2 });
    expect([counts, finished]).toEqual([[1], false]);
    machine.run();
    expect([counts, finished]).toEqual([[1], true]);
    expect(machine.cpu("gd_preempt_hit", 1)).toBe(1);
  });

  it("is pended in a critical section, and all raises until then are one wakeup", () => {
    const machine = cpus(1);
    const counts: number[] = [];
    const td = machine.spawn("intr", 31, () => serve(0, counts));
    machine.call(Sys.intr_register, 0, td);
    const seen: number[] = [];
    machine.spawn("worker", 5, function* () {
      yield [Sys.crit_enter];
      yield [Sys.compute, 50_000, 0];
      seen.push(counts.length);
      yield [Sys.crit_exit];
      seen.push(counts.length);
    });
    machine.run({ rounds: 10 });
    for (let i = 0; i < 3; i++) machine.kernel.exports.host_raise(0);
    machine.run();
    expect(seen).toEqual([0, 1]);
    expect(counts).toEqual([3]);
  });

  it("gets its thread when the one that pended it leaves the CPU, wherever in the slice that is", () => {
    const served = (count: number, before_cycles: number, plant: number) => {
      const machine = new LwktMachine(
        { cpus: count, quantum: 100, roundRobin: 0 },
        plant === 0 ? undefined : "check",
      );
      if (plant !== 0) machine.kernel.setMachine("plant", plant);
      const counts: number[] = [];
      const td = machine.spawn("intr", 31, () => serve(0, counts));
      machine.call(Sys.intr_register, 0, td);
      machine.run();
      machine.spawn("worker", 5, function* () {
        yield [Sys.crit_enter];
        yield [Sys.compute, before_cycles, 0];
        yield [Sys.interrupt, td];
      });
      machine.run();
      return machine.cpu("gd_nintr", 0) === 0;
    };
    for (const count of [1, 2]) {
      const every = Array.from({ length: 110 }, (_, cycles) => cycles);
      expect(every.filter((cycles) => !served(count, cycles, 0))).toEqual([]);
      const halted = every.filter((cycles) => !served(count, cycles, Layout.Plant.PASS_PENDED));
      expect(halted.length).toBeGreaterThan(0);
    }
  });

  it("wakes a machine that is idle", () => {
    const machine = cpus(4);
    const counts: number[] = [];
    const td = machine.spawn("intr", 31, () => serve(31, counts), 3);
    machine.call(Sys.intr_register, 31, td);
    expect(machine.run()).toBe(Run.IDLE);
    machine.kernel.exports.host_raise(31);
    machine.run();
    expect(counts).toEqual([1]);
  });

  it("has one thread at most, and none after that has exited", () => {
    const machine = cpus(1);
    const { exports } = machine.kernel;
    const [a, b] = [1, 2].map((i) => machine.spawn(`t${i}`, 5, function* () {})) as [
      number,
      number,
    ];
    expect(machine.call(Sys.intr_register, 0, a)[0]).toBe(0);
    expect(machine.call(Sys.intr_register, 0, b)[0]).toBe(Layout.EBUSY);
    expect(machine.call(Sys.intr_register, 32, b)[0]).toBe(Layout.EINVAL);
    expect(exports.host_raise(32)).toBe(Layout.EINVAL);
    machine.run();
    expect(exports.host_raise(0)).toBe(Layout.ESRCH);
  });
});
