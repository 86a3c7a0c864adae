// Read/write and shared/exclusive locks, and the timed waits of condition variables and semaphores.

import { describe, expect, it } from "vitest";
import { EBUSY, EWOULDBLOCK, MTX_RECURSE } from "../../src/generated/layout.js";
import { type Body, type KernelCall, Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { inTurn } from "../support/in-turn.js";
import { Random } from "../support/random.js";
import { SCHEDULERS, withOwnPriorities } from "../support/schedulers.js";

const US = 1_000n;

/** The calls of one kind of lock. */
const kinds = {
  rwlock: {
    init: sys.rw_init,
    share: sys.rw_rlock,
    unshare: sys.rw_runlock,
    own: sys.rw_wlock,
    release: sys.rw_wunlock,
    tryShare: sys.rw_try_rlock,
    tryOwn: sys.rw_try_wlock,
    upgrade: sys.rw_try_upgrade,
    downgrade: sys.rw_downgrade,
    isOwned: sys.rw_wowned,
    sleep: sys.rw_sleep,
    destroy: sys.rw_destroy,
  },
  sx: {
    init: sys.sx_init,
    share: sys.sx_slock,
    unshare: sys.sx_sunlock,
    own: sys.sx_xlock,
    release: sys.sx_xunlock,
    tryShare: sys.sx_try_slock,
    tryOwn: sys.sx_try_xlock,
    upgrade: sys.sx_try_upgrade,
    downgrade: sys.sx_downgrade,
    isOwned: sys.sx_xlocked,
    sleep: sys.sx_sleep,
    destroy: sys.sx_destroy,
  },
} as const;

describe.each(SCHEDULERS)("under %s", (scheduler) => {
  const boot = (options = {}) =>
    withOwnPriorities(
      new Machine(
        { scheduler, maxthread: 1_000, objects: 16, hz: 100_000, quantum: 1_000, ...options },
        buildUnderTest,
      ),
    );

  const create = (machine: Machine, call: KernelCall<unknown>): number => {
    const [error, address] = machine.call(call);
    expect(error).toBe(0);
    return address >>> 0;
  };

  describe.each(Object.keys(kinds) as (keyof typeof kinds)[])("a lock of kind %s", (kind) => {
    const call = kinds[kind];

    it("has several sharers or one owner at any moment of a storm", () => {
      let most = 0;
      for (let seed = 1; seed <= 12; seed++) {
        const random = new Random(seed);
        const machine = boot({ cpus: random.pick([1, 2, 4, 8]), quantum: 100 + random.below(500) });
        const lock = create(machine, call.init("data", 0));
        let sharing = 0;
        let owning = 0;
        const check = () => {
          most = Math.max(most, sharing);
          if (owning > 1 || (owning === 1 && sharing > 0)) throw new Error(`seed ${seed}: both`);
        };
        for (let i = 0; i < 9; i++) {
          machine.createThread({
            name: `t${i}`,
            *body() {
              yield* sys.sched_prio_self(100 + random.below(60));
              for (let step = 0; step < 40; step++) {
                if (random.once(3)) {
                  yield* call.own(lock);
                  owning++;
                  check();
                  expect(yield* call.isOwned(lock)).toBe(true);
                  yield* sys.compute(BigInt(random.below(400)));
                  owning--;
                  if (random.once(3)) {
                    yield* call.downgrade(lock);
                    sharing++;
                    check();
                    yield* sys.compute(BigInt(random.below(300)));
                    sharing--;
                    yield* call.unshare(lock);
                  } else yield* call.release(lock);
                } else {
                  yield* call.share(lock);
                  sharing++;
                  check();
                  yield* sys.compute(BigInt(random.below(400)));
                  sharing--;
                  if (yield* call.upgrade(lock)) {
                    owning++;
                    check();
                    yield* sys.compute(BigInt(random.below(100)));
                    owning--;
                    yield* call.release(lock);
                  } else yield* call.unshare(lock);
                }
                if (random.once(4)) yield* sys.tsleep("nap", 0, "nap", 1);
              }
            },
          });
        }
        expect(machine.run().reason).toBe("idle");
        expect(machine.call(call.destroy(lock))[0]).toBe(0);
      }
      expect(most).toBeGreaterThan(1);
    });

    /** A body that shares a lock for a moment, and says so. */
    const sharer = (lock: number, order: string[], name: string) =>
      function* (): Body {
        yield* call.share(lock);
        order.push(name);
        yield* call.unshare(lock);
      };

    it("goes to exclusive waiters when both kinds wait", () => {
      const order: string[] = [];
      const machine = boot();
      const lock = create(machine, call.init("data", 0));
      const alone = (name: string) =>
        function* (): Body {
          yield* call.own(lock);
          order.push(name);
          yield* sys.sleep(100n * US);
          yield* call.release(lock);
        };
      const shared = (name: string) =>
        function* (): Body {
          yield* call.share(lock);
          order.push(name);
          yield* sys.sleep(100n * US);
          yield* call.unshare(lock);
        };
      inTurn(machine, { a: alone("A"), b: shared("b"), c: alone("C"), d: shared("d") });
      expect(order).toEqual(["A", "C", "b", "d"]);
    });

    it("is shared past an exclusive waiter by a thread that shares another one or only tries, not by one that may wait", () => {
      const order: string[] = [];
      const machine = boot();
      const lock = create(machine, call.init("data", 0));
      const other = create(machine, call.init("other", 0));
      const share = (name: string) => sharer(lock, order, name);
      inTurn(machine, {
        *first() {
          yield* call.share(lock);
          yield* sys.sleep(100n * US);
          order.push("first leaves");
          yield* call.unshare(lock);
        },
        *writer() {
          yield* call.own(lock);
          order.push("writer");
          yield* call.release(lock);
        },
        waits: share("waits"),
        *has() {
          yield* call.share(other);
          yield* share("shares another")();
          yield* call.unshare(other);
        },
        *tries() {
          order.push(`tries: ${yield* call.tryShare(lock)}`);
          yield* call.unshare(lock);
        },
      });
      expect(order).toEqual(["shares another", "tries: true", "first leaves", "writer", "waits"]);
    });

    it("is shared after a downgrade by its waiting sharers, unless there is an exclusive waiter", () => {
      const downgraded = (withWriter: boolean) => {
        const order: string[] = [];
        const machine = boot();
        const lock = create(machine, call.init("data", 0));
        const other = create(machine, call.init("other", 0));
        const share = (name: string) => sharer(lock, order, name);
        inTurn(machine, {
          *owner() {
            yield* call.own(lock);
            yield* sys.sleep(100n * US);
            yield* call.downgrade(lock);
            yield* sys.sleep(100n * US);
            order.push("owner leaves");
            yield* call.unshare(lock);
          },
          reader: share("reader"),
          *has() {
            yield* call.share(other);
            yield* share("shares another")();
            yield* call.unshare(other);
          },
          *writer() {
            if (!withWriter) return;
            yield* call.own(lock);
            order.push("writer");
            yield* call.release(lock);
          },
        });
        return order;
      };
      expect(downgraded(false)).toEqual(["reader", "shares another", "owner leaves"]);
      const others = ["owner leaves", "writer", "reader"];
      // An rwlock wakes no thread; an sx wakes all, and those that may still not share it wait again.
      expect(downgraded(true)).toEqual(
        kind === "rwlock" ? [...others, "shares another"] : ["shares another", ...others],
      );
    });

    it("is given up for a condition, and held in the same way afterwards", () => {
      const seen: unknown[] = [];
      const machine = boot();
      const lock = create(machine, call.init("data", 0));
      const cv = create(machine, sys.cv_create("cv"));
      inTurn(machine, {
        *owner() {
          yield* call.own(lock);
          yield* sys.cv_wait(cv, lock);
          seen.push(yield* call.isOwned(lock));
          yield* call.release(lock);
          yield* call.share(lock);
          seen.push(yield* sys.cv_timedwait(cv, lock, 2), yield* call.isOwned(lock));
          yield* call.unshare(lock);
        },
        *waker() {
          seen.push(yield* call.tryOwn(lock));
          yield* sys.cv_signal(cv);
          yield* call.release(lock);
        },
      });
      expect(seen).toEqual([true, true, EWOULDBLOCK, false]);
      expect(machine.call(call.destroy(lock))[0]).toBe(0);
    });

    it("is released while its holder sleeps, and held in the same way afterwards", () => {
      const seen: unknown[] = [];
      const machine = boot();
      const lock = create(machine, call.init("data", 0));
      inTurn(machine, {
        *owner() {
          yield* call.own(lock);
          seen.push(yield* call.sleep("x", lock, 0, "x", 0), yield* call.isOwned(lock));
          yield* call.release(lock);
          yield* call.share(lock);
          seen.push(yield* call.sleep("x", lock, 0, "x", 2), yield* call.isOwned(lock));
          yield* call.unshare(lock);
        },
        *waker() {
          seen.push(yield* call.tryOwn(lock));
          yield* sys.wakeup("x");
          yield* call.release(lock);
        },
      });
      expect(seen).toEqual([true, 0, true, EWOULDBLOCK, false]);
      expect(machine.call(call.destroy(lock))[0]).toBe(0);
    });

    it("recurses by option, is busy while it is held, and panics at wrong use", () => {
      const attempt = (options: number, calls: (lock: number) => Body) => {
        const machine = boot();
        const lock = create(machine, call.init("data", options));
        machine.createThread({ name: "t", body: () => calls(lock) });
        return () => machine.run();
      };
      attempt(MTX_RECURSE, function* (lock) {
        yield* call.own(lock);
        yield* call.own(lock);
        yield* call.release(lock);
        expect(yield* call.isOwned(lock)).toBe(true);
        expect(yield* call.destroy(lock)).toBe(EBUSY);
        yield* call.release(lock);
        yield* call.share(lock);
        expect(yield* call.destroy(lock)).toBe(EBUSY);
      })();
      const twice = attempt(0, function* (lock) {
        yield* call.own(lock);
        yield* call.own(lock);
      });
      expect(twice).toThrow(
        kind === "rwlock"
          ? "__rw_wlock_hard: recursing but non-recursive rw data"
          : "_sx_xlock_hard: recursed on non-recursive sx data",
      );
      const both = attempt(0, function* (lock) {
        yield* call.own(lock);
        yield* call.share(lock);
      });
      // sx(9): "will result in deadlock".
      if (kind === "sx") expect(both().reason).toBe("idle");
      else expect(both).toThrow("rw_rlock: wlock already held for data");
      const never = attempt(0, function* (lock) {
        yield* call.unshare(lock);
      });
      const shared = kind === "rwlock" ? "read" : "share";
      expect(never).toThrow(`Lock data not ${shared} locked`);
      const upgraded = attempt(0, function* (lock) {
        yield* call.upgrade(lock);
      });
      expect(upgraded).toThrow(`Lock data not ${shared} locked`);
      for (const next of [call.downgrade, (lock: number) => call.sleep("x", lock, 0, "x", 0)]) {
        const recursed = attempt(MTX_RECURSE, function* (lock) {
          yield* call.own(lock);
          yield* call.own(lock);
          yield* next(lock);
        });
        expect(recursed).toThrow("Lock data recursed");
      }
      const careless = attempt(0, function* (lock) {
        yield* call.sleep("x", lock, 0, "x", 0);
      });
      expect(careless).toThrow("Lock data not locked");
      const unowned = attempt(0, function* (lock) {
        yield* call.share(lock);
        yield* call.release(lock);
      });
      expect(unowned).toThrow("Lock data not exclusively locked");
    });
  });

  it("an rwlock lends to its exclusive owner from both kinds of waiters", () => {
    const machine = boot({ hz: 1_000_000 });
    const lock = create(machine, sys.rw_init("data", 0));
    const seen: (number | undefined)[] = [];
    const note = (name: string) =>
      seen.push([...machine.threads()].find((td) => td.name === name)?.priority);
    inTurn(machine, {
      *owner() {
        yield* sys.sched_prio_self(160);
        yield* sys.rw_wlock(lock);
        yield* sys.sleep(15n * US);
        note("owner");
        yield* sys.sleep(20n * US);
        note("owner");
        yield* sys.rw_downgrade(lock);
        note("owner");
        yield* sys.rw_runlock(lock);
      },
      *reader() {
        yield* sys.sched_prio_self(120);
        yield* sys.rw_rlock(lock);
        yield* sys.rw_runlock(lock);
      },
      *writer() {
        yield* sys.sched_prio_self(100);
        yield* sys.rw_wlock(lock);
        yield* sys.rw_wunlock(lock);
      },
    });
    expect(seen).toEqual([120, 100, 160]);
  });

  it("waits for a condition, and for a semaphore, no longer than its timeout", () => {
    const machine = boot();
    const mutex = create(machine, sys.mtx_create("m"));
    const cv = create(machine, sys.cv_create("c"));
    const sema = create(machine, sys.sema_create("s", 1));
    const seen: unknown[] = [];
    inTurn(machine, {
      *waiter() {
        yield* sys.mtx_lock(mutex);
        seen.push(yield* sys.cv_timedwait(cv, mutex, 3), yield* sys.mtx_owned(mutex));
        seen.push(yield* sys.cv_timedwait_sig(cv, mutex, 50), yield* sys.cv_wait_sig(cv, mutex));
        seen.push(yield* sys.sema_trywait(sema), yield* sys.sema_trywait(sema));
        seen.push(yield* sys.sema_timedwait(sema, 2), yield* sys.sema_timedwait(sema, 50));
        seen.push(yield* sys.sema_value(sema));
      },
      *waker() {
        yield* sys.sleep(100n * US);
        for (let i = 0; i < 2; i++) {
          yield* sys.cv_signal(cv);
          yield* sys.sleep(50n * US);
        }
        yield* sys.sema_post(sema);
      },
    });
    expect(seen).toEqual([EWOULDBLOCK, true, 0, 0, true, false, EWOULDBLOCK, 0, 0]);
  });

  it("waits for a semaphore again when another thread was first", () => {
    const machine = boot();
    const sema = create(machine, sys.sema_create("s", 0));
    const seen: unknown[] = [];
    inTurn(machine, {
      *waiter() {
        const from = machine.cycles;
        seen.push(yield* sys.sema_timedwait(sema, 20), Number(machine.cycles - from) / 10_000);
      },
      *thief() {
        yield* sys.sleep(100n * US);
        yield* sys.sema_post(sema);
        seen.push(yield* sys.sema_trywait(sema));
      },
    });
    expect(seen.slice(0, 2)).toEqual([true, EWOULDBLOCK]);
    expect(seen[2]).toBeGreaterThanOrEqual(30); // ten ticks, and twenty more
    expect(seen[2]).toBeLessThan(33);
  });
});
