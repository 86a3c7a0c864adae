// The law between CPUs (docs/law-between-cpus.md) for threads of processes: one fault that it rules out each.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { type Body, KernelError, kernel, Machine, type MachineConfig } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { isLwkt, SCHEDULERS } from "../support/schedulers.js";

const { Thread: T, ThreadCold: C, Proc: P, TDS } = Layout;

/** Rounds after which everything has happened; without the law some threads go on for ever. */
const LONG_ENOUGH = { rounds: 2000 };

function boot(config: MachineConfig = {}): Machine {
  const usual = { cpus: 2, quantum: 1000, roundRobin: 0, maxthread: 1000, maxproc: 100 };
  return new Machine({ ...usual, ...config }, buildUnderTest);
}

function* nothing(): Body {}

/** Computes in small pieces for so many cycles. */
function* busy(cycles: number): Body {
  for (let i = 0; i < cycles; i += 100) yield kernel.compute(100);
}

function priorityOf(machine: Machine, td: number): number {
  return machine.kernel.u8[machine.kernel.cold(td) + C.td_priority] as number;
}

function basePriorityOf(machine: Machine, td: number): number {
  return machine.kernel.u8[machine.kernel.cold(td) + C.td_base_pri] as number;
}

function levelOf(machine: Machine, td: number): number {
  return machine.kernel.readSigned(td + T.td_pri) & 31;
}

function stateOf(machine: Machine, td: number): number {
  return machine.kernel.u8[td + T.td_state] as number;
}

describe("any number of wakeups in one round", () => {
  it("are all carried out, while tokens go back and forth, too", () => {
    for (const count of [254, 255, 256, 400]) {
      const machine = boot({ quantum: 100_000, maxthread: 2000 });
      const tokens = [machine.createToken(0), machine.createToken(1)] as const;
      let woken = 0;
      for (const [cpu, sleepers] of [400, count].entries()) {
        for (let i = 0; i < sleepers; i++) {
          machine.createThread({
            name: `sleeper${i}`,
            cpu,
            *body() {
              yield* kernel.tsleep(`on ${cpu}`, 0, "wait", 0);
              woken++;
            },
          });
        }
      }
      machine.run(LONG_ENOUGH);
      const start = machine.cycles + 250_000n;
      for (const cpu of [0, 1] as const) {
        // It asks for the other's token at the same moment as its twin; then the next thread wakes.
        machine.createThread({
          name: "taker",
          cpu,
          priority: 10,
          *body() {
            yield kernel.compute(start - (yield* kernel.cycles()));
            yield kernel.lwkt_gettoken(tokens[1 - cpu] as { address: number });
            yield kernel.lwkt_reltoken(tokens[1 - cpu] as { address: number });
          },
        });
        machine.createThread({
          name: "waker",
          cpu,
          priority: 20,
          *body() {
            yield kernel.wakeup(`on ${1 - cpu}`);
          },
        });
      }
      machine.run(LONG_ENOUGH);
      expect(woken).toBe(400 + count);
    }
  });
});

describe("sched_prio of a thread of another CPU", () => {
  for (const scheduler of SCHEDULERS) {
    it(`and the thread's own end in one priority, under ${scheduler}`, () => {
      const sleepsAt = scheduler === "ule" ? 136 : 200; // kern.sched.static_boost
      for (let shift = 0; shift < 100; shift++) {
        const machine = boot({ scheduler });
        const turns = function* (count: number): Body {
          for (let i = 0; i < count; i++) {
            yield kernel.compute(90);
            yield kernel.sched_relinquish();
          }
        };
        machine.createThread({ name: "peer", cpu: 1, body: () => turns(60) });
        const { address: target } = machine.createThread({
          name: "target",
          cpu: 1,
          *body() {
            yield* turns(shift >> 2);
            yield kernel.sched_prio_self(200);
            yield* kernel.tsleep("never", 0, "never", 0);
          },
        });
        let asked = false;
        machine.createThread({
          name: "asker",
          cpu: 0,
          *body() {
            yield* busy(1100 + (shift % 4) * 1000);
            yield kernel.sched_prio(target, 40);
            asked = true;
          },
        });
        machine.run(LONG_ENOUGH);
        const priority = priorityOf(machine, target);
        expect(asked).toBe(true);
        expect([40, sleepsAt]).toContain(priority);
        expect(basePriorityOf(machine, target)).toBe(priority);
        if (isLwkt(scheduler)) expect(levelOf(machine, target)).toBe(31 - (priority >> 3));
      }
    });
  }
});

