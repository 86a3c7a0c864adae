// The sleepers benchmark on our machine: RV32 threads that tsleep on one channel with a timeout of an hour.

import { sys } from "../../src/machine/calls.js";
import {
  channel,
  type MachineProgramBuilder,
  program,
  seconds,
  string,
  ticks,
} from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import {
  check,
  configFor,
  increment,
  placeCreations,
  placeDriver,
  resident_mb,
  stampAndStop,
  time_ms,
  Workbench,
  yieldUntil,
} from "./workbench.js";

const TIMEOUT = seconds(3_600);

function placeRound(b: MachineProgramBuilder, threads: number): void {
  placeCreations(b, threads, "body");
  b.li("s0", threads)
    .apply((w) => yieldUntil(w, "asleep", "s0"))
    .call("lwkt_yield")
    .apply(stampAndStop);
  b.comment("Here the host looks at the memory, and goes on");
  b.call("tsleep", channel("measured"), 0, string("measured"), 0);
  b.call("wakeup", channel("sleep"))
    .apply((w) => yieldUntil(w, "woken", "s0"))
    .call("thread_reap");
}

function sleepersProgram(threads: number) {
  const b = program("sleepers")
    .data("asleep", { words: [0] })
    .data("woken", { words: [0] });
  placeDriver(b, () => placeRound(b, threads));
  b.label("body").apply((w) => increment(w, "asleep"));
  b.call("tsleep", channel("sleep"), 0, string("sleep"), ticks(TIMEOUT));
  b.apply((w) => increment(w, "woken")).call("kthread_exit");
  return b.build();
}

export async function runSleepers(params: Params): Promise<RoundFn> {
  const threads = Number(params.threads);
  const bench = new Workbench(configFor(threads), sleepersProgram(threads));
  bench.startDriver();
  const others = bench.machine.counters.threads;
  return () => {
    const create = time_ms(() => bench.round());
    const memory = resident_mb();
    check(bench.word("asleep") === threads && bench.word("woken") === 0, "A thread is not asleep.");
    bench.machine.call(sys.wakeup("measured"));
    const wake = time_ms(() => bench.resume());
    check(bench.word("woken") === threads, "A thread was not woken.");
    check(bench.machine.counters.threads === others, "A thread was not reaped.");
    return { memory, create, wake };
  };
}
