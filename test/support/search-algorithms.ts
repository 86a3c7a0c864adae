// Well known algorithms, each in its right form and with one mistake, as tests for searches.

import * as Layout from "../../src/generated/layout.js";
import {
  type FailureKind,
  type Handle,
  type KernelCall,
  type Machine,
  type SearchTools,
  type Setup,
  type SharedWord,
  sys,
} from "../../src/index.js";

/** An algorithm, and how its broken form fails. */
export interface Algorithm {
  readonly make: (isBroken: boolean) => Setup;
  /** Each kind of failure, and the fewest preemptions with which it comes. */
  readonly fails: Readonly<Partial<Record<FailureKind, number>>>;
  /** True if it needs LWKT's calls. */
  readonly lwkt?: boolean;
  /** Default 1. */
  readonly cpus?: number;
}

type Body = Generator<KernelCall<unknown>, void>;

function thread(machine: Machine, name: string, body: () => Body, cpu?: number): void {
  machine.createThread({
    name,
    body: body as () => Generator<never>,
    ...(cpu === undefined ? {} : { cpu }),
  });
}

function made(machine: Machine, call: Parameters<Machine["call"]>[0]): Handle {
  return { address: (machine.call(call)[1] ?? 0) >>> 0 };
}

/** Yields until a condition holds. */
function* until(holds: () => Generator<KernelCall<unknown>, boolean>): Body {
  while (!(yield* holds())) yield* sys.sched_relinquish();
}

/** Waits until a word has a value. */
function* become(word: SharedWord, value: number): Body {
  yield* until(function* () {
    return (yield* word.load()) === value;
  });
}

function mustBe(what: string, is: unknown, expected: unknown): void {
  if (is !== expected) throw new Error(`${what} is ${is}, not ${expected}`);
}

type Words = (count: number, name: string) => readonly SharedWord[];

/** Two threads that add to a word, each within `enter` and `leave` of a lock made of words. */
const lockOf =
  (
    make: (words: Words) => {
      readonly enter: (me: number) => Body;
      readonly leave: (me: number) => Body;
    },
  ): Setup =>
  (machine, { shared }) => {
    const count = shared(0, "count");
    const words: Words = (many, name) =>
      Array.from({ length: many }, (_, i) => shared(0, `${name}${i}`));
    const { enter, leave } = make(words);
    for (const me of [0, 1]) {
      thread(machine, `t${me}`, function* () {
        yield* enter(me);
        yield* count.set((yield* count.get()) + 1);
        yield* leave(me);
      });
    }
    return () => mustBe("count", count.value, 2);
  };

const at = (words: readonly SharedWord[], i: number): SharedWord => words[i] as SharedWord;

/** A ticket is drawn by a look and a store. */
const ticket = (isBroken: boolean): Setup =>
  lockOf((words) => {
    const [next, serving] = words(2, "ticket") as [SharedWord, SharedWord];
    return {
      *enter() {
        let mine: number;
        if (isBroken) {
          mine = yield* next.load();
          yield* next.store(mine + 1);
        } else mine = yield* next.add(1);
        yield* become(serving, mine);
      },
      *leave() {
        yield* serving.add(1);
      },
    };
  });

/** A node of a CLH lock is marked as waited for only once it can be seen. */
const clh = (isBroken: boolean): Setup =>
  lockOf((words) => {
    const nodes = words(3, "node");
    const [tail] = words(1, "tail") as [SharedWord];
    return {
      *enter(me) {
        const mine = at(nodes, me + 1);
        if (!isBroken) yield* mine.store(1);
        const before = yield* tail.store(me + 1);
        if (isBroken) yield* mine.store(1);
        yield* become(at(nodes, before), 0);
      },
      *leave(me) {
        yield* at(nodes, me + 1).store(0);
      },
    };
  });

/** Each looks at the other's flag before it sets its own. */
const flags = (isBroken: boolean): Setup =>
  lockOf((words) => {
    const wants = words(2, "wants");
    const [turn] = words(1, "turn") as [SharedWord];
    return {
      *enter(me) {
        if (isBroken) {
          yield* become(at(wants, 1 - me), 0);
          yield* at(wants, me).store(1);
          return;
        }
        yield* at(wants, me).store(1);
        yield* turn.store(1 - me);
        yield* until(function* () {
          return (yield* at(wants, 1 - me).load()) === 0 || (yield* turn.load()) === me;
        });
      },
      *leave(me) {
        yield* at(wants, me).store(0);
      },
    };
  });

