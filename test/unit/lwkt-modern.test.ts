// lwkt-modern: the order of its list, turns, preemption, and tokens.

import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../../src/core/config.js";
import { lwktRunq } from "../../src/core/runq-view.js";
import * as Layout from "../../src/generated/layout.js";
import { buildUnderTest } from "../support/build.js";
import { type Body, LwktMachine } from "../support/lwkt-machine.js";

const { Plant, Sys, TDPRI_CRIT } = Layout;

function boot(config: MachineConfig = {}, plant = 0): LwktMachine {
  const source = plant === 0 ? buildUnderTest : "check";
  const m = new LwktMachine({ scheduler: "lwkt-modern", ...config }, source);
  if (plant !== 0) m.kernel.setMachine("plant", plant);
  return m;
}

/** Bodies that note their name at each step between calls of `nr`. */
function noting(order: string[], name: string, steps: number, nr: number) {
  return function* (): Body {
    for (let i = 0; i < steps; i++) {
      order.push(name);
      yield [nr];
    }
  };
}

/** Where in the pool the token of an address is. */
function poolPlace(address: number): number {
  return ((address + (address >>> 18)) ^ ((address >>> 8) + (address >>> 24))) & 16_383;
}

/** Cycles of a `compute` call as two words. */
function cycles(count: number): readonly [number, number, number] {
  return [Sys.compute, count, 0];
}

/** Three equals, each of which computes for three ticks; records the order in which they run. */
function inTurns(plant = 0): string {
  const m = boot({ cyclesPerSecond: 1_000_000, hz: 1_000, quantum: 100 }, plant);
  const order: string[] = [];
  for (const name of ["a", "b", "c"]) {
    m.spawn(name, 5, function* () {
      for (let i = 0; i < 3; i++) {
        order.push(name);
        yield cycles(1_000);
      }
    });
  }
  m.run();
  return order.join("");
}

/** While `a` computes, and its equal `b` waits, another CPU makes the better `c` runnable. */
function interruptedTurn(plant = 0): string {
  const m = boot({ cpus: 2, quantum: 100, roundRobin: 0 }, plant);
  const order: string[] = [];
  const c = m.spawn("c", 9, noting(order, "c", 1, Sys.lwkt_yield));
  m.call(Sys.lwkt_deschedule, c);
  m.spawn("a", 5, function* () {
    order.push("a");
    yield cycles(2_000);
    order.push("a");
  });
  m.spawn("b", 5, noting(order, "b", 1, Sys.lwkt_yield));
  m.spawn(
    "d",
    5,
    function* () {
      yield cycles(500);
      yield [Sys.lwkt_schedule, c];
    },
    1,
  );
  m.run();
  return order.join("");
}

/** Three readers on as many CPUs come and go; true if a writer gets the token within 2,000 rounds. */
function writerGetsIn(plant = 0): boolean {
  const m = boot({ cpus: 4, quantum: 100 }, plant);
  const tok = m.call(Sys.lwkt_token_create, 0)[1] >>> 0;
  let isDone = false;
  for (let i = 0; i < 3; i++) {
    m.spawn(
      `reader${i}`,
      5,
      function* () {
        yield cycles(60 * i);
        while (!isDone) {
          yield [Sys.lwkt_gettoken_shared, tok];
          yield cycles(180);
          yield [Sys.lwkt_reltoken, tok];
        }
      },
      i + 1,
    );
  }
  m.spawn("writer", 5, function* () {
    yield cycles(500);
    yield [Sys.lwkt_gettoken, tok];
    isDone = true;
    yield [Sys.lwkt_reltoken, tok];
  });
  m.run({ rounds: 2_000 });
  return isDone;
}

/** How often a writer and two readers on two CPUs that hold a token for three rounds each get it. */
function turnsOfWriter(plant = 0): Record<string, number> {
  const m = boot({ cpus: 2, quantum: 1_000, hz: 1_000, cyclesPerSecond: 10_000_000 }, plant);
  const tok = m.call(Sys.lwkt_token_create, 0)[1] >>> 0;
  const turns = { r0: 0, r1: 0, w: 0 };
  const start = (name: keyof typeof turns, nr: number, cpu: number) =>
    m.spawn(
      name,
      10,
      function* () {
        for (;;) {
          yield [nr, tok];
          turns[name]++;
          yield cycles(3_000);
          yield [Sys.lwkt_reltoken, tok];
        }
      },
      cpu,
    );
  start("r0", Sys.lwkt_gettoken_shared, 0);
  start("r1", Sys.lwkt_gettoken_shared, 1);
  start("w", Sys.lwkt_gettoken, 1);
  m.run({ rounds: 3_000 });
  return turns;
}

