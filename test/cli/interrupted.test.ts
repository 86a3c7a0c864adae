// Ctrl-C and SIGTERM in the commands that take long: a report so far, the signal's exit code, no half files.

import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bareElf, bareProgram } from "../support/bare-program.js";
import { finish, type ProcessEnd, start, untilHearing } from "../support/command-process.js";
import { cpuMsOf } from "../support/cpu-time.js";
import { scratchFolder } from "../support/scratch.js";

const folder = scratchFolder();

const sleep = (milliseconds: number) => new Promise((next) => setTimeout(next, milliseconds));

/** Waits until a command has had some more processor time: on a busy computer the clock says little. */
async function untilUsed({ pid }: ChildProcess, milliseconds: number): Promise<void> {
  const until = cpuMsOf(pid as number) + milliseconds;
  while (cpuMsOf(pid as number) < until) await sleep(20);
}

/** Starts a command, and sends it a signal as soon as `hasBegun` says that it is at work. */
async function interrupted(
  args: readonly string[],
  signal: NodeJS.Signals,
  hasBegun: (child: ChildProcess) => Promise<void>,
): Promise<ProcessEnd> {
  const child = start(args);
  const end = finish(child);
  await hasBegun(child);
  child.kill(signal);
  return end;
}

describe("explore", () => {
  const marker = () => join(folder, "begun");

  /** A test whose setup leaves a file, with bodies in JavaScript. */
  function moduleWith(name: string, body: string): string {
    const path = join(folder, name);
    const text = [
      'import { writeFileSync } from "node:fs";',
      "export default function setup(machine, { shared }) {",
      `  writeFileSync(${JSON.stringify(marker())}, "");`,
      "  const count = shared(0);",
      `  for (const name of ["a", "b", "c"]) machine.createThread({ name, *body() { ${body} } });`,
      "}",
    ];
    rmSync(marker(), { force: true });
    writeFileSync(path, text.join("\n"));
    return path;
  }

  const begun = async (child: ChildProcess) => {
    while (!existsSync(marker())) await sleep(20);
    await untilUsed(child, 300);
  };
  const endless = ["--schedules", "1000000000"];
  const nothing = () => moduleWith("nothing.mjs", "yield* count.set(1);");

  it.each([
    ["SIGINT", 130, []],
    ["SIGTERM", 143, ["--workers", "2"]],
    ["SIGTERM", 143, ["--workers", "2", "--strategy", "exhaustive", "--preemptions", "2"]],
  ] as const)(
    "tells by %s what it has seen so far, and ends with %i",
    async (signal, code, more) => {
      const body = "for (let i = 0; i < 40; i++) yield* count.set((yield* count.get()) + 1);";
      const file = moduleWith("endless.mjs", body);
      const args = ["explore", file, ...endless, ...more];
      const told = await interrupted(args, signal, begun);
      expect(told).toMatchObject({ code, err: "" });
      expect(told.out).toMatch(/^INTERRUPTED: the search so far\nno failure in [\d,]+ schedules/);
    },
  );

  it("prints one JSON object, and leaves no trace of nothing", async () => {
    const there = scratchFolder();
    const args = ["explore", nothing(), ...endless, "--json", "--trace", join(there, "t.json")];
    const { code, out } = await interrupted(args, "SIGINT", begun);
    expect(code).toBe(130);
    const { failure, complete, schedules } = JSON.parse(out);
    expect([failure, complete]).toEqual([null, false]);
    expect(schedules).toBeGreaterThan(0);
    expect(readdirSync(there)).toEqual([]);
  });

  it("ends also where a body computes for ever, and says that there is no report", async () => {
    const file = moduleWith("hangs.mjs", "for (;;);");
    const { code, out, err } = await interrupted(["explore", file], "SIGTERM", begun);
    expect({ code, out }).toEqual({ code: 143, out: "" });
    expect(err).toMatch(/^kthread-machine: .*hangs\.mjs: one schedule takes over 10 s, so that/);
  });

  it("says that a test must not end the process", async () => {
    const file = moduleWith("exits.mjs", "process.exit(7);");
    const { code, err } = await finish(start(["explore", file]));
    expect(code).toBe(2);
    expect(err).toContain("exits.mjs: it ends the process");
  });
});

describe("a thread of a search with several", () => {
  /** A test that does something in the threads that others have started, after some schedules. */
  function lateModule(name: string, what: string): string {
    const path = join(folder, name);
    const text = [
      'import { threadId } from "node:worker_threads";',
      "let schedules = 0;",
      "const kept = [];",
      "export default function setup(machine, { shared }) {",
      `  if (threadId > 1 && ++schedules > 50) ${what}`,
      "  const count = shared(0);",
      '  for (const name of ["a", "b", "c"]) machine.createThread({ name, *body() {',
      "    for (let i = 0; i < 6; i++) yield* count.add(1);",
      "  } });",
      "}",
    ];
    writeFileSync(path, text.join("\n"));
    return path;
  }

  const searches = [
    ["--workers", "2", "--strategy", "exhaustive", "--for", "60s"],
    ["--workers", "2", "--schedules", "4000"],
  ];

  it("ends the search when the test ends the thread", async () => {
    const file = lateModule("exits-late.mjs", "process.exit(7);");
    for (const args of searches) {
      const { code, err } = await finish(start(["explore", file, ...args]));
      expect({ code, err }).toEqual({
        code: 2,
        err: `kthread-machine: ${file}: it ends the process; a test ends when its bodies have ended\n`,
      });
    }
  });

  it("says what to do when the test has used up its memory", async () => {
    const file = lateModule("grows.mjs", "for (;;) kept.push(new Array(1e5).fill({}));");
    const env = { ...process.env, NODE_OPTIONS: "--max-old-space-size=80" };
    for (const args of searches) {
      const { code, err } = await finish(start(["explore", file, ...args], "pipe", env));
      expect(code).toBe(2);
      expect(err).toContain(`kthread-machine: ${file}: it has used up the memory of its thread`);
    }
  });
});

