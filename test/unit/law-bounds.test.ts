// Bounded memory, and nothing lost (docs/law-between-cpus.md, section 5): everything that can be filled is
// filled, on few CPUs and on many: letters, pended interrupts, timers, lines of tokens, threads, processes and
// objects. Nothing is lost, nothing grows without a bound, and what has once failed for want of room does not
// when there is room again.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { type Body, type Handle, type Machine, sys } from "../../src/index.js";
import { bootLawMachine as boot, expectWhole, LONG_ENOUGH } from "../support/law-machine.js";
import { Random } from "../support/random.js";
import { isLwkt, SCHEDULERS } from "../support/schedulers.js";

const { ENOMEM, EAGAIN } = Layout;

function* sleep(): Body {
  yield* sys.tsleep("for ever", 0, "ever", 0);
}

/** Starts a body on each CPU at once, and runs them to their ends. */
function everywhere(machine: Machine, cpus: number, body: (cpu: number) => Body): void {
  for (let cpu = 0; cpu < cpus; cpu++) {
    machine.createThread({ name: `c${cpu}`, cpu, priority: 90, body: () => body(cpu) });
  }
  machine.run(LONG_ENOUGH);
}

describe.each([2, 8, 64])("on %i CPUs", (cpus) => {
  it.each(SCHEDULERS)(
    "letters hold all that everybody asks of everybody, under %s",
    (scheduler) => {
      const machine = boot({ scheduler, cpus, quantum: 50_000, maxthread: 500 });
      const random = new Random(cpus);
      const targets: Handle[] = Array.from({ length: 3 * cpus }, (_, i) =>
        machine.createThread({ name: `t${i}`, cpu: i % cpus, body: sleep }),
      );
      machine.run(LONG_ENOUGH);
      const last = new Map<Handle, number>();
      for (let round = 0; round < 4; round++) {
        everywhere(machine, cpus, function* (cpu) {
          for (const target of targets) {
            if (random.once(Math.ceil(cpus / 8))) {
              yield sys.sched_prio(target, 100 + random.below(100));
              yield* sys.cpuset_setthread(target, 1n << BigInt(random.below(cpus)));
              if (isLwkt(scheduler)) {
                yield sys.lwkt_schedule(target);
                yield* sys.lwkt_migrate(target, random.below(cpus));
              }
            }
          }
          for (let i = cpu; i < targets.length; i += cpus) {
            const target = targets[i] as Handle;
            last.set(target, 110 + cpu);
            yield* sys.sleep(100_000n);
            yield sys.sched_prio(target, 110 + cpu);
          }
        });
      }
      const { kernel } = machine;
      expect(kernel.machine("letters_new_most")).toBeLessThanOrEqual(
        2 * kernel.machine("td_count"),
      );
      expect(kernel.machine("letters_new_count") + kernel.machine("letters_due_count")).toBe(0);
      const sum = (field: "messagesSent" | "messagesReceived") =>
        machine.cpus.reduce((total, cpu) => total + BigInt(cpu[field]), 0n);
      expect(sum("messagesSent")).toBe(sum("messagesReceived") + kernel.machine64("ipi_dropped"));
      for (const [{ address }, priority] of last) {
        expect(kernel.u8[kernel.cold(address) + Layout.ThreadCold.td_base_pri]).toBe(priority);
      }
      expectWhole(machine);
    },
  );

  it.each(SCHEDULERS)(
    "timers that are armed and cancelled all the time find room, and none is lost, under %s",
    (scheduler) => {
      const machine = boot({ scheduler, cpus, maxthread: 700, cyclesPerSecond: 1_000_000 });
      const random = new Random(cpus);
      let awake = 0;
      for (let i = 0; i < 300; i++) {
        machine.createThread({
          name: `s${i}`,
          cpu: i % cpus,
          *body() {
            for (;;) {
              const far = random.once(4) ? 5_000_000 : 6_000;
              yield* sys.tsleep(`channel ${i % 7}`, 0, "wait", 10 + random.below(far));
              awake++;
            }
          },
        });
      }
      for (let i = 0; i < 25; i++) {
        machine.run({ for: 10_000 });
        for (let channel = 0; channel < 7; channel++) {
          machine.call(sys.wakeup(`channel ${channel}`));
        }
      }
      machine.run({ for: 50_000 });
      expect(awake).toBeGreaterThanOrEqual(25 * 300);
      expect(machine.kernel.machine("timeouts")).toBe(300);
      expectWhole(machine);
    },
  );

  it.each(["lwkt", "lwkt-modern"] as const)(
    "everybody in a token's line has it once, under %s",
    (scheduler) => {
      const machine = boot({ scheduler, cpus, maxthread: 500 });
      const token = machine.call(sys.lwkt_token_create(0))[1] >>> 0;
      const had = new Array<number>(4 * cpus).fill(0);
      let inside = 0;
      had.forEach((_, i) => {
        machine.createThread({
          name: `t${i}`,
          cpu: i % cpus,
          *body() {
            for (let k = 0; k < 3; k++) {
              yield sys.lwkt_gettoken(token);
              expect(inside++).toBe(0);
              yield* sys.compute(30n);
              had[i] = (had[i] as number) + 1;
              inside--;
              yield sys.lwkt_reltoken(token);
            }
          },
        });
      });
      machine.run();
      expect(had.every((times) => times === 3)).toBe(true);
      expect(machine.kernel.machine("tok_first")).toBe(0);
    },
  );

  it.each(SCHEDULERS)(
    "threads, processes and objects find room again when others have gone, under %s",
    (scheduler) => {
      const machine = boot({ scheduler, cpus, maxthread: 200, maxproc: 40, objects: 60 });
      const counts: number[][] = [];
      for (let round = 0; round < 4; round++) {
        const made: Handle[] = [];
        const objects: Handle[] = [];
        const errors = new Set<number>();
        let forks = 0;
        everywhere(machine, cpus, function* () {
          for (let failed = 0; failed < 2; ) {
            const one = yield* sys.mtx_create("m");
            if (one.error === 0) objects.push(one);
            else failed++;
            if (one.error !== 0) errors.add(one.error);
          }
          for (let failed = 0; failed < 2; ) {
            const one = yield* sys.fork(
              function* () {
                yield* sys.tsleep("go", 0, "go", 0);
                yield sys.exit(0);
              },
              ...([0, 0, 0, -1] as const),
            );
            if (one.error === 0) forks++;
            else failed++;
            if (one.error !== 0) errors.add(one.error);
          }
          for (let failed = 0; failed < 2; ) {
            const one = yield* sys.kthread_add(
              function* () {
                yield* sys.tsleep("go", 0, "go", 0);
              },
              ...([0, 0, 0, 0, "%d", 0] as const),
            );
            if (one.error === 0) made.push(one);
            else failed++;
            if (one.error !== 0) errors.add(one.error);
          }
        });
        expect([...errors].sort()).toEqual([ENOMEM, EAGAIN].sort());
        counts.push([made.length, objects.length, forks]);
        expectWhole(machine);
        everywhereLater(machine, objects);
        expect(machine.counters.threads).toBeLessThan(200);
      }
      expect(counts.slice(1).map(([, objects]) => objects)).toEqual(
        new Array(3).fill(counts[0]?.[1]),
      );
      expect(new Set(counts.slice(1).map(String)).size).toBe(1);
    },
  );
});

