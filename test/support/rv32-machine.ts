// One RV32 thread in a bare machine, compared with the reference interpreter on the same program, registers and memory.

import { Compiler } from "../../src/compiler/index.js";
import { KernelPanic } from "../../src/core/errors.js";
import * as Layout from "../../src/generated/layout.js";
import { encode, type Instruction, type Mnemonic } from "../../src/program/encode.js";
import { LwktMachine } from "./lwkt-machine.js";
import { mustBe } from "./must-be.js";
import { Random } from "./random.js";
import { randomProgram } from "./rv32-programs.js";
import { ReferenceCpu, type Stop } from "./rv32-reference.js";

export const TEXT_SIZE = 1024;
export const MEMORY_SIZE = 8192;
/** Where test programs begin: word 0 ends a thread. */
export const ENTRY = 0x100;

const { Sys } = Layout;

/** What runs, and from where. */
export interface Setup {
  readonly words: readonly number[];
  /** x1 to x31. */
  readonly registers: readonly number[];
  /** Every byte of guest memory behind the text is a function of this. */
  readonly fill: number;
  /** Cycles of a slice, and when the run ends. */
  readonly quantum: number;
  readonly until: number;
}

/** The word of an instruction; what its format lacks may be left out. */
export function word(op: Mnemonic, fields: Partial<Instruction> = {}): number {
  return encode({ op, rd: 0, rs1: 0, rs2: 0, imm: 0, ...fields });
}

function fillMemory(memory: Uint8Array, { words, fill }: Setup): void {
  let state = fill;
  for (let at = TEXT_SIZE; at < MEMORY_SIZE; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    memory[at] = state >>> 16;
  }
  const view = new DataView(memory.buffer, memory.byteOffset);
  for (const [index, value] of words.entries()) view.setUint32(ENTRY + 4 * index, value, true);
}

/** The machine and its thread. */
export class Subject {
  readonly machine: LwktMachine;
  readonly td: number;
  readonly guest: Uint8Array;
  /** Guest memory before the run. */
  readonly memory: Uint8Array;
  readonly compiler: Compiler | null;
  /** The panic that ended the run, or null. */
  panic: string | null = null;

  /** With `compiled`, everything possible is compiled before the run, and more during it. */
  constructor(setup: Setup, registers: 16 | 32 = 32, compiled = false) {
    this.machine = new LwktMachine({
      guestMemory: MEMORY_SIZE,
      textMemory: TEXT_SIZE,
      quantum: setup.quantum,
      maxthread: 10,
      objects: 1,
      registers,
      roundRobin: 0,
    });
    const { kernel } = this.machine;
    const base = kernel.machine("guest_base");
    this.guest = kernel.u8.subarray(base, base + MEMORY_SIZE);
    fillMemory(this.guest, setup);
    this.memory = this.guest.slice();
    kernel.exports.rv32_decode_text(ENTRY, ENTRY + 4 * setup.words.length);
    const name = kernel.intern("subject");
    const [error, td] = this.machine.call(Sys.lwkt_create, ENTRY, 0, 0, 0, name, 0);
    mustBe(error, 0, "error of lwkt_create");
    this.td = td >>> 0;
    for (const [index, value] of setup.registers.entries()) {
      if (index + 1 < registers) kernel.u32[this.place(index + 1)] = value;
    }
    // With small clusters, compiled functions lead to other compiled functions.
    const most = setup.fill % 2 === 0 ? {} : { most: 4 + (setup.fill % 40) };
    const eager = { period: 64, samples: 1, patience: 0, longest: 64, worth: 255, ...most };
    this.compiler = compiled ? new Compiler(kernel, eager) : null;
    this.compiler?.compile(ENTRY);
  }

  /** Runs until the given cycle, or a panic. */
  run(until: number): void {
    try {
      this.machine.run({ until: BigInt(until) });
    } catch (thrown) {
      if (!(thrown instanceof KernelPanic)) throw thrown;
      this.panic = thrown.message.replace(/^panic: /, "");
    }
  }

  private place(register: number): number {
    const { kernel } = this.machine;
    const high = this.td + kernel.machine("high_delta") + 4 * (register - 16);
    return (register < 16 ? kernel.frame(this.td) + 4 * register : high) >>> 2;
  }

  register(register: number): number {
    return this.machine.kernel.u32[this.place(register)] as number;
  }

  /** The guest address of the next instruction. */
  get pc(): number {
    const { kernel } = this.machine;
    return (kernel.read(this.td + Layout.Thread.td_pc) - kernel.machine("decoded_base")) / 8;
  }

  get instructions(): number {
    const { kernel } = this.machine;
    return Number(kernel.read64(kernel.globaldata(0) + Layout.GlobalData.gd_instructions));
  }

