/**
 * The program builder: RISC-V programs for threads, without a compiler.
 *
 *     program("yielder").label("again").compute(us(100)).call("lwkt_yield").jump("again").build();
 *
 * Each method places something and returns the builder. Mistakes in one instruction are reported
 * by the method straight away; labels may be defined after they are used, so `build` checks those.
 *
 * Registers belong to the program, with two exceptions. A kernel call gets its arguments in a0, a1,
 * ... and changes only these and its result. The builder itself writes to **t6** in the places whose
 * documentation says so, and to the counters of loops.
 *
 * Rejected: allocating registers for named variables. It would be a compiler, and what a program
 * costs in cycles should be plain from its text.
 */

import { checkArgument, shown, text } from "../core/arguments.js";
import {
  type ArgumentKind,
  type CallSpec,
  type CallTable,
  callNames,
  checkCallTable,
  registersOf,
} from "../core/call-table.js";
import { ConfigError } from "../core/errors.js";
import { assemble } from "./assemble.js";
import {
  decode,
  encode,
  encodeI,
  encodeKernelCall,
  encodeLoad,
  encodeS,
  encodeU,
  invertBranch,
  type MnemonicOf,
} from "./encode.js";
import { messageOf, ProgramError } from "./errors.js";
import { Instructions } from "./instructions.js";
import { type DataBlock, describeItem, type Item, type PendingValue } from "./items.js";
import { type Move, orderMoves } from "./moves.js";
import {
  type Constant32,
  type Cycles,
  contentRule,
  type Duration,
  type External,
  formatOperand,
  mistakeIn,
  type Operand,
  type OperandsOf,
  type Symbolic,
  symbol,
  type WordAt,
} from "./operands.js";
import type { Program } from "./program.js";
import { isRegister, type Register, registerName } from "./registers.js";

/** A comparison; those that end in `u` compare unsigned numbers. */
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "<u" | "<=u" | ">u" | ">=u";

/** A condition, such as `["a0", "<", "a1"]`. A number on the right other than 0 goes through t6. */
export type Condition = readonly [Register, Comparison, Register | number];

/** What `data` defines: words, bytes, or a number of zero bytes. */
export type DataContent =
  | { readonly words: readonly (number | Constant32)[]; readonly align?: number }
  | { readonly bytes: Iterable<number>; readonly align?: number }
  | { readonly zero: number; readonly align?: number };

/** How often a loop runs: a number, or a 32-bit unsigned value that is taken when it starts. */
export type LoopCount = number | Register | External | WordAt;

const comparisons: Record<Comparison, { op: MnemonicOf<"B">; swapped: boolean }> = {
  "==": { op: "beq", swapped: false },
  "!=": { op: "bne", swapped: false },
  "<": { op: "blt", swapped: false },
  ">=": { op: "bge", swapped: false },
  ">": { op: "blt", swapped: true },
  "<=": { op: "bge", swapped: true },
  "<u": { op: "bltu", swapped: false },
  ">=u": { op: "bgeu", swapped: false },
  ">u": { op: "bltu", swapped: true },
  "<=u": { op: "bgeu", swapped: true },
};

const argumentRegisters = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"] as const;

/** The registers that loops take their counters from, in the order of preference. */
const counterRegisters: readonly Register[] = [
  ...(["s11", "s10", "s9", "s8", "s7", "s6", "s5", "s4", "s3", "s2", "s1", "s0"] as const),
];

const SCRATCH = "t6";

/** A loop that has been placed, as a range of items. */
interface Loop {
  readonly counter: Register;
  readonly automatic: boolean;
  /** Whether the counter also counts another loop. */
  readonly shared: boolean;
  readonly start: number;
  end: number;
  callsSubroutine: boolean;
}

/** Whatever a call's arguments need besides the moves between registers. */
type Load = () => unknown;

/** Builds one program. `T` is the table of the kernel calls that it can make. */
export class ProgramBuilder<const T extends CallTable> extends Instructions {
  private readonly table: T;
  private readonly name: string;
  private readonly items: Item[] = [];
  private readonly labels = new Map<string, number>();
  private readonly blocks = new Map<string, DataBlock>();
  private readonly notes = new Map<number, string[]>();
  private readonly comments = new Map<number, string[]>();
  private readonly ownLabels = new Set<string>();
  private readonly loops: Loop[] = [];
  private entryLabel: string | undefined;

