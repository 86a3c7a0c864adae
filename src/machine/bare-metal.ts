// Programs on bare metal: one emulated CPU in RISC-V's machine mode, without a kernel. What such a program has
// of the machine says assembly/cpu/rv32_machine_mode.ts.
//
// A program ends by the protocol of the RISC-V test programs: it stores to the word at its symbol `tohost` 1 when
// all is well, (n << 1) | 1 when its test n has failed, and waits. An even number there is the address of a
// request to the host, {64, file, address, bytes} to write or {93, status} to exit, each a number of 64 bits;
// the host answers at `fromhost`.

import { Compiler, type CompilerCounters } from "../compiler/index.js";
import {
  anything,
  arrayOf,
  bytes,
  callback,
  checkArgument,
  checkOptions,
  count,
  flag,
  long,
  notEmpty,
  optional,
  type Rules,
  shaped,
  unsigned,
  whole,
  word,
} from "../core/arguments.js";
import { ConfigError } from "../core/errors.js";
import { hex } from "../core/hex.js";
import type { KernelSource } from "../core/instantiate.js";
import { Kernel } from "../core/kernel.js";
import { pcOf, registerAt, setPc } from "../core/rv32-frame.js";
import * as Layout from "../generated/layout.js";

/** A part of memory that a program's file fills; what is behind its bytes is zero. */
export interface BareSegment {
  readonly address: number;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** A program for bare metal. */
export interface BareProgram {
  /** Where execution starts. */
  readonly entry: number;
  readonly segments: readonly BareSegment[];
  /** Address of the word by which it tells that it is done. */
  readonly tohost: number;
  /** Address of the word by which the host answers requests, where it has one. */
  readonly fromhost?: number;
}

/** How a program on bare metal has ended, or that it has not. */
export type BareEnd =
  /** By tohost: 0 is success, n is its failed test. */
  | { readonly reason: "exit"; readonly code: number }
  /** A trap, and mtvec is no address of memory. */
  | {
      readonly reason: "trap";
      readonly cause: number;
      readonly epc: number;
      readonly value: number;
    }
  /** The limit of cycles was reached. */
  | { readonly reason: "limit" };

export interface BareOptions {
  /** Bytes of memory from the program's first address on. Default 16 MiB, or what the program needs. */
  readonly memory?: number;
  /** Receives what the program writes. */
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** False: the program is interpreted only, which is slower and the same run. Default true. */
  readonly jit?: boolean;
  readonly build?: KernelSource;
}

const segmentRule = shaped("", { address: unsigned, size: unsigned, bytes });
const programRule = shaped(
  "a program with an entry point, at least one segment (address, size and bytes), and tohost",
  {
    entry: unsigned,
    segments: notEmpty(arrayOf(segmentRule, "")),
    tohost: unsigned,
    fromhost: optional(unsigned),
  },
);
const optionRules: Rules = {
  memory: optional(count),
  onOutput: optional(callback),
  jit: optional(flag),
  build: optional(anything),
};

const PAGE = 4096;
const MEMORY_DEFAULT = 16 << 20;
/** Decoded text takes eight times as much again. */
const MEMORY_MAX = 256 << 20;
const ADDRESSES = 2 ** 32;
/** Cycles between two looks at tohost. */
const QUANTUM = 10_000;
const SYS_WRITE = 64;
const SYS_EXIT = 93;
const REGISTERS = 32;

const { MachineMode: MM, Sys } = Layout;

/** A program on bare metal. */
export class BareMetal {
  /** @internal */
  readonly kernel: Kernel;
  private readonly compiler: Compiler | null;
  private readonly program: BareProgram;
  private readonly options: BareOptions;
  /** @internal Where memory begins, and how much there is. */
  readonly origin: number;
  /** @internal */
  readonly size: number;
  /** @internal The thread that is the program. */
  readonly td: number;
  private end: BareEnd | null = null;
  /** A debugger has stopped it within a round. */
  private isBroken = false;
  /** It asks for something, and is in the round in which it begins to wait for the answer. */
  private isAnswered = false;
  /** Calls that the boot thread makes before it waits for ever. */
  private readonly bootCalls: number[] = [Sys.crit_exit_noyield];

