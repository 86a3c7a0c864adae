// The Chrome trace of real runs: it keeps to the format's rules, and agrees with what the machine counts.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../../src/core/config.js";
import * as Layout from "../../src/generated/layout.js";
import { channel, Machine, program, string, sys, ticks, us } from "../../src/index.js";
import { CPUS_PID, createChromeTrace, LWKT_PID } from "../../src/trace/chrome.js";
import { buildUnderTest as build } from "../support/build.js";
import { checkTrace, lengthOf, nanoseconds, runsOf } from "../support/chrome-trace.js";
import { scratchFolder } from "../support/scratch.js";

const folder = scratchFolder();

/** RV32 threads that compute, yield, sleep for a time, and wake and wait for each other. */
function sleeper(index: number) {
  return program(`sleeper${index}`)
    .label("again")
    .compute(us(20 + 7 * index))
    .call("sched_relinquish")
    .compute(us(5))
    .call("wakeup", channel(`c${(index + 1) % 4}`))
    .call("tsleep", channel(`c${index}`), 0, string(`turn${index}`), ticks(1 + index))
    .jump("again")
    .build();
}

/** A workload of both kinds of body, with creation, exit, preemption and a kernel process. */
function populate(machine: Machine): void {
  for (let i = 0; i < 4; i++) {
    machine.createThread({ name: `sleeper${i}`, body: machine.load(sleeper(i)), priority: 60 + i });
  }
  machine.createThread({
    name: "urgent",
    priority: 20,
    *body() {
      for (;;) {
        yield* sys.pause("pause", 1);
        yield* sys.compute(3_000n);
      }
    },
  });
  machine.createProcess({
    name: "factory",
    *body() {
      for (let i = 0; i < 20; i++) {
        const child = function* () {
          yield* sys.compute(2_000n);
          yield sys.kthread_exit();
        };
        yield* sys.kthread_add(child, i, 0, 0, 0, "child%d", i);
        yield* sys.tsleep("factory", 0, "delay", 1);
      }
      yield sys.kproc_exit(0);
    },
  });
}

function traced(name: string, config: MachineConfig, act: (machine: Machine) => void) {
  const path = join(folder, name);
  const machine = new Machine(config, build);
  const trace = createChromeTrace(machine, path);
  act(machine);
  trace.close();
  return { machine, trace, path, checked: checkTrace(path) };
}

/** CPU time of a thread in cycles, the run that is not over included. */
function cpuTime(machine: Machine, address: number): number {
  const thread = machine.thread(address);
  const cpu = machine.cpus.find((one) => one.thread.address === address);
  if (cpu === undefined) return thread.runtime;
  const gd = machine.kernel.globaldata(cpu.id);
  const since = machine.kernel.readNumber(gd + Layout.GlobalData.gd_switchtime);
  const now = machine.kernel.readNumber(gd + Layout.GlobalData.gd_cycles);
  return thread.runtime + now - since;
}

const machines: MachineConfig[] = [
  { cpus: 1 },
  { cpus: 2, seed: 1 },
  { cpus: 3, quantum: 1_000 },
  { cpus: 4, roundRobin: 10_000 },
  { cpus: 1, scheduler: "4bsd" },
  { cpus: 4, scheduler: "4bsd" },
];

