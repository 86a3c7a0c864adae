// Finds out which parts of guest text are hot, compiles them, and puts them into the kernel.
//
// Nothing of this decides what a machine does: a run is the same without it, and compiled code may be dropped
// at any time (assembly/cpu/rv32_compiled.ts).

import type { Kernel } from "../core/kernel.js";
import { clusterAt } from "./cluster.js";
import { emitCluster } from "./emit.js";
import { frameOffset, registersOf } from "./registers.js";
import { Text } from "./text.js";
import { Code, moduleOf, Op } from "./wasm.js";

/** How eagerly to compile. */
export interface CompilerOptions {
  /** Instructions between two samples of where a CPU is. Default 16,384. */
  readonly period?: number;
  /** Samples in a function before it is compiled. Default 6. */
  readonly samples?: number;
}

/** What has been compiled. */
export interface CompilerCounters {
  /** Functions of WebAssembly that are in place. */
  readonly functions: number;
  /** Guest instructions that they were made of. */
  readonly instructions: number;
  /** Host time that compiling took, in milliseconds. */
  readonly took_ms: number;
}

/** Compiled code in its place. */
interface Unit {
  readonly place: number;
  /** The numbers of its entries by their guest addresses. */
  readonly entries: ReadonlyMap<number, number>;
}

/** How hot a function is. */
interface Heat {
  samples: number;
  /** How often it was compiled: each time it takes twice as many samples. */
  compiled: number;
  /** Where CPUs were seen in it. */
  readonly places: Set<number>;
  /** How many of them there were when it was compiled last. */
  known: number;
}

/** Most functions of WebAssembly at a time, and times that one guest function is compiled. */
const UNITS_MAX = 4096;
const COMPILED_MAX = 8;
/** Compiled code takes for granted that so much memory may be written. */
const ROOM_MIN = 4096;
/** How often an entry may prove too short before it is let be. */
const DROPPED_MAX = 2;
/** Bytes of text in which calls are looked for until it is known how much there is. */
const TEXT_AT_FIRST = 1 << 20;
/** A function that begins further in front of a hot place than this is not the one that the place is in. */
const FUNCTION_BYTES_MAX = 1 << 16;

/** The compiler of a kernel's RV32 code. */
export class Compiler {
  private readonly text: Text;
  private readonly compiledOp: number;
  private readonly needed: number;
  private readonly units = new Map<number, Unit>();
  private readonly places: number[] = [];
  /** What is known of functions, by the guest addresses where they begin. */
  private readonly heat = new Map<number, Heat>();
  /** How often the code of an entry was too short. */
  private readonly dropped = new Map<number, number>();
  private starts: number[] | null = null;
  private readonly period: number;
  /** Stands for the text as it is now. */
  textId: object = {};
  /** No text is known behind this guest address. */
  private end: number;
  private instructions = 0;
  private took_ms = 0;

  /** Begins to compile what is hot in a kernel. */
  constructor(
    private readonly kernel: Kernel,
    { period = 16_384, samples = 6 }: CompilerOptions = {},
  ) {
    this.period = period;
    this.text = new Text(kernel);
    this.compiledOp = kernel.exports.rv32_compiled_op();
    this.needed = samples;
    this.end = Math.min(this.text.size, TEXT_AT_FIRST);
    kernel.onHot = (pc, left) => this.sample(pc, left);
    kernel.onText = (_, to) => {
      this.end = Math.max(this.end, to);
      this.textId = {};
      this.drop();
    };
    kernel.setMachine("jit_period", period);
  }

  /** False where the host forbids to make code. */
  static get isPossible(): boolean {
    try {
      new WebAssembly.Module(moduleOf(new Code().put(Op.unreachable), 0) as BufferSource);
      return true;
    } catch {
      return false;
    }
  }

  get counters(): CompilerCounters {
    const { units, instructions, took_ms } = this;
    return { functions: units.size, instructions, took_ms };
  }

  /** The guest addresses where compiled code may be entered. */
  get marks(): number[] {
    return [...this.units.values()].flatMap(({ entries }) => [...entries.keys()]);
  }

