// The house rules that a compiler does not know. A complaint says what to do; what is allowed beside the
// rules stands here, with its reason.

import { describe, expect, it } from "vitest";
import {
  exportsOf,
  filesOnDisk,
  gitFiles,
  hasGit,
  readSources,
  type Sources,
} from "../support/sources.js";
import {
  type Circle,
  circleFaults,
  deadExports,
  deadMembers,
  type ExportRules,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  importCircles,
  isGenerated,
  longFiles,
  longFunctions,
  marks,
  strayFiles,
} from "../support/tidy.js";

const LAYOUT = "src/generated/layout.ts";

/** Where a file may lie. A new folder, or a new kind of file in one, is a decision: write it down. */
const PLACES: readonly RegExp[] = [
  /^(?:ARCHITECTURE|BENCHMARKS|CHANGELOG|CONTRIBUTING|README)\.md$/,
  /^(?:LICENSE|\.gitignore|\.npmrc|\.ci\/(?:run|gdb-session\.sh|c-library\.sh|picolibc\.sh)|package(?:-lock)?\.json|vitest\.config\.ts)$/,
  /^(?:asconfig|biome|tsconfig|tsconfig\.types)\.json$/,
  /^docs\/[\w-]+\.(?:md|schema\.json)$/,
  /^assembly\/(?:\w+\/)?\w+\.ts$/,
  /^assembly\/syscalls\.\w+$/,
  /^assembly\/(?:tsconfig\.json|build-flags\.d\.ts|codec\/asconfig\.json)$/,
  /^src\/(?:[\w-]+\/)?[\w-]+\.ts$/,
  /^scripts\/(?:[\w-]+\/)?[\w-]+\.mjs$/,
  /^scripts\/makesyscalls\.d\.mts$/,
  /^scripts\/training\/\w+\.ts$/,
  /^examples\/(?:[\w-]+\/)?[\w-]+\.(?:json|mjs)$/,
  /^examples\/(?:c|explore)\/[\w-]+\.(?:c|h|elf|sh)$/,
  /^include\/\w+\.h$/,
  /^lib\/c\/(?:include\/\w+\.h|src\/\w+\.[ch]|start\.S|program\.ld|no-tls\.ld)$/,
  /^lib\/picolibc\/(?:include\/\w+\.h|src\/\w+\.c|tls\.ld)$/,
  /^bench\/(?:README\.md|run\.sh|(?:lib\/|ours\/|ours\/assembly\/)?[\w-]+\.ts)$/,
  /^bench\/[\w-]+\.sh$/,
  /^bench\/peers\/programs\/(?:build\.sh|machine\.elf)$/,
  /^bench\/peers\/[\w-]+(?:\/[\w-]+)?\.(?:h|c|S|erl|go|mjs)$/,
  /^test\/(?:cli|conformance|property|unit)\/[\w-]+\.test\.ts$/,
  /^test\/conformance\/(?:recorded|record-several-cpus|replay\/[\w-]+)\.ts$/,
  /^test\/conformance\/cases\/(?:lwkt|freebsd|several-cpus)\/(?:FORMAT\.md|[\w-]+\.json)$/,
  /^test\/conformance\/cases\/further\/(?:README\.md|(?:lwkt|freebsd)\/[\w-]+\.json)$/,
  /^test\/(?:fuzz|riscv-tests)\/[\w-]+\.ts$/,
  /^test\/support\/(?:assembly\/|cpus\/)?[\w-]+\.ts$/,
  /^test\/support\/assembly\/tsconfig\.json$/,
  /^test\/package\/(?:\.npmrc|package(?:-lock)?\.json|run\.mjs|project\/\w+\.(?:ts|html))$/,
  /^test\/fixtures\/[\w-]+\/[\w.-]+$/,
];

/** Files that may be long. */
const LONG_FILES = new Map<string, string>([]);

