// The kernel calls of C programs about the program itself: its output, its memory, its end.
import { cnputsn } from "../env";
import { guest_has } from "../kern/subr_copyin";
import { thread_end } from "../kern/thread_end";
import { machine } from "../sys/machine";

/** Writes text to the host's console; nothing if the memory does not exist. */
export function sys_cnputsn(address: u32, length: u32): void {
  if (guest_has(address, length)) cnputsn(machine().guest_base + <usize>address, length);
}

/** Ends the run once the caller has ended, as its kind of thread does. */
export function sys_kern_exit(status: i32): u32 {
  const m = machine();
  m.exited = 1;
  m.exit_status = status;
  m.run_limited = 1;
  m.run_switches = 0;
  return thread_end();
}
