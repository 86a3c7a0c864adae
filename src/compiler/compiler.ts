// Finds out which parts of guest text are hot, compiles them, and puts them into the kernel.
//
// Nothing of this decides what a machine does: a run is the same without it, and compiled code may be dropped
// at any time (assembly/cpu/rv32_compiled.ts).

import type { Kernel } from "../core/kernel.js";
import { registerDelta } from "../core/rv32-frame.js";
import type { Reservations } from "./block.js";
import { CLUSTER_MAX, type Cluster, clusterAt } from "./cluster.js";
import { emitCluster, TOLD_MAX } from "./emit.js";
import { Marks } from "./marks.js";
import { registersOf } from "./registers.js";
import { Text, type TextRange } from "./text.js";
import { Code, moduleOf, Op, RUN_TYPE, tellingModule } from "./wasm.js";

/** How eagerly to compile. */
export interface CompilerOptions {
  /** Instructions between two samples of where a CPU is, at first. Default 16,384. */
  readonly period?: number;
  /** The same at most: while samples find nothing to compile, fewer are taken. Default 64 periods. */
  readonly longest?: number;
  /** Samples in a function before it is compiled. Default 6. */
  readonly samples?: number;
  /**
   * Samples in all before anything is compiled: what runs for less than the compiler takes to begin, some two
   * milliseconds of the host, is interpreted. Default 64.
   */
  readonly patience?: number;
  /**
   * Instructions, below 256: what compiled code leaves sooner, on an average, is compiled again together with
   * what it leaves for. Default 60.
   */
  readonly worth?: number;
  /** Most instructions that are compiled together. Default 1,200. */
  readonly most?: number;
}

/** What has been compiled. */
export interface CompilerCounters {
  /** Functions of WebAssembly that are in place. */
  readonly functions: number;
  /** Guest instructions that they were made of. */
  readonly instructions: number;
  /** How often a function was compiled together with one that it was seen to call by a register. */
  readonly joined: number;
  /** Host time that compiling took, in milliseconds. */
  readonly took_ms: number;
}

/** Compiled code in its place. */
interface Unit {
  readonly place: number;
  /** Where the function begins that it was made for. */
  readonly start: number;
  /** Guest addresses of all its instructions. */
  readonly covers: ReadonlySet<number>;
  /** Where it leaves for by itself, not by a register. */
  readonly leaves: ReadonlySet<number>;
  /** The numbers of its entries by their guest addresses. */
  readonly entries: ReadonlyMap<number, number>;
  /** Functions that it was seen to call by a register and does not know, and how often it has told of one. */
  readonly found: Set<number>;
  told: number;
}

/** How hot a function is. */
interface Heat {
  samples: number;
  /** How often it was compiled: each time it takes twice as many samples. */
  compiled: number;
  /** Where CPUs were seen in it. */
  readonly places: Set<number>;
  /** Functions that it was seen to call by a register. */
  readonly called: Set<number>;
  /** How many of them there were when it was compiled last. */
  known: number;
  /** Instructions that were compiled together with it last. */
  size: number;
}

/**
 * For each so many instructions that were compiled with a function last, it takes as many samples more to do so
 * again.
 */
const SIZE_EACH = 100;
/** After so many samples without one that leads to code, there are half as many. */
const FRUITLESS_MAX = 64;
/** Most functions of WebAssembly at a time, and times that one guest function is compiled. */
const UNITS_MAX = 4096;
const COMPILED_MAX = 8;
/** Compiled code takes for granted that so much memory may be written. */
const ROOM_MIN = 4096;
/** How often an entry may prove too short before it is let be. */
const DROPPED_MAX = 2;
/** Fewer instructions than this are executed sooner by the interpreter than by going in and out. */
const WORTH_MIN = 10;
/** Most functions that are compiled together with one that calls them by a register. */
const CALLED_MAX = 16;
/** A function that begins further in front of a hot place than this is not the one that the place is in. */
const FUNCTION_BYTES_MAX = 1 << 16;

const NOWHERE: TextRange = { from: Number.POSITIVE_INFINITY, to: 0 };

/** The compiler of a kernel's RV32 code. */
export class Compiler {
  private readonly text: Text;
  private readonly compiledOp: number;
  private readonly reservations: Reservations;
  private readonly needed: number;
  /** How many samples are still to come before anything is compiled. */
  private patience: number;
  /** How many samples since the last one that led to code, and how many instructions there are between two now. */
  private fruitless = 0;
  private pace: number;
  private readonly chains = canChain();
  private readonly tell: number;
  private readonly units = new Map<number, Unit>();
  private readonly places: number[] = [];
  /** What is known of functions, by the guest addresses where they begin. */
  private readonly heat = new Map<number, Heat>();
  /** How often the code of an entry was too short. */
  private readonly dropped = new Map<number, number>();
  /** The unit that each mark leads to. */
  private readonly owners = new Map<number, Unit>();
  /** Entries of which it is known that nothing is to be had by compiling more together. */
  private readonly alone = new Set<number>();
  /** Where functions begin, as far as the loader and calls in a range of text tell. */
  private starts: number[] = [];
  private searched: TextRange = NOWHERE;
  private readonly marks: Marks;
  private readonly period: number;
  private readonly longest: number;
  private readonly worth: number;
  private readonly most: number;
  /** Where functions begin, as far as the loader knows. */
  functions: () => readonly number[] = () => [];
  /** Stands for the text as it is now. */
  textId: object = {};
  private instructions = 0;
  private joined = 0;
  private took_ms = 0;