/** Functions that may be long, by file and name. */
const LONG_FUNCTIONS = new Map<string, string>([
  ["assembly/cpu/rv32.ts rv32_run", "one switch over all operations, whose state is in locals"],
  ["assembly/run/cont_table.ts cont_continue", "one switch over all continuations"],
]);

/** Fields that are reached through a neighbour's address. */
const QUIET_FIELDS = new Map<string, string>([
  ["PrioqHead.pq_pad", "keeps the words behind it aligned"],
  ["ChunkLists.cl_pad", "keeps the lists behind it from crossing cache lines"],
  ["SchedCpu.sc_pad", "keeps the clock of the next CPU aligned"],
  ["ThreadSched.ts_pad", "makes the structure a cache line"],
  ["ThreadSched.ts_pad1", "makes the structure a cache line"],
  ["ThreadSched.ts_pad2", "makes the structure a cache line"],
  ["CalloutWheel.cw_sum1", "the second of three summaries, which are an array"],
  ["CalloutWheel.cw_sum2", "the third of them"],
  ["CalloutWheel.cw_deal_tail", "the second half of a list's head"],
  ["GlobalData.gd_tdfreeq_last", "the second half of a list's head"],
  ["LwktToken.t_line_last", "the second half of a list's head"],
  ...["pending", "fn", "arg"].flatMap((field): [string, string][] => [
    [`Reaper.reap_task_${field}`, "a field of a Task, which starts at reap_task_next"],
    [`Reaper.barrier_task_${field}`, "a field of a Task, which starts at barrier_task_next"],
  ]),
]);

/** Circles that are meant. */
const CIRCLES: readonly Circle[] = [
  {
    files: [
      "assembly/env.ts",
      ...["callout", "chunklist", "globaldata", "intr", "machine", "reap"].map(
        (name) => `assembly/sys/${name}.ts`,
      ),
    ],
    why: "structures that point to each other",
  },
  {
    files: [
      ...[
        "ast",
        "exit",
        "fork",
        "kthread",
        "single",
        "switch",
        "synch",
        "taskqueue",
        "thread",
        "time",
        "timeout",
      ].map((name) => `assembly/kern/kern_${name}.ts`),
      ...["intr", "ipiq", "migrate", "modern", "thread", "token", "tokref", "usched"].map(
        (name) => `assembly/kern/lwkt_${name}.ts`,
      ),
      ...[
        "sched",
        "sched_4bsd",
        "sched_balance",
        "sched_clock",
        "sched_deadline",
        "sched_host",
        "sched_place",
        "sched_policy",
        "sched_ule",
        "subr_eventhandler",
        "subr_turnstile",
        "thread_gone",
        "thread_zone",
      ].map((name) => `assembly/kern/${name}.ts`),
    ],
    why: "the original's own: what sleeps switches, what switches reaps, what reaps wakes",
  },
  {
    files: ["src/machine/calls.ts", "src/machine/generated/sys.ts"],
    why: "the calls are made as KernelCall, and KernelCall knows their table",
  },
];

const project = (
  hasGit ? gitFiles("--cached", "--others", "--exclude-standard") : filesOnDisk()
).sort();
const sources = readSources(filesOnDisk().filter((path) => /\.(?:ts|mjs)$/.test(path)));
const written = new Map(
  [...sources].filter(([path, text]) => project.includes(path) && !isGenerated(text)),
);

const only = (from: Sources, ...folders: string[]): Sources =>
  new Map([...from].filter(([path]) => folders.some((folder) => path.startsWith(folder))));

const RULES: ExportRules = {
  entries: [
    "src/index.ts",
    "src/vitest.ts",
    "src/fast-check.ts",
    "assembly/codec/index.ts",
    "vitest.config.ts",
    "test/support/suite.ts", // vitest's global setup
    "scripts/training/main.ts", // the build runs its bundle
  ],
  wasmEntries: ["bench/ours/assembly/index.ts", "test/support/assembly/runq-entry.ts"],
  shared: "assembly/sys/",
  layout: LAYOUT,
  // The replay looks up flags, modes and priorities by the names that the recorded cases may use.
  lookedUp: [...readSources(["test/conformance/cases/freebsd/FORMAT.md"]).values()].join(),
};

