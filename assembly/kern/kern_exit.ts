// Exit of user threads and of processes, and what parents do about it. Numbers in brackets are lines of
// kern_kthread.c.
import { panic } from "../env";
import { ECHILD } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { KTR_PROC, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { PCATCH, PVM, PWAIT } from "../sys/param";
import {
  P_HADTHREADS,
  P_SINGLE_BOUNDARY,
  P_SINGLE_EXIT,
  P_STOPPED_SIG,
  P_WEXIT,
  P2_WEXIT,
  PRS,
  Proc,
  PS_NOCLDWAIT,
  SINGLE_EXIT,
  SZOMB,
} from "../sys/proc";
import { is_td } from "../sys/thread";
import { cont_push, done, K, PENDING } from "./cont";
import { is_proc, proc_free, proc_reparent } from "./kern_fork";
import {
  ast,
  proc_should_stop,
  thread_single,
  thread_stopped,
  thread_suspend_check,
} from "./kern_single";
import { str } from "./kern_subr";
import { tsleep, wakeup } from "./kern_synch";
import { thread_exit, thread_wait } from "./kern_thread";
import { tidhash_remove } from "./kern_tid";
import { sched_exit_thread } from "./sched";

/**
 * Ends the current thread of a user process. The last one returns instead, with 0 in td_retval.
 */
export function kern_thr_exit(): u32 {
  const td = curthread();
  const p = td.td_proc;
  if (p.p_numthreads == p.p_pendingexits + 1) return done(0);
  p.p_pendingexits++;
  tidhash_remove(td);
  p.p_pendingexits--;
  KASSERT(p.p_numthreads > 1, "too few threads");
  thread_stopped(p);
  return thread_exit();
}

/** Ends the current process with exit code `code`. Does not return. */
export function exit1(code: i32): u32 {
  if (curthread().td_proc == machine().initproc) panic("Going nowhere without my init!");
  cont_push(K.EXIT1_1, code);
  thread_suspend_check(0);
  return PENDING;
}

/** Nothing stops it any more: ends the other threads. */
export function exit1_1(code: i32): u32 {
  curthread().td_proc.p_flag2 |= P2_WEXIT;
  return exit1_threads(code);
}

/** As long as there have ever been other threads: becomes the only one. */
export function exit1_threads(code: i32): u32 {
  if ((curthread().td_proc.p_flag & P_HADTHREADS) == 0) return exit1_alone(code);
  cont_push(K.EXIT1_2, code);
  thread_single(curthread().td_proc, SINGLE_EXIT);
  return PENDING;
}

/** With the result of thread_single: if another thread is exiting the process, this one stops. */
export function exit1_2(code: i32, error: i32): u32 {
  if (error == 0) return exit1_alone(code);
  cont_push(K.EXIT1_3, code);
  thread_suspend_check(0);
  return PENDING;
}

/** The only remaining thread turns its process into a zombie. */
function exit1_alone(code: i32): u32 {
  const td = curthread();
  const p = td.td_proc;
  KASSERT(
    p.p_numthreads == 1,
    "exit1: proc %p exiting with %d threads",
    changetype<usize>(p),
    p.p_numthreads,
  );
  p.p_xexit = code;
  p.p_flag &= ~P_STOPPED_SIG;
  KASSERT(proc_should_stop(p) == 0, "exiting process is stopped");
  p.p_flag |= P_WEXIT;
  tidhash_remove(td);
  if (is_td(p.p_pptr.p_threads)) sched_exit_thread(p.p_pptr.p_threads, td);
  exit1_children(p);
  const m = machine();
  if ((p.p_pptr.p_ps_flag & PS_NOCLDWAIT) != 0) proc_reparent(p, m.initproc);
  wakeup(changetype<u32>(p.p_pptr));
  p.p_state = PRS.ZOMBIE;
  p.p_stat = SZOMB;
  ktr(KTR_PROC, Ktr.ZOMBIE, changetype<u32>(p));
  return thread_exit();
}

/** Gives all children to init, and wakes it if one of them is a zombie. */
function exit1_children(p: Proc): void {
  const init = machine().initproc;
  let child = p.p_children;
  while (is_proc(child)) {
    const next = child.p_sibling_next;
    proc_reparent(child, init);
    if (child.p_state == PRS.ZOMBIE) wakeup(changetype<u32>(init));
    child = next;
  }
}

/** Releases a zombie: its structure and last thread are reused by fork1. */
function proc_harvest(p: Proc): void {
  ktr(KTR_PROC, Ktr.HARVEST, changetype<u32>(p), p.p_pid, p.p_xexit);
  thread_wait(p);
  proc_free(p);
}

/**
 * Waits for a child to exit and harvests it: 0 in td_retval, ECHILD if `p` is not, or is no longer, a child
 * of the current process, or the error of an interrupted sleep.
 */
export function kern_wait(p: Proc): u32 {
  const me = curthread().td_proc;
  if (p.p_pptr != me) return done(ECHILD);
  if (p.p_state == PRS.ZOMBIE) {
    proc_harvest(p);
    return done(0);
  }
  cont_push(K.WAIT_1, changetype<u32>(p), p.p_pid);
  tsleep(changetype<u32>(me), PWAIT | PCATCH, str("wait"), 0);
  return PENDING;
}

/** With the result of the sleep; another thread may have harvested the child meanwhile. */
export function kern_wait_1(p: Proc, pid: i32, error: i32): u32 {
  if (error != 0) return done(error);
  return p.p_pid == pid ? kern_wait(p) : done(ECHILD);
}

/** Main loop of init's thread: harvest zombie children, and sleep. */
export function init_loop(): u32 {
  const p = curthread().td_proc;
  let child = p.p_children;
  while (is_proc(child)) {
    const next = child.p_sibling_next;
    if (child.p_state == PRS.ZOMBIE) proc_harvest(child);
    child = next;
  }
  cont_push(K.INIT_1);
  tsleep(changetype<u32>(p), PWAIT | PCATCH, str("wait"), 0);
  return PENDING;
}

/**
 * Woken or interrupted: looks again. It stops at the boundary only if init is becoming single-threaded, since
 * every further sleep would then be interrupted, too.
 */
export function init_1(error: i32): u32 {
  const single = P_SINGLE_EXIT | P_SINGLE_BOUNDARY;
  if (error == 0 || (curthread().td_proc.p_flag & single) == 0) return init_loop();
  cont_push(K.INIT_LOOP);
  return ast();
}

/** What thread0 does after its body has ended: sleep for ever. */
export function swapper_loop(): u32 {
  cont_push(K.SWAPPER_LOOP);
  tsleep(str("(sched)"), PVM, str("sched"), 0);
  return PENDING;
}
