// The growth benchmark on our machine: an RV32 thread creates all threads, which yield until they are
// told to leave. The program stamps the host's clock before and after the creation.

import { type MachineProgramBuilder, program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import {
  check,
  configFor,
  increment,
  placeCreations,
  placeDriver,
  resident_mb,
  stamp,
  stampAndStop,
  time_ms,
  Workbench,
  yieldUntil,
} from "./workbench.js";

/** Creations in a round, at least. */
const CREATES = 200_000;

/** Creates `repeats` times all threads, and ends them again but for the last time. */
function placeRound(b: MachineProgramBuilder, threads: number): void {
  b.load("s0", "repeats").la("t0", "leaving").sw("zero", "t0", 0);
  b.label("again").apply(stamp);
  placeCreations(b, threads, "body");
  b.apply(stamp)
    .addi("s0", "s0", -1)
    .beqz("s0", "created")
    .apply((w) => placeEnd(w, threads));
  b.jump("again").label("created").apply(stampAndStop);
  b.comment("Here the host times the switches, and goes on");
  b.label("yield").call("lwkt_yield").la("t0", "told").lw("t0", "t0", 0).beqz("t0", "yield");
  b.apply((w) => placeEnd(w, threads));
}

/** Has all threads leave, and reaps them. */
function placeEnd(b: MachineProgramBuilder, threads: number): void {
  b.li("t1", 1).la("t0", "leaving").sw("t1", "t0", 0).la("t0", "left").sw("zero", "t0", 0);
  b.li("s2", threads).apply((w) => yieldUntil(w, "left", "s2"));
  b.la("t0", "leaving").sw("zero", "t0", 0).call("thread_reap");
}

function growthProgram(threads: number) {
  const b = program("growth");
  for (const name of ["repeats", "leaving", "told", "left"]) b.data(name, { words: [0] });
  placeDriver(b, () => placeRound(b, threads));
  b.label("body").la("s0", "leaving");
  b.label("turn").call("lwkt_yield").lw("t0", "s0", 0).beqz("t0", "turn");
  b.apply((w) => increment(w, "left")).call("kthread_exit");
  return b.build();
}

export async function runGrowth(params: Params): Promise<RoundFn> {
  const threads = Number(params.threads);
  const repeats = Math.max(Math.floor(CREATES / threads), 1);
  const bench = new Workbench(configFor(threads), growthProgram(threads));
  bench.startDriver();
  const { machine, stamps_ms } = bench;
  return (ops) => {
    bench.setWord("repeats", repeats);
    bench.setWord("told", 0);
    bench.round();
    let created_ms = 0;
    for (let i = 0; i < repeats; i++) {
      created_ms += (stamps_ms[2 * i + 1] as number) - (stamps_ms[2 * i] as number);
    }
    machine.run({ switches: 2 * threads }); // every thread has begun
    const switched_ms = time_ms(() => machine.run({ switches: ops }));
    const memory = resident_mb();
    bench.setWord("told", 1);
    bench.resume();
    check(bench.word("left") === threads, "A thread did not leave.");
    return {
      create: (created_ms * 1e6) / repeats / threads,
      switch: (switched_ms * 1e6) / ops,
      memory,
    };
  };
}
