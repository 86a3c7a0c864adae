// The README's programs run, and print what it says.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** The contents of the fenced blocks of a language, "" for none. */
function blocks(language: string): string[] {
  const fences = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return fences.filter(([, name]) => name === language).map(([, , text = ""]) => text);
}

/** Bundles a program with the library, runs it in a process of its own, and returns what it printed. */
async function run(source: string): Promise<string> {
  const outfile = join(ROOT, `build/readme-${process.pid}.mjs`);
  try {
    await build({
      stdin: { contents: source, loader: "ts", resolveDir: ROOT },
      alias: { "kthread-machine": join(ROOT, "src/index.ts") },
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "bundle",
      mainFields: ["module", "main"],
      external: ["@assemblyscript/loader"],
      outfile,
      logLevel: "silent",
    });
    return execFileSync(process.execPath, [outfile], { encoding: "utf8" });
  } finally {
    rmSync(outfile, { force: true });
  }
}

/** What the command prints to the standard output. */
function command(...args: readonly string[]): string {
  const cli = join(ROOT, "dist/cli.js");
  return execFileSync(process.execPath, [cli, ...args], { cwd: ROOT, encoding: "utf8" });
}

/** The lines of `stress` that are the same on every host. */
function sameEverywhere(text: string): string[] {
  return text.split("\n").filter((line) => /^ {2}(?:sleeps|messages|instr|hash)/.test(line));
}

describe("the README", () => {
  it("shows what `npm start` prints", () => {
    expect(blocks("")).toContain(command("run", "examples/webserver.json"));
  });

  it("shows a million threads, as they run", () => {
    const shown = blocks("").find((text) => text.includes("bytes per thread")) ?? "";
    const printed = sameEverywhere(command("stress"));
    expect(printed).toHaveLength(4);
    expect(sameEverywhere(shown)).toEqual(printed);
  });

  const [first = "", second = ""] = blocks("ts");

  it("has a program that suspends, resumes and reaps a thread, with its output", async () => {
    const printed = await run(first);
    const listing = blocks("").find((text) => text.includes("ktsusp")) ?? "(none)";
    expect(printed.startsWith(listing), printed).toBe(true);
    expect(printed).toMatch(/\n2 [0-9a-f]{16}\n$/);
  });

  it("has a program of RV32 threads, which wake each other a million times", async () => {
    const [switches] = (await run(second)).split(" ");
    expect(Number(switches)).toBeGreaterThan(1_000_000);
  });
});
