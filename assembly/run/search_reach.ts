// How far a thread's next step reaches: with which other threads' next steps its order matters. Of schedules
// that differ only in the order of other steps, a search with reduction tries one (search_choose.ts).
//
// What is said here of a call must cover everything that other threads can notice of it, in any state its
// caller may find. A mistake drops schedules; test/property/search-reach.test.ts compares what is found with
// and without reduction. Rejected: recording what a step touched after the fact, as dynamic reduction does.
// Every kernel function would have to report it, and most of what a call touches is what it reads.

import { proc_valid } from "../kern/kern_fork";
import { has_tokens } from "../kern/lwkt_tokref";
import { copyin_channel } from "../kern/subr_copyin";
import { eventhandler_valid } from "../kern/subr_eventhandler";
import { lock_owner } from "../kern/subr_turnstile";
import { EventFn, EventHandler, EventList, event_list_head } from "../sys/eventhandler";
import { globaldata } from "../sys/globaldata";
import { KOBJ_SIZE, LwktToken } from "../sys/kobj";
import { LOCK_WITNESS, Machine, machine, Sched } from "../sys/machine";
import { CHAIN_MAX } from "../sys/param";
import { Plant, planted, planted_call } from "../sys/plant";
import { Frame, TDF_DEADLINE, TDL_STARTED, TDPRI_CRIT, Thread } from "../sys/proc";
import { is_event, Pending, Reach, SearchThread, search_sees_cpus } from "../sys/search";
import {
  KOBJ_LOCKMGR,
  KOBJ_MTX,
  KOBJ_RM,
  KOBJ_RM_LOCK,
  KOBJ_RW,
  KOBJ_SX,
  RmLock,
  SyncObject,
} from "../sys/sync";
import { Sys } from "../sys/syscall";
import { is_td, td_frame, td_valid } from "../sys/thread";
import { C_CALL } from "./c_arguments";

// Result of search_about: which arguments of a call name the objects that it is about.
/** The first one is a channel. */
const ABOUT_CHANNEL: u32 = 1;
/** Position of the second object's argument, from 0, shifted by this; 0 = there is none. */
const ABOUT_SECOND_SHIFT: u32 = 1;

// Stand-ins for objects, of calls about something else: no address is so large.
/** The CPU shares reserved for deadlines. */
const DEADLINES: u32 = 0xffff_fff0;
/** The handlers of a shutdown list, whose number is added. */
const SHUTDOWN_LISTS: u32 = 0xffff_fff4;

/** The number of a call, without what marks it as a C program's. */
export function search_plain_number(nr: u32): u32 {
  return nr < C_CALL ? nr : nr - C_CALL;
}

/** The channel named by the first argument of a call. */
export function channel_of(nr: u32, argument: u32): u32 {
  return nr < C_CALL ? argument : copyin_channel(argument);
}

/** Which arguments of a call name its objects: ABOUT_CHANNEL and the position of the second object. */
export function search_about(nr: u32): u32 {
  switch (search_plain_number(nr)) {
    case Sys.tsleep:
    case Sys.wakeup:
    case Sys.wakeup_one:
    case Sys.wakeup_any:
      return ABOUT_CHANNEL;
    case Sys.msleep:
    case Sys.msleep_spin:
    case Sys.mtx_sleep:
    case Sys.rw_sleep:
    case Sys.sx_sleep:
    case Sys.rm_sleep:
      return ABOUT_CHANNEL | (1 << ABOUT_SECOND_SHIFT);
    case Sys.cv_wait:
    case Sys.cv_wait_unlock:
    case Sys.cv_timedwait:
    case Sys.cv_wait_sig:
    case Sys.cv_timedwait_sig:
    case Sys.eventhandler_register:
      return 1 << ABOUT_SECOND_SHIFT;
    case Sys.lockmgr:
      return 2 << ABOUT_SECOND_SHIFT;
    default:
      return 0;
  }
}