/** All that was made goes: sleepers end, processes are harvested, objects are given back. */
function everywhereLater(machine: Machine, objects: readonly Handle[]): void {
  machine.call(sys.wakeup("go"));
  machine.run(LONG_ENOUGH);
  for (const object of objects) machine.call(sys.mtx_destroy(object));
  const zombies = machine.kernel;
  const { Proc: P, PRS } = Layout;
  const children: number[] = [];
  for (let p = zombies.machine("allproc"); p !== 0; p = zombies.read(p + P.p_list_next)) {
    if (zombies.read(p + P.p_state) === PRS.ZOMBIE) children.push(p);
  }
  machine.createThread({
    name: "harvester",
    *body() {
      for (const address of children) yield* sys.wait({ address });
    },
  });
  machine.run(LONG_ENOUGH);
  machine.call(sys.thread_reap_barrier());
}

describe.each(SCHEDULERS.filter(isLwkt))("interrupt threads, under %s", (scheduler) => {
  it("run although there is no kernel object to pend them with", () => {
    for (const cpus of [1, 2, 8, 64]) {
      const machine = boot({ scheduler, cpus, objects: 2 });
      let served = 0;
      const servers = Array.from({ length: 150 }, (_, i) =>
        machine.createThread({
          name: `i${i}`,
          cpu: i % 2 === 0 ? 0 : i % cpus,
          priority: 8,
          *body() {
            for (;;) {
              yield sys.lwkt_deschedule_self();
              yield sys.lwkt_switch();
              served++;
            }
          },
        }),
      );
      machine.run();
      for (let round = 1; round <= 3; round++) {
        everywhere(machine, 1, function* () {
          yield sys.crit_enter();
          for (const server of servers) yield* sys.interrupt(server);
          yield* sys.compute(3_000n);
          yield sys.crit_exit();
        });
        expect(served).toBe(150 * round);
      }
      for (let i = 0; i < 2; i++) expect(machine.call(sys.mtx_create("m"))[0]).toBe(0);
    }
  });

  it("that interrupt themselves run again, in whatever order they leave the CPU, where nothing is left to pend them with", () => {
    for (const cpus of [1, 2, 8]) {
      const machine = boot({ scheduler, cpus, objects: 2 });
      const servers = Array.from({ length: 70 }, (_, i) =>
        machine.createThread({ name: `i${i}`, cpu: 0, priority: 90, body: idle }),
      );
      machine.run();
      const woken: number[] = [];
      const selves: Handle[] = [];
      for (let i = 0; i < 5; i++) {
        const self = machine.createThread({
          name: `self${i}`,
          cpu: 0,
          priority: 8,
          *body() {
            yield sys.crit_enter();
            // All of them are in a critical section, before the first one leaves the CPU for good.
            yield sys.lwkt_switch();
            for (const server of servers) yield* sys.interrupt(server);
            yield* sys.interrupt(selves[i] as Handle);
            yield sys.lwkt_deschedule_self();
            yield sys.lwkt_switch();
            yield sys.crit_exit();
            woken.push(i);
          },
        });
        selves.push(self);
      }
      machine.run(LONG_ENOUGH);
      expect(woken.sort()).toEqual([0, 1, 2, 3, 4]);
      for (let i = 0; i < 2; i++) expect(machine.call(sys.mtx_create("m"))[0]).toBe(0);
    }
  });
});

function* idle(): Body {
  for (;;) {
    yield sys.lwkt_deschedule_self();
    yield sys.lwkt_switch();
  }
}
