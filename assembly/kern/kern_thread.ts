// Threads of processes (kern_thread.c): the count and its limit, allocation and reuse, exit, reaping,
// credentials and limits copied on write. Numbers in brackets are its lines.
//
// A thread that exits while others of its process remain cannot be freed while it is still on the CPU. It
// waits in gd_deadthread until the next thread has the CPU, then on the zombie list of its memory domain
// until it is reaped: by the next allocation, a callout every five seconds, or a barrier. The last thread of
// a process stays attached to it and is reused with it (kern_fork.ts).
import { panic, printf } from "../env";
import { CalloutFn } from "../sys/callout";
import { has_deadline } from "../sys/deadline";
import { ENOMEM } from "../sys/errno";
import { EventList } from "../sys/eventhandler";
import { curthread, mycpu } from "../sys/globaldata";
import { KASSERT, MPASS } from "../sys/kassert";
import { KTR_SCHED, KTR_STATE, KTR_THREAD, Ktr, ktr } from "../sys/ktr";
import { Machine, machine } from "../sys/machine";
import {
  KSTACK_MAX_PAGES,
  MAXTHREAD_RESERVE,
  REAP_SECONDS,
  TDCOUNTBATCH,
  THREAD0_TID,
  TIDBATCH,
} from "../sys/param";
import {
  P_HADTHREADS,
  P_STOPPED_SINGLE,
  Plimit,
  Proc,
  TDF_INMEM,
  TDL_EXITED,
  TDP_PREEMPTED,
  TDPRI_CRIT,
  TDS,
  Thread,
  ThreadCold,
  Ucred,
} from "../sys/proc";
import {
  barrier_task,
  reap_callout,
  reap_task,
  TaskFn,
  ThreadDomain,
  thread_domain,
  tid_batch,
} from "../sys/reap";
import { Policy } from "../sys/sched";
import { cold, cold_thread, is_td, no_td, rare, td_frame } from "../sys/thread";
import { cont_push, K, PENDING } from "./cont";
import {
  assert_realucred,
  crcowsync,
  crfree,
  crhold,
  is_cred,
  is_limit,
  lim_cowsync,
  lim_free,
  lim_hold,
  privileged,
  td_cred,
} from "./kern_cred";
import { proc_should_stop, thread_unsuspend_one } from "./kern_single";
import { ppsratecheck } from "./kern_subr";
import { charge_runtime } from "./kern_switch";
import { task_init, taskqueue_drain, taskqueue_enqueue } from "./kern_taskqueue";
import { tid_alloc, tid_free, tid_free_batch, tid_init, tidhash_init } from "./kern_tid";
import { callout_cancel_thread, callout_reset } from "./kern_timeout";
import { sched_exit_thread, sched_throw } from "./sched";
import { policy_priority } from "./sched_policy";
import { eventhandler_invoke } from "./subr_eventhandler";
import { thread_gone } from "./thread_gone";
import { thread_zero, thread_zone_alloc, thread_zone_free } from "./thread_zone";
import { stack_attach } from "./vm_glue";

// ---- The count ----

function thread_count_add(n: i32): void {
  machine().nthreads += n;
  ktr(KTR_THREAD, Ktr.COUNT, n);
}

/** Counts one more thread if the limit allows it; the last 100 are for privileged callers (176). */
function thread_count_inc_try(): bool {
  const m = machine();
  thread_count_add(1);
  if (m.nthreads >= m.maxthread - MAXTHREAD_RESERVE) {
    if (!privileged(curthread()) || m.nthreads >= m.maxthread) {
      thread_count_add(-1);
      return false;
    }
  }
  return true;
}

/** Counts one more thread, reaping first; reports at most once a second that there are too many (192). */
function thread_count_inc(): bool {
  const m = machine();
  thread_reap();
  if (m.nthreads + 1 >= m.maxthread - MAXTHREAD_RESERVE) return thread_count_inc_hard();
  thread_count_add(1);
  return true;
}