/** Records the objects of the call that a thread is about to make, with its arguments in registers. */
export function search_arguments(td: Thread, sn: SearchThread): void {
  const frame = td_frame(td);
  const about = search_about(sn.sn_op);
  const place = about >> ABOUT_SECOND_SHIFT;
  const second =
    place == 0
      ? 0
      : load<u32>(changetype<usize>(frame) + offsetof<Frame>("a0") + <usize>place * sizeof<u32>());
  search_objects(td, sn, channel_of(sn.sn_op, frame.a0), second);
}

/** Records the objects of a thread's call, given its first argument and the one that names the second object. */
export function search_objects(td: Thread, sn: SearchThread, first: u32, second: u32): void {
  sn.sn_object = first;
  sn.sn_second = second;
  switch (search_plain_number(sn.sn_op)) {
    case Sys.kthread_exit:
    case Sys.lwkt_exit:
      sn.sn_object = changetype<u32>(td);
      break;
    case Sys.sched_setdeadline_self:
      sn.sn_object = DEADLINES;
      break;
    case Sys.eventhandler_register:
      sn.sn_object = second == <u32>EventFn.HOST ? shutdown_list(first) : 0;
      sn.sn_second = 0;
      break;
    case Sys.eventhandler_deregister:
    case Sys.eventhandler_deregister_nowait:
      sn.sn_object = eventhandler_valid(first)
        ? shutdown_list(changetype<EventHandler>(<usize>first).ee_list)
        : 0;
  }
}

/** Stand-in for a list that only a shutdown runs; 0 for other lists. */
function shutdown_list(list: u32): u32 {
  return list <= <u32>EventList.SHUTDOWN_FINAL ? SHUTDOWN_LISTS + list : 0;
}

/**
 * The Reach of a thread's next step. A resumed call reaches as far as the call itself. The end of a thread
 * concerns only threads that ask for that very thread, and their steps have unlimited reach.
 */
