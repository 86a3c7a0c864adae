// Event handlers (EVENTHANDLER(9)): lists of functions, sorted by priority and, among equals, by order of
// registration. Handlers of thread events run in the middle of what causes them and cannot sleep; those of a
// shutdown run one after the other in the thread that called reboot, and may sleep.
import { event, printf } from "../env";

import { EWOULDBLOCK } from "../sys/errno";
import {
  EVENT_LISTS,
  EventFn,
  EventHandler,
  EventList,
  event_list_head,
} from "../sys/eventhandler";
import { curthread } from "../sys/globaldata";
import { KOBJ_EVENT, KOBJ_SIZE } from "../sys/kobj";
import { machine } from "../sys/machine";
import { SHUTDOWN_WAIT } from "../sys/param";
import { Proc, Thread } from "../sys/proc";
import { called_by_host, cold, td_frame } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING } from "./cont";
import { proc_valid, thread_alive } from "./kern_fork";
import { kobj_alloc, kobj_free } from "./kern_kobj";
import { kproc_suspend, kthread_suspend } from "./kern_kthread";

function is_handler(handler: EventHandler): bool {
  return changetype<usize>(handler) != 0;
}

/** Adds a handler to a list; null if the kernel object arena is full. */
export function eventhandler_register(list: u32, fn: u32, arg: u32, priority: i32): EventHandler {
  const m = machine();
  if (m.event_lists == 0) m.event_lists = kobj_alloc();
  const handler = changetype<EventHandler>(m.event_lists == 0 ? <usize>0 : kobj_alloc());
  if (!is_handler(handler)) return handler;
  handler.ko_kind = KOBJ_EVENT;
  handler.ee_list = list;
  handler.ee_priority = priority;
  handler.ee_fn = fn;
  handler.ee_arg = arg;
  handler.ee_id = shutdown_id(fn, arg);
  handler.ee_live = 1;
  let link = event_list_head(list);
  let next = changetype<EventHandler>(load<u32>(link));
  while (is_handler(next) && next.ee_priority <= priority) {
    link = changetype<usize>(next) + offsetof<EventHandler>("ee_next");
    next = next.ee_next;
  }
  handler.ee_next = next;
  store<u32>(link, changetype<u32>(handler));
  return handler;
}

/** Takes a handler off its list. A thread that is running the list can still get from it to the next one. */
export function eventhandler_deregister(handler: EventHandler): void {
  handler.ee_live = 0;
  let link = event_list_head(handler.ee_list);
  while (load<u32>(link) != changetype<u32>(handler)) {
    link = <usize>load<u32>(link) + offsetof<EventHandler>("ee_next");
  }
  store<u32>(link, changetype<u32>(handler.ee_next));
  const m = machine();
  if (m.event_runs == 0) {
    kobj_free(changetype<usize>(handler));
    return;
  }
  handler.ee_arg = <u32>m.event_dead;
  m.event_dead = changetype<usize>(handler);
}

/**
 * A shutdown is over: if it was the last, no thread is at a deregistered handler any more, and they are freed.
 */
function run_ends(): void {
  const m = machine();
  m.event_runs--;
  if (m.event_runs != 0) return;
  while (m.event_dead != 0) {
    const dead = m.event_dead;
    m.event_dead = changetype<EventHandler>(dead).ee_arg;
    kobj_free(dead);
  }
}

/** True for the address of a registered handler. */
export function eventhandler_valid(address: u32): bool {
  const m = machine();
  if (address < <u32>m.kobj_base || address >= <u32>m.kobj_next) return false;
  if ((address & (<u32>KOBJ_SIZE - 1)) != 0) return false;
  const handler = changetype<EventHandler>(address);
  return handler.ko_kind == KOBJ_EVENT && handler.ee_live != 0;
}

/** Calls the handlers of a list of thread events for `td`. */
export function eventhandler_invoke(list: EventList, td: Thread): void {
  if (machine().event_lists == 0) return;
  let handler = changetype<EventHandler>(load<u32>(event_list_head(list)));
  while (is_handler(handler)) {
    if (handler.ee_live != 0) event(list, handler.ee_arg, changetype<u32>(td));
    handler = handler.ee_next;
  }
}

