// Snapshots: what belongs to them, when there can be none, and what is no snapshot.

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createChromeTrace,
  decodeSnapshot,
  encodeSnapshot,
  KernelPanic,
  kernel,
  loadSnapshot,
  Machine,
  type MachineConfig,
  program,
  type Snapshot,
  SnapshotError,
  type SnapshotPart,
  saveSnapshot,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { scratchFolder } from "../support/scratch.js";
import { memoryOf } from "../support/snapshot-world.js";

const SMALL: MachineConfig = {
  maxthread: 64,
  maxproc: 8,
  guestMemory: 8192,
  textMemory: 4096,
  objects: 16,
  stringMemory: 4096,
};

const counting = program("counting")
  .data("count", { words: [0] })
  .forever((b) => b.load("t0", "count").addi("t0", "t0", 1).store("t0", "count").call("lwkt_yield"))
  .build();

function boot(config: MachineConfig = {}): Machine {
  return new Machine({ ...SMALL, snapshots: true, ...config }, buildUnderTest);
}

/** A machine with some threads of machine code. */
function bootCounting(config: MachineConfig = {}): Machine {
  const machine = boot(config);
  const body = machine.load(counting);
  for (let i = 0; i < 3; i++) machine.createThread({ name: `t${i}`, body });
  return machine;
}

function* yielder() {
  for (;;) yield kernel.lwkt_yield();
}

