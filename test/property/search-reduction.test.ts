// Reduction and what is no object of a call: yields, which hold a thread back, reservations, and the CPUs that
// threads are on. What comes of a test must be the same with reduction and without.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { type Machine, type Setup, type SharedWord, sys } from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { buildUnderTest } from "../support/build.js";
import { Random } from "../support/random.js";
import { type Ends, endsOf, type Telling } from "../support/search-ends.js";
import {
  amoadd,
  amoswap,
  machineCode,
  type Part,
  stores,
  WORDS,
  type Word,
} from "../support/search-threads.js";

/** The first seed, and how many. */
const SEED = Number(process.env.KTM_SEED ?? 0);
const SEEDS = Number(process.env.KTM_SEEDS ?? 120);
/** Schedules without reduction, beyond which a test is too large to be compared. */
const SCHEDULES_MAX = 2_500;

type Bodies = (words: readonly SharedWord[], log: (what: number) => void) => Generator[];

/** Threads that share words; what they log is told. */
const bodies =
  (make: Bodies): Telling =>
  (end) =>
  (machine, { shared }) => {
    const words = [0, 1, 2].map((i) => shared(0, `w${i}`));
    const log: number[] = [];
    for (const [i, body] of make(words, (what) => log.push(what)).entries()) {
      machine.createThread({ name: `t${i}`, body: () => body as Generator<never> });
    }
    return () => end(log.join());
  };

type Config = { cpus: number; scheduler?: "4bsd" | "lwkt" | "ule" };

/** The ends with reduction, which must be all. */
function reduced(telling: Telling, config: Config): Ends {
  const all = endsOf(telling, { config });
  const some = endsOf(telling, { config, reduce: true });
  expect(some?.ends).toEqual(all?.ends);
  return some as Ends;
}

/** True if a kernel with a fault comes to other ends with reduction. */
function isFound(plant: number, telling: Telling, config: Config): boolean {
  const planted: Telling = (end) => (machine, tools) => {
    machine.kernel.setMachine("plant", plant);
    return telling(end)(machine, tools);
  };
  const all = endsOf(telling, { config });
  const some = endsOf(planted, { config, reduce: true, build: "check" });
  return some?.ends.join() !== all?.ends.join();
}

/** A thread that looks between its yields, and says what it has seen; another one sets what it looks at, twice. */
const looksBetweenYields = bodies(([word], log) => [
  (function* () {
    yield* (word as SharedWord).set(1);
    yield* (word as SharedWord).set(2);
  })(),
  (function* () {
    for (let look = 0; look < 2; look++) {
      yield* sys.sched_relinquish();
      log(yield* (word as SharedWord).get());
    }
  })(),
]);

/** The second thread looks for long, and then sets a word; the third one says whether it has seen that. */
const looksAndLooks = bodies(([none, looked, seen], log) => [
  (function* () {
    yield* (none as SharedWord).set(1);
  })(),
  (function* () {
    for (let look = 0; look <= 100; look++) yield* (looked as SharedWord).get();
    yield* (seen as SharedWord).set(1);
  })(),
  (function* () {
    log(yield* (seen as SharedWord).get());
  })(),
]);

/** Each stores to a word of its own, and says whether that has failed. */
const storers = machineCode(
  [WORDS[0], WORDS[1]].map(
    (word): Part =>
      (b) =>
        b.apply(stores(word, 7)).sw("a0", word.name, 16),
  ),
);

/** Threads that sleep, and perhaps say on which CPU they are then. */
const sleepers = (says: boolean) =>
  bodies((words, log) =>
    words.map((word, i) =>
      (function* () {
        yield* word.set(1);
        yield* sys.pause("sleeps", 1);
        if (says) log(10 * i + (yield* sys.curcpu()));
      })(),
    ),
  );

const { Plant } = Layout;

