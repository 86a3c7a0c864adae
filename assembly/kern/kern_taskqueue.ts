// taskqueue_thread: work that a callout defers. Tasks run at the end of softclock, in the order in which they
// were enqueued, on the CPU whose callouts ran.
import { panic } from "../env";
import { machine } from "../sys/machine";
import { Task, TaskFn } from "../sys/reap";
import { thread_reap_all } from "./kern_thread";

/** Prepares a task. */
export function task_init(task: Task, fn: TaskFn, arg: u32): void {
  task.ta_next = changetype<Task>(0);
  task.ta_pending = 0;
  task.ta_fn = fn;
  task.ta_arg = arg;
}

/** Enqueues a task; if it is pending, only increments its count. */
export function taskqueue_enqueue(task: Task): void {
  task.ta_pending++;
  if (task.ta_pending != 1) return;
  const m = machine();
  const last = m.taskq_last;
  if (changetype<usize>(last) == 0) m.taskq_first = task;
  else last.ta_next = task;
  m.taskq_last = task;
}

/** Runs all pending tasks, also those that they enqueue. */
export function taskqueue_run(): void {
  const m = machine();
  for (;;) {
    const task = m.taskq_first;
    if (changetype<usize>(task) == 0) return;
    m.taskq_first = task.ta_next;
    if (changetype<usize>(m.taskq_first) == 0) m.taskq_last = m.taskq_first;
    task.ta_next = changetype<Task>(0);
    task.ta_pending = 0;
    task_run(task);
  }
}

/** Returns once `task` is not pending; the caller runs the queue itself. */
export function taskqueue_drain(task: Task): void {
  if (task.ta_pending != 0) taskqueue_run();
}

function task_run(task: Task): void {
  switch (task.ta_fn) {
    case TaskFn.THREAD_REAP:
      thread_reap_all();
      break;
    default:
      panic("taskqueue_run: task %p has no function", changetype<usize>(task));
  }
}
