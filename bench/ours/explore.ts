// The explore benchmark on our machine: tests of up to 40 visible operations, with bodies of both kinds.

import { sys } from "../../src/machine/calls.js";
import type { Machine } from "../../src/machine/machine.js";
import { program } from "../../src/program/index.js";
import type { SearchTools } from "../../src/search/operations.js";
import type { StrategyName } from "../../src/search/options.js";
import { Clock, performWhole } from "../../src/search/tasks.js";
import { type Judge, type Setup, World } from "../../src/search/world.js";
import type { Params, RoundFn } from "../lib/types.js";
import { check, time_ms } from "./workbench.js";

const THREADS = 3;
const AMOADD = 0x00a4_a02f; // amoadd.w zero, a0, (s1)
const SEED = 1;

type Builder = ReturnType<typeof program>;

/** A counter that the threads share: what each adds to it, and the kernel objects that this takes. */
interface Counter {
  readonly turns: number;
  readonly make: (machine: Machine) => number;
  readonly code: (b: Builder, lock: number) => unknown;
}

const COUNTERS: Readonly<Record<string, Counter>> = {
  atomic: { turns: 3, make: () => 0, code: (b) => b.li("a0", 1).raw(AMOADD) },
  lock: {
    turns: 3,
    make: makeLock,
    code: (b, lock) => b.call("mtx_lock", lock).apply(addOne).call("mtx_unlock", lock),
  },
  semaphore: {
    turns: 3,
    make: (machine) => machine.call(sys.sema_create("semaphore", 1))[1] >>> 0,
    code: (b, sema) => b.call("sema_wait", sema).apply(addOne).call("sema_post", sema),
  },
};

/** The tests: who adds to a counter how, and how many visible operations that takes in all. */
export const EXPLORE_TESTS: readonly Params[] = [
  { counter: "atomic", bodies: "RV32", operations: 9 },
  { counter: "lock", bodies: "RV32", operations: 36 },
  { counter: "semaphore", bodies: "RV32", operations: 36 },
  { counter: "lock", bodies: "JavaScript", operations: 36 },
];

function makeLock(machine: Machine): number {
  return machine.call(sys.mtx_create("lock"))[1] >>> 0;
}

function addOne(b: Builder): Builder {
  return b.lw("a0", "s1", 0).addi("a0", "a0", 1).sw("a0", "s1", 0);
}

function judgeOf(counter: Counter, count: () => number): Judge {
  const all = THREADS * counter.turns;
  return () => check(count() === all, `The counter is ${count()}, not ${all}.`);
}

function codeSetup(counter: Counter): Setup {
  return (machine) => {
    const handle = counter.make(machine);
    const data = program("data").data("count", { words: [0] });
    const { dataBase } = machine.load(data.ret().build());
    const b = program("add").li("s1", dataBase);
    for (let turn = 0; turn < counter.turns; turn++) counter.code(b, handle);
    const body = machine.load(b.ret().build());
    for (let i = 0; i < THREADS; i++) machine.createThread({ name: `thread ${i}`, body });
    const { buffer, byteOffset } = machine.guestMemory;
    const view = new DataView(buffer, byteOffset);
    return judgeOf(counter, () => view.getInt32(dataBase, true));
  };
}

/** The counter with a lock, by generators. */
function generatorSetup(counter: Counter): Setup {
  return (machine: Machine, { shared }: SearchTools) => {
    const lock = { address: makeLock(machine) };
    const count = shared(0);
    for (let i = 0; i < THREADS; i++) {
      machine.createThread({
        name: `thread ${i}`,
        *body() {
          for (let turn = 0; turn < counter.turns; turn++) {
            yield* sys.mtx_lock(lock);
            yield* count.set((yield* count.get()) + 1);
            yield* sys.mtx_unlock(lock);
          }
        },
      });
    }
    return judgeOf(counter, () => count.value);
  };
}

/** One round of the benchmark: at least that many schedules; small tests are searched more than once. */
export async function runExplore({ counter, bodies, strategy }: Params): Promise<RoundFn> {
  const test = COUNTERS[counter as string] as Counter;
  const world = new World(bodies === "RV32" ? codeSetup(test) : generatorSetup(test));
  return (ops) => {
    const options = { strategy: strategy as StrategyName, seed: SEED, schedules: ops };
    let schedules = 0;
    const took_ms = time_ms(() => {
      while (schedules < ops) {
        const { found, ...result } = performWhole(world, options, new Clock(options));
        check(found === null, `A schedule failed: ${found?.failure.message}`);
        schedules += result.schedules;
      }
    });
    return { value: (1_000 * schedules) / took_ms };
  };
}
