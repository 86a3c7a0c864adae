// Reading workload files: their grammar in its wild form, and what is said of files that are none.

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  formatProblem,
  nearestName,
  PROBLEMS_MAX,
  WorkloadError,
} from "../../src/workload/diagnostics.js";
import {
  EVENT_TYPES,
  eventTypeOf,
  suspendPoint,
  type Task,
  type Workload,
  type WorkloadEvent,
} from "../../src/workload/model.js";
import { parseWorkload, readWorkload } from "../../src/workload/parse.js";
import { DEPTH_MAX, NODES_MAX, TEXT_LENGTH_MAX } from "../../src/workload/syntax.js";
import { scratchFolder } from "../support/scratch.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const fixture = (name: string): string => join(ROOT, "test/fixtures/workload", name);
const example = (name: string): string => join(ROOT, "examples", name);

const scratch = scratchFolder();

/** The error that a reading ends with; anything but a WorkloadError is passed on. */
function failureOf(read: () => unknown): WorkloadError {
  try {
    read();
  } catch (error) {
    if (error instanceof WorkloadError) {
      return error;
    }
    throw error;
  }
  throw new Error("the workload was read without an error");
}

const failure = (text: string): WorkloadError => failureOf(() => parseWorkload(text, "w.json"));
const parse = (text: string): Workload => parseWorkload(text, "w.json");
const parseEvents = (text: string): readonly WorkloadEvent[] =>
  taskOf(parse(`{"tasks": {"t": {${text}}}}`), "t").phases[0]?.events ?? [];

/** The error for one task with this in it, without the file's name. */
const taskFailure = (text: string): string =>
  failure(`{"tasks":{"t":{${text}}}}`).errors[0]?.message ?? "";

function taskOf(workload: Workload, name: string): Task {
  const task = workload.tasks.find((candidate) => candidate.name === name);
  if (task === undefined) {
    throw new Error(`no task ${name}`);
  }
  return task;
}

/** An event without where it came from. */
function bare(event: WorkloadEvent): object {
  const { key, line, column, ...rest } = event;
  return rest;
}

