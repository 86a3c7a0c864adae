// The command compare: a workload under several schedulers, and the two examples of a famous bug.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Comparison, jain } from "../../src/workload/compare.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function compare(...args: string[]) {
  const cli = join(ROOT, "dist/cli.js");
  return spawnSync(process.execPath, [cli, "compare", ...args], { cwd: ROOT, encoding: "utf8" });
}

function compared(...args: string[]): Comparison {
  const { stdout, stderr } = compare(...args, "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Comparison;
}

const ended = ({ runs }: Comparison, task: string) =>
  runs.map(({ tasks }) => tasks.find((one) => one.task === task)?.endedNs?.mean ?? 0);

describe("the command compare", () => {
  it("runs a workload under all schedulers, the same way each time", () => {
    const args = ["examples/webserver.json", "--for", "200ms"];
    const one = compared(...args);
    expect(one.runs.map(({ scheduler }) => scheduler)).toEqual(["lwkt", "4bsd", "ule"]);
    expect(compared(...args)).toEqual(one);
    expect(new Set(one.runs.flatMap(({ hashes }) => hashes)).size).toBe(3);
    for (const run of one.runs) expect(run.latencyMaxNs?.mean).toBeGreaterThan(0);
  });

  it("tells in a table what tasks had, with lowest and highest", () => {
    const { stdout, status } = compare("examples/ule-n-plus-one.json", "--schedulers", "4bsd,ule");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^MACHINE +4bsd +ule$/m);
    expect(stdout).toMatch(/^hog +CPU +80.0% \[\d+.\d%, \d+.\d%\] +80.0% \[\d+.\d%, \d+.\d%\]$/m);
  });

  it.each(["cfs", "ule:128", "lwkt:64", "ule:64:64", ""])("refuses the scheduler %j", (name) => {
    const { status, stderr } = compare("examples/webserver.json", "--schedulers", name);
    expect(status).toBe(2);
    expect(stderr).toMatch(/none of lwkt, 4bsd, ule/);
  });
});

describe("the famous bug", () => {
  it("of n + 1 threads: under ule two share a CPU for a second or so, under 4bsd all turn", () => {
    const found = compared(
      ...["examples/ule-n-plus-one.json", "--schedulers", "4bsd,ule", "--seeds", "20"],
    );
    const [bsd, ule] = found.runs.map(({ tasks }) => tasks[0]?.share);
    expect(bsd?.min).toBeGreaterThan(0.7);
    expect(ule?.min).toBeLessThan(0.55);
    expect(ule?.max).toBe(1);
    expect(new Set(found.runs[1]?.hashes).size).toBeGreaterThan(1); // the balancer's hours
  });

  it("of nice hogs: a build takes longest under ule with 64 run queues", () => {
    const schedulers = ["--schedulers", "4bsd,ule:64,ule:256", "--cpus", "1", "--for", "6s"];
    const [bsd, few, many] = ended(
      compared("examples/ule-nice-hogs.json", ...schedulers),
      "make",
    ) as [number, number, number];
    expect(bsd).toBeLessThan(2.1e9);
    expect(few / bsd).toBeGreaterThan(1.7);
    expect(many / bsd).toBeLessThan(1.2);
  });
});

describe("Jain's index", () => {
  it("is 1 for equals, 1/n when one has everything, and 1 for nothing", () => {
    expect(jain([3, 3, 3])).toBe(1);
    expect(jain([0, 5, 0, 0])).toBe(0.25);
    expect(jain([0, 0])).toBe(1);
  });
});
