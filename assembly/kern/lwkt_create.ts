// Creation and exit of LWKT threads (lwkt_thread.c 142-225 and 763-838, 2003): structures and stacks. Numbers
// in brackets are its lines.
//
// An exited thread's structure goes onto its CPU's free list, which holds up to six, together with its stack;
// the next thread created there reuses both. Further ones go back to the zone, which FreeBSD's threads use,
// too.
import { printf } from "../env";
import { curthread, GlobalData, mycpu } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { KTR_LWKT, KTR_STATE, Ktr, ktr } from "../sys/ktr";
import { CACHE_NTHREADS, KSTACK_PAGES } from "../sys/param";
import {
  TDL_ALLOCATED_STACK,
  TDL_ALLOCATED_THREAD,
  TDL_EXITED,
  TDL_EXITING,
  TDL_STOPREQ,
  TDL_VERBOSE,
  TDPRI_CRIT,
  Thread,
} from "../sys/proc";
import { tailq_insert_head, tailq_insert_tail, tailq_remove } from "../sys/queue";
import { cold, is_td, no_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING } from "./cont";
import { cpu_set_thread_handler } from "./kern_switch";
import {
  _lwkt_dequeue,
  crit_enter,
  crit_exit,
  lwkt_deschedule_self,
  lwkt_schedule,
  lwkt_switch,
} from "./lwkt_thread";
import { thread_gone } from "./thread_gone";
import {
  tdfreeq,
  thread_is_free,
  thread_zero,
  thread_zone_alloc,
  thread_zone_free,
} from "./thread_zone";
import { stack_attach } from "./vm_glue";

// ---- Structures ----

/** Source of an allocated structure, in the ALLOC record. */
const ALLOC_FRESH: u32 = 0;
const ALLOC_TEMPLATE: u32 = 1;
const ALLOC_REUSED: u32 = 2;

/**
 * Allocates a thread (142): the caller's structure, the first of this CPU's free list, or a fresh one. Leaves
 * its address in td_retval, 0 if all are in use. May switch at its crit_exit.
 */
function lwkt_alloc_thread(template: Thread): u32 {
  if (is_td(template)) return lwkt_alloc_1(template, ALLOC_TEMPLATE);
  crit_enter();
  const gd = mycpu();
  let td = no_td();
  if (gd.gd_tdfreecount > 0) {
    gd.gd_tdfreecount--;
    td = gd.gd_tdfreeq;
    KASSERT(
      is_td(td) && (td.td_lwflags & TDL_EXITED) != 0,
      "lwkt_alloc_thread: unexpected NULL or corrupted td",
    );
    tailq_remove(tdfreeq(gd), td);
  }
  const how = is_td(td) ? ALLOC_REUSED : ALLOC_FRESH;
  if (curthread().td_pri - TDPRI_CRIT < gd.gd_reqpri) {
    cont_push(K.ALLOC_1, changetype<u32>(td), how);
    crit_exit();
    return PENDING;
  }
  crit_exit();
  return lwkt_alloc_1(td, how);
}

/** The rest of lwkt_alloc_thread: structure and stack. */
export function lwkt_alloc_1(td: Thread, how: u32): u32 {
  let flags: u32 = 0;
  if (how == ALLOC_REUSED) {
    flags = td.td_lwflags & (TDL_ALLOCATED_STACK | TDL_ALLOCATED_THREAD);
  } else if (how == ALLOC_FRESH) {
    td = thread_zone_alloc();
    if (!is_td(td)) return done(0);
    flags = TDL_ALLOCATED_THREAD;
  }
  if (!stack_attach(td, KSTACK_PAGES)) {
    if (how != ALLOC_TEMPLATE) thread_zone_free(td);
    return done(0);
  }
  let pages = cold(td).td_kstack_pages;
  if (pages == 0) {
    pages = <u8>KSTACK_PAGES;
    flags |= TDL_ALLOCATED_STACK;
  }
  lwkt_init_thread(td, pages, <u16>flags, mycpu());
  ktr(KTR_LWKT, Ktr.ALLOC, changetype<u32>(td), how);
  return done(changetype<i32>(td));
}

