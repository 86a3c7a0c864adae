// The search of RISC-V code: its counts against combinatorics, what it finds, and that reduction loses no end.

import { describe, expect, it } from "vitest";
import {
  type ExploreOptions,
  type ExploreResult,
  explore,
  type Machine,
  type Setup,
} from "../../src/index.js";
import { channel, label, program, string, symbol } from "../../src/program/index.js";
import { exploreNow } from "../../src/search/index.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";
import { type Ends, endsOf, type Telling } from "../support/search-ends.js";
import { type Part, reader, threads } from "../support/search-threads.js";

const run = (setup: Setup, options: ExploreOptions): Promise<ExploreResult> =>
  explore(setup, { build: buildUnderTest, ...options });

/** Writes `count` times to a word, with work of its own between. */
const writes =
  (count: number, word = 0): Part =>
  (b) => {
    for (let i = 0; i < count; i++) {
      b.li("a0", i + 1)
        .sw("a0", "s1", 4 * word)
        .addi("s2", "s2", 1);
    }
  };

function multinomial(counts: readonly number[]): number {
  let result = 1;
  let total = 0;
  for (const count of counts) {
    for (let i = 1; i <= count; i++) result = (result * ++total) / i;
  }
  return result;
}

const increment: Part = (b) => b.lw("a0", "s1", 0).addi("a0", "a0", 1).sw("a0", "s1", 0);
const AMOADD = 0x2f | (2 << 12) | (9 << 15) | (10 << 20); // amoadd.w x0, a0, (s1)
const LR = 0x2f | (10 << 7) | (2 << 12) | (9 << 15) | (0x02 << 27); // lr.w a0, (s1)
const SC = 0x2f | (11 << 7) | (2 << 12) | (9 << 15) | (10 << 20) | (0x03 << 27); // sc.w a1, a0, (s1)
const atomically: Part = (b) => b.li("a0", 1).raw(AMOADD);
const AMOSWAP = 0x2f | (10 << 7) | (2 << 12) | (9 << 15) | (10 << 20) | (0x01 << 27); // amoswap.w a0, a0, (s1)
const reserving: Part = (b) =>
  b.label("again").raw(LR).addi("a0", "a0", 1).raw(SC).bnez("a1", "again");
const is = (expected: number) => (word: (at: number) => number) => {
  if (word(0) !== expected) throw new Error(`count is ${word(0)}`);
};

