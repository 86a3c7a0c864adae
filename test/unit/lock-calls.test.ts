// What kernel code does with locks now and then: sleep with a spin mutex, wait without taking the lock again,
// wait for an sx interruptibly, wake the last sleeper, and assert how it holds a lock.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { EINTR, ERESTART, EWOULDBLOCK, MTX_RECURSE } from "../../src/generated/layout.js";
import {
  type Body,
  type KernelCall,
  LockAssertion as LA,
  LockManager,
  Machine,
  MutexOption,
  ReadMostlyOption,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { inTurn } from "../support/in-turn.js";
import { SCHEDULERS } from "../support/schedulers.js";

describe.each(SCHEDULERS)("under %s", (scheduler) => {
  const boot = (options = {}) =>
    new Machine(
      { scheduler, maxthread: 1_000, objects: 32, hz: 100_000, quantum: 1_000, ...options },
      buildUnderTest,
    );

  const make = (machine: Machine, call: KernelCall<unknown>): number => {
    const [error, address] = machine.call(call);
    expect(error).toBe(0);
    return address >>> 0;
  };

  const stateOf = (machine: Machine, lock: number) => ({
    owner: machine.kernel.read(lock + Layout.SyncObject.so_owner),
    waiters: machine.kernel.read(lock + Layout.SyncObject.so_waiters),
    shares: machine.kernel.read(lock + Layout.SyncObject.so_value),
  });

  describe("a spin mutex", () => {
    it("is taken by a try if it is free, and defers preemption", () => {
      const machine = boot();
      const spin = make(machine, sys.mtx_init("spin", MutexOption.SPIN | MutexOption.RECURSE));
      const seen: unknown[] = [];
      machine.createThread({
        name: "t",
        *body() {
          const td = yield* sys.curthread();
          const critical = () => machine.kernel.read(td + Layout.Thread.td_pri) >>> 5;
          seen.push(yield* sys.mtx_trylock_spin(spin), critical());
          seen.push(yield* sys.mtx_trylock_spin(spin), critical());
          yield* sys.mtx_unlock_spin(spin);
          seen.push(critical(), yield* sys.mtx_owned(spin));
        },
      });
      machine.run();
      expect(seen).toEqual([true, 1, false, 1, 0, false]);
      const door = make(machine, sys.mtx_create("door"));
      const wrong = () => machine.call(sys.mtx_trylock_spin(door));
      expect(wrong).toThrow("mtx_trylock_spin() of sleep mutex door");
    });

    it("is released while its holder sleeps, and held again afterwards, whichever thread held it meanwhile", () => {
      for (const cpus of [1, 2]) {
        const machine = boot({ cpus });
        const spin = make(machine, sys.mtx_init("spin", MutexOption.SPIN));
        const seen: unknown[] = [];
        inTurn(machine, {
          *sleeper() {
            const td = yield* sys.curthread();
            const critical = () => machine.kernel.read(td + Layout.Thread.td_pri) >>> 5;
            yield* sys.mtx_lock_spin(spin);
            seen.push(yield* sys.msleep_spin("x", spin, "x", 0));
            seen.push(yield* sys.mtx_owned(spin), critical());
            seen.push(yield* sys.msleep_spin("x", spin, "x", 3));
            seen.push(yield* sys.mtx_owned(spin), critical());
            yield* sys.mtx_unlock_spin(spin);
          },
          *waker() {
            seen.push(yield* sys.mtx_trylock_spin(spin));
            yield* sys.wakeup("x");
            yield* sys.compute(5_000n);
            yield* sys.mtx_unlock_spin(spin);
          },
        });
        expect(seen).toEqual([true, 0, true, 1, EWOULDBLOCK, true, 1]);
        expect(stateOf(machine, spin)).toEqual({ owner: 0, waiters: 0, shares: 0 });
      }
    });

    it("panics if msleep_spin is given a lock that it cannot sleep with", () => {
      const attempt = (calls: (machine: Machine) => Body) => {
        const machine = boot();
        machine.createThread({ name: "t", body: () => calls(machine) });
        return () => machine.run();
      };
      const init = (machine: Machine, options: number) =>
        make(machine, sys.mtx_init("door", options));
      const { SPIN, RECURSE } = MutexOption;
      expect(
        attempt(function* (machine) {
          yield* sys.msleep_spin("x", init(machine, 0), "x", 0);
        }),
      ).toThrow("msleep_spin() of sleep mutex door");
      expect(
        attempt(function* (machine) {
          yield* sys.msleep_spin("x", init(machine, SPIN), "x", 0);
        }),
      ).toThrow("mutex door not owned");
      expect(
        attempt(function* (machine) {
          const spin = init(machine, SPIN | RECURSE);
          yield* sys.mtx_lock_spin(spin);
          yield* sys.mtx_lock_spin(spin);
          yield* sys.msleep_spin("x", spin, "x", 0);
        }),
      ).toThrow("mutex door recursed");
    });
  });

  it("cv_wait_unlock leaves the lock, whatever kind it is, and however it was held", () => {
    for (const kind of ["mutex", "rwlock", "shared rwlock", "sx", "rmlock"]) {
      const machine = boot();
      const cv = make(machine, sys.cv_create("cv"));
      const lock = make(
        machine,
        kind === "mutex"
          ? sys.mtx_create("l")
          : kind === "sx"
            ? sys.sx_init("l", 0)
            : kind === "rmlock"
              ? sys.rm_init("l", 0)
              : sys.rw_init("l", 0),
      );
      const take = {
        mutex: sys.mtx_lock,
        rwlock: sys.rw_wlock,
        "shared rwlock": sys.rw_rlock,
        sx: sys.sx_xlock,
        rmlock: sys.rm_wlock,
      }[kind] as (lock: number) => KernelCall<void>;
      const seen: unknown[] = [];
      inTurn(machine, {
        *waits() {
          yield* take(lock);
          yield* sys.cv_wait_unlock(cv, lock);
          seen.push("woken", stateOf(machine, lock).owner, stateOf(machine, lock).shares);
        },
        *signals() {
          seen.push(stateOf(machine, lock).owner, stateOf(machine, lock).shares);
          yield* sys.cv_signal(cv);
        },
      });
      expect([kind, ...seen]).toEqual([kind, 0, 0, "woken", 0, 0]);
      expect(machine.kernel.read(cv + Layout.SyncObject.so_waiters)).toBe(0);
    }
  });

  it("wakeup_any wakes the last sleeper", () => {
    const machine = boot({ cpus: 2 });
    const woken: string[] = [];
    for (const name of ["a", "b", "c"]) {
      machine.createThread({
        name,
        *body() {
          yield* sys.tsleep("x", 0, "x", 0);
          woken.push(name);
        },
      });
      machine.run();
    }
    for (let i = 0; i < 4; i++) {
      machine.call(sys.wakeup_any("x"));
      machine.run();
    }
    expect(woken).toEqual(["c", "b", "a"]);
  });

  describe("an interruptible wait for an sx", () => {
    it("is taken and handed over as by the other calls", () => {
      for (const adaptiveLocks of [false, true]) {
        const machine = boot({ cpus: 2, adaptiveLocks });
        const sx = make(machine, sys.sx_init("sx", MTX_RECURSE));
        const order: unknown[] = [];
        inTurn(machine, {
          *owner() {
            order.push(yield* sys.sx_xlock_sig(sx), yield* sys.sx_xlock_sig(sx));
            yield* sys.sx_xunlock(sx);
            yield* sys.compute(20_000n);
            yield* sys.sleep(40_000n);
            yield* sys.sx_xunlock(sx);
          },
          *writer() {
            order.push(yield* sys.sx_xlock_sig(sx), "writer", yield* sys.sx_xlocked(sx));
            yield* sys.compute(1_000n);
            yield* sys.sx_xunlock(sx);
          },
          *reader() {
            order.push(yield* sys.sx_slock_sig(sx), "reader", yield* sys.sx_xlocked(sx));
            yield* sys.sx_sunlock(sx);
          },
        });
        expect(order).toEqual([0, 0, 0, "writer", true, 0, "reader", false]);
        expect(stateOf(machine, sx)).toEqual({ owner: 0, waiters: 0, shares: 0 });
        expect(machine.call(sys.sx_destroy(sx))[0]).toBe(0);
      }
    });

    /**
     * A process whose second thread waits for an sx that a thread of the kernel's has for five milliseconds,
     * while the first does something. What was seen: the call's result, and who had and wanted the lock when.
     */
    function interrupted(
      kind: "share" | "own",
      happens: (process: number) => Body,
      goesOn = 8_000_000n,
      before: (machine: Machine, process: number, td: number) => void = () => {},
    ) {
      const machine = boot({ cpus: 2 });
      const sx = make(machine, sys.sx_init("sx", 0));
      const seen: unknown[] = [];
      const has = () => stateOf(machine, sx).owner !== 0 || stateOf(machine, sx).shares !== 0;
      let process = 0;
      inTurn(machine, {
        *owner() {
          yield* sys.sx_xlock(sx);
          yield* sys.sleep(5_000_000n);
          seen.push("released", stateOf(machine, sx).waiters);
          yield* sys.sx_xunlock(sx);
        },
        *forker() {
          const first = function* (): Body {
            yield* sys.thr_create(function* () {
              yield* sys.sleep(100_000n);
              before(machine, process, yield* sys.curthread());
              const error = yield* kind === "share" ? sys.sx_slock_sig(sx) : sys.sx_xlock_sig(sx);
              seen.push(error);
              if (error === 0) yield* kind === "share" ? sys.sx_sunlock(sx) : sys.sx_xunlock(sx);
            }, 0);
            yield* sys.sleep(500_000n);
            yield* happens(process);
          };
          process = (yield* sys.fork(first, 0, 0, 0, -1)).address;
        },
        *helper() {
          yield* sys.sleep(goesOn);
          seen.push(has());
          if (process !== 0) yield sys.proc_cont(process);
        },
      });
      expect(stateOf(machine, sx)).toEqual({ owner: 0, waiters: 0, shares: 0 });
      expect(machine.call(sys.sx_destroy(sx))[0]).toBe(0);
      return seen;
    }

    it.each(["share", "own"] as const)(
      "returns an error when the process ends or has one thread only: %s",
      (kind) => {
        const ends = interrupted(kind, function* () {
          yield sys.exit(0);
        });
        expect(ends.slice(0, 3)).toEqual([EINTR, "released", 0]);
        const single = interrupted(kind, function* (process) {
          expect(yield* sys.thread_single(process, Layout.SINGLE_NO_EXIT)).toBe(0);
          yield sys.thread_single_end(process, Layout.SINGLE_NO_EXIT);
        });
        expect(single.slice(0, 3)).toEqual([ERESTART, "released", 0]);
      },
    );

    it.each(["share", "own"] as const)(
      "is handed to nobody who is stopped, and looked at again: %s",
      (kind) => {
        const stops = function* (process: number): Body {
          yield sys.proc_stop(process);
        };
        // Released at 5 ms, free at 8 ms, when the process goes on.
        expect(interrupted(kind, stops)).toEqual(["released", 1, false, 0]);
        // It goes on at 2 ms, and waits again.
        expect(interrupted(kind, stops, 2_000_000n)).toEqual([true, "released", 1, 0]);
        // Another CPU has stopped the process in this very round.
        const begins = interrupted(
          kind,
          function* () {},
          8_000_000n,
          ({ kernel }, process, td) => {
            const flags = (process + Layout.Proc.p_flag) >>> 2;
            kernel.u32[flags] = (kernel.u32[flags] as number) | Layout.P_STOPPED_SIG;
            const ast = kernel.cold(td) + Layout.ThreadCold.td_ast;
            kernel.u8[ast] = (kernel.u8[ast] as number) | Layout.TDA_SUSPEND;
          },
        );
        expect(begins).toEqual(["released", 1, false, 0]);
      },
    );

    it.each([sys.sx_slock_sig, sys.sx_xlock_sig])(
      "waits after a request to stop that was taken back before its thread looked (%#)",
      (take) => {
        const machine = boot({ roundRobin: 0 });
        const sx = make(machine, sys.sx_init("sx", 0));
        const seen: unknown[] = [];
        machine.createThread({
          name: "owner",
          *body() {
            yield* sys.sx_xlock(sx);
            let started = false;
            const process = yield* sys.fork(
              function* () {
                started = true;
                yield* sys.sched_relinquish();
                seen.push(yield* take(sx));
              },
              ...([0, 0, 0, -1] as const),
            );
            while (!started) yield* sys.sched_relinquish();
            yield sys.proc_stop(process); // it waits for the CPU, and notices nothing of either
            yield sys.proc_cont(process);
            for (let i = 0; i < 3; i++) yield* sys.sched_relinquish();
            seen.push(stateOf(machine, sx).waiters);
            yield* sys.sx_xunlock(sx);
          },
        });
        machine.run();
        expect(seen).toEqual([1, 0]);
      },
    );
  });

  describe("an assertion", () => {
    /** What a thread finds that takes a lock somehow and then asserts something: the panic's text, or null. */
    function asserted(
      init: KernelCall<unknown>,
      takes: readonly ((lock: number) => KernelCall<unknown>)[],
      assert: (lock: number) => KernelCall<unknown>,
    ): string | null {
      const machine = boot();
      const lock = make(machine, init);
      machine.createThread({
        name: "t",
        *body() {
          for (const take of takes) yield* take(lock);
          yield* assert(lock);
          yield* sys.tsleep("for ever", 0, "done", 0);
        },
      });
      try {
        machine.run();
        return null;
      } catch (error) {
        return (error as Error).message.split("\n")[0] as string;
      }
    }

    it("of a mutex says whether the caller has it, and how often", () => {
      const init = sys.mtx_init("m", MutexOption.RECURSE);
      const once = [sys.mtx_lock];
      const twice = [sys.mtx_lock, sys.mtx_lock];
      const check = (takes: typeof once, what: number) =>
        asserted(init, takes, (lock) => sys.mtx_assert(lock, what));
      expect(check([], LA.UNLOCKED)).toBeNull();
      expect(check(once, LA.EXCLUSIVE)).toBeNull();
      expect(check(once, LA.EXCLUSIVE | LA.NOTRECURSED)).toBeNull();
      expect(check(twice, LA.EXCLUSIVE | LA.RECURSED)).toBeNull();
      expect(check([], LA.EXCLUSIVE)).toMatch("mutex m not owned");
      expect(check(once, LA.UNLOCKED)).toMatch("mutex m owned");
      expect(check(twice, LA.EXCLUSIVE | LA.NOTRECURSED)).toMatch("mutex m recursed");
      expect(check(once, LA.EXCLUSIVE | LA.RECURSED)).toMatch("mutex m unrecursed");
      for (const what of [LA.SHARED, LA.LOCKED, 32, LA.EXCLUSIVE | LA.SHARED, 28]) {
        expect(check(once, what)).toMatch("unknown mtx_assert");
      }
    });

    const kinds = [
      {
        ...{ name: "rw", init: sys.rw_init("l", MTX_RECURSE), shared: "read" },
        ...{ share: sys.rw_rlock, own: sys.rw_wlock, assert: sys.rw_assert },
      },
      {
        ...{ name: "sx", init: sys.sx_init("l", MTX_RECURSE), shared: "share" },
        ...{ share: sys.sx_slock, own: sys.sx_xlock, assert: sys.sx_assert },
      },
      {
        ...{ name: "rm", init: sys.rm_init("l", ReadMostlyOption.RECURSE), shared: "read" },
        ...{ share: sys.rm_rlock, own: sys.rm_wlock, assert: sys.rm_assert },
      },
    ] as const;

    it.each(kinds)("of a lock of kind $name says how it is held", (kind) => {
      const { name, init, share, own, assert, shared } = kind;
      const check = (takes: readonly ((lock: number) => KernelCall<unknown>)[], what: number) =>
        asserted(init, takes, (lock) => assert(lock, what));
      expect(check([], LA.UNLOCKED)).toBeNull();
      for (const what of [LA.SHARED, LA.LOCKED, LA.LOCKED | LA.NOTRECURSED]) {
        expect(check([share], what)).toBeNull();
      }
      for (const what of [LA.EXCLUSIVE, LA.LOCKED, LA.EXCLUSIVE | LA.NOTRECURSED]) {
        expect(check([own], what)).toBeNull();
      }
      expect(check([], LA.LOCKED)).toMatch("Lock l not locked");
      expect(check([], LA.SHARED)).toMatch(`Lock l not ${shared} locked`);
      expect(check([share], LA.EXCLUSIVE)).toMatch("Lock l not exclusively locked");
      expect(check([own], LA.UNLOCKED)).toMatch("Lock l exclusively locked");
      expect(check([own], LA.SHARED)).toMatch(
        name === "rm" ? "Lock l exclusively locked" : `Lock l not ${shared} locked`,
      );
      expect(check([own], LA.EXCLUSIVE | LA.RECURSED)).toMatch("Lock l not recursed");
      if (name !== "rm") {
        expect(check([own, own], LA.EXCLUSIVE | LA.RECURSED)).toBeNull();
        expect(check([own, own], LA.LOCKED | LA.NOTRECURSED)).toMatch("Lock l recursed");
      } else {
        // Who shares it is known.
        expect(check([share], LA.UNLOCKED)).toMatch("Lock l read locked");
        expect(check([share, share], LA.SHARED | LA.RECURSED)).toBeNull();
        expect(check([share, share], LA.SHARED | LA.NOTRECURSED)).toMatch("Lock l recursed");
      }
      expect(check([own], 64)).toMatch(`Unknown ${name} lock assertion: 64`);
    });

    it("of a lock of lockmgr says how it is held, and treats a disowned one as held by every thread", () => {
      const init = sys.lockinit(0, "l", 0, LockManager.CANRECURSE);
      const own = (lock: number) => sys.lockmgr(lock, LockManager.EXCLUSIVE, 0);
      const share = (lock: number) => sys.lockmgr(lock, LockManager.SHARED, 0);
      const check = (takes: readonly ((lock: number) => KernelCall<unknown>)[], what: number) =>
        asserted(init, takes, (lock) => sys.lockmgr_assert(lock, what));
      // Of a lock that is shared the original does not look at how often.
      const shared = [
        LA.UNLOCKED,
        LA.LOCKED,
        LA.SHARED,
        LA.SHARED | LA.RECURSED,
        LA.LOCKED | LA.NOTRECURSED,
      ];
      const alone = [
        LA.LOCKED,
        LA.EXCLUSIVE,
        LA.EXCLUSIVE | LA.NOTRECURSED,
        LA.LOCKED | LA.NOTRECURSED,
      ];
      expect(check([], LA.UNLOCKED)).toBeNull();
      for (const what of shared) expect(check([share], what)).toBeNull();
      for (const what of alone) {
        expect(check([own], what)).toBeNull();
        expect(check([own, sys.lockmgr_disown], what)).toBeNull();
      }
      for (const what of [LA.LOCKED | LA.RECURSED, LA.EXCLUSIVE | LA.RECURSED]) {
        expect(check([own, own], what)).toBeNull();
        expect(check([own], what)).toMatch("Lock l not recursed");
      }
      for (const what of [LA.LOCKED | LA.NOTRECURSED, LA.EXCLUSIVE | LA.NOTRECURSED]) {
        expect(check([own, own], what)).toMatch("Lock l recursed");
      }
      expect(check([], LA.LOCKED)).toMatch("Lock l not locked");
      expect(check([], LA.SHARED)).toMatch("Lock l not sharelocked");
      expect(check([own], LA.SHARED)).toMatch("Lock l not sharelocked");
      expect(check([], LA.EXCLUSIVE)).toMatch("Lock l not exclusively locked");
      expect(check([share], LA.EXCLUSIVE)).toMatch("Lock l not exclusively locked");
      expect(check([own], LA.UNLOCKED)).toMatch("Lock l exclusively locked");
      expect(check([own, sys.lockmgr_disown], LA.UNLOCKED)).toMatch("Lock l exclusively locked");
      for (const what of [32, LA.EXCLUSIVE | LA.SHARED, LA.LOCKED | LA.RECURSED | LA.NOTRECURSED]) {
        expect(check([own], what)).toMatch(`Unknown lockmgr lock assertion: ${what}`);
      }
    });
  });
});
