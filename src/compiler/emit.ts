// A cluster of guest functions as one WebAssembly function.
//
// It gets the thread, the instructions that are left of the slice, the number of an entry, and how far behind
// Text.storeLow it may store. Registers are loaded into locals where it begins and stored where it ends: it ends
// at one place, which every exit goes to after it has set the pc and what is left. What is left is reduced at
// the end of each block; an exit within a block takes off what the block has executed until then. After each
// jump and taken branch it is compared with 0, for the slice ends there (assembly/cpu/rv32.ts); so an
// instruction of the interpreter and of this code have the same place in time.
//
// Where an exit leads to compiled code of another function, that is called instead, in the place of this one
// (`chains`): what calls what on the host does not grow, and registers are in the thread's frame in between.

import { RECORD_SHIFT } from "../core/rv32-frame.js";
import { accessesOf } from "./accesses.js";
import type { Block, BlockCode, Reservations } from "./block.js";
import type { Cluster } from "./cluster.js";
import { emitOperation } from "./operations.js";
import type { RegisterUse } from "./registers.js";
import { type Graph, NO_NODE, type Part, type Region, structureOf } from "./structure.js";
import type { Step, Text } from "./text.js";
import { Code, moduleOf, Op, RUN_TYPE, TELL_TYPE } from "./wasm.js";

/** What compiled code has to know of the machine that it runs in. */
export interface Target {
  readonly text: Text;
  /** The lowest guest address that programs may touch, and the one behind the highest. */
  readonly guestLow: number;
  readonly guestEnd: number;
  /** Where the word of a thread's stack is from a sixteenth of the thread's address; null without stacks. */
  readonly stacks: number | null;
  readonly reservations: Reservations;
  /** Where a register lies relative to its thread. */
  readonly frameOffset: (register: number) => number;
  /** The operation of a record where compiled code may be entered. */
  readonly compiledOp: number;
  /** The place in the kernel's table that the function will have, and that of the function which tells of calls. */
  readonly place: number;
  readonly tell: number;
  /** True if the host knows calls that take the place of the caller. */
  readonly chains: boolean;
}

/** A compiled cluster. */
export interface Compiled {
  readonly bytes: Uint8Array;
  /** The numbers of the entries by their guest addresses. */
  readonly entries: ReadonlyMap<number, number>;
}

// Parameters and locals.
const TD = 0;
const LEFT = 1;
/** Where a part that can be entered at several places is entered; 0 = where it begins. */
const ENTRY = 2;
/** How far behind Text.storeLow stores may go. */
const ROOM = 3;
const PC = 4;
/** Not 0: what execution goes on at may be compiled code of another function. */
const CHAIN = 5;
const REGISTER = 5; // x1 is the local behind CHAIN
const TEMPORARY = REGISTER + 32;

/** In the address of an exit: a jump or a taken branch leads there. */
const JUMPED = 1;

/** The global variable: how many calls by a register are not chained, some of which the compiler is told of. */
const SHOWN = 0;
const SHOWN_CALLS = 512;
const SHOWN_EACH = 64;
/** Of how many the compiler is told. */
export const TOLD_MAX = SHOWN_CALLS / SHOWN_EACH;

/** Offsets of the fields of a decoded record (assembly/cpu/rv32_decode.ts). */
const RECORD_A = 4;
const RECORD_B = 8;

/** A region whose code is being written. */
interface Scope {
  readonly region: Region;
  /** The part that is being written. */
  at: number;
  /** The depth of each part's block: a branch out of it comes to the part. */
  readonly depths: readonly number[];
  /** The depth of the loop that the region is the inside of. */
  readonly loopDepth: number;
}

/** A node's number, and the depth of what to branch to for it. */
interface Numbered {
  readonly number: number;
  readonly depth: number;
}

/** Compiles a cluster. */
export function emitCluster(cluster: Cluster, use: RegisterUse, target: Target): Compiled {
  return new Emitter(cluster, use, target).emit();
}

