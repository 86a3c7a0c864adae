// The switch benchmark on our machine: RV32 threads that do nothing but lwkt_yield, with the machine's
// full accounting and the hash of the trace, which cannot be turned off. An interpreter can have a
// special case for such a body: switch-work.ts is without it.

import { SCHEDULER_NAMES } from "../../src/core/config.js";
import { RFSTOPPED } from "../../src/generated/layout.js";
import { type BodyFunction, sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { configFor, makeOrder, time_ms } from "./workbench.js";

const ALL_CLASSES = 0xffff_ffff;

/** What a contestant with another scheduler begins its variant with. */
const SCHEDULER = "scheduler ";

/** The schedulers' names, as variants. */
export const schedulerVariants = SCHEDULER_NAMES.map((name) => `${SCHEDULER}${name}`);

/** An endless yield: LWKT's own, or FreeBSD's, which is there under each scheduler. */
const yielder = (call: "lwkt_yield" | "sched_relinquish") =>
  program("yielder")
    .forever((b) => b.call(call))
    .build();

/** One round of the benchmark: that many switches. */
function rounds(machine: Machine): RoundFn {
  machine.run({ switches: 2 * (machine.config.maxthread + 1) }); // every thread has begun
  return (ops) => ({ value: (time_ms(() => machine.run({ switches: ops })) * 1e6) / ops });
}

/**
 * The benchmark's run. The case's `variant` is "check" for the build with INVARIANTS, "tracing" where
 * every trace record is made, and discarded by the host, and one of `schedulerVariants` for FreeBSD's call under that.
 */
export async function runSwitch(params: Params): Promise<RoundFn> {
  const threads = Number(params.threads);
  const variant = String(params.variant);
  const scheduler = SCHEDULER_NAMES.find((name) => variant === `${SCHEDULER}${name}`);
  const config = configFor(threads, { scheduler: scheduler ?? "lwkt" });
  const machine = new Machine(config, variant === "check" ? "check" : "release");
  const { entry } = machine.load(yielder(scheduler ? "sched_relinquish" : "lwkt_yield"));
  const created = new Uint32Array(threads);
  for (let i = 0; i < threads; i++) {
    const [, address] = machine.call(sys.kthread_add(entry, 0, 0, RFSTOPPED, 0, "yielder", 0));
    created[i] = address;
  }
  for (const i of makeOrder(threads, params.queue === "shuffled")) {
    machine.call(sys.sched_add(created[i] as number));
  }
  if (variant === "tracing") {
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
    for (;;) yield sys.lwkt_yield();
  };
  for (let i = 0; i < threads; i++) machine.createThread({ name: "yielder", body });
  return rounds(machine);
}
