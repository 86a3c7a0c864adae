// The replay of LWKT cases: that it accepts a correct case and locates a difference; and all recorded cases.

import { describe, expect, it } from "vitest";
import { buildUnderTest } from "../support/build.js";
import { describeRecorded } from "./recorded.js";
import { type LwktCase, replayLwkt } from "./replay/lwkt.js";

const thread = (pri: number, crit: number, flags: string[]) => ({
  pri,
  crit,
  flags,
  wait: null,
  wmesg: null,
  preempted: null,
});

/** One thread that yields to itself once. */
const yields: LwktCase = {
  name: "one-yield",
  about: "a yield with nobody else picks oneself, which is no switch of the machine",
  sysctl: { untimely_switch: 0 },
  max_steps: 10,
  waits: [],
  tokens: [],
  threads: [
    {
      name: "A",
      pri: 10,
      create: "lwkt_create",
      start: "boot",
      template: false,
      tdflags: [],
      repeat: 1,
      proc: null,
      body: [["lwkt_yield"]],
    },
  ],
  boot: [],
  idle: [],
  log: [
    ["alloc", "A", null],
    ["switch", "boot", "A", "0x00000401", 32, 42],
    ["start", "A"],
    ["call", "A", 0, "lwkt_yield"],
    ["ret", "A", 0],
    ["return", "A"],
    ["print", "kthread <A> A has exited\n"],
    ["xswitch", "A", "idle", "0x00000000", 74, 32],
    ["start", "idle"],
    ["idle"],
  ],
  final: {
    cur: "idle",
    switch_count: 3,
    preempt_hit: 0,
    preempt_miss: 0,
    preempt_weird: 0,
    runqmask: "0x00000000",
    reqpri: 0,
    intr_nesting: 0,
    untimely_switch: 0,
    pending: [],
    runq: {},
    waits: {},
    tokens: {},
    freecount: 1,
    freeq: ["A"],
    threads: {
      boot: thread(0, 1, []),
      idle: thread(0, 1, []),
      A: thread(10, 2, ["EXITED", "ALLOCATED_THREAD", "ALLOCATED_STACK", "VERBOSE"]),
    },
  },
};

describe("the replay of a case", () => {
  it("finds no difference in an equal log", () => {
    expect(replayLwkt(yields, buildUnderTest)).toBeNull();
  });

  it("shows the first entry of the log that differs", () => {
    const log = yields.log.with(4, ["ret", "A", 0, 7]);
    expect(replayLwkt({ ...yields, log }, buildUnderTest)).toMatchObject({
      where: "log[4]",
      expected: ["ret", "A", 0, 7],
      got: ["ret", "A", 0],
    });
  });

  it("shows an entry that is missing at the end", () => {
    const log = [...yields.log, ["limit"]];
    expect(replayLwkt({ ...yields, log }, buildUnderTest)).toMatchObject({ where: "log[10]" });
  });

  it("shows where the final state differs", () => {
    const final = { ...(yields.final as object), switch_count: 4 };
    expect(replayLwkt({ ...yields, final }, buildUnderTest)).toMatchObject({
      where: "final.switch_count",
      expected: 4,
      got: 3,
    });
  });

  it("looks at the limit of steps behind the boot script, too", () => {
    const boot = [["lwkt_yield_quick"]] as [[string]];
    const log = [
      ["alloc", "A", null],
      ["call", "boot", 0, "lwkt_yield_quick"],
      ["ret", "boot", 0],
      ["limit"],
    ];
    const one = { ...yields, boot, max_steps: 1, log, final: { cur: "boot", switch_count: 0 } };
    // The log and the given part of the state are right; the first difference is in what is not given.
    expect(replayLwkt(one, buildUnderTest)).toMatchObject({
      where: "final.preempt_hit",
      expected: undefined,
    });
  });

  it("takes any limit of steps: none, and more than a machine can have processes", () => {
    const bare = { ...yields, threads: [], max_steps: 0, log: [["limit"]], final: null };
    expect(replayLwkt(bare, buildUnderTest)?.where).toBe("final");
    expect(replayLwkt({ ...yields, max_steps: 1_000_000 }, buildUnderTest)).toBeNull();
  });

  it("refuses a case without an end: its boot thread is on the run queue for ever", () => {
    const boot = [["lwkt_schedule_self"]] as [[string]];
    expect(() => replayLwkt({ ...yields, boot }, buildUnderTest)).toThrow(
      "the case has no end: its boot thread switches to itself for ever",
    );
  });

  it("refuses flags and states that there are not, and flags that are the kernel's own", () => {
    const thread = (change: object) => ({
      ...yields,
      threads: yields.threads.map((one) => ({ ...one, ...change })),
    });
    const replay = (change: object) => () => replayLwkt(thread(change), buildUnderTest);
    expect(replay({ tdflags: ["FLYING"] })).toThrow('there is no thread flag "FLYING"');
    expect(replay({ tdflags: ["RUNQ"] })).toThrow("thread A cannot be created: error 22");
    expect(replay({ proc: { pid: 1, stat: "FLYING" } })).toThrow(
      'there is no process state "FLYING"',
    );
  });

  it("refuses an operation that the format does not have", () => {
    const threads = yields.threads.map((one) => ({ ...one, body: [["fly"]] as [[string]] }));
    expect(() => replayLwkt({ ...yields, threads }, buildUnderTest)).toThrow(
      'there is no operation "fly"',
    );
  });
});

describeRecorded<LwktCase>("lwkt", 389, (one) => replayLwkt(one, buildUnderTest));
describeRecorded<LwktCase>("further/lwkt", 120, (one) => replayLwkt(one, buildUnderTest));
