// The command `explore`, as a user calls it: the module that it searches has a copy of the library of its own.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { checkTrace } from "../support/chrome-trace.js";
import { scratchFolder } from "../support/scratch.js";

/** The module, line by line: the tidy test takes what begins like an export for one. */
const MODULE = [
  "export const config = { cpus: 2 };",
  "export default function setup(machine, { shared }) {",
  '  const full = shared(0, "full");',
  '  machine.createThread({ name: "consumer", *body() {',
  '    const { error, address } = yield* sys.mtx_create("m");',
  '    if (error !== 0 || address === 0) throw new Error("no mutex");',
  '    while ((yield* full.get()) === 0) yield* sys.tsleep("filled", 0, "empty", 0);',
  "  } });",
  '  machine.createThread({ name: "producer", *body() {',
  "    yield* full.set(1);",
  '    yield* sys.wakeup("filled");',
  "  } });",
  '  return () => { if (full.value !== 1) throw new Error("nothing was produced"); };',
  "}",
].join("\n");

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = scratchFolder();
const file = join(folder, "handover.mjs");

beforeAll(() => {
  const library = pathToFileURL(join(root, "dist/index.js")).href;
  writeFileSync(file, `import { sys } from ${JSON.stringify(library)};\n${MODULE}`);
});

function explore(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "dist/cli.js"), "explore", ...args],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

it("finds a lost wakeup, reports it, and replays it", () => {
  const { status, stdout } = explore(file, "--strategy", "exhaustive", "--json");
  expect(status).toBe(1);
  const { failure, complete } = JSON.parse(stdout);
  expect(complete).toBe(false);
  expect(failure).toMatchObject({ kind: "lost-wakeup", preemptions: 1, steps: 5, seed: 0 });
  const told = explore(file, "--replay", failure.tape);
  expect(told.status).toBe(1);
  expect(told.stdout).toContain('wakeup("filled")');
  expect(told.stdout).toContain(`--replay '${failure.tape}'`);
});

it("says truly how much it has not seen", () => {
  const lookers = join(folder, "lookers.mjs");
  writeFileSync(
    lookers,
    [
      "export default function setup(machine, { shared }) {",
      "  const word = shared(0);",
      '  for (const name of ["one", "two"]) machine.createThread({ name, *body() {',
      "    for (let i = 0; i < 6; i++) yield* word.get();",
      "  } });",
      "}",
    ].join("\n"),
  );
  // One of 924 is left.
  const most = explore(lookers, "--strategy", "exhaustive", "--schedules", "923");
  expect(most.stdout).toContain("; about 99.9 % of all, each choice weighing the same");
  const pct = explore(lookers, "--strategy", "pct", "--depth", "2", "--schedules", "1032");
  expect(pct.stdout).toContain(
    "A failure that takes 2 orderings among 2 threads within 11 decisions is seen with a probability of at least 1 in 22 by each schedule after the first 32, 99.9 % by all.",
  );
});

it("loads a module in TypeScript, by each worker, and says what is wrong with it", () => {
  const typed = join(folder, "counter.ts");
  const library = join(root, "src/index.js");
  const lines = [
    `import type { Machine, SearchTools } from ${JSON.stringify(library)};`,
    "const Step = { ONE: 1 } as const;",
    "export default function setup(machine: Machine, { shared }: SearchTools): () => void {",
    '  const count = shared(0, "count");',
    '  for (const name of ["one", "two"] satisfies readonly string[]) {',
    "    machine.createThread({ name, *body() {",
    "      yield* count.set((yield* count.get()) + Step.ONE);",
    "    } });",
    "  }",
    '  return () => { if (count.value !== 2) throw new Error("count is " + count.value); };',
    "}",
  ];
  writeFileSync(typed, lines.join("\n"));
  for (const workers of ["1", "2"]) {
    const { status, stdout } = explore(typed, "--json", "--workers", workers);
    expect(status).toBe(1);
    expect(JSON.parse(stdout).failure).toMatchObject({ kind: "assertion", message: "count is 1" });
  }
  for (const [text, message] of [
    ["export const config: object = {};", "exports no function setup"],
    ["const a: number = 1;\nconst b: = 2;", "cannot be loaded"],
  ] as const) {
    writeFileSync(typed, text);
    const { status, stderr } = explore(typed);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  }
});

it("writes the failing schedule as a trace, and says why it cannot", () => {
  const trace = join(folder, "handover.json");
  const { status, stdout } = explore(file, "--trace", trace, "--workers", "2");
  expect(status).toBe(1);
  const { slices, trackNames, events } = checkTrace(trace);
  expect([...trackNames.values()]).toEqual(expect.arrayContaining(["consumer", "producer"]));
  expect(slices.map(({ name }) => name)).toContain('wakeup("filled")');
  const [end] = events.filter(({ ph }) => ph === "i");
  expect(stdout.startsWith(`${end?.name}\n`)).toBe(true);
  for (const [path, message] of [
    [join(folder, "none", "x.json"), "there is no such directory"],
    [file, "--trace would write over the test's file"],
  ] as const) {
    const refused = explore(file, "--trace", path);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(message);
  }
});