describe("files in the wild form", () => {
  const wild = readWorkload(fixture("wild.json"));
  const all = taskOf(wild, "all");

  it("keeps every event in order, repeated, bare or under a longer name", () => {
    expect(all.phases).toHaveLength(1);
    expect(all.phases[0]?.events.map(bare)).toEqual([
      { type: "run", durationUs: 10 },
      { type: "run", durationUs: 20 },
      { type: "run", durationUs: 30 },
      { type: "runtime", durationUs: 40 },
      { type: "runtime", durationUs: 50 },
      { type: "sleep", durationUs: 60 },
      { type: "timer", timer: "unique1", perThread: true, periodUs: 70, mode: "relative" },
      { type: "timer", timer: "tick", perThread: false, periodUs: 80, mode: "absolute" },
      { type: "lock", mutex: "m0" },
      { type: "wait", condition: "c0", mutex: "m0" },
      { type: "unlock", mutex: "m0" },
      { type: "signal", condition: "c0" },
      { type: "broad", condition: "c1" },
      { type: "sync", condition: "c2", mutex: "m1" },
      { type: "barrier", barrier: "b0" },
      { type: "suspend", point: null },
      { type: "suspend", point: null },
      { type: "suspend", point: "point" },
      { type: "resume", point: "point" },
      { type: "sem_post", semaphore: "s0" },
      { type: "sem_wait", semaphore: "s1" },
      { type: "yield" },
      { type: "yield" },
      { type: "fork", task: "child", taskIndex: 1 },
      { type: "mem", bytes: 1000 },
      { type: "iorun", bytes: 2000 },
      {
        type: "memrun",
        sizeBytes: 3000,
        count: 1,
        strideBytes: null,
        access: null,
        pattern: null,
        buffer: null,
      },
      {
        type: "memrun",
        sizeBytes: 4096,
        count: 7,
        strideBytes: 64,
        access: "read",
        pattern: "random",
        buffer: "buffer",
      },
      { type: "suspend", point: null },
    ]);
  });

  it("remembers how and where an event is written", () => {
    const event = all.phases[0]?.events[2];
    expect(event).toMatchObject({ key: "run0", line: 16, column: 4 });
    expect(all).toMatchObject({ line: 7, column: 3 });
  });

  it("reads a task's properties", () => {
    expect(all).toMatchObject({
      index: 0,
      instances: 2,
      delayUs: 500,
      loop: 3,
      cpus: [1, 3],
      scheduling: { policy: "SCHED_OTHER", priority: -4, deadline: null },
      ownTimers: ["unique1"],
    });
  });

  it("takes a repeated task as one more task", () => {
    expect(wild.tasks.map((task) => task.name)).toEqual(["all", "child", "child"]);
    expect(wild.tasks.map((task) => task.instances)).toEqual([2, 0, 1]);
    expect(wild.threadCount).toBe(3);
  });

  it("lists every name by its kind, and counts a barrier's threads once each", () => {
    expect(wild.mutexes).toEqual(["m0", "m1"]);
    expect(wild.conditions).toEqual(["c0", "c1", "c2"]);
    expect(wild.semaphores).toEqual(["s0", "s1"]);
    expect(wild.timers).toEqual(["tick"]);
    expect(wild.suspendPoints).toEqual(["all", "point"]);
    expect(wild.barriers).toEqual([{ name: "b0", parties: 3 }]);
  });

  it("reads the global part and names what has no counterpart once", () => {
    expect(wild.global).toEqual({
      durationUs: 1_500_000,
      defaultPolicy: "SCHED_OTHER",
      cumulativeSlack: true,
      priorityLending: false,
    });
    expect(wild.notes).toEqual([
      'ignored in "global", without a counterpart in this machine: "ftrace", "gnuplot"',
      'ignored in tasks, without a counterpart in this machine: "util_min"',
    ]);
  });

  it("hands out a frozen model", () => {
    expect(Object.isFrozen(wild)).toBe(true);
    expect(Object.isFrozen(all.phases[0]?.events[0])).toBe(true);
    expect(Object.isFrozen(wild.notes)).toBe(true);
  });

  it("accepts a byte-order mark, other line ends, and several objects of tasks", () => {
    const text = '\ufeff{"task":{"a":{"run":1}},\r\n"tasks":{"b":{"run":2}}}';
    const workload = parse(text);
    expect(workload.tasks.map((task) => task.name)).toEqual(["a", "b"]);
    expect(taskOf(workload, "b")).toMatchObject({ line: 2, column: 10 });
  });
});

