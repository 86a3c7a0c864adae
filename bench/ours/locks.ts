// The locks benchmark on our machine: RV32 threads that take and release a lock in an endless loop. Alone, a thread
// never waits. Of two, one always waits: who releases the lock hands it to the other, wants it again, and sleeps.

import { calls } from "../../src/core/calls.js";
import { MTX_SPIN } from "../../src/generated/layout.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { encodeKernelCall } from "../../src/program/encode.js";
import { external, program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { check, configFor, time_ms } from "./workbench.js";

/** Pairs in a turn of the loop, so that counting them costs little beside them. */
const PAIRS_PER_TURN = 16;
const ROUNDS_PER_LOOK = 50;

interface Kind {
  readonly make: () => ReturnType<typeof sys.mtx_create>;
  readonly take: keyof typeof calls;
  readonly release: keyof typeof calls;
}

const RW = () => sys.rw_init("lock", 0);
const SX = () => sys.sx_init("lock", 0);
const KINDS: Readonly<Record<string, Kind>> = {
  mtx: { make: () => sys.mtx_create("lock"), take: "mtx_lock", release: "mtx_unlock" },
  "mtx spin": {
    make: () => sys.mtx_init("lock", MTX_SPIN),
    take: "mtx_lock_spin",
    release: "mtx_unlock_spin",
  },
  "rw shared": { make: RW, take: "rw_rlock", release: "rw_runlock" },
  "rw alone": { make: RW, take: "rw_wlock", release: "rw_wunlock" },
  "sx shared": { make: SX, take: "sx_slock", release: "sx_sunlock" },
  "sx alone": { make: SX, take: "sx_xlock", release: "sx_xunlock" },
};

/** Threads that take and release the lock for ever; where it is contested, the first lets the second come to it. */
function pairs({ take, release }: Kind, isContested: boolean) {
  const b = program("pairs").data("turns", { words: [0] });
  const lock = () => b.mv("a0", "s1").raw(encodeKernelCall(calls[take].nr));
  const unlock = () => b.mv("a0", "s1").raw(encodeKernelCall(calls[release].nr));
  b.label("start").li("s1", external("lock")).la("s0", "turns");
  if (isContested) {
    lock();
    b.call("lwkt_yield");
    unlock();
  }
  b.forever(() => {
    for (let i = 0; i < PAIRS_PER_TURN; i++) {
      lock();
      unlock();
    }
    b.lw("t1", "s0", 0).addi("t1", "t1", 1).sw("t1", "s0", 0);
  });
  return b.build();
}

export async function runLocks(params: Params): Promise<RoundFn> {
  const kind = KINDS[params.kind as string] as Kind;
  const isContested = params.contested === "yes";
  const machine = new Machine(configFor(16));
  const [error, lock] = machine.call(kind.make());
  check(error === 0, "A lock could not be made.");
  const loaded = machine.load(pairs(kind, isContested), { lock });
  for (let i = 0; i < (isContested ? 2 : 1); i++) {
    machine.createThread({ name: `locker ${i}`, body: loaded.addressOf("start") });
  }
  const view = new DataView(machine.guestMemory.buffer, machine.guestMemory.byteOffset);
  const at = loaded.addressOf("turns");
  const pairsSoFar = () => view.getUint32(at, true) * PAIRS_PER_TURN;
  machine.run({ rounds: ROUNDS_PER_LOOK });
  const switches = machine.counters.switches;
  return (ops) => {
    const before = pairsSoFar();
    const took_ms = time_ms(() => {
      while (pairsSoFar() - before < ops) machine.run({ rounds: ROUNDS_PER_LOOK });
    });
    check(!isContested || machine.counters.switches > switches, "The lock was not contested.");
    return { value: (took_ms * 1e6) / (pairsSoFar() - before) };
  };
}
