// What a search knows about kernel calls: which of them yield, and which wake threads.

import { machine, Sched } from "../sys/machine";
import { SEARCH_UNHEARD_MAX } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { Thread } from "../sys/proc";
import { Search, SearchUnheard, search_learn_cpus } from "../sys/search";
import { Sys } from "../sys/syscall";
import { td_at, td_frame } from "../sys/thread";
import { search_pick } from "./search_choose";
import { channel_of, search_plain_number } from "./search_reach";

/** The number drawn, 0 to 6, and the largest number. */
const RANDOM_CHOICES: u32 = 9;

/** True for calls by which a thread lets others run. */
export function search_yields(nr: u32): bool {
  const plain = search_plain_number(nr);
  return plain == Sys.lwkt_yield || plain == Sys.sched_relinquish;
}

/** True for calls that, unless they block, affect other threads only by waking them. */
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

/** True for calls that say on which CPU a thread is, or need to be on some CPU. */
export function search_shows_cpu(plain: u32): bool {
  switch (plain) {
    case Sys.curcpu:
    case Sys.interrupt:
    case Sys.cpuset_setaffinity:
    case Sys.cpuset_setthread:
    case Sys.sched_setdeadline:
    case Sys.sched_setdeadline_self:
      return true;
    default:
      return false;
  }
}

/**
 * A thread is about to do something that depends on its CPU. Which one that is may follow from the order of
 * steps that are independent otherwise, where a scheduler looks for a CPU for each thread: a search with reduction
 * has to know.
 */
export function search_notice_cpu(s: Search): void {
  const m = machine();
  if (s.s_reduces == 0 || m.ncpus == 1 || planted(Plant.REACH_NO_CPUS)) return;
  if (m.sched != Sched.LWKT || m.user_threads != 0) search_learn_cpus();
}

/** Records a wakeup without a sleeper, before it takes place. */
export function search_note_wakeup(s: Search, td: Thread, nr: u32): void {
  const plain = search_plain_number(nr);
  const wakes =
    plain == Sys.wakeup ||
    plain == Sys.wakeup_one ||
    plain == Sys.wakeup_any ||
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

/** The result of random() when a search chooses it: the number drawn, a small one, or the largest. */
export function search_draw(td: Thread): void {
  const choice = search_pick(RANDOM_CHOICES);
  if (choice == 0) return;
  const value = choice == RANDOM_CHOICES - 1 ? u32.MAX_VALUE : choice - 1;
  td_frame(td).a0 = value;
  td_frame(td).retval = value;
}
