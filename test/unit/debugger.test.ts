// The debugger: looking at a run, wherever and however often, is the same run; and it goes back to where it was.

import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../../src/core/config.js";
import { PC } from "../../src/debug/engine.js";
import { Debugger, type Stop } from "../../src/debug/index.js";
import { RV_FAULT_LOAD } from "../../src/generated/layout.js";
import { type LoadedElf, Machine, program, type ThreadView } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { exampleElf, kernelCallsIn } from "../support/elf.js";
import { Random } from "../support/random.js";

interface World {
  readonly machine: Machine;
  readonly elf: LoadedElf;
  readonly main: ThreadView;
  output: string;
}

function world(name: string, config: MachineConfig = {}, args: readonly string[] = []): World {
  const machine = new Machine({ guestMemory: 1 << 21, jit: false, ...config }, buildUnderTest);
  const elf = machine.loadElf(exampleElf(name), { name, args: [name, ...args] });
  const main = machine.createThread({ name: "main", body: elf });
  const made = { machine, elf, main, output: "" };
  machine.onOutput = (bytes) => {
    made.output += new TextDecoder().decode(bytes);
  };
  return made;
}

function often({ elf }: World, name: string): number {
  const symbol = manyTimes[name];
  return symbol === undefined ? (kernelCallsIn(elf, "msleep")[0] ?? 0) : elf.addressOf(symbol);
}

/** All that two runs have to agree in. */
function state({ machine, output }: World) {
  const { counters, hash, cycles, exitStatus } = machine;
  return { counters, hash, cycles, exitStatus, output, ps: machine.ps() };
}

function undisturbed(...args: Parameters<typeof world>) {
  const made = world(...args);
  expect(made.machine.run({ for: 2_000_000_000n }).reason).toBe("exit");
  return state(made);
}

/** A function of an example that is called at least four times; of others the first msleep(). */
const manyTimes: Readonly<Record<string, string>> = {
  spinlock_right: "contender",
  philosophers: "philosopher",
  pool: "kthread_add",
};

const runs: readonly (readonly [string, MachineConfig, readonly string[]])[] = [
  ["producer_consumer", { cpus: 1 }, []],
  ["producer_consumer", { cpus: 2, scheduler: "4bsd", quantum: 100 }, []],
  ["spinlock_right", { cpus: 8, quantum: 101 }, ["10"]],
  ["philosophers", { cpus: 2 }, []],
  ["pool", { cpus: 2 }, ["20"]],
];

/** Goes to the end of a run; the number of stops on the way. */
async function toTheEnd(debug: Debugger, next: () => Promise<Stop>): Promise<number> {
  for (let stops = 0; ; stops++) {
    const { why } = await next();
    if (why === "exit") return stops;
    if (stops > 2_000_000 || why === "idle" || why === "panic") throw new Error(why);
    expect(debug.thread).not.toBeNull();
  }
}

