// FreeBSD's side of the machine as a whole: its boot, its kernel calls, its continuations, and the end of
// a body. The arguments and results of each call are listed in sys/syscall.ts and documented for the
// host in src/core/calls.ts.
import { panic, printf } from "../env";
import { DONE, K, set_retval } from "../kern/cont";
import {
  crcowsync,
  crget,
  lim_alloc,
  lim_cowsync,
  proc_setcred,
  proc_setlimit,
} from "../kern/kern_cred";
import {
  exit1,
  exit1_1,
  exit1_2,
  exit1_threads,
  init_1,
  init_loop,
  kern_thr_exit,
  kern_wait,
  kern_wait_1,
  swapper_loop,
} from "../kern/kern_exit";
import {
  fork1,
  is_proc,
  kern_fork,
  kern_thr_create,
  pfind,
  pidhash_init,
  proc_construct,
  proc_valid,
  proc0_init,
  thread_alive,
} from "../kern/kern_fork";
import * as kthread from "../kern/kern_kthread";
import * as single from "../kern/kern_single";
import { str } from "../kern/kern_subr";
import {
  msleep,
  msleep_1,
  msleep_2,
  sleepq_init,
  sleepq_park,
  wakeup_one,
} from "../kern/kern_synch";
import * as thread from "../kern/kern_thread";
import {
  tdfind,
  tid_alloc,
  tid_free,
  tidhash_add,
  tidhash_contains,
  tidhash_remove,
} from "../kern/kern_tid";
import { lwkt_exit } from "../kern/lwkt_thread";
import { sched_add, sched_prio, sched_relinquish } from "../kern/sched";
import {
  eventhandler_deregister,
  eventhandler_register,
  eventhandler_sane,
  eventhandler_valid,
  kern_reboot,
  kern_reboot_1,
  shutdown_1,
} from "../kern/subr_eventhandler";
import { EBUSY, EINVAL, ENOMEM, ENOSYS } from "../sys/errno";
import { EventFn, EventHandler } from "../sys/eventhandler";
import { curthread } from "../sys/globaldata";
import { KTR_LWKT, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { PRI_MAX, PVM, PWAIT, RFFDG, THREAD0_TID } from "../sys/param";
import {
  Frame,
  P_KPROC,
  P_SYSTEM,
  PRI_TIMESHARE,
  PRS,
  Proc,
  TDP_KTHREAD,
  TDS,
  Thread,
} from "../sys/proc";
import { Sys } from "../sys/syscall";
import { cold, td_frame, td_frame_high } from "../sys/thread";
import { func_valid } from "./trap";

// ---- Boot ----

/** Makes proc0 with thread0, which runs, and everything that threads and processes stand on. */
export function fbsd_init_proc0(): void {
  const m = machine();
  sleepq_init();
  pidhash_init();
  m.nprocs = 1;
  m.nextpid = 1;
  m.proc0 = proc_construct();
  init_proc0(m.proc0, m.thread0);
  thread.threadinit();
  init_thread0(m.thread0);
  m.booted = 1;
}

function init_proc0(p: Proc, td: Thread): void {
  proc0_init(p, td);
  p.p_flag = P_SYSTEM | P_KPROC;
  p.p_namefmt = str("kernel");
  p.p_ucred = crget(0);
  p.p_limit = lim_alloc(0);
}

function init_thread0(td: Thread): void {
  const c = cold(td);
  c.td_tid = THREAD0_TID;
  c.td_pflags = TDP_KTHREAD;
  c.td_pri_class = PRI_TIMESHARE;
  c.td_namefmt = str("swapper");
  c.td_kstack_pages = <u8>machine().kstack_pages;
  thread.thread_cow_get_proc(c, machine().proc0);
  sched_prio(td, PVM);
  td.td_state = <u8>TDS.RUNNING;
  tidhash_add(td);
}

/** Makes init, whose thread sleeps until a process of its becomes a zombie. */
export function fbsd_init_init(): void {
  const m = machine();
  const error = fork1(m.thread0, RFFDG, 0);
  if (error != 0) panic("cannot fork init: %d\n", error);
  const p = m.allproc;
  const td = p.p_threads;
  m.initproc = p;
  p.p_namefmt = str("init");
  cold(td).td_namefmt = str("init");
  sched_prio(td, PWAIT);
  td.td_kfn = <u8>K.INIT_LOOP;
  sleepq_park(td, changetype<u32>(p), str("wait"));
}

// ---- The end of a body ----

/** The body of the current thread has returned: the thread exits as its kind does. */
export function body_return(): u32 {
  const td = curthread();
  const p = td.td_proc;
  if (machine().bare != 0 || !is_proc(p)) {
    ktr(KTR_LWKT, Ktr.RETURN, changetype<u32>(td));
    return lwkt_exit();
  }
  if (td == machine().thread0) return swapper_loop();
  if ((p.p_flag & P_KPROC) != 0) {
    printf('Kernel thread "%N" (pid %d) exited prematurely.\n', changetype<usize>(td), p.p_pid);
    return kthread.kthread_exit();
  }
  return kern_thr_exit() == DONE ? exit1(0) : DONE;
}

// ---- Arguments ----

/** True for the address of a process that threads may be added to. */
function proc_alive(address: u32): bool {
  return proc_valid(address) && changetype<Proc>(address).p_state != PRS.ZOMBIE;
}

function result(value: i32): u32 {
  set_retval(value);
  return DONE;
}

/** The result of a call that creates a thread, which is the last one of process `p`. */
function created_thread(f: Frame, error: i32, p: Proc): u32 {
  f.a1 = error == 0 ? changetype<u32>(p.p_threads_last) : 0;
  return result(error);
}

/** The result of a call that creates a process, which is the first of all. */
function created_proc(f: Frame, error: i32): u32 {
  const p = machine().allproc;
  f.a1 = error == 0 ? changetype<u32>(p) : 0;
  f.a2 = error == 0 ? changetype<u32>(p.p_threads) : 0;
  return result(error);
}

// ---- Kernel calls ----

/**
 * Performs FreeBSD's kernel call `nr` for the current thread. Its result is left in td_retval; handles
 * that lead nowhere give EINVAL.
 */
export function fbsd_syscall(nr: u32, f: Frame): u32 {
  if (machine().bare != 0) panic("kernel call %d in a machine without processes", nr);
  if (nr < <u32>Sys.fork) return kthread_syscall(nr, f);
  if (nr < <u32>Sys.thread_exit) return proc_syscall(nr, f);
  if (nr < <u32>Sys.thread_single) return thread_syscall(nr, f);
  if (nr < <u32>Sys.tdfind) return single_syscall(nr, f);
  return other_syscall(nr, f);
}

function kthread_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.kthread_suspend:
      if (!thread_alive(f.a0)) return result(EINVAL);
      return kthread.kthread_suspend(changetype<Thread>(f.a0), f.a1);
    case Sys.kthread_resume:
      if (!thread_alive(f.a0)) return result(EINVAL);
      return result(kthread.kthread_resume(changetype<Thread>(f.a0)));
    case Sys.kthread_suspend_check:
      return kthread.kthread_suspend_check();
    case Sys.kthread_start:
      if (!func_valid(f.a1)) return result(EINVAL);
      kthread.kthread_start(f.a0, f.a1, f.a2);
      return created_thread(f, 0, machine().proc0);
    case Sys.kproc_create:
      if (!func_valid(f.a0)) return result(EINVAL);
      return created_proc(f, kthread.kproc_create(f.a0, f.a1, f.a2, f.a3, f.a4, f.a5));
    case Sys.kproc_exit:
      return is_proc(curthread().td_proc) ? kthread.kproc_exit(f.a0) : result(EINVAL);
    case Sys.kproc_suspend:
      if (!proc_valid(f.a0)) return result(EINVAL);
      return kthread.kproc_suspend(changetype<Proc>(f.a0), f.a1);
    case Sys.kproc_resume:
      if (!proc_valid(f.a0)) return result(EINVAL);
      return result(kthread.kproc_resume(changetype<Proc>(f.a0)));
    case Sys.kproc_suspend_check:
      if (!proc_valid(f.a0)) return result(EINVAL);
      return kthread.kproc_suspend_check(changetype<Proc>(f.a0));
    case Sys.kproc_start:
      if (!func_valid(f.a1)) return result(EINVAL);
      kthread.kproc_start(f.a0, f.a1, f.a2);
      return created_proc(f, 0);
    case Sys.kproc_kthread_add:
      return sys_kproc_kthread_add(f);
    default:
      return result(ENOSYS);
  }
}

