// exec --gdb: a debugger at a port of this machine.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Builder, bareElf, bareProgram } from "../support/bare-program.js";
import { GdbClient } from "../support/gdb-client.js";
import { scratchFolder } from "../support/scratch.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLI = join(ROOT, "dist/cli.js");

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command, and resolves with its port as soon as it listens. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [CLI, "exec", ...args], { cwd: ROOT });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes) => {
    stdout += bytes;
  });
  const port = new Promise<number>((resolve) => {
    child.stderr.on("data", (bytes) => {
      stderr += bytes;
      const match = /127\.0\.0\.1:(\d+)/.exec(stderr);
      if (match !== null) resolve(Number(match[1]));
    });
  });
  const ended = new Promise<Ran>((resolve) => {
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
  return { child, port, ended };
}

async function client(port: number): Promise<GdbClient> {
  const socket = connect(port, "127.0.0.1");
  const gdb = new GdbClient((bytes) => socket.write(bytes));
  socket.on("data", (bytes) => gdb.receive(bytes));
  await new Promise((resolve) => socket.once("connect", resolve));
  return gdb;
}

const figures = (text: string) => /, hash [0-9a-f]{16}/.exec(text)?.[0];

describe("exec --gdb", () => {
  it("debugs a program on bare metal, with the end and the cycles of a run without it", async () => {
    const file = join(scratchFolder(), "program.elf");
    const write = (b: Builder) =>
      b
        .li("a0", 30_000)
        .label("loop")
        .addi("a0", "a0", -1)
        .bnez("a0", "loop")
        .li("gp", 5)
        .jump("fail");
    writeFileSync(file, bareElf(bareProgram(write)));
    const cycles = (text: string) => JSON.parse(text).cycles as number;
    const free = await start([file, "--bare", "--json"]).ended;
    const { port, ended } = start([file, "--bare", "--json", "--gdb", "0"]);
    const gdb = await client(await port);
    expect(await gdb.ask("?")).toBe("T05thread:1;core:0;");
    expect(await gdb.ask("qSupported")).not.toContain("Reverse");
    expect(await gdb.ask("bs")).toBe("");
    expect(await gdb.ask("qXfer:features:read:target.xml:0,fff")).toContain('name="mepc"');
    expect(await gdb.ask("p342")).toBe("05110040"); // misa
    expect(await gdb.ask("vCont;s:1")).toBe("T05thread:1;core:0;");
    expect(await gdb.ask("p20")).toBe("04000080");
    expect(await gdb.ask("vCont;c")).toBe("W01");
    const { status, stdout } = await ended;
    expect([status, cycles(stdout)]).toEqual([free.status, cycles(free.stdout)]);
    expect(JSON.parse(stdout)).toMatchObject({ reason: "exit", code: 5 });
  });

  it("waits for gdb, and leaves with the program's output, status and hash", async () => {
    const free = await start(["examples/c/work.elf", "2", "--cpus", "2"]).ended;
    const { port, ended } = start(["examples/c/work.elf", "2", "--cpus", "2", "--gdb", "0"]);
    const gdb = await client(await port);
    expect(await gdb.ask("?")).toMatch(/^T05thread:186a2/);
    expect(await gdb.ask("vCont;s:186a2")).toMatch(/^T05thread:186a2/);
    expect(await gdb.ask("vCont;c")).toBe("W00");
    const { status, stdout, stderr } = await ended;
    expect([status, stdout]).toEqual([0, free.stdout]);
    expect(figures(stderr)).toBe(figures(free.stderr));
    expect(stderr).toContain('-ex "target remote 127.0.0.1:');
  });

  it("continues by itself when gdb detaches, and ends when the connection is lost", async () => {
    const first = start(["examples/c/work.elf", "1", "--gdb", "0"]);
    expect(await (await client(await first.port)).ask("D")).toBe("OK");
    expect((await first.ended).stderr).toContain("exit with status 0");
    const second = start(["examples/c/work.elf", "1", "--gdb", "0"]);
    const socket = connect(await second.port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.destroy();
    const { status, stderr } = await second.ended;
    expect([status, stderr.includes("interrupted")]).toEqual([130, true]);
  });

  it("refuses a port that is taken, and options that cannot go with it", async () => {
    const { port, child } = start(["examples/c/work.elf", "--gdb", "0"]);
    const taken = await start(["examples/c/work.elf", "--gdb", String(await port)]).ended;
    expect(taken.status).toBe(2);
    expect(taken.stderr).toContain("something else listens there; use another port");
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    await closed;
    const bare = await start(["examples/c/work.elf", "--bare", "--gdb", "0"]).ended;
    expect([bare.status, bare.stderr.includes("--bare")]).toEqual([2, true]);
    expect((await start(["examples/c/work.elf", "--gdb", "99999"]).ended).status).toBe(2);
  });
});
