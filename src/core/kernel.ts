// The kernel as the host sees it: an instance with its memory, booted from a configuration.
//
// Kernel memory has one door: the views of a Kernel, at the offsets of the generated layout. Others may look
// through it. What the host changes there is this, and only between two steps of the machine: here the budget
// of a run, texts, kernel objects and the arguments of a call; the configuration before boot (config.ts);
// sysctls (sysctl.ts); in src/debug the registers of a thread, and what the machine stops at; in src/machine
// that a body has begun (bodies.ts), and the program text and data of the guest. Whatever else it wants changed
// it asks the kernel for, by a kernel call or an export.

import * as Layout from "../generated/layout.js";
import { nameOfCall } from "./calls.js";
import {
  type CompleteConfig,
  completeConfig,
  MAXTHREAD_MIN,
  type MachineConfig,
  writeConfig,
} from "./config.js";
import { ConfigError, KernelError, KernelPanic } from "./errors.js";
import { Format, type FormatContext, type Printed } from "./format.js";
import { hex } from "./hex.js";
import { instantiateKernel, type KernelSource } from "./instantiate.js";
import type { SchedulerHooks } from "./scheduler.js";
import { Texts } from "./texts.js";
import type { WasmMemory, WasmTable } from "./wasm-types.js";

const { Machine: M, MACHINE_ADDRESS } = Layout;

/** A panic's text with the name of the kernel call in place of its number, which is all that the kernel knows. */
function withCallName(text: string): string {
  return text.replace(/^(kernel call )(\d+)/, (whole, before: string, nr: string) => {
    const name = nameOfCall(Number(nr));
    return name === undefined ? whole : before + name;
  });
}

/** What the kernel exports (assembly/index.ts). */
export interface Exports {
  readonly memory: WasmMemory;
  /** Where the kernel calls compiled code. */
  readonly table: WasmTable;
  machine_boot(): number;
  machine_startup(step: number): void;
  carve_arenas(): number;
  machine_run(): number;
  machine_step(nr: number): number;
  host_call(nr: number): void;
  host_interrupt(td: number): number;
  host_place(td: number, cpu: number): number;
  kobj_alloc(): number;
  host_raise(line: number): number;
  bare_proc(td: number, pid: number, stat: number): void;
  proc_set_stat(proc: number, stat: number): void;
  rv32_decode_text(from: number, to: number): void;
  debug_mark(pc: number): number;
  debug_unmark(pc: number): void;
  debug_watch(index: number, from: number, size: number, access: number): void;
  debug_step(count: number): number;
  debug_csr(csr: number): number;
  debug_set_csr(csr: number, value: number): number;
  search_begin(by: number, prefix: number, random: number): void;
  search_prepare(): number;
  search_restart(): void;
  search_run(): number;
  search_next(pending: number, op: number, object: number, second: number, atomic: number): void;
  search_unchanged(): void;
  search_call(nr: number): number;
  search_about(nr: number): number;
  search_digest(): number;
  search_pick(count: number): number;
  search_backtrack(floor: number, depth: number): number;
  random_next(): number;
  rv32_is_jump_to_yield(pc: number): number;
  rv32_compiled_op(): number;
  rv32_mark(pc: number, place: number, entry: number, worth: number): void;
  rv32_unmark(pc: number): void;
  rv32_reservation(): number;
  rv32_decodes_to(pc: number, op: number, a: number, b: number, c: number): number;
}

/** What bounds a run: a time in cycles, a number of switches and one of rounds; what is left out does not. */
export interface Budget {
  readonly until?: bigint | undefined;
  readonly switches?: number | undefined;
  readonly rounds?: number | undefined;
}

/** A trace record, read from the kernel's buffer. */
export interface TraceRecord {
  readonly time: bigint;
  readonly type: number;
  readonly cpu: number;
  readonly why: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
}

/** A fault of RV32 code. */
export interface Fault {
  /** The thread's address. */
  readonly td: number;
  /** RV_FAULT_*. */
  readonly kind: number;
  /** The guest address of the instruction. */
  readonly pc: number;
  /** The address that the fault is about. */
  readonly address: number;
}

const PAGES_MAX = 65_536;
/** Formats that are remembered: there are few but for names of threads with a % in them. */
const FORMATS_MAX = 256;
// Making one takes longer than what it does here.
const encoder = new TextEncoder();
const utf8 = new TextDecoder();
const utf16 = new TextDecoder("utf-16le");

