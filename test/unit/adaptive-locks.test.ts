// Adaptive spinning: a thread that finds a lock taken spins as long as the owner runs, without sleeping.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { type Body, type KernelCall, Machine, MutexOption, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { Random } from "../support/random.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { runText } from "../support/workload-run.js";

const US = 1_000n;

/** How each kind of lock is made, taken alone and released. */
const kinds = {
  mtx: { make: () => sys.mtx_create("l"), own: sys.mtx_lock, disown: sys.mtx_unlock },
  rw: { make: () => sys.rw_init("l", 0), own: sys.rw_wlock, disown: sys.rw_wunlock },
  sx: { make: () => sys.sx_init("l", 0), own: sys.sx_xlock, disown: sys.sx_xunlock },
  rm: { make: () => sys.rm_init("l", 0), own: sys.rm_wlock, disown: sys.rm_wunlock },
};
const sharing: readonly (readonly [
  keyof typeof kinds,
  (lock: number) => KernelCall<unknown>,
  (lock: number) => KernelCall<unknown>,
])[] = [
  ["rw", sys.rw_rlock, sys.rw_runlock],
  ["sx", sys.sx_slock, sys.sx_sunlock],
  ["rm", sys.rm_rlock, sys.rm_runlock],
];

describe.each(SCHEDULERS)("under %s", (scheduler) => {
  const boot = (options = {}) =>
    new Machine(
      {
        scheduler,
        maxthread: 1_000,
        objects: 40,
        hz: 1_000_000,
        quantum: 100,
        adaptiveLocks: true,
        ...options,
      },
      buildUnderTest,
    );

  /**
   * A thread holds the lock and computes for 200 us, or sleeps so long; another one, on its own CPU or the
   * same, wants it meanwhile. How long after the release that one has it, and how often it has slept for it.
   */
  function handOver(
    kind: keyof typeof kinds,
    take: (lock: number) => KernelCall<unknown>,
    { sleeps = false, cpus = 2, adaptiveLocks = true } = {},
  ): { late: bigint; switches: number } {
    const machine = boot({ cpus, adaptiveLocks });
    const { make, own, disown } = kinds[kind];
    const [error, lock] = machine.call(make());
    expect(error).toBe(0);
    let released = 0n;
    let got = 0n;
    let switches = -1;
    const bind = (cpu: number) => sys.cpuset_setaffinity(1n << BigInt(cpu));
    const self = () => [...machine.threads()].find(({ name }) => name === "waiter");
    machine.createThread({
      name: "owner",
      *body() {
        yield* bind(0);
        yield* own(lock);
        yield* sleeps ? sys.sleep(200n * US) : sys.compute(200n * US);
        released = yield* sys.cycles();
        yield* disown(lock);
      },
    });
    machine.createThread({
      name: "waiter",
      *body() {
        yield* bind(cpus - 1);
        yield* sys.sleep(50n * US);
        const before = self()?.voluntarySwitches ?? 0;
        yield* take(lock);
        got = yield* sys.cycles();
        switches = (self()?.voluntarySwitches ?? 0) - before;
      },
    });
    machine.run();
    return { late: got - released, switches };
  }

  const cases = [
    ...Object.entries(kinds).map(([kind, { own }]) => [kind, "alone", own] as const),
    ...sharing.map(([kind, share]) => [kind, "shared", share] as const),
  ] as readonly (readonly [keyof typeof kinds, string, (lock: number) => KernelCall<unknown>])[];

  it.each(cases)(
    "%s, wanted %s, is spun for while its owner runs, and slept for otherwise",
    (kind, _how, take) => {
      const spins = handOver(kind, take);
      expect(spins.switches).toBe(0);
      // A look every 100 cycles, and CPUs' clocks that differ by a quantum.
      expect(spins.late).toBeLessThan(250n);
      expect(handOver(kind, take, { sleeps: true }).switches).toBe(1);
      expect(handOver(kind, take, { adaptiveLocks: false }).switches).toBe(1);
      // Its owner cannot run on the same CPU.
      expect(handOver(kind, take, { cpus: 1 })).toEqual(
        handOver(kind, take, { cpus: 1, adaptiveLocks: false }),
      );
    },
  );

  it.each(Object.keys(kinds) as (keyof typeof kinds)[])(
    "%s has one owner at a time, and is everybody's in the end",
    (kind) => {
      const { make, own, disown } = kinds[kind];
      for (let seed = 1; seed <= 4; seed++) {
        const random = new Random(seed);
        const machine = boot({ cpus: random.pick([2, 4, 8]), quantum: 100 + random.below(400) });
        const [, lock] = machine.call(make());
        let owners = 0;
        let ended = 0;
        for (let i = 0; i < 9; i++) {
          machine.createThread({
            name: `t${i}`,
            *body(): Body {
              yield* sys.sched_prio_self(100 + random.below(60));
              for (let step = 0; step < 40; step++) {
                yield* own(lock);
                if (++owners !== 1) throw new Error(`seed ${seed}: ${owners} owners`);
                yield* random.once(6)
                  ? sys.tsleep("nap", 0, "nap", 1)
                  : sys.compute(BigInt(random.below(700)));
                owners--;
                yield* disown(lock);
                yield* sys.compute(BigInt(random.below(900)));
              }
              ended++;
            },
          });
        }
        expect([machine.run().reason, ended]).toEqual(["idle", 9]);
      }
    },
  );

  /** A lock of CPU 0's that is held from 30 us on, for 200 us. */
  function held(machine: Machine, take: KernelCall<unknown>, release: KernelCall<unknown>): void {
    machine.createThread({
      name: "owner",
      *body() {
        yield* sys.cpuset_setaffinity(1);
        yield* sys.sleep_until(30n * US);
        yield* take;
        yield* sys.compute(200n * US);
        yield* release;
      },
    });
  }

  it("an interruptible wait that began by spinning ends without the lock when the process does", () => {
    const machine = boot({ cpus: 2 });
    const sx = machine.call(sys.sx_init("l", 0))[1] >>> 0;
    const seen: unknown[] = [];
    machine.createThread({
      name: "owner",
      *body() {
        yield* sys.cpuset_setaffinity(1);
        yield* sys.sx_xlock(sx);
        yield* sys.compute(60n * US);
        yield* sys.sleep(100n * US); // now the waiter sleeps, too
        yield* sys.sx_xunlock(sx);
      },
    });
    machine.createThread({
      name: "forker",
      *body() {
        yield* sys.fork(
          function* () {
            yield* sys.cpuset_setaffinity(2);
            yield* sys.thr_create(function* () {
              yield* sys.sleep(20n * US);
              seen.push(yield* sys.sx_xlock_sig(sx));
            }, 0);
            yield* sys.sleep(120n * US);
            yield sys.exit(0);
          },
          ...([0, 0, 0, -1] as const),
        );
      },
    });
    machine.run();
    expect(seen).toEqual([Layout.EINTR]);
  });

  it("a thread whose process is stopped while it spins stops when its call is over", () => {
    const machine = boot({ cpus: 2 });
    const lock = machine.call(sys.mtx_create("l"))[1] >>> 0;
    const seen: unknown[] = [];
    held(machine, sys.mtx_lock(lock), sys.mtx_unlock(lock));
    machine.createThread({
      name: "forker",
      *body() {
        const process = yield* sys.fork(
          function* () {
            yield* sys.cpuset_setaffinity(2);
            yield* sys.sleep_until(60n * US);
            yield* sys.mtx_lock(lock);
            seen.push(Number(yield* sys.cycles()) > 500_000);
            yield* sys.mtx_unlock(lock);
          },
          ...([0, 0, 0, -1] as const),
        );
        yield* sys.cpuset_setaffinity(1);
        yield* sys.sleep_until(80n * US);
        yield sys.proc_stop(process);
        const { p_suspcount } = Layout.Proc;
        const stopped = () => machine.kernel.read(process.address + p_suspcount);
        yield* sys.sleep_until(200n * US);
        seen.push(stopped(), machine.kernel.read(lock + Layout.SyncObject.so_waiters));
        yield* sys.sleep_until(500n * US);
        seen.push(stopped());
        yield sys.proc_cont(process);
      },
    });
    machine.run();
    expect(seen).toEqual([0, 1, 1, true]);
  });

  it("a thread that is to stop goes on for as long as it has a spin mutex", () => {
    const machine = boot({ cpus: 2 });
    const spin = machine.call(sys.mtx_init("l", MutexOption.SPIN))[1] >>> 0;
    const seen: unknown[] = [];
    machine.createThread({
      name: "forker",
      *body() {
        const process = yield* sys.fork(
          function* () {
            yield* sys.cpuset_setaffinity(2);
            yield* sys.mtx_lock_spin(spin);
            seen.push(yield* sys.msleep_spin("x", spin, "x", 0));
            yield* sys.compute(10n * US);
            yield* sys.mtx_unlock_spin(spin);
            seen.push("never before it continues");
          },
          ...([0, 0, 0, -1] as const),
        );
        yield* sys.cpuset_setaffinity(1);
        yield* sys.sleep(50n * US);
        yield sys.proc_stop(process);
        yield sys.wakeup("x");
        yield* sys.sleep(100n * US);
        seen.push(machine.kernel.read(process.address + Layout.Proc.p_suspcount));
        yield* sys.mtx_lock_spin(spin); // if a stopped thread had it: "spin lock held too long"
        yield* sys.mtx_unlock_spin(spin);
        yield sys.proc_cont(process);
      },
    });
    machine.run();
    expect(seen).toEqual([0, 1, "never before it continues"]);
  });
});

it("is an option of workloads", () => {
  const text = `{ "tasks": {
    "a": { "instance": 2, "loop": 50, "lock": "m", "run": 40, "unlock": "m", "run1": 10 } } }`;
  const switches = (adaptiveLocks: boolean) =>
    runText(text, { cpus: 2, adaptiveLocks }).cpus.reduce((sum, cpu) => sum + cpu.switches, 0);
  expect(switches(true)).toBeLessThan(switches(false) / 2);
});
