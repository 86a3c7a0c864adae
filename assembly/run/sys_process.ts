// Kernel calls on processes, sleeping and scheduling that need more than one function of kern/
// (assembly/syscalls.master).
import { set_retval } from "../kern/cont";
import { proc_setcred, proc_setlimit } from "../kern/kern_cred";
import { kern_fork, kern_thr_create } from "../kern/kern_fork";
import { tsleep } from "../kern/kern_synch";
import { sched_relinquish } from "../kern/sched";
import { ENOMEM } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { Frame, Proc, Thread } from "../sys/proc";
import { created_proc, created_thread } from "./created";

export function sys_fork(f: Frame, func: u32, arg: u32, flags: u32, pages: u32, uid: i32): i32 {
  return created_proc(f, kern_fork(func, arg, flags, pages, uid));
}

export function sys_thr_create(f: Frame, func: u32, arg: u32): i32 {
  return created_thread(f, kern_thr_create(func, arg), curthread().td_proc);
}

/** Sleeps on a channel that nothing wakes: inside the current thread's own structure. */
export function sys_pause(wmesg: u32, timo: i32): u32 {
  const channel = changetype<u32>(curthread()) + <u32>offsetof<Thread>("td_runtime");
  return tsleep(channel, 0, wmesg, timo);
}

export function sys_sched_relinquish(): u32 {
  set_retval(0);
  return sched_relinquish(curthread());
}

export function sys_proc_setcred(p: Proc, uid: u32): i32 {
  return proc_setcred(p, uid) ? 0 : ENOMEM;
}

export function sys_proc_setlimit(p: Proc, id: u32): i32 {
  return proc_setlimit(p, id) ? 0 : ENOMEM;
}
