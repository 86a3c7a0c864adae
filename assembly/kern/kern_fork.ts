// Processes: allocation and reuse, the pid hash, the tree of parents and children, and fork1.
//
// A harvested structure keeps its last thread, with that thread's id and place in the thread count, and the
// next fork1 reuses both, the last harvested first.
import { printf } from "../env";
import { EAGAIN, EINVAL, ENOMEM, EPROCLIM } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { MAXPROC_RESERVE, PID_MAX, PROC_SPARE, RFCFDG, RFFDG, RFSTOPPED } from "../sys/param";
import {
  Frame,
  P_HADTHREADS,
  PRS,
  Proc,
  SRUN,
  TDA_SUSPEND,
  TDF_INMEM,
  TDL_EXITED,
  TDS,
  Thread,
  Ucred,
} from "../sys/proc";
import { cold, is_td, td_frame, td_valid } from "../sys/thread";
import { ast_tell } from "./kern_ast";
import {
  crfree,
  crget,
  crhold,
  is_cred,
  lim_free,
  lim_hold,
  privileged,
  td_cred,
} from "./kern_cred";
import { proc_should_stop } from "./kern_single";
import { ppsratecheck } from "./kern_subr";
import { cpu_set_thread_handler } from "./kern_switch";
import {
  ktr_create,
  proc_linkup,
  thread_alloc,
  thread_clear,
  thread_copy,
  thread_cow_free,
  thread_cow_get,
  thread_cow_get_proc,
  thread_link,
  thread_recycle,
} from "./kern_thread";
import { tidhash_add } from "./kern_tid";
import { sched_add, sched_fork_thread, sched_inherit } from "./sched";

/** Bytes from one process to the next. */
const PROC_STRIDE: usize = offsetof<Proc>();

export function is_proc(p: Proc): bool {
  return changetype<usize>(p) != 0;
}

function no_proc(): Proc {
  return changetype<Proc>(0);
}

// ---- Structures ----

/** Bytes of the processes. */
export function proc_arena_bytes(maxproc: u32): usize {
  return <usize>(maxproc + PROC_SPARE) * PROC_STRIDE;
}

/** True for the address of a process that has not been harvested. */
export function proc_valid(address: u32): bool {
  const m = machine();
  const offset = address - <u32>m.proc_base;
  if (address < <u32>m.proc_base || offset >= m.proc_next * <u32>PROC_STRIDE) return false;
  return offset % <u32>PROC_STRIDE == 0 && changetype<Proc>(address).p_pid >= 0;
}

/** The next structure never used before; proc0 is the first. */
export function proc_construct(): Proc {
  const m = machine();
  const p = changetype<Proc>(m.proc_base + <usize>m.proc_next * PROC_STRIDE);
  m.proc_next++;
  return p;
}

/** Clears a process except for its thread, and enters it under its pid. */
function proc_setup(p: Proc, pid: i32): void {
  const first = p.p_threads;
  const last = p.p_threads_last;
  const n = p.p_numthreads;
  memory.fill(changetype<usize>(p), 0, PROC_STRIDE);
  p.p_threads = first;
  p.p_threads_last = last;
  p.p_numthreads = n;
  p.p_pid = pid;
  const m = machine();
  p.p_state = PRS.NEW;
  m.tid_care++;
  p.p_stat = SRUN;
  pidhash_add(p);
  const next = m.allproc;
  p.p_list_next = next;
  if (is_proc(next)) next.p_list_prev = p;
  m.allproc = p;
}

/** From now on lookups find the process. */
function proc_complete(p: Proc): void {
  p.p_state = PRS.NORMAL;
  machine().tid_care--;
}

/** Puts a harvested process on the free list with its thread; its pid is free. */
export function proc_free(p: Proc): void {
  const m = machine();
  proc_unlink_sibling(p);
  pidhash_remove(p);
  const next = p.p_list_next;
  const prev = p.p_list_prev;
  if (is_proc(next)) next.p_list_prev = prev;
  if (is_proc(prev)) prev.p_list_next = next;
  else m.allproc = next;
  crfree(p.p_ucred);
  lim_free(p.p_limit);
  p.p_pid = -1;
  p.p_pptr = no_proc();
  p.p_list_next = m.proc_free;
  m.proc_free = p;
  m.nprocs--;
}

// ---- Pids ----

/** Buckets of the pid hash: a power of two, about one per process. */
function pidhash_buckets(maxproc: u32): u32 {
  let buckets: u32 = 16;
  while (buckets < maxproc) buckets <<= 1;
  return buckets;
}

