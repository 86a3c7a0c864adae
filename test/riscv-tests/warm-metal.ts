// Runs a bare-metal program twice, the second time with everything compiled that the first run has executed. A test
// that executes each instruction once would otherwise never reach compiled code.

import { Compiler } from "../../src/compiler/index.js";
import type { KernelBuild } from "../../src/core/instantiate.js";
import type { Kernel } from "../../src/core/kernel.js";
import * as Layout from "../../src/generated/layout.js";
import { type BareEnd, BareMetal, type BareProgram } from "../../src/machine/bare-metal.js";

const REGISTERS = 32;
/** Bytes of records (assembly/cpu/rv32_decode.ts) for one of text. */
const RECORD_RATIO = 8;
/** One in this many consecutive instructions is reported to the compiler as hot. */
const EVERY = 64;
const { MachineMode: MM } = Layout;

/** Private state of a machine, which is reset to its start. */
interface Inside {
  readonly kernel: Kernel;
  readonly td: number;
  readonly origin: number;
  end: BareEnd | null;
}

export class WarmMetal {
  private readonly machine: BareMetal;
  private readonly inside: Inside;
  private readonly entryRecord: number;
  private compiler: Compiler | null = null;

  constructor(
    private readonly program: BareProgram,
    build: KernelBuild,
  ) {
    this.machine = new BareMetal(program, { build, jit: false });
    this.inside = this.machine as unknown as Inside;
    this.entryRecord = this.inside.kernel.read(this.inside.td + Layout.Thread.td_pc);
  }

  run(cycles: bigint): BareEnd {
    return this.machine.run(this.machine.cycles + cycles);
  }

  /** Instructions that are compiled. */
  get compiled(): number {
    return this.compiler?.counters.instructions ?? 0;
  }

  /**
   * Resets the program to its start, and compiles what it has executed. False if it has changed that code, because
   * the decoded text is then not the one it starts with.
   */
  rewind(): boolean {
    const { kernel, td, origin } = this.inside;
    const executed = this.executed();
    const base = kernel.machine("guest_base");
    const before = kernel.u8.slice(base, base + kernel.machine("guest_size"));
    kernel.u8.fill(0, base, base + before.length);
    for (const { address, bytes } of this.program.segments) {
      kernel.u8.set(bytes, base + address - origin);
    }
    const isChanged = (offset: number) =>
      [0, 1, 2, 3].some((byte) => before[offset + byte] !== kernel.u8[base + offset + byte]);
    if (executed.some(isChanged)) return false;
    this.resetRegisters();
    kernel.u32[(td + Layout.Thread.td_pc) >>> 2] = this.entryRecord;
    this.inside.end = null;
    this.compiler = new Compiler(kernel, {
      period: 64,
      samples: 1,
      patience: 0,
      longest: 64,
      worth: 1,
    });
    for (let index = 0; index < executed.length; index += EVERY) {
      this.compiler.compile(origin + (executed[index] as number));
    }
    return true;
  }

  /** Addresses of the decoded instructions, from the beginning of memory. */
  private executed(): number[] {
    const { kernel, origin } = this.inside;
    const at = kernel.machine("mmode_base");
    const offsetOf = (field: number) => kernel.read(at + field) - origin;
    const [low, high] = [offsetOf(MM.decoded_low), offsetOf(MM.decoded_high)];
    const isDecoded = (offset: number) =>
      kernel.read(kernel.machine("decoded_base") + RECORD_RATIO * offset) !== 0;
    const places = Array.from({ length: (high - low) / 2 + 1 }, (_, k) => low + 2 * k);
    return places.filter(isDecoded);
  }

  private resetRegisters(): void {
    const { kernel, td } = this.inside;
    const high = td + kernel.machine("high_delta") - 64;
    for (let register = 0; register < REGISTERS; register++) {
      kernel.u32[((register < 16 ? kernel.frame(td) : high) + 4 * register) >>> 2] = 0;
    }
    const at = kernel.machine("mmode_base");
    for (const field of [
      "mstatus",
      "mie",
      "mtvec",
      "mscratch",
      "mepc",
      "mcause",
      "mtval",
    ] as const) {
      kernel.u32[(at + MM[field]) >>> 2] = 0;
    }
  }
}
