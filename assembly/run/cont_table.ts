// The trampoline's table: which function resumes which continuation.

import { panic } from "../env";
import { cont_pop, DONE, done, K } from "../kern/cont";
import { cv_wait_1 } from "../kern/kern_condvar";
import {
  exit1_1,
  exit1_2,
  exit1_threads,
  init_1,
  init_loop,
  kern_wait_1,
  swapper_loop,
} from "../kern/kern_exit";
import { kproc_suspend_check, kthread_suspend_check_1 } from "../kern/kern_kthread";
import { lk_drain_1, lk_exclusive_1, lk_shared_1 } from "../kern/kern_lock";
import { msleep_1, msleep_spin_1, mtx_adaptive, mtx_lock_1, mtx_spin_1 } from "../kern/kern_mutex";
import { rm_rlock_1, rm_sleep_1, rm_wlock_1 } from "../kern/kern_rmlock";
import { rw_adaptive, rw_lock_1, rw_sleep_1, sx_sig_1, sx_sig_again } from "../kern/kern_rwlock";
import { barrier_wait_1, sema_timedwait_1, sema_wait_1 } from "../kern/kern_sema";
import {
  ast,
  thread_single_2,
  thread_single_3,
  thread_single_turn,
  thread_suspend_check,
} from "../kern/kern_single";
import { tsleep_1, tsleep_2 } from "../kern/kern_synch";
import { thread_exit_1 } from "../kern/kern_thread";
import { nanosleep_1 } from "../kern/kern_time";
import { cpu_thread_exit, lwkt_alloc_1, lwkt_exit_1, lwkt_free_1 } from "../kern/lwkt_create";
import { interrupt_1, interrupt_run_1, intr_wait_1, splz_1 } from "../kern/lwkt_intr";
import { modern_yield_1 } from "../kern/lwkt_modern";
import {
  crit_exit_noyield,
  lwkt_block_1,
  lwkt_block_2,
  lwkt_invol_1,
  lwkt_preempt_1,
  lwkt_signal_1,
  lwkt_signal_2,
  lwkt_switch,
  lwkt_yield_quick_1,
  lwkt_yield_quick_2,
  lwkt_yield_quick_3,
} from "../kern/lwkt_thread";
import { lwkt_gettoken_1 } from "../kern/lwkt_token";
import { dl_throttle_1 } from "../kern/sched_deadline";
import { event_drain, kern_reboot_1, shutdown_1 } from "../kern/subr_eventhandler";
import { EventHandler } from "../sys/eventhandler";
import { curthread, mycpu } from "../sys/globaldata";
import { LwktToken, LwktWait } from "../sys/kobj";
import { Proc, TDPRI_CRIT, Thread } from "../sys/proc";
import { LockMgr, RmLock, SyncObject, TS_EXCLUSIVE, TS_SHARED } from "../sys/sync";
import { cold, td_frame } from "../sys/thread";
import { wide } from "./arg";
import { lwkt_create_allocated } from "./sys_lwkt";

/**
 * Pops the innermost continuation of `td`, which is running, and resumes it. The three most common ones are
 * tested first: behind the table's comparisons a wakeup would cost 8 % more.
 */
export function cont_run(td: Thread): void {
  const fn = <u32>td.td_kfn;
  const a = td.td_ka;
  const b = cold(td).td_kb;
  cont_pop(td);
  if (fn == K.TSLEEP_2) tsleep_2(a, b, 0);
  else if (fn == K.BLOCK_2) lwkt_block_2(changetype<LwktWait>(a));
  else if (fn == K.MTX_LOCK_1) mtx_lock_1(changetype<SyncObject>(a));
  else cont_continue(fn, a, b);
}

