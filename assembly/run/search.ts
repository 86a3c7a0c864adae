// A machine under search: performs a schedule step by step; the search makes every choice here.
//
// A step is one visible operation of one thread, and everything its body does up to the next one: a kernel
// call, until it returns or blocks; the remainder of a call that had blocked; an access to a shared word.
// Before each step one of all threads that can run is chosen (search_choose.ts), whatever its priority and
// CPU. The thread that the kernel picks when another one blocks does not matter: the search may choose a
// different one before it has done anything. Time advances only when no thread can run, so timeouts come
// last.
//
// RV32 bodies are driven here. For a host body search_run returns, to have it begun and when it has its turn;
// the host reports what the body does next (search_next), and calls search_run again.

import { cpu_state, NO_RESERVATION } from "../cpu/cpu_state";
import { RECORD_SIZE } from "../cpu/rv32_decode";
import { is_reserved_elsewhere } from "../cpu/rv32_reserve";
import { cpu_switch, switch_in } from "../kern/kern_switch";
import { cpu_wake } from "../kern/lwkt_ipiq";
import { is_modern } from "../kern/lwkt_modern";
import { crit_enter } from "../kern/lwkt_thread";
import { has_tokens, lwkt_getalltokens, lwkt_relalltokens } from "../kern/lwkt_tokref";
import { sched_add, sched_rem } from "../kern/sched";
import { cpu_bit } from "../sys/cpuset";
import { GDF_INTR, GDF_RESCHED, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine, Run, Sched } from "../sys/machine";
import { EVENTS_IN_A_ROW_MAX, SEARCH_OPTIONS_MAX } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDB, TDB_FRESH, TDB_INCALL, TDB_KIND, TDPRI_MASK, TDS, Thread } from "../sys/proc";
import { lwkt_level, runq_append, runq_prepend, runq_remove } from "../sys/runq";
import {
  EVENT_TIME,
  is_event,
  Learns,
  Pending,
  Reach,
  SEARCH_DELIVERY,
  SEARCH_RANDOM,
  Search,
  SearchStage,
  SearchStop,
  SearchThread,
  Settled,
  search,
  search_event,
  search_thread,
  Turn,
  WRITES,
} from "../sys/search";
import { Sys } from "../sys/syscall";
import { is_td, no_td, td_at, td_index } from "../sys/thread";
import { POINT, READY, round_begin, slice_begin, slice_go, slice_run, slice_step } from "./run";
import {
  search_draw,
  search_note_wakeup,
  search_notice_cpu,
  search_only_wakes,
  search_shows_cpu,
  search_yields,
} from "./search_calls";
import {
  search_add,
  search_can_run,
  search_choose,
  search_has_exited,
  search_may_switch,
  set_ready,
} from "./search_choose";
import {
  search_always_changes,
  search_note_loop,
  search_reserves_next,
  search_switch_changes,
} from "./search_loop";
import {
  RACE_EVERYBODY,
  RACE_NOBODY,
  race_access,
  race_begin,
  race_call,
  race_return,
  race_step,
  race_thread,
  race_wake,
} from "./search_race";
import {
  search_arguments,
  search_is_critical,
  search_objects,
  search_plain_number,
  search_reach,
} from "./search_reach";
import { Short, search_shorten, search_unshorten } from "./search_short";
import { search_keep, search_resume } from "./search_start";
import { trap } from "./trap";

// What search_call returns.
const GOES_ON: u32 = 0;
const BLOCKED: u32 = 1;
const EXITED: u32 = 2;

/**
 * Begins a schedule; the machine is at its start. The tape has `prefix` decisions; further ones are made as
 * `by` (SearchBy) says, with random numbers from state `random`.
 */
