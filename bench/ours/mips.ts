// The mips benchmark on our machine: a program of bench/peers/rv32/ on one emulated CPU. Instructions
// are those that the machine counts.

import { program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { placeProgram } from "./assembler.js";
import { configFor, placeDriver, time_ms, Workbench } from "./workbench.js";

const STACK_BYTES = 4096;

/** A driver that calls the program at "work" as often as the word "repeats" says. */
function mipsProgram(name: string) {
  const b = program(name)
    .data("repeats", { words: [0] })
    .data("result", { words: [0] })
    .data("stack", { zero: STACK_BYTES });
  placeDriver(b, () => {
    b.label("repeat").la("sp", "stack", STACK_BYTES).callSub("work").store("a0", "result");
    b.load("t0", "repeats").addi("t0", "t0", -1).store("t0", "repeats").bnez("t0", "repeat");
  });
  placeProgram(b, name);
  return b.build();
}

export async function runMips(params: Params): Promise<RoundFn> {
  const program = mipsProgram(String(params.work));
  const jit = params.variant !== "interpreted";
  const bench = new Workbench(configFor(16, { guestMemory: 1 << 20, jit }), program);
  bench.startDriver();
  const { machine } = bench;
  return (ops) => {
    bench.setWord("repeats", ops);
    const before = machine.counters.instructions;
    const took_ms = time_ms(() => bench.round());
    const instructions = machine.counters.instructions - before;
    const checksum = bench.word("result") >>> 0;
    return { time: took_ms / ops, speed: instructions / took_ms / 1e3, checksum };
  };
}
