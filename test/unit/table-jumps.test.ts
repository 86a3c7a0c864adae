// The build step that makes comparisons of table jumps: the same functions before and after it, and how many
// comparisons lead to a value.

import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import { describe, expect, it } from "vitest";

interface Script {
  replaceTableJumps(module: binaryen.Module, weights?: readonly number[]): number;
  weightsOf(source: string, name: string): number[];
}

const SCRIPT = new URL("../../scripts/table-jumps.mjs", import.meta.url);
const { replaceTableJumps, weightsOf } = (await import(SCRIPT.href)) as Script;

/**
 * A module whose function `f` jumps by its argument through a table: 100 + k where `targets[k]` is k, and
 * 100 + `otherwise` for every value beyond. `value` is the jump's operand.
 */
function moduleOf(
  targets: readonly number[],
  otherwise: number,
  value = "(local.get 0)",
): binaryen.Module {
  const labels = Math.max(...targets, otherwise) + 1;
  const table = [...targets, otherwise].map((target) => `$l${target}`).join(" ");
  let body = `(br_table ${table} ${value})`;
  for (let k = 0; k < labels; k++) body = `(block $l${k} ${body}) (return (i32.const ${100 + k}))`;
  return binaryen.parseText(`(module
    (func (export "f") (param i32) (result i32) (local i32) ${body}))`);
}

function functionOf(module: binaryen.Module): (value: number) => number {
  expect(module.validate()).toBe(1);
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(module.emitBinary() as Uint8Array<ArrayBuffer>),
  );
  return exports.f as (value: number) => number;
}

const isTableJump = (expression: number) =>
  binaryen.getExpressionId(expression) === binaryen.SwitchId;

/** All expressions below one: those that can hold statements are enough here. */
function* statements(expression: number): Generator<number> {
  if (expression === 0) return;
  yield expression;
  const id = binaryen.getExpressionId(expression);
  if (id !== binaryen.BlockId && id !== binaryen.LoopId && id !== binaryen.IfId) return;
  const info = binaryen.getExpressionInfo(expression);
  if (id === binaryen.BlockId) {
    for (const child of (info as binaryen.BlockInfo).children) yield* statements(child);
  } else if (id === binaryen.LoopId) {
    yield* statements((info as binaryen.LoopInfo).body);
  } else {
    yield* statements((info as binaryen.IfInfo).ifTrue);
    yield* statements((info as binaryen.IfInfo).ifFalse);
  }
}

function bodies(module: binaryen.Module): number[] {
  const functions = Array.from({ length: module.getNumFunctions() }, (_, k) =>
    module.getFunctionByIndex(k),
  );
  return functions.map((func) => binaryen.getFunctionInfo(func).body);
}

const countTableJumps = (module: binaryen.Module) =>
  bodies(module).flatMap((body) => [...statements(body)].filter(isTableJump)).length;

/** How many comparisons the tree in a module makes for a value. */
function comparisons(module: binaryen.Module, value: number): number {
  const all = bodies(module).flatMap((body) => [...statements(body)]);
  let at = all.find((expression) => binaryen.getExpressionId(expression) === binaryen.IfId) ?? 0;
  let count = 0;
  while (binaryen.getExpressionId(at) === binaryen.IfId) {
    const { condition, ifTrue, ifFalse } = binaryen.getExpressionInfo(at) as binaryen.IfInfo;
    const { right } = binaryen.getExpressionInfo(condition) as binaryen.BinaryInfo;
    const bound = (binaryen.getExpressionInfo(right) as binaryen.ConstInfo).value as number;
    at = value < bound ? ifTrue : ifFalse;
    count++;
  }
  return count;
}

const range = (length: number) => Array.from({ length }, (_, k) => k);

