// What the functions beside a machine's methods, and the methods that take more than plain values, say to
// arguments that they do not take: one of the library's own errors, with a sentence.

import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  BareMetal,
  type Body,
  ConfigError,
  channel,
  createChromeTrace,
  cycles,
  decodeSnapshot,
  ElfError,
  encodeSnapshot,
  external,
  KernelPanic,
  kprocStart,
  kthreadStart,
  loadSnapshot,
  Machine,
  type MachineProgramBuilder,
  label as operandLabel,
  ProgramError,
  pair,
  parseElf,
  parseWorkload,
  program,
  readWorkload,
  runWorkload,
  SnapshotError,
  saveSnapshot,
  string,
  symbol,
  sys,
  ticks,
  WorkloadError,
  wordAt,
} from "../../src/index.js";
import { oddValues } from "../support/bad-input.js";
import { buildUnderTest as build } from "../support/build.js";

const own = [
  ConfigError,
  ElfError,
  KernelPanic,
  ProgramError,
  SnapshotError,
  WorkloadError,
] as const;

const boot = () =>
  new Machine(
    { maxthread: 20, maxproc: 4, stringMemory: 1 << 14, guestMemory: 1 << 17, snapshots: true },
    build,
  );
const workload = parseWorkload('{ "tasks": { "a": { "loop": 1, "run": 1 } } }', "a.json");
const body = function* (): Body {
  yield sys.lwkt_yield();
};

const segment = { address: 0x1000, size: 64, bytes: new Uint8Array(4) };
const bareMetal = (part: object) =>
  new BareMetal({ entry: 0x1000, segments: [segment], tohost: 0x1020, ...part }, { build });

/** Builds a program and loads it, when the last mistakes are noticed. */
function load(part: (p: MachineProgramBuilder) => unknown): void {
  boot().load(program("p").apply(part).nop().build()).entry;
}

/** Calls with one argument that is odd; the machine is a fresh one. */
const calls: Readonly<Record<string, (odd: never, machine: Machine) => unknown>> = {
  createChromeTrace: (odd) => createChromeTrace(odd, () => {}),
  decodeSnapshot: (odd) => decodeSnapshot(odd),
  encodeSnapshot: (odd) => encodeSnapshot(odd),
  saveSnapshot: (odd) => saveSnapshot(odd, "/nonexistent/file"),
  parseElf: (odd) => parseElf(odd),
  "parseElf file": (odd) => parseElf(new Uint8Array(52), odd),
  parseWorkload: (odd) => parseWorkload(odd, "w.json"),
  "parseWorkload fileName": (odd) => parseWorkload('{ "tasks": {} }', odd),
  runWorkload: (odd) => runWorkload(odd, { build }),
  "runWorkload options": (odd) => runWorkload(workload, odd),
  "runWorkload forNs": (odd) => runWorkload(workload, { build, forNs: odd }),
  "runWorkload cpus": (odd) => runWorkload(workload, { build, cpus: odd }),
  "runWorkload seed": (odd) => runWorkload(workload, { build, seed: odd }),
  kthreadStart: (odd, machine) => kthreadStart(machine, odd),
  "kthreadStart machine": (odd) => kthreadStart(odd, { arg0: "t", func: body }),
  "kthreadStart func": (odd, machine) => kthreadStart(machine, { arg0: "t", func: odd }),
  kprocStart: (odd, machine) => kprocStart(machine, odd),
  BareMetal: (odd) => new BareMetal(odd, { build }),
  "BareMetal segments": (odd) => new BareMetal({ entry: 0, segments: odd } as never, { build }),
  "BareMetal tohost": (odd) => bareMetal({ tohost: odd }),
  "BareMetal fromhost": (odd) => bareMetal({ fromhost: odd }),
  loadElf: (odd, machine) => machine.loadElf(odd),
  "loadElf options": (odd, machine) => machine.loadElf(new Uint8Array(52), odd),
  snapshot: (odd, machine) => machine.snapshot(odd),
  "snapshot packed": (odd, machine) => machine.snapshot({ packed: odd }),
  restore: (odd, machine) => machine.restore(odd),
  "restore functions": (odd, machine) => machine.restore(machine.snapshot(), odd),
  fromSnapshot: (odd) => Machine.fromSnapshot(odd),
  "fromSnapshot options": (odd, machine) => Machine.fromSnapshot(machine.snapshot(), odd),
  record: (odd, machine) => machine.record(odd),
  "record every": (odd, machine) => machine.record({ every: odd }),
  rewind: (odd, machine) => {
    machine.record();
    machine.rewind(odd);
  },
  "rewind cycles": (odd, machine) => {
    machine.record();
    machine.rewind({ cycles: odd });
  },
  "channel()": (odd) => load((p) => p.li("a0", channel(odd))),
  "string()": (odd) => load((p) => p.li("a0", string(odd))),
  "symbol()": (odd) => load((p) => p.li("a0", symbol(odd))),
  "symbol() offset": (odd) => load((p) => p.data("d", { zero: 4 }).li("a0", symbol("d", odd))),
  "label()": (odd) => load((p) => p.li("a0", operandLabel(odd))),
  "external()": (odd) => load((p) => p.li("a0", external(odd))),
  "wordAt()": (odd) => load((p) => p.call("wakeup", wordAt(odd))),
  "pair()": (odd) => load((p) => p.call("compute", pair(odd, "a0"))),
  "ticks()": (odd) => load((p) => p.li("a0", ticks(odd))),
  "cycles()": (odd) => load((p) => p.compute(cycles(odd))),
  entry: (odd) => load((p) => p.entry(odd)),
  comment: (odd) => load((p) => p.comment(odd)),
  compute: (odd) => load((p) => p.compute(odd)),
  jump: (odd) => load((p) => p.jump(odd)),
  label: (odd) => program("p").label(odd),
  data: (odd) => program("p").data(odd, { zero: 4 }),
  li: (odd) => program("p").li("a0", odd),
  apply: (odd) => program("p").apply(odd),
  loop: (odd) => program("p").loop(2, odd),
  "loop count": (odd) => program("p").loop(odd, (p) => p.nop()),
  forever: (odd) => program("p").forever(odd),
  if: (odd) => program("p").if(["a0", "==", 0], odd),
  "if condition": (odd) => program("p").if(odd, (p) => p.nop()),
  while: (odd) => program("p").while(["a0", "==", 0], odd),
  subroutine: (odd) => program("p").subroutine("s", odd),
};

