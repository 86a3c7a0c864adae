// Failures injected by a search (SEARCH_FAILURES): for one call the machine seems to be out of threads,
// processes, objects or guest memory, and the call fails in its own way.

import { machine } from "../sys/machine";
import { SEARCH_FAILURES, Search } from "../sys/search";
import { Sys } from "../sys/syscall";
import { search_pick } from "./search_choose";

/** Resources that a call can be made to lack. */
export enum Short {
  NOTHING = 0,
  THREADS = 1,
  PROCESSES = 2,
  OBJECTS = 3,
  MEMORY = 4,
}

/** More than there can be of any resource. */
const MANY: i32 = 1 << 30;

/** Before kernel call `nr` (its plain number): chooses what the machine is short of, if anything. */
export function search_shorten(s: Search, nr: u32): Short {
  if ((s.s_choices & SEARCH_FAILURES) == 0) return Short.NOTHING;
  const short = choose_short(nr);
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
  }
  return short;
}

/** After the call: restores the resource. */
export function search_unshorten(s: Search, short: Short): void {
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
  }
}

function choose_short(nr: u32): Short {
  switch (nr) {
    case Sys.kthread_add:
    case Sys.thr_create:
      return search_pick(2) == 0 ? Short.NOTHING : Short.THREADS;
    case Sys.kproc_create:
    case Sys.kproc_kthread_add:
    case Sys.fork:
      return search_pick(3);
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
      return search_pick(2) == 0 ? Short.NOTHING : Short.OBJECTS;
    case Sys.kmem_malloc:
      return search_pick(2) == 0 ? Short.NOTHING : Short.MEMORY;
    default:
      return Short.NOTHING;
  }
}
