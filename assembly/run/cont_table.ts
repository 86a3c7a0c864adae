// The trampoline's table: which function goes on with a continuation.

import { cont_pop, DONE, K, set_retval } from "../kern/cont";
import { K_SYNC, sync_continue } from "../kern/kern_sync";
import { interrupt_1, interrupt_run_1, intr_wait_1, splz_1 } from "../kern/lwkt_intr";
import * as lwkt from "../kern/lwkt_thread";
import { lwkt_gettoken_1 } from "../kern/lwkt_token";
import { curthread } from "../sys/globaldata";
import { LwktToken, LwktWait } from "../sys/kobj";
import { TDPRI_CRIT, Thread } from "../sys/proc";
import { cold, td_frame } from "../sys/thread";
import { fbsd_continue } from "./fbsd";
import { lwkt_create_allocated } from "./trap";

/** First of FreeBSD's continuations. */
const K_FBSD: u32 = 64;

/** Takes the innermost continuation of `td`, which runs, and goes on with it. */
export function cont_run(td: Thread): void {
  const fn = <u32>td.td_kfn;
  const a = td.td_ka;
  const b = cold(td).td_kb;
  cont_pop(td);
  if (fn >= K_SYNC) sync_continue(fn, a, b);
  else if (fn >= K_FBSD) fbsd_continue(fn, a, b);
  else lwkt_continue(fn, a, b);
}

function lwkt_continue(fn: u32, a: u32, b: u32): u32 {
  switch (fn) {
    case K.YIELD_QUICK_1:
      return lwkt.lwkt_yield_quick_1();
    case K.YIELD_QUICK_2:
      return lwkt.lwkt_yield_quick_2();
    case K.YIELD_QUICK_3:
      return lwkt.lwkt_yield_quick_3();
    case K.CRIT_EXIT_NOYIELD:
      lwkt.crit_exit_noyield();
      return DONE;
    case K.LWKT_SWITCH:
      return lwkt.lwkt_switch();
    case K.PREEMPT_1:
      return lwkt.lwkt_preempt_1(changetype<Thread>(a));
    case K.SPLZ:
      return splz_1();
    case K.INTR_1:
      return interrupt_run_1(changetype<Thread>(a));
    case K.CRIT_DROP:
      curthread().td_pri -= TDPRI_CRIT;
      return DONE;
    case K.BLOCK_1:
      return lwkt.lwkt_block_1(changetype<LwktWait>(a), b, td_frame(curthread()).a1);
    case K.BLOCK_2:
      return lwkt.lwkt_block_2(changetype<LwktWait>(a));
    case K.SIGNAL_1:
      return lwkt.lwkt_signal_1(changetype<LwktWait>(a));
    case K.SIGNAL_2:
      return lwkt.lwkt_signal_2(changetype<LwktWait>(a), b);
    case K.GETTOKEN_1:
    case K.REGETTOKEN_1:
      return lwkt_gettoken_1(changetype<LwktToken>(a), fn);
    case K.LWKT_EXIT_1:
      return lwkt.lwkt_exit_1();
    case K.ALLOC_1:
      return lwkt.lwkt_alloc_1(changetype<Thread>(a), b);
    case K.CREATE_1:
      return lwkt_create_allocated(a);
    case K.CREATE_2:
      set_retval(0);
      return DONE;
    case K.FREE_1:
      return lwkt.lwkt_free_1(changetype<Thread>(a));
    case K.THREAD_EXIT_1:
      return lwkt.cpu_thread_exit();
    case K.INTERRUPT_1:
      return interrupt_1();
    case K.INVOL_1:
      return lwkt.lwkt_invol_1();
    case K.INTR_WAIT_1:
      return intr_wait_1(a);
    default:
      unreachable();
      return DONE;
  }
}
