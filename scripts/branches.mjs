// Branch hints: the kernel's WebAssembly tells an engine which way its branches go. V8 lays out what is unlikely behind
// the rest, and keeps values in registers across it: a kernel call, which is full of checks that hold, takes a tenth to a
// fifth less time. (Section "metadata.code.branch_hint" of the proposal of that name; other engines skip it.)
//
// Which way is found out by counting. The build runs scripts/training/main.ts on a kernel that counts its branches.
// The machine is deterministic: the same sources have the same hints.

import binaryen from "binaryen";
import { readKernel } from "./inline.mjs";

/** What the counting kernel imports: (condition, number of the branch) => condition. */
export const COUNTER = { module: "training", name: "branch" };

const SECTION = "metadata.code.branch_hint";
/** A branch has a hint if it went the other way no more than once in so many times... */
const ONCE_IN = 10;
/** ...of at least so many times. */
const TIMES_MIN = 20;

const Op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  call: 0x10,
  call_indirect: 0x11,
  select_typed: 0x1c,
  local_get: 0x20,
  global_set: 0x24,
  load_first: 0x28,
  store_last: 0x3e,
  memory_size: 0x3f,
  memory_grow: 0x40,
  i32_const: 0x41,
  i64_const: 0x42,
  f32_const: 0x43,
  f64_const: 0x44,
  last_plain: 0xc4,
  prefix: 0xfc,
};
/** Of the operations behind the prefix, those after the conversions of numbers. */
const Bulk = { memory_init: 8, data_drop: 9, memory_copy: 10, memory_fill: 11 };
const SECTION_IMPORT = 2;
const SECTION_CODE = 10;
const KIND_FUNCTION = 0;

/** Reads numbers from a WebAssembly binary. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  u32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** Skips so many numbers of any length. */
  skip(count) {
    for (let i = 0; i < count; i++) while (this.byte() >= 0x80);
  }

  /** Skips the limits of a memory or a table. */
  skipLimits() {
    const flags = this.byte();
    this.skip(flags & 1 ? 2 : 1);
  }

  skipName() {
    const length = this.u32();
    this.at += length;
  }
}

/** Skips what an operation has behind its first byte. */
function skipOperands(reader, op) {
  if (op >= Op.block && op <= Op.if) reader.skip(1);
  else if (op === Op.br || op === Op.br_if || op === Op.call) reader.skip(1);
  else if (op === Op.br_table) reader.skip(reader.u32() + 1);
  else if (op === Op.call_indirect) reader.skip(2);
  else if (op === Op.select_typed) reader.skip(reader.u32());
  else if (op >= Op.local_get && op <= Op.global_set) reader.skip(1);
  else if (op >= Op.load_first && op <= Op.store_last) reader.skip(2);
  else if (op === Op.memory_size || op === Op.memory_grow) reader.skip(1);
  else if (op === Op.i32_const || op === Op.i64_const) reader.skip(1);
  else if (op === Op.f32_const) reader.at += 4;
  else if (op === Op.f64_const) reader.at += 8;
  else if (op === Op.prefix) skipBulkOperands(reader);
  else if (op > Op.last_plain) throw new Error(`branches: operation 0x${op.toString(16)}.`);
}

function skipBulkOperands(reader) {
  const op = reader.u32();
  if (op < Bulk.memory_init) return;
  if (op > Bulk.memory_fill) throw new Error(`branches: operation 0xfc ${op}.`);
  reader.skip(op === Bulk.memory_init || op === Bulk.memory_copy ? 2 : 1);
}

/** Imported functions of an import section. */
function importedFunctions(reader) {
  let functions = 0;
  for (let left = reader.u32(); left > 0; left--) {
    reader.skipName();
    reader.skipName();
    const kind = reader.byte();
    if (kind === KIND_FUNCTION) functions++;
    if (kind === KIND_FUNCTION) reader.skip(1);
    else if (kind === 1) reader.at++;
    if (kind === 1 || kind === 2) reader.skipLimits();
    else if (kind === 3) reader.at += 2;
  }
  return functions;
}

