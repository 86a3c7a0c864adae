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

describe("the README", () => {
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
