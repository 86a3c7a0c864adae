// The generated struct layout: that it says what the compiler does, and that it is up to date.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { TOKEN_CONTINUATIONS } from "../support/cpus/user-storm.js";
import { scratchFolder } from "../support/scratch.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OUTPUT = "src/generated/layout.ts";

/** A folder with these files. */
function project(files: Record<string, string>): string {
  const folder = scratchFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** The layout file that the transform makes of the kernel in `baseDir`, and what the compiler said. */
async function layoutOf(baseDir: string): Promise<{ text: string; messages: string }> {
  let text = "";
  const messages = asc.createMemoryStream();
  const args = ["--baseDir", baseDir, "assembly/index.ts", "--runtime", "stub", "--noEmit"];
  args.push("--config", "none", "--use", "abort=", "--use", "INVARIANTS=0");
  await asc.main([...args, "--transform", join(ROOT, "scripts/layout-transform.mjs")], {
    stdout: messages,
    stderr: messages,
    listFiles: () => [],
    readFile: (path: string, folder: string) => readOrNull(resolve(folder, path)),
    writeFile: (path: string, contents: string | Uint8Array) => {
      if (path === OUTPUT) text = String(contents);
    },
  });
  return { text, messages: messages.toString() };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** The generated file's objects and constants, by evaluating it: its types are stripped first. */
async function evaluate(text: string): Promise<Record<string, unknown>> {
  const source = text.replaceAll(" as const;", ";");
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

async function layoutOfSys(files: Record<string, string>) {
  const sys = Object.entries(files).map(([name, text]) => [`assembly/sys/${name}`, text]);
  const folder = project({ "assembly/index.ts": "", ...Object.fromEntries(sys) });
  return layoutOf(folder);
}

describe("the generated layout", () => {
  it("is up to date with assembly/sys", async () => {
    const { text, messages } = await layoutOf(ROOT);
    expect(messages).not.toContain("ERROR");
    expect(readFileSync(join(ROOT, OUTPUT), "utf8")).toBe(text);
  });

  it("has the compiler's statics where the kernel leaves room for them", () => {
    const { options } = JSON.parse(readFileSync(join(ROOT, "asconfig.json"), "utf8"));
    expect(options.memoryBase).toBe(Layout.STATICS_ADDRESS);
  });

  it("fails the build of a structure that is not what its users rely on", async () => {
    const { messages } = await layoutOfSys({
      "a.ts":
        "@unmanaged export class S { a: u32; b: u8; }\n" +
        'if (offsetof<S>() != 5) ERROR("holds");\nif (offsetof<S>("b") != 8) ERROR("struct s KBI b");',
    });
    expect(messages).toContain("struct s KBI b");
    expect(messages).not.toContain("holds");
  });

  it("has the aligned offset and the type of every field of an unused struct", async () => {
    const { text } = await layoutOfSys({
      "a.ts": "@unmanaged export class S { a: u8; b: u64; c: i16; next: S; f: bool; }",
    });
    const { S, STypes } = await evaluate(text);
    expect(S).toEqual({ size: 25, a: 0, b: 8, c: 16, next: 20, f: 24 });
    expect(STypes).toEqual({ a: "u8", b: "u64", c: "i16", next: "usize", f: "bool" });
  });

  it("puts inherited fields first", async () => {
    const { text } = await layoutOfSys({
      "a.ts": "@unmanaged class Base { a: u32; } @unmanaged export class S extends Base { b: u8; }",
    });
    const { Base, S } = await evaluate(text);
    expect(Base).toEqual({ size: 4, a: 0 });
    expect(S).toEqual({ size: 5, a: 0, b: 4 });
  });

  it("has exported enums and constants, folded and of the right sign", async () => {
    const { text } = await layoutOfSys({
      "a.ts":
        "export enum Sys { lwkt_yield = 1, block, wake = 1 << 4 }\n" +
        "export const A: i32 = -1;\nexport const B: u32 = 0x80000000;\n" +
        "export const C: u32 = B | (A & 3);\nexport const D: u64 = 0xffffffffffffffff;\n" +
        "export const E: i64 = -5;\nexport const N: u32 = offsetof<S>();\n" +
        "@unmanaged class S { a: u64; }\n",
    });
    const { Sys, A, B, C, D, E, N } = await evaluate(text);
    expect(Sys).toEqual({ lwkt_yield: 1, block: 2, wake: 16 });
    expect([A, B, C, N]).toEqual([-1, 2 ** 31, 2 ** 31 + 3, 8]);
    expect([D, E]).toEqual([2n ** 64n - 1n, -5n]);
  });

  it("leaves out what the host has no use for", async () => {
    const { text } = await layoutOfSys({
      "a.ts":
        "const HIDDEN: i32 = 1;\nexport const RATIO: f64 = 0.5;\n" +
        "export const TABLE: usize = memory.data(64);\nexport function f(): i32 { return HIDDEN; }\n" +
        "export class Managed { a: i32 = 0; }\n",
    });
    expect(Object.keys(await evaluate(text))).toEqual([]);
  });

  it("is in the order of files and declarations, imports apart", async () => {
    const { text } = await layoutOfSys({
      "b.ts": 'import { X } from "./a"; export const Z: i32 = X + 1; export const Y: i32 = Z + 1;',
      "a.ts": "export const X: i32 = 1;",
    });
    expect(text.match(/const \w+ = .*/g)).toEqual(["const X = 1;", "const Z = 2;", "const Y = 3;"]);
  });

  it("refuses a name that two files declare, and a field that hides the size", async () => {
    const twice = await layoutOfSys({
      "a.ts": "export const X: i32 = 1;",
      "b.ts": "export const X: i32 = 2;",
    });
    expect(twice.messages).toContain(
      "X is declared in both assembly/sys/a.ts and assembly/sys/b.ts",
    );
    const hides = await layoutOfSys({ "a.ts": "@unmanaged export class S { size: u32; }" });
    expect(hides.messages).toContain("S.size would hide the struct's size");
  });
});

describe("numbers that are in no layout", () => {
  it("of continuations that storms look for are those of the kernel", () => {
    const source = readFileSync(join(ROOT, "assembly/kern/cont.ts"), "utf8");
    for (const [name, number] of Object.entries(TOKEN_CONTINUATIONS)) {
      expect(source).toMatch(new RegExp(`^ {2}${name} = ${number},`, "m"));
    }
  });
});