/** True for a text that takes a byte a character. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** The first `length` bytes of a text. */
function firstBytes(text: string, length: number): string {
  if (text.length <= length && isAscii(text)) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= length) return text;
  // As a stream: a character of which only the beginning has room is left out.
  return new TextDecoder().decode(bytes.subarray(0, length), { stream: true });
}

/** A booted kernel. */
export class Kernel {
  /** The kernel's exports. */
  readonly exports: Exports;
  /** The configuration with its defaults. */
  readonly config: CompleteConfig;
  /** Kernel memory in units of 4 bytes; index = address >>> 2. Memory never grows after boot. */
  readonly u32: Uint32Array;
  /** The same, signed. */
  readonly i32: Int32Array;
  /** The same in bytes. */
  readonly u8: Uint8Array;
  /** The same with unaligned and 64-bit access; little-endian. */
  readonly view: DataView;
  /** From a thread's address to that of its registers, and to its cold part. */
  readonly frameDelta: number;
  private readonly coldDelta: number;
  /** Where the threads are. */
  private readonly threads: { readonly from: number; readonly to: number };
  /** What a run does: goes on, or whatever a debugger has put in its place. Returns what machine_run does. */
  advance: () => number = () => this.exports.machine_run();
  /** Receives the kernel's printf, one text at a time. */
  onPrint: (text: Printed) => void = () => {};
  /** Receives the address range of trace records whenever the kernel's buffer is handed over. */
  onTrace: ((from: number, to: number) => void) | null = null;
  /** Receives what C programs print: bytes that are valid during the call. */
  onOutput: ((bytes: Uint8Array) => void) | null = null;
  /** Is told of a fault while the thread's registers still are as they were. */
  onFault: ((fault: Fault) => void) | null = null;
  /** Is told of events with a handler of the host's: the list, the handler's argument, the event's. */
  onEvent: ((list: number, cookie: number, arg: number) => void) | null = null;
  /**
   * Is told where a CPU spends its time, while there is a compiler, and which entry it comes from whose compiled
   * code was too short.
   */
  onHot: ((pc: number, left: number | null) => void) | null = null;
  /** Is told that text is decoded, while there is a compiler. */
  onText: ((from: number, to: number) => void) | null = null;
  /** Names the thread or process at an address for %p; by default its address in hexadecimal. */
  namePointer: (address: number) => string = hex;
  /** The panic that killed this kernel, or null. */
  panic: KernelPanic | null = null;

  private readonly traceListeners = new Set<{
    readonly classes: number;
    readonly take: (from: number, to: number) => void;
  }>();
  /** Classes that were recorded before the first of these. */
  private ownTraceMask = 0;
  private isRunning = false;
  /** How deep the kernel is in calls of the host's functions: nobody may call it then. */
  private depth = 0;
  /**
   * True when what the host's functions throw waits until the kernel's step is done ({@link throwFailure}).
   * Else it ends the step where it is, and this kernel is of no further use.
   */
  holdsFailures = false;
  /** What the first of the host's functions threw that the kernel has called, in an array. */
  private failure: [unknown] | null = null;
  /** A scheduler of the host's (src/machine/user-scheduler.ts). */
  scheduler: SchedulerHooks | null = null;
  /** The texts that {@link intern} has put into the kernel's memory. */
  readonly texts = new Texts();
  /** Those that are part of its code, as far as somebody has asked for them. */
  private readonly ownTexts = new Map<number, string>();
  private readonly formats = new Map<string, Format>();
  /** Those of texts that are part of its code, by their addresses. */
  private readonly ownFormats = new Map<number, Format>();

  /**
   * Boots a kernel. Throws a {@link ConfigError} if the configuration is impossible. Whoever has work of
   * his own to put between the steps of starting its processes says that he calls {@link startup}.
   */
  constructor(
    config: MachineConfig = {},
    /** The build that it runs. */
    readonly source: KernelSource = "release",
    startup: "now" | "later" = "now",
  ) {
    this.config = completeConfig(config);
    this.exports = instantiateKernel<Exports>(source, { env: this.imports() });
    writeConfig(new DataView(this.exports.memory.buffer), this.config);
    this.boot();
    const { buffer } = this.exports.memory;
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.frameDelta = this.machine("frame_delta");
    this.coldDelta = this.machine("cold_delta");
    const from = this.machine("td_base");
    this.threads = { from, to: from + this.machine("td_count") * Layout.Thread.size };
    if (startup === "later") return;
    this.startup(Layout.SI_SUB_INTRINSIC);
    this.startup(Layout.SI_SUB_CREATE_INIT);
  }