describe("a snapshot", () => {
  it("has the time and the switches of its moment", () => {
    const machine = bootCounting();
    machine.run({ switches: 50 });
    const { cycles, switches } = machine.snapshot();
    expect(cycles).toBe(machine.cycles);
    expect(switches).toBe(50);
  });

  it("brings back programs that were loaded, and the room for more", () => {
    const machine = boot();
    const empty = machine.snapshot();
    const first = machine.load(counting);
    machine.restore(empty);
    const second = machine.load(counting);
    expect([second.textBase, second.dataBase]).toEqual([first.textBase, first.dataBase]);
  });

  it("forgets texts interned later, and keeps those that it had", () => {
    const machine = boot();
    const early = machine.channel("early");
    const before = machine.snapshot();
    const late = machine.channel("late");
    const after = machine.snapshot();
    machine.restore(before);
    expect(machine.channel("another")).toBe(late);
    machine.restore(after);
    expect(machine.channel("late")).toBe(late);
    expect(machine.channel("early")).toBe(early);
    expect(machine.channel("another")).toBeGreaterThan(late);
  });

  it("has the bodies that wait for their threads to begin, and the next one's number", () => {
    const machine = boot();
    const body = function* named() {
      yield* kernel.compute(5n);
      yield kernel.kthread_exit();
    };
    machine.createThread({ name: "a", body });
    const before = machine.snapshot();
    machine.createThread({ name: "b", body });
    machine.restore(before);
    machine.createThread({ name: "c", body });
    machine.run();
    const fork = Machine.fromSnapshot(before);
    fork.createThread({ name: "c", body });
    fork.run();
    expect(fork.hash).toBe(machine.hash);
    expect(fork.counters.threads).toBe(machine.counters.threads);
  });

  it("has the event handlers, and the next one's number", () => {
    const machine = boot();
    const heard: string[] = [];
    machine.onEvent("thread_init", () => heard.push("first"));
    const before = machine.snapshot();
    const cancel = machine.onEvent("thread_init", () => heard.push("second"));
    const both = machine.snapshot();
    machine.restore(before);
    machine.createThread({ name: "t", body: yielder });
    expect(heard).toEqual(["first"]);
    machine.restore(both);
    const memory = Buffer.from(memoryOf(machine));
    machine.restore(before);
    machine.onEvent("thread_init", () => heard.push("third"));
    expect(memory.equals(memoryOf(machine))).toBe(true);
    machine.restore(both);
    cancel();
    machine.restore(both);
    machine.createThread({ name: "t", body: yielder });
    expect(heard).toEqual(["first", "first", "second"]);
  });

  it("has the console", () => {
    const machine = boot({ maxthread: 12 });
    const body = machine.load(counting);
    const create = () => {
      for (let i = 0; i < 20; i++) {
        try {
          machine.createThread({ name: "t", body });
        } catch {
          return;
        }
      }
    };
    const before = machine.snapshot();
    create();
    const { console } = machine;
    expect(console).not.toBe("");
    const after = machine.snapshot();
    machine.restore(before);
    expect(machine.console).toBe("");
    machine.restore(after);
    expect(machine.console).toBe(console);
    expect(Machine.fromSnapshot(decodeSnapshot(encodeSnapshot(after))).console).toBe(console);
  });

  it("of a machine that has panicked is of a dead one; an earlier one brings it back to life", () => {
    const machine = boot();
    const body = machine.load(program("bad").raw(0).build());
    machine.createThread({ name: "bad", body });
    const alive = machine.snapshot();
    expect(() => machine.run()).toThrow(KernelPanic);
    const dead = machine.snapshot();
    machine.restore(alive);
    expect(machine.call(kernel.random())).toHaveLength(2);
    const read = Machine.fromSnapshot(decodeSnapshot(encodeSnapshot(dead)));
    expect(() => read.run()).toThrow(/^panic: /);
    expect(read.kernel.panic?.postMortem).toEqual(dead.parts[0] && machinePanic(dead));
    machine.restore(dead);
    expect(() => machine.run()).toThrow(KernelPanic);
  });

  it.each([false, true])("has the trace records that a panic left (packed: %s)", (packed) => {
    const machine = boot();
    machine.createThread({ name: "bad", body: machine.load(program("bad").raw(0).build()) });
    const alive = machine.snapshot({ packed });
    const before = Buffer.from(memoryOf(machine));
    machine.kernel.onTrace = () => {};
    machine.kernel.setMachine("ktr_mask", 0xffff_ffff);
    expect(() => machine.run()).toThrow(KernelPanic);
    machine.kernel.onTrace = null;
    expect(machine.kernel.machine("ktr_next")).toBeGreaterThan(machine.kernel.machine("ktr_base"));
    const after = Buffer.from(memoryOf(machine));
    const dead = machine.snapshot({ packed });
    machine.restore(alive);
    expect(before.equals(memoryOf(machine))).toBe(true);
    machine.restore(dead);
    expect(after.equals(memoryOf(machine))).toBe(true);
    expect(after.equals(memoryOf(Machine.fromSnapshot(decodeSnapshot(encodeSnapshot(dead)))))).toBe(
      true,
    );
  });

  it("has the C programs that were loaded, and what they have done", () => {
    const machine = new Machine({ cpus: 2, guestMemory: 1 << 21 }, buildUnderTest);
    const empty = machine.snapshot();
    const bytes = readFileSync("examples/c/producer_consumer.elf");
    const start = () =>
      machine.createThread({ name: "main", body: machine.loadElf(bytes, { name: "example" }) });
    start();
    machine.run({ switches: 40 });
    const snapshot = machine.snapshot();
    const fork = machine.fork();
    for (const it of [machine, fork]) it.run({ switches: 100 });
    expect(fork.hash).toBe(machine.hash);
    expect(memoryOf(fork).equals(memoryOf(machine))).toBe(true);
    expect(() => encodeSnapshot(snapshot)).toThrow(
      "a snapshot of a machine with C programs (example) cannot be written to a file",
    );
    machine.restore(empty);
    start();
    machine.run({ switches: 40 });
    expect(machine.hash).toBe(Machine.fromSnapshot(snapshot).hash);
  });

  it("keeps the topology, in whatever order it was given", () => {
    const config: MachineConfig = { cpus: 4, scheduler: "ule" };
    const machine = boot({ ...config, topology: { cores: 2, packages: 2 } });
    const snapshot = decodeSnapshot(encodeSnapshot(machine.snapshot()));
    const same = boot({ ...config, topology: { packages: 2, cores: 2 } });
    same.restore(snapshot);
    expect(same.hash).toBe(machine.hash);
    expect(() => boot({ ...config, topology: { cores: 4 } }).restore(snapshot)).toThrow(
      'with topology {"packages":2,"caches":1,"cores":2,"threads":1}, and this one has {"packages":1',
    );
  });

  it("that is packed clears what has been written where nothing was", () => {
    const machine = bootCounting();
    const before = Buffer.from(memoryOf(machine));
    const snapshot = machine.snapshot({ packed: true });
    machine.run({ switches: 100 });
    expect(machine.guestMemory.subarray(machine.config.textMemory).some((byte) => byte !== 0)).toBe(
      true,
    );
    machine.restore(snapshot);
    expect(before.equals(memoryOf(machine))).toBe(true);
  });

  it("has what was attached to the machine", () => {
    const machine = boot();
    let word = 1;
    machine.attach<number>({ name: "word", save: () => word, restore: (saved) => (word = saved) });
    const snapshot = machine.snapshot();
    word = 2;
    machine.restore(snapshot);
    expect(word).toBe(1);
    expect(() => encodeSnapshot(snapshot)).toThrow("the word cannot be written to a file");
    machine.attach<number>({ name: "later", save: () => 0, restore: () => {} });
    expect(() => machine.restore(snapshot)).toThrow(/nothing about the later/);
    expect(() => machine.attach({ name: "word", save: () => 0, restore: () => {} })).toThrow(
      /a part "word" already/,
    );
  });

  it("gives another machine what was attached, if that has a part for it", () => {
    const part = (start: number) => {
      const kept = { word: start };
      const save = () => kept.word;
      const restore = (saved: number) => {
        kept.word = saved;
      };
      return { kept, part: { name: "word", save, restore } as SnapshotPart };
    };
    const [ours, theirs] = [part(1), part(7)];
    const machine = boot();
    machine.attach(ours.part);
    expect(() => machine.fork()).toThrow('a part "word", which is attached to its machine and not');
    const snapshot = machine.snapshot();
    expect(() => Machine.fromSnapshot(snapshot)).toThrow("attach one like it first");
    const other = boot();
    other.createProcess({ name: "alone", *body() {} });
    const before = Buffer.from(memoryOf(other));
    expect(() => other.restore(snapshot)).toThrow('a part "word"');
    expect(before.equals(memoryOf(other))).toBe(true);
    const fork = machine.fork({ parts: [theirs.part] });
    expect(theirs.kept.word).toBe(1);
    theirs.kept.word = 3;
    fork.restore(snapshot);
    expect([ours.kept.word, theirs.kept.word]).toEqual([1, 1]);
    expect(() => machine.fork({ parts: [{} as SnapshotPart] })).toThrow("fork: parts is an array");
  });

  it("whose memory was transferred to another one is empty", () => {
    const machine = bootCounting();
    const first = machine.snapshot();
    const second = machine.snapshot({ reuse: first });
    machine.restore(second);
    expect(() => machine.restore(first)).toThrow(SnapshotError);
  });

  it("can be taken between two pieces of a run, and brought back after it only", () => {
    const machine = bootCounting();
    const snapshots: Snapshot[] = [];
    let refused = "";
    machine.run({
      rounds: 6000,
      onProgress() {
        snapshots.push(machine.snapshot());
        try {
          machine.restore(snapshots[0] as Snapshot);
        } catch (error) {
          refused = (error as Error).message;
        }
        return undefined;
      },
    });
    expect(refused).toMatch(/run under way/);
    const { hash } = machine;
    machine.restore(snapshots[0] as Snapshot);
    machine.run({ rounds: 4000 });
    expect(machine.hash).toBe(hash);
  });
});