  /** Begins to compile what is hot in a kernel. */
  constructor(
    private readonly kernel: Kernel,
    {
      period = 16_384,
      longest = 64 * period,
      samples = 6,
      patience = 64,
      worth = 60,
      most = CLUSTER_MAX,
    }: CompilerOptions = {},
  ) {
    this.period = period;
    this.pace = period;
    this.longest = longest;
    this.worth = worth;
    this.most = most;
    this.marks = new Marks(kernel);
    this.text = new Text(kernel, this.marks);
    this.compiledOp = kernel.exports.rv32_compiled_op();
    this.reservations = {
      base: kernel.exports.rv32_reservation(),
      rareDelta: kernel.machine("rare_delta"),
    };
    this.needed = samples;
    this.patience = patience;
    const { table } = kernel.exports;
    const module = compiledTeller();
    const env = { tell: (place: number, pc: number) => this.seen(place, pc) };
    this.tell = table.grow(1, new WebAssembly.Instance(module, { env }).exports.tell);
    kernel.onHot = (pc, left) => this.sample(pc, left);
    kernel.onText = (_, to) => {
      this.text.extend(to);
      this.textId = {};
      this.drop();
    };
    this.setPace(period);
  }

  /** False where the host forbids to make code. */
  static get isPossible(): boolean {
    try {
      compiledTeller();
      return true;
    } catch {
      return false;
    }
  }

  get counters(): CompilerCounters {
    const { units, instructions, joined, took_ms } = this;
    return { functions: units.size, instructions, joined, took_ms };
  }

  /** The guest addresses where compiled code may be entered. */
  get marked(): number[] {
    return [...this.units.values()].flatMap(({ entries }) => [...entries.keys()]);
  }

  /** Marks compiled code again: memory has been put back to where it has no marks, and has this text. */
  restore(text: object): void {
    this.setPace(this.period);
    if (text !== this.textId) {
      this.textId = text;
      this.forget();
    }
    for (const unit of this.units.values()) this.mark(unit);
  }

  /** Drops all compiled code: the interpreter goes on, and what is hot is compiled again. */
  drop(): void {
    for (const pc of this.marked) this.marks.takeOff(pc);
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
    this.owners.clear();
    this.alone.clear();
    this.marks.forget();
    this.text.forget();
    this.searched = NOWHERE;
  }

  /** Compiles the function that an address is in, if that is possible. */
  compile(pc: number): void {
    const start = this.startOf(pc);
    this.heatOf(start).places.add(pc);
    this.compileFunction(start);
  }

  private heatOf(start: number): Heat {
    let heat = this.heat.get(start);
    if (heat === undefined) {
      heat = { samples: 0, compiled: 0, places: new Set(), called: new Set(), known: 0, size: 0 };
      this.heat.set(start, heat);
    }
    return heat;
  }

  /** From now on there are so many instructions between two samples. */
  private setPace(pace: number): void {
    this.pace = pace;
    this.fruitless = 0;
    this.kernel.setMachine("jit_period", pace);
  }

  /** A sample: until anything may be compiled there is one less to come; then, if it is one of many in vain, fewer. */
  private count(): void {
    if (this.patience > 0) this.patience--;
    else if (++this.fruitless === FRUITLESS_MAX)
      this.setPace(Math.min(2 * this.pace, this.longest));
  }

  /** A CPU was seen at an address; or it has left there compiled code that was too short, entered at `left`. */
  private sample(pc: number, left: number | null): void {
    if (left !== null) {
      this.marks.takeOff(left);
      if (this.join(left, pc)) return;
      if (!this.alone.has(left)) {
        this.leaveAlone(left);
        return;
      }
      this.dropped.set(left, (this.dropped.get(left) ?? 0) + 1);
    }
    this.count();
    const heat = this.heatOf(this.startOf(pc));
    heat.places.add(pc);
    heat.samples += left === null ? 1 : this.needed;
    if (this.patience > 0 || heat.samples < this.samplesFor(heat)) return;
    heat.samples = 0;
    const isKnown = heat.places.size === heat.known && left === null;
    if (isKnown || heat.compiled >= COMPILED_MAX || this.units.size >= UNITS_MAX) return;
    heat.compiled++;
    heat.known = heat.places.size;
    this.compile(pc);
  }

  /** How many samples make a function worth compiling, again where it has been before: the larger, the more. */
  private samplesFor({ compiled, size }: Heat): number {
    return this.needed * (1 + size / SIZE_EACH) * 2 ** compiled;
  }

  /**
   * Compiles the function that an entry belongs to together with the one that it leaves for, if it seems to
   * call that by a register; false if that changes nothing.
   */
  private join(entry: number, callee: number): boolean {
    const unit = this.owners.get(entry);
    return unit !== undefined && this.joinTo(unit, [callee, ...unit.found]);
  }