/** Writes the code of one function. */
class Emitter implements BlockCode {
  readonly code = new Code();
  private readonly nodes: readonly (Block | null)[];
  private readonly nodeOf: ReadonlyMap<number, number>;
  private readonly structure: { top: Region; numbers: ReadonlyMap<number, number> };
  private readonly scopes: Scope[] = [];
  private depth = 0;
  private temporaries = 0;
  private mostTemporaries = 0;
  /** A local that says whether registers get what is written to them, or keep their values; null: they do. */
  private kept: number | null = null;

  constructor(
    private readonly cluster: Cluster,
    private readonly use: RegisterUse,
    readonly target: Target,
  ) {
    const blocks = [...cluster.blocks.values()].sort((a, b) => a.pc - b.pc);
    this.nodes = [null, ...blocks];
    this.nodeOf = new Map(blocks.map((block, index) => [block.pc, index + 1]));
    this.structure = structureOf(this.graph());
  }

  /** Node 0 is where execution begins and where register jumps come back to: all entries follow it. */
  private graph(): Graph {
    const node = (pc: number) => this.nodeOf.get(pc) as number;
    return this.nodes.map((block) => {
      if (block === null) return this.cluster.entries.map(node);
      const successors = block.successors.map(node);
      return jumpsAnywhere(block) ? [...successors, 0] : successors;
    });
  }

  emit(): Compiled {
    const { code, use } = this;
    for (const register of use.used) {
      code
        .get(TD)
        .memory(Op.i32_load, this.target.frameOffset(register))
        .set(REGISTER + register);
    }
    this.open(Op.block);
    this.region(this.structure.top, NO_NODE);
    code.put(Op.unreachable);
    this.close();
    for (const register of use.written) {
      code.get(TD).get(REGISTER + register);
      code.memory(Op.i32_store, this.target.frameOffset(register));
    }
    if (this.target.chains) this.chain();
    code.get(PC).put(Op.i64_extend_i32_u, Op.i64_const).signed(32).put(Op.i64_shl);
    code.get(LEFT).put(Op.i64_extend_i32_u, Op.i64_or);
    const locals = TEMPORARY + this.mostTemporaries - PC;
    return { bytes: moduleOf(code, locals, SHOWN_CALLS), entries: this.entryNumbers() };
  }

  /** Calls the compiled code that begins at PC in place of this one, if CHAIN allows it and there is some. */
  private chain(): void {
    const { code } = this;
    const { text, compiledOp } = this.target;
    const record = this.temporary();
    code.get(CHAIN);
    this.open(Op.if);
    code.get(PC).const(~JUMPED).put(Op.i32_and);
    this.recordOf(record);
    code.memory(Op.i32_load, text.decoded).const(compiledOp).put(Op.i32_eq);
    this.open(Op.if);
    code
      .get(TD)
      .get(LEFT)
      .get(record)
      .memory(Op.i32_load, text.decoded + RECORD_B)
      .get(ROOM);
    code.get(record).memory(Op.i32_load, text.decoded + RECORD_A);
    code.put(Op.return_call_indirect, RUN_TYPE, 0);
    this.close();
    this.close();
  }

  /** Replaces the guest address on the stack by where its record is behind the first one, kept in a local, too. */
  private recordOf(record: number): void {
    const { text } = this.target;
    text.emitDistance(this.code);
    this.code.const(RECORD_SHIFT).put(Op.i32_shl).tee(record);
  }

  private entryNumbers(): Map<number, number> {
    const { numbers } = this.structure;
    const numberOf = (pc: number) => numbers.get(this.nodeOf.get(pc) as number) as number;
    return new Map(this.cluster.entries.map((pc) => [pc, numberOf(pc)]));
  }

  // ---- Structure ----

  private open(op: number): void {
    this.code.open(op);
    this.depth++;
  }

  private close(): void {
    this.code.put(Op.end);
    this.depth--;
  }

  /** Branches to the end of the block, or the beginning of the loop, that was opened at a depth. */
  private branchTo(depth: number): void {
    this.code.put(Op.br).unsigned(this.depth - depth);
  }

