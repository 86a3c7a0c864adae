// How a search chooses. Where there is more than one option, the choice is a decision on the tape: read from
// it, or made by the strategy.
//
// Reduction. Two steps of different threads are independent if their order affects neither memory and kernel
// objects nor which threads can run. Of schedules that differ only in the order of independent steps, an
// exhaustive search need not try more than one. It keeps sleep sets (P. Godefroid): an option that was tried
// at a decision need not be tried after the later ones, until a step that it depends on. The sleep set at a
// decision follows from the tape alone: all options before the chosen one have been tried.

import { could_have_tokens, has_tokens } from "../kern/lwkt_tokref";
import { GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import {
  EVENTS_IN_A_ROW_MAX,
  SEARCH_DECISIONS_MAX,
  SEARCH_OPTIONS_MAX,
  STEPS_IN_A_ROW_MAX,
} from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDL_EXITED, TDS, Thread } from "../sys/proc";
import {
  EVENT_TIME,
  is_event,
  SEARCH_DELIVERY,
  SEARCH_TIMEOUTS,
  Search,
  SearchBy,
  SearchDecision,
  SearchThread,
  search,
  search_event,
  search_thread,
  Turn,
} from "../sys/search";
import { is_td, no_td, td_at, td_index } from "../sys/thread";
import { search_spins } from "./search_loop";
import { search_depend, search_reaches_hold } from "./search_reach";

/** Constants of the Fowler-Noll-Vo hash. */
const DIGEST_BASIS: u64 = 0xcbf29ce484222325;
const DIGEST_PRIME: u64 = 0x100000001b3;
/** Priority of a thread that waits for all others, under a PCT search, less its latest decision. */
const PRIORITY_DROPPED: i32 = -(1 << 20);
/** No option. */
const NONE: u32 = u32.MAX_VALUE;

// ---- Which threads can run ----

/** True if the thread has exited. */
export function search_has_exited(td: Thread): bool {
  return (td.td_lwflags & TDL_EXITED) != 0 || td.td_state == <u8>TDS.INACTIVE;
}

/** True for a thread that can run now. */
export function search_can_run(td: Thread): bool {
  const gd = globaldata(td.td_cpu);
  if (td.td_state == <u8>TDS.RUNQ) {
    if (td.td_slot == 0) return false;
  } else if (td.td_state != <u8>TDS.RUNNING) return false;
  if (has_tokens(td) && td != gd.gd_curthread && !could_have_tokens(td)) return false;
  return td != gd.gd_idletd && td != machine().host_td && may_have_cpu(gd, td);
}

/** False if the current thread of its CPU must not lose the CPU. */
function may_have_cpu(gd: GlobalData, td: Thread): bool {
  return gd.gd_curthread == td || search_may_switch(gd);
}

/**
 * False if a CPU's current thread must not lose the CPU: it is in a critical section, or preempts another one.
 */
export function search_may_switch(gd: GlobalData): bool {
  const current = gd.gd_curthread;
  if (current == gd.gd_idletd) return true;
  if (current.td_state != <u8>TDS.RUNNING) return true;
  if (is_td(current.td_preempted)) return false;
  return current.td_kfn != 0 || (current.td_pri >> 5 <= 0 && !has_tokens(current));
}

function option(s: Search, i: u32): Thread {
  return changetype<Thread>(load<usize>(s.s_options + <usize>i * sizeof<usize>()));
}

function set_option(s: Search, i: u32, td: Thread): void {
  store<usize>(s.s_options + <usize>i * sizeof<usize>(), changetype<usize>(td));
}

function thread_of(td: Thread): SearchThread {
  return is_event(td) ? search_event(changetype<u32>(td)) : search_thread(td_index(td));
}

function ready(s: Search, i: u32): Thread {
  return changetype<Thread>(load<usize>(s.s_ready + <usize>i * sizeof<usize>()));
}

export function set_ready(s: Search, i: u32, td: Thread): void {
  store<usize>(s.s_ready + <usize>i * sizeof<usize>(), changetype<usize>(td));
}