function thread_count_inc_hard(): bool {
  if (thread_count_inc_try()) return true;
  thread_reap_all();
  if (thread_count_inc_try()) return true;
  const m = machine();
  if (ppsratecheck(changetype<usize>(m) + offsetof<Machine>("reap_lastfail"))) {
    const td = curthread();
    const p = td.td_proc;
    printf(
      "maxthread limit exceeded by uid %u (pid %d); consider increasing kern.maxthread\n",
      td_cred(td).cr_uid,
      changetype<usize>(p) == 0 ? 0 : p.p_pid,
    );
  }
  return false;
}

/** Records that a thread was created, with the ids and the name by which a trace shows it. */
export function ktr_create(td: Thread, p: Proc): void {
  if ((machine().ktr_mask & (KTR_SCHED | KTR_STATE)) == 0) return;
  const c = cold(td);
  const at = changetype<u32>(td);
  ktr(KTR_SCHED, Ktr.CREATE, at, changetype<u32>(p), c.td_tid, p.p_pid);
  ktr(KTR_STATE, Ktr.NAME, at, c.td_namefmt, c.td_namearg);
}

// ---- Initialisation ----

/** Sets up the allocation of threads, with thread0 as the first, and the reaper (539). */
export function threadinit(): void {
  const m = machine();
  tid_init();
  thread_count_inc();
  const tid0 = tid_alloc();
  if (tid0 != THREAD0_TID) panic("tid0 %d != %d\n", tid0, THREAD0_TID);
  tidhash_init();
  task_init(reap_task(), TaskFn.THREAD_REAP, 0);
  callout_reset(reap_callout(), m.hz * REAP_SECONDS, CalloutFn.THREAD_REAP, 0);
}

// ---- Zombies ----

/** Puts a dead thread at the head of its domain's zombie list (598). */
function thread_zombie(td: Thread): void {
  const tdd = thread_domain(cold(td).td_allocdomain);
  td.td_qnext = changetype<u32>(tdd.tdd_zombies);
  tdd.tdd_zombies = td;
  tdd.tdd_nzombies++;
}

/** Files a thread that has left its CPU for good (618). */
export function thread_stash(td: Thread): void {
  td.td_proc.p_exitthreads--;
  thread_zombie(td);
}

/**
 * Frees the zombies of a domain, newest first (628). Ids are freed in batches of 16, counts in batches of 32,
 * the remainders at the end.
 */
function thread_reap_domain(tdd: ThreadDomain): void {
  let td = tdd.tdd_zombies;
  if (!is_td(td)) return;
  tdd.tdd_zombies = no_td();
  tdd.tdd_nzombies = 0;
  tdd.tdd_reapticks = machine().ticks;
  const tids = tid_batch(tdd);
  let ntids: u32 = 0;
  let ntds: u32 = 0;
  while (is_td(td)) {
    const next = changetype<Thread>(td.td_qnext);
    td.td_qnext = 0;
    thread_dtor_event(td);
    store<i32>(tids + <usize>ntids * sizeof<i32>(), cold(td).td_tid);
    ntids++;
    ntds++;
    thread_cow_free(td);
    thread_free_batched(td);
    if (ntids == TIDBATCH) {
      tid_free_batch(tids, ntids);
      ntids = 0;
    }
    if (ntds == TDCOUNTBATCH) {
      thread_count_add(-(<i32>ntds));
      ntds = 0;
    }
    td = next;
  }
  if (ntids != 0) tid_free_batch(tids, ntids);
  if (ntds != 0) thread_count_add(-(<i32>ntds));
}

/** The memory domain of the running CPU: CPUs are assigned to domains in turn. */
function cpu_domain(): u32 {
  const n = machine().ndomains;
  return n == 1 ? 0 : mycpu().gd_cpuid % n;
}