describe("a request for a thread that ends meanwhile", () => {
  /** A thread of CPU 1 ends and its structure is used again, stopped, in the round in which CPU 0 asks. */
  function reuse(ask: (td: number) => Body) {
    const machine = boot({ preemption: false });
    let again = 0;
    let ran = false;
    const { address: victim } = machine.createThread({
      name: "victim",
      cpu: 1,
      *body() {
        yield* busy(3100);
        yield kernel.kthread_exit();
      },
    });
    machine.createThread({
      name: "maker",
      cpu: 1,
      *body() {
        for (let i = 0; i < 40 && again === 0; i++) {
          yield kernel.sched_relinquish();
          const { kernel: k } = machine;
          const dead = (k.view.getUint16(victim + T.td_lwflags, true) & Layout.TDL_EXITED) !== 0;
          if (!dead) continue;
          const made = yield* kernel.kthread_add(
            function* () {
              yield kernel.curcpu();
              ran = true;
            },
            0,
            0,
            Layout.RFSTOPPED,
            0,
            "again",
            0,
          );
          again = made.address;
          machine.kernel.u8[again + T.td_cpu] = 1;
        }
      },
    });
    machine.createThread({
      name: "asker",
      cpu: 0,
      *body() {
        yield* busy(3010);
        yield* ask(victim);
        yield* busy(3000);
      },
    });
    machine.run(LONG_ENOUGH);
    expect(again).toBe(victim);
    return { machine, td: again, ran: () => ran };
  }

  it("does not set the next thread's level", () => {
    const { machine, td } = reuse(function* (victim) {
      yield kernel.lwkt_setpri(victim, 3);
    });
    expect(levelOf(machine, td)).toBe(31 - (priorityOf(machine, td) >> 3));
  });

  it("does not start the next thread, which was created stopped", () => {
    const { ran } = reuse(function* (victim) {
      yield kernel.lwkt_schedule(victim);
    });
    expect(ran()).toBe(false);
  });

  it("does not move the next thread", () => {
    const { machine, td } = reuse(function* (victim) {
      yield kernel.lwkt_migrate(victim, 0);
    });
    expect(machine.kernel.u8[td + T.td_cpu]).toBe(1);
  });

  it("does not move the thread of the next process", () => {
    for (let shift = 0; shift < 24; shift++) {
      const machine = boot({ cpus: 3 });
      const seen: number[] = [];
      let victim = 0;
      let harvested = false;
      const child = function* (): Body {
        yield* kernel.lwkt_setcpu_self(1);
        victim = yield* kernel.curthread();
        yield kernel.compute(4500);
        yield kernel.exit(0); // perhaps in the round in which its CPU hears that it is to move
      };
      const next = function* (): Body {
        const before = yield* kernel.curcpu();
        yield* busy(8000);
        seen.push(before, yield* kernel.curcpu());
      };
      const parent = function* (): Body {
        yield* kernel.lwkt_setcpu_self(1);
        const first = yield* kernel.fork(child, 0, 0, 0, -1);
        yield* kernel.wait(first.address);
        harvested = true;
        const second = yield* kernel.fork(next, 0, 0, 0, -1);
        expect(second.address).toBe(first.address);
        yield* kernel.wait(second.address);
      };
      for (let i = 0; i < shift % 3; i++) machine.createThread({ name: "turn", body: nothing });
      machine.createThread({
        name: "forker",
        cpu: 2,
        *body() {
          yield* kernel.fork(parent, 0, 0, 0, -1);
        },
      });
      machine.createThread({
        name: "mover",
        cpu: 0,
        *body() {
          while (victim === 0) {
            yield kernel.compute(100);
            yield kernel.sched_relinquish();
          }
          yield kernel.compute(1500 + (shift >> 2) * 500);
          if (!harvested) yield* kernel.lwkt_migrate(victim, 2);
        },
      });
      machine.run(LONG_ENOUGH);
      expect(seen.length).toBe(2);
      expect(seen[1]).toBe(seen[0]);
    }
  });
});

