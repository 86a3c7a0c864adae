// Trace records as text, and what of them a panic leaves behind.

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { KernelPanic, Machine, sys } from "../../src/index.js";
import { formatRecord } from "../../src/machine/record-text.js";
import { createChromeTrace } from "../../src/trace/chrome.js";
import { buildUnderTest as build } from "../support/build.js";
import { scratchFolder } from "../support/scratch.js";

const ALL_CLASSES = 0x1f;

/** A machine in which one thread wakes another and dies of a panic. */
function doomed(): Machine {
  const machine = new Machine({ cpus: 1 }, build);
  machine.createThread({
    name: "sleeper",
    *body() {
      for (;;) yield* sys.tsleep("bed", 0, "nap", 0);
    },
  });
  machine.createThread({
    name: "culprit",
    *body() {
      yield* sys.pause("wait", 2);
      yield sys.wakeup("bed");
      yield sys.crit_exit();
    },
  });
  return machine;
}

function panicOf(machine: Machine): KernelPanic {
  try {
    machine.run();
  } catch (error) {
    if (error instanceof KernelPanic) return error;
    throw error;
  }
  throw new Error("the machine did not panic");
}

describe("the text of a trace record", () => {
  it("names threads, idle threads, reasons and wait messages", () => {
    const machine = doomed();
    const lines: string[] = [];
    machine.kernel.onTrace = (from, to) => {
      for (const record of machine.kernel.records(from, to)) {
        lines.push(formatRecord(machine.kernel, record));
      }
    };
    machine.kernel.setMachine("ktr_mask", ALL_CLASSES);
    panicOf(machine);
    const text = lines.join("\n");
    expect(text).toMatch(/CPU 0 SLEEP +sleeper goes to sleep: "nap"/);
    expect(text).toMatch(/CPU 0 SWITCH +sleeper -> culprit \(sleeps\)/);
    expect(text).toMatch(/SWITCH +swapper -> idle \(sleeps\)/);
    expect(text).toMatch(/0\.00200\d{4} CPU 0 WAKEUP +culprit is woken by idle \(timeout\)/);
    expect(text).toMatch(/SWITCH +idle -> culprit$/m);
  });

  it("exists for every type of record", () => {
    const { kernel: booted } = new Machine({}, build);
    for (const [name, type] of Object.entries(Layout.Ktr)) {
      const words = { a: booted.threadAt(1), b: 0, c: 0, d: 0, e: 0 };
      const line = formatRecord(booted, { time: 5n, type, cpu: 0, why: 0, ...words });
      expect(line, name).toMatch(new RegExp(`^ +0\\.000000005 CPU 0 ${name} +\\S`));
    }
  });
});

describe("the post-mortem of a panic", () => {
  it("ends with the last trace records when a trace was written", () => {
    const path = join(scratchFolder(), "trace.json");
    const machine = doomed();
    const trace = createChromeTrace(machine, path);
    const { postMortem } = panicOf(machine);
    trace.close();
    const lines = postMortem?.trace ?? [];
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.at(-1)).toMatch(/WAKEUP +sleeper is woken by culprit$/);
  });

  it("has no records when nothing was traced", () => {
    expect(panicOf(doomed()).postMortem?.trace).toEqual([]);
  });
});