describe("a search with reduction comes to all ends", () => {
  it("of a thread that looks between its yields, and is held back", () => {
    expect(reduced(looksBetweenYields, { cpus: 1 }).ends).toContain("1,1");
    expect(isFound(Plant.REACH_NO_YIELD, looksBetweenYields, { cpus: 1 })).toBe(true);
  });

  it("of a thread that is held back, since it has had a hundred steps in a row", () => {
    const { schedules, ends } = reduced(looksAndLooks, { cpus: 1 });
    expect(ends).toEqual(["0", "1"]);
    expect(schedules).toBeLessThan(10);
    expect(isFound(Plant.REACH_NO_WAKE, looksAndLooks, { cpus: 1 })).toBe(true);
  });

  it("of threads whose reservations end when their CPU is another thread's", () => {
    const { ends } = reduced(storers, { cpus: 1 });
    expect(ends).toContain("0,7,0,0,1,0,0,0"); // the first one's sc.w has failed
    expect(isFound(Plant.REACH_NO_RESERVE, storers, { cpus: 1 })).toBe(true);
    const apart = { schedules: 1, ends: ["7,7,0,0,0,0,0,0"] };
    expect(reduced(storers, { cpus: 2 })).toEqual(apart);
  });

  it("of threads that ask on which CPU they are", () => {
    const config = { cpus: 2, scheduler: "4bsd" } as const;
    expect(reduced(sleepers(true), config).ends.length).toBeGreaterThan(6);
    expect(isFound(Plant.REACH_NO_CPUS, sleepers(true), config)).toBe(true);
  });

  it("with one schedule where no thread asks", () => {
    for (const scheduler of ["4bsd", "ule", "lwkt"] as const) {
      expect(reduced(sleepers(false), { cpus: 2, scheduler }).schedules).toBe(1);
    }
  });

  it("of random programs", () => {
    let compared = 0;
    let fewer = 0;
    for (let seed = SEED; seed < SEED + SEEDS; seed++) {
      const random = new Random(seed);
      const cpus = random.pick([1, 1, 2, 4]);
      const scheduler = random.pick(["lwkt", "4bsd", "ule", "lwkt-modern"] as const);
      const telling = randomProgram(random);
      const options = { config: { cpus, scheduler }, schedules: SCHEDULES_MAX };
      const all = endsOf(telling, options);
      if (all === null) continue;
      const some = endsOf(telling, { ...options, reduce: true });
      expect({ seed, ends: some?.ends }).toEqual({ seed, ends: all.ends });
      compared++;
      if ((some?.schedules ?? 0) < all.schedules) fewer++;
    }
    expect(compared).toBeGreaterThan(SEEDS / 2);
    expect(fewer).toBeGreaterThan(SEEDS / 4);
  });
});

/** What a thread does with a word and a small number. What it sees is in a0 then, if it sees anything. */
const operations: readonly ((word: Word, value: number, mutex: number) => Part)[] = [
  ({ name }) =>
    (b) =>
      b.lw("a0", name, 0),
  ({ name }, value) =>
    (b) =>
      b.lbu("a0", name, value & 3),
  ({ name }, value) =>
    (b) =>
      b.li("a0", value).sw("a0", name, 0),
  ({ name }, value) =>
    (b) =>
      b.li("a0", value).sb("a0", name, value & 1),
  ({ name }, value) =>
    (b) =>
      b.li("a0", value).sh("a0", name, value & 3),
  (word, value) => (b) => b.li("a0", value).raw(amoadd(word)),
  (word, value) => stores(word, value),
  ({ name }, _value, mutex) =>
    (b) =>
      b
        .call("mtx_lock", mutex)
        .lw("a0", name, 0)
        .addi("a0", "a0", 1)
        .sw("a0", name, 0)
        .call("mtx_unlock", mutex),
  ({ name }) =>
    (b) =>
      b.call("sched_relinquish").lw("a0", name, 0),
  // Two attempts to take a lock, between which it spins: they change nothing where another thread has it.
  (word, value) => (b) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      b.li("a0", value).raw(amoswap(word)).call("sched_relinquish");
    }
  },
];

/** Two or three threads; each keeps what it has seen in a word of its own. */
function randomProgram(random: Random): Telling {
  const count = 2 + random.below(2);
  const drawn = Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.below(count === 2 ? 4 : 3) }, () => ({
      operation: random.pick(operations),
      word: random.pick(WORDS),
      value: 1 + random.below(5),
    })),
  );
  return (end): Setup =>
    (machine: Machine, tools) => {
      const mutex = machine.call(sys.mtx_create("mutex"))[1] >>> 0;
      const parts = drawn.map(
        (list, thread): Part =>
          (b) => {
            b.li("s2", 0);
            for (const { operation, word, value } of list) {
              b.apply(operation(word, value, mutex))
                .slli("s2", "s2", 3)
                .add("s2", "s2", "a0");
            }
            b.sw("s2", "s1", 16 + 4 * thread);
          },
      );
      return machineCode(parts)(end)(machine, tools);
    };
}

describe("a tape of a search with reduction", () => {
  it("names no words where only the CPUs of threads were learned", () => {
    const setup: Setup = (machine) => {
      for (const name of ["one", "two"]) {
        machine.createThread({
          name,
          *body() {
            yield* sys.pause("waits", 1);
            if ((yield* sys.curcpu()) > 3) return;
            yield* sys.tsleep("nobody", 0, "waits", 0);
          },
        });
      }
    };
    const config = { cpus: 2, scheduler: "4bsd" } as const;
    const options = { strategy: "exhaustive", build: buildUnderTest, config } as const;
    const { failure } = exploreNow(setup, { ...options, reduce: true }).result;
    expect(failure).toMatchObject({ kind: "deadlock", tape: "ktm1:" });
  });
});