/** The post-mortem that a snapshot has. */
function machinePanic(snapshot: Snapshot): unknown {
  const [{ saved } = { saved: null }] = snapshot.parts;
  return (saved as { panic: KernelPanic }).panic.postMortem;
}

describe("there is no snapshot", () => {
  it("in the middle of a body's step or of an event handler", () => {
    const machine = boot();
    const refusals: string[] = [];
    const attempt = () => {
      try {
        machine.snapshot();
      } catch (error) {
        refusals.push((error as Error).message);
      }
    };
    machine.onEvent("thread_ctor", attempt);
    machine.createThread({
      name: "t",
      *body() {
        attempt();
        yield kernel.kthread_exit();
      },
    });
    machine.run();
    expect(refusals).toHaveLength(2);
    expect(refusals.join()).toMatch(/in the middle of a step.*in the middle of a step/);
  });

  it("while a trace is under way", () => {
    const machine = bootCounting();
    const before = machine.snapshot();
    const directory = scratchFolder();
    const trace = createChromeTrace(machine, join(directory, "trace.json"));
    expect(() => machine.snapshot()).toThrow(/close the trace first/);
    expect(() => machine.restore(before)).toThrow(/close the trace first/);
    trace.close();
    machine.restore(before);
  });

  it("of bodies that were not recorded, unless they have not begun", () => {
    const machine = boot({ snapshots: false });
    machine.createThread({ name: "t", body: yielder });
    machine.restore(machine.snapshot());
    machine.run({ rounds: 5 });
    expect(() => machine.snapshot()).toThrow(
      'thread "t" runs a JavaScript body, and what it was given was not kept: create the machine with { snapshots: true }',
    );
  });

  it("for another configuration or build", () => {
    const snapshot = bootCounting({ cpus: 2 }).snapshot();
    expect(() => bootCounting().restore(snapshot)).toThrow(
      "the snapshot is of a machine with cpus 2, and this one has 1",
    );
    const other = buildUnderTest === "check" ? "release" : "check";
    expect(() => Machine.fromSnapshot(snapshot, { build: other })).toThrow(
      /of another build of the kernel \(\w+ [0-9a-f]{16}\) than this machine/,
    );
  });
});

