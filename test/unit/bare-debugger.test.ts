// A debugger of a program on bare metal: where it stops, and that debugging does not change the run.

import { describe, expect, it } from "vitest";
import { BareDebugger } from "../../src/debug/bare-debugger.js";
import type { Stop } from "../../src/debug/index.js";
import type { BareMetal } from "../../src/machine/bare-metal.js";
import { type Builder, bareMachine, LIMIT, ORIGIN, PASSED } from "../support/bare-program.js";
import { Random } from "../support/random.js";

const MTVEC = 0x305;
const MSCRATCH = 0x340;
const PC = 32;
/** gdb's numbers of control and status registers. */
const CSR = (csr: number) => 65 + csr;

/** Loops with calls, traps, stores, and text that it changes with a fence.i behind: ends with x10 in memory. */
const busy = (b: Builder) =>
  b
    .la("t0", "handler")
    .csrrw("zero", "mtvec", "t0")
    .li("s0", 40)
    .la("s1", "data")
    .la("s2", "changed")
    .label("loop")
    .lw("a1", "s1")
    .addi("a1", "a1", 3)
    .sw("a1", "s1")
    .ecall()
    .lw("a2", "s2")
    .sw("a2", "s2")
    .fenceI()
    .label("changed")
    .addi("a3", "a3", 1)
    .li("a4", 100)
    .label("inner")
    .addi("a4", "a4", -1)
    .bnez("a4", "inner")
    .addi("s0", "s0", -1)
    .bnez("s0", "loop")
    .jump("pass")
    .label("handler")
    .csrrs("t1", "mepc", "zero")
    .addi("t1", "t1", 4)
    .csrrw("zero", "mepc", "t1")
    .mret();

const free = (write: (b: Builder) => unknown) => {
  const machine = bareMachine(write, { jit: false });
  const end = machine.run(LIMIT);
  return { end, ...stateOf(machine) };
};

const stateOf = ({ cycles, instructions, registers }: BareMetal) => ({
  ...{ cycles, instructions, registers },
});

function debugged(write: (b: Builder) => unknown) {
  const machine = bareMachine(write, { jit: false });
  const isInterrupted = async () => false;
  return { machine, debug: new BareDebugger(machine, { limit: LIMIT, isInterrupted }) };
}

const isEnd = ({ why }: Stop) => why === "exit" || why === "time" || why === "trap";

