// A thread that a debugger has looked at, and may ask for again when it has ended.

import type { ThreadView } from "../machine/views.js";

/** A thread, as long as it lives: its structure is another thread's afterwards. */
export interface Subject {
  readonly thread: ThreadView;
  readonly tid: number;
}

export function subjectOf(thread: ThreadView): Subject {
  return { thread, tid: thread.tid };
}

/** True while the thread can be looked at. */
export function isAlive({ thread, tid }: Subject): boolean {
  return thread.tid === tid && thread.isProgram && thread.state !== "exited";
}
