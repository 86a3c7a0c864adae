/**
 * The reader of rt-app workload files: text -> tree (syntax.ts) -> checked model (model.ts).
 *
 * Syntax errors end the reading at the first. Everything else is collected, so that one run names
 * up to ten problems; a part that is wrong is left out of the model, which is never handed out
 * then. No input makes it throw anything but a WorkloadError.
 */
import { checkArgument, type Rule, text as textRule } from "../core/arguments.js";
import { assemble } from "./assemble.js";
import { quote, WorkloadError } from "./diagnostics.js";
import { readText } from "./file.js";
import { DURATION_SECONDS_MAX, type Workload, type WorkloadGlobal } from "./model.js";
import { Report } from "./report.js";
import { type Member, type ObjectNode, readTree } from "./syntax.js";
import { readTasks } from "./tasks.js";
import {
  addField,
  booleanOf,
  describe,
  ignoreKey,
  membersOf,
  objectOf,
  policyOf,
  reject,
  rejectKey,
} from "./values.js";

const TOP_KEYS: readonly string[] = ["tasks", "task", "global", "resources"];
const GLOBAL_KEYS: readonly string[] = [
  "duration",
  "default_policy",
  "cumulative_slack",
  "pi_enabled",
];
/** What a file may ask for in "global" that means nothing to an emulated machine. */
const IGNORED_KEYS: readonly string[] = [
  "calibration",
  "lock_pages",
  "logdir",
  "log_basename",
  "log_size",
  "ftrace",
  "gnuplot",
  "io_device",
  "mem_buffer_size",
  "frag",
];

/**
 * Reads a workload from a text.
 * @param text the content of an rt-app file: JSON with comments, trailing commas, repeated keys and
 *   keys without a value
 * @param fileName the name for messages and reports. Default "workload"
 * @returns the checked workload, frozen
 * @throws WorkloadError with up to ten problems, each with its line, column and key
 */
export function parseWorkload(text: string, fileName = "workload"): Workload {
  checkArgument("parseWorkload", "text", text, textRule);
  checkArgument("parseWorkload", "fileName", fileName, textRule);
  const root = readTree(text, fileName);
  if (root.kind !== "object") {
    const message = `a workload is an object with "tasks", not ${describe(root)}`;
    const { line, column } = root;
    throw new WorkloadError({ fileName, line, column, key: null, message });
  }
  const report = new Report(fileName);
  const workload = readRoot(report, root, fileName);
  report.throwIfAny();
  const whole = deepFreeze({ ...workload, notes: report.notes() });
  parsed.add(whole);
  return whole;
}

const parsed = new WeakSet<object>();

/** A workload that has been read; nothing of it has changed since. */
export const workloadRule: Rule = {
  allowed: "what parseWorkload or readWorkload returns",
  accepts: (value) => typeof value === "object" && value !== null && parsed.has(value),
};

/**
 * Reads a workload file.
 * @param path a file, or a pipe
 * @throws WorkloadError also when the file cannot be read, is too large or is not text
 */
export function readWorkload(path: string): Workload {
  checkArgument("readWorkload", "path", path, textRule);
  return parseWorkload(readText(path), path);
}

function readRoot(report: Report, root: ObjectNode, fileName: string): Omit<Workload, "notes"> {
  const taskMembers: Member[] = [];
  const globalMembers: Member[] = [];
  let hasTasks = false;
  for (const member of root.members) {
    switch (member.key) {
      case "tasks":
      case "task":
        hasTasks = true;
        append(taskMembers, readTaskMembers(report, member));
        break;
      case "global":
        append(globalMembers, membersOf(report, member, "an object of settings"));
        break;
      case "resources":
        break; // Only declares the names that events use; using a name is enough here.
      default:
        hasTasks = true; // Perhaps misspelt: one error is enough.
        rejectKey(report, member, "a part of a workload", TOP_KEYS);
    }
  }
  if (!hasTasks) {
    report.error(root, "tasks", 'the workload has no "tasks", so there is nothing to run');
  }
  const global = readGlobal(report, globalMembers);
  const tasks = readTasks(report, taskMembers, global);
  return assemble(report, fileName, global, tasks);
}

function readTaskMembers(report: Report, member: Member): readonly Member[] {
  const object = objectOf(report, member, "an object of tasks");
  if (object?.members.length === 0) {
    const message = `${quote(member.key)} has no task in it, so there is nothing to run`;
    report.error(member, member.key, message);
  }
  return object?.members ?? [];
}

/** Not `push(...more)`: that has as many arguments as the file has tasks. */
function append(members: Member[], more: readonly Member[]): void {
  for (const member of more) {
    members.push(member);
  }
}

function readGlobal(report: Report, members: readonly Member[]): WorkloadGlobal {
  const fields = new Map<string, Member>();
  for (const member of members) {
    if (IGNORED_KEYS.includes(member.key)) {
      ignoreKey(report, member, '"global"');
    } else if (GLOBAL_KEYS.includes(member.key)) {
      addField(report, fields, member);
    } else {
      const allowed = [...GLOBAL_KEYS, ...IGNORED_KEYS];
      rejectKey(report, member, 'a setting of "global"', allowed);
    }
  }
  const duration = fields.get("duration");
  const policy = fields.get("default_policy");
  const slack = fields.get("cumulative_slack");
  const lending = fields.get("pi_enabled");
  return {
    durationUs: duration === undefined ? null : readDurationSeconds(report, duration),
    defaultPolicy: (policy && policyOf(report, policy)) ?? "SCHED_OTHER",
    cumulativeSlack: (slack && booleanOf(report, slack)) ?? false,
    priorityLending: (lending && booleanOf(report, lending)) ?? false,
  };
}

/** Seconds in the file, where -1 means until all threads have ended; fractions are allowed. */
function readDurationSeconds(report: Report, field: Member): number | null {
  const seconds = field.value?.kind === "number" ? field.value.value : Number.NaN;
  if (seconds === -1) {
    return null;
  }
  if (seconds >= 0 && seconds <= DURATION_SECONDS_MAX) {
    return Math.round(seconds * 1_000_000);
  }
  const range = `a number of seconds from 0 to ${DURATION_SECONDS_MAX}`;
  return reject(report, field, `${range}, or -1 (until all threads end)`);
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) {
      deepFreeze(part);
    }
  }
  return Object.freeze(value);
}
