// A debugger of a program on bare metal: breakpoints, watched memory, steps, and the registers of machine mode.
//
// It stops between two instructions and goes on from there, so that the run is the one that nobody has looked at. Traps
// go to the program's own handler, as ever; one without a handler is where the program ends, and can be looked at.

import { ConfigError } from "../core/errors.js";
import type { Kernel } from "../core/kernel.js";
import { recordAt, setPc } from "../core/rv32-frame.js";
import * as Layout from "../generated/layout.js";
import type { BareEnd, BareMetal } from "../machine/bare-metal.js";
import type { Stop } from "./debugger.js";
import { PC } from "./engine.js";
import type { CsrName, GdbAbilities, GdbTarget, GdbThread } from "./gdb-target.js";
import { ArmedStops, type WatchKind, type Watchpoint } from "./stops.js";

/** Rounds between two looks at what the user wants: some milliseconds. */
const ROUNDS_AT_ONCE = 500;
/** gdb's number of the control and status register 0. */
const CSR_FIRST = 65;
/** The longest instruction. */
const INSTRUCTION_BYTES = 4;
const ADDRESSES = 2 ** 32;

/** How a program is debugged. */
export interface BareDebuggerOptions {
  /** Cycles after which the run ends. */
  readonly limit: bigint;
  /** Asked between two pieces of a run: whether to stop. It may let the host do other things. */
  readonly isInterrupted: () => Promise<boolean>;
}

/** The one thread that gdb sees. */
const HART: GdbThread = {
  ...{ tid: 1, index: 0, cpu: 0 },
  ...{ name: "hart", state: "running", waitMessage: null },
};

const csrNumbers: readonly (readonly [name: string, csr: number])[] = [
  ...(["mstatus", "misa", "", "", "mie", "mtvec"] as const).map(
    (name, k) => [name, 0x300 + k] as const,
  ),
  ...(["mscratch", "mepc", "mcause", "mtval", "mip"] as const).map(
    (name, k) => [name, 0x340 + k] as const,
  ),
  ...Array.from({ length: 4 }, (_, k) => [`pmpcfg${k}`, 0x3a0 + k] as const),
  ...Array.from({ length: 16 }, (_, k) => [`pmpaddr${k}`, 0x3b0 + k] as const),
  ...([
    ["mcycle", 0xb00],
    ["minstret", 0xb02],
    ["mcycleh", 0xb80],
    ["minstreth", 0xb82],
  ] as const),
  ...(["cycle", "time", "instret"] as const).map((name, k) => [name, 0xc00 + k] as const),
  ...(["cycleh", "timeh", "instreth"] as const).map((name, k) => [name, 0xc80 + k] as const),
  ...(["mvendorid", "marchid", "mimpid", "mhartid"] as const).map(
    (name, k) => [name, 0xf11 + k] as const,
  ),
];

/** A debugger of a program on bare metal that has no compiler (`jit: false`). */
export class BareDebugger implements GdbTarget, GdbAbilities {
  readonly past = null;
  readonly csrs: readonly CsrName[] = csrNumbers
    .filter(([name]) => name !== "")
    .map(([name, csr]) => ({ name, number: CSR_FIRST + csr }));
  private readonly kernel: Kernel;
  private readonly stops: ArmedStops;
  private readonly breakpoints = new Set<number>();
  private readonly watchpoints: Watchpoint[] = [];
  private ended: BareEnd | null = null;

  constructor(
    private readonly machine: BareMetal,
    private readonly options: BareDebuggerOptions,
  ) {
    if (machine.compiled !== null) {
      throw new ConfigError(
        "a program is debugged without its compiler; create it with jit: false",
      );
    }
    this.kernel = machine.kernel;
    this.stops = new ArmedStops(machine.kernel);
  }

  /** How the program has ended; null when it has not. */
  get end(): BareEnd | null {
    return this.ended;
  }

  get thread(): GdbThread {
    return HART;
  }

  threads(): readonly GdbThread[] {
    return [HART];
  }

  // ---- What to stop at ----

  addBreakpoint(address: number): void {
    this.breakpoints.add(address);
  }

  removeBreakpoint(address: number): void {
    this.breakpoints.delete(address);
  }

  /** False if there is no room for another watchpoint, or memory ends where addresses do. */
  addWatchpoint(watchpoint: Watchpoint): boolean {
    const { origin, size } = this.machine;
    const isFull = this.watchpoints.length === Layout.WATCHES_MAX;
    if (isFull || origin + size === ADDRESSES) return false;
    this.watchpoints.push(watchpoint);
    return true;
  }

  removeWatchpoint(kind: WatchKind, address: number, size: number): void {
    const index = this.watchpoints.findIndex(
      (one) => one.kind === kind && one.address === address && one.size === size,
    );
    if (index >= 0) this.watchpoints.splice(index, 1);
  }

  // ---- Looking ----

  /** x0 to x31, pc, and control and status registers by gdb's numbers. */
  register(_: GdbThread, number: number): number {
    const { machine, kernel } = this;
    if (number === PC) return machine.pc;
    if (number < PC) return machine.registers[number] as number;
    return kernel.exports.debug_csr(number - CSR_FIRST) >>> 0;
  }

