// What is packed: the files that package.json and the documents speak of. Whether the package works where people import
// it is tried by test/package/run.mjs.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What a full build makes; the suite builds only what it runs. */
const BUILT = /^dist\//;

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface Manifest {
  readonly keywords: readonly string[];
  readonly repository: { readonly type: string; readonly url: string };
  readonly sideEffects: readonly string[];
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly files: readonly string[];
}

function packed(): Set<string> {
  const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const answer = JSON.parse(json) as unknown;
  const [entry] = Object.values(answer as Record<string, { files: { path: string }[] }>);
  return new Set(entry?.files.map(({ path }) => path));
}

/** The files that a document leads to, by their paths in the project. */
function links(path: string): string[] {
  return [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => posix.normalize(posix.join(posix.dirname(path), target)));
}

describe("the package", () => {
  const files = packed();
  const manifest = JSON.parse(read("package.json")) as Manifest;

  it("contains every file that its documents link to", () => {
    const documents = [...files].filter((path) => path.endsWith(".md"));
    const dead = documents.flatMap((document) =>
      links(document)
        .filter(
          (target) => ![...files].some((path) => path === target || path.startsWith(`${target}/`)),
        )
        .map((target) => `${document}: ${target}`),
    );
    expect(documents).toContain("README.md");
    expect(links("README.md").length).toBeGreaterThan(10);
    expect(dead).toEqual([]);
  });

  it("says where it comes from, and what may be left out of a bundle", () => {
    expect(manifest.repository).toMatchObject({ type: "git" });
    expect(manifest.repository.url).toMatch(/^git\+https:\/\/github\.com\/[\w-]+\/[\w-]+\.git$/);
    expect(manifest.keywords).toContain("webassembly");
    expect(manifest.sideEffects).toEqual(["./dist/cli.js"]);
  });

  it("gives browsers a different bundle from Node.js, Deno and Bun, and lists the types first", () => {
    const main = manifest.exports["."] as Readonly<Record<string, string>>;
    expect(Object.keys(main)).toEqual(["types", "node", "deno", "bun", "browser", "default"]);
    for (const host of ["node", "deno", "bun"]) expect(main[host]).toBe("./dist/index.js");
    expect(main.browser).toBe("./dist/browser.js");
    expect(main.default).toBe(main.browser);
    const built = Object.values(main).filter((path) => path.endsWith(".js"));
    for (const path of built) expect(manifest.files).toContain(path.slice(2));
  });

  it("contains nothing that only development needs", () => {
    const others = [...files].filter((path) => !BUILT.test(path));
    expect(others.filter((path) => /^(?:test|scripts|src|assembly|build)\//.test(path))).toEqual(
      [],
    );
  });
});
