// Entry into the kernel from a body: calls, returns and faults. Both kinds of body come through here, RV32
// code by its call instruction, host bodies by machine_step.
//
// A call's arguments are a0 to a7 of the caller's frame, where they stay until the call returns, so that a
// continuation may read them again. The result of a call that may switch is left in td_retval and moved to a0
// when the call returns to the body (TDB_INCALL); a second result is written to a1 at once.
// assembly/syscalls.master defines the calls and their functions; the dispatch (init_sysent.ts) is generated
// from it.

import { rv32_guest_pc } from "../cpu/rv32_decode";
import { fault_report, panic, printf } from "../env";
import { swapper_loop } from "../kern/kern_exit";
import { is_proc } from "../kern/kern_fork";
import { thread_end } from "../kern/thread_end";
import {
  RV_FAULT_FETCH,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_MISALIGNED_ATOMIC,
  RV_FAULT_STACK,
  RV_FAULT_STORE,
} from "../sys/fault";
import { curthread, globaldata } from "../sys/globaldata";
import { FAULT_PANICS, machine } from "../sys/machine";
import { P_KPROC, TDB_INCALL, TDL_PREEMPT_LOCK, TDPRI_CRIT, Thread } from "../sys/proc";
import { Sys } from "../sys/syscall";
import { C_CALL, c_arguments } from "./c_arguments";
import { sysent } from "./init_sysent";

/** Performs kernel call `nr` for `td`, which is running. */
export function trap(td: Thread, nr: u32): void {
  if (nr == Sys.body_return) {
    td.td_body &= ~TDB_INCALL;
    body_return();
    return;
  }
  if (nr < C_CALL) sysent(td, nr);
  else c_trap(td, nr - C_CALL);
}

/** The body of the current thread has returned: the thread exits as its kind does. */
export function body_return(): u32 {
  const td = curthread();
  if (td == machine().thread0) return swapper_loop();
  if (is_proc(td.td_proc) && (td.td_proc.p_flag & P_KPROC) != 0 && machine().bare == 0) {
    const pid = td.td_proc.p_pid;
    printf('Kernel thread "%N" (pid %d) exited prematurely.\n', changetype<usize>(td), pid);
  }
  return thread_end();
}

// ---- Faults ----

/**
 * The code of a body faulted at `pc`, with `address`: the host is told while the registers are unchanged.
 * Then the machine panics, since the fault is in kernel code; or, if the machine is configured so and the
 * thread can be ended where it is, only the thread ends.
 */
export function fault(td: Thread, kind: u32, pc: u32, address: u32): void {
  fault_report(changetype<usize>(td), kind, pc, address);
  if (machine().fault_mode == FAULT_PANICS || !may_end(td)) fault_panic(td, kind, pc);
  thread_end();
}

/** False in a critical section, in an interrupt, and for a thread that has preempted another one. */
function may_end(td: Thread): bool {
  return (
    td.td_pri < TDPRI_CRIT &&
    globaldata(td.td_cpu).gd_intr_nesting_level == 0 &&
    (td.td_lwflags & TDL_PREEMPT_LOCK) == 0
  );
}

function fault_panic(td: Thread, kind: u32, pc: u32): void {
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
    case RV_FAULT_STACK:
      panic("stack overflow: pc 0x%x, thread %p %N", pc, p, p);
      break;
    default:
      panic("breakpoint: pc 0x%x, thread %p %N", pc, p, p);
  }
}

// ---- Calls of C programs ----

/**
 * Performs kernel call `nr` for C code (c_arguments.ts): its pointers are checked and converted first. An
 * invalid one is a fault of the call, which then does not take place.
 */
function c_trap(td: Thread, nr: u32): void {
  const m = machine();
  c_arguments(td, nr);
  if (m.bad_pointer == 0) {
    sysent(td, nr);
    return;
  }
  m.bad_pointer = 0;
  const pc = rv32_guest_pc(<usize>td.td_pc) - KERNEL_CALL_SIZE;
  fault(td, RV_FAULT_LOAD, pc, m.bad_address);
}

/** Bytes of the instruction of a kernel call. */
const KERNEL_CALL_SIZE: u32 = 4;