/** Argument 6 of the current thread's call: in a6, or in t1 where there are 16 registers only. */
function arg6(): u32 {
  const td = curthread();
  return machine().frame_high != 0 ? td_frame_high(td).a6 : td_frame(td).t1;
}

/** Argument 7: in a7, or in t2. */
function arg7(): u32 {
  const td = curthread();
  return machine().frame_high != 0 ? td_frame_high(td).a7 : td_frame(td).t2;
}

/** The kernel call kthread_add, which never switches: its result. */
export function sys_kthread_add(f: Frame): i32 {
  let p = machine().proc0;
  if (f.a2 != 0) {
    if (!proc_alive(f.a2)) return EINVAL;
    p = changetype<Proc>(f.a2);
  }
  if (!func_valid(f.a0)) return EINVAL;
  const error = kthread.kthread_add(f.a0, f.a1, p, f.a3, f.a4, f.a5, arg6());
  f.a1 = error == 0 ? changetype<u32>(p.p_threads_last) : 0;
  return error;
}

/** The kernel call kthread_exit. */
export function sys_kthread_exit(): u32 {
  return is_proc(curthread().td_proc) ? kthread.kthread_exit() : result(EINVAL);
}

/** The kernel call msleep. */
export function sys_msleep(f: Frame): u32 {
  return f.a0 == 0 ? result(EINVAL) : msleep(f.a0, f.a1, f.a2, f.a3);
}