  constructor(table: T, name: string) {
    super();
    this.table = table;
    this.name = name;
  }

  // Labels, comments, data

  /**
   * Names the next instruction. A name is unique in the program, among labels and data, and does
   * not begin with a dot.
   */
  label(name: string): this {
    this.checkName(name);
    this.labels.set(name, this.items.length);
    return this;
  }

  /** A new label name, for code that is placed several times; define it with `label`. */
  newLabel(hint = "label"): string {
    if (typeof hint !== "string") this.fail(`${shown(hint)} is no text`);
    const name = `.${hint}${this.ownLabels.size + 1}`;
    this.ownLabels.add(name);
    return name;
  }

  /** Starts execution at a label rather than at the first instruction. */
  entry(label: string): this {
    checkArgument("entry", "label", label, text);
    this.entryLabel = label;
    return this;
  }

  /** Shows a line of text in the listing, above the next instruction. */
  comment(line: string): this {
    checkArgument("comment", "line", line, text);
    append(this.comments, this.items.length, line);
    return this;
  }

  /** Applies a function that places something: for parts that several programs share. */
  apply(part: (builder: this) => unknown): this {
    this.checkFunction(part);
    part(this);
    return this;
  }

  /**
   * Defines a block of data: `{ words }`, `{ bytes }` or `{ zero: n }` bytes. It is aligned to
   * `align` bytes (a power of two; 4 by default). Words can be operands such as `symbol("next")`.
   */
  data(name: string, content: DataContent): this {
    this.checkName(name);
    this.blocks.set(name, this.makeBlock(name, content));
    return this;
  }

  // Values and memory

  /**
   * rd = a constant: a number from -2^31 to 2^32 - 1 in one or two instructions, or an operand that
   * is known when the program is loaded (`ticks`, `channel`, `string`, `symbol`, `label`,
   * `external`), in two.
   */
  li(rd: Register, value: number | Constant32): this {
    if (typeof value === "number") return this.loadNumber(rd, value);
    if (typeof value !== "object" || value === null) this.fail(`${shown(value)} is no constant`);
    const constant = pendingOf(value);
    return typeof constant === "number"
      ? this.loadNumber(rd, constant)
      : this.loadPending(rd, constant);
  }

  /** rd = the address of a data block or label, plus `offset` bytes. */
  la(rd: Register, name: string, offset = 0): this {
    return this.loadPending(rd, symbol(name, offset));
  }

  /** rd = the word in a data block, at `offset` bytes. */
  load(rd: Register, name: string, offset = 0): this {
    return this.placePair(rd, () => encodeLoad("lw", rd, rd, 0), symbol(name, offset));
  }

  /** Stores `value` in a data block, at `offset` bytes; t6 gets the address. */
  store(value: Register, name: string, offset = 0): this {
    if (value === SCRATCH) this.fail("store needs t6 for the address, so it cannot store t6");
    return this.placePair(SCRATCH, () => encodeS("sw", value, SCRATCH, 0), symbol(name, offset));
  }

  /** Places a word as it is. */
  raw(word: number): this {
    return this.place(() => {
      checkWord(word);
      return word >>> 0;
    });
  }

  // Control flow

  /**
   * Repeats `body` `count` times; 0 is not at all. The counter runs from `count` down to 1 and is
   * handed to `body`, which may read it but not write to it. Without `counter` it is an s-register
   * (from s11 down) that the program has not mentioned so far. A subroutine that `body` calls must
   * leave the counter alone.
   */
  loop(
    count: LoopCount,
    body: (builder: this, counter: Register) => unknown,
    { counter }: { counter?: Register } = {},
  ): this {
    this.checkFunction(body);
    if (typeof count === "object" ? count === null : !["number", "string"].includes(typeof count)) {
      this.fail(`a loop cannot run ${shown(count)} times`);
    }
    return this.statement(`loop ${formatOperand(count)} times`, () => {
      const loop = this.openLoop(counter);
      const again = this.newLabel("loop");
      const done = this.newLabel("done");
      this.loadCount(loop.counter, count);
      if (typeof count !== "number" || count === 0) this.beqz(loop.counter, done);
      this.label(again);
      const bodyStart = this.items.length;
      body(this, loop.counter);
      this.checkBody(loop, bodyStart);
      this.addi(loop.counter, loop.counter, -1).bnez(loop.counter, again).label(done);
      loop.end = this.items.length;
    });
  }