/** Adds a thread to those that can run, keeping the order in which they began. */
export function search_add(s: Search, td: Thread, number: u32): void {
  if (s.s_count == SEARCH_OPTIONS_MAX) return;
  let at = s.s_count++;
  for (; at > 0 && thread_of(ready(s, at - 1)).sn_number > number; at--) {
    set_ready(s, at, ready(s, at - 1));
  }
  set_ready(s, at, td);
}

/**
 * Adds the possible events behind `count` threads: CPUs receive their messages, and the next timeout fires.
 * If no thread can run, and there is only time to advance, there is no choice.
 */
function collect_events(s: Search, count: u32): u32 {
  const m = machine();
  let events: u32 = 0;
  if ((s.s_choices & SEARCH_DELIVERY) != 0) {
    for (let cpus = m.ipi_cpus & ~s.s_events; cpus != 0; cpus &= cpus - 1) {
      set_option(s, count + events++, changetype<Thread>(<usize>(1 + ctz<u64>(cpus))));
    }
  }
  if ((s.s_choices & SEARCH_TIMEOUTS) != 0 && s.s_times < EVENTS_IN_A_ROW_MAX && has_timeout(m)) {
    if (count + events != 0) set_option(s, count + events++, changetype<Thread>(<usize>EVENT_TIME));
  }
  return events;
}

/** True if time can advance to a timeout. */
function has_timeout(m: Machine): bool {
  if (m.timeouts == 0) return false;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    if (globaldata(cpu).gd_next_callout != u64.MAX_VALUE) return true;
  }
  return false;
}

/** Moves the thread that ran last, one of `count`, to the front or to the end. */
function move_last(s: Search, count: u32, to_end: bool): void {
  const last = s.s_last;
  let at: u32 = 0;
  while (option(s, at) != last) at++;
  if (to_end) {
    for (; at + 1 < count; at++) set_option(s, at, option(s, at + 1));
  } else {
    for (; at > 0; at--) set_option(s, at, option(s, at - 1));
  }
  set_option(s, at, last);
}

// ---- Choices ----

/**
 * The thread, or event (is_event), of the next step: none if none can run, or if other schedules have covered
 * what would follow (s_known).
 */
export function search_choose(s: Search): Thread {
  let count = s.s_count;
  const spins = s.s_spun == s.s_version;
  if (count == 1 && s.s_choices == 0 && s.s_reduces == 0 && !spins)
    return take_turn(s, ready(s, 0));
  for (let i: u32 = 0; i < count; i++) set_option(s, i, ready(s, i));
  const last = s.s_last;
  let preempts = false;
  let must_yield = false;
  if (is_td(last) && thread_of(last).sn_number != 0 && search_can_run(last)) {
    const turn = thread_of(last).sn_turn;
    const is_long = s.s_in_a_row >= STEPS_IN_A_ROW_MAX;
    must_yield = (turn == Turn.SPINS || is_long) && count > 1;
    const to_end = must_yield || turn == Turn.YIELDED;
    move_last(s, count, to_end);
    if (must_yield) {
      count--;
      if (s.s_reduces != 0) wake_all(s);
      if (is_long && s.s_by == SearchBy.PCT) drop(s, last);
    }
    preempts = !to_end;
  }
  if (spins && !must_yield) {
    if (preempts && search_spins(s, last)) preempts = false;
    count = leave_out_spinning(s, count);
    if (count == 0 && s.s_reduces != 0) wake_all(s); // time advances, on which everything depends
  }
  const events = s.s_choices != 0 ? collect_events(s, count) : 0;
  if (count + events == 0) return no_td();
  const choice = decide(s, count, count + events, preempts);
  if (choice == NONE) {
    s.s_known = 1;
    return no_td();
  }
  const next = option(s, choice);
  if (s.s_reduces != 0) put_to_sleep(s, choice, next);
  if (is_event(next)) {
    s.s_in_a_row = 0;
    if (is_td(last)) thread_of(last).sn_turn = Turn.GOES_ON;
    return next;
  }
  if (preempts && choice != 0) s.s_preemptions++;
  return take_turn(s, next);
}

