/** What concerns the workload as a whole: how many threads, which names, and odd references. */
import { quote } from "./diagnostics.js";
import {
  type Barrier,
  forEachEvent,
  type ResumeEvent,
  suspendPoint,
  type Task,
  THREADS_MAX,
  type Workload,
  type WorkloadEvent,
  type WorkloadGlobal,
} from "./model.js";
import type { Report } from "./report.js";

/** Puts the parts together and checks what only shows when all tasks are known. */
export function assemble(
  report: Report,
  fileName: string,
  global: WorkloadGlobal,
  tasks: readonly Task[],
): Omit<Workload, "notes"> {
  const threadCount = countThreads(report, tasks);
  const names = collectNames(tasks);
  noteUselessResumes(report, tasks, names.suspendPoints);
  return {
    fileName,
    global,
    tasks,
    threadCount,
    mutexes: [...names.mutexes],
    conditions: [...names.conditions],
    semaphores: [...names.semaphores],
    barriers: [...names.barriers.values()],
    timers: [...names.timers],
    suspendPoints: [...names.suspendPoints],
  };
}

function countThreads(report: Report, tasks: readonly Task[]): number {
  let threads = 0;
  for (const task of tasks) {
    threads += task.instances;
    if (threads > THREADS_MAX) {
      const message = `with ${quote(task.name)} the file starts more than ${THREADS_MAX} threads`;
      report.error(task, "instance", message);
      return threads;
    }
  }
  const [first] = tasks;
  if (threads === 0 && first !== undefined) {
    report.note(first, 'no thread starts, since "instance" is 0 in every task');
  }
  return threads;
}

interface Names {
  readonly mutexes: Set<string>;
  readonly conditions: Set<string>;
  readonly semaphores: Set<string>;
  readonly barriers: Map<string, Barrier>;
  readonly timers: Set<string>;
  readonly suspendPoints: Set<string>;
}

function collectNames(tasks: readonly Task[]): Names {
  const names: Names = {
    mutexes: new Set(),
    conditions: new Set(),
    semaphores: new Set(),
    barriers: new Map(),
    timers: new Set(),
    suspendPoints: new Set(),
  };
  for (const task of tasks) {
    const barriers = new Set<string>();
    forEachEvent(task, (event) => collectEvent(names, barriers, task, event));
    for (const name of barriers) {
      const parties = (names.barriers.get(name)?.parties ?? 0) + task.instances;
      names.barriers.set(name, { name, parties });
    }
  }
  return names;
}

function collectEvent(names: Names, barriers: Set<string>, task: Task, event: WorkloadEvent): void {
  switch (event.type) {
    case "lock":
    case "unlock":
      names.mutexes.add(event.mutex);
      break;
    case "wait":
    case "sync":
      names.conditions.add(event.condition);
      names.mutexes.add(event.mutex);
      break;
    case "signal":
    case "broad":
      names.conditions.add(event.condition);
      break;
    case "sem_post":
    case "sem_wait":
      names.semaphores.add(event.semaphore);
      break;
    case "barrier":
      barriers.add(event.barrier);
      break;
    case "suspend":
      names.suspendPoints.add(suspendPoint(task, event));
      break;
    case "timer":
      if (!event.perThread) {
        names.timers.add(event.timer);
      }
      break;
    default:
      break;
  }
}

/** Notes each name that is resumed although nobody can be suspended under it. */
function noteUselessResumes(
  report: Report,
  tasks: readonly Task[],
  points: ReadonlySet<string>,
): void {
  const known = new Set([...points, ...tasks.map((task) => task.name)]);
  const useless = new Map<string, ResumeEvent>();
  for (const task of tasks) {
    forEachEvent(task, (event) => {
      if (event.type === "resume" && !known.has(event.point) && !useless.has(event.point)) {
        useless.set(event.point, event);
      }
    });
  }
  for (const [point, event] of useless) {
    const reason = `no task has this name and no thread suspends at it`;
    report.note(event, `${quote(event.key)} of ${quote(point)} wakes nobody: ${reason}`);
  }
}