  /** Repeats `body` forever. */
  forever(body: (builder: this) => unknown): this {
    this.checkFunction(body);
    const again = this.newLabel("forever");
    this.label(again);
    body(this);
    return this.jump(again);
  }

  /** Does `then` where the condition holds when it is reached, and else `otherwise`. */
  if(
    condition: Condition,
    then: (builder: this) => unknown,
    otherwise?: (builder: this) => unknown,
  ): this {
    this.checkFunction(then);
    if (otherwise !== undefined) this.checkFunction(otherwise);
    const skip = this.newLabel("else");
    this.branchUnless(condition, skip);
    then(this);
    if (otherwise === undefined) return this.label(skip);
    const end = this.newLabel("end");
    this.jump(end).label(skip);
    otherwise(this);
    return this.label(end);
  }

  /** Repeats `body` as long as the condition holds, which is tested before each time. */
  while(condition: Condition, body: (builder: this) => unknown): this {
    this.checkFunction(body);
    const again = this.newLabel("while");
    const end = this.newLabel("end");
    this.label(again).branchUnless(condition, end);
    body(this);
    return this.jump(again).label(end);
  }

  /** Goes to `label` where the condition holds. */
  branchIf(condition: Condition, label: string): this {
    return this.branchOn(condition, label, false);
  }

  /** Goes to `label` where the condition does not hold. */
  branchUnless(condition: Condition, label: string): this {
    return this.branchOn(condition, label, true);
  }

  /**
   * Calls the subroutine at a label. It overwrites ra, where a thread's body has its own return
   * address: a body that calls subroutines ends by a kernel call, or keeps ra elsewhere.
   */
  callSub(label: string): this {
    return this.jal("ra", label);
  }

  /** Defines a subroutine: the label, the body, and `ret`. */
  subroutine(name: string, body: (builder: this) => unknown): this {
    this.checkFunction(body);
    this.label(name);
    body(this);
    return this.ret();
  }

  // Kernel calls

  /**
   * Makes a kernel call. The arguments go to a0, a1, ... all at the same time, so that they may be given in
   * these registers in any order; a 64-bit argument takes two registers (a single register stands
   * for its low word, with the high word 0). The result is in a0, for a 64-bit one in a0 and a1.
   * Some calls with a 32-bit result return a second one in a1, as their documentation says. All
   * other registers keep their values.
   */
  call<N extends keyof T & string>(name: N, ...args: OperandsOf<T[N]["args"]>): this {
    const call = Object.hasOwn(this.table, name) ? this.table[name] : undefined;
    if (call === undefined) this.fail(`there is no kernel call ${shown(name)}`);
    const operands: readonly Operand[] = args;
    if (operands.length !== call.args.length) {
      this.fail(`${name} takes ${call.args.length} arguments, not ${operands.length}`);
    }
    const emit = () => {
      this.passArguments(name, call.args, operands);
      this.place(() => encodeKernelCall(call.nr));
    };
    const list = operands.map(formatOperand).join(", ");
    return list === "" ? this.run(emit) : this.statement(`${name}(${list})`, emit);
  }

  /**
   * Computes for an amount of virtual time, a number of cycles, or a 64-bit number of cycles in
   * registers. It can be preempted in the middle. Uses a0 and a1.
   */
  compute(amount: Duration | Cycles | number | bigint): this {
    const args: readonly Operand[] = [amount];
    return this.call("compute", ...(args as OperandsOf<T["compute"]["args"]>));
  }

  // The result

