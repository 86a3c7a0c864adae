// The replay of FreeBSD cases: that it accepts a correct case and locates a difference; and all recorded cases.

import { describe, expect, it } from "vitest";
import { buildUnderTest } from "../support/build.js";
import { describeRecorded } from "./recorded.js";
import { type FreebsdCase, replayFreebsd } from "./replay/freebsd.js";

const thread = {
  tid: 100000,
  proc: "proc0",
  name: "swapper",
  state: "INHIBITED",
  inhib: 2,
  flags: ["TDF_INMEM"],
  kthread: true,
  ast: false,
  pri: 52,
  base_pri: 52,
  wchan: "(sched)",
  wmesg: "sched",
};

const process = {
  pid: 0,
  state: "NORMAL",
  comm: "kernel",
  flags: ["P_KPROC", "P_HADTHREADS", "P_SYSTEM"],
  wexit2: false,
  numthreads: 1,
  threads: ["thread0"],
  suspcount: 0,
  boundary_count: 0,
  exitthreads: 0,
  pendingexits: 0,
  singlethread: null,
  sigstop: false,
  cowgen: 0,
  xexit: 0,
  parent: null,
};

/** A kernel thread that exits, and thread0, which reaps it. */
const reaps: FreebsdCase = {
  name: "one-reap",
  tunables: { trace: 1, maxthread: 20 },
  threads: [
    {
      name: "thread0",
      body: [
        ["kthread_add", "A", null, { name: "a%d", arg: 7 }],
        ["msleep", "x", "PVM", "wait", 3, false],
        ["tidhash_remove", "A"],
        ["thread_reap"],
      ],
    },
    { name: "A", body: [["kthread_exit"]] },
  ],
  log: [
    ["call", "thread0", 0, "kthread_add"],
    ["count", 1],
    ["tidset", 100002],
    ["init", 0],
    ["ctor", 100002],
    ["runnable", "A"],
    ["ret", "thread0", 0, 0],
    ["call", "thread0", 1, "msleep"],
    ["switch", "thread0", "A"],
    ["call", "A", 0, "kthread_exit"],
    ["tick", 1003],
    ["runnable", "thread0"],
    ["switch", "A", "thread0"],
    ["ret", "thread0", 1, 35],
    ["call", "thread0", 2, "tidhash_remove"],
    ["ret", "thread0", 2, "dead"],
    ["call", "thread0", 3, "thread_reap"],
    ["dtor", 100002],
    ["tidclear", 100002],
    ["count", -1],
    ["ret", "thread0", 3, null],
    ["end", "thread0"],
  ],
  final: {
    ticks: 1003,
    nthreads: 2,
    nprocs: 2,
    procs: {
      proc0: process,
      init: { ...process, pid: 1, comm: "init", flags: [], threads: ["init"], parent: "proc0" },
    },
    threads: {
      thread0: thread,
      init: {
        ...thread,
        tid: 100001,
        proc: "init",
        name: "init",
        flags: ["TDF_INMEM", "TDF_SINTR"],
        kthread: false,
        pri: 76,
        base_pri: 76,
        wchan: "proc:init",
        wmesg: "wait",
      },
      A: { tid: 100002, dead: "reaped" },
    },
    zombies: [[]],
    tids: [[100000, 100001]],
  },
};

const unit: FreebsdCase = {
  name: "ids",
  tunables: { maxthread: 4 },
  ops: [["tid_alloc"], ["tid_alloc"], ["tid_alloc"], ["hashsize"]],
  results: [100002, 100003, { panic: "unexpectedly ran out of IDs" }],
};

