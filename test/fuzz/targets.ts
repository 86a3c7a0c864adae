// The targets of the fuzzer. Each performs a number of operations from a seed, and throws when its model or its rule
// is violated.

import { readFileSync } from "node:fs";
import {
  BodyError,
  ConfigError,
  KernelError,
  KernelPanic,
  Machine,
  parseWorkload,
  runWorkload,
  sys,
  WorkloadError,
} from "../../src/index.js";
import { damaged, oddValues } from "../support/bad-input.js";
import { buildUnderTest as build } from "../support/build.js";
import { EventStorm } from "../support/event-storm.js";
import type { ModelScheduler } from "../support/fbsd-model.js";
import { FbsdCallTest } from "../support/fbsd-model-test.js";
import { FbsdStorm } from "../support/fbsd-storm.js";
import { LwktQueueTest } from "../support/lwkt-model.js";
import { Storm } from "../support/lwkt-storm.js";
import { Random } from "../support/random.js";
import { SchedQueueTest } from "../support/sched-queue-test.js";
import { SchedScoreTest } from "../support/sched-score-test.js";
import { schedulerOf } from "../support/schedulers.js";
import { ShortWays } from "../support/short-ways.js";
import { TokenStorm } from "../support/token-storm.js";
import { UserQueueTest } from "../support/user-queue-test.js";
import { UserShareTest } from "../support/user-share-test.js";
import { options } from "./options.js";
import { compiledRv32, elf, rv32 } from "./programs.js";
import { cpus, crowds, freebsdCpus, locks, processes, rounds, waits } from "./several-cpus.js";
import { snapshots } from "./snapshots.js";
import type { Target } from "./target.js";

const cpusOf = (random: Random) => random.pick([1, 2, 3, 4, 8, 16]);

/** LWKT's calls on one CPU against lists: order, mask and running thread after each call. */
function lwkt(seed: number, size: number): number {
  const threads = new Random(seed).pick([4, 40, 150, 600]);
  new LwktQueueTest(seed, threads, seed % 3 === 0 ? "lwkt-modern" : "lwkt").run(size);
  return size;
}

/** Tokens of lwkt-modern on several CPUs, by rules. */
function tokens(seed: number, size: number): number {
  const storm = new TokenStorm(seed, size);
  storm.run();
  return storm.steps;
}

/** LWKT on several CPUs: invariants after every round, and all threads end. */
function lwktStorm(seed: number, size: number): number {
  const random = new Random(seed);
  const cpus = cpusOf(random);
  const threads = 8 + 2 * cpus;
  const storm = new Storm({ seed, cpus, threads, steps: size, lines: 0 });
  storm.run();
  const done = storm.actors.filter((actor) => actor.done).length;
  if (done !== threads) throw new Error(`${threads - done} of ${threads} threads never end`);
  return threads * size;
}

/** The scheduler of a model: every fifth seed has lwkt-modern. */
function modelled(seed: number): ModelScheduler {
  return seed % 5 === 0 ? "lwkt-modern" : new Random(seed).pick(["lwkt", "4bsd"]);
}

/** FreeBSD's calls on one CPU, compared with a model: the running thread, results, the clock, and all threads' states. */
function freebsd(seed: number, size: number): number {
  const test = new FbsdCallTest(seed, modelled(seed));
  test.run(size);
  return test.operations;
}

/** Event handlers of threads and shutdowns: which runs when, and who waits for that. */
function events(seed: number, size: number): number {
  const storm = new EventStorm(seed, size);
  storm.run();
  return storm.ran;
}

/** The queues of 4bsd and ule: the order in which threads run. */
function queues(seed: number, size: number): number {
  const test = new SchedQueueTest(seed, new Random(seed).pick(["4bsd", "ule"]));
  test.run(size);
  return test.operations;
}

/** The user scheduler of lwkt on 1 to 16 CPUs: slots, queues, loads, and where threads go. */
function userQueues(seed: number, size: number): number {
  const test = new UserQueueTest(seed);
  test.run(size);
  return test.operations;
}

/** Time-sharing under lwkt and lwkt-modern: ranks, accounts, slices, where threads go, and what idle CPUs pull. */
function userShares(seed: number, size: number): number {
  const test = new UserShareTest(seed);
  test.run(size);
  return test.operations;
}

/** What 4bsd and ule remember of threads: scores, priorities, slices. */
function scores(seed: number, size: number): number {
  const test = new SchedScoreTest(seed, seed % 2 === 0 ? "4bsd" : "ule");
  test.run(size);
  return test.operations;
}

/** The fast paths of the emulated CPU against the slow ones: traced, interpreted and divided runs are the same. */
function shortWays(seed: number, size: number): number {
  const test = new ShortWays(seed, size);
  test.run();
  return test.operations;
}

/** FreeBSD's calls on several CPUs: counters agree with lists, and nothing is left at the end. */
function freebsdStorm(seed: number, size: number): number {
  const random = new Random(seed);
  const options = {
    seed,
    cpus: cpusOf(random),
    scheduler: schedulerOf(random, seed),
  };
  const storm = new FbsdStorm({ ...options, threads: 4 * size, steps: size });
  storm.run();
  const left = storm.leftovers();
  if (left.threads !== 2 + left.harvested || left.processes !== 2) {
    throw new Error(`left over: ${JSON.stringify(left)}`);
  }
  return 4 * size * size;
}

