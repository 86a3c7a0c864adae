// The stress test: every thread is created, run and reaped, and the same run has the same hash.

import { Command } from "commander";
import { describe, expect, it, vi } from "vitest";
import { describe as describeReport, registerStress } from "../../src/cli/stress.js";
import { runStress, type StressOptions } from "../../src/cli/stress-run.js";

import { buildUnderTest as build } from "../support/build.js";

const base: StressOptions = { threads: 2_000, cpus: 4, rounds: 1, scheduler: "lwkt", build };

/** Runs the command as the command line would; what it prints, and its errors as exceptions. */
async function command(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerStress(program);
  for (const one of program.commands) one.exitOverride().configureOutput({ writeErr: () => {} });
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  try {
    await program.parseAsync(["node", "kthread-machine", "stress", ...args]);
  } finally {
    write.mockRestore();
  }
  return printed.join("");
}

describe("the stress test", () => {
  it.each([
    { cpus: 1 },
    { cpus: 2, rounds: 3 },
    { cpus: 5 },
    { cpus: 64, threads: 300 },
    { threads: 1 },
    { cpus: 1, scheduler: "4bsd" },
    { cpus: 4, scheduler: "4bsd", rounds: 2 },
  ] as const)("creates, runs and reaps every thread with %o", async (options) => {
    const report = await runStress({ ...base, ...options });
    const { threads } = { ...base, ...options };
    expect(report).toMatchObject({
      complete: true,
      created: threads,
      exited: threads,
      leaked: 0,
      errno: 0,
    });
    expect(report.switches).toBeGreaterThan(3 * threads);
  });

  it("makes threads end each other's sleeps", async () => {
    const report = await runStress({ ...base, cpus: 1, rounds: 4 });
    expect(report.woken).toBeGreaterThan(0.9 * 4 * base.threads);
  });

  it("gives the same hash and counts again, and another hash to another run", async () => {
    const run = async (options: Partial<StressOptions> = {}) => {
      const { hash, switches, instructions, messages, woken, virtualSeconds } = await runStress({
        ...base,
        ...options,
      });
      return { hash, switches, instructions, messages, woken, virtualSeconds };
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect((await run({ cpus: 3 })).hash).not.toBe(first.hash);
    expect((await run({ rounds: 2 })).hash).not.toBe(first.hash);
  });

  it("gives the same hash on the release and the check build", async () => {
    const release = await runStress({ ...base, build: "release" });
    const check = await runStress({ ...base, build: "check" });
    expect(check.hash).toBe(release.hash);
  });

  it("creates threads without JavaScript: no more than 300 bytes of memory for each", async () => {
    const report = await runStress({ ...base, threads: 500_000, cpus: 1 });
    expect(report.bytesPerThread).toBeLessThan(450);
    expect(report.machineBytes / report.threads).toBeLessThan(300);
  });

  it("reserves 40 more bytes per thread for requests between several CPUs", async () => {
    const threads = 1_000_000;
    const of = async (cpus: number) =>
      (await runStress({ ...base, threads, cpus })).machineBytes / threads;
    const letters = (await of(4)) - (await of(1));
    expect(letters).toBeGreaterThan(40);
    expect(letters).toBeLessThan(64); // the rings, wheels and queues of three more CPUs with them
  });

  it("says how many threads fit when there is no room for that many", () => {
    expect(() => runStress({ ...base, threads: 30_000_000 })).toThrow(
      /needs \d+ MiB of memory and a machine has at most 4096 MiB; maxthread up to \d+ fits/,
    );
  });

  it("stops on request, and says that it is not complete", async () => {
    const report = await runStress({ ...base, threads: 400_000, onProgress: () => false });
    expect(report.complete).toBe(false);
    expect(describeReport(report)).toMatch(/^INCOMPLETE: of 400,000 threads on 4 CPUs under lwkt/);
  });
});

describe("the command stress", () => {
  it("prints a report for people", async () => {
    const text = await command("--threads", "1000", "--cpus", "2", "--rounds", "2");
    expect(text).toMatch(/^1,000 threads on 2 CPUs under lwkt: all created, run and reaped\n/);
    for (const row of ["threads/s", "switches/s", "bytes per thread", "resident memory", "hash"]) {
      expect(text).toContain(`  ${row} `);
    }
  });

  it("runs threads of C code with --elf, each on a stack of its own, the same run each time", async () => {
    const args = ["--elf", "--threads", "3000", "--cpus", "2", "--rounds", "2", "--json"];
    const report = JSON.parse(await command(...args));
    expect(report).toMatchObject({
      complete: true,
      created: 3000,
      exited: 3000,
      leaked: 0,
      errno: 0,
    });
    expect(report.woken).toBeGreaterThan(0);
    expect(JSON.parse(await command(...args)).hash).toBe(report.hash);
  });

  it("prints JSON when asked to, with the same hash each time", async () => {
    const args = ["--threads", "500", "--cpus", "1", "--json"];
    const first = JSON.parse(await command(...args));
    expect(first).toMatchObject({ threads: 500, cpus: 1, complete: true, leaked: 0 });
    for (const name of [
      "threadsPerSecond",
      "switchesPerSecond",
      "residentBytes",
      "bytesPerThread",
    ]) {
      expect(first[name]).toBeTypeOf("number");
    }
    expect(JSON.parse(await command(...args)).hash).toBe(first.hash);
  });

  it.each([
    [["--threads", "many"], "It must be a whole number from 1 to 30000000."],
    [["--threads", "0"], "It must be a whole number from 1 to"],
    [["--cpus", "65"], "It must be a whole number from 1 to 64."],
    [["--rounds", "-1"], "It must be a whole number from 1 to 1000000."],
    [["--scheduler", "cfs"], "Allowed choices are lwkt, 4bsd, ule, lwkt-modern."],
    [
      ["--seed", "x"],
      "It must be a whole number from -9223372036854775808 to 18446744073709551615.",
    ],
    [["--bogus"], "unknown option '--bogus'"],
  ])("refuses %j with a sentence", async (args, sentence) => {
    await expect(command(...args)).rejects.toThrow(sentence);
  });
});
