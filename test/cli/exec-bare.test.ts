// `kthread-machine exec FILE --bare` as a user's shell sees it.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { BareMetal } from "../../src/machine/bare-metal.js";
import { type Builder, bareElf, bareProgram } from "../support/bare-program.js";
import { scratchFolder } from "../support/scratch.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folder = scratchFolder();

function exec(write: (builder: Builder) => unknown, ...options: string[]) {
  const file = join(folder, "program.elf");
  writeFileSync(file, bareElf(bareProgram(write)));
  const args = [join(ROOT, "dist/cli.js"), "exec", file, "--bare", ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, stdout, stderr };
}

const endless = (b: Builder) => b.label("for ever").jump("for ever");

describe("exec --bare", () => {
  it("ends with 0 when the program passes", () => {
    const { status, stdout, stderr } = exec((b) => b.jump("pass"));
    expect([status, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/^passed\n[\d,]+ instructions in /);
  });

  it("ends with 1 when a test fails, and names it", () => {
    const { status, stderr } = exec((b) => b.li("gp", 21).jump("fail"));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^failed: test 21\n/);
  });

  it("ends with 1 at an unhandled trap, and says where", () => {
    const { status, stderr } = exec((b) => b.lw("a0", "zero"));
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^load access fault at 0x80000000 \(mepc 0x80000000, mtval 0x0\), and mtvec points to no handler/,
    );
  });

  it("ends with 1 at the limit", () => {
    const { status, stderr } = exec(endless, "--limit", "1000");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^stopped at 0x80000000: it has reached the limit of 1,000 cycles/);
  });

  it("runs as one piece does, though it listens for signals in between", () => {
    const long = (b: Builder) => {
      for (let i = 0; i < 97; i++) b.addi("a1", "a1", 3); // a round ends at the branch behind it
    };
    const write = (b: Builder) =>
      b.li("a0", 1_500_007).label("loop").apply(long).addi("a0", "a0", -1).bnez("a0", "loop");
    const whole = new BareMetal(bareProgram(write));
    expect(whole.run(10n ** 9n)).toEqual({ reason: "exit", code: 0 });
    const { cycles, instructions } = JSON.parse(exec(write, "--json").stdout);
    expect([BigInt(cycles), BigInt(instructions)]).toEqual([whole.cycles, whole.instructions]);
  });

  it("runs the same with --no-jit", () => {
    const count = (b: Builder) =>
      b.li("a0", 300_000).label("loop").addi("a0", "a0", -1).bnez("a0", "loop").jump("pass");
    const told = (...options: string[]) => {
      const { host_seconds: _, ...rest } = JSON.parse(exec(count, "--json", ...options).stdout);
      return rest;
    };
    const plain = told("--no-jit");
    expect(plain).toMatchObject({ status: 0, code: 0 });
    expect(told()).toEqual(plain);
  });

  it("prints one JSON object", () => {
    const { status, stdout } = exec((b) => b.li("gp", 2).jump("fail"), "--json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ status: 1, reason: "exit", code: 2, output: "" });
  });

  it.each([
    [["--cpus", "2"], /'--bare' cannot be used with option '--cpus <n>'/],
    [["an-argument"], /a program on bare metal has no arguments/],
    [["--limit", "0"], /'--limit <cycles>' argument '0' is invalid/],
  ])("refuses %s", (options, text) => {
    const { status, stdout, stderr } = exec(endless, ...options);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(text);
  });
});
