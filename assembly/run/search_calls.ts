// What a search knows about kernel calls: what they are about, which of them yield, and which wake somebody.

import { proc_valid } from "../kern/kern_fork";
import { copyin_channel } from "../kern/subr_copyin";
import { machine } from "../sys/machine";
import { Thread } from "../sys/proc";
import {
  Pending,
  Reach,
  SEARCH_UNHEARD_MAX,
  Search,
  SearchThread,
  SearchUnheard,
} from "../sys/search";
import { Sys } from "../sys/syscall";
import { td_at, td_frame, td_valid } from "../sys/thread";
import { C_CALL } from "./c_arguments";
import { search_pick } from "./search_choose";

/** What was drawn, 0 to 6, and the largest number. */
const RANDOM_CHOICES: u32 = 9;

/** The number of a call, whoever makes it. */
export function search_plain_number(nr: u32): u32 {
  return nr < C_CALL ? nr : nr - C_CALL;
}

/** The channel that the first argument of a call names. */
function channel_of(nr: u32, argument: u32): u32 {
  return nr < C_CALL ? argument : copyin_channel(argument);
}

/** True for calls by which a thread lets others run. */
export function search_yields(nr: u32): bool {
  const plain = search_plain_number(nr);
  return plain == Sys.lwkt_yield || plain == Sys.sched_relinquish;
}

/** True for calls that, unless they block, leave all other threads as they are, but for those that they wake. */
export function search_only_wakes(nr: u32): bool {
  switch (search_plain_number(nr)) {
    case Sys.mtx_lock:
    case Sys.mtx_unlock:
    case Sys.sema_wait:
    case Sys.sema_post:
    case Sys.cv_signal:
    case Sys.cv_broadcast:
      return true;
    default:
      return false;
  }
}

/** True for calls by which a thread ends. */
function ends(nr: u32): bool {
  const plain = search_plain_number(nr);
  return plain == Sys.kthread_exit || plain == Sys.lwkt_exit;
}

/** Notes what the call is about that a thread is to make: sn_object and sn_second. */
export function search_arguments(td: Thread, sn: SearchThread): void {
  const frame = td_frame(td);
  sn.sn_object = channel_of(sn.sn_op, frame.a0);
  if (ends(sn.sn_op)) sn.sn_object = <u32>changetype<usize>(td);
  sn.sn_second = 0;
  const nr = search_plain_number(sn.sn_op);
  if (nr == Sys.cv_wait) sn.sn_second = frame.a1;
  if (nr == Sys.tsleep && frame.a3 != 0) sn.sn_object = 0; // it has a timeout
  if (nr == Sys.msleep || nr == Sys.mtx_sleep) {
    sn.sn_second = frame.a1;
    if (frame.a4 != 0) sn.sn_object = 0;
  }
}

/**
 * How far the next step of a thread reaches (Reach). What is left of a call, later, as far as the call. The end of a
 * thread concerns nobody but those who ask for that very thread, and what they do reaches as far as anything.
 */
export function search_reach(sn: SearchThread): u32 {
  switch (sn.sn_pending) {
    case Pending.LOOK:
    case Pending.CHANGE:
      return Reach.OBJECTS;
    case Pending.CHOICE:
    case Pending.RETURN:
      return Reach.LOCAL;
    case Pending.CALL:
      return reach_of_call(search_plain_number(sn.sn_op), sn.sn_object);
    default:
      return Reach.ALL;
  }
}

function reach_of_call(nr: u32, object: u32): u32 {
  switch (nr) {
    case Sys.lwkt_yield:
    case Sys.sched_relinquish:
      return Reach.LOCAL;
    case Sys.mtx_lock:
    case Sys.mtx_unlock:
    case Sys.cv_wait:
    case Sys.cv_signal:
    case Sys.cv_broadcast:
    case Sys.sema_wait:
    case Sys.sema_post:
    case Sys.kthread_exit:
    case Sys.lwkt_exit:
      return Reach.OBJECTS;
    case Sys.tsleep:
    case Sys.msleep:
    case Sys.mtx_sleep:
    case Sys.wakeup:
    case Sys.wakeup_one:
      // The kernel wakes who sleeps on a thread or a process when that ends.
      return object == 0 || td_valid(object) || proc_valid(object) ? Reach.ALL : Reach.OBJECTS;
    default:
      return Reach.ALL;
  }
}

/** Remembers a wakeup that nobody sleeps for, before it takes place. */
export function search_note_wakeup(s: Search, td: Thread, nr: u32): void {
  const plain = search_plain_number(nr);
  const wakes =
    plain == Sys.wakeup ||
    plain == Sys.wakeup_one ||
    plain == Sys.cv_signal ||
    plain == Sys.cv_broadcast;
  if (!wakes) return;
  const channel = channel_of(nr, td_frame(td).a0);
  for (let i: u32 = 0; i < machine().zone_next; i++) if (td_at(i).td_wchan == channel) return;
  const size = offsetof<SearchUnheard>();
  const at = s.s_unheard + <usize>(s.s_unheard_count % SEARCH_UNHEARD_MAX) * size;
  changetype<SearchUnheard>(at).su_step = s.s_steps;
  changetype<SearchUnheard>(at).su_channel = channel;
  s.s_unheard_count++;
}

/** What random() gives where a search chooses it: what it has drawn, a small number, or the largest. */
export function search_draw(td: Thread): void {
  const choice = search_pick(RANDOM_CHOICES);
  if (choice == 0) return;
  const value = choice == RANDOM_CHOICES - 1 ? u32.MAX_VALUE : choice - 1;
  td_frame(td).a0 = value;
  td_frame(td).retval = value;
}
