// Reduction leaves out schedules that differ in the order of independent steps only. What a kernel call reaches
// is said by hand (assembly/run/search_reach.ts): here random threads make each of these calls, and what comes
// of them must be the same with reduction and without.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { explore, type Machine, type Setup, sys } from "../../src/index.js";
import { syncObjects, waitsFor } from "../../src/machine/sync-views.js";
import { buildUnderTest } from "../support/build.js";
import { Random } from "../support/random.js";
import { families, type Piece, things } from "../support/search-pieces.js";

/** The first seed, and how many. */
const SEED = Number(process.env.KTM_SEED ?? 0);
const SEEDS = Number(process.env.KTM_SEEDS ?? 6);
/** Random tests, one of which finds a fault. */
const PLANT_SEEDS = 100;
/** Schedules without reduction, beyond which a test is too large to be compared. */
const SCHEDULES_MAX = 2_500;
const configs = [
  { cpus: 1, scheduler: "lwkt" },
  { cpus: 2, scheduler: "lwkt" },
  { cpus: 1, scheduler: "4bsd" },
  { cpus: 2, scheduler: "ule" },
] as const;

/** What a thread does: pieces, each with one of the two of everything, and perhaps another one within. */
type Part = readonly {
  readonly piece: Piece;
  readonly which: number;
  readonly inner: { readonly piece: Piece; readonly which: number } | null;
}[];

interface Test {
  readonly parts: readonly Part[];
  /** Of the threads; default: all have the same. */
  readonly priorities?: readonly number[];
  readonly config: (typeof configs)[number];
  readonly choose?: readonly "timeouts"[];
  /** Schedules without reduction at most. */
  readonly most?: number;
}

/** Threads with these parts; `ends` is told what has come of each schedule. */
function threads(
  parts: readonly Part[],
  priorities: readonly number[],
  ends: (end: string) => void,
): Setup {
  return (machine, { shared }) => {
    const both = [0, 1].map((i) => things(machine, shared, i));
    const logs = parts.map((): string[] => []);
    for (const [i, part] of parts.entries()) {
      const log = (what: unknown) => logs[i]?.push(String(what));
      machine.createThread({
        name: `t${i}`,
        ...(priorities[i] === undefined ? {} : { priority: priorities[i] }),
        *body(): Generator<never> {
          for (const { piece, which, inner } of part) {
            const within = function* (): Generator {
              if (inner === null) return;
              yield* inner.piece(both[inner.which] as (typeof both)[0], log, function* () {});
            };
            yield* piece(both[which] as (typeof both)[0], log, within) as Generator<never>;
          }
        },
      });
    }
    const words = () => both.map(({ word }) => word.value);
    return {
      atRest: () => true,
      end: () =>
        ends([...logs, words(), left(machine), locks(machine), handlers(machine)].join("; ")),
    };
  };
}

/** The threads that are left, and what they wait for. */
function left(machine: Machine): string {
  return [...machine.threads()]
    .filter(({ name, state }) => /^t\d/.test(name) && state !== "exited")
    .map((thread) => `${thread.name} ${waitsFor(machine, thread)?.name ?? thread.waitMessage}`)
    .join();
}

function locks(machine: Machine): string {
  return syncObjects(machine)
    .map(
      ({ owner, value, isOwned, contended }) => `${owner?.name ?? isOwned} ${value} ${contended}`,
    )
    .join();
}

/** The arguments of the handlers of the first lists, in their order. */
function handlers({ kernel }: Machine): string {
  const heads = kernel.machine("event_lists");
  const found: number[] = [];
  for (let list = 0; heads !== 0 && list < 2; list++) {
    const { ee_next, ee_arg } = Layout.EventHandler;
    let at = kernel.read(heads + Layout.EventLists.size + 4 * list);
    for (; at !== 0; at = kernel.read(at + ee_next)) found.push(list, kernel.read(at + ee_arg));
  }
  return found.join(" ");
}

/** All that can come of some threads; null if they have too many schedules. */
async function endsOf(test: Test, reduce: boolean, plant: number | null = null) {
  const { parts, priorities = [], config, choose = [], most = SCHEDULES_MAX } = test;
  const seen = new Set<string>();
  const setup = threads(parts, priorities, (end) => seen.add(end));
  const options = { strategy: "exhaustive", schedules: most, choose, config } as const;
  const result = await explore(
    (machine, tools) => {
      if (plant !== null) machine.kernel.setMachine("plant", plant);
      return setup(machine, tools);
    },
    { ...options, build: plant === null ? buildUnderTest : "check", reduce },
  );
  expect(result.failure).toBeNull();
  if (!result.complete) return null;
  return { schedules: result.schedules, ends: [...seen].sort() };
}

