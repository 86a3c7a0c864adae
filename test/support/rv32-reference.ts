/**
 * A reference interpreter for RV32IMAC with the counters of Zicsr, written for plainness: the
 * oracle for faster ones.
 *
 * It decodes each word afresh from its bits and shares no code with the encoder, so that a mistake
 * in one is not repeated in the other. What the architecture leaves open is settled so:
 * - Memory is flat, from address 0, little-endian. Plain loads and stores may be misaligned.
 * - Instructions are fetched from the text only. Stores to the text are faults, loads from it not.
 * - A faulting instruction changes nothing: pc stays on it and it is not counted.
 * - A jump or taken branch that leaves the text faults at its target. An instruction of which only
 *   the first half lies in the text faults at the text's end.
 * - A reservation is for one word. `sc.w` always ends it; stores of this CPU do not.
 * - `fence` and `fence.i` do nothing, whatever their fields.
 * - `cycle`, `time` and `instret` count the instructions that were completed before; nothing else
 *   can be read of Zicsr than these, their high halves and mhartid, and nothing can be written.
 */

import { expandCompressed } from "./rv32c-reference.js";

/** Why an instruction could not be executed. */
export type Fault = "illegal-instruction" | "fetch" | "load" | "store" | "misaligned-atomic";

/**
 * Why execution stopped: `budget`, the instructions asked for are done; `returned`, pc is the
 * return address; `call`, the call hook asked for it; `break`, after an `ebreak`.
 */
export type Stop =
  | { readonly reason: "budget" | "returned" | "call" | "break" }
  | { readonly reason: "fault"; readonly fault: Fault; readonly address: number };

/**
 * Does a kernel call. pc is already behind the call's instruction and the instruction is counted;
 * the hook may change any register, pc and memory. Returning "stop" ends the run.
 */
export type CallHook = (cpu: ReferenceCpu, nr: number) => "stop" | undefined;

export interface ReferenceOptions {
  /** The whole guest memory; its length is the first address that does not exist. */
  readonly memory: Uint8Array;
  /** Where the text lies in memory, in bytes. */
  readonly text: { readonly base: number; readonly size: number };
  /** Called for custom-0 with the instruction's number, and for `ecall` with a7. */
  readonly onCall?: CallHook;
  /** What mhartid is; 0 where it is not given. */
  readonly hart?: number;
  /** What `cycle` and `time` were at the first instruction; 0 where it is not given. */
  readonly cycles?: number;
  /** The address at which the body has returned. */
  readonly returnAddress?: number;
}

/** The return address of a thread's body where none is given. */
export const RETURN_ADDRESS = 0xfffffff0;

/** What a faulting instruction throws, and `run` turns into a stop. */
class FaultSignal {
  readonly fault: Fault;
  readonly address: number;

  constructor(fault: Fault, address: number) {
    this.fault = fault;
    this.address = address >>> 0;
  }
}

const bits = (word: number, high: number, low: number): number =>
  (word >>> low) & (2 ** (high - low + 1) - 1);

const signExtend = (value: number, width: number): number =>
  (value << (32 - width)) >> (32 - width);

const immediateI = (w: number): number => w >> 20;
const immediateS = (w: number): number => signExtend((bits(w, 31, 25) << 5) | bits(w, 11, 7), 12);
const immediateB = (w: number): number =>
  signExtend(
    (bits(w, 31, 31) << 12) |
      (bits(w, 7, 7) << 11) |
      (bits(w, 30, 25) << 5) |
      (bits(w, 11, 8) << 1),
    13,
  );
const immediateJ = (w: number): number =>
  signExtend(
    (bits(w, 31, 31) << 20) |
      (bits(w, 19, 12) << 12) |
      (bits(w, 20, 20) << 11) |
      (bits(w, 30, 21) << 1),
    21,
  );

