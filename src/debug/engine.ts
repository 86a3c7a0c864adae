// How a debugger drives a machine: what it stops at, single instructions, registers and memory.
//
// Marks and watched memory are armed only while the machine runs for a debugger (stops.ts), so that a snapshot
// never has any. A machine that stopped in the middle of RV32 code goes on from exactly there: a run in which
// somebody has looked is the run in which nobody has (assembly/run/debug.ts).

import { ConfigError } from "../core/errors.js";
import type { Kernel } from "../core/kernel.js";
import { pcOf, registerAt, setPc } from "../core/rv32-frame.js";
import * as Layout from "../generated/layout.js";
import type { Machine } from "../machine/machine.js";
import type { RunReason } from "../machine/options.js";
import type { ThreadView } from "../machine/views.js";
import { ArmedStops, type Stops, type Watchpoint } from "./stops.js";

/** Number of the register pc; x0 to x31 are before it. */
export const PC = 32;
const EVENT_KIND_SHIFT = 8;

/** A machine as a debugger drives it. */
export class Engine {
  readonly kernel: Kernel;
  private readonly stops: ArmedStops;

  constructor(readonly machine: Machine) {
    this.kernel = machine.kernel;
    this.stops = new ArmedStops(this.kernel);
    if (machine.config.jit) {
      throw new ConfigError(
        "a machine is debugged without its compiler; create it with jit: false",
      );
    }
  }

  // ---- Running ----

  /** Has the machine stop at marks, watched memory and faults until {@link disarm}. */
  arm(stops: Stops): void {
    this.stops.arm(stops, Layout.DEBUG_FAULTS);
  }

  /** Leaves nothing in the kernel's memory that a debugger has put there. */
  disarm(): void {
    this.stops.disarm();
  }

  /** Runs on, at most for some rounds, and until a time in cycles. */
  run(rounds: number, until?: bigint): RunReason {
    this.kernel.setMachine("watch_hit", 0);
    return this.machine.run({ rounds, until }).reason;
  }

  /** Runs on to where any thread is about to execute an instruction. */
  runToNext(rounds: number): RunReason {
    const { kernel } = this;
    const debug = kernel.machine("debug");
    kernel.setMachine("debug", debug | Layout.DEBUG_NEXT);
    try {
      return this.run(rounds);
    } finally {
      kernel.setMachine("debug", debug);
    }
  }

  /** Executes up to `count` instructions of the thread that the machine is stopped in. */
  step(count: number): RunReason {
    const { kernel } = this;
    const { advance } = kernel;
    kernel.setMachine("watch_hit", 0);
    kernel.advance = () => kernel.exports.debug_step(count);
    try {
      return this.machine.run().reason;
    } finally {
      kernel.advance = advance;
    }
  }

  // ---- Where it is ----

  /** Instructions that all CPUs have executed since boot: a moment of the run. */
  get position(): number {
    let sum = 0;
    for (let cpu = 0; cpu < this.machine.config.cpus; cpu++) {
      sum += this.kernel.readNumber(
        this.kernel.globaldata(cpu) + Layout.GlobalData.gd_instructions,
      );
    }
    return sum;
  }

  private get broken(): number {
    return this.kernel.read(this.kernel.machine("curcpu") + Layout.GlobalData.gd_broken);
  }

  /** True if the current thread is about to execute an instruction: at a mark, or after a step. */
  get isStopped(): boolean {
    return this.broken === Layout.RV_BREAK;
  }

  /** The kind of the fault that the current thread has stopped at (RV_FAULT_*), or null. */
  get fault(): number | null {
    const { broken } = this;
    return broken === 0 || broken === Layout.RV_BREAK ? null : broken >>> EVENT_KIND_SHIFT;
  }

  /** The watchpoint that was hit in the last run or step, or null. */
  get watchHit(): Watchpoint | null {
    return this.stops.watchHit;
  }

  /** The address of the thread that the CPU that ran last runs. */
  get currentThread(): number {
    return this.kernel.curthread();
  }

  /** True if a thread is the current one of its CPU. */
  isCurrent(thread: ThreadView): boolean {
    const gd = this.kernel.globaldata(thread.cpu);
    return this.kernel.read(gd + Layout.GlobalData.gd_curthread) === thread.address;
  }

  // ---- Registers and memory ----

  /** A register of a thread: x0 to x31, or {@link PC}. */
  register(td: number, number: number): number {
    const { kernel } = this;
    if (number === 0 || (number < PC && number >= kernel.config.registers)) return 0;
    return number === PC ? pcOf(kernel, td) : kernel.read(registerAt(kernel, td, number));
  }

  /** Sets a register. False if it cannot be that: pc must be an even address of the text. */
  setRegister(td: number, number: number, value: number): boolean {
    const { kernel } = this;
    if (number === 0) return true;
    if (number === PC) {
      const isText = value % 2 === 0 && value >= kernel.machine("guest_low");
      if (!isText || value >= this.machine.config.textMemory) return false;
      setPc(kernel, td, value);
      return true;
    }
    if (number >= kernel.config.registers) return false;
    kernel.u32[registerAt(kernel, td, number) >>> 2] = value;
    return true;
  }

  /** Bytes of guest memory, as many as there are up to `size`. */
  read(address: number, size: number): Uint8Array {
    const low = this.kernel.machine("guest_low");
    const end = Math.min(address + size, this.machine.config.guestMemory);
    if (address < low || end <= address) return new Uint8Array(0);
    const base = this.kernel.machine("guest_base");
    return this.kernel.u8.slice(base + address, base + end);
  }

  /** Writes guest memory, text too. False if not all of it is a program's. */
  write(address: number, bytes: Uint8Array): boolean {
    const { kernel } = this;
    const { guestMemory, textMemory } = this.machine.config;
    const end = address + bytes.length;
    if (address < kernel.machine("guest_low") || end > guestMemory) return false;
    this.disarm();
    kernel.u8.set(bytes, kernel.machine("guest_base") + address);
    if (address < textMemory) {
      kernel.exports.rv32_decode_text(address & ~1, Math.min((end + 1) & ~1, textMemory));
    }
    return true;
  }
}