describe("a workload that never ends", () => {
  const forever = `{ "tasks": { "w": { "instance": 2, "loop": -1, "run": 50, "sleep": 10 } } }`;
  /** More than a pipe holds: when it is all gone, the command has begun to read. */
  const padding = " ".repeat(1 << 20);

  const given = (text: string) => async (child: ChildProcess) => {
    await new Promise<void>((resolve) => child.stdin?.end(padding + text, () => resolve()));
    await untilUsed(child, 1_000);
  };

  it("gives a sweep the runs that are complete", async () => {
    const args = ["run", "-", "--seeds", "1..1000000", "--for", "10ms"];
    const text = await interrupted(args, "SIGINT", given(forever));
    expect(text).toMatchObject({ code: 130, err: "" });
    expect(text.out).toMatch(/^-: [\d,]+ runs? on .*\nINTERRUPTED after [\d,]+ runs?: the report/);
    const json = await interrupted([...args, "--json"], "SIGTERM", given(forever));
    expect(json.code).toBe(143);
    const { runs, from, to, switches } = JSON.parse(json.out);
    expect([from, to]).toEqual([1, 1_000_000]);
    expect(runs).toBeGreaterThan(0);
    expect(switches.min).toBeGreaterThan(0);
  });

  it("ends a sweep in the middle of its first run", async () => {
    const args = ["run", "-", "--seeds", "1..2", "--for", "100000s", "--json"];
    const { code, out } = await interrupted(args, "SIGINT", given(forever));
    expect(code).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ runs: 0, switches: null, failures: [] });
  });

  it("gives a comparison the seeds that all schedulers have run, and a picture of them", async () => {
    const picture = join(folder, "many.svg");
    const args = ["compare", "-", "--seeds", "10000", "--for", "10ms"];
    const text = await interrupted([...args, "--svg", picture], "SIGTERM", given(forever));
    expect(text).toMatchObject({ code: 143, err: "" });
    expect(text.out).toMatch(
      /^- on 4 CPUs, \d+ seeds?\nINTERRUPTED: the comparison so far\n\nMACH/,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith("many"))).toEqual(["many.svg"]);
    const json = await interrupted([...args, "--json"], "SIGINT", given(forever));
    expect(json.code).toBe(130);
    const { seeds, runs } = JSON.parse(json.out);
    expect(seeds).toBeGreaterThan(0);
    expect(runs.map(({ hashes }: { hashes: string[] }) => hashes.length)).toEqual([
      ...[seeds, seeds, seeds],
    ]);
  });

  it("leaves a comparison without a run empty, and makes no picture", async () => {
    const picture = join(folder, "none.svg");
    const args = ["compare", "-", "--for", "100000s", "--svg", picture, "--json"];
    const { code, out } = await interrupted(args, "SIGINT", given(forever));
    expect(code).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ version: 1, seeds: 0, runs: [], notes: [] });
    expect(readdirSync(folder).filter((name) => name.startsWith("none"))).toEqual([]);
  });
});

describe("exec --bare", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("tells by %s where the program was, and ends with %i", async (signal, code) => {
    const file = join(folder, "endless.elf");
    writeFileSync(file, bareElf(bareProgram((b) => b.label("round").jump("round"))));
    const limit = ["--limit", String(Number.MAX_SAFE_INTEGER)];
    const args = ["exec", file, "--bare", ...limit];
    const told = await interrupted(args, signal, untilHearing);
    expect([told.code, told.out]).toEqual([code, ""]);
    expect(told.err).toMatch(/^interrupted at 0x80000000\n[\d,]+ instructions in /);
    const json = await interrupted([...args, "--json"], signal, untilHearing);
    expect(JSON.parse(json.out)).toMatchObject({ status: code, reason: "interrupted" });
  });
});

describe("cc", () => {
  /** A folder with a compiler that is asked for its version, then makes a file, and then takes its time. */
  function slowCompiler(begun: string): string {
    const bin = scratchFolder();
    const script = `#!/bin/sh\ncase $1 in --version | -print*) exit 0;; esac\n: >${begun}\nexec sleep 60\n`;
    for (const name of ["clang", "ld.lld"]) writeFileSync(join(bin, name), script, { mode: 0o755 });
    return bin;
  }

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "ends by %s with %i, ends the compiler, and leaves nothing behind",
    async (signal, code) => {
      const begun = join(folder, `compiles-${signal}`);
      const TMPDIR = scratchFolder();
      const PATH = `${slowCompiler(begun)}:${process.env.PATH}`;
      const args = ["cc", "examples/c/pool.c", "-o", join(folder, "pool.elf")];
      const child = start(args, "pipe", { ...process.env, PATH, TMPDIR });
      const end = finish(child);
      while (!existsSync(begun)) await sleep(20);
      expect(readdirSync(TMPDIR)).toHaveLength(1);
      child.kill(signal);
      expect(await end).toEqual({ code, out: "", err: "" });
      expect(readdirSync(TMPDIR)).toEqual([]);
    },
  );
});