describe("the project", () => {
  it("has been read", () => {
    expect(project.length).toBeGreaterThan(250);
    expect(written.size).toBeGreaterThan(200);
    const names = [...sources].flatMap(([path, text]) =>
      RULES.entries.includes(path) ? [] : exportsOf(path, text),
    );
    expect(names.length).toBeGreaterThan(1_000);
  });

  it("exports nothing that nobody imports", () => {
    const found = deadExports(sources, RULES, written.keys());
    expect(found).toEqual([]);
  });

  it("has no export of WebAssembly that the host does not call", () => {
    const [entry = ""] = readSources(["assembly/index.ts"]).values();
    const names = [...entry.matchAll(/export \{([^}]*)\}/g)].flatMap(([, list = ""]) =>
      list.split(",").flatMap((name) => name.trim() || []),
    );
    const host = [...only(written, "src/", "test/", "bench/").values()].join("\n");
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !new RegExp(`\\bexports\\.${name}\\b`).test(host))).toEqual([]);
  });

  it("has no field or enumeration member that nothing names", () => {
    const found = deadMembers(sources, "assembly/", LAYOUT, QUIET_FIELDS);
    expect(found).toEqual([]);
  });

  it("has no circle of imports except for the listed ones", () => {
    expect(circleFaults(only(sources, "assembly/", "src/"), CIRCLES)).toEqual([]);
    expect(importCircles(only(sources, "test/", "bench/", "scripts/"))).toEqual([]);
  });

  it(`has no file of more than ${FILE_LINES_MAX} lines`, () => {
    expect(longFiles(written, LONG_FILES)).toEqual([]);
  });

  it(`has no function of more than ${FUNCTION_LINES_MAX} lines`, () => {
    expect(longFunctions(written, LONG_FUNCTIONS)).toEqual([]);
  });

  it("has no note to oneself in it", () => {
    const texts = readSources(project.filter((path) => !path.endsWith(".json")));
    expect(marks(texts)).toEqual([]);
  });

  it("has every file in its place", () => {
    const isMade = (path: string) => isGenerated(sources.get(path) ?? "");
    const paths = hasGit ? project : project.filter((path) => !isMade(path));
    expect(
      strayFiles(
        paths.filter((path) => path !== LAYOUT),
        PLACES,
      ),
    ).toEqual([]);
  });

  it("keeps no generated file but the layout", () => {
    const generated = project.filter((path) => isGenerated(sources.get(path) ?? ""));
    // Without git, what the build has made cannot be told from what was committed.
    expect(hasGit ? generated : generated.filter((path) => path === LAYOUT)).toEqual([LAYOUT]);
    if (hasGit) expect(gitFiles("--cached", "--ignored", "--exclude-standard")).toEqual([]);
  });
});

