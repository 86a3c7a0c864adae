// The JSON of `run --json` is as docs/report.schema.json and docs/report.md say, whatever way a run ends, and that of
// `compare --json` has the keys that docs/report.md names.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import {
  compareWorkload,
  type Outcome,
  parseWorkload,
  type RunReport,
  runWorkload,
} from "../../src/index.js";
import { WorkloadRun } from "../../src/workload/run.js";
import { reportRun } from "../../src/workload/run-report.js";
import { buildUnderTest as build } from "../support/build.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

type Json = Readonly<Record<string, unknown>>;

/** The schema without room for fields that it does not know: whoever adds one must document it. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const parts = Object.entries(schema).map(([key, part]) => [key, closed(part)]);
  const isObject = "properties" in schema && !("$schema" in (schema.properties as Json));
  return { ...Object.fromEntries(parts), ...(isObject ? { additionalProperties: false } : {}) };
}

const schema = JSON.parse(read("docs/report.schema.json")) as Json;
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
  closed(schema) as Json,
);

/** What is wrong with a report as JSON. */
function faults(report: RunReport | Json): string[] {
  validate(JSON.parse(JSON.stringify(report)));
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, JSON.stringify(params)].join(" "),
  );
}

const run = (text: string, forNs?: number): RunReport =>
  runWorkload(parseWorkload(text, "w.json"), { build, ...(forNs === undefined ? {} : { forNs }) });

const spinner = (more: string) =>
  `{ "tasks": { "a": { "instance": 3, "loop": 3, "run": 1000, "sleep": 500 ${more} } } }`;

/** A run for each way to end. */
const runs: Readonly<Record<Outcome, () => RunReport>> = {
  finished: () => run(spinner("")),
  time: () =>
    runWorkload(parseWorkload(read("examples/webserver.json"), "w.json"), {
      ...{ build, forNs: 3_000_000, lockProfile: true },
    }),
  rest: () =>
    run(`{ "tasks": { "client": { "loop": 3, "sem_post": "work", "sleep": 10 },
                      "server": { "loop": -1, "sem_wait": "work", "run": 5 } } }`),
  deadlock: () => run(read("examples/deadlock.json")),
  interrupted: () => {
    const begun = new WorkloadRun(parseWorkload(read("examples/webserver.json"), "w.json"), {
      build,
    });
    begun.advance(1_000_000n);
    return reportRun(begun, "interrupted", { threadsMax: 2 });
  },
};

describe("the report as JSON", () => {
  it.each(Object.entries(runs))("keeps to its schema when the outcome is %s", (outcome, make) => {
    const report = make();
    expect(report.outcome).toBe(outcome);
    expect(faults(report)).toEqual([]);
  });

  it("has sums of threads that are not reported one by one", () => {
    const begun = new WorkloadRun(parseWorkload(spinner(""), "w.json"), { build });
    begun.advance(null);
    const report = reportRun(begun, "idle", { threadsMax: 1 });
    expect(report.others?.threads).toBe(2);
    expect(faults(report)).toEqual([]);
  });

  it("would be refused with a field that is missing, new, or of another kind", () => {
    const report = runs.finished() as unknown as Json;
    const { hash, ...without } = report;
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(faults(without)).toHaveLength(1);
    expect(faults({ ...report, later: 1 })).toHaveLength(1);
    expect(faults({ ...report, timeNs: "1" })).toHaveLength(1);
    expect(faults({ ...report, version: 2 })).toHaveLength(1);
    expect(faults({ ...report, threads: [{}] }).length).toBeGreaterThan(5);
  });

  it("has each of its fields in the document, and no others", () => {
    const rows = read("docs/report.md").match(/^\| `[^|]*/gm) ?? [];
    const documented = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(documented.sort()).toEqual(Object.keys(schema.properties as Json).sort());
  });
});

describe("the JSON of compare", () => {
  /** The keys of an object and of those in it, spreads as a whole. */
  function keysOf(value: object, path = ""): string[] {
    return Object.entries(value).flatMap(([key, part]) => {
      const [first] = Array.isArray(part) ? part : [null];
      const isObject = typeof first === "object" && first !== null;
      return [`${path}.${key}`, ...(isObject ? keysOf(first, `${path}.${key}`) : [])];
    });
  }

  it("has the keys that docs/report.md names", () => {
    const rows = read("docs/report.md").match(/^\| `\.[^|]*/gm) ?? [];
    const documented = rows.flatMap((row) =>
      [...row.matchAll(/`([.\w]+)`/g)].map(([, name]) => name),
    );
    const found = compareWorkload(parseWorkload(spinner(""), "w.json"), {
      ...{ build, schedulers: [{ scheduler: "lwkt" }] },
    });
    expect(documented.sort()).toEqual(keysOf(found).sort());
  });
});
