// Failures injected by a search (SEARCH_FAILURES): for one call the machine seems to be out of threads,
// processes, objects, credentials or memory, and the call fails in its own way.
//
// A call that would need nothing new cannot fail, and is not asked. Left out are kthread_start and kproc_start, which
// panic where the others fail.

import { cow_count } from "../kern/kern_cred";
import { lwkt_token_is_pooled } from "../kern/lwkt_pool";
import { GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { Plimit, Thread, Ucred } from "../sys/proc";
import { SEARCH_FAILURES, Search } from "../sys/search";
import { Sys } from "../sys/syscall";
import { no_td, td_frame } from "../sys/thread";
import { search_pick } from "./search_choose";
import { channel_of, search_plain_number } from "./search_reach";

/** Resources that a call can be made to lack. */
export enum Short {
  NOTHING = 0,
  THREADS = 1,
  PROCESSES = 2,
  OBJECTS = 3,
  MEMORY = 4,
  /** Those of threads without a process, which are not counted. */
  STRUCTURES = 5,
  STACKS = 6,
  CREDENTIALS = 7,
  LIMITS = 8,
}

/** More than there can be of any resource. */
const MANY: i32 = 1 << 30;

/** Before kernel call `nr` of a thread: chooses what the machine is short of, if anything. */
export function search_shorten(s: Search, td: Thread, nr: u32): Short {
  if ((s.s_choices & SEARCH_FAILURES) == 0) return Short.NOTHING;
  const short = choose_short(td, nr);
  const m = machine();
  switch (short) {
    case Short.THREADS:
      m.nthreads += MANY;
      break;
    case Short.PROCESSES:
      m.nprocs += MANY;
      break;
    case Short.OBJECTS:
      s.s_saved = <u32>m.kobj_end;
      s.s_saved_free = <u32>m.kobj_free;
      m.kobj_end = m.kobj_next;
      m.kobj_free = 0;
      break;
    case Short.MEMORY:
      s.s_saved = m.brk;
      m.brk = m.stack_low;
      break;
    case Short.STRUCTURES:
      hide_structures(s, m, globaldata(td.td_cpu));
      break;
    case Short.STACKS:
      s.s_saved = m.kstack_fail;
      m.kstack_fail = 1;
      break;
    case Short.CREDENTIALS:
      s.s_saved = m.cred_next;
      s.s_saved_free = changetype<u32>(m.cred_free);
      m.cred_next = <u32>cow_count(m.maxthread, m.maxproc);
      m.cred_free = changetype<Ucred>(0);
      break;
    case Short.LIMITS:
      s.s_saved = m.limit_next;
      s.s_saved_free = changetype<u32>(m.limit_free);
      m.limit_next = <u32>cow_count(m.maxthread, m.maxproc);
      m.limit_free = changetype<Plimit>(0);
      break;
  }
  return short;
}

/** After the call: restores the resource. */
export function search_unshorten(s: Search, td: Thread, short: Short): void {
  const m = machine();
  switch (short) {
    case Short.THREADS:
      m.nthreads -= MANY;
      break;
    case Short.PROCESSES:
      m.nprocs -= MANY;
      break;
    case Short.OBJECTS:
      m.kobj_end = s.s_saved;
      m.kobj_free = s.s_saved_free;
      break;
    case Short.MEMORY:
      m.brk = s.s_saved;
      break;
    case Short.STRUCTURES:
      show_structures(s, m, globaldata(td.td_cpu));
      break;
    case Short.STACKS:
      m.kstack_fail = s.s_saved;
      break;
    case Short.CREDENTIALS:
      m.cred_next = s.s_saved;
      m.cred_free = changetype<Ucred>(<usize>s.s_saved_free);
      break;
    case Short.LIMITS:
      m.limit_next = s.s_saved;
      m.limit_free = changetype<Plimit>(<usize>s.s_saved_free);
      break;
  }
}

/** Hides the thread structures that are free, and those that a CPU keeps for reuse. */
function hide_structures(s: Search, m: Machine, gd: GlobalData): void {
  s.s_saved = m.td_count;
  s.s_saved_free = changetype<u32>(m.zone_free);
  s.s_saved_kept = changetype<u32>(gd.gd_tdfreeq);
  s.s_saved_count = gd.gd_tdfreecount;
  m.td_count = m.zone_next;
  m.zone_free = no_td();
  gd.gd_tdfreeq = no_td();
  gd.gd_tdfreecount = 0;
}

function show_structures(s: Search, m: Machine, gd: GlobalData): void {
  m.td_count = s.s_saved;
  m.zone_free = changetype<Thread>(<usize>s.s_saved_free);
  gd.gd_tdfreeq = changetype<Thread>(<usize>s.s_saved_kept);
  gd.gd_tdfreecount = s.s_saved_count;
}

/** True if a CPU other than this one keeps structures, which it would give away before a creation fails. */
function others_keep_structures(m: Machine, cpu: u32): bool {
  for (let other: u32 = 0; other < m.ncpus; other++) {
    if (other != cpu && globaldata(other).gd_tdfreecount != 0) return true;
  }
  return false;
}

function perhaps(short: Short): Short {
  return search_pick(2) == 0 ? Short.NOTHING : short;
}

function choose_short(td: Thread, nr: u32): Short {
  switch (search_plain_number(nr)) {
    case Sys.kthread_add:
    case Sys.thr_create:
    case Sys.thread_alloc:
      return perhaps(Short.THREADS);
    case Sys.kproc_create:
    case Sys.kproc_kthread_add:
    case Sys.fork:
      return search_pick(3);
    case Sys.lwkt_create:
      if (td_frame(td).a2 != 0) return Short.NOTHING; // it brings a structure
    case Sys.lwkt_kthread_create:
      if (others_keep_structures(machine(), td.td_cpu)) return Short.NOTHING;
      return perhaps(Short.STRUCTURES);
    case Sys.thread_recycle:
      return perhaps(Short.STACKS);
    case Sys.proc_setcred:
    case Sys.td_setucred:
      return perhaps(Short.CREDENTIALS);
    case Sys.proc_setlimit:
      return perhaps(Short.LIMITS);
    case Sys.lwkt_token_pool_lookup:
    case Sys.lwkt_getpooltoken:
      if (lwkt_token_is_pooled(channel_of(nr, td_frame(td).a0))) return Short.NOTHING;
    case Sys.lwkt_token_create:
    case Sys.lwkt_wait_create:
    case Sys.mtx_create:
    case Sys.mtx_init:
    case Sys.rw_init:
    case Sys.sx_init:
    case Sys.rm_init:
    case Sys.lockinit:
    case Sys.cv_create:
    case Sys.sema_create:
    case Sys.barrier_create:
    case Sys.timer_create:
    case Sys.eventhandler_register:
      return perhaps(Short.OBJECTS);
    case Sys.kmem_malloc:
      return perhaps(Short.MEMORY);
    default:
      return Short.NOTHING;
  }
}