function sys_kproc_kthread_add(f: Frame): u32 {
  const p = changetype<Proc>(f.a2);
  if (!func_valid(f.a0) || (is_proc(p) && !proc_alive(f.a2))) return result(EINVAL);
  const error = kthread.kproc_kthread_add(f.a0, f.a1, p, f.a3, f.a4, f.a5, arg6(), arg7());
  const owner = is_proc(p) ? p : machine().allproc; // a new process is the first of all
  f.a2 = error == 0 ? changetype<u32>(owner) : 0;
  return created_thread(f, error, owner);
}

function proc_syscall(nr: u32, f: Frame): u32 {
  const mine = is_proc(curthread().td_proc);
  switch (nr) {
    case Sys.fork:
      if (!func_valid(f.a0)) return result(EINVAL);
      return created_proc(f, kern_fork(f.a0, f.a1, f.a2, f.a3, f.a4));
    case Sys.thr_create:
      if (!mine || !func_valid(f.a0)) return result(EINVAL);
      return created_thread(f, kern_thr_create(f.a0, f.a1), curthread().td_proc);
    case Sys.thr_exit:
      return mine ? kern_thr_exit() : result(EINVAL);
    case Sys.exit:
      return mine ? exit1(f.a0) : result(EINVAL);
    case Sys.wait:
      return mine && proc_valid(f.a0) ? kern_wait(changetype<Proc>(f.a0)) : result(EINVAL);
    case Sys.proc_stop:
      if (!proc_valid(f.a0)) return result(EINVAL);
      single.proc_stop(changetype<Proc>(f.a0));
      return result(0);
    case Sys.proc_cont:
      if (!proc_valid(f.a0)) return result(EINVAL);
      single.proc_cont(changetype<Proc>(f.a0));
      return result(0);
    case Sys.ast:
      return single.ast();
    default:
      return sleep_syscall(nr, f);
  }
}

