// The snapshot benchmark on our machine: threads that have yielded a few times, half of which sleep.

import type { MachineConfig } from "../../src/core/config.js";
import { Machine } from "../../src/machine/machine.js";
import { channel, program, string } from "../../src/program/index.js";
import { decodeSnapshot, encodeSnapshot } from "../../src/snapshot/file.js";
import type { Params, RoundFn } from "../lib/types.js";
import { configFor, time_ms } from "./workbench.js";

/** Threads up to which a machine is made no larger than it has to be. */
const SMALL_MAX = 50;
const SMALL: MachineConfig = {
  maxthread: 64,
  maxproc: 4,
  maxThreadsPerProc: 64,
  guestMemory: 8192,
  textMemory: 4096,
  objects: 16,
  stringMemory: 4096,
};

/** All have a random number in a register; those whose argument is not 0 go to sleep. */
const body = program("body")
  .mv("s1", "a0")
  .loop(4, (b) => b.call("random").mv("s2", "a0").call("lwkt_yield"))
  .if(["s1", "!=", 0], (b) => b.call("tsleep", channel("never"), 0, string("sleep"), 0))
  .forever((b) => b.call("lwkt_yield"))
  .build();

/** One round of the benchmark: that many snapshots, each of which is put back once, and files. */
export async function runSnapshot(params: Params): Promise<RoundFn> {
  const threads = Number(params.threads);
  const machine = new Machine(threads <= SMALL_MAX ? SMALL : configFor(threads));
  const loaded = machine.load(body);
  for (let i = 0; i < threads; i++) {
    machine.createThread({ name: "thread", body: loaded, arg: i < threads / 2 ? 0 : 1 });
  }
  machine.run({ switches: 7 * threads });
  let snapshot = machine.snapshot();
  return (ops) => {
    let bytes = encodeSnapshot(snapshot);
    const each_us = (action: () => void) => {
      const all_ms = time_ms(() => {
        for (let i = 0; i < ops; i++) action();
      });
      return (all_ms * 1_000) / ops;
    };
    return {
      take: each_us(() => {
        snapshot = machine.snapshot({ reuse: snapshot });
      }),
      restore: each_us(() => machine.restore(snapshot)),
      encode: each_us(() => {
        bytes = encodeSnapshot(snapshot);
      }),
      decode: each_us(() => {
        decodeSnapshot(bytes);
      }),
      file: bytes.length / 1e6,
    };
  };
}