export function search_begin(by: u32, prefix: u32, random: i32): void {
  const s = search();
  s.s_by = by;
  s.s_prefix = prefix;
  s.s_random = random;
  for (let i: u32 = 0; i < s.s_places; i++) search_thread(i).sn_number = 0;
  s.s_places = 0;
  s.s_td = no_td();
  s.s_last = no_td();
  s.s_in_a_row = 0;
  s.s_begun = 0;
  s.s_living = 0;
  s.s_crowded = 0;
  s.s_decisions = 0;
  s.s_steps = 0;
  s.s_preemptions = 0;
  s.s_stage = SearchStage.CHOOSE;
  s.s_unheard_count = 0;
  s.s_known = 0;
  s.s_granted = 0;
  s.s_alone = 1;
  events_begin(s);
  race_begin(s);
  for (let i: u32 = 0; i < s.s_touched_count; i++) {
    const at = load<u32>(s.s_touched + <usize>i * sizeof<u32>());
    store<u16>(s.s_touch + <usize>at * sizeof<u16>(), 0);
  }
  s.s_touched_count = 0;
  if (s.s_prepared != 0) search_resume(s);
}

/**
 * Runs the threads of a schedule that has just begun to their first visible operations, before any choice.
 * Returns 1 if other schedules may start there (s_prepared), from the machine as it is then.
 */
export function search_prepare(): u32 {
  const s = search();
  const learned = s.s_learned;
  s.s_stage = SearchStage.PREPARE;
  return u32(search_run() == SearchStop.READY && s.s_learned == learned && search_keep(s));
}

function events_begin(s: Search): void {
  s.s_event = 0;
  s.s_events = 0;
  s.s_times = 0;
  s.s_version++;
  if (s.s_choices == 0) return;
  for (let event: u32 = 0; event <= EVENT_TIME; event++) {
    search_event(event).sn_priority = 0;
    search_event(event).sn_reach = Reach.ALL;
  }
}

/** Performs the schedule to its end, or until the host is needed. Returns SearchStop. */
export function search_run(): u32 {
  const m = machine();
  const s = search();
  const stage = s.s_stage;
  s.s_stage = SearchStage.CHOOSE;
  s.s_prepares = u32(stage == SearchStage.PREPARE);
  s.s_settled = Settled.NONE; // the host may have changed anything
  look_whether_alone(m, s);
  let stop: u32 = 0;
  if (stage == SearchStage.TOLD) {
    stop = s.s_event != 0 ? perform_event(m, s) : perform(m, s, s.s_td);
  } else if (stage == SearchStage.PERFORMED) stop = count_step(s);
  while (stop == 0) stop = next_step(m, s);
  return stop;
}

/**
 * Reports the next step of the thread that has its turn: Pending, sn_op, its objects, and whether it is atomic.
 */
export function search_next(pending: u32, op: u32, object: u32, second: u32, atomic: u32): void {
  const td = search().s_td;
  const sn = search_thread(td_index(td));
  sn.sn_pending = pending;
  sn.sn_op = op;
  sn.sn_atomic = atomic;
  if (pending == Pending.CALL) search_objects(td, sn, object, second);
  else {
    sn.sn_object = object;
    sn.sn_second = second;
  }
  sn.sn_reach = search_reach(sn);
}

/**
 * The atomic access of the thread that has its turn has left what was there, as an attempt to take a lock that is not
 * free does: a look, as far as spinning goes.
 */
export function search_unchanged(): void {
  const s = search();
  const turn = s.s_turn;
  search_thread(td_index(s.s_td)).sn_turn = turn == Turn.YIELDED ? Turn.LOOKED : turn;
}

/** Performs kernel call `nr` of the host body that has its turn. */
export function search_call(nr: u32): u32 {
  const m = machine();
  const td = search().s_td;
  return call(m, m.curcpu, td, search_thread(td_index(td)), nr);
}

/** Maintains s_alone: the first thread is alone until another thread with a body exists. */
function look_whether_alone(m: Machine, s: Search): void {
  if (s.s_alone == 0) return;
  let bodies: u32 = 0;
  for (let i: u32 = 0; i < m.zone_next; i++) {
    const td = td_at(i);
    if ((td.td_body & TDB_KIND) == TDB.NONE || td == m.host_td || search_has_exited(td)) continue;
    bodies++;
  }
  if (bodies > 1) s.s_alone = 0;
}

function count_step(s: Search): u32 {
  s.s_steps++;
  if (s.s_raced != 0) return SearchStop.RACE;
  if (s.s_steps >= s.s_steps_max) return SearchStop.STEPS;
  return s.s_watches != 0 ? SearchStop.STEP : 0;
}