describe("the list of lwkt-modern", () => {
  it("orders threads by priority, and equals by arrival", () => {
    const m = boot();
    const order: string[] = [];
    for (const [name, pri] of [
      ["a", 5],
      ["b", 9],
      ["c", 5],
      ["d", 31],
    ] as const) {
      m.spawn(name, pri, noting(order, name, 1, Sys.lwkt_yield_quick));
    }
    m.run();
    expect(order.join("")).toBe("dbac");
  });

  it("keeps the running thread in its place: a yield without a tick comes back to it", () => {
    const m = boot();
    const order: string[] = [];
    for (const name of ["a", "b"]) m.spawn(name, 5, noting(order, name, 3, Sys.lwkt_yield));
    m.run();
    expect(order.join("")).toBe("aaabbb");
  });

  it("puts the running thread behind its equals at a tick", () => {
    expect(inTurns()).toBe("abcabcabc");
    expect(inTurns(Plant.MODERN_NO_TICK)).toBe("aaabbbccc");
  });

  it("lets a thread that was preempted by a better one keep its turn", () => {
    expect(interruptedTurn()).toBe("acab");
    expect(interruptedTurn(Plant.MODERN_LOSES_TURN)).toBe("acba");
  });

  it("never ends a turn with a round robin of 0", () => {
    const m = boot({ cyclesPerSecond: 1_000_000, hz: 1_000, quantum: 100, roundRobin: 0 });
    const order: string[] = [];
    for (const name of ["a", "b"]) {
      m.spawn(name, 5, function* () {
        for (let i = 0; i < 3; i++) {
          order.push(name);
          yield cycles(5_000);
          yield [Sys.lwkt_yield];
        }
      });
    }
    m.run();
    expect(order.join("")).toBe("aaabbb");
  });

  it("lets a yield go behind its equals where code takes no time", () => {
    const m = boot({ time: "idle" });
    const order: string[] = [];
    for (const name of ["a", "b"]) m.spawn(name, 5, noting(order, name, 3, Sys.lwkt_yield));
    m.run();
    expect(order.join("")).toBe("ababab");
  });

  it("runs a better thread at the next yield", () => {
    const m = boot();
    const order: string[] = [];
    const late = m.spawn("late", 9, noting(order, "l", 1, Sys.lwkt_yield));
    m.call(Sys.lwkt_deschedule, late);
    m.spawn("a", 5, function* () {
      order.push("a");
      yield [Sys.lwkt_schedule, late];
      order.push("a");
      yield [Sys.lwkt_yield];
      order.push("a");
    });
    m.spawn("b", 5, noting(order, "b", 1, Sys.lwkt_yield));
    m.run();
    expect(order.join("")).toBe("aalab");
  });

  it("keeps a thread's place when its priority is set to the same value", () => {
    const m = boot();
    const a = m.spawn("a", 5, noting([], "a", 1, Sys.lwkt_yield));
    const b = m.spawn("b", 5, noting([], "b", 1, Sys.lwkt_yield));
    m.call(Sys.lwkt_setpri, a, 5);
    expect(lwktRunq(m.kernel, 0).get(5)).toEqual([a, b]);
    m.call(Sys.lwkt_setpri, a, 6);
    m.call(Sys.lwkt_setpri, a, 5);
    expect(lwktRunq(m.kernel, 0).get(5)).toEqual([b, a]);
  });
});