  private region(region: Region, loopDepth: number): void {
    const { parts, header } = region;
    const depths = parts.map((_, index) => this.depth + parts.length - index);
    for (const _ of parts) this.open(Op.block);
    const scope = { region, at: 0, depths, loopDepth };
    this.scopes.push(scope);
    if (header > 0) this.enterInside(scope);
    for (const [index, part] of parts.entries()) {
      this.close();
      scope.at = index;
      this.part(part);
    }
    this.scopes.pop();
  }

  private part({ first, loop }: Part): void {
    if (loop === null) {
      this.block(first);
      return;
    }
    this.open(Op.loop);
    this.region(loop, this.depth);
    this.close();
    this.code.put(Op.unreachable);
  }

  /** Where a loop begins: goes on at the header, or where ENTRY says. */
  private enterInside({ region, depths }: Scope): void {
    const depthOf = (node: number) => depths[region.partOf.get(node) as number] as number;
    const targets = this.numbered([...region.partOf.keys()], depthOf);
    if (targets.every(({ depth }) => depth === depths[0])) return;
    this.code
      .get(ENTRY)
      .put(Op.i32_eqz, Op.br_if)
      .unsigned(this.depth - (depths[0] as number));
    this.choose(targets);
  }

  /** The numbers of those nodes that have one, ascending, with the depths of what to branch to. */
  private numbered(nodes: readonly number[], depthOf: (node: number) => number): Numbered[] {
    const found: Numbered[] = [];
    for (const node of nodes) {
      const number = this.structure.numbers.get(node);
      if (number !== undefined) found.push({ number, depth: depthOf(node) });
    }
    return found.sort((a, b) => a.number - b.number);
  }

  /** Branches to where ENTRY belongs, by a tree of comparisons. */
  private choose(targets: readonly Numbered[]): void {
    const first = targets[0] as Numbered;
    if (targets.every(({ depth }) => depth === first.depth)) {
      this.branchTo(first.depth);
      return;
    }
    const middle = targets.length >> 1;
    this.code
      .get(ENTRY)
      .const((targets[middle] as Numbered).number)
      .put(Op.i32_lt_u);
    this.open(Op.if);
    this.choose(targets.slice(0, middle));
    this.close();
    this.choose(targets.slice(middle));
  }

  /** What to branch to for a node that follows the part that is being written. */
  private wayTo(node: number): { depth: number; isFirst: boolean } {
    for (let level = this.scopes.length - 1; level >= 0; level--) {
      const { region, at, depths, loopDepth } = this.scopes[level] as Scope;
      if (region.header === node) return { depth: loopDepth, isFirst: true };
      const index = region.partOf.get(node);
      if (index === undefined || index <= at) continue;
      return { depth: depths[index] as number, isFirst: region.parts[index]?.first === node };
    }
    throw new Error(`The compiler finds no way to node ${node}.`);
  }

  /** Goes on at a node, from the part that is being written. */
  private goTo(node: number): void {
    const { depth, isFirst } = this.wayTo(node);
    if (!isFirst) this.code.const(this.structure.numbers.get(node) as number).set(ENTRY);
    this.branchTo(depth);
  }

  // ---- Exits ----

  /** Leaves for the interpreter at an address, `executed` instructions into the block. */
  private exit(pc: number, executed: number): void {
    this.code.const(pc).set(PC);
    this.spend(executed);
    this.leave();
  }

  private leave(): void {
    this.branchTo(1);
  }

  private spend(instructions: number): void {
    if (instructions === 0) return;
    this.code.get(LEFT).const(instructions).put(Op.i32_sub).set(LEFT);
  }

  exitIf(pc: number, executed: number): void {
    this.open(Op.if);
    this.exit(pc, executed);
    this.close();
  }

  private exitAtSliceEnd(pc: number): void {
    this.code.get(LEFT).const(0).put(Op.i32_le_s);
    this.exitIf(pc | JUMPED, 0);
  }

