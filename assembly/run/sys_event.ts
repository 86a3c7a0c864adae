// The kernel call that registers a handler of an event.
import { thread_alive } from "../kern/kern_fork";
import { eventhandler_register, eventhandler_sane } from "../kern/subr_eventhandler";
import { EventFn } from "../sys/eventhandler";
import { proc_alive } from "./arg";

export function sys_eventhandler_register(list: u32, fn: u32, arg: u32, priority: i32): u32 {
  if (!eventhandler_sane(list, fn) || !argument_sane(fn, arg)) return 0;
  return changetype<u32>(eventhandler_register(list, fn, arg, priority));
}

/** The kernel's own handlers suspend the thread or process that is their argument. */
function argument_sane(fn: u32, arg: u32): bool {
  if (fn == <u32>EventFn.KTHREAD_SHUTDOWN) return thread_alive(arg);
  return fn != <u32>EventFn.KPROC_SHUTDOWN || proc_alive(arg);
}