/** Frees the zombies of all domains, this CPU's first (688). */
export function thread_reap_all(): void {
  const n = machine().ndomains;
  const domain = cpu_domain();
  for (let i: u32 = 0; i < n; i++) thread_reap_domain(thread_domain((i + domain) % n));
}

/** Frees the zombies of this CPU's domain (704). */
export function thread_reap(): void {
  const tdd = thread_domain(cpu_domain());
  if (is_td(tdd.tdd_zombies)) thread_reap_domain(tdd);
}

/** Every five seconds: reaps if some domain has not been reaped for that long (723). */
export function thread_reap_callout(): void {
  const m = machine();
  const period: u32 = m.hz * REAP_SECONDS;
  for (let i: u32 = 0; i < m.ndomains; i++) {
    const tdd = thread_domain(i);
    if (is_td(tdd.tdd_zombies) && <u32>(m.ticks - tdd.tdd_reapticks) > period) {
      taskqueue_enqueue(reap_task());
      break;
    }
  }
  callout_reset(reap_callout(), period, CalloutFn.THREAD_REAP, 0);
}

/**
 * Returns once every thread that had exited before the call is reaped (755). A dead thread leaves its CPU in
 * the same step in which it exits, so there is no CPU to wait for.
 */
export function thread_reap_barrier(): void {
  const task = barrier_task();
  task_init(task, TaskFn.THREAD_REAP, 0);
  taskqueue_enqueue(task);
  taskqueue_drain(task);
}

// ---- Allocation ----

/** Gives a thread a kernel stack; false if there is no memory for it. */
function vm_thread_new(c: ThreadCold, pages: u32): bool {
  const m = machine();
  if (m.kstack_fail != 0) {
    m.kstack_fail--;
    return false;
  }
  const most = <u32>KSTACK_MAX_PAGES;
  const n = pages == 0 ? m.kstack_pages : pages;
  const taken = n > most ? most : n;
  if (!stack_attach(cold_thread(c), taken)) return false;
  c.td_kstack_pages = <u8>taken;
  return true;
}

/** Reports an allocated thread to the event handlers and the trace. */
function thread_ctor_event(td: Thread): void {
  ktr(KTR_THREAD, Ktr.CTOR, cold(td).td_tid);
  eventhandler_invoke(EventList.THREAD_CTOR, td);
}

/** Reports a thread about to be freed to the event handlers and the trace. */
function thread_dtor_event(td: Thread): void {
  ktr(KTR_THREAD, Ktr.DTOR, cold(td).td_tid);
  eventhandler_invoke(EventList.THREAD_DTOR, td);
}

function thread_dtor_panic(td: Thread): void {
  if (<i32>td.td_state > TDS.RUNNING) panic("bad thread state");
  panic("bad state for thread unlinking");
}

/** Performed by the zone on every structure that is freed (411). */
function thread_dtor(td: Thread): void {
  if (td.td_state != TDS.INACTIVE) thread_dtor_panic(td);
  cold(td).td_ast = 0;
}

function thread_uma_free(td: Thread): void {
  thread_dtor(td);
  thread_zone_free(td);
}

/** A structure that is freed unused looks like one whose thread has run: no request for it is carried out. */
function thread_unused(td: Thread): void {
  td.td_lwflags = TDL_EXITED;
  td.td_pri = TDPRI_CRIT;
}

/** A new thread with an id and a kernel stack, linked to no process; null beyond the limit (780). */
export function thread_alloc(pages: u32): Thread {
  if (!thread_count_inc()) return no_td();
  const tid = tid_alloc();
  const td = thread_zone_alloc();
  if (!is_td(td)) {
    tid_free(tid);
    thread_count_add(-1);
    return td;
  }
  const c = cold(td);
  thread_zero(td, c); // which also makes it INACTIVE (thread_ctor, 381)
  KASSERT(c.td_kstack_pages == 0, "thread_alloc got thread with kstack");
  if (!vm_thread_new(c, pages)) {
    c.td_tid = -1;
    thread_unused(td);
    thread_uma_free(td);
    tid_free(tid);
    thread_count_add(-1);
    return no_td();
  }
  c.td_tid = tid;
  thread_ctor_event(td);
  return td;
}

