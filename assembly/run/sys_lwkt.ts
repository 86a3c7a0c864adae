// LWKT kernel calls that need more than one kernel function. The others are dispatched directly to
// kern/lwkt_*.ts (assembly/syscalls.master).
import { cont_push, DONE, done, K, PENDING, set_retval } from "../kern/cont";
import { is_proc } from "../kern/kern_fork";
import { kobj_alloc } from "../kern/kern_kobj";
import { lwkt_create, lwkt_create_1, lwkt_exit } from "../kern/lwkt_create";
import { is_modern, modern_yield } from "../kern/lwkt_modern";
import { lwkt_token_pool_lookup } from "../kern/lwkt_pool";
import { crit_enter, crit_exit, lwkt_deschedule_self, lwkt_yield_quick } from "../kern/lwkt_thread";
import {
  lwkt_gettoken,
  lwkt_havetoken,
  lwkt_regettoken,
  lwkt_reltoken,
  lwkt_trytoken,
} from "../kern/lwkt_token";
import {
  lwkt_gettokref,
  lwkt_havetokref,
  lwkt_regettokref,
  lwkt_reltokref,
  lwkt_trytokref,
} from "../kern/lwkt_tokref";
import { thread_end } from "../kern/thread_end";
import { thread_is_free } from "../kern/thread_zone";
import { EBUSY, EINVAL, ENOMEM } from "../sys/errno";
import { curthread, mycpu } from "../sys/globaldata";
import { KOBJ_TOKEN, KOBJ_WAIT, LwktToken, LwktWait } from "../sys/kobj";
import { machine } from "../sys/machine";
import { Frame, TDL_EXITED, TDL_KERNEL, TDL_RUNQ, TDL_STARTED, Thread } from "../sys/proc";
import { cold, is_td, no_td, td_frame } from "../sys/thread";
import { Token } from "../sys/token";

export function sys_lwkt_wait_gen(wait: LwktWait): i32 {
  return wait.wa_gen;
}

/** Creates a token (KOBJ_TOKEN) or a wait structure (KOBJ_WAIT), owned by a CPU. */
function kobj_create(f: Frame, kind: u32, cpu: u32): i32 {
  const at = kobj_alloc();
  if (at == 0) return ENOMEM;
  if (kind == KOBJ_TOKEN && machine().lwkt_modern != 0) {
    changetype<Token>(at).ko_kind = kind;
    f.a1 = <u32>at;
    return 0;
  }
  const token = changetype<LwktToken>(at);
  token.ko_kind = kind;
  token.t_cpu = cpu;
  token.t_reqcpu = cpu;
  f.a1 = <u32>at;
  return 0;
}

export function sys_lwkt_token_create(f: Frame, cpu: u32): i32 {
  return kobj_create(f, KOBJ_TOKEN, cpu);
}

/** True for a token of lwkt-modern. The one inside a wait structure is always lwkt's. */
function is_tokref(tok: LwktToken): bool {
  return machine().lwkt_modern != 0 && tok.ko_kind == KOBJ_TOKEN;
}

export function sys_lwkt_gettoken(tok: LwktToken): u32 {
  return is_tokref(tok) ? lwkt_gettokref(changetype<Token>(tok), true) : lwkt_gettoken(tok);
}

export function sys_lwkt_trytoken(tok: LwktToken): bool {
  return is_tokref(tok) ? lwkt_trytokref(changetype<Token>(tok)) : lwkt_trytoken(tok);
}

function is_token(tok: LwktToken): bool {
  return changetype<usize>(tok) != 0;
}

export function sys_lwkt_token_pool_lookup(f: Frame, address: u32): i32 {
  const tok = lwkt_token_pool_lookup(address);
  f.a1 = changetype<u32>(tok);
  return is_token(tok) ? 0 : ENOMEM;
}

/** The results stay in their registers while the caller waits. */
export function sys_lwkt_getpooltoken(f: Frame, address: u32): u32 {
  set_retval(sys_lwkt_token_pool_lookup(f, address));
  return f.a1 != 0 ? sys_lwkt_gettoken(changetype<LwktToken>(f.a1)) : DONE;
}

/**
 * A token that was never created is not held: under lwkt the caller leaves its critical section, as with any
 * other token.
 */
export function sys_lwkt_relpooltoken(address: u32): u32 {
  const tok = lwkt_token_pool_lookup(address);
  if (machine().lwkt_modern != 0) return lwkt_reltokref(changetype<Token>(tok));
  return is_token(tok) ? lwkt_reltoken(tok) : crit_exit();
}

