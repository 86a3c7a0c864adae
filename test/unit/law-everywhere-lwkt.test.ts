// The law between CPUs (docs/law-between-cpus.md) for LWKT's own calls, on other numbers of CPUs and under both of its
// switchers.

import { describe, expect, it } from "vitest";
import { EBUSY, EINVAL, RFSTOPPED } from "../../src/generated/layout.js";
import { type Body, sys } from "../../src/index.js";
import { bootLawMachine as boot, expectWhole, QUANTUM } from "../support/law-machine.js";
import { isLwkt, SCHEDULERS } from "../support/schedulers.js";

/** Sleeps off LWKT's queue, and notes each time that somebody has it go on. */
function* dozer(seen: number[]): Body {
  for (;;) {
    yield sys.lwkt_deschedule_self();
    yield sys.lwkt_switch();
    seen.push(yield* sys.curcpu());
  }
}

describe.each(SCHEDULERS.filter(isLwkt))("LWKT's own calls, under %s", (scheduler) => {
  it("are carried out in the order asked while the thread moves", () => {
    for (const cpus of [3, 4, 6]) {
      for (let delay = 0; delay < 3 * QUANTUM; delay += 170) {
        const machine = boot({ scheduler, cpus });
        const seen: number[] = [];
        const target = machine.createThread({ name: "target", cpu: 1, body: () => dozer(seen) });
        machine.run({ rounds: 4 });
        machine.createThread({
          name: "mover",
          cpu: 1,
          priority: 100,
          *body() {
            for (let k = 0; k < 12; k++) {
              yield* sys.lwkt_migrate(target, (k * 5) % cpus);
              yield* sys.compute(410n);
            }
          },
        });
        let after = -1;
        machine.createThread({
          name: "asker",
          cpu: cpus - 1,
          priority: 100,
          *body() {
            yield* sys.compute(BigInt(1 + delay));
            for (let k = 0; k < 5; k++) {
              yield sys.lwkt_deschedule(target);
              yield sys.lwkt_schedule(target);
              yield sys.lwkt_setpri(target, 3);
              yield sys.lwkt_setpri(target, 9);
              yield* sys.compute(140n);
            }
            after = seen.length;
            yield sys.lwkt_schedule(target);
          },
        });
        machine.run();
        expect(seen.length).toBeGreaterThan(after === 0 ? 0 : after - 1);
        expect(seen.length).toBeGreaterThan(0);
        expect(target.lwktPriority).toBe(9);
        expect(target.criticalSections).toBe(1); // that of the switch
        expectWhole(machine);
        // Asleep, and it stays so; one more request has it go on once.
        const before = seen.length;
        machine.run({ rounds: 20 });
        expect(seen.length).toBe(before);
        machine.call(sys.lwkt_schedule(target));
        machine.run();
        expect(seen.length).toBe(before + 1);
      }
    }
  });

  it("do not wake a thread that blocks, however it moved before", () => {
    for (const cpus of [2, 3, 5]) {
      for (const others of [false, true]) {
        const machine = boot({ scheduler, cpus });
        let went = 0;
        let moves = 0;
        const mover = machine.createThread({
          name: "m",
          cpu: 0,
          *body() {
            yield sys.lwkt_deschedule_self();
            for (let k = 1; k < 2 * cpus; k++, moves++) yield* sys.lwkt_setcpu_self(k % cpus);
            if (others) yield* sys.compute(5000n);
            yield sys.lwkt_switch();
            went++;
          },
        });
        if (others) {
          machine.createThread({
            name: "o",
            cpu: 1,
            *body() {
              for (let k = 0; k < 9; k++) {
                yield* sys.lwkt_migrate(mover, k % cpus);
                yield* sys.compute(700n);
              }
            },
          });
        }
        machine.run();
        expect([moves, went]).toEqual([2 * cpus - 1, 0]);
        machine.call(sys.lwkt_schedule(mover));
        machine.run();
        expect(went).toBe(1);
      }
    }
  });

  it("let an interrupt thread exit while it preempts, at any moment", () => {
    for (const cpus of [2, 4]) {
      for (let delay = 0; delay < 1300; delay += 61) {
        const machine = boot({ scheduler, cpus });
        const done: string[] = [];
        machine.createThread({
          name: "server",
          cpu: cpus - 1,
          priority: 8,
          *body() {
            yield* sys.intr_register(5, { address: yield* sys.curthread() });
            yield* sys.intr_wait(5);
            yield* sys.compute(BigInt(delay));
            done.push("served");
            yield sys.kthread_exit();
          },
        });
        machine.createThread({
          name: "worker",
          cpu: cpus - 1,
          priority: 150,
          *body() {
            for (let k = 0; k < 40; k++) yield* sys.compute(100n);
            done.push("worked");
          },
        });
        machine.createThread({
          name: "reaper",
          cpu: 0,
          priority: 150,
          *body() {
            for (let k = 0; k < 60; k++) {
              yield sys.thread_reap_all();
              yield* sys.kthread_add(
                function* () {
                  yield* sys.compute(30n);
                },
                ...([0, 0, 0, 0, "n%d", k] as const),
              );
              yield* sys.compute(91n);
            }
          },
        });
        machine.run({ rounds: 2 });
        machine.raise(5);
        machine.run();
        expect(done.sort()).toEqual(["served", "worked"]);
        expectWhole(machine);
        // The line is free again.
        const other = machine.createThread({ name: "other", *body() {}, stopped: true });
        expect(machine.call(sys.intr_register(5, other))[0]).toBe(0);
      }
    }
  });

  it("give a free token to the thread that asks for it, although it was granted to one that gets no turn", () => {
    for (const cpus of [3, 4, 8]) {
      const machine = boot({ scheduler, cpus, cyclesPerSecond: 500_000 });
      const token = machine.createToken(2);
      const waits: bigint[] = [];
      let isDone = false;
      machine.createThread({
        name: "low",
        cpu: 1,
        priority: 200,
        *body() {
          while (!isDone) {
            yield sys.lwkt_gettoken(token);
            yield* sys.compute(50n);
            yield sys.lwkt_reltoken(token);
          }
        },
      });
      machine.createThread({
        name: "hog",
        cpu: 1,
        priority: 90,
        *body() {
          while (!isDone) {
            yield* sys.compute(60_000n);
            yield* sys.pause("breath", 1);
          }
        },
      });
      for (let cpu = 2; cpu < cpus; cpu++) {
        machine.createThread({
          name: `asker${cpu}`,
          cpu,
          priority: 100,
          *body() {
            for (let k = 0; k < 100; k++) {
              const from = yield* sys.cycles();
              yield sys.lwkt_gettoken(token);
              waits.push((yield* sys.cycles()) - from);
              yield* sys.compute(1_500n);
              yield sys.lwkt_reltoken(token);
              yield* sys.compute(2_000n);
            }
            isDone = true;
          },
        });
      }
      machine.run({ rounds: 20_000 });
      expect(waits.length).toBe(100 * (cpus - 2));
      // Two boundaries for each that is in the line, and for the one that the token came for.
      const longest = waits.reduce((a, b) => (a > b ? a : b));
      expect([cpus, longest < BigInt(QUANTUM * 4 * cpus)]).toEqual([cpus, true]);
    }
  });

  it("structures made on one CPU and freed on another are used again", () => {
    for (const [cpus, bare] of [
      [2, true],
      [3, false],
      [6, false],
    ] as const) {
      const machine = boot({ scheduler, cpus, maxthread: 60, bare });
      const errors: number[] = [];
      machine.createLwkt({
        name: "maker",
        *body() {
          for (let i = 0; i < 3000; i++) {
            const made = yield* sys.lwkt_create(
              function* () {
                yield sys.lwkt_exit();
              },
              ...([0, 0, 0, "x%d", i] as const),
            );
            if (made.error !== 0) errors.push(made.error);
            else {
              yield* sys.lwkt_migrate(made, 1 + (i % (cpus - 1)));
              yield sys.lwkt_schedule(made);
            }
            yield* sys.compute(2_500n);
          }
        },
      });
      machine.run();
      expect(errors).toEqual([]);
      if (!bare) {
        const all = Array.from({ length: 40 }, (_, i) =>
          machine.createThread({ name: `k${i}`, *body() {} }),
        );
        expect(all.length).toBe(40);
      }
    }
  });

  it("from the host wake threads that are blocked on any CPU", () => {
    const machine = boot({ scheduler, cpus: 5 });
    const woken: number[] = [];
    const wait = machine.createWait(3);
    for (let cpu = 0; cpu < 5; cpu++) {
      machine.createThread({
        name: `b${cpu}`,
        cpu,
        *body() {
          const gen = yield* sys.lwkt_wait_gen(wait);
          yield* sys.lwkt_block(wait, "wait", gen);
          woken.push(yield* sys.curcpu());
        },
      });
    }
    machine.run();
    machine.call(sys.lwkt_signal(wait));
    machine.run();
    expect(woken.sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it("refuse a living template and the move of a bound thread, and end a kernel thread as its kind does", () => {
    const machine = boot({ scheduler, cpus: 4 });
    const seen: unknown[] = [];
    const bound = machine.createThread({
      name: "bound",
      cpu: 2,
      *body() {
        yield* sys.cpuset_setaffinity(0b0100n);
        for (let k = 0; k < 20; k++) {
          yield* sys.compute(700n);
          seen.push(yield* sys.curcpu());
        }
        seen.push(yield* sys.lwkt_setcpu_self(1));
        yield sys.lwkt_exit();
      },
    });
    machine.createThread({
      name: "other",
      cpu: 1,
      *body() {
        yield* sys.compute(1500n);
        seen.push(yield* sys.lwkt_migrate(bound, 0));
        const made = yield* sys.lwkt_create(
          function* () {},
          ...([0, bound, 0, "again", 0] as const),
        );
        seen.push(made.error);
      },
    });
    machine.run();
    expect(new Set(seen)).toEqual(new Set([2, EINVAL, EBUSY]));
    machine.call(sys.thread_reap_barrier());
    expect(machine.counters.threads).toBe(2);
    expect([...machine.threads()].map(({ name }) => name)).not.toContain("bound");
    expectWhole(machine);
  });

  it("refuse a template that has yet to be reaped, or has been", () => {
    for (const cpus of [1, 3]) {
      const machine = boot({ scheduler, cpus, maxthread: 60 });
      const ended = Array.from({ length: 40 }, (_, i) =>
        machine.createThread({ name: `k${i}`, cpu: i % cpus, *body() {} }),
      );
      machine.run();
      const errors = new Set<number>();
      for (const reaped of [false, true]) {
        if (reaped) machine.call(sys.thread_reap_all());
        machine.createThread({
          name: "asker",
          *body() {
            for (const template of ended) {
              const made = yield* sys.lwkt_create(
                function* () {},
                ...([0, template, 0, "again", 0] as const),
              );
              errors.add(made.error);
            }
          },
        });
        machine.run();
      }
      expect([...errors]).toEqual([EBUSY]);
      const again = ended.map((_, i) => machine.createThread({ name: `n${i}`, *body() {} }));
      expect(new Set(again.map(({ address }) => address)).size).toBe(ended.length);
      machine.run();
      expectWhole(machine);
    }
  });

  it("do nothing to a structure that was freed unused, nor to its next thread", () => {
    for (const cpus of [1, 2, 4]) {
      const machine = boot({ scheduler, cpus, maxthread: 60 });
      const seen: unknown[] = [];
      machine.createThread({
        name: "a",
        *body() {
          const free = { address: yield* sys.thread_alloc(0) };
          yield sys.thread_free(free);
          yield sys.lwkt_schedule(free);
          yield* sys.interrupt(free);
          yield* sys.compute(3_000n);
          const made = yield* sys.kthread_add(
            function* () {
              seen.push("ran");
              yield sys.kthread_exit();
            },
            ...([0, 0, RFSTOPPED, 0, "next", 0] as const),
          );
          seen.push(made.address === free.address);
          yield* sys.pause("wait", 20);
          seen.push("started");
          yield sys.sched_add(made);
        },
      });
      machine.run();
      expect(seen).toEqual([true, "started", "ran"]);
      expectWhole(machine);
    }
  });

  it("pend and run any number of interrupt threads", () => {
    for (const cpus of [1, 2, 4]) {
      const machine = boot({ scheduler, cpus });
      let served = 0;
      const servers = Array.from({ length: 150 }, (_, i) =>
        machine.createThread({
          name: `i${i}`,
          cpu: i % cpus,
          priority: 8,
          *body() {
            yield sys.lwkt_deschedule_self();
            yield sys.lwkt_switch();
            served++;
          },
        }),
      );
      machine.run();
      machine.createThread({
        name: "section",
        cpu: 0,
        *body() {
          yield sys.crit_enter();
          for (const server of servers) yield* sys.interrupt(server);
          yield* sys.compute(3_000n);
          yield sys.crit_exit();
        },
      });
      machine.run();
      expect(served).toBe(150);
    }
  });
});
