// The commands under careless and hostile use: signals, full disks, traces to odd places, names with
// control characters, work that explodes. Each ends in order: a sentence, an exit code, no file left behind.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describe as describeExec } from "../../src/cli/exec.js";
import type { ExecReport } from "../../src/cli/exec-run.js";
import { formatSweep } from "../../src/cli/sweep.js";
import { formatTable } from "../../src/cli/table.js";
import { readWorkload } from "../../src/workload/parse.js";
import type { RunReport } from "../../src/workload/run-report.js";
import { Sweep } from "../../src/workload/sweep.js";
import {
  CLI,
  cli,
  finish,
  type ProcessEnd,
  ROOT,
  start,
  untilHearing,
} from "../support/command-process.js";
import { scratchFolder } from "../support/scratch.js";

const folder = scratchFolder();

function workload(name: string, tasks: string): string {
  const path = join(folder, name);
  writeFileSync(path, `{ "tasks": { ${tasks} } }`);
  return path;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a run that is ended by a signal", () => {
  const forks = `"child": { "instance": 0, "run": 1 }, "parent": { "loop": -1, "fork": "child" }`;
  const yields = `"y": { "instance": 2, "loop": -1, "yield": "" }`;

  it.each([
    ["SIGINT", 130, yields],
    ["SIGTERM", 143, yields],
    ["SIGHUP", 129, yields],
    ["SIGTERM", 143, forks],
  ] as const)(
    "%s: reports so far, closes the trace and exits with %i",
    async (signal, exit, tasks) => {
      const path = join(folder, `${signal}.json`);
      const child = start(["run", workload("w.json", tasks), "--for", "1h", "--trace", path]);
      const end = finish(child);
      await untilHearing(child);
      await pause(200); // some rounds
      child.kill(signal);
      const { code, out, err } = await end;
      expect({ code, err }).toEqual({ code: exit, err: "" });
      expect(out).toMatch(/^INTERRUPTED after .* of virtual time: the report so far$/m);
      expect(JSON.parse(readFileSync(path, "utf8")).traceEvents.length).toBeGreaterThan(10);
      expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
    },
  );
});

