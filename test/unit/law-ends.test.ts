// The law between CPUs (docs/law-between-cpus.md) about threads that are gone, section 11: what is asked of a thread
// for and behind its end does not reach the next thread in its structure.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { type Body, type Handle, sys } from "../../src/index.js";
import {
  bootLawMachine as boot,
  cold8,
  expectWhole,
  hot8,
  LONG_ENOUGH,
} from "../support/law-machine.js";
import { isLwkt, SCHEDULERS } from "../support/schedulers.js";

const { RFSTOPPED, TDL_EXITED } = Layout;

function* nothing(): Body {}

describe.each(SCHEDULERS.filter(isLwkt))("under %s", (scheduler) => {
  const requests: Readonly<Record<string, (td: Handle) => Body>> = {
    *lwkt_schedule(td) {
      yield sys.lwkt_schedule(td);
    },
    *lwkt_setpri(td) {
      yield sys.lwkt_setpri(td, 3);
    },
    *lwkt_migrate(td) {
      yield* sys.lwkt_migrate(td, 0);
    },
    *interrupt(td) {
      yield* sys.interrupt(td);
    },
  };

  it.each(Object.keys(requests))(
    "%s behind a thread's end does not reach the next one in its structure",
    (name) => {
      // One round: the thread ends on CPU 1, CPU 2 asks, and CPU 3 makes the next thread.
      const machine = boot({ scheduler, cpus: 4, quantum: 20_000, maxthread: 60 });
      const rounds: number[] = [];
      const now = () => rounds.push(machine.kernel.machine("rounds"));
      const victim = machine.createThread({
        name: "victim",
        cpu: 1,
        *body() {
          yield* sys.compute(3000n);
          now();
        },
      });
      const isOver = () => (hot8(machine, victim.address, "td_lwflags") & TDL_EXITED) !== 0;
      machine.createThread({
        name: "asker",
        cpu: 2,
        *body() {
          while (!isOver()) yield* sys.compute(100n);
          yield* (requests[name] as (td: Handle) => Body)(victim);
          now();
        },
      });
      let ran = false;
      let next = 0;
      let before: unknown;
      const state = () => {
        const { cpu, lwktPriority, criticalSections } = machine.thread(next);
        return { cpu, lwktPriority, criticalSections };
      };
      machine.createThread({
        name: "maker",
        cpu: 3,
        *body() {
          while (rounds.length < 2) yield* sys.compute(100n);
          const made = yield* sys.kthread_add(
            function* () {
              ran = true;
              yield sys.kthread_exit();
            },
            ...([0, 0, RFSTOPPED, 0, "next", 0] as const),
          );
          next = made.address;
          now();
          before = state();
        },
      });
      machine.run(LONG_ENOUGH);
      expect(new Set(rounds).size).toBe(1);
      expect(next).toBe(victim.address);
      expect(ran).toBe(false);
      expect(state()).toEqual(before);
      expectWhole(machine);
    },
  );

  it("critical sections that were asked of a thread do not come to the next one in its structure", () => {
    const machine = boot({ scheduler, cpus: 3, quantum: 20_000, maxthread: 60 });
    const victim = machine.createThread({
      name: "victim",
      cpu: 1,
      *body() {
        yield* sys.compute(3000n);
      },
    });
    const asks = (td: Handle, priority: number) =>
      machine.createThread({
        name: "asker",
        cpu: 0,
        *body() {
          yield sys.lwkt_setpri(td, priority);
        },
      });
    asks(victim, 3 * 32 + 9);
    machine.run(LONG_ENOUGH);
    expect(victim.state).toBe("exited");
    machine.call(sys.thread_reap_all());
    const made = ["a", "b"].map((name) =>
      machine.createThread({ name, cpu: 1, stopped: true, body: nothing }),
    );
    const next = made.find(({ address }) => address === victim.address);
    if (next === undefined) throw new Error("its structure has not been used again");
    const before = next.criticalSections;
    machine.run(LONG_ENOUGH);
    asks(next, 7);
    machine.run(LONG_ENOUGH);
    expect([next.criticalSections, next.lwktPriority]).toEqual([before, 7]);
    expectWhole(machine);
  });
});

it("a move that was put off for a thread with a token does not outlive it", () => {
  const machine = boot({ scheduler: "lwkt-modern", cpus: 3, cyclesPerSecond: 500_000 });
  const token = machine.createToken();
  const migrates: number[] = [];
  let first = 0;
  const holder = function* (): Body {
    yield* sys.lwkt_setcpu_self(1);
    yield sys.lwkt_gettoken(token);
    first = yield* sys.curthread();
    yield* sys.compute(6500n);
    yield sys.exit(0);
  };
  const next = function* (): Body {
    expect(yield* sys.curthread()).toBe(first);
    yield sys.exit(0);
  };
  const parent = function* (): Body {
    const one = yield* sys.fork(holder, ...([0, 0, 0, -1] as const));
    while (first === 0) yield* sys.compute(100n);
    yield* sys.lwkt_migrate({ address: first }, 2);
    yield* sys.compute(2000n);
    migrates.push(cold8(machine, first, "td_migrate"));
    yield* sys.wait(one);
    const other = yield* sys.fork(next, ...([0, 0, 0, -1] as const));
    migrates.push(cold8(machine, first, "td_migrate"));
    yield* sys.wait(other);
    yield sys.exit(0);
  };
  machine.createThread({
    name: "forker",
    cpu: 0,
    *body() {
      yield* sys.fork(parent, ...([0, 0, 0, -1] as const));
    },
  });
  machine.run(LONG_ENOUGH);
  expect(migrates).toEqual([3, 0]);
  expectWhole(machine);
});