/** Functions that take a path or a place to write: only what is none is tried. */
const pathCalls: Readonly<Record<string, (odd: never, machine: Machine) => unknown>> = {
  readWorkload: (odd) => readWorkload(odd),
  loadSnapshot: (odd) => loadSnapshot(odd),
  saveSnapshot: (odd, machine) => saveSnapshot(machine.snapshot(), odd),
  createChromeTrace: (odd, machine) => createChromeTrace(machine, odd),
};

function wrongErrors(call: (odd: never, machine: Machine) => unknown): string[] {
  return oddValues.flatMap((odd) => {
    try {
      call(odd as never, boot());
    } catch (error) {
      if (!own.some((kind) => error instanceof kind)) return [`${typeof odd}: ${error}`];
    }
    return [];
  });
}

describe("an argument of any kind", () => {
  it.each(Object.entries(calls))("is taken or refused in a sentence by %s", (_name, call) => {
    expect(wrongErrors(call)).toEqual([]);
  });

  it.each(Object.entries(pathCalls))("that is no place is refused by %s", (_name, call) => {
    const none = [undefined, null, true, 5, Symbol("s"), [], {}, new Map()];
    for (const odd of none) expect(() => call(odd as never, boot())).toThrow(ArgumentError);
  });
});

it("the sentence names the method, the argument and what is allowed", () => {
  const messages = [
    () => parseElf("x" as never),
    () => boot().rewind(5 as never),
    () => createChromeTrace(boot(), 5 as never),
    () => runWorkload(workload, { forNs: 1.5 }),
  ].map((call) => {
    try {
      call();
      return "nothing";
    } catch (error) {
      return (error as Error).message;
    }
  });
  expect(messages).toEqual([
    'parseElf: bytes is "x"; it must be a Uint8Array',
    "rewind: moment is 5; it must be either { cycles } or { switches }, a whole number, 0 or more",
    "createChromeTrace: target is 5; it must be a path, a stream with a method `write`, or a function",
    "runWorkload: forNs is 1.5; it must be a whole number, 0 or more, of at most 64 bits",
  ]);
});
