// Suspension and single-threading of a process (kern_thread.c 1115-1719), stopping and continuing it, and the
// AST that makes a thread check. Numbers in brackets are lines of kern_thread.c.
//
// thread_single asks the other threads of a process to stop by setting their suspend AST, wakes those
// whose sleep may be interrupted, and suspends its caller until enough of them have suspended or gone.
// They check in thread_suspend_check: at the boundary to user code (ast), in an interruptible sleep, and
// where a kernel function calls it. The counters p_suspcount and p_boundary_count belong to the process and
// always agree with the states of its threads.
import { panic } from "../env";
import { EINTR, ERESTART } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { KASSERT, MPASS } from "../sys/kassert";
import { KTR_PROC, KTR_STATE, Ktr, ktr } from "../sys/ktr";
import { PCATCH } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import {
  DBG_SUSPEND,
  P_HADTHREADS,
  P_SHOULDSTOP_MASK,
  P_SINGLE_BOUNDARY,
  P_SINGLE_EXIT,
  P_STOPPED_SIG,
  P_STOPPED_SINGLE,
  P_STOPPED_TRACE,
  P_TOTAL_STOP,
  P_TRACED,
  P2_WEXIT,
  Proc,
  SINGLE_ALLPROC,
  SINGLE_BOUNDARY,
  SINGLE_EXIT,
  SINGLE_NO_EXIT,
  TDA_SEEN,
  TDA_SUSPEND,
  TDF_ALLPROCSUSP,
  TDF_BOUNDARY,
  TDF_SBDRY,
  TDF_SEINTR,
  TDF_SERESTART,
  TDF_SINTR,
  TDI_SUSPENDED,
  TDS,
  Thread,
} from "../sys/proc";
import { td_locks } from "../sys/sync";
import { cold, is_td, no_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING } from "./cont";
import { ast_tell } from "./kern_ast";
import { kern_thr_exit } from "./kern_exit";
import { str } from "./kern_subr";
import {
  setrunnable,
  sleepq_abort,
  sleepq_remove,
  td_can_abort,
  td_clear_inhib,
  td_is_sleeping,
  td_is_suspended,
  td_set_inhib,
  tsleep,
  wakeup,
} from "./kern_synch";
import { thread_next } from "./kern_thread";
import { mi_switch, sched_relinquish, sched_sleep } from "./sched";
import { turnstile_leave } from "./subr_turnstile";

/** Why the process should stop: its P_STOPPED_* bits (P_SHOULDSTOP). */
export function proc_should_stop(p: Proc): u32 {
  return p.p_flag & P_SHOULDSTOP_MASK;
}

/** Address of p_flag: the channel of threads that wait for single-threading to end. */
function p_flag_channel(p: Proc): u32 {
  return changetype<u32>(p) + <u32>offsetof<Proc>("p_flag");
}

function ast_sched(td: Thread): void {
  cold(td).td_ast |= TDA_SUSPEND;
}

function ast_unsched(td: Thread): void {
  cold(td).td_ast &= ~TDA_SUSPEND;
}

// ---- Counting ----

/** Number of threads that have not yet stopped, in the sense of `mode` (1115). */
function calc_remaining(p: Proc, mode: i32): i32 {
  if (mode == SINGLE_EXIT) return p.p_numthreads;
  if (mode == SINGLE_BOUNDARY) return p.p_numthreads - p.p_boundary_count;
  if (mode == SINGLE_NO_EXIT || mode == SINGLE_ALLPROC) return p.p_numthreads - p.p_suspcount;
  panic("calc_remaining: wrong mode %d", mode);
  return 0;
}

/** Number of threads that may keep running (1133). */
function remain_for_mode(mode: i32): i32 {
  return mode == SINGLE_ALLPROC ? 0 : 1;
}

// ---- One thread ----

/** Suspends a thread of a process that is on no run queue, or is running and about to switch (1573). */
function thread_suspend_one(td: Thread): void {
  KASSERT(!td_is_suspended(td), "already suspended");
  td.td_proc.p_suspcount++;
  ast_unsched(td);
  td_set_inhib(td, TDI_SUSPENDED);
  sched_sleep(td, 0);
}