describe("a debugger of a program on bare metal", () => {
  it("steps through a whole program without changing its run", async () => {
    const { machine, debug } = debugged(busy);
    let steps = 0;
    for (let stop = await debug.step(); !isEnd(stop); stop = await debug.step()) steps++;
    expect(debug.end).toEqual(PASSED);
    expect({ end: debug.end, ...stateOf(machine) }).toEqual(free(busy));
    expect(steps).toBeGreaterThan(8_000);
  });

  it("runs to breakpoints and watched memory in any order without changing the run", async () => {
    const expected = free(busy);
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      const { machine, debug } = debugged(busy);
      const data = machine.registers[9] as number;
      const watch = {
        kind: random.pick(["read", "write", "access"] as const),
        address: data,
        size: 4,
      };
      let stop: Stop = { why: "step" };
      for (let turn = 0; !isEnd(stop); turn++) {
        const address = ORIGIN + 2 * random.below(60);
        if (random.once(2)) debug.addBreakpoint(address);
        else debug.removeBreakpoint(address);
        if (turn === 5) debug.addWatchpoint({ ...watch, address: machine.registers[9] as number });
        if (turn === 20) debug.removeWatchpoint(watch.kind, machine.registers[9] as number, 4);
        if (turn > 200) for (let k = 0; k < 60; k++) debug.removeBreakpoint(ORIGIN + 2 * k);
        stop = random.once(3) ? await debug.step() : await debug.resume();
      }
      expect({ end: debug.end, ...stateOf(machine) }, `seed ${seed}`).toEqual(expected);
    }
  });

  it("stops at each arrival at a breakpoint, behind a fence.i and in a trap handler, too", async () => {
    const { machine, debug } = debugged(busy);
    await debug.step();
    const handler = () => debug.register(debug.thread, CSR(MTVEC));
    for (let k = 0; k < 10 && handler() === 0; k++) await debug.step();
    debug.addBreakpoint(handler());
    let stops = 0;
    for (let stop = await debug.resume(); stop.why === "break"; stop = await debug.resume()) {
      expect(machine.pc).toBe(handler());
      stops++;
    }
    expect([stops, debug.end]).toEqual([40, PASSED]);
  });

  it("stops after an access to watched memory", async () => {
    const { machine, debug } = debugged(busy);
    while (machine.registers[18] === 0) await debug.step();
    const watchpoint = { kind: "write", address: machine.registers[9] as number, size: 4 } as const;
    debug.addWatchpoint(watchpoint);
    expect(await debug.resume()).toEqual({ why: "watch", watchpoint });
    expect(machine.read(watchpoint.address)).toBe(3);
    expect(await debug.resume()).toEqual({ why: "watch", watchpoint });
    expect(machine.read(watchpoint.address)).toBe(6);
  });

  it("sets registers, pc, control and status registers, memory and text", async () => {
    const { machine, debug } = debugged((b) => b.li("gp", 7).jump("fail"));
    const { thread } = debug;
    expect(debug.setRegister(thread, 5, 0x1234)).toBe(true);
    expect(machine.registers[5]).toBe(0x1234);
    expect(debug.setRegister(thread, CSR(MSCRATCH), 99)).toBe(true);
    expect(debug.register(thread, CSR(MSCRATCH))).toBe(99);
    expect(debug.setRegister(thread, CSR(0xb00), 1000)).toBe(true);
    expect(debug.register(thread, CSR(0xb00))).toBe(1000);
    expect(debug.setRegister(thread, CSR(0xf14), 1)).toBe(false);
    expect(debug.setRegister(thread, PC, ORIGIN + 1)).toBe(false);
    expect(debug.setRegister(thread, PC, 0)).toBe(false);
    await debug.step();
    expect([machine.pc, machine.registers[3]]).toEqual([ORIGIN + 4, 7]);
    expect(debug.setRegister(thread, PC, ORIGIN)).toBe(true);
    expect(debug.writeMemory(ORIGIN, Uint8Array.of(0x93, 0x01, 0x90, 0x00))).toBe(true); // li gp, 9
    expect(debug.readMemory(ORIGIN, 2)).toEqual(Uint8Array.of(0x93, 0x01));
    expect(debug.readMemory(0, 4)).toEqual(new Uint8Array(0));
    expect(debug.writeMemory(0, Uint8Array.of(1))).toBe(false);
    expect(await debug.resume()).toEqual({ why: "exit" });
    expect(debug.end).toEqual({ reason: "exit", code: 9 });
  });

  it("shows where a trap without a handler is, and stops when it is interrupted or over", async () => {
    const bad = debugged((b) => b.nop().lw("a0", "zero"));
    expect(await bad.debug.resume()).toEqual({ why: "trap", cause: 5 });
    expect(bad.machine.pc).toBe(ORIGIN + 4);
    const endless = bareMachine((b) => b.label("on").jump("on"), { jit: false });
    let asked = 0;
    const isInterrupted = async () => ++asked === 2;
    const debug = new BareDebugger(endless, { limit: 20_000_000n, isInterrupted });
    expect(await debug.resume()).toEqual({ why: "interrupted" });
    expect(await debug.resume()).toEqual({ why: "time" });
    expect(debug.end).toEqual({ reason: "limit" });
  });

  it("leaves a program in the middle of anything, which runs on by itself", async () => {
    const expected = free(busy);
    for (let steps = 0; steps < 300; steps += 7) {
      const { machine, debug } = debugged(busy);
      debug.addBreakpoint(ORIGIN + 40);
      await debug.resume();
      for (let k = 0; k < steps; k++) await debug.step();
      expect({ end: machine.run(LIMIT), ...stateOf(machine) }, `${steps} steps`).toEqual(expected);
    }
  });

  it("refuses a program with a compiler", () => {
    const machine = bareMachine((b) => b.jump("pass"));
    const make = () => new BareDebugger(machine, { limit: 1n, isInterrupted: async () => false });
    expect(make).toThrow("a program is debugged without its compiler; create it with jit: false");
  });
});
