// The benchmarks' kernel: that its source is right. The build that is measured takes a minute, and only a benchmark
// makes it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { compile } from "../support/compile.js";

const OURS = fileURLToPath(new URL("../../bench/ours", import.meta.url));

it("compiles, and has the functions that benchmarks call", async () => {
  const code = await compile("bench/ours/assembly/index.ts", undefined, 0);
  const module = new WebAssembly.Module(code as Uint8Array<ArrayBuffer>);
  const exported = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  const called = readFileSync(join(OURS, "kernel.ts"), "utf8").match(/\bbench_\w+(?=\()/g) ?? [];
  expect(called.length).toBeGreaterThan(0);
  expect(called.filter((name) => !exported.has(name))).toEqual([]);
});