  /** Takes a step of starting the processes: proc0 (SI_SUB_INTRINSIC), or init (SI_SUB_CREATE_INIT). */
  startup(subsystem: number): void {
    this.exports.machine_startup(subsystem === Layout.SI_SUB_INTRINSIC ? 0 : 1);
  }

  private boot(): void {
    const pages = this.exports.machine_boot() >>> 0;
    if (pages === 0) return;
    const mib = Math.ceil(pages / 16);
    const why =
      pages > PAGES_MAX ? "a machine has at most 4096 MiB" : "the host does not give that much";
    throw new ConfigError(
      `this configuration needs ${mib} MiB of memory and ${why}; ${this.suggestion()}`,
    );
  }

  /** The largest maxthread that fits with the other settings as they are. */
  private suggestion(): string {
    const view = new DataView(this.exports.memory.buffer);
    // What the boot has computed where the setting is 0.
    const asked = view.getUint32(MACHINE_ADDRESS + M.maxthread, true);
    const fits = (maxthread: number) => {
      writeConfig(view, { ...this.config, maxthread });
      return this.exports.carve_arenas() >>> 0 <= PAGES_MAX;
    };
    const least = this.config.bare ? 1 : MAXTHREAD_MIN;
    if (!fits(least)) return "guestMemory, stringMemory, objects or maxproc must be smaller";
    let low = least;
    let high = Math.max(asked, least);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(middle)) low = middle;
      else high = middle - 1;
    }
    return `maxthread up to ${low} fits`;
  }

  private imports() {
    return {
      ...this.schedulerImports(),
      panic: (fmt: number, ...args: number[]) => {
        this.panic = new KernelPanic(withCallName(this.format(fmt, args)));
        throw this.panic;
      },
      printf: (fmt: number, ...args: number[]) =>
        this.outside(() =>
          this.onPrint(this.formatAt(fmt >>> 0).printLater(args, this.formatContext)),
        ),
      event: (list: number, cookie: number, arg: number) =>
        this.outside(() => this.onEvent?.(list, cookie >>> 0, arg)),
      ktr_flush: (from: number, to: number) =>
        this.outside(() => this.handTrace(from >>> 0, to >>> 0)),
      text_hot: (pc: number, left: number) =>
        this.onHot?.(pc >>> 0, left === 0 ? null : (left - 1) >>> 0),
      text_changed: (from: number, to: number) => this.onText?.(from >>> 0, to >>> 0),
      cnputsn: (from: number, length: number) =>
        this.outside(() =>
          this.onOutput?.(this.u8.subarray(from >>> 0, (from >>> 0) + (length >>> 0))),
        ),
      fault: (td: number, kind: number, pc: number, address: number) =>
        this.outside(() =>
          this.onFault?.({ td: td >>> 0, kind, pc: pc >>> 0, address: address >>> 0 }),
        ),
    };
  }

  /** The questions of a scheduler of the host's; nobody asks them under another one. */
  private schedulerImports(): SchedulerHooks {
    const hooks = () => this.scheduler as SchedulerHooks;
    return {
      sched_queue: (...args) => hooks().sched_queue(...args),
      sched_unqueue: (...args) => hooks().sched_unqueue(...args),
      sched_take: (cpu) => hooks().sched_take(cpu),
      sched_preempts: (...args) => hooks().sched_preempts(...args),
      sched_tick: (...args) => hooks().sched_tick(...args),
      sched_pick_cpu: (...args) => hooks().sched_pick_cpu(...args),
    };
  }

  /** What a function of the host has thrown, or done wrong, comes out when the kernel's step is done. */
  fail(error: unknown): void {
    this.failure ??= [error];
    if (this.isRunning) this.setMachine("stop_request", 1);
  }

  /**
   * Calls a function of the host in the middle of a step. What it throws may have to wait until the step
   * is done: an exception that unwinds the kernel leaves half of it undone.
   */
  private outside(action: () => void): void {
    this.depth++;
    try {
      action();
    } catch (error) {
      if (error === this.panic || !this.holdsFailures) throw error;
      if (this.u32 === undefined) this.failure ??= [error];
      else this.fail(error);
    } finally {
      this.depth--;
    }
  }

  private handTrace(from: number, to: number): void {
    this.onTrace?.(from, to);
    for (const { take } of this.traceListeners) take(from, to);
  }

  /**
   * Has the kernel record events of some classes, and hands the records' address ranges over. Returns what ends
   * that; classes that others want, or were on before, stay on.
   */
  listenToTrace(classes: number, take: (from: number, to: number) => void): () => void {
    const listener = { classes, take };
    const mask = this.machine("ktr_mask");
    if (this.traceListeners.size === 0) this.ownTraceMask = mask;
    this.traceListeners.add(listener);
    this.setMachine("ktr_mask", mask | classes);
    return () => {
      if (!this.traceListeners.delete(listener)) return;
      let rest = this.ownTraceMask;
      for (const other of this.traceListeners) rest |= other.classes;
      this.setMachine("ktr_mask", rest);
    };
  }

  /** True while anybody receives trace records. */
  get isTraced(): boolean {
    return this.onTrace !== null || this.traceListeners.size > 0;
  }

  /** Hands over what is in the kernel's trace buffer: a panic leaves something there. */
  drainTrace(): void {
    const base = this.machine("ktr_base");
    const next = this.machine("ktr_next");
    if (next === base) return;
    this.handTrace(base, next);
    this.setMachine("ktr_next", base);
  }

  /** True while the kernel waits for a function of the host that it has called. */
  get isInside(): boolean {
    return this.depth > 0;
  }

  /** Throws unless the host may change the kernel's state now: it is alive, and not in the middle of a step. */
  assertIdle(method: string): void {
    this.assertAlive();
    if (!this.isInside) return;
    const message = `${method}: EBUSY: a handler that the kernel has called cannot call the kernel`;
    throw new KernelError(method, Layout.EBUSY, message);
  }

  /** Runs the machine; nobody else may meanwhile. */
  alone<T>(run: () => T): T {
    this.isRunning = true;
    try {
      return run();
    } finally {
      this.isRunning = false;
    }
  }

  /** A run inside a run would take the machine from under the feet of the body that asks for it. */
  refuseInside(method: string): void {
    if (!this.isRunning && !this.isInside) return;
    throw new KernelError(
      method,
      Layout.EBUSY,
      `${method}: EBUSY: the machine runs already: bodies and handlers can call stop(), nothing that runs it`,
    );
  }

  /** Throws what a function of the host has thrown, once. */
  throwFailure(): void {
    if (this.failure === null) return;
    const [error] = this.failure;
    this.failure = null;
    throw error;
  }

  /** True while a name is made. */
  private isNaming = false;

  private readonly formatContext: FormatContext = {
    pointer: (address) => this.namePointer(address),
    text: (address) => this.text(address),
    name: (address) => this.nameAt(address),
    nameOfWords: (address) => this.formatName(this.read(address), this.read(address + 4)),
    nameLater: (address) => this.nameLater(address),
  };

  private format(fmt: number, args: readonly number[]): string {
    return this.formatAt(fmt >>> 0).print(args, this.formatContext);
  }

  private formatAt(address: number): Format {
    const own = this.ownFormats.get(address);
    if (own !== undefined) return own;
    const format = this.formatOf(this.text(address));
    if (this.ownTexts.has(address)) this.ownFormats.set(address, format);
    return format;
  }

  /** A format, read once. */
  private formatOf(text: string): Format {
    let format = this.formats.get(text);
    if (format === undefined) {
      if (this.formats.size === FORMATS_MAX) this.formats.clear();
      format = new Format(text);
      this.formats.set(text, format);
    }
    return format;
  }

  // ---- Memory ----

  /** The word at an address. */
  read(address: number): number {
    // During boot the views do not exist yet.
    return this.u32 === undefined
      ? new DataView(this.exports.memory.buffer).getUint32(address, true)
      : (this.u32[address >>> 2] as number);
  }

  /** The signed word at an address. */
  readSigned(address: number): number {
    return this.read(address) | 0;
  }

  /** The 64-bit number at an address. */
  read64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }

  /** A 64-bit number that is known to stay below 2^53. */
  readNumber(address: number): number {
    return this.read(address) + this.read(address + 4) * 2 ** 32;
  }

  /** A field of the machine structure. */
  machine(field: keyof typeof M): number {
    return this.read(MACHINE_ADDRESS + M[field]);
  }

  /** A 64-bit field of the machine structure. */
  machine64(field: keyof typeof M): bigint {
    return this.read64(MACHINE_ADDRESS + M[field]);
  }

  /** Sets a field of the machine structure. */
  setMachine(field: keyof typeof M, value: number): void {
    this.u32[(MACHINE_ADDRESS + M[field]) >>> 2] = value;
  }

  /** Sets a 64-bit field of the machine structure. */
  setMachine64(field: keyof typeof M, value: bigint): void {
    this.view.setBigUint64(MACHINE_ADDRESS + M[field], value, true);
  }

  // ---- Texts ----

  /** The address of a text in kernel memory; the same text has the same address. */
  intern(text: string): number {
    const known = this.texts.addressOf(text);
    if (known !== undefined) return known;
    const bytes = encoder.encode(text);
    const at = this.machine("string_next");
    const end = (at + 4 + bytes.length + 3) & ~3;
    if (end > this.machine("string_end")) {
      throw new ConfigError(
        `no room for another text in the kernel; stringMemory (${this.config.stringMemory} bytes) must be larger`,
      );
    }
    this.u32[at >>> 2] = bytes.length;
    this.u8.set(bytes, at + 4);
    this.setMachine("string_next", end);
    this.texts.add(text, at);
    return at;
  }

  /** The text at an address: an interned one, or one of the kernel's own. */
  text(address: number): string {
    const known = this.ownTexts.get(address) ?? this.texts.at(address);
    if (known !== undefined) return known;
    const memory = new Uint8Array(this.exports.memory.buffer);
    const length = this.read(address);
    if (address >= this.machine("string_base") && address < this.machine("string_end")) {
      return utf8.decode(memory.subarray(address + 4, address + 4 + length));
    }
    // A static string of the compiler: UTF-16 with its size in bytes before it.
    const size = this.read(address - 4);
    const text = utf16.decode(memory.subarray(address, address + size));
    if (address < this.machine("td_base")) this.ownTexts.set(address, text);
    return text;
  }

  /**
   * The name of the thread or process at an address, as printf formats it: at most 19 bytes, 16 of a
   * thread of LWKT alone, which has no thread id.
   */
  nameAt(address: number): string {
    return this.nameLater(address)();
  }

  /** What gives the name that the thread or process at an address has now. */
  private nameLater(address: number): () => string {
    const { ThreadCold: C, Proc: P } = Layout;
    if (address < this.threads.from || address >= this.threads.to) {
      return this.formatLater(this.read(address + P.p_namefmt), this.read(address + P.p_namearg));
    }
    const cold = this.cold(address);
    const bare = this.readSigned(cold + C.td_tid) === -1;
    return this.formatLater(
      this.read(cold + C.td_namefmt),
      this.read(cold + C.td_namearg),
      bare ? Layout.LWKT_COMLEN : Layout.MAXCOMLEN,
    );
  }

  /** Whoever gives a thread its name can have the format ask for that thread's: such a format is told as it is. */
  private formatOfName(fmt: number, arg: number, text: string): string {
    if (this.isNaming) return text;
    this.isNaming = true;
    try {
      return this.format(fmt, [arg]);
    } finally {
      this.isNaming = false;
    }
  }

  /** A name as printf makes it of a format and a word: its first `length` bytes. */
  formatName(fmt: number, arg: number, length: number = Layout.MAXCOMLEN): string {
    return this.formatLater(fmt, arg, length)();
  }

  /** The same, of what the words are now. */
  private formatLater(fmt: number, arg: number, length?: number): () => string {
    const name = this.wholeName(fmt, arg);
    return () => firstBytes(name, length ?? Layout.MAXCOMLEN);
  }

  private wholeName(fmt: number, arg: number): string {
    if (fmt === 0) return "";
    const text = this.text(fmt);
    if (text === "%s" && arg !== 0) return this.text(arg >>> 0); // most are
    return text.includes("%") ? this.formatOfName(fmt, arg, text) : text;
  }

  // ---- Structures ----

  /** The address of a CPU's structure. */
  globaldata(cpu: number): number {
    return Layout.GLOBALDATA_ADDRESS + cpu * Layout.GLOBALDATA_STRIDE;
  }

  /** The address of the thread with an index. */
  threadAt(index: number): number {
    return this.threads.from + index * Layout.Thread.size;
  }

  /** The index of the thread at an address. */
  threadIndex(td: number): number {
    return (td - this.threads.from) / Layout.Thread.size;
  }

  /** The address of a thread's cold part. */
  cold(td: number): number {
    return td + this.coldDelta;
  }

  /** The address of a thread's rare part. */
  rare(td: number): number {
    return ((td >>> 2) + this.machine("rare_delta")) >>> 0;
  }

  /** The address of a thread's registers. */
  frame(td: number): number {
    return td + this.frameDelta;
  }

  /** The thread that runs on the CPU that runs. */
  curthread(): number {
    return this.read(this.machine("curcpu") + Layout.GlobalData.gd_curthread);
  }

  /** Makes a wait structure or a token; returns its address. */
  newObject(kind: "wait" | "token", owner = 0, reqcpu = owner): number {
    const at = this.exports.kobj_alloc();
    if (at === 0) {
      throw new ConfigError(
        `no room for another kernel object; objects (${this.config.objects}) must be larger`,
      );
    }
    const word = (offset: number, value: number) => {
      this.u32[(at + offset) >>> 2] = value;
    };
    word(Layout.LwktToken.ko_kind, kind === "wait" ? Layout.KOBJ_WAIT : Layout.KOBJ_TOKEN);
    word(Layout.LwktToken.t_cpu, owner);
    word(Layout.LwktToken.t_reqcpu, reqcpu);
    return at;
  }

  // ---- Calls and runs ----

  /** Makes a kernel call from outside a run; returns its two result words, a0 and a1. */
  hostCall(
    nr: number,
    args: ArrayLike<number>,
    count: number = args.length,
  ): readonly [number, number] {
    this.assertIdle("call");
    const td = this.machine("host_td");
    this.writeArguments(td, args, count);
    this.exports.host_call(nr);
    const frame = this.frame(td) >>> 2;
    return [
      this.i32[frame + Layout.Frame.a0 / 4] as number,
      this.i32[frame + Layout.Frame.a1 / 4] as number,
    ];
  }

  /** Puts a call's arguments, the first `count` of `args`, into the registers of a thread. */
  writeArguments(td: number, args: ArrayLike<number>, count: number = args.length): void {
    const frame = (this.frame(td) + Layout.Frame.a0) >>> 2;
    const { u32 } = this;
    const low = Math.min(count, 6);
    for (let i = 0; i < low; i++) u32[frame + i] = args[i] as number;
    if (count <= 6) return;
    // The seventh and eighth are in a6 and a7, or in t1 and t2 where there are 16 registers only.
    const seventh =
      this.config.registers === 16
        ? this.frame(td) + Layout.Frame.t1
        : td + this.machine("high_delta");
    for (let i = 6; i < count; i++) u32[(seventh >>> 2) + i - 6] = args[i] as number;
  }

  /** Throws the panic that killed the kernel, if one did. */
  assertAlive(): void {
    if (this.panic !== null) throw this.panic;
  }

  /** Bounds the next run. After its rounds the host is asked whether to go on. */
  setBudget({ until, switches, rounds }: Budget): void {
    // By words, without bigints: some callers run a machine round by round.
    const words = this.u32;
    const end = (MACHINE_ADDRESS + M.run_until) >>> 2;
    if (until === undefined) {
      words[end] = 0xffffffff;
      words[end + 1] = 0xffffffff;
    } else this.setMachine64("run_until", until);
    const left = (MACHINE_ADDRESS + M.run_switches) >>> 2;
    words[left] = (switches ?? 0) >>> 0;
    words[left + 1] = Math.floor((switches ?? 0) / 2 ** 32);
    words[(MACHINE_ADDRESS + M.run_limited) >>> 2] = switches === undefined ? 0 : 1;
    words[(MACHINE_ADDRESS + M.run_rounds) >>> 2] = rounds === undefined ? 0 : rounds + 1;
    words[(MACHINE_ADDRESS + M.run_steps) >>> 2] = 0;
  }

  /** The hash of all switches so far: the CPUs' hashes, folded in order. */
  hash(): bigint {
    let hash = 0xcbf29ce484222325n;
    for (let cpu = 0; cpu < this.config.cpus; cpu++) {
      const value = this.read64(this.globaldata(cpu) + Layout.GlobalData.gd_hash);
      hash = BigInt.asUintN(64, (hash ^ value) * 0x100000001b3n + (hash >> 29n));
    }
    return hash;
  }

  /** Reads the trace records in an address range. */
  *records(from: number, to: number): Generator<TraceRecord> {
    const R = Layout.KtrRecord;
    for (let at = from; at < to; at += R.size) {
      yield {
        time: this.view.getBigUint64(at + R.kr_time, true),
        type: this.view.getUint16(at + R.kr_type, true),
        cpu: this.u8[at + R.kr_cpu] as number,
        why: this.u8[at + R.kr_why] as number,
        a: this.read(at + R.kr_a),
        b: this.read(at + R.kr_b),
        c: this.read(at + R.kr_c),
        d: this.read(at + R.kr_d),
        e: this.read(at + R.kr_e),
      };
    }
  }
}