const example = readFileSync("examples/webserver.json", "utf8");

/** Damaged workload files: a WorkloadError with its place, or a run that ends in order. */
function workload(seed: number, size: number): number {
  const random = new Random(seed);
  for (let i = 0; i < size; i++) {
    const text = damaged(example, random);
    try {
      runWorkload(parseWorkload(text, "fuzz.json"), { build, forNs: 20_000 });
    } catch (error) {
      const isOwn =
        error instanceof WorkloadError ||
        error instanceof ConfigError ||
        error instanceof KernelPanic;
      if (!isOwn)
        throw new Error(`${String(error)} from ${JSON.stringify(text)}`, { cause: error });
    }
  }
  return size;
}

/** Errors of the library that a call may end in. */
const own = [BodyError, ConfigError, KernelError];

/** Calls of the library with odd arguments: its own errors only, and never a machine that hangs. */
function library(seed: number, size: number): number {
  const random = new Random(seed);
  let machine = new Machine({ maxthread: 100, maxproc: 10, cpus: cpusOf(random) }, build);
  const odd = () => random.pick(oddValues) as never;
  const body = function* () {
    yield sys.lwkt_yield();
  };
  const kernelCalls = Object.values(sys) as unknown as ((...args: unknown[]) => never)[];
  const calls: readonly (() => unknown)[] = [
    () => machine.createThread({ name: "t", body, priority: odd(), arg: odd() }),
    () => machine.createThread({ name: odd(), body: odd(), cpu: odd(), process: odd() }),
    () => machine.createLwkt({ name: "l", body, priority: odd() }),
    () => machine.call(random.pick(kernelCalls)(odd(), odd(), odd(), odd())),
    () => machine.run({ rounds: 3, until: odd(), switches: odd() }),
    () => machine.place(odd(), odd()),
    () => machine.interrupt(odd()),
    () => machine.raise(odd()),
    () => machine.load(odd()),
    () => machine.onEvent(odd(), odd()),
  ];
  for (let i = 0; i < size; i++) {
    try {
      random.pick(calls)();
    } catch (error) {
      if (error instanceof KernelPanic)
        machine = new Machine({ maxthread: 100, maxproc: 10 }, build);
      else if (!own.some((kind) => error instanceof kind)) throw error;
    }
  }
  return size;
}

/** The targets by name. */
export const targets: Readonly<Record<string, Target>> = {
  lwkt: { about: "LWKT's calls on one CPU, beside a model", size: 20_000, run: lwkt },
  freebsd: { about: "FreeBSD's calls on one CPU, beside a model", size: 3_000, run: freebsd },
  cpus: { about: "LWKT's calls on several CPUs, beside a model", size: 1, run: cpus },
  "freebsd-cpus": {
    about: "FreeBSD's calls on several CPUs, beside a model",
    size: 1,
    run: freebsdCpus,
  },
  processes: { about: "processes on several CPUs: who is asked obeys", size: 1, run: processes },
  locks: { about: "locks on several CPUs: what is lent", size: 1, run: locks },
  waits: {
    about: "waits on several CPUs: nobody sleeps on for what is there",
    size: 1,
    run: waits,
  },
  rounds: {
    about: "rounds by short ways and by long ones: the same memory",
    size: 1,
    run: rounds,
  },
  crowds: {
    about: "threads and processes that do everything to each other, by rules",
    size: 1,
    run: crowds,
  },
  events: {
    about: "event handlers that come and go while threads shut down, beside a model",
    size: 40,
    run: events,
  },
  queues: { about: "run queues of 4bsd and ule, beside a model", size: 3_000, run: queues },
  "user-queues": {
    about: "lwkt's queues of user threads on several CPUs, beside a model",
    size: 300,
    run: userQueues,
  },
  "user-shares": {
    about: "time-sharing under lwkt and lwkt-modern, beside a model",
    size: 6_000,
    run: userShares,
  },
  scores: {
    about: "scores, priorities and slices of 4bsd and ule, by rules",
    size: 4_000,
    run: scores,
  },
  tokens: { about: "tokens of lwkt-modern on several CPUs, by rules", size: 60, run: tokens },
  "short-ways": {
    about: "RV32 threads by the short ways of the CPU and by the long ones: the same run",
    size: 30,
    run: shortWays,
  },
  "lwkt-storm": { about: "LWKT on several CPUs, by rules", size: 60, run: lwktStorm },
  "freebsd-storm": {
    about: "FreeBSD's calls on several CPUs, by rules",
    size: 25,
    run: freebsdStorm,
  },
  rv32: { about: "RV32 programs beside an interpreter", size: 12_000, run: rv32 },
  "rv32-compiled": { about: "the same, compiled", size: 12_000, run: compiledRv32 },
  elf: { about: "damaged ELF files, and random code", size: 10, run: elf },
  snapshots: { about: "snapshots, their files, and damaged ones", size: 300, run: snapshots },
  workload: { about: "damaged workload files", size: 20, run: workload },
  options: { about: "options of the command line", size: 10, run: options },
  library: { about: "calls of the library", size: 200, run: library },
};