function sleep_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.wakeup_one:
      wakeup_one(f.a0);
      return result(0);
    case Sys.pause:
      return <i32>f.a1 <= 0 ? result(EINVAL) : msleep(pause_channel(), 0, f.a0, f.a1);
    case Sys.sched_relinquish:
      set_retval(0);
      return sched_relinquish(curthread());
    case Sys.sched_add:
      if (!thread_alive(f.a0)) return result(EINVAL);
      sched_add(changetype<Thread>(f.a0));
      return result(0);
    case Sys.sched_prio:
      if (!thread_alive(f.a0) || f.a1 > <u32>PRI_MAX) return result(EINVAL);
      sched_prio(changetype<Thread>(f.a0), f.a1);
      return result(0);
    case Sys.ticks:
      return result(machine().ticks);
    default:
      return result(ENOSYS);
  }
}

/** A channel that nobody wakes: inside the current thread's own structure. */
function pause_channel(): u32 {
  return changetype<u32>(curthread()) + <u32>offsetof<Thread>("td_runtime");
}

function thread_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.thread_exit:
      return is_proc(curthread().td_proc) ? thread.thread_exit() : result(EINVAL);
    case Sys.thread_alloc: {
      const td = thread.thread_alloc(f.a0);
      if (changetype<usize>(td) != 0) td.td_proc = machine().proc0;
      return result(changetype<i32>(td));
    }
    case Sys.thread_free:
      if (!thread_alive(f.a0)) return result(EINVAL);
      if (tidhash_contains(changetype<Thread>(f.a0))) return result(EBUSY);
      thread.thread_free(changetype<Thread>(f.a0));
      return result(0);
    case Sys.thread_recycle: {
      if (!thread_alive(f.a0)) return result(EINVAL);
      const td = changetype<Thread>(f.a0);
      const error = thread.thread_recycle(td, f.a1);
      f.a1 = cold(td).td_kstack_pages;
      return result(error);
    }
    case Sys.thread_reap:
      thread.thread_reap();
      return result(0);
    case Sys.thread_reap_all:
      thread.thread_reap_all();
      return result(0);
    case Sys.thread_reap_barrier:
      thread.thread_reap_barrier();
      return result(0);
    default:
      return result(ENOSYS);
  }
}

function single_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.thread_single:
      if (!proc_valid(f.a0)) return result(EINVAL);
      return single.thread_single(changetype<Proc>(f.a0), f.a1);
    case Sys.thread_single_end:
      if (!proc_valid(f.a0)) return result(EINVAL);
      single.thread_single_end(changetype<Proc>(f.a0), f.a1);
      return result(0);
    case Sys.thread_suspend_check:
      return single.thread_suspend_check(f.a0);
    case Sys.thread_suspend_check_needed:
      return result(is_proc(curthread().td_proc) && single.thread_suspend_check_needed() ? 1 : 0);
    case Sys.thread_check_susp:
      return is_proc(curthread().td_proc) ? single.thread_check_susp(f.a0 != 0) : result(0);
    case Sys.thread_unsuspend:
      if (!proc_valid(f.a0)) return result(EINVAL);
      single.thread_unsuspend(changetype<Proc>(f.a0));
      return result(0);
    case Sys.thread_run_flash:
      if (!thread_alive(f.a0)) return result(EINVAL);
      single.thread_run_flash(changetype<Thread>(f.a0));
      return result(0);
    default:
      return result(ENOSYS);
  }
}

function other_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.tdfind:
      return result(changetype<i32>(tdfind(f.a0, f.a1)));
    case Sys.pfind:
      return result(changetype<i32>(pfind(f.a0)));
    case Sys.eventhandler_register:
      if (!event_sane(f)) return result(0);
      return result(changetype<i32>(eventhandler_register(f.a0, f.a1, f.a2, f.a3)));
    case Sys.eventhandler_deregister:
      if (!eventhandler_valid(f.a0)) return result(EINVAL);
      eventhandler_deregister(changetype<EventHandler>(f.a0));
      return result(0);
    case Sys.reboot:
      return kern_reboot(f.a0);
    case Sys.kstack_fail:
      machine().kstack_fail = f.a0;
      return result(0);
    default:
      return nr < <u32>Sys.tid_alloc ? cow_syscall(nr, f) : tid_syscall(nr, f);
  }
}