  /** @throws ConfigError when the program does not fit into memory. */
  constructor(program: BareProgram, options: BareOptions = {}) {
    checkArgument("BareMetal", "program", program, programRule);
    checkOptions("BareMetal", options, optionRules);
    this.program = program;
    this.options = options;
    this.origin = Math.min(...program.segments.map(({ address }) => address)) & ~(PAGE - 1);
    this.origin >>>= 0;
    this.size = this.memorySize();
    this.kernel = new Kernel(
      {
        bare: true,
        maxthread: 1,
        objects: 1,
        stringMemory: 4096,
        roundRobin: 0,
        quantum: QUANTUM,
        guestMemory: this.size,
        textMemory: 1024,
        metalOrigin: this.origin,
      },
      options.build,
    );
    const jit = (options.jit ?? true) && Compiler.isPossible;
    this.compiler = jit ? new Compiler(this.kernel) : null;
    this.load();
    this.td = this.createThread();
  }

  private memorySize(): number {
    const { segments } = this.program;
    const end = Math.max(...segments.map(({ address, size }) => address + size));
    const needed = Math.ceil((end - this.origin) / PAGE) * PAGE;
    if (needed > MEMORY_MAX) {
      throw new ConfigError(
        `the program lies between ${hex(this.origin)} and ${hex(end)}, and its memory can have ${MEMORY_MAX >> 20} MiB in one piece; link it closer together`,
      );
    }
    const { memory = Math.max(MEMORY_DEFAULT, needed) } = this.options;
    if (memory < needed || memory > MEMORY_MAX || memory % PAGE !== 0) {
      throw new ConfigError(
        `memory is ${memory} bytes; it must be a multiple of ${PAGE} from ${needed} to ${MEMORY_MAX} for this program`,
      );
    }
    return Math.min(memory, ADDRESSES - this.origin);
  }

  private load(): void {
    const { segments, tohost, fromhost = tohost } = this.program;
    const words = [
      ["tohost", tohost, 8],
      ["fromhost", fromhost, 4],
    ] as const;
    for (const { address, size, bytes } of segments) {
      if (bytes.length > size) {
        throw new ConfigError(
          `the segment at ${hex(address)} has ${bytes.length} bytes, and its size is ${size}; make that as large`,
        );
      }
      this.memory(address).set(bytes);
    }
    for (const [name, at, bytes] of words) {
      if (this.isMemory(at, bytes)) continue;
      throw new ConfigError(
        `${name} is ${hex(at)}; it must be the address of ${bytes} bytes of memory, which goes from ${hex(this.origin)} to ${hex(this.origin + this.size)}`,
      );
    }
  }

  /** The thread that is the program. */
  private createThread(): number {
    const { kernel } = this;
    const name = kernel.intern("hart");
    kernel.u8[kernel.machine("thread0") + Layout.Thread.td_body] = Layout.TDB.HOST;
    const { entry } = this.program;
    if (!this.isMemory(entry, 2) || entry % 2 !== 0) {
      throw new ConfigError(`the entry point ${hex(entry)} is no even address of memory`);
    }
    const [, address] = kernel.hostCall(Sys.lwkt_create, [Layout.FUNC_HOST, 0, 0, 0, name, 0]);
    const td = address >>> 0;
    // A body of the host's becomes one of code: the kernel takes no address of another origin than 0.
    kernel.u8[td + Layout.Thread.td_body] = Layout.TDB.RV32 | Layout.TDB_FRESH;
    setPc(kernel, td, entry);
    return td;
  }

  /** Memory from an address to its end. */
  private memory(address: number): Uint8Array {
    const base = this.kernel.machine("guest_base");
    return this.kernel.u8.subarray(base + address - this.origin, base + this.size);
  }

  private isMemory(address: number, size: number): boolean {
    return address >= this.origin && address + size <= this.origin + this.size;
  }

  /** @throws ArgumentError where the program has no word. */
  private checkWord(method: string, address: number): void {
    checkArgument(method, "address", address, {
      allowed: `the address of a word of its memory, from ${hex(this.origin)} on`,
      accepts: (value) => unsigned.accepts(value) && this.isMemory(value as number, 4),
    });
  }

  /** The word at an address. */
  read(address: number): number {
    this.checkWord("read", address);
    return this.kernel.view.getUint32(this.memory(address).byteOffset, true);
  }

  /** Sets the word at an address. */
  write(address: number, value: number): void {
    this.checkWord("write", address);
    checkArgument("write", "value", value, word);
    this.kernel.view.setUint32(this.memory(address).byteOffset, value, true);
  }

  /** The registers x0 to x31. */
  get registers(): number[] {
    return Array.from({ length: REGISTERS }, (_, k) =>
      k === 0 ? 0 : this.kernel.read(registerAt(this.kernel, this.td, k)),
    );
  }