  /**
   * Makes the program. One that can run off its end returns there, which ends its thread. The
   * builder can be added to and built again.
   */
  build(): Program {
    this.checkCounters();
    return assemble({
      name: this.name,
      items: this.needsReturn() ? [...this.items, this.returnItem()] : [...this.items],
      labels: new Map(this.labels),
      notes: new Map(this.notes),
      comments: new Map(this.comments),
      blocks: [...this.blocks.values()],
      entry: this.entryLabel,
      callName: callNames(this.table),
    });
  }

  // Placing

  protected override place(make: () => number): this {
    return this.push({ kind: "word", word: this.guard(make) });
  }

  protected override placeBranch(
    op: MnemonicOf<"B">,
    rs1: Register,
    rs2: Register,
    target: string,
  ): this {
    this.guard(() => [rs1, rs2].map(checkRegister));
    return this.push({ kind: "branch", op, rs1, rs2, target });
  }

  protected override placeJump(rd: Register, target: string): this {
    this.guard(() => checkRegister(rd));
    return this.push({ kind: "jump", rd, target });
  }

  private placePair(upperRd: Register, lower: () => number, value: PendingValue): this {
    const upper = this.guard(() => encodeU("lui", upperRd, 0));
    return this.push({ kind: "pair", upper, lower: this.guard(lower), value });
  }

  private push(item: Item): this {
    this.items.push(item);
    return this;
  }

  private run(emit: () => unknown): this {
    emit();
    return this;
  }

  /** Places several instructions that the listing shows as one statement. */
  private statement(text: string, emit: () => unknown): this {
    append(this.notes, this.items.length, text);
    return this.run(emit);
  }

  private guard<R>(make: () => R): R {
    try {
      return make();
    } catch (thrown) {
      if (thrown instanceof RangeError) this.fail(messageOf(thrown));
      throw thrown;
    }
  }

  private fail(message: string): never {
    const where = `program "${this.name}", instruction ${this.items.length + 1}`;
    throw new ProgramError(this.name, `${where}: ${message}`);
  }

  private checkFunction(part: unknown): void {
    if (typeof part !== "function") this.fail(`${shown(part)} is not a function`);
  }

  private checkName(name: string): void {
    if (typeof name !== "string") this.fail(`${shown(name)} cannot be a name: it is no text`);
    if (name === "" || (name.startsWith(".") && !this.ownLabels.has(name))) {
      this.fail(`"${name}" cannot be a name: it is empty or begins with a dot`);
    }
    if (this.labels.has(name) || this.blocks.has(name)) this.fail(`"${name}" is defined twice`);
  }

  // Values

  private loadNumber(rd: Register, value: number): this {
    this.guard(() => checkWord(value));
    const signed = value | 0;
    if (signed >= -2048 && signed <= 2047) return this.addi(rd, "zero", signed);
    const lower = (signed << 20) >> 20;
    this.lui(rd, ((signed - lower) >>> 12) & 0xfffff);
    return lower === 0 ? this : this.addi(rd, rd, lower);
  }

  private loadPending(rd: Register, value: PendingValue): this {
    return this.placePair(rd, () => encodeI("addi", rd, rd, 0), value);
  }

  private makeBlock(name: string, content: DataContent): DataBlock {
    checkArgument("data", "content", content, contentRule);
    const { align = 4 } = content;
    const powerOfTwo = Number.isInteger(align) && align > 0 && Number.isInteger(Math.log2(align));
    if (!powerOfTwo) this.fail(`data "${name}": alignment ${align} is not a power of two`);
    if ("zero" in content) return this.zeroBlock(name, content.zero, align);
    if ("bytes" in content) {
      const bytes = Uint8Array.from(content.bytes);
      return { name, size: bytes.length, align, bytes, values: [] };
    }
    return this.wordBlock(name, content.words, align);
  }

  private zeroBlock(name: string, size: number, align: number): DataBlock {
    if (!Number.isSafeInteger(size) || size < 0 || size > 2 ** 32) {
      this.fail(`data "${name}": ${size} is not a number of bytes`);
    }
    return { name, size, align, values: [] };
  }