describe("defaults and inheritance", () => {
  it("runs a task for ever and a phase once, from the start, in one thread", () => {
    const workload = parse('{"tasks":{"t":{"phases":{"p":{"run":1}}}}}');
    expect(workload.global).toEqual({
      durationUs: null,
      defaultPolicy: "SCHED_OTHER",
      cumulativeSlack: false,
      priorityLending: false,
    });
    const task = taskOf(workload, "t");
    expect(task).toMatchObject({ instances: 1, delayUs: 0, loop: -1, cpus: null });
    expect(task.phases[0]).toMatchObject({ name: "p", loop: 1, scheduling: null, cpus: null });
  });

  it("makes one phase of a task whose events stand in it", () => {
    const task = taskOf(parse('{"tasks":{"t":{"loop":7,"run":1,"cpus":[0]}}}'), "t");
    expect(task.loop).toBe(7);
    expect(task.phases).toHaveLength(1);
    expect(task.phases[0]).toMatchObject({ name: "t", loop: 1, cpus: [0] });
  });

  it("takes -1 as no limit of the duration and fractions of a second as such", () => {
    const duration = (text: string) =>
      parse(`{"tasks":{"t":{"run":1}},"global":{"duration":${text}}}`).global.durationUs;
    expect(duration("-1")).toBeNull();
    expect(duration("0.000001")).toBe(1);
    expect(duration("6")).toBe(6_000_000);
  });

  const scheduling = readWorkload(fixture("scheduling.json"));

  it("reads deadline parameters under new and old names", () => {
    const deadline = (name: string) => taskOf(scheduling, name).scheduling.deadline;
    expect(deadline("new-names")).toEqual({ runtimeUs: 3, deadlineUs: 6, periodUs: 9 });
    expect(deadline("old-names")).toEqual({ runtimeUs: 4, deadlineUs: 8, periodUs: 12 });
    expect(deadline("defaults")).toEqual({ runtimeUs: 5, deadlineUs: 5, periodUs: 5 });
  });

  it("takes only the first old runtime of a deadline task for its budget", () => {
    const events = taskOf(scheduling, "old-names").phases[0]?.events.map(bare);
    expect(events).toEqual([
      { type: "run", durationUs: 3 },
      { type: "runtime", durationUs: 1 },
    ]);
    expect(taskOf(scheduling, "new-names").phases[0]?.events).toHaveLength(1);
  });

  it("gives a task the default policy with that policy's default priority", () => {
    const plain = taskOf(scheduling, "plain").scheduling;
    expect(plain).toEqual({ policy: "SCHED_RR", priority: 10, deadline: null });
  });

  it("changes scheduling in the phases that name it, each on top of those before", () => {
    expect(taskOf(scheduling, "by-phase").phases.map((phase) => phase.scheduling)).toEqual([
      null,
      { policy: "SCHED_RR", priority: 30, deadline: null },
      { policy: "SCHED_OTHER", priority: 0, deadline: null },
      { policy: "SCHED_OTHER", priority: -3, deadline: null },
      {
        policy: "SCHED_DEADLINE",
        priority: 0,
        deadline: { runtimeUs: 7, deadlineUs: 50, periodUs: 50 },
      },
    ]);
  });

  it("gives a phase without CPUs those of its task", () => {
    const cpus = taskOf(scheduling, "by-phase").phases.map((phase) => phase.cpus);
    expect(cpus).toEqual([[2], [0, 1], [2], [2], [2]]);
  });

  it("suspends bare at the task's own name and with a value at that point", () => {
    const points = (text: string) =>
      parseEvents(text).map((event) =>
        event.type === "suspend" ? suspendPoint({ name: "t" }, event) : null,
      );
    expect(points('"suspend", "suspend": null, "suspend": "Browser"')).toEqual([
      "t",
      "t",
      "Browser",
    ]);
  });

  it("finds the event in a key by its longest name", () => {
    expect(EVENT_TYPES.every((type) => eventTypeOf(type) === type)).toBe(true);
    expect(EVENT_TYPES.every((type) => eventTypeOf(`${type}_1`) === type)).toBe(true);
    expect(eventTypeOf("loop")).toBeNull();
    expect(eventTypeOf("toString")).toBeNull();
  });
});

describe("notes", () => {
  it("says once that a resume wakes no thread", () => {
    const text = '{"tasks":{"t":{"resume":"x",\n"resume0":"y","resume":"y","resume":"t"}}}';
    const reason = "no task has this name and no thread suspends at it";
    expect(parse(text).notes).toEqual([
      `line 1: "resume" of "x" wakes nobody: ${reason}`,
      `line 2: "resume0" of "y" wakes nobody: ${reason}`,
    ]);
  });

  it("lets the last of a repeated property count, and says so", () => {
    const workload = parse('{"tasks":{"t":{"loop":1,"run":1,\n"loop":2}}}');
    expect(taskOf(workload, "t").loop).toBe(2);
    expect(workload.notes).toEqual([
      'line 2: "loop" is given again in the same object; the last one counts',
    ]);
  });

  it("stops after twenty places", () => {
    const resumes = Array.from({ length: 25 }, (_, i) => `"resume":"x${i}"`).join(",");
    const { notes } = parse(`{"tasks":{"t":{${resumes}}}}`);
    expect(notes).toHaveLength(21);
    expect(notes.at(-1)).toBe("5 more notes of these kinds");
  });

  it("says when no thread starts", () => {
    expect(parse('{"tasks":{"t":{"instance":0,"run":1}}}').notes).toEqual([
      'line 1: no thread starts, since "instance" is 0 in every task',
    ]);
  });

  it("does not mention what a file sets to false", () => {
    const global = '{"gnuplot":false,"lock_pages":true}';
    expect(parse(`{"tasks":{"t":{"run":1}},"global":${global}}`).notes).toEqual([
      'ignored in "global", without a counterpart in this machine: "lock_pages"',
    ]);
  });
});

