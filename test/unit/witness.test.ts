// WITNESS (witness(4)): what it reports, and what it panics about, in the originals' words.

import { describe, expect, it } from "vitest";
import {
  type Body,
  type BodyFunction,
  LockManager,
  Machine,
  MutexOption,
  parseWorkload,
  runWorkload,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { runText, tasks } from "../support/workload-run.js";

const boot = (config = {}) =>
  new Machine({ witness: true, objects: 32, snapshots: true, ...config }, buildUnderTest);

const made = ([error, address]: readonly [number, number]): number => {
  expect(error).toBe(0);
  return address >>> 0;
};
const mutex = (machine: Machine, name: string, options = 0) =>
  made(machine.call(sys.mtx_init(name, options)));
const sx = (machine: Machine, name: string) => made(machine.call(sys.sx_init(name, 0)));
const rw = (machine: Machine, name: string) => made(machine.call(sys.rw_init(name, 0)));

/** A thread that does something and ends; they run one after the other. */
function thread(machine: Machine, name: string, body: () => Body) {
  const run: BodyFunction = function* () {
    yield* body();
    yield sys.kthread_exit();
  };
  machine.createThread({ name, body: run });
  machine.run();
}

/** Takes locks in an order, and releases them. */
function* inOrder(...locks: number[]): Body {
  for (const lock of locks) yield* sys.mtx_lock(lock);
  for (const lock of locks.reverse()) yield* sys.mtx_unlock(lock);
}

describe("the order of locks", () => {
  it("is reported with both orders, names and threads when it is reversed, once", () => {
    const machine = boot();
    const [a, b] = [mutex(machine, "a"), mutex(machine, "b")];
    thread(machine, "first", () => inOrder(a, b));
    expect(machine.console).toBe("");
    thread(machine, "second", () => inOrder(b, a));
    thread(machine, "third", () => inOrder(b, a));
    const hex = (at: number) => `0x${at.toString(16)}`;
    expect(machine.console.trimEnd().split("\n")).toEqual([
      "lock order reversal:",
      ` 1st ${hex(b)} b (b, sleep mutex)`,
      ` 2nd ${hex(a)} a (a, sleep mutex)`,
      "lock order a -> b established by thread first (tid 100002)", // which has ended
      "lock order b -> a attempted by thread second (tid 100003)",
    ]);
  });

  it("goes through other locks", () => {
    const machine = boot();
    const [a, b, c] = ["a", "b", "c"].map((name) => mutex(machine, name)) as [
      number,
      number,
      number,
    ];
    thread(machine, "first", () => inOrder(a, b));
    thread(machine, "second", () => inOrder(b, c));
    thread(machine, "third", () => inOrder(c, a));
    expect(machine.console).toContain("lock order a -> b established by");
    expect(machine.console).toContain("lock order b -> c established by");
    expect(machine.console).toContain("lock order c -> a attempted by thread third");
  });

  it("names three locks where two of a type were taken with another between them", () => {
    const machine = boot();
    const [a, b, again] = ["a", "b", "a"].map((name) => mutex(machine, name)) as [
      number,
      number,
      number,
    ];
    thread(machine, "first", () => inOrder(a, b, again));
    const hex = (at: number) => `0x${at.toString(16)}`;
    expect(machine.console.split("\n").slice(0, 4)).toEqual([
      "lock order reversal:",
      ` 1st ${hex(a)} a (a, sleep mutex)`,
      ` 2nd ${hex(b)} b (b, sleep mutex)`,
      ` 3rd ${hex(again)} a (a, sleep mutex)`,
    ]);
  });

  it("is that of types: two locks of one name are reported once", () => {
    const machine = boot();
    const [one, two] = [mutex(machine, "fork"), mutex(machine, "fork")];
    thread(machine, "eater", () => inOrder(one, two));
    thread(machine, "other", () => inOrder(two, one));
    expect(machine.console.match(/duplicate lock of same type: "fork"/g)).toHaveLength(1);
    expect(machine.console).not.toContain("reversal");
  });

  it("forbids taking a sleepable lock while holding one that is not", () => {
    const machine = boot();
    const [door, slow] = [mutex(machine, "door"), sx(machine, "slow")];
    thread(machine, "sleepy", function* () {
      yield* sys.mtx_lock(door);
      yield* sys.sx_slock(slow);
      yield* sys.sx_sunlock(slow);
      yield* sys.mtx_unlock(door);
    });
    expect(machine.console).toContain("lock order reversal: (sleepable after non-sleepable)");
    expect(machine.console).toContain("slow (slow, sx)");
  });

  it("does not include locks that are only tried", () => {
    const machine = boot();
    const [a, b] = [mutex(machine, "a"), mutex(machine, "b")];
    thread(machine, "first", () => inOrder(a, b));
    thread(machine, "second", function* () {
      yield* sys.mtx_lock(b);
      yield* sys.mtx_trylock(a);
      yield* sys.mtx_unlock(a);
      yield* sys.mtx_unlock(b);
    });
    expect(machine.console).toBe("");
  });

  it("counts a lock that was handed over as taken", () => {
    const machine = boot();
    const [a, b] = [mutex(machine, "a"), mutex(machine, "b")];
    machine.createThread({
      name: "holder",
      *body() {
        yield* sys.mtx_lock(a);
        yield* sys.pause("wait", 3);
        yield* sys.mtx_unlock(a);
        yield sys.kthread_exit();
      },
    });
    // What the holder does is told, and nothing else.
    machine.createThread({
      name: "waiter",
      *body() {
        yield* sys.pause("wait", 1);
        yield* sys.mtx_trylock(a);
        yield* sys.pause("wait", 5);
        yield* inOrder(a, b);
        yield sys.kthread_exit();
      },
    });
    machine.run();
    expect(machine.console).toContain('Sleeping on "wait" with the following non-sleepable locks');
    thread(machine, "other", () => inOrder(b, a));
    expect(machine.console).toContain("lock order reversal:");
  });

  it("is part of a snapshot", async () => {
    const machine = boot();
    const [a, b] = [mutex(machine, "a"), mutex(machine, "b")];
    thread(machine, "first", () => inOrder(a, b));
    const copy = machine.fork();
    thread(machine, "second", () => inOrder(b, a));
    thread(copy, "second", () => inOrder(b, a));
    expect(copy.console).toContain("lock order reversal");
    expect(copy.hash).toBe(machine.hash);
  });
});

describe("a thread that holds a lock", () => {
  it("may not sleep, unless the lock is sleepable or released by the sleep", () => {
    const machine = boot();
    const [door, slow] = [mutex(machine, "door"), sx(machine, "slow")];
    const user = mutex(machine, "user", MutexOption.NOLEND);
    thread(machine, "good", function* () {
      yield* sys.sx_xlock(slow);
      yield* sys.mtx_lock(user);
      yield* sys.pause("nap", 1);
      yield* sys.mtx_lock(door);
      yield* sys.msleep("event", door, 0, "event", 1);
      yield* sys.mtx_unlock(door);
      yield* sys.mtx_unlock(user);
      yield* sys.sx_xunlock(slow);
    });
    expect(machine.console).toBe("");
    thread(machine, "bad", function* () {
      yield* sys.mtx_lock(door);
      yield* sys.pause("nap", 1);
      yield* sys.mtx_unlock(door);
    });
    expect(machine.console).toContain(
      'Sleeping on "nap" with the following non-sleepable locks held, thread bad (tid 100003):\n' +
        "exclusive sleep mutex door r = 0 (0x",
    );
  });

  it("must not end", () => {
    const machine = boot();
    const shared = rw(machine, "table");
    const body = () => thread(machine, "careless", () => sys.rw_rlock(shared) as unknown as Body);
    expect(body).toThrow("Thread careless cannot exit while holding sleeplocks");
    expect(machine.console).toMatch(/exiting with the following locks held:\nshared rw table/);
  });

  it("is listed once, with how often it has recursed", () => {
    const machine = boot();
    const [shared, door] = [rw(machine, "table"), mutex(machine, "door", MutexOption.RECURSE)];
    const vnode = made(machine.call(sys.lockinit(0, "vnode", 0, LockManager.CANRECURSE)));
    const body = () =>
      thread(machine, "careless", function* () {
        for (let i = 0; i < 3; i++) {
          yield* sys.lockmgr(vnode, LockManager.EXCLUSIVE, 0);
          yield* sys.rw_rlock(shared);
          if (i > 0) yield* sys.mtx_lock(door);
        }
      });
    expect(body).toThrow("cannot exit while holding sleeplocks");
    for (const line of ["rw table r = 2", "sleep mutex door r = 1", "lockmgr vnode r = 2"]) {
      expect(machine.console).toContain(line);
    }
    expect(machine.console.match(/shared rw table/g)).toHaveLength(1);
  });

  it("must not want a blocking lock while that is a spin mutex", () => {
    const machine = boot();
    const [spin, door] = [mutex(machine, "spin", MutexOption.SPIN), mutex(machine, "door")];
    const body = () =>
      thread(machine, "eager", function* () {
        yield* sys.mtx_lock_spin(spin);
        yield* sys.mtx_lock(door);
      });
    expect(body).toThrow(
      "acquiring blockable sleep lock with spinlock or critical section held (sleep mutex) door",
    );
  });

  it("must not want a blocking lock in a critical section of its own", () => {
    const machine = boot({ scheduler: "lwkt" });
    const door = mutex(machine, "door");
    const body = () =>
      thread(machine, "eager", function* () {
        yield* sys.crit_enter();
        yield* sys.mtx_lock(door);
      });
    expect(body).toThrow(
      "acquiring blockable sleep lock with spinlock or critical section held (sleep mutex) door",
    );
  });

  it("must not want to own it while it shares it", () => {
    const machine = boot();
    const table = rw(machine, "table");
    const body = () =>
      thread(machine, "greedy", function* () {
        yield* sys.rw_rlock(table);
        yield* sys.rw_wlock(table);
      });
    expect(body).toThrow("share->excl");
    expect(machine.console).toBe("exclusive lock of (rw) table\nwhile share locked\n");
  });

  it("must not want to share an sx that it owns", () => {
    const machine = boot();
    const slow = sx(machine, "slow");
    const body = () =>
      thread(machine, "greedy", function* () {
        yield* sys.sx_xlock(slow);
        yield* sys.sx_slock(slow);
      });
    expect(body).toThrow("excl->share");
    expect(machine.console).toBe("shared lock of (sx) slow\nwhile exclusively locked\n");
  });

  it("may not wait for a condition, unless the wait releases the lock", () => {
    const machine = boot();
    const [door, table] = [mutex(machine, "door"), rw(machine, "table")];
    const cv = made(machine.call(sys.cv_create("ready")));
    thread(machine, "good", function* () {
      yield* sys.rw_rlock(table);
      yield* sys.cv_timedwait(cv, table, 1);
      yield* sys.rw_runlock(table);
    });
    expect(machine.console).toBe("");
    thread(machine, "bad", function* () {
      yield* sys.rw_wlock(table);
      yield* sys.mtx_lock(door);
      yield* sys.cv_timedwait(cv, door, 1);
      yield* sys.mtx_unlock(door);
      yield* sys.rw_wunlock(table);
    });
    expect(machine.console).toContain(
      'Waiting on "ready" with the following non-sleepable locks held, thread bad (tid 100003):\n' +
        "exclusive rw table r = 0 (0x",
    );
  });

  it("must not sleep while others wait for it", () => {
    const machine = boot();
    const door = mutex(machine, "door");
    machine.createThread({
      name: "sleeper",
      *body() {
        yield* sys.mtx_lock(door);
        yield* sys.pause("nap", 100);
      },
    });
    const body = () => thread(machine, "waiter", () => inOrder(door));
    expect(body).toThrow("sleeping thread");
    expect(machine.console).toMatch(/Sleeping thread sleeper \(tid \d+\) owns a non-sleepable/);
  });

  it("may have used up its budget while others wait for it", () => {
    for (const scheduler of ["4bsd", "ule"] as const) {
      const machine = boot({ scheduler });
      const door = mutex(machine, "door");
      const order: string[] = [];
      machine.createThread({
        name: "spender",
        *body() {
          yield* sys.sched_setdeadline_self(1_000, 20_000, 20_000);
          yield* sys.mtx_lock(door);
          for (let i = 0; i < 3; i++) yield* sys.compute(900_000n);
          order.push("spender");
          yield* sys.mtx_unlock(door);
          yield sys.kthread_exit();
        },
      });
      thread(machine, "waiter", function* () {
        yield* sys.pause("nap", 2);
        yield* inOrder(door);
        order.push("waiter");
      });
      expect(order).toEqual(["spender", "waiter"]);
      expect(machine.console).toBe("");
    }
  });
});

it("reports on a workload in the console part of its report", () => {
  const text = tasks(`
    "one": { "loop": 1, "lock": "a", "lock1": "b", "unlock": "b", "unlock1": "a" },
    "two": { "loop": 1, "sleep": 900, "lock": "b", "sleep1": 50, "lock1": "a", "unlock": "a", "unlock1": "b" }`);
  const { console: printed, outcome } = runWorkload(parseWorkload(text, "w.json"), {
    build: buildUnderTest,
    witness: true,
  });
  expect(outcome).toBe("finished");
  expect(printed).toContain("lock order b -> a attempted by thread two");
  expect(printed).not.toContain("Sleeping on"); // its mutexes are those of user programs
  expect(runText(text).console).toBe("");
});

it("changes nothing of a run", () => {
  const hashes = [true, false].map((witness) => {
    const machine = boot({ witness, cpus: 2 });
    const [a, b] = [mutex(machine, "a"), mutex(machine, "b")];
    for (let i = 0; i < 4; i++) {
      machine.createThread({
        name: `worker ${i}`,
        *body() {
          for (let turn = 0; turn < 50; turn++) {
            yield* sys.mtx_lock(a);
            yield* sys.compute(BigInt(100 * i + turn));
            yield* sys.mtx_lock(b);
            yield* sys.mtx_unlock(b);
            yield* sys.mtx_unlock(a);
          }
          yield sys.kthread_exit();
        },
      });
    }
    machine.run();
    return machine.hash;
  });
  expect(hashes[0]).toBe(hashes[1]);
});
