// Schedules start behind what threads do before the first choice, where that is always the same. One that is
// told starts at the very beginning: both have to be the same schedule.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../../src/core/config.js";
import { sys } from "../../src/machine/calls.js";
import type { Machine } from "../../src/machine/machine.js";
import { program } from "../../src/program/index.js";
import { PctStrategy, RandomStrategy } from "../../src/search/strategies.js";
import { type Limits, type Setup, World } from "../../src/search/world.js";
import { buildUnderTest } from "../support/build.js";

const LIMITS: Limits = { preemptions: 99, steps: 300, reduce: false, choices: 0, races: false };
const SCHEDULES = 40;

/** Threads that each add to a counter, but for one that has nothing to do, and what the first one does before. */
function adders(before: (b: ReturnType<typeof program>) => unknown = () => {}): Setup {
  return (machine) => {
    const data = program("data").data("count", { words: [0] });
    const { dataBase } = machine.load(data.ret().build());
    const lock = machine.call(sys.mtx_create("lock"))[1] >>> 0;
    for (let i = 0; i < 3; i++) {
      const b = program(`adder ${i}`).li("s1", dataBase).li("s2", i);
      if (i === 0) before(b);
      b.lw("a0", "s1", 0).addi("a0", "a0", 1).sw("a0", "s1", 0);
      b.call("mtx_lock", lock).call("lwkt_yield").call("mtx_unlock", lock).call("kthread_exit");
      machine.createThread({ name: `adder ${i}`, body: machine.load(b.build()) });
    }
    machine.createThread({ name: "idler", body: machine.load(program("idler").ret().build()) });
  };
}

function elf(name: string): Setup {
  const url = new URL(`../../examples/explore/${name}.elf`, import.meta.url);
  const image = readFileSync(fileURLToPath(url));
  return (machine) => {
    machine.createThread({ name: "main", body: machine.loadElf(image) });
  };
}

const C_PROGRAM = { textMemory: 65_536, guestMemory: 262_144 };

const TESTS: readonly (readonly [name: string, setup: Setup, config: MachineConfig])[] = [
  ["threads of one CPU", adders(), {}],
  ["threads of two CPUs", adders(), { cpus: 2 }],
  ["threads of another scheduler", adders(), { cpus: 2, scheduler: "4bsd" }],
  ["tokens", adders(), { scheduler: "lwkt-modern" }],
  ["a fault before the first choice", adders((b) => b.lw("a0", "zero", 0)), { faults: "thread" }],
  ["a panic before the first choice", adders((b) => b.lw("a0", "zero", 0)), {}],
  ["a C program", elf("counter"), C_PROGRAM],
  ["a C program that makes threads", elf("circle"), C_PROGRAM],
];

describe("where schedules start", () => {
  for (const [name, setup, config] of TESTS) {
    it(`makes no difference to ${name}`, () => {
      let machine: Machine | null = null;
      const world = new World(
        (made, tools) => {
          machine = made;
          return setup(made, tools);
        },
        config,
        buildUnderTest,
      );
      const perform = (schedule: number, isTold: boolean) => {
        const strategy = schedule % 2 === 0 ? new RandomStrategy(7) : new PctStrategy(7, 3);
        const outcome = world.perform(strategy, schedule, LIMITS, isTold ? () => {} : null);
        const { hash, console } = machine as unknown as Machine;
        const { tape, kernel } = world.state;
        const digest = kernel.exports.search_digest();
        return { outcome, hash, console, tape, digest, steps: world.steps };
      };
      for (let i = 0; i < SCHEDULES; i++) expect(perform(i, false)).toEqual(perform(i, true));
    });
  }

  it("is another one when threads are known to share more", () => {
    const world = new World(adders(), {}, buildUnderTest);
    const { words } = world;
    expect(words).toHaveLength(1);
    const steps = (isTold: boolean) => {
      world.perform(new RandomStrategy(1), 0, LIMITS, isTold ? () => {} : null);
      return world.steps;
    };
    for (const known of [words, [], words]) {
      world.words = known;
      expect(steps(false)).toBe(steps(true));
    }
  });
});
