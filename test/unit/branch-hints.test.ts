// The build step that counts how often branches are taken, and tells engines which way they go; and that the library has
// V8 listen.

import v8 from "node:v8";
import binaryen from "binaryen";
import { afterEach, describe, expect, it, vi } from "vitest";
import { compileModule } from "../../src/core/branch-hints.js";
import { compiledBuild } from "../../src/core/instantiate.js";

type Bytes = Uint8Array<ArrayBuffer>;

interface Counts {
  readonly taken: Float64Array;
  readonly passed: Float64Array;
  branch(condition: number, number: number): number;
  hint(number: number): 0 | 1 | null;
}

interface Script {
  BranchCounts: new (branches: number) => Counts;
  COUNTER: { readonly module: string; readonly name: string };
  withCounters(wasm: Bytes): { plain: Bytes; counting: Bytes; branches: number };
  withHints(plain: Bytes, counts: Counts): Bytes;
}

const SCRIPT = new URL("../../scripts/branches.mjs", import.meta.url);
const { BranchCounts, COUNTER, withCounters, withHints } = (await import(SCRIPT.href)) as Script;

const SECTION = "metadata.code.branch_hint";
const IF = 0x04;

/** Two functions and an import, whose index comes first; `f` leaves its loop at 7, and takes its `if` at numbers over 2. */
const TEXT = `(module
  (import "env" "told" (func $told (param i32)))
  (memory 1)
  (func $g (param i32) (result i32)
    (block $out (br_if $out (i32.lt_u (local.get 0) (i32.const 1000))) (unreachable))
    (i32.load offset=300 (i32.const 0)))
  (func (export "f") (param i32) (result i32) (local i32)
    (loop $again
      (if (i32.gt_u (local.get 1) (i32.const 2))
        (then (call $told (local.get 1)))
        (else (i32.store8 (i32.const 0) (call $g (local.get 1)))))
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $again (i32.ne (local.get 1) (local.get 0))))
    (local.get 1)))`;

function trained(calls: readonly number[]) {
  const module = binaryen.parseText(TEXT);
  const { plain, counting, branches } = withCounters(module.emitBinary() as Bytes);
  const counts = new BranchCounts(branches);
  const told: number[] = [];
  const env = { told: (value: number) => told.push(value) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(counting), {
    env,
    [COUNTER.module]: { [COUNTER.name]: counts.branch },
  });
  for (const n of calls) expect((exports.f as (n: number) => number)(n)).toBe(n);
  return { plain, counts, told };
}

/** What the section says: of each function its index, and places in its body with hints. */
function hintsOf(wasm: Bytes): (readonly [number, readonly (readonly [number, number])[]])[] {
  const module = new WebAssembly.Module(wasm);
  const [section] = WebAssembly.Module.customSections(module, SECTION);
  const bytes = new Uint8Array(section as ArrayBuffer).values();
  const next = (): number => {
    const byte = bytes.next().value as number;
    return byte < 0x80 ? byte : (byte & 0x7f) + 128 * next();
  };
  return Array.from({ length: next() }, () => {
    const index = next();
    const hints = Array.from({ length: next() }, () => {
      const at = next();
      expect(next()).toBe(1); // bytes of a hint
      return [at, next()] as const;
    });
    return [index, hints] as const;
  });
}

describe("branches", () => {
  it("are counted where they are taken, and the module does the same", () => {
    const { counts, told } = trained([7, 3]);
    expect(told).toEqual([3, 4, 5, 6]);
    // In $g br_if; in f the if, and the br_if of the loop.
    expect([...counts.taken]).toEqual([6, 4, 8]);
    expect([...counts.passed]).toEqual([0, 6, 2]);
  });

  it("have a hint where they go one way nine times of ten, and twenty at least", () => {
    const counts = new BranchCounts(5);
    const goes = (number: number, taken: number, passed: number) => {
      for (let i = 0; i < taken; i++) expect(counts.branch(1, number)).toBe(1);
      for (let i = 0; i < passed; i++) expect(counts.branch(0, number)).toBe(0);
    };
    goes(0, 18, 2);
    goes(1, 2, 18);
    goes(2, 17, 3);
    goes(3, 19, 0);
    expect([0, 1, 2, 3, 4].map((number) => counts.hint(number))).toEqual([1, 0, null, null, null]);
  });

  it("have their hints at the bytes where they stand, but not where they repeat a loop", () => {
    const { plain, counts } = trained([200, 7]);
    const hinted = withHints(plain, counts);
    const hints = hintsOf(hinted);
    // The import is function 0, and the branch of $g is reached six times only.
    expect(hints).toEqual([[2, [[expect.any(Number), 1]]]]);
    // The last function's body begins with one group of one local, an i32, and ends where the file does; its size
    // stands before it.
    const at = hints[0]?.[1][0]?.[0] ?? 0;
    const locals = Buffer.of(1, 1, 0x7f);
    const start = Buffer.from(hinted).lastIndexOf(locals);
    expect(hinted[start - 1]).toBe(hinted.length - start);
    expect(hinted[start + at]).toBe(IF);
  });

  it.each([
    ["(if (local.get 0) (then (loop $l (br_if $l (i32.const 0)))))", 1],
    ["(if (local.get 0) (then (drop (i32.const 1))) (else (loop $l (br_if $l (i32.const 0)))))", 0],
    ["(block $out (br_if $out (local.get 0)) (loop $l (br_if $l (i32.const 0))))", 0],
  ] as const)("have no hint that makes a loop unlikely: %s", (body, busy) => {
    const module = binaryen.parseText(`(module (func (export "f") (param i32) ${body}))`);
    const { plain, branches } = withCounters(module.emitBinary() as Bytes);
    expect(branches).toBe(2);
    const hintsIf = (goes: 0 | 1) => {
      const counts = new BranchCounts(branches);
      for (let i = 0; i < 100; i++) counts.branch(goes, 0);
      return hintsOf(withHints(plain, counts)).flatMap(([, hints]) => hints);
    };
    expect(hintsIf(busy)).toHaveLength(1);
    expect(hintsIf(busy === 1 ? 0 : 1)).toEqual([]);
  });

  it("of the release build have hints, by the thousand", () => {
    const sections = WebAssembly.Module.customSections(compiledBuild("release"), SECTION);
    expect(sections).toHaveLength(1);
    expect(sections[0]?.byteLength).toBeGreaterThan(5_000);
  });
});

describe("V8", () => {
  afterEach(() => vi.restoreAllMocks());

  it("listens to hints while a module is compiled, and no longer, also if that fails", () => {
    const set = vi.spyOn(v8, "setFlagsFromString");
    const flags = [
      "--experimental-wasm-branch-hinting",
      "--no-experimental-wasm-branch-hinting",
    ].map((flag) => [flag]);
    compileModule(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    expect(set.mock.calls).toEqual(flags);
    expect(() => compileModule(new Uint8Array(8))).toThrow(WebAssembly.CompileError);
    expect(set.mock.calls).toEqual([...flags, ...flags]);
  });

  it.each([
    ["another version", { v8: "14.1.146.11-node.10" }],
    ["another program's", { v8: "13.6.233.17-electron.0" }],
    ["none", { v8: "13.6.233.10-node.18", bun: "1.3.2" }],
  ] as const)("is left alone where it is %s", (_, versions) => {
    const set = vi.spyOn(v8, "setFlagsFromString");
    vi.spyOn(process, "versions", "get").mockReturnValue(versions as never);
    compileModule(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    expect(set).not.toHaveBeenCalled();
  });
});