  /** Sets one of the registers x1 to x31. */
  setRegister(number: number, value: number): void {
    checkArgument("setRegister", "number", number, whole(1, REGISTERS - 1));
    checkArgument("setRegister", "value", value, word);
    this.kernel.u32[registerAt(this.kernel, this.td, number) >>> 2] = value;
  }

  /** The address of the next instruction. */
  get pc(): number {
    return pcOf(this.kernel, this.td);
  }

  /** Cycles so far. */
  get cycles(): bigint {
    return this.kernel.read64(this.kernel.globaldata(0) + Layout.GlobalData.gd_cycles);
  }

  /** Instructions so far. */
  get instructions(): bigint {
    return this.kernel.read64(this.kernel.globaldata(0) + Layout.GlobalData.gd_instructions);
  }

  /** What has been compiled of the program; null if it is interpreted only. */
  get compiled(): CompilerCounters | null {
    return this.compiler?.counters ?? null;
  }

  /** Runs on until the program ends, or to the first taken branch, jump or trap at the given cycle or behind. */
  run(limit: bigint): BareEnd {
    checkArgument("run", "limit", limit, long);
    for (;;) {
      const end = this.piece(limit, () => this.kernel.exports.machine_run());
      if (end !== null && end !== "broken") return end;
    }
  }

  /**
   * @internal
   * Runs a round, or as much of one as a debugger allows ("broken"), or executes one instruction of a program
   * that it has stopped. Null where the run may go on; pieces are the run that run() is.
   */
  runPiece(limit: bigint, isStep: boolean): BareEnd | "broken" | null {
    checkArgument("runPiece", "limit", limit, long);
    checkArgument("runPiece", "isStep", isStep, flag);
    const { exports } = this.kernel;
    return this.piece(limit, () => (isStep ? exports.debug_step(1) : exports.machine_run()));
  }

  private piece(limit: bigint, advance: () => number): BareEnd | "broken" | null {
    if (this.end !== null) return this.end;
    if (!this.isBroken && !this.isAnswered && this.cycles >= limit) return { reason: "limit" };
    if (!this.round(limit, advance)) return "broken";
    // When it has asked it waits, one round later: both halves are written then.
    if (this.end === null && this.isAnswered) this.answer();
    this.isAnswered = !this.isAnswered && this.end === null && this.isAsking();
    return this.end;
  }

  /**
   * Runs a round, or the rest of one; the boot thread is given what it needs to leave the CPU for good. False if a
   * debugger has stopped it.
   */
  private round(limit: bigint, advance: () => number): boolean {
    const { kernel } = this;
    if (!this.isBroken) {
      const left = Number(limit - this.cycles);
      kernel.setMachine64("quantum", BigInt(Math.max(1, Math.min(left, QUANTUM))));
      kernel.setBudget({ rounds: 1 });
    }
    let reason = advance() & Layout.RUN_REASON;
    while (reason === Layout.Run.HOST) {
      const call = this.bootCalls.shift() ?? Sys.lwkt_switch;
      reason = kernel.exports.machine_step(call) & Layout.RUN_REASON;
    }
    this.isBroken = reason === Layout.Run.BREAK;
    if (reason === Layout.Run.STOPPED) this.end = this.trap();
    return !this.isBroken;
  }

  private trap(): BareEnd {
    const at = this.kernel.machine("mmode_base");
    const read = (field: number) => this.kernel.read(at + field);
    return {
      reason: "trap",
      cause: read(MM.mcause),
      epc: read(MM.mepc),
      value: read(MM.mtval),
    };
  }

  // ---- The host's side of tohost ----

  private isAsking(): boolean {
    const { tohost } = this.program;
    return (this.read(tohost) | this.read(tohost + 4)) !== 0;
  }

  private answer(): void {
    const { tohost, fromhost } = this.program;
    const request = this.read(tohost);
    if ((request & 1) !== 0) {
      this.end = { reason: "exit", code: request >>> 1 };
      return;
    }
    if (request !== 0 && this.isMemory(request, 64)) this.perform(request);
    this.write(tohost, 0);
    this.write(tohost + 4, 0);
    if (fromhost !== undefined) this.write(fromhost, 1);
  }

  private perform(request: number): void {
    const [nr = 0, first = 0, address = 0, size = 0] = [0, 8, 16, 24].map((offset) =>
      this.read(request + offset),
    );
    if (nr === SYS_EXIT) this.end = { reason: "exit", code: first };
    else if (nr === SYS_WRITE && this.isMemory(address, size)) {
      this.options.onOutput?.(this.memory(address).slice(0, size));
      this.write(request, size);
    } else this.write(request, -38 >>> 0); // ENOSYS
  }
}
