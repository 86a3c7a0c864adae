// The option --topology of all commands that make a machine.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseTopology, topologyText } from "../../src/cli/topology.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function cli(...args: string[]) {
  const command = [join(ROOT, "dist/cli.js"), ...args];
  return spawnSync(process.execPath, command, { cwd: ROOT, encoding: "utf8" });
}

const WEB = "examples/webserver.json";

describe("a topology as text", () => {
  it("has its parts in any order, each 1 unless it is given", () => {
    expect(parseTopology("packages=2,cores=4")).toEqual({ packages: 2, cores: 4 });
    expect(parseTopology(" threads=2 , caches=2,cores=4 ")).toEqual({
      ...{ threads: 2, caches: 2, cores: 4 },
    });
    expect(topologyText(parseTopology("threads=2,packages=4"))).toBe("packages=4,threads=2");
  });

  it.each([
    ["", /is not understood/],
    ["4", /"4" is not understood. It must be such as packages=2,caches=1,cores=4,threads=2/],
    ["sockets=2", /"sockets=2" is not understood/],
    ["cores=2,cores=2", /"cores=2" is not understood.*each once at most/],
    ["cores=-1", /is not understood/],
    ["cores=1.5", /is not understood/],
    ["cores=0", /cores must be a whole number from 1 to 64/],
    ["threads=65", /threads must be a whole number from 1 to 64/],
    ["packages=8,cores=16", /It has 128 CPUs; a machine has 64 at most/],
  ])("is refused when it is %j", (text, message) => {
    expect(() => parseTopology(text)).toThrow(message);
  });
});

describe("--topology", () => {
  it("says how many CPUs there are, unless --cpus does", () => {
    const run = (...args: string[]) => {
      const { stdout, stderr } = cli("run", WEB, "--for", "50ms", "--json", ...args);
      expect(stderr).toBe("");
      return JSON.parse(stdout) as { cpuCount: number; hash: string };
    };
    const topology = ["--scheduler", "ule", "--topology", "packages=2,cores=2,threads=2"];
    expect(run(...topology).cpuCount).toBe(8);
    expect(run(...topology, "--cpus", "8")).toMatchObject({ hash: run(...topology).hash });
    expect(run("--scheduler", "ule", "--cpus", "8").hash).not.toBe(run(...topology).hash);
  });

  it.each([
    ["run", WEB],
    ["ps", WEB, "--at", "1ms"],
    ["compare", WEB],
    ["stress", "--threads", "10"],
    ["exec", "examples/c/stress.elf"],
    ["explore", "examples/explore/counter-right.mjs"],
  ])("is refused by %s when it does not come to --cpus, or is none", (...args) => {
    const other = cli(...args, "--cpus", "4", "--topology", "packages=2,cores=4");
    expect(other.status).toBe(2);
    expect(other.stderr).toMatch(/topology has 2 packages of 1 cache of 4 cores/);
    expect(other.stderr.trim().split("\n").length).toBe(1);
    const none = cli(...args, "--topology", "cores");
    expect(none.status).toBe(2);
    expect(none.stderr).toMatch(/"cores" is not understood/);
  });

  it("is told to change nothing under another scheduler than ule", () => {
    const { stdout } = cli("run", WEB, "--for", "5ms", "--topology", "cores=2");
    expect(stdout).toMatch(/the topology changes nothing under lwkt: only ule looks at it/);
  });

  it("reaches the machines of compare and stress", () => {
    const same = (args: readonly string[], of: (text: string) => unknown) => {
      const parts = ["--topology", "packages=2,cores=2", "--json"];
      const flat = of(cli(...args, "--cpus", "4", "--json").stdout);
      const other = of(cli(...args, ...parts).stdout);
      expect(flat).toBeDefined();
      expect(other).toBeDefined();
      expect(other).not.toEqual(flat);
    };
    const first = (text: string) => JSON.parse(text).runs[0].hashes;
    same(["compare", WEB, "--schedulers", "ule", "--for", "100ms"], first);
    const hash = (text: string) => JSON.parse(text).hash;
    same(["stress", "--threads", "300", "--scheduler", "ule"], hash);
  });

  it("is no option of a program without a kernel", () => {
    const { status, stderr } = cli("exec", "x.elf", "--bare", "--topology", "cores=2");
    expect(status).toBe(2);
    expect(stderr).toMatch(/cannot be used with/);
  });
});
