// Tests for the search: well known mistakes of threads, and their right forms.

import { type FailureKind, type Handle, type Machine, type Setup, sys } from "../../src/index.js";

/** A test that fails in some schedules. */
export interface Broken {
  readonly setup: Setup;
  readonly kind: FailureKind;
  /** The fewest preemptions with which it fails. */
  readonly preemptions: number;
}

function object(machine: Machine, kind: "mtx_create" | "cv_create", name: string): Handle {
  const call = kind === "mtx_create" ? sys.mtx_create(name) : sys.cv_create(name);
  return { address: machine.call(call)[1] >>> 0 };
}

function counter(isLocked: boolean): Setup {
  return (machine, { shared }) => {
    const count = shared(0, "count");
    const lock = object(machine, "mtx_create", "lock");
    for (const name of ["one", "two"]) {
      machine.createThread({
        name,
        *body() {
          if (isLocked) yield* sys.mtx_lock(lock);
          const old = yield* count.get();
          yield* count.set(old + 1);
          if (isLocked) yield* sys.mtx_unlock(lock);
        },
      });
    }
    return () => {
      if (count.value !== 2) throw new Error(`count is ${count.value}`);
    };
  };
}

function philosophers(orders: readonly string[]): Setup {
  return (machine) => {
    const locks = new Map(
      ["A", "B", "C"].map((name) => [name, object(machine, "mtx_create", name)]),
    );
    for (const order of orders) {
      const [first, second] = [...order].map((name) => locks.get(name) as Handle);
      machine.createThread({
        name: order,
        *body() {
          yield* sys.mtx_lock(first as Handle);
          yield* sys.mtx_lock(second as Handle);
          yield* sys.mtx_unlock(second as Handle);
          yield* sys.mtx_unlock(first as Handle);
        },
      });
    }
  };
}

function handover(isLocked: boolean): Setup {
  return (machine, { shared }) => {
    const full = shared(0, "full");
    const lock = object(machine, "mtx_create", "lock");
    const filled = object(machine, "cv_create", "filled");
    machine.createThread({
      name: "consumer",
      *body() {
        if (isLocked) yield* sys.mtx_lock(lock);
        while ((yield* full.get()) === 0) {
          if (isLocked) yield* sys.cv_wait(filled, lock);
          else yield* sys.tsleep("filled", 0, "empty", 0);
        }
        if (isLocked) yield* sys.mtx_unlock(lock);
      },
    });
    machine.createThread({
      name: "producer",
      *body() {
        if (isLocked) yield* sys.mtx_lock(lock);
        yield* full.set(1);
        if (isLocked) yield* sys.cv_signal(filled);
        else yield* sys.wakeup("filled");
        if (isLocked) yield* sys.mtx_unlock(lock);
      },
    });
  };
}

/** A flag that one thread waits for and another one sets, or forgets. */
function spinner(isSet: boolean): Setup {
  return (machine, { shared }) => {
    const flag = shared(0, "flag");
    machine.createThread({
      name: "spinner",
      *body() {
        while ((yield* flag.get()) === 0) yield* sys.sched_relinquish();
      },
    });
    machine.createThread({
      name: "setter",
      *body() {
        if (isSet) yield* flag.set(1);
        else yield* flag.get();
      },
    });
  };
}

export const broken: Readonly<Record<string, Broken>> = {
  "a counter without a lock": { setup: counter(false), kind: "assertion", preemptions: 1 },
  "three locks in a circle": {
    setup: philosophers(["AB", "BC", "CA"]),
    kind: "deadlock",
    preemptions: 1,
  },
  "a handover without a lock": { setup: handover(false), kind: "lost-wakeup", preemptions: 1 },
  "a flag that nobody sets": { setup: spinner(false), kind: "livelock", preemptions: 0 },
};

export const right: Readonly<Record<string, Setup>> = {
  "a counter with a lock": counter(true),
  "three locks in one order": philosophers(["AB", "BC", "AC"]),
  "a handover with a lock": handover(true),
  "a flag that somebody sets": spinner(true),
};