it("gives a test the library of the command where it has none of its own", () => {
  const alone = join(folder, "alone.mjs");
  writeFileSync(alone, `import { sys } from "kthread-machine";\n${MODULE}`);
  for (const workers of ["1", "2"]) {
    const { status, stdout, stderr } = explore(alone, "--workers", workers);
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(/^lost-wakeup: consumer sleeps for ever/);
  }
});

it("says where a test is wrong that is no test", () => {
  const wrong = join(folder, "wrong.mjs");
  const body = (text: string) => `\nmachine.createThread({ name: "a", *body() {\n${text}\n} }); }`;
  for (const [text, status, message] of [
    [
      "nothing to run",
      2,
      `cannot be loaded: Unexpected identifier 'to' (node ${wrong} shows where)`,
    ],
    ['\n throw new Error("no");', 2, `cannot be loaded: no (${wrong}:2)`],
    ["export default function setup() {\n absent(); }", 2, "is not defined (wrong.mjs:2)"],
    ["export default (machine) => machine.createThread({});", 2, `${wrong}: createThread: name is`],
    ["export default () => {};", 2, `${wrong}: the test has no thread, so there is nothing to`],
    ["export default async () => {};", 2, `${wrong}: setup has returned a promise; it must`],
    [
      'export default (machine) => void machine.createThread({ name: "a", async *body() {} });',
      2,
      `${wrong}: the body of thread "a" is an async generator, which no body can be`,
    ],
    [`export default function setup(machine) {${body("absent();")}`, 1, "defined (wrong.mjs:3)"],
    [`export default function setup(machine) {${body('throw new Error("no")')}`, 1, '"a": no\n'],
  ] as const) {
    writeFileSync(wrong, text);
    const told = explore(wrong);
    expect(told.status).toBe(status);
    expect(told.stderr + told.stdout).toContain(message);
  }
  const source = join(folder, "test.c");
  writeFileSync(source, "");
  expect(explore(source).stderr).toContain(`${source}: C is compiled first: kthread-machine cc`);
  expect(explore(folder).stderr).toContain(`${folder}: this is a directory, not a file`);
});

it("finds the same with any number of workers", () => {
  const found = (strategy: string, ...args: string[]) => {
    const { stdout } = explore(file, "--strategy", strategy, "--seed", "5", "--json", ...args);
    const { per_second: _, ...rest } = JSON.parse(stdout);
    return rest;
  };
  for (const strategy of ["random", "pct", "exhaustive"]) {
    const alone = found(strategy);
    expect(alone.failure.kind).toBe("lost-wakeup");
    expect(found(strategy, "--workers", "2")).toEqual(alone);
  }
  // Nothing fails without preemptions: all schedules are counted, or as many as were asked for.
  for (const args of [[], ["--schedules", "3"]]) {
    const alone = found("exhaustive", "--preemptions", "0", ...args);
    expect(alone.failure).toBeNull();
    expect(found("exhaustive", "--preemptions", "0", "--workers", "3", ...args)).toEqual(alone);
  }
});

it("searches a workload, on the machine that is asked for, with any number of workers", () => {
  const crossed = join(folder, "crossed.json");
  const locks = (first: string, second: string) =>
    `{ "loop": 1, "lock": "${first}", "lock": "${second}", "unlock": "${second}", "unlock": "${first}" }`;
  writeFileSync(
    crossed,
    `{ "tasks": { "left": ${locks("a", "b")}, "right": ${locks("b", "a")} } }`,
  );
  const args = [crossed, "--cpus", "2", "--scheduler", "4bsd"];
  const { status, stdout } = explore(...args);
  expect(status).toBe(1);
  expect(stdout).toContain("left waits for mutex b, held by right");
  expect(stdout).toMatch(/to see it again: --cpus 2 --scheduler 4bsd --replay 'ktm1:\d+'/);
  const found = (...more: string[]) =>
    JSON.parse(explore(...args, "--json", ...more).stdout).failure;
  expect(found("--workers", "2")).toEqual(found());
});

it("says in a sentence what it cannot search", () => {
  for (const [args, message] of [
    [["nothing.mjs"], "nothing.mjs: there is no such file"],
    [[join(root, "package.json")], "package.json:"],
    [[file, "--replay", "ktm1:?"], '"ktm1:?" is no schedule'],
    [[file, "--strategy", "best"], "Allowed choices are random, pct, exhaustive"],
  ] as const) {
    const { status, stderr } = explore(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  }
});
