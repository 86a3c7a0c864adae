// The program of the stress test, for machines with 16 registers: one thread, the spawner, creates all
// others from inside the machine, opens the gate at which they sleep, and waits until they have exited.
// So no JavaScript runs for a thread, and all of them exist at the same time.
//
// A thread is created, sleeps at the gate, and then for each round yields, wakes its neighbour and sleeps
// until its other neighbour wakes it. A wakeup that comes too early is lost, as it should be: then the
// timeout ends the sleep. Channels are odd numbers, which no address in the kernel is.

import { calls } from "../core/calls.js";
import type { SchedulerName } from "../core/config.js";
import { encodeKernelCall } from "../program/encode.js";
import {
  label,
  type MachineProgramBuilder,
  type Program,
  program,
  string,
  symbol,
  ticks,
} from "../program/index.js";

/** The words that the program and the host share. */
export const WORDS = [
  "created",
  "left",
  "errno",
  "open",
  "woken",
  "cycles low",
  "cycles high",
  "finished",
] as const;

/** One of the shared words. */
export type StressWord = (typeof WORDS)[number];

/** Threads that one wakeup lets through the gate, as a shift: a kernel call of bounded length. */
const GATE_SHIFT = 10;
/** Bit of the gates' channels, which tells them from the threads'. */
const GATE_BIT = -(2 ** 31);
/** The ends of sleeps whose wakeup came too early: longer than any CPU is behind another. */
const SLEEP_TIMEOUT_TICKS = 1_000;
/** How often the spawner looks whether all have exited, should the last one be faster than it. */
const LOOK_TICKS = 10;

/** What the program is made for. */
export interface StressShape {
  readonly threads: number;
  readonly rounds: number;
  readonly scheduler: SchedulerName;
}

/** Makes the program; it starts with the spawner. */
export function stressProgram(shape: StressShape): Program {
  const initial: Partial<Record<StressWord, number>> = { left: shape.threads };
  const builder = program("stress").entry("spawner");
  for (const word of WORDS) builder.data(word, { words: [initial[word] ?? 0] });
  return builder
    .apply((b) => placeSpawner(b, shape))
    .apply((b) => placeWorker(b, shape))
    .build();
}

function placeSpawner(b: MachineProgramBuilder, { threads }: StressShape): void {
  b.label("spawner").la("gp", "created").li("s0", 0).li("s1", threads);
  b.label("create").apply(placeCreation).bnez("a0", "refused");
  b.addi("s0", "s0", 1).sw("s0", "gp", 0).bne("s0", "s1", "create").jump("created all");
  b.comment("The kernel has no more threads: go on with those that exist");
  b.label("refused").la("t0", "errno").sw("a0", "t0", 0);
  b.sub("t1", "s0", "s1").la("t0", "left").amoaddW("zero", "t1", "t0");
  b.label("created all").la("t0", "open").li("t1", 1).sw("t1", "t0", 0);
  b.addi("s1", "s0", (1 << GATE_SHIFT) - 1)
    .srli("s1", "s1", GATE_SHIFT)
    .li("s0", 0);
  b.while(["s0", "<", "s1"], () => {
    b.apply((gate) => placeGateChannel(gate, "s0"))
      .call("wakeup", "a0")
      .addi("s0", "s0", 1);
  });
  b.label("wait").la("t0", "left").lw("t0", "t0", 0).beqz("t0", "done");
  b.call("tsleep", symbol("left", 1), 0, string("stress"), ticks(LOOK_TICKS)).jump("wait");
  b.label("done").call("thread_reap_barrier").call("cycles");
  b.la("t0", "cycles low").sw("a0", "t0", 0).la("t0", "cycles high").sw("a1", "t0", 0);
  b.la("t0", "finished").li("t1", 1).sw("t1", "t0", 0);
  b.forever(() => b.call("tsleep", symbol("finished", 1), 0, string("end"), 0));
}

/** kthread_add(worker, s0, proc0, ..., "stress%d", s0): the seventh argument is in t1 here. */
function placeCreation(b: MachineProgramBuilder): void {
  b.li("a0", label("worker")).mv("a1", "s0").li("a2", 0).li("a3", 0).li("a4", 0);
  b.li("a5", string("stress%d")).mv("t1", "s0").raw(encodeKernelCall(calls.kthread_add.nr));
}

/** a0 = the channel of the gate with the number in a register. */
function placeGateChannel(b: MachineProgramBuilder, gate: "s0" | "s1"): void {
  b.slli("a0", gate, 1).ori("a0", "a0", 1).li("t0", GATE_BIT).or("a0", "a0", "t0");
}

/** a0 = the channel of the thread with the number in a register. */
function placeThreadChannel(b: MachineProgramBuilder, thread: "s0" | "t0"): void {
  b.slli("a0", thread, 1).ori("a0", "a0", 1);
}

function placeWorker(b: MachineProgramBuilder, { rounds, scheduler }: StressShape): void {
  b.label("worker").mv("s0", "a0").li("gp", 0);
  b.label("gate").la("t0", "open").lw("t0", "t0", 0).bnez("t0", "opened");
  b.srli("s1", "s0", GATE_SHIFT).apply((gate) => placeGateChannel(gate, "s1"));
  b.call("tsleep", "a0", 0, string("gate"), ticks(SLEEP_TIMEOUT_TICKS)).jump("gate");
  b.label("opened");
  const body = () => {
    b.call(scheduler === "lwkt" ? "lwkt_yield" : "sched_relinquish");
    b.addi("t0", "s0", -1)
      .apply((w) => placeThreadChannel(w, "t0"))
      .call("wakeup", "a0");
    b.apply((w) => placeThreadChannel(w, "s0"));
    b.call("tsleep", "a0", 0, string("stress"), ticks(SLEEP_TIMEOUT_TICKS));
    b.seqz("a0", "a0").add("gp", "gp", "a0");
  };
  b.loop(rounds, body, { counter: "s1" });
  b.la("t0", "woken").amoaddW("zero", "gp", "t0");
  b.la("t0", "left").li("t1", -1).amoaddW("t1", "t1", "t0").addi("t1", "t1", -1);
  b.bnez("t1", "leave").call("wakeup", symbol("left", 1));
  b.label("leave").call("kthread_exit");
}