  /** Sets a register. False if it cannot be that: pc must be an even address of memory. */
  setRegister(_: GdbThread, number: number, value: number): boolean {
    const { kernel, machine } = this;
    if (number === 0) return true;
    if (number > PC) return kernel.exports.debug_set_csr(number - CSR_FIRST, value) !== 0;
    if (number !== PC) {
      machine.setRegister(number, value);
      return true;
    }
    const offset = (value >>> 0) - machine.origin;
    if (offset % 2 !== 0 || offset < 0 || offset >= machine.size) return false;
    setPc(kernel, machine.td, value >>> 0);
    return true;
  }

  /** Bytes of memory; fewer, or none, where it ends. */
  readMemory(address: number, size: number): Uint8Array {
    const from = address - this.machine.origin;
    const to = Math.min(from + size, this.machine.size);
    if (from < 0 || to <= from) return new Uint8Array(0);
    const base = this.kernel.machine("guest_base");
    return this.kernel.u8.slice(base + from, base + to);
  }

  /** Writes memory; text is executed as it is now. False if not all of it is there. */
  writeMemory(address: number, bytes: Uint8Array): boolean {
    const from = address - this.machine.origin;
    const to = from + bytes.length;
    if (from < 0 || to > this.machine.size) return false;
    this.kernel.u8.set(bytes, this.kernel.machine("guest_base") + from);
    const first = Math.max(0, (from & ~1) - (INSTRUCTION_BYTES - 2));
    const recordOf = (offset: number) => recordAt(this.kernel, this.machine.origin + offset);
    this.kernel.u8.fill(0, recordOf(first), recordOf((to + 1) & ~1));
    return true;
  }

  monitor(command: string): string {
    if (command.trim() !== "time") return "monitor time: where the run is\n";
    return `${this.machine.cycles} cycles, ${this.machine.instructions} instructions\n`;
  }

  // ---- Running ----

  /** Runs on to the next stop. */
  resume(): Promise<Stop> {
    return this.travel(() => this.go());
  }

  /** Executes an instruction, or what a trap of it leads to. */
  step(): Promise<Stop> {
    return this.travel(async () => {
      if (!this.isStopped) return this.runToNext() ?? this.stepOnce() ?? { why: "step" };
      return this.stepOnce() ?? { why: "step" };
    });
  }

  /** Runs with what it stops at armed, and leaves nothing of that behind. */
  private async travel(journey: () => Promise<Stop>): Promise<Stop> {
    this.arm();
    try {
      return await journey();
    } finally {
      this.stops.disarm();
    }
  }

  private arm(more = 0): void {
    const stops = { marks: this.breakpoints, watches: [...this.watchpoints] };
    this.stops.arm(stops, Layout.DEBUG_MARKS | more);
  }

  /** True if the program is about to execute an instruction within a round. */
  private get isStopped(): boolean {
    const gd = this.kernel.globaldata(0);
    return this.kernel.read(gd + Layout.GlobalData.gd_broken) === Layout.RV_BREAK;
  }

  private async go(): Promise<Stop> {
    const early = this.isStopped ? this.stepOnce() : null;
    if (early !== null) return early;
    for (let rounds = 1; ; rounds++) {
      if (this.isStopped && this.breakpoints.has(this.machine.pc)) return { why: "break" };
      const stop = this.piece(false);
      if (stop !== null) return stop;
      const hit = this.stops.watchHit;
      // It has stopped before the access, and the user is told behind it.
      if (hit !== null) return this.stepOnce() ?? { why: "watch", watchpoint: hit };
      if (rounds % ROUNDS_AT_ONCE === 0 && (await this.options.isInterrupted())) {
        return { why: "interrupted" };
      }
    }
  }

  /** Executes the instruction that the program is stopped at; what came of it apart from that, or null. */
  private stepOnce(): Stop | null {
    this.kernel.setMachine("debug", Layout.DEBUG_MARKS | Layout.DEBUG_NEXT);
    const stop = this.piece(true);
    const hit = this.stops.watchHit;
    const end = stop ?? (this.isStopped ? null : this.runToNext());
    this.kernel.setMachine("debug", Layout.DEBUG_MARKS);
    if (end !== null || hit === null) return end;
    return { why: "watch", watchpoint: hit };
  }

  /** Runs on to where the program is about to execute an instruction: null, or that it has ended. */
  private runToNext(): Stop | null {
    this.kernel.setMachine("debug", Layout.DEBUG_MARKS | Layout.DEBUG_NEXT);
    let stop: Stop | null = null;
    while (stop === null && !this.isStopped) stop = this.piece(false);
    this.kernel.setMachine("debug", Layout.DEBUG_MARKS);
    return stop;
  }

  /** Runs a piece, or a step; how the program has ended, or null. */
  private piece(isStep: boolean): Stop | null {
    this.kernel.setMachine("watch_hit", 0);
    const end = this.machine.runPiece(this.options.limit, isStep);
    if (end === null || end === "broken") return null;
    this.ended = end;
    if (end.reason === "trap") return { why: "trap", cause: end.cause };
    return { why: end.reason === "exit" ? "exit" : "time" };
  }
}