  /** Goes on at a guest address; the block is paid for. */
  private continueAt(pc: number, jumped: boolean): void {
    const node = this.nodeOf.get(pc);
    if (node === undefined) {
      if (jumped) this.code.get(LEFT).const(0).put(Op.i32_gt_s);
      else this.code.const(1);
      this.code.set(CHAIN);
      this.exit(jumped ? pc | JUMPED : pc, 0);
      return;
    }
    if (jumped) this.exitAtSliceEnd(pc);
    this.goTo(node);
  }

  // ---- Blocks ----

  emitStoreRoom(bytes: number): void {
    this.code.get(ROOM);
    if (bytes > 1) this.code.const(bytes - 1).put(Op.i32_sub);
  }

  emitThread(): void {
    this.code.get(TD);
  }

  emitStackEnd(stacks: number): void {
    this.code.get(TD).const(4).put(Op.i32_shr_u).memory(Op.i32_load, stacks);
  }

  temporary(): number {
    const local = TEMPORARY + this.temporaries++;
    this.mostTemporaries = Math.max(this.mostTemporaries, this.temporaries);
    return local;
  }

  read(register: number): void {
    if (register === 0) this.code.const(0);
    else this.code.get(REGISTER + register);
  }

  write(register: number): void {
    if (this.kept !== null) {
      this.read(register);
      this.code.get(this.kept).put(Op.select);
    }
    this.code.set(REGISTER + register);
  }

  private block(node: number): void {
    const block = this.nodes[node];
    if (block === null || block === undefined) {
      this.start();
      return;
    }
    if (this.structure.numbers.has(node)) this.code.const(0).set(ENTRY);
    this.temporaries = 0;
    const last = block.steps.at(-1) as Step;
    const plain = last.flow === "next" ? block.steps : block.steps.slice(0, -1);
    emitOperations(this, plain);
    this.end(block, last, plain.length);
  }

  /** Node 0: where execution begins, and comes back to. ENTRY says where it goes on. */
  private start(): void {
    const entries = this.cluster.entries.map((pc) => this.nodeOf.get(pc) as number);
    this.choose(this.numbered(entries, (node) => this.wayTo(node).depth));
  }

  private end(block: Block, last: Step, before: number): void {
    const { insn, target, pc, next } = last;
    if (block.skipped.length > 0) {
      this.branchOver(block, last);
      return;
    }
    if (last.flow === "register") {
      this.registerJump(block, last, before);
      return;
    }
    this.spend(block.steps.length - (last.flow === "stop" ? 1 : 0));
    switch (last.flow) {
      case "next":
        this.continueAt(next, false);
        return;
      case "stop":
        this.exit(pc, 0);
        return;
      case "call":
        this.code.const(next);
        this.write(insn.rd);
        this.continueAt(target, true);
        return;
      case "jump":
        this.continueAt(target, !this.target.text.isJumpToYield(pc));
        return;
      case "branch":
        this.condition(last);
        this.open(Op.if);
        this.continueAt(target, !this.target.text.isJumpToYield(pc));
        this.close();
        this.continueAt(next, false);
        return;
    }
  }

  /** A branch over instructions that are executed in any case: only if it is taken the slice may end. */
  private branchOver({ steps, skipped }: Block, branch: Step): void {
    const { code } = this;
    const falls = this.temporary();
    this.condition(branch);
    code.put(Op.i32_eqz).set(falls);
    this.kept = falls;
    emitOperations(this, skipped);
    this.kept = null;
    this.spend(steps.length);
    code.get(LEFT).get(falls);
    if (skipped.length > 1) code.const(skipped.length).put(Op.i32_mul);
    code.put(Op.i32_sub).tee(LEFT);
    code.const(0).put(Op.i32_le_s).get(falls).put(Op.i32_gt_u);
    this.exitIf(branch.target | JUMPED, 0);
    this.continueAt(branch.target, false);
  }