describe("an interrupt thread", () => {
  it("may exit while it preempts, at any moment of a slice, and its structure may be reused", () => {
    for (let shift = 0; shift < 24; shift++) {
      const machine = boot({ cpus: 2, quantum: 200 });
      let finished = false;
      let made = 0;
      const { address: intr } = machine.createThread({
        name: "intr",
        cpu: 1,
        priority: 0,
        *body() {
          yield* kernel.intr_wait(3);
          yield kernel.compute(380 + shift);
          yield kernel.kthread_exit();
        },
      });
      machine.call(kernel.intr_register(3, intr));
      machine.createThread({
        name: "worker",
        cpu: 1,
        priority: 100,
        *body() {
          yield* busy(20_000);
          finished = true;
        },
      });
      machine.createThread({
        name: "maker",
        cpu: 0,
        *body() {
          for (let i = 0; i < 100; i++) {
            const { error } = yield* kernel.kthread_add(
              function* () {
                yield kernel.curcpu();
              },
              0,
              0,
              Layout.RFSTOPPED,
              0,
              "made",
              0,
            );
            if (error === 0) made++;
            yield kernel.compute(20);
          }
        },
      });
      machine.run({ rounds: 4 });
      machine.raise(3);
      machine.run(LONG_ENOUGH);
      expect([finished, made]).toEqual([true, 100]);
    }
  });

  it("leaves its line when it exits as a kernel thread", () => {
    const machine = boot();
    const { address: intr } = machine.createThread({
      name: "intr",
      cpu: 1,
      *body() {
        yield* kernel.intr_wait(3);
        yield kernel.kthread_exit();
      },
    });
    machine.call(kernel.intr_register(3, intr));
    machine.run(LONG_ENOUGH);
    machine.raise(3);
    machine.run(LONG_ENOUGH);
    expect(() => machine.raise(3)).toThrow(KernelError);
  });
});

describe("sched_add of a thread that runs on another CPU", () => {
  for (const scheduler of SCHEDULERS) {
    it(`changes nothing, under ${scheduler}`, () => {
      const machine = boot({ scheduler });
      let steps = 0;
      const { address: target } = machine.createThread({
        name: "target",
        cpu: 0,
        *body() {
          for (; steps < 100; steps++) {
            yield kernel.compute(100);
            yield kernel.sched_relinquish();
          }
        },
      });
      machine.createThread({
        name: "asker",
        cpu: 1,
        *body() {
          yield* busy(1550);
          for (let i = 0; i < 20; i++) {
            if (stateOf(machine, target) === TDS.RUNNING) yield kernel.sched_add(target);
            yield kernel.compute(130);
          }
        },
      });
      machine.run(LONG_ENOUGH);
      expect(steps).toBe(100);
    });

    it(`does not end the sleep that it begins in that round, under ${scheduler}`, () => {
      for (let shift = 0; shift < 10; shift++) {
        const machine = boot({ scheduler });
        let asked = 0;
        let woken = false;
        const { address: target } = machine.createThread({
          name: "target",
          cpu: 1,
          *body() {
            yield* busy(2000 + 100 * shift);
            yield* kernel.tsleep("never", 0, "never", 0);
            woken = true;
          },
        });
        machine.createThread({
          name: "asker",
          cpu: 0,
          *body() {
            yield* busy(2050);
            if (stateOf(machine, target) !== TDS.RUNNING) return;
            yield kernel.sched_add(target);
            asked++;
          },
        });
        machine.run(LONG_ENOUGH);
        expect([asked, woken, stateOf(machine, target)]).toEqual([1, false, TDS.INHIBITED]);
      }
    });
  }
});

