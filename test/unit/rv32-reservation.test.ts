// Reservations of lr.w on two CPUs, with slices that end between lr.w and sc.w.

import { describe, expect, it } from "vitest";
import { Machine } from "../../src/machine/machine.js";
import { program } from "../../src/program/index.js";
import { buildUnderTest } from "../support/build.js";

const QUANTUM = 100;
const LATER = 2000;

/** Reserves the word, waits for some slices, stores 7 if it is still reserved, tells in `failed`. */
const reserving = program("reserving")
  .data("before", { words: [0] })
  .data("word", { words: [1, 0] })
  .data("failed", { words: [9] })
  .la("s0", "word")
  .lrW("t0", "s0")
  .li("t1", LATER)
  .label("wait")
  .addi("t1", "t1", -1)
  .bnez("t1", "wait")
  .li("t2", 7)
  .scW("t0", "t2", "s0")
  .store("t0", "failed")
  .build();

type Body = (builder: ReturnType<typeof program>) => unknown;

/** What the other CPU does to the word, whose address is in s0, in the middle of the wait. */
function run(body: Body, step: (machine: Machine) => string = (machine) => machine.run().reason) {
  const machine = new Machine({ cpus: 2, quantum: QUANTUM, guestMemory: 1 << 18 }, buildUnderTest);
  const loaded = machine.load(reserving);
  const word = loaded.addressOf("word");
  const other = program("other")
    .li("t1", LATER / 4)
    .li("s0", word);
  other.label("wait").addi("t1", "t1", -1).bnez("t1", "wait").li("t2", 1);
  body(other);
  machine.createLwkt({ name: "reserving", body: loaded, cpu: 0 });
  machine.createLwkt({ name: "other", body: machine.load(other.build()), cpu: 1 });
  while (step(machine) !== "idle") {}
  const { guestMemory: guest } = machine;
  const view = new DataView(guest.buffer, guest.byteOffset);
  const failed = view.getUint32(loaded.addressOf("failed"), true);
  return { failed, word: view.getUint32(word, true), hash: machine.hash };
}

describe("a reservation", () => {
  it("outlasts slices in which another CPU stores elsewhere", () => {
    const { failed, word } = run((b) =>
      b.sw("t2", "s0", 4).sb("t2", "s0", -1).sh("t2", "s0", -2).sw("t2", "s0", -4),
    );
    expect([failed, word]).toEqual([0, 7]);
  });

  it.each<[string, Body]>([
    ["the value that it has", (b) => b.sw("t2", "s0", 0)],
    ["a byte of it", (b) => b.sb("zero", "s0", 3)],
    ["half of it", (b) => b.sh("t2", "s0", 0)],
    ["a misaligned word that reaches into it", (b) => b.sw("t2", "s0", -3)],
    ["zero", (b) => b.sw("zero", "s0", 0)],
    ["a sum", (b) => b.amoaddW("zero", "zero", "s0")],
    ["conditionally", (b) => b.lrW("t3", "s0").scW("t3", "t3", "s0")],
  ])("ends when another CPU stores %s", (_, body) => {
    expect(run(body).failed).toBe(1);
  });

  it("outlasts a conditional store of another CPU that fails", () => {
    expect(run((b) => b.scW("t3", "t2", "s0")).failed).toBe(0);
  });

  it("and the hash are the same however the run is cut", () => {
    const body: Body = (b) => b.sw("t2", "s0", 0);
    const oneByOne = (machine: Machine) => machine.run({ rounds: 1 }).reason;
    expect(run(body, oneByOne)).toEqual(run(body));
  });
});
