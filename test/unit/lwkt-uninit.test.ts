// lwkt_token_uninit and lwkt_wait_uninit: when tokens and wait structures may be freed, and what is left of them.

import { describe, expect, it } from "vitest";
import { nameOfCall } from "../../src/core/calls.js";
import type { MachineConfig } from "../../src/core/config.js";
import * as Layout from "../../src/generated/layout.js";
import { type Body, LwktMachine } from "../support/lwkt-machine.js";

const { EBUSY, EINVAL, Plant, Sys, LwktToken } = Layout;
const { lwkt_token_uninit: TOKEN_UNINIT, lwkt_wait_uninit: WAIT_UNINIT } = Sys;

function boot(config: MachineConfig = {}, plant = 0): LwktMachine {
  const more = { cpus: 2, quantum: 1000, roundRobin: 0, preemption: false, ...config };
  const m = plant === 0 ? new LwktMachine(more) : new LwktMachine(more, "check");
  if (plant !== 0) m.kernel.setMachine("plant", plant);
  m.run(); // the boot thread begins in a critical section
  return m;
}

const token = (m: LwktMachine, cpu = 0) => m.call(Sys.lwkt_token_create, cpu)[1] >>> 0;
const wait = (m: LwktMachine, cpu = 0) => m.call(Sys.lwkt_wait_create, cpu)[1] >>> 0;
const uninit = (m: LwktMachine, tok: number) => m.call(TOKEN_UNINIT, tok)[0];

/** Has a token for a while. */
function* holder(tok: number, cycles = 8000): Body {
  yield [Sys.lwkt_gettoken, tok];
  yield [Sys.compute, cycles, 0];
  yield [Sys.lwkt_reltoken, tok];
}

for (const scheduler of ["lwkt", "lwkt-modern"] as const) {
  describe(`under ${scheduler}`, () => {
    it("cells are used again, as often as tokens and wait structures are made", () => {
      const m = boot({ scheduler, objects: 4 });
      const errors = new Set<number>();
      const td: number = m.spawn("t", 5, function* () {
        for (let i = 0; i < 100; i++) {
          errors.add(yield [Sys.lwkt_token_create, i % 2]);
          const tok = m.a1(td);
          errors.add(yield [Sys.lwkt_wait_create, i % 2]);
          const w = m.a1(td);
          yield [Sys.lwkt_gettoken, tok];
          yield [Sys.lwkt_reltoken, tok];
          yield [Sys.lwkt_signal, w];
          errors.add(yield [TOKEN_UNINIT, tok]);
          errors.add(yield [WAIT_UNINIT, w]);
        }
      });
      m.run();
      expect([...errors]).toEqual([0]);
    });

    it("what is no token, or no longer one, is none for any call", () => {
      const freed = (m: LwktMachine) => {
        const tok = token(m);
        expect(uninit(m, tok)).toBe(0);
        return tok;
      };
      const mutex = (m: LwktMachine) => m.call(Sys.mtx_create, m.kernel.intern("m"))[1] >>> 0;
      for (const other of [freed, mutex]) {
        for (const nr of [Sys.lwkt_gettoken, Sys.lwkt_trytoken, Sys.lwkt_reltoken, TOKEN_UNINIT]) {
          const m = boot({ scheduler });
          const at = other(m);
          m.spawn("t", 5, function* () {
            yield [nr, at];
          });
          const text = `kernel call ${nameOfCall(nr)}: 0x${at.toString(16)} is not a token`;
          expect(() => m.run()).toThrow(text);
        }
      }
      const m = boot({ scheduler });
      const w = wait(m);
      expect(m.call(WAIT_UNINIT, w)[0]).toBe(0);
      expect(() => m.call(WAIT_UNINIT, w)).toThrow("is not a wait structure");
    });

    it("neither a token of the pool is freed, nor that of a wait structure", () => {
      const m = boot({ scheduler });
      const first = token(m);
      const pool = [0, 1, 0x1234].map((at) => m.call(Sys.lwkt_token_pool_lookup, at)[1] >>> 0);
      for (const one of [...pool, wait(m)]) expect(uninit(m, one)).toBe(EINVAL);
      expect(uninit(m, first)).toBe(0);
      expect([0, 1, 0x1234].map((at) => m.call(Sys.lwkt_token_pool_lookup, at)[1] >>> 0)).toEqual(
        pool,
      );
    });

    it("a token that a thread has cannot be freed by it, another thread or the host", () => {
      for (const cpu of [0, 1]) {
        const m = boot({ scheduler });
        const tok = token(m);
        m.spawn("holder", 5, () => holder(tok), cpu);
        m.run({ rounds: 3 });
        const results: number[] = [uninit(m, tok)];
        m.spawn(
          "other",
          5,
          function* () {
            results.push(yield [TOKEN_UNINIT, tok]);
          },
          1 - cpu,
        );
        m.run();
        m.spawn(
          "self",
          5,
          function* () {
            yield [Sys.lwkt_gettoken, tok];
            results.push(yield [TOKEN_UNINIT, tok]);
            yield [Sys.lwkt_reltoken, tok];
            results.push(yield [TOKEN_UNINIT, tok]);
          },
          cpu,
        );
        m.run();
        expect(results).toEqual([EBUSY, EBUSY, EBUSY, 0]);
      }
    });

    it("a wait structure on which threads are blocked stays, until they have run again", () => {
      const results = (cpu: number, plant = 0) => {
        const m = boot({ scheduler }, plant);
        const w = wait(m, cpu);
        const seen: number[] = [];
        let awake = 0;
        for (const at of [0, 1]) {
          m.spawn(
            "sleeper",
            5,
            function* () {
              yield [Sys.lwkt_block, w, 0, 0];
              awake++;
            },
            at,
          );
        }
        m.run();
        seen.push(m.call(WAIT_UNINIT, w)[0]);
        m.spawn("signals", 9, function* () {
          yield [Sys.lwkt_signal, w];
          seen.push(yield [WAIT_UNINIT, w]);
        });
        m.run({ rounds: 1 });
        m.run();
        seen.push(awake, m.call(WAIT_UNINIT, w)[0]);
        return seen;
      };
      for (const cpu of [0, 1]) {
        expect(results(cpu)).toEqual([EBUSY, EBUSY, 2, 0]);
        expect(() => results(cpu, Plant.UNINIT_BLIND)).toThrow("is not a wait structure");
      }
    });

    it("a wait structure that was emptied stays while threads wait that were blocked on it", () => {
      const m = boot({ scheduler });
      const w = wait(m);
      m.spawn("sleeper", 5, function* () {
        yield [Sys.lwkt_block, w, 0, 0];
      });
      m.run();
      m.call(Sys.lwkt_init_wait, w);
      expect(m.call(WAIT_UNINIT, w)[0]).toBe(EBUSY);
    });
  });
}