describe("an exhaustive search of programs", () => {
  it("finds a mistake at the beginning of long threads, and counts none of its looks ahead otherwise", async () => {
    const part: Part = (b) => increment(b) && writes(12, 1)(b);
    const options = { strategy: "exhaustive", schedules: 4_000 } as const;
    const wrong = threads([part, part], is(2));
    const { failure, schedules } = await run(wrong, options);
    expect(failure).toMatchObject({ kind: "assertion", preemptions: 1 });
    expect(schedules).toBeGreaterThan(1_000);
    expect((await run(wrong, { ...options, schedules: 1_000 })).failure).toBeNull();
    expect((await run(wrong, { ...options, preemptions: 0 })).failure).toBeNull();
    const right: Part = (b) => atomically(b) && writes(12, 1)(b);
    const all = await run(threads([right, right], is(2)), options);
    expect(all).toMatchObject({ failure: null, complete: false, schedules: 4_000 });
  });

  for (const counts of [
    [2, 2],
    [3, 3],
    [2, 2, 2],
    [5, 1],
    [1, 1, 1, 1],
    [4, 3],
    [3, 2, 2],
  ]) {
    it(`visits each interleaving of ${counts.join(", ")} stores once`, async () => {
      const setup = threads(counts.map((count) => writes(count)));
      for (const cpus of [1, 2]) {
        const result = await run(setup, { strategy: "exhaustive", config: { cpus } });
        const schedules = multinomial(counts);
        expect(result).toMatchObject({ schedules, complete: true, failure: null });
      }
    });
  }

  it("has no decision before accesses to a thread's own words", async () => {
    const setup = threads([writes(9, 1), writes(9, 2), (b) => b.lw("a0", "s1", 12)]);
    const result = await run(setup, { strategy: "exhaustive" });
    expect(result).toMatchObject({ schedules: 1, complete: true });
  });

  /** A thread that stores to a word, makes another one, and stores again; what both have seen of each other's word. */
  async function maker(child: Part, before: Part, behind: Part) {
    const seen = new Set<number>();
    const setup: Setup = (machine) => {
      const parent = program("parent")
        .data("words", { words: [0, 0, 0] })
        .li("s1", symbol("words"))
        .apply(before)
        .call("kthread_add", label("child"), symbol("words"), 0, 0, 0, string("child"), 0)
        .apply(behind)
        .ret()
        .label("child")
        .mv("s1", "a0")
        .apply(child)
        .ret();
      const body = machine.load(parent.build());
      machine.createThread({ name: "parent", body });
      const word = reader(machine, body.dataBase);
      return () => seen.add(word(2));
    };
    const { schedules, complete } = await run(setup, { strategy: "exhaustive" });
    return { schedules, complete, seen: [...seen].sort() };
  }
  const copies: Part = (b) => b.lw("a1", "s1", 0).sw("a1", "s1", 8);

  it("has no decision before what a thread does while it is alone", async () => {
    const found = await maker(copies, writes(3), (b) => b.call("sched_relinquish"));
    expect(found).toEqual({ schedules: 1, complete: true, seen: [3] });
  });

  it("has one before its steps after it has created another thread, whatever it did before", async () => {
    const found = await maker(copies, writes(3), writes(1));
    expect(found).toEqual({ schedules: 2, complete: true, seen: [1, 3] });
  });

  it("ends where threads spin for a lock by swaps", async () => {
    const spins: Part = (b) =>
      b
        .label("again")
        .li("a0", 1)
        .raw(AMOSWAP)
        .beqz("a0", "mine")
        .call("sched_relinquish")
        .jump("again")
        .label("mine")
        .lw("a0", "s1", 4)
        .addi("a0", "a0", 1)
        .sw("a0", "s1", 4)
        .sw("zero", "s1", 0);
    const setup = threads([spins, spins], (word) => expect(word(1)).toBe(2));
    const result = await run(setup, { strategy: "exhaustive", schedules: 1_000 });
    expect(result).toMatchObject({ complete: true, failure: null });
  });

  it("does the same for kernel calls, and for both schedulers", async () => {
    const yields: Part = (b) => b.call("sched_relinquish").call("sched_relinquish");
    for (const scheduler of SCHEDULERS) {
      const result = await run(threads([yields, yields, yields]), {
        strategy: "exhaustive",
        config: { scheduler },
      });
      expect(result).toMatchObject({ schedules: 90, complete: true, failure: null });
    }
  });
});

describe("reduction", () => {
  const reads =
    (word: number): Part =>
    (b) =>
      b.lw("a0", "s1", 4 * word).sw("a0", "s1", 4 * (word + 4));
  const tests: Record<string, readonly Part[]> = {
    "two counters": [increment, increment, (b) => writes(2, 1)(b), (b) => writes(2, 1)(b)],
    "readers and a writer": [reads(0), reads(0), writes(2)],
    "writers of two words": [writes(2, 0), writes(2, 0), writes(2, 1), reads(1)],
    "a chain": [reads(0), (b) => writes(1, 0)(b), (b) => b.lw("a0", "s1", 16).sw("a0", "s1", 4)],
    "atomics and stores": [atomically, atomically, writes(2, 1), writes(1, 1)],
    "yields beside stores": [
      (b) => b.call("sched_relinquish").apply(writes(1)),
      (b) => b.call("sched_relinquish").apply(increment),
      (b) => b.call("sched_relinquish").apply(writes(1, 1)),
      writes(2, 1),
    ],
  };
  for (const [name, parts] of Object.entries(tests)) {
    it(`finds the same ends with fewer schedules: ${name}`, () => {
      const telling: Telling = (end) =>
        threads(parts, (word) => end(Array.from({ length: 8 }, (_, i) => word(i)).join()));
      const all = endsOf(telling, {}) as Ends;
      const reduced = endsOf(telling, { reduce: true }) as Ends;
      expect(reduced.ends).toEqual(all.ends);
      expect(reduced.schedules).toBeLessThan(all.schedules);
      expect(reduced.schedules).toBeGreaterThanOrEqual(all.ends.length);
    });
  }

  it("is refused where it would leave something out", async () => {
    const setup = threads([increment]);
    await expect(run(setup, { reduce: true })).rejects.toThrow("reduce is for an exhaustive");
    await expect(
      run(setup, { strategy: "exhaustive", preemptions: 1, reduce: true }),
    ).rejects.toThrow("reduce is for an exhaustive");
  });
});