/** One CPU with its registers. Several may share a memory; reservations are each CPU's own. */
export class ReferenceCpu {
  /** x0 to x31, as signed words; x0 is 0 before every instruction. */
  readonly x = new Int32Array(32);
  pc: number;
  /** Instructions that were completed. */
  instructions = 0;
  /** The address that `lr.w` reserved, or -1. */
  reservation = -1;
  private readonly view: DataView;
  private readonly textBase: number;
  private readonly textEnd: number;
  private readonly onCall: CallHook | undefined;
  private readonly returnAddress: number;
  private readonly hart: number;
  private readonly cycles: number;
  /** Bytes of the instruction that is executed. */
  private length = 4;

  constructor(options: ReferenceOptions) {
    const { memory, text, onCall, returnAddress = RETURN_ADDRESS } = options;
    this.view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    this.textBase = text.base;
    this.textEnd = text.base + text.size;
    this.onCall = onCall;
    this.returnAddress = returnAddress;
    this.hart = options.hart ?? 0;
    this.cycles = options.cycles ?? 0;
    this.pc = text.base;
    this.x[1] = returnAddress;
  }

  /** Executes at most `budget` instructions. */
  run(budget: number): Stop {
    try {
      for (let done = 0; done < budget; done++) {
        if (this.pc === this.returnAddress) return { reason: "returned" };
        const stop = this.step();
        if (stop !== undefined) return { reason: stop };
      }
    } catch (thrown) {
      if (!(thrown instanceof FaultSignal)) throw thrown;
      return { reason: "fault", fault: thrown.fault, address: thrown.address };
    }
    return { reason: this.pc === this.returnAddress ? "returned" : "budget" };
  }

  private step(): "call" | "break" | undefined {
    this.x[0] = 0;
    const word = this.fetch();
    const opcode = bits(word, 6, 0);
    if (opcode === 0x0b || opcode === 0x73) return this.system(word);
    this.pc = this.execute(opcode, word) >>> 0;
    this.x[0] = 0;
    this.instructions++;
    return undefined;
  }

  /** The instruction at pc, in its form of 32 bits. */
  private fetch(): number {
    const { pc } = this;
    if (pc % 2 !== 0 || pc < this.textBase || pc + 2 > this.textEnd) {
      throw new FaultSignal("fetch", pc);
    }
    const half = this.view.getUint16(pc, true);
    this.length = half % 4 === 3 ? 4 : 2;
    if (this.length === 2) return expandCompressed(half) ?? this.illegal();
    if (pc + 4 > this.textEnd) throw new FaultSignal("fetch", this.textEnd);
    return this.view.getInt32(pc, true);
  }

  private illegal(): never {
    throw new FaultSignal("illegal-instruction", this.pc);
  }

  private system(word: number): "call" | "break" | undefined {
    const isKernelCall = bits(word, 6, 0) === 0x0b;
    if (isKernelCall && bits(word, 19, 7) !== 0) this.illegal();
    const isCall = isKernelCall || word === 0x73;
    const value = isCall || word === 0x100073 ? undefined : this.csr(word);
    this.pc = (this.pc + this.length) >>> 0;
    this.instructions++;
    if (value !== undefined) this.x[bits(word, 11, 7)] = value;
    this.x[0] = 0;
    if (word === 0x100073) return "break";
    if (!isCall) return undefined;
    const nr = isKernelCall ? bits(word, 31, 20) : this.x[17]! >>> 0;
    return this.onCall?.(this, nr) === "stop" ? "call" : undefined;
  }

  /** What a csr instruction reads. */
  private csr(word: number): number {
    const funct3 = bits(word, 14, 12);
    const isRead = [2, 3, 6, 7].includes(funct3) && bits(word, 19, 15) === 0;
    if (!isRead) this.illegal();
    switch (bits(word, 31, 20)) {
      case 0xc00:
      case 0xc01:
        return (this.cycles + this.instructions) | 0;
      case 0xc02:
        return this.instructions | 0;
      case 0xc80:
      case 0xc81:
        return Math.floor((this.cycles + this.instructions) / 2 ** 32);
      case 0xc82:
        return Math.floor(this.instructions / 2 ** 32);
      case 0xf14:
        return this.hart;
      default:
        return this.illegal();
    }
  }

