// Kernel threads and kernel processes (kern_kthread.c; kthread(9), kproc(9)). Numbers in brackets are its
// lines.
import { panic } from "../env";
import { EINVAL, ENOMEM } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { KTR_SCHED, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { PPAUSE, PVM, RFFDG, RFMEM, RFPROC, RFSTOPPED } from "../sys/param";
import {
  P_HADTHREADS,
  P_KPROC,
  P_SYSTEM,
  Proc,
  PS_NOCLDWAIT,
  TDF_KTH_SUSP,
  TDP_KTHREAD,
  TDS,
  Thread,
  ThreadCold,
} from "../sys/proc";
import { cold, is_td } from "../sys/thread";
import { cont_push, done, K, PENDING } from "./cont";
import { exit1 } from "./kern_exit";
import { fork1, is_proc, proc_reparent } from "./kern_fork";
import { str } from "./kern_subr";
import { cpu_set_thread_handler } from "./kern_switch";
import { tsleep, wakeup } from "./kern_synch";
import {
  ktr_create,
  thread_alloc,
  thread_copy,
  thread_cow_get_proc,
  thread_exit,
  thread_link,
} from "./kern_thread";
import { tidhash_add, tidhash_remove } from "./kern_tid";
import { cpuset_kernthread, sched_add, sched_fork_thread, sched_prio } from "./sched";

/** p_siglist's bit for SIGSTOP, which asks a kernel process to suspend. */
const SIGLIST_STOP: u32 = 1;

function thread_setname(td: Thread, c: ThreadCold, fmt: u32, arg: u32): void {
  c.td_namefmt = fmt;
  c.td_namearg = arg;
  ktr(KTR_SCHED, Ktr.NAME, changetype<u32>(td), fmt, arg);
}

// ---- Kernel processes ----

/** Starts a kernel process from a descriptor's fields (60). */
export function kproc_start(arg0: u32, func: u32, arg: u32): void {
  const error = kproc_create(func, arg, 0, 0, str("%s"), arg0);
  if (error != 0) panic("kproc_start: %s: error %d", arg0, error);
}

/**
 * Creates a kernel process whose thread runs `func(arg)` (82): at once, unless RFSTOPPED is in `flags`. It
 * is the child of proc0 and named by the format `fmt` with `fmtarg`. On success it is the first of all
 * processes (Machine.allproc). Fails as fork1 does.
 */
export function kproc_create(
  func: u32,
  arg: u32,
  flags: i32,
  pages: u32,
  fmt: u32,
  fmtarg: u32,
): i32 {
  const m = machine();
  if (m.booted == 0) panic("kproc_create called too soon");
  const turn = m.next_cpu;
  const error = fork1(m.thread0, RFMEM | RFFDG | RFPROC | RFSTOPPED | flags, pages);
  if (error != 0) return error;
  const p = m.allproc;
  const td = p.p_threads;
  p.p_flag |= P_SYSTEM | P_KPROC;
  cold(td).td_pflags |= TDP_KTHREAD;
  p.p_ps_flag |= PS_NOCLDWAIT;
  p.p_namefmt = fmt;
  p.p_namearg = fmtarg;
  thread_setname(td, cold(td), fmt, fmtarg);
  cpu_set_thread_handler(td, func, arg);
  cpuset_kernthread(td, turn);
  td.td_state = <u8>TDS.CAN_RUN;
  sched_prio(td, PVM);
  if ((flags & RFSTOPPED) == 0) sched_add(td);
  return 0;
}

/** Ends the current kernel process with exit code `ecode` (148). */
export function kproc_exit(ecode: i32): u32 {
  const p = curthread().td_proc;
  proc_reparent(p, machine().initproc);
  wakeup(changetype<u32>(p));
  return exit1(ecode);
}

/** Channel of kproc_suspend: the process's signals. */
function siglist_channel(p: Proc): u32 {
  return changetype<u32>(p) + <u32>offsetof<Proc>("p_siglist");
}

/**
 * Asks a kernel process to suspend and waits until it has, for at most `timo` ticks (180). EINVAL if it is
 * not a kernel process; EWOULDBLOCK after `timo` ticks; the request then stays set.
 */
export function kproc_suspend(p: Proc, timo: i32): u32 {
  if ((p.p_flag & P_KPROC) == 0) return done(EINVAL);
  p.p_siglist |= SIGLIST_STOP;
  wakeup(changetype<u32>(p));
  return tsleep(siglist_channel(p), PPAUSE, str("suspkp"), timo);
}

/** Resumes a kernel process (197): EINVAL if it is not one. Also wakes threads that wait for it to stop. */
export function kproc_resume(p: Proc): i32 {
  if ((p.p_flag & P_KPROC) == 0) return EINVAL;
  p.p_siglist &= ~SIGLIST_STOP;
  wakeup(siglist_channel(p));
  return 0;
}

/** Sleeps for as long as `p`, normally the current process, is asked to suspend (215). */
export function kproc_suspend_check(p: Proc): u32 {
  if ((p.p_siglist & SIGLIST_STOP) == 0) return done(0);
  wakeup(siglist_channel(p));
  cont_push(K.KPROC_SUSPEND_CHECK, changetype<u32>(p));
  tsleep(siglist_channel(p), PPAUSE, str("kpsusp"), 0);
  return PENDING;
}

// ---- Kernel threads ----

/** Starts a kernel thread of proc0 from a descriptor's fields (234). */
export function kthread_start(arg0: u32, func: u32, arg: u32): void {
  const error = kthread_add(func, arg, changetype<Proc>(0), 0, 0, str("%s"), arg0);
  if (error != 0) panic("kthread_start: %s: error %d", arg0, error);
}

/**
 * Creates a kernel thread that runs `func(arg)` (256), in process `p`, or in proc0 if that is null. With
 * RFSTOPPED in `flags` it does not run until sched_add. Its name is `fmt` with `fmtarg`; priority, credential
 * and limits are the process's. ENOMEM at the thread limit or without memory for `pages` of stack. On success
 * it is the last of the process's threads.
 */
export function kthread_add(
  func: u32,
  arg: u32,
  p: Proc,
  flags: i32,
  pages: u32,
  fmt: u32,
  fmtarg: u32,
): i32 {
  const m = machine();
  if (m.booted == 0) panic("kthread_add called too soon");
  if (!is_proc(p)) p = m.proc0;
  const newtd = thread_alloc(pages);
  if (!is_td(newtd)) return ENOMEM;
  const oldtd = p.p_threads;
  const c = cold(newtd);
  thread_copy(c, cold(oldtd));
  thread_setname(newtd, c, fmt, fmtarg);
  cpu_set_thread_handler(newtd, func, arg);
  c.td_pflags = TDP_KTHREAD;
  thread_cow_get_proc(c, p);
  p.p_flag |= P_HADTHREADS;
  thread_link(newtd, c, p);
  sched_fork_thread(newtd, c);
  newtd.td_state = <u8>TDS.CAN_RUN;
  tidhash_add(newtd);
  ktr_create(newtd, p);
  if ((flags & RFSTOPPED) == 0) sched_add(newtd);
  return 0;
}

/** Ends the current kernel thread (325); with the last thread of a process the process ends. */
export function kthread_exit(): u32 {
  const td = curthread();
  wakeup(changetype<u32>(td));
  if (td.td_proc.p_numthreads == 1) return kproc_exit(0);
  tidhash_remove(td);
  return thread_exit();
}

/** Channel of kthread_suspend: the thread's flags. */
function flags_channel(td: Thread): u32 {
  return changetype<u32>(td) + <u32>offsetof<Thread>("td_flags");
}

/**
 * Asks a kernel thread to suspend and waits until it has, for at most `timo` ticks (360). EINVAL if it is not
 * a kernel thread; EWOULDBLOCK after `timo` ticks; the request then stays set.
 */
export function kthread_suspend(td: Thread, timo: i32): u32 {
  if ((cold(td).td_pflags & TDP_KTHREAD) == 0) return done(EINVAL);
  td.td_flags |= TDF_KTH_SUSP;
  return tsleep(flags_channel(td), PPAUSE, str("suspkt"), timo);
}

/** Resumes a kernel thread (391): EINVAL if it is not one. Also wakes threads that wait for it to stop. */
export function kthread_resume(td: Thread): i32 {
  if ((cold(td).td_pflags & TDP_KTHREAD) == 0) return EINVAL;
  td.td_flags &= ~TDF_KTH_SUSP;
  wakeup(flags_channel(td));
  return 0;
}

/** Sleeps for as long as the current kernel thread is asked to suspend (419). */
export function kthread_suspend_check(): u32 {
  const td = curthread();
  if ((cold(td).td_pflags & TDP_KTHREAD) == 0) {
    panic("kthread_suspend_check: curthread is not a valid kthread");
  }
  return kthread_suspend_check_1();
}

export function kthread_suspend_check_1(): u32 {
  const td = curthread();
  if ((td.td_flags & TDF_KTH_SUSP) == 0) return done(0);
  wakeup(flags_channel(td));
  cont_push(K.KTHREAD_SUSPEND_CHECK);
  tsleep(flags_channel(td), PPAUSE, str("ktsusp"), 0);
  return PENDING;
}

/**
 * Adds a thread to kernel process `p`, or, if `p` is null, creates a process named `procname` with the thread
 * as its first (444). On success the thread is the last of its process's threads, and a new process is the
 * first of all processes.
 */
export function kproc_kthread_add(
  func: u32,
  arg: u32,
  p: Proc,
  flags: i32,
  pages: u32,
  procname: u32,
  fmt: u32,
  fmtarg: u32,
): i32 {
  if (is_proc(p)) return kthread_add(func, arg, p, flags, pages, fmt, fmtarg);
  const error = kproc_create(func, arg, flags, pages, str("%s"), procname);
  if (error != 0) return error;
  const td = machine().allproc.p_threads;
  thread_setname(td, cold(td), fmt, fmtarg);
  return error;
}
