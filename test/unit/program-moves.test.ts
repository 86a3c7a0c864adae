// The order of moves between registers, of which none may overwrite another one's source.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Move, orderMoves } from "../../src/program/moves.js";
import { type Register, registerNames } from "../../src/program/registers.js";

type Values = Map<Register, string>;

/** Does the steps one after another on registers that each hold their own name. */
function follow(moves: readonly Move[]): Values {
  const values: Values = new Map(registerNames.map((name) => [name, name]));
  for (const { op, to, from } of orderMoves(moves)) {
    const [old, value] = [values.get(to)!, values.get(from)!];
    values.set(to, value);
    if (op === "swap") values.set(from, old);
  }
  return values;
}

const argumentMoves = fc.uniqueArray(
  fc.record({
    to: fc.constantFrom<Register>("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"),
    from: fc.constantFrom<Register>("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s0", "zero"),
  }),
  { selector: ({ to }) => to },
);

describe("parallel moves", () => {
  it("give every target the value that its source had before, and change no other register", () => {
    fc.assert(
      fc.property(argumentMoves, (moves) => {
        const expected: Values = new Map(registerNames.map((name) => [name, name]));
        for (const { to, from } of moves) expected.set(to, from);
        expect(follow(moves)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("take no step for a register that stays", () => {
    expect(orderMoves([{ to: "a0", from: "a0" }])).toEqual([]);
  });

  it("exchange the registers of a cycle in one step fewer than it has registers", () => {
    const cycle: Move[] = [
      { to: "a0", from: "a1" },
      { to: "a1", from: "a2" },
      { to: "a2", from: "a0" },
    ];
    expect(orderMoves(cycle).map(({ op }) => op)).toEqual(["swap", "swap"]);
  });

  it("read a register before it is overwritten", () => {
    const chain: Move[] = [
      { to: "a0", from: "s0" },
      { to: "a1", from: "a0" },
    ];
    expect(orderMoves(chain)).toEqual([
      { op: "mv", to: "a1", from: "a0" },
      { op: "mv", to: "a0", from: "s0" },
    ]);
  });
});
