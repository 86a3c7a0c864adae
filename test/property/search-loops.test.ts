// Threads that wait in a loop of machine code without a yield, which a search leaves out until something changes
// (assembly/run/search_loop.ts). What comes of a test must be what comes of it where each loop ends after some rounds
// and says so, which no search mistakes for waiting.

import { describe, expect, it } from "vitest";
import type { KernelSource } from "../../src/core/instantiate.js";
import * as Layout from "../../src/generated/layout.js";
import type { ExploreOptions, Setup } from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { Clock, performWhole } from "../../src/search/tasks.js";
import { World } from "../../src/search/world.js";
import { buildUnderTest } from "../support/build.js";
import { Random } from "../support/random.js";
import { type Ends, endsOf, type Telling } from "../support/search-ends.js";
import {
  amoadd,
  amoor,
  amoswap,
  lr,
  machineCode,
  type Part,
  sc,
  stores,
  WORDS,
  type Word,
} from "../support/search-threads.js";

/** The first seed, and how many. */
const SEED = Number(process.env.KTM_SEED ?? 0);
const SEEDS = Number(process.env.KTM_SEEDS ?? 60);
/** Schedules beyond which a test is too large to be compared. */
const SCHEDULES_MAX = 2_500;
/** Rounds after which a loop gives up where it has to: more than there are changes that it could miss. */
const ROUNDS = 4;
/** What a thread that has given up leaves, and tells nothing else. */
const GIVEN_UP = -77;
/** A search for a failure, which stops where a thread waits for ever: these tests have none. */
const COMPLETE = { strategy: "exhaustive", build: buildUnderTest } as const;

const [FLAG] = WORDS;
const { Plant } = Layout;

const waits: Part = (b) => b.label("look").lw("a0", FLAG.name, 0).beqz("a0", "look");
const sets: Part = (b) => b.li("a0", 1).sw("a0", FLAG.name, 0);

/** A test of some threads on a kernel with a planted fault. */
const planted =
  (plant: number, telling: Telling): Telling =>
  (end) =>
  (machine, tools) => {
    machine.kernel.setMachine("plant", plant);
    return telling(end)(machine, tools);
  };

/** The same that tells nothing. */
const silent = (telling: Telling): Setup => telling(() => {});

function failureOf(setup: Setup, options: ExploreOptions = {}) {
  return exploreNow(setup, { ...COMPLETE, ...options }).result.failure;
}

/** A thread that looks three times, and says what it has seen at last; another one sets what it looks at. */
const polls = (counts: Part): Telling =>
  machineCode([
    (b) =>
      b
        .sw("zero", "s1", 16)
        .li("a1", 0)
        .label("look")
        .apply(counts)
        .bnez("a2", "look")
        .sw("a0", "s1", 20),
    sets,
  ]);

/** It counts in a register. */
const inRegister = polls((b) => b.lw("a0", FLAG.name, 0).addi("a1", "a1", 1).slti("a2", "a1", 3));

/** It counts in memory: its registers are the same before each look. */
const inMemory = polls((b) =>
  b
    .lw("a2", "s1", 16)
    .addi("a2", "a2", 1)
    .sw("a2", "s1", 16)
    .li("a2", 0)
    .lw("a0", FLAG.name, 0)
    .lw("a2", "s1", 16)
    .slti("a2", "a2", 3),
);

