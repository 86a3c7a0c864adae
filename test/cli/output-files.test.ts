// Files that commands write, and options that have no part in what a command is asked for.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ExecOptions, runProgram } from "../../src/cli/exec-run.js";
import { encode } from "../../src/program/encode.js";
import { cli, finish, start, untilHearing } from "../support/command-process.js";
import { makeElf, R, text, W } from "../support/elf.js";
import { scratchFolder } from "../support/scratch.js";

const folder = scratchFolder();

const PIPELINE = "examples/pipeline.json";
const WEBSERVER = "examples/webserver.json";

describe("a file that a command writes", () => {
  it("is not the one that it reads", async () => {
    const file = join(folder, "workload.json");
    copyFileSync(PIPELINE, file);
    for (const [option, ...args] of [
      ["--svg", "compare", file, "--for", "1ms", "--svg", file],
      ["--trace", "run", file, "--trace", `${folder}/./workload.json`],
    ] as const) {
      expect(await cli(...args)).toEqual({
        code: 2,
        out: "",
        err: `kthread-machine: ${option} would write over the workload file; give it another name\n`,
      });
      expect(readFileSync(file)).toEqual(readFileSync(PIPELINE));
    }
  });

  it("is refused with the reason where there can be none", async () => {
    const plain = join(folder, "plain");
    writeFileSync(plain, "");
    const compiled = ["cc", "examples/c/pool.c", "-o"];
    for (const [path, reason] of [
      [folder, "it is a directory"],
      [join(folder, "none", "x"), "there is no such directory"],
      [join(plain, "x"), "what should be its directory is a file"],
      ["", "the name is empty"],
    ] as const) {
      const shown = JSON.stringify(path);
      for (const [what, ...args] of [
        [`to ${shown}`, ...compiled],
        [`the trace to ${shown}`, "run", PIPELINE, "--trace"],
        [`the picture to ${shown}`, "compare", PIPELINE, "--for", "1ms", "--svg"],
      ] as const) {
        expect(await cli(...args, path)).toEqual({
          code: 2,
          out: "",
          err: `kthread-machine: cannot write ${what}: ${reason}\n`,
        });
      }
    }
  });

  it("costs no report of a C program when it is lost", async () => {
    const lost = join(folder, "lost");
    mkdirSync(lost);
    const file = "examples/c/work.elf";
    const options: ExecOptions = {
      ...{ file, bytes: readFileSync(file), args: ["1"], cpus: 1, scheduler: "lwkt", seed: 0n },
      ...{ faults: "panic", memory: 1, threads: 100, for: null, jit: true, gdb: null },
      trace: join(lost, "trace.json"),
      onListening: () => {},
      onOutput: () => rmSync(lost, { recursive: true, force: true }),
      onPrint: () => {},
      isInterrupted: () => false,
    };
    const before = process.exitCode;
    try {
      expect(await runProgram(options)).toMatchObject({ reason: "exit", status: 0 });
      expect(process.exitCode).toBe(1);
    } finally {
      process.exitCode = before;
    }
  });

  it("is complete, and so is the report, when a C program is stopped by a signal", async () => {
    const path = join(folder, "stopped.json");
    const file = join(folder, "endless.elf");
    const jump = encode({ op: "jal", rd: 0, rs1: 0, rs2: 0, imm: 0 });
    const data = { address: 0x10000, bytes: new Uint8Array(4), flags: R | W };
    const code = { address: 0x1100, bytes: text(jump) };
    writeFileSync(file, makeElf({ segments: [code, data] }));
    for (const [signal, exitCode] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
      ["SIGHUP", 129],
    ] as const) {
      const child = start(["exec", file, "--trace", path]);
      const end = finish(child);
      await untilHearing(child);
      child.kill(signal);
      const { code: got, err } = await end;
      expect([signal, got]).toEqual([signal, exitCode]);
      expect(err).toMatch(/^interrupted$/m);
      expect(() => JSON.parse(readFileSync(path, "utf8"))).not.toThrow();
    }
  });
});

describe("an option", () => {
  it("counts in a sweep as it does in a run, or is refused there", async () => {
    const sweep = ["run", WEBSERVER, "--for", "100ms", "--seeds", "3", "--json"];
    const time = async (...args: string[]) => JSON.parse((await cli(...args)).out);
    const run = await time(...["run", WEBSERVER, "--for", "100ms", "--adaptive-locks", "--json"]);
    const swept = await time(...sweep, "--adaptive-locks");
    const plain = await time(...sweep);
    expect(swept.switches.median).toBe(run.switches);
    expect(plain.switches.median).not.toBe(run.switches);
    for (const option of ["--witness", "--lock-profile"]) {
      const { code, err } = await cli(...sweep, option);
      expect([code, err]).toEqual([2, expect.stringContaining("cannot be used with option")]);
    }
  });

  it("that would change nothing is refused", async () => {
    const elf = "examples/c/work.elf";
    for (const [args, sentence] of [
      [["explore", elf, "--depth", "3"], "--depth is for --strategy pct"],
      [
        ["exec", elf, "--disassemble", "--json"],
        "'--disassemble' cannot be used with option '--json'",
      ],
      [["exec", elf, "--disassemble", "--for", "1s"], "'--disassemble' cannot be used with"],
    ] as const) {
      const { code, err } = await cli(...args);
      expect([code, err]).toEqual([2, expect.stringContaining(sentence)]);
    }
  });
});
