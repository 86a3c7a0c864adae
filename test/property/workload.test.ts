// Random workloads: they run to their end, always in the same way however the run is cut, and leave
// nothing behind.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SchedulerName } from "../../src/core/config.js";
import { sys } from "../../src/machine/calls.js";
import { syncObjects } from "../../src/machine/sync-views.js";
import { parseWorkload } from "../../src/workload/parse.js";
import { WorkloadRun } from "../../src/workload/run.js";
import { type RunReport, reportRun } from "../../src/workload/run-report.js";
import { buildUnderTest } from "../support/build.js";
import { fbsdFaults, Reader } from "../support/fbsd-invariants.js";
import { SCHEDULERS } from "../support/schedulers.js";

/** An event as it stands in a file: `"key": value`. */
type Event = string;

/** Frees the threads that have exited. */
const reapAll = sys.thread_reap_all();

const MUTEXES = ["m0", "m1", "m2"];

const us = (max: number) => fc.integer({ min: 0, max });

const plainEvent: fc.Arbitrary<Event> = fc.oneof(
  us(300).map((time) => `"run": ${time}`),
  us(100).map((time) => `"runtime": ${time}`),
  us(200).map((time) => `"sleep": ${time}`),
  us(5000).map((bytes) => `"mem": ${bytes}`),
  us(5000).map((bytes) => `"iorun": ${bytes}`),
  fc.constant(`"yield"`),
  fc
    .record({ own: fc.boolean(), period: us(400), absolute: fc.boolean() })
    .map(
      ({ own, period, absolute }) =>
        `"timer": { "ref": "${own ? "unique" : "shared"}", "period": ${period}, "mode": "${absolute ? "absolute" : "relative"}" }`,
    ),
  fc.constantFrom(`"signal": "c"`, `"broad": "c"`, `"sem_post": "s"`, `"resume": "nobody"`),
  fc.constant(`"fork": "child"`),
);

/** Some of the mutexes, taken in their order and released in reverse: without deadlock. */
const criticalSection: fc.Arbitrary<Event> = fc
  .tuple(fc.subarray(MUTEXES, { minLength: 1 }), fc.array(plainEvent, { maxLength: 3 }))
  .map(([mutexes, inside]) =>
    [
      ...mutexes.map((mutex) => `"lock": "${mutex}"`),
      ...inside,
      ...mutexes.toReversed().map((mutex) => `"unlock": "${mutex}"`),
    ].join(", "),
  );

/** What comes in pairs: a post for each wait, in the thread itself. */
const postAndWait: fc.Arbitrary<Event> = fc.constant(`"sem_post": "s", "sem_wait": "s"`);

const events = fc
  .array(fc.oneof({ weight: 3, arbitrary: plainEvent }, criticalSection, postAndWait), {
    minLength: 1,
    maxLength: 6,
  })
  .map((list) => list.join(", "));

const scheduling = fc.oneof(
  fc.integer({ min: -20, max: 19 }).map((nice) => `"policy": "SCHED_OTHER", "priority": ${nice},`),
  fc.integer({ min: 1, max: 99 }).map((rt) => `"policy": "SCHED_RR", "priority": ${rt},`),
  fc.constantFrom(`"policy": "SCHED_IDLE",`, `"policy": "SCHED_BATCH",`, ""),
);

const cpus = fc
  .option(fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1 }))
  .map((list) => (list === null ? "" : `"cpus": [${list.join(", ")}],`));

const phase = fc
  .tuple(fc.integer({ min: 0, max: 3 }), scheduling, cpus, events)
  .map(([loop, policy, set, list]) => `{ "loop": ${loop}, ${policy} ${set} ${list} }`);

const task = fc
  .record({
    instances: fc.integer({ min: 1, max: 4 }),
    delay: us(100),
    loop: fc.integer({ min: 1, max: 4 }),
    policy: scheduling,
    set: cpus,
    phases: fc.array(phase, { minLength: 1, maxLength: 3 }),
    meets: fc.boolean(),
  })
  .map(({ instances, delay, loop, policy, set, phases, meets }) => {
    const named = phases.map((text, index) => `"p${index}": ${text}`);
    // The barrier stands last in the list of phases, which every party runs as often.
    if (meets) named.push(`"meet": { "barrier": "all" }`);
    const rounds = meets ? 2 : loop;
    return `{ "instance": ${instances}, "delay": ${delay}, "loop": ${rounds}, ${policy} ${set} "phases": { ${named.join(", ")} } }`;
  });

