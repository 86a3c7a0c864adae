// The kernel's synchronisation objects and clocks as JavaScript bodies use them.

import { describe, expect, it } from "vitest";
import { TimerMode } from "../../src/core/call-options.js";
import { EINVAL, ENOMEM, EWOULDBLOCK } from "../../src/generated/layout.js";
import { type Body, type KernelCall, sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { syncObjects, waitsFor } from "../../src/machine/sync-views.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";

const US = 1_000n;

describe.each(SCHEDULERS)("synchronisation under %s", (scheduler) => {
  const boot = (cpus = 1, objects = 64) =>
    new Machine(
      { cpus, scheduler, maxthread: 1_000, objects, hz: 1_000_000, quantum: 1_000 },
      buildUnderTest,
    );

  const create = (machine: Machine, call: KernelCall<unknown>): number => {
    const [error, address] = machine.call(call);
    expect(error).toBe(0);
    return address >>> 0;
  };

  const spawn = (machine: Machine, name: string, body: () => Body) =>
    machine.createThread({
      name,
      *body() {
        yield* body();
        yield* sys.kthread_exit();
      },
    });

  it("hands a mutex over in the order of arrival, across CPUs", () => {
    const machine = boot(8);
    const mutex = create(machine, sys.mtx_create("door"));
    const order: number[] = [];
    for (let i = 0; i < 8; i++) {
      spawn(machine, `t${i}`, function* () {
        yield* sys.sleep(BigInt(10 - i) * 10n * US);
        yield* sys.mtx_lock(mutex);
        order.push(i);
        yield* sys.compute(500n * US);
        yield* sys.mtx_unlock(mutex);
      });
    }
    expect(machine.run().reason).toBe("idle");
    expect(order).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
    expect(syncObjects(machine)[0]).toMatchObject({ uses: 8, contended: 7, waitersMax: 7 });
  });

  it("leaves a mutex with its owner when another thread wakes its waiters", () => {
    const machine = boot();
    const mutex = create(machine, sys.mtx_create("door"));
    const order: string[] = [];
    spawn(machine, "owner", function* () {
      yield* sys.mtx_lock(mutex);
      yield* sys.sleep(50n * US);
      yield* sys.wakeup(mutex);
      yield* sys.sleep(50n * US);
      order.push("owner done");
      expect(yield* sys.mtx_owned(mutex)).toBe(true);
      yield* sys.mtx_unlock(mutex);
    });
    spawn(machine, "waiter", function* () {
      yield* sys.sleep(10n * US);
      expect(yield* sys.mtx_owned(mutex)).toBe(false);
      yield* sys.mtx_lock(mutex);
      order.push("waiter has it");
      yield* sys.mtx_unlock(mutex);
    });
    machine.run();
    expect(order).toEqual(["owner done", "waiter has it"]);
    expect(syncObjects(machine)[0]).toMatchObject({ isOwned: false, owner: null, waiters: 0 });
  });

  it("shows the owner and the waiters of a mutex", () => {
    const machine = boot();
    const mutex = create(machine, sys.mtx_create("door"));
    const owner = spawn(machine, "owner", function* () {
      yield* sys.mtx_lock(mutex);
      yield* sys.sleep(100n * US);
      yield* sys.mtx_unlock(mutex);
    });
    const waiter = spawn(machine, "waiter", function* () {
      yield* sys.sleep(10n * US);
      yield* sys.mtx_lock(mutex);
      yield* sys.mtx_unlock(mutex);
    });
    machine.run({ until: 50n * US });
    const view = waitsFor(machine, waiter);
    expect(view).toMatchObject({ kind: "mutex", name: "door", waiters: 1 });
    expect(view?.owner?.address).toBe(owner.address);
    expect(waitsFor(machine, owner)).toBeNull();
    expect(waiter.waitMessage).toBe("door");
  });

  it("counts a semaphore's units and lets the last to arrive open a barrier", () => {
    const machine = boot(2);
    const semaphore = create(machine, sys.sema_create("units", 2));
    const barrier = create(machine, sys.barrier_create("meet", 3));
    const taken: number[] = [];
    const opened: boolean[] = [];
    for (let i = 0; i < 3; i++) {
      spawn(machine, `t${i}`, function* () {
        yield* sys.sleep(BigInt(1 + i) * 10n * US);
        yield* sys.sema_wait(semaphore);
        taken.push(i);
        yield* sys.sleep(100n * US);
        yield* sys.sema_post(semaphore);
        opened.push(yield* sys.barrier_wait(barrier));
      });
    }
    expect(machine.run().reason).toBe("idle");
    expect(taken).toEqual([0, 1, 2]);
    expect(opened.filter(Boolean)).toHaveLength(1);
    expect(syncObjects(machine).map(({ kind, value }) => [kind, value])).toEqual([
      ["semaphore", 2],
      ["barrier", 0],
    ]);
  });

  it("makes a thread wait for its whole timeout again if another one takes the unit that it was woken for", () => {
    const machine = boot(2);
    const semaphore = create(machine, sys.sema_create("units", 0));
    const seen: unknown[] = [];
    spawn(machine, "waits", function* () {
      const from = yield* sys.ticks();
      seen.push(yield* sys.sema_timedwait(semaphore, 50));
      seen.push((yield* sys.ticks()) - from >= 60);
      seen.push(yield* sys.sema_timedwait(semaphore, 50));
    });
    spawn(machine, "is faster", function* () {
      yield* sys.pause("first", 10);
      yield* sys.sema_post(semaphore);
      expect(yield* sys.sema_trywait(semaphore)).toBe(true);
      yield* sys.pause("second", 70);
      yield* sys.sema_post(semaphore);
    });
    expect(machine.run().reason).toBe("idle");
    expect(seen).toEqual([EWOULDBLOCK, true, 0]);
  });

  it("refuses negative semaphores, barriers for no thread, and objects beyond the arena", () => {
    const machine = boot(1, 16);
    expect(machine.call(sys.sema_create("s", -1))[0]).toBe(EINVAL);
    expect(machine.call(sys.barrier_create("b", 0))[0]).toBe(EINVAL);
    const errors = Array.from({ length: 20 }, () => machine.call(sys.mtx_create("m"))[0]);
    expect(errors.filter((error) => error === 0).length).toBeGreaterThan(10);
    expect(errors.at(-1)).toBe(ENOMEM);
  });

  it("panics with the thread's name at an object of another kind", () => {
    const machine = boot();
    const semaphore = create(machine, sys.sema_create("s", 0));
    spawn(machine, "confused", function* () {
      yield* sys.mtx_lock(semaphore);
    });
    expect(() => machine.run()).toThrow(/is not an object of that kind, thread confused/);
  });

  it("sleeps until a time and by a timer that the caller keeps, to the tick", () => {
    const machine = boot();
    const woken: bigint[] = [];
    spawn(machine, "t", function* () {
      yield* sys.sleep_until(1_500_500n);
      woken.push(yield* sys.cycles());
      yield* sys.sleep_until(1_000n);
      woken.push(yield* sys.cycles());
      let last = 0n;
      for (let i = 0; i < 3; i++) {
        last = yield* sys.timer_next(last, 10n * US, TimerMode.RELATIVE);
        woken.push(last);
      }
    });
    machine.run();
    const [first, second, ...timer] = woken as [bigint, bigint, ...bigint[]];
    expect(first / US).toBe(1_501n);
    expect(second / US).toBe(1_501n);
    expect(timer.map((at) => at - timer[0]!)).toEqual([0n, 10n * US, 20n * US]);
  });

  it("moves the caller to a CPU that it may run on, and refuses CPUs that do not exist", () => {
    const machine = boot(4);
    const seen: number[] = [];
    spawn(machine, "t", function* () {
      for (const mask of [0b0100n, 0b1100n, 0b0001n]) {
        expect(yield* sys.cpuset_setaffinity(mask)).toBe(0);
        seen.push(yield* sys.curcpu());
      }
      expect(yield* sys.cpuset_setaffinity(0xf0n)).toBe(EINVAL);
      expect(yield* sys.sched_prio_self(256)).toBe(EINVAL);
    });
    expect(machine.run().reason).toBe("idle");
    expect(seen).toEqual([2, 2, 0]);
  });
});