/** Chooses the next step, and performs it. */
function next_step(m: Machine, s: Search): u32 {
  if (s.s_settled != Settled.ALL || m.ipi_cpus != 0) {
    const stop = s.s_settled == Settled.OTHERS ? settle_last(m, s) : settle(m, s);
    if (stop != 0) return stop;
    if (s.s_prepares != 0) return SearchStop.READY;
  }
  s.s_settled = Settled.NONE;
  const td = search_choose(s);
  if (s.s_known != 0) return SearchStop.KNOWN;
  if (!is_td(td)) return settle_idle(m, s);
  if (is_event(td)) {
    s.s_td = no_td();
    s.s_event = changetype<u32>(td);
    if (s.s_tells == 0) return perform_event(m, s);
    s.s_stage = SearchStage.TOLD;
    return SearchStop.TELL;
  }
  s.s_event = 0;
  s.s_events = 0;
  s.s_times = 0;
  s.s_td = td;
  if (s.s_tells == 0) return perform(m, s, td);
  s.s_stage = SearchStage.TOLD;
  return SearchStop.TELL;
}

/** No thread can run, or all that can go round in loops: delivers messages between CPUs, or advances time. */
function settle_idle(m: Machine, s: Search): u32 {
  s.s_version++;
  s.s_actor = RACE_NOBODY;
  if (m.ipi_cpus != 0 && s.s_times++ < EVENTS_IN_A_ROW_MAX) {
    s.s_actor = RACE_EVERYBODY;
    search_settle(0);
    return count_step(s);
  }
  s.s_times = 0;
  if (search_settle(1) != Run.IDLE) return count_step(s);
  return s.s_count == 0 ? SearchStop.END : SearchStop.LOOPS;
}

/** Performs the chosen event. */
function perform_event(m: Machine, s: Search): u32 {
  const event = s.s_event;
  s.s_version++;
  if (event == EVENT_TIME) {
    s.s_times++;
    s.s_actor = RACE_NOBODY;
    search_settle(1);
  } else {
    const bit = cpu_bit(event - 1);
    s.s_events |= bit;
    s.s_actor = RACE_EVERYBODY;
    m.ipi_late = ~bit;
    search_settle(0);
    m.ipi_late = 0;
  }
  return count_step(s);
}

function perform(m: Machine, s: Search, td: Thread): u32 {
  const sn = search_thread(td_index(td));
  race_step(s, td, sn.sn_number);
  const leaves_others = can_leave_others(m, td);
  const switches = globaldata(td.td_cpu).gd_curthread != td;
  const gd = turn(m, td);
  const pending = sn.sn_pending;
  const changes = sn.sn_host != 0 || search_always_changes(pending);
  if (changes || (switches && search_switch_changes(m))) s.s_version++;
  if (sn.sn_host == 0) {
    const runnable = gd.gd_nrunnable;
    const stop = rv32_step(m, gd, td, sn);
    if (leaves_others) {
      if (pending != Pending.CALL) {
        const accesses = pending == Pending.LOOK || pending == Pending.CHANGE;
        if (accesses && is_before_operation(td, sn)) s.s_settled = Settled.ALL;
      } else if (sn.sn_pending == Pending.NONE && runnable == gd.gd_nrunnable) {
        if (search_only_wakes(sn.sn_op) && has_kept(m, gd, td)) s.s_settled = Settled.OTHERS;
      }
    }
    return stop != 0 ? stop : count_step(s);
  }
  if (slice_step(m, gd) != Run.HOST || gd.gd_curthread != td) return count_step(s);
  race_return(s, sn); // a call that had blocked is over
  note_access(s, sn, pending);
  s.s_stage = SearchStage.PERFORMED;
  return SearchStop.HOST;
}

/** True if a step of a thread that stays out of the kernel does not change which other threads can run. */
function can_leave_others(m: Machine, td: Thread): bool {
  if (globaldata(td.td_cpu).gd_curthread == td) return true;
  // Under another scheduler the preempted thread may have to move; and a thread in a critical section must
  // not be preempted.
  return m.sched == Sched.LWKT && td.td_pri <= TDPRI_MASK && !is_td(td.td_preempted);
}

