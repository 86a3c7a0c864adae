// gdb's remote protocol, from the side of the target: a packet comes in, an answer goes out.
//
// gdb takes all threads for stopped while it talks (all-stop). What it asks for by vCont is one thread's step, or
// that all go on: others always run on with a thread that is stepped (debugger.ts).

import {
  bytes as bytesRule,
  callback,
  checkArgument,
  checkOptions,
  optional,
  type Rule,
  unsigned,
} from "../core/arguments.js";
import * as Layout from "../generated/layout.js";
import { BareDebugger } from "./bare-debugger.js";
import { Debugger, type Stop } from "./debugger.js";
import { PC } from "./engine.js";
import { abilitiesOf, idOf, stateOf, targetDescription, threadList } from "./gdb-describe.js";
import {
  fromHex,
  PACKET_MAX,
  PacketReader,
  packet,
  toHex,
  wordFromHex,
  wordToHex,
} from "./gdb-packets.js";
import type { GdbAbilities, GdbTarget, GdbThread } from "./gdb-target.js";
import type { WatchKind } from "./stops.js";

// Signals as the protocol numbers them.
const SIGINT = 2;
const SIGILL = 4;
const SIGTRAP = 5;
const SIGABRT = 6;
const SIGBUS = 10;
const SIGSEGV = 11;
const SIGSYS = 12;

const signalOfFault: Readonly<Record<number, number>> = {
  [Layout.RV_FAULT_ILLEGAL]: SIGILL,
  [Layout.RV_FAULT_BREAKPOINT]: SIGTRAP,
  [Layout.RV_FAULT_MISALIGNED_ATOMIC]: SIGBUS,
};

/** Signals of traps that no handler is there for, by mcause. */
const signalOfTrap: Readonly<Record<number, number>> = {
  2: SIGILL,
  3: SIGTRAP,
  4: SIGBUS,
  6: SIGBUS,
  11: SIGSYS,
};

const debuggerRule: Rule = {
  allowed: "a debugger",
  accepts: (value) => value instanceof Debugger || value instanceof BareDebugger,
};

const REGISTERS = PC + 1;
const NO_SUCH_THREAD = "E03";
const BAD_ARGUMENT = "E16";
const BAD_MEMORY = "E0e";

const watchKinds: Readonly<Record<string, WatchKind>> = { 2: "write", 3: "read", 4: "access" };
const watchNames: Readonly<Record<WatchKind, string>> = {
  write: "watch",
  read: "rwatch",
  access: "awatch",
};

/** An action of vCont: to go on or step, perhaps with a signal, and which thread. */
const ACTION = /^([cs]|[CS][0-9a-f]{2})(?::(-1|[0-9a-f]+))?$/;

/** What a packet has the machine do, forward or backward. */
interface Journey {
  readonly isBack: boolean;
  readonly go: () => Promise<Stop>;
}

/** How a session has ended. */
export type SessionEnd =
  /** The run has ended, and gdb was told. */
  | { readonly how: "stopped"; readonly stop: Stop }
  /** gdb has let go: the program runs on by itself. */
  | { readonly how: "detached" }
  /** gdb has ended the program, or the connection has. */
  | { readonly how: "killed" };

/** What a session needs of the world. */
export interface SessionOptions {
  /** Sends bytes to gdb. */
  readonly send: (bytes: Uint8Array) => void;
  /** The exit code that gdb is told when the run has ended. */
  readonly exitCode: (stop: Stop) => number;
  /** What is added to the program's addresses. */
  readonly base?: number;
}

/** A connection of gdb to a machine. */
export class GdbSession {
  /** Settled when gdb is done with the machine. */
  readonly ended: Promise<SessionEnd>;
  private finish: (end: SessionEnd | Promise<never>) => void = () => {};
  private readonly reader = new PacketReader();
  private acknowledges = true;
  private isRunning = false;
  private isInterruptedNow = false;
  private last: Stop = { why: "step" };
  /** The thread that registers are of (Hg); null for that of the last stop. */
  private chosen: number | null = null;
  /** The thread that a step without a name is of (Hc); null for that of the last stop. */
  private stepped: number | null = null;
  /** Breakpoints by address: gdb may have one of software and one of hardware at the same. */
  private readonly breakpoints = new Map<number, Set<string>>();
  /** The thread list that is being read, in one piece however long that takes. */
  private threadsXml = "";
  private readonly debug: GdbTarget;
  private readonly can: GdbAbilities;

