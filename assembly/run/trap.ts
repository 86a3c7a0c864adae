// Kernel calls: from a number and the registers of the calling thread to the kernel's function. Both
// kinds of body come through here: RV32 code by its call instruction, host bodies by machine_step.
//
// A call's arguments are a0..a7 of the caller's frame, where they stay until the call returns, so that a
// continuation may read them again. A result is left in td_retval and moved to a0 when the call returns
// to the body (TDB_INCALL); a second result is written to a1 at once.

import {
  RV_FAULT_FETCH,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_MISALIGNED_ATOMIC,
  RV_FAULT_MISALIGNED_JUMP,
  RV_FAULT_STORE,
} from "../cpu/rv32";
import { panic } from "../env";
import { cont_push, DONE, K, PENDING, set_retval } from "../kern/cont";
import { random_next } from "../kern/kern_random";
import { SYS_SYNC, sync_syscall } from "../kern/kern_sync";
import { wakeup } from "../kern/kern_synch";
import { interrupt_request, intr_register, intr_wait } from "../kern/lwkt_intr";
import { cpu_exists } from "../kern/lwkt_ipiq";
import { lwkt_migrate, lwkt_setcpu_self } from "../kern/lwkt_migrate";
import * as lwkt from "../kern/lwkt_thread";
import { lwkt_gettoken, lwkt_havetoken, lwkt_regettoken, lwkt_reltoken } from "../kern/lwkt_token";
import { EINVAL, ENOMEM } from "../sys/errno";
import { curthread, globaldata, mycpu } from "../sys/globaldata";
import { KOBJ_SIZE, KOBJ_WAIT, LwktToken, LwktWait } from "../sys/kobj";
import { machine, Sched } from "../sys/machine";
import { Frame, FUNC_HOST, TDB_INCALL, Thread } from "../sys/proc";
import { Sys } from "../sys/syscall";
import { is_td, no_td, td_frame, td_valid } from "../sys/thread";
import { body_return, fbsd_syscall, sys_kthread_add, sys_kthread_exit, sys_msleep } from "./fbsd";

/** First of FreeBSD's call numbers. */
const SYS_FBSD: u32 = 64;

/**
 * Performs kernel call `nr` for `td`, which runs. What threads do most of all comes first, by comparisons:
 * the table jumps behind `syscall` cost hosts that do not predict them more than most calls do.
 */
export function trap(td: Thread, nr: u32): void {
  if (nr == Sys.body_return) {
    td.td_body &= ~TDB_INCALL;
    body_return();
    return;
  }
  const m = machine();
  const frame = td_frame(td);
  if (m.bare == 0) {
    if (nr == Sys.wakeup) {
      wakeup(frame.a0);
      frame.a0 = 0;
      return;
    }
    if (nr == Sys.kthread_add) {
      frame.a0 = sys_kthread_add(frame);
      return;
    }
    if (nr == Sys.kthread_exit) {
      td.td_body |= TDB_INCALL;
      trap_result(td, frame, sys_kthread_exit());
      return;
    }
    if (nr == Sys.msleep) {
      td.td_body |= TDB_INCALL;
      trap_result(td, frame, sys_msleep(frame));
      return;
    }
  }
  if (m.sched == Sched.LWKT) {
    if (nr == Sys.lwkt_yield) {
      lwkt.lwkt_yield();
      return;
    }
    if (nr == Sys.lwkt_signal) {
      lwkt.lwkt_signal(arg_wait(nr, frame.a0));
      return;
    }
    if (nr == Sys.lwkt_block) {
      td.td_body |= TDB_INCALL;
      trap_result(td, frame, lwkt.lwkt_block(arg_wait(nr, frame.a0), frame.a1, frame.a2));
      return;
    }
  }
  if (!has_result(nr)) {
    syscall(nr, frame);
    return;
  }
  td.td_body |= TDB_INCALL;
  trap_result(td, frame, syscall(nr, frame));
}

/** A call is done, or will go on later: then it is in the thread's continuations. */
function trap_result(td: Thread, frame: Frame, status: u32): void {
  if (status != DONE) return;
  td.td_body &= ~TDB_INCALL;
  frame.a0 = frame.retval;
}

