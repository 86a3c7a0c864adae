// What a body does to the kernel: its calls, its return, and its faults. Both kinds of body come through
// here: RV32 code by its call instruction, host bodies by machine_step.
//
// A call's arguments are a0..a7 of the caller's frame, where they stay until the call returns, so that a
// continuation may read them again. The result of a call that may switch is left in td_retval and moved
// to a0 when the call returns to the body (TDB_INCALL); a second result is written to a1 at once. What
// each call is, and which function performs it, says assembly/syscalls.master; the dispatch
// (init_sysent.ts) is made from it.

import { rv32_guest_pc } from "../cpu/rv32_decode";
import { panic, printf } from "../env";
import { DONE } from "../kern/cont";
import { exit1, kern_thr_exit, swapper_loop } from "../kern/kern_exit";
import { is_proc } from "../kern/kern_fork";
import { kthread_exit } from "../kern/kern_kthread";
import { lwkt_exit } from "../kern/lwkt_thread";
import {
  RV_FAULT_FETCH,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_MISALIGNED_ATOMIC,
  RV_FAULT_STORE,
} from "../sys/fault";
import { curthread } from "../sys/globaldata";
import { KTR_LWKT, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { P_KPROC, TDB_INCALL, Thread } from "../sys/proc";
import { Sys } from "../sys/syscall";
import { sysent } from "./init_sysent";

/** Performs kernel call `nr` for `td`, which runs. */
export function trap(td: Thread, nr: u32): void {
  if (nr == Sys.body_return) {
    td.td_body &= ~TDB_INCALL;
    body_return();
    return;
  }
  sysent(td, nr);
}

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
    return kthread_exit();
  }
  return kern_thr_exit() == DONE ? exit1(0) : DONE;
}

// ---- Faults ----

/** The code of a body did what it must not: kernel code, so the machine panics. */
export function fault(td: Thread, kind: u32): void {
  const pc = rv32_guest_pc(td.td_pc);
  const p = changetype<usize>(td);
  switch (kind) {
    case RV_FAULT_ILLEGAL:
      panic("illegal instruction: pc 0x%x, thread %p %N", pc, p, p);
      break;
    case RV_FAULT_FETCH:
      panic("jump out of the text: pc 0x%x, thread %p %N", pc, p, p);
      break;
    case RV_FAULT_LOAD:
      panic("load out of guest memory: pc 0x%x, thread %p %N", pc, p, p);
      break;
    case RV_FAULT_STORE:
      panic("store out of guest data: pc 0x%x, thread %p %N", pc, p, p);
      break;
    case RV_FAULT_MISALIGNED_ATOMIC:
      panic("misaligned atomic access: pc 0x%x, thread %p %N", pc, p, p);
      break;
    default:
      panic("breakpoint: pc 0x%x, thread %p %N", pc, p, p);
  }
}