describe("calls from the host", () => {
  it("leave the host's own thread off the run queue: sched_relinquish", () => {
    for (const scheduler of SCHEDULERS) {
      const machine = boot({ scheduler });
      machine.run(LONG_ENOUGH);
      machine.call(kernel.sched_relinquish());
      const host = machine.kernel.machine("host_td");
      expect(machine.kernel.read(host + T.td_slot)).toBe(0);
      expect(machine.run(LONG_ENOUGH).reason).toBe("idle");
    }
  });

  it("let a better thread that they wake preempt, even under 4bsd", () => {
    const order: string[] = [];
    const machine = boot({ scheduler: "4bsd", cpus: 1 });
    machine.createThread({
      name: "good",
      priority: 20,
      *body() {
        yield* kernel.tsleep("go", 0, "go", 0);
        order.push("good");
      },
    });
    machine.run(LONG_ENOUGH);
    machine.createThread({
      name: "poor",
      priority: 200,
      *body() {
        yield* busy(20_000);
        order.push("poor");
      },
    });
    machine.run({ rounds: 3 });
    machine.call(kernel.wakeup("go"));
    machine.run(LONG_ENOUGH);
    expect(order).toEqual(["good", "poor"]);
  });

  it("do not take the CPU from a better thread, under 4bsd", () => {
    const order: string[] = [];
    const machine = boot({ scheduler: "4bsd", cpus: 1 });
    machine.createThread({
      name: "poor",
      priority: 200,
      *body() {
        yield* kernel.tsleep("go", 0, "go", 0);
        order.push("poor");
      },
    });
    machine.run(LONG_ENOUGH);
    machine.createThread({
      name: "good",
      priority: 20,
      *body() {
        yield* busy(20_000);
        order.push("good");
      },
    });
    machine.run({ rounds: 3 });
    machine.call(kernel.wakeup("go"));
    machine.run(LONG_ENOUGH);
    expect(order).toEqual(["good", "poor"]);
  });
});

/** A user process whose second thread computes on CPU 1 while the first, on CPU 0, runs `first`. */
function process(machine: Machine, first: (p: number) => Body, sibling: () => Body): void {
  machine.createThread({
    name: "forker",
    cpu: 0,
    *body() {
      yield* kernel.fork(
        function* () {
          yield* kernel.cpuset_setaffinity(1);
          const p = machine.kernel.read((yield* kernel.curthread()) + T.td_proc);
          let there = false;
          yield* kernel.thr_create(function* () {
            yield* kernel.cpuset_setaffinity(2);
            there = true;
            yield* sibling();
          }, 0);
          while (!there) yield kernel.sched_relinquish();
          yield* busy(4000);
          yield* first(p);
        },
        0,
        0,
        0,
        -1,
      );
    },
  });
}

const LONG = 100_000_000;

