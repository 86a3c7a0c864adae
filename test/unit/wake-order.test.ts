// Which thread a wakeup of one wakes: the best priority, the first among equals (sleepq_signal), whatever call the
// sleepers wait in.

import { describe, expect, it } from "vitest";
import { Policy } from "../../src/generated/layout.js";
import { type Body, type KernelCall, Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { isLwkt, SCHEDULERS, withOwnPriorities } from "../support/schedulers.js";

/** A way to wait, and to wake one of those that do. */
interface Way {
  readonly name: string;
  readonly wait: (objects: Objects) => Body;
  readonly wake: (objects: Objects) => KernelCall<unknown>;
}

interface Objects {
  readonly mutex: number;
  readonly cv: number;
  readonly sema: number;
}

const ways: readonly Way[] = [
  {
    name: "wakeup_one",
    *wait() {
      yield* sys.tsleep("door", 0, "door", 0);
    },
    wake: () => sys.wakeup_one("door"),
  },
  {
    name: "wakeup_one, asleep with a mutex",
    *wait({ mutex }) {
      yield* sys.mtx_lock(mutex);
      yield* sys.msleep("door", mutex, 0, "door", 0);
      yield* sys.mtx_unlock(mutex);
    },
    wake: () => sys.wakeup_one("door"),
  },
  {
    name: "cv_signal",
    *wait({ mutex, cv }) {
      yield* sys.mtx_lock(mutex);
      yield* sys.cv_wait(cv, mutex);
      yield* sys.mtx_unlock(mutex);
    },
    wake: ({ cv }) => sys.cv_signal(cv),
  },
  {
    name: "sema_post",
    *wait({ sema }) {
      yield* sys.sema_wait(sema);
    },
    wake: ({ sema }) => sys.sema_post(sema),
  },
];

describe.each(SCHEDULERS)("under %s", (scheduler) => {
  const boot = (options = {}) =>
    new Machine(
      { scheduler, maxthread: 1_000, objects: 16, quantum: 1_000, ...options },
      buildUnderTest,
    );

  const make = (machine: Machine, call: KernelCall<unknown>): number => {
    const [error, address] = machine.call(call);
    expect(error).toBe(0);
    return address >>> 0;
  };

  const objectsOf = (machine: Machine): Objects => ({
    mutex: make(machine, sys.mtx_create("mutex")),
    cv: make(machine, sys.cv_create("cv")),
    sema: make(machine, sys.sema_create("sema", 0)),
  });

  /**
   * Threads that prepare themselves and then wait, one after the other; their names in the order in which they
   * are woken.
   */
  function order(
    machine: Machine,
    { wait, wake }: Way,
    prepare: readonly ((name: string) => Body)[],
    meanwhile: (names: readonly string[]) => void = () => {},
  ): string[] {
    const woken: string[] = [];
    const objects = objectsOf(machine);
    const names = prepare.map((_, i) => String.fromCharCode(97 + i));
    for (const [i, name] of names.entries()) {
      machine.createThread({
        name,
        *body() {
          yield* (prepare[i] as (name: string) => Body)(name);
          yield* wait(objects);
          woken.push(name);
        },
      });
      machine.run();
    }
    meanwhile(names);
    for (const _ of names) {
      machine.call(wake(objects));
      machine.run();
    }
    return woken;
  }

  const withPriority = (priority: number) =>
    function* (): Body {
      yield* sys.sched_prio_self(priority);
    };

  const withPolicy = (policy: number, value: number) =>
    function* (): Body {
      expect(yield* sys.sched_setscheduler_self(policy, value)).toBe(0);
    };

  describe.each(ways)("$name", (way) => {
    it("wakes the best priority, and the first among equals", () => {
      for (const cpus of [1, 4]) {
        const machine = withOwnPriorities(boot({ cpus }));
        const priorities = [140, 120, 160, 120, 140, 100].map(withPriority);
        expect(order(machine, way, priorities)).toEqual(["f", "b", "d", "a", "e", "c"]);
      }
    });

    it("wakes equals in the order in which they came", () => {
      const machine = boot({ cpus: 2 });
      const equals = Array.from({ length: 5 }, () => withPriority(120));
      expect(order(machine, way, equals)).toEqual(["a", "b", "c", "d", "e"]);
    });

    it("takes a priority into account that changes during the sleep", () => {
      for (const [which, priority, expected] of [
        ["c", 60, "cab"],
        ["a", 200, "bca"],
      ] as const) {
        const machine = withOwnPriorities(boot({ cpus: 2 }));
        const equals = Array.from({ length: 3 }, () => withPriority(120));
        const woken = order(machine, way, equals, () => {
          const td = [...machine.threads()].find(({ name }) => name === which);
          expect(td).toBeDefined();
          machine.call(sys.sched_prio({ address: td?.address ?? 0 }, priority));
          machine.run();
        });
        expect(woken.join("")).toBe(expected);
      }
    });

    it("counts a priority lent to a sleeper at once", () => {
      const machine = withOwnPriorities(boot({ cpus: 2, hz: 100_000 }));
      const held = make(machine, sys.mtx_create("held"));
      const owns = function* (): Body {
        yield* sys.sched_prio_self(120);
        yield* sys.mtx_lock(held);
      };
      const threads = [withPriority(120), withPriority(120), owns];
      const woken = order(machine, way, threads, () => {
        machine.createThread({
          name: "wants it",
          *body() {
            yield* sys.sched_prio_self(80);
            yield* sys.mtx_lock(held);
          },
        });
        machine.run();
      });
      expect(woken.join("")).toBe("cab");
    });

    it("distinguishes all 99 real-time priorities", () => {
      const machine = boot({ cpus: 2 });
      const threads = [
        withPolicy(Policy.OTHER, 0),
        withPolicy(Policy.FIFO, 50),
        withPolicy(Policy.RR, 51),
        withPolicy(Policy.FIFO, 52),
        withPolicy(Policy.FIFO, 51),
      ];
      expect(order(machine, way, threads).join("")).toBe("dceba");
    });

    if (scheduler === "ule") {
      it("makes batch threads sleep at one priority (static_boost)", () => {
        const nice = [10, 0, -10].map((value) => withPolicy(Policy.OTHER, value));
        const compute = nice.map(
          (prepare) =>
            function* (): Body {
              yield* prepare();
              yield* sys.compute(3_000_000_000n);
            },
        );
        expect(order(boot(), way, compute)).toEqual(["a", "b", "c"]);
        expect(order(withOwnPriorities(boot()), way, compute)).toEqual(["c", "b", "a"]);
      });
    }

    if (isLwkt(scheduler)) {
      it("compares the levels of LWKT threads", () => {
        const machine = boot({ bare: way.name === "cv_signal" || way.name === "sema_post" });
        const woken: string[] = [];
        const objects = objectsOf(machine);
        const levels = [3, 9, 3, 20];
        const threads = levels.map((level, i) =>
          machine.createLwkt({
            name: `level ${level}`,
            *body() {
              yield* sys.lwkt_setpri_self(level);
              yield* way.wait(objects);
              woken.push(`${i}`);
            },
          }),
        );
        machine.run();
        machine.call(sys.lwkt_setpri(threads[2] as (typeof threads)[2], 25));
        for (const _ of levels) {
          machine.call(way.wake(objects));
          machine.run();
        }
        expect(woken.join("")).toBe("2310");
      });
    }
  });

  it("finds the best of very many sleepers while others come and go", () => {
    const machine = withOwnPriorities(boot({ maxthread: 3_000 }));
    const woken: number[] = [];
    const count = 2_000;
    for (let i = 0; i < count; i++) {
      machine.createThread({
        name: "sleeper",
        *body() {
          if (i % 1_000 === 999) yield* sys.sched_prio_self(20);
          yield* sys.tsleep("many", 0, "many", 0);
          woken.push(i);
        },
      });
    }
    machine.run();
    for (let i = 0; i < 5; i++) {
      machine.call(sys.wakeup_one("many"));
      machine.run();
    }
    expect(woken).toEqual([999, 1_999, 0, 1, 2]);
  });

  it("an sx goes to the best exclusive waiter, even if its priority has changed meanwhile", () => {
    const machine = withOwnPriorities(boot({ cpus: 2 }));
    const lock = make(machine, sys.sx_init("lock", 0));
    const order: string[] = [];
    const taker = (name: string, priority: number) => {
      const td = machine.createThread({
        name,
        *body() {
          yield* sys.sched_prio_self(priority);
          yield* sys.sx_xlock(lock);
          order.push(name);
          yield* sys.tsleep(name, 0, "has it", 0);
          yield* sys.sx_xunlock(lock);
        },
      });
      machine.run();
      return td;
    };
    const names = ["first", "worse", "better", "later", "equal"];
    const threads = names.map((name, i) => taker(name, [120, 150, 110, 150, 110][i] as number));
    machine.call(sys.sched_prio(threads[3] as (typeof threads)[3], 100));
    machine.run();
    for (const _ of names) {
      machine.call(sys.wakeup(order.at(-1) as string));
      machine.run();
    }
    expect(order).toEqual(["first", "later", "better", "equal", "worse"]);
  });

  if (isLwkt(scheduler)) {
    it("a mutex goes to the LWKT thread whose level improved while it waited, and which lends at once", () => {
      const machine = boot();
      const mutex = make(machine, sys.mtx_create("mutex"));
      const order: string[] = [];
      const threads = ["owner", "a", "b"].map((name) => {
        const td = machine.createLwkt({
          name,
          *body() {
            yield* sys.lwkt_setpri_self(5);
            yield* sys.mtx_lock(mutex);
            order.push(name);
            if (name === "owner") yield* sys.tsleep("owner", 0, "has it", 0);
            yield* sys.mtx_unlock(mutex);
          },
        });
        machine.run();
        return td;
      });
      machine.call(sys.lwkt_setpri(threads[2] as (typeof threads)[2], 12));
      expect(threads[0]?.lwktPriority).toBe(12);
      machine.call(sys.wakeup("owner"));
      machine.run();
      expect(order).toEqual(["owner", "b", "a"]);
    });
  }
});