/** True if a call of `td` that can at most wake threads has woken none, and the thread still has its CPU. */
function has_kept(m: Machine, gd: GlobalData, td: Thread): bool {
  if (m.ncpus != 1 || m.sched != Sched.LWKT || m.user_threads != 0) return false;
  return gd.gd_curthread == td && td.td_pri <= TDPRI_MASK && !is_td(td.td_preempted);
}

// ---- Between steps ----

/** All threads but the one that has just made a call are settled: runs that to its next visible operation. */
function settle_last(m: Machine, s: Search): u32 {
  const td = s.s_last;
  const stop = settle_thread(m, s, td, search_thread(td_index(td)));
  return stop == AGAIN || m.ipi_cpus != 0 ? settle(m, s) : stop;
}

/**
 * Ends finished bodies and runs the kernel's own threads, and RV32 code up to its next visible operation,
 * until every thread that can run has reached one: these are s_ready, in the order in which they began.
 */
function settle(m: Machine, s: Search): u32 {
  let again = true;
  while (again) {
    again = false;
    if (m.exited == 1) return SearchStop.EXIT;
    if (m.ipi_cpus != 0 && (s.s_choices & SEARCH_DELIVERY) == 0) search_settle(0);
    if (all_settled(m, s)) return 0;
    s.s_count = 0;
    let place = changetype<usize>(search_thread(0));
    for (let at = m.td_base; at < changetype<usize>(td_at(m.zone_next)); at += offsetof<Thread>()) {
      const td = changetype<Thread>(at);
      const sn = changetype<SearchThread>(place);
      place += offsetof<SearchThread>();
      if (!search_can_run(td)) {
        if (sn.sn_number != 0 && search_has_exited(td)) forget(s, td, sn);
        continue;
      }
      const stop = is_settled(td, sn) ? 0 : settle_thread(m, s, td, sn);
      if (stop == AGAIN) again = true;
      else if (stop != 0) return stop;
      else search_add(s, td, sn.sn_number);
    }
  }
  return 0;
}

/**
 * True if all threads that can run are known to have reached a visible operation; s_ready then holds them.
 * Looks at threads of the test only, and only on a machine with one CPU under lwkt can it tell whether others
 * can run.
 */
function all_settled(m: Machine, s: Search): bool {
  if (m.ncpus != 1 || m.sched != Sched.LWKT || s.s_crowded != 0) return false;
  const gd = globaldata(0);
  if (!search_may_switch(gd)) return false;
  let count: u32 = 0;
  for (let i: u32 = 0; i < s.s_living; i++) {
    const td = member(s, i);
    const on_queue = td.td_state == <u8>TDS.RUNQ && td.td_slot != 0;
    if (!on_queue && td.td_state != <u8>TDS.RUNNING) {
      if (search_has_exited(td)) return false;
      continue;
    }
    const sn = search_thread(td_index(td));
    if (sn.sn_waits != 0 || !is_settled(td, sn) || has_tokens(td)) return false;
    set_ready(s, count++, td);
  }
  s.s_count = count;
  return count == <u32>gd.gd_nrunnable;
}

/** True for a thread that has reached a visible operation, or is in a blocked call. */
function is_settled(td: Thread, sn: SearchThread): bool {
  if (sn.sn_number == 0 || (td.td_body & TDB_FRESH) != 0) return false;
  const pending = sn.sn_pending;
  return sn.sn_waits == 0 && pending != Pending.NONE && pending != Pending.RETURN;
}

/** True for a thread whose code has reached a visible operation. */
function is_before_operation(td: Thread, sn: SearchThread): bool {
  return is_settled(td, sn) && sn.sn_pending != Pending.RESUME;
}

/** Result of settle_thread when threads have to be looked at again; its other results are SearchStop's, and 0. */
const AGAIN: u32 = 0xff;