// One table for all: the exception to the rule that a function fits a screen.
function cont_continue(fn: u32, a: u32, b: u32): u32 {
  const retval = td_frame(curthread()).retval;
  switch (fn) {
    case K.YIELD_QUICK_1:
      return lwkt_yield_quick_1();
    case K.YIELD_QUICK_2:
      return lwkt_yield_quick_2();
    case K.YIELD_QUICK_3:
      return lwkt_yield_quick_3();
    case K.CRIT_EXIT_NOYIELD:
      crit_exit_noyield();
      return DONE;
    case K.LWKT_SWITCH:
      return lwkt_switch();
    case K.MODERN_YIELD_1:
      return modern_yield_1(mycpu(), curthread());
    case K.PREEMPT_1:
      return lwkt_preempt_1(changetype<Thread>(a));
    case K.SPLZ:
      return splz_1();
    case K.INTR_1:
      return interrupt_run_1(changetype<Thread>(a));
    case K.CRIT_DROP:
      curthread().td_pri -= TDPRI_CRIT;
      return DONE;
    case K.BLOCK_1:
      return lwkt_block_1(changetype<LwktWait>(a), b, td_frame(curthread()).a1);
    case K.BLOCK_2:
      return lwkt_block_2(changetype<LwktWait>(a));
    case K.SIGNAL_1:
      return lwkt_signal_1(changetype<LwktWait>(a));
    case K.SIGNAL_2:
      return lwkt_signal_2(changetype<LwktWait>(a), b);
    case K.GETTOKEN_1:
    case K.REGETTOKEN_1:
      return lwkt_gettoken_1(changetype<LwktToken>(a), fn);
    case K.LWKT_EXIT_1:
      return lwkt_exit_1();
    case K.ALLOC_1:
      return lwkt_alloc_1(changetype<Thread>(a), b);
    case K.CREATE_1:
      return lwkt_create_allocated(a);
    case K.CREATE_2:
      return done(0);
    case K.FREE_1:
      return lwkt_free_1(changetype<Thread>(a));
    case K.THREAD_EXIT_1:
      return cpu_thread_exit();
    case K.INTERRUPT_1:
      return interrupt_1();
    case K.INVOL_1:
      return lwkt_invol_1();
    case K.INTR_WAIT_1:
      return intr_wait_1(a);
    case K.TSLEEP_1:
      return tsleep_1(a, b, retval);
    case K.SUSPEND_CHECK:
      return thread_suspend_check(a);
    case K.SINGLE_1:
      return thread_single_turn(changetype<Proc>(a), b, retval);
    case K.SINGLE_2:
      return thread_single_2(changetype<Proc>(a), b);
    case K.SINGLE_3:
      return thread_single_3(changetype<Proc>(a));
    case K.AST:
      return ast();
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
    case K.TEAPOT:
      return thread_exit_1();
    case K.SWAPPER_LOOP:
      return swapper_loop();
    case K.KTHREAD_SUSPEND_CHECK:
      return kthread_suspend_check_1();
    case K.KPROC_SUSPEND_CHECK:
      return kproc_suspend_check(changetype<Proc>(a));
    case K.REBOOT_1:
      return kern_reboot_1(changetype<EventHandler>(a), b);
    case K.EVENT_DRAIN:
      return event_drain(a);
    case K.SHUTDOWN_1:
      return shutdown_1();
    case K.MTX_LOCK_1:
      return mtx_lock_1(changetype<SyncObject>(a));
    case K.MTX_SPIN_1:
      return mtx_spin_1(changetype<SyncObject>(a), b);
    case K.RW_LOCK_1:
      return rw_lock_1(changetype<SyncObject>(a));
    case K.RW_SLEEP_W:
    case K.RW_SLEEP_R:
      return rw_sleep_1(changetype<SyncObject>(a), fn == K.RW_SLEEP_W, retval);
    case K.SEMA_TIMED_1:
      return sema_timedwait_1(changetype<SyncObject>(a), b, retval);
    case K.CV_WAIT_1:
      return cv_wait_1(changetype<SyncObject>(a), b, retval);
    case K.SEMA_WAIT_1:
      return sema_wait_1(changetype<SyncObject>(a));
    case K.BARRIER_WAIT_1:
      return barrier_wait_1(changetype<SyncObject>(a), b);
    case K.NANOSLEEP_1:
      return nanosleep_1(wide(a, b));
    case K.RETURN_VALUE:
      return done(a);
    case K.THROTTLE_1:
      return dl_throttle_1(a);
    case K.RM_RLOCK_1:
      return rm_rlock_1(changetype<RmLock>(a));
    case K.RM_WLOCK_1:
      return rm_wlock_1(changetype<RmLock>(a));
    case K.RM_SLEEP_W:
    case K.RM_SLEEP_R:
      return rm_sleep_1(changetype<SyncObject>(a), fn == K.RM_SLEEP_W, retval);
    case K.LK_SHARED_1:
      return lk_shared_1(changetype<LockMgr>(a), b, retval);
    case K.LK_EXCLUSIVE_1:
      return lk_exclusive_1(changetype<LockMgr>(a), b, retval);
    case K.LK_DRAIN_1:
      return lk_drain_1(changetype<LockMgr>(a), b);
    case K.MTX_ADAPTIVE:
      return mtx_adaptive(changetype<SyncObject>(a));
    case K.RW_ADAPTIVE_W:
      return rw_adaptive(changetype<SyncObject>(a), TS_EXCLUSIVE);
    case K.RW_ADAPTIVE_R:
      return rw_adaptive(changetype<SyncObject>(a), TS_SHARED);
    case K.MSLEEP_SPIN_1:
      return msleep_spin_1(changetype<SyncObject>(a), retval);
    case K.SX_SIG_R:
    case K.SX_SIG_W: {
      const queue = fn == K.SX_SIG_R ? TS_SHARED : TS_EXCLUSIVE;
      return sx_sig_again(changetype<SyncObject>(a), queue, b, retval);
    }
    case K.SX_SIG_1:
      return sx_sig_1(changetype<SyncObject>(a), b);
    case K.MSLEEP_1:
      return msleep_1(changetype<SyncObject>(a), retval);
    default:
      panic("unknown continuation %d", fn);
      return DONE;
  }
}