describe("a search knows a thread that waits in a loop without a yield", () => {
  it("and tries it again only where something has changed", () => {
    const ends = endsOf(machineCode([sets, waits]), {});
    expect(ends).toMatchObject({ schedules: 3, ends: ["1,0,0,0,0,0,0,0"] });
  });

  it("though it is the first to begin, and nobody has written yet what it waits for", () => {
    const test = machineCode([waits, sets]);
    for (const strategy of ["random", "pct", "exhaustive"] as const) {
      expect(failureOf(silent(test), { strategy, schedules: 100 })).toBeNull();
    }
    const unseen = silent(planted(Plant.LOOP_UNSEEN, test));
    expect(failureOf(unseen, { build: "check" })).toMatchObject({ kind: "livelock", steps: 0 });
  });

  it("though it has written that itself, and goes round in memory of its own", () => {
    const clears: Part = (b) => b.sw("zero", FLAG.name, 0);
    const keeps: Part = (b) =>
      b
        .label("look")
        .sw("zero", "s1", 16)
        .lw("a0", FLAG.name, 0)
        .lw("a1", "s1", 16)
        .beqz("a0", "look");
    const test = machineCode([(b) => b.apply(clears).apply(keeps), sets]);
    const setsLater: Part = (b) => b.label("look").lw("a0", "s3", 0).beqz("a0", "look").apply(sets);
    const tellsThenWaits: Part = (b) => b.apply(clears).li("a0", 1).sw("a0", "s3", 0).apply(keeps);
    for (const strategy of ["random", "pct", "exhaustive"] as const) {
      const options = { strategy, schedules: 100 } as const;
      expect(failureOf(silent(machineCode([tellsThenWaits, setsLater])), options)).toBeNull();
      expect(failureOf(silent(test), options)?.message ?? "for ever").toContain("for ever");
    }
  });

  it("and several of them, whatever they wait for", () => {
    const swaps: Part = (b) =>
      b.label("try").li("a0", 1).raw(amoswap(FLAG)).bnez("a0", "try").sw("zero", FLAG.name, 0);
    const compares: Part = (b) =>
      b
        .label("try")
        .raw(lr(FLAG))
        .bnez("a0", "try")
        .li("a0", 1)
        .raw(sc(FLAG))
        .bnez("a1", "try")
        .sw("zero", FLAG.name, 0);
    for (const reduce of [false, true]) {
      expect(endsOf(machineCode([swaps, swaps]), { reduce })?.ends).toHaveLength(1);
      expect(endsOf(machineCode([waits, waits, sets]), { reduce })?.ends).toHaveLength(1);
      const config = { cpus: 2 };
      expect(endsOf(machineCode([compares, swaps]), { config, reduce })?.ends).toHaveLength(1);
    }
  });

  it("and one that waits for a thread whose sleep is not over", () => {
    const sleeps: Part = (b) => b.call("sleep", 1_000n).apply(sets);
    expect(endsOf(machineCode([waits, sleeps]), {})?.ends).toEqual(["1,0,0,0,0,0,0,0"]);
  });

  it("and says which threads wait for ever", () => {
    const forgets: Part = (b) => b.lw("a0", FLAG.name, 0).sw("zero", FLAG.name, 0);
    const setup = silent(machineCode([waits, forgets]));
    const failure = failureOf(setup);
    expect(failure).toMatchObject({ kind: "livelock", preemptions: 0 });
    expect(failure?.message).toBe(
      "t0 goes round in a loop for ever: no thread is left that changes what is read there",
    );
    expect(failure?.steps).toBeLessThan(10);
    const both = (["release", "check"] as const).map(
      (build) => exploreNow(setup, { replay: failure?.tape ?? "", build }).result.failure,
    );
    expect(both[0]).toMatchObject({ kind: "livelock", steps: failure?.steps });
    expect(both[1]).toEqual(both[0]);
  });

  it("but not one that counts its looks", () => {
    for (const [test, plant] of [
      [inRegister, Plant.LOOP_NO_REGISTERS],
      [inMemory, Plant.LOOP_NO_STORES],
    ] as const) {
      const all = endsOf(test, {})?.ends;
      expect(all?.map((end) => end.split(",")[5])).toEqual(["0", "1"]);
      expect(endsOf(test, { reduce: true })?.ends).toEqual(all);
      expect(allOf(planted(plant, test), {}, "check")?.ends).not.toEqual(all);
    }
  });

  it("and loses no end of random programs", () => {
    let compared = 0;
    let shorter = 0;
    for (let seed = SEED; compared < SEEDS; seed++) {
      const random = new Random(seed);
      const config = {
        cpus: random.pick([1, 1, 2, 3]),
        scheduler: random.pick(["lwkt", "lwkt", "4bsd", "ule", "lwkt-modern"] as const),
      };
      const make = randomProgram(random);
      if (make === null) continue;
      const options = { config, schedules: SCHEDULES_MAX };
      const bounded = allOf(make(true), options);
      if (bounded === null) continue;
      const all = bounded.ends.filter((end) => !end.includes(String(GIVEN_UP)));
      const waiting = allOf(make(false), options);
      if (waiting === null) continue; // it has retries without an end
      expect({ seed, ends: waiting.ends }).toEqual({ seed, ends: all });
      const reduced = allOf(make(false), { ...options, reduce: true });
      expect({ seed, ends: reduced?.ends }).toEqual({ seed, ends: all });
      compared++;
      if (waiting.schedules < bounded.schedules) shorter++;
    }
    expect(shorter).toBeGreaterThan(SEEDS / 4);
  });
});

