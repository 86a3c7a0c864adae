// Compiled code under a machine: the run is that of the interpreter, on any number of CPUs, with everything
// that a machine can be told to do while it runs.

import { describe, expect, it } from "vitest";
import { clusterAt } from "../../src/compiler/cluster.js";
import { Marks } from "../../src/compiler/marks.js";
import { Text } from "../../src/compiler/text.js";
import type { MachineConfig } from "../../src/core/config.js";
import * as Layout from "../../src/generated/layout.js";
import { Machine } from "../../src/machine/machine.js";
import { type MachineProgramBuilder, program } from "../../src/program/index.js";
import { buildUnderTest } from "../support/build.js";
import { ENTRY, MEMORY_SIZE, Subject, TEXT_SIZE, word } from "../support/rv32-machine.js";

const TURNS = 4000;

/** Adds up a table through a function that is called, and through one that is called by its address. */
function placeWork(b: MachineProgramBuilder): void {
  b.label("work").mv("t3", "ra").li("t0", TURNS).la("t1", "table").li("a0", 1).la("t2", "double");
  b.label("turn").jal("ra", "add").jalr("ra", "t2").addi("t0", "t0", -1).bnez("t0", "turn");
  b.mv("ra", "t3").ret();
  b.label("add").andi("a1", "t0", 60).add("a1", "a1", "t1").lw("a2", "a1", 0).add("a0", "a0", "a2");
  b.sw("a0", "a1", 0).ret();
  b.label("double").slli("a3", "a0", 1).xor("a0", "a0", "a3").ret();
}

/** Threads that work, yield, sleep now and then, and end after some rounds. */
function workers(yields: "lwkt_yield" | "sched_relinquish") {
  const b = program("workers").data("table", {
    words: Array.from({ length: 16 }, (_, i) => 7 * i),
  });
  b.label("worker").li("s0", 60);
  b.label("again").jal("ra", "work").call(yields).jal("ra", "work");
  b.addi("s0", "s0", -1).bnez("s0", "again").call("kthread_exit");
  placeWork(b);
  return b.build();
}

function start(config: MachineConfig, threads = 5): Machine {
  const machine = new Machine({ maxthread: 50, ...config }, buildUnderTest);
  const yields = config.scheduler === "4bsd" ? "sched_relinquish" : "lwkt_yield";
  const loaded = machine.load(workers(yields));
  for (let i = 0; i < threads; i++) {
    machine.createThread({ name: `worker ${i}`, body: loaded.addressOf("worker") });
  }
  return machine;
}

/** All that a run comes to. */
function outcome(machine: Machine) {
  const { instructions, switches, rounds } = machine.counters;
  const memory = Buffer.from(machine.guestMemory).toString("base64");
  return { hash: machine.hash, cycles: machine.cycles, instructions, switches, rounds, memory };
}

const configs: readonly MachineConfig[] = [
  {},
  { cpus: 2, quantum: 777 },
  { cpus: 8, quantum: 1000, roundRobin: 20_000 },
  { scheduler: "4bsd", roundRobin: 10_000 },
  { statistics: true, cpus: 2 },
  { time: "idle" },
  { quantum: 1_000_000 },
  { preemption: false, cpus: 3 },
];