/** The calls below SYS_FBSD that have a result: a bit each. */
const RESULTS: u64 =
  ((<u64>1) << (<u64>Sys.lwkt_preempted_proc)) |
  ((<u64>1) << (<u64>Sys.lwkt_block)) |
  ((<u64>1) << (<u64>Sys.lwkt_regettoken)) |
  ((<u64>1) << (<u64>Sys.lwkt_havetoken)) |
  ((<u64>1) << (<u64>Sys.lwkt_create)) |
  ((<u64>1) << (<u64>Sys.lwkt_kthread_create)) |
  ((<u64>1) << (<u64>Sys.lwkt_wait_gen)) |
  ((<u64>1) << (<u64>Sys.lwkt_migrate)) |
  ((<u64>1) << (<u64>Sys.lwkt_setcpu_self)) |
  ((<u64>1) << (<u64>Sys.interrupt)) |
  ((<u64>1) << (<u64>Sys.intr_register)) |
  ((<u64>1) << (<u64>Sys.intr_wait)) |
  ((<u64>1) << (<u64>Sys.cycles)) |
  ((<u64>1) << (<u64>Sys.curthread)) |
  ((<u64>1) << (<u64>Sys.curcpu)) |
  ((<u64>1) << (<u64>Sys.random));

/** Calls without a result leave all registers alone. */
function has_result(nr: u32): bool {
  return nr >= SYS_FBSD || ((RESULTS >> <u64>nr) & 1) != 0;
}

function syscall(nr: u32, f: Frame): u32 {
  if (nr >= SYS_SYNC) return sync_syscall(nr, f);
  if (nr >= SYS_FBSD) return fbsd_syscall(nr, f);
  if (nr >= <u32>Sys.compute) return machine_syscall(nr, f);
  if (machine().sched != Sched.LWKT)
    panic("kernel call %d exists under the lwkt scheduler only", nr);
  return lwkt_syscall(nr, f);
}

function machine_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.compute:
      cont_push(K.COMPUTE, f.a0, f.a1);
      return PENDING;
    case Sys.cycles: {
      const now = mycpu().gd_cycles;
      f.a1 = <u32>(now >> 32);
      return result(<u32>now);
    }
    case Sys.curthread:
      return result(changetype<u32>(curthread()));
    case Sys.curcpu:
      return result(mycpu().gd_cpuid);
    case Sys.random:
      return result(random_next());
    default:
      panic("unknown kernel call %d", nr);
      return DONE;
  }
}

function result(value: u32): u32 {
  set_retval(value);
  return DONE;
}

// Dense, so that it becomes one table jump: the exception to the rule that a function fits a screen.
function lwkt_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.lwkt_yield_quick:
      return lwkt.lwkt_yield_quick();
    case Sys.lwkt_switch:
      return lwkt.lwkt_switch();
    case Sys.lwkt_schedule_self:
      return lwkt.lwkt_schedule_self();
    case Sys.lwkt_deschedule_self:
      return lwkt.lwkt_deschedule_self();
    case Sys.lwkt_schedule:
      return lwkt.lwkt_schedule(arg_thread(nr, f.a0));
    case Sys.lwkt_deschedule:
      return lwkt.lwkt_deschedule(arg_thread(nr, f.a0));
    case Sys.lwkt_setpri:
      return lwkt.lwkt_setpri(arg_thread(nr, f.a0), f.a1);
    case Sys.lwkt_setpri_self:
      return lwkt.lwkt_setpri_self(f.a0);
    case Sys.lwkt_preempt:
      return lwkt.lwkt_preempt(arg_thread(nr, f.a0), f.a1);
    case Sys.lwkt_preempted_proc:
      return result(changetype<u32>(lwkt.lwkt_preempted_proc()));
    case Sys.lwkt_init_wait:
      lwkt.lwkt_init_wait(arg_wait(nr, f.a0));
      return DONE;
    case Sys.lwkt_gettoken:
      return lwkt_gettoken(arg_token(nr, f.a0));
    case Sys.lwkt_reltoken:
      return lwkt_reltoken(arg_token(nr, f.a0));
    case Sys.lwkt_regettoken:
      return lwkt_regettoken(arg_token(nr, f.a0));
    case Sys.lwkt_havetoken:
      return result(lwkt_havetoken(arg_token(nr, f.a0)) ? 1 : 0);
    case Sys.crit_enter:
      lwkt.crit_enter();
      return DONE;
    case Sys.crit_exit:
      return lwkt.crit_exit();
    case Sys.crit_exit_noyield:
      lwkt.crit_exit_noyield();
      return DONE;
    case Sys.crit_panic:
      lwkt.crit_panic();
      return DONE;
    case Sys.lwkt_create:
      check_func(nr, f.a0);
      if (f.a2 != 0) arg_thread(nr, f.a2);
      return lwkt.lwkt_create(changetype<Thread>(f.a2), 0);
    case Sys.lwkt_kthread_create:
      check_func(nr, f.a0);
      return lwkt.lwkt_create(no_td(), 1);
    case Sys.lwkt_exit:
    case Sys.lwkt_kthread_exit:
      return lwkt.lwkt_exit();
    case Sys.lwkt_free_thread:
      return lwkt.lwkt_free_thread(arg_thread(nr, f.a0));
    case Sys.lwkt_proc_exit:
      lwkt.crit_enter();
      cont_push(K.THREAD_EXIT_1);
      lwkt.lwkt_deschedule_self();
      return PENDING;
    case Sys.lwkt_wait_gen:
      return result(arg_wait(nr, f.a0).wa_gen);
    case Sys.lwkt_migrate:
      if (!cpu_exists(f.a1)) return result(EINVAL);
      return lwkt_migrate(arg_thread(nr, f.a0), f.a1);
    case Sys.lwkt_setcpu_self:
      if (!cpu_exists(f.a0)) return result(EINVAL);
      return lwkt_setcpu_self(f.a0);
    case Sys.interrupt:
      return interrupt_request(arg_thread(nr, f.a0));
    case Sys.intr_enter:
      mycpu().gd_intr_nesting_level++;
      return DONE;
    case Sys.intr_exit:
      mycpu().gd_intr_nesting_level--;
      return DONE;
    case Sys.set_reqpri:
      mycpu().gd_reqpri = f.a0;
      return DONE;
    case Sys.set_untimely_switch:
      machine().untimely_switch = f.a0;
      return DONE;
    case Sys.intr_register:
      return result(intr_register(f.a0, f.a1 == 0 ? no_td() : arg_thread(nr, f.a1)));
    case Sys.intr_wait:
      return intr_wait(f.a0);
    default:
      panic("unknown kernel call %d", nr);
      return DONE;
  }
}