/** The writer of a seqlock does not say that it has begun. */
const seqlock =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const sequence = shared(0, "sequence");
    const [a, b] = [shared(0, "a"), shared(0, "b")];
    thread(machine, "writer", function* () {
      if (!isBroken) yield* sequence.add(1);
      yield* a.store(1);
      yield* b.store(1);
      yield* sequence.add(isBroken ? 2 : 1);
    });
    thread(machine, "reader", function* () {
      for (;;) {
        const before = yield* sequence.load();
        const seen = [yield* a.load(), yield* b.load()];
        if (before % 2 === 0 && (yield* sequence.load()) === before) {
          mustBe("b", seen[1], seen[0]);
          return;
        }
        yield* sys.sched_relinquish();
      }
    });
  };

/** The top of Treiber's stack has no tag: it may be the same node again, with another one below. */
const treiber =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const top = shared(1, "top"); // 10 times the tag, plus the node
    const below = [shared(0, "below0"), shared(2, "below1"), shared(0, "below2")];
    const change = (old: number, node: number) =>
      top.compareAndSet(old, isBroken ? node : (Math.floor(old / 10) + 1) * 10 + node);
    const pop = function* () {
      for (;;) {
        const old = yield* top.load();
        if (old % 10 === 0) return 0;
        const next = yield* at(below, old % 10).load();
        if ((yield* change(old, next)) === old) return old % 10;
      }
    };
    const push = function* (node: number) {
      for (;;) {
        const old = yield* top.load();
        yield* at(below, node).store(old % 10);
        if ((yield* change(old, node)) === old) return;
      }
    };
    const taken: number[] = [];
    thread(machine, "one", function* () {
      taken.push(yield* pop());
    });
    thread(machine, "two", function* () {
      const first = yield* pop();
      taken.push(yield* pop());
      if (first !== 0) yield* push(first);
    });
    return () => {
      const nodes = taken.filter((node) => node !== 0);
      for (let node = top.value % 10; node !== 0 && nodes.length < 4; node = at(below, node).value)
        nodes.push(node);
      mustBe("what there is", nodes.sort().join(), "1,2");
    };
  };

/** An entry is linked by a look and a store to the queue of Michael and Scott. */
const queue =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const NONE = -1;
    const tail = shared(0, "tail");
    const next = [0, 1, 2].map((node) => shared(NONE, `next${node}`));
    for (const node of [1, 2]) {
      thread(machine, `adds ${node}`, function* () {
        for (;;) {
          const last = yield* tail.load();
          const behind = yield* at(next, last).load();
          if (behind !== NONE) {
            yield* tail.compareAndSet(last, behind);
            continue;
          }
          if (isBroken) yield* at(next, last).store(node);
          else if ((yield* at(next, last).compareAndSet(NONE, node)) !== NONE) continue;
          yield* tail.compareAndSet(last, node);
          return;
        }
      });
    }
    return () => {
      const nodes: number[] = [];
      for (let node = at(next, 0).value; node !== NONE; node = at(next, node).value)
        nodes.push(node);
      mustBe("what there is", nodes.sort().join(), "1,2");
    };
  };

/** The owner of a deque takes the last entry without asking whether a thief has it. */
const deque =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const [top, bottom] = [shared(0, "top"), shared(1, "bottom")];
    const taken: string[] = [];
    const takes = function* (name: string) {
      if ((yield* top.compareAndSet(0, 1)) === 0) taken.push(name);
    };
    thread(machine, "owner", function* () {
      yield* bottom.store(0);
      if ((yield* top.load()) > 0) return;
      if (isBroken) taken.push("owner");
      else yield* takes("owner");
    });
    thread(machine, "thief", function* () {
      if ((yield* top.load()) < (yield* bottom.load())) yield* takes("thief");
    });
    return () => {
      if (taken.length > 1) throw new Error(`${taken.join(" and ")} have it`);
    };
  };

/** A producer waits for room while it has the lock that a consumer needs to make some. */
const bounded =
  (isBroken: boolean): Setup =>
  (machine) => {
    const full = made(machine, sys.sema_create("full", 0));
    const room = made(machine, sys.sema_create("room", 1));
    const lock = made(machine, sys.mtx_create("lock"));
    thread(machine, "producer", function* () {
      for (let i = 0; i < 2; i++) {
        if (isBroken) yield* sys.mtx_lock(lock);
        yield* sys.sema_wait(room);
        if (!isBroken) yield* sys.mtx_lock(lock);
        yield* sys.mtx_unlock(lock);
        yield* sys.sema_post(full);
      }
    });
    thread(machine, "consumer", function* () {
      for (let i = 0; i < 2; i++) {
        yield* sys.sema_wait(full);
        yield* sys.mtx_lock(lock);
        yield* sys.mtx_unlock(lock);
        yield* sys.sema_post(room);
      }
    });
  };

