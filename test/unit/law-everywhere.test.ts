// The law between CPUs (docs/law-between-cpus.md) on other numbers of CPUs, in other orders and under every
// scheduler: what the tests of its single faults (law-messages, law-threads) show on one machine each.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import {
  type Body,
  type BodyFunction,
  type Handle,
  KernelError,
  type Machine,
  sys,
} from "../../src/index.js";
import { program } from "../../src/program/index.js";
import {
  bootLawMachine as boot,
  cold8,
  expectWhole,
  hot8,
  LONG_ENOUGH,
  QUANTUM,
} from "../support/law-machine.js";
import { Random } from "../support/random.js";
import { isLwkt, SCHEDULERS } from "../support/schedulers.js";

const { PCATCH, RFSTOPPED, Thread: T, Proc: P, TDS } = Layout;

const modes = {
  NO_EXIT: Layout.SINGLE_NO_EXIT,
  BOUNDARY: Layout.SINGLE_BOUNDARY,
  EXIT: Layout.SINGLE_EXIT,
} as const;

/** What a thread that never sleeps does: one long call, machine code that is compiled, and calls in a loop. */
const codes = ["host", "loop", "yield"] as const;

/** The body of such a thread. */
function endless(machine: Machine, code: (typeof codes)[number]): BodyFunction | number {
  if (code === "host") {
    return function* () {
      for (;;) yield* sys.compute(1_000_000_000n);
    };
  }
  const b = program("endless").label("loop").addi("t0", "t0", 1).jump("loop");
  b.label("yield").call("sched_relinquish").jump("yield");
  return machine.load(b.build()).addressOf(code);
}