/** Ends a thread's suspension and, with `boundary`, its wait at the user boundary (1588). */
export function thread_unsuspend_one(td: Thread, p: Proc, boundary: bool): void {
  KASSERT(td_is_suspended(td), "Thread not suspended");
  td_clear_inhib(td, TDI_SUSPENDED);
  td.td_flags &= ~TDF_ALLPROCSUSP;
  if (td.td_proc == p) {
    p.p_suspcount--;
    if (boundary && (td.td_flags & TDF_BOUNDARY) != 0) {
      td.td_flags &= ~TDF_BOUNDARY;
      if (!planted(Plant.UNSUSPEND_COUNT)) p.p_boundary_count--;
    }
  }
  setrunnable(td);
}

/** Suspends the current thread until another one unsuspends it (1545). */
function thread_suspend_switch(td: Thread, p: Proc): u32 {
  KASSERT(!td_is_suspended(td), "already suspended");
  if (p == td.td_proc) {
    thread_stopped(p);
    p.p_suspcount++;
  }
  ast_unsched(td);
  td_set_inhib(td, TDI_SUSPENDED);
  sched_sleep(td, 0);
  return mi_switch();
}

/** Lets one suspended thread run, whatever is requested of its process (1607). */
export function thread_run_flash(td: Thread): void {
  const p = td.td_proc;
  if (td.td_wchan != 0) sleepq_remove(td);
  KASSERT(td_is_suspended(td), "Thread not suspended");
  td_clear_inhib(td, TDI_SUSPENDED);
  MPASS(p.p_suspcount > 0, "p->p_suspcount > 0");
  p.p_suspcount--;
  setrunnable(td);
}

/**
 * Hurries an inhibited thread along for `mode` (1140): resumes one whose suspension does not count for this
 * mode, so that it checks again, and ends an interruptible sleep.
 */
function weed_inhib(mode: i32, td: Thread, p: Proc): void {
  switch (mode) {
    case SINGLE_EXIT:
      while (td_is_suspended(td)) thread_unsuspend_one(td, p, true);
      if (td_can_abort(td)) sleepq_abort(td, EINTR);
      break;
    case SINGLE_BOUNDARY:
    case SINGLE_NO_EXIT:
      while (td_is_suspended(td) && (td.td_flags & TDF_BOUNDARY) == 0) {
        thread_unsuspend_one(td, p, false);
      }
      if (td_can_abort(td)) sleepq_abort(td, ERESTART);
      break;
    case SINGLE_ALLPROC:
      while (td_is_suspended(td) && (td.td_flags & TDF_ALLPROCSUSP) == 0) {
        thread_unsuspend_one(td, p, false);
      }
      if (td_can_abort(td)) {
        td.td_flags |= TDF_ALLPROCSUSP;
        sleepq_abort(td, ERESTART);
      }
      break;
    default:
      break;
  }
}

// ---- Single-threading ----

function check_mode(mode: i32): void {
  KASSERT(
    mode == SINGLE_EXIT ||
      mode == SINGLE_BOUNDARY ||
      mode == SINGLE_ALLPROC ||
      mode == SINGLE_NO_EXIT,
    "invalid mode %d",
    mode,
  );
}

/**
 * Makes the current thread the only running one of its process or, with SINGLE_ALLPROC, stops all of another
 * process (1222). td_retval gets 0, or 1 if another thread was first and the caller must back out. Does
 * nothing without P_HADTHREADS.
 */
export function thread_single(p: Proc, mode: i32): u32 {
  const td = curthread();
  check_mode(mode);
  KASSERT(
    (mode == SINGLE_ALLPROC && td.td_proc != p) || (mode != SINGLE_ALLPROC && td.td_proc == p),
    "mode %d proc %p curproc %p",
    mode,
    changetype<usize>(p),
    changetype<usize>(td.td_proc),
  );
  return thread_single_1(p, mode, PCATCH);
}