describe("the check of exports", () => {
  const rules: ExportRules = {
    entries: ["src/index.ts"],
    wasmEntries: ["test/assembly/entry.ts"],
    shared: "assembly/sys/",
    layout: LAYOUT,
    lookedUp: "names PVM",
  };
  const check = (files: Record<string, string>) =>
    deadExports(
      new Map(Object.entries(files)),
      rules,
      Object.keys(files).filter((path) => path !== LAYOUT),
    );

  it.each([
    "export function gone(): void {}",
    "export const gone = 1;",
    "export class gone {}",
    "export enum gone {}",
    "export async function* gone() {}",
    "const gone = 1;\nexport { gone };",
    "export interface gone {}",
  ])("finds one that nobody imports: %s", (text) => {
    const user = 'import { other } from "./a.js"; gone();';
    expect(check({ "src/a.ts": text, "src/b.ts": user })).toEqual([
      "src/a.ts exports gone, which no other file imports.",
    ]);
  });

  it.each([
    'import { used } from "./a.js";',
    'import { type used as other } from "./a.js";',
    'import {\n  more,\n  used,\n} from "./a.js";',
    'export { used } from "./a.js";',
    'export * from "./a.js";',
    'import * as A from "./a.js"; A.used();',
    'import * as A from "./a.js"; const { used } = A;',
    'const a = await import("./a.js");',
  ])("accepts one that is taken: %s", (text) => {
    expect(check({ "src/a.ts": "export const used = 1;", "src/b.ts": text })).toEqual([]);
  });

  it("does not take another file's namesake for it", () => {
    const files = { "src/a.ts": "export const x = 1;", "src/c.ts": "export const x = 2;" };
    expect(check({ ...files, "src/b.ts": 'import { x } from "./c.js";' })).toHaveLength(1);
    expect(check({ ...files, "src/b.ts": 'import * as C from "./c.js"; C.x;' })).toHaveLength(1);
  });

  it("knows that the host sees structures and constants through the layout", () => {
    const layout = {
      [LAYOUT]: "export const SEEN = 1;\nexport const HIDDEN = 2;",
    };
    const sys = "export const SEEN = 1;\nexport const HIDDEN = 2;\nexport const PVM = 3;";
    const user = 'import * as Layout from "./generated/layout.js"; Layout.SEEN;';
    expect(check({ ...layout, "assembly/sys/a.ts": sys, "src/b.ts": user })).toEqual([
      "assembly/sys/a.ts exports HIDDEN, which no other file imports.",
    ]);
  });

  it("asks the host whether it calls what a WebAssembly entry exports", () => {
    const entry = "export function called(): void {}\nexport function silent(): void {}";
    const host = "exports.called();";
    expect(check({ "test/assembly/entry.ts": entry, "test/host.ts": host })).toEqual([
      "test/assembly/entry.ts exports silent, which no other file imports.",
    ]);
  });

  it("lets a type be exported that another export speaks of", () => {
    const text = "export interface Options {}\nexport function run(options: Options): void {}";
    const user = 'import { run } from "./a.js";';
    expect(check({ "src/a.ts": text, "src/b.ts": user })).toEqual([]);
  });

  it("refuses to guess at an export that it cannot read", () => {
    expect(() => check({ "src/a.ts": "export default 1;" })).toThrow("no way is known to read");
  });
});

describe("the check of members", () => {
  it("finds a field and an enumeration member that nothing else names", () => {
    const text =
      "class S {\n  read: u32;\n  idle: u32; // idle once more\n}\nconst enum E {\n  NONE,\n  A,\n  B,\n}\n";
    const user = "s.read = E.A;";
    const check = (allowed: ReadonlyMap<string, string>) =>
      deadMembers(
        new Map([
          ["assembly/s.ts", text.replace(" // idle once more", "")],
          ["src/b.ts", user],
          [LAYOUT, "idle: 4,"],
        ]),
        "assembly/",
        LAYOUT,
        allowed,
      );
    expect(check(new Map())).toEqual([
      "assembly/s.ts: nothing names E.B.",
      "assembly/s.ts: nothing reads or writes S.idle.",
    ]);
    expect(check(new Map([["S.idle", "a gap"]]))).toHaveLength(1);
  });
});