/** Prepares the thread of a reused process for its next use: ENOMEM without a stack (808). */
export function thread_recycle(td: Thread, pages: u32): i32 {
  const c = cold(td);
  if (c.td_kstack_pages == 0 || <u32>c.td_kstack_pages != pages) {
    c.td_kstack_pages = 0;
    if (!vm_thread_new(c, pages)) return ENOMEM;
  }
  return 0;
}

/** Frees a thread except for its id and its place in the count (826). */
function thread_free_batched(td: Thread): void {
  const c = cold(td);
  c.td_kstack_pages = 0;
  callout_cancel_thread(td);
  c.td_tid = -1;
  thread_uma_free(td);
}

/** Frees a thread that is linked to no process and has never run (846). */
export function thread_free(td: Thread): void {
  thread_dtor_event(td);
  thread_gone(td);
  thread_unused(td);
  const tid = cold(td).td_tid;
  thread_free_batched(td);
  tid_free(tid);
  thread_count_add(-1);
}

/** Clears what a reused thread must not keep (kern_kthread.c 278). */
export function thread_clear(td: Thread): void {
  const c = cold(td);
  rare(td).td_nivcsw = 0;
  c.td_pflags = 0;
  c.td_dbgflags = 0;
  c.td_ast = 0;
  c.td_intrval = 0;
  c.td_wmesg = 0;
  td_frame(td).retval = 0;
  td.td_flags = 0;
  td.td_runtime = 0;
  td.td_nvcsw = 0;
}

/** Copies what a new thread inherits, except for the name, which the caller sets (kern_kthread.c 280). */
export function thread_copy(c: ThreadCold, from: ThreadCold): void {
  c.td_pri_class = from.td_pri_class;
  c.td_base_pri = from.td_base_pri;
  c.td_priority = from.td_priority;
  if (has_deadline(cold_thread(from))) {
    // A deadline is not inherited: the new thread begins as a time-sharing one.
    c.td_base_pri = <u8>policy_priority(Policy.OTHER, 0);
    c.td_priority = c.td_base_pri;
  }
}

// ---- Credentials and limits ----

/** Gives a new thread its process's credential and limits (858). */
export function thread_cow_get_proc(c: ThreadCold, p: Proc): void {
  c.td_ucred = crhold(p.p_ucred);
  c.td_limit = lim_hold(p.p_limit);
  c.td_cowgen = p.p_cowgen;
}

/** Gives a new thread another thread's credential and limits, which may be old ones (869). */
export function thread_cow_get(newtd: Thread, td: Thread): void {
  const c = cold(newtd);
  const from = cold(td);
  assert_realucred(td);
  c.td_ucred = crhold(from.td_ucred);
  c.td_limit = lim_hold(from.td_limit);
  c.td_cowgen = from.td_cowgen;
}

/** Drops a thread's credential and limits (880). */
export function thread_cow_free(td: Thread): void {
  const c = cold(td);
  if (is_cred(c.td_ucred)) crfree(c.td_ucred);
  if (is_limit(c.td_limit)) lim_free(c.td_limit);
  c.td_ucred = changetype<Ucred>(0);
  c.td_limit = changetype<Plimit>(0);
}

/** The current thread catches up with its process (890). */
export function thread_cow_update(td: Thread): void {
  crcowsync();
  lim_cowsync();
  cold(td).td_cowgen = td.td_proc.p_cowgen;
}

/** Records that a thread has caught up by other means (909). */
export function thread_cow_synced(td: Thread): void {
  const c = cold(td);
  const p = td.td_proc;
  MPASS(c.td_cowgen != p.p_cowgen, "td->td_cowgen != p->p_cowgen");
  MPASS(c.td_ucred == p.p_ucred, "td->td_ucred == p->p_ucred");
  MPASS(c.td_limit == p.p_limit, "td->td_limit == p->p_limit");
  c.td_cowgen = p.p_cowgen;
}