describe("a token of lwkt-modern", () => {
  /** Makes a token. */
  function token(m: LwktMachine): number {
    return m.call(Sys.lwkt_token_create, 0)[1] >>> 0;
  }

  it("is held by one thread at a time, without a critical section", () => {
    const m = boot({ cpus: 2, quantum: 100 });
    const tok = token(m);
    let inside = 0;
    let most = 0;
    let crit = 0;
    for (let i = 0; i < 4; i++) {
      const td: number = m.spawn(
        `t${i}`,
        5,
        function* () {
          for (let j = 0; j < 20; j++) {
            yield [Sys.lwkt_gettoken, tok];
            inside++;
            most = Math.max(most, inside);
            crit = Math.max(crit, m.pri(td));
            yield cycles(150);
            inside--;
            yield [Sys.lwkt_reltoken, tok];
          }
        },
        i % 2,
      );
    }
    m.run();
    expect(most).toBe(1);
    expect(crit).toBeLessThan(TDPRI_CRIT);
    expect(m.kernel.read(tok + Layout.Token.tk_count)).toBe(0);
    expect(m.kernel.read(tok + Layout.Token.tk_collisions)).toBeGreaterThan(0);
  });

  it("is given up by a thread that blocks, and held again before it continues", () => {
    const m = boot();
    const tok = token(m);
    const wait = m.call(Sys.lwkt_wait_create, 0)[1] >>> 0;
    const order: unknown[] = [];
    m.spawn("a", 5, function* () {
      yield [Sys.lwkt_gettoken, tok];
      order.push(["lost", yield [Sys.lwkt_regettoken, tok]]);
      yield [Sys.lwkt_block, wait, m.kernel.intern("wait"), 0];
      order.push(["has", yield [Sys.lwkt_havetoken, tok]]);
      order.push(["lost", yield [Sys.lwkt_regettoken, tok]]);
      order.push(["lost", yield [Sys.lwkt_regettoken, tok]]);
      yield [Sys.lwkt_reltoken, tok];
    });
    m.spawn("b", 5, function* () {
      order.push(["free", m.kernel.read(tok + Layout.Token.tk_count)]);
      yield [Sys.lwkt_gettoken, tok];
      yield [Sys.lwkt_signal, wait];
      order.push("b has it");
      yield [Sys.lwkt_reltoken, tok];
    });
    m.run();
    expect(order).toEqual([
      ["lost", 0],
      ["free", 0],
      "b has it",
      ["has", 1],
      ["lost", 1],
      ["lost", 0],
    ]);
  });

  it("is shared by readers, and by no writer with them", () => {
    const m = boot({ cpus: 4, quantum: 100 });
    const tok = token(m);
    let readers = 0;
    let writers = 0;
    let together = 0;
    let broken = false;
    for (let i = 0; i < 8; i++) {
      const writes = i >= 6;
      m.spawn(
        `t${i}`,
        5,
        function* () {
          for (let j = 0; j < 20; j++) {
            yield [writes ? Sys.lwkt_gettoken : Sys.lwkt_gettoken_shared, tok];
            if (writes) writers++;
            else readers++;
            together = Math.max(together, readers);
            broken ||= writers > 1 || (writers === 1 && readers > 0);
            yield cycles(250);
            if (writes) writers--;
            else readers--;
            yield [Sys.lwkt_reltoken, tok];
            yield cycles(50);
          }
        },
        i % 4,
      );
    }
    m.run();
    expect(broken).toBe(false);
    expect(together).toBeGreaterThan(1);
    expect(m.kernel.read(tok + Layout.Token.tk_count) & ~Layout.TOK_EXCLREQ).toBe(0);
  });

  it("lets a writer in while readers come and go", () => {
    expect(writerGetsIn()).toBe(true);
    expect(writerGetsIn(Plant.TOKEN_NO_REQUEST)).toBe(false);
  });

  it("has its turns among readers that hold it for some rounds", () => {
    const { r0, r1, w } = turnsOfWriter();
    expect(w).toBeGreaterThan(100);
    expect(r0).toBeGreaterThan(100);
    expect(r1).toBeGreaterThan(100);
    expect(turnsOfWriter(Plant.TOKEN_IN_TURN).w).toBe(0);
  });

  it("can be acquired again by its holder, and is free when the last reference is released", () => {
    const m = boot();
    const tok = token(m);
    const counts: number[] = [];
    m.spawn("a", 5, function* () {
      const look = () => counts.push(m.kernel.read(tok + Layout.Token.tk_count));
      yield [Sys.lwkt_gettoken, tok];
      yield [Sys.lwkt_gettoken, tok];
      yield [Sys.lwkt_gettoken_shared, tok];
      look();
      yield [Sys.lwkt_switch];
      look();
      yield [Sys.lwkt_reltoken, tok];
      yield [Sys.lwkt_reltoken, tok];
      look();
      yield [Sys.lwkt_reltoken, tok];
      look();
    });
    m.run();
    const { TOK_EXCLUSIVE, TOK_INCR } = Layout;
    expect(counts).toEqual([TOK_EXCLUSIVE + 2 * TOK_INCR, TOK_EXCLUSIVE + 2 * TOK_INCR, 1, 0]);
  });

  it("keeps its holder on the CPU until it is released, whichever thread wants the CPU", () => {
    const m = boot({ cyclesPerSecond: 1_000_000, hz: 1_000, quantum: 100 });
    const tok = token(m);
    const order: string[] = [];
    for (const name of ["a", "b"]) {
      m.spawn(name, 5, function* () {
        yield [Sys.lwkt_gettoken, tok];
        for (let i = 0; i < 3; i++) {
          order.push(name);
          yield cycles(2_000);
        }
        yield [Sys.lwkt_reltoken, tok];
      });
    }
    m.run();
    expect(order.join("")).toBe("aaabbb");
  });

  it("lets a worse kernel thread, but no user thread, run while a better one waits for it", () => {
    const m = boot({ cpus: 2, quantum: 1_000 });
    const tok = token(m);
    const order: string[] = [];
    m.spawn(
      "holder",
      5,
      function* () {
        yield [Sys.lwkt_gettoken, tok];
        yield cycles(20_000);
        order.push("released");
        yield [Sys.lwkt_reltoken, tok];
      },
      1,
    );
    m.spawn("waits", 20, function* () {
      yield cycles(2_000);
      yield [Sys.lwkt_gettoken, tok];
      order.push("has it");
      yield [Sys.lwkt_reltoken, tok];
    });
    m.spawn("kernel", 9, noting(order, "kernel", 1, Sys.lwkt_yield));
    m.spawn("user", 8, noting(order, "user", 1, Sys.lwkt_yield));
    m.run();
    expect(order).toEqual(["kernel", "released", "has it", "user"]);
  });

  /** What readers see that come while a thread tries for a token that another reader holds. */
  function triedFor(plant = 0): unknown[] {
    const m = boot({ cpus: 4, quantum: 100 }, plant);
    const tok = token(m);
    const order: unknown[] = [];
    m.spawn("reads", 5, function* () {
      yield [Sys.lwkt_gettoken_shared, tok];
      yield cycles(3_000);
      order.push("first reader leaves");
      yield [Sys.lwkt_reltoken, tok];
    });
    m.spawn(
      "tries",
      5,
      function* () {
        yield cycles(500);
        order.push(["had", yield [Sys.lwkt_trytoken, tok], yield [Sys.lwkt_havetoken, tok]]);
        order.push(["mark", m.kernel.read(tok + Layout.Token.tk_count) & Layout.TOK_EXCLREQ]);
        yield cycles(8_000);
        order.push(["had", yield [Sys.lwkt_trytoken, tok], yield [Sys.lwkt_havetoken, tok]]);
        order.push(["again", yield [Sys.lwkt_trytoken, tok]]);
        yield [Sys.lwkt_reltoken, tok];
        yield [Sys.lwkt_reltoken, tok];
        order.push(["free", m.kernel.read(tok + Layout.Token.tk_count)]);
      },
      1,
    );
    m.spawn(
      "reads, too",
      5,
      function* () {
        yield cycles(1_010);
        yield [Sys.lwkt_gettoken_shared, tok];
        order.push("second reader");
        yield [Sys.lwkt_reltoken, tok];
      },
      2,
    );
    m.run();
    return [...order, m.kernel.read(tok + Layout.Token.tk_collisions)];
  }

  it("is acquired at once by a try or not at all, without making other threads wait", () => {
    const right = [
      ["had", 0, 0],
      ["mark", 0],
      "second reader",
      "first reader leaves",
      ["had", 1, 1],
      ["again", 1],
      ["free", 0],
      1,
    ];
    expect(triedFor()).toEqual(right);
    expect(triedFor(Plant.TOKEN_TRY_MARKS)).not.toEqual(right);
  });

  it("may be tried in an interrupt", () => {
    const m = boot();
    const tok = token(m);
    const results: number[] = [];
    m.spawn("a", 5, function* () {
      yield [Sys.intr_enter];
      results.push(yield [Sys.lwkt_trytoken, tok]);
      yield [Sys.intr_exit];
      yield [Sys.lwkt_reltoken, tok];
    });
    m.run();
    expect(results).toEqual([1]);
  });

  it("stands for an address in the pool, and for others with the same place", () => {
    const m = boot({ objects: 3 });
    const look = (address: number) => {
      const [error, tok] = m.call(Sys.lwkt_token_pool_lookup, address);
      return error === 0 ? tok >>> 0 : error;
    };
    const first = look(0x1234);
    const other = look(0x5678);
    expect(other).not.toBe(first);
    let same = 0x10_0000;
    while (poolPlace(same) !== poolPlace(0x1234)) same++;
    expect([look(0x1234), look(same), look(0x5678)]).toEqual([first, first, other]);
    look(0x9abc);
    expect(look(0xdef0)).toBe(Layout.ENOMEM);
    expect([look(0x1234), look(0x5678)]).toEqual([first, other]);
  });

  it("of the pool is acquired and released by its address", () => {
    const m = boot({ cpus: 2, quantum: 100 });
    const order: unknown[] = [];
    for (const [cpu, name] of ["a", "b"].entries()) {
      m.spawn(
        name,
        5,
        function* () {
          yield cycles(10 + 300 * cpu);
          order.push([name, "errno", yield [Sys.lwkt_getpooltoken, 4096]]);
          yield cycles(2_000);
          order.push(`${name} leaves`);
          yield [Sys.lwkt_relpooltoken, 4096];
        },
        cpu,
      );
    }
    m.run();
    expect(order).toEqual([["a", "errno", 0], "a leaves", ["b", "errno", 0], "b leaves"]);
    const tok = m.call(Sys.lwkt_token_pool_lookup, 4096)[1] >>> 0;
    expect(m.kernel.read(tok + Layout.Token.tk_count)).toBe(0);
  });

  it("of the pool is released only by the thread that acquired it last", () => {
    const m = boot();
    m.spawn("a", 5, function* () {
      yield [Sys.lwkt_getpooltoken, 1];
      yield [Sys.lwkt_relpooltoken, 2];
    });
    expect(() => m.run()).toThrow(/in lwkt_reltoken/);
  });

  it("is released when its holder ends", () => {
    const m = boot();
    const tok = token(m);
    m.spawn("a", 5, function* () {
      yield [Sys.lwkt_gettoken, tok];
    });
    m.run();
    expect(m.kernel.read(tok + Layout.Token.tk_count)).toBe(0);
  });
});

