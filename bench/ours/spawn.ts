// The spawn benchmark on our machine: an RV32 thread creates threads by kthread_add, yields until they
// have run and exited, and so on; in the end all are reaped.

import { type MachineProgramBuilder, program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import {
  check,
  configFor,
  increment,
  placeCreations,
  placeDriver,
  time_ms,
  Workbench,
  yieldUntil,
} from "./workbench.js";

function placeRound(b: MachineProgramBuilder, alive: number): void {
  b.load("s0", "batches").li("s3", 0);
  b.while(["s0", ">", "zero"], () => {
    placeCreations(b, alive, "body");
    b.li("t0", alive)
      .add("s3", "s3", "t0")
      .apply((w) => yieldUntil(w, "ran", "s3"));
    b.addi("s0", "s0", -1);
  });
  b.call("thread_reap");
}

function spawnProgram(alive: number) {
  const b = program("spawn")
    .data("batches", { words: [0] })
    .data("ran", { words: [0] });
  placeDriver(b, () => placeRound(b, alive));
  b.label("body")
    .apply((w) => increment(w, "ran"))
    .call("kthread_exit");
  return b.build();
}

export async function runSpawn(params: Params): Promise<RoundFn> {
  const alive = Number(params.alive);
  const bench = new Workbench(configFor(alive), spawnProgram(alive));
  bench.startDriver();
  const threads = bench.machine.counters.threads;
  return (ops) => {
    const batches = Math.max(Math.floor(ops / alive), 1);
    bench.setWord("batches", batches);
    bench.setWord("ran", 0);
    const took_ms = time_ms(() => bench.round());
    check(bench.word("ran") === batches * alive, "A thread did not run.");
    check(bench.machine.counters.threads === threads, "A thread was not reaped.");
    return { value: (took_ms * 1e6) / (batches * alive) };
  };
}