describe.each(SCHEDULERS)("under %s", (scheduler) => {
  it("more wakeups in a round than any ring has room for are all carried out", () => {
    for (const cpus of [3, 5, 8]) {
      const machine = boot({ scheduler, cpus, quantum: 100_000 });
      let woken = 0;
      const sleepers = Array.from({ length: 655 }, (_, i) =>
        machine.createThread({
          name: `s${i}`,
          cpu: (i + 1) % cpus,
          *body() {
            yield* sys.tsleep(`channel ${i % 5}`, 0, "wait", 0);
            woken++;
          },
        }),
      );
      machine.run(LONG_ENOUGH);
      for (let cpu = 0; cpu < cpus; cpu++) {
        machine.createThread({
          name: `w${cpu}`,
          cpu,
          *body() {
            for (let i = cpu; i < 655; i += 3 * cpus) {
              yield sys.sched_prio(sleepers[i] as Handle, 100 + (i % 50));
            }
            for (let i = 0; i < 5; i++) yield sys.wakeup(`channel ${(i + cpu) % 5}`);
          },
        });
      }
      machine.run();
      expect(woken).toBe(655);
      expectWhole(machine);
    }
  });

  it("the last priority requested is the one that is set, including the level", () => {
    for (const cpus of [2, 3, 4, 7]) {
      for (let seed = 0; seed < 12; seed++) {
        const random = new Random(seed * 64 + cpus);
        const machine = boot({ scheduler, cpus, quantum: 100 + random.below(900) });
        const wanted: number[] = [];
        const targets = Array.from({ length: 2 * cpus }, (_, i) =>
          machine.createThread({
            name: `t${i}`,
            cpu: i % cpus,
            priority: 150,
            *body() {
              for (let k = 0; k < 30; k++) {
                yield* sys.compute(BigInt(10 + random.below(400)));
                if (random.once(3)) yield* sys.pause("rest", 1 + random.below(3));
                if (random.once(3)) yield sys.sched_relinquish();
              }
              yield* sys.tsleep("for ever", 0, "ever", 0);
            },
          }),
        );
        // Each target has one master, so that there is a last request.
        for (let cpu = 0; cpu < cpus; cpu++) {
          machine.createThread({
            name: `m${cpu}`,
            cpu,
            priority: 100,
            *body() {
              for (let k = 0; k < 20; k++) {
                for (let i = cpu; i < targets.length; i += cpus) {
                  const target = (i + 1) % targets.length;
                  wanted[target] = 120 + random.below(100);
                  yield sys.sched_prio(targets[target] as Handle, wanted[target] as number);
                  if (random.once(2)) yield* sys.compute(BigInt(random.below(300)));
                }
              }
            },
          });
        }
        machine.run();
        targets.forEach(({ address }, i) => {
          const priority = cold8(machine, address, "td_priority");
          expect([i, priority]).toEqual([i, wanted[i]]);
          expect([i, cold8(machine, address, "td_base_pri")]).toEqual([i, wanted[i]]);
          if (isLwkt(scheduler)) {
            const level = machine.kernel.readSigned(address + T.td_pri) & 31;
            expect([i, level]).toEqual([i, 31 - (priority >> 3)]);
          }
        });
        expectWhole(machine);
      }
    }
  });

  it("requests for a thread that is gone are not carried out on the next one in its structure", () => {
    let reused = 0;
    for (const cpus of [2, 3, 6]) {
      for (let delay = 0; delay < 2 * QUANTUM; delay += 45) {
        // One structure is left: the next thread gets that of the one that is gone.
        const machine = boot({ scheduler, cpus, maxthread: 40, cyclesPerSecond: 500_000 });
        // Requests before and after the victim's CPU has its turn, and the creator of the next thread, at once.
        const own = Math.floor(cpus / 2) - (delay % 2);
        const last = cpus - 1;
        let ran = false;
        const victim = machine.createThread({
          name: "victim",
          cpu: own,
          priority: 120,
          *body() {
            yield* sys.compute(BigInt(200 + delay));
            yield sys.kthread_exit();
          },
        });
        const { tid } = victim;
        for (let cpu = 0; cpu < cpus; cpu++) {
          if (cpu === own) continue;
          machine.createThread({
            name: `a${cpu}`,
            cpu,
            priority: 110,
            *body() {
              while (victim.tid === tid && victim.state !== "exited") {
                yield sys.sched_prio(victim, 90);
                if (delay % 4 === 0) yield* sys.cpuset_setthread(victim, BigInt(1 << cpu));
                if (isLwkt(scheduler)) {
                  yield sys.lwkt_setpri(victim, 3);
                  yield sys.lwkt_schedule(victim);
                }
                yield* sys.compute(173n);
                yield* sys.pause("others", 1);
              }
            },
          });
        }
        let next = 0;
        machine.createThread({
          name: "reaper",
          cpu: last,
          priority: 100,
          *body() {
            const isGone = () => victim.state === "exited";
            while (!isGone()) {
              for (let k = 0; k < 9 && !isGone(); k++) yield* sys.compute(37n);
              yield* sys.pause("look", 1);
            }
            yield sys.thread_reap_all();
            const made = yield* sys.kthread_add(
              function* () {
                ran = true;
                yield sys.kthread_exit();
              },
              0,
              0,
              RFSTOPPED,
              0,
              "next",
              0,
            );
            next = made.address;
          },
        });
        machine.run(LONG_ENOUGH);
        expect(next).not.toBe(0);
        reused += next === victim.address ? 1 : 0;
        expect(ran).toBe(false);
        expect(cold8(machine, next, "td_priority")).toBe(cold8(machine, next, "td_base_pri"));
        expect(cold8(machine, next, "td_priority")).not.toBe(90);
        machine.call(sys.sched_add({ address: next }));
        machine.run(LONG_ENOUGH);
        expect(ran).toBe(true);
        expectWhole(machine);
      }
    }
    expect(reused).toBeGreaterThan(20);
  });

  it("sched_add of a thread that runs on another CPU loses nothing", () => {
    for (const cpus of [2, 3, 5]) {
      for (let delay = 0; delay < QUANTUM; delay += 130) {
        const machine = boot({ scheduler, cpus, cyclesPerSecond: 500_000 });
        let steps = 0;
        const runner = machine.createThread({
          name: "runner",
          cpu: cpus - 1,
          priority: 120,
          *body() {
            for (let i = 0; i < 50; i++) {
              yield* sys.compute(170n);
              steps++;
              yield i % 3 === 0 ? sys.pause("nap", 1) : sys.sched_relinquish();
            }
          },
        });
        machine.createThread({
          name: "adder",
          cpu: 0,
          priority: 120,
          *body() {
            yield* sys.compute(BigInt(1 + delay));
            while (steps < 50) {
              if (hot8(machine, runner.address, "td_state") === TDS.RUNNING) {
                yield sys.sched_add(runner);
              }
              yield* sys.compute(111n);
            }
          },
        });
        while (machine.run({ rounds: 1 }).reason !== "idle") expectWhole(machine);
        expect(steps).toBe(50);
      }
    }
  });

  it("the calling thread's own moves from the host leave it on no queue", () => {
    const machine = boot({ scheduler, cpus: 3 });
    let steps = 0;
    machine.createThread({
      name: "t",
      cpu: 2,
      *body() {
        for (; steps < 20; steps++) yield* sys.compute(300n);
      },
    });
    for (let i = 0; i < 4; i++) {
      machine.call(sys.sched_relinquish());
      if (isLwkt(scheduler)) {
        machine.call(sys.lwkt_yield());
        machine.call(sys.lwkt_schedule_self());
        machine.call(sys.lwkt_deschedule_self());
      }
      machine.run({ rounds: 2 });
      expectWhole(machine);
    }
    expect(machine.run().reason).toBe("idle");
    expect(steps).toBe(20);
  });

  it("a call of the host's that would wait says so, whether or not a thread runs on its CPU", () => {
    for (const computes of [false, true]) {
      const machine = boot({ scheduler, cpus: 2 });
      const body = function* (): Body {
        yield* sys.compute(50_000n);
      };
      if (computes) machine.createThread({ name: "busy", cpu: 0, body });
      const sx = { address: machine.call(sys.sx_init("x", 0))[1] >>> 0 };
      machine.run({ rounds: 3 });
      expect(machine.call(sys.sx_slock(sx))[0]).toBe(0);
      expect(() => machine.call(sys.sx_xlock(sx))).toThrow(/waits: only a thread can make it/);
    }
  });

  it("a thread that the host wakes preempts a worse thread, and not a better one", () => {
    for (const cpus of [1, 2, 4]) {
      for (const [own, isFirst] of [
        [100, true],
        [180, false],
      ] as const) {
        const machine = boot({ scheduler, cpus });
        const order: string[] = [];
        const busy = (cpu: number) =>
          function* (): Body {
            yield* sys.compute(50_000n);
            if (cpu === cpus - 1) order.push("busy");
          };
        const all = 1n << BigInt(cpus - 1);
        const sleeper = machine.createThread({
          name: "sleeper",
          cpu: cpus - 1,
          priority: own,
          *body() {
            yield* sys.cpuset_setaffinity(all);
            yield* sys.tsleep("host", 0, "host", 0);
            order.push("sleeper");
          },
        });
        machine.run();
        for (let cpu = 0; cpu < cpus; cpu++) {
          machine.createThread({
            name: `b${cpu}`,
            cpu,
            priority: 140,
            *body() {
              yield* sys.cpuset_setaffinity(1n << BigInt(cpu));
              yield* busy(cpu)();
            },
          });
        }
        machine.run({ rounds: 5 });
        machine.call(sys.wakeup("host"));
        machine.run();
        expect(order).toEqual(isFirst ? ["sleeper", "busy"] : ["busy", "sleeper"]);
        expect(sleeper.state).toBe("exited");
      }
    }
  });

  it("a running thread obeys within two rounds of its last safe point: exit, stop, single threads", () => {
    const asked_of = (["exit", "stop", "NO_EXIT", "BOUNDARY", "EXIT"] as const).flatMap((what) =>
      codes.map((code) => [what, code] as const),
    );
    for (const cpus of [2, 3, 8]) {
      for (const [what, code] of asked_of) {
        const machine = boot({ scheduler, cpus, cyclesPerSecond: 1_000_000_000 });
        const compute = endless(machine, code);
        let siblings: number[] = [];
        let asked = -1n;
        let alone = -1n;
        let process = 0;
        machine.createThread({
          name: "forker",
          *body() {
            const made = yield* sys.fork(
              function* () {
                const all: number[] = [];
                for (let i = 1; i < cpus; i++) {
                  all.push((yield* sys.thr_create(compute, 0)).address);
                }
                for (const [i, address] of all.entries()) {
                  yield* sys.cpuset_setthread({ address }, 1n << BigInt(i + 1));
                }
                yield* sys.cpuset_setaffinity(1n);
                siblings = all;
                yield* sys.compute(200_000n);
                asked = machine.cycles;
                if (what === "exit") yield sys.exit(7);
                else if (what === "stop") yield sys.proc_stop({ address: process });
                else {
                  const mode = modes[what];
                  yield* sys.thread_single({ address: process }, mode);
                  alone = machine.cycles;
                  yield* sys.compute(100n);
                  if (what !== "EXIT") yield sys.thread_single_end({ address: process }, mode);
                }
                for (;;) yield* sys.compute(1000n);
              },
              0,
              0,
              0,
              -1,
            );
            process = made.address;
          },
        });
        let rounds = 0;
        const isDone = () =>
          siblings.length > 0 &&
          (what !== "exit" && what !== "stop"
            ? alone !== -1n
            : siblings.every((td) => hot8(machine, td, "td_state") !== TDS.RUNNING));
        while (asked === -1n) machine.run({ rounds: 1 });
        for (; !isDone() && rounds < 50; rounds++) machine.run({ rounds: 1 });
        expect([what, code, cpus, rounds <= 4]).toEqual([what, code, cpus, true]);
        machine.run({ rounds: 3 });
        expectWhole(machine);
      }
    }
  });

  it("a thread without a budget that is asked to end or stop obeys as soon as it has one", () => {
    for (const what of ["exit", "stop"] as const) {
      const machine = boot({ scheduler, cpus: 2, cyclesPerSecond: 1_000_000 });
      let process = 0;
      let computes = 0;
      machine.createThread({
        name: "forker",
        *body() {
          const made = yield* sys.fork(
            function* () {
              const other = yield* sys.thr_create(function* () {
                for (;;) yield* sys.compute(1_000_000_000n);
              }, 0);
              computes = other.address;
              yield* sys.cpuset_setthread(other, 2n);
              yield* sys.cpuset_setaffinity(1n);
              // 10 ms in each 50: it is throttled when it is asked, and has 10 ms again behind that.
              expect(yield* sys.sched_setdeadline(other, 10_000, 20_000, 50_000)).toBe(0);
              yield* sys.sleep(25_000n);
              if (what === "exit") yield sys.exit(7);
              yield sys.proc_stop({ address: process });
              for (;;) yield* sys.compute(1000n);
            },
            0,
            0,
            0,
            -1,
          );
          process = made.address;
        },
      });
      machine.run({ for: 20_000 });
      expect(hot8(machine, computes, "td_inhib")).toBe(Layout.TDI_SLEEPING);
      machine.run({ for: 36_000 });
      const isOver = hot8(machine, computes, "td_inhib") === Layout.TDI_SUSPENDED;
      const state = machine.kernel.read(process + P.p_state);
      if (what === "exit") expect(state).toBe(Layout.PRS.ZOMBIE);
      else expect(isOver).toBe(true);
      expectWhole(machine);
    }
  });

  it("an interrupted sleep, of init or any other process, does not pass the boundary", () => {
    const machine = boot({ scheduler, cpus: 2 });
    const results: number[] = [];
    let process = 0;
    machine.createThread({
      name: "forker",
      *body() {
        const made = yield* sys.fork(
          function* () {
            yield* sys.thr_create(function* () {
              for (let i = 0; i < 5; i++) {
                results.push(yield* sys.tsleep("long", PCATCH, "long", 0));
              }
            }, 0);
            for (let i = 0; i < 2; i++) {
              yield* sys.pause("rest", 3);
              const mode = Layout.SINGLE_BOUNDARY;
              results.push(100 + (yield* sys.thread_single({ address: process }, mode)));
              yield sys.thread_single_end({ address: process }, mode);
            }
            yield* sys.pause("rest", 3);
            yield sys.wakeup("long");
          },
          0,
          0,
          0,
          -1,
        );
        process = made.address;
      },
    });
    machine.run();
    expect(results.filter((one) => one >= 100)).toEqual([100, 100]);
    expect(results.filter((one) => one < 100)).toEqual([-1, -1, -1, -1, 0]);
    expect(machine.kernel.readSigned(process + P.p_boundary_count)).toBe(0);
    expectWhole(machine);
  });

  it("threads are placed and kept within the set that they inherit", () => {
    for (const cpus of [2, 4, 7]) {
      const machine = boot({ scheduler, cpus });
      const seen = new Set<number>();
      const kthreads = new Set<number>();
      const own = cpus - 1;
      machine.createThread({
        name: "forker",
        *body() {
          yield* sys.fork(
            function* () {
              yield* sys.cpuset_setaffinity(1n << BigInt(own));
              for (let i = 0; i < 3 * cpus; i++) {
                if (i % 2 === 0)
                  yield* sys.thr_create(function* () {
                    for (let k = 0; k < 10; k++) {
                      seen.add(yield* sys.curcpu());
                      yield* sys.compute(333n);
                      yield* sys.pause("nap", 1);
                    }
                  }, 0);
                yield* sys.kthread_add(
                  function* () {
                    kthreads.add(yield* sys.curcpu());
                    yield* sys.compute(2000n);
                  },
                  ...([0, 0, 0, 0, "k%d", i] as const),
                );
              }
              const child = yield* sys.fork(
                function* () {
                  seen.add(yield* sys.curcpu());
                  yield* sys.compute(5000n);
                  seen.add(yield* sys.curcpu());
                  yield sys.exit(0);
                },
                0,
                0,
                0,
                -1,
              );
              yield* sys.wait(child);
              yield* sys.pause("all", 40);
            },
            0,
            0,
            0,
            -1,
          );
        },
      });
      machine.run();
      expect([...seen]).toEqual([own]);
      expect(kthreads.size).toBeGreaterThan(1);
    }
  });

  it("creating calls that fail inside a body leave nothing behind, as often as they do", () => {
    const machine = boot({ scheduler, cpus: 2, maxthread: 20, maxproc: 20 });
    let failures = 0;
    machine.createThread({
      name: "t",
      *body() {
        for (let i = 0; i < 3000; i++) {
          const made = yield* sys.kthread_add(
            function* () {
              yield* sys.tsleep("x", 0, "x", 0);
            },
            ...([0, 0, 0, 0, "%d", i] as const),
          );
          if (made.error !== 0) failures++;
        }
      },
    });
    machine.run();
    expect(failures).toBeGreaterThan(2900);
    expect(failures).toBeLessThan(3000);
    expect(machine.bodies.isWaiting).toBe(false);
  });

  it("objects and handlers give their cells back, as often as they are made", () => {
    const machine = boot({ scheduler, cpus: 2, objects: 8 });
    const seen: number[] = [];
    machine.createThread({
      name: "t",
      *body() {
        for (let i = 0; i < 100; i++) {
          const objects = [
            [yield* sys.mtx_create("m"), sys.mtx_destroy],
            [yield* sys.cv_create("c"), sys.cv_destroy],
            [yield* sys.sema_create("s", 1), sys.sema_destroy],
            [yield* sys.barrier_create("b", 2), sys.barrier_destroy],
            [yield* sys.timer_create("t"), sys.timer_destroy],
            [yield* sys.rw_init("r", 0), sys.rw_destroy],
            [yield* sys.sx_init("x", 0), sys.sx_destroy],
          ] as const;
          for (const [made, destroy] of objects) {
            if (made.error !== 0) seen.push(made.error);
            const error = yield* destroy(made);
            if (error !== 0) seen.push(error);
          }
        }
      },
    });
    machine.run();
    for (let i = 0; i < 100; i++) machine.onEvent("thread_init", () => {})();
    expect(seen).toEqual([]);
  });
});

describe("kern.maxthread", () => {
  it("can be read and not written, and is what creations are held to", () => {
    const machine = boot({ cpus: 2, maxthread: 321 });
    expect(machine.sysctl("kern.maxthread")).toBe(321);
    expect(() => machine.setSysctl("kern.maxthread", 5)).toThrow(/kern\.maxthread/);
    expect(() => {
      for (let i = 0; i < 400; i++) machine.createThread({ name: "x", *body() {}, stopped: true });
    }).toThrow(KernelError);
  });
});
