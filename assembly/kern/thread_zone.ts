// The thread zone: thread structures; the last one freed is reused first, and one is constructed when none is
// free. A structure keeps its index and memory domain for ever (type-stable, as with UMA_ZONE_NOFREE).
import { EventList } from "../sys/eventhandler";
import { GlobalData, globaldata } from "../sys/globaldata";
import { KTR_THREAD, Ktr, ktr } from "../sys/ktr";
import { Machine, machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { TDL_EXITED, TDP_PREEMPTED, Thread, ThreadCold } from "../sys/proc";
import { ThreadList, tailq_remove } from "../sys/queue";
import { cold, is_td, no_td, rare, td_at, td_frame } from "../sys/thread";
import { eventhandler_invoke } from "./subr_eventhandler";

/** The exited structures that a CPU keeps for reuse. */
export function tdfreeq(gd: GlobalData): ThreadList {
  return changetype<ThreadList>(changetype<usize>(gd) + offsetof<GlobalData>("gd_tdfreeq"));
}

/** Takes a structure: the last one freed, or a new one. Null if the arrays are used up. */
export function thread_zone_alloc(): Thread {
  const m = machine();
  const td = m.zone_free;
  if (changetype<usize>(td) != 0) {
    m.zone_free = changetype<Thread>(td.td_qnext);
    set_links(td, 0, 0);
    return td;
  }
  const made = thread_zone_construct();
  return changetype<usize>(made) != 0 ? made : thread_zone_reclaim(m);
}

/**
 * All structures are in use or cached by CPUs (lwkt_thread.c 197): takes the oldest cached one of some CPU.
 * The caches belong to the memory, not to the threads of their CPUs.
 */
function thread_zone_reclaim(m: Machine): Thread {
  if (planted(Plant.NO_RECLAIM)) return no_td();
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    const gd = globaldata(cpu);
    const td = gd.gd_tdfreeq;
    if (changetype<usize>(td) == 0) continue;
    gd.gd_tdfreecount--;
    tailq_remove(tdfreeq(gd), td);
    cold(td).td_kstack_pages = 0;
    return td;
  }
  return no_td();
}

/** Constructs a structure (thread_init, kern_thread.c 454): its domain is fixed from now on. */
function thread_zone_construct(): Thread {
  const m = machine();
  const index = m.zone_next;
  if (index == m.td_count) return no_td();
  m.zone_next = index + 1;
  const td = td_at(index);
  const domain = m.ndomains == 1 ? 0 : m.zone_constructed % m.ndomains;
  m.zone_constructed++;
  if (domain != 0) cold(td).td_allocdomain = <u8>domain;
  ktr(KTR_THREAD, Ktr.INIT, domain);
  eventhandler_invoke(EventList.THREAD_INIT, td);
  return td;
}

/** Frees a structure. Its link to itself says that it is free. */
export function thread_zone_free(td: Thread): void {
  const m = machine();
  set_links(td, changetype<u32>(m.zone_free), changetype<u32>(td));
  m.zone_free = td;
}

/** Sets both links of a structure, with one store. */
function set_links(td: Thread, next: u32, prev: u32): void {
  store<u64>(changetype<usize>(td) + offsetof<Thread>("td_qnext"), ((<u64>prev) << 32) | next);
}

/** True for a structure that no thread uses: it is in the zone, or in the cache of a CPU. */
export function thread_is_free(td: Thread): bool {
  for (let cpu: u32 = 0; cpu < machine().ncpus; cpu++) {
    if (globaldata(cpu).gd_tdfreeq == td) return true;
  }
  const prev = changetype<Thread>(td.td_qprev);
  if (prev == td) return true;
  return (td.td_lwflags & TDL_EXITED) != 0 && is_td(prev) && prev.td_qnext == changetype<u32>(td);
}

/** Clears the 64 bytes at an address with plain stores: memory.fill of so few bytes would be a host call. */
function line_zero(at: usize): void {
  store<u64>(at, 0);
  store<u64>(at, 0, 8);
  store<u64>(at, 0, 16);
  store<u64>(at, 0, 24);
  store<u64>(at, 0, 32);
  store<u64>(at, 0, 40);
  store<u64>(at, 0, 48);
  store<u64>(at, 0, 56);
}

/** Clears a structure except for what belongs to the memory itself: its domain and its kernel stack. */
export function thread_zero(td: Thread, c: ThreadCold): void {
  const domain = c.td_allocdomain;
  const pages = c.td_kstack_pages;
  if ((c.td_pflags & TDP_PREEMPTED) != 0) rare(td).td_nivcsw = 0;
  line_zero(changetype<usize>(td));
  line_zero(changetype<usize>(td_frame(td)));
  line_zero(changetype<usize>(c));
  c.td_allocdomain = domain;
  c.td_kstack_pages = pages;
}
