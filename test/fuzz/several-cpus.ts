// Storms on several CPUs, beside the model of the law between them; a try is one storm, and operations are the steps
// of its threads.

import { buildUnderTest as build } from "../support/build.js";
import { type Suite, suitesFor } from "../support/cpus/suites.js";

const suites = suitesFor({ build });
const suite = (name: Suite["name"]) => suites.find((one) => one.name === name) as Suite;

function storm(suite: Suite, seed: number): number {
  const before = suite.steps;
  const failure = suite.run(seed);
  if (failure !== null) throw new Error(`${failure}\n${suite.replay(seed)}`);
  return suite.steps - before;
}

/** Threads that call, move, bind and end each other: the kernel has the model's state after each round. */
export const cpus = (seed: number): number => storm(suite("threads"), seed);

/** Kernel threads that make FreeBSD's calls under lwkt and 4bsd: the same, and all states. */
export const freebsdCpus = (seed: number): number => storm(suite("calls"), seed);

/** Processes whose threads are stopped, resumed, bound and ended: every thread obeys in time. */
export const processes = (seed: number): number => storm(suite("processes"), seed);

/** Threads that wait for each other in every way: no thread stays asleep while what it waits for is available. */
export const waits = (seed: number): number => storm(suite("waits"), seed);

/** Machines that compute, sleep and receive messages: their rounds by fast paths and by slow ones. */
export const rounds = (seed: number): number => storm(suite("rounds"), seed);

/** Threads and processes that do everything to each other: no thread and no object is left at the end. */
export const crowds = (seed: number): number => storm(suite("crowds"), seed);

/** Threads that take locks in any nesting: lent priorities follow the rule. */
export const locks = (seed: number): number => storm(suite("lending"), seed);