// ---- Exit ----

/**
 * Ends the current thread (931). It becomes a zombie if others remain in its process; the only thread of a
 * process that never had more stays attached to it. Does not return.
 */
export function thread_exit(): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  const p = td.td_proc;
  KASSERT(changetype<usize>(p) != 0, "thread exiting without a process");
  assert_realucred(td);
  if ((p.p_flag & P_HADTHREADS) != 0) {
    if (p.p_numthreads <= 1) panic("thread_exit: Last thread exiting on its own");
    p.p_exitthreads++;
    thread_unlink(td);
    sched_exit_thread(p.p_threads, td);
    if (proc_should_stop(p) == P_STOPPED_SINGLE && p.p_numthreads == p.p_suspcount) {
      thread_unsuspend_one(p.p_singlethread, p, false);
    }
    gd.gd_deadthread = td;
  }
  charge_runtime(gd);
  p.p_runtime += td.td_runtime;
  p.p_nvcsw += <u64>td.td_nvcsw + 1; // the switch that follows
  if ((cold(td).td_pflags & TDP_PREEMPTED) != 0) p.p_nivcsw += <u64>rare(td).td_nivcsw;
  if (td.td_state == TDS.RUNQ) cont_push(K.TEAPOT);
  td.td_state = <u8>TDS.INACTIVE;
  thread_gone(td);
  ktr(KTR_SCHED, Ktr.EXIT, changetype<u32>(td), changetype<u32>(p));
  sched_throw(td);
  return PENDING;
}

/** A thread that had put itself on the run queue before it ended has been picked again (1036). */
export function thread_exit_1(): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  td.td_lwflags |= TDL_EXITED;
  if (gd.gd_deadthread == td) {
    gd.gd_deadthread = no_td();
    thread_stash(td);
  }
  panic("I'm a teapot!");
  return PENDING;
}

/** Cleans up the last thread of a process that is harvested (1044). */
export function thread_wait(p: Proc): void {
  KASSERT(p.p_numthreads == 1, "multiple threads in thread_wait()");
  KASSERT(p.p_exitthreads == 0, "p_exitthreads leaking");
  const td = p.p_threads;
  thread_cow_free(td);
  callout_cancel_thread(td);
  thread_reap();
}

// ---- Links between threads and processes ----

/** Makes `td` the first thread of a new process (503). */
export function proc_linkup(p: Proc, td: Thread): void {
  p.p_threads = no_td();
  p.p_threads_last = no_td();
  p.p_numthreads = 0;
  thread_link(td, cold(td), p);
}

/** Adds a thread to a process, as its last one (1070). */
export function thread_link(td: Thread, c: ThreadCold, p: Proc): void {
  const last = p.p_threads_last;
  td.td_state = <u8>TDS.INACTIVE;
  td.td_proc = p;
  td.td_flags = TDF_INMEM;
  c.td_plist_next = no_td();
  c.td_plist_prev = last;
  if (is_td(last)) cold(last).td_plist_next = td;
  else p.p_threads = td;
  p.p_threads_last = td;
  p.p_numthreads++;
}

/** Takes a thread out of its process; td_proc stays (1099). */
function thread_unlink(td: Thread): void {
  const c = cold(td);
  const p = td.td_proc;
  const next = c.td_plist_next;
  const prev = c.td_plist_prev;
  if (is_td(next)) cold(next).td_plist_prev = prev;
  else p.p_threads_last = prev;
  if (is_td(prev)) cold(prev).td_plist_next = next;
  else p.p_threads = next;
  p.p_numthreads--;
}

/** The thread after `td` in its process's list, or null. */
export function thread_next(td: Thread): Thread {
  return cold(td).td_plist_next;
}
