// The commands run and ps as a user's shell sees them: output, exit codes, signals, files.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "../../src/workload/run-report.js";
import { CLI, cli, finish, ROOT, start, untilHearing } from "../support/command-process.js";
import { scratchFolder } from "../support/scratch.js";

const folder = scratchFolder();

beforeAll(() => {
  if (!existsSync(CLI)) throw new Error("dist/cli.js is missing: run `npm run build`");
});

/** Writes a workload with these tasks and returns its path. */
function workload(name: string, tasks: string): string {
  const path = join(folder, name);
  writeFileSync(path, `{ "tasks": { ${tasks} } }`);
  return path;
}

/** What is left of traces that are not complete. */
const partials = (name: string) =>
  readdirSync(folder).filter((one) => one.startsWith(name) && one.endsWith(".partial"));

const linesOf = (text: string) => text.trimEnd().split("\n");

describe("run", () => {
  it("prints a table of threads, one of CPUs, one of locks, and the hash; twice the same", async () => {
    const first = await cli("run", "examples/webserver.json", "--for", "200ms");
    expect(first).toMatchObject({ code: 0, err: "" });
    const lines = linesOf(first.out);
    expect(lines[0]).toBe("examples/webserver.json: 12 threads on 4 CPUs, scheduler lwkt, seed 0");
    expect(lines[1]).toBe("stopped after 200.0 ms of virtual time, as asked");
    expect(lines[3]).toMatch(/^THREAD +TID +STATE +CPU TIME +% +VOLUNTARY +INVOLUNTARY +WAKEUPS/);
    expect(first.out).toMatch(/^acceptor +100002 +sleeping: nanslp +\d/m);
    expect(first.out).toMatch(/^3 +\d[\d.]* ms +\d[\d.]* ms +\S+ +[\d.]+% +[\d,]+ +\d+ +\d+$/m);
    expect(first.out).toMatch(/^mutex cache +\d+ +\d+ +[\d.]+%/m);
    expect(lines.at(-1)).toMatch(/^hash [0-9a-f]{16}$/);
    expect(await cli("run", "examples/webserver.json", "--for", "200ms")).toEqual(first);
  });

  it("prints everything as one JSON document, which agrees with the table", async () => {
    const args = ["run", "examples/pipeline.json", "--cpus", "2", "--scheduler", "4bsd"];
    const json = await cli(...args, "--json");
    const text = await cli(...args);
    expect(json).toMatchObject({ code: 0, err: "" });
    const report = JSON.parse(json.out) as RunReport;
    expect(report).toMatchObject({
      file: "examples/pipeline.json",
      outcome: "finished",
      cpuCount: 2,
      scheduler: "4bsd",
      threadCount: 5,
    });
    expect(text.out).toContain(`hash ${report.hash}\n`);
    expect(report.threads).toHaveLength(5);
    for (const { name } of report.threads) expect(text.out).toContain(`\n${name} `);
  });

  it("is another run on another machine", async () => {
    const hash = async (...args: string[]) =>
      linesOf((await cli("run", "examples/pipeline.json", ...args)).out).at(-1);
    expect(await hash("--cpus", "3")).not.toBe(await hash("--cpus", "4"));
  });

  it("reports a deadlock, with the waiters and owners, and exits with 3", async () => {
    const { code, out } = await cli("run", "examples/deadlock.json");
    expect(code).toBe(3);
    expect(out).toMatch(/^DEADLOCK after .* of virtual time/m);
    expect(out).toMatch(/^ {2}left +waits for mutex "b", held by right$/m);
    expect(out).toMatch(/^ {2}in a circle: left -> right -> left$/m);
  });

  it("shows the busiest of many threads and sums up the others, or all of them", async () => {
    const file = workload("many.json", `"w": { "loop": 3, "instance": 120, "run": 10, "yield" }`);
    const short = await cli("run", file);
    expect(short.out).toMatch(/^\.\.\. and 100 more threads: .* \(--all shows them\)$/m);
    const all = await cli("run", file, "--all");
    expect(all.out).not.toContain("more threads");
    expect(all.out.match(/^w-\d+ /gm)).toHaveLength(120);
  });

  it("writes a trace under its name only when it is complete", async () => {
    const path = join(folder, "trace.json");
    const { code } = await cli("run", "examples/pipeline.json", "--trace", path);
    expect(code).toBe(0);
    expect(partials("trace.json")).toEqual([]);
    const { traceEvents } = JSON.parse(readFileSync(path, "utf8")) as { traceEvents: unknown[] };
    expect(traceEvents.length).toBeGreaterThan(1000);
  });

  it("leaves a trace marked as partial when it is killed", async () => {
    const path = join(folder, "killed.json");
    const file = workload("endless.json", `"w": { "instance": 8, "run": 5, "yield" }`);
    const child = start(["run", file, "--for", "100000s", "--trace", path]);
    const end = finish(child);
    while (partials("killed.json").length === 0) await new Promise((next) => setTimeout(next, 20));
    child.kill("SIGKILL");
    await end;
    expect(existsSync(path)).toBe(false);
  });

  it("reports so far and exits with 130 when it is interrupted", async () => {
    const file = workload("forever.json", `"w": { "instance": 2, "run": 50, "yield" }`);
    const path = join(folder, "interrupted.json");
    const child = start(["run", file, "--for", "100000s", "--progress", "--trace", path]);
    const end = finish(child);
    await untilHearing(child);
    expect(partials("interrupted.json")).toHaveLength(1);
    child.kill("SIGINT");
    const { code, out } = await end;
    expect(code).toBe(130);
    expect(out).toMatch(/^INTERRUPTED after .* of virtual time: the report so far$/m);
    expect(linesOf(out).at(-1)).toMatch(/^hash /);
    expect(() => JSON.parse(readFileSync(path, "utf8"))).not.toThrow();
  });

  it("says how far it is on the standard error when asked", async () => {
    const { code, err } = await cli("run", "examples/webserver.json", "--progress");
    expect(code).toBe(0);
    const lines = linesOf(err);
    expect(lines[0]).toMatch(/^progress: \d+%, .* ms of virtual time, [\d,]+ switches$/);
  });

  it("ends quietly when its output is not read", async () => {
    const child = start(["run", "examples/webserver.json", "--for", "50ms", "--json"]);
    child.stdout?.destroy();
    const { err } = await finish(child);
    expect(err).toBe("");
  });

  it("reports a kernel panic in the kernel's words, with where it was, and exits with 1", async () => {
    const file = workload("bad.json", `"bad": { "loop": 1, "run": 5, "unlock": "door" }`);
    const { code, out, err } = await cli("run", file);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(linesOf(err)[0]).toBe(
      "kthread-machine: panic: mtx_unlock: mutex door is not owned by thread bad (tid 100002)",
    );
    expect(err).toMatch(/^on CPU \d+, thread bad .*, after 5\.\d+ us of virtual time$/m);
    expect(err).toMatch(/^ +2 +100002 .* bad$/m);
  });
});