function randomParts(random: Random, pieces: readonly Piece[]): Part[] {
  const count = 2 + random.below(2);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.below(count === 2 ? 3 : 2) }, () => {
      const which = random.below(2);
      const inner = { piece: random.pick(pieces), which: 1 - which };
      return { piece: random.pick(pieces), which, inner: random.once(2) ? inner : null };
    }),
  );
}

function randomTest(seed: number, pieces: readonly Piece[]): Test {
  const random = new Random(seed);
  const config = random.pick(configs);
  const choose = random.once(3) ? (["timeouts"] as const) : [];
  const parts = randomParts(random, pieces);
  const priorities = random.once(2) ? parts.map(() => 100 + 40 * random.below(3)) : [];
  return { config, choose, parts, priorities };
}

/** Compares what comes of a random test; null if it is too large. */
async function compare(seed: number, pieces: readonly Piece[]) {
  const test = randomTest(seed, pieces);
  const all = await endsOf(test, false);
  if (all === null) return null;
  const reduced = await endsOf(test, true);
  expect({ seed, ends: reduced?.ends }).toEqual({ seed, ends: all.ends });
  return { all: all.schedules, reduced: reduced?.schedules ?? 0 };
}

const { Plant, PDROP } = Layout;

describe("a search with reduction comes to the same ends", () => {
  const { mutex = {}, word = {}, sleep = {}, time = {} } = families;
  const others = [
    mutex.lock,
    word.add,
    word.look,
    time.yields,
    time.pause,
    sleep.wakeup,
    sleep.wakeupOne,
  ];
  const every = Object.values(families).flatMap((own) => Object.values(own));
  for (const [family, own] of [...Object.entries(families), ["everything", every] as const]) {
    it(`where threads use ${family}`, async () => {
      const pieces = [...Object.values(own), ...Object.values(own), ...others] as Piece[];
      const compared: { all: number; reduced: number }[] = [];
      for (let seed = SEED; seed < SEED + SEEDS; seed++) {
        const both = await compare(seed, pieces);
        if (both !== null) compared.push(both);
      }
      expect(compared.length).toBeGreaterThan(SEEDS / 2);
      const total = (of: "all" | "reduced") => compared.reduce((sum, both) => sum + both[of], 0);
      expect(total("reduced")).toBeLessThan(total("all"));
    });
  }
});

describe("calls about different objects are independent", () => {
  for (const [family, pieces] of Object.entries(families)) {
    if (family === "deadline") continue; // which are all about what the CPU can promise
    for (const [name, piece] of Object.entries(pieces)) {
      if (name === "yields") continue; // it may hold its thread back until any other one has a step
      it(`${family}: ${name}`, async () => {
        const part = (which: number): Part => [{ piece, which, inner: null }];
        for (const config of configs) {
          const reduced = await endsOf({ parts: [part(0), part(1)], config }, true);
          expect(reduced?.schedules).toBe(1);
        }
      });
    }
  }
});

/** True if what comes of one of some tests with reduction is something else with a fault. */
async function isFound(plant: number, tests: () => AsyncIterable<Compared> | Iterable<Compared>) {
  for await (const { test, ends } of tests()) {
    if (ends.length > 0 && (await endsOf(test, true, plant))?.ends.join() !== ends.join())
      return true;
  }
  return false;
}

/** A test, and what comes of it without reduction: nothing if it is too large. */
interface Compared {
  readonly test: Test;
  readonly ends: readonly string[];
}

async function compared(test: Test): Promise<Compared> {
  return { test, ends: (await endsOf(test, false, 0))?.ends ?? [] };
}