/** What is published is written after the pointer to it. */
const publication =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const [pointer, data] = [shared(0, "pointer"), shared(0, "data")];
    thread(machine, "writer", function* () {
      if (isBroken) yield* pointer.store(1);
      yield* data.set(7);
      if (!isBroken) yield* pointer.store(1);
    });
    thread(machine, "reader", function* () {
      if ((yield* pointer.load()) === 1) mustBe("data", yield* data.get(), 7);
    });
  };

/** A consumer sleeps without the interlock. */
const interlock =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const lock = made(machine, sys.mtx_create("lock"));
    const full = shared(0, "full");
    thread(machine, "consumer", function* () {
      yield* sys.mtx_lock(lock);
      while ((yield* full.get()) === 0) {
        if (isBroken) {
          yield* sys.mtx_unlock(lock);
          yield* sys.tsleep("full", 0, "empty", 0);
          yield* sys.mtx_lock(lock);
        } else yield* sys.msleep("full", lock, 0, "empty", 0);
      }
      yield* sys.mtx_unlock(lock);
    });
    thread(machine, "producer", function* () {
      yield* sys.mtx_lock(lock);
      yield* full.set(1);
      yield* sys.mtx_unlock(lock);
      yield* sys.wakeup("full");
    });
  };

/** What was seen under a shared lock is trusted behind LK_UPGRADE, which may have let others in. */
const upgrade =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const lock = made(machine, sys.lockinit(0, "lock", 0, 0));
    const count = shared(0, "count");
    for (const name of ["one", "two"]) {
      thread(machine, name, function* () {
        yield* sys.lockmgr(lock, Layout.LK_SHARED, 0);
        let seen = yield* count.get();
        yield* sys.lockmgr(lock, Layout.LK_UPGRADE, 0);
        if (!isBroken) seen = yield* count.get();
        yield* count.set(seen + 1);
        yield* sys.lockmgr(lock, Layout.LK_RELEASE, 0);
      });
    }
    return () => mustBe("count", count.value, 2);
  };

/** A thread that may be an interrupt's adds to what another one adds to, which does not keep it off its CPU. */
const handler =
  (isBroken: boolean): Setup =>
  (machine, { shared }: SearchTools) => {
    const count = shared(0, "count");
    const adds = function* () {
      if (!isBroken) yield* sys.crit_enter();
      yield* count.set((yield* count.get()) + 1);
      if (!isBroken) yield* sys.crit_exit();
    };
    const body = adds as () => Generator<never>;
    machine.createLwkt({ name: "interrupt", priority: 20, body });
    thread(machine, "main", adds, 0);
    return () => mustBe("count", count.value, 2);
  };

/** Two CPUs take each its own token. */
const tokens =
  (isBroken: boolean): Setup =>
  (machine, { shared }) => {
    const all = [0, 1].map((cpu) => made(machine, sys.lwkt_token_create(cpu)));
    const count = shared(0, "count");
    for (const cpu of [0, 1]) {
      const token = all[isBroken ? cpu : 0] as Handle;
      const adds = function* () {
        yield* sys.lwkt_gettoken(token);
        yield* count.set((yield* count.get()) + 1);
        yield* sys.lwkt_reltoken(token);
      };
      thread(machine, `t${cpu}`, adds, cpu);
    }
    return () => mustBe("count", count.value, 2);
  };

export const algorithms: Readonly<Record<string, Algorithm>> = {
  "flags and a turn (Peterson)": { make: flags, fails: { assertion: 2 } },
  "a ticket lock": { make: ticket, fails: { livelock: 1, assertion: 2 } },
  "a queue lock (CLH)": { make: clh, fails: { assertion: 2 } },
  "a seqlock": { make: seqlock, fails: { assertion: 1 } },
  "a stack with compare and set (Treiber)": { make: treiber, fails: { assertion: 1 } },
  "a queue with compare and set (Michael and Scott)": {
    make: queue,
    fails: { assertion: 1 },
  },
  "a deque for work-stealing": { make: deque, fails: { assertion: 1 } },
  "a bounded queue with semaphores": { make: bounded, fails: { deadlock: 0 } },
  "a pointer that is published": { make: publication, fails: { assertion: 1 } },
  "a sleep with an interlock": { make: interlock, fails: { "lost-wakeup": 1 } },
  "a lock that is upgraded": { make: upgrade, fails: { assertion: 1 } },
  "an interrupt thread": { make: handler, fails: { assertion: 1 }, lwkt: true },
  "tokens of two CPUs": { make: tokens, fails: { assertion: 1 }, lwkt: true, cpus: 2 },
};
