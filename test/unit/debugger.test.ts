// The debugger: looking at a run, wherever and however often, is the same run; and it goes back to where it was.

import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../../src/core/config.js";
import { PC } from "../../src/debug/engine.js";
import { Debugger, type Stop } from "../../src/debug/index.js";
import { type LoadedElf, Machine, type ThreadView } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { exampleElf } from "../support/elf.js";
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

const runs: readonly (readonly [string, MachineConfig, readonly string[]])[] = [
  ["producer_consumer", { cpus: 1 }, []],
  ["producer_consumer", { cpus: 2, scheduler: "4bsd" }, []],
  ["spinlock_right", { cpus: 8 }, ["10"]],
  ["philosophers", { cpus: 2 }, []],
  ["stress", { cpus: 1 }, ["20", "5"]],
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

describe("a run that is looked at", () => {
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