  private condition({ insn }: Step): void {
    const compare = { beq: Op.i32_eq, bne: Op.i32_ne, blt: Op.i32_lt_s, bge: Op.i32_ge_s } as const;
    const unsigned = { bltu: Op.i32_lt_u, bgeu: Op.i32_ge_u } as const;
    const op = { ...compare, ...unsigned }[insn.op as keyof typeof compare | keyof typeof unsigned];
    this.read(insn.rs1);
    if (insn.rs2 === 0 && insn.op === "bne") return;
    if (insn.rs2 === 0 && insn.op === "beq") {
      this.code.put(Op.i32_eqz);
      return;
    }
    this.read(insn.rs2);
    this.code.put(op);
  }

  /** jalr: a jump that faults stops in front of it, before the link register changes. */
  private registerJump(block: Block, { insn, pc, next }: Step, before: number): void {
    const { code } = this;
    if (block.far !== undefined) {
      this.spend(block.steps.length);
      if (insn.rd !== 0) {
        code.const(next);
        this.write(insn.rd);
      }
      this.continueAt(block.far, true);
      return;
    }
    const { text } = this.target;
    const to = this.temporary();
    this.read(insn.rs1);
    if (insn.imm !== 0) code.const(insn.imm).put(Op.i32_add);
    code.const(-2).put(Op.i32_and).tee(to);
    text.emitIsNoTarget(code);
    this.exitIf(pc, before);
    if (insn.rd !== 0) {
      code.const(next);
      this.write(insn.rd);
    }
    this.spend(block.steps.length);
    code.get(to).const(JUMPED).put(Op.i32_or).set(PC);
    code.get(LEFT).const(0).put(Op.i32_le_s);
    this.open(Op.if);
    this.leave();
    this.close();
    for (const place of block.returns ?? block.targets) this.goToIf(place, to);
    if (block.returns === null) this.lookUp(to);
    if (insn.rd !== 0) this.showCall(to);
    else code.const(1).set(CHAIN);
    this.leave();
  }

  /** Chains a call by a register to the address in a local, but for the first ones. */
  private showCall(to: number): void {
    const { code } = this;
    const { place, tell } = this.target;
    code.put(Op.global_get, SHOWN, Op.i32_eqz);
    code.tee(CHAIN).put(Op.i32_eqz);
    this.open(Op.if);
    code.put(Op.global_get, SHOWN).const(1).put(Op.i32_sub, Op.global_set, SHOWN);
    code
      .put(Op.global_get, SHOWN)
      .const(SHOWN_EACH - 1)
      .put(Op.i32_and, Op.i32_eqz);
    this.open(Op.if);
    code.const(place).get(to).const(tell).put(Op.call_indirect, TELL_TYPE, 0);
    this.close();
    this.close();
  }

  /** Goes on at a guest address if that is what a local holds. */
  private goToIf(place: number, to: number): void {
    this.code.get(to).const(place).put(Op.i32_eq);
    this.open(Op.if);
    this.goTo(this.nodeOf.get(place) as number);
    this.close();
  }

  /** Goes on at the address in a local if this function may be entered there. */
  private lookUp(to: number): void {
    const { code } = this;
    const { text, compiledOp, place } = this.target;
    const record = this.temporary();
    code.get(to);
    this.recordOf(record);
    code.memory(Op.i32_load, text.decoded).const(compiledOp).put(Op.i32_eq);
    this.open(Op.if);
    code.get(record).memory(Op.i32_load, text.decoded + RECORD_A);
    code.const(place).put(Op.i32_eq);
    this.open(Op.if);
    code
      .get(record)
      .memory(Op.i32_load, text.decoded + RECORD_B)
      .set(ENTRY);
    this.goTo(0);
    this.close();
    this.close();
  }
}

/** True for a block that ends in a register jump other than a return. */
function jumpsAnywhere({ steps, returns, far }: Block): boolean {
  return returns === null && far === undefined && steps.at(-1)?.flow === "register";
}

/** The operations of a block, apart from the one that ends it. */
function emitOperations(emitter: BlockCode, steps: readonly Step[]): void {
  const accesses = accessesOf(steps);
  for (const [index, step] of steps.entries()) {
    emitOperation(emitter, step, index, accesses.get(index));
  }
}
