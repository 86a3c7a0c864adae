// Event handlers (EVENTHANDLER(9)): the kernel's lists, priorities on them, and its own functions for them.

import { EventFn, EventList } from "../generated/layout.js";

export {
  EVENTHANDLER_PRI_ANY,
  EVENTHANDLER_PRI_FIRST,
  EVENTHANDLER_PRI_LAST,
} from "../generated/layout.js";

/** Lists of event handlers, by FreeBSD's names. */
export const eventLists = Object.freeze({
  shutdown_pre_sync: EventList.SHUTDOWN_PRE_SYNC,
  shutdown_post_sync: EventList.SHUTDOWN_POST_SYNC,
  shutdown_final: EventList.SHUTDOWN_FINAL,
  /** A thread was allocated. */
  thread_ctor: EventList.THREAD_CTOR,
  /** A thread will be freed. */
  thread_dtor: EventList.THREAD_DTOR,
  /** A thread structure was made. */
  thread_init: EventList.THREAD_INIT,
  /** A thread structure is given up: never, for they are kept for reuse. */
  thread_fini: EventList.THREAD_FINI,
});

/** Name of a list of event handlers. */
export type EventListName = keyof typeof eventLists;

/** Suspends a kernel thread at shutdown: the function to register with `eventhandler_register`. */
export const kthread_shutdown = EventFn.KTHREAD_SHUTDOWN;
/** Suspends a kernel process at shutdown. */
export const kproc_shutdown = EventFn.KPROC_SHUTDOWN;