/** Waits for its turn, with `catches` in its sleep's priority, then sets the process's flags (1249). */
function thread_single_1(p: Proc, mode: i32, catches: u32): u32 {
  const td = curthread();
  if (mode == SINGLE_ALLPROC) {
    if ((p.p_flag & P_STOPPED_SINGLE) != 0) {
      if ((p.p_flag2 & P2_WEXIT) != 0) return done(1);
      cont_push(K.SINGLE_1, changetype<u32>(p), single_word(p, mode));
      tsleep(p_flag_channel(p), catches, str("thrsgl"), 0);
      return PENDING;
    }
    if ((p.p_flag & (P_STOPPED_SIG | P_TRACED)) != 0 || (p.p_flag2 & P2_WEXIT) != 0) {
      return done(1);
    }
  } else if ((p.p_flag & P_HADTHREADS) == 0) {
    return done(0);
  }
  if (is_td(p.p_singlethread) && p.p_singlethread != td) return done(1);
  single_flags(p, mode);
  p.p_singlethread = td;
  return thread_single_2(p, mode);
}

/** Packs a mode and the pid of the process it is for. */
function single_word(p: Proc, mode: i32): u32 {
  return ((<u32>p.p_pid) << 2) | mode;
}

/**
 * Its turn has come, or, with an error, its sleep was interrupted: it waits on, as in the original, which
 * tries to sleep again and again; here it sleeps so that nothing interrupts it. If the process is gone it
 * backs out; in the original the caller holds the process.
 */
export function thread_single_turn(p: Proc, word: u32, error: i32): u32 {
  const mode = <i32>(word & 3);
  if (single_word(p, mode) != word) return done(1);
  return thread_single_1(p, mode, error == 0 ? PCATCH : 0);
}

function single_flags(p: Proc, mode: i32): void {
  let flag = p.p_flag & ~(P_SINGLE_EXIT | P_SINGLE_BOUNDARY);
  if (mode == SINGLE_EXIT) flag |= P_SINGLE_EXIT;
  if (mode == SINGLE_BOUNDARY) flag |= P_SINGLE_BOUNDARY;
  if (mode == SINGLE_ALLPROC) flag |= P_TOTAL_STOP;
  p.p_flag = flag | P_STOPPED_SINGLE;
}

/** Asks the others to stop, and suspends until enough of them have (1279). */
export function thread_single_2(p: Proc, mode: i32): u32 {
  const td = curthread();
  if (calc_remaining(p, mode) != remain_for_mode(mode)) {
    if (proc_should_stop(p) == P_STOPPED_SINGLE) single_ask(p, mode, td);
    if (calc_remaining(p, mode) != remain_for_mode(mode)) {
      cont_push(K.SINGLE_2, changetype<u32>(p), mode);
      thread_suspend_switch(td, p);
      return PENDING;
    }
  }
  if (mode == SINGLE_EXIT) {
    KASSERT(p.p_numthreads == 1, "Unthreading with >1 threads");
    p.p_singlethread = no_td();
    p.p_flag &= ~(P_STOPPED_SINGLE | P_SINGLE_EXIT | P_HADTHREADS);
    return thread_single_3(p);
  }
  if (mode == SINGLE_BOUNDARY) single_boundary_check(p, td);
  return done(0);
}

function single_ask(p: Proc, mode: i32, td: Thread): void {
  for (let other = p.p_threads; is_td(other); other = thread_next(other)) {
    if (other == td) continue;
    ast_sched(other);
    ast_tell(other);
    if (other.td_state == TDS.INHIBITED) weed_inhib(mode, other, p);
  }
}

/** Asserts that all other threads are suspended at the boundary (1349). */
function single_boundary_check(p: Proc, td: Thread): void {
  for (let other = p.p_threads; is_td(other); other = thread_next(other)) {
    if (other == td) continue;
    const at = changetype<usize>(other);
    KASSERT((other.td_flags & TDF_BOUNDARY) != 0, "td %p not on boundary", at);
    KASSERT(td_is_suspended(other), "td %p is not suspended", at);
  }
}

