// Yields inside the emulated CPU do exactly what the kernel's functions do. The kernel's way is taken when
// a trace is on; so the same machine runs with and without one.

import fc from "fast-check";
import { expect, it } from "vitest";
import { lwktRunq } from "../../src/core/runq-view.js";
import * as Layout from "../../src/generated/layout.js";
import { LwktMachine } from "../support/lwkt-machine.js";
import { word } from "../support/rv32-machine.js";

const { Sys, Thread: T, ThreadRare: R, GlobalData: G } = Layout;
const TEXT = 0x100;
const yieldNow = word("kcall", { imm: Sys.lwkt_yield });
const countDown = [word("addi", { rd: 8, rs1: 8, imm: -1 }), word("bne", { rs1: 8, imm: -8 })];

/** A word of guest data. */
const FLAG = 0x400;
const atFlag = word("addi", { rd: 6, imm: FLAG });
const pollFlag = [word("lw", { rd: 7, rs1: 6 }), word("beq", { rs1: 7, imm: -8 })];

/** Bodies that yield in every way that the inner loop knows, and in others. */
const bodies: readonly (readonly number[])[] = [
  [yieldNow, word("jal", { imm: -4 })],
  [yieldNow, ...countDown, word("jalr", { rs1: 1 })],
  [yieldNow, yieldNow, yieldNow, word("jal", { imm: -12 })],
  [word("addi", { rd: 9, rs1: 9, imm: 1 }), yieldNow, word("jal", { imm: -8 })],
  [word("addi", { rd: 17, imm: Sys.lwkt_yield }), word("ecall"), word("jal", { imm: -4 })],
  [
    word("kcall", { imm: Sys.crit_enter }),
    yieldNow,
    word("kcall", { imm: Sys.crit_exit }),
    word("jal", { imm: -12 }),
  ],
  [
    word("kcall", { imm: Sys.random }),
    yieldNow,
    word("bne", { rs1: 10, imm: -8 }),
    yieldNow,
    word("jal", { imm: -16 }),
  ],
  [
    word("addi", { rd: 10, imm: 9 }),
    word("kcall", { imm: Sys.lwkt_setpri_self }),
    yieldNow,
    word("jal", { imm: -4 }),
  ],
  [
    word("xori", { rd: 9, rs1: 9, imm: 1 }),
    word("add", { rd: 10, rs1: 9 }),
    word("kcall", { imm: Sys.lwkt_setcpu_self }),
    yieldNow,
    yieldNow,
    word("jal", { imm: -20 }),
  ],
  [atFlag, yieldNow, ...pollFlag, word("sw", { rs1: 6 }), word("jal", { imm: -16 })],
  [
    atFlag,
    word("addi", { rd: 9, rs1: 9, imm: 1 }),
    word("andi", { rd: 7, rs1: 9, imm: 4 }),
    word("sw", { rs1: 6, rs2: 7 }),
    yieldNow,
    word("jal", { imm: -16 }),
  ],
];

interface Scenario {
  readonly threads: readonly { body: number; pri: number; turns: number; cpu: number }[];
  readonly cpus: number;
  readonly quantum: number;
  readonly untilCycles: number;
  /** Switches of each run call; empty: one call. */
  readonly cuts: readonly number[];
  /** A host body among the threads. */
  readonly host: boolean;
  readonly statistics: boolean;
}

const scenarios: fc.Arbitrary<Scenario> = fc.integer({ min: 1, max: 3 }).chain((cpus) =>
  fc.record({
    threads: fc.array(
      fc.record({
        // Often the endless yield, where the inner loop looks ahead
        body: fc.oneof(fc.constant(0), fc.nat(bodies.length - 1)),
        pri: fc.constantFrom(8, 8, 8, 9, 10),
        turns: fc.integer({ min: 1, max: 40 }),
        cpu: fc.nat(cpus - 1),
      }),
      { minLength: 1, maxLength: 150, size: "max" },
    ),
    cpus: fc.constant(cpus),
    quantum: fc.constantFrom(100, 333, 5000),
    untilCycles: fc.integer({ min: 1000, max: 20_000 }),
    cuts: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }),
    host: fc.boolean(),
    statistics: fc.boolean(),
  }),
);

function boot({ threads, cpus, quantum, host, statistics }: Scenario): LwktMachine {
  const machine = new LwktMachine({ cpus, quantum, maxthread: 200, statistics });
  const { kernel } = machine;
  let at = TEXT;
  const entries = bodies.map((words) => {
    const entry = at;
    for (const value of words) {
      kernel.view.setUint32(kernel.machine("guest_base") + at, value, true);
      at += 4;
    }
    return entry;
  });
  kernel.exports.rv32_decode_text(TEXT, at);
  const name = kernel.intern("t");
  for (const { body, pri, turns, cpu } of threads) {
    const td = machine.call(Sys.lwkt_create, entries[body]!, 0, 0, 0, name, 0)[1] >>> 0;
    machine.call(Sys.lwkt_setpri, td, pri);
    if (cpu !== 0) machine.call(Sys.lwkt_migrate, td, cpu);
    kernel.u32[(kernel.frame(td) + Layout.Frame.s0) >>> 2] = turns;
  }
  if (host) {
    machine.spawn("host", 8, function* () {
      for (;;) yield [Sys.lwkt_yield];
    });
  }
  return machine;
}