/** All ends of a test whose threads may wait for ever, which tells nothing; null if there are too many schedules. */
function allOf(
  telling: Telling,
  options: ExploreOptions,
  build: KernelSource = buildUnderTest,
): Ends | null {
  const ends = new Set<string>();
  let isWarm = false;
  const setup = telling((what) => {
    if (isWarm) ends.add(what);
  });
  const endless: Setup = (machine, tools) => {
    return { end: setup(machine, tools) as () => void, endless: true };
  };
  const world = new World(endless, options.config ?? {}, build);
  isWarm = true; // only now: schedules by which the search learns which words are shared might hide a lost end
  const all = { ...options, strategy: "exhaustive" } as const;
  const { schedules, complete } = performWhole(world, all, new Clock(all));
  return complete ? { schedules, ends: [...ends].sort() } : null;
}

/** What a thread does besides waiting: what it sees is in a0. */
const operations: readonly ((word: Word, value: number) => Part)[] = [
  ({ name }) =>
    (b) =>
      b.lw("a0", name, 0),
  ({ name }, value) =>
    (b) =>
      b.li("a0", value).sw("a0", name, 0),
  ({ name }, value) =>
    (b) =>
      b.li("a0", value).sb("a0", name, value & 1),
  ({ name }) =>
    (b) =>
      b.sw("zero", name, 0),
  (word, value) => (b) => b.li("a0", value).raw(amoadd(word)),
  (word, value) => stores(word, value),
  ({ name }) =>
    (b) =>
      b.call("sched_relinquish").lw("a0", name, 0),
];
/** The first of these that writes. */
const FIRST_WRITER = 1;
const WRITERS_END = 6;

/** A round of a loop, which goes on at a label. */
interface Loop {
  /** True if it writes its first word. */
  readonly writes: boolean;
  round(word: Word, other: Word, value: number, again: string): Part;
}

