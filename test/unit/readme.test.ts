// The README's programs run, and print what it says; links between documents lead somewhere.

import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** The contents of the fenced blocks of a language, "" for none. */
function blocks(language: string, text: string = README): string[] {
  const fences = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
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
  return text
    .split("\n")
    .filter((line) => /^ {2}(?:machine's|sleeps|messages|instr|hash)/.test(line));
}

/** Programs of the documents that are whole: they import what they use. */
function wholePrograms(): [name: string, source: string][] {
  return ["README.md", "docs/c-programs.md", "docs/debugging.md"].flatMap((path) =>
    blocks("ts", readFileSync(join(ROOT, path), "utf8")).map((source, index): [string, string] => [
      `${path.replace(/\W/g, "-")}-${index}.ts`,
      source,
    ]),
  );
}

/** What the compiler says of programs in a project with the strictest settings; empty if nothing. */
function complaintsAbout(programs: readonly (readonly [name: string, source: string])[]): string {
  const folder = mkdtempSync(join(ROOT, "build/readme-"));
  try {
    for (const [name, source] of programs) writeFileSync(join(folder, name), source);
    const strict = {
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
    };
    const modules = { module: "nodenext", target: "es2023", types: ["node"] };
    const paths = { "kthread-machine": [join(ROOT, "src/index.ts")] };
    const compilerOptions = { noEmit: true, skipLibCheck: true, paths, ...strict, ...modules };
    const files = programs.map(([name]) => name);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    return spawnSync(tsc, ["-p", folder], { cwd: ROOT, encoding: "utf8" }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it("the programs of the documents have the types that a strict project wants", () => {
  const programs = wholePrograms();
  expect(programs.length).toBeGreaterThanOrEqual(4);
  expect(complaintsAbout(programs)).toBe("");
  const wrong = 'import { Machine } from "kthread-machine";\nnew Machine({ cpus: "2" });\n';
  expect(complaintsAbout([["wrong.ts", wrong]])).toContain("is not assignable to type 'number'");
});

it("docs/browsers.md says how much a browser loads", () => {
  const [, shown] = /release\.wasm` \(about (\d+) kB\)/.exec(
    readFileSync(join(ROOT, "docs/browsers.md"), "utf8"),
  ) as RegExpExecArray;
  const actual = statSync(join(ROOT, "dist/release.wasm")).size / 1000;
  expect(Math.abs(actual / Number(shown) - 1)).toBeLessThan(0.05);
});

describe("the README", () => {
  it("shows what `npm start` prints", () => {
    expect(blocks("")).toContain(command("run", "examples/webserver.json"));
  });

  it("shows a million threads, as they run", () => {
    const shown = blocks("").find((text) => text.includes("bytes per thread")) ?? "";
    const printed = sameEverywhere(command("stress"));
    expect(printed).toHaveLength(5);
    expect(sameEverywhere(shown)).toEqual(printed);
  });

  it("shows a lost wakeup, as the search tells it", () => {
    const cli = join(ROOT, "dist/cli.js");
    const args = [cli, "explore", "examples/explore/lost-wakeup.mjs"];
    const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    const withoutSpeed = (text: string) => text.replace(/\([\d,]+ a second\)/, "");
    expect(blocks("").map(withoutSpeed)).toContain(withoutSpeed(stdout));
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

/** The name by which GitHub finds a heading. */
function anchorOf(heading: string): string {
  const text = heading.replace(/^#+ /, "").toLowerCase();
  return text.replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
}

const documents = ["", "docs", "bench", "test/conformance/cases/further"].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

describe("the documents", () => {
  it.each(documents)("%s has links that lead somewhere", (document) => {
    const text = readFileSync(join(ROOT, document), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
    const wrong = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? document : join(dirname(document), path);
        if (!existsSync(join(ROOT, target))) return true;
        if (anchor === undefined) return false;
        const headings = readFileSync(join(ROOT, target), "utf8").match(/^#+ .*$/gm) ?? [];
        return !headings.some((heading) => anchorOf(heading) === anchor);
      });
    expect(wrong).toEqual([]);
  });
});