/** Bytes of the pid hash. */
export function pidhash_bytes(maxproc: u32): usize {
  return <usize>pidhash_buckets(maxproc) * sizeof<usize>();
}

/** Sets the size of the pid hash, whose arena is zero. */
export function pidhash_init(): void {
  const m = machine();
  m.pidhash_mask = pidhash_buckets(m.maxproc) - 1;
}

function pidhash_bucket(pid: i32): usize {
  const m = machine();
  return m.pidhash_base + <usize>(<u32>pid & m.pidhash_mask) * sizeof<usize>();
}

function pidhash_add(p: Proc): void {
  const bucket = pidhash_bucket(p.p_pid);
  p.p_hash_next = changetype<Proc>(load<u32>(bucket));
  store<u32>(bucket, changetype<u32>(p));
}

function pidhash_remove(p: Proc): void {
  let link = pidhash_bucket(p.p_pid);
  while (load<u32>(link) != changetype<u32>(p)) {
    link = <usize>load<u32>(link) + offsetof<Proc>("p_hash_next");
  }
  store<u32>(link, changetype<u32>(p.p_hash_next));
}

/** The process with a pid, or null. */
export function pfind(pid: i32): Proc {
  let p = changetype<Proc>(load<u32>(pidhash_bucket(pid)));
  while (is_proc(p) && p.p_pid != pid) p = p.p_hash_next;
  return p;
}

/** The next pid: one above the last, wrapping from the highest to 2, and never one in use. */
function pid_alloc(): i32 {
  const m = machine();
  let pid: i32;
  do {
    if (m.nextpid > PID_MAX) m.nextpid = 2;
    pid = m.nextpid++;
  } while (is_proc(pfind(pid)));
  return pid;
}

// ---- The tree ----

function proc_unlink_sibling(p: Proc): void {
  const next = p.p_sibling_next;
  const prev = p.p_sibling_prev;
  if (is_proc(next)) next.p_sibling_prev = prev;
  if (is_proc(prev)) prev.p_sibling_next = next;
  else p.p_pptr.p_children = next;
}

function proc_link_child(p: Proc, parent: Proc): void {
  const first = parent.p_children;
  p.p_pptr = parent;
  p.p_sibling_next = first;
  p.p_sibling_prev = no_proc();
  if (is_proc(first)) first.p_sibling_prev = p;
  parent.p_children = p;
}

/** Makes a process the first child of another parent. */
export function proc_reparent(p: Proc, parent: Proc): void {
  if (p.p_pptr == parent) return;
  proc_unlink_sibling(p);
  proc_link_child(p, parent);
}

// ---- Creation ----

/** proc0, with thread0 as its thread: the machine before its first fork. */
export function proc0_init(p: Proc, td: Thread): void {
  proc_setup(p, 0);
  proc_complete(p);
  proc_linkup(p, td);
}

/** Counts one more process if the limit allows it; otherwise reports that, at most once a second. */
function proc_count_inc(td: Thread): bool {
  const m = machine();
  m.nprocs++;
  if (!is_proc(m.initproc)) return true;
  const limit = privileged(td) ? m.maxproc : m.maxproc - MAXPROC_RESERVE;
  if (m.nprocs < limit) return true;
  m.nprocs--;
  if (ppsratecheck(changetype<usize>(m) + offsetof<Machine>("proc_lastfail"))) {
    printf(
      "maxproc limit exceeded by uid %u (pid %d); see tuning(7) and login.conf(5)\n",
      td_cred(td).cr_uid,
      td.td_proc.p_pid,
    );
  }
  return false;
}

/** A structure with a thread that has `pages` pages of stack; null without memory. */
function proc_alloc(pages: u32): Proc {
  const m = machine();
  let p = m.proc_free;
  if (is_proc(p)) {
    if (thread_recycle(p.p_threads, pages == 0 ? m.kstack_pages : pages) != 0) return no_proc();
    m.proc_free = p.p_list_next;
    return p;
  }
  const td = thread_alloc(pages);
  if (!is_td(td)) return no_proc();
  p = proc_construct();
  proc_linkup(p, td);
  return p;
}

/** Resets the thread of a reused process. */
function thread_renew(td: Thread): void {
  td.td_lwflags = 0;
  td.td_state = <u8>TDS.INACTIVE;
  td.td_inhib = 0;
  td.td_kfn = 0;
  td.td_kdepth = 0;
  td.td_body = 0;
  td.td_flags = TDF_INMEM;
  memory.fill(changetype<usize>(td_frame(td)), 0, offsetof<Frame>());
}

