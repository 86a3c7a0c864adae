// Random workload files: what is printed in any wild layout reads as what was meant, and what is no
// workload is refused in one line.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WorkloadError } from "../../src/workload/diagnostics.js";
import type { Workload } from "../../src/workload/model.js";
import { parseWorkload } from "../../src/workload/parse.js";

const parse = (text: string): Workload => parseWorkload(text, "w.json");

/** A workload without positions, spellings and notes: what a compiler acts on. */
function meaning(workload: Workload): unknown {
  const drop = new Set(["key", "line", "column", "notes", "fileName"]);
  return JSON.parse(JSON.stringify(workload, (key, value) => (drop.has(key) ? undefined : value)));
}

/** One member of a file to print: a key with a value, or alone. */
interface Printed {
  readonly key: string;
  readonly value?: unknown;
}

const name = fc.string({ minLength: 1, maxLength: 8 });
const microseconds = fc.integer({ min: 0, max: 1_000_000 });
const loop = fc.integer({ min: -1, max: 100 });
const suffix = fc.constantFrom("", "", "0", "_a", "17");

/** What an event means, and the member that says so. */
interface Sample {
  readonly meaning: object;
  readonly member: Printed;
}

function sample<T>(values: fc.Arbitrary<T>, make: (value: T) => Sample): fc.Arbitrary<Sample> {
  return fc.tuple(values, suffix).map(([value, end]) => {
    const { meaning, member } = make(value);
    return { meaning, member: { ...member, key: member.key + end } };
  });
}

const named = (type: string, field: string): fc.Arbitrary<Sample> =>
  sample(name, (value) => ({ meaning: { type, [field]: value }, member: { key: type, value } }));

const timed = (type: string, field: string): fc.Arbitrary<Sample> =>
  sample(microseconds, (value) => ({
    meaning: { type, [field]: value },
    member: { key: type, value },
  }));

const waiting = (type: string): fc.Arbitrary<Sample> =>
  sample(fc.tuple(name, name), ([condition, mutex]) => ({
    meaning: { type, condition, mutex },
    member: { key: type, value: { ref: condition, mutex } },
  }));

const timer = sample(
  fc.tuple(name, fc.boolean(), microseconds, fc.constantFrom("relative", "absolute")),
  ([id, perThread, period, mode]) => {
    const ref = (perThread ? "unique" : "shared") + id;
    return {
      meaning: { type: "timer", timer: ref, perThread, periodUs: period, mode },
      member: { key: "timer", value: { ref, period, mode } },
    };
  },
);

const anyEvent: fc.Arbitrary<Sample> = fc.oneof(
  timed("run", "durationUs"),
  timed("runtime", "durationUs"),
  timed("sleep", "durationUs"),
  timed("mem", "bytes"),
  timed("iorun", "bytes"),
  named("lock", "mutex"),
  named("unlock", "mutex"),
  named("signal", "condition"),
  named("broad", "condition"),
  named("barrier", "barrier"),
  named("sem_post", "semaphore"),
  named("sem_wait", "semaphore"),
  named("suspend", "point"),
  named("resume", "point"),
  waiting("wait"),
  waiting("sync"),
  timer,
  sample(fc.constant(null), () => ({
    meaning: { type: "suspend", point: null },
    member: { key: "suspend" },
  })),
  sample(fc.constant(null), () => ({ meaning: { type: "yield" }, member: { key: "yield" } })),
);

const anyPhase = fc.record({
  name: fc.constantFrom("p", "q"),
  loop,
  events: fc.array(anyEvent, { minLength: 1, maxLength: 6 }),
});

const anyTask = fc.record({
  name: fc.constantFrom("a", "b", "c"),
  instances: fc.integer({ min: 0, max: 50 }),
  delayUs: microseconds,
  loop,
  priority: fc.integer({ min: -20, max: 19 }),
  cpus: fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { minLength: 1, maxLength: 4 }),
  phases: fc.array(anyPhase, { minLength: 1, maxLength: 3 }),
});

type TaskSample = typeof anyTask extends fc.Arbitrary<infer T> ? T : never;

function printedTask(task: TaskSample): Printed {
  const members: Printed[] = [
    { key: "instance", value: task.instances },
    { key: "delay", value: task.delayUs },
    { key: "loop", value: task.loop },
    { key: "priority", value: task.priority },
    { key: "cpus", value: task.cpus },
    {
      key: "phases",
      value: new Members(
        task.phases.map((phase) => ({
          key: phase.name,
          value: new Members([
            { key: "loop", value: phase.loop },
            ...phase.events.map((event) => event.member),
          ]),
        })),
      ),
    },
  ];
  return { key: task.name, value: new Members(members) };
}