  private wordBlock(
    name: string,
    words: readonly (number | Constant32)[],
    align: number,
  ): DataBlock {
    if (align < 4) this.fail(`data "${name}": words need an alignment of 4 or more`);
    const values: { at: number; value: PendingValue }[] = [];
    const bytes = new Uint8Array(words.length * 4);
    const view = new DataView(bytes.buffer);
    words.forEach((word, index) => {
      const constant = typeof word === "number" ? word : pendingOf(word);
      if (typeof constant === "object") values.push({ at: index * 4, value: constant });
      else
        view.setUint32(
          index * 4,
          this.guard(() => checkWord(constant)),
          true,
        );
    });
    return { name, size: bytes.length, align, bytes, values };
  }

  // Conditions

  private branchOn(condition: Condition, label: string, inverted: boolean): this {
    if (!Array.isArray(condition)) this.fail(`${shown(condition)} is not a condition`);
    const [left, comparison, right] = condition;
    const form = comparisons[comparison];
    if (form === undefined) this.fail(`"${String(comparison)}" is not a comparison`);
    const other = this.comparand(left, right);
    const op = inverted ? invertBranch(form.op) : form.op;
    return form.swapped
      ? this.placeBranch(op, other, left, label)
      : this.placeBranch(op, left, other, label);
  }

  private comparand(left: Register, right: Register | number): Register {
    if (typeof right !== "number") return right;
    if (right === 0) return "zero";
    if (left === SCRATCH) this.fail(`comparing with ${right} needs t6, so t6 cannot be compared`);
    this.loadNumber(SCRATCH, right);
    return SCRATCH;
  }

  // Loops

  private openLoop(chosen: Register | undefined): Loop {
    if (chosen === "zero") this.fail("the register zero cannot count a loop");
    const counter = chosen ?? this.freeCounter();
    const loop: Loop = {
      counter,
      automatic: chosen === undefined,
      shared: this.loops.some((other) => other.counter === counter),
      start: this.items.length,
      end: Number.POSITIVE_INFINITY,
      callsSubroutine: false,
    };
    this.loops.push(loop);
    return loop;
  }

  private freeCounter(): Register {
    const mentioned = new Set(this.items.flatMap(mentionedRegisters));
    const busy = this.loops.filter((loop) => loop.end === Number.POSITIVE_INFINITY);
    const isFresh = (register: Register) =>
      !mentioned.has(register) && !busy.some((loop) => loop.counter === register);
    const fresh = counterRegisters.find(isFresh) ?? this.finishedCounter(busy);
    if (fresh === undefined) this.fail("no s-register is left for the loop; name its counter");
    return fresh;
  }

  /** The counter of a finished loop, once no other register is left. */
  private finishedCounter(busy: readonly Loop[]): Register | undefined {
    const taken = new Set(busy.map((loop) => loop.counter));
    for (const loop of this.loops) {
      if (!loop.automatic || loop.callsSubroutine) taken.add(loop.counter);
    }
    return this.loops.find((loop) => !taken.has(loop.counter))?.counter;
  }

  private loadCount(counter: Register, count: LoopCount): void {
    if (typeof count === "number") {
      if (count < 0) this.fail(`a loop cannot run ${count} times`);
      this.loadNumber(counter, count);
    } else if (typeof count === "string") this.mv(counter, count);
    else if (count.kind === "external") this.li(counter, count);
    else this.load(counter, count.name, count.offset);
  }

  private checkBody(loop: Loop, bodyStart: number): void {
    const body = this.items.slice(bodyStart);
    const { counter } = loop;
    const isResult = counter === "a0" || counter === "a1";
    const writes = (item: Item) =>
      writtenRegister(item) === counter || (isResult && isKernelCall(item));
    if (body.some(writes)) {
      this.fail(`the loop's body writes to ${loop.counter}, which counts the loop`);
    }
    loop.callsSubroutine = body.some(isSubroutineCall);
    if (loop.automatic && loop.shared && loop.callsSubroutine) {
      this.fail("a loop whose body calls a subroutine needs a counter of its own; name it");
    }
  }