const child = `"child": { "instance": 0, "loop": 1, "run": 20, "lock": "m1", "run": 5, "unlock": "m1" }`;

const workload = fc
  .array(task, { minLength: 1, maxLength: 5 })
  .map(
    (list) => `{ "tasks": { ${list.map((text, i) => `"t${i}": ${text}`).join(", ")}, ${child} } }`,
  );

const machine = fc.record({
  cpus: fc.integer({ min: 1, max: 8 }),
  scheduler: fc.constantFrom(...SCHEDULERS),
});

type MachineOptions = Parameters<typeof bootMachine>[1];

function bootMachine(text: string, options: { cpus: number; scheduler: SchedulerName }) {
  return new WorkloadRun(parseWorkload(text, "random.json"), { ...options, build: buildUnderTest });
}

function runWhole(text: string, options: MachineOptions): { run: WorkloadRun; report: RunReport } {
  const run = bootMachine(text, options);
  expect(run.advance(null)).toBe("idle");
  return { run, report: reportRun(run, "idle") };
}

/** Runs in pieces of so many rounds, over and over, some of them up to a time that lies in between. */
function runInPieces(text: string, options: MachineOptions, rounds: readonly number[]): RunReport {
  const run = bootMachine(text, options);
  for (let piece = 0; ; piece++) {
    const size = rounds[piece % rounds.length] as number;
    const until = piece % 2 === 0 ? run.machine.cycles + BigInt(size) * 700n : null;
    if (run.advance(until, size) === "idle") return reportRun(run, "idle");
  }
}

/** Everything that the workload's threads had must be given back. */
function expectNothingLeft({ run, report }: { run: WorkloadRun; report: RunReport }): void {
  const { machine: m } = run;
  expect([...run.threads()].map(({ name }) => name)).toEqual([]);
  // Only the kernel's own are left, besides zombies that the reaper has not come to yet, and the last
  // thread of each process, which stays with the process's structure for its next use.
  expect([...m.threads()].map(({ name }) => name)).toEqual(["swapper", "init"]);
  expect(m.processes().map(({ pid }) => pid)).toEqual([0, 1]);
  m.call(reapAll);
  const reader = new Reader(m.kernel);
  const reusable = reader.list(m.kernel.machine("proc_free"), (p) => reader.proc(p, "p_list_next"));
  expect(m.counters).toMatchObject({ threads: 2 + reusable.length, processes: 2 });
  expect(reader.tids().size).toBe(2 + reusable.length);
  expect(fbsdFaults(m.kernel)).toEqual([]);
  for (const cpu of m.cpus) {
    expect(cpu.runnable).toBe(0);
    expect(cpu.isIdle).toBe(true);
  }
  expect(m.kernel.machine("timeouts")).toBe(0);
  expect(m.cpus.reduce((sum, cpu) => sum + cpu.messagesSent - cpu.messagesReceived, 0)).toBe(0);
  for (const object of syncObjects(m)) {
    expect({ name: object.name, isOwned: object.isOwned, waiters: object.waiters }).toEqual({
      name: object.name,
      isOwned: false,
      waiters: 0,
    });
  }
  expect(report.outcome).toBe("finished");
}

describe("a random workload", () => {
  it("runs to its end and leaves no thread, id, sleeper, queue entry or timer behind", () => {
    fc.assert(
      fc.property(workload, machine, (text, options) => expectNothingLeft(runWhole(text, options))),
      { numRuns: 60 },
    );
  });

  it("runs in the same way every time, and however the run is cut into pieces", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(workload, machine, sizes, (text, options, rounds) => {
        const { report } = runWhole(text, options);
        expect(runWhole(text, options).report).toEqual(report);
        expect(runInPieces(text, options, rounds)).toEqual(report);
      }),
      { numRuns: 40 },
    );
  });
});
