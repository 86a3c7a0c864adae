/**
 * Policy, priority and deadline parameters of tasks and phases, with what they inherit.
 *
 * A task without a policy has the file's default. A phase changes only what it names, for itself
 * and for the phases after it, so what a phase inherits is what the phases before it have left.
 */
import { type Position, quote } from "./diagnostics.js";
import { MICROSECONDS } from "./events.js";
import { type DeadlineParameters, type Policy, priorityRange, type Scheduling } from "./model.js";
import type { Report } from "./report.js";
import { type Fields, integerOf, policyOf } from "./values.js";

/** The properties that set a thread's scheduling, in a task or a phase. */
export const SCHEDULING_KEYS = [
  "policy",
  "priority",
  "dl-runtime",
  "dl-period",
  "dl-deadline",
] as const;

/** Deadline parameters as far as they are given. */
export type DeadlineGiven = { readonly [name in keyof DeadlineParameters]: number | null };

/** What a task's phases build on. */
export interface TaskScheduling {
  readonly scheduling: Scheduling;
  /** Given in the task whatever its policy, for phases that switch to SCHED_DEADLINE. */
  readonly deadlineGiven: DeadlineGiven;
}

/** Reads a task's scheduling; `at` is the task's place, for what is missing. */
export function readTaskScheduling(
  report: Report,
  properties: Fields,
  at: Position,
  defaultPolicy: Policy,
): TaskScheduling {
  const policy = readPolicy(report, properties) ?? defaultPolicy;
  const priority = readPriority(report, properties, policy) ?? priorityRange(policy).default;
  const deadlineGiven = readDeadlineGiven(report, properties);
  const deadline = completeDeadline(report, properties.get("policy") ?? at, policy, deadlineGiven);
  noteUnusedDeadline(report, properties, policy);
  return { scheduling: { policy, priority, deadline }, deadlineGiven };
}

/**
 * Reads what a phase changes.
 * @param current what the thread has when the phase begins
 * @returns null when the phase changes nothing
 */
export function readPhaseScheduling(
  report: Report,
  properties: Fields,
  at: Position,
  current: Scheduling,
  inherited: DeadlineGiven,
): Scheduling | null {
  if (!SCHEDULING_KEYS.some((key) => properties.has(key))) {
    return null;
  }
  const named = readPolicy(report, properties);
  const policy = named ?? current.policy;
  const kept = named === null ? current.priority : priorityRange(policy).default;
  const priority = readPriority(report, properties, policy) ?? kept;
  const given = overlay(readDeadlineGiven(report, properties), inherited);
  const deadline = completeDeadline(report, properties.get("policy") ?? at, policy, given);
  noteUnusedDeadline(report, properties, policy);
  return { policy, priority, deadline };
}

/** Notes deadline parameters that stand beside another policy, and so are for later phases at most. */
function noteUnusedDeadline(report: Report, properties: Fields, policy: Policy): void {
  if (policy === "SCHED_DEADLINE") return;
  const field = properties.get("dl-runtime");
  if (field === undefined) return;
  report.note(field, `${quote("dl-runtime")} means nothing to ${policy}, only to SCHED_DEADLINE`);
}

function readPolicy(report: Report, properties: Fields): Policy | null {
  const field = properties.get("policy");
  return field === undefined ? null : policyOf(report, field);
}

function readPriority(report: Report, properties: Fields, policy: Policy): number | null {
  const field = properties.get("priority");
  if (field === undefined) {
    return null;
  }
  const { min, max } = priorityRange(policy);
  return integerOf(report, field, { min, max, unit: policy });
}

function readDeadlineGiven(report: Report, properties: Fields): DeadlineGiven {
  const read = (name: string, oldName: string): number | null => {
    const field = properties.get(name) ?? properties.get(oldName);
    return field === undefined ? null : integerOf(report, field, MICROSECONDS);
  };
  return {
    runtimeUs: read("dl-runtime", "runtime"),
    periodUs: read("dl-period", "period"),
    deadlineUs: read("dl-deadline", "deadline"),
  };
}

function overlay(own: DeadlineGiven, inherited: DeadlineGiven): DeadlineGiven {
  return {
    runtimeUs: own.runtimeUs ?? inherited.runtimeUs,
    periodUs: own.periodUs ?? inherited.periodUs,
    deadlineUs: own.deadlineUs ?? inherited.deadlineUs,
  };
}

/** Fills in the defaults (period = runtime, deadline = period) and checks the order. */
function completeDeadline(
  report: Report,
  at: Position,
  policy: Policy,
  given: DeadlineGiven,
): DeadlineParameters | null {
  if (policy !== "SCHED_DEADLINE") {
    return null;
  }
  const runtimeUs = given.runtimeUs ?? 0;
  if (runtimeUs === 0) {
    report.error(at, "policy", `SCHED_DEADLINE needs a ${quote("dl-runtime")} above 0`);
    return null;
  }
  const periodUs = given.periodUs ?? runtimeUs;
  const deadlineUs = given.deadlineUs ?? periodUs;
  if (runtimeUs > deadlineUs || deadlineUs > periodUs) {
    const order = "dl-runtime <= dl-deadline <= dl-period";
    const found = `${runtimeUs}, ${deadlineUs}, ${periodUs}`;
    report.error(at, "policy", `SCHED_DEADLINE needs ${order}, not ${found} (microseconds)`);
    return null;
  }
  return { runtimeUs, deadlineUs, periodUs };
}