/**
 * The structure that lwkt_create (`kthread` 0) or lwkt_kthread_create (1) asked for is allocated: the
 * other arguments are still in the caller's frame.
 */
export function lwkt_create_allocated(kthread: u32): u32 {
  const cur = curthread();
  const f = td_frame(cur);
  const td = changetype<Thread>(f.retval);
  const arg = f.a1;
  f.a1 = changetype<u32>(td);
  if (!is_td(td)) return result(ENOMEM);
  if (kthread != 0) return lwkt.lwkt_create_1(td, f.a0, arg, 0, f.a2, f.a3);
  return lwkt.lwkt_create_1(td, f.a0, arg, f.a3, f.a4, f.a5);
}

// ---- Arguments ----

function arg_thread(nr: u32, address: u32): Thread {
  if (!td_valid(address) || td_off_limits(changetype<Thread>(address))) {
    panic("kernel call %d: 0x%x is not a thread", nr, address);
  }
  return changetype<Thread>(address);
}

/** True for the host's thread and the idle threads, which are never on a queue. */
function td_off_limits(td: Thread): bool {
  return td == machine().host_td || td == globaldata(td.td_cpu).gd_idletd;
}

function kobj_valid(address: u32): bool {
  const m = machine();
  return (
    address >= <u32>m.kobj_base &&
    address < <u32>m.kobj_next &&
    (address & (<u32>KOBJ_SIZE - 1)) == 0
  );
}

function arg_wait(nr: u32, address: u32): LwktWait {
  if (!kobj_valid(address) || changetype<LwktToken>(address).ko_kind != KOBJ_WAIT) {
    panic("kernel call %d: 0x%x is not a wait structure", nr, address);
  }
  return changetype<LwktWait>(address);
}

function arg_token(nr: u32, address: u32): LwktToken {
  if (!kobj_valid(address)) panic("kernel call %d: 0x%x is not a token", nr, address);
  return changetype<LwktToken>(address);
}

/** True for an address that a body can start at. */
export function func_valid(func: u32): bool {
  return func == FUNC_HOST || (func < machine().text_size && (func & 3) == 0);
}

function check_func(nr: u32, func: u32): void {
  if (!func_valid(func)) panic("kernel call %d: 0x%x is not the address of a function", nr, func);
}

// ---- Faults ----

/** The code of a body did what it must not: kernel code, so the machine panics. */
export function fault(td: Thread, kind: u32): void {
  const m = machine();
  const pc = <u32>((<usize>td.td_pc - m.decoded_base) >> 2);
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
    case RV_FAULT_MISALIGNED_JUMP:
      panic("misaligned jump: pc 0x%x, thread %p %N", pc, p, p);
      break;
    case RV_FAULT_MISALIGNED_ATOMIC:
      panic("misaligned atomic access: pc 0x%x, thread %p %N", pc, p, p);
      break;
    default:
      panic("breakpoint: pc 0x%x, thread %p %N", pc, p, p);
  }
}