describe("compiled code", () => {
  for (const config of configs) {
    it(`changes nothing in a run with ${JSON.stringify(config)}`, () => {
      const compiled = start(config);
      const plain = start({ ...config, jit: false });
      compiled.run();
      plain.run();
      expect(outcome(compiled)).toEqual(outcome(plain));
      expect(compiled.compiled?.functions).toBeGreaterThan(0);
      expect(plain.compiled).toBeNull();
    });
  }

  it.each([1, 2, 3])("counts by lr.w and sc.w on %i CPUs, wherever slices end", (cpus) => {
    const turns = 60_000;
    // Compiled code is not entered while another CPU has a word reserved that lies next to the text.
    const b = program("counting").data("padding", { zero: 4096 }).data("counts", { zero: 16 });
    b.label("worker").li("s0", turns).la("s1", "counts").add("s1", "s1", "a0");
    b.label("again").lrW("t0", "s1").addi("t0", "t0", 1).jump("on");
    b.label("on").scW("t1", "t0", "s1").bnez("t1", "again");
    b.addi("s0", "s0", -1).bnez("s0", "again").call("kthread_exit");
    const counting = b.build();
    const run = (jit: boolean) => {
      const machine = new Machine({ cpus, quantum: 101, roundRobin: 500, jit }, buildUnderTest);
      const loaded = machine.load(counting);
      const body = loaded.addressOf("worker");
      // Two share a word, the others have one of their own.
      for (const [index, arg] of [0, 0, 4, 8].entries()) {
        machine.createThread({ name: `worker ${index}`, body, arg, cpu: index % cpus });
      }
      machine.run();
      const view = new DataView(machine.guestMemory.buffer, machine.guestMemory.byteOffset);
      const count = (index: number) => view.getUint32(loaded.addressOf("counts") + 4 * index, true);
      expect([0, 1, 2].map(count)).toEqual([2 * turns, turns, turns]);
      return machine;
    };
    const compiled = run(true);
    expect(outcome(compiled)).toEqual(outcome(run(false)));
    expect(compiled.compiled?.functions).toBeGreaterThan(0);
  });

  /** Runs a body for so many cycles; returns the machine, and how often its compiler was told where the CPU is. */
  function sampled(cycles: bigint, body: (b: MachineProgramBuilder) => unknown) {
    const machine = new Machine({}, buildUnderTest);
    let samples = 0;
    const { onHot } = machine.kernel;
    machine.kernel.onHot = (pc, left) => {
      samples++;
      onHot?.(pc, left);
    };
    const loaded = machine.load(program("sampled").forever(body).build());
    machine.createThread({ name: "sampled", body: loaded.entry });
    machine.run({ for: cycles });
    return { samples, functions: machine.compiled?.functions };
  }

  it("is not made before a million instructions", () => {
    const adds = (b: MachineProgramBuilder) => b.addi("a0", "a0", 1).addi("a1", "a1", 2);
    expect(sampled(1_000_000n, adds).functions).toBe(0);
    expect(sampled(1_500_000n, adds).functions).toBe(1);
  });

  it("is looked for less and less often where kernel calls are all that is done", () => {
    const { samples, functions } = sampled(100_000_000n, (b) => b.call("curthread"));
    expect(functions).toBeLessThan(2);
    expect(samples).toBeGreaterThan(128);
    expect(samples, "of 5,000 at the first pace").toBeLessThan(1_500);
  });

  it("knows where a call by a register leads, and comes back from there, once it was seen", () => {
    const machine = new Machine({}, buildUnderTest);
    const loaded = machine.load(workers("lwkt_yield"));
    const at = (name: string) => loaded.addressOf(name);
    const text = new Text(machine.kernel, new Marks(machine.kernel));
    const jumpOf = ({ blocks }: ReturnType<typeof clusterAt>) =>
      [...blocks.values()].find(
        ({ steps }) => steps.at(-1)?.insn.op === "jalr" && steps.at(-1)?.insn.rd !== 0,
      );
    const unseen = clusterAt(text, at("work"), [at("work")]);
    expect(jumpOf(unseen)?.targets).toEqual([]);
    expect(unseen.blocks.has(at("double"))).toBe(false);
    const seen = clusterAt(text, at("work"), [at("work")], [at("double")]);
    const jump = jumpOf(seen);
    expect(jump?.targets).toEqual([at("double")]);
    expect(seen.blocks.get(at("double"))?.returns).toEqual([jump?.steps.at(-1)?.next]);
  });

  it("is compiled together with the functions that it calls through registers", () => {
    const machine = start({ quantum: 100_000 }, 1);
    machine.run();
    expect(machine.compiled?.joined).toBeGreaterThan(0);
  });

  it("changes nothing where a run is cut", () => {
    const compiled = start({});
    const plain = start({ jit: false });
    for (let cut = 0; cut < 30; cut++) {
      const options =
        cut % 3 === 0 ? { switches: 3 } : cut % 3 === 1 ? { rounds: 1 } : { for: 12_345 };
      expect(compiled.run(options)).toEqual(plain.run(options));
      expect(outcome(compiled)).toEqual(outcome(plain));
    }
  });

  it("is the same with a trace", () => {
    const run = (jit: boolean) => {
      const machine = start({ jit, cpus: 2 });
      const records: unknown[] = [];
      machine.kernel.onTrace = (from, to) => records.push(...machine.kernel.records(from, to));
      machine.kernel.setMachine("ktr_mask", 0xffff_ffff);
      machine.run();
      return records;
    };
    const records = run(true);
    expect(records.length).toBeGreaterThan(100);
    expect(records).toEqual(run(false));
  });

  it("also compiles text that is loaded later", () => {
    const run = (jit: boolean) => {
      const machine = start({ jit });
      machine.run({ for: 500_000 });
      const later = machine.load(workers("lwkt_yield"));
      machine.createThread({ name: "later", body: later.addressOf("worker") });
      machine.run();
      return machine;
    };
    const compiled = run(true);
    expect(outcome(compiled)).toEqual(outcome(run(false)));
    expect(compiled.compiled?.functions).toBeGreaterThan(0);
  });

  it("comes back with a snapshot, and in another machine", () => {
    const machine = start({});
    machine.run({ for: 300_000 });
    const before = machine.snapshot();
    machine.run({ for: 300_000 });
    const after = machine.snapshot();
    machine.run();
    const end = outcome(machine);
    for (const snapshot of [before, after, before]) {
      machine.restore(snapshot);
      machine.run();
      expect(outcome(machine)).toEqual(end);
      machine.restore(snapshot);
      const fork = machine.fork();
      fork.run();
      expect(outcome(fork)).toEqual(end);
    }
    const plain = start({ jit: false });
    plain.restore(after);
    plain.run();
    expect(outcome(plain)).toEqual(end);
  });

  it("gives way to text that is decoded again", () => {
    const count = (imm: number) => [word("addi", { rd: 5, rs1: 5, imm }), word("jal", { imm: -4 })];
    const registers = Array<number>(31).fill(0);
    const subject = new Subject(
      { words: count(1), registers, fill: 0, quantum: 1000, until: 2000 },
      32,
      true,
    );
    subject.run(2000);
    const before = subject.register(5);
    expect(before).toBeGreaterThan(900);
    expect(subject.compiler?.counters.functions).toBe(1);
    const { kernel } = subject.machine;
    kernel.u32[(kernel.machine("guest_base") + ENTRY) >>> 2] = count(16)[0] as number;
    kernel.exports.rv32_decode_text(ENTRY, ENTRY + 4);
    subject.run(4000);
    expect(subject.register(5)).toBeGreaterThan(before + 15 * 1000);
  });

  it("has 16 registers where the machine has", () => {
    const words = [
      word("addi", { rd: 15, rs1: 15, imm: 3 }),
      word("bne", { rs1: 15, rs2: 14, imm: -4 }),
      word("addi", { rd: 16, imm: 1 }),
    ];
    const registers = Array<number>(31).fill(0);
    registers[13] = 3000;
    const setup = { words, registers, fill: 0, quantum: 100, until: 100_000 };
    const compiled = new Subject(setup, 16, true);
    const plain = new Subject(setup, 16);
    for (const subject of [compiled, plain]) subject.run(setup.until);
    expect(compiled.panic).toMatch(/^illegal instruction: pc 0x108/);
    expect(compiled.panic).toBe(plain.panic);
    expect(compiled.instructions).toBe(2000);
    expect(plain.instructions).toBe(2000);
    expect(compiled.register(15)).toBe(3000);
  });

  it("does not end a slice at a jump to a yield", () => {
    const words = [
      word("addi", { rd: 5, rs1: 5, imm: 1 }),
      word("addi", { rd: 6, rs1: 6, imm: 1 }),
      word("andi", { rd: 7, rs1: 5, imm: 7 }),
      word("bne", { rs1: 7, imm: -12 }),
      word("jal", { imm: 8 }),
      word("ebreak"),
      word("kcall", { imm: Layout.Sys.lwkt_yield }),
      word("jal", { imm: -28 }),
    ];
    const registers = Array<number>(31).fill(0);
    for (let quantum = 100; quantum < 140; quantum++) {
      const setup = { words, registers, fill: 0, quantum, until: 3000 };
      const compiled = new Subject(setup, 32, true);
      const plain = new Subject(setup);
      for (const subject of [compiled, plain]) subject.run(setup.until);
      expect(compiled.pc).toBe(plain.pc);
      expect(compiled.instructions).toBe(plain.instructions);
      expect(compiled.sliceInstructions).toBe(plain.sliceInstructions);
    }
  });

  const CORNERS = [0, 1, 2, 0xffff_ffff, 0xffff_fffe, 0x7fff_ffff, 0x8000_0000, 12_345];
  for (const op of ["div", "divu", "rem", "remu", "mul", "mulh", "mulhsu", "mulhu"] as const) {
    it(`computes ${op} of corner values`, () => {
      for (const a of CORNERS) {
        for (const b of CORNERS) {
          expectAsInterpreted(word(op, { rd: 7, rs1: 5, rs2: 6 }), a, b);
        }
      }
    });
  }

  for (const op of ["lb", "lbu", "lh", "lhu", "lw", "sb", "sh", "sw"] as const) {
    it(`accesses memory and the ends of it by ${op}`, () => {
      const isStore = op.startsWith("s");
      const insn = word(op, isStore ? { rs1: 5, rs2: 6, imm: 4 } : { rd: 7, rs1: 5, imm: 4 });
      for (const end of [0, TEXT_SIZE, MEMORY_SIZE]) {
        for (let at = end - 5; at <= end + 1; at++) {
          const address = (at - 4) >>> 0;
          expectAsInterpreted(insn, address, 0x8765_4321);
        }
      }
    });
  }
});

/** Executes an instruction with a = x5 and b = x6 in a loop, compiled and not. */
function expectAsInterpreted(insn: number, a: number, b: number): void {
  const words = [insn, word("addi", { rd: 8, rs1: 8, imm: 1 }), word("jal", { imm: -8 })];
  const registers = Array<number>(31).fill(0);
  [registers[4], registers[5]] = [a, b];
  const setup = { words, registers, fill: 1, quantum: 100, until: 100 };
  const compiled = new Subject(setup, 32, true);
  const plain = new Subject(setup);
  for (const subject of [compiled, plain]) subject.run(setup.until);
  const all = ({ panic, pc, instructions }: Subject) => ({ panic, pc, instructions });
  expect(all(compiled)).toEqual(all(plain));
  expect(compiled.register(7)).toBe(plain.register(7));
  expect(Buffer.compare(compiled.guest, plain.guest)).toBe(0);
}