  /** Marks compiled code again: memory has been put back to where it has no marks, and has this text. */
  restore(text: object): void {
    this.kernel.setMachine("jit_period", this.period);
    if (text !== this.textId) {
      this.textId = text;
      this.forget();
    }
    for (const unit of this.units.values()) this.mark(unit);
  }

  /** Drops all compiled code: the interpreter goes on, and what is hot is compiled again. */
  drop(): void {
    for (const pc of this.marks) this.kernel.exports.rv32_unmark(pc);
    this.forget();
  }

  private forget(): void {
    for (const { place } of this.units.values()) {
      this.kernel.exports.table.set(place, null);
      this.places.push(place);
    }
    this.units.clear();
    this.heat.clear();
    this.dropped.clear();
    this.starts = null;
  }

  /** Compiles the function that an address is in, if that is possible. */
  compile(pc: number): void {
    const start = this.startOf(pc);
    const { places } = this.heatOf(start);
    places.add(pc);
    const began = performance.now();
    this.compileFunction(start, places);
    this.took_ms += performance.now() - began;
  }

  private heatOf(start: number): Heat {
    let heat = this.heat.get(start);
    if (heat === undefined) {
      heat = { samples: 0, compiled: 0, places: new Set(), known: 0 };
      this.heat.set(start, heat);
    }
    return heat;
  }

  /** A CPU was seen at an address; or it has left there compiled code that was too short, entered at `left`. */
  private sample(pc: number, left: number | null): void {
    if (left !== null) this.dropped.set(left, (this.dropped.get(left) ?? 0) + 1);
    const heat = this.heatOf(this.startOf(pc));
    heat.places.add(pc);
    heat.samples += left === null ? 1 : this.needed;
    if (heat.samples < this.needed << heat.compiled) return;
    heat.samples = 0;
    const isKnown = heat.places.size === heat.known && left === null;
    if (isKnown || heat.compiled >= COMPILED_MAX || this.units.size >= UNITS_MAX) return;
    heat.compiled++;
    heat.known = heat.places.size;
    this.compile(pc);
  }

  /** Where the function begins that an address is in, as far as calls tell. */
  private startOf(pc: number): number {
    this.starts ??= this.text.callTargets(this.end);
    const { starts } = this;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= pc) low = middle + 1;
      else high = middle;
    }
    const start = starts[low - 1];
    return start === undefined || pc - start > FUNCTION_BYTES_MAX ? pc : start;
  }

  private mark({ place, entries }: Unit): void {
    for (const [pc, entry] of entries) {
      if ((this.dropped.get(pc) ?? 0) >= DROPPED_MAX) continue;
      this.kernel.exports.rv32_mark(pc, place, entry);
    }
  }

  private compileFunction(start: number, hot: ReadonlySet<number>): void {
    if (this.kernel.machine("guest_size") - this.text.size < ROOM_MIN) return;
    const cluster = clusterAt(this.text, start, hot);
    if (cluster.entries.length === 0) return;
    const { kernel, text, compiledOp } = this;
    const { table, memory } = kernel.exports;
    const place = this.places.pop() ?? table.grow(1);
    const { bytes, entries } = emitCluster(cluster, registersOf(cluster), {
      text,
      guestLow: kernel.machine("guest_low"),
      guestSize: kernel.machine("guest_size"),
      stacks: stacksOf(kernel),
      frameOffset: (register) => frameOffset(kernel, register),
      compiledOp,
      place,
    });
    const module = new WebAssembly.Module(bytes as BufferSource);
    const { run } = new WebAssembly.Instance(module, {
      env: { memory: memory as WebAssembly.Memory },
    }).exports;
    table.set(place, run);
    const unit = { place, entries };
    this.mark(unit);
    this.units.set(place, unit);
    this.instructions += cluster.covers.size;
  }
}

/** Where the words of threads' stacks would begin if a thread's address, divided by 16, were 0. */
function stacksOf(kernel: Kernel): number | null {
  const base = kernel.machine("stack_base");
  return base === 0 ? null : base - (kernel.machine("td_base") >>> 4);
}