  /** A register that the builder took for counting must not be the program's own elsewhere. */
  private checkCounters(): void {
    const automatic = this.loops.filter((loop) => loop.automatic);
    const counters = new Set<Register | undefined>(automatic.map((loop) => loop.counter));
    this.items.forEach((item, index) => {
      const written = writtenRegister(item);
      if (!counters.has(written)) return;
      const counts = (loop: Loop) =>
        loop.counter === written && index >= loop.start && index < loop.end;
      if (this.loops.some(counts)) return;
      const where = `program "${this.name}", ${describeItem(index, item)}`;
      const advice = `a loop was given that register as its counter; name the loop's counter`;
      throw new ProgramError(this.name, `${where} writes to ${written}, but ${advice}`);
    });
  }

  // Kernel calls

  private passArguments(
    name: string,
    kinds: readonly ArgumentKind[],
    operands: readonly Operand[],
  ): void {
    const moves: Move[] = [];
    const loads: Load[] = [];
    const free = argumentRegisters.values();
    // The table has been checked: no call takes more than the eight registers.
    const nextRegister = () => free.next().value as Register;
    operands.forEach((operand, index) => {
      const kind = kinds[index] as ArgumentKind;
      this.checkArgument(name, kind, index, operand);
      const lo = nextRegister();
      if (registersOf(kind) === 1) this.passWord(lo, kind, operand, moves, loads);
      else this.passDouble(lo, nextRegister(), operand, moves, loads);
    });
    this.moveAll(moves);
    for (const load of loads) load();
  }

  private checkArgument(name: string, kind: ArgumentKind, index: number, operand: Operand): void {
    const mistake = mistakeIn(kind, operand);
    if (mistake !== null) this.fail(`argument ${index + 1} of ${name} (${kind}) ${mistake}`);
  }

  private passWord(
    to: Register,
    kind: ArgumentKind,
    operand: Operand,
    moves: Move[],
    loads: Load[],
  ): void {
    if (isRegister(operand)) moves.push({ to, from: operand });
    else if (typeof operand === "number") loads.push(() => this.loadNumber(to, operand));
    else if (typeof operand === "object") {
      const value = operand.kind === "duration" && kind === "ticks" ? ticksOf(operand) : operand;
      loads.push(() => this.loadSymbolic(to, value));
    }
  }

  private loadSymbolic(to: Register, value: Symbolic): void {
    if (value.kind === "word-at") this.load(to, value.name, value.offset);
    else this.li(to, value as Constant32);
  }

  private passDouble(
    lo: Register,
    hi: Register,
    operand: Operand,
    moves: Move[],
    loads: Load[],
  ): void {
    if (typeof operand === "number" || typeof operand === "bigint") {
      const value = this.guard(() => doubleWord(operand));
      loads.push(() => this.loadDouble(lo, hi, value));
    } else if (typeof operand === "string") {
      moves.push({ to: lo, from: operand }, { to: hi, from: "zero" });
    } else if (operand.kind === "pair") {
      moves.push({ to: lo, from: operand.lo }, { to: hi, from: operand.hi });
    } else if (operand.kind === "duration") {
      loads.push(() => this.loadCycles(lo, hi, operand.nanoseconds));
    } else if (operand.kind === "cycles") {
      this.passDouble(lo, hi, operand.amount, moves, loads);
    } else {
      loads.push(() => this.loadSymbolic(lo, operand));
      moves.push({ to: hi, from: "zero" });
    }
  }

  private loadDouble(lo: Register, hi: Register, value: bigint): void {
    this.loadNumber(lo, Number(BigInt.asUintN(32, value)));
    this.loadNumber(hi, Number(BigInt.asUintN(32, value >> 32n)));
  }

  private loadCycles(lo: Register, hi: Register, nanoseconds: bigint): void {
    this.loadPending(lo, { kind: "cycles", nanoseconds, part: "lo" });
    this.loadPending(hi, { kind: "cycles", nanoseconds, part: "hi" });
  }

  private moveAll(moves: readonly Move[]): void {
    for (const { op, to, from } of this.guard(() => orderMoves(moves))) {
      if (op === "mv") this.mv(to, from);
      else this.xor(to, to, from).xor(from, to, from).xor(to, to, from);
    }
  }

