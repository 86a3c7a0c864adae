// Event handlers: functions that are called in order of priority when an event happens.
//
// Locking: the lists are under the event handler lock.
import { KOBJ_SIZE } from "./kobj";
import { machine } from "./machine";

/** Lists of event handlers. */
export enum EventList {
  SHUTDOWN_PRE_SYNC = 0,
  SHUTDOWN_POST_SYNC = 1,
  SHUTDOWN_FINAL = 2,
  THREAD_CTOR = 3, // a thread was allocated (kern_thread.c 804)
  THREAD_DTOR = 4, // a thread is about to be freed (851)
  THREAD_INIT = 5, // a thread structure was made (464)
  THREAD_FINI = 6, // a thread structure is about to be released (480)
}

/** Number of lists. */
export const EVENT_LISTS: u32 = 7;

/** Functions that a handler may call. */
export enum EventFn {
  HOST = 0, //             a host function, called with the list, the handler's argument and the event's
  KTHREAD_SHUTDOWN = 1, // suspends the kernel thread passed as its argument; shutdown lists only
  KPROC_SHUTDOWN = 2, //   suspends the kernel process passed as its argument; shutdown lists only
}

export const EVENTHANDLER_PRI_FIRST: i32 = 0;
export const EVENTHANDLER_PRI_ANY: i32 = 10000;
export const EVENTHANDLER_PRI_LAST: i32 = 20000;

/** A registered handler, in a cell of the kernel object arena. */
@unmanaged
export class EventHandler {
  ko_kind: u32; // KOBJ_EVENT
  ee_next: EventHandler;
  ee_list: u32;
  ee_priority: i32;
  ee_fn: u32;
  ee_arg: u32;
  ee_id: i32; //   tid or pid of the argument, to notice that its structure has been reused
  ee_live: u32; // 0 = deregistered: dead, in its place until no thread runs the list
}

/**
 * The cell of all lists. Its first word is 0, which is no kind of object; then a word per list for its head, and one
 * for how many threads run it.
 */
@unmanaged
export class EventLists {
  ko_kind: u32;
}

/** Address of the word that holds the first handler of a list. The lists must exist. */
export function event_list_head(list: u32): usize {
  return machine().event_lists + offsetof<EventLists>() + <usize>list * sizeof<usize>();
}

/** Where it is kept how many threads run a list. */
export function event_list_runs(list: u32): usize {
  return event_list_head(EVENT_LISTS + list);
}

if (offsetof<EventHandler>() > KOBJ_SIZE) ERROR("KOBJ_SIZE: struct eventhandler is larger");
if (offsetof<EventLists>() + <usize>EVENT_LISTS * 2 * sizeof<usize>() > KOBJ_SIZE) {
  ERROR("KOBJ_SIZE: no room for EVENT_LISTS lists");
}
