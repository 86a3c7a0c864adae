// sleep(9) with an interlock: msleep, mtx_sleep and what it is for, in both kinds of bodies.

import { describe, expect, it } from "vitest";
import { EWOULDBLOCK, PCATCH, PDROP } from "../../src/generated/layout.js";
import { Machine, program, string, symbol, sys } from "../../src/index.js";
import { syncObjects } from "../../src/machine/sync-views.js";
import { buildUnderTest } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";

/** Of each player: a million wakeups together, over both schedulers and numbers of CPUs. */
const TURNS = 125_000;

describe.each(SCHEDULERS)("sleeping with an interlock under %s", (scheduler) => {
  const boot = (options = {}) =>
    new Machine({ scheduler, maxthread: 1_000, objects: 8, ...options }, buildUnderTest);

  const mutexOf = (machine: Machine): number => {
    const [error, address] = machine.call(sys.mtx_create("door"));
    expect(error).toBe(0);
    return address >>> 0;
  };

  /** Check, then sleep, with a waker that is quicker: does the sleeper come to its end? */
  function checkThenSleep(turn: number, hasInterlock: boolean): boolean {
    const machine = boot({ cpus: 2, quantum: 100 + 7 * turn });
    const mutex = mutexOf(machine);
    let ready = false;
    let hasLooked = false;
    let done = false;
    machine.createThread({
      name: "sleeper",
      *body() {
        yield* sys.cpuset_setaffinity(0b01n);
        yield* sys.mtx_lock(mutex);
        while (!ready) {
          hasLooked = true;
          yield* sys.compute(BigInt(1_000 + turn * 50));
          if (hasInterlock) yield* sys.msleep("ready", mutex, 0, "ready", 0);
          else {
            yield* sys.mtx_unlock(mutex);
            yield* sys.compute(5_000n);
            yield* sys.tsleep("ready", 0, "ready", 0);
            yield* sys.mtx_lock(mutex);
          }
        }
        yield* sys.mtx_unlock(mutex);
        done = true;
      },
    });
    machine.createThread({
      name: "waker",
      *body() {
        yield* sys.cpuset_setaffinity(0b10n);
        while (!hasLooked) yield* sys.compute(50n);
        yield* sys.mtx_lock(mutex);
        ready = true;
        yield* sys.wakeup("ready");
        yield* sys.mtx_unlock(mutex);
      },
    });
    machine.run();
    return done;
  }

  it("misses no wakeup of a faster waker, as a sleep without the interlock does", () => {
    const tries = Array.from({ length: 60 }, (_, turn) => turn);
    expect(tries.filter((turn) => checkThenSleep(turn, true))).toHaveLength(60);
    expect(tries.filter((turn) => checkThenSleep(turn, false))).toHaveLength(0);
  });

  it("releases the mutex while it sleeps, and has it again when it returns", () => {
    const machine = boot();
    const mutex = mutexOf(machine);
    const seen: (number | boolean | string)[] = [];
    machine.createThread({
      name: "sleeper",
      *body() {
        yield* sys.mtx_lock(mutex);
        seen.push(yield* sys.msleep("never", mutex, PCATCH, "never", 3));
        seen.push(yield* sys.mtx_owned(mutex));
        seen.push(yield* sys.mtx_sleep("never", mutex, PDROP, "never", 2));
        seen.push(yield* sys.mtx_owned(mutex));
        seen.push(yield* sys.msleep("never", 0, 0, "never", 1));
      },
    });
    machine.createThread({
      name: "other",
      *body() {
        yield* sys.tsleep("nobody", 0, "first", 1);
        yield* sys.mtx_lock(mutex);
        seen.push("other has it");
        yield* sys.tsleep("nobody", 0, "hold", 5);
        yield* sys.mtx_unlock(mutex);
      },
    });
    machine.run();
    expect(seen).toEqual(["other has it", EWOULDBLOCK, true, EWOULDBLOCK, false, EWOULDBLOCK]);
    expect(syncObjects(machine)[0]).toMatchObject({ isOwned: false, waiters: 0 });
  });

  it("panics for a mutex that the caller does not hold, and for PDROP without one", () => {
    const attempt = (mutex: number | null, priority: number) => {
      const machine = boot();
      const made = mutexOf(machine);
      machine.createThread({
        name: "careless",
        *body() {
          yield* sys.msleep("x", mutex ?? made, priority, "x", 1);
        },
      });
      return () => machine.run();
    };
    expect(attempt(null, 0)).toThrow(/msleep: mutex door is not owned by thread careless/);
    expect(attempt(0, PDROP)).toThrow("PDROP requires a non-Giant lock");
  });

  /** RV32: waits under the mutex until it is this player's turn, and gives the turn to the other. */
  const player = (mutex: number) =>
    program("player")
      .data("turn", { words: [0] })
      .mv("s0", "a0")
      .loop(
        TURNS,
        (b) =>
          b
            .call("mtx_lock", mutex)
            .load("t0", "turn")
            .while(["t0", "!=", "s0"], (w) =>
              w.call("msleep", symbol("turn"), mutex, 0, string("turn"), 0).load("t0", "turn"),
            )
            .xori("t0", "t0", 1)
            .store("t0", "turn")
            .call("wakeup", symbol("turn"))
            .call("mtx_unlock", mutex),
        { counter: "s1" },
      )
      .call("kthread_exit")
      .build();

  it.each([1, 2])("loses no wakeup of a million between RV32 threads on %i CPUs", (cpus) => {
    const machine = boot({ cpus, quantum: 150 });
    const mutex = mutexOf(machine);
    const body = machine.load(player(mutex));
    for (const arg of [0, 1]) {
      machine.createThread({ name: `player ${arg}`, body, arg });
    }
    expect(machine.run().reason).toBe("idle");
    expect([...machine.threads()].filter(({ name }) => name.startsWith("player"))).toEqual([]);
    expect(syncObjects(machine)[0]).toMatchObject({ uses: expect.any(Number), isOwned: false });
  });
});
