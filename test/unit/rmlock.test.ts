// Read-mostly locks (rmlock(9)).

import { describe, expect, it } from "vitest";
import { EBUSY, EINVAL, ENOMEM, EWOULDBLOCK } from "../../src/generated/layout.js";
import { type Body, Machine, program, ReadMostlyOption, sys } from "../../src/index.js";
import { syncObjects, waitsFor } from "../../src/machine/sync-views.js";
import { buildUnderTest } from "../support/build.js";
import { inTurn } from "../support/in-turn.js";
import { Random } from "../support/random.js";
import { SCHEDULERS, withOwnPriorities } from "../support/schedulers.js";

const US = 1_000n;
const { RECURSE, SLEEPABLE } = ReadMostlyOption;

describe.each(SCHEDULERS)("a read-mostly lock under %s", (scheduler) => {
  const boot = (options = {}) =>
    withOwnPriorities(
      new Machine(
        { scheduler, maxthread: 1_000, objects: 40, hz: 1_000_000, quantum: 1_000, ...options },
        buildUnderTest,
      ),
    );

  const lockOf = (machine: Machine, options = 0): number => {
    const [error, address] = machine.call(sys.rm_init("table", options));
    expect(error).toBe(0);
    return address >>> 0;
  };

  it.each([0, RECURSE, SLEEPABLE])(
    "is shared by many or held by one, at any moment of a storm (options %i)",
    (options) => {
      let most = 0;
      for (let seed = 1; seed <= 5; seed++) {
        const random = new Random(seed);
        const machine = boot({ cpus: random.pick([1, 2, 4, 8]), quantum: 100 + random.below(500) });
        const lock = lockOf(machine, options);
        let sharing = 0;
        let owning = 0;
        let ended = 0;
        const enter = (by: "sharing" | "owning") => {
          if (by === "sharing") sharing++;
          else owning++;
          most = Math.max(most, sharing);
          if (owning > 1 || (owning === 1 && sharing > 0)) throw new Error(`seed ${seed}: both`);
        };
        const own = function* (): Body {
          yield* sys.rm_wlock(lock);
          enter("owning");
          expect(yield* sys.rm_wowned(lock)).toBe(true);
          yield* sys.compute(BigInt(random.below(400)));
          owning--;
          yield* sys.rm_wunlock(lock);
        };
        const share = function* (): Body {
          if (random.once(3)) {
            if (!(yield* sys.rm_try_rlock(lock))) return;
          } else yield* sys.rm_rlock(lock);
          enter("sharing");
          yield* sys.compute(BigInt(random.below(400)));
          if (options === RECURSE && random.once(2)) yield* share();
          sharing--;
          yield* sys.rm_runlock(lock);
        };
        for (let i = 0; i < 9; i++) {
          machine.createThread({
            name: `t${i}`,
            *body() {
              yield* sys.sched_prio_self(100 + random.below(60));
              for (let step = 0; step < 40; step++) {
                yield* random.once(3) ? own() : share();
                if (random.once(4)) yield* sys.tsleep("nap", 0, "nap", 1);
              }
              ended++;
            },
          });
        }
        expect([machine.run().reason, ended]).toEqual(["idle", 9]);
        expect(machine.call(sys.rm_destroy(lock))[0]).toBe(0);
        expect(syncObjects(machine)).toEqual([]);
      }
      expect(most).toBeGreaterThan(1);
    },
  );

  it("lends the writer's priority to each reader that it waits for in turn", () => {
    const machine = boot();
    const lock = lockOf(machine);
    const seen: (readonly (number | undefined)[])[] = [];
    const note = () => {
      const priority = (name: string) =>
        [...machine.threads()].find((td) => td.name === name)?.priority;
      seen.push(["first", "second", "writer"].map(priority));
    };
    const reader = (priority: number, us: bigint) =>
      function* (): Body {
        yield* sys.sched_prio_self(priority);
        yield* sys.rm_rlock(lock);
        yield* sys.sleep(us * US);
        yield* sys.rm_runlock(lock);
        note();
      };
    inTurn(machine, {
      first: reader(160, 65n),
      second: reader(170, 75n),
      *writer() {
        yield* sys.sched_prio_self(140);
        yield* sys.rm_wlock(lock);
        note();
        yield* sys.sleep(30n * US);
        note();
        yield* sys.rm_wunlock(lock);
        note();
      },
      *late() {
        note();
        yield* sys.sched_prio_self(100);
        yield* sys.rm_rlock(lock);
        yield* sys.rm_runlock(lock);
      },
    });
    // The late reader waits for the writer, and so, through it, for the readers.
    expect(seen).toEqual([
      [140, 170, 140],
      [160, 100, 100],
      [undefined, 170, 100],
      [undefined, 170, 100],
      [undefined, undefined, 100],
      [undefined, undefined, 140],
    ]);
  });

  it("lends nothing to its writer, if it is sleepable", () => {
    const machine = boot();
    const lock = lockOf(machine, SLEEPABLE);
    const seen: (number | undefined)[] = [];
    inTurn(machine, {
      *owner() {
        yield* sys.sched_prio_self(160);
        yield* sys.rm_wlock(lock);
        yield* sys.sleep(30n * US);
        seen.push([...machine.threads()].find(({ name }) => name === "owner")?.priority);
        yield* sys.rm_wunlock(lock);
      },
      *reader() {
        yield* sys.sched_prio_self(100);
        yield* sys.rm_rlock(lock);
        seen.push(1);
        yield* sys.rm_runlock(lock);
      },
    });
    expect(seen).toEqual([160, 1]);
  });

  it("lets a reader in again while another thread waits, if it may recurse", () => {
    const machine = boot();
    const lock = lockOf(machine, RECURSE);
    const order: string[] = [];
    inTurn(machine, {
      *reader() {
        yield* sys.rm_rlock(lock);
        yield* sys.sleep(30n * US);
        yield* sys.rm_rlock(lock);
        order.push("again");
        yield* sys.rm_runlock(lock);
        yield* sys.sleep(30n * US);
        order.push("leaves");
        yield* sys.rm_runlock(lock);
      },
      *writer() {
        yield* sys.rm_wlock(lock);
        order.push("writer");
        yield* sys.rm_wunlock(lock);
      },
      *other() {
        order.push(`may come in: ${yield* sys.rm_try_rlock(lock)}`);
      },
    });
    expect(order).toEqual(["may come in: false", "again", "leaves", "writer"]);
  });

  it("shows the thread that is waited for, and is released while its holder sleeps", () => {
    const machine = boot();
    const lock = lockOf(machine);
    const seen: unknown[] = [];
    const thread = (name: string) => {
      const found = [...machine.threads()].find((td) => td.name === name);
      if (found === undefined) throw new Error(`no thread ${name}`);
      return found;
    };
    inTurn(machine, {
      *reader() {
        yield* sys.rm_rlock(lock);
        yield* sys.sleep(35n * US);
        for (const name of ["writer", "late"]) {
          const object = waitsFor(machine, thread(name));
          seen.push(`${name}: ${object?.kind} ${object?.name} of ${object?.owner?.name}`);
        }
        seen.push(yield* sys.rm_sleep("x", lock, 0, "x", 2));
        yield* sys.rm_runlock(lock);
      },
      *writer() {
        yield* sys.rm_wlock(lock);
        seen.push(yield* sys.rm_sleep("x", lock, 0, "x", 3), yield* sys.rm_wowned(lock));
        seen.push(syncObjects(machine)[0]?.owner?.name);
        yield* sys.rm_wunlock(lock);
      },
      *late() {
        yield* sys.rm_rlock(lock);
        yield* sys.rm_runlock(lock);
      },
    });
    expect(seen.slice(0, 2)).toEqual([
      "writer: rmlock table of reader",
      "late: rmlock table of writer",
    ]);
    expect(seen.slice(2)).toContain(EWOULDBLOCK);
    expect(seen).toContain("writer");
    expect(syncObjects(machine)).toMatchObject([{ kind: "rmlock", uses: 5, isOwned: false }]);
  });

  it("is busy while it is held, and panics at wrong use", () => {
    const attempt = (options: number, calls: (lock: number) => Body, objects = 40) => {
      const machine = boot({ objects });
      const lock = lockOf(machine, options);
      machine.createThread({ name: "t", body: () => calls(lock) });
      return () => machine.run();
    };
    attempt(0, function* (lock) {
      yield* sys.rm_rlock(lock);
      expect(yield* sys.rm_destroy(lock)).toBe(EBUSY);
      yield* sys.rm_runlock(lock);
      yield* sys.rm_wlock(lock);
      expect(yield* sys.rm_try_rlock(lock)).toBe(false);
      expect(yield* sys.rm_destroy(lock)).toBe(EBUSY);
    })();
    const panics: readonly (readonly [string, (lock: number) => Body])[] = [
      [
        "rm_rlock: recursed on non-recursive rmlock table",
        function* (lock) {
          for (;;) yield* sys.rm_rlock(lock);
        },
      ],
      [
        "rm_rlock: wlock already held for table",
        function* (lock) {
          yield* sys.rm_wlock(lock);
          yield* sys.rm_rlock(lock);
        },
      ],
      [
        "Lock table not read locked",
        function* (lock) {
          yield* sys.rm_runlock(lock);
        },
      ],
      [
        "Lock table exclusively locked",
        function* (lock) {
          for (;;) yield* sys.rm_wlock(lock);
        },
      ],
      [
        "Lock table read locked",
        function* (lock) {
          yield* sys.rm_rlock(lock);
          yield* sys.rm_wlock(lock);
        },
      ],
      [
        "Lock table not exclusively locked",
        function* (lock) {
          yield* sys.rm_wunlock(lock);
        },
      ],
      [
        "Lock table not locked",
        function* (lock) {
          yield* sys.rm_sleep("x", lock, 0, "x", 0);
        },
      ],
    ];
    for (const [text, calls] of panics) expect(attempt(0, calls)).toThrow(text);
    const twice = attempt(RECURSE, function* (lock) {
      yield* sys.rm_rlock(lock);
      yield* sys.rm_rlock(lock);
      yield* sys.rm_sleep("x", lock, 0, "x", 1);
    });
    expect(twice).toThrow("Lock table recursed");
    const crowd = attempt(
      RECURSE,
      function* (lock) {
        for (;;) yield* sys.rm_rlock(lock);
      },
      16,
    );
    expect(crowd).toThrow("rm_rlock: no room for another reader of table");
    const machine = boot({ objects: 16 });
    for (const bad of [1, 8, 0x100]) expect(machine.call(sys.rm_init("r", bad))[0]).toBe(EINVAL);
    const errors = Array.from({ length: 20 }, () => machine.call(sys.rm_init("r", 0))[0]);
    expect(errors.at(-1)).toBe(ENOMEM);
  });

  it("keeps RV32 threads on several CPUs out of each other's way", () => {
    const machine = boot({ cpus: 4, quantum: 150 });
    const lock = lockOf(machine);
    const worker = program("worker")
      .data("count", { words: [0] })
      .loop(200, (b) =>
        b
          .call("rm_wlock", lock)
          .load("t0", "count")
          .compute(70)
          .addi("t0", "t0", 1)
          .store("t0", "count")
          .call("rm_wunlock", lock)
          .call("rm_rlock", lock)
          .compute(40)
          .call("rm_runlock", lock),
      )
      .call("kthread_exit")
      .build();
    const body = machine.load(worker);
    for (let i = 0; i < 6; i++) machine.createThread({ name: `w${i}`, body });
    expect(machine.run().reason).toBe("idle");
    expect(machine.kernel.read(machine.kernel.machine("guest_base") + body.dataBase)).toBe(1_200);
  });
});