/** lwkt has no shared tokens: it treats this as lwkt_gettoken. */
export function sys_lwkt_gettoken_shared(tok: LwktToken): u32 {
  return is_tokref(tok) ? lwkt_gettokref(changetype<Token>(tok), false) : lwkt_gettoken(tok);
}

export function sys_lwkt_reltoken(tok: LwktToken): u32 {
  return is_tokref(tok) ? lwkt_reltokref(changetype<Token>(tok)) : lwkt_reltoken(tok);
}

export function sys_lwkt_regettoken(tok: LwktToken): u32 {
  return is_tokref(tok) ? lwkt_regettokref(changetype<Token>(tok)) : lwkt_regettoken(tok);
}

export function sys_lwkt_havetoken(tok: LwktToken): bool {
  return is_tokref(tok) ? lwkt_havetokref(changetype<Token>(tok)) : lwkt_havetoken(tok);
}

/** lwkt_yield_quick as a call; the one at the end of a critical section is always lwkt's. */
export function sys_lwkt_yield_quick(): u32 {
  const gd = mycpu();
  return is_modern(gd) ? modern_yield(gd, gd.gd_curthread) : lwkt_yield_quick();
}

export function sys_lwkt_wait_create(f: Frame, cpu: u32): i32 {
  return kobj_create(f, KOBJ_WAIT, cpu);
}

/** The other arguments are read from the frame once the structure is allocated (lwkt_create_allocated). */
export function sys_lwkt_create(
  f: Frame,
  func: u32,
  arg: u32,
  template: Thread,
  flags: u32,
  fmt: u32,
  fmtarg: u32,
): u32 {
  if ((flags & TDL_KERNEL) != 0) return not_created(f, EINVAL);
  if (is_td(template) && is_used(template)) return not_created(f, EBUSY);
  return lwkt_create(template, 0);
}

function not_created(f: Frame, error: i32): u32 {
  f.a1 = 0;
  return done(error);
}

/**
 * True for a structure that must not become another thread's: its thread runs, waits, belongs to a process or
 * has yet to be reaped; or the kernel has it for the next thread.
 */
function is_used(td: Thread): bool {
  if (machine().bare == 0 && cold(td).td_tid != -1) return true;
  const exited = (td.td_lwflags & TDL_EXITED) != 0;
  if (!exited && (td.td_lwflags & (TDL_STARTED | TDL_RUNQ)) != 0) return true;
  return thread_is_free(td);
}

export function sys_lwkt_kthread_create(f: Frame, func: u32, arg: u32, fmt: u32, fmtarg: u32): u32 {
  return lwkt_create(no_td(), 1);
}

/**
 * The structure that lwkt_create (`kthread` 0) or lwkt_kthread_create (1) asked for is allocated; the other
 * arguments are still in the caller's frame.
 */
export function lwkt_create_allocated(kthread: u32): u32 {
  const cur = curthread();
  const f = td_frame(cur);
  const td = changetype<Thread>(f.retval);
  const arg = f.a1;
  f.a1 = changetype<u32>(td);
  if (!is_td(td)) return done(ENOMEM);
  if (kthread != 0) return lwkt_create_1(td, f.a0, arg, 0, f.a2, f.a3);
  return lwkt_create_1(td, f.a0, arg, f.a3, f.a4, f.a5);
}

export function sys_intr_enter(): void {
  mycpu().gd_intr_nesting_level++;
}

export function sys_intr_exit(): void {
  mycpu().gd_intr_nesting_level--;
}

export function sys_set_reqpri(pri: i32): void {
  mycpu().gd_reqpri = pri;
}

export function sys_set_untimely_switch(value: i32): void {
  machine().untimely_switch = value;
}

/** True if the current thread is LWKT's alone; otherwise it belongs to a process. */
function is_lwkt_only(): bool {
  return machine().bare != 0 || !is_proc(curthread().td_proc);
}

export function sys_lwkt_exit(): u32 {
  return is_lwkt_only() ? lwkt_exit() : thread_end();
}

export function sys_lwkt_proc_exit(): u32 {
  if (!is_lwkt_only()) return thread_end();
  crit_enter();
  cont_push(K.THREAD_EXIT_1);
  lwkt_deschedule_self();
  return PENDING;
}