describe("run with chaos", () => {
  const path = join(ROOT, "examples/webserver.json");

  it("does what the seed says, and otherwise without", async () => {
    const run = async (...args: string[]) =>
      (await cli("run", path, "--for", "5ms", ...args)).out.trimEnd().split("\n").at(-1);
    const first = await run("--chaos", "--seed", "7");
    expect(await run("--chaos", "--seed", "7")).toBe(first);
    expect(await run("--chaos", "--seed", "8")).not.toBe(first);
    expect(await run("--seed", "7")).toBe(await run());
  });

  it("sweeps over seeds", async () => {
    const { code, out } = await cli(
      "run",
      path,
      "--for",
      "20ms",
      "--chaos",
      "--seeds",
      "1..5",
      "--json",
    );
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ runs: 5, different: 5, from: 1, to: 5, failures: [] });
    expect(report.switches.min).toBeLessThan(report.switches.max);
    const told = await cli("run", path, "--for", "20ms", "--chaos", "--seeds", "1..5");
    expect(told.out).toContain("MEDIAN");
    expect(told.out).toContain("no run failed");
    const failed = await cli("run", join(ROOT, "examples/deadlock.json"), "--seeds", "4");
    expect(failed.code).toBe(3);
    expect(failed.out).toContain("--seed 4: deadlock:");
    const wrong = await cli("run", path, "--seeds", "5..1");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("such as 1..1000");
  });
});

