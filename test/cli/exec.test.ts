// The commands exec and cc as a user's shell sees them: output, exit codes, messages.

import { spawnSync } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/program/encode.js";
import { makeElf, R, text, W } from "../support/elf.js";
import { scratchFolder } from "../support/scratch.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLI = join(ROOT, "dist/cli.js");
const CUSTOM0 = 0x0b;

const folder = scratchFolder();

function cli(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    ...{ cwd: ROOT, encoding: "utf8", env },
  });
  return { status, stdout, stderr };
}

/** Writes a program of a few instructions and returns its path. */
function program(name: string, ...words: readonly number[]): string {
  const path = join(folder, name);
  const data = { address: 0x10000, bytes: new TextEncoder().encode("for ever\0"), flags: R | W };
  const code = { address: 0x1100, bytes: text(...words) };
  writeFileSync(path, makeElf({ segments: [code, { ...data, size: 64 }] }));
  return path;
}

const li = (rd: number, imm: number) => encode({ op: "addi", rd, rs1: 0, rs2: 0, imm });
const lui = (rd: number, imm: number) => encode({ op: "lui", rd, rs1: 0, rs2: 0, imm });
const call = (number: number) => ((number << 20) | CUSTOM0) >>> 0;

describe("exec", () => {
  it("prints what the program prints, a report beside it, and leaves with main's status", () => {
    const { status, stdout, stderr } = cli(["exec", "examples/c/work.elf", "3", "--cpus", "2"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^thread 0: 3 rounds, crc [0-9a-f]{4}\nthread 1: 3 rounds, crc .{4}\n$/);
    expect(stderr).toMatch(
      /^exit with status 0\nTHREAD .*\nmain .*\nwork 0 .*\nwork 1 .*\n[\d,]+ instr/,
    );
    expect(cli(["exec", program("seven.elf", li(10, 7), call(55))]).status).toBe(7);
  });

  it("prints one object with --json, the same but for the time whenever it is asked", () => {
    const args = ["exec", "examples/c/philosophers.elf", "--cpus", "3", "--seed", "5", "--json"];
    const report = JSON.parse(cli(args).stdout);
    expect(Object.keys(report)).toEqual([
      ...["status", "output", "reason", "instructions", "switches", "cycles", "host_seconds"],
      ...["hash", "threads"],
    ]);
    expect(report).toMatchObject({ status: 0, reason: "exit" });
    expect(report.output).toContain("Hypatia   50 meals\n");
    expect(report.threads.map(({ name }: { name: string }) => name)).toContain("Spinoza");
    const again = JSON.parse(cli(args).stdout);
    expect({ ...again, host_seconds: 0 }).toEqual({ ...report, host_seconds: 0 });
  });

  it("leaves with 3 when threads wait for ever", () => {
    const sleep = [lui(10, 16), li(11, 0), lui(12, 16), li(13, 0), call(2048 + 85)];
    const { status, stderr } = cli(["exec", program("deadlock.elf", ...sleep)]);
    expect(status).toBe(3);
    expect(stderr).toContain("deadlock: threads wait");
    expect(stderr).toContain("sleeping (for ever)");
  });

  it("leaves with 70 after a fault, and says where it was", () => {
    const bad = program(
      "fault.elf",
      li(11, 0),
      encode({ op: "lw", rd: 10, rs1: 11, rs2: 0, imm: 4 }),
    );
    const { status, stderr } = cli(["exec", bad]);
    expect(status).toBe(70);
    expect(stderr).toContain('thread "main" on CPU 0: load from 0x4, where there is no memory\n');
    expect(stderr).toContain("  instruction: lw a0, 4(a1)\n  #0 0x1104");
    expect(cli(["exec", bad, "--faults", "thread"]).status).toBe(70);
    expect(JSON.parse(cli(["exec", bad, "--json"]).stdout)).toMatchObject({
      ...{ status: null, reason: "fault" },
      faults: [{ address: 4, thread: "main" }],
    });
  });

  it("stops at the time of --for", () => {
    const loop = program("loop.elf", encode({ op: "jal", rd: 0, rs1: 0, rs2: 0, imm: 0 }));
    const report = JSON.parse(cli(["exec", loop, "--for", "2ms", "--json"]).stdout);
    expect(report).toMatchObject({ status: null, reason: "time", cycles: 2_000_000 });
  });

  it("shows instructions with the names of functions, calls and targets", () => {
    const { status, stdout } = cli(["exec", "examples/c/pool.elf", "--disassemble"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^00001100 <_start>:\n/);
    expect(stdout).toMatch(/\n[0-9a-f]{8} <main>:\n/);
    expect(stdout).toMatch(/kcall kthread_add\n/);
  });

  it("refuses what is linked for bare metal, and says how to run it", () => {
    const file = join(folder, "high.elf");
    writeFileSync(file, makeElf({ segments: [{ address: 0x80000000, bytes: text(0x13) }] }));
    const { status, stderr } = cli(["exec", file]);
    expect(status).toBe(2);
    expect(stderr).toContain("high.elf: its segment at 0x80000000 ends beyond 0x80000000");
    expect(stderr).toContain("run it by exec --bare");
  });

  it.each([
    ["no file", ["nothing.elf"], "nothing.elf: there is no such file"],
    [
      "a source file",
      ["examples/c/pool.c"],
      "this is not an ELF file; kthread-machine cc makes one",
    ],
    ["a wrong option", ["examples/c/pool.elf", "--cpus", "65"], "from 1 to 64"],
  ])("refuses %s with one sentence and 2", (_, args, message) => {
    const { status, stderr } = cli(["exec", ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  it.each(["exec", "explore"])("and %s refuse a file that is too large to be read", (command) => {
    const large = join(folder, "large.elf");
    writeFileSync(large, "");
    truncateSync(large, 5e9);
    const { status, stderr } = cli([command, large]);
    expect(status).toBe(2);
    expect(stderr).toBe(`kthread-machine: ${large}: the file is larger than 2 GiB\n`);
  });
});

describe("cc", () => {
  it("says what to install where there is no compiler", () => {
    const { status, stderr } = cli(["cc", "examples/c/pool.c", "-o", join(folder, "x.elf")], {
      PATH: folder,
    });
    expect(status).toBe(2);
    expect(stderr).toContain("apt-get install clang lld");
    expect(stderr).toContain("gcc-riscv64-unknown-elf");
  });

  it.each([
    ["a file that is not there", ["nothing.c", "-o", "x.elf"], "there is no file nothing.c"],
    ["no output", ["examples/c/pool.c"], "add -o OUT.elf"],
    ["no source", ["-O2", "-o", "x.elf"], "no source file is given"],
    [
      "a source file to write to",
      ["examples/c/pool.c", "-o", "./examples/c/pool.c"],
      "-o would write over the source file",
    ],
    [
      "an unknown C library",
      ["--libc", "glibc", "examples/c/pool.c", "-o", "x.elf"],
      "small, picolibc",
    ],
    [
      "picolibc with clang",
      ["--libc", "picolibc", "--compiler", "clang", "examples/c/pool.c", "-o", "x.elf"],
      "use --compiler gcc",
    ],
    [
      "instructions that the machine has not",
      ["-march=rv32gc", "examples/c/pool.c", "-o", "x.elf"],
      "use -march=rv32imac",
    ],
    [
      "no atomics, which the library needs",
      ["-march=rv32imc", "examples/c/pool.c", "-o", "x.elf"],
      "-march=rv32imc does not fit the machine",
    ],
  ])("refuses %s", (_, args, message) => {
    const { status, stderr } = cli(["cc", ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