function event_sane(f: Frame): bool {
  if (!eventhandler_sane(f.a0, f.a1)) return false;
  if (f.a1 == <u32>EventFn.KTHREAD_SHUTDOWN) return thread_alive(f.a2);
  return f.a1 != <u32>EventFn.KPROC_SHUTDOWN || proc_alive(f.a2);
}

function cow_syscall(nr: u32, f: Frame): u32 {
  const td = curthread();
  if (nr == <u32>Sys.proc_setcred || nr == <u32>Sys.proc_setlimit) {
    if (!proc_valid(f.a0)) return result(EINVAL);
    const p = changetype<Proc>(f.a0);
    const done = nr == <u32>Sys.proc_setcred ? proc_setcred(p, f.a1) : proc_setlimit(p, f.a1);
    return result(done ? 0 : ENOMEM);
  }
  if (!is_proc(td.td_proc)) return result(EINVAL);
  switch (nr) {
    case Sys.thread_cow_update:
      thread.thread_cow_update(td);
      return result(0);
    case Sys.thread_cow_synced:
      thread.thread_cow_synced(td);
      return result(0);
    case Sys.cow_sync_creds:
      crcowsync();
      lim_cowsync();
      return result(0);
    default:
      return result(ENOSYS);
  }
}

function tid_syscall(nr: u32, f: Frame): u32 {
  const td = changetype<Thread>(f.a0);
  switch (nr) {
    case Sys.tid_alloc:
      return result(tid_alloc());
    case Sys.tid_free:
      tid_free(f.a0);
      machine().tid_care++; // it may still be somebody's
      return result(0);
    case Sys.tidhash_add:
      if (!thread_alive(f.a0)) return result(EINVAL);
      if (tidhash_contains(td)) return result(EBUSY);
      tidhash_add(td);
      return result(0);
    case Sys.tidhash_remove:
      if (!thread_alive(f.a0) || !tidhash_contains(td)) return result(EINVAL);
      tidhash_remove(td);
      return result(0);
    default:
      return result(ENOSYS);
  }
}

// ---- Continuations ----

/** Goes on with one of FreeBSD's continuations of the current thread. */
export function fbsd_continue(fn: u32, a: u32, b: u32): u32 {
  if (fn == K.MSLEEP_2) return msleep_2(a, b, 0); // no table jump on the commonest path
  const retval = td_frame(curthread()).retval;
  switch (fn) {
    case K.MSLEEP_1:
      return msleep_1(a, b, retval);
    case K.SUSPEND_CHECK:
      return single.thread_suspend_check(a);
    case K.SINGLE_1:
      return single.thread_single_turn(changetype<Proc>(a), b);
    case K.SINGLE_2:
      return single.thread_single_2(changetype<Proc>(a), b);
    case K.SINGLE_3:
      return single.thread_single_3(changetype<Proc>(a));
    case K.AST:
      return single.ast();
    case K.EXIT1_1:
      return exit1_1(a);
    case K.EXIT1_2:
      return exit1_2(a, retval);
    case K.EXIT1_3:
      return exit1_threads(a);
    case K.WAIT_1:
      return kern_wait_1(changetype<Proc>(a), b, retval);
    case K.INIT_LOOP:
      return init_loop();
    case K.INIT_1:
      return init_1(retval);
    case K.SWAPPER_LOOP:
      return swapper_loop();
    case K.KTHREAD_SUSPEND_CHECK:
      return kthread.kthread_suspend_check_1();
    case K.KPROC_SUSPEND_CHECK:
      return kthread.kproc_suspend_check(changetype<Proc>(a));
    case K.REBOOT_1:
      return kern_reboot_1(changetype<EventHandler>(a), b);
    case K.SHUTDOWN_1:
      return shutdown_1();
    default:
      panic("fbsd_continue: %d", fn);
      return DONE;
  }
}