  /** Executes a word and returns the next pc. */
  private execute(opcode: number, word: number): number {
    const next = this.pc + this.length;
    const rd = bits(word, 11, 7);
    switch (opcode) {
      case 0x37:
        this.x[rd] = word & 0xfffff000;
        return next;
      case 0x17:
        this.x[rd] = this.pc + (word & 0xfffff000);
        return next;
      case 0x6f:
        return this.link(rd, this.pc + immediateJ(word));
      case 0x67:
        return this.jumpAndLinkRegister(word, rd);
      case 0x63:
        return this.branch(word) ? this.pc + immediateB(word) : next;
      case 0x03:
        this.x[rd] = this.load(word);
        return next;
      case 0x23:
        this.store(word);
        return next;
      case 0x13:
        this.x[rd] = this.immediateOperation(word);
        return next;
      case 0x33:
        this.x[rd] = this.registerOperation(word);
        return next;
      case 0x0f:
        if (bits(word, 14, 12) > 1) this.illegal();
        return next;
      case 0x2f:
        this.x[rd] = this.atomic(word);
        return next;
      default:
        return this.illegal();
    }
  }

  private link(rd: number, target: number): number {
    this.x[rd] = this.pc + this.length;
    return target;
  }

  private jumpAndLinkRegister(word: number, rd: number): number {
    if (bits(word, 14, 12) !== 0) this.illegal();
    const target = (this.rs1(word) + immediateI(word)) & ~1;
    return this.link(rd, target);
  }

  private rs1(word: number): number {
    return this.x[bits(word, 19, 15)]!;
  }

  private rs2(word: number): number {
    return this.x[bits(word, 24, 20)]!;
  }

  private branch(word: number): boolean {
    const a = this.rs1(word);
    const b = this.rs2(word);
    switch (bits(word, 14, 12)) {
      case 0:
        return a === b;
      case 1:
        return a !== b;
      case 4:
        return a < b;
      case 5:
        return a >= b;
      case 6:
        return a >>> 0 < b >>> 0;
      case 7:
        return a >>> 0 >= b >>> 0;
      default:
        return this.illegal();
    }
  }

  private load(word: number): number {
    const address = (this.rs1(word) + immediateI(word)) >>> 0;
    const funct3 = bits(word, 14, 12);
    const size = [1, 2, 4, 0, 1, 2, 0, 0][funct3]!;
    if (size === 0) this.illegal();
    this.checkLoad(address, size);
    switch (funct3) {
      case 0:
        return this.view.getInt8(address);
      case 1:
        return this.view.getInt16(address, true);
      case 2:
        return this.view.getInt32(address, true);
      case 4:
        return this.view.getUint8(address);
      default:
        return this.view.getUint16(address, true);
    }
  }

  private store(word: number): void {
    const address = (this.rs1(word) + immediateS(word)) >>> 0;
    const value = this.rs2(word);
    const size = [1, 2, 4][bits(word, 14, 12)];
    if (size === undefined) this.illegal();
    this.checkStore(address, size);
    if (size === 1) this.view.setInt8(address, value);
    else if (size === 2) this.view.setInt16(address, value, true);
    else this.view.setInt32(address, value, true);
  }

  private checkLoad(address: number, size: number): void {
    if (address + size > this.view.byteLength) throw new FaultSignal("load", address);
  }

  private checkStore(address: number, size: number): void {
    const inText = address + size > this.textBase && address < this.textEnd;
    if (inText || address + size > this.view.byteLength) throw new FaultSignal("store", address);
  }

  private immediateOperation(word: number): number {
    const a = this.rs1(word);
    const imm = immediateI(word);
    switch (bits(word, 14, 12)) {
      case 0:
        return a + imm;
      case 1:
        if (bits(word, 31, 25) !== 0) this.illegal();
        return a << bits(word, 24, 20);
      case 2:
        return a < imm ? 1 : 0;
      case 3:
        return a >>> 0 < imm >>> 0 ? 1 : 0;
      case 4:
        return a ^ imm;
      case 5:
        return this.shiftRight(bits(word, 31, 25), a, bits(word, 24, 20));
      case 6:
        return a | imm;
      default:
        return a & imm;
    }
  }

