// The thread zone: structures of threads, last freed first reused, constructed when none is free.
// A structure keeps its index and its memory domain for ever (type-stable, as UMA_ZONE_NOFREE).
import { EventList } from "../sys/eventhandler";
import { Ktr, KTR_THREAD, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { Frame, Thread, ThreadCold } from "../sys/proc";
import { cold, no_td, td_at, td_frame } from "../sys/thread";
import { eventhandler_invoke } from "./subr_eventhandler";

/** Takes a structure: the last one freed, or a new one. Null when the arrays are used up. */
export function thread_zone_alloc(): Thread {
  const m = machine();
  const td = m.zone_free;
  if (changetype<usize>(td) != 0) {
    m.zone_free = changetype<Thread>(td.td_qnext);
    td.td_qnext = 0;
    return td;
  }
  return thread_zone_construct();
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

/** Gives a structure back. */
export function thread_zone_free(td: Thread): void {
  const m = machine();
  td.td_qnext = changetype<u32>(m.zone_free);
  m.zone_free = td;
}

/** Clears a structure but for what belongs to the memory itself: its domain and its kernel stack. */
export function thread_zero(td: Thread): void {
  const c = cold(td);
  const domain = c.td_allocdomain;
  const pages = c.td_kstack_pages;
  memory.fill(changetype<usize>(td), 0, offsetof<Thread>());
  memory.fill(changetype<usize>(c), 0, offsetof<ThreadCold>());
  memory.fill(changetype<usize>(td_frame(td)), 0, offsetof<Frame>());
  c.td_allocdomain = domain;
  c.td_kstack_pages = pages;
}
