// The switch benchmark on our machine: RV32 threads that do nothing but lwkt_yield, with the machine's
// full accounting and the hash of the trace, which cannot be turned off. The interpreter has a special
// case for two threads that stand in the same endless yield: bench/switch-work.ts is without it.

import { RFSTOPPED } from "../../src/generated/layout.js";
import { type BodyFunction, kernel } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { check, configFor, makeOrder, time_ms } from "./workbench.js";

const ALL_CLASSES = 0xffff_ffff;

const yielder = program("yielder")
  .forever((b) => b.call("lwkt_yield"))
  .build();

/** One round of the benchmark: that many switches. */
function rounds(machine: Machine): RoundFn {
  machine.run({ switches: 2 * (machine.config.maxthread + 1) }); // every thread has begun
  return (ops) => ({ value: (time_ms(() => machine.run({ switches: ops })) * 1e6) / ops });
}

/** Creates threads in memory's order, each with its argument, and queues them in an order of its own. */
export function queueThreads(
  machine: Machine,
  entry: number,
  order: Uint32Array,
  argument: (i: number) => number,
): void {
  const created = Uint32Array.from(order, (_, i) => {
    const add = kernel.kthread_add(entry, argument(i), 0, RFSTOPPED, 0, "yielder", 0);
    const [error, address] = machine.call(add);
    check(error === 0, "A thread could not be created.");
    return address;
  });
  for (const i of order) machine.call(kernel.sched_add(created[i] as number));
}

/**
 * The benchmark's run. The case's `variant` is "check" for the build with INVARIANTS, and "tracing" where
 * every trace record is made, and discarded by the host.
 */
export async function runSwitch(params: Params): Promise<RoundFn> {
  const threads = Number(params.threads);
  const machine = new Machine(configFor(threads), params.variant === "check" ? "check" : "release");
  const { entry } = machine.load(yielder);
  queueThreads(machine, entry, makeOrder(threads, params.queue === "shuffled"), () => 0);
  if (params.variant === "tracing") {
    machine.kernel.onTrace = () => {};
    machine.kernel.setMachine("ktr_mask", ALL_CLASSES);
  }
  return rounds(machine);
}

/** Generator bodies instead of machine code. */
export async function runSwitchJs(params: Params): Promise<RoundFn> {
  const threads = Number(params.threads);
  const machine = new Machine(configFor(threads));
  const body: BodyFunction = function* () {
    for (;;) yield kernel.lwkt_yield();
  };
  for (let i = 0; i < threads; i++) machine.createThread({ name: "yielder", body });
  return rounds(machine);
}