  /** Instructions until the end of the slice that was the last to run, if the thread ran nothing else. */
  get sliceInstructions(): number {
    const { kernel } = this.machine;
    const end = kernel.read64(kernel.globaldata(0) + Layout.GlobalData.gd_slice_end);
    return Number(end) - this.cyclesBefore;
  }

  /** The time at which the thread began to run, if the CPU has been busy with it since then. */
  get cyclesBefore(): number {
    const { kernel } = this.machine;
    const cycles = kernel.read64(kernel.globaldata(0) + Layout.GlobalData.gd_cycles);
    return Number(cycles) - this.instructions;
  }
}

const PANICS: readonly (readonly [RegExp, (stop: Stop) => boolean])[] = [
  [/^illegal instruction/, (stop) => isFault(stop, "illegal-instruction")],
  [/^jump out of the text/, (stop) => isFault(stop, "fetch")],
  [/^load out of/, (stop) => isFault(stop, "load")],
  [/^store out of/, (stop) => isFault(stop, "store")],
  [/^misaligned atomic/, (stop) => isFault(stop, "misaligned-atomic")],
  [/^breakpoint/, (stop) => stop.reason === "break"],
  [/kernel call/, () => true],
];

function isFault(stop: Stop, fault: string): boolean {
  return stop.reason === "fault" && stop.fault === fault;
}

/**
 * Runs the program in the machine, then as many instructions in the reference, and expects the same
 * registers, memory, pc and end. Yields do nothing, because there is no other thread.
 */
export function expectAsReference(setup: Setup, compiled = false): Subject {
  const subject = new Subject(setup, 32, compiled);
  const memory = subject.memory.slice();
  subject.run(setup.until);
  const reference = referenceOf(setup, memory, subject.cyclesBefore);
  const { instructions } = subject;
  if (instructions > 0) reference.run(instructions);
  mustBe(instructions, reference.instructions, "instructions");
  mustBe(subject.pc, reference.pc, "pc");
  for (let register = 1; register < 32; register++) {
    const wanted = (reference.x[register] as number) >>> 0;
    mustBe(subject.register(register), wanted, `x${register}`);
  }
  mustBe(Buffer.compare(subject.guest, memory), 0, "difference of memory");
  if (subject.panic !== null) expectSameEnd(subject.panic, reference);
  return subject;
}

function expectSameEnd(panic: string, reference: ReferenceCpu): void {
  const isSame = PANICS.find(([text]) => text.test(panic))?.[1];
  if (isSame === undefined) throw new Error(`a panic that this test does not know: ${panic}`);
  const stop = reference.run(1);
  // Here a jump out of the text faults at the jump; in the reference at its target.
  const later = /^jump out/.test(panic) && stop.reason === "budget" ? reference.run(1) : stop;
  mustBe(isSame(later), true, `${panic} / ${JSON.stringify(later)}`);
}

/** The reference interpreter where the program begins. */
function referenceOf(setup: Setup, memory: Uint8Array, cycles = 0): ReferenceCpu {
  const reference = new ReferenceCpu({
    memory,
    cycles,
    text: { base: 0, size: TEXT_SIZE },
    returnAddress: 0xffff_fff1,
    onCall: (cpu) => {
      cpu.reservation = -1;
      return undefined;
    },
  });
  reference.pc = ENTRY;
  for (const [index, value] of setup.registers.entries()) reference.x[index + 1] = value;
  return reference;
}

/**
 * Expects that a run of one slice, without kernel calls, went to the first taken branch or jump at or behind
 * the slice's end. A run that ended in a panic was shorter.
 */
export function expectSliceEnd(setup: Setup, subject: Subject): void {
  const { instructions, sliceInstructions } = subject;
  const reference = referenceOf(setup, subject.memory.slice());
  let jumped = true;
  while (reference.instructions < instructions) {
    mustBe(jumped && reference.instructions >= sliceInstructions, false, "behind the end");
    const before = reference.pc;
    reference.run(1);
    jumped = reference.pc !== before + 4;
  }
  if (subject.panic !== null) return;
  mustBe(instructions >= sliceInstructions, true, "the slice was used up");
  mustBe(jumped, true, "ends at a jump");
}

/** A register's value: an address, a small number, or anything. */
function registerValue(random: Random): number {
  if (random.once(3)) return random.below(MEMORY_SIZE);
  if (random.once(3)) return random.below(64);
  return random.below(2 ** 32);
}

/** A random program with random registers, memory and slices. */
export function randomSetup(seed: number, until: number): Setup {
  const random = new Random(seed);
  const registers = Array.from({ length: 31 }, () => registerValue(random));
  for (const pointer of [2, 8, 9]) registers[pointer - 1] = 4096;
  return {
    words: randomProgram(random, { from: ENTRY, to: TEXT_SIZE }),
    registers,
    fill: random.below(1000),
    quantum: 100 + random.below(random.once(2) ? 9900 : 400),
    until,
  };
}