const loops: readonly Loop[] = [
  {
    writes: false,
    round:
      ({ name }, _other, _value, again) =>
      (b) =>
        b.lw("a0", name, 0).beqz("a0", again),
  },
  {
    writes: false,
    round:
      ({ name }, _other, value, again) =>
      (b) =>
        b.lw("a0", name, 0).li("a1", value).bne("a0", "a1", again),
  },
  {
    writes: false,
    round: (word, other, _value, again) => (b) =>
      b
        .lw("a0", word.name, 0)
        .lw("a1", other.name, 0)
        .lw("a2", word.name, 0)
        .bne("a1", "a2", again)
        .beqz("a0", again),
  },
  {
    // Each round leaves what it has seen in a word of the thread's own.
    writes: false,
    round:
      ({ name }, _other, _value, again) =>
      (b) =>
        b.lw("a0", name, 0).sw("a0", "sp", 0).beqz("a0", again),
  },
  {
    writes: true,
    round: (word, _other, _value, again) => (b) =>
      b.li("a0", 1).raw(amoswap(word)).bnez("a0", again),
  },
  {
    // It takes a lock, adds to what is under it, and releases it.
    writes: true,
    round: (word, other, value, again) => (b) =>
      b
        .li("a0", 1)
        .raw(amoswap(word))
        .bnez("a0", again)
        .lw("a0", other.name, 0)
        .addi("a1", "a0", value)
        .sw("a1", other.name, 0)
        .sw("zero", word.name, 0),
  },
  {
    writes: true,
    round: (word, _other, value, again) => (b) =>
      b.raw(lr(word)).bnez("a0", again).li("a0", value).raw(sc(word)).bnez("a1", again),
  },
  {
    writes: true,
    round: (word, other, value, again) => (b) =>
      b
        .raw(lr(word))
        .lw("a1", other.name, 0)
        .beqz("a1", again)
        .li("a0", value)
        .raw(sc(word))
        .mv("a0", "a1"),
  },
  {
    writes: true,
    round: (word, other, _value, again) => (b) =>
      b.li("a0", 0).raw(amoor(word)).lw("a1", other.name, 0).beqz("a1", again),
  },
  {
    // It writes in each round what is there already, at last.
    writes: true,
    round: (word, other, _value, again) => (b) =>
      b.li("a0", 1).sw("a0", word.name, 0).lw("a0", other.name, 0).beqz("a0", again),
  },
];

interface Deed {
  readonly loop: Loop | null;
  readonly operation: number;
  readonly word: Word;
  readonly other: Word;
  readonly value: number;
}

/**
 * Two or three threads, which keep what they have seen in words of their own; null if one waits for a word that no
 * other one writes. With `bounded` loops give up.
 */
function randomProgram(random: Random): ((bounded: boolean) => Telling) | null {
  const count = 2 + random.below(2);
  const drawn = Array.from({ length: count }, () =>
    Array.from(
      { length: 1 + random.below(count === 2 ? 4 : 2) },
      (): Deed => ({
        loop: random.once(2) ? random.pick(loops) : null,
        operation: random.below(operations.length),
        word: random.pick(WORDS),
        other: random.pick(WORDS),
        value: 1 + random.below(3),
      }),
    ),
  );
  const isWritten = (word: Word, by: number) =>
    drawn.some((deeds, thread) => thread !== by && deeds.some((deed) => writes(deed) === word));
  const waits = drawn.flatMap((deeds, by) =>
    deeds.filter(({ loop }) => loop !== null).map(({ word, other }) => ({ word, other, by })),
  );
  if (waits.length === 0) return null;
  if (!waits.every(({ word, other, by }) => isWritten(word, by) && isWritten(other, by)))
    return null;
  return (bounded) => machineCode(drawn.map((deeds, thread) => threadOf(deeds, thread, bounded)));
}

/** The word that a deed writes, if it writes its first one. */
function writes({ loop, operation, word }: Deed): Word | null {
  const does = loop === null ? operation >= FIRST_WRITER && operation < WRITERS_END : loop.writes;
  return does ? word : null;
}

function threadOf(deeds: readonly Deed[], thread: number, bounded: boolean): Part {
  return (b) => {
    b.li("s2", 0).addi("sp", "s1", 20 + 4 * thread);
    for (const [i, { loop, operation, word, other, value }] of deeds.entries()) {
      if (loop === null)
        b.apply((operations[operation] as (typeof operations)[number])(word, value));
      else {
        b.li("s5", 0).li("s6", ROUNDS).label(`again${i}`);
        if (bounded) b.addi("s5", "s5", 1).blt("s6", "s5", "gives up");
        b.apply(loop.round(word, other, value, `again${i}`));
      }
      b.slli("s2", "s2", 3).add("s2", "s2", "a0");
    }
    b.sw("s2", "s1", 20 + 4 * thread).beqz("zero", "ends");
    if (bounded)
      b.label("gives up")
        .li("a0", GIVEN_UP)
        .sw("a0", "s1", 20 + 4 * thread);
    b.label("ends");
  };
}
