// The library's exports, with arguments that each of them takes: what exports.test.ts puts out of order, one
// argument and one option after the other. What is exported and has no entry here fails that test.

import { readFileSync } from "node:fs";
import { Schedule } from "../../src/fast-check.js";
import * as library from "../../src/index.js";
import { buildUnderTest as build } from "./build.js";
import { exampleElf } from "./elf.js";

const { Debugger, Machine, parseElf, parseWorkload, program, sys } = library;

const body = function* () {
  yield sys.lwkt_yield();
};
const machine = () => {
  const small = {
    maxthread: 20,
    maxproc: 4,
    objects: 40,
    stringMemory: 1 << 14,
    guestMemory: 1 << 17,
  };
  return new Machine({ ...small, snapshots: true, jit: false, cpus: 2 }, build);
};
const withThread = () => {
  const subject = machine();
  subject.createThread({ name: "t", body });
  return subject;
};
const elf = parseElf(exampleElf("work"), "work.elf");
const workload = parseWorkload('{ "tasks": { "a": { "loop": 1, "run": 1 } } }', "a.json");
const built = program("p").li("a0", 1).build();
const snapshot = machine().snapshot();
const debug = () => {
  const subject = machine();
  subject.createThread({ name: "t", body: subject.load(built) });
  return new Debugger(subject);
};
const resolve = { cyclesPerSecond: 1_000, hz: 100, channel: () => 4, string: () => 4 };
const bare = () => {
  const segments = [{ address: 0x8000_0000, bytes: new Uint8Array(8), size: 64 }];
  return [
    { entry: 0x8000_0000, segments, tohost: 0x8000_0010 },
    { build, memory: 1 << 16 },
  ];
};
const fault: library.FaultReport = {
  ...{ thread: "t", td: 0, tid: 1, cpu: 0, cause: "breakpoint", address: 0, instruction: "ebreak" },
  ...{ backtrace: [{ address: 4, where: "main", line: null }], registers: { a0: 1 } },
};
const record = { time: 0n, type: 1, cpu: 0, why: 0, a: 0, b: 0, c: 0, d: 0, e: 0 };
const insn = { op: "add", rd: 1, rs1: 2, rs2: 3, imm: 0 };
const lwktYield = { lwkt_yield: { nr: 1, args: [], returns: "nothing" } };
const comparison = { schedulers: ["lwkt"], cpus: 1, seeds: 1, forNs: 1_000, build };
const session = { send: () => {}, exitCode: () => 0, base: 0 };
const search = {
  ...{ strategy: "random", schedules: 1, preemptions: 1, seed: 0, for: 1, depth: 3, steps: 20 },
  ...{ throws: false, config: {}, build, onProgress: () => {}, reduce: false },
  ...{ choose: ["random"], races: false, trace: () => {} },
};

/** Makes valid arguments, new ones each time. */
export type Arguments = () => readonly unknown[];

/** Arguments of functions, by name. */
export const functionArguments: Readonly<Record<string, Arguments>> = {
  callNames: () => [lwktYield],
  channel: () => ["disk"],
  compareWorkload: () => [workload, comparison],
  createChromeTrace: () => [machine(), () => {}],
  cycles: () => [5],
  decode: () => [0x13],
  decodeSnapshot: () => [new Uint8Array(8)],
  disassemble: () => [0x13, () => "name"],
  encode: () => [insn],
  encodeSnapshot: () => [snapshot],
  encodeTape: () => [[0, 1], [16], { choose: ["random"], races: false }],
  errnoName: () => [5],
  expandCompressed: () => [1],
  explore: () => [() => () => {}, search],
  external: () => ["x"],
  formatFault: () => [fault],
  formatRecord: () => [machine().kernel, record],
  isCompressed: () => [1],
  kprocStart: () => [machine(), { arg0: "t", func: body }],
  kthreadStart: () => [machine(), { arg0: "t", func: body }],
  label: () => ["x"],
  link: () => [built, { textBase: 0, dataBase: 4096, resolve }],
  loadSnapshot: () => [null],
  ms: () => [5],
  ns: () => [5],
  pair: () => ["a0", "a1"],
  parseElf: () => [exampleElf("work"), "work.elf"],
  parseWorkload: () => ['{ "tasks": {} }', "a.json"],
  program: () => ["p"],
  programBuilder: () => [lwktYield],
  readWorkload: () => [null],
  registerName: () => [5],
  registerNumber: () => ["a0"],
  runWorkload: () => [workload, { build, forNs: 1_000 }],
  saveSnapshot: () => [snapshot, null],
  schedules: () => [{ choices: 5, possibilities: 2 }],
  seconds: () => [5],
  segmentBytes: () => [elf, elf.segments[0], 0],
  sourceLines: () => [elf.sections, [elf.entry]],
  string: () => ["x"],
  workloadTest: () => [workload, { cpus: 2 }],
  sweepWorkload: () => [workload, { build, forNs: 1_000, from: 0, to: 1 }],
  symbol: () => ["x", 4],
  sysinit: () => ["s", 5, 5, () => {}, 5],
  ticks: () => [5],
  unitsOf: () => [5n, 5],
  us: () => [5],
  wordAt: () => ["x", 4],
};

