/** From the members of "tasks" to tasks with their phases and events, every default filled in. */
import { quote } from "./diagnostics.js";
import { MICROSECONDS, readEvent, type TaskIndex } from "./events.js";
import {
  EVENT_TYPES,
  type EventType,
  eventTypeOf,
  LOOP_FOREVER,
  LOOP_MAX,
  NAME_LENGTH_MAX,
  type Phase,
  type Scheduling,
  type Task,
  THREADS_MAX,
  type WorkloadEvent,
  type WorkloadGlobal,
} from "./model.js";
import type { Report } from "./report.js";
import {
  type DeadlineGiven,
  readPhaseScheduling,
  readTaskScheduling,
  SCHEDULING_KEYS,
} from "./scheduling.js";
import type { Member, ObjectNode } from "./syntax.js";
import {
  addField,
  cpusOf,
  type Fields,
  type IntegerRange,
  ignoreKey,
  integerOf,
  membersOf,
  objectOf,
  rejectKey,
} from "./values.js";

const PHASE_KEYS: readonly string[] = ["loop", "cpus", ...SCHEDULING_KEYS];
/** What only a task may have. */
const TASK_ONLY_KEYS: readonly string[] = ["instance", "delay", "phases"];
/** The deadline parameters' older names, for tasks only; for `runtime` see `findOldRuntime`. */
const OLD_DEADLINE_KEYS: readonly string[] = ["period", "deadline"];
const TASK_KEYS: readonly string[] = [...TASK_ONLY_KEYS, ...PHASE_KEYS, ...OLD_DEADLINE_KEYS];
/** What a file may ask for in a task or phase that means nothing to an emulated machine. */
const IGNORED_KEYS: readonly string[] = [
  "util_min",
  "util_max",
  "nodes_membind",
  "taskgroup",
  "dl-reclaim",
];

const LOOP: IntegerRange = { min: LOOP_FOREVER, max: LOOP_MAX, unit: "-1 is for ever" };
const INSTANCES: IntegerRange = { min: 0, max: THREADS_MAX, unit: "threads" };

/** What the reading of a task needs to know of the file around it. */
interface Surroundings {
  readonly report: Report;
  readonly global: WorkloadGlobal;
  readonly tasks: TaskIndex;
}

/**
 * Reads all tasks.
 * @param members the members of "tasks", a repeated name being one more task
 */
export function readTasks(
  report: Report,
  members: readonly Member[],
  global: WorkloadGlobal,
): Task[] {
  const tasks = new Map<string, number>();
  members.forEach((member, index) => {
    if (!tasks.has(member.key)) {
      tasks.set(member.key, index);
    }
  });
  const around: Surroundings = { report, global, tasks };
  const read: Task[] = [];
  members.forEach((member, index) => {
    checkName(report, member, "task");
    const object = objectOf(report, member, "an object that describes a task");
    if (object !== null) {
      read.push(readTask(around, member, object, index));
    }
  });
  return read;
}

function checkName(report: Report, member: Member, what: string): void {
  if (member.key === "" || member.key.length > NAME_LENGTH_MAX) {
    const message = `the name of a ${what} must have 1 to ${NAME_LENGTH_MAX} characters`;
    report.error(member, member.key, message);
  }
}

function readTask(around: Surroundings, member: Member, object: ObjectNode, index: number): Task {
  const { report, global } = around;
  const contents = sortTask(around, object);
  const { properties } = contents;
  const task = readTaskScheduling(report, properties, member, global.defaultPolicy);
  const cpus = readCpus(report, properties);
  const inherited: Inherited = { ...task, cpus };
  const phases = readPhases(around, member, contents, inherited);
  return {
    name: member.key,
    index,
    instances: readInteger(report, properties, "instance", INSTANCES) ?? 1,
    delayUs: readInteger(report, properties, "delay", MICROSECONDS) ?? 0,
    loop: readInteger(report, properties, "loop", LOOP) ?? LOOP_FOREVER,
    scheduling: task.scheduling,
    cpus,
    phases,
    ownTimers: ownTimersOf(phases),
    line: member.line,
    column: member.column,
  };
}

/** An object's members, told apart. */
interface Contents {
  readonly properties: Fields;
  readonly events: readonly EventMember[];
  /** Whether some member was not understood (and reported). */
  readonly hasUnknown: boolean;
}

interface EventMember {
  readonly member: Member;
  readonly type: EventType;
}

function sortTask(around: Surroundings, object: ObjectNode): Contents {
  const oldRuntime = findOldRuntime(object, around.global);
  return sortMembers(around.report, object, "task", TASK_KEYS, oldRuntime);
}

/**
 * Finds the `runtime` that is the deadline budget under its older name and not an event: the first
 * in a task whose policy is SCHED_DEADLINE and which does not use the newer name.
 */