describe("a wrong word about a call is found", () => {
  // Nobody sees when a reader of an rmlock leaves, or a handler that has not been called.
  const calls: Readonly<Record<string, readonly string[]>> = {
    mutex: ["mtx_lock", "mtx_trylock", "mtx_unlock", "mtx_recursed"],
    rwlock: [
      ...["rw_rlock", "rw_runlock", "rw_wlock", "rw_wunlock", "rw_try_rlock", "rw_try_wlock"],
      ...["rw_try_upgrade", "rw_downgrade"],
    ],
    sx: [
      ...["sx_slock", "sx_sunlock", "sx_xlock", "sx_xunlock", "sx_try_slock", "sx_try_xlock"],
      ...["sx_try_upgrade", "sx_downgrade", "sx_slock_sig", "sx_xlock_sig"],
    ],
    rmlock: ["rm_rlock", "rm_wlock", "rm_wunlock", "rm_try_rlock"],
    lockmgr: ["lockmgr", "lockmgr_disown", "lockstatus"],
    condition: [
      ...["cv_wait", "cv_timedwait", "cv_wait_sig", "cv_timedwait_sig"],
      ...["cv_signal", "cv_broadcast", "cv_wait_unlock"],
    ],
    semaphore: [
      ...["sema_wait", "sema_trywait", "sema_timedwait", "sema_post", "sema_value"],
      "barrier_wait",
    ],
    sleep: [
      ...["tsleep", "wakeup", "wakeup_one", "wakeup_any"],
      ...["msleep", "mtx_sleep", "rw_sleep", "sx_sleep", "rm_sleep"],
    ],
    time: ["timer_wait", "timer_wait_from"],
    event: ["eventhandler_register"],
  };

  /** Random tests of some pieces, as many as are asked for. */
  function growing(pieces: readonly Piece[]) {
    const tests: Compared[] = [];
    return async function* () {
      for (let seed = 0; seed < PLANT_SEEDS; seed++) {
        tests[seed] ??= await compared({ ...randomTest(seed, pieces), choose: [] });
        yield tests[seed] as Compared;
      }
    };
  }

  for (const [family, names] of Object.entries(calls)) {
    it(`that a call concerns no other thread: ${family}`, async () => {
      const tests = growing(Object.values(families[family] ?? {}));
      for (const name of names) {
        const plant = Plant.REACH_NOBODY + Layout.Sys[name as keyof typeof Layout.Sys];
        expect({ name, isFound: await isFound(plant, tests) }).toEqual({ name, isFound: true });
      }
    });
  }

  it("that threads with deadlines end without consequences", async () => {
    const pieces = [...Object.values(families.deadline ?? {}), families.time?.compute as Piece];
    expect(await isFound(Plant.REACH_NO_PROMISE, growing(pieces))).toBe(true);
  });

  it("that it does not concern those behind the owner of a lock", async () => {
    const takes: Piece = function* ({ mtx }) {
      yield* sys.mtx_lock(mtx);
    };
    const sleeps: Piece = function* ({ mtx, recursive, channel, word }) {
      yield* sys.mtx_lock(mtx);
      yield* sys.mtx_lock(recursive);
      yield* word.set(1);
      yield* sys.msleep(channel, recursive, PDROP, "sleeps", 0);
    };
    const wakes: Piece = function* ({ recursive, channel, word }, log) {
      yield* sys.mtx_lock(recursive);
      log(yield* word.get());
      yield* sys.mtx_unlock(recursive);
      yield* sys.wakeup_one(channel);
    };
    // Of two that sleep the fourth is better than the second, unless the first lends to that one.
    const pieces = [takes, sleeps, wakes, families.sleep?.tsleep as Piece];
    const parts = pieces.map((piece): Part => [{ piece, which: 0, inner: null }]);
    const config = { cpus: 1, scheduler: "4bsd" } as const;
    const priorities = [100, 160, 120, 140];
    const tests = [await compared({ parts, priorities, config, most: 50_000 })];
    expect(await isFound(0, () => tests)).toBe(false);
    expect(await isFound(Plant.REACH_NO_CHAIN, () => tests)).toBe(true);
  });

  it("that a thread in a critical section keeps no thread off its CPU", async () => {
    const looks: Piece = function* ({ word }, log) {
      yield* sys.crit_enter();
      yield* sys.tsleep("door", 0, "looks", 0);
      log(yield* word.get());
      yield* sys.crit_exit();
    };
    const sets: Piece = function* ({ channel, word }) {
      yield* sys.crit_enter();
      yield* sys.tsleep(channel, 0, "sets", 0);
      yield* word.set(1);
      yield* sys.tsleep("for ever", 0, "sets", 0);
    };
    const wakes: Piece = function* ({ channel }) {
      yield* sys.wakeup("door");
      yield* sys.wakeup(channel);
    };
    const pieces = [looks, sets, wakes];
    const parts = pieces.map((piece): Part => [{ piece, which: 0, inner: null }]);
    const tests = [await compared({ parts, config: { cpus: 1, scheduler: "lwkt" } })];
    expect(await isFound(0, () => tests)).toBe(false);
    expect(await isFound(Plant.REACH_NO_CRITICAL, () => tests)).toBe(true);
  });
});