/** A class: how to create an object, and arguments of its methods. */
export interface ClassArguments {
  /** Of the constructor; null where only the library makes such objects. */
  readonly create: Arguments | null;
  /** An object to call the methods of. */
  readonly instance: () => object;
  readonly methods: Readonly<Record<string, Arguments>>;
  readonly statics?: Readonly<Record<string, Arguments>>;
}

const view = () => [...withThread().threads()][0] as object;
/** Operands of instructions of all kinds: a register, a number or a name is right somewhere. */
const operands = ["a0", "a1", "a2", "a3", "a4", "a5"];

/** Classes by name; errors are without. */
export const classArguments: Readonly<Record<string, ClassArguments>> = {
  BareMetal: {
    create: bare,
    instance: () => new library.BareMetal(...(bare() as [never])),
    methods: {
      read: () => [0x8000_0000],
      write: () => [0x8000_0000, 1],
      setRegister: () => [5, 1],
      run: () => [100n],
      runPiece: () => [100n, false],
    },
  },
  CpuView: { create: null, instance: () => machine().cpus[0] as object, methods: {} },
  Debugger: {
    create: () => [machine(), { until: 100n, history: 1 << 20, isInterrupted: () => true }],
    instance: debug,
    methods: {
      addBreakpoint: () => [4],
      removeBreakpoint: () => [4],
      addWatchpoint: () => [{ kind: "write", address: 4, size: 4 }],
      removeWatchpoint: () => ["write", 4, 4],
      threads: () => [],
      register: () => [view(), 4],
      setRegister: () => [view(), 4, 5],
      readMemory: () => [4, 4],
      writeMemory: () => [4, new Uint8Array(4)],
      resume: () => [],
      step: () => [view()],
      reverse: () => [],
      reverseStep: () => [view()],
    },
  },
  GdbSession: {
    create: () => [debug(), session],
    instance: () => new library.GdbSession(debug(), session),
    methods: { takeInterrupt: () => [], close: () => [], receive: () => [new Uint8Array(4)] },
  },
  KernelCall: { create: null, instance: () => sys.lwkt_yield(), methods: {} },
  Machine: {
    create: () => [{ maxthread: 10, cpus: 1 }, build, []],
    instance: machine,
    methods: {
      onEvent: () => ["thread_ctor", () => {}, 5],
      shutdown: () => [0],
      createThread: () => [{ name: "t", body, arg: 1, cpu: 0, stopped: true, priority: 5 }],
      createProcess: () => [{ name: "p", body, stackPages: 1 }],
      createLwkt: () => [{ name: "l", body, priority: 5 }],
      place: () => [view(), 0],
      createWait: () => [0],
      createToken: () => [0],
      channel: () => ["disk"],
      load: () => [built, {}],
      loadElf: () => [exampleElf("work"), { name: "work", args: [] }],
      call: () => [sys.wakeup("disk")],
      interrupt: () => [view()],
      raise: () => [0],
      sysctl: () => ["kern.maxthread"],
      setSysctl: () => ["lwkt.untimely_switch", 1],
      run: () => [{ until: 5n, for: 5n, switches: 5, rounds: 5, onProgress: () => {} }],
      stop: () => [],
      snapshot: () => [{ packed: true }],
      restore: () => [snapshot, {}],
      fork: () => [],
      record: () => [{ budget: 1 << 20 }],
      stopRecording: () => [],
      rewind: () => [{ cycles: 0n }],
      attach: () => [{ name: "part", save: () => 1, restore: () => {} }],
      describe: () => [4],
      rememberRecords: () => [0, 0],
      process: () => [machine().processes()[0]?.address],
      thread: () => [(view() as library.ThreadView).address],
      startFrom: () => ["kthread_start", "t", body],
      processes: () => [],
      programThreads: () => [],
      ps: () => [],
      threads: () => [],
    },
    statics: {
      create: () => [{ maxthread: 10 }, build, []],
      fromSnapshot: () => [snapshot, {}],
    },
  },
  ProcessView: {
    create: null,
    instance: () => machine().processes()[0] as object,
    methods: { threads: () => [] },
  },
  ProgramBuilder: {
    create: () => [lwktYield, "p"],
    instance: () => program("p"),
    methods: {
      label: () => ["x"],
      newLabel: () => ["x"],
      entry: () => ["x"],
      comment: () => ["text"],
      apply: () => [() => {}],
      data: () => ["d", { words: [1] }, { align: 4 }],
      li: () => ["a0", 5],
      la: () => ["a0", "x", 0],
      load: () => ["a0", "d", 0],
      store: () => ["a0", "d", 0],
      raw: () => [0x13],
      loop: () => [2, () => {}],
      forever: () => [() => {}],
      if: () => [["a0", "==", 0], () => {}, () => {}],
      while: () => [["a0", "==", 0], () => {}],
      branchIf: () => [["a0", "==", 0], "x"],
      branchUnless: () => [["a0", "==", 0], "x"],
      callSub: () => ["x"],
      subroutine: () => ["x", () => {}],
      call: () => ["lwkt_schedule", "a0", 5],
      compute: () => [5],
      build: () => [],
      ...Object.fromEntries(instructionNames().map((name) => [name, () => operands])),
    },
  },
  Schedule: {
    create: () => [[0, 1]],
    instance: () => new Schedule([0, 1]),
    methods: {
      run: () => [
        () => () => {},
        { build, config: {}, steps: 20, choose: ["random"], races: false },
      ],
    },
  },
  SymbolTable: {
    create: () => ["f", elf.sections.symbols, 0],
    instance: () => new library.SymbolTable("f", elf.sections.symbols, 0),
    methods: {
      at: () => [elf.entry],
      describe: () => [elf.entry],
      addressOf: () => ["main"],
      find: () => ["main"],
    },
  },
  ThreadView: { create: null, instance: view, methods: {} },
};

function source(path: string): string {
  return readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8");
}

function instructionNames(): string[] {
  const text = source("program/instructions.ts");
  return [...text.matchAll(/^ {2}(?!constructor|protected|private)(\w+)\(/gm)].map(
    ([, name]) => name as string,
  );
}

/** Files in which classes are declared, with those that they extend. */
const files: Readonly<Record<string, readonly string[]>> = {
  BareMetal: ["machine/bare-metal.ts"],
  Debugger: ["debug/debugger.ts"],
  GdbSession: ["debug/gdb-session.ts"],
  Machine: ["machine/machine.ts"],
  ProgramBuilder: ["program/builder.ts", "program/instructions.ts"],
  ...{
    CpuView: ["machine/views.ts"],
    ProcessView: ["machine/views.ts"],
    ThreadView: ["machine/views.ts"],
  },
  SymbolTable: ["elf/symbols.ts"],
};

/** Names of a class's methods that types keep from users. */
export function privateNames(className: string): ReadonlySet<string> {
  const pattern =
    /^ {2}(?:private|protected)(?: (?:abstract|static|async|readonly|get))* \*?(\w+)/gm;
  const texts = (files[className] ?? []).map(source);
  return new Set(
    texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name as string)),
  );
}