function findOldRuntime(object: ObjectNode, global: WorkloadGlobal): Member | null {
  const named = object.members.findLast((member) => member.key === "policy")?.value;
  const policy = named?.kind === "string" ? named.value : global.defaultPolicy;
  const hasNewName = object.members.some((member) => member.key === "dl-runtime");
  if (policy !== "SCHED_DEADLINE" || hasNewName) {
    return null;
  }
  return object.members.find((member) => member.key === "runtime") ?? null;
}

function sortMembers(
  report: Report,
  object: ObjectNode,
  kind: "task" | "phase",
  propertyKeys: readonly string[],
  oldRuntime: Member | null,
): Contents {
  const properties = new Map<string, Member>();
  const events: EventMember[] = [];
  let hasUnknown = false;
  for (const member of object.members) {
    const type = member === oldRuntime ? null : eventTypeOf(member.key);
    if (type !== null) {
      events.push({ member, type });
    } else if (member === oldRuntime || propertyKeys.includes(member.key)) {
      addField(report, properties, member);
    } else if (IGNORED_KEYS.includes(member.key)) {
      ignoreKey(report, member, "tasks");
    } else if (TASK_ONLY_KEYS.includes(member.key)) {
      const message = `${quote(member.key)} is a property of a task and cannot stand in a phase`;
      report.error(member, member.key, message);
    } else {
      hasUnknown = true;
      const known = [...EVENT_TYPES, ...propertyKeys, ...IGNORED_KEYS];
      rejectKey(report, member, `an event or ${kind} property`, known);
    }
  }
  return { properties, events, hasUnknown };
}

/** What the phases of a task start from. */
interface Inherited {
  readonly scheduling: Scheduling;
  readonly deadlineGiven: DeadlineGiven;
  readonly cpus: readonly number[] | null;
}

function readPhases(
  around: Surroundings,
  task: Member,
  contents: Contents,
  inherited: Inherited,
): Phase[] {
  const phases = contents.properties.get("phases");
  if (phases === undefined) {
    return [readOnlyPhase(around, task, contents, inherited)];
  }
  for (const { member } of contents.events) {
    const message = `the event ${quote(member.key)} stands beside "phases"; move it into a phase`;
    around.report.error(member, member.key, message);
  }
  return readNamedPhases(around, phases, inherited);
}

/** Events that stand in the task itself are its one phase. */
function readOnlyPhase(
  around: Surroundings,
  task: Member,
  contents: Contents,
  inherited: Inherited,
): Phase {
  if (contents.events.length === 0 && !contents.hasUnknown) {
    const message = `the task ${quote(task.key)} has neither events nor "phases"`;
    around.report.error(task, task.key, message);
  }
  return {
    name: task.key,
    loop: 1,
    scheduling: null,
    cpus: inherited.cpus,
    events: readEvents(around, contents.events),
    line: task.line,
    column: task.column,
  };
}

function readNamedPhases(around: Surroundings, field: Member, inherited: Inherited): Phase[] {
  const { report } = around;
  const members = membersOf(report, field, "an object of phases");
  if (field.value?.kind === "object" && members.length === 0) {
    report.error(field, field.key, '"phases" has no phase in it');
  }
  const phases: Phase[] = [];
  let current = inherited.scheduling;
  for (const member of members) {
    checkName(report, member, "phase");
    const object = objectOf(report, member, "an object that describes a phase");
    if (object !== null) {
      const phase = readPhase(around, member, object, { ...inherited, scheduling: current });
      current = phase.scheduling ?? current;
      phases.push(phase);
    }
  }
  return phases;
}

function readPhase(
  around: Surroundings,
  member: Member,
  object: ObjectNode,
  inherited: Inherited,
): Phase {
  const { report } = around;
  const { properties, events } = sortMembers(report, object, "phase", PHASE_KEYS, null);
  const { scheduling, deadlineGiven, cpus } = inherited;
  return {
    name: member.key,
    loop: readInteger(report, properties, "loop", LOOP) ?? 1,
    scheduling: readPhaseScheduling(report, properties, member, scheduling, deadlineGiven),
    cpus: readCpus(report, properties) ?? cpus,
    events: readEvents(around, events),
    line: member.line,
    column: member.column,
  };
}

function readEvents(around: Surroundings, members: readonly EventMember[]): WorkloadEvent[] {
  const events: WorkloadEvent[] = [];
  for (const { member, type } of members) {
    const event = readEvent(around.report, member, type, around.tasks);
    if (event !== null) {
      events.push(event);
    }
  }
  return events;
}

function readInteger(
  report: Report,
  properties: Fields,
  key: string,
  range: IntegerRange,
): number | null {
  const field = properties.get(key);
  return field === undefined ? null : integerOf(report, field, range);
}

function readCpus(report: Report, properties: Fields): readonly number[] | null {
  const field = properties.get("cpus");
  return field === undefined ? null : cpusOf(report, field);
}

function ownTimersOf(phases: readonly Phase[]): string[] {
  const timers = new Set<string>();
  for (const event of phases.flatMap((phase) => phase.events)) {
    if (event.type === "timer" && event.perThread) {
      timers.add(event.timer);
    }
  }
  return [...timers];
}
