// LWKT threads of machine code on several CPUs, whose yields switch inside the emulated CPU: the
// invariants hold, a token keeps plain loads and stores apart, and how a run is cut changes nothing.

import { expect, it } from "vitest";
import type { Kernel } from "../../src/core/kernel.js";
import type { Handle } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import type { LoadedProgram } from "../../src/machine/programs.js";
import { cycles, program } from "../../src/program/index.js";
import { buildUnderTest } from "../support/build.js";
import { checkMachine } from "../support/lwkt-invariants.js";
import { Random } from "../support/random.js";

const THREADS = 24;
const STEPS = 60;

/** What a thread does with a random number from 0 to 9 in s1 and another one in s2. */
function stormBody(cpus: number, token: number, wait: number) {
  const part = (n: number, then: Parameters<typeof builder.if>[1]) =>
    builder.if(["s1", "==", n], then);
  const builder = program("storm");
  builder
    .data("sum", { words: [0] })
    .data("shares", { words: [0] })
    .data("ended", { words: [0] });
  builder.loop(STEPS, (b) => {
    b.call("random").li("t1", 10).remu("s1", "a0", "t1").srli("s2", "a0", 12);
    part(0, (p) => p.compute(cycles(300)));
    part(1, (p) => p.andi("t0", "s2", 15).call("lwkt_setpri_self", "t0"));
    part(2, (p) => p.li("t1", cpus).remu("t0", "s2", "t1").call("lwkt_setcpu_self", "t0"));
    part(3, (p) => p.call("lwkt_signal", wait));
    part(4, (p) => p.call("lwkt_wait_gen", wait).call("lwkt_block", wait, 0, "a0"));
    part(5, (p) =>
      p
        .call("lwkt_gettoken", token)
        .load("s3", "sum")
        .compute(cycles(500))
        .addi("s3", "s3", 1)
        .store("s3", "sum")
        .call("lwkt_reltoken", token)
        .la("t0", "shares")
        .li("t1", 1)
        .amoaddW("zero", "t1", "t0"),
    );
    part(6, (p) => p.loop(20, (inner) => inner.nop()));
    b.call("lwkt_yield");
  });
  return builder.la("t0", "ended").li("t1", 1).amoaddW("zero", "t1", "t0").build();
}

interface Weather {
  readonly machine: Machine;
  readonly waits: readonly number[];
  readonly tokens: readonly number[];
  readonly wait: Handle;
  readonly body: LoadedProgram;
}

function boot(seed: number, cpus: number): Weather {
  const random = new Random(seed);
  const config = { cpus, seed, quantum: 200 + random.below(1500), guestMemory: 1 << 17 };
  const machine = new Machine(config, buildUnderTest);
  const wait = machine.createWait(random.below(cpus));
  const token = machine.createToken(random.below(cpus));
  const body = machine.load(stormBody(cpus, token.address, wait.address));
  for (let i = 0; i < THREADS; i++) {
    const cpu = random.below(cpus);
    machine.createLwkt({ name: `t${i}`, body, priority: random.below(16), cpu });
  }
  return { machine, wait, body, waits: [wait.address], tokens: [token.address] };
}

function word({ machine, body }: Weather, name: string): number {
  const { guestMemory: guest } = machine;
  return new DataView(guest.buffer, guest.byteOffset).getUint32(body.addressOf(name), true);
}

/** Runs to the end, waking all sleepers whenever nothing else can happen; returns the hash. */
function run(weather: Weather, step: () => string): string {
  const { machine, wait, body } = weather;
  for (let kicks = 0; word(weather, "ended") < THREADS; kicks++) {
    if (kicks > 1000) throw new Error("some threads never finish");
    while (step() !== "idle") {}
    const kick = machine.load(program("kick").call("lwkt_signal", wait.address).build());
    machine.createLwkt({ name: "kick", body: kick, priority: 31 });
  }
  expect(word(weather, "sum")).toBe(word(weather, "shares"));
  expect(body.name).toBe("storm");
  return machine.hash;
}

/** One round at a time, with a check of everything after each. */
function checked(weather: Weather): string {
  const { machine, waits, tokens } = weather;
  const { kernel } = machine as unknown as { kernel: Kernel };
  return run(weather, () => {
    const { reason } = machine.run({ rounds: 1 });
    checkMachine(kernel, { waits, tokens }, []);
    return reason;
  });
}

for (const cpus of [2, 4, 16, 64]) {
  it(`storms of machine code keep every invariant on ${cpus} CPUs`, () => {
    for (let seed = 1; seed <= 3; seed++) checked(boot(seed, cpus));
  });
}

it("a storm of machine code is the same however it is cut", () => {
  const whole = boot(9, 4);
  const expected = run(whole, () => whole.machine.run().reason);
  for (let seed = 1; seed <= 4; seed++) {
    const random = new Random(seed);
    const cut = boot(9, 4);
    const step = () =>
      cut.machine.run(
        random.once(2) ? { switches: 1 + random.below(30) } : { rounds: 1 + random.below(4) },
      ).reason;
    expect(run(cut, step)).toBe(expected);
  }
});