/**
 * Takes threads out of the `count` options that would only go round in their loops; returns how many are left. A thread
 * that has to wait until another one has had a step waits for any step, so that these are options, too.
 */
function leave_out_spinning(s: Search, count: u32): u32 {
  let left: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const td = option(s, i);
    if (!search_spins(s, td)) set_option(s, left++, td);
  }
  return left;
}

/** Gives the turn to `next`. */
function take_turn(s: Search, next: Thread): Thread {
  const last = s.s_last;
  if (next == last) s.s_in_a_row++;
  else {
    s.s_in_a_row = 0;
    if (is_td(last)) thread_of(last).sn_turn = Turn.GOES_ON;
  }
  s.s_last = next;
  return next;
}

/** Chooses among `count` options, of which the first `threads` are threads. */
function decide(s: Search, threads: u32, count: u32, preempts: bool): u32 {
  let skip = s.s_reduces != 0 ? sleepers(s, threads) : 0;
  if (count == 1) return skip == 0 ? 0 : NONE;
  if (preempts && s.s_preemptions >= s.s_preemptions_max) {
    s.s_cut |= u32(threads > 1);
    if (threads == count || threads > 63) return note(s, 0, 1, 0); // no other option
    skip |= (((<u64>1) << (<u64>threads)) - 1) & ~(<u64>1); // no other thread
  }
  if (s.s_decisions < s.s_prefix) return note(s, taken(s, count), count, skip);
  switch (s.s_by) {
    case SearchBy.RANDOM:
      return note(s, any(s, count, skip), count, 0);
    case SearchBy.PCT:
      return note(s, best(s, count, skip), count, 0);
    default:
      return note(s, first_awake(count, skip), count, skip);
  }
}

/** A choice made by the test itself, from 0 to `count` - 1. */
export function search_pick(count: u32): u32 {
  const s = search();
  if (count < 2) return 0;
  if (s.s_decisions < s.s_prefix) return note(s, taken(s, count), count, 0);
  return note(s, s.s_by == SearchBy.FIRST ? 0 : below(s, count), count, 0);
}

// ---- The tape ----

function decision(s: Search, at: u32): SearchDecision {
  return changetype<SearchDecision>(s.s_tape + <usize>at * offsetof<SearchDecision>());
}

/** The decision on the tape. */
function taken(s: Search, count: u32): u32 {
  const choice = decision(s, s.s_decisions).sd_choice;
  return choice < count ? choice : 0;
}

/** Records a decision; returns the choice. */
function note(s: Search, choice: u32, count: u32, asleep: u64): u32 {
  if (choice == NONE) return NONE;
  if (s.s_decisions == SEARCH_DECISIONS_MAX) return choice; // the steps are used up, too
  const d = decision(s, s.s_decisions++);
  d.sd_choice = choice;
  d.sd_count = count;
  d.sd_skip = asleep;
  return choice;
}

/** A positive number that identifies the choices of the schedule. */
export function search_digest(): f64 {
  const s = search();
  let hash: u64 = DIGEST_BASIS;
  for (let i: u32 = 0; i < s.s_decisions; i++) {
    hash = (hash ^ <u64>decision(s, i).sd_choice) * DIGEST_PRIME;
  }
  return <f64>((hash >> 11) | 1); // an integer that a double represents exactly
}

/**
 * Changes the tape to that of the next schedule in depth-first order, which keeps the first `floor` decisions
 * and differs in one before `depth`. Returns 0 if there is none.
 */
export function search_backtrack(floor: u32, depth: u32): u32 {
  const s = search();
  let at = min<u32>(s.s_decisions, depth);
  while (at > floor) {
    const d = decision(s, --at);
    let next = d.sd_choice + 1;
    while (next < d.sd_count && next < 64 && ((d.sd_skip >> next) & 1) != 0) next++;
    if (next >= d.sd_count) continue;
    d.sd_choice = next;
    s.s_prefix = at + 1;
    return 1;
  }
  return 0;
}

// ---- Strategies ----