describe("wrong files", () => {
  it("names file, line, column and key, the nearest name, and what is allowed", () => {
    const path = fixture("misspelt.json");
    const error = failureOf(() => readWorkload(path));
    expect(error).toMatchObject({ fileName: path, line: 12, column: 7, key: "slepe" });
    expect(error.message).toMatch(/misspelt\.json:12:7: "slepe" is not an event or task property/);
    expect(error.message).toContain('(did you mean "sleep"?); allowed here: run, runtime, sleep,');
    expect(error.message).toContain("instance, delay, phases, loop");
    expect(error.message).not.toContain("\n");
    expect(error.errors).toHaveLength(1);
  });

  it("collects up to ten problems, in the order of the text", () => {
    const error = failureOf(() => readWorkload(fixture("many-errors.json")));
    expect(error.errors).toHaveLength(PROBLEMS_MAX);
    expect(error.message).toContain("(and at least 9 more errors)");
    const lines = error.errors.map((problem) => problem.line);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    expect(error.message.startsWith(formatProblem(error.errors[0]!))).toBe(true);
  });

  it("counts the other problems in the message", () => {
    expect(failure('{"tasks":{"t":{"run":-1,"lock":1}}}').message).toMatch(/\(and 1 more error\)$/);
  });

  it.each([
    ['"run": -1', '"run" must be an integer from 0 to 4294967295 (microseconds), not -1'],
    ['"run": 4294967296', /not 4294967296$/],
    ['"run": 1.5', /not 1\.5$/],
    ['"run": 1e999', /not 1e999$/],
    ['"run": "5"', /not "5"$/],
    ['"run": {}', /not an object$/],
    ['"run"', '"run" needs a value: an integer from 0 to 4294967295 (microseconds)'],
    ['"lock": ""', '"lock" must be the name of a mutex, not ""'],
    ['"lock": true', '"lock" must be the name of a mutex, not true'],
    [`"lock": "${"x".repeat(300)}"`, /a name of at most 255 characters, not "x{40}\.\.\."$/],
    ['"resume"', '"resume" needs a value: the name of a task or suspend point'],
    ['"suspend": 5', '"suspend" must be the name of a suspend point (or nothing), not 5'],
    ['"yield": []', '"yield" must be nothing or "", not an array'],
    ['"wait": "c"', '"wait" must be an object with ref, mutex, not "c"'],
    ['"wait": {"ref": "c"}', '"wait" lacks the field "mutex"'],
    ['"timer": {"ref": "r"}', '"timer" lacks the field "period"'],
    ['"timer": {"ref": "r", "period"}', /^"period" needs a value: an integer from 0 /],
    ['"run": 1, "loop"', /^"loop" needs a value: an integer from -1 /],
    ['"phases"', '"phases" needs a value: an object of phases'],
    [
      '"timer": {"ref": "r", "period": 1, "mod": 1}',
      '"mod" is not a field of "timer" (did you mean "mode"?); allowed here: ref, period, mode',
    ],
    [
      '"timer": {"ref": "r", "period": 1, "mode": "absolut"}',
      '"mode" cannot be "absolut" (did you mean "absolute"?); allowed: relative, absolute',
    ],
    ['"memrun": {"count": 1}', '"memrun" lacks the field "size"'],
    ['"memrun": {"size": 1, "stride": 0}', /^"stride" must be an integer from 1 /],
    ['"fork": "u"', '"fork" names "u", which is no task of this file (did you mean "t"?)'],
    ['"run": 1, "cpus": []', /^"cpus" must be a list of CPU numbers from 0 to 63, not an array$/],
    ['"run": 1, "cpus": [0, 64]', /; it has 64$/],
    ['"run": 1, "cpus": ["0"]', /; it has "0"$/],
    ['"run": 1, "loop": -2', /^"loop" must be an integer from -1 to 2147483647/],
    ['"run": 1, "instance": -1', /^"instance" must be an integer from 0 to 16777216/],
    ['"run": 1, "delay": -1', /^"delay" must be an integer from 0 /],
    ['"run": 1, "priority": 20', /^"priority" must be an integer from -20 to 19 \(SCHED_OTHER\)/],
    ['"run": 1, "policy": "SCHED_FIFO", "priority": 0', /from 1 to 99 \(SCHED_FIFO\), not 0$/],
    ['"run": 1, "policy": "SCHED_FIF"', /\(did you mean "SCHED_FIFO"\?\); allowed: SCHED_OTHER/],
    ['"run": 1, "policy": 4', /^"policy" must be one of SCHED_OTHER, .*, not 4$/],
    ['"run": 1, "policy": "SCHED_DEADLINE"', 'SCHED_DEADLINE needs a "dl-runtime" above 0'],
    [
      '"run": 1, "policy": "SCHED_DEADLINE", "dl-runtime": 9, "dl-period": 5',
      /needs dl-runtime <= dl-deadline <= dl-period, not 9, 5, 5/,
    ],
    ['"loop": 1', 'the task "t" has neither events nor "phases"'],
    ['"phases": {}', '"phases" has no phase in it'],
    ['"phases": 1', '"phases" must be an object of phases, not 1'],
    ['"phases": {"p": 1}', '"p" must be an object that describes a phase, not 1'],
    ['"phases": {"": {}}', "the name of a phase must have 1 to 255 characters"],
    [
      '"phases": {"p": {"delay": 1}}',
      '"delay" is a property of a task and cannot stand in a phase',
    ],
    ['"phases": {"p": {"lop": 1}}', /^"lop" is not an event or phase property \(did you mean "l/],
    [
      '"run": 1, "phases": {"p": {"run": 1}}',
      'the event "run" stands beside "phases"; move it into a phase',
    ],
    ['"run": 1}, "u": {"run": 1, "instance": 16777216', /starts more than 16777216 threads$/],
  ])("rejects a task with %s", (text, message) => {
    if (typeof message === "string") {
      expect(taskFailure(text)).toBe(message);
    } else {
      expect(taskFailure(text)).toMatch(message);
    }
  });

  it.each([
    ["", '1:1: the file is empty; a workload is an object with "tasks" and "global"'],
    [" /* nothing */\n", /^2:1: the file is empty/],
    ["[]", '1:1: a workload is an object with "tasks", not an array'],
    ["5", '1:1: a workload is an object with "tasks", not 5'],
    ["{}", '1:1: the workload has no "tasks", so there is nothing to run'],
    ['{"taks": {}}', /^1:2: "taks" is not a part of a workload \(did you mean "tasks"\?\)/],
    ['{"tasks": {}}', '1:2: "tasks" has no task in it, so there is nothing to run'],
    ['{"tasks": 5}', '1:11: "tasks" must be an object of tasks, not 5'],
    ['{"tasks"}', '1:2: "tasks" needs a value: an object of tasks'],
    ['{"tasks": {"t": 5}}', /^1:17: "t" must be an object that describes a task, not 5$/],
    ['{"tasks": {"": {"run": 1}}}', /^1:12: the name of a task must have 1 to 255 characters$/],
    ['{"tasks": {"t": {"run": 1}}, "globl": {}}', /^1:30: "globl" .*\(did you mean "global"\?\)/],
    ['{"tasks": {"t": {"run": 1}}, "global": {"duraton": 1}}', /^1:41: .*"duration"/],
    ['{"tasks": {"t": {"run": 1}}, "global": {"duration": -2}}', /^1:53: "duration" must be/],
    ['{"tasks": {"t": {"run" 1}}}', '1:24: expected ":" or "," after the key "run", not "1"'],
    ['{"tasks": {"t": {"run": 1 "run": 2}}}', '1:27: expected "," or "}", not "\\"run\\""'],
    ['{"tasks": {"t": {"run": 1,, }}}', /^1:27: expected a key in double quotes or "}", not ","/],
    ['{"tasks": {"t": {run: 1}}}', /^1:18: expected a key in double quotes or "}", not "run"$/],
    ['{"tasks": {"t": {"run": }}}', '1:25: expected a value, not "}"'],
    ['{"tasks": {"t": {"run": 1}}} x', /^1:30: expected the end of the file .*, not "x"$/],
    ['{"tasks": {"t": {"lock": "m', "1:26: this string is not closed on its line"],
    ['{"tasks": {"t": {"lock": "\\q"', "1:26: this string has an unknown escape"],
    ['{"tasks": /* {', "1:11: this comment is not closed"],
    ['{"tasks": {"t": {"run": 1.}}}', "1:25: this number is not complete"],
    ["\u0001\u0002\ufffd", /^1:1: expected a value, not "/],
  ])("rejects the text %j", (text, message) => {
    const found = failure(text).message.replace(/^w\.json:/, "");
    if (typeof message === "string") {
      expect(found).toBe(message);
    } else {
      expect(found).toMatch(message);
    }
  });

  it("keeps control characters of a file out of its messages", () => {
    expect(failure('{"\u009b2J\u2028":1}').message).toContain('"\ufffd2J\ufffd" is not a part');
  });

  it("looks for the nearest of very many names without delay", () => {
    const tasks = Array.from({ length: 20_000 }, (_, i) => `"${"n".repeat(35)}${i}":{"run":1}`);
    const error = failure(`{"tasks":{${tasks.join(",")},"t":{"fork":"${"n".repeat(35)}x"}}}`);
    expect(error.message).toMatch(/\(did you mean "n+0"\?\)$/);
  });

  it("suggests only similar names", () => {
    expect(nearestName("sleeep", ["run", "sleep"])).toBe("sleep");
    expect(nearestName("LOOP", ["loop"])).toBe("loop");
    expect(nearestName("gnu", ["loop", "run"])).toBeNull();
    expect(nearestName("x".repeat(1e6), ["loop"])).toBeNull();
  });
});

describe("files that cannot be workloads", () => {
  it.each([
    ["no-such.json", /no-such\.json: there is no such file$/],
    ["wild.json/x", /: there is no such file$/],
    [".", /: this is a directory, not a file$/],
    ["empty.json", /empty\.json:1:1: the file is empty/],
    ["unclosed.json", /unclosed\.json:7:1: expected "," or "}", not the end of the file$/],
    ["binary.json", /binary\.json: this is not a text file: byte 7 is zero$/],
    ["latin1.json", /latin1\.json: this is not a text file: it is not valid UTF-8$/],
  ])("says in one sentence what is wrong with %s", (name, message) => {
    expect(failureOf(() => readWorkload(fixture(name))).message).toMatch(message);
  });

  it("refuses a file that is too large", () => {
    const path = join(scratch, "large.json");
    writeFileSync(path, Buffer.alloc(9 << 20, " "));
    const error = failureOf(() => readWorkload(path));
    expect(error.message).toBe(`${path}: the file is larger than a workload can be (8 MiB)`);
  });

  const deep = `the file nests deeper than ${DEPTH_MAX} levels; a workload needs six`;
  const many = `the file has more than ${NODES_MAX} keys and values; split the workload`;
  const large = "the file is larger than a workload can be (8 million characters)";

  it.each([
    ["a million opened arrays", () => "[".repeat(1e6), deep],
    ["a million nested objects", () => '{"a":'.repeat(1e6), deep],
    ["a million keys", () => `{"tasks":{"t":{${'"run":1,'.repeat(1e6)}}}}`, many],
    ["a million tasks", () => `{"tasks":{${'"t",'.repeat(1e6)}}}`, many],
    ["a text beyond all measure", () => " ".repeat(TEXT_LENGTH_MAX + 1), large],
    ["nothing but blanks", () => " ".repeat(TEXT_LENGTH_MAX), /^the file is empty/],
    ["one endless string", () => `"${"a".repeat(4e6)}`, /^this string is not closed/],
    ["one endless number", () => "1".repeat(4e6), /not a number of so many digits$/],
  ])("refuses %s at once", (_, text, message) => {
    const [problem] = failure(text()).errors;
    expect(problem?.message).toMatch(message);
    expect(problem?.message.length).toBeLessThan(200);
  });

  it("reads a file that is just within the limits", () => {
    const runs = '"run":1,'.repeat(NODES_MAX / 2 - 10);
    expect(parse(`{"tasks":{"t":{${runs}}}}`).tasks[0]?.phases[0]?.events).toHaveLength(
      NODES_MAX / 2 - 10,
    );
    const tasks = '"t":{"run":1},'.repeat(NODES_MAX / 4 - 10);
    expect(parse(`{"tasks":{${tasks}}}`).threadCount).toBe(NODES_MAX / 4 - 10);
  });
});

describe("the project's own examples", () => {
  it.each(["webserver.json", "pipeline.json", "deadlock.json"])("%s has nothing odd", (name) => {
    expect(readWorkload(example(name)).notes).toEqual([]);
  });

  it("webserver.json has eight workers that share a queue and a cache", () => {
    const workload = readWorkload(example("webserver.json"));
    expect(workload.global.durationUs).toBe(2_000_000);
    expect(workload.threadCount).toBe(12);
    expect(taskOf(workload, "worker").instances).toBe(8);
    expect(workload.mutexes).toEqual(["queue", "cache"]);
  });

  it("pipeline.json passes on as many blocks as it makes, so it ends", () => {
    const workload = readWorkload(example("pipeline.json"));
    const balance = new Map<string, number>();
    for (const task of workload.tasks) {
      for (const phase of task.phases) {
        for (const event of phase.events) {
          if (event.type === "sem_post" || event.type === "sem_wait") {
            const sign = event.type === "sem_post" ? 1 : -1;
            const times = sign * task.loop * phase.loop * task.instances;
            balance.set(event.semaphore, (balance.get(event.semaphore) ?? 0) + times);
          }
        }
      }
    }
    expect(Object.fromEntries(balance)).toEqual({ free: 8, filled: 0, done: 0 });
    expect(workload.barriers).toEqual([
      { name: "start", parties: 5 },
      { name: "end", parties: 5 },
    ]);
  });

  it("deadlock.json takes two locks in opposite order, with a meeting between", () => {
    const workload = readWorkload(example("deadlock.json"));
    const order = workload.tasks.map((task) =>
      task.phases[0]?.events.flatMap((event) => (event.type === "lock" ? [event.mutex] : [])),
    );
    expect(order).toEqual([
      ["a", "b"],
      ["b", "a"],
    ]);
    expect(workload.barriers[0]?.parties).toBe(2);
  });
});

describe("names that a file uses twice", () => {
  it("make two phases, one after the other", () => {
    const { phases } = taskOf(
      parse(`{"tasks": {"t": {"phases": {
        "light": {"run": 1}, "heavy": {"run": 2}, "rest": {"sleep": 3}, "heavy": {"run": 4},
      }}}}`),
      "t",
    );
    expect(phases.map((phase) => phase.name)).toEqual(["light", "heavy", "rest", "heavy"]);
    expect(phases.map(({ events }) => events.map(bare))).toMatchObject([
      [{ durationUs: 1 }],
      [{ durationUs: 2 }],
      [{ durationUs: 3 }],
      [{ durationUs: 4 }],
    ]);
  });

  it("make one suspend point, which tasks share", () => {
    const workload = parse(`{"tasks": {
      "a": {"suspend": "gate", "run": 1}, "b": {"suspend": "gate", "run": 1},
      "c": {"run": 1, "resume": "gate", "suspend"},
    }}`);
    expect(workload.suspendPoints).toEqual(["gate", "c"]);
    expect(workload.notes).toEqual([]);
  });
});

describe("workload files", () => {
  /** Our own, and those of a folder that whoever runs the tests has named, such as rt-app's examples. */
  const folders = [join(ROOT, "examples"), process.env.KTM_WORKLOADS ?? []].flat();
  const files = folders.map((folder) =>
    readdirSync(folder).flatMap((name) => (name.endsWith(".json") ? join(folder, name) : [])),
  );

  it("are there", () => {
    for (const found of files) expect(found.length).toBeGreaterThan(4);
  });

  it.each(files.flat())("load, with every name resolved: %s", (path) => {
    const workload = readWorkload(path);
    expect(workload.threadCount).toBeGreaterThan(0);
    expect(workload.notes.filter((note) => note.startsWith("line"))).toEqual([]);
  });
});