describe("a token of lwkt", () => {
  it("is not freed while a thread is in its line, was granted it, or has lost the grant", () => {
    const m = boot();
    const tok = token(m, 1);
    m.spawn("holder", 5, () => holder(tok), 1);
    m.run({ rounds: 2 });
    const waiter = m.spawn("waiter", 5, () => holder(tok));
    m.run({ rounds: 3 });
    const field = (offset: number) => m.kernel.read(tok + offset) !== 0;
    const look = () => [field(LwktToken.t_count), field(LwktToken.t_granted), uninit(m, tok)];
    expect(look()).toEqual([true, false, EBUSY]);
    // Its CPU stays in a critical section, so that the waiter does not notice the grant.
    m.spawn("closes", 9, function* () {
      yield [Sys.crit_enter];
      yield [Sys.compute, 20_000, 0];
      yield [Sys.crit_exit];
    });
    for (let round = 0; round < 10 && !field(LwktToken.t_granted); round++) m.run({ rounds: 1 });
    expect(look()).toEqual([false, true, EBUSY]);
    m.call(Sys.lwkt_deschedule, waiter);
    expect(look()).toEqual([false, false, EBUSY]); // it will look when it runs
    m.run();
    expect(look()).toEqual([false, false, 0]);
  });

  it("is on no list any more when it is freed in the round in which its line became empty", () => {
    for (const list of ["tok", "tok, other", "other, tok"]) {
      const m = boot({ cpus: 3 });
      const [tok, other] = [token(m, 1), token(m, 2)];
      const seen: unknown[] = [];
      const wants = (name: string) => {
        m.spawn(name, 5, function* () {
          yield [Sys.lwkt_gettoken, other];
          seen.push(name);
          yield [Sys.lwkt_reltoken, other];
        });
        m.run({ rounds: 1 });
      };
      m.spawn("holder", 5, () => holder(tok, 10_000), 1);
      m.spawn("closes", 5, () => holder(other, 30_000), 2);
      m.run({ rounds: 2 });
      if (list === "other, tok") wants("other");
      const frees = m.spawn("frees", 5, function* () {
        yield [Sys.lwkt_gettoken, tok];
        yield [Sys.lwkt_reltoken, tok];
        seen.push(m.kernel.read(tok + LwktToken.t_listed), yield [TOKEN_UNINIT, tok]);
        yield [Sys.lwkt_gettoken, other];
        seen.push("frees");
        yield [Sys.lwkt_reltoken, other];
      });
      m.run({ rounds: 1 });
      if (list === "tok, other") wants("other");
      expect(m.kernel.machine("tok_first")).toBe(list.startsWith("tok") ? tok : other);
      expect(m.kernel.machine("tok_last")).toBe(list.endsWith("tok") ? tok : other);
      m.call(Sys.lwkt_migrate, frees, 1); // it keeps its place in the line
      m.run();
      expect(seen).toEqual([1, 0, ...(list === "tok" ? [] : ["other"]), "frees"]);
    }
  });
});

describe("a token of lwkt-modern", () => {
  const modern = { scheduler: "lwkt-modern" } as const;

  it("is not freed while a thread has acquired it, and is blocked, or waits for it, or shares it", () => {
    const m = boot(modern);
    const [tok, shared] = [token(m), token(m)];
    const w = wait(m);
    m.spawn("holder", 5, function* () {
      yield [Sys.lwkt_gettoken, tok];
      yield [Sys.lwkt_gettoken_shared, shared];
      yield [Sys.lwkt_block, w, 0, 0];
      yield [Sys.lwkt_reltoken, shared];
      yield [Sys.lwkt_reltoken, tok];
    });
    m.run();
    expect(m.kernel.read(tok + Layout.Token.tk_count)).toBe(0); // given up while it is blocked
    expect([uninit(m, tok), uninit(m, shared)]).toEqual([EBUSY, EBUSY]);
    m.call(Sys.lwkt_signal, w);
    m.run();
    expect([uninit(m, tok), uninit(m, shared)]).toEqual([0, 0]);
  });

  it("is freed by a thread that has others, and in a critical section", () => {
    const m = boot(modern);
    const [tok, other] = [token(m), token(m)];
    const results: number[] = [];
    m.spawn("t", 5, function* () {
      yield [Sys.lwkt_gettoken, other];
      yield [Sys.crit_enter];
      results.push(yield [TOKEN_UNINIT, tok], yield [TOKEN_UNINIT, other]);
      yield [Sys.crit_exit];
      yield [Sys.lwkt_reltoken, other];
    });
    m.run();
    expect(results).toEqual([0, EBUSY]);
  });
});