/**
 * Forks `td1`'s process (FreeBSD's fork1): a new process with one thread, not yet runnable and without a
 * body. On success it is the first of all processes (Machine.allproc). EINVAL for RFFDG with RFCFDG, EAGAIN
 * at the process limit, ENOMEM without a thread.
 */
export function fork1(td1: Thread, flags: i32, pages: u32): i32 {
  if ((flags & (RFFDG | RFCFDG)) == (RFFDG | RFCFDG)) return EINVAL;
  if (!proc_count_inc(td1)) return EAGAIN;
  const p = proc_alloc(pages);
  if (!is_proc(p)) {
    machine().nprocs--;
    return ENOMEM;
  }
  const parent = td1.td_proc;
  const td = p.p_threads;
  proc_setup(p, pid_alloc());
  thread_renew(td);
  const c = cold(td);
  const from = cold(td1);
  thread_clear(td);
  thread_copy(c, from);
  c.td_namefmt = from.td_namefmt;
  c.td_namearg = from.td_namearg;
  td.td_flags = TDF_INMEM;
  td.td_proc = p;
  p.p_namefmt = parent.p_namefmt;
  p.p_namearg = parent.p_namearg;
  proc_link_child(p, parent);
  p.p_ucred = crhold(parent.p_ucred);
  p.p_limit = lim_hold(parent.p_limit);
  thread_cow_get_proc(c, p);
  sched_inherit(td, td1, true);
  sched_fork_thread(td, c);
  tidhash_add(td);
  proc_complete(p);
  ktr_create(td, p);
  return 0;
}

/** Gives a process and its only thread a credential of their own. */
function fork_setcred(p: Proc, td: Thread, cred: Ucred): void {
  crfree(p.p_ucred);
  p.p_ucred = cred;
  thread_cow_free(td);
  thread_cow_get_proc(cold(td), p);
}

/**
 * The fork call of a body: a user process whose thread runs `func(arg)`, at once unless `flags` has
 * RFSTOPPED, as user `uid` unless that is -1. A thread without a process forks proc0.
 */
export function kern_fork(func: u32, arg: u32, flags: i32, pages: u32, uid: i32): i32 {
  const me = curthread();
  const cred = uid == -1 ? changetype<Ucred>(0) : crget(uid);
  if (uid != -1 && !is_cred(cred)) return ENOMEM;
  const error = fork1(is_proc(me.td_proc) ? me : machine().thread0, flags | RFFDG, pages);
  if (error != 0) {
    if (is_cred(cred)) crfree(cred);
    return error;
  }
  const p = machine().allproc;
  const td = p.p_threads;
  if (is_cred(cred)) fork_setcred(p, td, cred);
  cpu_set_thread_handler(td, func, arg);
  td.td_state = <u8>TDS.CAN_RUN;
  if ((flags & RFSTOPPED) == 0) sched_add(td);
  return 0;
}

/**
 * Creates a thread of the current user process that runs `func(arg)`: EPROCLIM beyond
 * max_threads_per_proc, ENOMEM without memory. On success it is the last of the process's threads.
 */
export function kern_thr_create(func: u32, arg: u32): i32 {
  const td = curthread();
  const p = td.td_proc;
  if (p.p_numthreads >= machine().max_threads_per_proc) return EPROCLIM;
  const newtd = thread_alloc(0);
  if (!is_td(newtd)) return ENOMEM;
  const c = cold(newtd);
  thread_copy(c, cold(td));
  cpu_set_thread_handler(newtd, func, arg);
  thread_cow_get(newtd, td);
  p.p_flag |= P_HADTHREADS;
  thread_link(newtd, c, p);
  c.td_namefmt = p.p_namefmt;
  c.td_namearg = p.p_namearg;
  sched_inherit(newtd, td, false);
  sched_fork_thread(newtd, c);
  const stops = proc_should_stop(p) != 0;
  if (stops) c.td_ast |= TDA_SUSPEND;
  tidhash_add(newtd);
  newtd.td_state = <u8>TDS.CAN_RUN;
  ktr_create(newtd, p);
  sched_add(newtd);
  if (stops) ast_tell(newtd);
  return 0;
}

/** True for the address of a thread that belongs to a process and has not exited. */
export function thread_alive(address: u32): bool {
  if (!td_valid(address)) return false;
  const td = changetype<Thread>(address);
  return cold(td).td_tid != -1 && is_proc(td.td_proc) && (td.td_lwflags & TDL_EXITED) == 0;
}