describe("a body", () => {
  it("that gives a call the next number when it is brought back is refused", () => {
    const machine = boot();
    let ticks = 2;
    machine.createThread({
      name: "t",
      *body() {
        for (;;) yield* kernel.pause("rest", ticks);
      },
    });
    machine.run({ for: 3_000_000 });
    const snapshot = machine.snapshot();
    machine.run({ for: 3_000_000 });
    ticks = 3;
    expect(() => machine.restore(snapshot)).toThrow(/at its step 1 it made the call pause/);
    ticks = 2;
    machine.restore(snapshot);
  });

  it("that does something else when it is brought back is refused, and nothing has changed", () => {
    const machine = boot();
    let steps = 0;
    machine.createThread({
      name: "fickle",
      *body() {
        for (;;) yield* kernel.compute(BigInt(++steps));
      },
    });
    machine.run({ for: 1_000 });
    const snapshot = machine.snapshot();
    machine.run({ for: 100_000 });
    const { hash, cycles } = machine;
    expect(() => machine.restore(snapshot)).toThrow(
      /the body of thread "fickle" cannot be brought back: at its step 1 it made the call compute/,
    );
    expect([machine.hash, machine.cycles]).toEqual([hash, cycles]);
    machine.run({ for: 1_000 });
  });

  it("that uses its machine while it is brought back is refused", () => {
    const machine = boot();
    machine.createThread({
      name: "meddler",
      *body() {
        yield kernel.lwkt_yield();
        machine.call(kernel.wakeup("nobody"));
        for (;;) yield* kernel.tsleep("somebody", 0, "wait", 0);
      },
    });
    machine.run();
    const snapshot = machine.snapshot();
    machine.call(kernel.wakeup("somebody"));
    machine.run();
    expect(() => machine.restore(snapshot)).toThrow(/may only yield kernel calls/);
  });

  it("that has thrown has thrown again when it is brought back", () => {
    const machine = boot();
    machine.createThread({
      name: "thrower",
      *body() {
        yield* kernel.compute(10n);
        throw new Error("enough");
      },
    });
    expect(() => machine.run()).toThrow("enough");
    const snapshot = machine.snapshot();
    machine.run();
    const { hash } = machine;
    machine.restore(snapshot);
    machine.run();
    expect(machine.hash).toBe(hash);
  });

  it("whose maker is brought back is the one that the maker makes then", () => {
    const sums: number[] = [];
    const machine = boot();
    machine.createThread({
      name: "maker",
      *body() {
        const mine = { sum: 0 };
        yield* kernel.kthread_add(
          function* adder() {
            for (;;) {
              yield* kernel.tsleep("add", 0, "add", 0);
              mine.sum += 1;
            }
          },
          0,
          0,
          0,
          0,
          "adder",
          0,
        );
        for (;;) {
          yield* kernel.tsleep("look", 0, "look", 0);
          sums.push(mine.sum);
        }
      },
    });
    const wake = (which: Machine, name: string) => {
      which.call(kernel.wakeup(name));
      which.run();
    };
    machine.run();
    wake(machine, "add");
    const fork = machine.fork();
    wake(fork, "add");
    wake(fork, "look");
    expect(sums).toEqual([2]);
    wake(machine, "look");
    expect(sums).toEqual([2, 1]);
  });
});