describe("an interrupt under lwkt-modern", () => {
  /** Thread `low` is interrupted by `high` while it holds tokens; `order` has what happens. */
  function interrupted(wants: "nothing" | "the token" | "a token of its own"): unknown[] {
    const m = boot();
    const tok = m.call(Sys.lwkt_token_create, 0)[1] >>> 0;
    const other = m.call(Sys.lwkt_token_create, 0)[1] >>> 0;
    const order: unknown[] = [];
    const high = m.spawn("high", 20, function* () {
      if (wants === "a token of its own") yield [Sys.lwkt_gettoken, other];
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_switch];
      order.push("high");
      if (wants === "the token") {
        yield [Sys.lwkt_gettoken, tok];
        order.push("high has it");
        yield [Sys.lwkt_reltoken, tok];
      }
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_switch];
    });
    m.run({ switches: 3 });
    m.spawn("low", 5, function* () {
      yield [Sys.lwkt_gettoken, tok];
      yield [Sys.interrupt, high];
      order.push(["low has it", yield [Sys.lwkt_havetoken, tok]]);
      order.push(["lost", yield [Sys.lwkt_regettoken, tok]]);
      yield [Sys.lwkt_reltoken, tok];
      order.push("released");
      yield [Sys.lwkt_yield];
    });
    m.run();
    order.push(["hits", m.cpu("gd_preempt_hit"), "misses", m.cpu("gd_preempt_miss")]);
    return order;
  }

  it("preempts, and leaves the thread its tokens", () => {
    expect(interrupted("nothing")).toEqual([
      "high",
      ["low has it", 1],
      ["lost", 0],
      "released",
      ["hits", 1, "misses", 0],
    ]);
  });

  it("returns to the holder of the token that it wants, and gets the token when it is released", () => {
    expect(interrupted("the token")).toEqual([
      "high",
      ["low has it", 1],
      ["lost", 0],
      "high has it",
      "released",
      ["hits", 1, "misses", 0],
    ]);
  });

  it("waits for its turn if it has tokens", () => {
    expect(interrupted("a token of its own")).toEqual([
      ["low has it", 1],
      ["lost", 0],
      "released",
      "high",
      ["hits", 0, "misses", 1],
    ]);
  });
});
