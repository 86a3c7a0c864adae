// The project's own text, for the tests that read it: its files, what they import and what they export.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Texts by path; paths start at the project's folder and have forward slashes. */
export type Sources = ReadonlyMap<string, string>;

/** Folders that a tree without git must not be searched in: what installing, building and editing leave. */
const UNTRACKED = /^(?:node_modules|build|dist|coverage|\.git|\.vscode|\.idea)$/;

/** All files below the project's folder, generated ones among them. */
export function filesOnDisk(folder = ""): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return UNTRACKED.test(entry.name) ? [] : filesOnDisk(path);
  });
}

/** True where git can be asked; an unpacked archive is without it. */
export const hasGit = existsSync(join(ROOT, ".git"));

/** What `git ls-files` lists. */
export function gitFiles(...options: string[]): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", ...options], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const isThere = (path: string) => path !== "" && existsSync(join(ROOT, path));
  return listed.split("\0").filter(isThere);
}

/** The texts of some files. */
export function readSources(paths: readonly string[]): Sources {
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

/** One import, or one export of another file's names. */
export interface Import {
  /** The file as written: `../sys/proc`. */
  readonly specifier: string;
  /** The names that are taken from it, as they are called there. */
  readonly names: readonly string[];
  /** What all of it is called, in `import * as` and `export * as`; `*` in `export *`; null without. */
  readonly namespace: string | null;
}

const IMPORT =
  /^\s*(?:(?:import|export)\b([^"'`;(]*?)\bfrom|import)\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

/** What a file imports. */
export function importsOf(text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(([, clause = "", from, dynamic]) => ({
    specifier: from ?? dynamic ?? "",
    names: namesIn(/\{([^}]*)\}/.exec(clause)?.[1] ?? ""),
    namespace: dynamic === undefined ? namespaceOf(clause) : "*",
  }));
}

function namespaceOf(clause: string): string | null {
  const match = /\*(?:\s+as\s+(\w+))?/.exec(clause);
  return match === null ? null : (match[1] ?? "*");
}

/** The names before `as` of a list between braces. */
function namesIn(list: string): string[] {
  return list
    .split(",")
    .map(
      (one) =>
        one
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s+as\s+/)[0] ?? "",
    )
    .filter((name) => name !== "");
}

/** The path of what an import means, or null when it is a package; `known` says which files exist. */
export function resolveImport(
  path: string,
  specifier: string,
  known: { has(path: string): boolean },
): string | null {
  if (!specifier.startsWith(".")) return null;
  const base = posix.join(posix.dirname(path), specifier);
  const source = base.replace(/\.js$/, ".ts");
  return [base, source, `${base}.ts`].find((candidate) => known.has(candidate)) ?? null;
}

const EXPORT =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:(?:default\s+)?(?:function\*?|class|enum|interface|type|namespace|const\s+enum|const|let)\s+(\w+)|(?:type\s+)?\{([^}]*)\}(?!\s*from)|(?:type\s+)?\{([^}]*)\}\s*from|(\*)|(.*))/gm;

/** The names that a file exports; what it only passes on from another file is not among them. */
export function exportsOf(path: string, text: string): string[] {
  return [...text.matchAll(EXPORT)].flatMap(([line, name, list, , , unknown]) => {
    if (name !== undefined) return [name];
    if (list !== undefined) return namesIn(list);
    if (unknown !== undefined) throw new Error(`${path}: no way is known to read "${line}"`);
    return [];
  });
}
