// What may be asked of a machine when: in the middle of a step, after a panic, while a body is brought back.

import { describe, expect, it } from "vitest";
import { createChromeTrace, Machine, program, type Scheduler, sys } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

/** Everything by which the host changes a machine, but for running it. */
function changes(machine: Machine): Readonly<Record<string, () => unknown>> {
  const [, init] = machine.processes();
  const [thread] = init?.threads() ?? [];
  if (thread === undefined) throw new Error("there is no init");
  function* body() {
    yield sys.kthread_exit();
  }
  const built = program("p").call("kthread_exit").build();
  return {
    place: () => machine.place(thread, 0),
    interrupt: () => machine.interrupt(thread),
    raise: () => machine.raise(1),
    createWait: () => machine.createWait(),
    createToken: () => machine.createToken(),
    setSysctl: () => machine.setSysctl("lwkt.switch_count", 5),
    load: () => machine.load(built),
    loadElf: () => machine.loadElf(new Uint8Array(100)),
    call: () => machine.call(sys.wakeup("x")),
    createThread: () => machine.createThread({ name: "t", body }),
    createProcess: () => machine.createProcess({ name: "p", body }),
    createLwkt: () => machine.createLwkt({ name: "l", body }),
  };
}

/** What each of them says. */
function said(machine: Machine): Record<string, string> {
  return Object.fromEntries(
    Object.entries(changes(machine)).map(([name, change]) => {
      try {
        change();
        return [name, "nothing"];
      } catch (error) {
        return [name, (error as Error).message];
      }
    }),
  );
}

describe("a machine", () => {
  it("is changed by nobody in the middle of a step", () => {
    const machine = new Machine({}, buildUnderTest);
    let heard: Record<string, string> = {};
    const off = machine.onEvent("thread_ctor", () => {
      heard = said(machine);
    });
    machine.createThread({ name: "first", *body() {} });
    off();
    for (const [name, message] of Object.entries(heard)) {
      expect(message).toBe(
        `${name}: EBUSY: a handler that the kernel has called cannot call the kernel`,
      );
    }
    expect(Object.keys(heard)).toEqual(Object.keys(changes(machine)));
    expect(machine.run().reason).toBe("idle");
  });

  it("is changed by nobody after a panic, and says of what it died", () => {
    const machine = new Machine({}, buildUnderTest);
    machine.createThread({
      name: "culprit",
      *body() {
        yield sys.crit_exit();
      },
    });
    expect(() => machine.run()).toThrow("panic: td_pri");
    const { hash } = machine;
    for (const message of Object.values(said(machine))) expect(message).toMatch(/^panic: td_pri/);
    expect(machine.hash).toBe(hash);
  });

  it("is changed by no body that is brought back", () => {
    const machine = new Machine({ snapshots: true }, buildUnderTest);
    let told: string | null = null;
    machine.createThread({
      name: "meddler",
      *body() {
        for (;;) {
          try {
            machine.createToken();
          } catch (error) {
            told = (error as Error).message;
          }
          yield sys.pause("rest", 1);
        }
      },
    });
    machine.run({ for: 5_000_000 });
    const snapshot = machine.snapshot();
    machine.run({ for: 5_000_000 });
    expect(told).toBe(null);
    machine.restore(snapshot);
    expect(told).toMatch(/^a body has used its machine while it was brought back/);
  });

  it("has threads of LWKT that are stopped until somebody schedules them, and exited at the end", () => {
    const machine = new Machine({}, buildUnderTest);
    const thread = machine.createLwkt({ name: "l", stopped: true, *body() {} });
    expect(thread.state).toBe("stopped");
    machine.call(sys.lwkt_schedule(thread));
    expect(thread.state).toBe("runnable");
    machine.run();
    expect(thread.state).toBe("exited");
    const again = machine.createLwkt({ name: "again", stopped: true, *body() {} });
    expect([again.address, again.state]).toEqual([thread.address, "stopped"]);
  });

  it("ends a run at the earlier one of two times", () => {
    const machine = new Machine({ snapshots: true }, buildUnderTest);
    machine.createThread({
      name: "endless",
      *body() {
        for (;;) yield sys.pause("rest", 1);
      },
    });
    machine.run({ until: 50_000_000, for: 10_000_000 });
    expect(Number(machine.cycles)).toBeLessThan(20_000_000);
    machine.run({ until: 30_000_000, for: 2n ** 64n - 1n });
    expect(Number(machine.cycles)).toBeLessThan(40_000_000);
    machine.record();
    expect(() => machine.rewind({ cycles: 0, switches: 0 })).toThrow("either { cycles } or");
  });

  it("needs room for the threads of the kernel's processes", () => {
    for (const maxthread of [1, 2]) {
      expect(() => new Machine({ maxthread }, buildUnderTest)).toThrow(
        `maxthread is ${maxthread}; it must be 3 at least`,
      );
    }
    expect(new Machine({ maxthread: 3 }, buildUnderTest).run().reason).toBe("idle");
    expect(new Machine({ maxthread: 1, bare: true }, buildUnderTest).run().reason).toBe("idle");
  });

  it("says how many threads fit also where their number was computed", () => {
    const large = { maxproc: 99_999, kstackDepth: 64, statistics: true, guestMemory: 2 ** 30 };
    const config = { ...large, stringMemory: 2 ** 30, maxthread: 0 };
    let fits = 0;
    try {
      new Machine(config, buildUnderTest);
    } catch (error) {
      fits = Number(/maxthread up to (\d+) fits/.exec((error as Error).message)?.[1]);
    }
    expect(fits).toBeGreaterThan(100_000);
    expect(() => new Machine({ ...config, maxthread: fits + 1 }, buildUnderTest)).toThrow(
      `maxthread up to ${fits} fits`,
    );
  });

  it("calls a scheduler of one's own by its name in a trace, and shows nothing of what it keeps", () => {
    const waiting: Parameters<Scheduler["add"]>[0][] = [];
    const scheduler: Scheduler & { secret: bigint } = {
      name: "mine",
      secret: 5n,
      add: (thread) => {
        waiting.push(thread);
      },
      remove: (thread) => {
        waiting.splice(waiting.indexOf(thread), 1);
      },
      choose: () => waiting.shift() as (typeof waiting)[number],
    };
    const machine = new Machine({ scheduler }, buildUnderTest);
    let text = "";
    createChromeTrace(machine, (part) => {
      text += part;
    }).close();
    expect(JSON.parse(text).otherData.scheduler).toBe("mine");
  });
});