describe("a table jump that became comparisons", () => {
  const cases: [string, readonly number[], number, string?][] = [
    ["one value", [0], 1],
    ["two values", [0, 1], 2],
    ["three", [0, 1, 2], 3],
    ["64, a power of two", range(64), 64],
    ["65", range(65), 65],
    ["300", range(300), 300],
    ["holes that are the default", [0, 3, 1, 3, 3, 2, 3], 3],
    ["neighbours with one target", [0, 0, 0, 1, 1, 2, 2, 2, 2], 3],
    ["targets out of order and again", [4, 1, 4, 0, 2, 1, 3, 4], 5],
    ["last values that are the default", [0, 1, 2, 2, 2], 2],
    ["nothing but a default", [0, 0, 0], 0],
    ["values that do not begin at 0", [0, 1, 2, 3], 4, "(i32.sub (local.get 0) (i32.const 7))"],
    ["a value that is set on the way", range(9), 9, "(local.tee 1 (local.get 0))"],
    ["a value that is worked out", range(9), 9, "(i32.shr_u (local.get 0) (i32.const 1))"],
  ];

  it.each(cases)("keeps its targets: %s", (_, targets, otherwise, value) => {
    const module = moduleOf(targets, otherwise, value);
    expect(countTableJumps(module)).toBe(1);
    const original = functionOf(module);
    replaceTableJumps(module);
    expect(countTableJumps(module)).toBe(0);
    const changed = functionOf(module);
    for (let k = -20; k < targets.length + 20; k++)
      expect(changed(k), `value ${k}`).toBe(original(k));
    for (const k of [0x7fffffff, -0x80000000, -1])
      expect(changed(k), `value ${k}`).toBe(original(k));
  });

  it("is found in loops, in both arms of an if, and in blocks in these", () => {
    const jump = "(block $a (block $b (br_table $a $b $a (local.get 0))) (return (i32.const 1)))";
    const module = binaryen.parseText(`(module (func (export "f") (param i32) (result i32)
      (loop (if (i32.gt_u (local.get 0) (i32.const 5))
        (then ${jump} (return (i32.const 2)))
        (else (block ${jump}) (return (i32.const 3)))))
      (i32.const 4)))`);
    const original = functionOf(module);
    expect(countTableJumps(module)).toBe(2);
    replaceTableJumps(module);
    expect(countTableJumps(module)).toBe(0);
    const changed = functionOf(module);
    for (const k of range(10)) expect(changed(k)).toBe(original(k));
  });

  it("takes about as many comparisons for each of its values without weights", () => {
    const module = moduleOf(range(64), 63);
    replaceTableJumps(module);
    for (const k of range(64)) expect(comparisons(module, k)).toBe(6);
  });
});

describe("weights", () => {
  const weights = [1, 1, 1, 1, 1, 1, 1, 1, 8, 16, 32, 64];

  it("shorten the paths to heavy values, and change no target", () => {
    const module = moduleOf(range(12), 11);
    const original = functionOf(module);
    expect(replaceTableJumps(module, weights)).toBe(1);
    const changed = functionOf(module);
    for (const k of range(14)) expect(changed(k)).toBe(original(k));
    expect(range(12).map((k) => comparisons(module, k))).toEqual([
      ...[7, 7, 7, 7, 7, 7, 7, 7],
      ...[4, 3, 2, 1],
    ]);
  });

  it("count for the jumps over exactly as many values", () => {
    const module = moduleOf(range(11), 10);
    expect(replaceTableJumps(module, weights)).toBe(0);
    for (const k of range(11)) expect(comparisons(module, k)).toBeLessThanOrEqual(4);
  });

  it("stand behind the members of an enum", () => {
    const source = "export enum Op {\n  A, // 0.5\n  LONGER, //  20\n}\nenum Other {\n  X,\n}\n";
    expect(weightsOf(source, "Op")).toEqual([0.5, 20]);
    expect(() => weightsOf(source, "Other")).toThrow('enum Other: "X," has no weight.');
    expect(() => weightsOf(source, "None")).toThrow("There is no enum None with weights.");
  });
});

it("the shipped kernel has no table jump", () => {
  const path = new URL("../../dist/release.wasm", import.meta.url);
  const module = binaryen.readBinary(readFileSync(path));
  expect(bodies(module).length).toBeGreaterThan(20);
  expect(countTableJumps(module)).toBe(0);
});