  private joinTo(unit: Unit, callees: Iterable<number>): boolean {
    const { called } = this.heatOf(unit.start);
    const added: number[] = [];
    for (const callee of callees) {
      if (called.size >= CALLED_MAX) break;
      if (called.has(callee) || unit.covers.has(callee) || unit.leaves.has(callee)) continue;
      if (this.text.isBehindCall(callee)) continue;
      called.add(callee);
      added.push(callee);
    }
    if (added.length === 0) return false;
    const covers = this.compileFunction(unit.start)?.covers;
    const joined = added.filter((callee) => covers?.has(callee));
    this.joined += joined.length;
    return joined.length > 0;
  }

  /** Compiled code calls a function by a register that it does not know: after some, it is compiled with them. */
  private seen(place: number, callee: number): void {
    const unit = this.units.get(place);
    if (unit === undefined) return;
    unit.found.add(callee >>> 0);
    unit.told++;
    if (unit.told % TOLD_MAX === 0) this.joinTo(unit, unit.found);
  }

  /** Marks an entry again, as one that is as good as it gets. */
  private leaveAlone(entry: number): void {
    this.alone.add(entry);
    const unit = this.owners.get(entry);
    if (unit !== undefined) this.markEntry(unit, entry, unit.entries.get(entry) as number);
  }

  /** The guest address behind the last that there is memory at. */
  private get guestEnd(): number {
    return this.text.origin + this.kernel.machine("guest_size");
  }

  /** Where the function begins that an address is in, as far as is known. */
  private startOf(pc: number): number {
    const { range } = this.text;
    if (range.from < this.searched.from || range.to > this.searched.to) {
      const starts = new Set(this.text.callTargets(range));
      for (const start of this.functions()) starts.add(start);
      this.starts = [...starts].sort((a, b) => a - b);
      this.searched = range;
    }
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

  private mark(unit: Unit): void {
    for (const [pc, entry] of unit.entries) this.markEntry(unit, pc, entry);
  }

  private markEntry(unit: Unit, pc: number, entry: number): void {
    if ((this.dropped.get(pc) ?? 0) >= DROPPED_MAX) return;
    const worth = this.alone.has(pc) ? WORTH_MIN : this.worth;
    this.marks.put(pc, unit.place, entry, worth);
    this.owners.set(pc, unit);
  }

  /** Compiles the function that begins at `start`, with all that is known of it. */
  private compileFunction(start: number): Unit | null {
    if (this.guestEnd - this.text.storeLow < ROOM_MIN) return null;
    const began = performance.now();
    const { places, called } = this.heatOf(start);
    const cluster = clusterAt(this.text, start, places, called, this.most);
    if (cluster.entries.length === 0) return null;
    this.heatOf(start).size = cluster.covers.size;
    const unit = this.place(start, cluster);
    this.setPace(this.period);
    this.took_ms += performance.now() - began;
    return unit;
  }

  /** Puts the code of a cluster into the kernel. */
  private place(start: number, cluster: Cluster): Unit {
    const { kernel, text, compiledOp } = this;
    const { table, memory } = kernel.exports;
    const place = this.places.pop() ?? table.grow(1);
    const { bytes, entries } = emitCluster(cluster, registersOf(cluster), {
      text,
      guestLow: kernel.machine("guest_low"),
      guestEnd: this.guestEnd,
      stacks: stacksOf(kernel),
      reservations: this.reservations,
      frameOffset: (register) => registerDelta(kernel, register),
      compiledOp,
      place,
      tell: this.tell,
      chains: this.chains,
    });
    const module = new WebAssembly.Module(bytes as BufferSource);
    const env = { memory: memory as WebAssembly.Memory, table };
    const { run } = new WebAssembly.Instance(module, { env }).exports;
    table.set(place, run);
    const { covers, leaves } = cluster;
    const unit = { place, start, entries, covers, leaves, found: new Set<number>(), told: 0 };
    this.mark(unit);
    this.units.set(place, unit);
    this.instructions += covers.size;
    return unit;
  }
}

let teller: WebAssembly.Module | null = null;

/** What all compilers have in common, compiled once: to compile it for each machine took half of what booting one takes. */
function compiledTeller(): WebAssembly.Module {
  teller ??= new WebAssembly.Module(tellingModule() as BufferSource);
  return teller;
}

let hasChains: boolean | null = null;

/** True if the host knows calls that take the place of the caller. */
function canChain(): boolean {
  if (hasChains !== null) return hasChains;
  const code = new Code()
    .get(0)
    .get(0)
    .get(0)
    .get(0)
    .get(0)
    .put(Op.return_call_indirect, RUN_TYPE, 0);
  hasChains = WebAssembly.validate(moduleOf(code, 0) as BufferSource);
  return hasChains;
}

/** Where the words of threads' stacks would begin if a thread's address, divided by 16, were 0. */
function stacksOf(kernel: Kernel): number | null {
  const base = kernel.machine("stack_base");
  return base === 0 ? null : base - (kernel.machine("td_base") >>> 4);
}
