// What fences order in a search for races, and which words they show to be atomic. In C's terms: fences beside relaxed
// accesses, which compilers turn into plain loads and stores.

import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import { explore, type Machine, type Setup } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { type Part, threads } from "../support/search-threads.js";

const FULL = 0x0330_000f; //    fence rw,rw
const RELEASE = 0x0310_000f; // fence rw,w
const ACQUIRE = 0x0230_000f; // fence r,rw

// Words of the threads' block: what is guarded, and two flags.
const DATA = 0;
const DATA_RACE = /(reads|writes) words in step/;
const [FLAG, OTHER] = [4, 8];

const gives =
  (byte: number): Part =>
  (b) =>
    b.li("a0", 1).sw("a0", "s1", byte);
const raises =
  (flag: number): Part =>
  (b) =>
    b.li("a0", 1).sw("a0", "s1", flag);
const lowers =
  (flag: number): Part =>
  (b) =>
    b.sw("zero", "s1", flag);
const fence =
  (word: number): Part =>
  (b) =>
    b.raw(word);
/** Goes on if the flag is up. */
const needs =
  (flag: number): Part =>
  (b) =>
    b.lw("a1", "s1", flag).beqz("a1", "none");
/** Goes on if the flag is down. */
const needsNot =
  (flag: number): Part =>
  (b) =>
    b.lw("a1", "s1", flag).bnez("a1", "none");
const adds: Part = (b) => b.lw("a0", "s1", DATA).addi("a0", "a0", 1).sw("a0", "s1", DATA);
const none: Part = (b) => b.label("none");

const all =
  (...parts: readonly Part[]): Part =>
  (b) => {
    for (const part of parts) part(b);
  };

async function raceOf(parts: readonly Part[], plant = 0): Promise<string | null> {
  const setup: Setup = (machine: Machine, tools) => {
    machine.kernel.setMachine("plant", plant);
    return threads(parts)(machine, tools);
  };
  const build = plant === 0 ? buildUnderTest : "check";
  const { failure, complete } = await explore(setup, {
    build,
    races: true,
    strategy: "exhaustive",
  });
  if (failure === null) expect(complete).toBe(true);
  else expect(failure.kind).toBe("race");
  return failure?.message ?? null;
}

describe("fences beside relaxed accesses", () => {
  /** A fence before each last store shows that the flags are atomic variables. */
  const shows = all(fence(RELEASE), lowers(OTHER), fence(RELEASE), lowers(FLAG));
  const raisesBoth = all(raises(FLAG), raises(OTHER));
  const needsBoth = all(needs(OTHER), needs(FLAG));
  const writer = all(gives(DATA), fence(RELEASE), raisesBoth, shows);
  const reader = all(needsBoth, fence(ACQUIRE), adds, none);

  it("order what is before the one before what is behind the other", async () => {
    expect(await raceOf([writer, reader])).toBeNull();
    expect(await raceOf([writer, reader], Plant.RACE_NO_FENCES)).toMatch(DATA_RACE);
  });

  it("order nothing where one of them is missing, is of another kind, or comes too late", async () => {
    for (const [one, other] of [
      [writer, all(needsBoth, adds, fence(ACQUIRE), none)],
      [writer, all(needsBoth, fence(RELEASE), adds, none)],
      [all(fence(RELEASE), raisesBoth, gives(DATA), shows), reader],
      [all(gives(DATA), fence(ACQUIRE), raisesBoth, shows), reader],
    ] as const) {
      expect(await raceOf([one, other])).toMatch(DATA_RACE);
    }
  });

  /** Dekker's entry, whose loser gives up: the fence has the look at the other's flag wait for the own one. */
  const enters = (own: number, other: number, between: Part, leaves: Part = fence(RELEASE)): Part =>
    all(raises(own), between, needsNot(other), fence(ACQUIRE), adds, leaves, lowers(own), none);

  it("make Dekker's flags atomic, which are not without them", async () => {
    const dekker = (between: Part, leaves?: Part) => [
      enters(FLAG, OTHER, between, leaves),
      enters(OTHER, FLAG, between, leaves),
    ];
    expect(await raceOf(dekker(fence(FULL)))).toBeNull();
    const plain: Part = () => {};
    expect(await raceOf(dekker(plain, plain).map((part) => all(part)))).not.toBeNull();
    // Nobody says when the section is over.
    expect(await raceOf(dekker(fence(FULL), plain))).toMatch(DATA_RACE);
  });

  it("say nothing of other bytes of the word, or of a word beside the flag", async () => {
    const byte =
      (at: number, value: number): Part =>
      (b) =>
        b.li("a0", value).sb("a0", "s1", at);
    const flagOfByte = all(fence(RELEASE), byte(FLAG, 1), byte(FLAG + 1, 1));
    const again = all(fence(RELEASE), byte(FLAG, 0), byte(FLAG + 1, 2));
    expect(await raceOf([flagOfByte, again])).toMatch(/writes words\+0x5/);
  });

  it("are known before the first access that looks plain", async () => {
    // Each first stores to the flag with no fence beside.
    const part = all(raises(FLAG), gives(OTHER), (b) => b.lw("a1", "s1", FLAG).raw(ACQUIRE));
    const other = all(raises(FLAG), (b) => b.lw("a1", "s1", FLAG).raw(ACQUIRE));
    expect(await raceOf([part, other])).toBeNull();
    const without = all(raises(FLAG), gives(OTHER), (b) => b.lw("a1", "s1", FLAG));
    expect(await raceOf([without, without])).not.toBeNull();
  });
});
