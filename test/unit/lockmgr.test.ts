// The lock manager (lockmgr(9)): each request, its flags, its errors and its panics.

import { describe, expect, it } from "vitest";
import {
  EBUSY,
  EDEADLK,
  EINTR,
  EINVAL,
  ENOLCK,
  EWOULDBLOCK,
  PCATCH,
} from "../../src/generated/layout.js";
import {
  type Body,
  type KernelCall,
  LockManager as LK,
  Machine,
  program,
  sys,
} from "../../src/index.js";
import { syncObjects, waitsFor } from "../../src/machine/sync-views.js";
import { buildUnderTest } from "../support/build.js";
import { inTurn } from "../support/in-turn.js";
import { Random } from "../support/random.js";
import { SCHEDULERS } from "../support/schedulers.js";

const US = 1_000n;

describe.each(SCHEDULERS)("a lock of lockmgr under %s", (scheduler) => {
  const boot = (options = {}) =>
    new Machine(
      { scheduler, maxthread: 1_000, objects: 16, hz: 1_000_000, quantum: 1_000, ...options },
      buildUnderTest,
    );

  const lockOf = (machine: Machine, flags = 0, timo = 0, priority = 0): number => {
    const [error, address] = machine.call(sys.lockinit(priority, "vnode", timo, flags));
    expect(error).toBe(0);
    return address >>> 0;
  };

  /** Threads that take the lock, alone or shared, in turn while the first has it; who had it, in order. */
  const order = (first: "alone" | "share", others: Record<string, number>, flags = 0): string[] => {
    const machine = boot();
    const lock = lockOf(machine, flags, 100);
    const seen: string[] = [];
    const taker = (name: string, request: number) =>
      function* (): Body {
        const error = yield* sys.lockmgr(lock, request, 0);
        seen.push(error === 0 ? name : `${name} ${error}`);
        if (error !== 0) return;
        yield* sys.sleep(20n * US);
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      };
    const bodies: Record<string, () => Body> = {
      *first() {
        yield* sys.lockmgr(lock, first === "alone" ? LK.EXCLUSIVE : LK.SHARED, 0);
        yield* sys.sleep(100n * US);
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
    };
    for (const [name, request] of Object.entries(others)) bodies[name] = taker(name, request);
    inTurn(machine, bodies);
    expect(machine.call(sys.lockdestroy(lock))[0] ?? 0).toBe(0);
    return seen;
  };

  it("has several sharers or one owner at any moment of a storm, however it is requested", () => {
    let most = 0;
    const results = new Set<number>();
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(seed);
      const machine = boot({ cpus: random.pick([1, 2, 4, 8]), quantum: 100 + random.below(500) });
      const lock = lockOf(machine, 0, 1 + random.below(3), random.pick([0, PCATCH]));
      let sharing = 0;
      let owning = 0;
      let ended = 0;
      const ask = function* (request: number): Generator<KernelCall<unknown>, number, number> {
        const error = yield* sys.lockmgr(lock, request, 0);
        results.add(error);
        if (error !== 0) return error;
        const type = request & (LK.SHARED | LK.EXCLUSIVE | LK.DRAIN | LK.UPGRADE | LK.TRYUPGRADE);
        if (type === LK.SHARED) sharing++;
        else if (type !== 0) owning++;
        most = Math.max(most, sharing);
        if (owning > 1 || (owning === 1 && sharing > 0)) throw new Error(`seed ${seed}: both`);
        return 0;
      };
      const step = function* (): Body {
        const how = random.pick([0, 0, LK.NOWAIT, LK.SLEEPFAIL, LK.TIMELOCK]);
        const isAlone = random.once(2);
        const type = !isAlone ? LK.SHARED : random.once(8) ? LK.DRAIN : LK.EXCLUSIVE;
        if ((yield* ask(type | how)) !== 0) return;
        yield* sys.compute(BigInt(random.below(1_500)));
        if (!isAlone && random.once(2)) {
          sharing--;
          const error = yield* ask(random.pick([LK.UPGRADE, LK.TRYUPGRADE]) | (how & LK.TIMELOCK));
          if (error === EBUSY) sharing++;
          if (error !== 0 && error !== EBUSY) return;
          yield* sys.compute(BigInt(random.below(500)));
        } else if (isAlone && random.once(2)) {
          owning--;
          sharing++;
          yield* ask(LK.DOWNGRADE);
          yield* sys.compute(BigInt(random.below(500)));
        }
        if (owning > 0) owning--;
        else sharing--;
        yield* ask(LK.RELEASE);
      };
      for (let i = 0; i < 9; i++) {
        machine.createThread({
          name: `t${i}`,
          *body() {
            for (let n = 0; n < 40; n++) {
              yield* step();
              if (random.once(4)) yield* sys.tsleep("nap", 0, "nap", 1);
            }
            ended++;
          },
        });
      }
      expect([seed, machine.run().reason, ended]).toEqual([seed, "idle", 9]);
      expect(machine.call(sys.lockdestroy(lock))[0]).toBe(0);
    }
    expect(most).toBeGreaterThan(1);
    expect([...results].sort()).toEqual([0, EBUSY, EWOULDBLOCK, ENOLCK].sort());
  });

  it("wakes exclusive waiters before sharing ones", () => {
    const others = { a: LK.SHARED, b: LK.EXCLUSIVE, c: LK.SHARED, d: LK.EXCLUSIVE };
    expect(order("alone", others)).toEqual(["b", "d", "a", "c"]);
    expect(order("share", { b: LK.EXCLUSIVE, c: LK.SHARED })).toEqual(["b", "c"]);
    expect(order("share", { a: LK.SHARED, b: LK.EXCLUSIVE })).toEqual(["a", "b"]);
  });

  it("goes to sharing waiters if all woken exclusive waiters give up", () => {
    const fail = LK.EXCLUSIVE | LK.SLEEPFAIL;
    expect(order("alone", { a: fail, b: LK.SHARED })).toEqual([`a ${ENOLCK}`, "b"]);
    const mixed = { a: fail, b: LK.EXCLUSIVE, c: LK.SHARED };
    expect(order("alone", mixed)).toEqual([`a ${ENOLCK}`, "b", "c"]);
    expect(order("alone", { a: LK.SHARED | LK.SLEEPFAIL })).toEqual([`a ${ENOLCK}`]);
  });

  it("is waited for no longer than lockinit's timeout, and not at all with LK_NOWAIT", () => {
    const machine = boot();
    const lock = lockOf(machine, 0, 25);
    const seen: unknown[] = [];
    inTurn(machine, {
      *owner() {
        yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
        seen.push(yield* sys.lockmgr(lock, LK.SHARED, 0), yield* sys.lockstatus(lock));
        yield* sys.sleep(200n * US);
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
        seen.push(yield* sys.lockstatus(lock));
      },
      *other() {
        seen.push(yield* sys.lockstatus(lock));
        for (const type of [LK.SHARED, LK.EXCLUSIVE, LK.DRAIN]) {
          seen.push(yield* sys.lockmgr(lock, type | LK.NOWAIT, 0));
        }
        const before = yield* sys.cycles();
        seen.push(yield* sys.lockmgr(lock, LK.EXCLUSIVE | LK.TIMELOCK, 0));
        seen.push(((yield* sys.cycles()) - before + US - 1n) / US);
        seen.push(yield* sys.lockmgr(lock, LK.SHARED, 0), yield* sys.lockstatus(lock));
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
    });
    expect(seen).toEqual([
      ...[EDEADLK, LK.EXCLUSIVE, LK.EXCLOTHER, EBUSY, EBUSY, EBUSY],
      ...[EWOULDBLOCK, 25n, 0, 0, LK.SHARED],
    ]);
  });

  it("is upgraded by its only sharer, and otherwise given up and waited for", () => {
    const machine = boot();
    const lock = lockOf(machine);
    const seen: unknown[] = [];
    inTurn(machine, {
      *one() {
        yield* sys.lockmgr(lock, LK.SHARED, 0);
        seen.push(yield* sys.lockmgr(lock, LK.TRYUPGRADE, 0), yield* sys.lockstatus(lock));
        seen.push(yield* sys.lockmgr(lock, LK.DOWNGRADE, 0), yield* sys.lockstatus(lock));
        yield* sys.sleep(30n * US);
        seen.push(yield* sys.lockmgr(lock, LK.TRYUPGRADE, 0));
        seen.push(`waits, ${yield* sys.lockmgr(lock, LK.UPGRADE, 0)}`);
        seen.push(yield* sys.lockstatus(lock));
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
      *two() {
        yield* sys.lockmgr(lock, LK.SHARED, 0);
        yield* sys.sleep(60n * US);
        seen.push("two leaves");
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
    });
    expect(seen).toEqual([
      ...[0, LK.EXCLUSIVE, 0, LK.SHARED, EBUSY, "two leaves", "waits, 0", LK.EXCLUSIVE],
    ]);
  });

  it("can be shared past an exclusive waiter by a thread that shares another one", () => {
    const seen: string[] = [];
    const machine = boot();
    const [lock, other] = [lockOf(machine), lockOf(machine)];
    inTurn(machine, {
      *first() {
        yield* sys.lockmgr(lock, LK.SHARED, 0);
        yield* sys.sleep(100n * US);
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
      *writer() {
        yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
      *reader() {
        const request = LK.SHARED | LK.NOWAIT;
        seen.push(`alone: ${yield* sys.lockmgr(lock, request, 0)}`);
        yield* sys.lockmgr(other, LK.SHARED, 0);
        seen.push(`treated: ${yield* sys.lockmgr(lock, request | LK.NODDLKTREAT, 0)}`);
        seen.push(`with another: ${yield* sys.lockmgr(lock, request, 0)}`);
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
        yield* sys.lockmgr(other, LK.RELEASE, 0);
      },
    });
    expect(seen).toEqual([`alone: ${EBUSY}`, `treated: ${EBUSY}`, "with another: 0"]);
  });

  it("leaves its waiters asleep when it is downgraded, until it is released", () => {
    const seen: string[] = [];
    const machine = boot();
    const lock = lockOf(machine);
    inTurn(machine, {
      *owner() {
        yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
        yield* sys.sleep(30n * US);
        yield* sys.lockmgr(lock, LK.DOWNGRADE, 0);
        yield* sys.sleep(30n * US);
        seen.push("released");
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
      *sharer() {
        yield* sys.lockmgr(lock, LK.SHARED, 0);
        seen.push("sharer");
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
    });
    expect(seen).toEqual(["released", "sharer"]);
  });

  it("is drained once it has no holder and no waiters", () => {
    const drains = { a: LK.DRAIN, b: LK.EXCLUSIVE, c: LK.SHARED };
    expect(order("alone", drains)).toEqual(["b", "c", "a"]);
    expect(order("share", { a: LK.DRAIN })).toEqual(["a"]);
  });

  it("is drained by a thread whose process is to end, though its other waits can be interrupted", () => {
    const machine = boot();
    const lock = lockOf(machine, 0, 0, PCATCH);
    const seen: unknown[] = [];
    inTurn(machine, {
      *owner() {
        yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
        yield* sys.sleep(500n * US);
        seen.push("released");
        yield* sys.lockmgr(lock, LK.RELEASE, 0);
      },
      *forker() {
        const drainer = function* (): Body {
          yield* sys.thr_create(function* () {
            yield* sys.sleep(100n * US);
            seen.push("exits");
            yield sys.exit(0);
          }, 0);
          yield* sys.thr_create(function* () {
            seen.push(yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0));
          }, 0);
          seen.push(yield* sys.lockmgr(lock, LK.DRAIN, 0));
          yield* sys.lockmgr(lock, LK.RELEASE, 0);
        };
        yield* sys.fork(drainer, 0, 0, 0, -1);
      },
    });
    expect(seen).toEqual(["exits", EINTR, "released", 0]);
    expect(machine.call(sys.lockdestroy(lock))[0]).toBe(0);
  });

  it("counts a request that has to wait once, however often it is woken in vain", () => {
    const machine = boot();
    const lock = lockOf(machine);
    const user = function* (): Body {
      yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
      yield* sys.sleep(50n * US);
      yield* sys.lockmgr(lock, LK.RELEASE, 0);
    };
    inTurn(machine, { one: user, two: user, three: user, four: user });
    expect(syncObjects(machine)).toMatchObject([{ uses: 4, contended: 3, waiters: 0 }]);
  });

  it("releases the interlock when it has the lock, when it waits and when it fails", () => {
    const machine = boot();
    const lock = lockOf(machine);
    const [, mutex] = machine.call(sys.mtx_create("interlock"));
    const seen: unknown[] = [];
    const ask = function* (request: number): Body {
      yield* sys.mtx_lock(mutex);
      const error = yield* sys.lockmgr(lock, request | LK.INTERLOCK, mutex);
      seen.push(error, yield* sys.mtx_owned(mutex));
    };
    inTurn(machine, {
      *owner() {
        yield* ask(LK.EXCLUSIVE);
        yield* sys.sleep(50n * US);
        seen.push(yield* sys.mtx_trylock(mutex));
        yield* sys.mtx_unlock(mutex);
        yield* ask(LK.RELEASE);
      },
      *other() {
        yield* ask(LK.EXCLUSIVE | LK.NOWAIT);
        yield* ask(LK.EXCLUSIVE);
      },
    });
    expect(seen).toEqual([0, false, EBUSY, false, true, 0, false, 0, false]);
  });

  it("recurses by option, is never shared by option, and may be released by any thread once it is disowned", () => {
    const machine = boot();
    const recursive = lockOf(machine, LK.CANRECURSE);
    const single = lockOf(machine, LK.NOSHARE);
    const seen: unknown[] = [];
    inTurn(machine, {
      *one() {
        for (let i = 0; i < 2; i++) yield* sys.lockmgr(recursive, LK.EXCLUSIVE, 0);
        yield* sys.lockmgr(recursive, LK.RELEASE, 0);
        seen.push(yield* sys.lockstatus(recursive), yield* sys.lockdestroy(recursive));
        yield* sys.lockmgr_disown(recursive);
        seen.push(yield* sys.lockstatus(recursive));
        yield* sys.lockmgr(single, LK.SHARED, 0);
        seen.push(yield* sys.lockstatus(single), yield* sys.lockmgr(single, LK.DOWNGRADE, 0));
        seen.push(yield* sys.lockstatus(single));
      },
      *two() {
        seen.push(yield* sys.lockmgr(recursive, LK.SHARED | LK.NOWAIT, 0));
        yield* sys.lockmgr(recursive, LK.RELEASE, 0);
        seen.push(yield* sys.lockstatus(recursive), yield* sys.lockdestroy(recursive));
      },
    });
    const { EXCLUSIVE } = LK;
    expect(seen).toEqual([
      ...[EXCLUSIVE, EBUSY, EXCLUSIVE, EXCLUSIVE, 0, EXCLUSIVE],
      ...[EBUSY, 0, 0],
    ]);
  });

  it("shows the holder of a lock with waiters, in either queue", () => {
    const machine = boot();
    const lock = lockOf(machine);
    const seen: unknown[] = [];
    inTurn(machine, {
      *owner() {
        yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
        yield* sys.sleep(50n * US);
        for (const td of machine.threads()) {
          if (!["sharer", "writer"].includes(td.name)) continue;
          const object = waitsFor(machine, td);
          seen.push(`${td.name}: ${object?.kind} ${object?.name} of ${object?.owner?.name}`);
        }
      },
      *sharer() {
        yield* sys.lockmgr(lock, LK.SHARED, 0);
      },
      *writer() {
        yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
      },
    });
    expect(seen.sort()).toEqual([
      "sharer: lockmgr vnode of owner",
      "writer: lockmgr vnode of owner",
    ]);
    expect(syncObjects(machine)).toMatchObject([{ kind: "lockmgr", waiters: 2 }]);
  });

  it("panics at wrong use, and refuses flags that do not exist", () => {
    const attempt = (...requests: readonly number[]) => {
      const machine = boot();
      const lock = lockOf(machine);
      machine.createThread({
        name: "t",
        *body() {
          for (const request of requests) yield* sys.lockmgr(lock, request, 0);
        },
      });
      return () => machine.run();
    };
    const { EXCLUSIVE, SHARED, RELEASE, DOWNGRADE, UPGRADE, DRAIN } = LK;
    const panics: readonly (readonly [string, ...number[]])[] = [
      ["recursing on non recursive lockmgr vnode", EXCLUSIVE, EXCLUSIVE],
      ["Lock vnode not locked", RELEASE],
      ["Lock vnode not exclusively locked", SHARED, DOWNGRADE],
      ["Lock vnode not sharelocked", EXCLUSIVE, UPGRADE],
      ["draining vnode with the lock held", EXCLUSIVE, DRAIN],
      ["Invalid requested operation", SHARED | EXCLUSIVE],
      ["unknown lockmgr request 0x0", 0],
      ["Invalid flags in regard of the operation", EXCLUSIVE, RELEASE | LK.NOWAIT],
      ["LK_INTERLOCK passed without valid interlock", EXCLUSIVE | LK.INTERLOCK],
      [
        "downgrade a recursed lockmgr vnode",
        ...[EXCLUSIVE | LK.CANRECURSE, EXCLUSIVE | LK.CANRECURSE, DOWNGRADE],
      ],
    ];
    for (const [text, ...requests] of panics) expect(attempt(...requests)).toThrow(text);
    const machine = boot();
    expect(machine.call(sys.lockinit(0, "vnode", 0, 0x40))[0]).toBe(EINVAL);
    expect(machine.call(sys.lockmgr(lockOf(machine), SHARED | 0x8000, 0))[0]).toBe(EINVAL);
  });

  it("keeps RV32 threads on several CPUs out of each other's way", () => {
    const machine = boot({ cpus: 4, quantum: 150 });
    const lock = lockOf(machine);
    const worker = program("worker")
      .data("count", { words: [0] })
      .loop(200, (b) =>
        b
          .call("lockmgr", lock, LK.EXCLUSIVE, 0)
          .load("t0", "count")
          .compute(70)
          .addi("t0", "t0", 1)
          .store("t0", "count")
          .call("lockmgr", lock, LK.DOWNGRADE, 0)
          .compute(40)
          .call("lockmgr", lock, LK.RELEASE, 0),
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
  it("does not mind the interlock, which is released before the thread waits", () => {
    const consoleOf = (flags: number) => {
      const machine = new Machine({ witness: true, maxthread: 1_000, objects: 16 }, buildUnderTest);
      const [, lock] = machine.call(sys.lockinit(0, "vnode", 0, 0));
      const [, mutex] = machine.call(sys.mtx_create("interlock"));
      machine.createThread({
        name: "t",
        *body() {
          yield* sys.mtx_lock(mutex);
          yield* sys.lockmgr(lock, LK.EXCLUSIVE | flags, mutex);
          yield* sys.lockmgr(lock, LK.RELEASE, 0);
          if (flags === 0) yield* sys.mtx_unlock(mutex);
          yield* sys.kthread_exit();
        },
      });
      machine.run();
      return machine.console;
    };
    expect(consoleOf(LK.INTERLOCK)).toBe("");
    expect(consoleOf(0)).toContain("lock order reversal: (sleepable after non-sleepable)");
  });

  it("lets a thread hold several of one name and sleep with them, unless created with LK_NODUP", () => {
    const consoleOf = (flags: number) => {
      const machine = new Machine({ witness: true, maxthread: 1_000, objects: 16 }, buildUnderTest);
      const locks = [0, 1].map(() => machine.call(sys.lockinit(0, "vnode", 0, flags))[1]);
      machine.createThread({
        name: "t",
        *body() {
          for (const lock of locks) yield* sys.lockmgr(lock, LK.EXCLUSIVE, 0);
          yield* sys.tsleep("x", 0, "x", 1);
          for (const lock of locks) yield* sys.lockmgr(lock, LK.RELEASE, 0);
          yield* sys.kthread_exit();
        },
      });
      machine.run();
      return machine.console;
    };
    expect(consoleOf(0)).toBe("");
    expect(consoleOf(LK.NODUP)).toContain('acquiring duplicate lock of same type: "vnode"');
    expect(consoleOf(LK.NODUP | LK.NOWITNESS)).toBe("");
  });
});