/**
 * Shuts the system down (reboot): runs the handlers of shutdown_pre_sync, shutdown_post_sync and
 * shutdown_final in the current thread, with `howto`.
 */
export function kern_reboot(howto: i32): u32 {
  if (machine().event_lists == 0) return done(0);
  machine().event_runs++;
  return reboot_from(changetype<EventHandler>(load<u32>(event_list_head(0))), 0, howto);
}

/** Continues behind `last`, which has run. */
export function kern_reboot_1(last: EventHandler, howto: i32): u32 {
  return reboot_from(last.ee_next, last.ee_list, howto);
}

function reboot_from(handler: EventHandler, list: u32, howto: i32): u32 {
  while (list <= <u32>EventList.SHUTDOWN_FINAL) {
    while (is_handler(handler) && handler.ee_live == 0) handler = handler.ee_next;
    if (is_handler(handler)) {
      cont_push(K.REBOOT_1, changetype<u32>(handler), howto);
      shutdown_handler(handler, howto);
      return PENDING;
    }
    list++;
    handler = changetype<EventHandler>(load<u32>(event_list_head(list)));
  }
  run_ends();
  return done(0);
}

/** Id of the thread or process that a shutdown function is for. */
function shutdown_id(fn: u32, arg: u32): i32 {
  if (fn == <u32>EventFn.KTHREAD_SHUTDOWN) return cold(changetype<Thread>(arg)).td_tid;
  return fn == <u32>EventFn.KPROC_SHUTDOWN ? changetype<Proc>(arg).p_pid : 0;
}

function is_same(handler: EventHandler): bool {
  return shutdown_id(handler.ee_fn, handler.ee_arg) == handler.ee_id;
}

function shutdown_handler(handler: EventHandler, howto: i32): u32 {
  switch (handler.ee_fn) {
    case EventFn.KTHREAD_SHUTDOWN:
      if (!thread_alive(handler.ee_arg) || !is_same(handler)) return DONE;
      return kthread_shutdown(changetype<Thread>(handler.ee_arg), howto);
    case EventFn.KPROC_SHUTDOWN:
      if (!proc_valid(handler.ee_arg) || !is_same(handler)) return DONE;
      return kproc_shutdown(changetype<Proc>(handler.ee_arg), howto);
    default:
      event(handler.ee_list, handler.ee_arg, howto);
      return DONE;
  }
}

/** Suspends a kernel thread for a shutdown, with a message: the handler to register (kthread(9)). */
function kthread_shutdown(td: Thread, howto: i32): u32 {
  printf(
    "Waiting (max %d seconds) for system thread `%N' to stop... ",
    SHUTDOWN_WAIT,
    changetype<usize>(td),
  );
  cont_push(K.SHUTDOWN_1);
  kthread_suspend(td, SHUTDOWN_WAIT * machine().hz);
  return PENDING;
}

/** Suspends a kernel process for a shutdown, with a message: the handler to register (kproc(9)). */
function kproc_shutdown(p: Proc, howto: i32): u32 {
  printf(
    "Waiting (max %d seconds) for system process `%N' to stop... ",
    SHUTDOWN_WAIT,
    changetype<usize>(p),
  );
  cont_push(K.SHUTDOWN_1);
  kproc_suspend(p, SHUTDOWN_WAIT * machine().hz);
  return PENDING;
}

/** Back from the suspension. */
export function shutdown_1(): u32 {
  printf(td_frame(curthread()).retval == EWOULDBLOCK ? "timed out\n" : "done\n");
  return DONE;
}

/** True for a valid combination of list and function. */
export function eventhandler_sane(list: u32, fn: u32): bool {
  if (list >= EVENT_LISTS) return false;
  if (fn == <u32>EventFn.HOST) return called_by_host();
  return fn <= <u32>EventFn.KPROC_SHUTDOWN && list <= <u32>EventList.SHUTDOWN_FINAL;
}