/**
 * The conditional branches of a function's body: where they are, in bytes from its start; if they go back in a loop; and
 * if there is a loop in the code that is only reached when they are not taken, and when they are, as far as that shows.
 */
function branchesOfBody(reader, end) {
  const start = reader.at;
  for (let left = reader.u32(); left > 0; left--) reader.skip(2); // locals
  const branches = [];
  // The body, and the blocks, loops and ifs around the operation: what they are, and the ways that end with them.
  const open = [{ op: Op.block, ways: [] }];
  let loops = 0;
  const close = (ways) => {
    for (const { hasLoop, way, before } of ways) hasLoop[way] = loops !== before;
  };
  while (reader.at < end) {
    const at = reader.at - start;
    const op = reader.byte();
    const hasLoop = [false, false];
    if (op === Op.loop) loops++;
    if (op === Op.block || op === Op.loop) open.push({ op, ways: [] });
    if (op === Op.if) {
      branches.push({ at, isRepeat: false, hasLoop });
      open.push({ op, ways: [{ hasLoop, way: 1, before: loops }] });
    } else if (op === Op.else) {
      const { ways } = open.pop();
      close(ways);
      open.push({ op, ways: [{ hasLoop: ways[0].hasLoop, way: 0, before: loops }] });
    } else if (op === Op.br_if) {
      const label = new Reader(reader.bytes, reader.at).u32();
      branches.push({ at, isRepeat: open.at(-1 - label).op === Op.loop, hasLoop });
      open.at(-1).ways.push({ hasLoop, way: 0, before: loops });
    } else if (op === Op.end) {
      close(open.pop().ways);
    }
    skipOperands(reader, op);
  }
  return branches;
}

/** The functions of a binary as `{ index, size, branches }`, size in bytes, and where its code section begins. */
export function codeOf(bytes) {
  const reader = new Reader(bytes, 8);
  const functions = [];
  let imported = 0;
  let codeAt = -1;
  while (reader.at < bytes.length) {
    const sectionAt = reader.at;
    const id = reader.byte();
    const end = reader.u32() + reader.at;
    if (id === SECTION_IMPORT) imported = importedFunctions(reader);
    if (id === SECTION_CODE) {
      codeAt = sectionAt;
      for (let left = reader.u32(); left > 0; left--) {
        const size = reader.u32();
        const index = imported + functions.length;
        functions.push({ index, size, branches: branchesOfBody(reader, reader.at + size) });
      }
    }
    reader.at = end;
  }
  return { functions, codeAt };
}

/**
 * A kernel as Binaryen writes it, and the same one with a call of the counter before each conditional branch. The
 * branches are numbered in the order in which they stand in the binary.
 */
export function withCounters(wasm) {
  const plain = readKernel(wasm);
  const binary = plain.emitBinary();
  plain.dispose();
  const module = readKernel(binary);
  const type = binaryen.createType([binaryen.i32, binaryen.i32]);
  module.addFunctionImport(COUNTER.name, COUNTER.module, COUNTER.name, type, binaryen.i32);
  const work = { module, branches: 0 };
  const perFunction = [];
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const { body } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (body === 0) continue;
    const before = work.branches;
    countIn(work, body);
    perFunction.push(work.branches - before);
  }
  const { functions } = codeOf(binary);
  if (functions.some(({ branches }, i) => branches.length !== perFunction[i])) {
    throw new Error("branches: those that are counted are not those that are there.");
  }
  const counting = module.emitBinary();
  module.dispose();
  return { plain: binary, counting, branches: work.branches };
}