describe("an output that cannot be written", () => {
  it("is reported in one sentence when the disk is full", async () => {
    const child = start(["run", "examples/pipeline.json"], openSync("/dev/full", "w"));
    const { code, err } = await finish(child);
    expect(err).toBe("kthread-machine: cannot write to the standard output: the disk is full\n");
    expect(code).toBe(1);
  });

  it("is reported before the run when it is a trace at an impossible place", async () => {
    const file = workload("own.json", `"w": { "loop": 1, "run": 1 }`);
    const hard = join(folder, "hard.json");
    execFileSync("ln", [file, hard]);
    for (const [trace, sentence] of [
      [file, "--trace would write over the workload file; give it another name"],
      [hard, "--trace would write over the workload file; give it another name"],
      [folder, `cannot write the trace to "${folder}": it is a directory`],
      ["/dev/full", 'cannot write the trace to "/dev/full": it is not a plain file'],
      ["", 'cannot write the trace to "": the name is empty'],
    ] as const) {
      const { code, out, err } = await cli("run", file, "--trace", trace);
      expect({ code, out, err }).toEqual({
        code: 2,
        out: "",
        err: `kthread-machine: ${sentence}\n`,
      });
    }
    expect(readFileSync(file, "utf8")).toContain('"loop": 1');
  });

  it("does not cost the report when a trace fails on the way", async () => {
    const file = workload(
      "long.json",
      `"w": { "instance": 4, "loop": 2000, "run": 5, "yield": "" }`,
    );
    // A limit on the size of files stands for a disk that fills up.
    const command = `ulimit -f 64; trap '' XFSZ; exec "$0" "$@"`;
    const path = join(folder, "limited.json");
    const args = [
      "-c",
      command,
      process.execPath,
      CLI,
      "run",
      file,
      "--cpus",
      "1",
      "--trace",
      path,
    ];
    const child = spawn("bash", args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const { code, out, err } = await finish(child);
    expect(out).toMatch(/^hash /m);
    expect(err).toMatch(/^kthread-machine: cannot write the trace to ".*limited.json": /);
    expect(code).toBe(1);
    expect(readdirSync(folder).filter((name) => name.startsWith("limited"))).toEqual([]);
  });
});

describe("what files say", () => {
  it("is made visible before it is printed, and kept in columns", async () => {
    const name = "ev\\u001b[31mil\\nname-\\u65e5\\u672c\\u8a9e";
    const file = workload(
      "names.json",
      `"${name}": { "loop": 1, "run": 1, "lock": "m\\u0007", "unlock": "m\\u0007" }, "plain": { "loop": 1, "run": 1 }`,
    );
    const { out } = await cli("run", file);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(out).toMatch(/^ev\\x1b\[31mil\\x0aname-.* 100002 {2}ended/m);
    expect(out).toContain("mutex m\\x07");
    const { out: listed } = await cli("ps", file, "--at", "0s");
    expect(listed).toContain("ev\\x1b[31mil\\x0aname");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(listed).not.toMatch(/\u001b/);
  });

  it("is cut between characters to fit the terminal, wide characters counting twice", () => {
    const columns = [
      { title: "THREAD", align: "left" },
      { title: "TID", align: "right" },
    ] as const;
    const rows = [
      ["日本語日本語日本語", "1"],
      ["plain", "22"],
    ];
    expect(formatTable(columns, rows)).toBe(
      "THREAD              TID\n日本語日本語日本語    1\nplain                22\n",
    );
    expect(formatTable(columns, rows, 15)).toBe(
      "THREAD      TID\n日本語日…     1\nplain        22\n".replace(
        "日本語日…     1",
        "日本語日…     1",
      ),
    );
  });

  it("has its table taken apart by exec and sweeps, too", () => {
    const ended: ExecReport = {
      ...{ status: 0, reason: "exit", instructions: 1e6, switches: 12, cycles: 1e6 },
      ...{ host_seconds: 0.1, hash: "0123456789abcdef", locks: null, faults: [], panic: null },
      threads: [
        {
          name: "worker",
          tid: 100002,
          state: "exited",
          waitMessage: null,
          cycles: 1e6,
          switches: 12,
        },
      ],
    };
    expect(describeExec(ended)).toContain("\nTHREAD  COUNT  STATE   CPU TIME  SWITCHES\nworker ");
    expect(describeExec(ended, 30)).toContain("\n\nTHREAD  CPU TIME  SWITCHES\nworker  1.000 ms ");
    const pipeline = readWorkload(join(ROOT, "examples/pipeline.json"));
    const { report } = new Sweep(pipeline, { from: 0, to: 1 });
    const time = { min: 1e6, median: 2e6, max: 3e6 };
    const swept = { ...report, runs: 2, timeNs: time };
    expect(formatSweep(swept)).toContain("\ntime      1.000 ms  2.000 ms  3.000 ms\n");
    expect(formatSweep(swept, 30)).toContain("\ntime      1.000 ms  2.000 ms\n");
  });

  it("has its table taken apart where the terminal has no room for all of its columns", () => {
    const columns = ["TASK", "", "A", "B", "C"].map((title) => ({ title, align: "left" }) as const);
    const rows = [
      ["one", "CPU", "a1", "b1", "c1"],
      ["a name that is long", "ended", "a2", "b2", "c2"],
    ];
    expect(formatTable(columns, rows, 34, 2)).toBe(
      [
        "TASK                        A   B",
        "one                  CPU    a1  b1",
        "a name that is long  ended  a2  b2",
        "",
        "TASK                        C",
        "one                  CPU    c1",
        "a name that is long  ended  c2",
        "",
      ].join("\n"),
    );
    // A name that can be cut a little is, so that the table stays in one piece.
    expect(formatTable(columns, rows, 35, 2)).toBe(
      [
        "TASK                     A   B   C",
        "one               CPU    a1  b1  c1",
        "a name that is …  ended  a2  b2  c2",
        "",
      ].join("\n"),
    );
  });

  it("is named as the reason of an end, or an option is, or neither", async () => {
    const endless = `"y": { "instance": 2, "loop": -1, "run": 100, "sleep": 100 }`;
    const asked = await cli("run", workload("a.json", endless), "--for", "1ms");
    expect(asked.out).toContain("stopped after 1.000 ms of virtual time, as asked");
    const path = join(folder, "b.json");
    writeFileSync(path, `{ "tasks": { ${endless} }, "global": { "duration": 1 } }`);
    const { out } = await cli("run", path);
    expect(out).toContain("stopped after 1.000 s of virtual time, as the file says");
    const seeded = await cli("run", workload("c.json", endless), "--seed", "7");
    expect(seeded.out).toContain("of virtual time, for neither the file nor --for says how long");
    expect(seeded.out).toContain("note: seed 7 changes nothing");
  });

  it("is noted when it means nothing", async () => {
    const file = workload("dl.json", `"w": { "loop": 1, "run": 1, "dl-runtime": 100 }`);
    const { out } = await cli("run", file);
    expect(out).toMatch(/note: line 1: "dl-runtime" means nothing to SCHED_OTHER/);
  });
});

describe("a file without an end", () => {
  it.each([
    ["exec", "/dev/zero"],
    ["explore", "/dev/zero"],
    ["explore", "x.mjs", "--replay", "/dev/zero"],
  ])("is refused by %s %s at once", async (...args) => {
    writeFileSync(join(folder, "x.mjs"), "export default () => {};");
    const given = args.map((arg) => (arg === "x.mjs" ? join(folder, arg) : arg));
    const { code, err } = await finish(start(given));
    expect(code).toBe(2);
    expect(err).toMatch(/^kthread-machine: .*\/dev\/zero.*\n/);
    expect(err).not.toContain("    at ");
  });
});

describe("the commands", () => {
  it("read a workload from the standard input, and take hours", async () => {
    const child = start(["run", "-", "--for", "0.000001h", "--json"]);
    child.stdin?.end(readFileSync(join(ROOT, "examples/pipeline.json")));
    const { code, out } = await finish(child);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ version: 1, file: "-", timeNs: 3_600_000 });
  });

  it("print scripts that complete them, which the shells understand", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, out } = await cli("completion", shell);
      expect(code).toBe(0);
      for (const word of ["run", "stress", "trace", "scheduler", "4bsd"])
        expect(out).toContain(word);
      if (shell !== "bash") continue;
      const words = (line: string) => {
        const ask = `${out}\nCOMP_WORDS=(${line} ""); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _kthread_machine; echo "\${COMPREPLY[*]}"`;
        return execFileSync("bash", ["-c", ask], { encoding: "utf8" }).trim().split(" ");
      };
      expect(words("kthread-machine")).toContain("stress");
      expect(words("kthread-machine run")).toContain("--trace");
      expect(words("kthread-machine run --trace")).toEqual([""]); // a file
      expect(words("kthread-machine run --scheduler")).toEqual([
        "lwkt",
        "4bsd",
        "ule",
        "lwkt-modern",
      ]);
    }
  });
});