describe("a snapshot's file", () => {
  let directory: string;
  beforeEach(() => {
    directory = scratchFolder();
  });
  const path = () => join(directory, "machine.ktm");

  it("restores the machine", () => {
    const machine = bootCounting({ cpus: 2 });
    machine.run({ switches: 200 });
    saveSnapshot(machine.snapshot(), path());
    expect(readdirSync(directory)).toEqual(["machine.ktm"]);
    const read = Machine.fromSnapshot(loadSnapshot(path()));
    machine.run({ switches: 200 });
    read.run({ switches: 200 });
    expect(read.hash).toBe(machine.hash);
    expect(encodeSnapshot(read.snapshot())).toEqual(encodeSnapshot(machine.snapshot()));
  });

  it("names bodies and handlers, and needs them again", () => {
    const machine = boot();
    machine.createThread({ name: "t", body: yielder });
    machine.onEvent("thread_ctor", function heard() {});
    machine.run({ rounds: 10 });
    const bytes = encodeSnapshot(machine.snapshot());
    const bodies = { yielder };
    const handlers = { heard: () => {} };
    expect(() => Machine.fromSnapshot(decodeSnapshot(bytes), { handlers })).toThrow(
      'the snapshot needs the function "yielder" among the bodies: give it as { bodies: { yielder } }',
    );
    expect(() => Machine.fromSnapshot(decodeSnapshot(bytes), { bodies })).toThrow(
      'the snapshot needs the function "heard" among the handlers: give it as { handlers: { heard } }',
    );
    const read = Machine.fromSnapshot(decodeSnapshot(bytes), { bodies, handlers });
    machine.run({ rounds: 10 });
    read.run({ rounds: 10 });
    expect(read.hash).toBe(machine.hash);
  });

  it("takes the functions that each machine is given, also after one that was given wrong ones", () => {
    function* body() {
      for (;;) yield* kernel.pause("rest", 1);
    }
    const machine = boot();
    machine.createThread({ name: "t", body });
    const heard: string[] = [];
    const onCtor = () => heard.push("first");
    machine.onEvent("thread_ctor", onCtor);
    machine.run({ for: 2_000_000 });
    const read = decodeSnapshot(encodeSnapshot(machine.snapshot()));
    const other = function* () {
      yield kernel.lwkt_yield();
    };
    const wrong = { bodies: { body: other }, handlers: { onCtor } };
    expect(() => Machine.fromSnapshot(read, wrong)).toThrow(/cannot be brought back/);
    const second = Machine.fromSnapshot(read, {
      bodies: { body },
      handlers: { onCtor: () => heard.push("second") },
    });
    second.createThread({ name: "u", stopped: true, body: other });
    machine.createThread({ name: "u", stopped: true, body: other });
    expect(heard).toEqual(["second", "first"]);
  });

  it("leaves a machine as it was that is not given its functions, or has something that it knows nothing of", () => {
    const machine = boot();
    const snapshot = machine.snapshot();
    machine.onEvent("thread_ctor", function onCtor() {});
    machine.createThread({ name: "t", stopped: true, body: yielder });
    const read = decodeSnapshot(encodeSnapshot(machine.snapshot()));
    const before = memoryOf(boot());
    const fresh = boot();
    expect(() => fresh.restore(read, { bodies: { yielder } })).toThrow('the function "onCtor"');
    expect(before.equals(memoryOf(fresh))).toBe(true);
    const now = Buffer.from(memoryOf(machine));
    machine.attach({ name: "late", save: () => 0, restore: () => {} });
    expect(() => machine.restore(snapshot)).toThrow("nothing about the late");
    expect(now.equals(memoryOf(machine))).toBe(true);
  });

  it("cannot tell two bodies of one name apart", () => {
    const machine = boot();
    for (const name of ["a", "b"]) {
      machine.createThread({
        name,
        *body() {
          yield kernel.lwkt_yield();
        },
      });
    }
    expect(() => encodeSnapshot(machine.snapshot())).toThrow(
      'a file cannot tell two different bodies called "body" apart: give each a name of its own',
    );
  });

  it("is refused with any byte changed", () => {
    const machine = bootCounting();
    machine.run({ switches: 20 });
    const bytes = encodeSnapshot(machine.snapshot());
    for (let at = 0; at < bytes.length; at++) {
      const before = bytes[at] as number;
      bytes[at] = before ^ (1 << (at % 8));
      expect(() => decodeSnapshot(bytes), `byte ${at}`).toThrow(SnapshotError);
      bytes[at] = before;
    }
    decodeSnapshot(bytes);
  });

  it("is refused when it is truncated or too long", () => {
    const bytes = encodeSnapshot(bootCounting().snapshot());
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => decodeSnapshot(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        SnapshotError,
      );
    }
    expect(() => decodeSnapshot(Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow(/damaged/);
  });

  it("replaces nothing but a plain file, and nothing is left of one that cannot be written", () => {
    const snapshot = boot().snapshot();
    const folder = join(directory, "folder");
    const link = join(directory, "link");
    mkdirSync(folder);
    symlinkSync("/dev/null", link);
    for (const [path, why] of [
      [folder, "it is a directory"],
      [link, "it is a symbolic link: name the file itself"],
      ["", "the name is empty"],
      [join(directory, "no", "where"), "there is no such directory"],
    ] as const) {
      expect(() => saveSnapshot(snapshot, path)).toThrow(
        `cannot write the snapshot to "${path}": ${why}`,
      );
    }
    expect(readdirSync(directory).sort()).toEqual(["folder", "link"]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it("is refused with one sentence when it is something else, missing, or of another version", () => {
    expect(() => loadSnapshot(path())).toThrow(
      /^cannot read the snapshot ".*": there is no such file/,
    );
    writeFileSync(path(), "no snapshot at all, but long enough to be one");
    expect(() => loadSnapshot(path())).toThrow(
      /^".*machine.ktm": this is no snapshot of a machine$/,
    );
    const bytes = encodeSnapshot(boot().snapshot());
    bytes[8] = 9;
    expect(() => decodeSnapshot(bytes)).toThrow(
      "these bytes: this snapshot has format 9, and this program reads format 1",
    );
    expect(() => saveSnapshot(boot().snapshot(), join(directory, "no", "where"))).toThrow(
      /^cannot write the snapshot to ".*where": there is no such directory$/,
    );
    expect(() => saveSnapshot(boot().snapshot(), directory)).toThrow(/: it is a directory$/);
    expect(readdirSync(directory).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });
});

describe("the past", () => {
  it("is not kept unless requested", () => {
    const machine = bootCounting();
    expect(() => machine.rewind({ switches: 0 })).toThrow(/call machine.record\(\) first/);
    machine.record();
    machine.rewind({ switches: 0 });
    machine.stopRecording();
    expect(() => machine.rewind({ switches: 0 })).toThrow(SnapshotError);
  });

  it("has only moments that occurred", () => {
    const machine = bootCounting();
    machine.run({ switches: 100 });
    machine.record();
    machine.run({ switches: 100 });
    expect(() => machine.rewind({ switches: 99 })).toThrow(
      /begins at 100 switches, after 99 switches/,
    );
    expect(() => machine.rewind({ switches: 201 })).toThrow(
      /has not been at 201 switches yet, but at 200/,
    );
    expect(() => machine.rewind({ cycles: -1 })).toThrow(/a whole number, 0 or more/);
    expect(() => machine.record({ budget: 0 })).toThrow(/budget is 0/);
    expect(() => machine.record({ every: Number.NaN })).toThrow(/every is NaN/);
  });

  it("goes on past the end of a run that a program made on the way", () => {
    const machine = new Machine({ ...SMALL, snapshots: true }, buildUnderTest);
    machine.createThread({
      name: "runs on",
      *body() {
        for (;;) yield kernel.lwkt_yield();
      },
    });
    const ends = program("ends").call("kern_exit", 7).build();
    machine.createThread({ name: "ends", body: machine.load(ends) });
    machine.createThread({
      name: "too",
      *body() {
        for (;;) yield kernel.lwkt_yield();
      },
    });
    machine.record();
    expect(machine.run({ switches: 50 }).reason).toBe("exit");
    const { hash } = machine;
    const moments = [10, 20, 30].map(() => {
      machine.run({ switches: 10 });
      return { switches: machine.counters.switches, cycles: machine.cycles, hash: machine.hash };
    });
    for (const moment of moments.reverse()) {
      machine.rewind({ switches: moment.switches });
      expect(machine.counters.switches).toBe(moment.switches);
      expect(machine.hash).toBe(moment.hash);
    }
    expect(machine.hash).not.toBe(hash);
  });

  it("goes back to after the host's interventions, and never across them", () => {
    const machine = bootCounting();
    const body = machine.load(counting);
    machine.record();
    machine.run({ switches: 100 });
    machine.createThread({ name: "late", body });
    machine.run({ switches: 100 });
    const { hash } = machine;
    const { threads } = machine.counters;
    machine.rewind({ switches: 150 });
    expect(machine.counters.threads).toBe(threads);
    machine.rewind({ switches: 50 });
    expect(machine.counters.threads).toBe(threads - 1);
    machine.rewind({ switches: 200 });
    expect(machine.hash).toBe(hash);
    // Whoever goes on from an earlier moment has another future.
    machine.rewind({ switches: 50 });
    machine.run({ switches: 10 });
    expect(() => machine.rewind({ switches: 150 })).toThrow(/has not been at 150 switches yet/);
  });

  it("returns to the end of a round in which the host has intervened", () => {
    const machine = bootCounting();
    const body = machine.load(counting);
    machine.record();
    machine.run({ switches: 5 });
    machine.createThread({ name: "late", body });
    const { threads } = machine.counters;
    machine.run({ rounds: 3 });
    machine.rewind({ cycles: 1 });
    expect(machine.counters.threads).toBe(threads);
  });

  it("stays within its budget, and so begins later or has fewer snapshots", () => {
    const machine = bootCounting();
    const recording = machine.record({ budget: 400_000, every: 10_000 });
    machine.run({ rounds: 200 });
    expect(recording.size).toBeLessThanOrEqual(400_000);
    expect(recording.count).toBeGreaterThan(2);
    expect(recording.interval).toBeGreaterThan(10_000n);
    expect(recording.oldest.switches).toBe(0);
    const { hash } = machine;
    const { switches } = machine.counters;
    machine.rewind({ switches: switches >> 1 });
    machine.run({ switches: switches - (switches >> 1) });
    expect(machine.hash).toBe(hash);
    for (let i = 0; i < 40; i++) {
      machine.call(kernel.random());
      machine.run({ switches: 10 });
    }
    expect(recording.size).toBeLessThanOrEqual(400_000);
    expect(recording.oldest.switches).toBeGreaterThan(0);
  });
});
