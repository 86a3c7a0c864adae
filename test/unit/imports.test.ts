// Imports go one way, in the kernel and in the host library (ARCHITECTURE.md). This keeps it so.

import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { filesOnDisk, importsOf, readSources, type Sources } from "../support/sources.js";

/** The parts of a tree from the lowest up; parts in one row stand on the same level. */
interface Rules {
  readonly root: string;
  readonly levels: readonly (readonly string[])[];
  /** Parts that any part may import, whatever their level. */
  readonly fromEverywhere: readonly string[];
  /** What else a part must not import. */
  readonly forbidden: readonly (readonly [part: string, imported: string])[];
}

const KERNEL: Rules = {
  root: "assembly",
  levels: [["sys", "env"], ["cpu"], ["kern"], ["run"], ["index"], ["codec"]],
  fromEverywhere: ["env"],
  forbidden: [],
};

const HOST: Rules = {
  root: "src",
  levels: [
    ["generated"],
    ["core"],
    ["snapshot"],
    ["program", "elf", "compiler", "machine"],
    ["workload", "trace", "search", "debug"],
    ["index"],
    ["cli", "vitest", "fast-check"],
  ],
  fromEverywhere: [],
  forbidden: [],
};

/** The part that a path below the tree's root belongs to: its folder, or its own name. */
function partOf(rules: Rules, path: string): string {
  const [first = ""] = path.slice(rules.root.length + 1).split("/");
  return first.replace(/\.(d\.)?[jt]s$/, "");
}

function levelOf(rules: Rules, part: string): number {
  return rules.levels.findIndex((row) => row.includes(part));
}

function order(rules: Rules): string {
  return rules.levels.map((row) => row.join(", ")).join(" <- ");
}

/** Why `part` must not import `imported`, or null when it may. */
function objection(rules: Rules, part: string, imported: string): string | null {
  if (part === imported || rules.fromEverywhere.includes(imported)) return null;
  for (const name of [part, imported]) {
    if (levelOf(rules, name) < 0) {
      return `${rules.root}/${name} has no place in the order ${order(rules)}; give it one in ${posix.basename(import.meta.url)}`;
    }
  }
  if (rules.forbidden.some(([from, to]) => from === part && to === imported)) {
    return `${part} must not import ${imported}`;
  }
  if (levelOf(rules, imported) <= levelOf(rules, part)) return null;
  return `${part} is below ${imported} in the order ${order(rules)}`;
}

/** Every import that goes the wrong way, as one sentence each. */
function violations(rules: Rules, sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    for (const specifier of specifiersOf(text)) {
      if (!specifier.startsWith(".")) continue;
      const target = posix.join(posix.dirname(path), specifier);
      const reason = target.startsWith(`${rules.root}/`)
        ? objection(rules, partOf(rules, path), partOf(rules, target))
        : `it leaves ${rules.root}/`;
      if (reason !== null) found.push(`${path} imports "${specifier}": ${reason}.`);
    }
  }
  return found;
}

/** The sources below a folder. */
function sourcesBelow(folder: string): Sources {
  return readSources(filesOnDisk(folder).filter((path) => path.endsWith(".ts")));
}

const specifiersOf = (text: string) => importsOf(text).map(({ specifier }) => specifier);

describe("the direction of imports", () => {
  it("is sys <- cpu <- kern <- run <- index in the kernel", () => {
    expect(violations(KERNEL, sourcesBelow("assembly"))).toEqual([]);
  });

  it("is generated <- core <- machine API <- tools in the host library", () => {
    expect(violations(HOST, sourcesBelow("src"))).toEqual([]);
  });

  it("never leads from the kernel to a package", () => {
    const specifiers = [...sourcesBelow("assembly").values()].flatMap(specifiersOf);
    expect(specifiers.filter((specifier) => !specifier.startsWith("."))).toEqual([]);
  });

  it("leads to the loader from one file only", () => {
    const importers = [...sourcesBelow("src")]
      .filter(([, text]) => specifiersOf(text).some((name) => name.endsWith("/loader")))
      .map(([path]) => path);
    expect(importers).toEqual(["src/core/instantiate.ts"]);
  });
});

describe("the checker of import directions", () => {
  const check = (rules: Rules, path: string, text: string) =>
    violations(rules, new Map([[path, text]]));

  it("finds an import that goes up", () => {
    const text = 'import {\n  switch_to,\n} from "../kern/kern_switch";\n';
    const [violation] = check(KERNEL, "assembly/cpu/rv32.ts", text);
    expect(violation).toContain('assembly/cpu/rv32.ts imports "../kern/kern_switch"');
    expect(violation).toContain("cpu is below kern");
  });

  it("finds every form of import", () => {
    const forms = ['import "#";', 'export * from "#";', 'const x = await import("#");'];
    for (const form of forms) {
      const text = form.replace("#", "../cli/main.js");
      expect(check(HOST, "src/core/a.ts", text), form).toHaveLength(1);
    }
  });

  it("finds a part that has no place in the order, and one that leaves its tree", () => {
    expect(check(HOST, "src/core/a.ts", 'import "../attic/b.js";')[0]).toContain("no place");
    expect(check(KERNEL, "assembly/sys/a.ts", 'import "../../src/b";')[0]).toContain("leaves");
  });

  it("keeps the tools and the public entry apart", () => {
    expect(check(HOST, "src/index.ts", 'export * from "./cli/main.js";')).toHaveLength(1);
    expect(check(HOST, "src/core/a.ts", 'import "../index.js";')).toHaveLength(1);
    expect(check(HOST, "src/cli/main.ts", 'import "../index.js";')).toEqual([]);
  });

  it("accepts imports that go down, sideways or to the host seam", () => {
    expect(check(KERNEL, "assembly/kern/a.ts", 'import { b } from "../sys/b";')).toEqual([]);
    expect(check(KERNEL, "assembly/sys/a.ts", 'import { panic } from "../env";')).toEqual([]);
    expect(check(HOST, "src/machine/a.ts", 'import { b } from "../program/b.js";')).toEqual([]);
  });
});