/** Initialises a structure (180): one critical section, priority 0, owned by `gd`'s CPU. */
export function lwkt_init_thread(td: Thread, pages: u8, flags: u16, gd: GlobalData): void {
  const c = cold(td);
  thread_zero(td, c);
  c.td_tid = -1;
  c.td_kstack_pages = pages;
  td.td_lwflags = flags;
  td.td_cpu = <u8>gd.gd_cpuid;
  td.td_pri = TDPRI_CRIT;
}

/** Frees an exited thread (191): into this CPU's cache while that holds fewer than 6. May switch. */
export function lwkt_free_thread(td: Thread): u32 {
  KASSERT(
    (td.td_lwflags & TDL_EXITED) != 0,
    "lwkt_free_thread: did not exit! %p",
    changetype<usize>(td),
  );
  // The original frees it again, and two threads get one structure.
  KASSERT(!thread_is_free(td), "lwkt_free_thread: is free already! %p", changetype<usize>(td));
  crit_enter();
  const gd = mycpu();
  if (gd.gd_tdfreecount < CACHE_NTHREADS && (td.td_lwflags & TDL_ALLOCATED_THREAD) != 0) {
    gd.gd_tdfreecount++;
    tailq_insert_head(tdfreeq(gd), td);
    return crit_exit();
  }
  cont_push(K.FREE_1, changetype<u32>(td));
  crit_exit();
  return PENDING;
}

/** The rest of lwkt_free_thread: give the stack and the structure back. */
export function lwkt_free_1(td: Thread): u32 {
  const c = cold(td);
  if (c.td_kstack_pages != 0 && (td.td_lwflags & TDL_ALLOCATED_STACK) != 0) {
    ktr(KTR_LWKT, Ktr.KFREE, changetype<u32>(td));
    c.td_kstack_pages = 0;
  }
  if ((td.td_lwflags & TDL_ALLOCATED_THREAD) != 0) {
    ktr(KTR_LWKT, Ktr.ZFREE, changetype<u32>(td));
    thread_zone_free(td);
  }
  return DONE;
}

// ---- Creation and exit ----

/**
 * Creates a thread (763) in `template` or an allocated structure and schedules it, unless `tdflags` has
 * TDL_STOPREQ. Returns 0; the thread's address is left in a1 of the caller's frame. The other arguments
 * are read from the caller's frame when the structure is there (sys_lwkt.ts); `kthread` 1: those of
 * DragonFly's kthread_create (815), which has no template and no flags.
 */
export function lwkt_create(template: Thread, kthread: u32): u32 {
  cont_push(K.CREATE_1, kthread);
  lwkt_alloc_thread(template);
  return PENDING;
}

/** The structure is allocated: sets it up and schedules it. */
export function lwkt_create_1(
  td: Thread,
  func: u32,
  arg: u32,
  tdflags: u32,
  fmt: u32,
  fmtarg: u32,
): u32 {
  cpu_set_thread_handler(td, func, arg);
  td.td_lwflags |= TDL_VERBOSE | <u16>tdflags;
  const c = cold(td);
  c.td_namefmt = fmt;
  c.td_namearg = fmtarg;
  ktr(KTR_STATE, Ktr.CREATE, changetype<u32>(td), 0, -1, -1);
  ktr(KTR_STATE, Ktr.NAME, changetype<u32>(td), fmt, fmtarg);
  cont_push(K.CREATE_2, changetype<u32>(td));
  if ((td.td_lwflags & TDL_STOPREQ) == 0) lwkt_schedule(td);
  else td.td_lwflags &= ~TDL_STOPREQ;
  return PENDING;
}

/** Ends the current thread (797): its structure goes to the tail of this CPU's free list. */
export function lwkt_exit(): u32 {
  const td = curthread();
  if ((td.td_lwflags & TDL_VERBOSE) != 0) {
    printf("kthread %p %N has exited\n", changetype<usize>(td), changetype<usize>(td));
  }
  crit_enter();
  cont_push(K.LWKT_EXIT_1);
  lwkt_deschedule_self();
  return PENDING;
}

export function lwkt_exit_1(): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  gd.gd_tdfreecount++;
  tailq_insert_tail(tdfreeq(gd), td);
  return cpu_thread_exit();
}

/** Leaves the current thread for good; the switch that follows marks it exited. */
export function cpu_thread_exit(): u32 {
  const td = curthread();
  _lwkt_dequeue(td); // if it was preempted and scheduled after it descheduled itself
  thread_gone(td);
  td.td_lwflags |= TDL_EXITING;
  return lwkt_switch();
}