describe("work that explodes", () => {
  const seconds = async (...args: string[]): Promise<[number, ProcessEnd]> => {
    const before = process.hrtime.bigint();
    const result = await cli(...args);
    return [Number(process.hrtime.bigint() - before) / 1e9, result];
  };

  it("costs a fork in an endless loop what it does, not its square", async () => {
    const forks = `"child": { "instance": 0, "loop": 1, "run": 1 }, "parent": { "loop": -1, "fork": "child" }`;
    const file = workload("forks.json", forks);
    const [long, { out }] = await seconds("run", file, "--for", "20ms", "--json");
    expect((JSON.parse(out) as RunReport).threadCount).toBeGreaterThan(40_000);
    expect(long).toBeLessThan(45); // 91 s before, and 4 s now, on a machine that has other things to do
  });

  it("takes the short way of an endless yield, 125 million of them", () => {
    const file = workload("yields.json", `"y": { "instance": 2, "loop": -1, "yield": "" }`);
    const run = `TIMEFORMAT=%U; time "$0" "$@" > /dev/null`;
    const args = [process.execPath, CLI, "run", file, "--cpus", "1", "--for", "250ms"];
    const { stderr } = spawnSync("bash", ["-c", run, ...args], { cwd: ROOT, encoding: "utf8" });
    // Processor time: 1 s, and 10 s where each yield goes the long way.
    expect(Number(stderr)).toBeGreaterThan(0);
    expect(Number(stderr)).toBeLessThan(5);
  });

  it("reports sums of threads that are too many, within a bearable size", async () => {
    const file = workload(
      "many.json",
      `"w": { "instance": 60000, "loop": -1, "run": 10, "sleep": 1000 }`,
    );
    const { code, out } = await cli("run", file, "--for", "2ms", "--json");
    expect(code).toBe(0);
    const report = JSON.parse(out) as RunReport;
    expect(report.threadCount).toBe(60_000);
    expect(report.threads).toHaveLength(20_000);
    expect(report.others?.threads).toBe(40_000);
    expect(out.length).toBeLessThan(20e6);
  });
});
