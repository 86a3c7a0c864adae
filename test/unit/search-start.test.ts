// A machine for searches goes back to a snapshot by its kernel, from the second time in a row on.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../../src/core/config.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { program } from "../../src/program/index.js";
import { buildUnderTest } from "../support/build.js";

const SMALL: MachineConfig = {
  ...{ search: true, time: "idle", jit: false, snapshots: true, preemption: false },
  ...{ maxthread: 32, maxproc: 8, guestMemory: 16_384, textMemory: 8_192, objects: 64 },
};

/** The last one is too large for the kernel: the host puts it back each time. */
const SETTINGS: readonly MachineConfig[] = [
  {},
  { cpus: 3 },
  { cpus: 2, scheduler: "4bsd" },
  { cpus: 2, scheduler: "lwkt-modern" },
  { guestMemory: 2 << 20 },
];

/** All memory but what the search keeps, which belongs to no snapshot. */
function memoryOf({ kernel }: Machine): Buffer {
  const { u8 } = kernel;
  const from = kernel.machine("search_base");
  if (from === 0) return Buffer.from(u8);
  return Buffer.concat([u8.slice(0, from), u8.slice(kernel.machine("search_end"))]);
}

const TICKS_MAX = 2 ** 31 - 1;

/** Uses more of every arena, and sets callouts of all levels of the wheel. */
function disturb(machine: Machine, seed: number): void {
  for (let i = 0; i < 3 + seed; i++) {
    machine.call(sys.mtx_create(`mutex ${seed} ${i}`));
    machine.createThread({
      name: `sleeper ${i}`,
      *body() {
        yield sys.tsleep(`channel ${seed} ${i}`, 0, "wait", Math.min(10 ** (i + 1), TICKS_MAX));
        for (;;) yield sys.tsleep(`forever ${i}`, 0, "wait", 0);
      },
    });
  }
  machine.createProcess({ name: `process ${seed}`, *body() {} });
  machine.run({ rounds: 4 });
  const guest = machine.guestMemory;
  guest.fill(seed, guest.length - 64);
}

describe("the start of a search", () => {
  for (const settings of SETTINGS) {
    const machine = () => new Machine({ ...SMALL, ...settings }, buildUnderTest);

    it(`is restored by the kernel as by the host, with ${JSON.stringify(settings)}`, () => {
      const tested = machine();
      tested.load(program("text").li("a0", 1).ret().build());
      const start = tested.snapshot({ packed: false });
      const before = memoryOf(tested);
      for (const seed of [1, 4, 2, 7, 3]) {
        disturb(tested, seed);
        expect(memoryOf(tested).equals(before)).toBe(false);
        tested.restore(start);
        expect(memoryOf(tested).equals(before)).toBe(true);
      }
    });

    it(`is one of several, with ${JSON.stringify(settings)}`, () => {
      const tested = machine();
      const first = tested.snapshot({ packed: false });
      const atFirst = memoryOf(tested);
      disturb(tested, 2);
      const second = tested.snapshot({ packed: false });
      const atSecond = memoryOf(tested);
      for (const snapshot of [first, first, second, first, second, second, second, first, first]) {
        disturb(tested, 3);
        tested.restore(snapshot);
        expect(memoryOf(tested).equals(snapshot === first ? atFirst : atSecond)).toBe(true);
      }
    });
  }

  it("has its original text, whatever was loaded after it", () => {
    const tested = new Machine(SMALL, buildUnderTest);
    tested.load(program("text").li("a0", 1).ret().build());
    const start = tested.snapshot({ packed: false });
    const before = memoryOf(tested);
    for (let i = 0; i < 4; i++) {
      if (i !== 1) tested.load(program("more").li("a0", i).ret().build());
      tested.restore(start);
      expect(memoryOf(tested).equals(before)).toBe(true);
    }
  });

  it("has no string of a C program that came later", () => {
    const tested = new Machine({ textMemory: 65_536, guestMemory: 262_144 }, buildUnderTest);
    const file = fileURLToPath(new URL("../../examples/explore/circle-right.elf", import.meta.url));
    tested.createThread({ name: "main", body: tested.loadElf(readFileSync(file)) });
    const start = tested.snapshot({ packed: false });
    const before = memoryOf(tested);
    tested.run();
    expect(tested.kernel.machine("strhash_count")).toBeGreaterThan(0);
    tested.restore(start);
    expect(memoryOf(tested).equals(before)).toBe(true);
  });
});