function settle_thread(m: Machine, s: Search, td: Thread, sn: SearchThread): u32 {
  const kind = td.td_body & TDB_KIND;
  if (kind == TDB.NONE) {
    s.s_version++;
    slice_step(m, turn(m, td));
    return AGAIN;
  }
  if (sn.sn_waits != 0) {
    sn.sn_waits = 0;
    race_wake(s, sn.sn_number);
  }
  if (sn.sn_number == 0 || (td.td_body & TDB_FRESH) != 0) {
    begin(s, td, sn);
    race_thread(s, sn.sn_number, td);
    if (kind == TDB.HOST) {
      s.s_td = td;
      return SearchStop.BEGIN;
    }
  }
  if (sn.sn_pending == Pending.NONE) {
    const leaves_others = can_leave_others(m, td);
    const stop = go_on(m, turn(m, td), td, sn);
    if (stop != 0) return stop;
    return leaves_others && is_before_operation(td, sn) ? 0 : AGAIN;
  }
  if (sn.sn_pending != Pending.RETURN) return 0;
  s.s_version++;
  race_step(s, td, sn.sn_number);
  const gd = turn(m, td);
  const why = slice_step(m, gd);
  if ((why == Run.HOST || why == READY) && gd.gd_curthread == td) {
    race_call(s, td, sn, Sys.body_return);
    body_call(m, gd, td, Sys.body_return);
    if (search_has_exited(td)) forget(s, td, sn);
  }
  return AGAIN;
}

function begin(s: Search, td: Thread, sn: SearchThread): void {
  if (s.s_last == td) s.s_last = no_td();
  if (sn.sn_number != 0) forget_member(s, td); // of an earlier thread in the same structure
  const index = td_index(td);
  if (index >= s.s_places) s.s_places = index + 1;
  s.s_version++;
  memory.fill(changetype<usize>(sn), 0, offsetof<SearchThread>());
  sn.sn_number = ++s.s_begun;
  sn.sn_host = u32((td.td_body & TDB_KIND) == TDB.HOST);
  if (s.s_living == SEARCH_OPTIONS_MAX) s.s_crowded = 1;
  if (s.s_crowded == 0) set_member(s, s.s_living, td);
  s.s_living++;
}

function forget(s: Search, td: Thread, sn: SearchThread): void {
  if (sn.sn_number != 0) forget_member(s, td);
  sn.sn_number = 0;
  if (s.s_last == td) s.s_last = no_td();
}

function member(s: Search, i: u32): Thread {
  return changetype<Thread>(load<usize>(s.s_members + <usize>i * sizeof<usize>()));
}

function set_member(s: Search, i: u32, td: Thread): void {
  store<usize>(s.s_members + <usize>i * sizeof<usize>(), changetype<usize>(td));
}

function forget_member(s: Search, td: Thread): void {
  s.s_living--;
  if (s.s_crowded != 0) return;
  let i: u32 = 0;
  while (member(s, i) != td) i++;
  for (; i < s.s_living; i++) set_member(s, i, member(s, i + 1));
}

/**
 * Delivers messages between CPUs; with `idle`, when no thread is runnable, advances time to the next timeout.
 * Returns 0, or why that is impossible: Run.IDLE if nothing can happen any more.
 */
function search_settle(idle: u32): u32 {
  const m = machine();
  m.busy = idle != 0 ? 0 : 1;
  const reason = round_begin(m);
  if (reason != 0) return reason;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    const gd = globaldata(cpu);
    if (gd.gd_cycles < m.now) gd.gd_cycles = m.now; // none is halted: time has advanced for all
    if (gd.gd_next_callout > m.ticks64) continue;
    m.curcpu = gd;
    slice_begin(m, gd);
  }
  return 0;
}

// ---- Steps ----