describe("the check of circles", () => {
  const files = new Map([
    ["src/a.ts", 'import { b } from "./b.js";'],
    ["src/b.ts", 'import type { c } from "./c.js";'],
    ["src/c.ts", 'export { a } from "./a.js";\nimport "./d.js";'],
    ["src/d.ts", ""],
    ["src/e.ts", 'import "./a.js";'],
  ]);
  const circle = ["src/a.ts", "src/b.ts", "src/c.ts"];

  it("finds files that import one another around corners, and no others", () => {
    expect(importCircles(files)).toEqual([circle]);
  });

  it("finds two circles that touch in no file", () => {
    const two = new Map([
      ...files,
      ["src/d.ts", 'import "./f.js";'],
      ["src/f.ts", 'import "./d.js";'],
    ]);
    expect(importCircles(two)).toEqual([["src/d.ts", "src/f.ts"], circle]);
  });

  it("accepts a listed one, and no other file in it", () => {
    const why = "they are one thing";
    expect(circleFaults(files, [])).toEqual([`These import one another: ${circle.join(", ")}.`]);
    expect(circleFaults(files, [{ files: circle, why }])).toEqual([]);
    expect(circleFaults(files, [{ files: circle.slice(1), why }])).toHaveLength(1);
  });
});

describe("the checks of sizes", () => {
  it("find a file that is one line too long", () => {
    const file = (lines: number) => new Map([["src/a.ts", "x;\n".repeat(lines)]]);
    expect(longFiles(file(FILE_LINES_MAX), new Map())).toEqual([]);
    expect(longFiles(file(FILE_LINES_MAX + 1), new Map())).toHaveLength(1);
    expect(longFiles(file(FILE_LINES_MAX + 1), new Map([["src/a.ts", "a table"]]))).toEqual([]);
  });

  it.each([
    "export function long(a: u32): void {",
    "export async function* long<T>(\n  a: number,\n) {",
    "  private static long(a: number): void {",
    "  *long(): Body {",
    "  get long(): number {",
    "const long = (a: number) => {",
    "const long = (\n  a: number,\n): void => {",
  ])("find a function that is one line too long: %s", (head) => {
    const indent = /^ */.exec(head)?.[0] ?? "";
    const text = (lines: number) =>
      `${head}\n${`${indent}  x;\n`.repeat(lines - heads - 1)}${indent}}\n${indent}  y;\n`;
    const heads = head.split("\n").length;
    const check = (lines: number, allowed = new Map<string, string>()) =>
      longFunctions(new Map([["src/a.ts", text(lines)]]), allowed);
    expect(check(FUNCTION_LINES_MAX)).toEqual([]);
    expect(check(FUNCTION_LINES_MAX + 1)).toEqual([
      `src/a.ts: long has ${FUNCTION_LINES_MAX + 1} lines; ${FUNCTION_LINES_MAX} are the most.`,
    ]);
    expect(check(99, new Map([["src/a.ts long", "one switch"]]))).toEqual([]);
  });
});

it("takes no long call, loop or switch for a function", () => {
  const heads = ["long(", "  switch (a) {", "while (true) {", "const a = long(", "return long("];
  const body = `\n${"  x;\n".repeat(99)})\n}\n`;
  for (const head of heads) {
    expect(longFunctions(new Map([["src/a.ts", head + body]]), new Map()), head).toEqual([]);
  }
});

describe("the checks of what does not belong", () => {
  it.each(["TO DO", "FIX ME", "XX X", "HA CK"])("find a note to oneself: %s", (halves) => {
    const mark = halves.replace(" ", "");
    expect(marks(new Map([["a.md", `fine\n// ${mark}: later\nMAXXXL`]]))).toEqual([
      `a.md:2 says ${mark}.`,
    ]);
  });

  it.each(["src/core/a.ts.orig", "notes.md", "test/unit/a.ts", "bench/out.json", "src/a/b/c.ts"])(
    "find a stray file: %s",
    (path) => {
      expect(strayFiles(["README.md", path], PLACES)).toEqual([`${path} has no place here.`]);
    },
  );

  it("find what a build made by its head", () => {
    expect(isGenerated("// Generated from x by y. Do not edit.\n")).toBe(true);
    expect(isGenerated("/* x\n * Auto-generated by y */\n")).toBe(true);
    expect(isGenerated("// Made by scripts/make.mjs from a table.\n")).toBe(true);
    expect(isGenerated("// How code is generated.\n\n\n\n// Do not edit\n")).toBe(false);
  });
});