/** Waits until the exited threads have left their CPUs (1329). */
export function thread_single_3(p: Proc): u32 {
  if (p.p_exitthreads == 0) return done(0);
  cont_push(K.SINGLE_3, changetype<u32>(p));
  sched_relinquish(curthread());
  return PENDING;
}

/** Ends what thread_single began; the other threads continue unless the process is to stop as a whole (1673). */
export function thread_single_end(p: Proc, mode: i32): void {
  check_mode(mode);
  KASSERT(
    (mode == SINGLE_ALLPROC) == ((p.p_flag & P_TOTAL_STOP) != 0),
    "mode %d does not match P_TOTAL_STOP",
    mode,
  );
  KASSERT(
    mode == SINGLE_ALLPROC || p.p_singlethread == curthread(),
    "thread_single_end from other thread %p %p",
    changetype<usize>(curthread()),
    changetype<usize>(p.p_singlethread),
  );
  KASSERT(
    mode != SINGLE_BOUNDARY || (p.p_flag & P_SINGLE_BOUNDARY) != 0,
    "mis-matched SINGLE_BOUNDARY flags %x",
    p.p_flag,
  );
  p.p_flag &= ~(P_STOPPED_SINGLE | P_SINGLE_EXIT | P_SINGLE_BOUNDARY | P_TOTAL_STOP);
  p.p_singlethread = no_td();
  if (p.p_numthreads != remain_for_mode(mode) && proc_should_stop(p) == 0) unsuspend_all(p);
  KASSERT(
    mode != SINGLE_BOUNDARY || p.p_boundary_count == 0,
    "inconsistent boundary count %d",
    p.p_boundary_count,
  );
  wakeup(p_flag_channel(p));
}

function unsuspend_all(p: Proc): void {
  for (let td = p.p_threads; is_td(td); td = thread_next(td)) {
    if (td_is_suspended(td)) thread_unsuspend_one(td, p, true);
  }
}

/** Resumes the threads of a process that nothing stops any more (1635). */
export function thread_unsuspend(p: Proc): void {
  if (proc_should_stop(p) == 0) {
    unsuspend_all(p);
  } else if (proc_should_stop(p) == P_STOPPED_SINGLE && p.p_numthreads == p.p_suspcount) {
    // Stopping everything has also achieved what single-threading asked for.
    if (p.p_singlethread.td_proc == p) thread_unsuspend_one(p.p_singlethread, p, false);
  }
}

// ---- The check ----

/** Would thread_suspend_check do anything for the current thread (1364)? */
export function thread_suspend_check_needed(): bool {
  const td = curthread();
  const p = td.td_proc;
  if (proc_should_stop(p) != 0) return true;
  return (p.p_flag & P_TRACED) != 0 && (cold(td).td_dbgflags & DBG_SUSPEND) != 0;
}

/**
 * Stops the current thread for as long as its process is to stop, or ends it if the process is to exit
 * (1410). With `return_instead` it returns EINTR or ERESTART in td_retval where the caller has to get out of
 * the way first; 0 means that the caller may continue. A request for single-threading does not stop the
 * thread that made it.
 */
export function thread_suspend_check(return_instead: i32): u32 {
  const td = curthread();
  const p = td.td_proc;
  if (changetype<usize>(p) == 0 || !thread_suspend_check_needed()) return done(0);
  if (proc_should_stop(p) == P_STOPPED_SINGLE) {
    KASSERT(is_td(p.p_singlethread), "singlethread not set");
    if (p.p_singlethread == td) return done(0);
  }
  if ((p.p_flag & P_SINGLE_EXIT) != 0 && return_instead != 0) return done(EINTR);
  if (
    proc_should_stop(p) == P_STOPPED_SINGLE &&
    (p.p_flag & P_SINGLE_BOUNDARY) != 0 &&
    return_instead != 0
  ) {
    return done(ERESTART);
  }
  if ((td.td_flags & TDF_SBDRY) != 0) return suspend_deferred(td, return_instead);
  if ((p.p_flag & P_SINGLE_EXIT) != 0 && p.p_singlethread != td) {
    if (kern_thr_exit() == DONE) panic("stopped thread did not exit");
    return PENDING;
  }
  return suspend_self(td, p, return_instead);
}

