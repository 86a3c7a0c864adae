// The doubly linked list through td_qnext and td_qprev, for wait queues, sleep queues and free lists. A
// thread is on at most one of them. The list head is a pair of words in some structure,
// whose locking key is that of the list.
import { Thread } from "./proc";

@unmanaged
export class ThreadList {
  first: Thread;
  last: Thread;
}

export function tailq_insert_tail(list: ThreadList, td: Thread): void {
  const last = list.last;
  td.td_qnext = 0;
  td.td_qprev = changetype<u32>(last);
  if (changetype<u32>(last) == 0) list.first = td;
  else last.td_qnext = changetype<u32>(td);
  list.last = td;
}

export function tailq_insert_head(list: ThreadList, td: Thread): void {
  const first = list.first;
  td.td_qnext = changetype<u32>(first);
  td.td_qprev = 0;
  if (changetype<u32>(first) == 0) list.last = td;
  else first.td_qprev = changetype<u32>(td);
  list.first = td;
}

export function tailq_remove(list: ThreadList, td: Thread): void {
  const next = changetype<Thread>(td.td_qnext);
  const prev = changetype<Thread>(td.td_qprev);
  if (changetype<u32>(next) == 0) list.last = prev;
  else next.td_qprev = changetype<u32>(prev);
  if (changetype<u32>(prev) == 0) list.first = next;
  else prev.td_qnext = changetype<u32>(next);
  td.td_qnext = 0;
  td.td_qprev = 0;
}
