// Event handlers (EVENTHANDLER(9), subr_eventhandler.c): lists of functions, sorted by priority and, among equals, by
// order of registration. Handlers of thread events run in the middle of what causes them: they cannot sleep and make no
// kernel calls, so their lists do not change meanwhile. Those of a shutdown run one after the other in the thread that
// called reboot, and may sleep; their lists may change meanwhile, and several threads may run the same list. The rules:
//
// - A handler that was there when the run of its list began, and still is when its turn comes, runs once in it.
// - A handler registered during a run runs in it if its place is behind the one that runs now, and otherwise does not.
// - A deregistered handler stays in its place, dead, while any thread runs the list: a thread at it still finds its way
//   to what is behind it. When the last run ends, the dead are freed and all threads that wait for that wake (run_ends).
// - eventhandler_deregister waits until no thread runs the list; eventhandler_deregister_nowait, and the host, do not.
import { event, printf } from "../env";
import { EWOULDBLOCK } from "../sys/errno";
import {
  EVENT_LISTS,
  EventFn,
  EventHandler,
  EventList,
  event_list_head,
  event_list_runs,
} from "../sys/eventhandler";
import { curthread } from "../sys/globaldata";
import { KOBJ_EVENT, KOBJ_SIZE } from "../sys/kobj";
import { machine } from "../sys/machine";
import { SHUTDOWN_WAIT } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { Proc, Thread } from "../sys/proc";
import { called_by_host, cold, td_frame } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING } from "./cont";
import { proc_valid, thread_alive } from "./kern_fork";
import { kobj_alloc, kobj_free } from "./kern_kobj";
import { kproc_suspend, kthread_suspend } from "./kern_kthread";
import { str } from "./kern_subr";
import { tsleep, wakeup } from "./kern_synch";

function is_handler(handler: EventHandler): bool {
  return changetype<usize>(handler) != 0;
}

/** A dead handler has no rank: a new one takes its place among the living only. */
function is_passed(handler: EventHandler): bool {
  return handler.ee_live == 0 && !planted(Plant.EVENT_DEAD_RANKS);
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
  let next = first_of(list);
  while (is_handler(next) && (next.ee_priority <= priority || is_passed(next))) {
    link = changetype<usize>(next) + offsetof<EventHandler>("ee_next");
    next = next.ee_next;
  }
  handler.ee_next = next;
  store<u32>(link, changetype<u32>(handler));
  return handler;
}

/** Takes a handler off its list, at once or as soon as no thread runs it. */
export function eventhandler_deregister_nowait(handler: EventHandler): void {
  const list = handler.ee_list;
  handler.ee_live = 0;
  if (!is_running(list)) prune(list);
}

/** The same, and waits for that. The host cannot wait. */
export function eventhandler_deregister(handler: EventHandler): u32 {
  const list = handler.ee_list;
  eventhandler_deregister_nowait(handler);
  return curthread() == machine().host_td ? done(0) : event_drain(list);
}

/** Waits until no thread runs a list. */
export function event_drain(list: u32): u32 {
  if (!is_running(list) || planted(Plant.EVENT_NO_DRAIN)) return done(0);
  cont_push(K.EVENT_DRAIN, list);
  tsleep(<u32>event_list_head(list), 0, str("evhrm"), 0);
  return PENDING;
}

function is_running(list: u32): bool {
  return load<u32>(event_list_runs(list)) != 0 && !planted(Plant.EVENT_DEAD_GONE);
}

function run_begins(list: u32): void {
  const runs = event_list_runs(list);
  store<u32>(runs, load<u32>(runs) + 1);
}

/**
 * Wakes whoever waits, also where nothing was dead, which the original does not: a thread that was woken and found the
 * next run under way would sleep on for ever.
 */
function run_ends(list: u32): void {
  const runs = event_list_runs(list);
  const left = load<u32>(runs) - 1;
  store<u32>(runs, left);
  if (left != 0) return;
  const any = prune(list);
  if (any || !planted(Plant.EVENT_WAKES_DEAD)) wakeup(<u32>event_list_head(list));
}

/** Takes the dead off a list; false if there were none. */
function prune(list: u32): bool {
  let any = false;
  let link = event_list_head(list);
  for (let handler = first_of(list); is_handler(handler); ) {
    const next = handler.ee_next;
    if (handler.ee_live == 0) {
      store<u32>(link, changetype<u32>(next));
      kobj_free(changetype<usize>(handler));
      any = true;
    } else link = changetype<usize>(handler) + offsetof<EventHandler>("ee_next");
    handler = next;
  }
  return any;
}

function first_of(list: u32): EventHandler {
  return changetype<EventHandler>(<usize>load<u32>(event_list_head(list)));
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
  for (let handler = first_of(list); is_handler(handler); handler = handler.ee_next) {
    event(list, handler.ee_arg, changetype<u32>(td));
  }
}

/**
 * Shuts the system down (reboot): runs the handlers of shutdown_pre_sync, shutdown_post_sync and
 * shutdown_final in the current thread, with `howto`.
 */
export function kern_reboot(howto: i32): u32 {
  if (machine().event_lists == 0) return done(0);
  run_begins(0);
  return reboot_from(first_of(0), 0, howto);
}

/** Continues behind `last`, which has run. */
export function kern_reboot_1(last: EventHandler, howto: i32): u32 {
  return reboot_from(last.ee_next, last.ee_list, howto);
}

function reboot_from(from: EventHandler, first: u32, howto: i32): u32 {
  let handler = from;
  let list = first;
  while (true) {
    while (is_handler(handler) && handler.ee_live == 0) handler = handler.ee_next;
    if (is_handler(handler)) {
      cont_push(K.REBOOT_1, changetype<u32>(handler), howto);
      shutdown_handler(handler, howto);
      return PENDING;
    }
    run_ends(list);
    if (list == <u32>EventList.SHUTDOWN_FINAL) return done(0);
    run_begins(++list);
    handler = first_of(list);
  }
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
