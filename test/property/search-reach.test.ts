// Reduction leaves out schedules that differ in the order of independent steps only. What a kernel call reaches is said by
// hand (assembly/run/search_reach.ts): here random threads make each of these calls, and what comes of them must be
// the same with reduction and without.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { explore, type Machine, type Setup } from "../../src/index.js";
import { syncObjects, waitsFor } from "../../src/machine/sync-views.js";
import { buildUnderTest as build } from "../support/build.js";
import { Random } from "../support/random.js";
import { families, type Piece, things } from "../support/search-pieces.js";

/** The first seed, and how many. */
const SEED = Number(process.env.KTM_SEED ?? 0);
const SEEDS = Number(process.env.KTM_SEEDS ?? 12);
/** Schedules without reduction, beyond which a test is too large to be compared. */
const SCHEDULES_MAX = 12_000;
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
    .map(({ owner, value, isOwned }) => `${owner?.name ?? isOwned} ${value}`)
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
async function endsOf(
  parts: readonly Part[],
  priorities: readonly number[],
  config: (typeof configs)[number],
  reduce: boolean,
  choose: readonly "timeouts"[] = [],
) {
  const seen = new Set<string>();
  const setup = threads(parts, priorities, (end) => seen.add(end));
  const options = { strategy: "exhaustive", schedules: SCHEDULES_MAX } as const;
  const result = await explore(setup, { ...options, choose, build, config, reduce });
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

/** Compares what comes of a random test; null if it is too large. */
async function compare(seed: number, pieces: readonly Piece[]) {
  const random = new Random(seed);
  const config = random.pick(configs);
  const choose = random.once(3) ? (["timeouts"] as const) : [];
  const parts = randomParts(random, pieces);
  const priorities = random.once(2) ? parts.map(() => 100 + 40 * random.below(3)) : [];
  const all = await endsOf(parts, priorities, config, false, choose);
  if (all === null) return null;
  const reduced = await endsOf(parts, priorities, config, true, choose);
  expect({ seed, ends: reduced?.ends }).toEqual({ seed, ends: all.ends });
  return { all: all.schedules, reduced: reduced?.schedules ?? 0 };
}

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
      it(`${family}: ${name}`, async () => {
        const part = (which: number): Part => [{ piece, which, inner: null }];
        for (const config of configs) {
          const reduced = await endsOf([part(0), part(1)], [], config, true);
          expect(reduced?.schedules).toBe(1);
        }
      });
    }
  }
});