describe("a run under a debugger", () => {
  it.each(runs)("is the same with breakpoints everywhere in %s %j", async (name, config, args) => {
    const expected = undisturbed(name, config, args);
    const made = world(name, config, args);
    const debug = new Debugger(made.machine);
    const random = new Random(7);
    const text = made.elf.image.segments.find(({ executable }) => executable);
    for (let count = 0; count < 40; count++) {
      debug.addBreakpoint((text?.address ?? 0) + 2 * random.below((text?.size ?? 0) >> 1));
    }
    debug.addBreakpoint(made.elf.addressOf("main"));
    const stops = await toTheEnd(debug, () => debug.resume());
    expect(stops).toBeGreaterThan(1);
    expect(state(made)).toEqual(expected);
  });

  it.each(runs)("is the same step by step in %s %j", async (name, config, args) => {
    const expected = undisturbed(name, config, args);
    const made = world(name, config, args);
    const debug = new Debugger(made.machine);
    let left = 3_000;
    const stops = await toTheEnd(debug, () => {
      const thread = debug.threads()[left % debug.threads().length];
      return left-- > 0 && thread !== undefined ? debug.step(thread) : debug.resume();
    });
    expect(stops).toBeGreaterThan(100);
    expect(state(made)).toEqual(expected);
  });

  it("is the same in straight-line code past the end of a slice", async () => {
    const made = () => {
      const machine = new Machine({ cpus: 2, quantum: 100, jit: false }, buildUnderTest);
      const shared = machine.config.textMemory;
      // Two CPUs that read a word, and write it 150 instructions later: whose write is lost is a matter of slices.
      const race = program("race")
        .li("s0", shared)
        .li("s1", 40)
        .while(["s1", ">", 0], (loop) => {
          loop.lw("a0", "s0", 0);
          for (let count = 0; count < 150; count++) loop.addi("a1", "a1", 1);
          loop.addi("a0", "a0", 1).sw("a0", "s0", 0).addi("s1", "s1", -1);
        })
        .build();
      const { textBase } = machine.load(race, {});
      for (const cpu of [0, 1]) machine.createThread({ name: "race", body: textBase, cpu });
      return { machine, textBase, word: () => machine.guestMemory[shared] };
    };
    const free = made();
    free.machine.run();
    const { machine, textBase, word } = made();
    const debug = new Debugger(machine);
    for (let line = 20; line < 140; line += 7) debug.addBreakpoint(textBase + 4 * line);
    let stops = 0;
    while ((await debug.resume()).why === "break") stops++;
    expect(stops).toBeGreaterThan(1_000);
    expect(word()).toBe(free.word());
    expect(machine.counters).toEqual(free.machine.counters);
  });

  it("is the same with watched memory", async () => {
    const expected = undisturbed("producer_consumer", { cpus: 2 });
    const made = world("producer_consumer", { cpus: 2 });
    const debug = new Debugger(made.machine);
    const size = 16;
    debug.addWatchpoint({ kind: "access", address: made.elf.addressOf("consumed"), size });
    expect(await toTheEnd(debug, () => debug.resume())).toBeGreaterThan(100);
    expect(state(made)).toEqual(expected);
  });
});

describe("breakpoints", () => {
  it("stop a thread at a yield that it jumps to, at each of its turns", async () => {
    const yields = program("yields").label("again").call("lwkt_yield").jump("again").build();
    const made = () => {
      const machine = new Machine({ jit: false }, buildUnderTest);
      const [first, second] = [machine.load(yields).textBase, machine.load(yields).textBase];
      for (const body of [first, second, first]) machine.createThread({ name: "yields", body });
      return { machine, pc: second };
    };
    const free = made();
    free.machine.run({ for: 4_000 });
    const { machine, pc } = made();
    const debug = new Debugger(machine, { until: 4_000n });
    debug.addBreakpoint(pc);
    let stops = 0;
    for (; (await debug.resume()).why === "break"; stops++) {
      expect(debug.register(debug.thread as ThreadView, PC)).toBe(pc);
    }
    // A third of the turns, each of a yield and a jump.
    expect(stops).toBeGreaterThan(4_000 / 6 - 2);
    expect([machine.hash, machine.counters]).toEqual([free.machine.hash, free.machine.counters]);
  });
});