describe("a thread that computes on another CPU", () => {
  for (const scheduler of SCHEDULERS) {
    it(`dies with its process at once, under ${scheduler}`, () => {
      const machine = boot({ scheduler });
      const seen: string[] = [];
      process(
        machine,
        function* () {
          yield kernel.exit(0);
        },
        function* () {
          seen.push("begins");
          yield kernel.compute(LONG);
          seen.push("ends");
        },
      );
      machine.run({ until: 30_000 });
      expect(seen).toEqual(["begins"]);
      const [, , child] = machine.processes();
      const state = machine.kernel.read((child?.address ?? 0) + P.p_state);
      expect(state).toBe(Layout.PRS.ZOMBIE);
    });

    it(`dies after an interrupted sleep, although it never yields, under ${scheduler}`, () => {
      const machine = boot({ scheduler });
      const seen: string[] = [];
      process(
        machine,
        function* () {
          yield kernel.exit(0);
        },
        function* () {
          const error = yield* kernel.tsleep("long", Layout.PCATCH, "long", 1_000_000);
          seen.push(`sleep ${error}`);
          yield kernel.sched_relinquish();
          yield kernel.compute(LONG);
          seen.push("computed");
        },
      );
      machine.run({ until: 30_000 });
      expect(seen).toEqual([`sleep ${Layout.EINTR}`]);
      const [, , child] = machine.processes();
      const state = machine.kernel.read((child?.address ?? 0) + P.p_state);
      expect(state).toBe(Layout.PRS.ZOMBIE);
    });

    it(`stops and continues with its process under ${scheduler}`, () => {
      const machine = boot({ scheduler, cpus: 3 });
      const counts: number[] = [];
      let at = 0n;
      process(
        machine,
        function* (p) {
          const count = () => machine.kernel.readSigned(p + P.p_suspcount);
          // From another process, since this one stops, too.
          yield* kernel.fork(
            function* () {
              yield* kernel.cpuset_setaffinity(4);
              yield kernel.proc_stop(p);
              yield* busy(4000);
              counts.push(count());
              yield* busy(50_000);
              counts.push(count());
              yield kernel.proc_cont(p);
              yield* busy(3000);
              counts.push(count());
            },
            0,
            0,
            0,
            -1,
          );
          for (let i = 0; i < 4; i++) yield kernel.sched_relinquish(); // until that one has left for CPU 2
          yield kernel.compute(LONG);
        },
        function* () {
          yield kernel.compute(70_000);
          at = yield* kernel.cycles();
        },
      );
      machine.run({ until: 1_000_000 });
      expect(counts.slice(-1)).toEqual([0]);
      expect(counts[0]).toBe(2);
      expect(counts[1]).toBe(2);
      expect(Number(at)).toBeGreaterThan(120_000);
    });

    for (const [name, mode] of [
      ["NO_EXIT", Layout.SINGLE_NO_EXIT],
      ["BOUNDARY", Layout.SINGLE_BOUNDARY],
      ["EXIT", Layout.SINGLE_EXIT],
    ] as const) {
      it(`lets its process become single-threaded: SINGLE_${name}, under ${scheduler}`, () => {
        const machine = boot({ scheduler });
        const times: bigint[] = [];
        let rest = false;
        process(
          machine,
          function* (p) {
            times.push(yield* kernel.cycles());
            const error = yield* kernel.thread_single(p, mode);
            expect(error).toBe(0);
            times.push(yield* kernel.cycles());
            if (mode !== Layout.SINGLE_EXIT) yield kernel.thread_single_end(p, mode);
          },
          function* () {
            yield kernel.compute(50_000);
            rest = true;
          },
        );
        machine.run(LONG_ENOUGH);
        const [asked, single] = times as [bigint, bigint];
        expect(Number(single - asked)).toBeLessThan(5000);
        expect(rest).toBe(mode !== Layout.SINGLE_EXIT);
      });
    }

    it(`is stopped by another process's SINGLE_ALLPROC, under ${scheduler}`, () => {
      const machine = boot({ scheduler, cpus: 3 });
      const times: bigint[] = [];
      process(
        machine,
        function* (p) {
          yield* kernel.fork(
            function* () {
              yield* kernel.cpuset_setaffinity(4);
              times.push(yield* kernel.cycles());
              expect(yield* kernel.thread_single(p, Layout.SINGLE_ALLPROC)).toBe(0);
              times.push(yield* kernel.cycles());
              yield kernel.thread_single_end(p, Layout.SINGLE_ALLPROC);
            },
            0,
            0,
            0,
            -1,
          );
          for (let i = 0; i < 4; i++) yield kernel.sched_relinquish(); // until that one has left for CPU 2
          yield kernel.compute(LONG);
        },
        function* () {
          yield kernel.compute(LONG);
        },
      );
      machine.run(LONG_ENOUGH);
      const [asked, stopped] = times as [bigint, bigint];
      expect(Number(stopped - asked)).toBeLessThan(5000);
    });
  }
});