describe("ps", () => {
  it("lists the machine's threads at a moment", async () => {
    const { code, out } = await cli("ps", "examples/webserver.json", "--at", "250ms");
    expect(code).toBe(0);
    const lines = linesOf(out);
    expect(lines[0]).toMatch(/^ +PID +TID +CPU +PRI +STAT +WCHAN +TIME +COMMAND$/);
    expect(lines).toHaveLength(15);
    expect(out).toMatch(/worker\/worker-7$/m);
  });

  it("lists them at several moments in the order of time, each as it is for itself", async () => {
    const at = (...moments: string[]) =>
      cli("ps", "examples/webserver.json", ...moments.flatMap((moment) => ["--at", moment]));
    const [both, early, late] = await Promise.all([at("250ms", "2ms"), at("2ms"), at("250ms")]);
    expect(both.code).toBe(0);
    expect(both.out).toBe(`at 2.000 ms:\n${early.out}\nat 250.0 ms:\n${late.out}`);
  });
});

describe("bad input", () => {
  const sentence = async (...args: string[]) => {
    const { code, out, err } = await cli(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    return linesOf(err)[0];
  };

  it("is reported in one sentence, with exit code 2", async () => {
    expect(await sentence("run", "nowhere.json")).toBe(
      "kthread-machine: nowhere.json: there is no such file",
    );
    expect(await sentence("run", "test/fixtures/workload/binary.json")).toMatch(/not a text file/);
    expect(await sentence("run", "test/fixtures/workload/misspelt.json")).toMatch(
      /misspelt\.json:12:7: "slepe" is not an event or task property \(did you mean "sleep"\?\)/,
    );
    expect(await sentence("run", "x", "--bogus")).toBe("kthread-machine: unknown option '--bogus'");
    expect(await sentence("run", "x", "--cpus", "65")).toMatch(/whole number from 1 to 64/);
    expect(await sentence("run", "x", "--for", "2")).toMatch(/such as 2s, 500ms or 10us/);
    expect(await sentence("run", "x", "--scheduler", "cfs")).toMatch(/choices are lwkt, 4bsd, ule/);
    for (const seed of ["abc", "1.5", "18446744073709551616", "-9223372036854775809"]) {
      expect(await sentence("run", "x", "--seed", seed)).toMatch(
        /It must be a whole number from -9223372036854775808 to 18446744073709551615\.$/,
      );
    }
    for (const args of [["run"], ["explore"], ["exec"], ["ps", "--at", "1ms"]]) {
      expect(await sentence(...args, "")).toBe('kthread-machine: "": there is no such file');
    }
    expect(await sentence("run")).toMatch(/missing required argument 'file'/);
    expect(await sentence("rnu")).toMatch(/unknown command 'rnu'/);
    expect(await sentence("ps", "examples/webserver.json")).toMatch(/--at <time>/);
    const trace = ["--trace", join(folder, "no/such/folder"), "--for", "1ms"];
    expect(await sentence("run", "examples/webserver.json", ...trace)).toMatch(/cannot write/);
    for (const [command, option, file] of [
      ["run", "--trace", "examples/webserver.json"],
      ["compare", "--svg", "examples/webserver.json"],
      ["explore", "--trace", "examples/explore/circle.mjs"],
      ["exec", "--trace", "examples/c/work.elf"],
    ] as const) {
      expect(await sentence(command, file, option, "-")).toBe(
        `kthread-machine: ${option} takes the name of a file; ./- if that is to be called -`,
      );
    }
  });

  it("that is a bomb is refused, not run", async () => {
    const nested = join(folder, "nested.json");
    writeFileSync(nested, "[".repeat(1_000_000));
    expect(await sentence("run", nested)).toMatch(/nests deeper/);
    const keys = workload("keys.json", `"a": { ${`"run": 1, `.repeat(500_000)} }`);
    expect(await sentence("run", keys)).toMatch(/more than 200000 keys/);
    const threads = workload("threads.json", `"a": { "instance": 16000000, "run": 1 }`);
    expect(await sentence("run", threads)).toMatch(/4096 MiB; maxthread up to \d+ fits/);
  });
});

describe("help", () => {
  it("describes the commands, the options of each, and the exit codes", async () => {
    const main = await cli("--help");
    expect(main.code).toBe(0);
    for (const word of ["run", "ps", "stress", "Start here"]) expect(main.out).toContain(word);
    const run = await cli("run", "--help");
    for (const word of ["--trace", "--for", "Exit codes", "Examples"]) {
      expect(run.out).toContain(word);
    }
  });

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(await cli("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});