function expectedTask(task: TaskSample, index: number): object {
  return {
    name: task.name,
    index,
    instances: task.instances,
    delayUs: task.delayUs,
    loop: task.loop,
    scheduling: { policy: "SCHED_OTHER", priority: task.priority, deadline: null },
    cpus: [...task.cpus].sort((a, b) => a - b),
    phases: task.phases.map((phase) => ({
      name: phase.name,
      loop: phase.loop,
      scheduling: null,
      events: phase.events.map((event) => event.meaning),
    })),
  };
}

/** An object to print: members in order, keys possibly repeated. */
class Members {
  constructor(readonly list: readonly Printed[]) {}
}

/**
 * Prints a value in a layout drawn from `choices`, which are used in turn: what stands between two
 * tokens, and whether a list ends with a comma.
 */
class Printer {
  #next = 0;
  constructor(readonly choices: readonly number[]) {}

  print(value: unknown): string {
    if (value instanceof Members) {
      return this.#list(
        "{",
        value.list.map((member) => this.#member(member)),
        "}",
      );
    }
    if (Array.isArray(value)) {
      return this.#list(
        "[",
        value.map((item) => this.print(item)),
        "]",
      );
    }
    if (typeof value === "object" && value !== null) {
      const list = Object.entries(value).map(([key, item]) => ({ key, value: item }));
      return this.print(new Members(list));
    }
    return this.#gap() + JSON.stringify(value) + this.#gap();
  }

  #member(member: Printed): string {
    const key = this.#gap() + JSON.stringify(member.key) + this.#gap();
    return member.value === undefined ? key : `${key}:${this.print(member.value)}`;
  }

  #list(open: string, parts: readonly string[], close: string): string {
    const comma = parts.length > 0 && this.#choose(2) === 1 ? "," : "";
    return this.#gap() + open + parts.join(",") + comma + this.#gap() + close + this.#gap();
  }

  #gap(): string {
    const gaps = ["", "", " ", "\n", "\r\n\t", '/* }, " */', '// { "run": 1\n', "/**/ "];
    return gaps[this.#choose(gaps.length)] ?? "";
  }

  #choose(count: number): number {
    const choice = this.choices[this.#next % this.choices.length] ?? 0;
    this.#next += 1;
    return choice % count;
  }
}

const layout = fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 });

describe("any workload", () => {
  it("reads as what was written, in every layout", () => {
    fc.assert(
      fc.property(fc.array(anyTask, { minLength: 1, maxLength: 4 }), layout, (tasks, choices) => {
        const root = new Members([{ key: "tasks", value: new Members(tasks.map(printedTask)) }]);
        const plain = parse(new Printer([0]).print(root));
        expect(meaning(plain)).toMatchObject({ tasks: tasks.map(expectedTask) });
        expect(meaning(parse(new Printer(choices).print(root)))).toEqual(meaning(plain));
      }),
      { numRuns: 150 },
    );
  });

  it("knows the place of each event's key in the text", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 8 }), layout, (events, choices) => {
        const task = new Members(events.map((event) => event.member));
        const text = new Printer(choices).print({ tasks: { t: task } });
        const lines = text.split(/\r\n|\n/);
        const read = parse(text).tasks[0]?.phases[0]?.events ?? [];
        expect(read).toHaveLength(events.length);
        for (const event of read) {
          const rest = lines[event.line - 1]?.slice(event.column - 1) ?? "";
          expect(rest.startsWith(JSON.stringify(event.key))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("garbage", () => {
  const words = ["{", "}", "[", "]", ",", ":", '"', '"tasks"', '"run"', '"phases"', '"t"', "1"];
  const tokens = [...words, "-1", "null", "true", "/*", "*/", "//", "\n", " ", "\\", "\u0000"];
  const garbage = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(fc.constantFrom(...tokens), { maxLength: 60 }).map((parts) => parts.join("")),
    fc.json().map((text) => text),
    fc.json().map((text) => `{"tasks":{"t":${text}}}`),
    fc.json().map((text) => `{"tasks":{"t":{"run":${text},"timer":${text}}},"global":${text}}`),
  );

  it("is never answered with anything but a WorkloadError of one line", () => {
    let refused = 0;
    fc.assert(
      fc.property(garbage, (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(WorkloadError);
          expect((error as WorkloadError).message).toMatch(/^w\.json:\d+:\d+: [^\n]+$/);
          refused++;
        }
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(400);
  });

  it("made by one change to a good file is answered in the same way", () => {
    const good = JSON.stringify({ tasks: { t: { loop: 2, run: 5, lock: "m", fork: "t" } } });
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(3), fc.string({ maxLength: 3 }), (at, cut, put) => {
        const text = good.slice(0, at) + put + good.slice(at + cut);
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(WorkloadError);
          refused++;
        }
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