describe("a priority that a message sets", () => {
  for (const scheduler of SCHEDULERS) {
    it(`gives the CPU to the thread that is now the best, under ${scheduler}`, () => {
      const machine = boot({ scheduler });
      const order: string[] = [];
      const { address: poor } = machine.createThread({
        name: "poor",
        cpu: 1,
        priority: 200,
        *body() {
          yield kernel.curcpu();
          order.push("poor");
        },
      });
      machine.createThread({
        name: "good",
        cpu: 1,
        priority: 100,
        *body() {
          yield* busy(30_000);
          order.push("good");
        },
      });
      machine.createThread({
        name: "asker",
        cpu: 0,
        *body() {
          yield* busy(5000);
          yield kernel.sched_prio(poor, 50);
        },
      });
      machine.run(LONG_ENOUGH);
      expect(order).toEqual(["poor", "good"]);
    });
  }
});

describe("lwkt_exit by a kernel thread", () => {
  it("ends it as its kind does", () => {
    const machine = boot();
    const before = machine.counters.threads;
    const proc0 = machine.kernel.machine("proc0");
    const count = () => machine.kernel.readSigned(proc0 + P.p_numthreads);
    const threads = count();
    for (let i = 0; i < 5; i++) {
      machine.createThread({
        name: `t${i}`,
        *body() {
          yield kernel.lwkt_exit();
        },
      });
    }
    machine.run(LONG_ENOUGH);
    machine.call(kernel.thread_reap_all());
    expect(count()).toBe(threads);
    expect(machine.counters.threads).toBe(before);
    for (let i = 0; i < 50; i++) machine.createThread({ name: `u${i}`, body: nothing });
    machine.run(LONG_ENOUGH);
    expect([...machine.threads()].length).toBe(threads + 1);
  });
});

describe("structures of LWKT threads", () => {
  it("go to FreeBSD's threads when there are no others", () => {
    const machine = boot({ maxthread: 300 });
    for (let i = 0; i < 250; i++) machine.createLwkt({ name: `l${i}`, body: nothing });
    machine.run(LONG_ENOUGH);
    for (let i = 0; i < 150; i++)
      machine.createThread({ name: `t${i}`, stopped: true, body: nothing });
    expect([...machine.threads()].length).toBeGreaterThanOrEqual(150);
  });
});

describe("bodies", () => {
  it("are forgotten when the call that was to create their thread fails", () => {
    const machine = boot({ maxthread: 150 });
    let failed = 0;
    machine.createThread({
      name: "maker",
      *body() {
        for (let i = 0; i < 500; i++) {
          const { error } = yield* kernel.kthread_add(
            function* () {
              yield kernel.curcpu();
            },
            0,
            0,
            Layout.RFSTOPPED,
            0,
            "t",
            0,
          );
          if (error !== 0) failed++;
        }
      },
    });
    machine.run(LONG_ENOUGH);
    expect(failed).toBeGreaterThan(300);
    const { waiting } = (machine as unknown as { bodies: { waiting: Map<number, unknown> } })
      .bodies;
    expect(waiting.size).toBe(500 - failed);
  });
});

describe("kernel objects", () => {
  it("give their cells back: event handlers", () => {
    const machine = boot({ objects: 8 });
    for (let i = 0; i < 100; i++) machine.onEvent("thread_ctor", () => {})();
  });
});
