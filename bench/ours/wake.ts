// The wake benchmark on our machine: two RV32 threads wake each other in turn, on one emulated CPU or on
// two, which is where a wakeup becomes a message.

import type { MachineConfig } from "../../src/core/config.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import {
  channel,
  external,
  type MachineProgramBuilder,
  program,
  string,
} from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { configFor, time_ms } from "./workbench.js";

const SIDES = ["0", "1"] as const;
/** Rounds of the machine between two looks at the number of wakeups. */
const ROUNDS_PER_LOOK = 20;

function placeCount(b: MachineProgramBuilder, side: string): void {
  b.la("t0", `woken ${side}`).lw("t1", "t0", 0).addi("t1", "t1", 1).sw("t1", "t0", 0);
}

function blockProgram() {
  const b = program("wake")
    .data("woken 0", { words: [0] })
    .data("woken 1", { words: [0] });
  for (const side of SIDES) {
    const other = side === "0" ? "1" : "0";
    b.label(side).call("lwkt_wait_gen", external(side)).mv("s0", "a0");
    b.forever(() => {
      b.call("lwkt_block", external(side), string("wake"), "s0").mv("s0", "a0");
      placeCount(b, side);
      b.call("lwkt_signal", external(other));
    });
  }
  return b.build();
}

function sleepProgram() {
  const b = program("wake")
    .data("woken 0", { words: [0] })
    .data("woken 1", { words: [0] });
  for (const side of SIDES) {
    const other = side === "0" ? "1" : "0";
    b.label(side).forever(() => {
      b.call("tsleep", channel(side), 0, string("wake"), 0);
      placeCount(b, side);
      b.call("wakeup", channel(other));
    });
  }
  return b.build();
}

/** A wakeup on one CPU, or between two. */
export async function runWake(params: Params): Promise<RoundFn> {
  const across = params.cpus === "across";
  const machine = new Machine(configFor(16, { cpus: across ? 2 : 1 }));
  return wakeups(machine, across, params.with === "msleep/wakeup", false);
}

/** A wakeup between two CPUs of many, to which the threads are bound, under a scheduler. */
export async function runIdle(params: Params): Promise<RoundFn> {
  const scheduler = params.scheduler as NonNullable<MachineConfig["scheduler"]>;
  const machine = new Machine(configFor(16, { cpus: Number(params.cpus), scheduler }));
  return wakeups(machine, true, true, true);
}

function wakeups(machine: Machine, across: boolean, sleeps: boolean, bound: boolean): RoundFn {
  const waits = SIDES.map((_, cpu) => machine.createWait(across ? cpu : 0).address);
  const loaded = machine.load(sleeps ? sleepProgram() : blockProgram(), {
    "0": waits[0] as number,
    "1": waits[1] as number,
  });
  for (const [i, side] of SIDES.entries()) {
    const body = loaded.addressOf(side);
    const thread = machine.createThread({ name: side, body, cpu: across ? i : 0 });
    if (bound) machine.call(sys.cpuset_setthread(thread.address, 1n << BigInt(i)));
  }
  machine.run();
  machine.call(sleeps ? sys.wakeup("0") : sys.lwkt_signal(waits[0] as number));
  const view = new DataView(machine.guestMemory.buffer, machine.guestMemory.byteOffset);
  const at = SIDES.map((side) => loaded.addressOf(`woken ${side}`));
  const woken = () => at.reduce((sum, address) => sum + view.getUint32(address, true), 0);
  return (ops) => {
    const before = woken();
    const took_ms = time_ms(() => {
      while (woken() - before < ops) {
        if (machine.run({ rounds: ROUNDS_PER_LOOK }).reason === "idle")
          throw new Error("A wakeup was lost.");
      }
    });
    return { value: (took_ms * 1e6) / (woken() - before) };
  };
}