describe("the replay of a case", () => {
  it("finds no difference in an equal log", () => {
    expect(replayFreebsd(reaps, buildUnderTest)).toBeNull();
    expect(replayFreebsd(unit, buildUnderTest)).toBeNull();
  });

  it("shows the first entry of the log that differs", () => {
    const log = reaps.log?.with(13, ["ret", "thread0", 1, 0]);
    expect(replayFreebsd({ ...reaps, log }, buildUnderTest)).toEqual({
      where: "log[13]",
      expected: ["ret", "thread0", 1, 0],
      got: ["ret", "thread0", 1, 35],
    });
  });

  it("shows an entry that is missing at the end", () => {
    const log = [...(reaps.log ?? []), ["switch", "thread0", "init"]];
    expect(replayFreebsd({ ...reaps, log }, buildUnderTest)).toMatchObject({
      where: "log[22]",
      expected: ["switch", "thread0", "init"],
    });
  });

  it("shows where the final state differs", () => {
    const final = { ...(reaps.final as object), nthreads: 3 };
    expect(replayFreebsd({ ...reaps, final }, buildUnderTest)).toEqual({
      where: "final.nthreads",
      expected: 3,
      got: 2,
    });
  });

  it("shows the result of a unit case that differs", () => {
    const results = [100002, 100004, ...(unit.results?.slice(2) ?? [])];
    expect(replayFreebsd({ ...unit, results }, buildUnderTest)).toMatchObject({
      where: "results",
      expected: results,
      got: unit.results,
    });
  });

  it("stops at the length that the case gives its log, without a final state", () => {
    const cut = { ...reaps, tunables: { ...reaps.tunables, maxlog: 5 }, final: null };
    expect(replayFreebsd({ ...cut, log: reaps.log?.slice(0, 5) }, buildUnderTest)).toBeNull();
  });

  it("shows counts as they are: a suspender of another process is uncounted, though it was not counted", () => {
    const one: FreebsdCase = {
      name: "negative",
      tunables: { maxlog: 19 },
      threads: [
        {
          name: "thread0",
          body: [
            ["fork", "P", "A", {}],
            ["yield"],
            ["kthread_add", "B", null, { name: "b" }],
            ["thread_single", "P", "SINGLE_ALLPROC"],
          ],
        },
        { name: "A", body: [["msleep", "x", "PVM", "w", 3, false], ["ast"]] },
        {
          name: "B",
          body: [
            ["thread_unsuspend", "proc0"],
            ["pstat", "proc0"],
          ],
        },
      ],
      log: [
        ["call", "thread0", 0, "fork"],
        ["runnable", "A"],
        ["ret", "thread0", 0, 0],
        ["call", "thread0", 1, "yield"],
        ["runnable", "thread0"],
        ["switch", "thread0", "A"],
        ["call", "A", 0, "msleep"],
        ["switch", "A", "thread0"],
        ["ret", "thread0", 1, null],
        ["call", "thread0", 2, "kthread_add"],
        ["runnable", "B"],
        ["ret", "thread0", 2, 0],
        ["call", "thread0", 3, "thread_single"],
        ["switch", "thread0", "B"],
        ["call", "B", 0, "thread_unsuspend"],
        ["runnable", "thread0"],
        ["ret", "B", 0, null],
        ["call", "B", 1, "pstat"],
        ["ret", "B", 1, [0x284, 2, -1, 0, ""]],
      ],
      final: null,
    };
    expect(replayFreebsd(one, buildUnderTest)).toBeNull();
  });

  it("shows the kernel's id of a thread whose freeing has panicked: -1", () => {
    const one: FreebsdCase = {
      name: "freed",
      tunables: {},
      threads: [
        {
          name: "thread0",
          body: [
            ["thread_alloc", "A", 0],
            ["tid_free", 100002],
            ["thread_free", "A"],
          ],
        },
      ],
      log: [
        ["call", "thread0", 0, "thread_alloc"],
        ["ret", "thread0", 0, 100002],
        ["call", "thread0", 1, "tid_free"],
        ["ret", "thread0", 1, null],
        ["call", "thread0", 2, "thread_free"],
        ["panic", "thread ID 100002 not allocated\n"],
      ],
      final: { threads: { A: { tid: -1, raw: true } } },
    };
    // Everything given is right; the first difference is in what is not given.
    expect(replayFreebsd(one, buildUnderTest)).toMatchObject({
      where: "final.threads.thread0",
      expected: undefined,
    });
  });

  it("refuses states that there are not", () => {
    const raw: [string, ...unknown[]][] = [["thread_alloc", "A", 0]];
    const ops = (op: [string, ...unknown[]]) => ({ ...unit, tunables: {}, ops: [...raw, op] });
    expect(() => replayFreebsd(ops(["thread_free_as", "A", "FLYING"]), buildUnderTest)).toThrow(
      'there is no thread state "FLYING"',
    );
    expect(() => replayFreebsd(ops(["pstate", "proc0", "FLYING"]), buildUnderTest)).toThrow(
      'there is no process state "FLYING"',
    );
  });

  it("refuses a machine that is too small to boot", () => {
    const tunables = { maxproc: 2, max_threads_per_proc: 1 };
    expect(() => replayFreebsd({ ...unit, tunables }, buildUnderTest)).toThrow(
      "the machine of the case does not boot: panic: cannot fork init: 12",
    );
  });

  it("refuses an operation that the format does not have", () => {
    const threads = [{ name: "thread0", body: [["fly"]] as [[string]] }];
    expect(() => replayFreebsd({ ...reaps, threads }, buildUnderTest)).toThrow(
      'there is no operation "fly"',
    );
  });
});

describeRecorded<FreebsdCase>("freebsd", 497, (one) => replayFreebsd(one, buildUnderTest));
describeRecorded<FreebsdCase>("further/freebsd", 171, (one) => replayFreebsd(one, buildUnderTest));