describe.each(machines)("the trace of a run on %o", (config) => {
  it("keeps to the format's rules and has a track for each CPU and thread", () => {
    const { checked } = traced("rules.json", config, (machine) => {
      populate(machine);
      machine.run({ for: 50_000_000 });
    });
    for (let cpu = 0; cpu < (config.cpus ?? 1); cpu++) {
      expect(checked.trackNames.get(`${CPUS_PID}/${cpu}`)).toBe(`CPU ${cpu}`);
    }
    const names = [...checked.trackNames.values()];
    for (const name of ["swapper", "init", "sleeper0", "sleeper3", "urgent", "factory"]) {
      expect(names).toContain(name);
    }
    expect(names.filter((name) => name.startsWith("child"))).toHaveLength(20);
    expect([...checked.processNames.values()]).toEqual(
      expect.arrayContaining(["CPUs", "kernel", "init", "factory"]),
    );
  });

  it("shows the states of threads, and arrows from wakeups to runs", () => {
    const { checked } = traced("states.json", config, (machine) => {
      populate(machine);
      machine.run({ for: 50_000_000 });
    });
    const states = new Set(checked.slices.filter((s) => s.pid === 0).map((s) => s.name));
    expect([...states]).toEqual(
      expect.arrayContaining(["running", "runnable", "sleeping: turn1", "sleeping: pause"]),
    );
    expect(checked.arrows.length).toBeGreaterThan(20);
    const runs = runsOf(checked);
    for (const { to } of checked.arrows) {
      const isRun = runs.some((run) => run.tid === to.tid && run.from === to.ts);
      expect(isRun, `an arrow ends at a run's begin: ${JSON.stringify(to)}`).toBe(true);
    }
  });

  it("agrees with the machine's CPU times, switches and busy times", () => {
    const { machine, checked } = traced("totals.json", config, (booted) => {
      populate(booted);
      booted.run({ for: 50_000_000 });
    });
    const runs = runsOf(checked);
    for (const thread of machine.threads()) {
      const own = runs.filter((run) => run.args.tid === thread.tid);
      const over = own.filter((run) => run.leaves !== "still runs");
      const preempted = over.filter((run) => run.leaves === "is preempted");
      expect(lengthOf(own), thread.name).toBe(cpuTime(machine, thread.address));
      expect(preempted.length, thread.name).toBe(thread.involuntarySwitches);
      expect(over.length - preempted.length, thread.name).toBe(thread.voluntarySwitches);
      const process = thread.process?.pid;
      const states = checked.slices.filter(
        (s) => s.pid === process && s.tid === thread.tid && s.name === "running",
      );
      expect(lengthOf(states), thread.name).toBe(lengthOf(own));
    }
    for (const cpu of machine.cpus) {
      expect(lengthOf(runs.filter((run) => run.tid === cpu.id))).toBe(cpu.busyCycles);
    }
  });

  it("does not change the run", () => {
    const { machine } = traced("same.json", config, (booted) => {
      populate(booted);
      booted.run({ for: 20_000_000 });
    });
    const plain = new Machine(config, build);
    populate(plain);
    plain.run({ for: 20_000_000 });
    expect(machine.hash).toBe(plain.hash);
    expect(machine.counters).toEqual(plain.counters);
  });
});