  // The end of the program

  /** Whether control can reach the end of the text. */
  private needsReturn(): boolean {
    const last = this.items.at(-1);
    if (last === undefined) return false;
    const open = [...this.labels.values()].includes(this.items.length);
    return open || !this.endsControl(last);
  }

  private endsControl(item: Item): boolean {
    if (item.kind === "jump") return item.rd === "zero";
    const insn = item.kind === "word" ? decode(item.word) : undefined;
    if (insn?.op === "jalr" || insn?.op === "jal") return insn.rd === 0;
    if (insn?.op !== "kcall") return false;
    const isLast = (call: CallSpec) => call.nr === insn.imm && call.returns === "never";
    return Object.values(this.table).some(isLast);
  }

  private returnItem(): Item {
    if (this.items.some(isSubroutineCall)) {
      throw new ProgramError(
        this.name,
        `program "${this.name}" runs off its end, but its return address is lost to a subroutine ` +
          "call: end it by a jump, a ret or a kernel call that does not return",
      );
    }
    return { kind: "word", word: encode({ op: "jalr", rd: 0, rs1: 1, rs2: 0, imm: 0 }) };
  }
}

function append(map: Map<number, string[]>, key: number, text: string): void {
  map.set(key, [...(map.get(key) ?? []), text]);
}

function checkRegister(name: Register): void {
  if (!isRegister(name)) throw new ConfigError(`"${String(name)}" is not a register`);
}

function checkWord(value: number): number {
  if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
    throw new ConfigError(`${shown(value)} is not a 32-bit number`);
  }
  return value;
}

function doubleWord(value: number | bigint): bigint {
  const exact = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!exact)
    throw new ConfigError(`${shown(value)} is not a whole number (use a BigInt beyond 2^53)`);
  const double = BigInt(value);
  if (double < -(1n << 63n) || double >= 1n << 64n) {
    throw new ConfigError(`${double} is not a 64-bit number`);
  }
  return double;
}

function ticksOf(duration: Duration): Constant32 {
  return { kind: "ticks", amount: duration };
}

function pendingOf(value: Constant32): PendingValue | number {
  if (value.kind !== "ticks") return value;
  if (typeof value.amount === "number") return value.amount;
  return { kind: "ticks", nanoseconds: value.amount.nanoseconds };
}

function itemWords(item: Item): number[] {
  if (item.kind === "word") return [item.word];
  return item.kind === "pair" ? [item.upper, item.lower] : [];
}

/** The register that an item changes, not counting what a kernel call does. */
function writtenRegister(item: Item): Register | undefined {
  if (item.kind === "jump") return item.rd === "zero" ? undefined : item.rd;
  const insn = decode(itemWords(item)[0] ?? 0);
  return insn === undefined || insn.rd === 0 ? undefined : registerName(insn.rd);
}

function mentionedRegisters(item: Item): Register[] {
  if (item.kind === "jump") return [item.rd];
  if (item.kind === "branch") return [item.rs1, item.rs2];
  return itemWords(item).flatMap((word) => {
    const insn = decode(word);
    return insn === undefined ? [] : [insn.rd, insn.rs1, insn.rs2].map(registerName);
  });
}

/** Whether an item is a kernel call, which changes a0 and may change a1. */
function isKernelCall(item: Item): boolean {
  const op = item.kind === "word" ? decode(item.word)?.op : undefined;
  return op === "kcall" || op === "ecall";
}

function isSubroutineCall(item: Item): boolean {
  if (item.kind === "jump") return item.rd !== "zero";
  const insn = item.kind === "word" ? decode(item.word) : undefined;
  return insn !== undefined && (insn.op === "jal" || insn.op === "jalr") && insn.rd !== 0;
}

/**
 * A factory of builders for programs that can make the kernel calls of `table`. Throws a ConfigError
 * if the table is inconsistent.
 */
export function programBuilder<const T extends CallTable>(
  table: T,
): (name?: string) => ProgramBuilder<T> {
  checkCallTable(table);
  return (name = "program") => new ProgramBuilder(table, name);
}