/** Suspensions are deferred (1445): the call that deferred them said how to fail, if at all. */
function suspend_deferred(td: Thread, return_instead: i32): u32 {
  const both = TDF_SEINTR | TDF_SERESTART;
  KASSERT(return_instead != 0, "TDF_SBDRY set for unsafe thread_suspend_check");
  KASSERT((td.td_flags & both) != both, "both TDF_SEINTR and TDF_SERESTART");
  return done(sbdry_error(td));
}

/** What an interruptible sleep with TDF_SBDRY returns: 0 if it is not interrupted. */
function sbdry_error(td: Thread): i32 {
  if ((td.td_flags & TDF_SEINTR) != 0) return EINTR;
  return (td.td_flags & TDF_SERESTART) != 0 ? ERESTART : 0;
}

/** Suspends the current thread once and checks again (1473). */
function suspend_self(td: Thread, p: Proc, return_instead: i32): u32 {
  thread_stopped(p);
  if (proc_should_stop(p) == P_STOPPED_SINGLE && p.p_numthreads == p.p_suspcount + 1) {
    thread_unsuspend_one(p.p_singlethread, p, false);
  }
  thread_suspend_one(td);
  if (return_instead == 0) {
    p.p_boundary_count++;
    td.td_flags |= TDF_BOUNDARY;
  }
  cont_push(K.SUSPEND_CHECK, return_instead);
  mi_switch();
  return PENDING;
}

/**
 * For loops that may fail for a while (1521): 0 while nothing asks the current thread to suspend; EINTR
 * if its process is to exit; otherwise it suspends if `sleep` is true, or returns ERESTART.
 */
export function thread_check_susp(sleep: bool): u32 {
  const td = curthread();
  const p = td.td_proc;
  if ((cold(td).td_ast & TDA_SUSPEND) == 0) return done(0);
  if ((p.p_flag & P_SINGLE_EXIT) != 0) return done(EINTR);
  if (!thread_suspend_check_needed()) return done(0);
  return sleep ? thread_suspend_check(0) : done(ERESTART);
}

/** The current thread is about to return to user code: handles its pending ASTs (518). */
export function ast(): u32 {
  const c = cold(curthread());
  if ((c.td_ast & TDA_SUSPEND) == 0) return done(0);
  c.td_ast &= ~(TDA_SUSPEND | TDA_SEEN);
  cont_push(K.AST);
  thread_suspend_check(0);
  return PENDING;
}

// ---- Stop and continue ----

/** Reports that the process has stopped, if this was its last thread to stop. */
export function thread_stopped(p: Proc): void {
  let stopped = p.p_suspcount;
  if (p == curthread().td_proc) stopped++;
  if ((p.p_flag & P_STOPPED_SIG) != 0 && stopped == p.p_numthreads) {
    ktr(KTR_PROC, Ktr.STOPPED, changetype<u32>(p));
  }
}

/** Stops a process as SIGSTOP does: its threads stop at their next check, or in their sleep. */
export function proc_stop(p: Proc): void {
  p.p_flag |= P_STOPPED_SIG;
  for (let td = p.p_threads; is_td(td); td = thread_next(td)) {
    ast_sched(td);
    ast_tell(td);
    if (!td_is_sleeping(td) || (td.td_flags & TDF_SINTR) == 0) continue;
    if ((td.td_flags & TDF_SBDRY) != 0) {
      const error = sbdry_error(td);
      if (error != 0) sleepq_abort(td, error);
    } else if (!td_is_suspended(td)) {
      if (td_locks(td).tl_blocked != 0) turnstile_leave(td); // a stopped thread is handed no lock
      thread_suspend_one(td);
      ktr(KTR_STATE, Ktr.SUSPEND, changetype<u32>(td));
    }
  }
  if (p.p_numthreads == p.p_suspcount) thread_stopped(p);
}

/** Continues a stopped process. */
export function proc_cont(p: Proc): void {
  p.p_flag &= ~(P_STOPPED_SIG | P_STOPPED_TRACE);
  thread_unsuspend(p);
}