function handover(machine: Machine): void {
  const consumer = machine.load(
    program("consumer")
      .data("full", { words: [0] })
      .label("again")
      .load("a0", "full")
      .bnez("a0", "done")
      .call("tsleep", channel("filled"), 0, string("empty"), 0)
      .jump("again")
      .label("done")
      .ret()
      .build(),
  );
  const producer = machine.load(
    program("producer")
      .li("s1", consumer.dataBase)
      .li("a0", 1)
      .sw("a0", "s1", 0)
      .call("wakeup", channel("filled"))
      .ret()
      .build(),
  );
  machine.createThread({ name: "consumer", body: consumer });
  machine.createThread({ name: "producer", body: producer });
}

describe("a broken program", () => {
  const broken = [
    { name: "a counter", setup: threads([increment, increment], is(2)), kind: "assertion" },
    { name: "a handover", setup: handover as Setup, kind: "lost-wakeup" },
  ];
  for (const { name, setup, kind } of broken) {
    for (const strategy of ["random", "pct", "exhaustive"] as const) {
      it(`${name} fails in the shortest way, and again from its tape (${strategy})`, async () => {
        const { failure } = await run(setup, { strategy, seed: 3 });
        expect(failure).toMatchObject({ kind, preemptions: 1 });
        const none = await run(setup, { strategy: "exhaustive", preemptions: 0 });
        expect(none).toMatchObject({ complete: true, failure: null });
        const hashes = new Set<string | undefined>();
        for (const build of ["release", buildUnderTest] as const) {
          const again = exploreNow(setup, { replay: failure?.tape ?? "", build });
          expect(again.result.failure).toMatchObject({ kind, steps: failure?.steps });
          hashes.add(again.story?.hash);
        }
        expect(hashes.size).toBe(1);
      });
    }
  }

  it("is replayed only with words that there are", () => {
    const replay = (tape: string) => () =>
      exploreNow(threads([increment, increment]), { replay: tape, build: buildUnderTest });
    expect(replay("ktm1:01@3ffc")).not.toThrow();
    for (const word of ["4000", "4004", "7c4000"]) {
      expect(replay(`ktm1:01@${word}`)).toThrow(
        `the schedule names a word at 0x${word}, and guest memory ends at 0x4000`,
      );
    }
  });

  it("is reported with its words and calls", () => {
    const { story } = exploreNow(handover as Setup, { build: buildUnderTest });
    expect(story?.steps).toEqual([
      { thread: "consumer", what: "reads full: 0" },
      { thread: "producer", what: "writes full = 1" },
      { thread: "producer", what: 'wakeup("filled")' },
      { thread: "consumer", what: 'tsleep("filled", 0, "empty", 0) ... waits' },
    ]);
  });

  it("fails by a fault, and by running on for ever", async () => {
    const faults = threads([(b) => b.li("a0", 0x7fff_fff0).lw("a0", "a0", 0)]);
    const { failure } = await run(faults, {});
    expect(failure).toMatchObject({ kind: "fault" });
    expect(failure?.message).toMatch(
      /^thread "t0": load from 0x7ffffff0, where there is no memory/,
    );
    const wild = threads([(b) => b.li("a0", 0x7fff_fff0).jr("a0")]);
    expect((await run(wild, {})).failure).toMatchObject({
      kind: "fault",
      message: expect.stringMatching(/^thread "t0": jump to 0x7ffffff0, where there is no text/),
    });
    const runs = threads([(b) => b.label("on").jump("on")]);
    expect((await run(runs, { schedules: 1 })).failure).toMatchObject({ kind: "livelock" });
  });
});

describe("a right program", () => {
  for (const [name, part] of Object.entries({ atomically, reserving })) {
    it(`counts ${name} in every schedule`, async () => {
      const setup = threads([part, part], is(2));
      const all = await run(setup, { strategy: "exhaustive", preemptions: 2 });
      expect(all).toMatchObject({ complete: true, failure: null });
      expect((await run(setup, { schedules: 2_000, config: { cpus: 2 } })).failure).toBeNull();
    });
  }
});

it("bodies of both kinds are searched together", async () => {
  const setup: Setup = (machine, { shared }) => {
    const word = shared(0);
    const body = machine.load(program("p").call("sched_relinquish").ret().build());
    machine.createThread({ name: "program", body });
    machine.createThread({
      name: "script",
      *body() {
        yield* word.get();
        yield* word.get();
      },
    });
  };
  expect(await run(setup, { strategy: "exhaustive" })).toMatchObject({
    schedules: 3,
    complete: true,
  });
});