/** What an expression has in it, in the order in which it is computed; a condition is the last before its branch. */
function partsOf(expression) {
  const info = binaryen.getExpressionInfo(expression);
  switch (info.id) {
    case binaryen.BlockId:
      return info.children;
    case binaryen.IfId:
      return [info.condition, info.ifTrue, info.ifFalse];
    case binaryen.LoopId:
      return [info.body];
    case binaryen.BreakId:
    case binaryen.SwitchId:
      return [info.value, info.condition];
    case binaryen.CallId:
      return info.operands;
    case binaryen.CallIndirectId:
      return [...info.operands, info.target];
    case binaryen.LoadId:
      return [info.ptr];
    case binaryen.StoreId:
      return [info.ptr, info.value];
    case binaryen.BinaryId:
      return [info.left, info.right];
    case binaryen.SelectId:
      return [info.ifTrue, info.ifFalse, info.condition];
    case binaryen.LocalSetId:
    case binaryen.GlobalSetId:
    case binaryen.UnaryId:
    case binaryen.DropId:
    case binaryen.ReturnId:
      return [info.value];
    case binaryen.MemoryGrowId:
      return [info.delta];
    case binaryen.MemoryCopyId:
      return [info.dest, info.source, info.size];
    case binaryen.MemoryFillId:
      return [info.dest, info.value, info.size];
    default:
      throw new Error(`branches: Binaryen's expression ${info.id} is not known.`);
  }
}

/** Expressions without parts, which Binaryen cannot describe in part. */
const LEAVES = new Set([
  binaryen.ConstId,
  binaryen.LocalGetId,
  binaryen.GlobalGetId,
  binaryen.NopId,
  binaryen.UnreachableId,
  binaryen.MemorySizeId,
]);

/** Puts a counter on each condition of an expression. */
function countIn(work, expression) {
  if (expression === 0 || LEAVES.has(binaryen.getExpressionId(expression))) return;
  const { module } = work;
  const counted = (condition) =>
    module.call(COUNTER.name, [condition, module.i32.const(work.branches++)], binaryen.i32);
  switch (binaryen.getExpressionId(expression)) {
    case binaryen.IfId: {
      const [condition, ...arms] = partsOf(expression);
      countIn(work, condition);
      binaryen.If.setCondition(expression, counted(condition));
      for (const arm of arms) countIn(work, arm);
      return;
    }
    case binaryen.BreakId: {
      const [value, condition] = partsOf(expression);
      countIn(work, value);
      countIn(work, condition);
      if (condition !== 0) binaryen.Break.setCondition(expression, counted(condition));
      return;
    }
    default:
      for (const part of partsOf(expression)) countIn(work, part);
  }
}

/** How often each of so many branches was taken and how often not: what the counter is in a run. */
export class BranchCounts {
  constructor(branches) {
    this.taken = new Float64Array(branches);
    this.passed = new Float64Array(branches);
  }

  /** What the counting kernel imports. */
  get imports() {
    return { [COUNTER.module]: { [COUNTER.name]: this.branch } };
  }

  branch = (condition, number) => {
    (condition === 0 ? this.passed : this.taken)[number]++;
    return condition;
  };

  /** 1 where a branch is likely to be taken, 0 where it is not, null where that cannot be told. */
  hint(number) {
    const taken = this.taken[number];
    const times = taken + this.passed[number];
    if (times < TIMES_MIN) return null;
    if ((times - taken) * ONCE_IN <= times) return 1;
    return taken * ONCE_IN <= times ? 0 : null;
  }
}

/**
 * A kernel of {@link withCounters} with the hints that follow from the counts. A loop is never laid out as unlikely: there
 * time is spent, however seldom it is entered. Nor is what follows a loop, only because that goes on more often than not.
 */
export function withHints(plain, counts) {
  const { functions, codeAt } = codeOf(plain);
  const entries = [];
  let number = 0;
  for (const { index, branches } of functions) {
    const hints = branches
      .map((branch) => ({ ...branch, hint: counts.hint(number++) }))
      .filter(({ isRepeat, hasLoop, hint }) => hint !== null && !isRepeat && !hasLoop[1 - hint]);
    if (hints.length > 0) entries.push([index, hints]);
  }
  const name = [...Buffer.from(SECTION)];
  const body = [...u32(name.length), ...name, ...u32(entries.length)];
  for (const [index, hints] of entries) {
    body.push(...u32(index), ...u32(hints.length));
    for (const { at, hint } of hints) body.push(...u32(at), 1, hint);
  }
  return Buffer.concat([
    plain.subarray(0, codeAt),
    Buffer.from([0, ...u32(body.length), ...body]),
    plain.subarray(codeAt),
  ]);
}

/** A number as WebAssembly writes it. */
function u32(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}
