// The command compare: a workload under several schedulers, and the two examples of a famous bug.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { SCHEDULER_NAMES } from "../../src/core/config.js";
import { parseWorkload, readWorkload } from "../../src/index.js";
import { type Comparison, compareWorkload, jain } from "../../src/workload/compare.js";
import { buildUnderTest } from "../support/build.js";
import { scratchFolder } from "../support/scratch.js";

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

/** Every workload of the project, those for tests among them that are no mistakes. */
const workloads = [
  ...readdirSync(join(ROOT, "examples"))
    .filter((name) => name.endsWith(".json"))
    .map((name) => `examples/${name}`),
  "test/fixtures/workload/wild.json",
];

describe("the command compare", () => {
  it.each(workloads)("runs %s under every scheduler, and each comes to the same end", (file) => {
    const schedulers = SCHEDULER_NAMES.map((scheduler) => ({ scheduler }));
    const workload = readWorkload(join(ROOT, file));
    const options = { schedulers, build: buildUnderTest, forNs: 3_000_000_000, seeds: 2 };
    const { runs } = compareWorkload(workload, options);
    expect(runs.map(({ scheduler }) => scheduler)).toEqual(SCHEDULER_NAMES);
    const [first] = runs;
    const declared = workload.tasks.map(({ name }) => name);
    for (const { outcomes, tasks, fairness } of runs) {
      expect(outcomes).toEqual(first?.outcomes);
      const own = tasks.map(({ task }) => task).filter((task) => declared.includes(task));
      expect([...new Set(own)].sort()).toEqual([...new Set(declared)].sort());
      expect(fairness.min).toBeGreaterThan(0);
      expect(fairness.max).toBeLessThanOrEqual(1);
    }
  });

  it("reports deadlocks, and in which run the kernel panicked", () => {
    const found = compare("examples/deadlock.json", "--seeds", "2", "--schedulers", "lwkt,ule");
    expect(found.stdout).toMatch(/^deadlocks +2 +2$/m);
    expect(compare("examples/webserver.json", "--for", "10ms").stdout).not.toContain("deadlock");
    const text = `{"tasks": {"bad": {"loop": 1, "unlock": "m"}}}`;
    const options = { schedulers: [{ scheduler: "ule" }] as const, build: buildUnderTest };
    expect(() => compareWorkload(parseWorkload(text, "w.json"), options)).toThrow(
      "panic: mtx_unlock: mutex m is not owned by thread bad (tid 100002), under ule, seed 0",
    );
  });

  it("says a note of all schedulers once, without their names", () => {
    const text = `{"tasks": {"a": {"loop": 1, "run": 10}}, "global": {"logdir": "./", "duration": 1}}`;
    const schedulers = SCHEDULER_NAMES.map((scheduler) => ({ scheduler }));
    const { notes } = compareWorkload(parseWorkload(text, "w.json"), {
      schedulers,
      topology: { packages: 4 },
      build: buildUnderTest,
    });
    const [first, ...others] = notes;
    expect(first).toBe('ignored in "global", without a counterpart in this machine: "logdir"');
    expect(others).toHaveLength(SCHEDULER_NAMES.length - 1); // ule looks at it
    for (const note of others) expect(note).toMatch(/^(\S+): the topology .* under \1:/);
  });

  it("runs a workload under all schedulers, the same way each time", () => {
    const args = ["examples/webserver.json", "--for", "200ms"];
    const one = compared(...args);
    expect(one.runs.map(({ scheduler }) => scheduler)).toEqual(["lwkt", "4bsd", "ule"]);
    expect(compared(...args)).toEqual(one);
    expect(new Set(one.runs.flatMap(({ hashes }) => hashes)).size).toBe(3);
    for (const run of one.runs) expect(run.latencyMaxNs?.mean).toBeGreaterThan(0);
  });

  it("shows in a table what tasks got, with lowest and highest", () => {
    const { stdout, status } = compare("examples/ule-n-plus-one.json", "--schedulers", "4bsd,ule");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^MACHINE +4bsd +ule$/m);
    expect(stdout).toMatch(/^hog +CPU +80.0% \[\d+.\d%, \d+.\d%\] +80.0% \[\d+.\d%, \d+.\d%\]$/m);
  });

  it("counts migrations, and time that CPUs were idle while threads waited", () => {
    const file = join(scratchFolder(), "w.json");
    const hogs = '"hog": { "instance": 3, "loop": -1, "run": 1000, "cpus": [0] }';
    writeFileSync(file, `{ "tasks": { ${hogs} } }`);
    for (const { idleWhileRunnable, migrations } of compared(file, "--for", "1s", "--cpus", "2")
      .runs) {
      expect(idleWhileRunnable.mean).toBeCloseTo(0.5, 2); // CPU 1, of two
      expect(migrations.mean).toBe(0);
    }
    const free = compared(
      "examples/ule-n-plus-one.json",
      "--schedulers",
      "4bsd,ule",
      "--for",
      "2s",
    );
    for (const { idleWhileRunnable, migrations } of free.runs) {
      expect(idleWhileRunnable.mean).toBeLessThan(0.01);
      expect(migrations.mean).toBeGreaterThan(0);
    }
  });

  it("counts deadlines that were missed", () => {
    const file = join(scratchFolder(), "w.json");
    const task = (name: string, run: number) =>
      `"${name}": { "policy": "SCHED_DEADLINE", "dl-runtime": 3000, "dl-period": 10000, "loop": -1,
        "run": ${run}, "timer": { "ref": "unique", "period": 10000 } }`;
    writeFileSync(file, `{ "tasks": { ${task("kept", 2900)}, ${task("late", 4000)} } }`);
    const { stdout } = compare(file, "--for", "1s", "--cpus", "1");
    expect(stdout).toMatch(/^deadline misses +[1-9]\d* +[1-9]\d* +[1-9]\d*$/m);
    for (const { deadlineJobs, deadlineMisses } of compared(file, "--for", "1s").runs) {
      expect(deadlineJobs?.mean).toBeGreaterThan(140);
      expect(deadlineMisses?.mean).toBeGreaterThan(40);
      expect(deadlineMisses?.mean).toBeLessThan(101);
    }
  });

  it("draws a picture, or says why it cannot", () => {
    const file = join(scratchFolder(), "a<b.svg");
    expect(compare("examples/webserver.json", "--for", "50ms", "--svg", file).status).toBe(0);
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(/^<svg xmlns.*\n[\s\S]*<\/svg>\n$/);
    for (const title of ["fairness (Jain)", "migrations", "CPU of a thread of batch"]) {
      expect(text).toContain(`>${title}</text>`);
    }
    expect(text.match(/<rect x/g)?.length).toBeGreaterThan(3 * 8);
    // A tenth of a percent looks like that, and is no bar across the panel.
    const waiting = text.split("<g ").find((panel) => panel.includes(">idle, work waiting<")) ?? "";
    const widths = [...waiting.matchAll(/<rect x="90" y="\d+" width="([\d.]+)"/g)].map(
      ([, width]) => Number(width),
    );
    expect(widths).toHaveLength(3);
    for (const width of widths) expect(width).toBeLessThan(50);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    const axes = text.split("<g ").map((panel) => panel.match(/font-size="9">[^<]*/g) ?? []);
    for (const labels of axes) expect(new Set(labels).size).toBe(labels.length);
    const { status, stdout, stderr } = compare(
      "examples/webserver.json",
      "--svg",
      "/nowhere/x.svg",
    );
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^kthread-machine: cannot write the picture to "\/nowhere\/x\.svg": there is no such directory\n$/,
    );
  });

  it("draws over no workload that it reads, and says at once that it cannot draw", () => {
    const folder = scratchFolder();
    const file = join(folder, "hogs.json");
    const text = readFileSync(join(ROOT, "examples/ule-n-plus-one.json"), "utf8");
    writeFileSync(file, text);
    symlinkSync(file, join(folder, "link.svg"));
    for (const [path, why] of [
      [file, "--svg would write over the workload file"],
      [join(folder, "link.svg"), "--svg would write over the workload file"],
      [folder, "it is a directory"],
      ["/proc/x.svg", "there is no such directory"],
    ] as const) {
      // These runs would take hours.
      const { status, stdout, stderr } = compare(file, "--svg", path, "--seeds", "10000");
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(why);
    }
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readdirSync(folder).sort()).toEqual(["hogs.json", "link.svg"]);
  });

  it("reports its progress to a program", () => {
    const told: string[] = [];
    compareWorkload(readWorkload(join(ROOT, "examples/webserver.json")), {
      schedulers: [{ scheduler: "lwkt" }, { scheduler: "ule" }],
      ...{ seeds: 2, forNs: 1_000_000, build: buildUnderTest },
      onRun: (runs, all) => told.push(`${runs} of ${all}`),
    });
    expect(told).toEqual(["1 of 4", "2 of 4", "3 of 4", "4 of 4"]);
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