/** A step of a thread that runs RV32 code and has its CPU. */
function rv32_step(m: Machine, gd: GlobalData, td: Thread, sn: SearchThread): u32 {
  const s = search();
  if (sn.sn_pending == Pending.CALL) {
    if (!is_ready(gd, td) && (slice_step(m, gd) != READY || gd.gd_curthread != td)) return 0;
    td.td_pc += <u32>RECORD_SIZE;
    gd.gd_instructions++;
    cpu_state(gd).reservation = NO_RESERVATION;
    call(m, gd, td, sn, sn.sn_op);
    return 0;
  }
  const pending = sn.sn_pending;
  const object = sn.sn_object;
  const reserves = sn.sn_reserves != 0;
  const writes = pending == Pending.CHANGE && sn.sn_atomic != 0;
  const may_spin = writes && sn.sn_turn != Turn.GOES_ON;
  const ends_others = writes && is_reserved_elsewhere(object, sizeof<u32>());
  const old = writes ? guest_word(m, object) : 0;
  note_access(s, sn, pending);
  if (pending != Pending.RESUME) s.s_granted = changetype<usize>(td);
  const stop = go_on(m, gd, td, sn);
  s.s_granted = 0;
  if (stop != 0) return stop;
  if (writes) {
    const is_same = guest_word(m, object) == old;
    if (may_spin && is_same) search_unchanged();
    if (!is_same || ends_others || reserves) s.s_version++;
  } else if (reserves && !search_reserves_next(sn)) s.s_version++;
  if (!is_before_operation(td, sn)) s.s_version++;
  else if (!search_always_changes(sn.sn_pending)) search_note_loop(s, gd, td, sn);
  return 0;
}

function guest_word(m: Machine, address: u32): u32 {
  return load<u32>(m.guest_base + <usize>address);
}

/** True for a thread that has its turn and is running RV32 code: slice_step would find nothing else to do. */
function is_ready(gd: GlobalData, td: Thread): bool {
  if (gd.gd_curthread != td || td.td_kfn != 0 || (gd.gd_flags & GDF_INTR) != 0) return false;
  return (td.td_body & (TDB_KIND | TDB_INCALL)) == TDB.RV32;
}

/**
 * A thread that has come to no visible operation for long may wait for a word of which nobody knows yet that another
 * thread will write it: it goes on, until it reads a word that it does not write as it goes round.
 */
function learn(m: Machine, gd: GlobalData, s: Search): u32 {
  s.s_learns = Learns.WRITES;
  let why = slice_run(m, gd);
  if (why == Run.BUDGET) {
    s.s_learns = Learns.READS;
    why = slice_run(m, gd);
  }
  s.s_learns = Learns.NOTHING;
  for (let i: u32 = 0; i < s.s_touched_count; i++) {
    const entry = s.s_shared + <usize>load<u32>(s.s_touched + <usize>i * sizeof<u32>());
    if (load<u8>(entry) == WRITES) store<u8>(entry, 0);
  }
  return why;
}

/** Runs RV32 code up to its next visible operation. */
function go_on(m: Machine, gd: GlobalData, td: Thread, sn: SearchThread): u32 {
  const s = search();
  let why = is_ready(gd, td) ? slice_go(m, gd) : slice_run(m, gd);
  if (why == Run.BUDGET && !planted(Plant.LOOP_UNSEEN)) why = learn(m, gd, s);
  if (why == POINT && gd.gd_curthread == td) {
    race_return(s, sn); // if a call had blocked, it returns now
    sn.sn_pending = s.s_op;
    sn.sn_op = s.s_op_word;
    sn.sn_object = s.s_op_word & ~3;
    sn.sn_second = s.s_op_second;
    sn.sn_size = s.s_op_size;
    sn.sn_atomic = s.s_op_atomic;
    sn.sn_reserves = u32(s.s_op != Pending.CALL && s.s_op != Pending.RETURN) & s.s_op_reserves;
    if (sn.sn_reserves != 0) search_notice_cpu(s);
    if (s.s_op == Pending.CALL) search_arguments(td, sn);
    sn.sn_reach = search_reach(sn);
    return 0;
  }
  if (why == Run.BUDGET) return SearchStop.STEPS;
  after_kernel(s, td, sn);
  return 0;
}