  constructor(
    debug: Debugger | BareDebugger,
    private readonly options: SessionOptions,
  ) {
    checkArgument("GdbSession", "debug", debug, debuggerRule);
    this.debug = debug;
    this.can = debug instanceof Debugger ? abilitiesOf(debug) : debug;
    checkOptions("GdbSession", options, {
      ...{ send: callback, exitCode: callback, base: optional(unsigned) },
    });
    this.ended = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  /** True once after gdb has asked for an interruption. */
  takeInterrupt(): boolean {
    const is = this.isInterruptedNow;
    this.isInterruptedNow = false;
    return is;
  }

  /** The connection is gone. */
  close(): void {
    this.isInterruptedNow = true;
    this.finish({ how: "killed" });
  }

  /** Takes bytes from gdb. */
  receive(bytes: Uint8Array): void {
    checkArgument("receive", "bytes", bytes, bytesRule);
    for (const arrival of this.reader.add(bytes)) {
      if (arrival.kind === "interrupt") this.isInterruptedNow = this.isRunning;
      else if (arrival.kind === "damaged") this.acknowledge("-");
      else {
        this.acknowledge("+");
        this.take(arrival.data);
      }
    }
  }

  private acknowledge(sign: string): void {
    if (this.acknowledges) this.options.send(new TextEncoder().encode(sign));
  }

  private reply(data: string): void {
    this.options.send(packet(data));
  }

  private take(data: string): void {
    if (this.isRunning) return; // gdb does not ask while it waits
    const journey = this.journeyOf(data);
    if (journey !== null) this.travel(journey);
    else {
      const answer = this.answer(data);
      if (answer !== null) this.reply(answer);
    }
  }

  // ---- Running ----

  /** What a packet has the machine do; null for one that has it do nothing. */
  private journeyOf(data: string): Journey | null {
    const { debug } = this;
    const { past } = this.can;
    const resume: Journey = { isBack: false, go: () => debug.resume() };
    const step = (id: number | null): Journey => {
      return { isBack: false, go: this.steps((thread) => debug.step(thread), id) };
    };
    if (data === "bc" && past !== null) return { isBack: true, go: () => past.reverse() };
    if (data === "bs" && past !== null) {
      return {
        isBack: true,
        go: this.steps((thread) => past.reverseStep(thread), this.stepped),
      };
    }
    if (/^(c|C[0-9a-f]{2})$/.test(data)) return resume;
    if (/^(s|S[0-9a-f]{2})$/.test(data)) return step(this.stepped);
    if (!data.startsWith("vCont;")) return null;
    const actions = data
      .slice("vCont;".length)
      .split(";")
      .map((text) => ACTION.exec(text));
    if (actions.includes(null)) return null;
    const first = actions.find((action) => /^s/i.test(action?.[1] ?? ""));
    return first ? step(parseInt(first[2] ?? "0", 16)) : resume;
  }

  private steps(go: (thread: GdbThread) => Promise<Stop>, id: number | null) {
    const thread = this.threadOf(id);
    return thread === null ? () => this.debug.resume() : () => go(thread);
  }

  private travel({ isBack, go }: Journey): void {
    if (this.isOver && !isBack) {
      this.tellEnd(this.last);
      return;
    }
    this.isRunning = true;
    this.isInterruptedNow = false;
    go().then(
      (stop) => {
        this.isRunning = false;
        this.last = stop;
        this.chosen = null;
        if (stop.why === "exit" || stop.why === "idle" || stop.why === "time") this.tellEnd(stop);
        else this.reply(this.stopReply());
      },
      (error: unknown) => {
        this.isRunning = false;
        this.finish(Promise.reject(error));
      },
    );
  }

  /** A machine that has panicked, or trapped, can be looked at, and go back; when gdb has it go on, that is the end. */
  private get isOver(): boolean {
    return this.last.why === "panic" || this.last.why === "trap";
  }

  private tellEnd(stop: Stop): void {
    this.reply(`W${(this.options.exitCode(stop) & 0xff).toString(16).padStart(2, "0")}`);
    this.finish({ how: "stopped", stop });
  }

  private stopReply(): string {
    const { last, debug } = this;
    const { thread } = debug;
    const where = thread === null ? "" : `thread:${idOf(thread).toString(16)};core:${thread.cpu};`;
    return `T${this.signal().toString(16).padStart(2, "0")}${this.reason(last)}${where}`;
  }

  private signal(): number {
    const { last } = this;
    if (last.why === "interrupted") return SIGINT;
    if (last.why === "panic") return SIGABRT;
    if (last.why === "trap") return signalOfTrap[last.cause] ?? SIGSEGV;
    return last.why === "fault" ? (signalOfFault[last.kind] ?? SIGSEGV) : SIGTRAP;
  }

  private reason(stop: Stop): string {
    if (stop.why === "start") return "replaylog:begin;";
    if (stop.why !== "watch") return "";
    const { kind, address } = stop.watchpoint;
    return `${watchNames[kind]}:${address.toString(16)};`;
  }

  // ---- Looking ----

  private threadOf(id: number | null): GdbThread | null {
    if (id === null || id <= 0) return this.debug.thread;
    return this.debug.threads().find((thread) => idOf(thread) === id) ?? null;
  }

  /** The answer to a packet; empty for one that is unknown, null for none. */
  private answer(data: string): string | null {
    const rest = data.slice(1);
    switch (data[0]) {
      case "?":
        return this.stopReply();
      case "g":
        return this.readRegisters();
      case "G":
        return this.writeRegisters(rest);
      case "p":
        return this.readRegister(rest);
      case "P":
        return this.writeRegister(rest);
      case "m":
        return this.readMemory(rest);
      case "M":
        return this.writeMemory(rest, fromHex);
      case "X":
        return this.writeMemory(rest, (text) => Uint8Array.from(text, (one) => one.charCodeAt(0)));
      case "Z":
      case "z":
        return this.setStop(data[0] === "Z", rest);
      case "H":
        return this.chooseThread(rest);
      case "T":
        return this.threadOf(parseInt(rest, 16)) === null ? NO_SUCH_THREAD : "OK";
      case "D":
        this.finish({ how: "detached" });
        return "OK";
      case "k":
        this.finish({ how: "killed" });
        return null;
      case "v":
        return this.answerVerbose(data);
      case "q":
      case "Q":
        return this.answerQuery(data);
      default:
        return "";
    }
  }

  private answerVerbose(data: string): string {
    if (data === "vCont?") return "vCont;c;C;s;S";
    if (!data.startsWith("vKill")) return "";
    this.finish({ how: "killed" });
    return "OK";
  }

  private chooseThread(text: string): string {
    const id = parseInt(text.slice(1), 16);
    if (id > 0 && this.threadOf(id) === null) return NO_SUCH_THREAD;
    const choice = id > 0 ? id : null;
    if (text.startsWith("c")) this.stepped = choice;
    else this.chosen = choice;
    return "OK";
  }

  private readRegisters(): string {
    const thread = this.threadOf(this.chosen);
    if (thread === null) return NO_SUCH_THREAD;
    const numbers = Array.from({ length: REGISTERS }, (_, number) => number);
    return numbers.map((number) => wordToHex(this.debug.register(thread, number))).join("");
  }

  private writeRegisters(digits: string): string {
    const thread = this.threadOf(this.chosen);
    const words = (digits.match(/.{1,8}/g) ?? []).map(wordFromHex);
    if (thread === null || words.length !== REGISTERS) return BAD_ARGUMENT;
    const all = words.map((word, number) => ({ word, number }));
    const isSet = ({ word, number }: (typeof all)[number]) =>
      word !== null && this.debug.setRegister(thread, number, word);
    return all.every(isSet) ? "OK" : BAD_ARGUMENT;
  }

  /** The number of a register that there is, or null. */
  private registerNumber(text: string): number | null {
    const [number] = numbers(text);
    if (number === undefined) return null;
    const isThere = number < REGISTERS || this.can.csrs.some((csr) => csr.number === number);
    return isThere ? number : null;
  }

  private readRegister(text: string): string {
    const thread = this.threadOf(this.chosen);
    const number = this.registerNumber(text);
    if (thread === null || number === null) return BAD_ARGUMENT;
    return wordToHex(this.debug.register(thread, number));
  }

  private writeRegister(text: string): string {
    const [digits = "", value = ""] = text.split("=");
    const thread = this.threadOf(this.chosen);
    const word = wordFromHex(value);
    const number = this.registerNumber(digits);
    if (thread === null || word === null || number === null) return BAD_ARGUMENT;
    return this.debug.setRegister(thread, number, word) ? "OK" : BAD_ARGUMENT;
  }

  private readMemory(text: string): string {
    const [address, size] = numbers(text);
    if (address === undefined || size === undefined) return BAD_ARGUMENT;
    const bytes = this.debug.readMemory(address, Math.min(size, PACKET_MAX / 2 - 1));
    return bytes.length === 0 && size > 0 ? BAD_MEMORY : toHex(bytes);
  }

  private writeMemory(text: string, decode: (text: string) => Uint8Array | null): string {
    const colon = text.indexOf(":");
    const [address, size] = numbers(text.slice(0, colon));
    const bytes = decode(text.slice(colon + 1));
    if (address === undefined || bytes === null || bytes.length !== size) return BAD_ARGUMENT;
    return this.debug.writeMemory(address, bytes) ? "OK" : BAD_MEMORY;
  }

  private setStop(isOn: boolean, text: string): string {
    const type = text[0] ?? "";
    const [address, size] = numbers(text.slice(2).split(";")[0] ?? "");
    if (address === undefined || size === undefined) return BAD_ARGUMENT;
    const { debug } = this;
    if (type === "0" || type === "1") {
      this.setBreakpoint(isOn, type, address);
      return "OK";
    }
    const kind = watchKinds[type];
    if (kind === undefined) return "";
    if (!isOn) debug.removeWatchpoint(kind, address, size);
    else if (!debug.addWatchpoint({ kind, address, size })) return BAD_ARGUMENT;
    return "OK";
  }

  /** The last type of breakpoint at an address that is taken away takes it away. */
  private setBreakpoint(isOn: boolean, type: string, address: number): void {
    const types = this.breakpoints.get(address) ?? new Set();
    this.breakpoints.set(address, types);
    if (isOn) types.add(type);
    else types.delete(type);
    if (types.size > 0) {
      this.debug.addBreakpoint(address);
      return;
    }
    this.breakpoints.delete(address);
    this.debug.removeBreakpoint(address);
  }

  // ---- Queries ----

  private answerQuery(data: string): string {
    const [name = "", ...args] = data.split(/[:,;]/);
    switch (name) {
      case "qSupported":
        return [
          `PacketSize=${PACKET_MAX.toString(16)}`,
          ...["QStartNoAckMode+", "qXfer:features:read+", "qXfer:threads:read+"],
          "vContSupported+",
          ...(this.can.past === null ? [] : ["ReverseStep+", "ReverseContinue+"]),
        ].join(";");
      case "QStartNoAckMode":
        this.acknowledges = false;
        return "OK";
      case "qXfer":
        return this.transfer(args);
      case "qC":
        return this.currentThread();
      case "qfThreadInfo":
        return this.threadIds();
      case "qsThreadInfo":
        return "l";
      case "qThreadExtraInfo":
        return this.threadText(parseInt(args[0] ?? "", 16));
      case "qAttached":
        return "0";
      case "qSymbol":
        return "OK";
      case "qOffsets": {
        const base = (this.options.base ?? 0).toString(16);
        return `Text=${base};Data=${base};Bss=${base}`;
      }
      case "qRcmd":
        return this.runMonitor(args[0] ?? "");
      default:
        return "";
    }
  }

  private currentThread(): string {
    const { thread } = this.debug;
    return thread === null ? "" : `QC${idOf(thread).toString(16)}`;
  }

  private threadIds(): string {
    const ids = this.debug.threads().map((thread) => idOf(thread).toString(16));
    return ids.length === 0 ? "l" : `m${ids.join(",")}`;
  }

  private threadText(id: number): string {
    const thread = this.threadOf(id);
    if (thread === null) return NO_SUCH_THREAD;
    return toHex(new TextEncoder().encode(`${thread.name}: ${stateOf(thread)}`));
  }

  private runMonitor(digits: string): string {
    const bytes = fromHex(digits);
    if (bytes === null) return BAD_ARGUMENT;
    const text = this.can.monitor(new TextDecoder().decode(bytes));
    return toHex(new TextEncoder().encode(text));
  }

  /** A piece of a text: `m` in front of it when there is more, `l` when there is not. */
  private transfer([object, , annex, from = "", size = ""]: readonly string[]): string {
    const [offset, most] = numbers(`${from},${size}`);
    if (offset === undefined || most === undefined) return BAD_ARGUMENT;
    const length = Math.min(most, PACKET_MAX / 2);
    let text: string;
    if (object === "features" && annex === "target.xml") text = targetDescription(this.can.csrs);
    else if (object === "threads") {
      if (offset === 0) this.threadsXml = bytewise(threadList(this.debug.threads()));
      text = this.threadsXml;
    } else return "";
    const isLast = offset + length >= text.length;
    return `${isLast ? "l" : "m"}${text.slice(offset, offset + length)}`;
  }
}

/** Hexadecimal numbers with commas between them. */
function numbers(text: string): (number | undefined)[] {
  return text.split(",").map((digits) => {
    const value = /^[0-9a-fA-F]{1,8}$/.test(digits) ? parseInt(digits, 16) : undefined;
    return value;
  });
}

/** A text with a character for each of its bytes in UTF-8. */
function bytewise(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}