describe("WITNESS", () => {
  const consoleOf = (options: number, calls: (rm: number, mutex: number) => Body): string => {
    const machine = new Machine({ witness: true, maxthread: 1_000, objects: 16 }, buildUnderTest);
    const [, rm] = machine.call(sys.rm_init("table", options));
    const [, mutex] = machine.call(sys.mtx_create("door"));
    machine.createThread({
      name: "t",
      *body() {
        yield* calls(rm, mutex);
        yield* sys.kthread_exit();
      },
    });
    machine.run();
    return machine.console;
  };

  it("knows read-mostly locks, and not the mutexes inside them", () => {
    const reversed = consoleOf(0, function* (rm, mutex) {
      yield* sys.rm_rlock(rm);
      yield* sys.mtx_lock(mutex);
      yield* sys.mtx_unlock(mutex);
      yield* sys.rm_runlock(rm);
      yield* sys.mtx_lock(mutex);
      yield* sys.rm_wlock(rm);
      yield* sys.rm_wunlock(rm);
      yield* sys.mtx_unlock(mutex);
    });
    expect(reversed).toContain("lock order reversal");
    expect(reversed.match(/table \(table, rm\)/g)).toHaveLength(1);
  });

  it("lets only the writer of a sleepable one sleep", () => {
    const sleepsWith = (options: number, isAlone: boolean) =>
      consoleOf(options, function* (rm) {
        yield* isAlone ? sys.rm_wlock(rm) : sys.rm_rlock(rm);
        yield* sys.tsleep("x", 0, "x", 1);
        yield* isAlone ? sys.rm_wunlock(rm) : sys.rm_runlock(rm);
      });
    expect(sleepsWith(SLEEPABLE, true)).toBe("");
    for (const [options, isAlone] of [
      [SLEEPABLE, false],
      [0, true],
      [0, false],
    ] as const) {
      expect(sleepsWith(options, isAlone)).toContain("with the following non-sleepable locks held");
    }
  });

  it("panics when a writer waits for a reader that sleeps, be it the first or a later one", () => {
    for (const options of [0, SLEEPABLE]) {
      for (const sleeper of [0, 1]) {
        const machine = new Machine(
          { witness: true, maxthread: 1_000, objects: 16 },
          buildUnderTest,
        );
        const [, rm] = machine.call(sys.rm_init("table", options));
        for (const [i, name] of ["first", "later"].entries()) {
          machine.createThread({
            name,
            *body() {
              yield* sys.rm_rlock(rm);
              if (i === sleeper) yield* sys.tsleep("x", 0, "x", 9);
              else for (let turn = 0; turn < 5; turn++) yield* sys.sched_relinquish();
              yield* sys.rm_runlock(rm);
              yield* sys.kthread_exit();
            },
          });
        }
        machine.createThread({
          name: "writer",
          *body() {
            yield* sys.rm_wlock(rm);
          },
        });
        expect(() => machine.run()).toThrow("sleeping thread");
        expect(machine.console).toContain(`Sleeping thread ${["first", "later"][sleeper]} (tid`);
      }
    }
  });
});