/** The next random number below `count` (mulberry32). */
function below(s: Search, count: u32): u32 {
  s.s_random += 0x6d2b79f5;
  let z = s.s_random;
  z = (z ^ <i32>(<u32>z >> 15)) * (1 | z);
  z = (z + (z ^ <i32>(<u32>z >> 7)) * (61 | z)) ^ z;
  return <u32>((<u64>(<u32>z ^ (<u32>z >> 14)) * <u64>count) >> 32);
}

/** A random option that is not to be skipped. */
function any(s: Search, count: u32, skip: u64): u32 {
  if (skip == 0) return below(s, count);
  let left = below(s, count - <u32>popcnt<u64>(skip));
  let i = first_awake(count, skip);
  while (left != 0) if (!is_skipped(++i, skip)) left--;
  return i;
}

function is_skipped(i: u32, skip: u64): bool {
  return i < 64 && ((skip >> i) & 1) != 0;
}

/**
 * The thread with the best priority, which drops first if a change is due at this decision. Each change has a
 * priority of its own, below all that threads begin with: when a change comes says nothing of the place among the
 * others that have dropped, as in the proof of the bound.
 */
function best(s: Search, count: u32, skip: u64): u32 {
  for (let i: u32 = 0; i < s.s_changes_count; i++) {
    if (load<u32>(s.s_changes + <usize>i * sizeof<u32>()) != s.s_decisions) continue;
    thread_of(option(s, best_of(s, count, skip))).sn_priority = -1 - <i32>i;
    break;
  }
  return best_of(s, count, skip);
}

/**
 * A thread that has had so many steps in a row may be waiting for the others without a yield: it goes behind all, the
 * last that did so last. With its priority it would go on after each step of theirs, and they come to no end.
 */
function drop(s: Search, td: Thread): void {
  thread_of(td).sn_priority = PRIORITY_DROPPED - <i32>s.s_decisions;
}

function best_of(s: Search, count: u32, skip: u64): u32 {
  let best = first_awake(count, skip);
  for (let i = best + 1; i < count; i++) {
    if (!is_skipped(i, skip) && priority_of(s, i) > priority_of(s, best)) best = i;
  }
  return best;
}

function priority_of(s: Search, i: u32): i32 {
  const sn = thread_of(option(s, i));
  if (sn.sn_priority == 0) sn.sn_priority = 1 + <i32>below(s, 1 << 30);
  return sn.sn_priority;
}

// ---- Reduction ----

/** The options in the sleep set, one bit each. */
function sleepers(s: Search, count: u32): u64 {
  let mask: u64 = 0;
  for (let i: u32 = 0; i < count && i < 64; i++) {
    if (thread_of(option(s, i)).sn_asleep != 0) mask |= (<u64>1) << i;
  }
  return mask;
}

function first_awake(count: u32, asleep: u64): u32 {
  for (let i: u32 = 0; i < count; i++) {
    if (!is_skipped(i, asleep)) return i;
  }
  return NONE;
}

/**
 * A thread is held back until another one has had a step, of whatever kind: those that were tried before, as
 * steps that are independent of it, must be tried again.
 */
function wake_all(s: Search): void {
  if (planted(Plant.REACH_NO_WAKE)) return;
  for (let i: u32 = 0; i < s.s_places; i++) search_thread(i).sn_asleep = 0;
}

/**
 * Options before the chosen one have been tried and go to sleep; those that depend on the step of `next` must
 * be tried again.
 */
function put_to_sleep(s: Search, choice: u32, next: Thread): void {
  const step = thread_of(next);
  for (let i: u32 = 0; i < choice; i++) {
    if (!is_event(option(s, i))) thread_of(option(s, i)).sn_asleep = 1;
  }
  const m = machine();
  const known = search_reaches_hold(m);
  for (let i: u32 = 0; i < m.zone_next; i++) {
    const sn = search_thread(i);
    if (sn.sn_asleep == 0) continue;
    if (sn.sn_number == 0 || !known || search_depend(td_at(i), sn, next, step)) sn.sn_asleep = 0;
  }
  step.sn_asleep = 0;
}
