// Locks that are taken and released inside the emulated CPU's loop leave what the long way leaves.

import { describe, expect, it } from "vitest";
import { MTX_RECURSE, ThreadCold, ThreadLocks } from "../../src/generated/layout.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { external, program } from "../../src/program/index.js";
import { buildUnderTest } from "../support/build.js";

/**
 * Threads that take two mutexes, one of them twice, yield with one of them held, and try for more; then an
 * rwlock and an sx in every way, one inside the other.
 */
function lockers() {
  const b = program("lockers");
  const pair = (name: string) => b.call("mtx_unlock", external(name));
  b.label("start").li("s0", 0);
  b.forever(() => {
    b.call("mtx_lock", external("plain")).addi("s0", "s0", 1);
    b.call("mtx_lock", external("recursive"));
    b.call("mtx_lock", external("recursive"));
    pair("recursive");
    const even = b.newLabel("even");
    b.andi("t0", "s0", 3).bnez("t0", even).call("lwkt_yield");
    b.label(even);
    pair("recursive");
    pair("plain");
    b.call("lwkt_yield").call("mtx_trylock", external("plain"));
    const taken = b.newLabel("not taken");
    b.beqz("a0", taken);
    pair("plain");
    b.label(taken);
    for (const [take, leave] of [
      ["rw_rlock", "rw_runlock"],
      ["rw_wlock", "rw_wunlock"],
    ] as const) {
      b.call(take, external("table")).call("sx_slock", external("slow"));
      const odd = b.newLabel("odd");
      b.andi("t0", "s0", 1).beqz("t0", odd).call("lwkt_yield");
      b.label(odd).call("sx_sunlock", external("slow")).call(leave, external("table"));
      b.call("sx_xlock", external("slow")).call("sx_xunlock", external("slow"));
    }
  });
  return b.build();
}

function boot(cpus: number) {
  const machine = new Machine({ cpus, maxthread: 64 }, buildUnderTest);
  const [, plain] = machine.call(sys.mtx_create("plain"));
  const [, recursive] = machine.call(sys.mtx_init("recursive", MTX_RECURSE));
  const [, table] = machine.call(sys.rw_init("table", 0));
  const [, slow] = machine.call(sys.sx_init("slow", 0));
  const loaded = machine.load(lockers(), { plain, recursive, table, slow });
  for (let i = 0; i < 3; i++) {
    machine.createThread({ name: `locker ${i}`, body: loaded.addressOf("start"), cpu: i % cpus });
  }
  return { machine, objects: [plain, recursive, table, slow] };
}

/** All that can be told from outside, the locks word by word, and what threads have to do with them. */
function state({ machine, objects }: ReturnType<typeof boot>) {
  const words = objects.map((at) => [...machine.kernel.u32.slice(at >>> 2, (at >>> 2) + 32)]);
  const { kernel } = machine;
  const locks = [...machine.threads()].map(({ address }) => {
    const at = (address >>> 3) + kernel.machine("locks_delta");
    const slocks = kernel.u8[kernel.cold(address) + ThreadCold.td_sx_slocks];
    return [...kernel.u8.slice(at, at + ThreadLocks.size), slocks];
  });
  return { hash: machine.hash, counters: machine.counters, ps: machine.ps(), words, locks };
}

describe.each([1, 2])("locks in the loop, with %i CPUs", (cpus) => {
  it.each([1_000, 54_321, 400_000])(
    "leave the same state after %i cycles as the slow path",
    (cycles) => {
      const quick = boot(cpus);
      quick.machine.run({ for: cycles });
      const long = boot(cpus);
      long.machine.run({ for: cycles, switches: 1_000_000_000 }); // a budget: no quick calls
      expect(state(quick)).toEqual(state(long));
      expect(quick.machine.counters.switches).toBeGreaterThan(20);
    },
  );
});

it.each([
  ["mtx_unlock", "mtx_unlock: mutex plain is not owned by"],
  ["rw_runlock", "Lock table not read locked"],
  ["rw_wunlock", "Lock table not exclusively locked"],
  ["sx_sunlock", "Lock slow not share locked"],
  ["sx_xunlock", "Lock slow not exclusively locked"],
] as const)(
  "leaves a lock that is not the caller's to the long way, which panics: %s",
  (call, text) => {
    const object = { m: "plain", r: "table", s: "slow" }[call[0] as "m" | "r" | "s"];
    const b = program("thief");
    b.label("start")
      .call(call, external(object))
      .forever(() => b.nop());
    const machine = new Machine({ maxthread: 64 }, buildUnderTest);
    const [, plain] = machine.call(sys.mtx_create("plain"));
    const [, table] = machine.call(sys.rw_init("table", 0));
    const [, slow] = machine.call(sys.sx_init("slow", 0));
    const loaded = machine.load(b.build(), { plain, table, slow });
    machine.createThread({ name: "thief", body: loaded.addressOf("start") });
    expect(() => machine.run({ for: 100_000 })).toThrow(text);
  },
);