export function search_reach(sn: SearchThread): u32 {
  switch (sn.sn_pending) {
    case Pending.LOOK:
      return Reach.LOOKS;
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

/** True for calls that concern only calls on the same objects. */
function is_about_object(nr: u32): bool {
  switch (nr) {
    case Sys.mtx_lock:
    case Sys.mtx_trylock:
    case Sys.mtx_unlock:
    case Sys.rw_rlock:
    case Sys.rw_runlock:
    case Sys.rw_wlock:
    case Sys.rw_wunlock:
    case Sys.rw_try_rlock:
    case Sys.rw_try_wlock:
    case Sys.rw_try_upgrade:
    case Sys.rw_downgrade:
    case Sys.sx_slock:
    case Sys.sx_sunlock:
    case Sys.sx_xlock:
    case Sys.sx_slock_sig:
    case Sys.sx_xlock_sig:
    case Sys.sx_xunlock:
    case Sys.sx_try_slock:
    case Sys.sx_try_xlock:
    case Sys.sx_try_upgrade:
    case Sys.sx_downgrade:
    case Sys.rm_rlock:
    case Sys.rm_runlock:
    case Sys.rm_wlock:
    case Sys.rm_wunlock:
    case Sys.rm_try_rlock:
    case Sys.lockmgr:
    case Sys.lockmgr_disown:
    case Sys.cv_wait:
    case Sys.cv_wait_unlock:
    case Sys.cv_timedwait:
    case Sys.cv_wait_sig:
    case Sys.cv_timedwait_sig:
    case Sys.cv_signal:
    case Sys.cv_broadcast:
    case Sys.sema_wait:
    case Sys.sema_trywait:
    case Sys.sema_timedwait:
    case Sys.sema_post:
    case Sys.barrier_wait:
    case Sys.timer_wait:
    case Sys.timer_wait_from:
    case Sys.kthread_exit:
    case Sys.lwkt_exit:
    case Sys.eventhandler_register:
    case Sys.eventhandler_deregister:
    case Sys.eventhandler_deregister_nowait:
      return true;
    default:
      return false;
  }
}

function reach_of_call(nr: u32, object: u32): u32 {
  if (planted_call(Plant.REACH_NOBODY, nr)) return Reach.LOCAL;
  if (concerns_nobody(nr)) return Reach.LOCAL;
  if (planted(Plant.REACH_NO_YIELD) && nr == Sys.sched_relinquish) return Reach.LOCAL;
  if (is_about_object(nr)) return object == 0 ? Reach.ALL : Reach.OBJECTS;
  switch (nr) {
    case Sys.sema_value:
    case Sys.mtx_recursed:
    case Sys.lockstatus:
    case Sys.mtx_assert:
    case Sys.rw_assert:
    case Sys.sx_assert:
    case Sys.rm_assert:
    case Sys.lockmgr_assert:
      return Reach.LOOKS;
    case Sys.sched_setdeadline_self:
      return machine().ncpus == 1 ? Reach.OBJECTS : Reach.ALL; // it may move
    case Sys.tsleep:
    case Sys.msleep:
    case Sys.mtx_sleep:
    case Sys.rw_sleep:
    case Sys.sx_sleep:
    case Sys.rm_sleep:
    case Sys.wakeup:
    case Sys.wakeup_one:
    case Sys.wakeup_any:
      return is_plain_channel(object) ? Reach.OBJECTS : Reach.ALL;
    default:
      return Reach.ALL;
  }
}

/**
 * True for calls that no other thread can notice. Whether a thread owns a lock exclusively is changed by no
 * other thread while it runs, and time stands still while threads run. A yield is none of them: whether its
 * thread is held back later depends on whether another one has a step behind it (search_choose).
 */
function concerns_nobody(nr: u32): bool {
  switch (nr) {
    case Sys.compute:
    case Sys.curthread:
    case Sys.ticks:
    case Sys.cycles:
    case Sys.clock_after:
    case Sys.pause:
    case Sys.sleep:
    case Sys.sleep_until:
    case Sys.timer_next:
    case Sys.mtx_owned:
    case Sys.rw_wowned:
    case Sys.sx_xlocked:
    case Sys.rm_wowned:
      return true;
    default:
      return false;
  }
}

/** True for a channel that the kernel itself does not use: not a thread, a process, or a kernel object. */
function is_plain_channel(channel: u32): bool {
  if (channel == 0 || td_valid(channel) || proc_valid(channel)) return false;
  return !is_kobj(channel);
}

function is_kobj(address: u32): bool {
  const m = machine();
  return address >= <u32>m.kobj_base && address < <u32>m.kobj_next;
}

// ---- Dependence ----

function is_token(token: LwktToken): bool {
  return changetype<usize>(token) != 0;
}

/** True if reaches are complete; otherwise any two steps may depend on each other. */
export function search_reaches_hold(m: Machine): bool {
  // Lock orders (WITNESS), which threads run while others spin, rounds that waiters for tokens count.
  if ((m.lock_watch & LOCK_WITNESS) != 0 || m.lock_adaptive != 0 || is_token(m.tok_first))
    return false;
  if (search_sees_cpus()) return false;
  // Handlers of thread creation and exit.
  if (m.event_lists == 0) return true;
  for (let list = <u32>EventList.THREAD_CTOR; list <= <u32>EventList.THREAD_FINI; list++) {
    if (load<u32>(event_list_head(list)) != 0) return false;
  }
  return true;
}

/** True if the order of the next steps of two threads may matter; `b_td` may be an event. */
export function search_depend(a_td: Thread, a: SearchThread, b_td: Thread, b: SearchThread): bool {
  const a_reach = reach_now(a_td, a);
  const b_reach = reach_now(b_td, b);
  if (a_reach == Reach.ALL || b_reach == Reach.ALL) return true;
  if (may_promise(a_td, a) && may_promise(b_td, b)) return true;
  if (reserves(a, b) && a_td.td_cpu == b_td.td_cpu) return true;
  if (a_reach == Reach.LOCAL || b_reach == Reach.LOCAL) return false;
  if (a_reach == Reach.LOOKS && b_reach == Reach.LOOKS) return false;
  return is_met(a, a.sn_object, b) || is_met(a, a.sn_second, b);
}

/** True if one of two steps makes or needs a reservation, which ends when its CPU switches to another thread. */
function reserves(a: SearchThread, b: SearchThread): bool {
  if (planted(Plant.REACH_NO_RESERVE)) return false;
  return (a.sn_reserves | b.sn_reserves) != 0;
}

/** The reach of a step now: a thread in a critical section, or with tokens, keeps others from running. */
function reach_now(td: Thread, sn: SearchThread): u32 {
  if (is_event(td) || search_is_critical(td) || has_tokens(td)) return Reach.ALL;
  return sn.sn_reach;
}

/** True for a thread in a critical section of its own; one that is off its CPU may be in that of the switch. */
export function search_is_critical(td: Thread): bool {
  if (planted(Plant.REACH_NO_CRITICAL)) return false;
  const off = td != globaldata(td.td_cpu).gd_curthread;
  const switches = off && (machine().sched == Sched.LWKT || (td.td_lwflags & TDL_STARTED) == 0);
  return td.td_pri >= (switches ? 2 * TDPRI_CRIT : TDPRI_CRIT);
}

/** True if a step changes the CPU shares reserved for deadlines: such a thread may end after any step. */
function may_promise(td: Thread, sn: SearchThread): bool {
  if (planted(Plant.REACH_NO_PROMISE)) return sn.sn_object == DEADLINES;
  return (td.td_flags & TDF_DEADLINE) != 0 || sn.sn_object == DEADLINES;
}

/**
 * True if an object of one step, or something in the chain behind it, is also in the chain of another step's
 * object.
 */
function is_met(a: SearchThread, object: u32, b: SearchThread): bool {
  let at = object;
  for (let i: u32 = 0; at != 0; i++) {
    if (i == CHAIN_MAX || lies_behind(b.sn_object, at) || lies_behind(b.sn_second, at)) return true;
    at = behind(at);
  }
  return false;
}

/** True if `object` is `from`, or is in the chain behind it. */
function lies_behind(from: u32, object: u32): bool {
  let at = from;
  for (let i: u32 = 0; at != 0; i++) {
    if (i == CHAIN_MAX || at == object) return true;
    at = behind(at);
  }
  return false;
}

/**
 * What the owner of a lock waits for, or 0. A waiter for the lock lends to the owner, which may then change
 * its place among other waiters.
 */
function behind(object: u32): u32 {
  if (planted(Plant.REACH_NO_CHAIN)) return 0;
  const owner = owner_of(object);
  return is_td(owner) ? owner.td_wchan : 0;
}

/** The owner of a lock that borrows from its waiters; null if it is not a lock. */
function owner_of(object: u32): Thread {
  if (!is_kobj(object) || (object & (<u32>KOBJ_SIZE - 1)) != 0) return changetype<Thread>(0);
  const o = changetype<SyncObject>(<usize>object);
  switch (o.so_kind) {
    case KOBJ_RM:
      return owner_of_rm(changetype<RmLock>(o));
    case KOBJ_MTX:
    case KOBJ_RW:
    case KOBJ_SX:
    case KOBJ_LOCKMGR:
    case KOBJ_RM_LOCK:
      return lock_owner(o);
    default:
      return changetype<Thread>(0);
  }
}

/** The writer of an rmlock, or one of its readers; one that waits, if there is one. */
function owner_of_rm(rm: RmLock): Thread {
  const owner = lock_owner(rm.rm_lock);
  if (is_td(owner) && owner.td_wchan != 0) return owner;
  let r = rm.rm_first;
  while (changetype<usize>(r) != 0 && r.rmp_thread.td_wchan == 0) r = r.rmp_next;
  return changetype<usize>(r) != 0 ? r.rmp_thread : owner;
}
