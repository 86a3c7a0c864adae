// The cpus benchmark on our machine: every emulated CPU counts, or switches between two threads that
// yield. All of them run on one host core, in turn, a quantum each.

import { Machine } from "../../src/machine/machine.js";
import { type Program, program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { configFor, time_ms } from "./workbench.js";

const counter = program("counter").label("turn").addi("s0", "s0", 1).jump("turn").build();
const yielder = program("yielder")
  .forever((b) => b.call("lwkt_yield"))
  .build();
/** A switch between the yielders takes two instructions. */
const INSTRUCTIONS_PER_SWITCH = 2;

function bootAll(cpus: number, body: Program, perCpu: number): Machine {
  const machine = new Machine(configFor(cpus * perCpu, { cpus }));
  const loaded = machine.load(body);
  for (let i = 0; i < cpus * perCpu; i++) {
    machine.createThread({ name: body.name, body: loaded, cpu: i % cpus });
  }
  return machine;
}

/**
 * Instructions of one call of the machine: short calls, because a call stays in the code that it entered,
 * be it optimized or not yet.
 */
const INSTRUCTIONS_PER_RUN = 1_000_000;

/** Millions of what `count` counts in a second of the host's, over so many instructions. */
function speed(machine: Machine, instructions: number, count: () => number): number {
  const runs = Math.ceil(instructions / INSTRUCTIONS_PER_RUN);
  const cycles = Math.ceil(instructions / runs / machine.config.cpus);
  const before = count();
  const took_ms = time_ms(() => {
    for (let i = 0; i < runs; i++) machine.run({ for: cycles });
  });
  return (count() - before) / took_ms / 1e3;
}

export async function runCpus(params: Params): Promise<RoundFn> {
  const cpus = Number(params.cpus);
  const counting = bootAll(cpus, counter, 1);
  const switching = bootAll(cpus, yielder, 2);
  return (ops) => ({
    instructions: speed(
      counting,
      ops * INSTRUCTIONS_PER_SWITCH,
      () => counting.counters.instructions,
    ),
    switches: speed(switching, ops * INSTRUCTIONS_PER_SWITCH, () => switching.counters.switches),
  });
}
