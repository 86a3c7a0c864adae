// The build step that counts how often functions are entered, and says which are to stay calls.

import binaryen from "binaryen";
import { describe, expect, it } from "vitest";

type Bytes = Uint8Array<ArrayBuffer>;
type Train = (wasm: Bytes, imports: WebAssembly.Imports) => void;

const SCRIPT = new URL("../../scripts/rare.mjs", import.meta.url);
const { rareFunctions } = (await import(SCRIPT.href)) as {
  rareFunctions(wasm: Bytes, train: Train): string[];
};

/** More than forty bytes that compute something from the parameter. */
const LONG = Array.from({ length: 12 }, (_, i) => i + 1).reduce(
  (inner, n) => `(i32.xor ${inner} (i32.const ${n * 1000}))`,
  "(local.get 0)",
);

/** `main` enters `often` as often as its argument says, `seldom` a tenth as often, and `brief` and `never` not at all. */
const TEXT = `(module
  (import "env" "told" (func $told (param i32)))
  (func $often (param i32) (result i32) ${LONG})
  (func $seldom (param i32) (result i32) ${LONG})
  (func $brief (param i32) (result i32) (local.get 0))
  (func $never (param i32) ${`(call $told ${LONG})`})
  (func $main (export "main") (param i32) (result i32) (local i32 i32)
    (if (i32.eq (local.get 0) (i32.const -1))
      (then (call $never (call $brief (local.get 0)))))
    (loop $again
      (local.set 2 (i32.add (local.get 2) (call $often (local.get 1))))
      (if (i32.eqz (i32.rem_u (local.get 1) (i32.const 10)))
        (then (local.set 2 (i32.sub (local.get 2) (call $seldom (local.get 1))))))
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $again (i32.ne (local.get 1) (local.get 0))))
    (local.get 2)))`;

/** Which functions are rare if `main` is entered `mains` times with `n`, and what it returned. */
function rareAfter(mains: number, n: number) {
  const module = binaryen.parseText(TEXT);
  binaryen.setDebugInfo(true); // the names
  const wasm = module.emitBinary() as Bytes;
  binaryen.setDebugInfo(false);
  module.dispose();
  const results: unknown[] = [];
  const run = (binary: Bytes, imports: WebAssembly.Imports) => {
    const env = { told: () => undefined };
    const kernel = new WebAssembly.Module(binary);
    const { exports } = new WebAssembly.Instance(kernel, { env, ...imports });
    results.push((exports.main as (n: number) => number)(n));
    for (let i = 1; i < mains; i++) (exports.main as (n: number) => number)(n);
  };
  const rare = rareFunctions(wasm, run);
  run(wasm, {});
  expect(results[0]).toBe(results[1]);
  return rare;
}

describe("the functions that stay calls", () => {
  it("are those that training enters less than a thousand times, unless they are short", () => {
    expect(rareAfter(1, 9_000)).toEqual(["seldom", "never", "main"]);
  });

  it("do not include what is entered a thousand times", () => {
    expect(rareAfter(1, 9_990)).toEqual(["seldom", "never", "main"]); // 0, 10, ... 9980: 999 times
    expect(rareAfter(1, 9_991)).toEqual(["never", "main"]);
    expect(rareAfter(1_000, 10)).toEqual(["never"]);
  });
});