describe("reverse execution", () => {
  /** Where a debugged machine is. */
  const place = (debug: Debugger, { machine }: World) => ({
    thread: debug.thread?.name,
    registers: Array.from({ length: PC + 1 }, (_, n) => debug.register(debug.thread as never, n)),
    hash: machine.hash,
    counters: machine.counters,
    memory: Buffer.from(debug.readMemory(0x10000, 0x200)).toString("hex"),
  });

  it.each(runs)("leads through the breakpoints in %s %j", async (name, config, args) => {
    const made = world(name, config, args);
    const debug = new Debugger(made.machine);
    debug.addBreakpoint(often(made, name));
    const places = [];
    for (let count = 0; count < 4; count++) {
      expect((await debug.resume()).why).toBe("break");
      places.push(place(debug, made));
    }
    for (const expected of places.slice(0, -1).reverse()) {
      expect((await debug.reverse()).why).toBe("break");
      expect(place(debug, made)).toEqual(expected);
    }
    expect((await debug.reverse()).why).toBe("start");
    expect(made.machine.counters.instructions).toBe(0);
    expect((await debug.resume()).why).toBe("break");
    expect(place(debug, made)).toEqual(places[0]);
    debug.removeBreakpoint(often(made, name));
    expect((await debug.resume()).why).toBe("exit");
    expect(state(made)).toMatchObject({ hash: undisturbed(name, config, args).hash });
  });

  it.each(runs)("leads step by step of a thread in %s %j", async (name, config, args) => {
    const made = world(name, config, args);
    const debug = new Debugger(made.machine);
    debug.addBreakpoint(often(made, name));
    await debug.resume();
    debug.removeBreakpoint(often(made, name));
    const places = [];
    const thread = debug.thread as ThreadView;
    for (let count = 0; count < 40; count++) {
      places.push(place(debug, made));
      expect((await debug.step(thread)).why).toBe("step");
    }
    for (const expected of places.reverse()) {
      expect((await debug.reverseStep(thread)).why).toBe("step");
      const { registers, thread: name } = place(debug, made);
      expect({ registers, name }).toEqual({
        registers: expected.registers,
        name: expected.thread,
      });
    }
  });

  it("shows a watched word before it was written, and leads across a change by the user", async () => {
    const made = world("producer_consumer", { cpus: 1 });
    const debug = new Debugger(made.machine);
    const address = made.elf.addressOf("consumed");
    const consumed = () => new DataView(debug.readMemory(address, 4).buffer).getUint32(0, true);
    debug.addWatchpoint({ kind: "write", address, size: 4 });
    const seen = [];
    for (let count = 0; count < 5; count++) {
      expect((await debug.resume()).why).toBe("watch");
      seen.push(consumed());
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    for (const before of [4, 3]) {
      expect((await debug.reverse()).why).toBe("watch");
      expect(consumed()).toBe(before);
    }
    expect((await debug.resume()).why).toBe("watch");
    expect(consumed()).toBe(4);
    expect(debug.writeMemory(address, Uint8Array.of(100, 0, 0, 0))).toBe(true);
    expect((await debug.resume()).why).toBe("watch");
    expect(consumed()).toBe(101);
    expect((await debug.reverse()).why).toBe("watch");
    expect(consumed()).toBe(100);
    expect((await debug.reverse()).why).toBe("watch");
    expect(consumed()).toBe(3);
  });
});

describe("a debugger", () => {
  it("stops at a fault before it takes effect, and inspects the machine after a panic", async () => {
    const bad = program("bad").li("a1", 3).lw("a0", "zero", 0).build();
    const machine = new Machine({ jit: false }, buildUnderTest);
    machine.createThread({ name: "bad", body: machine.load(bad).textBase });
    const debug = new Debugger(machine);
    expect(await debug.resume()).toEqual({ why: "fault", kind: RV_FAULT_LOAD });
    expect(machine.faults).toEqual([]);
    expect(debug.register(debug.thread as ThreadView, 11)).toBe(3);
    expect((await debug.resume()).why).toBe("panic");
    expect(debug.register(debug.thread as ThreadView, 11)).toBe(3);
    expect((await debug.reverseStep(debug.thread as ThreadView)).why).toBe("step");
    expect(debug.register(debug.thread as ThreadView, 11)).toBe(0);
  });

  it("sets registers, and refuses a pc outside of the text", async () => {
    const { machine, main, elf } = world("work");
    const debug = new Debugger(machine);
    expect(debug.setRegister(main, 10, 77)).toBe(true);
    expect(debug.register(main, 10)).toBe(77);
    for (const pc of [1, 0, elf.addressOf("main") + 1, 1 << 20]) {
      expect(debug.setRegister(main, PC, pc)).toBe(false);
    }
    expect(debug.setRegister(main, PC, elf.addressOf("exit"))).toBe(true);
    expect((await debug.resume()).why).toBe("exit");
    expect(machine.exitStatus).toBe(77);
  });

  it("needs a machine without a compiler", () => {
    expect(() => new Debugger(new Machine({}, buildUnderTest))).toThrow("jit: false");
  });
});