  private shiftRight(funct7: number, value: number, amount: number): number {
    if (funct7 === 0) return value >>> amount;
    if (funct7 === 0x20) return value >> amount;
    return this.illegal();
  }

  private registerOperation(word: number): number {
    const a = this.rs1(word);
    const b = this.rs2(word);
    const funct3 = bits(word, 14, 12);
    switch (bits(word, 31, 25)) {
      case 0x00:
        return baseOperation(funct3, a, b);
      case 0x01:
        return multiplyOperation(funct3, a, b);
      case 0x20:
        if (funct3 === 0) return a - b;
        if (funct3 === 5) return a >> (b & 31);
        return this.illegal();
      default:
        return this.illegal();
    }
  }

  private atomic(word: number): number {
    const funct5 = bits(word, 31, 27);
    const isLoad = funct5 === 0x02;
    const isKnown = isLoad || funct5 === 0x03 || atomicOperations.has(funct5);
    if (bits(word, 14, 12) !== 2 || !isKnown) this.illegal();
    if (isLoad && bits(word, 24, 20) !== 0) this.illegal();
    const address = this.rs1(word) >>> 0;
    if (address % 4 !== 0) throw new FaultSignal("misaligned-atomic", address);
    if (isLoad) return this.loadReserved(address);
    this.checkStore(address, 4);
    return funct5 === 0x03
      ? this.storeConditional(address, this.rs2(word))
      : this.readModifyWrite(address, atomicOperations.get(funct5)!, this.rs2(word));
  }

  private loadReserved(address: number): number {
    this.checkLoad(address, 4);
    this.reservation = address;
    return this.view.getInt32(address, true);
  }

  private storeConditional(address: number, value: number): number {
    const succeeds = this.reservation === address;
    this.reservation = -1;
    if (succeeds) this.view.setInt32(address, value, true);
    return succeeds ? 0 : 1;
  }

  private readModifyWrite(address: number, operation: AtomicOperation, value: number): number {
    const old = this.view.getInt32(address, true);
    this.view.setInt32(address, operation(old, value), true);
    return old;
  }
}

type AtomicOperation = (old: number, value: number) => number;

const atomicOperations: ReadonlyMap<number, AtomicOperation> = new Map([
  [0x00, (old: number, value: number) => old + value],
  [0x01, (_: number, value: number) => value],
  [0x04, (old: number, value: number) => old ^ value],
  [0x08, (old: number, value: number) => old | value],
  [0x0c, (old: number, value: number) => old & value],
  [0x10, (old: number, value: number) => Math.min(old, value)],
  [0x14, (old: number, value: number) => Math.max(old, value)],
  [0x18, (old: number, value: number) => Math.min(old >>> 0, value >>> 0)],
  [0x1c, (old: number, value: number) => Math.max(old >>> 0, value >>> 0)],
]);

function baseOperation(funct3: number, a: number, b: number): number {
  switch (funct3) {
    case 0:
      return a + b;
    case 1:
      return a << (b & 31);
    case 2:
      return a < b ? 1 : 0;
    case 3:
      return a >>> 0 < b >>> 0 ? 1 : 0;
    case 4:
      return a ^ b;
    case 5:
      return a >>> (b & 31);
    case 6:
      return a | b;
    default:
      return a & b;
  }
}

/** The high word of a product, exactly. */
const highWord = (a: number, b: number): number => Number((BigInt(a) * BigInt(b)) >> 32n);

function multiplyOperation(funct3: number, a: number, b: number): number {
  const [ua, ub] = [a >>> 0, b >>> 0];
  switch (funct3) {
    case 0:
      return Math.imul(a, b);
    case 1:
      return highWord(a, b);
    case 2:
      return highWord(a, ub);
    case 3:
      return highWord(ua, ub);
    case 4:
      return b === 0 ? -1 : a / b;
    case 5:
      return b === 0 ? -1 : ua / ub;
    case 6:
      return b === 0 ? a : a % b;
    default:
      return b === 0 ? a : ua % ub;
  }
}