/** A thread has been in the kernel: either its call has blocked, or it can continue. */
function after_kernel(s: Search, td: Thread, sn: SearchThread): u32 {
  if (search_has_exited(td)) {
    forget(s, td, sn);
    return EXITED;
  }
  const is_able = td.td_state == <u8>TDS.RUNNING || td.td_state == <u8>TDS.RUNQ;
  if (is_able && td.td_kfn == 0) {
    sn.sn_pending = Pending.NONE;
    race_return(s, sn);
    return GOES_ON;
  }
  sn.sn_pending = Pending.RESUME;
  sn.sn_waits = u32(!is_able);
  sn.sn_blocked = s.s_steps;
  return BLOCKED;
}

function call(m: Machine, gd: GlobalData, td: Thread, sn: SearchThread, nr: u32): u32 {
  const s = search();
  const turn = sn.sn_turn;
  const plain = search_plain_number(nr);
  search_note_wakeup(s, td, nr);
  race_call(s, td, sn, plain);
  const short = search_shorten(s, td, nr);
  body_call(m, gd, td, nr);
  look_whether_alone(m, s);
  if (short != Short.NOTHING) search_unshorten(s, td, short);
  if (search_shows_cpu(plain) || search_is_critical(td)) search_notice_cpu(s);
  if (plain == Sys.random && (s.s_choices & SEARCH_RANDOM) != 0) search_draw(td);
  const result = after_kernel(s, td, sn);
  if (result != GOES_ON) return result;
  note_step(s, sn, false, false);
  if (search_yields(nr)) sn.sn_turn = turn == Turn.LOOKED ? Turn.SPINS : Turn.YIELDED;
  return result;
}

/** Records what a thread has read, and whether it is only spinning. */
function note_step(s: Search, sn: SearchThread, looks: bool, changes: bool): void {
  if (!looks || sn.sn_looks == 0) sn.sn_since = s.s_steps;
  sn.sn_looks = u32(looks);
  if (changes) sn.sn_turn = Turn.GOES_ON;
  else if (sn.sn_turn == Turn.YIELDED) sn.sn_turn = Turn.LOOKED;
}

function note_access(s: Search, sn: SearchThread, pending: u32): void {
  if (pending == Pending.LOOK || pending == Pending.CHANGE) race_access(s, sn, sn.sn_size);
  s.s_turn = sn.sn_turn;
  if (pending == Pending.LOOK) note_step(s, sn, true, false);
  else if (pending == Pending.CHANGE || pending == Pending.RESUME) note_step(s, sn, false, true);
}

// ---- The CPU ----

/** Gives `td`, which can run, its CPU, where at most one switch follows. */
function turn(m: Machine, td: Thread): GlobalData {
  const gd = globaldata(td.td_cpu);
  cpu_wake(m, gd);
  m.curcpu = gd;
  if (td != gd.gd_curthread) search_switch(m, gd, td);
  gd.gd_flags &= ~GDF_RESCHED;
  one_switch(m);
  gd.gd_slice_td = td;
  return gd;
}

/** Performs kernel call `nr` of a body. */
function body_call(m: Machine, gd: GlobalData, td: Thread, nr: u32): void {
  gd.gd_cycles += m.cycle_cost;
  one_switch(m);
  trap(td, nr);
  gd.gd_slice_td = td;
  slice_step(m, gd);
}

/** Makes slice_step stop before a thread that is switched to does anything, and only then. */
function one_switch(m: Machine): void {
  m.run_limited = 1;
  m.run_switches = 1;
  m.curcpu.gd_slice_end = u64.MAX_VALUE;
}

/** Switches to `td` as lwkt_switch and mi_switch do when they have picked it. */
function search_switch(m: Machine, gd: GlobalData, td: Thread): void {
  const cur = gd.gd_curthread;
  gd.gd_switch_count++;
  if (m.sched == Sched.LWKT) {
    crit_enter();
    if (has_tokens(cur)) lwkt_relalltokens(cur);
    if (has_tokens(td)) lwkt_getalltokens(td);
    const level = lwkt_level(gd, td.td_pri & TDPRI_MASK);
    runq_remove(level, td);
    if (is_modern(gd)) runq_prepend(level, td);
    else runq_append(level, td);
  } else {
    if (cur.td_state == TDS.RUNNING && cur != gd.gd_idletd) sched_add(cur);
    sched_rem(td);
  }
  cpu_switch(gd, cur, td);
  switch_in(gd, td);
}