function run(machine: LwktMachine, { untilCycles, cuts }: Scenario): void {
  const until = BigInt(untilCycles);
  for (const switches of cuts) machine.run({ until, switches });
  while (machine.run({ until }) === Layout.Run.SWITCHES) {}
}

/** Everything that a yield may change. */
function state(machine: LwktMachine, { cpus, threads, statistics }: Scenario) {
  const { kernel } = machine;
  const records = kernel.machine("stats_base");
  const stride = Layout.ThreadStats.size + 4 * Layout.STATS_BUCKETS;
  const recorded = (index: number) =>
    statistics
      ? kernel.u32
          .slice((records + index * stride) >>> 2, (records + (index + 1) * stride) >>> 2)
          .join()
      : "";
  const perCpu = Array.from({ length: cpus }, (_, cpu) => {
    const gd = kernel.globaldata(cpu);
    const wide = (
      [
        "gd_cycles",
        "gd_instructions",
        "gd_switches",
        "gd_switch_count",
        "gd_hash",
        "gd_switchtime",
      ] as const
    ).map((field) => kernel.read64(gd + G[field]));
    const narrow = [G.gd_curthread, G.gd_runqmask, G.gd_nrunnable].map((offset) =>
      kernel.read(gd + offset),
    );
    return { wide, narrow, queues: [...lwktRunq(kernel, cpu)] };
  });
  const first = 3 + cpus;
  const perThread = threads.map((_, k) => {
    const td = kernel.threadAt(first + k);
    const frame = kernel.frame(td);
    return {
      statistics: recorded(first + k),
      pri: kernel.readSigned(td + T.td_pri),
      flags: kernel.view.getUint16(td + T.td_lwflags, true),
      state: kernel.u8[td + T.td_state],
      runtime: kernel.read64(td + T.td_runtime),
      switches: [kernel.read(td + T.td_nvcsw), kernel.read(kernel.rare(td) + R.td_nivcsw)],
      registers: kernel.u32.slice(frame >>> 2, (frame >>> 2) + 16).join(),
    };
  });
  return { perCpu, perThread, last: kernel.machine("last_thread") };
}

/** Expects of a run what the same run does with a trace, which takes the kernel's way. */
function expectKernelsYield(scenario: Scenario): void {
  const short = boot(scenario);
  run(short, scenario);
  const long = boot(scenario);
  long.kernel.setMachine("ktr_mask", Layout.KTR_LWKT);
  run(long, scenario);
  expect(state(short, scenario)).toEqual(state(long, scenario));
}

it("leaves everything as the kernel's own yield does", () => {
  fc.assert(fc.property(scenarios, expectKernelsYield), { numRuns: 60 });
});

it("leaves a kernel call whole that begins in the last cycle of a slice, behind yields", () => {
  const threads = [4, 0, 1, 0, 0, 9, 4, 0, 1, 8, 0].map((body) => ({
    body,
    pri: 10,
    turns: 17,
    cpu: 0,
  }));
  for (let untilCycles = 100; untilCycles <= 1000; untilCycles += 100) {
    const scenario: Scenario = {
      threads,
      cpus: 2,
      quantum: 100,
      untilCycles,
      cuts: [],
      host: false,
      statistics: false,
    };
    expectKernelsYield(scenario);
  }
});

it("leaves everything the same however the run is cut by a budget of switches", () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const cut = boot(scenario);
      run(cut, scenario);
      const whole = boot(scenario);
      run(whole, { ...scenario, cuts: [] });
      expect(state(cut, scenario)).toEqual(state(whole, scenario));
    }),
    { numRuns: 60 },
  );
});

it("stops after exactly as many switches as the budget has", () => {
  const threads = Array.from({ length: 100 }, () => ({ body: 0, pri: 8, turns: 1, cpu: 0 }));
  const machine = boot({
    threads,
    cpus: 1,
    quantum: 5000,
    untilCycles: 1e6,
    cuts: [],
    host: false,
    statistics: false,
  });
  for (const switches of [1, 2, 61, 62, 63, 124, 1000]) {
    const before = machine.cpu("gd_switches");
    expect(machine.run({ switches })).toBe(Layout.Run.SWITCHES);
    expect(machine.cpu("gd_switches") - before).toBe(switches);
  }
});

it("ends a reservation", () => {
  const machine = new LwktMachine({ maxthread: 20 });
  const { kernel } = machine;
  const words = [
    word("lr.w", { rd: 7, rs1: 5 }),
    yieldNow,
    word("sc.w", { rd: 8, rs1: 5, rs2: 7 }),
    word("jal", { imm: 0 }),
  ];
  for (const [k, value] of words.entries()) {
    kernel.view.setUint32(kernel.machine("guest_base") + TEXT + 4 * k, value, true);
  }
  kernel.exports.rv32_decode_text(TEXT, TEXT + 4 * words.length);
  const tds = [0, 1].map(() => {
    const td = machine.call(Sys.lwkt_create, TEXT, 0, 0, 0, kernel.intern("t"), 0)[1] >>> 0;
    kernel.u32[(kernel.frame(td) + Layout.Frame.t0) >>> 2] = 2048;
    return td;
  });
  machine.run({ until: 1000n });
  expect(kernel.read(kernel.frame(tds[0]!) + Layout.Frame.s0)).toBe(1);
});