describe("a trace", () => {
  it("of a run in many pieces is the same file as that of the run in one", () => {
    const whole = traced("whole.json", { cpus: 2 }, (machine) => {
      populate(machine);
      machine.run({ until: 9_000_000 });
    });
    const pieces = traced("pieces.json", { cpus: 2 }, (machine) => {
      populate(machine);
      for (let time = 1_000_000; time <= 9_000_000; time += 1_000_000) machine.run({ until: time });
    });
    expect(readFileSync(pieces.path, "utf8")).toBe(readFileSync(whole.path, "utf8"));
  });

  it("that begins in the middle shows the threads that are there already", () => {
    const machine = new Machine({ cpus: 2 }, build);
    populate(machine);
    machine.run({ for: 10_000_000 });
    const before = [...machine.threads()].map(
      (thread) => [thread.tid, cpuTime(machine, thread.address)] as const,
    );
    const path = join(folder, "middle.json");
    const trace = createChromeTrace(machine, path);
    machine.run({ for: 10_000_000 });
    trace.close();
    const runs = runsOf(checkTrace(path));
    const still = before.flatMap(([tid, time]) => {
      const thread = [...machine.threads()].find((one) => one.tid === tid);
      return thread === undefined ? [] : [{ tid, time, thread }];
    });
    // The kernel's two, the four sleepers, the urgent one and the factory.
    expect(still.length).toBeGreaterThanOrEqual(8);
    for (const { tid, time, thread } of still) {
      const own = runs.filter((run) => run.args.tid === tid);
      expect(lengthOf(own), thread.name).toBe(cpuTime(machine, thread.address) - time);
    }
  });

  it("of an interrupted run is valid, with its slices ended where the CPUs stand", () => {
    const { machine, checked } = traced("stopped.json", { cpus: 2 }, (booted) => {
      for (const cpu of [0, 1]) {
        booted.createThread({
          name: `busy${cpu}`,
          cpu,
          body: booted.load(
            program("busy")
              .forever((b) => b.compute(us(100)))
              .build(),
          ),
        });
      }
      booted.run({ until: 3_000_000 });
    });
    const last = runsOf(checked).filter((run) => run.leaves === "still runs");
    expect(last.map((run) => run.name).sort()).toEqual(["busy0", "busy1"]);
    expect(last.map((run) => nanoseconds(run.to))).toEqual(machine.cpus.map((cpu) => cpu.cycles));
  });

  it("of a machine that panics is valid, and has what led to the panic", () => {
    const { checked } = traced("panic.json", { cpus: 1 }, (machine) => {
      machine.createThread({
        name: "culprit",
        *body() {
          yield* sys.compute(500n);
          yield sys.crit_exit();
        },
      });
      expect(() => machine.run()).toThrow(/panic/);
    });
    expect(runsOf(checked).at(-1)).toMatchObject({ name: "culprit", leaves: "still runs" });
  });

  it("has its name only when it is complete", () => {
    const path = join(folder, "late.json");
    const partial = () => readdirSync(folder).filter((name) => name.endsWith(".partial"));
    const traces = [1, 2].map(() =>
      createChromeTrace(new Machine({ maxthread: 1_000 }, build), path),
    );
    expect(existsSync(path)).toBe(false);
    expect(partial()).toHaveLength(2);
    for (const trace of [...traces, ...traces]) trace.close();
    expect(existsSync(path)).toBe(true);
    expect(partial()).toEqual([]);
    expect(() => checkTrace(path)).not.toThrow();
  });

  it("says in one sentence that it cannot be written, and replaces nothing but a plain file", () => {
    const trace = (path: string) => () =>
      createChromeTrace(new Machine({ maxthread: 1_000 }, build), path);
    const at = (name: string) => join(folder, name);
    writeFileSync(at("victim"), "precious");
    symlinkSync(at("victim"), at("link"));
    execFileSync("mkfifo", [at("fifo")]);
    expect(trace(join(folder, "missing", "trace.json"))).toThrow(/: there is no such directory$/);
    expect(trace(folder)).toThrow(
      `cannot write the trace to ${JSON.stringify(folder)}: it is a directory`,
    );
    expect(trace(at("link"))).toThrow(/: it is a symbolic link: name the file itself$/);
    expect(trace(at("fifo"))).toThrow(/: it is not a plain file$/);
    expect(trace("/dev/null")).toThrow(/: it is not a plain file$/);
    expect(readFileSync(at("victim"), "utf8")).toBe("precious");
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("has several listeners, of which each gets everything", () => {
    const machine = new Machine({ cpus: 2 }, build);
    populate(machine);
    const path = join(folder, "first.json");
    const pieces: string[] = [];
    const streamed: string[] = [];
    const first = createChromeTrace(machine, path);
    const second = createChromeTrace(machine, (text) => pieces.push(text));
    const third = createChromeTrace(machine, { write: (text: string) => streamed.push(text) });
    machine.run({ for: 5_000_000 });
    first.close();
    machine.run({ for: 5_000_000 });
    second.close();
    third.close();
    const texts = [readFileSync(path, "utf8"), pieces.join(""), streamed.join("")] as const;
    expect(texts[1]).toBe(texts[2]);
    const [early, all] = texts.map((text) => JSON.parse(text).traceEvents.length);
    expect(early).toBeGreaterThan(100);
    expect(all).toBeGreaterThan(1.5 * early);
    expect(machine.kernel.machine("ktr_mask")).toBe(0);
  });

  it("shows threads of LWKT without a process in a group of their own", () => {
    const { checked } = traced("lwkt.json", { bare: true }, (machine) => {
      const wait = machine.createWait();
      machine.createLwkt({
        name: "waiter",
        *body() {
          const generation = yield* sys.lwkt_wait_gen(wait);
          yield* sys.lwkt_block(wait, "gate", generation);
          yield* sys.compute(100n);
        },
      });
      machine.createLwkt({
        name: "signaller",
        *body() {
          yield* sys.compute(1_000n);
          yield sys.lwkt_signal(wait);
        },
      });
      machine.run();
    });
    expect(checked.processNames.get(LWKT_PID)).toBe("LWKT threads");
    const states = checked.slices.filter((slice) => slice.pid === LWKT_PID);
    expect(states.map((slice) => slice.name)).toContain("sleeping: gate");
    expect(checked.arrows).toHaveLength(1);
  });

  it("escapes names as JSON demands", () => {
    const name = 'a"b\\c\n%d';
    const { checked } = traced("names.json", {}, (machine) => {
      machine.createThread({
        name,
        *body() {
          yield sys.kthread_exit();
        },
      });
      machine.run({ for: 1_000_000 });
    });
    expect([...checked.trackNames.values()]).toContain(name);
  });
});
